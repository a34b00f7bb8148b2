//! The state of the TPM as JSON (docs/json.md).

use keyfile::{AlgId, Handle};
use serde_json::{Value, json};
use tpm::RawRsa;

use super::facts::Facts;
use super::property as pt;
use super::report;
use crate::json::Key;

/// Returns the document. Values that the TPM does not report are null.
pub(super) fn of(facts: &Facts, advice: &[String]) -> Value {
    let capabilities = &facts.capabilities;
    let algorithms = |all: &[AlgId]| all.iter().map(|id| report::plain(*id)).collect::<Vec<_>>();
    let flag = |property, bit| facts.flag(property, bit);
    let handles = |all: &[Handle]| all.iter().map(Handle::to_string).collect::<Vec<_>>();
    let persistent = facts.persistent.iter().map(
        |(handle, public)| json!({ "handle": handle.to_string(), "key": public.as_ref().ok().map(Key::of) }),
    );
    json!({
        "schema": "tpm2-keytool/status/1",
        "tcti": facts.tcti,
        "tcti_from": facts.origin,
        "failure_mode": facts.has_failed(),
        "manufacturer": capabilities.manufacturer(),
        "model": capabilities.vendor_string(),
        "firmware": facts.value(pt::FIRMWARE_VERSION_1).map(|_| capabilities.firmware()),
        "revision": Some(capabilities.revision()).filter(|revision| *revision != 0),
        "algorithms": algorithms(&capabilities.algorithms),
        "rsa_bits": capabilities.rsa_bits,
        "curves": capabilities.curves.iter().map(|curve| tpm::curve_name(*curve)).collect::<Vec<_>>(),
        "pcr_banks": algorithms(&capabilities.pcr_banks),
        "raw_rsa": match &facts.raw_rsa {
            None | Some(Err(_)) => None,
            Some(Ok(RawRsa::Allowed)) => Some("allowed"),
            Some(Ok(RawRsa::Forbidden)) => Some("forbidden"),
        },
        "lockout": {
            "locked": flag(pt::PERMANENT, pt::IN_LOCKOUT),
            "failures": facts.value(pt::LOCKOUT_COUNTER),
            "max_failures": facts.value(pt::MAX_AUTH_FAIL),
            "interval_seconds": facts.value(pt::LOCKOUT_INTERVAL),
            "recovery_seconds": facts.value(pt::LOCKOUT_RECOVERY),
        },
        "enabled": {
            "owner": flag(pt::STARTUP_CLEAR, pt::OWNER_ENABLED),
            "endorsement": flag(pt::STARTUP_CLEAR, pt::ENDORSEMENT_ENABLED),
            "platform": flag(pt::STARTUP_CLEAR, pt::PLATFORM_ENABLED),
        },
        "has_password": {
            "owner": flag(pt::PERMANENT, pt::OWNER_AUTH_SET),
            "endorsement": flag(pt::PERMANENT, pt::ENDORSEMENT_AUTH_SET),
            "lockout": flag(pt::PERMANENT, pt::LOCKOUT_AUTH_SET),
        },
        "free": {
            "objects": facts.value(pt::HR_TRANSIENT_AVAIL),
            "persistent_keys": facts.value(pt::HR_PERSISTENT_AVAIL),
            "sessions": facts.value(pt::HR_LOADED_AVAIL),
        },
        "saved_sessions": capabilities.saved_sessions.len(),
        "storage_root": facts.storage_root().name(),
        "derivation_ms": facts.derivation.and_then(|time| u64::try_from(time.as_millis()).ok()),
        "resource_manager": facts.managed,
        "persistent": persistent.collect::<Vec<_>>(),
        "nv": handles(&capabilities.nv),
        "advice": advice,
    })
}
