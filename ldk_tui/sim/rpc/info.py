"""GetNodeInfo and GetBalances (server facts 6.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.amounts import Sat
from ldk_tui.core.model import (
    Balances,
    BestBlock,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    LightningBalance,
    NodeInfo,
    PendingSweep,
)
from ldk_tui.core.text import SafeText
from ldk_tui.sim import features

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode


def node_info(node: SimNode, _: requests.GetNodeInfo | None = None) -> NodeInfo:
    policy = node.sync_policy
    address = (SafeText(node.address),) if node.announces else ()
    return NodeInfo(
        node_id=node.node_id,
        best_block=BestBlock(node.world.chain.block_hash(node.height), node.height),
        lightning_sync_unix=int(node.last_tick(policy.lightning_s)),
        onchain_sync_unix=int(node.last_tick(policy.onchain_s)),
        fee_rates_unix=int(node.last_tick(policy.fees_s)),
        announcement_unix=node.announced_unix,
        listening_addresses=address,
        announcement_addresses=address,
        alias=SafeText(node.alias),
        uris=tuple(SafeText(f"{node.node_id}@{each}") for each in address),
        network=node.world.network,
        features=features.named(features.NODE_FEATURES),
    )


def balances(node: SimNode, _: requests.GetBalances | None = None) -> Balances:
    """Sums in sat. HTLCs in flight are listed and not summed; after a cooperative close both totals count it."""
    lightning: list[LightningBalance] = []
    sweeps: list[PendingSweep] = []
    for channel in node.channels:
        if channel.funding is not None:
            lightning += channel.balances(node)
    for closing in node.closings:
        lightning += closing.lightning()
        sweeps += closing.sweeps()
    summed = (ClaimableOnChannelClose, ClaimableAwaitingConfirmations)
    return Balances(
        total_onchain_sat=Sat(node.wallet.total_sat()),
        spendable_onchain_sat=Sat(node.spendable_sat()),
        anchor_reserve_sat=Sat(node.anchor_reserve_sat),
        total_lightning_sat=Sat(sum(each.amount_sat for each in lightning if isinstance(each, summed))),
        lightning=tuple(lightning),
        sweeps=tuple(sweeps),
    )


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.GetNodeInfo: node_info,
    requests.GetBalances: balances,
}
