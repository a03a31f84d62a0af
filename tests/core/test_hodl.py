"""Deadlines, ranges of minutes, who is held, and what the pieces of evidence prove in whatever order they come."""

from __future__ import annotations

from itertools import pairwise
from math import exp, factorial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core import hodl
from ldk_tui.core.amounts import Msat
from ldk_tui.core.events import PaymentClaimable
from ldk_tui.core.hodl import (
    HeldPayment,
    HodlEvidence,
    HodlState,
    Urgency,
    blocks_behind,
    blocks_left,
    claim_deadline,
    held_payments,
    is_hodl_row,
    minutes_range,
    remaining,
    urgency,
)
from ldk_tui.core.ids import PaymentHash
from ldk_tui.core.model import Direction, PaymentStatus, SpontaneousKind, UnknownBalance

# --- the deadline --------------------------------------------------------------------------------------------------


def test_the_deadline_is_39_blocks_before_the_lowest_expiry(make: Any) -> None:
    """289 = 250 + 39 (server facts 9.2, run)."""
    assert claim_deadline([make.incoming(1, 289)]) == 250
    assert claim_deadline([make.incoming(1, 330), make.incoming(1, 289, channel=2), make.incoming(1, 300)]) == 250
    assert claim_deadline([]) is None


def test_blocks_left_never_go_below_nothing() -> None:
    assert blocks_left(250, 247) == 3
    assert blocks_left(250, 249) == 1  # the last chance
    assert blocks_left(250, 250) == blocks_left(250, 300) == 0


@pytest.mark.parametrize(
    ("age_s", "behind"), [(-100, 0), (0, 0), (600, 0), (601, 2), (1_200, 2), (1_201, 3), (3_600, 6)]
)
def test_a_stale_height_makes_it_more_urgent(make: Any, age_s: int, behind: int) -> None:
    assert blocks_behind(make.now - age_s, make.now) == behind
    assert remaining(1_010, 1_000, make.now - age_s, make.now).blocks == 10 - behind


def test_a_node_that_never_synced_tells_no_age(make: Any) -> None:
    assert blocks_behind(None, make.now) == 0


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 1_000_000), st.integers(0, 100_000))
def test_age_never_adds_time(deadline: int, height: int, age_s: int, more_s: int) -> None:
    now = 2_000_000_000
    fresh = remaining(deadline, height, now - age_s, now)
    staler = remaining(deadline, height, now - age_s - more_s, now)
    assert 0 <= staler.blocks <= fresh.blocks <= max(0, deadline - height)
    assert staler.minutes[0] <= fresh.minutes[0]


@pytest.mark.parametrize(
    ("blocks", "step"),
    [
        (-1, Urgency.OVER),
        (0, Urgency.OVER),
        (1, Urgency.NOW),
        (2, Urgency.ALARM),
        (3, Urgency.ALARM),
        (4, Urgency.WARNING),
        (6, Urgency.WARNING),
        (7, Urgency.NOTE),
        (12, Urgency.NOTE),
        (13, Urgency.CALM),
        (10_000, Urgency.CALM),
    ],
)
def test_steps_of_urgency(blocks: int, step: Urgency) -> None:
    assert urgency(blocks) is step


# --- minutes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "low", "high"),
    [(1, 1, 30), (2, 4, 47), (3, 8, 63), (4, 14, 78), (6, 26, 105), (12, 69, 182), (18, 116, 255)],
)
def test_the_table_of_the_safety_facts(blocks: int, low: int, high: int) -> None:
    assert minutes_range(blocks) == (low, high)


def poisson_at_least(blocks: int, minutes: float) -> float:
    """P(that many blocks within these minutes), written down independently of the code under test."""
    mean = minutes / 10
    return 1 - sum(exp(-mean) * mean**count / factorial(count) for count in range(blocks))


@pytest.mark.parametrize("blocks", [*range(1, 40), 60, 100])
def test_the_range_holds_nine_tenths_of_the_chance(blocks: int) -> None:
    low, high = minutes_range(blocks)
    assert poisson_at_least(blocks, low - 0.5) < 0.05 < poisson_at_least(blocks, low + 0.5)
    assert poisson_at_least(blocks, high - 0.5) < 0.95 < poisson_at_least(blocks, high + 0.5)


