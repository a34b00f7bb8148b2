//! The keys for every program, their certificates, and a software key for the other side.
use std::fs;

use tests::{Authority, Openssl, Options, Order, ResourceManager, Shell, Swtpm, module};

use crate::machine::Machine;
use crate::store::persist;

/// The password of the keys with a password; the file `word` contains it.
pub(super) const PASSWORD: &str = "sesame";

/// A type of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Ec,
    Rsa,
}

impl Type {
    pub(super) const BOTH: [Self; 2] = [Self::Ec, Self::Rsa];

    /// The stem of the names of its files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ec => "ec",
            Self::Rsa => "rsa",
        }
    }

    fn options(self) -> &'static str {
        match self {
            Self::Ec => "--ecc P-256",
            Self::Rsa => "--key-size 2048",
        }
    }
}

/// The kind of file that the program's configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A key file.
    File,
    /// A reference file to a persistent key.
    Reference,
    /// A key file with a password, which the program gives.
    Password,
    /// A reference file that contains the path of the password file.
    PasswordReference,
}

impl Form {
    pub(super) const ALL: [Self; 4] = [Self::File, Self::Reference, Self::Password, Self::PasswordReference];
    /// The forms for programs without a setting for a password.
    pub(super) const WITHOUT_PASSWORD: [Self; 3] = [Self::File, Self::Reference, Self::PasswordReference];

    /// The name in the pages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "key file",
            Self::Reference => "reference",
            Self::Password => "key file with password",
            Self::PasswordReference => "reference with `pin-source`",
        }
    }

    fn has_password(self) -> bool {
        matches!(self, Self::Password | Self::PasswordReference)
    }
}

/// The stem of the files that belong to a key: `ec`, `rsa-locked`.
fn stem(kind: Type, form: Form) -> String {
    let locked = if form.has_password() { "-locked" } else { "" };
    format!("{}{locked}", kind.name())
}

/// The handle of the persistent key.
fn handle(kind: Type, form: Form) -> &'static str {
    match (kind, form.has_password()) {
        (Type::Ec, false) => "81000110",
        (Type::Ec, true) => "81000111",
        (Type::Rsa, false) => "81000112",
        (Type::Rsa, true) => "81000113",
    }
}

/// The key's file for a program.
pub(super) fn file(kind: Type, form: Form) -> String {
    let extension = match form {
        Form::File | Form::Password => "tpm",
        Form::Reference | Form::PasswordReference => "ref",
    };
    format!("{}.{extension}", stem(kind, form))
}

/// The URI that opens what a form names: its file is at `path`, the password in the file `word`.
pub(super) fn uri(kind: Type, form: Form, path: &str, word: &str) -> String {
    match form {
        Form::File | Form::Password => format!("tpm2:file={path}"),
        Form::Reference => format!("handle:0x{}", handle(kind, form)),
        Form::PasswordReference => format!("handle:0x{}?pin-source=file:{word}", handle(kind, form)),
    }
}

/// The file with the key's certificate.
pub(super) fn certificate(kind: Type, form: Form) -> String {
    format!("{}.crt", stem(kind, form))
}

/// A machine behind a resource manager with all the keys; the manager must outlive it.
pub(super) struct World {
    pub(super) machine: Machine,
    manager: ResourceManager,
    authority: Authority,
}

impl World {
    pub(super) fn new() -> Self {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let machine = Machine::managed(tpm, &manager);
        let openssl = &machine.openssl;
        let authority = Authority::new(openssl, "authority");
        let word = openssl.write("word", format!("{PASSWORD}\n")).display().to_string();
        for (kind, form) in Type::BOTH.into_iter().flat_map(|t| [(t, Form::File), (t, Form::Password)]) {
            let (stem, handle) = (stem(kind, form), handle(kind, form));
            let password = if form.has_password() { format!("-k {PASSWORD}") } else { String::new() };
            persist(&machine, handle, &format!("{} {password}", kind.options()));
            let reference = if form.has_password() { Form::PasswordReference } else { Form::Reference };
            let uri = uri(kind, reference, "", &word);
            machine.tool.ok(&format!("reference {uri} {stem}.ref"));
            openssl.write(format!("{stem}.tpm"), openssl.read(handle));
            openssl.write(format!("{stem}.pub"), openssl.read(format!("{handle}.pub")));
            authority.certify(&format!("{stem}.pub"), &format!("{stem}.crt"));
        }
        let stock = openssl.without_tpm2();
        stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out software.key");
        stock.ok("pkey -in software.key -pubout -out software.pub");
        authority.certify("software.pub", "software.crt");
        open(openssl.shell());
        Self { machine, manager, authority }
    }

    /// Configures the provider by openssl.cnf alone: services have no variables, and nginx clears the environment of its workers.
    pub(super) fn openssl(&self, order: Order) -> Openssl {
        let openssl = self.machine.openssl.clone().ordered(order).set("tcti", &self.manager.tcti());
        let module = openssl.file("tpm2.so").display().to_string();
        openssl.set("module", &module).unset("OPENSSL_MODULES").unset("TPM2_TCTI")
    }

    /// Writes a reference to the key without its password.
    pub(super) fn refer(&self, kind: Type, form: Form, name: &str) {
        self.machine.tool.ok(&format!("reference --force handle:0x{} {name}", handle(kind, form)));
    }

    /// Issues a new certificate for a key.
    pub(super) fn certify(&self, kind: Type, form: Form) {
        self.authority.certify(&format!("{}.pub", stem(kind, form)), &certificate(kind, form));
    }

    /// The port of the resource manager.
    pub(super) fn port(&self) -> u16 {
        self.manager.port()
    }
}

/// Sets the modes as on a production machine: every user can read the certificates and load the module; only root can read the keys.
fn open(shell: &Shell) {
    fs::copy(module::folder().join("tpm2.so"), shell.file("tpm2.so")).expect("copy the module");
    let folder = shell.folder().display();
    shell.ok(&format!("chmod -R a+rX {folder}"));
    let keys = Type::BOTH.into_iter().flat_map(|kind| Form::ALL.map(|form| file(kind, form)));
    let secrets: Vec<String> =
        keys.chain(["word", "software.key", "authority.key"].map(String::from)).collect();
    shell.ok(&format!("chmod 600 {}", secrets.join(" ")));
}
