"""Virtual time: a heap of callbacks that only moves when it is told to, or follows the event loop in live mode.

Everything that happens in a simulated world happens at a scheduled moment, so that a test can step through it and a
demo can let it run. Times are unix seconds (float).
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count


class Timer:
    """A scheduled callback. `cancel()` makes it do nothing."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Clock:
    """The time of one world. Callbacks of one moment run in the order in which they were scheduled."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._live: _Live | None = None

    @property
    def now(self) -> float:
        """Unix seconds of this moment. In live mode the last moment that was caught up with."""
        return self._now

    def time(self) -> float:
        """Unix seconds for a server's clock: in live mode this runs between the scheduled moments too."""
        return self._live.time() if self._live else self._now

    @property
    def live(self) -> bool:
        return self._live is not None

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` at `when`, or at the next step if that has passed."""
        timer = Timer(max(when, self._now), callback)
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))
        if self._live:
            self._live.wake.set()
        return timer

    def after(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return self.at(self._now + delay_s, callback)

    def next_due(self) -> float | None:
        """When the next callback is due, None when nothing is scheduled."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance_to(self, when: float) -> None:
        """Run everything that is due up to and including `when`, then stand at `when`. Never moves back."""
        while self._heap and self._heap[0][0] <= when:
            _, _, timer = heapq.heappop(self._heap)
            if timer.callback is not None:
                self._now = max(self._now, timer.when)
                callback, timer.callback = timer.callback, None
                callback()
        self._now = max(self._now, when)

    def advance(self, seconds: float) -> None:
        self.advance_to(self._now + seconds)

    def catch_up(self) -> None:
        """In live mode: run what real time has made due. Otherwise nothing: stepped time stands still."""
        if self._live:
            self.advance_to(self._live.time())

    async def follow(self, speed: float = 1.0) -> None:
        """Live mode until cancelled: this clock runs `speed` times as fast as the event loop's."""
        if self._live:
            raise RuntimeError("this world is live already")
        live = self._live = _Live(self._now, speed)
        try:
            while True:
                self.catch_up()
                live.wake.clear()
                due = self.next_due()
                pause = None if due is None else max(0.0, (due - live.time()) / speed)
                try:
                    await asyncio.wait_for(live.wake.wait(), pause)
                except TimeoutError:
                    continue
        finally:
            self.advance_to(live.time())
            self._live = None


class _Live:
    """How virtual time maps to the loop's time while a world is live."""

    def __init__(self, start: float, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._loop_start = self._loop.time()
        self.wake = asyncio.Event()

    def time(self) -> float:
        return self._start + (self._loop.time() - self._loop_start) * self._speed
