//! The configuration: where it is found, what it means, and what is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use keyfile::Handle;
use tpm::{ErrorKind, Lifetime, Protection};

use super::place::Variables;
use super::{Configuration, DEFAULT_LABEL, DEFAULT_MANUFACTURER};
use crate::testing::{Files, certificate_pem, key, no_tpm};
use crate::{Error, Token};

/// Returns an environment.
fn variables(files: &Files, pairs: &[(&'static str, &Path)]) -> Variables {
    let pairs: BTreeMap<_, OsString> = pairs.iter().map(|(name, value)| (*name, (*value).into())).collect();
    Variables::Given(pairs, files.path().join("etc"))
}

fn read(files: &Files, text: &str) -> Result<Configuration, Error> {
    let path = files.write("pkcs11.conf", text);
    Configuration::of_file(&path, &variables(files, &[]))
}

/// Returns the line, the cause and the hint.
#[track_caller]
fn refused(text: &str) -> (usize, String) {
    let files = Files::new();
    let error = read(&files, text).err().unwrap_or_else(|| panic!("accepted: {text}"));
    let Error::Configuration { line, problem, hint, path } = &error else { panic!("{error}") };
    assert_eq!(*path, files.path().join("pkcs11.conf"));
    assert!(problem.len() <= 110 && hint.len() <= 160, "too long: {problem}: {hint}");
    (*line, format!("{problem}: {hint}"))
}

#[track_caller]
fn only(configuration: &Configuration) -> &Token {
    let [token] = configuration.tokens() else { panic!("{:?}", configuration.tokens()) };
    token
}

#[test]
fn a_full_file_is_read() {
    let files = Files::new();
    files.write("keys/mail.tpm", key(1).to_file().unwrap());
    files
        .write("keys/second.tpm", [b"id: 05\nlabel: written\n".to_vec(), key(2).to_file().unwrap()].concat());
    files.write("keys/mail.pem", certificate_pem(1) + &certificate_pem(8));
    files.write("pin", "secret\n");
    let text = "\u{feff}# a comment\r\n; another\r\n\
        Manufacturer ID = \"Our \\\"house\\\"\"  # a comment\r\n\
        library_description = 'x # y'\r\n\
        tcti = swtpm:path=/nowhere ; a comment\r\n\
        session = password\r\n\
        session-keep = 7\r\n\
        pin-source = file:pin\r\n\
        parent = 81000001\r\n\
        \r\n\
        [ Mail ] # a comment\r\n\
        private key = keys/mail.tpm\r\n\
        certificate = keys/mail.pem\r\n\
        label = The mail key\r\n\
        id = 01:0a\r\n\
        serial = 42\r\n\
        always authenticate = Yes\r\n\
        engine = tpm2\r\n\
        [more]\r\n\
        token = Mail\r\n\
        private-key = \"tpm2:file=keys/second.tpm\"\r\n\
        [Own]\r\n\
        folder = own";
    let configuration = read(&files, text).unwrap();
    assert_eq!(configuration.manufacturer(), "Our \"house\"");
    assert_eq!(configuration.library_description(), Some("x # y"));
    assert_eq!(configuration.config().tcti.as_deref(), Some("swtpm:path=/nowhere"));
    assert_eq!(configuration.config().session, Protection::Password);
    assert_eq!(configuration.config().session_keep.unwrap().as_secs(), 7);
    assert!(configuration.config().parent_auth.is_some());
    assert_eq!(configuration.parent(), Some(Handle(0x8100_0001)));
    let [mail, own] = configuration.tokens() else { panic!("{:?}", configuration.tokens()) };
    assert_eq!((mail.label(), mail.always_authenticate(), mail.writable()), ("Mail", true, false));
    assert_eq!((own.label(), own.folder()), ("Own", Some(&*files.path().join("own"))));
    assert!(mail.is_present() && own.is_present() && own.writable());
    assert_eq!(mail.serial(&no_tpm()).unwrap(), "42");
    assert_eq!(own.serial(&no_tpm()).unwrap().len(), 16);
    let contents = mail.contents(&no_tpm()).unwrap();
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    let keys: Vec<_> = contents.keys.iter().map(|key| (key.label(), key.id().to_vec())).collect();
    assert_eq!(keys, [("The mail key", vec![1, 10]), ("written", vec![5])]);
    let certificates: Vec<_> = contents
        .certificates
        .iter()
        .map(|found| (found.label(), found.has_key(), found.is_first()))
        .collect();
    assert_eq!(certificates, [("The mail key", true, true), ("mail", false, false)]);
    assert!(std::sync::Arc::ptr_eq(&contents, &mail.contents(&no_tpm()).unwrap()));
    assert!(mail.add_key(&key(3), "x", None).is_err());
}

#[test]
fn wrong_lines_are_named_with_a_hint() {
    for (text, line, words) in [
        ("x", 1, "name = value"),
        ("\n[a\n", 2, "bracket"),
        ("[]", 1, "no name"),
        ("[a] b", 1, "text after"),
        ("[a]\nfolder=x\n[a]\n", 3, "twice: first in line 1"),
        ("[a]\nfolder=x\nFolder=x\n", 3, "twice: first in line 2"),
        ("manufacturer id = 123456789012345678901234567890123", 1, "33 bytes"),
        ("manufacturer = x", 1, "unknown before the first section"),
        ("[a]\nprivat key = x", 2, "`privat key` is unknown"),
        ("[a]\ntcti = x", 2, "`tcti` is unknown"),
        ("hunter2secret==", 1, "the name is unknown"),
        ("[a]\nprivate key = file:x?pin-value=hunter2", 2, "no URI scheme"),
        ("[a]\nlabel = x", 1, "names no key"),
        ("[a]\nprivate key =", 2, "no value"),
        ("[a]\nprivate key = \"x", 2, "no closing quote"),
        ("[a]\nprivate key = \"x\" y", 2, "after its closing quote"),
        ("[a]\nprivate key = \"\\x\"", 2, "backslash"),
        ("[a]\nprivate key = handle:0x01c00002", 2, "NV index"),
        ("[a]\nprivate key = handle:0x80000000", 2, "transient"),
        ("[a]\nprivate key = tpm2:", 2, "several objects"),
        ("[a]\nprivate key = handle:x", 2, "hexadecimal"),
        ("[a]\nprivate key = x\nid = 012", 3, "hexadecimal"),
        ("[a]\nprivate key = x\nserial = 12345678901234567", 3, "1 to 16"),
        ("[a]\nprivate key = x\nalways authenticate = 1", 3, "yes or no"),
        ("[a]\nfolder = x\nlabel = y", 3, "does not fit `folder`"),
        ("[a]\nprivate key = x\n[b]\nprivate key = y\ntoken = a\nserial = 1", 6, "does not fit `token`"),
        ("[a]\nprivate key = x\ntoken = c", 3, "no section [c]"),
        ("[c]\nfolder = x\n[a]\nprivate key = x\ntoken = c", 5, "is a folder"),
        ("[123456789012345678901234567890123]\nfolder = x", 1, "33 bytes"),
    ] {
        let (found, problem) = refused(text);
        assert!(found == line && problem.contains(words), "{text:?}: line {found}: {problem}");
    }
    let files = Files::new();
    let path = files.write("pkcs11.conf", b"\n\xff = x");
    let error = Configuration::of_file(&path, &variables(&files, &[])).err().unwrap();
    assert!(matches!(error, Error::Configuration { line: 2, .. }), "{error}");
}

#[test]
fn settings_of_the_tpm_name_their_line() {
    let files = Files::new();
    for (text, words) in [
        ("\nsession = hmca", "session in line 2 of "),
        ("pin-source = file:missing", "pin-source in line 1 of "),
        ("salt-name = missing", "missing"),
    ] {
        let error = read(&files, text).err().unwrap();
        let Error::Tpm(cause) = &error else { panic!("{error}") };
        assert_eq!(cause.kind(), ErrorKind::Configuration);
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(files.path().to_str().unwrap()), "{text}");
    }
    // The environment counts as for the provider: after the file.
    let path = files.write("pkcs11.conf", "connection = operation\n");
    let process = Path::new("process");
    let environment = [("TPM2_CONNECTION", process), ("TPM2_SESSION", Path::new("password"))];
    let configuration = Configuration::of_file(&path, &variables(&files, &environment)).unwrap();
    assert_eq!(configuration.config().connection, Lifetime::Operation);
    assert_eq!(configuration.config().session, Protection::Password);
}

#[test]
fn no_error_shows_a_password() {
    for text in [
        "pin = 'hunter2",
        "pin = \"hunter2\" x",
        "pin = hunter2\npin = hunter2",
        "[a]\nprivate key = tpm2:file=x?pin-value=hunter2&y",
        "[a]\nprivate key = handle:0x81000001?pin-value=hunter2%",
        "[a]\nprivate key = nvkey:81000001?hunter2",
    ] {
        let (_, problem) = refused(text);
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn the_file_is_found_in_this_order() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    let user = files.write("config/tpm2-keyfiles/pkcs11.conf", "[user]\nfolder = x");
    let home = files.write("home/.config/tpm2-keyfiles/pkcs11.conf", "[home]\nfolder = x");
    let system = files.write("etc/tpm2-keyfiles/pkcs11.conf", "[system]\nfolder = x");
    let [own, others] = ["own", "others"].map(|name| files.write(name, format!("[{name}]\nfolder = x")));
    let (config, home_folder, empty) = (path("config"), path("home"), Path::new(""));
    let all = [
        ("TPM2_PKCS11_CONF", &*own),
        ("OPENSSL_PKCS11_CONF", &*others),
        ("XDG_CONFIG_HOME", &*config),
        ("HOME", &*home_folder),
    ];
    let label = |pairs: &[(&'static str, &Path)]| {
        let configuration = Configuration::found(&variables(&files, pairs)).unwrap();
        only(&configuration).label().to_owned()
    };
    assert_eq!([label(&all), label(&all[1..]), label(&all[2..])], ["own", "others", "user"]);
    assert_eq!(label(&[("TPM2_PKCS11_CONF", empty), ("HOME", &home_folder)]), "home");
    assert_eq!(label(&[("XDG_CONFIG_HOME", Path::new("relative")), ("HOME", &home_folder)]), "home");
    assert_eq!(label(&[]), "system");
    // A variable that names a missing file is an error, although others exist.
    let missing = Configuration::found(&variables(&files, &[("OPENSSL_PKCS11_CONF", &path("no"))])).err();
    let missing = missing.unwrap();
    assert!(missing.to_string().contains("OPENSSL_PKCS11_CONF") && missing.advice().is_some(), "{missing}");
    for file in [user, home, system] {
        fs::remove_file(file).unwrap();
    }
    let configuration = Configuration::found(&variables(&files, &[("HOME", &home_folder)])).unwrap();
    let token = only(&configuration);
    assert_eq!((token.label(), configuration.manufacturer()), (DEFAULT_LABEL, DEFAULT_MANUFACTURER));
    assert_eq!(token.folder(), Some(&*path("home/.local/share/tpm2-keys")));
    assert!(token.writable() && token.contents(&no_tpm()).unwrap().keys.is_empty());
    let data = Configuration::found(&variables(&files, &[("XDG_DATA_HOME", files.path())])).unwrap();
    assert_eq!(only(&data).folder(), Some(&*path("tpm2-keys")));
    assert!(Configuration::found(&variables(&files, &[])).unwrap().tokens().is_empty());
}

#[test]
fn keys_of_sections_come_and_go() {
    let files = Files::new();
    let text = "[a]\nprivate key = a.tpm\ncertificate = a.pem\n[b]\ntoken = a\nprivate key = b.tpm";
    let configuration = read(&files, text).unwrap();
    let token = only(&configuration);
    assert!(!token.is_present() && token.serial(&no_tpm()).is_err());
    let contents = token.contents(&no_tpm()).unwrap();
    assert_eq!((contents.keys.len(), contents.faults.len()), (0, 3), "{:?}", contents.faults);
    files.write("b.tpm", key(2).to_file().unwrap());
    assert!(token.is_present());
    let contents = token.contents(&no_tpm()).unwrap();
    assert_eq!((contents.keys.len(), contents.faults.len()), (1, 2), "{:?}", contents.faults);
    files.write("a.tpm", key(1).to_file().unwrap());
    files.write("a.pem", certificate_pem(2));
    let contents = token.contents(&no_tpm()).unwrap();
    let [fault] = &contents.faults[..] else { panic!("{:?}", contents.faults) };
    assert!(fault.error.to_string().contains("does not belong to the key of [a]"), "{}", fault.error);
    assert_eq!(contents.keys.len(), 2);
    let serial = token.serial(&no_tpm()).unwrap();
    assert_eq!(serial.len(), 16);
    fs::remove_file(files.path().join("b.tpm")).unwrap();
    assert_eq!(token.contents(&no_tpm()).unwrap().keys.len(), 1);
    assert_eq!(token.serial(&no_tpm()).unwrap(), serial);
}

#[test]
fn a_handle_with_a_public_key_needs_no_tpm() {
    let files = Files::new();
    let public = keyfile::wire::Marshal::to_bytes(&key(1).public).unwrap();
    files.write("area", &public);
    files.write("spki", crate::spki::encoded(&key(1).public.key).unwrap());
    files.write("bad", "text");
    for (public, keys) in [("area", 1), ("spki", 1), ("bad", 0), ("missing", 0)] {
        let text = format!("[a]\nprivate key = handle:0x81000001?pass\npublic key = {public}\nid = 07");
        let configuration = read(&files, &text).unwrap();
        let token = only(&configuration);
        assert!(token.is_present());
        let contents = token.contents(&no_tpm()).unwrap();
        assert_eq!((contents.keys.len(), contents.faults.len()), (keys, 1 - keys), "{public}");
        for key in &contents.keys {
            assert_eq!((key.label(), key.id(), key.handle()), ("a", &[7][..], Some(Handle(0x8100_0001))));
            assert!(key.needs_password() && key.path().is_none());
            let Err(Error::Tpm(error)) = key.open(&no_tpm(), None) else { panic!("opened") };
            assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        }
    }
}

#[test]
fn a_configuration_is_recognized() {
    for text in [
        "[a]\nprivate key = x",
        "# comment\n\n; another\nmanufacturer id = x\n",
        "tcti = x\n[a]\nfolder=x",
        "\u{feff}[a]\n  private_key=x\nwrong line",
    ] {
        assert!(Configuration::is_like(text.as_bytes()), "{text}");
    }
    for text in [
        "",
        "openssl_conf = x\n[x]\nproviders = y",
        "a = b\nopenssl_conf = x",
        "subject=CN = x\n-----BEGIN A=B-----",
        "-----BEGIN X-----\nprivate key = x",
        "\u{0}\u{ff}",
    ] {
        assert!(!Configuration::is_like(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_pipe_is_no_configuration() {
    use rustix::fs::{CWD, FileType, mknodat};
    let files = Files::new();
    let path = files.path().join("pkcs11.conf");
    mknodat(CWD, &path, FileType::Fifo, 0o600.into(), 0).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(Configuration::read(&path).map(drop)));
    let read = receiver.recv_timeout(std::time::Duration::from_secs(5)).expect("it waits for a writer");
    let error = read.unwrap_err();
    assert!(error.to_string().ends_with("it is not a regular file") && error.advice().is_some(), "{error}");
}

#[test]
fn a_configuration_that_cannot_be_seen_is_an_error() {
    let files = Files::new();
    // As for a folder without permission, also as root: a loop of links.
    let folder = files.path().join("loop");
    std::os::unix::fs::symlink("loop", &folder).unwrap();
    for (name, path) in [("XDG_CONFIG_HOME", folder.clone()), ("TPM2_PKCS11_CONF", folder.join("conf"))] {
        let error = Configuration::found(&variables(&files, &[(name, &path)])).map(drop).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("cannot read the configuration") && text.contains("/loop/"), "{text}");
    }
    // A file in place of a folder holds no configuration.
    let file = files.write("file", "");
    assert!(Configuration::found(&variables(&files, &[("XDG_CONFIG_HOME", &file)])).is_ok());
}

#[test]
fn many_sections_and_lines_are_read_quickly() {
    use std::fmt::Write;
    let (mut sections, mut lines) = (String::new(), String::new());
    for x in 0..50_000 {
        writeln!(sections, "[section-{x}]").unwrap();
        writeln!(lines, "name-{x} = x").unwrap();
    }
    let start = std::time::Instant::now();
    for text in [sections, lines] {
        let (global, sections) = super::ini::parse(Path::new("/conf"), text.as_bytes()).unwrap();
        assert_eq!(global.len() + sections.len(), 50_000);
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(4), "{:?}", start.elapsed());
}
