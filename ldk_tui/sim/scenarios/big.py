"""A node with a long life: 100,000 payments, thousands of forwards, a graph of mainnet's size. Built in a moment.

The history is written straight into the node's two stores; nothing of it moves any more. The channels are real ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random

from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Direction,
    ForwardedPayment,
    Payment,
    PaymentKind,
    PaymentStatus,
    SpontaneousKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.sim.channel import Channel
from ldk_tui.sim.graph import Graph
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios import Scenario, Setting
from ldk_tui.sim.scenarios.cast import HERO, PEERS, add_peer, join, new_world
from ldk_tui.sim.traffic import NOTES, Traffic

PAYMENTS = 100_000
FORWARDS = 8_000
_YEAR_S = 365 * 86_400.0
_NODES, _CHANNELS = 16_000, 50_000


def build(setting: Setting) -> Scenario:
    world = new_world(setting, before_s=86_400)
    node = world.add_node(HERO, level=setting.level, address="192.0.2.21:9735")
    for amount_sat in (180_000_000, 95_000_000, 60_000_000):
        world.chain.mint(node.wallet.new_address(), amount_sat)
    peers = [add_peer(world, alias, index) for index, alias in enumerate(PEERS)]
    world.mine(2)
    for index, peer in enumerate(peers):
        value_sat = 4_000_000 + 1_000_000 * (index * 5 % 11)
        if index % 2:
            join(peer, node, value_sat, 0.3 + index / 40, ppm=50 * index)
        else:
            join(node, peer, value_sat, 0.3 + index / 40, ppm=50 * index)
    world.mine(7)
    world.advance(5)
    world.gossip.strangers = Graph(
        setting.seed, nodes=_NODES, channels=_CHANNELS, now_unix=int(setting.now), height=world.chain.height
    )
    rows = list(_payments(world.rng, setting.now))
    node.records.update((payment.id, payment) for _, payment in rows)
    node.log.load((when, payment.id, payment) for when, payment in rows)
    node.forwards.load(_forwards(node, world.rng, setting.now))
    node.recount()
    world.clock.advance_to(setting.now)
    return Scenario("big", world, node, traffic=Traffic(world, node, peers, world.rng))


def _payments(rng: Random, now: float) -> Iterator[tuple[float, Payment]]:
    step_s = _YEAR_S / PAYMENTS
    offers = [OfferId(rng.randbytes(32).hex()) for _ in range(40)]
    for number in range(PAYMENTS):
        when = now - (number + 1) * step_s
        preimage = rng.randbytes(32)
        payment_hash = PaymentHash(hashlib.sha256(preimage).hexdigest())
        roll = rng.random()
        outbound = roll < 0.45
        failed = outbound and roll < 0.03
        secret = None if failed else Secret(preimage.hex())
        kind: PaymentKind
        payment_id = PaymentId(payment_hash)
        if number % 10 < 7:
            kind = Bolt11Kind(payment_hash, secret, Secret(preimage[::-1]))
        elif number % 10 < 9:
            kind = SpontaneousKind(payment_hash, secret)
        else:
            note = SafeText(NOTES[number % len(NOTES)])
            kind = Bolt12OfferKind(payment_hash, secret, None, offers[number % 40], note, 1 + number % 3)
            if outbound:
                payment_id = PaymentId(preimage[::-1].hex())
        amount_msat = int(rng.paretovariate(0.9) * 1_000_000) % 900_000_000 + 1_000
        fee = Msat(amount_msat // 2_000 + 1_000) if outbound and not failed else None
        yield (
            when,
            Payment(
                payment_id,
                kind,
                Msat(amount_msat),
                fee,
                Direction.OUTBOUND if outbound else Direction.INBOUND,
                PaymentStatus.FAILED if failed else PaymentStatus.SUCCEEDED,
                int(when),
            ),
        )


def _forwards(node: SimNode, rng: Random, now: float) -> Iterator[tuple[float, str, ForwardedPayment]]:
    step_s = _YEAR_S / FORWARDS
    channels: list[Channel] = list(node.channels)
    locators = [channel.locator(node) for channel in channels]
    for number in range(FORWARDS):
        one, two = rng.sample(range(len(locators)), 2)
        amount_msat = int(rng.paretovariate(1.1) * 5_000_000) % 2_000_000_000
        fee_msat = 1_000 + amount_msat * (channels[two].end(node).config.fee_ppm or 0) // 1_000_000
        forward = ForwardedPayment(
            (locators[one],), (locators[two],), Msat(fee_msat), None, rng.random() < 0.002, Msat(amount_msat)
        )
        yield now - (number + 1) * step_s, rng.randbytes(32).hex(), forward
