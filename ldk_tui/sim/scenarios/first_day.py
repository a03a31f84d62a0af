"""A fresh node on its first day: no channels, no payments, a first deposit on its way.

There are others in this world to connect to and to open channels with; gossip knows a few hundred strangers.
"""

from __future__ import annotations

from ldk_tui.sim.graph import Graph
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import HERO, PEERS, add_peer, join, new_world
from ldk_tui.sim.world import World

DEPOSIT_SAT = 250_000
_BLOCK_S = 120.0


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=7_200)
    node = world.add_node(HERO, level=setting.level, address="192.0.2.21:9735")
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS[:4])]
    world.mine(1)
    for one, two in ((0, 1), (1, 2), (2, 3), (3, 0)):
        join(peers[one], peers[two], 10_000_000, 0.5, ppm=120, peer_ppm=120)
    world.mine(7)
    world.pass_blocks(8, 600)
    world.gossip.strangers = Graph(
        setting.seed, nodes=320, channels=900, now_unix=int(setting.now), height=world.chain.height
    )
    world.clock.advance_to(setting.now - 30)
    world.chain.mint(node.wallet.new_address(), DEPOSIT_SAT)
    for each in world.nodes.values():
        each.chain_changed()
    world.clock.advance_to(setting.now)
    return Scenario("first-day", world, node, on_run=[lambda: _blocks(world)])


def _blocks(world: World) -> None:
    """Blocks are all that happens here by itself."""

    def block() -> None:
        world.mine(seen=False)
        world.clock.after(world.rng.expovariate(1 / _BLOCK_S), block)

    world.clock.after(world.rng.expovariate(1 / 20.0) + 3.0, block)
