//! Importable keys are written on a machine without the TPM, and openssl uses them on the machine of the parent.

use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm};

use crate::machine::{Machine, SRK};
use crate::policy::EXTEND;

/// No TPM listens there: a command that needs a TPM fails.
const NO_TPM: &str = "--tcti swtpm:host=127.0.0.1,port=1";

/// Parents of other kinds than the usual one.
const PARENTS: [(&str, &str); 3] = [
    ("81000021", "-G ecc384:aes256cfb -g sha384 -p parent"),
    ("81000022", "-G rsa2048:aes128cfb -p parent"),
    ("81000023", "-G rsa2048:aes256cfb -g sha512 -p parent"),
];

#[test]
fn keys_for_parents_of_every_kind_are_made_without_a_tpm() {
    let machine = Machine::new().set("pin", "parent");
    let openssl = &machine.openssl;
    let stock = openssl.without_tpm2();
    stock.ok("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    stock.ok("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ec.pem");
    openssl.write("message", b"what is signed");
    openssl.write("plain", b"for the holder of the key");
    for (handle, template) in PARENTS {
        machine.others(&format!(
            "tpm2_createprimary -Q {template} -c primary.ctx; tpm2_evictcontrol -Q -c primary.ctx 0x{handle}; tpm2_flushcontext -t
             tpm2_readpublic -Q -c 0x{handle} -o area"
        ));
        for kind in ["rsa", "ec"] {
            machine.key("key", &format!("{NO_TPM} -i area -p {handle} -w {kind}.pem -k secret"));
            machine.signs_with("key", "secret");
            // The imported key is the key that was wrapped.
            stock.ok(&format!("pkey -in {kind}.pem -pubout -out own.pub"));
            stock.ok("dgst -sha256 -verify own.pub -signature message.sig message");
            machine.refuses("key", "-passin pass:wrong").says("the TPM refused the password");
        }
        machine.key("key", &format!("{NO_TPM} -i area -p {handle} -w rsa.pem"));
        stock.ok("pkey -in rsa.pem -pubout -out own.pub");
        stock.ok(
            "pkeyutl -encrypt -pubin -inkey own.pub -pkeyopt rsa_padding_mode:oaep -in plain -out cipher",
        );
        openssl.ok("pkeyutl -decrypt -inkey key -pkeyopt rsa_padding_mode:oaep -in cipher -out back");
        assert_eq!(openssl.read("back"), openssl.read("plain"));
    }
    let wrong = openssl.clone().set("pin", "wrong");
    machine.key("key", &format!("{NO_TPM} -i area -p 81000022 -e P-256"));
    wrong.failed("dgst -sha256 -sign key message");
    machine.tpm.assert_empty();
}

#[test]
fn an_importable_key_may_have_a_policy_of_its_machine() {
    let machine = Machine::new();
    machine.provision();
    machine.others(&format!("tpm2_readpublic -Q -c {SRK:#x} -o srk.area"));
    for hash in ["sha1", "sha384"] {
        machine.key("key", &format!("-i srk.area -p 81000001 -e P-256 -n {hash} -x 16 -k secret"));
        machine.signs_with("key", "secret");
        machine.others(EXTEND);
        machine.refuses("key", "-passin pass:secret").says("PCR 16 (sha256) has changed");
        machine.others("tpm2_pcrreset 16");
        machine.signs_with("key", "secret");
    }
    machine.tpm.assert_empty();
}

#[test]
fn wrapped_parents_import_keys_too() {
    let machine = Machine::new();
    machine.provision();
    let stock = machine.openssl.without_tpm2();
    machine.others(&format!("tpm2_readpublic -Q -c {SRK:#x} -o area"));
    for (above, handle, kind) in
        [("81000001", "81000031", "EC -pkeyopt ec_paramgen_curve:P-256"), ("81000031", "81000032", "RSA")]
    {
        stock.ok(&format!("genpkey -quiet -algorithm {kind} -out parent.pem"));
        machine.key("parent", &format!("{NO_TPM} --restricted -i area -p {above} -w parent.pem"));
        machine.tool.ok(&format!("load parent {handle}"));
        machine.others(&format!("tpm2_readpublic -Q -c 0x{handle} -o area"));
        for options in ["-e P-256", "-r -k secret"] {
            machine.key("key", &format!("{NO_TPM} -i area -p {handle} {options}"));
            machine.signs_with("key", "secret");
        }
    }
    machine.tpm.assert_empty();
}

#[test]
fn a_process_imports_a_key_once() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let machine = Machine::reached_by(swtpm, &proxy.tcti());
    machine.provision();
    machine.others(&format!("tpm2_readpublic -Q -c {SRK:#x} -o srk.area"));
    machine.key("key", &format!("{NO_TPM} -i srk.area -p 81000001 -e P-256"));
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    // The file is loaded again, while the first key is loaded and after it is freed.
    signer.ok("load b key");
    signer.ok("sign b");
    signer.ok("free a");
    signer.ok("free b");
    signer.ok("load c key");
    signer.ok("sign c");
    assert_eq!(proxy.log().count(raw::IMPORT), 1, "{}", proxy.log().text());
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn a_key_for_another_machine_is_refused() {
    let [here, there] = [Machine::new(), Machine::new()];
    for machine in [&here, &there] {
        machine.provision();
        machine.others(&format!("tpm2_readpublic -Q -c {SRK:#x} -o srk.area"));
    }
    there.openssl.write("here.area", here.openssl.read("srk.area"));
    there.key("key", &format!("{NO_TPM} -i here.area -p 81000001 -e P-256"));
    there.refuses("key", "").says("TPM2_Import failed").says("another machine or parent");
    here.openssl.write("key", there.openssl.read("key"));
    here.signs("key");
    // A damaged file, and a file whose parent is missing.
    let mut file = keyfile::KeyFile::parse(&here.openssl.read("key")).unwrap();
    file.private[40] ^= 1;
    here.openssl.write("damaged", file.to_file().unwrap());
    here.refuses("damaged", "").says("TPM2_Import failed");
    file.private[40] ^= 1;
    file.parent = keyfile::Handle(0x8100_0077);
    here.openssl.write("nowhere", file.to_file().unwrap());
    here.refuses("nowhere", "").says("0x81000077");
    here.tpm.assert_empty();
    there.tpm.assert_empty();
}
