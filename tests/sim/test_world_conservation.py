"""Whatever three nodes do to each other: no money is made or lost, and both ends of a payment agree in the end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import Event, PaymentClaimable, PaymentFailed, PaymentReceived, PaymentSuccessful
from ldk_tui.core.ids import OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import Direction, OnchainKind, PaymentStatus
from ldk_tui.core.secret import Secret
from ldk_tui.sim import payments, rpc
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.traffic import pay_again, pay_invoice, pay_keysend, pay_offer
from ldk_tui.sim.world import World

NODES = st.integers(0, 2)
AMOUNTS = st.one_of(st.integers(1, 400_000), st.integers(1_000_000, 900_000_000))


class Commerce(RuleBasedStateMachine):
    """alice – bob – carol and alice – carol, as in the recordings."""

    @initialize(seed=st.integers(0, 1_000))
    def begin(self, seed: int) -> None:
        self.world = World(seed)
        self.nodes = [self.world.add_node(name, funds_sat=20_000_000) for name in ("alice", "bob", "carol")]
        self.told: dict[SimNode, list[Event]] = {node: [] for node in self.nodes}
        self.hodl: dict[PaymentHash, tuple[SimNode, str]] = {}
        for node in self.nodes:
            node.listeners.append(self.told[node].append)
        self.ask(0, requests.OpenChannel(self.id(1), self.address(1), Sat(5_000_000), Msat(1_000_000_000), None, True))
        self.ask(1, requests.OpenChannel(self.id(2), self.address(2), Sat(4_000_000), Msat(2_000_000_000), None, True))
        self.world.advance(5)
        self.ask(0, requests.OpenChannel(self.id(2), self.address(2), Sat(1_000_000)))
        self.world.advance(5)
        self.world.mine(7)
        self.world.advance(1)

    def id(self, index: int) -> Any:
        return self.nodes[index].node_id

    def address(self, index: int) -> str:
        return self.nodes[index].address

    def ask(self, index: int, request: requests.Request) -> Any:
        """A call; a refusal is an answer like any other, an exception of another kind is a flaw."""
        try:
            return rpc.handle(self.nodes[index], request)
        except GrpcStatus as status:
            return status

    # --- payments -------------------------------------------------------------------------------------------------

    @rule(payer=NODES, payee=NODES, amount=AMOUNTS, kind=st.integers(0, 2))
    def pay(self, payer: int, payee: int, amount: int, kind: int) -> None:
        one, two = self.nodes[payer], self.nodes[payee]
        if one is two or not one.running or not two.running:
            return
        with suppress(payments.NoRoute):
            if kind == 0:
                pay_invoice(one, two, amount)
            elif kind == 1:
                pay_keysend(one, two, amount, b"text")
            else:
                pay_offer(one, two, OfferId(self.world.random_hex()), amount, 2, "note")

    @rule(payer=NODES, payee=NODES, amount=AMOUNTS, padding=st.integers(0, 30))
    def pay_hodl(self, payer: int, payee: int, amount: int, padding: int) -> None:
        one, two = self.nodes[payer], self.nodes[payee]
        if one is two or not one.running or not two.running:
            return
        preimage = self.world.random_hex()
        self.hodl[hash_of(preimage)] = (two, preimage)
        with suppress(payments.NoRoute):
            pay_invoice(one, two, amount, hodl_preimage=preimage, padding=padding)

    @rule(data=st.data(), claim=st.booleans())
    def decide(self, data: st.DataObject, claim: bool) -> None:
        if not self.hodl:
            return
        payment_hash = data.draw(st.sampled_from(sorted(self.hodl)))
        node, preimage = self.hodl[payment_hash]
        index = self.nodes.index(node)
        if claim:
            self.ask(index, requests.Bolt11ClaimForHash(Secret(preimage), payment_hash))
        else:
            self.ask(index, requests.Bolt11FailForHash(payment_hash))

    @rule(data=st.data(), payer=NODES)
    def second_payer(self, data: st.DataObject, payer: int) -> None:
        if not self.hodl:
            return
        payment_hash = data.draw(st.sampled_from(sorted(self.hodl)))
        payee, _ = self.hodl[payment_hash]
        one = self.nodes[payer]
        known = one.records.get(PaymentId(payment_hash))
        if one is payee or known is not None or not one.running:
            return
        with suppress(payments.NoRoute):
            pay_again(one, payee, payment_hash, payee.receiving.invoices[payment_hash].amount_msat or 1)

    # --- channels and coins ---------------------------------------------------------------------------------------

    @rule(opener=NODES, peer=NODES, amount=st.integers(50_000, 3_000_000), announce=st.booleans())
    def open(self, opener: int, peer: int, amount: int, announce: bool) -> None:
        if opener != peer:
            request = requests.OpenChannel(self.id(peer), self.address(peer), Sat(amount), announce=announce)
            self.ask(opener, request)

    @rule(index=NODES, data=st.data(), what=st.integers(0, 3), amount=st.integers(1_000, 900_000))
    def touch_channel(self, index: int, data: st.DataObject, what: int, amount: int) -> None:
        node = self.nodes[index]
        if not node.channels:
            return
        number = data.draw(st.integers(0, len(node.channels) - 1))
        channel = node.channels[number]
        ids = (channel.end(node).user_channel_id, channel.other(node).node.node_id)
        asked: tuple[requests.Request, ...] = (
            requests.SpliceIn(*ids, Sat(amount)),
            requests.SpliceOut(*ids, Sat(amount)),
            requests.CloseChannel(*ids),
            requests.ForceCloseChannel(*ids, "\x1b[31m"),
        )
        self.ask(index, asked[what])

    @rule(one=NODES, two=NODES, amount=st.integers(1, 3_000_000), everything=st.booleans())
    def send_coins(self, one: int, two: int, amount: int, everything: bool) -> None:
        address = self.ask(two, requests.OnchainReceive())
        if isinstance(address, str):
            self.ask(one, requests.OnchainSend(address, requests.ALL_FUNDS if everything else Sat(amount), 2))

    # --- the world ------------------------------------------------------------------------------------------------

    @rule(seconds=st.floats(0.01, 90.0))
    def wait(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(blocks=st.integers(1, 12), seen=st.booleans())
    def mine(self, blocks: int, seen: bool) -> None:
        self.world.mine(blocks, seen=seen)

    @rule(one=NODES, two=NODES)
    def hang_up(self, one: int, two: int) -> None:
        if one != two:
            self.world.hang_up(self.nodes[one], self.nodes[two])

    @rule(index=NODES)
    def restart(self, index: int) -> None:
        node = self.nodes[index]
        if node.running:
            node.stop()
        else:
            node.start()

    @invariant()
    def money_is_conserved(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.check_conserved()
        for index, node in enumerate(self.nodes):
            for channel in node.channels:
                assert channel.capacity_msat(0) >= 0
                assert channel.capacity_msat(1) >= 0
                row = channel.row(node)
                assert row.outbound_capacity_msat + row.inbound_capacity_msat <= row.value_sat * 1000
            if node.running:
                sums = self.ask(index, requests.GetBalances())
                assert sums.spendable_onchain_sat <= sums.total_onchain_sat

    def teardown(self) -> None:
        """In the end nothing is in flight, and no payment is settled at one end only."""
        if not hasattr(self, "world"):
            return
        for node in self.nodes:
            if not node.running:
                node.start()
        self.world.advance(200)
        for _ in range(60):
            self.world.mine(12)
            self.world.advance(61)
        self.world.check_conserved()
        assert not self.world.flows
        assert not any(channel.htlcs for node in self.nodes for channel in node.channels)
        for node in self.nodes:
            for record in node.records.values():
                if record.direction is Direction.OUTBOUND and not isinstance(record.kind, OnchainKind):
                    assert record.status is not PaymentStatus.PENDING, record
        self._events_agree()

    def _events_agree(self) -> None:
        """Every success at a payer has its PaymentReceived; each event comes once; claimable comes before received."""
        received: list[str] = []
        for node in self.nodes:
            seen_claimable: set[str] = set()
            done: set[tuple[str, str]] = set()
            for event in self.told[node]:
                if isinstance(event, PaymentClaimable):
                    seen_claimable.add(event.payment.id)
                elif isinstance(event, PaymentReceived):
                    received.append(str(event.payment.payment_hash))
                    if event.payment.payment_hash in self.hodl:
                        assert event.payment.id in seen_claimable
                elif isinstance(event, PaymentSuccessful | PaymentFailed):
                    key = (type(event).__name__, event.payment.id)
                    assert key not in done
                    done.add(key)
        paid = [
            str(event.payment.payment_hash)
            for node in self.nodes
            for event in self.told[node]
            if isinstance(event, PaymentSuccessful)
        ]
        assert sorted(paid) == sorted(received)


TestCommerce = Commerce.TestCase
TestCommerce.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
