"""Enum numbers of the wire and members of core, both ways. An unknown number is a value, never an error."""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from ldk_tui.core.events import ChannelState, CloseReasonKind, ClosureInitiator
from ldk_tui.core.model import BalanceSource, ChannelSide, Direction, Network, PaymentStatus

E = TypeVar("E", bound=Enum)

UNASSIGNED = 99
"""Written for an UNKNOWN member: no level gives this number a meaning, so a reader sees it as unknown, too."""


class Numbers(Generic[E]):
    """One enum of the wire. `members` maps numbers to members; all other numbers read as `unknown`."""

    def __init__(self, members: dict[int, E], unknown: E) -> None:
        self._members = members
        self._unknown = unknown
        self._numbers = {unknown: UNASSIGNED} | {member: number for number, member in members.items()}

    def read(self, number: int) -> E:
        return self._members.get(number, self._unknown)

    def write(self, member: E) -> Any:
        """The number; typed Any because the generated enum types of two levels are two types."""
        return self._numbers[member]


DIRECTION = Numbers({0: Direction.INBOUND, 1: Direction.OUTBOUND}, Direction.UNKNOWN)

STATUS = Numbers(
    {0: PaymentStatus.PENDING, 1: PaymentStatus.SUCCEEDED, 2: PaymentStatus.FAILED},
    PaymentStatus.UNKNOWN,
)

NETWORK = Numbers(
    {0: Network.BITCOIN, 1: Network.TESTNET, 2: Network.TESTNET4, 3: Network.SIGNET, 4: Network.REGTEST},
    Network.UNKNOWN,
)

BALANCE_SOURCE = Numbers(
    {
        0: BalanceSource.HOLDER_FORCE_CLOSED,
        1: BalanceSource.COUNTERPARTY_FORCE_CLOSED,
        2: BalanceSource.COOP_CLOSE,
        3: BalanceSource.HTLC,
    },
    BalanceSource.UNKNOWN,
)

CHANNEL_SIDE = Numbers({0: ChannelSide.NODE_ONE, 1: ChannelSide.NODE_TWO}, ChannelSide.UNKNOWN)

# UNSPECIFIED (0) says as little as an unknown number does: both read as UNKNOWN, which is written as 0.
CHANNEL_STATE = Numbers(
    {
        0: ChannelState.UNKNOWN,
        1: ChannelState.PENDING,
        2: ChannelState.READY,
        3: ChannelState.OPEN_FAILED,
        4: ChannelState.CLOSED,
    },
    ChannelState.UNKNOWN,
)

CLOSURE_INITIATOR = Numbers(
    {
        0: ClosureInitiator.NONE,
        1: ClosureInitiator.LOCAL,
        2: ClosureInitiator.REMOTE,
        3: ClosureInitiator.UNKNOWN,
    },
    ClosureInitiator.UNKNOWN,
)

CLOSE_REASON: Numbers[CloseReasonKind] = Numbers(
    {int(kind.value): kind for kind in CloseReasonKind if kind is not CloseReasonKind.UNKNOWN},
    CloseReasonKind.UNKNOWN,
)
