"""Cleaning of text from outside: the only way in which a stranger's characters reach the screen.

Aliases, descriptions, payer notes, peer messages and the server's own error texts come from people who may be hostile.
A terminal obeys escape sequences, bidirectional controls reorder what is read, newlines fake rows, marks pile up over
their neighbours. `clean` takes all of that out, once, where bytes become values (policy: safety facts 1.4, whose points
are numbered below); widgets get a `SafeText` and nothing else. The raw form stays beside it for comparing and copying.

Not taken out, because it is legitimate text: look-alike letters (`mixed_scripts` flags them) and right-to-left letters
(`right_to_left`: draw them on a line of their own). Markup is text like any other here: views never parse it.
"""

from __future__ import annotations

import re
import shlex
from typing import Final, Literal
from unicodedata import bidirectional, category, east_asian_width, name, normalize

Kind = Literal["label", "text", "hostport", "filename", "csv"]

REPLACEMENT: Final = "\ufffd"
ELLIPSIS: Final = "…"
MAX_LABEL: Final = 512  # code points looked at, before any work on single characters (point 2)
MAX_TEXT: Final = 4096
MAX_LINES: Final = 20
MAX_MARKS: Final = 2
_BOX_STAND_IN = "·"


class SafeText(str):
    """Cleaned text. Equal to, and usable as, the plain `str`; joining or slicing gives a plain `str` again.

    `raw` is what was sent (for bytes that were not text: their hex), `altered` says whether the two differ: views then
    show a marker outside the text and offer `escaped`. Made by `clean` and `clean_bytes`, or by `own` for our literals.
    """

    __slots__ = ("altered", "raw")

    raw: str
    altered: bool

    def __new__(cls, text: str = "", raw: str | None = None, altered: bool | None = None) -> SafeText:
        self = super().__new__(cls, text)
        self.raw = text if raw is None else raw
        self.altered = self.raw != text if altered is None else altered
        return self

    def __reduce__(self) -> tuple[type[SafeText], tuple[str, str, bool]]:
        return SafeText, (str(self), self.raw, self.altered)


EMPTY: Final = SafeText()


def own(literal: str) -> SafeText:
    """Our own words as SafeText. For literals of this program only; never for anything that was read or received."""
    return SafeText(literal)


# One printable ASCII line without doubled or outer spaces needs no work: nearly every string there is.
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_HOSTPORT = re.compile(rf"[A-Za-z0-9.\-:\[\]]*{ELLIPSIS}?")
_NOT_FILENAME = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_SPACES = re.compile(r" {2,}")
_RESERVED_FILENAME = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_FORMULA_STARTS = tuple("=+-@\t＝＋－＠")

_TO_SPACE = frozenset("\t\n\r\v\f\x85\u2028\u2029")
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\U0001d159")


def clean(value: str | bytes, kind: Kind = "label", max_cells: int | None = None) -> SafeText:
    """The safe form of `value` for a place of this `kind`.

    * `label`: one line (alias, table cell, title); box-drawing characters become `·`;
    * `text`: up to 20 lines (description, note, error);
    * `hostport`: letters, digits and `.-:[]`, anything else escaped;
    * `filename`: `[A-Za-z0-9._-]{1,64}` without a leading dot;
    * `csv`: one quoted cell that no spreadsheet takes for a formula. An encoding: apply it once, at the very end.

    `max_cells` (at least 1) limits the width of each line in terminal cells, cut with `…`; None leaves the cap of 512
    (label, hostport) or 4096 code points. All kinds but `csv` are idempotent. Bytes that are not UTF-8, or hold control
    bytes, are shown as hex. Never raises on account of the text.
    """
    if isinstance(value, bytes):
        decoded = _decoded(value)
        if decoded is None:
            return _narrowed(clean_bytes(value), max_cells)
        value = decoded
    cap = MAX_LABEL if kind in ("label", "hostport") else MAX_TEXT
    limit = cap if max_cells is None else max_cells
    if limit < 1:
        raise ValueError("a width below one cell")
    if (kind == "label" or kind == "text") and len(value) <= limit and len(value) <= cap and _PLAIN.fullmatch(value):
        return value if isinstance(value, SafeText) else SafeText(value)
    text = _cleaned(str(value), kind, cap, None if max_cells is None else limit)
    if isinstance(value, SafeText):
        return SafeText(text, value.raw, value.altered or text != value)
    return SafeText(text, value)


def clean_bytes(value: bytes, max_bytes: int = 64) -> SafeText:
    """Hex of a stranger's bytes (custom TLV records), cut to `max_bytes` with the length told. `raw` is the full hex.

    Hex comes first; the text form, `clean(value)`, only when a person asks for it (point 1).
    """
    full = "0x" + value.hex()
    if len(value) <= max_bytes:
        return SafeText(full)
    return SafeText(f"{full[: 2 + 2 * max_bytes]}{ELLIPSIS} ({len(value)} bytes)", full)


