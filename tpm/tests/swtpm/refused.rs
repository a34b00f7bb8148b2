//! A refused password is remembered: one try for a process and its children, for every use.

use std::thread;

use keyfile::policy::{Condition, Secret};
use keyfile::{AlgId, Attributes, Curve, Handle, HashAlg, KeyFile};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};
use tpm::template::Template;
use tpm::{Auth, Config, Error, ErrorKind, Key, Parent, Tpm};

use crate::kit::{self, DIGEST, OWNER};
use crate::policy_kit::make;
use crate::process::{alone, in_child};

const HANDLE: u32 = 0x8100_0101;
const PARENT: Parent = Parent { handle: Handle(0x8100_0001), ..OWNER };

fn sign(key: &Key) -> Result<(), Error> {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).map(|answer| kit::verify(key.public(), &answer.value))
}

/// Signs, and returns the error of a refused password.
#[track_caller]
fn refused(key: &Key) -> Error {
    let error = sign(key).unwrap_err();
    let kinds = [
        ErrorKind::Authorization,
        ErrorKind::PasswordMissing,
        ErrorKind::ParentAuthorization,
        ErrorKind::ParentPasswordMissing,
    ];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert!(error.response_code().is_some_and(|code| code & 0xbf == 0x8e), "{error}");
    error
}

#[test]
fn a_wrong_password_of_a_key_file_is_sent_once() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    let file = kit::protected(&swtpm, "secret");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, Some("wrong"));
    assert!(!refused(&key).is_remembered());
    proxy.log().clear();
    let other = kit::open(&tpm, &file, Some("wrong"));
    let elsewhere = kit::open(&kit::through(&proxy), &file, Some("wrong"));
    for key in [&key, &other, &elsewhere] {
        for _ in 0..10 {
            let error = refused(key);
            let text = error.to_string();
            assert!(
                error.is_remembered() && text.contains("refused before, and is not sent again"),
                "{text}"
            );
            assert!(text.contains("TPM_RC_AUTH_FAIL") && text.contains("give another password"), "{text}");
        }
    }
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    // Two alternating passwords are two tries, and the right one is used.
    for _ in 0..3 {
        refused(&kit::open(&tpm, &file, Some("worse")));
        refused(&key);
        kit::check(&kit::open(&tpm, &file, Some("secret")));
    }
    assert_eq!(swtpm.failures(), 2);
}

/// A file declares that its key has no password. Only tpm2_encodeobject 5.4 to 5.7 may mean the opposite.
#[test]
fn a_declared_empty_password_is_a_guess_only_if_the_flag_may_be_inverted() {
    let swtpm = Swtpm::start();
    let template = Template::ecc(Curve::P256).dictionary_attack_protection(true);
    let mut file = kit::make(&swtpm, &OWNER, template, None);
    // Longer than 255 bytes, so that the SEQUENCE begins with 0x30, 0x82 and two bytes of length.
    file.description = Some("long ".repeat(50));
    let der = file.to_der().unwrap();
    // emptyAuth, as DER writes it.
    let at = der.windows(5).position(|bytes| bytes == [0xa0, 3, 1, 1, 0xff]).unwrap();
    let mut inverted = der.clone();
    *inverted.get_mut(at + 4).unwrap() = 1;
    // Another tool writes rsaParent, although it is false: five bytes before the parent.
    let parent = der.windows(6).position(|bytes| bytes == [2, 4, 0x40, 0, 0, 1]).unwrap();
    let mut other = der.clone();
    other.splice(parent..parent, [0xa5, 3, 1, 1, 0]);
    let size = u16::try_from(other.len() - 4).unwrap().to_be_bytes();
    other.splice(2..4, size);
    let tpm = kit::direct(&swtpm);
    let key = |der: &[u8]| kit::open(&tpm, &KeyFile::from_der(der).unwrap(), None);
    // One more wrong password would lock the TPM.
    swtpm.set_dictionary_attack(1, 1000);
    let error = sign(&key(&inverted)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
    assert!(error.to_string().contains("the empty one is not tried"), "{error}");
    sign(&key(&other)).unwrap();
    assert_eq!(swtpm.failures(), 0);
}

#[test]
fn a_wrong_password_of_a_persistent_key_is_sent_once_per_reset() {
    let swtpm = Swtpm::start();
    kit::persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH, HANDLE);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let open = |auth: Option<&str>| Key::persistent(&tpm, Handle(HANDLE), auth.map(Auth::new)).unwrap();
    let [key, none] = [open(Some("wrong")), open(None)];
    refused(&key);
    proxy.log().clear();
    for _ in 0..10 {
        let error = refused(&key);
        assert!(error.to_string().contains("wait a minute"), "{error}");
        // The refusal of the other password shows that there is one.
        assert_eq!(refused(&none).kind(), ErrorKind::PasswordMissing);
    }
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    assert_eq!(swtpm.failures(), 1);
    sign(&open(Some("secret"))).unwrap();
    // A reset that is noticed, because the connection is new.
    tpm.close();
    swtpm.reset_and_startup();
    for failures in [2, 2] {
        refused(&key);
        assert_eq!(swtpm.failures(), failures);
    }
}

#[test]
fn a_replaced_persistent_key_costs_one_failed_try() {
    let swtpm = Swtpm::start();
    kit::persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH, HANDLE);
    let tpm = kit::direct(&swtpm);
    let key = Key::persistent(&tpm, Handle(HANDLE), Some(Auth::new("secret"))).unwrap();
    sign(&key).unwrap();
    swtpm.persist(HANDLE, HANDLE);
    kit::persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH | Attributes::ADMIN_WITH_POLICY, HANDLE);
    for _ in 0..5 {
        let error = sign(&key).unwrap_err();
        assert!(error.kind() == ErrorKind::NoObject && error.to_string().contains("another key"), "{error}");
        assert_eq!(swtpm.failures(), 1);
    }
    sign(&Key::persistent(&tpm, Handle(HANDLE), Some(Auth::new("secret"))).unwrap()).unwrap();
}

