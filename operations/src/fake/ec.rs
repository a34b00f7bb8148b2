//! EC keys with a fixed private key, and their private operations.

use keyfile::Curve;
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner;
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::rand_core::{CryptoRng, Error, RngCore};
use p256::elliptic_curve::sec1::ToEncodedPoint;

use crate::software;

/// Runs one expression with the types of a curve.
macro_rules! on_curve {
    ($curve:expr, $name:ident => $work:expr) => {
        match $curve {
            Curve::P256 => {
                use p256 as $name;
                $work
            }
            Curve::P384 => {
                use p384 as $name;
                $work
            }
            Curve::P521 => {
                use p521 as $name;
                $work
            }
            other => panic!("the fake has no key on {other}"),
        }
    };
}

/// Returns the coordinates of the public point.
pub(super) fn public(curve: Curve) -> (Vec<u8>, Vec<u8>) {
    on_curve!(curve, c => {
        let point = c::SecretKey::from_slice(&private(curve)).unwrap().public_key().to_encoded_point(false);
        (point.x().unwrap().to_vec(), point.y().unwrap().to_vec())
    })
}

/// Signs a digest as a TPM does. Returns r and s.
pub(super) fn sign(curve: Curve, digest: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let digest = software::prehash(digest, curve.field_bytes());
    on_curve!(curve, c => {
        let key = c::ecdsa::SigningKey::from_slice(&private(curve)).unwrap();
        let signature: c::ecdsa::Signature = key.sign_prehash_with_rng(&mut System, &digest).unwrap();
        let (r, s) = signature.split_bytes();
        (r.to_vec(), s.to_vec())
    })
}

/// Returns the x coordinate of the shared point. The peer's point is uncompressed.
pub(super) fn shared(curve: Curve, point: &[u8]) -> Vec<u8> {
    on_curve!(curve, c => {
        let own = c::SecretKey::from_slice(&private(curve)).unwrap();
        let peer = c::PublicKey::from_sec1_bytes(point).unwrap();
        diffie_hellman(own.to_nonzero_scalar(), peer.as_affine()).raw_secret_bytes().to_vec()
    })
}

fn private(curve: Curve) -> Vec<u8> {
    let mut bytes = vec![0x42; curve.field_bytes()];
    // Below the order of P-521, too.
    bytes[0] = 0;
    bytes
}

/// The random bytes of the operating system.
struct System;

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_be_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        crypto::random::fill(to).unwrap();
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for System {}
