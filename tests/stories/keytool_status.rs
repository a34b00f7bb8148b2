//! `status` describes the TPM in words and suggests a fix for each fault; it says so when there is no TPM.

use std::time::Duration;

use tests::raw::{self, Tpm as _};
use tests::{Fate, Options, Pace, ResourceManager, Swtpm, TerminalDevice};

use crate::keytool::{Desk, full};

#[test]
fn a_new_tpm_is_reported_healthy() {
    let desk = Desk::new();
    let printed = desk.run("tpm2-keytool status").ok();
    for part in [
        "IBM",
        "TPM 2.0",
        "P-256",
        "2048",
        "sha256",
        "context gap",
        "open: 0 wrong passwords",
        "none at 0x81000001",
    ] {
        assert!(printed.out().contains(part), "{part}: {printed}");
    }
    assert!(printed.out().contains("TPM2_TCTI") && printed.out().contains("port="), "{printed}");
    let explicit = desk.run(&format!("tpm2-keytool status --tcti {}", desk.tpm.tcti())).ok();
    assert!(explicit.out().contains("parameter tcti"), "{explicit}");
    desk.assert_tidy();
}

#[test]
fn each_fault_is_shown_with_its_remedy() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary();
    desk.tpm.persist(parent, 0x8100_0001);
    desk.run("tpm2-keytool status").ok().says("present at 0x81000001").says("all is well");
    for _ in 0..2 {
        let _ = desk.tpm.create_primary();
    }
    desk.run("tpm2-keytool status").ok().says("all object slots are in use").says("tpm2_flushcontext -t");
    desk.others("tpm2_flushcontext -t");
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.run("tpm2-keytool status").ok().says("owner set").says("--passparent");
    for _ in 0..3 {
        let _ = desk.tpm.start_session();
    }
    desk.run("tpm2-keytool status").ok().says("all session slots are in use").says("tpm2_flushcontext -l");
}

#[test]
fn a_missing_tpm_is_an_error() {
    let mut desk = Desk::new();
    let port = desk.tpm.port();
    desk.tpm.stop();
    desk.run("tpm2-keytool status").failed().says("TPM2_TCTI").says(&port.to_string());
    let output = desk.run("tpm2-keytool status --tcti device:/dev/no-such-tpm").failed();
    output.says("/dev/no-such-tpm").says("firmware");
}

#[test]
fn status_works_through_a_resource_manager() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let desk = Desk::by(tpm, &manager.tcti());
    desk.run("tpm2-keytool status").ok().says("all is well");
    desk.run("create_tpm2_key -e P-256 -k secret key.tpm").ok();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key -w ec.pem key.tpm").ok();
    desk.assert_tidy();
}

#[test]
fn the_traffic_of_a_resource_manager_is_reported() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let desk = Desk::by(tpm, &manager.tcti());
    desk.shell.write(
        "managed.cnf",
        "openssl_conf = i\n[i]\nproviders = p\n[p]\ntpm2 = t\n[t]\nactivate = 1\nresource-manager = kernel\n",
    );
    let desk = Desk { shell: desk.shell.env("OPENSSL_CONF", "managed.cnf"), tpm: desk.tpm };
    let printed = desk.run("tpm2-keytool status").ok();
    assert!(row(&printed.out(), "traffic").contains("takes 4 commands"), "{printed}");
    printed.says("makes 4 commands").says("`tpm2-keytool create --persistent`, or `load`");
    desk.run("tpm2-keytool status --json").ok().says("\"resource_manager\": true");
    desk.run("tpm2-keytool create -e P-256 --persistent busy.ref").ok();
    desk.run("tpm2-keytool status").ok().says("with a persistent key, 1").says("all is well");
    desk.assert_tidy();
}

