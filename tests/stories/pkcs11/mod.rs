//! Programs without OpenSSL's providers use a TPM key through the PKCS#11 module.
mod browsers;
mod configuration;
mod contract;
mod gnutls;
mod java;
mod libp11;
mod mistakes;
mod nss_tools;
mod opensc;
mod openssh;
mod openvpn;
mod p11_kit;
mod pkcs11_provider;
mod programs;
mod python;
mod strongswan;
mod systemd;
mod wpa_supplicant;

/// The password of the keys with a password.
const PIN: &str = "1234";
