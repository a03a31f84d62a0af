"""What the client's tests share: a backend that answers with what real servers answered, and clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.client.api import LdkClient
from ldk_tui.client.connection import Limits
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core import requests as rq
from ldk_tui.core.model import Level
from ldk_tui.core.secret import Secret
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.server import SimServer, running
from ldk_tui.sim.subscription import Broadcast, BroadcastSubscription
from ldk_tui.wire.dialect import MalformedRequest, dialect_for

NOW = 1_800_000_000
DATA = Path(__file__).parent.parent / "data"
_FILES = {
    Level.L2026_04: ("calls-2026-04",),
    Level.L2026_08: ("calls-2026-08", "calls-2026-08-jit"),
}


def _recorded(level: Level) -> dict[str, bytes]:
    """The longest answer that a real server of this level gave, by method."""
    best: dict[str, bytes] = {}
    for name in _FILES[level]:
        with (DATA / "recordings" / f"{name}.jsonl").open() as lines:
            for line in lines:
                row = json.loads(line)
                if "method" not in row or (row["status"] != 0 and row["status"] != "OK"):
                    continue
                answer = bytes.fromhex(row["response"])
                if len(answer) >= len(best.get(row["method"], b"")):
                    best[row["method"]] = answer
    return best


class RecordedBackend:
    """Answers every method of its level with what a real server said, or with what the test puts into `answers`
    (bytes, a GrpcStatus, or a function of the request). `heard`: the requests as the server understood them."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.dialect = dialect_for(level)
        self.answers: dict[str, Any] = dict.fromkeys(self.dialect.methods, b"")
        self.answers.update(_recorded(level))
        self.heard: list[rq.Request] = []
        self.bodies: list[bytes] = []
        self.finished: list[str] = []
        self.events = Broadcast(ring=100_000, per_subscriber=64)
        self.metrics_text = "# HELP x y\n# TYPE ldk_server_total_peers_count gauge\nldk_server_total_peers_count 3\n"

    def methods(self) -> frozenset[str]:
        return self.dialect.methods

    async def call(self, method: str, body: bytes) -> bytes:
        self.bodies.append(body)
        try:
            request = self.dialect.decode_request(method, body)
        except MalformedRequest:
            raise GrpcStatus(3, "Malformed request") from None
        self.heard.append(request)
        answer = self.answers[method]
        if callable(answer):
            answer = answer(request)
        self.finished.append(method)
        if isinstance(answer, GrpcStatus):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    def subscribe(self) -> BroadcastSubscription:
        return self.events.subscribe()

    def metrics(self) -> str:
        return self.metrics_text


class World:
    """One simulated server and the clients that a test makes of it."""

    def __init__(self, server: SimServer, backend: RecordedBackend, stack: contextlib.AsyncExitStack) -> None:
        self.server = server
        self.backend = backend
        self._stack = stack
        self.now = float(NOW)

    def target(self, **changes: Any) -> Target:
        fields: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "trust": PinnedCertificate(pem=self.server.certificate.pem),
            "key": self.server.key,
        }
        return Target(**(fields | changes))

    async def client(self, *, limits: Limits | None = None, **changes: Any) -> LdkClient:
        client = await LdkClient.connect(self.target(**changes), now=lambda: self.now, limits=limits)
        self._stack.push_async_callback(client.close)
        return client


Make = Callable[..., Awaitable[World]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """`await make(level=…, …)`: a running server; the keywords are those of `sim.server.running`."""
    async with contextlib.AsyncExitStack() as stack:

        async def world(level: Level = Level.L2026_08, wire: Level | None = None, **options: Any) -> World:
            backend = RecordedBackend(wire or (Level.L2026_08 if level is Level.L2026_10 else level))
            options.setdefault("now", lambda: float(NOW))
            server = await stack.enter_async_context(running(backend, level=level, **options))
            return World(server, backend, stack)

        yield world


@pytest.fixture
async def world(make: Make) -> World:
    """A server of 2026-08 with nothing special."""
    return await make()


@pytest.fixture(scope="session")
def other_certificate() -> Certificate:
    return Certificate.generate()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """`await until(predicate)`: polls, and fails the test when it does not come true within ten seconds."""

    async def wait(predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not predicate():
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "api_key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o400)
    return path


@pytest.fixture
def secret_key() -> Secret[str]:
    return Secret(bytes(range(32)).hex())
