"""A merchant of hodl invoices under time pressure: payments held with 2, 6 and 30 blocks left, and all other ends.

Waiting ones (unpaid), claimed, failed, timed out; one that was claimed and then paid by somebody else (its record says
FAILED though the money is ours) and one that was failed and then paid again (held, though its record says FAILED).
"""

from __future__ import annotations

from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import PaymentHash
from ldk_tui.core.secret import Secret
from ldk_tui.sim import rpc
from ldk_tui.sim.graph import Graph
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import HERO, PEERS, add_peer, join, new_world
from ldk_tui.sim.traffic import Traffic, pay_again, pay_invoice

_BLOCK_S = 600.0
_LEAST_LEFT = 4
"""Blocks from arrival to the deadline when the payer adds none."""


class _Shop:
    """The merchant's side: invoices, and the preimages that only their maker has."""

    def __init__(self, node: SimNode) -> None:
        self.node = node
        self.preimages: dict[PaymentHash, str] = {}

    def sell(self, payer: SimNode, amount_sat: int, blocks_left: int) -> PaymentHash:
        """A payment that arrives now with this many blocks to its deadline."""
        preimage = self.node.world.random_hex()
        padding = blocks_left - _LEAST_LEFT
        flow = pay_invoice(payer, self.node, amount_sat * 1000, hodl_preimage=preimage, padding=padding)
        self.preimages[flow.payment_hash] = preimage
        self.node.world.advance(2)
        return flow.payment_hash

    def offer(self, amount_sat: int | None, description: str) -> PaymentHash:
        """An invoice that nobody has paid."""
        preimage = self.node.world.random_hex()
        payment_hash = hash_of(preimage)
        amount_msat = None if amount_sat is None else Msat(amount_sat * 1000)
        request = requests.Bolt11ReceiveForHash(
            payment_hash, 86_400, amount_msat, requests.DirectDescription(description)
        )
        rpc.handle(self.node, request)
        self.preimages[payment_hash] = preimage
        return payment_hash

    def claim(self, payment_hash: PaymentHash) -> None:
        rpc.handle(self.node, requests.Bolt11ClaimForHash(Secret(self.preimages[payment_hash]), payment_hash))
        self.node.world.advance(2)

    def fail(self, payment_hash: PaymentHash) -> None:
        rpc.handle(self.node, requests.Bolt11FailForHash(payment_hash))
        self.node.world.advance(2)


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=16 * 3_600)
    node = world.add_node(HERO, level=setting.level, address="192.0.2.21:9735")
    world.chain.mint(node.wallet.new_address(), 9_000_000)
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS[:5])]
    world.mine(2)
    for index, value_sat in ((0, 6_000_000), (1, 4_000_000), (3, 8_000_000)):
        join(peers[index], node, value_sat, 0.8, ppm=100)
    join(peers[2], peers[0], 10_000_000, 0.6)
    join(peers[4], peers[3], 10_000_000, 0.6)
    world.mine(7)
    world.advance(5)
    shop = _Shop(node)
    claimed = shop.sell(peers[0], 120_000, 20)
    shop.claim(claimed)
    shop.claim(shop.sell(peers[3], 64_000, 20))
    failed = shop.sell(peers[1], 33_000, 60)
    shop.fail(failed)
    shop.sell(peers[2], 48_000, 5)  # nobody decides: times out
    shop.offer(250_000, "deposit for the flat in Gdańsk")
    shop.offer(None, "open amount: pay what you like")
    world.pass_blocks(40, _BLOCK_S)
    twice = shop.sell(peers[0], 75_000, 40)
    shop.claim(twice)
    pay_again(peers[3], node, twice, 75_000_000)
    again = shop.sell(peers[4], 91_000, 60)
    shop.fail(again)
    pay_again(peers[4], node, again, 91_000_000, padding=12)
    world.advance(2)
    shop.sell(peers[2], 310_000, 38)
    world.pass_blocks(4, _BLOCK_S)
    shop.sell(peers[0], 150_000, 6)
    shop.sell(peers[3], 1_200_000, 10)
    shop.sell(peers[1], 350, 9)  # below dust: never in the balances
    world.pass_blocks(1, _BLOCK_S)
    shop.sell(peers[4], 505_000, 6)
    shop.offer(18_000, "two tickets, row 7")
    world.pass_blocks(1, 60)
    world.pass_blocks(2, 500)
    _check_left(node)
    world.gossip.strangers = Graph(
        setting.seed, nodes=200, channels=500, now_unix=int(setting.now), height=world.chain.height
    )
    world.clock.advance_to(setting.now)
    traffic = Traffic(world, node, peers, world.rng)
    return Scenario("hodl-tense", world, node, traffic=traffic, preimages=shop.preimages)


def blocks_left(node: SimNode) -> dict[PaymentHash, int]:
    """For each payment that is held now: claim deadline less height."""
    return {payment_hash: flow.deadline - node.height for payment_hash, flow in node.receiving.held.items()}


def _check_left(node: SimNode) -> None:
    if min(blocks_left(node).values()) != 2:
        raise RuntimeError("the scenario has lost its tension")
