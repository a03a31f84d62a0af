"""The network graph: channels and nodes as the gossip has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ldk_tui.core import ids
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.model import Feature, GraphAnnouncement, GraphChannel, GraphNode, GraphUpdate
from ldk_tui.core.text import clean
from ldk_tui.wire.strings import raw

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_channel_ids(
    m: api04.GraphListChannelsResponse | api08.GraphListChannelsResponse,
) -> tuple[ids.ShortChannelId, ...]:
    return tuple(ids.ShortChannelId(one) for one in m.short_channel_ids)


def write_channel_ids(
    out: api04.GraphListChannelsResponse | api08.GraphListChannelsResponse, scids: Iterable[ids.ShortChannelId]
) -> None:
    out.short_channel_ids.extend(scids)


def read_node_ids(m: api04.GraphListNodesResponse | api08.GraphListNodesResponse) -> tuple[ids.NodeId, ...]:
    return tuple(ids.node_id(one) for one in m.node_ids)


def write_node_ids(
    out: api04.GraphListNodesResponse | api08.GraphListNodesResponse, node_ids: Iterable[ids.NodeId]
) -> None:
    out.node_ids.extend(map(raw, node_ids))


def read_channel(m: api04.GraphGetChannelResponse | api08.GraphGetChannelResponse) -> GraphChannel:
    channel = m.channel
    return GraphChannel(
        node_one=ids.node_id(channel.node_one),
        node_two=ids.node_id(channel.node_two),
        capacity_sat=Sat(channel.capacity_sats) if channel.HasField("capacity_sats") else None,
        one_to_two=_update(channel.one_to_two) if channel.HasField("one_to_two") else None,
        two_to_one=_update(channel.two_to_one) if channel.HasField("two_to_one") else None,
    )


def _update(m: types04.GraphChannelUpdate | types08.GraphChannelUpdate) -> GraphUpdate:
    return GraphUpdate(
        last_update_unix=m.last_update,
        enabled=m.enabled,
        cltv_expiry_delta=m.cltv_expiry_delta,
        htlc_minimum_msat=Msat(m.htlc_minimum_msat),
        htlc_maximum_msat=Msat(m.htlc_maximum_msat),
        fee_base_msat=m.fees.base_msat,
        fee_ppm=m.fees.proportional_millionths,
    )


def write_channel(out: api04.GraphGetChannelResponse | api08.GraphGetChannelResponse, channel: GraphChannel) -> None:
    entry = out.channel
    entry.SetInParent()
    entry.node_one, entry.node_two = raw(channel.node_one), raw(channel.node_two)
    if channel.capacity_sat is not None:
        entry.capacity_sats = channel.capacity_sat
    if channel.one_to_two is not None:
        _write_update(entry.one_to_two, channel.one_to_two)
    if channel.two_to_one is not None:
        _write_update(entry.two_to_one, channel.two_to_one)


def _write_update(out: types04.GraphChannelUpdate | types08.GraphChannelUpdate, update: GraphUpdate) -> None:
    out.last_update = update.last_update_unix
    out.enabled = update.enabled
    out.cltv_expiry_delta = update.cltv_expiry_delta
    out.htlc_minimum_msat = update.htlc_minimum_msat
    out.htlc_maximum_msat = update.htlc_maximum_msat
    out.fees.SetInParent()
    out.fees.base_msat, out.fees.proportional_millionths = update.fee_base_msat, update.fee_ppm


def read_node(m: types04.GraphNode | types08.GraphNode, features: Mapping[int, Feature]) -> GraphNode:
    """All but the features, which only one level says."""
    said = m.announcement_info
    return GraphNode(
        channels=tuple(ids.ShortChannelId(one) for one in m.channels),
        announcement=(
            GraphAnnouncement(
                last_update_unix=said.last_update,
                alias=clean(said.alias),
                rgb=clean(said.rgb),
                addresses=tuple(clean(one, "hostport") for one in said.addresses),
                features=features,
            )
            if m.HasField("announcement_info")
            else None
        ),
    )


def write_node(out: types04.GraphNode | types08.GraphNode, node: GraphNode) -> None:
    """All but the features."""
    out.SetInParent()
    out.channels.extend(node.channels)
    if node.announcement is not None:
        said = out.announcement_info
        said.SetInParent()
        said.last_update = node.announcement.last_update_unix
        said.alias, said.rgb = raw(node.announcement.alias), raw(node.announcement.rgb)
        said.addresses.extend(map(raw, node.announcement.addresses))
