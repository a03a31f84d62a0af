"""The simulated network graph: whole, repeatable, made of valid ids, and changed only where it was changed."""

from __future__ import annotations

import hashlib
import json
from base64 import b32decode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.ids import NodeId, ShortChannelId, is_valid, node_id
from ldk_tui.core.model import GraphAnnouncement, GraphChannel, Level
from ldk_tui.core.text import clean, own
from ldk_tui.sim import secp256k1
from ldk_tui.sim.graph import Graph
from ldk_tui.wire.dialect import dialect_for

NOW_UNIX = 1_795_371_022
HEIGHT = 900_000
HOSTILE = [
    vector["input"]
    for vector in json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text())
    if isinstance(vector.get("input"), str)
]
OURS = sorted(NodeId(secp256k1.public_key(bytes(31) + bytes((number,))).hex()) for number in (1, 2, 3))
CHANNEL = GraphChannel(OURS[0], OURS[1], None, None, None)
SCID = ShortChannelId(HEIGHT << 40)


def crowd(nodes: int = 300, channels: int = 900, seed: int = 7, **more: object) -> Graph:
    return Graph(seed, nodes=nodes, channels=channels, now_unix=NOW_UNIX, height=HEIGHT, **more)  # type: ignore[arg-type]


def check_whole(graph: Graph) -> None:
    """Each list agrees with each answer, from both sides."""
    scids, node_ids = graph.list_channels(), graph.list_nodes()
    assert len(set(scids)) == len(scids)
    assert len(set(node_ids)) == len(node_ids)
    joined: dict[NodeId, set[ShortChannelId]] = {each: set() for each in node_ids}
    for scid in scids:
        channel = graph.channel(scid)
        assert channel is not None
        assert channel.node_one < channel.node_two
        joined[channel.node_one].add(scid)
        joined[channel.node_two].add(scid)
    for each in node_ids:
        node = graph.node(each)
        assert node is not None
        assert len(set(node.channels)) == len(node.channels)
        assert set(node.channels) == joined[each] != set()


def test_the_crowd_is_whole_and_one_piece() -> None:
    graph = crowd()
    assert (len(graph.list_nodes()), len(graph.list_channels())) == (300, 900)
    check_whole(graph)
    reached, edge = {graph.list_nodes()[0]}, [graph.list_nodes()[0]]
    while edge:
        node = graph.node(edge.pop())
        assert node is not None
        for channel in map(graph.channel, node.channels):
            assert channel is not None
            for end in {channel.node_one, channel.node_two} - reached:
                reached.add(end)
                edge.append(end)
    assert reached == set(graph.list_nodes())


