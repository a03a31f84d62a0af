"""One TLS connection of the simulated server: HTTP/2 frames in the order, number and form of the recorded server.

h2 keeps the protocol's state; what it would say on its own and a real server does not (its default settings, its own
reaction to a wrong content-length) is replaced here. Nagle's algorithm stays on, as on a real server: asyncio
switches it off on every socket, so it is switched on again (server facts 4.2).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, cast

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from h2.connection import ConnectionInputs
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame, SettingsFrame

from ldk_tui.sim.framing import MAX_BODY, Headers

SETTINGS: Final = {
    SettingCodes.MAX_CONCURRENT_STREAMS: 200,
    SettingCodes.INITIAL_WINDOW_SIZE: 1_048_576,
    SettingCodes.MAX_FRAME_SIZE: 16_384,
    SettingCodes.MAX_HEADER_LIST_SIZE: 16_384,
}
WINDOW_INCREMENT: Final = 983_041  # makes the connection's window 1 MiB too
_BATCH: Final = 256 * 1024  # bytes of a long body that are handed to TLS at once


class StreamGone(Exception):
    """The client reset the stream, or the connection is lost: nothing can be answered any more."""


class _ServerH2(h2.connection.H2Connection):
    """h2 with this server's settings frame, and with the content-length left to the checks of the service."""

    def __init__(self) -> None:
        super().__init__(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding=None,
                # h2 would strip the blank at the end of a message; a real server sends it
                normalize_outbound_headers=False,
                validate_outbound_headers=False,
            )
        )
        enforced = dict(SETTINGS)
        enforced[SettingCodes.MAX_CONCURRENT_STREAMS] = 2**31 - 1  # h2 would end the connection; we refuse the stream
        self.local_settings = h2.settings.Settings(client=False, initial_values=enforced)
        self.max_inbound_frame_size = SETTINGS[SettingCodes.MAX_FRAME_SIZE]
        self.decoder.max_header_list_size = SETTINGS[SettingCodes.MAX_HEADER_LIST_SIZE]

    def initiate_connection(self) -> None:
        self.state_machine.process_input(ConnectionInputs.SEND_SETTINGS)
        self._data_to_send += SettingsFrame(
            0, settings={int(code): value for code, value in SETTINGS.items()}
        ).serialize()

    def _begin_new_stream(self, stream_id: int, allowed_ids: Any) -> Any:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        cast(Any, stream)._initialize_content_length = _ignore
        return stream


def _ignore(headers: object) -> None:
    """Stands where h2 would hold the body against the content-length and end the whole connection."""


