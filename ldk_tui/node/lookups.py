"""When to ask for something again: ids and names whose answer may change, each with its own growing pause."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Lookups(Generic[K]):
    """Which of many keys are due. A key that was asked in vain waits twice as long each time, up to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._due: dict[K, float] = {}
        self._pause: dict[K, float] = {}

    def due(self, wanted: Iterable[K], now_s: float, *, limit: int, everything: bool = False) -> list[K]:
        """The keys to ask now, longest due first. Keys no longer wanted are forgotten; new ones are due at once."""
        wanted = dict.fromkeys(wanted)
        for key in [each for each in self._due if each not in wanted]:
            del self._due[key]
            self._pause.pop(key, None)
        for key in wanted:
            self._due.setdefault(key, 0.0)
        ready = [
            (at_s, number, key) for number, key in enumerate(wanted) if (at_s := self._due[key]) <= now_s or everything
        ]
        return [key for _, _, key in heapq.nsmallest(limit, ready, key=lambda each: each[:2])]

    def answered(self, key: K, now_s: float, *, news: bool) -> None:
        """It was asked: when there was news the pause starts anew, otherwise it doubles."""
        pause = self._first_s if news else min(self._longest_s, self._pause.get(key, self._first_s / 2) * 2)
        self._pause[key] = pause
        self._due[key] = now_s + pause

    def hurry(self, key: K) -> None:
        """Ask again at the next chance."""
        self._due[key] = 0.0
        self._pause.pop(key, None)
