#!/usr/bin/env python3
"""Makes swtpm.txt with a TPM simulator: python3 make.py > swtpm.txt

Shares nothing with the crate under test: commands as bytes, certificates by swtpm_setup and cryptography. Needs swtpm, swtpm-tools and
cryptography 42 or later, which `scripts/deps test` puts into target/peers/verifiers: PYTHONPATH names it. The keys differ at each run,
so the file changes as a whole.
"""
import datetime
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ObjectIdentifier

OWNER, NULL, ENDORSEMENT = 0x40000001, 0x40000007, 0x4000000B
CREATE_PRIMARY, CREATE, LOAD, LOAD_EXTERNAL, CERTIFY, FLUSH = 0x131, 0x153, 0x157, 0x167, 0x148, 0x165
AK_ATTRIBUTES, KEY_ATTRIBUTES, STORAGE = 0x00050072, 0x00060072, 0x00030072
NONCE = bytes(range(32))
# 2.23.133.2.1, .2 and .3: manufacturer, model and version of the TPM; 2.23.133.8.1 and .3: the purposes of EK and AK certificates
MANUFACTURER, MODEL, VERSION = (ObjectIdentifier(f"2.23.133.2.{n}") for n in (1, 2, 3))
KP_EK, KP_AK = (ObjectIdentifier(f"2.23.133.8.{n}") for n in (1, 3))
# 2.23.133.11.1.1, .2 and .3: the issuer has verified that the key is in a TPM, its fixedTPM, and that it is restricted
RESIDENCY, FIXED, RESTRICTED = (ObjectIdentifier(f"2.23.133.11.1.{n}") for n in (1, 2, 3))
BEGIN, END = datetime.datetime(2026, 1, 1), datetime.datetime(2046, 1, 1)


# -- commands (TPM 2.0 Part 3) -------------------------------------------------------------------------------------------------

def u16(n): return struct.pack(">H", n)
def u32(n): return struct.pack(">I", n)
def sized(b): return u16(len(b)) + b


