//! The TPM's random number generator is used by programs that request it by name, and by programs without another provider.
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Order, Proxy, Swtpm, module};

use crate::machine::{Machine, program};

/// The lengths in bytes of the TPM2_GetRandom commands; those of eight bytes only check that a session is alive.
fn drawn(proxy: &Proxy) -> Vec<u16> {
    let asked = proxy.log().all().into_iter().filter(|exchange| exchange.code() == raw::GET_RANDOM);
    let length = |command: &[u8]| *command.last_chunk::<2>().expect("the parameter");
    asked.map(|exchange| u16::from_be_bytes(length(&exchange.command))).collect()
}

#[test]
fn without_another_provider_random_bytes_come_from_the_tpm() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    for order in [Order::Tpm2Only, Order::Tpm2AndBase] {
        let openssl = Openssl::with_tpm2(&proxy.tcti(), order);
        proxy.log().clear();
        let found = openssl.ok("rand -hex 16").out();
        assert_eq!(found.trim().len(), 32, "{found}");
        assert!(drawn(&proxy).contains(&16), "{}", proxy.log().text());
        assert_ne!(found, openssl.ok("rand -hex 16").out());
        // One command returns at most as many bytes as the longest digest has.
        proxy.log().clear();
        assert_eq!(openssl.ok("rand -hex 1000").out().trim().len(), 2000);
        // And one call of the provider is a few commands long, so that other threads get their turn.
        assert!(drawn(&proxy).iter().all(|length| *length <= 256), "{:?}", drawn(&proxy));
        openssl.ok("list -random-generators").says("CTR-DRBG @ tpm2").says("TPM2-RAND @ tpm2");
    }
    tpm.assert_empty();
    // The documentation of tpm2-openssl names the provider on the command line.
    let other = Machine::new();
    let line = "rand -provider tpm2 -hex 10";
    let folder = module::folder();
    let bare = other.openssl.without_tpm2().env("OPENSSL_MODULES", folder.to_str().unwrap());
    let bare = bare.env("TPM2_TCTI", &other.tpm.tcti());
    assert_eq!(bare.ok(line).out().trim().len(), 20);
    bare.ok("rand -provider tpm2 -provider default -hex 10");
    let nowhere = bare.env("TPM2_TCTI", "swtpm:path=/nonexistent");
    nowhere.failed(line).says("rand_generate");
}

#[test]
fn beside_another_provider_the_generator_is_used_by_name_only() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    for order in Order::BOTH {
        let openssl = Openssl::with_tpm2(&proxy.tcti(), order);
        openssl.ok("list -random-generators").says("CTR-DRBG @ default").says("TPM2-RAND @ tpm2");
        for query in ["", "?provider=tpm2", "?tpm2.rand=yes", "provider!=other"] {
            let section = format!("[init]\nalg_section = queries\n[queries]\ndefault_properties = {query}\n");
            let openssl = if query.is_empty() { openssl.clone() } else { openssl.clone().sections(&section) };
            proxy.log().clear();
            openssl.ok("rand -hex 16");
            openssl.ok("rand -propquery provider=tpm2 -hex 16");
            openssl.ok("rand -propquery ?provider=tpm2 -hex 16");
            openssl.ok("genpkey -algorithm ED25519 -out ed");
            assert!(proxy.log().is_empty(), "{order:?} {query}:\n{}", proxy.log().text());
        }
        for (line, length) in [
            // The seed of AES-256-CTR with a derivation function.
            ("seed = TPM2-SEED-SRC", None),
            ("random = TPM2-RAND", Some(16)),
            ("random = TPM2-RAND\nproperties = tpm2.rand=yes", Some(16)),
        ] {
            let by_name = openssl.clone().sections(&format!("[init]\nrandom = random\n[random]\n{line}\n"));
            proxy.log().clear();
            assert_eq!(by_name.ok("rand -hex 16").out().trim().len(), 32);
            let drawn = drawn(&proxy);
            match length {
                Some(length) => assert!(drawn.contains(&length), "{line}: {drawn:?}"),
                None => assert!(drawn.iter().any(|length| *length >= 32), "{line}: {drawn:?}"),
            }
            // A missing TPM is an error, not a silent fallback.
            let nowhere = by_name.env("TPM2_TCTI", "swtpm:path=/nonexistent");
            nowhere.failed("rand -hex 16");
        }
    }
    tpm.assert_empty();
}

#[test]
fn random_bytes_cross_the_bus_encrypted() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let openssl = Openssl::with_tpm2(&proxy.tcti(), Order::Tpm2Only);
    let draw = |openssl: &Openssl| hex::decode(openssl.ok("rand -hex 16").out().trim()).expect("hexadecimal");
    let found = draw(&openssl);
    assert!(!proxy.log().contains(&found), "{found:?}");
    let clear = openssl.set("session", "password");
    let found = draw(&clear);
    assert!(proxy.log().contains(&found), "the log would show it: {found:?}");
}

#[test]
fn threads_and_children_share_the_generator() {
    for order in Order::BOTH {
        let machine = Machine::new();
        let openssl = machine.openssl.clone().ordered(order);
        let random = program(openssl.shell(), "random");
        let said = openssl.shell().ok(&random).out();
        assert_eq!(said, "state\nlength\nseed\nthreads\nforks\nend\n");
        machine.tpm.assert_empty();
    }
}

#[test]
fn the_fallback_default_provider_generates() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let openssl = Openssl::with_tpm2(&proxy.tcti(), Order::Tpm2First).without_tpm2();
    let openssl =
        openssl.env("OPENSSL_MODULES", module::folder().to_str().unwrap()).env("TPM2_TCTI", &proxy.tcti());
    let fallback = program(openssl.shell(), "fallback");
    for arguments in ["own", "own base", "process", "process base"] {
        assert_eq!(openssl.shell().ok(&format!("{fallback} {arguments}")).out(), "default\n", "{arguments}");
    }
    openssl.ok("rand -provider tpm2 -provider default -hex 10");
    openssl.ok("rand -provider default -provider tpm2 -hex 10");
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
}
