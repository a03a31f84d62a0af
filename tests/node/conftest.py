"""What the tests of the node room share: makers of core values, a scripted node on a real server, a stepped clock."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ldk_tui.client.api import LdkClient
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core import requests as rq
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import Event
from ldk_tui.core.ids import BlockHash, ChannelId, NodeId, OfferId, PaymentHash, PaymentId, Txid, UserChannelId
from ldk_tui.core.model import (
    Balances,
    BestBlock,
    Bolt11Kind,
    Bolt12OfferKind,
    Channel,
    ChannelConfig,
    ClaimableOnChannelClose,
    Direction,
    Feature,
    ForwardedPayment,
    GraphAnnouncement,
    GraphNode,
    Level,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    Network,
    NodeInfo,
    OutPoint,
    Page,
    PageToken,
    Payment,
    PaymentStatus,
    Peer,
    PeerPolicy,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText, clean
from ldk_tui.node.feed import Identity
from ldk_tui.node.service import NodeService
from ldk_tui.node.timing import Clock, Timing
from ldk_tui.node.views import Topic
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.server import SimServer, running
from ldk_tui.sim.subscription import Broadcast, BroadcastSubscription
from ldk_tui.wire.dialect import MalformedRequest, dialect_for

NOW = 1_800_000_000
LIMIT_S = 20.0
PAGE = 100


def hex64(*seed: object) -> str:
    return hashlib.sha256(repr(seed).encode()).hexdigest()


def a_node_id(seed: object = "peer") -> NodeId:
    return NodeId("02" + hex64("node", seed))


class Make:
    """Makers of core values with sensible defaults."""

    @staticmethod
    def payment(seed: object = 0, **changes: Any) -> Payment:
        """A BOLT11 payment: outgoing, settled; `status`, `direction`, `updated_unix`, `amount_msat`, … to change it."""
        payment_hash = changes.pop("payment_hash", None) or hex64("hash", seed)
        preimage = changes.pop("preimage", Secret(hex64("preimage", seed)))
        fields: dict[str, Any] = {
            "id": PaymentId(payment_hash),
            "kind": Bolt11Kind(PaymentHash(payment_hash), preimage),
            "amount_msat": Msat(21_000_000),
            "fee_paid_msat": Msat(1_200),
            "direction": Direction.OUTBOUND,
            "status": PaymentStatus.SUCCEEDED,
            "updated_unix": NOW - 1_000,
        }
        return Payment(**(fields | changes))

    @staticmethod
    def hodl(seed: object = 0, **changes: Any) -> Payment:
        """An incoming hodl payment, held: no preimage in the record."""
        fields: dict[str, Any] = {
            "direction": Direction.INBOUND,
            "status": PaymentStatus.PENDING,
            "fee_paid_msat": None,
            "preimage": None,
            "amount_msat": Msat(50_000_000),
        }
        return Make.payment(("hodl", seed), **(fields | changes))

    @staticmethod
    def offer_payment(
        seed: object = 0, *, note: str | None = None, quantity: int | None = None, **changes: Any
    ) -> Payment:
        kind = Bolt12OfferKind(
            PaymentHash(hex64("hash12", seed)),
            Secret(hex64("preimage12", seed)),
            None,
            OfferId(hex64("offer", seed)),
            None if note is None else clean(note),
            quantity,
        )
        fields: dict[str, Any] = {"id": PaymentId(hex64("id12", seed)), "kind": kind}
        return Make.payment(seed, **(fields | changes))

    @staticmethod
    def channel(seed: object = 0, **changes: Any) -> Channel:
        """5,000,000 sat, usable, funded by us."""
        fields: dict[str, Any] = {
            "channel_id": ChannelId(hex64("channel", seed)),
            "counterparty": a_node_id(seed),
            "user_channel_id": UserChannelId(str(int(hex64("user", seed)[:30], 16))),
            "funding_txo": OutPoint(Txid(hex64("funding", seed)), 0),
            "value_sat": Sat(5_000_000),
            "our_reserve_sat": Sat(50_000),
            "their_reserve_sat": Sat(50_000),
            "feerate_sat_per_kw": 253,
            "outbound_capacity_msat": Msat(3_949_340_000),
            "inbound_capacity_msat": Msat(950_000_000),
            "confirmations_required": 3,
            "confirmations": 100,
            "is_outbound": True,
            "is_ready": True,
            "is_usable": True,
            "is_announced": True,
            "config": ChannelConfig(250, 0, 72, Sat(1_000), False, None),
            "next_outbound_htlc_limit_msat": Msat(3_949_340_000),
            "next_outbound_htlc_minimum_msat": Msat(1),
            "force_close_spend_delay": 144,
            "inbound_htlc_minimum_msat": Msat(1),
            "inbound_htlc_maximum_msat": Msat(4_950_000_000),
            "peer_policy": PeerPolicy(0, 120, 40),
        }
        return Channel(**(fields | changes))

    @staticmethod
    def open_entry(channel: Channel, amount_sat: int = 3_998_778, fee_sat: int = 562) -> ClaimableOnChannelClose:
        return ClaimableOnChannelClose(channel.channel_id, channel.counterparty, Sat(amount_sat), Sat(fee_sat))

    @staticmethod
    def held_htlc(payment: Payment, channel: Channel, amount_sat: int = 50_000, expiry: int = 289) -> Any:
        assert payment.payment_hash is not None
        return MaybePreimageClaimableHtlc(
            channel.channel_id, channel.counterparty, Sat(amount_sat), expiry, payment.payment_hash
        )

    @staticmethod
    def balances(*entries: LightningBalance, **changes: Any) -> Balances:
        fields: dict[str, Any] = {
            "total_onchain_sat": Sat(1_000_000),
            "spendable_onchain_sat": Sat(950_000),
            "anchor_reserve_sat": Sat(50_000),
            "total_lightning_sat": Sat(4_000_000),
            "lightning": tuple(entries),
        }
        return Balances(**(fields | changes))

    @staticmethod
    def info(height: int = 200, **changes: Any) -> NodeInfo:
        fields: dict[str, Any] = {
            "node_id": a_node_id("self"),
            "best_block": BestBlock(BlockHash(hex64("block", height)), height),
            "lightning_sync_unix": NOW - 4,
            "onchain_sync_unix": NOW - 5,
            "fee_rates_unix": NOW - 6,
            "alias": clean("alice"),
            "network": Network.REGTEST,
            "features": {15: Feature(clean("PaymentSecret"), False)},
        }
        return NodeInfo(**(fields | changes))

    node_id = staticmethod(a_node_id)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


@dataclass
class ScriptedNode:
    """A node whose answers are core values that the test sets. It keeps log and records apart, as servers do.

    `log`: ListPayments, newest first write on top. `records`: GetPaymentDetails. `count`: calls by method.
    """

    level: Level = Level.L2026_08
    info: NodeInfo = field(default_factory=Make.info)
    balances: Balances = field(default_factory=Make.balances)
    channels: list[Channel] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    log: list[Payment] = field(default_factory=list)
    records: dict[PaymentId, Payment] = field(default_factory=dict)
    forwards: list[ForwardedPayment] = field(default_factory=list)
    aliases: dict[NodeId, str] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    events: Broadcast = field(default_factory=lambda: Broadcast(ring=1024))
    asked: list[rq.Request] = field(default_factory=list)

    def methods(self) -> frozenset[str]:
        return dialect_for(self.level).methods

    async def call(self, method: str, body: bytes) -> bytes:
        dialect = dialect_for(self.level)
        try:
            request = dialect.decode_request(method, body)
        except MalformedRequest:
            raise GrpcStatus(3, "Malformed request") from None
        self.count[method] = self.count.get(method, 0) + 1
        self.asked.append(request)
        return dialect.encode_answer(method, self._answer(request))

    def _answer(self, request: rq.Request) -> Any:
        match request:
            case rq.GetNodeInfo():
                return self.info
            case rq.GetBalances():
                return self.balances
            case rq.ListChannels():
                return tuple(self.channels)
            case rq.ListPeers():
                return tuple(self.peers)
            case rq.GetPaymentDetails(payment_id):
                return self.records.get(payment_id)
            case rq.ListPayments(token):
                return self._page(token)
            case rq.ListForwardedPayments():
                return Page(tuple(self.forwards), None)
            case rq.GraphGetNode(node_id):
                if node_id not in self.aliases:
                    raise GrpcStatus(3, f"Node with ID {node_id} not found in the network graph.")
                name = SafeText(self.aliases[node_id])
                return GraphNode((), GraphAnnouncement(NOW, name, SafeText("#33aa55"), ()))
            case _:
                raise GrpcStatus(12, f"Unknown method: {type(request).__name__}")

    def _page(self, token: PageToken | None) -> Page[Payment]:
        places = {row.id: place for place, row in enumerate(self.log)}
        start = 0 if token is None else places[PaymentId(token.token)] + 1
        rows = tuple(self.log[start : start + PAGE])
        return Page(rows, PageToken(rows[-1].id, rows[-1].updated_unix) if rows else None)

    def subscribe(self) -> BroadcastSubscription:
        return self.events.subscribe()

    def metrics(self) -> str:
        return ""

    def emit(self, *events: Event) -> None:
        dialect = dialect_for(self.level)
        for event in events:
            data = dialect.encode_event(event)
            assert data is not None
            self.events.publish(data)

    def payment_happens(self, payment: Payment) -> None:
        """The node settles it: record and log know; the event is the test's to emit, or to lose."""
        self.records[payment.id] = payment
        self.log.insert(0, payment)


