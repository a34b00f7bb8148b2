//! Manual pages, completions, help and version are available under every name.

use tests::Shell;
use tests::process::Output;

use crate::keytool::full;

/// A folder in which the tool runs; none of this needs a TPM.
struct Folder(Shell);

impl Folder {
    fn new() -> Self {
        Self(Shell::new("pages"))
    }

    fn run(&self, line: &str) -> Output {
        self.0.run(&full(line))
    }
}

#[test]
fn every_name_and_subcommand_has_a_manual_page() {
    let folder = Folder::new();
    folder.run("tpm2-keytool man pages/man1").ok();
    for page in [
        "tpm2-keytool",
        "tpm2-keytool-create",
        "tpm2-keytool-load",
        "tpm2-keytool-policy",
        "tpm2-keytool-seal",
        "tpm2-keytool-unseal",
        "tpm2-keytool-attest",
        "tpm2-keytool-reference",
        "tpm2-keytool-srk",
        "tpm2-keytool-list",
        "tpm2-keytool-evict",
        "tpm2-keytool-leaf",
        "tpm2-keytool-enrol",
        "tpm2-keytool-check",
        "tpm2-keytool-token",
        "tpm2-keytool-show",
        "tpm2-keytool-status",
        "tpm2-keytool-bench",
        "attest_tpm2_primary",
        "create_tpm2_key",
        "load_tpm2_key",
        "seal_tpm2_data",
        "signed_tpm2_policy",
        "unseal_tpm2_data",
    ] {
        let text = String::from_utf8(folder.0.read(format!("pages/man1/{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    let create = String::from_utf8(folder.0.read("pages/man1/create_tpm2_key.1")).unwrap();
    assert!(create.contains("parent\\-handle") && create.contains("dictionary"), "{create}");
}

#[test]
fn every_shell_and_name_has_completions() {
    let folder = Folder::new();
    for name in ["", "create_tpm2_key"] {
        for shell in ["bash", "zsh", "fish"] {
            let script = folder.run(&format!("tpm2-keytool completions {shell} {name}")).ok().out();
            assert!(script.contains("parent-handle"), "{shell}");
            folder.0.write("completions", script);
            if shell == "bash" {
                folder.0.ok("bash -n completions");
            }
        }
    }
    folder.run("tpm2-keytool completions bash no_such_tool").failed().says("create_tpm2_key");
}

#[test]
fn bash_completes_the_options_of_subcommands() {
    let folder = Folder::new();
    for (line, typed, offered) in [
        ("tpm2-keytool create --par", "2", "--parent-handle"),
        ("tpm2-keytool seal --tc", "2", "--tcti"),
        ("tpm2-keytool policy add --sig", "3", "--signed-policy"),
        ("tpm2-keytool policy add --wr", "3", ""),
        ("tpm2-keytool policy add --tc", "3", "--tcti"),
        ("tpm2-keytool cre", "1", "create"),
        ("tpm2-keytool check --gr", "2", "--groups"),
        ("tpm2-keytool evict --f", "2", "--force"),
        ("tpm2-keytool token --co", "2", "--conf"),
        ("tpm2-keytool list --j", "2", "--json"),
        ("tpm2-keytool leaf --ho", "2", "--hours"),
        ("tpm2-keytool enrol --ide", "2", "--identifier"),
        ("tpm2-keytool help che", "2", "check"),
        ("create_tpm2_key --par", "1", "--parent-handle"),
    ] {
        let name = line.split(' ').next().unwrap();
        let script = folder.run(&format!("tpm2-keytool completions bash {name}")).ok().out();
        folder.0.write("completions", script);
        // Bash passes three arguments: the command, the word to complete, the word before it.
        folder.0.write(
            "ask",
            format!(
                "source ./completions; COMP_WORDS=({line}); COMP_CWORD={typed}
                 function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                 $function {name} \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"
                 echo \"${{COMPREPLY[*]}}\""
            ),
        );
        let answer = folder.0.ok("bash ask").out();
        assert_eq!(answer.split_whitespace().next().unwrap_or_default(), offered, "{line}: {answer}");
    }
}

#[test]
fn help_explains_create_and_the_version_is_printed() {
    let folder = Folder::new();
    for line in ["create_tpm2_key --help", "tpm2-keytool create --help"] {
        folder.run(line).ok().says("Benefit: ").says("Choosing a parent").says("process list");
    }
    for line in ["create_tpm2_key -v", "tpm2-keytool -v", "tpm2-keytool create --version"] {
        folder.run(line).ok().says(env!("CARGO_PKG_VERSION"));
    }
    folder.run("tpm2-keytool --help").ok().says("create").says("show").says("status");
}

#[test]
fn help_describes_each_subcommand() {
    let folder = Folder::new();
    for name in [
        "create",
        "load",
        "attest",
        "seal",
        "unseal",
        "policy",
        "reference",
        "srk",
        "list",
        "evict",
        "leaf",
        "enrol",
        "check",
        "token",
        "show",
        "status",
        "bench",
    ] {
        let help = folder.run(&format!("tpm2-keytool help {name}")).ok().out();
        assert_eq!(help, folder.run(&format!("tpm2-keytool {name} --help")).ok().out());
    }
    folder.run("tpm2-keytool help").ok().says("Exit codes");
    let wrong = folder.run("tpm2-keytool help no-such-command").failed();
    assert_eq!(wrong.code(), Some(2), "{wrong}");
}

#[test]
fn every_password_option_warns_of_the_process_list() {
    let folder = Folder::new();
    let mut found = 0;
    for name in [
        "tpm2-keytool create",
        "tpm2-keytool load",
        "tpm2-keytool seal",
        "tpm2-keytool unseal",
        "tpm2-keytool attest",
        "tpm2-keytool reference",
        "tpm2-keytool srk",
        "tpm2-keytool evict",
        "tpm2-keytool leaf",
        "tpm2-keytool enrol",
        "tpm2-keytool check",
        "tpm2-keytool policy add",
        "create_tpm2_key",
        "load_tpm2_key",
        "seal_tpm2_data",
        "unseal_tpm2_data",
        "attest_tpm2_primary",
    ] {
        let help = folder.run(&format!("{name} --help")).ok().out();
        // Each option with its description, up to the next option.
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for after in words.split("<PWD>").skip(1) {
            let said = after.find("<SOURCE>").map_or(after, |end| &after[..end]);
            assert!(said.contains("process list"), "{name}:\n{help}");
            found += 1;
        }
    }
    assert_eq!(found, 29);
}
