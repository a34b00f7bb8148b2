//! The errors that a user sees.

use keyfile::{AlgId, HashAlg};
use tests::raw::Tpm as _;
use tests::{Proxy, Swtpm};
use tpm::{ErrorKind, Tpm};

use crate::kit::{self, DIGEST};

fn failure(key: &tpm::Key) -> tpm::Error {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err()
}

/// Returns how often the TPM has checked a password. It answers "retry" before it counts a failure, to write first.
fn tried(proxy: &Proxy) -> usize {
    let judged = |exchange: &tests::log::Exchange| {
        exchange.code() == tests::raw::SIGN && exchange.response_code() != Some(tests::raw::RETRY)
    };
    proxy.log().all().iter().filter(|exchange| judged(exchange)).count()
}

#[test]
fn wrong_password_missing_password_and_lockout_are_different_errors() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(2, 1000);
    let file = kit::protected(&swtpm, "secret");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);

    let error = failure(&kit::open(&tpm, &file, None));
    assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
    assert!(proxy.log().is_empty());

    let error = failure(&kit::open(&tpm, &file, Some("wrong")));
    assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    assert!(error.to_string().contains("TPM_RC_AUTH_FAIL (0x98e"), "{error}");
    assert_eq!((tried(&proxy), swtpm.failures()), (1, 1), "{}", proxy.log().text());

    // This password is known to be wrong; another, unknown one might be the last try.
    let error = failure(&kit::open(&tpm, &file, Some("wrong")));
    assert_eq!((error.kind(), tried(&proxy)), (ErrorKind::Authorization, 1), "{error}");
    let error = failure(&kit::open(&tpm, &file, Some("worse")));
    assert_eq!((error.kind(), tried(&proxy)), (ErrorKind::Lockout, 1), "{error}");
    let with_last_try = Tpm::new(tpm::Config { allow_last_try: true, ..kit::config(proxy.tcti()) });
    failure(&kit::open(&with_last_try, &file, Some("worse")));
    let error = failure(&kit::open(&with_last_try, &file, Some("secret")));
    assert_eq!(error.kind(), ErrorKind::Lockout, "{error}");
    assert!(
        error.to_string().contains("TPM_RC_LOCKOUT (0x921)") && error.to_string().contains("1000 seconds"),
        "{error}"
    );
    assert!(tpm.lockout().unwrap().is_locked());
    assert_eq!(tried(&proxy), 3, "{}", proxy.log().text());
}

#[test]
fn a_missing_tpm_is_reported_with_its_tcti_string() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let tcti = swtpm.tcti();
    drop(swtpm);
    let error = failure(&kit::open(&Tpm::new(kit::config(tcti.clone())), &file, None));
    assert!(matches!(error.kind(), ErrorKind::NoTpm | ErrorKind::Io), "{error:?}");
    assert!(error.to_string().contains(&tcti), "{error}");
    for (tcti, says) in [("device:/dev/tpmrm99", "/dev/tpmrm99"), ("nonsense:", "nonsense")] {
        let error = failure(&kit::open(&Tpm::new(kit::config(tcti.to_owned())), &file, None));
        assert_eq!(error.kind(), ErrorKind::NoTpm, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_key_file_of_another_tpm_is_refused() {
    let (own, other) = (Swtpm::start(), Swtpm::start());
    let file = kit::ec(&other, None);
    let error = failure(&kit::open(&kit::direct(&own), &file, None));
    assert!(error.to_string().contains("another"), "{error}");
    own.assert_empty();
}
