//! Stock openssl signs with every digest, padding and salt length; an openssl without tpm2 verifies.
use tests::peers;

use crate::machine::Machine;

const DIGESTS: [&str; 8] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha512-256"];

/// A salt length to sign with, and the number of bytes that the verifier must find, for SHA-256 and 2048 bits.
const SALTS: [(&str, &str); 6] =
    [("digest", "32"), ("max", "222"), ("auto", "222"), ("0", "0"), ("7", "7"), ("20", "20")];

/// A machine with a key and its public half, as `key` and `key.pub`, and a message.
fn machine(options: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key", options);
    prepared(machine)
}

fn prepared(machine: Machine) -> Machine {
    machine.openssl.write("message", b"what is signed");
    machine.openssl.ok("pkey -in key -pubout -out key.pub");
    machine
}

/// Signs with `dgst -sign` and these options, and verifies with `dgst -verify` of a stock openssl.
#[track_caller]
fn dgst(machine: &Machine, digest: &str, sign: &str, verify: &str) {
    machine.openssl.ok(&format!("dgst -{digest} {sign} -sign key -out message.sig message"));
    let verify = format!("dgst -{digest} {verify} -verify key.pub -signature message.sig message");
    machine.openssl.without_tpm2().ok(&verify).says("Verified OK");
}

/// Signs a digest (or with -rawin the message) with `pkeyutl -sign`, and verifies with `pkeyutl -verify` of a stock openssl.
#[track_caller]
fn pkeyutl(machine: &Machine, input: &str, sign: &str, verify: &str) {
    machine.openssl.ok(&format!("pkeyutl -sign -inkey key -in {input} {sign} -out pkeyutl.sig"));
    let verify = format!("pkeyutl -verify -pubin -inkey key.pub -in {input} {verify} -sigfile pkeyutl.sig");
    machine.openssl.without_tpm2().ok(&verify).says("Signature Verified Successfully");
}

#[test]
fn rsa_keys_sign_with_every_digest() {
    for bits in [2048, 3072] {
        let machine = machine(&format!("-r -s {bits}"));
        for digest in DIGESTS {
            dgst(&machine, digest, "", "");
            let pss = "-sigopt rsa_padding_mode:pss";
            dgst(&machine, digest, pss, pss);
            let raw = format!("-rawin -digest {digest}");
            pkeyutl(&machine, "message", &raw, &raw);
        }
    }
}

/// The containers of software keys, each with the command that writes it from the PKCS#8 file `soft`; the password is always `word`.
const CONTAINERS: [(&str, &str); 6] = [
    ("pkcs8", "pkey -in soft"),
    ("pkcs8-der", "pkey -in soft -outform DER"),
    // PKCS#1 for RSA, SEC1 for EC
    ("traditional", "pkey -in soft -traditional"),
    ("encrypted", "pkcs8 -topk8 -in soft -passout pass:word"),
    ("traditional-encrypted", "pkey -in soft -traditional -aes128 -passout pass:word"),
    ("pkcs12", "pkcs12 -export -inkey soft -in soft.crt -passout pass:word"),
];

#[test]
fn wrapped_keys_sign_like_their_software_keys() {
    let machine = Machine::new();
    machine.openssl.write("message", b"what is signed");
    let stock = machine.openssl.without_tpm2();
    for (generate, digest) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "sha3-256"),
        ("-algorithm EC -pkeyopt group:P-256", "sha256"),
        ("-algorithm EC -pkeyopt group:P-384", "sha1"),
        ("-algorithm EC -pkeyopt group:P-521", "sha512"),
    ] {
        stock.ok(&format!("genpkey {generate} -out soft"));
        stock.ok("pkey -in soft -pubout -out key.pub");
        stock.ok("req -x509 -key soft -subj /CN=soft -out soft.crt");
        for (container, write) in CONTAINERS {
            stock.ok(&format!("{write} -out {container}"));
            let password = if write.contains("word") { "--passin pass:word" } else { "" };
            machine.key("key", &format!("-w {container} {password} -k secret"));
            let passin = "-passin pass:secret";
            assert_eq!(
                machine.openssl.ok(&format!("pkey -in key {passin} -pubout")).out(),
                stock.text("key.pub"),
                "{generate} {container}"
            );
            dgst(&machine, digest, passin, "");
            if generate.contains("RSA") {
                let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
                dgst(&machine, digest, &format!("{passin} {pss}"), pss);
            }
        }
    }
}

