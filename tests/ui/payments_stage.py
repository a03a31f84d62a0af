"""What the tests of the Payments screen share: one payment of each kind, ways to open and to read the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ldk_tui.core.amounts import Msat
from ldk_tui.core.text import own
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import plain
from ldk_tui.ui.screens.list_detail import Detail
from ldk_tui.ui.screens.payments import PaymentsScreen
from ldk_tui.ui.widgets.bars import CommandBar
from tests.ui.book_port import (
    FAILED,
    OPEN,
    OUT,
    bolt11,
    keysend,
    offer,
    onchain,
)
from tests.ui.conftest import text_of, until
from tests.ui.fake_port import NOW

SIZES = [(80, 24), (120, 36), (200, 60)]
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "hostile-strings.json").read_text("utf-8"))


def some() -> list[Any]:
    """One of each kind and state, the newest first in the list's order."""
    return [
        bolt11("paid", direction=OUT, fee_paid_msat=Msat(12_400), updated_unix=int(NOW) - 10),
        bolt11("flying", direction=OUT, status=OPEN, amount_msat=Msat(100_000_000), updated_unix=int(NOW) - 20),
        bolt11("failed", direction=OUT, status=FAILED, amount_msat=Msat(900_000_123), updated_unix=int(NOW) - 30),
        offer("coffee", own("two flat whites"), 3, direction=OUT, amount_msat=Msat(7_000_000), fee_paid_msat=Msat(0)),
        onchain("deep", 212_343, updated_unix=int(NOW) - 4_000),
        keysend("gift", amount_msat=Msat(1_192_000), updated_unix=int(NOW) - 5_000),
        bolt11("bill", status=OPEN, amount_msat=None, updated_unix=int(NOW) - 6_000),
    ]


def screen_of(app: LdkTuiApp) -> PaymentsScreen:
    assert isinstance(app.front, PaymentsScreen)
    return app.front


async def opened(app: LdkTuiApp, pilot: Pilot[None]) -> PaymentsScreen:
    await pilot.press("3")
    await until(pilot, lambda: isinstance(app.front, PaymentsScreen) and app.front.ready and app.front.has_row)
    return screen_of(app)


def pane(screen: PaymentsScreen) -> str:
    return "\n".join(plain(row) for row in screen.pane.lines)


def value(screen: PaymentsScreen, label: str) -> str:
    """What stands beside a label in the pane."""
    return next(plain(row)[11:] for row in screen.pane.lines if plain(row).startswith(f"{label} "))


def row_of(app: LdkTuiApp, needle: str) -> str:
    return next(row for row in text_of(app) if needle in row)


def flashed(app: LdkTuiApp) -> str:
    assert app.front is not None
    return plain(app.front.query_one(CommandBar).flashed)


def at(screen: PaymentsScreen) -> Detail:
    return screen.detail


async def read(pilot: Pilot[None], screen: PaymentsScreen) -> None:
    """The pane has what the node said of its payment."""
    await until(pilot, lambda: screen._details is not None or bool(screen._trouble))
