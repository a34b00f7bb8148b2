//! `leaf`: a CA key in the TPM issues short-lived certificates for software keys.
use std::fs;

use tests::process::Output;
use tests::raw::Tpm as _;

use crate::keytool::full;
use crate::machine::Machine;

mod renewal;

/// The sub-CA of docs/short-lived.md.
const SUB_CA: &str = "\
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
extendedKeyUsage = serverAuth
nameConstraints = critical, permitted;DNS:localhost, permitted;DNS:site.example, excluded;IP:0.0.0.0/0.0.0.0
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

/// The usual arguments, but for the folder.
const USUAL: &str = "--ca ca.tpm --ca-cert ca.pem --name localhost";

/// A machine with a root CA in software (`root.pem`) and the folder `leaf`.
struct Site {
    machine: Machine,
}

impl Site {
    fn new() -> Self {
        let machine = Machine::new();
        machine.openssl.without_tpm2().ok(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -subj /CN=root -days 30 -out root.pem \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        );
        fs::create_dir(machine.openssl.file("leaf")).unwrap();
        Self { machine }
    }

    /// Starts a machine with the sub-CA in `ca.tpm` and `ca.pem`.
    fn with_ca() -> Self {
        let site = Self::new();
        site.ca("--ecc P-256", "", SUB_CA, "");
        site
    }

    /// Makes the key `ca.tpm` and has the root sign `ca.pem`.
    fn ca(&self, options: &str, passin: &str, extensions: &str, x509: &str) {
        let openssl = &self.machine.openssl;
        self.machine.key("ca.tpm", options);
        openssl.write("ca.ext", extensions);
        openssl.ok(&format!("req -new -key ca.tpm {passin} -subj /CN=sub -out ca.csr"));
        openssl.without_tpm2().ok(&format!(
            "x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -days 20 {x509} -out ca.pem"
        ));
    }

    fn run(&self, options: &str) -> Output {
        self.machine.tool.run(&format!("leaf {options}"))
    }

    /// Issues a certificate for localhost with the sub-CA.
    #[track_caller]
    fn issue(&self) {
        self.run(&format!("{USUAL} --out leaf")).ok();
    }

    /// Verifies the current pair as a client does that trusts the root only, and returns the text of the certificate.
    #[track_caller]
    fn verified(&self, host: &str) -> String {
        let openssl = self.machine.openssl.without_tpm2();
        openssl
            .ok(&format!(
                "verify -x509_strict -purpose sslserver -verify_hostname {host} -CAfile root.pem -untrusted leaf/current/cert.pem \
                 leaf/current/cert.pem"
            ))
            .says("OK");
        assert_eq!(self.public_half("leaf/current"), self.certified("leaf/current"));
        assert_eq!(
            openssl.text("leaf/current/pair.pem"),
            openssl.text("leaf/current/key.pem") + &openssl.text("leaf/current/cert.pem")
        );
        openssl.ok("x509 -in leaf/current/cert.pem -noout -text").out()
    }

    /// Returns the public half of the key in a folder.
    fn public_half(&self, folder: &str) -> String {
        self.machine.openssl.without_tpm2().ok(&format!("pkey -in {folder}/key.pem -pubout")).out()
    }

    /// Returns the public key that the certificate in a folder is for.
    fn certified(&self, folder: &str) -> String {
        self.machine.openssl.without_tpm2().ok(&format!("x509 -in {folder}/cert.pem -noout -pubkey")).out()
    }

    fn serial(&self) -> String {
        self.machine.openssl.without_tpm2().ok("x509 -in leaf/current/cert.pem -noout -serial").out()
    }

