//! Files that libcrypto reads with the module loaded, in each way that programs use.

use crate::ffi::{Context, Key, Use, Way, watched};

/// Returns key files, references and other tools' files, each after the byte that chooses how they are read.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = crate::key_file::FILES.iter().map(|file| file.to_vec()).collect();
    files.extend(crate::reference::seeds());
    let ways = || 0..u8::try_from(Way::ALL.len()).unwrap_or(0);
    files.iter().flat_map(|file| ways().map(move |way| [&[way], &file[..]].concat())).collect()
}

/// Reads a key. If it is written again, it must be read as the same key. Operations that need a TPM fail.
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    let way = Way::ALL[usize::from(*way) % Way::ALL.len()];
    watched(|| {
        let Some(key) = Key::read(bytes, way) else { return };
        key.show();
        if let Some(pem) = key.to_pem() {
            let again = Key::read(&pem, Way::Decoder).expect("a written key is read");
            assert!(again.is_like(&key), "it is the same key");
        }
        for wanted in [Use::Sign, Use::Verify, Use::Encrypt, Use::Decrypt] {
            if let Some(context) = Context::of(&key, wanted) {
                context.run();
            }
        }
    });
}
