//! OpenSC's pkcs11-tool, which calls nearly every function of a module.
use tests::process::Output;
use tests::{Openssl, Token, token};

mod decrypt;
mod derive;
mod manage;
mod pin;
mod show;
mod sign;

/// A token and pkcs11-tool for it.
struct Opensc {
    token: Token,
    login: &'static str,
}

impl Opensc {
    fn new() -> Self {
        Self { token: Token::new(), login: "" }
    }

    /// Creates a token with one key, `web`.
    #[track_caller]
    fn with_key(options: &str) -> Self {
        Self { token: Token::with_key(options), login: "" }
    }

    /// Logs in before each command.
    fn login(self, login: &'static str) -> Self {
        Self { login, ..self }
    }

    /// Runs `pkcs11-tool LINE` for the token.
    #[track_caller]
    fn run(&self, line: &str) -> Output {
        let module = self.token.module();
        let label = token::LABEL;
        let login = self.login;
        self.token
            .run(&format!("pkcs11-tool --module {} --token-label {label} {login} {line}", module.display()))
    }

    /// Runs `pkcs11-tool LINE`, which must succeed.
    #[track_caller]
    fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// Writes the data, its digest, and the DigestInfo of RFC 8017 §9.2 for SHA-256: the files `data`, `digest` and `info`.
    fn data(&self) -> Openssl {
        const SHA256: &str = "3031300d060960864801650304020105000420";
        let stock = self.token.stock();
        stock.write("data", "what is signed");
        stock.ok("dgst -sha256 -binary -out digest data");
        let info = [hex::decode(SHA256).unwrap(), stock.read("digest")].concat();
        stock.write("info", info);
        stock
    }

    /// Returns the CKA_ID of the only object of this type, in hexadecimal.
    #[track_caller]
    fn id(&self, kind: &str) -> String {
        let listed = self.ok(&format!("--list-objects --type {kind}")).out();
        let id = listed.lines().find_map(|line| line.trim().strip_prefix("ID:"));
        id.unwrap_or_else(|| panic!("the {kind} has no ID:\n{listed}")).trim().to_owned()
    }
}
