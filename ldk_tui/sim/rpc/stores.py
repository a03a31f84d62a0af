"""GetPaymentDetails reads the node records, the two lists read the event log (server facts 7.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import PaymentId
from ldk_tui.core.model import ForwardedPayment, Page, Payment
from ldk_tui.sim.rpc.refusals import hash_or

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode


def payment_details(node: SimNode, request: requests.GetPaymentDetails) -> Payment | None:
    """Unknown: OK without a payment."""
    text = hash_or(request.payment_id, "Invalid payment_id, must be a 32-byte hex-string.")
    return node.records.get(PaymentId(text))


def list_payments(node: SimNode, request: requests.ListPayments) -> Page[Payment]:
    return node.log.page(request.page_token)


def list_forwards(node: SimNode, request: requests.ListForwardedPayments) -> Page[ForwardedPayment]:
    return node.forwards.page(request.page_token)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.GetPaymentDetails: payment_details,
    requests.ListPayments: list_payments,
    requests.ListForwardedPayments: list_forwards,
}