@pytest.mark.parametrize("blocks", [145, 200, 432, 1_008, 2_016])
def test_the_approximation_for_far_deadlines(blocks: int) -> None:
    """The chance at the two ends, by the exact sum: nothing that a whole minute would show is lost."""
    low, high = (hodl._erlang_quantile(blocks, probability) for probability in (0.05, 0.95))
    assert hodl._erlang_cdf(blocks, low) == pytest.approx(0.05, abs=1e-4)
    assert hodl._erlang_cdf(blocks, high) == pytest.approx(0.95, abs=1e-4)


def test_ranges_grow_and_the_seam_is_smooth() -> None:
    ranges = [minutes_range(blocks) for blocks in range(200)]
    assert ranges[0] == (0, 0)
    for (low, high), (next_low, next_high) in pairwise(ranges):
        assert low <= next_low
        assert high < next_high <= high + 35
    assert minutes_range(-5) == (0, 0)
    assert minutes_range(1 << 32)[0] > 0  # whatever height a hostile server names


# --- who is held ---------------------------------------------------------------------------------------------------


def test_parts_add_up_and_the_nearest_deadline_counts(make: Any) -> None:
    parts = (
        make.incoming(1, 300, 30_000),
        make.incoming(1, 289, 20_000, channel=2),
        make.incoming(1, 310, 1, channel=2),
    )
    (held,) = held_payments(make.balances(*parts), {make.hash(1)})
    assert held.amount_sat == 50_001
    assert (held.expiry_height, held.deadline_height) == (289, 250)
    assert held.channels == (make.channel_id(1), make.channel_id(2))
    assert held.parts == parts


def test_unknown_hashes_are_forwards(make: Any) -> None:
    balances = make.balances(
        make.incoming(1, 400), make.incoming(2, 300), make.incoming(3, 350), make.outgoing(2, 290), UnknownBalance()
    )
    held = held_payments(balances, {make.hash(1), make.hash(3), make.hash(4)})
    assert [payment.payment_hash for payment in held] == [make.hash(3), make.hash(1)]
    assert held_payments(balances, ()) == ()


def test_a_broken_hash_never_counts(make: Any) -> None:
    broken = make.incoming(1, 400)
    empty = type(broken)(broken.channel_id, broken.counterparty, broken.amount_sat, 400, PaymentHash(""))
    assert held_payments(make.balances(empty), {PaymentHash("")}) == ()


def test_rows_that_can_only_stem_from_a_hodl_payment(make: Any) -> None:
    pending = make.payment(1)
    assert is_hodl_row(pending)
    assert is_hodl_row(make.payment(1, PaymentStatus.FAILED))  # failed, paid again, announced with FAILED inside
    assert not is_hodl_row(make.payment(1, PaymentStatus.SUCCEEDED))
    assert not is_hodl_row(make.payment(1, PaymentStatus.UNKNOWN))
    assert not is_hodl_row(make.payment(1, direction=Direction.OUTBOUND))
    keysend = type(pending)(
        pending.id, SpontaneousKind(make.hash(1)), None, None, Direction.INBOUND, PaymentStatus.PENDING, 0
    )
    assert not is_hodl_row(keysend)


# --- what became of it ---------------------------------------------------------------------------------------------


class Story:
    """One hodl payment told step by step. Time goes on by a second with each step."""

    def __init__(self, make: Any, own: bool = False, amount: int | None = 50_000_000) -> None:
        self.make, self.height, self.now, self.amount = make, 200, make.now, amount
        self.evidence = HodlEvidence(make.hash(1), own_invoice=own)

    @property
    def state(self) -> HodlState:
        return self.evidence.state(self.height)

    def claimable(self, deadline: int | None = 250, status: PaymentStatus = PaymentStatus.PENDING) -> Story:
        self.now += 1
        event = PaymentClaimable(self.make.payment(1, status, self.amount), (), deadline)
        self.evidence = self.evidence.with_claimable(event, self.height, self.now)
        return self

    def received(self) -> Story:
        self.evidence = self.evidence.with_received()
        return self

    def row(self, status: PaymentStatus = PaymentStatus.PENDING) -> Story:
        self.evidence = self.evidence.with_row(self.make.payment(1, status, self.amount))
        return self

    def record(self, status: PaymentStatus | None) -> Story:
        self.evidence = self.evidence.with_record(None if status is None else self.make.payment(1, status, self.amount))
        return self

    def balances(self, *expiries: int) -> Story:
        self.now += 1
        parts = tuple(self.make.incoming(1, expiry) for expiry in expiries)
        held = HeldPayment(self.make.hash(1), parts) if parts else None
        self.evidence = self.evidence.with_balances(held, self.height, self.now, self.now)
        return self

    def at(self, height: int) -> Story:
        self.height = height
        return self


