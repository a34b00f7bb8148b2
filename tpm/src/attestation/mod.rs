//! Attestation: that a signing key is in the TPM that an EK certificate was issued for (TPM 2.0 Part 1 §24), and what that key says about
//! another key. Nothing here believes an answer of the bus: what is proven is proven by who can decrypt and who can sign.

use keyfile::policy::Secret;
use keyfile::wire::Marshal;
use keyfile::{Attributes, CommandCode, Curve, Handle, HashAlg, Name, Public, PublicKey, Scheme, Signature};
use subtle::ConstantTimeEq;

use crate::auth::Auth;
use crate::command;
use crate::command::Entity;
use crate::command::capability::{PERSISTENT, handles};
use crate::command::policy::policy_command;
use crate::command::{Guarded, Protect};
use crate::command::{hierarchy, object};
use crate::connection::Connection;
use crate::connection::{MAX_LOADED, Transient};
use crate::crypto::credential::credential;
use crate::crypto::random;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::rc::ResponseCode;
use crate::template::endorsement::branches;
use crate::template::{Template, Usage};
use crate::tpm::Tpm;

/// A primary key: what a template always gives in a hierarchy. It has no password of its own.
#[derive(Clone)]
pub struct Primary {
    /// The hierarchy.
    pub hierarchy: Handle,
    /// The password of the hierarchy.
    pub auth: Option<Auth>,
    /// The template; its unique field takes part in the derivation.
    pub template: Public,
}

/// Where the private half of an endorsement key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Residence {
    /// In one TPM with the signing key of this Name.
    Here(Name),
    /// Not in this TPM, as far as this template goes.
    Elsewhere,
}

/// A key, and what another key says about it.
pub struct Certified {
    /// The public area of the key, as the template has it.
    pub public: Public,
    /// The public area of the key that signs, as its template has it.
    pub signer: Public,
    /// The statement: a TPMS_ATTEST as it was signed. Whoever believes it verifies the signature first.
    pub statement: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

/// The parts that primaries have in an operation.
const SIGNER: Transient = Transient::Temporary(0);
const SUBJECT: Transient = Transient::Temporary(1);

/// Octets of the secret in a credential; no nameAlg of an endorsement key is shorter.
const SECRET: usize = 32;

/// A key that an operation has loaded.
struct LoadedPrimary {
    handle: Handle,
    public: Public,
    name: Name,
}

impl Primary {
    /// A restricted signing key: it signs what its TPM says about itself, and nothing that looks like that. P-256 with ECDSA, or RSA-2048
    /// with PKCS#1 v1.5 for TPMs without the curve.
    #[must_use]
    pub fn signer(hierarchy: Handle, auth: Option<Auth>, rsa: bool) -> Self {
        let (template, scheme) = match rsa {
            false => (Template::ecc(Curve::P256), Scheme::Ecdsa(HashAlg::Sha256)),
            true => (Template::rsa(2048), Scheme::Rsassa(HashAlg::Sha256)),
        };
        let mut template = template.usage(Usage::Sign).public();
        template.attributes = template.attributes | Attributes::RESTRICTED;
        if let PublicKey::Ecc { scheme: fixed, .. } | PublicKey::Rsa { scheme: fixed, .. } = &mut template.key
        {
            *fixed = scheme;
        }
        Self { hierarchy, auth, template }
    }

    fn as_parent(&self) -> Parent {
        Parent { handle: self.hierarchy, rsa: false, auth: self.auth.clone() }
    }
}

impl LoadedPrimary {
    fn entity(&self) -> Entity<'_> {
        Entity::named(self.handle, &self.name)
    }
}

impl Tpm {
    /// Derives a primary key and flushes it again. Its Name is computed here, but that it is in a TPM at all is the word of the bus.
    ///
    /// # Errors
    /// The hierarchy's password is wrong, the TPM has no such keys, or there is no TPM.
    pub fn primary(&self, key: &Primary) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                connection.load_primary(SIGNER, key).map(|primary| (primary.public, primary.name))
            })
        })
    }

    /// Whether the TPM that has the private half of `key` has the signing key, too: it opens a credential that was made here for both.
    /// `endorsement` is the template by which that TPM derives its endorsement key; a persistent one is used where there is one.
    ///
    /// # Errors
    /// The hierarchy's password is wrong; the TPM shows the endorsement key, but does not open the credential; or there is no TPM.
    pub fn prove(
        &self,
        signer: &Primary,
        endorsement: &Primary,
        key: &PublicKey,
    ) -> Result<Residence, Error> {
        self.operate(|connection| {
            // First, for its salt key takes a slot; PolicySecret is proven within it.
            connection.open_session(None)?;
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let Some(found) = connection.endorsement_key(endorsement, key)? else {
                    return Ok(Residence::Elsewhere);
                };
                let value = random::octets(SECRET)?;
                let made = credential(&found.public, &signer.name, &value)?;
                connection.satisfy(endorsement, &found.public)?;
                let opened =
                    object::activate_credential(connection, (signer.entity(), found.entity()), &made);
                match opened.map_err(unopened)?.ct_eq(&value).into() {
                    true => Ok(Residence::Here(signer.name)),
                    false => Err(Error::integrity(
                        "the TPM has opened another secret than the one in the credential",
                    )),
                }
            })
        })
    }

    /// Has one primary key certify another.
    ///
    /// # Errors
    /// A hierarchy's password is wrong, or there is no TPM.
    pub fn certify(&self, signer: &Primary, subject: &Primary, nonce: &[u8]) -> Result<Certified, Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let subject = connection.load_primary(SUBJECT, subject)?;
                let (statement, signature) =
                    command::attestation::certify(connection, (subject.entity(), signer.entity()), nonce)?;
                Ok(Certified { public: subject.public, signer: signer.public, statement, signature })
            })
        })
    }
}

