"""Payments on their way: HTLCs locked hop by hop, held, settled or failed back, with the records and events of 7.4.

A `Flow` is one payment attempt from payer to payee. What the payee does with it is in `ldk_tui.sim.receiving`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Msat
from ldk_tui.core.events import PaymentFailed, PaymentForwarded, PaymentSuccessful
from ldk_tui.core.ids import OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    CustomTlv,
    Direction,
    ForwardedPayment,
    Payment,
    PaymentKind,
    PaymentStatus,
    SpontaneousKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.sim.channel import Channel, Htlc, Phase
from ldk_tui.sim.routing import Limits, Route, find_parts

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

HOP_DELAY_S = 0.08
SETTLE_DELAY_S = 0.02
RETRY_FOR_S = 10.0
_PADDINGS = (40, 72)


class NoRoute(Exception):
    """No way could exist, as far as the payer knows: the send is refused at once."""


class State(Enum):
    """A flow in its life. STUCK: some node on the way does not answer."""

    WAITING = "waiting"
    IN_FLIGHT = "in flight"
    HELD = "held"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """What the onion carries to the payee: secret, keysend preimage and records, or what the offer's request said."""

    secret: bytes | None = None
    keysend_preimage: str | None = None
    tlvs: tuple[CustomTlv, ...] = ()
    offer_id: OfferId | None = None
    payer_note: str | None = None
    quantity: int | None = None


@dataclass(slots=True, eq=False)
class Hop:
    channel: Channel
    htlc: Htlc

    @property
    def offerer(self) -> SimNode:
        return self.channel.ends[self.htlc.offered_by].node


@dataclass(slots=True, eq=False)
class Part:
    """One path of a payment, in order from the payer. `done`: settled or failed at the payer."""

    hops: list[Hop]
    done: bool = False


@dataclass(slots=True, eq=False)
class Flow:
    """One payment on its way. `amount_msat` arrives; `fee_msat` is on top."""

    payer: SimNode
    payee: SimNode
    payment_id: PaymentId
    payment_hash: PaymentHash
    amount_msat: int
    message: Message
    limits: Limits = field(default_factory=Limits)
    padding: int = 0
    fee_msat: int = 0
    skimmed_msat: int = 0
    preimage: str | None = None
    parts: list[Part] = field(default_factory=list)
    state: State = State.WAITING

    @property
    def deadline(self) -> int:
        """Claim deadline: the lowest expiry at the payee less 39 blocks (9.2)."""
        return min(part.hops[-1].htlc.expiry_height for part in self.parts) - 39


def padding_for(payer: SimNode) -> int:
    """Blocks that a payer adds against observers: one to three steps of 40 or 72, as recorded."""
    rng = payer.world.rng
    return sum(rng.choice(_PADDINGS) for _ in range(rng.randint(1, 3)))


def check_route(flow: Flow) -> None:
    """Raises NoRoute when the payer can know that there is no way."""
    payer, payee = flow.payer, flow.payee
    if find_parts(payer, payee, flow.amount_msat, flow.limits, padding=flow.padding, truth=False) is None:
        raise NoRoute


def launch(flow: Flow) -> None:
    """Lock the HTLCs on all hops and let them arrive. Without a real way it fails when the retries are over."""
    world = flow.payer.world
    routes = None
    if flow.payee.running:
        routes = find_parts(flow.payer, flow.payee, flow.amount_msat, flow.limits, padding=flow.padding, truth=True)
    if routes is None:
        world.clock.after(RETRY_FOR_S * world.rng.uniform(0.2, 1.0), lambda: _give_up(flow))
        return
    flow.state = State.IN_FLIGHT
    flow.parts = [_lock(flow, route) for route in routes]
    flow.fee_msat = sum(part.hops[0].htlc.amount_msat for part in flow.parts) - flow.amount_msat
    world.flows.add(flow)
    longest = max(len(part.hops) for part in flow.parts)
    sleeper = _first_sleeper(flow)
    if sleeper is not None:
        sleeper.asleep_with.append(flow)
        guard(flow)
    else:
        world.clock.after(HOP_DELAY_S * (1 + longest), lambda: arrive(flow))


