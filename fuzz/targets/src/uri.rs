//! URIs of keys, which may contain a password.

use keyfile::uri::Uri;

/// The password in the seeds; no message may show it.
const PASSWORD: &str = "Xq7v-";

/// Returns a URI of each form.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "nvkey:81000101",
        "//nvkey:0x81000101?pass",
        "site:81000101",
        "handle:0x1c00002?pin-source=file:/etc/pin",
        "handle:0x81000101?pin-value=Xq7v-&pass",
        "object:/some/file?pass",
        "object:relative?pin-value=Xq7v-",
        "tpm2:",
        "tpm2:handle=0x81000101;pin-value=Xq7v-",
        "tpm2:nv=0x1c00002?pin-source=/etc/pin",
        "tpm2:file=/a%20path/with%25?pin-value=Xq7v-%00&pass",
    ]
    .map(|uri| uri.as_bytes().to_vec())
    .into()
}

/// Parses the bytes as a URI.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for prefix in [None, Some("site:")] {
        if let Err(error) = Uri::parse(text, prefix) {
            let message = error.to_string();
            assert!(!message.is_empty());
            let is_password =
                text.split("pin-value=").nth(1).is_some_and(|value| value.starts_with(PASSWORD));
            if is_password && text.matches(PASSWORD).count() == 1 {
                assert!(!message.contains(PASSWORD), "{message}");
            }
        }
    }
}
