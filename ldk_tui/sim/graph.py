"""The network graph: what a node has heard by gossip, as GraphList… and GraphGet… answer it.

A seeded crowd of strangers (`Strangers`) and, before it, whatever a world adds, updates and removes. As in LDK, a node
is known by its channels: one without any is not in the graph, whatever it announced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import GraphAnnouncement, GraphChannel, GraphNode, GraphUpdate
from ldk_tui.sim.strangers import Strangers


class Graph:
    """Pure and deterministic: the same seed, sizes, time and height draw the same strangers. Empty by default."""

    def __init__(
        self,
        seed: int = 0,
        *,
        nodes: int = 0,
        channels: int = 0,
        now_unix: int = 0,
        height: int = 0,
        hostile: Sequence[str] = (),
    ) -> None:
        self._strangers = Strangers(seed, nodes, channels, now_unix=now_unix, height=height, aliases=hostile)
        self._channels: dict[ShortChannelId, GraphChannel] = {}
        # Channels of strangers that closed, or that now have other ends.
        self._removed: set[ShortChannelId] = set()
        self._announcements: dict[NodeId, GraphAnnouncement] = {}
        # Per node, the channels that were added: not those of strangers, of which `_channels` may hold a newer state.
        self._added: dict[NodeId, dict[ShortChannelId, None]] = {}

    # --- what the RPCs ask -----------------------------------------------------------------------------------------

    def list_channels(self) -> tuple[ShortChannelId, ...]:
        """All short channel ids: those that were added first."""
        theirs = self._strangers.scids
        find = self._strangers.find_channel
        added = [scid for scid in self._channels if scid in self._removed or find(scid) is None]
        if self._removed:
            theirs = tuple(scid for scid in theirs if scid not in self._removed)
        return (*added, *theirs) if added else theirs

    def list_nodes(self) -> tuple[NodeId, ...]:
        """All nodes that have a channel: those that were added first."""
        added = [node_id for node_id, scids in self._added.items() if scids]
        known = set(added)
        theirs = (node_id for node_id in self._strangers.node_ids() if node_id not in known)
        if self._removed:
            theirs = (node_id for node_id in theirs if self._scids_of(node_id))
        return (*added, *theirs)

    def channel(self, scid: ShortChannelId) -> GraphChannel | None:
        """None when gossip has never heard of it."""
        if scid in self._channels:
            return self._channels[scid]
        number = None if scid in self._removed else self._strangers.find_channel(scid)
        return None if number is None else self._strangers.channel(number)

    def node(self, node_id: NodeId) -> GraphNode | None:
        """Its channels and its announcement, if it made one; None when gossip has never heard of it."""
        scids = self._scids_of(node_id)
        return GraphNode(scids, self._announcement(node_id)) if scids else None

    def _scids_of(self, node_id: NodeId) -> tuple[ShortChannelId, ...]:
        added = self._added.get(node_id, {})
        number = self._strangers.find_node(node_id)
        if number is None:
            return tuple(added)
        scids = self._strangers.scids
        theirs = (scids[channel] for channel in self._strangers.channels_of(number))
        return (*added, *(scid for scid in theirs if scid not in self._removed))

    def _announcement(self, node_id: NodeId) -> GraphAnnouncement | None:
        if node_id in self._announcements:
            return self._announcements[node_id]
        number = self._strangers.find_node(node_id)
        return None if number is None else self._strangers.announcement(number)

    # --- what a world does -----------------------------------------------------------------------------------------

    def add_node(self, node_id: NodeId, announcement: GraphAnnouncement) -> None:
        """A (new) announcement. It shows as soon as the node has a channel."""
        self._announcements[node_id] = announcement

    def add_channel(self, scid: ShortChannelId, channel: GraphChannel) -> None:
        """A new channel, or a known one in its new state. ValueError unless node one has the smaller key (BOLT 7)."""
        if not channel.node_one < channel.node_two:
            raise ValueError("node one of a channel is the one with the smaller key")
        known = self.channel(scid)
        if known is not None and (known.node_one, known.node_two) == (channel.node_one, channel.node_two):
            self._channels[scid] = channel
            return
        self.remove_channel(scid)
        self._channels[scid] = channel
        for node_id in (channel.node_one, channel.node_two):
            self._added.setdefault(node_id, {})[scid] = None

    def update(self, scid: ShortChannelId, source: NodeId, policy: GraphUpdate | None) -> None:
        """What `source` now charges for forwarding into the channel. KeyError: no such channel, or not its end."""
        channel = self.channel(scid)
        if channel is None or source not in (channel.node_one, channel.node_two):
            raise KeyError(scid)
        if source == channel.node_one:
            self.add_channel(scid, replace(channel, one_to_two=policy))
        else:
            self.add_channel(scid, replace(channel, two_to_one=policy))

    def remove_channel(self, scid: ShortChannelId) -> None:
        """The channel closed. Not knowing it is no error."""
        channel = self._channels.pop(scid, None)
        if channel is not None:
            for node_id in (channel.node_one, channel.node_two):
                self._added.get(node_id, {}).pop(scid, None)
        if self._strangers.find_channel(scid) is not None:
            self._removed.add(scid)
