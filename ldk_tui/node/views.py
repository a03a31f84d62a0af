"""Everything that the screen sees of a node: topics, rows, views, and the port through which it asks.

All values are immutable and structured: amounts stay `Msat` or `Sat` (the screen formats them in the unit that is on),
times stay unix seconds, ids stay whole. Rows keep their identity while nothing about them changed, so that a table may
compare with `is`. Nothing here can do I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from ldk_tui.core.amounts import ZERO_MSAT, Msat, Sat, ppm, sat_to_msat
from ldk_tui.core.errors import LdkError
from ldk_tui.core.events import ChannelStateChanged, Event
from ldk_tui.core.hodl import HodlState, Urgency
from ldk_tui.core.ids import ChannelId, NodeId, PaymentHash, PaymentId, UserChannelId
from ldk_tui.core.liquidity import BarParts, LiquiditySummary, SweepPart
from ldk_tui.core.model import (
    Balances,
    Bolt11Kind,
    Bolt12OfferKind,
    Bolt12RefundKind,
    Channel,
    Direction,
    ForwardedPayment,
    Level,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    Network,
    NodeInfo,
    OnchainKind,
    Payment,
    Peer,
    SpontaneousKind,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.node.query import ChannelQuery, ChannelStanding, KindLabel, PaymentQuery, Shown

if TYPE_CHECKING:
    from ldk_tui.core.attention import AttentionLine


class Topic(Enum):
    """What changed. A notification carries a set of these and nothing else; the screen then asks for its view."""

    CONNECTION = "connection"
    INFO = "info"
    BALANCES = "balances"
    CHANNELS = "channels"
    PEERS = "peers"
    PAYMENTS = "payments"
    HODL = "hodl"
    FORWARDS = "forwards"
    EVENTS = "events"
    ATTENTION = "attention"


ALL_TOPICS = frozenset(Topic)

# --- the feed ------------------------------------------------------------------------------------------------------


class Phase(Enum):
    """DOWN → CONNECTING → SYNCING → LIVE ⇄ STALE. STOPPED: over for good, `error` says why (or None after `stop`)."""

    DOWN = "down"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which events may have been lost: the server replays none. `end_unix` None = it goes on.

    `filled`: everything was read again afterwards, so the state is right although the events themselves are lost.
    """

    start_unix: float
    end_unix: float | None = None
    filled: bool = False


@dataclass(frozen=True, slots=True)
class FeedState:
    """The event feed as the header shows it. Times are unix seconds, None = never.

    `last_answer_unix`: the last thing that the server said (an answer or an event). `next_try_unix`: when the next
    attempt begins, while DOWN. `attempt`: attempts since the last time it was live. `polling_only`: this server has no
    event stream; lists are read again every few seconds instead. `clock_skew_s`: server minus here.
    """

    phase: Phase = Phase.DOWN
    since_unix: float | None = None
    live_since_unix: float | None = None
    last_answer_unix: float | None = None
    last_resync_unix: float | None = None
    next_try_unix: float | None = None
    attempt: int = 0
    error: LdkError | None = None
    gaps: tuple[Gap, ...] = ()
    reconnects: int = 0
    polling_only: bool = False
    clock_skew_s: float | None = None
    level: Level | None = None
    events_seen: int = 0
    unknown_events: int = 0

    @property
    def is_live(self) -> bool:
        return self.phase is Phase.LIVE

    @property
    def is_stale(self) -> bool:
        """What is shown was read before the connection was lost, and has not been read again: through all attempts."""
        return self.last_resync_unix is not None and self.phase is not Phase.LIVE


class Subject(Enum):
    """What was tried to find and reach the server."""

    CONFIG = "configuration"
    ADDRESS = "address"
    CERTIFICATE = "certificate"
    KEY_FILE = "key file"


