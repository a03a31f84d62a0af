"""A channel between two nodes of one world: whose money it is, what is in flight, and what the API says of it.

One `Channel` object is shared by both ends; end 0 is the funder. Balances leave out HTLCs that the end itself has
offered. Sums, fees and capacities are those of the worked case of server facts 6.3 and of the recordings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import ChannelId, PaymentHash, ShortChannelId, UserChannelId
from ldk_tui.core.model import (
    Channel as ChannelRow,
)
from ldk_tui.core.model import (
    ChannelConfig,
    ClaimableOnChannelClose,
    DustFeeRateMultiplier,
    HtlcLocator,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    OutPoint,
    PeerPolicy,
)
from ldk_tui.sim.chain import Tx

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

ANCHOR_SAT = 330
ANCHORS_SAT = 2 * ANCHOR_SAT
DUST_SAT = 354
MIN_RESERVE_SAT = 1_000
CONFIRMATIONS_REQUIRED = 6
FORCE_CLOSE_DELAY = 144
ANTI_REORG_DELAY = 6
ANCHOR_RESERVE_SAT = 25_000
_COMMIT_WEIGHT, _PLAIN_COMMIT_WEIGHT, _HTLC_WEIGHT = 1124, 724, 172
_COOP_CLOSE_FEE_SAT = 1_337

DEFAULT_CONFIG = ChannelConfig(
    fee_ppm=0,
    fee_base_msat=1000,
    cltv_expiry_delta=72,
    force_close_avoidance_max_fee_sat=Sat(1000),
    accept_underpaying_htlcs=False,
    max_dust_htlc_exposure=DustFeeRateMultiplier(10_000),
)


class Phase(Enum):
    """Where a channel is in its life. CLOSED channels leave `ListChannels` and live on in the balances."""

    NEGOTIATING = "negotiating"
    FUNDING = "funding"
    OPEN = "open"
    SHUTDOWN = "shutdown"
    CLOSED = "closed"


@dataclass(slots=True, eq=False)
class Htlc:
    """One HTLC in a channel. `offered_by` is the end (0, 1) that pays; `own` True: it is that end's own payment.

    `number` counts the channel's HTLCs and is given when it is offered.
    """

    amount_msat: int
    payment_hash: PaymentHash
    expiry_height: int
    offered_by: int
    own: bool
    number: int = 0

    @property
    def is_dust(self) -> bool:
        return self.amount_msat < DUST_SAT * 1000


@dataclass(slots=True, eq=False)
class End:
    """One node's half of a channel. `reserve_sat` is what this end must leave untouched."""

    node: SimNode
    user_channel_id: UserChannelId
    config: ChannelConfig
    balance_msat: int
    reserve_sat: int


@dataclass(slots=True)
class Splice:
    """A negotiated splice: visible only by READY with a new funding outpoint (6.9). `end` is who asked for it."""

    tx: Tx
    vout: int
    end: int
    change_sat: int
    locked: list[bool] = field(default_factory=lambda: [False, False])


