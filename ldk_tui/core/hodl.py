"""Hodl invoices: how long a held payment can still be claimed, and what became of it.

Heights first: the claim deadline is a *block height*; minutes are only ever a range, because blocks arrive at random.
The node tells the life of a hodl payment in pieces that are lossy, stale or contradictory (server facts 7.4, 9;
safety 4.5): an event that comes once, a row that never leaves PENDING, a record that turns from SUCCEEDED to FAILED
when a second person pays. `HodlEvidence` gathers the pieces of one payment hash, in any order, and `state` says what
they prove together. Money that was once seen settled stays settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from math import ceil, exp, lgamma, log, sqrt

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import PaymentClaimable
from ldk_tui.core.ids import ChannelId, PaymentHash, is_valid
from ldk_tui.core.model import Balances, Bolt11Kind, Direction, MaybePreimageClaimableHtlc, Payment, PaymentStatus
from ldk_tui.core.record import dataclass

FAIL_BACK_BLOCKS = 39  # LDK gives an HTLC back this long before it expires: 36 + 3 grace blocks (server facts 9.2, run)
ASSUMED_BLOCKS = 3  # all that is guaranteed when no source tells the deadline: final CLTV of 42, less 39
SECONDS_PER_BLOCK = 600
SMALLEST_SHOWN_MSAT = Msat(
    354_000
)  # smaller HTLCs never appear in GetBalances: their absence there proves nothing (9.5)

# --- the deadline --------------------------------------------------------------------------------------------------


class Urgency(Enum):
    """Steps before the deadline (safety 4.6): 12 blocks note, 6 warning, 3 alarm, 1 act now, 0 perhaps too late."""

    CALM = "calm"
    NOTE = "note"
    WARNING = "warning"
    ALARM = "alarm"
    NOW = "act now"
    OVER = "deadline reached"


_STEPS = ((0, Urgency.OVER), (1, Urgency.NOW), (3, Urgency.ALARM), (6, Urgency.WARNING), (12, Urgency.NOTE))


def urgency(blocks_left: int) -> Urgency:
    """How pressing it is with so many blocks to go."""
    return next((step for limit, step in _STEPS if blocks_left <= limit), Urgency.CALM)


def claim_deadline(parts: Iterable[MaybePreimageClaimableHtlc]) -> int | None:
    """The height before which to claim: the lowest expiry over all parts, less 39. None without parts."""
    lowest = min((part.expiry_height for part in parts), default=None)
    return None if lowest is None else lowest - FAIL_BACK_BLOCKS


def blocks_behind(synced_unix: int | None, now_unix: float) -> int:
    """How many blocks a node may have missed, by the age of its Lightning sync: none up to ten minutes.

    `now_unix` on the server's clock. A node that never synced (None) or synced in the future tells nothing: 0.
    """
    if synced_unix is None:
        return 0
    age_s = now_unix - synced_unix
    return ceil(age_s / SECONDS_PER_BLOCK) if age_s > SECONDS_PER_BLOCK else 0


def blocks_left(deadline_height: int, height: int, behind: int = 0) -> int:
    """Blocks until the node gives the payment back, never below 0. The last chance is 1; `behind` makes it less."""
    return max(0, deadline_height - height - behind)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left to decide in. `minutes`: the range in which the last of these blocks comes, 5 % to 95 %."""

    blocks: int
    minutes: tuple[int, int]
    urgency: Urgency


def remaining(deadline_height: int, height: int, synced_unix: int | None, now_unix: float) -> Remaining:
    """All that the screen says about a deadline; a stale height makes it more urgent, never less."""
    blocks = blocks_left(deadline_height, height, blocks_behind(synced_unix, now_unix))
    return Remaining(blocks, minutes_range(blocks), urgency(blocks))


_LOW, _HIGH = 0.05, 0.95
_EXACT_UP_TO = 144
_NORMAL_95 = 1.6448536269514722  # quantile of the normal distribution at 95 %; at 5 % its negative


@lru_cache(maxsize=2048)
def minutes_range(blocks: int) -> tuple[int, int]:
    """Minutes until `blocks` blocks have come, 5 % and 95 %: blocks are a Poisson process with ten minutes between.

    The waiting time is Erlang distributed: exact up to 144 blocks, by the Wilson-Hilferty cube beyond (there it is
    less than a second off). Rounded to the nearest minute.
    """
    if blocks <= 0:
        return 0, 0
    return round(10 * _erlang_quantile(blocks, _LOW)), round(10 * _erlang_quantile(blocks, _HIGH))


def _erlang_quantile(blocks: int, probability: float) -> float:
    """The time, in mean block intervals, by which `blocks` blocks have come with this probability."""
    if blocks > _EXACT_UP_TO:
        normal = _NORMAL_95 if probability == _HIGH else -_NORMAL_95
        return blocks * float((1 - 1 / (9 * blocks) + normal / (3 * sqrt(blocks))) ** 3)
    low, high = 0.0, 2.0 * blocks + 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if _erlang_cdf(blocks, middle) < probability:
            low = middle
        else:
            high = middle
    return high


