"""What the tests of the simulated server share: a backend in a table, and a client that sees single frames."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

import hpack
import hyperframe.frame as hf
import pytest

from ldk_tui.core.secret import Secret
from ldk_tui.sim import framing
from ldk_tui.sim.auth import signature
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.server import SimServer, running
from ldk_tui.sim.subscription import Broadcast, BroadcastSubscription

NOW = 1_800_000_000
LIMIT_S = 10.0


class TableBackend:
    """Answers from a table: bytes, a status, or a coroutine function of the message."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"GetNodeInfo": b"\x0a\x02me"}
        self.calls: list[tuple[str, bytes]] = []
        self.finished: list[str] = []
        self.events = Broadcast()

    def methods(self) -> frozenset[str]:
        return frozenset(self.answers)

    async def call(self, method: str, body: bytes) -> bytes:
        self.calls.append((method, body))
        if body == b"\xff":
            raise GrpcStatus(3, "Malformed request")
        answer = self.answers[method]
        if callable(answer):
            answer = await answer(body)
        self.finished.append(method)
        if isinstance(answer, GrpcStatus):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    def subscribe(self) -> BroadcastSubscription:
        return self.events.subscribe()

    def metrics(self) -> str:
        return "# HELP ldk_server_total_peers_count peers\n# TYPE ldk_server_total_peers_count gauge\n"


class FrameClient:
    """A raw HTTP/2 client over TLS: sends what it is told, keeps every frame that comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.frames: list[dict[str, Any]] = []
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.windows: dict[int, int] = {0: 65_535}
        self.initial_window = 65_535
        self._next = 1
        self._unread: deque[dict[str, Any]] = deque()

    @classmethod
    async def open(
        cls, port: int, pem: bytes, *, settings: dict[int, int] | None = None, connection_window: int = 0
    ) -> FrameClient:
        context = ssl.create_default_context(cadata=pem.decode())
        context.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=2**20)
        client = cls(reader, writer)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        client.send(hf.SettingsFrame(0, settings=settings or {}))
        if connection_window:
            client.send(hf.WindowUpdateFrame(0, window_increment=connection_window))
        return client

    def send(self, *frames: hf.Frame) -> None:
        self.writer.write(b"".join(frame.serialize() for frame in frames))

    def request(
        self,
        path: str,
        headers: Sequence[tuple[str, str]] = (),
        *,
        body: bytes | None = b"",
        method: str = "POST",
        content_type: str | None = "application/grpc",
        end: bool = True,
    ) -> int:
        """Send a whole request; `body` None sends no DATA frame, `end` False leaves our side open."""
        stream, self._next = self._next, self._next + 2
        fields = [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        if content_type is not None:
            fields.append(("content-type", content_type))
        fields += headers
        head = hf.HeadersFrame(stream, data=self.encoder.encode(fields), flags=["END_HEADERS"])
        if body is None and end:
            head.flags.add("END_STREAM")
        self.send(head)
        if body is not None:
            self.send(hf.DataFrame(stream, data=body, flags=["END_STREAM"] if end else []))
            self.windows[0] -= len(body)
        return stream

    async def upload(self, stream: int, body: bytes) -> None:
        """Send DATA without END_STREAM within the server's windows."""
        while body:
            room = min(self.windows[0], self.windows.get(stream, self.initial_window), 16_384, len(body))
            if room <= 0:
                frame = await self._receive()
                if frame["type"] in ("HeadersFrame", "RstStreamFrame"):
                    return
                continue
            self.send(hf.DataFrame(stream, data=body[:room]))
            self.windows[0] -= room
            self.windows[stream] = self.windows.get(stream, self.initial_window) - room
            body = body[room:]

    async def frame(self) -> dict[str, Any]:
        """The next frame; EOFError at the end of the connection."""
        return self._unread.popleft() if self._unread else await self._next_frame()

    async def until_end(self, stream: int) -> list[dict[str, Any]]:
        """All frames so far, once the stream has ended."""
        while not any(self._ends(frame, stream) for frame in self.frames):
            await self._next_frame()
        self._unread.clear()
        return self.frames

    async def answer(self, stream: int) -> list[dict[str, Any]]:
        """The frames of one stream, once it has ended."""
        return [frame for frame in await self.until_end(stream) if frame["stream"] == stream]

    async def status(self, stream: int) -> tuple[str, str]:
        """grpc-status and percent-encoded grpc-message of a whole answer."""
        fields: dict[str, str] = {}
        for frame in await self.answer(stream):
            fields.update(frame.get("headers", []))
        return fields.get("grpc-status", "none"), fields.get("grpc-message", "")

    async def eof(self) -> None:
        """Wait for the end of the connection, by FIN."""
        with contextlib.suppress(EOFError):
            while True:
                await self._next_frame()

    def close(self) -> None:
        self.writer.transport.abort()

    @staticmethod
    def _ends(frame: dict[str, Any], stream: int) -> bool:
        return frame["stream"] == stream and ("END_STREAM" in frame["flags"] or frame["type"] == "RstStreamFrame")

    async def _receive(self) -> dict[str, Any]:
        frame = await self._next_frame()
        self._unread.append(frame)
        return frame

    async def _next_frame(self) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            try:
                frame, length = hf.Frame.parse_frame_header(memoryview(await self.reader.readexactly(9)))
                frame.parse_body(memoryview(await self.reader.readexactly(length)))
            except asyncio.IncompleteReadError:
                raise EOFError from None
        seen: dict[str, Any] = {
            "type": type(frame).__name__,
            "stream": frame.stream_id,
            "flags": sorted(frame.flags),
        }
        match frame:
            case hf.SettingsFrame():
                seen["settings"] = {str(int(code)): value for code, value in frame.settings.items()}
                if "ACK" not in frame.flags:
                    window = frame.settings.get(4, 65_535)
                    for stream in self.windows.keys() - {0}:
                        self.windows[stream] += window - self.initial_window
                    self.initial_window = window
                    self.send(hf.SettingsFrame(0, flags=["ACK"]))
            case hf.WindowUpdateFrame():
                seen["increment"] = frame.window_increment
                before = self.windows.get(frame.stream_id, self.initial_window)
                self.windows[frame.stream_id] = before + frame.window_increment
            case hf.HeadersFrame():
                decoded = self.decoder.decode(frame.data, raw=True)
                seen["headers"] = [[name.decode(), value.decode()] for name, value in decoded]
            case hf.DataFrame():
                seen["data"] = frame.data.hex()
            case hf.RstStreamFrame() | hf.GoAwayFrame():
                seen["code"] = frame.error_code
                if isinstance(frame, hf.GoAwayFrame):
                    seen["last"] = frame.last_stream_id
            case hf.PingFrame():
                seen["data"] = frame.opaque_data.hex()
        self.frames.append(seen)
        return seen


