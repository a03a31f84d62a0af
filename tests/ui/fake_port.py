"""A node in memory: implements `NodePort` with whatever a test puts into it. No transport is pretended below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.attention import AttentionKind, AttentionLine, LateSync, Severity
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    CloseReason,
    CloseReasonKind,
    ClosureInitiator,
    Event,
    PaymentClaimable,
    PaymentFailed,
    PaymentForwarded,
    PaymentReceived,
    PaymentSuccessful,
)
from ldk_tui.core.hodl import Urgency
from ldk_tui.core.ids import BlockHash, ChannelId, NodeId, PaymentHash, PaymentId, UserChannelId
from ldk_tui.core.liquidity import LargestPart, LiquiditySummary, SweepPart, SweepStage
from ldk_tui.core.model import (
    Balances,
    BestBlock,
    Bolt11Kind,
    Direction,
    Feature,
    ForwardedPayment,
    HtlcLocator,
    Level,
    Network,
    NodeInfo,
    Payment,
    PaymentStatus,
    Peer,
)
from ldk_tui.core.text import SafeText, clean, own
from ldk_tui.node.query import ChannelQuery, PaymentQuery
from ldk_tui.node.views import (
    ALL_TOPICS,
    ChannelCounts,
    ChannelKey,
    ChannelRow,
    ChannelsView,
    ConnectionReport,
    EventLine,
    EventsView,
    FeedState,
    ForwardsView,
    HodlView,
    Listener,
    NodeView,
    PaymentDetails,
    PaymentRow,
    PaymentsView,
    Phase,
    Revealed,
    SecretKind,
    Subject,
    Sync,
    SyncAge,
    Topic,
    Tried,
    Withheld,
)

NOW = 1_755_693_669.0  # 2025-08-20 12:41:09 UTC
OWN_ID = NodeId("02a1" + "5c" * 29 + "9f3c" + "aa")
BOB = NodeId("03bb" + "11" * 29 + "71aa" + "bb")
CAROL = NodeId("03ca" + "22" * 29 + "77aa" + "cc")
HASH = PaymentHash("7c1e" + "ab" * 30)
CHANNEL = ChannelId("5e0c" + "cd" * 30)

LIVE = FeedState(
    Phase.LIVE,
    NOW - 2340,
    NOW - 2340,
    NOW - 1,
    NOW - 60,
    attempt=0,
    level=Level.L2026_08,
    clock_skew_s=0.4,
    events_seen=41,
)
DOWN = FeedState(
    Phase.DOWN,
    NOW - 12,
    next_try_unix=NOW + 4,
    attempt=3,
    error=Unreachable(
        "Nothing listens at 127.0.0.1:3536: the server is not running, or still starting.",
        cause=UnreachableCause.REFUSED,
    ),
)
REPORT = ConnectionReport(
    (
        Tried(Subject.CONFIG, own("~/.ldk-server/config.toml"), True, own("read")),
        Tried(Subject.CERTIFICATE, own("~/.ldk-server/tls.crt"), True, own("read, valid until 2049-12-31")),
        Tried(Subject.KEY_FILE, own("~/.ldk-server/signet/api_key"), True, own("read, 32 bytes")),
        Tried(Subject.ADDRESS, own("127.0.0.1:3536"), False, own("connection refused")),
    ),
    "Nothing listens at 127.0.0.1:3536: the server is not running, or still starting.",
    "Start it with: ldk-server ~/.ldk-server/config.toml, or give another address with --server host:port.",
)


def payment(
    amount_sat: int | None,
    *,
    direction: Direction = Direction.INBOUND,
    status: PaymentStatus = PaymentStatus.SUCCEEDED,
    fee_msat: int | None = None,
    number: int = 0,
) -> Payment:
    identifier = f"{number:04x}" + "ef" * 30
    return Payment(
        PaymentId(identifier),
        Bolt11Kind(PaymentHash(identifier)),
        None if amount_sat is None else Msat(amount_sat * 1000),
        None if fee_msat is None else Msat(fee_msat),
        direction,
        status,
        int(NOW) - number * 60,
    )


def recent(alias: SafeText | None = None, message: SafeText | None = None) -> tuple[EventLine, ...]:
    bob = alias if alias is not None else own("bob-cln")
    hop = HtlcLocator(CHANNEL, UserChannelId("7"), BOB)
    events: tuple[Event, ...] = (
        PaymentClaimable(payment(50_000, status=PaymentStatus.PENDING, number=1), (), 212_348),
        PaymentForwarded(
            ForwardedPayment((hop,), (replace(hop, node_id=CAROL),), Msat(61_000), None, False, Msat(120_004_000))
        ),
        PaymentSuccessful(payment(21_000, direction=Direction.OUTBOUND, fee_msat=12_000, number=2)),
        PaymentReceived(payment(5_000, number=3)),
        PaymentFailed(payment(900_000, direction=Direction.OUTBOUND, status=PaymentStatus.FAILED, number=4)),
        ChannelStateChanged(CHANNEL, UserChannelId("7"), BOB, ChannelState.READY),
        ChannelStateChanged(
            CHANNEL,
            UserChannelId("7"),
            CAROL,
            ChannelState.CLOSED,
            reason=CloseReason(
                CloseReasonKind.COUNTERPARTY_FORCE_CLOSED, message if message is not None else own("internal error")
            ),
            initiator=ClosureInitiator.REMOTE,
        ),
    )
    return tuple(
        EventLine(100 - place, NOW - 9 - place * 700, event, bob, own("carol-lnd"))
        for place, event in enumerate(events)
    )


def attention(alias: SafeText | None = None) -> tuple[AttentionLine, ...]:
    bob = alias if alias is not None else own("bob-cln")
    return (
        AttentionLine(
            AttentionKind.HELD,
            Severity.ALARM,
            "held:1",
            Msat(50_000_000),
            212_348,
            3,
            (8, 63),
            Urgency.ALARM,
            payment_hash=HASH,
            peer=BOB,
            alias=bob,
        ),
        AttentionLine(
            AttentionKind.HTLC,
            Severity.NOTE,
            "htlc:1",
            Msat(12_000_000),
            212_359,
            14,
            (80, 210),
            Urgency.NOTE,
            payment_hash=HASH,
            channel_id=CHANNEL,
            peer=BOB,
            alias=bob,
            outgoing=True,
        ),
        AttentionLine(
            AttentionKind.PEER_DOWN,
            Severity.NOTE,
            "peer:1",
            Msat(210_000_000),
            peer=CAROL,
            alias=own("carol-lnd"),
            channels=1,
            capacity_msat=Msat(2_000_000_000),
            since_unix=NOW - 7_800,
        ),
        AttentionLine(AttentionKind.SYNC_LATE, Severity.NOTE, "sync:1", sync=LateSync.FEE_RATES, age_s=2_520),
        AttentionLine(AttentionKind.CLOCK, Severity.WARNING, "clock", skew_s=-32),
        AttentionLine(
            AttentionKind.PHANTOM,
            Severity.WARNING,
            "funding:1",
            Msat(1_500_000_000),
            channel_id=CHANNEL,
            peer=BOB,
            alias=bob,
            waited_blocks=9,
        ),
        AttentionLine(
            AttentionKind.SWEEP,
            Severity.INFO,
            "sweep:1",
            Msat(881_004_000),
            212_489,
            144,
            peer=CAROL,
            alias=own("carol-lnd"),
            sweep=SweepPart(CHANNEL, CAROL, Sat(881_004), SweepStage.DELAYED, 212_489),
        ),
    )


LIQUIDITY = LiquiditySummary(
    can_send_msat=Msat(4_120_334_000),
    can_receive_msat=Msat(6_402_110_000),
    lightning_sat=Sat(4_210_334),
    reserves_sat=Sat(90_000),
    in_flight_out_msat=Msat(12_000_000),
    in_flight_in_msat=Msat(50_000_000),
    onchain_total_sat=Sat(1_600_000),
    onchain_spendable_sat=Sat(1_250_000),
    onchain_pending_sat=Sat(300_000),
    anchor_reserve_sat=Sat(50_000),
    swept_sat=Sat(881_004),
    sweeps=(SweepPart(CHANNEL, CAROL, Sat(881_004), SweepStage.DELAYED, 212_489),),
    counted_twice_sat=Sat(0),
    phantom_sat=Sat(1_500_000),
    largest_send=LargestPart(Msat(1_980_000_000), CHANNEL, BOB),
    largest_receive=LargestPart(Msat(1_750_000_000), CHANNEL, CAROL),
    usable=11,
    offline=1,
    pending=1,
    phantoms=1,
    mostly_ours=2,
    mostly_theirs=4,
    in_between=5,
)


def info(alias: SafeText | None = None, uri: SafeText | None = None) -> NodeInfo:
    names = ["var_onion_optin", "payment_secret", "basic_mpp", "option_anchors", "keysend", "option_splice"]
    return NodeInfo(
        OWN_ID,
        BestBlock(BlockHash("00" * 8 + "9d" * 24), 212_345),
        int(NOW) - 240,
        int(NOW) - 300,
        int(NOW) - 2_520,
        int(NOW) - 7_260,
        int(NOW) - 33_000,
        (own("0.0.0.0:9735"),),
        (own("203.0.113.7:9735"),),
        alias if alias is not None else own("alice-ldk"),
        (uri if uri is not None else own(f"{OWN_ID}@203.0.113.7:9735"),),
        Network.SIGNET,
        {place * 2: Feature(own(each), place < 3) for place, each in enumerate(names)},
    )


def syncs() -> tuple[SyncAge, ...]:
    ages = {
        Sync.LIGHTNING: 240,
        Sync.ONCHAIN: 300,
        Sync.FEE_RATES: 2_520,
        Sync.GOSSIP: 7_260,
        Sync.ANNOUNCEMENT: 33_000,
    }
    return tuple(SyncAge(sync, int(NOW) - age, age, sync is Sync.FEE_RATES) for sync, age in ages.items())


def busy(alias: SafeText | None = None, message: SafeText | None = None) -> NodeView:
    return NodeView(
        LIVE,
        info(alias, message),
        Network.SIGNET,
        Level.L2026_08,
        Balances(Sat(1_600_000), Sat(1_250_000), Sat(50_000), Sat(4_210_334)),
        NOW - 4,
        LIQUIDITY,
        ChannelCounts(11, 1, 1),
        7,
        8,
        syncs(),
        240,
        attention(alias),
        recent(alias, message),
        {BOB: alias if alias is not None else own("bob-cln"), CAROL: own("carol-lnd")},
        0.4,
    )


class FakePort:
    """Answers from `view`; `change` sets it and tells the listeners."""

    def __init__(self, view: NodeView | None = None, report: ConnectionReport | None = None) -> None:
        self.view = view if view is not None else busy()
        self.told = report if report is not None else ConnectionReport()
        self.listeners: list[Listener] = []
        self.calls: list[str] = []
        self.fails: BaseException | None = None

    def change(self, view: NodeView, topics: frozenset[Topic] = ALL_TOPICS) -> None:
        self.view = view
        for listener in list(self.listeners):
            listener(topics)

    @property
    def feed(self) -> FeedState:
        return self.view.feed

    @property
    def attention(self) -> tuple[AttentionLine, ...]:
        return self.view.attention

    @property
    def report(self) -> ConnectionReport:
        return self.told

    async def start(self) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")

    def retry_now(self) -> None:
        self.calls.append("retry_now")

    async def refresh(self) -> None:
        self.calls.append("refresh")
        if self.fails is not None:
            raise self.fails

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def node(self, now_unix: float) -> NodeView:
        return self.view

    def channels(self, query: ChannelQuery) -> ChannelsView:
        return ChannelsView()

    def channel(self, key: ChannelKey) -> ChannelRow | None:
        return None

    def peers(self) -> tuple[Peer, ...]:
        return ()

    def payments(self, query: PaymentQuery) -> PaymentsView:
        return PaymentsView()

    def payment(self, payment_id: PaymentId) -> PaymentRow | None:
        return None

    def hodl(self) -> HodlView:
        return HodlView()

    def events(self) -> EventsView:
        return EventsView(self.view.recent)

    def forwards(self) -> ForwardsView:
        return ForwardsView()

    def alias(self, node_id: NodeId) -> SafeText | None:
        return self.view.aliases.get(node_id)

    def load_more_payments(self) -> None:
        self.calls.append("load_more_payments")

    async def payment_details(self, payment_id: PaymentId) -> PaymentDetails:
        return PaymentDetails(None, False, None)

    async def reveal(self, payment_id: PaymentId, kind: SecretKind) -> Revealed:
        return Withheld("nothing to reveal")


def hostile(text: str) -> SafeText:
    """As the dialect would make it."""
    return clean(text, "label")
