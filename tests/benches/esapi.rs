//! The same operation through tss_esapi::Context, without OpenSSL: the cost of that library's way to send commands.

use std::str::FromStr;
use std::sync::Mutex;

use tss_esapi::attributes::SessionAttributesBuilder;
use tss_esapi::constants::SessionType;
use tss_esapi::constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK};
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::key_bits::RsaKeyBits;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Data, Digest, EccScheme, Public, PublicKeyRsa, RsaDecryptionScheme, RsaExponent, SignatureScheme,
    SymmetricDefinition,
};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;
use tss_esapi::utils::{
    create_restricted_decryption_rsa_public, create_unrestricted_encryption_decryption_rsa_public,
    create_unrestricted_signing_ecc_public,
};
use tss_esapi::{Context, TctiNameConf};

use crate::contender::{Algorithm, Session};
use crate::worker::Operation;

pub(crate) struct Esapi {
    algorithm: Algorithm,
    key: KeyHandle,
    context: Mutex<Context>,
}

impl Esapi {
    pub(crate) fn new(algorithm: Algorithm, tcti: &str, session: Session) -> Self {
        let mut context = Context::new(TctiNameConf::from_str(tcti).unwrap()).unwrap();
        let authorization = match session {
            Session::Password => AuthSession::Password,
            Session::Hmac => start(&mut context, None, (false, false)),
            Session::Salted => {
                let salt_key = primary(&mut context, salt_key());
                start(&mut context, Some(salt_key), (true, algorithm == Algorithm::Rsa2048))
            }
        };
        context.set_sessions((Some(authorization), None, None));
        let key = primary(&mut context, signing_key(algorithm));
        Esapi { algorithm, key, context: Mutex::new(context) }
    }
}

impl Operation for Esapi {
    fn run(&self) {
        let context = &mut *self.context.lock().unwrap();
        match self.algorithm {
            Algorithm::EcdsaP256 => {
                let ticket = TPMT_TK_HASHCHECK {
                    tag: TPM2_ST_HASHCHECK,
                    hierarchy: TPM2_RH_NULL,
                    digest: Default::default(),
                };
                let digest = Digest::try_from(vec![7; 32]).unwrap();
                let scheme = SignatureScheme::EcDsa {
                    hash_scheme: tss_esapi::structures::HashScheme::new(HashingAlgorithm::Sha256),
                };
                context.sign(self.key, digest, scheme, ticket.try_into().unwrap()).unwrap();
            }
            Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => {
                panic!("the cost of a Context is measured with signatures")
            }
            Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => {
                let block = PublicKeyRsa::try_from(vec![7; 256]).unwrap();
                context.rsa_decrypt(self.key, block, RsaDecryptionScheme::Null, Data::default()).unwrap();
            }
        }
    }
}

/// Starts a session. TPM2_Sign refuses a session that encrypts the response.
fn start(
    context: &mut Context,
    salt_key: Option<KeyHandle>,
    (decrypt, encrypt): (bool, bool),
) -> AuthSession {
    let session = context
        .start_auth_session(
            salt_key,
            None,
            None,
            SessionType::Hmac,
            SymmetricDefinition::AES_128_CFB,
            HashingAlgorithm::Sha256,
        )
        .unwrap()
        .unwrap();
    let (attributes, mask) =
        SessionAttributesBuilder::new().with_decrypt(decrypt).with_encrypt(encrypt).build();
    context.tr_sess_set_attributes(session, attributes, mask).unwrap();
    session
}

fn primary(context: &mut Context, public: Public) -> KeyHandle {
    context
        .execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Owner, public, None, None, None, None)
        })
        .unwrap()
        .key_handle
}

fn salt_key() -> Public {
    create_restricted_decryption_rsa_public(
        tss_esapi::structures::SymmetricDefinitionObject::AES_128_CFB,
        RsaKeyBits::Rsa2048,
        RsaExponent::default(),
    )
    .unwrap()
}

fn signing_key(algorithm: Algorithm) -> Public {
    match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => {
            let scheme = EccScheme::EcDsa(tss_esapi::structures::HashScheme::new(HashingAlgorithm::Sha256));
            create_unrestricted_signing_ecc_public(scheme, EccCurve::NistP256).unwrap()
        }
        Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => {
            create_unrestricted_encryption_decryption_rsa_public(RsaKeyBits::Rsa2048, RsaExponent::default())
                .unwrap()
        }
    }
}
