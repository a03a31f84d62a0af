"""The money of closed channels on its way back to a wallet, as GetBalances tells it (server facts 6.3, run).

Cooperative: the snapshot stays in the Lightning balances while the wallet already counts the output. By force:
claimable on close, awaiting confirmations (144 blocks for who broadcast, 6 for the peer), pending broadcast, awaiting
its confirmation, awaiting the threshold, spendable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Sat
from ldk_tui.core.ids import NodeId
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    BalanceSource,
    BroadcastAwaitingConfirmation,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    OutPoint,
    PendingBroadcast,
    PendingSweep,
)
from ldk_tui.sim.chain import Tx, TxOut
from ldk_tui.sim.channel import ANTI_REORG_DELAY, FORCE_CLOSE_DELAY, Htlc

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

SWEEP_DELAY_BLOCKS = 3
"""From the block at which a node sees that its money is ripe to the sweep (recorded: ripe at 463, confirmed in 467)."""
_SWEEP_FEE_SAT = {True: 241, False: 220}


class How(Enum):
    COOPERATIVE = BalanceSource.COOP_CLOSE
    OURS = BalanceSource.HOLDER_FORCE_CLOSED
    THEIRS = BalanceSource.COUNTERPARTY_FORCE_CLOSED


@dataclass(slots=True, eq=False)
class ClosedHtlc:
    """An HTLC output of a commitment transaction. `outpoint` None: it was dust and became a fee."""

    htlc: Htlc
    outpoint: OutPoint | None
    resolved: bool = False


@dataclass(slots=True, eq=False)
class Closing:
    """One closed channel of one node. `tx` None: the funding never existed, so nothing will ever confirm."""

    node: SimNode
    side: int
    snapshot: ClaimableOnChannelClose
    how: How
    tx: Tx | None
    outpoint: OutPoint | None
    htlcs: list[ClosedHtlc] = field(default_factory=list)
    sweep: Tx | None = None
    sweep_height: int = 0
    ripe_height: int | None = None
    is_over: bool = False

    @property
    def counterparty(self) -> NodeId:
        return self.snapshot.counterparty

    def _confirmed_at(self, tx: Tx | None) -> int | None:
        at = None if tx is None else self.node.world.chain.confirmed_at(tx.txid)
        return at if at is not None and at <= self.node.height else None

    @property
    def mature_height(self) -> int | None:
        """The height at which the money may be swept; None while the close is not in a block."""
        at = self._confirmed_at(self.tx)
        if at is None:
            return None
        return at + (FORCE_CLOSE_DELAY if self.how is How.OURS else ANTI_REORG_DELAY) - 1

    def seen(self, height: int) -> None:
        """The node has seen `height`: sweep what is ripe, forget what is done."""
        mature = self.mature_height
        if mature is None:
            return
        if self.how is How.COOPERATIVE or self.outpoint is None:
            self.is_over = height >= mature and all(each.resolved for each in self.htlcs)
            return
        if height >= mature and self.ripe_height is None:
            self.ripe_height = height
        if self.sweep is None and self.ripe_height is not None and height >= self.ripe_height + SWEEP_DELAY_BLOCKS:
            self._sweep(height, self.outpoint)
        swept_at = self._confirmed_at(self.sweep)
        done = swept_at is not None and height - swept_at + 1 >= ANTI_REORG_DELAY
        self.is_over = done and all(each.resolved for each in self.htlcs)

    def _sweep(self, height: int, outpoint: OutPoint) -> None:
        """Broadcast the sweep; until now the balance has said pending broadcast."""
        chain = self.node.world.chain
        amount_sat = chain.output(outpoint).amount_sat
        fee_sat = min(_SWEEP_FEE_SAT[self.how is How.OURS], amount_sat - 1)
        self.sweep = chain.build((outpoint,), (TxOut(self.node.wallet.new_address(), Sat(amount_sat - fee_sat)),))
        self.sweep_height = height
        self.node.world.broadcast(self.sweep)

    def lightning(self) -> list[LightningBalance]:
        """The entries that are still a matter of the channel."""
        entries: list[LightningBalance] = [self._htlc_entry(each) for each in self.htlcs if not each.resolved]
        mature = self.mature_height
        if mature is None:
            entries.append(self.snapshot)
        elif self.node.height < mature and self.snapshot.amount_sat:
            entries.append(
                ClaimableAwaitingConfirmations(
                    self.snapshot.channel_id, self.counterparty, self.snapshot.amount_sat, mature, self.how.value
                )
            )
        return entries

    def _htlc_entry(self, closed: ClosedHtlc) -> LightningBalance:
        htlc, channel_id = closed.htlc, self.snapshot.channel_id
        amount = Sat(htlc.amount_msat // 1000)
        if htlc.offered_by == self.side:
            return MaybeTimeoutClaimableHtlc(
                channel_id, self.counterparty, amount, htlc.expiry_height, htlc.payment_hash, htlc.own
            )
        return MaybePreimageClaimableHtlc(channel_id, self.counterparty, amount, htlc.expiry_height, htlc.payment_hash)

    def sweeps(self) -> list[PendingSweep]:
        """The stage of the sweep, once the channel itself is done with the money."""
        mature = self.mature_height
        if self.how is How.COOPERATIVE or self.outpoint is None or mature is None or self.node.height < mature:
            return []
        channel_id, amount = self.snapshot.channel_id, self.snapshot.amount_sat
        if self.sweep is None:
            return [PendingBroadcast(channel_id, amount)]
        at = self._confirmed_at(self.sweep)
        if at is None:
            return [BroadcastAwaitingConfirmation(channel_id, self.sweep_height, self.sweep.txid, amount)]
        block = self.node.world.chain.block_hash(at)
        return [AwaitingThresholdConfirmations(channel_id, self.sweep.txid, block, at, amount)]