@dataclass(slots=True, eq=False)
class Channel:
    """`announced` channels route for strangers. `phantom`: the funding transaction lost its coins and never exists.

    `anchors` False: a channel with a peer that has no coins for the anchor reserve (just-in-time channels, recorded).
    """

    ends: tuple[End, End]
    value_sat: int
    announced: bool
    feerate_sat_per_kw: int
    channel_id: ChannelId
    max_in_flight_msat: int
    phase: Phase = Phase.NEGOTIATING
    funding: OutPoint | None = None
    splice: Splice | None = None
    htlcs: list[Htlc] = field(default_factory=list)
    ready: list[bool] = field(default_factory=lambda: [False, False])
    ever_ready: list[bool] = field(default_factory=lambda: [False, False])
    shutdown_by: int | None = None
    phantom: bool = False
    anchors: bool = True
    opened_height: int = 0
    offered: int = 0
    on_ready: list[Callable[[], None]] = field(default_factory=list)

    # --- whose end ------------------------------------------------------------------------------------------------

    def side(self, node: SimNode) -> int:
        return 0 if self.ends[0].node is node else 1

    def end(self, node: SimNode) -> End:
        return self.ends[self.side(node)]

    def other(self, node: SimNode) -> End:
        return self.ends[1 - self.side(node)]

    @property
    def connected(self) -> bool:
        return self.ends[0].node.is_connected(self.ends[1].node.node_id)

    @property
    def usable(self) -> bool:
        return self.phase is Phase.OPEN and all(self.ready) and self.connected

    @property
    def scid(self) -> ShortChannelId | None:
        """block · 2^40 + tx · 2^16 + output, once the funding is in a block."""
        if self.funding is None:
            return None
        chain = self.ends[0].node.world.chain
        height = chain.confirmed_at(self.funding.txid)
        if height is None:
            return None
        return ShortChannelId(height << 40 | chain.position(self.funding.txid) << 16 | self.funding.vout)

    def locator(self, node: SimNode) -> HtlcLocator:
        """How a forward of `node` names this channel (7.5)."""
        return HtlcLocator(self.channel_id, self.end(node).user_channel_id, self.other(node).node.node_id)

    # --- capacities -----------------------------------------------------------------------------------------------

    def _anchors_msat(self, end: int) -> int:
        return self.anchors_sat * 1000 if end == 0 else 0

    @property
    def anchors_sat(self) -> int:
        return ANCHORS_SAT if self.anchors else 0

    def commit_fee_sat(self, extra_htlcs: int = 0) -> int:
        held = sum(not htlc.is_dust for htlc in self.htlcs) + extra_htlcs
        return (
            ((_COMMIT_WEIGHT if self.anchors else _PLAIN_COMMIT_WEIGHT) + _HTLC_WEIGHT * held)
            * self.feerate_sat_per_kw
            // 1000
        )

    def capacity_msat(self, end: int) -> int:
        """Outbound capacity of an end; the smaller one of both fundings while a splice is pending."""
        balance = self.ends[end].balance_msat - self._anchors_msat(end)
        now = balance - self.ends[end].reserve_sat * 1000
        if self.splice is not None:
            then = balance - self._spliced_reserve_sat(end) * 1000
            if self.splice.end == end:
                then += self.splice.change_sat * 1000
            now = min(now, then)
        return max(0, now)

    def _spliced_reserve_sat(self, end: int) -> int:
        if self.splice is None or not self.ends[end].reserve_sat:
            return self.ends[end].reserve_sat
        return reserve_for(self.value_sat + self.splice.change_sat)

    def limit_msat(self, end: int) -> int:
        """The largest HTLC that the end may offer now: room for fees (funder) and for what is in flight."""
        in_flight = sum(htlc.amount_msat for htlc in self.htlcs if htlc.offered_by == end)
        limit = min(self.capacity_msat(end), self.max_in_flight_msat - in_flight)
        if end == 0:
            limit = min(limit, self.capacity_msat(0) - self.commit_fee_sat(extra_htlcs=2) * 1000)
        return max(0, limit)

    # --- money ----------------------------------------------------------------------------------------------------

    def offer(self, htlc: Htlc) -> None:
        """Put an HTLC in flight. Raises ValueError when the end cannot pay it: a flaw of the caller."""
        end = self.ends[htlc.offered_by]
        if htlc.amount_msat > self.limit_msat(htlc.offered_by):
            raise ValueError("the end of the channel cannot pay this")
        end.balance_msat -= htlc.amount_msat
        htlc.number = self.offered
        self.offered += 1
        self.htlcs.append(htlc)

    def settle(self, htlc: Htlc) -> None:
        self.htlcs.remove(htlc)
        self.ends[1 - htlc.offered_by].balance_msat += htlc.amount_msat

    def fail(self, htlc: Htlc) -> None:
        self.htlcs.remove(htlc)
        self.ends[htlc.offered_by].balance_msat += htlc.amount_msat

    def total_msat(self) -> int:
        """What the channel holds, in balances and in flight: its value, always."""
        return sum(end.balance_msat for end in self.ends) + sum(htlc.amount_msat for htlc in self.htlcs)

    # --- what the API says ----------------------------------------------------------------------------------------

    def row(self, node: SimNode) -> ChannelRow:
        """The row of ListChannels as `node` sees it (6.9)."""
        mine, end, other = self.side(node), self.end(node), self.other(node)
        accepted = self.phase is not Phase.NEGOTIATING
        ready = self.ready[mine] and self.phase in (Phase.OPEN, Phase.SHUTDOWN)
        policy = other.config if all(self.ready) else ChannelConfig()
        smallest_reserves = 1000 * sum(each.reserve_sat for each in self.ends)
        theirs = min(self.max_in_flight_msat, self.value_sat * 1000 - smallest_reserves)
        return ChannelRow(
            channel_id=self.channel_id,
            counterparty=other.node.node_id,
            user_channel_id=end.user_channel_id,
            funding_txo=self.funding,
            value_sat=Sat(self.value_sat),
            our_reserve_sat=Sat(end.reserve_sat) if accepted else None,
            their_reserve_sat=Sat(other.reserve_sat),
            feerate_sat_per_kw=self.feerate_sat_per_kw,
            outbound_capacity_msat=Msat(self.capacity_msat(mine)),
            inbound_capacity_msat=Msat(self.capacity_msat(1 - mine)),
            confirmations_required=CONFIRMATIONS_REQUIRED if accepted else None,
            confirmations=self.confirmations(node) if accepted else None,
            is_outbound=mine == 0,
            is_ready=ready,
            is_usable=ready and self.usable,
            is_announced=self.announced,
            config=end.config,
            next_outbound_htlc_limit_msat=Msat(self.limit_msat(mine)),
            next_outbound_htlc_minimum_msat=Msat(1),
            force_close_spend_delay=FORCE_CLOSE_DELAY if accepted else None,
            inbound_htlc_minimum_msat=Msat(1) if accepted else None,
            inbound_htlc_maximum_msat=Msat(theirs) if accepted else None,
            peer_policy=PeerPolicy(policy.fee_base_msat, policy.fee_ppm, policy.cltv_expiry_delta),
        )

    def confirmations(self, node: SimNode) -> int:
        if self.funding is None:
            return 0
        return node.world.chain.confirmations(self.funding.txid, node.height)

    def on_close(self, node: SimNode) -> ClaimableOnChannelClose:
        """What the node would get if its commitment were broadcast now, in the new funding if a splice is pending."""
        mine = self.side(node)
        balances = [each.balance_msat for each in self.ends]
        value_sat = self.value_sat
        if self.splice is not None:
            balances[self.splice.end] += self.splice.change_sat * 1000
            value_sat += self.splice.change_sat
        ours_sat, theirs_sat = balances[mine] // 1000, balances[1 - mine] // 1000
        in_htlcs_sat = sum(htlc.amount_msat // 1000 for htlc in self.htlcs if not htlc.is_dust)
        fee_sat = 0
        if mine == 0:
            commit_fee_sat = self.commit_fee_sat()
            ours_sat = max(0, ours_sat - self.anchors_sat - commit_fee_sat)
            lost_sat = value_sat - balances[0] // 1000 - (theirs_sat if theirs_sat >= DUST_SAT else 0) - in_htlcs_sat
            fee_sat = commit_fee_sat + lost_sat + (0 if theirs_sat >= DUST_SAT else self.anchors_sat // 2)
        ours_sat = ours_sat if ours_sat >= DUST_SAT else 0

        def rounded(offered_by: int, own: bool | None) -> Msat:
            return Msat(
                sum(
                    htlc.amount_msat if htlc.is_dust else htlc.amount_msat % 1000
                    for htlc in self.htlcs
                    if htlc.offered_by == offered_by and own in (None, htlc.own)
                )
            )

        return ClaimableOnChannelClose(
            channel_id=self.channel_id,
            counterparty=self.other(node).node.node_id,
            amount_sat=Sat(ours_sat),
            transaction_fee_sat=Sat(fee_sat),
            outbound_payment_htlc_rounded_msat=rounded(mine, True),
            outbound_forwarded_htlc_rounded_msat=rounded(mine, False),
            inbound_htlc_rounded_msat=rounded(1 - mine, None),
        )

    def balances(self, node: SimNode) -> list[LightningBalance]:
        """The channel's entries in GetBalances: HTLCs above dust, then what a close would give."""
        return [*self.htlc_balances(node), self.on_close(node)]

    def htlc_balances(self, node: SimNode) -> list[LightningBalance]:
        mine, peer = self.side(node), self.other(node).node.node_id
        found: list[LightningBalance] = []
        for htlc in self.htlcs:
            if htlc.is_dust:
                continue
            amount = Sat(htlc.amount_msat // 1000)
            if htlc.offered_by == mine:
                found.append(
                    MaybeTimeoutClaimableHtlc(
                        self.channel_id, peer, amount, htlc.expiry_height, htlc.payment_hash, htlc.own
                    )
                )
            else:
                found.append(
                    MaybePreimageClaimableHtlc(self.channel_id, peer, amount, htlc.expiry_height, htlc.payment_hash)
                )
        return found

    def closing_amounts_sat(self) -> tuple[int, int]:
        """What each end's output of a cooperative close holds; the funder pays the fee, dust goes to it too."""
        first = self.ends[0].balance_msat // 1000 - _COOP_CLOSE_FEE_SAT
        second = self.ends[1].balance_msat // 1000
        return (first if first >= DUST_SAT else 0, second if second >= DUST_SAT else 0)

    def commitment_amounts_sat(self) -> tuple[int, int]:
        """What each end's output of the commitment transaction holds, without the HTLC and anchor outputs."""
        first = self.ends[0].balance_msat // 1000 - self.anchors_sat - self.commit_fee_sat()
        second = self.ends[1].balance_msat // 1000
        return (first if first >= DUST_SAT else 0, second if second >= DUST_SAT else 0)


def reserve_for(value_sat: int) -> int:
    """1 % of the channel, at least 1,000 sat."""
    return max(MIN_RESERVE_SAT, value_sat // 100)


def channel_id_for(funding: OutPoint) -> ChannelId:
    """The txid with its bytes reversed, its last two bytes XORed with the output number (BOLT 2)."""
    raw = bytearray(bytes.fromhex(funding.txid)[::-1])
    raw[-2] ^= funding.vout >> 8
    raw[-1] ^= funding.vout & 0xFF
    return ChannelId(raw.hex())


def merged_config(old: ChannelConfig, change: ChannelConfig) -> ChannelConfig:
    """A partial update: what is not said keeps its value (6.9, run)."""

    def pick(name: str) -> object:
        new = getattr(change, name)
        return getattr(old, name) if new is None else new

    return ChannelConfig(**{name: pick(name) for name in ChannelConfig.__dataclass_fields__})  # type: ignore[arg-type]
