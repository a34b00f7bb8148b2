//! Files that libcrypto reads with the module loaded, in each way that programs do it.

use crate::ffi::{Context, Key, Use, Way, watched};

/// Key files, references, and files of others, behind the byte that says how they are read.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = crate::key_file::FILES.iter().map(|file| file.to_vec()).collect();
    files.extend(crate::reference::seeds());
    let ways = || 0..u8::try_from(Way::ALL.len()).unwrap_or(0);
    files.iter().flat_map(|file| ways().map(move |way| [&[way], &file[..]].concat())).collect()
}

/// Reads a key. What is written of it again is the same key, and what it cannot do without a TPM fails.
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    let way = Way::ALL[usize::from(*way) % Way::ALL.len()];
    watched(|| {
        let Some(key) = Key::read(bytes, way) else { return };
        key.show();
        if let Some(pem) = key.to_pem() {
            let again = Key::read(&pem, Way::Decoder).expect("what was written is read");
            assert!(again.is_like(&key), "it is the same key");
        }
        for wanted in [Use::Sign, Use::Verify, Use::Encrypt, Use::Decrypt] {
            if let Some(context) = Context::of(&key, wanted) {
                context.run();
            }
        }
    });
}
