//! Calls of C functions that have no safe Rust equivalent.
#![allow(unsafe_code)]

pub(crate) mod configuration;
pub(crate) mod environment;
pub(crate) mod memory;
pub(crate) mod openssl;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod signals;
pub(crate) mod user;
pub(crate) mod x509;
