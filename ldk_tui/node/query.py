"""What a person types to sort and filter the lists: words in, a test for rows out.

The grammar is small on purpose: words apart by spaces, all of them must fit. `dir:out status:failed amt:>1000
kind:bolt11 coffee`. A word with a colon and a known name is a condition, any other word is looked for in the row's text
(id, hash, note, offer, alias). `-word` turns a word round, `"two words"` keeps words together. A word that cannot be
understood is reported with one sentence and otherwise ignored: it never hides a row, and the text stays as typed.
"""

from __future__ import annotations

import re
from dataclasses import field
from enum import Enum

from ldk_tui.core.model import Direction
from ldk_tui.core.record import dataclass


class KindLabel(Enum):
    """The kind of a payment, in the word that the screen and the filter use."""

    BOLT11 = "bolt11"
    HODL = "hodl"
    JIT = "jit"
    BOLT12 = "bolt12"
    REFUND = "refund"
    KEYSEND = "keysend"
    ONCHAIN = "on-chain"
    UNKNOWN = "unknown"


class Shown(Enum):
    """The state of a payment as the screen says it; `PaymentStatus` is only what the server's record says.

    An outgoing payment is IN_FLIGHT, SUCCEEDED, FAILED or UNKNOWN. HELD: a hodl payment has arrived and waits for a
    decision. WAITING: an invoice that nobody has paid. LAPSED: a hodl payment that is no longer held although its
    record says pending; the node tells nobody (server facts 9.2). CONFIRMING: on-chain, not yet final.
    """

    HELD = "held"
    IN_FLIGHT = "in flight"
    CONFIRMING = "confirming"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


class ChannelStanding(Enum):
    """What can be said of a channel, from ListChannels, GetBalances and the events seen (server facts 6.9).

    SPLICING: the funding has changed while the channel was open and is not yet as deep as the channel asks; the API
    shows nothing of a splice before that. CLOSING: gone from the list, its money not yet back (or an asked-for close).
    PHANTOM: our own opening whose funding has not confirmed for many blocks: it may not exist.
    """

    USABLE = "usable"
    OFFLINE = "offline"
    PENDING = "pending"
    SPLICING = "splicing"
    CLOSING = "closing"
    PHANTOM = "phantom"


class ChannelSort(Enum):
    ATTENTION = "attention"
    PEER = "peer"
    OURS = "ours"
    THEIRS = "theirs"
    CAPACITY = "capacity"
    FEE = "fee"

    def next(self) -> ChannelSort:
        order = list(ChannelSort)
        return order[(order.index(self) + 1) % len(order)]


class PaymentSort(Enum):
    UPDATED = "updated"
    AMOUNT = "amount"
    FEE = "fee"

    def next(self) -> PaymentSort:
        order = list(PaymentSort)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True, slots=True)
class ChannelQuery:
    """`text`: words as typed (`state:offline`, `peer:bob`, `cap:>1000000`, plain words)."""

    text: str = ""
    sort: ChannelSort = ChannelSort.ATTENTION
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class PaymentQuery:
    """`text`: words as typed. UPDATED sorts newest first, AMOUNT and FEE largest first; `reverse` turns that round.

    `unpaid` False leaves out invoices that nobody has paid (the screen says how many).
    """

    text: str = ""
    sort: PaymentSort = PaymentSort.UPDATED
    reverse: bool = False
    unpaid: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of amounts in msat, both ends included; None = open."""

    low_msat: int | None = None
    high_msat: int | None = None

    def holds(self, amount_msat: int | None) -> bool:
        """False for an amount that is not known: it cannot be said to lie in a range."""
        if amount_msat is None:
            return False
        if self.low_msat is not None and amount_msat < self.low_msat:
            return False
        return self.high_msat is None or amount_msat <= self.high_msat


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words to look for (lower case), those that must not be there, and a sentence per word not understood."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """`text` taken apart. Empty sets mean "any"."""

    words: Words = field(default_factory=Words)
    directions: frozenset[Direction] = frozenset()
    shown: frozenset[Shown] = frozenset()
    not_shown: frozenset[Shown] = frozenset()
    kinds: frozenset[KindLabel] = frozenset()
    not_kinds: frozenset[KindLabel] = frozenset()
    amounts: tuple[Bounds, ...] = ()
    fees: tuple[Bounds, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when every row passes."""
        plain = self.words.wanted or self.words.unwanted
        sets = self.directions or self.shown or self.not_shown or self.kinds or self.not_kinds
        return not (plain or sets or self.amounts or self.fees)


