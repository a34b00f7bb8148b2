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
        Some(format!("{} with a {key} key", rate(median)))
    });
    let rates: Vec<String> = rates.collect();
    (!rates.is_empty()).then(|| {
        format!(
            "full TLS handshakes a second, for all processes together: {}; resumed sessions need no signature",
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
                "keys under 0x81000001 need no derivation of their parent, which takes {text} in each process"
            )
        }
        StorageRoot::Unfit => format!(
            "each process that uses a key of the owner hierarchy derives its parent first ({text}); the object at 0x81000001 is no parent, so `tpm2-keytool srk` cannot help"
        ),
        StorageRoot::Absent if takes < NOTICEABLE => format!(
            "each process that uses a key of the owner hierarchy derives its parent first; that takes only {text}, so a persistent storage key (`tpm2-keytool srk`) helps little"
        ),
        StorageRoot::Absent => format!(
            "each process that uses a key of the owner hierarchy derives its parent first ({text}); `tpm2-keytool srk` makes the parent persistent, for keys of `create -p 81000001`"
        ),
    })
}

/// The kernel saves and loads the objects of a process around each of its commands (drivers/char/tpm/tpm2-space.c).
fn resource_manager(report: &Report<'_>) -> Option<String> {
    report.facts.tcti.starts_with("device:/dev/tpmrm").then(|| {
        "the times include the resource manager, which loads and saves a key for each command; a persistent key (`tpm2-keytool load`) needs neither".to_owned()
    })
}
