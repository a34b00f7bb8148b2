//! The manual pages: they render, their examples run, and nothing that a user can set or be told is missing from them. And the pictures: that of
//! the demo, which a script draws, and that of handshakes, which a benchmark draws.
#[path = "../benches/chip/curve.rs"]
mod curve;

use std::collections::BTreeSet;
use std::fs;

use demo_ca::{DemoCa, Options};
use openssl::x509::X509;
use tests::{Order, Shell, module};
use tpm::config::Setting;

use curve::Curve;

use crate::keytool::full;
use crate::machine::Machine;

/// The page of the provider, as `make build` writes it.
fn provider_page(shell: &Shell) -> String {
    let root = module::workspace();
    let script = root.join("scripts/manual");
    let page =
        shell.ok(&format!("{} {}", script.display(), root.join("provider/provider-tpm2.md").display()));
    shell.write("provider-tpm2.7", page.out());
    text(&page.out())
}

/// The pages of the key tool: name and source.
fn tool_pages(shell: &Shell) -> Vec<(String, String)> {
    shell.ok(&full("tpm2-keytool man man1"));
    let entries = fs::read_dir(shell.file("man1")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// The source of a page without roff's escapes.
fn text(page: &str) -> String {
    let text =
        ["\\fB", "\\fI", "\\fR", "\\fP", "\\&"].iter().fold(page.to_owned(), |t, font| t.replace(font, ""));
    text.replace("\\-", "-").replace("\\*(Aq", "'").replace("\\e", "\\")
}

#[test]
fn every_page_renders_without_a_warning() {
    let shell = Shell::new("manual");
    provider_page(&shell);
    let pages = tool_pages(&shell);
    assert!(pages.len() >= 20, "{} pages", pages.len());
    let files = pages.iter().map(|(name, _)| format!("man1/{name}.1")).chain(["provider-tpm2.7".to_owned()]);
    for file in files {
        let rendered = shell.ok(&format!("groff -k -man -ww -Tutf8 -P-cbou {file}"));
        assert_eq!(rendered.err(), "", "{file}");
        assert!(rendered.out().contains("NAME"), "{file}");
    }
}

#[test]
fn the_pages_of_the_key_tool_describe_each_option_code_and_variable() {
    let shell = Shell::new("manual");
    for (name, page) in tool_pages(&shell) {
        let page = text(&page);
        for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"] {
            assert!(page.contains(&format!(".SH \"{section}\"\n")), "{name} has no {section}");
        }
        for setting in Setting::ALL {
            assert!(page.contains(&setting.variable()), "{name}: {}", setting.variable());
        }
        let line = name.replacen("tpm2-keytool-", "tpm2-keytool ", 1);
        let help = shell.ok(&full(&format!("{line} --help"))).out();
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        for option in options.map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())) {
            assert!(page.contains(option), "{name} does not describe {option}");
        }
    }
}

#[test]
fn the_examples_of_the_key_tool_run() {
    let shell = Shell::new("manual");
    for (name, page) in tool_pages(&shell) {
        let (_, examples) = page.split_once(".SH \"EXAMPLES\"").unwrap();
        let examples = examples.split(".nf\n").skip(1).map(|rest| text(rest.split("\n.fi").next().unwrap()));
        let machine = Machine::new();
        let path = format!("{}:{}", module::folder().display(), std::env::var("PATH").unwrap());
        let there = machine.openssl.clone().ordered(Order::DefaultFirst).shell().clone().env("PATH", path);
        let there = there.env("TPM2TOOLS_TCTI", machine.tpm.tcti());
        there.write("prepare", PREPARE);
        there.ok("bash -eu prepare");
        // The ACME server of the examples trusts the issuer of ak.pem.
        let root = X509::from_pem(&there.read("root.pem")).unwrap().to_der().unwrap();
        let ca = DemoCa::start(Options { attestation_roots: vec![root], ..Options::default() }).unwrap();
        let mut ran = 0;
        for example in examples {
            let example = example.replace("https://ca.example/directory", &ca.url("directory"));
            there.write("example", &example);
            let output = there.run("bash -eu -o pipefail example");
            assert!(output.status.is_some_and(|status| status.success()), "{name}: {example}\n{output}");
            ran += 1;
        }
        assert!(ran > 0, "{name} has no example");
    }
}

/// The files and keys that the examples name.
const PREPARE: &str = "
tpm2-keytool create --ecc P-256 key.tpm
tpm2-keytool load key.tpm 81000100
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out software.pem
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out vendor.key
openssl pkey -in vendor.key -pubout -out vendor.pub
tpm2-keytool create --ecc P-256 --signed-policy vendor.pub signed.tpm
echo secret | tpm2-keytool seal sealed.tpm
tpm2-keytool create --ecc P-256 ca.tpm
openssl req -x509 -key ca.tpm -subj /CN=ca -addext basicConstraints=critical,CA:TRUE -out ca.pem
tpm2-keytool ak create 0x81010100 --public ak.pub >ak.name
tpm2-keytool ek ek.pub
tpm2-keytool challenge --ek ek.pub --ak ak.pub made.credential made.json
tpm2-keytool certify key.tpm --ak 0x81010100 --nonce 2f6b made
mkdir leaf enrol
printf '[Mail]\nprivate key = key.tpm\n' > pkcs11.conf
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=root -keyout root.key -out root.pem
tpm2_readpublic -Q -c 0x81010100 -f pem -o ak.key
cat > ak.ext <<END
basicConstraints = critical, CA:FALSE
extendedKeyUsage = 2.23.133.8.3
subjectAltName = critical, dirName:tpm
[tpm]
manufacturer.2.23.133.2.1 = id:00001014
model.2.23.133.2.2 = swtpm
version.2.23.133.2.3 = id:20191023
END
openssl x509 -new -force_pubkey ak.key -subj / -CA root.pem -CAkey root.key -extfile ak.ext -out ak.pem
";

