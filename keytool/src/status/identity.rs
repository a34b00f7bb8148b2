//! Who made a TPM, and which version it is.

use super::property::{self as pt, Properties};

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
pub(crate) fn maker(properties: &Properties) -> String {
    let id = properties.text([pt::MANUFACTURER]);
    let name = MAKERS.iter().find(|(known, _)| *known == id).map_or("unknown maker", |(_, name)| name);
    let model = properties.text(pt::VENDOR_STRINGS);
    if model.is_empty() { format!("{id}: {name}") } else { format!("{id}: {name}; model {model:?}") }
}

/// Its firmware, as makers write it: four numbers.
pub(crate) fn firmware(properties: &Properties) -> String {
    let halves = |property| properties.value(property).map(|value| (value >> 16, value & 0xffff));
    match (halves(pt::FIRMWARE_VERSION_1), halves(pt::FIRMWARE_VERSION_2)) {
        (Some((a, b)), Some((c, d))) => format!("{a}.{b}.{c}.{d}"),
        _ => "not told".to_owned(),
    }
}

/// The specification that it follows.
pub(crate) fn version(properties: &Properties) -> String {
    let family = properties.text([pt::FAMILY]);
    match properties.value(pt::REVISION) {
        Some(revision) => format!("TPM {family}, revision {}.{:02}", revision / 100, revision % 100),
        None => format!("TPM {family}"),
    }
}
