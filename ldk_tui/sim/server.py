"""The simulated LDK Server: real TLS, real HTTP/2, the exact frames; what it says comes from a `Backend`.

    async with running(backend, now=clock) as server:
        ...  # 127.0.0.1:server.port, server.certificate.pem, server.key

Life cycle as in server facts 4.7: refused until started; `stop` ends event streams with trailers 14 and closes without
GOAWAY; `abort` is the kill. A stopped server starts again on the same port.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Level, Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.auth import Gate, HmacGate, MacaroonGate, MetricsAccess, key_text
from ldk_tui.sim.backend import Backend
from ldk_tui.sim.certificate import Certificate, server_context
from ldk_tui.sim.connection import Connection
from ldk_tui.sim.faults import Fault, Faults
from ldk_tui.sim.folder import write_folder
from ldk_tui.sim.service import Framing, GateMoment, Service

Family = Literal["x-auth", "macaroon"]

_FAREWELL_S: Final = 1.0  # how long a stopping server waits for a client that does not read


class SimServer:
    """One listening server. Belongs to the event loop in which it is started.

    `api_key`: the bytes of the key file; `now`: unix seconds; `framing` "standard" sends errors as true Trailers-Only;
    `family` "macaroon" (the default of level 2026-10) refuses every credential, with that family's texts.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        level: Level = Level.L2026_08,
        api_key: bytes,
        certificate: Certificate,
        now: Callable[[], float],
        framing: Framing = "real",
        family: Family | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        metrics: MetricsAccess = MetricsAccess(),  # noqa: B008, frozen
        faults: Faults | None = None,
        nodelay: bool = False,
        alpn: Sequence[str] = ("h2",),
    ) -> None:
        self.level = level
        self.host = host
        self.key: Secret[str] = key_text(api_key)
        """The HMAC key: the lower-case hex text of the key file's bytes."""
        self.certificate = certificate
        self.faults = faults if faults is not None else Faults()
        self._asked_port = port
        self._nodelay = nodelay
        self._context: ssl.SSLContext = server_context(certificate, alpn=alpn)
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        gate, moment = _gate(level, family, self.key)
        self.service = Service(
            backend,
            gate=gate,
            gate_moment=moment,
            metrics=metrics,
            framing_mode=framing,
            faults=self.faults,
            now=now,
        )

    @property
    def port(self) -> int:
        """The port it listens on; after the first start it stays the same."""
        return self._asked_port

    @property
    def failures(self) -> list[Exception]:
        """Mistakes of the backend: exceptions that are no GrpcStatus."""
        return self.service.failures

    @property
    def connections(self) -> int:
        """Open connections (after the TLS handshake)."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen. Raises BadInput when the address cannot be used."""
        if self._listener is not None:
            raise RuntimeError("the server is running")
        self.service.stopping = False
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                self._accept, self.host, self._asked_port, ssl=self._context, backlog=1024
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput(f"Cannot listen on {self.host}:{self._asked_port}: {reason}.") from None
        self._asked_port = cast(int, self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """SIGTERM: refuse, end event streams with 14 `server shutting down`, close TCP without GOAWAY."""
        if self._listener is None:
            return
        self.service.stopping = True
        self._listener.close()
        self._listener = None
        self.service.shut_streams()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self.service.streams_ended()
                for connection in tuple(self._connections):
                    await connection.drain()
        await self._end(reset=False)

    async def abort(self) -> None:
        """kill -9, or the machine loses power: every connection is reset, nothing is said."""
        if self._listener is None:
            return
        self.service.stopping = True
        self._listener.close()
        self._listener = None
        await self._end(reset=True)

    def end_streams(self, how: Fault) -> None:
        """Break every open event stream in this way; the server stays up. (None of them is told 14.)"""
        self.service.shut_streams(how)

    def drop_connections(self) -> None:
        """Reset every connection; the server stays up, the backend's work goes on."""
        for connection in tuple(self._connections):
            connection.abort(reset=True)

    def swap_certificate(self, certificate: Certificate) -> None:
        """Another certificate for the handshakes from now on, as after an operator deleted tls.crt and tls.key."""
        certificate.load_into(self._context)
        self.certificate = certificate

    def _accept(self) -> Connection:
        return Connection(
            self.service.handle,
            self._spawn,
            nodelay=self._nodelay,
            opened=self._connections.add,
            closed=self._connections.discard,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._handled)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.service.failures.append(error)

    async def _end(self, *, reset: bool) -> None:
        connections = tuple(self._connections)
        for connection in connections:
            connection.abort(reset=reset)
        for connection in connections:
            await connection.lost()
        self.service.abandon_work()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _gate(level: Level, family: Family | None, key: Secret[str]) -> tuple[Gate, GateMoment]:
    if (family or ("macaroon" if level is Level.L2026_10 else "x-auth")) == "macaroon":
        return MacaroonGate(), "after path"
    if level is Level.L2026_04:
        return HmacGate(key, covers_body=False), "first"
    return HmacGate(key, covers_body=True), "after body"


@contextlib.asynccontextmanager
async def running(
    backend: Backend,
    *,
    now: Callable[[], float],
    level: Level = Level.L2026_08,
    network: Network = Network.REGTEST,
    folder: Path | None = None,
    hosts: Sequence[str] = (),
    api_key: bytes | None = None,
    certificate: Certificate | None = None,
    framing: Framing = "real",
    family: Family | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    metrics: MetricsAccess = MetricsAccess(),  # noqa: B008, frozen
    faults: Faults | None = None,
    nodelay: bool = False,
    alpn: Sequence[str] = ("h2",),
) -> AsyncIterator[SimServer]:
    """A server that runs inside the `async with`, for tests, for `ldk-tui demo` and for `ldk-tui sim`.

    With `folder` it writes what a real server would have there (config.toml, tls.crt, <network>/api_key) and takes an
    existing key and certificate from it; otherwise both are made up. An exception of the backend that is no
    GrpcStatus is raised at the end, so that no test passes over a mistake of the simulator.
    """
    files = write_folder(folder, network=network, hosts=hosts) if folder is not None else None
    server = SimServer(
        backend,
        level=level,
        api_key=api_key or (files.api_key.reveal() if files else bytes(range(32))),
        certificate=certificate or (files.certificate if files else Certificate.generate(hosts)),
        now=now,
        framing=framing,
        family=family,
        host=host,
        port=port,
        metrics=metrics,
        faults=faults,
        nodelay=nodelay,
        alpn=alpn,
    )
    await server.start()
    try:
        if files is not None:
            files.write_config(f"{host}:{server.port}")
        yield server
    finally:
        await server.stop()
    if server.failures:
        raise ExceptionGroup("the simulated server made mistakes", server.failures)