def escaped(value: str, max_length: int = MAX_TEXT) -> SafeText:
    """The unmistakable form for the detail view: ASCII only, `\\x1b`, `\\u202e`, `\\n`; a backslash is doubled."""
    raw = _raw(value)
    text = raw[:max_length].encode("unicode_escape").decode("ascii")
    return SafeText(text + ELLIPSIS if len(raw) > max_length else text, raw)


def hex_copy(value: str) -> str:
    """UTF-8 of the raw form as hex, for copying (lone surrogates included)."""
    return _raw(value).encode("utf-8", "surrogatepass").hex()


def shell_word(value: str) -> str:
    """The cleaned text as one quoted word of a command line that is offered for copying."""
    return shlex.quote(clean(value))


def for_log(value: str, max_length: int = MAX_TEXT) -> str:
    """One line that is safe to `cat`: as `clean`, but with escapes instead of U+FFFD, so that nothing is lost.

    Right-to-left letters are escaped too: a log line has a time and a level beside them. Idempotent, and at most
    `max_length` characters.
    """
    raw = _raw(value)
    if len(raw) <= max_length and raw.isascii() and raw.isprintable():
        return raw
    parts: list[str] = []
    marks = MAX_MARKS
    for character in raw[:max_length]:
        kind = category(character)
        is_mark = kind in ("Mn", "Mc")
        good = (
            character == " "
            or character == REPLACEMENT
            or not (
                kind[0] in "CZ"
                or kind == "Me"
                or character in _BLANK
                or _is_selector(character)
                or bidirectional(character) in _RIGHT_TO_LEFT
                or (is_mark and marks >= MAX_MARKS)
            )
        )
        parts.append(character if good else character.encode("unicode_escape").decode("ascii"))
        marks = marks + 1 if is_mark and good else (0 if good and character not in (" ", REPLACEMENT) else MAX_MARKS)
    line = "".join(parts)
    return line if max(len(raw), len(line)) <= max_length else line[: max_length - 1] + ELLIPSIS


# --- flags: legitimate text that a person should be told about -------------------------------------------------------

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
# Scripts that are at home together (the "highly restrictive" profile of UTS #39, with Latin beside each).
_EAST_ASIAN = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)

_STAND_INS = frozenset(
    {"FULLWIDTH", "MATHEMATICAL", "DOUBLE", "SCRIPT", "BLACK", "PARENTHESIZED", "CIRCLED", "SQUARED"}
)
_OF_SEVERAL_SCRIPTS = frozenset({"MODIFIER", "IDEOGRAPHIC"})  # marks and repeaters


