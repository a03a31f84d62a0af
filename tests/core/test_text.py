"""The cleaner against every hostile vector, and its output contract against random code points."""

from __future__ import annotations

import copy
import csv
import io
import json
import pickle
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from ldk_tui.core.amounts import parse_amount
from ldk_tui.core.errors import BadInput
from ldk_tui.core.text import (
    EMPTY,
    MAX_LABEL,
    MAX_LINES,
    MAX_TEXT,
    Kind,
    SafeText,
    cell_width,
    clean,
    clean_bytes,
    escaped,
    for_log,
    hex_copy,
    mixed_scripts,
    own,
    right_to_left,
    shell_word,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text("utf-8")
)
KINDS_BY_CONTEXT: dict[str, Kind] = {"multiline": "text", "filename": "filename", "csv": "csv"}

# Code points that matter, far more often than chance would bring them.
NASTY = (
    "\x00\t\n\v\f\r\x1b\x7f\x80\x85\x9b\xa0\xad\u0300\u0301\u0316\u0334\u0308\u034f\u0488\u061c\u0903\u0937\u093c\u115f"
    "\u1100\u1161\u11a8\u1160\u180b\u180e\u200b\u200d\u202e\u2028\u2029\u2067\u20dd\u2126\u2500\u2588\u2800\u2c7f\u3000"
    "\u3099\u304b\u3164\ud83d\ude00\udc80\ue000\ufb1d\ufe0f\ufeff\uff11\ufff9\ufffd\U0001f525\U0001f1fa\U000e0070\U000e0101"
    "  aé中·…=+-@\"'\\[]אا"
)
text_from_outside = st.text(
    st.one_of(st.sampled_from(NASTY), st.characters(codec=None, exclude_categories=())), max_size=80
)
widths = st.one_of(st.none(), st.integers(1, 40))


def categories(text: str) -> set[str]:
    return {unicodedata.category(character) for character in text}


