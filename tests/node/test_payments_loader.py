"""Reading the log of payments: to what is known, past what only events told, on where it broke off."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ldk_tui.core.errors import BadAnswer, LdkError, ServerTrouble
from ldk_tui.core.model import PageToken
from ldk_tui.node.payments_loader import Fetched, PaymentsLoader
from ldk_tui.node.timing import Clock, Timing, retry_delay


class Log:
    """Pages of two numbers, newest first; `listed` is what a page has shown."""

    def __init__(self, count: int) -> None:
        self.rows = list(range(count, 0, -1))
        self.listed: set[int] = set()
        self.fetched: list[str | None] = []
        self.trouble_at: str | None = None
        self.loop = False

    async def fetch(self, token: PageToken | None) -> Fetched:
        at = None if token is None else token.token
        self.fetched.append(at)
        if at is not None and at == self.trouble_at:
            raise ServerTrouble("no")
        start = 0 if at is None else self.rows.index(int(at)) + 1
        page = self.rows[start : start + 2]
        fresh = any(row not in self.listed for row in page)
        self.listed.update(page)
        following = PageToken(str(page[-1])) if page else None
        if self.loop and page:
            following = PageToken("3")
        return Fetched(len(page), fresh, following)


async def _at_once(_seconds: float) -> None:
    return None


@pytest.fixture
def loader() -> PaymentsLoader:
    return PaymentsLoader(Timing(), Clock(lambda: 0.0, lambda: 0.0, _at_once), lambda: None)


async def test_the_first_head_is_one_page_the_history_is_the_rest(loader: PaymentsLoader) -> None:
    log = Log(7)
    await loader.head(log.fetch)
    assert log.fetched == [None]
    assert loader.wants_more
    await loader.history(log.fetch)
    assert log.listed == set(range(1, 8))
    progress = loader.progress(7)
    assert progress.complete
    assert not progress.loading
    assert not loader.wants_more


async def test_an_empty_log_is_complete_at_once(loader: PaymentsLoader) -> None:
    await loader.head(Log(0).fetch)
    assert loader.progress(0).complete


async def test_after_a_gap_the_head_is_read_down_to_what_pages_have_shown(loader: PaymentsLoader) -> None:
    log = Log(6)
    await loader.head(log.fetch)
    await loader.history(log.fetch)
    log.rows = [11, 10, 9, 8, 7, *log.rows]
    log.fetched.clear()
    await loader.head(log.fetch)
    assert log.listed == set(range(1, 12))
    assert log.fetched == [None, "10", "8", "6"], "the page with 7 and 6 had news, the one below had none"


async def test_a_walk_that_broke_off_is_finished_by_the_next(loader: PaymentsLoader) -> None:
    """The rows above the break are known then, so the top alone would say that nothing is new."""
    log = Log(4)
    await loader.head(log.fetch)
    await loader.history(log.fetch)
    log.rows = [10, 9, 8, 7, 6, 5, *log.rows]
    log.trouble_at = "7"
    with pytest.raises(LdkError):
        await loader.head(log.fetch)
    assert 5 not in log.listed
    log.trouble_at = None
    await loader.head(log.fetch)
    assert log.listed == set(range(1, 11))


async def test_trouble_in_the_history_is_told_and_the_rest_waits(loader: PaymentsLoader) -> None:
    log = Log(7)
    await loader.head(log.fetch)
    log.trouble_at = "4"
    await loader.history(log.fetch)
    assert isinstance(loader.progress(4).error, ServerTrouble)
    assert loader.wants_more
    log.trouble_at = None
    loader.allow_more()
    await loader.history(log.fetch)
    assert loader.progress(7).complete
    assert log.listed == set(range(1, 8))


async def test_a_token_given_twice_does_not_lead_round_for_ever(loader: PaymentsLoader) -> None:
    log = Log(8)
    await loader.head(log.fetch)
    log.loop = True
    await loader.history(log.fetch)
    assert isinstance(loader.progress(0).error, BadAnswer)
    assert len(log.fetched) < 6


@pytest.mark.parametrize("uniform", [lambda low, high: low, lambda low, high: high, lambda low, high: (low + high) / 2])
def test_back_off_grows_and_stays_in_its_bounds(uniform: Callable[[float, float], float]) -> None:
    delays = [retry_delay(attempt, Timing(), uniform) for attempt in range(100)]
    assert all(0.5 <= delay <= 15 for delay in delays)
    assert delays == sorted(delays)
    highest = [retry_delay(attempt, Timing(), lambda low, high: high) for attempt in range(6)]
    assert highest == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
