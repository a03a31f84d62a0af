"""What needs a person now, nearest deadline first.

One pure function of what is known at one moment. The lines carry values, not sentences: the screen formats amounts in
the unit that is on, ages at its own clock, and names peers. Each has a `key` that stays the same while its cause lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum, IntEnum
from typing import Final

from ldk_tui.core.amounts import Msat
from ldk_tui.core.events import CloseReasonKind
from ldk_tui.core.hodl import HeldPayment, HodlEvidence, HodlState, Remaining, Urgency, remaining, urgency
from ldk_tui.core.ids import ChannelId, NodeId, PaymentHash
from ldk_tui.core.liquidity import SweepPart, SweepStage, is_phantom, sweep_parts
from ldk_tui.core.model import (
    Balances,
    Channel,
    ClaimableOnChannelClose,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    NodeInfo,
    Peer,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText

HTLC_BLOCKS: Final = 18  # an HTLC further from its height than this is everyday life
CLOCK_WARNING_S: Final = 20
CLOCK_ALARM_S: Final = 45  # the server refuses at more than 60 s (server facts 2, run)
_MINUTE, _HOUR = 60, 3_600


class AttentionKind(Enum):
    HELD = "held payment"
    HTLC = "htlc"
    PEER_DOWN = "peer down"
    SYNC_LATE = "sync late"
    CLOCK = "clock"
    SWEEP = "sweep"
    PHANTOM = "unconfirmed funding"


class Severity(IntEnum):
    """INFO needs nobody. NOTE: know it. WARNING: soon. ALARM: now, or money may be lost."""

    INFO = 0
    NOTE = 1
    WARNING = 2
    ALARM = 3


class LateSync(Enum):
    """Which of the node's syncs is late."""

    LIGHTNING = "lightning wallet"
    ONCHAIN = "on-chain wallet"
    FEE_RATES = "fee rates"
    GOSSIP = "gossip snapshot"


@dataclass(frozen=True, slots=True)
class _Patience:
    """From which age on a sync is late, in seconds, and how bad that is."""

    late_s: int
    mild: Severity
    alarm_s: int | None = None


# The slowest chain back-end syncs the wallet every 80 s and fees every 600 s by default (server facts 6.13).
_PATIENCE: Final = {
    LateSync.LIGHTNING: _Patience(10 * _MINUTE, Severity.WARNING, _HOUR),
    LateSync.ONCHAIN: _Patience(10 * _MINUTE, Severity.WARNING, _HOUR),
    LateSync.FEE_RATES: _Patience(30 * _MINUTE, Severity.NOTE),
    LateSync.GOSSIP: _Patience(48 * _HOUR, Severity.NOTE),
}


@dataclass(frozen=True, slots=True)
class AttentionLine:
    """One thing to look at. Only what its kind needs is set.

    `key` is unique among the lines. `deadline_height` and `blocks_left`: HELD: claim before it; HTLC: the height at
    which the channel must be closed to save the money; SWEEP: the stage's end. `minutes`: the range until then.
    `deadline_is_guess`: nobody told it. `amount_msat`: what is at stake. `capacity_msat` (PEER_DOWN): of the channels
    that are not usable. `since_unix`: PEER_DOWN. `age_s` None on SYNC_LATE: never synced. `skew_s`: server minus here.
    `waited_blocks`: PHANTOM. `outgoing`: HTLC.
    """

    kind: AttentionKind
    severity: Severity
    key: str
    amount_msat: Msat | None = None
    deadline_height: int | None = None
    blocks_left: int | None = None
    minutes: tuple[int, int] | None = None
    urgency: Urgency | None = None
    deadline_is_guess: bool = False
    payment_hash: PaymentHash | None = None
    channel_id: ChannelId | None = None
    peer: NodeId | None = None
    alias: SafeText | None = None
    channels: int = 0
    capacity_msat: Msat | None = None
    since_unix: float | None = None
    sync: LateSync | None = None
    age_s: int | None = None
    skew_s: float | None = None
    sweep: SweepPart | None = None
    waited_blocks: int | None = None
    outgoing: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a node at `now_unix`. None = not read yet: then nothing is said about it.

    `held`: payments in GetBalances, or the evidence of hodl payments (those not held are passed over).
    `closings`: why channels closed, from events. `unconfirmed_since`: the height at which a channel was first seen
    without confirmations. `offline_since`: unix seconds since when a peer's channels are not usable.
    `clock_skew_s`: server minus here.
    """

    now_unix: float
    info: NodeInfo | None = None
    balances: Balances | None = None
    channels: Sequence[Channel] | None = None
    peers: Sequence[Peer] | None = None
    held: Sequence[HeldPayment | HodlEvidence] = ()
    clock_skew_s: float | None = None
    closings: Mapping[ChannelId, CloseReasonKind] = field(default_factory=dict)
    unconfirmed_since: Mapping[ChannelId, int] = field(default_factory=dict)
    offline_since: Mapping[NodeId, float] = field(default_factory=dict)
    aliases: Mapping[NodeId, SafeText | None] = field(default_factory=dict)

    @property
    def height(self) -> int | None:
        return self.info.height if self.info else None

    @property
    def server_unix(self) -> float:
        """Now, on the server's clock: its sync times are by that one."""
        return self.now_unix + (self.clock_skew_s or 0)

    def remaining(self, deadline_height: int | None) -> Remaining | None:
        if deadline_height is None or self.height is None:
            return None
        synced = self.info.lightning_sync_unix if self.info else None
        return remaining(deadline_height, self.height, synced, self.server_unix)


