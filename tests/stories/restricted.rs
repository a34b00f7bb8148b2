//! Attestation keys of other tools, restricted to digests that the TPM computed and to one scheme and digest: they certify, request
//! certificates, sign mail and work in TLS.
use keyfile::KeyFile;
use tests::raw::{self, Tpm as _};
use tests::{Authority, Openssl, Order, Proxy, Shell, Swtpm, TlsServer, peers, tls};

use crate::machine::{Machine, SRK, program};

const ATTRIBUTES: &str = "sign|restricted|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";

/// Name, URI (a file, or a handle in either spelling), value of `-keyopt` for cms.
pub(crate) const KEYS: [(&str, &str, &str); 4] = [
    ("pss", "pss", "-keyopt rsa_padding_mode:pss"),
    ("rsa", "//nvkey:81000002", ""),
    ("ec", "ec", ""),
    ("child", "handle:0x81000003", ""),
];

/// A machine with the keys: two files, and two persistent keys of the storage and the endorsement hierarchy. The public areas are those
/// of tpm2-tools and the IBM tools (`tsscreate -sir`).
pub(crate) fn machine(tcti: impl FnOnce(&Swtpm) -> String) -> Machine {
    let tpm = Swtpm::start();
    let tcti = tcti(&tpm);
    let machine = Machine::reached_by(tpm, &tcti);
    machine.provision();
    let theirs = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    let create = |algorithm, more| {
        let line = format!("tpm2_create -Q -C {SRK:#x} -G {algorithm} -a {ATTRIBUTES} -u u -r r {more}");
        theirs.ok(&line);
        machine.tpm.clear();
    };
    create("rsa2048:rsapss-sha256:null", "");
    encode(&machine, &theirs, "pss");
    create("ecc256:ecdsa-sha256:null", "");
    encode(&machine, &theirs, "ec");
    create("rsa2048:rsassa-sha256:null", "-c loaded");
    theirs.ok("tpm2_evictcontrol -Q -C o -c loaded 0x81000003");
    machine.tpm.clear();
    theirs.ok("tpm2_createek -Q -G ecc -c ek");
    machine.tpm.clear();
    theirs.ok("tpm2_createak -Q -C ek -G rsa -g sha256 -s rsassa -c ak");
    machine.tpm.clear();
    theirs.ok("tpm2_evictcontrol -Q -C o -c ak 0x81000002");
    machine.tpm.clear();
    machine
}

fn encode(machine: &Machine, theirs: &Shell, name: &str) {
    // In tpm2-tools 5.4, -p says that the key has no password; in later versions, that it has one.
    let written = |option| {
        theirs.ok(&format!("tpm2_encodeobject -Q -C {SRK:#x} -u u -r r {option} -o {name}"));
        machine.tpm.clear();
        KeyFile::parse(&machine.openssl.read(name)).unwrap().empty_auth
    };
    assert!(written("-p") || written(""));
}

#[test]
fn attestation_keys_certify_themselves_and_sign_mail() {
    let machine = machine(Swtpm::tcti);
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    openssl.write("mail", "from here\r\n");
    // EVP_PKEY_get_default_digest_name(3ossl): 2 is a mandatory digest, 1 a replaceable one.
    let facts = program(openssl.shell(), "facts");
    machine.key("free", "-e P-256");
    openssl.shell().ok(&format!("{facts} free")).says("digest 1 SHA256");
    for (i, (name, key, keyopt)) in KEYS.iter().enumerate() {
        let openssl = openssl.clone().ordered(Order::BOTH[i % 2]);
        openssl.shell().ok(&format!("{facts} {key}")).says("digest 2 SHA256");
        // No option needs to name the digest.
        openssl.ok(&format!("req -x509 -key {key} -subj /CN={name} -days 2 -out {name}.crt"));
        stock.ok(&format!("verify -check_ss_sig -CAfile {name}.crt {name}.crt"));
        openssl.ok(&format!("req -new -key {key} -subj /CN={name} -out csr"));
        stock.ok("req -in csr -verify -noout").says("verify OK");
        openssl.failed(&format!("req -new -sha384 -key {key} -subj /CN={name}")).says("restricted to sha256");

        let sign = format!("-signer {name}.crt -inkey {key}");
        openssl.ok(&format!("cms -sign -in mail {sign} {keyopt} -out mail.cms"));
        let verify = format!("-CAfile {name}.crt -purpose any -out read");
        stock.ok(&format!("cms -verify -in mail.cms {verify}")).says("successful");
        // Without signed attributes cms computes the digest itself.
        openssl.failed(&format!("cms -sign -noattr -in mail {sign} {keyopt}")).says("cms without -noattr");
        // OpenSSL 3.0 cannot sign S/MIME (PKCS#7) with keys that are fixed to PSS.
        if keyopt.is_empty() {
            openssl.ok(&format!("smime -sign -in mail {sign} -out mail.smime"));
            stock.ok(&format!("smime -verify -in mail.smime {verify}")).says("successful");
        }
    }
    let text = stock.ok("x509 -in pss.crt -noout -text").out();
    assert_eq!(text.matches(": rsassaPss").count(), 3, "the key and both signature algorithms: {text}");
}

