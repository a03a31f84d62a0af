"""`NodeService`: one node, for the screen. Owns the client, the feed and the store, and answers the port of `views`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container
from functools import partial
from typing import Final

from ldk_tui.core.attention import AttentionLine, LateSync
from ldk_tui.core.errors import LdkError, Unreachable, UnreachableCause
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId
from ldk_tui.core.model import Bolt11Kind, Direction, NodeInfo, OnchainKind, Payment, PaymentStatus, Peer, UnknownKind
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.node.alarms import Alarms
from ldk_tui.node.feed import Feed, Identity
from ldk_tui.node.query import ChannelQuery, PaymentQuery, Shown
from ldk_tui.node.refresh import NodeClient
from ldk_tui.node.store import Store
from ldk_tui.node.timing import Clock, Timing
from ldk_tui.node.views import (
    ChannelKey,
    ChannelRow,
    ChannelsView,
    ConnectionReport,
    EventsView,
    FeedState,
    ForwardsView,
    HodlView,
    HtlcInFlight,
    Listener,
    NodeView,
    PaymentDetails,
    PaymentRow,
    PaymentsView,
    Revealed,
    SecretKind,
    Sync,
    SyncAge,
    Topic,
    Withheld,
)

_log = logging.getLogger(__name__)
RECENT: Final = 20

Connect = Callable[[], Awaitable[NodeClient]]
Report = Callable[[LdkError | None], ConnectionReport]


def _plain_report(error: LdkError | None) -> ConnectionReport:
    return ConnectionReport(cause=error.sentence if error else "")


class NodeService:
    """Implements `views.NodePort`.

    `connect` makes a new, probed client for each attempt and raises LdkError. `report` says for the connection screen
    what was tried. `identity`: what the server must be, as far as the profile says. `timing`: for tests.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        now: Callable[[], float],
        report: Report = _plain_report,
        identity: Identity | None = None,
        timing: Timing | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock(now)
        self._report = report
        self._listeners: list[Listener] = []
        self.store = Store()
        self._alarms = Alarms(self.store)
        self._payments_view: tuple[PaymentQuery, PaymentsView] | None = None
        self._feed = Feed(
            connect, self.store, clock=self._clock, flushed=self._flushed, timing=timing, identity=identity
        )

    # --- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._feed.start()

    async def stop(self) -> None:
        await self._feed.stop()

    def retry_now(self) -> None:
        self._feed.retry_now()

    async def refresh(self) -> None:
        await self._feed.resync()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def _flushed(self, topics: frozenset[Topic]) -> None:
        if self._alarms.tick(topics, self._clock.now(), self.feed.clock_skew_s):
            topics |= {Topic.ATTENTION}
        if not topics:
            return
        for listener in tuple(self._listeners):
            try:
                listener(topics)
            except Exception:
                _log.exception("A listener failed")

    # --- views -----------------------------------------------------------------------------------------------------

    @property
    def feed(self) -> FeedState:
        return self._feed.state

    @property
    def attention(self) -> tuple[AttentionLine, ...]:
        return self._alarms.lines

    @property
    def report(self) -> ConnectionReport:
        return self._report(self.feed.error)

    def node(self, now_unix: float) -> NodeView:
        store, info = self.store, self.store.info
        server_unix = now_unix + (self.feed.clock_skew_s or 0)
        return NodeView(
            feed=self.feed,
            info=info,
            network=info.network if info else None,
            level=self.feed.level,
            balances=store.balances,
            balances_unix=store.balances_unix,
            liquidity=store.channels.summary(),
            channel_counts=store.channels.counts(),
            peers_connected=sum(peer.is_connected for peer in store.peers or ()),
            peers_known=len(store.node_ids_to_name()),
            syncs=_syncs(info, server_unix, {line.sync for line in self.attention if line.sync}) if info else (),
            tip_age_s=None if store.height_unix is None else max(0, int(now_unix - store.height_unix)),
            attention=self.attention,
            recent=tuple(store.named(line, self.alias) for line in list(store.lines)[:RECENT]),
            aliases={node: alias for node, alias in store.aliases.items() if alias is not None},
            clock_skew_s=self.feed.clock_skew_s,
        )

    def channels(self, query: ChannelQuery) -> ChannelsView:
        return self.store.channels.view(query)

    def channel(self, key: ChannelKey) -> ChannelRow | None:
        return self.store.channels.find(key)

    def peers(self) -> tuple[Peer, ...]:
        return self.store.peers or ()

    def payments(self, query: PaymentQuery) -> PaymentsView:
        book = self.store.payments
        rows, problems = book.rows(query)
        hidden = 0 if query.unpaid else book.count(Shown.WAITING)
        progress = self._feed.refresher.payments.progress(book.listed)
        view = PaymentsView(rows, len(book), hidden, progress, problems, partial(book.sums, query))
        if self._payments_view is not None:
            old_query, old = self._payments_view
            same = old.rows is rows and (old.total, old.hidden_unpaid) == (view.total, hidden)
            if old_query == query and same and old.progress == progress:
                return old
        self._payments_view = (query, view)
        return view

    def payment(self, payment_id: PaymentId) -> PaymentRow | None:
        return self.store.payments.get(payment_id)

    def hodl(self) -> HodlView:
        info = self.store.info
        return self.store.hodl.view(
            synced_unix=info.lightning_sync_unix if info else None,
            now_unix=self._clock.now() + (self.feed.clock_skew_s or 0),
            row_of=self.store.payments.hodl_row,
            alias_of=self.alias,
            loaded=self.store.balances is not None,
        )

    def events(self) -> EventsView:
        lines = tuple(self.store.named(line, self.alias) for line in self.store.lines)
        return EventsView(lines, self.store.events_seen, self.store.unknown_events, self.feed.gaps)

    def forwards(self) -> ForwardsView:
        return self.store.forwards

    def alias(self, node_id: NodeId) -> SafeText | None:
        return self.store.aliases.get(node_id)

    # --- reads on demand -------------------------------------------------------------------------------------------

    def load_more_payments(self) -> None:
        self._feed.refresher.payments.allow_more()

    async def payment_details(self, payment_id: PaymentId) -> PaymentDetails:
        payment = await self._feed.refresher.record(self._connected(), payment_id)
        self._feed.settle()
        row = self.store.payments.get(payment_id)
        payment_hash = row.payment.payment_hash if row else None
        related = tuple(self.store.named(line, self.alias) for line in self.store.events_of(payment_id, payment_hash))
        hodl = None
        if row is not None and row.is_hodl:
            hodl = next((each for each in self.hodl().rows if each.payment_hash == payment_hash), None)
        return PaymentDetails(row, payment is not None, self._clock.now(), related, hodl, self._htlcs_of(payment_hash))

    def _htlcs_of(self, payment_hash: PaymentHash | None) -> tuple[HtlcInFlight, ...]:
        if payment_hash is None:
            return ()
        rows = self.store.channels.rows()
        return tuple(htlc for row in rows for htlc in row.htlcs if htlc.htlc.payment_hash == payment_hash)

    async def reveal(self, payment_id: PaymentId, kind: SecretKind) -> Revealed:
        """Read from the node at this moment, kept nowhere."""
        payment = await self._feed.refresher.record(self._connected(), payment_id)
        self._feed.settle()
        if payment is None:
            return Withheld("The node does not know this payment.")
        row = self.store.payments.get(payment_id)
        settled = payment.status is PaymentStatus.SUCCEEDED or (row is not None and row.shown is Shown.SUCCEEDED)
        return secret_of(payment, kind, settled=settled)

    def _connected(self) -> NodeClient:
        client = self._feed.client
        if client is None:
            raise self.feed.error or Unreachable("There is no connection.", cause=UnreachableCause.LOST)
        return client


