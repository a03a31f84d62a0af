"""A block chain of one world: transactions, outputs, a mempool and blocks, without scripts and signatures.

Money is exact: every satoshi was minted once and is in an unspent output or was paid as a fee. A transaction that
spends an output twice is refused, as a real mempool refuses a replacement that pays no more (server facts 6.4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ldk_tui.core.amounts import Sat
from ldk_tui.core.ids import BlockHash, Txid
from ldk_tui.core.model import Network, OutPoint

BLOCK_INTERVAL_S = 600


@dataclass(frozen=True, slots=True)
class TxOut:
    """An output. `address` is an address, or a name of ours for outputs of channels (`funding:…`, `htlc:…`)."""

    address: str
    amount_sat: Sat


@dataclass(frozen=True, slots=True)
class Tx:
    txid: Txid
    inputs: tuple[OutPoint, ...]
    outputs: tuple[TxOut, ...]
    fee_sat: Sat

    def outpoint(self, vout: int) -> OutPoint:
        return OutPoint(self.txid, vout)


class Chain:
    """The chain and its mempool. All nodes of a world share one; each has its own, later view of the height."""

    def __init__(self, seed: int, network: Network, height: int, now: float) -> None:
        self.network = network
        self.height = height
        self._seed = seed
        self._base_height = height
        self._times = [int(now)]
        self._outputs: dict[OutPoint, TxOut] = {}
        self._spent: dict[OutPoint, Txid] = {}
        self._confirmed: dict[Txid, int] = {}
        self._positions: dict[Txid, int] = {}
        self.mempool: dict[Txid, Tx] = {}
        self.accepted: list[Tx] = []
        self.minted_sat = 0
        self._mints = 0

    # --- blocks ---------------------------------------------------------------------------------------------------

    def block_hash(self, height: int) -> BlockHash:
        digest = hashlib.sha256(f"block {self._seed} {height}".encode()).hexdigest()
        return BlockHash(digest if self.network is Network.REGTEST else "00000000" + digest[8:])

    def block_time(self, height: int) -> int:
        """Unix seconds; blocks before this world began are ten minutes apart."""
        if height < self._base_height:
            return self._times[0] - (self._base_height - height) * BLOCK_INTERVAL_S
        return self._times[height - self._base_height]

    def mine(self, now: float) -> None:
        """One block with everything that waits in the mempool."""
        self.height += 1
        self._times.append(int(now))
        for position, txid in enumerate(self.mempool, start=1):
            self._confirmed[txid] = self.height
            self._positions[txid] = position
        self.mempool.clear()

    def skip(self, times: list[float]) -> None:
        """Many empty blocks at once. Only while nothing waits in the mempool."""
        if self.mempool:
            raise ValueError("these blocks would not be empty")
        self.height += len(times)
        self._times.extend(int(time) for time in times)

    # --- transactions ---------------------------------------------------------------------------------------------

    def build(self, inputs: Iterable[OutPoint], outputs: Iterable[TxOut]) -> Tx:
        """A transaction of existing outputs (spent or not: only `broadcast` looks). The rest is the fee."""
        ins, outs = tuple(inputs), tuple(outputs)
        fee_sat = sum(self._outputs[each].amount_sat for each in ins) - sum(each.amount_sat for each in outs)
        if fee_sat < 0 or not ins:
            raise ValueError(f"a transaction cannot make {-fee_sat} sat")
        return Tx(self._txid(ins, outs, ""), ins, outs, Sat(fee_sat))

    def _txid(self, inputs: tuple[OutPoint, ...], outputs: tuple[TxOut, ...], salt: str) -> Txid:
        text = repr((self._seed, salt, [str(each) for each in inputs], [(o.address, o.amount_sat) for o in outputs]))
        return Txid(hashlib.sha256(text.encode()).hexdigest())

    def broadcast(self, tx: Tx) -> bool:
        """Into the mempool. False: it spends something that is spent, and nobody but a log ever says so."""
        if tx.txid in self.mempool or tx.txid in self._confirmed:
            return True
        if any(each in self._spent or each not in self._outputs for each in tx.inputs):
            return False
        for each in tx.inputs:
            self._spent[each] = tx.txid
        self._accept(tx)
        return True

    def mint(self, address: str, amount_sat: int) -> Tx:
        """New coins from a miner or a faucet, into the mempool."""
        self._mints += 1
        outputs = (TxOut(address, Sat(amount_sat)),)
        tx = Tx(self._txid((), outputs, f"mint {self._mints}"), (), outputs, Sat(0))
        self.minted_sat += amount_sat
        self._accept(tx)
        return tx

    def _accept(self, tx: Tx) -> None:
        for vout, output in enumerate(tx.outputs):
            self._outputs[tx.outpoint(vout)] = output
        self.mempool[tx.txid] = tx
        self.accepted.append(tx)

    def output(self, outpoint: OutPoint) -> TxOut:
        return self._outputs[outpoint]

    def is_spent(self, outpoint: OutPoint) -> bool:
        return outpoint in self._spent

    def confirmed_at(self, txid: Txid) -> int | None:
        """The height of the block that holds it, None in the mempool or unknown."""
        return self._confirmed.get(txid)

    def position(self, txid: Txid) -> int:
        """Its place in its block, from 1 on (0 is the coinbase). KeyError for one that is in no block."""
        return self._positions[txid]

    def confirmations(self, txid: Txid, height: int) -> int:
        """As seen from `height` (a node's view may be behind the tip)."""
        at = self._confirmed.get(txid)
        return 0 if at is None or at > height else height - at + 1

    # --- conservation ---------------------------------------------------------------------------------------------

    def unspent_sat(self) -> int:
        return sum(out.amount_sat for outpoint, out in self._outputs.items() if outpoint not in self._spent)

    def fees_sat(self) -> int:
        """All mining fees ever paid. `minted_sat` = `unspent_sat()` + `fees_sat()`, always."""
        return sum(tx.fee_sat for tx in self.accepted)
