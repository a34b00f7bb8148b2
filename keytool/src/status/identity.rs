//! The manufacturer and version of a TPM.

use tpm::Capabilities;

use super::facts::Facts;
use super::property as pt;

/// The manufacturers by their TCG vendor id.
const MAKERS: [(&str, &str); 16] = [
    ("AMD", "AMD"),
    ("ATML", "Atmel"),
    ("BRCM", "Broadcom"),
    ("GOOG", "Google"),
    ("HPE", "HPE"),
    ("IBM", "IBM (also reported by swtpm and libtpms)"),
    ("IFX", "Infineon"),
    ("INTC", "Intel"),
    ("MSFT", "Microsoft"),
    ("NSM", "National Semiconductor"),
    ("NTC", "Nuvoton"),
    ("NTZ", "Nationz"),
    ("QCOM", "Qualcomm"),
    ("ROCC", "Fuzhou Rockchip"),
    ("STM", "ST Microelectronics"),
    ("VMW", "VMware"),
];

/// Returns the manufacturer and the model.
pub(crate) fn maker(capabilities: &Capabilities) -> String {
    let id = capabilities.manufacturer();
    let name = MAKERS.iter().find(|(known, _)| *known == id).map_or("unknown maker", |(_, name)| name);
    match capabilities.vendor_string() {
        model if model.is_empty() => format!("{id}: {name}"),
        model => format!("{id}: {name}; model {model:?}"),
    }
}

/// Returns the firmware version as four numbers.
pub(crate) fn firmware(facts: &Facts) -> String {
    facts.value(pt::FIRMWARE_VERSION_1).map_or("not reported".to_owned(), |_| facts.capabilities.firmware())
}

/// Returns the version of the specification that the TPM implements.
pub(crate) fn version(capabilities: &Capabilities) -> String {
    match capabilities.revision() {
        0 => "TPM 2.0".to_owned(),
        revision => format!("TPM 2.0, revision {}.{:02}", revision / 100, revision % 100),
    }
}
