"""The hodl payments: evidence of each hash, gathered from events, lists, records and balances, as rows.

What the evidence proves is `core.hodl`'s business; this book only sees to it that each piece reaches the right hash,
that a late record does not replace a newer one, and that a hash which turns out to be ours also gets the balances that
were read before that was known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from heapq import nlargest
from typing import Final

from ldk_tui.core.amounts import ZERO_MSAT, Msat
from ldk_tui.core.events import PaymentClaimable, PaymentReceived
from ldk_tui.core.hodl import HeldPayment, HodlEvidence, HodlState, Urgency, incoming_by_hash, remaining
from ldk_tui.core.ids import NodeId, PaymentHash, is_valid
from ldk_tui.core.model import Balances, Bolt11Kind, Direction, Payment
from ldk_tui.core.text import SafeText
from ldk_tui.node.payment_book import KeptRow, without_secrets
from ldk_tui.node.query import Shown
from ldk_tui.node.views import HodlRow, HodlView, sat_to_msat_or_none

_SHOWN = {
    HodlState.WAITING: Shown.WAITING,
    HodlState.HELD: Shown.HELD,
    HodlState.CLAIMED: Shown.SUCCEEDED,
    HodlState.FAILED: Shown.FAILED,
    HodlState.LAPSED: Shown.LAPSED,
    HodlState.UNKNOWN: Shown.UNKNOWN,
}
_ORDER = {
    HodlState.HELD: 0,
    HodlState.WAITING: 1,
    HodlState.UNKNOWN: 2,
    HodlState.LAPSED: 3,
    HodlState.FAILED: 4,
    HodlState.CLAIMED: 4,
}


SETTLED_SHOWN: Final = 200
"""Claimed ones in the view, the latest; all of them are on the screen Payments (`kind:hodl`)."""


class HodlBook:
    def __init__(self) -> None:
        self._evidence: dict[PaymentHash, HodlEvidence] = {}
        self._records: dict[PaymentHash, tuple[int, Payment]] = {}
        self._announced: dict[PaymentHash, int] = {}
        self._incoming: dict[PaymentHash, HeldPayment] = {}
        self._balances_asked_unix: float | None = None
        self._height: int | None = None
        self.fresh: list[PaymentHash] = []
        """Hashes that came to be known as hodl payments; whoever marks their rows empties it."""

    def __len__(self) -> int:
        return len(self._evidence)

    # --- taking in -------------------------------------------------------------------------------------------------

    def take_claimable(self, event: PaymentClaimable, stamp: int, now_unix: float) -> None:
        payment_hash = event.payment.payment_hash
        if payment_hash is None:
            return
        self._announced[payment_hash] = max(stamp, self._announced.get(payment_hash, 0))
        known = self._of(payment_hash, now_unix)
        if known.record_status is not None and self._record_of(payment_hash) is None:
            known = replace(known, record_status=None)  # the record is older than this announcement
        self._evidence[payment_hash] = known.with_claimable(event, self._height, now_unix)

    def take_received(self, event: PaymentReceived) -> None:
        """Settled; only of interest when the hash is known as a hodl payment."""
        payment_hash = event.payment.payment_hash
        if payment_hash is not None and payment_hash in self._evidence:
            self._evidence[payment_hash] = self._evidence[payment_hash].with_received()

    def take_row(self, payment: Payment, now_unix: float) -> None:
        """A row of ListPayments that is known to be a hodl payment."""
        payment_hash = payment.payment_hash
        if payment_hash is not None:
            self._evidence[payment_hash] = self._of(payment_hash, now_unix).with_row(payment)

    def take_record(self, payment: Payment, stamp: int, now_unix: float) -> None:
        """An answer of GetPaymentDetails. It counts for hashes known here, and for those that come to be known."""
        payment_hash = payment.payment_hash
        incoming = payment.direction is Direction.INBOUND and isinstance(payment.kind, Bolt11Kind)
        if payment_hash is None or not incoming or self._records.get(payment_hash, (-1, payment))[0] > stamp:
            return
        self._records[payment_hash] = (stamp, without_secrets(payment)[0])
        record = self._record_of(payment_hash)
        if payment_hash in self._evidence:
            if record is not None:
                self._evidence[payment_hash] = self._evidence[payment_hash].with_record(record)
        elif payment_hash in self._incoming:
            self._evidence[payment_hash] = self._of(payment_hash, now_unix)

    def take_balances(self, balances: Balances, asked_unix: float, now_unix: float) -> None:
        self._incoming = incoming_by_hash(balances)
        self._balances_asked_unix = asked_unix
        for payment_hash in self._incoming:
            if payment_hash not in self._evidence and payment_hash in self._records:
                self._evidence[payment_hash] = self._of(payment_hash, now_unix)
        for payment_hash, evidence in self._evidence.items():
            held = self._incoming.get(payment_hash)
            if not evidence.settled or held is not None or evidence.held is not None:
                self._evidence[payment_hash] = evidence.with_balances(held, self._height, asked_unix, now_unix)

    def take_height(self, height: int | None) -> None:
        self._height = height

    def __contains__(self, payment_hash: object) -> bool:
        return payment_hash in self._evidence

    def _record_of(self, payment_hash: PaymentHash) -> Payment | None:
        """The newest record, unless it was asked for before the payment was announced (again)."""
        stamp, record = self._records.get(payment_hash, (-1, None))
        return record if stamp > self._announced.get(payment_hash, -1) else None

    def _of(self, payment_hash: PaymentHash, now_unix: float) -> HodlEvidence:
        """The evidence so far; for a new hash, what record and balances already said of it."""
        known = self._evidence.get(payment_hash)
        if known is not None:
            return known
        self.fresh.append(payment_hash)
        known = HodlEvidence(payment_hash)
        record = self._record_of(payment_hash)
        if record is not None:
            known = known.with_record(record)
        if self._balances_asked_unix is None:
            return known
        held = self._incoming.get(payment_hash)
        return known.with_balances(held, self._height, self._balances_asked_unix, now_unix)

    # --- giving out ------------------------------------------------------------------------------------------------

    def unexplained(self) -> tuple[PaymentHash, ...]:
        """Hashes of incoming HTLCs of which it is not known whether they are hodl payments or forwards."""
        return tuple(each for each in self._incoming if each not in self._evidence and is_valid(each))

    def shown(self) -> dict[PaymentHash, Shown]:
        """The word for every hodl payment that has not settled."""
        found = {}
        for payment_hash, evidence in self._evidence.items():
            if not evidence.settled:
                found[payment_hash] = _SHOWN[evidence.state(self._height)]
        return found

    def held(self) -> tuple[HeldPayment, ...]:
        """What the balances show as held and is known to be ours, nearest deadline first."""
        found = [evidence.held for evidence in self._evidence.values() if evidence.held is not None]
        return tuple(sorted(found, key=lambda each: (each.deadline_height, each.payment_hash)))

    def unsettled(self) -> tuple[HodlEvidence, ...]:
        """The evidence of those that were not seen settled."""
        return tuple(each for each in self._evidence.values() if not each.settled)

    @property
    def anything_held(self) -> bool:
        return any(each.state(self._height) is HodlState.HELD for each in self._evidence.values() if not each.settled)

    def view(
        self,
        *,
        synced_unix: int | None,
        now_unix: float,
        row_of: Callable[[PaymentHash], KeptRow | None],
        alias_of: Callable[[NodeId], SafeText | None],
        loaded: bool,
    ) -> HodlView:
        """Rows with the deadlines of this moment. `now_unix` by the server's clock."""
        settled = [each for each in self._evidence.values() if each.settled]
        hidden = len(settled) - SETTLED_SHOWN
        if hidden > 0:
            settled = nlargest(SETTLED_SHOWN, settled, key=lambda each: _updated(row_of(each.payment_hash)))
        shown = (*self.unsettled(), *settled)
        rows = [self._row(each, synced_unix, now_unix, row_of, alias_of) for each in shown]
        rows.sort(key=_order)
        held = [row for row in rows if row.state is HodlState.HELD]
        held_msat = Msat(sum(row.held_msat or row.asked_msat or 0 for row in held))
        nearest = min((row.blocks_left for row in held if row.blocks_left is not None), default=None)
        return HodlView(tuple(rows), len(held), held_msat or ZERO_MSAT, nearest, self._height, loaded, max(0, hidden))

    def _row(
        self,
        evidence: HodlEvidence,
        synced_unix: int | None,
        now_unix: float,
        row_of: Callable[[PaymentHash], KeptRow | None],
        alias_of: Callable[[NodeId], SafeText | None],
    ) -> HodlRow:
        state = evidence.state(self._height)
        deadline = evidence.deadline_height(self._height)
        left = None
        if state is HodlState.HELD and deadline is not None and self._height is not None:
            left = remaining(deadline, self._height, synced_unix, now_unix)
        held = evidence.held or evidence.last_held
        peers = dict.fromkeys(part.counterparty for part in held.parts) if held else {}
        aliases = tuple(alias for alias in map(alias_of, peers) if alias is not None)
        payment = row_of(evidence.payment_hash)
        return HodlRow(
            evidence.payment_hash,
            state,
            asked_msat=evidence.asked_msat,
            held_msat=sat_to_msat_or_none(evidence.held.amount_sat) if evidence.held else None,
            deadline_height=deadline,
            deadline_is_guess=evidence.deadline_is_guess,
            first_seen_unix=evidence.first_seen_unix,
            first_seen_height=evidence.first_seen_height,
            updated_unix=payment.updated_unix if payment else None,
            expiry_height=held.expiry_height if held else None,
            parts=held.parts if held else (),
            aliases=aliases,
            times_seen=evidence.times_claimable,
            payment=payment,
            blocks_left=left.blocks if left else None,
            minutes=left.minutes if left else None,
            urgency=left.urgency if left else Urgency.CALM,
        )


def _updated(row: KeptRow | None) -> int:
    return row.updated_unix if row is not None else 0


def _order(row: HodlRow) -> tuple[int, int, int, str]:
    """Held ones by deadline; then the waiting, the undecided and the decided ones, newest first."""
    deadline = row.deadline_height if row.state is HodlState.HELD and row.deadline_height is not None else 0
    return (_ORDER[row.state], deadline, -(row.updated_unix or 0), row.payment_hash)
