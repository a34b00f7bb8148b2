//! Decryption with RSA keys in the TPM. A stock openssl without tpm2 encrypts.
use tests::raw::{self, Tpm as _};
use tests::{Dialog, Proxy, Swtpm, peers};

use crate::machine::Machine;

const SECRET: &[u8] = b"a secret of no great length";
const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep";
const NONE: &str = "-pkeyopt rsa_padding_mode:none";

fn machine(options: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key", options);
    prepared(machine)
}

fn prepared(machine: Machine) -> Machine {
    machine.openssl.ok("pkey -in key -passin pass: -pubout -out key.pub");
    machine.openssl.write("secret", SECRET);
    machine
}

/// A machine whose TPM commands are counted, with an RSA key loaded in the program `decrypter`.
fn counted() -> (Machine, Proxy, Dialog) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-r");
    let mut program = machine.decrypter();
    program.ok("load key key");
    (machine, proxy, program)
}

/// Returns a ciphertext of this message.
fn sealed(program: &mut Dialog, message: &str, options: &str) -> String {
    program.ok(&format!("seal key {message} {options}"))
}

#[test]
fn ciphertexts_of_stock_openssl_are_decrypted_with_every_padding() {
    let machine = machine("-r");
    machine.openssl.write("block", [0x11; 256]);
    for (input, options) in [
        ("secret", String::new()),
        ("secret", "-pkeyopt rsa_padding_mode:pkcs1".to_owned()),
        ("block", NONE.to_owned()),
        ("secret", OAEP.to_owned()),
        ("secret", format!("{OAEP} -pkeyopt rsa_oaep_md:sha256")),
        ("secret", format!("{OAEP} -pkeyopt rsa_mgf1_md:sha256")),
        ("secret", format!("{OAEP} -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha1")),
        ("secret", format!("{OAEP} -pkeyopt rsa_oaep_md:sha3-256 -pkeyopt rsa_oaep_label:6c6162656c")),
        ("secret", format!("{OAEP} -pkeyopt digest:SHA384 -pkeyopt mgf1-digest:SHA224")),
    ] {
        for encrypter in ["-pubin -inkey key.pub", "-inkey key"] {
            let encrypt = format!("pkeyutl -encrypt {encrypter} -in {input} -out sealed {options}");
            match encrypter {
                "-inkey key" => machine.openssl.ok(&encrypt),
                _ => machine.openssl.without_tpm2().ok(&encrypt),
            };
            machine.openssl.ok(&format!("pkeyutl -decrypt -inkey key -in sealed -out opened {options}"));
            assert_eq!(machine.openssl.read("opened"), machine.openssl.read(input), "{encrypter} {options}");
        }
    }
    machine.openssl.ok("rsautl -decrypt -raw -inkey key -in sealed -out opened");
    assert_eq!(machine.openssl.read("opened").len(), 256);
}

#[test]
fn a_ciphertext_with_another_padding_or_key_is_refused() {
    let machine = machine("-r");
    let decrypt = "pkeyutl -decrypt -inkey key -out opened";
    machine.openssl.write("high", [0xff; 256]);
    machine.openssl.write("long", [0x11; 257]);
    machine.openssl.write("block", [0x11; 256]);
    machine.openssl.failed(&format!("{decrypt} -in high")).says("modulus");
    machine.openssl.failed(&format!("{decrypt} -in high {NONE}")).says("modulus");
    machine.openssl.failed(&format!("{decrypt} -in long"));
    machine.openssl.failed(&format!("{decrypt} -in block {OAEP}")).says("cannot decrypt the message");
    machine.openssl.failed(&format!("{decrypt} -in block -pkeyopt rsa_padding_mode:x931")).says("padding");
    machine.openssl.failed(&format!("{decrypt} -in block -pkeyopt rsa_padding_mode:pss"));
    machine.openssl.failed(&format!("{decrypt} -in block {OAEP} -pkeyopt rsa_oaep_md:no-such-digest"));
    machine.openssl.ok(&format!("{decrypt} -in block {NONE}"));
}

#[test]
fn a_size_query_sends_no_command_and_a_context_decrypts_repeatedly() {
    let (machine, proxy, mut program) = counted();
    let (first, second) = (sealed(&mut program, "0102", ""), sealed(&mut program, "030405", ""));
    proxy.log().clear();
    program.ok("decrypting key");
    assert_eq!(program.ok(&format!("size {first}")), "256");
    assert_eq!(program.ok("get implicit-rejection"), "1");
    let small = program.ask(&format!("run {first} 255"));
    assert!(small.contains("256 bytes are needed"), "{small}");
    assert_eq!(proxy.log().len(), 0, "{}", proxy.log().text());

    assert_eq!(program.ok(&format!("run {first}")), "0102");
    // The key is loaded; then come the block that determines the secret of implicit rejection, and the message.
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 2, "{}", proxy.log().text());
    proxy.log().clear();
    assert_eq!(program.ok(&format!("run {second}")), "030405");
    program.ok("dup");
    assert_eq!(program.ok(&format!("run {first} 256")), "0102");
    let oaep = "rsa_padding_mode:oaep rsa_oaep_md:sha256 rsa_oaep_label:6c";
    let labelled = sealed(&mut program, "06", oaep);
    program.ok(&format!("decrypting key {oaep}"));
    program.ok("dup");
    assert_eq!(program.ok(&format!("run {labelled}")), "06");
    assert_eq!(proxy.log().codes(), [raw::RSA_DECRYPT; 3], "{}", proxy.log().text());
    assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
    program.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn implicit_rejection_can_be_disabled_as_in_openssl() {
    let (_machine, proxy, mut program) = counted();
    let message = sealed(&mut program, "0102", "");
    program.ok("decrypting key implicit-rejection:0");
    assert_eq!(program.ok("get implicit-rejection"), "0");
    program.ok("dup");
    assert_eq!(program.ok(&format!("run {message}")), "0102");
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 1, "{}", proxy.log().text());
    let wrong = program.ask(&format!("run {}", "11".repeat(256)));
    assert!(wrong.starts_with("error") && wrong.contains("cannot decrypt the message"), "{wrong}");
}

