"""What a node can do with its money: GetBalances and ListChannels sorted by use, for the screen Node.

The server's totals mislead in three ways, which are undone here (server facts 6.3, 6.9, all run): after a cooperative
close both totals hold the money until it confirms; a channel whose funding never made it into a block counts although
it may not exist; HTLCs in flight are in no total. All sums are integers, whatever the server says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

from ldk_tui.core.amounts import ZERO_MSAT, Msat, Sat
from ldk_tui.core.events import CloseReasonKind
from ldk_tui.core.ids import ChannelId, NodeId, Txid
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    Balances,
    BalanceSource,
    BroadcastAwaitingConfirmation,
    Channel,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    ContentiousClaimable,
    CounterpartyRevokedOutputClaimable,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    PendingBroadcast,
    UnknownBalance,
)
from ldk_tui.core.record import dataclass

ZERO_SAT: Final = Sat(0)
PHANTOM_BLOCKS: Final = 6  # an opening of ours that is unconfirmed for so long may not exist (6.9, run)
SWEEP_CONFIRMATIONS: Final = 6  # a sweep is done, its money in the wallet, at LDK's anti-reorganisation delay
MOSTLY_PERCENT: Final = 80
_COOPERATIVE = frozenset(
    {
        CloseReasonKind.LEGACY_COOPERATIVE_CLOSURE,
        CloseReasonKind.COUNTERPARTY_INITIATED_COOPERATIVE_CLOSURE,
        CloseReasonKind.LOCALLY_INITIATED_COOPERATIVE_CLOSURE,
    }
)


def is_phantom(channel: Channel, unconfirmed_since_height: int | None, height: int | None) -> bool:
    """An own opening without a confirmation for six blocks: two openings within one wallet sync spend the same coins,
    both are answered OK, and the second funding transaction never exists (6.9, run)."""
    if channel.is_ready or not channel.is_outbound or channel.confirmations:
        return False
    if unconfirmed_since_height is None or height is None:
        return False
    return height - unconfirmed_since_height >= PHANTOM_BLOCKS


# --- one channel ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BarParts:
    """The capacity from our side to theirs; the parts are never negative and add up to it.

    `ours_msat`, `theirs_msat`: what either can send. Reserves: kept back, each side's own money, as far as that side
    has it. In flight: HTLCs of GetBalances, those below about 354 sat excepted. `other_msat`: fees, anchors, the rest.
    """

    ours_msat: Msat
    our_reserve_msat: Msat
    out_in_flight_msat: Msat
    other_msat: Msat
    in_in_flight_msat: Msat
    their_reserve_msat: Msat
    theirs_msat: Msat

    @property
    def capacity_msat(self) -> Msat:
        lower = self.ours_msat + self.our_reserve_msat + self.out_in_flight_msat + self.other_msat
        return Msat(lower + self.in_in_flight_msat + self.their_reserve_msat + self.theirs_msat)


def bar_parts(channel: Channel, entries: Iterable[LightningBalance]) -> BarParts:
    """The capacity cut into its parts, with the channel's own entries of GetBalances."""
    entries = tuple(entries)
    rest = max(0, channel.value_sat * 1_000)

    def take(amount_msat: int) -> Msat:
        nonlocal rest
        taken = min(rest, max(0, amount_msat))
        rest -= taken
        return Msat(taken)

    ours = take(channel.outbound_capacity_msat)
    theirs = take(channel.inbound_capacity_msat)
    out = take(1_000 * sum(each.amount_sat for each in entries if isinstance(each, MaybeTimeoutClaimableHtlc)))
    into = take(1_000 * sum(each.amount_sat for each in entries if isinstance(each, MaybePreimageClaimableHtlc)))
    our_reserve = take(_own_reserve_msat(channel, entries))
    their_reserve = take(channel.their_reserve_sat * 1_000)
    return BarParts(ours, our_reserve, out, Msat(rest), into, their_reserve, theirs)


