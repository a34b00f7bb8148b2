//! RAUC signs update bundles.
use super::keys::{Form, PASSWORD};
use super::tried::{Outcome, Program};

const RAUC: Program = Program {
    name: "rauc",
    version: "rauc --version",
    forms: &Form::ALL,
    does: "a bundle that rauc verifies",
};

const MANIFEST: &str = "\
[update]
compatible=device
version=1
[bundle]
format=verity
[image.rootfs]
filename=rootfs.img
";

#[test]
#[ignore = "make programs"]
fn rauc() {
    RAUC.tried(|case| {
        let shell = case.openssl.shell();
        std::fs::create_dir_all(shell.file("input")).expect("a folder");
        shell.write("input/manifest.raucm", MANIFEST);
        // More than one block after compression.
        shell.ok("dd if=/dev/urandom of=input/rootfs.img bs=64k count=1");
        // RAUC does not overwrite a file.
        let _ = std::fs::remove_file(shell.file("update.raucb"));
        let shell = shell.clone().env("RAUC_KEY_PASSPHRASE", case.if_password(PASSWORD));
        let bundle = "rauc --cert=CERTIFICATE --key=KEY --keyring=AUTHORITY bundle input update.raucb";
        shell.ok(&case.fill(bundle));
        case.checked("rauc --keyring=AUTHORITY info update.raucb")
            .says("Verified inline signature by 'CN = localhost'");
        Outcome::Works
    });
}
