"""A node's on-chain wallet: what it knows is what its last sync saw, which is where its traps come from.

Coins count as spent only from the next sync on, so that two spending calls within one sync take the same coins and
the second transaction never exists (server facts 6.4, run). Weights and fees are those of the recordings: 562 weight
units for one input and two outputs, 610 with a channel's funding output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ldk_tui.core.amounts import Sat
from ldk_tui.core.ids import Txid
from ldk_tui.core.model import OutPoint
from ldk_tui.sim.chain import Chain, Tx, TxOut

_BASE_WEIGHT, _INPUT_WEIGHT = 42, 272
OUTPUT_WEIGHT = 124
FUNDING_OUTPUT_WEIGHT = 172
DUST_SAT = 294


class NotEnough(Exception):
    """The spendable coins do not pay for it."""


class NotBuildable(Exception):
    """Dust, or a fee rate below the relay minimum."""


def fee_sat(weight: int, rate_sat_per_vb: int) -> int:
    return (weight * rate_sat_per_vb + 3) // 4


@dataclass(frozen=True, slots=True)
class Coin:
    """An output that the wallet has seen. `own`: made by a transaction of ours, so its change is trusted at once."""

    outpoint: OutPoint
    amount_sat: int
    own: bool


@dataclass(slots=True)
class WalletTx:
    """A transaction that concerns the wallet, with what it moved in and out of it."""

    tx: Tx
    received_sat: int
    sent_sat: int


class Wallet:
    """`new_address(index)` derives addresses; the counter never goes back (6.4, 6.9)."""

    def __init__(self, chain: Chain, derive: Callable[[int], str]) -> None:
        self._chain = chain
        self._derive = derive
        self._addresses: set[str] = set()
        self._seen = 0
        self.coins: dict[OutPoint, Coin] = {}
        self.transactions: dict[Txid, WalletTx] = {}
        self.unsettled: dict[Txid, WalletTx] = {}
        """Those without six confirmations yet: the only ones whose records still change."""
        self.height = chain.height

    def new_address(self) -> str:
        address = self._derive(len(self._addresses))
        self._addresses.add(address)
        return address

    def owns(self, address: str) -> bool:
        return address in self._addresses

    # --- sync -----------------------------------------------------------------------------------------------------

    def sync(self, height: int) -> None:
        """See everything that the chain and the mempool hold now."""
        self.height = height
        accepted = self._chain.accepted
        for tx in accepted[self._seen :]:
            self._take(tx)
        self._seen = len(accepted)

    def _take(self, tx: Tx) -> None:
        sent = [self.coins.pop(each) for each in tx.inputs if each in self.coins]
        received = 0
        for vout, output in enumerate(tx.outputs):
            if output.address in self._addresses:
                outpoint = tx.outpoint(vout)
                self.coins[outpoint] = Coin(outpoint, output.amount_sat, own=bool(sent))
                received += output.amount_sat
        if sent or received:
            moved = WalletTx(tx, received, sum(coin.amount_sat for coin in sent))
            self.transactions[tx.txid] = self.unsettled[tx.txid] = moved

    # --- balances -------------------------------------------------------------------------------------------------

    def confirmations(self, txid: Txid) -> int:
        return self._chain.confirmations(txid, self.height)

    def total_sat(self) -> int:
        return sum(coin.amount_sat for coin in self.coins.values())

    def trusted(self) -> list[Coin]:
        """Confirmed coins and own change, biggest first: what may be spent."""
        usable = [c for c in self.coins.values() if c.own or self.confirmations(c.outpoint.txid) > 0]
        return sorted(usable, key=lambda coin: (-coin.amount_sat, str(coin.outpoint)))

    def trusted_sat(self) -> int:
        return sum(coin.amount_sat for coin in self.trusted())

    # --- spending -------------------------------------------------------------------------------------------------

    def select(
        self, amount_sat: int, rate_sat_per_vb: int, reserve_sat: int, extra_weight: int
    ) -> tuple[list[Coin], list[TxOut]]:
        """Coins that pay `amount_sat` and the fee of a transaction with `extra_weight` beside them, and the change.

        Raises NotEnough, NotBuildable. The wallet forgets at once that it chose them.
        """
        if amount_sat < DUST_SAT or rate_sat_per_vb < 1:
            raise NotBuildable
        trusted = self.trusted()
        chosen: list[Coin] = []
        for coin in trusted:
            chosen.append(coin)
            weight = _BASE_WEIGHT + _INPUT_WEIGHT * len(chosen) + extra_weight
            have = sum(each.amount_sat for each in chosen)
            change = have - amount_sat - fee_sat(weight + OUTPUT_WEIGHT, rate_sat_per_vb)
            if change >= DUST_SAT:
                outputs = [TxOut(self.new_address(), Sat(change))]
            elif have >= amount_sat + fee_sat(weight, rate_sat_per_vb):
                outputs = []
            else:
                continue
            kept = sum(each.amount_sat for each in trusted) - have + sum(each.amount_sat for each in outputs)
            if kept < reserve_sat:
                raise NotEnough
            return chosen, outputs
        raise NotEnough

    def spend(
        self, address: str, amount_sat: int, rate_sat_per_vb: int, reserve_sat: int, output_weight: int = OUTPUT_WEIGHT
    ) -> Tx:
        """A transaction that pays `amount_sat` to `address`, not yet broadcast. Raises NotEnough, NotBuildable."""
        coins, change = self.select(amount_sat, rate_sat_per_vb, reserve_sat, output_weight)
        outputs = [TxOut(address, Sat(amount_sat)), *change]
        if len(self._addresses) % 2:
            outputs.reverse()  # a wallet does not show by their order which output is the change
        return self._chain.build((each.outpoint for each in coins), outputs)

    def sweep(self, address: str, rate_sat_per_vb: int, reserve_sat: int, output_weight: int = OUTPUT_WEIGHT) -> Tx:
        """Everything but `reserve_sat` to `address`. Raises as `spend`."""
        coins = self.trusted()
        weight = _BASE_WEIGHT + _INPUT_WEIGHT * len(coins) + output_weight + (OUTPUT_WEIGHT if reserve_sat else 0)
        amount_sat = sum(coin.amount_sat for coin in coins) - reserve_sat - fee_sat(weight, rate_sat_per_vb)
        if not coins or amount_sat < DUST_SAT:
            raise NotEnough
        outputs = [TxOut(address, Sat(amount_sat))]
        if reserve_sat:
            outputs.append(TxOut(self.new_address(), Sat(reserve_sat)))
        return self._chain.build((coin.outpoint for coin in coins), outputs)
