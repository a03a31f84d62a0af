"""What a person types: words in, conditions out; bad words cost a sentence and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core.model import Direction
from ldk_tui.node.query import (
    Bounds,
    ChannelSort,
    ChannelStanding,
    KindLabel,
    PaymentSort,
    Shown,
    parse_channels,
    parse_payments,
)


def test_the_words_of_the_help_text() -> None:
    wanted = parse_payments("dir:out status:failed amt:>1000 kind:bolt11 coffee")
    assert wanted.directions == {Direction.OUTBOUND}
    assert wanted.shown == {Shown.FAILED}
    assert wanted.amounts == (Bounds(low_msat=1_000_001),)
    assert KindLabel.BOLT11 in wanted.kinds
    assert KindLabel.HODL in wanted.kinds, "a hodl invoice is a BOLT11 invoice"
    assert wanted.words.wanted == ("coffee",)
    assert wanted.words.problems == ()


@pytest.mark.parametrize(
    ("word", "inside", "outside"),
    [
        ("amt:1000", (1_000_000, 1_000_999), (999_999, 1_001_000)),
        ("amt:>1000", (1_000_001,), (1_000_000,)),
        ("amt:>=1000", (1_000_000,), (999_999,)),
        ("amt:<1000", (999_999, 0), (1_000_000,)),
        ("amt:<=1000", (1_000_000,), (1_000_001,)),
        ("amt:500msat", (500,), (499, 501)),
        ("amt:>500msat", (501,), (500,)),
        ("amt:1000..2000", (1_000_000, 2_000_999), (999_999, 2_001_000)),
    ],
)
def test_ranges_are_in_satoshi_and_exact_to_the_millisatoshi(
    word: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    (bounds,) = parse_payments(word).amounts
    assert all(bounds.holds(amount) for amount in inside)
    assert not any(bounds.holds(amount) for amount in outside)


def test_an_unknown_amount_lies_in_no_range() -> None:
    assert not Bounds().holds(None)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("dir:sideways", "dir: takes in or out, not 'sideways'."),
        ("dir:", "dir: needs a word."),
        ("status:fine", "status: takes"),
        ("amt:lots", "amt: takes >1000"),
        ("amt:１０", "amt: takes"),
        ("colour:red", "There is no colour: here."),
    ],
)
def test_a_bad_word_gives_a_sentence_and_hides_nothing(word: str, says: str) -> None:
    wanted = parse_payments(f"{word} coffee")
    (problem,) = wanted.words.problems
    assert problem.startswith(says)
    assert wanted.words.wanted == ("coffee",)
    assert parse_payments(word).is_empty


def test_minus_turns_a_word_round_and_quotes_keep_words_together() -> None:
    wanted = parse_payments('-status:failed -kind:keysend -tea "two words" -dir:in')
    assert wanted.not_shown == {Shown.FAILED}
    assert wanted.not_kinds == {KindLabel.KEYSEND}
    assert wanted.words.unwanted == ("tea",)
    assert wanted.words.wanted == ("two words",)
    assert wanted.directions == {Direction.OUTBOUND}


def test_channel_words() -> None:
    wanted = parse_channels("state:open cap:>1000000 peer:bob -state:offline ours:<5 nonsense:1")
    assert wanted.states == {ChannelStanding.USABLE, ChannelStanding.OFFLINE, ChannelStanding.SPLICING}
    assert wanted.not_states == {ChannelStanding.OFFLINE}
    assert wanted.words.wanted == ("bob",)
    assert wanted.capacities == (Bounds(low_msat=1_000_000_001),)
    assert len(wanted.words.problems) == 1


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    payments, channels = parse_payments(text), parse_channels(text)
    assert all(problem.endswith(".") for problem in payments.words.problems + channels.words.problems)


@pytest.mark.parametrize("start", [PaymentSort.UPDATED, ChannelSort.ATTENTION])
def test_sorting_goes_round(start: PaymentSort | ChannelSort) -> None:
    seen = [start]
    while (following := seen[-1].next()) is not start:
        seen.append(following)
    assert len(seen) == len(type(start))
