//! Objects that other tools put into the TPM are opened by URI: primary and other keys, and the serialized objects of tpm2-tools.
use tests::peers;
use tests::raw::Tpm as _;

use crate::machine::Machine;
use crate::store::{certificate, evict};

#[track_caller]
fn signs(machine: &Machine, uri: &str, options: &str) {
    let openssl = &machine.openssl;
    openssl.write("message", b"what is signed");
    openssl.ok(&format!("pkey -pubin -in '{uri}' -pubout -out key.pub"));
    openssl.ok(&format!("dgst -sha256 -sign '{uri}' {options} -out sig message"));
    openssl.without_tpm2().ok("dgst -sha256 -verify key.pub -signature sig message").says("Verified OK");
}

#[test]
fn keys_and_serialized_objects_of_tpm2_tools_are_used() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_createprimary -Q -C o -c primary");
    for (at, (algorithm, options, passin)) in [
        ("rsa2048", "", ""),
        ("ecc256", "", ""),
        ("ecc384", "-p secret", "-passin pass:secret"),
        // The hash that replaces a password longer than the name hash's digest.
        (
            "ecc256:ecdsa",
            "-p 0123456789012345678901234567890123456789",
            "-passin pass:0123456789012345678901234567890123456789",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let handle = format!("8100020{at}");
        tools.ok(&format!("tpm2_create -Q -C primary -G {algorithm} {options} -u key.u -r key.r -c key"));
        tools.ok("tpm2_flushcontext -t");
        tools.ok(&format!("tpm2_evictcontrol -Q -C o -c key 0x{handle} -o {at}.obj"));
        tools.ok("tpm2_flushcontext -t");
        let pass = if passin.is_empty() { "" } else { "?pass" };
        signs(&machine, &format!("handle:0x{handle}{pass}"), passin);
        signs(
            &machine,
            &format!("//nvkey:{handle}"),
            if passin.is_empty() { "-passin pass:" } else { passin },
        );
        signs(&machine, &format!("object:{at}.obj{pass}"), passin);
        let path = machine.openssl.file(format!("{at}.obj"));
        signs(&machine, &format!("object:{}{pass}", path.display()), passin);
        // tpm2-openssl finds the same key there.
        let theirs = peers::tpm2_openssl(machine.openssl.shell(), &machine.tpm.tcti());
        let line = format!("openssl pkey -provider tpm2 -provider default -in handle:0x{handle} -pubout");
        assert_eq!(theirs.ok(&line).out(), machine.openssl.text("key.pub"), "{algorithm}");
    }
    // The object file remains, but its key is replaced or removed.
    evict(&machine.tpm, "81000200");
    let sign = "dgst -sha256 -sign object:0.obj -out sig message";
    machine.openssl.failed(sign).says("nothing at this handle");
    tools.ok("tpm2_evictcontrol -Q -C o -c key 0x81000200");
    tools.ok("tpm2_flushcontext -t");
    machine.openssl.failed(sign).says("differs from the serialized object");
}

#[test]
fn serialized_indexes_of_tpm2_tools_are_read() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    let der = certificate(&machine.openssl, "host");
    machine.openssl.write("contents", &der);
    tools.ok(&format!("tpm2_nvdefine -Q -C o -s {} 0x1c00002", der.len()));
    tools.ok("tpm2_nvwrite -Q -C o -i contents 0x1c00002");
    // tpm2-tools do not write such a file for an index: handle, Name, IESYSC_NV_RSRC, and the public area, as NV_ReadPublic returns them.
    let answer = machine.tpm.raw(tests::raw::NV_READ_PUBLIC, &[0x01c0_0002], &[], &[]).ok();
    let size = 2 + usize::from(u16::from_be_bytes([answer[0], answer[1]]));
    let (public, name) = answer.split_at(size);
    let object = [&0x01c0_0002_u32.to_be_bytes()[..], name, &2_u32.to_be_bytes(), public].concat();
    machine.openssl.write("index.obj", object);
    machine.openssl.ok("x509 -in object:index.obj -noout -subject").says("host");
}

/// The template of the IBM tools (`tsscreateprimary -si`): an unrestricted primary key, for signatures of any scheme.
#[test]
fn unrestricted_primary_keys_sign() {
    const ATTRIBUTES: &str = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    for (at, (algorithm, password)) in
        [("ecc256:null:null", ""), ("rsa2048:null:null", ""), ("ecc384:null:null", "secret")]
            .iter()
            .enumerate()
    {
        let handle = format!("8100030{at}");
        tools.ok(&format!(
            "tpm2_createprimary -Q -C o -G {algorithm} -a {ATTRIBUTES} -p '{password}' -c primary"
        ));
        tools.ok(&format!("tpm2_evictcontrol -Q -C o -c primary 0x{handle}"));
        machine.tpm.clear();
        signs(&machine, &format!("nvkey:{handle}"), &format!("-passin pass:{password}"));
        if password.is_empty() {
            signs(&machine, &format!("handle:0x{handle}"), "");
        }
    }
    machine.tpm.assert_empty();
}
