//! The provider and the key tool obey every setting, in openssl.cnf and in the environment.
use tests::process::Output;
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Proxy, Swtpm, module};
use tpm::config::Setting;

use crate::machine::Machine;

/// A setting, a value with which everything works, a value with which everything fails, and the error of the latter.
struct Row {
    setting: Setting,
    right: String,
    wrong: &'static str,
    says: &'static str,
    /// The commands that need the setting: one of `openssl`, and one of the key tool.
    uses: [&'static str; 2],
    /// The commands for the wrong value, if it needs others.
    uses_wrong: Option<[&'static str; 2]>,
}

const GENERATE: &str = "genpkey -algorithm EC -pkeyopt group:P-256 -propquery provider=tpm2 -out new.tpm";
const CREATE: &str = "create --force -e P-256 new.tpm";

fn rows(machine: &Machine) -> Vec<Row> {
    let row = |setting, right: &str, wrong, says| {
        let uses = [GENERATE, CREATE];
        Row { setting, right: right.to_owned(), wrong, says, uses, uses_wrong: None }
    };
    let file = |name: &str| format!("file:{}", machine.openssl.file(name).display());
    machine.openssl.write("owner.pin", "owner\n");
    machine.openssl.write(
        "soft.cnf",
        "openssl_conf = init\n[init]\nproviders = all\n[all]\ndefault = active\n[active]\nactivate = 1\n",
    );
    vec![
        row(Setting::TCTI, &machine.tpm.tcti(), "nowhere:", "not a TCTI string"),
        row(Setting::CONNECTION, "operation", "forever", "write process or operation"),
        row(Setting::SESSION, "password", "open", "write hmac or password"),
        row(Setting::TIMEOUT, "60", "soon", "not a number of seconds"),
        row(Setting::SESSION_KEEP, "30", "soon", "not a number of seconds"),
        row(Setting::RESOURCE_MANAGER, "kernel", "some", "write auto or kernel or none"),
        row(Setting::SALT_NAME, &null_name(machine), "000b0000", "the Name in salt-name"),
        row(Setting::LAST_TRY, "allow", "perhaps", "write refuse or allow"),
        row(Setting::PROVE_PASSWORD, "use", "never", "write open or use"),
        row(Setting::PARENT, "endorsement", "80000001", "transient"),
        Row {
            uses: ["pkey -in site-key:81000001 -pubout", "show site-key:81000001"],
            // OpenSSL takes the wrong value for a file name, and does not ask the provider.
            uses_wrong: Some(["pkey -in handle:81000001 -pubout", "show 81000001"]),
            ..row(Setting::NV_PREFIX, "site-key:", "site-key", "is not a prefix")
        },
        Row {
            uses: ["pkey -in key.tpm -pubout", "create --force --wrap soft.pem new.tpm"],
            ..row(Setting::SOFTWARE, &file("soft.cnf"), "hardware", "omit it")
        },
        row(Setting::ASYNC, "yes", "perhaps", "write no or yes"),
        // The owner hierarchy has a password from here on.
        row(Setting::PIN, "owner", "other", "parent"),
        row(
            Setting::PIN_SOURCE,
            &file("owner.pin"),
            "file:/nonexistent",
            "check the path and its permissions",
        ),
    ]
}

/// Returns the Name in hexadecimal, as the kernel shows it.
fn null_name(machine: &Machine) -> String {
    machine.tool.ok("attest -C null --outname").out().trim().to_owned()
}

/// Runs both programs, each with its command.
fn run(openssl: &Openssl, [ours, tool]: [&str; 2]) -> [Output; 2] {
    let tool = format!("{} {tool}", module::keytool().display());
    [openssl.run(ours), openssl.shell().run(&tool)]
}

#[test]
fn the_provider_and_the_key_tool_obey_every_setting() {
    let machine = Machine::new();
    machine.provision();
    machine.openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.pem");
    machine.key("key.tpm", "-e P-256");
    let rows = rows(&machine);
    for setting in Setting::ALL {
        let here = rows.iter().any(|row| row.setting.name() == setting.name());
        assert!(here, "the setting {} has no row here: add one", setting.name());
    }
    let mut locked = false;
    for row in &rows {
        let name = row.setting.name();
        if name.starts_with("pin") && !std::mem::replace(&mut locked, true) {
            machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
        }
        let variable = row.setting.variable();
        let line = |value: &str| machine.openssl.clone().set(name, value);
        let environment = |value: &str| machine.openssl.clone().env(&variable, value);
        for (place, right, wrong) in [
            (name, line(&row.right), line(row.wrong)),
            (variable.as_str(), environment(&row.right), environment(row.wrong)),
            // The section takes precedence over the variable.
            (name, line(&row.right).env(&variable, row.wrong), line(row.wrong).env(&variable, &row.right)),
        ] {
            for output in run(&right, row.uses) {
                assert!(output.success(), "{name} = {}: {output}", row.right);
            }
            for output in run(&wrong, row.uses_wrong.unwrap_or(row.uses)) {
                let output = output.failed().says(row.says);
                // Only the parser of settings names the place of a malformed value; other values are refused where they are used.
                let spelling = !["tcti", "salt-name", "pin"].contains(&name);
                assert!(!spelling || output.err().contains(place), "{name} = {}: {output}", row.wrong);
            }
        }
    }
}

#[test]
fn the_effect_of_a_setting_shows_in_both_programs() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let key = |openssl: &Openssl, parent: &str, sessions: usize| {
        for command in [format!("openssl {GENERATE}"), format!("{} {CREATE}", module::keytool().display())] {
            proxy.log().clear();
            openssl.shell().ok(&command);
            assert_eq!(proxy.log().count(raw::START_AUTH_SESSION), sessions, "{command}");
            machine.tool.ok("show new.tpm").says(parent);
        }
    };
    key(&machine.openssl, "owner", 1);
    key(&machine.openssl.clone().set("session", "password"), "owner", 0);
    key(&machine.openssl.clone().set("parent", "endorsement"), "endorsement", 1);
}

#[test]
fn an_option_of_the_key_tool_overrides_every_setting() {
    let machine = Machine::new();
    let tool = module::keytool().display().to_string();
    let elsewhere = machine.openssl.clone().set("tcti", "nowhere:").set("salt-name", "000b0000");
    let (tcti, name) = (machine.tpm.tcti(), null_name(&machine));
    let create = format!("{tool} {CREATE}");
    elsewhere.shell().failed(&create).says("nowhere:");
    elsewhere.shell().failed(&format!("{create} --tcti {tcti}")).says("the Name in salt-name");
    elsewhere.shell().ok(&format!("{create} --tcti {tcti} --salt-name {name}"));
    elsewhere
        .shell()
        .failed(&format!("{create} --tcti {tcti} --salt-name /nonexistent"))
        .says("the option --salt-name");
}

#[test]
fn an_unreadable_openssl_cnf_is_an_error() {
    let machine = Machine::new();
    let tool = module::keytool().display().to_string();
    let shell = machine.openssl.shell();
    let path = shell.write("broken.cnf", "openssl_conf = init\n[init\n");
    let broken = shell.clone().env("OPENSSL_CONF", path);
    broken.failed(&format!("{tool} {CREATE}")).says("broken.cnf").says("line 2");
    // A missing file is like an empty one, also for OpenSSL.
    let absent = shell.clone().env("OPENSSL_CONF", shell.file("absent.cnf"));
    absent.ok(&format!("{tool} {CREATE}"));
}

#[test]
fn our_parent_password_overrides_that_of_tpm2_openssl() {
    let machine = Machine::new();
    // A wrong password for this parent counts.
    machine.tpm.set_dictionary_attack(30, 10_000);
    let parent = machine.tpm.create_primary_with(b"right", raw::DA_PROTECTED);
    machine.tpm.persist(parent, 0x8100_0002);
    machine.tpm.flush(parent);
    machine.openssl.write("right", "right\n");
    let tool = module::keytool().display().to_string();
    let generate = format!("openssl {GENERATE} -pkeyopt parent:81000002");
    let create = format!("{tool} create --force -e P-256 -p 81000002 new.tpm");
    let sign = "openssl dgst -sha256 -sign new.tpm -out sig right";
    let with = |auth: &str| machine.openssl.clone().env("TPM2OPENSSL_PARENT_AUTH", auth);
    for make in [&generate, &create] {
        with("right").shell().ok(make);
        with("right").shell().ok(sign);
        // The provider's own settings take precedence.
        with("wrong").set("pin", "right").shell().ok(make);
        with("wrong").set("pin-source", "file:right").shell().ok(make);
        with("wrong").env("TPM2_PIN", "right").shell().ok(sign);
    }
    with("wrong").shell().ok(&format!("{generate} -pkeyopt parent-auth:right"));
    with("wrong").shell().ok(&format!("{create} -b right"));
    // The variable is for a parent at a handle: the owner hierarchy has no password, and none is sent to it.
    with("wrong").shell().ok(&format!("{tool} create -e P-256 owned.tpm"));
    with("wrong").shell().ok(&format!("openssl {GENERATE}"));
    with("wrong").shell().ok("openssl dgst -sha256 -sign owned.tpm -out sig right");
    assert_eq!(machine.tpm.failures(), 0, "a wrong password was tried");
    for make in [&generate, &create] {
        with("right").env("TPM2_PIN", "other").shell().failed(make).says("parent");
        let refused = with("unsaid").env("TPM2_TRACE", "1").shell().failed(make).says("parent");
        assert!(!refused.err().contains("unsaid"), "{refused}");
    }
    assert_eq!(machine.tpm.failures(), 4);
    machine.tpm.assert_empty();
}
