//! OpenSSH: ssh, ssh-keygen and ssh-agent use the key of the module.
use tests::process::Process;
use tests::{Shell, Token, port};

use super::PIN;
use super::programs::{Does, SSH, SSH_KEYGEN};

const CONFIGURATION: &str = "\
ListenAddress 127.0.0.1
HostKey FOLDER/host
AuthorizedKeysFile FOLDER/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
";

/// It asks no question about the server, and has no key of its own.
const OPTIONS: &str = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=publickey";

/// A server on the loopback interface that accepts the key of a token.
struct Sshd {
    _process: Process,
    port: u16,
    user: String,
}

impl Sshd {
    #[track_caller]
    fn start(token: &Token) -> Self {
        let shell = token.beside();
        shell.ok("ssh-keygen -q -t ed25519 -N '' -f host");
        let keys = asked(token, PIN).ok(&format!("ssh-keygen -D {}", token.module().display()));
        shell.write("authorized", keys.stdout);
        shell.write("sshd.conf", CONFIGURATION.replace("FOLDER", &shell.folder().display().to_string()));
        let user = shell.ok("id -un").out().trim().to_owned();
        // As root it requires a folder in /run, which a tmpfs hides in a mount namespace.
        let private =
            "unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec \"$@\"' sh";
        let private = if user == "root" { private } else { "" };
        let server = format!("{private} /usr/sbin/sshd -D -e -f {}", shell.file("sshd.conf").display());
        let (port, process) =
            port::serve_forking(1, |port| shell.spawn(&format!("{server} -p {port}"), "sshd.log"));
        Self { _process: process, port, user }
    }

    /// Returns the command line that logs in and prints a word.
    fn login(&self, options: &str) -> String {
        format!("ssh {OPTIONS} {options} -p {} {}@127.0.0.1 echo welcome", self.port, self.user)
    }
}

/// Returns a shell in which OpenSSH receives this answer to its question for the PIN.
fn asked(token: &Token, pin: &str) -> Shell {
    let program = token.program(format!("askpass-{pin}"), format!("#!/bin/sh\necho {pin}\n"));
    Shell::clone(token).env("SSH_ASKPASS", program).env("SSH_ASKPASS_REQUIRE", "force")
}

#[test]
fn ssh_keygen_prints_the_public_keys_of_the_token() {
    for (options, kind) in [("-e P-256", "ecdsa-sha2-nistp256"), ("-r", "ssh-rsa")] {
        let token = Token::with_key(options);
        let printed = token.ok(&format!("ssh-keygen -D {}", token.module().display())).out();
        token.write("web.ssh", &printed);
        assert!(printed.starts_with(kind), "{printed}");
        assert_eq!(token.ok("ssh-keygen -e -m PKCS8 -f web.ssh").out(), token.text("web.pub"));
        SSH_KEYGEN.passed(Does::List, options);
    }
}

#[test]
fn ssh_keygen_signs_the_certificate_of_a_user_with_the_key() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(options);
        let module = token.module().display().to_string();
        let authority = token.ok(&format!("ssh-keygen -D {module}"));
        token.write("ca.pub", &authority.stdout);
        token.ok("ssh-keygen -q -t ed25519 -N '' -f user");
        token.ok(&format!("ssh-keygen -s ca.pub -D {module} -I user@example.com -n login user.pub"));
        let fingerprint = token.ok("ssh-keygen -l -f ca.pub").out();
        let fingerprint = fingerprint.split(' ').nth(1).unwrap();
        // ssh-keygen reads a certificate only if its signature is right.
        token.ok("ssh-keygen -L -f user-cert.pub").says("login").says(fingerprint);
        SSH_KEYGEN.passed(Does::Sign, options);
    }
}

#[test]
fn ssh_logs_in_with_the_key() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(options);
        let server = Sshd::start(&token);
        let line = server.login(&format!("-I {}", token.module().display()));
        assert_eq!(token.ok(&line).out(), "welcome\n");
        SSH.passed(Does::LogIn, options);
    }
}

#[test]
fn ssh_asks_for_the_pin_and_does_not_log_in_with_a_wrong_one() {
    let options = format!("-e P-256 -k {PIN}");
    let token = Token::with_key(&options);
    let server = Sshd::start(&token);
    let line = server.login(&format!("-I {}", token.module().display()));
    asked(&token, "9999").run(&line).failed().says("Permission denied");
    assert_eq!(asked(&token, PIN).ok(&line).out(), "welcome\n");
    SSH.passed(Does::LogIn, &options);
}

#[test]
fn ssh_agent_logs_in_with_the_key() {
    for (options, pin) in [("-r", ""), ("-e P-256", PIN)] {
        let password = if pin.is_empty() { String::new() } else { format!("-k {pin}") };
        let token = Token::with_key(&format!("{options} {password}"));
        let server = Sshd::start(&token);
        let module = token.module();
        let folder = module.parent().unwrap().display().to_string();
        let (module, login) = (module.display(), server.login(""));
        let steps = [
            format!("ssh-add -s {module}"),
            "ssh-add -l".to_owned(),
            login.clone(),
            format!("ssh-add -e {module}"),
            format!("! {login}"),
        ];
        token.write("steps", format!("set -e\n{}\n", steps.join("\n")));
        let output = asked(&token, pin).ok(&format!("ssh-agent -P '{folder}/*' sh steps"));
        assert_eq!(output.out().matches("welcome\n").count(), 1, "{output}");
        output.says("Card added").says(" web (").says("Card removed").says("Permission denied");
    }
}
