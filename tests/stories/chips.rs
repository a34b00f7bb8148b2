//! The same battery of key operations runs on every chip profile of the book. docs/chips.md lists the results.
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

use tests::chips::{BOOK, Chip};
use tests::process::Output;
use tests::raw::Tpm as _;
use tests::{Authority, Options, Proxy, Refusal, ResourceManager, Swtpm, TlsServer, Tool, module};

use crate::machine::Machine;

/// The groups of operations: the columns of the table.
const GROUPS: [&str; 10] =
    ["create", "wrap", "sign", "decrypt", "derive", "TLS", "seal", "policy", "store", "status"];

/// How many chips are tested at the same time.
const AT_ONCE: usize = 4;

const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep";

/// A step of the battery.
struct Step {
    group: &'static str,
    /// The step's name in the page.
    name: &'static str,
    /// The file that an earlier step must have made; empty if none.
    needs: &'static str,
    run: fn(&Bench) -> Result<(), String>,
}

const fn step(
    group: &'static str,
    name: &'static str,
    needs: &'static str,
    run: fn(&Bench) -> Result<(), String>,
) -> Step {
    Step { group, name, needs, run }
}

const BATTERY: &[Step] = &[
    step("create", "create -r", "", |bench| bench.tool("create -r rsa")),
    step("create", "create -s 1024", "", |bench| bench.tool("create -s 1024 short")),
    step("create", "create -e P-256", "", |bench| bench.tool("create -e P-256 ec")),
    step("create", "create -e P-384", "", |bench| bench.tool("create -e P-384 p384")),
    step("wrap", "create -w, RSA-2048", "", |bench| bench.tool("create -w soft-rsa wrapped")),
    step("wrap", "create -w, P-256", "", |bench| bench.tool("create -w soft-ec wrapped-ec")),
    step("sign", "RSA, sha256", "rsa", |bench| bench.signs("rsa", "sha256", "")),
    step("sign", "RSA, sha512", "rsa", |bench| bench.signs("rsa", "sha512", "")),
    step("sign", "RSA, sha3-256", "rsa", |bench| bench.signs("rsa", "sha3-256", "")),
    step("sign", "RSA-PSS, sha256", "wrapped", |bench| {
        bench.signs("wrapped", "sha256", "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest")
    }),
    step("sign", "P-256, sha256", "ec", |bench| bench.signs("ec", "sha256", "")),
    step("sign", "P-384, sha384", "p384", |bench| bench.signs("p384", "sha384", "")),
    step("decrypt", "PKCS#1", "rsa", |bench| bench.decrypts("")),
    step("decrypt", "OAEP, sha1", "rsa", |bench| bench.decrypts(OAEP)),
    step("decrypt", "OAEP, sha256", "rsa", |bench| {
        bench.decrypts(&format!("{OAEP} -pkeyopt rsa_oaep_md:sha256"))
    }),
    step("decrypt", "no padding", "rsa", |bench| bench.decrypts("-pkeyopt rsa_padding_mode:none")),
    step("derive", "ECDH, P-256", "ec", Bench::derives),
    step("TLS", "server, TLS 1.3, RSA", "rsa", |bench| bench.serves("rsa", "-tls1_3")),
    step("TLS", "server, TLS 1.2, RSA", "rsa", |bench| bench.serves("rsa", "-tls1_2")),
    step("TLS", "server, TLS 1.3, P-256", "ec", |bench| bench.serves("ec", "-tls1_3")),
    step("TLS", "client, TLS 1.3, RSA", "rsa", |bench| bench.visits("rsa", "-tls1_3")),
    step("TLS", "client, TLS 1.2, P-256", "ec", |bench| bench.visits("ec", "-tls1_2")),
    step("seal", "seal", "", |bench| said(&bench.machine.tool.pipe("seal sealed", "data"))),
    step("seal", "unseal", "sealed", |bench| bench.tool("unseal sealed")),
    step("policy", "create -x 16", "", |bench| bench.tool("create -r -x 16 locked")),
    step("policy", "RSA, sha256", "locked", |bench| bench.signs("locked", "sha256", "")),
    step("store", "load", "rsa", |bench| bench.tool("load rsa 81000100")),
    step("store", "handle:0x81000100", "rsa", |bench| bench.signs("handle:0x81000100", "sha256", "")),
    step("store", "load, four more", "rsa", |bench| {
        ["81000101", "81000102", "81000103", "81000104"]
            .into_iter()
            .try_for_each(|handle| bench.tool(&format!("load rsa {handle}")))
    }),
    step("status", "status", "", |bench| bench.tool("status")),
];

