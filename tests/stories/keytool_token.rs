//! `token` lists what a program sees through the PKCS#11 module, and says what is wrong; `check` says the same of a configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::keytool::Desk;

/// Makes a key with a certificate, and another key with a password.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.run("tpm2-keytool create -e P-256 mail.tpm").ok();
    desk.run("tpm2-keytool create -k secret web.tpm").ok();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key
         openssl req -x509 -key other.key -subj /CN=other -out other.pem",
    );
    desk
}

#[test]
fn keys_and_certificates_of_each_token_are_listed() {
    let desk = desk();
    desk.shell.write(
        "pkcs11.conf",
        "manufacturer id = House\n[Mail]\nprivate key = mail.tpm\nid = 01\nserial = 17\n\
         [web]\ntoken = Mail\nprivate key = web.tpm\nlabel = The web key\n[Own]\nfolder = keys\n",
    );
    let output = desk.run("tpm2-keytool token --conf pkcs11.conf").ok();
    let folder = desk.shell.file("");
    let out = output.out().replace(folder.to_str().unwrap(), "");
    for line in [
        "  manufacturer  House\n",
        "token \"Mail\"\n  serial        17\n  flags         read-only, login\n",
        "  keys          \"Mail\", id 01, EC prime256v1, signs and decrypts, no password, mail.tpm\n",
        ", RSA 2048, signs and decrypts, needs a password, web.tpm\n",
        "                \"The web key\", id ",
        "token \"Own\"\n",
        "  folder        keys\n  flags         keys can be added, no login",
    ] {
        assert!(out.contains(line), "{line:?} is missing: {out}");
    }
    // Nothing is made, and no command is sent.
    assert!(!desk.shell.file("keys").exists());
    let shell =
        desk.shell.clone().env("TPM2_TCTI", "swtpm:path=/nowhere").env("TPM2_PKCS11_CONF", "pkcs11.conf");
    let tool = tests::module::keytool().display().to_string();
    assert_eq!(shell.ok(&format!("{tool} token")).out(), output.out());
    assert_eq!(desk.run("tpm2-keytool check pkcs11.conf").ok().out(), output.out());
    desk.run("tpm2-keytool check pkcs11.conf other.pem").failed().says("needs no certificate");
    desk.run("tpm2-keytool token --tcti swtpm: --conf pkcs11.conf").failed().says("does not accept --tcti");
    desk.assert_tidy();
}

#[test]
fn without_a_configuration_the_folder_of_the_user_is_listed() {
    let desk = desk();
    let home = desk.shell.file("home");
    fs::create_dir_all(home.join(".local/share/tpm2-keys")).unwrap();
    let shell = desk
        .shell
        .clone()
        .env("HOME", home.to_str().unwrap())
        .env("XDG_CONFIG_HOME", "")
        .env("XDG_DATA_HOME", "");
    let tool = tests::module::keytool().display().to_string();
    shell.ok(&format!("cp -p mail.tpm {}", home.join(".local/share/tpm2-keys").display()));
    shell
        .ok(&format!("{tool} token"))
        .says("configuration none")
        .says("token \"TPM keys\"")
        .says("\"mail\", id ");
    let shell = shell.env("OPENSSL_PKCS11_CONF", "no.conf");
    shell.failed(&format!("{tool} token")).says("OPENSSL_PKCS11_CONF names it").says("hint: ");
}

#[test]
fn whatever_is_wrong_is_named_with_a_hint() {
    let desk = desk();
    let shell = &desk.shell;
    fs::create_dir(shell.file("keys")).unwrap();
    for line in ["cp -p mail.tpm keys/a.tpm", "cp -p mail.tpm keys/b.tpm", "cp -p other.pem keys"] {
        shell.ok(line);
    }
    shell.write("keys/cut.tpm", &shell.read("mail.tpm")[..100]);
    fs::set_permissions(shell.file("keys/a.tpm"), fs::Permissions::from_mode(0o644)).unwrap();
    shell.write(
        "pkcs11.conf",
        "pin = owner\n[Folder]\nfolder = keys\n[Mail]\nprivate key = mail.tpm\ncertificate = other.pem\n[gone]\nprivate key = no.tpm\n",
    );
    let output = desk.run("tpm2-keytool token --conf pkcs11.conf");
    assert_eq!(output.code(), Some(1), "{output}");
    let out = output.out();
    let wrong: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("wrong: ")).collect();
    for (problem, hint) in [
        ("pkcs11.conf contains a password, and other users can read it", "pin-source"),
        ("keys/cut.tpm: ", "tpm2-keytool show"),
        ("the keys \"a\" and \"b\" of the token \"Folder\" have the same id", "another id"),
        ("has no key for the certificate in ", "add its key file"),
        ("other users can read the key file ", "chmod o-r"),
        ("other.pem: the first certificate does not belong to the key of [Mail]", "first"),
        ("cannot read ", "check the path"),
    ] {
        let at = wrong.iter().position(|line| line.starts_with("wrong: ") && line.contains(problem));
        let at = at.unwrap_or_else(|| panic!("{problem:?} is missing: {out}"));
        assert!(wrong[at + 1].starts_with("  hint: ") && wrong[at + 1].contains(hint), "{out}");
    }
    assert!(out.contains("\"a\", id ") && !out.contains("owner"), "{out}");
    desk.run("tpm2-keytool check pkcs11.conf").failed();
    desk.assert_tidy();
}

#[test]
fn a_mistake_in_the_configuration_names_its_line() {
    let desk = desk();
    for (text, line, problem) in [
        ("[Mail]\nprivat key = x\n", "line 2", "`privat key` is unknown in the section [Mail]"),
        ("[Mail]\nprivate key = handle:0x01c00002\n", "line 2", "it names an NV index"),
        ("[Mail]\nfolder = x\nid = zz\n", "line 3", "`id` does not fit `folder`"),
        ("manufacturer id = x\n[Mail\n", "line 2", "closing bracket"),
    ] {
        desk.shell.write("pkcs11.conf", text);
        for command in ["token --conf", "check"] {
            let output = desk.run(&format!("tpm2-keytool {command} pkcs11.conf")).failed();
            assert_eq!(output.code(), Some(1), "{output}");
            output.says(line).says(problem).says("hint: ");
        }
    }
    desk.run("tpm2-keytool token --conf no.conf").failed().says("no.conf").says("check the path");
}
