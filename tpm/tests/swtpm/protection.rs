//! No secret crosses the bus in the clear, and every answer is verified.

use keyfile::{AlgId, CommandCode, Curve, Handle, HashAlg};
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy, Swtpm, tamper};
use tpm::template::Template;
use tpm::{Auth, Config, ErrorKind, Parent, Protection, Tpm};

use crate::kit::{self, DIGEST, OWNER};

#[test]
fn no_password_and_no_secret_crosses_the_bus_in_clear() {
    let swtpm = Swtpm::start();
    swtpm.set_hierarchy_auth(raw::OWNER, b"", b"owner-secret");
    let proxy = Proxy::start(&swtpm);
    let config = Config { parent_auth: Some(Auth::new("owner-secret")), ..kit::config(proxy.tcti()) };
    let tpm = Tpm::new(config.clone());
    let parent = Parent { auth: config.parent_auth.clone(), ..OWNER };
    let made = tpm.create(&parent, &Template::rsa(2048).public(), Some(&Auth::new("key-secret"))).unwrap();
    let mut file = keyfile::KeyFile::new(keyfile::Kind::Loadable, Handle::OWNER, made.public, made.private);
    file.empty_auth = false;
    let key = kit::open(&tpm, &file, Some("key-secret"));
    let plain = key.rsa_decrypt(&[0x11; 256]).unwrap().value;
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::RSASSA).unwrap();
    for secret in [&b"owner-secret"[..], b"key-secret", &plain[..32]] {
        assert!(!proxy.log().contains(secret), "{}", proxy.log().text());
    }
    assert!(proxy.log().unprotected().is_empty(), "{}", proxy.log().text());
    tpm.close();

    // Without protection, the same search finds the secrets.
    let config = Config { session: Protection::Password, ..config };
    proxy.log().clear();
    let key = kit::open(&Tpm::new(config), &file, Some("key-secret"));
    let answer = key.rsa_decrypt(&[0x11; 256]).unwrap();
    assert!(!answer.authenticated && answer.value == plain);
    for secret in [&b"owner-secret"[..], b"key-secret", &plain[..32]] {
        assert!(proxy.log().contains(secret), "{}", proxy.log().text());
    }
}

#[test]
fn a_flipped_bit_is_detected() {
    let swtpm = Swtpm::start();
    // Each failure counts: a session that is out of step with the TPM looks like a wrong password.
    let template = Template::rsa(2048).dictionary_attack_protection(true);
    let file = kit::make(&swtpm, &OWNER, template, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
    let plain = key.rsa_decrypt(&[0x11; 256]).unwrap().value;
    let bits = 8 * proxy.log().all().last().unwrap().response.len();
    // Also every bit of the response code, which is not authenticated.
    for bit in (48..80).chain((0..bits).step_by(41)) {
        proxy.on_response(tamper::flip_bit(raw::RSA_DECRYPT, 0, bit));
        match key.rsa_decrypt(&[0x11; 256]) {
            // Changed bits of the header and the attributes without a meaning may be dropped by the framing; the result must not
            // change.
            Ok(answer) => assert_eq!(answer.value, plain, "bit {bit}"),
            Err(error) => {
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Integrity | ErrorKind::Tpm | ErrorKind::Io | ErrorKind::Lockout
                    ),
                    "bit {bit}: {error:?}"
                );
            }
        }
        proxy.remove_rules();
        assert_eq!(key.rsa_decrypt(&[0x11; 256]).unwrap().value, plain, "after bit {bit}");
        assert_eq!(swtpm.failures(), 0, "after bit {bit}");
    }
}

