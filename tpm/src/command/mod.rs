//! The commands that are sent, one file per group; thin, typed, and without a thought for why they are sent.
//!
//! | file | commands |
//! |---|---|
//! | `wire` | the one executor: any command in, its answer out, verified |
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
mod capability;
mod context;
mod hash;
mod locality;
mod nv;
mod object;
mod pcr;
mod persist;
mod policy;
mod private;
mod sessions;
mod start;
mod wire;

pub(crate) use capability::Capability;
pub(crate) use context::flush;
pub(crate) use object::same;
pub(crate) use wire::{Command, Entity, Relief, Response, Wire};
