//! `check` tests a service that runs as the user nobody, with its own openssl.cnf. Each fault is made once, and named with a remedy.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, PKeyRef, Private, Public};
use openssl::x509::{X509Builder, X509NameBuilder};
use tests::process::Output;
use tests::raw::{self, Tpm as _};
use tests::{module, tamper};

use crate::keytool::Desk;

/// A machine with a service that runs as the user nobody.
struct Service(Desk);

impl Service {
    fn new() -> Self {
        Self::at(Desk::new())
    }

    fn at(desk: Desk) -> Self {
        let service = Self(desk);
        service.mode(".", 0o755);
        // The user nobody may not be able to enter the build folder.
        fs::copy(module::folder().join("tpm2.so"), service.0.shell.file("tpm2.so")).unwrap();
        service.configure("default = d\ntpm2 = t", "");
        service.create("");
        service
    }

    /// Writes service.cnf with these providers, and these settings in the provider's section.
    fn configure(&self, providers: &str, settings: &str) {
        let module = self.0.shell.file("tpm2.so").display().to_string();
        let tcti = self.tcti();
        let text = format!(
            "openssl_conf = init\n[init]\nproviders = p\n[p]\n{providers}\n[d]\nactivate = 1\n\
             [t]\nactivate = 1\nmodule = {module}\ntcti = {tcti}\n{settings}\n[req]\ndistinguished_name = n\n[n]\n"
        );
        self.0.shell.write("service.cnf", text);
    }

    fn tcti(&self) -> String {
        self.0.tpm.tcti()
    }

    /// Replaces text in service.cnf.
    fn edit(&self, from: &str, to: &str) {
        let text = self.0.shell.text("service.cnf");
        assert!(text.contains(from), "{from:?} in\n{text}");
        self.0.shell.write("service.cnf", text.replace(from, to));
    }

    /// Makes key.tpm, readable for everyone, and its certificate host.pem.
    #[track_caller]
    fn create(&self, options: &str) {
        self.0.run(&format!("tpm2-keytool create --force -e P-256 {options} key.tpm")).ok();
        self.mode("key.tpm", 0o644);
        let day = |days: i64| days * 86_400;
        self.certify("host.pem", day(-1), day(1));
    }

    /// Makes a certificate of key.tpm by a software authority, valid in this range, in seconds from now.
    #[track_caller]
    fn certify(&self, name: &str, from: i64, to: i64) {
        let public = self.0.key("key.tpm").public;
        let keyfile::PublicKey::Ecc { x, y, .. } = &public.key else { panic!("not EC") };
        let group = openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let number = |bytes: &[u8]| openssl::bn::BigNum::from_slice(bytes).unwrap();
        let key =
            openssl::ec::EcKey::from_public_key_affine_coordinates(&group, &number(x), &number(y)).unwrap();
        let pem = certificate(&PKey::from_ec_key(key).unwrap(), from, to);
        self.0.shell.write(name, pem);
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.0.shell.file(name), Permissions::from_mode(mode)).unwrap();
    }

    fn check(&self, rest: &str) -> Output {
        self.0.run(&format!("tpm2-keytool check --as nobody --config service.cnf {rest}"))
    }

    /// Checks that the run fails with this exit code, at this check alone, with these words.
    #[track_caller]
    fn fails(&self, rest: &str, code: i32, line: &str, words: &str) {
        let output = self.check(rest);
        assert_eq!(output.code(), Some(code), "{output}");
        let out = output.out();
        let printed: Vec<&str> = out.lines().filter(|line| line.starts_with("FAILED")).collect();
        assert!(printed.len() == 1 && printed[0].starts_with(&format!("FAILED   {line}: ")), "{output}");
        assert!(out.contains(words) && out.contains("\n         hint: "), "{words:?} in {output}");
        assert!(output.err().is_empty(), "{output}");
        self.0.assert_tidy();
    }
}

fn certificate(key: &PKeyRef<Public>, from: i64, to: i64) -> Vec<u8> {
    let authority: PKey<Private> = PKey::from_ec_key(
        openssl::ec::EcKey::generate(&openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap())
            .unwrap(),
    )
    .unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "host").unwrap();
    let name = name.build();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now + from).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + to).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(&authority, MessageDigest::sha256()).unwrap();
    builder.build().to_pem().unwrap()
}

