#!/usr/bin/python3
"""A peer of the Sotto protocol in one file, written from spec/ and test-vectors/ alone.

Python 3.11 and the package `cryptography` (38 or later), nothing else. It holds the level `core` of spec/conformance.md: the handshake of
every suite, records, rekeying and refresh, the initiation, calls, one-way messages, credit and closing; and of streams what sessions show.
Ids in brackets, such as (SE-44), name the requirement that a line obeys. Not for production: nothing here takes constant time.

    peer.py shim                       speaks the lines of spec/conformance.md over standard input and output
    peer.py id                         makes an identity, or prints the id of SOTTO_SECRET
    peer.py serve ENDPOINT PEER        serves kit.v1 to PEER at tcp:HOST:PORT or unix:PATH
    peer.py call ENDPOINT PEER OP ARG  calls an operation of kit.v1 with a JSON value
"""

from __future__ import annotations

import collections
import hashlib
import hmac
import json
import math
import os
import re
import select
import socket
import struct
import sys
import threading
import time
import traceback
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Callable, Iterable, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# ---------------------------------------------------------------- errors (spec/errors.md)

# The codes that have a number on the wire; 0 is no code (ER-1, ER-2).
WIRE: dict[str, int] = {
    "session/malformed": 1, "session/unexpected": 2, "session/limit": 3, "session/timeout": 4, "session/closed": 5,
    "session/service": 6, "session/extension": 7, "session/busy": 8, "identity/not-trusted": 16,
    "contract/unserved": 17, "contract/changed": 18, "contract/invalid": 19, "policy/denied": 32, "policy/limited": 33,
    "call/cancelled": 48, "call/deadline": 49, "call/fault": 50, "call/internal": 51, "call/too-large": 52,
    "flow/refused": 64, "topic/slow": 80, "broker/full": 81, "broker/failed": 82,
}  # fmt: skip
CODES: dict[int, str] = {number: code for code, number in WIRE.items()}


class Fault(Exception):
    """A failure with a code of spec/errors.md; its text begins with the code (ER-3) and holds no secret and no byte of the peer."""

    def __init__(self, code: str, text: str = "", detail: str = "") -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.detail = detail


def malformed(text: str) -> Fault:
    return Fault("session/malformed", text)


# ---------------------------------------------------------------- CBOR (spec/cbor.md)

DEPTH, ITEMS, KEYS = 32, 65_536, 1_024
REFUSED_KEYS = ("__proto__", "constructor", "prototype")
SAFE = 2**53 - 1


class Scan:
    """Checks bytes against the profile before anything is built of them (CB-1)."""

    def __init__(self, data: bytes, control: bool) -> None:
        self.data, self.control, self.at, self.items = data, control, 0, 0

    def whole(self) -> None:
        """Exactly one item (CB-2)."""
        self.item(0)
        if self.at != len(self.data):
            raise Fault("cbor/malformed", "bytes behind the item")

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.at:
            raise Fault("cbor/malformed", "cut short")
        self.at += length
        return self.data[self.at - length : self.at]

    def head(self) -> tuple[int, int, int]:
        """Major type, additional information and argument, in the shortest form (CB-3)."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info == 31 and 2 <= major <= 5:
            raise Fault("cbor/forbidden", "indefinite length")  # CB-7
        if info > 27:
            raise Fault("cbor/malformed", "reserved head")
        argument = int.from_bytes(self.take(1 << (info - 24)), "big")
        if major == 7:
            return major, info, argument
        if argument < (24, 256, 65_536, 2**32)[info - 24]:
            raise Fault("cbor/forbidden", "a shorter head holds it")
        return major, info, argument

    def item(self, depth: int, key: str = "") -> int:
        """One item, its head judged by form, by promise, by limits; `key` says what the keys of its map are, if it is one."""
        self.items += 1
        if self.items > ITEMS:
            raise Fault("cbor/limit", "too many items")  # CB-15
        if key:
            self.key_head(key)
        major, info, argument = self.head()
        left = len(self.data) - self.at
        if major == 6:
            raise Fault("cbor/forbidden", "tag")  # CB-5
        if major == 7:
            self.simple(info, argument)
        if major in (2, 3) and argument > left or major == 4 and argument > left or major == 5 and 2 * argument > left:
            raise Fault("cbor/malformed", "more is promised than is left")  # CB-4
        if major in (4, 5) and depth >= DEPTH:
            raise Fault("cbor/limit", "too deep")  # CB-14
        if major in (4, 5) and self.items + argument * (major - 3) > ITEMS:
            raise Fault("cbor/limit", "too many items are promised")
        if major == 2:
            self.take(argument)
        elif major == 3:
            self.text(argument)
        elif major == 4:
            for _ in range(argument):
                self.item(depth + 1)
        elif major == 5:
            self.map(argument, depth)
        return major

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode("utf-8")  # CB-13; Python's decoder is that of RFC 3629
        except UnicodeDecodeError:
            raise Fault("cbor/malformed", "text that is not UTF-8") from None

    def map(self, count: int, depth: int) -> None:
        if count > KEYS:
            raise Fault("cbor/limit", "too many keys")  # CB-16
        last, keys = b"", "any" if self.control else "text"
        for _ in range(count):
            start = self.at
            major = self.item(depth + 1, keys)
            keys, key = "text" if major == 3 else "integer", self.data[start : self.at]
            if build(key) in REFUSED_KEYS:
                raise Fault("cbor/forbidden", "a key that programs give a meaning")  # CB-12
            if last and key <= last:
                raise Fault("cbor/forbidden", "keys that do not rise")  # CB-10
            last = key
            self.item(depth + 1)

    def key_head(self, keys: str) -> None:
        """Text keys, or in control structures integers of 32 bits alone (CB-11); the first key says which."""
        if self.at < len(self.data):
            major, info = self.data[self.at] >> 5, self.data[self.at] & 31
            if not (major == 3 and keys != "integer" or major < 2 and keys != "text" and info != 27):
                raise Fault("cbor/forbidden", "a key of another type")

    def simple(self, info: int, argument: int) -> None:
        if info < 24:
            if info not in (20, 21, 22):
                raise Fault("cbor/forbidden", "simple value")  # CB-6
        elif info == 24:
            raise Fault("cbor/malformed" if argument < 32 else "cbor/forbidden", "simple value")
        elif self.control:
            raise Fault("cbor/forbidden", "a float in a control structure")  # CB-17
        elif not float_is_shortest(info, argument):
            raise Fault("cbor/forbidden", "a float with another form")  # CB-8, CB-9


FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def float_of(info: int, argument: int) -> float:
    form, size = FLOATS[info]
    return float(struct.unpack(form, argument.to_bytes(size, "big"))[0])


def float_is_shortest(info: int, argument: int) -> bool:
    value = float_of(info, argument)
    if math.isnan(value):
        return info == 25 and argument == 0x7E00
    if not math.isinf(value) and value == math.floor(value):
        return False
    return len(encode_float(value)) == 1 + FLOATS[info][1]


def encode_float(value: float) -> bytes:
    """The shortest float that holds the value."""
    if math.isnan(value):
        return b"\xf9\x7e\x00"
    for info, (form, _) in FLOATS.items():
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return bytes([0xE0 | info]) + packed
    raise AssertionError("a double holds every float")


def build(data: bytes) -> Any:
    """The value of one item that was checked. Maps are dicts, null is None."""
    return build_at(data, 0)[0]


def build_at(data: bytes, at: int) -> tuple[Any, int]:
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    size = 0 if info < 24 else 1 << (info - 24)
    argument = info if info < 24 else int.from_bytes(data[at : at + size], "big")
    at += size
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major == 2:
        return data[at : at + argument], at + argument
    if major == 3:
        return data[at : at + argument].decode("utf-8"), at + argument
    if major == 7:
        return ({20: False, 21: True, 22: None}[info] if info < 24 else float_of(info, argument)), at
    out: list[Any] = []
    for _ in range(argument if major == 4 else 2 * argument):
        value, at = build_at(data, at)
        out.append(value)
    return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at


def decode(data: bytes, control: bool = False) -> Any:
    """The one item that `data` is. Raises cbor/malformed, cbor/forbidden, cbor/limit."""
    Scan(data, control).whole()
    return build(data)


def head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise Fault("cbor/unencodable", "an integer of more than 64 bits")


def encode(value: Any, depth: int = 0) -> bytes:
    """The one form of a value (CB-19). Raises cbor/unencodable for what has none (CB-18)."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, float) and not (math.isfinite(value) and value == math.floor(value)):
        return encode_float(value)
    if isinstance(value, (int, float)):
        number = int(value)
        return head(0, number) if number >= 0 else head(1, -1 - number)
    if isinstance(value, (bytes, bytearray)):
        return head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        try:
            text = value.encode("utf-8")
        except UnicodeEncodeError:
            raise Fault("cbor/unencodable", "half of a surrogate pair") from None
        return head(3, len(text)) + text
    if depth >= DEPTH or not isinstance(value, (list, tuple, dict)):
        raise Fault("cbor/unencodable", "a value that has no form")
    if isinstance(value, dict):
        if any(key in REFUSED_KEYS or isinstance(key, bool) or not isinstance(key, (int, str)) for key in value):
            raise Fault("cbor/unencodable", "a key that is not taken")
        pairs = sorted((encode(key), encode(member, depth + 1)) for key, member in value.items())
        return head(5, len(pairs)) + b"".join(key + member for key, member in pairs)
    return head(4, len(value)) + b"".join(encode(member, depth + 1) for member in value)


# ---------------------------------------------------------------- keys as text (spec/identity.md)

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32M = 0x2BC830A3
PRIME = 2**255 - 19


def polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check


def expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def to_text(prefix: str, data: bytes) -> str:
    """bech32m (BIP 350) of the type byte 0 and `data`, in lower case (ID-1)."""
    number, bits = int.from_bytes(b"\0" + data, "big"), 8 * (len(data) + 1)
    number <<= -bits % 5
    words = [number >> shift & 31 for shift in range(bits + -bits % 5 - 5, -1, -5)]
    check = polymod(expand(prefix) + words + [0] * 6) ^ BECH32M
    words += [check >> shift & 31 for shift in range(25, -1, -5)]
    return prefix + "1" + "".join(CHARSET[word] for word in words)