@dataclass(frozen=True, slots=True)
class Tried:
    """`what`: host and port, or a path. `ok` None = not known yet. `result`: half a sentence, "read, 32 bytes"."""

    subject: Subject
    what: SafeText
    ok: bool | None
    result: SafeText


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What the connection screen says: each thing with its result, the cause in one sentence, what to do.

    `evidence`: lines to compare by eye (fingerprints), or none.
    """

    tried: tuple[Tried, ...] = ()
    cause: str = ""
    what_to_do: str = ""
    evidence: tuple[SafeText, ...] = ()


# --- node ----------------------------------------------------------------------------------------------------------


class Sync(Enum):
    """The five things whose age GetNodeInfo tells."""

    LIGHTNING = "lightning wallet"
    ONCHAIN = "on-chain wallet"
    FEE_RATES = "fee rates"
    GOSSIP = "gossip snapshot"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class SyncAge:
    """`at_unix` None = never in this node's life (gossip: not from snapshots). `late`: older than it should be."""

    sync: Sync
    at_unix: int | None
    age_s: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event and when *we* saw it (the server gives no time). Aliases of the peers named, where known."""

    number: int
    seen_unix: float
    event: Event
    peer: SafeText | None = None
    peer_out: SafeText | None = None


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    usable: int = 0
    offline: int = 0
    pending: int = 0
    splicing: int = 0
    closing: int = 0
    phantom: int = 0

    @property
    def listed(self) -> int:
        return self.usable + self.offline + self.pending + self.splicing + self.phantom


@dataclass(frozen=True, slots=True)
class NodeView:
    """The screen Node. Everything None or empty until it was read once; `feed` says how fresh it is.

    `liquidity`: the money by what can be done with it. `balances_unix`: when that was read, by our clock.
    `aliases`: names of the nodes that `liquidity.sweeps` and `liquidity.largest_…` name, as far as known.
    """

    feed: FeedState
    info: NodeInfo | None = None
    network: Network | None = None
    level: Level | None = None
    balances: Balances | None = None
    balances_unix: float | None = None
    liquidity: LiquiditySummary | None = None
    channel_counts: ChannelCounts = field(default_factory=ChannelCounts)
    peers_connected: int = 0
    peers_known: int = 0
    syncs: tuple[SyncAge, ...] = ()
    tip_age_s: int | None = None
    attention: tuple[AttentionLine, ...] = ()
    recent: tuple[EventLine, ...] = ()
    aliases: Mapping[NodeId, SafeText] = field(default_factory=dict)
    clock_skew_s: float | None = None


# --- channels ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """What every channel call takes, and what the cursor of a table follows."""

    user_channel_id: UserChannelId
    counterparty: NodeId


@dataclass(frozen=True, slots=True)
class HtlcInFlight:
    """An HTLC of GetBalances on this channel. `blocks_left` to its height; `held`: part of a held hodl payment."""

    htlc: MaybeTimeoutClaimableHtlc | MaybePreimageClaimableHtlc
    blocks_left: int | None
    held: bool = False

    @property
    def outgoing(self) -> bool:
        return isinstance(self.htlc, MaybeTimeoutClaimableHtlc)

    @property
    def height(self) -> int:
        htlc = self.htlc
        return htlc.claimable_height if isinstance(htlc, MaybeTimeoutClaimableHtlc) else htlc.expiry_height


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel. `channel` None: closed, known only from the balances and events (then `closing` or `sweeps` say more).

    `alias` is a stranger's text from the graph, None when the peer is not announced or not yet looked up.
    `funding_since_height`: the height at which it was first seen without a confirmation (PENDING, PHANTOM).
    """

    key: ChannelKey
    channel_id: ChannelId
    counterparty: NodeId
    standing: ChannelStanding
    channel: Channel | None
    alias: SafeText | None = None
    bar: BarParts | None = None
    htlcs: tuple[HtlcInFlight, ...] = ()
    balances: tuple[LightningBalance, ...] = ()
    sweeps: tuple[SweepPart, ...] = ()
    peer_connected: bool | None = None
    offline_since_unix: float | None = None
    funding_since_height: int | None = None
    closing: ChannelStateChanged | None = None
    last_event: ChannelStateChanged | None = None

    @property
    def capacity_msat(self) -> Msat | None:
        return sat_to_msat_or_none(self.channel.value_sat) if self.channel else None


