//! Fixtures of the key tool stories: a TPM, a folder, the key tool under all of its names, and other tools.

use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use keyfile::KeyFile;
use keyfile::wire::{Marshal, Writer};
use tests::process::{LIMIT, Output, Process};
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy, Shell, Swtpm, module};

/// A TPM, a folder and the key tool in it.
pub(crate) struct Desk {
    pub(crate) tpm: Swtpm,
    pub(crate) shell: Shell,
}

impl Desk {
    /// Starts a new TPM and makes an empty folder.
    pub(crate) fn new() -> Self {
        let tpm = Swtpm::start();
        let tcti = tpm.tcti();
        Self::by(tpm, &tcti)
    }

    /// Starts a TPM as a maker delivers it.
    #[track_caller]
    pub(crate) fn from_factory() -> Self {
        let mut desk = Self::new();
        desk.deliver();
        desk
    }

    /// Starts a new TPM behind a proxy, and makes an empty folder.
    pub(crate) fn behind_proxy() -> (Self, Proxy) {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        (Self::by(tpm, &proxy.swtpm_tcti()), proxy)
    }

    /// Returns a desk that reaches this TPM in another way, such as through a resource manager.
    pub(crate) fn by(tpm: Swtpm, tcti: &str) -> Self {
        let mut shell = Shell::new("keytool").env("OPENSSL_CONF", "/dev/null");
        for name in ["TPM2_TCTI", "TPM2TOOLS_TCTI", "TPM2OPENSSL_TCTI"] {
            shell = shell.env(name, tcti);
        }
        Self { tpm, shell }
    }

