//! `create` makes parents (restricted keys), RSA and EC, three levels deep, with passwords of hierarchies and parents.

use keyfile::wire::Unmarshal as _;
use keyfile::{Attributes, Handle, HashAlg, KeyFile, Kind, Public, PublicKey, Sensitive, Symmetric};
use openssl::bn::{BigNum, BigNumContext};
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

/// Makes the key in a file persistent with tpm2-tools.
fn make_persistent(desk: &Desk, key: &str, parent: &str, handle: &str) {
    desk.load(key, parent);
    desk.others(&format!("tpm2_evictcontrol -Q -c key.ctx {handle}; tpm2_flushcontext -t"));
}

#[test]
fn parents_work_three_levels_deep() {
    let desk = Desk::new();
    desk.run("tpm2-keytool create --restricted -e P-256 one.tpm").ok();
    let key = desk.key("one.tpm").public;
    assert!(
        key.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT)
            && !key.attributes.contains(Attributes::SIGN)
    );
    assert_eq!(key.key.symmetric(), Some(Symmetric::AES_128_CFB));
    desk.run("tpm2-keytool show one.tpm").ok().says("parent");
    make_persistent(&desk, "one.tpm", "o", "0x81000011");
    // RSA under EC, with a password.
    desk.run("tpm2-keytool create --restricted -p 81000011 -k second two.tpm").ok();
    assert!(matches!(desk.key("two.tpm").public.key, PublicKey::Rsa { bits: 2048, .. }));
    make_persistent(&desk, "two.tpm", "0x81000011", "0x81000012");
    desk.run("tpm2-keytool create --restricted -p 81000012 -b second -e P-384 three.tpm").ok();
    make_persistent(&desk, "three.tpm", "0x81000012 -P second", "0x81000013");
    desk.run("tpm2-keytool create --restricted -p 81000011 -n sha384 no.tpm")
        .failed()
        .says("name hash sha384");
    for (parent, password) in [("0x81000011", ""), ("0x81000012", "second"), ("0x81000013", "")] {
        let option = if password.is_empty() { String::new() } else { format!("-b {password}") };
        desk.run(&format!("tpm2-keytool create --force -p {parent} {option} -e P-256 key.tpm")).ok();
        desk.load(
            "key.tpm",
            &if password.is_empty() { parent.to_owned() } else { format!("{parent} -P {password}") },
        );
        desk.sign("-s ecdsa").ok();
    }
    desk.run("tpm2-keytool create -p 81000012 -e P-256 no.tpm").failed().says("81000012");
    desk.run("tpm2-keytool create -p 81000012 -b wrong -e P-256 no.tpm").failed().says("81000012");
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}

#[test]
fn a_parent_can_be_wrapped_from_an_existing_private_key() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c primary.ctx; tpm2_evictcontrol -Q -c primary.ctx 0x81000001; tpm2_flushcontext -t
         tpm2_readpublic -Q -c 0x81000001 -o area",
    );
    for (n, kind) in [(1, "ec"), (2, "rsa")] {
        desk.run(&format!("create_tpm2_key --restricted -p 81000001 -w {kind}.pem parent.tpm")).ok();
        make_persistent(&desk, "parent.tpm", "0x81000001", &format!("0x8100002{n}"));
        desk.run(&format!("create_tpm2_key -e P-256 -p 8100002{n} key.tpm")).ok();
        desk.load("key.tpm", &format!("0x8100002{n}"));
        desk.sign("-s ecdsa").ok();
        // The same, from the public key alone.
        desk.run(&format!(
            "create_tpm2_key --restricted -i area -p 81000001 -n sha384 -w {kind}.pem parent.tpm"
        ))
        .ok();
        desk.import("parent.tpm", "0x81000001");
        desk.others(&format!("tpm2_evictcontrol -Q -c key.ctx 0x8100003{n}; tpm2_flushcontext -t"));
        desk.run(&format!("create_tpm2_key -e P-256 -p 8100003{n} key.tpm")).ok();
        desk.load("key.tpm", &format!("0x8100003{n}"));
        desk.sign("-s ecdsa").ok();
    }
    desk.assert_tidy();
}

