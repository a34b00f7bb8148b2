//! Says what the measured times mean for a server.

use std::time::Duration;

use super::operation::Work;
use super::report::{Report, millis, rate};
use super::subject::KeyType;
use crate::status::StorageRoot;

/// The time from which a process start is noticeably slower.
const NOTICEABLE: Duration = Duration::from_millis(20);

/// Returns one sentence per conclusion.
pub(super) fn of(report: &Report<'_>) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(handshakes(report));
    all.extend(key_type(report));
    all.extend(storage_key(report));
    all.extend(resource_manager(report));
    all
}

/// A full TLS handshake is one signature (RFC 8446 §4.4.3).
fn handshakes(report: &Report<'_>) -> Option<String> {
    let keys = [KeyType::P256, KeyType::P384, KeyType::Rsa2048, KeyType::Rsa3072];
    let rates = keys.iter().filter_map(|key| {
        let median = report.median(Work::Sign, *key)?;
        Some(format!("{} ({key})", rate(median)))
    });
    let rates: Vec<String> = rates.collect();
    (!rates.is_empty()).then(|| {
        format!(
            "full TLS handshakes a second, for all processes together: {}; a resumed session needs no signature",
            rates.join(", ")
        )
    })
}

fn key_type(report: &Report<'_>) -> Option<String> {
    let time = |key| report.median(Work::Sign, key);
    let (ec, rsa) = (time(KeyType::P256)?.as_secs_f64(), time(KeyType::Rsa2048)?.as_secs_f64());
    Some(match rsa >= ec {
        true => format!(
            "choose P-256 keys (create --ecc P-256): an RSA-2048 signature takes {:.1} times as long",
            rsa / ec
        ),
        false => format!(
            "if the rate matters, choose RSA-2048 keys (create --key-size 2048): a P-256 signature takes {:.1} times as long on this TPM",
            ec / rsa
        ),
    })
}

fn storage_key(report: &Report<'_>) -> Option<String> {
    let takes = report.derivation()?;
    let text = format!("{:.1} ms", millis(takes));
    Some(match report.facts.storage_root() {
        StorageRoot::Present => {
            format!(
                "no process derives the parent of keys of the owner hierarchy, which takes {text}: the storage key is at 0x81000001"
            )
        }
        StorageRoot::Other | StorageRoot::Unfit => format!(
            "each process that uses a key of the owner hierarchy derives its parent first ({text}); another object is at 0x81000001, so `tpm2-keytool srk` cannot help"
        ),
        StorageRoot::Absent if takes < NOTICEABLE => format!(
            "each process that uses a key of the owner hierarchy derives its parent first; that takes only {text}, so a persistent storage key (`tpm2-keytool srk`) helps little"
        ),
        StorageRoot::Absent => format!(
            "each process that uses a key of the owner hierarchy derives its parent first ({text}); `tpm2-keytool srk` makes the parent persistent, also for existing key files"
        ),
    })
}

/// The kernel saves and loads the objects of a process around each of its commands (drivers/char/tpm/tpm2-space.c).
fn resource_manager(report: &Report<'_>) -> Option<String> {
    report.facts.managed.then(|| {
        "the times include the resource manager, which loads and saves a key for each command; a persistent key needs neither (`tpm2-keytool create --persistent`, or `load`)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use keyfile::{Curve, Handle};
    use tpm::Capabilities;
    use tpm::template::Storage;

    use super::*;
    use crate::bench::measurement::{Outcome, Row};
    use crate::bench::operation::Operation;
    use crate::bench::series::Series;
    use crate::persistent::SRK;
    use crate::status::Facts;

    /// Returns the sentences about a TPM with these times in milliseconds.
    fn sentences(facts: &Facts, derive: u64, ec: u64, rsa: u64) -> Vec<String> {
        let of = |operation: Operation| match (operation.work, operation.key) {
            (Work::Derive, _) => Some(derive),
            (Work::Sign, KeyType::P256) => Some(ec),
            (Work::Sign, KeyType::Rsa2048) => Some(rsa),
            _ => None,
        };
        let row = |operation| {
            let series = |millis| Outcome::Measured(Series::starting_with(Duration::from_millis(millis)));
            Row { operation, outcome: of(operation).map_or(Outcome::Skipped, series) }
        };
        let rows = Operation::all(Storage::P256).into_iter().map(row).collect();
        super::of(&Report { facts, rows })
    }

    fn says(facts: &Facts, derive: u64, ec: u64, rsa: u64, words: &str) {
        let all = sentences(facts, derive, ec, rsa);
        assert!(all.iter().any(|one| one.contains(words)), "{words}: {all:#?}");
    }

    #[test]
    fn the_faster_type_of_key_is_recommended() {
        let facts = Facts::default();
        says(&facts, 200, 40, 150, "together: 25 (P-256), 6.7 (RSA-2048); ");
        says(
            &facts,
            200,
            40,
            150,
            "choose P-256 keys (create --ecc P-256): an RSA-2048 signature takes 3.8 times",
        );
        says(
            &facts,
            200,
            90,
            30,
            "choose RSA-2048 keys (create --key-size 2048): a P-256 signature takes 3.0 times",
        );
    }

    #[test]
    fn a_storage_key_is_recommended_if_the_derivation_is_slow() {
        let capabilities = Capabilities { curves: vec![Curve::P256], ..Capabilities::default() };
        let mut facts = Facts { capabilities, ..Facts::default() };
        says(&facts, 200, 40, 150, "parent first (200.0 ms); `tpm2-keytool srk` makes");
        says(&facts, 2, 40, 150, "helps little");
        let public = Storage::P256.template();
        facts.persistent = vec![(SRK, Ok(public.clone()))];
        says(&facts, 200, 40, 150, "no process derives the parent");
        facts.persistent = vec![(SRK, Ok(Storage::Rsa2048.template()))];
        says(&facts, 200, 40, 150, "cannot help");
        facts.persistent = vec![(SRK, Err("not readable".to_owned())), (Handle(0x8100_0002), Ok(public))];
        says(&facts, 200, 40, 150, "cannot help");
    }

    #[test]
    fn the_resource_manager_is_mentioned() {
        let managed = |managed| Facts { managed, ..Facts::default() };
        says(&managed(true), 200, 40, 150, "create --persistent");
        let direct = sentences(&managed(false), 200, 40, 150);
        assert!(!direct.iter().any(|one| one.contains("resource manager")), "{direct:#?}");
    }
}
