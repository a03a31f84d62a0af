"""Amounts: exact both ways, and nothing accepted that a person might have meant otherwise."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core.amounts import (
    MAX_MSAT,
    Msat,
    Sat,
    Unit,
    format_msat,
    format_sat,
    msat_to_sat,
    parse_amount,
    ppm,
    sat_to_msat,
)
from ldk_tui.core.errors import BadInput

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text("utf-8"))
AMOUNT_REJECT = [vector["input"] for vector in VECTORS if vector["context"] == "amount-reject"]

any_msat = st.integers(1, MAX_MSAT).map(Msat)
any_figure = st.integers(-(1 << 64), 1 << 64)


def as_fraction_of_msat(text: str) -> Fraction:
    """What a shown amount with its unit says, worked out independently of the code under test."""
    number, unit = text.replace(",", "").split(" ")
    return Fraction(number) * {"msat": 1, "sat": 1_000, "BTC": 100_000_000_000}[unit]


@given(any_figure, st.sampled_from(Unit))
def test_what_is_shown_is_exact_in_every_unit(amount: int, unit: Unit) -> None:
    assert as_fraction_of_msat(format_msat(Msat(amount), unit, with_unit=True)) == amount
    assert format_msat(Msat(amount), unit, with_unit=True) == f"{format_msat(Msat(amount), unit)} {unit.value}"


@given(any_figure, st.sampled_from(Unit))
def test_satoshi_figures_are_shown_exactly_however_large(amount: int, unit: Unit) -> None:
    assert as_fraction_of_msat(format_sat(Sat(amount), unit, with_unit=True)) == amount * 1_000


@given(any_msat)
def test_msat_round_trip(amount_msat: Msat) -> None:
    assert parse_amount(f"{amount_msat} msat") == amount_msat
    assert parse_amount(format_msat(amount_msat, Unit.MSAT, with_unit=True).replace(",", "")) == amount_msat


@given(st.integers(1, MAX_MSAT // 1_000).map(Sat))
def test_sat_and_btc_round_trip(amount_sat: Sat) -> None:
    expected = sat_to_msat(amount_sat)
    assert parse_amount(f"{amount_sat}sat") == parse_amount(f" {amount_sat} sats ") == expected
    for unit in (Unit.SAT, Unit.BTC):
        assert parse_amount(format_sat(amount_sat, unit, with_unit=True).replace(",", "")) == expected
    assert msat_to_sat(expected) == amount_sat


@given(any_figure)
def test_msat_to_sat_rounds_towards_zero(amount: int) -> None:
    sat = msat_to_sat(Msat(amount))
    assert abs(sat) * 1_000 <= abs(amount) < (abs(sat) + 1) * 1_000
    assert sat * amount >= 0


def test_examples_of_the_screen() -> None:
    assert format_msat(Msat(1_234_567_891), Unit.SAT) == "1,234,567.891"
    assert format_msat(Msat(1_234_567_000), Unit.SAT) == "1,234,567"
    assert format_msat(Msat(1), Unit.BTC, with_unit=True) == "0.00000000001 BTC"
    assert format_msat(Msat(100_000_000_000), Unit.BTC) == "1.00000000"
    assert format_msat(Msat(-1_500), Unit.SAT) == "-1.500"
    assert format_msat(Msat(-500), Unit.SAT) == "-0.500"
    assert format_sat(Sat(1 << 64), Unit.BTC) == "184,467,440,737.09551616"


@pytest.mark.parametrize(
    ("text", "msat"),
    [
        ("21000 sat", 21_000_000),
        ("500msat", 500),
        ("0.001 btc", 100_000_000),
        ("0.00000001 BTC", 1_000),
        ("1btc", 100_000_000_000),
        ("007 sat", 7_000),
        ("2100000000000000 sat", MAX_MSAT),
    ],
)
def test_accepted(text: str, msat: int) -> None:
    assert parse_amount(text) == msat


@pytest.mark.parametrize(
    "text",
    [
        *AMOUNT_REJECT,
        *(f"{raw} sat" for raw in AMOUNT_REJECT),
        "",
        "sat",
        "21000",  # no unit: not guessed at
        "0 sat",
        "0.00000000 btc",
        "-1 sat",
        "+1 sat",
        "1e3 sat",
        "1_000 sat",
        "1,000 sat",
        "1.000 sat",
        "1 000 sat",
        "1\u202f000 sat",
        "１０００ sat",
        "١٢٣ sat",
        "0x10 sat",
        "1.5 sat",
        "0.000000001 btc",  # below one satoshi
        ".5 btc",
        "1. btc",
        "1.1.1 btc",
        "Infinity btc",
        "21000  sat",
        "21000\tsat",
        "21000 sat\n",
        "21000 SAT",
        "2100000000000001 sat",
        "21000000.00000001 btc",
        "9" * 19 + " sat",
        "9" * 20 + " msat",
        "1 sat 2 sat",
    ],
)
def test_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_amount(text)
    assert caught.value.sentence.endswith(".")
    assert "\n" not in caught.value.sentence


@given(st.text(max_size=30))
def test_parsing_gives_an_amount_or_bad_input_and_nothing_else(text: str) -> None:
    try:
        amount = parse_amount(text)
    except BadInput:
        return
    assert type(amount) is int
    assert 0 < amount <= MAX_MSAT
    assert text.isascii()


@pytest.mark.parametrize("amount", [-1, MAX_MSAT // 1_000 + 1, 1 << 64])
def test_more_than_there_is_does_not_pass_for_money(amount: int) -> None:
    with pytest.raises(OverflowError):
        sat_to_msat(Sat(amount))


def test_units_go_round() -> None:
    assert [Unit.SAT.next(), Unit.MSAT.next(), Unit.BTC.next()] == [Unit.MSAT, Unit.BTC, Unit.SAT]


@given(st.integers(0, MAX_MSAT), st.integers(1, MAX_MSAT))
def test_ppm_is_the_nearest_integer(fee: int, amount: int) -> None:
    value = ppm(Msat(fee), Msat(amount))
    assert value is not None
    assert abs(Fraction(fee * 1_000_000, amount) - value) <= Fraction(1, 2)


def test_ppm_of_nothing_is_none() -> None:
    assert ppm(Msat(1), Msat(0)) is None
    assert ppm(Msat(1), Msat(-5)) is None
