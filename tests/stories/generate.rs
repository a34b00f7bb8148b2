//! Stock `openssl` makes keys in the TPM when `provider=tpm2` is requested; otherwise it makes software keys as before.
use keyfile::{Attributes, Handle, HashAlg, KeyFile, Scheme};
use tests::raw::Tpm as _;
use tests::{Openssl, Options, Order, Proxy, Pty, ResourceManager, Swtpm, peers, raw};

use crate::machine::{Machine, SRK, program};

const EC: &str = "genpkey -algorithm EC -pkeyopt group:P-256 -propquery provider=tpm2";

/// Reads the key file of this name.
#[track_caller]
fn file(openssl: &Openssl, name: &str) -> KeyFile {
    KeyFile::parse(&openssl.read(name)).unwrap()
}

#[test]
fn genpkey_makes_the_same_keys_as_the_key_tool() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    for (order, algorithms) in [
        (Order::Tpm2First, ["RSA -pkeyopt rsa_keygen_bits:2048", "EC -pkeyopt ec_paramgen_curve:P-256"]),
        (Order::DefaultFirst, ["RSA", "EC -pkeyopt group:prime256v1 -pkeyopt ec_param_enc:named_curve"]),
    ] {
        let openssl = machine.openssl.clone().ordered(order);
        for (algorithm, like) in algorithms.into_iter().zip(["rsa", "ec"]) {
            let made = openssl.ok(&format!(
                "genpkey {} -algorithm {algorithm} -propquery provider=tpm2 -out new -text",
                progress(&openssl)
            ));
            assert!(made.err().contains('.'), "the application hears of the progress: {made}");
            machine.tpm.assert_empty();
            machine.signs("new");
            let (new, like) = (file(&openssl, "new"), file(&openssl, like));
            assert_eq!(new.public.attributes, like.public.attributes);
            assert_eq!(new.public.key.scheme(), like.public.key.scheme());
            assert_eq!((new.parent, new.empty_auth, new.policy), (like.parent, like.empty_auth, like.policy));
            assert!(openssl.text("new").contains("in a TPM 2.0"));
        }
    }
}

#[test]
fn sizes_and_curves_are_those_of_the_tpm() {
    let machine = Machine::new();
    for (algorithm, printed) in [
        ("RSA -pkeyopt bits:1024", "1024 bit"),
        // libtpms accepts public exponents that are primes above 2^16.
        (
            "RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_pubexp:65539 -pkeyopt primes:2",
            "Exponent: 65539",
        ),
        ("EC -pkeyopt ec_paramgen_curve:secp384r1", "384 bit"),
        ("EC -pkeyopt group:P-521", "521 bit"),
    ] {
        machine.openssl.ok(&format!("genpkey -algorithm {algorithm} -propquery provider=tpm2 -out new"));
        machine.openssl.ok("pkey -in new -noout -text").says(printed);
        machine.signs("new");
    }
    for line in [
        "genrsa -propquery provider=tpm2 -out new 1024",
        "ecparam -propquery ?provider=tpm2 -name P-384 -genkey -noout -out new",
    ] {
        machine.openssl.ok(line);
        assert!(machine.openssl.text("new").starts_with("-----BEGIN TSS2 PRIVATE KEY-----"), "{line}");
        machine.signs("new");
    }
    machine.tpm.assert_empty();
}

#[test]
fn a_pss_key_has_its_scheme_in_the_tpm() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    openssl.write("file", "contents");
    for (options, hash) in [
        ("", HashAlg::Sha256),
        (
            "-pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 -pkeyopt rsa_pss_keygen_saltlen:48",
            HashAlg::Sha384,
        ),
    ] {
        openssl.ok(&format!("genpkey -algorithm RSA-PSS {options} -propquery provider=tpm2 -out new"));
        let public = file(openssl, "new").public;
        assert_eq!(public.key.scheme(), Some(Scheme::Rsapss(hash)));
        assert!(!public.attributes.contains(Attributes::DECRYPT), "{}", public.attributes);
        openssl.ok("pkey -in new -pubout -out new.pub");
        openssl.ok(&format!("dgst -{hash} -sign new -out sig file"));
        let verify = format!("dgst -{hash} -verify new.pub -sigopt rsa_padding_mode:pss -signature sig file");
        openssl.without_tpm2().ok(&verify).says("Verified OK");
        openssl.failed("dgst -sha512 -sign new -out sig file").says("restricted to TPM_ALG_RSAPSS");
    }
}