def _erlang_cdf(blocks: int, time: float) -> float:
    """P(at least `blocks` blocks within `time` mean intervals): one less the Poisson terms below it."""
    if time <= 0:
        return 0.0
    return 1 - sum(exp(count * log(time) - time - lgamma(count + 1)) for count in range(blocks))


# --- who is held ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldPayment:
    """A payment whose HTLCs this node holds now, as GetBalances shows it. `amount_sat`: sum of the parts, each of
    which the server rounded down."""

    payment_hash: PaymentHash
    parts: tuple[MaybePreimageClaimableHtlc, ...]

    @property
    def amount_sat(self) -> Sat:
        return Sat(sum(part.amount_sat for part in self.parts))

    @property
    def expiry_height(self) -> int:
        """The lowest expiry of a part: past it, a peer may have to force-close."""
        return min(part.expiry_height for part in self.parts)

    @property
    def deadline_height(self) -> int:
        return self.expiry_height - FAIL_BACK_BLOCKS

    @property
    def channels(self) -> tuple[ChannelId, ...]:
        """The channels that it came through, each once."""
        return tuple(dict.fromkeys(part.channel_id for part in self.parts))


def incoming_by_hash(balances: Balances) -> dict[PaymentHash, HeldPayment]:
    """All incoming HTLCs whose preimage the node does not know, by hash: held hodl payments *and* forwards."""
    parts: dict[PaymentHash, list[MaybePreimageClaimableHtlc]] = {}
    for balance in balances.lightning:
        if isinstance(balance, MaybePreimageClaimableHtlc) and is_valid(balance.payment_hash):
            parts.setdefault(balance.payment_hash, []).append(balance)
    return {payment_hash: HeldPayment(payment_hash, tuple(some)) for payment_hash, some in parts.items()}


def held_payments(balances: Balances, known_hashes: Collection[PaymentHash]) -> tuple[HeldPayment, ...]:
    """The hodl payments held now, nearest deadline first.

    `known_hashes` tells them from forwards: hashes of PaymentClaimable events, of our own hodl invoices, and of
    `is_hodl_row` rows. An unknown hash is a forward (server facts 9.5).
    """
    incoming = incoming_by_hash(balances)
    held = [payment for payment_hash, payment in incoming.items() if payment_hash in known_hashes]
    return tuple(sorted(held, key=lambda payment: (payment.deadline_height, payment.payment_hash)))


def is_hodl_row(payment: Payment) -> bool:
    """True for a row *of ListPayments* that can only stem from PaymentClaimable: incoming, BOLT11, PENDING (9.5).

    Or FAILED: the row copies the record, and that says FAILED when a failed invoice was paid again (9.4, run). Never
    ask this of GetPaymentDetails: there an unpaid ordinary invoice looks the same.
    """
    return (
        payment.direction is Direction.INBOUND
        and payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
        and isinstance(payment.kind, Bolt11Kind)
        and is_valid(payment.kind.payment_hash)
    )


# --- what became of it ---------------------------------------------------------------------------------------------


