"""Nodes and channels that nobody made: a network drawn from a seed, each part of it only when it is asked for.

Twenty thousand nodes and sixty thousand channels cost nothing until they are listed, and then a fraction of a second:
who is joined to whom is drawn once into compact arrays; everything else about a node or a channel is a hash of the seed
and its number. Ids are points of the curve, so that whoever checks them accepts them.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from base64 import b32encode
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import Feature, GraphAnnouncement, GraphChannel, GraphUpdate
from ldk_tui.core.text import SafeText, clean, own
from ldk_tui.sim import features as feature_bits
from ldk_tui.sim import secp256k1

_CHUNK = 256
_OLDEST_BLOCKS = 150_000
_TX_STEP = 7
_TWO_WEEKS_S = 14 * 86_400

_FIRST_WORDS = (
    "Amber Arctic Binary Brass Calm Cedar Cobalt Copper Crimson Distant Electric Fathom Foggy Gentle Golden Granite "
    "Hidden Humming Iron Ivory Jade Lucky Marble Midnight Mossy Nimble Northern Olive Patient Polar Quiet Rapid Rusty "
    "Sandy Scarlet Silent Silver Solar Stormy Sunny Tidal Twilight Velvet Violet Wandering Western Wild Winter"
)
_SECOND_WORDS = (
    "Anchor Badger Beacon Bridge Brook Canal Canyon Comet Crane Current Delta Dune Ember Falcon Ferry Forge Fox Garden "
    "Glacier Harbor Heron Island Kestrel Lantern Lynx Meadow Mill Moose Orchard Otter Owl Penguin Pier Quarry Raven "
    "Relay Ridge River Sparrow Station Summit Tower Tunnel Valley Walrus Willow Wolf Yard"
)
_FIRST, _SECOND = _FIRST_WORDS.split(), _SECOND_WORDS.split()
_STYLES = ("{0}{1}", "{0}{1}", "{0} {1}", "{0} {1} {2}", "{1}-{2}", "{0}_{1}", "⚡ {0} {1}", "{1} Lightning", "{3}", "")
_DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_COLORS = ("000000", "3399ff", "68f442", "ff5000", "")

# Feature bits as three kinds of implementation announce them.
_FEATURES = (
    feature_bits.NODE_FEATURES,
    frozenset({0, 5, 7, 8, 12, 14, 17, 19, 23, 25, 27, 35, 39, 44, 47, 51, 55}),
    frozenset({1, 5, 7, 9, 13, 14, 17, 23, 27, 45, 47}),
)


@lru_cache(maxsize=len(_FEATURES))
def _features(kind: int) -> dict[int, Feature]:
    return feature_bits.named(_FEATURES[kind])


@lru_cache(maxsize=1)
def _steps() -> tuple[secp256k1.Point, ...]:
    return tuple(secp256k1.multiply_base(number) for number in range(1, _CHUNK + 1))


class Strangers:
    """`nodes` nodes, all joined by `channels` channels (at least one less), seen at `now_unix` and block `height`.

    `aliases`: take the nodes' names from this list, whole as they are: a hostile world. A real node's name has at most
    32 bytes; a server that lies is not bound by that.
    """

    def __init__(
        self, seed: int, nodes: int, channels: int, *, now_unix: int, height: int, aliases: Sequence[str] = ()
    ) -> None:
        if nodes < 0 or nodes == 1 or channels < max(nodes - 1, 0) or (channels and not nodes):
            raise ValueError("each node needs a channel, and each channel two nodes")
        self.nodes = nodes
        self.channels = channels
        self._seed = seed
        self._now_unix = now_unix
        self._height = height
        self._aliases = tuple(aliases)
        self._key = hashlib.sha256(f"strangers {seed}".encode()).digest()
        self._chunks: dict[int, list[NodeId]] = {}

    def _hash(self, kind: bytes, number: int) -> bytes:
        return hashlib.blake2b(number.to_bytes(8, "big"), key=self._key, person=kind, digest_size=64).digest()

    # --- nodes -----------------------------------------------------------------------------------------------------

    def node_id(self, number: int) -> NodeId:
        """The id of node `number`. The ids of its neighbours in number come with it."""
        chunk = number // _CHUNK
        if chunk not in self._chunks:
            start = int.from_bytes(self._hash(b"node ids", chunk)[:32], "big") % secp256k1.N
            points = secp256k1.consecutive(secp256k1.multiply_base(start), _steps())
            self._chunks[chunk] = [NodeId(secp256k1.compress(point).hex()) for point in points]
        return self._chunks[chunk][number % _CHUNK]

    def node_ids(self) -> Iterator[NodeId]:
        return map(self.node_id, range(self.nodes))

    @cached_property
    def _number_of_node(self) -> dict[NodeId, int]:
        return {node_id: number for number, node_id in enumerate(self.node_ids())}

    def find_node(self, node_id: NodeId) -> int | None:
        return self._number_of_node.get(node_id)

    def announcement(self, number: int) -> GraphAnnouncement | None:
        """What node `number` says of itself; about one in twelve never said anything."""
        digest = self._hash(b"announcement", number)
        if digest[0] < 21 and not self._aliases:
            return None
        return GraphAnnouncement(
            last_update_unix=self._now_unix - int.from_bytes(digest[1:4], "big") % _TWO_WEEKS_S,
            alias=self._alias(number, digest[4:12]),
            rgb=own(_COLORS[digest[12] % len(_COLORS)] or digest[13:16].hex()),
            addresses=tuple(own(address) for address in _addresses(digest[16:])),
            features=_features(digest[63] % len(_FEATURES)),
        )

    def _alias(self, number: int, digest: bytes) -> SafeText:
        if self._aliases:
            return clean(self._aliases[number % len(self._aliases)])
        style = _STYLES[digest[0] % len(_STYLES)]
        first, second = _FIRST[digest[1] % len(_FIRST)], _SECOND[digest[2] % len(_SECOND)]
        return clean(style.format(first, second, digest[3] % 100, digest[3:8].hex()))

    # --- channels --------------------------------------------------------------------------------------------------

    @cached_property
    def _ends(self) -> array[int]:
        """Both ends of each channel, one after the other. Who has many channels gets more: a few hubs, many leaves."""
        rng = random.Random(self._seed)  # noqa: S311  (a world that can be drawn again, no secret)
        draw, ends = rng.random, array("L")
        for channel in range(self.channels):
            if channel < self.nodes - 1:
                one = channel + 1
                two = ends[int(draw() * len(ends))] if ends else 0
            else:
                one = int(draw() * self.nodes) if draw() < 0.3 else ends[int(draw() * len(ends))]
                two = ends[int(draw() * len(ends))]
                while two == one:
                    two = int(draw() * self.nodes)
            ends.append(one)
            ends.append(two)
        return ends

    @cached_property
    def _channels_of_node(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(self.nodes)]
        for position, node in enumerate(self._ends):
            found[node].append(position >> 1)
        return found

    def channels_of(self, number: int) -> list[int]:
        """The numbers of the channels of node `number`."""
        return self._channels_of_node[number]

    @cached_property
    def scids(self) -> tuple[ShortChannelId, ...]:
        """All short channel ids, oldest first: spread over the chain's last years, or over a short chain's blocks."""
        oldest = max(1, self._height - _OLDEST_BLOCKS)
        span = max(1, self._height - 6 - oldest)
        rng = random.Random(~self._seed)  # noqa: S311
        found, last_block, index = [], -1, 0
        for channel in range(self.channels):
            block = oldest + channel * span // self.channels
            index = index + 1 if block == last_block else 0
            last_block = block
            drawn = int(rng.random() * 2 * _TX_STEP)
            transaction = 1 + index * _TX_STEP + (drawn >> 1)
            found.append(ShortChannelId(block << 40 | transaction << 16 | drawn & 1))
        return tuple(found)

    @cached_property
    def _number_of_channel(self) -> dict[ShortChannelId, int]:
        return {scid: number for number, scid in enumerate(self.scids)}

    def find_channel(self, scid: ShortChannelId) -> int | None:
        return self._number_of_channel.get(scid)

    def channel(self, number: int) -> GraphChannel:
        """Channel `number`: node one is the one with the smaller key (BOLT 7)."""
        one, two = sorted(self.node_id(end) for end in self._ends[2 * number : 2 * number + 2])
        digest = self._hash(b"channel", number)
        # From 2^15 (33 thousand) to 2^27 (134 million) satoshi, most in the middle.
        size = 15 + (digest[0] % 7) + (digest[1] % 6)
        capacity_sat = Sat((1 << size) + int.from_bytes(digest[2:6], "big") % (1 << size))
        if digest[6] % 4:
            capacity_sat = Sat(capacity_sat // 10_000 * 10_000)
        return GraphChannel(
            node_one=one,
            node_two=two,
            capacity_sat=capacity_sat if digest[7] >= 5 else None,
            one_to_two=self._update(capacity_sat, digest[8:32]),
            two_to_one=self._update(capacity_sat, digest[32:56]),
        )

    def _update(self, capacity_sat: Sat, digest: bytes) -> GraphUpdate | None:
        if digest[0] < 8:
            return None
        return GraphUpdate(
            last_update_unix=self._now_unix - int.from_bytes(digest[1:4], "big") % _TWO_WEEKS_S,
            enabled=digest[4] >= 20,
            cltv_expiry_delta=(34, 40, 72, 80, 80, 144)[digest[5] % 6],
            htlc_minimum_msat=Msat((1, 1, 1000, 1000, 10_000)[digest[6] % 5]),
            htlc_maximum_msat=Msat(capacity_sat * (990 if digest[7] % 3 else 450)),
            fee_base_msat=(0, 0, 1, 1000, 1000)[digest[8] % 5],
            fee_ppm=int.from_bytes(digest[9:11], "big") % (1 << 1 + digest[11] % 12),
        )


def _addresses(digest: bytes) -> Iterator[str]:
    """Addresses that lead nowhere: documentation networks, and onion names of random keys."""
    kind = digest[0] % 10
    if kind in (0, 1, 2, 3, 4, 5):
        yield f"{_DOCUMENTATION_NETWORKS[digest[1] % 3]}.{digest[2] % 254 + 1}:9735"
    if kind == 5:
        yield f"[2001:db8::{digest[3]:x}:{digest[4]:x}]:9735"
    if kind in (4, 5, 6, 7, 8):
        yield f"{_onion(digest[5:37])}:9735"


def _onion(public_key: bytes) -> str:
    checksum = hashlib.sha3_256(b".onion checksum" + public_key + b"\x03").digest()[:2]
    return b32encode(public_key + checksum + b"\x03").decode().lower() + ".onion"
