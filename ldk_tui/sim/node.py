"""One simulated LDK Server's node: keys, wallet, channels, peers, its two payment stores, and what it tells the world.

It is the `Backend` of a `SimServer`: message bytes in, message bytes out, through the dialect of its level.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    Event,
    PaymentClaimable,
    PaymentFailed,
    PaymentForwarded,
    PaymentReceived,
    PaymentSuccessful,
)
from ldk_tui.core.ids import NodeId, PaymentId
from ldk_tui.core.model import Direction, ForwardedPayment, Level, Payment, PaymentStatus
from ldk_tui.core.requests import RPCS
from ldk_tui.sim import address as addresses
from ldk_tui.sim import secp256k1
from ldk_tui.sim.backend import INVALID_ARGUMENT, UNIMPLEMENTED, GrpcStatus, Subscription
from ldk_tui.sim.channel import ANCHOR_RESERVE_SAT, Channel
from ldk_tui.sim.closing import Closing
from ldk_tui.sim.onchain import record_transactions
from ldk_tui.sim.receiving import Receiving
from ldk_tui.sim.records import Table
from ldk_tui.sim.subscription import Broadcast
from ldk_tui.sim.wallet import Wallet
from ldk_tui.wire.dialect import Dialect, MalformedRequest, dialect_for

if TYPE_CHECKING:
    from ldk_tui.sim.liquidity import LspTerms
    from ldk_tui.sim.payments import Flow
    from ldk_tui.sim.world import World

ROW_DELAY_S = 0.004


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """How often a node looks, in seconds: bitcoind's 2 s by default, esplora's are 80, 30 and 600 (6.13)."""

    onchain_s: float = 2.0
    lightning_s: float = 2.0
    fees_s: float = 10.0


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """An entry of ListPeers. Inbound peers that were not saved show their ephemeral port (6.11)."""

    address: str
    persisted: bool


class SimNode:
    """A node of a world. `running` False: the process is down. `asleep`: HTLCs stop here (stuck payments)."""

    def __init__(self, world: World, alias: str, address: str, level: Level, sync: SyncPolicy) -> None:
        self.world = world
        self.alias = alias
        self.address = address
        self.level = level
        self.sync_policy = sync
        self.key = hashlib.sha256(f"key {world.seed} {alias}".encode()).digest()
        self.node_id = NodeId(secp256k1.public_key(self.key).hex())
        self.running = True
        self.asleep = False
        self.asleep_with: list[Flow] = []
        self.announces = True
        self.rejects_channels = False
        self.lsp: SimNode | None = None
        self.lsp_terms: LspTerms | None = None
        self.announced_unix: int | None = None
        self.sync_stopped_unix: float | None = None
        self.height = world.chain.height
        self.wallet = Wallet(world.chain, self._derive_address)
        self.channels: list[Channel] = []
        self.closings: list[Closing] = []
        self.known_peers: dict[NodeId, KnownPeer] = {}
        self.records: dict[PaymentId, Payment] = {}
        self.log: Table[Payment] = Table()
        self.forwards: Table[ForwardedPayment] = Table()
        self.receiving = Receiving(self)
        self.broadcast = Broadcast()
        self.listeners: list[Callable[[Event], None]] = []
        self.distort: Callable[[str, Any], Any] | None = None
        """A test's last word on an answer before it is encoded: (method, answer) → answer."""
        self._phase_s = world.rng.uniform(0, sync.onchain_s)
        self._by_height: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._sync_planned = False
        self._on_start: list[Callable[[], None]] = []
        self._unheard: list[Event] = []
        self.recount()
        self._dialect: Dialect | None = None

    def __repr__(self) -> str:
        return f"<SimNode {self.alias}>"

    def _derive_address(self, index: int) -> str:
        key = b"\x02" + hashlib.sha256(self.key + index.to_bytes(4, "big")).digest()
        return addresses.p2wpkh(self.world.network, key)

    # --- Backend --------------------------------------------------------------------------------------------------

    @property
    def dialect(self) -> Dialect:
        if self._dialect is None:
            self._dialect = dialect_for(self.level)
        return self._dialect

    def methods(self) -> frozenset[str]:
        return frozenset(n for n, rpc in RPCS.items() if self.level in rpc.levels and n != "SubscribeEvents")

    async def call(self, method: str, body: bytes) -> bytes:
        """One unary call. The work is done before anything is awaited: who hangs up stops nothing (4.5)."""
        return self.answer(method, body)

    def answer(self, method: str, body: bytes) -> bytes:
        """`call` without an event loop. Raises GrpcStatus."""
        from ldk_tui.sim import rpc

        self.world.clock.catch_up()
        if method not in self.methods():
            raise GrpcStatus(UNIMPLEMENTED, f"Unknown method: {method}")
        try:
            request = self.dialect.decode_request(method, body)
        except MalformedRequest:
            raise GrpcStatus(INVALID_ARGUMENT, "Malformed request") from None
        answer = rpc.handle(self, request)
        if self.distort is not None:
            answer = self.distort(method, answer)
        return self.dialect.encode_answer(method, answer)

    def subscribe(self) -> Subscription:
        self.world.clock.catch_up()
        return self.broadcast.subscribe()

    def metrics(self) -> str:
        from ldk_tui.sim.metrics import metrics_text

        self.world.clock.catch_up()
        return metrics_text(self)

    # --- events and stores ----------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Broadcast now; the row of the event log is written a moment later (server facts 8)."""
        if not self.running:
            if not isinstance(event, ChannelStateChanged):
                self._unheard.append(event)
            return
        if self.broadcast.subscribers:
            encoded = self.dialect.encode_event(event)
            if encoded is not None:
                self.broadcast.publish(encoded)
        for listener in tuple(self.listeners):
            listener(event)
        self._count(event)
        self.world.clock.after(ROW_DELAY_S, lambda: self._write(event))

    def _write(self, event: Event) -> None:
        now = self.world.clock.now
        if isinstance(event, PaymentForwarded):
            self.forwards.write(self.world.random_hex(), event.forward, now)
        elif isinstance(event, PaymentReceived | PaymentSuccessful | PaymentFailed | PaymentClaimable):
            self.log.write(event.payment.id, event.payment, now)

    def store(self, record: Payment, **changes: Any) -> None:
        """Change a node record; its time is now."""
        self.records[record.id] = replace(record, updated_unix=int(self.world.clock.now), **changes)

    def recount(self) -> None:
        """Set the counters of the metrics, as the server does when it starts (4.8)."""
        self.succeeded = sum(p.status is PaymentStatus.SUCCEEDED for p in self.records.values())
        self.failed = sum(p.status is PaymentStatus.FAILED for p in self.records.values())
        self.counted_channels = len(self.channels)

    def _count(self, event: Event) -> None:
        """The counters of the metrics, with their drift: after the start only outbound results count (4.8)."""
        if isinstance(event, PaymentSuccessful) and event.payment.direction is Direction.OUTBOUND:
            self.succeeded += 1
        elif isinstance(event, PaymentFailed) and event.payment.direction is Direction.OUTBOUND:
            self.failed += 1
        elif isinstance(event, ChannelStateChanged):
            if event.state is ChannelState.READY:
                self.counted_channels += 1
            elif event.state is ChannelState.CLOSED:
                self.counted_channels -= 1

    # --- peers ----------------------------------------------------------------------------------------------------

    def is_connected(self, peer: NodeId) -> bool:
        return frozenset((self.node_id, peer)) in self.world.links

    def channels_with(self, peer: NodeId) -> list[Channel]:
        return [channel for channel in self.channels if channel.other(self).node.node_id == peer]

    # --- chain ----------------------------------------------------------------------------------------------------

    @property
    def anchor_reserve_sat(self) -> int:
        """25,000 sat for each anchor channel in the list; freed as soon as it leaves (6.3)."""
        return ANCHOR_RESERVE_SAT * sum(channel.anchors for channel in self.channels)

    def spendable_sat(self) -> int:
        return max(0, self.wallet.trusted_sat() - self.anchor_reserve_sat)

    def last_tick(self, interval_s: float) -> float:
        """When this node last looked, by the rhythm of its polling."""
        now = self.world.clock.now if self.sync_stopped_unix is None else self.sync_stopped_unix
        return now - (now - self._phase_s) % interval_s

    def chain_changed(self) -> None:
        """Something happened on the chain: the node sees it when it looks next."""
        if self._sync_planned or not self.running or self.sync_stopped_unix is not None:
            return
        self._sync_planned = True
        due = self.last_tick(self.sync_policy.onchain_s) + self.sync_policy.onchain_s
        self.world.clock.at(due, self._planned_sync)

    def _planned_sync(self) -> None:
        self._sync_planned = False
        if self.running and self.sync_stopped_unix is None:
            self.sync()

    def sync(self) -> None:
        """See the chain as it is now, and do what the new height asks for."""
        self.height = self.world.chain.height
        self.wallet.sync(self.height)
        record_transactions(self)
        for channel in tuple(self.channels):
            self.world.lifecycle.seen(channel, self)
        for closing in tuple(self.closings):
            closing.seen(self.height)
            if closing.is_over:
                self.closings.remove(closing)
        while self._by_height and self._by_height[0][0] <= self.height:
            heapq.heappop(self._by_height)[2]()

    def at_height(self, height: int, callback: Callable[[], None]) -> None:
        """Run `callback` when this node sees `height` (at once when it has)."""
        if self.height >= height:
            callback()
        else:
            heapq.heappush(self._by_height, (height, next(self._order), callback))

    def next_height(self) -> int | None:
        return self._by_height[0][0] if self._by_height else None

    # --- process --------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The process ends: streams end, peers see a disconnection. Its server is stopped by its owner."""
        self.broadcast.close()
        self.running = False
        self.world.drop_links(self)
        self.known_peers = {peer: entry for peer, entry in self.known_peers.items() if entry.persisted}

    def start(self) -> None:
        """The process begins again: nothing that was acknowledged is announced again (8, 9.5)."""
        self.broadcast = Broadcast()
        self.running = True
        self._sync_planned = False
        self.sync()
        self.recount()
        waiting, self._on_start = self._on_start, []
        unheard, self._unheard = self._unheard, []
        for event in unheard:
            self.emit(event)
        for action in waiting:
            action()
        self.world.plan_reconnects()

    def when_started(self, action: Callable[[], None]) -> None:
        self._on_start.append(action)
