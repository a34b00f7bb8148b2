//! OpenSSL without the user's openssl.cnf, which may well name the provider that this tool serves.

/// OPENSSL_INIT_NO_LOAD_CONFIG of openssl/crypto.h.
const NO_LOAD_CONFIG: u64 = 0x80;

/// Starts libcrypto with its default provider alone. Must come before anything else of OpenSSL: later the configuration is loaded already.
pub(crate) fn start_without_configuration() {
    // SAFETY: OPENSSL_init_ssl(3): may be called from any thread, any number of times; NULL settings are allowed.
    unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG, std::ptr::null()) };
}
