"""Every text that a stranger, a peer or the server itself can send, written by somebody who means harm.

The money is in order; only the words are not: names in the graph, the node's own alias and addresses, payer notes,
keysend records, reasons of closed channels, feature names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from ldk_tui.core.ids import OfferId
from ldk_tui.core.model import Feature, NodeInfo, Peer
from ldk_tui.core.text import SafeText
from ldk_tui.sim import payments
from ldk_tui.sim.graph import Graph
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import PEERS, add_peer, join, new_world
from ldk_tui.sim.scenarios.hostile_text import VECTORS
from ldk_tui.sim.traffic import pay_invoice, pay_keysend, pay_offer
from ldk_tui.sim.world import World

_EVENT_S = 6.0


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=6 * 3_600)
    node = world.add_node("hostile", level=setting.level, address="192.0.2.21:9735")
    node.alias = VECTORS[1] + VECTORS[15]
    world.chain.mint(node.wallet.new_address(), 60_000_000)
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS[:10])]
    for index, peer in enumerate(peers):
        peer.alias = VECTORS[(index * 3 + 2) % len(VECTORS)]
    world.mine(2)
    for index, peer in enumerate(peers):
        join(node if index % 2 else peer, peer if index % 2 else node, 3_000_000 + 400_000 * index, 0.5)
    world.mine(7)
    world.advance(5)
    for number, text in enumerate(VECTORS):
        _pay(node, peers, number, text)
    for index, peer in enumerate(peers[7:]):
        channel = node.channels_with(peer.node_id)[0]
        closer = node if index % 2 else peer
        world.lifecycle.force_close(channel, closer, VECTORS[index * 7])
        world.advance(3)
        world.pass_blocks(3, 300)
    pay_invoice(peers[1], node, 66_000_000, hodl_preimage=world.random_hex())
    world.advance(2)
    world.gossip.strangers = Graph(
        setting.seed,
        nodes=3 * len(VECTORS),
        channels=8 * len(VECTORS),
        now_unix=int(setting.now),
        height=world.chain.height,
        hostile=VECTORS,
    )
    world.clock.advance_to(setting.now)
    node.distort = _distort
    return Scenario("hostile", world, node, on_run=[lambda: _keep_shouting(world, node, peers[:7])])


def _pay(node: SimNode, peers: list[SimNode], number: int, text: str) -> None:
    """One payment in and one out with this text in its note or record."""
    world, peer = node.world, peers[number % 7]
    raw = text.encode("utf-8", "surrogatepass")[:600]
    offer_id, note = OfferId(world.random_hex()), text[:2_000]
    try:
        pay_keysend(peer, node, 21_000 + number, raw)
        world.advance(2)
        pay_offer(peer, node, offer_id, 400_000 + number, 1 + number % 3, note)
        world.advance(2)
        pay_offer(node, peer, offer_id, 300_000 + number, None, note)
        world.advance(2)
    except payments.NoRoute:
        raise RuntimeError("the hostile world has run dry") from None


def _distort(method: str, answer: Any) -> Any:
    """What the server itself says of its node and its peers."""
    if method == "GetNodeInfo" and isinstance(answer, NodeInfo):
        texts = tuple(SafeText(text) for text in VECTORS[:12])
        features = {bit: Feature(texts[bit % len(texts)], each.is_required) for bit, each in answer.features.items()}
        return replace(
            answer,
            listening_addresses=texts[:3],
            announcement_addresses=texts[3:6],
            uris=tuple(SafeText(f"{answer.node_id}@{text}") for text in texts[:2]),
            features=features,
        )
    if method == "ListPeers":
        return tuple(_renamed(peer, index) for index, peer in enumerate(answer))
    return answer


def _renamed(peer: Peer, index: int) -> Peer:
    return replace(peer, address=SafeText(VECTORS[(index * 5) % len(VECTORS)]))


def _keep_shouting(world: World, node: SimNode, peers: list[SimNode]) -> None:
    """Live: one hostile text after another arrives, and now and then a block."""
    numbers = iter(range(10**9))

    def shout() -> None:
        number = next(numbers)
        text = VECTORS[number % len(VECTORS)].encode("utf-8", "surrogatepass")[:600]
        with suppress(payments.NoRoute):
            pay_keysend(peers[number % len(peers)], node, 21_000 + number % 900, text)
        if number % 12 == 11:
            world.mine(seen=False)
        world.clock.after(_EVENT_S, shout)

    world.clock.after(2.0, shout)
