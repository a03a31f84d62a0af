"""Widgets that are lines of text: one line with places to click, and panels of lines under a heading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from ldk_tui.ui.line import Line, cells, fit, line, width_of
from ldk_tui.ui.theme import HEADER, MUTED, PLAIN, RULE

MakeLines = Callable[[int, int], Sequence[Line]]
"""(width, height) → lines; a height of 0 means as many as there are."""


def paint(widget: Widget, parts: Line, width: int) -> Strip:
    """One strip of exactly `width` cells, in the widget's own colours where a part has no tone."""
    base = widget.rich_style
    parse = widget.app.stylesheet.parse_style
    segments = [
        Segment(text, base + parse(tone).rich_style if tone else base) for text, tone in fit(parts, width) if text
    ]
    return Strip(segments, width)


def heading(title: str, note: Line, width: int) -> Line:
    """`Title ──────── note`."""
    room = width - cells(title) - 1
    right = (" ", PLAIN), *note
    rule = room - (width_of(right) if note else 0)
    if rule < 2:
        return tuple(fit(line((title, HEADER), " ", note), width))
    return line((title, HEADER), " ", ("─" * rule, RULE), *([right] if note else []))


class Piece(NamedTuple):
    """A part of a `OneLine`; a click on it gives its target."""

    parts: Line
    target: str = ""


class OneLine(Widget):
    """A line made by `pieces(width)`; clicks on a piece with a target call `clicked`."""

    DEFAULT_CSS = "OneLine { height: 1; width: 1fr; }"

    def pieces(self, width: int) -> Sequence[Piece]:
        raise NotImplementedError

    def clicked(self, target: str) -> None:
        """A piece was clicked."""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        return paint(self, tuple(span for piece in self.pieces(width) for span in piece.parts), width)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        left = 0
        for piece in self.pieces(self.size.width):
            right = left + width_of(piece.parts)
            if left <= offset.x < right:
                if piece.target:
                    event.stop()
                    self.clicked(piece.target)
                return
            left = right


class Heading(OneLine):
    """A title over something that is no panel, such as a table."""

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._note: Line = ()

    def set_note(self, note: Line) -> None:
        """What stands at the right end."""
        if note != self._note:
            self._note = note
            self.refresh()

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.refresh()

    def pieces(self, width: int) -> Sequence[Piece]:
        return [Piece(heading(self._title, self._note, width))]


class Panel(Widget):
    """A heading with a rule, and lines under it. Lines that did not change are not painted again."""

    DEFAULT_CSS = "Panel { height: auto; width: 1fr; }"

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._title = title
        self._note: Line = ()
        self._make: MakeLines = lambda _width, _height: ()
        self._lines: Sequence[Line] = ()
        self._made_for: tuple[int, int] = (-1, -1)

    def show(self, make: MakeLines, *, note: Line = (), title: str | None = None) -> None:
        """New contents. `make` is called now, and again when the size changes."""
        self._make = make
        if title is not None and title != self._title:
            self._title = title
            self.refresh()
        if note != self._note:
            self._note = note
            self.refresh(self._line_region(0))
        before = self._lines
        self._lines = self._make(*self._made_for) if self._made_for[0] > 0 else ()
        if len(before) != len(self._lines) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        for index in range(max(len(before), len(self._lines))):
            old = before[index] if index < len(before) else None
            new = self._lines[index] if index < len(self._lines) else None
            if old != new:
                self.refresh(self._line_region(index + self._top))

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    @property
    def _top(self) -> int:
        return 1 if self._title else 0

    def _line_region(self, y: int) -> Region:
        return Region(0, y, self.size.width, 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._top + len(self._make(width, 0))

    def _fit(self) -> None:
        size = (self.size.width, max(0, self.size.height - self._top))
        if size != self._made_for:
            self._made_for = size
            self._lines = self._make(*size)

    def render_line(self, y: int) -> Strip:
        self._fit()
        width = self.size.width
        if self._title and y == 0:
            return paint(self, heading(self._title, self._note, width), width)
        index = y - self._top
        return paint(self, self._lines[index] if index < len(self._lines) else (), width)


def pairs(rows: Sequence[tuple[str, Line]], width: int, *, label: int | None = None) -> list[Line]:
    """Label and value, values beginning in one column; a value that is too long is cut by whoever paints."""
    size = label if label is not None else max((cells(word) for word, _ in rows), default=0)
    return [line(*fit(((word, MUTED),), size), "  ", value) for word, value in rows]


def figures(rows: Sequence[tuple[Line, Line, Line]], width: int) -> list[Line]:
    """Label, figure, remark: figures end in one column, labels take what is left, the remark stands behind."""
    figure = max((width_of(value) for _, value, _ in rows), default=0)
    remark = max((width_of(note) for _, _, note in rows), default=0)
    words = max((width_of(label) for label, _, _ in rows), default=0)
    if words + 2 + figure + (2 + remark if remark else 0) > width:
        remark = 0 if words + 2 + figure + 2 + remark > width + 8 else remark
    label_width = max(0, min(words + 4, width - figure - 2 - (2 + remark if remark else 0)))
    made = []
    for label, value, note in rows:
        tail = [("  ", PLAIN), *note] if note and remark else []
        made.append(line(*fit(label, label_width), "  ", *fit(value, figure, right=True), *tail))
    return made
