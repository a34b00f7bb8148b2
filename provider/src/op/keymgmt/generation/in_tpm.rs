//! Generation in the TPM. Bare parameters and libssl's ephemeral keys are generated in software.

use std::sync::Arc;

use keyfile::{Curve, HashAlg, Scheme};
use tpm::template::{Template, Usage};

use super::options::{Options, RsaOptions};
use super::{Generate, creation, spelling};
use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Progress;
use crate::ffi::crypto::{Generator, Pkey, Selection};
use crate::ffi::params::{ParamList, Params, settable};
use crate::key::{Key, Kind, Material, no_sm2};
use crate::provider::Provider;
use crate::tls_group;

/// The hint of an error about the curve.
const CURVES: &str = "use -pkeyopt group:P-256, P-384 or P-521";

/// A key generation in progress.
pub(crate) struct TpmGeneration {
    provider: Arc<Provider>,
    kind: Kind,
    /// True if only parameters are wanted, not a key.
    bare: bool,
    options: Options,
    rsa: RsaOptions,
    ec: EcOptions,
    /// Parses every spelling of a curve by generating the parameters of such a key.
    curve: Option<Generator>,
    template: Option<Pkey>,
    /// The hash of a template that is restricted to PSS.
    pss_hash: Option<HashAlg>,
    ephemeral: bool,
}

settable! {
    /// The parameters of EVP_PKEY-EC(7) that do not describe the curve.
    struct EcOptions {
        group: String = c"group",
        encoding: String = c"encoding",
        point_format: String = c"point-format",
        digest: String = c"digest",
    }
}

impl Generate for TpmGeneration {
    fn new(provider: &Arc<Provider>, kind: Kind, selection: Selection, params: Params<'_>) -> Result<Self> {
        let bare = !selection.any(Selection::KEYS);
        let curve = match (kind, bare) {
            (Kind::Ec, _) => {
                Some(Generator::new(provider.software()?, kind.algorithm(), Selection::PARAMETERS)?)
            }
            (Kind::Rsa | Kind::RsaPss, false) => None,
            (Kind::Rsa | Kind::RsaPss, true) => return Err(no_parameters()),
        };
        let mut generation = TpmGeneration {
            provider: Arc::clone(provider),
            kind,
            bare,
            options: Options::default(),
            rsa: RsaOptions::default(),
            ec: EcOptions::default(),
            curve,
            template: None,
            pss_hash: None,
            ephemeral: false,
        };
        generation.set_params(params)?;
        Ok(generation)
    }

    fn set_template(&mut self, template: &Arc<Key>) -> Result<()> {
        self.ephemeral = template.is_ephemeral();
        self.pss_hash = if self.kind == Kind::RsaPss { pss_hash(template)? } else { None };
        self.template = Some(template.software()?.clone());
        Ok(())
    }

    fn set_params(&mut self, params: Params<'_>) -> Result<()> {
        if params.is_none() {
            return Ok(());
        }
        let mut translated = spelling::translated(params)?;
        let params = translated.as_mut().map_or(params, ParamList::as_params);
        self.options.read(params)?;
        let Some(curve) = &mut self.curve else { return self.rsa.read(params) };
        let given = EcOptions::read(params)?;
        if let Some(group) = &given.group {
            self.ephemeral = tls_group::is_ephemeral(group);
        }
        self.ec = EcOptions {
            group: given.group.or(self.ec.group.take()),
            encoding: given.encoding.or(self.ec.encoding.take()),
            point_format: given.point_format.or(self.ec.point_format.take()),
            digest: given.digest.or(self.ec.digest.take()),
        };
        curve.set_params(params).map_err(|refused| {
            let text = match &self.ec.group {
                Some(group) => format!("the curve {group:?}"),
                None => "the parameters of the curve".to_owned(),
            };
            Error::new(Reason::Parameter, text).with_source(refused)
        })
    }

    fn generate(&mut self, progress: &Progress<'_>) -> Result<Key> {
        if self.bare || self.ephemeral {
            let pkey = self.in_software(progress)?;
            return Ok(
                Key::new(&self.provider, self.kind, Material::Software(pkey)).ephemeral(self.ephemeral)
            );
        }
        let template = match self.kind {
            Kind::Ec => Template::ecc(self.tpm_curve()?),
            Kind::Rsa => Template::rsa(self.bits()).exponent(self.rsa.exponent()),
            Kind::RsaPss => {
                let scheme = Scheme::Rsapss(self.rsa.pss_hash(self.pss_hash)?);
                Template::rsa(self.bits()).exponent(self.rsa.exponent()).scheme(scheme).usage(Usage::Sign)
            }
        };
        if !progress.report(0, 0) {
            return Err(Error::new(Reason::Stopped, "the progress callback stopped the generation"));
        }
        let digest = self.digest()?;
        let made = creation::create_key(&self.provider, template, &self.options)?.signing_with(digest);
        progress.report(3, 0);
        let key = Key::new(&self.provider, self.kind, Material::Tpm(made));
        self.set_encoding(&key)?;
        Ok(key)
    }
}

