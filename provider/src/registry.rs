//! THE table: every algorithm row of every operation.
//!
//! Names: keymgmt rows carry all names and OIDs of their type, so that libcrypto finds TPM keys by each of
//! them. Operation rows have private names, which keymgmt's query_operation_name returns: no program fetches
//! them, and no other provider is tried with TPM keys. Only signature algorithms that name their digest are
//! fetched by programs, so they have OpenSSL's names.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use crate::ffi::op::named_signature::{self, DigestName};
use crate::ffi::op::{asym_cipher, decoder, encoder, keyexch, keymgmt, rand, signature, store};
use crate::ffi::sys::{self, OSSL_ALGORITHM, OSSL_DISPATCH};
use crate::op::asym_cipher::RsaCipher;
use crate::op::decoder::{BareDecoder, KeyDecoder, PemDecoder};
use crate::op::encoder::{
    Der, KeyEncoder, Pem, Pkcs1, PrivateKeyInfo, PublicDer, PublicPem, Text, TypeSpecific, WithParameters,
};
use crate::op::keyexch::Ecdh;
use crate::op::keymgmt::{Ec, InTpm, Management, NotFips, Plain, Rsa, RsaPss};
use crate::op::rand::TpmRandom;
use crate::op::signature::{self as sign, Ecdsa, NamedContext, SignatureContext, digest};
use crate::op::store::{RefusedStore, TpmStore};

/// All operations that have rows.
pub(crate) const OPERATIONS: [c_int; 7] = [
    sys::OSSL_OP_DECODER,
    sys::OSSL_OP_ENCODER,
    sys::OSSL_OP_KEYMGMT,
    sys::OSSL_OP_SIGNATURE,
    sys::OSSL_OP_ASYM_CIPHER,
    sys::OSSL_OP_KEYEXCH,
    sys::OSSL_OP_STORE,
];

/// The rows of the random generator, with the end mark. The first row is for an application without another
/// generator and is left out elsewhere: a plain fetch would find it, and so would `provider=tpm2` and
/// `?provider=tpm2`, whatever its properties are.
pub(crate) static GENERATORS: [OSSL_ALGORITHM; 3] = [
    row(GENERATOR, RANDOM, rand::Table::<TpmRandom>::ROWS, c"random bytes of the TPM"),
    row(
        c"TPM2-RAND:TPM2-SEED-SRC",
        RANDOM,
        rand::Table::<TpmRandom>::ROWS,
        c"random bytes of the TPM, by name",
    ),
    END,
];

/// The generator from which libcrypto builds an application's generators, unless its configuration names
/// another (RAND(7ossl)).
pub(crate) const GENERATOR: &CStr = c"CTR-DRBG";

const RANDOM: &CStr = c"provider=tpm2,tpm2.rand=yes";

/// Returns the rows of an operation. [`NAMED_SIGNATURES`] are included only if OpenSSL has calls for them.
pub(crate) fn rows(operation: c_int, has_named: bool) -> impl Iterator<Item = OSSL_ALGORITHM> {
    let named = match operation {
        sys::OSSL_OP_SIGNATURE if has_named => NAMED_SIGNATURES,
        _ => &[],
    };
    let others = match operation {
        sys::OSSL_OP_DECODER => DECODERS,
        sys::OSSL_OP_ENCODER => ENCODERS,
        sys::OSSL_OP_KEYMGMT => KEY_MANAGEMENT,
        sys::OSSL_OP_SIGNATURE => SIGNATURES,
        sys::OSSL_OP_ASYM_CIPHER => ASYM_CIPHERS,
        sys::OSSL_OP_KEYEXCH => KEY_EXCHANGES,
        sys::OSSL_OP_STORE => STORES,
        _ => &[],
    };
    named.iter().chain(others).copied()
}

const RSA: &CStr = c"RSA:rsaEncryption:1.2.840.113549.1.1.1";
const RSA_PSS: &CStr = c"RSA-PSS:RSASSA-PSS:rsassaPss:1.2.840.113549.1.1.10";
const EC: &CStr = c"EC:id-ecPublicKey:1.2.840.10045.2.1";

