//! Ruby's openssl library, which decides by OpenSSL's old types if a key is private.
use super::keys::Form;
use super::pages;
use super::tried::{Outcome, Program};

const RUBY: Program = Program {
    name: "ruby",
    version: "ruby --version",
    forms: &Form::ALL,
    does: "a signature, a certificate request, a TLS server and a client's certificate in TLS 1.2 and 1.3, all after `def key.private? = true`",
};

/// The page documents the second line, which every script needs.
const KEY: &str = r#"
key = OpenSSL::PKey.read(File.read(file), password)
def key.private? = true
"#;

const CLIENT: &str = r#"
require "openssl"
require "socket"
port, certificate, file, password = ARGV
x509 = OpenSSL::X509::Certificate.new(File.read(certificate))
OPEN
abort "verify" unless x509.public_key.verify("SHA256", key.sign("SHA256", "message"), "message")
abort "check" unless x509.check_private_key(key)
request = OpenSSL::X509::Request.new
request.subject = OpenSSL::X509::Name.parse("/CN=name")
request.public_key = key
abort "request" unless request.sign(key, "SHA256").verify(x509.public_key)
[OpenSSL::SSL::TLS1_2_VERSION, OpenSSL::SSL::TLS1_3_VERSION].each do |version|
  context = OpenSSL::SSL::SSLContext.new
  context.set_params(ca_file: "authority.pem", min_version: version, max_version: version)
  context.add_certificate(x509, key)
  server = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("localhost", port.to_i), context)
  server.hostname = "localhost"
  server.sync = true
  server.connect
  server.post_connection_check("localhost")
  server.write("GET / HTTP/1.0\r\n\r\n")
  puts server.read.lines.grep(/Client certificate/)
  server.close
end
"#;

const SERVER: &str = r#"
require "openssl"
require "socket"
port, certificate, file, password = ARGV
OPEN
context = OpenSSL::SSL::SSLContext.new
context.add_certificate(OpenSSL::X509::Certificate.new(File.read(certificate)), key)
server = OpenSSL::SSL::SSLServer.new(TCPServer.new("127.0.0.1", port.to_i), context)
loop { server.accept.read }
"#;

const ASKED: &str = r#"
require "openssl"
file, password = ARGV
p OpenSSL::PKey.read(File.read(file), password).private?
"#;

#[test]
#[ignore = "make programs"]
fn ruby() {
    RUBY.tried(|case| {
        let password = case.if_password("PASSWORD");
        let arguments = format!("CERTIFICATE KEY {password}");
        let server = case.strict_server();
        case.openssl.write("client.rb", CLIENT.replace("OPEN\n", KEY));
        let printed = case.ok(&format!("ruby client.rb {} {arguments}", server.port())).out();
        assert_eq!(printed, "Client certificate\n".repeat(2));
        let text = SERVER.replace("OPEN\n", KEY);
        case.server("server.rb", &text, &format!("ruby server.rb PORT {arguments}")).answers("");
        case.openssl.write("asked.rb", ASKED);
        let asked = case.run(&format!("ruby asked.rb KEY {password}"));
        assert!(!asked.success(), "Ruby no longer needs the line:\n{asked}");
        pages::says("ruby", "Without it Ruby 3.1 ends with `[BUG] Segmentation fault`");
        Outcome::Works
    });
}
