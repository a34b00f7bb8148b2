//! A certification authority run with stock `openssl` without the provider. It certifies any public key, wherever the private key is.
use crate::Openssl;

/// An authority. Its certificate is a file in the shared folder.
pub struct Authority {
    openssl: Openssl,
    name: String,
}

impl Authority {
    /// Creates a self-signed P-256 authority: `NAME.pem` and `NAME.key` in the folder of `openssl`.
    #[must_use]
    #[track_caller]
    pub fn new(openssl: &Openssl, name: &str) -> Self {
        Self::with_key(openssl, name, "ec -pkeyopt ec_paramgen_curve:P-256")
    }

    /// Creates an authority with another kind of key, for example `rsa:4096`.
    #[must_use]
    #[track_caller]
    pub fn with_key(openssl: &Openssl, name: &str, newkey: &str) -> Self {
        let openssl = openssl.without_tpm2();
        let files = format!("-keyout {name}.key -out {name}.pem");
        // OpenSSL 3.0 would write version 1, in which a root needs no basicConstraints; later versions write version 3.
        // Python 3.13 verifies with X509_V_FLAG_X509_STRICT, which requires keyUsage.
        let kind = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign";
        openssl.ok(&format!("req -x509 -newkey {newkey} -nodes -subj /CN={name} -days 2 {kind} {files}"));
        Self { openssl, name: name.to_owned() }
    }

    /// Returns the file name of its certificate.
    #[must_use]
    pub fn certificate(&self) -> String {
        format!("{}.pem", self.name)
    }

    /// Certifies the public key in a file and writes the certificate to another.
    #[track_caller]
    pub fn certify(&self, public: &str, certificate: &str) {
        // A minimal system cannot resolve localhost.
        let extensions = "basicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n";
        self.issue(public, "/CN=localhost", certificate, extensions);
    }

    /// Creates a subordinate authority: `NAME.pem` and `NAME.key`; `algorithm` is for `openssl genpkey`.
    #[must_use]
    #[track_caller]
    pub fn below(&self, name: &str, algorithm: &str) -> Self {
        self.openssl.ok(&format!("genpkey {algorithm} -out {name}.key"));
        self.openssl.ok(&format!("pkey -in {name}.key -pubout -out {name}.pub"));
        let extensions = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign";
        self.issue(&format!("{name}.pub"), &format!("/CN={name}"), &format!("{name}.pem"), extensions);
        Self { openssl: self.openssl.clone(), name: name.to_owned() }
    }

    /// Certifies the public key in a file for a subject, with these lines of extensions, and writes the certificate to another.
    #[track_caller]
    pub fn issue(&self, public: &str, subject: &str, certificate: &str, extensions: &str) {
        let file = self.openssl.write(format!("{certificate}.ext"), extensions);
        let issuer = format!("-CA {0}.pem -CAkey {0}.key -extfile {1}", self.name, file.display());
        // With -new and -force_pubkey, neither a request nor a signature of the certified key is needed.
        let made = format!("x509 -new -force_pubkey {public} -subj {subject} -days 2");
        self.openssl.ok(&format!("{made} {issuer} -out {certificate}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_of_two_authorities_is_verified() {
        let openssl = Openssl::clean();
        let root = Authority::new(&openssl, "root");
        let below = root.below("below", "-algorithm ED25519");
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out leaf.key");
        openssl.ok("pkey -in leaf.key -pubout -out leaf.pub");
        below.certify("leaf.pub", "leaf.pem");
        openssl.ok("verify -CAfile root.pem -untrusted below.pem leaf.pem");
        openssl.failed("verify -CAfile root.pem leaf.pem");
        assert_eq!(below.certificate(), "below.pem");
    }
}