/// Names of key management that only TPM keys have, whichever providers are loaded and in whatever order.
const TPM2_RSA: &CStr = c"TPM2-RSA";
const TPM2_RSA_PSS: &CStr = c"TPM2-RSA-PSS";
const TPM2_EC: &CStr = c"TPM2-EC";

/// Has no `provider=`, so that a query for `provider=tpm2` skips these rows.
const SOFTWARE: &CStr = c"tpm2.software=yes";
const TPM: &CStr = c"provider=tpm2";
/// For the rows of `refusals`. Only a query for `fips=yes` finds them: a plain query takes the first row of a
/// name.
const REFUSING: &CStr = c"provider=tpm2,fips=yes";

/// With this structure, decoders of other providers skip PEM contents of TPM keys. Bare DER reaches all
/// decoders.
const DER: &CStr = c"provider=tpm2,input=der,structure=TPM2";
/// Another structure than that of `DER`, so that a decoder does not get its own output back. OpenSSL 3.5 asks for
/// this one when its store looks for a private key, and skips the first decoder of DER that has another
/// (`file_setup_decoders` in file_store.c, `decoder_process` in decoder_lib.c): that of the last provider.
const BARE_DER: &CStr = c"provider=tpm2,input=der,structure=EncryptedPrivateKeyInfo";

static DECODERS: &[OSSL_ALGORITHM] = &[
    row(c"DER", c"provider=tpm2,input=pem", decoder::Table::<PemDecoder>::ROWS, c"TSS2 PRIVATE KEY"),
    row(c"DER", BARE_DER, decoder::Table::<BareDecoder>::ROWS, c"TSS2 private key in DER"),
    row(RSA, DER, decoder::Table::<KeyDecoder<Rsa>>::ROWS, c"RSA key of a TPM"),
    row(RSA_PSS, DER, decoder::Table::<KeyDecoder<RsaPss>>::ROWS, c"RSA-PSS key of a TPM"),
    row(EC, DER, decoder::Table::<KeyDecoder<Ec>>::ROWS, c"EC key of a TPM"),
];

const KEY_DER: &CStr = c"provider=tpm2,output=der,structure=PrivateKeyInfo";
const KEY_PEM: &CStr = c"provider=tpm2,output=pem,structure=PrivateKeyInfo";
const TYPE_SPECIFIC_DER: &CStr = c"provider=tpm2,output=der,structure=type-specific";
const TYPE_SPECIFIC_PEM: &CStr = c"provider=tpm2,output=pem,structure=type-specific";
const PKCS1_DER: &CStr = c"provider=tpm2,output=der,structure=pkcs1";
const PKCS1_PEM: &CStr = c"provider=tpm2,output=pem,structure=pkcs1";
const PUBLIC_DER: &CStr = c"provider=tpm2,output=der,structure=SubjectPublicKeyInfo";
const PUBLIC_PEM: &CStr = c"provider=tpm2,output=pem,structure=SubjectPublicKeyInfo";
const TEXT: &CStr = c"provider=tpm2,output=text";

/// Encoder rows: names and description of a key type, then its output formats.
macro_rules! encoders {
    ($($names:ident, $description:literal: $($properties:ident = $output:ty),*;)*) => {
        &[
            $($(row($names, $properties, encoder::Table::<KeyEncoder<$output>>::ROWS, $description),)*)*
        ]
    };
}