    /// Returns the command for a line that begins with `tpm2-keytool` or with one of its drop-in names.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.shell.command(&full(line))
    }

    /// Runs such a line and waits for its end.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.pipe(line, "")
    }

    /// Runs such a line with this input on stdin.
    pub(crate) fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        self.shell.pipe(&full(line), input)
    }

    /// Runs a line with `input` on stdin and sends it a signal while the TPM behind the proxy executes `command`. The tool must end by
    /// that signal, report it in one line, and leave nothing behind.
    #[track_caller]
    pub(crate) fn interrupt(&self, proxy: &Proxy, command: u32, signal: i32, line: &str, input: &[u8]) {
        let (arrived, arrival) = mpsc::channel();
        let (answer, may_answer) = mpsc::channel::<()>();
        let mut first = true;
        proxy.on_command(move |sent| {
            if raw::code(sent) == command && std::mem::take(&mut first) {
                let _ = arrived.send(());
                let _ = may_answer.recv_timeout(LIMIT);
            }
            Fate::Pass
        });
        let file = |name: &str| std::fs::File::create(self.shell.file(name)).unwrap();
        self.shell.write("input", input);
        let mut tool = self.command(line);
        tool.stdin(std::fs::File::open(self.shell.file("input")).unwrap());
        tool.stdout(file("output")).stderr(file("errors"));
        let mut process = Process::spawn(tool);
        arrival.recv_timeout(LIMIT).expect("the command");
        process.signal(signal);
        // The TPM responds only after the tool has handled the signal.
        self.await_report(&mut process, "stopping");
        let _ = answer.send(());
        let status = Some(process.wait(LIMIT));
        proxy.remove_rules();
        let [stdout, stderr] = ["output", "errors"].map(|name| self.shell.read(name));
        let output = Output { line: line.to_owned(), stdout, stderr, status };
        assert_eq!(output.code(), Some(128 + signal), "{output}");
        assert!(output.err().ends_with("tpm2-keytool: interrupted; nothing was written\n"), "{output}");
        assert!(output.stdout.is_empty() && self.tpm.persistent().is_empty(), "{output}");
        self.assert_tidy();
    }

    /// Waits until a running tool, whose stderr is the file `errors`, has reported this text.
    #[track_caller]
    pub(crate) fn await_report(&self, tool: &mut Process, text: &str) {
        let start = Instant::now();
        while !self.shell.text("errors").contains(text) {
            let ended = tool.ended();
            assert!(
                ended.is_none() && start.elapsed() < LIMIT,
                "it did not report {text:?} ({ended:?}): {}",
                self.shell.text("errors")
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Makes the TPM anew as a maker delivers it, with `swtpm_setup`: persistent endorsement keys (RSA-2048 of the low range, P-384 of the high
    /// range), and their certificates in NV indexes and in `ek-rsa2048.crt` and `ek-secp384r1.crt`. The authority is `issuer.pem`, below the
    /// root `swtpm-localca-rootca-cert.pem`.
    #[track_caller]
    pub(crate) fn deliver(&mut self) {
        self.tpm.stop();
        let folder = self.shell.folder().display().to_string();
        let authority =
            ["statedir = ", "signingkey = sign.key", "issuercert = issuer.pem", "certserial = serial"];
        let authority = authority.map(|line| line.replace("= ", &format!("= {folder}/")));
        self.shell.write("authority.conf", authority.join("\n"));
        self.shell.write("options", "");
        self.shell.write(
            "setup.conf",
            format!(
                "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = {folder}/authority.conf\n\
                 create_certs_tool_options = {folder}/options\nactive_pcr_banks = sha256\n"
            ),
        );
        let state = self.tpm.scratch().path().display();
        self.shell.ok(&format!(
            "swtpm_setup --tpm2 --tpmstate {state} --overwrite --create-ek-cert --config setup.conf --write-ek-cert-files ."
        ));
        std::fs::remove_file(self.shell.file(".lock.swtpm-localca")).unwrap();
        self.tpm.restart();
    }

    /// Runs a script of other tools, which must succeed.
    #[track_caller]
    pub(crate) fn others(&self, script: &str) -> Output {
        self.shell.write("script", script);
        self.shell.ok("sh -e script")
    }

    /// Reads a key file that the tool wrote.
    #[track_caller]
    pub(crate) fn key(&self, name: &str) -> KeyFile {
        KeyFile::parse(&self.shell.read(name)).unwrap()
    }

    /// Writes a key file in the form of tpm2-tools: NAME.pub and NAME.priv.
    #[track_caller]
    pub(crate) fn halves(&self, name: &str) {
        let key = self.key(name);
        let (mut public, mut private) = (Writer::new(), Writer::new());
        public.sized_with(|w| key.public.marshal(w));
        private.sized(&key.private);
        self.shell.write(format!("{name}.pub"), public.finish().unwrap());
        self.shell.write(format!("{name}.priv"), private.finish().unwrap());
    }

    /// Imports an importable key file with tpm2-tools, makes it persistent, and loads it as key.ctx.
    #[track_caller]
    pub(crate) fn import(&self, name: &str, parent: &str) {
        let key = self.key(name);
        self.halves(name);
        let mut seed = Writer::new();
        seed.sized(key.secret.as_ref().expect("an importable key"));
        self.shell.write(format!("{name}.seed"), seed.finish().unwrap());
        self.others(&format!(
            "tpm2_import -Q -C {parent} -u {name}.pub -i {name}.priv -s {name}.seed -r {name}.imported
             tpm2_load -Q -C {parent} -u {name}.pub -r {name}.imported -c key.ctx; tpm2_flushcontext -t"
        ));
    }

    /// Loads a key file with tpm2-tools as key.ctx, under `parent`: a persistent handle, or the letter of a hierarchy, followed by
    /// `-G rsa2048` for the RSA storage key.
    #[track_caller]
    pub(crate) fn load(&self, name: &str, parent: &str) {
        self.halves(name);
        let attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt";
        let (primary, parent) = if parent.starts_with("0x") {
            ("true".to_owned(), parent)
        } else {
            let kind = if parent.contains("-G") { "" } else { " -G ecc256" };
            let line =
                format!("tpm2_createprimary -Q -C {parent}{kind}:aes128cfb -c primary.ctx -a '{attributes}'");
            (line, "primary.ctx")
        };
        self.others(&format!(
            "{primary}; tpm2_flushcontext -t
             tpm2_load -Q -C {parent} -u {name}.pub -r {name}.priv -c key.ctx; tpm2_flushcontext -t"
        ));
    }

    /// Signs with key.ctx and tpm2-tools; `options` holds the password.
    pub(crate) fn sign(&self, options: &str) -> Output {
        self.shell.write("data", "hello\n");
        let signed = self
            .shell
            .run(&format!("tpm2_sign -Q -c key.ctx -g sha256 -f plain -o signature {options} data"));
        self.others("tpm2_flushcontext -t");
        signed
    }

    /// Verifies the signature that `sign` left, in software, with the public half of a key file.
    #[track_caller]
    pub(crate) fn verify(&self, public: &str) {
        self.shell.ok(&format!("openssl dgst -sha256 -verify {public} -signature signature data"));
    }

    /// Checks that the tool left nothing behind: no handle in the TPM, no temporary file.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        self.tpm.assert_empty();
        let all = std::fs::read_dir(self.shell.folder()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = all.filter(|name| name.to_string_lossy().starts_with('.')).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// Checks that there is no such file.
    #[track_caller]
    pub(crate) fn assert_absent(&self, name: &str) {
        assert!(!self.shell.file(name).exists(), "{name} was written");
    }
}

/// Replaces the program's name at the start of a line by its path.
pub(crate) fn full(line: &str) -> String {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    format!("{} {rest}", module::keytool().with_file_name(name).display())
}