def right_to_left(text: str) -> bool:
    """True when some letter or digit is written right to left: it reorders its neighbours in bidi terminals.

    Such text goes on a line of its own, never beside an amount, address or status (point 9).
    """
    return not text.isascii() and any(bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def mixed_scripts(text: str) -> bool:
    """True when letters of scripts that do not belong together are mixed, as in a Cyrillic `а` before `cinq` (10).

    Also true for stand-ins of Latin letters (mathematical, full width). A name in one foreign script is not flagged:
    show the node id beside every alias anyway.
    """
    if text.isascii():
        return False
    scripts = {_script(character) for character in text if category(character)[0] == "L"} - {""}
    if scripts & _STAND_INS:
        return True
    return len(scripts) > 1 and not any(scripts <= together for together in _EAST_ASIAN)


def _script(letter: str) -> str:
    if letter in "ªºµ":  # names without a script, at home in Latin text
        return "LATIN"
    word = name(letter, "").removeprefix("HALFWIDTH ").split(" ", 1)[0].split("-", 1)[0]
    return "" if word in _OF_SEVERAL_SCRIPTS else word


def cell_width(text: str) -> int:
    """Terminal cells of cleaned text: 2 for wide characters, 0 for marks, else 1. Never less than Rich measures."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


# --- the work ------------------------------------------------------------------------------------------------------


# Trigrams, digrams, hexagrams and counting rods: wide for Rich, narrow in the tables of Python 3.11 to 3.13.
_WIDE_SINCE_UNICODE_16 = (
    ("\u2630", "\u2637"),
    ("\u268a", "\u268f"),
    ("\u4dc0", "\u4dff"),
    ("\U0001d300", "\U0001d376"),
)


def _raw(value: str) -> str:
    return value.raw if isinstance(value, SafeText) else value


def _decoded(value: bytes) -> str | None:
    if any(byte < 0x20 or byte == 0x7F for byte in value[:MAX_TEXT]):
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _narrowed(text: SafeText, max_cells: int | None) -> SafeText:
    if max_cells is None or cell_width(text) <= max_cells:
        return text
    return SafeText(_cut(text, max_cells), text.raw)


def _cleaned(value: str, kind: Kind, cap: int, max_cells: int | None) -> str:
    if kind == "filename":
        return _filename(value[:MAX_TEXT])
    if kind == "hostport":
        text = value if len(value) <= cap else value[: cap - 1] + ELLIPSIS
        if not _HOSTPORT.fullmatch(text):
            # a backslash is not doubled here: that would not be idempotent
            text = "".join(_escaped_in_host(character) for character in text)
        text = text if len(text) <= cap else text[: cap - 1] + ELLIPSIS
        return text if max_cells is None else _cut(text, max_cells)
    is_text = kind == "text"
    capped = value[:cap]
    if is_text:
        capped = capped.replace("\r\n", "\n")
    text = _scrub(normalize("NFC", _without_surrogates(capped)), keep_lf=is_text, boxes=kind == "label")
    while (again := _cap_marks(normalize("NFC", text))) != text:  # dropping a character lets NFC compose anew (6)
        text = again
    lines = [_SPACES.sub(" ", line).strip(" ") for line in text.split("\n")]
    text = "\n".join(lines).strip("\n")
    too_long = len(value) > cap and bool(text)
    if is_text and text.count("\n") >= MAX_LINES:
        text = "\n".join(text.split("\n")[:MAX_LINES])
        too_long = True
    if too_long or len(text) > cap:
        text = text[: cap - 1].rstrip(" ")
        text = text if text.endswith(ELLIPSIS) else text + ELLIPSIS
    if max_cells is not None:
        text = "\n".join(_cut(line, max_cells) for line in text.split("\n"))
    return _csv_cell(text) if kind == "csv" else text


def _without_surrogates(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def _scrub(text: str, *, keep_lf: bool, boxes: bool) -> str:
    """Each character by its general category (5); marks are counted afterwards, by `_cap_marks`."""
    parts: list[str] = []
    for character in text:
        if " " <= character <= "~":
            parts.append(character)
            continue
        kind = category(character)
        if character == "\n" and keep_lf:
            parts.append(character)
        elif character in _TO_SPACE or kind == "Zs":
            parts.append(" ")
        elif kind == "Me" or _is_selector(character):
            continue
        elif kind[0] == "C" or kind in ("Zl", "Zp") or character in _BLANK:
            parts.append(REPLACEMENT)
        elif boxes and "\u2500" <= character <= "\u259f":
            parts.append(_BOX_STAND_IN)
        else:
            parts.append(character)
    return "".join(parts)


def _cap_marks(text: str) -> str:
    """At most two marks after a base; none at the start, after a space, a line break or a replaced character."""
    if text.isascii():
        return text
    parts: list[str] = []
    marks = MAX_MARKS
    for character in text:
        if character > "\u02ff" and category(character)[0] == "M":
            marks += 1
            if marks > MAX_MARKS:
                continue
        else:
            marks = MAX_MARKS if character in (" ", "\n", REPLACEMENT, _BOX_STAND_IN) else 0
        parts.append(character)
    return "".join(parts)


def _is_selector(character: str) -> bool:
    return (
        "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or character in "\u180b\u180c\u180d\u180f"
    )


def _width(character: str) -> int:
    if character <= "~":
        return 1
    if category(character) == "Mn":
        return 0
    if east_asian_width(character) in "WF" or any(low <= character <= high for low, high in _WIDE_SINCE_UNICODE_16):
        return 2
    return 1


def _cut(line: str, max_cells: int) -> str:
    """`line` in at most `max_cells` cells, cut by cells and not by code points, with `…` in the last one."""
    if cell_width(line) <= max_cells:
        return line
    used = 0
    for index, character in enumerate(line):
        used += _width(character)
        if used > max_cells - 1:
            return line[:index].rstrip(" ") + ELLIPSIS
    return line


def _escaped_in_host(character: str) -> str:
    if "!" <= character <= "~" or character == ELLIPSIS:
        return character
    return "\\x20" if character == " " else character.encode("unicode_escape").decode("ascii")


def _filename(value: str) -> str:
    text = _NOT_FILENAME.sub("_", value).lstrip(".")[:64].rstrip(".")
    if _RESERVED_FILENAME.match(text):  # Windows devices
        text = ("_" + text)[:64].rstrip(".")
    return text or "_"


def _csv_cell(text: str) -> str:
    safe = "'" + text if text.startswith(_FORMULA_STARTS) else text
    return '"' + safe.replace('"', '""') + '"'
