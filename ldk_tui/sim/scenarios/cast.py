"""The people of the scenarios, and how they get their channels."""

from __future__ import annotations

from ldk_tui.core.model import ChannelConfig, Network
from ldk_tui.sim.channel import Channel
from ldk_tui.sim.node import KnownPeer, SimNode
from ldk_tui.sim.scenarios import Setting
from ldk_tui.sim.world import World

HERO = "lighthouse"
PEERS = (
    "ACINQ-ish",
    "bakery.example",
    "carol",
    "deep-liquidity",
    "Élan Routing",
    "frankfurt-01",
    "ghost in the shell",
    "hodl & sons",
    "LNBIG [Edge-7]",
    "mempool.cafe",
    "núñez_node",
    "⚡ plebsrus ⚡",
    "torq",
    "雷神",
)
_HEIGHTS = {
    Network.BITCOIN: 976_500,
    Network.TESTNET: 4_810_000,
    Network.TESTNET4: 112_000,
    Network.SIGNET: 331_000,
    Network.REGTEST: 110,
}


def new_world(setting: Setting, *, before_s: float) -> World:
    """A world that began `before_s` seconds before the scenario's moment."""
    return World(
        setting.seed, setting.now - before_s, network=setting.network, height=_HEIGHTS.get(setting.network, 110)
    )


def add_peer(world: World, alias: str, index: int, funds_sat: int = 200_000_000) -> SimNode:
    """A peer with an address of the documentation ranges."""
    addresses = (f"203.0.113.{index + 10}:9735", f"198.51.100.{index + 10}:9735", f"[2001:db8::{index + 10:x}]:9735")
    node = world.add_node(alias, address=addresses[index % 3])
    if funds_sat:
        world.chain.mint(node.wallet.new_address(), funds_sat)
    return node


def join(
    opener: SimNode,
    peer: SimNode,
    value_sat: int,
    ours: float,
    *,
    announced: bool = True,
    ppm: int = 0,
    peer_ppm: int = 0,
    persist: bool = True,
) -> Channel:
    """A channel of which `ours` (0 to 1) is the opener's; still to be confirmed. Peers are saved by the opener."""
    world = opener.world
    world.dial(opener, peer.node_id, None)
    if persist:
        opener.known_peers[peer.node_id] = KnownPeer(peer.address, True)
    channel = world.lifecycle.open(
        opener,
        peer,
        value_sat,
        push_msat=round(value_sat * (1 - ours)) * 1000,
        announced=announced,
        config=ChannelConfig(fee_ppm=ppm),
        peer_config=ChannelConfig(fee_ppm=peer_ppm),
    )
    world.advance(2.5)
    return channel
