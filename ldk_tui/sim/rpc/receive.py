"""Bolt11Receive and Bolt11ReceiveForHash, and the reading of invoices (server facts 6.5, 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.amounts import MAX_MSAT
from ldk_tui.core.ids import PaymentHash
from ldk_tui.core.model import DecodedInvoice, HopHint, NewInvoice
from ldk_tui.core.requests import Description, DirectDescription
from ldk_tui.core.secret import Secret
from ldk_tui.sim import bolt11
from ldk_tui.sim.channel import Phase
from ldk_tui.sim.receiving import OwnInvoice, hash_of
from ldk_tui.sim.rpc.refusals import given, hash_or, invalid, refused

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_MAX_DESCRIPTION = 639


def description_of(description: Description | None) -> str | bytes:
    """The text or hash for the invoice; none is an empty text. 3 for what does not fit."""
    if description is None:
        return ""
    if isinstance(description, DirectDescription):
        if len(description.text.encode("utf-8", "replace")) > _MAX_DESCRIPTION:
            raise invalid("Invalid invoice description: The supplied description string was longer than 639 bytes")
        return description.text
    text = hash_or(description.hash, "Invalid invoice description_hash, must be 32-byte hex string")
    return bytes.fromhex(text)


def make_invoice(
    node: SimNode,
    payment_hash: PaymentHash,
    preimage: str | None,
    amount_msat: int | None,
    description: str | bytes,
    expiry_s: int,
) -> tuple[str, bytes]:
    """The signed invoice and its secret, with the node's record made. 9 for what an invoice cannot say."""
    world = node.world
    secret = world.rng.randbytes(32)
    now = int(world.now)
    if amount_msat is not None and amount_msat > MAX_MSAT:
        raise refused("Failed to create invoice.")
    draft = bolt11.Draft(
        currency=bolt11.Currency.of(world.network),
        amount_msat=amount_msat,  # type: ignore[arg-type]
        timestamp_unix=now,
        payment_hash=bytes.fromhex(payment_hash),
        payment_secret=Secret(secret),
        description=description,
        expiry_s=expiry_s,
        route_hints=private_hints(node),
    )
    try:
        text = bolt11.encode(draft, node.key)
    except ValueError:
        raise refused("Failed to create invoice.") from None
    node.receiving.expect(OwnInvoice(payment_hash, secret, preimage, amount_msat, now + expiry_s))
    return text, secret


def private_hints(node: SimNode) -> tuple[tuple[HopHint, ...], ...]:
    """Ways to a node that gossip does not know: its unannounced channels, unless it has an announced one."""
    usable = [channel for channel in node.channels if channel.phase is Phase.OPEN and channel.scid is not None]
    if any(channel.announced for channel in usable):
        return ()
    hints = []
    for channel in usable[:3]:
        config, scid = channel.other(node).config, channel.scid
        if scid is not None:
            hint = HopHint(
                channel.other(node).node.node_id,
                scid,
                config.fee_base_msat or 0,
                config.fee_ppm or 0,
                config.cltv_expiry_delta or 72,
            )
            hints.append((hint,))
    return tuple(hints)


def receive(node: SimNode, request: requests.Bolt11Receive) -> NewInvoice:
    """An expiry of 0 is taken as it is: the invoice has already expired (run)."""
    description = description_of(request.description)
    preimage = node.world.random_hex()
    payment_hash = hash_of(preimage)
    text, secret = make_invoice(node, payment_hash, preimage, request.amount_msat, description, request.expiry_s)
    return NewInvoice(text, payment_hash, Secret(secret.hex()))


def receive_for_hash(node: SimNode, request: requests.Bolt11ReceiveForHash) -> str:
    """A hodl invoice. A hash that was used before overwrites its record (6.5)."""
    description = description_of(request.description)
    payment_hash = hash_or(request.payment_hash, "Invalid payment_hash, must be a 32-byte hex string.")
    return make_invoice(node, payment_hash, None, request.amount_msat, description, request.expiry_s)[0]


def decode(node: SimNode, request: requests.DecodeInvoice) -> DecodedInvoice:
    return read_invoice(request.invoice).decoded(node.world.now)


def read_invoice(text: str) -> bolt11.Invoice:
    """3 for everything that is no invoice with a good signature, a `lightning:` prefix included."""
    try:
        return bolt11.decode(text)
    except ValueError:
        raise given("invoice") from None


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.Bolt11Receive: receive,
    requests.Bolt11ReceiveForHash: receive_for_hash,
    requests.DecodeInvoice: decode,
}
