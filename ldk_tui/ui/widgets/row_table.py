"""RowTable: a list of any length that repaints in a few milliseconds and never moves under the reader's eyes.

A stock DataTable repaints in 90 ms for one changed cell and opens 100,000 rows in half a minute; this one paints only
the lines in view and keeps them. Sorting and filtering are not done here: the view over the store gives the order.

* The cursor is on a *key*, not on a place: rows may come, go and change order, it stays on its row. When that row
  goes, the cursor takes the nearest one that is left.
* A refresh keeps the lines in view where they are (the cursor's row if it is in view, else the first line in view);
  only a table that stands at its top lets new rows come in above.
* Cells that changed are marked for two seconds, and their row with a dot.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ldk_tui.ui.commands import LIST, bindings
from ldk_tui.ui.line import EMPTY, Line, Span, cells, fit, plain, wrap
from ldk_tui.ui.theme import ACCENT, CHANGED, FAINT, MUTED, PLAIN, Tone
from ldk_tui.ui.widgets.columns import GAP, GUTTER, Column, Placed, lay_out

R = TypeVar("R")

MARK_SECONDS = 2.0
CURSOR_SIGN = "▸"
BLURRED_SIGN = "▹"
CHANGED_SIGN = "•"
_STRIPS = 1024
_SEARCH = 256


def _cursor_sign(kind: str) -> Span:
    if kind == "cursor":
        return CURSOR_SIGN, ACCENT
    return (BLURRED_SIGN, FAINT) if kind == "cursor-blurred" else (" ", PLAIN)


class _Painted(NamedTuple):
    """A row as last painted: `texts` are the cells' words by column id, `changed` the columns marked then."""

    row: object
    texts: dict[str, str]
    strip: Strip
    changed: frozenset[str]