/// A missing password is not reported as a wrong one.
fn kind_of(parent_auth: Option<&str>) -> ErrorKind {
    parent_auth.map_or(ErrorKind::ParentPasswordMissing, |_| ErrorKind::ParentAuthorization)
}

#[test]
fn each_wrong_password_of_a_parent_is_sent_once() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    let parent = swtpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    swtpm.persist(parent, PARENT.handle.0);
    swtpm.flush(parent);
    let under = Parent { auth: Some(Auth::new("parent")), ..PARENT };
    let file = kit::make(&swtpm, &under, Template::ecc(Curve::P256), None);
    let proxy = Proxy::start(&swtpm);
    for (auth, failures) in [(Some("wrong"), 1), (None, 1), (Some("worse"), 2)] {
        let parent_auth = auth.map(Auth::new);
        let tpm = Tpm::new(Config { parent_auth, ..kit::config(proxy.tcti()) });
        let key = kit::open(&tpm, &file, None);
        for _ in 0..5 {
            let error = refused(&key);
            assert_eq!(error.kind(), kind_of(auth), "{error}");
        }
        proxy.log().clear();
        refused(&key);
        assert!(proxy.log().is_empty(), "{}", proxy.log().text());
        assert_eq!(swtpm.failures(), failures, "{auth:?}");
    }
    let tpm = Tpm::new(Config { parent_auth: under.auth, ..kit::config(proxy.tcti()) });
    kit::check(&kit::open(&tpm, &file, None));
}

#[test]
fn a_wrong_hierarchy_password_is_sent_twice_per_reset() {
    let swtpm = Swtpm::start();
    swtpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let template = Template::ecc(Curve::P256).public();
    let make = |auth: Option<&str>| {
        let error = tpm.create(&Parent { auth: auth.map(Auth::new), ..OWNER }, &template, None).err();
        error.map(|error| (error.kind(), error.is_remembered()))
    };
    for auth in [Some("wrong"), None] {
        // The first command may have been altered in transit, and a failure does not count.
        assert_eq!(make(auth), Some((kind_of(auth), false)));
        assert_eq!(make(auth), Some((kind_of(auth), false)));
        proxy.log().clear();
        assert_eq!(make(auth), Some((kind_of(auth), true)));
        assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    }
    assert_eq!(make(Some("owner")), None);
    tpm.close();
    swtpm.reset_and_startup();
    swtpm.set_hierarchy_auth(raw::OWNER, b"owner", b"");
    assert_eq!(make(None), None);
}

#[test]
fn a_wrong_password_of_a_policy_entity_is_sent_once() {
    let swtpm = Swtpm::start();
    let handle = swtpm.create_primary_with(b"object", raw::DA_PROTECTED);
    swtpm.persist(handle, 0x8100_0005);
    swtpm.flush(handle);
    let (_, name) = kit::direct(&swtpm).read_public(Handle(0x8100_0005)).unwrap();
    let secret =
        |hint| Condition::Secret(Secret { hint: Handle(hint), name: name.clone(), policy_ref: Vec::new() });
    let files: Vec<KeyFile> = [0x8100_0005, 0]
        .map(|hint| {
            let mut file = make(&swtpm, HashAlg::Sha256, &[secret(hint)], None);
            file.empty_auth = false;
            file
        })
        .to_vec();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    refused(&kit::open(&tpm, &files[0], Some("wrong")));
    proxy.log().clear();
    for file in files.iter().chain(&files) {
        let error = refused(&kit::open(&tpm, file, Some("wrong")));
        assert!(error.to_string().contains("refused before"), "{error}");
    }
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    files.iter().for_each(|file| kit::check(&kit::open(&tpm, file, Some("object"))));
    assert_eq!(swtpm.failures(), 1);
}

#[test]
fn a_forged_refusal_is_an_integrity_error() {
    let swtpm = Swtpm::start();
    let file = kit::protected(&swtpm, "secret");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, Some("secret"));
    kit::check(&key);
    // A refusal of a password that was accepted before is not trusted.
    let mut once = true;
    proxy.on_response(move |command, _| match raw::code(command) == raw::SIGN && std::mem::take(&mut once) {
        true => tests::Fate::Answer(raw::answer(0x98e)),
        false => tests::Fate::Pass,
    });
    assert_eq!(sign(&key).unwrap_err().kind(), ErrorKind::Integrity);
    kit::check(&key);
    assert_eq!(swtpm.failures(), 0);
}

#[test]
fn children_and_threads_send_a_wrong_password_once() {
    alone("refused::children_and_threads_send_a_wrong_password_once", || {
        let swtpm = Swtpm::start();
        let file = kit::protected(&swtpm, "secret");
        let tpm = kit::direct(&swtpm);
        let key = kit::open(&tpm, &file, Some("wrong"));
        // The password is not tried before the fork; each child has several threads.
        let child = || {
            let many = thread::scope(|scope| {
                let sign = || (0..10).all(|_| sign(&key).unwrap_err().kind() == ErrorKind::Authorization);
                let threads: Vec<_> = (0..2).map(|_| scope.spawn(sign)).collect();
                threads.into_iter().all(|thread| thread.join().unwrap_or(false))
            });
            // The child exits by _exit, without its exit handlers.
            tpm.close();
            many
        };
        let children: Vec<_> = (0..4).map(|_| in_child(child)).collect();
        children.into_iter().for_each(|wait| wait());
        assert!(refused(&key).is_remembered());
        assert_eq!(swtpm.failures(), 1);
    });
}
