"""RowTable: the cursor stays on its key, the lines in view stay where they are, no line is wider than the table."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from ldk_tui.ui.line import Line, fit, line, plain, width_of, wrap
from ldk_tui.ui.theme import DARK, DEFAULTS, MUTED, OK
from ldk_tui.ui.widgets.columns import Column, lay_out
from ldk_tui.ui.widgets.row_table import RowTable


@dataclass(frozen=True)
class Row:
    key: int
    name: str = "peer"
    amount: int = 0


def columns() -> list[Column[Row]]:
    return [
        Column("key", "Key", lambda row, _: line(str(row.key)), 6, right=True),
        Column("amount", "Amount", lambda row, _: line((f"{row.amount:,}", OK)), 12, right=True),
        Column(
            "bar", "Bar", lambda row, width: line(("█" * width, MUTED)), 10, flex=1, most=24, drop=2, sortable=False
        ),
        Column("age", "Age", lambda row, _: line("4 m"), 5, drop=1, delta=False),
        Column("name", "Name", lambda row, _: line(row.name), 8, flex=3),
    ]


class Stage(App[None]):
    """One table, and what it said."""

    def __init__(self, table: RowTable[Row]) -> None:
        super().__init__()
        self.table = table
        self.said: list[Any] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.theme = DARK.name
        self.table.focus()

    def on_row_table_highlighted(self, message: RowTable.Highlighted) -> None:
        self.said.append(("highlighted", message.key))

    def on_row_table_selected(self, message: RowTable.Selected) -> None:
        self.said.append(("selected", message.key))

    def on_row_table_sort_requested(self, message: RowTable.SortRequested) -> None:
        self.said.append(("sort", message.column_id))


def table_of(rows: Sequence[Row], **options: Any) -> RowTable[Row]:
    table: RowTable[Row] = RowTable(columns(), key=lambda row: row.key, **options)
    table.set_rows(rows)
    return table


def shown(table: RowTable[Row]) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


def at(table: RowTable[Row]) -> object:
    return table.cursor_key


def shown_keys(table: RowTable[Row]) -> list[int]:
    return [int(text[2:8]) for text in shown(table)[1:] if text[2:8].strip()]


# --- the cursor ------------------------------------------------------------------------------------------------------

KEYS = st.lists(st.integers(0, 40), unique=True, max_size=40)


@given(steps=st.lists(KEYS, min_size=1, max_size=8), start=st.integers(0, 39))
def test_cursor_stays_on_its_key(steps: list[list[int]], start: int) -> None:
    """Any permutation, insert and delete: the key survives while its row does, else the nearest row takes over."""
    table = table_of([Row(key) for key in range(41)])
    table.move_to(start)
    for keys in steps:
        before = [row.key for row in table.rows]
        had = table.cursor_key
        was_at = table.cursor_index
        table.set_rows([Row(key) for key in keys])
        if not keys:
            assert table.cursor_key is None
            continue
        assert table.cursor_index is not None
        assert table.rows[table.cursor_index].key == table.cursor_key
        if had is not None and had in keys:
            assert table.cursor_key == had
        elif had is not None and was_at is not None:
            survivors = [key for key in (*before[was_at + 1 :], *reversed(before[:was_at])) if key in keys]
            if survivors:
                assert table.cursor_key == survivors[0]


def test_cursor_comes_back_when_a_filter_goes() -> None:
    table = table_of([Row(key) for key in range(10)])
    table.move_to(7)
    table.set_rows([])
    assert table.cursor_key is None
    table.set_rows([Row(key) for key in range(10)])
    assert at(table) == 7


@dataclass(frozen=True)
class Change:
    insert_at: float
    insert: tuple[int, ...]
    delete: float


CHANGES = st.lists(
    st.builds(
        Change,
        st.floats(0, 1),
        st.lists(st.integers(1000, 9999), unique=True, max_size=5).map(tuple),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15, deadline=None)
@given(changes=CHANGES, start=st.integers(0, 199), wheel=st.integers(-60, 60))
def test_lines_in_view_do_not_move(changes: list[Change], start: int, wheel: int) -> None:
    """After any insert and delete the anchor (cursor in view, else first line) is on the same line of the terminal."""

    async def run() -> None:
        rows = [Row(key) for key in range(200)]
        app = Stage(table_of(rows))
        async with app.run_test(size=(60, 20)) as pilot:
            table = app.table
            table.move_to(start)
            await pilot.pause()
            table.scroll_relative(y=wheel, animate=False, immediate=True)
            await pilot.pause()
            current = list(rows)
            for change in changes:
                view = shown_keys(table)
                cursor = table.cursor_key
                top = round(table.scroll_y)
                anchor = cursor if cursor in view else view[0]
                at = view.index(anchor)
                place = int(change.insert_at * len(current))
                fresh = [Row(key) for key in change.insert if key not in {row.key for row in current}]
                current[place:place] = fresh
                victim = current[int(change.delete * (len(current) - 1))]
                if victim.key != anchor:
                    current = [row for row in current if row is not victim]
                table.set_rows(list(current))
                await pilot.pause()
                now = shown_keys(table)
                assert anchor in now or top == 0
                if cursor in view:
                    assert cursor in now
                    assert table.cursor_key == cursor
                limit = len(current) - 19
                if top and 0 < round(table.scroll_y) < limit:
                    assert now.index(anchor) == at
                elif not top and cursor not in view:
                    assert round(table.scroll_y) == 0

    asyncio.run(run())


async def test_keys_move_and_speak() -> None:
    app = Stage(table_of([Row(key) for key in range(100)]))
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.table
        table.action_cursor_down()
        table.action_page_down()
        assert at(table) == 11
        table.action_cursor_end()
        assert at(table) == 99
        await pilot.pause()
        assert shown_keys(table)[-1] == 99
        table.action_cursor_down()
        assert at(table) == 99
        table.action_cursor_home()
        table.action_select_cursor()
        await pilot.pause()
        assert shown_keys(table)[0] == 0
        assert [what for what in app.said if what[0] == "selected"] == [("selected", 0)]
        assert app.said[-2:] == [("highlighted", 0), ("selected", 0)]


async def test_mouse() -> None:
    app = Stage(table_of([Row(key) for key in range(100)]))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.click(RowTable, offset=(10, 5))
        assert at(app.table) == 4
        await pilot.click(RowTable, offset=(10, 0))
        await pilot.pause()
        assert ("sort", "amount") in app.said
        await pilot.click(RowTable, offset=(30, 0))  # the bar has no order
        await pilot.pause()
        assert [what for what in app.said if what[0] == "sort"] == [("sort", "amount")]
        await pilot.click(RowTable, offset=(10, 5), times=2)
        await pilot.pause()
        assert app.said[-1] == ("selected", 4)
        app.table.scroll_relative(y=20, animate=False, immediate=True)
        await pilot.pause()
        await pilot.click(RowTable, offset=(10, 1))
        assert at(app.table) == 20


async def test_follow_keeps_to_the_end_until_the_reader_goes_up() -> None:
    app = Stage(table_of([Row(key) for key in range(50)], follow=True))
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.table
        await pilot.pause()
        table.set_rows([Row(key) for key in range(60)])
        await pilot.pause()
        assert at(table) == 59
        assert shown_keys(table)[-1] == 59
        table.action_cursor_up()
        table.set_rows([Row(key) for key in range(80)])
        await pilot.pause()
        assert at(table) == 58
        assert 58 in shown_keys(table)
        table.action_cursor_end()
        table.set_rows([Row(key) for key in range(90)])
        await pilot.pause()
        assert at(table) == 89


async def test_lead_keeps_to_the_first_row_until_the_reader_goes_down() -> None:
    app = Stage(table_of([Row(key) for key in range(50, 100)], lead=True))
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.table
        for first in (49, 40, 20):
            table.set_rows([Row(key) for key in range(first, 100)])
            await pilot.pause()
            assert at(table) == shown_keys(table)[0] == first
        table.action_cursor_down()
        table.set_rows([Row(key) for key in range(100)])
        await pilot.pause()
        assert at(table) == 21
        assert 21 in shown_keys(table)
        table.action_cursor_home()
        table.set_rows([Row(key) for key in range(-5, 100)])
        await pilot.pause()
        assert at(table) == -5
        table.scroll_relative(y=6, animate=False, immediate=True)
        await pilot.pause()
        view = shown_keys(table)
        table.set_rows([Row(key) for key in range(-9, 100)])
        await pilot.pause()
        assert shown_keys(table) == view


async def test_changed_cells_are_marked_and_the_mark_goes() -> None:
    app = Stage(table_of([Row(1, amount=5), Row(2)], mark_seconds=0.05))
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.table
        await pilot.pause()
        table.set_rows([Row(1, amount=6), Row(2), Row(3)])
        assert table.marks == {1: frozenset({"amount"}), 3: frozenset()}
        assert "•" in table.render_line(1).text[:2]
        assert any(segment.style and segment.style.underline for segment in table.render_line(1))
        assert "•" not in table.render_line(2).text
        for _ in range(200):
            if not table.marks:
                break
            await pilot.pause(0.01)
        assert table.marks == {}
        assert "•" not in table.render_line(1).text


async def test_another_unit_is_no_news() -> None:
    app = Stage(table_of([Row(1, amount=5)]))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        app.table.set_rows([Row(1, amount=6)], mark=False)
        assert app.table.marks == {}
        assert "6" in app.table.render_line(1).text


async def test_unchanged_rows_are_not_formatted_again() -> None:
    calls = 0

    def count(row: Row, _: int) -> Line:
        nonlocal calls
        calls += 1
        return line(str(row.key))

    table: RowTable[Row] = RowTable([Column("key", "Key", count, 8)], key=lambda row: row.key)
    rows = [Row(key) for key in range(1000)]
    table.set_rows(rows)
    app = Stage(table)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        shown(table)
        before = calls
        table.set_rows([replace(row) for row in rows])
        shown(table)
        assert calls == before
        changed = list(rows)
        changed[3] = Row(3, amount=9)
        table.set_rows(changed, mark=False)
        shown(table)
        assert calls == before + 1


async def test_says_what_would_be_there() -> None:
    app = Stage(table_of([], empty=[line("No channels yet."), line("Press ", ("O", "bold"), " to open one.")]))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert "No channels yet." in "\n".join(shown(app.table))
        app.table.set_waiting("Loading…")
        assert "Loading…" in "\n".join(shown(app.table))
        assert "No channels" not in "\n".join(shown(app.table))
        app.table.action_cursor_down()
        app.table.action_select_cursor()
        await pilot.pause()
        assert app.said == []


async def test_only_changed_lines_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what stands on the screen afterwards is what a full repaint would give."""
    rows = [Row(key) for key in range(100)]
    app = Stage(table_of(rows, mark_seconds=0))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        table = app.table
        painted: list[int] = []
        real = table.render_line
        monkeypatch.setattr(table, "render_line", lambda y: painted.append(y) or real(y))  # type: ignore[func-returns-value]
        rows = [replace(row) for row in rows]
        rows[3] = Row(3, amount=77)
        table.set_rows(rows)
        await pilot.pause()
        assert painted == [4]
        table.set_rows([rows[1], rows[0], *rows[2:]])  # the cursor goes along with its row
        await pilot.pause()
        assert painted == [4, 1, 2]
        inner = table.scrollable_content_region.width
        shown_now = [strip.text[:inner] for strip in app.screen._compositor.render_strips()]
        assert shown(table) == shown_now