static ENCODERS: &[OSSL_ALGORITHM] = encoders! {
    RSA, c"RSA key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<TypeSpecific>, TYPE_SPECIFIC_PEM = Pem<TypeSpecific>, PKCS1_DER = Der<Pkcs1>, PKCS1_PEM = Pem<Pkcs1>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
    RSA_PSS, c"RSA-PSS key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<TypeSpecific>, TYPE_SPECIFIC_PEM = Pem<TypeSpecific>, PKCS1_DER = Der<Pkcs1>, PKCS1_PEM = Pem<Pkcs1>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
    EC, c"EC key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<WithParameters>, TYPE_SPECIFIC_PEM = Pem<WithParameters>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
    TPM2_RSA, c"RSA key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<TypeSpecific>, TYPE_SPECIFIC_PEM = Pem<TypeSpecific>, PKCS1_DER = Der<Pkcs1>, PKCS1_PEM = Pem<Pkcs1>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
    TPM2_RSA_PSS, c"RSA-PSS key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<TypeSpecific>, TYPE_SPECIFIC_PEM = Pem<TypeSpecific>, PKCS1_DER = Der<Pkcs1>, PKCS1_PEM = Pem<Pkcs1>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
    TPM2_EC, c"EC key of a TPM":
        KEY_DER = Der<PrivateKeyInfo>, KEY_PEM = Pem<PrivateKeyInfo>,
        TYPE_SPECIFIC_DER = Der<WithParameters>, TYPE_SPECIFIC_PEM = Pem<WithParameters>,
        PUBLIC_DER = PublicDer, PUBLIC_PEM = PublicPem, TEXT = Text;
};
/// Three rows per type, which differ in where they generate keys. A plain fetch takes the first,
/// `provider=tpm2` the second, and a name that only this provider has takes the third. Generation never sees
/// the query, so only the rows can separate the three cases.
static KEY_MANAGEMENT: &[OSSL_ALGORITHM] = &[
    row(RSA, SOFTWARE, keymgmt::Table::<Management<Rsa, Plain>>::ROWS, c"RSA key"),
    row(RSA, TPM, keymgmt::Table::<Management<Rsa, InTpm>>::ROWS, c"RSA key, generated in the TPM"),
    row(RSA_PSS, SOFTWARE, keymgmt::Table::<Management<RsaPss, Plain>>::ROWS, c"RSA-PSS key"),
    row(
        RSA_PSS,
        TPM,
        keymgmt::Table::<Management<RsaPss, InTpm>>::ROWS,
        c"RSA-PSS key, generated in the TPM",
    ),
    row(EC, SOFTWARE, keymgmt::Table::<Management<Ec, Plain>>::ROWS, c"EC key"),
    row(EC, TPM, keymgmt::Table::<Management<Ec, InTpm>>::ROWS, c"EC key, generated in the TPM"),
    row(TPM2_RSA, TPM, keymgmt::Table::<Management<Rsa, InTpm>>::ROWS, c"RSA key, always in the TPM"),
    row(
        TPM2_RSA_PSS,
        TPM,
        keymgmt::Table::<Management<RsaPss, InTpm>>::ROWS,
        c"RSA-PSS key, always in the TPM",
    ),
    row(TPM2_EC, TPM, keymgmt::Table::<Management<Ec, InTpm>>::ROWS, c"EC key, always in the TPM"),
];

