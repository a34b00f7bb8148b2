//! TPM commands as bytes, to access a TPM without any library. Layouts: TPM 2.0 Library, Part 1 §16 and Part 3.
use std::io::{self, Read};

use crate::layout::{command_handles, returns_handle};

/// TPM2_Startup (all command codes here: TPM 2.0 Library, Part 2 §6.5.2).
pub const STARTUP: u32 = 0x144;
/// TPM2_Shutdown.
pub const SHUTDOWN: u32 = 0x145;
/// TPM2_GetRandom.
pub const GET_RANDOM: u32 = 0x17B;
/// TPM2_GetCapability.
pub const GET_CAPABILITY: u32 = 0x17A;
/// TPM2_CreatePrimary.
pub const CREATE_PRIMARY: u32 = 0x131;
/// TPM2_Create.
pub const CREATE: u32 = 0x153;
/// TPM2_Load.
pub const LOAD: u32 = 0x157;
/// TPM2_LoadExternal.
pub const LOAD_EXTERNAL: u32 = 0x167;
/// TPM2_ReadPublic.
pub const READ_PUBLIC: u32 = 0x173;
/// TPM2_Import.
pub const IMPORT: u32 = 0x156;
/// TPM2_Unseal.
pub const UNSEAL: u32 = 0x15E;
/// TPM2_Sign.
pub const SIGN: u32 = 0x15D;
/// TPM2_RSA_Decrypt.
pub const RSA_DECRYPT: u32 = 0x159;
/// TPM2_ECDH_ZGen.
pub const ECDH_ZGEN: u32 = 0x154;
/// TPM2_EvictControl.
pub const EVICT_CONTROL: u32 = 0x120;
/// TPM2_FlushContext.
pub const FLUSH_CONTEXT: u32 = 0x165;
/// TPM2_ContextSave.
pub const CONTEXT_SAVE: u32 = 0x162;
/// TPM2_ContextLoad.
pub const CONTEXT_LOAD: u32 = 0x161;
/// TPM2_StartAuthSession.
pub const START_AUTH_SESSION: u32 = 0x176;
/// TPM2_HierarchyChangeAuth.
pub const HIERARCHY_CHANGE_AUTH: u32 = 0x129;
/// TPM2_ObjectChangeAuth.
pub const OBJECT_CHANGE_AUTH: u32 = 0x150;
/// TPM2_DictionaryAttackParameters.
pub const DICTIONARY_ATTACK_PARAMETERS: u32 = 0x13A;
/// TPM2_DictionaryAttackLockReset.
pub const DICTIONARY_ATTACK_LOCK_RESET: u32 = 0x139;
/// TPM2_PCR_Read.
pub const PCR_READ: u32 = 0x17E;
/// TPM2_PCR_Extend.
pub const PCR_EXTEND: u32 = 0x182;
/// TPM2_HashSequenceStart.
pub const HASH_SEQUENCE_START: u32 = 0x186;
/// TPM2_HMAC_Start.
pub const HMAC_START: u32 = 0x15B;
/// TPM2_CreateLoaded.
pub const CREATE_LOADED: u32 = 0x191;
/// TPM2_NV_DefineSpace.
pub const NV_DEFINE_SPACE: u32 = 0x12A;
/// TPM2_NV_Write.
pub const NV_WRITE: u32 = 0x137;
/// TPM2_NV_Read.
pub const NV_READ: u32 = 0x14E;
/// TPM2_NV_ReadPublic.
pub const NV_READ_PUBLIC: u32 = 0x169;

/// TPM2_PCR_Allocate.
pub const PCR_ALLOCATE: u32 = 0x12B;
/// TPM2_GetTestResult.
pub const GET_TEST_RESULT: u32 = 0x17C;
/// TPM2_HMAC.
pub const HMAC: u32 = 0x155;
/// TPM2_Hash.
pub const HASH: u32 = 0x17D;
/// TPM2_EncryptDecrypt.
pub const ENCRYPT_DECRYPT: u32 = 0x164;
/// TPM2_EncryptDecrypt2.
pub const ENCRYPT_DECRYPT_2: u32 = 0x193;
/// TPM2_TestParms.
pub const TEST_PARMS: u32 = 0x18A;

/// TPM_ALG_RSA (all algorithms here: Part 2 §6.3).
pub const RSA: u16 = 0x0001;
/// TPM_ALG_SHA1.
pub const SHA1: u16 = 0x0004;
/// TPM_ALG_AES.
pub const AES: u16 = 0x0006;
/// TPM_ALG_SHA256.
pub const SHA256: u16 = 0x000B;
/// TPM_ALG_SHA384.
pub const SHA384: u16 = 0x000C;
/// TPM_ALG_SHA512.
pub const SHA512: u16 = 0x000D;
/// TPM_ALG_NULL.
pub const ALG_NULL: u16 = 0x0010;
/// TPM_ALG_RSAES.
pub const RSAES: u16 = 0x0015;
/// TPM_ALG_OAEP.
pub const OAEP: u16 = 0x0017;
/// TPM_ALG_ECC.
pub const ECC: u16 = 0x0023;

