"""Columns of a `RowTable`: what they show, how wide they are, which give way first when the terminal is narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from ldk_tui.core.record import dataclass
from ldk_tui.ui.line import Line

R = TypeVar("R")

GUTTER = 2
"""Cells before the first column: the cursor sign and the mark of a row that just changed."""
GAP = 2
"""Cells between columns."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column.

    `cell(row, width)` gives the line to show; it is padded or cut to the width. `width` is exact when `flex` is 0, else
    the least; what is left over goes to flexible columns by their `flex`, up to `most`. `drop` 0 stays always; among
    the others the highest number goes first. `delta` False: a change of this cell is no news (ages).
    Untrusted text belongs into the last column, so that a disagreement on its width cannot shift a number.
    """

    id: str
    title: str
    cell: Callable[[R, int], Line]
    width: int
    flex: int = 0
    most: int | None = None
    right: bool = False
    drop: int = 0
    sortable: bool = True
    delta: bool = True


class Placed(NamedTuple, Generic[R]):
    """A column with its place: `left` counts from the table's left edge."""

    column: Column[R]
    left: int
    width: int


def lay_out(columns: Sequence[Column[R]], width: int) -> list[Placed[R]]:
    """The columns that fit into `width` cells, with their places; never wider than that, never none if one can show."""
    room = width - GUTTER
    kept = list(columns)

    def needed() -> int:
        return sum(column.width for column in kept) + GAP * max(0, len(kept) - 1)

    while needed() > room and (droppable := [column for column in kept if column.drop]):
        kept.remove(max(droppable, key=lambda column: column.drop))
    sizes = {column.id: column.width for column in kept}
    spare = room - needed()
    growing = [column for column in kept if column.flex]
    while spare > 0 and growing:
        total = sum(column.flex for column in growing)
        given = 0
        for column in list(growing):
            share = max(1, spare * column.flex // total)
            limit = (column.most - sizes[column.id]) if column.most is not None else share
            part = min(share, limit, spare - given)
            sizes[column.id] += part
            given += part
            if part >= limit and column.most is not None:
                growing.remove(column)
            if given >= spare:
                break
        spare -= given
    placed: list[Placed[R]] = []
    left = GUTTER
    for column in kept:
        size = min(sizes[column.id], max(0, width - left))
        if size <= 0:
            break
        placed.append(Placed(column, left, size))
        left += size + GAP
    return placed
