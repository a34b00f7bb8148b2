//! Reads files that may hold a password, up to a limit, into memory that is wiped.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::OpenOptionsExt;
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
    let size = file.metadata().map_or(0, |metadata| size_of(&metadata, longest));
    limited(file, size.max(MIN_CAPACITY), longest)
}

/// Returns the bytes of a regular file, at most `longest`. Never waits, as opening a pipe without a writer does.
///
/// # Errors
/// The file cannot be read, is longer (`FileTooLarge`), or is a folder, a pipe or a device (`InvalidInput`).
pub fn read_regular(path: &Path, longest: usize) -> Result<Zeroizing<Vec<u8>>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    limited(file, size_of(&found, longest), longest)
}

fn size_of(found: &Metadata, longest: usize) -> usize {
    usize::try_from(found.len()).unwrap_or(longest)
}

fn limited(file: File, size: usize, longest: usize) -> Result<Zeroizing<Vec<u8>>> {
    // Capacity for the whole file: a buffer that is reallocated leaves copies, and a larger one takes longer to wipe. The additional bytes
    // are for the read that finds the end.
    let room = size.min(longest).saturating_add(64);
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

    #[test]
    fn only_regular_files_are_read_where_asked() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("tpm2-regular-{}", std::process::id()));
        std::fs::write(&path, [7; 1000]).unwrap();
        let bytes = read_regular(&path, 1000).unwrap();
        assert_eq!((bytes.len(), bytes.capacity()), (1000, 1064));
        assert_eq!(read_regular(&path, 999).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::remove_file(&path).unwrap();
        for other in [folder, "/dev/zero".into()] {
            assert_eq!(read_regular(&other, 1000).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}