#[test]
fn the_kernels_resource_manager_is_recognized_under_another_name() {
    let tpm = Swtpm::start();
    let device = TerminalDevice::start(&tpm);
    let desk = Desk::by(tpm, "device:chip");
    let file = device.tcti().replace("device:", "");
    for (name, other, managed) in [("tpmrm0", "chip", true), ("tpm0", "tpmrm", false)] {
        desk.shell.write(
            "script",
            format!(
                "touch {name}; mount --bind {file} {name}; ln -sf {name} {other}; {} --tcti device:{other}",
                full("tpm2-keytool status --json")
            ),
        );
        let printed = desk.shell.ok("unshare --map-root-user --mount sh -e script");
        printed.says(&format!("\"resource_manager\": {managed}"));
    }
    desk.assert_tidy();
}

#[test]
fn a_slow_derivation_is_reported_if_a_storage_key_would_avoid_it() {
    let (desk, proxy) = Desk::behind_proxy();
    let slow = || proxy.on_response(Pace { rsa_key: 0, ..Pace::CHIP }.rule());
    let advice = "make it persistent with `tpm2-keytool srk`";
    // The owner's password is not needed to measure.
    for (from, to) in [(&b""[..], &b"owner"[..]), (b"owner", b"")] {
        desk.tpm.set_hierarchy_auth(raw::OWNER, from, to);
        slow();
        let printed = desk.run("tpm2-keytool status").ok().says(advice);
        let time = row(&printed.out(), "storage root").split(", in ").nth(1).unwrap().replace(" ms", "");
        assert!(time.parse::<u64>().unwrap() >= 200, "{printed}");
        proxy.remove_rules();
    }
    desk.run("tpm2-keytool srk").ok();
    slow();
    let printed = desk.run("tpm2-keytool status").ok().says("present at 0x81000001");
    assert!(!printed.out().contains(advice), "{printed}");
    proxy.remove_rules();
    // A key with the same template that the hierarchy does not derive.
    desk.run("tpm2-keytool evict --yes 81000001").ok();
    let other = desk.tpm.create_other_primary(b"");
    desk.tpm.persist(other, 0x8100_0001);
    desk.tpm.flush(other);
    desk.run("tpm2-keytool status").ok().says("another parent is at 0x81000001").says("derive their parent");
    for verb in ["status", "bench --yes --samples 1"] {
        desk.run(&format!("tpm2-keytool {verb} --json")).ok().says("\"storage_root\": \"other\"");
    }
    desk.run("tpm2-keytool bench --yes --samples 1").ok().says("another object is at 0x81000001");
    desk.assert_tidy();
}

/// Returns the value of one row.
#[track_caller]
fn row(status: &str, name: &str) -> String {
    let line = status.lines().find(|line| line.starts_with(&format!("  {name:14}")));
    line.unwrap_or_else(|| panic!("no row {name} in\n{status}"))[16..].to_owned()
}

/// Returns the raw value of a property in the output of tpm2_getcap.
#[track_caller]
fn property(text: &str, name: &str) -> u32 {
    let rest = text.split(&format!("TPM2_PT_{name}:")).nth(1).unwrap_or_else(|| panic!("{name} in\n{text}"));
    let value = rest.trim_start().trim_start_matches("raw:").split_whitespace().next().unwrap();
    let digits = value.strip_prefix("0x");
    digits.map_or_else(|| value.parse(), |digits| u32::from_str_radix(digits, 16)).unwrap()
}

/// Returns a bit of a property.
#[track_caller]
fn bit(text: &str, name: &str) -> bool {
    text.split(&format!("{name}:")).nth(1).unwrap().split_whitespace().next().unwrap() == "1"
}

