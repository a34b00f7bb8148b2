//! The official Node.js has OpenSSL linked in: the module works with that OpenSSL, and loads no other.
use tests::peers;

use crate::machine::Machine;

const PROGRAM: &str = r#"
const fs = require("fs"), crypto = require("crypto");
const message = Buffer.from("message");
const key = crypto.createPrivateKey(fs.readFileSync("key.tpm"));
const signature = crypto.sign("sha256", message, key);
const verified = crypto.verify("sha256", message, fs.readFileSync("key.pub"), signature);
const mapped = fs.readFileSync("/proc/self/maps", "utf8");
console.log(verified, mapped.includes("/tpm2.so"), mapped.includes("libcrypto.so"));
"#;

#[test]
fn the_official_node_js_signs_with_its_own_openssl() {
    for version in peers::NODE {
        let node = peers::node(version);
        for options in ["-e P-256", "-r"] {
            let machine = Machine::new();
            machine.key("key.tpm", options);
            machine.openssl.ok("pkey -in key.tpm -pubout -out key.pub");
            machine.openssl.write("sign.js", PROGRAM);
            let node = format!("'{}' --openssl-shared-config sign.js", node.display());
            assert_eq!(machine.openssl.shell().ok(&node).out(), "true true false\n", "Node.js {version}");
        }
    }
}
