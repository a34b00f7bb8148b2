//! Signed policies, and the check of what would pass.

use keyfile::policy::{Authorize, Condition, Secret, digest};
use keyfile::{AlgId, Attributes, CommandCode, Curve, Handle, HashAlg, KeyFile, Public};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};
use tpm::template::{Template, Usage};
use tpm::{Auth, ErrorKind, Key, Outcome, Signed, StatementPosition, Tpm};

use crate::kit::{self, OWNER};
use crate::policy_kit::{extend, make, make_of, pcr, refused};

/// A key that signs policies, and its public area as a policy contains it.
pub(crate) struct Signer {
    key: Key,
    public: Public,
}

impl Signer {
    pub(crate) fn new(swtpm: &Swtpm, tpm: &Tpm, hash: HashAlg) -> Self {
        let file = kit::make(swtpm, &OWNER, Template::ecc(Curve::P256).usage(Usage::Sign), None);
        let keyfile::PublicKey::Ecc { x, y, .. } = &file.public.key else { panic!("not EC") };
        let public = Template::wrapped_ecc(Curve::P256, x, y).name_alg(hash).usage(Usage::Sign).public();
        Self { key: kit::open(tpm, &file, None), public }
    }

    pub(crate) fn unsigned(&self) -> Authorize {
        Authorize {
            key: self.public.clone(),
            policy_ref: b"ref".to_vec(),
            signature: keyfile::Signature::Null,
        }
    }

    /// Returns a signed policy for a key with this name hash.
    pub(crate) fn sign(
        &self,
        hash: HashAlg,
        name: &str,
        conditions: &[Condition],
    ) -> keyfile::policy::AuthPolicy {
        let mut statements: Vec<_> = conditions.iter().map(|c| c.statement().unwrap()).collect();
        let mut authorize = self.unsigned();
        let signed = authorize.signed_digest(&digest(&statements, hash).unwrap());
        let by = self.public.name_alg;
        authorize.signature = self.key.sign(&signed, by, AlgId::ECDSA).unwrap().value;
        statements.push(Condition::Authorize(Box::new(authorize)).statement().unwrap());
        keyfile::policy::AuthPolicy { name: Some(name.into()), statements }
    }
}

#[test]
fn signed_policies_are_tried_in_order() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    for hash in HashAlg::ALL {
        let signer = Signer::new(&swtpm, &tpm, HashAlg::Sha256);
        let authorize = Condition::Authorize(Box::new(signer.unsigned()));
        let mut file = make(&swtpm, hash, &[authorize, Condition::Locality(1)], None);
        let error = refused(&kit::open(&tpm, &file, None));
        assert!(error.to_string().contains("policy add"), "{error}");

        let bad = pcr(&tpm, hash, "16");
        extend(&swtpm, 16);
        let good = pcr(&tpm, hash, "16");
        file.auth_policies = vec![
            signer.sign(hash, "locality", &[Condition::Locality(4)]),
            signer.sign(hash, "old", std::slice::from_ref(&bad)),
            signer.sign(hash, "new", &[good]),
        ];
        let proxy = Proxy::start(&swtpm);
        let through = kit::through(&proxy);
        let key = kit::open(&through, &file, None);
        kit::check(&key);
        assert_eq!(proxy.log().count(raw::LOAD_EXTERNAL), 2, "{}", proxy.log().text());
        kit::check(&key);
        assert_eq!(proxy.log().count(raw::LOAD_EXTERNAL), 2, "{}", proxy.log().text());
        drop((key, through));

        extend(&swtpm, 16);
        let error = refused(&kit::open(&tpm, &file, None));
        assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
        assert_eq!(error.policy_failures().len(), 3, "{error}");
        for text in ["none of 3 signed policies", "signed policy 3 (\"new\")", "PCR 16 (sha256) has changed"]
        {
            assert!(error.to_string().contains(text), "{error}");
        }
        // A signature by another key.
        let other_signer = Signer::new(&swtpm, &tpm, HashAlg::Sha256);
        let mut forged = other_signer.sign(hash, "forged", &[]);
        let Condition::Authorize(mut authorize) = forged.statements[0].condition().unwrap() else {
            panic!("not PolicyAuthorize")
        };
        authorize.key = signer.public.clone();
        forged.statements[0] = Condition::Authorize(authorize).statement().unwrap();
        file.auth_policies = vec![forged];
        let error = refused(&kit::open(&tpm, &file, None));
        assert!(error.to_string().contains("the signature of the policy is wrong"), "{error}");
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn the_next_signed_policy_proves_the_password_in_new_sessions() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let hash = HashAlg::Sha256;
    let signer = Signer::new(&swtpm, &tpm, hash);
    let conditions = [Condition::Authorize(Box::new(signer.unsigned())), Condition::AuthValue];
    let template = Template::ecc(Curve::P256).dictionary_attack_protection(true);
    let mut file = make_of(&swtpm, template, hash, &conditions, Some("secret"));
    let ways = [1, 3].map(|localities| [Condition::Locality(localities)]);
    file.auth_policies = ways.iter().map(|way| signer.sign(hash, "", way)).collect();
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
    // The TPM has signed, but a bus attacker answers that the policy has failed, or that a PCR was extended.
    for forged in [Some(0x99d), Some(0x128), Some(0x99d), None] {
        let mut once = forged;
        proxy.on_response(move |command, response| {
            let signed = raw::code(command) == raw::SIGN && raw::code(response) == 0;
            match once.take_if(|_| signed) {
                Some(code) => tests::Fate::Answer(raw::answer(code)),
                None => tests::Fate::Pass,
            }
        });
        proxy.log().clear();
        kit::check(&key);
        let signed = |entry: &tests::log::Exchange| {
            entry.code() == raw::SIGN && entry.response_code() != Some(raw::RETRY)
        };
        assert_eq!(proxy.log().all().into_iter().filter(signed).count(), 1 + usize::from(forged.is_some()));
        assert_eq!(swtpm.failures(), 0, "{}", proxy.log().text());
    }
    drop((key, tpm, signer));
    swtpm.assert_empty();
}

