"""The attention list: what is in it, how bad it is, and that the nearest deadline is on top."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.attention import AttentionKind, AttentionLine, LateSync, Severity, Situation, attention
from ldk_tui.core.events import PaymentClaimable
from ldk_tui.core.hodl import HodlEvidence, Urgency, held_payments
from ldk_tui.core.model import (
    BalanceSource,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    CounterpartyRevokedOutputClaimable,
    Peer,
)
from ldk_tui.core.text import own

HEIGHT = 1_000


def situation(make: Any, **changes: Any) -> Situation:
    return Situation(**({"now_unix": make.now, "info": make.info(HEIGHT)} | changes))


def lines(make: Any, **changes: Any) -> tuple[AttentionLine, ...]:
    return attention(situation(make, **changes))


def only(found: tuple[AttentionLine, ...]) -> AttentionLine:
    assert len(found) == 1, found
    return found[0]


def test_nothing_known_nothing_said(make: Any) -> None:
    assert attention(Situation(make.now)) == ()
    assert lines(make, balances=make.balances(), channels=[make.channel()], peers=[]) == ()


# --- held payments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "severity", "step"),
    [
        (0, Severity.ALARM, Urgency.OVER),
        (1, Severity.ALARM, Urgency.NOW),
        (3, Severity.ALARM, Urgency.ALARM),
        (6, Severity.WARNING, Urgency.WARNING),
        (12, Severity.NOTE, Urgency.NOTE),
        (84, Severity.NOTE, Urgency.CALM),
    ],
)
def test_a_held_payment(make: Any, blocks: int, severity: Severity, step: Urgency) -> None:
    balances = make.balances(make.incoming(1, HEIGHT + blocks + 39, 30_000), make.incoming(1, HEIGHT + 300, 20_000))
    held = held_payments(balances, {make.hash(1)})
    aliases = {make.peer(1): own("bob")}
    line = only(lines(make, balances=balances, channels=[make.channel(1)], held=held, aliases=aliases))
    assert line.kind is AttentionKind.HELD
    assert (line.severity, line.urgency, line.blocks_left) == (severity, step, blocks)
    assert (line.deadline_height, line.amount_msat) == (HEIGHT + blocks, 50_000_000)
    assert (line.payment_hash, line.peer, line.alias) == (make.hash(1), make.peer(1), "bob")
    assert line.minutes is not None
    assert line.key == f"held:{make.hash(1)}"


def test_a_stale_height_makes_a_held_payment_more_urgent(make: Any) -> None:
    balances = make.balances(make.incoming(1, HEIGHT + 10 + 39))
    held = held_payments(balances, {make.hash(1)})
    info = make.info(HEIGHT, lightning_sync_unix=make.now - 4_000)
    line = next(each for each in lines(make, info=info, held=held) if each.kind is AttentionKind.HELD)
    assert (line.blocks_left, line.severity) == (3, Severity.ALARM)


def test_evidence_counts_only_while_it_says_held(make: Any) -> None:
    event = PaymentClaimable(make.payment(1), (), HEIGHT + 5)
    evidence = HodlEvidence(make.hash(1)).with_claimable(event, HEIGHT, make.now)
    line = only(lines(make, held=[evidence]))
    assert (line.deadline_height, line.amount_msat, line.deadline_is_guess) == (HEIGHT + 5, 50_000_000, False)
    assert lines(make, held=[evidence.with_received()]) == ()


def test_a_guessed_deadline_says_so(make: Any) -> None:
    event = PaymentClaimable(make.payment(1), (), None)
    evidence = HodlEvidence(make.hash(1)).with_claimable(event, HEIGHT, make.now)
    line = only(lines(make, held=[evidence]))
    assert line.deadline_is_guess
    assert (line.blocks_left, line.severity) == (3, Severity.ALARM)


def test_a_held_payment_without_a_height_is_still_named(make: Any) -> None:
    held = held_payments(make.balances(make.incoming(1, 500)), {make.hash(1)})
    line = only(attention(Situation(make.now, held=held)))
    assert (line.severity, line.blocks_left, line.deadline_height) == (Severity.WARNING, None, 461)


# --- HTLCs and peers -------------------------------------------------------------------------------------------------


def test_htlcs_near_their_height(make: Any) -> None:
    balances = make.balances(
        make.outgoing(1, HEIGHT + 18, 12_000),
        make.outgoing(2, HEIGHT + 19, 12_000),  # far enough
        make.incoming(3, HEIGHT + 2, 7_000),
        make.outgoing(4, HEIGHT + 5, 1_000, channel=8),  # closed channel: a sweep
    )
    found = lines(make, balances=balances, channels=[make.channel(1)])
    assert [(line.kind, line.blocks_left) for line in found] == [
        (AttentionKind.HTLC, 2),
        (AttentionKind.HTLC, 18),
        (AttentionKind.SWEEP, 5),
    ]
    first, second, _ = found
    assert (first.outgoing, first.severity, first.amount_msat) == (False, Severity.ALARM, 7_000_000)
    assert (second.outgoing, second.severity, second.amount_msat) == (True, Severity.NOTE, 12_000_000)


def test_a_held_payment_is_not_told_twice(make: Any) -> None:
    balances = make.balances(make.incoming(1, HEIGHT + 10))
    found = lines(make, balances=balances, channels=[make.channel(1)], held=held_payments(balances, {make.hash(1)}))
    assert [line.kind for line in found] == [AttentionKind.HELD]


def test_parts_of_one_payment_have_their_own_keys(make: Any) -> None:
    balances = make.balances(make.outgoing(1, HEIGHT + 5), make.outgoing(1, HEIGHT + 5), make.outgoing(1, HEIGHT + 6))
    keys = [line.key for line in lines(make, balances=balances, channels=[make.channel(1)])]
    assert len(keys) == len(set(keys)) == 3


def test_peers_that_are_down_with_our_money(make: Any) -> None:
    channels = [
        make.channel(1, ours=210_000, theirs=750_000, is_usable=False),
        make.channel(2, ours=100_000, is_usable=False, counterparty=make.peer(1)),
        make.channel(3, is_usable=False),  # connected, about to be usable
        make.channel(4, ours=0, is_usable=False),  # nothing of ours there
        make.channel(5, is_usable=False, is_ready=False),  # not open yet
    ]
    peers = [Peer(make.peer(1), own("x"), True, False), Peer(make.peer(3), own("x"), True, True)]
    since = {make.peer(1): float(make.now - 7_800)}
    line = only(lines(make, channels=channels, peers=peers, offline_since=since))
    assert line.kind is AttentionKind.PEER_DOWN
    assert (line.severity, line.key) == (Severity.NOTE, f"peer:{make.peer(1)}")
    assert (line.amount_msat, line.capacity_msat, line.channels) == (310_000_000, 2_000_000_000, 2)
    assert line.since_unix == make.now - 7_800


def test_a_peer_that_is_down_while_an_htlc_runs_out_is_pressing(make: Any) -> None:
    """A held payment can only be claimed once its peer is back (server facts 9.5, run)."""
    balances = make.balances(make.incoming(1, HEIGHT + 2 + 39))
    channels = [make.channel(1, ours=0, is_usable=False)]
    held = held_payments(balances, {make.hash(1)})
    found = lines(make, balances=balances, channels=channels, peers=[], held=held)
    assert {line.kind: line.severity for line in found} == {
        AttentionKind.HELD: Severity.ALARM,
        AttentionKind.PEER_DOWN: Severity.ALARM,
    }


# --- the node itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skew", "severity"),
    [(20.0, None), (-20.0, None), (20.5, Severity.WARNING), (-45.0, Severity.WARNING), (46.0, Severity.ALARM)],
)
def test_the_clock(make: Any, skew: float, severity: Severity | None) -> None:
    found = lines(make, clock_skew_s=skew)
    assert [(line.kind, line.severity, line.skew_s) for line in found] == (
        [] if severity is None else [(AttentionKind.CLOCK, severity, skew)]
    )


@pytest.mark.parametrize(
    ("field", "sync", "age_s", "severity"),
    [
        ("lightning_sync_unix", LateSync.LIGHTNING, 600, None),
        ("lightning_sync_unix", LateSync.LIGHTNING, 601, Severity.WARNING),
        ("onchain_sync_unix", LateSync.ONCHAIN, 3_601, Severity.ALARM),
        ("fee_rates_unix", LateSync.FEE_RATES, 1_320, None),
        ("fee_rates_unix", LateSync.FEE_RATES, 90_000, Severity.NOTE),
        ("rgs_snapshot_unix", LateSync.GOSSIP, 86_400, None),
        ("rgs_snapshot_unix", LateSync.GOSSIP, 200_000, Severity.NOTE),
    ],
)
def test_late_syncs(make: Any, field: str, sync: LateSync, age_s: int, severity: Severity | None) -> None:
    found = lines(make, info=make.info(HEIGHT, **{field: make.now - age_s}))
    expected = [] if severity is None else [(AttentionKind.SYNC_LATE, sync, age_s, severity)]
    assert [(line.kind, line.sync, line.age_s, line.severity) for line in found] == expected


def test_ages_are_by_the_servers_clock(make: Any) -> None:
    """Ours is 15 s behind: what looks like 590 s ago is 605 s old."""
    info = make.info(HEIGHT, onchain_sync_unix=make.now - 590)
    assert lines(make, info=info) == ()
    assert only(lines(make, info=info, clock_skew_s=15.0)).age_s == 605


def test_a_sync_that_never_happened(make: Any) -> None:
    line = only(lines(make, info=make.info(HEIGHT, onchain_sync_unix=None)))
    assert (line.sync, line.age_s, line.severity) == (LateSync.ONCHAIN, None, Severity.WARNING)


# --- channels that come and go ---------------------------------------------------------------------------------------


def test_an_opening_that_may_not_exist(make: Any) -> None:
    opening = make.channel(2, is_ready=False, is_usable=False, confirmations=0)
    since = {opening.channel_id: HEIGHT - 6}
    counted = ClaimableOnChannelClose(opening.channel_id, opening.counterparty, Sat(990_000), Sat(500))
    balances = make.balances(counted)
    line = only(lines(make, channels=[opening], unconfirmed_since=since, balances=balances))
    assert (line.kind, line.severity, line.waited_blocks) == (AttentionKind.PHANTOM, Severity.WARNING, 6)
    assert (line.amount_msat, line.channel_id) == (990_000_000, opening.channel_id)
    assert lines(make, channels=[opening], unconfirmed_since={opening.channel_id: HEIGHT - 5}) == ()
    assert lines(make, channels=[opening]) == ()


def test_sweeps_come_last_with_blocks_to_go(make: Any) -> None:
    delayed = ClaimableAwaitingConfirmations(
        make.channel_id(7), make.peer(7), Sat(881_004), HEIGHT + 144, BalanceSource.HOLDER_FORCE_CLOSED
    )
    revoked = CounterpartyRevokedOutputClaimable(make.channel_id(8), make.peer(8), Sat(5))
    found = lines(make, balances=make.balances(delayed, revoked), channels=[], clock_skew_s=30.0)
    assert [(line.kind, line.severity, line.blocks_left) for line in found] == [
        (AttentionKind.CLOCK, Severity.WARNING, None),
        (AttentionKind.SWEEP, Severity.WARNING, None),
        (AttentionKind.SWEEP, Severity.INFO, 144),
    ]
    assert found[-1].amount_msat == Msat(881_004_000)
    assert found[-1].sweep is not None


def test_without_the_channel_list_nothing_is_called_a_sweep(make: Any) -> None:
    """Before ListChannels was read every channel would look closed."""
    counted = ClaimableOnChannelClose(make.channel_id(1), make.peer(1), Sat(1), Sat(0))
    assert lines(make, balances=make.balances(counted)) == ()


# --- order -----------------------------------------------------------------------------------------------------------


def test_the_nearest_deadline_is_on_top(make: Any) -> None:
    """As on the sketch of the screen; an alarm without a deadline stands beside three blocks, a warning beside 12."""
    balances = make.balances(
        make.incoming(1, HEIGHT + 2 + 39),
        make.incoming(2, HEIGHT + 70 + 39),
        make.outgoing(3, HEIGHT + 14),
        make.outgoing(4, HEIGHT + 5),
        ClaimableAwaitingConfirmations(make.channel_id(7), make.peer(7), Sat(1), HEIGHT + 3, BalanceSource.HTLC),
    )
    found = lines(
        make,
        info=make.info(HEIGHT, onchain_sync_unix=make.now - 700),
        balances=balances,
        channels=[make.channel(1), make.channel(2, is_usable=False)],
        peers=[],
        held=held_payments(balances, {make.hash(1), make.hash(2)}),
        clock_skew_s=50.0,
    )
    assert [(line.kind, line.blocks_left) for line in found] == [
        (AttentionKind.HELD, 2),
        (AttentionKind.CLOCK, None),
        (AttentionKind.HTLC, 5),
        (AttentionKind.SYNC_LATE, None),
        (AttentionKind.HTLC, 14),
        (AttentionKind.HELD, 70),
        (AttentionKind.PEER_DOWN, None),
        (AttentionKind.SWEEP, 3),
    ]


@given(st.data())
def test_order_and_keys_whatever_the_node_says(make: Any, data: st.DataObject) -> None:
    numbers, heights = st.integers(1, 4), st.integers(0, 1 << 32)
    entry = st.one_of(
        st.builds(make.incoming, numbers, heights, st.integers(0, 10**9), numbers),
        st.builds(make.outgoing, numbers, heights, st.integers(0, 10**9), numbers),
    )
    balances = make.balances(*data.draw(st.lists(entry, max_size=12)))
    channels = [make.channel(number, is_usable=data.draw(st.booleans())) for number in range(1, 4)]
    held = held_payments(balances, {make.hash(1), make.hash(2)})
    found = lines(make, balances=balances, channels=channels, peers=[], held=held)
    keys = [line.key for line in found]
    assert len(keys) == len(set(keys))
    deadlines = [line.blocks_left for line in found if line.severity > Severity.INFO and line.blocks_left is not None]
    assert deadlines == sorted(deadlines)
    infos = [line.severity is Severity.INFO for line in found]
    assert infos == sorted(infos)
    assert found == lines(make, balances=balances, channels=channels, peers=[], held=tuple(reversed(held)))