@pytest.fixture
def story(make: Any) -> Story:
    return Story(make)


def test_held_then_claimed(story: Story) -> None:
    assert story.claimable().state is HodlState.HELD
    assert story.balances(289).row().record(PaymentStatus.PENDING).state is HodlState.HELD
    assert story.evidence.deadline_height(story.height) == 250
    assert story.received().state is HodlState.CLAIMED
    assert story.balances().state is HodlState.CLAIMED


def test_settled_stays_settled_when_somebody_pays_again(story: Story) -> None:
    """The record turns from SUCCEEDED to FAILED without an event (server facts 9.4, run)."""
    story.claimable().balances(289).received().balances()
    assert story.record(PaymentStatus.FAILED).state is HodlState.CLAIMED
    assert story.claimable(status=PaymentStatus.FAILED).balances(320).state is HodlState.CLAIMED


def test_a_succeeded_row_decides_after_missed_events(story: Story) -> None:
    assert story.record(PaymentStatus.FAILED).row(PaymentStatus.SUCCEEDED).state is HodlState.CLAIMED


def test_failed_by_somebody(story: Story) -> None:
    story.claimable().balances(289).record(PaymentStatus.FAILED)
    assert story.state is HodlState.HELD  # the HTLC is still there in what we read last
    assert story.balances().state is HodlState.FAILED


def test_failed_then_paid_and_held_again(story: Story) -> None:
    """PaymentClaimable comes with FAILED inside, and the HTLC is really held (9.4, run)."""
    story.claimable().balances(289).record(PaymentStatus.FAILED).balances()
    assert story.claimable(270, PaymentStatus.FAILED).state is HodlState.HELD
    assert story.record(PaymentStatus.FAILED).state is HodlState.HELD  # that FAILED is the earlier attempt's
    assert story.balances(309).state is HodlState.HELD
    assert story.evidence.deadline_height(200) == 270
    assert story.evidence.times_claimable == 2
    assert story.balances().state is HodlState.FAILED


def test_the_deadline_passes_in_silence(story: Story) -> None:
    """No event, record and row stay PENDING for ever: gone from the balances is all there is (9.2, run)."""
    story.claimable().balances(289).row().record(PaymentStatus.PENDING)
    assert story.at(249).state is HodlState.HELD
    assert story.at(250).balances().state is HodlState.LAPSED


def test_a_lapsed_row_without_its_record_is_not_guessed_at(story: Story) -> None:
    """A row stays PENDING also after a fail: only the record tells the two apart (7.4, run)."""
    story.claimable().row().at(300).balances()
    assert story.state is HodlState.UNKNOWN
    assert story.record(PaymentStatus.PENDING).state is HodlState.LAPSED
    assert story.record(PaymentStatus.FAILED).state is HodlState.FAILED


def test_found_again_after_a_restart(story: Story) -> None:
    """No PaymentClaimable comes; the balances show it at once, with a deadline (9.5, run)."""
    story.row().balances(289)
    assert story.state is HodlState.HELD
    assert story.evidence.deadline_height(200) == 250
    assert not story.evidence.deadline_is_guess
    assert story.evidence.first_seen_height == 200


def test_an_old_row_of_a_dead_payment(story: Story) -> None:
    assert story.row().balances().record(PaymentStatus.PENDING).state is HodlState.LAPSED


def test_an_unpaid_invoice_waits(make: Any) -> None:
    story = Story(make, own=True)
    assert story.state is HodlState.WAITING
    assert story.record(PaymentStatus.PENDING).balances().state is HodlState.WAITING
    assert story.record(PaymentStatus.FAILED).state is HodlState.FAILED


def test_without_any_evidence_nothing_is_said(story: Story) -> None:
    assert story.state is HodlState.UNKNOWN
    assert story.evidence.deadline_height(200) is None
    assert story.record(None).state is HodlState.UNKNOWN


def test_gone_before_its_deadline_is_a_riddle(story: Story) -> None:
    story.claimable().balances(289).record(PaymentStatus.PENDING).at(210).balances()
    assert story.state is HodlState.UNKNOWN


