//! A hint: what the user can do. What only users of OpenSSL understand is between brackets.

use std::borrow::Cow;

/// A hint.
#[derive(Debug)]
pub(super) struct Hint(pub(super) Cow<'static, str>);

impl Hint {
    /// Returns the hint without what is between brackets.
    pub(super) fn plain(&self) -> String {
        let mut parts = self.0.split('[');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(']').map_or("", |(_, after)| after))
    }

    /// Returns the whole hint, for users of OpenSSL.
    pub(super) fn openssl(&self) -> String {
        self.0.replace(['[', ']'], "")
    }
}

#[cfg(test)]
mod tests {
    use super::Hint;

    #[test]
    fn names_of_openssl_are_left_out() {
        for (hint, plain, openssl) in [
            ("use sha256", "use sha256", "use sha256"),
            ("use the same[ (rsa_mgf1_md)]", "use the same", "use the same (rsa_mgf1_md)"),
            (
                "use [rsa_pss_saltlen:]max, or[ (b)] auto",
                "use max, or auto",
                "use rsa_pss_saltlen:max, or (b) auto",
            ),
        ] {
            let hint = Hint(hint.into());
            assert_eq!((hint.plain().as_str(), hint.openssl().as_str()), (plain, openssl));
        }
    }
}
