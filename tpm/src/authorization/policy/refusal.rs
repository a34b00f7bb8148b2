//! Explains why the TPM refused a statement, or the use of the key after all statements had passed.

use keyfile::policy::Condition;
use keyfile::{KeyFile, Public, Signature};

use super::step::{PolicyPath, Step};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

const PCR_KEEPS_CHANGING: &str = "a PCR was extended repeatedly meanwhile";

/// Explains the failure of a statement's command.
pub(crate) fn of_statement(error: Error, step: &Step<'_>) -> Error {
    let kind = match error.kind() {
        kind @ (ErrorKind::Authorization | ErrorKind::PasswordMissing | ErrorKind::Unsupported) => kind,
        ErrorKind::Policy | ErrorKind::NoObject => ErrorKind::Policy,
        ErrorKind::Tpm | ErrorKind::Input if error.code().is_none_or(ResponseCode::is_about_a_part) => {
            ErrorKind::Policy
        }
        // The failure concerns the TPM, the connection or a lockout.
        _ => return error.on(&step.position),
    };
    let Ok(condition) = step.condition() else { return error };
    let base = error.base_code();
    let reason = match (base, condition) {
        (None, _) => error.cause().to_string(),
        (Some(ResponseCode::HANDLE), Condition::Secret(secret)) => match secret.entity() {
            Some(handle) => format!("there is nothing at {handle}, whose password is required"),
            None => condition.refusal(),
        },
        (Some(ResponseCode::VALUE | ResponseCode::POLICY | ResponseCode::SIGNATURE), condition) => {
            condition.refusal()
        }
        (Some(ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH), condition) => match error.is_remembered() {
            true => format!("{}; it was refused before, and is not sent again", condition.refusal()),
            false => condition.refusal(),
        },
        (Some(ResponseCode::PCR_CHANGED), _) => PCR_KEEPS_CHANGING.to_owned(),
        _ => "the TPM refuses it".to_owned(),
    };
    let refused = Error::statement(kind, step.failure(reason));
    let refused = match error.code() {
        Some(code) => refused.with_code(code.0),
        None => refused,
    };
    let refused = match error.advice().filter(|_| error.is_remembered()) {
        Some(advice) => refused.advise(advice.to_owned()).with_recall_of(&error),
        None => refused,
    };
    advised(refused, condition)
}

/// Explains the failure of the key's use: some statements only record conditions for it.
pub(crate) fn of_use(error: Error, path: &PolicyPath<'_>, file: &KeyFile) -> Error {
    let Some(code) = error.code() else { return error };
    let wanted: fn(&Condition) -> bool = match code.base() {
        ResponseCode::LOCALITY => |condition| matches!(condition, Condition::Locality(_)),
        ResponseCode::POLICY_CC => |condition| matches!(condition, Condition::Command(_)),
        ResponseCode::PP => |condition| matches!(condition, Condition::PhysicalPresence),
        ResponseCode::PCR_CHANGED => |condition| matches!(condition, Condition::Pcr { .. }),
        ResponseCode::POLICY_FAIL if has_other_digest(path, &file.public) => {
            return Error::new(
                ErrorKind::Policy,
                "the statements in the file do not lead to the policy of the key",
            )
            .with_code(code.0)
            .advise("the file was damaged or changed: copy it again from where the key was created");
        }
        ResponseCode::POLICY_FAIL => |condition| {
            matches!(
                condition,
                Condition::NameHash(_)
                    | Condition::CpHash(_)
                    | Condition::Template(_)
                    | Condition::NvWritten(_)
            )
        },
        _ => return error,
    };
    match path.step_with(wanted) {
        Some((step, condition)) => {
            let reason = match code.base() {
                ResponseCode::PCR_CHANGED => PCR_KEEPS_CHANGING.to_owned(),
                _ => condition.refusal(),
            };
            let refused = Error::statement(ErrorKind::Policy, step.failure(reason)).with_code(code.0);
            advised(refused, condition)
        }
        None => error.of_kind(ErrorKind::Policy),
    }
}

/// Returns true if a PCR was extended since the policy session read the PCRs.
pub(crate) fn has_pcr_changed(error: &Error) -> bool {
    error.base_code() == Some(ResponseCode::PCR_CHANGED)
}

fn has_other_digest(path: &PolicyPath<'_>, public: &Public) -> bool {
    path.digest(public.name_alg).is_ok_and(|digest| digest != public.auth_policy)
}

fn advised(error: Error, condition: &Condition) -> Error {
    match condition {
        Condition::Pcr { .. } if error.kind() == ErrorKind::Policy => error.advise(
            "boot the machine in the state that the key is bound to, or create the key again for the present state",
        ),
        Condition::Authorize(authorize) if authorize.signature == Signature::Null => {
            error.advise("add a signed policy with tpm2-keytool policy add")
        }
        Condition::Secret(_) if error.kind() == ErrorKind::PasswordMissing => {
            error.advise("give the password of that entity as the key's password")
        }
        _ => error,
    }
}