#[test]
fn the_page_of_the_provider_describes_all_that_it_takes() {
    let page = provider_page(&Shell::new("manual"));
    let words: BTreeSet<&str> = page.split(|c: char| c.is_whitespace() || ",:.".contains(c)).collect();
    let described = |name: &str| words.contains(name);
    for setting in Setting::ALL {
        assert!(described(setting.name()), "no setting {}", setting.name());
    }
    let source = module::workspace().join("tpm/src/transport/location/source.rs");
    let source = fs::read_to_string(source).unwrap();
    let variables: BTreeSet<&str> =
        source.split('"').filter(|word| word.starts_with("TPM") || *word == "TCTI").collect();
    assert!(variables.len() >= 8, "{variables:?}");
    for variable in variables.into_iter().chain(["TPM2_TRACE", "TPM2OPENSSL_PARENT_AUTH", "OPENSSL_CONF"]) {
        assert!(described(variable), "no variable {variable}");
    }
    let options = module::workspace().join("provider/src/op/keymgmt/generation/options.rs");
    let options = fs::read_to_string(options).unwrap();
    let options: BTreeSet<&str> =
        options.split("= c\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(options.len() >= 12, "{options:?}");
    for option in options {
        assert!(described(option), "no -pkeyopt {option}");
    }
    for reason in reasons() {
        assert!(page.contains(&format!("\n.SS {reason}\n")), "no reason {reason}");
    }
}

#[test]
fn troubleshooting_has_a_section_for_each_reason_and_no_other() {
    let page = fs::read_to_string(module::workspace().join("docs/troubleshooting.md")).unwrap();
    let (before, reasons_of_page) = page.split_once("\n## Reasons of the provider\n").unwrap();
    let sections: Vec<&str> = reasons_of_page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let (sections, reasons): (BTreeSet<&str>, BTreeSet<String>) = (sections.into_iter().collect(), reasons());
    assert_eq!(sections, reasons.iter().map(String::as_str).collect());
    let first = before.lines().find_map(|line| line.strip_prefix("### "));
    assert_eq!(first, Some("DECODER routines::unsupported"));
}

/// The reasons of the provider's table.
fn reasons() -> BTreeSet<String> {
    let table = fs::read_to_string(module::workspace().join("provider/src/error.rs")).unwrap();
    let (_, table) = table.split_once("\nreasons! {\n").unwrap();
    let rows = table.lines().take_while(|line| *line != "}");
    let reasons: BTreeSet<String> =
        rows.filter_map(|row| Some(row.split_once("c\"")?.1.strip_suffix("\";")?.to_owned())).collect();
    assert!(reasons.len() > 35, "{reasons:?}");
    reasons
}

#[test]
fn the_picture_of_the_demo_shows_the_commands_of_a_run() {
    let root = module::workspace();
    let picture = fs::read_to_string(root.join("docs/demo.svg")).unwrap();
    let titles = picture.split("<title>").skip(1).map(|rest| rest.split("</title>").next().unwrap());
    let shown: Vec<String> =
        titles.map(|line| line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).collect();
    let demo = root.join("scripts/demo");
    let script = fs::read_to_string(demo).unwrap();
    // What the script prints of itself: its steps, and the commands that it runs.
    let quoted = |line: &str, before: &str| Some(line.trim().strip_prefix(before)?.to_owned());
    let steps: Vec<String> = script.lines().filter_map(|line| quoted(line, "say \"")).collect();
    let commands: Vec<String> = script.lines().filter_map(|line| quoted(line, "run ")).collect();
    assert!(steps.len() > 3 && commands.len() > 5, "{steps:?} {commands:?}");
    for step in steps.iter().map(|step| format!("== {}", step.trim_end_matches('"'))) {
        assert!(shown.contains(&step), "docs/demo.svg lacks {step:?}: run scripts/picture >docs/demo.svg");
    }
    for command in commands.iter().map(|command| format!("$ {command}")) {
        assert!(
            shown.contains(&command),
            "docs/demo.svg lacks {command:?}: run scripts/picture >docs/demo.svg"
        );
    }
    assert!(shown.iter().any(|line| line.starts_with("demo: success")));
}

/// Prints the text of each element `text` and `title`, one per line.
const TEXTS: &str = "import sys, xml.etree.ElementTree as xml
for element in xml.parse(sys.argv[1]).iter():
    if element.tag.split('}')[1] in ('text', 'title'): print(element.text)";

#[test]
fn the_picture_of_handshakes_is_well_formed_and_names_each_curve() {
    let root = module::workspace();
    let shell = Shell::new("picture");
    shell.write("texts.py", TEXTS);
    let picture = root.join("docs/handshakes.svg");
    let texts = shell.ok(&format!("/usr/bin/python3 texts.py {}", picture.display())).out();
    for curve in Curve::ALL.map(|curve| curve.to_string()) {
        let hint = "run: make bench-chip OPTIONS=--curves";
        assert!(texts.lines().any(|text| text == curve), "docs/handshakes.svg lacks {curve:?}: {hint}");
        let values = texts.lines().find_map(|text| text.strip_prefix(&format!("{curve}: ")));
        let values: Vec<f64> = values
            .expect(&curve)
            .split(", ")
            .map(|value| value.split(' ').next().unwrap().parse().unwrap())
            .collect();
        // A slower signature gives fewer handshakes.
        assert!(values.len() > 3 && values.is_sorted_by(|one, next| one > next), "{curve}: {values:?}");
    }
    let page = fs::read_to_string(root.join("docs/performance.md")).unwrap();
    assert!(page.contains("](handshakes.svg)"), "docs/performance.md shows it");
}
