//! The pages of the book.
use super::{Chip, rsa};

/// Every chip that the core battery runs on.
pub const BOOK: [Chip; 2] = [
    Chip {
        name: "no raw RSA",
        what: "TPM2_RSA_Decrypt with scheme NULL is refused (TPM_RC_SCHEME)",
        make: rsa::no_raw,
    },
    Chip { name: "no RSA-1024", what: "RSA keys of 2048 bits and more only", make: |_| rsa::no_size(1024) },
];

impl Chip {
    /// The page of this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn named(name: &str) -> &'static Chip {
        static PAGES: &[Chip] = &BOOK;
        PAGES.iter().find(|chip| chip.name == name).expect("a page of the book")
    }
}
