"""All payments known, and windows on them: merged without regard to the order of arrival, sorted and filtered.

What is kept of a payment id is the greatest of all observations of it, so any order of events, pages and late answers
ends in the same state. The order of observations of one id:

1. SUCCEEDED is above all else: a settled payment stays settled (the node's record of a claimed hodl payment can flip to
   FAILED when somebody pays again, server facts 9.4, run);
2. then the later `updated_unix` of the node's record;
3. then what reads the record itself (GetPaymentDetails, events) above ListPayments, whose rows go stale (7.1, run);
4. then the later ticket (see `store.Ticket`).

Secrets are not kept: 100,000 preimages have no business in memory, and whoever wants one asks the node for it.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from ldk_tui.core.ids import PaymentHash, PaymentId
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Bolt12RefundKind,
    Direction,
    OnchainKind,
    Payment,
    PaymentKind,
    PaymentStatus,
    SpontaneousKind,
    UnknownKind,
)
from ldk_tui.node.query import Bounds, KindLabel, PaymentFilter, PaymentQuery, PaymentSort, Shown, parse_payments
from ldk_tui.node.views import PaymentRow, PaymentSums, settled_sums

RECORD: Final = 1 << 48
"""Added to a ticket's number: an observation of the node's record itself, not of the ListPayments log."""

FINAL: Final = frozenset({Shown.SUCCEEDED, Shown.FAILED})
_MANY = 512  # changed rows from which a window is made anew instead of mended


class KeptRow(PaymentRow):
    """A row with its book-keeping: `listed` = ListPayments has shown it; `stamp` = ticket (+ RECORD) of its source."""

    __slots__ = ("listed", "stamp")

    def __init__(
        self,
        payment: Payment,
        shown: Shown,
        haystack: str,
        is_hodl: bool,
        has_preimage: bool,
        listed: bool,
        stamp: int,
    ) -> None:
        super().__init__(payment, shown, haystack, is_hodl, has_preimage)
        self.listed = listed
        self.stamp = stamp


class PaymentBook:
    """Changes are collected and reach the windows with `commit`, once per batch."""

    def __init__(self) -> None:
        self._rows: dict[PaymentId, KeptRow] = {}
        self._before: dict[PaymentId, KeptRow | None] = {}
        self._windows: dict[tuple[str, PaymentSort, bool], _Window] = {}
        self._counts: Counter[Shown] = Counter()
        self._hodl_ids: dict[PaymentHash, PaymentId] = {}
        self._hodl_shown: dict[PaymentHash, Shown] = {}
        self._everything = _Window(PaymentQuery(unpaid=True), ())
        self.open_ids: dict[PaymentId, None] = {}
        self._failed: dict[PaymentId, int] = {}
        self.version = 0
        self.listed = 0
        """How many payments ListPayments has shown."""

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, payment_id: PaymentId) -> KeptRow | None:
        return self._rows.get(payment_id)

    def count(self, shown: Shown) -> int:
        return self._counts[shown]

    def is_listed(self, payment_id: PaymentId) -> bool:
        """Whether a page of ListPayments has shown it. An event alone does not make a page known: others before it may
        have been lost."""
        row = self._rows.get(payment_id)
        return row is not None and row.listed

    def hodl_rows(self) -> list[KeptRow]:
        return [self._rows[each] for each in self._hodl_ids.values()]

    def hodl_row(self, payment_hash: PaymentHash) -> KeptRow | None:
        payment_id = self._hodl_ids.get(payment_hash)
        return self._rows[payment_id] if payment_id is not None else None

    def failed_last(self, count: int = 50) -> list[PaymentId]:
        """Outgoing payments that failed, the latest ones."""
        return heapq.nlargest(count, self._failed, key=lambda each: self._failed[each])

    def newest(self, count: int) -> tuple[KeptRow, ...]:
        return tuple(self._everything.rows[:count])

    # --- taking in -------------------------------------------------------------------------------------------------

    def observe(self, payment: Payment, *, stamp: int, listed: bool = False) -> None:
        """Takes in one observation. `listed`: from ListPayments."""
        old = self._rows.get(payment.id)
        hodl = _looks_like_hodl(payment, listed)
        if old is not None and _rank(old.payment, old.stamp) >= _rank(payment, stamp):
            if listed and not old.listed:
                old.listed = True
                self.listed += 1
            if hodl and not old.is_hodl:
                self._put(old, old.payment, old.haystack, True, old.has_preimage, old.listed, old.stamp)
            return
        lean, has_preimage = without_secrets(payment)
        if old is None:
            self.listed += listed
            self._put(None, lean, _haystack(lean), hodl, has_preimage, listed, stamp)
            return
        hodl, listed = hodl or old.is_hodl, listed or old.listed
        unchanged = lean == old.payment and hodl == old.is_hodl and has_preimage == old.has_preimage
        if listed and not old.listed:
            self.listed += 1
        if unchanged:
            old.listed, old.stamp = listed, stamp
            return
        haystack = _haystack(lean)
        haystack = old.haystack if haystack == old.haystack else haystack
        self._put(old, lean, haystack, hodl, has_preimage, listed, stamp)

    def mark_hodl(self, payment_id: PaymentId) -> None:
        """It is a hodl payment: an event or the balances say so. (An incoming payment's id is its hash.)"""
        row = self._rows.get(payment_id)
        if row is not None and not row.is_hodl:
            self._put(row, row.payment, row.haystack, True, row.has_preimage, row.listed, row.stamp)

    def show_hodl(self, shown: dict[PaymentHash, Shown]) -> None:
        """What the hodl book says of payments whose record alone does not tell (HELD, LAPSED, …)."""
        before = self._hodl_shown
        changed = [each for each in shown.keys() | before.keys() if shown.get(each) is not before.get(each)]
        self._hodl_shown = dict(shown)
        for payment_hash in changed:
            row = self.hodl_row(payment_hash)
            if row is not None and self._shown(row.payment, row.is_hodl) is not row.shown:
                self._put(row, row.payment, row.haystack, row.is_hodl, row.has_preimage, row.listed, row.stamp)

    def commit(self) -> bool:
        """Brings the changes into the windows; True when there were any."""
        if not self._before:
            return False
        self.version += 1
        changes = [(old, self._rows[key]) for key, old in self._before.items()]
        self._before = {}
        self._everything.update(changes)
        for key, window in list(self._windows.items()):
            if len(changes) > _MANY:
                del self._windows[key]
            else:
                window.update(changes)
        return True

    def _shown(self, payment: Payment, is_hodl: bool) -> Shown:
        status = payment.status
        if status is PaymentStatus.SUCCEEDED:
            return Shown.SUCCEEDED
        if is_hodl and payment.payment_hash is not None:
            told = self._hodl_shown.get(payment.payment_hash)
            if told is not None:
                return told
        if status is PaymentStatus.FAILED:
            return Shown.FAILED
        if status is PaymentStatus.UNKNOWN:
            return Shown.UNKNOWN
        if isinstance(payment.kind, OnchainKind):
            return Shown.CONFIRMING
        if payment.direction is Direction.INBOUND:
            return Shown.HELD if is_hodl else Shown.WAITING
        return Shown.IN_FLIGHT if payment.direction is Direction.OUTBOUND else Shown.UNKNOWN

    def _put(
        self, old: KeptRow | None, payment: Payment, haystack: str, hodl: bool, preimage: bool, listed: bool, stamp: int
    ) -> None:
        shown = self._shown(payment, hodl)
        row = KeptRow(payment, shown, haystack, hodl, preimage, listed, stamp)
        key = old.payment.id if old is not None else payment.id
        self._rows[key] = row
        self._before.setdefault(key, old)
        if old is not None:
            self._counts[old.shown] -= 1
        self._counts[shown] += 1
        if shown in FINAL:
            self.open_ids.pop(key, None)
        else:
            self.open_ids[key] = None
        if shown is Shown.FAILED and payment.direction is Direction.OUTBOUND:
            self._failed[key] = payment.updated_unix
        else:
            self._failed.pop(key, None)
        if hodl and payment.payment_hash is not None:
            self._hodl_ids[payment.payment_hash] = key

    # --- giving out ------------------------------------------------------------------------------------------------

    def rows(self, query: PaymentQuery) -> tuple[tuple[PaymentRow, ...], tuple[str, ...]]:
        """The rows that pass, in the order asked for, and the sentences about words not understood.

        The same tuple object is given until something in it changes. Sorting and filtering of 100,000 rows costs some
        ten milliseconds for a new query and next to nothing for the same one again.
        """
        window = self._window(query)
        return window.snapshot(query.reverse), window.filter.words.problems

    def sums(self, query: PaymentQuery) -> PaymentSums:
        """What is settled among the rows of `query`; after the first time only changes are added."""
        return self._window(query).sums()

    def _window(self, query: PaymentQuery) -> _Window:
        key = (query.text, query.sort, query.unpaid)
        window = self._windows.pop(key, None)
        if window is None:
            window = _Window(query, self._everything.rows)
            while len(self._windows) >= 2:
                del self._windows[next(iter(self._windows))]
        self._windows[key] = window
        return window


class _Window:
    """The rows of one query, kept sorted: changes are mended in by bisection."""

    def __init__(self, query: PaymentQuery, newest_first: Iterable[KeptRow]) -> None:
        self.filter = parse_payments(query.text)
        self._passes = _passes(self.filter, query.unpaid)
        self._key = _KEYS[query.sort]
        rows = list(newest_first)
        for each in self._passes:
            rows = each(rows)
        if query.sort is not PaymentSort.UPDATED:
            rows.sort(key=_LEADING[query.sort])  # stable: equal ones stay newest first
        self.rows = rows
        self._snapshots: dict[bool, tuple[PaymentRow, ...]] = {}
        self._sums: PaymentSums | None = None

    def sums(self) -> PaymentSums:
        if self._sums is None:
            self._sums = settled_sums(self.rows)
        return self._sums

    def snapshot(self, reverse: bool) -> tuple[PaymentRow, ...]:
        held = self._snapshots.get(reverse)
        if held is None:
            held = self._snapshots[reverse] = tuple(reversed(self.rows)) if reverse else tuple(self.rows)
        return held

    def update(self, changes: list[tuple[KeptRow | None, KeptRow]]) -> None:
        added = [new for _, new in changes]
        for each in self._passes:
            added = each(added)
        gone = [old for old, _ in changes if old is not None]
        size = len(self.rows)
        if self._sums is not None:
            left = gone
            for each in self._passes:
                left = each(left)
            self._sums = self._sums.plus(settled_sums(added)).minus(settled_sums(left))
        if len(gone) > _MANY:
            dead = {id(old) for old in gone}
            self.rows = [row for row in self.rows if id(row) not in dead]
        else:
            for old in gone:
                place = bisect_left(self.rows, self._key(old), key=self._key)
                if place < len(self.rows) and self.rows[place] is old:
                    del self.rows[place]
        if added or len(self.rows) != size:
            self._insert(added)
            self._snapshots = {}

    def _insert(self, added: list[KeptRow]) -> None:
        """Pages come at the old end, events at the new one: both go in as a whole; only the middle costs a search."""
        added.sort(key=self._key)
        rows = self.rows
        if rows:
            above = bisect_left(added, self._key(rows[0]), key=self._key)
            below = max(above, bisect_left(added, self._key(rows[-1]), key=self._key))
        else:
            above, below = len(added), len(added)
        middle = added[above:below]
        if len(middle) > _MANY:
            rows = list(heapq.merge(rows, middle, key=self._key))
        else:
            for new in middle:
                rows.insert(bisect_left(rows, self._key(new), key=self._key), new)
        if below < len(added):
            rows.extend(added[below:])
        if above:
            rows[:0] = added[:above]
        self.rows = rows


def _by_updated(row: KeptRow) -> tuple[Any, ...]:
    return (-row.payment.updated_unix, row.payment.id)


def _leading_amount(row: KeptRow) -> int:
    amount = row.amount_msat
    return 1 if amount is None else -amount


def _leading_fee(row: KeptRow) -> int:
    fee = row.fee_msat
    return 1 if fee is None else -fee


_LEADING: dict[PaymentSort, Callable[[KeptRow], int]] = {
    PaymentSort.AMOUNT: _leading_amount,
    PaymentSort.FEE: _leading_fee,
}
_KEYS: dict[PaymentSort, Callable[[KeptRow], tuple[Any, ...]]] = {
    PaymentSort.UPDATED: _by_updated,
    PaymentSort.AMOUNT: lambda row: (_leading_amount(row), *_by_updated(row)),
    PaymentSort.FEE: lambda row: (_leading_fee(row), *_by_updated(row)),
}

_Pass = Callable[[list[KeptRow]], list[KeptRow]]


def _passes(wanted: PaymentFilter, unpaid: bool) -> list[_Pass]:
    """One pass per condition, the cheap ones first. Enum members are compared by identity: tuples, not sets."""
    passes: list[_Pass] = []
    if not unpaid and Shown.WAITING not in wanted.shown:
        passes.append(lambda rows: [row for row in rows if row.shown is not Shown.WAITING])
    if wanted.shown:
        shown = tuple(wanted.shown)
        passes.append(lambda rows: [row for row in rows if row.shown in shown])
    if wanted.not_shown:
        not_shown = tuple(wanted.not_shown)
        passes.append(lambda rows: [row for row in rows if row.shown not in not_shown])
    if wanted.directions:
        directions = tuple(wanted.directions)
        passes.append(lambda rows: [row for row in rows if row.payment.direction in directions])
    for word in wanted.words.wanted:
        passes.append(_word_pass(word, True))
    for word in wanted.words.unwanted:
        passes.append(_word_pass(word, False))
    if wanted.kinds:
        kinds = tuple(wanted.kinds)
        passes.append(lambda rows: [row for row in rows if row.kind in kinds])
    if wanted.not_kinds:
        not_kinds = tuple(wanted.not_kinds)
        passes.append(lambda rows: [row for row in rows if row.kind not in not_kinds])
    for bounds in wanted.amounts:
        passes.append(_amount_pass(bounds))
    for bounds in wanted.fees:
        passes.append(_fee_pass(bounds))
    return passes


def _amount_pass(bounds: Bounds) -> _Pass:
    low, high = bounds.low_msat or 0, 1 << 64 if bounds.high_msat is None else bounds.high_msat
    return lambda rows: [row for row in rows if (amount := row.amount_msat) is not None and low <= amount <= high]


def _fee_pass(bounds: Bounds) -> _Pass:
    return lambda rows: [row for row in rows if bounds.holds(row.fee_msat)]


def _word_pass(word: str, wanted: bool) -> _Pass:
    """A plain word fits the haystack, or the word that the table shows for kind or state."""
    shown = tuple(each for each in Shown if word in each.value)
    kinds = tuple(each for each in KindLabel if word in each.value)
    if not shown and not kinds:
        return lambda rows: [row for row in rows if (word in row.haystack) is wanted]

    def fits(row: KeptRow) -> bool:
        return word in row.haystack or row.shown in shown or (bool(kinds) and row.kind in kinds)

    return lambda rows: [row for row in rows if fits(row) is wanted]


def _rank(payment: Payment, stamp: int) -> tuple[bool, int, int]:
    return (payment.status is PaymentStatus.SUCCEEDED, payment.updated_unix, stamp)


def _looks_like_hodl(payment: Payment, listed: bool) -> bool:
    """An incoming BOLT11 payment that is a hodl payment by its record alone.

    Listed and not settled: only PaymentClaimable writes such a row (9.5). Settled without a preimage: an invoice that
    the node claims by itself has its preimage from the start, a hodl one never (7.3, run).
    """
    kind = payment.kind
    if payment.direction is not Direction.INBOUND or not isinstance(kind, Bolt11Kind) or kind.lsp_fee_limits:
        return False
    if payment.status is PaymentStatus.SUCCEEDED:
        return kind.preimage is None
    return listed


def without_secrets(payment: Payment) -> tuple[Payment, bool]:
    """The payment without preimage and payment secret, equal strings shared; and whether there was a preimage."""
    kind = payment.kind
    if isinstance(kind, OnchainKind | UnknownKind):
        return payment, False
    own_id = payment.id
    payment_hash = own_id if str(kind.payment_hash) == own_id else kind.payment_hash
    lean: PaymentKind
    if isinstance(kind, Bolt11Kind):
        lean = Bolt11Kind(PaymentHash(payment_hash or ""), None, None, kind.skimmed_fee_msat, kind.lsp_fee_limits)
    elif isinstance(kind, SpontaneousKind):
        lean = SpontaneousKind(PaymentHash(payment_hash or ""), None)
    elif isinstance(kind, Bolt12OfferKind):
        known = None if payment_hash is None else PaymentHash(payment_hash)
        lean = Bolt12OfferKind(known, None, None, kind.offer_id, kind.payer_note, kind.quantity)
    else:
        assert isinstance(kind, Bolt12RefundKind)
        known = None if payment_hash is None else PaymentHash(payment_hash)
        lean = Bolt12RefundKind(known, None, None, kind.payer_note, kind.quantity)
    kept = Payment(
        own_id,
        lean,
        payment.amount_msat,
        payment.fee_paid_msat,
        payment.direction,
        payment.status,
        payment.updated_unix,
    )
    return kept, kind.preimage is not None


def _haystack(payment: Payment) -> str:
    """Lower-case text to search. For most payments it is the id itself, and costs no memory."""
    kind = payment.kind
    parts: list[str] = []
    if isinstance(kind, OnchainKind):
        parts.append(kind.txid)
    elif not isinstance(kind, UnknownKind):
        if kind.payment_hash is not None and str(kind.payment_hash) != payment.id:
            parts.append(kind.payment_hash)
        if isinstance(kind, Bolt12OfferKind):
            parts.append(kind.offer_id)
        if isinstance(kind, Bolt12OfferKind | Bolt12RefundKind) and kind.payer_note:
            parts.append(str(kind.payer_note))
    if not parts:
        return payment.id
    return " ".join((payment.id, *parts)).lower()
