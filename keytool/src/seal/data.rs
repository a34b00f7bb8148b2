//! Reads the data to seal from stdin, without a buffer that would keep a copy.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;

use tpm::template::MAX_SEALED;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::terminal;

/// Reads all data from stdin.
///
/// # Errors
/// There is no data, or more than a TPM can seal.
pub(crate) fn read() -> Result<Zeroizing<Vec<u8>>, Error> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        terminal::notice("type the data to seal, then press Ctrl-D at the beginning of a line");
    }
    let file = stdin.as_fd().try_clone_to_owned().map(File::from);
    take(file.map_err(|source| Error::read("stdin".as_ref(), source))?)
}

fn take(mut from: impl Read) -> Result<Zeroizing<Vec<u8>>, Error> {
    // The buffer has room for all data, because a growing buffer leaves copies behind.
    let mut data = Zeroizing::new(vec![0; MAX_SEALED + 1]);
    let mut length = 0;
    while let Some(room) = data.get_mut(length..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::read("stdin".as_ref(), source)),
        }
    }
    match length {
        0 => Err(Error::request("there is no data on stdin", "pipe the data to seal into this command")),
        _ if length > MAX_SEALED => Err(Error::request(
            format!("a TPM can seal {MAX_SEALED} bytes, but stdin has more"),
            "encrypt the data with a key (openssl rand 32), and seal the key",
        )),
        _ => {
            data.truncate(length);
            Ok(data)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_completely_or_refused() {
        for length in [1, 127, 128] {
            assert_eq!(*take(&vec![7; length][..]).unwrap(), vec![7; length]);
        }
        for length in [0, 129, 4096] {
            assert!(take(&vec![7; length][..]).is_err(), "{length}");
        }
    }
}