/// Algorithms that programs fetch by name since OpenSSL 3.4. Names and digests are those of OpenSSL's default
/// provider.
static NAMED_SIGNATURES: &[OSSL_ALGORITHM] = &[
    rsa_with::<digest::Sha1>(c"RSA-SHA1:RSA-SHA-1:sha1WithRSAEncryption:1.2.840.113549.1.1.5"),
    rsa_with::<digest::Sha224>(c"RSA-SHA2-224:RSA-SHA224:sha224WithRSAEncryption:1.2.840.113549.1.1.14"),
    rsa_with::<digest::Sha256>(c"RSA-SHA2-256:RSA-SHA256:sha256WithRSAEncryption:1.2.840.113549.1.1.11"),
    rsa_with::<digest::Sha384>(c"RSA-SHA2-384:RSA-SHA384:sha384WithRSAEncryption:1.2.840.113549.1.1.12"),
    rsa_with::<digest::Sha512>(c"RSA-SHA2-512:RSA-SHA512:sha512WithRSAEncryption:1.2.840.113549.1.1.13"),
    rsa_with::<digest::Sha512Of224>(
        c"RSA-SHA2-512/224:RSA-SHA512-224:sha512-224WithRSAEncryption:1.2.840.113549.1.1.15",
    ),
    rsa_with::<digest::Sha512Of256>(
        c"RSA-SHA2-512/256:RSA-SHA512-256:sha512-256WithRSAEncryption:1.2.840.113549.1.1.16",
    ),
    rsa_with::<digest::Sha3Of224>(c"RSA-SHA3-224:id-rsassa-pkcs1-v1_5-with-sha3-224:2.16.840.1.101.3.4.3.13"),
    rsa_with::<digest::Sha3Of256>(c"RSA-SHA3-256:id-rsassa-pkcs1-v1_5-with-sha3-256:2.16.840.1.101.3.4.3.14"),
    rsa_with::<digest::Sha3Of384>(c"RSA-SHA3-384:id-rsassa-pkcs1-v1_5-with-sha3-384:2.16.840.1.101.3.4.3.15"),
    rsa_with::<digest::Sha3Of512>(c"RSA-SHA3-512:id-rsassa-pkcs1-v1_5-with-sha3-512:2.16.840.1.101.3.4.3.16"),
    rsa_with::<digest::Sm3>(c"RSA-SM3:sm3WithRSAEncryption:1.2.156.10197.1.504"),
    rsa_with::<digest::Ripemd160>(c"RSA-RIPEMD160:ripemd160WithRSA:1.3.36.3.3.1.2"),
    ecdsa_with::<digest::Sha1>(c"ECDSA-SHA1:ECDSA-SHA-1:ecdsa-with-SHA1:1.2.840.10045.4.1"),
    ecdsa_with::<digest::Sha224>(c"ECDSA-SHA2-224:ECDSA-SHA224:ecdsa-with-SHA224:1.2.840.10045.4.3.1"),
    ecdsa_with::<digest::Sha256>(c"ECDSA-SHA2-256:ECDSA-SHA256:ecdsa-with-SHA256:1.2.840.10045.4.3.2"),
    ecdsa_with::<digest::Sha384>(c"ECDSA-SHA2-384:ECDSA-SHA384:ecdsa-with-SHA384:1.2.840.10045.4.3.3"),
    ecdsa_with::<digest::Sha512>(c"ECDSA-SHA2-512:ECDSA-SHA512:ecdsa-with-SHA512:1.2.840.10045.4.3.4"),
    ecdsa_with::<digest::Sha3Of224>(
        c"ECDSA-SHA3-224:ecdsa_with_SHA3-224:id-ecdsa-with-sha3-224:2.16.840.1.101.3.4.3.9",
    ),
    ecdsa_with::<digest::Sha3Of256>(
        c"ECDSA-SHA3-256:ecdsa_with_SHA3-256:id-ecdsa-with-sha3-256:2.16.840.1.101.3.4.3.10",
    ),
    ecdsa_with::<digest::Sha3Of384>(
        c"ECDSA-SHA3-384:ecdsa_with_SHA3-384:id-ecdsa-with-sha3-384:2.16.840.1.101.3.4.3.11",
    ),
    ecdsa_with::<digest::Sha3Of512>(
        c"ECDSA-SHA3-512:ecdsa_with_SHA3-512:id-ecdsa-with-sha3-512:2.16.840.1.101.3.4.3.12",
    ),
];

/// Algorithms that libcrypto fetches by the name that keymgmt returns.
static SIGNATURES: &[OSSL_ALGORITHM] = &[
    row(
        c"TPM2-RSA",
        TPM,
        signature::Table::<SignatureContext<sign::Rsa>>::WITH_RECOVERY,
        c"RSA signatures of keys in the TPM",
    ),
    row(
        c"TPM2-ECDSA",
        TPM,
        signature::Table::<SignatureContext<Ecdsa>>::ROWS,
        c"ECDSA signatures of keys in the TPM",
    ),
];
static ASYM_CIPHERS: &[OSSL_ALGORITHM] =
    &[row(c"TPM2-RSA", TPM, asym_cipher::Table::<RsaCipher>::ROWS, c"RSA decryption with keys in the TPM")];
static KEY_EXCHANGES: &[OSSL_ALGORITHM] =
    &[row(c"TPM2-ECDH", TPM, keyexch::Table::<Ecdh>::ROWS, c"ECDH with keys in the TPM")];

