"""Channels as rows: what ListChannels, GetBalances, ListPeers and the events say of each, put together.

ListChannels has neither alias nor HTLC, nothing of a splice or a close under way, and closed channels vanish from it
(server facts 6.9). So this book also remembers: since when a funding has no confirmation, since when a peer is away,
which funding a channel had before, which event came last, and the last look of a channel that has gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReasonKind
from ldk_tui.core.ids import ChannelId, NodeId, PaymentHash, UserChannelId
from ldk_tui.core.liquidity import LiquiditySummary, SweepPart, bar_parts, is_phantom, summarize, sweep_parts
from ldk_tui.core.model import (
    Balances,
    Channel,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    OutPoint,
    Peer,
    UnknownBalance,
    UnknownSweep,
)
from ldk_tui.core.text import SafeText
from ldk_tui.node.query import ChannelFilter, ChannelQuery, ChannelSort, ChannelStanding, parse_channels
from ldk_tui.node.views import (
    ChannelCounts,
    ChannelKey,
    ChannelRow,
    ChannelsView,
    HtlcInFlight,
)

MEMORIES: Final = 10_000


@dataclass(slots=True)
class _Memory:
    """What is remembered of one channel, by its channel id."""

    channel: Channel | None = None
    funding: OutPoint | None = None
    spliced: bool = False
    unconfirmed_since_height: int | None = None
    offline_since_unix: float | None = None
    last_event: ChannelStateChanged | None = None
    closing: ChannelStateChanged | None = None


class ChannelBook:
    """Takes in answers and events, gives out rows. Rows are made anew only after something changed."""

    def __init__(self) -> None:
        self.channels: tuple[Channel, ...] | None = None
        self.balances: Balances | None = None
        self.peers: tuple[Peer, ...] | None = None
        self.height: int | None = None
        self.held: frozenset[PaymentHash] = frozenset()
        self.aliases: Mapping[NodeId, SafeText | None] = {}
        self._memory: dict[ChannelId, _Memory] = {}
        self._rows: dict[ChannelId, ChannelRow] = {}
        self._view_rows: tuple[ChannelRow, ...] | None = None

    # --- taking in -------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Something that rows are made of has changed: they are made anew when next asked for."""
        self._view_rows = None

    def take_channels(self, channels: tuple[Channel, ...], now_unix: float) -> None:
        self.channels = channels
        for channel in channels:
            memory = self._memory.setdefault(channel.channel_id, _Memory())
            memory.channel = channel
            if memory.funding is not None and channel.funding_txo != memory.funding and channel.is_ready:
                memory.spliced = True
            if memory.spliced and (channel.confirmations or 0) >= (channel.confirmations_required or 1):
                memory.spliced = False
            memory.funding = channel.funding_txo or memory.funding
            unconfirmed = not channel.is_ready and not channel.confirmations
            if not unconfirmed:
                memory.unconfirmed_since_height = None
            elif memory.unconfirmed_since_height is None:
                memory.unconfirmed_since_height = self.height
            if channel.is_usable or not channel.is_ready:
                memory.offline_since_unix = None
            elif memory.offline_since_unix is None:
                memory.offline_since_unix = now_unix
        self.changed()
        self._forget()

    def take_height(self, height: int | None) -> None:
        self.height = height
        for memory in self._memory.values():
            channel = memory.channel
            waiting = channel is not None and not channel.is_ready and not channel.confirmations
            if waiting and memory.unconfirmed_since_height is None:
                memory.unconfirmed_since_height = height
        self.changed()

    def take_balances(self, balances: Balances) -> None:
        self.balances = balances
        self.changed()
        self._forget()

    def take_event(self, event: ChannelStateChanged) -> None:
        memory = self._memory.setdefault(event.channel_id, _Memory())
        memory.last_event = event
        if len(self._memory) > MEMORIES:  # a server that makes up channels must not fill this machine
            oldest = next(each for each, kept in self._memory.items() if kept.channel is None or kept is memory)
            del self._memory[oldest]
        if event.state in {ChannelState.CLOSED, ChannelState.OPEN_FAILED}:
            memory.closing = event
        self.changed()

    def _forget(self) -> None:
        """Lets go of channels that neither list nor balances know any more, and that no event has just named."""
        if self.channels is None or self.balances is None:
            return
        known = {each.channel_id for each in self.channels} | set(self._balance_channels())
        for channel_id in [each for each, memory in self._memory.items() if each not in known and memory.channel]:
            del self._memory[channel_id]

    def _balance_channels(self) -> dict[ChannelId, list[LightningBalance]]:
        found: dict[ChannelId, list[LightningBalance]] = {}
        for entry in self.balances.lightning if self.balances else ():
            if not isinstance(entry, UnknownBalance):
                found.setdefault(entry.channel_id, []).append(entry)
        for sweep in self.balances.sweeps if self.balances else ():
            if not isinstance(sweep, UnknownSweep) and sweep.channel_id is not None:
                found.setdefault(sweep.channel_id, [])
        return found

    # --- giving out ------------------------------------------------------------------------------------------------

    def rows(self) -> tuple[ChannelRow, ...]:
        """All channels, in the order of the list, then those that are closing. Unchanged rows keep their identity."""
        if self._view_rows is None:
            fresh = {row.channel_id: row for row in self._make_rows()}
            for key, row in fresh.items():
                if self._rows.get(key) == row:
                    fresh[key] = self._rows[key]
            self._rows = fresh
            self._view_rows = tuple(fresh.values())
        return self._view_rows

    def view(self, query: ChannelQuery) -> ChannelsView:
        rows = self.rows()
        wanted = parse_channels(query.text)
        fitting = [row for row in rows if _fits(row, wanted)]
        fitting.sort(key=_SORTS[query.sort], reverse=query.reverse)
        return ChannelsView(tuple(fitting), len(rows), self.counts(), wanted.words.problems, self.channels is not None)

    def find(self, key: ChannelKey) -> ChannelRow | None:
        return next((row for row in self.rows() if row.key == key), None)

    def counts(self) -> ChannelCounts:
        numbers = dict.fromkeys(ChannelStanding, 0)
        for row in self.rows():
            numbers[row.standing] += 1
        return ChannelCounts(**{standing.value: count for standing, count in numbers.items()})

    def sweeps(self) -> tuple[SweepPart, ...]:
        """Money of closed channels on its way back, with the peer where this book still knows it."""
        if self.balances is None:
            return ()
        parts = sweep_parts(self.balances, self.channels or (), self.closings())
        named = (
            part if part.counterparty else replace(part, counterparty=self._peer_of(part.channel_id)) for part in parts
        )
        return tuple(named)

    def closings(self) -> dict[ChannelId, CloseReasonKind]:
        """Why channels closed, where an event told it."""
        found = {}
        for channel_id, memory in self._memory.items():
            if memory.closing is not None and memory.closing.reason is not None:
                found[channel_id] = memory.closing.reason.kind
        return found

    def unconfirmed_since(self) -> dict[ChannelId, int]:
        """The height at which a channel was first seen without a confirmation."""
        return {
            channel_id: memory.unconfirmed_since_height
            for channel_id, memory in self._memory.items()
            if memory.unconfirmed_since_height is not None
        }

    def offline_since(self) -> dict[NodeId, float]:
        """Since when a peer's open channels are not usable; as far as this program has been watching."""
        found: dict[NodeId, float] = {}
        for channel in self.channels or ():
            memory = self._memory.get(channel.channel_id)
            if memory is not None and memory.offline_since_unix is not None:
                since_unix = memory.offline_since_unix
                found[channel.counterparty] = min(found.get(channel.counterparty, since_unix), since_unix)
        return found

    def phantoms(self) -> frozenset[ChannelId]:
        return frozenset(row.channel_id for row in self.rows() if row.standing is ChannelStanding.PHANTOM)

    def summary(self) -> LiquiditySummary | None:
        """The money of the node; None until both answers are here."""
        if self.balances is None or self.channels is None:
            return None
        return summarize(self.balances, self.channels, phantoms=self.phantoms(), closings=self.closings())

    def _peer_of(self, channel_id: ChannelId | None) -> NodeId | None:
        memory = self._memory.get(channel_id) if channel_id is not None else None
        if memory is None:
            return None
        if memory.channel is not None:
            return memory.channel.counterparty
        return memory.closing.counterparty if memory.closing else None

    def _make_rows(self) -> Iterable[ChannelRow]:
        balances = self._balance_channels()
        sweeps: dict[ChannelId, list[SweepPart]] = {}
        for sweep in self.sweeps():
            if sweep.channel_id is not None:
                sweeps.setdefault(sweep.channel_id, []).append(sweep)
        connected: dict[NodeId, bool] = {}
        for peer in self.peers or ():
            connected[peer.node_id] = connected.get(peer.node_id, False) or peer.is_connected
        seen = set()
        for channel in self.channels or ():
            seen.add(channel.channel_id)
            entries = tuple(balances.get(channel.channel_id, ()))
            memory = self._memory.get(channel.channel_id, _Memory())
            # ListPeers has all that are connected, and those that were saved: who is not in it is away
            known = connected.get(channel.counterparty, False) if self.peers is not None else None
            yield ChannelRow(
                ChannelKey(channel.user_channel_id, channel.counterparty),
                channel.channel_id,
                channel.counterparty,
                self._standing(channel, memory),
                channel,
                self.aliases.get(channel.counterparty),
                bar_parts(channel, entries),
                tuple(self._in_flight(entries)),
                entries,
                tuple(sweeps.get(channel.channel_id, ())),
                known,
                memory.offline_since_unix,
                memory.unconfirmed_since_height,
                memory.closing,
                memory.last_event,
            )
        if self.channels is None:
            return
        for channel_id, found in balances.items():
            if channel_id not in seen:
                yield self._closing_row(channel_id, tuple(found), tuple(sweeps.get(channel_id, ())), connected)

    def _closing_row(
        self,
        channel_id: ChannelId,
        entries: tuple[LightningBalance, ...],
        sweeps: tuple[SweepPart, ...],
        connected: Mapping[NodeId, bool],
    ) -> ChannelRow:
        memory = self._memory.get(channel_id, _Memory())
        peer = self._peer_of(channel_id)
        for entry in entries:
            if peer is None and not isinstance(entry, UnknownBalance):
                peer = entry.counterparty
        user_channel_id = UserChannelId("")
        if memory.channel is not None:
            user_channel_id = memory.channel.user_channel_id
        elif memory.closing is not None:
            user_channel_id = memory.closing.user_channel_id
        counterparty = peer if peer is not None else NodeId("")
        return ChannelRow(
            ChannelKey(user_channel_id, counterparty),
            channel_id,
            counterparty,
            ChannelStanding.CLOSING,
            None,
            self.aliases.get(counterparty),
            None,
            tuple(self._in_flight(entries)),
            entries,
            sweeps,
            connected.get(counterparty),
            None,
            None,
            memory.closing,
            memory.last_event,
        )

    def _standing(self, channel: Channel, memory: _Memory) -> ChannelStanding:
        if memory.closing is not None:
            return ChannelStanding.CLOSING  # the event came, the list has not been read since
        if not channel.is_ready:
            phantom = is_phantom(channel, memory.unconfirmed_since_height, self.height)
            return ChannelStanding.PHANTOM if phantom else ChannelStanding.PENDING
        if not channel.is_usable:
            return ChannelStanding.OFFLINE
        return ChannelStanding.SPLICING if memory.spliced else ChannelStanding.USABLE

    def _in_flight(self, entries: Iterable[LightningBalance]) -> Iterable[HtlcInFlight]:
        for entry in entries:
            if isinstance(entry, MaybeTimeoutClaimableHtlc | MaybePreimageClaimableHtlc):
                height = _height(entry)
                left = None if self.height is None else height - self.height
                held = isinstance(entry, MaybePreimageClaimableHtlc) and entry.payment_hash in self.held
                yield HtlcInFlight(entry, left, held)