# --- widths ----------------------------------------------------------------------------------------------------------

WIDE = ["日本語チャンネル", "bob", "é" * 30, "🍕🍕🍕🍕🍕🍕", "x" * 200, ""]


@pytest.mark.parametrize("width", [40, 80, 120])
async def test_every_line_is_as_wide_as_the_table(width: int) -> None:
    rows = [Row(key, name, 10**key) for key, name in enumerate(WIDE)]
    app = Stage(table_of(rows))
    async with app.run_test(size=(width, 12)) as pilot:
        await pilot.pause()
        table = app.table
        inner = table.scrollable_content_region.width
        for y in range(12):
            strip = table.render_line(y)
            assert strip.cell_length == inner
            assert cell_len(strip.text) == inner
        header = shown(table)[0]
        assert ("Bar" in header) == (width > 40)
        assert "Key" in header
        assert "Name" in header
        amounts = [text.index(f"{10**key:,}") + len(f"{10**key:,}") for key, text in enumerate(shown(table)[1:7])]
        assert len(set(amounts)) == 1, "amounts are aligned at their last digit"


SIZES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3), st.integers(0, 4)), max_size=9)


@given(width=st.integers(0, 200), sizes=SIZES)
def test_layout_never_overflows(width: int, sizes: list[tuple[int, int, int]]) -> None:
    made: list[Column[Row]] = [
        Column(str(place), "T", lambda row, _: (), least, flex=flex, drop=drop)
        for place, (least, flex, drop) in enumerate(sizes)
    ]
    placed = lay_out(made, width)
    for first, second in pairwise(placed):
        assert first.left + first.width + 2 == second.left
    if placed:
        assert placed[-1].left + placed[-1].width <= max(width, 2)
    gone = {column.drop for column in made if column not in [place.column for place in placed] and column.drop}
    stays = {place.column.drop for place in placed if place.column.drop}
    assert not gone or not stays or min(gone) >= max(stays)