def signed(body: bytes, *, key: str | None = None, at: int = NOW, covers_body: bool = True) -> list[tuple[str, str]]:
    """The x-auth header of the test key (bytes 0 to 31) for a framed body."""
    secret = Secret(key if key is not None else bytes(range(32)).hex())
    return [("x-auth", f"HMAC {at}:{signature(secret, at, body if covers_body else None)}")]


EMPTY = framing.frame(b"")


class Running(Protocol):
    """The fixture that starts servers."""

    async def __call__(self, other: Any = None, **options: Any) -> SimServer: ...


class Connect(Protocol):
    """The fixture that opens raw connections."""

    async def __call__(self, server: SimServer, **options: Any) -> FrameClient: ...


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return Certificate.generate()


@pytest.fixture
def backend() -> TableBackend:
    return TableBackend()


@pytest.fixture
async def serve(backend: TableBackend, certificate: Certificate) -> AsyncIterator[Running]:
    """Start servers at NOW; they are stopped after the test, and a mistake of theirs fails it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(other: Any = None, **options: Any) -> SimServer:
            options.setdefault("certificate", certificate)
            options.setdefault("now", lambda: float(NOW))
            return await stack.enter_async_context(running(other or backend, **options))

        yield start


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open raw connections; they are closed after the test."""
    clients: list[FrameClient] = []

    async def start(server: SimServer, **options: Any) -> FrameClient:
        client = await FrameClient.open(server.port, server.certificate.pem, **options)
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Any]:
    """Wait for a predicate, with a limit."""

    async def wait(predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not predicate():
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def sign() -> Callable[..., list[tuple[str, str]]]:
    return signed
