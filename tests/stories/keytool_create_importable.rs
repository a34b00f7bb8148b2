//! Keys are made for a parent of which only the public key is known: without a TPM, and imported with other tools.

use keyfile::wire::{Marshal, Writer};
use keyfile::{Attributes, Handle, Kind};

use crate::keytool::Desk;

/// No TPM listens there: a command that needs a TPM fails.
const NO_TPM: &str = "--tcti swtpm:host=127.0.0.1,port=1";

/// Makes parents of these kinds persistent at 0x81000001 and on, and writes the public key of each: N.area, N.pem, N.der.
fn parents(desk: &Desk, templates: &[&str]) {
    for (n, template) in (1..).zip(templates) {
        desk.others(&format!(
            "tpm2_createprimary -Q {template} -c primary.ctx; tpm2_evictcontrol -Q -c primary.ctx 0x8100000{n}; tpm2_flushcontext -t
             tpm2_readpublic -Q -c 0x8100000{n} -o {n}.area
             tpm2_readpublic -Q -c 0x8100000{n} -f pem -o {n}.pem
             tpm2_readpublic -Q -c 0x8100000{n} -f der -o {n}.der"
        ));
    }
}

#[test]
fn keys_are_made_for_parents_of_every_kind() {
    let desk = Desk::new();
    let templates = [
        "-G ecc256:aes128cfb",
        "-G rsa2048:aes128cfb",
        "-G ecc384:aes256cfb -g sha384",
        "-G rsa2048:aes256cfb -g sha512",
        "-G ecc521:aes128cfb -g sha1",
    ];
    parents(&desk, &templates);
    for (n, options, scheme) in [
        (1, "-e P-256", "-s ecdsa"),
        (2, "-e P-384 -n sha384", "-s ecdsa"),
        (3, "-e P-521 -n sha512", "-s ecdsa"),
        (4, "-r", "-s rsassa"),
        (5, "-e P-256 -n sha1", "-s ecdsa"),
    ] {
        let parent = format!("0x8100000{n}");
        let secret = if n % 2 == 0 { "-k secret" } else { "" };
        desk.run(&format!("create_tpm2_key {NO_TPM} -i {n}.area -p {parent} {options} {secret} key.tpm"))
            .ok();
        let key = desk.key("key.tpm");
        assert_eq!(
            (key.kind, key.parent, key.empty_auth),
            (Kind::Importable, Handle(0x8100_0000 + n), secret.is_empty())
        );
        assert!(!key.public.attributes.intersects(Attributes::FIXED_TPM | Attributes::FIXED_PARENT));
        desk.import("key.tpm", &parent);
        desk.sign(&format!("{scheme} {}", secret.replace("-k", "-p"))).ok();
        if !secret.is_empty() {
            desk.sign(&format!("{scheme} -p wrong")).failed();
        }
    }
    // The key is encrypted to one parent; no other parent can import it.
    desk.run("create_tpm2_key -i 1.area -p 81000001 -e P-256 key.tpm").ok();
    desk.halves("key.tpm");
    let mut seed = Writer::new();
    seed.sized(&desk.key("key.tpm").secret.unwrap());
    desk.shell.write("seed", seed.finish().unwrap());
    desk.shell.failed("tpm2_import -Q -C 0x81000002 -u key.tpm.pub -i key.tpm.priv -s seed -r imported");
    desk.others("tpm2_flushcontext -t");
    desk.assert_tidy();
}

#[test]
fn a_public_key_alone_is_assumed_to_be_a_standard_storage_key() {
    let desk = Desk::new();
    parents(&desk, &["-G ecc256:aes128cfb", "-G rsa2048:aes128cfb", "-G ecc384:aes128cfb"]);
    for n in [1, 2, 3] {
        for form in ["pem", "der"] {
            desk.run(&format!("create_tpm2_key {NO_TPM} --import {n}.{form} -p 8100000{n} -e P-256 key.tpm"))
                .ok()
                .says("assuming")
                .says("AES-128-CFB");
            desk.import("key.tpm", &format!("0x8100000{n}"));
            desk.sign("-s ecdsa").ok();
        }
        let printed =
            desk.run(&format!("create_tpm2_key {NO_TPM} -i {n}.area -p 8100000{n} -e P-256 key.tpm")).ok();
        assert_eq!(printed.err(), "");
    }
}

