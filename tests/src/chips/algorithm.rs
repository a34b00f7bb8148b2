//! Algorithms that a chip lacks: it refuses commands that name them and omits them from its lists.
use super::Rules;
use super::list::{without_algorithms, without_curves};
use crate::parameters::{Asked, Parameters};
use crate::raw::{self, AES, ALG_NULL, ECC, answer, code};

/// TPM_ECC_NIST_P384 and P521 (Part 2 §6.4).
const LONG_CURVES: [u16; 2] = [4, 5];
/// TPM_ALG_ECDSA, ECDH, ECDAA, SM2, ECSCHNORR, ECMQV, KDF1_SP800_56A and ECC.
const OF_ECC: &[u16] = &[0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x20, ECC];

/// Returns the rules of a chip that lacks these hashes.
pub(super) fn no_hash(missing: &'static [u16]) -> Rules {
    let refused = move |hash: u16| missing.contains(&hash);
    without_algorithms(missing).command(move |command| {
        let mut parameters = Parameters::of(command);
        let named = match code(command) {
            raw::SIGN => {
                parameters.sized();
                if parameters.u16() == ALG_NULL { 0 } else { parameters.u16() }
            }
            raw::RSA_DECRYPT => {
                parameters.sized();
                if parameters.u16() == raw::OAEP { parameters.u16() } else { 0 }
            }
            raw::HASH => {
                parameters.sized();
                parameters.u16()
            }
            raw::START_AUTH_SESSION => {
                parameters.sized();
                parameters.sized();
                parameters.u8();
                if parameters.u16() != ALG_NULL {
                    parameters.u16();
                    parameters.u16();
                }
                parameters.u16()
            }
            _ => match Asked::by(command) {
                Some(asked) if refused(asked.name_alg) => asked.name_alg,
                Some(asked) => asked.scheme_hash,
                None => 0,
            },
        };
        refused(named).then(|| answer(raw::NO_HASH))
    })
}

/// Returns the rules of a chip that lacks AES with long keys.
pub(super) fn no_aes_256() -> Rules {
    Rules::default().command(|command| {
        let bits = if code(command) == raw::START_AUTH_SESSION {
            let mut parameters = Parameters::of(command);
            parameters.sized();
            parameters.sized();
            parameters.u8();
            if parameters.u16() == AES { parameters.u16() } else { 0 }
        } else {
            Asked::by(command).map_or(0, |asked| asked.symmetric_bits)
        };
        (bits == 256).then(|| answer(raw::SYMMETRIC))
    })
}

/// Returns the rules of a chip whose only NIST curve is P-256.
pub(super) fn no_long_curves() -> Rules {
    without_curves(|curve| LONG_CURVES.contains(&curve)).command(|command| {
        let refused = |asked: Asked| asked.kind == ECC && LONG_CURVES.contains(&asked.size);
        Asked::by(command).is_some_and(refused).then(|| answer(raw::CURVE))
    })
}

/// Returns the rules of a chip without elliptic curves.
pub(super) fn no_ecc() -> Rules {
    without_curves(|_| true).and(without_algorithms(OF_ECC)).command(|command| {
        Asked::by(command).is_some_and(|asked| asked.kind == ECC).then(|| answer(raw::TYPE))
    })
}
