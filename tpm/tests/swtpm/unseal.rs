//! Sealed data.

use keyfile::policy::{Condition, digest};
use keyfile::{AlgId, HashAlg, KeyFile, Kind, Public};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};
use tpm::{Auth, ErrorKind};

use crate::kit::{self, OWNER};
use crate::policy_kit::pcr;

#[test]
fn sealed_data_is_unsealed_and_never_crosses_the_bus_in_clear() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let (parent, _) = tpm.parent_public(&OWNER).unwrap();
    for (password, conditions) in [
        (None, None),
        (Some("secret"), None),
        (None, Some(vec![Condition::Locality(1)])),
        (Some("secret"), Some(vec![pcr(&tpm, HashAlg::Sha256, "1-3"), Condition::AuthValue])),
    ] {
        let data = b"sealed data of a user";
        let seed = [3; 32];
        let mut public = Public {
            name_alg: HashAlg::Sha256,
            attributes: keyfile::Attributes::NO_DA,
            auth_policy: Vec::new(),
            key: keyfile::PublicKey::KeyedHash {
                scheme: keyfile::KeyedHashScheme::Null,
                unique: HashAlg::Sha256.digest(&[&seed, data]),
            },
        };
        let statements: Option<Vec<_>> =
            conditions.map(|conditions| conditions.iter().map(|c| c.statement().unwrap()).collect());
        match &statements {
            Some(statements) => public.auth_policy = digest(statements, HashAlg::Sha256).unwrap(),
            None => public.attributes = public.attributes.union(keyfile::Attributes::USER_WITH_AUTH),
        }
        let auth_value = password.map(|p| Auth::new(p).as_value(HashAlg::Sha256)).unwrap_or_default();
        let sensitive = keyfile::Sensitive {
            kind: AlgId::KEYEDHASH,
            auth_value,
            seed_value: seed.to_vec().into(),
            sensitive: data.to_vec().into(),
        };
        let wrapped = tpm::wrap(&parent, &public, &sensitive).unwrap();
        let mut file = KeyFile::new(Kind::Sealed, OWNER.handle, public, wrapped.duplicate);
        file.secret = Some(wrapped.secret);
        file.policy = statements;
        file.empty_auth = password.is_none();
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        let object = kit::open(&tpm, &file, password);
        for _ in 0..2 {
            let answer = object.unseal().unwrap();
            assert!(answer.authenticated && *answer.value == data);
        }
        assert_eq!(proxy.log().count(raw::IMPORT), 1);
        assert!(!proxy.log().contains(data), "{}", proxy.log().text());
        if password.is_some() {
            let error = kit::open(&tpm, &file, Some("wrong")).unseal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
            let error = kit::open(&tpm, &file, None).unseal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        }
        assert!(!proxy.log().contains(b"secret"));
    }
    let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
    assert_eq!(key.unseal().unwrap_err().kind(), ErrorKind::Input);
    drop((key, tpm));
    swtpm.assert_empty();
}
