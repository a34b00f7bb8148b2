#!/usr/bin/env python3
"""Creates the known answers of this folder: stock openssl pads, and Python's pow() recovers the blocks.

Run it here: ./make.py. It needs the openssl command (3.0). For the features that this version lacks (RSA with SM3,
implicit rejection) it needs the Python package cryptography, built with OpenSSL 3.2 or later.
"""

import ctypes
import os
import random
import subprocess
import tempfile

from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MESSAGE = b"The quick brown fox jumps over the lazy dog"
FOLDER = tempfile.TemporaryDirectory()
RANDOM = random.Random(8017)


def path(name):
    return os.path.join(FOLDER.name, name)


def openssl(*args, stdin=b""):
    run = subprocess.run(["openssl", *args], input=stdin, capture_output=True, check=False)
    return run.stdout if run.returncode == 0 else None


class Key:
    def __init__(self, bits):
        self.bits, self.size, self.file = bits, (bits + 7) // 8, path(f"{bits}.pem")
        self.key = None
        while not self.key or self.key.key_size != bits:  # odd sizes are sometimes one bit short
            openssl("genrsa", "-out", self.file, str(bits))
            with open(self.file, "rb") as file:
                self.key = load_pem_private_key(file.read(), None)
        numbers = self.key.private_numbers()
        self.n, self.e, self.d = numbers.public_numbers.n, numbers.public_numbers.e, numbers.d

    def block(self, number):
        return number.to_bytes(self.size, "big")

    def public(self, block):
        return self.block(pow(int.from_bytes(block, "big"), self.e, self.n))

    def private(self, block):
        return self.block(pow(int.from_bytes(block, "big"), self.d, self.n))


KEYS = {}


def key(bits):
    return KEYS.setdefault(bits, None) or KEYS.update({bits: Key(bits)}) or KEYS[bits]


