"""gRPC over one verified connection: connect, then sign, then send; one answer or a stream of messages.

**Why a small client of our own and not grpclib** (design 2 leaves it open, decided once): grpclib reads this server's
errors rightly, but what the project needs lies in its private parts: a `Channel` subclass for TLS time-outs, a protocol
subclass for QUICKACK, underscore settings for keepalive, the inner stream for the receive limit, un-cancelling of tasks
after a deadline, and a second HTTP/2 client for `GET /metrics`, which it cannot send. And it cannot say whether a
request had left when a call ended, which for money is the difference between "failed" and "unknown". h2, which grpclib
stands on, is public API throughout, and a call is no slower (benchmarks/call_latency.py prints the ratio).

No compression, no retry, no proxy from the environment.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from hpack import NeverIndexedHeaderTuple

from ldk_tui import __version__
from ldk_tui.client import failure, tls
from ldk_tui.client.clock import SkewMeter
from ldk_tui.client.connection import AckStrategy, Connection, Limits
from ldk_tui.client.exchange import End, Ended, Exchange
from ldk_tui.client.failure import StatusError
from ldk_tui.client.signing import Signer, frame
from ldk_tui.client.target import Target
from ldk_tui.core.record import dataclass

__all__ = ["AckStrategy", "Channel", "End", "Ended", "HttpAnswer", "Limits", "MessageStream", "StatusError"]

SERVICE: Final = "/api.LightningNode/"
_STREAM_ROOM: Final = 16 * 1024 * 1024
_PREFIX: Final = 5


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A plain HTTP answer: /metrics is the only one."""

    status: int
    content_type: str
    body: bytes


