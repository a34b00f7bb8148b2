//! Every command of `openssl` that uses a private key works with the key as a file, as an engine's URI and as tpm2-openssl's URI, with
//! and without password, in both orders of the providers. A stock openssl without tpm2 checks the results.
use tests::raw::Tpm as _;
use tests::tls::handshake;
use tests::{Openssl, Order, TlsServer};

use crate::machine::Machine;
use crate::pki::{SECTIONS, authority_files};
use crate::store::{LOCKED, PLAIN, persist};

/// One key in the form that a user names.
struct Key<'a> {
    openssl: &'a Openssl,
    verifier: Openssl,
    /// The value of -key.
    name: String,
    /// The password for commands with this option: `-passin pass:secret`.
    passin: &'static str,
    /// The password for s_server and s_client.
    pass: &'static str,
    public: String,
}

impl Key<'_> {
    /// Runs `openssl LINE`, in which KEY is replaced by the key with its password.
    #[track_caller]
    fn ok(&self, line: &str) -> tests::process::Output {
        self.openssl.ok(&line.replace("KEY", &format!("'{}' {}", self.name, self.passin)))
    }

    /// A file that leads to the key.
    fn file(&self) -> String {
        match self.name.split_once(':') {
            Some((_, handle)) => format!("{}.ref", handle.trim_start_matches("0x")),
            None => self.name.clone(),
        }
    }

    #[track_caller]
    fn verifies(&self, line: &str) {
        self.verifier.ok(&line.replace("PUBLIC", &self.public));
    }
}

/// A machine with both keys, persistent and as files, and the other files that the commands need.
fn machine(kind: &str) -> Machine {
    let machine = Machine::new();
    let machine = Machine { openssl: machine.openssl.clone().sections(SECTIONS), ..machine };
    persist(&machine, PLAIN, kind);
    persist(&machine, LOCKED, &format!("{kind} -k secret"));
    machine.tool.ok(&format!("reference nvkey:{PLAIN} {PLAIN}.ref"));
    machine.tool.ok(&format!("reference nvkey:{LOCKED} {LOCKED}.ref"));
    machine.openssl.write("message", b"what is signed\r\n");
    machine.openssl.without_tpm2().ok("dgst -sha256 -binary -out digest message");
    machine
}

