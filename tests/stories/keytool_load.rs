//! `load` makes the key of a file persistent; other tools find the key and sign with it.

use keyfile::{Handle, Kind};
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

/// Writes the public key at a handle to `public.pem`, and returns its Name in hexadecimal.
fn name_at(desk: &Desk, handle: &str) -> String {
    desk.others(&format!("tpm2_readpublic -Q -c {handle} -f pem -o public.pem -n name"));
    hex::encode(desk.shell.read("name"))
}

/// Signs with a handle and tpm2-tools, and verifies with openssl.
fn signs(desk: &Desk, handle: &str, options: &str) {
    desk.shell.write("data", "hello\n");
    desk.others(&format!(
        "tpm2_sign -Q -c {handle} -g sha256 -f plain -o signature {options} data
         openssl dgst -sha256 -verify public.pem -signature signature data"
    ));
}

#[test]
fn a_key_is_made_persistent_and_signs() {
    let desk = Desk::new();
    for (options, handle, sign) in [
        ("-e P-256", "81000001", "-s ecdsa"),
        ("", "0x81000002", "-s rsassa"),
        ("-e P-256 -p endorsement", "817fffff", "-s ecdsa"),
        ("-e P-256 -k secret -d", "81000003", "-s ecdsa -p secret"),
    ] {
        desk.run(&format!("create_tpm2_key {options} key.tpm")).ok();
        let before = desk.shell.read("key.tpm");
        let output = desk.run(&format!("tpm2-keytool load key.tpm {handle}")).ok();
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
        desk.assert_tidy();
        let handle = format!("0x{}", handle.trim_start_matches("0x"));
        let name = name_at(&desk, &handle);
        assert_eq!(name, hex::encode(desk.key("key.tpm").public.name().unwrap().as_bytes()));
        signs(&desk, &handle, sign);
        // The file is unchanged and still loads.
        assert_eq!(desk.shell.read("key.tpm"), before);
        desk.load("key.tpm", if options.contains("endorsement") { "e" } else { "o" });
    }
    // The key survives a reset.
    desk.tpm.reset_and_startup();
    name_at(&desk, "0x81000001");
    signs(&desk, "0x81000001", "-s ecdsa");
    desk.run("tpm2-keytool show 81000001").ok().says("P-256");
}

#[test]
fn the_drop_in_name_and_the_platforms_handles_work() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 -p platform key.tpm").ok();
    desk.run("load_tpm2_key key.tpm 81800001").ok();
    name_at(&desk, "0x81800001");
    signs(&desk, "0x81800001", "-s ecdsa");
    desk.assert_tidy();
    // Each hierarchy has its own range of handles.
    desk.run("load_tpm2_key key.tpm 81000001")
        .failed()
        .says("use 81800000 or above for keys of the platform hierarchy");
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.run("load_tpm2_key key.tpm 81800002").failed().says("a lower handle for owner and endorsement");
    assert_eq!(desk.tpm.persistent(), [0x8180_0001]);
    desk.assert_tidy();
}

#[test]
fn passwords_of_the_parent_and_of_the_owner_are_used() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary_with(b"parent", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    desk.run("create_tpm2_key -e P-256 -p 81000001 -b parent under.tpm").ok();
    desk.run("create_tpm2_key -e P-256 owned.tpm").ok();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.shell.write("words", "parent\nowner\n");
    for (line, cause) in [
        ("owned.tpm 81000002", "password"),
        ("owned.tpm 81000002 -b wrong", "password"),
        ("under.tpm 81000002 -b wrong --auth-owner owner", "password"),
        ("under.tpm 81000002 -b parent", "the owner hierarchy has a password"),
        ("under.tpm 81000002 -b parent --auth-owner wrong", "the password of the owner hierarchy is wrong"),
        ("under.tpm 81000002 --passparent env:NO_SUCH", "NO_SUCH"),
    ] {
        desk.run(&format!("load_tpm2_key {line}")).failed().says(cause);
        assert_eq!(desk.tpm.persistent(), [0x8100_0001], "{line}");
        desk.assert_tidy();
    }
    for line in [
        "owned.tpm 81000002 -b owner",
        "owned.tpm 81000003 --passparent pass:owner",
        "under.tpm 81000004 -b parent --auth-owner owner",
        "under.tpm 81000005 --passparent file:words --passowner file:words",
    ] {
        desk.run(&format!("load_tpm2_key {line}")).ok();
        desk.assert_tidy();
    }
    name_at(&desk, "0x81000005");
    signs(&desk, "0x81000005", "-s ecdsa");
}

#[test]
fn an_importable_key_is_imported_first() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    importable(&desk, "81000001");
    desk.run("load_tpm2_key key.tpm 81000009").ok();
    name_at(&desk, "0x81000009");
    signs(&desk, "0x81000009", "-s ecdsa");
    desk.verify("ec.public");
    desk.assert_tidy();
    // A key for another parent than the one at the handle.
    let mut key = desk.key("key.tpm");
    key.parent = Handle::OWNER;
    desk.shell.write("other.tpm", key.to_pem().unwrap());
    desk.run("load_tpm2_key other.tpm 8100000a").failed().says("TPM2_Import failed");
    desk.assert_tidy();
}