@dataclass(frozen=True, slots=True)
class ChannelFilter:
    """`text` taken apart. Empty sets mean "any"."""

    words: Words = field(default_factory=Words)
    states: frozenset[ChannelStanding] = frozenset()
    not_states: frozenset[ChannelStanding] = frozenset()
    capacities: tuple[Bounds, ...] = ()
    ours: tuple[Bounds, ...] = ()
    theirs: tuple[Bounds, ...] = ()


_DIRECTIONS = {"in": Direction.INBOUND, "out": Direction.OUTBOUND}
_SHOWN: dict[str, frozenset[Shown]] = {
    "held": frozenset({Shown.HELD}),
    "inflight": frozenset({Shown.IN_FLIGHT}),
    "in-flight": frozenset({Shown.IN_FLIGHT}),
    "confirming": frozenset({Shown.CONFIRMING}),
    "waiting": frozenset({Shown.WAITING}),
    "unpaid": frozenset({Shown.WAITING}),
    "pending": frozenset({Shown.HELD, Shown.IN_FLIGHT, Shown.CONFIRMING, Shown.WAITING}),
    "open": frozenset({Shown.HELD, Shown.IN_FLIGHT, Shown.CONFIRMING, Shown.WAITING}),
    "ok": frozenset({Shown.SUCCEEDED}),
    "succeeded": frozenset({Shown.SUCCEEDED}),
    "failed": frozenset({Shown.FAILED}),
    "lapsed": frozenset({Shown.LAPSED}),
    "unknown": frozenset({Shown.UNKNOWN}),
}
_KINDS: dict[str, frozenset[KindLabel]] = {
    "bolt11": frozenset({KindLabel.BOLT11, KindLabel.HODL, KindLabel.JIT}),
    "hodl": frozenset({KindLabel.HODL}),
    "jit": frozenset({KindLabel.JIT}),
    "bolt12": frozenset({KindLabel.BOLT12, KindLabel.REFUND}),
    "offer": frozenset({KindLabel.BOLT12}),
    "refund": frozenset({KindLabel.REFUND}),
    "keysend": frozenset({KindLabel.KEYSEND}),
    "spontaneous": frozenset({KindLabel.KEYSEND}),
    "onchain": frozenset({KindLabel.ONCHAIN}),
    "on-chain": frozenset({KindLabel.ONCHAIN}),
    "unknown": frozenset({KindLabel.UNKNOWN}),
}
_STANDINGS: dict[str, frozenset[ChannelStanding]] = {
    "open": frozenset({ChannelStanding.USABLE, ChannelStanding.OFFLINE, ChannelStanding.SPLICING}),
    **{each.value: frozenset({each}) for each in ChannelStanding},
}
PAYMENT_NAMES = ("dir", "status", "kind", "amt", "fee")
CHANNEL_NAMES = ("state", "peer", "cap", "ours", "theirs")

_WORD = re.compile(r'-?[a-z]+:"[^"]*"?|-?"[^"]*"?|\S+')
_RANGE = re.compile(r"(>=|<=|>|<|=)?([0-9]{1,19})(sat|sats|msat|msats)?", re.ASCII)
_BETWEEN = re.compile(r"([0-9]{1,19})\.\.([0-9]{1,19})(sat|sats|msat|msats)?", re.ASCII)


def _split(text: str) -> list[tuple[bool, str, str]]:
    """(turned round, name or "", value) of each word, lower case."""
    found = []
    for word in _WORD.findall(text.lower()):
        unwanted = len(word) > 1 and word.startswith("-")
        body = word[1:] if unwanted else word
        name, colon, value = body.partition(":")
        if colon and name.isascii() and name.isalpha():
            found.append((unwanted, name, value.strip('"')))
        elif stripped := body.strip('"'):
            found.append((unwanted, "", stripped))
    return found


