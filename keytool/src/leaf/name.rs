//! The name of a host: a DNS name in its ASCII form, or a wildcard for one label (RFC 1034 §3.5, RFC 6125 §6.4.3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The longest name and the longest label.
const LONGEST: (usize, usize) = (253, 63);

/// A valid DNS name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(String);

impl HostName {
    /// Returns the text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(why.to_owned());
        if text.parse::<IpAddr>().is_ok() {
            return refused("it is an IP address: give the DNS name that clients use");
        }
        if !text.is_ascii() {
            return refused("it is not ASCII: give the form that DNS uses, which begins with xn--");
        }
        let host = text.strip_prefix("*.").unwrap_or(text);
        let labels: Vec<&str> = host.split('.').collect();
        if text.len() > LONGEST.0 || !labels.iter().all(|label| is_label(label)) {
            return refused("it is not a DNS name: give a name such as www.example.com or *.example.com");
        }
        // RFC 1123 §2.1: the last label of a name is not a number. Such a text would be read as an IP address.
        if labels.last().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
            return refused("it ends in a number, as an IP address does: give the DNS name that clients use");
        }
        if text.starts_with("*.") && labels.len() < 2 {
            return refused("it is a wildcard for a whole top-level domain");
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST.1).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_and_wildcards_are_accepted_in_lower_case() {
        for (text, name) in [
            ("localhost", "localhost"),
            ("WWW.Example.com", "www.example.com"),
            ("*.example.com", "*.example.com"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("3com.example", "3com.example"),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn other_names_are_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = "a.".repeat(126) + "ab";
        for text in [
            "",
            ".",
            "a..b",
            "a.",
            ".a",
            "-a.example",
            "a-.example",
            "a_b.example",
            "a b",
            "*",
            "*.",
            "*.com",
            "a.*.example",
            "*a.example",
            "192.0.2.1",
            "::1",
            "1.2.3.4.5",
            "bücher.example",
            "a\0.example",
            "a,DNS:b.example",
            &long,
            &longer,
        ] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}
