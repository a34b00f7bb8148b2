//! A bus attacker learns nothing: no password crosses the bus, private operations run in HMAC sessions, and a changed response
//! gives an error, never a wrong result that is accepted.
use tests::raw::Tpm as _;
use tests::{Proxy, Swtpm, peers, raw, tamper};

use crate::machine::{Machine, SRK};

/// Forty bytes: longer than the digest of any name hash, so the TPM uses its hash. Neither form may appear on the bus.
const PASSWORD: &str = "correct-horse-battery-staple-and-more-40";

fn watched() -> (Machine, Proxy) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    (Machine::reached_by(tpm, &proxy.tcti()), proxy)
}

#[test]
fn no_password_crosses_the_bus() {
    let (machine, proxy) = watched();
    machine.provision();
    let guarded = machine.tpm.create_primary_with(b"parent-password", raw::STORAGE);
    machine.tpm.persist(guarded, SRK + 1);
    machine.tpm.flush(guarded);
    // The key tool is watched as well: passwords of keys, of a hierarchy and of a persistent parent.
    let tool = tests::Tool::new(machine.openssl.shell(), &proxy.tcti());
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner-password");
    tool.ok(&format!("create -e P-256 -k {PASSWORD} -b owner-password ec"));
    tool.ok("create -r -k short-secret -p 81000001 rsa");
    tool.ok("create -e P-256 -k third-secret -b parent-password -p 81000002 child");
    machine.openssl.write("message", b"what is signed");
    let pin = |word: &str| machine.openssl.clone().set("pin", word);
    for (openssl, key, password) in [
        (&pin("owner-password"), "ec", PASSWORD),
        (&machine.openssl, "rsa", "short-secret"),
        (&pin("parent-password"), "child", "third-secret"),
    ] {
        let line = format!("dgst -sha256 -sign {key} -passin pass:{password} -out message.sig message");
        openssl.ok(&line);
        openssl.failed(&line.replace("pass:", "pass:not-")).says("the TPM refused the password");
    }
    // The hash of a password that is longer than the name hash's digest is the authorization value.
    let hashed = machine.openssl.without_tpm2().pipe("dgst -sha256 -binary", PASSWORD).ok().stdout;
    let words = [PASSWORD, "short-secret", "third-secret", "owner-password", "parent-password", "not-"];
    let secrets = words.iter().map(|word| word.as_bytes()).chain([&hashed[..]]);
    for secret in secrets {
        let text = String::from_utf8_lossy(secret).into_owned();
        assert!(!proxy.log().contains(secret), "{text} crossed the bus:\n{}", proxy.log().text());
    }
    assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
    assert!(proxy.log().count(raw::SIGN) > 0 && proxy.log().count(raw::RSA_DECRYPT) > 0);
}

#[test]
fn the_search_finds_a_password_sent_in_clear() {
    let (machine, proxy) = watched();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &proxy.tcti());
    tools.ok("tpm2_createprimary -C o -c primary.ctx -p short-secret");
    assert!(proxy.log().contains(b"short-secret"));
}

#[test]
fn every_private_operation_runs_in_an_hmac_session() {
    let (machine, proxy) = watched();
    machine.provision();
    for (key, options) in [("ec", "-e P-256"), ("rsa", "-r -p 81000001"), ("p384", "-e P-384")] {
        machine.key(key, options);
        proxy.log().clear();
        machine.signs(key);
        assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
        assert_eq!(
            proxy.log().count(raw::SIGN) + proxy.log().count(raw::RSA_DECRYPT),
            1,
            "{}",
            proxy.log().text()
        );
    }
}

#[test]
fn decrypted_and_derived_secrets_cannot_be_read_on_the_bus() {
    let (machine, proxy) = watched();
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    openssl.write("plain", b"a secret of no great length");
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out peer");
    stock.ok("pkey -in peer -pubout -out peer.pub");
    for (key, options, command, line) in [
        ("rsa", "-r", raw::RSA_DECRYPT, "pkeyutl -decrypt -inkey rsa -in sealed -out secret"),
        ("ec", "-e P-256", raw::ECDH_ZGEN, "pkeyutl -derive -inkey ec -peerkey peer.pub -out secret"),
    ] {
        machine.key(key, options);
        openssl.ok(&format!("pkey -in {key} -pubout -out {key}.pub"));
        if key == "rsa" {
            stock.ok("pkeyutl -encrypt -pubin -inkey rsa.pub -in plain -out sealed");
        }
        proxy.log().clear();
        openssl.ok(line);
        if key == "rsa" {
            assert_eq!(openssl.read("secret"), openssl.read("plain"));
        }
        assert!(proxy.log().count(command) > 0, "{}", proxy.log().text());
        assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
        assert!(!proxy.log().contains(&openssl.read("secret")), "{}", proxy.log().text());
    }
}

