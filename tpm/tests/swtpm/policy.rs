//! Policies: what they let pass, what they refuse and how they say so, and what they leave behind.

use keyfile::policy::{Authorize, Comparison, Condition, CounterTimer, Secret, digest};
use keyfile::{
    AlgId, CommandCode, Curve, DigestList, Handle, HashAlg, KeyFile, Kind, Name, PcrBank, PcrSelection,
    Public,
};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::{Template, Usage};
use tpm::{Auth, ErrorKind, Key, Place, Signed, Tpm, Verdict};

use crate::kit::{self, DIGEST, OWNER};

/// A new key with a policy of these conditions.
pub(crate) fn make(
    swtpm: &Swtpm,
    hash: HashAlg,
    conditions: &[Condition],
    password: Option<&str>,
) -> KeyFile {
    let statements: Vec<_> = conditions.iter().map(|condition| condition.statement().unwrap()).collect();
    let digest = digest(&statements, hash).unwrap();
    let template = Template::ecc(Curve::P256).name_alg(hash).policy(digest);
    let mut file = kit::make(swtpm, &OWNER, template, password);
    file.policy = Some(statements);
    file
}

fn extend(swtpm: &Swtpm, pcr: u32) {
    let digests = [&[0, 0, 0, 1, 0, 0x0b][..], &[1; 32]].concat();
    swtpm.raw(raw::PCR_EXTEND, &[pcr], &[b""], &digests).ok();
}

pub(crate) fn pcr(tpm: &Tpm, hash: HashAlg, selection: &str) -> Condition {
    let selection: PcrSelection = selection.parse().unwrap();
    Condition::Pcr { digest: tpm.pcr_digest(&selection, hash).unwrap(), selection }
}

fn refused(key: &Key) -> tpm::Error {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err()
}

/// Every PCR of every bank.
fn all_pcrs() -> PcrSelection {
    PcrSelection { banks: HashAlg::ALL.into_iter().map(|hash| PcrBank::new(hash, 0..24)).collect() }
}

#[test]
fn pcrs_of_every_number_and_bank_in_every_name_hash() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    extend(&swtpm, 7);
    let all = tpm.pcr_read(&all_pcrs()).unwrap();
    assert_eq!(all.len(), 4 * 24);
    assert_eq!((all[24].bank, all[24 + 7].pcr, all[24].value.len()), (AlgId::SHA256, 7, 32));
    assert_eq!(all[24 + 7].value, HashAlg::Sha256.digest(&[&[0; 32], &[1; 32]]));
    for hash in HashAlg::ALL {
        for selection in ["sha256:7", "sha1:0,23+sha512:1-9", &all_pcrs().to_string()] {
            let file = make(&swtpm, hash, &[pcr(&tpm, hash, selection)], None);
            kit::check(&kit::open(&tpm, &file, None));
        }
    }
    let error = tpm.pcr_read(&PcrBank::new(HashAlg::Sha256, [24]).into()).unwrap_err();
    assert!(error.to_string().contains("no PCR 24 in a bank sha256"), "{error}");
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn a_failing_policy_leaves_nothing_behind() {
    let swtpm = Swtpm::start();
    let file = {
        let tpm = kit::direct(&swtpm);
        make(&swtpm, HashAlg::Sha256, &[Condition::Locality(1), pcr(&tpm, HashAlg::Sha256, "7")], None)
    };
    let manager = ResourceManager::start(&swtpm, Options::default());
    for tpm in [kit::direct(&swtpm), kit::managed(&manager)] {
        let key = kit::open(&tpm, &file, None);
        kit::check(&key);
        drop((key, tpm));
    }
    swtpm.assert_empty();
    extend(&swtpm, 7);
    for tpm in [kit::direct(&swtpm), kit::managed(&manager)] {
        let key = kit::open(&tpm, &file, None);
        let mut before = None;
        for _ in 0..10 {
            let error = refused(&key);
            assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
            let [failure] = error.policy_failures() else { panic!("{error}") };
            assert_eq!((failure.place.index, failure.command), (1, CommandCode::POLICY_PCR));
            assert_eq!(failure.reason, "PCR 7 (sha256) has changed");
            let now = (swtpm.transient().len(), swtpm.loaded_sessions().len(), swtpm.saved_sessions().len());
            assert_eq!(*before.get_or_insert(now), now);
        }
        drop((key, tpm));
    }
    assert!(manager.refused().is_empty());
    drop(manager);
    swtpm.assert_empty();
}

