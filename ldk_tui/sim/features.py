"""Feature bits and the names that LDK gives them.

A feature has two bits: the even one demands it, the odd one offers it. The server leaves out bits that it does not know
(level 2026-08). Names as recorded from servers where they occur in the recordings, else as LDK spells them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ldk_tui.core.model import Feature
from ldk_tui.core.text import own

_NAMES = {
    0: "DataLossProtect",
    4: "UpfrontShutdownScript",
    6: "GossipQueries",
    8: "VariableLengthOnion",
    12: "StaticRemoteKey",
    14: "PaymentSecret",
    16: "BasicMPP",
    18: "Wumbo",
    20: "AnchorsNonzeroFeeHtlcTx",
    22: "AnchorsZeroFeeHtlcTx",
    24: "RouteBlinding",
    26: "ShutdownAnySegwit",
    28: "DualFund",
    30: "Taproot",
    34: "Quiescence",
    38: "OnionMessages",
    40: "AnchorZeroFeeCommitments",
    42: "ProvideStorage",
    44: "ChannelType",
    46: "SCIDPrivacy",
    48: "PaymentMetadata",
    50: "ZeroConf",
    54: "Keysend",
    56: "Trampoline",
    60: "SimpleClose",
    62: "Splice",
}

VARIABLE_LENGTH_ONION_REQUIRED = 8
PAYMENT_SECRET_REQUIRED = 14
BASIC_MPP_OPTIONAL = 17
PAYMENT_METADATA_REQUIRED = 48
ZERO_CONF_OPTIONAL = 51

NODE_FEATURES = frozenset({0, 5, 7, 8, 12, 14, 17, 19, 23, 25, 27, 35, 39, 43, 44, 47, 51, 55, 63})
"""What a server of 2026-08 says of itself (recorded)."""


def named(bits: Iterable[int]) -> dict[int, Feature]:
    """Each known bit with its name, by number; unknown bits are left out."""
    return {bit: Feature(own(_NAMES[bit & ~1]), is_required=not bit & 1) for bit in sorted(bits) if bit & ~1 in _NAMES}


def is_known(bit: int) -> bool:
    return bit & ~1 in _NAMES


def to_number(bits: Iterable[int]) -> int:
    """The bit field as one number."""
    number = 0
    for bit in bits:
        number |= 1 << bit
    return number


def from_number(number: int) -> frozenset[int]:
    """The bits of a bit field."""
    return frozenset(bit for bit in range(number.bit_length()) if number >> bit & 1)
