"""A scenario behind a server of its own, living: what `ldk-tui demo` and `ldk-tui sim` run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldk_tui.core.model import Level, Network

if TYPE_CHECKING:
    from ldk_tui.sim.scenarios import Scenario
    from ldk_tui.sim.server import SimServer
    from ldk_tui.sim.service import Framing


@dataclass(frozen=True, slots=True)
class Session:
    scenario: Scenario
    server: SimServer


@contextlib.asynccontextmanager
async def session(
    name: str,
    *,
    now: float,
    level: Level = Level.L2026_08,
    network: Network = Network.SIGNET,
    seed: int = 1,
    speed: float = 1.0,
    folder: Path | None = None,
    port: int = 0,
    framing: Framing = "real",
) -> AsyncIterator[Session]:
    """The scenario `name` (one of `scenarios.NAMES`) served on 127.0.0.1 while the block runs; its time follows ours.

    `now`: unix seconds at which the world stands when it begins to move. `folder`: written as a real server's, see
    `folder.write_folder`. Raises BadInput when the port or the folder cannot be used.
    """
    from ldk_tui.sim.scenarios import build
    from ldk_tui.sim.server import running

    # a big world takes seconds to build: the screen and the signals go on meanwhile
    scenario = await asyncio.to_thread(build, name, level=level, now=now, seed=seed, network=network)
    async with running(
        scenario.node,
        now=scenario.world.time,
        level=level,
        network=network,
        folder=folder,
        framing=framing,
        port=port,
        faults=scenario.faults,
    ) as server:
        life = asyncio.create_task(scenario.run(speed))
        try:
            yield Session(scenario, server)
        finally:
            life.cancel()
            ended = await asyncio.gather(life, return_exceptions=True)
        if isinstance(ended[0], Exception):  # a world that stood still behind a server that went on
            raise ended[0]
