//! The commands that are sent, one file per group; thin, typed, and without a thought for why they are sent.
//!
//! | file | commands |
//! |---|---|
//! | `executor` | the one executor: any command in, its answer out, verified |
//! | `object` | CreatePrimary, Create, Load, Import, ReadPublic |
//! | `context` | FlushContext, ContextSave, ContextLoad |
//! | `hash` | Hash and its sequences, with a ticket |
//! | `locality` | CreatePrimary, for what its creation data says |
//! | `nv` | NV_ReadPublic, NV_Read |
//! | `pcr` | PCR_Read, ReadClock |
//! | `policy` | PolicySecret and its like, LoadExternal, VerifySignature |
//! | `private` | Sign, RSA_Decrypt, ECDH_ZGen, Unseal: what a key does |
//! | `persist` | EvictControl |
//! | `sessions` | StartAuthSession |
//! | `attest` | ActivateCredential, Certify |
//! | `start` | Startup, SelfTest, GetTestResult |
//! | `capability` | GetCapability, TestParms |

mod attest;
mod backoff;
mod capability;
mod clock;
mod context;
mod executor;
mod hash;
mod locality;
mod nv;
mod object;
mod pcr;
mod persist;
mod policy;
mod private;
mod protect;
mod sessions;
mod start;

pub(crate) use backoff::Backoff;
pub(crate) use capability::Capability;
pub use clock::TimeInfo;
pub(crate) use context::flush;
pub(crate) use executor::{Command, Entity, Evict, Executor, Response};
pub(crate) use object::same;
pub(crate) use protect::{Guarded, Protect};