class HodlState(Enum):
    """The life of a hodl payment as far as the node tells it.

    WAITING: an invoice of ours that nobody has paid. HELD: claim or fail before the deadline. LAPSED: the deadline
    passed and the node gave it back without a word. UNKNOWN: what we have does not decide it. CLAIMED is final; LAPSED
    and FAILED are not, since the payer may pay the same invoice again.
    """

    WAITING = "waiting"
    HELD = "held"
    CLAIMED = "claimed"
    FAILED = "failed"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HodlEvidence:
    """All that was seen of one hash. Each `with_…` adds a piece and may come in any order, more than once.

    `own_invoice`: our journal made it. `settled`: some source once said SUCCEEDED; nothing takes that back.
    `row_status`: ListPayments. `record_status`: GetPaymentDetails, the truth but for that. `asked_msat` None: any
    amount, or not known. `claimable_unix`, `event_deadline`, `times_claimable`: PaymentClaimable; `failed_before`: its
    payment said FAILED, so that the record's FAILED is about an earlier attempt. `held`: in the newest GetBalances,
    which left us at `balances_unix`; `last_held`: when it was last in one.
    """

    payment_hash: PaymentHash
    own_invoice: bool = False
    settled: bool = False
    row_status: PaymentStatus | None = None
    record_status: PaymentStatus | None = None
    asked_msat: Msat | None = None
    times_claimable: int = 0
    claimable_unix: float | None = None
    event_deadline: int | None = None
    failed_before: bool = False
    first_seen_height: int | None = None
    first_seen_unix: float | None = None
    held: HeldPayment | None = None
    last_held: HeldPayment | None = None
    balances_unix: float | None = None

    def with_claimable(self, event: PaymentClaimable, height: int | None, now_unix: float) -> HodlEvidence:
        """PaymentClaimable, seen at this time and best height. Comes again when a failed invoice is paid again."""
        seen = self._seen(height, now_unix)
        asked_msat = event.payment.amount_msat
        return replace(
            seen,
            times_claimable=self.times_claimable + 1,
            claimable_unix=max(now_unix, self.claimable_unix or now_unix),
            event_deadline=event.claim_deadline,
            failed_before=event.payment.status is PaymentStatus.FAILED,
            record_status=None if self.record_status is PaymentStatus.FAILED else self.record_status,
            asked_msat=self.asked_msat if asked_msat is None else asked_msat,
        )

    def with_received(self) -> HodlEvidence:
        """PaymentReceived: settled, for ever."""
        return replace(self, settled=True)

    def with_row(self, payment: Payment) -> HodlEvidence:
        """A row of ListPayments: SUCCEEDED is proof, PENDING only says that it was once held."""
        settled = self.settled or payment.status is PaymentStatus.SUCCEEDED
        amount_msat = self.asked_msat if payment.amount_msat is None else payment.amount_msat
        return replace(self, row_status=payment.status, settled=settled, asked_msat=amount_msat)

    def with_record(self, payment: Payment | None) -> HodlEvidence:
        """The answer of GetPaymentDetails; None = the node does not know the hash."""
        if payment is None:
            return replace(self, record_status=PaymentStatus.UNKNOWN)
        settled = self.settled or payment.status is PaymentStatus.SUCCEEDED
        amount_msat = self.asked_msat if payment.amount_msat is None else payment.amount_msat
        return replace(self, record_status=payment.status, settled=settled, asked_msat=amount_msat)

    def with_balances(
        self, held: HeldPayment | None, height: int | None, asked_unix: float, now_unix: float
    ) -> HodlEvidence:
        """What a GetBalances that left at `asked_unix` shows of this hash; one older than the newest is passed over."""
        if self.balances_unix is not None and asked_unix < self.balances_unix:
            return self
        seen = self._seen(height, now_unix) if held else self
        return replace(seen, held=held, last_held=held or self.last_held, balances_unix=asked_unix)

    def _seen(self, height: int | None, now_unix: float) -> HodlEvidence:
        first_height = self.first_seen_height if self.first_seen_height is not None else height
        first_unix = self.first_seen_unix if self.first_seen_unix is not None else now_unix
        return replace(self, first_seen_height=first_height, first_seen_unix=first_unix)

    @property
    def told_deadlines(self) -> tuple[int, ...]:
        """The deadlines that the node told: by the event, and by the parts in the balances."""
        told = [] if self.event_deadline is None else [self.event_deadline]
        parts = self.held or self.last_held
        return tuple(told if parts is None else [*told, parts.deadline_height])

    @property
    def deadline_is_guess(self) -> bool:
        """Nobody told it: three blocks from first sight, the least that is guaranteed."""
        return not self.told_deadlines

    def deadline_height(self, height: int | None) -> int | None:
        """The height before which to claim; None when nothing is known at all.

        Event and balances may differ: an old event of a first attempt lies behind `height`, and a part too small for
        the balances may expire earlier. So: the nearest that is still ahead, else the latest.
        """
        told = self.told_deadlines
        if not told:
            return None if self.first_seen_height is None else self.first_seen_height + ASSUMED_BLOCKS
        ahead = [deadline for deadline in told if height is None or deadline > height]
        return min(ahead) if ahead else max(told)

    @property
    def was_held(self) -> bool:
        """It arrived at least once: an event, a row of ListPayments, or HTLCs in the balances."""
        return self.times_claimable > 0 or self.row_status is not None or self.last_held is not None

    @property
    def surely_gone(self) -> bool:
        """Absent from a GetBalances that was asked after it arrived, and large enough to be shown there."""
        if self.held is not None or self.balances_unix is None:
            return False
        asked_too_early = self.claimable_unix is not None and self.balances_unix <= self.claimable_unix
        too_small = self.asked_msat is not None and self.asked_msat < SMALLEST_SHOWN_MSAT
        return not asked_too_early and not too_small

    def state(self, height: int | None) -> HodlState:
        """What all this proves at this best height (server facts 7.4, 9.4, 9.5; safety 4.3, 4.5)."""
        if self.settled:  # a later FAILED means that somebody paid again
            return HodlState.CLAIMED
        if self.held is not None:  # also when the record says FAILED: failed, then paid and held again
            return HodlState.HELD
        if not self.was_held:
            if self.record_status is PaymentStatus.FAILED:
                return HodlState.FAILED
            return HodlState.WAITING if self.own_invoice else HodlState.UNKNOWN
        deadline = self.deadline_height(height)
        past = deadline is not None and height is not None and height >= deadline
        if not self.surely_gone and not past:
            # just announced, or too small for the balances
            failed = self.record_status is PaymentStatus.FAILED and not self.failed_before
            return HodlState.HELD if self.times_claimable and not failed else self._decided(lapsed=False)
        return self._decided(lapsed=past or self.deadline_is_guess)

    def _decided(self, *, lapsed: bool) -> HodlState:
        """No longer held: the record says which way; PENDING stays for ever on one that lapsed (run)."""
        if self.record_status is PaymentStatus.FAILED:
            return HodlState.FAILED
        if self.record_status is PaymentStatus.PENDING and lapsed:
            return HodlState.LAPSED
        return HodlState.UNKNOWN
