"""Blinded paths (BOLT 4, route blinding): how an offer says where to ask for an invoice without saying who we are.

The blinding is real: each hop's key can unblind its part (`unblind`), and no other can read it. As recorded, LDK
introduces its offers at the node itself, named by (channel, side), followed by one dummy hop.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ldk_tui.core import model
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.text import own
from ldk_tui.sim import secp256k1, tlv

_ZERO_NONCE = bytes(12)
_TAG_BYTES = 16
_DUMMY_TYPE = 65539
_CONTEXT_TYPE = 65537


@dataclass(frozen=True, slots=True)
class DirectedChannel:
    """A node named by one side of a channel: 9 bytes in place of 33."""

    scid: ShortChannelId
    side: model.ChannelSide


@dataclass(frozen=True, slots=True)
class Hop:
    blinded_node_id: bytes
    encrypted: bytes


@dataclass(frozen=True, slots=True)
class BlindedPath:
    introduction: NodeId | DirectedChannel
    path_key: bytes
    hops: tuple[Hop, ...]

    def encode(self) -> bytes:
        """The bytes as they stand in an offer."""
        parts = [_encode_introduction(self.introduction), self.path_key, len(self.hops).to_bytes(1, "big")]
        for hop in self.hops:
            parts += (hop.blinded_node_id, len(hop.encrypted).to_bytes(2, "big"), hop.encrypted)
        return b"".join(parts)

    def described(self) -> model.BlindedPath:
        """What DecodeOffer tells of it."""
        by_channel = self.introduction if isinstance(self.introduction, DirectedChannel) else None
        return model.BlindedPath(
            introduction_node=None if isinstance(self.introduction, DirectedChannel) else self.introduction,
            introduction_scid=by_channel.scid if by_channel else None,
            introduction_side=by_channel.side if by_channel else None,
            blinding_point=own(self.path_key.hex()),
            hops=len(self.hops),
        )


def read(reader: tlv.Reader) -> BlindedPath:
    """The next path of a list. ValueError when it is cut short, empty, or a key is no point of the curve."""
    first = reader.take(1)
    introduction: NodeId | DirectedChannel
    if first[0] in (0, 1):
        introduction = DirectedChannel(ShortChannelId(reader.number(8)), model.ChannelSide(first[0]))
    else:
        introduction = NodeId(_key(first + reader.take(32)).hex())
    path_key = _key(reader.take(33))
    count = reader.number(1)
    if not count:
        raise ValueError("a blinded path has no hops")
    hops = tuple(Hop(_key(reader.take(33)), reader.take(reader.number(2))) for _ in range(count))
    return BlindedPath(introduction, path_key, hops)


def blind(
    introduction: NodeId | DirectedChannel, hops: Sequence[tuple[bytes, bytes]], session_key: bytes
) -> BlindedPath:
    """A path through `hops`: (33-byte node key, its plain payload), the first being the introduction node."""
    scalar = secp256k1.secret_scalar(session_key)
    path_key = secp256k1.multiply_base(scalar)
    first_key = secp256k1.compress(path_key)
    blinded = []
    for node_key, payload in hops:
        encoded = secp256k1.compress(path_key)
        node = secp256k1.decompress(node_key)
        shared = hashlib.sha256(secp256k1.compress(secp256k1.multiply(node, scalar))).digest()
        blinded_id = secp256k1.compress(secp256k1.multiply(node, _tweak(b"blinded_node_id", shared)))
        blinded.append(Hop(blinded_id, _cipher(shared).encrypt(_ZERO_NONCE, payload, None)))
        step = _next_step(encoded, shared)
        scalar = scalar * step % secp256k1.N
        path_key = secp256k1.multiply(path_key, step)
    return BlindedPath(introduction, first_key, tuple(blinded))


def to_own_node(introduction: NodeId | DirectedChannel, node_key: bytes, session_key: bytes) -> BlindedPath:
    """What LDK puts into its offers (recorded): ourselves, a dummy hop, and the context that is ours to recognise."""
    nonce = hashlib.sha256(b"offer nonce" + session_key).digest()[:16]
    # LDK's MessageContext::Offers(OffersContext::InvoiceRequest { nonce }), each layer with its kind and length.
    context = b"\x00\x14\x00\x12" + tlv.record(0, nonce)
    hops = ((node_key, tlv.record(_DUMMY_TYPE, b"")), (node_key, tlv.record(_CONTEXT_TYPE, context)))
    return blind(introduction, hops, session_key)


def unblind(node_secret: bytes, path_key: bytes, hop: Hop) -> tuple[bytes, bytes]:
    """What the hop's node finds: its plain payload, and the path key for the next hop. ValueError: not ours."""
    scalar = secp256k1.secret_scalar(node_secret)
    point = secp256k1.decompress(path_key)
    shared = hashlib.sha256(secp256k1.compress(secp256k1.multiply(point, scalar))).digest()
    if len(hop.encrypted) < _TAG_BYTES:
        raise ValueError("the payload is cut short")
    try:
        payload = _cipher(shared).decrypt(_ZERO_NONCE, hop.encrypted, None)
    except InvalidTag:
        raise ValueError("this hop is not ours") from None
    return payload, secp256k1.compress(secp256k1.multiply(point, _next_step(path_key, shared)))


def _next_step(path_key: bytes, shared: bytes) -> int:
    return int.from_bytes(hashlib.sha256(path_key + shared).digest(), "big") % secp256k1.N


def _tweak(kind: bytes, shared: bytes) -> int:
    return int.from_bytes(hmac.digest(kind, shared, "sha256"), "big") % secp256k1.N


def _cipher(shared: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hmac.digest(b"rho", shared, "sha256"))


def _encode_introduction(introduction: NodeId | DirectedChannel) -> bytes:
    if isinstance(introduction, DirectedChannel):
        if introduction.side is model.ChannelSide.UNKNOWN:
            raise ValueError("a channel has two sides")
        side = 0 if introduction.side is model.ChannelSide.NODE_ONE else 1
        return bytes((side,)) + introduction.scid.to_bytes(8, "big")
    return bytes.fromhex(introduction)


def _key(encoded: bytes) -> bytes:
    secp256k1.decompress(encoded)
    return encoded
