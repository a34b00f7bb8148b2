//! `--json`: each document has the names that docs/json.md describes, and that page lists every exit code.

use std::fs;

use serde_json::Value;
use tests::module;
use tests::process::Output;
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

/// One row of a table on the page.
struct Row {
    name: String,
    kind: String,
    words: String,
}

/// The text of docs/json.md.
struct Page(String);

impl Page {
    fn read() -> Self {
        Self(fs::read_to_string(module::workspace().join("docs/json.md")).unwrap())
    }

    /// Returns the rows of the first table after a text.
    #[track_caller]
    fn table(&self, after: &str) -> Vec<Row> {
        let (_, rest) = self.0.split_once(after).unwrap_or_else(|| panic!("{after:?} is not on the page"));
        let lines = rest.lines().skip_while(|line| !line.starts_with("| name"));
        let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, kind, words] = cells.as_slice() else { panic!("{line}") };
            Row {
                name: name.trim_matches('`').to_owned(),
                kind: (*kind).to_owned(),
                words: (*words).to_owned(),
            }
        })
        .collect()
    }
}

/// Checks that the object has exactly these names, with values of these types; an enumerated string has one of the listed values.
#[track_caller]
fn conforms(value: &Value, tables: &[&[Row]]) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let rows = || tables.iter().flat_map(|rows| rows.iter());
    for name in object.keys() {
        assert!(rows().any(|row| row.name == *name), "{name} is not on the page: {value}");
    }
    for Row { name, kind, words } in rows() {
        let Some(value) = object.get(name) else {
            assert!(words.contains("absent"), "{name} is missing: {value}");
            continue;
        };
        let is = |kind: &str| match kind.trim() {
            "string" => value.is_string(),
            "number" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "list" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("the page has the type {other}"),
        };
        assert!(kind.split(" or ").any(is), "{name} is no {kind}: {value}");
        let enumerated = words.starts_with('`') && !words.contains("object");
        if let (true, Some(text)) = (enumerated, value.as_str()) {
            assert!(words.contains(&format!("`{text}`")), "{name} is {text}, and not {words}");
        }
    }
}

#[track_caller]
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Makes a desk with one object of each kind.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.run("tpm2-keytool srk").ok();
    desk.run("tpm2-keytool create -e P-256 -k secret -d --description host key.tpm").ok();
    desk.run("tpm2-keytool load key.tpm 81000100").ok();
    desk.run("tpm2-keytool create -x sha256:16 bound.tpm").ok();
    desk.shell.write("data", "data");
    desk.pipe("tpm2-keytool seal sealed.tpm", "data").ok();
    desk.run("tpm2-keytool reference -a handle:0x81000100?pin-value=secret key.ref").ok();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public
         tpm2_readpublic -Q -c 0x81000001 -o area; tpm2_evictcontrol -Q -c 0x81000100 2>/dev/null || true
         tpm2_nvdefine -Q -C o -s 4 -a 'ownerwrite|ownerread|authread|no_da' 0x01800010; tpm2_nvwrite -Q -C o -i data 0x01800010",
    );
    desk.run("tpm2-keytool create -e P-256 --signed-policy ec.public signed.tpm").ok();
    desk.run("tpm2-keytool policy add --locality 1 -n first signed.tpm ec.pem").ok();
    desk
}

#[test]
fn the_output_of_list_is_as_documented() {
    let (desk, page) = (desk(), Page::read());
    let found = document(&desk.run("tpm2-keytool list --json").ok());
    conforms(&found, &[&page.table("## `list --json`")]);
    assert_eq!((list(&found, "persistent").is_empty(), list(&found, "nv").len()), (false, 1));
    for object in list(&found, "persistent") {
        conforms(object, &[&page.table("Each of `persistent`:")]);
        conforms(&object["key"], &[&page.table("## A key")]);
    }
    conforms(&list(&found, "nv")[0], &[&page.table("Each of `nv`:")]);
    assert_eq!(found["persistent"][0]["handle"], "0x81000001");
    assert_eq!(found["persistent"][0]["use"], "storage");
}

