//! Stock `openssl` reads, prints, rewrites and converts key files without a TPM command.
use tests::{Openssl, Order};

use crate::machine::{Machine, program};

/// Makes an EC and an RSA key, and returns an openssl whose TPM is gone.
fn keys(order: Order) -> Openssl {
    let machine = Machine::new();
    machine.key("ec", "-e P-384 --description gate");
    machine.key("rsa", "-r");
    machine.key("locked", "-e P-256 -k secret");
    Openssl::in_shell(machine.openssl.shell().clone(), "swtpm:host=127.0.0.1,port=9", order)
}

#[test]
fn the_text_describes_the_content_of_the_file() {
    let openssl = keys(Order::Tpm2First);
    for (key, bits) in [("ec", "384"), ("rsa", "2048")] {
        let text = openssl.ok(&format!("pkey -in {key} -noout -text"));
        let text = text.says(&format!("Private-Key: ({bits} bit, in a TPM 2.0)"));
        let text = text.says("kind: loadable key").says("parent: owner hierarchy (0x40000001)");
        let text = text.says("password: none").says("attributes: ").says("sign").says("policy: none");
        // The public half follows, as a stock openssl prints it for a private key.
        openssl.ok(&format!("pkey -in {key} -pubout -out {key}.pub"));
        let public = openssl.without_tpm2().ok(&format!("pkey -pubin -in {key}.pub -noout -text")).out();
        let numbers = public.split_once('\n').expect("two lines").1;
        let numbers = numbers.replace("Modulus:", "modulus:").replace("Exponent:", "publicExponent:");
        assert!(text.out().ends_with(&numbers), "{text}\n{public}");
    }
    openssl.ok("pkey -in ec -noout -text").says("description: gate");
    openssl.ok("pkey -in locked -passin pass:x -noout -text").says("password: needed");
    // The lines that shell scripts parse.
    openssl.ok("rsa -in rsa -noout -text").says("\nmodulus:\n").says("\npublicExponent: 65537 (0x10001)\n");
    openssl.ok("rsa -in rsa -noout -modulus").says("Modulus=");
    openssl.ok("ec -in ec -noout -text").says("NIST CURVE: P-384");
    let public = openssl.ok("pkey -in ec -noout -text_pub").out();
    assert!(public.starts_with("Public-Key: (384 bit") && !public.contains("kind:"), "{public}");
}

#[test]
fn a_key_is_written_back_as_it_was() {
    for order in Order::BOTH {
        let openssl = keys(order);
        for key in ["ec", "rsa"] {
            openssl.ok(&format!("pkey -in {key} -out copy"));
            assert_eq!(openssl.text("copy"), openssl.text(key), "{order:?}");
            openssl.ok(&format!("pkey -in {key} -outform DER -out copy.der"));
            openssl.ok("pkey -in copy.der -out copy");
            assert_eq!(openssl.text("copy"), openssl.text(key), "{order:?}: by way of DER");
        }
        openssl.ok("rsa -in rsa -out copy");
        assert_eq!(openssl.text("copy"), openssl.text("rsa"));
        let refused = openssl.failed("pkey -in ec -aes256 -passout pass:secret -out copy");
        refused.says("cannot encrypt a TPM key file").says("without a cipher");
    }
}

#[test]
fn the_public_half_is_written_as_openssl_writes_it() {
    for order in Order::BOTH {
        let openssl = keys(order);
        let stock = openssl.without_tpm2();
        for (line, printed) in [
            ("ec -in ec -pubout", "NIST CURVE: P-384"),
            ("ec -in ec -pubout -conv_form compressed", "NIST CURVE: P-384"),
            ("ec -in ec -pubout -param_enc explicit", "Prime:"),
            ("rsa -in rsa -pubout", "Exponent: 65537"),
            ("pkey -in rsa -pubout -outform DER", "Exponent: 65537"),
        ] {
            openssl.ok(&format!("{line} -out public"));
            stock.ok("pkey -pubin -in public -noout -text").says(printed);
        }
        let size = |form: &str| {
            openssl.ok(&format!("ec -in ec -pubout -outform DER -conv_form {form} -out public"));
            std::fs::metadata(openssl.file("public")).unwrap().len()
        };
        assert_eq!(size("uncompressed") - size("compressed"), 48, "one coordinate, {order:?}");
    }
}

#[test]
fn the_private_half_cannot_be_exported() {
    let openssl = keys(Order::Tpm2First);
    openssl.failed("pkey -in rsa -traditional -out private").says("the private half of a TPM key");
    openssl.failed("pkcs8 -topk8 -nocrypt -in rsa -out private");
    assert!(!openssl.text("private").contains("BEGIN"));
}

