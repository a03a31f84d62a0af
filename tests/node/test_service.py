"""The port that the screen asks: views of the whole, reads on demand, and secrets that are shown or withheld."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from ldk_tui.core.amounts import Sat
from ldk_tui.core.errors import LdkError
from ldk_tui.core.events import PaymentClaimable, PaymentSuccessful
from ldk_tui.core.ids import PaymentId, Txid, onchain_payment_id
from ldk_tui.core.model import Direction, MaybeTimeoutClaimableHtlc, OnchainKind, PaymentStatus, Peer, UnknownKind
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import clean
from ldk_tui.node.query import ChannelQuery, PaymentQuery, Shown
from ldk_tui.node.service import NodeService, secret_of
from ldk_tui.node.views import ConnectionReport, NodePort, SecretKind, Sync, Topic, Withheld

Set = Callable[..., Awaitable[Any]]


def test_it_is_the_port() -> None:
    async def connect() -> Any:
        raise AssertionError

    port: NodePort = NodeService(connect, now=lambda: 0.0, report=lambda error: ConnectionReport(cause=str(error)))
    assert port.feed.live_since_unix is None
    assert port.report.cause == "None"
    assert port.hodl().rows == ()
    assert port.node(0.0).info is None
    assert port.node(0.0).liquidity is None


async def test_the_node_view_says_it_all(stage: Set, make: Any) -> None:
    here = await stage()
    usable, away = make.channel("bob"), make.channel("carol", is_usable=False)
    here.node.channels = [usable, away]
    here.node.balances = make.balances(make.open_entry(usable), make.open_entry(away))
    here.node.peers = [Peer(usable.counterparty, clean("127.0.0.1:9735"), True, True)]
    here.node.info = make.info(fee_rates_unix=1_800_000_000 - 7_200, announcement_unix=1_799_999_000)
    here.node.aliases[away.counterparty] = "carol"
    await here.live()
    await here.until(lambda: here.service.alias(away.counterparty) == "carol")
    view = here.service.node(here.time.unix)
    assert view.liquidity is not None
    assert view.liquidity.can_send_msat == usable.outbound_capacity_msat
    assert (view.channel_counts.usable, view.channel_counts.offline) == (1, 1)
    assert (view.peers_connected, view.peers_known) == (1, 2), "who is away is not in ListPeers, and is a peer"
    ages = {each.sync: each for each in view.syncs}
    assert len(ages) == 5
    assert (
        ages[Sync.LIGHTNING].age_s
        == int(here.time.unix + (view.clock_skew_s or 0)) - here.node.info.lightning_sync_unix
    )
    assert ages[Sync.FEE_RATES].late
    assert not ages[Sync.LIGHTNING].late
    assert ages[Sync.GOSSIP].at_unix is None
    assert not ages[Sync.GOSSIP].late
    assert {line.kind.value for line in view.attention} == {"peer down", "sync late"}
    assert view.clock_skew_s is not None
    assert abs(view.clock_skew_s) <= 2


async def test_ages_alone_raise_attention(stage: Set) -> None:
    """Nothing is said by the node; only time passes."""
    here = await stage()
    await here.live()
    assert here.service.attention == ()
    await here.until(lambda: here.service.attention != (), step_s=5)
    assert any(Topic.ATTENTION in topics for topics in here.told)


async def test_details_are_read_afresh(stage: Set, make: Any) -> None:
    here = await stage()
    channel = make.channel("bob")
    payment = make.payment("rent", status=PaymentStatus.PENDING)
    htlc = MaybeTimeoutClaimableHtlc(
        channel.channel_id, channel.counterparty, Sat(21_000), 300, payment.payment_hash, True
    )
    here.node.channels = [channel]
    here.node.balances = make.balances(make.open_entry(channel), htlc)
    here.node.records[payment.id] = payment
    await here.live()
    await here.until(lambda: here.service.payment(payment.id) is not None)
    assert here.service.payment(payment.id).shown is Shown.IN_FLIGHT
    details = await here.service.payment_details(payment.id)
    assert details.found
    assert [each.blocks_left for each in details.htlcs] == [100]
    paid = replace(payment, status=PaymentStatus.SUCCEEDED, updated_unix=payment.updated_unix + 5)
    here.node.records[payment.id] = paid
    here.node.emit(PaymentSuccessful(paid))
    await here.until(lambda: here.service.payment(payment.id).shown is Shown.SUCCEEDED)
    details = await here.service.payment_details(payment.id)
    assert details.row.shown is Shown.SUCCEEDED
    assert [type(line.event) for line in details.related] == [PaymentSuccessful]
    unknown = await here.service.payment_details(PaymentId("ab" * 32))
    assert not unknown.found
    assert unknown.row is None


async def test_on_chain_payments_are_found_by_the_channels_funding(stage: Set, make: Any) -> None:
    here = await stage()
    channel = make.channel("bob")
    txid = Txid(channel.funding_txo.txid)
    payment = make.payment("open", id=onchain_payment_id(txid), kind=OnchainKind(txid, None))
    here.node.channels = [channel]
    here.node.records[payment.id] = payment
    await here.live()
    await here.until(lambda: here.service.payments(PaymentQuery("kind:onchain")).rows != ())
    assert here.service.payments(PaymentQuery(txid[:20])).rows[0].id == payment.id


async def test_hodl_details(stage: Set, make: Any) -> None:
    here = await stage()
    held, channel = make.hodl(), make.channel("bob")
    here.node.channels = [channel]
    here.node.balances = make.balances(make.open_entry(channel), make.held_htlc(held, channel))
    here.node.payment_happens(held)
    await here.live()
    here.node.emit(PaymentClaimable(held, (), 250))
    await here.until(lambda: here.service.payments(PaymentQuery("status:held")).rows != ())
    details = await here.service.payment_details(held.id)
    assert details.hodl is not None
    assert details.hodl.deadline_height == 250
    assert [each.held for each in details.htlcs] == [True]


async def test_without_a_connection_details_say_why(stage: Set, make: Any) -> None:
    here = await stage()
    with pytest.raises(LdkError):
        await here.service.payment_details(make.payment().id)
    with pytest.raises(LdkError):
        await here.service.reveal(make.payment().id, SecretKind.PREIMAGE)


async def test_a_preimage_is_read_when_asked_for_and_kept_nowhere(stage: Set, make: Any) -> None:
    here = await stage()
    paid = make.payment("paid")
    here.node.payment_happens(paid)
    await here.live()
    revealed = await here.service.reveal(paid.id, SecretKind.PREIMAGE)
    assert isinstance(revealed, Secret)
    assert revealed == paid.kind.preimage
    assert here.service.payment(paid.id).payment.kind.preimage is None


async def test_an_unpaid_invoice_of_ours_keeps_its_secrets(stage: Set, make: Any) -> None:
    """The server gives its preimage to anybody who asks (server facts 7.3)."""
    here = await stage()
    invoice = make.payment("invoice", direction=Direction.INBOUND, status=PaymentStatus.PENDING, fee_paid_msat=None)
    here.node.records[invoice.id] = invoice
    await here.live()
    for kind in SecretKind:
        assert isinstance(await here.service.reveal(invoice.id, kind), Withheld)
    assert isinstance(await here.service.reveal(PaymentId("cd" * 32), SecretKind.PREIMAGE), Withheld)


@pytest.mark.parametrize(
    ("direction", "status", "shown"),
    [
        (Direction.INBOUND, PaymentStatus.PENDING, False),
        (Direction.INBOUND, PaymentStatus.FAILED, False),
        (Direction.INBOUND, PaymentStatus.SUCCEEDED, True),
        (Direction.OUTBOUND, PaymentStatus.PENDING, False),
        (Direction.OUTBOUND, PaymentStatus.FAILED, False),
        (Direction.OUTBOUND, PaymentStatus.SUCCEEDED, True),
        (Direction.UNKNOWN, PaymentStatus.UNKNOWN, False),
    ],
)
def test_which_preimages_are_shown(make: Any, direction: Direction, status: PaymentStatus, shown: bool) -> None:
    payment = make.payment(direction=direction, status=status)
    answer = secret_of(payment, SecretKind.PREIMAGE, settled=status is PaymentStatus.SUCCEEDED)
    assert isinstance(answer, Secret) is shown


def test_payment_secrets(make: Any) -> None:
    with_secret = make.payment()
    kind = replace(with_secret.kind, payment_secret=Secret(b"\x01" * 32))
    answer = secret_of(replace(with_secret, kind=kind), SecretKind.PAYMENT_SECRET, settled=False)
    assert isinstance(answer, Secret)
    assert answer.reveal() == "01" * 32
    assert isinstance(secret_of(with_secret, SecretKind.PAYMENT_SECRET, settled=True), Withheld)
    assert isinstance(secret_of(make.payment(kind=UnknownKind()), SecretKind.PREIMAGE, settled=True), Withheld)
    hodl = make.hodl(status=PaymentStatus.SUCCEEDED)
    answer = secret_of(hodl, SecretKind.PREIMAGE, settled=True)
    assert isinstance(answer, Withheld)
    assert "hodl" in answer.reason


async def test_the_payments_view_is_the_same_object_until_something_changed(stage: Set, make: Any) -> None:
    here = await stage()
    here.node.payment_happens(make.payment("one"))
    await here.live()
    await here.until(lambda: here.service.payments(PaymentQuery()).progress.complete)
    await here.quiet(2)
    view = here.service.payments(PaymentQuery())
    assert here.service.payments(PaymentQuery()) is view
    here.node.emit(PaymentSuccessful(two := make.payment("two")))
    await here.until(lambda: here.service.payment(two.id) is not None)
    assert here.service.payments(PaymentQuery()) is not view


async def test_hostile_names_arrive_clean(stage: Set, make: Any) -> None:
    here = await stage()
    channel = make.channel("bob")
    here.node.channels = [channel]
    here.node.aliases[channel.counterparty] = "evil\x1b[2J\u202e[red]x"
    await here.live()
    await here.until(lambda: here.service.alias(channel.counterparty) is not None)
    (row,) = here.service.channels(ChannelQuery()).rows
    assert row.alias is not None
    assert "\x1b" not in row.alias
    assert "\u202e" not in row.alias