def test_balances_asked_before_the_announcement_prove_nothing(story: Story) -> None:
    story.balances().claimable()
    assert story.state is HodlState.HELD
    late = story.evidence.with_balances(None, 200, asked_unix=story.now - 2, now_unix=story.now + 5)
    assert late.state(200) is HodlState.HELD


def test_tiny_payments_are_held_although_the_balances_never_show_them(make: Any) -> None:
    """HTLCs below about 354 sat are missing there (9.5): their absence is no proof."""
    story = Story(make, amount=353_000).claimable().balances()
    assert story.state is HodlState.HELD
    assert story.record(PaymentStatus.FAILED).state is HodlState.FAILED
    story = Story(make, amount=353_000).claimable().balances().record(PaymentStatus.PENDING)
    assert story.at(250).state is HodlState.LAPSED


def test_no_deadline_told_means_three_blocks_from_first_sight(story: Story) -> None:
    """Level 2026-04 names none (1.4, run)."""
    story.claimable(deadline=None)
    assert story.evidence.deadline_height(200) == 203
    assert story.evidence.deadline_is_guess
    story.at(201).claimable(deadline=None)
    assert story.evidence.deadline_height(201) == 203  # first sight does not move
    story.balances(289)
    assert story.evidence.deadline_height(201) == 250
    assert not story.evidence.deadline_is_guess


def test_a_guessed_deadline_does_not_end_what_is_still_held(story: Story) -> None:
    story.claimable(deadline=None).balances(289).at(220)
    assert story.state is HodlState.HELD


def test_of_two_deadlines_the_nearest_that_is_ahead(story: Story) -> None:
    """A part too small for the balances may expire first; an old event of a first attempt must not count."""
    assert story.claimable(240).balances(289).evidence.deadline_height(200) == 240
    assert story.evidence.deadline_height(245) == 250
    assert story.evidence.deadline_height(400) == 250
    assert story.evidence.deadline_height(None) == 240


def test_older_balances_do_not_overwrite_newer_ones(make: Any) -> None:
    held = HeldPayment(make.hash(1), (make.incoming(1, 289),))
    newest = HodlEvidence(make.hash(1)).with_balances(None, 200, asked_unix=10, now_unix=11)
    assert newest.with_balances(held, 200, asked_unix=9, now_unix=12) == newest


steps = st.lists(
    st.one_of(
        st.tuples(st.just("claimable"), st.sampled_from([None, 220, 250]), st.sampled_from(PaymentStatus)),
        st.tuples(st.just("received")),
        st.tuples(st.just("row"), st.sampled_from(PaymentStatus)),
        st.tuples(st.just("record"), st.sampled_from([None, *PaymentStatus])),
        st.tuples(st.just("balances")),
        st.tuples(st.just("balances"), st.integers(200, 400)),
        st.tuples(st.just("at"), st.integers(150, 500)),
    ),
    max_size=12,
)


@given(steps, steps, st.booleans())
def test_whatever_comes_settled_is_final_and_held_means_seen(make: Any, before: Any, after: Any, own: bool) -> None:
    story = Story(make, own=own)
    for name, *arguments in before:
        getattr(story, name)(*arguments)
    if story.state is HodlState.HELD:
        assert story.evidence.was_held
        assert story.evidence.deadline_height(story.height) is not None
        assert not story.evidence.settled
    settled = story.evidence.settled
    assert (story.state is HodlState.CLAIMED) == settled
    for name, *arguments in after:
        getattr(story, name)(*arguments)
        assert not settled or story.state is HodlState.CLAIMED


@given(steps)
def test_saying_a_thing_twice_changes_no_state(make: Any, told: Any) -> None:
    """Events come at least once, polls repeat themselves."""
    once, twice = Story(make), Story(make)
    for name, *arguments in told:
        getattr(once, name)(*arguments)
        getattr(twice, name)(*arguments)
        getattr(twice, name)(*arguments)
        assert once.state is twice.state


def test_amounts_are_kept_where_a_source_tells_them(make: Any) -> None:
    story = Story(make, amount=None).claimable()
    assert story.evidence.asked_msat is None
    story.amount = 7_000
    assert story.row().evidence.asked_msat == Msat(7_000)
    story.amount = None
    assert story.record(PaymentStatus.PENDING).evidence.asked_msat == Msat(7_000)
