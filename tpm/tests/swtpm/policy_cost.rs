//! The number of commands that policies cost, also if a PCR changes meanwhile.

use keyfile::HashAlg;
use keyfile::policy::Condition;
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::{ErrorKind, Tpm};

use crate::kit::{self};
use crate::policy_kit::{extend, make, pcr, refused};

#[test]
fn a_policy_costs_one_command_for_each_statement() {
    let swtpm = Swtpm::start();
    let conditions = [Condition::AuthValue, Condition::Locality(1)];
    let with = make(&swtpm, HashAlg::Sha256, &conditions, Some("secret"));
    let without = make(&swtpm, HashAlg::Sha256, &[Condition::Locality(1)], None);
    let proxy = Proxy::start(&swtpm);
    let manager = ResourceManager::start(&swtpm, Options::default());
    let shared = Tpm::new(kit::config(proxy.swtpm_tcti()));
    // To load the key: a look for the persistent copy of its parent, its parent, a session, Load, and in a shared TPM FlushContext of the
    // parent. For the policy: its session, the statements, the use.
    for (file, password, statements) in [(&without, None, 1), (&with, Some("secret"), 2)] {
        for (tpm, log, load, second, later) in [
            (kit::through(&proxy), proxy.log(), 4, 0, 0),
            // Parent and session again for the salt: in a shared TPM they are flushed after use.
            (shared.clone(), proxy.log(), 5, 0, if password.is_some() { 5 } else { 1 }),
            // If the parent is not needed as salt key, the second use saves and flushes it.
            match password {
                Some(_) => (kit::managed(&manager), manager.log(), 4, 0, 2),
                None => (kit::managed(&manager), manager.log(), 4, 2, 1),
            },
        ] {
            log.clear();
            let key = kit::open(&tpm, file, password);
            kit::check(&key);
            assert!(log.len() <= load + 1 + statements + 1, "{}", log.text());
            for put_away in [second, 0, 0] {
                log.clear();
                kit::check(&key);
                assert!(log.len() <= put_away + later + statements + 1, "{}", log.text());
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
fn a_pcr_change_during_use_reruns_the_statements() {
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
                assert!(error.to_string().contains("repeatedly"), "{error}");
            }
        }
        assert_eq!(proxy.log().count(0x17f), 1 + times.min(5), "{}", proxy.log().text());
        // The answer is not authenticated, so both sessions are restarted each time.
        assert_eq!(proxy.log().count(raw::START_AUTH_SESSION), 2 * times.min(5), "{}", proxy.log().text());
        assert_eq!(proxy.log().count(0x180), 0, "{}", proxy.log().text());
    }
    proxy.remove_rules();
    kit::check(&key);
    drop((key, tpm));
    swtpm.assert_empty();
}