/// Returns PolicySecrets of two objects without their handles. Their passwords are "one" and "two".
fn secrets(swtpm: &Swtpm, tpm: &Tpm, attributes: [u32; 2]) -> [Condition; 2] {
    let [one, two] = attributes;
    [(b"one", 0x8100_0005, one), (b"two", 0x8100_0006, two)].map(|(password, handle, attributes)| {
        let made = swtpm.create_primary_with(password, attributes);
        swtpm.persist(made, handle);
        swtpm.flush(made);
        let (_, name) = tpm.read_public(Handle(handle)).unwrap();
        Condition::Secret(Secret { hint: Handle(0), name, policy_ref: password.to_vec() })
    })
}

#[test]
fn several_signed_policies_do_not_use_up_the_last_try() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let hash = HashAlg::Sha256;
    let signer = Signer::new(&swtpm, &tpm, hash);
    let another = raw::DA_PROTECTED | Attributes::ADMIN_WITH_POLICY.bits();
    let [one, two] = secrets(&swtpm, &tpm, [raw::DA_PROTECTED, another]);
    let template = Template::ecc(Curve::P256).dictionary_attack_protection(true);
    let authorize = Condition::Authorize(Box::new(signer.unsigned()));
    let mut file = make_of(&swtpm, template, hash, &[authorize], Some("secret"));
    let ways = [("one", one), ("two", two), ("own", Condition::AuthValue)];
    file.auth_policies = ways.map(|(name, condition)| signer.sign(hash, name, &[condition])).to_vec();
    let wrong = |file: &KeyFile| Key::from_file(&tpm, file.clone(), Some(Auth::new("wrong"))).unwrap();
    swtpm.set_dictionary_attack(3, 1000);
    let error = refused(&wrong(&file));
    assert_eq!((error.kind(), swtpm.failures()), (ErrorKind::Authorization, 2), "{error}");
    for text in ["signed policy 2 (\"two\")", "would lock the TPM", "last-try = allow"] {
        assert!(error.to_string().contains(text), "{error}");
    }
    // A path without a password is still tried.
    swtpm.set_dictionary_attack(5, 1000);
    file.auth_policies.push(signer.sign(hash, "open", &[Condition::Locality(1)]));
    kit::check(&wrong(&file));
    // Two entities have refused it before, so only the key itself is asked.
    assert_eq!(swtpm.failures(), 3);
    drop((tpm, signer));
    swtpm.assert_empty();
}

