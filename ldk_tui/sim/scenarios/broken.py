"""Things are wrong: the wallet has not synced for two hours, peers are down, a channel's funding never existed.

The server's clock is 40 s ahead, some calls are slow, its event stream breaks again and again, and it says things that
this level does not know (unset kinds, unknown numbers).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ldk_tui.core import requests
from ldk_tui.core.amounts import Sat
from ldk_tui.core.events import UnknownEvent
from ldk_tui.core.model import (
    Balances,
    Direction,
    Page,
    Payment,
    PaymentStatus,
    UnknownBalance,
    UnknownKind,
    UnknownSweep,
)
from ldk_tui.sim import rpc
from ldk_tui.sim.faults import Faults
from ldk_tui.sim.graph import Graph
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import HERO, PEERS, add_peer, join, new_world
from ldk_tui.sim.traffic import Traffic, pay_invoice
from ldk_tui.sim.world import World

CLOCK_AHEAD_S = 40.0
SYNC_LATE_S = 7_200.0
STREAM_LOSS_S = 25.0
STRANGE_EVENT_S = 20.0
SLOW_S = {"GetBalances": 1.5, "ListChannels": 0.8, "ListPayments": 0.6, "Bolt11Send": 4.0}


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=30 * 3_600)
    node = world.add_node(HERO, level=setting.level, address="192.0.2.21:9735")
    world.chain.mint(node.wallet.new_address(), 40_000_000)
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS[:7])]
    world.mine(2)
    for index, value_sat in enumerate((5_000_000, 3_000_000, 2_500_000, 4_000_000, 1_200_000)):
        join(node if index % 2 == 0 else peers[index], peers[index] if index % 2 == 0 else node, value_sat, 0.6)
    world.mine(7)
    world.advance(5)
    traffic = Traffic(world, node, peers[:5], world.rng)
    for _ in range(60):
        traffic.one()
        world.advance(90)
    world.pass_blocks(60, 600)
    _phantom(world, node, peers)
    world.pass_blocks(30, 600)
    pay_invoice(peers[0], node, 180_000_000, hodl_preimage=world.random_hex(), padding=9)
    world.advance(2)
    pay_invoice(node, peers[3], 55_000_000)
    peers[3].stop()
    peers[4].stop()
    world.advance(2)
    world.gossip.strangers = Graph(
        setting.seed, nodes=150, channels=400, now_unix=int(setting.now), height=world.chain.height
    )
    left_s = setting.now - SYNC_LATE_S - world.now
    world.pass_blocks(int(left_s // 600), 600)
    node.sync_stopped_unix = setting.now - SYNC_LATE_S
    world.pass_blocks(int((setting.now - world.now) // 600), 600)
    world.clock.advance_to(setting.now)
    node.distort = _distort
    faults = Faults()
    faults.clock_offset_s = CLOCK_AHEAD_S
    for method, seconds in SLOW_S.items():
        faults.slow(method, after_s=seconds)
    return Scenario(
        "broken",
        world,
        node,
        faults,
        traffic=traffic,
        stream_loss_every_s=STREAM_LOSS_S,
        on_run=[lambda: _say_strange_things(world, node)],
    )


def _phantom(world: World, node: SimNode, peers: list[SimNode]) -> None:
    """Two openings within one wallet sync: the second channel's funding never exists (6.9, run)."""
    world.clock.advance_to(node.last_tick(node.sync_policy.onchain_s) + node.sync_policy.onchain_s + 0.05)
    for peer in peers[5:7]:
        world.dial(node, peer.node_id, None)
        rpc.handle(node, requests.OpenChannel(peer.node_id, peer.address, Sat(3_000_000), announce=True))
    world.advance(3)


def _distort(method: str, answer: Any) -> Any:
    """Rows that another level wrote, and numbers that this one does not know."""
    if method == "ListPayments" and isinstance(answer, Page):
        rows = tuple(_strange(row, index) for index, row in enumerate(answer.rows))
        return Page(rows, answer.next_token)
    if method == "GetBalances" and isinstance(answer, Balances):
        return replace(answer, lightning=(*answer.lightning, UnknownBalance()), sweeps=(*answer.sweeps, UnknownSweep()))
    return answer


def _strange(row: Payment, index: int) -> Payment:
    if index % 9 == 4:
        return replace(row, kind=UnknownKind())
    if index % 9 == 7:
        return replace(row, status=PaymentStatus.UNKNOWN)
    return replace(row, direction=Direction.UNKNOWN) if index % 17 == 11 else row


def _say_strange_things(world: World, node: SimNode) -> None:
    """Live: now and then an event that nobody knows."""

    def say() -> None:
        node.emit(UnknownEvent())
        world.clock.after(world.rng.uniform(0.6, 1.4) * STRANGE_EVENT_S, say)

    world.clock.after(STRANGE_EVENT_S, say)
