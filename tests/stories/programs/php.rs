//! PHP: its openssl_* functions, a TLS client and a TLS server.
use super::keys::Form;
use super::tried::{Outcome, Program};

const PHP: Program = Program {
    name: "php",
    version: "php --version",
    forms: &Form::ALL,
    does: "openssl_sign, _csr_new, _csr_sign, _private_decrypt, _private_encrypt, _pkcs7_sign and _cms_sign; a TLS server and a client's \
           certificate in TLS 1.2 and 1.3",
};

const CALLS: &str = r#"<?php
[, $certificate, $file, $password] = $argv + [3 => null];
function must($result, $what) {
    if ($result) return $result;
    echo "$what failed\n";
    while ($error = openssl_error_string()) echo "$error\n";
    exit(1);
}
$x509 = file_get_contents($certificate);
$public = openssl_pkey_get_public($x509);
$key = must(openssl_pkey_get_private("file://$file", $password), 'openssl_pkey_get_private');
must(openssl_x509_check_private_key($x509, $key), 'openssl_x509_check_private_key');
must(openssl_sign('message', $signature, $key, OPENSSL_ALGO_SHA256), 'openssl_sign');
must(openssl_verify('message', $signature, $public, OPENSSL_ALGO_SHA256) === 1, 'openssl_verify');
$options = ['digest_alg' => 'sha256'];
$csr = must(openssl_csr_new(['commonName' => 'name'], $key, $options), 'openssl_csr_new');
must(openssl_csr_sign($csr, null, $key, 2, $options), 'openssl_csr_sign');
file_put_contents('message', 'message');
must(openssl_pkcs7_sign('message', 'message.p7', $x509, $key, []), 'openssl_pkcs7_sign');
must(openssl_cms_sign('message', 'message.cms', $x509, $key, []), 'openssl_cms_sign');
$details = must(openssl_pkey_get_details($key), 'openssl_pkey_get_details');
if ($details['type'] === OPENSSL_KEYTYPE_RSA) {
    must(openssl_public_encrypt('secret', $encrypted, $public), 'openssl_public_encrypt');
    must(openssl_private_decrypt($encrypted, $decrypted, $key) && $decrypted === 'secret', 'openssl_private_decrypt');
    must(openssl_private_encrypt('message', $encrypted, $key), 'openssl_private_encrypt');
}
"#;

const CLIENT: &str = r#"<?php
[, $port, $certificate, $file, $password] = $argv + [4 => null];
foreach ([STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT, STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT] as $method) {
    $options = ['cafile' => 'authority.pem', 'local_cert' => $certificate, 'local_pk' => $file, 'crypto_method' => $method];
    if ($password) $options['passphrase'] = $password;
    $page = file_get_contents("https://localhost:$port/", false, stream_context_create(['ssl' => $options]));
    if (strpos($page, 'Client certificate') === false) exit(1);
}
"#;

const SERVER: &str = r#"<?php
[, $port, $certificate, $file, $password] = $argv + [4 => null];
$options = ['local_cert' => $certificate, 'local_pk' => $file];
if ($password) $options['passphrase'] = $password;
$server = stream_socket_server("tls://127.0.0.1:$port", $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN,
    stream_context_create(['ssl' => $options]));
while (true) {
    $client = stream_socket_accept($server, -1);
    while ($client && fgets($client) !== false);
}
"#;

#[test]
#[ignore = "make programs"]
fn php() {
    PHP.tried(|case| {
        let arguments = format!("CERTIFICATE KEY {}", case.if_password("PASSWORD"));
        case.openssl.write("calls.php", CALLS);
        case.ok(&format!("php calls.php {arguments}"));
        let server = case.strict_server();
        case.openssl.write("client.php", CLIENT);
        case.ok(&format!("php client.php {} {arguments}", server.port()));
        case.server("server.php", SERVER, &format!("php server.php PORT {arguments}")).answers("");
        Outcome::Works
    });
}
