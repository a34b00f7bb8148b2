//! Suggests fixes for the problems of a TPM.

use keyfile::{AlgId, Curve};

use super::facts::{Facts, SLOW, StorageRoot};
use super::property as pt;
use super::report::duration;
use crate::manager;
use crate::persistent::Persistent;

/// Returns one sentence per problem.
pub(crate) fn advice(facts: &Facts) -> Vec<String> {
    let capabilities = &facts.capabilities;
    if facts.has_failed() {
        return vec![
            "the TPM accepts no commands: switch the machine off and on (a restart may not reset the TPM); if that fails, update its firmware or replace it".to_owned(),
        ];
    }
    let saved = capabilities.saved_sessions.len();
    let mut all = Vec::new();
    let mut say = |text: String| all.push(text);
    let counter = facts.value(pt::LOCKOUT_COUNTER).unwrap_or(0);
    let limit = facts.value(pt::MAX_AUTH_FAIL).unwrap_or(0);
    let interval = facts.value(pt::LOCKOUT_INTERVAL).map_or("some time".to_owned(), duration);
    if facts.flag(pt::PERMANENT, pt::IN_LOCKOUT) == Some(true) {
        say(format!(
            "the TPM is locked and refuses all keys under dictionary-attack protection: wait {interval}, or run `tpm2_dictionarylockout --clear-lockout`"
        ));
    } else if counter > 0 && counter.saturating_add(4) >= limit {
        say(format!(
            "{} more wrong passwords lock the TPM: find the program that sends them; wait {interval} for each, or run `tpm2_dictionarylockout --clear-lockout`",
            limit.saturating_sub(counter)
        ));
    }
    if facts.flag(pt::STARTUP_CLEAR, pt::OWNER_ENABLED) == Some(false) {
        say("the owner hierarchy is disabled: enable it in the firmware setup (often called storage hierarchy)".to_owned());
    }
    if facts.flag(pt::STARTUP_CLEAR, pt::ENDORSEMENT_ENABLED) == Some(false) {
        say("the endorsement hierarchy is disabled, so `attest` cannot work: enable it in the firmware setup, and restart".to_owned());
    }
    if facts.value(pt::LOCKOUT_INTERVAL) == Some(0) {
        say("dictionary-attack protection is switched off, also for keys made with -d: set it up with `tpm2_dictionarylockout --setup-parameters`".to_owned());
    }
    if facts.value(pt::HR_TRANSIENT_AVAIL) == Some(0) {
        say("all object slots are in use: use /dev/tpmrm0, or free them with `tpm2_flushcontext -t`"
            .to_owned());
    }
    if facts.value(pt::HR_LOADED_AVAIL) == Some(0) {
        say("all session slots are in use: use /dev/tpmrm0, or free them with `tpm2_flushcontext -l`"
            .to_owned());
    }
    let most = facts.value(pt::ACTIVE_SESSIONS_MAX).and_then(|most| usize::try_from(most).ok());
    if most.is_some_and(|most| saved.saturating_mul(2) > most) {
        say(format!(
            "programs that ended have left {} saved sessions in the TPM: free them with `tpm2_flushcontext -s`",
            saved
        ));
    }
    if facts.tcti == "device:/dev/tpm0" {
        say("/dev/tpm0 has no resource manager and serves one program at a time: use /dev/tpmrm0".to_owned());
    }
    if facts.flag(pt::PERMANENT, pt::OWNER_AUTH_SET) == Some(true) {
        say("the owner hierarchy has a password: give it to `create` with -b or --passparent".to_owned());
    }
    let root = facts.storage_root();
    if let Some(time) = facts.derivation.filter(|time| *time >= SLOW && root == StorageRoot::Absent) {
        say(format!(
            "each process that uses a key of the owner hierarchy derives the storage key, which takes {} ms here: make it persistent with `tpm2-keytool srk`",
            time.as_millis()
        ));
    }
    if facts.managed && !has_persistent_signer(facts) {
        say(format!(
            "the resource manager makes {} commands of each signature by a key file: for a busy server, make the key persistent (`tpm2-keytool create --persistent`, or `load`)",
            manager::COMMANDS
        ));
    }
    if !capabilities.curves.contains(&Curve::P256) {
        say("the TPM has no P-256, so hierarchies derive an RSA parent, which is slow: use a persistent parent (create -p)".to_owned());
    }
    if !capabilities.algorithms.contains(&AlgId::SHA256) || !capabilities.algorithms.contains(&AlgId::CFB) {
        say("the TPM lacks SHA-256 or AES-CFB, which its sessions need: this project cannot use it"
            .to_owned());
    }
    all
}

