"""The curve of Bitcoin: keys, RFC 6979 ECDSA with recovery, and BIP 340 Schnorr signatures, in plain integers.

This signs for simulated nodes only. Python integers do not work in constant time, so a key used here must hold no real
money; the program itself never signs anything. What comes out is exact all the same: any other implementation accepts
these signatures and recovers these keys.

Scalars are integers in 1 .. N-1; points are affine `(x, y)` with both coordinates in 0 .. P-1. The point at infinity
has no form here: whatever would produce it raises ValueError.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]  # x / z^2, y / z^3; z == 0 is the point at infinity
_INFINITY: _Jacobian = (1, 1, 0)

_WINDOW_BITS = 4
_WINDOWS = 256 // _WINDOW_BITS
_WNAF_BITS = 5


# --- keys and points ---------------------------------------------------------------------------------------------


def secret_scalar(key: bytes) -> int:
    """The scalar of a 32-byte private key. ValueError when it is not 32 bytes or not in 1 .. N-1."""
    if len(key) != 32:
        raise ValueError("a private key has 32 bytes")
    scalar = int.from_bytes(key, "big")
    if not 0 < scalar < N:
        raise ValueError("the private key is out of range")
    return scalar


def public_key(key: bytes) -> bytes:
    """The 33-byte compressed public key of a 32-byte private key."""
    return compress(multiply_base(secret_scalar(key)))


def compress(point: Point) -> bytes:
    """SEC 1 compressed form, 33 bytes."""
    x, y = point
    return bytes((2 + (y & 1),)) + x.to_bytes(32, "big")


def decompress(encoded: bytes) -> Point:
    """The point of a 33-byte compressed key. ValueError when it is not one."""
    if len(encoded) != 33 or encoded[0] not in (2, 3):
        raise ValueError("a compressed public key has 33 bytes and begins with 02 or 03")
    return lift_x(int.from_bytes(encoded[1:], "big"), odd=encoded[0] == 3)


def lift_x(x: int, *, odd: bool = False) -> Point:
    """The point with this x and a y of the given parity (even: BIP 340). ValueError when there is none."""
    if not 0 <= x < P:
        raise ValueError("the x coordinate is out of range")
    square = (pow(x, 3, P) + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        raise ValueError("no point of the curve has this x coordinate")
    return (x, y if (y & 1) == odd else P - y)


def add(one: Point, two: Point) -> Point:
    """The sum of two points. ValueError when it is the point at infinity."""
    return _affine(_add_affine((*one, 1), two))


def multiply(point: Point, scalar: int) -> Point:
    """`scalar` times `point`. ValueError when the scalar is a multiple of N."""
    return _affine(_multiply(point, scalar % N))


def multiply_base(scalar: int) -> Point:
    """`scalar` times the generator, by table. ValueError when the scalar is a multiple of N."""
    return _affine(_multiply_base(scalar % N))


def consecutive(start: Point, steps: Sequence[Point]) -> Iterator[Point]:
    """`start + step` for each step, with one inversion for all: many distinct valid points at a tiny price.

    No step may have the x coordinate of `start`: that needs another formula, and ValueError is raised.
    """
    x1, y1 = start
    for (x2, y2), inverse in zip(steps, _invert_all([(x2 - x1) % P for x2, _ in steps]), strict=True):
        slope = (y2 - y1) * inverse % P
        x3 = (slope * slope - x1 - x2) % P
        yield (x3, (slope * (x1 - x3) - y1) % P)


# --- ECDSA -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """An ECDSA signature with low s; `recovery` 0 .. 3 says which of the possible keys made it."""

    r: int
    s: int
    recovery: int

    @property
    def compact(self) -> bytes:
        """r and s, 64 bytes, as BOLT 11 and LDK write them."""
        return self.r.to_bytes(32, "big") + self.s.to_bytes(32, "big")

    @staticmethod
    def from_compact(compact: bytes, recovery: int) -> Signature:
        """ValueError when the length, a number or the recovery id is out of range. A high s is kept as it is."""
        if len(compact) != 64 or not 0 <= recovery <= 3:
            raise ValueError("a recoverable signature has 64 bytes and a recovery id of 0 to 3")
        r, s = int.from_bytes(compact[:32], "big"), int.from_bytes(compact[32:], "big")
        if not (0 < r < N and 0 < s < N):
            raise ValueError("the signature is out of range")
        return Signature(r, s, recovery)


def sign(key: bytes, digest: bytes) -> Signature:
    """A deterministic signature (RFC 6979, SHA-256, no extra entropy) of a 32-byte digest, with low s."""
    secret = secret_scalar(key)
    z = _digest_scalar(digest)
    for nonce in _nonces(key, digest):
        x, y = multiply_base(nonce)
        r = x % N
        s = pow(nonce, -1, N) * (z + r * secret) % N
        if r == 0 or s == 0:
            continue
        recovery = (y & 1) | (2 if x >= N else 0)
        return Signature(r, N - s, recovery ^ 1) if s > N // 2 else Signature(r, s, recovery)
    raise AssertionError("the nonces do not end")


def verify(point: Point, digest: bytes, signature: Signature) -> bool:
    """True when `signature` over the 32-byte digest is by `point`. High s is refused, as libsecp256k1 does."""
    r, s = signature.r, signature.s
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    inverse = pow(s, -1, N)
    try:
        x, _ = _double_multiply(_digest_scalar(digest) * inverse % N, point, r * inverse % N)
    except ValueError:
        return False
    return x % N == r


def recover(digest: bytes, signature: Signature) -> Point:
    """The only key that can have made `signature` over the 32-byte digest. ValueError when there is none."""
    r, s, recovery = signature.r, signature.s, signature.recovery
    if not (0 < r < N and 0 < s < N and 0 <= recovery <= 3):
        raise ValueError("the signature is out of range")
    nonce_point = lift_x(r + N if recovery & 2 else r, odd=bool(recovery & 1))
    inverse = pow(r, -1, N)
    return _double_multiply(-_digest_scalar(digest) * inverse % N, nonce_point, s * inverse % N)


def _digest_scalar(digest: bytes) -> int:
    if len(digest) != 32:
        raise ValueError("a digest has 32 bytes")
    return int.from_bytes(digest, "big") % N


def _nonces(key: bytes, digest: bytes) -> Iterator[int]:
    """RFC 6979 section 3.2: the candidates for k, for a 256-bit order and SHA-256."""
    v, k = b"\x01" * 32, b"\x00" * 32
    seed = key + _digest_scalar(digest).to_bytes(32, "big")
    for step in (b"\x00", b"\x01"):
        k = hmac.digest(k, v + step + seed, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        candidate = int.from_bytes(v, "big")
        if 0 < candidate < N:
            yield candidate
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


# --- BIP 340 -----------------------------------------------------------------------------------------------------


def tagged_hash(tag: bytes, *parts: bytes) -> bytes:
    """BIP 340: SHA-256 of SHA-256(tag) twice and the parts. BOLT 12 uses it for its merkle tree, too."""
    digest = _tag_midstate(tag).copy()
    for part in parts:
        digest.update(part)
    return digest.digest()


@lru_cache(maxsize=64)
def _tag_midstate(tag: bytes) -> hashlib._Hash:
    hashed = hashlib.sha256(tag).digest()
    return hashlib.sha256(hashed + hashed)


def schnorr_sign(key: bytes, message: bytes, auxiliary: bytes = bytes(32)) -> bytes:
    """A 64-byte BIP 340 signature of a message of any length; `auxiliary` are the standard's 32 extra bytes."""
    if len(auxiliary) != 32:
        raise ValueError("the auxiliary data has 32 bytes")
    secret = secret_scalar(key)
    x, y = multiply_base(secret)
    if y & 1:
        secret = N - secret
    mask = int.from_bytes(tagged_hash(b"BIP0340/aux", auxiliary), "big")
    public = x.to_bytes(32, "big")
    nonce_hash = tagged_hash(b"BIP0340/nonce", (secret ^ mask).to_bytes(32, "big"), public, message)
    nonce = int.from_bytes(nonce_hash, "big") % N
    nonce_x, nonce_y = multiply_base(nonce)
    if nonce_y & 1:
        nonce = N - nonce
    encoded_nonce = nonce_x.to_bytes(32, "big")
    challenge = _challenge(encoded_nonce, public, message)
    return encoded_nonce + ((nonce + challenge * secret) % N).to_bytes(32, "big")


