"""Identifiers: the one good form, and a harmless one for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core import ids

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text("utf-8"))

HEX64 = "0123456789abcdef" * 4
HEX66 = "02" + HEX64
HEX64_MAKERS: list[Callable[[str], str]] = [
    ids.payment_id,
    ids.payment_hash,
    ids.offer_id,
    ids.channel_id,
    ids.txid,
    ids.block_hash,
]
ALL_MAKERS: list[Callable[[str], str]] = [*HEX64_MAKERS, ids.node_id, ids.user_channel_id, ids.address]


@pytest.mark.parametrize("make", HEX64_MAKERS)
def test_hex_is_lowered(make: Callable[[str], str]) -> None:
    assert make(HEX64.upper()) == HEX64
    assert ids.is_valid(make(HEX64))


@pytest.mark.parametrize("make", HEX64_MAKERS)
@pytest.mark.parametrize("bad", [HEX64[1:], HEX64 + "0", "g" + HEX64[1:], HEX64 + "\n", " " + HEX64[1:], "٠" * 64])
def test_other_forms_are_invalid(make: Callable[[str], str], bad: str) -> None:
    assert make(bad).startswith(ids.INVALID)
    assert not ids.is_valid(make(bad))


def test_node_ids_are_compressed_keys() -> None:
    assert ids.node_id(HEX66.upper()) == HEX66
    assert ids.is_valid(ids.node_id("03" + HEX64))
    for bad in ("04" + HEX64, HEX64, HEX66 + "00"):
        assert not ids.is_valid(ids.node_id(bad))


def test_user_channel_ids_are_decimal_u128() -> None:
    for good in ("0", "1", str((1 << 128) - 1)):
        assert ids.user_channel_id(good) == good
    for bad in (str(1 << 128), "-1", "01", "a", "1.0", "１", "1 ", "9" * 40):
        assert not ids.is_valid(ids.user_channel_id(bad))


def test_addresses_are_one_word() -> None:
    assert ids.address("bcrt1qxyz") == "bcrt1qxyz"
    for bad in ("bc1q xyz", "bc1q\u200bxyz", "x" * 129, "<a>"):
        assert not ids.is_valid(ids.address(bad))


@pytest.mark.parametrize("make", ALL_MAKERS)
def test_empty_stays_empty_and_invalid(make: Callable[[str], str]) -> None:
    assert make("") == ""
    assert not ids.is_valid(make(""))


@pytest.mark.parametrize("make", ALL_MAKERS)
@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_hostile_ids_can_be_shown(make: Callable[[str], str], vector: dict[str, str]) -> None:
    shown = make(vector["input"])
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= len(ids.INVALID) + 80 * len("\\U00000000")


@given(st.text(max_size=100), st.sampled_from(ALL_MAKERS))
def test_any_text_gives_a_printable_id(text: str, make: Callable[[str], str]) -> None:
    shown = make(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert ids.is_valid(shown) == (shown == text.lower() != "" or shown == text != "")


def test_an_onchain_payment_id_is_the_txid_reversed() -> None:
    assert ids.onchain_payment_id(ids.txid("00" * 31 + "ff")) == "ff" + "00" * 31
    once = ids.onchain_payment_id(ids.txid(HEX64))
    assert ids.onchain_payment_id(ids.Txid(once)) == HEX64


def test_short_forms() -> None:
    assert ids.short("02a1bbbbbbbb9f3c") == "02a1…9f3c"
    assert ids.short("02a1bbbbbbbb9f3c", 6, 0) == "02a1bb…"
    assert ids.short("123456789") == "123456789"


@given(st.integers(0, (1 << 24) - 1), st.integers(0, (1 << 24) - 1), st.integers(0, (1 << 16) - 1))
def test_short_channel_ids_as_people_write_them(block: int, transaction: int, output: int) -> None:
    scid = ids.ShortChannelId(block << 40 | transaction << 16 | output)
    assert ids.format_scid(scid) == f"{block}x{transaction}x{output}"
