//! The intended differences, each with its reason. A new difference fails the test.

const ANY: &[&str] = &["ec", "rsa", "pss"];
const RSA: &[&str] = &["rsa", "pss"];
const EC: &[&str] = &["ec"];
const PSS: &[&str] = &["pss"];

const PRIVATE: &str = "the private half never leaves the TPM";
const OLD: &str = "the old types hold the private half, which never leaves the TPM";
const FILE: &str = "a TPM key is written as its key file";
const OPTIONS: &str = "a key made in a TPM has more parameters, with the names of pkeyopt";
const NEWER: &str =
    "it works with every version of OpenSSL, whose own provider has it in later versions only";
const TESTS: &str = "only the self tests of OpenSSL's own providers use it";
const BEGUN: &str =
    "the digest cannot change after a message has begun, though OpenSSL 3.5 lists it as settable";
const STAYS: &str = "another digest for a message that has begun is refused, as by OpenSSL before 3.6; later versions ignore it";
const KEM: &str = "TPM keys have no key encapsulation";
const SALT: &str =
    "the TPM chooses the salt length, and OpenSSL's verification decides if it may be unspecified";
const SIZE: &str = "an unsupported padding is already an error in the size query";
const NOTHING: &str = "an empty ciphertext is not sent to the TPM";
const DIGEST: &str =
    "libcrypto finds the digest by this name even if no provider has it, but not by OpenSSL's newer name";
const NEVER: &str = "an operation that the key type lacks is not offered, instead of failing";

/// The types of keys, a part of the line, and the reason for the difference.
const INTENDED: &[(&[&str], &str, &str)] = &[
    (RSA, "d | EVP_PKEY_get_bn_param", PRIVATE),
    (RSA, "rsa-factor1 | EVP_PKEY_get_bn_param", PRIVATE),
    (EC, "priv | EVP_PKEY_get_bn_param", PRIVATE),
    (ANY, "selection 0x87 | EVP_PKEY_todata", PRIVATE),
    (RSA, "selection 0x1 | EVP_PKEY_todata", PRIVATE),
    (RSA, "selection 0x87 MSBLOB - |", PRIVATE),
    (ANY, "EVP_PKEY_copy_parameters(typed, key)", OLD),
    (ANY, "EVP_PKEY_copy_parameters(same, key)", OLD),
    (RSA, "EVP_PKEY_get0_RSA(key)", OLD),
    (EC, "EVP_PKEY_get0_EC_KEY(key)", OLD),
    (ANY, "selection 0x87 PEM", FILE),
    (EC, "selection 0x87 DER X9.62", FILE),
    (PSS, "selection 0x87 DER type-specific", FILE),
    (RSA, "selection 0x86 PEM - |", "a public key is a SubjectPublicKeyInfo where no structure is asked for"),
    (ANY, "keygen has", OPTIONS),
    (PSS, "keygen lacks mgf", OPTIONS),
    (RSA, "keygen lacks rsa-", "the TPM chooses the primes"),
    (ANY, "encapsulate_init", KEM),
    (ANY, "decapsulate_init", KEM),
    (EC, "keygen lacks dhkem-ikm", KEM),
    (EC, "nonce-type", NEWER),
    (EC, "lacks kat", TESTS),
    (ANY, "gettable has security-category", NEWER),
    (EC, "gettable has field-degree", NEWER),
    (RSA, "| set(options, \"digest\", \"SHA", STAYS),
    (EC, "EVP_DigestSignInit_ex(ctx, &options, digest, NULL, NULL, key, NULL) | settable lacks", BEGUN),
    (RSA, "has implicit-rejection", NEWER),
    // A wrong PKCS#1 v1.5 padding gives a synthetic message since OpenSSL 3.2.
    (RSA, "padding 1 | EVP_PKEY_decrypt(ctx, out, room(), encrypted, size", NEWER),
    (RSA, "padding 6 | EVP_PKEY_decrypt(ctx, out, room(), encrypted, size", NEWER),
    (RSA, "ciphers | EVP_PKEY_decrypt(ctx, out, room(), text, 32)", NEWER),
    (RSA, "padding 3 | EVP_PKEY_decrypt(ctx, out, room(), encrypted, 0)", NOTHING),
    (RSA, "padding 5 | EVP_PKEY_decrypt(ctx, NULL, &length, encrypted, size)", SIZE),
    (RSA, "padding 0 | EVP_PKEY_decrypt(ctx, NULL, &length, encrypted, size)", SIZE),
    (PSS, "ciphers | EVP_PKEY_", NEVER),
    (PSS, "salt ", SALT),
    (PSS, "mandatory-digest | EVP_PKEY_get_utf8_string_param", DIGEST),
    (PSS, "EVP_PKEY_get_default_digest_name", DIGEST),
    (PSS, "option(options, \"digest\")", DIGEST),
];

/// Returns why this line differs for this type of key, if the difference is intended.
pub(super) fn why(key: &str, line: &str) -> Option<&'static str> {
    INTENDED.iter().find(|(keys, part, _)| keys.contains(&key) && line.contains(part)).map(|(_, _, why)| *why)
}
