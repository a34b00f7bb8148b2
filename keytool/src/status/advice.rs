//! What is wrong with a TPM, and what to do about it.

use keyfile::{AlgId, Curve};

use super::facts::Facts;
use super::property as pt;
use super::report::duration;

/// One sentence each; none when all is well.
pub(crate) fn advice(facts: &Facts) -> Vec<String> {
    let properties = &facts.properties;
    let mut all = Vec::new();
    let mut say = |text: String| all.push(text);
    let counter = properties.value(pt::LOCKOUT_COUNTER).unwrap_or(0);
    let limit = properties.value(pt::MAX_AUTH_FAIL).unwrap_or(0);
    let interval = properties.value(pt::LOCKOUT_INTERVAL).map_or("some time".to_owned(), duration);
    if properties.flag(pt::PERMANENT, pt::IN_LOCKOUT) == Some(true) {
        say(format!(
            "the TPM is locked: every key under dictionary-attack protection is refused; wait {interval}, or reset the counter with `tpm2_dictionarylockout --clear-lockout`"
        ));
    } else if counter > 0 && counter.saturating_add(4) >= limit {
        say(format!(
            "{} more wrong passwords lock the TPM; find the program that guesses, wait {interval} for each, or reset the counter with `tpm2_dictionarylockout --clear-lockout`",
            limit.saturating_sub(counter)
        ));
    }
    if properties.flag(pt::STARTUP_CLEAR, pt::OWNER_ENABLED) == Some(false) {
        say("the owner hierarchy is disabled: enable it in the firmware's setup (often called storage hierarchy)".to_owned());
    }
    if properties.value(pt::HR_TRANSIENT_AVAIL) == Some(0) {
        say("all object places are taken: somebody left keys loaded; use /dev/tpmrm0, or free them with `tpm2_flushcontext -t`".to_owned());
    }
    if properties.value(pt::HR_LOADED_AVAIL) == Some(0) {
        say("all session places are taken: use /dev/tpmrm0, or free them with `tpm2_flushcontext -l`"
            .to_owned());
    }
    let most = properties.value(pt::ACTIVE_SESSIONS_MAX).and_then(|most| usize::try_from(most).ok());
    if most.is_some_and(|most| facts.saved_sessions.saturating_mul(2) > most) {
        say(format!(
            "{} saved sessions are left in the TPM by programs that ended without flushing them: free them with `tpm2_flushcontext -s`",
            facts.saved_sessions
        ));
    }
    if facts.tcti == "device:/dev/tpm0" {
        say("this is the TPM without the kernel's resource manager, for one program at a time: use /dev/tpmrm0".to_owned());
    }
    if properties.flag(pt::PERMANENT, pt::OWNER_AUTH_SET) == Some(true) {
        say("the owner hierarchy has a password: `create` under owner takes it with -b or --passparent"
            .to_owned());
    }
    if !facts.curves.contains(&Curve::P256) {
        say("it has no P-256: hierarchies derive an RSA parent, which takes long; use a persistent parent (create -p)".to_owned());
    }
    if !facts.algorithms.contains(&AlgId::SHA256) || !facts.algorithms.contains(&AlgId::CFB) {
        say("it lacks SHA-256 or AES-CFB: its sessions cannot be protected, and this project cannot use it"
            .to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::property::Properties;
    use super::*;

    fn healthy() -> Facts {
        let properties = Properties(
            [
                (pt::PERMANENT, 0),
                (pt::STARTUP_CLEAR, pt::OWNER_ENABLED),
                (pt::HR_TRANSIENT_AVAIL, 3),
                (pt::HR_LOADED_AVAIL, 3),
                (pt::ACTIVE_SESSIONS_MAX, 64),
                (pt::LOCKOUT_COUNTER, 1),
                (pt::MAX_AUTH_FAIL, 32),
                (pt::LOCKOUT_INTERVAL, 7_200),
            ]
            .into(),
        );
        let algorithms = vec![AlgId::SHA256, AlgId::CFB];
        Facts {
            tcti: "device:/dev/tpmrm0".into(),
            properties,
            algorithms,
            curves: vec![Curve::P256],
            ..Facts::default()
        }
    }

    #[test]
    fn a_healthy_tpm_needs_nothing() {
        assert_eq!(advice(&healthy()), [""; 0]);
    }

    #[test]
    fn each_fault_has_its_remedy() {
        for (property, value, remedy) in [
            (pt::PERMANENT, pt::IN_LOCKOUT, "wait 2 h"),
            (pt::LOCKOUT_COUNTER, 30, "2 more wrong passwords"),
            (pt::STARTUP_CLEAR, 0, "firmware's setup"),
            (pt::HR_TRANSIENT_AVAIL, 0, "tpm2_flushcontext -t"),
            (pt::HR_LOADED_AVAIL, 0, "tpm2_flushcontext -l"),
            (pt::PERMANENT, pt::OWNER_AUTH_SET, "--passparent"),
        ] {
            let mut facts = healthy();
            facts.properties.0.insert(property, value);
            says_only(&facts, remedy);
        }
        says_only(&Facts { saved_sessions: 40, ..healthy() }, "tpm2_flushcontext -s");
        says_only(&Facts { tcti: "device:/dev/tpm0".into(), ..healthy() }, "/dev/tpmrm0");
        says_only(&Facts { curves: Vec::new(), ..healthy() }, "no P-256");
        says_only(&Facts { algorithms: vec![AlgId::SHA256], ..healthy() }, "AES-CFB");
    }

    fn says_only(facts: &Facts, remedy: &str) {
        let said = advice(facts);
        assert!(said.len() == 1 && said[0].contains(remedy), "{remedy}: {said:?}");
    }
}
