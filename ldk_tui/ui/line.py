"""A line of text in parts, each part with its tone; measured and cut in terminal cells.

The common form in which this room passes text about: formatters make lines, `RowTable` paints them, `content` turns
them into Textual's `Content`. A line is never parsed as markup, and its parts are our own words or cleaned text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len, chop_cells
from textual.content import Content

from ldk_tui.ui.theme import PLAIN, Tone

Span = tuple[str, Tone]
Line = tuple[Span, ...]

ELLIPSIS = "…"
EMPTY: Line = ()


def line(*parts: str | Span | Line) -> Line:
    """One line from words, (text, tone) pairs and other lines."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                spans.append((part, PLAIN))
        elif part and isinstance(part[0], str):
            spans.append(part)
        else:
            spans.extend(part)
    return tuple(spans)


def plain(parts: Line) -> str:
    """The words alone."""
    return "".join(text for text, _ in parts)


_NARROW: Final = frozenset(map(chr, [*range(0x20, 0x7F), *range(0x2500, 0x25FD), *map(ord, "…·–“”‘’←→↑↓⇄✓×≈•▹")]))
"""What nearly all lines are made of: one cell each. Measuring by these spares the first frame Rich's Unicode tables."""


def cells(text: str) -> int:
    """Width in terminal cells."""
    return len(text) if _NARROW.issuperset(text) else cell_len(text)


def width_of(parts: Line) -> int:
    """Width of the line in terminal cells."""
    return sum(cells(text) for text, _ in parts)


def cut(text: str, width: int) -> str:
    """The first `width` cells of `text`, without a mark; a wide character that would be halved is left out."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    if text.isascii():
        return text[:width]
    pieces = chop_cells(text, width)
    return pieces[0] if pieces and cell_len(pieces[0]) <= width else ""


def fit(parts: Line, width: int, *, right: bool = False) -> list[Span]:
    """The line at exactly `width` cells: padded, or cut with an ellipsis. Line ends in it (notes) become spaces."""
    if width <= 0:
        return []
    if any("\n" in text for text, _ in parts):
        parts = tuple((text.replace("\n", " "), tone) for text, tone in parts)
    total = width_of(parts)
    if total <= width:
        room = (" " * (width - total), PLAIN)
        if total == width:
            return list(parts)
        return [room, *parts] if right else [*parts, room]
    kept: list[Span] = []
    left = width - 1
    last_tone = PLAIN
    for text, tone in parts:
        last_tone = tone
        size = cells(text)
        if size <= left:
            kept.append((text, tone))
            left -= size
            continue
        shortened = cut(text, left).rstrip()
        if shortened:
            kept.append((shortened, tone))
            left -= cells(shortened)
        break
    kept.append((ELLIPSIS, last_tone))
    if left:
        kept.append((" " * left, PLAIN))
    return kept


def content(parts: Line | Iterable[Line]) -> Content:
    """Textual's `Content` of one line, or of several joined by line ends. Nothing in it is parsed."""
    pieces = tuple(parts)
    if not pieces:
        return Content("")
    if isinstance(pieces[0], tuple) and pieces[0] and isinstance(pieces[0][0], str):
        return Content.assemble(*pieces)  # type: ignore[arg-type]
    return Content("\n").join(Content.assemble(*row) for row in pieces)  # type: ignore[arg-type]


def beside(left: Line, right: Line, width: int, *, gap: int = 1) -> Line:
    """`left` at the left edge and `right` at the right one; `left` is cut first."""
    size = width_of(right)
    if size >= width:
        return tuple(fit(right, width))
    return (*fit(left, width - size - gap), (" " * gap, PLAIN), *right)


def wrap(parts: Line, width: int) -> list[Line]:
    """Broken at spaces into lines of at most `width` cells; a word wider than that is broken where it must.

    Line ends in the text (notes of several lines) end a line.
    """
    if width <= 0:
        return []
    for place, (text, tone) in enumerate(parts):
        if "\n" in text:
            first, rest = text.split("\n", 1)
            before, after = (*parts[:place], (first, tone)), ((rest, tone), *parts[place + 1 :])
            return [*wrap(before, width), *wrap(after, width)]
    rows: list[list[Span]] = [[]]
    left = width
    for text, tone in parts:
        for index, word in enumerate(text.split(" ")):
            gap = 1 if index else 0
            size = cells(word)
            if gap and left > 0 and rows[-1]:
                rows[-1].append((" ", tone))
                left -= 1
            if size > left and rows[-1]:
                rows.append([])
                left = width
            while size > left:
                head = cut(word, left)
                if not head:  # a wide character in a column of one cell
                    break
                rows[-1].append((head, tone))
                word = word[len(head) :]
                size = cells(word)
                rows.append([])
                left = width
            if word:
                rows[-1].append((word, tone))
                left -= size
    return [_trimmed(row) for row in rows]


def _trimmed(row: list[Span]) -> Line:
    while row and not row[-1][0].strip(" "):
        row.pop()
    return tuple(row)
