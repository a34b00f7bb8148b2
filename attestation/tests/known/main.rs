//! Verifies what a TPM simulator has certified, and refuses what was changed.

// A panic reports a failure.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod accepted;
mod formats;
mod requests;
mod tampered;
mod vectors;