/// Writes key.tpm: ec.pem as an importable key for a P-384 parent at this handle.
fn importable(desk: &Desk, parent: &str) {
    desk.others(&format!(
        "tpm2_createprimary -Q -C o -G ecc384:aes256cfb -g sha384 -c p.ctx; tpm2_evictcontrol -Q -c p.ctx 0x{parent}
         tpm2_flushcontext -t; tpm2_readpublic -Q -c 0x{parent} -o parent.pub"
    ));
    use keyfile::wire::Unmarshal as _;
    let parent_public = keyfile::Public::from_sized(&desk.shell.read("parent.pub")).unwrap();
    let ec = openssl::pkey::PKey::private_key_from_pem(&desk.shell.read("ec.pem")).unwrap().ec_key().unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let (mut x, mut y) = (openssl::bn::BigNum::new().unwrap(), openssl::bn::BigNum::new().unwrap());
    ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context).unwrap();
    let public =
        tpm::template::Template::wrapped_ecc(keyfile::Curve::P256, &x.to_vec(), &y.to_vec()).public();
    let sensitive = keyfile::Sensitive {
        kind: keyfile::AlgId::ECC,
        auth_value: Vec::new().into(),
        seed_value: Vec::new().into(),
        sensitive: ec.private_key().to_vec_padded(32).unwrap().into(),
    };
    let wrapped = tpm::wrap(&parent_public, &public, &sensitive).unwrap();
    let mut key =
        keyfile::KeyFile::new(Kind::Importable, parent.parse().unwrap(), wrapped.public, wrapped.duplicate);
    key.secret = Some(wrapped.secret);
    desk.shell.write("key.tpm", key.to_pem().unwrap());
}

#[test]
fn a_key_with_a_policy_is_made_persistent_only_with_force() {
    let desk = Desk::new();
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c primary.ctx -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
         tpm2_startauthsession -S s.ctx; tpm2_policyauthvalue -Q -S s.ctx -L policy; tpm2_flushcontext s.ctx
         tpm2_flushcontext -t
         tpm2_create -Q -C primary.ctx -G ecc256 -L policy -p secret -a 'fixedtpm|fixedparent|sensitivedataorigin|sign|noda' -u k.pub -r k.priv
         tpm2_flushcontext -t",
    );
    let read = |name| desk.shell.read(name)[2..].to_vec();
    use keyfile::wire::Unmarshal as _;
    let public = keyfile::Public::from_bytes(&read("k.pub")).unwrap();
    let mut key = keyfile::KeyFile::new(Kind::Loadable, Handle::OWNER, public, read("k.priv"));
    key.empty_auth = false;
    key.policy = Some(vec![keyfile::policy::Condition::AuthValue.statement().unwrap()]);
    desk.shell.write("key.tpm", key.to_pem().unwrap());
    desk.run("load_tpm2_key key.tpm 81000001").failed().says("has a policy").says("-f");
    assert!(desk.tpm.persistent().is_empty());
    for (option, handle) in [("-f", "81000001"), ("--force", "81000002")] {
        desk.run(&format!("load_tpm2_key {option} key.tpm {handle}")).ok();
        desk.assert_tidy();
    }
    name_at(&desk, "0x81000001");
    desk.others("tpm2_startauthsession -S s.ctx --policy-session; tpm2_policyauthvalue -Q -S s.ctx");
    signs(&desk, "0x81000001", "-s ecdsa -p session:s.ctx+secret");
}

#[test]
fn wrong_uses_of_load_are_refused() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.run("create_tpm2_key -e P-256 -p null null.tpm").ok();
    desk.run("load_tpm2_key key.tpm 81000001").ok();
    desk.shell.write("text", "hello");
    let mut moved = desk.key("key.tpm");
    moved.parent = Handle(0x8100_0007);
    desk.shell.write("moved.tpm", moved.to_pem().unwrap());
    moved.parent = Handle::ENDORSEMENT;
    desk.shell.write("foreign.tpm", moved.to_pem().unwrap());
    let whole = String::from_utf8(desk.shell.read("key.tpm")).unwrap();
    desk.shell.write("cut.tpm", &whole[..200]);
    for (line, cause) in [
        ("key.tpm 81000001", "the handle 0x81000001 is in use"),
        ("null.tpm 81000002", "null hierarchy"),
        ("moved.tpm 81000002", "no key there"),
        ("foreign.tpm 81000002", "TPM_RC_INTEGRITY"),
        ("text 81000002", "not a readable key file"),
        ("cut.tpm 81000002", "cut off"),
        ("no-such-file 81000002", "No such file"),
        (". 81000002", "cannot read ."),
        ("/dev/zero 81000002", "longer than a megabyte"),
        ("key.tpm 81000002 --tcti swtpm:host=127.0.0.1,port=1", "port=1"),
    ] {
        let output = desk.run(&format!("tpm2-keytool load {line}")).failed().says(cause);
        let error = output.err();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].starts_with("tpm2-keytool: ") && lines.len() == 2, "{output}");
        assert!(output.out().is_empty(), "{output}");
    }
    for line in ["key.tpm", "key.tpm 80000001", "key.tpm owner", "key.tpm 1c00002", "key.tpm srk", ""] {
        let output = desk.run(&format!("load_tpm2_key {line}")).failed();
        assert_eq!(output.code(), Some(2), "{output}");
    }
    desk.run("load_tpm2_key key.tpm 80000001")
        .failed()
        .says("not a persistent handle: the range is 81000000 to");
    assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
    desk.assert_tidy();
}

#[test]
fn the_owners_password_does_not_cross_the_bus() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"ownerword");
    proxy.log().clear();
    desk.run("load_tpm2_key key.tpm 81000001 -b ownerword").ok();
    assert_eq!(proxy.log().count(raw::EVICT_CONTROL), 1);
    // One command shows that the handle is free; the TPM's properties are not queried one by one.
    assert_eq!(proxy.log().codes()[0], raw::READ_PUBLIC, "{}", proxy.log().text());
    assert!(!proxy.log().contains(b"ownerword"), "{}", proxy.log().text());
    desk.assert_tidy();
}
