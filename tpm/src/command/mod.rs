//! The commands: one executor, and one typed function per TPM command, grouped as in TPM 2.0 Part 3.
//!
//! This layer does not know why a command is sent, or how long a session lives. The typed functions need an implementation of
//! [`Run`], which runs commands. The executor needs an [`Area`], which authorizes them, and an [`Evict`], which frees slots.
//!
//! | file | what |
//! |---|---|
//! | `executor` | any command in, its answer out, verified; `frame`, `area`, `patience` and `trace` are its parts |
//! | `run`, `protect` | what the typed functions ask of their caller |
//! | `startup` | Startup, SelfTest, GetTestResult (§9, §10) |
//! | `session` | StartAuthSession (§11) |
//! | `object` | Create, Load, LoadExternal, ReadPublic, ActivateCredential, Unseal, ObjectChangeAuth (§12) |
//! | `duplication` | Import (§13) |
//! | `asymmetric` | RSA_Decrypt, ECDH_ZGen (§14) |
//! | `hash` | Hash and its sequences, with a ticket (§15, §17) |
//! | `attestation` | Certify (§18) |
//! | `signature` | VerifySignature, Sign (§20) |
//! | `random` | GetRandom (§16) |
//! | `integrity` | PCR_Read (§22) |
//! | `policy` | PolicySecret and its like (§23) |
//! | `hierarchy` | CreatePrimary (§24) |
//! | `context` | ContextSave, ContextLoad, FlushContext, EvictControl (§28) |
//! | `clock` | ReadClock (§29) |
//! | `capability`, `lockout` | GetCapability, TestParms (§30) |
//! | `nv` | NV_ReadPublic, NV_Read (§31) |

mod area;
pub(crate) mod asymmetric;
pub(crate) mod attestation;
pub(crate) mod capability;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod duplication;
mod executor;
mod frame;
pub(crate) mod hash;
pub(crate) mod hierarchy;
pub(crate) mod integrity;
pub(crate) mod lockout;
pub(crate) mod nv;
pub(crate) mod object;
mod patience;
pub(crate) mod policy;
mod protect;
pub(crate) mod random;
mod run;
pub(crate) mod session;
pub(crate) mod signature;
pub(crate) mod startup;
mod trace;

pub(crate) use area::Area;
pub use clock::TimeInfo;
pub(crate) use executor::{Evict, Executor};
pub(crate) use frame::{Command, Entity, Response, same};
pub use lockout::Lockout;
pub(crate) use patience::{Backoff, Patience, Waiters};
pub(crate) use protect::{By, Guarded, Protect};
pub(crate) use run::Run;
