"""The store: batches in, topics out; late answers never win, duplicates change nothing, a node switch voids all."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.amounts import Sat
from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    PaymentClaimable,
    PaymentFailed,
    PaymentForwarded,
    PaymentReceived,
    PaymentSuccessful,
    UnknownEvent,
)
from ldk_tui.core.ids import PaymentHash, PaymentId, onchain_payment_id
from ldk_tui.core.model import Direction, ForwardedPayment, HtlcLocator, MaybeTimeoutClaimableHtlc, PaymentStatus, Peer
from ldk_tui.core.text import clean
from ldk_tui.node.payment_book import without_secrets
from ldk_tui.node.query import ChannelQuery, PaymentQuery, Shown
from ldk_tui.node.store import (
    AliasRead,
    BalancesRead,
    ChannelsRead,
    EventSeen,
    ForwardsListed,
    InfoRead,
    PaymentsListed,
    PeersRead,
    RecordRead,
    Store,
    Ticket,
    Update,
)
from ldk_tui.node.views import Topic

NOW = 1_800_000_000.0


def _shown(store: Store) -> dict[str, Shown]:
    return {row.id: row.shown for row in store.payments.rows(PaymentQuery(unpaid=True))[0]}


def test_only_what_changed_is_told(make: Any) -> None:
    store = Store()
    channel = make.channel()
    assert Topic.INFO in store.apply([InfoRead(store.ticket(NOW), make.info())])
    assert store.apply([InfoRead(store.ticket(NOW), make.info())]) == frozenset()
    assert Topic.CHANNELS in store.apply([ChannelsRead(store.ticket(NOW), (channel,), NOW)])
    assert store.apply([ChannelsRead(store.ticket(NOW), (channel,), NOW)]) == frozenset()
    assert Topic.BALANCES in store.apply([BalancesRead(store.ticket(NOW), make.balances(), NOW)])
    assert Topic.BALANCES not in store.apply([BalancesRead(store.ticket(NOW), make.balances(), NOW)])
    assert Topic.PAYMENTS in store.apply([PaymentsListed(store.ticket(NOW), (make.payment(),), NOW)])
    assert Topic.PAYMENTS not in store.apply([PaymentsListed(store.ticket(NOW), (make.payment(),), NOW)])
    assert Topic.CHANNELS in store.apply([InfoRead(store.ticket(NOW), make.info(201))])


def test_a_late_answer_never_replaces_a_newer_one(make: Any) -> None:
    store = Store()
    early, late = store.ticket(NOW), store.ticket(NOW + 1)
    old, new = make.channel(is_usable=False), make.channel()
    store.apply([ChannelsRead(late, (new,), NOW), InfoRead(late, make.info(201)), PeersRead(late, ())])
    peer = Peer(make.node_id(), clean("127.0.0.1:1"), True, True)
    topics = store.apply([ChannelsRead(early, (old,), NOW), InfoRead(early, make.info(200)), PeersRead(early, (peer,))])
    assert topics == frozenset()
    assert store.channels.channels == (new,)
    assert store.info is not None
    assert store.info.height == 201
    assert store.peers == ()


def test_another_node_voids_what_is_on_its_way(make: Any) -> None:
    store = Store()
    ticket = store.ticket(NOW)
    store.apply([InfoRead(store.ticket(NOW), make.info()), PaymentsListed(store.ticket(NOW), (make.payment(),), NOW)])
    assert Topic.PAYMENTS in store.reset()
    assert (
        store.apply([InfoRead(ticket, make.info()), EventSeen(ticket, PaymentSuccessful(make.payment()))])
        == frozenset()
    )
    assert store.info is None
    assert len(store.payments) == 0


def test_the_event_kind_wins_over_the_status_inside(make: Any) -> None:
    store = Store()
    pending = make.payment(status=PaymentStatus.PENDING)
    store.apply([EventSeen(store.ticket(NOW), PaymentFailed(pending))])
    assert _shown(store) == {pending.id: Shown.FAILED}


def test_a_repeated_event_is_one_line_and_changes_nothing(make: Any) -> None:
    store = Store()
    event = PaymentReceived(make.payment(direction=Direction.INBOUND))
    store.apply([EventSeen(store.ticket(NOW), event)])
    topics = store.apply([EventSeen(store.ticket(NOW), event)])
    assert Topic.PAYMENTS not in topics
    assert len(store.lines) == 1
    assert (store.events_seen, store.duplicate_events) == (2, 1)


def test_two_forwards_alike_are_two(make: Any) -> None:
    store = Store()
    into, out = make.channel("in"), make.channel("out")
    forward = PaymentForwarded(
        ForwardedPayment(
            (HtlcLocator(into.channel_id, None, into.counterparty),),
            (HtlcLocator(out.channel_id, None, out.counterparty),),
        )
    )
    store.apply([EventSeen(store.ticket(NOW), forward), EventSeen(store.ticket(NOW), forward)])
    assert len(store.lines) == 2
    store.apply([AliasRead(store.ticket(NOW), into.counterparty, clean("carol"))])
    line = store.named(store.lines[0], store.aliases.get)
    assert (line.peer, line.peer_out) == ("carol", None)


def test_lines_keep_no_secret(make: Any) -> None:
    store = Store()
    store.apply([EventSeen(store.ticket(NOW), PaymentSuccessful(make.payment()))])
    (line,) = store.lines
    assert isinstance(line.event, PaymentSuccessful)
    assert line.event.payment == without_secrets(make.payment())[0]


def test_an_unknown_event_is_counted_and_shown(make: Any) -> None:
    store = Store()
    store.apply([EventSeen(store.ticket(NOW), UnknownEvent())])
    assert store.unknown_events == 1
    assert len(store.lines) == 1


class TestHodl:
    """A held payment through its life, by whatever source tells it first."""

    def held(self, make: Any, store: Store, *, height: int = 200, expiry: int = 289) -> Any:
        payment, channel = make.hodl(), make.channel("bob")
        entries = (make.open_entry(channel), make.held_htlc(payment, channel, expiry=expiry))
        store.apply(
            [
                InfoRead(store.ticket(NOW), make.info(height)),
                ChannelsRead(store.ticket(NOW), (channel,), NOW),
                BalancesRead(store.ticket(NOW), make.balances(*entries), NOW),
            ]
        )
        return payment, channel

    def view(self, store: Store) -> Any:
        return store.hodl.view(
            synced_unix=int(NOW), now_unix=NOW, row_of=store.payments.hodl_row, alias_of=store.aliases.get, loaded=True
        )

    def test_the_record_of_an_incoming_htlc_tells_hodl_from_forward(self, make: Any) -> None:
        store = Store()
        payment, channel = self.held(make, store)
        assert self.view(store).rows == ()
        assert PaymentId(payment.payment_hash) in store.ids_to_look_up()
        store.apply([RecordRead(store.ticket(NOW), payment.id, payment, NOW)])
        (row,) = self.view(store).rows
        assert (row.state.value, row.deadline_height, row.blocks_left) == ("held", 250, 50)
        assert row.held_msat == 50_000_000
        assert _shown(store) == {payment.id: Shown.HELD}
        (channel_row,) = store.channels.view(ChannelQuery()).rows
        assert [htlc.held for htlc in channel_row.htlcs] == [True]
        assert channel_row.key.counterparty == channel.counterparty

    def test_nobody_announces_it_again_after_a_restart_but_the_list_and_the_balances_know(self, make: Any) -> None:
        store = Store()
        payment, _ = self.held(make, store)
        store.apply([PaymentsListed(store.ticket(NOW), (payment,), NOW)])
        assert _shown(store) == {payment.id: Shown.HELD}
        assert self.view(store).held_msat == 50_000_000

    def test_claimed(self, make: Any) -> None:
        store = Store()
        payment, _ = self.held(make, store)
        store.apply([EventSeen(store.ticket(NOW), PaymentClaimable(payment, (), 250))])
        claimed = replace(payment, status=PaymentStatus.SUCCEEDED, updated_unix=payment.updated_unix + 9)
        store.apply([EventSeen(store.ticket(NOW), PaymentReceived(claimed))])
        assert _shown(store) == {payment.id: Shown.SUCCEEDED}
        again = replace(claimed, status=PaymentStatus.FAILED, updated_unix=claimed.updated_unix + 9)
        store.apply([RecordRead(store.ticket(NOW), payment.id, again, NOW)])
        assert _shown(store) == {payment.id: Shown.SUCCEEDED}
        assert self.view(store).rows[0].state.value == "claimed"

    def test_failed_and_paid_again_is_held_again(self, make: Any) -> None:
        store = Store()
        payment, channel = self.held(make, store)
        store.apply([EventSeen(store.ticket(NOW), PaymentClaimable(payment, (), 250))])
        failed = replace(payment, status=PaymentStatus.FAILED, updated_unix=payment.updated_unix + 5)
        store.apply(
            [
                BalancesRead(store.ticket(NOW + 1), make.balances(make.open_entry(channel)), NOW + 1),
                RecordRead(store.ticket(NOW + 1), payment.id, failed, NOW + 1),
            ]
        )
        assert _shown(store) == {payment.id: Shown.FAILED}
        store.apply([EventSeen(store.ticket(NOW + 2), PaymentClaimable(failed, (), 290))])
        assert _shown(store) == {payment.id: Shown.HELD}
        assert self.view(store).rows[0].times_seen == 2

    def test_its_silent_end_shows_as_lapsed(self, make: Any) -> None:
        store = Store()
        payment, channel = self.held(make, store)
        store.apply([EventSeen(store.ticket(NOW), PaymentClaimable(payment, (), 250))])
        store.apply(
            [
                InfoRead(store.ticket(NOW + 9), make.info(250)),
                BalancesRead(store.ticket(NOW + 9), make.balances(make.open_entry(channel)), NOW + 9),
                RecordRead(store.ticket(NOW + 9), payment.id, payment, NOW + 9),
            ]
        )
        assert _shown(store) == {payment.id: Shown.LAPSED}
        assert self.view(store).held == 0


def test_of_many_claimed_ones_the_view_shows_the_latest(make: Any) -> None:
    store = Store()
    claimed = [make.hodl(number, status=PaymentStatus.SUCCEEDED, updated_unix=1_000 + number) for number in range(300)]
    held = make.hodl("held")
    store.apply([PaymentsListed(store.ticket(NOW), (*claimed, held), NOW)])
    view = TestHodl().view(store)
    assert (len(view.rows), view.hidden_settled) == (201, 100)
    assert {row.payment_hash for row in view.rows} == {each.payment_hash for each in (*claimed[100:], held)}


@given(st.permutations(range(9)), st.integers(0, 8), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_answers_in_any_order_end_in_the_same_state(
    make: Any, order: list[int], again: int, shuffler: random.Random
) -> None:
    """A held payment that is claimed, a send that fails, lists and records old and new; split into any batches."""
    hodl, channel = make.hodl(), make.channel("bob")
    claimed = replace(hodl, status=PaymentStatus.SUCCEEDED, updated_unix=hodl.updated_unix + 9)
    send = make.payment("send", status=PaymentStatus.PENDING)
    held = make.balances(make.open_entry(channel), make.held_htlc(hodl, channel))

    def updates(store: Store) -> list[Update]:
        tickets = [Ticket(store.generation, number + 1, NOW + number) for number in range(9)]
        return [
            EventSeen(tickets[0], PaymentClaimable(hodl, (), 250)),
            BalancesRead(tickets[1], held, NOW),
            RecordRead(tickets[2], hodl.id, hodl, NOW),
            PaymentsListed(tickets[3], (hodl,), NOW),
            RecordRead(tickets[4], send.id, send, NOW),
            EventSeen(tickets[5], PaymentReceived(claimed)),
            EventSeen(tickets[6], PaymentFailed(send)),
            BalancesRead(tickets[7], make.balances(make.open_entry(channel)), NOW),
            ChannelsRead(tickets[8], (channel,), NOW),
        ]

    straight, mixed = Store(), Store()
    for update in updates(straight):
        straight.apply([update])
    pool = updates(mixed)
    mixed_order = [pool[place] for place in order] + [pool[again]]
    while mixed_order:
        size = shuffler.randint(1, len(mixed_order))
        mixed.apply(mixed_order[:size])
        mixed_order = mixed_order[size:]
    assert _shown(mixed) == _shown(straight)
    assert mixed.balances == straight.balances
    assert mixed.channels.rows() == straight.channels.rows()
    assert {row.payment for row in mixed.payments.newest(9)} == {row.payment for row in straight.payments.newest(9)}


def test_what_is_looked_up(make: Any) -> None:
    """Not final, hidden from the lists, on-chain: all of it, and nothing that is settled."""
    store = Store()
    channel = make.channel("mine")
    flying, done = make.payment("flying", status=PaymentStatus.PENDING), make.payment("done")
    failed = make.payment("failed", status=PaymentStatus.FAILED)
    unlisted = make.payment("unlisted")
    htlc = MaybeTimeoutClaimableHtlc(
        channel.channel_id, channel.counterparty, Sat(5_000), 300, unlisted.payment_hash, outbound_payment=True
    )
    forward = replace(htlc, payment_hash=PaymentHash("ee" * 32), outbound_payment=False)
    store.apply(
        [
            ChannelsRead(store.ticket(NOW), (channel,), NOW),
            BalancesRead(store.ticket(NOW), make.balances(make.open_entry(channel), htlc, forward), NOW),
            PaymentsListed(store.ticket(NOW), (flying, done, failed), NOW),
        ]
    )
    funding = onchain_payment_id(channel.funding_txo.txid)
    assert set(store.ids_to_look_up()) == {flying.id, unlisted.id, funding}
    assert set(store.ids_to_look_up(also_failed=True)) == {flying.id, unlisted.id, funding, failed.id}


def test_forwards_replace_the_view(make: Any) -> None:
    store = Store()
    one, two = ForwardedPayment((), ()), ForwardedPayment((), (), claim_from_onchain_tx=True)
    late = store.ticket(NOW)
    assert store.apply([ForwardsListed(store.ticket(NOW), (one, one))]) == {Topic.FORWARDS}
    assert store.apply([ForwardsListed(late, (two,))]) == frozenset()
    assert store.forwards.rows == (one, one)


@pytest.mark.parametrize("state", [ChannelState.PENDING, ChannelState.READY])
def test_channel_events_are_lines_with_the_peers_name(make: Any, state: ChannelState) -> None:
    store = Store()
    channel = make.channel("bob")
    event = ChannelStateChanged(channel.channel_id, channel.user_channel_id, channel.counterparty, state)
    store.apply([EventSeen(store.ticket(NOW), event), AliasRead(store.ticket(NOW), channel.counterparty, clean("bob"))])
    assert store.named(store.lines[0], store.aliases.get).peer == "bob"