impl TpmGeneration {
    /// The size from the options, then from the template, then OpenSSL's default.
    fn bits(&self) -> u16 {
        let template = self.template.as_ref().and_then(|template| u16::try_from(template.bits()).ok());
        self.rsa.bits.or(template).unwrap_or(2048)
    }

    /// The key's default digest for signatures. As in tpm2-openssl it is not part of the public area: a key
    /// that is restricted to one scheme and digest could neither decrypt nor sign for TLS 1.3.
    fn digest(&self) -> Result<Option<HashAlg>> {
        match (self.kind, &self.ec.digest) {
            (Kind::Rsa, _) => Ok(self.rsa.hash),
            // The digest is in the scheme.
            (Kind::RsaPss, _) | (Kind::Ec, None) => Ok(None),
            (Kind::Ec, Some(name)) => {
                let wrong = |error| Error::new(Reason::Parameter, "digest").with_source(error);
                name.parse().map(Some).map_err(wrong)
            }
        }
    }

    /// The parameters of the key, without a key.
    fn parameters(&mut self, progress: &Progress<'_>) -> Result<Pkey> {
        match (&self.template, &mut self.curve) {
            (Some(template), _) => Ok(template.clone()),
            (None, Some(curve)) => curve.generate(progress).map_err(|_| {
                let text = match &self.ec.group {
                    Some(group) => format!("OpenSSL does not know the curve {group:?}"),
                    None => "an EC key needs a curve".to_owned(),
                };
                Error::new(Reason::Parameter, text).with_hint(CURVES)
            }),
            (None, None) => Err(no_parameters()),
        }
    }

    fn in_software(&mut self, progress: &Progress<'_>) -> Result<Pkey> {
        let parameters = self.parameters(progress)?;
        match self.bare {
            true => Ok(parameters.copy_selected(self.kind.algorithm(), Selection::PARAMETERS)?),
            false => Ok(Generator::like(&parameters, Selection::KEYS)?.generate(progress)?),
        }
    }

    /// The curve in the TPM's terms.
    fn tpm_curve(&mut self) -> Result<Curve> {
        // Parameters are generated instantly, so no progress is reported.
        let parameters = self.parameters(&Progress::none())?;
        let Some(name) = parameters.text(c"group") else {
            return Err(Error::new(Reason::Parameter, "a TPM only supports named curves")
                .with_hint("use -pkeyopt group:P-256"));
        };
        let curve = name.parse().map_err(|_| {
            let text = format!("no TPM supports the curve {name}");
            Error::new(Reason::TpmUnsupported, text).with_hint(CURVES)
        })?;
        match curve {
            Curve::Sm2P256 => Err(no_sm2()),
            curve => Ok(curve),
        }
    }

    /// Sets the output form of the public half, which an application may choose at the generation.
    fn set_encoding(&self, key: &Key) -> Result<()> {
        let mut list = ParamList::new();
        for (name, value) in [(c"encoding", &self.ec.encoding), (c"point-format", &self.ec.point_format)] {
            if let Some(value) = value {
                list.text(name, value);
            }
        }
        let params = list.as_params();
        if !params.is_none() {
            key.software()?.set_params(params)?;
        }
        Ok(())
    }
}

/// Returns the hash of a key that is restricted to PSS.
///
/// # Errors
/// `Parameter`: no TPM supports it.
fn pss_hash(template: &Key) -> Result<Option<HashAlg>> {
    if let Some(Material::Tpm(tpm)) = template.material() {
        return Ok(tpm.public().key.scheme().and_then(Scheme::hash));
    }
    // A software key without restrictions has no digest.
    let Some(name) = template.software()?.text(c"digest") else { return Ok(None) };
    name.parse()
        .map(Some)
        .map_err(|error| Error::new(Reason::Parameter, "the digest of the template").with_source(error))
}

fn no_parameters() -> Error {
    Error::new(Reason::Unsupported, "RSA keys have no parameters to generate")
}