def secret_of(payment: Payment, kind: SecretKind, *, settled: bool) -> Revealed:
    """The secret, or why it is not shown. `settled`: this payment was once seen settled.

    A preimage before settlement is money: any hop that knows it can keep the payment (safety 4.1). GetPaymentDetails
    shows that of an unpaid invoice of our own all the same (server facts 7.3, run).
    """
    what = payment.kind
    if isinstance(what, OnchainKind | UnknownKind):
        return Withheld("A payment of this kind has no such secret.")
    incoming = payment.direction is not Direction.OUTBOUND
    if not settled and incoming:
        return Withheld("This invoice has not been paid: who learns its secrets now could take the payment.")
    if kind is SecretKind.PREIMAGE:
        if not settled:
            return Withheld("This payment has not succeeded, so there is no proof of payment yet.")
        if what.preimage is None:
            if incoming and isinstance(what, Bolt11Kind):
                return Withheld("The node's record has none: a hodl payment's preimage stays with whoever made it.")
            return Withheld("The node's record has no preimage.")
        return what.preimage
    secret = getattr(what, "payment_secret", None)
    if secret is None:
        return Withheld("The node's record has no payment secret.")
    return Secret(secret.reveal().hex())


def _syncs(info: NodeInfo, server_unix: float, late: Container[object]) -> tuple[SyncAge, ...]:
    """By the server's clock, which is the one that these times come from. `late`: what the attention list says."""
    return tuple(
        SyncAge(sync, at_unix, None if at_unix is None else max(0, int(server_unix - at_unix)), subject in late)
        for sync, at_unix, subject in (
            (Sync.LIGHTNING, info.lightning_sync_unix, LateSync.LIGHTNING),
            (Sync.ONCHAIN, info.onchain_sync_unix, LateSync.ONCHAIN),
            (Sync.FEE_RATES, info.fee_rates_unix, LateSync.FEE_RATES),
            (Sync.GOSSIP, info.rgs_snapshot_unix, LateSync.GOSSIP),
            (Sync.ANNOUNCEMENT, info.announcement_unix, None),
        )
    )
