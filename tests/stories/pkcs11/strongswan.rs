//! strongSwan: its pki signs a request with the key, which its plugin pkcs11 finds by the id.
use tests::{Shell, Token};

use super::PIN;
use super::programs::{Does, STRONGSWAN};

const CONFIGURATION: &str = "
libstrongswan { plugins { pkcs11 { modules { tpm2 { path = MODULE
load_certs = no
} } } } }
pki { load = pkcs11 random nonce x509 pubkey pkcs1 pem openssl }
";

#[test]
#[ignore = "make pkcs11"]
fn pki_signs_a_request_with_the_key() {
    for (options, kind) in [("-e P-256", "ecdsa"), ("-r", "rsa")] {
        for options in [options.to_owned(), format!("{options} -k {PIN}")] {
            let token = Token::with_key(&options);
            let module = token.module().display().to_string();
            let configuration = token.write("strongswan.conf", CONFIGURATION.replace("MODULE", &module));
            let shell = Shell::clone(&token).env("STRONGSWAN_CONF", configuration);
            let listed = shell.ok(&format!("pkcs11-tool --module {module} --list-objects --type cert")).out();
            let id = listed.lines().find_map(|line| line.trim().strip_prefix("ID:")).expect(&listed).trim();
            let line = format!("pki --req --keyid {id} --type {kind} --dn CN=request --outform pem");
            // It asks for a PIN even if no key has one.
            token.write("request.pem", shell.pipe(&line, format!("{PIN}\n")).ok().stdout);
            let stock = token.stock();
            let shown = stock.ok("req -in request.pem -verify -noout -subject -pubkey");
            assert!(shown.out().contains(&stock.text("web.pub")), "{shown}");
            shown.says("verify OK").says("request");
            STRONGSWAN.passed(Does::Sign, &options);
        }
    }
}
