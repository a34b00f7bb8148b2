//! Reads PCRs, all at the same time.

use keyfile::{AlgId, HashAlg, PcrBank, PcrSelection};

use crate::command::integrity::some_pcrs;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// A PCR and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcrValue {
    /// The hash of its bank.
    pub bank: AlgId,
    /// Its number.
    pub pcr: usize,
    /// Its value.
    pub value: Vec<u8>,
}

/// How often the read begins again because a PCR was extended meanwhile. Linux measures files continuously.
const TRIES: usize = 16;

/// Returns the digest that PolicyPCR compares: that of the concatenated values (Part 3 §23.7).
pub(crate) fn digest(values: &[PcrValue], hash: HashAlg) -> Vec<u8> {
    let values: Vec<&[u8]> = values.iter().map(|pcr| pcr.value.as_slice()).collect();
    hash.digest(&values)
}

impl Connection {
    /// Returns the values in the order of the selection. One answer holds eight values, so several commands may be needed.
    pub(crate) fn pcr_values(&mut self, selection: &PcrSelection) -> Result<Vec<PcrValue>, Error> {
        for _ in 0..TRIES {
            if let Some(values) = self.pcr_values_of_one_moment(selection)? {
                return Ok(values);
            }
        }
        Err(Error::new(ErrorKind::Tpm, "the PCRs change faster than they can be read").advise("try again"))
    }

    /// Returns None if a PCR was extended between two commands.
    fn pcr_values_of_one_moment(&mut self, selection: &PcrSelection) -> Result<Option<Vec<PcrValue>>, Error> {
        let mut found: Vec<PcrValue> = Vec::new();
        let mut counter = None;
        loop {
            let missing = missing(selection, &found);
            let Some(first) = missing.banks.iter().find_map(|bank| Some((bank, bank.pcrs().next()?))) else {
                return Ok(Some(in_order(selection, &found)));
            };
            let some = some_pcrs(self, &missing).map_err(|error| unknown(error, &missing))?;
            if *counter.get_or_insert(some.update_counter) != some.update_counter {
                return Ok(None);
            }
            let which = some.selection.banks.iter().flat_map(|bank| bank.pcrs().map(|pcr| (bank.hash, pcr)));
            let values = which.zip(some.values).map(|((bank, pcr), value)| PcrValue { bank, pcr, value });
            let before = found.len();
            // The answer may not be authentic: values that were not requested are ignored.
            found.extend(values.filter(|value| is_among(value, &missing)));
            if found.len() == before {
                let (bank, pcr) = first;
                return Err(absent(bank, pcr));
            }
        }
    }
}

/// Returns the PCRs that are not yet read, without empty banks.
fn missing(selection: &PcrSelection, found: &[PcrValue]) -> PcrSelection {
    let bank = |bank: &PcrBank| {
        let mut bank = bank.clone();
        for PcrValue { pcr, .. } in found.iter().filter(|value| value.bank == bank.hash) {
            if let Some(byte) = bank.bitmap.get_mut(pcr / 8) {
                *byte &= !(1 << (pcr % 8));
            }
        }
        Some(bank).filter(|bank| bank.pcrs().next().is_some())
    };
    PcrSelection { banks: selection.banks.iter().filter_map(bank).collect() }
}

fn is_among(value: &PcrValue, selection: &PcrSelection) -> bool {
    let mut banks = selection.banks.iter().filter(|bank| bank.hash == value.bank);
    banks.any(|bank| bank.pcrs().any(|pcr| pcr == value.pcr))
}

fn in_order(selection: &PcrSelection, found: &[PcrValue]) -> Vec<PcrValue> {
    let wanted = selection.banks.iter().flat_map(|bank| bank.pcrs().map(|pcr| (bank.hash, pcr)));
    let value = |(bank, pcr)| found.iter().find(|value| value.bank == bank && value.pcr == pcr).cloned();
    wanted.filter_map(value).collect()
}

/// Explains the error about a PCR number that this TPM does not have.
fn unknown(error: Error, selection: &PcrSelection) -> Error {
    let last = selection.banks.iter().max_by_key(|bank| bank.bitmap.len());
    match (error.base_code(), last.and_then(|bank| Some((bank, bank.pcrs().last()?)))) {
        (Some(ResponseCode::VALUE), Some((bank, pcr))) => absent(bank, pcr),
        _ => error,
    }
}

fn absent(bank: &PcrBank, pcr: usize) -> Error {
    let text = format!("this TPM has no PCR {pcr} in a bank {}", bank.bank_name());
    Error::new(ErrorKind::Unsupported, text).advise("tpm2-keytool status lists the banks that it has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcrs_already_read_are_not_requested_again() {
        let selection: PcrSelection = "sha1:0,23+sha256:9".parse().unwrap();
        let value = |bank: HashAlg, pcr| PcrValue { bank: bank.id(), pcr, value: vec![1] };
        let mut found = vec![value(HashAlg::Sha256, 9), value(HashAlg::Sha1, 23)];
        assert_eq!(missing(&selection, &found).to_string(), "sha1:0");
        found.push(value(HashAlg::Sha1, 0));
        assert_eq!(missing(&selection, &found).banks, []);
        let order: Vec<usize> = in_order(&selection, &found).iter().map(|value| value.pcr).collect();
        assert_eq!(order, [0, 23, 9]);
    }
}
