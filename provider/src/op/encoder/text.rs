//! Writes a TPM key as text (`openssl pkey -text`): the contents of the key file, and the public half in
//! OpenSSL's form.

use std::fmt::Write as _;

use keyfile::{Attributes, KeyFile, KeyReference};

use super::Output;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Form, Selection};
use crate::key::{Key, TpmKey};

/// Text output.
pub(crate) struct Text;

impl Output for Text {
    const FORM: Form = Form { output: c"TEXT", structure: None };

    fn takes(_: Selection) -> bool {
        true
    }

    fn tpm_key(key: &Key, tpm: &TpmKey, selection: Selection) -> Result<Vec<u8>> {
        if !selection.any(Selection::PRIVATE_KEY) {
            return Ok(key.software()?.encode(selection, Text::FORM, None)?.to_vec());
        }
        // If only the private half is selected, the public half is printed too, as for OpenSSL's own keys.
        let public = key.software()?.encode(Selection::PUBLIC, Text::FORM, None)?;
        let bits = key.software()?.bits();
        let mut text = format!("Private-Key: ({bits} bit, in a TPM 2.0)\n");
        write_details(&mut text, tpm)
            .map_err(|error| Error::new(Reason::Internal, "cannot write the text").with_source(error))?;
        let mut text = text.into_bytes();
        // OpenSSL's first line, "Public-Key: (256 bit)", is replaced by the one above.
        for line in public.split_inclusive(|byte| *byte == b'\n').skip(1) {
            let label = LABELS.iter().find_map(|(label, of_private_keys)| {
                Some((of_private_keys, line.strip_prefix(label.as_bytes())?))
            });
            if let Some((label, rest)) = label {
                text.extend_from_slice(label.as_bytes());
                text.extend_from_slice(rest);
            } else {
                text.extend_from_slice(line);
            }
        }
        Ok(text)
    }
}

/// OpenSSL uses other labels for the public numbers when it prints a private key, and shell scripts look for
/// them.
const LABELS: [(&str, &str); 2] = [("Modulus:", "modulus:"), ("Exponent:", "publicExponent:")];

fn write_details(text: &mut String, tpm: &TpmKey) -> std::fmt::Result {
    let (public, file) = (tpm.public(), tpm.file());
    if let Some(at_handle) = tpm.at_handle() {
        // The URI may contain a password, even in more than one part.
        let kind = if at_handle.handle.is_persistent() { "persistent" } else { "transient" };
        writeln!(text, "kind: {kind} key {}", at_handle.handle)?;
        writeln!(text, "parent: unknown for a {kind} key")?;
        writeln!(text, "password: {}", password(&at_handle.reference))?;
    }
    if let Some(file) = file {
        writeln!(text, "kind: {}", file.kind)?;
        writeln!(text, "parent: {}", parent(file))?;
        writeln!(text, "password: {}", if file.needs_password() { "needed" } else { "none" })?;
        if let Some(description) = &file.description {
            writeln!(text, "description: {}", description.escape_debug())?;
        }
    }
    writeln!(text, "attributes: {}", public.attributes)?;
    if let Some(scheme) = public.key.scheme() {
        writeln!(text, "scheme: {scheme}")?;
    }
    if let Ok(name) = public.name() {
        writeln!(text, "name: {name}")?;
    }
    match file {
        Some(file) => policy(text, file),
        None if public.auth_policy.is_empty() => writeln!(text, "policy: none"),
        None => {
            writeln!(text, "policy: set; only the key file lists its statements")
        }
    }
}

/// The password state of a persistent key from its reference.
fn password(reference: &KeyReference) -> &'static str {
    match reference.public.attributes.contains(Attributes::USER_WITH_AUTH) {
        false => "does not authorize use; the policy does",
        true if reference.empty_auth => "none",
        true => "may be needed",
    }
}

fn parent(file: &KeyFile) -> String {
    let handle = file.parent;
    match handle.hierarchy_words() {
        Some(hierarchy) => format!("{hierarchy} ({handle}), its {} primary", file.primary()),
        None if handle.is_transient() => format!("transient handle {handle}, which is no longer valid"),
        None => format!("persistent key {handle}"),
    }
}

/// Writes the statements of the policy in the order of execution.
fn policy(text: &mut String, file: &KeyFile) -> std::fmt::Result {
    match &file.policy {
        None if file.public.attributes.contains(Attributes::USER_WITH_AUTH) => {
            writeln!(text, "policy: none")?;
        }
        None => writeln!(text, "policy: set, but its statements are not in the file")?,
        Some(statements) => {
            writeln!(text, "policy:")?;
            statements.iter().try_for_each(|statement| writeln!(text, "    {statement}"))?;
        }
    }
    for signed in &file.auth_policies {
        let name = signed.name.as_deref().unwrap_or("without a name");
        writeln!(text, "signed policy {}:", name.escape_debug())?;
        signed.statements.iter().try_for_each(|statement| writeln!(text, "    {statement}"))?;
    }
    Ok(())
}