/// The result of each step; `None` where the file it needs is missing.
type Found = Vec<Option<Result<(), String>>>;

/// A machine with the chip, its keys, and a stock openssl that knows the public halves.
struct Bench {
    machine: Machine,
    trust: String,
    way: (Option<Proxy>, Option<ResourceManager>),
}

impl Bench {
    fn new(tpm: Swtpm, chip: &Chip) -> Self {
        chip.prepare(&tpm);
        // The resource manager makes the context gap; the proxy on the bus makes everything else.
        let (machine, way) = if chip.name.contains("gap") {
            let options = Options { context_gap: 255, refusal: Refusal::Empty };
            let manager = ResourceManager::start(&tpm, options);
            let machine = Machine::managed(tpm, &manager);
            (machine, (None, Some(manager)))
        } else {
            let proxy = Proxy::start(&tpm);
            proxy.become_chip(chip);
            let machine = Machine::reached_by(tpm, &proxy.tcti());
            let tool = Tool::new(machine.openssl.shell(), &proxy.tcti());
            (Machine { tool, ..machine }, (Some(proxy), None))
        };
        let machine = if chip.name == "cut zeros" { machine.set("session", "password") } else { machine };
        let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
        openssl.write("message", b"what is signed");
        stock.ok("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out soft-rsa");
        stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft-ec");
        stock.ok("pkey -in soft-ec -pubout -out soft-ec.pub");
        let authority = Authority::new(openssl, "authority");
        authority.certify("soft-ec.pub", "soft-ec.pem");
        let trust = "-CAfile authority.pem -verify_return_error".to_owned();
        Self { machine, trust, way }
    }

    /// Runs the battery.
    fn run(&self) -> Found {
        let there = |step: &Step| step.needs.is_empty() || self.machine.openssl.file(step.needs).exists();
        BATTERY.iter().map(|step| there(step).then(|| (step.run)(self))).collect()
    }

    fn tool(&self, line: &str) -> Result<(), String> {
        said(&self.machine.tool.run(line))
    }

    fn openssl(&self, line: &str) -> Result<(), String> {
        said(&self.machine.openssl.run(line))
    }

    /// Writes the public half of a key, for the stock openssl.
    fn public(&self, key: &str) -> Result<(), String> {
        self.openssl(&format!("pkey -in {key} -pubout -out public"))
    }

    fn signs(&self, key: &str, digest: &str, options: &str) -> Result<(), String> {
        self.public(key)?;
        self.openssl(&format!("dgst -{digest} {options} -sign {key} -out signature message"))?;
        let verify = format!("dgst -{digest} {options} -verify public -signature signature message");
        said(&self.machine.openssl.without_tpm2().run(&verify))
    }

    fn decrypts(&self, options: &str) -> Result<(), String> {
        self.public("rsa")?;
        let openssl = &self.machine.openssl;
        openssl
            .write("secret", if options.contains("none") { vec![0x11; 256] } else { b"a secret".to_vec() });
        openssl
            .without_tpm2()
            .ok(&format!("pkeyutl -encrypt -pubin -inkey public -in secret -out sealed-secret {options}"));
        self.openssl(&format!("pkeyutl -decrypt -inkey rsa -in sealed-secret -out opened {options}"))?;
        same(&openssl.read("opened"), &openssl.read("secret"))
    }

