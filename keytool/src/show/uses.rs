//! The uses of a key in TLS: the signature schemes of TLS 1.2 and 1.3 that its public area allows.

use keyfile::{Attributes, Curve, HashAlg, Public, PublicKey, Scheme};

/// The uses of a key, one text per protocol.
pub(crate) struct Uses {
    /// TLS 1.2, RFC 5246 and RFC 8422.
    pub(crate) tls12: String,
    /// TLS 1.3, RFC 8446.
    pub(crate) tls13: String,
    /// Outside TLS.
    pub(crate) other: String,
}

impl Uses {
    /// Returns the uses that a public area allows.
    pub(crate) fn of(public: &Public) -> Self {
        let attributes = public.attributes;
        let (signs, decrypts) =
            (attributes.contains(Attributes::SIGN), attributes.contains(Attributes::DECRYPT));
        if attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
            let why = "a restricted decryption key cannot be used in a handshake";
            return Uses::nothing_in_tls(why, "a parent: it protects other keys");
        }
        let uses = Uses::of_key(&public.key, signs, decrypts);
        match attributes.contains(Attributes::RESTRICTED) {
            // TPM2_Sign needs a ticket for the digest, which proves that the TPM has hashed the message (Part 3 §20.2).
            true => Uses {
                other: format!(
                    "attestation: it signs statements of its TPM, and messages that its TPM hashes: {}",
                    uses.other
                ),
                ..uses
            },
            false => uses,
        }
    }

    fn of_key(key: &PublicKey, signs: bool, decrypts: bool) -> Self {
        match key {
            PublicKey::Rsa { scheme, bits, .. } => rsa(*scheme, *bits, signs, decrypts),
            PublicKey::Ecc { scheme, curve, .. } => ec(*scheme, *curve, signs, decrypts),
            PublicKey::KeyedHash { .. } if !signs && !decrypts => {
                Uses::nothing_in_tls("it is sealed data", "unsealing: authorized users can read its data")
            }
            PublicKey::KeyedHash { .. } => Uses::nothing_in_tls("it is an HMAC key", "HMAC inside the TPM"),
            PublicKey::SymCipher { .. } => {
                Uses::nothing_in_tls("it is a cipher key", "encryption inside the TPM")
            }
        }
    }

    fn nothing_in_tls(why: &str, other: &str) -> Self {
        let nothing = format!("nothing: {why}");
        Uses { tls12: nothing.clone(), tls13: nothing, other: other.to_owned() }
    }
}

fn rsa(scheme: Scheme, bits: u16, signs: bool, decrypts: bool) -> Uses {
    const PKCS1: &str = "rsa_pkcs1 with every digest";
    const PSS: &str = "rsa_pss_rsae with sha256, sha384, sha512";
    let weak =
        if bits < 2048 { " (refused at OpenSSL's security level 2: shorter than 2048 bits)" } else { "" };
    let no = |why: &str| format!("nothing: {why}");
    match (scheme, signs, decrypts) {
        // TPM2_RSA_Decrypt with scheme NULL is the private operation on any padded block.
        (Scheme::Null, _, true) => Uses {
            tls12: format!("{PKCS1}; {PSS}; RSA key exchange{weak}"),
            tls13: format!("{PSS}{weak}"),
            other: "raw RSA; PKCS#1 and PSS signatures with any salt; PKCS#1 and OAEP decryption; less if status shows raw RSA: forbidden"
                .to_owned(),
        },
        (Scheme::Null, true, false) => Uses {
            tls12: format!("rsa_pkcs1 with the TPM's digests{weak}"),
            tls13: format!("{PSS}, if this TPM makes PSS salts as long as the digest{weak}"),
            other: "signatures with the TPM's digests; no decryption, because the attribute decrypt is clear"
                .to_owned(),
        },
        (Scheme::Rsassa(hash), true, _) => Uses {
            tls12: format!("rsa_pkcs1_{hash} only{weak}"),
            tls13: no("the key's scheme is PKCS#1 v1.5, which TLS 1.3 does not allow"),
            other: format!("PKCS#1 signatures with {hash}"),
        },
        (Scheme::Rsapss(hash), true, _) => {
            let tls = match hash {
                HashAlg::Sha1 => no("the key's scheme is PSS with sha1"),
                hash => format!(
                    "rsa_pss_rsae_{hash} only, if this TPM makes PSS salts as long as the digest{weak}"
                ),
            };
            Uses { tls12: tls.clone(), tls13: tls, other: format!("PSS signatures with {hash}") }
        }
        (Scheme::Rsaes, _, true) => Uses {
            tls12: format!("RSA key exchange only{weak}"),
            tls13: no("the key decrypts only"),
            other: "PKCS#1 decryption".to_owned(),
        },
        (Scheme::Oaep(hash), _, true) => {
            Uses::nothing_in_tls("the key decrypts only, with OAEP", &format!("OAEP decryption with {hash}"))
        }
        _ => Uses::nothing_in_tls("the key neither signs nor decrypts", "nothing"),
    }
}

