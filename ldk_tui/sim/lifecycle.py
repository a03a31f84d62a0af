"""Channels from their opening to their end: negotiation, funding, splices, cooperative and forced closes (6.9).

Negotiations take a moment; what the chain has to say is told by the nodes when they see it (`seen`).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Sat
from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    CloseReason,
    CloseReasonKind,
    ClosureInitiator,
)
from ldk_tui.core.ids import ChannelId, UserChannelId
from ldk_tui.core.model import ChannelConfig, OutPoint
from ldk_tui.core.text import SafeText
from ldk_tui.sim.chain import Tx, TxOut
from ldk_tui.sim.channel import (
    ANCHOR_SAT,
    CONFIRMATIONS_REQUIRED,
    DEFAULT_CONFIG,
    Channel,
    End,
    Htlc,
    Phase,
    Splice,
    channel_id_for,
    merged_config,
    reserve_for,
)
from ldk_tui.sim.closing import ClosedHtlc, Closing, How
from ldk_tui.sim.node import KnownPeer
from ldk_tui.sim.wallet import FUNDING_OUTPUT_WEIGHT, OUTPUT_WEIGHT, NotBuildable, NotEnough

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode
    from ldk_tui.sim.world import World

NEGOTIATION_S = 0.1
READY_DELAY_S = 0.03
FUNDING_TIMEOUT_BLOCKS = 2016
_SHARED_INPUT_WEIGHT = 382
_SPLICE_OUT_FEE_SAT = 361
_HTLC_CLAIM_FEE_SAT = 250
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_BY_US = CloseReason(
    CloseReasonKind.LOCALLY_INITIATED_COOPERATIVE_CLOSURE,
    SafeText("Channel closed because the channel was cooperatively closed by us"),
)
_BY_PEER = CloseReason(
    CloseReasonKind.COUNTERPARTY_INITIATED_COOPERATIVE_CLOSURE,
    SafeText("Channel closed because the channel was cooperatively closed by our peer"),
)


class CannotSplice(Exception):
    """9 `Failed to splice channel.`: one text for all reasons."""


class Lifecycle:
    """What happens to the channels of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    # --- opening --------------------------------------------------------------------------------------------------

    def open(
        self,
        opener: SimNode,
        peer: SimNode,
        value_sat: int,
        *,
        push_msat: int = 0,
        announced: bool = False,
        config: ChannelConfig | None = None,
        peer_config: ChannelConfig | None = None,
        no_peer_reserve: bool = False,
        in_flight_percent: int | None = None,
        anchors: bool = True,
    ) -> Channel:
        """Begin to negotiate a channel; funding follows a moment later. The caller has checked the funds."""
        world = self._world
        percent = in_flight_percent if in_flight_percent is not None else (25 if announced else 100)
        reserve_sat = reserve_for(value_sat)
        channel = Channel(
            ends=(
                End(
                    opener,
                    self._user_channel_id(),
                    merged_config(DEFAULT_CONFIG, config or ChannelConfig()),
                    value_sat * 1000 - push_msat,
                    reserve_sat,
                ),
                End(
                    peer,
                    self._user_channel_id(),
                    merged_config(DEFAULT_CONFIG, peer_config or ChannelConfig()),
                    push_msat,
                    0 if no_peer_reserve else reserve_sat,
                ),
            ),
            value_sat=value_sat,
            announced=announced,
            feerate_sat_per_kw=world.feerate_sat_per_kw,
            channel_id=ChannelId(world.random_hex()),
            max_in_flight_msat=value_sat * 1000 * percent // 100,
            anchors=anchors,
        )
        opener.channels.append(channel)
        world.clock.after(NEGOTIATION_S, lambda: self._negotiated(channel))
        return channel

    def _user_channel_id(self) -> UserChannelId:
        return UserChannelId(str(self._world.rng.getrandbits(128)))

    def _negotiated(self, channel: Channel) -> None:
        """The peer has answered: funding is signed and broadcast, or the channel is over before it began."""
        opener, peer = channel.ends[0].node, channel.ends[1].node
        if channel.phase is not Phase.NEGOTIATING:
            return
        if not opener.is_connected(peer.node_id):
            text = "Channel closed because the peer disconnected prior to the channel being funded"
            self._unfunded(channel, CloseReason(CloseReasonKind.DISCONNECTED_PEER, SafeText(text)))
            return
        if peer.rejects_channels:
            self._unfunded(channel, _forced_by_peer("We do not want a channel with you."))
            return
        name = f"funding:{channel.channel_id}"
        # The reserve of the channel itself is in the list already.
        try:
            tx = opener.wallet.spend(
                name, channel.value_sat, self._rate, opener.anchor_reserve_sat, FUNDING_OUTPUT_WEIGHT
            )
        except (NotEnough, NotBuildable):
            text = "Channel closed because the funding transaction could not be created"
            self._unfunded(channel, CloseReason(CloseReasonKind.PROCESSING_ERROR, SafeText(text), SafeText(text[27:])))
            return
        channel.funding = _outpoint_of(tx, name)
        channel.channel_id = channel_id_for(channel.funding)
        channel.phase = Phase.FUNDING
        channel.opened_height = self._world.chain.height
        channel.phantom = not self._world.broadcast(tx)
        peer.channels.append(channel)
        for node in (opener, peer):
            self._tell(channel, node, ChannelState.PENDING)
        if not channel.phantom or peer.height:
            peer.at_height(channel.opened_height + FUNDING_TIMEOUT_BLOCKS, lambda: self._funding_timed_out(channel))

    @property
    def _rate(self) -> int:
        return max(1, self._world.feerate_sat_per_kw // 250)

    def _unfunded(self, channel: Channel, reason: CloseReason) -> None:
        """The end of a channel that nobody paid for: only the opener knows of it."""
        opener = channel.ends[0].node
        channel.phase = Phase.CLOSED
        opener.channels.remove(channel)
        state = ChannelState.CLOSED
        if reason.kind in (
            CloseReasonKind.DISCONNECTED_PEER,
            CloseReasonKind.LOCALLY_COOP_CLOSED_UNFUNDED_CHANNEL,
            CloseReasonKind.COUNTERPARTY_COOP_CLOSED_UNFUNDED_CHANNEL,
        ):
            state = ChannelState.OPEN_FAILED
        self._tell(channel, opener, state, reason)

    def _funding_timed_out(self, channel: Channel) -> None:
        """After two weeks without a funding transaction the accepting end gives up; the funder is not told."""
        peer = channel.ends[1].node
        if channel.phase is Phase.FUNDING and not channel.confirmations(peer):
            peer.channels.remove(channel)
            text = "Channel closed because the funding transaction failed to confirm within 2016 blocks"
            reason = CloseReason(CloseReasonKind.FUNDING_TIMED_OUT, SafeText(text))
            self._tell(channel, peer, ChannelState.OPEN_FAILED, reason)

    # --- what the chain says --------------------------------------------------------------------------------------

    def seen(self, channel: Channel, node: SimNode) -> None:
        """A node has looked at the chain, or its peer is back: lock what has its confirmations."""
        mine, chain = channel.side(node), self._world.chain
        if channel.phase is Phase.FUNDING:
            enough = channel.confirmations(node) >= CONFIRMATIONS_REQUIRED
            channel.ready[mine] = channel.ready[mine] or enough
            if all(channel.ready) and channel.connected:
                channel.phase = Phase.OPEN
                self._world.clock.after(READY_DELAY_S, lambda: self._announce_ready(channel))
        splice = channel.splice
        if splice is not None and chain.confirmations(splice.tx.txid, node.height) >= CONFIRMATIONS_REQUIRED:
            splice.locked[mine] = True
            if all(splice.locked) and channel.connected:
                self._lock_splice(channel)
                self._world.clock.after(READY_DELAY_S, lambda: self._announce_ready(channel))

    def _announce_ready(self, channel: Channel) -> None:
        if channel.phase is Phase.OPEN:
            for side, end in enumerate(channel.ends):
                channel.ever_ready[side] = True
                if channel.announced and end.node.announced_unix is None:
                    end.node.announced_unix = int(self._world.clock.now)
                self._tell(channel, end.node, ChannelState.READY)
            waiting, channel.on_ready = channel.on_ready, []
            for action in waiting:
                action()

    # --- splicing -------------------------------------------------------------------------------------------------

    def splice_in(self, channel: Channel, node: SimNode, amount_sat: int | None) -> None:
        """Add coins of the wallet (None: all but the reserves). Raises CannotSplice, NotEnough."""
        self._check_spliceable(channel)
        wallet, mine = node.wallet, channel.side(node)
        extra = FUNDING_OUTPUT_WEIGHT + _SHARED_INPUT_WEIGHT
        if amount_sat is None:
            spare = node.spendable_sat() - (42 + 272 * len(wallet.coins) + OUTPUT_WEIGHT + extra) * self._rate // 4
            amount_sat = spare
        try:
            coins, change = wallet.select(amount_sat, self._rate, node.anchor_reserve_sat, extra)
        except NotBuildable:
            raise CannotSplice from None
        added = amount_sat + 1  # recorded: 5,000,000 and 500,000 made 5,500,001
        change = [TxOut(out.address, Sat(out.amount_sat - 1)) for out in change]
        if not change:
            added = amount_sat
        name = f"funding:{channel.channel_id}"
        funding = self._funding_of(channel)
        tx = self._world.chain.build(
            (funding, *(coin.outpoint for coin in coins)), (*change, TxOut(name, Sat(channel.value_sat + added)))
        )
        self._begin_splice(channel, tx, name, mine, added)

    def splice_out(self, channel: Channel, node: SimNode, amount_sat: int, address: str) -> None:
        """Pay out of the channel; the fee comes out of it too. Raises CannotSplice."""
        self._check_spliceable(channel)
        mine = channel.side(node)
        taken = amount_sat + _SPLICE_OUT_FEE_SAT
        left_msat = channel.ends[mine].balance_msat - taken * 1000
        least_msat = reserve_for(channel.value_sat - taken) * 1000 + (channel.anchors_sat * 1000 if mine == 0 else 0)
        if amount_sat < 1 or amount_sat * 1000 > channel.capacity_msat(mine) or left_msat < least_msat:
            raise CannotSplice
        name = f"funding:{channel.channel_id}"
        outputs = (TxOut(address, Sat(amount_sat)), TxOut(name, Sat(channel.value_sat - taken)))
        tx = self._world.chain.build((self._funding_of(channel),), outputs)
        self._begin_splice(channel, tx, name, mine, -taken)

    def _check_spliceable(self, channel: Channel) -> None:
        if not channel.usable or channel.splice is not None or channel.phantom:
            raise CannotSplice

    def _begin_splice(self, channel: Channel, tx: Tx, name: str, side: int, change_sat: int) -> None:
        channel.splice = Splice(tx, _outpoint_of(tx, name).vout, side, change_sat)
        splice = channel.splice

        def negotiated() -> None:
            if channel.splice is splice and not self._world.broadcast(tx):
                channel.splice = None  # its coins were gone: nothing in the API says that it failed

        self._world.clock.after(NEGOTIATION_S, negotiated)

    def _lock_splice(self, channel: Channel) -> None:
        """The new funding replaces the old one; the reserves follow the new value."""
        splice = channel.splice
        if splice is None:
            return
        channel.value_sat += splice.change_sat
        channel.ends[splice.end].balance_msat += splice.change_sat * 1000
        channel.funding = OutPoint(splice.tx.txid, splice.vout)
        channel.splice = None
        for end in channel.ends:
            if end.reserve_sat:
                end.reserve_sat = reserve_for(channel.value_sat)

    def _finish_splice(self, channel: Channel) -> None:
        """A channel that closes with a splice pending closes on the new funding, if that came to be at all."""
        if channel.splice is not None and self._world.broadcast(channel.splice.tx):
            self._lock_splice(channel)
        channel.splice = None

    def _funding_of(self, channel: Channel) -> OutPoint:
        if channel.funding is None:
            raise CannotSplice
        return channel.funding

    # --- cooperative close ----------------------------------------------------------------------------------------

    def close(self, channel: Channel, node: SimNode) -> None:
        """Shutdown begins; with an HTLC in flight nothing more happens until that is gone (6.9, run)."""
        if channel.phase is Phase.NEGOTIATING:
            text = "Channel closed because the channel was cooperatively closed by us before funding"
            kind = CloseReasonKind.LOCALLY_COOP_CLOSED_UNFUNDED_CHANNEL
            self._unfunded(channel, CloseReason(kind, SafeText(text)))
            return
        if channel.phase in (Phase.SHUTDOWN, Phase.CLOSED):
            return
        channel.phase = Phase.SHUTDOWN
        channel.shutdown_by = channel.side(node)
        if not channel.htlcs:
            self._world.clock.after(NEGOTIATION_S / 2, lambda: self.finish_close(channel))

    def finish_close(self, channel: Channel) -> None:
        """The closing transaction, and CLOSED on both sides. Waits for the peer when it is away."""
        if channel.phase is not Phase.SHUTDOWN or channel.htlcs:
            return
        if not channel.connected:
            self._world.on_reconnect(channel, lambda: self.finish_close(channel))
            return
        self._finish_splice(channel)
        outputs = [
            TxOut(end.node.wallet.new_address(), Sat(amount_sat))
            for end, amount_sat in zip(channel.ends, channel.closing_amounts_sat(), strict=True)
            if amount_sat
        ]
        tx = self._spend_funding(channel, outputs)
        for side, end in enumerate(channel.ends):
            snapshot = channel.on_close(end.node)
            end.node.closings.append(Closing(end.node, side, snapshot, How.COOPERATIVE, tx, None))
        self._closed(channel, {channel.shutdown_by or 0: _BY_US, 1 - (channel.shutdown_by or 0): _BY_PEER})

    def _spend_funding(self, channel: Channel, outputs: list[TxOut]) -> Tx | None:
        """The transaction that ends the channel; None when there is no funding to spend."""
        if channel.funding is None or channel.phantom or not outputs:
            return None
        tx = self._world.chain.build((channel.funding,), outputs)
        self._world.broadcast(tx)
        return tx

    def _closed(self, channel: Channel, reasons: dict[int, CloseReason]) -> None:
        channel.phase = Phase.CLOSED
        for side, end in enumerate(channel.ends):
            node, peer = end.node, channel.ends[1 - side].node.node_id
            if channel in node.channels:
                node.channels.remove(channel)
            known = node.known_peers.get(peer)
            if known is not None and not node.channels_with(peer):
                node.known_peers[peer] = KnownPeer(known.address, False)
            self._tell(channel, node, ChannelState.CLOSED, reasons[side])
        self._world.stop_waiting(channel)

    # --- forced close ---------------------------------------------------------------------------------------------

    def force_close(self, channel: Channel, node: SimNode, message: str, *, timed_out: Htlc | None = None) -> None:
        """The latest commitment is broadcast, and both sides learn of it at once (6.9, run)."""
        if channel.phase is Phase.CLOSED:
            return
        if channel.phase is Phase.NEGOTIATING:
            self._unfunded(channel, _forced_by_us(message))
            return
        self._finish_splice(channel)
        mine = channel.side(node)
        tx, closed_htlcs = self._commitment(channel)
        for side, end in enumerate(channel.ends):
            snapshot = channel.on_close(end.node)
            own = None if tx is None else _find_outpoint(tx, f"commit:{channel.channel_id}:{side}")
            how = How.OURS if side == mine else How.THEIRS
            end.node.closings.append(Closing(end.node, side, snapshot, how, tx, own, closed_htlcs))
        ours = _forced_by_us(message)
        if timed_out is not None:
            text = "Channel closed because HTLCs on the channel timed out"
            ours = CloseReason(CloseReasonKind.HTLCS_TIMED_OUT, SafeText(text), payment_hash=timed_out.payment_hash)
        self._watch_htlcs(channel, closed_htlcs)
        channel.htlcs = []
        self._closed(channel, {mine: ours, 1 - mine: _forced_by_peer(message)})

    def _commitment(self, channel: Channel) -> tuple[Tx | None, list[ClosedHtlc]]:
        outputs = [
            TxOut(f"commit:{channel.channel_id}:{side}", Sat(amount_sat))
            for side, amount_sat in enumerate(channel.commitment_amounts_sat())
            if amount_sat
        ]
        if channel.anchors:
            outputs += [TxOut(f"anchor:{channel.channel_id}", Sat(ANCHOR_SAT)) for _ in range(len(outputs))]
        standing = [htlc for htlc in channel.htlcs if not htlc.is_dust]
        names = {htlc: f"htlc:{channel.channel_id}:{htlc.number}" for htlc in standing}
        outputs += [TxOut(names[htlc], Sat(htlc.amount_msat // 1000)) for htlc in standing]
        tx = self._spend_funding(channel, outputs)
        closed = [ClosedHtlc(h, None if tx is None else _find_outpoint(tx, names[h])) for h in standing]
        return tx, closed

    def _watch_htlcs(self, channel: Channel, closed: list[ClosedHtlc]) -> None:
        """HTLCs of a closed channel go back to who offered them when they expire; dust is lost at once."""
        standing = {each.htlc for each in closed}
        for htlc in channel.htlcs:
            offerer = channel.ends[htlc.offered_by].node
            if htlc not in standing:
                self._world.clock.after(NEGOTIATION_S, partial(self._world.htlc_lost, htlc))
        for each in closed:
            offerer = channel.ends[each.htlc.offered_by].node
            offerer.at_height(each.htlc.expiry_height, partial(self._htlc_expired, each, offerer))

    def _htlc_expired(self, closed: ClosedHtlc, offerer: SimNode) -> None:
        if not closed.resolved and self._sweep_htlc(closed, offerer):
            self._world.htlc_lost(closed.htlc)

    def claim_onchain(self, channel: Channel, htlc: Htlc) -> bool:
        """The payee of an HTLC in a closed channel uses the preimage. False when it had timed out before.

        Dust has no output to claim: the preimage is told all the same, and the sum was lost to a fee.
        """
        claimer = channel.ends[1 - htlc.offered_by].node
        for closing in claimer.closings:
            for closed in closing.htlcs:
                if closed.htlc is htlc:
                    return not closed.resolved and self._sweep_htlc(closed, claimer)
        return htlc.is_dust

    def _sweep_htlc(self, closed: ClosedHtlc, winner: SimNode) -> bool:
        closed.resolved = True
        if closed.outpoint is None or self._world.chain.is_spent(closed.outpoint):
            return False
        amount_sat = self._world.chain.output(closed.outpoint).amount_sat
        out = TxOut(winner.wallet.new_address(), Sat(max(1, amount_sat - _HTLC_CLAIM_FEE_SAT)))
        return self._world.broadcast(self._world.chain.build((closed.outpoint,), (out,)))

    # --- telling --------------------------------------------------------------------------------------------------

    def _tell(self, channel: Channel, node: SimNode, state: ChannelState, reason: CloseReason | None = None) -> None:
        over = state in (ChannelState.CLOSED, ChannelState.OPEN_FAILED)
        funding = None if over or channel.funding is None else SafeText(str(channel.funding))
        node.emit(
            ChannelStateChanged(
                channel_id=channel.channel_id,
                user_channel_id=channel.end(node).user_channel_id,
                counterparty=channel.other(node).node.node_id,
                state=state,
                funding_txo=funding,
                reason=reason,
                initiator=_initiator(reason) if reason is not None else ClosureInitiator.NONE,
            )
        )


def _initiator(reason: CloseReason) -> ClosureInitiator:
    """Server facts 8: three kinds are ours, three the peer's, all others unknown."""
    if reason.kind in (
        CloseReasonKind.HOLDER_FORCE_CLOSED,
        CloseReasonKind.LOCALLY_INITIATED_COOPERATIVE_CLOSURE,
        CloseReasonKind.LOCALLY_COOP_CLOSED_UNFUNDED_CHANNEL,
    ):
        return ClosureInitiator.LOCAL
    if reason.kind in (
        CloseReasonKind.COUNTERPARTY_FORCE_CLOSED,
        CloseReasonKind.COUNTERPARTY_INITIATED_COOPERATIVE_CLOSURE,
        CloseReasonKind.COUNTERPARTY_COOP_CLOSED_UNFUNDED_CHANNEL,
    ):
        return ClosureInitiator.REMOTE
    return ClosureInitiator.UNKNOWN


def _forced_by_us(message: str) -> CloseReason:
    """Our own reason comes back raw, also in the sentence (recorded, with an ESC in it)."""
    text = (
        f'Channel closed because user force-closed the channel with the message "{message}" '
        "and broadcasted the latest transaction"
    )
    return CloseReason(CloseReasonKind.HOLDER_FORCE_CLOSED, SafeText(text), SafeText(message), True)


def _forced_by_peer(message: str) -> CloseReason:
    """The peer's reason, with control characters replaced by the node (recorded)."""
    shown = _CONTROL.sub("\ufffd", message)
    text = f"Channel closed because counterparty force-closed with message: {shown}"
    return CloseReason(CloseReasonKind.COUNTERPARTY_FORCE_CLOSED, SafeText(text), SafeText(shown))


def _outpoint_of(tx: Tx, name: str) -> OutPoint:
    found = _find_outpoint(tx, name)
    if found is None:
        raise ValueError("the transaction has no such output")
    return found


def _find_outpoint(tx: Tx, name: str) -> OutPoint | None:
    for vout, output in enumerate(tx.outputs):
        if output.address == name:
            return tx.outpoint(vout)
    return None
