"""A terminal that only notes when something is painted on it, and the program drawn on it.

`Paper` stands where a real driver writes to the terminal: the compositor's update has been rendered to the control
sequences that a terminal would get, so their making is in the time, and the terminal's own drawing is not. A key goes
in where a driver's input thread puts it. Key to paint is the time from there to the first write that shows what the key
changed (each measurement says how it knows that).
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"})

from textual import events
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

LIMIT_S = 60.0


class Paper(HeadlessDriver):
    """One at a time: `Paper.current`."""

    current: Paper

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._waiting: tuple[Callable[[str], bool], asyncio.Future[float]] | None = None
        Paper.current = self

    @property
    def is_headless(self) -> bool:
        return False  # else Textual makes no control sequences

    def write(self, data: str) -> None:
        if self._waiting is not None and self._waiting[0](data):
            self._waiting[1].set_result(time.perf_counter())
            self._waiting = None

    async def painted(self, shows: Callable[[str], bool]) -> float:
        """The moment (`perf_counter`) of the first write for which `shows(data)` holds."""
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting = (shows, done)
        async with asyncio.timeout(LIMIT_S):
            return await done

    async def key_to_paint(self, key: str, shows: Callable[[str], bool]) -> float:
        """Seconds from a key to the write that shows its effect."""
        character = key if len(key) == 1 else None
        start = time.perf_counter()
        self.process_message(events.Key(key, character))
        return await self.painted(shows) - start


async def until(holds: Callable[[], bool], *, pause_s: float = 0.005) -> float:
    """Waits for a state; the moment (`perf_counter`) at which it was seen."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(pause_s)
    return time.perf_counter()


def p50_p95(seconds: list[float]) -> str:
    """`12.3 / 45.6 ms`."""
    if len(seconds) < 2:
        return f"{seconds} s"
    twentieths = statistics.quantiles(seconds, n=20, method="inclusive")
    return f"{twentieths[9] * 1000:.0f} / {twentieths[18] * 1000:.0f} ms"


def resident_mb() -> float:
    """This process's memory now, in MB (Linux; elsewhere its peak)."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        import resource

        return (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 * (1 if os.uname().sysname == "Darwin" else 1024)
        )