/// Runs a story with the key in each of its forms, with and without password.
///
/// The order of the providers alternates, and the two types of key begin with different orders. So each command runs in each order with
/// each form, and each form runs in both orders: once with a password, once without.
fn with_each(kind: &str, first: Order, story: impl Fn(&Key<'_>)) {
    let machine = machine(kind);
    let mut order = first;
    for (handle, passin, pass) in [(PLAIN, "", ""), (LOCKED, "-passin pass:secret", "-pass pass:secret")] {
        for form in ["", "//nvkey:", "handle:0x"] {
            let openssl = machine.openssl.clone().ordered(order);
            order = other(order);
            let name = format!("{form}{handle}");
            authority_files(openssl.shell());
            let verifier = openssl.without_tpm2();
            let public = format!("{handle}.pub");
            story(&Key { openssl: &openssl, verifier, name, passin, pass, public });
            // A killed server leaves its session in the TPM.
            machine.tpm.clear();
        }
    }
}

fn other(order: Order) -> Order {
    if order == Order::Tpm2First { Order::DefaultFirst } else { Order::Tpm2First }
}

/// pkey, storeutl, dgst, pkeyutl, req, x509, verify: the commands for every type of key.
fn signs(key: &Key<'_>) {
    let public = key.ok("pkey -in KEY -pubout").out();
    assert_eq!(public, key.openssl.text(&key.public), "{}", key.name);
    key.ok("pkey -in KEY -noout -text").says("in a TPM 2.0");
    let listed = key.openssl.ok(&format!("storeutl -text -noout {} -keys '{}'", key.passin, key.name));
    listed.says("0: Pkey").says("in a TPM 2.0").says("Total found: 1");
    key.ok("dgst -sha256 -sign KEY -out sig message");
    key.verifies("dgst -sha256 -verify PUBLIC -signature sig message");
    key.ok("pkeyutl -sign -inkey KEY -in digest -pkeyopt digest:sha256 -out sig");
    key.verifies("pkeyutl -verify -pubin -inkey PUBLIC -in digest -pkeyopt digest:sha256 -sigfile sig");
    key.ok("req -new -key KEY -subj /CN=host -out host.csr");
    key.verifies("req -in host.csr -verify -noout");
    key.ok("req -x509 -key KEY -subj /CN=authority -days 3 -extensions v3_ca -out ca.crt");
    key.ok("x509 -req -in host.csr -CA ca.crt -days 2 -out host.crt -CAcreateserial -CAkey KEY");
    key.verifies("verify -CAfile ca.crt ca.crt host.crt");
}

/// ca, ocsp, ts: the commands of authorities.
fn certifies(key: &Key<'_>) {
    key.ok("ca -batch -notext -in host.csr -cert ca.crt -out issued.crt -keyfile KEY");
    key.verifies("verify -CAfile ca.crt issued.crt");
    key.ok("ca -gencrl -cert ca.crt -out crl.pem -keyfile KEY");
    key.verifies("crl -in crl.pem -CAfile ca.crt -noout");
    key.verifies("ocsp -issuer ca.crt -cert issued.crt -no_nonce -reqout request.der");
    let responder = "ocsp -index index -rsigner ca.crt -CA ca.crt -reqin request.der -respout response.der";
    key.ok(&format!("{responder} -rkey KEY"));
    key.verifies("ocsp -issuer ca.crt -cert issued.crt -CAfile ca.crt -respin response.der");
    key.ok("x509 -req -in host.csr -CA ca.crt -days 2 -extfile ca.ext -extensions v3_tsa -out tsa.crt -CAkey KEY");
    key.verifies("ts -query -data message -sha256 -cert -out query.tsq");
    let reply =
        "ts -reply -section our_tsa -queryfile query.tsq -signer tsa.crt -chain ca.crt -out reply.tsr";
    // ts loads keys itself, from files only.
    let file = key.file();
    key.openssl.ok(&format!("{reply} -inkey {file} {}", key.passin));
    key.verifies("ts -verify -data message -in reply.tsr -CAfile ca.crt");
}

/// cms, smime: signed mail, and encrypted mail for the tools that support this type of key.
fn mails(key: &Key<'_>, openers: &[&str]) {
    for tool in ["cms", "smime"] {
        key.ok(&format!("{tool} -sign -in message -signer ca.crt -out mail -inkey KEY"));
        key.verifies(&format!("{tool} -verify -in mail -CAfile ca.crt -purpose any -out read"));
        assert_eq!(key.openssl.read("read"), key.openssl.read("message"), "{tool} {}", key.name);
    }
    for tool in openers {
        key.verifies(&format!("{tool} -encrypt -binary -aes256 -in message -out mail ca.crt"));
        key.ok(&format!("{tool} -decrypt -in mail -recip ca.crt -out opened -inkey KEY"));
        assert_eq!(key.openssl.read("opened"), key.openssl.read("message"), "{tool} {}", key.name);
    }
}

/// s_server and s_client, each with the key.
fn shakes_hands(key: &Key<'_>) {
    let identity = format!("-cert ca.crt -key '{}' {}", key.name, key.pass);
    let trust = "-CAfile ca.crt -verify_return_error";
    let server = TlsServer::start(key.openssl, &format!("{identity} {trust} -Verify 1"));
    for version in ["-tls1_2", "-tls1_3"] {
        let output = server.client(key.openssl, &format!("{identity} {trust} {version}"));
        assert!(handshake(&output).protocol.starts_with("TLSv1."), "{output}");
    }
}

#[test]
fn every_command_works_with_rsa_keys() {
    with_each("-r", Order::Tpm2First, |key| {
        signs(key);
        certifies(key);
        mails(key, &["cms", "smime"]);
        shakes_hands(key);
        key.ok("rsa -in KEY -noout -text").says("odulus:");
        key.verifies(
            "pkeyutl -encrypt -pubin -inkey PUBLIC -in digest -pkeyopt rsa_padding_mode:oaep -out sealed",
        );
        key.ok("pkeyutl -decrypt -inkey KEY -in sealed -pkeyopt rsa_padding_mode:oaep -out opened");
        assert_eq!(key.openssl.read("opened"), key.openssl.read("digest"));
    });
}

#[test]
fn every_command_works_with_ec_keys() {
    with_each("-e P-256", Order::DefaultFirst, |key| {
        signs(key);
        certifies(key);
        mails(key, &["cms"]);
        shakes_hands(key);
        key.ok("ec -in KEY -noout -text").says("NIST CURVE: P-256");
        key.verifier.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out peer.key");
        key.verifier.ok("pkey -in peer.key -pubout -out peer.pub");
        key.ok("pkeyutl -derive -inkey KEY -peerkey peer.pub -out ours");
        key.verifies("pkeyutl -derive -inkey peer.key -peerkey PUBLIC -out theirs");
        assert_eq!(key.openssl.read("ours"), key.openssl.read("theirs"));
    });
}
