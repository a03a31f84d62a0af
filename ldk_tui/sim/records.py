"""The server's tables and how they are paged (server facts 7.1, 7.2).

A row's place is the second of its first write, newest first, then its id: an update never moves it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from typing import Generic, TypeVar

from ldk_tui.core.model import Page, PageToken

PAGE_ROWS = 100

R = TypeVar("R")


class Table(Generic[R]):
    """Rows by id, listed by first write descending, then id ascending."""

    def __init__(self) -> None:
        self._rows: dict[str, R] = {}
        self._keys: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._rows

    def get(self, row_id: str) -> R | None:
        return self._rows.get(row_id)

    def write(self, row_id: str, row: R, now: float) -> None:
        if row_id not in self._rows:
            insort(self._keys, (-int(now), row_id))
        self._rows[row_id] = row

    def load(self, rows: Iterable[tuple[float, str, R]]) -> None:
        """Many rows at once, with the time of their first write."""
        for when, row_id, row in rows:
            if row_id not in self._rows:
                self._keys.append((-int(when), row_id))
            self._rows[row_id] = row
        self._keys.sort()

    def page(self, token: PageToken | None) -> Page[R]:
        """100 rows after `token`. Only an empty page has no token; the token "" / 0 is behind everything."""
        start = 0 if token is None else bisect_right(self._keys, (-token.index, token.token))
        keys = self._keys[start : start + PAGE_ROWS]
        if not keys:
            return Page((), None)
        time, row_id = keys[-1]
        return Page(tuple(self._rows[each] for _, each in keys), PageToken(row_id, -time))
