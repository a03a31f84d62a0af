"""BOLT 12 offers as LDK writes and reads them, with LDK's offer id (compared with every recorded offer).

Reading follows LDK's rules; ValueError, with a reason that repeats nothing of the text, is all that it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ldk_tui.core import bech32
from ldk_tui.core.amounts import MAX_MSAT, Msat
from ldk_tui.core.ids import NodeId, OfferId
from ldk_tui.core.model import CurrencyAmount, DecodedOffer, Network, OfferQuantity
from ldk_tui.core.text import clean, own
from ldk_tui.sim import blinded_path, secp256k1, tlv
from ldk_tui.sim import features as feature_bits

_PREFIX = "lno"
_CHAINS, _METADATA, _CURRENCY, _AMOUNT, _DESCRIPTION, _FEATURES = 2, 4, 6, 8, 10, 12
_EXPIRY, _PATHS, _ISSUER, _QUANTITY_MAX, _ISSUER_ID = 14, 16, 18, 20, 22
_KNOWN = frozenset(range(2, 23, 2))
_EXPERIMENTAL = range(1_000_000_000, 2_000_000_000)
_CURRENCY_CODE = re.compile(rb"[A-Z]{3}")

# The genesis block of each network, in the byte order of the wire.
_GENESIS = {
    Network.BITCOIN: "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000",
    Network.TESTNET: "43497fd7f826957108f4a30fd9cec3aeba79972084e90ead01ea330900000000",
    Network.TESTNET4: "43f08bdab050e35b567c864b91f47f50ae725ae2de53bcfbbaf284da00000000",
    Network.SIGNET: "f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000",
    Network.REGTEST: "06226e46111a0b59caaf126043eb5bbf28c34f3a5e332a1fc7b2b73cf188910f",
}
_NETWORKS = {bytes.fromhex(genesis): network for network, genesis in _GENESIS.items()}

ONE_ITEM = OfferQuantity()


@dataclass(frozen=True, slots=True)
class Fiat:
    """A price in another currency: three letters of ISO 4217 and its smallest units."""

    code: str
    minor_units: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, read or to be written. `chains` are 32-byte genesis hashes; empty means Bitcoin's main chain alone.

    `issuer_id` is the 33-byte key that signs the invoices; without it there must be a path, whose end signs.
    """

    description: str | None
    amount: Msat | Fiat | None = None
    chains: tuple[bytes, ...] = ()
    issuer: str | None = None
    issuer_id: bytes | None = None
    quantity: OfferQuantity = ONE_ITEM
    absolute_expiry_unix: int | None = None
    paths: tuple[blinded_path.BlindedPath, ...] = ()
    features: frozenset[int] = frozenset()
    metadata: bytes | None = None

    def is_for(self, network: Network) -> bool:
        """Whether it can be paid on `network`."""
        return (_genesis(network) in self.chains) if self.chains else network is Network.BITCOIN

    def is_expired(self, now_unix: float) -> bool:
        return self.absolute_expiry_unix is not None and now_unix > self.absolute_expiry_unix

    def decoded(self, offer_id: OfferId, now_unix: float) -> DecodedOffer:
        """The answer of DecodeOffer."""
        amount = self.amount
        return DecodedOffer(
            offer_id=offer_id,
            description=None if self.description is None else clean(self.description, "text"),
            issuer=None if self.issuer is None else clean(self.issuer),
            amount=CurrencyAmount(clean(amount.code), amount.minor_units) if isinstance(amount, Fiat) else amount,
            issuer_signing_pubkey=None if self.issuer_id is None else NodeId(self.issuer_id.hex()),
            absolute_expiry_unix=self.absolute_expiry_unix,
            quantity=self.quantity,
            paths=tuple(path.described() for path in self.paths),
            features=feature_bits.named(self.features),
            chains=tuple(own(chain_name(chain)) for chain in self.chains or (_genesis(Network.BITCOIN),)),
            metadata=None if self.metadata is None else self.metadata.hex(),
            is_expired=self.is_expired(now_unix),
        )


def chain_hash(network: Network) -> bytes:
    """The 32 bytes by which offers name a network. ValueError for an unknown one."""
    if network not in _GENESIS:
        raise ValueError("this network has no offers")
    return _genesis(network)


def chain_name(chain: bytes) -> str:
    """The network's name as DecodeOffer says it; an unknown chain is its hash in hexadecimal."""
    return _NETWORKS[chain].value if chain in _NETWORKS else chain.hex()


def _genesis(network: Network) -> bytes:
    return bytes.fromhex(_GENESIS.get(network, ""))


# --- writing -----------------------------------------------------------------------------------------------------


def encode(offer: Offer) -> tuple[str, OfferId]:
    """The offer's text and id. ValueError when it is not one that could be read back."""
    stream = b"".join(tlv.record(record_type, value) for record_type, value in _values(offer))
    _read(stream)
    return bech32.encode_unchecked(_PREFIX, stream), _offer_id(stream)


