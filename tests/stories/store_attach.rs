//! OSSL_STORE_attach(3ossl) opens data that a program has already read, under every scheme of the store.
use tests::raw::Tpm as _;
use tests::{Order, peers};

use crate::machine::{Machine, program};

const SCHEMES: [&str; 5] = ["object", "handle", "nvkey", "//nvkey", "tpm2"];

#[test]
fn attached_data_is_opened_like_a_file() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_createprimary -Q -C o -G ecc256 -a sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth -c primary");
    tools.ok("tpm2_evictcontrol -Q -C o -c primary 0x81000200 -o key.obj");
    tools.ok("tpm2_flushcontext -t");
    machine.key("key.tpm", "-e P-256");
    machine.openssl.ok("req -x509 -key key.tpm -subj /CN=one -out one.crt");
    let chain = machine.openssl.text("one.crt") + &machine.openssl.text("key.tpm");
    for (file, contents) in [("chain.pem", chain.as_str()), ("nothing", ""), ("nonsense", "nonsense")] {
        machine.openssl.write(file, contents);
    }
    let attach = program(machine.openssl.shell(), "attach");
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        for scheme in SCHEMES {
            for (file, expected) in
                [("key.obj", "Pkey\n"), ("key.tpm", "Pkey\n"), ("chain.pem", "Certificate\nPkey\n")]
            {
                let found = openssl.shell().ok(&format!("{attach} {scheme} {file}")).out();
                assert_eq!(found, expected, "{scheme} {file}, {order:?}");
            }
            for file in ["nothing", "nonsense"] {
                openssl.shell().failed(&format!("{attach} {scheme} {file}")).says("the attached data");
            }
        }
        machine.tpm.assert_empty();
    }
}
