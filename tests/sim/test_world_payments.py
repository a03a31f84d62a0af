"""Sends and receives as facts 6.5 to 6.8 and 7.4 have them: what is refused, what fails later, what is paid twice."""

from __future__ import annotations

from typing import Any

import pytest

from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import Event, PaymentFailed, PaymentForwarded, PaymentReceived, PaymentSuccessful
from ldk_tui.core.ids import NodeId, PaymentId
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    ChannelConfig,
    CustomTlv,
    Level,
    PageToken,
    Payment,
    PaymentStatus,
)
from ldk_tui.core.requests import RouteParameters
from ldk_tui.core.secret import Secret
from ldk_tui.sim import rpc
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.scenarios.cast import join
from ldk_tui.sim.traffic import pay_keysend
from ldk_tui.sim.world import World


class Line:
    """alice – bob – carol, and dave whom nobody reaches."""

    def __init__(self) -> None:
        self.world = World(21)
        names = ("alice", "bob", "carol", "dave")
        self.alice, self.bob, self.carol, self.dave = (self.world.add_node(n, funds_sat=30_000_000) for n in names)
        join(self.alice, self.bob, 5_000_000, 0.8)
        join(self.bob, self.carol, 5_000_000, 0.6, ppm=100)
        self.world.mine(7)
        self.world.advance(2)
        self.told: dict[SimNode, list[Event]] = {node: [] for node in self.world.nodes.values()}
        for node, events in self.told.items():
            node.listeners.append(events.append)

    def ask(self, node: SimNode, request: requests.Request) -> Any:
        return rpc.handle(node, request)

    def invoice(self, amount_msat: int | None = 50_000_000, expiry_s: int = 3_600, node: SimNode | None = None) -> str:
        amount = None if amount_msat is None else Msat(amount_msat)
        made = self.ask(node or self.carol, requests.Bolt11Receive(expiry_s, amount, requests.DirectDescription("tea")))
        return str(made.invoice)

    def refusal(self, request: requests.Request, node: SimNode | None = None) -> tuple[int, str]:
        with pytest.raises(GrpcStatus) as caught:
            self.ask(node or self.alice, request)
        return caught.value.code, caught.value.message

    def record(self, payment_id: PaymentId, node: SimNode | None = None) -> Payment:
        found = self.ask(node or self.alice, requests.GetPaymentDetails(payment_id))
        assert isinstance(found, Payment)
        return found

    def rows(self, node: SimNode) -> list[PaymentId]:
        return [row.id for row in self.ask(node, requests.ListPayments()).rows]


@pytest.fixture
def line() -> Line:
    return Line()


FAILED = (9, "Failed to send the given payment.")
TWICE = (9, "A payment with the given hash has already been initiated.")


def test_accepted_is_pending_without_a_row_and_settles_with_fee_and_preimage(line: Line) -> None:
    payment_id = line.ask(line.alice, requests.Bolt11Send(line.invoice()))
    assert line.record(payment_id).status is PaymentStatus.PENDING
    assert line.rows(line.alice) == []
    line.world.advance(2)
    paid = line.record(payment_id)
    assert (paid.status, paid.fee_paid_msat) == (PaymentStatus.SUCCEEDED, 1_000 + 5_000)
    assert isinstance(paid.kind, Bolt11Kind)
    assert paid.kind.preimage is not None
    assert hash_of(paid.kind.preimage.reveal()) == paid.payment_hash
    assert [type(event) for event in line.told[line.alice]] == [PaymentSuccessful]
    assert [type(event) for event in line.told[line.carol]] == [PaymentReceived]
    (forwarded,) = line.told[line.bob]
    assert isinstance(forwarded, PaymentForwarded)
    assert forwarded.forward.total_fee_earned_msat == 6_000
    assert line.rows(line.alice) == line.rows(line.carol) == [payment_id]


def test_an_unpaid_invoice_of_our_own_shows_its_preimage_and_no_row(line: Line) -> None:
    line.invoice()
    (record,) = [r for r in line.carol.records.values() if isinstance(r.kind, Bolt11Kind)]
    assert isinstance(record.kind, Bolt11Kind)
    assert record.kind.preimage is not None
    assert line.rows(line.carol) == []