/// TPM_RC_SCHEME: the TPM lacks the scheme (all response codes here: Part 2 §6.6).
pub const SCHEME: u32 = 0x092;
/// TPM_RC_VALUE.
pub const VALUE: u32 = 0x084;
/// TPM_RC_HASH: the TPM lacks the hash.
pub const NO_HASH: u32 = 0x083;
/// TPM_RC_CURVE: the TPM lacks the curve.
pub const CURVE: u32 = 0x0A6;
/// TPM_RC_TYPE: the TPM lacks this kind of key.
pub const TYPE: u32 = 0x08A;
/// TPM_RC_KEY_SIZE: the TPM lacks keys of this size.
pub const KEY_SIZE: u32 = 0x087;
/// TPM_RC_SYMMETRIC: the TPM lacks the cipher.
pub const SYMMETRIC: u32 = 0x096;
/// TPM_RC_COMMAND_CODE: the TPM lacks the command.
pub const NO_COMMAND: u32 = 0x143;
/// TPM_RC_NV_SPACE: NV memory is full.
pub const NV_SPACE: u32 = 0x14B;

/// TPM_RC_RETRY: the TPM did nothing; the command must be sent again.
pub const RETRY: u32 = 0x922;

/// TPM_RC_CONTEXT_GAP: a saved session is too far behind.
pub const CONTEXT_GAP: u32 = 0x901;

/// TPM_RC_OBJECT_MEMORY: no free object slot.
pub const OBJECT_MEMORY: u32 = 0x902;
/// TPM_RC_SESSION_MEMORY: no free session slot.
pub const SESSION_MEMORY: u32 = 0x903;

/// TPM_RH_OWNER.
pub const OWNER: u32 = 0x4000_0001;
/// TPM_RH_NULL.
pub const NULL: u32 = 0x4000_0007;
/// TPM_RH_LOCKOUT.
pub const LOCKOUT: u32 = 0x4000_000A;
/// TPM_RH_PLATFORM.
pub const PLATFORM: u32 = 0x4000_000C;
/// TPM_RH_ENDORSEMENT.
pub const ENDORSEMENT: u32 = 0x4000_000B;

/// Attributes of the TCG storage template, without dictionary-attack protection.
pub const STORAGE: u32 = 0x0003_0472;
/// The same without noDA: wrong passwords count.
pub const DA_PROTECTED: u32 = 0x0003_0072;

/// Builds a command with password authorizations (if `auths` is empty, without an authorization area).
///
/// # Panics
/// If a part is longer than its length field allows.
#[must_use]
pub fn command(code: u32, handles: &[u32], auths: &[&[u8]], parameters: &[u8]) -> Vec<u8> {
    let mut body: Vec<u8> = handles.iter().flat_map(|h| h.to_be_bytes()).collect();
    if !auths.is_empty() {
        // TPM_RS_PW, no nonce, no attributes, the password itself (Part 1 §19.4).
        let area: Vec<u8> =
            auths.iter().flat_map(|auth| [&[0x40, 0, 0, 9, 0, 0, 0][..], &sized(auth)].concat()).collect();
        body.extend(u32::try_from(area.len()).expect("a short area").to_be_bytes());
        body.extend(area);
    }
    body.extend(parameters);
    let tag: u16 = if auths.is_empty() { 0x8001 } else { 0x8002 };
    let size = u32::try_from(body.len() + 10).expect("a short command");
    [&tag.to_be_bytes()[..], &size.to_be_bytes(), &code.to_be_bytes(), &body].concat()
}

/// Returns a TPM2B: two bytes of length, then the bytes.
///
/// # Panics
/// If there are more than 65,535 bytes.
#[must_use]
pub fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("a short buffer").to_be_bytes()[..], bytes].concat()
}

/// Returns the four bytes at `at` as a number; 0 beyond the end.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |o| u32::from_be_bytes(o.try_into().expect("four bytes")))
}

/// Returns the command code of a command, or the response code of a response.
#[must_use]
pub fn code(message: &[u8]) -> u32 {
    u32_at(message, 6)
}

/// Returns the parameters of a command, which follow its handles and authorizations.
#[must_use]
pub fn command_parameters(command: &[u8]) -> &[u8] {
    let mut at = 10 + 4 * command_handles(code(command));
    if command.starts_with(&[0x80, 0x02]) {
        at += 4 + usize::try_from(u32_at(command, at)).expect("a size");
    }
    command.get(at..).unwrap_or_default()
}

