//! A TPM with attestation keys of each type, their certificates, and keys to certify.

use tests::process::Output;
use tests::{Authority, Openssl, Shell, peers};

use crate::keytool::Desk;

/// Extensions of the certificate of an attestation key (Web Authentication Level 3 §8.3.1). OpenSSL removes the text before the first dot
/// of a type.
const EXTENSIONS: &str = "\
basicConstraints = critical, CA:FALSE
extendedKeyUsage = 2.23.133.8.3
";
const TPM_NAME: &str = "\
[tpm]
x.2.23.133.2.1 = id:49424D00
x.2.23.133.2.2 = SW TPM
x.2.23.133.2.3 = id:20191023
";

/// Alternative names in the certificate of a device (TCG: TPM 2.0 Keys for Device Identity and Attestation): the hardware module is a
/// TPM 2.0 with this serial number, and the hash of its EK certificate identifies it.
const DEVICE: &str = "\
subjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module, otherName:1.3.6.1.5.5.7.8.3;SEQUENCE:identifier
keyUsage = critical, digitalSignature
[module]
type = OID:2.23.133.1.2
serial = FORMAT:ASCII,OCTETSTRING:49424D00:abcd:1
[identifier]
value = UTF8:1111
assigner = OID:2.23.133.12.1
";

/// A type of attestation key.
#[derive(Clone, Copy)]
pub(super) struct Ak {
    /// The name of its files: NAME.pub (TPM2B_PUBLIC), NAME.pem (public key) and NAME.crt (its certificate, and that of its issuer).
    pub(super) name: &'static str,
    pub(super) handle: &'static str,
    kind: &'static str,
}

pub(super) const ECDSA: Ak = Ak { name: "ecdsa", handle: "0x81010100", kind: "ecc256:ecdsa-sha256:null" };
pub(super) const RSASSA: Ak = Ak { name: "rsassa", handle: "0x81010101", kind: "rsa2048:rsassa-sha256:null" };
pub(super) const RSAPSS: Ak = Ak { name: "rsapss", handle: "0x81010102", kind: "rsa2048:rsapss-sha256:null" };

/// The keys to certify, and the options of `create` that make them.
pub(super) const KEYS: [(&str, &str); 2] = [("p256.tpm", "-e P-256"), ("rsa.tpm", "-r")];

/// The machine that proves that it holds keys.
pub(super) struct Prover {
    pub(super) desk: Desk,
    issuer: Authority,
}

impl Prover {
    /// Starts a new TPM, with the authority root.pem, issuer.pem below it, and the unrelated authority other.pem.
    #[track_caller]
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        let openssl = Openssl::clean_in(desk.shell.clone());
        let issuer = Authority::new(&openssl, "root")
            .below("issuer", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        let _ = Authority::new(&openssl, "other");
        Self { desk, issuer }
    }

    /// Makes an attestation key and its certificate. The tool makes no RSAPSS keys, so tpm2-tools do.
    #[track_caller]
    pub(super) fn attestation_key(&self, ak: Ak) {
        let Ak { name, handle, kind } = ak;
        match name {
            "rsapss" => self.desk.others(&format!(
                "tpm2_createprimary -Q -C e -G {kind} -c ak.ctx -a \
                 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'
                 tpm2_evictcontrol -Q -C o -c ak.ctx {handle}; tpm2_flushcontext -t"
            )),
            _ => {
                let template = if name == "ecdsa" { "ak" } else { "ak-rsa" };
                self.ok(&format!("ak create --template {template} {handle}"))
            }
        };
        self.desk
            .others(&format!("tpm2_readpublic -Q -c {handle} -o {name}.pub; tpm2_readpublic -Q -c {handle} -f pem -o {name}.pem"));
        self.certify_key(ak, "");
    }

    /// Certifies an attestation key; `names` are more alternative names, each after a comma.
    #[track_caller]
    pub(super) fn certify_key(&self, Ak { name, .. }: Ak, names: &str) {
        let extensions = format!("{EXTENSIONS}subjectAltName = critical, dirName:tpm{names}\n{TPM_NAME}");
        self.issuer.issue(&format!("{name}.pem"), "/", "leaf.crt", &extensions);
        let shell = &self.desk.shell;
        shell.write(format!("{name}.crt"), shell.text("leaf.crt") + &shell.text("issuer.pem"));
    }

    /// Certifies the key NAME.pem as a maker of devices does, with policies. Writes NAME.crt.
    #[track_caller]
    pub(super) fn certify_device(&self, name: &str, policies: &str) {
        let extensions = format!("certificatePolicies = {policies}\n{DEVICE}");
        self.issuer.issue(
            &format!("{name}.pem"),
            "/CN=P39886-B21/serialNumber=MXQ1490VZK",
            "leaf.crt",
            &extensions,
        );
        let shell = &self.desk.shell;
        shell.write(format!("{name}.crt"), shell.text("leaf.crt") + &shell.text("issuer.pem"));
    }

    /// Makes the keys to certify.
    #[track_caller]
    pub(super) fn keys(&self) {
        for (key, options) in KEYS {
            self.ok(&format!("create {options} {key}"));
        }
    }

    /// Runs the tool, which must succeed.
    #[track_caller]
    pub(super) fn ok(&self, line: &str) -> Output {
        self.desk.run(&format!("tpm2-keytool {line}")).ok()
    }

    /// Has an attestation key certify a key in a format; `--nonce` is the file `nonce`.
    #[track_caller]
    pub(super) fn certify(&self, key: &str, ak: Ak, format: &str, proof: &str) {
        let certificate = if format == "tpm2" { String::new() } else { format!("--ak-cert {}.crt", ak.name) };
        let relying_party = if format == "webauthn" { "--rp-id example.com" } else { "" };
        self.ok(&format!(
            "certify {key} --ak {} --nonce nonce --format {format} {certificate} {relying_party} --force {proof}",
            ak.handle
        ));
        self.desk.assert_tidy();
    }

    /// Runs a Python script with the packages of the verifiers.
    pub(super) fn python(&self, script: &str, arguments: &str) -> Output {
        run(&peers::verifiers(&self.desk.shell), script, arguments)
    }
}

/// Runs a Python script.
pub(super) fn run(shell: &Shell, script: &str, arguments: &str) -> Output {
    shell.write("script.py", script);
    shell.run(&format!("/usr/bin/python3 script.py {arguments}"))
}
