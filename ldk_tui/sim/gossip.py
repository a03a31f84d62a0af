"""The network graph as the nodes of a world see it: their own announced channels, and strangers by the thousand.

All nodes of one world share one view, as if gossip had reached everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import GraphAnnouncement, GraphChannel, GraphNode, GraphUpdate
from ldk_tui.core.text import SafeText
from ldk_tui.sim import features
from ldk_tui.sim.channel import CONFIRMATIONS_REQUIRED, Channel, Phase
from ldk_tui.sim.graph import Graph

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode
    from ldk_tui.sim.world import World


class Gossip:
    """`strangers` is the rest of the network, empty by default; the world's own part is read off its nodes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.strangers = Graph()

    def _own(self) -> dict[ShortChannelId, Channel]:
        found: dict[ShortChannelId, Channel] = {}
        for node in self._world.nodes.values():
            for channel in node.channels:
                known = channel.announced and channel.phase in (Phase.OPEN, Phase.SHUTDOWN)
                scid = channel.scid
                if known and scid is not None and channel.confirmations(node) >= CONFIRMATIONS_REQUIRED:
                    found[scid] = channel
        return found

    def scids(self) -> tuple[ShortChannelId, ...]:
        return (*self._own(), *self.strangers.list_channels())

    def channel(self, scid: ShortChannelId) -> GraphChannel | None:
        own = self._own().get(scid)
        return self.strangers.channel(scid) if own is None else _described(own)

    def node_ids(self) -> tuple[NodeId, ...]:
        ours = {end.node.node_id: None for channel in self._own().values() for end in channel.ends}
        return (*ours, *(each for each in self.strangers.list_nodes() if each not in ours))

    def node(self, node_id: NodeId) -> GraphNode | None:
        """Its channels, and its announcement if it made one. None when gossip has never heard of it."""
        scids = [s for s, c in self._own().items() if node_id in (end.node.node_id for end in c.ends)]
        node, stranger = self._world.nodes.get(node_id), self.strangers.node(node_id)
        if stranger is not None:
            scids += stranger.channels
        if not scids:
            return None
        announcement = None if stranger is None else stranger.announcement
        if node is not None:
            announcement = _announcement(node)
        return GraphNode(tuple(scids), announcement)


def _announcement(node: SimNode) -> GraphAnnouncement | None:
    if node.announced_unix is None:
        return None
    return GraphAnnouncement(
        last_update_unix=node.announced_unix,
        alias=SafeText(node.alias),
        rgb=SafeText("000000"),
        addresses=(SafeText(node.address),),
        features=features.named(features.NODE_FEATURES),
    )


def _described(channel: Channel) -> GraphChannel:
    """Node one is the one with the smaller key (BOLT 7); each direction is the policy of who forwards in it."""
    one, two = sorted((0, 1), key=lambda side: channel.ends[side].node.node_id)
    return GraphChannel(
        node_one=channel.ends[one].node.node_id,
        node_two=channel.ends[two].node.node_id,
        capacity_sat=Sat(channel.value_sat),
        one_to_two=_update(channel, one),
        two_to_one=_update(channel, two),
    )


def _update(channel: Channel, side: int) -> GraphUpdate:
    config, node = channel.ends[side].config, channel.ends[side].node
    return GraphUpdate(
        last_update_unix=node.announced_unix or int(node.world.clock.now),
        enabled=channel.connected,
        cltv_expiry_delta=config.cltv_expiry_delta or 0,
        htlc_minimum_msat=Msat(1),
        htlc_maximum_msat=Msat(channel.max_in_flight_msat),
        fee_base_msat=config.fee_base_msat or 0,
        fee_ppm=config.fee_ppm or 0,
    )