#[test]
fn keys_on_every_curve_sign_with_every_digest() {
    for curve in ["P-256", "P-384", "P-521"] {
        let machine = machine(&format!("-e {curve}"));
        for digest in DIGESTS {
            dgst(&machine, digest, "", "");
            machine.openssl.ok(&format!("dgst -{digest} -binary -out digest message"));
            pkeyutl(&machine, "digest", "", "");
            pkeyutl(
                &machine,
                "message",
                &format!("-rawin -digest {digest}"),
                &format!("-rawin -digest {digest}"),
            );
        }
        // Bytes of no digest's length: ECDSA accepts any length.
        machine.openssl.write("short", b"x");
        pkeyutl(&machine, "short", "", "");
    }
}

#[test]
fn pss_signs_with_every_salt_length_and_another_mgf1_digest() {
    let machine = machine("-r");
    machine.openssl.ok("dgst -sha256 -binary -out digest message");
    for (salt, bytes) in SALTS {
        for mgf1 in ["sha256", "sha1", "sha512"] {
            let options = |salt, dash| {
                format!(
                    "-{dash}opt rsa_padding_mode:pss -{dash}opt rsa_pss_saltlen:{salt} -{dash}opt rsa_mgf1_md:{mgf1}"
                )
            };
            dgst(&machine, "sha256", &options(salt, "sig"), &options(bytes, "sig"));
            let digest = "-pkeyopt digest:sha256 ";
            let (sign, verify) = (options(salt, "pkey"), options(bytes, "pkey"));
            pkeyutl(&machine, "digest", &format!("{digest}{sign}"), &format!("{digest}{verify}"));
            let raw = "-rawin -digest sha256 ";
            pkeyutl(&machine, "message", &format!("{raw}{sign}"), &format!("{raw}{verify}"));
        }
    }
    let too_long = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:223";
    machine.openssl.failed(&format!("dgst -sha256 {too_long} -sign key message")).says("222");
}

#[test]
fn raw_rsa_signs_with_and_without_padding() {
    let machine = machine("-r");
    machine.openssl.write("bytes", b"any bytes");
    pkeyutl(&machine, "bytes", "", "");
    let digest = "-pkeyopt digest:sha384";
    machine.openssl.ok("dgst -sha384 -binary -out digest message");
    pkeyutl(&machine, "digest", digest, digest);
    machine.openssl.failed("pkeyutl -sign -inkey key -in bytes -pkeyopt digest:sha384").says("48 bytes");

    machine
        .openssl
        .failed("pkeyutl -sign -inkey key -in bytes -pkeyopt rsa_padding_mode:none")
        .says("256 bytes");
    let x931 = "-pkeyopt digest:sha384 -pkeyopt rsa_padding_mode:x931";
    machine.openssl.failed(&format!("pkeyutl -sign -inkey key -in digest {x931}")).says("X9.31");

    // pkeyutl signs no more bytes than the longest digest has; rsautl does.
    machine.openssl.write("block", [0x11; 256]);
    machine.openssl.ok("rsautl -sign -raw -inkey key -in block -out raw.sig");
    machine.openssl.without_tpm2().ok("rsautl -verify -raw -pubin -inkey key.pub -in raw.sig -out recovered");
    assert_eq!(machine.openssl.read("recovered"), [0x11; 256]);
    machine.openssl.write("high", [0xff; 256]);
    machine.openssl.failed("rsautl -sign -raw -inkey key -in high").says("modulus");
}

#[test]
fn verify_recover_returns_the_signed_bytes() {
    let machine = machine("-r");
    machine.openssl.write("bytes", b"any bytes");
    machine.openssl.ok("pkeyutl -sign -inkey key -in bytes -out signature");
    for who in ["-inkey key", "-pubin -inkey key.pub"] {
        machine.openssl.ok(&format!("pkeyutl -verifyrecover {who} -in signature")).says("any bytes");
    }
}