def longest_run_of_marks(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Mc") else 0
        longest = max(longest, run)
    return longest


def check_contract(text: str, *, lf_allowed: bool, max_cells: int | None) -> None:
    """Safety facts 1.4, point 13, and what the other points promise of the output."""
    lines = text.split("\n")
    assert lf_allowed or len(lines) == 1
    assert len(lines) <= MAX_LINES
    assert not {kind for kind in categories(text.replace("\n", "")) if kind[0] == "C" or kind in ("Zl", "Zp", "Me")}
    assert not [character for character in text if unicodedata.category(character) == "Zs" and character != " "]
    assert longest_run_of_marks(text) <= 2
    assert unicodedata.is_normalized("NFC", text)
    assert "  " not in text
    for line in lines:
        assert line == line.strip(" ")
        assert not line or unicodedata.category(line[0])[0] != "M"
        assert cell_len(line) <= cell_width(line)
        assert max_cells is None or cell_width(line) <= max_cells


# --- the vectors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    context = vector["context"]
    kind = KINDS_BY_CONTEXT.get(context, "label")
    raw, max_cells = vector["input"], vector.get("max_cells")
    cleaned = clean(raw, kind, max_cells)
    for forbidden in vector["must_not_contain"]:
        assert forbidden not in cleaned
    for needed in vector.get("must_contain", ()):
        assert needed in cleaned
    assert cleaned.raw == raw
    assert cleaned.altered == (cleaned != raw)
    if kind in ("label", "text"):
        check_contract(cleaned, lf_allowed=kind == "text", max_cells=max_cells)
    if context == "markup":  # shown exactly as it came: markup is text here
        assert cleaned == raw
        assert not cleaned.altered
    elif context == "amount-reject":
        for attempt in (raw, raw + " sat", raw + "sat", raw + " btc", cleaned + " sat"):
            with pytest.raises(BadInput):
                parse_amount(attempt)
    elif context == "flag":
        framed_in_a_shell = shlex.split(shell_word(raw)) == [cleaned]
        assert framed_in_a_shell
        assert cleaned.altered or mixed_scripts(raw) or right_to_left(raw) or vector["name"] == "shell-quote"
    elif context == "filename":
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", cleaned)
    elif context == "csv":
        (row,) = csv.reader(io.StringIO(cleaned))
        assert row == ["'" + raw]


def test_the_vectors_cover_every_context() -> None:
    contexts = {vector["context"] for vector in VECTORS}
    assert contexts == {"text", "multiline", "markup", "amount-reject", "flag", "filename", "csv"}
    assert len(VECTORS) == 84


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
@pytest.mark.parametrize("kind", ["label", "text", "hostport", "filename", "csv"])
def test_every_vector_is_harmless_in_every_kind(vector: dict[str, Any], kind: Kind) -> None:
    """A field of one kind is answered by a hostile server with the vector of another."""
    cleaned = clean(vector["input"], kind)
    allowed = {"\n"} if kind == "text" else set()
    bad = {
        character
        for character in cleaned
        if (character not in allowed and unicodedata.category(character)[0] == "C") or character in "\u2028\u2029\ufe0f"
    }
    assert not bad


def test_the_homoglyph_is_flagged_and_not_removed() -> None:
    assert clean("\u0430cinq.co") == "\u0430cinq.co"
    assert mixed_scripts("\u0430cinq.co")


def test_hebrew_beside_digits_is_flagged() -> None:
    assert right_to_left("\u05d0\u05d1 100 \u05d2")
    assert not right_to_left("100 sat")
    assert right_to_left("\u0661\u0662")  # arabic digits reorder too


def test_a_fake_table_row_loses_its_frame() -> None:
    assert clean("\u2502 Status: SUCCEEDED \u2502") == "· Status: SUCCEEDED ·"
    assert clean("\u2588\u2592") == "··"
    assert clean("\u2502", "text") == "\u2502"


# --- the output contract ---------------------------------------------------------------------------------------------


@settings(max_examples=600)
@given(text_from_outside, st.sampled_from(["label", "text"]), widths)
@example("\u0301\u0302abc", "label", None)
@example("a\ufe0f\u0301\u0316\u0301", "label", 3)
@example("\u1100\u180b\u1161\u0301\u0301", "label", None)
@example("\n".join(["x"] * 30), "text", None)
@example("\r\n\r\n a \r\n", "text", 1)
def test_contract_and_idempotence(raw: str, kind: Kind, max_cells: int | None) -> None:
    once = clean(raw, kind, max_cells)
    check_contract(once, lf_allowed=kind == "text", max_cells=max_cells)
    assert clean(str(once), kind, max_cells) == once
    again = clean(once, kind, max_cells)
    assert again == once
    assert again.raw == once.raw == raw
    assert again.altered == once.altered == (once != raw)
    once.encode("utf-8")  # no lone surrogate: files, logs and SQLite take it


@settings(max_examples=40)
@given(
    st.text(st.sampled_from(NASTY), min_size=1, max_size=40), st.integers(1, 400), st.sampled_from(["label", "text"])
)
def test_contract_holds_beyond_the_caps(piece: str, times: int, kind: Kind) -> None:
    once = clean(piece * times, kind)
    check_contract(once, lf_allowed=kind == "text", max_cells=None)
    assert len(once) <= (MAX_LABEL if kind == "label" else MAX_TEXT)
    assert clean(str(once), kind) == once


@settings(max_examples=300)
@given(text_from_outside, widths)
def test_hostport_is_ascii_or_escaped(raw: str, max_cells: int | None) -> None:
    once = clean(raw, "hostport", max_cells)
    assert re.fullmatch(r"[!-~…]*", once)
    assert max_cells is None or len(once) <= max_cells
    assert clean(str(once), "hostport", max_cells) == once


@settings(max_examples=300)
@given(text_from_outside)
def test_filename_is_one_safe_name(raw: str) -> None:
    once = clean(raw, "filename")
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", once)
    assert not once.endswith(".")
    assert clean(str(once), "filename") == once
    assert once.split(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1", "lpt9"}


@settings(max_examples=300)
@given(text_from_outside)
def test_csv_is_one_cell_and_no_formula(raw: str) -> None:
    cell = clean(raw, "csv")
    (row,) = csv.reader(io.StringIO(cell)) or [[""]]
    assert len(row) == 1
    assert not row[0].startswith(tuple("=+-@\t＝＋－＠"))
    check_contract(row[0], lf_allowed=False, max_cells=None)


@settings(max_examples=300)
@given(text_from_outside)
def test_log_lines_are_one_line_and_lose_nothing(raw: str) -> None:
    line = for_log(raw)
    assert not {kind for kind in categories(line) if kind[0] == "C" or kind in ("Zl", "Zp")}
    assert not right_to_left(line)
    assert longest_run_of_marks(line) <= 2
    assert for_log(line) == line
    if raw.isascii() and "\\" not in raw:
        assert line.encode("ascii").decode("unicode_escape") == raw


def test_log_lines_are_capped() -> None:
    line = for_log("\x1b" * 10_000)
    assert len(line) == MAX_TEXT
    assert line.endswith("…")
    assert for_log(line) == line


@given(text_from_outside)
def test_escaped_is_ascii_and_reversible(raw: str) -> None:
    shown = escaped(clean(raw))
    assert shown.isascii()
    assert shown.isprintable()
    assert shown.encode("ascii").decode("unicode_escape") == raw
    assert bytes.fromhex(hex_copy(clean(raw))).decode("utf-8", "surrogatepass") == raw


@given(text_from_outside)
def test_flags_never_raise(raw: str) -> None:
    assert isinstance(mixed_scripts(raw), bool)
    assert isinstance(right_to_left(raw), bool)


# --- single rules ----------------------------------------------------------------------------------------------------


def test_escapes_are_shown_as_escapes() -> None:
    assert escaped("x\x1b[2J\u202e\\") == "x\\x1b[2J\\u202e\\\\"
    assert escaped("x" * 5000).endswith("…")
    assert for_log("a\x1bb\nc d") == "a\\x1bb\\nc d"
    assert for_log("é中 \u05d0") == "é中 \\u05d0"


def test_wide_characters_are_cut_by_cells() -> None:
    assert clean("中" * 10, max_cells=8) == "中中中…"
    assert clean("abcdefgh", max_cells=8) == "abcdefgh"
    assert clean("abcdefghi", max_cells=8) == "abcdefg…"
    assert clean("abcdef hi", max_cells=8) == "abcdef…"
    assert clean("ab", max_cells=1) == "…"


def test_a_width_below_one_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="width"):
        clean("x", max_cells=0)


def test_lines_in_text_and_in_labels() -> None:
    assert clean("a\r\nb\rc\n\n d  e ", "text") == "a\nb c\n\nd e"
    assert clean("a\r\nb") == "a b"
    assert clean("\n\n") == ""
    many = clean("\n".join(str(number) for number in range(25)), "text")
    assert many.split("\n")[-1] == "19…"
    assert many.altered


def test_marks_stay_where_words_need_them() -> None:
    assert clean("e\u0301") == "é"
    assert clean("हिन्दी") == "हिन्दी"
    assert clean("x\u20dd") == "x"
    assert clean(" \u0301a") == "a"


def test_an_unaltered_text_is_not_called_altered() -> None:
    assert not clean("Zürich ⚡ 中文 🔥").altered
    assert clean("Zürich ⚡ 中文 🔥") == "Zürich ⚡ 中文 🔥"


def test_empty_stays_empty_for_the_view_to_name() -> None:
    assert clean("") == EMPTY == ""
    assert clean("   ") == ""
    assert clean("   ").altered


def test_bytes_are_text_only_when_they_are_clean_utf8() -> None:
    assert clean("Zürich".encode()) == "Zürich"
    assert clean(b"ab\x1b[2J") == "0x61621b5b324a"
    assert clean(b"a\nb", "text") == "0x610a62"
    assert clean(b"a\x7f") == "0x617f"
    assert clean(b"\xff\xfe") == "0xfffe"
    assert clean(b"\xff" * 100).raw == "0x" + "ff" * 100
    assert cell_width(clean(b"\xff" * 100, max_cells=20)) == 20


def test_tlv_bytes_are_hex_first() -> None:
    assert clean_bytes(b"hello") == "0x68656c6c6f"
    long = clean_bytes(bytes(100))
    assert long == "0x" + "00" * 64 + "… (100 bytes)"
    assert long.raw == "0x" + "00" * 100
    assert long.altered
    assert not clean_bytes(bytes(64)).altered


def test_safe_text_keeps_its_raw_form_through_copies() -> None:
    text = clean("a\x1bb")
    for other in (copy.copy(text), copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert isinstance(other, SafeText)
        assert (other, other.raw, other.altered) == ("a\ufffdb", "a\x1bb", True)
    assert own("Node").raw == "Node"
    assert not own("Node").altered
    with pytest.raises(AttributeError):
        text.colour = "red"  # type: ignore[attr-defined]


def test_plain_ascii_takes_the_fast_path() -> None:
    """The very object comes back: no second copy of what is clean already."""
    text = clean("ACINQ node 1")
    assert clean(text) is text


def test_scripts_that_belong_together_are_not_flagged() -> None:
    for name in (
        "Zürich",
        "東京ノードです node",
        "서울 韓國 node",
        "Привет",
        "100 sat",
        "ªº µBTC",
        "ﾃｽﾄ テスト",
        "Ελλάδα 21",
    ):
        assert not mixed_scripts(name), name
    for name in ("раypal", "Αlice", "１ＢＴＣ ｎｏｄｅ", "𝐀𝐂𝐈𝐍𝐐", "서울ノード", "nоde"):
        assert mixed_scripts(name), name


def test_width_is_never_less_than_what_rich_measures() -> None:
    """Every code point that is not replaced anyway: Rich, which composes the screen, never needs more than counted."""
    points = (chr(point) for point in range(0x20, 0x110000) if unicodedata.category(chr(point))[0] != "C")
    suspects = [character for character in points if get_character_cell_size(character) > cell_width(character)]
    short = [hex(ord(one)) for one in suspects if cell_len(text := clean("a" + one)) > cell_width(text)]
    assert short == []
