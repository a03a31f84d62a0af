"""OnchainReceive and OnchainSend (server facts 6.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import Address, Txid
from ldk_tui.core.model import Level
from ldk_tui.core.requests import AllFunds
from ldk_tui.sim import address as addresses
from ldk_tui.sim.rpc.refusals import given, insufficient, invalid, no_amount, trouble
from ldk_tui.sim.wallet import NotBuildable, NotEnough

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_LARGEST_FEE_RATE = (1 << 64) // 250
"""Above this sat/vB the library's type overflows, and the rate is ignored without a word."""


def receive(node: SimNode, _: requests.OnchainReceive) -> Address:
    return Address(node.wallet.new_address())


def send(node: SimNode, request: requests.OnchainSend) -> Txid:
    """OK means signed and queued: a second send within one wallet sync takes the same coins and never exists."""
    check_address(node, request.address)
    if request.amount is None:
        if node.level is Level.L2026_04:
            raise invalid("Must specify either `send_all` or `amount_sats`, but not both or neither")
        raise no_amount()
    rate = request.fee_rate_sat_per_vb
    if rate is None or rate >= _LARGEST_FEE_RATE:
        rate = max(1, node.world.feerate_sat_per_kw // 250)
    return pay(node, request.address, request.amount, rate)


def check_address(node: SimNode, text: str) -> None:
    try:
        addresses.require(text, node.world.network)
    except addresses.NotAnAddress:
        raise given("address") from None
    except addresses.WrongNetwork:
        raise invalid("Address is not valid for the configured network.") from None


def pay(node: SimNode, address: str, amount: int | AllFunds, rate_sat_per_vb: int) -> Txid:
    """Build and broadcast. 9 without the funds, 13 for anything that cannot be built."""
    reserve_sat = node.anchor_reserve_sat
    try:
        if isinstance(amount, AllFunds):
            # Servers of 2026-04 swept the anchor reserve too (1.4).
            kept = 0 if node.level is Level.L2026_04 else reserve_sat
            tx = node.wallet.sweep(address, rate_sat_per_vb, kept)
        else:
            tx = node.wallet.spend(address, amount, rate_sat_per_vb, reserve_sat)
    except NotEnough:
        raise insufficient() from None
    except NotBuildable:
        raise trouble("On-chain transaction could not be created.") from None
    node.world.broadcast(tx)
    return tx.txid


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.OnchainReceive: receive,
    requests.OnchainSend: send,
}