fn ec(scheme: Scheme, curve: Curve, signs: bool, decrypts: bool) -> Uses {
    let agrees = matches!(scheme, Scheme::Null | Scheme::Ecdh(_)) && decrypts;
    let ecdh = if agrees { "ECDH (CMS decryption)" } else { "no ECDH" };
    let Some(name) = curve.openssl_name() else {
        return Uses::nothing_in_tls(
            &format!("OpenSSL does not know the curve {curve}"),
            "the TPM's own tools can use it",
        );
    };
    let fixed = match scheme {
        Scheme::Null => None,
        Scheme::Ecdsa(hash) => Some(hash),
        _ => {
            return Uses::nothing_in_tls(&format!("the key's scheme is {scheme}"), ecdh);
        }
    };
    if !signs {
        return Uses::nothing_in_tls("the attribute sign is clear", ecdh);
    }
    let digests = fixed.map_or("every digest".to_owned(), |hash| format!("{hash} only"));
    let tls12 = match curve {
        Curve::Sm2P256 => "nothing: TLS 1.2 does not support SM2".to_owned(),
        _ => format!("ecdsa with {digests}, for clients that offer the curve {name}"),
    };
    let own = match curve {
        Curve::P256 => Some(("ecdsa_secp256r1_sha256", HashAlg::Sha256)),
        Curve::P384 => Some(("ecdsa_secp384r1_sha384", HashAlg::Sha384)),
        Curve::P521 => Some(("ecdsa_secp521r1_sha512", HashAlg::Sha512)),
        _ => None,
    };
    let tls13 = match own {
        None => format!("nothing: TLS 1.3 has no signature scheme for {name}"),
        Some((algorithm, hash)) if fixed.is_some_and(|fixed| fixed != hash) => {
            format!("nothing: {algorithm} needs {hash}, but the key's scheme is {scheme}")
        }
        Some((algorithm, _)) => algorithm.to_owned(),
    };
    Uses { tls12, tls13, other: format!("ECDSA with {digests}; {ecdh}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfile::{Kdf, Symmetric};

    fn of(attributes: Attributes, key: PublicKey) -> Uses {
        Uses::of(&Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key })
    }

    fn rsa_key(scheme: Scheme, bits: u16) -> PublicKey {
        PublicKey::Rsa { symmetric: Symmetric::Null, scheme, bits, exponent: 0, modulus: Vec::new() }
    }

    fn ec_key(scheme: Scheme, curve: Curve) -> PublicKey {
        PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme,
            curve,
            kdf: Kdf::Null,
            x: Vec::new(),
            y: Vec::new(),
        }
    }

    const BOTH: Attributes = Attributes::SIGN.union(Attributes::DECRYPT);

    #[test]
    fn default_keys_support_all_uses() {
        let rsa = of(BOTH, rsa_key(Scheme::Null, 2048));
        assert!(rsa.tls12.contains("rsa_pkcs1") && rsa.tls12.contains("key exchange"));
        assert!(rsa.tls13.starts_with("rsa_pss_rsae"));
        let ec = of(BOTH, ec_key(Scheme::Null, Curve::P384));
        assert_eq!(ec.tls13, "ecdsa_secp384r1_sha384");
        assert!(ec.other.contains("ECDH (CMS"));
    }

    #[test]
    fn missing_use_has_a_reason() {
        let cases = [
            (Attributes::DECRYPT | Attributes::RESTRICTED, rsa_key(Scheme::Null, 2048), "restricted"),
            (Attributes::SIGN, rsa_key(Scheme::Rsassa(HashAlg::Sha256), 2048), "does not allow"),
            (Attributes::SIGN, ec_key(Scheme::Ecdsa(HashAlg::Sha256), Curve::P384), "needs sha384"),
            (Attributes::DECRYPT, ec_key(Scheme::Null, Curve::P256), "sign is clear"),
            (BOTH, ec_key(Scheme::Null, Curve::BnP256), "does not know the curve"),
            (BOTH, ec_key(Scheme::Null, Curve::P224), "no signature scheme for secp224r1"),
            (Attributes::NONE, rsa_key(Scheme::Null, 2048), "neither"),
        ];
        for (attributes, key, why) in cases {
            let uses = of(attributes, key);
            assert!(uses.tls13.starts_with("nothing: ") && uses.tls13.contains(why), "{}", uses.tls13);
        }
    }

    #[test]
    fn restricted_signing_keys_work_in_tls_with_their_scheme() {
        let ec = of(
            Attributes::SIGN | Attributes::RESTRICTED,
            ec_key(Scheme::Ecdsa(HashAlg::Sha256), Curve::P256),
        );
        assert_eq!(ec.tls13, "ecdsa_secp256r1_sha256");
        assert!(ec.other.starts_with("attestation: ") && ec.other.contains("sha256"), "{}", ec.other);
    }

    #[test]
    fn short_keys_have_a_remark() {
        assert!(of(BOTH, rsa_key(Scheme::Null, 1024)).tls13.contains("security level"));
    }
}
