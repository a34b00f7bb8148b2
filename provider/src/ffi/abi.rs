//! A test compiles every line of `dispatch.rs`, `upcalls.rs` and `libcrypto/functions.rs` against the
//! installed headers. The C text is generated from the lines themselves, so the two cannot diverge.

use std::ffi::{c_char, c_int, c_long, c_ulong, c_void};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::crypto::{Selection, rsa_padding};
use super::dispatch::SLOTS;
use super::libcrypto::tests::TESTED;
use super::libcrypto::{DECLARATIONS, Declaration};
use super::sys::{
    ASYNC_JOB, ASYNC_WAIT_CTX, ASYNC_callback_fn, AsyncCleanup, EVP_KEYMGMT, EVP_MD, EVP_MD_CTX, EVP_PKEY,
    EVP_PKEY_CTX, EVP_PKEY_gen_cb, OPENSSL_CORE_CTX, OPENSSL_INIT_SETTINGS, OSSL_ALGORITHM, OSSL_CALLBACK,
    OSSL_CORE_BIO, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_ENCODER_CTX, OSSL_ITEM, OSSL_LIB_CTX, OSSL_PARAM,
    OSSL_PASSPHRASE_CALLBACK, OSSL_PROVIDER, VaList, X509_NAME,
};
use super::upcalls::UPCALLS;

/// One line of a table, in C spelling.
pub(super) struct Slot {
    pub(super) function: &'static str,
    pub(super) id: &'static str,
    pub(super) number: c_int,
    /// The first version of OpenSSL that has it.
    pub(super) since: &'static str,
    pub(super) result: &'static str,
    pub(super) arguments: &'static [&'static str],
}

/// The C spelling of a Rust type.
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
    *mut OPENSSL_CORE_CTX = "OPENSSL_CORE_CTX *";
    OSSL_CALLBACK = "OSSL_CALLBACK *";
    OSSL_PASSPHRASE_CALLBACK = "OSSL_PASSPHRASE_CALLBACK *";
    VaList = "va_list";
    c_long = "long";
    c_ulong = "unsigned long";
    *mut *mut c_void = "void **";
    *mut *const c_char = "const char **";
    *mut *const u8 = "const unsigned char **";
    *mut *mut u8 = "unsigned char **";
    *mut u32 = "unsigned int *";
    *mut *mut OSSL_PARAM = "OSSL_PARAM **";
    *const OSSL_DISPATCH = "const OSSL_DISPATCH *";
    *mut *const OSSL_DISPATCH = "const OSSL_DISPATCH **";
    *const OPENSSL_INIT_SETTINGS = "const OPENSSL_INIT_SETTINGS *";
    *mut OSSL_LIB_CTX = "OSSL_LIB_CTX *";
    *mut OSSL_PROVIDER = "OSSL_PROVIDER *";
    *const OSSL_PROVIDER = "const OSSL_PROVIDER *";
    *mut OSSL_ENCODER_CTX = "OSSL_ENCODER_CTX *";
    *mut EVP_KEYMGMT = "EVP_KEYMGMT *";
    *mut EVP_MD = "EVP_MD *";
    *const EVP_MD = "const EVP_MD *";
    *mut EVP_MD_CTX = "EVP_MD_CTX *";
    *const EVP_MD_CTX = "const EVP_MD_CTX *";
    *mut EVP_PKEY = "EVP_PKEY *";
    *const EVP_PKEY = "const EVP_PKEY *";
    *mut *mut EVP_PKEY = "EVP_PKEY **";
    *mut EVP_PKEY_CTX = "EVP_PKEY_CTX *";
    *const EVP_PKEY_CTX = "const EVP_PKEY_CTX *";
    *mut *mut EVP_PKEY_CTX = "EVP_PKEY_CTX **";
    EVP_PKEY_gen_cb = "EVP_PKEY_gen_cb *";
    *mut ASYNC_JOB = "ASYNC_JOB *";
    *mut ASYNC_WAIT_CTX = "ASYNC_WAIT_CTX *";
    *mut ASYNC_callback_fn = "ASYNC_callback_fn *";
    AsyncCleanup = "void (*)(ASYNC_WAIT_CTX *, const void *, OSSL_ASYNC_FD, void *)";
    *mut X509_NAME = "X509_NAME *";
    *const X509_NAME = "const X509_NAME *";
    *mut *mut X509_NAME = "X509_NAME **";
    Option<unsafe extern "C" fn(*mut OSSL_PROVIDER, *mut c_void) -> c_int> = "int (*)(OSSL_PROVIDER *, void *)";
    Option<unsafe extern "C" fn(*const OSSL_CORE_HANDLE, *const OSSL_DISPATCH, *mut *const OSSL_DISPATCH, *mut *mut c_void) -> c_int>
        = "OSSL_provider_init_fn *";
}

