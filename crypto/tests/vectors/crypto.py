#!/usr/bin/env python3
"""Computes crypto.txt from the text of TPM 2.0 Library Part 1: python3 crypto.py > crypto.txt

Shares nothing with the crate under test: hashlib, hmac and integers; AES blocks and curve points by python3-cryptography (OpenSSL).
"""
import hashlib
import hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HASHES = {"sha1": 0x0004, "sha256": 0x000B, "sha384": 0x000C, "sha512": 0x000D}
CURVES = {"P-256": (ec.SECP256R1(), 0x0003, 32), "P-384": (ec.SECP384R1(), 0x0004, 48), "P-521": (ec.SECP521R1(), 0x0005, 66)}


# -- the specification ---------------------------------------------------------------------------------------------------------

def u16(n): return n.to_bytes(2, "big")
def u32(n): return n.to_bytes(4, "big")
def sized(b): return u16(len(b)) + b
def digest(h, b): return hashlib.new(h, b).digest()
def size(h): return hashlib.new(h).digest_size
def mac(h, k, b): return hmac.new(k, b, h).digest()


def cut(data, bits):
    """The leading bytes; excess bits of the first are cleared."""
    data = bytearray(data[:(bits + 7) // 8])
    if bits % 8:
        data[0] &= (1 << bits % 8) - 1
    return bytes(data)


def kdfa(h, key, label, u, v, bits):
    out, i = b"", 1
    while len(out) * 8 < bits:
        out += mac(h, key, u32(i) + label.encode() + b"\0" + u + v + u32(bits))
        i += 1
    return cut(out, bits)


def kdfe(h, z, label, u, v, bits):
    out, i = b"", 1
    while len(out) * 8 < bits:
        out += digest(h, u32(i) + z + label.encode() + b"\0" + u + v)
        i += 1
    return cut(out, bits)


def cfb(key, iv, data, decrypt=False):
    block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    out, feedback = b"", iv
    for at in range(0, len(data), 16):
        part = data[at:at + 16]
        result = bytes(a ^ b for a, b in zip(part, block.update(feedback)))
        feedback = part if decrypt else result
        out += result
    return out


def mgf1(h, seed, length):
    return b"".join(digest(h, seed + u32(i)) for i in range(length // size(h) + 1))[:length]


def oaep(h, label, n, e, secret, seed):
    k = (n.bit_length() + 7) // 8
    db = digest(h, label.encode() + b"\0")
    db += b"\0" * (k - len(secret) - 2 * size(h) - 2) + b"\1" + secret
    db = bytes(a ^ b for a, b in zip(db, mgf1(h, seed, len(db))))
    seed = bytes(a ^ b for a, b in zip(seed, mgf1(h, db, len(seed))))
    return pow(int.from_bytes(seed + db, "big"), e, n).to_bytes(k, "big")


def ecdh(curve, ephemeral, x, y):
    params, _, length = CURVES[curve]
    peer = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), params).public_key()
    own = ec.derive_private_key(int.from_bytes(ephemeral, "big"), params)
    point = own.public_key().public_numbers()
    return point.x.to_bytes(length, "big"), point.y.to_bytes(length, "big"), own.exchange(ec.ECDH(), peer)


def seed_to_ecc(h, label, curve, x, y, ephemeral):
    """Seed and TPMS_ECC_POINT."""
    ex, ey, z = ecdh(curve, ephemeral, x, y)
    return kdfe(h, z, label, ex, x, size(h) * 8), sized(ex) + sized(ey)


def wrapped(h, bits, seed, name, sensitive):
    """The TPM2B_PRIVATE contents of Part 1, "Outer Duplication Wrapper"."""
    data = cfb(kdfa(h, seed, "STORAGE", name, b"", bits), bytes(16), sized(sensitive))
    return sized(mac(h, kdfa(h, seed, "INTEGRITY", b"", b"", size(h) * 8), data + name)) + data


# -- the inputs ----------------------------------------------------------------------------------------------------------------

def fixed(what, length):
    """Fixed bytes that look random."""
    return hashlib.shake_256(what.encode()).digest(length)


def point(curve, leading_zero=False):
    params, _, length = CURVES[curve]
    for i in range(100000):
        secret = int.from_bytes(fixed(f"point {curve} {i}", 24), "big")
        p = ec.derive_private_key(secret, params).public_key().public_numbers()
        x = p.x.to_bytes(length, "big")
        if leading_zero == (x[0] == 0) or curve == "P-521":
            return x, p.y.to_bytes(length, "big")


def ephemeral(curve):
    length = CURVES[curve][2]
    return fixed("ephemeral " + curve, 24).rjust(length, b"\0")


def modulus(bits):
    """Any odd number does for the public operation."""
    return int.from_bytes(fixed(f"modulus {bits}", bits // 8), "big") | 1 << (bits - 1) | 1


def prime(what, bits):
    """A number that passes Fermat's test, with both high bits set, fit for the exponent 65537."""
    n = int.from_bytes(fixed(what, bits // 8), "big") | 3 << (bits - 2) | 1
    while pow(2, n - 1, n) != 1 or n % 65537 == 1:
        n += 2
    return n


def ecc_public(h, attributes, symmetric, curve, x, y):
    return u16(0x0023) + u16(HASHES[h]) + u32(attributes) + sized(b"") + symmetric + u16(0x0010) + u16(CURVES[curve][1]) \
        + u16(0x0010) + sized(x) + sized(y)


def rsa_public(h, attributes, symmetric, bits, exponent, n):
    return u16(0x0001) + u16(HASHES[h]) + u32(attributes) + sized(b"") + symmetric + u16(0x0010) + u16(bits) + u32(exponent) \
        + sized(n)


def line(kind, **fields):
    text = {k: v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}
    print(kind, *(f"{k}={v}" for k, v in text.items()))


def main():
    print("# Computed by crypto.py; do not edit. A kind, then name=value: bytes in hex, numbers in decimal.")
    for h in HASHES:
        for length in (0, 1, 20, 63, 64, 65, 127, 128, 129, 300):
            key, data = fixed(f"hmac key {length}", length), fixed(f"hmac data {length}", 3 * length)
            line("hmac", hash=h, key=key, data=data, out=mac(h, key, data))
    for h in HASHES:
        for bits in (128, 160, 256, 384, 512, 521, 1, 7, 9, 2048):
            key, u, v = fixed(f"kdfa {bits}", 32), fixed("kdfa u", 34), fixed("kdfa v", bits % 5)
            line("kdfa", hash=h, key=key, label="STORAGE", u=u, v=v, bits=bits, out=kdfa(h, key, "STORAGE", u, v, bits))
    line("kdfa", hash="sha256", key=b"", label="", u=b"", v=b"", bits=256, out=kdfa("sha256", b"", "", b"", b"", 256))
    for h in HASHES:
        for bits in (size(h) * 8, 9, 521, 1024):
            z, u, v = fixed(f"kdfe {bits}", 48), fixed("kdfe u", 48), fixed("kdfe v", 48)
            line("kdfe", hash=h, z=z, label="SECRET", u=u, v=v, bits=bits, out=kdfe(h, z, "SECRET", u, v, bits))
    for h in HASHES:
        for salt, bound, auth, others in ((32, 0, 0, 0), (20, 7, 0, 0), (0, 12, 5, 1), (64, 64, 64, 2)):
            caller, tpm, caller1, tpm1 = (fixed(w, size(h)) for w in ("caller", "tpm", "caller 1", "tpm 1"))
            salt, bound, auth = fixed("salt", salt), fixed("bound", bound), fixed("auth", auth)
            decrypt, encrypt = fixed("dec", size(h) if others > 0 else 0), fixed("enc", size(h) if others > 1 else 0)
            key = kdfa(h, bound + salt, "ATH", tpm, caller, size(h) * 8)
            cc, name1, name2, cp, rp = 0x15D, fixed("name 1", 34), b"\x40\0\0\1", fixed("cp", 77), fixed("rp", 99)
            cp_hash, rp_hash = digest(h, u32(cc) + name1 + name2 + cp), digest(h, u32(0) + u32(cc) + rp)
            line("session", hash=h, salt=salt, bound=bound, auth=auth, caller=caller, tpm=tpm, caller1=caller1, tpm1=tpm1,
                 decrypt=decrypt, encrypt=encrypt, cc=cc, name1=name1, name2=name2, cp=cp, rp=rp, session_key=key,
                 cp_hash=cp_hash, rp_hash=rp_hash,
                 command_hmac=mac(h, key + auth, cp_hash + caller1 + tpm + decrypt + encrypt + b"\x61"),
                 response_hmac=mac(h, key + auth, rp_hash + tpm1 + caller1 + b"\x61"))
    # The only vectors from outside: NIST SP 800-38A, F.3.13 and F.3.17 check the Python before the Python checks the crate.
    key, iv = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes(range(16))
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    cipher = bytes.fromhex("3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b")
    assert cfb(key, iv, plain) == cipher and cfb(key, iv, cipher, decrypt=True) == plain
    for bits in (128, 192, 256):
        for length in (0, 1, 15, 16, 17, 31, 32, 33, 200):
            key, iv, plain = fixed(f"cfb key {bits}", bits // 8), fixed("iv", 16), fixed("plain", length)
            line("cfb", key=key, iv=iv, plain=plain, cipher=cfb(key, iv, plain))
    for h in HASHES:
        for bits in (128, 192, 256):
            value, caller, tpm = fixed("value", size(h) + 9), fixed("caller p", 16), fixed("tpm p", size(h))
            plain = fixed("parameter", 37)
            to = kdfa(h, value, "CFB", caller, tpm, bits + 128)
            back = kdfa(h, value, "CFB", tpm, caller, bits + 128)
            line("parameter", hash=h, bits=bits, value=value, caller=caller, tpm=tpm, plain=plain,
                 command=cfb(to[:bits // 8], to[bits // 8:], plain), response=cfb(back[:bits // 8], back[bits // 8:], plain))
    for curve in CURVES:
        for zero in (False, True):
            x, y = point(curve, zero)
            ex, ey, z = ecdh(curve, ephemeral(curve), x, y)
            line("ecdh", curve=curve, x=x, y=y, ephemeral=ephemeral(curve), ex=ex, ey=ey, z=z)
    for h in HASHES:
        for bits in (2048, 3072):
            n, seed, secret = modulus(bits), fixed("oaep seed", size(h)), fixed("oaep secret", size(h))
            line("oaep", hash=h, label="SECRET", modulus=n.to_bytes(bits // 8, "big"), exponent=65537, seed=seed, secret=secret,
                 out=oaep(h, "SECRET", n, 65537, secret, seed))
    # Keys to wrap, for a real TPM.
    p, q = prime("p", 1024), prime("q", 1024)
    line("rsa_key", modulus=(p * q).to_bytes(256, "big"), prime=p.to_bytes(128, "big"))
    for curve in CURVES:
        private = ephemeral(curve)
        numbers = ec.derive_private_key(int.from_bytes(private, "big"), CURVES[curve][0]).public_key().public_numbers()
        x, y = (c.to_bytes(CURVES[curve][2], "big") for c in (numbers.x, numbers.y))
        line("ecc_key", curve=curve, x=x, y=y, private=private)
    # Salts and duplication: the parent's public area, what is drawn at random in its order, the object's public area.
    for h in HASHES:
        for bits in (128, 256):
            aes = u16(0x0006) + u16(bits) + u16(0x0043)
            x, y = point("P-521" if h == "sha512" else "P-384")
            obj = ecc_public("sha256", 0x00060440, u16(0x0010), "P-256", *point("P-256"))
            obj_name = u16(HASHES["sha256"]) + digest("sha256", obj)
            sensitive = u16(0x0023) + sized(b"password") + sized(b"") + sized(fixed("private", 32))
            for curve in CURVES:
                x, y = point(curve)
                salt, salt_secret = seed_to_ecc(h, "SECRET", curve, x, y, ephemeral(curve))
                seed, secret = seed_to_ecc(h, "DUPLICATE", curve, x, y, ephemeral(curve))
                line("wrap", parent=ecc_public(h, 0x00030472, aes, curve, x, y), draw1=ephemeral(curve), draw2=b"", salt=salt,
                     salt_secret=salt_secret, public=obj, sensitive=sensitive, secret=secret,
                     duplicate=wrapped(h, bits, seed, obj_name, sensitive))
            n, seed, pad = modulus(2048), fixed("seed", size(h)), fixed("oaep pad", size(h))
            line("wrap", parent=rsa_public(h, 0x00030472, aes, 2048, 0, n.to_bytes(256, "big")), draw1=seed, draw2=pad, salt=seed,
                 salt_secret=oaep(h, "SECRET", n, 65537, seed, pad), public=obj, sensitive=sensitive,
                 secret=oaep(h, "DUPLICATE", n, 65537, seed, pad), duplicate=wrapped(h, bits, seed, obj_name, sensitive))


if __name__ == "__main__":
    main()
