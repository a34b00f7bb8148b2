//! Node.js: the version of the distribution, and the official binaries, which have OpenSSL linked in.
use tests::peers;
use tests::process::Output;

use super::case::Case;
use super::keys::Form;
use super::pages;
use super::tried::{Outcome, Program};

const NODEJS: Program = Program {
    name: "nodejs",
    version: "node --version",
    forms: &Form::ALL,
    does: "the distribution's Node.js and the official 20 and 22: signatures, an https server, and a client's certificate in TLS 1.2 and 1.3",
};

const SERVER: &str = r#"
const fs = require("fs"), [port, certificate, file, passphrase] = process.argv.slice(2);
const options = { cert: fs.readFileSync(certificate), key: fs.readFileSync(file), passphrase };
require("https").createServer(options, (_, answer) => answer.end()).listen(+port, "127.0.0.1");
"#;

const CLIENT: &str = r#"
const fs = require("fs"), https = require("https"), [port, certificate, file, passphrase] = process.argv.slice(2);
const files = { ca: fs.readFileSync("authority.pem"), cert: fs.readFileSync(certificate), key: fs.readFileSync(file), passphrase };
for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const options = { host: "localhost", family: 4, port, minVersion: version, maxVersion: version, ...files };
    https.get(options, answer => {
        let page = "";
        answer.on("data", data => page += data).on("end", () => console.log(page.includes("Client certificate")));
    });
}
"#;

/// Uses a key object; the first argument selects the call.
const CALLS: &str = r#"
const crypto = require("crypto"), fs = require("fs"), [call, certificate, file, passphrase] = process.argv.slice(2);
const key = crypto.createPrivateKey({ key: fs.readFileSync(file), passphrase });
const x509 = new crypto.X509Certificate(fs.readFileSync(certificate)), message = Buffer.from("message");
const calls = {
    sign: () => crypto.verify("sha256", message, x509.publicKey, crypto.sign("sha256", message, key)),
    createPublicKey: () => crypto.createPublicKey(key).equals(x509.publicKey),
    checkPrivateKey: () => x509.checkPrivateKey(key),
    asymmetricKeyDetails: () => key.asymmetricKeyDetails,
    jwk: () => key.export({ format: "jwk" }),
};
console.log(calls[call]());
"#;

/// The calls that work, and those in which Node.js aborts, because it assumes that EVP_PKEY_get0_RSA or EVP_PKEY_get0_EC_KEY succeeds.
const WORK: [&str; 3] = ["sign", "createPublicKey", "checkPrivateKey"];
const ABORT: [&str; 2] = ["asymmetricKeyDetails", "jwk"];

#[test]
fn nodejs() {
    NODEJS.tried(|case| {
        tries(case, "node");
        for version in peers::NODE {
            tries(case, &peers::node(version).display().to_string());
        }
        Outcome::Works
    });
    pages::says("nodejs", "`key.asymmetricKeyDetails` and `key.export({ format: \"jwk\" })` end the process");
}

#[track_caller]
fn tries(case: &Case<'_>, node: &str) {
    let arguments = format!("CERTIFICATE KEY {}", case.if_password("PASSWORD"));

    case.server("server.js", SERVER, &format!("{node} server.js PORT {arguments}")).answers("");
    let server = case.strict_server();
    case.openssl.write("client.js", CLIENT);
    assert_eq!(case.ok(&format!("{node} client.js {} {arguments}", server.port())).out(), "true\ntrue\n");

    case.openssl.write("calls.js", CALLS);
    let call = |name: &str| -> Output { case.run(&format!("{node} calls.js {name} {arguments}")) };
    for name in WORK {
        assert_eq!(call(name).ok().out(), "true\n", "{node}");
    }
    for name in ABORT {
        call(name).says("Assertion");
    }
}
