"""Bech32: the checksummed text of addresses (BIP 173, BIP 350), invoices (BOLT 11) and, unchecked, offers (BOLT 12).

Everything here raises ValueError with a short reason that says nothing of the text itself: the text may be a secret or
an attack. "Data" are 5-bit values, one a byte of a `bytes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
ADDRESS_LIMIT = 90

_VALUES = {character: value for value, character in enumerate(CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6
_LETTERS_AND_DIGITS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")


class Encoding(Enum):
    """Which checksum: the value is the constant that it leaves."""

    BECH32 = 1
    BECH32M = 0x2BC830A3


def _polymod(values: Iterable[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expand(prefix: str) -> bytes:
    codes = prefix.encode("ascii")
    return bytes(code >> 5 for code in codes) + b"\0" + bytes(code & 31 for code in codes)


def encode(prefix: str, data: bytes, encoding: Encoding = Encoding.BECH32) -> str:
    """`prefix`, `1`, the data and six characters of checksum. No length limit: invoices have none."""
    if not prefix or any(not 33 <= ord(character) <= 126 for character in prefix) or prefix != prefix.lower():
        raise ValueError("the prefix is not lower-case printable ASCII")
    checksum = _polymod(_expand(prefix) + data + bytes(_CHECKSUM_LENGTH)) ^ encoding.value
    tail = bytes(checksum >> 5 * (_CHECKSUM_LENGTH - 1 - index) & 31 for index in range(_CHECKSUM_LENGTH))
    return f"{prefix}1{_characters(data + tail)}"


def decode(text: str, *, limit: int | None = ADDRESS_LIMIT) -> tuple[str, bytes, Encoding]:
    """Prefix (lower case), data without checksum, and which checksum it was. `limit` None: any length (BOLT 11)."""
    if limit is not None and len(text) > limit:
        raise ValueError("the text is too long")
    lowered = _one_case(text)
    prefix, separator, rest = lowered.rpartition("1")
    if not separator or not prefix:
        raise ValueError("there is no prefix")
    if len(rest) < _CHECKSUM_LENGTH:
        raise ValueError("the text is too short")
    data = _values(rest)
    checksum = _polymod(_expand(prefix) + data)
    for encoding in Encoding:
        if checksum == encoding.value:
            return prefix, data[:-_CHECKSUM_LENGTH], encoding
    raise ValueError("the checksum is wrong")


def encode_unchecked(prefix: str, payload: bytes) -> str:
    """BOLT 12's form: prefix, `1` and the payload, without a checksum."""
    return f"{prefix}1{_characters(to_5_bit(payload))}"


def decode_unchecked(text: str) -> tuple[str, bytes]:
    """BOLT 12's form, also split by `+` and white space after it. Prefix in lower case, and the payload.

    The `+` must stand between two characters of the text; padding must be zero and shorter than five bits.
    """
    parts = text.split("+")
    if len(parts) > 1:
        parts = [parts[0], *(part.lstrip(" \t\r\n") for part in parts[1:])]
        if not all(parts):
            raise ValueError("a '+' must join two pieces")
    lowered = _one_case("".join(parts))
    prefix, separator, rest = lowered.partition("1")
    if not separator or not prefix:
        raise ValueError("there is no prefix")
    if not set(prefix) <= _LETTERS_AND_DIGITS:
        raise ValueError("the prefix is not letters and digits")
    return prefix, from_5_bit(_values(rest))


def to_5_bit(payload: bytes) -> bytes:
    """Bytes as 5-bit values, padded with zero bits at the end."""
    count = (len(payload) * 8 + 4) // 5
    number = int.from_bytes(payload, "big") << (count * 5 - len(payload) * 8)
    return number_to_5_bit(number, count)


def from_5_bit(data: bytes) -> bytes:
    """5-bit values as bytes. ValueError when the padding is not zero, or five bits and more (BIP 173)."""
    padding = len(data) * 5 % 8
    if padding >= 5:
        raise ValueError("there is a character too many")
    number = number_from_5_bit(data)
    if number & ((1 << padding) - 1):
        raise ValueError("the padding is not zero")
    return (number >> padding).to_bytes(len(data) * 5 // 8, "big")


def number_to_5_bit(number: int, count: int) -> bytes:
    """A number as `count` 5-bit values, most significant first. ValueError when it does not fit."""
    if number < 0 or number >> 5 * count:
        raise ValueError("the number does not fit")
    whole = -(-count // 8)
    packed = (number << 5 * (8 * whole - count)).to_bytes(5 * whole, "big")
    values = bytearray()
    for index in range(0, len(packed), 5):
        group = int.from_bytes(packed[index : index + 5], "big")
        values.extend(group >> shift & 31 for shift in range(35, -5, -5))
    return bytes(values[:count])


def number_from_5_bit(data: bytes) -> int:
    """5-bit values as one number, most significant first; empty is zero."""
    number = 0
    for value in data:
        number = number << 5 | value
    return number


def _one_case(text: str) -> str:
    if not all("!" <= character <= "~" for character in text):
        raise ValueError("there is a character that cannot be")
    lowered = text.lower()
    if text not in (lowered, text.upper()):
        raise ValueError("lower and upper case are mixed")
    return lowered


def _characters(data: bytes) -> str:
    return "".join(CHARSET[value] for value in data)


def _values(text: str) -> bytes:
    try:
        return bytes(_VALUES[character] for character in text)
    except KeyError:
        raise ValueError("there is a character that cannot be") from None


# --- segregated witness ------------------------------------------------------------------------------------------


def encode_segwit(prefix: str, version: int, program: bytes) -> str:
    """The address of a witness program: BECH32 for version 0, BECH32M for 1 to 16 (BIP 350)."""
    _check_program(version, program)
    encoding = Encoding.BECH32 if version == 0 else Encoding.BECH32M
    address = encode(prefix, bytes((version,)) + to_5_bit(program), encoding)
    if len(address) > ADDRESS_LIMIT:
        raise ValueError("the address is too long")
    return address


def decode_segwit(text: str) -> tuple[str, int, bytes]:
    """Prefix, witness version and program of an address, with all checks of BIP 173 and BIP 350."""
    prefix, data, encoding = decode(text)
    if not data:
        raise ValueError("there is no witness version")
    version, program = data[0], from_5_bit(data[1:])
    _check_program(version, program)
    if encoding is not (Encoding.BECH32 if version == 0 else Encoding.BECH32M):
        raise ValueError("the checksum is of the wrong kind for this witness version")
    return prefix, version, program


def _check_program(version: int, program: bytes) -> None:
    if not 0 <= version <= 16:
        raise ValueError("the witness version is out of range")
    if not 2 <= len(program) <= 40:
        raise ValueError("the witness program has a wrong length")
    if version == 0 and len(program) not in (20, 32):
        raise ValueError("a version 0 witness program has 20 or 32 bytes")