def schnorr_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """True when the 64-byte signature of `message` is by the 32-byte x-only key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if r >= P or s >= N:
        return False
    try:
        point = lift_x(int.from_bytes(public, "big"))
        x, y = _double_multiply(s, point, N - _challenge(signature[:32], public, message))
    except ValueError:
        return False
    return not y & 1 and x == r


def _challenge(nonce: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(tagged_hash(b"BIP0340/challenge", nonce, public, message), "big") % N


# --- arithmetic --------------------------------------------------------------------------------------------------


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z:
        return point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return (x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P)


def _add_affine(one: _Jacobian, two: Point) -> _Jacobian:
    """Mixed addition; every special case is met, because the recovery of hostile signatures can hit each."""
    x1, y1, z1 = one
    x2, y2 = two
    if not z1:
        return (x2, y2, 1)
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    r = (y2 * z1 % P * zz - y1) % P
    if not h:
        return _INFINITY if r else _double(one)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return (x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P)


def _affine(point: _Jacobian) -> Point:
    x, y, z = point
    if not z:
        raise ValueError("the point at infinity has no coordinates")
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return (x * square % P, y * square % P * inverse % P)


def _invert_all(values: Iterable[int]) -> list[int]:
    """The inverses of all values modulo P for the price of one (Montgomery). ValueError when one is zero."""
    running, prefixes, kept = 1, [], []
    for value in values:
        prefixes.append(running)
        kept.append(value)
        running = running * value % P
    inverse = pow(running, -1, P)
    inverses = [0] * len(kept)
    for index in range(len(kept) - 1, -1, -1):
        inverses[index] = inverse * prefixes[index] % P
        inverse = inverse * kept[index] % P
    return inverses


def _to_affine(points: Sequence[_Jacobian]) -> list[Point]:
    result = []
    for (x, y, _), inverse in zip(points, _invert_all(z for _, _, z in points), strict=True):
        square = inverse * inverse % P
        result.append((x * square % P, y * square % P * inverse % P))
    return result


@lru_cache(maxsize=1)
def _base_table() -> tuple[tuple[Point, ...], ...]:
    """Row w holds 1 .. 15 times 2^(4w) G. Made at the first use: about 20 ms, which an import must not cost."""
    size = (1 << _WINDOW_BITS) - 1
    flat: list[_Jacobian] = []
    start: Point = G
    for _ in range(_WINDOWS):
        row: list[_Jacobian] = [(*start, 1)]
        for _ in range(size - 1):
            row.append(_add_affine(row[-1], start))
        flat.extend(row)
        start = _affine(_add_affine(row[-1], start))
    affine = _to_affine(flat)
    return tuple(tuple(affine[index : index + size]) for index in range(0, len(affine), size))


def _multiply_base(scalar: int) -> _Jacobian:
    result = _INFINITY
    for row in _base_table():
        digit = scalar & 15
        if digit:
            result = _add_affine(result, row[digit - 1])
        scalar >>= _WINDOW_BITS
    return result


def _wnaf(scalar: int) -> list[int]:
    """Digits of the scalar, lowest first, each zero or odd and below 2^(w-1) in size."""
    digits = []
    modulus, half = 1 << _WNAF_BITS, 1 << (_WNAF_BITS - 1)
    while scalar:
        if scalar & 1:
            digit = scalar & (modulus - 1)
            if digit >= half:
                digit -= modulus
            scalar -= digit
            digits.append(digit)
        else:
            digits.append(0)
        scalar >>= 1
    return digits


def _multiply(point: Point, scalar: int) -> _Jacobian:
    doubled = _affine(_double((*point, 1)))
    multiples: list[_Jacobian] = [(*point, 1)]
    for _ in range((1 << (_WNAF_BITS - 2)) - 1):
        multiples.append(_add_affine(multiples[-1], doubled))
    table = _to_affine(multiples)
    result = _INFINITY
    for digit in reversed(_wnaf(scalar)):
        result = _double(result)
        if digit > 0:
            result = _add_affine(result, table[digit >> 1])
        elif digit < 0:
            x, y = table[-digit >> 1]
            result = _add_affine(result, (x, P - y))
    return result


def _double_multiply(base_scalar: int, point: Point, scalar: int) -> Point:
    """`base_scalar * G + scalar * point`, affine. ValueError at infinity."""
    if not scalar:
        return multiply_base(base_scalar)
    other = _affine(_multiply(point, scalar))
    return _affine(_add_affine(_multiply_base(base_scalar), other))
