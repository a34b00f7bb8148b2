//! The simulators that listen on a socket, without a TCTI: that of swtpm in tpm2-tss has no descriptor to wait on and knows no
//! deadline, that of Microsoft's simulator waits without one when it opens and within an answer.

mod channel;
mod mssim;
mod swtpm;

pub(super) use mssim::Mssim;
pub(super) use swtpm::Swtpm;
