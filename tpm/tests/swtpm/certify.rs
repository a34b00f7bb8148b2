//! Any key is certified by any attestation key, with passwords and policies.

use crypto::credential::credential;
use crypto::endorsement::templates;
use keyfile::policy::{Condition, Secret};
use keyfile::wire::Unmarshal;
use keyfile::{Attributes, Certification, CommandCode, Curve, Handle, HashAlg, KeyFile, Kind};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::Template;
use tpm::{Auth, ErrorKind, Key, Primary, Tpm};

use crate::kit::{self, OWNER};
use crate::policy_kit;

const NONCE: [u8; 20] = [9; 20];
const AT: Handle = Handle(0x8100_0200);

/// Makes an attestation key as a file.
fn signer(swtpm: &Swtpm, password: Option<&str>) -> KeyFile {
    let made = kit::direct(swtpm).create(&OWNER, &kit::restricted(), password.map(Auth::new).as_ref());
    let made = made.unwrap();
    let mut file = KeyFile::new(Kind::Loadable, OWNER.handle, made.public, made.private);
    file.empty_auth = password.is_none();
    file
}

/// Checks that the signer certifies the key.
#[track_caller]
fn assert_certified(key: &Key, signer: &Key) {
    let certified = key.certify(signer, &NONCE).unwrap();
    assert_eq!((&certified.public, &certified.signer), (key.public(), signer.public()));
    let digest = HashAlg::Sha256.digest(&[&certified.statement]);
    kit::verify_digest(&certified.signer, &certified.signature, &digest);
    let statement = Certification::from_bytes(&certified.statement).unwrap();
    assert_eq!((&statement.name, statement.extra_data.as_slice()), (key.name(), &NONCE[..]));
}

/// Opens every kind of key: with and without a password, in a file and persistent, used by a policy.
fn keys(swtpm: &Swtpm, tpm: &Tpm) -> Vec<Key> {
    let files = [
        (kit::ec(swtpm, None), None),
        (kit::rsa(swtpm, Some("subject")), Some("subject")),
        (kit::protected(swtpm, "subject"), Some("subject")),
        (policy_kit::make(swtpm, HashAlg::Sha256, &[Condition::AuthValue], Some("subject")), Some("subject")),
        (
            policy_kit::make(
                swtpm,
                HashAlg::Sha256,
                &[policy_kit::pcr(tpm, HashAlg::Sha256, "sha256:3")],
                None,
            ),
            None,
        ),
    ];
    // The values of the policy are no longer those of the PCR: a certification needs none.
    policy_kit::extend(swtpm, 3);
    files.into_iter().map(|(file, password)| kit::open(tpm, &file, password)).collect()
}

#[test]
fn every_key_is_certified_by_every_attestation_key() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    kit::persist(&swtpm, b"subject", Attributes::USER_WITH_AUTH, 0x8100_0100);
    let mut keys = keys(&swtpm, &tpm);
    keys.push(Key::persistent(&tpm, Handle(0x8100_0100), Some(Auth::new("subject"))).unwrap());
    kit::open(&tpm, &signer(&swtpm, Some("signer")), Some("signer")).persist(AT, None).unwrap();
    let by_policy = {
        let statement = Condition::AuthValue.statement().unwrap();
        let digest = keyfile::policy::digest([&statement], HashAlg::Sha256).unwrap();
        let mut template = kit::restricted();
        template.attributes = template.attributes.without(Attributes::USER_WITH_AUTH);
        template.auth_policy = digest;
        let made = kit::direct(&swtpm).create(&OWNER, &template, Some(&Auth::new("signer"))).unwrap();
        let mut file = KeyFile::new(Kind::Loadable, OWNER.handle, made.public, made.private);
        file.policy = Some(vec![statement]);
        file
    };
    let signers = [
        kit::open(&tpm, &signer(&swtpm, None), None),
        kit::open(&tpm, &signer(&swtpm, Some("signer")), Some("signer")),
        Key::persistent(&tpm, AT, Some(Auth::new("signer"))).unwrap(),
        kit::open(&tpm, &by_policy, Some("signer")),
    ];
    for signer in &signers {
        for key in &keys {
            assert_certified(key, signer);
        }
    }
    assert_eq!(swtpm.failures(), 0);
    for password in ["subject", "signer"] {
        assert!(!proxy.log().contains(password.as_bytes()), "{password} was sent in the clear");
    }
    drop((keys, signers));
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn keys_are_certified_through_a_resource_manager() {
    let swtpm = Swtpm::start();
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let signer = kit::open(&tpm, &signer(&swtpm, Some("signer")), Some("signer"));
    for key in keys(&swtpm, &tpm) {
        assert_certified(&key, &signer);
    }
}