#[test]
fn the_traffic_of_a_resource_manager_is_reported_if_the_key_signs_without_password() {
    let service = Service::new();
    let of_chip = |service: &Service| {
        let out = service.check("key.tpm").ok().out();
        out.lines().find_map(|line| line.split_once("each signature takes ").map(|(_, rest)| rest.to_owned()))
    };
    assert_eq!(of_chip(&service), None);
    service.configure("default = d\ntpm2 = t", "resource-manager = kernel");
    let line = of_chip(&service).unwrap();
    assert!(line.starts_with("4 commands") && line.contains("`tpm2-keytool load`"), "{line}");
    service.create("-x sha256:16");
    assert_eq!(of_chip(&service), None);
    service.create("-k secret");
    let out = service.check("-k secret key.tpm").ok().out();
    assert!(!out.contains("each signature takes"), "{out}");
    service.0.assert_tidy();
}

#[test]
fn another_key_at_the_handle_of_the_storage_key_is_reported_with_its_cost() {
    let service = Service::new();
    let is_reported = |service: &Service| {
        let report: serde_json::Value =
            serde_json::from_str(&service.check("--json key.tpm").ok().out()).unwrap();
        let checks = report["checks"].as_array().unwrap();
        let of_parent: Vec<_> = checks.iter().filter(|check| check["check"] == "parent").collect();
        assert!(of_parent.iter().all(|check| check["result"] == "warning"), "{report}");
        assert!(of_parent.len() < 2 && report["ok"] == true, "{report}");
        !of_parent.is_empty()
    };
    assert!(!is_reported(&service));
    service.0.run("tpm2-keytool srk").ok();
    assert!(!is_reported(&service));
    // A key with the same template that the hierarchy does not derive.
    service.0.run("tpm2-keytool evict --yes 81000001").ok();
    let other = service.0.tpm.create_other_primary(b"");
    service.0.tpm.persist(other, 0x8100_0001);
    service.0.tpm.flush(other);
    let out = service.check("key.tpm").ok().out();
    for words in
        ["warning  parent: the key at 0x81000001", "up to five commands", "hint: if no file needs that key"]
    {
        assert!(out.contains(words), "{words:?} in {out}");
    }
    for (options, expected) in [
        ("-k secret -x sha256:16", true),
        ("-p 81000001", false),
        ("-p endorsement", false),
        // The hierarchy's storage key of another type, which cannot be the one at the handle.
        ("--deprecated", false),
        ("", true),
    ] {
        service.create(options);
        let password = if options.contains("-k") { "-k secret " } else { "" };
        let out = service.check(&format!("{password}key.tpm")).ok().out();
        assert_eq!(out.contains("warning  parent"), expected, "{options}: {out}");
    }
    // The hint removes the warning.
    service.0.run("tpm2-keytool evict --yes 81000001").ok();
    service.0.run("tpm2-keytool srk").ok();
    assert!(!is_reported(&service));
    service.0.assert_tidy();
}

#[test]
fn a_service_that_works_passes_every_check() {
    let service = Service::new();
    let output = service.check("key.tpm host.pem").ok();
    let out = output.out();
    for line in [
        "ok       user: nobody (number 65534), in the groups nogroup",
        "activates tpm2 and default",
        "ok       module: ",
        "ok       key: ",
        "ok       tpm: swtpm:",
        "ok       password: the key has none",
        "ok       load: ",
        "ok       signature: the TPM signs with SHA2-256",
        "ok       certificate: host.pem belongs to this key",
    ] {
        assert!(out.contains(line), "{line:?} in {output}");
    }
    assert!(output.err().is_empty() && !out.contains("FAILED") && !out.contains("warning"), "{output}");
    service.0.assert_tidy();
    // The same without --as, with the caller's own environment.
    let config = service.0.shell.file("service.cnf").display().to_string();
    let shell = service.0.shell.clone().env("OPENSSL_CONF", config);
    shell.ok(&format!("{} check key.tpm host.pem", module::keytool().display()));
}