def _height(entry: MaybeTimeoutClaimableHtlc | MaybePreimageClaimableHtlc) -> int:
    return entry.claimable_height if isinstance(entry, MaybeTimeoutClaimableHtlc) else entry.expiry_height


def _fits(row: ChannelRow, wanted: ChannelFilter) -> bool:
    if wanted.states and row.standing not in wanted.states:
        return False
    if row.standing in wanted.not_states:
        return False
    channel = row.channel
    for bounds in wanted.capacities:
        if not bounds.holds(row.capacity_msat):
            return False
    for bounds in wanted.ours:
        if channel is None or not bounds.holds(channel.outbound_capacity_msat):
            return False
    for bounds in wanted.theirs:
        if channel is None or not bounds.holds(channel.inbound_capacity_msat):
            return False
    if wanted.words.wanted or wanted.words.unwanted:
        text = _text(row)
        if any(word not in text for word in wanted.words.wanted) or any(word in text for word in wanted.words.unwanted):
            return False
    return True


def _text(row: ChannelRow) -> str:
    parts = [row.alias or "", row.counterparty, row.channel_id, row.key.user_channel_id, row.standing.value]
    if row.channel is not None:
        parts.append(str(row.channel.funding_txo) if row.channel.funding_txo else "")
        parts.append("announced public" if row.channel.is_announced else "private")
        parts.append("outbound" if row.channel.is_outbound else "inbound")
    return " ".join(parts).lower()


