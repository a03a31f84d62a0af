"""Records of on-chain payments: made and changed by the wallet's syncs only, never in the event log (6.4, 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import Txid, onchain_payment_id
from ldk_tui.core.model import Confirmed, Direction, OnchainKind, Payment, PaymentStatus
from ldk_tui.sim.wallet import WalletTx

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

SETTLED_CONFIRMATIONS = 6


def record_transactions(node: SimNode) -> None:
    """Bring the records up to what the wallet has just seen."""
    for txid, moved in tuple(node.wallet.unsettled.items()):
        _record(node, txid, moved)
        if node.wallet.confirmations(txid) >= SETTLED_CONFIRMATIONS:
            del node.wallet.unsettled[txid]


def _record(node: SimNode, txid: Txid, moved: WalletTx) -> None:
    chain = node.world.chain
    confirmations = node.wallet.confirmations(txid)
    confirmed = None
    if confirmations:
        height = node.height - confirmations + 1
        confirmed = Confirmed(chain.block_hash(height), height, chain.block_time(height))
    outbound = moved.sent_sat > moved.received_sat
    if outbound:
        amount_sat = max(0, moved.sent_sat - moved.received_sat - moved.tx.fee_sat)
    else:
        amount_sat = moved.received_sat - moved.sent_sat
    payment_id = onchain_payment_id(txid)
    status = PaymentStatus.SUCCEEDED if confirmations >= SETTLED_CONFIRMATIONS else PaymentStatus.PENDING
    before = node.records.get(payment_id)
    kind = OnchainKind(txid, confirmed)
    if before is not None and (before.kind, before.status) == (kind, status):
        return
    # On INBOUND too: the recorded server put the sender's fee there, so no client may take it for ours.
    node.records[payment_id] = Payment(
        id=payment_id,
        kind=kind,
        amount_msat=Msat(amount_sat * 1000),
        fee_paid_msat=Msat(moved.tx.fee_sat * 1000),
        direction=Direction.OUTBOUND if outbound else Direction.INBOUND,
        status=status,
        updated_unix=int(node.world.clock.now),
    )