#[test]
fn each_fault_is_named_with_its_remedy() {
    let service = Service::new();
    service.mode("key.tpm", 0o600);
    service.fails("key.tpm", 1, "key", "key.tpm: this user may not read it (Permission denied");
    service.mode("key.tpm", 0o644);

    fs::create_dir(service.0.shell.file("closed")).unwrap();
    fs::copy(service.0.shell.file("key.tpm"), service.0.shell.file("closed/key.tpm")).unwrap();
    service.mode("closed", 0o700);
    let closed = service.0.shell.file("closed");
    let closed =
        format!("this user may not enter the folder {} (mode 0700, user 0, group 0)", closed.display());
    service.fails("closed/key.tpm", 1, "key", &closed);
    // The key is reached by a symbolic link outside of the closed folder.
    std::os::unix::fs::symlink("closed/key.tpm", service.0.shell.file("link.tpm")).unwrap();
    service.fails("link.tpm", 1, "key", &closed);
    service.fails("no-such-key.tpm", 1, "key", "No such file");
    service.0.shell.write("text", "hello");
    service.fails("text", 1, "key", "is not a readable key file");

    service.edit("tpm2 = t", "");
    service.fails("key.tpm", 1, "configuration", "tpm2 is not among its providers");
    service.configure("tpm2 = t", "");
    service.fails("key.tpm", 1, "configuration", "activates tpm2, but not default");
    service.configure("default = d\ntpm2 = t", "");
    service.edit("[t]\nactivate = 1\n", "[t]\n");
    service.fails("key.tpm", 1, "configuration", "does not activate it");
    service.configure("default = d\ntpm2 = t", "");
    service.edit("openssl_conf = init", "openssl_configuration = init");
    service.fails("key.tpm", 1, "configuration", "no line openssl_conf");
    service.0.shell.write("service.cnf", "a = 1\n[b\n");
    service.fails("key.tpm", 1, "configuration", "line 2");
    service.configure("default = d\ntpm2 = t", "");
    service.mode("service.cnf", 0o600);
    service.fails("key.tpm", 1, "configuration", "service.cnf: this user may not read it");
    service.mode("service.cnf", 0o644);

    service.edit("/tpm2.so", "/no-such-module.so");
    service.fails("key.tpm", 1, "module", "there is no module");
    service.0.shell.write("broken.so", "not a module");
    service.edit("/no-such-module.so", "/broken.so");
    let broken = format!("cannot load the module {}: ", service.0.shell.file("broken.so").display());
    service.fails("key.tpm", 1, "module", &broken);
    service.configure("default = d\ntpm2 = t", "");

    service.edit(&service.tcti(), "swtpm:host=127.0.0.1,port=1");
    service.fails("key.tpm", 4, "tpm", "Connection refused");
    let path = service.0.shell.file("tpm.sock");
    // The socket for commands, and the one that controls the simulator.
    let names = ["tpm.sock", "tpm.sock.ctrl"];
    let _closed = names.map(|name| {
        let listener = UnixListener::bind(service.0.shell.file(name)).unwrap();
        service.mode(name, 0o600);
        listener
    });
    service.configure("default = d\ntpm2 = t", "");
    service.edit(&service.tcti(), &format!("swtpm:path={}", path.display()));
    service.fails("key.tpm", 4, "tpm", "not accessible for this user");
    service.configure("default = d\ntpm2 = t", "");

    let other =
        openssl::ec::EcKey::generate(&openssl::ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap());
    let other = PKey::from_ec_key(other.unwrap()).unwrap().public_key_to_der().unwrap();
    let other = certificate(&PKey::public_key_from_der(&other).unwrap(), -1, 1_000);
    service.0.shell.write("other.pem", &other);
    service.fails("key.tpm other.pem", 1, "certificate", "other.pem: it belongs to another key");
    // A chain file that begins with the issuer.
    service.0.shell.write("turned.pem", [other, service.0.shell.read("host.pem")].concat());
    service.fails(
        "key.tpm turned.pem",
        1,
        "certificate",
        "certificate 2 belongs to the key, not the first one",
    );
    service.fails("key.tpm text", 1, "certificate", "it contains no certificate");
    service.check("key.tpm host.pem").ok();
}