class Channel:
    """One connection to one server, made when needed, made anew after a loss by the next call, never retried by itself.

    Belongs to the event loop that it is first used in.
    """

    def __init__(
        self,
        target: Target,
        verifier: tls.Verifier,
        *,
        now: Callable[[], float],
        meter: SkewMeter | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.target = target
        self.limits = limits or Limits()
        self.meter = meter or SkewMeter()
        self._verifier = verifier
        self._now = now
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        authority = target.address.encode("ascii", "backslashreplace")
        self._base = (
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":authority", authority),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            (b"user-agent", f"ldk-tui/{__version__}".encode("ascii")),
        )

    async def connection(self) -> Connection:
        """The connection, verified: made now if there is none. Raises Unreachable, with its cause."""
        current = self._connection
        if current is not None and current.usable:
            return current
        async with self._connecting:
            current = self._connection
            if current is None or not current.usable:
                self._connection = None
                self._connection = await _connect(self.target, self._verifier, self.limits)
            assert self._connection is not None
            return self._connection

    async def unary(
        self,
        method: str,
        message: bytes,
        *,
        signer: Signer | None,
        deadline_s: float | None,
        path: str | None = None,
    ) -> bytes:
        """One call: the answer's message. Raises Unreachable (never sent), StatusError, Ended.

        `signer` None sends no credentials. `path` replaces the method's own (probes).
        """
        exchange, sent_unix = await self._send(
            method, message, signer, deadline_s, path, self.limits.receive_bytes, whole=True
        )
        try:
            await self._head(exchange, sent_unix)
            answer = await _message(exchange, self.limits.receive_bytes)
            status = await _status(exchange)
            if status is not None:
                raise status
            if answer is None:
                raise Ended(End.CUT, sent=True, detail="status 0 without a message")
            if exchange.body:
                raise Ended(End.NOT_GRPC, sent=True, detail="more than one message")
            return answer
        finally:
            exchange.close()

    @asynccontextmanager
    async def stream(self, method: str, message: bytes, *, signer: Signer | None) -> AsyncIterator[MessageStream]:
        """Open a stream; entered when the answer's headers are here, within the connect limit. Raises as `unary`."""
        exchange, sent_unix = await self._send(
            method, message, signer, None, None, min(_STREAM_ROOM, self.limits.receive_bytes)
        )
        try:
            timer = asyncio.get_running_loop().call_later(self.limits.connect_s, exchange.fail, End.DEADLINE)
            try:
                await self._head(exchange, sent_unix)
            finally:
                timer.cancel()
            yield MessageStream(exchange, self.limits.receive_bytes)
        finally:
            exchange.close()

    async def get(self, path: str, headers: list[tuple[str, str]], *, deadline_s: float) -> HttpAnswer:
        """A plain GET on the same connection. Raises Unreachable, Ended."""
        connection = await self.connection()
        head = (
            (b":method", b"GET"),
            *self._base[1:3],
            (b":path", path.encode("ascii")),
            self._base[5],
            *(NeverIndexedHeaderTuple(name.encode("ascii"), value.encode("latin-1")) for name, value in headers),
        )
        exchange = await connection.open(lambda: head, b"", deadline_s=deadline_s, room=self.limits.receive_bytes)
        try:
            answer = await exchange.head()
            while not exchange.ended:
                if len(exchange.body) > self.limits.receive_bytes:
                    raise Ended(End.TOO_BIG, sent=True, detail=f"over {self.limits.receive_bytes} bytes")
                exchange.check()
                await exchange.more()
            status = _number(answer.get(b":status", b""))
            content_type = answer.get(b"content-type", b"").decode("latin-1")
            return HttpAnswer(-1 if status is None else status, content_type, bytes(exchange.body))
        finally:
            exchange.close()

    def abort(self) -> None:
        """Drop the connection now; the next call makes a new one."""
        if self._connection is not None:
            self._connection.abort()
            self._connection = None

    async def close(self) -> None:
        """End the connection politely, within `close_s`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _send(
        self,
        method: str,
        message: bytes,
        signer: Signer | None,
        deadline_s: float | None,
        path: str | None,
        room: int,
        *,
        whole: bool = False,
    ) -> tuple[Exchange, float]:
        connection = await self.connection()
        body = frame(message)
        head: list[tuple[bytes, bytes]] = [
            *self._base[:3],
            (b":path", (path or SERVICE + method).encode("ascii")),
            *self._base[3:],
        ]
        if deadline_s is not None:
            head.append((b"grpc-timeout", f"{min(round(deadline_s * 1000), 99_999_999)}m".encode("ascii")))
        sent_unix = self._now()

        def make_headers() -> list[tuple[bytes, bytes]]:
            nonlocal sent_unix
            sent_unix = self._now()
            if signer is not None:
                name, value = signer.header(method, body, sent_unix)
                head.append(NeverIndexedHeaderTuple(name.encode("ascii"), value.encode("ascii")))
            return head

        exchange = await connection.open(make_headers, body, deadline_s=deadline_s, room=room, whole=whole)
        return exchange, sent_unix

    async def _head(self, exchange: Exchange, sent_unix: float) -> None:
        """Wait for the headers, note the clock; raise what is not gRPC, and a status that is not 0."""
        headers = await exchange.head()
        date = headers.get(b"date")
        if date is not None:
            self.meter.note(date.decode("latin-1"), sent_unix, self._now())
        if headers.get(b":status") != b"200":
            raise Ended(End.NOT_GRPC, sent=True, detail=f"HTTP status {_number(headers.get(b':status', b''))}")
        if not headers.get(b"content-type", b"").startswith(b"application/grpc"):
            raise Ended(End.NOT_GRPC, sent=True, detail="another content type")
        status = _status_of(headers)
        if status is not None:
            raise status


class MessageStream:
    """The messages of an open stream, in order. The reader should only append to a queue: the server drops events
    for a subscriber that lags (server facts 8)."""

    def __init__(self, exchange: Exchange, cap: int) -> None:
        self._exchange = exchange
        self._cap = cap

    async def next(self) -> bytes | None:
        """The next message; None when the server ended the stream with status 0. Raises StatusError, Ended."""
        message = await _message(self._exchange, self._cap)
        if message is None:
            status = await _status(self._exchange)
            if status is not None:
                raise status
        return message


async def _message(exchange: Exchange, cap: int) -> bytes | None:
    """The next framed message, or None at the end of the body. What has arrived counts before how it ended."""
    while True:
        body = exchange.body
        if len(body) >= _PREFIX:
            if body[0] != 0:
                raise Ended(End.NOT_GRPC, sent=True, detail="compressed")
            size = int.from_bytes(body[1:_PREFIX], "big")
            if size > cap:
                raise Ended(End.TOO_BIG, sent=True, detail=f"{size} bytes announced, {cap} accepted")
            if len(body) >= _PREFIX + size:
                return exchange.take(_PREFIX, _PREFIX + size)
        if exchange.ended:
            if body:
                raise Ended(End.CUT, sent=True, detail="less data than announced")
            return None
        exchange.check()
        await exchange.more()


async def _status(exchange: Exchange) -> StatusError | None:
    """Wait for the end and read the status: from the trailers, or from the headers of an answer that has none."""
    while not exchange.ended:
        if exchange.body:
            return None  # not the end: the caller sees what is left over
        exchange.check()
        await exchange.more()
    if exchange.trailers is not None:
        return _status_of(exchange.trailers, needed=True)
    return _status_of(exchange.headers or {}, needed=True)


def _status_of(headers: dict[bytes, bytes], *, needed: bool = False) -> StatusError | None:
    raw = headers.get(b"grpc-status")
    if raw is None:
        if needed:
            raise Ended(End.CUT, sent=True, detail="no status")
        return None
    code = _number(raw)
    if code is None:
        raise Ended(End.NOT_GRPC, sent=True, detail="a status that is no number")
    if code == 0:
        return None
    # percent-decoded to bytes, then UTF-8: the official decoder's byte-to-character mapping garbles (4.6)
    return StatusError(code, unquote_to_bytes(headers.get(b"grpc-message", b"")).decode("utf-8", "replace"))


def _number(raw: bytes) -> int | None:
    return int(raw) if raw.isdigit() and len(raw) <= 9 else None


async def _connect(target: Target, verifier: tls.Verifier, limits: Limits) -> Connection:
    """Look up, connect, verify, and wait for the server's SETTINGS: each step fails with its own cause."""
    step = failure.Step.NAME_LOOKUP
    connection: Connection | None = None
    sock: socket.socket | None = None
    try:
        async with asyncio.timeout(limits.connect_s):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            step = failure.Step.TCP
            sock = await _dial(loop, found)
            step = failure.Step.TLS
            dialed, sock = sock, None  # the transport's from here on
            _, connection = await loop.create_connection(
                lambda: Connection(limits),
                sock=dialed,
                ssl=verifier.context,
                server_hostname=verifier.name or target.host,
                ssl_shutdown_timeout=limits.close_s,
            )
            if verifier.exact and connection.peer_certificate() != verifier.pinned:
                raise tls.explain(None, verifier, target.address, target.host, connection.peer_certificate())
            step = failure.Step.HTTP2
            if connection.alpn() != "h2":
                raise failure.not_http2(target)
            await connection.ready
            return connection
    except ssl.SSLCertVerificationError as error:
        presented = await tls.presented_certificate(target.host, target.port, limits.connect_s)
        raise tls.explain(error, verifier, target.address, target.host, presented) from error
    except (OSError, TimeoutError, Ended, UnicodeError) as error:
        raise failure.of_connecting(step, error, target, limits.connect_s) from error
    finally:
        if sock is not None:
            sock.close()
        if connection is not None and not (connection.usable and connection.ready.done()):
            connection.abort()


async def _dial(loop: asyncio.AbstractEventLoop, found: Sequence[tuple[Any, ...]]) -> socket.socket:
    """The first of the addresses that takes the connection; when none does, the error of the first."""
    first: OSError | None = None
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
            return sock
        except OSError as error:
            sock.close()
            first = first or error
        except BaseException:
            sock.close()
            raise
    raise first or OSError("no address")
