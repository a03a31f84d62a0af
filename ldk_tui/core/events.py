"""What the event stream says (server facts 8), and what the feed adds to it: its own state and its gaps.

Events are hints: lossy, never replayed, at least once. Handlers are idempotent.
"""

from __future__ import annotations

from enum import Enum

from ldk_tui.core.ids import ChannelId, NodeId, PaymentHash, UserChannelId
from ldk_tui.core.model import CustomTlv, ForwardedPayment, Payment
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    payment: Payment
    custom_records: tuple[CustomTlv, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentSuccessful:
    payment: Payment


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """Trust the event, not the status inside: it may still say PENDING (safety 3.2)."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class PaymentClaimable:
    """A hodl payment arrived. `claim_deadline` is a block height (None on 2026-04); there is no claimable amount."""

    payment: Payment
    custom_records: tuple[CustomTlv, ...] = ()
    claim_deadline: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentForwarded:
    forward: ForwardedPayment


class ChannelState(Enum):
    PENDING = "pending"
    READY = "ready"
    OPEN_FAILED = "open failed"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class ClosureInitiator(Enum):
    NONE = "none"
    LOCAL = "local"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class CloseReasonKind(Enum):
    """Numbers of events.ChannelStateChangeReasonKind, level 2026-08."""

    UNSPECIFIED = 0
    COUNTERPARTY_FORCE_CLOSED = 1
    HOLDER_FORCE_CLOSED = 2
    LEGACY_COOPERATIVE_CLOSURE = 3
    COUNTERPARTY_INITIATED_COOPERATIVE_CLOSURE = 4
    LOCALLY_INITIATED_COOPERATIVE_CLOSURE = 5
    COMMITMENT_TX_CONFIRMED = 6
    FUNDING_TIMED_OUT = 7
    PROCESSING_ERROR = 8
    DISCONNECTED_PEER = 9
    OUTDATED_CHANNEL_MANAGER = 10
    COUNTERPARTY_COOP_CLOSED_UNFUNDED_CHANNEL = 11
    LOCALLY_COOP_CLOSED_UNFUNDED_CHANNEL = 12
    FUNDING_BATCH_CLOSURE = 13
    HTLCS_TIMED_OUT = 14
    PEER_FEERATE_TOO_LOW = 15
    UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class CloseReason:
    """`message` and `detail` are free text of ours or the peer's: raw on the wire, cleaned here."""

    kind: CloseReasonKind
    message: SafeText
    detail: SafeText | None = None
    broadcasted_latest_txn: bool | None = None
    payment_hash: PaymentHash | None = None
    peer_feerate_sat_per_kw: int | None = None
    required_feerate_sat_per_kw: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelStateChanged:
    """READY also comes again after each splice locks. `funding_txo` is `txid:vout`."""

    channel_id: ChannelId
    user_channel_id: UserChannelId
    counterparty: NodeId | None
    state: ChannelState
    funding_txo: SafeText | None = None
    reason: CloseReason | None = None
    initiator: ClosureInitiator = ClosureInitiator.NONE


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An unset oneof or an event of a newer level: skipped by the store, counted and shown by the feed."""


Event = (
    PaymentReceived
    | PaymentSuccessful
    | PaymentFailed
    | PaymentClaimable
    | PaymentForwarded
    | ChannelStateChanged
    | UnknownEvent
)
