//! TPM_CC (Part 2 §6.5.2): numbers and names of the commands.

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::fmt;

/// A command code, with any value, known or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandCode(pub u32);

macro_rules! commands {
    ($($name:ident = $value:literal, $word:literal;)*) => {
        impl CommandCode {
            $(#[doc = concat!("`TPM2_", $word, "`")] pub const $name: Self = Self($value);)*

            /// Returns the command's name without `TPM2_`, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($word),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    NV_UNDEFINE_SPACE_SPECIAL = 0x011f, "NV_UndefineSpaceSpecial";
    EVICT_CONTROL = 0x0120, "EvictControl";
    HIERARCHY_CONTROL = 0x0121, "HierarchyControl";
    NV_UNDEFINE_SPACE = 0x0122, "NV_UndefineSpace";
    CHANGE_EPS = 0x0124, "ChangeEPS";
    CHANGE_PPS = 0x0125, "ChangePPS";
    CLEAR = 0x0126, "Clear";
    CLEAR_CONTROL = 0x0127, "ClearControl";
    CLOCK_SET = 0x0128, "ClockSet";
    HIERARCHY_CHANGE_AUTH = 0x0129, "HierarchyChangeAuth";
    NV_DEFINE_SPACE = 0x012a, "NV_DefineSpace";
    PCR_ALLOCATE = 0x012b, "PCR_Allocate";
    PCR_SET_AUTH_POLICY = 0x012c, "PCR_SetAuthPolicy";
    PP_COMMANDS = 0x012d, "PP_Commands";
    SET_PRIMARY_POLICY = 0x012e, "SetPrimaryPolicy";
    FIELD_UPGRADE_START = 0x012f, "FieldUpgradeStart";
    CLOCK_RATE_ADJUST = 0x0130, "ClockRateAdjust";
    CREATE_PRIMARY = 0x0131, "CreatePrimary";
    NV_GLOBAL_WRITE_LOCK = 0x0132, "NV_GlobalWriteLock";
    GET_COMMAND_AUDIT_DIGEST = 0x0133, "GetCommandAuditDigest";
    NV_INCREMENT = 0x0134, "NV_Increment";
    NV_SET_BITS = 0x0135, "NV_SetBits";
    NV_EXTEND = 0x0136, "NV_Extend";
    NV_WRITE = 0x0137, "NV_Write";
    NV_WRITE_LOCK = 0x0138, "NV_WriteLock";
    DICTIONARY_ATTACK_LOCK_RESET = 0x0139, "DictionaryAttackLockReset";
    DICTIONARY_ATTACK_PARAMETERS = 0x013a, "DictionaryAttackParameters";
    NV_CHANGE_AUTH = 0x013b, "NV_ChangeAuth";
    PCR_EVENT = 0x013c, "PCR_Event";
    PCR_RESET = 0x013d, "PCR_Reset";
    SEQUENCE_COMPLETE = 0x013e, "SequenceComplete";
    SET_ALGORITHM_SET = 0x013f, "SetAlgorithmSet";
    SET_COMMAND_CODE_AUDIT_STATUS = 0x0140, "SetCommandCodeAuditStatus";
    FIELD_UPGRADE_DATA = 0x0141, "FieldUpgradeData";
    INCREMENTAL_SELF_TEST = 0x0142, "IncrementalSelfTest";
    SELF_TEST = 0x0143, "SelfTest";
    STARTUP = 0x0144, "Startup";
    SHUTDOWN = 0x0145, "Shutdown";
    STIR_RANDOM = 0x0146, "StirRandom";
    ACTIVATE_CREDENTIAL = 0x0147, "ActivateCredential";
    CERTIFY = 0x0148, "Certify";
    POLICY_NV = 0x0149, "PolicyNV";
    CERTIFY_CREATION = 0x014a, "CertifyCreation";
    DUPLICATE = 0x014b, "Duplicate";
    GET_TIME = 0x014c, "GetTime";
    GET_SESSION_AUDIT_DIGEST = 0x014d, "GetSessionAuditDigest";
    NV_READ = 0x014e, "NV_Read";
    NV_READ_LOCK = 0x014f, "NV_ReadLock";
    OBJECT_CHANGE_AUTH = 0x0150, "ObjectChangeAuth";
    POLICY_SECRET = 0x0151, "PolicySecret";
    REWRAP = 0x0152, "Rewrap";
    CREATE = 0x0153, "Create";
    ECDH_ZGEN = 0x0154, "ECDH_ZGen";
    HMAC = 0x0155, "HMAC";
    IMPORT = 0x0156, "Import";
    LOAD = 0x0157, "Load";
    QUOTE = 0x0158, "Quote";
    RSA_DECRYPT = 0x0159, "RSA_Decrypt";
    HMAC_START = 0x015b, "HMAC_Start";
    SEQUENCE_UPDATE = 0x015c, "SequenceUpdate";
    SIGN = 0x015d, "Sign";
    UNSEAL = 0x015e, "Unseal";
    POLICY_SIGNED = 0x0160, "PolicySigned";
    CONTEXT_LOAD = 0x0161, "ContextLoad";
    CONTEXT_SAVE = 0x0162, "ContextSave";
    ECDH_KEYGEN = 0x0163, "ECDH_KeyGen";
    ENCRYPT_DECRYPT = 0x0164, "EncryptDecrypt";
    FLUSH_CONTEXT = 0x0165, "FlushContext";
    LOAD_EXTERNAL = 0x0167, "LoadExternal";
    MAKE_CREDENTIAL = 0x0168, "MakeCredential";
    NV_READ_PUBLIC = 0x0169, "NV_ReadPublic";
    POLICY_AUTHORIZE = 0x016a, "PolicyAuthorize";
    POLICY_AUTH_VALUE = 0x016b, "PolicyAuthValue";
    POLICY_COMMAND_CODE = 0x016c, "PolicyCommandCode";
    POLICY_COUNTER_TIMER = 0x016d, "PolicyCounterTimer";
    POLICY_CP_HASH = 0x016e, "PolicyCpHash";
    POLICY_LOCALITY = 0x016f, "PolicyLocality";
    POLICY_NAME_HASH = 0x0170, "PolicyNameHash";
    POLICY_OR = 0x0171, "PolicyOR";
    POLICY_TICKET = 0x0172, "PolicyTicket";
    READ_PUBLIC = 0x0173, "ReadPublic";
    RSA_ENCRYPT = 0x0174, "RSA_Encrypt";
    START_AUTH_SESSION = 0x0176, "StartAuthSession";
    VERIFY_SIGNATURE = 0x0177, "VerifySignature";
    ECC_PARAMETERS = 0x0178, "ECC_Parameters";
    FIRMWARE_READ = 0x0179, "FirmwareRead";
    GET_CAPABILITY = 0x017a, "GetCapability";
    GET_RANDOM = 0x017b, "GetRandom";
    GET_TEST_RESULT = 0x017c, "GetTestResult";
    HASH = 0x017d, "Hash";
    PCR_READ = 0x017e, "PCR_Read";
    POLICY_PCR = 0x017f, "PolicyPCR";
    POLICY_RESTART = 0x0180, "PolicyRestart";
    READ_CLOCK = 0x0181, "ReadClock";
    PCR_EXTEND = 0x0182, "PCR_Extend";
    PCR_SET_AUTH_VALUE = 0x0183, "PCR_SetAuthValue";
    NV_CERTIFY = 0x0184, "NV_Certify";
    EVENT_SEQUENCE_COMPLETE = 0x0185, "EventSequenceComplete";
    HASH_SEQUENCE_START = 0x0186, "HashSequenceStart";
    POLICY_PHYSICAL_PRESENCE = 0x0187, "PolicyPhysicalPresence";
    POLICY_DUPLICATION_SELECT = 0x0188, "PolicyDuplicationSelect";
    POLICY_GET_DIGEST = 0x0189, "PolicyGetDigest";
    TEST_PARMS = 0x018a, "TestParms";
    COMMIT = 0x018b, "Commit";
    POLICY_PASSWORD = 0x018c, "PolicyPassword";
    ZGEN_2PHASE = 0x018d, "ZGen_2Phase";
    EC_EPHEMERAL = 0x018e, "EC_Ephemeral";
    POLICY_NV_WRITTEN = 0x018f, "PolicyNvWritten";
    POLICY_TEMPLATE = 0x0190, "PolicyTemplate";
    CREATE_LOADED = 0x0191, "CreateLoaded";
    POLICY_AUTHORIZE_NV = 0x0192, "PolicyAuthorizeNV";
    ENCRYPT_DECRYPT_2 = 0x0193, "EncryptDecrypt2";
    AC_GET_CAPABILITY = 0x0194, "AC_GetCapability";
    AC_SEND = 0x0195, "AC_Send";
    POLICY_AC_SEND_SELECT = 0x0196, "Policy_AC_SendSelect";
    CERTIFY_X509 = 0x0197, "CertifyX509";
    ACT_SET_TIMEOUT = 0x0198, "ACT_SetTimeout";
    VENDOR_TCG_TEST = 0x2000_0000, "Vendor_TCG_Test";
}

impl fmt::Display for CommandCode {
    /// Writes the name as Part 3 does: `TPM2_PolicyPCR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "TPM2_{name}"),
            None => write!(f, "command {:#x}", self.0),
        }
    }
}

impl Marshal for CommandCode {
    fn marshal(&self, w: &mut Writer) {
        w.u32(self.0);
    }
}

impl Unmarshal for CommandCode {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.u32().map(Self)
    }
}
