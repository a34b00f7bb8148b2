//! The options that make a policy: `create`, `seal` and `policy add` flatten them.

use std::path::PathBuf;

use clap::Args;
use keyfile::PcrSelection;

use super::entity::Entity;
use super::plan::Plan;
use super::signer::Approver;
use crate::error::Error;

/// The options of a policy, and the public key of the signer of later policies.
#[derive(Args, Clone, Default)]
pub(crate) struct PolicyOptions {
    #[command(flatten)]
    conditions: Conditions,

    /// Allow the use by policies that are signed later with the private half of this public key
    ///
    /// PUBKEY is an RSA or EC public key in PEM or DER, or a public area of a TPM (TPM2B_PUBLIC). The key cannot be used until `tpm2-keytool policy add` has
    /// added a signed policy to the file.
    #[arg(long, value_name = "PUBKEY", help_heading = HEADING)]
    signed_policy: Option<PathBuf>,
}

/// The conditions of one policy. All of them must hold.
#[derive(Args, Clone, Default)]
struct Conditions {
    /// A file with policy statements in hexadecimal, one per line
    ///
    /// Each line is the four-byte code of a policy command, then its body: 0000016b is PolicyAuthValue, 0000016f08 is PolicyLocality for locality 3.
    #[arg(short = 'c', long, value_name = "FILE", help_heading = HEADING)]
    key_policy: Option<PathBuf>,

    /// Lock to the current values of these PCRs: bank:list, such as sha256:1,3-5
    ///
    /// The default bank is sha256. Join several banks with +, as in sha256:0-7+sha1:16, or repeat the option. The values are read in an authenticated
    /// session. Without --salt-name an attacker who controls the bus can pose as the TPM and choose them.
    #[arg(short = 'x', long, value_name = "SPEC", help_heading = HEADING)]
    pcr_lock: Vec<PcrSelection>,

    /// Allow the use from these localities only: a bit map
    ///
    /// 1, 2, 4, 8 and 16 are the localities 0 to 4; give their sum. 32 to 255 are single extended localities. Programs of an operating system usually have
    /// locality 0.
    #[arg(long, value_name = "N", value_parser = locality, help_heading = HEADING)]
    locality: Option<u8>,

    /// Authorize with the password of another TPM object: owner, endorsement, platform, lockout, or a handle
    ///
    /// The handle of a persistent key, an NV index or a PCR, in hexadecimal. Each use of the key needs the password that the object has at that time.
    /// An attacker who controls the bus can substitute another object of this TPM; without --salt-name, any object.
    #[arg(long, value_name = "HANDLE", help_heading = HEADING)]
    secret: Option<Entity>,
}

const HEADING: &str = "Policy";

impl PolicyOptions {
    /// Reads all files and returns the requested policy, or none. `password` is true if the object has its own password.
    ///
    /// # Errors
    /// A file cannot be read or has wrong content, or the options contradict each other.
    pub(crate) fn plan(&self, password: bool) -> Result<Option<Plan>, Error> {
        let plan = self.read()?;
        if plan.is_empty() {
            return Ok(None);
        }
        plan.with_password(password).map(Some)
    }

    /// Reads all files and returns the requested policy, which may be empty.
    ///
    /// # Errors
    /// A file cannot be read or has wrong content.
    pub(crate) fn read(&self) -> Result<Plan, Error> {
        let signer = self.signed_policy.as_deref().map(Approver::read).transpose()?;
        Ok(Plan { signer, ..self.conditions.read()? })
    }

    /// Returns true if the public key of a signer of later policies is given.
    pub(crate) fn is_signed(&self) -> bool {
        self.signed_policy.is_some()
    }
}

impl Conditions {
    /// Reads the policy file and returns the requested conditions, which may be empty.
    ///
    /// # Errors
    /// The policy file cannot be read, or a line is not a statement.
    fn read(&self) -> Result<Plan, Error> {
        let lines = self.key_policy.as_deref().map(super::plan::lines).transpose()?;
        Ok(Plan {
            signer: None,
            lines: lines.unwrap_or_default(),
            pcrs: self.pcrs()?,
            locality: self.locality,
            secret: self.secret,
            password: false,
        })
    }
}

impl Conditions {
    /// Returns all banks in one selection.
    ///
    /// # Errors
    /// Two options name the same bank.
    fn pcrs(&self) -> Result<Option<PcrSelection>, Error> {
        let mut all = PcrSelection::default();
        for selection in &self.pcr_lock {
            if let Some(twice) =
                selection.banks.iter().find(|bank| all.banks.iter().any(|of| of.hash == bank.hash))
            {
                return Err(Error::request(
                    format!("-x (--pcr-lock) names the bank {} twice", twice.bank_name()),
                    format!("give all its PCRs in one option, as in -x {}:1,3-5", twice.bank_name()),
                ));
            }
            all.banks.extend(selection.banks.iter().cloned());
        }
        Ok(Some(all).filter(|all| !all.banks.is_empty()))
    }
}

/// Parses TPMA_LOCALITY (Part 2 §8.5). An empty map is refused by the TPM, too.
fn locality(text: &str) -> Result<u8, String> {
    let lower = text.to_ascii_lowercase();
    let number = match lower.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            u8::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => lower.parse().ok(),
    };
    number.filter(|&map| map != 0).ok_or_else(|| {
        "give a sum of 1, 2, 4, 8 and 16 for the localities 0 to 4, or the number of one extended locality, 32 to 255"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localities_are_a_bit_map_in_decimal_or_hexadecimal() {
        for (text, map) in [("1", 1), ("0x1f", 31), ("0XFF", 255), ("32", 32)] {
            assert_eq!(locality(text), Ok(map), "{text}");
        }
        for text in ["0", "0x", "256", "-1", "three", "0x+1", ""] {
            assert!(locality(text).is_err(), "{text}");
        }
    }
}