def _bounds(value: str) -> Bounds | None:
    """`>1000`, `<=5`, `1000`, `1000..2000`, each with an optional unit; bare numbers are satoshi."""
    if match := _BETWEEN.fullmatch(value):
        scale = 1 if (match.group(3) or "sat").startswith("msat") else 1_000
        return Bounds(int(match.group(1)) * scale, int(match.group(2)) * scale + scale - 1)
    match = _RANGE.fullmatch(value)
    if match is None:
        return None
    sign, scale = match.group(1) or "=", 1 if (match.group(3) or "sat").startswith("msat") else 1_000
    msat = int(match.group(2)) * scale
    if sign == ">":
        return Bounds(low_msat=msat + 1)
    if sign == ">=":
        return Bounds(low_msat=msat)
    if sign == "<":
        return Bounds(high_msat=msat - 1)
    if sign == "<=":
        return Bounds(high_msat=msat)
    return Bounds(msat, msat + scale - 1)  # "1000" in sat also finds 1,000.123


def _one_of(name: str, value: str, known: list[str]) -> str:
    return (
        f"{name}: takes {', '.join(known[:-1])} or {known[-1]}, not {value!r}." if value else f"{name}: needs a word."
    )


def _amount_problem(name: str, value: str) -> str:
    return f"{name}: takes >1000, <1000, 1000 or 1000..2000 (satoshi), not {value!r}."


def _unknown_name(name: str, names: tuple[str, ...]) -> str:
    return f"There is no {name}: here. Known: {', '.join(each + ':' for each in names)}."


def parse_payments(text: str) -> PaymentFilter:
    """Takes a payment filter apart. Never raises; `words.problems` holds a sentence per word not understood."""
    wanted: list[str] = []
    unwanted: list[str] = []
    problems: list[str] = []
    directions: set[Direction] = set()
    shown: set[Shown] = set()
    not_shown: set[Shown] = set()
    kinds: set[KindLabel] = set()
    not_kinds: set[KindLabel] = set()
    amounts: list[Bounds] = []
    fees: list[Bounds] = []
    for turned, name, value in _split(text):
        if not name:
            (unwanted if turned else wanted).append(value)
        elif name == "dir":
            if value in _DIRECTIONS:
                chosen = _DIRECTIONS[value]
                directions |= {each for each in _DIRECTIONS.values() if each is not chosen} if turned else {chosen}
            else:
                problems.append(_one_of(name, value, list(_DIRECTIONS)))
        elif name == "status":
            if value in _SHOWN:
                (not_shown if turned else shown).update(_SHOWN[value])
            else:
                problems.append(_one_of(name, value, list(_SHOWN)))
        elif name == "kind":
            if value in _KINDS:
                (not_kinds if turned else kinds).update(_KINDS[value])
            else:
                problems.append(_one_of(name, value, list(_KINDS)))
        elif name in {"amt", "fee"}:
            bounds = None if turned else _bounds(value)
            if bounds is None:
                problems.append(_amount_problem(name, value))
            else:
                (amounts if name == "amt" else fees).append(bounds)
        else:
            problems.append(_unknown_name(name, PAYMENT_NAMES))
    return PaymentFilter(
        Words(tuple(wanted), tuple(unwanted), tuple(problems)),
        frozenset(directions),
        frozenset(shown),
        frozenset(not_shown),
        frozenset(kinds),
        frozenset(not_kinds),
        tuple(amounts),
        tuple(fees),
    )


def parse_channels(text: str) -> ChannelFilter:
    """Takes a channel filter apart. Never raises; `words.problems` holds a sentence per word not understood."""
    wanted: list[str] = []
    unwanted: list[str] = []
    problems: list[str] = []
    states: set[ChannelStanding] = set()
    not_states: set[ChannelStanding] = set()
    ranges: dict[str, list[Bounds]] = {"cap": [], "ours": [], "theirs": []}
    for turned, name, value in _split(text):
        if not name or name == "peer":
            (unwanted if turned else wanted).append(value)
        elif name == "state":
            if value in _STANDINGS:
                (not_states if turned else states).update(_STANDINGS[value])
            else:
                problems.append(_one_of(name, value, list(_STANDINGS)))
        elif name in ranges:
            bounds = None if turned else _bounds(value)
            if bounds is None:
                problems.append(_amount_problem(name, value))
            else:
                ranges[name].append(bounds)
        else:
            problems.append(_unknown_name(name, CHANNEL_NAMES))
    return ChannelFilter(
        Words(tuple(wanted), tuple(unwanted), tuple(problems)),
        frozenset(states),
        frozenset(not_states),
        tuple(ranges["cap"]),
        tuple(ranges["ours"]),
        tuple(ranges["theirs"]),
    )
