//! A certificate authority, mail, revocation and time stamps with TPM keys; a stock openssl without tpm2 verifies every result.

use tests::{Openssl, Order, Shell, Swtpm, Tool};

/// The configuration sections that `openssl ca` and `openssl ts` need.
pub(crate) const SECTIONS: &str = "\
[ca]\ndefault_ca = our_ca\n\
[our_ca]\ndatabase = index\nnew_certs_dir = .\nserial = serial\ncrlnumber = crlnumber\ndefault_md = sha256\npolicy = anything\n\
default_days = 2\ndefault_crl_days = 2\ncopy_extensions = copy\n\
[anything]\ncommonName = supplied\n\
[tsa]\ndefault_tsa = our_tsa\n\
[our_tsa]\nserial = tsaserial\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha512\nsigner_digest = sha256\ness_cert_id_alg = sha256\n\
[v3_ca]\nbasicConstraints = critical,CA:true\nkeyUsage = critical,keyCertSign,cRLSign,digitalSignature\n\
[v3_tsa]\nextendedKeyUsage = critical,timeStamping\n";

/// A TPM with one key of a type, a self-signed CA certificate for the key, and a stock openssl that verifies.
struct Authority {
    _tpm: Swtpm,
    tpm2: Openssl,
    verifier: Openssl,
}

impl Authority {
    fn new(create: &str) -> Self {
        let tpm = Swtpm::start();
        let shell = Shell::new("pki");
        Tool::new(&shell, &tpm.tcti()).ok(&format!("create {create} ca.tpm"));
        let tpm2 = Openssl::in_shell(shell, &tpm.tcti(), Order::DefaultFirst).sections(SECTIONS);
        let verifier = tpm2.without_tpm2();
        tpm2.ok("req -x509 -key ca.tpm -subj /CN=authority -days 3 -extensions v3_ca -out ca.crt");
        verifier.ok("verify -CAfile ca.crt ca.crt");
        authority_files(tpm2.shell());
        Self { _tpm: tpm, tpm2, verifier }
    }

    /// Issues a certificate for a software key, signed by the TPM key.
    fn issue(&self, name: &str) {
        self.verifier.ok(&format!("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr"));
        self.tpm2.ok(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.tpm -CAcreateserial -days 2 -out {name}.crt"
        ));
    }
}

/// Writes the files that an authority of those sections keeps in its folder.
pub(crate) fn authority_files(shell: &Shell) {
    shell.write("ca.ext", SECTIONS);
    for (name, text) in [("index", ""), ("serial", "01\n"), ("crlnumber", "01\n"), ("tsaserial", "01\n")] {
        shell.write(name, text);
    }
}

const KEYS: [&str; 5] = ["--key-size 2048", "--key-size 3072", "--ecc P-256", "--ecc P-384", "--ecc P-521"];

#[test]
fn a_request_proves_possession_of_the_key() {
    for key in KEYS {
        let ca = Authority::new(key);
        for digest in ["sha256", "sha384", "sha512", "sha1"] {
            ca.tpm2.ok(&format!("req -new -key ca.tpm -subj /CN=host -{digest} -out host.csr"));
            ca.verifier.ok("req -in host.csr -verify -noout").says("OK");
        }
    }
}

#[test]
fn a_pss_certificate_names_its_parameters() {
    let ca = Authority::new("--key-size 2048");
    for salt in ["digest", "max", "20"] {
        ca.tpm2.ok(&format!(
            "req -x509 -key ca.tpm -subj /CN=pss -days 3 -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt} -out pss.crt"
        ));
        ca.verifier.ok("x509 -in pss.crt -noout -text").says("rsassaPss").says("sha384");
        ca.verifier.ok("verify -CAfile pss.crt pss.crt");
    }
}

