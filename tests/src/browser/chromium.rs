//! Chromium: it reads the NSS database of its user, and policies from /etc.
use std::fs;
use std::path::Path;

use crate::{Nginx, Token, nss};

/// Root runs it without its sandbox. It must not ask other servers.
const OPTIONS: &str =
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --no-first-run";

/// Writes a home and returns the command line. It hides /etc/chromium behind a folder with the policy that selects the certificate, because
/// the question for a certificate would need a click; this must run in a mount namespace.
#[track_caller]
pub(super) fn prepare(token: &Token, home: &Path, server: &Nginx) -> String {
    nss::database_of(token, &home.join(".pki/nssdb"));
    let policies = home.join("etc/policies/managed");
    fs::create_dir_all(&policies).expect("a folder for the policy");
    let pattern = server.url("").trim_end_matches('/').to_owned();
    let policy =
        format!(r#"{{"AutoSelectCertificateForUrls": ["{{\"pattern\":\"{pattern}\",\"filter\":{{}}}}"]}}"#);
    fs::write(policies.join("certificate.json"), policy).expect("write the policy");
    let (etc, profile) = (home.join("etc"), home.join("profile"));
    let mount = format!(r#"mount --bind {} /etc/chromium && exec "$@""#, etc.display());
    let program = super::installed(token, ["chromium", "chromium-browser"]);
    format!("sh -c '{mount}' sh {program} {OPTIONS} --user-data-dir={}", profile.display())
}