def test_ids_are_points_and_policies_are_sane() -> None:
    graph = crowd()
    for each in graph.list_nodes():
        assert is_valid(node_id(each))
        secp256k1.decompress(bytes.fromhex(each))
    kinds = {"no capacity": 0, "one side silent": 0, "disabled": 0, "no announcement": 0}
    for channel in map(graph.channel, graph.list_channels()):
        assert channel is not None
        kinds["no capacity"] += channel.capacity_sat is None
        kinds["one side silent"] += None in (channel.one_to_two, channel.two_to_one)
        for policy in filter(None, (channel.one_to_two, channel.two_to_one)):
            kinds["disabled"] += not policy.enabled
            assert NOW_UNIX - 14 * 86_400 < policy.last_update_unix <= NOW_UNIX
            assert policy.htlc_minimum_msat <= policy.htlc_maximum_msat
            assert 0 <= policy.fee_ppm < 4096
            if channel.capacity_sat is not None:
                assert policy.htlc_maximum_msat <= channel.capacity_sat * 1000
    for node in map(graph.node, graph.list_nodes()):
        assert node is not None
        kinds["no announcement"] += node.announcement is None
        if node.announcement is not None:
            assert len(node.announcement.alias.encode()) <= 32
            assert not node.announcement.alias.altered
            assert len(bytes.fromhex(node.announcement.rgb)) == 3
    assert all(kinds.values()), kinds
    degrees = sorted(len(node.channels) for node in map(graph.node, graph.list_nodes()) if node is not None)
    assert degrees[-1] > 8 * degrees[len(degrees) // 2], "a few hubs, many leaves"


def test_scids_are_within_the_chain() -> None:
    for height in (HEIGHT, 120, 3):
        graph = Graph(1, nodes=50, channels=400, now_unix=NOW_UNIX, height=height)
        assert list(graph.list_channels()) == sorted(graph.list_channels())
        assert all(1 <= scid >> 40 <= height for scid in graph.list_channels())
        check_whole(graph)


def test_the_same_seed_draws_the_same_world() -> None:
    one, two, other = crowd(), crowd(), crowd(seed=8)
    two.list_nodes()  # the order of asking changes nothing
    assert one.list_channels() == two.list_channels()
    assert one.list_nodes() == two.list_nodes() != other.list_nodes()
    for scid in one.list_channels()[::50]:
        assert one.channel(scid) == two.channel(scid)
    for each in one.list_nodes()[::50]:
        assert one.node(each) == two.node(each)


def test_the_draw_stays_as_it_is() -> None:
    """Screenshots and tests depend on it: another draw must be meant."""
    graph = crowd()
    digest = hashlib.sha256()
    for scid in graph.list_channels():
        channel = graph.channel(scid)
        assert channel is not None
        digest.update(f"{scid} {channel.node_one} {channel.node_two} {channel.capacity_sat}\n".encode())
    for each in graph.list_nodes():
        node = graph.node(each)
        assert node is not None
        digest.update(f"{each} {node.announcement and (node.announcement.alias, node.announcement.rgb)}\n".encode())
    assert digest.hexdigest() == "6607067a05ac4a45f1c15846c503197cc476b088fc39a4660a77d9cb8885e170"


def test_onion_addresses_have_their_checksum() -> None:
    graph, onions = crowd(), []
    for node in map(graph.node, graph.list_nodes()):
        assert node is not None
        for address in node.announcement.addresses if node.announcement else ():
            host, _, port = address.rpartition(":")
            assert port == "9735"
            if host.endswith(".onion"):
                onions.append(b32decode(host.removesuffix(".onion").upper()))
    assert onions
    for onion in onions:
        assert onion[34:] == b"\x03"
        assert onion[32:34] == hashlib.sha3_256(b".onion checksum" + onion[:32] + b"\x03").digest()[:2]


def test_a_hostile_world_has_hostile_names_on_the_wire() -> None:
    graph = crowd(len(HOSTILE), 2 * len(HOSTILE), hostile=HOSTILE)
    dialect, names = dialect_for(Level.L2026_08), set()
    for each in graph.list_nodes():
        node = graph.node(each)
        assert node is not None
        assert node.announcement is not None
        names.add(node.announcement.alias.raw)
        again = dialect.decode_answer("GraphGetNode", dialect.encode_answer("GraphGetNode", node))
        assert again.announcement.alias == node.announcement.alias == clean(node.announcement.alias.raw)
    assert names == {clean(name).raw for name in HOSTILE}


def test_big() -> None:
    """The size of the real network: both lists, and any one part."""
    graph = crowd(20_000, 60_000)
    assert len(set(graph.list_nodes())) == 20_000
    assert len(set(graph.list_channels())) == 60_000
    assert graph.node(graph.list_nodes()[-1]) is not None
    assert graph.channel(graph.list_channels()[-1]) is not None


def test_an_empty_graph() -> None:
    graph = Graph()
    assert (graph.list_channels(), graph.list_nodes()) == ((), ())
    assert (graph.channel(SCID), graph.node(OURS[0])) == (None, None)
    graph.remove_channel(SCID)
    with pytest.raises(KeyError):
        graph.update(SCID, OURS[0], None)


@pytest.mark.parametrize(("nodes", "channels"), [(1, 0), (1, 1), (3, 1), (0, 1), (-1, 0)])
def test_worlds_that_cannot_be(nodes: int, channels: int) -> None:
    with pytest.raises(ValueError, match="channel"):
        Graph(nodes=nodes, channels=channels)


@pytest.mark.parametrize("graph", [Graph(), crowd()], ids=["alone", "in a crowd"])
def test_a_world_adds_updates_and_removes(graph: Graph) -> None:
    before = graph.list_channels(), graph.list_nodes()
    announcement = GraphAnnouncement(NOW_UNIX, own("ours"), own("000000"), ())
    graph.add_node(OURS[0], announcement)
    assert graph.node(OURS[0]) is None, "known by its channels only"
    graph.add_channel(SCID, CHANNEL)
    node = graph.node(OURS[0])
    assert node is not None
    assert (node.channels, node.announcement) == ((SCID,), announcement)
    assert graph.channel(SCID) == CHANNEL
    assert graph.list_channels() == (SCID, *before[0])
    assert graph.list_nodes() == (OURS[0], OURS[1], *before[1])
    check_whole(graph)
    with pytest.raises(KeyError):
        graph.update(SCID, OURS[2], None)
    with pytest.raises(ValueError, match="smaller"):
        graph.add_channel(SCID, replace(CHANNEL, node_one=OURS[1], node_two=OURS[0]))
    graph.add_channel(SCID, replace(CHANNEL, node_two=OURS[2]))
    assert graph.node(OURS[1]) is None
    check_whole(graph)
    graph.remove_channel(SCID)
    assert (graph.channel(SCID), graph.node(OURS[0])) == (None, None)
    assert (graph.list_channels(), graph.list_nodes()) == before


def test_a_stranger_s_channel_can_change_and_close() -> None:
    graph = crowd()
    before = graph.list_channels(), graph.list_nodes()
    scid = before[0][400]
    channel = graph.channel(scid)
    policies = [each.one_to_two for each in map(graph.channel, before[0]) if each is not None and each.one_to_two]
    policy = replace(policies[0], fee_ppm=999_999)
    assert channel is not None
    graph.update(scid, channel.node_one, policy)
    graph.update(scid, channel.node_two, None)
    assert graph.channel(scid) == replace(channel, one_to_two=policy, two_to_one=None)
    assert (graph.list_channels(), graph.list_nodes()) == before
    check_whole(graph)
    graph.remove_channel(scid)
    assert graph.channel(scid) is None
    assert graph.list_channels() == tuple(each for each in before[0] if each != scid)
    check_whole(graph)
    graph.add_channel(scid, CHANNEL)  # the same number with other ends
    assert graph.list_channels()[0] == scid
    check_whole(graph)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "update"]), st.integers(0, 11), st.sampled_from([(0, 1), (0, 2), (1, 2)])
    )
)


@settings(deadline=None, max_examples=60)
@given(ACTIONS)
def test_any_order_of_changes_leaves_it_whole(actions: list[tuple[str, int, tuple[int, int]]]) -> None:
    graph = Graph(3, nodes=5, channels=6, now_unix=NOW_UNIX, height=HEIGHT)
    scids = [*graph.list_channels(), *(ShortChannelId(HEIGHT << 40 | number) for number in range(6))]
    for action, which, (one, two) in actions:
        scid = scids[which]
        known = graph.channel(scid)
        if action == "add":
            graph.add_channel(scid, replace(CHANNEL, node_one=OURS[one], node_two=OURS[two]))
        elif action == "remove":
            graph.remove_channel(scid)
        elif known is not None:
            graph.update(scid, known.node_one, known.two_to_one)
    check_whole(graph)