#[test]
fn a_wrong_signature_does_not_verify() {
    for options in ["-r", "-e P-256"] {
        let machine = machine(options);
        machine.openssl.ok("dgst -sha256 -sign key -out message.sig message");
        machine.openssl.ok("dgst -sha256 -verify key.pub -signature message.sig message").says("Verified OK");
        machine.openssl.ok("dgst -sha256 -prverify key -signature message.sig message").says("Verified OK");
        machine.openssl.write("message", b"what was never signed");
        for key in ["-verify key.pub", "-prverify key"] {
            let line = format!("dgst -sha256 {key} -signature message.sig message");
            machine.openssl.failed(&line).says("Verification failure");
        }
    }
}

/// Keys of other tools with only the sign attribute or only one scheme, for which TPM2_RSA_Decrypt fails.
#[test]
fn keys_that_cannot_decrypt_sign() {
    const SIGN: &str = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let machine = Machine::new();
    machine.provision();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    let make = |algorithm: &str, attributes: &str| {
        tools.ok(&format!("tpm2_create -Q -C 0x81000001 -G {algorithm} -a {attributes} -u key.u -r key.r"));
        tools.ok("tpm2_encodeobject -Q -C 0x81000001 -u key.u -r key.r -o key");
        // tpm2-tools leave a session open.
        tools.ok("tpm2_flushcontext -l");
        machine.openssl.ok("pkey -in key -passin pass: -pubout -out key.pub");
    };
    // tpm2_encodeobject does not say that the password is empty.
    let dgst = |machine: &Machine, digest: &str, sign: &str, verify: &str| {
        dgst(machine, digest, &format!("{sign} -passin pass:"), verify);
    };
    machine.openssl.write("message", b"what is signed");
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:";
    make("rsa2048:null:null", SIGN);
    dgst(&machine, "sha256", "", "");
    machine.openssl.failed("dgst -sha3-256 -passin pass: -sign key message").says("may also decrypt");
    make("rsa2048:rsapss-sha256:null", SIGN);
    // The public key names the digest and the salt length: no option is needed.
    dgst(&machine, "sha256", &format!("{pss}auto"), "");
    dgst(&machine, "sha256", "", "");
    pkeyutl(&machine, "message", "-rawin -passin pass:", "-rawin");
    machine.openssl.failed("dgst -sha256 -passin pass: -sigopt rsa_padding_mode:pkcs1 -sign key message");
    make("rsa2048:rsassa-sha256:null", SIGN);
    dgst(&machine, "sha256", "", "");
    let refused = format!("dgst -sha256 -passin pass: {pss}auto -sign key message");
    machine.openssl.failed(&refused).says("TPM_ALG_RSASSA sha256");
    // A DigestInfo that the program built itself.
    let info = [missing::digest_info::prefix(missing::Digest::Sha256), &[7; 32]].concat();
    machine.openssl.write("info", info);
    pkeyutl(&machine, "info", "-passin pass:", "");
    make("ecc256:ecdsa-sha384", SIGN);
    for digest in DIGESTS {
        dgst(&machine, digest, "", "");
    }
    // Attestation keys: the TPM hashes the message, whatever its length.
    for algorithm in ["ecc256:ecdsa-sha256:null", "rsa2048:rsassa-sha256:null", "rsa2048:rsapss-sha256:null"]
    {
        make(algorithm, &format!("{SIGN}|restricted"));
        let padding = if algorithm.contains("pss") { format!("{pss}auto") } else { String::new() };
        for length in [0, 7, 1024, 5000] {
            machine.openssl.write("message", vec![0x55; length]);
            dgst(&machine, "sha256", &padding, "");
        }
        machine.openssl.failed(&format!("dgst -sha384 -passin pass: {padding} -sign key message"));
        machine.openssl.ok("dgst -sha256 -binary -out digest message");
        machine.openssl.failed("pkeyutl -sign -passin pass: -inkey key -in digest");
    }
}