/// Returns true if the user knows persistent keys already.
fn has_persistent_signer(facts: &Facts) -> bool {
    facts.persistent.iter().any(|(handle, public)| {
        let purpose = public.as_ref().map(|public| Persistent { handle: *handle, public }.purpose());
        purpose.is_ok_and(|purpose| purpose.starts_with("sign"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keyfile::Handle;
    use tpm::Capabilities;
    use tpm::rc::ResponseCode;
    use tpm::template::{Storage, Template};

    use super::*;
    use crate::persistent::SRK;

    fn healthy() -> Facts {
        let properties = [
            (pt::PERMANENT, 0),
            (pt::STARTUP_CLEAR, pt::OWNER_ENABLED | pt::ENDORSEMENT_ENABLED),
            (pt::HR_TRANSIENT_AVAIL, 3),
            (pt::HR_LOADED_AVAIL, 3),
            (pt::ACTIVE_SESSIONS_MAX, 64),
            (pt::LOCKOUT_COUNTER, 1),
            (pt::MAX_AUTH_FAIL, 32),
            (pt::LOCKOUT_INTERVAL, 7_200),
        ];
        let capabilities = Capabilities {
            properties: properties.into(),
            algorithms: vec![AlgId::SHA256, AlgId::CFB],
            curves: vec![Curve::P256],
            ..Capabilities::default()
        };
        Facts { tcti: "device:/dev/tpmrm0".into(), capabilities, ..Facts::default() }
    }

    #[test]
    fn a_fast_derivation_needs_no_advice() {
        let facts = Facts { derivation: Some(Duration::from_millis(2)), ..healthy() };
        assert_eq!(advice(&facts), [""; 0]);
    }

    #[test]
    fn advice_is_given_only_if_it_helps() {
        let slow = Some(Duration::from_millis(180));
        let other = Ok(Storage::Rsa2048.template());
        let facts = Facts { derivation: slow, persistent: vec![(SRK, other)], ..healthy() };
        assert_eq!((facts.storage_root(), advice(&facts)), (StorageRoot::Other, Vec::new()));
        let signer = Ok(Template::ecc(Curve::P256).public());
        let facts = Facts { managed: true, persistent: vec![(Handle(0x8100_0100), signer)], ..healthy() };
        assert_eq!(advice(&facts), [""; 0]);
    }

    #[test]
    fn healthy_tpm_has_no_advice() {
        assert_eq!(advice(&healthy()), [""; 0]);
    }

    #[test]
    fn each_problem_has_its_advice() {
        for (property, value, remedy) in [
            (pt::PERMANENT, pt::IN_LOCKOUT, "wait 2 h"),
            (pt::LOCKOUT_COUNTER, 30, "2 more wrong passwords"),
            (pt::STARTUP_CLEAR, pt::ENDORSEMENT_ENABLED, "the owner hierarchy is disabled"),
            (pt::STARTUP_CLEAR, pt::OWNER_ENABLED, "`attest` cannot work"),
            (pt::LOCKOUT_INTERVAL, 0, "switched off"),
            (pt::HR_TRANSIENT_AVAIL, 0, "tpm2_flushcontext -t"),
            (pt::HR_LOADED_AVAIL, 0, "tpm2_flushcontext -l"),
            (pt::PERMANENT, pt::OWNER_AUTH_SET, "--passparent"),
        ] {
            says_only(remedy, |facts| {
                facts.capabilities.properties.insert(property, value);
            });
        }
        says_only("off and on", |facts| facts.self_test = Some((ResponseCode::FAILURE, Vec::new())));
        says_only("/dev/tpmrm0", |facts| facts.tcti = "device:/dev/tpm0".into());
        says_only("tpm2_flushcontext -s", |facts| facts.capabilities.saved_sessions = vec![Handle::NULL; 40]);
        says_only("takes 180 ms here", |facts| facts.derivation = Some(Duration::from_millis(180)));
        says_only("makes 4 commands", |facts| facts.managed = true);
        says_only("no P-256", |facts| facts.capabilities.curves.clear());
        says_only("AES-CFB", |facts| facts.capabilities.algorithms.clear());
    }

    fn says_only(remedy: &str, fault: impl FnOnce(&mut Facts)) {
        let mut facts = healthy();
        fault(&mut facts);
        let found = advice(&facts);
        assert!(found.len() == 1 && found[0].contains(remedy), "{remedy}: {found:?}");
    }
}
