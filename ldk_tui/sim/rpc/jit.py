"""The two JIT receive calls: an invoice through a liquidity service (server facts 6.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import ShortChannelId
from ldk_tui.core.model import HopHint
from ldk_tui.core.secret import Secret
from ldk_tui.sim import bolt11, features
from ldk_tui.sim.liquidity import JitOrder, LspTerms
from ldk_tui.sim.node import KnownPeer
from ldk_tui.sim.receiving import OwnInvoice, hash_of
from ldk_tui.sim.rpc.receive import description_of
from ldk_tui.sim.rpc.refusals import refused, trouble

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_MIN_FINAL_CLTV = 44


def fixed(node: SimNode, request: requests.Bolt11ReceiveViaJitChannel) -> str:
    description = description_of(request.description)
    terms = _terms(node)
    fee_msat = terms.fee_msat(request.amount_msat)
    limit = request.max_total_lsp_fee_limit_msat
    if limit is not None and fee_msat > limit:
        raise _too_dear()
    return _order(node, terms, request.amount_msat, description, request.expiry_s, fee_msat, None)


def variable(node: SimNode, request: requests.Bolt11ReceiveVariableAmountViaJitChannel) -> str:
    description = description_of(request.description)
    terms = _terms(node)
    limit = request.max_proportional_lsp_fee_limit_ppm_msat
    if limit is not None and terms.fee_ppm > limit:
        raise _too_dear()
    return _order(node, terms, None, description, request.expiry_s, 0, limit)


def _too_dear() -> Exception:
    return refused("The given operation failed due to the LSP's required opening fee being too high.")


def _terms(node: SimNode) -> LspTerms:
    """What the service asks. 13 when none is configured, or when it does not answer."""
    lsp = node.lsp
    if lsp is None:
        raise trouble("The given operation failed due to the required liquidity source being unavailable.")
    if not node.world.dial(node, lsp.node_id, None):
        raise trouble("Failed to request inbound liquidity.")
    node.known_peers[lsp.node_id] = KnownPeer(lsp.address, True)
    return lsp.lsp_terms or LspTerms()


def _order(
    node: SimNode,
    terms: LspTerms,
    amount_msat: int | None,
    description: str | bytes,
    expiry_s: int,
    skim_msat: int,
    fee_limit_ppm: int | None,
) -> str:
    """The invoice: its only way leads over a channel of the service that does not exist yet."""
    world, lsp = node.world, node.lsp
    if lsp is None:
        raise trouble("Failed to request inbound liquidity.")
    preimage, secret, now = world.random_hex(), world.rng.randbytes(32), int(world.now)
    payment_hash = hash_of(preimage)
    scid = ShortChannelId((1 << 40) | world.rng.getrandbits(40))
    draft = bolt11.Draft(
        currency=bolt11.Currency.of(world.network),
        amount_msat=amount_msat,  # type: ignore[arg-type]
        timestamp_unix=now,
        payment_hash=bytes.fromhex(payment_hash),
        payment_secret=Secret(secret),
        description=description,
        expiry_s=expiry_s,
        min_final_cltv_expiry_delta=_MIN_FINAL_CLTV,
        features=bolt11.FEATURES | {features.PAYMENT_METADATA_REQUIRED},
        route_hints=((HopHint(lsp.node_id, scid, 0, 0, 72),),),
        payment_metadata=world.rng.randbytes(14),
        with_payee=False,
    )
    try:
        text = bolt11.encode(draft, node.key)
    except ValueError:
        raise refused("Failed to create invoice.") from None
    skim_limit = skim_msat or (1 << 62)
    node.receiving.expect(OwnInvoice(payment_hash, secret, preimage, amount_msat, now + expiry_s, skim_limit))
    world.jit_orders[payment_hash] = JitOrder(lsp, node, terms, fee_limit_ppm)
    return text


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.Bolt11ReceiveViaJitChannel: fixed,
    requests.Bolt11ReceiveVariableAmountViaJitChannel: variable,
}