def _own_reserve_msat(channel: Channel, entries: Iterable[LightningBalance]) -> int:
    """Our reserve as far as we have it: exact where GetBalances has the channel (our amount, plus the commitment's fee
    for the funder), all of it where we can send, else nothing (a channel that the peer funded begins like that)."""
    reserve = (channel.our_reserve_sat or 0) * 1_000
    own = next((each for each in entries if isinstance(each, ClaimableOnChannelClose)), None)
    if own is None:
        return reserve if channel.outbound_capacity_msat > 0 else 0
    fee_sat = own.transaction_fee_sat if channel.is_outbound else 0
    return min(reserve, max(0, (own.amount_sat + fee_sat) * 1_000 - channel.outbound_capacity_msat))


# --- money of closed channels ----------------------------------------------------------------------------------------


class SweepStage(Enum):
    """How far the money of a closed channel is on its way back, in this order (6.3, run)."""

    CLOSING = "closing"  # the closing transaction has not confirmed
    DELAYED = "delayed"  # confirmed, our output waits for its height
    CONTESTED = "contested"  # an HTLC that either side may claim, we until `height`
    TIMEOUT = "time-out"  # an outgoing HTLC, ours again at `height` unless the peer claims it
    REVOKED = "revoked"  # the peer published an old state: its money is ours to take
    BROADCAST = "broadcast"  # our sweep is waiting to be sent or confirmed
    CONFIRMING = "confirming"  # our sweep is in a block


@dataclass(frozen=True, slots=True)
class SweepPart:
    """`height`: when this stage ends (for CONTESTED: until when we may claim); None = not known yet.

    `in_wallet`: the on-chain total holds it already.
    """

    channel_id: ChannelId | None
    counterparty: NodeId | None
    amount_sat: Sat
    stage: SweepStage
    height: int | None = None
    txid: Txid | None = None
    in_wallet: bool = False

    def blocks_left(self, height: int | None) -> int | None:
        return None if self.height is None or height is None else max(0, self.height - height)


def sweep_parts(
    balances: Balances,
    channels: Iterable[Channel],
    closings: Mapping[ChannelId, CloseReasonKind] | None = None,
) -> tuple[SweepPart, ...]:
    """What comes back from closed channels, nearest height first, without cooperative closes: those pay the wallet.

    `closings`: why a channel closed, from the events seen; an unseen one is judged by `_in_both_totals`. A sweep in a
    block stays listed until its sixth confirmation, but the wallet has the money already (recorded: the on-chain total
    grew by it, spendable, while the sweep was "awaiting threshold"); one that waits for its block is there as far as
    the unconfirmed part of the on-chain total can hold it.
    """
    listed = {channel.channel_id for channel in channels}
    twice = _in_both_totals(balances, listed, closings or {})
    room = _onchain_pending_sat(balances) - sum(e.amount_sat for e in twice if isinstance(e, ClaimableOnChannelClose))
    parts: list[SweepPart] = []
    for entry in balances.lightning:
        part = _lightning_sweep(entry)
        if part is not None and part.channel_id not in listed and entry not in twice:
            parts.append(part)
    for stage in balances.sweeps:
        match stage:
            case PendingBroadcast(channel_id, amount_sat):
                parts.append(SweepPart(channel_id, None, amount_sat, SweepStage.BROADCAST))
            case BroadcastAwaitingConfirmation(channel_id, _, txid, amount_sat):
                seen = amount_sat > 0 and room >= amount_sat * 9 // 10
                room -= amount_sat if seen else 0
                parts.append(SweepPart(channel_id, None, amount_sat, SweepStage.BROADCAST, None, txid, in_wallet=seen))
            case AwaitingThresholdConfirmations(channel_id, txid, _, confirmed, amount_sat):
                done = confirmed + SWEEP_CONFIRMATIONS - 1
                parts.append(SweepPart(channel_id, None, amount_sat, SweepStage.CONFIRMING, done, txid, in_wallet=True))
            case _:
                pass
    return tuple(sorted(parts, key=lambda part: (part.height is None, part.height or 0)))