def test_refusals_of_bolt11_send(line: Line) -> None:
    assert line.refusal(requests.Bolt11Send("lightning:" + line.invoice())) == (3, "The given invoice is invalid.")
    assert line.refusal(requests.Bolt11Send(line.invoice(None))) == (3, "The given invoice is invalid.")
    assert line.refusal(requests.Bolt11Send(line.invoice(), Msat(49_999_999))) == (3, "The given amount is invalid.")
    assert line.refusal(requests.Bolt11Send(line.invoice(node=line.alice))) == TWICE, "an own invoice"
    invoice = line.invoice()
    line.ask(line.alice, requests.Bolt11Send(invoice, Msat(50_000_001)))
    assert line.refusal(requests.Bolt11Send(invoice)) == TWICE
    line.world.advance(2)
    assert line.refusal(requests.Bolt11Send(invoice)) == TWICE


@pytest.mark.parametrize(
    "route",
    [
        RouteParameters(Msat(10_000), 0, 0, 0),
        RouteParameters(Msat(10_000), 1008, 0, 2),
        RouteParameters(Msat(10_000), 0, 10, 2),
        RouteParameters(Msat(5_999)),
    ],
)
def test_partly_filled_or_stingy_route_parameters_kill_the_payment_at_once(line: Line, route: RouteParameters) -> None:
    invoice = line.invoice()
    assert line.refusal(requests.Bolt11Send(invoice, None, route)) == FAILED
    line.world.advance(20)
    (record,) = [r for r in line.alice.records.values() if isinstance(r.kind, Bolt11Kind)]
    assert record.status is PaymentStatus.FAILED
    assert line.told[line.alice] == []
    assert line.rows(line.alice) == []
    line.ask(line.alice, requests.Bolt11Send(invoice))
    line.world.advance(2)
    assert line.record(record.id).status is PaymentStatus.SUCCEEDED, "a failed one may be sent again"


def test_route_parameters_out_of_range(line: Line) -> None:
    too_many = RouteParameters(max_path_count=256)
    saturated = RouteParameters(max_saturation_power_of_half=256)
    invoice = line.invoice()
    assert line.refusal(requests.Bolt11Send(invoice, None, too_many))[1].startswith("Invalid max_path_count")
    assert line.refusal(requests.Bolt11Send(invoice, None, saturated))[1].startswith("Invalid max_channel_saturation")


def test_expired_and_unreachable_fail_at_once(line: Line) -> None:
    assert line.refusal(requests.Bolt11Send(line.invoice(expiry_s=0))) == FAILED
    assert line.refusal(requests.Bolt11Send(line.invoice(node=line.dave))) == FAILED
    assert line.ask(line.alice, requests.DecodeInvoice(line.invoice(expiry_s=0))).is_expired


def test_without_money_further_on_it_is_accepted_and_fails_later(line: Line) -> None:
    for _ in range(2):
        line.ask(line.bob, requests.SpontaneousSend(Msat(1_200_000_000), line.carol.node_id))
        line.world.advance(2)
    payment_id = line.ask(line.alice, requests.Bolt11Send(line.invoice(1_000_000_000)))
    assert line.record(payment_id).status is PaymentStatus.PENDING
    line.world.advance(15)
    assert line.record(payment_id).status is PaymentStatus.FAILED
    assert [type(event) for event in line.told[line.alice]] == [PaymentFailed]
    assert line.rows(line.alice) == [payment_id]


def test_underpaying_is_for_fixed_amounts_and_alone_it_fails(line: Line) -> None:
    invoice = line.invoice()
    under = requests.Bolt11SendUnderpaying
    assert line.refusal(under(line.invoice(None), Msat(1))) == (3, "The given invoice is invalid.")
    assert line.refusal(under(invoice, Msat(50_000_000))) == (3, "The given amount is invalid.")
    payment_id = line.ask(line.alice, under(invoice, Msat(20_000_000)))
    line.world.advance(3)
    assert line.record(payment_id).status is PaymentStatus.FAILED


def test_an_offer_with_a_quantity_records_the_price_of_one_item(line: Line) -> None:
    offer = line.ask(line.carol, requests.Bolt12Receive("flat white", Msat(3_000_000), None, 5))
    payment_id = line.ask(line.alice, requests.Bolt12Send(offer.offer, None, 2, "two please"))
    other_id = line.ask(line.alice, requests.Bolt12Send(offer.offer, None, 1))
    assert payment_id != other_id, "not idempotent"
    line.world.advance(3)
    ours = line.record(payment_id)
    assert (ours.amount_msat, ours.status) == (3_000_000, PaymentStatus.SUCCEEDED)
    assert isinstance(ours.kind, Bolt12OfferKind)
    assert ours.kind.quantity == 2
    assert ours.kind.payment_hash is not None
    theirs = line.record(PaymentId(ours.kind.payment_hash), line.carol)
    assert theirs.amount_msat == 6_000_000


