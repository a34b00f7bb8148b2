//! Perl's IO::Socket::SSL.
use super::keys::Form;
use super::tried::{Outcome, Program};

const PERL: Program = Program {
    name: "perl",
    version: "perl -MIO::Socket::SSL -e 'print $IO::Socket::SSL::VERSION'",
    forms: &Form::ALL,
    does: "a TLS server and a client's certificate in TLS 1.2 and 1.3",
};

const CLIENT: &str = r#"
use IO::Socket::SSL;
my ($port, $certificate, $file, $password) = @ARGV;
for my $version ('TLSv1_2', 'TLSv1_3') {
    my $server = IO::Socket::SSL->new(PeerAddr => "localhost:$port", SSL_version => $version, SSL_ca_file => 'authority.pem',
        SSL_cert_file => $certificate, SSL_key_file => $file, SSL_passwd_cb => sub { $password }) or die "$! $SSL_ERROR";
    print $server "GET / HTTP/1.0\r\n\r\n";
    print grep { /Client certificate/ } <$server>;
}
"#;

const SERVER: &str = r#"
use IO::Socket::SSL;
my ($port, $certificate, $file, $password) = @ARGV;
my $server = IO::Socket::SSL->new(LocalAddr => "127.0.0.1:$port", Listen => 5, ReuseAddr => 1, SSL_cert_file => $certificate,
    SSL_key_file => $file, SSL_passwd_cb => sub { $password }) or die "$! $SSL_ERROR";
while (1) {
    my $client = $server->accept or next;
    while (<$client>) {}
}
"#;

#[test]
#[ignore = "make programs"]
fn perl() {
    PERL.tried(|case| {
        let arguments = format!("CERTIFICATE KEY {}", case.if_password("PASSWORD"));
        let server = case.strict_server();
        case.openssl.write("client.pl", CLIENT);
        let printed = case.ok(&format!("perl client.pl {} {arguments}", server.port())).out();
        assert_eq!(printed, "Client certificate\n".repeat(2));
        case.server("server.pl", SERVER, &format!("perl server.pl PORT {arguments}")).answers("");
        Outcome::Works
    });
}
