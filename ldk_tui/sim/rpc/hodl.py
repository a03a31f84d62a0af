"""Bolt11ClaimForHash and Bolt11FailForHash: OK is not proof of anything (server facts 9.3, 9.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import PaymentId
from ldk_tui.core.model import Bolt11Kind
from ldk_tui.sim.receiving import hash_of
from ldk_tui.sim.rpc.refusals import given, hash_or

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode


def claim(node: SimNode, request: requests.Bolt11ClaimForHash) -> None:
    """OK also before arrival, twice, after a fail and after the deadline."""
    preimage = hash_or(request.preimage.reveal(), "Invalid preimage, must be a 32-byte hex string.")
    payment_hash = hash_of(preimage)
    if request.payment_hash is not None:
        stated = hash_or(request.payment_hash, "Invalid payment_hash, must be a 32-byte hex string.")
        if stated != payment_hash:
            raise given("payment preimage")
    record = node.records.get(PaymentId(payment_hash))
    if record is None:
        raise given("payment hash")
    expected = record.amount_msat or 0
    if isinstance(record.kind, Bolt11Kind):
        expected -= record.kind.skimmed_fee_msat or 0
    if request.claimable_amount_msat is not None and request.claimable_amount_msat < expected:
        raise given("amount")
    node.receiving.claim(payment_hash, preimage)


def fail(node: SimNode, request: requests.Bolt11FailForHash) -> None:
    """The record becomes FAILED, whatever it was, also an outbound one."""
    payment_hash = hash_or(request.payment_hash, "Invalid payment_hash, must be a 32-byte hex string.")
    if PaymentId(payment_hash) not in node.records:
        raise given("payment hash")
    node.receiving.give_back(payment_hash)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.Bolt11ClaimForHash: claim,
    requests.Bolt11FailForHash: fail,
}