#[test]
fn every_line_agrees_with_tpm2_tools() {
    let desk = Desk::new();
    // Every value differs from its default.
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256 -c owner.ctx; tpm2_evictcontrol -Q -c owner.ctx 0x81000001; tpm2_flushcontext -t
         tpm2_createprimary -Q -C e -G rsa2048 -c rsa.ctx; tpm2_evictcontrol -Q -c rsa.ctx 0x81010001; tpm2_flushcontext -t
         tpm2_nvdefine -Q 0x1500001 -s 8; tpm2_nvdefine -Q 0x1500002 -s 8
         tpm2_dictionarylockout -Q -s -n 7 -t 90061 -l 119
         tpm2_changeauth -Q -c e word; tpm2_changeauth -Q -c l word
         tpm2_pcrallocate -Q sha1:none+sha256:all+sha384:none+sha512:all",
    );
    desk.tpm.reset_and_startup();
    let _session = desk.tpm.start_session();
    let _key = desk.tpm.create_primary();
    desk.others("tpm2_startauthsession -Q -S session.ctx");
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let printed = desk.run("tpm2-keytool status").ok();
    let status = printed.out();
    for what in [
        "properties-fixed",
        "properties-variable",
        "algorithms",
        "ecc-curves",
        "pcrs",
        "handles-persistent",
        "handles-nv-index",
        "handles-saved-session",
    ] {
        desk.shell.write(what, desk.shell.ok(&format!("tpm2_getcap {what}")).out());
    }
    let (fixed, variable) = (desk.shell.text("properties-fixed"), desk.shell.text("properties-variable"));
    let said = |name: &str| row(&status, name);
    let (fixed, variable) = (|name: &str| property(&fixed, name), |name: &str| property(&variable, name));

    assert_eq!(said("TCTI"), format!("{} (the environment variable TPM2_TCTI)", desk.tpm.tcti()));
    let letters = |names: &[&str]| {
        let bytes: Vec<u8> =
            names.iter().flat_map(|name| fixed(name).to_be_bytes()).filter(|&o| o != 0).collect();
        String::from_utf8(bytes).unwrap().trim().to_owned()
    };
    let maker = said("maker");
    assert!(maker.starts_with(&format!("{}: ", letters(&["MANUFACTURER"]))), "{maker}");
    let model = letters(&["VENDOR_STRING_1", "VENDOR_STRING_2", "VENDOR_STRING_3", "VENDOR_STRING_4"]);
    assert!(maker.ends_with(&format!("model {model:?}")), "{maker}");
    let halves = ["FIRMWARE_VERSION_1", "FIRMWARE_VERSION_2"]
        .map(fixed)
        .map(|v| format!("{}.{}", v >> 16, v & 0xffff));
    assert_eq!(said("firmware"), halves.join("."));
    let revision = fixed("REVISION");
    assert_eq!(said("version"), format!("TPM 2.0, revision {}.{:02}", revision / 100, revision % 100));
    let tested = desk.shell.ok("tpm2_gettestresult").out();
    assert!(tested.contains("status:   success") == (said("self test") == "passed"), "{tested}: {status}");

    let algorithms = desk.shell.text("algorithms");
    let names =
        algorithms.lines().filter(|line| !line.starts_with(' ')).map(|line| line.trim_end_matches(':'));
    assert_eq!(said("algorithms"), names.collect::<Vec<_>>().join(" "));
    let curves = desk.shell.text("ecc-curves");
    let names = curves.lines().map(|line| line.split(':').next().unwrap().trim_start_matches("TPM2_ECC_"));
    let names =
        names.map(|name| name.strip_prefix("NIST_P").map_or(name.to_owned(), |bits| format!("P-{bits}")));
    assert_eq!(said("curves"), names.collect::<Vec<_>>().join(" "));
    for bits in [1024, 2048, 3072, 4096] {
        let has = desk.shell.run(&format!("tpm2_testparms rsa{bits}")).success();
        assert_eq!(said("RSA sizes").contains(&bits.to_string()), has, "{bits}");
    }
    let banks = desk.shell.text("pcrs");
    let banks =
        banks.lines().filter_map(|line| line.trim().strip_prefix("- ")).filter(|bank| bank.contains("0,"));
    let banks: Vec<_> = banks.map(|bank| bank.split(':').next().unwrap().to_owned()).collect();
    assert_eq!((said("PCR banks"), banks.len()), (banks.join(" "), 2));

    assert_eq!(
        said("slots"),
        format!(
            "objects: {} free of at least {}; persistent keys: {} more; sessions: {} more loaded at the same time",
            variable("HR_TRANSIENT_AVAIL"),
            fixed("HR_TRANSIENT_MIN"),
            variable("HR_PERSISTENT_AVAIL"),
            variable("HR_LOADED_AVAIL")
        )
    );
    let saved = desk.shell.text("handles-saved-session").lines().count();
    assert_eq!(saved, 1);
    assert_eq!(
        said("sessions"),
        format!(
            "{} active of {}, {saved} of them saved",
            variable("HR_ACTIVE"),
            fixed("ACTIVE_SESSIONS_MAX")
        )
    );
    assert_eq!(said("context gap"), fixed("CONTEXT_GAP_MAX").to_string());
    assert_eq!((variable("LOCKOUT_INTERVAL"), variable("LOCKOUT_RECOVERY")), (90_061, 119));
    assert_eq!(
        said("lockout"),
        format!(
            "open: {} wrong passwords of {}; one is forgiven every 25 h 1 min 1 s; a wrong lockout password closes the lockout hierarchy for 119 s",
            variable("LOCKOUT_COUNTER"),
            variable("MAX_AUTH_FAIL")
        )
    );
    let flags = desk.shell.text("properties-variable");
    let word = |name: &str, yes: &'static str, no: &'static str| if bit(&flags, name) { yes } else { no };
    assert_eq!(
        said("passwords"),
        format!(
            "owner {}, endorsement {}, lockout {}",
            word("ownerAuthSet", "set", "empty"),
            word("endorsementAuthSet", "set", "empty"),
            word("lockoutAuthSet", "set", "empty")
        )
    );
    assert_eq!(
        said("hierarchies"),
        format!(
            "owner {}, endorsement {}, platform {}",
            word("shEnable", "enabled", "disabled"),
            word("ehEnable", "enabled", "disabled"),
            word("phEnable", "enabled", "disabled")
        )
    );
    // Without noDA, the template is not the standard one.
    assert!(said("storage root").starts_with("another parent is at 0x81000001"), "{status}");
    for (kind, handles) in [("persistent", "handles-persistent"), ("NV indexes", "handles-nv-index")] {
        let handles = desk.shell.text(handles);
        let first = status.lines().position(|line| line.starts_with(&format!("  {kind}"))).unwrap();
        let listed = status.lines().skip(first).zip(1..);
        for (handle, (line, number)) in handles.lines().zip(listed) {
            let handle = u32::from_str_radix(handle.trim_start_matches("- 0x"), 16).unwrap();
            assert!(line[16..].starts_with(&format!("{number}. {handle:#010x}")), "{line}: {status}");
        }
        assert_eq!(handles.lines().count(), 2);
    }
    printed.says("EC P-256, fixedTPM").says("RSA 2048, fixedTPM").says("--passparent");
}

