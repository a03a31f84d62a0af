"""On-chain addresses: the wallet's own P2WPKH ones, and what the server says to any other text.

The server refuses an address in two steps with two texts (server facts 6.4): text that is no address at all, and an
address of another network. testnet, testnet4 and signet share their forms and cannot be told apart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ldk_tui.core import bech32
from ldk_tui.core.ids import Address
from ldk_tui.core.model import Network
from ldk_tui.sim.ripemd160 import ripemd160

_SEGWIT_PREFIX = {
    Network.BITCOIN: "bc",
    Network.TESTNET: "tb",
    Network.TESTNET4: "tb",
    Network.SIGNET: "tb",
    Network.REGTEST: "bcrt",
}
_MAIN_VERSIONS = (0x00, 0x05)  # P2PKH, P2SH
_TEST_VERSIONS = (0x6F, 0xC4)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_LIMIT = 50
_FALLBACK_SEGWIT_PREFIX = {"bc": "bc", "tb": "tb", "tbs": "tb", "bcrt": "bcrt", "sb": "bcrt"}


class NotAnAddress(ValueError):
    """3 `The given address is invalid.`"""


class WrongNetwork(ValueError):
    """3 `Address is not valid for the configured network.`"""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An address that was read: on which networks it is one, and the script that it pays to."""

    networks: frozenset[Network]
    script: bytes


def p2wpkh(network: Network, public_key: bytes) -> Address:
    """The address of a 33-byte compressed key. ValueError for an unknown network or another key."""
    if network not in _SEGWIT_PREFIX:
        raise ValueError("this network has no addresses")
    if len(public_key) != 33:
        raise ValueError("a compressed public key has 33 bytes")
    return Address(bech32.encode_segwit(_SEGWIT_PREFIX[network], 0, hash160(public_key)))


def p2tr(network: Network, output_key: bytes) -> Address:
    """The address of a 32-byte x-only output key (already tweaked)."""
    if network not in _SEGWIT_PREFIX:
        raise ValueError("this network has no addresses")
    if len(output_key) != 32:
        raise ValueError("an output key has 32 bytes")
    return Address(bech32.encode_segwit(_SEGWIT_PREFIX[network], 1, output_key))


def parse(text: str) -> Parsed:
    """Any standard address of any network. Raises NotAnAddress."""
    try:
        lowered = text.lower()
        if lowered.startswith(("bc1", "tb1", "bcrt1")):
            return _parse_segwit(text)
        return _parse_base58(text)
    except ValueError:
        raise NotAnAddress("this is not an address") from None


def require(text: str, network: Network) -> Parsed:
    """The address, if it is one of `network`. Raises NotAnAddress or WrongNetwork, in the server's order."""
    parsed = parse(text)
    if network not in parsed.networks:
        raise WrongNetwork("the address belongs to another network")
    return parsed


def _parse_segwit(text: str) -> Parsed:
    prefix, version, program = bech32.decode_segwit(text)
    networks = frozenset(network for network, known in _SEGWIT_PREFIX.items() if known == prefix)
    if not networks:
        raise ValueError("the prefix is not known")
    return Parsed(networks, witness_script(version, program))


def witness_script(version: int, program: bytes) -> bytes:
    """The output script of a witness program."""
    return bytes((0x50 + version if version else 0, len(program))) + program


def _parse_base58(text: str) -> Parsed:
    payload = base58check_decode(text)
    if len(payload) != 21:
        raise ValueError("a base58 address has 21 bytes")
    version, hashed = payload[0], payload[1:]
    for versions, networks in (
        (_MAIN_VERSIONS, frozenset({Network.BITCOIN})),
        (_TEST_VERSIONS, frozenset(_SEGWIT_PREFIX) - {Network.BITCOIN}),
    ):
        if version == versions[0]:
            return Parsed(networks, b"\x76\xa9\x14" + hashed + b"\x88\xac")
        if version == versions[1]:
            return Parsed(networks, b"\xa9\x14" + hashed + b"\x87")
    raise ValueError("the version is not known")


def fallback_address(currency: str, version: int, program: bytes) -> str | None:
    """The fallback of an invoice as an address: witness versions 0 to 16, 17 P2PKH, 18 P2SH; None if it is none."""
    if version in (17, 18):
        versions = _MAIN_VERSIONS if currency == "bc" else _TEST_VERSIONS
        return base58check_encode(bytes((versions[version - 17],)) + program) if len(program) == 20 else None
    try:
        return bech32.encode_segwit(_FALLBACK_SEGWIT_PREFIX[currency], version, program)
    except ValueError:
        return None


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256."""
    return ripemd160(hashlib.sha256(data).digest())


def base58check_encode(payload: bytes) -> str:
    """Base58 of the payload and the first four bytes of its double SHA-256."""
    whole = payload + _double_sha256(payload)[:4]
    number, digits = int.from_bytes(whole, "big"), []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    leading = len(whole) - len(whole.lstrip(b"\0"))
    return "1" * leading + "".join(reversed(digits))


def base58check_decode(text: str) -> bytes:
    """The payload. ValueError when a character or the checksum is wrong, or the text is longer than an address."""
    if not 5 <= len(text) <= _BASE58_LIMIT:
        raise ValueError("the length is wrong")
    number = 0
    for character in text:
        number = number * 58 + _BASE58.index(character)  # ValueError: no such digit
    leading = len(text) - len(text.lstrip("1"))
    whole = bytes(leading) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, checksum = whole[:-4], whole[-4:]
    if len(whole) < 5 or _double_sha256(payload)[:4] != checksum:
        raise ValueError("the checksum is wrong")
    return payload


def _double_sha256(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()