    fn derives(&self) -> Result<(), String> {
        self.public("ec")?;
        let openssl = &self.machine.openssl;
        self.openssl("pkeyutl -derive -inkey ec -peerkey soft-ec.pub -out ours")?;
        openssl.without_tpm2().ok("pkeyutl -derive -inkey soft-ec -peerkey public -out theirs");
        same(&openssl.read("ours"), &openssl.read("theirs"))
    }

    /// Makes a certificate of the key, and returns the options that use it.
    fn certified(&self, key: &str) -> Result<String, String> {
        self.public(key)?;
        let openssl = self.machine.openssl.without_tpm2();
        let extensions = openssl.write("leaf.ext", "subjectAltName = DNS:localhost\n");
        openssl.ok(&format!(
            "x509 -new -force_pubkey public -subj /CN=localhost -days 2 -CA authority.pem -CAkey authority.key -extfile {} -out {key}.pem",
            extensions.display()
        ));
        Ok(format!("-cert {key}.pem -key {key} {}", self.trust))
    }

    fn serves(&self, key: &str, version: &str) -> Result<(), String> {
        let server = TlsServer::start(&self.machine.openssl, &self.certified(key)?);
        let stock = self.machine.openssl.without_tpm2();
        let met = server.client(&stock, &format!("{version} {}", self.trust));
        let printed = server.printed();
        // The server is killed and no resource manager flushes for it: its keys are still loaded.
        drop(server);
        if self.way.0.is_some() {
            self.machine.tpm.clear();
        }
        if met.success() { Ok(()) } else { Err(message(&printed)) }
    }

    fn visits(&self, key: &str, version: &str) -> Result<(), String> {
        let own = self.certified(key)?;
        let stock = self.machine.openssl.without_tpm2();
        let options = format!("-cert soft-ec.pem -key soft-ec {} -Verify 1", self.trust);
        let server = TlsServer::start(&stock, &options);
        said(&server.client(&self.machine.openssl, &format!("{own} {version}")))
    }
}

fn same(ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err("another result than software has".to_owned()) }
}

/// Success, or the error message of the program.
fn said(output: &Output) -> Result<(), String> {
    if output.success() { Ok(()) } else { Err(message(&output.err())) }
}

