//! Stock openssl uses keys made with every option of `create`, through the provider.

use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};

use crate::machine::{Machine, SRK};

#[test]
fn keys_with_policies_sign() {
    let machine = Machine::new();
    machine.tool.shell().write("policy", "0000016f01\n0000016d0000000000140000\n");
    for (n, options) in [
        "-x 0-16",
        "-x sha1:0-23+sha256:0-23",
        "--locality 1",
        "-c policy",
        "-c policy -x 16 --locality 0x1f -n sha1",
        "-x sha256:16 -n sha384",
        "-x sha1:16 -n sha512",
    ]
    .iter()
    .enumerate()
    {
        let kind = if n == 0 { "-r" } else { "-e P-256" };
        machine.key("key.tpm", &format!("{kind} {options}"));
        machine.signs("key.tpm");
        machine.tpm.assert_empty();
    }
}

/// Signs with a password, which must be asked for, and fails with another one.
#[track_caller]
fn signs_with(machine: &Machine, key: &str, password: &str) {
    let openssl = &machine.openssl;
    openssl.write("message", b"what is signed");
    let sign = |word: &str| format!("dgst -sha256 -sign {key} -passin pass:{word} -out message.sig message");
    openssl.ok(&sign(password));
    openssl.ok(&format!("pkey -in {key} -passin pass:{password} -pubout -out {key}.pub"));
    openssl
        .without_tpm2()
        .ok(&format!("dgst -sha256 -verify {key}.pub -signature message.sig message"))
        .says("Verified OK");
    openssl.failed(&sign("wrong"));
    machine.tpm.assert_empty();
}

#[test]
fn a_key_bound_to_a_locality_signs_from_that_locality() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("three.tpm", "-e P-256 --locality 8");
    machine.key("any.tpm", "-e P-256 --locality 0x1f");
    machine.openssl.write("message", b"what is signed");
    for locality in 0..4 {
        machine.tpm.set_locality(locality);
        machine.signs("any.tpm");
        let signed = machine.openssl.run("dgst -sha256 -sign three.tpm -out message.sig message");
        assert_eq!(signed.success(), locality == 3, "{signed}");
    }
    machine.tpm.set_locality(0);
    machine.tpm.assert_empty();
}

#[test]
fn keys_with_a_password_in_the_policy_sign() {
    let machine = Machine::new();
    let other = machine.tpm.create_primary_with(b"other", raw::STORAGE);
    machine.tpm.persist(other, 0x8100_0007);
    machine.tpm.flush(other);
    for (options, password) in [
        ("-x 16 -k secret", "secret"),
        ("-x 16 -k secret -n sha512 -w ec.pem", "secret"),
        ("--secret 81000007", "other"),
        ("--secret 81000007 --locality 1 -n sha384", "other"),
    ] {
        if options.contains("-w") {
            machine
                .openssl
                .without_tpm2()
                .ok("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
            machine.key("key.tpm", options);
        } else {
            machine.key("key.tpm", &format!("-e P-256 {options}"));
        }
        signs_with(&machine, "key.tpm", password);
    }
}

#[test]
fn importable_keys_sign_on_the_machine_of_the_parent() {
    let machine = Machine::new();
    machine.provision();
    let shell = tests::peers::tpm2_tools(machine.tool.shell(), &machine.tpm.tcti());
    shell.ok(&format!("tpm2_readpublic -Q -c {SRK:#x} -o srk.area"));
    machine.openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    for (options, password) in [
        ("-e P-256", ""),
        ("-r -k secret", "secret"),
        ("-w ec.pem -n sha384", ""),
        ("-e P-384 --locality 1 -k secret", "secret"),
        ("-e P-256 -x 16", ""),
    ] {
        // The standard storage key of the owner hierarchy, persistent or derived.
        for parent in ["", "-p 81000001"] {
            machine.key("key.tpm", &format!("-i srk.area {options} {parent}"));
            if password.is_empty() {
                machine.signs("key.tpm");
            } else {
                signs_with(&machine, "key.tpm", password);
            }
        }
    }
    machine.tpm.assert_empty();
}

#[test]
fn an_importable_key_of_another_parent_is_refused() {
    let machine = Machine::new();
    machine.provision();
    let shell = tests::peers::tpm2_tools(machine.tool.shell(), &machine.tpm.tcti());
    shell.ok("tpm2_createprimary -Q -C e -G ecc256 -c other.ctx");
    shell.ok("tpm2_readpublic -Q -c other.ctx -o other.area");
    machine.tpm.clear();
    machine.key("key.tpm", "-i other.area -p 81000001 -e P-256");
    machine.openssl.write("message", b"what is signed");
    machine.openssl.failed("dgst -sha256 -sign key.tpm -out message.sig message").says("parent");
    assert!(
        !machine.openssl.file("message.sig").exists()
            || machine.openssl.shell().read("message.sig").is_empty()
    );
    machine.tpm.assert_empty();
}

#[test]
fn keys_three_levels_deep_sign() {
    let machine = Machine::new();
    for (parent, options, handle) in [
        ("owner", "-e P-256", "81000011"),
        ("81000011", "-r", "81000012"),
        ("81000012", "-e P-384", "81000013"),
    ] {
        machine.key("parent.tpm", &format!("--restricted -p {parent} {options}"));
        machine.tool.ok(&format!("load parent.tpm {handle}"));
        machine.key("key.tpm", &format!("-e P-256 -p {handle}"));
        machine.signs("key.tpm");
    }
    machine.tpm.assert_empty();
}
