//! All emulated chips.
use std::time::Duration;

use super::habit::{cuts_zeros, no_commands, one_bank, revision_116, slow};
use super::list::{too_many_banks, without_curves};
use super::{Chip, Rules, algorithm, room, rsa};
use crate::raw::{ENCRYPT_DECRYPT, ENCRYPT_DECRYPT_2, SHA1, SHA384, SHA512};

/// Every chip on which the core stories run.
pub const BOOK: &[Chip] = &[
    page("swtpm", "nothing", |_| Rules::default()),
    page(
        "no raw RSA",
        "refuses RSA_Decrypt with scheme NULL (TPM_RC_SCHEME), like libtpms on FIPS hosts",
        rsa::no_raw,
    ),
    page("no RSA-1024", "supports RSA keys only from 2048 bits", |_| rsa::no_size(1024)),
    page("no SHA-1", "refuses SHA-1 everywhere", |_| algorithm::no_hash(&[SHA1])),
    page("no SHA-384", "has SHA-1 and SHA-256 only", |_| algorithm::no_hash(&[SHA384, SHA512])),
    page("no raw RSA, no SHA-384", "both of the above", |tpm| {
        rsa::no_raw(tpm).and(algorithm::no_hash(&[SHA384, SHA512]))
    }),
    page("no AES-256", "supports AES only with 128 bits", |_| algorithm::no_aes_256()),
    page("no P-384", "lacks P-384 and P-521", |_| algorithm::no_long_curves()),
    page("no ECC", "has RSA keys only", |_| algorithm::no_ecc()),
    page("no EncryptDecrypt", "lacks the commands for symmetric keys", |_| {
        no_commands(&[ENCRYPT_DECRYPT, ENCRYPT_DECRYPT_2])
    }),
    Chip {
        prepare: |tpm| one_bank(tpm, SHA384),
        ..page("SHA-384 PCRs", "has PCRs in the bank sha384 only", |_| Rules::default())
    },
    page(
        "context gap 255",
        "cannot save a context when a saved session is 255 saves old; tested with a resource manager",
        |_| Rules::default(),
    ),
    page("two sessions", "holds two loaded sessions", |tpm| room::sessions(tpm, 2)),
    page("three slots", "holds three objects, including persistent ones in use", |tpm| room::objects(tpm, 3)),
    page("NV of 2 KiB", "has room for four persistent keys", |tpm| room::nv(tpm, 2048)),
    page("cut zeros", "cuts leading zeros of results; tested with session = password", |_| cuts_zeros()),
    page("revision 1.16", "has the commands of that revision", |_| revision_116()),
    page("slow", "takes 200 ms for a signature", |_| slow(Duration::from_millis(200))),
    page("odd lists", "reports more PCR banks than it lists, and lists no curves", |_| {
        too_many_banks().and(without_curves(|_| true))
    }),
];

const fn page(name: &'static str, what: &'static str, make: fn(u16) -> Rules) -> Chip {
    Chip { name, what, prepare: |_| {}, make }
}

impl Chip {
    /// Returns the chip with this name.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn named(name: &str) -> &'static Chip {
        BOOK.iter().find(|chip| chip.name == name).expect("a page of the book")
    }
}
