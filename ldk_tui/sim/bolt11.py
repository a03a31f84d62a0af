"""BOLT 11 invoices as LDK writes and reads them: real bech32, real signatures.

Writing follows LDK byte for byte in everything that is not chosen: the order of the fields, the largest amount
multiplier that fits, shortest numbers (compared with every recorded invoice). Reading follows LDK's rules, which are
stricter than the standard's: exactly one payment hash, one secret and one of description and description hash, feature
bits present, and no required feature that is unknown. Reading raises ValueError, with a reason that repeats nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ldk_tui.core import bech32
from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import NodeId, PaymentHash, ShortChannelId
from ldk_tui.core.model import DecodedInvoice, HopHint, Network
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import clean, own
from ldk_tui.sim import features as feature_bits
from ldk_tui.sim import secp256k1
from ldk_tui.sim.address import fallback_address

MAX_LENGTH = 7089
MAX_DESCRIPTION_BYTES = 639
DEFAULT_EXPIRY_S = 3600
DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA = 18
LDK_MIN_FINAL_CLTV_EXPIRY_DELTA = 42
JIT_MIN_FINAL_CLTV_EXPIRY_DELTA = 44

FEATURES = frozenset(
    {
        feature_bits.VARIABLE_LENGTH_ONION_REQUIRED,
        feature_bits.PAYMENT_SECRET_REQUIRED,
        feature_bits.BASIC_MPP_OPTIONAL,
    }
)
"""What every ordinary invoice of LDK asks for (recorded)."""

JIT_FEATURES = FEATURES | {feature_bits.PAYMENT_METADATA_REQUIRED}
"""A just-in-time channel invoice of a fixed amount (recorded)."""

JIT_VARIABLE_FEATURES = JIT_FEATURES - {feature_bits.BASIC_MPP_OPTIONAL}
"""A just-in-time channel invoice without amount: it cannot be paid in parts (recorded)."""

_PREFIX = re.compile(r"ln(bcrt|bc|tbs|tb|sb)(?:([0-9]+)([munp]?))?", re.ASCII)
_PICO_PER_UNIT = {"": 10**12, "m": 10**9, "u": 10**6, "n": 10**3, "p": 1}
_PICO_PER_MSAT = 10
_MAX_U64 = (1 << 64) - 1
_SIGNATURE_VALUES = 104  # 65 bytes
_TIMESTAMP_VALUES = 7  # 35 bits
_HASH_VALUES = 52
_KEY_VALUES = 53
_LENGTHS = {"p": _HASH_VALUES, "h": _HASH_VALUES, "s": _HASH_VALUES, "n": _KEY_VALUES}
_HOP_BYTES = 51


class Currency(Enum):
    """The letters after `ln`. The name in lower case is what DecodeInvoice answers."""

    BITCOIN = "bc"
    TESTNET = "tb"
    REGTEST = "bcrt"
    SIMNET = "sb"
    SIGNET = "tbs"

    @staticmethod
    def of(network: Network) -> Currency:
        """The invoice currency of a network; testnet4 shares testnet's. ValueError for an unknown network."""
        try:
            return _CURRENCIES[network]
        except KeyError:
            raise ValueError("this network has no invoices") from None


