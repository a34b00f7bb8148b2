//! The transport certificate of a cloud agent: a host encrypts a secret to it, and only the agent's TPM decrypts it.
use crate::machine::Machine;

const SECRET: &[u8] = b"the password of the database\n";
const OPEN: &str =
    "cms -decrypt -inform PEM -in sealed -recip transport.pem -inkey transport.key -out opened";

#[test]
fn a_message_to_the_certificate_is_decrypted_by_that_tpm_only() {
    for options in ["-r", "-e P-256"] {
        let agent = Machine::new();
        agent.key("transport.key", options);
        agent.openssl.ok("req -x509 -key transport.key -subj /CN=agent -days 3650 -out transport.pem");

        let host = agent.openssl.without_tpm2();
        host.write("secret", SECRET);
        host.ok("cms -encrypt -binary -aes-256-cbc -in secret -outform PEM -out sealed transport.pem");

        agent.openssl.ok(OPEN);
        assert_eq!(agent.openssl.read("opened"), SECRET, "{options}");

        // An attacker copies every file to a machine with another TPM.
        let attacker = Machine::new();
        for file in ["transport.key", "transport.pem", "sealed"] {
            attacker.openssl.write(file, agent.openssl.read(file));
        }
        // As a protection against RSA oracles OpenSSL continues with a random key, whose padding is right by chance in one of 256 cases.
        let _ = attacker.openssl.run(OPEN);
        assert_ne!(attacker.openssl.text("opened").as_bytes(), SECRET, "{options}");
        // With this option OpenSSL shows the error.
        attacker.openssl.failed(&format!("{OPEN} -debug_decrypt")).says("TPM_RC_INTEGRITY");
        assert_ne!(attacker.openssl.text("opened").as_bytes(), SECRET, "{options}");
    }
}
