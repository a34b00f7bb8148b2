//! The file of the PKCS#11 module, as p11-kit finds it (pkcs11.conf(5)).

use std::fs;
use std::path::Path;

/// The folders of p11-kit's module configurations: the system's, then that of packages.
const FOLDERS: [&str; 2] = ["/etc/pkcs11/modules", "/usr/share/p11-kit/modules"];
/// The configuration of this module.
const NAME: &str = "tpm2-keyfiles.module";

/// Returns the file of the module, if p11-kit knows it. A name without a path is relative to p11-kit's own folder of modules.
pub(super) fn installed() -> Option<String> {
    FOLDERS.iter().find_map(|folder| registered(Path::new(folder)))
}

fn registered(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(NAME)).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let module = lines.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == "module");
    module.map(|(_, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_read_from_the_file_of_p11_kit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(registered(folder.path()), None);
        fs::write(folder.path().join(NAME), "# a comment\nmodule: /usr/lib/x.so\ntrust-policy: no\n")
            .unwrap();
        assert_eq!(registered(folder.path()).as_deref(), Some("/usr/lib/x.so"));
    }
}
