"""Bech32 against the vectors of BIP 173 and BIP 350, and round trips that no single wrong character survives."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ldk_tui.core import bech32
from ldk_tui.core.bech32 import Encoding

VALID_BECH32 = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11" + 82 * "q" + "c8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
]
VALID_BECH32M = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11" + 82 * "l" + "ludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID = [
    "\x201nwldj5",
    "\x7f1axkwrx",
    "\x801eym55h",
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    "a12uEL5L",
    "",
    "1",
]
ADDRESSES = {
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": ("bc", 0, "751e76e8199196d454941c45d1b3a323f1433bd6"),
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": (
        "tb",
        0,
        "1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
    ),
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": (
        "bc",
        1,
        "751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
    ),
    "BC1SW50QGDZ25J": ("bc", 16, "751e"),
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": ("bc", 2, "751e76e8199196d454941c45d1b3a323"),
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": (
        "tb",
        1,
        "000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    ),
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": (
        "bc",
        1,
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ),
}
INVALID_ADDRESSES = {
    "version 1 with the checksum of version 0": "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "version 2 with the checksum of version 0": "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "version 16 with the checksum of version 0": "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "version 0 with the checksum of version 1": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "version 0, 32 bytes, checksum of version 1": "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "character that cannot be": "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "version 17": "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "program of one byte": "bc1pw5dgrnzv",
    "program of 41 bytes": "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "version 0 with 16 bytes": "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "mixed case": "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "a character too many": "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "padding that is not zero": "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "no program": "bc1gmk9yu",
}

PREFIXES = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
DATA = st.binary(max_size=60)


@pytest.mark.parametrize("text", VALID_BECH32)
def test_valid_bech32(text: str) -> None:
    prefix, data, encoding = bech32.decode(text)
    assert encoding is Encoding.BECH32
    assert bech32.encode(prefix, data, encoding) == text.lower()


@pytest.mark.parametrize("text", VALID_BECH32M)
def test_valid_bech32m(text: str) -> None:
    prefix, data, encoding = bech32.decode(text)
    assert encoding is Encoding.BECH32M
    assert bech32.encode(prefix, data, encoding) == text.lower()


@pytest.mark.parametrize("text", INVALID)
def test_invalid_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bech32.decode(text)


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items())
def test_segwit_addresses(text: str, expected: tuple[str, int, str]) -> None:
    prefix, version, program = bech32.decode_segwit(text)
    assert (prefix, version, program.hex()) == expected
    assert bech32.encode_segwit(prefix, version, program) == text.lower()


@pytest.mark.parametrize("text", INVALID_ADDRESSES.values(), ids=INVALID_ADDRESSES.keys())
def test_invalid_segwit_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bech32.decode_segwit(text)


def test_the_limit_is_for_addresses_only() -> None:
    text = bech32.encode("lnbc", bytes(200))
    with pytest.raises(ValueError, match="too long"):
        bech32.decode(text)
    assert bech32.decode(text, limit=None) == ("lnbc", bytes(200), Encoding.BECH32)


@given(PREFIXES, DATA, st.sampled_from(Encoding))
def test_round_trip(prefix: str, payload: bytes, encoding: Encoding) -> None:
    text = bech32.encode(prefix, bech32.to_5_bit(payload), encoding)
    read_prefix, data, read_encoding = bech32.decode(text, limit=None)
    assert (read_prefix, bech32.from_5_bit(data), read_encoding) == (prefix, payload, encoding)
    assert bech32.decode(text.upper(), limit=None) == (prefix, data, encoding)


@given(DATA, st.sampled_from(Encoding), st.data())
def test_one_wrong_character_is_found(payload: bytes, encoding: Encoding, data: st.DataObject) -> None:
    text = bech32.encode("bcrt", bech32.to_5_bit(payload), encoding)
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(bech32.CHARSET))
    assume(text[place] != character)
    with pytest.raises(ValueError, match=r"\w"):
        bech32.decode(text[:place] + character + text[place + 1 :], limit=None)


@given(st.binary(max_size=60))
def test_five_bit_values_round_trip(payload: bytes) -> None:
    values = bech32.to_5_bit(payload)
    assert all(value < 32 for value in values)
    assert bech32.from_5_bit(values) == payload
    assert bech32.number_to_5_bit(bech32.number_from_5_bit(values), len(values)) == values


@pytest.mark.parametrize("values", [b"\x01", b"\x00\x01", b"\x00\x00\x00"])
def test_bad_padding_is_refused(values: bytes) -> None:
    with pytest.raises(ValueError, match=r"padding|too many"):
        bech32.from_5_bit(values)


def test_numbers_that_do_not_fit_are_refused() -> None:
    assert bech32.number_to_5_bit(31, 1) == b"\x1f"
    for number, count in ((32, 1), (-1, 4), (1, 0)):
        with pytest.raises(ValueError, match="fit"):
            bech32.number_to_5_bit(number, count)


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 90), max_size=4), st.sampled_from(["", " ", "\n\t"]))
def test_unchecked_text_may_be_split_by_plus(payload: bytes, places: list[int], space: str) -> None:
    text = bech32.encode_unchecked("lno", payload)
    cuts = sorted({place for place in places if place < len(text)})
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert bech32.decode_unchecked(f"+{space}".join(pieces)) == ("lno", payload)


@pytest.mark.parametrize("text", ["lno1qq+", "+lno1qq", "lno1++qq", "lno1 qq", "lno1q +q", "lnO1qq", "qq", "1qq"])
def test_bad_unchecked_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bech32.decode_unchecked(text)


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception: the text may come from anywhere."""
    for read in (bech32.decode, bech32.decode_segwit, bech32.decode_unchecked):
        try:
            read(text)
        except ValueError:
            continue
