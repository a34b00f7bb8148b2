//! The programs of these stories: rows of docs/pkcs11/programs.md, which `make pkcs11` writes from what passed.
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::{env, iter};

use tests::module;

use Does::{Generate, List, LogIn, Sign};

/// What a program does with a token: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Lists objects.
    List,
    /// Signs data, a request or a certificate.
    Sign,
    /// Uses the key in TLS or SSH.
    LogIn,
    /// Generates a key.
    Generate,
}

impl Does {
    const ALL: [Self; 4] = [List, Sign, LogIn, Generate];
}

/// A program.
#[derive(PartialEq, Eq)]
pub(super) struct Program {
    name: &'static str,
    /// The command that prints its version.
    version: &'static str,
    /// The functions that it has. The others have a dash in the table.
    does: &'static [Does],
}

const fn program(name: &'static str, version: &'static str, does: &'static [Does]) -> Program {
    Program { name, version, does }
}

pub(super) const CERTTOOL: Program = program("certtool (GnuTLS)", "certtool --version", &[Sign]);
pub(super) const CHROMIUM: Program = program("Chromium", "chromium --version", &[LogIn]);
pub(super) const CURL: Program = program("curl with libp11", "curl --version", &[LogIn]);
pub(super) const FIREFOX: Program = program("Firefox", "firefox-esr --version", &[LogIn]);
pub(super) const GNUTLS_CLI: Program = program("gnutls-cli (GnuTLS)", "gnutls-cli --version", &[LogIn]);
pub(super) const JAVA: Program =
    program("Java: keytool, jarsigner", "java --version", &[List, Sign, Generate]);
pub(super) const LIBP11: Program =
    program("openssl with libp11", "dpkg-query -W -f ${Version} libengine-pkcs11-openssl", &[Sign]);
pub(super) const NSS: Program = program(
    "NSS: certutil, modutil, tstclnt",
    "dpkg-query -W -f ${Version} libnss3-tools",
    &[List, Sign, LogIn, Generate],
);
pub(super) const OPENVPN: Program = program("OpenVPN", "openvpn --version", &[List, LogIn]);
pub(super) const P11_KIT: Program = program("p11-kit", "dpkg-query -W -f ${Version} p11-kit", &[List]);
pub(super) const P11TOOL: Program = program("p11tool (GnuTLS)", "p11tool --version", &[List, Sign, Generate]);
pub(super) const PKCS11_PROVIDER: Program = program(
    "openssl with pkcs11-provider",
    "dpkg-query -W -f ${Version} pkcs11-provider",
    &[List, Sign, LogIn, Generate],
);
pub(super) const PKCS11_TOOL: Program =
    program("pkcs11-tool (OpenSC)", "dpkg-query -W -f ${Version} opensc", &[List, Sign, Generate]);
pub(super) const PYKCS11: Program =
    program("PyKCS11", "dpkg-query -W -f ${Version} python3-pykcs11", &[List, Sign]);
pub(super) const SSH: Program = program("ssh, ssh-agent", "ssh -V", &[LogIn]);
pub(super) const SSH_KEYGEN: Program = program("ssh-keygen", "ssh -V", &[List, Sign]);
pub(super) const STRONGSWAN: Program = program("strongSwan pki", "pki --help", &[Sign]);
pub(super) const SYSTEMD: Program = program("systemd-cryptenroll", "systemctl --version", &[List]);
pub(super) const WPA_SUPPLICANT: Program =
    program("wpa_supplicant with libp11", "dpkg-query -W -f ${Version} eapoltest", &[LogIn]);

/// All programs.
const ALL: [&Program; 19] = [
    &CERTTOOL,
    &CHROMIUM,
    &CURL,
    &FIREFOX,
    &GNUTLS_CLI,
    &JAVA,
    &LIBP11,
    &NSS,
    &OPENVPN,
    &P11_KIT,
    &P11TOOL,
    &PKCS11_PROVIDER,
    &PKCS11_TOOL,
    &PYKCS11,
    &SSH,
    &SSH_KEYGEN,
    &STRONGSWAN,
    &SYSTEMD,
    &WPA_SUPPLICANT,
];

impl Program {
    /// Records, for scripts/pkcs11, that the program did this with a key made with these options of `tpm2-keytool create`.
    #[track_caller]
    pub(super) fn passed(&self, does: Does, options: &str) {
        assert!(ALL.contains(&self), "{} is not in the list of programs", self.name);
        assert!(self.does.contains(&does), "{} {does:?} is not in the list of programs", self.name);
        if env::var_os("TPM2_PKCS11").is_none_or(|value| value != "all") {
            return;
        }
        let has: Vec<_> = self.does.iter().map(|does| format!("{does:?}")).collect();
        let version = tests::version(self.version);
        let (key, pin) = key(options);
        let line = format!("{}\t{version}\t{}\t{does:?}\t{key}\t{pin}\n", self.name, has.join(","));
        let folder = module::target().join("pkcs11");
        fs::create_dir_all(&folder).expect("a folder for the records");
        // One write: stories run in parallel.
        let file = OpenOptions::new().create(true).append(true).open(folder.join("passed"));
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("write a record");
    }
}

/// Returns the type of a key made with these options, and `PIN` if it has a password.
fn key(options: &str) -> (&str, &str) {
    let words: Vec<&str> = options.split_whitespace().collect();
    let curve = words.iter().skip_while(|word| **word != "-e").nth(1);
    (curve.copied().unwrap_or("RSA"), if words.contains(&"-k") { "PIN" } else { "-" })
}

#[test]
fn options_of_a_key_give_its_type_and_pin() {
    assert_eq!(key("-r"), ("RSA", "-"));
    assert_eq!(key("-e P-256 --da -k 1234"), ("P-256", "PIN"));
}

#[test]
fn the_table_has_a_row_for_each_program_and_a_dash_for_each_function_that_it_lacks() {
    let page = module::workspace().join("docs/pkcs11/programs.md");
    let text = fs::read_to_string(page).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let rows: Vec<Vec<&str>> =
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    for row in &rows {
        let program = ALL.iter().find(|program| program.name == row[0]);
        let program = program.unwrap_or_else(|| panic!("no story uses the program of the row {row:?}"));
        for (does, cell) in iter::zip(Does::ALL, &row[3..]) {
            assert_eq!(*cell == "–", !program.does.contains(&does), "{does:?}: {row:?}");
            assert_ne!(*cell, "", "{row:?}");
        }
        assert_eq!(row.len(), 3 + Does::ALL.len(), "{row:?}");
    }
    for program in ALL {
        assert_eq!(rows.iter().filter(|row| row[0] == program.name).count(), 1, "rows for {}", program.name);
    }
}