def test_refusals_of_offers(line: Line) -> None:
    tips = line.ask(line.carol, requests.Bolt12Receive("tips")).offer
    priced = line.ask(line.carol, requests.Bolt12Receive("tea", Msat(1_000))).offer
    assert line.refusal(requests.Bolt12Send(tips)) == (3, "The given offer is invalid.")
    assert line.refusal(requests.Bolt12Send(priced, Msat(999))) == (3, "The given amount is invalid.")
    assert line.refusal(requests.Bolt12Receive("x", Msat(1), None, 0), line.carol) == (
        3,
        "The given quantity is invalid.",
    )
    assert line.refusal(requests.Bolt12Receive("x"), line.dave) == (9, "Failed to create offer.")


def test_an_offer_whose_maker_is_away_fails_by_event(line: Line) -> None:
    offer = line.ask(line.carol, requests.Bolt12Receive("tips")).offer
    line.carol.stop()
    payment_id = line.ask(line.alice, requests.Bolt12Send(offer, Msat(5_000)))
    line.world.advance(30)
    assert line.record(payment_id).status is PaymentStatus.PENDING
    line.world.advance(60)
    assert line.record(payment_id).status is PaymentStatus.FAILED
    assert [type(event) for event in line.told[line.alice]] == [PaymentFailed]


def test_keysend_with_our_own_preimage_and_a_raw_record(line: Line) -> None:
    preimage = Secret("77" * 32)
    tlvs = (CustomTlv(65_537, b"hello \x1b[31mworld"),)
    request = requests.SpontaneousSend(Msat(5_000_000), line.carol.node_id, None, tlvs, preimage)
    payment_id = line.ask(line.alice, request)
    assert payment_id == hash_of("77" * 32)
    line.world.advance(2)
    (received,) = line.told[line.carol]
    assert isinstance(received, PaymentReceived)
    assert received.custom_records == tlvs
    assert line.refusal(request) == TWICE


def test_keysend_records_that_are_not_allowed(line: Line) -> None:
    for type_number in (65_535, 5_482_373_484):
        request = requests.SpontaneousSend(Msat(1), line.carol.node_id, None, (CustomTlv(type_number, b""),))
        assert line.refusal(request) == (9, "Failed to construct payment with custom TLVs.")
    even = requests.SpontaneousSend(Msat(1_000), line.carol.node_id, None, (CustomTlv(65_538, b""),))
    payment_id = line.ask(line.alice, even)
    line.world.advance(2)
    assert line.record(payment_id).status is PaymentStatus.FAILED


def test_unified_send_pays_the_same_uri_twice(line: Line) -> None:
    address = line.ask(line.carol, requests.OnchainReceive())
    uri = f"bitcoin:{address}?amount=0.00001000&lightning={line.invoice(1_000_000)}"
    first = line.ask(line.alice, requests.UnifiedSend(uri))
    line.world.advance(3)
    second = line.ask(line.alice, requests.UnifiedSend(uri))
    assert first.bolt11_payment_id is not None
    assert second.txid is not None
    assert second.bolt11_payment_id is None
    assert second.txid in line.world.chain.mempool


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("name@example.com", "Failed to parse a URI parameter."),
        ("nonsense", "Failed to parse a URI parameter."),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "Failed to parse a URI parameter."),
        ("bitcoin:?amount=1", "Failed to parse a URI parameter."),
        ("bitcoin:{address}?amount=1&req-strange=1", "Failed to parse a URI parameter."),
        ("bitcoin:{address}?amount=1&amount=2", "Failed to parse a URI parameter."),
        ("{address}", "The given amount is invalid."),
    ],
)
def test_unified_send_refuses(line: Line, uri: str, expected: str) -> None:
    address = line.ask(line.carol, requests.OnchainReceive())
    assert line.refusal(requests.UnifiedSend(uri.format(address=address))) == (3, expected)


def test_unified_send_takes_each_kind(line: Line) -> None:
    address = line.ask(line.carol, requests.OnchainReceive())
    offer = line.ask(line.carol, requests.Bolt12Receive("tips")).offer
    send = requests.UnifiedSend
    assert line.ask(line.alice, send("LIGHTNING:" + line.invoice().upper())).bolt11_payment_id
    assert line.ask(line.alice, send(offer, Msat(5_000_000))).bolt12_payment_id
    assert line.ask(line.alice, send(address, Msat(30_000_000))).txid
    any_amount = send(line.invoice(None), Msat(5_000))
    assert line.refusal(any_amount) == FAILED, "the invoice leg ignores the amount"


