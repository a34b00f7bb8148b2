//! xmlsec1 treats an RSA key without a visible private exponent as a public key.
use super::keys::{Form, Type};
use super::tried::{Outcome, Program};

const XMLSEC1: Program = Program {
    name: "xmlsec1",
    version: "xmlsec1 --version",
    forms: &Form::ALL,
    does: "a signature that xmlsec1 verifies, with EC keys",
};

const TEMPLATE: &str = r#"<r><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#METHOD"/>
<Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo>
<SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature></r>
"#;

#[test]
#[ignore = "make programs"]
fn xmlsec1() {
    XMLSEC1.tried(|case| {
        let method = match case.kind {
            Type::Ec => "ecdsa-sha256",
            Type::Rsa => "rsa-sha256",
        };
        case.openssl.write("in.xml", TEMPLATE.replace("METHOD", method));
        let password = case.if_password("--pwd PASSWORD");
        let sign = format!("xmlsec1 --sign {password} --privkey-pem KEY,CERTIFICATE --output out.xml in.xml");
        if case.kind == Type::Rsa {
            case.run(&sign).failed().says("key is not found");
            return Outcome::Fails("RSA keys: `key is not found`");
        }
        case.ok(&sign);
        case.checked("xmlsec1 --verify --trusted-pem AUTHORITY out.xml");
        Outcome::Works
    });
}