#[test]
fn keys_are_found_beside_certificates() {
    for order in Order::BOTH {
        let machine = Machine::new();
        let openssl = machine.openssl.clone().ordered(order);
        machine.key("ec", "-e P-256");
        openssl.ok("req -x509 -key ec -subj /CN=bundle -out cert");
        let (key, cert) = (openssl.text("ec"), openssl.text("cert"));
        for (name, bundle) in
            [("first", format!("{key}{cert}")), ("last", format!("text before\n{cert}text between\n{key}"))]
        {
            openssl.write(name, bundle);
            assert_eq!(
                openssl.ok(&format!("pkey -in {name} -pubout")).out(),
                openssl.ok("pkey -in ec -pubout").out(),
                "{name}, {order:?}"
            );
            openssl.ok(&format!("x509 -in {name} -noout -subject")).says("bundle");
            openssl.ok(&format!("storeutl -noout {name}")).says("Total found: 2");
        }
    }
}

#[test]
fn software_keys_are_written_encrypted_with_tpm2_first() {
    for order in Order::BOTH {
        let openssl = keys(order);
        for algorithm in ["EC -pkeyopt group:P-256", "RSA", "RSA-PSS"] {
            openssl.ok(&format!("genpkey -algorithm {algorithm} -aes256 -pass pass:secret -out software"));
            assert!(openssl.text("software").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
            openssl.without_tpm2().failed("pkey -in software -noout -passin pass:wrong");
            openssl
                .without_tpm2()
                .ok("pkey -in software -check -noout -passin pass:secret")
                .says("Key is valid");
        }
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -outform DER -out software");
        openssl.without_tpm2().ok("pkey -in software -noout");
    }
}

#[test]
fn a_wrong_setting_is_named_at_its_first_use() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    for (name, value, advice) in [
        ("session", "hmmac", "write hmac or password"),
        ("connection", "sometimes", "write process or operation"),
        ("resource-manager", "mine", "write auto or kernel or none"),
        ("session_keep", "soon", "is not a number of seconds"),
        ("timeout", "-1", "is not a number of seconds"),
        ("salt-name", "/nonexistent", "No such file"),
        ("pin-source", "file:/nonexistent", "check the path and its permissions"),
    ] {
        let variable = format!("TPM2_{}", name.to_uppercase().replace('-', "_"));
        for openssl in
            [machine.openssl.clone().set(name, value), machine.openssl.clone().env(&variable, value)]
        {
            openssl.write("file", "contents");
            openssl.ok("pkey -in key -pubout");
            let refused = openssl.failed("dgst -sha256 -sign key -out sig file");
            let refused =
                refused.says(value.trim_start_matches("file:")).says(advice).says("invalid configuration");
            assert!(refused.err().contains(&variable) || refused.err().contains(name), "{refused}");
        }
    }
    let openssl = machine.openssl.clone().set("pin-source", "pass:hunter2");
    let refused = openssl.failed("dgst -sha256 -sign key -out sig file").says("write file: and a path");
    assert!(!refused.err().contains("hunter2"), "what may be a password is not repeated: {refused}");
    let openssl = machine.openssl.clone().set("software", "hardware");
    openssl.failed("pkey -in key -pubout").says("\"hardware\" in software of the provider's section");
}

#[test]
fn the_software_setting_may_name_a_configuration() {
    let openssl = keys(Order::Tpm2First);
    openssl.write("file", "contents");
    let file =
        |name: &str| openssl.clone().set("software", &format!("file:{}", openssl.file(name).display()));
    let configuration = |name: &str, providers: &str| {
        let line = "openssl_conf = init\n[init]\nproviders = all\n[active]\nactivate = 1\n[all]\n";
        openssl.write(name, format!("{line}{providers}"));
        file(name)
    };
    let default = configuration("soft.cnf", "default = active\n");
    assert_eq!(default.ok("pkey -in ec -pubout").out(), openssl.ok("pkey -in ec -pubout").out());
    default.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft");
    default.ok("dgst -sha256 -sign soft -out sig file");
    // OpenSSL 3.0 does not lock its list of configurations: threads that start together load this one once.
    let starters = program(default.shell(), "starters");
    default.shell().ok(&format!("strace -f -qq -e trace=openat,open -o opened {starters} ec"));
    assert_eq!(default.text("opened").matches("soft.cnf").count(), 1, "{}", default.text("opened"));
    let module = tests::module::folder().join("tpm2.so");
    let own =
        format!("default = active\ntpm2 = other\n[other]\nactivate = 1\nmodule = {}\n", module.display());
    openssl.write("damaged.cnf", "[init\n");
    for (refused, why) in [
        (file("absent.cnf"), "absent.cnf"),
        (file("damaged.cnf"), "damaged.cnf"),
        (configuration("none.cnf", ""), "OpenSSL could not find a provider that is activated"),
        (
            configuration("own.cnf", &own),
            "OpenSSL could not use this provider for its own software operations",
        ),
    ] {
        refused.failed("pkey -in ec -pubout").says("invalid configuration").says(why);
    }
}
