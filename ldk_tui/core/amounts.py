"""Amounts: integers with their unit in the type. No float ever enters or leaves here.

`Msat` and `Sat` are distinct types for mypy and plain `int` at run time; every field and variable that holds one also
ends in `_msat` or `_sat`. The grammar of what a person may type is safety facts 3.5.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NewType

from ldk_tui.core.errors import BadInput

Msat = NewType("Msat", int)
Sat = NewType("Sat", int)

ZERO_MSAT = Msat(0)
MAX_MSAT = Msat(2_100_000_000_000_000_000)
_MSAT_PER_SAT = 1_000
_SAT_PER_BTC = 100_000_000


class Unit(Enum):
    """How the screen shows amounts; `u` goes round."""

    SAT = "sat"
    MSAT = "msat"
    BTC = "BTC"

    def next(self) -> Unit:
        order = list(Unit)
        return order[(order.index(self) + 1) % len(order)]


def sat_to_msat(amount_sat: Sat) -> Msat:
    """Exact. Raises OverflowError above 21 million bitcoin: a hostile server's number must not pass for money."""
    if not 0 <= amount_sat <= MAX_MSAT // _MSAT_PER_SAT:
        raise OverflowError("more than 21 million bitcoin")
    return Msat(amount_sat * _MSAT_PER_SAT)


def msat_to_sat(amount_msat: Msat) -> Sat:
    """Rounded down, towards zero: what is shown as spendable must never be more than there is."""
    return Sat(amount_msat // _MSAT_PER_SAT) if amount_msat >= 0 else Sat(-(-amount_msat // _MSAT_PER_SAT))


def format_msat(amount_msat: Msat, unit: Unit, *, with_unit: bool = False) -> str:
    """The amount in `unit`, digits grouped by comma, BTC with 8 or (when there are millisatoshi) 11 decimals.

    In sat a remainder below one satoshi is shown as `.123` (millisatoshi), never rounded away.
    """
    sign = "-" if amount_msat < 0 else ""
    whole = abs(int(amount_msat))
    if unit is Unit.MSAT:
        text = f"{whole:,}"
    elif unit is Unit.SAT:
        sat, rest = divmod(whole, _MSAT_PER_SAT)
        text = f"{sat:,}" + (f".{rest:03d}" if rest else "")
    else:
        sat, rest = divmod(whole, _MSAT_PER_SAT)
        btc, part = divmod(sat, _SAT_PER_BTC)
        text = f"{btc:,}.{part:08d}" + (f"{rest:03d}" if rest else "")
    return f"{sign}{text} {unit.value}" if with_unit else f"{sign}{text}"


def format_sat(amount_sat: Sat, unit: Unit, *, with_unit: bool = False) -> str:
    """As `format_msat`, for a figure that the server gives in satoshi. Never raises, whatever the figure."""
    return format_msat(Msat(int(amount_sat) * _MSAT_PER_SAT), unit, with_unit=with_unit)


_INTEGER = re.compile(r"([0-9]{1,19}) ?(sat|sats|msat|msats)", re.ASCII)
_BTC = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,8}))? ?btc", re.ASCII | re.IGNORECASE)


def parse_amount(text: str) -> Msat:
    """What a person typed, with its unit: `21000 sat`, `500msat`, `0.001 btc`. Raises BadInput with one sentence.

    ASCII digits only; no separators, signs, exponents: `1.000` and `1,000` mean different things to different people,
    so neither is guessed at.
    """
    trimmed = text.strip(" ")
    if match := _INTEGER.fullmatch(trimmed):
        value, unit = int(match.group(1)), match.group(2)
        msat = value if unit.startswith("msat") else value * _MSAT_PER_SAT
    elif match := _BTC.fullmatch(trimmed):
        whole, decimals = match.group(1), (match.group(2) or "").ljust(8, "0")
        msat = (int(whole) * _SAT_PER_BTC + int(decimals)) * _MSAT_PER_SAT
    else:
        raise BadInput("Write an amount as digits and a unit, without separators: 21000 sat, 500 msat or 0.001 btc.")
    if msat == 0:
        raise BadInput("The amount is zero. Leave the field empty for any amount, or write at least 1 msat.")
    if msat > MAX_MSAT:
        raise BadInput("That is more than 21 million bitcoin. Check the unit.")
    return Msat(msat)


def ppm(fee_msat: Msat, amount_msat: Msat) -> int | None:
    """The fee in parts per million of the amount, rounded to nearest; None when there is no amount to divide by."""
    if amount_msat <= 0:
        return None
    return (fee_msat * 1_000_000 + amount_msat // 2) // amount_msat