TEXT = st.text(st.characters(blacklist_categories=["C", "M", "Zl", "Zp"]), max_size=30)


@given(words=st.lists(TEXT, max_size=4), width=st.integers(0, 40), right=st.booleans())
def test_fit_is_exact(words: list[str], width: int, right: bool) -> None:
    parts = line(*words)
    fitted = tuple(fit(parts, width, right=right))
    assert width_of(fitted) == width
    if width_of(parts) <= width:
        assert plain(parts) in plain(fitted)


def test_line_ends_break_or_become_spaces() -> None:
    """A note of several lines: a window shows its lines, a table has one."""
    note = line("a note: ", ("one\ntwo", MUTED), " end")
    assert [plain(row) for row in wrap(note, 20)] == ["a note: one", "two end"]
    assert plain(tuple(fit(note, 20))) == "a note: one two end "


@given(words=st.lists(TEXT, max_size=4), width=st.integers(2, 40))
def test_wrap_loses_no_letter(words: list[str], width: int) -> None:
    rows = wrap(line(*words), width)
    assert all(width_of(row) <= width for row in rows)
    assert "".join(plain(row) for row in rows).replace(" ", "") == "".join(words).replace(" ", "")


async def test_a_list_that_grows_below_its_view_lays_out_nothing_and_can_be_scrolled_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything = [Row(key) for key in range(1_000)]
    app = Stage(table_of(everything[:100]))
    async with app.run_test(size=(60, 12)) as pilot:
        table = app.table
        await pilot.pause()
        laid_out: list[object] = []
        layout = app.screen._refresh_layout

        def refresh_layout(*arguments: Any, **options: Any) -> None:
            laid_out.append(arguments)
            layout(*arguments, **options)

        monkeypatch.setattr(app.screen, "_refresh_layout", refresh_layout)
        for count in range(200, 1_001, 100):
            table.set_rows(everything[:count])
            await pilot.pause()
        assert laid_out == []
        assert table.virtual_size.height == 1_001
        assert table.vertical_scrollbar.window_virtual_size == 1_001
        table.action_cursor_end()
        await pilot.pause()
        assert table.max_scroll_y == table.scroll_y == 1_001 - table.container_size.height
        table.set_rows(everything[:3])  # and back to fewer than fill the view: that is a layout
        await pilot.pause()
        assert not table.show_vertical_scrollbar


async def test_rows_that_come_above_are_marked_and_those_that_were_there_are_not() -> None:
    old = [Row(key) for key in range(1_000, 2_000)]
    app = Stage(table_of(old, mark_seconds=60))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        fresh = [Row(key) for key in range(5)]
        app.table.set_rows([*fresh, *old])
        await pilot.pause()
        assert set(app.table.marks) == {0, 1, 2, 3, 4}
        app.table.move_to(1_500)
        await pilot.pause()
        app.table._clear_marks(10)
        app.table._painted.clear()  # nothing of what is in view is remembered: was it there before?
        app.table.set_rows([*(Row(key) for key in range(10, 210)), *fresh, *old])
        await pilot.pause()
        assert app.table.marks == {}
        assert app.table.cursor_key == 1_500