#[test]
fn a_certificate_request_makes_its_key() {
    let machine = Machine::new();
    for (order, query) in [(Order::Tpm2First, "provider=tpm2"), (Order::DefaultFirst, "?provider=tpm2")] {
        let openssl = machine.openssl.clone().ordered(order);
        for new in ["rsa:1024", "ec -pkeyopt group:P-384"] {
            let line = format!("-newkey {new} -propquery {query} -noenc -keyout key -subj /CN=localhost");
            openssl.ok(&format!("req -x509 {line} -out cert"));
            openssl.without_tpm2().ok("verify -CAfile cert cert");
            file(&openssl, "key");
            openssl.ok("x509 -in cert -noout -pubkey -out public");
            assert_eq!(openssl.text("public"), openssl.ok("pkey -in key -pubout").out());
            openssl.ok(&format!("req -new {line} -out request"));
            openssl.without_tpm2().ok("req -in request -verify -noout").says("verify OK");
        }
        // Without -noenc OpenSSL asks for a file that is encrypted with a passphrase.
        let line =
            format!("-newkey ec -pkeyopt group:P-256 -propquery {query} -passout pass:secret -keyout key");
        let refused = openssl.failed(&format!("req -x509 {line} -subj /CN=localhost -out cert"));
        refused.says("-noenc").says("user-auth");
    }
    machine.tpm.assert_empty();
}

#[test]
fn only_programs_that_load_the_key_ask_for_its_password() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let openssl = &machine.openssl;
    // The key signs the certificate at once, without a prompt at the terminal.
    let line = "req -x509 -newkey ec -pkeyopt group:P-256 -pkeyopt user-auth:swordfish -propquery provider=tpm2 -noenc \
                -keyout key -subj /CN=localhost -out cert";
    let (success, screen) = Pty::start(openssl.command(&format!("openssl {line}"))).end();
    assert!(success && !screen.to_lowercase().contains("pass"), "{screen}");
    let key = file(openssl, "key");
    assert!(!key.empty_auth && key.needs_password());
    assert!(key.public.attributes.contains(Attributes::NO_DA), "{}", key.public.attributes);
    openssl.write("file", "contents");
    openssl.ok("dgst -sha256 -sign key -passin pass:swordfish -out sig file");
    openssl.failed("dgst -sha256 -sign key -passin pass:trout -out sig file").says("refused the password");
    openssl.failed("dgst -sha256 -sign key -out sig file").says("the key needs a password");
    assert!(!proxy.log().contains(b"swordfish"), "the password on the bus:\n{}", proxy.log().text());

    // From a file, where the process list does not show it.
    openssl.write("password", "sword\nfish\n");
    openssl.ok(&format!("{EC} -pkeyopt user-auth-source:file:password -out key"));
    openssl.ok("dgst -sha256 -sign key -passin pass:sword -out sig file");
    let absent = openssl.failed(&format!("{EC} -pkeyopt user-auth-source:file:absent -out key"));
    absent.says("user-auth-source").says("check the path and its permissions");

    // In hexadecimal, and under dictionary-attack protection.
    openssl.ok(&format!("{EC} -pkeyopt hexuser-auth:61ff62 -pkeyopt da:yes -out key"));
    openssl.write("password", b"a\xffb\n");
    openssl.ok("dgst -sha256 -sign key -passin file:password -out sig file");
    // The only queries are whether the TPM has such keys: its algorithms and curves.
    proxy.log().clear();
    openssl.ok(&format!("{EC} -out key.free"));
    assert_eq!(proxy.log().count(raw::GET_CAPABILITY), 2, "{}", proxy.log().text());
    assert!(!file(openssl, "key").public.attributes.contains(Attributes::NO_DA));
    machine.tpm.assert_empty();
}