def attention(now: Situation) -> tuple[AttentionLine, ...]:
    """All lines, nearest deadline first.

    A line without a deadline stands where its severity puts it: an alarm beside deadlines of 3 blocks, a warning beside
    those of 12, a note behind all. Sweeps need nobody and come last, by height.
    """
    lines = [*_held(now), *_htlcs(now), *_peers(now), *_syncs(now), *_clock(now), *_phantoms(now), *_sweeps(now)]
    return tuple(sorted(_with_own_keys(lines), key=_order))


def _with_own_keys(lines: Iterable[AttentionLine]) -> Iterable[AttentionLine]:
    """Two parts of one payment on one channel have the same key: the second gets a number."""
    times: dict[str, int] = {}
    for line in lines:
        times[line.key] = number = times.get(line.key, 0) + 1
        yield line if number == 1 else replace(line, key=f"{line.key}:{number}")


_FAR = 1 << 40
_STANDS_AT = {Severity.ALARM: 3, Severity.WARNING: 12, Severity.NOTE: _FAR, Severity.INFO: _FAR}


def _order(line: AttentionLine) -> tuple[bool, int, int, str, str]:
    blocks = _STANDS_AT[line.severity] if line.blocks_left is None else line.blocks_left
    return line.severity is Severity.INFO, blocks, -line.severity, line.kind.value, line.key


_SEVERITIES = {
    Urgency.CALM: Severity.NOTE,
    Urgency.NOTE: Severity.NOTE,
    Urgency.WARNING: Severity.WARNING,
    Urgency.ALARM: Severity.ALARM,
    Urgency.NOW: Severity.ALARM,
    Urgency.OVER: Severity.ALARM,
}


def _held(now: Situation) -> Iterable[AttentionLine]:
    for each in now.held:
        guess, peer = False, None
        if isinstance(each, HodlEvidence):
            if each.state(now.height) is not HodlState.HELD:
                continue
            amount_msat = Msat(each.held.amount_sat * 1_000) if each.held else each.asked_msat
            deadline, guess, parts = each.deadline_height(now.height), each.deadline_is_guess, each.held
        else:
            amount_msat, deadline, parts = Msat(each.amount_sat * 1_000), each.deadline_height, each
        if parts is not None and len({part.counterparty for part in parts.parts}) == 1:
            peer = parts.parts[0].counterparty
        left = now.remaining(deadline)
        yield AttentionLine(
            AttentionKind.HELD,
            _SEVERITIES[left.urgency] if left else Severity.WARNING,
            f"held:{each.payment_hash}",
            amount_msat,
            deadline,
            left.blocks if left else None,
            left.minutes if left else None,
            left.urgency if left else None,
            guess,
            each.payment_hash,
            peer=peer,
            alias=now.aliases.get(peer) if peer else None,
        )


def _htlcs(now: Situation) -> Iterable[AttentionLine]:
    """HTLCs near their height on open channels. Held payments have their own line; closed channels are sweeps."""
    if now.balances is None or now.channels is None:
        return
    listed = {channel.channel_id for channel in now.channels}
    held = {each.payment_hash for each in now.held}
    for entry in now.balances.lightning:
        if not isinstance(entry, MaybeTimeoutClaimableHtlc | MaybePreimageClaimableHtlc):
            continue
        outgoing = isinstance(entry, MaybeTimeoutClaimableHtlc)
        if entry.channel_id not in listed or (not outgoing and entry.payment_hash in held):
            continue
        height = entry.claimable_height if isinstance(entry, MaybeTimeoutClaimableHtlc) else entry.expiry_height
        left = now.remaining(height)
        if left is None or left.blocks > HTLC_BLOCKS:
            continue
        yield AttentionLine(
            AttentionKind.HTLC,
            _SEVERITIES[left.urgency],
            f"htlc:{entry.channel_id}:{'out' if outgoing else 'in'}:{entry.payment_hash}",
            Msat(entry.amount_sat * 1_000),
            height,
            left.blocks,
            left.minutes,
            left.urgency,
            payment_hash=entry.payment_hash,
            channel_id=entry.channel_id,
            peer=entry.counterparty,
            alias=now.aliases.get(entry.counterparty),
            outgoing=outgoing,
        )


