//! Reads files that may hold a password, up to a limit, into memory that is wiped.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use zeroize::Zeroizing;

/// The capacity for files without a known size, such as pipes.
const MIN_CAPACITY: usize = 1 << 15;

/// Returns the file's bytes, at most `longest`.
///
/// # Errors
/// The file cannot be read, or is longer (`FileTooLarge`), possibly endless.
pub fn read(path: &Path, longest: usize) -> Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(longest));
    // Capacity for the whole file: a buffer that is reallocated leaves copies. The additional bytes are for the read that finds the
    // end.
    let room = size.max(MIN_CAPACITY).min(longest).saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    match file.take(limit).read_to_end(&mut bytes)? {
        length if length > longest => {
            Err(Error::new(ErrorKind::FileTooLarge, format!("it is longer than {longest} bytes")))
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_never_grows_and_endless_files_are_refused() {
        let path = std::env::temp_dir().join(format!("tpm2-input-{}", std::process::id()));
        for size in [0, 1, MIN_CAPACITY, MIN_CAPACITY + 1, 100_000] {
            std::fs::write(&path, vec![7; size]).unwrap();
            let bytes = read(&path, 100_000).unwrap();
            assert_eq!((bytes.len(), bytes.capacity()), (size, size.clamp(MIN_CAPACITY, 100_000) + 64));
        }
        assert_eq!(read(&path, 99_999).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read("/dev/zero".as_ref(), 1000).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(&path, 1000).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
