"""Identifiers and their forms. All hexadecimal ids are lower case, as the server prints them.

| type | form | source of the rule |
|---|---|---|
| NodeId | 66 hex digits, 33-byte compressed key | server facts 6.1 |
| PaymentId | 64 hex digits: payment hash; outbound BOLT12: random; on-chain: txid, bytes reversed | 7.3 |
| PaymentHash, OfferId, ChannelId, Txid | 64 hex digits | 6.1 |
| UserChannelId | **decimal** u128, no padding; each side has its own | 6.1 |
| ShortChannelId | uint64, block·2^40 + tx·2^16 + output; shown as `block x tx x output` | BOLT7 |

A value of another form (a hostile or broken server) becomes `(invalid) …` with its escaped form, so that it can be
shown, never used.
"""

from __future__ import annotations

import re
from typing import NewType

NodeId = NewType("NodeId", str)
PaymentId = NewType("PaymentId", str)
PaymentHash = NewType("PaymentHash", str)
OfferId = NewType("OfferId", str)
ChannelId = NewType("ChannelId", str)
UserChannelId = NewType("UserChannelId", str)
Txid = NewType("Txid", str)
BlockHash = NewType("BlockHash", str)
Address = NewType("Address", str)
ShortChannelId = NewType("ShortChannelId", int)

_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEX66 = re.compile(r"0[23][0-9a-f]{64}", re.ASCII)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,38})", re.ASCII)
_WORD = re.compile(r"[0-9A-Za-z]{1,128}", re.ASCII)
_MAX_U128 = (1 << 128) - 1

INVALID = "(invalid) "


def _invalid(value: str) -> str:
    return INVALID + value[:80].encode("unicode_escape").decode("ascii") if value else ""


def node_id(value: str) -> NodeId:
    """A node id, or the `(invalid) …` form; empty stays empty."""
    low = value.lower()
    return NodeId(low if _HEX66.fullmatch(low) else _invalid(value))


def _hex64(value: str) -> str:
    low = value.lower()
    return low if _HEX64.fullmatch(low) else _invalid(value)


def payment_id(value: str) -> PaymentId:
    """A payment id, or the `(invalid) …` form; empty stays empty."""
    return PaymentId(_hex64(value))


def payment_hash(value: str) -> PaymentHash:
    """A payment hash, or the `(invalid) …` form; empty stays empty."""
    return PaymentHash(_hex64(value))


def offer_id(value: str) -> OfferId:
    """An offer id, or the `(invalid) …` form; empty stays empty."""
    return OfferId(_hex64(value))


def channel_id(value: str) -> ChannelId:
    """A channel id, or the `(invalid) …` form; empty stays empty."""
    return ChannelId(_hex64(value))


def txid(value: str) -> Txid:
    """A transaction id in display order, or the `(invalid) …` form; empty stays empty."""
    return Txid(_hex64(value))


def block_hash(value: str) -> BlockHash:
    """A block hash in display order, or the `(invalid) …` form; empty stays empty."""
    return BlockHash(_hex64(value))


def user_channel_id(value: str) -> UserChannelId:
    """A user channel id (decimal u128), or the `(invalid) …` form; empty stays empty."""
    good = _DECIMAL.fullmatch(value) is not None and int(value) <= _MAX_U128
    return UserChannelId(value if good else _invalid(value))


def address(value: str) -> Address:
    """An on-chain address as the server sent it (checked by the server, not here), or the `(invalid) …` form."""
    return Address(value if _WORD.fullmatch(value) else _invalid(value))


def is_valid(identifier: str) -> bool:
    """False for the empty and the `(invalid) …` form: such an id may be shown, never sent."""
    return bool(identifier) and not identifier.startswith(INVALID)


def onchain_payment_id(transaction: Txid) -> PaymentId:
    """The id under which GetPaymentDetails knows an on-chain payment: the txid with its bytes reversed (run)."""
    return PaymentId(bytes.fromhex(transaction)[::-1].hex())


def short(identifier: str, head: int = 4, tail: int = 4) -> str:
    """`02a1…9f3c`: for tables only; the full value is always one key away."""
    if len(identifier) <= head + tail + 1:
        return identifier
    return f"{identifier[:head]}…{identifier[-tail:]}" if tail else f"{identifier[:head]}…"


def format_scid(scid: ShortChannelId) -> str:
    """`block x tx x output`, as people write a short channel id."""
    return f"{scid >> 40}x{(scid >> 16) & 0xFFFFFF}x{scid & 0xFFFF}"
