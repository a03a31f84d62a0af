"""A screen to look at: a scenario behind real TLS and HTTP/2, client, store and app, with time standing still.

Snapshots, screenshots and benchmarks share it. Nothing here waits for seconds: `settle` waits until the node has been
read and nothing changes any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is imported

from textual.pilot import Pilot

from ldk_tui.client.api import LdkClient
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core.amounts import Unit
from ldk_tui.core.model import Level
from ldk_tui.node.service import NodeService
from ldk_tui.node.timing import Timing
from ldk_tui.node.views import Phase, Topic
from ldk_tui.sim.scenarios import Scenario, build
from ldk_tui.sim.server import SimServer, running
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.widgets.row_table import RowTable

QUICK = Timing(
    flush_s=0.02,
    retry_min_s=0.01,
    retry_max_s=0.05,
    after_event_s=0.01,
    event_spacing_s=0.02,
    page_pause_s=0.0,
    jump_s=1e9,  # the world's time is stepped; that is no sleep of the machine
)
QUIET_S = 0.3
LIMIT_S = 40.0


def picture_of(app: LdkTuiApp) -> str:
    """The screen as SVG, without what differs from run to run."""
    return re.sub(r"terminal-\d+-", "terminal-", app.export_screenshot(simplify=True, title="ldk-tui"))


@dataclass
class Stage:
    """What is on it."""

    scenario: Scenario
    server: SimServer
    port: NodeService
    app: LdkTuiApp
    pilot: Pilot[None]
    changes: list[frozenset[Topic]]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for a state; AssertionError when it never comes."""
        end = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < end, f"never so; the feed says {self.port.feed}"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def settle(self) -> None:
        """Until the node is read, all pages are loaded, and the store has been quiet for a while."""
        await self.until(lambda: self.port.feed.phase is Phase.LIVE and self._loaded())
        seen, since = len(self.changes), time.monotonic()
        end = time.monotonic() + LIMIT_S
        while time.monotonic() - since < QUIET_S or self.server.service.working:
            assert time.monotonic() < end, "the store never came to rest"
            await asyncio.sleep(0.02)
            if len(self.changes) != seen:
                seen, since = len(self.changes), time.monotonic()
        self.app._tick()  # ages are drawn anew once a second of real time; the world's time was stepped
        for screen in self.app._node_screens():
            for table in screen.query(RowTable):
                table.clear_marks()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def svg(self) -> str:
        return picture_of(self.app)

    def _loaded(self) -> bool:
        from ldk_tui.node.query import PaymentQuery

        return self.port.payments(PaymentQuery()).progress.complete


@contextlib.asynccontextmanager
async def stage(
    name: str,
    *,
    size: tuple[int, int],
    level: Level = Level.L2026_08,
    advance_s: float = 120.0,
    keys: Iterable[str] = (),
    unit: Unit = Unit.SAT,
) -> AsyncIterator[Stage]:
    """The scenario `name` on a terminal of `size` (columns, rows), live and settled, `keys` pressed.

    Its world then lives for `advance_s` seconds, all at once, so that there are events to see.
    """
    scenario = build(name, level=level)
    now = scenario.world.time
    async with running(scenario.node, now=now, level=level, faults=scenario.faults) as server:
        target = Target("127.0.0.1", server.port, PinnedCertificate(pem=server.certificate.pem), server.key)
        port = NodeService(lambda: LdkClient.connect(target, now=server.service.now), now=now, timing=QUICK)
        app = LdkTuiApp(port, now=now, unit=unit)
        changes: list[frozenset[Topic]] = []
        port.subscribe(changes.append)
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            made = Stage(scenario, server, port, app, pilot, changes)
            await made.settle()
            if advance_s:
                if scenario.live and scenario.traffic is not None:
                    scenario.traffic.keep_going()
                scenario.world.advance(advance_s)
                await made.settle()
                await port.refresh()  # what a heartbeat and a poll would have read in that time
                await made.settle()
            for key in keys:
                await made.press(key)
            if keys:
                await made.settle()
            yield made