#[test]
fn a_wrong_password_counts_once_and_never_locks_the_tpm() {
    let service = Service::new();
    service.0.tpm.set_dictionary_attack(5, 1000);
    service.create("-d -k secret");
    service.check("-k secret key.tpm host.pem").ok().says("ok       password: the TPM accepts it");
    assert_eq!(service.0.tpm.failures(), 0);
    // A missing password is not reported as wrong, and no password is tried.
    service.fails("key.tpm host.pem", 7, "password", "cannot read the password of the key");
    assert_eq!(service.0.tpm.failures(), 0);
    service.fails("-k wrong key.tpm", 3, "password", "TPM_RC_AUTH_FAIL");
    assert_eq!(service.0.tpm.failures(), 1);
    // The service's user opens the password file.
    service.0.shell.write("word", "secret\n");
    service.check("--passin file:word key.tpm").ok();
    service.mode("word", 0o600);
    service.fails("--passin file:word key.tpm", 7, "password", "word: Permission denied");
    // The last try is never spent, whatever the service's configuration allows.
    service.configure("default = d\ntpm2 = t", "last-try = allow");
    service.0.tpm.set_dictionary_attack(2, 1000);
    service.fails("-k wrong key.tpm", 5, "password", "would lock the TPM");
    assert_eq!(service.0.tpm.failures(), 1);
    // A password that the policy demands is not proven beforehand. The provider may have any name in openssl.cnf.
    let reset =
        || drop(service.0.tpm.raw(raw::DICTIONARY_ATTACK_LOCK_RESET, &[raw::LOCKOUT], &[b""], &[]).ok());
    service.create("-d -k secret -x sha256:16");
    service.configure("default = d\nmine = t", "last-try = allow");
    reset();
    service.check("-k secret key.tpm").ok().says("through the provider mine");
    service.fails("-k wrong key.tpm", 3, "signature", "refused the password");
    service.configure("default = d\ntpm2 = t", "last-try = allow");
    reset();
    service.check("-k secret key.tpm").ok().says("with the right password");
    service.fails("-k wrong key.tpm", 3, "signature", "refused the password");
    assert_eq!(service.0.tpm.failures(), 1);
    service.fails("-k wrong key.tpm", 5, "password", "would lock the TPM");
    assert_eq!(service.0.tpm.failures(), 1);
}

#[test]
fn no_password_crosses_the_bus_or_is_printed() {
    let (desk, proxy) = Desk::behind_proxy();
    let service = Service::at(desk);
    service.edit(&service.tcti(), &proxy.swtpm_tcti());
    service.create("-k ownsecretword");
    proxy.log().clear();
    for options in ["-k ownsecretword", "-k ownwrongword", "--json -k ownsecretword"] {
        let output = service.check(&format!("{options} key.tpm"));
        for text in [output.out(), output.err()] {
            assert!(!text.contains("ownsecretword") && !text.contains("ownwrongword"), "{output}");
        }
    }
    assert!(!proxy.log().is_empty() && !proxy.log().contains(b"ownsecretword"));
}

#[test]
fn a_wrong_password_of_the_parent_of_a_policy_key_never_locks() {
    let service = Service::new();
    service.0.tpm.set_dictionary_attack(2, 1000);
    let parent = service.0.tpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    service.0.tpm.persist(parent, 0x8100_0001);
    service.0.tpm.flush(parent);
    service.create("-x sha256:16 -p 81000001 -b parent");
    service.configure("default = d\ntpm2 = t", "pin = wrong\nlast-try = allow");
    service.fails("key.tpm", 3, "parent", "the parent's password is wrong");
    assert_eq!(service.0.tpm.failures(), 1);
    service.fails("key.tpm", 5, "password", "not tried");
    assert_eq!(service.0.tpm.failures(), 1);
    service.0.tpm.raw(raw::DICTIONARY_ATTACK_LOCK_RESET, &[raw::LOCKOUT], &[b""], &[]).ok();
    service.configure("default = d\ntpm2 = t", "pin = parent\nlast-try = allow");
    service.check("key.tpm host.pem").ok();
}

#[test]
fn an_interruption_leaves_nothing_in_the_tpm() {
    let (desk, proxy) = Desk::behind_proxy();
    let service = Service::at(desk);
    service.edit(&service.tcti(), &proxy.swtpm_tcti());
    // Of the tool's own, and of the module's.
    for command in [raw::CREATE_PRIMARY, raw::LOAD, raw::SIGN] {
        let line = "tpm2-keytool check --as nobody --config service.cnf key.tpm";
        service.0.interrupt(&proxy, command, libc::SIGINT, line, b"");
    }
}