#[test]
fn the_output_of_token_is_as_documented() {
    let (desk, page) = (desk(), Page::read());
    desk.others("openssl req -x509 -key ec.pem -subj /CN=host -out alone.pem");
    desk.shell.write(
        "pkcs11.conf",
        "[file]\nprivate key = key.tpm\ncertificate = alone.pem\n\
         [handle]\nprivate key = handle:81000001?pass\n[gone]\nprivate key = no.tpm\n\
         [folder]\nfolder = .\nalways authenticate = yes\n",
    );
    let output = desk.run("tpm2-keytool token --json --conf pkcs11.conf");
    assert_eq!(output.code(), Some(1), "{output}");
    let found = document(&output);
    conforms(&found, &[&page.table("## `token --json`")]);
    for token in list(&found, "tokens") {
        conforms(token, &[&page.table("Each of `tokens`:")]);
        for key in list(token, "keys") {
            conforms(key, &[&page.table("Each of `keys`:")]);
            conforms(&key["key"], &[&page.table("## A key")]);
        }
        for certificate in list(token, "certificates") {
            conforms(certificate, &[&page.table("Each of the `certificates` of a token:")]);
        }
    }
    for problem in list(&found, "problems") {
        conforms(problem, &[&page.table("Each of `problems`:")]);
    }
    let labels: Vec<_> =
        list(&found, "tokens").iter().map(|token| token["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["file", "handle", "gone", "folder"], "{output}");
    assert!(
        !list(&found["tokens"][3], "keys").is_empty() && !list(&found, "problems").is_empty(),
        "{output}"
    );
    assert_eq!(found, document(&desk.run("tpm2-keytool check --json pkcs11.conf")));
}

#[test]
fn the_output_of_show_is_as_documented() {
    let (desk, page) = (desk(), Page::read());
    let show = page.table("## `show --json`");
    let of_file = page.table("In addition, for a key file:");
    for (name, kind) in [
        ("key.tpm", "key-file"),
        ("bound.tpm", "key-file"),
        ("signed.tpm", "key-file"),
        ("sealed.tpm", "key-file"),
        ("key.ref", "reference"),
        ("area", "public-area"),
        ("81000001", "persistent"),
    ] {
        let output = desk.run(&format!("tpm2-keytool show --json {name}")).ok();
        let mut found = document(&output);
        assert_eq!(found["kind"], kind, "{output}");
        conforms(&found["key"], &[&page.table("## A key")]);
        let led = found.as_object_mut().unwrap().remove("leads_to");
        assert_eq!(led.is_some(), ["reference", "persistent"].contains(&kind), "{output}");
        match kind {
            "key-file" => conforms(&found, &[&show, &of_file]),
            _ => conforms(&found, &[&show]),
        }
        assert!(!output.out().contains("secret"), "{output}");
    }
    let of = |name: &str| document(&desk.run(&format!("tpm2-keytool show --json {name}")).ok());
    assert_eq!(of("bound.tpm")["policy_now"], "passes");
    assert_eq!(of("bound.tpm")["policy"][0]["command"], "TPM2_PolicyPCR");
    assert_eq!(of("key.tpm")["parent"]["hierarchy"], "owner");
    assert_eq!(of("key.tpm")["needs_password"], true);
    desk.run("tpm2-keytool create -e P-256 --deprecated old.tpm").ok();
    for (name, template) in [("key.tpm", "standard"), ("old.tpm", "old")] {
        let parent = &of(name)["parent"];
        assert_eq!((&parent["type"], &parent["template"]), (&"EC".into(), &template.into()), "{name}");
    }
    assert_eq!(of("signed.tpm")["signed_policies"][0]["name"], "first");
    let mut nv = of("0x01800010");
    for name in ["index", "size", "holds"] {
        assert!(nv.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    conforms(&nv, &[&show]);
}

#[test]
fn the_output_of_status_is_as_documented() {
    let (desk, page) = (desk(), Page::read());
    let status = page.table("## `status --json`");
    let found = document(&desk.run("tpm2-keytool status --json").ok());
    conforms(&found, &[&status]);
    assert_eq!((&found["storage_root"], &found["failure_mode"]), (&"present".into(), &false.into()));
    for object in list(&found, "persistent") {
        conforms(&object["key"], &[&page.table("## A key")]);
    }
    // The names within each object are on the page, too.
    for name in ["lockout", "enabled", "has_password", "free"] {
        let row = status.iter().find(|row| row.name == name).unwrap();
        for inner in found[name].as_object().unwrap().keys() {
            assert!(row.words.contains(&format!("`{inner}`")), "{name}: {inner}");
        }
    }
    let none = desk.run("tpm2-keytool status --json --tcti swtpm:host=127.0.0.1,port=1").failed();
    assert!(none.out().is_empty() && none.err().contains("hint:"), "{none}");
}

#[test]
fn the_output_of_bench_is_as_documented() {
    let (desk, page) = (Desk::new(), Page::read());
    let found = document(&desk.run("tpm2-keytool bench --samples 1 --json").ok());
    conforms(&found, &[&page.table("## `bench --json`")]);
    let operations = list(&found, "operations");
    operations.iter().for_each(|one| conforms(one, &[&page.table("Each of `operations`:")]));
    assert_eq!((operations.len(), list(&found, "advice").is_empty()), (9, false));
}

#[test]
fn the_output_of_check_is_as_documented() {
    let (desk, page) = (desk(), Page::read());
    let (check, each) = (page.table("## `check --json`"), page.table("Each of `checks`:"));
    let conf = format!(
        "openssl_conf = i\n[i]\nproviders = p\n[p]\ndefault = d\ntpm2 = t\n[d]\nactivate = 1\n[t]\nactivate = 1\nmodule = {}\n",
        module::folder().join("tpm2.so").display()
    );
    desk.shell.write("service.cnf", conf);
    for (options, code, failed) in [
        ("-k secret key.tpm", 0, None),
        ("-k wrong key.tpm", 3, Some("password")),
        ("key.tpm", 7, Some("password")),
        ("bound.tpm", 0, None),
        ("--env TPM2_TCTI=swtpm:host=127.0.0.1,port=1 bound.tpm", 4, Some("tpm")),
    ] {
        let output = desk.run(&format!("tpm2-keytool check --json --config service.cnf {options}"));
        assert_eq!(output.code(), Some(code), "{output}");
        let found = document(&output);
        conforms(&found, &[&check]);
        assert_eq!((&found["exit"], &found["ok"]), (&code.into(), &(code == 0).into()), "{output}");
        let all = list(&found, "checks");
        all.iter().for_each(|one| conforms(one, &[&each]));
        let first =
            all.iter().find(|one| one["result"] == "failed").map(|one| one["check"].as_str().unwrap());
        assert_eq!(first, failed, "{output}");
        assert!(!output.out().contains("secret") && output.err().is_empty(), "{output}");
    }
    desk.tpm.raw(raw::DICTIONARY_ATTACK_LOCK_RESET, &[raw::LOCKOUT], &[b""], &[]).ok();
    desk.assert_tidy();
}

#[test]
fn the_page_lists_the_exit_codes_of_the_help() {
    let (desk, page) = (Desk::new(), Page::read());
    let help = desk.run("tpm2-keytool --help").ok().out();
    let (_, table) = help.split_once("Exit codes:\n").unwrap();
    let mut codes = 0;
    for line in table.lines().map(str::trim) {
        let Some((number, meaning)) = line.split_once("  ") else { continue };
        let row = format!("\n| {number} | {meaning}");
        assert!([" |\n", "; "].iter().any(|end| page.0.contains(&format!("{row}{end}"))), "{line}");
        codes += 1;
    }
    assert_eq!(codes, 9, "{table}");
    desk.run("tpm2-keytool man").ok().says("EXIT STATUS").says("signal N ended the program");
}

#[test]
fn the_output_of_the_commands_of_enrolment_is_as_documented() {
    let (desk, page) = (Desk::new(), Page::read());
    let name = desk.run("tpm2-keytool ak create 0x81010100").ok().out();
    let ak = document(&desk.run("tpm2-keytool ak show --json 0x81010100").ok());
    conforms(&ak, &[&page.table("## `ak show --json`")]);
    conforms(&ak["key"], &[&page.table("## A key")]);
    let ek = document(&desk.run("tpm2-keytool ek --json").ok());
    conforms(&ek, &[&page.table("## `ek --json`")]);
    assert!(list(&ek, "certificates").is_empty() && ek["public_key"].is_string(), "{ek}");
    desk.run("tpm2-keytool create key.tpm").ok();
    desk.run("tpm2-keytool certify key.tpm --ak 0x81010100 --nonce 00 proof").ok();
    let line = format!("tpm2-keytool verify --json proof --nonce 00 --ak-name {}", name.trim());
    let report = document(&desk.run(&line).ok());
    conforms(&report, &[&page.table("## `verify --json`")]);
    for check in list(&report, "checks") {
        conforms(check, &[&page.table("Each of `checks`, by the order in which they depend on each other:")]);
    }
    assert_eq!(report["ok"], true, "{report}");
}
