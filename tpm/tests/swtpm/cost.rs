//! The number of commands that operations cost.

use keyfile::{AlgId, Attributes, Curve, Handle, HashAlg};
use tests::raw::Tpm as _;
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::Template;
use tpm::{Auth, Key, Parent};

use crate::kit::{self, DIGEST, OWNER};

/// Returns the names of the commands, for a readable failure.
fn names(codes: &[u32]) -> Vec<String> {
    codes.iter().map(|&code| keyfile::CommandCode(code).to_string()).collect()
}

fn persist_root(swtpm: &Swtpm) -> Parent {
    let handle = swtpm.create_primary();
    swtpm.persist(handle, 0x8100_0001);
    swtpm.flush(handle);
    Parent { handle: Handle(0x8100_0001), ..OWNER }
}

#[test]
fn nothing_is_sent_before_the_first_operation() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, None);
    assert_eq!(key.public(), &file.public);
    drop(key);
    drop(tpm);
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
}

#[test]
fn a_key_under_a_persistent_parent_costs_four_commands_then_one() {
    let swtpm = Swtpm::start();
    let parent = persist_root(&swtpm);
    for password in [None, Some("secret")] {
        let file = kit::make(&swtpm, &parent, Template::ecc(Curve::P256), password);
        let proxy = Proxy::start(&swtpm);
        let key = kit::open(&kit::through(&proxy), &file, password);
        kit::check(&key);
        let sent = names(&proxy.log().codes());
        assert_eq!(sent, ["TPM2_ReadPublic", "TPM2_StartAuthSession", "TPM2_Load", "TPM2_Sign"]);
        kit::check(&key);
        kit::check(&key);
        assert_eq!(proxy.log().len(), 6, "{}", proxy.log().text());
    }
}

#[test]
fn a_key_under_a_hierarchy_costs_at_most_five_commands_and_one_derivation() {
    let swtpm = Swtpm::start();
    let files: Vec<_> = (0..4).map(|_| kit::ec(&swtpm, Some("secret"))).collect();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let keys: Vec<_> = files.iter().map(|file| kit::open(&tpm, file, Some("secret"))).collect();
    kit::check(&keys[0]);
    assert!(proxy.log().len() <= 5, "{}", proxy.log().text());
    let first = proxy.log().len();
    kit::check(&keys[0]);
    assert_eq!(proxy.log().len(), first + 1);
    for key in keys.iter().chain(&keys) {
        kit::check(key);
    }
    assert_eq!(proxy.log().count(tests::raw::CREATE_PRIMARY), 1, "{}", proxy.log().text());
    assert_eq!(proxy.log().count(tests::raw::START_AUTH_SESSION), 1);
}

#[test]
fn a_shared_tpm_keeps_no_parent_loaded() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let proxy = Proxy::start(&swtpm);
    let tpm = tpm::Tpm::new(kit::config(proxy.swtpm_tcti()));
    let key = kit::open(&tpm, &file, None);
    kit::check(&key);
    // One more than with a TPM of its own: the parent is flushed at once. And one to see that it has no persistent copy.
    assert!(proxy.log().len() <= 6, "{}", proxy.log().text());
    assert_eq!(swtpm.transient().len(), 1);
}

#[test]
fn a_persistent_key_costs_five_commands() {
    let swtpm = Swtpm::start();
    kit::persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH | Attributes::NO_DA, 0x8100_0101);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = Key::persistent(&tpm, Handle(0x8100_0101), Some(Auth::new("secret"))).unwrap();
    kit::check(&key);
    // The second ReadPublic is authenticated: it is bound to the Name that the first one returns.
    let sent = names(&proxy.log().codes());
    let read = "TPM2_ReadPublic";
    assert_eq!(sent, [read, "TPM2_CreatePrimary", "TPM2_StartAuthSession", read, "TPM2_Sign"]);
    // After a failure the session is not trusted any more: it is flushed, and the next use starts another.
    let error = key.ecdh_zgen(&[1; 32], &[1; 32]).unwrap_err();
    assert_eq!(error.kind(), tpm::ErrorKind::Tpm, "{error}");
    assert_eq!(proxy.log().len(), 7, "{}", proxy.log().text());
    kit::check(&key);
    assert_eq!(proxy.log().len(), 9, "{}", proxy.log().text());
}

#[test]
fn through_the_kernel_a_later_signature_costs_one_or_two_commands() {
    let swtpm = Swtpm::start();
    let parent = persist_root(&swtpm);
    for (parent, first) in [(&parent, 4), (&OWNER, 5)] {
        for (password, later) in [(None, 1), (Some("secret"), 2)] {
            let file = kit::make(&swtpm, parent, Template::ecc(Curve::P256), password);
            let manager = ResourceManager::start(&swtpm, Options::default());
            let key = kit::open(&kit::managed(&manager), &file, password);
            let answer = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap();
            kit::verify(key.public(), &answer.value);
            assert_eq!(answer.authenticated, password.is_some());
            assert!(manager.log().len() <= first, "{}", manager.log().text());
            for _ in 0..3 {
                manager.log().clear();
                kit::check(&key);
                assert_eq!(manager.log().len(), later, "{}", manager.log().text());
            }
            assert!(manager.refused().is_empty());
        }
    }
}

#[test]
fn a_hierarchy_password_costs_three_more_commands() {
    let swtpm = Swtpm::start();
    swtpm.set_hierarchy_auth(tests::raw::OWNER, b"", b"owner");
    let parent = Parent { auth: Some(Auth::new("owner")), ..OWNER };
    let file = kit::make(&swtpm, &parent, Template::ecc(Curve::P256), None);
    let proxy = Proxy::start(&swtpm);
    let config = tpm::Config { parent_auth: parent.auth, ..kit::config(proxy.tcti()) };
    let tpm = tpm::Tpm::new(config);
    kit::check(&kit::open(&tpm, &file, None));
    assert!(proxy.log().len() <= 8, "{}", proxy.log().text());
    assert!(!proxy.log().contains(b"owner"));
}
