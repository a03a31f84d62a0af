"""The whole program in one loop, with a bad network and short patience: scenario, TLS, proxy, client, store, app."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")  # read when Textual is imported

from textual.pilot import Pilot

from ldk_tui.client.api import LdkClient
from ldk_tui.client.discovery import Flags, find
from ldk_tui.core.model import Level, Network
from ldk_tui.node.feed import Identity
from ldk_tui.node.report import connection_report
from ldk_tui.node.service import NodeService
from ldk_tui.node.timing import Timing
from ldk_tui.node.views import Phase
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.proxy import FaultProxy
from ldk_tui.sim.scenarios import Scenario, build
from ldk_tui.sim.server import SimServer, running
from ldk_tui.ui.app import LdkTuiApp
from tests.stage import QUICK

IMPATIENT = replace(
    QUICK, slow_retry_s=0.2, tick_s=0.05, heartbeat_s=0.3, heartbeat_deadline_s=0.4, second_beat_s=0.05, resync_s=600.0
)
LIMIT_S = 30.0


@dataclass
class Whole:
    """Everything, to be spoiled. `folder`: the server's own, which the program reads its certificate and key from."""

    scenario: Scenario
    server: SimServer
    proxy: FaultProxy
    folder: Path
    service: NodeService
    app: LdkTuiApp
    pilot: Pilot[None]

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        end = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < end, f"never so: {what}; {self.service.feed}\n{self.text}"
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def shows(self, *wanted: str) -> None:
        """Until all of it stands on the screen; line breaks count as spaces."""
        await self.until(lambda: all(each in self.words for each in wanted), repr(wanted))

    async def phase(self, phase: Phase) -> None:
        await self.until(lambda: self.service.feed.phase is phase, phase.value)

    @property
    def text(self) -> str:
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    @property
    def header(self) -> str:
        return self.text.partition("\n")[0]


@contextlib.asynccontextmanager
async def whole(
    folder: Path,
    name: str = "first-day",
    *,
    level: Level = Level.L2026_08,
    timing: Timing = IMPATIENT,
    size: tuple[int, int] = (120, 36),
    scenario: Scenario | None = None,
    identity: Identity | None = None,
    live: bool = True,
) -> AsyncIterator[Whole]:
    """The scenario's node behind a proxy; `live`: wait until its state is on the screen.

    Discovery as the program does it: from the server's folder, with the proxy's address.
    """
    made = scenario if scenario is not None else build(name, level=level)
    now = made.world.time
    async with (
        running(made.node, now=now, level=level, network=Network.SIGNET, folder=folder, faults=made.faults) as server,
        FaultProxy("127.0.0.1", server.port) as proxy,
    ):
        flags = Flags(server=f"127.0.0.1:{proxy.port}", config=folder / "config.toml")
        report = find(flags, {}, "linux", folder).report

        async def connect() -> LdkClient:
            nonlocal report
            found = find(flags, {}, "linux", folder)
            report = found.report
            if found.target is None:
                assert found.report.problem is not None
                raise found.report.problem
            return await LdkClient.connect(found.target, now=now)

        service = NodeService(
            connect, now=now, timing=timing, identity=identity, report=lambda error: connection_report(report, error)
        )
        app = LdkTuiApp(service, now=now)
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            stage = Whole(made, server, proxy, folder, service, app, pilot)
            if live:
                await stage.phase(Phase.LIVE)
                await stage.shows("● live")
            yield stage


def another_certificate() -> Certificate:
    """As the server makes one after its files were deleted."""
    return Certificate.generate()
