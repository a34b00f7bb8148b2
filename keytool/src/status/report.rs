//! The state of the TPM as rows of text.

use keyfile::{AlgId, Curve, Public, PublicKey};
use tpm::RawRsa;
use tpm::rc::ResponseCode;

use super::facts::{Facts, StorageRoot};
use super::identity::{firmware, maker, version};
use super::property as pt;
use crate::manager;
use crate::rows::Rows;

/// Returns the rows about a TPM.
pub(crate) fn rows(facts: &Facts) -> Rows {
    let capabilities = &facts.capabilities;
    let mut rows = Rows::new("TPM");
    rows.add("TCTI", format_args!("{} ({})", facts.tcti, facts.origin));
    rows.add("maker", maker(capabilities));
    rows.add("firmware", firmware(facts));
    if facts.has_failed() {
        rows.add("self test", self_test(facts));
        return rows;
    }
    rows.add("version", version(capabilities));
    rows.add("self test", self_test(facts));
    rows.add("algorithms", list(&capabilities.algorithms, |id| plain(*id)));
    rows.add("RSA sizes", list(&capabilities.rsa_bits, u16::to_string));
    rows.add("raw RSA", raw_rsa(facts));
    rows.add("curves", list(&capabilities.curves, curve));
    rows.add("PCR banks", list(&capabilities.pcr_banks, |id| plain(*id)));
    rows.add("slots", slots(facts));
    rows.add("sessions", sessions(facts));
    rows.add("context gap", number(facts, pt::CONTEXT_GAP_MAX));
    rows.add("lockout", lockout(facts));
    rows.add("hierarchies", hierarchies(facts));
    rows.add("passwords", passwords(facts));
    rows.add("storage root", storage_root(facts));
    if facts.managed {
        rows.add(
            "traffic",
            format_args!(
                "each signature by a key file takes {} commands at the chip, because the resource manager loads and saves the key; with a \
                 persistent key, 1 (create --persistent)",
                manager::COMMANDS
            ),
        );
    }
    rows.list(
        "persistent",
        facts.persistent.iter().map(|(handle, public)| match public {
            Ok(public) => format!("{handle} {}", object(public)),
            Err(why) => format!("{handle} (not readable: {why})"),
        }),
    );
    rows.list("NV indexes", &capabilities.nv);
    rows
}

fn storage_root(facts: &Facts) -> String {
    let at_handle = match facts.storage_root() {
        StorageRoot::Present => {
            return "present at 0x81000001: key files of the owner hierarchy are loaded under it".to_owned();
        }
        StorageRoot::Other => "another parent is at 0x81000001, which loads only files that were made for it",
        StorageRoot::Unfit => "the object at 0x81000001 cannot be a parent of keys",
        StorageRoot::Absent => "none at 0x81000001 (`tpm2-keytool srk` makes it)",
    };
    let time = facts.derivation.map_or(String::new(), |time| format!(", in {} ms", time.as_millis()));
    format!("{at_handle}; keys under owner derive their parent once per process{time}")
}

fn raw_rsa(facts: &Facts) -> String {
    match &facts.raw_rsa {
        None => "no RSA".to_owned(),
        Some(Ok(RawRsa::Allowed)) => "yes".to_owned(),
        Some(Ok(RawRsa::Forbidden)) => {
            "forbidden: keys sign and decrypt with the TPM's schemes only".to_owned()
        }
        Some(Err(why)) => format!("unknown: {why}"),
    }
}

fn self_test(facts: &Facts) -> String {
    let Some((code, data)) = &facts.self_test else { return "not reported".to_owned() };
    let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    match code.base() {
        ResponseCode::SUCCESS => "passed".to_owned(),
        ResponseCode::NEEDS_TEST | ResponseCode::TESTING => {
            "passed so far; the rest is tested at first use".to_owned()
        }
        _ if data.is_empty() => format!("FAILED: {code}"),
        _ => format!("FAILED: {code}; the manufacturer's code: {data}"),
    }
}

fn hierarchies(facts: &Facts) -> String {
    let all = [
        ("owner", pt::OWNER_ENABLED),
        ("endorsement", pt::ENDORSEMENT_ENABLED),
        ("platform", pt::PLATFORM_ENABLED),
    ];
    let state = |bit| match facts.flag(pt::STARTUP_CLEAR, bit) {
        Some(true) => "enabled",
        Some(false) => "disabled",
        None => "not reported",
    };
    all.map(|(name, bit)| format!("{name} {}", state(bit))).join(", ")
}

fn slots(facts: &Facts) -> String {
    format!(
        "objects: {} free of at least {}; persistent keys: {} more; sessions: {} more loaded at the same time",
        number(facts, pt::HR_TRANSIENT_AVAIL),
        number(facts, pt::HR_TRANSIENT_MIN),
        number(facts, pt::HR_PERSISTENT_AVAIL),
        number(facts, pt::HR_LOADED_AVAIL),
    )
}

fn sessions(facts: &Facts) -> String {
    format!(
        "{} active of {}, {} of them saved",
        number(facts, pt::HR_ACTIVE),
        number(facts, pt::ACTIVE_SESSIONS_MAX),
        facts.capabilities.saved_sessions.len()
    )
}

