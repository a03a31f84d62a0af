"""One HTTP/2 connection, straight on h2 and asyncio: exchanges, flow control, prompt ACKs, keepalive.

Why not a gRPC library: see `transport`. What this file owes the server facts:

* **The 44 ms** (4.2): the server leaves TCP_NODELAY off, so its trailers wait for our ACK of the data, and our kernel
  delays that ACK. `AckStrategy` says how it is hurried: TCP_QUICKACK re-armed after each receive (Linux; not sticky),
  or a small frame (the connection's WINDOW_UPDATE, which we owe anyway and which asks for no answer) at once.
* **A dead peer** (safety 5.3): a PING while something is open, and when no answer comes the transport is *aborted*, not
  closed: asyncio's TLS would wait 30 s for a farewell that never comes, with the exchanges looking alive.
* **Whether a request left** decides between "nothing was executed" and "outcome unknown" (safety 3.1). `Ended.sent` is
  False only when not one byte of the request was handed to the transport.
* Deadlines end the exchange, not the task: nothing is cancelled, so no cancellation is left behind for an
  `asyncio.timeout()` around the call to trip over (safety 5.3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum
from typing import Final, cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from ldk_tui.client.exchange import End, Ended, Exchange
from ldk_tui.core.record import dataclass

log = logging.getLogger(__name__)

TCP_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_DEFAULT_WINDOW: Final = 65_535
_CREDIT_STEP: Final = 65_536


class AckStrategy(Enum):
    """How the ACK of an answer's data is hurried (see the module)."""

    QUICKACK = "quickack"
    FRAME = "frame"
    NONE = "none"  # what a stock client does: for benchmarks and tests


def default_strategy() -> AckStrategy:
    """QUICKACK where the system has it (Linux), otherwise FRAME."""
    return AckStrategy.QUICKACK if TCP_QUICKACK is not None else AckStrategy.FRAME


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes. `connect_s` covers look-up, TCP, TLS and the server's first SETTINGS."""

    connect_s: float = 10.0  # 30 over Tor
    close_s: float = 1.0
    keepalive_s: float = 20.0  # 30 over Tor
    keepalive_timeout_s: float = 10.0
    receive_bytes: int = 64 * 1024 * 1024
    window_bytes: int = 4 * 1024 * 1024
    ack: AckStrategy = field(default_factory=default_strategy)


