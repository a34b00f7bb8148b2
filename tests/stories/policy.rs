//! openssl uses keys with policies while other tools change the state of the TPM.

use keyfile::KeyFile;
use keyfile::policy::{Comparison, Condition, CounterTimer};
use tests::peers;
use tests::process::Output;
use tests::raw::Tpm as _;

use crate::machine::Machine;

impl Machine {
    /// Runs a script of other tools, which must succeed.
    #[track_caller]
    pub(crate) fn others(&self, script: &str) -> Output {
        let shell = peers::tpm2_tools(self.openssl.shell(), &self.tpm.tcti());
        shell.write("script", script);
        shell.ok("sh -e script")
    }

    /// Tries to sign, which must fail.
    #[track_caller]
    pub(crate) fn refuses(&self, key: &str, options: &str) -> Output {
        self.openssl.write("message", b"what is signed");
        self.openssl.failed(&format!("dgst -sha256 -sign {key} {options} -out refused.sig message"))
    }

    /// Signs with a password, and verifies with a stock openssl.
    #[track_caller]
    pub(crate) fn signs_with(&self, key: &str, password: &str) {
        self.openssl.write("message", b"what is signed");
        let passin = format!("-passin pass:{password}");
        self.openssl.ok(&format!("dgst -sha256 -sign {key} {passin} -out message.sig message"));
        self.openssl.ok(&format!("pkey -in {key} {passin} -pubout -out {key}.pub"));
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        self.openssl.without_tpm2().ok(&verify).says("Verified OK");
    }

    /// Makes a key with these conditions as its policy file.
    #[track_caller]
    pub(crate) fn key_with(&self, name: &str, conditions: &[Condition], options: &str) {
        let line = |condition: &Condition| {
            let statement = condition.statement().unwrap();
            format!("{:08x}{}\n", statement.command.0, hex::encode(statement.body))
        };
        self.openssl.write("policy", conditions.iter().map(line).collect::<String>());
        self.key(name, &format!("-c policy {options}"));
    }
}

/// Extends PCR 16.
pub(crate) const EXTEND: &str =
    "tpm2_pcrextend 16:sha256=0123456789012345678901234567890123456789012345678901234567890123";

#[test]
fn a_key_bound_to_pcrs_signs_while_they_match() {
    const ALL: &str = "sha1:0-23+sha256:0-23+sha384:0-23+sha512:0-23";
    let machine = Machine::new();
    for (options, spec) in [
        ("-r", "sha256:16"),
        ("-r", ALL),
        ("-e P-256 -n sha1", ALL),
        ("-e P-384 -n sha384", "sha256:16"),
        ("-e P-256 -n sha512", ALL),
    ] {
        machine.key("key", &format!("{options} -x {spec}"));
        machine.signs("key");
        machine.others(EXTEND);
        let refused = machine.refuses("key", "").says("the policy of the key is not satisfied");
        let refused = refused.says("statement 1 of the policy (TPM2_PolicyPCR)");
        match spec {
            ALL => refused.says("one of PCRs 0, 1,").says("(sha512) has changed"),
            _ => refused.says("PCR 16 (sha256) has changed"),
        };
        machine.others("tpm2_pcrreset 16");
        machine.signs("key");
    }
    machine.tpm.assert_empty();
}

#[test]
fn every_operation_works_with_a_bound_key() {
    let machine = Machine::new();
    machine.key("rsa", "-r -x 16");
    machine.key("ec", "-e P-256 -x 16 -k secret");
    let openssl = &machine.openssl;
    openssl.ok("req -x509 -key rsa -subj /CN=x -days 2 -out crt");
    openssl.without_tpm2().ok("verify -CAfile crt crt");
    openssl.write("plain", b"for the holder of the key");
    for padding in ["pkcs1", "oaep"] {
        let options = format!("-pkeyopt rsa_padding_mode:{padding}");
        openssl
            .without_tpm2()
            .ok(&format!("pkeyutl -encrypt -certin -inkey crt {options} -in plain -out cipher"));
        openssl.ok(&format!("pkeyutl -decrypt -inkey rsa {options} -in cipher -out back"));
        assert_eq!(openssl.read("back"), openssl.read("plain"));
    }
    let stock = openssl.without_tpm2();
    stock.ok("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer");
    stock.ok("pkey -in peer -pubout -out peer.pub");
    openssl.ok("pkey -in ec -passin pass:secret -pubout -out ec.pub");
    openssl.ok("pkeyutl -derive -inkey ec -passin pass:secret -peerkey peer.pub -out ours");
    stock.ok("pkeyutl -derive -inkey peer -peerkey ec.pub -out theirs");
    assert_eq!(openssl.read("ours"), openssl.read("theirs"));
    machine.others(EXTEND);
    for line in [
        "pkeyutl -decrypt -inkey rsa -in cipher",
        "pkeyutl -derive -inkey ec -passin pass:secret -peerkey peer.pub",
    ] {
        openssl.failed(line).says("PCR 16 (sha256) has changed");
    }
    machine.tpm.assert_empty();
}

