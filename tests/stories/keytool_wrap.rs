//! `create -w` wraps existing private keys, from every container and of every type; they sign in the TPM as the same key.

use tests::raw::{self, Tpm as _};
use tests::{Pty, module};

use crate::keytool::Desk;

#[test]
fn every_container_of_rsa_and_ec_keys_is_read() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         for k in rsa ec; do
           openssl pkey -in $k.pem -pubout -out $k.public
           openssl req -x509 -config /dev/null -key $k.pem -subj /CN=x -out $k.crt
           openssl pkey -in $k.pem -outform DER -out $k.pkcs8.der
           openssl pkey -in $k.pem -traditional -out $k.traditional.pem
           openssl pkey -in $k.pem -traditional -outform DER -out $k.traditional.der
           openssl pkcs12 -export -inkey $k.pem -in $k.crt -passout pass: -out $k.open.p12
           openssl pkcs8 -topk8 -in $k.pem -passout pass:word -out $k.secret.pem
           openssl pkcs8 -topk8 -in $k.pem -passout pass:word -outform DER -out $k.secret.der
           openssl pkey -in $k.pem -traditional -aes128 -passout pass:word -out $k.secret.traditional.pem
           openssl pkcs12 -export -inkey $k.pem -in $k.crt -passout pass:word -out $k.secret.p12
           openssl pkcs12 -export -legacy -inkey $k.pem -in $k.crt -passout pass:word -out $k.legacy.p12
           openssl pkey -provider legacy -provider default -in $k.pem -traditional -des -passout pass:word -out $k.legacy.pem
         done
         openssl ecparam -name prime256v1 -genkey -out parameters.pem",
    );
    for (kind, scheme) in [("rsa", "-s rsassa"), ("ec", "-s ecdsa")] {
        let check = || {
            desk.assert_tidy();
            desk.load("key.tpm", "o");
            desk.sign(scheme).ok();
            desk.verify(&format!("{kind}.public"));
        };
        for container in ["pem", "pkcs8.der", "traditional.pem", "traditional.der", "open.p12"] {
            desk.run(&format!("create_tpm2_key -w {kind}.{container} key.tpm")).ok();
            check();
        }
        for container in
            ["secret.pem", "secret.der", "secret.traditional.pem", "secret.p12", "legacy.p12", "legacy.pem"]
        {
            let line = format!("create_tpm2_key -w {kind}.{container}");
            desk.run(&format!("{line} --passin pass:word key.tpm")).ok();
            check();
            desk.run(&format!("{line} --passin pass:wrong no.tpm")).failed().says("the password is wrong");
            // Without --passin the password is asked for; without a terminal it is a line of stdin.
            desk.pipe(&format!("{line} key.tpm"), "word\n").ok();
        }
    }
    desk.run("create_tpm2_key -w parameters.pem key.tpm").ok();
    desk.assert_absent("no.tpm");
}

#[test]
fn explicit_parameters_of_a_known_curve_are_recognized() {
    let desk = Desk::new();
    desk.others(
        "for c in prime256v1 secp384r1 secp521r1; do
           openssl ecparam -name $c -param_enc explicit -genkey -noout -out $c.sec1
           openssl pkcs8 -topk8 -nocrypt -in $c.sec1 -out $c.pkcs8
           openssl ec -in $c.sec1 -conv_form compressed -out $c.compressed
           openssl pkey -in $c.sec1 -pubout -out $c.public
         done
         openssl asn1parse -in prime256v1.sec1 | grep -q prime-field
         openssl ecparam -name secp256k1 -param_enc explicit -genkey -noout -out k1.sec1",
    );
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        for container in ["sec1", "pkcs8", "compressed"] {
            desk.run(&format!("create_tpm2_key -w {curve}.{container} key.tpm")).ok();
            desk.load("key.tpm", "o");
            desk.sign("-s ecdsa").ok();
            desk.verify(&format!("{curve}.public"));
        }
    }
    desk.run("create_tpm2_key -w k1.sec1 no.tpm").failed().says("secp256k1");
    // Parameters of no known curve: P-256 with another order.
    let explicit = openssl_explicit(&desk);
    desk.shell.write("own.der", explicit);
    desk.run("create_tpm2_key -w own.der no.tpm").failed().says("own.der");
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}

/// The P-256 key with explicit parameters in which the last byte of the order (before the cofactor) is changed.
fn openssl_explicit(desk: &Desk) -> Vec<u8> {
    desk.others("openssl ec -in prime256v1.sec1 -outform DER -out explicit.der");
    let mut der = desk.shell.read("explicit.der");
    // The last bytes of the order of P-256 (FIPS 186-4 §D.1.2.3).
    let end = [0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51];
    let at = der.windows(end.len()).position(|window| window == end).expect("the order") + end.len() - 1;
    der[at] = 0x53;
    der
}

