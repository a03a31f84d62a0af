"""When the feed does what, and the clock that it goes by: both given from outside, so that tests step through time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from ldk_tui.core.record import dataclass

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, with the reasons in server facts 8 and safety 5.4, 5.5.

    `flush_s`: how often batches reach the store and the screen.
    Back-off: uniform between `retry_min_s` and a bound that doubles up to `retry_max_s`; it starts anew only after
    `settled_s` of being live. `slow_retry_s`: after an answer that trying again will hardly change (wrong key).
    Heartbeat: two misses in a row end the connections; after the first the second is tried `second_beat_s` later.
    `jump_s`: a step of either clock beyond this is a sleep of the machine.
    `poll_s`: the cheap re-read, `held_poll_s` while a payment is held, `polling_only_s` without an event stream,
    `after_event_s` after events (the server tells before it writes), at most every `event_spacing_s`.
    `resync_s`: everything; `resync_retry_s` after one that did not work.
    """

    flush_s: float = 0.1
    retry_min_s: float = 0.5
    retry_max_s: float = 15.0
    slow_retry_s: float = 60.0
    settled_s: float = 30.0
    tick_s: float = 1.0
    heartbeat_s: float = 25.0
    heartbeat_deadline_s: float = 5.0
    heartbeat_misses: int = 2
    second_beat_s: float = 1.0
    jump_s: float = 10.0
    poll_s: float = 60.0
    held_poll_s: float = 10.0
    polling_only_s: float = 5.0
    after_event_s: float = 0.5
    event_spacing_s: float = 2.0
    resync_s: float = 600.0
    resync_retry_s: float = 5.0
    page_pause_s: float = 0.01
    lookup_s: float = 60.0
    lookup_max_s: float = 3_600.0
    alias_s: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """`now`: unix seconds. `monotonic`: seconds that never go back. `uniform(low, high)`: for the jitter."""

    now: Callable[[], float]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    async def within(self, seconds: float, work: Coroutine[Any, Any, R]) -> R:
        """The result of `work`. Raises TimeoutError when it takes longer; then, and when cancelled, `work` is ended."""
        task = asyncio.ensure_future(work)
        timer = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise TimeoutError
        finally:
            for each in (task, timer):
                each.cancel()
            await asyncio.gather(task, timer, return_exceptions=True)


def retry_delay(attempt: int, timing: Timing, uniform: Callable[[float, float], float]) -> float:
    """Seconds before attempt number `attempt` (0 = the first after a loss): full jitter below a doubling bound."""
    bound = min(timing.retry_max_s, timing.retry_min_s * 2 ** min(attempt + 1, 30))
    return uniform(timing.retry_min_s, max(timing.retry_min_s, bound))
