//! The kind of a TCTI string: `name:configuration`, as Tss2_TctiLdr_Initialize(3) reads it.

use std::path::PathBuf;

use super::{LocationError, Source};

/// How a TPM is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A character device of the kernel.
    Device(PathBuf),
    /// A simulator on a socket with swtpm's framing: one connection per command.
    Swtpm,
    /// A simulator on a socket with Microsoft's framing.
    Mssim,
    /// tpm2-abrmd over D-Bus.
    Tabrmd,
    /// A program that is started.
    Command,
    /// A library in this process (`libtpms`), a TCTI that records (`pcap`), or an unknown one.
    Other,
}

/// Other known names: those of tpm2-tss 4.1, and `default`, which some distributions link to one of them.
const OTHER_TCTIS: [&str; 9] = [
    "default",
    "fuzzing",
    "i2c-ftdi",
    "i2c-helper",
    "libtpms",
    "pcap",
    "spi-ftdi",
    "spi-helper",
    "spi-ltt2go",
];

pub(super) fn parse(string: &str, source: Source) -> Result<Kind, LocationError> {
    let bad = |why| LocationError::String { string: string.to_owned(), source, why };
    if string.is_empty() {
        return Err(bad("it is empty"));
    }
    if string.contains('\0') {
        return Err(bad("it contains a zero byte"));
    }
    let (name, configuration) = string.split_once(':').unwrap_or((string, ""));
    match short_name(name) {
        "device" => Ok(Kind::Device(configuration.into())),
        "swtpm" => Ok(Kind::Swtpm),
        "mssim" => Ok(Kind::Mssim),
        "tabrmd" => Ok(Kind::Tabrmd),
        "cmd" if configuration.is_empty() => Err(bad("no command follows cmd:")),
        "cmd" => Ok(Kind::Command),
        other if OTHER_TCTIS.contains(&other) => Ok(Kind::Other),
        _ if name.starts_with("/dev/") => Err(LocationError::BareDevice { path: string.to_owned(), source }),
        // The loader accepts the file name of any library.
        _ if name.contains(".so") => Ok(Kind::Other),
        _ => Err(bad(
            "its TCTI is unknown: use device, swtpm, mssim, tabrmd, cmd, libtpms, pcap …, or the file name of a library",
        )),
    }
}

/// Returns `swtpm` for `/usr/lib/libtss2-tcti-swtpm.so.0`; other names are returned unchanged.
fn short_name(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.strip_prefix("libtss2-tcti-").and_then(|rest| rest.split_once(".so")) {
        Some((short, _)) => short,
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tcti_string_of_tpm2_tss_is_recognized() {
        for (string, kind) in [
            ("device:/dev/tpmrm0", Kind::Device("/dev/tpmrm0".into())),
            ("device", Kind::Device("".into())),
            ("device:", Kind::Device("".into())),
            ("libtss2-tcti-device.so.0:/dev/tpm0", Kind::Device("/dev/tpm0".into())),
            ("swtpm:host=127.0.0.1,port=2321", Kind::Swtpm),
            ("swtpm:path=/run/swtpm.sock", Kind::Swtpm),
            ("swtpm", Kind::Swtpm),
            ("/usr/lib/x86_64-linux-gnu/libtss2-tcti-mssim.so:port=4000", Kind::Mssim),
            ("tabrmd:bus_name=com.intel.tss2.Tabrmd,bus_type=session", Kind::Tabrmd),
            ("cmd:tpm2_send -T tabrmd:", Kind::Command),
            ("pcap:device:/dev/tpm0", Kind::Other),
            ("libtpms:/var/lib/tpm/state", Kind::Other),
            ("libtss2-tcti-mine.so.3:x", Kind::Other),
            ("/opt/libmytcti.so", Kind::Other),
        ] {
            assert_eq!(parse(string, Source::Explicit).unwrap(), kind, "{string}");
        }
    }
}
