//! A shared secret is the one that a stock openssl derives on the other side.
use super::Opensc;

#[test]
fn ecdh_gives_both_sides_the_same_secret() {
    for curve in ["P-256", "P-384"] {
        let opensc = Opensc::with_key(&format!("-e {curve}"));
        let stock = opensc.token.stock();
        stock.ok(&format!("genpkey -algorithm EC -pkeyopt group:{curve} -out peer.key"));
        stock.ok("pkey -in peer.key -pubout -outform DER -out peer.der");
        opensc.ok("--derive --mechanism ECDH1-DERIVE -i peer.der -o secret");
        stock.ok("pkeyutl -derive -inkey peer.key -peerkey web.pub -out expected");
        assert_eq!(stock.read("secret"), stock.read("expected"), "{curve}");
    }
}