/// Rows that refuse a process that accepts only `fips=yes`, for an instance whose other rows lack this
/// property. They have names that no other provider has, so a refusal never replaces a usable key. libcrypto
/// reports all other algorithms as not found.
pub(crate) fn refusals(operation: c_int) -> &'static [OSSL_ALGORITHM] {
    match operation {
        sys::OSSL_OP_KEYMGMT => REFUSED_KEYS,
        sys::OSSL_OP_STORE => REFUSED_STORES,
        _ => &[],
    }
}

static REFUSED_KEYS: &[OSSL_ALGORITHM] = &[
    row(
        TPM2_RSA,
        REFUSING,
        keymgmt::Table::<Management<Rsa, NotFips>>::ROWS,
        c"refused: the software provider is not FIPS",
    ),
    row(
        TPM2_RSA_PSS,
        REFUSING,
        keymgmt::Table::<Management<RsaPss, NotFips>>::ROWS,
        c"refused: the software provider is not FIPS",
    ),
    row(
        TPM2_EC,
        REFUSING,
        keymgmt::Table::<Management<Ec, NotFips>>::ROWS,
        c"refused: the software provider is not FIPS",
    ),
];

static REFUSED_STORES: &[OSSL_ALGORITHM] = &[
    refused_store(c"nvkey".as_ptr()),
    refused_store(c"//nvkey".as_ptr()),
    refused_store(c"handle".as_ptr()),
    refused_store(c"object".as_ptr()),
    refused_store(c"tpm2".as_ptr()),
];

/// A row of the refusing store for one URI scheme.
pub(crate) const fn refused_store(scheme: *const c_char) -> OSSL_ALGORITHM {
    OSSL_ALGORITHM {
        algorithm_names: scheme,
        property_definition: REFUSING.as_ptr(),
        implementation: store::Table::<RefusedStore>::ROWS.as_ptr(),
        algorithm_description: c"refused: the software provider is not FIPS".as_ptr(),
    }
}

/// One row per URI scheme. A row never has several names: other providers have some of them too, and
/// libcrypto treats all names of a row as one.
static STORES: &[OSSL_ALGORITHM] = &[
    store(c"nvkey".as_ptr()),
    store(c"//nvkey".as_ptr()),
    store(c"handle".as_ptr()),
    store(c"object".as_ptr()),
    store(c"tpm2".as_ptr()),
];

/// A row of the store for one URI scheme.
pub(crate) const fn store(scheme: *const c_char) -> OSSL_ALGORITHM {
    OSSL_ALGORITHM {
        algorithm_names: scheme,
        property_definition: TPM.as_ptr(),
        implementation: store::Table::<TpmStore>::ROWS.as_ptr(),
        algorithm_description: c"keys and certificates in a TPM, by URI".as_ptr(),
    }
}

const fn rsa_with<D: DigestName>(names: &'static CStr) -> OSSL_ALGORITHM {
    let functions = named_signature::Table::<NamedContext<sign::Rsa>, D>::WITH_RECOVERY;
    row(names, TPM, functions, c"RSA signatures of keys in the TPM, with this digest")
}

const fn ecdsa_with<D: DigestName>(names: &'static CStr) -> OSSL_ALGORITHM {
    let functions = named_signature::Table::<NamedContext<Ecdsa>, D>::ROWS;
    row(names, TPM, functions, c"ECDSA signatures of keys in the TPM, with this digest")
}

/// One row: names separated by colons, property definition, function table, description.
const fn row(
    names: &'static CStr,
    properties: &'static CStr,
    functions: &'static [OSSL_DISPATCH],
    description: &'static CStr,
) -> OSSL_ALGORITHM {
    OSSL_ALGORITHM {
        algorithm_names: names.as_ptr(),
        property_definition: properties.as_ptr(),
        implementation: functions.as_ptr(),
        algorithm_description: description.as_ptr(),
    }
}

/// The end mark of rows.
pub(crate) const END: OSSL_ALGORITHM = OSSL_ALGORITHM {
    algorithm_names: ptr::null(),
    property_definition: ptr::null(),
    implementation: ptr::null(),
    algorithm_description: ptr::null(),
};
