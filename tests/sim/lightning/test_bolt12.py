"""Offers against every recorded one: the same bytes, the same id, the same answer of DecodeOffer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ldk_tui.core import bech32
from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import ChannelSide, Level, Network, OfferQuantity
from ldk_tui.core.requests import DecodeOffer
from ldk_tui.sim import blinded_path, bolt12, secp256k1, tlv
from ldk_tui.sim.blinded_path import DirectedChannel
from ldk_tui.sim.bolt12 import Fiat, Offer
from ldk_tui.wire.dialect import dialect_for

if TYPE_CHECKING:
    from tests.sim.lightning.conftest import Call

# The standard's format examples: one offer, written plainly and split.
PLAIN = (
    "lno1pqps7sjqpgtyzm3qv4uxzmtsd3jjqer9wd3hy6tsw35k7msjzfpy7nz5yqcnygrfdej82um5wf5k2uckyypwa3eyt44h6txtxquqh7lz5djge4"
    "afgfjn7k4rgrkuag0jsd5xvxg"
)
SPLIT = (
    "l+no1pqps7sjqpgtyzm3qv4uxzmtsd3jjqer9wd3hy6tsw3+5k7msjzfpy7nz5yqcn+\nygrfdej82um5wf5k2uckyypwa3eyt44h6txtxquqh7lz5"
    "djge4afgfjn7k4rgrkuag0jsd+\r\n 5xvxg"
)
KEY = secp256k1.public_key(b"\x42" * 32)
SCID = ShortChannelId(120 << 40 | 2 << 16)
PATH = blinded_path.to_own_node(DirectedChannel(SCID, ChannelSide.NODE_ONE), KEY, b"\x07" * 32)
NODE_PATH = blinded_path.to_own_node(NodeId(KEY.hex()), KEY, b"\x08" * 32)
REGTEST = bolt12.chain_hash(Network.REGTEST)

OFFER = Offer("flat white", Msat(3_000_000), (REGTEST,), issuer_id=KEY, quantity=OfferQuantity(5), paths=(PATH,))
QUANTITIES = st.one_of(
    st.just(bolt12.ONE_ITEM),
    st.integers(2, 2**64 - 1).map(OfferQuantity),
    st.just(OfferQuantity(bound=None, unbounded=True)),
)
OFFERS = st.builds(
    Offer,
    description=st.text(max_size=60),
    amount=st.none()
    | st.integers(0, 2_100_000_000_000_000_000).map(Msat)
    | st.builds(Fiat, st.from_regex(r"[A-Z]{3}", fullmatch=True), st.integers(0, 2**64 - 1)),
    chains=st.lists(st.sampled_from([REGTEST, bolt12.chain_hash(Network.SIGNET), b"\x09" * 32])).map(tuple),
    issuer=st.none() | st.text(max_size=20),
    issuer_id=st.just(KEY),
    quantity=QUANTITIES,
    absolute_expiry_unix=st.none() | st.integers(0, 2**64 - 1),
    paths=st.lists(st.sampled_from([PATH, NODE_PATH]), max_size=2).map(tuple),
    features=st.frozensets(st.integers(0, 80), max_size=3),
    metadata=st.none() | st.binary(max_size=20),
)


def text_of(*records: tuple[int, bytes], prefix: str = "lno") -> str:
    return bech32.encode_unchecked(prefix, b"".join(tlv.record(kind, value) for kind, value in records))


# --- recordings --------------------------------------------------------------------------------------------------


def test_recorded_offers_have_the_recorded_id(recorded: list[Call]) -> None:
    compared = 0
    for call in recorded:
        if call.method != "Bolt12Receive" or call.status != "OK":
            continue
        made = dialect_for(Level(call.level[:7])).decode_answer("Bolt12Receive", call.response)
        offer, offer_id = bolt12.decode(made.offer)
        assert offer_id == made.offer_id
        assert bolt12.encode(offer) == (made.offer, made.offer_id), "written the same way"
        assert offer.is_for(Network.REGTEST)
        assert not offer.is_for(Network.BITCOIN)
        compared += 1
    assert compared == 3


@pytest.mark.parametrize(("level", "expected"), [(Level.L2026_04, 1), (Level.L2026_08, 2)])
def test_recorded_answers_of_decode_offer(recorded: list[Call], level: Level, expected: int) -> None:
    dialect = dialect_for(level)
    compared = 0
    for call in recorded:
        if call.level[:7] != level.value or call.method != "DecodeOffer" or call.status != "OK":
            continue
        request = dialect.decode_request("DecodeOffer", call.request)
        assert isinstance(request, DecodeOffer)
        offer, offer_id = bolt12.decode(request.offer)
        ours = dialect.decode_answer("DecodeOffer", dialect.encode_answer("DecodeOffer", offer.decoded(offer_id, 0)))
        assert ours == dialect.decode_answer("DecodeOffer", call.response)
        compared += 1
    assert compared == expected


def test_our_path_has_the_recorded_shape(recorded: list[Call]) -> None:
    for call in recorded:
        if call.method == "Bolt12Receive" and call.status == "OK":
            made = dialect_for(Level(call.level[:7])).decode_answer("Bolt12Receive", call.response)
            for path in bolt12.decode(made.offer)[0].paths:
                assert type(path.introduction) is type(PATH.introduction)
                assert [len(hop.encrypted) for hop in path.hops] == [len(hop.encrypted) for hop in PATH.hops]


# --- the standard ------------------------------------------------------------------------------------------------


def test_the_examples_of_the_standard() -> None:
    offer, offer_id = bolt12.decode(PLAIN)
    assert bolt12.decode(SPLIT) == (offer, offer_id)
    assert bolt12.decode(PLAIN.upper()) == (offer, offer_id)
    assert (offer.description, offer.amount, offer.issuer) == ("An example description", 1000000, "BOLT 12 industries")
    assert offer.issuer_id == bytes.fromhex("02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619")
    assert bolt12.encode(offer) == (PLAIN, offer_id)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + "+",
        PLAIN + "+ ",
        "+" + PLAIN,
        "+ " + PLAIN,
        "ln++o1" + PLAIN[4:],
        "LNO1" + PLAIN[4:],
        PLAIN[:-1],
        "lni" + PLAIN[3:],
    ],
)
def test_bad_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bolt12.decode(text)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="nothing"),
        pytest.param([(10, b"x")], id="nobody to ask"),
        pytest.param([(8, b"\x01"), (22, KEY)], id="price without description"),
        pytest.param([(6, b"EUR"), (10, b"x"), (22, KEY)], id="currency without price"),
        pytest.param([(6, b"eur"), (8, b"\x01"), (10, b"x"), (22, KEY)], id="currency in lower case"),
        pytest.param([(6, b"EU"), (8, b"\x01"), (10, b"x"), (22, KEY)], id="currency of two letters"),
        pytest.param([(8, b"\x00\x01"), (10, b"x"), (22, KEY)], id="leading zero"),
        pytest.param([(8, bytes([1] * 9)), (10, b"x"), (22, KEY)], id="number of nine bytes"),
        pytest.param([(8, b"\xff" * 8), (10, b"x"), (22, KEY)], id="more than all bitcoin"),
        pytest.param([(10, b"\xff"), (22, KEY)], id="description is not text"),
        pytest.param([(10, b"x"), (18, b"\xc0"), (22, KEY)], id="issuer is not text"),
        pytest.param([(2, bytes(31)), (10, b"x"), (22, KEY)], id="short chain"),
        pytest.param([(2, b""), (10, b"x"), (22, KEY)], id="no chain"),
        pytest.param([(10, b"x"), (16, b""), (22, KEY)], id="no path"),
        pytest.param([(10, b"x"), (16, PATH.encode()[:-1]), (22, KEY)], id="cut path"),
        pytest.param([(10, b"x"), (16, bytes(9) + KEY + b"\x00"), (22, KEY)], id="path without hops"),
        pytest.param(
            [(10, b"x"), (16, b"\x04" + bytes(32) + KEY + b"\x01" + KEY + bytes(2))], id="introduced by nothing"
        ),
        pytest.param([(10, b"x"), (22, b"\x02" + bytes(32))], id="issuer id is no point"),
        pytest.param([(10, b"x"), (22, KEY[:-1])], id="issuer id is cut"),
        pytest.param([(10, b"x"), (22, KEY), (24, b"")], id="unknown even record"),
        pytest.param([(10, b"x"), (22, KEY), (81, b"")], id="record of another message"),
        pytest.param([(10, b"x"), (22, KEY), (10**9 + 2, b"")], id="unknown even experimental record"),
        pytest.param([(22, KEY), (10, b"x")], id="out of order"),
        pytest.param([(10, b"x"), (10, b"x"), (22, KEY)], id="twice"),
    ],
)
def test_what_ldk_calls_invalid(records: list[tuple[int, bytes]]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bolt12.decode(text_of(*records))


def test_unknown_odd_records_are_passed_over_but_count_for_the_id() -> None:
    plain = bolt12.decode(text_of((10, b"x"), (22, KEY)))
    for extra in ((23, b"new"), (10**9 + 1, b"")):
        offer, offer_id = bolt12.decode(text_of((10, b"x"), (22, KEY), extra))
        assert offer == plain[0]
        assert offer_id != plain[1]


def test_without_issuer_id_the_path_speaks() -> None:
    text, offer_id = bolt12.encode(Offer("x", paths=(NODE_PATH,)))
    answer = bolt12.decode(text)[0].decoded(offer_id, 0)
    assert answer.issuer_signing_pubkey is None
    assert [path.introduction_node for path in answer.paths] == [KEY.hex()]


def test_chains() -> None:
    assert Offer("x").is_for(Network.BITCOIN)
    assert not Offer("x").is_for(Network.REGTEST)
    text, offer_id = bolt12.encode(Offer("x", issuer_id=KEY))
    assert bolt12.decode(text)[0].decoded(offer_id, 0).chains == ("bitcoin",)
    both = Offer("x", chains=(bolt12.chain_hash(Network.TESTNET4), b"\x01" * 32), issuer_id=KEY)
    assert both.decoded(offer_id, 0).chains == ("testnet4", "01" * 32)
    assert not both.is_for(Network.UNKNOWN)
    with pytest.raises(ValueError, match="network"):
        bolt12.chain_hash(Network.UNKNOWN)


def test_expiry() -> None:
    offer = replace(OFFER, absolute_expiry_unix=100)
    assert [offer.is_expired(now) for now in (99, 100, 101)] == [False, False, True]
    assert not OFFER.is_expired(1e18)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer_id": None, "paths": ()},
        {"quantity": OfferQuantity(0)},
        {"amount": Msat(-1)},
        {"amount": Fiat("EURO", 1)},
        {"chains": (b"short",)},
        {"description": None},
    ],
)
def test_what_could_not_be_read_back_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bolt12.encode(replace(OFFER, **change))  # type: ignore[arg-type]


# --- properties --------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(OFFERS)
def test_round_trip(offer: Offer) -> None:
    text, offer_id = bolt12.encode(offer)
    assert bolt12.decode(text) == (offer, offer_id)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_one_wrong_character_is_refused_or_another_offer(data: st.DataObject) -> None:
    """Offers have no checksum: what can be held is that another text never has the same id."""
    text, offer_id = bolt12.encode(OFFER)
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(bech32.CHARSET))
    assume(text[place] != character)
    try:
        assert bolt12.decode(text[:place] + character + text[place + 1 :])[1] != offer_id
    except ValueError:
        return


@given(st.text(max_size=100) | st.binary(max_size=100).map(lambda raw: bech32.encode_unchecked("lno", raw)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        bolt12.decode(text)
    except ValueError:
        return


# --- TLV ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "encoded"),
    [  # BOLT 1, appendix A
        (0, "00"),
        (252, "fc"),
        (253, "fd00fd"),
        (65535, "fdffff"),
        (65536, "fe00010000"),
        (4294967295, "feffffffff"),
        (4294967296, "ff0000000100000000"),
        (18446744073709551615, "ffffffffffffffffff"),
    ],
)
def test_bigsize(number: int, encoded: str) -> None:
    assert tlv.bigsize(number).hex() == encoded
    assert tlv.Reader(bytes.fromhex(encoded)).bigsize() == number


@pytest.mark.parametrize(
    "encoded", ["", "fd00fc", "fe0000ffff", "ff00000000ffffffff", "fd00", "feffff", "ffffffffff", "fd", "fe", "ff"]
)
def test_bad_bigsize(encoded: str) -> None:
    with pytest.raises(ValueError, match=r"shortest|early"):
        tlv.Reader(bytes.fromhex(encoded)).bigsize()


@given(st.integers(0, 2**64 - 1))
def test_truncated_numbers(number: int) -> None:
    assert tlv.read_truncated(tlv.truncated(number)) == number


def test_the_merkle_tree_of_the_standard() -> None:
    """BOLT 12's signature-test: streams of one, two and three records."""
    records = [tlv.record(1, bytes.fromhex("03e8")), tlv.record(2, bytes.fromhex("0000010000020003"))]
    key = "0266e4598d1d3c415f572a8488830b60f7e744ed9235eb0b1ba93283b315c03518"
    third = tlv.record(3, bytes.fromhex(key + "00000000000000010000000000000002"))
    roots = {
        1: "b013756c8fee86503a0b4abdab4cddeb1af5d344ca6fc2fa8b6c08938caa6f93",
        2: "c3774abbf4815aa54ccaa026bff6581f01f3be5fe814c620a252534f434bc0d1",
        3: "ab2e79b1283b0b31e0b035258de23782df6b89a38cfa7237bde69aed1a658c5d",
    }
    for count, root in roots.items():
        stream = b"".join([*records, third][:count])
        assert bolt12.merkle_root(tlv.read_records(stream)).hex() == root
    with pytest.raises(ValueError, match="no records"):
        bolt12.merkle_root([])
