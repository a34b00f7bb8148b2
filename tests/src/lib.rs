//! Fixtures of the user stories: real TPM simulators, stock `openssl`, and the layers between them.
//!
//! This library depends on none of the workspace's other crates, so that each of them can dev-depend on it.
//! A fixture starts its processes on free ports of 127.0.0.1 and ends them by pid on drop. If the test panics, it keeps its folder with the
//! commands to replay.
//!
//! | file | what |
//! |---|---|
//! | `swtpm` | one TPM 2.0 simulator per test |
//! | `raw`, `layout` | TPM commands as bytes, for accessing a TPM without any library |
//! | `proxy`, `tamper` | a man in the middle, and the ways in which it changes the bytes |
//! | `resource_manager`, `space`, `gap` | a replacement for /dev/tpmrm0 that follows the kernel's rules |
//! | `chips` | a collection of TPMs that lack features or answer unusually |
//! | `pace` | the times of a chip, which a proxy adds to swtpm's |
//! | `parameters` | parses the parameters of a command |
//! | `log` | the traffic of a bus |
//! | `device` | a replacement for /dev/tpm0 |
//! | `tabrmd` | a private tpm2-abrmd on a private D-Bus |
//! | `shell` | a folder and a clean environment, and command lines as a user types them |
//! | `openssl`, `tool`, `peers` | stock openssl, the key tool, the other implementations |
//! | `authority` | certificates for public keys |
//! | `tls`, `pty`, `dialog`, `c_program`, `valgrind` | servers and clients, prompts, resident programs, C, memory |
//! | `token`, `nss` | a PKCS#11 token for programs without OpenSSL, and databases of NSS with its module |
//! | `browser`, `display`, `nginx` | Chromium and Firefox, an X server without a screen, a server with client certificates |
//! | `version` | the version of an installed program |
//! | `module` | the location of the freshly built module |
//! | `port` | free TCP ports, proven to belong to the child that listens |
//! | `process` | children that end with this process, and runs with a time limit |
//! | `scratch` | a folder per fixture, kept with replay notes if the test panics |

#![deny(unsafe_code)]
// In a fixture, a panic reports a failure, as clippy.toml says for tests.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod authority;
mod browser;
pub mod c_program;
pub mod chips;
mod device;
mod dialog;
mod display;
mod ffi;
mod gap;
pub mod layout;
pub mod log;
pub mod module;
mod mssim;
pub mod nginx;
pub mod nss;
mod openssl;
mod pace;
mod parameters;
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
pub mod token;
mod tool;
mod upstream;
pub mod valgrind;
mod version;

pub use authority::Authority;
pub use browser::{Browser, Visit};
pub use device::TerminalDevice;
pub use dialog::Dialog;
pub use display::Display;
pub use nginx::Nginx;
pub use openssl::{Openssl, Order};
pub use pace::Pace;
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
pub use token::Token;
pub use tool::Tool;
pub use version::version;
