//! Programs without OpenSSL's providers use a TPM key through the PKCS#11 module.
mod browsers;
