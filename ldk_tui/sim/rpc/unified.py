"""UnifiedSend: BOLT 12, then BOLT 11, then on-chain, and any error of one falls through to the next (6.8).

That is how the same address-with-invoice sent twice is paid twice. The invoice leg ignores `amount_msat`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ldk_tui.core import requests
from ldk_tui.core.ids import OfferId
from ldk_tui.core.model import UnifiedResult
from ldk_tui.sim import address as addresses
from ldk_tui.sim import bolt11, bolt12
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.rpc.offers import pay_offer
from ldk_tui.sim.rpc.onchain import pay
from ldk_tui.sim.rpc.refusals import given, invalid, sending_failed
from ldk_tui.sim.rpc.send import limits_of, pay_invoice

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_BTC = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,11}))?", re.ASCII)
_KNOWN_KEYS = frozenset({"amount", "label", "message", "lightning", "lno", "sp", "pj", "pjos"})


@dataclass(slots=True)
class Target:
    """What a text offers to be paid with. `amount_msat`: fixed by the text, None where the payer chooses."""

    address: str | None = None
    invoice: bolt11.Invoice | None = None
    offer: tuple[bolt12.Offer, OfferId] | None = None
    amount_msat: int | None = None


def _unparsable() -> GrpcStatus:
    return invalid("Failed to parse a URI parameter.")


def parse(text: str, node: SimNode) -> Target:
    """A BIP 21 URI, invoice, offer or address for this node's network. ValueError for everything else.

    A name `user@domain` is not looked up: a simulated world has no DNS, so that it ends like a failed look-up.
    """
    lowered = text.lower()
    target = Target()
    if lowered.startswith("bitcoin:"):
        _parse_bip21(text[8:], node, target)
    elif lowered.startswith(("lightning:", "ln")) and not lowered.startswith("lno"):
        body = text[10:] if lowered.startswith("lightning:") else text
        _take_offer(body, node, target) if body.lower().startswith("lno") else _take_invoice(body, node, target)
    elif lowered.startswith("lno"):
        _take_offer(text, node, target)
    else:
        _take_address(text, node, target)
    return target


def _parse_bip21(body: str, node: SimNode, target: Target) -> None:
    address, _, query = body.partition("?")
    if address:
        _take_address(address, node, target)
    seen: set[str] = set()
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        name = name.lower()
        if name in seen or (name.startswith("req-") and name[4:] not in _KNOWN_KEYS):
            raise ValueError("a parameter is repeated or must be understood")
        seen.add(name)
        if name == "amount":
            target.amount_msat = _amount(unquote(value))
        elif name == "lightning":
            _take_invoice(unquote(value), node, target)
        elif name == "lno":
            _take_offer(unquote(value), node, target)
    if target == Target(amount_msat=target.amount_msat):
        raise ValueError("nothing to pay with")


def _amount(text: str) -> int:
    match = _BTC.fullmatch(text)
    if match is None:
        raise ValueError("not an amount in bitcoin")
    return int(match.group(1)) * 10**11 + int((match.group(2) or "").ljust(11, "0"))


def _take_address(text: str, node: SimNode, target: Target) -> None:
    addresses.require(text, node.world.network)
    target.address = text


def _take_invoice(text: str, node: SimNode, target: Target) -> None:
    invoice = bolt11.decode(text)
    if invoice.currency is not bolt11.Currency.of(node.world.network) or invoice.is_expired(node.world.now):
        raise ValueError("the invoice is expired or of another network")
    target.invoice = invoice
    if invoice.amount_msat is not None:
        target.amount_msat = int(invoice.amount_msat)


def _take_offer(text: str, node: SimNode, target: Target) -> None:
    offer, offer_id = bolt12.decode(text)
    if not offer.is_for(node.world.network) or offer.is_expired(node.world.now):
        raise ValueError("the offer is expired or of another network")
    target.offer = (offer, offer_id)
    if offer.amount is not None and not isinstance(offer.amount, bolt12.Fiat):
        target.amount_msat = int(offer.amount)


def send(node: SimNode, request: requests.UnifiedSend) -> UnifiedResult:
    try:
        target = parse(request.uri, node)
    except ValueError:
        raise _unparsable() from None
    amount_msat = None if request.amount_msat is None else int(request.amount_msat)
    if amount_msat is None and target.amount_msat is None:
        raise given("amount")
    if amount_msat is not None and target.amount_msat is not None and amount_msat < target.amount_msat:
        raise given("amount")
    limits = limits_of(request.route)
    if target.offer is not None:
        try:
            offer, offer_id = target.offer
            return UnifiedResult(bolt12_payment_id=pay_offer(node, offer, offer_id, amount_msat, None, None, limits))
        except GrpcStatus:
            pass  # falls through, whatever it was
    if target.invoice is not None and target.invoice.amount_msat is not None:
        try:
            return UnifiedResult(
                bolt11_payment_id=pay_invoice(node, target.invoice, int(target.invoice.amount_msat), limits)
            )
        except GrpcStatus:
            pass  # "already initiated" too: this is the second payment
    if target.address is not None:
        amount_sat = (target.amount_msat if target.amount_msat is not None else (amount_msat or 0)) // 1000
        try:
            return UnifiedResult(
                txid=pay(node, target.address, amount_sat, max(1, node.world.feerate_sat_per_kw // 250))
            )
        except GrpcStatus:
            pass
    raise sending_failed()


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {requests.UnifiedSend: send}
