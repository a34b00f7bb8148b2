//! A TPM that forbids the raw RSA operation removes the paddings itself: a wrong padding cannot be observed, and no other failure is
//! treated as a wrong padding.
use tests::chips::Chip;
use tests::raw;
use tests::{Dialog, Fate, Proxy};

use crate::machine::Machine;
use crate::policy::EXTEND;
use crate::raw_rsa::machine;

const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep";

/// A ciphertext without a correctly padded message.
fn wrong() -> String {
    "11".repeat(256)
}

/// The responses of TPMs to a wrong padding: TPM_RC_FAILURE in libtpms; TPM_RC_VALUE in the reference implementation, which other TPMs
/// attribute to a parameter, or to the first parameter.
const ANSWERS: [u32; 4] = [0x101, raw::VALUE, 0x0C4, 0x1C4];

/// Makes the TPM respond with this code to a wrong padding.
fn answers(proxy: &Proxy, code: u32) {
    proxy.become_chip(Chip::named("no raw RSA"));
    proxy.also_on_response(move |sent, response| {
        if raw::code(sent) == raw::RSA_DECRYPT && raw::code(response) == 0x101 {
            response[6..10].copy_from_slice(&code.to_be_bytes());
        }
        Fate::Pass
    });
}

#[test]
fn a_wrong_padding_cannot_be_observed() {
    ANSWERS.into_iter().for_each(cannot_be_observed);
}