#[test]
fn a_key_locked_to_pcrs_works_until_they_change() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    openssl.write("file", "contents");
    openssl.ok(&format!("{EC} -pkeyopt pcr-lock:sha256:16,23 -out locked"));
    openssl.ok(&format!("{EC} -pkeyopt pcr-lock:23 -pkeyopt user-auth:secret -out both"));
    let tools = peers::tpm2_tools(openssl.shell(), &machine.tpm.tcti());
    for name in ["locked", "both"] {
        assert!(!file(openssl, name).public.attributes.contains(Attributes::USER_WITH_AUTH));
    }
    openssl
        .ok("pkey -in both -passin pass:secret -noout -text")
        .says("PCR 23 of bank sha256")
        .says("password");
    let both = |password: &str| format!("dgst -sha256 -sign both -passin pass:{password} -out sig file");
    openssl.ok("dgst -sha256 -sign locked -out sig file");
    openssl.ok(&both("secret"));
    openssl.failed(&both("wrong")).says("refused the password");
    tools.ok(&format!("tpm2_pcrextend 23:sha256={}", "5a".repeat(32)));
    openssl.failed("dgst -sha256 -sign locked -out sig file").says("PCR");
    openssl.failed(&both("secret")).says("PCR");
    machine.tpm.assert_empty();
}

#[test]
fn the_parent_is_chosen_by_option_or_by_configuration() {
    let machine = Machine::new();
    machine.provision();
    let parent = machine.tpm.create_primary_with(b"word", raw::STORAGE);
    machine.tpm.persist(parent, SRK + 1);
    machine.tpm.flush(parent);
    let parent = |openssl: &Openssl, options: &str| {
        openssl.ok(&format!("{EC} {options} -out new"));
        machine.signs("new");
        file(openssl, "new").parent
    };
    let openssl = &machine.openssl;
    assert_eq!(parent(openssl, ""), Handle::OWNER);
    assert_eq!(parent(openssl, "-pkeyopt parent:endorsement"), Handle::ENDORSEMENT);
    assert_eq!(parent(openssl, "-pkeyopt parent:0x81000001"), Handle(SRK));
    let configured = openssl.clone().set("parent", "81000001");
    assert_eq!(parent(&configured, ""), Handle(SRK));
    assert_eq!(parent(&configured, "-pkeyopt parent:owner"), Handle::OWNER);
    assert_eq!(parent(&openssl.clone().env("TPM2_PARENT", "81000001"), ""), Handle(SRK));
    configured.clone().set("parent", "srk").failed(&format!("{EC} -out new")).says("\"srk\"").says("parent");

    // A parent with a password, given for this key or in the configuration. The new key signs at once.
    let line = "req -x509 -newkey ec -pkeyopt group:P-256 -propquery provider=tpm2 -pkeyopt parent:81000002 -noenc \
                -subj /CN=localhost -keyout new -out cert";
    openssl.ok(&format!("{line} -pkeyopt parent-auth:word"));
    openssl.clone().set("pin", "word").ok(line);
    openssl.write("file", "contents");
    openssl.clone().set("pin", "word").ok("dgst -sha256 -sign new -out sig file");
    openssl
        .failed(&format!("{line} -pkeyopt parent-auth:sword"))
        .says("the TPM refused the password of the parent");
    // A missing password is not reported as a wrong one.
    openssl.failed(line).says("the parent needs a password").says("pin in openssl.cnf");
    openssl.write("word", "word\n");
    openssl.ok(&format!("{line} -pkeyopt parent-auth-source:file:word"));
    // A hierarchy with a password.
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    openssl.ok(&format!("{EC} -pkeyopt parent-auth:owner -out new"));
    openssl.failed(&format!("{EC} -out new")).says("the parent needs a password");
    machine.tpm.assert_empty();
}

