//! The password of a key is changed: the new private area works with the new password only, and the former file is unchanged.

use keyfile::policy::Condition;
use keyfile::{Attributes, CommandCode, Curve, Handle, HashAlg, KeyFile, Kind};
use tests::raw::Tpm as _;
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::Template;
use tpm::{Auth, ErrorKind, Key, Parent, Tpm};

use crate::kit::{self, OWNER};
use crate::{import, policy_kit};

const NEW: &str = "another password";

/// Changes the password, and returns the new file.
#[track_caller]
fn changed(tpm: &Tpm, file: &KeyFile, old: Option<&str>) -> KeyFile {
    let private = kit::open(tpm, file, old).change_auth(&Auth::new(NEW)).unwrap();
    assert_ne!(private, file.private);
    file.with_private(private, false)
}

/// Checks that a file works with this password.
#[track_caller]
fn assert_works(tpm: &Tpm, file: &KeyFile, password: Option<&str>) {
    kit::check(&kit::open(tpm, file, password));
}

#[test]
fn a_password_is_changed_and_never_sent() {
    let swtpm = Swtpm::start();
    let root = swtpm.create_primary();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let signer = |password| kit::make(&swtpm, &OWNER, Template::ecc(Curve::P256), password);
    let files = [
        (signer(None), None),
        (signer(Some("old")), Some("old")),
        (kit::protected(&swtpm, "old"), Some("old")),
    ];
    for (file, old) in files {
        let new = changed(&tpm, &file, old);
        assert_works(&tpm, &new, Some(NEW));
        assert_works(&tpm, &file, old);
        let error = policy_kit::refused(&kit::open(&tpm, &new, Some("old")));
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    }
    // Under a persistent copy of the storage key, and under a persistent parent.
    swtpm.persist(root, 0x8100_0001);
    swtpm.flush(root);
    let file = signer(Some("old"));
    let fresh = kit::through(&proxy);
    assert_works(&fresh, &changed(&fresh, &file, Some("old")), Some(NEW));
    let under = Parent { handle: Handle(0x8100_0001), ..OWNER };
    let child = kit::make(&swtpm, &under, Template::ecc(Curve::P256), Some("old"));
    assert_works(&fresh, &changed(&fresh, &child, Some("old")), Some(NEW));
    for password in ["old", NEW] {
        assert!(!proxy.log().contains(password.as_bytes()), "{password} was sent in the clear");
    }
    tpm.close();
    fresh.close();
    swtpm.assert_empty();
}

#[test]
fn keys_with_a_policy_and_imported_keys_get_a_password() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let file = policy_kit::make(&swtpm, HashAlg::Sha256, &[Condition::AuthValue], Some("old"));
    let new = changed(&tpm, &file, Some("old"));
    assert_works(&tpm, &new, Some(NEW));
    let error = policy_kit::refused(&kit::open(&tpm, &new, Some("old")));
    assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    let imported = import::p256(&tpm);
    assert_works(&tpm, &changed(&tpm, &imported, None), Some(NEW));
    // An empty password removes it.
    let private = kit::open(&tpm, &new, Some(NEW)).change_auth(&Auth::new("")).unwrap();
    assert_works(&tpm, &new.with_private(private, true), None);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn a_wrong_password_is_sent_once() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    let tpm = kit::direct(&swtpm);
    let file = kit::protected(&swtpm, "old");
    for _ in 0..3 {
        let error = kit::open(&tpm, &file, Some("wrong")).change_auth(&Auth::new(NEW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    }
    assert_eq!(swtpm.failures(), 1);
    let error = kit::open(&tpm, &file, None).change_auth(&Auth::new(NEW)).unwrap_err();
    assert_eq!((error.kind(), swtpm.failures()), (ErrorKind::PasswordMissing, 1), "{error}");
}

#[test]
fn keys_that_cannot_change_are_refused_before_a_command_is_sent() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    kit::persist(&swtpm, b"old", Attributes::USER_WITH_AUTH, 0x8100_0100);
    let mut template = Template::ecc(Curve::P256).public();
    template.attributes = template.attributes.union(Attributes::ADMIN_WITH_POLICY);
    let made = kit::direct(&swtpm).create(&OWNER, &template, Some(&Auth::new("old"))).unwrap();
    let mut file = KeyFile::new(Kind::Loadable, OWNER.handle, made.public, made.private);
    file.empty_auth = false;
    let tpm = kit::through(&proxy);
    let persistent = Key::persistent(&tpm, Handle(0x8100_0100), Some(Auth::new("old"))).unwrap();
    let before = kit::commands(&proxy);
    for key in [kit::open(&tpm, &file, Some("old")), persistent] {
        let error = key.change_auth(&Auth::new(NEW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.advice().is_some(), "{error}");
    }
    assert_eq!(kit::commands(&proxy), before);
}

#[test]
fn a_password_is_changed_after_a_reset_and_a_broken_connection() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &kit::ec(&swtpm, Some("old")), Some("old"));
    let works = || {
        let private = key.change_auth(&Auth::new(NEW)).unwrap();
        assert_works(&tpm, &key.file().unwrap().with_private(private, false), Some(NEW));
    };
    works();
    swtpm.reset_and_startup();
    works();
    proxy.hang_up();
    works();
    proxy.on_response(tests::tamper::hang_up(CommandCode::OBJECT_CHANGE_AUTH.0, 1));
    works();
    proxy.remove_rules();
    drop(key);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn a_password_is_changed_through_a_resource_manager() {
    let swtpm = Swtpm::start();
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let file = kit::ec(&swtpm, Some("old"));
    assert_works(&tpm, &changed(&tpm, &file, Some("old")), Some(NEW));
}
