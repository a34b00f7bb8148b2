//! A PKCS#11 token as its user has it: a folder with TPM keys and certificates, and the environment in which programs find it.
use std::ops::Deref;
use std::path::PathBuf;

use crate::{Authority, Openssl, Options, Order, ResourceManager, Shell, Swtpm, Tool, module};

/// The token's label.
pub const LABEL: &str = "keys";

/// A TPM behind a resource manager with the kernel's rules, a folder `keys`, and the configuration of the PKCS#11 module for them.
///
/// It has the methods of [`Shell`]; each program runs with the module's environment and without the provider.
pub struct Token {
    // Declared before the TPM, so dropped first.
    shell: Shell,
    openssl: Openssl,
    authority: Authority,
    manager: ResourceManager,
    _tpm: Swtpm,
}

impl Token {
    /// Creates an empty token.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let shell = Shell::new("token");
        let openssl = Openssl::in_shell(shell.clone(), &manager.tcti(), Order::Tpm2First)
            .set("resource-manager", "kernel");
        let authority = Authority::new(&openssl, "authority");
        std::fs::create_dir(shell.file("keys")).expect("a folder for the keys");
        let keys = shell.file("keys").display().to_string();
        let text = format!("manufacturer id = Example\n[{LABEL}]\nfolder = {keys}\n");
        let configuration = shell.write("pkcs11.conf", text);
        let shell = shell
            .env("TPM2_PKCS11_CONF", configuration)
            .env("TPM2_TCTI", manager.tcti())
            .env("TPM2_RESOURCE_MANAGER", "kernel");
        Self { shell, openssl, authority, manager, _tpm: tpm }
    }

    /// Creates a token with one certified key, `web`.
    #[must_use]
    #[track_caller]
    pub fn with_key(options: &str) -> Self {
        let token = Self::new();
        token.key("web", options);
        token
    }

    /// Creates a key with `tpm2-keytool create OPTIONS`, and a client's certificate `/CN=NAME` for it: `keys/NAME.tpm` and `keys/NAME.crt`.
    /// The public key is in `NAME.pub`.
    #[track_caller]
    pub fn key(&self, name: &str, options: &str) {
        self.tool().ok(&format!("create {options} keys/{name}.tpm"));
        self.openssl.ok(&format!("pkey -pubin -in keys/{name}.tpm -pubout -out {name}.pub"));
        self.certify(name);
    }

    /// Issues a client's certificate `keys/NAME.crt` with the subject `/CN=NAME` for the public key in `NAME.pub`.
    #[track_caller]
    pub fn certify(&self, name: &str) {
        let extensions = "basicConstraints = CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = clientAuth\n";
        self.authority.issue(
            &format!("{name}.pub"),
            &format!("/CN={name}"),
            &format!("keys/{name}.crt"),
            extensions,
        );
    }

    /// Issues a client's certificate `keys/NAME.crt` for the key of the reference file `NAME.ref`.
    #[track_caller]
    pub fn certify_reference(&self, name: &str) {
        self.openssl.ok(&format!("pkey -pubin -in {name}.ref -pubout -out {name}.pub"));
        self.certify(name);
    }

    /// Returns the authority, whose certificate is in the folder.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns an openssl without the provider in the same folder, which checks what the token did.
    #[must_use]
    pub fn stock(&self) -> Openssl {
        self.openssl.without_tpm2()
    }

    /// Returns the key tool for the same TPM in the same folder.
    #[must_use]
    #[track_caller]
    pub fn tool(&self) -> Tool {
        Tool::new(self.openssl.shell(), &self.manager.tcti())
    }

    /// Returns a shell with other lines in the configuration of the module.
    #[must_use]
    pub fn configured(&self, lines: &str) -> Shell {
        let configuration = self.shell.write("other.conf", lines);
        self.unconfigured().env("TPM2_PKCS11_CONF", configuration)
    }

    /// Returns the path of the PKCS#11 module.
    #[must_use]
    #[track_caller]
    pub fn module(&self) -> PathBuf {
        module::pkcs11()
    }

    /// Returns a shell without a configuration of the module; only the TPM is given.
    #[must_use]
    pub fn unconfigured(&self) -> Shell {
        self.shell.clone().unset("TPM2_PKCS11_CONF")
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// Access to the files and programs, with [`Shell`]'s methods.
impl Deref for Token {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.shell
    }
}
