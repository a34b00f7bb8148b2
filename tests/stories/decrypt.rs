//! Decryption and derivation with keys in the TPM; the other side is an openssl that has never heard of tpm2.
use crate::machine::Machine;

const SECRET: &[u8] = b"a secret of no great length";

fn machine(options: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key", options);
    machine.openssl.ok("pkey -in key -pubout -out key.pub");
    machine.openssl.write("secret", SECRET);
    machine
}

#[test]
fn what_a_stranger_encrypts_to_an_rsa_key_is_decrypted() {
    let machine = machine("-r");
    let oaep = "-pkeyopt rsa_padding_mode:oaep";
    for options in [
        String::new(),
        oaep.to_owned(),
        format!("{oaep} -pkeyopt rsa_oaep_md:sha256"),
        format!("{oaep} -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha1"),
        format!("{oaep} -pkeyopt rsa_oaep_md:sha3-256 -pkeyopt rsa_oaep_label:6c6162656c"),
    ] {
        let encrypt = format!("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed {options}");
        machine.openssl.stranger().ok(&encrypt);
        machine.openssl.ok(&format!("pkeyutl -decrypt -inkey key -in sealed -out opened {options}"));
        assert_eq!(machine.openssl.read("opened"), SECRET, "{options}");
        // Our own software encrypts as well.
        machine.openssl.ok(&format!("pkeyutl -encrypt -inkey key -in secret -out sealed {options}"));
        machine.openssl.ok(&format!("pkeyutl -decrypt -inkey key -in sealed -out opened {options}"));
        assert_eq!(machine.openssl.read("opened"), SECRET, "{options}");
    }
    machine.openssl.ok("rsautl -decrypt -raw -inkey key -in sealed -out block");
    assert_eq!(machine.openssl.read("block").len(), 256);
}

#[test]
fn a_damaged_message_gives_the_same_octets_in_two_processes_or_one_error() {
    let machine = machine("-r");
    let mut damaged = vec![0x22; 256];
    damaged[0] = 0;
    machine.openssl.write("damaged", &damaged);
    machine.openssl.ok("pkeyutl -decrypt -inkey key -in damaged -out first");
    machine.openssl.ok("pkeyutl -decrypt -inkey key -in damaged -out second");
    assert_eq!(machine.openssl.read("first"), machine.openssl.read("second"));
    let oaep = "pkeyutl -decrypt -inkey key -in damaged -pkeyopt rsa_padding_mode:oaep";
    machine.openssl.failed(oaep).says("cannot be decrypted");
    machine.openssl.write("high", [0xff; 256]);
    machine.openssl.failed("pkeyutl -decrypt -inkey key -in high").says("modulus");
}

#[test]
fn cms_opens_what_was_enveloped_for_rsa_and_ec_keys() {
    for options in ["-r", "-e P-256", "-e P-384"] {
        let machine = machine(options);
        machine.openssl.ok("req -x509 -key key -subj /CN=agent -out cert.pem");
        let mut recipients = vec!["-recip cert.pem"];
        if options == "-r" {
            recipients.push("-recip cert.pem -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256");
        } else {
            recipients.push("-recip cert.pem -keyopt ecdh_kdf_md:sha384");
        }
        for recipient in recipients {
            let seal =
                format!("cms -encrypt -binary -aes256 -in secret -outform PEM -out sealed.cms {recipient}");
            machine.openssl.stranger().ok(&seal);
            machine
                .openssl
                .ok("cms -decrypt -inform PEM -in sealed.cms -recip cert.pem -inkey key -out opened");
            assert_eq!(machine.openssl.read("opened"), SECRET, "{options} {recipient}");
        }
    }
}

#[test]
fn a_shared_secret_is_the_same_on_both_sides() {
    for curve in ["P-256", "P-384", "P-521"] {
        let machine = machine(&format!("-e {curve}"));
        let stranger = machine.openssl.stranger();
        stranger.ok(&format!("genpkey -algorithm EC -pkeyopt group:{curve} -out peer"));
        stranger.ok("pkey -in peer -pubout -out peer.pub");
        for kdf in ["", "-pkeyopt ecdh_kdf_md:sha256 -pkeyopt ecdh_cofactor_mode:0"] {
            machine.openssl.ok(&format!("pkeyutl -derive -inkey key -peerkey peer.pub -out ours {kdf}"));
            stranger.ok(&format!("pkeyutl -derive -inkey peer -peerkey key.pub -out theirs {kdf}"));
            assert_eq!(machine.openssl.read("ours"), machine.openssl.read("theirs"), "{curve} {kdf}");
        }
        let other = if curve == "P-256" { "P-384" } else { "P-256" };
        stranger.ok(&format!("genpkey -algorithm EC -pkeyopt group:{other} -out other"));
        stranger.ok("pkey -in other -pubout -out other.pub");
        machine.openssl.failed("pkeyutl -derive -inkey key -peerkey other.pub -out ours");
    }
}

#[test]
fn a_tpm_that_is_used_without_sessions_decrypts_and_derives_too() {
    let machine = machine("-r").set("session", "password");
    machine.openssl.stranger().ok("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed");
    machine.openssl.ok("pkeyutl -decrypt -inkey key -in sealed -out opened");
    assert_eq!(machine.openssl.read("opened"), SECRET);

    machine.key("ec", "-e P-256");
    machine.openssl.ok("pkey -in ec -pubout -out ec.pub");
    let stranger = machine.openssl.stranger();
    stranger.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out peer");
    stranger.ok("pkey -in peer -pubout -out peer.pub");
    machine.openssl.ok("pkeyutl -derive -inkey ec -peerkey peer.pub -out ours");
    stranger.ok("pkeyutl -derive -inkey peer -peerkey ec.pub -out theirs");
    assert_eq!(machine.openssl.read("ours"), machine.openssl.read("theirs"));
}