#[test]
fn an_impossible_key_gives_an_error_with_its_reason() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    machine.key("no-parent", "-e P-256");
    machine.tool.ok("load no-parent 81000001");
    let mut orders = Order::BOTH.into_iter().cycle();
    for (options, says) in [
        ("RSA -pkeyopt bits:1536", "no RSA keys of 1536 bits; hint: it has 1024, 2048"),
        ("RSA -pkeyopt bits:70000", "no TPM supports RSA keys of 70000 bits"),
        ("RSA -pkeyopt primes:3", "they always have two"),
        ("RSA -pkeyopt rsa_keygen_pubexp:3", "public exponent 3"),
        ("RSA -pkeyopt rsa_keygen_pubexp:4294967297", "longer than the 32 bits"),
        ("RSA-PSS -pkeyopt rsa_pss_keygen_md:md5", "sha256"),
        (
            "RSA-PSS -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha384",
            "leave mgf1-digest out",
        ),
        ("RSA-PSS -pkeyopt rsa_pss_keygen_saltlen:64", "at most 32"),
        ("EC", "needs a curve"),
        ("EC -pkeyopt group:brainpoolP256r1", "no curve brainpoolP256r1; hint: it has"),
        ("EC -pkeyopt group:secp256k1", "no TPM supports the curve secp256k1"),
        ("EC -pkeyopt group:bnp256", "does not know the curve"),
        ("EC -pkeyopt group:SM2", "SM2"),
        ("EC -pkeyopt group:P-256 -pkeyopt digest:md5", "digest"),
        ("RSA -pkeyopt digest:none", "digest"),
        ("EC -pkeyopt group:P-256 -pkeyopt parent:81000005", "there is no key at 0x81000005"),
        ("EC -pkeyopt group:P-256 -pkeyopt parent:81000001", "is not a parent"),
        ("EC -pkeyopt group:P-256 -pkeyopt parent:80000001", "transient handle"),
        ("EC -pkeyopt group:P-256 -pkeyopt parent:lockout", "no key can be created under"),
        ("EC -pkeyopt group:P-256 -pkeyopt user-auth:", "leave it out"),
        ("EC -pkeyopt group:P-256 -pkeyopt da:perhaps", "use yes or no"),
        ("EC -pkeyopt group:P-256 -pkeyopt pcr-lock:sha256:99", "sha256:1,3-5"),
        ("EC -pkeyopt group:P-256 -pkeyopt pcr-lock:md5:1", "sha256:1,3-5"),
        ("EC -pkeyopt group:P-256 -pkeyopt no-such-option:1", "no-such-option"),
    ] {
        let line = format!("genpkey -propquery provider=tpm2 -algorithm {options} -out new");
        let refused = openssl.clone().ordered(orders.next().unwrap()).failed(&line).says(says);
        assert!(!openssl.text("new").contains("BEGIN"), "{refused}");
    }
    machine.tpm.assert_empty();
    let no_tpm =
        Openssl::in_shell(openssl.shell().clone(), "swtpm:host=127.0.0.1,port=9", Order::DefaultFirst);
    no_tpm.failed(&format!("{EC} -out new")).says("no TPM can be reached");
    no_tpm.failed("genpkey -algorithm ED25519 -propquery provider=tpm2 -out new");
}

/// The option that makes genpkey show its progress: OpenSSL 4.0 needs it, and 3.x does not have it.
fn progress(openssl: &Openssl) -> &'static str {
    if openssl.ok("version").out().starts_with("OpenSSL 3") { "" } else { "-verbose" }
}

#[test]
fn without_the_property_query_a_key_is_a_software_key() {
    for order in Order::BOTH {
        let openssl = Openssl::with_tpm2("swtpm:host=127.0.0.1,port=9", order);
        for algorithm in ["EC -pkeyopt group:P-256", "RSA", "RSA-PSS"] {
            let made = openssl.ok(&format!("genpkey {} -algorithm {algorithm} -out new", progress(&openssl)));
            assert!(openssl.text("new").starts_with("-----BEGIN PRIVATE KEY-----"));
            // Dots show the search for primes, in either order.
            assert_eq!(made.err().contains('.'), algorithm.starts_with("RSA"), "{order:?}: {made}");
        }
        // An option for TPM keys never makes a software key.
        openssl.failed("genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt user-auth:secret -out refused");
        assert_eq!(openssl.text("refused"), "");
    }
}

#[test]
fn programs_generate_keys_with_libcrypto_calls() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    let program = program(machine.openssl.shell(), "generate");
    for order in Order::BOTH {
        machine.openssl.clone().ordered(order).shell().ok(&format!("{program} ec"));
        machine.tpm.assert_empty();
        let key = file(&machine.openssl, "like.ec");
        assert!(!key.empty_auth && key.policy.is_some() && key.parent == Handle::ENDORSEMENT);
        let free = Attributes::NO_DA | Attributes::USER_WITH_AUTH;
        assert!(!key.public.attributes.intersects(free), "{}", key.public.attributes);
        let key = file(&machine.openssl, "like.text");
        assert!(!key.empty_auth && !key.public.attributes.contains(Attributes::NO_DA));
        for name in ["pss", "like.pss"] {
            let scheme = file(&machine.openssl, name).public.key.scheme();
            assert_eq!(scheme, Some(Scheme::Rsapss(HashAlg::Sha384)), "{name}");
        }
    }
}

