//! `activate`: the client half of credential activation.

use std::path::PathBuf;

use attestation::credential::from_file;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use crypto::credential::Credential;
use crypto::endorsement::templates;
use keyfile::{Curve, Handle, Public, PublicKey};
use tpm::template::Template;
use tpm::{Auth, Key, Primary};
use zeroize::Zeroizing;

use crate::certify::damaged;
use crate::challenge::endorsement;
use crate::check::subject::Subject;
use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_password::{AkPassword, Role};
use crate::output::{IfExists, Target};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::source::Source;
use crate::{input, opened};

const ADVICE: &str =
    "give the credential that was made for this attestation key and for the endorsement key of this TPM";

/// Open a credential with the endorsement key and an attestation key of this TPM (TPM2_ActivateCredential)
///
/// Writes the secret, which answers the challenge. All templates of the TCG EK credential profile that fit the credential are tried; a persistent
/// endorsement key is used if there is one.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool activate --ak handle:0x81010100 credential answer")]
pub(crate) struct Activate {
    /// The attestation key: a reference, a URI such as handle:0x81010100, or a key file
    #[arg(long, value_name = "AK")]
    ak: PathBuf,

    /// The EK certificate or public key for which the credential was made [default: any endorsement key of its type]
    #[arg(long, value_name = "CERT|PUB")]
    ek: Option<PathBuf>,

    #[command(flatten)]
    ak_password: AkPassword,

    /// The source of the endorsement hierarchy's password, as for --passak
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    passendorsement: Option<Source>,

    #[command(flatten)]
    parent: ParentPassword,

    /// The credential, as `tpm2-keytool challenge` and tpm2_makecredential write it
    #[arg(value_name = "CREDENTIAL")]
    credential: PathBuf,

    /// Where to write the secret
    #[arg(value_name = "SECRET")]
    secret: PathBuf,
}

impl Activate {
    /// Opens the credential and writes the secret.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        let target = Target::new(&self.secret, if_exists)?;
        let credential =
            from_file(&input::read(&self.credential, ADVICE)?).map_err(|error| damaged(&error))?;
        let wanted = self.ek.as_deref().map(endorsement).transpose()?;
        let templates = match &wanted {
            Some(key) => templates(key).map_err(tpm::Error::from)?,
            None => fitting(&credential)?,
        };
        let subject = Subject::read(&self.ak, common.nv_prefix()?.as_deref())?;
        let mut passwords = Passwords::default();
        let given = self.ak_password.given(&mut passwords)?;
        let password = subject.password(given, &mut passwords, Role::AK)?;
        let hierarchy =
            passwords.given(None, self.passendorsement.as_ref(), "password of the endorsement hierarchy")?;
        let hierarchy = hierarchy.map(|secret| Auth::new(secret.bytes()));
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let deferred = Deferred::start();
        let opened = opened::open(&tpm, &subject, password.as_ref(), Role::AK, |_| Ok(()));
        let secret =
            opened.and_then(|ak| answer(&ak, hierarchy.as_ref(), templates, wanted.as_ref(), &credential));
        tpm.close();
        let secret = secret?;
        deferred.check()?;
        target.write(&secret)
    }
}

/// Opens the credential with the first endorsement key that can.
fn answer(
    ak: &Key,
    auth: Option<&Auth>,
    templates: Vec<Public>,
    wanted: Option<&PublicKey>,
    credential: &Credential,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut refusal = None;
    for template in templates {
        let ek = Primary { hierarchy: Handle::ENDORSEMENT, auth: auth.cloned(), template };
        match ak.activate(&ek, wanted, credential) {
            Ok(Some(secret)) => return Ok(secret),
            Ok(None) => {}
            // TPM_RC_INTEGRITY and the like: the credential is for another key or Name.
            Err(error) if error.response_code().is_some() && error.kind() == tpm::ErrorKind::Tpm => {
                refusal = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let cause = refusal.map(|error| format!(": {}", error.cause())).unwrap_or_default();
    Err(Error::request(format!("this TPM cannot open the credential{cause}"), ADVICE))
}

/// Returns the templates of the endorsement keys for which the credential may have been made: its encrypted seed has the size of an RSA
/// modulus, or is a point.
fn fitting(credential: &Credential) -> Result<Vec<Public>, Error> {
    let point = |curve: Curve| 2 * (curve.field_bytes() + 2);
    let curves = [Curve::P256, Curve::P384, Curve::P521];
    let key = match curves.into_iter().find(|curve| point(*curve) == credential.secret.len()) {
        Some(curve) => Template::ecc(curve).public().key,
        None => {
            let bits = u16::try_from(credential.secret.len().saturating_mul(8)).unwrap_or_default();
            Template::rsa(bits).public().key
        }
    };
    let found = templates(&key).map_err(tpm::Error::from)?;
    match found.is_empty() {
        true => Err(Error::request("the credential fits no endorsement key of a TPM", ADVICE)),
        false => Ok(found),
    }
}
