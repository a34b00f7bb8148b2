//! Keys at persistent handles: their passwords, their replacement, and the last try.

use keyfile::policy::Condition;
use keyfile::{AlgId, Attributes, Curve, Handle, HashAlg, Public};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm, tamper};
use tpm::template::Template;
use tpm::{Auth, Config, ErrorKind, Key, Parent, Protection, Tpm};

use crate::kit::{self, DIGEST};
use crate::policy_kit::make;

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
fn one_command_shows_whether_a_key_has_a_password() {
    // After a refusal the key at the handle is checked, and the TPM's clock is read. The second refusal is remembered.
    for (password, empty, commands) in [(&b""[..], true, [1; 3]), (b"secret", false, [3, 3, 0])] {
        let swtpm = Swtpm::start();
        persist(&swtpm, password, Attributes::USER_WITH_AUTH | Attributes::NO_DA);
        let public = public(&swtpm);
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        for expected in commands {
            proxy.log().clear();
            assert_eq!(tpm.accepts_empty_auth(Handle(HANDLE), &public).unwrap(), empty);
            assert_eq!(proxy.log().len(), expected, "{}", proxy.log().text());
        }
        assert_eq!(swtpm.failures(), 0);
        tpm.close();
        swtpm.assert_empty();
    }
}

/// The nonce in the answer to StartAuthSession, which the password is proven with, is damaged.
#[test]
fn a_session_that_was_damaged_is_no_wrong_password() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let public = public(&swtpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = |word: &str| {
        Key::persistent_unverified(&tpm, Handle(HANDLE), public.clone(), Some(Auth::new(word))).unwrap()
    };
    let (right, wrong) = (key("secret"), key("wrong"));
    proxy.on_response(tamper::flip_bit(raw::START_AUTH_SESSION, 0, 8 * 20));
    let error = sign(&right).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}\n{}", proxy.log().text());
    proxy.remove_rules();
    // The next operation starts another session.
    sign(&right).unwrap_or_else(|error| panic!("{error}\n{}", proxy.log().text()));
    tpm.close();
    // A wrong one is still wrong, in a session that nothing has proven, and sent once.
    for _ in 0..2 {
        assert_eq!(sign(&wrong).unwrap_err().kind(), ErrorKind::Authorization);
    }
    // The damaged one, and the wrong one.
    assert_eq!(swtpm.failures(), 2);
    sign(&right).unwrap();
    tpm.close();
    swtpm.assert_empty();
}

/// After a refusal, GetRandom tests the session. Only an authentic answer shows that the password is wrong.
#[test]
fn a_session_whose_test_is_not_authentic_proves_no_wrong_password() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let public = public(&swtpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let auth = Some(Auth::new("wrong"));
    let wrong = Key::persistent_unverified(&tpm, Handle(HANDLE), public, auth).unwrap();
    for bit in [8 * 16, 8 * 40] {
        tpm.close();
        proxy.log().clear();
        proxy.on_response(tamper::flip_bit(raw::GET_RANDOM, 0, bit));
        assert_eq!(sign(&wrong).unwrap_err().kind(), ErrorKind::Integrity, "{}", proxy.log().text());
        assert_eq!(proxy.log().count(raw::GET_RANDOM), 1, "{}", proxy.log().text());
    }
    proxy.remove_rules();
    for _ in 0..2 {
        assert_eq!(sign(&wrong).unwrap_err().kind(), ErrorKind::Authorization);
    }
    assert_eq!(swtpm.failures(), 3);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn an_unverified_key_is_verified_once() {
    let swtpm = Swtpm::start();
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let public = public(&swtpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key =
        Key::persistent_unverified(&tpm, Handle(HANDLE), public.clone(), Some(Auth::new("secret"))).unwrap();
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    sign(&key).unwrap();
    // One more the first time: the lockout counters, for a password that might be the last try.
    assert_eq!(kit::commands(&proxy), 5, "{}", proxy.log().text());
    sign(&key).unwrap();
    assert_eq!(kit::commands(&proxy), 6, "{}", proxy.log().text());

    // Another key at the handle: this is neither a wrong password nor a signature by the wrong key.
    evict(&swtpm);
    let error = sign(&key).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoObject, "{error}");
    assert!(error.to_string().contains("removed"), "{error}");
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH | Attributes::NO_DA);
    for key in
        [key, Key::persistent_unverified(&tpm, Handle(HANDLE), public, Some(Auth::new("secret"))).unwrap()]
    {
        let error = sign(&key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoObject, "{error}");
        assert!(error.to_string().contains("another key"), "{error}");
    }
    assert_eq!(swtpm.failures(), 0);
}