class Connection(asyncio.Protocol):
    """The client's end of one HTTP/2 connection. Made by `transport`, which has verified the peer before."""

    def __init__(self, limits: Limits, *, on_closed: Callable[[], None] | None = None) -> None:
        self._limits = limits
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
            )
        )
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._exchanges: dict[int, Exchange] = {}
        self._slot_waiters: list[asyncio.Future[None]] = []
        self._end: tuple[End, str] | None = None
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pong_timer: asyncio.TimerHandle | None = None
        self._conn_debt = 0
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.quick_acks = 0
        self.small_frames = 0
        self.pings = 0

    # --- what transport calls ------------------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """True while a request may be started on this connection."""
        return self._end is None and self._transport is not None and not self._transport.is_closing()

    def peer_certificate(self) -> bytes | None:
        """The verified peer's certificate, DER."""
        tls = self._tls()
        return tls.getpeercert(True) if tls is not None else None

    def alpn(self) -> str | None:
        """The protocol that TLS agreed on; `h2`, or this is no HTTP/2 server."""
        tls = self._tls()
        return tls.selected_alpn_protocol() if tls is not None else None

    async def open(
        self,
        make_headers: Callable[[], Iterable[tuple[bytes, bytes]]],
        body: bytes,
        *,
        deadline_s: float | None,
        room: int,
        whole: bool = False,
    ) -> Exchange:
        """Send one request; returns when it was handed to the transport. Raises Ended(sent=False) when it was not.

        `make_headers` is called at the very last moment, after waiting for a free stream, so that the timestamp that it
        signs is fresh. `room` and `whole`: see `Exchange`.
        """
        exchange = Exchange(self, room, min(_CREDIT_STEP, self._limits.window_bytes // 4), whole=whole)
        if deadline_s is not None:
            exchange.timer = self._loop.call_later(deadline_s, exchange.fail, End.DEADLINE)
        try:
            await self._slot(exchange)
            transport = self._transport
            assert transport is not None
            exchange.id = self._h2.get_next_available_stream_id()
            self._exchanges[exchange.id] = exchange
            self._h2.send_headers(exchange.id, make_headers(), end_stream=not body)
            exchange.sent = True
            if body:
                exchange.pending = memoryview(body)
                self._pump(exchange)
            self._flush()
            self._start_pinging()
        except h2.exceptions.ProtocolError as error:
            exchange.close()
            raise Ended(End.PROTOCOL, sent=exchange.sent, detail=type(error).__name__) from error
        except BaseException:
            exchange.close()
            raise
        return exchange

    def abort(self, end: End = End.CLOSED, detail: str = "") -> None:
        """Drop the connection now, without a farewell."""
        self._finish(end, detail)
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End politely (GOAWAY, TLS close), but never wait longer than `close_s`."""
        if self._end is None and self._transport is not None:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self._h2.close_connection()
                self._flush()
        self._finish(End.CLOSED, "")
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(self._limits.close_s):
                await asyncio.shield(self.closed)
        except TimeoutError:
            self._transport.abort()

    # --- asyncio.Protocol ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._limits.ack is AckStrategy.QUICKACK and TCP_QUICKACK is not None:
            self._socket = transport.get_extra_info("socket")
        window = self._limits.window_bytes
        self._h2.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.INITIAL_WINDOW_SIZE: window,
                SettingCodes.MAX_HEADER_LIST_SIZE: 65_536,
            },
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(window - _DEFAULT_WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._hurry_ack()
        if self._end is not None:
            return
        if self._pong_timer is not None:  # whatever it says, it lives
            self._pong_timer.cancel()
            self._pong_timer = None
        try:
            events = self._h2.receive_data(data)
            for event in events:
                self._handle(event)
            if self._conn_debt and self._end is None:
                self._credit_connection()
            self._flush()
        except Exception as error:  # h2 raises more than its own errors on bytes that are no HTTP/2
            log.debug("not understood: %s", type(error).__name__)
            self.abort(End.PROTOCOL, type(error).__name__)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._finish(End.LOST, type(exc).__name__ if exc is not None else "")
        if not self.closed.done():
            self.closed.set_result(None)

    def resume_writing(self) -> None:
        self._pump_all()

    # --- events --------------------------------------------------------------------------------------------------

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived):
            size = event.flow_controlled_length or 0
            self._conn_debt += size
            exchange = self._exchanges.get(event.stream_id or 0)
            if exchange is not None:
                exchange.received(event.data or b"", size)
        elif isinstance(event, h2.events.ResponseReceived):
            exchange = self._exchanges.get(event.stream_id or 0)
            if exchange is not None:
                exchange.begun(dict(event.headers or ()))
        elif isinstance(event, h2.events.TrailersReceived):
            exchange = self._exchanges.get(event.stream_id or 0)
            if exchange is not None:
                exchange.trailers = dict(event.headers or ())
        elif isinstance(event, h2.events.StreamEnded):
            exchange = self._exchanges.get(event.stream_id or 0)
            if exchange is not None:
                exchange.ended = True
                exchange.wake()
        elif isinstance(event, h2.events.StreamReset):
            exchange = self._exchanges.get(event.stream_id or 0)
            if exchange is not None and not exchange.ended:
                exchange.fail(End.RESET, f"error code {int(event.error_code or 0)}")
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            if not self.ready.done():
                self.ready.set_result(None)
            self._free_slots()
            self._pump_all()
        elif isinstance(event, h2.events.WindowUpdated):
            self._pump_all()
        elif isinstance(event, h2.events.ConnectionTerminated):
            # what arrived before it in the same read has been handed over: a whole answer stays an answer
            self.abort(End.GOAWAY, f"error code {int(event.error_code or 0)}")
        # anything else (unknown frames, 1xx, ALTSVC, priorities) is legal and of no interest

    # --- internals -----------------------------------------------------------------------------------------------

    def _tls(self) -> ssl.SSLObject | None:
        return self._transport.get_extra_info("ssl_object") if self._transport is not None else None

    def _hurry_ack(self) -> None:
        if self._socket is not None:
            assert TCP_QUICKACK is not None
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 1)
                self.quick_acks += 1

    def _credit_connection(self) -> None:
        """The connection's window is given back on arrival, so that one unread exchange never blocks the others."""
        if self._limits.ack is AckStrategy.FRAME:
            self.small_frames += 1
        elif self._conn_debt < self._limits.window_bytes // 4:
            return
        self._h2.increment_flow_control_window(self._conn_debt)
        self._conn_debt = 0

    def credit(self, stream_id: int, size: int) -> None:
        if self._end is not None:
            return
        with contextlib.suppress(h2.exceptions.ProtocolError, KeyError):  # closed meanwhile: nothing to give back
            self._h2.increment_flow_control_window(size, stream_id)
            self._flush()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    async def _slot(self, exchange: Exchange) -> None:
        while True:
            exchange.check()
            if not self.usable:
                end, detail = self._end or (End.LOST, "")
                raise Ended(end, sent=False, detail=detail)
            if len(self._exchanges) < self._h2.remote_settings.max_concurrent_streams:
                return
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._slot_waiters.append(waiter)
            exchange.waiter = waiter  # so that the deadline wakes it too
            try:
                await waiter
            finally:
                exchange.waiter = None
                if waiter in self._slot_waiters:
                    self._slot_waiters.remove(waiter)

    def _free_slots(self) -> None:
        for waiter in self._slot_waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._slot_waiters.clear()

    def _pump_all(self) -> None:
        for exchange in list(self._exchanges.values()):
            if exchange.pending is not None:
                self._pump(exchange)

    def _pump(self, exchange: Exchange) -> None:
        """Send as much of the body as the peer's windows take; the rest follows when they open."""
        pending = exchange.pending
        while pending is not None and self._end is None:
            room = min(self._h2.local_flow_control_window(exchange.id), self._h2.max_outbound_frame_size)
            if room <= 0:
                break
            last = len(pending) <= room
            self._h2.send_data(exchange.id, bytes(pending[:room]), end_stream=last)
            pending = None if last else pending[room:]
        exchange.pending = pending

    def forget(self, exchange: Exchange) -> None:
        if self._exchanges.pop(exchange.id, None) is None:
            return
        if (not exchange.ended or exchange.pending is not None) and self._end is None:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self._h2.reset_stream(exchange.id, ErrorCodes.CANCEL)
                self._flush()
        self._free_slots()

    def _finish(self, end: End, detail: str) -> None:
        if self._end is not None:
            return
        self._end = (end, detail)
        for timer in (self._ping_timer, self._pong_timer):
            if timer is not None:
                timer.cancel()
        if not self.ready.done():
            self.ready.set_exception(Ended(end, sent=False, detail=detail))
            self.ready.exception()  # looked at: nobody need be waiting
        for exchange in list(self._exchanges.values()):
            if not exchange.ended:
                exchange.fail(end, detail)
        self._free_slots()
        if self._on_closed is not None:
            self._on_closed()

    # --- keepalive -----------------------------------------------------------------------------------------------

    def _start_pinging(self) -> None:
        if self._ping_timer is None:
            self._ping_timer = self._loop.call_later(self._limits.keepalive_s, self._ping)

    def _ping(self) -> None:
        """Only while something is open: idle connections are left in peace (polite to proxies)."""
        self._ping_timer = None
        if not self.usable or not self._exchanges:
            return
        self._h2.ping(self.pings.to_bytes(8, "big"))
        self.pings += 1
        self._flush()
        if self._pong_timer is None:
            self._pong_timer = self._loop.call_later(self._limits.keepalive_timeout_s, self.abort, End.SILENT)
        self._start_pinging()
