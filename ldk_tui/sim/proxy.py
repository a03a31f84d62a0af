"""A TCP proxy that makes the network between client and server bad on purpose, while connections are open.

    async with FaultProxy("127.0.0.1", server.port) as proxy:
        client = connect("127.0.0.1", proxy.port)
        proxy.blackhole()

It works below TLS: it neither reads nor alters what passes. Conditions hold for open and for new connections, in both
directions, until `heal`. But for `half_close` and `cut` nothing is ever lost, and nothing is reordered, as in TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Self

_CHUNK: Final = 64 * 1024
_HELD_CHUNKS: Final = 64  # at most 4 MiB on the way in each direction; then the sender's own window fills up
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass
class _Conditions:
    """What the network is like now."""

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    half_closed: bool = False


class FaultProxy:
    """Listens on a port of its own and connects every client to the target."""

    def __init__(self, target_host: str, target_port: int, *, host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._host = host
        self._listener: socket.socket | None = None
        self._port = 0
        self._acceptor: asyncio.Task[None] | None = None
        self._links: set[_Link] = set()
        self._conditions = _Conditions()
        self._clear = asyncio.Event()
        self._clear.set()
        self.accepted = 0
        """How many connections were made through it so far."""

    @property
    def port(self) -> int:
        """Where clients connect to; the same after `refuse` and `heal`."""
        return self._port

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    async def start(self) -> None:
        """Listen and pass everything on."""
        self._listen()

    async def close(self) -> None:
        """Reset what is open and stop listening."""
        self.refuse()
        self.cut()
        for link in tuple(self._links):
            await link.closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # conditions

    def heal(self) -> None:
        """A good network again: whatever was held passes, new connections are accepted. What was cut stays cut."""
        self._conditions.delay_s = 0.0
        self._conditions.bytes_per_s = None
        self._conditions.half_closed = False
        self._clear.set()
        if self._listener is None:
            self._listen()

    def blackhole(self) -> None:
        """Nothing arrives any more, but TCP still looks alive: a hung peer, a firewall that forgot."""
        self._clear.clear()

    def delay(self, seconds: float) -> None:
        """Everything arrives this much later, each way."""
        self._conditions.delay_s = seconds

    def throttle(self, bytes_per_s: float) -> None:
        """At most this many bytes a second, for each connection and direction."""
        self._conditions.bytes_per_s = bytes_per_s

    def half_close(self) -> None:
        """The server's direction ends (FIN to the client) after what has passed; the client's stays open."""
        self._conditions.half_closed = True
        for link in self._links:
            link.half_close()

    def cut(self) -> None:
        """TCP reset to both sides of every open connection. New ones are made as before."""
        for link in tuple(self._links):
            link.cut()

    def refuse(self) -> None:
        """New connections are refused, as by a host where nothing listens. Open ones stay."""
        if self._acceptor is not None:
            self._acceptor.cancel()
            self._acceptor = None
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    # the machinery

    def _listen(self) -> None:
        listener = socket.create_server((self._host, self._port), backlog=256)
        listener.setblocking(False)
        self._listener = listener
        self._port = listener.getsockname()[1]
        self._acceptor = asyncio.get_running_loop().create_task(self._accept(listener))

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            self.accepted += 1
            link = _Link(client, self._target, self._conditions, self._clear, self._links.discard)
            self._links.add(link)
            link.start()


class _Link:
    """One client and its connection to the target."""

    def __init__(
        self,
        client: socket.socket,
        target: tuple[str, int],
        conditions: _Conditions,
        clear: asyncio.Event,
        ended: Callable[[_Link], None],
    ) -> None:
        self._client = client
        self._target = target
        self._conditions = conditions
        self._clear = clear
        self._ended = ended
        self._server: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._to_client: _Pipe | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def closed(self) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def cut(self) -> None:
        self._reset_both()
        if self._task is not None:
            self._task.cancel()

    def half_close(self) -> None:
        if self._to_client is not None:
            self._to_client.wake()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._client.setblocking(False)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._clear.wait()
            self._server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._server.setblocking(False)
            try:
                await loop.sock_connect(self._server, self._target)
            except OSError:
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                return
            self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._to_client = _Pipe(self._server, self._client, self._conditions, self._clear, may_half_close=True)
            to_server = _Pipe(self._client, self._server, self._conditions, self._clear, may_half_close=False)
            await _all_or_first_error(
                self._to_client.read(), self._to_client.write(), to_server.read(), to_server.write()
            )
        except OSError:
            await self._clear.wait()  # a black hole swallows resets too
            self._reset_both()
        finally:
            self._client.close()
            if self._server is not None:
                self._server.close()
            self._ended(self)

    def _reset_both(self) -> None:
        for end in (self._client, self._server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


class _Pipe:
    """One direction: what was read, with the time at which it may be written."""

    def __init__(
        self,
        source: socket.socket,
        sink: socket.socket,
        conditions: _Conditions,
        clear: asyncio.Event,
        *,
        may_half_close: bool,
    ) -> None:
        self._source = source
        self._sink = sink
        self._conditions = conditions
        self._clear = clear
        self._may_half_close = may_half_close
        self._held: deque[tuple[float, bytes]] = deque()
        self._ended = False
        self._something = asyncio.Event()  # for the writer
        self._room = asyncio.Event()  # for the reader

    def wake(self) -> None:
        """Let the writer look at the conditions again."""
        self._something.set()

    async def read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self._source, _CHUNK)
            self._held.append((loop.time() + self._conditions.delay_s, data))
            self._something.set()
            if not data:
                return
            while len(self._held) >= _HELD_CHUNKS:
                self._room.clear()
                await self._room.wait()

    async def write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._held and not self._half_closing():
                self._something.clear()
                await self._something.wait()
            await self._clear.wait()
            if self._half_closing():
                self._end()
            if not self._held:
                continue
            due, data = self._held.popleft()
            self._room.set()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
                await self._clear.wait()
            if not data:
                self._end()
                return
            if not self._ended:
                await self._send(data)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._sink.shutdown(socket.SHUT_WR)

    def _half_closing(self) -> bool:
        return self._may_half_close and self._conditions.half_closed and not self._ended

    async def _send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        left = memoryview(data)
        while left:
            rate = self._conditions.bytes_per_s
            piece = left if rate is None else left[: max(1, int(rate / 20))]
            await loop.sock_sendall(self._sink, piece)
            left = left[len(piece) :]
            if rate is not None:
                await asyncio.sleep(len(piece) / rate)
            await self._clear.wait()


async def _all_or_first_error(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side; the first exception cancels the others and is raised as it is."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