class Tpm:
    def __init__(self, folder):
        path = os.path.join(folder, "socket")
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--server", f"type=unixio,path={path}",
             "--flags", "not-need-init,startup-clear"], stdout=sys.stderr)
        self.socket = socket.socket(socket.AF_UNIX)
        # swtpm makes the file before it listens.
        while self.socket.connect_ex(path) != 0:
            time.sleep(0.05)

    def end(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()

    def run(self, code, handles, parameters, auths=1):
        body = b"".join(map(u32, handles))
        # TPM_RS_PW with an empty password
        area = bytes.fromhex("40000009 0000 00 0000") * auths
        body += (u32(len(area)) + area if auths else b"") + parameters
        command = u16(0x8002 if auths else 0x8001) + u32(len(body) + 10) + u32(code) + body
        result = TPM_RC_RETRY = 0x922
        while result == TPM_RC_RETRY:
            self.socket.sendall(command)
            answer = self.socket.recv(8192)
            result = struct.unpack(">I", answer[6:10])[0]
        assert result == 0, f"the TPM answers {code:#x} with {result:#x}"
        return answer[10:]

    def primary(self, hierarchy, template):
        answer = self.run(CREATE_PRIMARY, [hierarchy], sized(sized(b"") * 2) + sized(template) + sized(b"") + u32(0))
        return struct.unpack(">I", answer[:4])[0], take(answer[8:])[0]

    def create(self, parent, template):
        answer = self.run(CREATE, [parent], sized(sized(b"") * 2) + sized(template) + sized(b"") + u32(0))[4:]
        private, rest = take(answer)
        public, _ = take(rest)
        loaded = self.run(LOAD, [parent], sized(private) + sized(public))
        return struct.unpack(">I", loaded[:4])[0], public

    def load_external(self, area, kind, private):
        """A key with its private half, in the null hierarchy."""
        sensitive = kind + sized(b"") + sized(b"") + sized(private)
        loaded = self.run(LOAD_EXTERNAL, [], sized(sensitive) + sized(area) + u32(NULL), auths=0)
        return struct.unpack(">I", loaded[:4])[0]

    def certify(self, subject, signer):
        answer = self.run(CERTIFY, [subject, signer], sized(NONCE) + u16(0x10), auths=2)[4:]
        attest, signature = take(answer)
        # The answer ends with the two sessions: nonce, attributes and HMAC of each.
        return attest, signature[:-10]

    def flush(self, handle):
        self.run(FLUSH, [], u32(handle), auths=0)


def take(data):
    size = struct.unpack(">H", data[:2])[0]
    return data[2:2 + size], data[2 + size:]


# -- public areas (Part 2) -----------------------------------------------------------------------------------------------------

def ecc(attributes, scheme, symmetric=u16(0x10), policy=b"", unique=(b"", b""), curve=3):
    return (u16(0x23) + u16(0x0b) + u32(attributes) + sized(policy) + symmetric + scheme + u16(curve) + u16(0x10)
            + sized(unique[0]) + sized(unique[1]))


def rsa_area(attributes, scheme, symmetric=u16(0x10), policy=b"", unique=b"", bits=2048):
    return (u16(0x01) + u16(0x0b) + u32(attributes) + sized(policy) + symmetric + scheme + u16(bits) + u32(0) + sized(unique))


AES = u16(6) + u16(128) + u16(0x43)
NO_SCHEME = u16(0x10)
SHA256 = u16(0x0b)
POLICY_A = bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")
EK_ATTRIBUTES = 0x000300B2
POLICY_B_SHA384 = bytes.fromhex(
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12")
EK = {
    "rsa": rsa_area(EK_ATTRIBUTES, NO_SCHEME, AES, POLICY_A, bytes(256)),
    "p256": ecc(EK_ATTRIBUTES, NO_SCHEME, AES, POLICY_A, (bytes(32), bytes(32))),
    # H-3
    "p384": (u16(0x23) + u16(0x0c) + u32(EK_ATTRIBUTES | 0x40) + sized(POLICY_B_SHA384) + u16(6) + u16(256) + u16(0x43) + NO_SCHEME
             + u16(4) + u16(0x10) + sized(b"") * 2),
}
AK = {
    "ecdsa": ecc(AK_ATTRIBUTES, u16(0x18) + SHA256),
    "rsassa": rsa_area(AK_ATTRIBUTES, u16(0x14) + SHA256),
    "rsapss": rsa_area(AK_ATTRIBUTES, u16(0x16) + SHA256),
    "p384": ecc(AK_ATTRIBUTES, u16(0x18) + u16(0x0c), curve=4),
    "p521": ecc(AK_ATTRIBUTES, u16(0x18) + u16(0x0d), curve=5),
    "p521sha256": ecc(AK_ATTRIBUTES, u16(0x18) + SHA256, curve=5),
    "rsassa384": rsa_area(AK_ATTRIBUTES, u16(0x14) + u16(0x0c)),
    "rsapss512": rsa_area(AK_ATTRIBUTES, u16(0x16) + u16(0x0d)),
}
KEYS = {"p256": ecc(KEY_ATTRIBUTES, NO_SCHEME), "rsa2048": rsa_area(KEY_ATTRIBUTES, NO_SCHEME)}
# The last two can leave the TPM, or may only sign what it made.
SUBJECTS = KEYS | {
    "p384": ecc(KEY_ATTRIBUTES, NO_SCHEME, curve=4), "p521": ecc(KEY_ATTRIBUTES, NO_SCHEME, curve=5),
    "rsa3072": rsa_area(KEY_ATTRIBUTES, NO_SCHEME, bits=3072),
    "migratable": ecc(0x00060060, NO_SCHEME), "restricted": ecc(AK_ATTRIBUTES, u16(0x18) + SHA256)}


def public_key(area):
    """The RSA-2048 or EC key in a public area, with or without a cipher and a scheme."""
    if area[:2] == u16(1):
        modulus = area[-256:]
        return rsa.RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()
    _, rest = take(area[8:])
    rest = rest[2:] if rest[:2] == u16(0x10) else rest[6:]
    rest = rest[2:] if rest[:2] == u16(0x10) else rest[4:]
    curve = {3: ec.SECP256R1, 4: ec.SECP384R1, 5: ec.SECP521R1}[struct.unpack(">H", rest[:2])[0]]
    x, rest = take(rest[4:])
    y, _ = take(rest)
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve()).public_key()


# -- certificates --------------------------------------------------------------------------------------------------------------

def name(*parts): return x509.Name([x509.NameAttribute(*part) for part in parts])
def common(text): return name((x509.NameOID.COMMON_NAME, text))


def tpm_name(*leave):
    parts = [(MANUFACTURER, "id:49424D00"), (MODEL, "SW TPM"), (VERSION, "id:20191023")]
    return [x509.DirectoryName(name(*(part for part in parts if part[0] not in leave)))]


class Authority:
    """A root, and an intermediate authority that it has certified."""

    def __init__(self, title):
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root_name, self.name = common(f"{title} root"), common(f"{title} CA")
        self.root = self.certify(self.root_name, self.root_key.public_key(), self.root_name, self.root_key, None)
        self.certificate = self.certify(self.name, self.key.public_key(), self.root_name, self.root_key, 0)

    @staticmethod
    def certify(subject, key, issuer, signer, depth):
        builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), BEGIN, END)
        builder = builder.add_extension(x509.BasicConstraints(True, depth), True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return der(builder.add_extension(usage, True).sign(signer, hashes.SHA256()))

    def leaf(self, key, purposes, usage, subject=x509.Name([]), san=None, ca=False, end=END, begin=BEGIN, basic=True, signer=None,
             critical=True, policies=()):
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number(), begin, end)
        if basic:
            builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
        san = tpm_name() if san is None else san
        if san:
            builder = builder.add_extension(x509.SubjectAlternativeName(san), critical)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        if policies:
            builder = builder.add_extension(
                x509.CertificatePolicies([x509.PolicyInformation(policy, None) for policy in policies]), False)
        if usage:
            flags = [usage == flag for flag in ("sign", None, "encrypt", None, "agree", None, None, None, None)]
            builder = builder.add_extension(x509.KeyUsage(*flags), True)
        return der(builder.sign(signer or self.key, hashes.SHA256()))


