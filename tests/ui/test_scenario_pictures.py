"""How every screen looks in every scenario, from the simulator over real TLS. State first, then pixels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ldk_tui.node.query import ChannelQuery, PaymentQuery
from tests.stage import Stage, stage
from tests.ui.conftest import text_of

SIZES = [(80, 24), (120, 36)]
SCENARIOS = ["busy", "first-day", "hodl-tense", "hostile", "broken"]
SCREENS = {"node": "1", "channels": "2", "payments": "3", "hodl": "4"}


def _state(name: str, made: Stage) -> None:
    """What must be true before the picture counts: the port holds what the world holds, and the screen shows it."""
    world_node = made.scenario.node
    now = made.app.now()
    view = made.port.node(now)
    assert view.info is not None
    assert view.info.node_id == world_node.node_id
    assert view.info.height == made.scenario.world.chain.height or made.scenario.name == "broken"
    listed = [row for row in made.port.channels(ChannelQuery()).rows if row.channel is not None]
    assert len(listed) == len(world_node.channels)
    assert made.port.payments(PaymentQuery()).progress.complete
    said = "\n".join(text_of(made.app))
    assert "live" in said
    assert f"[{SCREENS[name]} " in said


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_every_screen(scenario: str, size: tuple[int, int], picture: Callable[..., None]) -> None:
    async with stage(scenario, size=size) as made:
        for name, key in SCREENS.items():
            await made.press(key)
            await made.settle()
            _state(name, made)
            picture(made.app, name)
