//! Fixtures of the user stories: real TPM simulators, stock `openssl`, and what stands between them.
//!
//! This library knows none of the house's other crates, so that each of them may dev-depend on it.
//! A fixture starts its processes on free ports of 127.0.0.1, ends them by pid when it is dropped, and
//! keeps its folder with the commands to replay when the test panics.
//!
//! | file | what |
//! |---|---|
//! | `swtpm` | one TPM 2.0 simulator per test |
//! | `raw`, `layout` | TPM commands as bytes, for looking at a TPM past every stack |
//! | `proxy`, `tamper` | a man in the middle, and what he does to the bytes |
//! | `resource_manager`, `space`, `gap` | stands in for /dev/tpmrm0, by the kernel's rules |
//! | `chips` | a book of TPMs that lack something, or answer oddly |
//! | `log` | what went over a bus |
//! | `device` | stands in for /dev/tpm0 |
//! | `tabrmd` | a private tpm2-abrmd on a private D-Bus |
//! | `shell` | a folder and a clean environment; commands as one would type them |
//! | `openssl`, `tool`, `peers` | stock openssl, the key tool, the other implementations |
//! | `authority` | certificates for public keys |
//! | `tls`, `pty`, `dialog`, `c_program`, `valgrind` | servers and clients, prompts, resident programs, C, memory |
//! | `module` | where the freshly built module is |
//! | `port` | free TCP ports, proven to belong to the child that listens |
//! | `process` | children that die with us, and runs with a time limit |
//! | `scratch` | a folder per fixture, kept with replay notes when the test panics |

#![deny(unsafe_code)]
// In a fixture a panic is the failure report, as clippy.toml says for tests.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod authority;
pub mod c_program;
pub mod chips;
mod device;
mod dialog;
mod ffi;
mod gap;
pub mod layout;
pub mod log;
pub mod module;
mod mssim;
mod openssl;
pub mod peers;
pub mod port;
pub mod process;
mod proxy;
mod pty;
pub mod raw;
mod resource_manager;
mod scratch;
mod server;
mod shell;
mod space;
mod swtpm;
mod tabrmd;
pub mod tamper;
pub mod tls;
mod tool;
mod upstream;
pub mod valgrind;

pub use authority::Authority;
pub use device::TerminalDevice;
pub use dialog::Dialog;
pub use openssl::{Openssl, Order};
pub use proxy::Proxy;
pub use pty::Pty;
pub use resource_manager::{Options, Refusal, ResourceManager};
pub use scratch::Scratch;
pub use shell::Shell;
pub use space::Errno;
pub use swtpm::Swtpm;
pub use tabrmd::Tabrmd;
pub use tamper::Fate;
pub use tls::TlsServer;
pub use tool::Tool;
