//! New keys: generated in the TPM, or derived from a shared secret.

use cryptoki_sys::*;
use keyfile::Curve;

use super::sign::private_key;
use crate::error::{Error, Result};
use crate::ffi::{MechanismArgument, Slot as Place, Template};
use crate::mechanism::{derivation, table};
use crate::module::Module;
use crate::object::{Object, Secret};
use crate::operation::{InUse, NewKey, derive as derived, generate};
use crate::slot::Slot;

/// The most bytes of a derived key.
const LONGEST_SECRET: usize = 1 << 16;

type GeneratePair<'a> = (
    CK_SESSION_HANDLE,
    Option<MechanismArgument<'a>>,
    Template<'a>,
    Template<'a>,
    Place<'a, CK_OBJECT_HANDLE>,
    Place<'a, CK_OBJECT_HANDLE>,
);

/// Creates a key in the TPM and its file in the folder. Its password is the PIN of the login; without a login it has none.
pub(crate) fn generate_pair(
    (handle, mechanism, public, private, public_place, private_place): GeneratePair<'_>,
) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    let mechanism = mechanism.ok_or_else(no_mechanism)?;
    let what = new_key(&mechanism, &public)?;
    session.check_writable()?;
    check_private(&private, &session.slot)?;
    let label = private.text(CKA_LABEL)?.or(public.text(CKA_LABEL)?).filter(|label| !label.is_empty());
    let id = private.bytes(CKA_ID).or_else(|| public.bytes(CKA_ID)).filter(|id| !id.is_empty());
    let pin = session.slot.pin();
    let file = generate(&module.tpm, what, module.configuration.parent(), pin.as_ref())?;
    let key = session.slot.change(|token| token.add_key(&file, label.unwrap_or("key"), id))?;
    public_place.put(Object::Public(key.clone()).handle());
    private_place.put(Object::Private(key).handle());
    Ok(())
}

fn new_key(mechanism: &MechanismArgument<'_>, public: &Template<'_>) -> Result<NewKey> {
    use table::Form;
    match table::find(mechanism.mechanism)?.form {
        Form::RsaKeyPair => {
            let bits = public.number(CKA_MODULUS_BITS)?.ok_or_else(|| incomplete("CKA_MODULUS_BITS"))?;
            let bits = u16::try_from(bits)
                .map_err(|_| Error::new(CKR_KEY_SIZE_RANGE, format!("no TPM has RSA keys of {bits} bits")))?;
            Ok(NewKey::Rsa(bits, exponent(public.bytes(CKA_PUBLIC_EXPONENT))?))
        }
        Form::EcKeyPair => {
            let curve = public.bytes(CKA_EC_PARAMS).ok_or_else(|| incomplete("CKA_EC_PARAMS"))?;
            Ok(NewKey::Ecc(self::curve(curve)?))
        }
        _ => Err(table::unknown(mechanism.mechanism)),
    }
}

/// The exponent is a big number. Programs leave it out for 65537.
fn exponent(bytes: Option<&[u8]>) -> Result<u32> {
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
        return Ok(keyfile::PublicKey::DEFAULT_EXPONENT);
    };
    let invalid = || Error::new(CKR_ATTRIBUTE_VALUE_INVALID, "the public exponent has more than 32 bits");
    bytes.iter().try_fold(0_u32, |number, byte| {
        number.checked_mul(256).and_then(|number| number.checked_add(u32::from(*byte))).ok_or_else(invalid)
    })
}

/// The curve: its object identifier, or its name (PKCS#11 3.0 §2.3.3 of its mechanisms).
fn curve(der: &[u8]) -> Result<Curve> {
    let invalid = || Error::new(CKR_CURVE_NOT_SUPPORTED, "no TPM has this curve");
    let name = match asn1::parse_single::<asn1::PrintableString<'_>>(der) {
        Ok(name) => name.as_str().to_owned(),
        Err(_) => {
            let oid = asn1::parse_single::<asn1::ObjectIdentifier>(der)
                .map_err(|_| Error::new(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_EC_PARAMS is not a named curve"))?;
            return Curve::from_oid(&oid).ok_or_else(invalid);
        }
    };
    name.parse().map_err(|_| invalid())
}

/// Refuses what a key of the token cannot be. What a program wants to do with it does not matter: the key signs and decrypts.
fn check_private(template: &Template<'_>, slot: &Slot) -> Result<()> {
    let refused = |text: &'static str| Err(Error::new(CKR_TEMPLATE_INCONSISTENT, text));
    if slot.contents()?.needs_password() && !slot.is_logged_in() {
        let text = "the keys of the token have a password: log in, and the new key gets it";
        return Err(Error::new(CKR_USER_NOT_LOGGED_IN, text));
    }
    if template.flag(CKA_ALWAYS_AUTHENTICATE)? == Some(true) && !slot.token().always_authenticate() {
        return refused("the configuration of the token decides about a login for each operation");
    }
    if template.flag(CKA_TOKEN)? == Some(false) {
        return refused("keys of a session are not supported: the key would be lost with it");
    }
    if template.flag(CKA_EXTRACTABLE)? == Some(true) || template.flag(CKA_SENSITIVE)? == Some(false) {
        return refused("the private half of a key in a TPM can never be read");
    }
    Ok(())
}

type DeriveKey<'a> = (
    CK_SESSION_HANDLE,
    Option<MechanismArgument<'a>>,
    CK_OBJECT_HANDLE,
    Template<'a>,
    Place<'a, CK_OBJECT_HANDLE>,
);

/// Derives a secret key of the session.
pub(crate) fn derive((handle, mechanism, which, template, place): DeriveKey<'_>) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    let mechanism = mechanism.ok_or_else(no_mechanism)?;
    let how = derivation(&mechanism)?;
    let key = InUse::new(private_key(&module, &session, which)?, table::find(mechanism.mechanism)?)?;
    if template.flag(CKA_TOKEN)? == Some(true) {
        return Err(Error::new(CKR_TEMPLATE_INCONSISTENT, "a derived key lives as long as its session"));
    }
    let size = template.number(CKA_VALUE_LEN)?.map(usize::try_from).transpose();
    let size = size.ok().filter(|size| size.is_none_or(|size| (1..=LONGEST_SECRET).contains(&size)));
    let size = size.ok_or_else(|| {
        let text = format!("a derived key has 1 to {LONGEST_SECRET} bytes");
        Error::new(CKR_ATTRIBUTE_VALUE_INVALID, text)
    })?;
    // Not by `key.open`: no login for this operation (CKU_CONTEXT_SPECIFIC) can come before it.
    let value = derived(&*session.slot.open(key.of().number())?, &how, size)?;
    let secret = Secret::new((session.handle, session.slot.id()), value, &template, mechanism.mechanism)?;
    place.put(module.add_secret(&session.slot, secret)?);
    Ok(())
}

fn no_mechanism() -> Error {
    Error::new(CKR_ARGUMENTS_BAD, "the mechanism is NULL")
}

fn incomplete(attribute: &str) -> Error {
    Error::new(CKR_TEMPLATE_INCOMPLETE, format!("{attribute} is missing"))
}
