//! A process whose default property query is `fips=yes` uses TPM keys when the setting `software` names a FIPS provider.
//!
//! The story uses the real FIPS provider if OpenSSL's module folder has it (Debian 13: openssl-provider-fips), and otherwise a stand-in
//! with the algorithms of the default provider. TPM2_FIPS=real makes the stand-in an error.
use std::os::unix::fs::symlink;
use std::path::Path;

use tests::raw::Tpm as _;
use tests::tls::handshake;
use tests::{Openssl, Order, Shell, TlsServer, module};

use crate::machine::{Machine, SRK, program};

const ADVICE: &str = "set software = fips, or file:";

/// A machine with keys, where OpenSSL finds a FIPS provider. Its configuration does not use that provider yet.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.key("rsa.tpm", "--rsa");
    machine.key("ec.tpm", "--ecc P-256");
    machine.provision();
    let shell = machine.openssl.shell();
    let section = provider(shell);
    shell.write("module.cnf", &section);
    let providers = format!("[providers]\nfips = fips_provider\nbase = base_provider\n{section}");
    shell.write("fips.cnf", format!("{ACTIVATE}{providers}"));
    shell.write("both.cnf", format!("{ACTIVATE}{providers}[providers]\ndefault = base_provider\n"));
    let modules = shell.file("modules").display().to_string();
    Machine { openssl: machine.openssl.env("OPENSSL_MODULES", &modules), ..machine }
}

const ACTIVATE: &str = "openssl_conf = init\n[init]\nproviders = providers\n[base_provider]\nactivate = 1\n";

/// Puts our module and a FIPS provider into the folder `modules`, and returns the section that activates the FIPS provider.
fn provider(shell: &Shell) -> String {
    std::fs::create_dir(shell.file("modules")).unwrap();
    symlink(module::folder().join("tpm2.so"), shell.file("modules/tpm2.so")).unwrap();
    let printed = shell.ok("openssl version -m").out();
    let real = Path::new(printed.split('"').nth(1).unwrap()).join("fips.so");
    if real.exists() {
        symlink(real, shell.file("modules/fips.so")).unwrap();
        shell.ok(
            "openssl fipsinstall -module modules/fips.so -out fipsmodule.cnf -section_name fips_provider",
        );
        return shell.text("fipsmodule.cnf");
    }
    assert_ne!(std::env::var("TPM2_FIPS").as_deref(), Ok("real"), "{} is missing", real.display());
    let source = module::workspace().join("tests/stories/c/fips_stand_in.c");
    let flags = "-std=gnu11 -O1 -Wall -Wextra -Werror -Wno-unused-parameter -shared -fPIC";
    shell.ok(&format!("cc {flags} -o modules/fips.so '{}' -lcrypto", source.display()));
    "[fips_provider]\nactivate = 1\n".to_owned()
}

/// The configuration with the FIPS provider instead of the default one, and with this default property query.
fn querying(openssl: &Openssl, query: &str) -> Openssl {
    let section = openssl.text("module.cnf");
    openssl.clone().ordered(Order::Tpm2AndFips).sections(&format!(
        "{section}[init]\nalg_section = algorithms\n[algorithms]\ndefault_properties = {query}\n"
    ))
}

/// Both values of `software` that select the FIPS provider.
fn settings(openssl: &Openssl) -> [String; 2] {
    ["fips".to_owned(), format!("file:{}", openssl.file("fips.cnf").display())]
}

#[test]
fn every_algorithm_is_fips_when_a_fips_provider_does_the_software_part() {
    let machine = machine();
    let registry = program(machine.openssl.shell(), "registry");
    let rows = machine.openssl.shell().ok(&registry).out();
    // The TPM's random number generator is not a FIPS generator.
    let rows: String =
        rows.lines().filter(|row| !row.starts_with("RAND ")).map(|row| format!("{row}\n")).collect();
    // One instance without a query, and one in a process that fetches with `fips=yes` only.
    for openssl in [machine.openssl.clone(), querying(&machine.openssl, "fips=yes")] {
        for software in settings(&openssl) {
            let openssl = openssl.clone().set("software", &software);
            let of_fips = openssl.shell().ok(&format!("{registry} fips=yes")).out();
            assert_eq!(of_fips, rows, "{software}");
        }
    }
}

#[test]
fn no_algorithm_is_fips_when_another_provider_may_do_the_software_part() {
    let machine = machine();
    let registry = program(machine.openssl.shell(), "registry");
    let both = format!("file:{}", machine.openssl.file("both.cnf").display());
    let absent = format!("file:{}", machine.openssl.file("absent.cnf").display());
    for openssl in [
        machine.openssl.clone(),
        machine.openssl.clone().set("software", &both),
        machine.openssl.clone().set("software", &absent),
    ] {
        openssl.shell().failed(&format!("{registry} fips=yes")).says("does not say fips=yes");
        let algorithms = openssl.ok("list -signature-algorithms -propquery fips=yes").out();
        assert!(!algorithms.contains("tpm2"), "{algorithms}");
    }
    // Each algorithm is found without that query.
    machine.openssl.shell().ok(&registry);
}

#[test]
fn a_process_that_accepts_only_fips_uses_tpm_keys() {
    let mut machine = machine();
    let plain = machine.openssl.clone();
    for query in ["fips=yes", "?fips=yes"] {
        for software in settings(&plain) {
            machine.openssl = querying(&plain, query).set("software", &software);
            signs_decrypts_and_derives(&machine);
            makes_keys(&machine);
            machine.tpm.assert_empty();
            serves(&machine);
            // Flushes the keys that the killed servers left loaded.
            machine.tpm.reset_and_startup();
        }
    }
}

