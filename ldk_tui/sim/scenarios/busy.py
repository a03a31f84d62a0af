"""A routing node in the middle of its day: about a dozen channels in all states, three days of payments behind it."""

from __future__ import annotations

from random import Random

from ldk_tui.core import requests
from ldk_tui.core.amounts import Sat
from ldk_tui.sim import payments, rpc
from ldk_tui.sim.graph import Graph
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import HERO, PEERS, add_peer, join, new_world
from ldk_tui.sim.traffic import Traffic, pay_invoice
from ldk_tui.sim.world import World

DAYS = 3.0
_BLOCK_S = 600.0
_HISTORY_BLOCKS = int(DAYS * 144) - 38


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=DAYS * 86_400)
    rng = world.rng
    node = world.add_node(HERO, level=setting.level, address="192.0.2.21:9735")
    for amount_sat in (42_000_000, 18_500_000, 7_350_000):
        world.chain.mint(node.wallet.new_address(), amount_sat)
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS)]
    world.mine(2)
    _network(world, node, peers)
    world.mine(7)
    world.advance(5)
    traffic = Traffic(world, node, peers, rng)
    _history(world, traffic, rng, _HISTORY_BLOCKS)
    _turn_of_events(world, node, peers, traffic, rng)
    world.gossip.strangers = Graph(
        setting.seed, nodes=420, channels=1_300, now_unix=int(setting.now), height=world.chain.height
    )
    node.recount()
    world.clock.advance_to(setting.now)
    return Scenario("busy", world, node, traffic=traffic)


def _network(world: World, node: SimNode, peers: list[SimNode]) -> None:
    """The node's own channels and enough others for the payments to have ways around it."""
    join(node, peers[0], 12_000_000, 0.55, ppm=250, peer_ppm=180)
    join(node, peers[1], 2_000_000, 0.9, announced=False)
    join(node, peers[2], 5_000_000, 0.6, ppm=100, peer_ppm=120)
    join(node, peers[3], 16_000_000, 0.35, ppm=400, peer_ppm=350)
    join(node, peers[5], 4_000_000, 0.5, ppm=90, peer_ppm=90)
    join(node, peers[6], 3_000_000, 0.8, ppm=50, peer_ppm=75)
    for index, value_sat, ours in (
        (4, 6_000_000, 0.5),
        (7, 8_000_000, 0.7),
        (8, 10_000_000, 0.45),
        (9, 1_500_000, 1.0),
    ):
        join(peers[index], node, value_sat, ours, ppm=150, peer_ppm=200)
    for one, two in ((0, 3), (0, 8), (3, 8), (2, 9), (4, 7), (5, 10), (10, 11), (11, 12), (12, 13), (8, 13), (1, 0)):
        join(peers[one], peers[two], 20_000_000, 0.5, ppm=120, peer_ppm=120)


def _history(world: World, traffic: Traffic, rng: Random, blocks: int) -> None:
    for _ in range(blocks):
        for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 3))):
            traffic.one()
            world.advance(rng.uniform(5, 120))
        world.pass_blocks(1, _BLOCK_S - 100)


def _call(node: SimNode, request: requests.Request) -> object:
    return rpc.handle(node, request)


def _turn_of_events(world: World, node: SimNode, peers: list[SimNode], traffic: Traffic, rng: Random) -> None:
    """The last ten hours: closes at different stages, a splice, an opening, held and stuck payments."""
    forced_by_us = node.channels_with(peers[6].node_id)[0]
    world.lifecycle.force_close(forced_by_us, node, "peer stopped answering")
    _history(world, traffic, rng, 20)
    forced_by_peer = node.channels_with(peers[9].node_id)[0]
    world.lifecycle.force_close(forced_by_peer, peers[9], "protocol error")
    _history(world, traffic, rng, 6)
    peers[7].stop()
    splicing = node.channels_with(peers[2].node_id)[0]
    _call(
        node,
        requests.SpliceIn(splicing.end(node).user_channel_id, peers[2].node_id, Sat(1_250_000)),
    )
    world.advance(3)
    world.mine(2)
    coop = node.channels_with(peers[5].node_id)[0]
    _call(node, requests.OnchainSend(peers[11].wallet.new_address(), Sat(321_000), 3))
    world.advance(3)
    world.mine(3)
    world.advance(3)
    _hold(world, peers[0], node, 42_000_000)
    _hold(world, peers[3], node, 250_000_000)
    peers[12].asleep = True
    try:
        pay_invoice(node, peers[12], 77_000_000)
    except payments.NoRoute:
        raise RuntimeError("the sleeping peer cannot be reached") from None
    _call(node, requests.CloseChannel(coop.end(node).user_channel_id, peers[5].node_id))
    world.advance(3)
    _call(node, requests.OpenChannel(peers[10].node_id, peers[10].address, Sat(3_500_000), announce=True))
    world.advance(3)
    world.chain.mint(node.wallet.new_address(), 1_500_000)
    node.chain_changed()
    world.advance(3)
    for _ in range(4):
        traffic.one()
        world.advance(20)


def _hold(world: World, payer: SimNode, node: SimNode, amount_msat: int) -> None:
    pay_invoice(payer, node, amount_msat, hodl_preimage=world.random_hex())
    world.advance(1)
