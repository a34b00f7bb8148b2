//! The interface to C.
//!
//! Shared promise of all callers: a program calls a function as PKCS#11 describes it. Pointers are NULL or valid for the given
//! length until the call returns; strings and structures are those of the specification. Input and output may be the same memory, so
//! this module copies its input before it writes the output.

mod argument;
mod entry;
mod guard;
mod interface;
mod output;
mod panic;
mod template;
mod unsupported;

pub(crate) use argument::MechanismArgument;
pub(crate) use output::{Area, Items, Output, Slot};
pub(crate) use template::{Answers, Template};