#[test]
fn the_password_of_the_file_is_asked_on_the_terminal() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:swordfish -out ec.pem");
    for (word, opens) in [("swordfish", true), ("trout", false)] {
        let mut terminal = Pty::start(desk.command("create_tpm2_key -w ec.pem key.tpm"));
        let (success, screen) = terminal.expect("password of ec.pem").type_line(word).end();
        assert!(success == opens && !screen.contains(word), "{screen}");
        assert_eq!(screen.contains("the password is wrong"), !opens, "{screen}");
    }
}

#[test]
fn every_key_type_of_the_tpm_is_wrapped() {
    let desk = Desk::new();
    desk.others(
        "for c in P-256 P-384 P-521; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$c -out $c.pem; done
         for b in 3072 4096; do openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:$b -out $b.pem; done
         for k in P-256 P-384 P-521 3072 4096; do openssl pkey -in $k.pem -pubout -out $k.public; done",
    );
    for (name, scheme) in
        [("P-256", "ecdsa"), ("P-384", "ecdsa"), ("P-521", "ecdsa"), ("3072", "rsassa"), ("4096", "rsassa")]
    {
        let output = desk.run(&format!("create_tpm2_key -w {name}.pem key.tpm"));
        if scheme == "rsassa" && !output.success() {
            output.failed().says(&format!("no RSA keys of {name} bits")).says("2048");
            continue;
        }
        output.ok();
        desk.load("key.tpm", "o");
        desk.sign(&format!("-s {scheme}")).ok();
        desk.verify(&format!("{name}.public"));
    }
}

#[test]
fn keys_are_wrapped_under_every_parent_and_name_hash_with_a_password() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary();
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    desk.others(
        "tpm2_createprimary -Q -C o -G rsa2048:aes128cfb -c rsa.ctx
         tpm2_evictcontrol -Q -c rsa.ctx 0x81000002; tpm2_flushcontext -t
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl pkey -in ec.pem -pubout -out ec.public",
    );
    for parent in ["0x81000001", "0x81000002"] {
        for hash in ["sha1", "sha256", "sha384", "sha512"] {
            desk.run(&format!("create_tpm2_key -w ec.pem -p {parent} -n {hash} -k secret key.tpm")).ok();
            desk.assert_tidy();
            desk.load("key.tpm", parent);
            desk.sign("-s ecdsa -p secret").ok();
            desk.verify("ec.public");
        }
    }
    for (hierarchy, letter) in [("owner", "o"), ("null", "n"), ("endorsement", "e"), ("platform", "p")] {
        desk.run(&format!("create_tpm2_key -w ec.pem -p {hierarchy} key.tpm")).ok();
        desk.assert_tidy();
        desk.load("key.tpm", letter);
    }
}

#[test]
fn unsupported_keys_are_refused_before_any_tpm_command() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.others(
        "openssl genpkey -algorithm ED25519 -out ed25519.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out secp256k1.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out brainpool.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3 -out three.pem
         openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1536 -out odd.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl pkey -in ec.pem -pubout -out public.pem",
    );
    for (file, why) in [
        ("ed25519.pem", "neither an RSA nor an EC key"),
        ("secp256k1.pem", "secp256k1"),
        ("three.pem", "two primes"),
        ("pss.pem", "RSA-PSS"),
        ("public.pem", "no private key"),
        ("no-such-file", "No such file"),
        ("/dev/null", "neither PEM nor DER"),
    ] {
        desk.run(&format!("create_tpm2_key -w {file} no.tpm")).failed().says(why);
    }
    assert!(proxy.log().is_empty(), "asked the TPM:\n{}", proxy.log().text());
    desk.run("create_tpm2_key -w brainpool.pem no.tpm")
        .failed()
        .says("no curve brainpoolP256r1")
        .says("prime256v1");
    desk.run("create_tpm2_key -w odd.pem no.tpm").failed().says("no RSA keys of 1536 bits").says("2048");
    assert_eq!(proxy.log().count(raw::IMPORT), 0);
    desk.assert_absent("no.tpm");
}

#[test]
fn the_private_half_never_crosses_the_bus() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    let key = openssl::pkey::PKey::private_key_from_pem(&desk.shell.read("ec.pem")).unwrap();
    let scalar = key.ec_key().unwrap().private_key().to_vec();
    desk.run("create_tpm2_key -w ec.pem -k keyword key.tpm").ok();
    assert_eq!(proxy.log().count(raw::IMPORT), 1);
    assert!(!proxy.log().contains(&scalar) && !proxy.log().contains(b"keyword"));
}

#[test]
fn the_users_configuration_of_openssl_does_not_matter() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    // With this configuration OpenSSL has no provider that could read a key.
    let text = "openssl_conf = init\n[init]\nproviders = list\n[list]\nnull = on\n[on]\nactivate = 1\n";
    let path = desk.shell.write("openssl.cnf", text);
    let configured = desk.shell.clone().env("OPENSSL_CONF", &path);
    configured.failed("openssl pkey -in ec.pem -noout");
    configured.ok(&format!("{} create -w ec.pem key.tpm", module::keytool().display()));
}