/// Returns our message within what a program printed, without the parts that differ between runs.
fn message(printed: &str) -> String {
    let of_provider = printed.lines().find_map(|line| line.split_once(":tpm2:0:").map(|(_, text)| text));
    let of_tool = printed.lines().find_map(|line| line.strip_prefix("tpm2-keytool: "));
    let advice = printed.lines().find_map(|line| line.trim().strip_prefix("hint: "));
    let first = printed.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    let text = of_provider.or(of_tool).unwrap_or(first).to_owned();
    let text = advice.map_or(text.clone(), |advice| format!("{text}; {advice}"));
    let changing = |word: &&str| {
        let digits = word.trim_end_matches('…');
        digits.len() >= 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    text.split(' ').map(|word| if changing(&word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_chip_works_or_says_what_it_lacks() {
    let rows = BOOK.iter().map(|chip| (chip.name, chip.what));
    assert_page(rows, |at| Bench::new(Swtpm::start(), &BOOK[at]));
}

/// The profiles of swtpm 0.10, and how each differs from a TPM without a profile.
const PROFILES: [(&str, &str, &str); 5] = [
    ("default-v1", "has everything that libtpms 0.10 offers", "name=default-v1"),
    (
        "fips-host",
        "has the algorithms that libtpms allows on a host in FIPS mode",
        r#"profile={"Name":"custom","Attributes":"fips-host"}"#,
    ),
    (
        "fips-host, removed",
        "the same, without the algorithms that swtpm removes there",
        "name=custom,remove-disabled=fips-host",
    ),
    (
        "no-unpadded-encryption",
        "refuses raw RSA only",
        r#"profile={"Name":"custom","Attributes":"no-unpadded-encryption"}"#,
    ),
    ("custom", "lacks SHA-1, SHA-512, P-521, RSAES, and RSA keys below 2048 bits", CUSTOM),
];

const CUSTOM: &str = r#"profile={"Name":"custom","Algorithms":"rsa,rsa-min-size=2048,hmac,hmac-min-key-size=1,aes,aes-min-size=128,mgf1,keyedhash,xor,sha256,sha384,null,rsassa,rsapss,oaep,ecdsa,ecdh,kdf1-sp800-56a,kdf2,kdf1-sp800-108,ecc,ecc-min-size=256,ecc-nist-p256,ecc-nist-p384,symcipher,cfb"}"#;

#[test]
fn every_profile_of_swtpm_works_or_says_what_it_lacks() {
    if !Swtpm::has_profiles() {
        // Debian 12 and 13 have a swtpm without profiles; `make matrix` runs this story with swtpm 0.10.
        assert_ne!(std::env::var("TPM2_PROFILES").as_deref(), Ok("required"), "this swtpm knows no profiles");
        assert_page_has(PROFILES.iter().map(|(name, what, _)| (*name, *what)));
        return;
    }
    let rows = PROFILES.iter().map(|(name, what, _)| (*name, *what));
    assert_page(rows, |at| Bench::new(Swtpm::with_profile(PROFILES[at].2), Chip::named("swtpm")));
}

/// Runs the battery on each chip or profile and compares the results with the page.
fn assert_page<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>, bench: impl Fn(usize) -> Bench + Sync) {
    let rows: Vec<_> = rows.collect();
    let results: Vec<Mutex<Found>> = rows.iter().map(|_| Mutex::default()).collect();
    let next = Mutex::new(0..rows.len());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(at) = next.lock().unwrap().next() else { break };
                    let found = bench(at).run();
                    *results[at].lock().unwrap() = found;
                }
            });
        }
    });
    let mut notes = Vec::new();
    let mut table = format!("| chip | {} |\n|---{}|\n", GROUPS.join(" | "), "|---".repeat(GROUPS.len()));
    for ((name, _), found) in rows.iter().zip(&results) {
        let found = found.lock().unwrap();
        let cells = GROUPS.map(|group| cell(group, &found, &mut notes));
        writeln!(table, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
    table += "\n";
    for (at, note) in notes.iter().enumerate() {
        writeln!(table, "{}. {note}", at + 1).unwrap();
    }
    assert!(page().contains(&table), "docs/chips.md has another table than this one:\n{table}");
    assert_page_has(rows.into_iter());
}

fn page() -> String {
    fs::read_to_string(module::workspace().join("docs/chips.md")).expect("docs/chips.md")
}

/// Checks that the page lists every chip: how it differs, and the results of the battery.
fn assert_page_has<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let page = page();
    for (name, what) in rows {
        let row = format!("| {name} | {what} |\n");
        assert!(page.contains(&row), "docs/chips.md lacks this row:\n{row}");
        assert!(page.matches(&format!("| {name} | ")).count() >= 2, "docs/chips.md has no result for {name}");
    }
}

/// The result of a group: `works`, or the number of steps that work and notes on the others.
fn cell(group: &str, found: &[Option<Result<(), String>>], notes: &mut Vec<String>) -> String {
    let steps: Vec<_> = BATTERY.iter().zip(found).filter(|(step, _)| step.group == group).collect();
    let good = steps.iter().filter(|(_, result)| matches!(result, Some(Ok(())))).count();
    if good == steps.len() {
        return "works".to_owned();
    }
    let mut cell = if good == 0 { "–".to_owned() } else { format!("{good} of {}", steps.len()) };
    for (step, result) in steps {
        let Some(Err(text)) = result else { continue };
        let note = format!("{}, {}: {text}", step.group, step.name);
        let at = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
            notes.push(note);
            notes.len() - 1
        });
        write!(cell, " [{}]", at + 1).unwrap();
    }
    cell
}