_URGENT: Final = {
    ChannelStanding.PHANTOM: 0,
    ChannelStanding.OFFLINE: 1,
    ChannelStanding.CLOSING: 2,
    ChannelStanding.PENDING: 3,
    ChannelStanding.SPLICING: 4,
    ChannelStanding.USABLE: 5,
}


def _name(row: ChannelRow) -> tuple[bool, str, str]:
    return (row.alias is None, (row.alias or "").lower(), row.counterparty)


def _capacity(row: ChannelRow) -> int:
    return -int(row.channel.value_sat) if row.channel else 1


def _fee(row: ChannelRow) -> int:
    config = row.channel.config if row.channel else None
    return -1 if config is None or config.fee_ppm is None else config.fee_ppm


_SORTS: dict[ChannelSort, Callable[[ChannelRow], Any]] = {
    ChannelSort.ATTENTION: lambda row: (_URGENT[row.standing], _capacity(row), row.channel_id),
    ChannelSort.PEER: lambda row: (*_name(row), row.channel_id),
    ChannelSort.OURS: lambda row: (-row.channel.outbound_capacity_msat if row.channel else 1, row.channel_id),
    ChannelSort.THEIRS: lambda row: (-row.channel.inbound_capacity_msat if row.channel else 1, row.channel_id),
    ChannelSort.CAPACITY: lambda row: (_capacity(row), row.channel_id),
    ChannelSort.FEE: lambda row: (-_fee(row), row.channel_id),
}
