//! Keys with policies, used by openssl while other people's tools move the TPM underneath.

use keyfile::KeyFile;
use keyfile::policy::{AuthPolicy, Authorize, Comparison, Condition, CounterTimer, digest};
use keyfile::{AlgId, HashAlg, Signature};
use tests::process::Output;
use tests::raw::{self, Tpm as _};
use tests::{Options, Pty, ResourceManager, Swtpm};

use crate::machine::Machine;

impl Machine {
    /// A script of other people's tools, which must succeed.
    #[track_caller]
    pub(crate) fn others(&self, script: &str) -> Output {
        let shell = self.openssl.shell().beside();
        let shell = ["TPM2TOOLS_TCTI", "TPM2OPENSSL_TCTI"]
            .iter()
            .fold(shell, |shell, name| shell.env(name, self.tpm.tcti()));
        // Of the IBM tools: a plain socket, no framing of a simulator, no secure channel.
        let shell = shell.env("TPM_SERVER_TYPE", "raw").env("TPM_COMMAND_PORT", self.tpm.port().to_string());
        shell.write("script", script);
        shell.ok("sh -e script")
    }

    /// Signs and fails.
    #[track_caller]
    pub(crate) fn refuses(&self, key: &str, options: &str) -> Output {
        self.openssl.write("message", b"what is signed");
        self.openssl.failed(&format!("dgst -sha256 -sign {key} {options} -out refused.sig message"))
    }

    /// Signs with a password, and has a stranger verify it.
    #[track_caller]
    pub(crate) fn signs_with(&self, key: &str, password: &str) {
        self.openssl.write("message", b"what is signed");
        let passin = format!("-passin pass:{password}");
        self.openssl.ok(&format!("dgst -sha256 -sign {key} {passin} -out message.sig message"));
        self.openssl.ok(&format!("pkey -in {key} {passin} -pubout -out {key}.pub"));
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        self.openssl.stranger().ok(&verify).says("Verified OK");
    }

    /// A key with this policy file.
    #[track_caller]
    fn key_with(&self, name: &str, conditions: &[Condition], options: &str) {
        let line = |condition: &Condition| {
            let statement = condition.statement().unwrap();
            format!("{:08x}{}\n", statement.command.0, hex::encode(statement.body))
        };
        self.openssl.write("policy", conditions.iter().map(line).collect::<String>());
        self.key(name, &format!("-c policy {options}"));
    }
}

const EXTEND: &str =
    "tpm2_pcrextend 16:sha256=0123456789012345678901234567890123456789012345678901234567890123";

#[test]
fn bound_to_a_boot_state() {
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
        // Another's tool for the way back.
        machine.others("tsspcrreset -ha 16");
        machine.signs("key");
    }
    machine.tpm.assert_empty();
}

