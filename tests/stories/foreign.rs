//! Key files found in the field: files that do not contain what their tool meant, and files changed by editors and shells.

use keyfile::wire::Marshal as _;
use keyfile::{Handle, KeyFile, Kind};
use tests::peers;
use tests::raw::Tpm as _;

use crate::machine::{Machine, SRK};

/// tpm2_encodeobject 5.4 to 5.7 writes emptyAuth inverted.
#[test]
fn keys_of_tpm2_encodeobject_are_used() {
    let machine = Machine::new();
    machine.provision();
    for (key, password, flag) in [("none", "", ""), ("secret", "-p secret", "-p")] {
        machine.others(&format!(
            "tpm2_create -Q -C {SRK:#x} -G ecc256 -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign|decrypt' {password} -u pub -r priv
             tpm2_flushcontext -t; tpm2_encodeobject -C {SRK:#x} -u pub -r priv -o {key} {flag}
             tpm2_flushcontext -t; tpm2_flushcontext -l"
        ));
        assert_eq!(KeyFile::parse(&machine.openssl.read(key)).unwrap().empty_auth, key == "secret");
    }
    machine.openssl.write("message", b"what is signed");
    let sign = |key: &str| format!("dgst -sha256 -sign {key} -out message.sig message");
    let with = |key: &str, password: &str| {
        format!("dgst -sha256 -passin pass:{password} -sign {key} -out message.sig message")
    };
    // The key has no password but its file claims one: an empty password works, and the message says so.
    machine.openssl.failed(&sign("none")).says("tpm2_encodeobject 5.4 to 5.7").says("empty password (pass:)");
    machine.openssl.ok(&with("none", ""));
    // The key has a password but its file denies it: the message names the URI that asks for the password.
    machine.openssl.failed(&sign("secret")).says("tpm2_encodeobject 5.4 to 5.7").says("tpm2:file=KEY?pass");
    // OpenSSL is not asked for the password of a key that has none, as its file says: -passin has no effect.
    machine.openssl.failed(&with("secret", "secret")).says("(-passin)").says("tpm2:file=KEY?pass");
    machine.openssl.ok(&with("tpm2:file=secret?pass", "secret"));
    machine.openssl.ok(&sign("tpm2:file=secret?pin-value=secret"));
    machine.openssl.failed(&sign("tpm2:file=secret?pin-value=wrong")).says("password");
    machine.tpm.assert_empty();
}

/// tpm2-tss-engine writes four bytes there; tpm2-openssl 1.1 writes uninitialized memory.
#[test]
fn a_handle_instead_of_the_private_key_is_understood() {
    let machine = Machine::new();
    machine.provision();
    machine.key("key", "-e P-256");
    let theirs = peers::tpm2_openssl(machine.openssl.shell(), &machine.tpm.tcti());
    for handle in [0x8100_0005_u32, 0x8100_0100, 0x8101_0002] {
        machine.tool.ok(&format!("load key {handle:x}"));
        theirs.ok(&format!(
            "openssl pkey -provider tpm2 -provider default -propquery ?provider=tpm2 -in handle:{handle:#x} -out theirs"
        ));
        let mut fields = Vec::new();
        for bytes in [key_of(&machine).public.to_sized().unwrap(), handle.to_be_bytes().to_vec()] {
            fields.extend([&[4, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat());
        }
        let head = hex::decode("06066781050a0103a003010101020440000001").unwrap();
        let body = [head, fields].concat();
        let der = [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat();
        machine.openssl.write("engine.der", der);
        for file in ["theirs", "engine.der"] {
            machine.signs(file);
            let shown = machine.tool.ok(&format!("show {file}"));
            shown
                .says(&format!("leads to      {handle:#x}"))
                .says("there now     yes")
                .says("a handle for its private key");
            machine.tool.failed(&format!("load {file} 81000200")).says(&format!("use handle:{handle:#x}"));
            assert_eq!(
                KeyFile::parse(&machine.openssl.read(file)).unwrap_err(),
                keyfile::Error::Handle(Handle(handle))
            );
        }
    }
    machine.tpm.assert_empty();
}

fn key_of(machine: &Machine) -> KeyFile {
    KeyFile::parse(&machine.openssl.read("key")).unwrap()
}

#[test]
fn a_byte_order_mark_is_accepted_and_utf_16_is_named() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let text = machine.openssl.text("key");
    machine.openssl.write("bom", format!("\u{feff}{text}"));
    machine.signs("bom");
    machine.tool.ok("show bom").says("curve P-256");
    // OpenSSL itself cannot read a key in UTF-16; the key tool names the reason.
    for form in ["UTF-16", "UTF-16LE", "UTF-16BE"] {
        machine.openssl.shell().ok(&format!("iconv -f UTF-8 -t {form} key -o utf16"));
        machine.tool.failed("show utf16").says("text in UTF-16").says("iconv");
    }
}

/// Handles of TPM 2.0 version 1.83; no TPM of the tests has these hierarchies.
#[test]
fn parents_that_this_tpm_lacks_are_named() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    for (parent, words, why) in [
        (
            0x4000_0140_u32,
            "owner hierarchy, limited to the firmware that made the key",
            "no firmware-limited hierarchies",
        ),
        (
            0x4001_0005,
            "owner hierarchy, limited to firmware of security version 5 or later",
            "no firmware-limited hierarchies",
        ),
        (0x8000_0000, "transient handle", "tpm2_encodeobject -C"),
    ] {
        let der = key_of(&machine).to_der().unwrap();
        let at = der.windows(6).position(|window| window == [2, 4, 0x40, 0, 0, 1]).unwrap();
        let foreign = [&der[..at + 2], &parent.to_be_bytes(), &der[at + 6..]].concat();
        machine.openssl.write("foreign.der", foreign);
        machine.tool.ok("show foreign.der").says(words).says("loads here    no: ").says(why);
        machine.openssl.ok("pkey -in foreign.der -noout -text").says(words);
        machine.refuses("foreign.der", "").says(why);
    }
    machine.tool.failed("create -p 40000140 no").says("no firmware-limited hierarchies");
    machine.tool.failed("create -p 80000000 no").says("transient handle");
    machine.tpm.assert_empty();
}

/// A trusted key is a key file in hexadecimal since Linux 5.13; before, it was the two halves.
#[test]
fn trusted_keys_of_the_kernel_are_shown() {
    let machine = Machine::new();
    machine.provision();
    machine.tool.pipe("seal -p 81000001 key", "hello").ok();
    let file = key_of(&machine);
    assert_eq!(file.kind, Kind::Sealed);
    machine.openssl.write("trusted", hex::encode(file.to_der().unwrap()) + "\n");
    machine
        .tool
        .ok("show trusted")
        .says("sealed data")
        .says("persistent key at 0x81000001")
        .says("loads here    yes")
        .says("keyctl pipe");
    let size = u16::try_from(file.private.len()).unwrap().to_be_bytes();
    let halves = [&size[..], &file.private, &file.public.to_sized().unwrap()].concat();
    machine.openssl.write("trusted", hex::encode(halves));
    machine.tool.ok("show trusted").says("Linux before 5.13").says("keyhandle=").says("sealed data");
    machine.openssl.write("trusted", "a0112233");
    machine.tool.failed("show trusted").says("no TSS2 PRIVATE KEY");
}
