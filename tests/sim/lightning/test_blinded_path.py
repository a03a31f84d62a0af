"""Blinded paths: each hop's node, and no other, can unblind its part."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import ChannelSide
from ldk_tui.sim import blinded_path, secp256k1, tlv
from ldk_tui.sim.blinded_path import DirectedChannel

SECRETS = [bytes(31) + bytes((number,)) for number in (1, 2, 3)]
KEYS = [secp256k1.public_key(secret) for secret in SECRETS]
HERE = DirectedChannel(ShortChannelId(7 << 40), ChannelSide.NODE_TWO)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=40)), min_size=1, max_size=4), st.integers(1, 2**200))
def test_each_hop_finds_its_payload_and_the_next_key(hops: list[tuple[int, bytes]], session: int) -> None:
    path = blinded_path.blind(HERE, [(KEYS[who], payload) for who, payload in hops], session.to_bytes(32, "big"))
    assert blinded_path.read(tlv.Reader(path.encode())) == path
    path_key = path.path_key
    for (who, payload), hop in zip(hops, path.hops, strict=True):
        for stranger in {0, 1, 2} - {who}:
            with pytest.raises(ValueError, match="not ours"):
                blinded_path.unblind(SECRETS[stranger], path_key, hop)
        found, path_key = blinded_path.unblind(SECRETS[who], path_key, hop)
        assert found == payload


def test_our_own_path() -> None:
    path = blinded_path.to_own_node(NodeId(KEYS[0].hex()), KEYS[0], b"\x05" * 32)
    dummy, path_key = blinded_path.unblind(SECRETS[0], path.path_key, path.hops[0])
    context, _ = blinded_path.unblind(SECRETS[0], path_key, path.hops[1])
    assert [(record.type, record.value) for record in tlv.read_records(dummy)] == [(65539, b"")]
    assert [(record.type, len(record.value)) for record in tlv.read_records(context)] == [(65537, 22)]
    assert KEYS[0] not in {hop.blinded_node_id for hop in path.hops}
    assert blinded_path.read(tlv.Reader(path.encode())) == path
    described = path.described()
    assert (described.introduction_node, described.introduction_scid, described.hops) == (KEYS[0].hex(), None, 2)
    assert described.blinding_point == path.path_key.hex()


def test_a_channel_names_its_side() -> None:
    described = blinded_path.to_own_node(HERE, KEYS[0], b"\x05" * 32).described()
    assert (described.introduction_scid, described.introduction_side) == (7 << 40, ChannelSide.NODE_TWO)
    nowhere = DirectedChannel(ShortChannelId(1), ChannelSide.UNKNOWN)
    with pytest.raises(ValueError, match="two sides"):
        blinded_path.to_own_node(nowhere, KEYS[0], b"\x05" * 32).encode()


def test_a_cut_payload_is_refused() -> None:
    path = blinded_path.to_own_node(HERE, KEYS[0], b"\x05" * 32)
    hop = blinded_path.Hop(path.hops[0].blinded_node_id, b"short")
    with pytest.raises(ValueError, match="cut short"):
        blinded_path.unblind(SECRETS[0], path.path_key, hop)
