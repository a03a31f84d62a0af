"""The server's event broadcast: bounded, and silent about what a slow subscriber loses.

A real server has one broadcast ring of 1,024 events for all and 64 more for each subscriber; who falls further behind
loses the oldest without a mark on the wire (server facts 8). Nothing is replayed to a new subscriber.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

RING: Final = 1024
PER_SUBSCRIBER: Final = 64


class Broadcast:
    """One order of events for all subscribers. Belongs to one event loop; nothing here is thread-safe."""

    def __init__(self, *, ring: int = RING, per_subscriber: int = PER_SUBSCRIBER) -> None:
        self._ring: deque[bytes] = deque(maxlen=ring)
        self._per_subscriber = per_subscriber
        self._next = 0
        """Number of the next event; the ring holds the events `_next - len(_ring)` to `_next - 1`."""
        self._subscribers: set[BroadcastSubscription] = set()

    @property
    def subscribers(self) -> int:
        """How many subscriptions are open now."""
        return len(self._subscribers)

    def publish(self, event: bytes) -> None:
        """Hand one EventEnvelope to everybody who is subscribed now. Never waits, never fails."""
        self._ring.append(event)
        self._next += 1
        for subscriber in self._subscribers:
            subscriber._pump()

    def subscribe(self) -> BroadcastSubscription:
        """A subscription to what is published from now on."""
        subscription = BroadcastSubscription(self)
        self._subscribers.add(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription; each still hands out what its own queue holds."""
        for subscriber in tuple(self._subscribers):
            subscriber.close()


class BroadcastSubscription:
    """One subscriber: a queue of 64 that is refilled from the ring, and a place in the ring."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._queue: deque[bytes] = deque()
        self._cursor = broadcast._next
        self._stir = asyncio.Event()
        self._closed = False
        self.lost = 0
        """Events that this subscriber lost: for tests and the simulator's own log, never told on the wire."""

    def _pump(self) -> None:
        ring, newest = self._broadcast._ring, self._broadcast._next
        oldest = newest - len(ring)
        while self._cursor < newest and len(self._queue) < self._broadcast._per_subscriber:
            if self._cursor < oldest:
                self.lost += oldest - self._cursor
                self._cursor = oldest
            self._queue.append(ring[self._cursor - oldest])
            self._cursor += 1
        if self._queue:
            self._stir.set()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self._queue:
                event = self._queue.popleft()
                if not self._closed:
                    self._pump()
                return event
            if self._closed:
                raise StopAsyncIteration
            self._stir.clear()
            await self._stir.wait()

    def close(self) -> None:
        """End the iteration after what the own queue still holds."""
        self._closed = True
        self._broadcast._subscribers.discard(self)
        self._stir.set()