def der(certificate): return certificate.public_bytes(serialization.Encoding.DER)


def permanent_identifier(value, assigner=b""):
    """id-on-permanentIdentifier (RFC 4043): SEQUENCE { UTF8String, OBJECT IDENTIFIER OPTIONAL }"""
    inner = bytes([0x0c, len(value)]) + value.encode() + (bytes([0x06, len(assigner)]) + assigner if assigner else b"")
    return x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.3"), bytes([0x30, len(inner)]) + inner)


def hardware_module(kind, serial):
    """id-on-hardwareModuleName (RFC 4108): SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING }"""
    inner = bytes([0x06, len(kind)]) + kind + bytes([0x04, len(serial)]) + serial
    return x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.4"), bytes([0x30, len(inner)]) + inner)


# -- the file ------------------------------------------------------------------------------------------------------------------

def line(kind, **fields):
    print(kind, *(f"{key}={value.hex() if isinstance(value, bytes) else value}" for key, value in fields.items()))


def manufacture(folder):
    """A new TPM with EK certificates by swtpm_setup: RSA-2048 and P-384."""
    state, ca = (os.path.join(folder, part) for part in ("state", "ca"))
    os.mkdir(state)
    os.mkdir(ca)
    for file, text in {
        "setup.conf": f"create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config={folder}/localca.conf\n"
                      f"create_certs_tool_options={folder}/options\n",
        "localca.conf": f"statedir={ca}\nsigningkey={ca}/signkey.pem\nissuercert={ca}/issuercert.pem\ncertserial={ca}/certserial\n",
        "options": "--platform-manufacturer Maker --platform-version 2.1 --platform-model Model\n",
    }.items():
        with open(os.path.join(folder, file), "w", encoding="ascii") as out:
            out.write(text)
    subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", state, "--config", f"{folder}/setup.conf", "--create-ek-cert", "--ecc",
                    "--write-ek-cert-files", folder], check=True, stdout=sys.stderr)
    line("chain", of="swtpm", root=pem(f"{ca}/swtpm-localca-rootca-cert.pem"), issuer=pem(f"{ca}/issuercert.pem"))
    return Tpm(state)


def pem(path):
    with open(path, "rb") as file:
        return der(x509.load_pem_x509_certificate(file.read()))


def raw(path):
    with open(path, "rb") as file:
        return file.read()


def primary(tpm, template):
    handle, public = tpm.primary(ENDORSEMENT, template)
    tpm.flush(handle)
    return public


def identities(tpm, folder, eks):
    """The endorsement keys, and their certificates."""
    public = {kind: primary(tpm, EK[kind]) for kind in EK}
    line("ek", name="rsa", public=public["rsa"], certificate=raw(f"{folder}/ek-rsa2048.crt"))
    line("ek", name="p384", public=public["p384"], certificate=raw(f"{folder}/ek-secp384r1.crt"))
    key = public_key(public["p256"])
    line("ek", name="p256", public=public["p256"], certificate=eks.leaf(key, [KP_EK], "agree"))
    stranger = ec.generate_private_key(ec.SECP256R1())
    past = datetime.datetime(2026, 2, 1)
    for variant, certificate in {
        "no-san": eks.leaf(key, [KP_EK], "agree", common("EK"), san=[]),
        "no-model": eks.leaf(key, [KP_EK], "agree", san=tpm_name(MODEL)),
        "uncritical-san": eks.leaf(key, [KP_EK], "agree", critical=False),
        "authority": eks.leaf(key, [KP_EK], "agree", ca=True),
        "no-basic-constraints": eks.leaf(key, [KP_EK], "agree", basic=False),
        "for-encipherment": eks.leaf(key, [KP_EK], "encrypt"),
        "for-signatures": eks.leaf(key, [KP_EK], "sign"),
        "of-an-ak": eks.leaf(key, [KP_AK], "agree"),
        "expired": eks.leaf(key, [KP_EK], "agree", end=past),
        "future": eks.leaf(key, [KP_EK], "agree", begin=END, end=END + datetime.timedelta(days=1)),
        "other-signature": eks.leaf(key, [KP_EK], "agree", signer=stranger),
    }.items():
        line("ek-variant", name=variant, certificate=certificate)