class Stream:
    """One request and the way back. Only the task that handles the request uses it."""

    def __init__(self, connection: Connection, stream_id: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.connection = connection
        self.id = stream_id
        self._headers: dict[bytes, bytes] = {}
        for name, value in headers:
            self._headers.setdefault(name, value)  # the first of several counts
        self.body = bytearray()
        self.ended = False
        """The client has ended its side."""
        self.gone = False
        self.on_gone: Callable[[], None] | None = None
        self._stir = asyncio.Event()

    def header(self, name: bytes) -> bytes | None:
        """The header's raw value, None when it is absent."""
        return self._headers.get(name)

    @property
    def method(self) -> str:
        return self._headers.get(b":method", b"").decode("latin-1")

    @property
    def path(self) -> str:
        """Without the query, which nothing looks at."""
        return self._headers.get(b":path", b"").decode("latin-1").partition("?")[0]

    async def read_body(self) -> bytes | None:
        """The whole body once the client has ended its side; None as soon as it is longer than 10 MiB."""
        while True:
            if self.gone:
                raise StreamGone
            if len(self.body) > MAX_BODY:
                return None
            if self.ended:
                return bytes(self.body)
            await self._stirred()

    async def until_gone(self) -> None:
        """Wait until the client or the connection ends this stream."""
        while not self.gone:
            await self._stirred()

    def send_headers(self, headers: Headers, *, end: bool = False) -> None:
        """Queue a HEADERS frame (also trailers). It leaves with the next `flush`."""
        self._check()
        self.connection.h2.send_headers(self.id, headers, end_stream=end)

    def send_end(self) -> None:
        """Queue an empty DATA frame with END_STREAM."""
        self._check()
        self.connection.h2.send_data(self.id, b"", end_stream=True)

    async def send_data(self, data: bytes, *, end: bool = False) -> None:
        """Queue DATA frames within both flow-control windows; flushes only when the data is long or must wait."""
        left = memoryview(data)
        queued = 0
        while left:
            self._check()
            room = min(
                self.connection.h2.local_flow_control_window(self.id),
                self.connection.h2.max_outbound_frame_size,
                len(left),
            )
            if room <= 0 or queued >= _BATCH:
                queued = 0
                self.connection.flush()
                if room <= 0:
                    await self._stirred()
                else:
                    await self.writable()
                continue
            last = room == len(left)
            self.connection.h2.send_data(self.id, left[:room], end_stream=end and last)
            left = left[room:]
            queued += room

    async def writable(self) -> None:
        """Wait while the socket is full; also lets other streams have their turn."""
        await asyncio.sleep(0)
        while self.connection.paused and not self.gone:
            await self._stirred()
        self._check()

    def flush(self) -> None:
        """Let everything queued leave, in a write of its own: with Nagle on, a later small write waits for its ACK."""
        self.connection.flush()

    def reset(self, code: int) -> None:
        """RST_STREAM with any code."""
        self._check()
        self.connection.h2.reset_stream(self.id, code)
        self.connection.flush()
        self.mark_gone()

    def finish(self) -> None:
        """After a whole answer: a client that still sends is told to stop (RST_STREAM, NO_ERROR), and forgotten."""
        if not self.gone and not self.ended:
            self.connection.h2.reset_stream(self.id, h2.errors.ErrorCodes.NO_ERROR)
            self.connection.flush()
        self.connection.streams.pop(self.id, None)

    def stir(self) -> None:
        """Wake the task that waits on this stream."""
        self._stir.set()

    def mark_gone(self) -> None:
        """Nothing can be sent any more."""
        if self.gone:
            return
        self.gone = True
        self.connection.streams.pop(self.id, None)
        self._stir.set()
        if self.on_gone is not None:
            self.on_gone()

    async def _stirred(self) -> None:
        self._stir.clear()
        await self._stir.wait()

    def _check(self) -> None:
        if self.gone:
            raise StreamGone


class Connection(asyncio.Protocol):
    """The protocol object of one accepted connection. `handle` is started as a task for every request."""

    def __init__(
        self,
        handle: Callable[[Stream], Coroutine[Any, Any, None]],
        start: Callable[[Coroutine[Any, Any, None]], object],
        *,
        nodelay: bool,
        opened: Callable[[Connection], None],
        closed: Callable[[Connection], None],
    ) -> None:
        self._handle = handle
        self._start = start
        self._nodelay = nodelay
        self._opened = opened
        self._closed = closed
        self._greeted = False
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()
        self.h2 = _ServerH2()
        self.streams: dict[int, Stream] = {}
        self.paused = False

    # asyncio's half

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != "h2":
            # rustls ends the handshake with an alert; `ssl` cannot, so the connection ends right after it.
            self._transport.abort()
            return
        sock = transport.get_extra_info("socket")
        if sock is not None and not self._nodelay:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        self._opened(self)
        self.h2.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.flush()  # h2 has queued a GOAWAY with the reason
            self.close()
            return
        for event in events:
            self._on_event(event)
        self.flush()

    def eof_received(self) -> bool:
        self.abort(reset=False)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        self._closed(self)
        for stream in tuple(self.streams.values()):
            stream.mark_gone()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self._stir_all()

    # our half

    def flush(self) -> None:
        """Write what h2 has queued: one TLS record and one segment when it is short."""
        data = self.h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def goaway(self, code: int, last_stream_id: int | None = None) -> None:
        """Send GOAWAY; `last_stream_id` below a running stream tells the client that it was not executed.

        The connection stays open, so that the streams below can end: close it afterwards.
        """
        last = self.h2.highest_inbound_stream_id if last_stream_id is None else last_stream_id
        self.flush()
        if self._transport is not None and not self._transport.is_closing():
            # written past h2, which would accept no further frame of ours after its own GOAWAY
            self._transport.write(GoAwayFrame(0, last_stream_id=last, error_code=code).serialize())

    def close(self) -> None:
        """Orderly TLS close after what is still to be written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self, *, reset: bool) -> None:
        """End now, without GOAWAY and without TLS farewell: by TCP RST, or by FIN like a process that exits."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if reset and sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def drain(self) -> None:
        """Wait until the kernel has taken everything that was written, or the connection is lost."""
        while not self._lost.is_set() and self._unwritten() > 0:  # noqa: ASYNC110, asyncio has no event for it
            await asyncio.sleep(0.005)

    async def lost(self) -> None:
        """Wait for the end of the connection."""
        await self._lost.wait()

    def _unwritten(self) -> int:
        transport = self._transport
        if transport is None:
            return 0
        beneath = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)  # TLS has a socket transport
        return transport.get_write_buffer_size() + (beneath.get_write_buffer_size() if beneath is not None else 0)

    def _on_event(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self._on_request(event)
            case h2.events.DataReceived():
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if (stream := self.streams.get(event.stream_id)) is not None:
                    if len(stream.body) <= MAX_BODY:
                        stream.body += event.data
                    stream.stir()
            case h2.events.StreamEnded():
                if (stream := self.streams.get(event.stream_id)) is not None:
                    stream.ended = True
                    stream.stir()
            case h2.events.StreamReset():
                if (stream := self.streams.get(event.stream_id)) is not None:
                    stream.mark_gone()
            case h2.events.RemoteSettingsChanged():
                if not self._greeted:
                    self._greeted = True
                    self.h2.increment_flow_control_window(WINDOW_INCREMENT)
                self._stir_all()
            case h2.events.WindowUpdated():
                if event.stream_id == 0:
                    self._stir_all()
                elif (stream := self.streams.get(event.stream_id)) is not None:
                    stream.stir()
            case _:
                pass

    def _on_request(self, event: h2.events.RequestReceived) -> None:
        assert event.stream_id is not None
        if len(self.streams) >= SETTINGS[SettingCodes.MAX_CONCURRENT_STREAMS]:
            self.h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        stream = Stream(self, event.stream_id, event.headers)
        self.streams[event.stream_id] = stream
        self._start(self._handle(stream))

    def _stir_all(self) -> None:
        for stream in self.streams.values():
            stream.stir()