def _values(offer: Offer) -> Iterator[tuple[int, bytes]]:
    if offer.chains:
        yield _CHAINS, b"".join(offer.chains)
    if offer.metadata is not None:
        yield _METADATA, offer.metadata
    if isinstance(offer.amount, Fiat):
        yield _CURRENCY, offer.amount.code.encode()
        yield _AMOUNT, tlv.truncated(offer.amount.minor_units)
    elif offer.amount is not None:
        yield _AMOUNT, tlv.truncated(offer.amount)
    if offer.description is not None:
        yield _DESCRIPTION, offer.description.encode()
    if offer.features:
        number = feature_bits.to_number(offer.features)
        yield _FEATURES, number.to_bytes((number.bit_length() + 7) // 8, "big")
    if offer.absolute_expiry_unix is not None:
        yield _EXPIRY, tlv.truncated(offer.absolute_expiry_unix)
    if offer.paths:
        yield _PATHS, b"".join(path.encode() for path in offer.paths)
    if offer.issuer is not None:
        yield _ISSUER, offer.issuer.encode()
    if offer.quantity.unbounded:
        yield _QUANTITY_MAX, b""
    elif offer.quantity.bound is not None and offer.quantity.bound != 1:
        if offer.quantity.bound < 1:
            raise ValueError("a quantity is at least one")
        yield _QUANTITY_MAX, tlv.truncated(offer.quantity.bound)
    if offer.issuer_id is not None:
        yield _ISSUER_ID, offer.issuer_id


# --- reading -----------------------------------------------------------------------------------------------------


def decode(text: str) -> tuple[Offer, OfferId]:
    """The offer that `text` is, and its id. ValueError for everything that LDK calls invalid."""
    prefix, stream = bech32.decode_unchecked(text)
    if prefix != _PREFIX:
        raise ValueError("this is no offer")
    return _read(stream), _offer_id(stream)


def _read(stream: bytes) -> Offer:
    values: dict[int, bytes] = {}
    for record in tlv.read_records(stream):
        if not (1 <= record.type < 80 or record.type in _EXPERIMENTAL):
            raise ValueError("a record does not belong into an offer")
        if record.type % 2 == 0 and record.type not in _KNOWN:
            raise ValueError("a record that must be understood is not known")
        values[record.type] = record.value
    offer = Offer(
        description=_text(values.get(_DESCRIPTION)),
        amount=_amount(values.get(_AMOUNT), values.get(_CURRENCY)),
        chains=_chains(values.get(_CHAINS)),
        issuer=_text(values.get(_ISSUER)),
        issuer_id=values.get(_ISSUER_ID),
        quantity=_quantity(values.get(_QUANTITY_MAX)),
        absolute_expiry_unix=_number(values.get(_EXPIRY)),
        paths=_paths(values.get(_PATHS)),
        features=feature_bits.from_number(int.from_bytes(values.get(_FEATURES, b""), "big")),
        metadata=values.get(_METADATA),
    )
    if offer.issuer_id is not None:
        secp256k1.decompress(offer.issuer_id)
    elif not offer.paths:
        raise ValueError("nobody could be asked for an invoice")
    if offer.amount is not None and offer.description is None:
        raise ValueError("an offer with a price needs a description")
    return offer


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()  # UnicodeDecodeError is a ValueError


def _number(value: bytes | None) -> int | None:
    return None if value is None else tlv.read_truncated(value)


def _amount(value: bytes | None, currency: bytes | None) -> Msat | Fiat | None:
    amount = _number(value)
    if currency is not None:
        if amount is None or _CURRENCY_CODE.fullmatch(currency) is None:
            raise ValueError("a currency needs three letters and an amount")
        return Fiat(currency.decode(), amount)
    if amount is not None and amount > MAX_MSAT:
        raise ValueError("that is more than 21 million bitcoin")
    return None if amount is None else Msat(amount)


def _chains(value: bytes | None) -> tuple[bytes, ...]:
    if value is None:
        return ()
    if not value or len(value) % 32:
        raise ValueError("the chains are cut short")
    return tuple(value[start : start + 32] for start in range(0, len(value), 32))


def _quantity(value: bytes | None) -> OfferQuantity:
    most = _number(value)
    if most is None:
        return ONE_ITEM
    return OfferQuantity(bound=most) if most else OfferQuantity(bound=None, unbounded=True)


def _paths(value: bytes | None) -> tuple[blinded_path.BlindedPath, ...]:
    if value is None:
        return ()
    reader, paths = tlv.Reader(value), []
    while reader.left:
        paths.append(blinded_path.read(reader))
    if not paths:
        raise ValueError("the list of paths is empty")
    return tuple(paths)


# --- the offer's id ----------------------------------------------------------------------------------------------


def _offer_id(stream: bytes) -> OfferId:
    """LDK's: the merkle root of the records (BOLT 12, "Signature Calculation"), hashed under LDK's own tag."""
    return OfferId(secp256k1.tagged_hash(b"LDK Offer ID", merkle_root(tlv.read_records(stream))).hex())


def merkle_root(records: Iterable[tlv.Record]) -> bytes:
    """The root of the tree over the records. ValueError when there are none."""
    kept = list(records)
    if not kept:
        raise ValueError("there are no records")
    nonce_tag = b"LnNonce" + kept[0].encoded
    level = [
        _branch(secp256k1.tagged_hash(b"LnLeaf", record.encoded), secp256k1.tagged_hash(nonce_tag, record.encoded_type))
        for record in kept
    ]
    while len(level) > 1:
        pairs = [level[index : index + 2] for index in range(0, len(level), 2)]
        level = [_branch(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def _branch(one: bytes, two: bytes) -> bytes:
    return secp256k1.tagged_hash(b"LnBranch", min(one, two), max(one, two))
