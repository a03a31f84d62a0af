"""Messages signed by a node, as LND began it and LDK does: 65 bytes, recoverable, written in zbase32.

The signed digest is the double SHA-256 of `Lightning Signed Message:` and the message, so that no message can be a
transaction or an invoice.
"""

from __future__ import annotations

import hashlib

from ldk_tui.core.bech32 import from_5_bit, to_5_bit
from ldk_tui.core.ids import NodeId
from ldk_tui.sim import secp256k1

_PREFIX = b"Lightning Signed Message:"
_ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_HEADER = 31  # 27 for a compact signature, 4 for a compressed key; the recovery id is added


def sign(key: bytes, message: bytes) -> str:
    """The zbase32 signature of `message` by a 32-byte private key: 104 characters."""
    signature = secp256k1.sign(key, _digest(message))
    return encode_zbase32(bytes((_HEADER + signature.recovery,)) + signature.compact)


def recover(message: bytes, signature: str) -> NodeId:
    """Who signed. ValueError when the text is no signature at all."""
    decoded = decode_zbase32(signature)
    if len(decoded) != 65:
        raise ValueError("a signature has 65 bytes")
    recoverable = secp256k1.Signature.from_compact(decoded[1:], decoded[0] - _HEADER)
    return NodeId(secp256k1.compress(secp256k1.recover(_digest(message), recoverable)).hex())


def verify(message: bytes, signature: str, node_id: NodeId) -> bool:
    """True when `node_id` signed `message`; any other text is simply not a signature (server facts 6.12)."""
    try:
        return recover(message, signature) == node_id
    except ValueError:
        return False


def _digest(message: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(_PREFIX + message).digest()).digest()


def encode_zbase32(data: bytes) -> str:
    """Bytes in zbase32, five bits a character."""
    return "".join(_ALPHABET[value] for value in to_5_bit(data))


def decode_zbase32(text: str) -> bytes:
    """ValueError for another character, or when the last character holds more than padding."""
    try:
        return from_5_bit(bytes(_VALUES[character] for character in text))
    except KeyError:
        raise ValueError("this is not zbase32") from None
