//! The fault campaign: one answer or command is damaged, in every possible way, at every command of every operation. This may cause
//! at most one error: the same process must work again, and must leave nothing in the TPM.
//!
//! A seed and a number identify a case. `CAMPAIGN_SEED` sets the seed, `CAMPAIGN_SECONDS` the time of each of the two lanes, and
//! `CAMPAIGN_CASE` runs one case alone.
//!
//! | file | what |
//! |---|---|
//! | `fault` | the faults |
//! | `wire` | the transport that injects one |
//! | `work` | the TPM with its keys, and the processes that use it |
//! | `operations` | the operations of such a process |
//! | `case` | one case, from its number to its verdict |
//! | `random` | the numbers of a case |

mod case;
mod fault;
mod operations;
mod random;
mod wire;
mod work;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use case::{Case, Verdict};
use tests::raw;
use work::Work;

/// The number of cases that run at the same time, each lane with its own TPM.
const LANES: u64 = 2;
/// The default time of a campaign.
const SECONDS: u64 = 60;
const SEED: u64 = 11;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Cases that failed once: seed, number, operation and damaged commands. A change of the operations gives a number another case; then
/// look for a number of the same.
const FAILED_ONCE: &[(u64, u64, &str, &[u32])] = &[
    // A nonce was damaged where a session started, and a right password of PolicySecret was remembered as refused.
    (11, 12425, "sign by a key with PolicySecret", &[raw::START_AUTH_SESSION]),
    // The connection broke while a shared TPM flushed two objects, and they were forgotten.
    (11, 26212, "sign", &[raw::FLUSH_CONTEXT, raw::READ_PUBLIC]),
    // A bit of the first command with an empty password was flipped, and the password was remembered as refused: a key's, a parent's.
    (11, 438, "decrypt by RSA", &[raw::RSA_DECRYPT]),
    (11, 9309, "sign by two keys alternately", &[raw::LOAD]),
    // A nonce was damaged in a policy session that the next operation used.
    (31, 9455, "sign by a key with PolicySecret", &[raw::SIGN]),
    // A shared TPM refused all commands for a while, and the loaded objects were forgotten.
    (11, 13781, "sign by two keys alternately", CLEANING),
];

const CLEANING: &[u32] =
    &[raw::GET_RANDOM, raw::FLUSH_CONTEXT, raw::FLUSH_CONTEXT, raw::FLUSH_CONTEXT, raw::FLUSH_CONTEXT];

#[test]
fn what_failed_once_does_not_fail_again() {
    for &(seed, number, operation, damaged) in FAILED_ONCE {
        let work = Work::new();
        let verdict = Case::of(seed, number, &work).run(&work);
        assert_eq!((verdict.operation, &verdict.damaged[..]), (operation, damaged), "{}", verdict.text);
        assert!(verdict.fault.is_none(), "{}", verdict.text);
    }
}

#[test]
fn one_fault_causes_at_most_one_error_and_leaves_nothing_loaded() {
    let seed = setting("CAMPAIGN_SEED").unwrap_or(SEED);
    if let Some(number) = setting("CAMPAIGN_CASE") {
        let work = Work::new();
        let verdict = Case::of(seed, number, &work).run(&work);
        println!("{}", verdict.text);
        assert!(verdict.fault.is_none(), "{}", verdict.text);
        return;
    }
    let limit = Duration::from_secs(setting("CAMPAIGN_SECONDS").unwrap_or(SECONDS));
    let next = AtomicU64::new(0);
    let verdicts: Vec<Verdict> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(|| lane(seed, &next, limit))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    let mut counts = BTreeMap::<&str, usize>::new();
    verdicts.iter().for_each(|verdict| *counts.entry(verdict.outcome).or_default() += 1);
    println!("campaign of seed {seed}: {} cases, {counts:?}", verdicts.len());
    let faults: Vec<_> = verdicts.iter().filter(|verdict| verdict.fault.is_some()).collect();
    let texts: Vec<_> = faults.iter().take(40).map(|verdict| verdict.text.as_str()).collect();
    assert!(faults.is_empty(), "{} cases fail:\n{}", faults.len(), texts.join("\n"));
    assert!(verdicts.len() > 100, "only {} cases in {limit:?}", verdicts.len());
}

/// Runs cases one after the other, and collects their verdicts.
fn lane(seed: u64, next: &AtomicU64, limit: Duration) -> Vec<Verdict> {
    let mut work = Work::new();
    let start = Instant::now();
    let mut verdicts = Vec::new();
    while start.elapsed() < limit {
        let verdict = Case::of(seed, next.fetch_add(1, Ordering::Relaxed), &work).run(&work);
        if verdict.fault.is_some() {
            // Its leftovers must not affect the next case.
            work = Work::new();
        }
        verdicts.push(verdict);
    }
    verdicts
}