class SteppedClock:
    """Time that moves only when the test says so; sleepers wake in order. Network I/O goes on in real time."""

    def __init__(self) -> None:
        self.unix = float(NOW)
        self.mono = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0
        self.slept: list[float] = []
        self.clock = Clock(lambda: self.unix, lambda: self.mono, self.sleep, lambda low, high: high)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._number += 1
        self.slept.append(seconds)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.mono + seconds, self._number, waiting))
        await waiting

    def advance(self, seconds: float) -> None:
        """Moves both clocks and wakes whoever is due."""
        self.jump(seconds, seconds)

    def jump(self, unix_s: float, mono_s: float) -> None:
        self.unix += unix_s
        self.mono += mono_s
        while self._sleepers and self._sleepers[0][0] <= self.mono + 1e-9:
            _, _, waiting = heapq.heappop(self._sleepers)
            if not waiting.done():
                waiting.set_result(None)


@dataclass
class Stage:
    """A scripted node on a real server, and a service that watches it."""

    node: ScriptedNode
    server: SimServer
    time: SteppedClock
    service: NodeService
    told: list[frozenset[Topic]] = field(default_factory=list)
    clients: list[LdkClient] = field(default_factory=list)

    async def until(self, predicate: Callable[[], bool], *, step_s: float = 0.1) -> None:
        """Lets time pass in small steps until the predicate holds; fails the test when it never does."""
        async with asyncio.timeout(LIMIT_S):
            while not predicate():
                self.time.advance(step_s)
                await asyncio.sleep(0.002)

    async def live(self) -> None:
        await self.service.start()
        await self.until(lambda: self.service.feed.is_live)

    async def quiet(self, seconds: float) -> None:
        """Lets so much time pass, in steps, with the network keeping up."""
        for _ in range(round(seconds / 0.5)):
            self.time.advance(0.5)
            for _ in range(4):
                await asyncio.sleep(0.001)


Set = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def stage() -> AsyncIterator[Set]:
    """`await stage(node, …)`: server and service, not started."""
    async with contextlib.AsyncExitStack() as stack:

        async def build(
            node: ScriptedNode | None = None,
            *,
            level: Level = Level.L2026_08,
            identity: Identity | None = None,
            timing: Timing | None = None,
            key: Secret[str] | None = None,
        ) -> Stage:
            node = node or ScriptedNode(level)
            time = SteppedClock()
            server = await stack.enter_async_context(running(node, level=level, now=lambda: time.unix))
            clients: list[LdkClient] = []

            async def connect() -> LdkClient:
                target = Target(
                    "127.0.0.1", server.port, PinnedCertificate(pem=server.certificate.pem), key or server.key
                )
                client = await LdkClient.connect(target, now=lambda: time.unix)
                clients.append(client)
                return client

            service = NodeService(connect, now=lambda: time.unix, identity=identity, timing=timing, clock=time.clock)
            stack.push_async_callback(service.stop)
            made = Stage(node, server, time, service, [], clients)
            service.subscribe(made.told.append)
            return made

        yield build
