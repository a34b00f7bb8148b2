//! sbsign: signs programs of UEFI for Secure Boot.
use std::fs;

use super::keys::Form;
use super::tried::{Outcome, Program};

const SBSIGN: Program = Program {
    name: "sbsign",
    version: "sbsign --version",
    forms: &Form::WITHOUT_PASSWORD,
    does: "a signature that sbverify verifies",
};

/// A program of UEFI: systemd-boot.
pub(super) fn program() -> String {
    let folder = "/usr/lib/systemd/boot/efi";
    let entries = fs::read_dir(folder).expect("systemd-boot is missing: run scripts/deps programs");
    let mut names = entries.map(|entry| entry.expect("an entry").path().display().to_string());
    names.find(|name| name.contains("systemd-boot") && name.ends_with(".efi")).expect("systemd-boot*.efi")
}

#[test]
#[ignore = "make programs"]
fn sbsign() {
    SBSIGN.tried(|case| {
        case.ok(&format!("sbsign --key KEY --cert CERTIFICATE --output signed.efi {}", program()));
        case.checked("sbverify --cert AUTHORITY signed.efi");
        Outcome::Works
    });
}