#[test]
fn a_password_refused_by_one_entity_is_tried_with_another() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let hash = HashAlg::Sha256;
    let signer = Signer::new(&swtpm, &tpm, hash);
    swtpm.set_dictionary_attack(9, 1000);
    let [one, other] = secrets(&swtpm, &tpm, [raw::STORAGE, raw::DA_PROTECTED]);
    let authorize = Condition::Authorize(Box::new(signer.unsigned()));
    let mut file = make(&swtpm, hash, &[authorize], Some("secret"));
    file.auth_policies = vec![
        signer.sign(hash, "one", &[one.clone(), other.clone()]),
        signer.sign(hash, "one again", &[Condition::Locality(1), one]),
        signer.sign(hash, "other", &[other]),
        signer.sign(hash, "own", &[Condition::AuthValue]),
    ];
    drop((tpm, signer));
    let proxy = Proxy::start(&swtpm);
    // No entity is asked twice: the first one refuses both passwords, the other one only the key's.
    for (password, passes) in [("two", true), ("secret", true), ("wrong", false)] {
        let through = kit::through(&proxy);
        let key = kit::open(&through, &file, Some(password));
        proxy.log().clear();
        assert_eq!(kit::signs(&key), passes, "{password}: {}", proxy.log().text());
        let asked = |entry: &tests::log::Exchange| {
            entry.code() == CommandCode::POLICY_SECRET.0 && entry.response_code() != Some(raw::RETRY)
        };
        assert_eq!(proxy.log().all().into_iter().filter(asked).count(), 2, "{password}");
    }
    swtpm.assert_empty();
}

#[test]
fn checking_a_policy_shows_what_would_pass() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let hash = HashAlg::Sha256;
    let signer = Signer::new(&swtpm, &tpm, HashAlg::Sha384);
    let authorize = Condition::Authorize(Box::new(signer.unsigned()));
    let conditions = [authorize, Condition::Locality(1), Condition::AuthValue];
    let mut file = make(&swtpm, hash, &conditions, Some("secret"));
    let old = pcr(&tpm, hash, "16");
    extend(&swtpm, 16);
    let new = pcr(&tpm, hash, "16");
    let sign = [Condition::Command(CommandCode::SIGN)];
    file.auth_policies = vec![
        signer.sign(hash, "old", &[Condition::Locality(2), old]),
        signer.sign(hash, "new", &[new]),
        signer.sign(hash, "sign", &sign),
    ];
    // Another key signs the last policy.
    file.auth_policies[2].statements[1] =
        Signer::new(&swtpm, &tpm, hash).sign(hash, "", &sign).statements[1].clone();
    let proxy = Proxy::start(&swtpm);
    let other = kit::through(&proxy);
    let found = other.check_policy(&file).unwrap();
    let outcomes: Vec<Vec<_>> =
        found.iter().map(|way| way.statements.iter().map(|s| s.outcome.clone()).collect()).collect();
    let no = |reason: &str| Outcome::Refused(reason.to_owned());
    let rest = [Outcome::Passes, Outcome::WithPassword];
    assert_eq!(
        outcomes[0][..2],
        [no("the command does not come from locality 1"), no("PCR 16 (sha256) has changed")]
    );
    assert_eq!(outcomes[0][2..], [&[Outcome::Passes][..], &rest].concat());
    assert_eq!(outcomes[1], [&[Outcome::Passes, Outcome::Passes][..], &rest].concat());
    assert_eq!(found[1].outcome(), Outcome::WithPassword);
    assert_eq!(found[1].statements[2].position, StatementPosition { signed: None, index: 1 });
    assert_eq!(found[1].signed, Some(Signed { index: 1, name: Some("new".into()) }));
    assert_eq!(outcomes[2][..2], [Outcome::DependsOnUse, Outcome::Passes]);
    assert_eq!(found[2].outcome(), no("the statements in the file do not lead to the policy of the key"));
    assert_eq!(proxy.log().count(raw::LOAD), 0, "{}", proxy.log().text());

    file.auth_policies.clear();
    let found = other.check_policy(&file).unwrap();
    assert_eq!(found[0].outcome(), no("no policy was signed for the key yet"));
    assert_eq!(other.check_policy(&kit::ec(&swtpm, None)).unwrap(), []);
    drop((tpm, signer, other));
    swtpm.assert_empty();
}