fn lockout(facts: &Facts) -> String {
    let state = match facts.flag(pt::PERMANENT, pt::IN_LOCKOUT) {
        Some(true) => "LOCKED",
        Some(false) => "open",
        None => "not reported",
    };
    // A lockout interval of zero turns the protection off; a recovery time of zero needs a reset of the TPM (Part 3 §25.3).
    let forgiven = match facts.value(pt::LOCKOUT_INTERVAL) {
        None => "when one is forgiven is not reported".to_owned(),
        Some(0) => "none is counted, because the protection is switched off".to_owned(),
        Some(seconds) => format!("one is forgiven every {}", duration(seconds)),
    };
    let recovery = match facts.value(pt::LOCKOUT_RECOVERY) {
        None => "an unknown time".to_owned(),
        Some(0) => "the next reset".to_owned(),
        Some(seconds) => duration(seconds),
    };
    format!(
        "{state}: {} wrong passwords of {}; {forgiven}; a wrong lockout password closes the lockout hierarchy for {recovery}",
        number(facts, pt::LOCKOUT_COUNTER),
        number(facts, pt::MAX_AUTH_FAIL),
    )
}

fn passwords(facts: &Facts) -> String {
    let set = |bit| match facts.flag(pt::PERMANENT, bit) {
        Some(true) => "set",
        Some(false) => "empty",
        None => "not reported",
    };
    format!(
        "owner {}, endorsement {}, lockout {}",
        set(pt::OWNER_AUTH_SET),
        set(pt::ENDORSEMENT_AUTH_SET),
        set(pt::LOCKOUT_AUTH_SET)
    )
}

/// Formats a number of seconds exactly, in hours up to two days, then in days.
pub(crate) fn duration(seconds: u32) -> String {
    let days = if seconds < 172_800 { 0 } else { seconds / 86_400 };
    let rest = seconds - days * 86_400;
    let parts = match seconds {
        0..=119 => vec![(seconds, "s")],
        _ => vec![(days, "days"), (rest / 3_600, "h"), (rest % 3_600 / 60, "min"), (rest % 60, "s")],
    };
    let nonzero = parts.into_iter().filter(|(number, _)| *number > 0 || seconds == 0);
    nonzero.map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ")
}

fn number(facts: &Facts, property: u32) -> String {
    facts.value(property).map_or("not reported".to_owned(), |value| value.to_string())
}

fn object(public: &Public) -> String {
    let kind = match &public.key {
        PublicKey::Rsa { bits, .. } => format!("RSA {bits}"),
        PublicKey::Ecc { curve, .. } => format!("EC {curve}"),
        PublicKey::KeyedHash { .. } => "keyed hash".to_owned(),
        PublicKey::SymCipher { .. } => "cipher key".to_owned(),
    };
    format!("{kind}, {}", public.attributes)
}

/// Returns the name of an algorithm as TPM tools spell it: `sha256`.
pub(super) fn plain(id: AlgId) -> String {
    id.to_string().trim_start_matches("TPM_ALG_").to_lowercase()
}

fn curve(curve: &Curve) -> String {
    curve.to_string()
}

fn list<T>(all: &[T], name: impl Fn(&T) -> String) -> String {
    match all.is_empty() {
        true => "none".to_owned(),
        false => all.iter().map(name).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use tpm::Capabilities;

    use super::*;

    fn report(values: &[(u32, u32)]) -> String {
        let properties = values.iter().copied().collect();
        let capabilities = Capabilities { properties, ..Capabilities::default() };
        rows(&Facts { capabilities, ..Facts::default() }).to_string()
    }

    #[test]
    fn report_describes_a_chip() {
        let text = report(&[
            (0x102, 138),
            (0x105, 0x4946_5800),
            (0x106, 0x534C_4239),
            (0x107, 0x3637_3000),
            (pt::FIRMWARE_VERSION_1, 0x0007_0055),
            (0x10C, 0x0011_9300),
            (pt::PERMANENT, pt::IN_LOCKOUT | pt::OWNER_AUTH_SET),
            (pt::LOCKOUT_COUNTER, 32),
            (pt::MAX_AUTH_FAIL, 32),
            (pt::LOCKOUT_INTERVAL, 7_200),
            (pt::LOCKOUT_RECOVERY, 86_400),
        ]);
        for part in [
            "IFX: Infineon; model \"SLB9670\"",
            "7.85.17.37632",
            "TPM 2.0, revision 1.38",
            "LOCKED: 32 wrong passwords of 32; one is forgiven every 2 h; a wrong lockout password closes the lockout hierarchy for 24 h",
            "owner set, endorsement empty",
        ] {
            assert!(text.contains(part), "{part:?} in\n{text}");
        }
    }

    #[test]
    fn durations_are_exact() {
        for (seconds, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (1_000, "16 min 40 s"),
            (7_200, "2 h"),
            (86_400, "24 h"),
            (90_061, "25 h 1 min 1 s"),
            (172_801, "2 days 1 s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn tpm_in_failure_mode_reports_its_identity_only() {
        let capabilities =
            Capabilities { properties: [(0x105, 0x4946_5800)].into(), ..Capabilities::default() };
        let self_test = Some((ResponseCode::FAILURE, vec![0, 1, 0xab]));
        let text = rows(&Facts { capabilities, self_test, ..Facts::default() }).to_string();
        assert!(text.contains("Infineon") && text.contains("FAILED: TPM_RC_FAILURE (0x101)"), "{text}");
        assert!(text.contains("0001ab") && !text.contains("lockout"), "{text}");
    }

    #[test]
    fn missing_properties_are_not_reported() {
        let text = report(&[]);
        assert!(
            text.contains("firmware      not reported") && text.contains("context gap   not reported"),
            "{text}"
        );
        assert!(text.contains("owner not reported") && !text.contains("LOCKED"), "{text}");
    }
}
