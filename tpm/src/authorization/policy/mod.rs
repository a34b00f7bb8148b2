//! Policies, run in a policy session: each statement of a key file as the command that it is, and then the use of the key.
//!
//! The policy session only authorizes; the connection's HMAC session protects, as the second session of the command. On a policy
//! session the key of parameter encryption would hold the object's password even if no statement asks for it (Part 1 §21.2), and a
//! wrong idea of it turns into a signature of garbage.
//!
//! What it costs, in commands, beside the use of the key itself:
//!
//! | what | commands |
//! |---|---|
//! | the first use on a connection | StartAuthSession, and one for each statement |
//! | a password in it, and no parent loaded | what it costs to load the parent: the policy session is salted then, as the other is |
//! | each later use | one for each statement: a policy session that has authorized a command is empty again (Part 1 §19.7.1) |
//! | behind a resource manager of the kernel's kind, and where several processes share a TPM without one | as the first, each time |
//! | a PolicyAuthorize, the first time in a process | LoadExternal, VerifySignature, FlushContext; the ticket is kept |
//! | a PolicySecret without a handle, the first time on a connection | GetCapability, and ReadPublic of each persistent object up to the right one; then the same of the NV indexes |
//! | its entity is not there any more | FlushContext of both sessions, the sessions anew, and the statements as the first time |
//! | a PCR that was extended between two statements | PolicyRestart, and the statements again |
//! | a PCR that was extended between statement and use | FlushContext of both sessions, the sessions anew as at the first use, the statements and the use again |
//! | a signed policy that does not pass | its statements up to the one that fails, and PolicyRestart; where a password was refused or the use of the key failed, the sessions anew |
//! | a failure in the end | FlushContext; of both sessions where a password was refused or the use of the key failed, and the next use is a first one |
//!
//! | file | what |
//! |---|---|
//! | `run`, `failed` | every path that the file knows, and the first that passes |
//! | `path` | one of them: its statements, and then the use of the key |
//! | `step` | one statement: its place in the file, its command |
//! | `check`, `outcome` | whether it would pass now |
//! | `secret`, `ticket` | what PolicySecret and PolicyAuthorize need beside |
//! | `refusal` | what a response code means for which statement |
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