#[test]
fn a_lockout_is_shown_with_its_remedy() {
    let desk = Desk::new();
    desk.tpm.set_dictionary_attack(5, 7_200);
    let key = desk.tpm.create_primary_with(b"secret", raw::DA_PROTECTED);
    let guess = || drop(desk.tpm.raw(raw::OBJECT_CHANGE_AUTH, &[key, key], &[b"wrong"], &[0, 0]));
    guess();
    desk.run("tpm2-keytool status")
        .ok()
        .says("open: 1 wrong passwords of 5")
        .says("4 more wrong passwords lock the TPM");
    (1..5).for_each(|_| guess());
    desk.run("tpm2-keytool status")
        .ok()
        .says("LOCKED: 5 wrong passwords of 5; one is forgiven every 2 h")
        .says("wait 2 h, or run `tpm2_dictionarylockout --clear-lockout`");
    assert!(bit(&desk.shell.ok("tpm2_getcap properties-variable").out(), "inLockout"));
    desk.others("tpm2_dictionarylockout -Q --clear-lockout; tpm2_flushcontext -t");
    desk.run("tpm2-keytool status").ok().says("open: 0 wrong passwords of 5").says("all is well");
    desk.others("tpm2_dictionarylockout -Q -s -n 5 -t 0 -l 0");
    desk.run("tpm2-keytool status")
        .ok()
        .says("protection is switched off")
        .says("closes the lockout hierarchy for the next reset");
    desk.others("tpm2_dictionarylockout -Q -s -n 5 -t 10 -l 10; tpm2_hierarchycontrol -Q -C p ehEnable clear; tpm2_hierarchycontrol -Q -C p shEnable clear");
    desk.run("tpm2-keytool status")
        .ok()
        .says("owner disabled, endorsement disabled, platform enabled")
        .says("enable it in the firmware setup")
        .says("`attest` cannot work");
}

