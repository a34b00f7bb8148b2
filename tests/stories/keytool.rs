//! What the stories about the key tool share: a TPM, a folder, our tool under its names, and other people's tools.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use keyfile::KeyFile;
use keyfile::wire::{Marshal, Writer};
use tests::process::{LIMIT, Output, Process};
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy, Shell, Swtpm, module};

/// A desk to work at.
pub(crate) struct Desk {
    pub(crate) tpm: Swtpm,
    pub(crate) shell: Shell,
}

impl Desk {
    /// A new TPM and an empty folder.
    pub(crate) fn new() -> Self {
        let tpm = Swtpm::start();
        let tcti = tpm.tcti();
        Self::by(tpm, &tcti)
    }

    /// The same by another way to the TPM, such as a proxy's.
    pub(crate) fn by(tpm: Swtpm, tcti: &str) -> Self {
        let mut shell = Shell::new("keytool").env("OPENSSL_CONF", "/dev/null");
        for name in ["TPM2_TCTI", "TPM2TOOLS_TCTI", "TPM2OPENSSL_TCTI"] {
            shell = shell.env(name, tcti);
        }
        Self { tpm, shell }
    }

    /// The command for a line that begins with `tpm2-keytool` or with one of its drop-in names.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.shell.command(&full(line))
    }

    /// Runs such a line to its end.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.pipe(line, "")
    }

    /// The same, with something on stdin.
    pub(crate) fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        self.shell.pipe(&full(line), input)
    }

    /// Runs a line with `input` on stdin, and a signal reaches it while the TPM behind the proxy works on a command: it must end by that, say so in
    /// one line, and leave nothing.
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
        // The TPM answers after the signal was taken.
        while !String::from_utf8_lossy(&self.shell.read("errors")).contains("stopping") {
            assert!(process.ended().is_none(), "it did not wait for the TPM's answer");
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = answer.send(());
        let status = Some(process.wait(LIMIT));
        proxy.behave();
        let [stdout, stderr] = ["output", "errors"].map(|name| self.shell.read(name));
        let output = Output { line: line.to_owned(), stdout, stderr, status };
        assert_eq!(output.status.and_then(|status| status.code()), Some(128 + signal), "{output}");
        assert!(output.err().ends_with("tpm2-keytool: interrupted; nothing was written\n"), "{output}");
        assert!(output.stdout.is_empty() && self.tpm.persistent().is_empty(), "{output}");
        self.assert_tidy();
    }

    /// A script of other people's tools, which must succeed.
    #[track_caller]
    pub(crate) fn others(&self, script: &str) -> Output {
        self.shell.write("script", script);
        self.shell.ok("sh -e script")
    }

    /// A key file that the tool wrote.
    #[track_caller]
    pub(crate) fn key(&self, name: &str) -> KeyFile {
        KeyFile::parse(&self.shell.read(name)).unwrap()
    }

    /// A key file as tpm2-tools take it: NAME.pub and NAME.priv.
    #[track_caller]
    pub(crate) fn halves(&self, name: &str) {
        let key = self.key(name);
        let (mut public, mut private) = (Writer::new(), Writer::new());
        public.sized_with(|w| key.public.marshal(w));
        private.sized(&key.private);
        self.shell.write(format!("{name}.pub"), public.finish().unwrap());
        self.shell.write(format!("{name}.priv"), private.finish().unwrap());
    }

    /// Imports an importable key file with tpm2-tools under a persistent handle, and loads it as key.ctx.
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

    /// Loads a key file with tpm2-tools as key.ctx, under `parent`: a persistent handle, or the letter of a hierarchy, with
    /// `-G rsa2048` behind it for the RSA storage key.
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

    /// Signs with key.ctx by tpm2-tools; `options` holds the password.
    pub(crate) fn sign(&self, options: &str) -> Output {
        self.shell.write("data", "hello\n");
        let signed = self
            .shell
            .run(&format!("tpm2_sign -Q -c key.ctx -g sha256 -f plain -o signature {options} data"));
        self.others("tpm2_flushcontext -t");
        signed
    }

    /// The public half of a key file checks what `sign` left, in software.
    #[track_caller]
    pub(crate) fn verify(&self, public: &str) {
        self.shell.ok(&format!("openssl dgst -sha256 -verify {public} -signature signature data"));
    }

    /// Makes certain that the tool left nothing: no handle in the TPM, no temporary file.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        self.tpm.assert_empty();
        let all = std::fs::read_dir(self.shell.folder()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = all.filter(|name| name.to_string_lossy().starts_with('.')).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    /// Makes certain that there is no such file.
    #[track_caller]
    pub(crate) fn assert_absent(&self, name: &str) {
        assert!(!self.shell.file(name).exists(), "{name} was written");
    }
}

/// A line with the path of the program.
pub(crate) fn full(line: &str) -> String {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    format!("{} {rest}", module::keytool().with_file_name(name).display())
}