/// Returns the commands of a first signature, and the length of each response in bytes.
fn responses(machine: &Machine, proxy: &Proxy, key: &str) -> Vec<(u32, usize)> {
    proxy.log().clear();
    machine.signs(key);
    proxy.log().all().iter().map(|e| (e.code(), e.response.len())).collect()
}

/// Signs under a tampering proxy. The result is an error or a signature that a stock openssl verifies, nothing else.
#[track_caller]
fn error_or_right(machine: &Machine, key: &str, what: &str) -> bool {
    let output = machine.openssl.run(&format!("dgst -sha256 -sign {key} -out message.sig message"));
    assert!(output.code().is_some(), "{what}: crashed or hung\n{output}");
    if output.success() {
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        let verified = machine.openssl.without_tpm2().run(&verify);
        assert!(verified.success(), "{what}: a wrong result was accepted\n{output}\n{verified}");
    }
    // Flushes what a lost or changed response left in the TPM, so that each round begins in the same state.
    machine.tpm.reset_and_startup();
    output.success()
}

fn flip_bits(machine: &Machine, proxy: &Proxy, key: &str) {
    let responses = responses(machine, proxy, key);
    for (nth, (command, size)) in responses.iter().copied().enumerate() {
        let occurrence = responses[..nth].iter().filter(|(earlier, _)| *earlier == command).count();
        // Every byte of the header, then every twenty-third byte; a different bit each time.
        for byte in (0..10).chain((10..size).step_by(23)) {
            let bit = byte * 8 + (byte + nth) % 8;
            proxy.on_response(tamper::flip_bit(command, occurrence, bit));
            let right = error_or_right(machine, key, &format!("bit {bit} of the response to {command:#x}"));
            let signs = [raw::SIGN, raw::RSA_DECRYPT].contains(&command);
            assert!(
                !(right && signs && byte >= 14),
                "bit {bit} of the response to {command:#x} was not noticed"
            );
        }
        proxy.remove_rules();
    }
    machine.signs(key);
}

#[test]
fn a_flipped_bit_is_an_error_for_an_ec_key() {
    let (machine, proxy) = watched();
    machine.provision();
    machine.key("key", &format!("-e P-256 -p {SRK:x}"));
    flip_bits(&machine, &proxy, "key");
}

#[test]
fn a_flipped_bit_is_an_error_for_an_rsa_key() {
    let (machine, proxy) = watched();
    machine.key("key", "-r");
    flip_bits(&machine, &proxy, "key");
}

#[test]
fn a_flipped_bit_of_an_unprotected_signature_is_an_error() {
    let (machine, proxy) = watched();
    let machine = machine.set("resource-manager", "kernel");
    machine.key("key", "-e P-256");
    proxy.log().clear();
    machine.signs("key");
    assert_eq!(
        proxy.log().unprotected().len(),
        1,
        "an empty authorization needs no session:\n{}",
        proxy.log().text()
    );
    flip_bits(&machine, &proxy, "key");
}

#[test]
fn a_replaced_nonce_is_an_error() {
    for options in ["-e P-256", "-r"] {
        let (machine, proxy) = watched();
        machine.key("key", options);
        machine.signs("key");
        let private = if options == "-r" { raw::RSA_DECRYPT } else { raw::SIGN };
        for command in [raw::START_AUTH_SESSION, raw::LOAD, private] {
            proxy.on_response(tamper::replace_nonces(command));
            let replaced =
                || proxy.log().all().iter().any(|e| e.response.windows(16).any(|w| w == [0xA5; 16]));
            proxy.log().clear();
            let right = error_or_right(&machine, "key", &format!("nonces of {command:#x} replaced"));
            assert!(replaced(), "no nonce of {command:#x} was replaced:\n{}", proxy.log().text());
            assert!(!right, "nonces of {command:#x} replaced, and no error came");
            proxy.remove_rules();
        }
        machine.signs("key");
    }
}
