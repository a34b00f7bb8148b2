//! Policies: what they permit, how refusals are reported, and what they leave in the TPM.

use keyfile::policy::{Comparison, Condition, CounterTimer, digest};
use keyfile::{AlgId, CommandCode, DigestList, HashAlg, PcrBank};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm, tamper};
use tpm::template::Template;
use tpm::{ErrorKind, Outcome};

use crate::kit::{self};
use crate::policy_kit::{all_pcrs, extend, make, make_of, pcr, refused};

#[test]
fn pcr_policies_work_with_every_pcr_bank_and_name_hash() {
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
fn a_repeated_pcr_answer_ends_in_an_error() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    // No session authenticates the answers.
    let session = tpm::Protection::Password;
    let tpm = tpm::Tpm::new(tpm::Config { session, ..kit::config(proxy.tcti()) });
    let (mut first, mut left) = (None, 100);
    proxy.on_response(move |command, response| {
        if raw::code(command) == raw::PCR_READ && left > 0 {
            left -= 1;
            response.clone_from(first.get_or_insert_with(|| response.clone()));
        }
        tests::Fate::Pass
    });
    let error = tpm.pcr_read(&all_pcrs()).unwrap_err();
    assert!(error.to_string().contains("no PCR 8 in a bank sha1"), "{error}");
    assert_eq!(proxy.log().count(raw::PCR_READ), 2);
    proxy.remove_rules();
    assert_eq!(tpm.pcr_read(&all_pcrs()).unwrap().len(), 4 * 24);
}

#[test]
fn a_failing_policy_leaves_nothing_loaded() {
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
            assert_eq!((failure.position.index, failure.command), (1, CommandCode::POLICY_PCR));
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
fn a_failing_statement_is_named_in_the_error() {
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
        (Condition::Command(CommandCode::UNSEAL), "not met: the command must be TPM2_Unseal"),
        (Condition::NameHash(vec![0; 32]), "not met: the command's objects must have Names"),
        (Condition::CpHash(vec![0; 32]), "not met: the command must be the one whose parameters"),
        (Condition::PhysicalPresence, "not met: a person at the machine"),
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
fn a_policy_or_passes_with_one_of_its_branches() {
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
        for (branch, outcome) in
            branches.into_iter().zip([Some(Outcome::Passes), Some(Outcome::Passes), None])
        {
            let file = make(&swtpm, hash, &[branch, vec![or.clone()]].concat(), None);
            let found = tpm.check_policy(&file).unwrap();
            match outcome {
                Some(passes) => {
                    kit::check(&kit::open(&tpm, &file, None));
                    assert_eq!(found[0].outcome(), passes);
                }
                None => assert!(refused(&kit::open(&tpm, &file, None)).to_string().contains("locality 1")),
            }
        }
        let none = make(&swtpm, hash, &[Condition::Locality(4), or], None);
        let error = refused(&kit::open(&tpm, &none, None));
        assert!(error.to_string().contains("statement 2 of the policy (TPM2_PolicyOR)"), "{error}");
        assert!(error.to_string().contains("none of the alternative policies"), "{error}");
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn answers_in_a_policy_session_are_verified() {
    let swtpm = Swtpm::start();
    let file = make_of(&swtpm, Template::rsa(2048), HashAlg::Sha384, &[Condition::Locality(1)], None);
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, None);
    let plain = key.rsa_decrypt(&[0x11; 256]).unwrap().value;
    // It is not readable on the bus.
    assert!(!proxy.log().contains(&plain[..32]), "{}", proxy.log().text());
    let bits = 8 * proxy.log().all().last().unwrap().response.len();
    for bit in (0..bits).step_by(83) {
        proxy.on_response(tamper::flip_bit(raw::RSA_DECRYPT, 0, bit));
        // Changed header bits without a meaning may be dropped by the framing.
        if let Ok(answer) = key.rsa_decrypt(&[0x11; 256]) {
            assert_eq!(answer.value, plain, "bit {bit}");
        }
        proxy.remove_rules();
        assert_eq!(key.rsa_decrypt(&[0x11; 256]).unwrap().value, plain, "after bit {bit}");
    }
    drop(key);
    swtpm.assert_empty();
}