@dataclass(frozen=True, slots=True)
class ChannelsView:
    """`total` counts all rows, `rows` those that pass the filter. `problems`: filter words not understood."""

    rows: tuple[ChannelRow, ...] = ()
    total: int = 0
    counts: ChannelCounts = field(default_factory=ChannelCounts)
    problems: tuple[str, ...] = ()
    loaded: bool = False


# --- payments ------------------------------------------------------------------------------------------------------


class PaymentRow:
    """A payment as the table shows it. Small (there may be 100,000): what is not sorted or filtered by is a property.

    `payment` carries no secrets: `NodePort.reveal` asks the node for one when a person wants it. `haystack` is the
    lower-case text that plain filter words are looked for in. `is_hodl`: it was seen as a hodl payment.
    """

    __slots__ = ("amount_msat", "has_preimage", "haystack", "is_hodl", "kind", "payment", "shown")

    def __init__(self, payment: Payment, shown: Shown, haystack: str, is_hodl: bool, has_preimage: bool) -> None:
        self.payment = payment
        self.shown = shown
        self.haystack = haystack
        self.is_hodl = is_hodl
        self.has_preimage = has_preimage
        self.kind: KindLabel = kind_label(payment, is_hodl)
        self.amount_msat: Msat | None = effective_amount_msat(payment)

    def __repr__(self) -> str:
        return f"PaymentRow({self.payment.id}, {self.shown.value})"

    @property
    def id(self) -> PaymentId:
        return self.payment.id

    @property
    def direction(self) -> Direction:
        return self.payment.direction

    @property
    def held(self) -> bool:
        return self.shown is Shown.HELD

    @property
    def updated_unix(self) -> int:
        return self.payment.updated_unix

    @property
    def fee_msat(self) -> Msat | None:
        return effective_fee_msat(self.payment)

    @property
    def fee_ppm(self) -> int | None:
        """Fee over amount, outgoing payments only."""
        fee, amount = self.fee_msat, self.amount_msat
        return None if fee is None or amount is None else ppm(fee, amount)

    @property
    def note(self) -> SafeText | None:
        """The payer's note of an offer or refund: a stranger's text when the payment came in."""
        return getattr(self.payment.kind, "payer_note", None)

    @property
    def quantity(self) -> int | None:
        return getattr(self.payment.kind, "quantity", None)


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How much of ListPayments has been read. It is an event log: no total is known before the end."""

    rows: int = 0
    pages: int = 0
    complete: bool = False
    loading: bool = False
    error: LdkError | None = None


@dataclass(frozen=True, slots=True)
class PaymentSums:
    """Of settled rows only. Fees: what we paid as senders."""

    in_msat: Msat = ZERO_MSAT
    out_msat: Msat = ZERO_MSAT
    fees_msat: Msat = ZERO_MSAT

    def plus(self, other: PaymentSums) -> PaymentSums:
        return PaymentSums(
            Msat(self.in_msat + other.in_msat),
            Msat(self.out_msat + other.out_msat),
            Msat(self.fees_msat + other.fees_msat),
        )

    def minus(self, other: PaymentSums) -> PaymentSums:
        return PaymentSums(
            Msat(self.in_msat - other.in_msat),
            Msat(self.out_msat - other.out_msat),
            Msat(self.fees_msat - other.fees_msat),
        )


@dataclass(frozen=True, slots=True)
class PaymentsView:
    """`rows` is a sequence that must not be changed; it is a new object when anything in it changed.

    `total` counts all payments known, `hidden_unpaid` those left out because nobody has paid them.
    `sums()` is worked out when asked for: the first time for a query it walks the rows. `summed`: who does that.
    """

    rows: Sequence[PaymentRow] = ()
    total: int = 0
    hidden_unpaid: int = 0
    progress: LoadProgress = field(default_factory=LoadProgress)
    problems: tuple[str, ...] = ()
    summed: Callable[[], PaymentSums] | None = field(default=None, compare=False, repr=False)

    def sums(self) -> PaymentSums:
        return settled_sums(self.rows) if self.summed is None else self.summed()


def settled_sums(rows: Iterable[PaymentRow]) -> PaymentSums:
    """Adds up what is settled among `rows`. Written out: there may be 100,000 of them."""
    into = out = fees = 0
    settled, inbound, outbound = Shown.SUCCEEDED, Direction.INBOUND, Direction.OUTBOUND
    for row in rows:
        if row.shown is settled:
            payment = row.payment
            if payment.direction is inbound:
                into += row.amount_msat or 0
            elif payment.direction is outbound:
                out += row.amount_msat or 0
                fees += payment.fee_paid_msat or 0
    return PaymentSums(Msat(into), Msat(out), Msat(fees))


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """One payment, read afresh where possible. `found` False: the node does not know the id (it answers OK, empty).

    `related`: events of this payment seen by this program, newest first. `hodl`: its row on the screen Hodl.
    """

    row: PaymentRow | None
    found: bool
    read_unix: float | None
    related: tuple[EventLine, ...] = ()
    hodl: HodlRow | None = None
    htlcs: tuple[HtlcInFlight, ...] = ()


class SecretKind(Enum):
    PREIMAGE = "preimage"
    PAYMENT_SECRET = "payment secret"  # noqa: S105 -- the word, not a secret


@dataclass(frozen=True, slots=True)
class Withheld:
    """A secret that is not shown, and the sentence why."""

    reason: str


Revealed = Secret[str] | Withheld


# --- hodl ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HodlRow:
    """A hodl payment. `asked_msat` None = any amount, or not known. `held_msat` from GetBalances, rounded down to sat.

    `deadline_height`: claim *before* this height; `blocks_left` = deadline − best height. `minutes`: the 5 % and 95 %
    quantile until then, never a single figure. `deadline_is_guess`: no source told it; three blocks from first sight.
    `parts`: its HTLCs. `times_seen`: how often PaymentClaimable came for it.
    """

    payment_hash: PaymentHash
    state: HodlState
    asked_msat: Msat | None = None
    held_msat: Msat | None = None
    deadline_height: int | None = None
    deadline_is_guess: bool = False
    blocks_left: int | None = None
    minutes: tuple[int, int] | None = None
    urgency: Urgency = Urgency.CALM
    first_seen_unix: float | None = None
    first_seen_height: int | None = None
    updated_unix: int | None = None
    expiry_height: int | None = None
    parts: tuple[MaybePreimageClaimableHtlc, ...] = ()
    aliases: tuple[SafeText, ...] = ()
    times_seen: int = 0
    payment: PaymentRow | None = None


@dataclass(frozen=True, slots=True)
class HodlView:
    """Held ones first, nearest deadline on top; waiting and decided ones below, newest first.

    `hidden_settled`: older claimed ones that are left out here.
    """

    rows: tuple[HodlRow, ...] = ()
    held: int = 0
    held_msat: Msat = ZERO_MSAT
    nearest_blocks: int | None = None
    height: int | None = None
    loaded: bool = False
    hidden_settled: int = 0


# --- events, forwards ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventsView:
    """Newest first. `gaps`: times in which events may have been lost."""

    lines: tuple[EventLine, ...] = ()
    seen: int = 0
    unknown: int = 0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class ForwardsView:
    """First pages of ListForwardedPayments: rows without id and time, newest first."""

    rows: tuple[ForwardedPayment, ...] = ()
    loaded: bool = False


# --- the port ------------------------------------------------------------------------------------------------------

Listener = Callable[[frozenset[Topic]], None]


class NodePort(Protocol):
    """What the app needs of a node. Everything but the coroutines answers at once, from memory."""

    @property
    def feed(self) -> FeedState: ...

    @property
    def attention(self) -> tuple[AttentionLine, ...]: ...

    @property
    def report(self) -> ConnectionReport: ...

    async def start(self) -> None:
        """Begins to connect and returns; the feed goes on by itself until `stop`."""

    async def stop(self) -> None:
        """Ends the feed, closes the connections. Safe to call twice."""

    def retry_now(self) -> None:
        """Ends the waiting before the next attempt."""

    async def refresh(self) -> None:
        """Reads everything again. Raises LdkError when it cannot; what was known stays."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener(topics)` is called on the event loop, at most ten times a second. Returns the way to end it."""

    def node(self, now_unix: float) -> NodeView: ...

    def channels(self, query: ChannelQuery) -> ChannelsView: ...

    def channel(self, key: ChannelKey) -> ChannelRow | None: ...

    def peers(self) -> tuple[Peer, ...]: ...

    def payments(self, query: PaymentQuery) -> PaymentsView: ...

    def payment(self, payment_id: PaymentId) -> PaymentRow | None: ...

    def hodl(self) -> HodlView: ...

    def events(self) -> EventsView: ...

    def forwards(self) -> ForwardsView: ...

    def alias(self, node_id: NodeId) -> SafeText | None: ...

    def load_more_payments(self) -> None:
        """Goes on with the older pages in the background, if there are any and nothing is loading them."""

    async def payment_details(self, payment_id: PaymentId) -> PaymentDetails:
        """Reads the payment again (GetPaymentDetails). Raises LdkError."""

    async def reveal(self, payment_id: PaymentId, kind: SecretKind) -> Revealed:
        """One secret of one payment, asked for by a person. Never that of an unpaid invoice of our own."""


