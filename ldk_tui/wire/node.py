"""GetNodeInfo, features, peers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ldk_tui.core import ids
from ldk_tui.core.model import BestBlock, Feature, Network, NodeInfo, Peer
from ldk_tui.core.text import clean
from ldk_tui.wire.strings import raw

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_features(features: Mapping[int, Any]) -> dict[int, Feature]:
    """Feature bits by number. Only `Bolt11Feature` of 2026-04 says whether a bit is known; later unknown ones are left
    out by the server."""
    return {
        bit: Feature(clean(one.name), one.is_required, getattr(one, "is_known", True))
        for bit, one in sorted(features.items())
    }


def write_features(out: Any, features: Mapping[int, Feature]) -> None:
    """Fills the map field `out` of either level."""
    for bit, feature in features.items():
        entry = out[bit]
        entry.name, entry.is_required = raw(feature.name), feature.is_required
        if hasattr(entry, "is_known"):
            entry.is_known = feature.is_known


def read_node_info(
    m: api04.GetNodeInfoResponse | api08.GetNodeInfoResponse,
    network: Network | None,
    features: dict[int, Feature],
) -> NodeInfo:
    """All but what the levels say differently, which the caller read."""
    block = m.current_best_block
    return NodeInfo(
        node_id=ids.node_id(m.node_id),
        best_block=(
            BestBlock(ids.block_hash(block.block_hash), block.height) if m.HasField("current_best_block") else None
        ),
        lightning_sync_unix=(
            m.latest_lightning_wallet_sync_timestamp if m.HasField("latest_lightning_wallet_sync_timestamp") else None
        ),
        onchain_sync_unix=(
            m.latest_onchain_wallet_sync_timestamp if m.HasField("latest_onchain_wallet_sync_timestamp") else None
        ),
        fee_rates_unix=(
            m.latest_fee_rate_cache_update_timestamp if m.HasField("latest_fee_rate_cache_update_timestamp") else None
        ),
        rgs_snapshot_unix=m.latest_rgs_snapshot_timestamp if m.HasField("latest_rgs_snapshot_timestamp") else None,
        announcement_unix=(
            m.latest_node_announcement_broadcast_timestamp
            if m.HasField("latest_node_announcement_broadcast_timestamp")
            else None
        ),
        listening_addresses=tuple(clean(one, "hostport") for one in m.listening_addresses),
        announcement_addresses=tuple(clean(one, "hostport") for one in m.announcement_addresses),
        alias=clean(m.node_alias) if m.HasField("node_alias") else None,
        uris=tuple(clean(one) for one in m.node_uris),
        network=network,
        features=features,
    )


def write_node_info(out: api04.GetNodeInfoResponse | api08.GetNodeInfoResponse, info: NodeInfo) -> None:
    """All but network and features."""
    out.node_id = raw(info.node_id)
    if info.best_block is not None:
        out.current_best_block.SetInParent()
        out.current_best_block.block_hash = raw(info.best_block.block_hash)
        out.current_best_block.height = info.best_block.height
    if info.lightning_sync_unix is not None:
        out.latest_lightning_wallet_sync_timestamp = info.lightning_sync_unix
    if info.onchain_sync_unix is not None:
        out.latest_onchain_wallet_sync_timestamp = info.onchain_sync_unix
    if info.fee_rates_unix is not None:
        out.latest_fee_rate_cache_update_timestamp = info.fee_rates_unix
    if info.rgs_snapshot_unix is not None:
        out.latest_rgs_snapshot_timestamp = info.rgs_snapshot_unix
    if info.announcement_unix is not None:
        out.latest_node_announcement_broadcast_timestamp = info.announcement_unix
    out.listening_addresses.extend(map(raw, info.listening_addresses))
    out.announcement_addresses.extend(map(raw, info.announcement_addresses))
    if info.alias is not None:
        out.node_alias = raw(info.alias)
    out.node_uris.extend(map(raw, info.uris))


def read_peers(m: api04.ListPeersResponse | api08.ListPeersResponse) -> tuple[Peer, ...]:
    return tuple(_peer(one) for one in m.peers)


def _peer(m: types04.Peer | types08.Peer) -> Peer:
    return Peer(ids.node_id(m.node_id), clean(m.address, "hostport"), m.is_persisted, m.is_connected)


def write_peers(out: api04.ListPeersResponse | api08.ListPeersResponse, peers: Iterable[Peer]) -> None:
    for peer in peers:
        row = out.peers.add()
        row.node_id, row.address = raw(peer.node_id), raw(peer.address)
        row.is_persisted, row.is_connected = peer.is_persisted, peer.is_connected
