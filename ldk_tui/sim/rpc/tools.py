"""Messages, path-finding scores and the network graph (server facts 6.12)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import Direction, GraphChannel, GraphNode
from ldk_tui.sim import message
from ldk_tui.sim.rpc.refusals import invalid, key

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_NODE_ID = re.compile(r"[0-9a-fA-F]{66}", re.ASCII)
_YOUNG_SCORES = bytes.fromhex("0000000000")


def sign(node: SimNode, request: requests.SignMessage) -> str:
    return message.sign(node.key, request.message)


def verify(node: SimNode, request: requests.VerifySignature) -> bool:
    """Any text that is not this key's signature of this message is simply not valid."""
    public_key = key(request.public_key)
    if public_key is None:
        raise invalid("Invalid public_key provided.")
    return message.verify(request.message, request.signature, public_key)


def export_scores(node: SimNode, _: requests.ExportPathfindingScores) -> bytes:
    """Five bytes from a young node; then 21 for each channel that this node has paid through."""
    paid = any(payment.direction is Direction.OUTBOUND for payment in node.records.values())
    if not paid:
        return _YOUNG_SCORES
    scids = sorted(node.world.gossip.scids())
    scores = (scid.to_bytes(8, "big") + hashlib.sha256(scid.to_bytes(8, "big")).digest()[:13] for scid in scids)
    return len(scids).to_bytes(5, "big") + b"".join(scores)


def list_graph_channels(node: SimNode, _: requests.GraphListChannels) -> tuple[ShortChannelId, ...]:
    return node.world.gossip.scids()


def graph_channel(node: SimNode, request: requests.GraphGetChannel) -> GraphChannel:
    found = node.world.gossip.channel(request.short_channel_id)
    if found is None:
        scid = request.short_channel_id
        raise invalid(f"Channel with short_channel_id {scid} not found in the network graph.")
    return found


def list_graph_nodes(node: SimNode, _: requests.GraphListNodes) -> tuple[NodeId, ...]:
    return node.world.gossip.node_ids()


def graph_node(node: SimNode, request: requests.GraphGetNode) -> GraphNode:
    if _NODE_ID.fullmatch(request.node_id) is None:
        raise invalid(f"Invalid node_id: {request.node_id}. Expected a hex-encoded public key.")
    found = node.world.gossip.node(NodeId(request.node_id.lower()))
    if found is None:
        raise invalid(f"Node with ID {request.node_id} not found in the network graph.")
    return found


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.SignMessage: sign,
    requests.VerifySignature: verify,
    requests.ExportPathfindingScores: export_scores,
    requests.GraphListChannels: list_graph_channels,
    requests.GraphGetChannel: graph_channel,
    requests.GraphListNodes: list_graph_nodes,
    requests.GraphGetNode: graph_node,
}
