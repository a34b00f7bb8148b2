//! Runs policies in a policy session: each statement of a key file as its command, then the use of the key.
//!
//! The policy session only authorizes. The connection's HMAC session protects the command as its second session. A policy session
//! would include the object's password in the parameter encryption key even if no statement asks for it (Part 1 §21.2); with a wrong
//! password the TPM would then sign garbage.
//!
//! Cost in commands, in addition to the use of the key itself:
//!
//! | situation | commands |
//! |---|---|
//! | first use on a connection | StartAuthSession, and one for each statement |
//! | the policy contains a password and no parent is loaded | those that load the parent: the policy session is salted, as the HMAC session is |
//! | each later use | one for each statement: a policy session is empty after it has authorized a command (Part 1 §19.7.1) |
//! | through the kernel's resource manager, or several processes share a TPM without one | as the first use, each time |
//! | PolicyAuthorize, the first time in a process | LoadExternal, VerifySignature, FlushContext; the ticket is kept |
//! | PolicySecret without a handle, the first time on a connection | GetCapability, and ReadPublic of each persistent object up to the right one; then the same for the NV indexes |
//! | the entity of a PolicySecret has moved | FlushContext of both sessions, new sessions, and the statements as the first time |
//! | a PCR was extended between two statements | PolicyRestart, and the statements again |
//! | a PCR was extended between the statements and the use | FlushContext of both sessions, new sessions as for the first use, the statements and the use again |
//! | a signed policy does not pass | its statements up to the failing one, and PolicyRestart; new sessions if a password was refused or the use of the key failed |
//! | the operation fails | FlushContext; of both sessions if a password was refused or the use of the key failed; the next use is a first use |
//!
//! | file | what |
//! |---|---|
//! | `run`, `failed_paths` | tries every path of the file until one passes |
//! | `run_path` | runs one path: its statements, then the use of the key |
//! | `step` | one statement: its position in the file and its command |
//! | `check`, `outcome` | checks what would pass now |
//! | `secret`, `ticket` | PolicySecret and PolicyAuthorize |
//! | `refusal` | explains response codes by statement |
//! | `session` | the policy session of a connection |

mod check;
mod failed_paths;
mod outcome;
mod refusal;
mod run;
mod run_path;
mod secret;
mod session;
mod step;
mod ticket;

pub(crate) use check::check;
pub use outcome::{CheckedPath, CheckedStatement, Outcome};
pub(crate) use run::Runner;
