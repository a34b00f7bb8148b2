//! scripts/deps checks what is missing before it calls a package manager, and never installs silently.
use tests::process::Output;
use tests::{Shell, module};

/// The PATH of scripts/deps: the system's programs without `strace`, an `id` that reports an ordinary user, and fakes that record their
/// calls.
struct System {
    shell: Shell,
}

impl System {
    fn new() -> Self {
        let shell = Shell::new("needs");
        shell.write(
            "make",
            "mkdir bin\n\
             for folder in $(echo $PATH | tr : ' '); do ln -s $folder/* bin/ 2>/dev/null || true; done\n\
             rm -f bin/strace bin/apt-get bin/apt-cache bin/dnf bin/sudo bin/id\n",
        );
        shell.ok("sh make");
        let place = Self { shell };
        place.fake("id", "echo 1000");
        place
    }

    fn fake(&self, name: &str, script: &str) {
        let folder = self.shell.folder().display();
        self.shell.program(
            format!("bin/{name}"),
            format!("#!/bin/sh\necho {name} $* >>{folder}/asked\n{script}\n"),
        );
    }

    fn looks(&self, step: &str) -> Output {
        let shell = self.shell.beside().env("PATH", self.shell.file("bin"));
        // rustup's cargo finds its toolchains there.
        let shell = shell.env("HOME", std::env::var_os("HOME").unwrap_or_default());
        shell.run(&format!("{}/scripts/deps {step}", module::workspace().display()))
    }
}

#[test]
fn no_package_manager_is_called_when_nothing_is_missing() {
    let place = System::new();
    for manager in ["apt-get", "apt-cache", "dnf", "sudo"] {
        place.fake(manager, "exit 1");
    }
    let output = place.looks("demo").ok();
    assert_eq!((output.out(), output.err(), place.shell.text("asked")), Default::default());
}

#[test]
fn an_ordinary_user_gets_the_command_for_the_administrator() {
    let place = System::new();
    place.fake("sudo", "exit 1");
    place.fake(
        "apt-get",
        "echo 'Need to get 189 MB of archives.'\n\
         echo 'After this operation, 2,777 MB of additional disk space will be used.'",
    );
    let output = place.looks("test").failed();
    assert_eq!(output.out(), "missing for make test: strace\n");
    output
        .says("Ask an administrator to run (189 MB to download, 2,777 MB on disk, about 3 minutes):\n")
        .says("\napt-get update && apt-get install -y --no-install-recommends --no-remove strace\n");
    let asked = place.shell.text("asked");
    assert!(
        asked.lines().all(|line| !line.starts_with("apt-get") || line.contains("--assume-no")),
        "{asked}"
    );
}

#[test]
fn missing_programs_are_listed_without_a_package_manager() {
    let place = System::new();
    place
        .looks("test")
        .failed()
        .says("missing for make test: strace\n")
        .says("hint: install them with the package manager of this system; CONTRIBUTING.md lists packages");
}

#[test]
fn the_package_lists_are_updated_before_a_version_is_looked_up() {
    let place = System::new();
    place.shell.ok("rm -f bin/cargo bin/rustup");
    let folder = place.shell.folder().display();
    place.fake("id", "echo 0");
    place.fake("apt-cache", &format!("test ! -e {folder}/updated || echo '  Candidate: 99.0'"));
    let cargo = format!("{folder}/bin/cargo");
    place.fake(
        "apt-get",
        &format!(
            "case \"$*\" in
             update) touch {folder}/updated ;;
             *--assume-no*) ;;
             install*) printf '#!/bin/sh\\necho cargo 99.0.0\\n' >{cargo}; chmod +x {cargo} ;;
             esac"
        ),
    );
    let output = place.looks("build").ok();
    assert_eq!(
        (output.out(), output.err()),
        (
            "missing for make build: rust cargo\ninstalling (of unknown size): cargo\n".to_owned(),
            String::new()
        )
    );
}

#[test]
fn a_failed_download_or_unpacking_is_a_failure_also_in_a_condition() {
    let place = System::new();
    let extract = |download: &str, unpack: &str| {
        place.fake("apt-get", download);
        place.fake("dpkg-deb", unpack);
        let apt = module::workspace().join("scripts/deps.d/apt").display().to_string();
        place.shell.write(
            "extract",
            format!("set -euo pipefail; . {apt}; if extract folder one two; then echo extracted; fi"),
        );
        place.shell.beside().env("PATH", place.shell.file("bin")).ok("bash extract").out()
    };
    let both = "touch one.deb two.deb";
    assert_eq!(extract(both, "true"), "extracted\n");
    assert_eq!(extract("touch one.deb; exit 100", "true"), "");
    assert_eq!(extract(both, "case $2 in *one.deb) exit 2 ;; esac"), "");
}

#[test]
fn every_command_of_make_installs_one_step_that_is_known() {
    let read = |name: &str| std::fs::read_to_string(module::workspace().join(name)).unwrap();
    let (makefile, script) = (read("Makefile"), read("scripts/deps"));
    let steps: Vec<&str> = makefile.lines().filter_map(|line| line.split("$(DEPS) ").nth(1)).collect();
    assert!(steps.contains(&"chip") && steps.contains(&"test"), "{steps:?}");
    for step in steps {
        let known = |line: &str| {
            line.split_once(')').is_some_and(|(names, rest)| {
                rest.contains("steps=") && names.split('|').any(|name| name.trim() == step)
            })
        };
        assert!(script.lines().any(known), "scripts/deps has no step {step:?}");
    }
}
