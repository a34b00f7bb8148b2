//! The key in a file has another primary key than the standard one as its parent: the error names that cause, and the remedy in
//! docs/migrate.md works.
use tests::peers;
use tests::raw::Tpm as _;

use crate::machine::Machine;

#[test]
fn the_remedy_in_the_error_works() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    // The default template of tpm2_createprimary: an RSA key, under dictionary-attack protection.
    let run = |line: &str| {
        tools.ok(line);
        tools.ok("tpm2_flushcontext -t");
    };
    run("tpm2_createprimary -Q -C o -c primary");
    run("tpm2_create -Q -C primary -G ecc -u key.u -r key.r");
    let no_password = peers::encodeobject_option(&tools, false);
    run(&format!("tpm2_encodeobject -C o -u key.u -r key.r {no_password} -o key"));
    machine.openssl.write("message", "what is signed");
    let sign = "dgst -sha256 -sign key -out sig message";
    machine
        .openssl
        .failed(sign)
        .says("TPM_RC_INTEGRITY")
        .says("if its parent is another primary key, make that persistent")
        .says("docs/migrate.md");
    run("tpm2_evictcontrol -Q -C o -c primary 0x81000002");
    run(&format!("tpm2_encodeobject -C 0x81000002 -u key.u -r key.r {no_password} -o key"));
    machine.tpm.clear();
    machine.signs("key");
    machine.tpm.assert_empty();
}
