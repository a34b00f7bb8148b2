//! git over HTTPS, which Debian links with GnuTLS.
use super::keys::Form;
use super::tried::{Outcome, Program};

const GIT: Program = Program {
    name: "git",
    version: "git --version",
    forms: &Form::WITHOUT_PASSWORD,
    does: "`git ls-remote https://…`, which GnuTLS refuses",
};

#[test]
#[ignore = "make programs"]
fn git() {
    GIT.tried(|case| {
        let server = case.strict_server();
        let options = "-c http.sslCert=CERTIFICATE -c http.sslKey=KEY -c http.sslCAInfo=AUTHORITY";
        let output =
            case.run(&format!("git {options} ls-remote https://localhost:{}/repository", server.port()));
        output.failed().says("error reading X.509 key or certificate file");
        Outcome::Fails("error reading X.509 key or certificate file")
    });
}
