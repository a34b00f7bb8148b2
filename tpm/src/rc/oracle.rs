//! Compares the response codes with two other lists: the header of tpm2-tss and the decoder of tpm2-tools.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use super::{Part, ResponseCode};

const HEADER: &str = "/usr/include/tss2/tss2_tpm2_types.h";

/// Newer than tpm2-tss 3.2.
const NEW: [u32; 2] = [0x0a8, 0x0a9];

/// Returns the number, name and comment of each TPM2_RC_* line of the header that is a code and not a mask.
fn header() -> BTreeMap<u32, (String, String)> {
    let bases = BTreeMap::from([("TPM2_RC_VER1", 0x100), ("TPM2_RC_FMT1", 0x080), ("TPM2_RC_WARN", 0x900)]);
    let text = fs::read_to_string(HEADER).unwrap_or_else(|e| panic!("{HEADER} (libtss2-dev): {e}"));
    let mut codes = BTreeMap::new();
    for line in text.lines() {
        let Some((name, value)) = line.strip_prefix("#define ").and_then(|l| l.split_once(' ')) else {
            continue;
        };
        let (value, comment) = value.split_once("/*").unwrap_or((value, ""));
        let value = value.replace("((TPM2_RC)", "").replace(['(', ')', ' '], "");
        let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok();
        let code = match value.split_once('+') {
            Some((base, plus)) => bases.get(base).and_then(|base| Some(base + number(plus)?)),
            None if matches!(name, "TPM2_RC_SUCCESS" | "TPM2_RC_BAD_TAG") => number(&value),
            None => None,
        };
        let not_a_code = ["TPM2_RC_MAX_FM0"].contains(&name);
        if let (Some(code), true, false) = (code, name.starts_with("TPM2_RC_"), not_a_code) {
            let comment = comment.trim_end_matches("*/").trim().to_owned();
            codes.insert(code, (name.replacen("TPM2_", "TPM_", 1), comment));
        }
    }
    assert!(codes.len() > 90, "only {} codes found in {HEADER}", codes.len());
    codes
}

fn decoded(code: u32) -> String {
    let output = Command::new("tpm2_rc_decode")
        .arg(format!("{code:#x}"))
        .output()
        .expect("tpm2_rc_decode (tpm2-tools)");
    assert!(output.status.success(), "tpm2_rc_decode {code:#x}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn names_match_the_header_of_tpm2_tss() {
    let header = header();
    for code in 0..0x1000 {
        let rc = ResponseCode(code);
        let expected = header.get(&rc.base().0).map(|(name, _)| name.clone());
        if !NEW.contains(&rc.base().0) {
            assert_eq!(rc.name(), expected, "{code:#x}");
        }
    }
}

#[test]
fn parts_and_meanings_match_tpm2_rc_decode() {
    let header = header();
    // For each code: parts without a number, the first and second of each kind, and the last.
    let codes = (0..0x1000_u32).filter(|code| matches!(code >> 8, 0 | 1 | 2 | 9 | 0xa | 0xf));
    for code in codes.filter(|code| header.contains_key(&ResponseCode(*code).base().0)) {
        let (rc, tool) = (ResponseCode(code), decoded(code));
        if let 0 | 0x01e | 0x97f = code {
            continue; // no text for success, TPM 1.2 and the code that is not used
        }
        // The tool keeps three bits of a parameter's number; Part 2 §6.6.2 defines four.
        let place = match rc.part() {
            Some(Part::Handle(n)) => Some(("handle", n)),
            Some(Part::Session(n)) => Some(("session", n)),
            Some(Part::Parameter(n)) => Some(("parameter", n & 7)),
            None => None,
        };
        if let Some((kind, n)) = place {
            let n = if n == 0 { "unk".to_owned() } else { n.to_string() };
            assert!(tool.starts_with(&format!("tpm:{kind}({n}):")), "{code:#x}: {tool}");
        }
        // The tool's text for this number is the header's comment for our name, so all three agree on the code.
        let (name, comment) = &header[&rc.base().0];
        let text = tool.rsplit(':').next().unwrap().trim();
        assert!(comment.contains(text), "{code:#x}: {tool}, but {name} is {comment}");
    }
}