def write(name, how, groups):
    """Writes one file: a comment about its source, then groups of `key = value`, separated by empty lines."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "w") as file:
        file.write(f"# {how} Made by make.py.\n")
        for group in groups:
            file.write("\n")
            for field, value in group.items():
                value = value.hex() if isinstance(value, bytes) else str(value)
                file.write(f"{field} = {value}".rstrip() + "\n")


def digest_of(name, data=MESSAGE):
    return openssl("dgst", "-provider", "default", "-provider", "legacy", f"-{name}", "-binary", stdin=data)


def signatures():
    names = """md4 md5 md5-sha1 ripemd160 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256
               sha3-224 sha3-256 sha3-384 sha3-512""".split()
    for bits in (1024, 1031, 2048, 4096):
        for name in names:
            signature = openssl("dgst", "-provider", "default", "-provider", "legacy", f"-{name}", "-sign",
                                key(bits).file, stdin=MESSAGE)
            yield dict(digest=name, value=digest_of(name), bits=bits, block=key(bits).public(signature))
    signature = key(2048).key.sign(MESSAGE, padding.PKCS1v15(), hashes.SM3())
    yield dict(digest="sm3", value=digest_of("sm3"), bits=2048, block=key(2048).public(signature))


def raw():
    for bits in (512, 1024, 1025, 2048):
        size = key(bits).size
        for length in (1, 20, 36, size - 12, size - 11, size - 10, size):
            data = RANDOM.randbytes(length)
            with open(path("bytes"), "wb") as file:
                file.write(data)
            signature = openssl("rsautl", "-sign", "-inkey", key(bits).file, "-in", path("bytes"))
            yield dict(bits=bits, bytes=data, block=key(bits).public(signature) if signature else "refused")


def pss():
    cases = [(bits, "sha256", "sha256", salt)
             for bits in (1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032, 1033, 2048, 3072)
             for salt in ("digest", "max", "auto", "0", "7", "20")]
    cases += [(2048, digest, mgf1, "digest")
              for digest in ("sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-256")
              for mgf1 in ("sha1", "sha256", "sha512")]
    cases += [(528, "sha512", "sha512", "0"), (528, "sha512", "sha512", "max"), (522, "sha512", "sha1", "max"),
              (521, "sha512", "sha512", "0"), (1024, "sha512", "sha512", "digest"), (1024, "sha512", "sha512", "62"),
              (1024, "sha512", "sha512", "63"), (3072, "sha3-512", "sha384", "317"), (3072, "sha3-512", "sha384", "max")]
    for bits, digest, mgf1, salt in cases:
        value = digest_of(digest)
        with open(path("value"), "wb") as file:
            file.write(value)
        options = [f"digest:{digest}", "rsa_padding_mode:pss", f"rsa_mgf1_md:{mgf1}", f"rsa_pss_saltlen:{salt}"]
        signature = openssl("pkeyutl", "-sign", "-inkey", key(bits).file, "-in", path("value"),
                            *[word for option in options for word in ("-pkeyopt", option)])
        block = key(bits).public(signature) if signature else "refused"
        yield dict(bits=bits, digest=digest, mgf1=mgf1, salt=salt, value=value, block=block)


def oaep():
    cases = [(2048, digest, mgf1, label, 20)
             for digest in ("sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-256")
             for mgf1 in ("sha1", "sha256", "sha512")
             for label in (b"", b"DUPLICATE\0")]
    cases += [(bits, "sha1", "sha1", b"", length) for bits in (1024, 1025, 1031, 2048)
              for length in (0, 1, (bits + 7) // 8 - 42, (bits + 7) // 8 - 41)]
    cases += [(1024, "sha512", "sha256", b"", 0), (1040, "sha512", "sha256", b"", 0), (1040, "sha512", "sha256", b"", 1)]
    for bits, digest, mgf1, label, length in cases:
        message = RANDOM.randbytes(length)
        with open(path("message"), "wb") as file:
            file.write(message)
        options = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{mgf1}"]
        options += [f"rsa_oaep_label:{label.hex()}"] if label else []
        ciphertext = openssl("pkeyutl", "-encrypt", "-inkey", key(bits).file, "-in", path("message"),
                             *[word for option in options for word in ("-pkeyopt", option)])
        block = key(bits).private(ciphertext) if ciphertext else "refused"
        yield dict(bits=bits, digest=digest, mgf1=mgf1, label=label, message=message, block=block)


def nonzero(length):
    return bytes(RANDOM.randrange(1, 256) for _ in range(length))


def type2(size, length):
    return b"\0\2" + nonzero(size - 3 - length) + b"\0" + RANDOM.randbytes(length)


def blocks(size):
    """Returns inputs for a decoder of type 2: correct ones, and ones that are wrong in each way."""
    for length in (0, 1, 16, 48, size - 12, size - 11):
        yield type2(size, length)
    yield type2(size, size - 10)
    yield b"\0\2\0" + RANDOM.randbytes(size - 3)
    yield b"\0\2" + nonzero(7) + b"\0" + nonzero(size - 10)
    yield b"\0\2" + nonzero(8) + b"\0" + nonzero(size - 11)
    yield b"\0\2" + nonzero(size - 2)
    yield b"\0\1" + type2(size, 16)[2:]
    yield b"\0\0" + type2(size, 16)[2:]
    yield b"\0\xfd" + type2(size, 16)[2:]
    yield b"\1\2" + type2(size, 16)[2:]
    yield b"\0" * size
    yield b"\0\2" + b"\0" * (size - 2)
    for _ in range(8):
        yield b"\0" + RANDOM.randbytes(size - 1)


def rejection():
    for bits in (1024, 2048, 4096):
        for block in blocks(key(bits).size):
            if int.from_bytes(block, "big") >= key(bits).n:
                continue
            ciphertext = key(bits).public(block)
            message = key(bits).key.decrypt(ciphertext, padding.PKCS1v15())
            yield dict(bits=bits, d=key(bits).block(key(bits).d), ciphertext=ciphertext, block=block, message=message)


class Libcrypto:
    """Calls EVP_PKEY_decrypt of the system's OpenSSL 3.0, without implicit rejection, and with the padding of TLS."""

    def __init__(self):
        self.lib = ctypes.CDLL("libcrypto.so.3")
        for name in "d2i_AutoPrivateKey EVP_PKEY_CTX_new OSSL_PARAM_BLD_new OSSL_PARAM_BLD_to_param".split():
            getattr(self.lib, name).restype = ctypes.c_void_p

    def decrypt(self, key, ciphertext, **params):
        der = openssl("pkey", "-in", key.file, "-outform", "DER")
        start = ctypes.c_char_p(der)
        pkey = ctypes.c_void_p(self.lib.d2i_AutoPrivateKey(None, ctypes.byref(start), len(der)))
        ctx = ctypes.c_void_p(self.lib.EVP_PKEY_CTX_new(pkey, None))
        assert self.lib.EVP_PKEY_decrypt_init(ctx) == 1
        bld = ctypes.c_void_p(self.lib.OSSL_PARAM_BLD_new())
        names = [name.replace("_", "-").encode() for name in params]  # libcrypto keeps pointers to them
        for name, value in zip(names, params.values()):
            push = self.lib.OSSL_PARAM_BLD_push_int if name == b"pad-mode" else self.lib.OSSL_PARAM_BLD_push_uint
            assert push(bld, name, value) == 1
        assert self.lib.EVP_PKEY_CTX_set_params(ctx, ctypes.c_void_p(self.lib.OSSL_PARAM_BLD_to_param(bld))) == 1
        out = ctypes.create_string_buffer(key.size)
        length = ctypes.c_size_t(key.size)
        ok = self.lib.EVP_PKEY_decrypt(ctx, out, ctypes.byref(length), ciphertext, ctypes.c_size_t(len(ciphertext)))
        return out.raw[: length.value] if ok == 1 else None


