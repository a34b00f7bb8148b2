//! NSS: modutil adds the module, certutil lists and makes keys, tstclnt logs in.
use tests::{Nginx, Shell, Token, nss, token};

use super::PIN;
use super::programs::{Does, NSS};

/// Returns a token, and a shell in which `-d db -f pin` names a database with the module.
fn installed(token: &Token) -> Shell {
    nss::database_of(token, &token.file("db"));
    token.write("pin", format!("{PIN}\n"));
    token.write("noise", [7; 100]);
    Shell::clone(token)
}

/// Returns the names of the files in the token's folder.
fn names(token: &Token) -> Vec<String> {
    let files = std::fs::read_dir(token.file("keys")).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn modutil_and_certutil_list_the_token_its_certificate_and_its_key() {
    for options in ["-e P-256", "-r", &format!("-e P-256 -k {PIN}")] {
        let token = Token::with_key(options);
        let shell = installed(&token);
        shell
            .ok(&format!("modutil -dbdir sql:db -list {}", nss::NAME))
            .says("Token Name: keys")
            .says("Example");
        let certificates = shell.ok(&format!("certutil -L -d sql:db -h {} -f pin", token::LABEL));
        // "u": the private key of the certificate is there.
        let line = certificates.out();
        let line = line.lines().find(|line| line.starts_with("keys:web")).unwrap_or_default();
        assert!(line.ends_with("u,u,u"), "{certificates}");
        shell.ok(&format!("certutil -K -d sql:db -h {} -f pin", token::LABEL)).says(" web");
        NSS.passed(Does::List, options);
    }
}

#[test]
fn certutil_makes_a_key_and_a_request_in_the_token() {
    let token = Token::new();
    let shell = installed(&token);
    shell.ok("certutil -G -d sql:db -h keys -f pin -k ec -q nistp256 -z noise");
    assert_eq!(names(&token), ["key.tpm"]);
    let line =
        "certutil -R -d sql:db -h keys -f pin -k ec -q nistp256 -z noise -s CN=request -a -o request.pem";
    shell.ok(line);
    token.stock().ok("req -in request.pem -verify -noout -subject").says("verify OK").says("request");
    NSS.passed(Does::Generate, "-e P-256");
    NSS.passed(Does::Sign, "-e P-256");
}

#[test]
fn certutil_issues_a_certificate_for_a_new_key_and_removes_both() {
    let token = Token::new();
    let shell = installed(&token);
    shell.ok("certutil -S -d sql:db -h keys -f pin -k ec -q nistp256 -z noise -x -n self -s CN=self -t ,,");
    assert_eq!(names(&token), ["key.tpm", "self.pem"]);
    token.stock().ok("verify -CAfile keys/self.pem keys/self.pem");
    let listed = shell.ok("certutil -K -d sql:db -h keys -f pin").out();
    let id = listed.split_whitespace().skip_while(|word| *word != "ec").nth(1).expect(&listed);
    shell.ok("certutil -D -d sql:db -h keys -f pin -n keys:self");
    shell.ok(&format!("certutil -F -d sql:db -h keys -f pin -k {id}"));
    assert_eq!(names(&token), ["key.tpm.removed", "self.pem.removed"]);
}

#[test]
fn tstclnt_logs_in_at_a_server() {
    for options in ["-r", &format!("-e P-256 -k {PIN}")] {
        let token = Token::with_key(options);
        let shell = installed(&token);
        let server = Nginx::start(&token);
        for (page, version) in [("tls12", "tls1.2"), ("tls13", "tls1.3")] {
            let versions = format!("-V {version}:{version}");
            let line =
                format!("tstclnt -h 127.0.0.1 -p {} -d sql:db -n keys:web -W pin {versions}", server.port());
            shell.pipe(&line, format!("GET /{page} HTTP/1.0\r\n\r\n")).ok();
            assert_eq!(server.wait_for(page, ""), "SUCCESS CN=web");
        }
        NSS.passed(Does::LogIn, options);
    }
}
