//! The settings of this tool. They are the provider's settings, and come from options of the command line, the provider's section in the
//! openssl.cnf that OpenSSL would read, and the environment.

use std::fs;
use std::io;
use std::sync::OnceLock;

use tpm::config::{Lookup, Setting};
use zeroize::Zeroizing;

use crate::configured::Configured;
use crate::error::Error;
use crate::ffi::configuration::Configuration;
use crate::ffi::openssl;

/// The lines of the provider's section. A value may be a password, so they are wiped.
#[derive(Default)]
struct Section(Vec<(Vec<u8>, Zeroizing<Vec<u8>>)>);

/// The options and the provider's section, in which settings are looked up.
pub(crate) struct Settings<'a> {
    options: Vec<(&'static str, &'a [u8])>,
    section: &'static Section,
}

impl<'a> Settings<'a> {
    /// Returns the settings of this process. `options` have precedence.
    ///
    /// # Errors
    /// OpenSSL's configuration file exists but cannot be read, so its settings are unknown.
    pub(crate) fn with(options: &[(Setting, Option<&'a [u8]>)]) -> Result<Self, Error> {
        static SECTION: OnceLock<Result<Section, String>> = OnceLock::new();
        let section = SECTION.get_or_init(section).as_ref();
        let section = section.map_err(|problem| {
            Error::request(
                problem.clone(),
                "it may contain settings of the provider: correct it, or name another file with OPENSSL_CONF",
            )
        })?;
        let given = |(setting, value): &(Setting, Option<&'a [u8]>)| Some((setting.name(), (*value)?));
        Ok(Self { options: options.iter().filter_map(given).collect(), section })
    }
}

impl Lookup for Settings<'_> {
    fn option(&self, name: &str) -> Option<Vec<u8>> {
        let (_, value) = self.options.iter().find(|(option, _)| *option == name)?;
        Some(value.to_vec())
    }

    fn section(&self, name: &str) -> Option<Vec<u8>> {
        let (_, value) = self.section.0.iter().rfind(|(line, _)| line == name.as_bytes())?;
        Some(value.to_vec())
    }
}

/// Reads the provider's section in the configuration that OpenSSL would read.
fn section() -> Result<Section, String> {
    openssl::start_without_configuration();
    let Some(path) = Configuration::default_path() else { return Ok(Section::default()) };
    let failed =
        |problem: &str| format!("cannot read the OpenSSL configuration {}: {problem}", path.display());
    match fs::File::open(&path) {
        Ok(_) => {}
        // OpenSSL accepts a missing file, too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Section::default()),
        Err(error) => return Err(failed(&error.to_string())),
    }
    let configuration = Configuration::load(&path).map_err(|problem| failed(&problem))?;
    Ok(section_of(&configuration).unwrap_or_default())
}

fn section_of(configuration: &Configuration) -> Option<Section> {
    let lines = configuration.section(&Configured::of(configuration).ok()?.section)?;
    // A value that is also the name of a section refers to that section, and is not a setting.
    let is_value = |value: &[u8]| configuration.section(value).is_none();
    let lines = lines.into_iter().filter(|(_, value)| is_value(value));
    Some(Section(lines.map(|(name, value)| (name, Zeroizing::new(value))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Option<Vec<(String, String)>> {
        openssl::start_without_configuration();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openssl.cnf");
        fs::write(&path, text).unwrap();
        let Section(lines) = section_of(&Configuration::load(&path).unwrap())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Some(lines.iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    #[test]
    fn the_section_is_found_as_openssl_finds_it() {
        const TOP: &str = "openssl_conf = start\n[start]\nproviders = all\n";
        let found = |rest: &str| values(&format!("{TOP}{rest}"));
        let tcti = Some(vec![("tcti".to_owned(), "swtpm:".to_owned())]);
        assert_eq!(found("[all]\ndefault = other\ntpm2 = ours\n[ours]\ntcti = swtpm:\n"), tcti);
        assert_eq!(found("[all]\n7.tpm2 = ours\n[ours]\ntcti = swtpm:\n"), tcti);
        let by_identity = found("[all]\nkeys = ours\n[ours]\nidentity = tpm2\ntcti = swtpm:\n").unwrap();
        assert_eq!(by_identity.last(), tcti.as_ref().unwrap().first());
        let by_module = found("[all]\nkeys = ours\n[ours]\nmodule = /opt/tpm2.so\ntcti = swtpm:\n").unwrap();
        assert_eq!(by_module.last(), tcti.as_ref().unwrap().first());
        // The name of a section is not a value in OpenSSL, either.
        assert_eq!(found("[all]\ntpm2 = ours\n[ours]\nsession = ours\ntcti = swtpm:\n"), tcti);
        assert_eq!(found("[all]\nother = ours\n[ours]\ntcti = swtpm:\n"), None);
        assert_eq!(values("[tpm2_sect]\ntcti = swtpm:\n"), None);
    }

    #[test]
    fn a_malformed_file_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openssl.cnf");
        fs::write(&path, "a = 1\n[b\n").unwrap();
        let Err(problem) = Configuration::load(&path) else { panic!("read") };
        assert!(problem.starts_with("line 2: "), "{problem}");
    }
}
