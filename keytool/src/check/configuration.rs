//! The openssl.cnf of the service: whether it is read, and activates the provider and default.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;

use super::reach;
use super::report::Report;
use crate::configured::{Configured, Unlisted};
use crate::error::Error;
use crate::ffi::configuration::Configuration;
use crate::ffi::service::{Library, modules};

const SAMPLE: &str = "add the lines of the sample openssl.cnf that this project installs";

/// What the configuration gives a service.
pub(super) struct Given {
    /// OpenSSL with what it activates, if the provider is there.
    pub(super) library: Option<Library>,
}

/// Reads the configuration and loads what it activates; none where it says nothing of the provider, and so nothing of its settings.
pub(super) fn check(report: &mut Report) -> Option<Given> {
    let (path, configured) = report.pass("configuration", read())?;
    Some(Given { library: load(report, &path, &configured) })
}

fn load(report: &mut Report, path: &Path, configured: &Configured) -> Option<Library> {
    let library = Library::new().map_err(|error| Error::request(error.to_string(), "try again"));
    let library = report.pass("configuration", library)?;
    let loaded = library.load(path);
    if !library.has(&configured.name) {
        let module = module(configured);
        match configured.activate {
            false => report.fail("configuration", &inactive(path, configured)),
            true => report.fail("module", &unloadable(&module, loaded.err())),
        }
        return None;
    }
    report.ok("module", format_args!("{} is loaded", module(configured).display()));
    report.pass("configuration", complete(path, configured, &library, loaded))?;
    let all: Vec<&str> =
        ["default", "fips", "base", "legacy"].into_iter().filter(|name| library.has(name)).collect();
    let told = format!("{} activates {} and {}", path.display(), configured.name, all.join(", "));
    report.ok("configuration", told);
    Some(library)
}

/// Whether a provider of software is there, too.
///
/// # Errors
/// There is none; or another line of the configuration fails.
fn complete(
    path: &Path,
    configured: &Configured,
    library: &Library,
    loaded: Result<(), ErrorStack>,
) -> Result<(), Error> {
    let activates = format!("{} activates {}", path.display(), configured.name);
    if let Err(error) = loaded {
        return Err(Error::request(
            format!("{activates}, but does not load whole: {error}"),
            "mend the line that it names",
        ));
    }
    match ["default", "fips"].iter().any(|name| library.has(name)) {
        true => Ok(()),
        false => Err(Error::request(
            format!("{activates}, but not default"),
            "activate default, too (`default = default_sect` and `[default_sect] activate = 1`): beside another provider it is not loaded by itself",
        )),
    }
}

/// The file that OpenSSL reads, and the provider in it.
///
/// # Errors
/// It cannot be read, or lists no such provider.
fn read() -> Result<(PathBuf, Configured), Error> {
    let path = Configuration::default_path().ok_or_else(|| {
        Error::request("OpenSSL reads no configuration: OPENSSL_CONF is empty", "unset it, or name a file")
    })?;
    reach::check(&path).map_err(|error| match error {
        Error::Read { path, source } if source.kind() == ErrorKind::NotFound => Error::request(
            format!("there is no {}, so OpenSSL loads no provider but default", path.display()),
            "make it, or name the service's own with --config",
        ),
        other => other,
    })?;
    let configuration = Configuration::load(&path)
        .map_err(|problem| Error::file(&path, problem, "mend the file, or name another with --config"))?;
    let configured = Configured::of(&configuration).map_err(|why| unlisted(&path, why))?;
    Ok((path, configured))
}

fn unlisted(path: &Path, why: Unlisted) -> Error {
    let problem = match why {
        Unlisted::Start => "it has no line openssl_conf = … before its first section",
        Unlisted::Providers => "the section that openssl_conf names leads to no list of providers",
        Unlisted::Provider => "tpm2 is not among its providers",
    };
    Error::request(format!("{} activates no provider tpm2: {problem}", path.display()), SAMPLE)
}

fn inactive(path: &Path, configured: &Configured) -> Error {
    let section = String::from_utf8_lossy(&configured.section);
    Error::request(
        format!("{} lists the provider {}, but does not activate it", path.display(), configured.name),
        format!("add activate = 1 to the section [{section}]"),
    )
}

/// Where OpenSSL looks for the module.
fn module(configured: &Configured) -> PathBuf {
    let name = configured.module.clone().unwrap_or_else(|| format!("{}.so", configured.name).into());
    modules().join(name)
}

fn unloadable(module: &Path, why: Option<ErrorStack>) -> Error {
    if let Err(error) = reach::check(module) {
        return match error {
            Error::Read { path, source } if source.kind() == ErrorKind::NotFound => Error::request(
                format!("there is no module {}", path.display()),
                "install it there (make install), or name its path by module = … in the provider's section",
            ),
            other => other,
        };
    }
    let why = why.map_or_else(|| "its section says activate = 0".to_owned(), |errors| last_data(&errors));
    Error::request(
        format!("the module {} does not load: {why}", module.display()),
        "look for what it needs with ldd, and for an old OpenSSL (it takes 3.0 and later)",
    )
}

/// What dlopen(3) said stands in the data of the first error.
fn last_data(errors: &ErrorStack) -> String {
    let told = |error: &openssl::error::Error| error.data().map(str::to_owned);
    errors.errors().iter().find_map(told).unwrap_or_else(|| errors.to_string())
}
