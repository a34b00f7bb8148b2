//! The TPM's response codes: TPM 2.0 Library Part 2 §6.6.3, in numerical order, each with an explanation.

use super::ResponseCode;

/// A row: number without part and layer, name, explanation.
pub(super) struct Row {
    pub(super) code: u32,
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        /// The codes of Part 2 §6.6.3, each without the part and layer that an answer may add.
        impl ResponseCode {
            $(#[doc = concat!("TPM_RC_", stringify!($name), ": ", $meaning, ".")] pub const $name: Self = Self($code);)*
        }

        pub(super) static TABLE: &[Row] =
            &[$(Row { code: $code, name: concat!("TPM_RC_", stringify!($name)), meaning: $meaning }),*];
    };
}

codes! {
    SUCCESS = 0x000, "the command succeeded";
    BAD_TAG = 0x01e, "the command's tag was not understood; a TPM 1.2 gives this answer to a TPM 2.0 command";
    // Format 1: about a parameter, handle or session of the command.
    ASYMMETRIC = 0x081, "this TPM has no such asymmetric algorithm, or it does not fit here";
    ATTRIBUTES = 0x082, "the attributes contradict each other, or do not allow this use of the object";
    HASH = 0x083, "this TPM has no such hash algorithm, or it does not fit here";
    VALUE = 0x084, "the value is out of range or does not fit here";
    HIERARCHY = 0x085, "the hierarchy is disabled, or is not the right one for this";
    KEY_SIZE = 0x087, "this TPM has no keys of this size";
    MGF = 0x088, "this TPM has no such mask generation function";
    MODE = 0x089, "this TPM has no such mode of operation";
    TYPE = 0x08a, "the object is of a type that does not fit here";
    HANDLE = 0x08b, "the handle names nothing that fits here";
    KDF = 0x08c, "this TPM has no such key derivation function, or it does not fit here";
    RANGE = 0x08d, "the value is out of the allowed range";
    AUTH_FAIL = 0x08e, "the password is wrong; the failure was counted towards the dictionary-attack lockout";
    NONCE = 0x08f, "a nonce has the wrong size or value";
    PP = 0x090, "physical presence must be asserted for this";
    SCHEME = 0x092, "this TPM has no such scheme, or the key does not allow it";
    SIZE = 0x095, "a structure has the wrong size";
    SYMMETRIC = 0x096, "this TPM has no such symmetric algorithm or key size, or it does not fit here";
    TAG = 0x097, "a structure has the wrong tag";
    SELECTOR = 0x098, "a structure has an unknown variant";
    INSUFFICIENT = 0x09a, "the command is too short for its values";
    SIGNATURE = 0x09b, "the signature is not valid";
    KEY = 0x09c, "the key cannot be used in this way";
    POLICY_FAIL = 0x09d, "the policy is not satisfied";
    INTEGRITY = 0x09f, "the integrity check failed: the data was changed, or was made for another parent or TPM";
    TICKET = 0x0a0, "the ticket is not valid";
    RESERVED_BITS = 0x0a1, "a reserved bit is set";
    BAD_AUTH = 0x0a2, "the password is wrong; the failure is not counted towards a lockout";
    EXPIRED = 0x0a3, "the policy has expired";
    POLICY_CC = 0x0a4, "the policy is for another command, or names one that this TPM does not have";
    BINDING = 0x0a5, "the public and the private part do not belong together";
    CURVE = 0x0a6, "this TPM does not have the curve";
    ECC_POINT = 0x0a7, "the point is not on the curve";
    FW_LIMITED = 0x0a8, "the hierarchy is limited to another firmware";
    SVN_LIMITED = 0x0a9, "the hierarchy is limited to firmware of another security version";
    // Format 0: about the command as a whole.
    INITIALIZE = 0x100, "the TPM was not started since its reset, or is started already";
    FAILURE = 0x101, "the TPM is in failure mode and takes no commands; only a reset of the machine may help";
    SEQUENCE = 0x103, "a sequence handle was used wrongly";
    PRIVATE = 0x10b, "not used by the specification";
    HMAC = 0x119, "not used by the specification";
    DISABLED = 0x120, "the command is disabled";
    EXCLUSIVE = 0x121, "an exclusive audit session was interrupted by another command";
    AUTH_TYPE = 0x124, "this kind of authorization does not fit the handle";
    AUTH_MISSING = 0x125, "the command needs an authorization session for a handle, and there is none";
    POLICY = 0x126, "a policy computation failed, or the policy digest is not valid";
    PCR = 0x127, "the PCR values are not the expected ones";
    PCR_CHANGED = 0x128, "a PCR was extended after the policy session looked at the PCRs";
    UPGRADE = 0x12d, "the TPM is (or, for a firmware upgrade, is not) in field upgrade mode";
    TOO_MANY_CONTEXTS = 0x12e, "the counter of saved contexts is exhausted until the next reset";
    AUTH_UNAVAILABLE = 0x12f, "neither password nor policy of this object can be used";
    REBOOT = 0x130, "the TPM works again only after a reset and a startup that clears it";
    UNBALANCED = 0x131, "the hash is too short for the symmetric key that it is to protect";
    COMMAND_SIZE = 0x142, "the size in the command's header is not the size of the command";
    COMMAND_CODE = 0x143, "this TPM does not have the command";
    AUTHSIZE = 0x144, "the authorization area has the wrong size";
    AUTH_CONTEXT = 0x145, "this command takes no authorization session";
    NV_RANGE = 0x146, "offset and size go beyond the NV index";
    NV_SIZE = 0x147, "an NV index cannot be that large";
    NV_LOCKED = 0x148, "the NV index is locked";
    NV_AUTHORIZATION = 0x149, "the NV index may not be accessed with this authorization";
    NV_UNINITIALIZED = 0x14a, "the NV index was never written, or the saved state could not be restored";
    NV_SPACE = 0x14b, "the TPM's non-volatile memory is full";
    NV_DEFINED = 0x14c, "the NV index or persistent handle is taken";
    BAD_CONTEXT = 0x150, "the saved context is not valid; it may be from before a reset";
    CPHASH = 0x151, "the policy allows another command or other parameters only";
    PARENT = 0x152, "the handle names no key that can be a parent";
    NEEDS_TEST = 0x153, "a self-test must run first";
    NO_RESULT = 0x154, "the TPM could not process the request";
    SENSITIVE = 0x155, "the decrypted private area is not valid; it is damaged, or was made for another parent";
    // Format 0 warnings: the same command may succeed later.
    CONTEXT_GAP = 0x901, "the oldest saved session is too old: another process keeps one without using it";
    OBJECT_MEMORY = 0x902, "all slots for loaded objects are in use, possibly by another process";
    SESSION_MEMORY = 0x903, "all slots for loaded sessions are in use, possibly by another process";
    MEMORY = 0x904, "the TPM is out of memory for objects and sessions";
    SESSION_HANDLES = 0x905, "all session handles are in use, possibly by sessions that another process has left";
    OBJECT_HANDLES = 0x906, "all object handles are used up until the next reset";
    LOCALITY = 0x907, "the command is not permitted from this locality";
    YIELDED = 0x908, "the TPM has suspended the command; it must be sent again";
    CANCELED = 0x909, "the command was cancelled";
    TESTING = 0x90a, "the TPM is testing itself";
    REFERENCE_H0 = 0x910, "the first handle names an object or session that is not loaded (any more)";
    REFERENCE_H1 = 0x911, "the second handle names an object or session that is not loaded (any more)";
    REFERENCE_H2 = 0x912, "the third handle names an object or session that is not loaded (any more)";
    REFERENCE_H3 = 0x913, "the fourth handle names an object or session that is not loaded (any more)";
    REFERENCE_H4 = 0x914, "the fifth handle names an object or session that is not loaded (any more)";
    REFERENCE_H5 = 0x915, "the sixth handle names an object or session that is not loaded (any more)";
    REFERENCE_H6 = 0x916, "the seventh handle names an object or session that is not loaded (any more)";
    REFERENCE_S0 = 0x918, "the first session is not loaded (any more)";
    REFERENCE_S1 = 0x919, "the second session is not loaded (any more)";
    REFERENCE_S2 = 0x91a, "the third session is not loaded (any more)";
    REFERENCE_S3 = 0x91b, "the fourth session is not loaded (any more)";
    REFERENCE_S4 = 0x91c, "the fifth session is not loaded (any more)";
    REFERENCE_S5 = 0x91d, "the sixth session is not loaded (any more)";
    REFERENCE_S6 = 0x91e, "the seventh session is not loaded (any more)";
    NV_RATE = 0x920, "the TPM limits how often its non-volatile memory is written";
    LOCKOUT = 0x921,
        "the TPM is in DA lockout mode: after too many wrong passwords it refuses objects under dictionary-attack protection for a while";
    RETRY = 0x922, "the TPM was busy and did not start the command";
    NV_UNAVAILABLE = 0x923, "the TPM's non-volatile memory is not accessible now";
    NOT_USED = 0x97f, "reserved; no TPM should answer this";
}