def _peers(now: Situation) -> Iterable[AttentionLine]:
    """Peers that are away while channels with them hold money. An HTLC that runs out meanwhile makes it pressing."""
    if now.channels is None or now.peers is None:
        return
    connected = {peer.node_id for peer in now.peers if peer.is_connected}
    away: dict[NodeId, list[Channel]] = {}
    for channel in now.channels:
        if channel.is_ready and not channel.is_usable and channel.counterparty not in connected:
            away.setdefault(channel.counterparty, []).append(channel)
    for peer, channels in away.items():
        ours = sum(channel.outbound_capacity_msat for channel in channels)
        nearest = _nearest_htlc(now, {channel.channel_id for channel in channels})
        step = None if nearest is None or now.height is None else urgency(nearest - now.height)
        if ours <= 0 and nearest is None:
            continue
        yield AttentionLine(
            AttentionKind.PEER_DOWN,
            Severity.NOTE if step is None else max(Severity.WARNING, _SEVERITIES[step]),
            f"peer:{peer}",
            Msat(ours),
            peer=peer,
            alias=now.aliases.get(peer),
            channels=len(channels),
            capacity_msat=Msat(sum(channel.value_sat for channel in channels) * 1_000),
            since_unix=now.offline_since.get(peer),
        )


def _nearest_htlc(now: Situation, channels: set[ChannelId]) -> int | None:
    """The first height at which something happens to an HTLC on these channels, for a held one its claim deadline."""
    deadlines: list[int] = []
    held = {each.payment_hash: each for each in now.held}
    for entry in now.balances.lightning if now.balances else ():
        if isinstance(entry, MaybeTimeoutClaimableHtlc) and entry.channel_id in channels:
            deadlines.append(entry.claimable_height)
        elif isinstance(entry, MaybePreimageClaimableHtlc) and entry.channel_id in channels:
            payment = held.get(entry.payment_hash)
            known = payment.deadline_height if isinstance(payment, HeldPayment) else None
            if isinstance(payment, HodlEvidence):
                known = payment.deadline_height(now.height)
            deadlines.append(entry.expiry_height if known is None else known)
    return min(deadlines, default=None)


def _syncs(now: Situation) -> Iterable[AttentionLine]:
    if now.info is None:
        return
    times = (
        (LateSync.LIGHTNING, now.info.lightning_sync_unix),
        (LateSync.ONCHAIN, now.info.onchain_sync_unix),
        (LateSync.FEE_RATES, now.info.fee_rates_unix),
        (LateSync.GOSSIP, now.info.rgs_snapshot_unix),
    )
    for sync, at_unix in times:
        if at_unix is None:
            if sync is LateSync.GOSSIP:  # this node gets its gossip from its peers
                continue
            yield AttentionLine(AttentionKind.SYNC_LATE, Severity.WARNING, f"sync:{sync.name}", sync=sync)
            continue
        age_s, patience = int(now.server_unix - at_unix), _PATIENCE[sync]
        if age_s > patience.late_s:
            alarm = patience.alarm_s is not None and age_s > patience.alarm_s
            severity = Severity.ALARM if alarm else patience.mild
            yield AttentionLine(AttentionKind.SYNC_LATE, severity, f"sync:{sync.name}", sync=sync, age_s=age_s)


def _clock(now: Situation) -> Iterable[AttentionLine]:
    """Beyond 60 s every call is refused: say so in time."""
    skew = now.clock_skew_s
    if skew is not None and abs(skew) > CLOCK_WARNING_S:
        severity = Severity.ALARM if abs(skew) > CLOCK_ALARM_S else Severity.WARNING
        yield AttentionLine(AttentionKind.CLOCK, severity, "clock", skew_s=skew)


def _phantoms(now: Situation) -> Iterable[AttentionLine]:
    """Own openings that may not exist; the amount is what the balances count for them."""
    entries = now.balances.lightning if now.balances else ()
    counted = {each.channel_id: each.amount_sat for each in entries if isinstance(each, ClaimableOnChannelClose)}
    for channel in now.channels or ():
        since = now.unconfirmed_since.get(channel.channel_id)
        if since is None or now.height is None or not is_phantom(channel, since, now.height):
            continue
        yield AttentionLine(
            AttentionKind.PHANTOM,
            Severity.WARNING,
            f"funding:{channel.channel_id}",
            Msat(counted.get(channel.channel_id, channel.value_sat) * 1_000),
            channel_id=channel.channel_id,
            peer=channel.counterparty,
            alias=now.aliases.get(channel.counterparty),
            waited_blocks=now.height - since,
        )


_SWEEP_SEVERITIES = {SweepStage.CONTESTED: Severity.WARNING, SweepStage.REVOKED: Severity.WARNING}


def _sweeps(now: Situation) -> Iterable[AttentionLine]:
    if now.balances is None or now.channels is None:
        return
    for part in sweep_parts(now.balances, now.channels, now.closings):
        yield AttentionLine(
            AttentionKind.SWEEP,
            _SWEEP_SEVERITIES.get(part.stage, Severity.INFO),
            f"sweep:{part.channel_id or '?'}:{part.stage.name}:{part.txid or part.height}",
            Msat(part.amount_sat * 1_000),
            part.height,
            part.blocks_left(now.height),
            channel_id=part.channel_id,
            peer=part.counterparty,
            alias=now.aliases.get(part.counterparty) if part.counterparty else None,
            sweep=part,
        )
