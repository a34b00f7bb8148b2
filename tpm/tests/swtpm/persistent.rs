//! Keys at persistent handles: whether they have a password, whether they are still there, and the last try.

use keyfile::{AlgId, Attributes, Curve, Handle, HashAlg, Public};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};
use tpm::template::Template;
use tpm::{Auth, Config, ErrorKind, Key, Parent, Tpm};

use crate::kit::{self, DIGEST};

const HANDLE: u32 = 0x8100_0101;

/// Makes a signing key persistent.
fn persist(swtpm: &Swtpm, password: &[u8], attributes: Attributes) {
    kit::persist(swtpm, password, attributes, HANDLE);
}

fn evict(swtpm: &Swtpm) {
    swtpm.persist(HANDLE, HANDLE);
}

fn public(swtpm: &Swtpm) -> Public {
    kit::direct(swtpm).read_public(Handle(HANDLE)).unwrap().0
}

fn sign(key: &Key) -> Result<(), tpm::Error> {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).map(|answer| kit::verify(key.public(), &answer.value))
}

#[test]
fn one_command_tells_whether_there_is_a_password() {
    for (password, empty) in [(&b""[..], true), (b"secret", false)] {
        let swtpm = Swtpm::start();
        persist(&swtpm, password, Attributes::USER_WITH_AUTH | Attributes::NO_DA);
        let public = public(&swtpm);
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        assert_eq!(tpm.accepts_empty_auth(Handle(HANDLE), &public).unwrap(), empty);
        assert_eq!(proxy.log().len(), 1, "{}", proxy.log().text());
        assert_eq!(swtpm.failures(), 0);
        tpm.close();
        swtpm.assert_empty();
    }
}

#[test]
fn a_key_that_is_expected_is_looked_at_once() {
    let swtpm = Swtpm::start();
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let public = public(&swtpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = Key::expected(&tpm, Handle(HANDLE), public.clone(), Some(Auth::new("secret"))).unwrap();
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    sign(&key).unwrap();
    assert_eq!(kit::commands(&proxy), 4, "{}", proxy.log().text());
    sign(&key).unwrap();
    assert_eq!(kit::commands(&proxy), 5, "{}", proxy.log().text());

    // Another key in its place: neither a wrong password nor a signature by the wrong key.
    evict(&swtpm);
    let error = sign(&key).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoObject, "{error}");
    assert!(error.to_string().contains("removed"), "{error}");
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH | Attributes::NO_DA);
    for key in [key, Key::expected(&tpm, Handle(HANDLE), public, Some(Auth::new("secret"))).unwrap()] {
        let error = sign(&key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoObject, "{error}");
        assert!(error.to_string().contains("another key"), "{error}");
    }
    assert_eq!(swtpm.failures(), 0);
}

#[test]
fn a_stored_password_is_never_the_last_try() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(3, 1000);
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let tpm = kit::direct(&swtpm);
    let key = |tpm: &Tpm, auth| Key::persistent(tpm, Handle(HANDLE), Some(auth)).unwrap();
    // One key, used again and again: each use looks, until the password was right.
    let wrong = key(&tpm, Auth::stored("wrong"));
    for failures in 1..=2 {
        let error = sign(&wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
        assert_eq!(swtpm.failures(), failures);
    }
    let doubtful = [Some(Auth::stored("wrong")), Some(Auth::stored("secret")), None];
    for auth in doubtful {
        let error = sign(&Key::persistent(&tpm, Handle(HANDLE), auth).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
        let text = error.to_string();
        assert!(text.contains("1000 seconds") && text.contains("last-try"), "{text}");
    }
    assert_eq!(sign(&wrong).unwrap_err().kind(), ErrorKind::Lockout);
    assert_eq!(swtpm.failures(), 2, "not tried");
    // A parent is a key as well.
    let parent = swtpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    swtpm.persist(parent, 0x8100_0001);
    swtpm.flush(parent);
    let template = Template::ecc(Curve::P256).public();
    let under = |auth| Parent { handle: Handle(0x8100_0001), rsa: false, auth: Some(auth) };
    let error = tpm.create(&under(Auth::stored("parent")), &template, None).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
    tpm.create(&under(Auth::new("parent")), &template, None).unwrap();
    // Who types it may use the last try, and who says so in the configuration.
    sign(&key(&tpm, Auth::new("secret"))).unwrap();
    let bold = Tpm::new(Config { last_try: true, ..kit::config(swtpm.tcti()) });
    sign(&key(&bold, Auth::stored("secret"))).unwrap();
}

#[test]
fn each_stored_password_of_a_parent_is_looked_at_before_it_may_be_the_last_try() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(3, 1000);
    let parent = swtpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    swtpm.persist(parent, 0x8100_0001);
    swtpm.flush(parent);
    let tpm = kit::direct(&swtpm);
    let template = Template::ecc(Curve::P256).public();
    let create = |auth| {
        let parent = Parent { handle: Handle(0x8100_0001), rsa: false, auth };
        tpm.create(&parent, &template, None).err().map(|error| error.kind())
    };
    assert_eq!(create(Some(Auth::stored("parent"))), None);
    // On one connection: another password, and then none, which is wrong at each start of a service, too.
    for (failures, auth) in [(1, Some(Auth::stored("wrong"))), (2, None)] {
        assert_eq!(create(auth), Some(ErrorKind::ParentAuthorization));
        assert_eq!(swtpm.failures(), failures);
    }
    for auth in [Some(Auth::stored("wrong")), Some(Auth::stored("other")), None] {
        assert_eq!(create(auth), Some(ErrorKind::Lockout));
    }
    assert_eq!(swtpm.failures(), 2, "not tried");
    assert_eq!(create(Some(Auth::new("parent"))), None);
}
