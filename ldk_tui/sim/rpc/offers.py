"""Bolt12Receive, Bolt12Send and DecodeOffer (server facts 6.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import NodeId, OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import Bolt12OfferKind, ChannelSide, DecodedOffer, NewOffer, OfferQuantity, PaymentStatus
from ldk_tui.sim import blinded_path, bolt12, payments, secp256k1
from ldk_tui.sim.blinded_path import DirectedChannel
from ldk_tui.sim.channel import Channel
from ldk_tui.sim.payments import Flow, Message
from ldk_tui.sim.receiving import OwnInvoice, OwnOffer, hash_of
from ldk_tui.sim.routing import Limits
from ldk_tui.sim.rpc.refusals import given, refused
from ldk_tui.sim.rpc.send import limits_of

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

ANSWER_S = 0.4
NO_ANSWER_S = 75.0
_INVOICE_EXPIRY_S = 7_200


def receive(node: SimNode, request: requests.Bolt12Receive) -> NewOffer:
    """A quantity without an amount is ignored; a path leads to us through a peer, as LDK makes it."""
    if request.amount_msat is not None and request.quantity == 0:
        raise given("quantity")
    world = node.world
    usable = [channel for channel in node.channels if channel.usable]
    announced = node.announced_unix is not None
    if not usable and not announced:
        raise refused("Failed to create offer.")
    introduction = _introduction(node, usable)
    session = world.rng.randbytes(32)
    signing_key = hashlib.sha256(b"offer signing key" + node.key + session).digest()
    path = blinded_path.to_own_node(introduction, bytes.fromhex(node.node_id), session)
    bound = request.quantity if request.amount_msat is not None else None
    expires = None if request.expiry_s is None else int(world.now) + request.expiry_s
    offer = bolt12.Offer(
        description=request.description,
        amount=request.amount_msat,
        chains=(bolt12.chain_hash(world.network),),
        issuer_id=secp256k1.public_key(signing_key),
        quantity=bolt12.ONE_ITEM if bound is None else OfferQuantity(bound=bound),
        absolute_expiry_unix=expires,
        paths=(path,),
    )
    try:
        text, offer_id = bolt12.encode(offer)
    except ValueError:
        raise refused("Failed to create offer.") from None
    node.receiving.offers[offer_id] = OwnOffer(offer_id, request.amount_msat, bound, expires)
    world.offers[offer_id] = node
    return NewOffer(text, offer_id)


def _introduction(node: SimNode, usable: list[Channel]) -> NodeId | DirectedChannel:
    """Who leads to us: a peer, named by one side of an announced channel where there is one (recorded)."""
    for channel in usable:
        if channel.announced and channel.scid is not None:
            peer = channel.other(node).node.node_id
            side = ChannelSide.NODE_ONE if peer < node.node_id else ChannelSide.NODE_TWO
            return DirectedChannel(channel.scid, side)
    return usable[0].other(node).node.node_id if usable else node.node_id


def read_offer(text: str) -> tuple[bolt12.Offer, OfferId]:
    try:
        return bolt12.decode(text)
    except ValueError:
        raise given("offer") from None


def send(node: SimNode, request: requests.Bolt12Send) -> PaymentId:
    offer, offer_id = read_offer(request.offer)
    limits = limits_of(request.route)
    amount_msat = None if request.amount_msat is None else int(request.amount_msat)
    return pay_offer(node, offer, offer_id, amount_msat, request.quantity, request.payer_note, limits)


def pay_offer(
    node: SimNode,
    offer: bolt12.Offer,
    offer_id: OfferId,
    amount_msat: int | None,
    quantity: int | None,
    payer_note: str | None,
    limits: Limits,
) -> PaymentId:
    """Ask for an invoice; the id is random, so a second call is a second payment.

    Without an amount of the payer's the record says the price of one item, whatever the quantity (run).
    """
    world = node.world
    price = offer.amount
    if isinstance(price, bolt12.Fiat):
        raise refused("The provided offer was denonminated in an unsupported currency.")
    if amount_msat is None and price is None:
        raise given("offer")
    if amount_msat is not None and amount_msat < (price or 0):
        raise given("amount")
    asks = offer.quantity != bolt12.ONE_ITEM
    bound = offer.quantity.bound if not offer.quantity.unbounded else None
    bad_quantity = (quantity is None) == asks or (quantity is not None and not 1 <= quantity <= (bound or quantity))
    total = amount_msat if amount_msat is not None else (price or 0) * (quantity or 1)
    too_small = total < (price or 0) * (quantity or 1)
    if bad_quantity or too_small or not offer.is_for(world.network) or offer.is_expired(world.now):
        raise refused("Failed to create invoice request.")
    flow = Flow(
        payer=node,
        payee=node,
        payment_id=PaymentId(world.random_hex()),
        payment_hash=PaymentHash(""),
        amount_msat=total,
        message=Message(offer_id=offer_id, payer_note=payer_note, quantity=quantity),
        limits=limits,
        padding=payments.padding_for(node),
    )
    recorded = amount_msat if amount_msat is not None else (price or 0)
    record = payments.outbound_record(flow, recorded, world.now, PaymentStatus.PENDING)
    node.records[flow.payment_id] = record
    world.clock.after(ANSWER_S, lambda: _answered(flow, offer_id))
    return flow.payment_id


def _answered(flow: Flow, offer_id: OfferId) -> None:
    """The payee's invoice is here and gets paid, or nobody answers and the payment fails later."""
    payer, world = flow.payer, flow.payer.world
    payee = world.offers.get(offer_id)
    own = payee.receiving.offers.get(offer_id) if payee is not None else None
    expired = own is not None and own.expires_unix is not None and world.now > own.expires_unix
    if payee is None or own is None or not payee.running or payee is payer or expired:
        world.clock.after(NO_ANSWER_S, lambda: payments.payer_failed(flow))
        return
    preimage, secret = world.random_hex(), world.rng.randbytes(32)
    flow.payee = payee
    flow.payment_hash = hash_of(preimage)
    note = flow.message.payer_note
    flow.message = replace(flow.message, secret=secret, payer_note=None if note is None else _cleaned(note))
    expires = world.now + _INVOICE_EXPIRY_S
    payee.receiving.invoices[flow.payment_hash] = OwnInvoice(
        flow.payment_hash, secret, preimage, flow.amount_msat, expires
    )
    record = payer.records[flow.payment_id]
    if isinstance(record.kind, Bolt12OfferKind):
        payer.store(record, kind=replace(record.kind, payment_hash=flow.payment_hash))
    try:
        payments.check_route(flow)
    except payments.NoRoute:
        payments.payer_failed(flow)
        return
    payments.launch(flow)


def _cleaned(note: str) -> str:
    """The payee's library replaces what is not printable in a payer's note (recorded: U+202E became U+FFFD)."""
    return "".join(character if character.isprintable() else "\ufffd" for character in note)


def decode(node: SimNode, request: requests.DecodeOffer) -> DecodedOffer:
    offer, offer_id = read_offer(request.offer)
    return offer.decoded(offer_id, node.world.now)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.Bolt12Receive: receive,
    requests.Bolt12Send: send,
    requests.DecodeOffer: decode,
}
