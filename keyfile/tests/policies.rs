//! Compares policy digests and command parameters with tpm2-tools and with a TPM, and checks the descriptions in words.

// In tests, a panic reports a failure. clippy.toml allows it only in the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use keyfile::policy::{self, Comparison, Condition, CounterTimer, Problem, Statement};
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{CommandCode, DigestList, Handle, HashAlg, KeyFile, PcrBank, PcrSelection, Signature, Ticket};
use std::{fs, path::PathBuf};
use tests::Swtpm;
use tests::raw::Tpm;

fn data(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

/// Returns the results of tpm2-tools' trial sessions: hash, digest, statements.
fn vectors() -> Vec<(HashAlg, Vec<u8>, Vec<Statement>)> {
    let text = String::from_utf8(data("policies.txt")).unwrap();
    let vector = |line: &str| {
        let (hash, rest) = line.split_once(' ').unwrap();
        let (digest, statements) = rest.split_once(' ').unwrap();
        let statements = policy::parse_lines(&statements.replace(' ', "\n")).unwrap();
        (hash.parse().unwrap(), hex::decode(digest).unwrap(), statements)
    };
    let vectors: Vec<_> = text.lines().map(vector).collect();
    assert_eq!(vectors.len(), 4 * 21);
    vectors
}

fn policy_session(tpm: &Swtpm, kind: u8, hash: HashAlg) -> u32 {
    let parameters = [&tests::raw::sized(&[7; 16])[..], &[0, 0, kind, 0, 0x10], &hash.to_bytes().unwrap()];
    let null = Handle::NULL.0;
    tpm.raw(tests::raw::START_AUTH_SESSION, &[null, null], &[], &parameters.concat()).handle()
}

const POLICY: u8 = 1;
const TRIAL: u8 = 3;

fn digest_of(tpm: &Swtpm, session: u32) -> Vec<u8> {
    tpm.raw(CommandCode::POLICY_GET_DIGEST.0, &[session], &[], &[]).ok().split_off(2)
}

/// Runs a statement like a policy runner.
fn run(tpm: &Swtpm, session: u32, trial: bool, statement: &Statement) {
    let condition = statement.condition().unwrap();
    let command = condition.command().0;
    match &condition {
        Condition::Secret(secret) => {
            let handles = [secret.entity().unwrap().0, session];
            tpm.raw(command, &handles, &[b""], &secret.parameters(&[]).unwrap()).ok();
        }
        Condition::Authorize(authorize) => {
            let approved = digest_of(tpm, session);
            let ticket =
                if trial { Ticket::null(Ticket::VERIFIED) } else { verify(tpm, authorize, &approved) };
            tpm.raw(command, &[session], &[], &authorize.parameters(&approved, &ticket).unwrap()).ok();
        }
        other => {
            tpm.raw(command, &[session], &[], &other.parameters().unwrap().unwrap()).ok();
        }
    }
}

fn verify(tpm: &Swtpm, authorize: &policy::Authorize, approved: &[u8]) -> Ticket {
    let public = authorize.key.to_sized().unwrap();
    let parameters = [&[0, 0][..], &public, &Handle::OWNER.to_bytes().unwrap()].concat();
    let key = tpm.raw(CommandCode::LOAD_EXTERNAL.0, &[], &[], &parameters).handle();
    let digest = tests::raw::sized(&authorize.signed_digest(approved));
    let parameters = [digest, authorize.signature.to_bytes().unwrap()].concat();
    let ticket = tpm.raw(CommandCode::VERIFY_SIGNATURE.0, &[key], &[], &parameters).ok();
    tpm.flush(key);
    Ticket::from_bytes(&ticket).unwrap()
}

#[test]
fn digests_match_tpm2_tools() {
    for (hash, digest, statements) in vectors() {
        let ours = policy::digest(&statements, hash).unwrap();
        assert_eq!(hex::encode(ours), hex::encode(digest), "{hash} {statements:x?}");
    }
}

#[test]
fn tpm_accepts_the_parameters_and_computes_the_same_digest() {
    let tpm = Swtpm::start();
    for (hash, digest, statements) in vectors() {
        let session = policy_session(&tpm, TRIAL, hash);
        statements.iter().for_each(|statement| run(&tpm, session, true, statement));
        assert_eq!(hex::encode(digest_of(&tpm, session)), hex::encode(digest), "{hash} {statements:x?}");
        tpm.flush(session);
    }
}

#[test]
fn each_signed_policy_leads_to_the_key_policy_digest() {
    let tpm = Swtpm::start();
    let file = KeyFile::parse(&data("signed-policies.pem")).unwrap();
    let paths = file.policy_paths();
    let names = file.auth_policies.iter().map(|policy| policy.name.as_deref());
    assert_eq!((names.collect::<Vec<_>>(), paths.len()), (vec![Some("three"), None], 2));
    for path in paths {
        let session = policy_session(&tpm, POLICY, file.public.name_alg);
        path.statements.iter().for_each(|statement| run(&tpm, session, false, statement));
        assert_eq!(digest_of(&tpm, session), file.public.auth_policy);
        assert_eq!(policy::digest(path.statements, HashAlg::Sha256).unwrap(), file.public.auth_policy);
        tpm.flush(session);
    }
    // In software, the placeholder for the signature leads to the same digest.
    let placeholder = file.policy.as_deref().unwrap();
    assert_eq!(policy::digest(placeholder, HashAlg::Sha256).unwrap(), file.public.auth_policy);
    match placeholder[0].condition().unwrap() {
        Condition::Authorize(authorize) => assert_eq!(authorize.signature, Signature::Null),
        other => panic!("{other}"),
    }
}

#[test]
fn conditions_that_are_met_pass_in_a_policy_session() {
    let tpm = Swtpm::start();
    let selection = PcrSelection::from(PcrBank::new(HashAlg::Sha256, [0, 7]));
    // In a fresh swtpm, no PCR has been extended.
    let digest = HashAlg::Sha384.digest(&[&[0; 64]]);
    let clock = CounterTimer { operand: vec![0; 8], offset: 8, operation: Comparison::AtLeast };
    let statements = [Condition::Pcr { selection, digest }, Condition::CounterTimer(clock)]
        .map(|condition| condition.statement().unwrap());
    let session = policy_session(&tpm, POLICY, HashAlg::Sha384);
    statements.iter().for_each(|statement| run(&tpm, session, false, statement));
    assert_eq!(digest_of(&tpm, session), policy::digest(&statements, HashAlg::Sha384).unwrap());
}

#[test]
fn policy_with_pcrs_and_password_is_described() {
    let file = KeyFile::parse(&data("policy.pem")).unwrap();
    let statements = file.policy.as_deref().unwrap();
    assert_eq!(policy::digest(statements, file.public.name_alg).unwrap(), file.public.auth_policy);
    let described: Vec<String> = statements.iter().map(ToString::to_string).collect();
    let zeros = hex::encode(HashAlg::Sha256.digest(&[&[0; 64]]));
    assert_eq!(
        described,
        [
            format!("PCRs 7, 8 of bank sha256 must hold the values with the digest {zeros}"),
            "the key's password must be given".into()
        ]
    );
    assert_eq!(statements[0].condition().unwrap().refusal(), "one of PCRs 7, 8 (sha256) has changed");
}

#[test]
fn both_orders_of_a_pcr_body_give_the_same_condition() {
    let selection: PcrSelection = "sha256:7".parse().unwrap();
    let digest = vec![5; 32];
    let condition = Condition::Pcr { selection, digest };
    let statement = condition.statement().unwrap();
    let parameters = condition.parameters().unwrap().unwrap();
    assert_ne!(statement.body, parameters);
    let other = Statement { body: parameters, ..statement.clone() };
    assert_eq!(other.condition().as_ref(), Ok(&condition));
    assert_eq!(policy::digest([&other], HashAlg::Sha256), policy::digest([&statement], HashAlg::Sha256));
    // A digest of another hash than the name hash is rejected before a TPM receives it.
    let error = policy::digest([&statement], HashAlg::Sha1).unwrap_err();
    assert_eq!(error.problem, Problem::DigestSize { size: 32, hash: HashAlg::Sha1 });
}

#[test]
fn commands_that_cannot_run_from_a_file_are_rejected() {
    let auth = Condition::AuthValue.statement().unwrap();
    for command in [
        CommandCode::POLICY_NV,
        CommandCode::POLICY_SIGNED,
        CommandCode::POLICY_AUTHORIZE_NV,
        // Not a policy command: a file must not be able to run arbitrary commands on a TPM.
        CommandCode::CLEAR,
        CommandCode(0xffff_ffff),
    ] {
        let statement = Statement { command, body: vec![0; 8] };
        let error = policy::digest([&auth, &statement], HashAlg::Sha256).unwrap_err();
        assert_eq!((error.index, error.command, &error.problem), (1, command, &Problem::Unsupported));
        assert!(error.to_string().starts_with(&format!("statement 2 of the policy, {command}: ")), "{error}");
    }
    let damaged = Statement { command: CommandCode::POLICY_LOCALITY, body: vec![1, 2] };
    assert!(matches!(policy::digest([&damaged], HashAlg::Sha256).unwrap_err().problem, Problem::Body(_)));
}

#[test]
fn policy_or_accepts_two_to_eight_branches() {
    let tpm = Swtpm::start();
    for hash in HashAlg::ALL {
        let first = Condition::Locality(1).statement().unwrap();
        let branches = vec![policy::digest([&first], hash).unwrap(), vec![7; hash.size()]];
        let or = Condition::Or(DigestList(branches.clone()));
        let or = or.statement().unwrap();
        assert_eq!(or.condition().unwrap().statement().unwrap(), or);
        let session = policy_session(&tpm, POLICY, hash);
        [&first, &or].into_iter().for_each(|statement| run(&tpm, session, false, statement));
        assert_eq!(digest_of(&tpm, session), policy::digest([&first, &or], hash).unwrap());
        tpm.flush(session);
        assert!(or.to_string().ends_with(&format!(
            "lead to one of {}, {}",
            hex::encode(&branches[0]),
            hex::encode(&branches[1])
        )));
        let wrong_size = policy::digest(
            [&first, &or],
            HashAlg::ALL[(HashAlg::ALL.iter().position(|h| *h == hash).unwrap() + 1) % 4],
        );
        assert!(matches!(wrong_size.unwrap_err().problem, Problem::DigestSize { .. }));
    }
    for count in [0, 1, 9] {
        let or = Condition::Or(DigestList(vec![vec![0; 32]; count])).statement().unwrap();
        assert!(matches!(or.condition(), Err(Problem::Body(_))), "{count}");
    }
}

#[test]
fn condition_without_software_digest_still_has_parameters() {
    for command in [CommandCode::POLICY_TICKET, CommandCode::POLICY_DUPLICATION_SELECT] {
        let statement = Statement { command, body: vec![1, 2, 3] };
        let condition = statement.condition().unwrap();
        assert_eq!((condition.command(), condition.parameters()), (command, Ok(Some(vec![1, 2, 3]))));
        assert_eq!(policy::digest([&statement], HashAlg::Sha256).unwrap_err().problem, Problem::Digest);
        assert!(statement.to_string().contains("010203"), "{statement}");
    }
}

#[test]
fn conditions_are_described_in_words() {
    let described: Vec<String> = vectors()
        .iter()
        .filter(|(hash, _, statements)| *hash == HashAlg::Sha256 && statements.len() == 1)
        .map(|(.., statements)| statements[0].to_string())
        .collect();
    for sentence in [
        "the command must come from locality 3",
        "the command must come from locality 255",
        "the TPM's clock at offset 8 must be <= 60000",
        "the TPM's reset counter at offset 16 must be >= 3",
        "the TPM's safe flag of the clock at offset 24 must be = 1",
        "the password of the owner hierarchy must be given",
        "the command must be TPM2_Sign",
        "the NV index must not have been written",
    ] {
        assert!(described.iter().any(|described| described == sentence), "{sentence}: {described:#?}");
    }
    let locality = Condition::Locality(0b0001_0101);
    assert_eq!(locality.refusal(), "the command does not come from locality 0 or 2 or 4");
    let clock =
        CounterTimer { operand: vec![0, 0, 0, 0, 0, 0, 0, 9], offset: 8, operation: Comparison::AtMost };
    assert_eq!(Condition::CounterTimer(clock).refusal(), "the TPM's clock at offset 8 is not <= 9");
}

#[test]
fn parsed_statements_are_written_back_unchanged() {
    for (_, _, statements) in vectors() {
        for statement in statements {
            let condition = statement.condition().unwrap();
            // PolicyPassword becomes PolicyAuthValue, which means the same.
            if statement.command != CommandCode::POLICY_PASSWORD {
                assert_eq!(condition.statement().unwrap(), statement);
            }
            // No statement can be shortened, except where the length is variable: operand B.
            if !matches!(condition, Condition::CounterTimer(_)) && !statement.body.is_empty() {
                let short = Statement { body: statement.body[1..].to_vec(), ..statement.clone() };
                assert!(short.condition().is_err(), "{statement:x?}");
            }
        }
    }
}
