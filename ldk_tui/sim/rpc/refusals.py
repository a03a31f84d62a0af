"""The texts with which the server refuses (server facts 15) and the parsing that leads to them.

Branching on texts is the client's problem: they must be right to the letter, typing errors of the server included.
"""

from __future__ import annotations

import re

from ldk_tui.core.ids import NodeId, PaymentHash
from ldk_tui.sim import secp256k1
from ldk_tui.sim.backend import FAILED_PRECONDITION, INTERNAL, INVALID_ARGUMENT, GrpcStatus

_HEX32 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_HEX33 = re.compile(r"[0-9a-fA-F]{66}", re.ASCII)
_U128 = re.compile(r"\+?[0-9]{1,60}", re.ASCII)
_HOST_PORT = re.compile(r"(?:\[[0-9a-fA-F:.]{2,45}\]|[0-9A-Za-z._-]{1,255}):([0-9]{1,5})", re.ASCII)


def invalid(text: str) -> GrpcStatus:
    return GrpcStatus(INVALID_ARGUMENT, text)


def given(what: str) -> GrpcStatus:
    """3 `The given X is invalid.`"""
    return invalid(f"The given {what} is invalid.")


def refused(text: str) -> GrpcStatus:
    return GrpcStatus(FAILED_PRECONDITION, text)


def trouble(text: str) -> GrpcStatus:
    return GrpcStatus(INTERNAL, text)


def insufficient() -> GrpcStatus:
    return refused("The available funds are insufficient to complete the given operation.")


def already_initiated() -> GrpcStatus:
    return refused("A payment with the given hash has already been initiated.")


def sending_failed() -> GrpcStatus:
    return refused("Failed to send the given payment.")


def no_amount() -> GrpcStatus:
    return invalid("Must specify either an exact amount or all available funds")


def hash_or(text: str, refusal: str) -> PaymentHash:
    """32 bytes in hex, either case, else 3 with `refusal`."""
    if _HEX32.fullmatch(text) is None:
        raise invalid(refusal)
    return PaymentHash(text.lower())


def key(text: str) -> NodeId | None:
    """A compressed public key that is a point of the curve, else None."""
    if _HEX33.fullmatch(text) is None:
        return None
    try:
        secp256k1.decompress(bytes.fromhex(text))
    except ValueError:
        return None
    return NodeId(text.lower())


def user_channel_id(text: str) -> int:
    """A decimal u128 as Rust reads it, else 3 `Invalid UserChannelId.`"""
    if _U128.fullmatch(text) is None or int(text) >= 1 << 128:
        raise invalid("Invalid UserChannelId.")
    return int(text)


def socket_address(text: str) -> str:
    """`host:port`, else 3 `The given network address is invalid.`"""
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match.group(1)) > 65_535:
        raise given("network address")
    return text
