//! osslsigncode: Authenticode signatures, for Windows and UEFI.
use super::keys::Form;
use super::sbsign;
use super::tried::{Outcome, Program};

const OSSLSIGNCODE: Program = Program {
    name: "osslsigncode",
    version: "osslsigncode --version",
    forms: &Form::ALL,
    does: "a signature that osslsigncode verifies",
};

#[test]
#[ignore = "make programs"]
fn osslsigncode() {
    OSSLSIGNCODE.tried(|case| {
        let (program, pass) = (sbsign::program(), case.if_password("-pass PASSWORD"));
        let output = case.openssl.file("signed.exe");
        // osslsigncode does not overwrite a file.
        let _ = std::fs::remove_file(output);
        case.ok(&format!(
            "osslsigncode sign -certs CERTIFICATE -key KEY {pass} -h sha256 -in {program} -out signed.exe"
        ));
        case.checked("osslsigncode verify -CAfile AUTHORITY -in signed.exe");
        Outcome::Works
    });
}