#[test]
fn a_password_is_proven_and_never_sent() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    for hash in HashAlg::ALL {
        let file = make(&swtpm, hash, &[Condition::AuthValue, Condition::Locality(1)], Some("key-secret"));
        let tpm = kit::through(&proxy);
        let key = kit::open(&tpm, &file, Some("key-secret"));
        proxy.log().clear();
        kit::check(&key);
        kit::check(&key);
        // Nor can it be guessed from what was sent: both sessions are salted.
        let salted = |entry: &tests::log::Exchange| raw::u32_at(&entry.command, 10) != raw::NULL;
        let mut starts = proxy.log().all();
        starts.retain(|entry| entry.code() == raw::START_AUTH_SESSION);
        assert!(starts.len() == 2 && starts.iter().all(salted), "{}", proxy.log().text());
        let error = refused(&kit::open(&tpm, &file, Some("wrong")));
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
        let error = refused(&kit::open(&tpm, &file, None));
        assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        kit::check(&key);
        assert!(!proxy.log().contains(b"key-secret"));
    }
    swtpm.assert_empty();
}

#[test]
fn a_policy_costs_a_command_for_each_statement() {
    let swtpm = Swtpm::start();
    let conditions = [Condition::AuthValue, Condition::Locality(1)];
    let with = make(&swtpm, HashAlg::Sha256, &conditions, Some("secret"));
    let without = make(&swtpm, HashAlg::Sha256, &[Condition::Locality(1)], None);
    let proxy = Proxy::start(&swtpm);
    let manager = ResourceManager::start(&swtpm, Options::default());
    let shared = Tpm::new(kit::config(proxy.swtpm_tcti()));
    // To load the key: its parent, a session, Load, and where others want the place FlushContext of the parent. For the policy: its
    // session, the statements, the use.
    for (file, password, statements) in [(&without, None, 1), (&with, Some("secret"), 2)] {
        for (tpm, log, load, later) in [
            (kit::through(&proxy), proxy.log(), 3, 0),
            // Parent and session again, for the salt: what of it nobody else needs, is kept in vain.
            (shared.clone(), proxy.log(), 4, if password.is_some() { 5 } else { 1 }),
            (kit::managed(&manager), manager.log(), 3, if password.is_some() { 2 } else { 1 }),
        ] {
            log.clear();
            let key = kit::open(&tpm, file, password);
            kit::check(&key);
            assert!(log.len() <= load + 1 + statements + 1, "{}", log.text());
            for _ in 0..3 {
                log.clear();
                kit::check(&key);
                assert!(log.len() <= later + statements + 1, "{}", log.text());
            }
            drop(key);
            tpm.close();
        }
    }
    assert!(manager.refused().is_empty());
    drop(manager);
    swtpm.assert_empty();
}