def _lightning_sweep(entry: LightningBalance) -> SweepPart | None:
    match entry:
        case ClaimableOnChannelClose():
            return SweepPart(entry.channel_id, entry.counterparty, entry.amount_sat, SweepStage.CLOSING)
        case ClaimableAwaitingConfirmations():
            stage, height = SweepStage.DELAYED, entry.confirmation_height
            return SweepPart(entry.channel_id, entry.counterparty, entry.amount_sat, stage, height)
        case ContentiousClaimable():
            stage, height = SweepStage.CONTESTED, entry.timeout_height
            return SweepPart(entry.channel_id, entry.counterparty, entry.amount_sat, stage, height)
        case MaybeTimeoutClaimableHtlc():
            stage, height = SweepStage.TIMEOUT, entry.claimable_height
            return SweepPart(entry.channel_id, entry.counterparty, entry.amount_sat, stage, height)
        case CounterpartyRevokedOutputClaimable():
            return SweepPart(entry.channel_id, entry.counterparty, entry.amount_sat, SweepStage.REVOKED)
        case _:  # an incoming HTLC is not ours before its preimage is known
            return None


def _in_both_totals(
    balances: Balances, listed: Collection[ChannelId], closings: Mapping[ChannelId, CloseReasonKind]
) -> list[ClaimableOnChannelClose | ClaimableAwaitingConfirmations]:
    """Cooperative closes until they have their confirmations: no longer listed, still claimable, and on-chain too (6.3,
    run). Once in a block the entry itself says that it was one.

    Before that a force-close looks the same, but the on-chain total does not hold it. Where no event told which it was,
    money that the unconfirmed part of the on-chain total can hold (less a tenth for fees) is in it.
    """
    twice: list[ClaimableOnChannelClose | ClaimableAwaitingConfirmations] = []
    room = _onchain_pending_sat(balances)
    for entry in balances.lightning:
        if isinstance(entry, ClaimableAwaitingConfirmations) and entry.source is BalanceSource.COOP_CLOSE:
            twice.append(entry)
        if not isinstance(entry, ClaimableOnChannelClose) or entry.channel_id in listed or entry.amount_sat <= 0:
            continue
        reason = closings.get(entry.channel_id)
        fits = room >= entry.amount_sat * 9 // 10
        if reason in _COOPERATIVE or (reason is None and fits):
            twice.append(entry)
            room -= entry.amount_sat
    return twice


def _onchain_pending_sat(balances: Balances) -> int:
    return max(0, balances.total_onchain_sat - balances.spendable_onchain_sat - balances.anchor_reserve_sat)


# --- the whole node --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LargestPart:
    """The largest single HTLC, and the channel that takes it."""

    amount_msat: Msat
    channel_id: ChannelId
    counterparty: NodeId


@dataclass(frozen=True, slots=True)
class LiquiditySummary:
    """The money of a node by what can be done with it.

    Send and receive: sums over *usable* channels. `cannot_send_msat`: the same of those that are offline or pending,
    without which the parts shown would not add up to `ours_sat`. `lightning_sat`: ours in open channels, reserves
    included, phantoms and HTLCs in flight not. `reserves_sat`: the part of it that cannot be spent.
    `onchain_pending_sat`: in the on-chain total, neither spendable nor anchor reserve. `swept_sat`: coming back from
    closed channels, `counted_twice_sat` taken out. `phantom_sat`: what the server counts in channels that may not
    exist. `ours_sat`: everything of ours but what is in flight. Counts `mostly_ours`, `mostly_theirs` (80 % and more on
    one side), `in_between`: usable channels.
    """

    can_send_msat: Msat
    can_receive_msat: Msat
    lightning_sat: Sat
    reserves_sat: Sat
    in_flight_out_msat: Msat
    in_flight_in_msat: Msat
    onchain_total_sat: Sat
    onchain_spendable_sat: Sat
    onchain_pending_sat: Sat
    anchor_reserve_sat: Sat
    swept_sat: Sat
    sweeps: tuple[SweepPart, ...]
    counted_twice_sat: Sat
    phantom_sat: Sat
    largest_send: LargestPart | None
    largest_receive: LargestPart | None
    usable: int
    offline: int
    pending: int
    phantoms: int
    mostly_ours: int
    mostly_theirs: int
    in_between: int
    cannot_send_msat: Msat = ZERO_MSAT

    @property
    def ours_sat(self) -> Sat:
        return Sat(self.lightning_sat + self.onchain_total_sat + self.swept_sat)

    @property
    def send_percent(self) -> int | None:
        """Our share of what usable channels can move, rounded; None when they can move nothing."""
        both = self.can_send_msat + self.can_receive_msat
        return None if both <= 0 else (200 * self.can_send_msat + both) // (2 * both)


