//! The installed configuration includes the system's openssl.cnf: TPM keys work, and the system's settings stay in force.
use std::fs;

use tests::Shell;

use crate::install::Site;
use crate::machine::Machine;

/// A machine with a TPM key, and the provider installed beside a system's openssl.cnf.
struct System {
    machine: Machine,
    site: Site,
}

impl System {
    /// A system whose openssl.cnf has this text, or that has no openssl.cnf.
    fn new(text: Option<&str>) -> Self {
        let machine = Machine::new();
        machine.key("key.tpm", "--ecc P-256");
        let site = Site(machine.openssl.shell().beside());
        fs::create_dir(site.0.file("ssl")).unwrap();
        if let Some(text) = text {
            site.0.write("ssl/openssl.cnf", text);
        }
        Self { machine, site }
    }

    fn installed(self) -> Self {
        self.site.make("install", &self.variables()).ok();
        self
    }

    fn variables(&self) -> String {
        let path = |name: &str| self.site.0.file(name).display().to_string();
        format!("PREFIX={} MODULES={} OPENSSLDIR={}", path("usr"), path("modules"), path("ssl"))
    }

    /// A shell with the TPM and this configuration file of the folder; the configuration names the module.
    fn shell(&self, configuration: &str) -> Shell {
        let shell = self.site.0.clone().env("TPM2_TCTI", self.machine.tpm.tcti());
        shell.env("OPENSSL_CONF", self.site.0.file(configuration))
    }

    #[track_caller]
    fn signs(&self, configuration: &str) {
        let shell = self.shell(configuration);
        shell.write("message", "what is signed");
        shell.ok("openssl dgst -sha256 -sign key.tpm -out message.sig message");
        shell.ok("openssl pkey -in key.tpm -pubout -out key.pub");
        self.site
            .0
            .ok("openssl dgst -sha256 -verify key.pub -signature message.sig message")
            .says("Verified OK");
    }
}

const OURS: &str = "usr/share/doc/tpm2-provider/openssl.cnf";

#[test]
fn the_stock_openssl_cnf_stays_in_force() {
    let folder = Shell::new("install").ok("openssl version -d").out();
    let folder = folder.split('"').nth(1).unwrap();
    let stock = fs::read_to_string(format!("{folder}/openssl.cnf")).unwrap();
    let system = System::new(Some(&stock)).installed();
    system.signs(OURS);
    // The extensions come from the system's file.
    system.shell(OURS).ok("openssl req -x509 -key key.tpm -subj /CN=machine -out crt.pem");
    system.site.0.ok("openssl x509 -in crt.pem -noout -ext basicConstraints").says("CA:TRUE");
}

#[test]
fn settings_outside_the_provider_section_stay_in_force() {
    let system = System::new(Some(
        "openssl_conf = openssl_init\n[openssl_init]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nCipherString = ECDHE-RSA-AES256-GCM-SHA384\n",
    ))
    .installed();
    system.signs(OURS);
    let ciphers = system.shell(OURS).ok("openssl ciphers -s").out();
    // The TLS 1.3 ciphers have a separate setting.
    let others = ciphers.trim().split(':').filter(|name| !name.starts_with("TLS_"));
    assert_eq!(others.collect::<Vec<_>>(), ["ECDHE-RSA-AES256-GCM-SHA384"]);
}

#[test]
fn providers_of_the_system_stay_active() {
    let system = System::new(Some(
        "openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n[provider_sect]\nlegacy = legacy_sect\n\
         [legacy_sect]\nactivate = 1\n",
    ))
    .installed();
    system.signs(OURS);
    system.shell(OURS).ok("openssl list -providers").says("default").says("legacy").says("TPM 2.0 keys");
}

#[test]
fn a_missing_file_does_no_harm() {
    let system = System::new(None).installed();
    system.signs(OURS);
    let output = system.shell(OURS).ok("openssl list -providers").says("default").says("TPM 2.0 keys");
    assert!(output.err().is_empty(), "{output}");
}

#[test]
fn the_systems_openssl_cnf_may_include_ours() {
    let system = System::new(Some("[last]\nx = y\n")).installed();
    let line = format!(".include {}\n", system.site.0.file("usr/share/doc/tpm2-provider/tpm2.cnf").display());
    let file = system.site.0.file("ssl/openssl.cnf");
    fs::write(&file, fs::read_to_string(&file).unwrap() + &line).unwrap();
    system.signs("ssl/openssl.cnf");
    system.signs(OURS);
    // After uninstalling, the system's file still works with the line.
    system.site.make("uninstall", &system.variables()).ok();
    system.shell("ssl/openssl.cnf").ok("openssl list -providers").says("default");
}

#[test]
fn an_init_section_with_another_name_is_noted() {
    let system = System::new(Some("openssl_conf = default_conf # ours\n[default_conf]\n"));
    let output = system.site.make("install", &system.variables()).ok();
    output.says("note: openssl_conf of").says("names [default_conf]");
    let usual = System::new(Some("openssl_conf=openssl_init\n"));
    let output = usual.site.make("install", &usual.variables()).ok();
    assert!(!output.out().contains("note"), "{output}");
}