_CURRENCIES = {
    Network.BITCOIN: Currency.BITCOIN,
    Network.TESTNET: Currency.TESTNET,
    Network.TESTNET4: Currency.TESTNET,
    Network.SIGNET: Currency.SIGNET,
    Network.REGTEST: Currency.REGTEST,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it is signed. `description` is text, or the 32-byte hash of one.

    `amount_msat` None asks for any amount; 0 is an amount. `with_payee` puts our node id into a field, as LDK does for
    all but just-in-time channel invoices; without it the payer recovers it from the signature.
    """

    currency: Currency
    amount_msat: Msat | None
    timestamp_unix: int
    payment_hash: bytes
    payment_secret: Secret[bytes]
    description: str | bytes = ""
    expiry_s: int = DEFAULT_EXPIRY_S
    min_final_cltv_expiry_delta: int = LDK_MIN_FINAL_CLTV_EXPIRY_DELTA
    features: frozenset[int] = FEATURES
    route_hints: tuple[tuple[HopHint, ...], ...] = ()
    payment_metadata: bytes | None = None
    with_payee: bool = True


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that was read and whose signature is good. `tags`: the letters of its fields, in their order."""

    currency: Currency
    amount_msat: Msat | None
    timestamp_unix: int
    payment_hash: bytes
    payment_secret: Secret[bytes]
    description: str | None
    description_hash: bytes | None
    expiry_s: int
    min_final_cltv_expiry_delta: int
    features: frozenset[int]
    route_hints: tuple[tuple[HopHint, ...], ...]
    fallback: tuple[int, bytes] | None
    payment_metadata: bytes | None
    payee: NodeId
    tags: str

    def is_expired(self, now_unix: float) -> bool:
        """From the second on in which it ends: an expiry of 0 is expired at once (recorded)."""
        return now_unix >= self.timestamp_unix + self.expiry_s

    def decoded(self, now_unix: float) -> DecodedInvoice:
        """The answer of DecodeInvoice."""
        address = fallback_address(self.currency.value, *self.fallback) if self.fallback else None
        return DecodedInvoice(
            destination=self.payee,
            payment_hash=PaymentHash(self.payment_hash.hex()),
            amount_msat=self.amount_msat,
            timestamp_unix=self.timestamp_unix,
            expiry_s=self.expiry_s,
            description=None if self.description is None else clean(self.description, "text"),
            description_hash=None if self.description_hash is None else self.description_hash.hex(),
            fallback_address=None if address is None else clean(address),
            min_final_cltv_expiry_delta=self.min_final_cltv_expiry_delta,
            payment_secret=Secret(self.payment_secret.reveal().hex()),
            route_hints=self.route_hints,
            features=feature_bits.named(self.features),
            currency=own(self.currency.name.lower()),
            payment_metadata=None if self.payment_metadata is None else self.payment_metadata.hex(),
            is_expired=self.is_expired(now_unix),
        )


# --- writing -----------------------------------------------------------------------------------------------------


def encode(draft: Draft, key: bytes) -> str:
    """The invoice, signed with the node's private key. ValueError when a value cannot be said in an invoice."""
    if len(draft.payment_hash) != 32 or len(draft.payment_secret.reveal()) != 32:
        raise ValueError("a payment hash and a payment secret have 32 bytes")
    prefix = "ln" + draft.currency.value + ("" if draft.amount_msat is None else _amount_text(draft.amount_msat))
    data = bech32.number_to_5_bit(draft.timestamp_unix, _TIMESTAMP_VALUES)
    data += b"".join(_field(tag, values) for tag, values in _fields(draft, key))
    signature = secp256k1.sign(key, _digest(prefix, data))
    text = bech32.encode(prefix, data + bech32.to_5_bit(signature.compact + bytes((signature.recovery,))))
    if len(text) > MAX_LENGTH:
        raise ValueError("the invoice is too long")
    return text


def _amount_text(amount_msat: Msat) -> str:
    if amount_msat < 0 or amount_msat * _PICO_PER_MSAT > _MAX_U64:
        raise ValueError("the amount is out of range")
    pico = amount_msat * _PICO_PER_MSAT
    # LDK never writes whole bitcoin: its largest multiplier is milli.
    letter = next(letter for letter in "munp" if pico % _PICO_PER_UNIT[letter] == 0)
    return f"{pico // _PICO_PER_UNIT[letter]}{letter}"


def _fields(draft: Draft, key: bytes) -> Iterator[tuple[str, bytes]]:
    if isinstance(draft.description, bytes):
        if len(draft.description) != 32:
            raise ValueError("a description hash has 32 bytes")
        yield "h", bech32.to_5_bit(draft.description)
    else:
        text = draft.description.encode()
        if len(text) > MAX_DESCRIPTION_BYTES:
            raise ValueError("the description is longer than 639 bytes")
        yield "d", bech32.to_5_bit(text)
    if draft.with_payee:
        yield "n", bech32.to_5_bit(secp256k1.public_key(key))
    yield "p", bech32.to_5_bit(draft.payment_hash)
    yield "s", bech32.to_5_bit(draft.payment_secret.reveal())
    yield "9", _shortest(feature_bits.to_number(draft.features))
    yield "c", _shortest(draft.min_final_cltv_expiry_delta)
    yield "x", _shortest(draft.expiry_s)
    for hint in draft.route_hints:
        yield "r", bech32.to_5_bit(b"".join(map(_hop_bytes, hint)))
    if draft.payment_metadata is not None:
        yield "m", bech32.to_5_bit(draft.payment_metadata)


def _shortest(number: int) -> bytes:
    if not number >= 0:
        raise ValueError("a number is negative")
    return bech32.number_to_5_bit(number, -(-number.bit_length() // 5))


def _field(tag: str, values: bytes) -> bytes:
    if len(values) >= 1 << 10:
        raise ValueError("a field is too long")
    return bytes((bech32.CHARSET.index(tag), len(values) >> 5, len(values) & 31)) + values


def _hop_bytes(hop: HopHint) -> bytes:
    try:
        return (
            bytes.fromhex(hop.node_id)
            + hop.short_channel_id.to_bytes(8, "big")
            + hop.fee_base_msat.to_bytes(4, "big")
            + hop.fee_ppm.to_bytes(4, "big")
            + hop.cltv_expiry_delta.to_bytes(2, "big")
        )
    except OverflowError:
        raise ValueError("a number of a route hint is out of range") from None


def _digest(prefix: str, data: bytes) -> bytes:
    padding = -len(data) * 5 % 8
    number = bech32.number_from_5_bit(data) << padding
    return hashlib.sha256(prefix.encode("ascii") + number.to_bytes((len(data) * 5 + padding) // 8, "big")).digest()


# --- reading -----------------------------------------------------------------------------------------------------


def decode(text: str) -> Invoice:
    """The invoice that `text` is. ValueError for everything that LDK calls invalid; a `lightning:` prefix, too."""
    prefix, values, encoding = bech32.decode(text, limit=MAX_LENGTH)
    if encoding is not bech32.Encoding.BECH32:
        raise ValueError("the checksum is of the wrong kind")
    match = _PREFIX.fullmatch(prefix)
    if match is None:
        raise ValueError("this is no invoice of a known currency")
    currency, amount_msat = Currency(match.group(1)), _amount(match.group(2), match.group(3))
    if len(values) < _TIMESTAMP_VALUES + _SIGNATURE_VALUES:
        raise ValueError("the invoice is cut short")
    data, signature_values = values[:-_SIGNATURE_VALUES], values[-_SIGNATURE_VALUES:]
    signed = bech32.from_5_bit(signature_values)
    signature = secp256k1.Signature.from_compact(signed[:64], signed[64])
    found = _Fields(_read_fields(data[_TIMESTAMP_VALUES:]))
    return Invoice(
        currency=currency,
        amount_msat=amount_msat,
        timestamp_unix=bech32.number_from_5_bit(data[:_TIMESTAMP_VALUES]),
        payment_hash=found.only("p", "payment hash"),
        payment_secret=Secret(found.only("s", "payment secret")),
        description=found.description(),
        description_hash=found.first("h"),
        expiry_s=found.number("x", DEFAULT_EXPIRY_S),
        min_final_cltv_expiry_delta=found.number("c", DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA),
        features=found.features(),
        route_hints=tuple(_route_hint(hint) for hint in found.every("r")),
        fallback=found.fallback(),
        payment_metadata=found.first("m"),
        payee=_payee(_digest(prefix, data), signature, found.first("n")),
        tags=found.tags,
    )


def _amount(digits: str | None, multiplier: str | None) -> Msat | None:
    if digits is None:
        return None
    pico = int(digits) * _PICO_PER_UNIT[multiplier or ""] if len(digits) <= 20 else _MAX_U64 + 1
    if pico > _MAX_U64:
        raise ValueError("the amount is too large")
    if pico % _PICO_PER_MSAT:
        raise ValueError("the amount has a part of a millisatoshi")
    return Msat(pico // _PICO_PER_MSAT)


def _read_fields(data: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position < len(data):
        if position + 3 > len(data):
            raise ValueError("a field is cut short")
        end = position + 3 + (data[position + 1] << 5) + data[position + 2]
        if end > len(data):
            raise ValueError("a field is cut short")
        yield bech32.CHARSET[data[position]], data[position + 3 : end]
        position = end


def _bytes(values: bytes) -> bytes:
    """The whole bytes of a field; what pads it is not looked at, as LDK does not (the signature covers it)."""
    padding = len(values) * 5 % 8
    return (bech32.number_from_5_bit(values) >> padding).to_bytes(len(values) * 5 // 8, "big")


class _Fields:
    """The fields of one invoice by letter. Unknown letters, and hashes and keys of another length, are passed over."""

    def __init__(self, fields: Iterable[tuple[str, bytes]]) -> None:
        self._fields = list(fields)
        self.tags = "".join(tag for tag, _ in self._fields)

    def _values(self, tag: str) -> list[bytes]:
        length = _LENGTHS.get(tag)
        return [values for name, values in self._fields if name == tag and length in (None, len(values))]

    def every(self, tag: str) -> list[bytes]:
        return [_bytes(values) for values in self._values(tag)]

    def first(self, tag: str) -> bytes | None:
        return next(iter(self.every(tag)), None)

    def only(self, tag: str, name: str) -> bytes:
        found = self.every(tag)
        if len(found) != 1:
            raise ValueError(f"there must be one {name}")
        return found[0]

    def number(self, tag: str, default: int) -> int:
        found = [bech32.number_from_5_bit(values) for values in self._values(tag)]
        if any(number > _MAX_U64 for number in found):
            raise ValueError("a number is too large")
        return found[0] if found else default

    def description(self) -> str | None:
        texts, hashes = self.every("d"), self.every("h")
        if len(texts) + len(hashes) != 1:
            raise ValueError("there must be one description, or the hash of one")
        return texts[0].decode() if texts else None  # UnicodeDecodeError is a ValueError

    def features(self) -> frozenset[int]:
        fields = self._values("9")
        if not fields:
            raise ValueError("there are no feature bits")
        bits = feature_bits.from_number(bech32.number_from_5_bit(fields[0]))
        if any(bit % 2 == 0 and not feature_bits.is_known(bit) for bit in bits):
            raise ValueError("the invoice requires a feature that is not known")
        if not bits & {feature_bits.PAYMENT_SECRET_REQUIRED, feature_bits.PAYMENT_SECRET_REQUIRED + 1}:
            raise ValueError("the invoice does not offer a payment secret")
        return bits

    def fallback(self) -> tuple[int, bytes] | None:
        """Witness version (17 is P2PKH, 18 P2SH) and program of the first one; unknown versions are passed over."""
        found = [(values[0], _bytes(values[1:])) for values in self._values("f") if values and values[0] <= 18]
        for version, program in found:
            if not (len(program) == 20 if version > 16 else 2 <= len(program) <= 40):
                raise ValueError("a fallback address has a wrong length")
        return found[0] if found else None


def _route_hint(encoded: bytes) -> tuple[HopHint, ...]:
    if len(encoded) % _HOP_BYTES:
        raise ValueError("a route hint is cut short")
    return tuple(_hop(encoded[start : start + _HOP_BYTES]) for start in range(0, len(encoded), _HOP_BYTES))


def _hop(encoded: bytes) -> HopHint:
    secp256k1.decompress(encoded[:33])
    return HopHint(
        node_id=NodeId(encoded[:33].hex()),
        short_channel_id=ShortChannelId(int.from_bytes(encoded[33:41], "big")),
        fee_base_msat=int.from_bytes(encoded[41:45], "big"),
        fee_ppm=int.from_bytes(encoded[45:49], "big"),
        cltv_expiry_delta=int.from_bytes(encoded[49:51], "big"),
    )


def _payee(digest: bytes, signature: secp256k1.Signature, stated: bytes | None) -> NodeId:
    """Who signed. A stated payee must be the one that the signature verifies for; then high s is refused, as in LDK."""
    if stated is None:
        return NodeId(secp256k1.compress(secp256k1.recover(digest, signature)).hex())
    if not secp256k1.verify(secp256k1.decompress(stated), digest, signature):
        raise ValueError("the signature is not by the payee")
    return NodeId(stated.hex())