#[test]
fn a_restricted_key_signs_no_message_replaced_on_the_bus() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let made = tpm.create(&OWNER, &kit::restricted(), Some(&Auth::new("secret"))).unwrap();
    let mut file = keyfile::KeyFile::new(keyfile::Kind::Loadable, Handle::OWNER, made.public, made.private);
    file.empty_auth = false;
    let key = kit::open(&tpm, &file, Some("secret"));
    let sign = |message: &[u8]| key.sign_message(message, HashAlg::Sha256, AlgId::ECDSA);
    // In one command, and in several.
    for message in [&b"pay 1"[..], &[b'1'; 1030]] {
        let answer = sign(message).unwrap();
        assert!(answer.authenticated);
        kit::verify_digest(key.public(), &answer.value, &HashAlg::Sha256.digest(&[message]));
        proxy.log().clear();
        // A bus attacker has the TPM hash another message: the ticket is valid.
        proxy.on_command(|command| {
            let hashes = [CommandCode::HASH.0, CommandCode::SEQUENCE_UPDATE.0].contains(&raw::code(command));
            if let Some(last) = command.iter().rposition(|byte| hashes && *byte == b'1') {
                command[last] = b'9';
            }
            Fate::Pass
        });
        let error = sign(message).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        assert_eq!(proxy.log().count(raw::SIGN), 0, "{}", proxy.log().text());
        proxy.remove_rules();
        sign(message).unwrap();
    }
}

#[test]
fn a_replaced_nonce_is_detected() {
    let swtpm = Swtpm::start();
    let file = kit::protected(&swtpm, "secret");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, Some("secret"));
    kit::check(&key);
    proxy.on_response(tamper::replace_nonces(raw::SIGN));
    let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    proxy.remove_rules();
    kit::check(&key);
    assert_eq!(swtpm.failures(), 0);
    // A changed initial nonce of a session is detected only by the first command in it.
    tpm.close();
    proxy.on_response(tamper::replace_nonces(raw::START_AUTH_SESSION));
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
    let failures = swtpm.failures();
    proxy.remove_rules();
    kit::check(&key);
    assert_eq!(swtpm.failures(), failures);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn a_private_part_of_another_key_is_refused() {
    let swtpm = Swtpm::start();
    let (own, other) = (kit::ec(&swtpm, None), kit::ec(&swtpm, None));
    let tpm = kit::direct(&swtpm);
    let mut mixed = own.clone();
    mixed.public = other.public;
    let error = kit::open(&tpm, &mixed, None).sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
    assert!(error.to_string().contains("TPM2_Load"), "{error}");
    kit::check(&kit::open(&tpm, &own, None));
}

#[test]
fn a_pinned_salt_key_is_required_for_every_read() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let tpm = kit::direct(&swtpm);
    let (_, owner) = tpm.parent_public(&OWNER).unwrap();
    let (_, null) = tpm.parent_public(&Parent { handle: Handle::NULL, ..OWNER }).unwrap();
    tpm.close();
    let handle = swtpm.create_primary_with(b"", raw::DA_PROTECTED);
    let there = Handle(0x8100_0001);
    swtpm.persist(handle, there.0);
    swtpm.flush(handle);
    let (_, persistent) = tpm.read_public(there).unwrap();
    tpm.close();
    let pcrs = "sha256:0-7".parse().unwrap();
    for (pin, good) in
        [(owner, true), (null, true), (persistent, true), (keyfile::Name::from(&[0, 11, 1, 2][..]), false)]
    {
        let config = Config { salt_name: Some(pin), ..kit::config(swtpm.tcti()) };
        let tpm = Tpm::new(config);
        let key = kit::open(&tpm, &file, Some("secret"));
        // In any order, and again when nothing is loaded any more.
        for _ in 0..2 {
            let results = [
                tpm.capabilities().map(drop),
                tpm.pcr_read(&pcrs).map(drop),
                tpm.read_public(there).map(drop),
                tpm.parent_public(&OWNER).map(drop),
                key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).map(drop),
            ];
            for result in results {
                match result {
                    Ok(()) => assert!(good),
                    Err(error) => {
                        assert!(!good, "{error}");
                        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
                        assert!(error.to_string().contains("salt-name"), "{error}");
                    }
                }
            }
            tpm.close();
        }
        swtpm.assert_empty();
    }
}

