//! Errors that an ACME server reports (RFC 8555 §6.7).

use serde_json::Value;

use crate::error::Error;

/// The namespace of the types.
const NAMESPACE: &str = "urn:ietf:params:acme:error:";

/// Returns the type of a problem document, without the namespace.
pub(super) fn kind(document: &Value) -> &str {
    let kind = document.get("type").and_then(Value::as_str).unwrap_or_default();
    kind.strip_prefix(NAMESPACE).unwrap_or(kind)
}

/// Returns the error for a refused request. `what` is what was requested.
pub(super) fn refused(what: &str, status: u16, document: &Value) -> Error {
    let detail = document.get("detail").and_then(Value::as_str).map(printable);
    let cause = match (kind(document), detail) {
        ("", None) => format!("HTTP status {status}"),
        (kind, None) => printable(kind),
        ("", Some(detail)) => detail,
        (kind, Some(detail)) => format!("{detail} ({})", printable(kind)),
    };
    Error::request(format!("the ACME server refuses {what}: {cause}"), advice(kind(document)))
}

/// Returns the error for a response without something that it must contain.
pub(super) fn incomplete(what: &str, missing: &str) -> Error {
    Error::request(
        format!("the ACME server sent {what} without {missing}"),
        "check that --acme names an ACME directory (RFC 8555) whose server supports device-attest-01",
    )
}

fn advice(kind: &str) -> &'static str {
    match kind {
        "badAttestationStatement" => {
            "check that --ak has a certificate that the server trusts, and KEY was made in this TPM: `tpm2-keytool show KEY`"
        }
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "give the identifier under which the server knows this device, with --identifier"
        }
        "externalAccountRequired" => "register the account by other means: this tool cannot bind one",
        "rateLimited" => "try again later",
        _ => "ask the operator of the server; its log shows more",
    }
}

/// Removes what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_of_servers_are_shown_without_what_a_terminal_obeys() {
        let shown = |document: Value| refused("the order", 403, &document).to_string();
        let kind = "urn:ietf:params:acme:error:rateLimited";
        assert_eq!(
            shown(json!({ "type": kind, "detail": "too many\u{1b}[2J" })),
            "the ACME server refuses the order: too many\u{fffd}[2J (rateLimited)"
        );
        assert_eq!(shown(json!({ "type": kind })), "the ACME server refuses the order: rateLimited");
        assert_eq!(shown(json!("<html>")), "the ACME server refuses the order: HTTP status 403");
        assert_eq!(refused("x", 400, &json!({ "type": kind })).advice().as_deref(), Some("try again later"));
    }
}
