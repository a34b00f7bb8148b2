//! Signs stdin with a private key and writes the signature to stdout: `sign KEY <FILE >SIGNATURE`. Nothing in it is specific to a TPM.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::{env, fs};

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: sign KEY <FILE >SIGNATURE")?;
    // OpenSSL reads openssl.cnf here, and finds the provider in it.
    let key = PKey::private_key_from_pem(&fs::read(path)?)?;
    let mut data = Vec::new();
    io::stdin().read_to_end(&mut data)?;
    let signature = Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(&data)?;
    Ok(io::stdout().write_all(&signature)?)
}
