"""RowTable with 100,000 rows against Textual's DataTable: time to show, one changed row, key down, memory.

DataTable gets 1,000 rows only: it needs half a minute for 100,000, and what it takes for one change does not depend on
how many there are.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import tracemalloc
from dataclasses import dataclass, replace

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from ldk_tui.ui.line import line
from ldk_tui.ui.theme import DEFAULTS, MUTED, OK
from ldk_tui.ui.widgets.columns import Column
from ldk_tui.ui.widgets.row_table import RowTable

MANY = 100_000
FEW = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    key: int
    amount: int
    name: str


COLUMNS: list[Column[Row]] = [
    Column("key", "Key", lambda row, _: line(str(row.key)), 8, right=True),
    *(
        Column(f"c{place}", f"C{place}", lambda row, _: line((f"{row.amount:,}", OK)), 12, right=True)
        for place in range(5)
    ),
    Column("state", "State", lambda row, _: line(("ok", MUTED)), 6),
    Column("name", "Name", lambda row, _: line(row.name), 10, flex=1),
]


def _rows(count: int) -> list[Row]:
    return [Row(key, key * 7919 % 1_000_000, f"peer-{key % 97}") for key in range(count)]


class _Ours(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def compose(self) -> ComposeResult:
        yield RowTable(COLUMNS, key=lambda row: row.key, mark_seconds=0)


class _Stock(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")


async def _painted(app: App[None]) -> None:
    """Until the loop has nothing more to do for this app, and the screen was painted."""
    done = asyncio.Event()
    app.screen.call_after_refresh(done.set)
    await done.wait()


async def _ours(count: int, repeats: int) -> tuple[float, float, float, float]:
    rows = _rows(count)
    app = _Ours()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        table = app.query_one(RowTable)
        tracemalloc.start()
        start = time.perf_counter()
        table.set_rows(rows)
        await _painted(app)
        shown = time.perf_counter() - start
        memory = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        changes, keys = [], []
        for turn in range(repeats):
            rows = list(rows)
            rows[turn % 30] = replace(rows[turn % 30], amount=rows[turn % 30].amount + 1)
            start = time.process_time()
            table.set_rows(rows)
            await _painted(app)
            changes.append(time.process_time() - start)
            start = time.process_time()
            table.action_cursor_down()
            await _painted(app)
            keys.append(time.process_time() - start)
        return shown, statistics.median(changes), statistics.median(keys), memory


async def _stock(count: int, repeats: int) -> tuple[float, float]:
    rows = _rows(count)
    app = _Stock()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        table = app.query_one(DataTable)
        names = [table.add_column(column.title) for column in COLUMNS]
        start = time.perf_counter()
        table.add_rows([[str(row.key), *[f"{row.amount:,}"] * 5, "ok", row.name] for row in rows])
        await _painted(app)
        await _painted(app)
        shown = time.perf_counter() - start
        keys = list(table.rows)
        changes = []
        for turn in range(repeats):
            start = time.process_time()
            table.update_cell(keys[turn % 30], names[2], f"{turn:,}")
            await _painted(app)
            changes.append(time.process_time() - start)
        return shown, statistics.median(changes)


def main(repeats: int = 30) -> list[str]:
    """The lines to print."""
    shown, change, key, memory = asyncio.run(_ours(MANY, repeats))
    stock_shown, stock_change = asyncio.run(_stock(FEW, repeats))
    return [
        f"{MANY:,} rows shown in {shown * 1000:.0f} ms (DataTable: {FEW:,} rows in {stock_shown * 1000:.0f} ms)",
        f"one changed row: {change * 1000:.1f} ms CPU, DataTable {stock_change * 1000:.1f} ms"
        f" = {change / stock_change:.2f}; key down {key * 1000:.1f} ms CPU; the widget's own memory {memory:.1f} MB",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
