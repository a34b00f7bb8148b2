//! A folder of key files: what is listed, what is kept, and what changes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use keyfile::{Attributes, Kind};

use super::Folder;
use crate::testing::{Files, certificate, certificate_pem, key, public};
use crate::{Contents, TokenKey, notes, spki};

fn folder(files: &Files) -> Folder {
    Folder::new(files.path().to_owned(), None)
}

fn labels(contents: &Contents) -> Vec<&str> {
    contents.keys.iter().map(|key| key.label()).collect()
}

/// Returns the key with this label.
fn labelled(folder: &Folder, label: &str) -> Arc<TokenKey> {
    folder.contents().unwrap().keys.iter().find(|key| key.label() == label).unwrap().clone()
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_thousand_keys_are_listed_once_and_kept() {
    let files = Files::new();
    for x in 0..1000 {
        files.write(&format!("key-{x}.tpm"), key(x).to_file().unwrap());
        files.write(&format!("certificate-{x}.pem"), certificate_pem(x));
    }
    let folder = folder(&files);
    let first = folder.contents().unwrap();
    assert_eq!((first.keys.len(), first.certificates.len(), first.faults.len()), (1000, 1000, 0));
    assert!(first.certificates.iter().all(|certificate| certificate.has_key()));
    let numbers = |contents: &Contents| -> BTreeSet<u64> {
        let keys = contents.keys.iter().map(|key| key.number());
        keys.chain(contents.certificates.iter().map(|certificate| certificate.number())).collect()
    };
    assert_eq!(numbers(&first).len(), 2000);
    assert!(Arc::ptr_eq(&first, &folder.contents().unwrap()), "nothing has changed, but something was read");
    files.write("key-1000.tpm", key(1000).to_file().unwrap());
    fs::remove_file(files.path().join("key-7.tpm")).unwrap();
    let second = folder.contents().unwrap();
    assert_eq!((second.keys.len(), second.certificates.len()), (1000, 1000));
    let kept = second.keys.iter().filter(|key| first.keys.iter().any(|old| Arc::ptr_eq(old, key))).count();
    assert_eq!(kept, 999, "files that have not changed were read again");
    let kept = |new| first.certificates.iter().any(|old| Arc::ptr_eq(old, new));
    let changed: Vec<_> = second.certificates.iter().filter(|new| !kept(new)).collect();
    assert!(matches!(changed[..], [one] if !one.has_key() && one.label() == "certificate-7"), "{changed:?}");
}

#[test]
fn a_changed_file_is_another_object() {
    let files = Files::new();
    files.write("a.tpm", key(1).to_file().unwrap());
    let folder = folder(&files);
    let before = folder.contents().unwrap();
    files.write("a.tpm", [b"label: other\n".to_vec(), key(1).to_file().unwrap()].concat());
    assert!(Arc::ptr_eq(&before, &folder.contents().unwrap()), "a file was looked at twice in a second");
    folder.lock().look_again();
    let after = folder.contents().unwrap();
    assert_eq!((labels(&before), labels(&after)), (vec!["a"], vec!["other"]));
    assert_ne!(before.keys[0].number(), after.keys[0].number());
}

#[test]
fn labels_and_ids_come_from_the_text_then_the_description_then_the_name() {
    let files = Files::new();
    let mut described = key(1);
    described.description = Some("described".into());
    files.write("1.tpm", described.to_file().unwrap());
    files.write("2.tpm", key(2).to_file().unwrap());
    files.write("3.tpm", [b"label: written\nid: 0a0B\n".to_vec(), described.to_file().unwrap()].concat());
    let contents = folder(&files).contents().unwrap();
    assert_eq!(labels(&contents), ["described", "2", "written"]);
    assert_eq!(contents.keys[0].id(), spki::id(&public(1).key).unwrap());
    assert_eq!(contents.keys[2].id(), [10, 11]);
}

#[test]
fn certificates_join_keys_by_public_key() {
    let files = Files::new();
    files.write("key.tpm", [b"id: 01\nlabel: mail\n".to_vec(), key(1).to_file().unwrap()].concat());
    files.write("a.pem", certificate_pem(1) + &certificate_pem(9));
    files.write("b.crt", certificate(1));
    files.write("c.pem", "label: own\n".to_owned() + &certificate_pem(2));
    let contents = folder(&files).contents().unwrap();
    let seen: Vec<_> = contents
        .certificates
        .iter()
        .map(|found| (found.label(), notes::hex_of(found.id()), found.has_key(), found.is_first()))
        .collect();
    let id = |x| notes::hex_of(&spki::id(&public(x).key).unwrap());
    assert_eq!(
        seen,
        [
            ("mail", "01".to_owned(), true, true),
            ("a", id(9), false, false),
            ("mail", "01".to_owned(), true, true),
            ("own", id(2), false, true),
        ]
    );
    let found = &contents.certificates[0];
    assert_eq!((found.serial(), found.spki()), (&[2, 1, 1][..], contents.keys[0].spki()));
    assert_eq!((found.subject(), found.issuer()), (&[0x30, 0][..], &[0x30, 0][..]));
}

#[test]
fn a_reference_states_whether_its_key_has_a_password() {
    let files = Files::new();
    for (name, uri, empty_auth) in [
        ("a.pem", "handle:0x81000100", true),
        ("b.pem", "handle:0x81000100", false),
        ("c.pem", "nvkey:81000100", false),
        ("d.pem", "handle:0x81000100?pin-value=x", false),
        ("e.pem", "handle:0x81000100?pass", true),
    ] {
        let reference = keyfile::KeyReference { uri: uri.to_owned().into(), empty_auth, public: public(1) };
        files.write(name, reference.to_pem().unwrap().as_bytes());
    }
    let contents = folder(&files).contents().unwrap();
    let asked: Vec<_> = contents.keys.iter().map(|key| (key.label(), key.needs_password())).collect();
    assert_eq!(asked, [("a", false), ("b", true), ("c", true), ("d", false), ("e", true)]);
}

#[test]
fn a_bad_file_hides_no_other() {
    let files = Files::new();
    files.write("good.tpm", key(1).to_file().unwrap());
    files.write("cut.tpm", &key(2).to_file().unwrap()[..200]);
    files.write("text.pem", "nothing here");
    files.write("soft.key", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
    files.write("id.tpm", [b"id: xyz\n".to_vec(), key(3).to_file().unwrap()].concat());
    files.write("damaged.der", b"\x30\x82\xff");
    // None of these is read.
    files.write("notes.txt", "text");
    files.write(".hidden.tpm", "text");
    files.write("old.tpm.removed", "text");
    files.write("folder.tpm/file", "text");
    let contents = folder(&files).contents().unwrap();
    assert_eq!(labels(&contents), ["good", "id"]);
    let faults: Vec<String> = contents.faults.iter().map(|fault| fault.error.to_string()).collect();
    assert_eq!(faults.len(), 5, "{faults:?}");
    for fault in &contents.faults {
        let text = fault.error.to_string();
        assert!(text.contains(fault.path.as_ref().unwrap().to_str().unwrap()), "{text}");
        assert!(fault.error.advice().is_some(), "{text}");
    }
}

#[test]
fn a_file_that_is_none_is_a_fault_until_it_is_one() {
    use std::os::unix::fs::symlink;
    let files = Files::new();
    symlink("gone", files.path().join("dangling.tpm")).unwrap();
    symlink("loop.tpm", files.path().join("loop.tpm")).unwrap();
    symlink(".", files.path().join("folder.tpm")).unwrap();
    let fifo = files.path().join("fifo.tpm");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let folder = folder(&files);
    let first = folder.contents().unwrap();
    let names: Vec<_> = first.faults.iter().map(|fault| fault.path.clone().unwrap()).collect();
    assert_eq!(names, ["dangling.tpm", "fifo.tpm", "loop.tpm"].map(|name| files.path().join(name)));
    assert!(Arc::ptr_eq(&first, &folder.contents().unwrap()));
    folder.lock().look_again();
    assert!(Arc::ptr_eq(&first, &folder.contents().unwrap()), "the same faults are other contents");
    // The folder does not change with the file that the link names.
    let others = Files::new();
    symlink(others.path().join("key"), files.path().join("other.tpm")).unwrap();
    assert_eq!(folder.contents().unwrap().faults.len(), 4);
    others.write("key", key(1).to_file().unwrap());
    folder.lock().look_again();
    assert_eq!(labels(&folder.contents().unwrap()), ["other"]);
}

#[test]
fn a_text_may_begin_with_a_mark_or_the_character_0() {
    let files = Files::new();
    files.write("mark.tpm", [b"\xef\xbb\xbflabel: a\n".to_vec(), key(1).to_file().unwrap()].concat());
    files.write("block.tpm", [b"\xef\xbb\xbf".to_vec(), key(2).to_file().unwrap()].concat());
    files.write("zero.tpm", [b"0 is a note\nlabel: c\n".to_vec(), key(3).to_file().unwrap()].concat());
    let folder = folder(&files);
    let contents = folder.contents().unwrap();
    assert_eq!(
        (labels(&contents), contents.faults.len()),
        (vec!["block", "a", "c"], 0),
        "{:?}",
        contents.faults
    );
    let new = folder.change_notes(&labelled(&folder, "c"), |notes| notes.label = Some("d".into())).unwrap();
    let text = fs::read_to_string(new.path().unwrap()).unwrap();
    assert!(text.starts_with("0 is a note\nlabel: d\n-----BEGIN"), "{text}");
}

#[test]
fn sealed_data_and_parents_are_no_keys() {
    let files = Files::new();
    let mut parent = key(1);
    parent.public.attributes = Attributes::RESTRICTED.union(Attributes::DECRYPT);
    files.write("parent.tpm", parent.to_file().unwrap());
    let mut restricted = key(2);
    restricted.public.attributes = Attributes::RESTRICTED.union(Attributes::SIGN);
    files.write("restricted.tpm", restricted.to_file().unwrap());
    let mut sealed = key(3);
    sealed.kind = Kind::Sealed;
    sealed.public.key =
        keyfile::PublicKey::KeyedHash { scheme: keyfile::KeyedHashScheme::Null, unique: vec![1; 32] };
    files.write("sealed.tpm", sealed.to_file().unwrap());
    let contents = folder(&files).contents().unwrap();
    assert_eq!((labels(&contents), contents.faults.len()), (vec!["restricted"], 0), "{:?}", contents.faults);
    assert!(
        folder(&files).add_key(&parent, "x", None).is_err()
            && folder(&files).add_key(&sealed, "x", None).is_err()
    );
}

#[test]
fn an_absent_folder_is_empty_and_made_at_the_first_write() {
    let files = Files::new();
    let path = files.path().join("data/tpm2-keys");
    let folder = Folder::new(path.clone(), None);
    assert!(folder.contents().unwrap().keys.is_empty() && folder.is_writable() && !path.exists());
    let added = folder.add_key(&key(1), "Mail key", Some(&[1, 2])).unwrap();
    assert_eq!((added.label(), added.id()), ("Mail key", &[1, 2][..]));
    assert_eq!((mode(&path), mode(&path.join("Mail-key.tpm"))), (0o700, 0o600));
    let certificate = folder.add_certificate(&certificate(1), None).unwrap();
    assert_eq!((certificate.label(), certificate.id()), ("Mail key", &[1, 2][..]));
    assert_eq!((certificate.path(), mode(certificate.path())), (&*path.join("Mail-key.pem"), 0o644));
    assert!(folder.add_certificate(b"\x30\x00", None).is_err());
    fs::remove_dir_all(&path).unwrap();
    assert!(folder.contents().unwrap().keys.is_empty());
    fs::write(&path, "").unwrap();
    assert!(folder.contents().is_err() && !folder.is_writable());
}

#[test]
fn no_file_is_replaced() {
    let files = Files::new();
    let folder = folder(&files);
    let paths: Vec<_> =
        (0..3).map(|x| folder.add_key(&key(x), "same", None).unwrap().path().unwrap().to_owned()).collect();
    assert_eq!(paths, ["same.tpm", "same-2.tpm", "same-3.tpm"].map(|name| files.path().join(name)));
    assert_eq!(files.names(), ["same-2.tpm", "same-3.tpm", "same.tpm"]);
}

#[test]
fn label_and_id_change_and_everything_else_is_kept() {
    let files = Files::new();
    let text = [b"a note\n".to_vec(), key(1).to_file().unwrap(), certificate_pem(1).into_bytes()].concat();
    let path = files.write("key.tpm", &text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let folder = folder(&files);
    let old = labelled(&folder, "key");
    let number = folder.contents().unwrap().certificates[0].number();
    let new = folder.change_notes(&old, |notes| notes.label = Some("new".into())).unwrap();
    let new = folder.change_notes(&new, |notes| notes.id = Some(vec![0xab])).unwrap();
    assert_eq!((new.label(), new.id(), new.number()), ("new", &[0xab][..], old.number()));
    let contents = folder.contents().unwrap();
    assert_eq!(contents.certificates[0].number(), number);
    assert_eq!(contents.certificates[0].id(), [0xab]);
    assert_eq!(mode(&path), 0o640);
    let expected = [&b"a note\nlabel: new\nid: ab\n"[..], &text[7..]].concat();
    assert_eq!(String::from_utf8(fs::read(&path).unwrap()), String::from_utf8(expected));
    // A key that another process has changed meanwhile is not changed.
    files.write("key.tpm", key(1).to_file().unwrap());
    assert!(folder.change_notes(&new, |notes| notes.label = Some("late".into())).is_err());
}

#[test]
fn the_file_that_a_link_names_changes() {
    let (files, others) = (Files::new(), Files::new());
    let file = others.write("file", key(1).to_file().unwrap());
    std::os::unix::fs::symlink(&file, files.path().join("key.tpm")).unwrap();
    let folder = folder(&files);
    let new =
        folder.change_notes(&labelled(&folder, "key"), |notes| notes.label = Some("new".into())).unwrap();
    assert_eq!(new.label(), "new");
    assert!(files.path().join("key.tpm").is_symlink(), "the link was replaced");
    assert!(fs::read_to_string(&file).unwrap().starts_with("label: new\n"));
    assert_eq!((files.names(), others.names()), (vec!["key.tpm".to_owned()], vec!["file".to_owned()]));
}

#[test]
fn a_file_in_der_becomes_pem() {
    let files = Files::new();
    files.write("key.tpm", key(1).to_der().unwrap());
    let folder = folder(&files);
    let old = labelled(&folder, "key");
    let new = folder.change_notes(&old, |notes| notes.label = Some("new".into())).unwrap();
    assert_eq!((new.label(), new.number()), ("new", old.number()));
    assert_eq!(new.file().unwrap().to_der().unwrap(), key(1).to_der().unwrap());
}

#[test]
fn removed_files_are_kept_under_another_name() {
    let files = Files::new();
    let folder = folder(&files);
    for name in ["key.tpm.removed", "key.tpm.removed-2"] {
        let added = folder.add_key(&key(1), "key", None).unwrap();
        folder.remove_key(&added).unwrap();
        assert!(folder.remove_key(&added).is_err(), "removed twice");
        assert!(files.names().contains(&name.to_owned()), "{:?}", files.names());
    }
    // The other objects of a file stay.
    files.write("both.tpm", [key(1).to_file().unwrap(), certificate_pem(1).into_bytes()].concat());
    let contents = folder.contents().unwrap();
    folder.remove_certificate(&contents.certificates[0]).unwrap();
    let contents = folder.contents().unwrap();
    assert_eq!((contents.keys.len(), contents.certificates.len()), (1, 0));
    assert_eq!(files.names(), ["both.tpm", "both.tpm.removed", "key.tpm.removed", "key.tpm.removed-2"]);
    folder.remove_key(&contents.keys[0]).unwrap();
    assert_eq!(folder.contents().unwrap().keys.len(), 0);
}

#[test]
fn of_two_blocks_with_the_same_key_the_right_one_changes() {
    let files = Files::new();
    let first = key(1).to_pem().unwrap();
    let second = key(1).with_private(vec![8; 100], false).to_pem().unwrap();
    let reference = keyfile::KeyReference {
        uri: "handle:0x81000001".to_owned().into(),
        empty_auth: true,
        public: key(1).public,
    };
    let reference = reference.to_pem().unwrap();
    let text = [reference.as_str(), "label: a\n", &first, "label: b\n", &second].concat();
    let path = files.write("same.tpm", text);
    let folder = folder(&files);
    let numbers = || folder.contents().unwrap().keys.iter().map(|key| key.number()).collect::<Vec<_>>();
    let known = numbers();
    let renamed =
        folder.change_notes(&labelled(&folder, "b"), |notes| notes.label = Some("c".into())).unwrap();
    assert_eq!((renamed.label(), numbers()), ("c", known.clone()));
    let expected = [reference.as_str(), "label: a\n", &first, "label: c\n", &second].concat();
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    folder.remove_key(&labelled(&folder, "a")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), [reference.as_str(), "label: c\n", &second].concat());
    assert_eq!(numbers(), [known[0], known[2]]);
    // It is another block of the file now.
    folder.remove_key(&renamed).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), reference.as_str());
}

#[test]
fn blocks_that_are_no_objects_stay_in_the_file() {
    let software = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    let mut sealed = key(3);
    sealed.kind = Kind::Sealed;
    sealed.public.key =
        keyfile::PublicKey::KeyedHash { scheme: keyfile::KeyedHashScheme::Null, unique: vec![1; 32] };
    let sealed = String::from_utf8(sealed.to_file().unwrap()).unwrap();
    for other in [software, &sealed] {
        let files = Files::new();
        let path = files.write("both.pem", [certificate_pem(1), other.to_owned()].concat());
        let folder = folder(&files);
        folder.remove_certificate(&folder.contents().unwrap().certificates[0]).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), other);
        assert_eq!(files.names(), ["both.pem", "both.pem.removed"]);
    }
}
