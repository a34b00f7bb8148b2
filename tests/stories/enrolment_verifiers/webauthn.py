"""Has fido2 and webauthn verify attestation objects: webauthn.py ROOT OTHER CLIENT_DATA OBJECT...

Each object must be accepted, and refused after each change. OTHER is a root to which no chain leads.
"""
import hashlib
import json
import sys

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation import AttestationVerifier
from fido2.attestation.base import InvalidAttestation
from fido2.webauthn import AttestationObject
from webauthn import verify_registration_response
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Roots(AttestationVerifier):
    """Checks the chain as well, which the class for the format tpm leaves to its caller."""

    def __init__(self, pem):
        super().__init__()
        self.root = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)

    def ca_lookup(self, attestation_result, auth_data):
        return self.root


def by_fido2(data, client_data, root):
    try:
        Roots(root).verify_attestation(AttestationObject(data), hashlib.sha256(client_data).digest())
    # It asserts that the key of the certificate is one for the algorithm.
    except (InvalidAttestation, AssertionError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def by_webauthn(data, client_data, root):
    claimed = json.loads(client_data)
    # The credential's identifier: its length follows 53 bytes of authData.
    auth_data = cbor2.loads(data)["authData"]
    identifier = auth_data[55:55 + int.from_bytes(auth_data[53:55], "big")]
    response = {"attestationObject": bytes_to_base64url(data), "clientDataJSON": bytes_to_base64url(client_data)}
    name = bytes_to_base64url(identifier)
    try:
        verify_registration_response(
            credential={"id": name, "rawId": name, "type": "public-key", "response": response},
            expected_challenge=bytes.fromhex("07" * 32), expected_rp_id="example.com", expected_origin=claimed["origin"],
            pem_root_certs_bytes_by_fmt={AttestationFormat.TPM: [root]})
    except WebAuthnException as error:
        return f"{type(error).__name__}: {error}"
    return None


def flip(data, at, bit=1):
    data = bytearray(data)
    data[at] ^= bit
    return bytes(data)


def in_statement(field, at, bit=1):
    return lambda o: o["attStmt"].update({field: flip(o["attStmt"][field], at, bit)})


def nonce_at(info):
    """The offset of extraData in a TPMS_ATTEST."""
    return 4 + 2 + 2 + int.from_bytes(info[6:8], "big") + 2


def in_info(offset):
    """Flips a bit of certInfo; the offset counts from extraData."""
    def change(o):
        info = o["attStmt"]["certInfo"]
        o["attStmt"]["certInfo"] = flip(info, nonce_at(info) + offset(info))
    return change


def nonce_length(info):
    return int.from_bytes(info[nonce_at(info) - 2:nonce_at(info)], "big")


CHANGES = {
    "the signature": in_statement("sig", -1),
    "the nonce": in_info(lambda info: 0),
    "the clock": in_info(lambda info: nonce_length(info) + 7),
    "the firmware version": in_info(lambda info: nonce_length(info) + 17),
    "the Name": in_info(lambda info: nonce_length(info) + 17 + 8 + 4),
    "the magic": in_statement("certInfo", 0),
    "the type": in_statement("certInfo", 5, 0x0f),
    "the attributes of the key": in_statement("pubArea", 7, 2),
    "the public key": in_statement("pubArea", -1),
    "the relying party": lambda o: o.update(authData=flip(o["authData"], 0)),
    "the counter": lambda o: o.update(authData=flip(o["authData"], 36)),
    "the credential": lambda o: o.update(authData=flip(o["authData"], -1)),
    "the certificate": lambda o: o["attStmt"]["x5c"].__setitem__(0, flip(o["attStmt"]["x5c"][0], -1)),
    "the issuer": lambda o: o["attStmt"]["x5c"].pop(),
    "the order of the chain": lambda o: o["attStmt"]["x5c"].reverse(),
    "the algorithm": lambda o: o["attStmt"].update(alg=-257 if o["attStmt"]["alg"] != -257 else -7),
}


def main():
    root, other, client_data = (read(path) for path in sys.argv[1:4])
    wrong, refused = [], 0
    for path in sys.argv[4:]:
        data = read(path)
        for name, verifier in {"fido2": by_fido2, "webauthn": by_webauthn}.items():
            if problem := verifier(data, client_data, root):
                wrong.append(f"{name} refuses {path}: {problem}")
            attempts = {"another root": (data, client_data, other), "other client data": (data, client_data + b" ", root)}
            for change, apply in CHANGES.items():
                changed = cbor2.loads(data)
                apply(changed)
                attempts[change] = (cbor2.dumps(changed, canonical=True), client_data, root)
            for change, arguments in attempts.items():
                refused += 1
                if not verifier(*arguments):
                    wrong.append(f"{name} accepts {path} after a change of {change}")
    print("\n".join(wrong) if wrong else f"{len(sys.argv) - 4} accepted, {refused} refused")
    sys.exit(bool(wrong))


main()
