//! Tests tokens against a TPM simulator: keys are opened, and their passwords changed.

// In a helper a panic is the failure report, as clippy.toml says for tests.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use keyfile::{AlgId, Curve, Handle, HashAlg, KeyFile, KeyReference, Kind};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Scratch, Swtpm};
use tokens::{Configuration, Contents, Error, Token, TokenKey};
use tpm::template::{Storage, Template, Usage};
use tpm::{Auth, Config, ErrorKind, Key, Parent, Tpm};

const HANDLE: Handle = Handle(0x8100_0100);
const OWNER: Parent = Parent { handle: Handle::OWNER, storage: Storage::P256, auth: None };

/// A TPM, the proxy in front of it, and a folder with a configuration.
struct Desk {
    swtpm: Swtpm,
    proxy: Proxy,
    folder: Scratch,
}

impl Desk {
    fn new() -> Self {
        let swtpm = Swtpm::start();
        let proxy = Proxy::start(&swtpm);
        Self { swtpm, proxy, folder: Scratch::new("tokens") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a key that signs.
    fn key(&self, password: Option<&str>, protected: bool) -> KeyFile {
        let tpm = Tpm::new(Config { tcti: Some(self.swtpm.tcti()), ..Config::default() });
        let template = Template::ecc(Curve::P256).usage(Usage::Sign).dictionary_attack_protection(protected);
        let made = tpm.create(&OWNER, &template.public(), password.map(Auth::new).as_ref()).unwrap();
        let mut file = KeyFile::new(Kind::Loadable, OWNER.handle, made.public, made.private);
        file.empty_auth = password.is_none();
        tpm.close();
        file
    }

    /// Makes a key persistent, and returns its public area.
    fn persist(&self, password: &str) -> keyfile::Public {
        let tpm = Tpm::new(Config { tcti: Some(self.swtpm.tcti()), ..Config::default() });
        let file = self.key(Some(password), true);
        let public = file.public.clone();
        Key::from_file(&tpm, file, None).unwrap().persist(HANDLE, None).unwrap();
        tpm.close();
        public
    }

    fn configuration(&self, sections: &str) -> Configuration {
        let path = self.path("pkcs11.conf");
        fs::write(&path, format!("tcti = {}\n{sections}", self.proxy.tcti())).unwrap();
        Configuration::read(&path).unwrap()
    }
}

fn contents(token: &Token, tpm: &Tpm) -> std::sync::Arc<Contents> {
    token.contents(tpm).unwrap()
}

fn sign(key: &TokenKey, tpm: &Tpm, password: Option<&str>) -> Result<(), Error> {
    let key = key.open(tpm, password.map(Auth::new))?;
    Ok(key.sign(&[7; 32], HashAlg::Sha256, AlgId::ECDSA).map(drop)?)
}

#[track_caller]
fn kind(result: Result<impl Sized, Error>) -> ErrorKind {
    match result.err().unwrap() {
        Error::Tpm(error) => error.kind(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_folder_changes_its_password() {
    let desk = Desk::new();
    desk.swtpm.set_dictionary_attack(9, 1000);
    let configuration = desk.configuration("[keys]\nfolder = keys");
    let [token] = configuration.tokens() else { panic!("not one token") };
    let tpm = configuration.tpm();
    for (label, password, protected) in
        [("a", Some("old"), true), ("b", Some("old"), false), ("c", Some("other"), true), ("d", None, true)]
    {
        token.add_key(&desk.key(password, protected), label, None).unwrap();
    }
    let der = desk.key(Some("old"), false).to_der().unwrap();
    fs::write(desk.path("keys/e.tpm"), der).unwrap();
    let text = fs::read_to_string(desk.path("keys/a.tpm")).unwrap();
    fs::write(desk.path("keys/a.tpm"), format!("a note\n{text}the end\n")).unwrap();
    let before = contents(token, &tpm);
    assert!(before.faults.is_empty(), "{:?}", before.faults);
    let password = |key: &TokenKey| match key.label() {
        "a" | "b" | "e" => Some("new"),
        "c" => Some("other"),
        _ => None,
    };
    // A wrong password is sent once, whatever the number of keys, and changes nothing.
    let files: Vec<_> = before.keys.iter().map(|key| fs::read(key.path().unwrap()).unwrap()).collect();
    let changed = token.change_password(&tpm, &Auth::new("wrong"), &Auth::new("new"));
    assert_eq!((kind(changed), desk.swtpm.failures()), (ErrorKind::Authorization, 1));
    let same: Vec<_> = before.keys.iter().map(|key| fs::read(key.path().unwrap()).unwrap()).collect();
    assert_eq!(files, same);

    assert_eq!(token.change_password(&tpm, &Auth::new("old"), &Auth::new("new")).unwrap(), 3);
    let after = contents(token, &tpm);
    assert_eq!(after.keys.len(), 5);
    for (old, key) in before.keys.iter().zip(&after.keys) {
        assert_eq!((old.number(), old.label(), old.id()), (key.number(), key.label(), key.id()));
        assert_eq!(key.needs_password(), key.label() != "d");
        sign(key, &tpm, password(key)).unwrap();
    }
    let failures = desk.swtpm.failures();
    assert_eq!(kind(sign(&after.keys[0], &tpm, Some("old"))), ErrorKind::Authorization);
    assert_eq!(desk.swtpm.failures(), failures + 1);
    let text = fs::read_to_string(desk.path("keys/a.tpm")).unwrap();
    assert!(text.starts_with("a note\nlabel: a\n-----BEGIN") && text.ends_with("-----\nthe end\n"), "{text}");
    assert!(fs::read(desk.path("keys/e.tpm")).unwrap().starts_with(b"\x30"));
    let names = fs::read_dir(desk.path("keys")).unwrap().count();
    assert_eq!(names, 5, "a temporary file is left");

    // The password is removed, and the keys without one get one.
    assert_eq!(token.change_password(&tpm, &Auth::new("new"), &Auth::new("")).unwrap(), 3);
    assert_eq!(contents(token, &tpm).keys.iter().filter(|key| key.needs_password()).count(), 1);
    assert_eq!(token.change_password(&tpm, &Auth::new(""), &Auth::new("third")).unwrap(), 4);
    for key in &contents(token, &tpm).keys {
        sign(key, &tpm, Some(if key.label() == "c" { "other" } else { "third" })).unwrap();
    }
    for password in ["old", "new", "third"] {
        assert!(!desk.proxy.log().contains(password.as_bytes()), "{password} was sent in the clear");
    }
    tpm.close();
    desk.swtpm.assert_empty();
}

#[test]
fn a_change_of_the_password_counts_one_refusal_at_most() {
    let desk = Desk::new();
    desk.swtpm.set_dictionary_attack(9, 1000);
    let configuration = desk.configuration("[keys]\nfolder = keys");
    let [token] = configuration.tokens() else { panic!("not one token") };
    let tpm = configuration.tpm();
    for (label, password, protected) in [
        ("a", "free", false),
        ("b", "old", true),
        ("c", "other", true),
        ("d", "other", true),
        ("e", "free", false),
        ("f", "old", false),
    ] {
        token.add_key(&desk.key(Some(password), protected), label, None).unwrap();
    }
    // Each try is with the same wrong password: the refusal is remembered, and no other key is tried.
    for _ in 0..3 {
        let changed = token.change_password(&tpm, &Auth::new("wrong"), &Auth::new("new"));
        assert_eq!((kind(changed), desk.swtpm.failures()), (ErrorKind::Authorization, 1));
    }
    // The keys without protection are all tried.
    assert_eq!(token.change_password(&tpm, &Auth::new("old"), &Auth::new("new")).unwrap(), 2);
    assert_eq!(desk.swtpm.failures(), 2);
    for (key, password) in
        contents(token, &tpm).keys.iter().zip(["free", "new", "other", "other", "free", "new"])
    {
        sign(key, &tpm, Some(password)).unwrap();
    }
    tpm.close();
    desk.swtpm.assert_empty();
}

#[test]
fn a_killed_change_of_the_password_is_completed() {
    let desk = Desk::new();
    desk.swtpm.set_dictionary_attack(9, 1000);
    let configuration = desk.configuration("[keys]\nfolder = keys");
    let [token] = configuration.tokens() else { panic!("not one token") };
    let tpm = configuration.tpm();
    for (label, protected) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        token.add_key(&desk.key(Some("old"), protected), label, None).unwrap();
    }
    let path = |name: &str| desk.path("keys").join(name);
    let names = || fs::read_dir(desk.path("keys")).unwrap().count();
    let former: Vec<_> =
        ["a", "b", "c", "d"].map(|name| fs::read(path(&format!("{name}.tpm"))).unwrap()).to_vec();
    let change = |old: &str, new: &str| token.change_password(&tpm, &Auth::new(old), &Auth::new(new));
    assert_eq!(change("old", "new").unwrap(), 4);
    // Killed when the former file of c was kept, and c not yet replaced.
    let kill = || {
        for (name, bytes) in ["c", "d"].iter().zip(&former[2..]) {
            fs::write(path(&format!("{name}.tpm")), bytes).unwrap();
        }
        fs::write(path(".a.tpm.former"), &former[0]).unwrap();
        fs::hard_link(path("c.tpm"), path(".c.tpm.former")).unwrap();
        fs::write(path(".tpm2-token-abc"), "").unwrap();
    };
    kill();
    assert_eq!(token.former_files(), [path(".a.tpm.former"), path(".c.tpm.former")]);
    // A wrong password changes nothing, and the former files are kept.
    assert_eq!((kind(change("wrong", "new")), desk.swtpm.failures()), (ErrorKind::Authorization, 1));
    assert_eq!(token.former_files().len(), 2);
    assert_eq!(change("old", "new").unwrap(), 4);
    assert_eq!((desk.swtpm.failures(), names()), (1, 4));
    for key in &contents(token, &tpm).keys {
        sign(key, &tpm, Some("new")).unwrap();
    }
    // Killed when all were replaced.
    for (name, bytes) in ["a", "b", "c", "d"].iter().zip(&former) {
        fs::write(path(&format!(".{name}.tpm.former")), bytes).unwrap();
    }
    assert_eq!(change("old", "new").unwrap(), 4);
    assert_eq!((desk.swtpm.failures(), names()), (1, 4));
    // Another new password: the TPM counts one refusal of it, and one of the former password.
    kill();
    assert_eq!(kind(change("old", "third")), ErrorKind::Authorization);
    assert_eq!(desk.swtpm.failures(), 3);
    tpm.close();
    desk.swtpm.assert_empty();
}

#[test]
fn a_key_at_a_handle_is_read_once() {
    let desk = Desk::new();
    desk.persist("secret");
    let configuration = desk.configuration("[a]\nprivate key = handle:81000100?pass");
    let [token] = configuration.tokens() else { panic!("not one token") };
    let tpm = configuration.tpm();
    let reads = || desk.proxy.log().count(raw::READ_PUBLIC);
    assert!(token.is_present() && desk.proxy.log().is_empty());
    let first = contents(token, &tpm);
    assert_eq!(first.keys.len(), 1, "{:?}", first.faults);
    let read = reads();
    assert!(read > 0 && std::sync::Arc::ptr_eq(&first, &contents(token, &tpm)));
    assert_eq!((reads(), token.serial(&tpm).unwrap().len()), (read, 16));
    sign(&first.keys[0], &tpm, Some("secret")).unwrap();
    assert_eq!(kind(sign(&first.keys[0], &tpm, None)), ErrorKind::PasswordMissing);
    tpm.close();
    desk.swtpm.assert_empty();
}

#[test]
fn listing_sends_no_command_if_files_describe_the_keys() {
    let desk = Desk::new();
    let public = desk.persist("secret");
    fs::write(desk.path("pin"), "secret\n").unwrap();
    fs::write(desk.path("area.pub"), keyfile::wire::Marshal::to_bytes(&public).unwrap()).unwrap();
    let uri = format!("handle:{HANDLE}?pin-source=file:{}", desk.path("pin").display());
    let reference = KeyReference { uri: uri.into(), empty_auth: false, public };
    fs::write(desk.path("reference.pem"), reference.to_pem().unwrap().as_bytes()).unwrap();
    fs::write(desk.path("key.tpm"), desk.key(Some("secret"), false).to_file().unwrap()).unwrap();
    let configuration = desk.configuration(
        "[area]\nprivate key = handle:81000100?pin-source=file:pin\npublic key = area.pub\n\
         [key]\nprivate key = tpm2:file=key.tpm?pin-source=file:pin\n\
         [reference]\nprivate key = reference.pem\n\
         [asked]\nprivate key = key.tpm",
    );
    let tpm = configuration.tpm();
    for token in configuration.tokens() {
        let contents = contents(token, &tpm);
        assert!(contents.faults.is_empty() && contents.keys.len() == 1, "{:?}", contents.faults);
        assert_eq!(contents.needs_password(), token.label() == "asked");
        assert_eq!(token.serial(&tpm).unwrap().len(), 16);
    }
    assert!(desk.proxy.log().is_empty(), "{}", desk.proxy.log().text());
    for token in configuration.tokens() {
        // The password of the URI is used, and not the one of another key.
        let given = if token.label() == "asked" { "secret" } else { "of another key" };
        sign(&contents(token, &tpm).keys[0], &tpm, Some(given)).unwrap();
    }
    tpm.close();
    desk.swtpm.assert_empty();
}

#[test]
fn another_key_at_the_handle_is_refused() {
    let desk = Desk::new();
    desk.persist("secret");
    let other = desk.key(None, false);
    fs::write(desk.path("other.tpm"), other.to_file().unwrap()).unwrap();
    // Only the public key is known, so the public area is read when the key is opened.
    for public in ["other.tpm", "other.pub"] {
        let spki = {
            let configuration = desk.configuration("[a]\nprivate key = other.tpm");
            let keys = contents(&configuration.tokens()[0], &configuration.tpm());
            keys.keys[0].spki().to_vec()
        };
        fs::write(desk.path("other.pub"), spki).unwrap();
        let configuration =
            desk.configuration(&format!("[a]\nprivate key = handle:81000100\npublic key = {public}"));
        let tpm = configuration.tpm();
        let key = contents(&configuration.tokens()[0], &tpm).keys[0].clone();
        let error = sign(&key, &tpm, None).unwrap_err();
        assert!(error.to_string().contains("another"), "{public}: {error}");
        tpm.close();
    }
    assert_eq!(desk.swtpm.failures(), 0);
    desk.swtpm.assert_empty();
}
