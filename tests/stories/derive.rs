//! Key agreement with EC keys in the TPM. The peer is a stock openssl without tpm2.
use tests::raw::{self, Tpm as _};
use tests::{Dialog, Order, Proxy, Swtpm, peers};

use crate::machine::{Machine, program};

const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

fn machine(curve: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key", &format!("-e {curve}"));
    machine.openssl.ok("pkey -in key -pubout -out key.pub");
    peer(&machine, "peer", curve);
    machine
}

/// Makes a software key of the stock openssl, and its public half.
fn peer(machine: &Machine, name: &str, curve: &str) {
    let stock = machine.openssl.without_tpm2();
    stock.ok(&format!("genpkey -algorithm EC -pkeyopt group:{curve} -out {name}"));
    stock.ok(&format!("pkey -in {name} -pubout -out {name}.pub"));
}

/// Derives on both sides with these options, and returns the secret.
#[track_caller]
fn same_on_both_sides(machine: &Machine, options: &str) -> Vec<u8> {
    machine.openssl.ok(&format!("pkeyutl -derive -inkey key -peerkey peer.pub -out ours {options}"));
    let theirs = format!("pkeyutl -derive -inkey peer -peerkey key.pub -out theirs {options}");
    machine.openssl.without_tpm2().ok(&theirs);
    let ours = machine.openssl.read("ours");
    assert_eq!(ours, machine.openssl.read("theirs"), "{options}");
    ours
}

fn counted(options: &str) -> (Machine, Proxy, Dialog) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", options);
    let mut program = machine.decrypter();
    program.ok("load key key");
    (machine, proxy, program)
}

/// The public key of a file in the form that the program `decrypter` takes.
fn spki(machine: &Machine, file: &str) -> String {
    machine.openssl.without_tpm2().ok(&format!("pkey -pubin -in {file} -outform DER -out {file}.der"));
    hex::encode(machine.openssl.read(format!("{file}.der")))
}

#[test]
fn a_shared_secret_is_the_same_on_both_sides() {
    const KDF: &str = "-pkeyopt kdf-type:X963KDF -pkeyopt kdf-digest";
    for curve in CURVES {
        let machine = machine(curve);
        let plain = same_on_both_sides(&machine, "");
        assert_eq!(plain.len(), [32, 48, 66][CURVES.iter().position(|c| *c == curve).unwrap()]);
        for mode in [-1, 0, 1] {
            let options = format!("-pkeyopt ecdh_cofactor_mode:{mode}");
            assert_eq!(same_on_both_sides(&machine, &options), plain);
        }
        for (options, size) in [
            (format!("{KDF}:SHA1 -pkeyopt kdf-outlen:16"), 16),
            (format!("{KDF}:SHA256 -pkeyopt kdf-outlen:100"), 100),
            (format!("{KDF}:SHA512 -pkeyopt kdf-outlen:64 -pkeyopt hexkdf-ukm:00ff4142"), 64),
            (format!("{KDF}:SHA3-384 -pkeyopt kdf-outlen:1 -pkeyopt ecdh_cofactor_mode:1"), 1),
        ] {
            assert_eq!(same_on_both_sides(&machine, &options).len(), size, "{options}");
        }
        let unknown = format!("{KDF}:no-such-digest -pkeyopt kdf-outlen:16");
        machine.openssl.failed(&format!("pkeyutl -derive -inkey key -peerkey peer.pub {unknown}"));
    }
}

#[test]
fn a_peer_may_have_any_source_and_encoding() {
    let machine = machine("P-256");
    let plain = same_on_both_sides(&machine, "");
    let derive = "pkeyutl -derive -inkey key -peerkey";
    // A compressed point; explicit curve parameters; a private key.
    machine.openssl.without_tpm2().ok("ec -in peer -pubout -conv_form compressed -out compressed.pub");
    machine.openssl.without_tpm2().ok("ec -in peer -pubout -param_enc explicit -out explicit.pub");
    for peer in ["compressed.pub", "explicit.pub"] {
        for order in Order::BOTH {
            let openssl = machine.openssl.clone().ordered(order);
            openssl.ok(&format!("{derive} {peer} -out ours"));
            assert_eq!(openssl.read("ours"), plain, "{peer} {order:?}");
        }
    }
    // Another key in the same TPM.
    machine.key("second", "-e P-256");
    machine.openssl.ok("pkey -in second -pubout -out second.pub");
    machine.openssl.ok(&format!("{derive} second.pub -out ours"));
    machine.openssl.ok("pkeyutl -derive -inkey second -peerkey key.pub -out theirs");
    assert_eq!(machine.openssl.read("ours"), machine.openssl.read("theirs"));
}