impl Connection {
    /// Flushes what an operation has loaded, whatever came of it.
    fn with_primaries<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let result = work(self);
        if result.is_err() {
            // Half a policy is of no use to the next one.
            let _ = self.drop_policy();
        }
        let flushed = [SIGNER, SUBJECT].map(|primary| self.evict(primary));
        let value = result?;
        flushed.into_iter().collect::<Result<(), _>>()?;
        Ok(value)
    }

    /// Derives a key, which stays loaded to the end of the operation.
    fn load_primary(&mut self, part: Transient, key: &Primary) -> Result<LoadedPrimary, Error> {
        let parent = key.as_parent();
        self.open_session_for(&parent)?;
        self.make_room(MAX_LOADED - 1, &[])?;
        let auth = parent.hierarchy_auth();
        let protect = if auth.is_empty() { Protect::NONE } else { Protect::SESSION };
        let hierarchy = Guarded { entity: Entity::plain(key.hierarchy), auth: &auth };
        let made = hierarchy::create_primary(self, &hierarchy, &key.template, protect)
            .map_err(|error| refused(error, key))?;
        self.slots.insert(part, made.handle, made.name.clone());
        if !is_of(&made.public, &key.template) {
            return Err(Error::integrity("the TPM answers with another kind of key than it was asked for")
                .on(made.handle));
        }
        Ok(LoadedPrimary { handle: made.handle, public: made.public, name: made.name })
    }

    /// The endorsement key with this public half: a persistent one, for deriving one takes long, or a derived one.
    fn endorsement_key(
        &mut self,
        template: &Primary,
        key: &PublicKey,
    ) -> Result<Option<LoadedPrimary>, Error> {
        for handle in handles(self, PERSISTENT)? {
            // One of an unknown kind is not readable here, and not the one that is sought.
            if let Ok((public, name)) = object::read_public(self, handle) {
                if is_of(&public, &template.template) && public.key.has_numbers_of(key) {
                    return Ok(Some(LoadedPrimary { handle, public, name }));
                }
            }
        }
        let derived = self.load_primary(SUBJECT, template)?;
        Ok(derived.public.key.has_numbers_of(key).then_some(derived))
    }

    /// Runs the policy of an endorsement key in the policy session.
    fn satisfy(&mut self, key: &Primary, public: &Public) -> Result<(), Error> {
        let branches = branches(public)?;
        self.open_policy(public.name_alg)?;
        let password = Secret { hint: Handle(0), name: key.hierarchy.into(), policy_ref: Vec::new() };
        self.prove_secret(&password, key.auth.as_ref()).map_err(|error| refused(error, key))?;
        match branches {
            Some(branches) => {
                let session = self.policy_session()?.handle;
                policy_command(self, CommandCode::POLICY_OR, session, &branches.to_octets()?)
            }
            None => Ok(()),
        }
    }
}

/// Whether a public area is the template but for its public part: only then its Name says what the key can do.
fn is_of(public: &Public, template: &Public) -> bool {
    let mut blank = public.clone();
    match (&mut blank.key, &template.key) {
        (PublicKey::Rsa { modulus, .. }, PublicKey::Rsa { modulus: unique, .. }) => {
            modulus.clone_from(unique);
        }
        (PublicKey::Ecc { x, y, .. }, PublicKey::Ecc { x: unique_x, y: unique_y, .. }) => {
            x.clone_from(unique_x);
            y.clone_from(unique_y);
        }
        _ => {}
    }
    blank == *template
}

/// A refused password of a hierarchy is not one of a key.
fn refused(error: Error, key: &Primary) -> Error {
    let name = key.hierarchy.hierarchy_name().unwrap_or("unknown");
    match error.kind() {
        ErrorKind::Authorization => {
            let advice = match key.auth {
                None => "it has a password: give it",
                Some(_) => "the hierarchy's password is another",
            };
            error.of_kind(ErrorKind::ParentAuthorization).on(format_args!("{name} hierarchy")).advise(advice)
        }
        _ => error.on(format_args!("{name} hierarchy")),
    }
}

/// TPM_RC_INTEGRITY and its like: the credential was made for another key, or beside another.
fn unopened(error: Error) -> Error {
    match error.base_code() {
        Some(ResponseCode::INTEGRITY | ResponseCode::VALUE | ResponseCode::SIZE) => Error::integrity(
            "the TPM cannot open a credential for its endorsement key beside its signing key: they are not in one TPM",
        )
        .because(error),
        _ => error,
    }
}