#[test]
fn a_tpm_that_is_too_slow_to_sign_ends_as_no_tpm() {
    let (desk, proxy) = Desk::behind_proxy();
    let service = Service::at(desk);
    service.configure("default = d\ntpm2 = t", "timeout = 1");
    service.edit(&service.tcti(), &proxy.swtpm_tcti());
    proxy.on_command(tamper::delay(raw::SIGN, std::time::Duration::from_secs(2)));
    let output = service.check("key.tpm");
    proxy.remove_rules();
    assert_eq!(output.code(), Some(4), "{output}");
    assert!(
        output.out().contains("FAILED   signature: OpenSSL cannot sign: the TPM did not answer in time"),
        "{output}"
    );
}

#[test]
fn a_pipe_is_opened_once() {
    let service = Service::new();
    let shell = service.0.shell.clone().env("OPENSSL_CONF", service.0.shell.file("service.cnf"));
    let tool = module::keytool().display().to_string();
    shell.write("script", format!("{tool} check key.tpm <(cat host.pem)"));
    shell.ok("bash script");
    // The key's file is opened by OpenSSL, too.
    shell.ok("mkfifo key.pipe");
    let told = shell.run(&format!("timeout 20 {tool} check key.pipe host.pem")).failed();
    assert!(
        told.out().contains("FAILED   key: cannot use ") && told.out().contains("it is a pipe"),
        "{told}"
    );
}

#[test]
fn a_policy_that_does_not_pass_is_named() {
    let service = Service::new();
    service.create("-x sha256:16");
    service.check("key.tpm host.pem").ok().says("ok       policy: it passes now");
    service
        .0
        .others("tpm2_pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000001");
    service.fails("key.tpm", 6, "policy", "PCR 16 (sha256) has changed");
}

#[test]
fn a_parent_with_a_password_is_not_reported_as_a_wrong_parent() {
    let service = Service::new();
    service.0.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    service.create("-k secret -b owner");
    service.fails("-k secret key.tpm", 7, "parent", "give the parent's password");
    service.configure("default = d\ntpm2 = t", "pin = other");
    service.fails("-k secret key.tpm", 3, "parent", "the parent's password is wrong");
    service.configure("default = d\ntpm2 = t", "pin = owner");
    service.check("-k secret key.tpm host.pem").ok();
}

#[test]
fn keys_in_the_tpm_are_checked_by_uri_and_by_reference() {
    let service = Service::new();
    service.0.tpm.set_dictionary_attack(9, 1000);
    service.create("-d -k secret");
    service.0.run("tpm2-keytool load key.tpm 81000100").ok();
    service.0.shell.write("word", "secret\n");
    let word = service.0.shell.file("word").display().to_string();
    service.0.run(&format!("tpm2-keytool reference handle:0x81000100?pin-source=file:{word} key.ref")).ok();
    service.mode("key.ref", 0o644);
    for key in [
        "-k secret 81000100",
        "-k secret handle:0x81000100?pass",
        "-k secret //nvkey:81000100",
        "handle:0x81000100?pin-value=secret",
        &format!("tpm2:handle=0x81000100?pin-source=file:{word}"),
        "key.ref",
    ] {
        service.check(&format!("{key} host.pem")).ok().says("certificate: host.pem belongs to this key");
    }
    assert_eq!(service.0.tpm.failures(), 0);
    // OpenSSL would try the empty password, which counts as a failure.
    service.fails("-k secret handle:0x81000100", 7, "password", "add ?pass to the URI");
    assert_eq!(service.0.tpm.failures(), 0);
    service.fails("81000100", 7, "password", "has one, but none was given");
    assert_eq!(service.0.tpm.failures(), 1);
    service.fails("-k wrong 81000100", 3, "password", "TPM_RC_AUTH_FAIL");
    assert_eq!(service.0.tpm.failures(), 2);
    service.fails("81000101", 1, "key", "there is no key at 0x81000101");
    service.fails("tpm2:", 1, "key", "it refers to several objects");
    // Another key is at the handle now.
    service.0.run("tpm2-keytool evict --yes 81000100").ok();
    service.0.run("tpm2-keytool create --force -e P-256 other.tpm").ok();
    service.0.run("tpm2-keytool load other.tpm 81000100").ok();
    service.fails("key.ref", 1, "key", "the key at 0x81000100 is not the one in the file");
    service.check("81000100").ok();
}

