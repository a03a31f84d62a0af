"""Balances by use: the worked case of the server facts, double counts, phantoms, stages of a sweep, bars."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import CloseReasonKind
from ldk_tui.core.ids import block_hash, txid
from ldk_tui.core.liquidity import (
    BarParts,
    LargestPart,
    SweepPart,
    SweepStage,
    bar_parts,
    is_phantom,
    summarize,
    sweep_parts,
)
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    BalanceSource,
    BroadcastAwaitingConfirmation,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    ContentiousClaimable,
    CounterpartyRevokedOutputClaimable,
    PendingBroadcast,
    UnknownBalance,
    UnknownSweep,
)
from ldk_tui.core.secret import Secret


def on_close(make: Any, number: int, sat: int, fee: int = 0) -> ClaimableOnChannelClose:
    return ClaimableOnChannelClose(make.channel_id(number), make.peer(number), Sat(sat), Sat(fee))


def worked_channel(make: Any) -> Any:
    """Server facts 6.3, run: 5,000,000 sat, 1,000,000 pushed, seen by the funder."""
    return make.channel(
        1,
        value_sat=Sat(5_000_000),
        outbound_capacity_msat=Msat(3_949_340_000),
        inbound_capacity_msat=Msat(950_000_000),
        our_reserve_sat=Sat(50_000),
        their_reserve_sat=Sat(50_000),
    )


# --- bars ----------------------------------------------------------------------------------------------------------


def test_the_worked_case(make: Any) -> None:
    bar = bar_parts(worked_channel(make), [on_close(make, 1, 3_998_778, 562)])
    assert bar == BarParts(
        ours_msat=Msat(3_949_340_000),
        our_reserve_msat=Msat(50_000_000),
        out_in_flight_msat=Msat(0),
        other_msat=Msat(660_000),  # two anchor outputs
        in_in_flight_msat=Msat(0),
        their_reserve_msat=Msat(50_000_000),
        theirs_msat=Msat(950_000_000),
    )
    assert bar.capacity_msat == 5_000_000_000


def test_a_fresh_channel_of_the_peer_shows_no_reserve_of_ours(make: Any) -> None:
    """What we do not have we cannot hold back."""
    channel = make.channel(1, ours=0, theirs=980_000, is_outbound=False)
    assert bar_parts(channel, [on_close(make, 1, 0)]).our_reserve_msat == 0
    assert bar_parts(channel, []).our_reserve_msat == 0
    assert bar_parts(make.channel(1), []).our_reserve_msat == 10_000_000


def test_a_reserve_half_filled(make: Any) -> None:
    channel = make.channel(1, ours=0, theirs=900_000, is_outbound=False)
    assert bar_parts(channel, [on_close(make, 1, 4_000)]).our_reserve_msat == 4_000_000


def test_htlcs_in_flight_have_their_own_parts(make: Any) -> None:
    entries = [make.outgoing(1, 900, 30_000), make.outgoing(2, 900, 1_000), make.incoming(3, 900, 20_000)]
    bar = bar_parts(make.channel(1), entries)
    assert (bar.out_in_flight_msat, bar.in_in_flight_msat) == (31_000_000, 20_000_000)


figures = st.integers(-(1 << 40), 1 << 64)


@given(figures, figures, figures, figures, figures, st.lists(st.tuples(st.booleans(), figures), max_size=3))
def test_parts_always_fill_the_bar(
    make: Any, value: int, ours: int, theirs: int, reserve: int, amount: int, htlcs: list[tuple[bool, int]]
) -> None:
    """Whatever a broken server says: no part is negative, and together they are the capacity."""
    channel = make.channel(
        1,
        value_sat=Sat(value),
        outbound_capacity_msat=Msat(ours),
        inbound_capacity_msat=Msat(theirs),
        our_reserve_sat=Sat(reserve),
        their_reserve_sat=Sat(reserve),
    )
    entries = [make.outgoing(1, 9, sat) if out else make.incoming(1, 9, sat) for out, sat in htlcs]
    bar = bar_parts(channel, [on_close(make, 1, amount), *entries])
    assert bar.capacity_msat == max(0, value * 1_000)
    for name in BarParts.__slots__:
        assert getattr(bar, name) >= 0


# --- phantoms --------------------------------------------------------------------------------------------------------


def test_an_own_opening_unconfirmed_for_six_blocks_may_not_exist(make: Any) -> None:
    opening = make.channel(1, is_ready=False, is_usable=False, confirmations=0)
    assert not is_phantom(opening, 100, 105)
    assert is_phantom(opening, 100, 106)
    assert is_phantom(make.channel(1, is_ready=False, is_usable=False, confirmations=None), 100, 106)
    assert not is_phantom(opening, None, 106)
    assert not is_phantom(opening, 100, None)
    assert not is_phantom(make.channel(1, is_ready=False, is_usable=False, confirmations=1), 100, 106)
    assert not is_phantom(make.channel(1, is_ready=False, is_outbound=False, confirmations=0), 100, 106)
    assert not is_phantom(make.channel(1, confirmations=0), 100, 106)  # zero-conf, in use


def test_phantoms_stay_out_of_the_sums(make: Any) -> None:
    """Two openings in one wallet sync: 3,000,000 sat shown that were at the same time on-chain (6.9, run)."""
    real = make.channel(1, is_ready=False, is_usable=False, confirmations=1)
    phantom = make.channel(2, is_ready=False, is_usable=False, confirmations=0)
    balances = make.balances(
        on_close(make, 1, 2_000_000), on_close(make, 2, 3_000_000), total=3_100_000, spendable=3_000_000, anchor=50_000
    )
    summary = summarize(balances, [real, phantom], phantoms={phantom.channel_id})
    assert summary.lightning_sat == 2_000_000
    assert summary.phantom_sat == 3_000_000
    assert summary.ours_sat == 5_100_000
    assert summary.reserves_sat == 10_000
    assert (summary.pending, summary.phantoms, summary.usable) == (1, 1, 0)


def test_the_parts_add_up_to_what_is_ours(make: Any) -> None:
    """What usable channels can send, the others too, reserves, on-chain and swept money: that is all there is."""
    ours_msat = Msat(1_990_000_000)
    channels = [
        make.channel(1, outbound_capacity_msat=ours_msat, our_reserve_sat=Sat(10_000)),
        make.channel(2, outbound_capacity_msat=ours_msat, our_reserve_sat=Sat(10_000), is_usable=False),
        make.channel(3, outbound_capacity_msat=ours_msat, our_reserve_sat=Sat(10_000), is_ready=False, is_usable=False),
    ]
    summary = summarize(
        make.balances(*(on_close(make, number, 2_000_000) for number in (1, 2, 3)), total=50_000, spendable=50_000),
        channels,
    )
    assert (summary.usable, summary.offline, summary.pending) == (1, 1, 1)
    assert summary.can_send_msat == ours_msat
    assert summary.cannot_send_msat == 2 * ours_msat
    channel_msat = summary.can_send_msat + summary.cannot_send_msat + 1_000 * summary.reserves_sat
    assert channel_msat // 1_000 + summary.onchain_total_sat + summary.swept_sat == summary.ours_sat == 6_050_000


# --- the whole node --------------------------------------------------------------------------------------------------


def test_what_can_move_now_is_in_usable_channels(make: Any) -> None:
    channels = [
        make.channel(1, ours=400_000, theirs=500_000),
        make.channel(2, ours=900_000, theirs=10_000),
        make.channel(3, ours=300_000, theirs=600_000, is_usable=False),
        make.channel(4, ours=700_000, theirs=0, is_usable=False, is_ready=False),
        make.channel(5, ours=10_000, theirs=950_000),
    ]
    summary = summarize(make.balances(), channels)
    assert summary.can_send_msat == 1_310_000_000
    assert summary.can_receive_msat == 1_460_000_000
    assert summary.send_percent == 47
    assert summary.largest_send == LargestPart(Msat(891_000_000), make.channel_id(2), make.peer(2))
    assert summary.largest_receive == LargestPart(Msat(900_000_000), make.channel_id(5), make.peer(5))  # its maximum
    assert (summary.usable, summary.offline, summary.pending, summary.phantoms) == (3, 1, 1, 0)
    assert (summary.mostly_ours, summary.mostly_theirs, summary.in_between) == (1, 1, 1)


def test_reserves_in_flight_and_onchain(make: Any) -> None:
    balances = make.balances(
        on_close(make, 1, 3_998_778, 562),
        make.outgoing(1, 900, 30_000),
        make.incoming(2, 900, 20_000),
        total=1_600_000,
        spendable=1_250_000,
        anchor=50_000,
    )
    summary = summarize(balances, [worked_channel(make)])
    assert summary.lightning_sat == 3_998_778
    assert summary.reserves_sat == 50_000
    assert (summary.in_flight_out_msat, summary.in_flight_in_msat) == (30_000_000, 20_000_000)
    assert (summary.onchain_spendable_sat, summary.onchain_pending_sat, summary.anchor_reserve_sat) == (
        1_250_000,
        300_000,
        50_000,
    )
    assert summary.ours_sat == 3_998_778 + 1_600_000


def test_a_node_with_nothing(make: Any) -> None:
    summary = summarize(make.balances(UnknownBalance(), sweeps=(UnknownSweep(),)), [])
    assert summary.ours_sat == 0
    assert summary.send_percent is None
    assert summary.largest_send is None
    assert summary.largest_receive is None
    assert summary.sweeps == ()


def test_an_anchor_reserve_above_the_total_does_not_go_negative(make: Any) -> None:
    summary = summarize(make.balances(total=10_000, spendable=0, anchor=25_000), [])
    assert summary.onchain_pending_sat == 0


# --- closed channels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
def test_a_cooperative_close_is_counted_once(make: Any, told: bool) -> None:
    """Both totals hold the money until the close confirms (6.3, run)."""
    balances = make.balances(on_close(make, 1, 400_000, 500), total=1_400_200, spendable=1_000_000)
    closings = {make.channel_id(1): CloseReasonKind.LOCALLY_INITIATED_COOPERATIVE_CLOSURE} if told else {}
    summary = summarize(balances, [], closings=closings)
    assert summary.counted_twice_sat == 400_000
    assert summary.swept_sat == 0
    assert summary.onchain_pending_sat == 400_200
    assert summary.ours_sat == 1_400_200


def test_a_confirmed_cooperative_close_is_still_counted_once(make: Any) -> None:
    """Up to its sixth confirmation the Lightning balances keep it, while the wallet has it already."""
    entry = ClaimableAwaitingConfirmations(
        make.channel_id(1), make.peer(1), Sat(400_000), 1_005, BalanceSource.COOP_CLOSE
    )
    summary = summarize(make.balances(entry, total=1_400_000, spendable=1_400_000), [])
    assert (summary.counted_twice_sat, summary.swept_sat, summary.sweeps) == (400_000, 0, ())
    assert summary.ours_sat == 1_400_000


@pytest.mark.parametrize("told", [True, False])
def test_a_force_close_is_not_in_the_onchain_total(make: Any, told: bool) -> None:
    """It looks the same in the lists until its commitment confirms: told by the event, or by the totals."""
    balances = make.balances(on_close(make, 1, 400_000), total=1_000_000, spendable=1_000_000)
    closings = {make.channel_id(1): CloseReasonKind.HOLDER_FORCE_CLOSED} if told else {}
    summary = summarize(balances, [], closings=closings)
    assert summary.counted_twice_sat == 0
    assert summary.swept_sat == 400_000
    assert summary.sweeps[0].stage is SweepStage.CLOSING
    assert summary.ours_sat == 1_400_000


def test_a_told_force_close_is_believed_whatever_the_totals_hold(make: Any) -> None:
    balances = make.balances(on_close(make, 1, 400_000), total=2_000_000, spendable=1_000_000)
    closings = {make.channel_id(1): CloseReasonKind.COMMITMENT_TX_CONFIRMED}
    assert summarize(balances, [], closings=closings).swept_sat == 400_000


def test_one_pending_sum_explains_only_as_many_closes_as_it_holds(make: Any) -> None:
    balances = make.balances(on_close(make, 1, 400_000), on_close(make, 2, 400_000), total=420_000)
    summary = summarize(balances, [])
    assert (summary.counted_twice_sat, summary.swept_sat) == (400_000, 400_000)


def test_a_listed_channel_is_neither_closing_nor_counted_twice(make: Any) -> None:
    balances = make.balances(on_close(make, 1, 400_000), make.outgoing(1, 900), total=2_000_000)
    summary = summarize(balances, [make.channel(1)])
    assert (summary.counted_twice_sat, summary.swept_sat, summary.lightning_sat) == (0, 0, 400_000)


def test_every_stage_of_a_sweep(make: Any) -> None:
    """In the order of a force-close (6.3, run), nearest height first, those without a height last."""
    some_txid, some_hash = txid("77" * 32), block_hash("00" * 32)
    chan, peer = make.channel_id, make.peer
    balances = make.balances(
        on_close(make, 1, 1_000),
        ClaimableAwaitingConfirmations(chan(2), peer(2), Sat(2_000), 1_144, BalanceSource.HOLDER_FORCE_CLOSED),
        ContentiousClaimable(chan(3), peer(3), Sat(3_000), 1_020, make.hash(3), Secret("00" * 32)),
        make.outgoing(4, 1_010, 4_000, channel=4),
        CounterpartyRevokedOutputClaimable(chan(5), peer(5), Sat(5_000)),
        make.incoming(9, 1_001, 9_000, channel=9),  # not ours unless we learn the preimage
        sweeps=(
            PendingBroadcast(chan(6), Sat(6_000)),
            BroadcastAwaitingConfirmation(None, 990, some_txid, Sat(7_000)),
            AwaitingThresholdConfirmations(chan(8), some_txid, some_hash, 998, Sat(8_000)),
        ),
    )
    parts = sweep_parts(balances, [])
    assert parts == (
        SweepPart(chan(8), None, Sat(8_000), SweepStage.CONFIRMING, 1_003, some_txid, in_wallet=True),
        SweepPart(chan(4), peer(4), Sat(4_000), SweepStage.TIMEOUT, 1_010),
        SweepPart(chan(3), peer(3), Sat(3_000), SweepStage.CONTESTED, 1_020),
        SweepPart(chan(2), peer(2), Sat(2_000), SweepStage.DELAYED, 1_144),
        SweepPart(chan(1), peer(1), Sat(1_000), SweepStage.CLOSING),
        SweepPart(chan(5), peer(5), Sat(5_000), SweepStage.REVOKED),
        SweepPart(chan(6), None, Sat(6_000), SweepStage.BROADCAST),
        SweepPart(None, None, Sat(7_000), SweepStage.BROADCAST, None, some_txid),
    )
    assert [part.blocks_left(1_000) for part in parts[:5]] == [3, 10, 20, 144, None]
    assert parts[0].blocks_left(2_000) == 0
    assert parts[0].blocks_left(None) is None
    summary = summarize(balances, [])
    assert (summary.swept_sat, summary.counted_twice_sat) == (28_000, 8_000)


def test_a_sweep_that_the_wallet_has_seen_is_counted_once(make: Any) -> None:
    """Recorded: on-chain 94,462,396 before and 98,080,572 after the sweep's first block, still listed as pending."""
    some_txid, some_hash = txid("77" * 32), block_hash("00" * 32)
    sent = BroadcastAwaitingConfirmation(make.channel_id(5), 990, some_txid, Sat(3_618_417))
    unseen = summarize(make.balances(total=94_462_396, spendable=94_462_396, sweeps=(sent,)), [])
    seen = summarize(make.balances(total=98_080_572, spendable=94_462_396, sweeps=(sent,)), [])
    confirming = AwaitingThresholdConfirmations(make.channel_id(5), some_txid, some_hash, 467, Sat(3_618_417))
    done = summarize(make.balances(total=98_080_572, spendable=98_080_572, sweeps=(confirming,)), [])
    assert unseen.ours_sat == 94_462_396 + 3_618_417
    assert seen.ours_sat == done.ours_sat == 98_080_572
    assert seen.counted_twice_sat == done.counted_twice_sat == 3_618_417
    assert len(done.sweeps) == 1, "it stays on the list"