fn signs_decrypts_and_derives(machine: &Machine) {
    let openssl = &machine.openssl;
    let stock = openssl.without_tpm2();
    openssl.write("message", b"what is signed");
    for key in ["rsa.tpm", "ec.tpm"] {
        machine.signs(key);
        openssl.ok(&format!("dgst -sha256 -verify {key}.pub -signature message.sig message")).says("OK");
    }
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    openssl.ok(&format!("dgst -sha384 {pss} -sign rsa.tpm -out message.sig message"));
    stock.ok(&format!("dgst -sha384 {pss} -verify rsa.tpm.pub -signature message.sig message"));
    // An algorithm that FIPS lacks is not taken from another provider.
    openssl.failed("dgst -md5 -sign rsa.tpm -out message.md5 message");

    let oaep = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256";
    stock.ok(&format!("pkeyutl -encrypt -pubin -inkey rsa.tpm.pub {oaep} -in message -out sealed"));
    openssl.ok(&format!("pkeyutl -decrypt -inkey rsa.tpm {oaep} -in sealed -out opened"));
    assert_eq!(openssl.read("opened"), b"what is signed");

    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out peer");
    stock.ok("pkey -in peer -pubout -out peer.pub");
    openssl.ok("pkeyutl -derive -inkey ec.tpm -peerkey peer.pub -out ours");
    stock.ok("pkeyutl -derive -inkey peer -peerkey ec.tpm.pub -out theirs");
    assert_eq!(openssl.read("ours"), openssl.read("theirs"));
}

fn makes_keys(machine: &Machine) {
    let openssl = &machine.openssl;
    for how in ["-algorithm EC -propquery provider=tpm2", "-algorithm TPM2-EC"] {
        openssl.ok(&format!("genpkey {how} -pkeyopt group:P-256 -out new.tpm"));
        machine.signs("new.tpm");
    }
    // A key without TPM options is a software key, whichever provider makes it.
    openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.pem");
    assert!(openssl.text("soft.pem").contains("BEGIN PRIVATE KEY"), "{}", openssl.text("soft.pem"));
    openssl.ok("pkey -in soft.pem -check -noout");
    openssl.ok(&format!("storeutl -noout -keys handle:{SRK:#x}"));
}

fn serves(machine: &Machine) {
    let openssl = &machine.openssl;
    for key in ["ec", "rsa"] {
        openssl.ok(&format!("req -x509 -key {key}.tpm -subj /CN=localhost -days 1 -out {key}.crt"));
        let server = TlsServer::start(openssl, &format!("-key {key}.tpm -cert {key}.crt"));
        for (version, protocol) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            // The client may use any algorithm.
            let options = format!("{version} -CAfile {key}.crt -verify_return_error");
            let client = server.client(&openssl.without_tpm2(), &options);
            assert_eq!(handshake(&client).protocol, protocol);
        }
    }
}

#[test]
fn without_the_setting_the_error_names_it() {
    let machine = machine();
    let both = format!("file:{}", machine.openssl.file("both.cnf").display());
    let demanding = querying(&machine.openssl, "fips=yes");
    for openssl in [demanding.clone(), demanding.clone().set("software", &both)] {
        openssl.write("message", b"what is signed");
        openssl.failed("dgst -sha256 -sign ec.tpm -out message.sig message").says(ADVICE);
        openssl.failed("pkey -in rsa.tpm -pubout").says(ADVICE);
        openssl.failed("req -x509 -key ec.tpm -subj /CN=x").says(ADVICE);
        for uri in ["tpm2:", "handle:0x81000001", "//nvkey:81000001"] {
            openssl.run(&format!("storeutl -noout {uri}")).says(ADVICE);
        }
        openssl.failed("pkey -in handle:0x81000001 -pubout").says(ADVICE);
        openssl
            .clone()
            .set("NVPREFIX", "site-key:")
            .failed("pkey -in site-key:81000001 -pubout")
            .says(ADVICE);
        openssl.failed("genpkey -algorithm TPM2-EC -pkeyopt group:P-256").says(ADVICE);
        // Software keys work as without tpm2.
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.pem");
        openssl.ok("pkey -in soft.pem -noout");
    }
    let absent = demanding.clone().set("software", "file:/nonexistent.cnf");
    absent
        .failed("pkey -in rsa.tpm -pubout")
        .says("/nonexistent.cnf activates no provider that tpm2 can use for software")
        .says("activate default, or fips and base, in that file, but not tpm2");
    // A process that only prefers FIPS gets what is available.
    let preferring = Machine { openssl: querying(&machine.openssl, "?fips=yes"), ..machine };
    preferring.signs("ec.tpm");
    preferring.openssl.ok("pkey -in handle:0x81000001 -pubout");
    preferring.openssl.ok("genpkey -algorithm TPM2-EC -pkeyopt group:P-256 -out new.tpm");
    preferring.signs("new.tpm");
}

#[test]
fn a_program_with_its_own_library_context_keeps_its_configuration() {
    let machine = machine();
    let shell = machine.openssl.shell();
    let base = format!("{ACTIVATE}[providers]\nbase = base_provider\n");
    shell.write("own.cnf", base);
    let own_context = program(shell, "own_context");
    for openssl in [machine.openssl.clone(), machine.openssl.clone().set("software", "fips")] {
        openssl.shell().ok(&format!("{own_context} own.cnf")).says("its own configuration");
    }
}