#[test]
fn a_key_bound_to_a_locality_or_a_time_signs_only_then() {
    let machine = Machine::new();
    machine.key("zero", "-e P-256 --locality 1");
    machine.signs("zero");
    machine.key("three", "-e P-256 --locality 8");
    machine.refuses("three", "").says("statement 1 of the policy (TPM2_PolicyLocality)").says("locality 3");
    // Until an hour from now, by the TPM's clock.
    let clock = machine.others("tpm2_readclock").out();
    let clock: u64 =
        clock.lines().find_map(|line| line.trim().strip_prefix("clock: ")?.parse().ok()).unwrap();
    let until = CounterTimer {
        operand: (clock + 3_600_000).to_be_bytes().to_vec(),
        offset: 8,
        operation: Comparison::AtMost,
    };
    machine.key_with("today", &[Condition::CounterTimer(until)], "-e P-256 -n sha384");
    machine.signs("today");
    machine.others(&format!("tpm2_setclock {}", clock + 7_200_000));
    let text = format!("the TPM's clock at offset 8 is not <= {}", clock + 3_600_000);
    machine.refuses("today", "").says(&text);
    // Only until the next reset: TPMS_TIME_INFO counts resets, and the restarts between two of them.
    let counted = |name: &str| {
        let clock = machine.others("tpm2_readclock").out();
        clock.lines().find_map(|line| line.trim().strip_prefix(name)?.parse::<u32>().ok()).unwrap()
    };
    let resets = counted("reset_count: ");
    let same = |count: u32, offset| {
        let operation = Comparison::Equal;
        Condition::CounterTimer(CounterTimer { operand: count.to_be_bytes().to_vec(), offset, operation })
    };
    let boot = [same(resets, 16), same(counted("restart_count: "), 20), Condition::AuthValue];
    machine.key_with("boot", &boot, "-e P-256 -k secret");
    machine.signs_with("boot", "secret");
    machine.tpm.reset_and_startup();
    let refused = machine.refuses("boot", "-passin pass:secret");
    refused.says("statement 1 of the policy (TPM2_PolicyCounterTimer)").says("offset 16");
    // A key bound to the current boot signs: it was the reset that stopped the first key.
    machine.key_with("next", &[same(resets + 1, 16)], "-e P-256");
    machine.signs("next");
    machine.tpm.assert_empty();
}

#[test]
fn other_statements_of_a_policy_file_are_run_or_named() {
    let machine = Machine::new();
    machine.key_with(
        "sign",
        &[Condition::Command(keyfile::CommandCode::SIGN), Condition::Locality(1)],
        "-e P-256",
    );
    machine.signs("sign");
    machine.key_with(
        "unseal",
        &[Condition::Locality(1), Condition::Command(keyfile::CommandCode::UNSEAL)],
        "-e P-256",
    );
    machine
        .refuses("unseal", "")
        .says("statement 2 of the policy (TPM2_PolicyCommandCode)")
        .says("TPM2_Unseal");
    machine.key_with("presence", &[Condition::PhysicalPresence], "-e P-256");
    machine.refuses("presence", "").says("physical presence");
    // PolicyPassword sends the password in the clear, so it runs as PolicyAuthValue, which has the same digest.
    machine.key_with("password", &[Condition::AuthValue], "-e P-256 -k secret");
    let mut file = KeyFile::parse(&machine.openssl.read("password")).unwrap();
    file.policy.as_mut().unwrap()[0].command = keyfile::CommandCode::POLICY_PASSWORD;
    machine.openssl.write("password", file.to_file().unwrap());
    machine.signs_with("password", "secret");
    machine.refuses("password", "-passin pass:wrong").says("the TPM refused the password");
    // The parameters of PolicyPCR in the order of some other tools.
    machine.key("pcr", "-e P-256 -n sha384 -x 16");
    let mut file = KeyFile::parse(&machine.openssl.read("pcr")).unwrap();
    let body = &mut file.policy.as_mut().unwrap()[0].body;
    let (selection, value) = body.split_at(body.len() - 48);
    *body = [&[0, 48], value, selection].concat();
    machine.openssl.write("pcr", file.to_file().unwrap());
    machine.signs("pcr");
    // A statement that cannot be run from a file is named.
    let mut file = KeyFile::parse(&machine.openssl.read("pcr")).unwrap();
    file.policy.as_mut().unwrap()[0].command = keyfile::CommandCode::POLICY_NV;
    machine.openssl.write("nv", file.to_file().unwrap());
    machine.refuses("nv", "").says("statement 1 of the policy (TPM2_PolicyNV)");
    // A statement was removed from the file.
    let mut file = KeyFile::parse(&machine.openssl.read("sign")).unwrap();
    file.policy.as_mut().unwrap().pop();
    machine.openssl.write("changed", file.to_file().unwrap());
    machine.refuses("changed", "").says("do not lead to the policy of the key");
    machine.tpm.assert_empty();
}