/// Returns a response without parameters.
#[must_use]
pub fn answer(code: u32) -> Vec<u8> {
    [&[0x80, 0x01, 0, 0, 0, 10][..], &code.to_be_bytes()].concat()
}

/// Reads one whole command or response from a stream.
///
/// # Errors
/// The stream's error; UnexpectedEof if it ends before or within the message.
pub fn read_message(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 10];
    stream.read_exact(&mut message)?;
    let size = usize::try_from(u32_at(&message, 2)).unwrap_or(0);
    if !(10..=65_536).contains(&size) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message of {size} bytes")));
    }
    message.resize(size, 0);
    stream.read_exact(&mut message[10..])?;
    Ok(message)
}

/// A response, and the code of its command.
pub struct Response {
    command: u32,
    bytes: Vec<u8>,
}

impl Response {
    /// Returns the response code; 0 is success.
    #[must_use]
    pub fn code(&self) -> u32 {
        code(&self.bytes)
    }

    /// Returns the handle before the parameters.
    ///
    /// # Panics
    /// If the command failed, or if its response has no handle.
    #[must_use]
    #[track_caller]
    pub fn handle(&self) -> u32 {
        self.check();
        assert!(returns_handle(self.command), "command {:#x} gives no handle", self.command);
        u32_at(&self.bytes, 10)
    }

    /// Returns the parameters, without handle and sessions.
    ///
    /// # Panics
    /// If the command failed.
    #[track_caller]
    pub fn ok(&self) -> Vec<u8> {
        self.check();
        let start = if returns_handle(self.command) { 14 } else { 10 };
        if self.bytes.starts_with(&[0x80, 0x02]) {
            let size = usize::try_from(u32_at(&self.bytes, start)).expect("a short response");
            self.bytes[start + 4..start + 4 + size].to_vec()
        } else {
            self.bytes[start..].to_vec()
        }
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.code(), 0, "command {:#x} was answered {:#x}", self.command, self.code());
    }
}

/// Anything that answers TPM commands, with methods for the most frequent commands of tests.
pub trait Tpm {
    /// Sends one command and returns the response.
    fn transact(&self, command: &[u8]) -> Vec<u8>;

    /// Sends a command with password authorizations, and repeats it if the TPM answers TPM_RC_RETRY. libtpms does so at the first use of a
    /// key with dictionary-attack protection.
    fn raw(&self, command: u32, handles: &[u32], auths: &[&[u8]], parameters: &[u8]) -> Response {
        let bytes = self::command(command, handles, auths, parameters);
        let answers = std::iter::repeat_with(|| Response { command, bytes: self.transact(&bytes) });
        answers.take(10).find(|r| r.code() != RETRY).expect("an answer other than TPM_RC_RETRY")
    }

    /// Returns the handles in use from `first` on (TPM_CAP_HANDLES, Part 3 §30.2).
    fn handles(&self, first: u32) -> Vec<u32> {
        let list = self.capability(1, first);
        list[4..].chunks_exact(4).map(|handle| u32_at(handle, 0)).collect()
    }

    /// Returns the handles of loaded objects.
    fn transient(&self) -> Vec<u32> {
        self.handles(0x8000_0000)
    }

    /// Returns the sessions that occupy a slot (TPM_HT_LOADED_SESSION).
    fn loaded_sessions(&self) -> Vec<u32> {
        self.handles(0x0200_0000)
    }

    /// Returns the sessions whose context was saved (TPM_HT_SAVED_SESSION).
    fn saved_sessions(&self) -> Vec<u32> {
        self.handles(0x0300_0000)
    }

    /// Returns the handles of persistent objects.
    fn persistent(&self) -> Vec<u32> {
        self.handles(0x8100_0000)
    }

    /// Asserts that no object or session is loaded or saved: a well-behaved client leaves nothing behind.
    #[track_caller]
    fn assert_empty(&self) {
        let left = (self.transient(), self.loaded_sessions(), self.saved_sessions());
        assert_eq!(
            left,
            (vec![], vec![], vec![]),
            "left in the TPM: objects, loaded sessions, saved sessions"
        );
    }

    /// Returns a TPM property (TPM_CAP_TPM_PROPERTIES); 0 if the TPM lacks it.
    fn property(&self, tag: u32) -> u32 {
        let list = self.capability(6, tag);
        if u32_at(&list, 4) == tag { u32_at(&list, 8) } else { 0 }
    }

    /// Returns TPM_PT_LOCKOUT_COUNTER: the wrong passwords that have not been forgiven.
    fn failures(&self) -> u32 {
        self.property(0x20E)
    }

    /// Returns TPM_PT_MAX_AUTH_FAIL.
    fn max_failures(&self) -> u32 {
        self.property(0x20F)
    }

