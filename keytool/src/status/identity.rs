//! Who made a TPM, and which version it is.

use tpm::Capabilities;

use super::facts::Facts;
use super::property as pt;

/// Who made it, by its TCG vendor id.
const MAKERS: [(&str, &str); 16] = [
    ("AMD", "AMD"),
    ("ATML", "Atmel"),
    ("BRCM", "Broadcom"),
    ("GOOG", "Google"),
    ("HPE", "HPE"),
    ("IBM", "IBM (swtpm and libtpms say so too)"),
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

/// Who made it, and what he calls it.
pub(crate) fn maker(capabilities: &Capabilities) -> String {
    let id = capabilities.manufacturer();
    let name = MAKERS.iter().find(|(known, _)| *known == id).map_or("unknown maker", |(_, name)| name);
    match capabilities.vendor_string() {
        model if model.is_empty() => format!("{id}: {name}"),
        model => format!("{id}: {name}; model {model:?}"),
    }
}

/// Its firmware, as makers write it: four numbers.
pub(crate) fn firmware(facts: &Facts) -> String {
    facts.value(pt::FIRMWARE_VERSION_1).map_or("not told".to_owned(), |_| facts.capabilities.firmware())
}

/// The specification that it follows.
pub(crate) fn version(capabilities: &Capabilities) -> String {
    match capabilities.revision() {
        0 => "TPM 2.0".to_owned(),
        revision => format!("TPM 2.0, revision {}.{:02}", revision / 100, revision % 100),
    }
}
