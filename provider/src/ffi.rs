//! The only folder with unsafe code: OpenSSL's C side.

// The skeleton of the crate uses them as it lands.
#[allow(dead_code, unused_imports)]
pub(crate) mod crypto;
#[allow(dead_code, unused_imports, unused_macros)]
pub(crate) mod params;