/// In failure mode a TPM answers GetTestResult, and GetCapability for its manufacturer (Part 3 §10.4, §30.2), and nothing else.
#[test]
fn a_tpm_in_failure_mode_is_reported() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.on_command(|command| match raw::code(command) {
        // TPM2_GetTestResult: four manufacturer-specific bytes, and TPM_RC_FAILURE.
        0x17c => {
            Fate::Answer(vec![0x80, 1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 4, 0xde, 0xad, 0xbe, 0xef, 0, 0, 1, 1])
        }
        raw::GET_CAPABILITY if raw::u32_at(command, 10) == 6 && raw::u32_at(command, 14) < 0x110 => {
            Fate::Pass
        }
        _ => Fate::Answer(raw::answer(0x101)),
    });
    let output = desk.run("tpm2-keytool status").failed();
    let printed = output.out();
    assert_eq!(row(&printed, "maker"), "IBM: IBM (also reported by swtpm and libtpms); model \"SW   TPM\"");
    assert!(row(&printed, "self test").starts_with("FAILED: TPM_RC_FAILURE (0x101)"), "{printed}");
    assert!(
        printed.contains("deadbeef") && !printed.contains("lockout") && !printed.contains("well"),
        "{printed}"
    );
    output.says("the TPM is in failure mode").says("off and on");
    // A TPM that does not answer even that.
    proxy.on_command(|_| Fate::Answer(raw::answer(0x101)));
    desk.run("tpm2-keytool status").failed().says("failure mode").says("not reported");
}

#[test]
fn anything_but_a_tpm_2_is_an_error_with_a_remedy() {
    let (desk, proxy) = Desk::behind_proxy();
    for (tcti, cause) in [
        ("swtpm:host=127.0.0.1,port=1", "port=1"),
        ("mssim:host=127.0.0.1,port=1", "port=1"),
        ("swtpm:path=/nowhere", "No such file"),
        ("device:/dev/no-such-tpm", "/dev/no-such-tpm"),
        ("device:/dev/null", "the device gives no answer"),
        ("device:/etc/passwd", "not a device"),
        // The program may exit before the command is written, or after.
        ("cmd:false", "what answers there does not behave like a TPM 2.0"),
        ("cmd:cat", "damaged in transit"),
        ("nonsense", "not a TCTI string"),
        ("nonsense:x=y", "nonsense"),
        ("''", "it is empty"),
    ] {
        let output = desk.run(&format!("tpm2-keytool status --tcti {tcti}")).failed().says(cause);
        assert!(output.err().contains("  hint: ") && output.out().is_empty(), "{output}");
    }
    // A TPM 1.2, a TPM that is not started and cannot be, a TPM that closes the connection.
    for (answer, cause) in [(0x1e, "TPM 1.2"), (0x100, "not started"), (0x9ff, "0x9ff")] {
        proxy.on_command(move |_| Fate::Answer(raw::answer(answer)));
        let output = desk.run("tpm2-keytool status").failed().says(cause);
        assert!(output.err().contains("  hint: ") && output.out().is_empty(), "{output}");
    }
    proxy.on_command(|_| Fate::HangUp);
    desk.run("tpm2-keytool status").failed().says("hint: ");
    // No TCTI in the environment, no device.
    let shell = desk.shell.beside().limit(Duration::from_secs(20));
    let output = shell.run(&format!("{} status", tests::module::keytool().display()));
    assert!(!output.success() || std::path::Path::new("/dev/tpm0").exists(), "{output}");
}
