//! Firefox: everything is in its profile.
use std::fs;
use std::path::Path;

use crate::{Token, nss};

/// It selects the certificate without a question, and shows no page of its own.
const PREFERENCES: &str = r#"
user_pref("security.default_personal_cert", "Select Automatically");
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:1");
user_pref("termsofuse.bypassNotification", true);
"#;

/// Writes a home with a profile and returns the command line.
#[track_caller]
pub(super) fn prepare(token: &Token, home: &Path) -> String {
    let profile = home.join("profile");
    nss::database_of(token, &profile);
    fs::write(profile.join("user.js"), PREFERENCES).expect("write the preferences");
    let program = super::installed(token, ["firefox-esr", "firefox"]);
    format!("{program} --no-remote --width 1000 --height 640 --profile {}", profile.display())
}