#[test]
fn no_session_is_salted_to_an_imported_storage_key() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    // A parent whose private half its maker knows, as an attacker could make persistent at the handle of the storage root key.
    let handle = swtpm.create_primary();
    swtpm.persist(handle, 0x8100_0001);
    swtpm.flush(handle);
    let parent = Parent { handle: Handle(0x8100_0001), ..OWNER };
    let file = kit::make(&swtpm, &parent, Template::ecc(Curve::P256), Some("secret"));
    let (public, _) = tpm.read_public(parent.handle).unwrap();
    tpm.close();
    let proxy = Proxy::start(&swtpm);
    let (was, mut now) = (public.clone(), public);
    now.attributes = now.attributes.without(keyfile::Attributes::SENSITIVE_DATA_ORIGIN);
    let forged = {
        use keyfile::wire::Marshal as _;
        let name = now.name().unwrap();
        let body = [now.to_sized().unwrap(), name.to_bytes().unwrap(), name.to_bytes().unwrap()].concat();
        let size = u32::try_from(10 + body.len()).unwrap();
        [&[0x80, 1][..], &size.to_be_bytes(), &[0; 4], &body].concat()
    };
    proxy.on_response(move |command, response| {
        if raw::code(command) == raw::READ_PUBLIC {
            response.clone_from(&forged);
        }
        Fate::Pass
    });
    let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
    let _ = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA);
    let start = proxy.log().all().into_iter().find(|e| e.code() == raw::START_AUTH_SESSION).unwrap();
    assert_ne!(raw::u32_at(&start.command, 10), parent.handle.0, "salted to {}", was.attributes);
}

#[test]
fn changed_answers_are_detected_and_count_as_no_wrong_password() {
    let swtpm = Swtpm::start();
    // Under dictionary-attack protection: a session that is out of step could look like a wrong password.
    let at = Handle(0x8100_0101);
    kit::persist(&swtpm, b"secret", keyfile::Attributes::USER_WITH_AUTH, at.0);
    let other = swtpm.create_primary();
    swtpm.persist(other, 0x8100_0102);
    swtpm.flush(other);
    let forged = swtpm.transact(&raw::command(raw::READ_PUBLIC, &[0x8100_0102], &[], &[]));
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let (public, _) = tpm.read_public(at).unwrap();
    let pcrs = "sha256:0-7".parse().unwrap();
    let values = tpm.pcr_read(&pcrs).unwrap();
    let clock = tpm.read_clock().unwrap();
    assert_eq!(proxy.log().count(raw::START_AUTH_SESSION), 1, "{}", proxy.log().text());

    proxy.on_response(move |command, response| {
        if raw::code(command) == raw::READ_PUBLIC && command.starts_with(&[0x80, 1]) {
            response.clone_from(&forged);
        }
        Fate::Pass
    });
    let error = tpm.read_public(at).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    for command in [raw::PCR_READ, CommandCode::READ_CLOCK.0] {
        // Every byte of the parameters and of the authorization area.
        for byte in 14..52 {
            proxy.on_response(tamper::flip_bit(command, 0, byte * 8));
            let result = match command {
                raw::PCR_READ => tpm.pcr_read(&pcrs).map(|read| assert_eq!(read, values)),
                _ => tpm.read_clock().map(drop),
            };
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Integrity, "byte {byte} of {command:#x}");
        }
    }
    proxy.remove_rules();
    assert_eq!(tpm.read_public(at).unwrap().0, public);
    assert_eq!(tpm.read_clock().unwrap().reset_count, clock.reset_count);
    assert_eq!(swtpm.failures(), 0);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn a_refused_empty_password_of_a_key_without_one_is_an_integrity_error() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, &file, None);
    // The storage key of the owner, and a key whose file says that it has no password.
    for command in [raw::LOAD, raw::SIGN] {
        tpm.close();
        proxy.on_command(move |sent| {
            if raw::code(sent) == command {
                *sent.last_mut().unwrap() ^= 1;
            }
            Fate::Pass
        });
        let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        proxy.remove_rules();
        kit::check(&key);
    }
}
