//! The simulators on a socket, without a TCTI. In tpm2-tss, the TCTI for swtpm has no descriptor to wait on and no deadline, and the
//! one for Microsoft's simulator waits without a deadline when it opens and within an answer.

mod channel;
mod mssim;
mod swtpm;

pub(super) use mssim::Mssim;
pub(super) use swtpm::Swtpm;
