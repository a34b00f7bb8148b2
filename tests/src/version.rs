//! The version of an installed program.
use crate::Shell;

/// Returns the version in what a command prints: the first word that begins with a digit and has a dot.
///
/// # Panics
/// If there is none.
#[must_use]
#[track_caller]
pub fn version(command: &str) -> String {
    let output = Shell::new("version").run(command);
    let text = format!("{} {}", output.out(), output.err());
    found(&text).unwrap_or_else(|| panic!("{command} prints no version: {text}")).to_owned()
}

fn found(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || "/,()-_+~:".contains(c));
    let mut words = words.map(|word| word.trim_start_matches('v'));
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn version_is_found_in_what_programs_and_packages_print() {
        for (text, version) in [
            ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17", "9.2p1"),
            ("2:3.87.1-1+deb12u1", "3.87.1"),
            ("systemd 252 (252.39-1~deb12u1)", "252.39"),
            ("node v20.20.2", "20.20.2"),
        ] {
            assert_eq!(found(text), Some(version));
        }
        assert_eq!(found("no version 1"), None);
    }
}