#[test]
fn every_kind_of_signing_key_passes_and_others_are_named() {
    let service = Service::new();
    for options in ["-r", "-e P-384", "-r -x sha256:16", "-e P-256 --locality 1"] {
        service.0.run(&format!("tpm2-keytool create --force {options} kind.tpm")).ok();
        service.mode("kind.tpm", 0o644);
        service.check("kind.tpm").ok().says("ok       signature: ");
    }
    service.0.run("tpm2-keytool create --force --restricted -e P-256 kind.tpm").ok();
    service.mode("kind.tpm", 0o644);
    service.check("kind.tpm").says("the key cannot sign");
    // Attestation keys sign with one digest only.
    service.0.others(
        "tpm2_createprimary -Q -C o -G ecc256 -c p.ctx; tpm2_evictcontrol -Q -c p.ctx 0x81000002; tpm2_flushcontext -t",
    );
    for (scheme, digest) in [
        ("rsa2048:rsapss-sha384", "SHA2-384"),
        ("rsa2048:rsassa-sha512", "SHA2-512"),
        ("ecc256:ecdsa-sha384", "SHA2-384"),
    ] {
        service.0.others(&format!(
            "tpm2_create -Q -C 0x81000002 -G {scheme}:null -u s.pub -r s.priv -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|restricted'
             tpm2_load -Q -C 0x81000002 -u s.pub -r s.priv -c k.ctx; tpm2_flushcontext -t
             tpm2_evictcontrol -Q -c 0x81000003 2>/dev/null || true
             tpm2_evictcontrol -Q -c k.ctx 0x81000003; tpm2_flushcontext -t",
        ));
        service.check("81000003").ok().says(&format!("the TPM signs with {digest}"));
    }
}

#[test]
fn certificates_that_are_not_valid_now_give_a_warning() {
    let service = Service::new();
    service.certify("old.pem", -2_000, -1_000);
    service.check("key.tpm old.pem").ok().says("warning  validity: certificate 1 of old.pem expired on ");
    service.certify("new.pem", 1_000, 2_000);
    service
        .check("key.tpm new.pem")
        .ok()
        .says("warning  validity: certificate 1 of new.pem is not valid before ");
    let chain = [service.0.shell.read("host.pem"), service.0.shell.read("old.pem")].concat();
    service.0.shell.write("chain.pem", chain);
    service.check("key.tpm chain.pem").ok().says("certificate 2 of chain.pem expired");
    service.0.others("openssl x509 -in host.pem -outform DER -out host.der");
    service.check("key.tpm host.der").ok().says("ok       certificate: ");
}

#[test]
fn the_groups_of_the_user_and_of_the_unit_are_used() {
    let service = Service::new();
    service.mode("key.tpm", 0o640);
    service.0.shell.ok("chgrp daemon key.tpm");
    service.fails("key.tpm", 1, "key", "this user may not read it");
    service.check("--groups daemon key.tpm").ok().says("in the groups daemon nogroup");
    // The user daemon is in its own group.
    service.0.run("tpm2-keytool check --as daemon --config service.cnf key.tpm").ok();
    for (line, words) in [
        ("check --as no-such-user key.tpm", "there is no user no-such-user"),
        ("check --as nobody --groups no-such-group key.tpm", "there is no group no-such-group"),
        ("check --tcti swtpm: key.tpm", "check does not accept --tcti and --salt-name"),
    ] {
        service.0.run(&format!("tpm2-keytool {line}")).failed().says(words);
    }
    service.0.shell.program("tool", fs::read(module::keytool()).unwrap());
    service
        .0
        .shell
        .failed("setpriv --reuid 65534 --regid 65534 --clear-groups ./tool check --as nobody key.tpm")
        .says("only root can check as another user");
    service.mode("key.tpm", 0o644);
    service
        .0
        .shell
        .ok("setpriv --reuid 65534 --regid 65534 --clear-groups ./tool check --config service.cnf key.tpm");
}

#[test]
fn the_environment_of_the_caller_is_not_used_for_the_service() {
    let service = Service::new();
    service.edit(&format!("tcti = {}\n", service.tcti()), "");
    // The key would work with the caller's own TPM2_TCTI.
    let shell = service.0.shell.clone().env("OPENSSL_CONF", service.0.shell.file("service.cnf"));
    shell.ok(&format!("{} check key.tpm", module::keytool().display()));
    let lost = service.check("key.tpm");
    assert!(!lost.success() && lost.out().contains("FAILED   tpm: no TPM found"), "{lost}");
    service.check(&format!("--env TPM2_TCTI={} key.tpm", service.tcti())).ok();
}
