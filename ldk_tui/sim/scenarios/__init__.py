"""Named worlds, built the same way each time: for the demo, the screenshots and the tests.

`build` gives a world at a fixed moment; nothing moves until somebody advances its clock, or lets it live (`live`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from ldk_tui.core.ids import PaymentHash
from ldk_tui.core.model import Level, Network
from ldk_tui.sim.faults import Faults
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.traffic import Traffic
from ldk_tui.sim.world import World

DEFAULT_NOW: Final = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC."""

NAMES: Final = ("busy", "first-day", "hodl-tense", "big", "hostile", "broken")


@dataclass(slots=True)
class Scenario:
    """A world, the node that its server shows, and what goes wrong with that server.

    `live`: it is meant to move by itself, and `run` lets it. `preimages`: those of the node's hodl invoices, by payment
    hash, which the node itself never has. `on_run` is done once when `run` begins. `stream_loss_every_s`: whoever runs
    the server breaks its event streams that often.
    """

    name: str
    world: World
    node: SimNode
    faults: Faults = field(default_factory=Faults)
    live: bool = True
    traffic: Traffic | None = None
    preimages: dict[PaymentHash, str] = field(default_factory=dict)
    stream_loss_every_s: float | None = None
    on_run: list[Callable[[], None]] = field(default_factory=list)

    async def run(self, speed: float = 1.0) -> None:
        """Follow real time until cancelled, `speed` times as fast; a live scenario has traffic then."""
        if self.live and self.traffic is not None:
            self.traffic.keep_going()
        for action in self.on_run:
            action()
        await self.world.clock.follow(speed)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all scenarios take."""

    level: Level = Level.L2026_08
    now: float = DEFAULT_NOW
    seed: int = 1
    network: Network = Network.SIGNET


def build(
    name: str,
    *,
    level: Level = Level.L2026_08,
    now: float = DEFAULT_NOW,
    seed: int = 1,
    network: Network = Network.SIGNET,
) -> Scenario:
    """The scenario called `name`, standing at `now` (unix seconds). KeyError for a name that is not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    module = import_module(f"ldk_tui.sim.scenarios.{name.replace('-', '_')}")
    scenario: Scenario = module.build(Setting(level, now, seed, network))
    return scenario
