//! `create`: makes a key inside the TPM, or wraps a private key that exists, and writes its key file.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::{AlgId, Attributes, Curve, HashAlg, KeyFile, Kind, Public, PublicKey, Sensitive};
use tpm::rc::ResponseCode;
use tpm::template::{Template, Usage};
use tpm::{Auth, Parent, Tpm};
use zeroize::Zeroizing;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::output::Target;
use crate::password::{Passwords, Secret};
use crate::source::Source;
use crate::terminal::{self, Progress};

mod abilities;
mod parent;
mod private_key;

use abilities::Abilities;
use parent::ParentHandle;
use private_key::PrivateKey;

/// Create a TPM key, or wrap an existing private key, and write its key file
///
/// The key is made inside the TPM and never leaves it: FILE holds it encrypted for its parent, which only this TPM has. OpenSSL takes FILE wherever it
/// takes a private key once the provider tpm2 is configured.
#[derive(Args)]
#[command(after_long_help = PARENTS, after_help = "See --help for what decides about passwords (-d) and the parent (-p).")]
pub(crate) struct Create {
    /// The key file to write: whole or not at all, readable by its owner only; one that is there is replaced
    #[arg(required_unless_present = "list_curves")]
    file: Option<PathBuf>,

    /// Give the key a password, and ask for it twice
    ///
    /// Without a terminal two lines of stdin are read.
    #[arg(short, long)]
    auth: bool,

    /// The key's password, instead of the question
    ///
    /// Everybody on this machine can read it in the process list while the command runs, and the shell may keep it in its history: --passout is better.
    #[arg(short = 'k', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    password: Option<Secret>,

    /// Where the key's password comes from: pass:WORD, env:NAME, file:PATH, fd:NUMBER or stdin
    ///
    /// As openssl's -passout: the first line is taken. When several passwords come from the same place, each takes one line: first the wrapped file's,
    /// then the key's, then the parent's.
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "password")]
    passout: Option<Source>,

    /// The password of the parent, or of its hierarchy
    ///
    /// As visible in the process list as -k; --passparent is better.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_parent: Option<Secret>,

    /// Where the parent's password comes from; as --passout
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_parent")]
    passparent: Option<Source>,

    /// Put the key under dictionary-attack protection
    ///
    /// What it buys: after some wrong passwords (32 on many TPMs) the TPM refuses every key that has this protection, for minutes to hours, so that a short
    /// password cannot be guessed by trying. What it costs: whoever may use the TPM can lock all such keys by guessing wrong, and each unclean power-off
    /// may count as one wrong guess. Without -d nothing ever locks, and the password must be long enough to withstand guessing at the TPM's speed (some
    /// hundred a second). It means nothing for a key without a password. `tpm2-keytool status` tells the counter and how to reset it.
    #[arg(short, long)]
    da: bool,

    /// An RSA key (the default)
    #[arg(short, long, conflicts_with = "ecc")]
    rsa: bool,

    /// Bits of the RSA key: what the TPM offers, 2048 on all of them
    #[arg(short = 's', long, value_name = "BITS", default_value_t = 2048, conflicts_with = "ecc")]
    key_size: u16,

    /// An elliptic-curve key, on this curve
    ///
    /// As OpenSSL or the TPM spells it: prime256v1, P-256, nistp256, secp384r1, bnp256 and so on; -l lists what this TPM has. OpenSSL itself knows no BN
    /// curves.
    #[arg(short, long, value_name = "CURVE")]
    ecc: Option<Curve>,

    /// List the curves that this TPM has, one a line
    #[arg(short, long)]
    list_curves: bool,

    /// The hash of the key's name (its identity inside the TPM): sha1, sha256, sha384 or sha512
    ///
    /// It is also that of its policies, and passwords longer than its digest are hashed with it. It does not limit what the key can sign.
    #[arg(short, long, value_name = "HASH", default_value = "sha256")]
    name_scheme: HashAlg,

    /// The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform
    #[arg(short, long, value_name = "H", default_value = "owner", long_help = PARENT)]
    parent_handle: ParentHandle,

    /// Wrap this private key instead of making one
    ///
    /// An RSA or EC key in PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not. It is encrypted for the parent in this process, so that it never
    /// crosses the bus in clear. FILE is then as good as a key made in the TPM, but copies of the original remain as dangerous as they were.
    #[arg(short, long, value_name = "PRIVATE-KEY", conflicts_with_all = ["ecc", "key_size", "rsa"])]
    wrap: Option<PathBuf>,

    /// Where the password of the wrapped file comes from, as openssl's -passin; without it you are asked
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), requires = "wrap")]
    passin: Option<Source>,

    /// A description, kept in the file
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

