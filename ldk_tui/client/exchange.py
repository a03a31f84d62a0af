"""One request and what comes back, as the connection fills it in and a caller reads it; and how it can end."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Protocol


class End(Enum):
    """How an exchange ended without a proper answer."""

    DEADLINE = "deadline"
    LOST = "lost"  # TCP reset or closed
    SILENT = "silent"  # a PING was not answered
    RESET = "reset"  # RST_STREAM
    GOAWAY = "goaway"
    CLOSED = "closed"  # by us
    PROTOCOL = "protocol"  # not the HTTP/2 that h2 understands
    CUT = "cut"  # ended cleanly before the answer was whole
    TOO_BIG = "too big"
    NOT_GRPC = "not grpc"


class Ended(Exception):
    """An exchange is over and there is no answer. `sent` False: not one byte of the request left us."""

    def __init__(self, end: End, *, sent: bool, detail: str = "") -> None:
        super().__init__(f"{end.value}{': ' + detail if detail else ''}")
        self.end = end
        self.sent = sent
        self.detail = detail


class Owner(Protocol):
    """The connection, as an exchange needs it."""

    def credit(self, stream_id: int, size: int) -> None:
        """Give `size` bytes back to the stream's window."""

    def forget(self, exchange: Exchange) -> None:
        """The caller is done with it."""


class Exchange:
    """One request and what comes back. One task reads it; `close()` in a finally, whatever happened."""

    __slots__ = (
        "_connection",
        "_debt",
        "_failure",
        "body",
        "ended",
        "headers",
        "id",
        "pending",
        "room",
        "sent",
        "step",
        "timer",
        "trailers",
        "waiter",
        "whole",
    )

    def __init__(self, connection: Owner, room: int, step: int, *, whole: bool = False) -> None:
        """`room`: bytes that may lie unread before the peer is slowed down; `step`: window is given back in lots of
        this size, well below the window. In steps, because a WINDOW_UPDATE for each message would be a frame a call.
        `whole`: the reader wants the answer as a whole, and is not woken for the beginnings of a small one.
        """
        self._connection = connection
        self.waiter: asyncio.Future[None] | None = None
        self._failure: tuple[End, str] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.pending: memoryview | None = None
        self._debt = 0
        self.room = room
        self.step = step
        self.whole = whole
        self.id = 0
        self.sent = False
        self.headers: dict[bytes, bytes] | None = None
        self.trailers: dict[bytes, bytes] | None = None
        self.body = bytearray()
        self.ended = False

    async def head(self) -> dict[bytes, bytes]:
        """The answer's headers. Raises Ended."""
        while self.headers is None:
            self.check()
            if self.ended:
                raise Ended(End.CUT, sent=self.sent, detail="no headers")
            await self._wait()
        return self.headers

    async def more(self) -> None:
        """Wait until something happened. What has arrived is looked at before the ending: call `check()` yourself."""
        self._credit()
        await self._wait()

    def check(self) -> None:
        """Raise Ended when the exchange has failed."""
        if self._failure is not None:
            end, detail = self._failure
            raise Ended(end, sent=self.sent, detail=detail)

    def take(self, start: int, stop: int) -> bytes:
        """Bytes `start:stop` of the body; everything before `stop` is forgotten and given back to the window."""
        data = bytes(self.body[start:stop])
        del self.body[:stop]
        if len(self.body) < self.room:
            self._credit()
        return data

    def close(self) -> None:
        """Forget the exchange; RST_STREAM (CANCEL) when it is still open. Never raises, may be called twice."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self._connection.forget(self)

    def fail(self, end: End, detail: str = "") -> None:
        """End the exchange from outside. The first reason stays."""
        if self._failure is None:
            self._failure = (end, detail)
        self.wake()

    async def _wait(self) -> None:
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def _credit(self) -> None:
        if self._debt >= self.step and not self.ended:
            self._connection.credit(self.id, self._debt)
            self._debt = 0

    def received(self, data: bytes, flow_controlled: int) -> None:
        self.body += data
        self._debt += flow_controlled
        if len(self.body) < self.room:
            self._credit()
        if not self.whole or len(self.body) > self.step:
            self.wake()

    def begun(self, headers: dict[bytes, bytes]) -> None:
        """The connection received the headers."""
        self.headers = headers
        if not self.whole:
            self.wake()