def _lock(flow: Flow, route: Route) -> Part:
    height = flow.payer.world.chain.height
    hops = []
    for index, step in enumerate(route):
        htlc = Htlc(step.amount_msat, flow.payment_hash, height + step.cltv, step.end, own=index == 0)
        step.channel.offer(htlc)
        hops.append(Hop(step.channel, htlc))
    return Part(hops)


def _first_sleeper(flow: Flow) -> SimNode | None:
    """A node on the way that takes the HTLC and then does not answer (a stuck payment)."""
    for part in flow.parts:
        for hop in part.hops[1:]:
            if hop.offerer.asleep:
                return hop.offerer
    return flow.payee if flow.payee.asleep else None


def guard(flow: Flow) -> None:
    """For a payment that may get stuck: who offered an HTLC that is past its expiry closes the channel by force."""
    for part in flow.parts:
        for hop in part.hops:
            hop.offerer.at_height(hop.htlc.expiry_height + 3, partial(_overdue, hop))


def _overdue(hop: Hop) -> None:
    if hop.htlc in hop.channel.htlcs:
        hop.offerer.world.lifecycle.force_close(hop.channel, hop.offerer, "", timed_out=hop.htlc)


def wake(node: SimNode) -> None:
    """A node that was asleep answers again: what was stuck with it goes on."""
    node.asleep = False
    stuck, node.asleep_with = node.asleep_with, []
    for flow in stuck:
        node.world.clock.after(HOP_DELAY_S, partial(arrive, flow))


def arrive(flow: Flow) -> None:
    """All parts are at the payee: it decides."""
    if flow.state is State.IN_FLIGHT:
        flow.payee.receiving.arrived(flow)


def _give_up(flow: Flow) -> None:
    if flow.state is State.WAITING:
        flow.state = State.FAILED
        payer_failed(flow)


# --- settling ------------------------------------------------------------------------------------------------------


def settle(flow: Flow, preimage: str) -> None:
    """The payee has released the preimage: every hop pays, from the last to the first."""
    flow.state = State.SETTLED
    flow.preimage = preimage
    for part in flow.parts:
        _settle_hop(flow, part, len(part.hops) - 1)


def _settle_hop(flow: Flow, part: Part, index: int) -> None:
    hop = part.hops[index]

    def paid() -> None:
        if hop.htlc in hop.channel.htlcs:
            hop.channel.settle(hop.htlc)
            _resolved(hop.channel)
        elif not hop.offerer.world.onchain_claim(hop.channel, hop.htlc):
            _fail_upstream(flow, part, index)
            return
        if index:
            _forwarded(part, index, flow.skimmed_msat)
            flow.payer.world.clock.after(SETTLE_DELAY_S, lambda: _settle_hop(flow, part, index - 1))
        else:
            part.done = True
            if all(each.done for each in flow.parts):
                flow.payer.world.flows.discard(flow)
                payer_paid(flow)

    _when_connected(flow, hop.channel, paid)


def _forwarded(part: Part, index: int, skimmed_msat: int) -> None:
    """The node between hop `index - 1` and hop `index` has earned its fee."""
    before, after = part.hops[index - 1], part.hops[index]
    node = after.offerer
    skimmed_msat = skimmed_msat if index == len(part.hops) - 1 else 0
    forward = ForwardedPayment(
        previous=(before.channel.locator(node),),
        next=(after.channel.locator(node),),
        total_fee_earned_msat=Msat(before.htlc.amount_msat - after.htlc.amount_msat),
        skimmed_fee_msat=Msat(skimmed_msat) if skimmed_msat else None,
        claim_from_onchain_tx=after.channel.phase is Phase.CLOSED,
        outbound_amount_msat=Msat(after.htlc.amount_msat),
    )
    node.emit(PaymentForwarded(forward))


def payer_paid(flow: Flow) -> None:
    payer = flow.payer
    record = payer.records.get(flow.payment_id)
    if record is None:
        return
    kind = with_preimage(record.kind, flow.preimage)
    fee = Msat(flow.fee_msat)
    payer.store(record, kind=kind, status=PaymentStatus.SUCCEEDED, fee_paid_msat=fee)
    payer.emit(PaymentSuccessful(payer.records[flow.payment_id]))


