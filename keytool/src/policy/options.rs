//! The options that make a policy: `create`, `seal` and `policy add` flatten them.

use std::path::PathBuf;

use clap::Args;
use keyfile::PcrSelection;

use super::entity::Entity;
use super::plan::Plan;
use super::signer::Approver;
use crate::error::Error;

/// The options of a policy, and who may sign others.
#[derive(Args, Clone, Default)]
pub(crate) struct PolicyOptions {
    #[command(flatten)]
    conditions: Conditions,

    /// Policies that the private half of this public key signs later may allow the use, too
    ///
    /// PUBKEY is an RSA or EC public key in PEM or DER, or a public area of a TPM (TPM2B_PUBLIC). Until `tpm2-keytool policy add` has put a signed policy
    /// into the file, nobody can use the key.
    #[arg(long, value_name = "PUBKEY", help_heading = HEADING)]
    signed_policy: Option<PathBuf>,
}

/// The conditions that one policy can demand; all of them must hold.
#[derive(Args, Clone, Default)]
struct Conditions {
    /// A file of policy statements, one a line in hexadecimal
    ///
    /// Four bytes of the policy command's code, then its body: 0000016b is PolicyAuthValue, 0000016f08 PolicyLocality for locality 3.
    #[arg(short = 'c', long, value_name = "FILE", help_heading = HEADING)]
    key_policy: Option<PathBuf>,

    /// Lock to the values that these PCRs have now: bank:list, such as sha256:1,3-5
    ///
    /// Without a bank it is sha256; several banks are joined by +, as in sha256:0-7+sha1:16, or given by an option each. The
    /// values are read in an authenticated session. Without --salt-name an attacker who controls the bus can pose as the TPM and choose them.
    #[arg(short = 'x', long, value_name = "SPEC", help_heading = HEADING)]
    pcr_lock: Vec<PcrSelection>,

    /// Allow the use from these localities only: a bit map
    ///
    /// 1, 2, 4, 8 and 16 stand for the localities 0 to 4 and are added up; 32 to 255 are single extended localities. Programs of an operating system
    /// mostly have locality 0.
    #[arg(long, value_name = "N", value_parser = locality, help_heading = HEADING)]
    locality: Option<u8>,

    /// The password is that of this object: owner, endorsement, platform, lockout, or a handle
    ///
    /// A persistent key, an NV index or a PCR, in hexadecimal. Whoever uses the key is asked for that object's password as it is then.
    /// An attacker who controls the bus can put another object of this TPM in its place; without --salt-name, any other.
    #[arg(long, value_name = "HANDLE", help_heading = HEADING)]
    secret: Option<Entity>,
}

const HEADING: &str = "Policy";

impl PolicyOptions {
    /// What is asked for, with every file read; `password` says whether the object has one of its own. None without a policy.
    ///
    /// # Errors
    /// A file cannot be read or is none of its kind, or the options contradict each other.
    pub(crate) fn plan(&self, password: bool) -> Result<Option<Plan>, Error> {
        let plan = self.read()?;
        if plan.is_empty() {
            return Ok(None);
        }
        plan.with_password(password).map(Some)
    }

    /// What is asked for, with every file read; it may be nothing.
    ///
    /// # Errors
    /// A file cannot be read or is none of its kind.
    pub(crate) fn read(&self) -> Result<Plan, Error> {
        let signer = self.signed_policy.as_deref().map(Approver::read).transpose()?;
        Ok(Plan { signer, ..self.conditions.read()? })
    }

    /// Whether a public key is named whose private half signs policies.
    pub(crate) fn is_signed(&self) -> bool {
        self.signed_policy.is_some()
    }
}

impl Conditions {
    /// What is asked for, with the policy file read; it may be nothing.
    ///
    /// # Errors
    /// The policy file cannot be read, or a line of it is no statement.
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
    /// All banks in one selection; a bank stands in one option only.
    fn pcrs(&self) -> Result<Option<PcrSelection>, Error> {
        let mut all = PcrSelection::default();
        for selection in &self.pcr_lock {
            if let Some(twice) =
                selection.banks.iter().find(|bank| all.banks.iter().any(|of| of.hash == bank.hash))
            {
                return Err(Error::request(
                    format!("-x (--pcr-lock) names the bank {} twice", twice.bank_name()),
                    format!("name all its PCRs at once, as in -x {}:1,3-5", twice.bank_name()),
                ));
            }
            all.banks.extend(selection.banks.iter().cloned());
        }
        Ok(Some(all).filter(|all| !all.banks.is_empty()))
    }
}

/// TPMA_LOCALITY (Part 2 §8.5); a map of none allows nobody, and the TPM refuses it.
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
    fn localities_are_a_map_in_decimal_or_hexadecimal() {
        for (text, map) in [("1", 1), ("0x1f", 31), ("0XFF", 255), ("32", 32)] {
            assert_eq!(locality(text), Ok(map), "{text}");
        }
        for text in ["0", "0x", "256", "-1", "three", "0x+1", ""] {
            assert!(locality(text).is_err(), "{text}");
        }
    }
}
