//! PyKCS11: a Python program calls the module's functions itself.
use tests::Token;

use super::PIN;
use super::programs::{Does, PYKCS11};

/// Signs twice in one session, and in a second session at the same time; prints the token's label and the last signature.
const SCRIPT: &str = "
import sys
import PyKCS11
from PyKCS11.LowLevel import CKA_CLASS, CKO_PRIVATE_KEY, CKM_SHA256_RSA_PKCS, CKF_RW_SESSION, CKF_SERIAL_SESSION

library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
[slot] = library.getSlotList(tokenPresent=True)
sessions = [library.openSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION) for _ in range(2)]
sessions[0].login(sys.argv[2])
for session in sessions + sessions:
    [key] = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY)])
    signature = session.sign(key, b'what is signed', PyKCS11.Mechanism(CKM_SHA256_RSA_PKCS, None))
print(library.getTokenInfo(slot).label.strip(), bytes(signature).hex())
sessions[0].logout()
";

#[test]
fn two_sessions_of_a_python_program_sign_in_turn() {
    let options = format!("-r -k {PIN}");
    let token = Token::with_key(&options);
    token.write("sign.py", SCRIPT);
    let line = format!("/usr/bin/python3 sign.py {} {PIN}", token.module().display());
    let printed = token.ok(&line).out();
    let (label, signature) = printed.trim().split_once(' ').unwrap();
    assert_eq!(label, "keys");
    token.write("signature", hex::decode(signature).unwrap());
    token.write("data", "what is signed");
    token.stock().ok("dgst -sha256 -verify web.pub -signature signature data").says("Verified OK");
    PYKCS11.passed(Does::List, &options);
    PYKCS11.passed(Does::Sign, &options);
}
