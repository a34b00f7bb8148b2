//! The subject alternative name: which TPM it is (TCG EK credential profile §3.2.9), and which device (RFC 4043, RFC 4108).

// asn1::ParseError is large and its size is not ours to choose. It is replaced before it leaves this module.
#![allow(clippy::result_large_err)]

use der::Encode;
use x509_cert::ext::pkix::name::GeneralName;

const MANUFACTURER: &str = "2.23.133.2.1";
const MODEL: &str = "2.23.133.2.2";
const VERSION: &str = "2.23.133.2.3";
/// id-on-permanentIdentifier
const PERMANENT_IDENTIFIER: &str = "1.3.6.1.5.5.7.8.3";
/// tcg-on-ekPermIdSha256: the value is a hash of the EK certificate
const OF_EK: &str = "2.23.133.12.1";
/// id-on-hardwareModuleName
const HARDWARE_MODULE_NAME: &str = "1.3.6.1.5.5.7.8.4";

/// The attributes of a TPM in a directory name. A missing one is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TpmName {
    /// tpmManufacturer, such as `id:494E5443`: the vendor ID in hexadecimal.
    pub manufacturer: String,
    /// tpmModel.
    pub model: String,
    /// tpmVersion, the version of the firmware.
    pub version: String,
}

impl TpmName {
    pub(super) fn of(names: &[GeneralName]) -> Self {
        let mut found = Self::default();
        let directories = names.iter().filter_map(|name| match name {
            GeneralName::DirectoryName(directory) => Some(directory),
            _ => None,
        });
        for attribute in directories.flat_map(|directory| &directory.0).flat_map(|set| set.0.iter()) {
            let value = std::str::from_utf8(attribute.value.value()).unwrap_or_default();
            match attribute.oid.to_string().as_str() {
                MANUFACTURER => value.clone_into(&mut found.manufacturer),
                MODEL => value.clone_into(&mut found.model),
                VERSION => value.clone_into(&mut found.version),
                _ => {}
            }
        }
        found
    }

    /// Returns the attribute that is missing, if one is.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let parts =
            [("manufacturer", &self.manufacturer), ("model", &self.model), ("version", &self.version)];
        parts.into_iter().find(|(_, value)| value.is_empty()).map(|(name, _)| name)
    }
}

#[derive(asn1::Asn1Read)]
struct PermanentIdentifier<'a> {
    value: Option<asn1::Utf8String<'a>>,
    assigner: Option<asn1::ObjectIdentifier>,
}

/// Returns the permanent identifiers of devices. One that cannot be read is returned as an empty text, which is no device. In the
/// certificates of makers of devices, the permanent identifier is that of the TPM, and the subject names the device.
pub(super) fn identifiers(names: &[GeneralName]) -> Vec<String> {
    let text = |der: Vec<u8>| match asn1::parse_single::<PermanentIdentifier<'_>>(&der) {
        Ok(identifier)
            if identifier.assigner.as_ref().is_some_and(|assigner| assigner.to_string() == OF_EK) =>
        {
            None
        }
        Ok(PermanentIdentifier { value: Some(value), .. }) => Some(value.as_str().to_owned()),
        _ => Some(String::new()),
    };
    others(names, PERMANENT_IDENTIFIER).filter_map(text).collect()
}

#[derive(asn1::Asn1Read)]
struct HardwareModuleName<'a> {
    kind: asn1::ObjectIdentifier,
    _serial: &'a [u8],
}

/// Returns the type of hardware, if there is exactly one.
pub(super) fn hardware(names: &[GeneralName]) -> Option<String> {
    let mut all = others(names, HARDWARE_MODULE_NAME);
    let (der, None) = (all.next()?, all.next()) else { return None };
    let name: HardwareModuleName<'_> = asn1::parse_single(&der).ok()?;
    Some(name.kind.to_string())
}

/// Returns the other names of a type, in DER.
fn others(names: &[GeneralName], kind: &str) -> impl Iterator<Item = Vec<u8>> {
    names.iter().filter_map(move |name| match name {
        GeneralName::OtherName(other) if other.type_id.to_string() == kind => {
            Some(other.value.to_der().unwrap_or_default())
        }
        _ => None,
    })
}