#[test]
fn tls_decryption_returns_the_premaster_secret_or_a_random_one() {
    let (_machine, proxy, mut program) = counted();
    let premaster = format!("0303{}", "2a".repeat(46));
    let message = sealed(&mut program, &premaster, "");
    let answer = |program: &mut Dialog, options: &str, message: &str| {
        program.ok(&format!("decrypting key {options}"));
        assert_eq!(program.ok("size"), "48");
        program.ok(&format!("run {message} 48"))
    };
    assert_eq!(answer(&mut program, "tls:0x0303", &message), premaster.to_uppercase());
    assert_eq!(answer(&mut program, "tls:0x0302 negotiated:0x0303", &message), premaster.to_uppercase());
    let short = sealed(&mut program, "030303", "");
    for (options, message) in [("tls:0x0302", &message), ("tls:0x0303", &short)] {
        let first = answer(&mut program, options, message);
        assert_eq!(first.len(), 96);
        assert_ne!(first, premaster.to_uppercase());
        assert_ne!(first, answer(&mut program, options, message), "it is random");
    }
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 6, "{}", proxy.log().text());
    program.ok("decrypting key tls:0");
    let lacking = program.ask(&format!("run {message} 48"));
    assert!(lacking.contains("tls-client-version"), "{lacking}");
}

#[test]
fn two_hundred_random_messages_are_decrypted_with_oaep() {
    let (_machine, _proxy, mut program) = counted();
    program.ok("oaep key 200");
}

/// Keys of other tools, made for one scheme: the TPM removes the padding.
#[test]
fn keys_with_one_scheme_decrypt_with_that_scheme_only() {
    const DECRYPT: &str = "decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let machine = Machine::new();
    machine.provision();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    for (scheme, fitting, other, advice) in [
        ("rsaes", "", OAEP, "pkcs1"),
        ("oaep-sha256", "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256", OAEP, "sha256"),
        (
            "oaep-sha1",
            "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_label:6c00",
            "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_label:6c",
            "zero byte",
        ),
    ] {
        tools.ok(&format!(
            "tpm2_create -Q -C 0x81000001 -G rsa2048:{scheme}:null -a {DECRYPT} -u key.u -r key.r"
        ));
        tools.ok("tpm2_encodeobject -Q -C 0x81000001 -u key.u -r key.r -o key");
        tools.ok("tpm2_flushcontext -l");
        machine.openssl.ok("pkey -in key -passin pass: -pubout -out key.pub");
        machine.openssl.write("secret", SECRET);
        let encrypt = format!("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed {fitting}");
        machine.openssl.without_tpm2().ok(&encrypt);
        let decrypt = "pkeyutl -decrypt -inkey key -passin pass: -in sealed -out opened";
        machine.openssl.ok(&format!("{decrypt} {fitting}"));
        assert_eq!(machine.openssl.read("opened"), SECRET, "{scheme}");
        machine.openssl.failed(&format!("{decrypt} {other}")).says(advice);
        machine.openssl.failed(&format!("{decrypt} {NONE}")).says("another padding");
        machine.openssl.write("damaged", [0x11; 256]);
        let damaged = machine.openssl.run(&format!("{} {fitting}", decrypt.replace("sealed", "damaged")));
        // A simulator built on OpenSSL 3.2 or later itself answers a wrong PKCS#1 v1.5 padding with a synthetic message.
        if scheme == "rsaes" && damaged.success() {
            assert_ne!(machine.openssl.read("opened"), SECRET);
        } else {
            damaged.failed();
        }
    }
}

#[test]
fn keys_that_only_sign_do_not_decrypt() {
    const SIGN: &str = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let machine = Machine::new();
    machine.provision();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok(&format!("tpm2_create -Q -C 0x81000001 -G rsa2048:null:null -a '{SIGN}' -u key.u -r key.r"));
    tools.ok("tpm2_encodeobject -Q -C 0x81000001 -u key.u -r key.r -o key");
    machine.openssl.write("block", [0x11; 256]);
    machine.openssl.failed("pkeyutl -decrypt -inkey key -passin pass: -in block").says("may not decrypt");
}

#[test]
fn decryption_and_derivation_work_without_sessions() {
    let machine = machine("-r").set("session", "password");
    machine.openssl.without_tpm2().ok("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed");
    machine.openssl.ok("pkeyutl -decrypt -inkey key -in sealed -out opened");
    assert_eq!(machine.openssl.read("opened"), SECRET);

    machine.key("ec", "-e P-256");
    machine.openssl.ok("pkey -in ec -pubout -out ec.pub");
    let stock = machine.openssl.without_tpm2();
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out peer");
    stock.ok("pkey -in peer -pubout -out peer.pub");
    machine.openssl.ok("pkeyutl -derive -inkey ec -peerkey peer.pub -out ours");
    stock.ok("pkeyutl -derive -inkey peer -peerkey ec.pub -out theirs");
    assert_eq!(machine.openssl.read("ours"), machine.openssl.read("theirs"));
}