#[test]
fn parameters_from_a_file_belong_to_the_provider_that_read_them() {
    // libcrypto ignores the property query then; docs/generate.md warns of it. (OpenSSL 3.5 and later cannot read the file of the first
    // command with `provider=tpm2`, and so fail.)
    for order in Order::BOTH {
        let openssl = Openssl::with_tpm2("swtpm:host=127.0.0.1,port=9", order);
        openssl.ok("genpkey -genparam -algorithm EC -pkeyopt group:P-256 -out parameters");
        for line in [
            "genpkey -propquery ?provider=tpm2 -paramfile parameters -out new",
            "req -new -propquery ?provider=tpm2 -newkey ec:parameters -noenc -keyout new -subj /CN=x -out request",
        ] {
            openssl.ok(line);
            openssl.without_tpm2().ok("pkey -in new -check -noout").says("Key is valid");
        }
    }
}

#[test]
fn keys_are_generated_over_every_connection_to_the_tpm() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let managed = machine.openssl.clone();
    let bare = Openssl::in_shell(managed.shell().clone(), &machine.tpm.tcti(), Order::Tpm2First);
    let alone = bare.clone().ordered(Order::Tpm2Only);
    let letting_go = bare.clone().set("connection", "operation");
    let in_clear = bare.set("session", "password");
    for openssl in [managed, alone, letting_go, in_clear] {
        openssl.ok(&format!("{EC} -pkeyopt user-auth:secret -out new"));
        machine.tpm.assert_empty();
        let key = file(&openssl, "new");
        assert!(!key.empty_auth && key.parent == Handle::OWNER);
        // The new key signs in the process that made it.
        if openssl.run("list -providers").out().contains("default") {
            openssl.ok("req -x509 -newkey ec -pkeyopt group:P-256 -pkeyopt user-auth:secret -propquery provider=tpm2 -noenc \
                        -keyout new -subj /CN=localhost -out cert");
            openssl.without_tpm2().ok("verify -CAfile cert cert");
            machine.tpm.assert_empty();
        }
    }
    assert_eq!(manager.refused(), []);
}

#[test]
fn the_digest_option_is_the_default_digest_of_the_new_key() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    for (order, algorithm, newkey) in [
        (Order::Tpm2First, "EC -pkeyopt group:P-256", "ec -pkeyopt group:P-256"),
        (Order::DefaultFirst, "RSA", "rsa:2048"),
        (Order::Tpm2Only, "EC -pkeyopt group:P-384", ""),
        (Order::Tpm2AndBase, "RSA", ""),
    ] {
        let openssl = openssl.clone().ordered(order);
        let query = if newkey.is_empty() { "" } else { "-propquery ?provider=tpm2" };
        openssl.ok(&format!("genpkey -algorithm {algorithm} {query} -pkeyopt digest:sha384 -out new"));
        // The key supports every scheme, like a key of tpm2-openssl.
        let made = file(&openssl, "new").public;
        assert_eq!(made.key.scheme(), Some(Scheme::Null));
        assert!(made.attributes.contains(Attributes::SIGN.union(Attributes::DECRYPT)));
        machine.signs("new");
        if !newkey.is_empty() {
            let line = format!(
                "req -x509 -newkey {newkey} {query} -pkeyopt digest:sha384 -noenc -subj /CN=localhost -keyout new -out cert"
            );
            openssl.ok(&line);
            let text = openssl.ok("x509 -in cert -noout -text").out();
            assert!(text.to_lowercase().contains("sha384"), "{text}");
        }
    }
    // Software keys do not have this option, so the key is not made in software.
    openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt digest:sha256 -out new");
    assert!(openssl.text("new").contains("BEGIN TSS2 PRIVATE KEY"));
    machine.tpm.assert_empty();
}