/// The version of a line. The default is 3.0, the first version with providers.
macro_rules! since {
    () => {
        "3.0"
    };
    ($since:literal) => {
        $since
    };
}
pub(super) use since;

/// The result type of a line; the default is `()`.
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
fn every_function_of_libcrypto_compiles_against_its_header() {
    let source = libcrypto_source();
    assert!(DECLARATIONS.len() > 80, "the table was read");
    if let Err(messages) = compile(&source) {
        panic!("{messages}\n{source}");
    }
    let wrong = source.replace("size_t", "unsigned int");
    assert!(compile(&wrong).is_err(), "a 32-bit length must be noticed");
    let shifted = source.replace("RSA_NO_PADDING == 3", "RSA_NO_PADDING == 4");
    assert!(compile(&shifted).is_err(), "a wrong number must be noticed");
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
    for Slot { function, id, number, since, result, arguments } in SLOTS.iter().chain(UPCALLS) {
        let arguments = if arguments.is_empty() { String::from("void") } else { arguments.join(", ") };
        writeln!(source, "{}", if_there(since)).unwrap();
        writeln!(source, "_Static_assert({id} == {number}, \"{id}\");").unwrap();
        writeln!(source, "{result} ours_{function}({arguments});").unwrap();
        writeln!(source, "OSSL_FUNC_{function}_fn *check_{function} = ours_{function};\n#endif").unwrap();
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

/// Declares a pointer of our type to each function. A header that disagrees makes it a compile error.
/// Functions newer than the headers are left out.
fn libcrypto_source() -> String {
    let headers =
        ["async", "core_names", "crypto", "encoder", "err", "evp", "provider", "rand", "rsa", "x509"];
    let mut source: String = headers.iter().map(|name| format!("#include <openssl/{name}.h>\n")).collect();
    for Declaration { function, since, result, arguments } in DECLARATIONS.iter().chain(TESTED) {
        let arguments = if arguments.is_empty() { String::from("void") } else { arguments.join(", ") };
        writeln!(source, "{}", if_there(since)).unwrap();
        writeln!(source, "{result} (*check_{function})({arguments}) = {function};\n#endif").unwrap();
    }
    for (name, number) in [
        ("RSA_PKCS1_PADDING", rsa_padding::PKCS1),
        ("RSA_NO_PADDING", rsa_padding::NONE),
        ("RSA_PKCS1_OAEP_PADDING", rsa_padding::OAEP),
        ("RSA_X931_PADDING", rsa_padding::X931),
        ("RSA_PKCS1_PSS_PADDING", rsa_padding::PSS),
        ("RSA_PKCS1_WITH_TLS_PADDING", rsa_padding::TLS),
        ("OSSL_KEYMGMT_SELECT_PRIVATE_KEY", Selection::PRIVATE_KEY.0),
        ("OSSL_KEYMGMT_SELECT_PUBLIC_KEY", Selection::PUBLIC_KEY.0),
        ("OSSL_KEYMGMT_SELECT_ALL_PARAMETERS", Selection::PARAMETERS.0),
        ("EVP_PKEY_PUBLIC_KEY", Selection::PUBLIC.0),
        ("EVP_PKEY_KEYPAIR", Selection::KEYPAIR.0),
    ] {
        writeln!(source, "_Static_assert({name} == {number}, \"{name}\");").unwrap();
    }
    source
}

/// The preprocessor line that skips what is newer than the headers.
fn if_there(since: &str) -> String {
    let (major, minor) = since.split_once('.').unwrap();
    format!("#if OPENSSL_VERSION_PREREQ({major}, {minor})")
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
