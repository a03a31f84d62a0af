"""What we know of one node: the truth of the screen. Answers and events go in as a batch, topics that changed come out.

Nothing here does I/O or knows of time but what it is told. Two guards keep late answers from winning:

* a *ticket* is drawn when a request leaves and comes back with its answer; an answer with a lower number than the one
  that a value already has is dropped (for payments: see `payment_book`, where every observation has its rank);
* a ticket's *generation* is that of the store when it was drawn; `reset` (another node) voids all that are under way.

Values are immutable; a topic is reported only when a value differs, so that nothing is painted for nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Final

from ldk_tui.core.events import (
    ChannelStateChanged,
    Event,
    PaymentClaimable,
    PaymentFailed,
    PaymentForwarded,
    PaymentReceived,
    PaymentSuccessful,
    UnknownEvent,
)
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId, is_valid, onchain_payment_id
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    Balances,
    BroadcastAwaitingConfirmation,
    Channel,
    ForwardedPayment,
    MaybeTimeoutClaimableHtlc,
    NodeInfo,
    Payment,
    PaymentStatus,
    Peer,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText
from ldk_tui.node.channel_book import ChannelBook
from ldk_tui.node.hodl_book import HodlBook
from ldk_tui.node.payment_book import RECORD, PaymentBook, without_secrets
from ldk_tui.node.views import ALL_TOPICS, EventLine, ForwardsView, Topic

EVENT_LINES: Final = 2_000
_REMEMBERED_EVENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """Drawn when a request leaves (`at_unix`), or when an event is seen. Numbers only grow."""

    generation: int
    number: int
    at_unix: float


@dataclass(frozen=True, slots=True)
class InfoRead:
    ticket: Ticket
    info: NodeInfo


@dataclass(frozen=True, slots=True)
class BalancesRead:
    ticket: Ticket
    balances: Balances
    now_unix: float


@dataclass(frozen=True, slots=True)
class ChannelsRead:
    ticket: Ticket
    channels: tuple[Channel, ...]
    now_unix: float


@dataclass(frozen=True, slots=True)
class PeersRead:
    ticket: Ticket
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class PaymentsListed:
    """Rows of ListPayments."""

    ticket: Ticket
    payments: tuple[Payment, ...]
    now_unix: float


@dataclass(frozen=True, slots=True)
class RecordRead:
    """An answer of GetPaymentDetails; None = the node does not know the id."""

    ticket: Ticket
    payment_id: PaymentId
    payment: Payment | None
    now_unix: float


@dataclass(frozen=True, slots=True)
class ForwardsListed:
    """The first pages; rows have no id, so they replace the view and are never merged (7.5)."""

    ticket: Ticket
    forwards: tuple[ForwardedPayment, ...]


@dataclass(frozen=True, slots=True)
class AliasRead:
    """None: the graph does not know the node, or its announcement has no alias."""

    ticket: Ticket
    node_id: NodeId
    alias: SafeText | None


@dataclass(frozen=True, slots=True)
class EventSeen:
    ticket: Ticket
    event: Event


Update = (
    InfoRead
    | BalancesRead
    | ChannelsRead
    | PeersRead
    | PaymentsListed
    | RecordRead
    | ForwardsListed
    | AliasRead
    | EventSeen
)


class Store:
    """Mutable only through `apply` and `reset`, on the event loop's thread."""

    def __init__(self) -> None:
        self._generation = 0
        self._number = 0
        self._clear()

    def _clear(self) -> None:
        self.info: NodeInfo | None = None
        self.height_unix: float | None = None
        """When we saw the height change; None until it has changed once while we looked."""
        self.balances: Balances | None = None
        self.balances_unix: float | None = None
        self.payments = PaymentBook()
        self.channels = ChannelBook()
        self.hodl = HodlBook()
        self.peers: tuple[Peer, ...] | None = None
        self.forwards = ForwardsView()
        self.lines: deque[EventLine] = deque(maxlen=EVENT_LINES)
        self.events_seen = 0
        self.unknown_events = 0
        self.duplicate_events = 0
        self.aliases: dict[NodeId, SafeText | None] = {}
        self.channels.aliases = self.aliases
        self._newest: dict[type, int] = {}
        self._known_events: dict[Hashable, None] = {}
        self._topics: set[Topic] = set()

    # --- tickets ---------------------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        return self._generation

    def ticket(self, at_unix: float) -> Ticket:
        self._number += 1
        return Ticket(self._generation, self._number, at_unix)

    def reset(self) -> frozenset[Topic]:
        """Another node: forget all, and void what is still on its way."""
        self._generation += 1
        self._clear()
        return ALL_TOPICS

    # --- taking in -------------------------------------------------------------------------------------------------

    def apply(self, batch: Iterable[Update]) -> frozenset[Topic]:
        """Takes in a batch and says what changed. The order inside the batch does not matter for the end state."""
        self._topics = set()
        for update in batch:
            if update.ticket.generation == self._generation:
                self._take(update)
        if self._topics & {Topic.HODL, Topic.BALANCES, Topic.INFO, Topic.PAYMENTS}:
            self._settle_hodl()
        if self.payments.commit():
            self._topics.add(Topic.PAYMENTS)
        return frozenset(self._topics)

    def _take(self, update: Update) -> None:
        if isinstance(update, EventSeen):
            self._take_event(update)
        elif isinstance(update, PaymentsListed):
            self._take_listed(update)
        elif isinstance(update, RecordRead):
            self._take_record(update)
        elif isinstance(update, AliasRead):
            if self.aliases.get(update.node_id, _ABSENT) != update.alias:
                self.aliases[update.node_id] = update.alias
                self.channels.changed()
                self._topics |= {Topic.CHANNELS, Topic.PEERS, Topic.EVENTS, Topic.ATTENTION, Topic.HODL}
        elif self._is_newest(update):
            self._take_whole(update)

    def _is_newest(self, update: Update) -> bool:
        kind, number = type(update), update.ticket.number
        if number < self._newest.get(kind, 0):
            return False
        self._newest[kind] = number
        return True

    def _take_whole(self, update: InfoRead | BalancesRead | ChannelsRead | PeersRead | ForwardsListed) -> None:
        """Answers that replace what was there before."""
        if isinstance(update, InfoRead):
            height = self.info.height if self.info else None
            if self.info != update.info:
                self.info = update.info
                self._topics |= {Topic.INFO, Topic.ATTENTION}
            if update.info.height != height:
                self.height_unix = None if height is None else update.ticket.at_unix
                self.channels.take_height(update.info.height)
                self.hodl.take_height(update.info.height)
                self._topics |= {Topic.CHANNELS, Topic.BALANCES, Topic.HODL, Topic.PAYMENTS}
        elif isinstance(update, BalancesRead):
            self.balances_unix = update.now_unix
            self.hodl.take_balances(update.balances, update.ticket.at_unix, update.now_unix)
            self._topics.add(Topic.HODL)
            if self.balances != update.balances:
                self.balances = update.balances
                self.channels.take_balances(update.balances)
                self._topics |= {Topic.BALANCES, Topic.CHANNELS, Topic.ATTENTION}
        elif isinstance(update, ChannelsRead):
            changed = self.channels.channels != update.channels
            self.channels.take_channels(update.channels, update.now_unix)
            if changed:
                self._topics |= {Topic.CHANNELS, Topic.BALANCES, Topic.ATTENTION}
        elif isinstance(update, PeersRead):
            if self.peers != update.peers:
                self.peers = self.channels.peers = update.peers
                self.channels.changed()
                self._topics |= {Topic.PEERS, Topic.CHANNELS, Topic.ATTENTION}
        elif self.forwards.rows != update.forwards or not self.forwards.loaded:
            self.forwards = ForwardsView(update.forwards, True)
            self._topics.add(Topic.FORWARDS)

    def _take_listed(self, update: PaymentsListed) -> None:
        number, now_unix = update.ticket.number, update.now_unix
        for payment in update.payments:
            self.payments.observe(payment, stamp=number, listed=True)
            row = self.payments.get(payment.id)
            if row is not None and row.is_hodl:
                self.hodl.take_row(payment, now_unix)
                self._topics.add(Topic.HODL)

    def _take_record(self, update: RecordRead) -> None:
        payment = update.payment
        if payment is None:
            return
        stamp = RECORD + update.ticket.number
        self.hodl.take_record(payment, stamp, update.now_unix)
        self.payments.observe(payment, stamp=stamp)
        if payment.payment_hash is not None and payment.payment_hash in self.hodl:
            self._topics.add(Topic.HODL)

    def _take_event(self, update: EventSeen) -> None:
        event, ticket = update.event, update.ticket
        self.events_seen += 1
        self._topics.add(Topic.EVENTS)
        if isinstance(event, UnknownEvent):
            self.unknown_events += 1
        elif self._is_duplicate(event):
            self.duplicate_events += 1
            return
        self.lines.appendleft(EventLine(ticket.number, ticket.at_unix, _without_secrets(event)))
        stamp = RECORD + ticket.number
        if isinstance(event, PaymentReceived):
            self.hodl.take_received(event)
            self.payments.observe(_with_status(event.payment, PaymentStatus.SUCCEEDED), stamp=stamp)
            row = self.payments.get(event.payment.id)
            if row is not None and row.is_hodl:
                self._topics.add(Topic.HODL)
        elif isinstance(event, PaymentSuccessful):
            self.payments.observe(_with_status(event.payment, PaymentStatus.SUCCEEDED), stamp=stamp)
        elif isinstance(event, PaymentFailed):
            self.payments.observe(_with_status(event.payment, PaymentStatus.FAILED), stamp=stamp)
        elif isinstance(event, PaymentClaimable):
            self.hodl.take_claimable(event, stamp, ticket.at_unix)
            self.payments.observe(_with_status(event.payment, PaymentStatus.PENDING), stamp=stamp)
            self._topics |= {Topic.HODL, Topic.ATTENTION}
        elif isinstance(event, PaymentForwarded):
            self._topics.add(Topic.FORWARDS)
        elif isinstance(event, ChannelStateChanged):
            self.channels.take_event(event)
            self._topics |= {Topic.CHANNELS, Topic.ATTENTION}

    def _is_duplicate(self, event: Event) -> bool:
        """The server sends at least once (server facts 8). Forwards have no id: two alike may be two."""
        if isinstance(event, PaymentForwarded | UnknownEvent):
            return False
        if isinstance(event, ChannelStateChanged):
            key: Hashable = (event.channel_id, event.state, event.funding_txo, event.reason is None)
        else:
            payment = event.payment
            key = (type(event), payment.id, payment.status, payment.updated_unix)
        if key in self._known_events:
            return True
        self._known_events[key] = None
        if len(self._known_events) > _REMEMBERED_EVENTS:
            del self._known_events[next(iter(self._known_events))]
        return False

    def _settle_hodl(self) -> None:
        """Lets rows, channels and hodl book agree on what is held."""
        for payment_hash in self.hodl.fresh:
            self.payments.mark_hodl(PaymentId(payment_hash))
        self.hodl.fresh.clear()
        self.payments.show_hodl(self.hodl.shown())
        held = frozenset(each.payment_hash for each in self.hodl.held())
        if held != self.channels.held:
            self.channels.held = held
            self.channels.changed()
            self._topics |= {Topic.CHANNELS, Topic.ATTENTION}

    # --- what to ask the node about -------------------------------------------------------------------------------

    def ids_to_look_up(self, *, also_failed: bool = False) -> tuple[PaymentId, ...]:
        """Ids whose record may say more than we know: everything that is not final, HTLCs of payments that no list
        shows, and the transactions of channels and sweeps (on-chain payments are in no list, server facts 7.1).

        `also_failed`: outgoing payments that failed last, too: another client may have paid the same invoice since, and
        the row of ListPayments does not move when it changes (7.2).
        """
        wanted: dict[PaymentId, None] = dict.fromkeys(self.payments.open_ids)
        if also_failed:
            wanted.update(dict.fromkeys(self.payments.failed_last()))
        for payment_hash in self.hodl.unexplained():
            wanted[PaymentId(payment_hash)] = None
        for entry in self.balances.lightning if self.balances else ():
            if isinstance(entry, MaybeTimeoutClaimableHtlc) and entry.outbound_payment:
                self._want(wanted, PaymentId(entry.payment_hash))
        for channel in self.channels.channels or ():
            if channel.funding_txo is not None and channel.is_outbound and is_valid(channel.funding_txo.txid):
                self._want(wanted, onchain_payment_id(channel.funding_txo.txid))
        for sweep in self.balances.sweeps if self.balances else ():
            if isinstance(sweep, BroadcastAwaitingConfirmation | AwaitingThresholdConfirmations):
                txid = sweep.latest_spending_txid
                if is_valid(txid):
                    self._want(wanted, onchain_payment_id(txid))
        return tuple(each for each in wanted if is_valid(each))

    def _want(self, wanted: dict[PaymentId, None], payment_id: PaymentId) -> None:
        if self.payments.get(payment_id) is None:
            wanted[payment_id] = None

    def node_ids_to_name(self) -> tuple[NodeId, ...]:
        """Counterparties and peers, whether or not the graph has told their alias so far."""
        wanted: dict[NodeId, None] = {}
        for channel in self.channels.channels or ():
            wanted[channel.counterparty] = None
        for peer in self.peers or ():
            wanted[peer.node_id] = None
        return tuple(each for each in wanted if is_valid(each))

    # --- giving out ------------------------------------------------------------------------------------------------

    def named(self, line: EventLine, own_alias: Callable[[NodeId], SafeText | None]) -> EventLine:
        """The line with the aliases of the peers that its event names."""
        event = line.event
        if isinstance(event, ChannelStateChanged) and event.counterparty:
            return replace(line, peer=own_alias(event.counterparty))
        if isinstance(event, PaymentForwarded):
            into = next((each.node_id for each in event.forward.previous if each.node_id), None)
            out = next((each.node_id for each in event.forward.next if each.node_id), None)
            return replace(line, peer=own_alias(into) if into else None, peer_out=own_alias(out) if out else None)
        return line

    def events_of(self, payment_id: PaymentId, payment_hash: PaymentHash | None) -> tuple[EventLine, ...]:
        """Events of one payment that are still remembered, newest first."""
        found = []
        for line in self.lines:
            payment = getattr(line.event, "payment", None)
            if isinstance(payment, Payment) and (
                payment.id == payment_id or (payment_hash is not None and payment.payment_hash == payment_hash)
            ):
                found.append(line)
        return tuple(found)


_ABSENT: Final = object()


def _without_secrets(event: Event) -> Event:
    """As the book keeps payments: a line on the screen needs no preimage."""
    if isinstance(event, PaymentReceived | PaymentSuccessful | PaymentFailed | PaymentClaimable):
        return replace(event, payment=without_secrets(event.payment)[0])
    return event


def _with_status(payment: Payment, status: PaymentStatus) -> Payment:
    """The event's kind is the truth, the status inside may be older (safety 3.2)."""
    return payment if payment.status is status else replace(payment, status=status)
