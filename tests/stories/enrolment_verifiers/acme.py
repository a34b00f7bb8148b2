"""Verifies attestation objects of the ACME challenge device-attest-01 as the servers with this challenge do:
acme.py ROOT TOKEN.THUMBPRINT IDENTIFIER REQUEST OBJECT

Prints the first check that fails. The checks are those of the draft and of servers; nothing is shared with the crate under test.
"""
import datetime
import hashlib
import struct
import sys

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID, ObjectIdentifier

HASHES = {0x04: hashes.SHA1, 0x0b: hashes.SHA256, 0x0c: hashes.SHA384, 0x0d: hashes.SHA512}
CURVES = {3: ec.SECP256R1, 4: ec.SECP384R1, 5: ec.SECP521R1}
# COSE number: TPM_ALG_ID of the scheme and of the hash
ALGORITHMS = {-7: (0x18, 0x0b), -257: (0x14, 0x0b), -65535: (0x14, 0x04)}
FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN, RESTRICTED = 1 << 1, 1 << 4, 1 << 5, 1 << 16
TPM_NAME = {f"2.23.133.2.{n}" for n in (1, 2, 3)}
AIK = ObjectIdentifier("2.23.133.8.3")
PERMANENT_IDENTIFIER = ObjectIdentifier("1.3.6.1.5.5.7.8.3")


class Refused(Exception):
    pass


def check(valid, what):
    if not valid:
        raise Refused(what)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        check(size <= len(self.data), "a structure is cut off")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def u16(self): return struct.unpack(">H", self.take(2))[0]
    def u32(self): return struct.unpack(">I", self.take(4))[0]
    def sized(self): return self.take(self.u16())

    def end(self):
        check(not self.data, "bytes follow a structure")


def public_area(data):
    """The parts of a TPMT_PUBLIC: key, attributes, Name."""
    r = Reader(data)
    kind, name_alg, attributes = r.u16(), r.u16(), r.u32()
    r.sized()
    check(r.u16() == 0x10, "the key has a cipher")
    if r.u16() != 0x10:
        r.u16()
    if kind == 1:
        r.u16()
        exponent = r.u32() or 65537
        key = rsa.RSAPublicNumbers(exponent, int.from_bytes(r.sized(), "big")).public_key()
    else:
        check(kind == 0x23, "the key is neither RSA nor EC")
        curve = CURVES[r.u16()]
        check(r.u16() == 0x10, "the key has a KDF")
        x, y = (int.from_bytes(r.sized(), "big") for _ in range(2))
        key = ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()
    r.end()
    digest = hashes.Hash(HASHES[name_alg]())
    digest.update(data)
    return key, attributes, struct.pack(">H", name_alg) + digest.finalize()


def check_signature(key, alg, sig, data):
    """sig is a TPMT_SIGNATURE."""
    r = Reader(sig)
    scheme, digest = r.u16(), r.u16()
    check((scheme, digest) == ALGORITHMS[alg], "alg is not that of sig")
    try:
        if scheme == 0x18:
            numbers = [int.from_bytes(r.sized(), "big") for _ in range(2)]
            check(isinstance(key, ec.EllipticCurvePublicKey), "the certificate's key is not EC")
            key.verify(encode_dss_signature(*numbers), data, ec.ECDSA(HASHES[digest]()))
        else:
            check(isinstance(key, rsa.RSAPublicKey), "the certificate's key is not RSA")
            key.verify(r.sized(), data, padding.PKCS1v15(), HASHES[digest]())
    except InvalidSignature:
        raise Refused("sig") from None
    r.end()


def check_info(info, extra_data, name):
    r = Reader(info)
    check(r.u32() == 0xff544347, "magic")
    check(r.u16() == 0x8017, "type")
    r.sized()
    check(r.sized() == extra_data, "extraData")
    r.take(17 + 8)
    check(r.sized() == name, "Name")
    r.sized()
    r.end()


def check_chain(chain, root):
    """Each is issued by the next, the last by the root, and all are valid now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for certificate, issuer in zip(chain, chain[1:] + [root]):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise Refused("x5c does not lead to the root") from None
        check(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc, "a certificate of x5c is not valid now")
        check(issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, "an issuer in x5c is no authority")


def extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        raise Refused(f"the certificate has no {kind.__name__}") from None


def check_certificate(certificate, identifier):
    check(certificate.version == x509.Version.v3, "the certificate's version")
    check(len(certificate.subject) == 0, "the certificate's subject")
    names = extension(certificate, x509.SubjectAlternativeName)
    parts = {part.oid.dotted_string for name in names.get_values_for_type(x509.DirectoryName) for part in name}
    check(parts >= TPM_NAME, "the certificate's TPM manufacturer, model and version")
    check(AIK in extension(certificate, x509.ExtendedKeyUsage), "the certificate's extended key usage")
    check(not extension(certificate, x509.BasicConstraints).ca, "the certificate's basic constraints")
    others = [name.value for name in names.get_values_for_type(x509.OtherName) if name.type_id == PERMANENT_IDENTIFIER]
    # SEQUENCE { UTF8String }, shorter than 128 bytes
    known = [value[4:4 + value[3]].decode() for value in others]
    check(not known or identifier in known, "the certificate's permanent identifier")


def verify(root, authorization, identifier, request, data):
    attestation = cbor2.loads(data)
    check(attestation["fmt"] == "tpm", "fmt")
    statement = attestation["attStmt"]
    check(statement["ver"] == "2.0", "ver")
    check(statement["alg"] in ALGORITHMS, "alg")
    chain = [x509.load_der_x509_certificate(certificate) for certificate in statement["x5c"]]
    check(chain, "x5c is empty")
    check_chain(chain, root)
    check_certificate(chain[0], identifier)
    key, attributes, name = public_area(statement["pubArea"])
    check_info(statement["certInfo"], hashlib.sha256(authorization.encode()).digest(), name)
    check_signature(chain[0].public_key(), statement["alg"], statement["sig"], statement["certInfo"])
    for bit, what in ((FIXED_TPM, "fixedTPM"), (FIXED_PARENT, "fixedParent"), (SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin")):
        check(attributes & bit, what)
    check(not attributes & RESTRICTED, "restricted")
    check(request.is_signature_valid, "the request's signature")
    check(request.public_key() == key, "the request's key")
    common = [part.value for part in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    check(common in ([], [identifier]), "the request's common name")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    root, authorization, identifier, request, attestation = sys.argv[1:]
    try:
        verify(x509.load_pem_x509_certificate(read(root)), authorization, identifier,
               x509.load_pem_x509_csr(read(request)), read(attestation))
    except Refused as refused:
        print(f"refused: {refused}")
        sys.exit(1)
    print("accepted")


main()
