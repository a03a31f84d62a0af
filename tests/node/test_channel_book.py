"""Channels as rows: standings, closing ones, what is remembered of them, sorting and filtering."""

from __future__ import annotations

from typing import Any

import pytest

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReason, CloseReasonKind, ClosureInitiator
from ldk_tui.core.model import BalanceSource, ClaimableAwaitingConfirmations, OutPoint, Peer, PendingBroadcast
from ldk_tui.core.text import SafeText, clean
from ldk_tui.node.channel_book import ChannelBook
from ldk_tui.node.query import ChannelQuery, ChannelSort, ChannelStanding
from ldk_tui.node.views import ChannelKey

NOW = 1_800_000_000.0


@pytest.fixture
def book() -> ChannelBook:
    made = ChannelBook()
    made.take_height(200)
    return made


def _standings(book: ChannelBook) -> list[str]:
    return [row.standing.value for row in book.rows()]


def test_usable_offline_and_pending(make: Any, book: ChannelBook) -> None:
    away = make.channel("away", is_usable=False)
    new = make.channel("new", is_ready=False, is_usable=False, confirmations=1)
    book.take_channels((make.channel(), away, new), NOW)
    assert _standings(book) == ["usable", "offline", "pending"]
    assert book.rows()[1].offline_since_unix == NOW
    book.take_channels((make.channel(), away, new), NOW + 60)
    assert book.rows()[1].offline_since_unix == NOW, "since it was first seen"
    book.take_channels((make.channel(), make.channel("away"), new), NOW + 90)
    assert book.rows()[1].offline_since_unix is None


def test_an_opening_of_ours_that_never_confirms_is_a_phantom(make: Any, book: ChannelBook) -> None:
    ours = make.channel("ours", is_ready=False, is_usable=False, confirmations=0)
    theirs = make.channel("theirs", is_ready=False, is_usable=False, confirmations=0, is_outbound=False)
    book.take_balances(make.balances(make.open_entry(ours)))
    book.take_channels((ours, theirs), NOW)
    book.take_height(205)
    assert _standings(book) == ["pending", "pending"]
    book.take_height(206)
    assert _standings(book) == ["phantom", "pending"]
    assert book.rows()[0].funding_since_height == 200
    summary = book.summary()
    assert summary is not None
    assert summary.phantom_sat == 3_998_778
    assert summary.lightning_sat == 0


def test_a_new_funding_is_a_splice_until_it_is_deep_enough(make: Any, book: ChannelBook) -> None:
    channel = make.channel()
    book.take_channels((channel,), NOW)
    assert _standings(book) == ["usable"]
    other = OutPoint(channel.funding_txo.txid.replace("a", "b"), 1)
    book.take_channels((make.channel(funding_txo=other, confirmations=1, value_sat=Sat(5_500_001)),), NOW)
    assert _standings(book) == ["splicing"]
    book.take_channels((make.channel(funding_txo=other, confirmations=3),), NOW)
    assert _standings(book) == ["usable"]


def _closed(channel: Any, kind: CloseReasonKind = CloseReasonKind.HOLDER_FORCE_CLOSED) -> ChannelStateChanged:
    return ChannelStateChanged(
        channel.channel_id,
        channel.user_channel_id,
        channel.counterparty,
        ChannelState.CLOSED,
        None,
        CloseReason(kind, clean("bye")),
        ClosureInitiator.LOCAL,
    )


def test_a_closed_channel_stays_until_its_money_is_back(make: Any, book: ChannelBook) -> None:
    channel = make.channel("gone")
    book.take_channels((channel,), NOW)
    book.take_balances(make.balances(make.open_entry(channel)))
    book.take_event(_closed(channel))
    assert _standings(book) == ["closing"], "the event is newer than the list"
    delayed = ClaimableAwaitingConfirmations(
        channel.channel_id, channel.counterparty, Sat(3_998_778), 344, BalanceSource.HOLDER_FORCE_CLOSED
    )
    book.take_channels((), NOW)
    book.take_balances(make.balances(delayed))
    (row,) = book.rows()
    assert row.standing is ChannelStanding.CLOSING
    assert row.channel is None
    assert row.key == ChannelKey(channel.user_channel_id, channel.counterparty)
    assert row.closing is not None
    assert row.closing.initiator is ClosureInitiator.LOCAL
    (part,) = row.sweeps
    assert (part.amount_sat, part.height, part.blocks_left(200)) == (3_998_778, 344, 144)
    book.take_balances(make.balances(sweeps=(PendingBroadcast(channel.channel_id, Sat(3_998_000)),)))
    (row,) = book.rows()
    assert row.sweeps[0].counterparty == channel.counterparty, "the sweep itself does not say it"
    book.take_balances(make.balances())
    assert book.rows() == ()


