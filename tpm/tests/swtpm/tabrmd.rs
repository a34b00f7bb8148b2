//! Through tpm2-abrmd: threads work, and a forked child gets a hint at once.

use std::process::Command;
use std::time::{Duration, Instant};

use keyfile::{AlgId, HashAlg, KeyFile};
use tests::{Swtpm, Tabrmd};
use tpm::{ErrorKind, Tpm};

use crate::kit::{self, DIGEST, signs};
use crate::process::in_child;

const STORY: &str = "tabrmd::tabrmd_works_in_threads_and_a_forked_child_gets_a_hint";

#[test]
fn tabrmd_works_in_threads_and_a_forked_child_gets_a_hint() {
    // The address of the bus is an environment variable, so the key is used in another process.
    if let Some(file) = std::env::var_os("TABRMD_KEY") {
        return use_and_fork(&KeyFile::parse(&std::fs::read(file).unwrap()).unwrap());
    }
    let swtpm = Swtpm::start();
    let file = swtpm.scratch().file("key.tpm");
    std::fs::write(&file, kit::ec(&swtpm, Some("secret")).to_pem().unwrap()).unwrap();
    let tabrmd = Tabrmd::start(&swtpm);
    let mut user = Command::new(std::env::current_exe().unwrap());
    user.args(["--exact", STORY, "--nocapture"]);
    user.env("DBUS_SESSION_BUS_ADDRESS", tabrmd.bus_address()).env("TABRMD_KEY", file);
    let output = user.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn use_and_fork(file: &KeyFile) {
    let tpm = Tpm::new(kit::config("tabrmd:bus_type=session".to_owned()));
    let keys = [(); 4].map(|()| kit::open(&tpm, file, Some("secret")));
    std::thread::scope(|scope| {
        for key in &keys {
            scope.spawn(move || (0..5).for_each(|_| kit::check(key)));
        }
    });
    let start = Instant::now();
    in_child(|| {
        let error = keys[0].sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
        error.kind() == ErrorKind::Forked && error.to_string().contains("/dev/tpmrm0")
    })();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(signs(&keys[0]));
}