#[test]
fn a_peer_on_another_curve_is_refused_without_a_command() {
    let (machine, proxy, mut program) = counted("-e P-256");
    peer(&machine, "peer", "P-256");
    peer(&machine, "wrong", "P-384");
    peer(&machine, "same_size", "secp256k1");
    machine.openssl.without_tpm2().ok("genpkey -algorithm X25519 -out x25519");
    machine.openssl.without_tpm2().ok("pkey -in x25519 -pubout -out x25519.pub");
    let good = spki(&machine, "peer.pub");
    let mut off_curve = hex::decode(&good).unwrap();
    *off_curve.last_mut().unwrap() ^= 1;
    // The point at infinity, one byte (SEC 1 §2.3.3).
    let infinity = "301a301306072a8648ce3d020106082a8648ce3d03010703020000";
    let refused = [
        spki(&machine, "wrong.pub"),
        spki(&machine, "same_size.pub"),
        spki(&machine, "x25519.pub"),
        hex::encode(off_curve),
        infinity.to_owned(),
    ];
    program.ok("deriving key");
    for peer in refused {
        let answer = program.ask(&format!("peer {peer}"));
        assert!(answer.starts_with("error"), "{peer}: {answer}");
        let answer = program.ask("run");
        assert!(answer.starts_with("error"), "{peer}: {answer}");
    }
    assert_eq!(proxy.log().len(), 0, "{}", proxy.log().text());
    program.ok(&format!("peer {good}"));
    program.ok("run");
}

#[test]
fn a_size_query_sends_no_command_and_a_context_derives_repeatedly() {
    let (machine, proxy, mut program) = counted("-e P-384");
    peer(&machine, "peer", "P-384");
    let der = spki(&machine, "peer.pub");
    program.ok("deriving key");
    program.ok(&format!("peer {der}"));
    assert_eq!(program.ok("size"), "48");
    program.ok("dup");
    assert_eq!(program.ok("size"), "48");
    assert_eq!(proxy.log().len(), 0, "{}", proxy.log().text());
    let secret = program.ok("run");
    proxy.log().clear();
    // As in OpenSSL, a smaller buffer receives the first bytes of the secret.
    assert_eq!(program.ok("run - 20"), secret[..40]);
    assert_eq!(program.ok("run - 48"), secret);
    assert_eq!(proxy.log().codes(), [raw::ECDH_ZGEN; 2], "{}", proxy.log().text());
    proxy.log().clear();
    program.ok("deriving key kdf-type:X963KDF kdf-digest:SHA256 kdf-outlen:50");
    program.ok(&format!("peer {der}"));
    assert_eq!(program.ok("size"), "50");
    let small = program.ask("run - 49");
    assert!(small.contains("50 bytes are needed"), "{small}");
    assert_eq!(proxy.log().len(), 0, "{}", proxy.log().text());
    program.ok("run");
    assert_eq!(proxy.log().codes(), [raw::ECDH_ZGEN], "{}", proxy.log().text());
    assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
    program.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn two_hundred_random_secrets_keep_their_leading_zeros() {
    for curve in CURVES {
        let (_machine, _proxy, mut program) = counted(&format!("-e {curve}"));
        let zeros: u32 = program.ok("ecdh key 200").parse().unwrap();
        assert!(zeros >= 2, "{curve}: {zeros}");
    }
}

#[test]
fn keys_that_only_sign_do_not_derive() {
    const SIGN: &str = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let machine = Machine::new();
    machine.provision();
    peer(&machine, "peer", "P-256");
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok(&format!("tpm2_create -Q -C 0x81000001 -G ecc256:ecdsa:null -a '{SIGN}' -u key.u -r key.r"));
    tools.ok("tpm2_encodeobject -Q -C 0x81000001 -u key.u -r key.r -o key");
    let derive = "pkeyutl -derive -inkey key -passin pass: -peerkey peer.pub";
    machine.openssl.failed(derive).says("may not derive secrets");
}

/// libcrypto asks for the whole peer key, private half included, when the software key belongs to another provider.
#[test]
fn a_copy_of_the_public_half_can_be_the_peer_of_a_software_key() {
    let machine = machine("P-256");
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        let set_peer = program(openssl.shell(), "set_peer");
        let said = openssl.shell().ok(&format!("{set_peer} key")).out();
        let same = said == "the key itself: the same secret\n";
        assert!(same || said.contains("a copy of its public half (d2i_PUBKEY)"), "{order:?}: {said}");
        assert!(same || order == Order::DefaultFirst, "its software key is this provider's: {said}");
    }
    machine.tpm.assert_empty();
}