const PARENT: &str = "\
The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform

A handle such as 81000001 is the fastest to use: many machines have their storage root key there (`tpm2-keytool status` says). With a hierarchy's name \
the TPM derives its standard P-256 storage key, the same each time, when the key is first used in a process; nothing need be stored in the TPM. If it \
has no P-256, its RSA-2048 key is derived, which can take most of a minute on a real chip.";

const PARENTS: &str = "\
What decides of the parent:
  owner        the default; the key lives until the TPM is cleared (firmware setup, tpm2_clear)
  81……         a key that somebody made persistent; the key lives as long as that does
  endorsement  survives a clear by the owner; its hierarchy often has a password (-b)
  platform     mostly closed to the operating system
  null         the key dies with the next reset of the machine

Examples:
  tpm2-keytool create server.tpm                          RSA-2048
  tpm2-keytool create -e P-256 server.tpm                 P-256
  tpm2-keytool create -e P-256 -a -d client.tpm           with a password that cannot be guessed by trying
  tpm2-keytool create -w server.pem server.tpm            an existing key
  openssl req -x509 -key server.tpm -subj /CN=me          use it";

impl Create {
    /// Makes the key.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm();
        if self.list_curves {
            return list_curves(&tpm);
        }
        let Some(file) = &self.file else { return Ok(()) };
        // Everything that can fail without the TPM fails before it is asked.
        let target = Target::new(file)?;
        let mut passwords = Passwords::default();
        let given = match self.wrap.as_deref() {
            Some(path) => Some(private_key::read(path, || match &self.passin {
                Some(source) => passwords.from(source, "password of the private key"),
                None => passwords.ask(&format!("password of {}", path.display())),
            })?),
            None => None,
        };
        let auth = self.key_password(&mut passwords)?;
        let parent_auth = self.parent_password(&mut passwords)?;