#[test]
fn keys_are_made_for_the_storage_keys_of_a_hierarchy() {
    let desk = Desk::new();
    let attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt";
    for (kind, rsa) in [("ecc256", false), ("rsa2048", true)] {
        desk.others(&format!(
            "tpm2_createprimary -Q -C o -G {kind}:aes128cfb -a '{attributes}' -c primary.ctx; tpm2_flushcontext -t
             tpm2_readpublic -Q -c primary.ctx -o {kind}.area; tpm2_flushcontext -t
             tpm2_print -t TPM2B_PUBLIC -f pem {kind}.area >{kind}.pem"
        ));
        for form in ["area", "pem"] {
            desk.run(&format!("create_tpm2_key {NO_TPM} -i {kind}.{form} -e P-256 key.tpm")).ok();
            let key = desk.key("key.tpm");
            assert_eq!((key.parent, key.rsa_parent), (Handle::OWNER, rsa));
            desk.import("key.tpm", "primary.ctx");
            desk.sign("-s ecdsa").ok();
        }
    }
    // Loading such a file derives the standard storage key, and these parents are others.
    parents(&desk, &["-G ecc384:aes128cfb", "-G ecc256:aes256cfb"]);
    for file in ["1.area", "1.pem", "2.area"] {
        desk.run(&format!("create_tpm2_key {NO_TPM} -i {file} -e P-256 no.tpm")).failed().says("-p 81");
    }
    desk.assert_absent("no.tpm");
}

#[test]
fn existing_keys_and_policies_are_accepted() {
    let desk = Desk::new();
    parents(&desk, &["-G ecc256:aes128cfb"]);
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1536 -out odd.pem
         for k in ec rsa; do openssl pkey -in $k.pem -pubout -out $k.public; done",
    );
    for (kind, scheme) in [("ec", "-s ecdsa"), ("rsa", "-s rsassa")] {
        desk.run(&format!("create_tpm2_key {NO_TPM} -i 1.area -p 81000001 -w {kind}.pem key.tpm")).ok();
        desk.import("key.tpm", "0x81000001");
        desk.sign(scheme).ok();
        desk.verify(&format!("{kind}.public"));
    }
    desk.shell.write("policy", "0000016f01");
    let line = "-i 1.area -p 81000001 -w ec.pem -c policy --secret owner -n sha384 key.tpm";
    desk.run(&format!("create_tpm2_key {NO_TPM} {line}")).ok();
    assert!(desk.key("key.tpm").uses_policy());
    desk.import("key.tpm", "0x81000001");
    desk.sign("-s ecdsa").failed();
    // PCR values and the Name of an object can only be read from a TPM.
    desk.run(&format!("create_tpm2_key {NO_TPM} -i 1.area -p 81000001 -x 16 no.tpm")).failed().says("port=1");
    desk.run("create_tpm2_key -i 1.area -p 81000001 -e P-256 --secret 81000001 key.tpm").ok();
    desk.run("create_tpm2_key -i 1.area -p 81000001 -e P-256 -x 16 key.tpm").ok();
    for (options, why) in [
        ("-w odd.pem", "no TPM supports RSA keys of 1536 bits"),
        ("-s 1000", "no TPM supports RSA keys of 1000 bits"),
        ("-e bnp256", "OpenSSL does not know the curve"),
        ("-w ec.public", "no private key"),
    ] {
        let line = format!("create_tpm2_key {NO_TPM} -i 1.area -p 81000001 {options} no.tpm");
        desk.run(&line).failed().says(why);
    }
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}

#[test]
fn files_without_a_parents_public_key_are_refused() {
    let desk = Desk::new();
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256 -c primary.ctx; tpm2_create -Q -C primary.ctx -G ecc256 -u key.area -r key.priv; tpm2_flushcontext -t
         openssl genpkey -algorithm ED25519 -out ed.pem; openssl pkey -in ed.pem -pubout -out ed.public
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k1.pem; openssl pkey -in k1.pem -pubout -out k1.public",
    );
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    let mut cut = desk.shell.read("key.area");
    cut.truncate(40);
    desk.shell.write("cut", cut);
    let mut unsized_area = desk.key("key.tpm").public;
    unsized_area.attributes = Attributes::SIGN;
    desk.shell.write("signer.area", unsized_area.to_bytes().unwrap());
    for (file, why) in [
        ("key.area", "not a parent"),
        ("signer.area", "not a parent"),
        ("key.tpm", "private key"),
        ("ed.pem", "private key"),
        ("ed.public", "neither"),
        ("k1.public", "no TPM supports its curve"),
        ("cut", "no public key"),
        ("no-such-file", "No such file"),
        ("/dev/null", "no public key"),
    ] {
        let output = desk.run(&format!("create_tpm2_key {NO_TPM} -i {file} no.tpm")).failed().says(why);
        assert_eq!(output.err().lines().filter(|line| !line.contains("assuming")).count(), 2, "{output}");
    }
    let output = desk.run("create_tpm2_key -i key.area -b parent no.tpm").failed();
    assert_eq!(output.code(), Some(2), "{output}");
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}