def from_text(text: str, prefix: str, length: int, upper: bool = False) -> bytes:
    """The bytes of a text, which is the very one that a writer makes of them (ID-2). An error quotes nothing of it (ID-4)."""
    refused = Fault("identity/malformed", f"not a text of {prefix}")
    lower = text.lower() if upper else text
    body = lower[len(prefix) + 1 :]
    if not text.isascii() or not lower.startswith(prefix + "1") or any(c not in CHARSET for c in body):
        raise refused
    words = [CHARSET.index(c) for c in body]
    if len(words) < 7 or polymod(expand(prefix) + words) != BECH32M:
        raise refused
    number = 0
    for word in words[:-6]:
        number = number << 5 | word
    spare = 5 * (len(words) - 6) % 8
    data = (number >> spare).to_bytes(5 * (len(words) - 6) // 8, "big")
    again = to_text(prefix, data[1:])
    if len(data) != length + 1 or data[0] != 0 or (again.upper() if upper else again) != text:
        raise refused
    return data[1:]


def is_canonical(public: bytes) -> bool:
    """Bit 255 clear and a value below the prime (ID-3, SE-12)."""
    return int.from_bytes(public, "little") < PRIME


def id_of(public: bytes) -> str:
    return to_text("sotto", public)


def key_of(text: str) -> bytes:
    """The public key that a peer id names."""
    public = from_text(text, "sotto", 32)
    if not is_canonical(public):
        raise Fault("identity/malformed", "a public key that is not canonical")
    return public


def secret_text(secret: bytes) -> str:
    return to_text("sotto-secret-", secret).upper()


def sealed_key(passphrase: str, cost: int, salt: bytes) -> bytes:
    if not 14 <= cost <= 18:
        raise Fault("crypto/bad-key", "a cost outside 14 to 18")  # ID-7
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return hashlib.scrypt(secret, salt=salt, n=1 << cost, r=8, p=1, maxmem=2**29, dklen=32)


def seal_secret(secret: bytes, passphrase: str, cost: int, salt: bytes) -> tuple[bytes, bytes, bytes, str]:
    """Key, associated data, bytes and text of a sealed secret key (ID-6)."""
    key, stem = sealed_key(passphrase, cost, salt), bytes([cost]) + salt
    ad = b"Sotto/1 sealed identity" + stem
    data = stem + aead("ChaChaPoly", key).encrypt(nonce_of("ChaChaPoly", 0), secret, ad)
    return key, ad, data, to_text("sotto-sealed-", data).upper()


def open_secret(text: str, passphrase: str) -> bytes:
    data = from_text(text, "sotto-sealed-", 65, upper=True)
    key, ad = sealed_key(passphrase, data[0], data[1:17]), b"Sotto/1 sealed identity" + data[:17]
    try:
        return aead("ChaChaPoly", key).decrypt(nonce_of("ChaChaPoly", 0), data[17:], ad)
    except InvalidTag:
        raise Fault("identity/malformed", "a passphrase that does not open it") from None


# ---------------------------------------------------------------- cryptography (spec/crypto.md)


def public_of(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret: bytes, public: bytes) -> bytes:
    """RFC 7748 section 5 (CR-3); a result of all zeros is refused (CR-4)."""
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Fault("crypto/zero-shared") from None


def mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf(chain: bytes, material: bytes, outputs: int) -> list[bytes]:
    """The HKDF of Noise section 4.3 (CR-17)."""
    t, out = mac(chain, material), [b""]
    for number in range(1, outputs + 1):
        out.append(mac(t, out[-1], bytes([number])))
    return out[1:]


def hkdf_expand(key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 (CR-16)."""
    out, block = b"", b""
    for number in range(1, 256):
        if len(out) >= length:
            break
        block = mac(key, block, info, bytes([number]))
        out += block
    return out[:length]


def nonce_of(cipher: str, n: int) -> bytes:
    """Four zero bytes and the counter: little-endian for ChaChaPoly, big-endian for AESGCM (CR-13)."""
    return bytes(4) + n.to_bytes(8, "little" if cipher == "ChaChaPoly" else "big")


def aead(cipher: str, key: bytes) -> ChaCha20Poly1305 | AESGCM:
    return ChaCha20Poly1305(key) if cipher == "ChaChaPoly" else AESGCM(key)


def rekeyed(cipher: str, key: bytes) -> bytes:
    """REKEY of Noise section 4.2 (CR-8)."""
    return aead(cipher, key).encrypt(nonce_of(cipher, 2**64 - 1), bytes(32), b"")[:32]


# ---------------------------------------------------------------- ML-KEM-768 (FIPS 203)

Q, K, DU, DV = 3329, 3, 10, 4
Poly = list[int]


def bit_reversed(value: int) -> int:
    return int(f"{value:07b}"[::-1], 2)


ZETAS = [pow(17, bit_reversed(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * bit_reversed(i) + 1, Q) for i in range(128)]


def ntt(poly: Poly) -> Poly:
    """Algorithm 9."""
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = ZETAS[i]
            i += 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length], f[j] = (f[j] - t) % Q, (f[j] + t) % Q
        length //= 2
    return f


def inverse_ntt(poly: Poly) -> Poly:
    """Algorithm 10."""
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = ZETAS[i]
            i -= 1
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [value * 3303 % Q for value in f]


def product(f: Poly, g: Poly) -> Poly:
    """Algorithm 11: the product of two polynomials in the domain of the transform."""
    h: Poly = []
    for i, gamma in enumerate(GAMMAS):
        a, b, c, d = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        h += [(a * c + b * d * gamma) % Q, (a * d + b * c) % Q]
    return h


def total(polys: Iterable[Poly]) -> Poly:
    return [sum(values) % Q for values in zip(*polys)]


def pack(poly: Poly, bits: int) -> bytes:
    """ByteEncode, algorithm 5."""
    number = 0
    for i, value in enumerate(poly):
        number |= value << bits * i
    return number.to_bytes(32 * bits, "little")


def unpack(data: bytes, bits: int) -> Poly:
    number, mask = int.from_bytes(data, "little"), (1 << bits) - 1
    return [number >> bits * i & mask for i in range(256)]


def compress(poly: Poly, bits: int) -> Poly:
    return [((value << bits) * 2 + Q) // (2 * Q) & (1 << bits) - 1 for value in poly]


def decompress(poly: Poly, bits: int) -> Poly:
    return [(value * Q + (1 << bits - 1)) >> bits for value in poly]


def uniform(rho: bytes, j: int, i: int) -> Poly:
    """SampleNTT, algorithm 7: 840 bytes of the stream are enough for all but one in 2^38; else more are drawn."""
    size = 840
    while True:
        stream = hashlib.shake_128(rho + bytes([j, i])).digest(size)
        out = []
        for at in range(0, size, 3):
            a, b, c = stream[at : at + 3]
            out += [value for value in (a | (b & 15) << 8, b >> 4 | c << 4) if value < Q]
        if len(out) >= 256:
            return out[:256]
        size *= 2


def noise_poly(seed: bytes, n: int) -> Poly:
    """SamplePolyCBD with eta = 2 of the PRF's output, algorithm 8."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([n])).digest(128), "little")
    nibbles = [bits >> 4 * i & 15 for i in range(256)]
    return [((v & 1) + (v >> 1 & 1) - (v >> 2 & 1) - (v >> 3)) % Q for v in nibbles]


def kem_keys(seed: bytes) -> tuple[bytes, bytes]:
    """Encapsulation and decapsulation key of the seed d | z (ML-KEM.KeyGen_internal)."""
    d, z = seed[:32], seed[32:]
    g = hashlib.sha3_512(d + bytes([K])).digest()
    rho, sigma = g[:32], g[32:]
    s = [ntt(noise_poly(sigma, i)) for i in range(K)]
    e = [ntt(noise_poly(sigma, K + i)) for i in range(K)]
    t = [total([product(uniform(rho, j, i), s[j]) for j in range(K)] + [e[i]]) for i in range(K)]
    public = b"".join(pack(poly, 12) for poly in t) + rho
    secret = b"".join(pack(poly, 12) for poly in s)
    return public, secret + public + hashlib.sha3_256(public).digest() + z


def kem_check(public: bytes) -> None:
    """Length and the modulus check of section 7.2 (CR-2, CR-12)."""
    if len(public) != 1184 or any(value >= Q for i in range(K) for value in unpack(public[384 * i : 384 * i + 384], 12)):
        raise Fault("crypto/bad-key", "an encapsulation key that is not one")


def kem_encrypt(public: bytes, message: bytes, coins: bytes) -> bytes:
    """K-PKE.Encrypt, algorithm 14."""
    t, rho = [unpack(public[384 * i : 384 * i + 384], 12) for i in range(K)], public[-32:]
    y = [ntt(noise_poly(coins, i)) for i in range(K)]
    u = [
        total([inverse_ntt(total(product(uniform(rho, i, j), y[j]) for j in range(K))), noise_poly(coins, K + i)])
        for i in range(K)
    ]
    v = total([
        inverse_ntt(total(product(t[i], y[i]) for i in range(K))),
        noise_poly(coins, 2 * K),
        decompress(unpack(message, 1), 1),
    ])
    return b"".join(pack(compress(poly, DU), DU) for poly in u) + pack(compress(v, DV), DV)


def kem_encapsulate(public: bytes, m: bytes) -> tuple[bytes, bytes]:
    """Shared secret and ciphertext (ML-KEM.Encaps_internal, CR-11)."""
    kem_check(public)
    g = hashlib.sha3_512(m + hashlib.sha3_256(public).digest()).digest()
    return g[:32], kem_encrypt(public, m, g[32:])


def kem_decapsulate(secret: bytes, ciphertext: bytes) -> bytes:
    """The shared secret, or for a wrong ciphertext that of implicit rejection (CR-11)."""
    if len(ciphertext) != 1088:
        raise Fault("crypto/bad-key", "a ciphertext of another length")
    s, public = [unpack(secret[384 * i : 384 * i + 384], 12) for i in range(K)], secret[1152:2336]
    u = [decompress(unpack(ciphertext[320 * i : 320 * i + 320], DU), DU) for i in range(K)]
    v = decompress(unpack(ciphertext[960:], DV), DV)
    w = inverse_ntt(total(product(s[i], ntt(u[i])) for i in range(K)))
    message = pack(compress([(a - b) % Q for a, b in zip(v, w)], 1), 1)
    g = hashlib.sha3_512(message + secret[2336:2368]).digest()
    rejected = hashlib.shake_256(secret[2368:] + ciphertext).digest(32)
    same = hmac.compare_digest(kem_encrypt(public, message, g[32:]), ciphertext)
    return g[:32] if same else rejected


# ---------------------------------------------------------------- Noise (spec/noise.md)

Draw = Callable[[str, int], bytes]  # what for, and how many bytes


def system_random(_name: str, length: int) -> bytes:
    return os.urandom(length)


class Keys(NamedTuple):
    """What a finished handshake leaves (NO-26, CH-21)."""

    ck: bytes
    h: bytes
    t: bytes
    k_ir: bytes
    k_ri: bytes
    x: bytes
    exp: bytes
    root: bytes


def keys_from(ck: bytes, h: bytes) -> Keys:
    t = mac(ck, b"")
    k_ir = mac(t, b"\1")
    k_ri = mac(t, k_ir, b"\2")
    x = mac(t, k_ri, b"\3")
    return Keys(ck, h, t, k_ir, k_ri, x, mac(x, b"Sotto/1 exporter", h, b"\1"), mac(x, b"Sotto/1 root", h, b"\1"))


def export(exp: bytes, label: str, context: bytes, length: int) -> bytes:
    """The exporter (NO-27)."""
    return hkdf_expand(exp, lp(label.encode("ascii")) + sha256(context), length)


def check_export(label: str, length: int) -> None:
    """What an application may ask the exporter for (NO-28, NO-29)."""
    if not re.fullmatch(r"[\x20-\x7e]{1,255}", label) or not 1 <= length <= 1024 or label.startswith("sotto "):
        raise Fault("range", "a label or length that is not exported")


def lp(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


NAME = re.compile(r"Noise_XX(hfs)?(\+?)(psk3)?_25519(\+MLKEM768)?_(ChaChaPoly|AESGCM)_SHA256")


class Handshake:
    """One side of XX, with hfs or psk3 or both (noise.md). Any fault ends it for good (NO-12)."""

    def __init__(
        self, name: str, initiator: bool, prologue: bytes, static: bytes, psks: list[bytes], draw: Draw
    ) -> None:
        parts = NAME.fullmatch(name)
        if not parts or bool(parts[1]) != bool(parts[4]) or bool(parts[2]) != bool(parts[1] and parts[3]):
            raise Fault("noise/protocol", "a name that is not here")  # NO-1, NO-4
        self.hfs, self.psk, self.cipher = bool(parts[1]), bool(parts[3]), parts[5]
        if len(static) != 32 or len(psks) != int(self.psk) or any(len(k) != 32 or k == bytes(32) for k in psks):
            raise Fault("noise/protocol", "keys that do not fit the name")  # NO-2, NO-3
        self.initiator, self.s, self.psks, self.draw = initiator, static, psks, draw
        self.e = self.e1 = self.rs = self.re = self.re1 = b""
        self.k: bytes | None = None
        self.n = self.message = 0
        self.dead = False
        self.h = name.encode().ljust(32, b"\0") if len(name) <= 32 else sha256(name.encode())
        self.ck = self.h
        self.steps: list[dict[str, Any]] = []
        self.step("name")
        self.h = sha256(self.h, prologue)
        self.step("prologue")

    def step(self, token: str) -> None:
        key = self.k.hex() if self.k else None
        state = {"h": self.h.hex(), "ck": self.ck.hex(), "k": key, "n": self.n}
        self.steps.append({"message": self.message, "token": token} | state)

    def tokens(self) -> list[str]:
        """Of the next message (NO-9: e1 behind e, ekem1 behind ee)."""
        pattern = (["e", "e1"], ["e", "ee", "ekem1", "s", "es"], ["s", "se", "psk"])[self.message]
        return [t for t in pattern if (t not in ("e1", "ekem1") or self.hfs) and (t != "psk" or self.psk)]

    def own_turn(self) -> bool:
        return not self.dead and self.message < 3 and (self.message % 2 == 0) == self.initiator

    def write(self, payload: bytes) -> bytes:
        if not self.own_turn():
            raise Fault("noise/misuse", "out of turn")  # NO-13, NO-14
        return self.fatal(lambda: self.write_tokens(payload))

    def read(self, message: bytes) -> bytes:
        if self.dead or self.message >= 3 or self.own_turn():
            raise Fault("noise/misuse", "out of turn")
        return self.fatal(lambda: self.read_tokens(message))

    def fatal(self, work: Callable[[], bytes]) -> bytes:
        try:
            return work()
        except (Fault, InvalidTag):
            self.dead = True
            self.k, self.ck, self.s, self.e, self.rs = None, b"", b"", b"", b""
            raise Fault("noise/failed", "a handshake message failed") from None  # the cause is nobody's (NO-12)

    def write_tokens(self, payload: bytes) -> bytes:
        tokens, out = self.tokens(), b""
        self.message += 1
        for token in tokens:
            if token == "e":
                self.e = self.draw("e", 32)
                out += self.mix_ephemeral(public_of(self.e))
            elif token == "e1":
                public, self.e1 = kem_keys(self.draw("e1", 64))
                out += self.seal(public)
            elif token == "ekem1":
                shared, ciphertext = kem_encapsulate(self.re1, self.draw("ekem1", 32))
                out += self.seal(ciphertext)
                self.mix_key(shared)  # NO-11
            elif token == "s":
                out += self.seal(public_of(self.s))
            else:
                self.mix_secret(token)
            self.step(token)
        out += self.seal(payload)
        self.step("payload")
        return out

    def read_tokens(self, message: bytes) -> bytes:
        tokens, at = self.tokens(), 0
        if not self.size(tokens) <= len(message) <= 65_535:
            raise Fault("noise/failed", "a message too short or too long")  # NO-15: before anything is mixed
        self.message += 1

        def take(length: int) -> bytes:
            nonlocal at
            at += length
            return message[at - length : at]

        for token in tokens:
            tag = 16 if self.k else 0
            if token == "e":
                self.re = self.mix_ephemeral(take(32))
            elif token == "e1":
                self.re1 = self.open(take(1184 + tag))
            elif token == "ekem1":
                ciphertext = self.open(take(1088 + tag))
                self.mix_key(kem_decapsulate(self.e1, ciphertext))
            elif token == "s":
                self.rs = self.open(take(32 + tag))
            else:
                self.mix_secret(token)
            self.step(token)
        payload = self.open(message[at:])
        self.step("payload")
        return payload

    def size(self, tokens: list[str]) -> int:
        """Bytes of the fields and tags of a message."""
        keyed, size = self.k is not None, 0
        for token in tokens:
            plain = {"e": 32, "s": 32, "e1": 1184, "ekem1": 1088}.get(token)
            if plain is None:
                keyed = True
            else:
                size += plain + (16 if keyed and token != "e" else 0)
                keyed = keyed or token == "ekem1" or token == "e" and self.psk
        return size + (16 if keyed else 0)

    def mix_ephemeral(self, public: bytes) -> bytes:
        self.h = sha256(self.h, public)
        if self.psk:
            self.mix_key(public)  # NO-10
        return public

    def mix_secret(self, token: str) -> None:
        if token == "psk":
            self.ck, t, self.k = hkdf(self.ck, self.psks[0], 3)
            self.h, self.n = sha256(self.h, t), 0
        elif token == "ee":
            self.mix_key(x25519(self.e, self.re))
        elif (token == "es") == self.initiator:
            self.mix_key(x25519(self.e, self.rs))
        else:
            self.mix_key(x25519(self.s, self.re))

    def mix_key(self, material: bytes) -> None:
        self.ck, self.k = hkdf(self.ck, material, 2)
        self.n = 0

    def seal(self, plaintext: bytes) -> bytes:
        data = plaintext
        if self.k:
            data = aead(self.cipher, self.k).encrypt(nonce_of(self.cipher, self.n), plaintext, self.h)
            self.n += 1
        self.h = sha256(self.h, data)
        return data

    def open(self, data: bytes) -> bytes:
        plaintext = data
        if self.k:
            plaintext = aead(self.cipher, self.k).decrypt(nonce_of(self.cipher, self.n), data, self.h)
            self.n += 1
        self.h = sha256(self.h, data)
        return plaintext

    def finish(self) -> Keys:
        """The keys of both directions and the rest (NO-26); the handshake is spent (NO-17)."""
        if self.dead or self.message != 3:
            raise Fault("noise/misuse", "a handshake that has not ended")
        keys, self.dead = keys_from(self.ck, self.h), True
        self.k, self.ck, self.s, self.e, self.psks = None, b"", b"", b"", []
        return keys


# ---------------------------------------------------------------- records (spec/channel.md)

CEILING = {"ChaChaPoly": 2**32 - 1, "AESGCM": 2**23}  # records that a receiver opens with a key (CH-8)
LAST_NONCE = 2**48 - 1


class Direction:
    """Key and counter of one direction. The counter goes on whatever the key (CH-4)."""

    def __init__(self, cipher: str, key: bytes, n: int = 0) -> None:
        self.cipher, self.key, self.n = cipher, key, n
        self.records = self.sealed = 0

    def next_nonce(self) -> bytes:
        if self.n > LAST_NONCE:
            raise Fault("channel/exhausted", "the last nonce is spent")
        return nonce_of(self.cipher, self.n)

    def seal(self, plaintext: bytes) -> bytes:
        """A record: its length, and what was sealed without associated data (CH-3)."""
        data = aead(self.cipher, self.key).encrypt(self.next_nonce(), plaintext, b"")
        self.n, self.records, self.sealed = self.n + 1, self.records + 1, self.sealed + len(plaintext)
        return lp(data)

    def open(self, data: bytes) -> bytes:
        if self.records >= CEILING[self.cipher]:
            raise Fault("channel/exhausted", "too many records with one key")
        nonce = self.next_nonce()
        try:
            plaintext = aead(self.cipher, self.key).decrypt(nonce, data, b"")
        except InvalidTag:
            raise Fault("channel/forged", "a record that does not open") from None  # CH-5
        self.n, self.records = self.n + 1, self.records + 1
        return plaintext

    def replace(self, key: bytes) -> None:
        self.key, self.records, self.sealed = key, 0, 0

    def rekey(self) -> None:
        self.replace(rekeyed(self.cipher, self.key))  # CH-6


def padded(plaintext: bytes, policy: str | int | None, limit: int) -> bytes:
    """With zeros behind it, up to a length of the policy or the limit (CH-35)."""
    length = len(plaintext)
    if policy == "buckets":
        length = max(64, 1 << (length - 1).bit_length())
    elif isinstance(policy, int):
        length += -length % policy
    return plaintext.ljust(min(length, limit), b"\0")


def cut_record(data: bytes | bytearray) -> int:
    """Bytes of the record at the front, 0 while it is not whole. A length under 17 is refused at once (CH-1, CH-2)."""
    if len(data) < 2:
        return 0
    length = int.from_bytes(data[:2], "big")
    if length < 17:
        raise Fault("channel/malformed", "a record of under 17 bytes")
    return 2 + length if len(data) >= 2 + length else 0


# ---------------------------------------------------------------- contracts (spec/contract.md)

RESERVED = ("then", "constructor", "prototype", "__proto__", "toJSON")
VERSION = re.compile(r"v[1-9][0-9]{0,3}")
NAME_PART = re.compile(r"[a-z][a-z0-9-]{0,62}")
OPERATION = re.compile(r"[a-z][A-Za-z0-9]{0,62}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,65}")
PARAMETER = re.compile(r"\{([a-z][A-Za-z0-9]{0,62})\}")


def is_contract(text: str) -> bool:
    """CO-1; the first version ends the name (CO-2)."""
    *names, version = text.split(".")
    named = all(NAME_PART.fullmatch(name) and not VERSION.fullmatch(name) for name in names)
    return bool(names and named and VERSION.fullmatch(version)) and len(text) <= 255


def is_operation(text: str) -> bool:
    return bool(OPERATION.fullmatch(text)) and text not in RESERVED  # CO-4, CO-5


def is_token(text: str) -> bool:
    return bool(TOKEN.fullmatch(text))  # CO-6


def is_address(text: str) -> bool:
    """CO-7: a contract up to the first version, an operation, at most 16 tokens."""
    parts = text.split(".")
    end = next((at for at, part in enumerate(parts) if VERSION.fullmatch(part)), len(parts))
    contract, rest = ".".join(parts[: end + 1]), parts[end + 1 :]
    tokens = rest[1:]
    fits = len(text) <= 255 and len(tokens) <= 16 and all(is_token(token) for token in tokens)
    return fits and is_contract(contract) and bool(rest) and is_operation(rest[0])


def is_template(text: str) -> bool:
    """CO-33."""
    elements = text.split(".") if text else []
    parameters = [element for element in elements if PARAMETER.fullmatch(element)]
    plain = all(is_token(element) for element in elements if element not in parameters)
    return len(elements) <= 16 and plain and len(set(parameters)) == len(parameters)


def fits_template(template: str, text: str, filter: bool = False) -> bool:
    """Whether a text is a subject of the template (CO-34), or a filter (CO-35)."""
    elements, tokens = template.split(".") if template else [], text.split(".") if text else []
    return len(elements) == len(tokens) and all(
        (is_token(token) or filter and token == "*") if PARAMETER.fullmatch(element) else token == element
        for element, token in zip(elements, tokens)
    )


SEVEN = ("kind", "name", "faults", "retain", "subject", "visible", "idempotent")


def row_bytes(row: dict[str, Any]) -> bytes:
    """The deterministic CBOR of a row (CO-17)."""
    return encode({key: row[key] for key in SEVEN + tuple(k for k in ("up", "down", "flow") if row.get(k) is not None)})


def numbered(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode())  # CO-16


def plain_row(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "subject": "", "faults": [], "visible": [], "retain": False, "idempotent": False} | more


class Contract:
    """A name, and rows by name in the order of their numbers."""

    def __init__(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        by_name = {row["name"]: row for row in rows}
        self.name = name
        self.rows = {key: by_name[key] for key in numbered(by_name)}
        self.digests = {key: sha256(row_bytes(row)) for key, row in self.rows.items()}
        if not is_contract(name) or not 1 <= len(by_name) <= 256 or not all(is_operation(key) for key in by_name):
            raise ValueError("a contract outside the grammar")  # CO-9

    def offer(self) -> list[Any]:
        return [self.name, [[key, digest] for key, digest in self.digests.items()]]

    def only(self, operations: list[str]) -> Contract:
        return Contract(self.name, [self.rows[key] for key in operations])


KIT = Contract("kit.v1", [
    plain_row("echo", "requestResponse", visible=["level"], idempotent=True),
    plain_row("fail", "requestResponse", faults=["Refused"]),
    plain_row("crash", "requestResponse"),
    plain_row("never", "requestResponse"),
    plain_row("note", "oneWay", visible=["level"]),
])  # fmt: skip


# ---------------------------------------------------------------- negotiation (spec/session.md)

SUITES: dict[int, str] = {  # SE-4
    0x0001: "Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256",
    0x0011: "Noise_XX_25519_ChaChaPoly_SHA256",
    0x0021: "Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256",
    0x0031: "Noise_XXpsk3_25519_ChaChaPoly_SHA256",
    0x0101: "Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256",
    0x0111: "Noise_XX_25519_AESGCM_SHA256",
    0x0121: "Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256",
    0x0131: "Noise_XXpsk3_25519_AESGCM_SHA256",
}


def allowed_suites(pq: str, psk: bool, aes: bool) -> list[int]:
    """What an end allows, best first (SE-5, SE-80, SE-81)."""
    plain = {"require": (0x00,), "prefer": (0x00, 0x10), "off": (0x10,)}[pq]
    return [0x01 | kem | (0x20 if psk else 0) | cipher for kem in plain for cipher in ((0x100, 0) if aes else (0,))]


class Hello(NamedTuple):
    suites: list[int]
    tried: int
    psk_id: bytes

    def encode(self) -> bytes:
        suites = b"".join(suite.to_bytes(2, "big") for suite in self.suites)
        return b"SOTTO\1" + bytes([len(self.suites)]) + suites + bytes([self.tried, len(self.psk_id)]) + self.psk_id

    @staticmethod
    def decode(neg: bytes) -> Hello:
        """A Hello of exactly the form (SE-2)."""
        count = neg[6] if len(neg) > 6 else 0
        at = 7 + 2 * count
        if neg[:6] != b"SOTTO\1" or not 1 <= count <= 16 or len(neg) < at + 2:
            raise malformed("no Hello")
        suites = [int.from_bytes(neg[i : i + 2], "big") for i in range(7, at, 2)]
        tried, length = neg[at], neg[at + 1]
        if len(set(suites)) != count or tried >= count or length > 32 or len(neg) != at + 2 + length:
            raise malformed("no Hello")
        return Hello(suites, tried, neg[at + 2 :])


def encode_retry(suite: int) -> bytes:
    return b"\1" + suite.to_bytes(2, "big")


def decode_retry(neg: bytes) -> int:
    """A Retry of exactly the form (SE-3), for a suite that exists (SE-7)."""
    if len(neg) != 3 or neg[0] != 1:
        raise malformed("no Retry")
    suite = int.from_bytes(neg[1:], "big")
    if suite not in SUITES:
        raise Fault("session/suite", "a Retry for a suite that is not here")
    return suite


def encode_packet(neg: bytes, noise: bytes) -> bytes:
    return lp(neg) + lp(noise)


def cut_packet(data: bytes | bytearray) -> tuple[bytes, bytes] | None:
    """Both parts of the packet at the front, None while it is not whole; a length too large is refused at once (SE-1)."""
    neg_length = int.from_bytes(data[:2], "big")
    if len(data) >= 2 and neg_length > 128:
        raise malformed("a negotiation part of over 128 bytes")
    at = 4 + neg_length
    if len(data) < at:
        return None
    noise_length = int.from_bytes(data[at - 2 : at], "big")
    if noise_length > 16_000:
        raise malformed("a Noise part of over 16,000 bytes")
    if len(data) < at + noise_length:
        return None
    return bytes(data[2 : at - 2]), bytes(data[at : at + noise_length])


def session_prologue(negs: list[bytes]) -> bytes:
    return b"Sotto/1" + bytes([len(negs)]) + b"".join(lp(neg) for neg in negs) + lp(b"")  # SE-10


# ---------------------------------------------------------------- initiation (spec/session.md)

LIMITS: dict[str, tuple[int, int, int]] = {  # default, floor, ceiling; the keys are 1 to 6
    "plaintext": (65_519, 1024, 65_519),
    "message": (1_048_576, 1024, 67_108_864),
    "exchanges": (256, 1, 65_535),
    "exchangeWindow": (262_144, 4096, 16_777_216),
    "sessionWindow": (1_048_576, 4096, 67_108_864),
    "idleMs": (60_000, 1000, 86_400_000),
}
Limits = dict[str, int]
Offer = tuple[str, list[tuple[str, bytes]]]


def limits_with(given: dict[str, int]) -> Limits:
    limits = {name: given.get(name, default) for name, (default, _, _) in LIMITS.items()}
    if any(not low <= limits[name] <= high for name, (_, low, high) in LIMITS.items()):
        raise ValueError("a limit outside its bounds")
    return limits


def read_limits(value: Any) -> Limits:
    """All six, each within its bounds (SE-20)."""
    if not isinstance(value, dict) or list(value) != [1, 2, 3, 4, 5, 6]:
        raise malformed("limits of another form")
    out = {}
    for key, (name, (_, low, high)) in enumerate(LIMITS.items(), 1):
        if type(value[key]) is not int or not low <= value[key] <= high:
            raise malformed("a limit outside its bounds")
        out[name] = value[key]
    return out


def read_extensions(value: Any) -> bool:
    """Whether there are any."""
    if not isinstance(value, dict) or any(type(key) is not int for key in value):
        raise malformed("extensions of another form")
    return bool(value)


def read_context(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise malformed("a context that is no byte string")
    try:
        decode(value)
    except Fault:
        raise malformed("a context outside the CBOR profile") from None
    return value


def read_offers(value: Any) -> list[Offer]:
    """Names of the grammar, operations rising, no contract twice (SE-21)."""
    refused = malformed("offers of another form")
    if not isinstance(value, list) or len(value) > 256:
        raise refused
    out: list[Offer] = []
    for offer in value:
        if not isinstance(offer, list) or len(offer) != 2 or not isinstance(offer[0], str) or not is_contract(offer[0]):
            raise refused
        if not isinstance(offer[1], list) or not offer[1]:
            raise refused
        operations: list[tuple[str, bytes]] = []
        for pair in offer[1]:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str) or not is_operation(pair[0]):
                raise refused
            rises = not operations or operations[-1][0] < pair[0]
            if not isinstance(pair[1], bytes) or len(pair[1]) != 32 or not rises:
                raise refused
            operations.append((pair[0], pair[1]))
        out.append((offer[0], operations))
    if len({name for name, _ in out}) != len(out):
        raise refused
    return out


def read_control(data: bytes, keys: list[int]) -> dict[int, Any]:
    try:
        value = decode(data, control=True)
    except Fault:
        raise malformed("a structure outside the CBOR profile") from None
    if not isinstance(value, dict) or list(value) != keys:
        raise malformed("a structure of another form")
    if isinstance(value[6], dict) and any(type(key) is int and key < 0 for key in value[6]):
        raise Fault("session/extension", "a critical extension")  # SE-23: none is known; before any other member
    return value


@dataclass
class Initiation:
    uses: list[Offer]
    serves: list[Offer]
    context: bytes
    limits: Limits
    service: str
    extensions: bool = False

    def encode(self) -> bytes:
        offers = [[[name, [list(pair) for pair in operations]] for name, operations in part] for part in (self.uses, self.serves)]
        limits = dict(enumerate((self.limits[name] for name in LIMITS), 1))
        return encode({1: offers[0], 2: offers[1], 3: self.context, 4: limits, 5: self.service, 6: {}})

    @staticmethod
    def decode(data: bytes) -> Initiation:
        """SE-21. Raises session/malformed or session/extension."""
        value = read_control(data, [1, 2, 3, 4, 5, 6])
        if not isinstance(value[5], str):
            raise malformed("a service that is no text")
        uses, serves, context = read_offers(value[1]), read_offers(value[2]), read_context(value[3])
        return Initiation(uses, serves, context, read_limits(value[4]), value[5], read_extensions(value[6]))


@dataclass
class Acceptance:
    serves: list[int]
    uses: list[int]
    context: bytes
    limits: Limits
    extensions: bool = False

    def encode(self) -> bytes:
        limits = dict(enumerate((self.limits[name] for name in LIMITS), 1))
        return encode({1: self.serves, 2: self.uses, 3: self.context, 4: limits, 6: {}})

    @staticmethod
    def decode(data: bytes) -> Acceptance:
        """SE-22. Raises session/malformed or session/extension."""
        value = read_control(data, [1, 2, 3, 4, 6])
        for part in (value[1], value[2]):
            whole = isinstance(part, list) and all(type(index) is int and index >= 0 for index in part)
            if not whole or part != sorted(set(part)):
                raise malformed("indices that do not rise")
        return Acceptance(value[1], value[2], read_context(value[3]), read_limits(value[4]), read_extensions(value[6]))


def encode_payload(credential: bytes, initiation: bytes) -> bytes:
    fields = ((1, credential), (2, initiation))
    return b"".join(bytes([kind]) + lp(value) for kind, value in fields if value)


def decode_payload(payload: bytes, message: int) -> tuple[bytes, bytes]:
    """Credential and Initiation of message 2 or 3: the fields of the table, each once, rising, then zeros alone (SE-13)."""
    fields, at, last = {1: b"", 2: b""}, 0, 0
    while at < len(payload) and payload[at]:
        kind, length = payload[at], int.from_bytes(payload[at + 1 : at + 3], "big")
        most = {1: 4096, 2: 11_264 if message == 3 else 0}.get(kind, 0)
        if kind <= last or not 1 <= length <= most or len(payload) < at + 3 + length:
            raise malformed("a payload of another form")
        fields[kind], last = payload[at + 3 : at + 3 + length], kind
        at += 3 + length
    if any(payload[at:]) or message == 3 and not fields[2]:
        raise malformed("a payload of another form")
    return fields[1], fields[2]


# ---------------------------------------------------------------- frames (spec/session.md)

TYPES = ("", "ACCEPT", "REFUSE", "BEGIN", "DATA", "FAULT", "RESET", "STOP", "CREDIT", "PING", "PONG", "REKEY", "REFRESH",
         "CREDENTIAL", "DRAIN", "END")  # fmt: skip
LAST = ("ACCEPT", "REFUSE", "REKEY", "END")
END, MORE, LABELS, SUBJECT, STANDING = 1, 2, 4, 8, 16


@dataclass
class Frame:
    """One frame; of its members those that its type has (SE-30)."""

    kind: str
    exchange: int = 0
    number: int = 0  # code, operation, limit, count, generation, last
    size: int = 0  # of RESET
    end: bool = False
    more: bool = False
    standing: bool = False
    subject: str = ""
    ttl: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    detail: str = ""
    beside: int = 0  # bytes of subject and labels as they stand in a BEGIN

    def encode(self) -> bytes:
        kind, body = bytes([TYPES.index(self.kind)]), varint(len(self.body)) + self.body
        if self.kind == "REFUSE":
            text = self.detail.encode()
            return kind + varint(self.number) + varint(len(text)) + text
        if self.kind == "BEGIN":
            flags = self.end * END | self.more * MORE | self.standing * STANDING
            flags |= bool(self.labels) * LABELS | bool(self.subject) * SUBJECT
            subject, labels = encode_subject(self.subject), encode_labels(self.labels)
            start = kind + bytes([flags]) + varint(self.exchange) + varint(self.number)
            return start + subject + varint(self.ttl) + labels + body
        if self.kind == "DATA":
            return kind + bytes([self.end * END | self.more * MORE]) + varint(self.exchange) + body
        if self.kind == "FAULT":
            return kind + varint(self.exchange) + varint(self.number) + body
        if self.kind == "RESET":
            return kind + varint(self.exchange) + varint(self.number) + varint(self.size)
        if self.kind in ("STOP", "CREDIT"):
            return kind + varint(self.exchange) + varint(self.number)
        return kind + (body if self.kind in ("ACCEPT", "REFRESH", "CREDENTIAL") else varint(self.number))


def varint(value: int) -> bytes:
    for bits, size in ((6, 1), (14, 2), (30, 4), (62, 8)):
        if value < 1 << bits:
            return (value | (size.bit_length() - 1) << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError("a number of more than 62 bits")


def encode_subject(subject: str) -> bytes:
    text = subject.encode()
    return varint(len(text)) + text if text else b""


def encode_labels(labels: dict[str, str]) -> bytes:
    if not labels:
        return b""
    out = varint(len(labels))
    for name in sorted(labels):
        for text in (name.encode(), labels[name].encode()):
            out += varint(len(text)) + text
    return out


class Reader:
    """Reads the fields of frames (SE-31)."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.at:
            raise malformed("a frame cut short")
        self.at += length
        return self.data[self.at - length : self.at]

    def varint(self) -> int:
        first = self.take(1)
        size = 1 << (first[0] >> 6)
        value = int.from_bytes(bytes([first[0] & 63]) + self.take(size - 1), "big")
        if value > SAFE or len(varint(value)) != size:
            raise malformed("a varint of another form")
        return value

    def bytes(self, most: int = 65_535, least: int = 0) -> bytes:
        length = self.varint()
        if not least <= length <= most:
            raise malformed("a field too long or too short")
        return self.take(length)

    def text(self, most: int, least: int = 0) -> str:
        try:
            return self.bytes(most, least).decode("utf-8")
        except UnicodeDecodeError:
            raise malformed("text that is not UTF-8") from None

    def flags(self, known: int) -> int:
        flags = self.take(1)[0]
        if flags & ~known or flags & END and flags & MORE:
            raise malformed("flags of no meaning")  # SE-32
        return flags

    def labels(self) -> dict[str, str]:
        """SE-33."""
        count, out = self.varint(), dict[str, str]()
        if not 1 <= count <= 16:
            raise malformed("labels of another number")
        for _ in range(count):
            name, value = self.text(65), self.text(256)
            if not is_token(name) or out and name <= next(reversed(out)):
                raise malformed("a label of another form")
            out[name] = value
        return out

    def begin(self) -> Frame:
        flags = self.flags(END | MORE | LABELS | SUBJECT | STANDING)
        frame = Frame("BEGIN", exchange=self.varint(), number=self.varint())
        start = self.at
        frame.subject = self.text(255, least=1) if flags & SUBJECT else ""
        beside, frame.ttl, start = self.at - start, self.varint(), self.at
        frame.labels = self.labels() if flags & LABELS else {}
        frame.beside = beside + self.at - start
        frame.end, frame.more, frame.standing = bool(flags & END), bool(flags & MORE), bool(flags & STANDING)
        frame.body = self.bytes()
        return frame

    def frame(self) -> Frame:
        number = self.take(1)[0]
        kind = TYPES[number] if 0 < number < len(TYPES) else ""
        if kind == "BEGIN":
            return self.begin()
        if kind == "DATA":
            flags = self.flags(END | MORE)
            return Frame(kind, end=bool(flags & END), more=bool(flags & MORE), exchange=self.varint(), body=self.bytes())
        if kind == "REFUSE":
            return Frame(kind, number=self.varint(), detail=self.text(255))
        if kind == "FAULT":
            return Frame(kind, exchange=self.varint(), number=self.varint(), body=self.bytes(16_384))
        if kind == "RESET":
            return Frame(kind, exchange=self.varint(), number=self.varint(), size=self.varint())
        if kind in ("STOP", "CREDIT"):
            return Frame(kind, exchange=self.varint(), number=self.varint())
        if kind in ("ACCEPT", "REFRESH"):
            return Frame(kind, body=self.bytes())
        if kind == "CREDENTIAL":
            return Frame(kind, body=self.bytes(4096, least=1))  # SE-100
        if kind:
            return Frame(kind, number=self.varint())
        raise malformed("a frame of no type")


def parse_plaintext(plaintext: bytes) -> list[Frame]:
    """1 to 4,096 frames, then zeros alone (CH-9); none behind one that is the last of its record (CH-10)."""
    reader, frames = Reader(plaintext), list[Frame]()
    while reader.at < len(plaintext) and plaintext[reader.at]:
        if len(frames) == 4096 or frames and frames[-1].kind in LAST:
            raise malformed("a frame too many")
        frames.append(reader.frame())
    if not frames or any(plaintext[reader.at :]):
        raise malformed("no frame, or padding that is not zero")
    return frames


# What a FAULT carries, and whether the work was done (SE-49).
FAULTS: dict[str, tuple[str, str]] = {
    "policy/denied": ("refused", "no"), "policy/limited": ("refused", "no"), "contract/invalid": ("invalid", "no"),
    "session/closed": ("none", "no"), "call/cancelled": ("none", "maybe"), "call/deadline": ("none", "maybe"),
    "call/fault": ("declared", "yes"), "call/internal": ("incident", "yes"), "flow/refused": ("misstep", "no"),
    "topic/slow": ("none", "yes"), "broker/full": ("none", "no"), "broker/failed": ("none", "maybe"),
}  # fmt: skip


def is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode()) <= 255


def parse_fault(number: int, body: bytes, items: int) -> tuple[str, dict[str, Any], str]:
    """Code, details and `ran` of a FAULT, for a receiver that has sent so many items. Raises session/malformed (SE-49)."""
    code = CODES.get(number, "")
    form, ran = FAULTS.get(code, ("", ""))
    if not form or not body and form in ("declared", "incident", "invalid", "misstep") or body and form == "none":
        raise malformed("a FAULT without its details, or of no code")
    if not body:
        return code, {}, ran
    try:
        details = decode(body)
    except Fault:
        raise malformed("details outside the CBOR profile") from None
    if not isinstance(details, dict) or not fits_form(form, details, items):
        raise malformed("details of another form")
    return code, details, "maybe" if "item" in details else ran


def fits_form(form: str, details: dict[str, Any], items: int) -> bool:
    keys, item = set(details), details.get("item", 1 if items else None)
    known = type(item) is int and (1 <= item <= items or item == 0 and form == "refused")
    if form == "refused":
        return keys == {"item"} and known
    if form == "invalid":
        return keys in ({"path"}, {"path", "item"}) and is_text(details["path"]) and (known or "item" not in keys)
    if form == "declared":
        return keys in ({"name"}, {"name", "data"}) and is_text(details["name"])
    if form == "incident":
        return keys == {"incident"} and is_text(details["incident"])
    expected = details.get("expected")
    steps = isinstance(expected, list) and len(expected) <= 64 and all(is_text(step) for step in expected)
    return keys == {"state", "expected"} and is_text(details["state"]) and steps


# ---------------------------------------------------------------- the engine (spec/session.md, spec/channel.md)

HANDSHAKE_MS, END_MS, HOUR_MS = 10_000, 1_000, 3_600_000
CANCELLED, DEADLINE = WIRE["call/cancelled"], WIRE["call/deadline"]
Event = dict[str, Any]


@dataclass
class Options:
    """What an end is made from. Times are in ms."""

    initiator: bool
    secret: bytes
    peer: bytes | None  # the public key that is expected or trusted; None trusts nobody
    pq: str = "require"
    psk: tuple[bytes, bytes] | None = None  # id and key
    aes: bool = True  # SE-81: this machine's OpenSSL has native code for AES, says its owner
    service: str = ""
    context: bytes = b"\xf6"
    limits: Limits = field(default_factory=lambda: limits_with({}))
    rekey_records: int = 2**20
    refresh_ms: int = HOUR_MS
    uses: list[Contract] = field(default_factory=list)
    serves: list[Contract] = field(default_factory=list)
    draw: Draw = system_random
    padding: str | int | None = None  # to buckets, or to a multiple


@dataclass
class Operation:
    """One that both ends know by a number."""

    contract: str
    row: dict[str, Any]

    @property
    def address(self) -> str:
        return f"{self.contract}.{self.row['name']}"


class Bucket:
    """So many at once, and so many a second after."""

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self.most, self.rate, self.left, self.at = most, per_second / 1000, most, now

    def take(self, now: float) -> bool:
        self.left, self.at = min(self.most, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Window:
    """What a receiver lets its peer send: used, given back, announced (SE-51)."""

    def __init__(self, size: int) -> None:
        self.size = self.announced = size
        self.used = self.given = 0

    def charge(self, amount: int) -> None:
        self.used += amount
        if self.used > self.announced:
            raise Fault("session/limit", "more than the window leaves")  # SE-50, SE-62

    def due(self) -> int:
        """The limit to announce, once half of the window is free again (SE-163), else 0."""
        limit = self.size + self.given
        if limit - self.announced < (self.size + 1) // 2:
            return 0
        self.announced = limit
        return limit


class Budget:
    """The window of the peer, as its sender sees it."""

    def __init__(self, size: int) -> None:
        self.size = self.limit = size
        self.used = 0

    @property
    def left(self) -> int:
        return self.limit - self.used

    def raise_to(self, limit: int) -> None:
        """A quarter of the window above the last at least, a window above what was sent at most (SE-51)."""
        if 4 * (limit - self.limit) < self.size or limit > self.used + self.size:
            raise malformed("a CREDIT of no sense")
        self.limit = limit


@dataclass
class Outgoing:
    """A message that goes out in one frame or several: a request, a reply, an item, or only an end or a FAULT."""

    exchange: Exchange
    body: bytes = b""
    request: bool = False
    item: bool = False
    end: bool = True
    fault: Frame | None = None
    ttl: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    started: bool = False


class Exchange:
    """One conversation of frames, at either end."""

    def __init__(self, own: bool, operation: Operation, receive: int, send: int) -> None:
        self.own, self.operation, self.id = own, operation, 0
        self.kind: str = operation.row["kind"]
        self.window, self.budget = Window(receive), Budget(send)
        self.queue: collections.deque[Outgoing] = collections.deque()
        self.partial: bytearray | None = None  # of the message that comes in pieces
        self.size = self.early = self.held = 0  # of it: bytes, session credit given back early and not yet
        self.request_done = False  # the message of the peer's direction has come, or what may replace it
        self.labels: dict[str, str] = {}
        self.ttl = self.body_sent = self.body_got = self.items_sent = self.items_got = 0
        self.deadline = math.inf
        self.whole = False  # its request, framed or come
        self.in_ended = self.out_ended = False
        self.running = False  # user code has the request and has not answered
        self.settled = False  # its outcome was told
        self.dropped = False  # what still comes has no effect
        self.stop_sent = self.stop_got = self.faulted = False
        self.why = 0  # the code to answer with in place of user code's answer

    def carries(self, up: bool) -> str:
        return self.operation.row.get("up" if up else "down") or "nothing"

    def past(self) -> bool:
        if self.kind == "oneWay":
            return self.out_ended if self.own else self.in_ended
        return self.in_ended and self.out_ended


class Refresh:
    """One end's part in a refresh (channel.md, table REFRESHES)."""

    def __init__(self) -> None:
        self.state, self.run, self.ended = "idle", 0, 0.0
        self.due = self.limit = math.inf
        self.nested: Handshake | None = None
        self.keys: Keys | None = None
        self.got = b""  # of the message that comes
        self.out: collections.deque[bytes] = collections.deque()  # messages to send, whole
        self.pending_out: bytes | None = None
        self.pending_in: bytes | None = None
        self.switch = False  # message 3 came: its record has to end in REKEY 1


class Engine:
    """One end of a session without clock, socket or thread: bytes and the time go in, bytes and events come out.

    `now` is a clock in ms that never goes back. Call `flush` when what was done should be written, `tick` when `due` says.
    """

    def __init__(self, options: Options, now: float) -> None:
        self.o, self.now, self.started = options, now, now
        self.state = "I.answer" if options.initiator else "R.hello"
        self.public = public_of(options.secret)
        self.buffer, self.out = bytearray(), bytearray()
        self.events: list[Event] = []
        self.negs: list[bytes] = []
        self.hello: Hello | None = None
        self.noise: Handshake | None = None
        self.suite = 0
        self.keys: Keys | None = None
        self.seal: Direction | None = None
        self.unseal: Direction | None = None
        self.session_id = b""
        self.rs = b""
        self.own_operations: dict[int, Operation] = {}
        self.peer_operations: dict[int, Operation] = {}
        self.limits: Limits = {}  # the peer's
        self.window, self.budget = Window(options.limits["sessionWindow"]), Budget(0)
        self.exchanges: dict[int, Exchange] = {}
        self.waiting: collections.deque[Exchange] = collections.deque()  # own calls and streams without an id
        self.oneways: collections.deque[Outgoing] = collections.deque()
        self.next_own, self.next_peer = (1, 2) if options.initiator else (2, 1)
        # Own one-way messages that are past and may be refused yet.
        self.past: collections.OrderedDict[int, Exchange] = collections.OrderedDict()
        self.pieces_out: Outgoing | None = None
        self.last_turn: Exchange | None = None  # whose message went last
        self.pieces_in: Exchange | None = None
        self.early = 0  # session credit given back of messages in pieces that are not taken (SE-52)
        self.control: collections.deque[tuple[Frame, Callable[[], None] | None]] = collections.deque()
        self.refresh = Refresh()
        self.pings_sent = self.pongs_got = self.pings_got = 0
        self.peer_pings, self.own_pings = Bucket(20, 10, now), Bucket(10, 10, now)
        self.credentials = Bucket(16, 1 / 60, now)
        self.last_heard = self.last_sealed = now
        self.drain_sent = self.drain_got = False
        self.drained_at = 0  # the last exchange of the peer that is taken after the own DRAIN
        self.close_at = math.inf
        self.end_at = math.inf
        if options.initiator:
            self.say_hello(Hello(self.suites(), 0, options.psk[0] if options.psk else b""))

    # ---- what the program around it calls

    def receive(self, data: bytes, now: float) -> None:
        """Bytes that came out of the pipe. Whatever is wrong with them ends the session and nothing else."""
        self.now = now
        if self.state in ("closed", "dead"):
            return
        self.buffer += data

        def work() -> None:
            while self.state not in ("closed", "dead") and self.step():
                pass

        self.guarded(work)
        self.flush(now)

    def guarded(self, work: Callable[[], None]) -> None:
        """What is wrong with the peer's bytes, or inside here, ends this session alone."""
        try:
            work()
        except Fault as fault:
            self.fail(fault.code)
        except Exception:  # SE-107: an own mistake is never told as one of the peer
            traceback.print_exc()
            self.over("session/lost")

    def eof(self, now: float) -> None:
        """The pipe is at its end: never a clean one without the peer's END (SE-43)."""
        self.now = now
        self.over("channel/truncated" if self.seal and self.state in ("open", "ending") else "session/lost")

    def due(self) -> float:
        """When `tick` has to be called next."""
        if self.state in ("closed", "dead"):
            return math.inf
        if self.state not in ("open", "ending"):
            return self.started + HANDSHAKE_MS
        times = [self.last_heard + self.o.limits["idleMs"], self.close_at, self.end_at]
        if self.state == "open":
            times += [self.last_sealed + self.pace(), self.refresh.due, self.refresh.limit]
            times += [exchange.deadline for exchange in (*self.exchanges.values(), *self.waiting)]
        return min(times)

    def tick(self, now: float) -> None:
        """Whatever is due by now."""
        self.now = now
        self.guarded(self.on_time)
        self.flush(now)

    def take(self) -> tuple[bytes, list[Event]]:
        """Bytes to write, and what happened. After `closed` the pipe is to be closed behind the bytes."""
        out, events = bytes(self.out), self.events
        self.out, self.events = bytearray(), []
        return out, events

    def operation(self, contract: str, name: str) -> int:
        for number, operation in self.own_operations.items():
            if operation.contract == contract and operation.row["name"] == name:
                return number
        raise Fault("contract/unserved", "an operation that the session does not have")

    def begin(self, number: int, body: bytes, ttl: int = 0, labels: dict[str, str] | None = None) -> Exchange:
        """Begins a call, one-way message or stream; it gets its id when it is framed (SE-44). Raises for what may not go."""
        operation = self.own_operations[number]
        if self.state != "open" or self.drain_sent or self.drain_got:
            raise Fault("session/closed", "the session is closing or closed")
        if len(body) > min(self.limits["message"], self.o.limits["message"]):
            raise Fault("call/too-large", "a message over the limit")
        exchange = Exchange(True, operation, self.o.limits["exchangeWindow"], self.limits["exchangeWindow"])
        exchange.deadline = self.now + ttl if ttl else math.inf
        ends = exchange.kind != "stream" or exchange.carries(True) == "nothing"
        message = Outgoing(exchange, body, request=True, end=ends, ttl=ttl, labels=labels or {})
        exchange.queue.append(message)
        if exchange.kind == "oneWay":
            self.oneways.append(message)
        else:
            self.waiting.append(exchange)
        return exchange

    def reply(self, exchange: Exchange, body: bytes) -> None:
        """User code's answer to a call of the peer; what was given up or is late is answered as such."""
        if len(body) > min(self.limits["message"], self.o.limits["message"]):
            return self.fault(exchange, "call/too-large")
        if self.answers(exchange):
            exchange.queue.append(Outgoing(exchange, body))

    def fault(self, exchange: Exchange, code: str, details: Any = None) -> None:
        """User code's failure. A code that no FAULT carries is told as `call/internal`."""
        if not self.answers(exchange):
            return
        if code not in FAULTS:
            code, details = "call/internal", {"incident": self.o.draw("incident", 16).hex()}
        body = b"" if details is None else encode(details)
        frame = Frame("FAULT", exchange=exchange.id, number=WIRE[code], body=body)
        exchange.queue.append(Outgoing(exchange, fault=frame))

    def item(self, exchange: Exchange, body: bytes) -> None:
        if not exchange.out_ended and not exchange.why:
            exchange.queue.append(Outgoing(exchange, body, item=True, end=False))

    def end(self, exchange: Exchange) -> None:
        """Ends the own direction of a stream: with its last item if that has not gone."""
        if exchange.own or self.answers(exchange):
            if exchange.queue and exchange.queue[-1].item and exchange.carries(exchange.own) == "items":
                exchange.queue[-1].end = True
            elif not exchange.out_ended:
                exchange.queue.append(Outgoing(exchange))

    def stop(self, exchange: Exchange) -> None:
        """The serving end of a stream wants no more of what comes up (SE-123)."""
        if not exchange.in_ended and not exchange.stop_sent and not exchange.out_ended:
            exchange.stop_sent = exchange.dropped = True
            self.push(Frame("STOP", exchange=exchange.id, number=CANCELLED))

    def cancel(self, exchange: Exchange, number: int = CANCELLED) -> None:
        """Gives an own exchange up (SE-57)."""
        if exchange.settled:
            return
        ran = "no" if not exchange.whole else "yes" if exchange.items_got else "maybe"
        self.settle(exchange, CODES[number], ran)
        self.drop(exchange)
        if not exchange.id:
            if exchange in self.waiting:
                self.waiting.remove(exchange)
            return
        self.reset(exchange, number)
        if not exchange.in_ended and not exchange.stop_sent:
            exchange.stop_sent = True
            self.push(Frame("STOP", exchange=exchange.id, number=number))
        self.forget(exchange)

    def consume(self, exchange: Exchange) -> None:
        """A message of the peer is taken: the rest of its credit goes back. User code calls it for one-way messages."""
        self.early, exchange.running = self.early - exchange.early, exchange.running and exchange.kind != "oneWay"
        self.give(exchange, exchange.held, exchange.window.used - exchange.window.given)
        exchange.early = exchange.held = 0

    def ping(self) -> bool:
        """Whether one more may go now (SE-70)."""
        if self.state != "open" or self.pings_sent - self.pongs_got >= 10 or not self.own_pings.take(self.now):
            return False
        self.pings_sent += 1
        self.push(Frame("PING", number=self.pings_sent))
        return True

    def close(self, within: float) -> None:
        """DRAIN once, END when nothing is open or the time is up (SE-42)."""
        if self.state == "open" and not self.drain_sent:
            self.drain_sent, self.close_at = True, self.now + within
            self.drained_at = max(self.next_peer - 2, 0)
            self.push(Frame("DRAIN", number=self.drained_at))

    # ---- the handshake

    def suites(self) -> list[int]:
        return allowed_suites(self.o.pq, self.o.psk is not None, self.o.aes)

    def step(self) -> bool:
        """One packet or record of the buffer; whether there was one."""
        if self.seal is None:
            packet = cut_packet(self.buffer)
            if packet is None:
                return False
            neg, noise = packet
            del self.buffer[: 4 + len(neg) + len(noise)]
            if self.o.initiator:
                self.on_retry(neg) if not noise else self.on_message_2(neg, noise)
            elif self.state == "R.message3":
                self.on_message_3(neg, noise)
            else:
                self.on_hello(neg, noise)
            return True
        size = cut_record(self.buffer)
        if not size:
            return False
        data = bytes(self.buffer[2:size])
        del self.buffer[:size]
        self.on_record(data)
        return True

    def handshake(self, suite: int) -> Handshake:
        key = self.o.psk[1] if self.o.psk else b""
        psks = [] if not SUITES[suite].startswith(("Noise_XXpsk3", "Noise_XXhfs+psk3")) else [key]
        if psks and not self.o.initiator and self.hello and self.o.psk and self.hello.psk_id != self.o.psk[0]:
            psks = [self.o.draw("psk", 32)]  # SE-82
        return Handshake(SUITES[suite], self.o.initiator, session_prologue(self.negs), self.o.secret, psks, self.o.draw)

    def say_hello(self, hello: Hello) -> None:
        self.hello, neg = hello, hello.encode()
        self.negs.append(neg)
        self.suite = hello.suites[hello.tried]
        self.noise = self.handshake(self.suite)
        self.out += encode_packet(neg, self.noise.write(b""))

    def on_hello(self, neg: bytes, noise: bytes) -> None:
        hello, known, first = Hello.decode(neg), self.suites(), self.hello
        self.negs.append(neg)
        if first and (hello.suites, hello.psk_id) != (first.suites, first.psk_id):
            raise Fault("session/suite", "another list than before")  # SE-8
        if any(suite in SUITES and bool(suite & 0x20) != bool(hello.psk_id) for suite in hello.suites):
            raise Fault("session/suite", "a psk id without its suites, or they without it")  # SE-85
        suite = next((suite for suite in hello.suites if suite in known), 0)  # SE-6
        if not suite or first and hello.suites[hello.tried] != suite:
            raise Fault("session/suite", "no common suite")
        self.hello = hello
        if hello.suites[hello.tried] != suite:
            self.state = "R.hello2"
            self.negs.append(encode_retry(suite))
            self.out += encode_packet(self.negs[-1], b"")  # SE-17: its message 1 is left unread
            return
        self.suite, self.noise, self.state = suite, self.handshake(suite), "R.message3"
        if len(noise) != self.noise.size(self.noise.tokens()):
            raise malformed("a message 1 of another length")  # SE-13: no payload
        check_ephemeral(noise)
        self.noise.read(noise)
        self.out += encode_packet(b"", self.noise.write(b""))

    def on_retry(self, neg: bytes) -> None:
        """SE-7."""
        suite, hello = decode_retry(neg), self.hello
        if self.state != "I.answer":
            raise Fault("session/unexpected", "a second Retry")
        assert hello
        if suite not in hello.suites or suite == self.suite:
            raise Fault("session/suite", "a Retry for a suite that was tried or not listed")
        self.state = "I.answer2"
        self.negs.append(neg)
        self.say_hello(Hello(hello.suites, hello.suites.index(suite), hello.psk_id))

    def on_message_2(self, neg: bytes, message: bytes) -> None:
        if self.state == "I.verdict":
            raise Fault("session/unexpected", "a packet too many")
        if neg:
            raise malformed("a negotiation part in packet 2")
        assert self.noise
        check_ephemeral(message)
        payload = self.noise.read(message)
        self.check_static(self.noise.rs)
        if self.noise.rs != self.o.peer:
            raise Fault("identity/mismatch", "another key than the one expected")  # ID-9, SE-11: before message 3
        decode_payload(payload, 2)
        offers = [[(c.name, list(c.digests.items())) for c in part] for part in (self.o.uses, self.o.serves)]
        initiation = Initiation(offers[0], offers[1], self.o.context, self.o.limits, self.o.service).encode()
        if len(initiation) > 11_264:
            raise Fault("session/limit", "an Initiation of over 11,264 bytes")  # SE-16
        self.out += encode_packet(b"", self.noise.write(encode_payload(b"", initiation)))
        self.open_channel()
        self.state = "I.verdict"

    def check_static(self, public: bytes) -> None:
        if not is_canonical(public):
            raise Fault("identity/malformed", "a static key that is not canonical")  # ID-3
        if public == self.public:
            raise Fault("identity/self", "the own key")  # ID-8

    def open_channel(self) -> None:
        """The keys of both directions; what made them is gone (SE-83)."""
        assert self.noise
        cipher, self.rs = self.noise.cipher, self.noise.rs
        self.keys = keys = self.noise.finish()
        ours, theirs = (keys.k_ir, keys.k_ri) if self.o.initiator else (keys.k_ri, keys.k_ir)
        self.seal, self.unseal = Direction(cipher, ours), Direction(cipher, theirs)
        self.session_id = export(keys.exp, "sotto session id", b"", 16)  # CH-12

    def on_message_3(self, neg: bytes, message: bytes) -> None:
        assert self.noise
        if neg:
            raise malformed("a negotiation part in packet 3")
        payload = self.noise.read(message)
        self.check_static(self.noise.rs)
        self.open_channel()
        try:
            accepted = self.judge(payload)
        except Fault as fault:
            self.write_record([Frame("REFUSE", number=WIRE[fault.code], detail=fault.detail)])  # SE-29
            return self.over(fault.code)
        if len(accepted) + 4 > self.limits["plaintext"]:
            return self.over("session/limit")  # SE-19
        self.write_record([Frame("ACCEPT", body=accepted)])
        self.opened()

    def judge(self, payload: bytes) -> bytes:
        """The Acceptance for a message 3, in the order of SE-14, or what it is refused with."""
        if self.rs != self.o.peer:
            raise Fault("identity/not-trusted", "a key that is not trusted")  # SE-18, ID-10
        initiation = Initiation.decode(decode_payload(payload, 3)[1])
        if initiation.service != self.o.service:
            raise Fault("session/service", "another service")
        serves = {contract.name: contract for contract in self.o.serves}
        for name, operations in initiation.uses:
            if name not in serves:
                raise Fault("contract/unserved", "a contract that is not served", name)
            for operation, digest in operations:
                known = serves[name].digests.get(operation)
                if known != digest:
                    code = "contract/changed" if known else "contract/unserved"
                    raise Fault(code, "an operation that is not served so", f"{name}.{operation}")  # SE-24
        taken = self.take_offers(initiation.serves)
        self.limits = initiation.limits
        self.peer_operations = self.numbers([initiation.uses[i] for i in range(len(initiation.uses))], self.o.serves)
        self.own_operations = self.numbers([initiation.serves[i] for i in taken], self.o.uses)
        return Acceptance(list(range(len(initiation.uses))), taken, self.o.context, self.o.limits).encode()

    def take_offers(self, offers: list[Offer]) -> list[int]:
        """Of what the initiator serves what is used here, if all rows are offered alike."""
        uses, taken = {contract.name: contract for contract in self.o.uses}, []
        for index, (name, operations) in enumerate(offers):
            contract, offered = uses.get(name), dict(operations)
            if contract and all(offered.get(key) == digest for key, digest in contract.digests.items()):
                taken.append(index)
        return taken

    def numbers(self, offers: list[Offer], known: list[Contract]) -> dict[int, Operation]:
        """The operations of a direction from 0 through the accepted offers (SE-26); what is not had here keeps its number."""
        rows = {contract.name: contract.rows for contract in known}
        names = [(name, operation) for name, operations in offers for operation, _ in operations]
        return {n: Operation(name, rows[name][op]) for n, (name, op) in enumerate(names) if op in rows.get(name, {})}

    def on_verdict(self, frames: list[Frame]) -> None:
        """R's first record: ACCEPT or REFUSE, alone (SE-27)."""
        frame = frames[0]
        if len(frames) != 1 or frame.kind not in ("ACCEPT", "REFUSE"):
            raise Fault("session/unexpected", "a first record that is neither ACCEPT nor REFUSE")
        if frame.kind == "REFUSE":
            return self.over(self.refusal(CODES.get(frame.number, ""), frame.detail))
        acceptance = Acceptance.decode(frame.body)
        if acceptance.serves != list(range(len(self.o.uses))) or any(i >= len(self.o.serves) for i in acceptance.uses):
            raise malformed("an Acceptance of something else")  # SE-25
        offers = [[(c.name, list(c.digests.items())) for c in part] for part in (self.o.uses, self.o.serves)]
        self.limits = acceptance.limits
        self.own_operations = self.numbers(offers[0], self.o.uses)
        self.peer_operations = self.numbers([offers[1][i] for i in acceptance.uses], self.o.serves)
        self.opened()

    def refusal(self, code: str, detail: str) -> str:
        """The code of a REFUSE, whose detail names what the Initiation asked for where the code speaks of something (SE-29)."""
        contracts = {contract.name for contract in self.o.uses}
        operations = {f"{contract.name}.{name}" for contract in self.o.uses for name in contract.rows}
        known = {
            "contract/unserved": contracts | operations, "contract/changed": operations,
            "policy/denied": contracts, "policy/limited": contracts,
        }.get(code, {""})  # fmt: skip
        if code not in REFUSALS or detail not in known:
            raise malformed("a REFUSE of no code, or of something else")
        return code

    def opened(self) -> None:
        self.state, self.last_heard = "open", self.now
        self.budget = Budget(self.limits["sessionWindow"])
        self.refresh.ended = self.now
        self.plan_refresh()
        self.tell("established", peer=id_of(self.rs), suite=SUITES[self.suite], sessionId=self.session_id.hex())

    # ---- records

    def room(self) -> int:
        return min(self.limits["plaintext"], self.o.limits["plaintext"]) if self.limits else 65_519

    def write_record(self, frames: list[Frame]) -> None:
        """Seals frames, with REKEY behind them when its time has come (CH-7, CH-28)."""
        assert self.seal
        refresh, rekey = self.refresh, -1
        if not frames or frames[-1].kind not in LAST:
            if refresh.state == "owing" and not refresh.out:
                rekey = 1
            elif self.seal.records + 1 >= self.o.rekey_records or self.seal.sealed >= 2**36:
                rekey = 0
        if rekey >= 0:
            frames = frames + [Frame("REKEY", number=rekey)]
        plaintext = b"".join(frame.encode() for frame in frames)
        self.out += self.seal.seal(padded(plaintext, self.o.padding, self.room()))
        self.last_sealed = self.now
        if rekey == 1:
            self.switched()
        elif rekey == 0:
            self.seal.rekey()

    def on_record(self, data: bytes) -> None:
        assert self.unseal
        if len(data) - 16 > self.o.limits["plaintext"]:
            raise Fault("session/limit", "a plaintext over the limit")  # CH-13, before it is opened
        frames = parse_plaintext(self.unseal.open(data))
        self.last_heard = self.now
        if self.state == "I.verdict":
            return self.on_verdict(frames)
        for frame in frames:
            self.on_frame(frame)
            if self.state in ("closed", "dead"):
                return
        if self.refresh.switch:
            raise Fault("session/unexpected", "message 3 without REKEY 1 in its record")  # CH-28

    def on_frame(self, frame: Frame) -> None:
        handlers = {
            "BEGIN": self.on_begin, "DATA": self.on_data, "FAULT": self.on_fault, "RESET": self.on_reset,
            "STOP": self.on_stop, "CREDIT": self.on_credit, "PING": self.on_ping, "PONG": self.on_pong,
            "CREDENTIAL": self.on_credential, "DRAIN": self.on_drain,
        }  # fmt: skip
        if frame.kind == "REKEY":
            self.on_rekey(frame.number)
        elif frame.kind == "REFRESH":
            self.on_refresh(frame.body)
        elif frame.kind == "END":
            self.on_end(frame.number)
        elif frame.kind not in handlers:
            raise Fault("session/unexpected", "a frame of another state")  # SE-40
        elif self.state == "open" or frame.kind in ("PING", "PONG", "CREDENTIAL", "DRAIN"):
            handlers[frame.kind](frame)
        # in `ending`, frames of exchanges have no effect (SE-67)

    def on_rekey(self, generation: int) -> None:
        """CH-6, CH-11."""
        assert self.unseal
        if generation == 0:
            return self.unseal.rekey()
        if generation != 1 or self.refresh.pending_in is None:
            raise malformed("a REKEY of another generation")
        self.unseal.replace(self.refresh.pending_in)
        self.refresh.pending_in = None
        self.refresh.switch = False
        if self.o.initiator:
            self.refresh_done()
        else:
            self.refresh.state = "owing"

    def fail(self, code: str) -> None:
        """Ends the session for a fault: END with its number if the peer may know (SE-68), else without a byte (SE-9)."""
        if self.state == "open" and WIRE.get(code):
            try:
                self.write_end(WIRE[code])
            except Fault:
                pass  # the last nonce is spent: there is nothing to say it with
        self.over(code)

    def over(self, code: str | None) -> None:
        """The session is over: each own exchange has an outcome (SE-59), keys are gone (CH-14)."""
        if self.state in ("closed", "dead"):
            return
        self.state = "dead" if code else "closed"
        for exchange in (*self.waiting, *(m.exchange for m in self.oneways if not m.exchange.id), *self.exchanges.values()):
            if exchange.own:
                self.settle(exchange, "session/lost", "maybe" if exchange.whole else "no")
        self.lose_handlers()
        self.exchanges.clear()
        self.waiting.clear()
        self.oneways.clear()
        self.buffer.clear()
        self.seal = self.unseal = self.keys = self.noise = None
        self.refresh = Refresh()
        self.tell("closed", code=code)

    def lose_handlers(self) -> None:
        """What user code answers from here on goes nowhere."""
        for exchange in self.exchanges.values():
            if exchange.running:
                exchange.running = False
                self.tell("cancelled", exchange=exchange.id, code="session/lost", handle=exchange)

    # ---- exchanges: what comes

    def on_begin(self, frame: Frame) -> None:
        operation = self.peer_operations.get(frame.number)
        if frame.exchange != self.next_peer or operation is None or frame.subject or frame.standing:
            raise malformed("a BEGIN out of its turn or of nothing")  # SE-44, SE-34, SE-143, SE-144
        self.next_peer += 2
        exchange = Exchange(False, operation, self.o.limits["exchangeWindow"], self.limits["exchangeWindow"])
        exchange.id, exchange.ttl, exchange.labels = frame.exchange, frame.ttl, frame.labels
        exchange.deadline = self.now + frame.ttl if frame.ttl else math.inf
        self.exchanges[exchange.id] = exchange
        if sum(1 for x in self.exchanges.values() if not x.own and x.kind != "oneWay") > self.o.limits["exchanges"]:
            raise Fault("session/limit", "more exchanges than declared")  # SE-46
        cost = 64 + frame.beside
        self.window.charge(cost + len(frame.body))
        follows = exchange.kind == "stream" and exchange.carries(True) != "nothing"
        if not follows and not frame.more and not frame.end:
            raise malformed("a message without end to which nothing can follow")  # SE-64, SE-121
        exchange.window.charge(len(frame.body))
        self.pieces(exchange, frame)
        if self.drain_sent and exchange.id > self.drained_at:
            exchange.dropped = exchange.out_ended = True  # SE-58, SE-65
            exchange.request_done = not frame.more
            self.give(exchange, cost + len(frame.body), len(frame.body))
        else:
            self.message_piece(exchange, frame, cost)
        self.ended(exchange, frame.end)

    def pieces(self, exchange: Exchange, frame: Frame) -> bool:
        """Keeps account of the one message in pieces (SE-47) and its length (SE-63); whether this frame goes on with it."""
        goes_on = self.pieces_in is exchange
        if frame.more and self.pieces_in and not goes_on:
            raise malformed("a second message in pieces")
        exchange.size = len(frame.body) + (exchange.size if goes_on else 0)
        if exchange.size > self.o.limits["message"]:
            raise Fault("session/limit", "a message over the limit")
        self.pieces_in = exchange if frame.more else None if goes_on else self.pieces_in
        exchange.body_got += len(frame.body)
        return goes_on

    def on_data(self, frame: Frame) -> None:
        exchange = self.exchanges.get(frame.exchange)
        if exchange is None or exchange.in_ended or exchange.own and (not exchange.whole or exchange.kind == "oneWay"):
            raise malformed("a DATA for nothing")  # SE-39
        if not frame.body and not frame.end:
            raise malformed("an empty DATA without end")
        up, goes_on = not exchange.own, self.pieces_in is exchange
        request = up and not exchange.request_done
        carries = "message" if request or exchange.kind != "stream" else exchange.carries(up)
        if carries == "nothing" and (up or frame.body or frame.more) or carries == "bytes" and frame.more:
            raise malformed("an item where none can come, or a chunk in pieces")  # SE-39, SE-122
        only_end = not frame.body and not goes_on and carries != "message"
        cost = 64 if carries != "message" and not frame.more and not only_end else 0
        self.window.charge(cost + len(frame.body))
        follows = exchange.kind == "stream" and exchange.carries(up) != "nothing"
        second = exchange.kind != "stream" and exchange.request_done
        if carries == "message" and (second or not (frame.more or frame.end or follows)):
            raise malformed("a message without end, or a second one")  # SE-64
        exchange.window.charge(cost + len(frame.body))
        self.pieces(exchange, frame)
        if exchange.dropped or exchange.settled:
            exchange.partial = None
            exchange.request_done = exchange.request_done or not frame.more
            self.give(exchange, cost + len(frame.body), cost + len(frame.body))
        elif carries == "message" and not only_end:
            self.message_piece(exchange, frame, 0)
        elif not only_end:
            self.item_piece(exchange, frame, cost)
        self.ended(exchange, frame.end)

    def message_piece(self, exchange: Exchange, frame: Frame, cost: int) -> None:
        """A whole message, or a piece of one; credit of pieces goes back as they come (SE-52)."""
        taken = cost + len(frame.body)
        exchange.held += taken
        if frame.more or exchange.partial is not None:
            exchange.partial = bytearray() if exchange.partial is None else exchange.partial
            exchange.partial += frame.body
            if self.early + taken <= self.o.limits["message"] + 64:
                self.early, exchange.early, exchange.held = self.early + taken, exchange.early + taken, exchange.held - taken
                self.give(exchange, taken, len(frame.body))
        if frame.more:
            return
        body = frame.body if exchange.partial is None else bytes(exchange.partial)
        exchange.partial, exchange.request_done = None, True
        if not exchange.own:
            return self.on_request(exchange, body)
        self.consume(exchange)
        self.on_reply(exchange, body)

    def on_request(self, exchange: Exchange, body: bytes) -> None:
        """The whole of a request or one-way message."""
        exchange.whole = True
        held = exchange.held
        if body and not is_wire(body):
            return self.refuse(exchange, "contract/invalid", {"path": ""}, held)
        exchange.running = True
        if exchange.kind != "oneWay":
            self.consume(exchange)
        self.tell("message", exchange=exchange.id, body=body.hex(), decision=self.decision(exchange, 0), handle=exchange)

    def item_piece(self, exchange: Exchange, frame: Frame, cost: int) -> None:
        """An item or chunk, or a piece of one; user code takes items at once here, so their credit goes back (SE-124)."""
        if frame.more or exchange.partial is not None:
            exchange.partial = bytearray() if exchange.partial is None else exchange.partial
            exchange.partial += frame.body
        self.give(exchange, cost + len(frame.body), cost + len(frame.body))
        if frame.more:
            return
        body = frame.body if exchange.partial is None else bytes(exchange.partial)
        exchange.partial, up = None, not exchange.own
        exchange.items_got += 1
        if exchange.carries(up) == "items":
            if not is_wire(body):
                if not up:
                    return self.cancel(exchange)
                return self.refuse(exchange, "contract/invalid", {"item": exchange.items_got, "path": ""}, 0)
        self.tell("item", exchange=exchange.id, body=body.hex(), handle=exchange)

    def ended(self, exchange: Exchange, end: bool) -> None:
        """The peer's direction of an exchange ends with this frame."""
        if end:
            exchange.in_ended = True
            if exchange.kind == "stream" and not exchange.dropped and not exchange.settled:
                exchange.settled = exchange.own
                self.tell("ended", exchange=exchange.id, code=None, handle=exchange)
        self.forget(exchange)

    def on_reply(self, exchange: Exchange, body: bytes) -> None:
        if exchange.settled:
            return
        if body and not is_wire(body):
            return self.settle(exchange, "contract/invalid", "yes")
        exchange.settled = True
        self.tell("reply", exchange=exchange.id, body=body.hex(), handle=exchange)

    def refuse(self, exchange: Exchange, code: str, details: Any, held: int) -> None:
        """A FAULT of this end's own making; the credit of a BEGIN goes back with it (SE-54)."""
        if exchange.running:
            exchange.running = False
            self.tell("cancelled", exchange=exchange.id, code=code, handle=exchange)
        exchange.dropped = exchange.faulted = True
        self.drop(exchange)
        self.early, exchange.early, exchange.held = self.early - exchange.early, 0, 0
        exchange.partial = None
        body = b"" if details is None else encode(details)

        def framed() -> None:
            self.window.given += held
            self.last_word(exchange)

        self.push(Frame("FAULT", exchange=exchange.id, number=WIRE[code], body=body), framed)

    def on_fault(self, frame: Frame) -> None:
        """SE-35, SE-49."""
        exchange = self.exchanges.get(frame.exchange) or self.past.get(frame.exchange)
        if exchange is None or not exchange.own:
            raise malformed("a FAULT for nothing")
        code, details, ran = parse_fault(frame.number, frame.body, exchange.items_sent)
        if code in ("topic/slow", "broker/full", "broker/failed", "flow/refused"):
            raise malformed("a FAULT of what this contract has not")  # SE-149
        if exchange.kind == "oneWay":
            if exchange.faulted or code not in ("policy/denied", "policy/limited", "contract/invalid") or "item" in details:
                raise malformed("a FAULT that is not of a one-way message")
            if exchange.whole:
                self.refused(exchange)
            else:
                exchange.faulted = True
                self.tell("fault", exchange=exchange.id, code=code, ran="no", handle=exchange)
            self.reset(exchange, frame.number)
            return self.forget(exchange)
        if exchange.in_ended:
            raise malformed("a FAULT behind the last word")
        exchange.in_ended = exchange.faulted = True
        if self.pieces_in is exchange:
            self.pieces_in = None
        exchange.partial = None
        declared = exchange.operation.row["faults"]
        if code == "call/fault" and details["name"] not in declared:
            code, details, ran = "contract/invalid", {}, "yes"  # ME-12
        if exchange.items_got:
            ran = "yes"
        name = details.get("name")
        body = encode(details["data"]).hex() if "data" in details else ""
        self.settle(exchange, code, ran, **({"name": name, "body": body} if name is not None else {}))
        self.reset(exchange, frame.number)
        self.forget(exchange)

    def refused(self, exchange: Exchange) -> None:
        """An own one-way message that the peer did not take."""
        exchange.faulted = True
        self.past.pop(exchange.id, None)
        decision = self.decision(exchange, 0)
        self.tell("refused", exchange=exchange.id, index=0, decision=decision, handle=exchange)

    def on_reset(self, frame: Frame) -> None:
        """SE-36."""
        exchange = self.exchanges.get(frame.exchange)
        if exchange is None or exchange.own or exchange.in_ended or frame.number not in CODES or frame.size != exchange.body_got:
            raise malformed("a RESET for nothing, or of another size")
        exchange.in_ended = True
        if self.pieces_in is exchange:
            self.pieces_in = None
        if not exchange.whole and exchange.kind != "oneWay" and not exchange.out_ended and not exchange.faulted:
            self.refuse(exchange, "call/deadline" if frame.number == DEADLINE else "call/cancelled", None, exchange.held)
        elif not exchange.whole:
            self.consume(exchange)  # a one-way message that nobody will see
        self.forget(exchange)

    def on_stop(self, frame: Frame) -> None:
        """SE-37, SE-123; one for an exchange of the peer that is past is known by its number alone."""
        exchange, own = self.exchanges.get(frame.exchange), self.is_own(frame.exchange)
        if frame.number not in (CANCELLED, DEADLINE) or exchange and exchange.kind == "oneWay":
            raise malformed("a STOP of another code, or of a one-way message")
        if exchange is None:
            if own or not 0 < frame.exchange < self.next_peer:
                raise malformed("a STOP for nothing")
            return
        if exchange.stop_got or exchange.own and (exchange.kind != "stream" or exchange.in_ended):
            raise malformed("a STOP too many")
        exchange.stop_got = True
        if exchange.own:
            if not exchange.out_ended:
                self.drop(exchange)
                self.tell("stopped", exchange=exchange.id, code=CODES[frame.number], handle=exchange)
                self.reset(exchange, frame.number)
        elif not exchange.out_ended and not exchange.faulted:
            self.give_up(exchange, frame.number)

    def give_up(self, exchange: Exchange, number: int) -> None:
        """A call or stream of the peer that nobody waits for: user code is told, and its answer replaced."""
        exchange.why, exchange.deadline = exchange.why or number, math.inf
        self.drop(exchange)
        if exchange.running:
            self.tell("cancelled", exchange=exchange.id, code=CODES[number], handle=exchange)
        else:
            self.refuse(exchange, CODES[exchange.why], None, exchange.held)

    def on_credit(self, frame: Frame) -> None:
        if frame.exchange == 0:
            return self.budget.raise_to(frame.number)
        exchange = self.exchanges.get(frame.exchange)
        if exchange:
            return exchange.budget.raise_to(frame.number)
        if frame.exchange >= (self.next_own if self.is_own(frame.exchange) else self.next_peer):
            raise malformed("a CREDIT for what was never begun")

    def on_ping(self, frame: Frame) -> None:
        self.pings_got += 1
        if frame.number != self.pings_got:
            raise malformed("a PING out of order")  # SE-69
        if not self.peer_pings.take(self.now):
            raise Fault("session/limit", "too many PINGs")  # SE-53
        self.push(Frame("PONG", number=frame.number))

    def on_pong(self, frame: Frame) -> None:
        self.pongs_got += 1
        if frame.number != self.pongs_got or self.pongs_got > self.pings_sent:
            raise malformed("a PONG of no PING")
        self.tell("pong")

    def on_credential(self, _frame: Frame) -> None:
        if not self.credentials.take(self.now):
            raise Fault("session/limit", "too many CREDENTIALs")  # SE-103; the peer is trusted by its key alone (SE-102)

    def on_drain(self, frame: Frame) -> None:
        """SE-38, SE-66."""
        if self.drain_got or frame.number and (not self.is_own(frame.number) or frame.number >= self.next_own):
            raise malformed("a second DRAIN, or of what was never begun")
        self.drain_got = True
        self.tell("draining")
        for message in [m for m in self.oneways if not m.exchange.id]:
            self.oneways.remove(message)
            self.settle(message.exchange, "session/closed", "no")
        for exchange in [x for x in (*self.past.values(), *self.exchanges.values()) if x.own and x.kind == "oneWay"]:
            if exchange.id > frame.number:
                self.refused(exchange)
        for exchange in [*self.waiting, *(x for x in self.exchanges.values() if x.own and x.id > frame.number)]:
            self.drop(exchange)
            self.settle(exchange, "session/closed", "no")
            if exchange.id:
                self.reset(exchange, WIRE["session/closed"])
                exchange.in_ended = exchange.faulted = True
                self.forget(exchange)
        self.waiting.clear()

    def on_end(self, number: int) -> None:
        """SE-41: nothing behind it is looked at. With another number than 0 its sender has gone."""
        if number:
            return self.over("session/lost")
        if self.state == "open":
            self.write_end(0)
        self.over(None)

    # ---- exchanges: what goes

    def answers(self, exchange: Exchange) -> bool:
        """Whether user code's answer may go; in its place goes what became of the exchange meanwhile."""
        was, exchange.running = exchange.running, False
        if exchange.out_ended or exchange.faulted or not was or self.state != "open":
            return False
        if exchange.why:
            self.refuse(exchange, CODES[exchange.why], None, 0)
            return False
        return True

    def settle(self, exchange: Exchange, code: str, ran: str, **more: str) -> None:
        """The outcome of an own call or stream, told once; one-way messages have none."""
        if not exchange.settled:
            exchange.settled = True
            if exchange.kind != "oneWay":
                self.tell("fault", exchange=exchange.id, code=code, ran=ran, handle=exchange, **more)

    def drop(self, exchange: Exchange) -> None:
        """What waits to be sent in an exchange is not sent any more."""
        exchange.queue.clear()
        self.oneways = collections.deque(message for message in self.oneways if message.exchange is not exchange)
        if self.pieces_out and self.pieces_out.exchange is exchange:
            self.pieces_out = None

    def reset(self, exchange: Exchange, number: int) -> None:
        """Ends the own direction of an own exchange that has not ended."""
        self.drop(exchange)
        if exchange.id and not exchange.out_ended:
            exchange.out_ended = True
            self.push(Frame("RESET", exchange=exchange.id, number=number, size=exchange.body_sent))

    def forget(self, exchange: Exchange) -> None:
        """Takes an exchange that is past out of what is open."""
        if exchange.id in self.exchanges and exchange.past():
            del self.exchanges[exchange.id]
            if exchange.own and exchange.kind == "oneWay" and not exchange.faulted:
                self.past[exchange.id] = exchange
                window, message = self.limits["sessionWindow"], self.limits["message"]
                if len(self.past) > window // 64 + (window + message) // 992:
                    self.past.popitem(last=False)  # its credit is back, so it cannot be refused any more
            if exchange.kind == "stream":
                self.tell("over", exchange=exchange.id, handle=exchange)

    def last_word(self, exchange: Exchange) -> None:
        exchange.out_ended = True
        exchange.deadline = math.inf
        self.forget(exchange)

    def give(self, exchange: Exchange, session: int, own: int) -> None:
        self.window.given += session
        exchange.window.given += own

    def push(self, frame: Frame, framed: Callable[[], None] | None = None) -> None:
        if self.state == "open":
            self.control.append((frame, framed))

    def flush(self, now: float) -> None:
        """Writes what may go, in as few records as it takes, control frames first (SE-48)."""
        self.now = now

        def work() -> None:
            while self.state == "open" and self.write_next():
                pass
            if self.state == "open" and self.drain_sent and not self.control and not self.is_busy():
                self.send_end(0)

        self.guarded(work)

    def is_busy(self) -> bool:
        taken = (x for x in self.exchanges.values() if x.own or not x.dropped or not x.out_ended)
        return bool(self.waiting or self.oneways or self.refresh.out) or any(True for _ in taken)

    def write_next(self) -> bool:
        frames, room, callbacks = list[Frame](), self.room() - 2, list[Callable[[], None]]()

        def add(frame: Frame) -> None:
            nonlocal room
            frames.append(frame)
            room -= len(frame.encode())

        self.add_refresh(add, room)
        while self.control and len(self.control[0][0].encode()) <= room and len(frames) < 4000:
            frame, framed = self.control.popleft()
            add(frame)
            if framed:
                framed()
            if frame.kind == "DRAIN":
                break  # END, if that is next, has a record of its own
        if not self.control:
            for exchange, window in [(0, self.window)] + [(x.id, x.window) for x in self.exchanges.values() if not x.in_ended]:
                limit = window.due() if room > 32 and len(frames) < 4000 else 0
                if limit:
                    add(Frame("CREDIT", exchange=exchange, number=limit))
            self.add_messages(frames, add, lambda: room)
        if not frames and self.refresh.state != "owing":
            return False
        self.write_record(frames)
        return True

    def add_messages(self, frames: list[Frame], add: Callable[[Frame], None], room: Callable[[], int]) -> None:
        """Exchanges that have something to send take turns within the record (SE-120)."""
        share = self.room() if len(self.lanes()) < 2 else self.room() // 4
        moved = True
        while moved and room() > 96 and len(frames) < 4000:
            moved = False
            for message in self.lanes():
                frame = self.next_piece(message, min(room(), share))
                if frame is None and share < room():
                    frame = self.next_piece(message, room())
                if frame:
                    add(frame)
                    self.last_turn, moved = message.exchange, True

    def lanes(self) -> list[Outgoing]:
        """The next message of each: one-way messages in their order (SE-71), calls that may begin (SE-46), replies and items.

        From the one behind that which went last, so that each has its turn where credit is short too.
        """
        lanes = [self.oneways[0]] if self.oneways else []
        most = min(self.limits["exchanges"], self.o.limits["exchanges"])
        opened = sum(1 for x in self.exchanges.values() if x.own and x.kind != "oneWay")
        if self.waiting and opened < most:
            lanes.append(self.waiting[0].queue[0])
        lanes += [x.queue[0] for x in self.exchanges.values() if x.queue and x.kind != "oneWay"]
        turn = next((i + 1 for i, message in enumerate(lanes) if message.exchange is self.last_turn), 0)
        return lanes[turn:] + lanes[:turn]

    def next_piece(self, message: Outgoing, room: int) -> Frame | None:
        """The next frame of a message, as far as the record, the windows and SE-47 let it; None while it has to wait."""
        exchange = message.exchange
        if message.fault:
            if len(message.fault.encode()) > room:
                return None
            exchange.queue.popleft()
            exchange.faulted = True
            self.last_word(exchange)
            return message.fault
        empty = not message.request and not message.body
        first = message.request and not message.started
        beside = len(encode_labels(message.labels)) if first else 0
        cost = 64 + beside if first else 0
        closing = 64 if message.item else 0  # with the last DATA
        left = len(message.body) - message.sent
        space = room - 24 - beside
        most = min(space, self.budget.left - cost, exchange.budget.left)
        whole = left <= space and cost + closing + left <= self.budget.left and closing + left <= exchange.budget.left
        size = left
        if not whole:
            chunk = message.item and exchange.carries(exchange.own) == "bytes"
            half = min(self.budget.size, exchange.budget.size) // 2
            long = left + 26 + beside > self.room() or left + cost + closing > half
            if not chunk and (self.pieces_out not in (None, message) or not (long or message.started)):
                return None  # SE-47; a chunk is in no pieces
            size = min(most - closing if chunk else most, left if chunk else left - 1)
            if size < 1:
                return None
        return self.frame_of(message, size, whole, empty)

    def frame_of(self, message: Outgoing, size: int, whole: bool, empty: bool) -> Frame:
        """Takes so many bytes of a message into a frame, and what that takes of the windows."""
        exchange = message.exchange
        chunk = message.item and exchange.carries(exchange.own) == "bytes"
        first = message.request and not message.started
        body = message.body[message.sent : message.sent + size]
        frame = Frame("DATA", end=whole and message.end, more=not whole and not chunk, body=body)
        if first:
            if not exchange.id:
                exchange.id, self.next_own = self.next_own, self.next_own + 2
                self.exchanges[exchange.id] = exchange
                if exchange in self.waiting:
                    self.waiting.remove(exchange)
            number = next(n for n, operation in self.own_operations.items() if operation is exchange.operation)
            frame.kind, frame.number, frame.ttl, frame.labels = "BEGIN", number, message.ttl, message.labels
        frame.exchange = exchange.id
        item = 64 if message.item and (whole or chunk) and not empty else 0
        beside = 64 + len(encode_labels(message.labels)) if first else 0
        self.budget.used += beside + item + size
        exchange.budget.used += item + size
        exchange.body_sent += size
        exchange.items_sent += 1 if item else 0
        message.sent, message.started = message.sent + size, True
        if frame.more:
            self.pieces_out = message
        elif self.pieces_out is message:
            self.pieces_out = None
        if whole:
            self.framed(message)
        return frame

    def framed(self, message: Outgoing) -> None:
        """The whole of a message is in a record."""
        exchange = message.exchange
        exchange.queue.popleft()
        if message.request:
            exchange.whole = True
        if self.oneways and self.oneways[0] is message:
            self.oneways.popleft()
        if message.end:
            self.last_word(exchange) if not exchange.own else self.own_end(exchange)

    def own_end(self, exchange: Exchange) -> None:
        exchange.out_ended = True
        self.forget(exchange)

    def write_end(self, number: int) -> None:
        """END, and in front of it a DRAIN that is in no record yet."""
        self.write_record([frame for frame, _ in self.control if frame.kind == "DRAIN"] + [Frame("END", number=number)])

    def send_end(self, number: int) -> None:
        """The last record of this direction (SE-42)."""
        self.write_end(number)
        self.state, self.end_at, self.close_at = "ending", self.now + END_MS, math.inf
        self.lose_handlers()

    # ---- time

    def pace(self) -> float:
        """A record at least every third of the lesser idle time (SE-61)."""
        return min(self.limits["idleMs"], self.o.limits["idleMs"]) / 3

    def on_time(self) -> None:
        now = self.now
        if self.state not in ("open", "ending"):
            if now >= self.started + HANDSHAKE_MS:
                self.over("session/timeout")  # SE-9
            return
        if now >= self.last_heard + self.o.limits["idleMs"] or now >= self.end_at:
            raise Fault("session/timeout", "the peer is silent")  # SE-61, SE-42
        if self.state == "ending":
            return
        if now >= self.close_at:
            cut = any(not x.own and x.kind == "oneWay" and not x.dropped for x in self.exchanges.values())
            if cut:
                raise Fault("session/timeout", "a one-way message of the peer is in pieces")
            return self.send_end(0)
        for exchange in [x for x in (*self.waiting, *self.exchanges.values()) if now >= x.deadline]:
            exchange.deadline = math.inf
            if exchange.own:
                self.cancel(exchange, DEADLINE)
            elif exchange.kind != "oneWay":
                self.give_up(exchange, DEADLINE)
        self.on_refresh_time()
        if now >= self.last_sealed + self.pace() and not self.control and not self.ping():
            self.last_sealed = now  # ten PINGs wait for their PONG: the peer is about to be given up

    # ---- refresh (channel.md)

    def plan_refresh(self) -> None:
        grace = 0 if self.o.initiator else 1000
        self.refresh.due = self.refresh.ended + max(self.o.refresh_ms, 2000) + grace  # CH-30
        self.refresh.limit = math.inf

    def on_refresh_time(self) -> None:
        r = self.refresh
        if self.now >= r.limit:
            raise Fault("session/timeout", "a refresh that does not end")  # CH-27
        if self.now < r.due:
            return
        r.due = math.inf
        if self.o.initiator and r.state in ("idle", "asked"):
            r.state = "started" if r.state == "idle" else "begun"
            r.limit = self.now + 120_000
            self.nest()
            assert r.nested
            r.out.append(r.nested.write(b""))
        elif not self.o.initiator and r.state == "idle":
            r.state, r.limit = "asked", self.now + 120_000
            self.push(Frame("REFRESH"))  # CH-24: R asks, once

    def nest(self) -> None:
        """The nested handshake: XXpsk3 with the root, with ML-KEM if the session has it (CH-20 to CH-22)."""
        assert self.keys and self.seal
        r = self.refresh
        r.run += 1
        hybrid = "hfs" in SUITES[self.suite]
        name = f"Noise_XX{'hfs+' if hybrid else ''}psk3_25519{'+MLKEM768' if hybrid else ''}_{self.seal.cipher}_SHA256"
        prologue, root = refresh_prologue(self.keys.h, r.run), self.keys.root
        self.keys = self.keys._replace(root=b"")  # CH-29
        r.nested = Handshake(name, self.o.initiator, prologue, self.o.secret, [root], self.o.draw)

    def add_refresh(self, add: Callable[[Frame], None], room: int) -> None:
        """Pieces of the messages of a refresh; message 3 goes whole, with REKEY 1 behind it (CH-23, CH-28)."""
        while self.refresh.out and room > 80:
            message = self.refresh.out[0]
            frame = Frame("REFRESH", body=message[: room - 8])
            add(frame)
            room -= len(frame.encode())
            if len(frame.body) == len(message):
                self.refresh.out.popleft()
            else:
                self.refresh.out[0] = message[len(frame.body) :]
                return

    def on_refresh(self, body: bytes) -> None:
        """CH-25: only what the table has in the state at hand."""
        r = self.refresh
        if not body:
            if r.got or not self.o.initiator or r.state not in ("idle", "started"):
                raise Fault("session/unexpected", "an ask out of place")
            r.state = "asked" if r.state == "idle" else "begun"
            if r.state == "asked":
                r.due = max(self.now, r.ended + 2000)
            return
        if r.state not in (("started", "begun") if self.o.initiator else ("idle", "asked", "answered")):
            raise Fault("session/unexpected", "a message of a refresh out of place")
        if not self.o.initiator and not r.nested:
            if self.now < r.ended + 1000:
                raise Fault("session/limit", "a refresh too soon")  # CH-27
            r.due = math.inf
            self.nest()
        assert r.nested
        r.got += body
        size = r.nested.size(r.nested.tokens())
        if len(r.got) > size:
            raise malformed("a message of a refresh that is too long")
        if len(r.got) == size:
            message, r.got = r.got, b""
            self.on_refresh_message(message)

    def on_refresh_message(self, message: bytes) -> None:
        r = self.refresh
        assert r.nested
        if r.nested.message < 2:
            check_ephemeral(message)
        r.nested.read(message)
        if r.nested.rs and r.nested.rs != self.rs:
            raise Fault("identity/not-trusted", "another static key than the session's")  # CH-26
        if self.o.initiator:
            r.out.append(r.nested.write(b""))
            r.state = "owing"
        elif r.nested.message == 1:
            r.state, r.limit = "answered", min(r.limit, self.now + 120_000)
            r.out.append(r.nested.write(b""))
        else:
            r.state, r.switch = "finished", True
        if r.nested.message == 3:
            r.keys, r.nested = r.nested.finish(), None
            ours, theirs = (r.keys.k_ir, r.keys.k_ri) if self.o.initiator else (r.keys.k_ri, r.keys.k_ir)
            r.pending_out, r.pending_in = ours, theirs

    def switched(self) -> None:
        """The own REKEY 1 is sealed: what follows is under the new key and the next nonce."""
        r = self.refresh
        assert self.seal and r.pending_out
        self.seal.replace(r.pending_out)
        r.pending_out = None
        if self.o.initiator:
            r.state = "finished"
        else:
            self.refresh_done()

    def refresh_done(self) -> None:
        """Exports and the session id stay those of the handshake (CH-33)."""
        r = self.refresh
        assert self.keys and r.keys
        self.keys = self.keys._replace(h=r.keys.h, root=r.keys.root)
        r.keys, r.state, r.ended = None, "idle", self.now
        self.plan_refresh()

    # ---- small things

    def is_own(self, exchange: int) -> bool:
        return exchange % 2 == (1 if self.o.initiator else 0)

    def tell(self, event: str, **more: Any) -> None:
        self.events.append({"event": event, **more})

    def decision(self, exchange: Exchange, index: int) -> str:
        """The name of a decision, alike at both ends (SE-60)."""
        way = "ir" if exchange.own == self.o.initiator else "ri"
        return f"{self.session_id[:8].hex()}.{way}.{exchange.id}.{index}"


REFUSALS = ("identity/not-trusted", "session/busy", "session/malformed", "session/service", "session/extension",
            "contract/unserved", "contract/changed", "policy/denied", "policy/limited")  # fmt: skip


def check_ephemeral(message: bytes) -> None:
    """SE-12, before anything is computed with it."""
    if len(message) >= 32 and not is_canonical(message[:32]):
        raise malformed("an ephemeral that is not canonical")


def refresh_prologue(h: bytes, run: int) -> bytes:
    return b"Sotto/1 refresh" + h + run.to_bytes(4, "big")


def is_wire(body: bytes) -> bool:
    try:
        decode(body)
    except Fault:
        return False
    return True


# ---------------------------------------------------------------- asks: what vectors want to know (spec/conformance.md)

Vector = dict[str, Any]
TEXTS: dict[str, tuple[str, int, bool]] = {  # prefix, bytes, upper case
    "peer": ("sotto", 32, False), "secret": ("sotto-secret-", 32, True), "sealed": ("sotto-sealed-", 65, True),
}  # fmt: skip


def hex_of(vector: Vector) -> bytes:
    more = vector.get("repeat") or {"hex": "", "times": 0}
    return bytes.fromhex(vector["hex"]) + bytes.fromhex(more["hex"]) * more["times"]


def diagnostic(value: Any) -> str:
    """RFC 8949 section 8; numbers as JavaScript writes them."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return f"h'{value.hex()}'"
    if isinstance(value, list):
        return "[" + ", ".join(diagnostic(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{diagnostic(key)}: {diagnostic(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = f"{Decimal(repr(value)):f}" if abs(value) >= 1e-6 else repr(value)
    return re.sub(r"e([+-])0", r"e\1", text)


def ask_cbor(v: Vector) -> Vector:
    value = decode(hex_of(v), v["as"] == "control")
    if encode(value) != hex_of(v):
        raise AssertionError("CB-19")
    return {"diagnostic": diagnostic(value)}


def ask_text(v: Vector) -> Vector:
    prefix, length, upper = TEXTS[v["as"]]
    data = from_text(v["text"], prefix, length, upper)
    if v["as"] == "peer":
        key_of(v["text"])
    answer = {"bytes": data.hex()}
    return answer | ({"publicKey": public_of(data).hex()} if v["as"] == "secret" else {})


def ask_sealed(v: Vector) -> Vector:
    secret = open_secret(v["text"], v["passphrase"])
    data = from_text(v["text"], "sotto-sealed-", 65, upper=True)
    key, ad, again, _ = seal_secret(secret, v["passphrase"], data[0], data[1:17])
    way = {"cost": data[0], "salt": data[1:17].hex(), "key": key.hex(), "ad": ad.hex(), "bytes": again.hex()}
    return {"secretKey": secret.hex()} | way


def ask_row(v: Vector) -> Vector:
    data = row_bytes(v["row"])
    return {"cbor": data.hex(), "digest": sha256(data).hex()}


def ask_grammar(v: Vector) -> Vector:
    rule = {"contract": is_contract, "operation": is_operation, "token": is_token, "address": is_address, "template": is_template}
    return {"valid": rule[v["as"]](v["text"])}


def ask_subject(v: Vector) -> Vector:
    return {"subject": fits_template(v["template"], v["text"]), "filter": fits_template(v["template"], v["text"], True)}


def noise_side(v: Vector, role: str, prologue: bytes | None = None) -> Handshake:
    """One side of a vector in the format of cacophony; a key that the pattern does not use is refused (NO-2)."""
    if f"{role}_remote_static" in v:
        raise Fault("noise/protocol", "a key that the pattern does not use")
    drawn = {"e": v.get(f"{role}_ephemeral", ""), "e1": v.get("init_e1", ""), "ekem1": v.get("resp_ekem1", "")}
    psks = [bytes.fromhex(psk) for psk in v.get(f"{role}_psks", [])]
    static = bytes.fromhex(v.get(f"{role}_static", ""))
    prologue = bytes.fromhex(v[f"{role}_prologue"]) if prologue is None else prologue
    return Handshake(v["protocol_name"], role == "init", prologue, static, psks, lambda name, _: bytes.fromhex(drawn[name]))


def ask_noise(v: Vector) -> Vector:
    """Both ends of a handshake and of the transport behind it, against the messages of the vector."""
    i, r, h = noise_side(v, "init"), noise_side(v, "resp"), bytes.fromhex
    written: list[str] = []
    for at, message in enumerate(v["messages"][:3]):
        writer, reader = (i, r) if at % 2 == 0 else (r, i)
        written.append(writer.write(h(message["payload"])).hex())
        if reader.read(h(message["ciphertext"])).hex() != message["payload"]:
            raise Fault("noise/failed", "another payload than was written")
    hash, steps = i.h, i.steps
    if r.h != hash:
        raise Fault("noise/failed", "the ends differ")
    i_keys, r_keys = i.finish(), r.finish()
    i_seal, r_open = Direction(i.cipher, i_keys.k_ir), Direction(i.cipher, r_keys.k_ir)
    r_seal, i_open = Direction(i.cipher, r_keys.k_ri), Direction(i.cipher, i_keys.k_ri)
    for at, message in enumerate(v["messages"][3:], 3):
        sealer, opener = (i_seal, r_open) if at % 2 == 0 else (r_seal, i_open)
        written.append(sealer.seal(h(message["payload"]))[2:].hex())
        try:
            opener.open(h(message["ciphertext"]))
        except Fault:
            raise Fault("noise/decrypt") from None
    if written != [message.get("written", message["ciphertext"]) for message in v["messages"]]:
        raise Fault("noise/failed", "another ciphertext")
    return {"handshake_hash": hash.hex(), "steps": steps}


def keys_hex(keys: Keys, names: tuple[str, ...]) -> dict[str, str]:
    return {name: getattr(keys, name).hex() for name in names}


def ask_schedule(v: Vector) -> Vector:
    keys = keys_from(bytes.fromhex(v["ck"]), bytes.fromhex(v["h"]))
    names = ("t", "k_ir", "k_ri", "x", "exp", "root")
    return {"keys": keys_hex(keys, names), "sessionId": export(keys.exp, "sotto session id", b"", 16).hex()}


def ask_exporter(v: Vector) -> Vector:
    keys = keys_from(bytes.fromhex(v["ck"]), bytes.fromhex(v["h"]))
    return {"bytes": export(keys.exp, v["label"], bytes.fromhex(v["context"]), v["length"]).hex()}


def ask_label(v: Vector) -> Vector:
    try:
        check_export(v["label"], v["length"])
    except Fault:
        return {"valid": False}
    return {"valid": True}


def open_records(v: Vector, records: list[str], follow: bool) -> tuple[list[str], list[str], list[str]]:
    """Plaintexts, keys and nonces of records of one direction, following REKEY 0 if asked to (CH-6)."""
    direction = Direction(v["cipher"], bytes.fromhex(v["key"]), v["n"])
    plaintexts, keys, nonces = list[str](), list[str](), list[str]()
    for record in records:
        data = bytes.fromhex(record)
        if cut_record(data) != len(data):
            raise Fault("channel/truncated", "a record cut short")
        keys.append(direction.key.hex())
        nonces.append(direction.next_nonce().hex())
        plaintext = direction.open(data[2:])
        plaintexts.append(plaintext.hex())
        if follow:
            last = parse_plaintext(plaintext)[-1]
            if last.kind == "REKEY":
                if last.number:
                    raise malformed("a REKEY of another generation")
                direction.rekey()
    return plaintexts, keys, nonces


def ask_record(v: Vector) -> Vector:
    plaintexts, _, nonces = open_records(v, [v["record"]], False)
    return {"plaintext": plaintexts[0], "nonce": nonces[0]}


def ask_rekey(v: Vector) -> Vector:
    plaintexts, keys, nonces = open_records(v, v["records"], True)
    return {"plaintexts": plaintexts, "keys": keys, "nonces": nonces}


def ask_refresh(v: Vector) -> Vector:
    """A nested handshake against the messages of the vector, as each reader gets them."""
    h = bytes.fromhex
    prologue, statics = refresh_prologue(h(v["h"]), v["run"]), (h(v["init_static"]), h(v["resp_static"]))
    v = v | {"init_psks": [v["root"]], "resp_psks": [v["root"]]}
    i, r = noise_side(v, "init", prologue), noise_side(v, "resp", prologue)
    for at, message in enumerate(v["messages"]):
        writer, reader = (i, r) if at % 2 == 0 else (r, i)
        writer.write(b"")
        if at < 2:
            check_ephemeral(h(message))
        if reader.read(h(message)):
            raise malformed("a payload in a refresh")  # CH-23
        if reader.rs and reader.rs != public_of(statics[1] if reader is i else statics[0]):
            raise Fault("identity/not-trusted", "another static key")  # CH-26
    if len(v["messages"]) < 3:
        raise malformed("a refresh cut short")
    steps, keys = r.steps, r.finish()
    frames = [Frame("REFRESH", body=h(message)).encode().hex() for message in v["messages"]]
    told = keys_hex(keys, ("ck", "h", "t", "k_ir", "k_ri", "x", "root"))
    return {"prologue": prologue.hex(), "keys": told, "frames": frames, "steps": steps}


def ask_negotiation(v: Vector) -> Vector:
    data = bytes.fromhex(v["hex"])
    if v["as"] == "hello":
        hello = Hello.decode(data)
        return {"hello": {"suites": hello.suites, "tried": hello.tried, "pskId": hello.psk_id.hex()}}
    if v["as"] == "retry":
        return {"suite": decode_retry(data)}
    packet = cut_packet(data)
    if packet is None or len(data) != 4 + len(packet[0]) + len(packet[1]):
        raise malformed("not one packet")
    return {"neg": packet[0].hex(), "noise": packet[1].hex()}


def ask_initiation(v: Vector) -> Vector:
    data = bytes.fromhex(v["hex"])
    if v["as"].startswith("payload"):
        credential, initiation = decode_payload(data, int(v["as"][-1]))
        return {"credential": credential.hex(), "initiation": initiation.hex()}
    if v["as"] == "acceptance":
        a = Acceptance.decode(data)
        form = {"serves": a.serves, "uses": a.uses, "context": a.context.hex(), "limits": a.limits}
        return {"acceptance": form, "extensions": a.extensions}
    i = Initiation.decode(data)

    def offers(given: list[Offer]) -> list[Any]:
        return [{"contract": name, "operations": [{"name": o, "digest": d.hex()} for o, d in ops]} for name, ops in given]

    form = {"uses": offers(i.uses), "serves": offers(i.serves), "context": i.context.hex()}
    form |= {"limits": i.limits, "service": i.service}
    return {"initiation": form, "extensions": i.extensions}


FORMS: dict[str, dict[str, str]] = {  # the members of each frame in vectors, and what holds them here
    "ACCEPT": {"body": "body"}, "REFUSE": {"code": "number", "detail": "detail"},
    "BEGIN": {"exchange": "exchange", "operation": "number", "subject": "subject", "standing": "standing", "ttlMs": "ttl",
              "labels": "labels", "end": "end", "more": "more", "body": "body"},
    "DATA": {"exchange": "exchange", "end": "end", "more": "more", "body": "body"},
    "FAULT": {"exchange": "exchange", "code": "number", "body": "body"},
    "RESET": {"exchange": "exchange", "code": "number", "size": "size"}, "STOP": {"exchange": "exchange", "code": "number"},
    "CREDIT": {"exchange": "exchange", "limit": "number"}, "PING": {"count": "number"}, "PONG": {"count": "number"},
    "REKEY": {"generation": "number"}, "REFRESH": {"body": "body"}, "CREDENTIAL": {"body": "body"},
    "DRAIN": {"last": "number"}, "END": {"code": "number"},
}  # fmt: skip


def frame_form(frame: Frame) -> Vector:
    values = {name: getattr(frame, member) for name, member in FORMS[frame.kind].items()}
    return {"is": frame.kind} | {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


def ask_frame(v: Vector) -> Vector:
    if v["as"] == "fault":
        code, details, _ = parse_fault(v["wire"], hex_of(v), 3)
        return {"error": code, "diagnostic": diagnostic(details) if details else ""}
    frames = [frame_form(frame) for frame in parse_plaintext(hex_of(v))]
    return {"frame": frames[0]} if v["as"] == "frame" else {"frames": frames}


class End:
    """One end of a session of the vectors. It does its own acts and reads what the other end says, whatever it says itself."""

    def __init__(self, v: Vector, role: str) -> None:
        contracts = {key: Contract(c["name"], c["operations"]) for key, c in v["contracts"].items()}
        side, psk = v[role], v[role]["psk"]
        draws = [bytes.fromhex(value["bytes"]) for value in side["random"]]
        self.engine = Engine(Options(
            role == "initiator", bytes.fromhex(side["secretKey"]), key_of(side["peer"]) if side["trusts"] else None, side["pq"],
            (bytes.fromhex(psk["id"]), bytes.fromhex(psk["key"])) if psk else None, side["aes"], side["service"],
            bytes.fromhex(side["context"]), side["limits"], side["rekeyRecords"] or 2**20, HOUR_MS,
            [contracts[name] for name in side["uses"]], [contracts[name] for name in side["serves"]],
            lambda _name, _length: draws.pop(0),
        ), 0)  # fmt: skip
        self.begun: list[Exchange] = []
        self.inbox: list[Exchange] = []
        self.session_id: str | None = None
        self.events: list[Event] = []
        for item in v["script"]:
            if item.get("by") == role:
                self.act(item)
            elif "bytes" in item and item["from"] != role:
                self.engine.receive(bytes.fromhex(item["bytes"]), 0)
            self.engine.flush(0)
            for event in self.engine.take()[1]:
                self.learn(event)

    def learn(self, event: Event) -> None:
        kind = event["event"]
        if kind == "established":
            self.session_id = event["sessionId"]
        if kind == "message":
            self.inbox.append(event["handle"])
        members = {"refused": ("decision",), "message": ("exchange", "body", "decision"),
                   "reply": ("exchange", "body"), "item": ("exchange", "body"), "established": ()}  # fmt: skip
        if kind != "over":
            names = members.get(kind, ("exchange", "code"))
            self.events.append({"event": kind} | {name: event[name] for name in names if name in event})

    def act(self, item: Vector) -> None:
        engine, what, inbox, begun = self.engine, item["act"], self.inbox, self.begun
        body = bytes.fromhex(item.get("body", ""))
        if what in ("call", "send", "stream"):
            number = engine.operation(item["contract"], item["operation"])
            begun.append(engine.begin(number, body, item["ttlMs"], item["labels"]))
        elif what in ("reply", "fault"):
            call = next(exchange for exchange in inbox if exchange.kind == "requestResponse")
            inbox.remove(call)
            details = {"name": item.get("name")} | ({"data": decode(body)} if body else {})
            engine.reply(call, body) if what == "reply" else engine.fault(call, "call/fault", details)
        elif what == "consume":
            for message in [exchange for exchange in inbox if exchange.kind == "oneWay"]:
                inbox.remove(message)
                engine.consume(message)
        elif what in ("item", "end", "stop"):
            own = begun and begun[-1].kind == "stream"
            stream = begun[-1] if own else next(exchange for exchange in inbox if exchange.kind == "stream")
            if what == "item":
                engine.item(stream, body)
            elif what == "end":
                engine.end(stream)
                self.inbox = [exchange for exchange in inbox if exchange is not stream]
            else:
                engine.stop(stream)
        elif what == "cancel":
            engine.cancel(begun[-1])
        elif what == "ping":
            engine.ping()
        else:
            engine.close(1000)


class Opened:
    """One end of an open session, in the time of the vector. Of its peer the handshake and the keys alone are used."""

    def __init__(self, v: Vector) -> None:
        contract, initiator = KIT.only(v["operations"]), v["role"] == "initiator"
        secrets = {True: bytes(range(32)), False: bytes(range(128, 160))}

        def end(own: bool, limits: Limits) -> Engine:
            side = initiator if own else not initiator
            return Engine(Options(
                side, secrets[side], public_of(secrets[not side]), "off", limits=limits_with(limits), uses=[contract], serves=[contract],
            ), 0)  # fmt: skip

        self.engine, self.peer = end(True, v["own"]), end(False, v["peer"])
        turns = [self.engine, self.peer] if initiator else [self.peer, self.engine]
        for turn in range(3 if v.get("waits") else 4):
            turns[(turn + 1) % 2].receive(turns[turn % 2].take()[0], 0)
        assert self.peer.seal
        if v.get("waits"):
            self.peer.seal.n = self.peer.seal.records = 0  # its ACCEPT is lost: the vector says what came in its place
        self.engine.take()
        self.now = 0.0
        self.exchanges: dict[int, Exchange] = {}
        self.next_own = 1 if initiator else 2
        self.events: list[Vector] = []
        self.says: list[Vector] = []
        for at, item in enumerate(v["script"]):
            code = self.play(item)
            if code and at == len(v["script"]) - 1:
                raise Fault(code)

    def play(self, item: Vector) -> str | None:
        """Does one item, and learns what it leads to: with which code the session is over, if it is."""
        engine = self.engine
        if "record" in item:
            self.say(bytes.fromhex(item["record"]))
        elif "eof" in item:
            engine.eof(self.now)
        elif "ms" in item:
            self.now += item["ms"]
            while engine.due() <= self.now:
                engine.tick(self.now)
        else:
            self.act(item)
        engine.flush(self.now)
        out, events = engine.take()
        said = [frame for frame in self.frames(out) if frame.kind in ("FAULT", "RESET", "STOP")]
        said.sort(key=lambda frame: (frame.exchange, frame.kind))
        self.says += [{"is": frame.kind, "exchange": frame.exchange, "code": CODES[frame.number]} for frame in said]
        learnt = [self.told(event) for event in events if event["event"] not in ("established", "over")]
        self.events += sorted(learnt, key=lambda event: "exchange" not in event)
        return next((event["code"] for event in events if event["event"] == "closed"), None)

    def say(self, plaintext: bytes) -> None:
        assert self.peer.seal
        self.engine.receive(self.peer.seal.seal(plaintext), self.now)
        if plaintext[-2:] == b"\x0b\x00":
            self.peer.seal.rekey()

    def frames(self, data: bytes) -> list[Frame]:
        """What the end wrote."""
        assert self.peer.unseal
        frames: list[Frame] = []
        while data:
            length = cut_record(data)
            frames += parse_plaintext(self.peer.unseal.open(data[2:length]))
            data = data[length:]
            if frames and frames[-1] == Frame("REKEY", number=0):
                self.peer.unseal.rekey()
        return frames

    def act(self, item: Vector) -> None:
        engine, what, body = self.engine, item["act"], bytes.fromhex(item.get("body", ""))
        if what == "begin":
            exchange = engine.begin(engine.operation("kit.v1", item["operation"]), body, item.get("ttlMs", 0))
            self.exchanges[self.next_own] = exchange
            self.next_own += 2
        elif what == "ping":
            engine.ping()
        elif what == "close":
            engine.close(1000)
        else:
            exchange = self.exchanges[item["exchange"]]
            if what == "cancel":
                engine.cancel(exchange)
            elif what == "reply":
                engine.reply(exchange, body)
            elif what == "fault":
                engine.fault(exchange, "call/fault", {"name": item["name"]} | ({"data": decode(body)} if body else {}))
            elif exchange.kind == "oneWay":
                engine.consume(exchange)

    def told(self, event: Event) -> Vector:
        """An event in the words of the vectors."""
        kind, exchange = event["event"], event.get("handle")
        if kind == "message":
            self.exchanges[exchange.id] = exchange
        members = ("event", "exchange", "index", "code", "ran") + (() if kind == "fault" else ("body",))
        told: Vector = {name: event[name] for name in members if name in event}
        if kind == "fault":
            told["exchange"] = next(number for number, own in self.exchanges.items() if own is exchange)
        if kind == "message":
            told |= {"operation": exchange.operation.row["name"]}
            told |= ({"ttlMs": exchange.ttl} if exchange.ttl else {}) | ({"labels": exchange.labels} if exchange.labels else {})
        return told


def ask_session(v: Vector) -> Vector:
    initiator, responder = End(v, "initiator"), End(v, "responder")
    opened = initiator.session_id is not None and initiator.session_id == responder.session_id
    events = {"events": {"initiator": initiator.events, "responder": responder.events}}
    return ({"sessionId": initiator.session_id} if opened else {}) | events


def ask_traffic(v: Vector) -> Vector:
    opened = Opened(v)
    return {"events": opened.events, "says": opened.says}


ASKS: dict[str, Callable[[Vector], Vector]] = {
    "cbor": ask_cbor, "id": ask_text, "sealed": ask_sealed, "row": ask_row,
    "numbering": lambda v: {"numbered": numbered(v["given"])}, "grammar": ask_grammar, "subject": ask_subject,
    "noise": ask_noise, "schedule": ask_schedule, "exporter": ask_exporter, "label": ask_label, "record": ask_record,
    "rekey": ask_rekey, "refresh": ask_refresh, "negotiation": ask_negotiation,
    "prologue": lambda v: {"prologue": session_prologue([bytes.fromhex(neg) for neg in v["negs"]]).hex()},
    "initiation": ask_initiation, "frame": ask_frame, "session": ask_session, "traffic": ask_traffic,
}  # fmt: skip


# ---------------------------------------------------------------- an application on top of an engine


def clock() -> float:
    return time.monotonic() * 1000


class Application:
    """Serves kit.v1 over an engine and tells what it hears, as spec/conformance.md names it."""

    def __init__(self, options: Options, tell: Callable[[Event], None], write: Callable[[bytes], None]) -> None:
        self.tell, self.write = tell, write
        self.tags: dict[int, str] = {}  # of own exchanges, by identity
        self.calls: dict[str, Exchange] = {}
        self.given: set[str] = set()  # every tag
        self.done = False
        self.engine = Engine(options, clock())
        self.pump()

    def receive(self, data: bytes) -> None:
        self.engine.receive(data, clock())
        self.pump()

    def eof(self) -> None:
        self.engine.eof(clock())
        self.pump()

    def tick(self) -> None:
        if clock() >= self.engine.due():
            self.engine.tick(clock())
            self.pump()

    def act(self, act: Vector) -> None:
        """One act of the table; what may not be done is told as the fault of its tag."""
        engine, what = self.engine, act["do"]
        if engine.state not in ("open", "ending"):
            raise SystemExit("an act before the session is open")
        if what in ("call", "cancel") and (act["tag"] in self.given) != (what == "cancel"):
            raise SystemExit("a tag that is used twice or was never given")
        if what == "call":
            self.given.add(act["tag"])
        engine.now = clock()
        if what == "close":
            engine.close(1000)
        elif what == "export" and engine.keys:
            key = export(engine.keys.exp, act["label"], bytes.fromhex(act["context"]), act["length"])
            self.tell({"event": "exported", "label": act["label"], "key": key.hex()})
        elif what == "cancel" and act["tag"] in self.calls:
            engine.cancel(self.calls[act["tag"]])
        elif what in ("call", "send"):
            ttl = act.get("ttlMs", 30_000) if what == "call" else 0  # ME-13
            try:
                exchange = engine.begin(engine.operation("kit.v1", act["operation"]), bytes.fromhex(act["body"]), ttl)
            except Fault as fault:
                tag = {"tag": act["tag"]} if what == "call" else {}
                self.tell({"event": "fault", **tag, "code": fault.code, "ran": "no"})
            else:
                if what == "call":
                    self.tags[id(exchange)], self.calls[act["tag"]] = act["tag"], exchange
        engine.flush(clock())
        self.pump()

    def pump(self) -> None:
        """Moves bytes and events out, and lets handlers answer, until nothing more comes."""
        while not self.done:
            out, events = self.engine.take()
            closing = next((event for event in events if event["event"] == "closed"), None)
            if out:
                self.write(out)  # CF-3: before `closed`
            for event in events:
                self.on_event(event)
            if closing:
                self.done = True
            if not out and not events:
                return
            self.engine.flush(clock())

    def on_event(self, event: Event) -> None:
        kind, exchange = event["event"], event.get("handle")
        if kind == "established":
            self.tell({"event": "open", "peer": event["peer"], "suite": event["suite"], "sessionId": event["sessionId"]})
        elif kind == "message":
            self.tell({"event": "heard", "operation": exchange.operation.row["name"], "body": event["body"]})
            self.handle(exchange, event["body"])
        elif kind == "cancelled":
            self.tell({"event": "over", "operation": exchange.operation.row["name"], "code": event["code"]})
            self.engine.fault(exchange, event["code"])
        elif kind in ("reply", "fault") and id(exchange) in self.tags:
            tag = self.tags.pop(id(exchange))
            self.calls.pop(tag, None)
            told = {key: event[key] for key in ("code", "ran", "name", "body") if key in event}
            self.tell({"event": kind, "tag": tag} | told)
        elif kind == "refused" or kind == "fault" and exchange.kind == "oneWay":
            self.tell({"event": "refused", "verb": "send", "address": exchange.operation.address})
        elif kind == "closed":
            self.tell({"event": "closed", "code": event["code"]})
            self.tell({"event": "eof"})  # CF-6

    def handle(self, exchange: Exchange, body: str) -> None:
        """The handlers of kit.v1."""
        engine, name, data = self.engine, exchange.operation.row["name"], bytes.fromhex(body)
        if name == "echo":
            engine.reply(exchange, data)
        elif name == "fail":
            engine.fault(exchange, "call/fault", {"name": "Refused"} | ({"data": decode(data)} if data else {}))
        elif name == "crash":
            engine.fault(exchange, "call/internal", {"incident": os.urandom(16).hex()})  # ME-10
        elif name == "note":
            engine.consume(exchange)


def options_of(line: Vector) -> Options:
    """What `open` says."""
    if "policy" in line:
        raise SystemExit("a policy, which is of the level policy")
    names = line.get("serves")
    known = [name for name in KIT.rows if names is None or name in names]
    contracts = [KIT.only(known)] if known else []
    psk, rekey = line.get("psk"), line.get("rekey") or {}
    return Options(
        initiator=line["role"] == "initiator",
        secret=bytes.fromhex(line["secret"]),
        peer=key_of(line["peer"]),
        pq=line.get("pq", "require"),
        psk=(bytes.fromhex(psk["id"]), bytes.fromhex(psk["key"])) if psk else None,
        service=line.get("service", ""),
        context=bytes.fromhex(line.get("context", "f6")),
        limits=limits_with(line.get("limits") or {}),
        rekey_records=rekey.get("records", 2**20),
        refresh_ms=rekey.get("refreshMs", HOUR_MS),
        padding=line.get("padding"),
        uses=contracts,
        serves=contracts,
    )


# ---------------------------------------------------------------- the shim (spec/conformance.md)

LINE = 4 * 1024 * 1024
ACTS = ("call", "send", "cancel", "export", "close")  # those of the level core


class Shim:
    """Lines in, lines out, over standard input and output."""

    def __init__(self) -> None:
        self.sessions: dict[int, Application] = {}
        self.opened: set[int] = set()  # those that are over too

    def say(self, line: Vector) -> None:
        sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        sys.stdout.buffer.flush()

    def run(self) -> None:
        """Until `exit` or the end of the input; what is no line of a kit ends it with a word on standard error."""
        buffer = b""
        while True:
            due = min((app.engine.due() for app in self.sessions.values()), default=math.inf)
            wait = None if due == math.inf else max(0.0, due - clock()) / 1000
            if not select.select([0], [], [], wait)[0]:
                self.each(lambda app: app.tick())
                continue
            data = os.read(0, 65_536)
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                if not self.on_line(json.loads(line)):
                    return
            if len(buffer) > LINE:
                raise SystemExit("a line of over 4 MiB")
            if not data:
                return

    def each(self, work: Callable[[Application], None]) -> None:
        for name, app in list(self.sessions.items()):
            work(app)
            if app.done:
                del self.sessions[name]

    def on_line(self, line: Vector) -> bool:
        what = line.get("do")
        if what == "exit":
            return False
        if what == "hello":
            suites = [f"0x{suite:04x}" for suite in SUITES]
            hello = {"sotto": 1, "name": "peer-python", "version": "1", "levels": ["core"], "suites": suites}
            self.say({"hello": hello})  # CF-1
        elif what == "ask":
            self.say({"id": line["id"]} | self.answer(line["ask"], line["vector"]))
        elif what == "settle":
            self.each(lambda app: app.tick())
            self.say({"id": line["id"], "settled": True})  # CF-4: nothing here is put off
        elif what == "open":
            self.open(line)
        elif what not in ACTS and "bytes" not in line and "eof" not in line:
            raise SystemExit("a line that is none of a kit at level core")
        elif line["session"] in self.sessions:
            app = self.sessions[line["session"]]
            if "bytes" in line:
                app.receive(bytes.fromhex(line["bytes"]))
            elif "eof" in line:
                app.eof()
            else:
                app.act(line)
            self.each(lambda _: None)
        elif line["session"] not in self.opened:
            raise SystemExit("a line of a session that was never opened")
        return True

    def answer(self, ask: str, vector: Vector) -> Vector:
        """CF-2."""
        if ask not in ASKS:
            return {"unsupported": True}
        try:
            return {"answer": ASKS[ask](vector)}
        except Fault as fault:
            return {"code": fault.code}

    def open(self, line: Vector) -> None:
        name = line["session"]
        self.opened.add(name)

        def tell(event: Event) -> None:
            self.say({"session": name} | event)

        try:
            app = Application(options_of(line), tell, lambda data: self.say({"session": name, "bytes": data.hex()}))
        except Fault as fault:
            tell({"event": "closed", "code": fault.code})
            return tell({"event": "eof"})
        if not app.done:
            self.sessions[name] = app


# ---------------------------------------------------------------- over sockets


def endpoint(text: str) -> tuple[int, Any]:
    """Family and address of unix:PATH or tcp:HOST:PORT."""
    if text.startswith("unix:"):
        path = text[5:]
        return socket.AF_UNIX, "\0" + path[1:] if path.startswith("@") else path
    if not text.startswith("tcp:"):
        raise SystemExit("an endpoint is unix:PATH or tcp:HOST:PORT")
    host, _, port = text[4:].rpartition(":")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host.strip("[]"), int(port))


def drive(pipe: socket.socket, options: Options, tell: Callable[[Application, Event], None]) -> None:
    """One session over a socket, to its end."""
    with pipe:
        app = Application(options, lambda event: tell(app, event), pipe.sendall)
        while not app.done:
            ready = select.select([pipe], [], [], max(0.0, app.engine.due() - clock()) / 1000)[0]
            if not ready:
                app.tick()
                continue
            try:
                data = pipe.recv(65_536)
            except ConnectionError:
                data = b""
            app.receive(data) if data else app.eof()


def session_options(peer: str, initiator: bool) -> Options:
    """From the environment: SOTTO_SECRET, and if set SOTTO_PQ and SOTTO_PSK (ID:KEY in hex)."""
    secret = from_text(os.environ.get("SOTTO_SECRET", ""), "sotto-secret-", 32, upper=True)
    line: Vector = {"role": "initiator" if initiator else "responder", "secret": secret.hex(), "peer": peer}
    line["pq"] = os.environ.get("SOTTO_PQ", "require")
    if "SOTTO_PSK" in os.environ:
        name, _, key = os.environ["SOTTO_PSK"].partition(":")
        line["psk"] = {"id": name, "key": key}
    options = options_of(line)
    options.aes = os.environ.get("SOTTO_AES") != "off"
    return options


def serve(at: str, peer: str) -> None:
    """Sessions one after another, each in a thread of its own, until the program is ended."""
    family, address = endpoint(at)
    with socket.socket(family) as listener:
        if family != socket.AF_UNIX:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        print(json.dumps({"event": "listening", "id": id_of(public_of(session_options(peer, False).secret))}), flush=True)
        while True:
            pipe, _ = listener.accept()
            options = session_options(peer, False)
            show = lambda _app, event: print(json.dumps(event), flush=True)  # noqa: E731
            threading.Thread(target=drive, args=(pipe, options, show), daemon=True).start()


def call(at: str, peer: str, operation: str, value: str) -> int:
    """One call; prints what came back in diagnostic notation."""
    family, address = endpoint(at)
    pipe = socket.socket(family)
    pipe.connect(address)
    code = 1

    def tell(app: Application, event: Event) -> None:
        nonlocal code
        if event["event"] == "open":
            app.act({"do": "call", "tag": "1", "operation": operation, "body": encode(json.loads(value)).hex()})
            return
        if event["event"] == "reply":
            code = 0
            print(diagnostic(decode(bytes.fromhex(event["body"]))) if event["body"] else "", flush=True)
        elif event["event"] == "fault" or event["event"] == "closed" and event["code"]:
            print(json.dumps(event), file=sys.stderr, flush=True)
        if event["event"] in ("reply", "fault"):
            app.act({"do": "close"})

    drive(pipe, session_options(peer, True), tell)
    return code


def identity() -> None:
    text = os.environ.get("SOTTO_SECRET") or secret_text(os.urandom(32))
    print(text if "SOTTO_SECRET" not in os.environ else id_of(public_of(from_text(text, "sotto-secret-", 32, upper=True))))


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["shim"]:
                Shim().run()
            case ["id"]:
                identity()
            case ["serve", at, peer]:
                serve(at, peer)
            case ["call", at, peer, operation, value]:
                return call(at, peer, operation, value)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