#[test]
fn an_authority_issues_and_revokes() {
    for key in KEYS {
        let ca = Authority::new(key);
        ca.issue("one");
        ca.verifier.ok("verify -CAfile ca.crt one.crt");

        ca.verifier.ok("req -newkey rsa:2048 -nodes -keyout two.key -subj /CN=two -out two.csr");
        ca.tpm2.ok("ca -batch -in two.csr -keyfile ca.tpm -cert ca.crt -out two.crt -notext");
        ca.verifier.ok("verify -CAfile ca.crt two.crt");

        ca.tpm2.ok("ca -revoke two.crt -keyfile ca.tpm -cert ca.crt");
        ca.tpm2.ok("ca -gencrl -keyfile ca.tpm -cert ca.crt -out crl.pem");
        ca.verifier.ok("crl -in crl.pem -CAfile ca.crt -noout").says("verify OK");
        ca.verifier.failed("verify -CAfile ca.crt -CRLfile crl.pem -crl_check two.crt").says("revoked");
        ca.verifier.ok("verify -CAfile ca.crt -CRLfile crl.pem -crl_check one.crt");
    }
}

#[test]
fn a_responder_reports_the_status_of_certificates() {
    for key in KEYS {
        let ca = Authority::new(key);
        ca.verifier.ok("req -newkey rsa:2048 -nodes -keyout one.key -subj /CN=one -out one.csr");
        ca.tpm2.ok("ca -batch -in one.csr -keyfile ca.tpm -cert ca.crt -out one.crt -notext");
        ca.verifier.ok("ocsp -issuer ca.crt -cert one.crt -no_nonce -reqout request.der");
        ca.tpm2.ok("ocsp -index index -rsigner ca.crt -rkey ca.tpm -CA ca.crt -reqin request.der -respout response.der");
        ca.verifier
            .ok("ocsp -issuer ca.crt -cert one.crt -CAfile ca.crt -respin response.der")
            .says("one.crt: good");
    }
}

#[test]
fn mail_is_signed() {
    for key in KEYS {
        let ca = Authority::new(key);
        ca.tpm2.write("mail", "from here\r\n");
        for options in ["", "-md sha384", "-md sha512 -nodetach", "-noattr"] {
            ca.tpm2.ok(&format!("cms -sign -in mail -signer ca.crt -inkey ca.tpm {options} -out mail.cms"));
            ca.verifier
                .ok("cms -verify -in mail.cms -CAfile ca.crt -purpose any -out read")
                .says("successful");
            assert_eq!(ca.verifier.text("read"), "from here\r\n");
        }
        for options in ["", "-md sha512"] {
            ca.tpm2
                .ok(&format!("smime -sign -in mail -signer ca.crt -inkey ca.tpm {options} -out mail.smime"));
            ca.verifier
                .ok("smime -verify -in mail.smime -CAfile ca.crt -purpose any -out read")
                .says("successful");
        }
    }
}

#[test]
fn mail_is_signed_with_pss() {
    let ca = Authority::new("--key-size 2048");
    ca.tpm2.write("mail", "from here\r\n");
    for options in ["", "-keyopt rsa_pss_saltlen:digest", "-md sha512 -keyopt rsa_pss_saltlen:20"] {
        ca.tpm2.ok(&format!(
            "cms -sign -in mail -signer ca.crt -inkey ca.tpm -keyopt rsa_padding_mode:pss {options} -out mail.cms"
        ));
        ca.verifier.ok("cms -verify -in mail.cms -CAfile ca.crt -purpose any -out read").says("successful");
    }
}

#[test]
fn time_stamps_are_signed() {
    for key in KEYS {
        let ca = Authority::new(key);
        ca.tpm2.ok("req -new -key ca.tpm -subj /CN=tsa -out tsa.csr");
        ca.tpm2.ok("x509 -req -in tsa.csr -CA ca.crt -CAkey ca.tpm -CAcreateserial -days 2 -extfile ca.ext -extensions v3_tsa -out tsa.crt");
        ca.tpm2.write("document", "it was so");
        ca.verifier.ok("ts -query -data document -sha256 -cert -out query.tsq");
        ca.tpm2.ok("ts -reply -section our_tsa -queryfile query.tsq -signer tsa.crt -inkey ca.tpm -chain ca.crt -out reply.tsr");
        ca.verifier.ok("ts -verify -data document -in reply.tsr -CAfile ca.crt").says("Verification: OK");
    }
}
