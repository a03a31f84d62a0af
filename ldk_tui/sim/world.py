"""A small Lightning world: one chain, one clock, nodes that are each other's peers and pay each other.

Nothing happens by itself but in live mode: `advance` lets time pass, `mine` makes blocks. Everything that is drawn by
lot comes from `rng`, so that the same seed gives the same world to the byte.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ldk_tui.core.ids import NodeId, OfferId, PaymentHash
from ldk_tui.core.model import Level, Network
from ldk_tui.sim import payments
from ldk_tui.sim.chain import Chain, Tx
from ldk_tui.sim.channel import Channel, Htlc, Phase
from ldk_tui.sim.clock import Clock
from ldk_tui.sim.gossip import Gossip
from ldk_tui.sim.lifecycle import Lifecycle
from ldk_tui.sim.liquidity import JitOrder
from ldk_tui.sim.node import KnownPeer, SimNode, SyncPolicy
from ldk_tui.sim.payments import Flow, State

RECONNECT_S = 60.0
REGTEST_HEIGHT = 110


class World:
    """`now`: unix seconds at which it begins. `feerate_sat_per_kw` is what fee estimators say (500 = 2 sat/vB)."""

    def __init__(
        self,
        seed: int = 1,
        now: float = 1_795_370_981.0,
        *,
        network: Network = Network.REGTEST,
        height: int = REGTEST_HEIGHT,
        feerate_sat_per_kw: int = 500,
    ) -> None:
        self.seed = seed
        self.rng = Random(seed)  # noqa: S311  a repeatable world, no secrets of anybody
        self.network = network
        self.clock = Clock(now)
        self.chain = Chain(seed, network, height, now)
        self.feerate_sat_per_kw = feerate_sat_per_kw
        self.nodes: dict[NodeId, SimNode] = {}
        self.links: set[frozenset[NodeId]] = set()
        self.flows: set[Flow] = set()
        self.offers: dict[OfferId, SimNode] = {}
        self.jit_orders: dict[PaymentHash, JitOrder] = {}
        self.gossip = Gossip(self)
        self.lifecycle = Lifecycle(self)
        self._waiting: list[tuple[Channel, Callable[[], None]]] = []
        self._reconnect_planned = False
        self._next_port = 19_735

    # --- time and chain -------------------------------------------------------------------------------------------

    def time(self) -> float:
        """The clock for servers of this world: unix seconds."""
        return self.clock.time()

    @property
    def now(self) -> float:
        return self.clock.now

    def advance(self, seconds: float) -> None:
        """Let time pass and everything happen that is due."""
        self.clock.advance(seconds)

    def mine(self, blocks: int = 1, *, seen: bool = True) -> None:
        """Make blocks at this moment. `seen`: all nodes look at once, else each at its next poll."""
        for _ in range(blocks):
            self.chain.mine(self.clock.now)
            for node in self.nodes.values():
                if seen and node.running and node.sync_stopped_unix is None:
                    node.sync()
                else:
                    node.chain_changed()

    def pass_blocks(self, blocks: int, every_s: float) -> None:
        """Let `blocks` blocks come, one every `every_s` seconds; quiet stretches are skipped over at no cost."""
        while blocks > 0:
            quiet = self._quiet_blocks(blocks, every_s)
            if quiet:
                start = self.clock.now
                self.clock.advance(quiet * every_s)
                self.chain.skip([start + every_s * (index + 1) for index in range(quiet)])
                for node in self.nodes.values():
                    if node.running and node.sync_stopped_unix is None:
                        node.height = node.wallet.height = self.chain.height
                blocks -= quiet
            else:
                self.clock.advance(every_s)
                self.mine()
                blocks -= 1

    def _quiet_blocks(self, blocks: int, every_s: float) -> int:
        """How many of the next blocks change nothing for anybody."""
        if self.chain.mempool:
            return 0
        quiet = blocks
        for node in self.nodes.values():
            pending = any(c.splice or (c.phase is Phase.FUNDING and not c.phantom) for c in node.channels)
            if pending or node.closings or node.wallet.unsettled:
                return 0
            due = node.next_height()
            if due is not None:
                quiet = min(quiet, due - 1 - self.chain.height)
        next_due = self.clock.next_due()
        if next_due is not None:
            quiet = min(quiet, int((next_due - self.clock.now) // every_s))
        return max(0, quiet)

    def broadcast(self, tx: Tx) -> bool:
        """A transaction to the mempool, which all nodes see when they look next. False: it lost to another one."""
        accepted = self.chain.broadcast(tx)
        if accepted:
            for node in self.nodes.values():
                node.chain_changed()
        return accepted

    def random_hex(self, size: int = 32) -> str:
        return self.rng.randbytes(size).hex()

    # --- nodes ----------------------------------------------------------------------------------------------------

    def add_node(
        self,
        alias: str,
        *,
        level: Level = Level.L2026_08,
        address: str | None = None,
        sync: SyncPolicy | None = None,
        funds_sat: int = 0,
    ) -> SimNode:
        """A running node. `funds_sat`: confirmed coins in its wallet, in one output."""
        if address is None:
            address = f"127.0.0.1:{self._next_port}"
            self._next_port += 1
        node = SimNode(self, alias, address, level, sync or SyncPolicy())
        self.nodes[node.node_id] = node
        if funds_sat:
            self.fund(node, funds_sat)
        return node

    def fund(self, node: SimNode, amount_sat: int, *, confirmed: bool = True) -> Tx:
        """New coins to a new address of the node."""
        tx = self.chain.mint(node.wallet.new_address(), amount_sat)
        if confirmed:
            self.mine()
        else:
            for each in self.nodes.values():
                each.chain_changed()
        return tx

    # --- peers ----------------------------------------------------------------------------------------------------

    def dial(self, node: SimNode, peer_id: NodeId, address: str | None) -> bool:
        """A connection from `node` to a peer, at `address` (None: wherever it is). False: nobody there."""
        peer = self.nodes.get(peer_id)
        if peer is None or peer is node or not peer.running or not node.running:
            return False
        if address is not None and address != peer.address:
            return False
        if not node.is_connected(peer_id):
            self.links.add(frozenset((node.node_id, peer_id)))
            if node.node_id not in peer.known_peers:
                host = node.address.rsplit(":", 1)[0]
                peer.known_peers[node.node_id] = KnownPeer(f"{host}:{self.rng.randint(32_768, 60_999)}", False)
            if peer_id not in node.known_peers:
                node.known_peers[peer_id] = KnownPeer(peer.address, False)
            self._linked(node, peer)
        return True

    def _linked(self, one: SimNode, two: SimNode) -> None:
        """Two peers talk again: what waited for that goes on."""
        waiting, self._waiting = self._waiting, []
        for channel, action in waiting:
            if channel.connected or channel.phase is Phase.CLOSED:
                self.clock.after(0.05, action)
            else:
                self._waiting.append((channel, action))
        for channel in one.channels_with(two.node_id):
            self.lifecycle.seen(channel, one)
            self.lifecycle.seen(channel, two)

    def on_reconnect(self, channel: Channel, action: Callable[[], None]) -> None:
        self._waiting.append((channel, action))

    def stop_waiting(self, channel: Channel) -> None:
        """The channel is closed: what waited for its peer goes on without it, on the chain."""
        released = [action for each, action in self._waiting if each is channel]
        self._waiting = [(each, action) for each, action in self._waiting if each is not channel]
        for action in released:
            self.clock.after(0.05, action)

    def hang_up(self, one: SimNode, two: SimNode) -> None:
        """The connection ends, from either side; no event says so (8)."""
        self.links.discard(frozenset((one.node_id, two.node_id)))
        for node, peer in ((one, two), (two, one)):
            entry = node.known_peers.get(peer.node_id)
            if entry is not None and not entry.persisted and not node.channels_with(peer.node_id):
                del node.known_peers[peer.node_id]
        self.plan_reconnects()

    def drop_links(self, node: SimNode) -> None:
        for link in [each for each in self.links if node.node_id in each]:
            other = self.nodes[next(iter(link - {node.node_id}))]
            self.hang_up(node, other)

    def plan_reconnects(self) -> None:
        """Saved peers and peers with channels are dialled every 60 s (6.11)."""
        if not self._reconnect_planned:
            self._reconnect_planned = True
            self.clock.after(RECONNECT_S, self._reconnect)

    def _reconnect(self) -> None:
        self._reconnect_planned = False
        missing = False
        for node in self.nodes.values():
            if not node.running:
                continue
            wanted = {peer for peer, entry in node.known_peers.items() if entry.persisted}
            wanted |= {channel.other(node).node.node_id for channel in node.channels}
            for peer in wanted:
                if not node.is_connected(peer) and not self.dial(node, peer, None):
                    missing = missing or (peer in self.nodes and self.nodes[peer].running)
        if missing:
            self.plan_reconnects()

    # --- shared moments of channels and payments ------------------------------------------------------------------

    def finish_close(self, channel: Channel) -> None:
        self.lifecycle.finish_close(channel)

    def onchain_claim(self, channel: Channel, htlc: Htlc) -> bool:
        return self.lifecycle.claim_onchain(channel, htlc)

    def htlc_lost(self, htlc: Htlc) -> None:
        """An HTLC of a closed channel went back to who offered it: its payment has failed."""
        for flow in tuple(self.flows):
            if flow.state is not State.FAILED and any(hop.htlc is htlc for part in flow.parts for hop in part.hops):
                flow.payee.receiving.held.pop(flow.payment_hash, None)
                if flow.state is not State.SETTLED:
                    payments.fail(flow)

    # --- conservation ---------------------------------------------------------------------------------------------

    def check_conserved(self) -> None:
        """Raises AssertionError when money was made or lost: on the chain, or in a channel that is open."""
        chain = self.chain
        if chain.minted_sat != chain.unspent_sat() + chain.fees_sat():
            raise AssertionError("the chain made or lost money")
        for node in self.nodes.values():
            for channel in node.channels:
                if channel.total_msat() != channel.value_sat * 1000:
                    raise AssertionError(f"a channel of {node.alias} made or lost money")
                if any(end.balance_msat < 0 for end in channel.ends):
                    raise AssertionError(f"a channel of {node.alias} owes money")
                funding = channel.funding
                if (
                    funding is not None
                    and not channel.phantom
                    and chain.output(funding).amount_sat != channel.value_sat
                ):
                    raise AssertionError(f"a channel of {node.alias} is not worth its funding")