        let deferred = Deferred::start();
        let made = self.make(&tpm, given, auth.as_ref(), parent_auth, &deferred);
        // Whatever happened, nothing of ours stays in the TPM.
        tpm.close();
        let key = made?;
        deferred.check()?;
        target.write(key.to_pem().map_err(Error::Encode)?.as_bytes())
    }

    fn key_password(&self, passwords: &mut Passwords) -> Result<Option<Auth>, Error> {
        const WHAT: &str = "password of the key";
        let secret = match passwords.given(self.password.as_ref(), self.passout.as_ref(), WHAT)? {
            None if self.auth => Some(passwords.ask_new(WHAT)?),
            given => given,
        };
        match secret {
            Some(secret) if secret.is_empty() => Err(Error::Password {
                what: WHAT.to_owned(),
                problem: "it is empty".to_owned(),
                advice: "leave -a, -k and --passout out for a key without password".to_owned(),
            }),
            secret => Ok(secret.map(|secret| Auth::new(secret.octets()))),
        }
    }

    fn parent_password(&self, passwords: &mut Passwords) -> Result<Option<Auth>, Error> {
        let given =
            passwords.given(self.auth_parent.as_ref(), self.passparent.as_ref(), "password of the parent")?;
        Ok(given.filter(|secret| !secret.is_empty()).map(|secret| Auth::new(secret.octets())))
    }

    fn make(
        &self,
        tpm: &Tpm,
        given: Option<PrivateKey>,
        auth: Option<&Auth>,
        parent_auth: Option<Auth>,
        deferred: &Deferred,
    ) -> Result<KeyFile, Error> {
        let abilities = Abilities::of(tpm)?;
        let ParentHandle(handle) = self.parent_handle;
        if handle.is_persistent() {
            abilities.check_parent(tpm, handle)?;
        }
        let parent =
            Parent { handle, rsa: handle.is_permanent() && !abilities.has_ecc_parent(), auth: parent_auth };
        deferred.check()?;
        let (public, private) = match given {
            Some(given) => self.wrap(tpm, &abilities, &parent, given, auth)?,
            None => self.create(tpm, &abilities, &parent, auth)?,
        };
        let mut key = KeyFile::new(Kind::Loadable, parent.handle, public, private);
        key.empty_auth = auth.is_none();
        key.rsa_parent = parent.rsa;
        key.description.clone_from(&self.description);
        Ok(key)
    }

    /// The TPM makes the key.
    fn create(
        &self,
        tpm: &Tpm,
        abilities: &Abilities,
        parent: &Parent,
        auth: Option<&Auth>,
    ) -> Result<(Public, Vec<u8>), Error> {
        let template = match self.ecc {
            Some(curve) => Template::ecc(curve),
            None => Template::rsa(self.key_size),
        };
        self.for_both_uses(template, |public| {
            abilities.check(public)?;
            let _progress = slow(parent, public);
            let made = tpm.create(parent, public, auth)?;
            Ok((made.public, made.private))
        })
    }

    /// Encrypts a key for its parent in this process and has the TPM take it over.
    fn wrap(
        &self,
        tpm: &Tpm,
        abilities: &Abilities,
        parent: &Parent,
        given: PrivateKey,
        auth: Option<&Auth>,
    ) -> Result<(Public, Vec<u8>), Error> {
        let (template, kind, sensitive) = match given {
            PrivateKey::Rsa { exponent, modulus, prime } => {
                (Template::wrapped_rsa(&modulus, exponent), AlgId::RSA, prime)
            }
            PrivateKey::Ec { curve, x, y, d } => (Template::wrapped_ecc(curve, &x, &y), AlgId::ECC, d),
        };
        let auth_value = auth.map(|auth| auth.as_value(self.name_scheme)).unwrap_or_default();
        let sensitive = Sensitive { kind, auth_value, seed_value: Zeroizing::default(), sensitive };
        self.for_both_uses(template, |public| {
            abilities.check(public)?;
            let _progress = slow(parent, public);
            let (parent_public, _) = tpm.parent_public(parent)?;
            let duplicate = tpm::wrap(&parent_public, public, &sensitive).map_err(Error::Wrap)?;
            Ok((public.clone(), tpm.import(parent, &duplicate)?))
        })
    }

    /// With a public area for signing and decryption; where the TPM refuses that of RSA, for decryption alone: raw decryption signs too.
    fn for_both_uses<T>(
        &self,
        template: Template,
        make: impl Fn(&Public) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let both = self.public(template.clone());
        match make(&both) {
            Err(Error::Tpm(error)) if both.key.kind() == AlgId::RSA && refuses_both(&error) => {
                terminal::notice(
                    "this TPM refuses RSA keys that sign and decrypt; making one that decrypts: OpenSSL signs with it, tpm2_sign does not",
                );
                make(&self.public(template.usage(Usage::Decrypt)))
            }
            made => made,
        }
    }

    fn public(&self, template: Template) -> Public {
        template.name_alg(self.name_scheme).dictionary_attack_protection(self.da).public()
    }
}

/// Whether it is the public area that the TPM does not like.
fn refuses_both(error: &tpm::Error) -> bool {
    let code = error.response_code().map(|code| ResponseCode(code).base());
    matches!(code, Some(ResponseCode::ATTRIBUTES | ResponseCode::SCHEME))
}

/// A line on the terminal where a real chip searches primes: an RSA key, or an RSA parent that is derived.
fn slow(parent: &Parent, key: &Public) -> Option<Progress> {
    let made_inside = key.attributes.contains(Attributes::SENSITIVE_DATA_ORIGIN);
    match key.key {
        _ if parent.rsa => {
            Some(Progress::start("deriving the hierarchy's RSA storage key; this can take a minute"))
        }
        PublicKey::Rsa { .. } if made_inside => {
            Some(Progress::start("the TPM searches primes; this can take a minute"))
        }
        _ => None,
    }
}

fn list_curves(tpm: &Tpm) -> Result<(), Error> {
    let names: Vec<String> = Abilities::of(tpm)?.curves().iter().copied().map(abilities::spelling).collect();
    terminal::result(names.join("\n"))
}