def payer_failed(flow: Flow) -> None:
    payer = flow.payer
    record = payer.records.get(flow.payment_id)
    if record is not None and record.direction is Direction.OUTBOUND:
        payer.store(record, status=PaymentStatus.FAILED)
        payer.emit(PaymentFailed(payer.records[flow.payment_id]))


# --- failing -------------------------------------------------------------------------------------------------------


def fail(flow: Flow) -> None:
    """Every hop gives the money back, from the last to the first; then the payer learns of it."""
    flow.state = State.FAILED
    for part in flow.parts:
        _fail_hop(flow, part, len(part.hops) - 1)


def _fail_upstream(flow: Flow, part: Part, index: int) -> None:
    """The money of hop `index` went back on the chain before the preimage came: the hops before it give back too."""
    flow.state = State.FAILED
    if index:
        _fail_hop(flow, part, index - 1)
        return
    part.done = True
    if all(each.done for each in flow.parts):
        flow.payer.world.flows.discard(flow)
        payer_failed(flow)


def _fail_hop(flow: Flow, part: Part, index: int) -> None:
    hop = part.hops[index]

    def back() -> None:
        if hop.htlc in hop.channel.htlcs:
            hop.channel.fail(hop.htlc)
            _resolved(hop.channel)
        if index:
            flow.payer.world.clock.after(SETTLE_DELAY_S, lambda: _fail_hop(flow, part, index - 1))
        else:
            part.done = True
            if all(each.done for each in flow.parts):
                flow.payer.world.flows.discard(flow)
                payer_failed(flow)

    _when_connected(flow, hop.channel, back)


def _when_connected(flow: Flow, channel: Channel, action: Callable[[], None]) -> None:
    """HTLCs are resolved only between peers that talk; an unresolved one waits for the reconnection."""
    if channel.phase is Phase.CLOSED or channel.connected:
        action()
    else:
        guard(flow)
        flow.payer.world.on_reconnect(channel, action)


def _resolved(channel: Channel) -> None:
    """A channel in shutdown closes when its last HTLC is gone."""
    if channel.phase is Phase.SHUTDOWN and not channel.htlcs:
        channel.ends[0].node.world.finish_close(channel)


# --- records -------------------------------------------------------------------------------------------------------


def with_preimage(kind: PaymentKind, preimage: str | None) -> PaymentKind:
    """The kind as it is once the payer knows the preimage."""
    secret = Secret(preimage) if preimage else None
    if isinstance(kind, Bolt11Kind):
        return Bolt11Kind(kind.payment_hash, secret, kind.payment_secret, kind.skimmed_fee_msat)
    if isinstance(kind, Bolt12OfferKind):
        return Bolt12OfferKind(
            kind.payment_hash, secret, kind.payment_secret, kind.offer_id, kind.payer_note, kind.quantity
        )
    if isinstance(kind, SpontaneousKind):
        return SpontaneousKind(kind.payment_hash, secret)
    return kind


def outbound_record(flow: Flow, amount_msat: int, now: float, status: PaymentStatus) -> Payment:
    """The payer's record when a send was accepted, or failed at once."""
    message = flow.message
    kind: PaymentKind
    if message.keysend_preimage is not None:
        kind = SpontaneousKind(flow.payment_hash, Secret(message.keysend_preimage))
    elif message.offer_id is not None:
        note = SafeText(message.payer_note) if message.payer_note is not None else None
        kind = Bolt12OfferKind(flow.payment_hash or None, None, None, message.offer_id, note, message.quantity)
    else:
        secret = Secret(message.secret) if message.secret is not None else None
        kind = Bolt11Kind(flow.payment_hash, None, secret)
    return Payment(
        id=flow.payment_id,
        kind=kind,
        amount_msat=Msat(amount_msat),
        fee_paid_msat=None,
        direction=Direction.OUTBOUND,
        status=status,
        updated_unix=int(now),
    )
