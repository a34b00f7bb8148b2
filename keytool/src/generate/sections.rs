//! The sections of a manual page after the options: exit status, environment, files, examples.

use tpm::config::Setting;

use super::examples;
use crate::exit::Exit;

/// Returns the sections of a page in roff (groff_man(7)).
pub(super) fn of(page: &str) -> String {
    let examples: String = examples::of(page).map(|(what, command)| example(what, command)).collect();
    [
        section("EXIT STATUS", &exit_status()),
        section("ENVIRONMENT", &environment()),
        section("FILES", &rows(FILES)),
        section("EXAMPLES", &examples),
        section("SEE ALSO", ".BR provider\\-tpm2 (7),\n.BR tpm2\\-keytool (1)\n"),
    ]
    .concat()
}

const VARIABLES: &[(&str, &str)] = &[
    (
        "OPENSSL_CONF",
        "The openssl.cnf with the provider's section, which contains the settings. Default: the system-wide one.",
    ),
    ("TPM2OPENSSL_TCTI, TPM2TOOLS_TCTI, TCTI", "The TPM to use, if neither tcti nor TPM2_TCTI is set."),
    ("TPM_INTERFACE_TYPE", "The TPM to use, for users of IBM's TSS, with its other variables."),
    ("TPM2OPENSSL_PARENT_AUTH", "The password of a persistent parent, if no setting gives one."),
    (
        "TPM2_PKCS11_CONF, OPENSSL_PKCS11_CONF",
        "The configuration of the PKCS#11 module, which the subcommand token reads.",
    ),
    (
        "TPM2_TRACE",
        "1: print each TPM command on stderr. A path: append them to this file. The trace contains no secrets.",
    ),
];

const FILES: &[(&str, &str)] = &[
    ("openssl.cnf", "The settings, in the provider's section; provider-tpm2(7) describes them."),
    (
        "~/.config/tpm2-keyfiles/pkcs11.conf, /etc/tpm2-keyfiles/pkcs11.conf",
        "The configuration of the PKCS#11 module, if no variable names another.",
    ),
    ("/dev/tpmrm0, /dev/tpm0", "The TPM, if no setting names another."),
];

fn environment() -> String {
    let setting = |setting: &Setting| {
        row(&setting.variable(), &format!("The setting {}, if openssl.cnf does not set it.", setting.name()))
    };
    rows(VARIABLES) + &Setting::ALL.iter().map(setting).collect::<String>()
}

fn exit_status() -> String {
    let codes: String = Exit::ALL.iter().map(|(number, text)| row(&number.to_string(), text)).collect();
    codes + &row(Exit::SIGNAL.0, Exit::SIGNAL.1)
}

fn section(title: &str, body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(".SH \"{title}\"\n{body}") }
}

fn rows(rows: &[(&str, &str)]) -> String {
    rows.iter().map(|(name, text)| row(name, text)).collect()
}

fn row(name: &str, text: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(text))
}

fn example(what: &str, command: &str) -> String {
    format!("{}\n.PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n.PP\n", escaped(what), escaped(command))
}

/// Escapes text for roff. None of these texts begins with a dot or a quote.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