/// The same private key gives the same parent again: on a TPM that was cleared in between, and in openssl_tpm2_engine, whose seed is the
/// name hash over the public numbers and the private number (for RSA the second prime).
#[test]
fn children_move_with_the_private_key_of_their_parent() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem",
    );
    for kind in ["ec", "rsa"] {
        for hash in ["sha256", "sha384"] {
            desk.run(&format!("create_tpm2_key --restricted -n {hash} -w {kind}.pem parent.tpm")).ok();
            desk.run("load_tpm2_key parent.tpm 81000101").ok();
            desk.run("create_tpm2_key -e P-256 -p 81000101 child.tpm").ok();
            // A new owner has other storage keys.
            desk.others("tpm2_clear; tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c primary.ctx; tpm2_evictcontrol -Q -c primary.ctx 0x81000001; tpm2_flushcontext -t; tpm2_readpublic -Q -c 0x81000001 -o area");
            desk.run(&format!("create_tpm2_key --restricted -n {hash} -w {kind}.pem parent.tpm")).ok();
            desk.run("load_tpm2_key parent.tpm 81000101").ok();
            desk.load("child.tpm", "0x81000101");
            desk.sign("-s ecdsa").ok();
            as_the_engine_wraps_it(&desk, &format!("{kind}.pem"), "parent.tpm");
            desk.import("theirs.tpm", "0x81000001");
            desk.others("tpm2_evictcontrol -Q -c key.ctx 0x81000102; tpm2_flushcontext -t");
            desk.load("child.tpm", "0x81000102");
            desk.sign("-s ecdsa").ok();
            desk.others("for h in 81000001 81000101 81000102; do tpm2_evictcontrol -Q -c 0x$h; done");
        }
    }
}

/// Wraps the same private key with the engine's seed, as an importable key for the storage key in `area`.
fn as_the_engine_wraps_it(desk: &Desk, private: &str, parent: &str) {
    let key = PKey::private_key_from_pem(&desk.shell.read(private)).unwrap();
    let public = desk.key(parent).public;
    let name_hash = MessageDigest::from_name(public.name_alg.name()).unwrap();
    let (numbers, own) = match (key.rsa(), key.ec_key()) {
        (Ok(rsa), _) => (vec![rsa.n().to_vec()], rsa.q().unwrap().to_vec()),
        (_, ec) => {
            let ec = ec.unwrap();
            let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
            let mut context = BigNumContext::new().unwrap();
            ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context).unwrap();
            let padded = |number: BigNum| number.to_vec_padded(32).unwrap();
            (vec![padded(x), padded(y)], ec.private_key().to_vec())
        }
    };
    let seed = hash(name_hash, &[numbers.concat(), own.clone()].concat()).unwrap();
    let sensitive = Sensitive {
        kind: public.key.kind(),
        auth_value: Vec::new().into(),
        seed_value: seed.to_vec().into(),
        sensitive: own.into(),
    };
    let srk = Public::from_sized(&desk.shell.read("area")).unwrap();
    let duplicate = tpm::wrap(&srk, &public, &sensitive).unwrap();
    let mut file = KeyFile::new(Kind::Importable, Handle(0x8100_0001), public, duplicate.duplicate);
    file.secret = Some(duplicate.secret);
    desk.shell.write("theirs.tpm", file.to_pem().unwrap());
}

#[test]
fn a_parent_with_a_policy_gives_a_warning() {
    let desk = Desk::new();
    desk.run("create_tpm2_key --restricted -x 16 parent.tpm").ok().says("parent with a policy");
    desk.run("load_tpm2_key parent.tpm 81000101").failed().says("policy");
    desk.run("load_tpm2_key --force parent.tpm 81000101").ok();
}

#[test]
fn a_parent_follows_its_own_parents_hash_and_cipher() {
    let desk = Desk::new();
    desk.others("tpm2_createprimary -Q -C o -G ecc384:aes256cfb -g sha384 -c primary.ctx; tpm2_evictcontrol -Q -c primary.ctx 0x81000001; tpm2_flushcontext -t");
    desk.run("create_tpm2_key --restricted -e P-256 -p 81000001 parent.tpm").ok();
    let public = desk.key("parent.tpm").public;
    assert_eq!((public.name_alg, public.key.symmetric()), (HashAlg::Sha384, Some(Symmetric::AES_256_CFB)));
    make_persistent(&desk, "parent.tpm", "0x81000001", "0x81000002");
    desk.run("create_tpm2_key -e P-256 -p 81000002 key.tpm").ok();
    desk.load("key.tpm", "0x81000002");
    desk.sign("-s ecdsa").ok();
    desk.assert_tidy();
}

#[test]
fn hierarchies_with_passwords_are_parents() {
    let desk = Desk::new();
    for (name, letter, handle) in
        [("owner", "o", raw::OWNER), ("endorsement", "e", raw::ENDORSEMENT), ("platform", "p", 0x4000_000C)]
    {
        desk.tpm.set_hierarchy_auth(handle, b"", b"word");
        desk.run(&format!("create_tpm2_key -e P-256 -p {name} -b word key.tpm")).ok();
        desk.load("key.tpm", &format!("{letter} -P word"));
        for password in ["", "-b wrong"] {
            desk.run(&format!("create_tpm2_key -e P-256 -p {name} {password} no.tpm"))
                .failed()
                .says("password");
        }
    }
    // The null hierarchy has no password, and accepts any.
    desk.run("create_tpm2_key -e P-256 -p null -b word key.tpm").ok();
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}
