//! Messages that a stock openssl encrypts are decrypted.
use super::Opensc;

#[test]
fn pkcs1_and_oaep_are_decrypted() {
    let opensc = Opensc::with_key("-r");
    let stock = opensc.token.stock();
    stock.write("message", "what is secret");
    for (encrypt, decrypt) in [
        ("rsa_padding_mode:pkcs1", "RSA-PKCS"),
        (
            "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1",
            "RSA-PKCS-OAEP --hash-algorithm SHA-1 --mgf MGF1-SHA1",
        ),
        (
            "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256",
            "RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256",
        ),
    ] {
        stock.ok(&format!(
            "pkeyutl -encrypt -pubin -inkey web.pub -pkeyopt {encrypt} -in message -out encrypted"
        ));
        opensc.ok(&format!("--decrypt --mechanism {decrypt} -i encrypted -o decrypted"));
        assert_eq!(stock.text("decrypted"), "what is secret", "{decrypt}");
        // A damaged message gives an error with OAEP. With PKCS #1 it gives other bytes, which a program cannot tell from a message.
        stock.write("decrypted", "");
        stock.write("encrypted", [0x55; 256]);
        let damaged = opensc.run(&format!("--decrypt --mechanism {decrypt} -i encrypted -o decrypted"));
        assert!(damaged.code().is_some() && (damaged.success() == (decrypt == "RSA-PKCS")), "{damaged}");
        assert_ne!(stock.text("decrypted"), "what is secret", "{decrypt}");
    }
}
