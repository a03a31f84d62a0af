"""Bolt11Send, Bolt11SendUnderpaying and SpontaneousSend (server facts 6.6, 6.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import PaymentHash, PaymentId
from ldk_tui.core.model import PaymentStatus
from ldk_tui.core.requests import RouteParameters
from ldk_tui.sim import bolt11, payments
from ldk_tui.sim.payments import Flow, Message
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.routing import Limits
from ldk_tui.sim.rpc.receive import read_invoice
from ldk_tui.sim.rpc.refusals import already_initiated, given, hash_or, invalid, key, refused, sending_failed

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_KEYSEND_TYPE = 5_482_373_484
_FIRST_CUSTOM_TYPE = 65_536


def limits_of(route: RouteParameters | None) -> Limits:
    """What the message says, taken literally: a missing number is 0 and kills the payment (6.1, run)."""
    if route is None:
        return Limits()
    if route.max_path_count > 255:
        raise invalid("Invalid max_path_count, must be between 0 and 255")
    if route.max_saturation_power_of_half > 255:
        raise invalid("Invalid max_channel_saturation_power_of_half, must be between 0 and 255")
    return Limits(
        route.max_fee_msat,
        route.max_cltv_expiry_delta,
        route.max_path_count,
        route.max_saturation_power_of_half,
    )


def send(node: SimNode, request: requests.Bolt11Send) -> PaymentId:
    invoice = read_invoice(request.invoice)
    limits = limits_of(request.route)
    amount_msat = request.amount_msat
    if amount_msat is None:
        amount_msat = invoice.amount_msat
        if amount_msat is None:
            raise given("invoice")
    elif amount_msat < (invoice.amount_msat or 0):
        raise given("amount")
    return pay_invoice(node, invoice, amount_msat, limits)


def send_underpaying(node: SimNode, request: requests.Bolt11SendUnderpaying) -> PaymentId:
    """One node's share of a joint payment: alone it is refused by the payee, later."""
    invoice = read_invoice(request.invoice)
    limits = limits_of(request.route)
    if invoice.amount_msat is None:
        raise given("invoice")
    if request.amount_msat >= invoice.amount_msat:
        raise given("amount")
    return pay_invoice(node, invoice, request.amount_msat, limits)


def pay_invoice(node: SimNode, invoice: bolt11.Invoice, amount_msat: int, limits: Limits) -> PaymentId:
    """Start the payment; 9 when it is known already, or cannot work. The result comes by event."""
    world = node.world
    payment_hash = PaymentHash(invoice.payment_hash.hex())
    check_not_initiated(node, payment_hash)
    order = world.jit_orders.get(payment_hash)
    payee = order.lsp if order is not None else world.nodes.get(invoice.payee)
    other_network = invoice.currency is not bolt11.Currency.of(world.network)
    flow = Flow(
        payer=node,
        payee=payee or node,
        payment_id=PaymentId(payment_hash),
        payment_hash=payment_hash,
        amount_msat=amount_msat,
        message=Message(secret=invoice.payment_secret.reveal()),
        limits=limits,
        padding=payments.padding_for(node),
    )
    possible = payee is not None and payee is not node and not other_network and not invoice.is_expired(world.now)
    return start(flow, possible=possible)


def check_not_initiated(node: SimNode, payment_hash: PaymentHash) -> None:
    """Pending, paid, or an invoice of this very node; a failed payment may be sent again (6.6, run)."""
    record = node.records.get(PaymentId(payment_hash))
    if record is not None and record.status in (PaymentStatus.PENDING, PaymentStatus.SUCCEEDED):
        raise already_initiated()


def start(flow: Flow, *, possible: bool = True) -> PaymentId:
    """Launch it. What fails at once leaves a FAILED record, no event and no row (6.6, run)."""
    node = flow.payer
    now = node.world.now
    try:
        if not possible:
            raise payments.NoRoute
        payments.check_route(flow)
    except payments.NoRoute:
        record = payments.outbound_record(flow, flow.amount_msat, now, PaymentStatus.FAILED)
        node.records[flow.payment_id] = record
        raise sending_failed() from None
    record = payments.outbound_record(flow, flow.amount_msat, now, PaymentStatus.PENDING)
    node.records[flow.payment_id] = record
    payments.launch(flow)
    return flow.payment_id


def spontaneous(node: SimNode, request: requests.SpontaneousSend) -> PaymentId:
    """With a preimage of the caller's the id is known in advance, and a second call is refused (6.8)."""
    payee_id = key(request.node_id)
    if payee_id is None:
        raise invalid("Invalid node_id provided.")
    limits = limits_of(request.route)
    if request.preimage is None:
        preimage = node.world.random_hex()
    else:
        preimage = hash_or(request.preimage.reveal(), "Invalid preimage, must be a 32-byte hex string.")
    if any(tlv.type < _FIRST_CUSTOM_TYPE or tlv.type == _KEYSEND_TYPE for tlv in request.custom_tlvs):
        raise refused("Failed to construct payment with custom TLVs.")
    payment_hash = hash_of(preimage)
    check_not_initiated(node, payment_hash)
    payee = node.world.nodes.get(payee_id)
    flow = Flow(
        payer=node,
        payee=payee or node,
        payment_id=PaymentId(payment_hash),
        payment_hash=payment_hash,
        amount_msat=request.amount_msat,
        message=Message(keysend_preimage=preimage, tlvs=request.custom_tlvs),
        limits=limits,
        padding=payments.padding_for(node),
    )
    return start(flow, possible=payee is not None and payee is not node and request.amount_msat > 0)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.Bolt11Send: send,
    requests.Bolt11SendUnderpaying: send_underpaying,
    requests.SpontaneousSend: spontaneous,
}