def test_a_closed_channel_that_we_never_saw_open_is_shown_too(make: Any, book: ChannelBook) -> None:
    channel = make.channel("before us")
    book.take_channels((), NOW)
    book.take_balances(make.balances(make.open_entry(channel)))
    (row,) = book.rows()
    assert (row.standing, row.counterparty) == (ChannelStanding.CLOSING, channel.counterparty)


def test_rows_keep_their_identity_while_nothing_changes(make: Any, book: ChannelBook) -> None:
    one, two = make.channel("one"), make.channel("two")
    book.take_channels((one, two), NOW)
    before = book.rows()
    book.take_channels((one, make.channel("two", is_usable=False)), NOW)
    after = book.rows()
    assert after[0] is before[0]
    assert after[1] is not before[1]


def test_alias_and_peer(make: Any, book: ChannelBook) -> None:
    channel = make.channel("bob")
    book.take_channels((channel,), NOW)
    assert book.rows()[0].peer_connected is None, "not known before ListPeers"
    names: dict[Any, SafeText | None] = {channel.counterparty: clean("bob\x1b[31m")}
    book.aliases = names
    book.peers = (Peer(channel.counterparty, clean("127.0.0.1:9735"), True, False),)
    book.changed()
    (row,) = book.rows()
    assert row.peer_connected is False
    assert row.alias is not None
    assert "\x1b" not in row.alias


@pytest.fixture
def three(make: Any, book: ChannelBook) -> ChannelBook:
    small = make.channel("small", value_sat=Sat(1_000_000), outbound_capacity_msat=Msat(5), is_announced=False)
    away = make.channel("away", is_usable=False, value_sat=Sat(2_000_000))
    book.take_channels((make.channel("big"), small, away), NOW)
    book.aliases = {small.counterparty: clean("Zoe"), away.counterparty: clean("adam")}
    book.changed()
    return book


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (ChannelQuery(), ["away", "big", "small"]),
        (ChannelQuery(sort=ChannelSort.PEER), ["away", "small", "big"]),
        (ChannelQuery(sort=ChannelSort.CAPACITY), ["big", "away", "small"]),
        (ChannelQuery(sort=ChannelSort.CAPACITY, reverse=True), ["small", "away", "big"]),
        (ChannelQuery("state:usable", ChannelSort.CAPACITY), ["big", "small"]),
        (ChannelQuery("zoe"), ["small"]),
        (ChannelQuery("-zoe -adam"), ["big"]),
        (ChannelQuery("cap:<=1000000"), ["small"]),
        (ChannelQuery("private"), ["small"]),
        (ChannelQuery("ours:<1"), ["small"]),
        (ChannelQuery("peer:adam state:offline"), ["away"]),
    ],
)
def test_sort_and_filter(make: Any, three: ChannelBook, query: ChannelQuery, names: list[str]) -> None:
    known = {make.node_id(name): name for name in ("big", "small", "away")}
    view = three.view(query)
    assert [known[row.counterparty] for row in view.rows] == names
    assert view.total == 3
    assert view.counts.listed == 3


def test_the_bar_adds_up_in_the_worked_case_of_the_facts(make: Any, book: ChannelBook) -> None:
    channel = make.channel()
    book.take_channels((channel,), NOW)
    book.take_balances(make.balances(make.open_entry(channel)))
    bar = book.rows()[0].bar
    assert bar is not None
    assert bar.capacity_msat == 5_000_000_000
    assert (bar.ours_msat, bar.our_reserve_msat) == (3_949_340_000, 50_000_000)
    assert (bar.theirs_msat, bar.their_reserve_msat) == (950_000_000, 50_000_000)
    assert bar.other_msat == 660_000, "two anchor outputs"