#[test]
fn a_wrong_password_is_sent_once_and_is_of_the_right_key() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let (subject, file) = (kit::protected(&swtpm, "subject"), signer(&swtpm, Some("signer")));
    let right = (Some("subject"), Some("signer"));
    let cases =
        [(Some("wrong"), right.1, 1), (right.0, Some("wrong"), 0), (None, right.1, 0), (right.0, None, 0)];
    for (of_subject, of_signer, failures) in cases {
        let before = swtpm.failures();
        for again in [false, true] {
            let key = kit::open(&tpm, &subject, of_subject);
            let error = key.certify(&kit::open(&tpm, &file, of_signer), &NONCE).err().unwrap();
            let kind = match of_subject.and(of_signer) {
                Some(_) => ErrorKind::Authorization,
                None => ErrorKind::PasswordMissing,
            };
            assert_eq!(error.kind(), kind, "{of_subject:?} {of_signer:?} {again}: {error}");
        }
        assert_eq!(swtpm.failures(), before + failures, "{of_subject:?} {of_signer:?}");
    }
    assert_certified(&kit::open(&tpm, &subject, right.0), &kit::open(&tpm, &file, right.1));
    // A signer without a password is not blamed for the password of the key.
    let bare = kit::open(&tpm, &signer(&swtpm, None), None);
    let error = kit::open(&tpm, &subject, Some("other")).certify(&bare, &NONCE).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    assert_certified(&kit::open(&tpm, &subject, right.0), &bare);
}

#[test]
fn the_password_of_a_key_that_a_policy_of_pcrs_uses_is_needed_to_certify_it() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(9, 1000);
    let tpm = kit::direct(&swtpm);
    let ak = kit::open(&tpm, &signer(&swtpm, None), None);
    let pcr = policy_kit::pcr(&tpm, HashAlg::Sha256, "sha256:3");
    let template = Template::ecc(Curve::P256).dictionary_attack_protection(true);
    let file = policy_kit::make_of(&swtpm, template, HashAlg::Sha256, &[pcr], Some("subject"));
    let refused = |password| kit::open(&tpm, &file, password).certify(&ak, &NONCE).err().unwrap();
    // Its use needs no password.
    kit::check(&kit::open(&tpm, &file, None));
    let error = refused(None);
    assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
    assert_eq!(swtpm.failures(), 0, "{error}");
    for _ in 0..2 {
        let error = refused(Some("wrong"));
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
        assert!(error.to_string().contains("the password of the key is wrong"), "{error}");
        assert_eq!(swtpm.failures(), 1, "{error}");
    }
    assert_certified(&kit::open(&tpm, &file, Some("subject")), &ak);
    // The file says that the key has no password.
    let mut file = file;
    file.empty_auth = true;
    let error = kit::open(&tpm, &file, None).certify(&ak, &NONCE).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
}

#[test]
fn the_password_of_another_object_that_a_policy_uses_certifies_no_key() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let ak = kit::open(&tpm, &signer(&swtpm, None), None);
    swtpm.set_hierarchy_auth(raw::ENDORSEMENT, b"", b"endorsed");
    let other =
        Secret { hint: Handle::ENDORSEMENT, name: Handle::ENDORSEMENT.into(), policy_ref: Vec::new() };
    let file = |password| {
        let mut file =
            policy_kit::make(&swtpm, HashAlg::Sha256, &[Condition::Secret(other.clone())], password);
        file.empty_auth = false;
        file
    };
    let (open, own) = (file(None), file(Some("own")));
    [&open, &own].into_iter().for_each(|file| kit::check(&kit::open(&tpm, file, Some("endorsed"))));
    assert_certified(&kit::open(&tpm, &open, Some("endorsed")), &ak);
    for password in [Some("endorsed"), None] {
        let error = kit::open(&tpm, &own, password).certify(&ak, &NONCE).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        assert!(error.to_string().contains("another object's, which its policy uses"), "{error}");
    }
}

#[test]
fn a_broken_connection_during_a_certification_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let (key, signer) = (kit::ec(&swtpm, Some("subject")), signer(&swtpm, Some("signer")));
    let (key, signer) = (kit::open(&tpm, &key, Some("subject")), kit::open(&tpm, &signer, Some("signer")));
    assert_certified(&key, &signer);
    proxy.on_response(tests::tamper::hang_up(CommandCode::CERTIFY.0, 1));
    assert_certified(&key, &signer);
    proxy.remove_rules();
    drop((key, signer));
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn a_credential_is_opened_for_an_attestation_key_with_a_password() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &signer(&swtpm, Some("signer")), Some("signer"));
    for template in templates(&Template::ecc(Curve::P256).public().key).unwrap() {
        let ek = Primary { hierarchy: Handle::ENDORSEMENT, auth: None, template };
        let (public, _) = tpm.primary(&ek).unwrap();
        let made = credential(&public, key.name(), b"0123456789abcdef").unwrap();
        assert_eq!(key.activate(&ek, None, &made).unwrap().unwrap().as_slice(), b"0123456789abcdef");
        let other = credential(&public, tpm.primary(&ek).map(|made| made.1).as_ref().unwrap(), b"0").unwrap();
        assert!(key.activate(&ek, Some(&public.key), &other).is_err());
        assert!(key.activate(&ek, Some(key.public()).map(|public| &public.key), &made).unwrap().is_none());
    }
    drop(key);
    tpm.close();
    swtpm.assert_empty();
}