def certifications(tpm, aks):
    """Attestation keys with certificates, and what they certify."""
    parent, _ = tpm.primary(OWNER, ecc(STORAGE | 0x400, NO_SCHEME, AES))
    signers, subjects = {}, {}
    for name_, template in AK.items():
        signers[name_], public = tpm.primary(ENDORSEMENT, template)
        certificate = aks.leaf(public_key(public), [KP_AK], None)
        line("ak", name=name_, public=public, certificate=certificate)
        for key, area in (KEYS if name_ != "ecdsa" else SUBJECTS).items():
            subject, public = tpm.create(parent, area)
            attest, signature = tpm.certify(subject, signers[name_])
            line("certify", ak=name_, key=key, public=public, attest=attest, signature=signature)
            tpm.flush(subject)
        if name_ == "ecdsa":
            variants(aks, public_of(name_, tpm, signers))
            software_key(tpm, signers[name_])
        tpm.flush(signers[name_])
    # A key that signs anything: it is no attestation key.
    handle, public = tpm.primary(ENDORSEMENT, ecc(0x00040072, u16(0x18) + SHA256))
    line("ak", name="unrestricted", public=public, certificate=aks.leaf(public_key(public), [KP_AK], None))
    subject, public = tpm.create(parent, KEYS["p256"])
    attest, signature = tpm.certify(subject, handle)
    line("certify", ak="unrestricted", key="p256", public=public, attest=attest, signature=signature)


def public_of(name_, tpm, signers):
    answer = tpm.run(0x173, [signers[name_]], b"", auths=0)
    return public_key(take(answer)[0])