#[test]
fn an_unproven_password_is_never_the_last_try() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(2, 1000);
    persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH);
    let tpm = kit::direct(&swtpm);
    let key = |tpm: &Tpm, auth| Key::persistent(tpm, Handle(HANDLE), auth).unwrap();
    let proven = key(&tpm, Some(Auth::new("secret")));
    sign(&proven).unwrap();
    let wrong = sign(&key(&tpm, Some(Auth::new("wrong")))).unwrap_err();
    assert_eq!((wrong.kind(), swtpm.failures()), (ErrorKind::Authorization, 1), "{wrong}");
    // The origin of the password does not matter: a callback may read it from a file.
    let error = sign(&key(&tpm, Some(Auth::new("another")))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
    let text = error.to_string();
    assert!(text.contains("1000 seconds") && text.contains("last-try"), "{text}");
    // A parent is protected as well.
    let parent = swtpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    swtpm.persist(parent, 0x8100_0001);
    swtpm.flush(parent);
    let template = Template::ecc(Curve::P256).public();
    let under = |auth| Parent { handle: Handle(0x8100_0001), storage: tpm::template::Storage::P256, auth };
    for auth in [Some(Auth::new("parent")), None] {
        let error = tpm.create(&under(auth), &template, None).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
    }
    assert_eq!(swtpm.failures(), 1, "not tried");
    // Every key of the process uses a proven password.
    sign(&proven).unwrap();
    sign(&key(&tpm, Some(Auth::new("secret")))).unwrap();
    let with_last_try = Tpm::new(Config { allow_last_try: true, ..kit::config(swtpm.tcti()) });
    with_last_try.create(&under(Some(Auth::new("parent"))), &template, None).unwrap();
    tpm.create(&under(Some(Auth::new("parent"))), &template, None).unwrap();
}

#[test]
fn a_key_is_persisted_and_unpersisted_although_the_answer_is_lost() {
    let swtpm = Swtpm::start();
    let handle = Handle(HANDLE);
    // The policy is not needed: no policy session is started.
    let locality = [Condition::Locality(1)];
    let files = [kit::ec(&swtpm, None), make(&swtpm, HashAlg::Sha256, &locality, None)];
    let proxy = Proxy::start(&swtpm);
    for file in files {
        let tpm = kit::through(&proxy);
        let key = kit::open(&tpm, &file, None);
        key.persist(handle, None).unwrap();
        assert_eq!(proxy.log().count(raw::START_AUTH_SESSION), 1, "{}", proxy.log().text());
        key.unpersist(handle, None).unwrap();
        proxy.on_response(tamper::hang_up(raw::EVICT_CONTROL, 1));
        key.persist(handle, None).unwrap();
        proxy.remove_rules();
        assert_eq!(tpm.read_public(handle).unwrap().1, *key.name());
        // It is persistent already, and no answer was lost.
        let error = key.persist(handle, None).unwrap_err();
        assert!(error.to_string().contains("a handle that is free"), "{error}");
        proxy.on_response(tamper::hang_up(raw::EVICT_CONTROL, 1));
        key.unpersist(handle, None).unwrap();
        proxy.remove_rules();
        assert_eq!(tpm.read_public(handle).unwrap_err().kind(), ErrorKind::NoObject);
        assert_eq!(key.unpersist(handle, None).unwrap_err().kind(), ErrorKind::NoObject);
        drop(key);
        tpm.close();
        swtpm.assert_empty();
        proxy.log().clear();
    }
}

#[test]
fn another_key_at_the_handle_is_not_evicted() {
    let swtpm = Swtpm::start();
    persist(&swtpm, b"", Attributes::USER_WITH_AUTH);
    let file = kit::ec(&swtpm, None);
    for session in [Protection::default(), Protection::Password] {
        let tpm = Tpm::new(Config { session, ..kit::config(swtpm.tcti()) });
        let error = kit::open(&tpm, &file, None).unpersist(Handle(HANDLE), None).unwrap_err();
        assert!(error.kind() == ErrorKind::NoObject && error.to_string().contains("another key"), "{error}");
        tpm.read_public(Handle(HANDLE)).unwrap();
    }
}
