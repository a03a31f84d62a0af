"""ConnectPeer, DisconnectPeer and ListPeers (server facts 6.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.model import Peer
from ldk_tui.core.text import SafeText
from ldk_tui.sim.node import KnownPeer
from ldk_tui.sim.rpc.refusals import given, key, refused, socket_address

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode


def connect(node: SimNode, request: requests.ConnectPeer) -> None:
    """Connected already: OK, whatever the address; with `persist` that address is saved all the same (run)."""
    peer_id = key(request.node_id)
    if peer_id is None:
        raise given("public key")
    address = socket_address(request.address)
    if not node.is_connected(peer_id) and not node.world.dial(node, peer_id, address):
        raise refused("Network connection closed.")
    if request.persist:
        node.known_peers[peer_id] = KnownPeer(address, True)


def disconnect(node: SimNode, request: requests.DisconnectPeer) -> None:
    """Removes the peer from the saved ones too. An unknown peer: OK."""
    peer_id = key(request.node_id)
    if peer_id is None:
        raise given("public key")
    entry = node.known_peers.get(peer_id)
    if entry is not None:
        node.known_peers[peer_id] = KnownPeer(entry.address, False)
    peer = node.world.nodes.get(peer_id)
    if peer is not None and node.is_connected(peer_id):
        node.world.hang_up(node, peer)
    if entry is not None and not node.channels_with(peer_id):
        node.known_peers.pop(peer_id, None)


def list_peers(node: SimNode, _: requests.ListPeers) -> tuple[Peer, ...]:
    """The connected and the saved ones."""
    rows = []
    for peer_id, entry in node.known_peers.items():
        connected = node.is_connected(peer_id)
        if connected or entry.persisted:
            rows.append(Peer(peer_id, SafeText(entry.address), entry.persisted, connected))
    return tuple(rows)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.ConnectPeer: connect,
    requests.DisconnectPeer: disconnect,
    requests.ListPeers: list_peers,
}