class RowTable(ScrollView, Generic[R], can_focus=True, inherit_bindings=False):
    """A table of `rows`, each known by `key(row)`. See the module for its manners."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header",
        "row-table--cursor",
        "row-table--cursor-blurred",
    }
    DEFAULT_CSS = """
    RowTable {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        scrollbar-gutter: stable;
        background: $background;
    }
    RowTable > .row-table--header { color: $tone-heading; text-style: bold; }
    RowTable > .row-table--cursor { background: $tone-cursor; text-style: bold; }
    RowTable > .row-table--cursor-blurred { background: $tone-cursor-blurred; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(LIST))

    class Highlighted(Message):
        """The cursor came onto another row (by key, a click, or because its row went away). None: no rows."""

        def __init__(self, table: RowTable[Any], key: Hashable | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> RowTable[Any]:
            return self.table

    class Selected(Message):
        """Enter, or a second click on the row with the cursor."""

        def __init__(self, table: RowTable[Any], key: Hashable) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> RowTable[Any]:
            return self.table

    class SortRequested(Message):
        """A click on the title of a sortable column."""

        def __init__(self, table: RowTable[Any], column_id: str) -> None:
            super().__init__()
            self.table = table
            self.column_id = column_id

        @property
        def control(self) -> RowTable[Any]:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column[R]],
        *,
        key: Callable[[R], Hashable],
        empty: Sequence[Line] = (),
        row_tone: Callable[[R], Tone] | None = None,
        header: bool = True,
        follow: bool = False,
        lead: bool = False,
        mark_seconds: float = MARK_SECONDS,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`empty`: what to say when there is nothing, and which key makes one. `follow`: keep to the last row as rows
        come, until the person goes up. `lead`: keep to the first row until the person goes down (newest or most urgent
        first, where nothing is done to a row but reading it)."""
        super().__init__(id=id, classes=classes)
        self._columns: tuple[Column[R], ...] = tuple(columns)
        self._key = key
        self._rows: Sequence[R] = ()
        self._row_tone = row_tone
        self._header = 1 if header else 0
        self._empty: tuple[Line, ...] = tuple(empty)
        self._waiting: str | None = None
        self._follow = follow
        self._following = follow
        self._lead = lead
        self._leading = lead
        self._mark_seconds = mark_seconds
        self._cursor: int | None = None
        self._cursor_key: Hashable | None = None
        self._sorted_by: tuple[str, bool] | None = None
        self._placed: list[Placed[R]] = []
        self._placed_width = -1
        self._painted: LRUCache[tuple[Hashable, str], _Painted] = LRUCache(_STRIPS)
        self._styles_of: dict[tuple[Tone, str], RichStyle] = {}
        self._marks: dict[Hashable, tuple[frozenset[str], int]] = {}
        self._generation = 0
        self._page_before = 0

    # --- data -------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[R]:
        return self._rows

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row that has the cursor; None when there are no rows."""
        return None if self._cursor is None else self._cursor_key

    @property
    def cursor_index(self) -> int | None:
        return self._cursor

    @property
    def cursor_row(self) -> R | None:
        return None if self._cursor is None else self._rows[self._cursor]

    def set_rows(self, rows: Sequence[R], *, mark: bool = True) -> None:
        """Shows `rows` instead. The sequence is kept, not copied: give a tuple or a list that nobody changes.

        `mark` False: the changes are no news (another filter, another order, another unit).
        """
        before, had = self._rows, self._cursor_key
        at_top = round(self.scroll_y) == 0
        was_at = self._cursor
        first = self._first_in_view()
        anchor_key: Hashable | None = None
        anchor_line = 0
        if was_at is not None and self._in_view(was_at):
            anchor_key, anchor_line = self._cursor_key, was_at - first
        elif before and first < len(before):
            anchor_key = self._key(before[first])
        if mark and before and self.is_mounted and self._mark_seconds > 0:
            self._mark_changes(rows)
        self._rows = rows
        self._cursor = self._place_cursor(before, was_at)
        if self._cursor is not None:
            self._cursor_key = self._key(rows[self._cursor])
        self._resize()
        if self._following and rows:
            self._cursor = len(rows) - 1
            self._cursor_key = self._key(rows[-1])
            self._scroll_now(self.max_scroll_y)
        elif self._leading and rows:
            self._cursor = 0
            self._cursor_key = self._key(rows[0])
            self._scroll_now(0)
        elif at_top:
            if was_at is not None and anchor_key is not None and self._cursor is not None and self._page() > 0:
                self._show_cursor(only_if_was_visible=anchor_key == had)
        elif anchor_key is not None:
            self._keep_in_place(anchor_key, anchor_line, before, first)
        self._repaint(before, first, was_at)
        if self._cursor_key != had or (self._cursor is None) != (was_at is None):
            self.post_message(self.Highlighted(self, self.cursor_key))

    def _repaint(self, before: Sequence[R], first: int, was_at: int | None) -> None:
        """Only the lines that differ, when nothing scrolled: Textual's compositor is paid by the line."""
        if not before or not self._rows or self._first_in_view() != first:
            self.refresh()
            return
        for index in range(first, first + self._page()):
            old = before[index] if index < len(before) else None
            new = self._rows[index] if index < len(self._rows) else None
            same = old is new or (old is not None and new is not None and old == new)
            moved = was_at != self._cursor and index in (was_at, self._cursor)
            if not same or moved or (new is not None and self._key(new) in self._marks):
                self.refresh_line(index + self._header)

    def set_waiting(self, text: str | None) -> None:
        """What is shown instead of the empty text while rows are being loaded (our own words)."""
        if text != self._waiting:
            self._waiting = text
            self.refresh()

    def set_empty(self, lines: Sequence[Line]) -> None:
        """What is shown when there is nothing, such as that a filter hides all."""
        self._empty = tuple(lines)
        self.refresh()

    def set_columns(self, columns: Sequence[Column[R]]) -> None:
        self._columns = tuple(columns)
        self.invalidate()

    def set_sort(self, column_id: str | None, *, descending: bool = False) -> None:
        """Which title carries the arrow. The order itself is the view's business."""
        self._sorted_by = None if column_id is None else (column_id, descending)
        self.refresh()

    def invalidate(self) -> None:
        """Formatters would now say something else (another unit, another minute): paint all lines anew, unmarked."""
        self._painted.clear()
        self._placed_width = -1
        self.refresh()

    def move_to(self, key: Hashable) -> bool:
        """The cursor to the row with this key and the row into view; False when there is none."""
        index = self._find(self._rows, key, self._cursor or 0)
        if index is None:
            return False
        self._move(index)
        return True

    # --- cursor -----------------------------------------------------------------------------------------------------

    def _find(self, rows: Sequence[R], key: Hashable, hint: int) -> int | None:
        """From its old place outwards: a refresh seldom moves a row far."""
        low, high, count = hint, hint + 1, len(rows)
        while low >= 0 or high < count:
            for index in (low, high):
                if 0 <= index < count and self._key(rows[index]) == key:
                    return index
            low, high = low - 1, high + 1
        return None

    def _place_cursor(self, before: Sequence[R], was_at: int | None) -> int | None:
        rows = self._rows
        if not rows:
            return None
        if self._cursor_key is not None:
            found = self._find(rows, self._cursor_key, was_at or 0)
            if found is not None:
                return found
        if was_at is None:
            return 0
        survivor = self._nearest_survivor(before, was_at)
        return min(was_at, len(rows) - 1) if survivor is None else survivor

    def _nearest_survivor(self, before: Sequence[R], was_at: int) -> int | None:
        """The place of the nearest old row (downwards first) that is still there."""
        places = {self._key(row): index for index, row in enumerate(self._rows)}
        for index in (*range(was_at + 1, len(before)), *range(was_at - 1, -1, -1)):
            place = places.get(self._key(before[index]))
            if place is not None:
                return place
        return None

    def _move(self, index: int) -> None:
        if not self._rows:
            return
        index = max(0, min(len(self._rows) - 1, index))
        before = self._cursor
        self._cursor = index
        self._cursor_key = self._key(self._rows[index])
        self._following = self._follow and index == len(self._rows) - 1
        self._leading = self._lead and index == 0
        scrolled = self._show_cursor()
        if before != index:
            if not scrolled:
                for line in (before, index):
                    if line is not None:
                        self.refresh_line(line + self._header)
            self.post_message(self.Highlighted(self, self._cursor_key))

    def action_cursor_up(self) -> None:
        self._move((self._cursor or 0) - 1)

    def action_cursor_down(self) -> None:
        self._move((self._cursor if self._cursor is not None else -1) + 1)

    def action_page_up(self) -> None:
        self._move((self._cursor or 0) - max(1, self._page() - 1))

    def action_page_down(self) -> None:
        self._move((self._cursor or 0) + max(1, self._page() - 1))

    def action_cursor_home(self) -> None:
        self._move(0)

    def action_cursor_end(self) -> None:
        self._move(len(self._rows) - 1)

    def action_select_cursor(self) -> None:
        if self._cursor is not None and self._cursor_key is not None:
            self.post_message(self.Selected(self, self._cursor_key))

    # --- scrolling --------------------------------------------------------------------------------------------------

    def _page(self) -> int:
        return max(0, self.scrollable_content_region.height - self._header)

    def _first_in_view(self) -> int:
        return max(0, round(self.scroll_y))

    def _in_view(self, index: int) -> bool:
        return 0 <= index - self._first_in_view() < self._page()

    def _resize(self) -> None:
        size, before = Size(self.scrollable_content_region.width, len(self._rows) + self._header), self.virtual_size
        if size == before:
            return
        shown, height = self.show_vertical_scrollbar, self.container_size.height
        if shown and size.width == before.width and min(size.height, before.height) > height > 0:
            # Only the scrollbar's thumb changes; assigning would lay out the whole screen anew, ten times a second
            # while a long list is being read. (`_scroll_update` is private in Textual 8.2.8.)
            self.set_reactive(RowTable.virtual_size, size)
            self._scroll_update(size)
        else:
            self.virtual_size = size

    def _scroll_now(self, y: float) -> None:
        # the virtual size is new, the scroll range that Textual checks against is not: clamp here, set both
        target = max(0, min(round(y), len(self._rows) - self._page()))
        self.set_reactive(RowTable.scroll_target_y, float(target))
        self.scroll_y = float(target)

    def _show_cursor(self, *, only_if_was_visible: bool = True) -> bool:
        """Scrolls as little as brings the cursor into view; True when it did scroll."""
        page = self._page()
        if self._cursor is None or page <= 0 or not only_if_was_visible:
            return False
        first = self._first_in_view()
        if self._cursor < first:
            self._scroll_now(self._cursor)
        elif self._cursor >= first + page:
            self._scroll_now(self._cursor - page + 1)
        return first != self._first_in_view()

    def _keep_in_place(self, anchor: Hashable, line: int, before: Sequence[R], first: int) -> None:
        index = self._find(self._rows, anchor, first + line)
        if index is None:
            if anchor == self._cursor_key or (self._cursor is not None and line):
                index = self._cursor
            else:
                index = self._nearest_survivor(before, first + line)
        self._scroll_now(first if index is None else index - line)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._lead and round(new_value) > 0:
            self._leading = False
        if self._follow and self._rows:
            self._following = round(new_value) >= len(self._rows) - self._page()

    # --- marks ------------------------------------------------------------------------------------------------------

    def _mark_changes(self, rows: Sequence[R]) -> None:
        """Compares what is in view with what was last painted under the same key. A row from far away counts as new."""
        first, grown = self._first_in_view(), max(0, len(rows) - len(self._rows))
        known: set[Hashable] | None = None
        generation = self._generation + 1
        marked = False
        for row in rows[first : first + self._page() + 1]:
            key = self._key(row)
            painted = self._painted.get((key, "row")) or self._painted.get((key, "cursor"))
            if painted is None:
                if known is None:  # looked for only as far as rows that came above can have moved it
                    above = max(0, first - grown - _SEARCH)
                    known = {self._key(old) for old in self._rows[above : first + self._page() + _SEARCH]}
                if key not in known:
                    self._marks[key] = (frozenset(), generation)
                    marked = True
                continue
            if painted.row is row or painted.row == row:
                continue
            changed = frozenset(
                place.column.id
                for place in self._placed
                if place.column.delta
                and plain(place.column.cell(row, place.width)) != painted.texts.get(place.column.id)
            )
            if changed:
                self._marks[key] = (changed, generation)
                marked = True
        if marked:
            self._generation = generation
            self.set_timer(self._mark_seconds, lambda: self._clear_marks(generation))

    def _clear_marks(self, generation: int) -> None:
        old = [key for key, (_, marked) in self._marks.items() if marked <= generation]
        for key in old:
            del self._marks[key]
        if old:
            self.refresh()

    def clear_marks(self) -> None:
        """Takes all marks away now: for pictures, in which nothing depends on how long ago something changed."""
        self._clear_marks(self._generation)

    @property
    def marks(self) -> dict[Hashable, frozenset[str]]:
        """Keys of rows that just changed, each with its changed columns; none for a row that is new."""
        return {key: columns for key, (columns, _) in self._marks.items()}

    # --- painting ---------------------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles_of.clear()
        self._painted.clear()

    def on_resize(self, event: events.Resize) -> None:
        was_in_view = self._cursor is not None and 0 <= self._cursor - self._first_in_view() < self._page_before
        self._page_before = self._page()
        self._resize()
        if self._following:
            self._scroll_now(len(self._rows))
        else:
            self._show_cursor(only_if_was_visible=was_in_view)

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self.refresh()

    def _style(self, tone: Tone, kind: str) -> RichStyle:
        style = self._styles_of.get((tone, kind))
        if style is None:
            base = self.rich_style if kind == "row" else self.get_component_rich_style(f"row-table--{kind}")
            style = base + self.app.stylesheet.parse_style(tone).rich_style if tone else base
            self._styles_of[(tone, kind)] = style
        return style

    def _strip(self, spans: Sequence[Span], width: int, kind: str) -> Strip:
        used = sum(cells(text) for text, _ in spans)
        segments = [Segment(text, self._style(tone, kind)) for text, tone in spans if text]
        if used < width:
            segments.append(Segment(" " * (width - used), self._style(PLAIN, kind)))
        return Strip(segments, max(used, width)).crop(0, width) if used > width else Strip(segments, width)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if width != self._placed_width:
            self._placed_width = width
            self._placed = lay_out(self._columns, width)
            self._painted.clear()
        if self._header and y == 0:
            return self._header_strip(width)
        if not self._rows:
            return self._message_strip(y - self._header, width)
        index = y - self._header + self._first_in_view()
        if index >= len(self._rows):
            return self._strip((), width, "row")
        return self._row_strip(index, width)

    def _header_strip(self, width: int) -> Strip:
        spans: list[Span] = [(" " * GUTTER, PLAIN)]
        for position, place in enumerate(self._placed):
            if position:
                spans.append((" " * GAP, PLAIN))
            title = place.column.title
            if self._sorted_by is not None and self._sorted_by[0] == place.column.id:
                arrow = "▼" if self._sorted_by[1] else "▲"
                title = f"{title[: max(0, place.width - 1)]}{arrow}"
            spans.extend(fit(((title, PLAIN),), place.width, right=place.column.right))
        return self._strip(spans, width, "header")

    def _row_strip(self, index: int, width: int) -> Strip:
        row = self._rows[index]
        key = self._key(row)
        on_cursor = index == self._cursor
        kind = ("cursor" if self.has_focus else "cursor-blurred") if on_cursor else "row"
        mark = self._marks.get(key)
        changed = mark[0] if mark else frozenset()
        slot = (key, kind if not mark else f"{kind}*")
        painted = self._painted.get(slot)
        if painted is not None and painted.changed == changed and (painted.row is row or painted.row == row):
            return painted.strip
        tone = self._row_tone(row) if self._row_tone else PLAIN
        spans: list[Span] = [
            _cursor_sign(kind),
            (CHANGED_SIGN, ACCENT) if mark else (" ", PLAIN),
        ]
        texts: dict[str, str] = {}
        for position, place in enumerate(self._placed):
            if position:
                spans.append((" " * GAP, PLAIN))
            parts = place.column.cell(row, place.width)
            texts[place.column.id] = plain(parts)
            fitted = fit(parts, place.width, right=place.column.right)
            if place.column.id in changed:
                fitted = [
                    (text, f"{own or tone} {CHANGED}".strip()) if text.strip() else (text, own) for text, own in fitted
                ]
            elif tone:
                fitted = [(text, own or tone) for text, own in fitted]
            spans.extend(fitted)
        strip = self._strip(spans, width, kind)
        self._painted[slot] = _Painted(row, texts, strip, changed)
        return strip

    def _message_strip(self, y: int, width: int) -> Strip:
        """The empty (or waiting) text, in the upper third of the table, wrapped and indented."""
        said = (((self._waiting, MUTED),),) if self._waiting is not None else self._empty
        lines: list[Line] = [row for text in said for row in (wrap(text, width - 2 * GUTTER) if text else [EMPTY])]
        top = 1 if self._page() > len(lines) + 1 else 0
        if 0 <= y - top < len(lines):
            return self._strip([(" " * GUTTER, PLAIN), *lines[y - top]], width, "row")
        return self._strip((), width, "row")

    # --- mouse ------------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        if self._header and offset.y == 0:
            for place in self._placed:
                if place.left <= offset.x < place.left + place.width and place.column.sortable:
                    self.post_message(self.SortRequested(self, place.column.id))
            return
        index = offset.y - self._header + self._first_in_view()
        if 0 <= index < len(self._rows):
            if index == self._cursor and event.chain > 1:
                self.action_select_cursor()
            else:
                self._move(index)