    /// The entries of the folder `leaf`.
    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.machine.openssl.file("leaf")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn the_certificate_verifies_and_lives_for_the_hours_that_were_given() {
    let site = Site::with_ca();
    let printed = site
        .run("--ca ca.tpm --ca-cert ca.pem --name LOCALHOST --name *.site.example --hours 2 --out leaf")
        .ok()
        .says("current/cert.pem is valid until");
    assert!(printed.err().contains("not on a tmpfs"), "{printed}");
    for host in ["localhost", "www.site.example"] {
        let text = site.verified(host);
        for part in [
            "DNS:localhost, DNS:*.site.example",
            "CA:FALSE",
            "Digital Signature",
            "TLS Web Server Authentication",
            "ecdsa-with-SHA256",
            "prime256v1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // OpenSSL 3.5 leaves the blanks out.
        assert!(text.contains("CN = localhost") || text.contains("CN=localhost"), "{text}");
        // Older versions print the number.
        assert!(text.contains("No Revocation Available") || text.contains("2.5.29.56"), "{text}");
    }
    let openssl = site.machine.openssl.without_tpm2();
    // It is still valid in 1:55 hours, and not in 2:05 hours.
    let checked = |seconds: u32| openssl.run(&format!("x509 -in leaf/current/cert.pem -checkend {seconds}"));
    checked(6900).ok();
    checked(7500).failed();
    // It does not begin before the CA, which is new; otherwise it would begin ten minutes ago.
    let start = |file: &str| openssl.ok(&format!("x509 -in {file} -noout -startdate")).out();
    assert_eq!(start("leaf/current/cert.pem"), start("ca.pem"));
    let serials: Vec<String> = (0..3)
        .map(|_| {
            site.issue();
            site.serial()
        })
        .collect();
    for serial in &serials {
        // serial=, and at least 128 bits unless the random number begins with four zero bytes.
        assert!(serial.trim().len() >= 7 + 32, "{serials:?}");
    }
    assert!(serials[0] != serials[1] && serials[1] != serials[2], "{serials:?}");
}

#[test]
fn each_kind_of_ca_key_and_each_algorithm_works() {
    let site = Site::new();
    for (options, algorithm, parts) in [
        ("--ecc P-384", "p-384", ["ecdsa-with-SHA256", "secp384r1"]),
        ("--key-size 2048", "RSA-2048", ["sha256WithRSAEncryption", "(2048 bit)"]),
        ("--ecc P-256", "RSA-3072", ["ecdsa-with-SHA256", "(3072 bit)"]),
    ] {
        site.ca(options, "", SUB_CA, "");
        site.run(&format!("{USUAL} --algorithm {algorithm} --out leaf")).ok();
        let text = site.verified("localhost");
        assert!(parts.iter().all(|part| text.contains(part)), "{parts:?}: {text}");
    }
    // The last CA at a handle, in a reference, and in one file with its certificate and that of the root, which is not sent.
    site.machine.tool.ok("load ca.tpm 81000100");
    site.machine.tool.ok("reference handle:0x81000100 ca.ref");
    let openssl = &site.machine.openssl;
    openssl.write("all.pem", openssl.text("ca.tpm") + &openssl.text("ca.pem") + &openssl.text("root.pem"));
    openssl.write("ref.pem", openssl.text("ca.ref") + &openssl.text("ca.pem"));
    for ca in ["handle:0x81000100 --ca-cert ca.pem", "ca.ref --ca-cert ca.pem", "all.pem", "ref.pem"] {
        site.run(&format!("--ca {ca} --name localhost --out leaf")).ok();
        site.verified("localhost");
        assert_eq!(openssl.text("leaf/current/cert.pem").matches("BEGIN CERTIFICATE").count(), 2, "{ca}");
    }
}

#[test]
fn only_the_owner_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::with_ca();
    let shell = site.machine.tool.shell();
    shell.write("issue", format!("umask 0; {}", full(&format!("tpm2-keytool leaf {USUAL} --out leaf"))));
    shell.ok("bash issue");
    let mode = |name: &str| {
        fs::metadata(shell.file(format!("leaf/current/{name}"))).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(["key.pem", "cert.pem", "pair.pem"].map(mode), [0o600, 0o644, 0o600]);
}

#[test]
fn what_cannot_be_issued_is_refused_before_the_tpm_is_contacted() {
    let site = Site::with_ca();
    let openssl = &site.machine.openssl;
    let stock = openssl.without_tpm2();
    stock.ok(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -subj /CN=other -out leaf.pem -addext basicConstraints=CA:FALSE",
    );
    site.ca("--ecc P-256", "", "basicConstraints = critical, CA:TRUE\nkeyUsage = digitalSignature\n", "");
    fs::rename(openssl.file("ca.pem"), openssl.file("no-cert-sign.pem")).unwrap();
    // A CA below one with pathlen:0.
    stock.ok("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout middle.key -subj /CN=middle -out middle.csr");
    openssl.write("middle.ext", "basicConstraints = critical, CA:TRUE, pathlen:0\n");
    stock.ok("x509 -req -in middle.csr -CA root.pem -CAkey root.key -extfile middle.ext -out middle.pem");
    site.ca("--ecc P-256", "", SUB_CA, "");
    openssl.write("ca.ext", SUB_CA);
    stock.ok("x509 -req -in ca.csr -CA middle.pem -CAkey middle.key -extfile ca.ext -out below.pem");
    openssl.write("below.pem", openssl.text("below.pem") + &openssl.text("middle.pem"));
    openssl.write("unordered.pem", openssl.text("root.pem") + &openssl.text("ca.pem"));
    // OpenSSL 3.5 refuses an end before the begin, and has these options instead.
    let expired = "x509 -req -in ca.csr -CA root.pem -CAkey root.key -extfile ca.ext -out expired.pem";
    if !stock.run(&format!("{expired} -days -1")).success() {
        stock.ok(&format!("{expired} -not_before 20200101000000Z -not_after 20200102000000Z"));
    }
    site.machine.key("other.tpm", "--ecc P-256");
    openssl.write("leaf.file", "");
    fs::create_dir(openssl.file("taken")).unwrap();
    openssl.write("taken/current", "");
    // Nothing listens there.
    let dead = "--tcti swtpm:host=127.0.0.1,port=1";
    let refused = |options: &str, cause: &str, expected: i32| {
        let output = site.run(&format!("{options} {dead}")).failed().says(cause);
        assert_eq!(output.code(), Some(expected), "{output}");
        assert!(expected == 2 || output.err().contains("hint: "), "{output}");
    };
    let with = |cert: &str| format!("--ca ca.tpm --ca-cert {cert} --name localhost --out leaf");
    refused(&with("leaf.pem"), "its certificate 1 is not a CA's", 1);
    refused(&with("no-cert-sign.pem"), "its certificate 1 is not a CA's", 1);
    refused(&with("expired.pem"), "its certificate 1 expired on", 1);
    refused(&with("below.pem"), "its certificate 2 allows fewer CAs below it than there are (pathlen)", 1);
    refused(&with("unordered.pem"), "its certificate 2 did not sign its certificate 1", 1);
    refused(&with("root.pem"), "its first certificate belongs to another key than --ca", 1);
    refused(&with("ca.tpm"), "it contains no certificate", 1);
    refused(&with("absent.pem"), "cannot read absent.pem", 1);
    refused("--ca other.tpm --ca-cert ca.pem --name localhost --out leaf", "belongs to another key", 1);
    let named = |name: &str| format!("{USUAL} --name {name} --out leaf");
    refused(&named("www.example.org"), "the name constraints of its certificate 1 forbid www.example.org", 1);
    refused(&named("*.example.org"), "forbid *.example.org", 1);
    refused(&named("127.0.0.1"), "it is an IP address", 2);
    refused(&named("a_b.site.example"), "it is not a DNS name", 2);
    let to = |out: &str| format!("{USUAL} --out {out}");
    refused(&to("absent"), "cannot write absent: No such file or directory", 1);
    refused(&to("leaf.file"), "leaf.file is not a folder", 1);
    refused(&to("taken"), "current is not a symbolic link", 1);
    refused(&to("/proc/1/fdinfo"), "cannot write /proc/1/fdinfo", 1);
    for hours in ["0", "721", "x"] {
        refused(&format!("{} --hours {hours}", to("leaf")), "--hours", 2);
    }
    // What is right needs the TPM.
    refused(&to("leaf"), "TPM", 4);
    assert_eq!(site.entries(), [""; 0]);
}

#[test]
fn the_certificate_ends_with_that_of_its_ca() {
    let site = Site::new();
    site.ca("--ecc P-256", "", SUB_CA, "-days 1");
    site.run(&format!("{USUAL} --hours 48 --out leaf"))
        .ok()
        .says("warning: the certificate ends early, because one of its CA's expires on");
    let end = |file: &str| {
        site.machine.openssl.without_tpm2().ok(&format!("x509 -in {file} -noout -enddate")).out()
    };
    site.verified("localhost");
    assert_eq!(end("leaf/current/cert.pem"), end("ca.pem"));
}

#[test]
fn a_wrong_password_is_sent_once_and_the_old_pair_stays() {
    let site = Site::new();
    site.machine.tpm.set_dictionary_attack(3, 1000);
    site.ca("--ecc P-256 --da -k secret", "-passin pass:secret", SUB_CA, "");
    site.machine.tool.ok("load ca.tpm 81000100");
    let line = "--ca-cert ca.pem --name localhost --out leaf";
    site.run(&format!("--ca ca.tpm --passin pass:secret {line}")).ok();
    let first = site.serial();
    let missing = site.run(&format!("--ca ca.tpm {line}")).failed().says("password of the CA key");
    assert_eq!(missing.code(), Some(7), "{missing}");
    let wrong =
        site.run(&format!("--ca ca.tpm --passin pass:guess {line}")).failed().says("the password is wrong");
    assert_eq!(wrong.code(), Some(3), "{wrong}");
    assert_eq!(site.machine.tpm.failures(), 1);
    // A persistent key whose password is in a file.
    site.machine.openssl.write("word", "secret\n");
    let word = site.machine.openssl.file("word").display().to_string();
    site.run(&format!("--ca handle:0x81000100?pin-source=file:{word} {line}")).ok();
    let second = site.serial();
    assert_ne!(first, second);
    let wrong = site.run(&format!("--ca handle:0x81000100 --passin pass:guess {line}")).failed();
    assert_eq!(wrong.code(), Some(3), "{wrong}");
    // One more failure would lock the TPM.
    let spared =
        site.run(&format!("--ca ca.tpm --passin pass:guess {line}")).failed().says("would lock the TPM");
    assert_eq!(spared.code(), Some(5), "{spared}");
    assert_eq!(site.serial(), second);
    site.verified("localhost");
}
