//! NV indexes are read whole, with each authorization, in a session.

use keyfile::{Handle, NvAttributes};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};
use tpm::{Auth, ErrorKind, NvReader};

use crate::kit;

pub(crate) const INDEX: u32 = 0x01c0_0002;
/// ownerwrite | authwrite | ownerread | authread, the defaults of tpm2_nvdefine.
pub(crate) const USUAL: u32 = 0x0006_0006;

/// Defines an index and writes `size` bytes into it, 512 at a time.
pub(crate) fn index(swtpm: &Swtpm, attributes: u32, password: &[u8], size: u16) -> Vec<u8> {
    let mut public = [INDEX.to_be_bytes(), [0, 0x0b, 0, 0]].concat();
    public.splice(6.., attributes.to_be_bytes());
    public.extend([0, 0]);
    public.extend(size.to_be_bytes());
    let parameters = [raw::sized(password), raw::sized(&public)].concat();
    swtpm.raw(raw::NV_DEFINE_SPACE, &[raw::OWNER], &[b""], &parameters).ok();
    let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
    for (at, part) in bytes.chunks(512).enumerate() {
        let offset = u16::try_from(at * 512).unwrap().to_be_bytes();
        let parameters = [raw::sized(part), offset.to_vec()].concat();
        swtpm.raw(raw::NV_WRITE, &[raw::OWNER, INDEX], &[b""], &parameters).ok();
    }
    bytes
}

#[test]
fn an_index_larger_than_one_command_is_read_whole() {
    for size in [1, 512, 513, 2000] {
        let swtpm = Swtpm::start();
        let bytes = index(&swtpm, USUAL, b"", size);
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        let (public, _) = tpm.nv_public(Handle(INDEX)).unwrap();
        assert_eq!(public.size, size);
        for reader in [NvReader::Owner(None), NvReader::Index(None)] {
            // The contents may be secret.
            let read: zeroize::Zeroizing<Vec<u8>> = tpm.nv_read(&public, &reader).unwrap();
            assert_eq!(*read, bytes);
        }
        // NV_ReadPublic twice, CreatePrimary, StartAuthSession, the lockout counters; the buffer size is read only if it matters.
        let (asks, reads) = if size > 512 { (1, usize::from(size).div_ceil(1024)) } else { (0, 1) };
        assert_eq!(kit::commands(&proxy), 5 + 2 * (asks + reads), "{size}: {}", proxy.log().text());
        let start = bytes.get(..100);
        assert!(
            start.is_none_or(|start| !proxy.log().contains(start)),
            "what it holds crosses the bus encrypted"
        );
        tpm.close();
        swtpm.assert_empty();
    }
}

#[test]
fn an_index_is_read_with_its_password_or_the_owners() {
    let swtpm = Swtpm::start();
    let bytes = index(&swtpm, USUAL, b"index", 9);
    swtpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let (public, _) = tpm.nv_public(Handle(INDEX)).unwrap();
    assert!(!public.attributes.contains(NvAttributes::NO_DA));
    for reader in [NvReader::Index(Some(Auth::new("index"))), NvReader::Owner(Some(Auth::new("owner")))] {
        assert_eq!(*tpm.nv_read(&public, &reader).unwrap(), bytes);
    }
    for reader in [NvReader::Owner(None), NvReader::Owner(Some(Auth::new("index"))), NvReader::Index(None)] {
        let error = tpm.nv_read(&public, &reader).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    }
    assert!(!proxy.log().contains(b"index") && !proxy.log().contains(b"owner"));
    assert_eq!(
        swtpm.failures(),
        1,
        "the index is under protection, the owner is not, and nothing is tried twice"
    );
    swtpm.set_dictionary_attack(2, 1000);
    for (auth, kind) in [(Some("other"), ErrorKind::Lockout), (None, ErrorKind::Authorization)] {
        let error = tpm.nv_read(&public, &NvReader::Index(auth.map(Auth::new))).err().unwrap();
        assert_eq!((error.kind(), error.is_remembered()), (kind, auth.is_none()), "{error}");
    }
    assert_eq!(swtpm.failures(), 1, "not tried");
    tpm.nv_read(&public, &NvReader::Index(Some(Auth::new("index")))).unwrap();
    let error = tpm.nv_read(&public, &NvReader::Platform(None)).err().unwrap();
    assert!(error.to_string().contains("0x01c00002"), "{error}");
}

#[test]
fn a_missing_or_unwritten_index_is_reported() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let error = tpm.nv_public(Handle(INDEX)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NoObject, "{error}");
    index(&swtpm, USUAL, b"", 0);
    let (public, _) = tpm.nv_public(Handle(INDEX)).unwrap();
    let error = tpm.nv_read(&public, &NvReader::Owner(None)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotWritten, "{error}");
}

#[test]
fn an_answer_about_another_index_is_refused() {
    let swtpm = Swtpm::start();
    index(&swtpm, USUAL, b"", 9);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let asked = Handle(INDEX + 1);
    proxy.on_command(|command| {
        if raw::code(command) == raw::NV_READ_PUBLIC {
            command[10..14].copy_from_slice(&INDEX.to_be_bytes());
        }
        tests::Fate::Pass
    });
    for error in [tpm.nv_public(asked).unwrap_err(), tpm.nv_public_before_read(asked).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    }
}
