"""Walking through pages. The end is an *empty* page: every page with a row has a token (server facts 7.2, run)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from ldk_tui.core.errors import BadAnswer
from ldk_tui.core.model import Page, PageToken

R = TypeVar("R")


async def pages(
    fetch: Callable[[PageToken | None], Awaitable[Page[R]]], start: PageToken | None = None
) -> AsyncIterator[Page[R]]:
    """Every page that has rows, newest first, one call each, the next one only when asked for.

    Tokens are opaque. A server that hands out a token twice would lead us round for ever: BadAnswer.
    """
    token, used = start, {start}
    while True:
        page = await fetch(token)
        if not page.rows:
            return
        yield page
        token = page.next_token
        if token is None:
            return
        if token in used:
            raise BadAnswer("The server gave the same page token twice.")
        used.add(token)


async def rows(
    fetch: Callable[[PageToken | None], Awaitable[Page[R]]], start: PageToken | None = None
) -> AsyncIterator[R]:
    """As `pages`, row by row."""
    async for page in pages(fetch, start):
        for row in page.rows:
            yield row
