//! The transport certificate of a cloud agent: a host seals a secret to it, and only the agent's TPM opens it.
use crate::machine::Machine;

const SECRET: &[u8] = b"the password of the database\n";
const OPEN: &str =
    "cms -decrypt -inform PEM -in sealed -recip transport.pem -inkey transport.key -out opened";

#[test]
fn what_a_host_seals_to_the_certificate_is_opened_by_that_tpm_only() {
    for options in ["-r", "-e P-256"] {
        let agent = Machine::new();
        agent.key("transport.key", options);
        agent.openssl.ok("req -x509 -key transport.key -subj /CN=agent -days 3650 -out transport.pem");

        let host = agent.openssl.stranger();
        host.write("secret", SECRET);
        host.ok("cms -encrypt -binary -aes-256-cbc -in secret -outform PEM -out sealed transport.pem");

        agent.openssl.ok(OPEN);
        assert_eq!(agent.openssl.read("opened"), SECRET, "{options}");

        // A thief copies every file, to a machine with another TPM.
        let thief = Machine::new();
        for file in ["transport.key", "transport.pem", "sealed"] {
            thief.openssl.write(file, agent.openssl.read(file));
        }
        // Against RSA oracles OpenSSL goes on with a random key, whose padding is right by chance in one of 256 cases.
        let _ = thief.openssl.run(OPEN);
        assert_ne!(thief.openssl.text("opened").as_bytes(), SECRET, "{options}");
        // It says why if it is asked.
        thief.openssl.failed(&format!("{OPEN} -debug_decrypt")).says("TPM_RC_INTEGRITY");
        assert_ne!(thief.openssl.text("opened").as_bytes(), SECRET, "{options}");
    }
}
