//! Signs policies with a private key, in the format that a TPM verifies.

use std::path::Path;

use keyfile::{AlgId, HashAlg, Public, PublicKey, Scheme, Signature};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use crate::create::container;
use crate::create::private_key::{PrivateKey, Unfit};
use crate::error::Error;
use crate::password::Secret;

/// The signer's private key, in this process.
pub(super) struct Signer<'a> {
    path: &'a Path,
    key: PKey<Private>,
}

impl<'a> Signer<'a> {
    /// Reads the private key at `path`. Calls `password` only if the file is encrypted.
    ///
    /// # Errors
    /// The file contains no RSA or EC private key, or the password is wrong.
    pub(super) fn read(
        path: &'a Path,
        password: impl FnOnce() -> Result<Secret, Error>,
    ) -> Result<Self, Error> {
        match container::open(path, password) {
            Ok(key) => Ok(Signer { path, key }),
            Err(Error::PrivateKey { problem, advice, .. }) => Err(refused(path, problem, advice)),
            Err(Error::FilePassword { path, .. }) => Err(Error::FilePassword { path, purpose: "sign with" }),
            Err(error) => Err(error),
        }
    }

    /// Checks that this is the private half of `public`.
    ///
    /// # Errors
    /// It belongs to another key, or no TPM can hold it.
    pub(super) fn check(&self, public: &Public) -> Result<(), Error> {
        let private = PrivateKey::of(&self.key).map_err(|unfit| match unfit {
            Unfit::Key(problem, advice) => refused(self.path, problem, advice),
            Unfit::OpenSsl(stack) => self.failed(&stack),
        })?;
        match private.is_of(&public.key) {
            true => Ok(()),
            false => Err(refused(
                self.path,
                "it is not the private half of the key that may sign policies for this file",
                "give the private half of the public key that was given with --signed-policy",
            )),
        }
    }

    /// Signs a digest with the name hash of `public`, and with the scheme of its public area.
    ///
    /// # Errors
    /// A TPM cannot verify a policy with that scheme, or OpenSSL fails.
    pub(super) fn sign(&self, public: &Public, digest: &[u8]) -> Result<Signature, Error> {
        let hash = public.name_alg;
        let scheme = public.key.scheme().unwrap_or_default();
        if scheme.hash().is_some_and(|wanted| wanted != hash) {
            return Err(refused(
                self.path,
                format!(
                    "the scheme of its public area has another hash than its Name; policies are signed with the Name's hash, {hash}"
                ),
                "make a new key, and give --signed-policy the public key in PEM",
            ));
        }
        let signed = match (scheme, &public.key) {
            (Scheme::Null | Scheme::Rsassa(_), PublicKey::Rsa { .. }) => {
                self.rsa(digest, hash, Padding::PKCS1)
            }
            (Scheme::Rsapss(_), PublicKey::Rsa { .. }) => self.rsa(digest, hash, Padding::PKCS1_PSS),
            (Scheme::Null | Scheme::Ecdsa(_), PublicKey::Ecc { .. }) => self.ecdsa(digest, hash),
            (other, _) => {
                let problem =
                    format!("policies cannot be signed with the scheme of its public area ({other})");
                return Err(refused(self.path, problem, "use a key with the scheme RSASSA, RSAPSS or ECDSA"));
            }
        };
        signed.map_err(|stack| self.failed(&stack))
    }

    fn rsa(&self, digest: &[u8], hash: HashAlg, padding: Padding) -> Result<Signature, ErrorStack> {
        let mut context = PkeyCtx::new(&self.key)?;
        context.sign_init()?;
        context.set_rsa_padding(padding)?;
        context.set_signature_md(md(hash))?;
        if padding == Padding::PKCS1_PSS {
            // Every TPM accepts a salt with the length of the digest (Part 1 Annex B.7).
            context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        let mut bytes = Vec::new();
        context.sign_to_vec(digest, &mut bytes)?;
        let scheme = if padding == Padding::PKCS1_PSS { AlgId::RSAPSS } else { AlgId::RSASSA };
        Ok(Signature::Rsa { scheme, hash, bytes })
    }

    fn ecdsa(&self, digest: &[u8], hash: HashAlg) -> Result<Signature, ErrorStack> {
        let signature = EcdsaSig::sign(digest, &*self.key.ec_key()?)?;
        let (r, s) = (signature.r().to_vec(), signature.s().to_vec());
        Ok(Signature::Ecc { scheme: AlgId::ECDSA, hash, r, s })
    }

    fn failed(&self, stack: &ErrorStack) -> Error {
        refused(self.path, format!("OpenSSL reports: {stack}"), "check the key with `openssl pkey -check`")
    }
}

fn refused(path: &Path, problem: impl std::fmt::Display, advice: impl Into<String>) -> Error {
    Error::request(format!("cannot sign with {}: {problem}", path.display()), advice)
}

fn md(hash: HashAlg) -> &'static MdRef {
    match hash {
        HashAlg::Sha1 => Md::sha1(),
        HashAlg::Sha256 => Md::sha256(),
        HashAlg::Sha384 => Md::sha384(),
        HashAlg::Sha512 => Md::sha512(),
    }
}
