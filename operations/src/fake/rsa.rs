//! An RSA key of 2048 bits, made for tests by `openssl genrsa`, and its private operation.

use ::rsa::BigUint;

/// The modulus.
const N: &str = "bc0c5eff09ba64cb6043ce279b9823063897bcd8039529b32964e36aebdd9c91\
    99c3729b56ebe9dbd77d8f32b218905a5b170e68c0adc4a96059c4faeae331cd\
    bc22c26c5e599089f2262049ff63325aeaf0455f2b23484d96277ebe097f80b3\
    93bc7d55505302e60a33c19e5319d2206890fd5180622e30be4e37ee9b289a4c\
    adc59879b5c72ea4b06cc9168e2294e8eeda68cce3af4ef27f2c73a450737cb3\
    aa7f97f77641851f4e9aed9e36c94c8bb40ce47433a92b27e0cd4c2340b89ed7\
    d440f3cebff49973e2136c66ca14e3606dbd7986d7edbc621981e2eee8c8a7a4\
    c1e7715890a5fa3a2eada8a2fcd6abca80d1bb9f60290b4ae45e32072ac1a529";
/// The private exponent.
const D: &str = "02d44175fa90ef73f3c6e6847a5a61b0a8377cea00d914bdb8da398ebe7b3a00\
    22d9c777dc36b895808bb0a27610ddef4011f9ad6586d8e21365b6eba645b24d\
    36112905e8e4b13e1f7bc79be71b461c0b2aa457af899eba3acf920de1562a6f\
    8b7d6823195be4ee12bed3d7fb5a66e62abe48aecc6a824bedc275d1dac25848\
    575fd84af025c990580d8c135af85cad48cf77a4dc0c75bc29493445ad1b3132\
    68282a98ab49f327eb8596ee4255a87958a2a141e882439a8adc7c20a55948c6\
    1899dcaa24753bace6da2604585dd1c873366acd2ec35263bdfd1c41f0af9a8d\
    1c81167546722f1d404abb4c81b161c146450e44371395ad5c6679eb59e7ecb1";

/// Returns the modulus.
pub(super) fn modulus() -> Vec<u8> {
    number(N).to_bytes_be()
}

/// Runs the private operation. The result is as long as the modulus.
pub(super) fn private(block: &[u8]) -> Vec<u8> {
    let result = BigUint::from_bytes_be(block).modpow(&number(D), &number(N)).to_bytes_be();
    let mut bytes = vec![0; modulus().len() - result.len()];
    bytes.extend_from_slice(&result);
    bytes
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}