def variants(aks, key):
    """Certificates of the attestation key with one fault each."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    past = datetime.datetime(2026, 2, 1)
    for variant, certificate in {
        "subject": aks.leaf(key, [KP_AK], None, common("AK")),
        "no-san": aks.leaf(key, [KP_AK], None, san=[]),
        "no-manufacturer": aks.leaf(key, [KP_AK], None, san=tpm_name(MANUFACTURER)),
        "no-model": aks.leaf(key, [KP_AK], None, san=tpm_name(MODEL)),
        "no-version": aks.leaf(key, [KP_AK], None, san=tpm_name(VERSION)),
        "no-purpose": aks.leaf(key, [], None),
        "of-an-ek": aks.leaf(key, [KP_EK], None),
        "authority": aks.leaf(key, [KP_AK], None, ca=True),
        "no-basic-constraints": aks.leaf(key, [KP_AK], None, basic=False),
        "for-encipherment": aks.leaf(key, [KP_AK], "encrypt"),
        "expired": aks.leaf(key, [KP_AK], None, end=past),
        "future": aks.leaf(key, [KP_AK], None, begin=END, end=END + datetime.timedelta(days=1)),
        "other-key": aks.leaf(stranger.public_key(), [KP_AK], None),
        "other-signature": aks.leaf(key, [KP_AK], None, signer=stranger),
        "identified": aks.leaf(key, [KP_AK], None, san=tpm_name() + [permanent_identifier("device-1")]),
    }.items():
        line("ak-variant", name=variant, certificate=certificate)
    devices(aks, key)


def devices(aks, key):
    """Certificates of initial attestation keys and device identities, as makers of devices issue them (TCG: TPM 2.0 Keys for Device
    Identity and Attestation): they name the device, and policies tell what the issuer has verified."""
    device = name((x509.NameOID.COMMON_NAME, "P39886-B21"), (x509.NameOID.SERIAL_NUMBER, "MXQ1490VZK"))
    # 2.23.133.1.2, a TPM 2.0; another type of hardware;
    # and 2.23.133.12.1: the identifier is the hash of the EK certificate
    san = [hardware_module(bytes.fromhex("6781050102"), b"49424D00:abcd:1"),
           permanent_identifier("11" * 32, bytes.fromhex("6781050c01"))]
    other = [hardware_module(bytes.fromhex("2b0601040182f05c0603"), b"1")]

    def leaf(policies, purposes=(), usage="sign", san=san, **more):
        return aks.leaf(key, list(purposes), usage, device, san=san, critical=False, policies=policies, **more)

    for variant, certificate in {
        "iak": leaf([RESIDENCY, RESTRICTED], basic=False),
        "iak-of-swtpm": leaf([RESIDENCY, FIXED, RESTRICTED], [KP_AK], san=san + tpm_name()),
        "idevid": leaf([RESIDENCY, FIXED], basic=False),
        "no-residency": leaf([RESTRICTED], basic=False),
        "no-hardware": leaf([RESIDENCY, RESTRICTED], basic=False, san=san[1:]),
        "other-hardware": leaf([RESIDENCY, RESTRICTED], basic=False, san=other),
        "authority": leaf([RESIDENCY, RESTRICTED], ca=True),
        "for-encipherment": leaf([RESIDENCY, RESTRICTED], usage="encrypt", basic=False),
        "of-an-ek": leaf([RESIDENCY, RESTRICTED], [KP_EK], basic=False),
    }.items():
        line("device", name=variant, certificate=certificate)


def software_key(tpm, signer):
    """A key of which a copy exists outside of the TPM."""
    private = ec.generate_private_key(ec.SECP256R1())
    handle = tpm.load_external(soft_area(private, 0x00060040), u16(0x23), scalar(private))
    attest, signature = tpm.certify(handle, signer)
    line("certify", ak="ecdsa", key="software", public=soft_area(private, 0x00060040), attest=attest, signature=signature)
    tpm.flush(handle)


def algorithms():
    """Roots with each algorithm, and a certificate of each."""
    leaf = ec.generate_private_key(ec.SECP256R1()).public_key()
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    keys = {kind: ec.generate_private_key(curve) for kind, curve in curves.items()}
    keys |= {f"rsa{bits}": rsa.generate_private_key(65537, bits) for bits in (1024, 2048, 4096)}
    keys["ed25519"] = ed25519.Ed25519PrivateKey.generate()
    sha = {n: getattr(hashes, f"SHA{n}")() for n in (256, 384, 512)}
    for kind, key in keys.items():
        title = common(f"root {kind}")
        build = lambda subject, public, ca: x509.CertificateBuilder(  # noqa: E731
            title, subject, public, x509.random_serial_number(), BEGIN, END).add_extension(x509.BasicConstraints(ca, None), True)
        first = None if kind == "ed25519" else sha[256]
        line("root", name=kind, certificate=der(build(title, key.public_key(), True).sign(key, first)))
        ways = {"": (first, None)} if kind == "ed25519" else {f"sha{n}": (digest, None) for n, digest in sha.items()}
        if kind.startswith("rsa"):
            ways |= {f"pss{n}": (digest, padding.PSS(padding.MGF1(digest), digest.digest_size)) for n, digest in sha.items()
                     if (kind, n) != ("rsa1024", 512)}
        for way, (digest, pss) in ways.items():
            more = {"rsa_padding": pss} if pss else {}
            certificate = build(common("leaf"), leaf, False).sign(key, digest, **more)
            line("signed", root=kind, way=way or kind, certificate=der(certificate))


def scalar(private): return private.private_numbers().private_value.to_bytes(32, "big")


def soft_area(private, attributes, scheme=NO_SCHEME):
    numbers = private.public_key().public_numbers()
    return ecc(attributes, scheme, unique=(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")))


def main():
    folder = tempfile.mkdtemp()
    print("# Made by make.py; do not edit. A kind, then name=value: bytes in hex.")
    eks, aks, others = Authority("EK"), Authority("AK"), Authority("Other")
    for title, authority in (("ek", eks), ("ak", aks), ("other", others)):
        line("chain", of=title, root=authority.root, issuer=authority.certificate)
    line("nonce", value=NONCE)
    tpm = manufacture(folder)
    identities(tpm, folder, eks)
    certifications(tpm, aks)
    tpm.end()
    # Its private half lets a test sign any statement, as a TPM never does.
    private = ec.generate_private_key(ec.SECP256R1())
    area = soft_area(private, AK_ATTRIBUTES, u16(0x18) + SHA256)
    line("forger", private=scalar(private), public=area, certificate=aks.leaf(private.public_key(), [KP_AK], None))
    algorithms()
    shutil.rmtree(folder)


main()
