//! Checks the openssl.cnf of the service: that it can be read, and activates the provider tpm2 and default.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;

use super::readable;
use super::report::Report;
use crate::configured::{Configured, Unlisted};
use crate::error::Error;
use crate::ffi::configuration::Configuration;
use crate::ffi::service::{LibraryContext, modules};

const SAMPLE: &str = "add the lines of the sample openssl.cnf that this project installs";

/// The result of the checks of the configuration.
pub(super) struct Given {
    /// The name of the provider in the configuration.
    pub(super) name: String,
    /// OpenSSL with the activated providers, if the provider tpm2 is among them.
    pub(super) context: Option<LibraryContext>,
}

/// Reads the configuration and loads the providers that it activates. Returns none if it does not list the provider, so that the settings
/// are unknown.
pub(super) fn check(report: &mut Report) -> Option<Given> {
    let (path, configured) = report.pass("configuration", read())?;
    let context = load(report, &path, &configured);
    Some(Given { name: configured.name, context })
}

fn load(report: &mut Report, path: &Path, configured: &Configured) -> Option<LibraryContext> {
    let context = LibraryContext::new().map_err(|error| Error::request(error.to_string(), "try again"));
    let context = report.pass("configuration", context)?;
    let loaded = context.load(path);
    if !context.has(&configured.name) {
        let module = module(configured);
        match configured.activate {
            false => report.fail("configuration", &inactive(path, configured)),
            true => report.fail("module", &unloadable(&module, loaded.err())),
        }
        return None;
    }
    report.ok("module", format_args!("{} is loaded", module(configured).display()));
    report.pass("configuration", complete(path, configured, &context, loaded))?;
    let all: Vec<&str> =
        ["default", "fips", "base", "legacy"].into_iter().filter(|name| context.has(name)).collect();
    let text = format!("{} activates {} and {}", path.display(), configured.name, all.join(", "));
    report.ok("configuration", text);
    Some(context)
}

/// Checks that a provider for software algorithms is active, too.
///
/// # Errors
/// There is none, or another line of the configuration fails.
fn complete(
    path: &Path,
    configured: &Configured,
    context: &LibraryContext,
    loaded: Result<(), ErrorStack>,
) -> Result<(), Error> {
    let activates = format!("{} activates {}", path.display(), configured.name);
    if let Err(error) = loaded {
        return Err(Error::request(
            format!("{activates}, but another line of it fails: {error}"),
            "correct that line",
        ));
    }
    match ["default", "fips"].iter().any(|name| context.has(name)) {
        true => Ok(()),
        false => Err(Error::request(
            format!("{activates}, but not default"),
            "activate default, too (`default = default_sect`, `[default_sect] activate = 1`): OpenSSL does not load it by itself beside another provider",
        )),
    }
}

/// Returns the file that OpenSSL reads, and the provider's entry in it.
///
/// # Errors
/// The file cannot be read, or does not list the provider.
fn read() -> Result<(PathBuf, Configured), Error> {
    let path = Configuration::default_path().ok_or_else(|| {
        Error::request("OpenSSL reads no configuration: OPENSSL_CONF is empty", "unset it, or name a file")
    })?;
    readable::check(&path).map_err(|error| match error {
        Error::Read { path, source } if source.kind() == ErrorKind::NotFound => Error::request(
            format!("there is no {}, so OpenSSL loads only the provider default", path.display()),
            "create it, or give the service's own file with --config",
        ),
        other => other,
    })?;
    let configuration = Configuration::load(&path)
        .map_err(|problem| Error::file(&path, problem, "correct the file, or give another with --config"))?;
    let configured = Configured::of(&configuration).map_err(|why| unlisted(&path, why))?;
    Ok((path, configured))
}

fn unlisted(path: &Path, why: Unlisted) -> Error {
    let problem = match why {
        Unlisted::Start => "it has no line openssl_conf = … before its first section",
        Unlisted::Providers => "the section that openssl_conf names has no list of providers",
        Unlisted::Provider => "tpm2 is not among its providers",
    };
    Error::request(format!("{} does not activate the provider tpm2: {problem}", path.display()), SAMPLE)
}

fn inactive(path: &Path, configured: &Configured) -> Error {
    let section = String::from_utf8_lossy(&configured.section);
    Error::request(
        format!("{} lists the provider {}, but does not activate it", path.display(), configured.name),
        format!("add activate = 1 to the section [{section}]"),
    )
}

/// Returns the path where OpenSSL looks for the module.
fn module(configured: &Configured) -> PathBuf {
    let name = configured.module.clone().unwrap_or_else(|| format!("{}.so", configured.name).into());
    modules().join(name)
}

fn unloadable(module: &Path, why: Option<ErrorStack>) -> Error {
    if let Err(error) = readable::check(module) {
        return match error {
            Error::Read { path, source } if source.kind() == ErrorKind::NotFound => Error::request(
                format!("there is no module {}", path.display()),
                "install it there (make install), or set its path with module = … in the provider's section",
            ),
            other => other,
        };
    }
    let why = why.map_or_else(|| "its section says activate = 0".to_owned(), |errors| first_data(&errors));
    Error::request(
        format!("cannot load the module {}: {why}", module.display()),
        "check its libraries with ldd, and the version of OpenSSL (3.0 or later is needed)",
    )
}

/// Returns the message of dlopen(3), which is the data of the first error that has any.
fn first_data(errors: &ErrorStack) -> String {
    let data = |error: &openssl::error::Error| error.data().map(str::to_owned);
    errors.errors().iter().find_map(data).unwrap_or_else(|| errors.to_string())
}
