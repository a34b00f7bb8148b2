//! `status`: the TPM in words, and what to do about what is wrong; truthful when there is none.

use tests::raw::{self, Tpm as _};
use tests::{Options, ResourceManager, Swtpm};

use crate::keytool::Desk;

#[test]
fn a_new_tpm_is_well() {
    let desk = Desk::new();
    let told = desk.run("tpm2-keytool status").ok();
    for part in [
        "IBM",
        "TPM 2.0",
        "P-256",
        "2048",
        "sha256",
        "context gap",
        "open: 0 wrong passwords",
        "none at 0x81000001",
    ] {
        assert!(told.out().contains(part), "{part}: {told}");
    }
    assert!(told.out().contains("TPM2_TCTI") && told.out().contains("port="), "{told}");
    let explicit = desk.run(&format!("tpm2-keytool status --tcti {}", desk.tpm.tcti())).ok();
    assert!(explicit.out().contains("parameter tcti"), "{explicit}");
    desk.assert_tidy();
}

#[test]
fn what_is_wrong_has_its_remedy() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary();
    desk.tpm.persist(parent, 0x8100_0001);
    desk.run("tpm2-keytool status").ok().says("present at 0x81000001").says("all is well");
    for _ in 0..2 {
        let _ = desk.tpm.create_primary();
    }
    desk.run("tpm2-keytool status").ok().says("all object places are taken").says("tpm2_flushcontext -t");
    desk.others("tpm2_flushcontext -t");
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.run("tpm2-keytool status").ok().says("owner set").says("--passparent");
    for _ in 0..3 {
        let _ = desk.tpm.start_session();
    }
    desk.run("tpm2-keytool status").ok().says("all session places are taken").says("tpm2_flushcontext -l");
}

#[test]
fn no_tpm_at_all_is_said_and_fails() {
    let desk = Desk::new();
    let (tcti, port) = (desk.tpm.tcti(), desk.tpm.port());
    drop(desk.tpm);
    let desk = Desk::by(Swtpm::start(), &tcti);
    desk.run("tpm2-keytool status").failed().says("TPM2_TCTI").says(&port.to_string());
    let output = desk.run("tpm2-keytool status --tcti device:/dev/no-such-tpm").failed();
    output.says("/dev/no-such-tpm").says("firmware");
}

#[test]
fn behind_a_resource_manager() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let desk = Desk::by(tpm, &manager.tcti());
    desk.run("tpm2-keytool status").ok().says("all is well");
    desk.run("create_tpm2_key -e P-256 -k secret key.tpm").ok();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key -w ec.pem key.tpm").ok();
    desk.assert_tidy();
}