def summarize(
    balances: Balances,
    channels: Sequence[Channel],
    *,
    phantoms: Collection[ChannelId] = (),
    closings: Mapping[ChannelId, CloseReasonKind] | None = None,
) -> LiquiditySummary:
    """Both answers put together. `phantoms`: channels for which `is_phantom` holds."""
    entries: dict[ChannelId, list[LightningBalance]] = {}
    for entry in balances.lightning:
        if not isinstance(entry, UnknownBalance):
            entries.setdefault(entry.channel_id, []).append(entry)
    solid = [channel for channel in channels if channel.channel_id not in phantoms]
    usable = [channel for channel in solid if channel.is_usable]
    listed = {channel.channel_id for channel in channels}
    sweeps = sweep_parts(balances, channels, closings)
    twice = _in_both_totals(balances, listed, closings or {})
    out = in_ = lightning = reserves = phantom = 0
    for entry in balances.lightning:
        match entry:
            case MaybeTimeoutClaimableHtlc() if entry.channel_id in listed:
                out += entry.amount_sat * 1_000
            case MaybePreimageClaimableHtlc():
                in_ += entry.amount_sat * 1_000
            case ClaimableOnChannelClose() if entry.channel_id in phantoms:
                phantom += entry.amount_sat
            case ClaimableOnChannelClose() if entry.channel_id in listed:
                lightning += entry.amount_sat
            case _:
                pass
    for channel in solid:
        reserves += _own_reserve_msat(channel, entries.get(channel.channel_id, ())) // 1_000
    ours = sum(_mostly(channel.outbound_capacity_msat, channel) for channel in usable)
    theirs = sum(_mostly(channel.inbound_capacity_msat, channel) for channel in usable)
    return LiquiditySummary(
        can_send_msat=Msat(sum(channel.outbound_capacity_msat for channel in usable)),
        can_receive_msat=Msat(sum(channel.inbound_capacity_msat for channel in usable)),
        lightning_sat=Sat(lightning),
        reserves_sat=Sat(reserves),
        in_flight_out_msat=Msat(out),
        in_flight_in_msat=Msat(in_),
        onchain_total_sat=balances.total_onchain_sat,
        onchain_spendable_sat=balances.spendable_onchain_sat,
        onchain_pending_sat=Sat(_onchain_pending_sat(balances)),
        anchor_reserve_sat=balances.anchor_reserve_sat,
        swept_sat=Sat(sum(part.amount_sat for part in sweeps if not part.in_wallet)),
        sweeps=sweeps,
        counted_twice_sat=Sat(
            sum(entry.amount_sat for entry in twice) + sum(part.amount_sat for part in sweeps if part.in_wallet)
        ),
        phantom_sat=Sat(phantom),
        largest_send=_largest((channel, channel.next_outbound_htlc_limit_msat) for channel in usable),
        largest_receive=_largest((channel, _largest_in(channel)) for channel in usable),
        usable=len(usable),
        offline=sum(channel.is_ready and not channel.is_usable for channel in solid),
        pending=sum(not channel.is_ready for channel in solid),
        phantoms=len(channels) - len(solid),
        mostly_ours=ours,
        mostly_theirs=theirs,
        in_between=len(usable) - ours - theirs,
        cannot_send_msat=Msat(sum(channel.outbound_capacity_msat for channel in solid if not channel.is_usable)),
    )


def _mostly(amount_msat: Msat, channel: Channel) -> bool:
    both = channel.outbound_capacity_msat + channel.inbound_capacity_msat
    return both > 0 and 100 * amount_msat >= MOSTLY_PERCENT * both


def _largest_in(channel: Channel) -> Msat:
    most = channel.inbound_htlc_maximum_msat
    return channel.inbound_capacity_msat if most is None else min(channel.inbound_capacity_msat, most)


def _largest(amounts: Iterable[tuple[Channel, Msat]]) -> LargestPart | None:
    channel, amount_msat = max(amounts, key=lambda pair: pair[1], default=(None, ZERO_MSAT))
    if channel is None or amount_msat <= 0:
        return None
    return LargestPart(amount_msat, channel.channel_id, channel.counterparty)