LIBCRYPTO = Libcrypto()


def explicit():
    for bits in (512, 1025, 2048):
        for block in blocks(key(bits).size):
            if int.from_bytes(block, "big") >= key(bits).n:
                continue
            message = LIBCRYPTO.decrypt(key(bits), key(bits).public(block), pad_mode=1)
            yield dict(bits=bits, block=block, message="refused" if message is None else message)


def tls_blocks(size):
    premaster = RANDOM.randbytes(46)
    for version in (b"\3\3", b"\3\1", b"\3\0", b"\2\3", b"\3\2", b"\3\4"):
        yield b"\0\2" + nonzero(size - 51) + b"\0" + version + premaster
    yield b"\0\2" + nonzero(size - 52) + b"\0\0\3\3" + premaster
    yield b"\0\2" + nonzero(size - 52) + b"\0\7\3\3" + premaster
    yield b"\0\2" + nonzero(size - 51) + b"\7\3\3" + premaster
    yield b"\0\2\0" + nonzero(size - 52) + b"\0\3\3" + premaster
    yield b"\0\2" + nonzero(7) + b"\0" + nonzero(size - 59) + b"\0\3\3" + premaster
    yield b"\0\1" + nonzero(size - 51) + b"\0\3\3" + premaster
    yield b"\1\2" + nonzero(size - 51) + b"\0\3\3" + premaster
    yield type2(size, 16)
    yield b"\0" + RANDOM.randbytes(size - 1)


def tls():
    for bits in (512, 1025, 2048):
        for block in tls_blocks(key(bits).size):
            for client, negotiated in ((0x303, 0), (0x303, 0x301), (0x301, 0x301)):
                if int.from_bytes(block, "big") >= key(bits).n:
                    continue
                versions = dict(tls_client_version=client, tls_negotiated_version=negotiated)
                # OpenSSL's random premaster secret is different each time.
                answers = [LIBCRYPTO.decrypt(key(bits), key(bits).public(block), pad_mode=7, **versions) for _ in "12"]
                premaster = answers[0] if answers[0] == answers[1] else "random"
                yield dict(bits=bits, block=block, client=f"{client:04x}", negotiated=f"{negotiated:04x}", premaster=premaster)


STOCK = openssl("version").decode().split(" (")[0].rsplit(" ", 3)[0]
LATER = " ".join(backend.openssl_version_text().split()[:2])

if __name__ == "__main__":
    write("signatures.txt", f"{STOCK} signs by dgst -sign; SM3 by {LATER}.", signatures())
    write("raw.txt", f"{STOCK} signs by rsautl -sign.", raw())
    write("pss.txt", f"{STOCK} signs by pkeyutl -sign.", pss())
    write("oaep.txt", f"{STOCK} encrypts by pkeyutl -encrypt.", oaep())
    write("rejection.txt", f"{LATER} decrypts PKCS#1 v1.5 with implicit rejection.", rejection())
    write("explicit.txt", f"{STOCK} decrypts PKCS#1 v1.5 without implicit rejection.", explicit())
    write("tls.txt", f"{STOCK} decrypts TLS premaster secrets by EVP_PKEY_decrypt.", tls())