#[test]
fn attestation_keys_certify_other_keys() {
    let machine = machine(Swtpm::tcti);
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    stock.ok("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr");
    for (name, key, _) in KEYS {
        let own = format!("req -x509 -key {key} -subj /CN={name} -days 2 -out {name}.crt");
        // OpenSSL 3.5 and later accept no other certificate for an authority.
        openssl.ok(&format!("{own} -addext basicConstraints=critical,CA:TRUE"));
        let issue = format!("x509 -req -in leaf.csr -CA {name}.crt -CAkey {key} -CAcreateserial -days 2");
        openssl.ok(&format!("{issue} -out leaf.crt"));
        stock.ok(&format!("verify -CAfile {name}.crt leaf.crt"));
        openssl.failed(&format!("{issue} -sha512 -out leaf.crt")).says("restricted to sha256");
    }
}

#[test]
fn certificates_name_the_salt_length_of_the_tpm() {
    let mut reached = None;
    let machine = machine(|tpm| reached.insert(Proxy::start(tpm)).tcti());
    let proxy = reached.expect("a proxy");
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    let signs = |line: &str| {
        proxy.log().clear();
        openssl.ok(line);
        proxy.log().count(raw::SIGN)
    };
    // No option gives a salt length: any is accepted.
    assert_eq!(signs("dgst -sign pss -out signature pss"), 1);
    stock.write("pss.pub", openssl.ok("pkey -in pss -pubout").out());
    stock.ok("dgst -verify pss.pub -signature signature pss");
    // A certificate names the salt length before it is signed, so one additional signature measures it.
    assert_eq!(signs("req -x509 -key pss -subj /CN=pss -out pss.crt"), 2, "{}", proxy.log().text());
    assert_eq!(signs("req -new -key pss -subj /CN=pss -out csr"), 2);
    stock.ok("req -in csr -verify -noout").says("verify OK");
    // A request for the TPM's salt length succeeds at once, and a request for another fails with the TPM's length.
    let printed = stock.ok("x509 -in pss.crt -noout -text").out().contains("Salt Length: 0x20");
    let (own, other) = if printed { ("digest", "max") } else { ("max", "digest") };
    let asked =
        |salt: &str| format!("req -new -key pss -subj /CN=pss -sigopt rsa_pss_saltlen:{salt} -out csr");
    assert_eq!(signs(&asked(own)), 1);
    stock.ok("req -in csr -verify -noout").says("verify OK");
    openssl.failed(&asked(other)).says(&format!("rsa_pss_saltlen:{own}"));
    // The key requires salts at least as long as its digest.
    openssl.failed(&asked("20")).says("Should be more than 32");
}

#[test]
fn attestation_keys_work_in_tls() {
    let machine = machine(Swtpm::tcti);
    let stock = machine.openssl.without_tpm2();
    let authority = Authority::new(&machine.openssl, "authority");
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.key");
    stock.ok("pkey -in soft.key -pubout -out soft.pub");
    authority.certify("soft.pub", "soft.pem");
    let trust = "-CAfile authority.pem -verify_return_error";
    let strict = TlsServer::start(&stock, &format!("-cert soft.pem -key soft.key {trust} -Verify 1"));
    // The file of tpm2_createak does not say that the key has no password: s_client would take the prompt as input.
    for (i, (name, key, _)) in KEYS.iter().filter(|(name, ..)| *name != "rsa").enumerate() {
        let openssl = machine.openssl.clone().ordered(Order::BOTH[i % 2]);
        openssl.ok(&format!("pkey -in {key} -pubout -out {name}.pub"));
        authority.certify(&format!("{name}.pub"), &format!("{name}.pem"));
        let own = format!("-cert {name}.pem -key {key} {trust}");
        let (good, bad) = match *name {
            "child" => (vec!["-sigalgs RSA+SHA256:ECDSA+SHA256 -tls1_2"], vec!["-tls1_2", "-tls1_3"]),
            _ => (vec!["-tls1_2", "-tls1_3"], vec![]),
        };
        for options in good {
            let _ = tls::handshake(&strict.client(&openssl, &format!("{own} {options}")));
        }
        for options in bad {
            strict.client(&openssl, &format!("{own} {options}")).failed().says("use the padding pkcs1");
        }
        serve(&openssl, &stock, name, &own);
        machine.tpm.reset_and_startup();
    }
}

/// Runs a server with the key, and a client that prefers another digest than the key's.
#[track_caller]
fn serve(openssl: &Openssl, client: &Openssl, name: &str, options: &str) {
    let server = TlsServer::start(openssl, options);
    let meet = |options: &str| {
        server.client(client, &format!("-CAfile authority.pem -verify_return_error {options}"))
    };
    let lists: &[&str] = match name {
        "ec" => &[
            "-tls1_2 -sigalgs ECDSA+SHA512:ECDSA+SHA384:ECDSA+SHA256",
            "-tls1_3 -sigalgs ecdsa_secp384r1_sha384:ecdsa_secp256r1_sha256",
        ],
        "pss" => &[
            "-tls1_2 -sigalgs rsa_pss_pss_sha512:rsa_pss_pss_sha256:ECDSA+SHA256",
            "-tls1_3 -sigalgs rsa_pss_pss_sha384:rsa_pss_pss_sha256:ECDSA+SHA256",
        ],
        _ => &["-tls1_2 -sigalgs RSA+SHA512:RSA+SHA384:RSA+SHA256:ECDSA+SHA256"],
    };
    for list in lists {
        let page = meet(list);
        let _ = tls::handshake(&page);
        page.says("Peer signing digest: SHA256");
    }
    if name == "child" {
        meet("-tls1_3").failed();
        server.wait_for("use the padding pkcs1");
    }
}