#[test]
fn every_use_of_a_bound_key() {
    let machine = Machine::new();
    machine.key("rsa", "-r -x 16");
    machine.key("ec", "-e P-256 -x 16 -k secret");
    let openssl = &machine.openssl;
    openssl.ok("req -x509 -key rsa -subj /CN=x -days 2 -out crt");
    openssl.stranger().ok("verify -CAfile crt crt");
    openssl.write("plain", b"for the holder of the key");
    for padding in ["pkcs1", "oaep"] {
        let options = format!("-pkeyopt rsa_padding_mode:{padding}");
        openssl
            .stranger()
            .ok(&format!("pkeyutl -encrypt -certin -inkey crt {options} -in plain -out cipher"));
        openssl.ok(&format!("pkeyutl -decrypt -inkey rsa {options} -in cipher -out back"));
        assert_eq!(openssl.read("back"), openssl.read("plain"));
    }
    let stranger = openssl.stranger();
    stranger.ok("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer");
    stranger.ok("pkey -in peer -pubout -out peer.pub");
    openssl.ok("pkey -in ec -passin pass:secret -pubout -out ec.pub");
    openssl.ok("pkeyutl -derive -inkey ec -passin pass:secret -peerkey peer.pub -out ours");
    stranger.ok("pkeyutl -derive -inkey peer -peerkey ec.pub -out theirs");
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

/// Runs a line on a terminal, types the password if there is one, and tells how often it was asked for.
fn asked(machine: &Machine, line: &str, password: Option<&str>) -> (bool, usize) {
    let mut terminal = Pty::start(machine.openssl.command(&format!("openssl {line}")));
    if let Some(password) = password {
        terminal.expect("pass phrase").type_line(password);
    }
    let (success, screen) = terminal.end();
    (success, screen.to_lowercase().matches("pass phrase").count())
}

#[test]
fn a_password_is_asked_for_where_a_statement_wants_one() {
    let machine = Machine::new();
    machine.others("tpm2_changeauth -c e endorsed");
    machine.openssl.write("message", b"what is signed");
    machine.key("own", "-e P-256 -x 16 -k secret");
    machine.key("other", "-e P-256 --secret endorsement");
    machine.key("none", "-e P-256 -x 16 --locality 1");
    for (key, password) in [("own", Some("secret")), ("other", Some("endorsed")), ("none", None)] {
        let line = format!("dgst -sha256 -sign {key} -out message.sig message");
        assert_eq!(asked(&machine, &line, password), (true, usize::from(password.is_some())), "{key}");
    }
    for (key, password) in [("own", "secret"), ("other", "endorsed")] {
        machine.signs_with(key, password);
        machine.refuses(key, "-passin pass:wrong").says("the TPM refused the password");
        machine.refuses(key, "").says("the key needs a password");
    }
    machine.refuses("other", "-passin pass:wrong").says("the password of the endorsement hierarchy is wrong");
    machine.tpm.assert_empty();
}

#[test]
fn the_password_of_something_else_as_it_is_now() {
    let machine = Machine::new();
    machine.others(
        "tpm2_nvdefine -Q 0x1500016 -C o -s 8 -p index -a 'authread|authwrite|no_da'
         tpm2_createprimary -Q -c object.ctx -p object; tpm2_evictcontrol -Q -c object.ctx 0x81000007; tpm2_flushcontext -t",
    );
    for (name, password, change) in
        [("owner", "", "tpm2_changeauth -c o later"), ("01500016", "index", ""), ("81000007", "object", "")]
    {
        for hash in HashAlg::ALL {
            machine.key(
                &format!("{name}.{hash}"),
                &format!("-p endorsement -e P-256 -n {hash} --secret {name}"),
            );
            machine.signs_with(&format!("{name}.{hash}"), password);
        }
        if !change.is_empty() {
            machine.others(change);
            let key = format!("{name}.sha256");
            machine.refuses(&key, &format!("-passin pass:{password}")).says("the owner hierarchy is wrong");
            machine.signs_with(&key, "later");
        }
    }
    machine.others("tpm2_evictcontrol -Q -P later -c 0x81000007");
    machine.refuses("81000007.sha256", "-passin pass:object").says("there is nothing at 0x81000007");
    machine.others("tpm2_createprimary -Q -C e -c other.ctx -p object; tpm2_evictcontrol -Q -P later -c other.ctx 0x81000007; tpm2_flushcontext -t");
    machine.refuses("81000007.sha256", "-passin pass:object").says("there is another object");
    machine.tpm.assert_empty();
}

#[test]
fn from_a_place_and_for_a_time() {
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
    // Only until the next reset.
    let once = CounterTimer { operand: vec![0; 4], offset: 20, operation: Comparison::Equal };
    machine.key_with("boot", &[Condition::CounterTimer(once), Condition::AuthValue], "-e P-256 -k secret");
    machine.signs_with("boot", "secret");
    machine.tpm.assert_empty();
}

#[test]
fn what_else_stands_in_a_policy_file() {
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
    // PolicyPassword puts the password on the bus, so it runs as PolicyAuthValue, which has the same digest.
    machine.key_with("password", &[Condition::AuthValue], "-e P-256 -k secret");
    let mut file = KeyFile::parse(&machine.openssl.read("password")).unwrap();
    file.policy.as_mut().unwrap()[0].command = keyfile::CommandCode::POLICY_PASSWORD;
    machine.openssl.write("password", file.to_file().unwrap());
    machine.signs_with("password", "secret");
    machine.refuses("password", "-passin pass:wrong").says("the TPM refused the password");
    // The order of a PCR's parameters, as some tools write it.
    machine.key("pcr", "-e P-256 -n sha384 -x 16");
    let mut file = KeyFile::parse(&machine.openssl.read("pcr")).unwrap();
    let body = &mut file.policy.as_mut().unwrap()[0].body;
    let (selection, value) = body.split_at(body.len() - 48);
    *body = [&[0, 48], value, selection].concat();
    machine.openssl.write("pcr", file.to_file().unwrap());
    machine.signs("pcr");
    // A statement that a file cannot run is named.
    let mut file = KeyFile::parse(&machine.openssl.read("pcr")).unwrap();
    file.policy.as_mut().unwrap()[0].command = keyfile::CommandCode::POLICY_NV;
    machine.openssl.write("nv", file.to_file().unwrap());
    machine.refuses("nv", "").says("statement 1 of the policy (TPM2_PolicyNV)");
    // Somebody took a statement out.
    let mut file = KeyFile::parse(&machine.openssl.read("sign")).unwrap();
    file.policy.as_mut().unwrap().pop();
    machine.openssl.write("changed", file.to_file().unwrap());
    machine.refuses("changed", "").says("do not lead to the policy of the key");
    machine.tpm.assert_empty();
}

/// Puts a policy that stock openssl signs in front of a key's signed policies.
fn approve(machine: &Machine, key: &str, signer: &str, name: &str, conditions: &[Condition]) {
    let mut file = KeyFile::parse(&machine.openssl.read(key)).unwrap();
    let Ok(Condition::Authorize(place)) = file.policy.as_ref().unwrap()[0].condition() else {
        panic!("no place for a signed policy")
    };
    let mut statements: Vec<_> = conditions.iter().map(|condition| condition.statement().unwrap()).collect();
    let approved = digest(&statements, file.public.name_alg).unwrap();
    machine.openssl.write("approved", [approved.as_slice(), &place.policy_ref].concat());
    machine.openssl.stranger().ok(&format!("dgst -sha256 -sign {signer} -out approved.sig approved"));
    let octets = machine.openssl.read("approved.sig");
    let signature = Signature::Rsa { scheme: AlgId::RSASSA, hash: HashAlg::Sha256, octets };
    let authorize = Authorize { signature, ..*place };
    statements.push(Condition::Authorize(Box::new(authorize)).statement().unwrap());
    file.auth_policies.insert(0, AuthPolicy { name: Some(name.into()), statements });
    machine.openssl.write(key, file.to_file().unwrap());
}

/// What a PCR lock of now demands.
fn now(machine: &Machine, spec: &str) -> Condition {
    machine.key("lock", &format!("-e P-256 -x {spec}"));
    KeyFile::parse(&machine.openssl.read("lock")).unwrap().policy.unwrap()[0].condition().unwrap()
}

#[test]
fn whatever_a_signer_allows_later() {
    let machine = Machine::new();
    let stranger = machine.openssl.stranger();
    for signer in ["signer", "other"] {
        stranger.ok(&format!("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {signer}"));
        stranger.ok(&format!("pkey -in {signer} -pubout -out {signer}.public"));
    }
    machine.key("key", "-e P-256 -k secret --signed-policy signer.public");
    let sign = "-passin pass:secret";
    machine.refuses("key", sign).says("no policy was signed for the key yet");
    approve(&machine, "key", "signer", "before", &[now(&machine, "16"), Condition::Locality(1)]);
    machine.signs_with("key", "secret");
    machine.others(EXTEND);
    machine.refuses("key", sign).says("signed policy 1 (\"before\")").says("PCR 16 (sha256) has changed");
    approve(&machine, "key", "signer", "after", &[now(&machine, "16")]);
    machine.signs_with("key", "secret");
    machine.refuses("key", "-passin pass:wrong").says("the TPM refused the password");
    machine.refuses("key", "").says("the key needs a password");
    // The older one is good again, though the newer is tried first.
    machine.others("tpm2_pcrreset 16");
    machine.signs_with("key", "secret");
    machine.others(EXTEND);
    machine.others(EXTEND);
    let refused = machine.refuses("key", sign).says("none of 2 signed policies passes");
    refused.says("signed policy 1 (\"after\")").says("signed policy 2 (\"before\")");
    // A stranger's signature, and a policy that was signed for another key.
    approve(&machine, "key", "other", "forged", &[Condition::Locality(1)]);
    machine
        .refuses("key", sign)
        .says("signed policy 1 (\"forged\")")
        .says("the signature of the policy is wrong");
    machine.key("another", "-e P-256 -k secret --signed-policy signer.public");
    approve(&machine, "another", "signer", "any", &[Condition::Locality(1)]);
    machine.signs_with("another", "secret");
    let another = KeyFile::parse(&machine.openssl.read("another")).unwrap();
    let mut file = KeyFile::parse(&machine.openssl.read("key")).unwrap();
    file.auth_policies = another.auth_policies;
    machine.openssl.write("key", file.to_file().unwrap());
    machine.refuses("key", sign).says("do not lead to the policy of the key");
    machine.tpm.assert_empty();
}

#[test]
fn a_policy_that_fails_leaves_nothing_behind() {
    let swtpm = Swtpm::start();
    let manager = ResourceManager::start(&swtpm, Options::default());
    for machine in [Machine::new(), Machine::managed(swtpm, &manager)] {
        machine.key("key", "-e P-256 -x 16 -k secret");
        let mut signer = machine.signer();
        signer.ok("load a key secret");
        signer.ok("sign a 3");
        machine
            .tpm
            .raw(raw::PCR_EXTEND, &[16], &[b""], &[&[0, 0, 0, 1, 0, 0x0b][..], &[1; 32]].concat())
            .ok();
        let handles = || {
            let tpm = &machine.tpm;
            (tpm.transient().len(), tpm.loaded_sessions().len(), tpm.saved_sessions().len())
        };
        let mut before = None;
        for _ in 0..10 {
            let answer = signer.ask("sign a");
            assert!(answer.contains("PCR 16 (sha256) has changed"), "{answer}");
            assert_eq!(*before.get_or_insert_with(handles), handles());
        }
        machine.others("tpm2_pcrreset 16");
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
    assert!(manager.refused().is_empty());
}

#[test]
fn many_threads_and_children_with_one_bound_key() {
    for options in ["-e P-256 -x 16", "-e P-256 -x 16 -k secret"] {
        let machine = Machine::new();
        machine.key("key", options);
        machine.key("other", "-e P-256 -n sha384 --locality 1");
        let mut signer = machine.signer();
        signer.ok(if options.contains("-k") { "load a key secret" } else { "load a key" });
        signer.ok("load b other");
        signer.ok("threads 4 5 a b");
        // Two processes and one TPM without a manager: places for both.
        signer.ok("free b");
        signer.ok("forks 1 4 a");
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}