fn cannot_be_observed(answer: u32) {
    let (machine, proxy) = machine();
    answers(&proxy, answer);
    machine.key("key", "-r");
    machine.openssl.write("wrong", [0x11; 256]);
    let decrypt = "pkeyutl -decrypt -inkey key -in wrong -out";
    let opened: Vec<Vec<u8>> = ["first", "second"]
        .map(|name| {
            machine.openssl.ok(&format!("{decrypt} {name}"));
            machine.openssl.read(name)
        })
        .into();
    assert_eq!(opened[0], opened[1], "the same for every process");
    machine.openssl.failed(&format!("{decrypt} none {OAEP}")).says("cannot decrypt the message");

    let mut program = machine.decrypter();
    program.ok("load key key");
    program.ok("decrypting key");
    let synthetic = program.ok(&format!("run {}", wrong()));
    assert_eq!(synthetic, hex(&opened[0]));
    let right = program.ok("seal key 0102");
    assert_eq!(program.ok(&format!("run {right}")), "0102");
    program.ok("decrypting key implicit-rejection:0");
    let refused = program.ask(&format!("run {}", wrong()));
    // A simulator built on OpenSSL 3.2 or later returns a synthetic message itself.
    assert!(refused.contains("cannot decrypt the message") || refused.starts_with("ok "), "{refused}");
    program.ok("decrypting key tls:0x0303");
    let random = [0, 1].map(|_| program.ok(&format!("run {} 48", wrong())));
    assert_ne!(random[0], random[1]);
    let premaster = format!("0303{}", "2a".repeat(46));
    let sealed = program.ok(&format!("seal key {premaster}"));
    assert_eq!(program.ok(&format!("run {sealed} 48")), premaster.to_uppercase());
    program.end("quit");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The commands of a process that decrypts this ciphertext first and third.
fn commands(machine: &Machine, proxy: &Proxy, padding: &str, first: &str) -> Vec<Vec<u32>> {
    let mut program = machine.decrypter();
    program.ok("load key key");
    program.ok(&format!("decrypting key {padding}"));
    let right = sealed(&mut program);
    let ciphertexts = [if first == "right" { right.clone() } else { wrong() }, right];
    let mut commands = Vec::new();
    for ciphertext in [&ciphertexts[0], &ciphertexts[1], &ciphertexts[0], &ciphertexts[1]] {
        proxy.log().clear();
        program.ok(&format!("run {ciphertext} {}", if padding.is_empty() { "256" } else { "48" }));
        commands.push(proxy.log().codes());
    }
    proxy.log().clear();
    program.end("quit");
    commands.push(proxy.log().codes());
    commands
}

fn sealed(program: &mut Dialog) -> String {
    program.ok(&format!("seal key 0303{}", "2a".repeat(46)))
}

#[test]
fn right_and_wrong_paddings_send_the_same_commands() {
    for make in [
        "create -r key",
        "create -r -x 16 key",
        "create -r file; load file 81000011; reference handle:0x81000011 key",
        "create -r -k secret file; load file 81000011; reference handle:0x81000011?pin-value=secret key",
        "create -r --da file; load file 81000011; reference handle:0x81000011 key",
        "create -r --da -k secret file; load file 81000011; reference handle:0x81000011?pin-value=secret key",
    ] {
        for (setting, answer) in [
            ("TPM2_CONNECTION=process", ANSWERS[0]),
            ("TPM2_CONNECTION=process", ANSWERS[1]),
            ("TPM2_CONNECTION=operation", ANSWERS[2]),
            ("TPM2_SESSION=password", ANSWERS[3]),
        ] {
            let (machine, proxy) = machine();
            answers(&proxy, answer);
            make.split("; ").for_each(|line| drop(machine.tool.ok(line)));
            let (name, value) = setting.split_once('=').unwrap();
            let machine = Machine { openssl: machine.openssl.env(name, value), ..machine };
            // Implicit rejection, and a premaster secret, which needs no signature beforehand.
            for padding in ["", "tls:0x0303"] {
                let [right, wrong] =
                    ["right", "wrong"].map(|first| commands(&machine, &proxy, padding, first));
                assert_eq!(right, wrong, "{make}, {setting}, {answer:#x}, {padding}");
                assert!(right.iter().take(4).all(|codes| codes.contains(&raw::RSA_DECRYPT)), "{right:?}");
            }
        }
    }
}

#[test]
fn only_the_response_to_the_decryption_can_mean_a_wrong_padding() {
    let (machine, proxy) = machine();
    machine.key("key", "-r -x 16");
    let openssl = &machine.openssl;
    openssl.ok("pkey -in key -pubout -out key.pub");
    openssl.without_tpm2().ok("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed");
    let decrypt = "pkeyutl -decrypt -inkey key -in sealed -out opened";
    openssl.ok(decrypt);
    assert_eq!(openssl.read("opened"), openssl.read("secret"));
    // PolicyPCR responds with TPM_RC_VALUE.
    machine.others(EXTEND);
    openssl.failed(decrypt).says("PCR 16 (sha256) has changed");
    machine.others("tpm2_pcrreset 16");
    // So does a TPM that cannot load the key, or that is in failure mode.
    for (command, code) in
        [(raw::LOAD, 0x1C4), (raw::LOAD, 0x1D5), (raw::RSA_DECRYPT, 0x2C4), (raw::RSA_DECRYPT, 0x101)]
    {
        if code == 0x101 {
            // TPM_RC_FAILURE as the result of the self-test.
            proxy.on_response(|sent, response| {
                if raw::code(sent) == raw::GET_TEST_RESULT {
                    let at = response.len() - 4;
                    response[at..].copy_from_slice(&[0, 0, 1, 1]);
                }
                Fate::Pass
            });
        }
        proxy.also_on_command(move |sent| {
            // With the scheme RSAES and no label.
            let is_targeted =
                raw::code(sent) == command && (command == raw::LOAD || sent.ends_with(&[0, 0x15, 0, 0]));
            if is_targeted { Fate::Answer(raw::answer(code)) } else { Fate::Pass }
        });
        openssl.failed(decrypt).says(match (command, code) {
            (raw::LOAD, _) => "TPM2_Load",
            (_, 0x101) => "does not report that it works",
            _ => "TPM2_RSA_Decrypt",
        });
        proxy.become_chip(Chip::named("no raw RSA"));
    }
    openssl.ok(decrypt);
}

#[test]
fn a_key_with_several_signed_policies_decrypts() {
    let (machine, proxy) = machine();
    let openssl = &machine.openssl;
    openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out signer.pem");
    openssl.without_tpm2().ok("pkey -in signer.pem -pubout -out signer.pub");
    machine.key("key", "-r --signed-policy signer.pub");
    machine.tool.ok("policy add -x 16 -n first key signer.pem");
    machine.tool.ok("policy add -x 16 -n second key signer.pem");
    proxy.log().clear();
    machine.signs("key");
    // The raw operation is believed to be forbidden after its second refusal: it is not tried again for each policy.
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 2, "{}", proxy.log().text());
    openssl.ok("pkey -in key -pubout -out key.pub");
    openssl.without_tpm2().ok("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed");
    openssl.ok("pkeyutl -decrypt -inkey key -in sealed -out opened");
    assert_eq!(openssl.read("opened"), openssl.read("secret"));
    machine.others(EXTEND);
    machine.refuses("key", "").says("none of 2 signed policies passes");
}

#[test]
fn the_block_behind_implicit_rejection_is_never_signed_for_a_caller() {
    let (machine, _proxy) = machine();
    machine.key("key", "-r");
    let digest = b"PKCS#1 v1.5 implicit rejection\0\0";
    machine.openssl.write("digest", digest);
    let sign = "pkeyutl -sign -inkey key -in digest -pkeyopt digest:sha256 -out signature";
    machine.openssl.failed(sign).says("is not signed").says("wrong PKCS#1 v1.5 paddings");
    // A signature over the same bytes as a message is an ordinary one: they are hashed.
    machine.openssl.ok("dgst -sha256 -sign key -out signature digest");
}