    /// Sends TPM2_DictionaryAttackParameters with an empty lockout password: lockout after `failures` wrong passwords; one is forgiven
    /// after `recovery` seconds.
    #[track_caller]
    fn set_dictionary_attack(&self, failures: u32, recovery: u32) {
        let parameters = [failures, recovery, recovery].map(u32::to_be_bytes).concat();
        self.raw(DICTIONARY_ATTACK_PARAMETERS, &[LOCKOUT], &[b""], &parameters).ok();
    }

    /// Changes the password of a hierarchy.
    #[track_caller]
    fn set_hierarchy_auth(&self, hierarchy: u32, old: &[u8], new: &[u8]) {
        self.raw(HIERARCHY_CHANGE_AUTH, &[hierarchy], &[old], &sized(new)).ok();
    }

    /// Creates a P-256 storage primary key of the owner hierarchy with the TCG template (EK credential profile, H-2).
    #[track_caller]
    fn create_primary(&self) -> u32 {
        self.create_primary_with(b"", STORAGE)
    }

    /// Creates the same with a password and other attributes.
    #[track_caller]
    fn create_primary_with(&self, auth: &[u8], attributes: u32) -> u32 {
        self.raw(CREATE_PRIMARY, &[OWNER], &[b""], &primary_parameters(auth, attributes)).handle()
    }

    /// Creates another storage key with the same template: its unique field differs, and so does the private key.
    #[track_caller]
    fn create_other_primary(&self, auth: &[u8]) -> u32 {
        let parameters = primary_parameters_with(auth, STORAGE, &[1; 32]);
        self.raw(CREATE_PRIMARY, &[OWNER], &[b""], &parameters).handle()
    }

    /// Makes an object persistent. The owner must have no password.
    #[track_caller]
    fn persist(&self, object: u32, persistent: u32) {
        self.raw(EVICT_CONTROL, &[OWNER, object], &[b""], &persistent.to_be_bytes()).ok();
    }

    /// Flushes an object or session.
    #[track_caller]
    fn flush(&self, handle: u32) {
        self.raw(FLUSH_CONTEXT, &[], &[], &handle.to_be_bytes()).ok();
    }

    /// Flushes every object and session that was left behind.
    #[track_caller]
    fn clear(&self) {
        for handle in [self.transient(), self.loaded_sessions(), self.saved_sessions()].concat() {
            self.flush(handle);
        }
    }

    /// Starts an unbound, unsalted HMAC session (SHA-256, no parameter encryption).
    #[track_caller]
    fn start_session(&self) -> u32 {
        self.raw(START_AUTH_SESSION, &[NULL, NULL], &[], &session_parameters()).handle()
    }

    /// Returns a TPML or TPMS list, which follows the capability's tag.
    #[track_caller]
    fn capability(&self, capability: u32, property: u32) -> Vec<u8> {
        let parameters = [capability, property, 254].map(u32::to_be_bytes).concat();
        self.raw(GET_CAPABILITY, &[], &[], &parameters).ok()[5..].to_vec()
    }
}

/// Returns the parameters of TPM2_CreatePrimary for a P-256 storage key.
#[must_use]
pub fn primary_parameters(auth: &[u8], attributes: u32) -> Vec<u8> {
    primary_parameters_with(auth, attributes, &[])
}

/// Returns the same with both coordinates of the unique field.
fn primary_parameters_with(auth: &[u8], attributes: u32, unique: &[u8]) -> Vec<u8> {
    let sensitive = [sized(auth), sized(b"")].concat();
    let public = [
        &[0x00, 0x23, 0x00, 0x0B][..],
        &attributes.to_be_bytes(),
        // no policy; AES-128-CFB; scheme NULL; P-256; KDF NULL
        &[0, 0, 0, 0x06, 0, 0x80, 0, 0x43, 0, 0x10, 0, 3, 0, 0x10],
        &sized(unique),
        &sized(unique),
    ]
    .concat();
    [sized(&sensitive), sized(&public), sized(b""), vec![0; 4]].concat()
}

/// Returns the parameters of TPM2_StartAuthSession: a nonce of 16 bytes, no salt, HMAC, symmetric NULL, SHA-256.
#[must_use]
pub fn session_parameters() -> Vec<u8> {
    [sized(&[7; 16]), sized(b""), vec![0, 0, 0x10, 0, 0x0B]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_layout_matches_part_1() {
        assert_eq!(command(GET_RANDOM, &[], &[], &[0, 8]), [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7B, 0, 8]);
        let with_password = command(HIERARCHY_CHANGE_AUTH, &[OWNER], &[b"a"], &sized(b"b"));
        let expected = "8002 0000001f 00000129 40000001 0000000a 40000009 0000 00 0001 61 0001 62";
        assert_eq!(hex::encode(with_password), expected.replace(' ', ""));
    }
}