# --- rules of a row ------------------------------------------------------------------------------------------------


def kind_label(payment: Payment, is_hodl: bool) -> KindLabel:
    """The kind in our words. JIT: the LSP kept a part, or the 2026-04 kind with its fee limits."""
    kind = payment.kind
    if isinstance(kind, Bolt11Kind):
        if is_hodl:
            return KindLabel.HODL
        return KindLabel.JIT if kind.lsp_fee_limits is not None or kind.skimmed_fee_msat else KindLabel.BOLT11
    return _LABELS.get(type(kind), KindLabel.UNKNOWN)


_LABELS: dict[type, KindLabel] = {
    OnchainKind: KindLabel.ONCHAIN,
    Bolt12OfferKind: KindLabel.BOLT12,
    Bolt12RefundKind: KindLabel.REFUND,
    SpontaneousKind: KindLabel.KEYSEND,
}


def effective_amount_msat(payment: Payment) -> Msat | None:
    """What moved. An outgoing offer payment records the price of one item: times the quantity (6.7, run)."""
    amount = payment.amount_msat
    if amount is None:
        return None
    kind = payment.kind
    if payment.direction is Direction.OUTBOUND and isinstance(kind, Bolt12OfferKind) and kind.quantity:
        return Msat(amount * kind.quantity)
    return amount


def effective_fee_msat(payment: Payment) -> Msat | None:
    """The fee we paid. None on incoming payments: an on-chain one may carry the payer's fee there (6.4, run)."""
    return payment.fee_paid_msat if payment.direction is Direction.OUTBOUND else None


def sat_to_msat_or_none(amount_sat: Sat) -> Msat | None:
    """As `sat_to_msat`, None for a figure that cannot be money (a hostile server's)."""
    try:
        return sat_to_msat(amount_sat)
    except OverflowError:
        return None
