//! Attestation: finds the TPM of an endorsement key, and certifies keys.

use crypto::endorsement::templates;
use keyfile::wire::Unmarshal;
use keyfile::{Attributes, Certification, CommandCode, Curve, Handle, HashAlg, Public, PublicKey};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::{Storage, Template};
use tpm::{Auth, ErrorKind, Primary, Residence, Tpm};

use crate::kit;

fn signer(auth: Option<&str>) -> Primary {
    Primary::signer(Handle::ENDORSEMENT, auth.map(Auth::new), false)
}

fn endorsement(template: Public, auth: Option<&str>) -> Primary {
    Primary { hierarchy: Handle::ENDORSEMENT, auth: auth.map(Auth::new), template }
}

fn null() -> Primary {
    Primary { hierarchy: Handle::NULL, auth: None, template: Storage::P256.template() }
}

/// The supported endorsement keys: curves, then RSA sizes.
fn kinds() -> Vec<PublicKey> {
    let ecc = [Curve::P256, Curve::P384, Curve::P521].map(|curve| Template::ecc(curve).public().key);
    let rsa = [2048, 3072].map(|bits| Template::rsa(bits).public().key);
    ecc.into_iter().chain(rsa).collect()
}

#[test]
fn every_endorsement_key_is_located_by_its_credential() {
    let (swtpm, other) = (Swtpm::start(), Swtpm::start());
    let (tpm, foreign) = (kit::direct(&swtpm), kit::direct(&other));
    let (_, expected) = tpm.primary(&signer(None)).unwrap();
    for kind in kinds() {
        for template in templates(&kind).unwrap() {
            let ek = endorsement(template, None);
            let (public, _) = tpm.primary(&ek).unwrap();
            assert_eq!(
                tpm.prove_residence(&signer(None), &ek, &public.key).unwrap(),
                Residence::Here(expected.clone())
            );
            if matches!(kind, PublicKey::Ecc { .. }) {
                assert_eq!(
                    foreign.prove_residence(&signer(None), &ek, &public.key).unwrap(),
                    Residence::Elsewhere
                );
            }
            assert_eq!((swtpm.transient().len(), other.transient().len()), (0, 0));
        }
    }
    for (tpm, swtpm) in [(tpm, swtpm), (foreign, other)] {
        tpm.close();
        swtpm.assert_empty();
    }
}

#[test]
fn attestation_uses_the_hierarchy_password_and_never_sends_it() {
    let swtpm = Swtpm::start();
    swtpm.set_hierarchy_auth(raw::ENDORSEMENT, b"", b"swordfish");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    for template in templates(&Template::ecc(Curve::P256).public().key).unwrap() {
        let ek = endorsement(template, Some("swordfish"));
        let (public, _) = tpm.primary(&ek).unwrap();
        assert!(matches!(
            tpm.prove_residence(&signer(Some("swordfish")), &ek, &public.key),
            Ok(Residence::Here(_))
        ));
    }
    for (given, kind) in
        [(None, ErrorKind::ParentPasswordMissing), (Some("trout"), ErrorKind::ParentAuthorization)]
    {
        let error = tpm.primary(&signer(given)).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    tpm.close();
    swtpm.assert_empty();
    assert!(!proxy.log().contains(b"swordfish"));
}

#[test]
fn attestation_works_through_a_resource_manager() {
    let swtpm = Swtpm::start();
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let key = Template::ecc(Curve::P256).public().key;
    let ek = endorsement(templates(&key).unwrap().remove(1), None);
    let (public, _) = tpm.primary(&ek).unwrap();
    assert!(matches!(tpm.prove_residence(&signer(None), &ek, &public.key), Ok(Residence::Here(_))));
    tpm.certify(&signer(None), &null(), &[7; 32]).unwrap();
}

#[test]
fn a_broken_connection_during_attestation_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let kind = Template::ecc(Curve::P256).public().key;
    let ek = endorsement(templates(&kind).unwrap().remove(0), None);
    let (public, _) = tpm.primary(&ek).unwrap();
    // After a lost connection, this loaded key shows that the TPM was not reset.
    let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
    for command in [CommandCode::POLICY_SECRET, CommandCode::ACTIVATE_CREDENTIAL] {
        kit::check(&key);
        proxy.on_response(tests::tamper::hang_up(command.0, 1));
        assert!(
            matches!(tpm.prove_residence(&signer(None), &ek, &public.key), Ok(Residence::Here(_))),
            "{command}"
        );
        assert!(swtpm.transient().len() <= 2, "{command}: {:x?}", swtpm.transient());
    }
    for times in [1, 2, 2] {
        // The second time the connection is new, so the failure is reported.
        proxy.on_response(tests::tamper::hang_up(CommandCode::CERTIFY.0, times));
        let certified = tpm.certify(&signer(None), &null(), &[7; 32]);
        assert_eq!(certified.is_ok(), times == 1);
        proxy.remove_rules();
        kit::check(&key);
    }
    drop(key);
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn one_key_certifies_another() {
    let swtpm = Swtpm::start();
    let tpm: Tpm = kit::direct(&swtpm);
    let (_, name) = tpm.primary(&signer(None)).unwrap();
    for hierarchy in [Handle::OWNER, Handle::NULL, Handle::ENDORSEMENT, Handle::PLATFORM] {
        let subject = Primary { hierarchy, ..null() };
        let certified = tpm.certify(&signer(None), &subject, &[7; 32]).unwrap();
        kit::verify_digest(
            &certified.signer,
            &certified.signature,
            &HashAlg::Sha256.digest(&[&certified.statement]),
        );
        let statement = Certification::from_bytes(&certified.statement).unwrap();
        let subject = certified.public.name().unwrap();
        assert_eq!((&statement.name, statement.extra_data.as_slice()), (&subject, &[7; 32][..]));
        assert_eq!(Some(statement.qualified_name), subject.qualified(&hierarchy.into()));
        assert_eq!(Some(statement.qualified_signer), name.qualified(&Handle::ENDORSEMENT.into()));
        swtpm.assert_empty();
    }
}

#[test]
fn a_key_that_does_not_match_the_template_is_refused() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    // A bus attacker requests an unrestricted key instead and returns the answer.
    let bit = Attributes::RESTRICTED.bits().to_be_bytes()[1];
    proxy.on_command(move |command| {
        if raw::code(command) == raw::CREATE_PRIMARY {
            let attributes = signer(None).template.attributes.bits().to_be_bytes();
            let at = command.windows(4).position(|window| window == attributes).unwrap();
            command[at + 1] ^= bit;
        }
        tests::Fate::Pass
    });
    let error = tpm.primary(&signer(None)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    tpm.close();
    swtpm.assert_empty();
}
