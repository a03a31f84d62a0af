"""Reading ListPayments: the head again and again, the history once, in the background.

It is a log with the newest first write on top; a row never moves, new ones come only on a fresh first page (server
facts 7.2). So after a gap the head is read until a page brings nothing new, and what lies below need not be read again.
"Nothing new" asks whether a *page* has shown the rows before: a row that is known from an event says nothing of rows
below it whose events were lost. A walk that breaks off leaves a debt: the next one goes on there as well.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Final

from ldk_tui.core.errors import BadAnswer, LdkError
from ldk_tui.core.model import PageToken
from ldk_tui.core.record import dataclass
from ldk_tui.node.timing import Clock, Timing
from ldk_tui.node.views import LoadProgress

PAGES_BY_ITSELF: Final = 2_000
"""200,000 payments. What is older is read when a person asks for it."""
PAGES_TO_SET_ASIDE: Final = 50
"""After so many pages their rows are set aside from the garbage collector: a look at 100,000 payments stops the screen
for a tenth of a second, again and again while they grow. They hold no cycles, so counting references frees them."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page that has been put into the store. `fresh`: some row of it had not been on a page before."""

    rows: int
    fresh: bool
    next_token: PageToken | None


Fetch = Callable[[PageToken | None], Awaitable[Fetched]]


class PaymentsLoader:
    """`changed` is called whenever `progress` has something new to say."""

    def __init__(self, timing: Timing, clock: Clock, changed: Callable[[], None]) -> None:
        self._timing = timing
        self._clock = clock
        self._changed = changed
        self._below: PageToken | None = None
        self._debts: list[PageToken] = []
        self._used: set[PageToken] = set()
        self._pages = 0
        self._allowed = PAGES_BY_ITSELF
        self._complete = False
        self._begun = False
        self._loading = False
        self._error: LdkError | None = None

    def progress(self, rows: int) -> LoadProgress:
        return LoadProgress(rows, self._pages, self._complete, self._loading, self._error)

    @property
    def wants_more(self) -> bool:
        """There is history to read, and leave to read it."""
        return self._begun and not self._complete and self._pages < self._allowed

    def allow_more(self) -> None:
        if self._pages >= self._allowed:
            self._allowed = self._pages + PAGES_BY_ITSELF
        self._error = None
        self._changed()

    async def head(self, fetch: Fetch) -> None:
        """Reads from the top until a page brings nothing new; the very first time, one page. Raises LdkError."""
        if not self._begun:
            page = await fetch(None)
            self._begun, self._pages, self._below = True, 1, page.next_token
            self._complete = not page.rows or page.next_token is None
            self._changed()
            return
        await self._walk(fetch, None)
        while self._debts:
            debt = self._debts.pop()
            await self._walk(fetch, debt)

    async def _walk(self, fetch: Fetch, token: PageToken | None) -> None:
        used: set[PageToken] = set()
        while True:
            try:
                page = await fetch(token)
                following = None if page.next_token is None else _unused(page.next_token, used)
            except BaseException:
                if token is not None:
                    self._debts.append(token)
                raise
            if not page.rows or following is None:
                self._complete, self._below = True, None
                self._changed()
                return
            if not page.fresh:
                return
            token = following

    async def history(self, fetch: Fetch) -> None:
        """Goes on below what was read, to the end or as far as allowed. Raises nothing: an error is in `progress`."""
        self._loading, self._error = True, None
        self._changed()
        try:
            while self.wants_more:
                page = await fetch(self._below)
                self._pages += 1
                if not page.rows or page.next_token is None:
                    self._complete, self._below = True, None
                else:
                    self._below = _unused(page.next_token, self._used)
                self._changed()
                if self._pages % PAGES_TO_SET_ASIDE == 0 and gc.isenabled():
                    gc.collect(1)
                    gc.freeze()
                await self._clock.sleep(self._timing.page_pause_s)
        except LdkError as error:
            self._error = error
        finally:
            self._loading = False
            self._changed()


def _unused(token: PageToken, used: set[PageToken]) -> PageToken:
    """A server that hands out a token twice would lead us round for ever."""
    if token in used:
        raise BadAnswer("The server gave the same page token twice.")
    used.add(token)
    return token