def test_a_payment_larger_than_each_channel_goes_in_parts() -> None:
    world = World(22)
    alice, bob = (world.add_node(name, funds_sat=30_000_000) for name in ("alice", "bob"))
    for _ in range(3):
        join(alice, bob, 1_000_000, 1.0, announced=False)
    world.mine(7)
    world.advance(2)
    invoice = rpc.handle(bob, requests.Bolt11Receive(3_600, Msat(2_400_000_000))).invoice
    payment_id = rpc.handle(alice, requests.Bolt11Send(invoice))
    world.advance(2)
    assert alice.records[payment_id].status is PaymentStatus.SUCCEEDED
    assert sum(channel.ends[1].balance_msat for channel in alice.channels) == 2_400_000_000
    world.check_conserved()


def test_just_in_time_needs_a_service(line: Line) -> None:
    fixed = requests.Bolt11ReceiveViaJitChannel(Msat(100_000_000), 3_600)
    text = "The given operation failed due to the required liquidity source being unavailable."
    assert line.refusal(fixed) == (13, text)
    line.dave.lsp = line.bob
    line.bob.stop()
    assert line.refusal(fixed, line.dave) == (13, "Failed to request inbound liquidity.")


def test_amounts_of_on_chain_sends(line: Line) -> None:
    address = line.ask(line.carol, requests.OnchainReceive())
    send = requests.OnchainSend
    cannot = (13, "On-chain transaction could not be created.")
    assert line.refusal(send(address, Sat(1))) == cannot
    assert line.refusal(send(address, Sat(10_000), 0)) == cannot
    assert line.refusal(send("zz", Sat(10_000))) == (3, "The given address is invalid.")
    assert line.ask(line.alice, send(address, Sat(10_000), (1 << 64) - 1)), "a rate too large is ignored in silence"
    old = World(23).add_node("old", level=Level.L2026_04)
    with pytest.raises(GrpcStatus, match="Must specify either `send_all` or `amount_sats`"):
        rpc.handle(old, send(old.wallet.new_address(), None))


def test_pages_are_a_hundred_rows_by_first_write_and_end_empty(line: Line) -> None:
    for number in range(230):
        pay_keysend(line.alice, line.carol, 1_000 + number)
        line.world.advance(0.4)
    line.world.advance(5)
    seen: list[Payment] = []
    token: PageToken | None = None
    sizes: list[int] = []
    while True:
        page = line.ask(line.alice, requests.ListPayments(token))
        sizes.append(len(page.rows))
        if not page.rows:
            assert page.next_token is None
            break
        token = page.next_token
        assert token is not None
        assert token.token == page.rows[-1].id
        seen += page.rows
    assert sizes == [100, 100, 30, 0]
    assert len({row.id for row in seen}) == 230
    assert line.ask(line.alice, requests.ListPayments(PageToken("", 0))).rows == ()
    order = [(-row.updated_unix, row.id) for row in seen]
    assert order == sorted(order)


def test_hidden_nodes_are_found_by_the_hints_of_their_invoices(line: Line) -> None:
    join(line.bob, line.dave, 2_000_000, 1.0, announced=False)
    line.world.mine(7)
    line.world.advance(2)
    invoice = line.invoice(node=line.dave)
    (hints,) = line.ask(line.alice, requests.DecodeInvoice(invoice)).route_hints
    assert hints[0].node_id == line.bob.node_id
    payment_id = line.ask(line.alice, requests.Bolt11Send(invoice))
    line.world.advance(2)
    assert line.record(payment_id).status is PaymentStatus.SUCCEEDED


def test_metrics_count_as_the_server_counts(line: Line) -> None:
    before = line.alice.metrics()
    assert "ldk_server_total_channels_count 1" in before
    line.ask(line.alice, requests.Bolt11Send(line.invoice()))
    line.world.advance(2)
    line.invoice(node=line.alice)
    after = line.alice.metrics()
    assert "ldk_server_total_successful_payments_count 1" in after
    assert "ldk_server_total_pending_payments_count 1" in after
    assert after.count("# TYPE") == 12


def test_a_policy_change_changes_the_fee(line: Line) -> None:
    channel = line.bob.channels_with(line.carol.node_id)[0]
    ids = (channel.end(line.bob).user_channel_id, NodeId(line.carol.node_id))
    line.ask(line.bob, requests.UpdateChannelConfig(*ids, ChannelConfig(fee_base_msat=0, fee_ppm=1_000)))
    payment_id = line.ask(line.alice, requests.Bolt11Send(line.invoice()))
    line.world.advance(2)
    assert line.record(payment_id).fee_paid_msat == 50_000