#[test]
fn each_statement_that_fails_names_itself() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let now = tpm.read_clock().unwrap().clock;
    let clock = |operand: u64, operation| {
        Condition::CounterTimer(CounterTimer {
            operand: operand.to_be_bytes().to_vec(),
            offset: 8,
            operation,
        })
    };
    for (condition, text) in [
        (
            Condition::Locality(1 << 3),
            "statement 1 of the policy (TPM2_PolicyLocality): the command does not come from locality 3",
        ),
        (clock(now / 2, Comparison::AtMost), "the TPM's clock at offset 8 is not <= "),
        (Condition::Command(CommandCode::UNSEAL), "not so: the command must be TPM2_Unseal"),
        (Condition::NameHash(vec![0; 32]), "not so: the command's objects must have Names"),
        (Condition::CpHash(vec![0; 32]), "not so: the command must be the one whose parameters"),
        (Condition::PhysicalPresence, "not so: somebody at the machine"),
    ] {
        let error = refused(&kit::open(&tpm, &make(&swtpm, HashAlg::Sha256, &[condition], None), None));
        assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.policy_failures().len(), 1);
    }
    for condition in [clock(now, Comparison::AtLeast), Condition::Command(CommandCode::SIGN)] {
        kit::check(&kit::open(&tpm, &make(&swtpm, HashAlg::Sha256, &[condition], None), None));
    }
    let mut file = make(&swtpm, HashAlg::Sha256, &[Condition::Locality(1)], None);
    file.policy = Some(vec![Condition::AuthValue.statement().unwrap()]);
    let error = refused(&kit::open(&tpm, &file, None));
    assert!(error.to_string().contains("do not lead to the policy of the key"), "{error}");
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn one_of_several_policies() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    for hash in HashAlg::ALL {
        let branches =
            [vec![pcr(&tpm, hash, "16")], vec![Condition::Locality(1)], vec![Condition::Locality(2)]];
        let digests = branches.iter().map(|branch| {
            let statements: Vec<_> = branch.iter().map(|condition| condition.statement().unwrap()).collect();
            digest(&statements, hash).unwrap()
        });
        let or = Condition::Or(DigestList(digests.collect()));
        for (branch, verdict) in
            branches.into_iter().zip([Some(Verdict::Passes), Some(Verdict::Passes), None])
        {
            let file = make(&swtpm, hash, &[branch, vec![or.clone()]].concat(), None);
            let found = tpm.check_policy(&file).unwrap();
            match verdict {
                Some(passes) => {
                    kit::check(&kit::open(&tpm, &file, None));
                    assert_eq!(found[0].verdict(), passes);
                }
                None => assert!(refused(&kit::open(&tpm, &file, None)).to_string().contains("locality 1")),
            }
        }
        let none = make(&swtpm, hash, &[Condition::Locality(4), or], None);
        let error = refused(&kit::open(&tpm, &none, None));
        assert!(error.to_string().contains("statement 2 of the policy (TPM2_PolicyOR)"), "{error}");
        assert!(error.to_string().contains("none of the policies to choose from"), "{error}");
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn the_password_of_another() {
    let swtpm = Swtpm::start();
    let handle = swtpm.create_primary_with(b"object", raw::STORAGE);
    swtpm.persist(handle, 0x8100_0005);
    swtpm.flush(handle);
    let tpm = kit::direct(&swtpm);
    let (_, name) = tpm.read_public(Handle(0x8100_0005)).unwrap();
    swtpm.set_hierarchy_auth(raw::ENDORSEMENT, b"", b"endorsed");
    let secret = |hint, name: &Name| {
        Condition::Secret(Secret { hint: Handle(hint), name: name.clone(), policy_ref: Vec::new() })
    };
    let endorsement = Name::from(Handle::ENDORSEMENT);
    for (condition, password) in [
        (secret(0x8100_0005, &name), "object"),
        (secret(raw::ENDORSEMENT, &endorsement), "endorsed"),
        (secret(0, &endorsement), "endorsed"),
        (secret(0, &name), "object"),
    ] {
        for hash in [HashAlg::Sha1, HashAlg::Sha384] {
            let mut file = make(&swtpm, hash, std::slice::from_ref(&condition), None);
            file.empty_auth = false;
            let proxy = Proxy::start(&swtpm);
            let tpm = kit::through(&proxy);
            kit::check(&kit::open(&tpm, &file, Some(password)));
            let error = refused(&kit::open(&tpm, &file, Some("wrong")));
            assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
            assert!(error.to_string().contains("is wrong"), "{error}");
            let error = refused(&kit::open(&tpm, &file, None));
            assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
            assert!(!proxy.log().contains(password.as_bytes()));
            assert!(proxy.log().unprotected().is_empty(), "{}", proxy.log().text());
        }
    }
    // An entity without a password is nobody's secret, and there may be none, or another.
    let owner = make(&swtpm, HashAlg::Sha256, &[secret(0, &Name::from(Handle::OWNER))], None);
    kit::check(&kit::open(&tpm, &owner, None));
    let nowhere = make(&swtpm, HashAlg::Sha256, &[secret(0x8100_0077, &name)], None);
    let error = refused(&kit::open(&tpm, &nowhere, Some("object")));
    assert!(error.to_string().contains("there is nothing at 0x81000077"), "{error}");
    let other = Name::of(HashAlg::Sha256, b"another object");
    let missing = make(&swtpm, HashAlg::Sha256, &[secret(0, &other)], None);
    let error = refused(&kit::open(&tpm, &missing, Some("object")));
    assert!(error.to_string().contains(&format!("nothing with the Name {other}")), "{error}");
    let another = make(&swtpm, HashAlg::Sha256, &[secret(0x8100_0005, &other)], None);
    let error = refused(&kit::open(&tpm, &another, Some("object")));
    assert!(error.to_string().contains("another object than the one"), "{error}");
    assert_eq!(swtpm.failures(), 0);
    drop(tpm);
    swtpm.assert_empty();
}

/// A key that signs policies, and its public area as a policy holds it.
struct Signer {
    key: Key,
    public: Public,
}

impl Signer {
    fn new(swtpm: &Swtpm, tpm: &Tpm, hash: HashAlg) -> Self {
        let file = kit::make(swtpm, &OWNER, Template::ecc(Curve::P256).usage(Usage::Sign), None);
        let keyfile::PublicKey::Ecc { x, y, .. } = &file.public.key else { panic!("not EC") };
        let public = Template::wrapped_ecc(Curve::P256, x, y).name_alg(hash).usage(Usage::Sign).public();
        Self { key: kit::open(tpm, &file, None), public }
    }

    fn place(&self) -> Authorize {
        Authorize {
            key: self.public.clone(),
            policy_ref: b"ref".to_vec(),
            signature: keyfile::Signature::Null,
        }
    }

    /// A signed policy for a key with this name hash.
    fn sign(&self, hash: HashAlg, name: &str, conditions: &[Condition]) -> keyfile::policy::AuthPolicy {
        let mut statements: Vec<_> = conditions.iter().map(|c| c.statement().unwrap()).collect();
        let mut authorize = self.place();
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
        let place = Condition::Authorize(Box::new(signer.place()));
        let mut file = make(&swtpm, hash, &[place, Condition::Locality(1)], None);
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
        // Somebody else's signature.
        let stranger = Signer::new(&swtpm, &tpm, HashAlg::Sha256);
        let mut forged = stranger.sign(hash, "forged", &[]);
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
fn a_look_tells_what_would_pass() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let hash = HashAlg::Sha256;
    let signer = Signer::new(&swtpm, &tpm, HashAlg::Sha384);
    let place = Condition::Authorize(Box::new(signer.place()));
    let conditions = [place, Condition::Locality(1), Condition::AuthValue];
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
    // A stranger signs the last.
    file.auth_policies[2].statements[1] =
        Signer::new(&swtpm, &tpm, hash).sign(hash, "", &sign).statements[1].clone();
    let proxy = Proxy::start(&swtpm);
    let other = kit::through(&proxy);
    let found = other.check_policy(&file).unwrap();
    let verdicts: Vec<Vec<_>> =
        found.iter().map(|way| way.statements.iter().map(|s| s.verdict.clone()).collect()).collect();
    let no = |reason: &str| Verdict::Refused(reason.to_owned());
    let rest = [Verdict::Passes, Verdict::WithPassword];
    assert_eq!(
        verdicts[0][..2],
        [no("the command does not come from locality 1"), no("PCR 16 (sha256) has changed")]
    );
    assert_eq!(verdicts[0][2..], [&[Verdict::Passes][..], &rest].concat());
    assert_eq!(verdicts[1], [&[Verdict::Passes, Verdict::Passes][..], &rest].concat());
    assert_eq!(found[1].verdict(), Verdict::WithPassword);
    assert_eq!(found[1].statements[2].place, Place { signed: None, index: 1 });
    assert_eq!(found[1].signed, Some(Signed { index: 1, name: Some("new".into()) }));
    assert_eq!(verdicts[2][..2], [Verdict::DependsOnUse, Verdict::Passes]);
    assert_eq!(found[2].verdict(), no("the statements in the file do not lead to the policy of the key"));
    assert_eq!(proxy.log().count(raw::LOAD), 0, "{}", proxy.log().text());

    file.auth_policies.clear();
    let found = other.check_policy(&file).unwrap();
    assert_eq!(found[0].verdict(), no("no policy was signed for the key yet"));
    assert_eq!(other.check_policy(&kit::ec(&swtpm, None)).unwrap(), []);
    drop((tpm, signer, other));
    swtpm.assert_empty();
}

#[test]
fn a_pcr_that_changes_meanwhile_runs_the_statements_again() {
    let swtpm = std::sync::Arc::new(Swtpm::start());
    let tpm = kit::direct(&swtpm);
    let file = make(&swtpm, HashAlg::Sha256, &[pcr(&tpm, HashAlg::Sha256, "7")], None);
    drop(tpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, None);
    kit::check(&key);
    for (times, passes) in [(1, true), (5, true), (6, false)] {
        proxy.log().clear();
        let (tpm, mut left) = (swtpm.clone(), times);
        // After each PolicyPCR another PCR is extended, as Linux does with PCR 10 when it measures a file.
        proxy.on_response(move |command, _| {
            if raw::code(command) == 0x17f && left > 0 {
                left -= 1;
                extend(&tpm, 10);
            }
            tests::Fate::Pass
        });
        match passes {
            true => kit::check(&key),
            false => {
                let error = refused(&key);
                assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
                assert!(error.to_string().contains("again and again"), "{error}");
            }
        }
        assert_eq!(proxy.log().count(0x180), times.min(5), "{}", proxy.log().text());
    }
    proxy.behave();
    kit::check(&key);
    drop((key, tpm));
    swtpm.assert_empty();
}

#[test]
fn sealed_data_comes_out_and_is_not_seen() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let (parent, _) = tpm.parent_public(&OWNER).unwrap();
    for (password, conditions) in [
        (None, None),
        (Some("secret"), None),
        (None, Some(vec![Condition::Locality(1)])),
        (Some("secret"), Some(vec![pcr(&tpm, HashAlg::Sha256, "1-3"), Condition::AuthValue])),
    ] {
        let data = b"sealed data of a user";
        let seed = [3; 32];
        let mut public = Public {
            name_alg: HashAlg::Sha256,
            attributes: keyfile::Attributes::NO_DA,
            auth_policy: Vec::new(),
            key: keyfile::PublicKey::KeyedHash {
                scheme: keyfile::KeyedHashScheme::Null,
                unique: HashAlg::Sha256.digest(&[&seed, data]),
            },
        };
        let statements: Option<Vec<_>> =
            conditions.map(|conditions| conditions.iter().map(|c| c.statement().unwrap()).collect());
        match &statements {
            Some(statements) => public.auth_policy = digest(statements, HashAlg::Sha256).unwrap(),
            None => public.attributes = public.attributes.union(keyfile::Attributes::USER_WITH_AUTH),
        }
        let auth_value = password.map(|p| Auth::new(p).as_value(HashAlg::Sha256)).unwrap_or_default();
        let sensitive = keyfile::Sensitive {
            kind: AlgId::KEYEDHASH,
            auth_value,
            seed_value: seed.to_vec().into(),
            sensitive: data.to_vec().into(),
        };
        let wrapped = tpm::wrap(&parent, &public, &sensitive).unwrap();
        let mut file = KeyFile::new(Kind::Sealed, OWNER.handle, public, wrapped.duplicate);
        file.secret = Some(wrapped.secret);
        file.policy = statements;
        file.empty_auth = password.is_none();
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        let object = kit::open(&tpm, &file, password);
        for _ in 0..2 {
            let answer = object.unseal().unwrap();
            assert!(answer.authenticated && *answer.value == data);
        }
        assert_eq!(proxy.log().count(raw::IMPORT), 1);
        assert!(!proxy.log().contains(data), "{}", proxy.log().text());
        if password.is_some() {
            let error = kit::open(&tpm, &file, Some("wrong")).unseal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
            let error = kit::open(&tpm, &file, None).unseal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        }
        assert!(!proxy.log().contains(b"secret"));
    }
    let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
    assert_eq!(key.unseal().unwrap_err().kind(), ErrorKind::Input);
    drop((key, tpm));
    swtpm.assert_empty();
}
