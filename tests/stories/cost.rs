//! What a program pays in TPM commands: nothing to load a key, few for its first signature, one for each later one.
use tests::{Proxy, Swtpm};

use crate::machine::{Machine, SRK};

#[test]
fn loading_is_free_the_first_signature_cheap_and_each_later_one_a_single_command() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.provision();
    let persistent = format!("-p {SRK:x}");
    for (kind, password) in [("-e P-256", ""), ("-e P-256", "-k secret"), ("-r", ""), ("-r", "-k secret")] {
        for (parent, first) in [(persistent.as_str(), 4), ("-p owner", 5)] {
            machine.key("key", &format!("{kind} {password} {parent}"));
            let mut signer = machine.signer();
            proxy.log().clear();
            signer.ok("load a key secret");
            assert!(proxy.log().is_empty(), "{}", proxy.log().text());
            signer.ok("sign a");
            assert!((1..=first).contains(&proxy.log().len()), "{kind} {parent}:\n{}", proxy.log().text());
            proxy.log().clear();
            signer.ok("sign a 10");
            assert_eq!(proxy.log().len(), 10, "{kind} {parent}:\n{}", proxy.log().text());
            signer.end("quit");
        }
    }
}
