"""The screens, one mode each. A row in `SCREENS` is all that a new one needs for its tab, key, palette entry and help.

Nothing here imports a screen: `load` does, when the mode is entered for the first time, so that the first frame pays
for one screen only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ldk_tui.core.record import dataclass

if TYPE_CHECKING:
    from ldk_tui.ui.screens.base import NodeScreen


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """`name` is the mode and the scope of the screen's commands; `short` the tab's word where there is little room.

    `in_tabs` False: reached by its key and the palette only.
    """

    name: str
    key: str
    title: str
    short: str
    help: str
    load: Callable[[], type[NodeScreen]]
    in_tabs: bool = True


def _node() -> type[NodeScreen]:
    from ldk_tui.ui.screens.node import NodeOverview

    return NodeOverview


def _channels() -> type[NodeScreen]:
    from ldk_tui.ui.screens.channels import ChannelsScreen

    return ChannelsScreen


def _connection() -> type[NodeScreen]:
    from ldk_tui.ui.screens.connection import ConnectionScreen

    return ConnectionScreen


def _payments() -> type[NodeScreen]:
    from ldk_tui.ui.screens.payments import PaymentsScreen

    return PaymentsScreen


def _hodl() -> type[NodeScreen]:
    from ldk_tui.ui.screens.hodl import HodlScreen

    return HodlScreen


CONNECTION: Final = "connection"
PAYMENTS: Final = "payments"
HODL: Final = "hodl"
NODE: Final = "node"
CHANNELS: Final = "channels"

SCREENS: Final[tuple[ScreenEntry, ...]] = (
    ScreenEntry(NODE, "1", "Node", "Node", "What needs you now, what there is, whether the node is well.", _node),
    ScreenEntry(
        CHANNELS, "2", "Channels", "Chan", "Who has the liquidity, what is out of order, all of a channel.", _channels
    ),
    ScreenEntry(PAYMENTS, "3", "Payments", "Pay", "What happened, what is still open, with which fee.", _payments),
    ScreenEntry(HODL, "4", "Hodl", "Hodl", "What is held, until which block, and what became of the others.", _hodl),
    ScreenEntry(
        CONNECTION,
        "0",
        "Connection",
        "Conn",
        "What was tried to reach the server, with which result, and what to do.",
        _connection,
        in_tabs=False,
    ),
)


def tabs() -> tuple[ScreenEntry, ...]:
    """The screens that have a tab, in the order of their digits."""
    return tuple(sorted((entry for entry in SCREENS if entry.in_tabs), key=lambda entry: entry.key))
