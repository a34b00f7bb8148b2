//! A test compiles every line of `dispatch.rs` and `upcalls.rs` against the installed `openssl/core_dispatch.h`: the C text comes from
//! the lines themselves, so the two cannot drift apart.

use std::ffi::{c_char, c_int, c_void};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::dispatch::SLOTS;
use super::sys::{
    OSSL_ALGORITHM, OSSL_CALLBACK, OSSL_CORE_BIO, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_ITEM, OSSL_PARAM,
    OSSL_PASSPHRASE_CALLBACK, VaList,
};
use super::upcalls::UPCALLS;

/// One line as C sees it.
pub(super) struct Slot {
    pub(super) function: &'static str,
    pub(super) id: &'static str,
    pub(super) number: c_int,
    pub(super) result: &'static str,
    pub(super) arguments: &'static [&'static str],
}

/// The C spelling of a Rust type in a line.
pub(super) trait CType {
    const NAME: &'static str;
}

macro_rules! c_types {
    ($($rust:ty = $c:literal;)*) => { $( impl CType for $rust { const NAME: &'static str = $c; } )* };
}

c_types! {
    () = "void";
    c_int = "int";
    u32 = "uint32_t";
    usize = "size_t";
    *mut usize = "size_t *";
    *mut c_int = "int *";
    *mut u8 = "unsigned char *";
    *const u8 = "const unsigned char *";
    *mut c_char = "char *";
    *const c_char = "const char *";
    *mut c_void = "void *";
    *const c_void = "const void *";
    *mut OSSL_PARAM = "OSSL_PARAM *";
    *const OSSL_PARAM = "const OSSL_PARAM *";
    *const OSSL_ITEM = "const OSSL_ITEM *";
    *const OSSL_ALGORITHM = "const OSSL_ALGORITHM *";
    *const OSSL_CORE_HANDLE = "const OSSL_CORE_HANDLE *";
    *mut OSSL_CORE_BIO = "OSSL_CORE_BIO *";
    OSSL_CALLBACK = "OSSL_CALLBACK *";
    OSSL_PASSPHRASE_CALLBACK = "OSSL_PASSPHRASE_CALLBACK *";
    VaList = "va_list";
}

/// The result type of a line, which may be missing.
macro_rules! c_result {
    () => {
        ()
    };
    ($result:ty) => {
        $result
    };
}
pub(super) use c_result;

#[test]
fn every_line_compiles_against_core_dispatch_h() {
    let source = c_source();
    assert!(SLOTS.len() > 60 && UPCALLS.len() > 5, "the tables were read");
    if let Err(messages) = compile(&source) {
        panic!("{messages}\n{source}");
    }
}

#[test]
fn a_wrong_line_does_not_compile() {
    let narrow = c_source().replace("size_t", "unsigned int");
    assert!(compile(&narrow).is_err(), "a 32-bit length must be noticed");
    let shifted = c_source().replace("== 1024", "== 1025");
    assert!(compile(&shifted).is_err(), "a wrong number must be noticed");
}

fn c_source() -> String {
    let mut source =
        String::from("#include <stdarg.h>\n#include <stddef.h>\n#include <openssl/core_dispatch.h>\n");
    for Slot { function, id, number, result, arguments } in SLOTS.iter().chain(UPCALLS) {
        let arguments = if arguments.is_empty() { String::from("void") } else { arguments.join(", ") };
        writeln!(source, "_Static_assert({id} == {number}, \"{id}\");").unwrap();
        writeln!(source, "{result} ours_{function}({arguments});").unwrap();
        writeln!(source, "OSSL_FUNC_{function}_fn *check_{function} = ours_{function};").unwrap();
    }
    for (name, size) in [
        ("OSSL_PARAM", size_of::<OSSL_PARAM>()),
        ("OSSL_DISPATCH", size_of::<OSSL_DISPATCH>()),
        ("OSSL_ALGORITHM", size_of::<OSSL_ALGORITHM>()),
        ("OSSL_ITEM", size_of::<OSSL_ITEM>()),
    ] {
        writeln!(source, "_Static_assert(sizeof({name}) == {size}, \"{name}\");").unwrap();
    }
    source
}

fn compile(source: &str) -> Result<(), String> {
    let mut cc = Command::new("cc")
        .args(["-fsyntax-only", "-std=c11", "-Werror", "-Wall", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a C compiler");
    cc.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    let output = cc.wait_with_output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
