"""Hodl invoices as facts 9 has them: OK proves nothing, the deadline is silent, records flip."""

from __future__ import annotations

from typing import Any

import pytest

from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat
from ldk_tui.core.events import Event, PaymentClaimable, PaymentFailed, PaymentReceived, PaymentSuccessful
from ldk_tui.core.ids import PaymentHash, PaymentId
from ldk_tui.core.model import Bolt11Kind, MaybePreimageClaimableHtlc, PaymentStatus
from ldk_tui.core.secret import Secret
from ldk_tui.sim import rpc
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.scenarios.cast import join
from ldk_tui.sim.world import World

PREIMAGE = "6f" * 32
HASH = hash_of(PREIMAGE)


class Shop:
    """carol sells to alice and bob, each over a channel of their own."""

    def __init__(self) -> None:
        self.world = World(3)
        self.alice, self.bob, self.carol = (
            self.world.add_node(name, funds_sat=50_000_000) for name in ("alice", "bob", "carol")
        )
        join(self.alice, self.carol, 4_000_000, 0.8)
        join(self.bob, self.carol, 4_000_000, 0.8)
        self.world.mine(7)
        self.world.advance(2)
        self.told: dict[SimNode, list[Event]] = {}
        for node in (self.alice, self.bob, self.carol):
            self.told[node] = []
            node.listeners.append(self.told[node].append)
        self.invoice: str = self.ask(
            self.carol, requests.Bolt11ReceiveForHash(HASH, 3_600, Msat(20_000_000), requests.DirectDescription("bond"))
        )

    def ask(self, node: SimNode, request: requests.Request) -> Any:
        return rpc.handle(node, request)

    def pay(self, payer: SimNode) -> None:
        self.ask(payer, requests.Bolt11Send(self.invoice))
        self.world.advance(2)

    def claim(
        self, preimage: str = PREIMAGE, payment_hash: PaymentHash | None = HASH, amount: int | None = None
    ) -> None:
        wanted = None if amount is None else Msat(amount)
        self.ask(self.carol, requests.Bolt11ClaimForHash(Secret(preimage), payment_hash, wanted))
        self.world.advance(2)

    def fail(self) -> None:
        self.ask(self.carol, requests.Bolt11FailForHash(HASH))
        self.world.advance(2)

    def status(self, node: SimNode) -> PaymentStatus:
        return node.records[PaymentId(HASH)].status

    def row(self) -> PaymentStatus | None:
        rows = self.ask(self.carol, requests.ListPayments()).rows
        return next((row.status for row in rows if row.id == HASH), None)

    def kinds(self, node: SimNode) -> list[str]:
        return [type(event).__name__ for event in self.told[node]]

    def held(self) -> list[MaybePreimageClaimableHtlc]:
        balances = self.ask(self.carol, requests.GetBalances()).lightning
        return [each for each in balances if isinstance(each, MaybePreimageClaimableHtlc)]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def refusal(shop: Shop, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(GrpcStatus) as caught:
        shop.claim(**arguments)
    return caught.value.code, caught.value.message


def test_arrival_is_told_with_its_deadline_and_shown_in_the_balances(shop: Shop) -> None:
    shop.pay(shop.alice)
    (event,) = shop.told[shop.carol]
    assert isinstance(event, PaymentClaimable)
    (htlc,) = shop.held()
    assert event.claim_deadline == htlc.expiry_height - 39
    assert htlc.amount_sat == 20_000
    assert htlc.payment_hash == HASH
    assert (event.claim_deadline or 0) - shop.carol.height >= 4
    assert shop.status(shop.carol) is shop.row() is shop.status(shop.alice) is PaymentStatus.PENDING


def test_claim_settles_and_leaves_no_preimage_at_the_receiver(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.claim(amount=20_000_000)
    assert shop.kinds(shop.carol) == ["PaymentClaimable", "PaymentReceived"]
    assert shop.kinds(shop.alice) == ["PaymentSuccessful"]
    assert shop.status(shop.carol) is shop.row() is shop.status(shop.alice) is PaymentStatus.SUCCEEDED
    ours, theirs = (node.records[PaymentId(HASH)].kind for node in (shop.carol, shop.alice))
    assert isinstance(ours, Bolt11Kind)
    assert isinstance(theirs, Bolt11Kind)
    assert ours.preimage is None
    assert theirs.preimage is not None
    assert theirs.preimage.reveal() == PREIMAGE


def test_claims_that_cannot_be_meant(shop: Shop) -> None:
    assert refusal(shop, preimage="11" * 32) == (3, "The given payment preimage is invalid.")
    assert refusal(shop, preimage="11" * 32, payment_hash=None) == (3, "The given payment hash is invalid.")
    assert refusal(shop, preimage="zz") == (3, "Invalid preimage, must be a 32-byte hex string.")
    assert refusal(shop, amount=19_999_999) == (3, "The given amount is invalid.")


def test_claim_before_arrival_is_ok_and_remembered_by_nobody(shop: Shop) -> None:
    shop.claim()
    shop.pay(shop.alice)
    assert shop.kinds(shop.carol) == ["PaymentClaimable"]
    shop.world.advance(60)
    assert shop.held()


def test_claim_twice_after_fail_and_after_the_deadline_is_ok_and_does_nothing(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.claim()
    shop.claim()
    assert shop.kinds(shop.carol) == ["PaymentClaimable", "PaymentReceived"]
    late = Shop()
    late.pay(late.alice)
    late.fail()
    late.claim()
    assert late.status(late.carol) is PaymentStatus.FAILED
    assert late.kinds(late.alice) == ["PaymentFailed"]


def test_fail_gives_back_at_once_without_an_event_for_the_receiver(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.fail()
    assert shop.kinds(shop.carol) == ["PaymentClaimable"]
    assert isinstance(shop.told[shop.alice][0], PaymentFailed)
    assert shop.status(shop.carol) is PaymentStatus.FAILED
    assert shop.row() is PaymentStatus.PENDING
    assert not shop.held()


def test_fail_of_an_unknown_hash(shop: Shop) -> None:
    with pytest.raises(GrpcStatus, match=r"The given payment hash is invalid\."):
        shop.ask(shop.carol, requests.Bolt11FailForHash(PaymentHash("00" * 32)))


def test_failed_then_paid_again_is_held_and_can_be_claimed(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.fail()
    shop.pay(shop.alice)
    again = shop.told[shop.carol][-1]
    assert isinstance(again, PaymentClaimable)
    assert again.payment.status is PaymentStatus.FAILED
    assert shop.held()
    shop.claim()
    assert shop.status(shop.carol) is PaymentStatus.SUCCEEDED
    assert isinstance(shop.told[shop.alice][-1], PaymentSuccessful)


def test_second_payer_of_a_claimed_invoice_turns_the_record_to_failed_in_silence(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.claim()
    shop.pay(shop.bob)
    assert shop.kinds(shop.carol) == ["PaymentClaimable", "PaymentReceived"]
    assert shop.kinds(shop.bob) == ["PaymentFailed"]
    assert shop.status(shop.carol) is PaymentStatus.FAILED
    assert shop.row() is PaymentStatus.SUCCEEDED


def test_fail_after_claim_turns_the_record_too(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.claim()
    shop.fail()
    assert shop.status(shop.carol) is PaymentStatus.FAILED
    assert shop.kinds(shop.alice) == ["PaymentSuccessful"]


def test_the_deadline_passes_in_silence_and_the_record_stays_pending(shop: Shop) -> None:
    shop.pay(shop.alice)
    (event,) = shop.told[shop.carol]
    assert isinstance(event, PaymentClaimable)
    deadline = event.claim_deadline or 0
    shop.world.mine(deadline - 1 - shop.carol.height)
    shop.world.advance(2)
    assert shop.held()
    shop.world.mine(1)
    shop.world.advance(2)
    assert not shop.held()
    assert shop.kinds(shop.carol) == ["PaymentClaimable"]
    assert shop.kinds(shop.alice) == ["PaymentFailed"]
    assert shop.status(shop.carol) is shop.row() is PaymentStatus.PENDING
    shop.claim()
    assert shop.status(shop.carol) is PaymentStatus.PENDING


def test_a_restart_announces_nothing_again_and_a_claim_works_when_the_peer_is_back(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.carol.stop()
    shop.world.advance(5)
    with pytest.raises(GrpcStatus, match=r"Node is not running\."):
        shop.held()
    shop.carol.start()
    assert shop.kinds(shop.carol) == ["PaymentClaimable"]
    assert shop.held()
    shop.world.advance(90)
    shop.claim()
    assert shop.kinds(shop.carol) == ["PaymentClaimable", "PaymentReceived"]
    assert shop.kinds(shop.alice) == ["PaymentSuccessful"]


def test_a_claim_while_the_peer_is_away_reaches_it_when_it_is_back(shop: Shop) -> None:
    shop.pay(shop.alice)
    shop.world.hang_up(shop.alice, shop.carol)
    shop.claim()
    assert isinstance(shop.told[shop.carol][-1], PaymentReceived)
    assert shop.kinds(shop.alice) == []
    shop.world.advance(90)
    assert shop.kinds(shop.alice) == ["PaymentSuccessful"]


def test_dust_is_never_in_the_balances(shop: Shop) -> None:
    preimage = "22" * 32
    request = requests.Bolt11ReceiveForHash(hash_of(preimage), 3_600, Msat(350_000))
    invoice = shop.ask(shop.carol, request)
    shop.ask(shop.alice, requests.Bolt11Send(invoice))
    shop.world.advance(2)
    assert shop.kinds(shop.carol) == ["PaymentClaimable"]
    assert not shop.held()


def test_the_event_is_told_before_its_row_is_written(shop: Shop) -> None:
    rows_at_event: list[int] = []
    shop.carol.listeners.append(lambda _: rows_at_event.append(len(shop.carol.log)))
    shop.pay(shop.alice)
    assert rows_at_event == [0]
    assert len(shop.carol.log) == 1
