"""A node in memory with channels in every state, kept by the real book: only the transport is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReason, CloseReasonKind, ClosureInitiator
from ldk_tui.core.ids import BlockHash, ChannelId, NodeId, PaymentHash, Txid, UserChannelId
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    Balances,
    BalanceSource,
    Channel,
    ChannelConfig,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    DustFeeRateMultiplier,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    OutPoint,
    PeerPolicy,
    PendingSweep,
)
from ldk_tui.core.text import SafeText, own
from ldk_tui.node.channel_book import ChannelBook
from ldk_tui.node.query import ChannelQuery
from ldk_tui.node.views import ChannelKey, ChannelRow, ChannelsView, NodeView, Topic
from tests.ui.fake_port import HASH, NOW, FakePort

HEIGHT = 212_345


def digits(name: str) -> str:
    """64 hex digits that begin with the name's own."""
    return (name.encode().hex() + "0" * 64)[:64]


def channel(name: str, **changes: Any) -> Channel:
    """2,000,000 sat with the peer `name`, usable, opened by us."""
    fields: dict[str, Any] = {
        "channel_id": ChannelId(digits(name)),
        "counterparty": NodeId("02" + digits(name)),
        "user_channel_id": UserChannelId(str(int.from_bytes(name.encode()) or 1)),
        "funding_txo": OutPoint(Txid(digits(f"tx{name}")), 1),
        "value_sat": Sat(2_000_000),
        "our_reserve_sat": Sat(20_000),
        "their_reserve_sat": Sat(21_000),
        "feerate_sat_per_kw": 253,
        "outbound_capacity_msat": Msat(1_200_000_000),
        "inbound_capacity_msat": Msat(700_000_000),
        "confirmations_required": 3,
        "confirmations": 1_204,
        "is_outbound": True,
        "is_ready": True,
        "is_usable": True,
        "is_announced": True,
        "config": ChannelConfig(250, 1_000, 48, Sat(1_500), False, DustFeeRateMultiplier(10_000)),
        "next_outbound_htlc_limit_msat": Msat(990_000_000),
        "next_outbound_htlc_minimum_msat": Msat(1_001),
        "force_close_spend_delay": 144,
        "inbound_htlc_minimum_msat": Msat(1_002),
        "inbound_htlc_maximum_msat": Msat(500_000_000),
        "peer_policy": PeerPolicy(7, 120, 40),
    }
    return Channel(**(fields | changes))


def open_entry(of: Channel, **changes: Any) -> ClaimableOnChannelClose:
    fields: dict[str, Any] = {"amount_sat": Sat(1_219_111), "transaction_fee_sat": Sat(229)}
    return ClaimableOnChannelClose(of.channel_id, of.counterparty, **(fields | changes))


BOB = channel("bob")
CAROL = channel(
    "carol", is_usable=False, value_sat=Sat(5_000_000), outbound_capacity_msat=Msat(210_000_000), is_outbound=False
)
DAVE = channel(
    "dave",
    is_ready=False,
    is_usable=False,
    confirmations=1,
    inbound_capacity_msat=Msat(0),
    is_announced=False,
    config=ChannelConfig(fee_ppm=900, fee_base_msat=0),
    peer_policy=PeerPolicy(None, None, None),
)
ERIN = channel("erin", is_ready=False, is_usable=False, confirmations=0, inbound_capacity_msat=Msat(0))
FRANK = channel("frank", funding_txo=OutPoint(Txid(digits("txfrank2")), 0), confirmations=1)
GINA = channel("gina")
ALIASES = {
    BOB.counterparty: own("bob-cln"),
    CAROL.counterparty: own("carol-lnd"),
    ERIN.counterparty: own("erin"),
    FRANK.counterparty: own("frank"),
    GINA.counterparty: own("gina"),
}
HTLC_OUT = MaybeTimeoutClaimableHtlc(
    BOB.channel_id, BOB.counterparty, Sat(12_000), HEIGHT + 14, PaymentHash(digits("out")), True
)
HTLC_IN = MaybePreimageClaimableHtlc(BOB.channel_id, BOB.counterparty, Sat(50_000), HEIGHT + 42, HASH)
RETURNING = ClaimableAwaitingConfirmations(
    GINA.channel_id, GINA.counterparty, Sat(881_004), HEIGHT + 144, BalanceSource.COUNTERPARTY_FORCE_CLOSED
)
SWEPT = AwaitingThresholdConfirmations(
    ChannelId(digits("older")),
    Txid(digits("sweep")),
    BlockHash("00" * 32),
    HEIGHT - 1,
    Sat(40_000),
)


def closed(of: Channel, message: SafeText, detail: SafeText | None = None, **changes: Any) -> ChannelStateChanged:
    fields: dict[str, Any] = {
        "reason": CloseReason(
            CloseReasonKind.COUNTERPARTY_FORCE_CLOSED, message, detail, True, PaymentHash(digits("reason")), 253, 500
        ),
        "initiator": ClosureInitiator.REMOTE,
    }
    return ChannelStateChanged(
        of.channel_id, of.user_channel_id, of.counterparty, ChannelState.CLOSED, **(fields | changes)
    )


class ChannelPort(FakePort):
    """`FakePort` with a book: usable (HTLCs both ways), offline, pending, phantom, splicing, closing, swept."""

    def __init__(
        self, view: NodeView | None = None, *, filled: bool = True, aliases: dict[Any, Any] | None = None
    ) -> None:
        super().__init__(view)
        self.book = ChannelBook()
        self.book.aliases = ALIASES if aliases is None else aliases
        if filled:
            self.fill()

    def fill(self, *, message: SafeText | None = None, detail: SafeText | None = None) -> None:
        """First the past (an older funding, a channel since closed), then what is now."""
        book = self.book
        book.held = frozenset({HASH})
        before = replace(FRANK, funding_txo=OutPoint(Txid(digits("txfrank")), 0), confirmations=900)
        book.take_height(HEIGHT - 9)
        book.take_channels((BOB, CAROL, ERIN, before, GINA), NOW - 7_800)
        book.take_event(closed(GINA, message if message is not None else own("internal error"), detail))
        book.take_height(HEIGHT)
        self.now_are((BOB, CAROL, DAVE, ERIN, FRANK), tell=False)

    def now_are(
        self,
        channels: Sequence[Channel],
        extra: Sequence[LightningBalance] = (RETURNING,),
        sweeps: Sequence[PendingSweep] = (SWEPT,),
        *,
        tell: bool = True,
    ) -> None:
        """What the node answers from now on."""
        in_flight = (HTLC_OUT, HTLC_IN) if BOB.channel_id in {each.channel_id for each in channels} else ()
        entries = [open_entry(each) for each in channels]
        self.book.take_balances(Balances(Sat(0), Sat(0), Sat(0), Sat(0), (*entries, *in_flight, *extra), tuple(sweeps)))
        self.book.take_channels(tuple(channels), NOW)
        if tell:
            self.change(self.view, frozenset({Topic.CHANNELS, Topic.BALANCES}))

    def channels(self, query: ChannelQuery) -> ChannelsView:
        return self.book.view(query)

    def channel(self, key: ChannelKey) -> ChannelRow | None:
        return self.book.find(key)

    def row(self, of: Channel) -> ChannelRow:
        return next(row for row in self.book.rows() if row.channel_id == of.channel_id)
