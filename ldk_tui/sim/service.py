"""What the server does with one request: the checks in the order of its level, the call, the stream, the metrics.

Check order: server facts 4.3 (2026-08) and 1.5 (2026-04: credentials before time-out and path, and without the
body; the macaroon family: before the body too). Deadlines and cancellation: 4.5. Framing of errors: 4.1.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from ldk_tui.sim import faults as fault
from ldk_tui.sim import framing
from ldk_tui.sim.auth import Gate, MetricsAccess
from ldk_tui.sim.backend import (
    DEADLINE_EXCEEDED,
    INTERNAL,
    INVALID_ARGUMENT,
    UNAVAILABLE,
    UNIMPLEMENTED,
    Backend,
    GrpcStatus,
    Subscription,
)
from ldk_tui.sim.connection import Stream, StreamGone

Framing = Literal["real", "standard"]
GateMoment = Literal["first", "after path", "after body"]

YIELDING: Final = "UnifiedSend"  # the only handler that waits before it acts: there a deadline or a cancel still counts

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Subscriber:
    stream: Stream
    subscription: Subscription
    fault: fault.Fault | None = None


class _Work:
    """One execution by the backend. Once begun it ends by itself, whatever the client does."""

    def __init__(self, backend: Backend, method: str, message: bytes, before_s: float) -> None:
        self.begun = False
        self.task = asyncio.get_running_loop().create_task(self._run(backend, method, message, before_s))

    async def _run(self, backend: Backend, method: str, message: bytes, before_s: float) -> bytes:
        if before_s > 0:
            await asyncio.sleep(before_s)
        self.begun = True
        return await backend.call(method, message)

    def cancel_unless_begun(self) -> None:
        if not self.begun:
            self.task.cancel()


class Service:
    """Answers the streams of all connections of one server."""

    def __init__(
        self,
        backend: Backend,
        *,
        gate: Gate,
        gate_moment: GateMoment,
        metrics: MetricsAccess,
        framing_mode: Framing,
        faults: fault.Faults,
        now: Callable[[], float],
    ) -> None:
        self.backend = backend
        self.gate = gate
        self.metrics = metrics
        self.framing = framing_mode
        self.failures: list[Exception] = []
        """Exceptions of the backend that are no GrpcStatus: mistakes of the simulator, never part of a scenario."""
        self.stopping = False
        self._gate_moment = gate_moment
        self._faults = faults
        self._clock = now
        self._subscribers: set[_Subscriber] = set()
        self._no_subscribers = asyncio.Event()
        self._no_subscribers.set()
        self._work: set[asyncio.Task[bytes]] = set()

    @property
    def subscribers(self) -> int:
        """How many event streams are open."""
        return len(self._subscribers)

    @property
    def working(self) -> int:
        """How many unary calls the backend is executing, also those whose client has gone."""
        return len(self._work)

    def now(self) -> float:
        """The server's clock: unix seconds, with the offset of the faults."""
        return self._clock() + self._faults.clock_offset_s

    def shut_streams(self, how: fault.Fault | None = None) -> None:
        """End every event stream: with trailers 14 `server shutting down`, or in the given way."""
        for subscriber in tuple(self._subscribers):
            subscriber.fault = how
            subscriber.subscription.close()

    async def streams_ended(self) -> None:
        """Wait until the last event stream has said its end."""
        await self._no_subscribers.wait()

    def abandon_work(self) -> None:
        """The process is gone: what the backend had not finished is never finished."""
        for task in tuple(self._work):
            task.cancel()

    async def handle(self, stream: Stream) -> None:
        """One request from its headers to the end of its answer."""
        try:
            if stream.method == "GET" and stream.path == "/metrics":
                await self._metrics(stream)
            else:
                try:
                    await self._grpc(stream)
                except GrpcStatus as status:
                    self._refuse(stream, status.code, status.message)
            stream.finish()
        except StreamGone:
            stream.finish()

    # the checks

    async def _grpc(self, stream: Stream) -> None:
        if stream.method != "POST":
            raise GrpcStatus(UNIMPLEMENTED, "gRPC requires POST method")
        if stream.header(b"content-type") not in framing.CONTENT_TYPES:
            raise GrpcStatus(INVALID_ARGUMENT, "Invalid content-type for gRPC")
        if self._gate_moment == "first":
            self._check_gate(stream, b"")
        timeout = framing.timeout_seconds(stream.header(b"grpc-timeout"))
        name = framing.method_name(stream.path)
        if name == framing.SUBSCRIBE:
            timeout = None
        deadline = _Deadline(timeout)
        if self._gate_moment == "after path":
            self._check_gate(stream, b"")
        body = await self._read_body(stream, deadline)
        if self._gate_moment == "after body":
            self._check_gate(stream, body)
        if name == framing.SUBSCRIBE:
            await self._subscribe(stream)
            return
        if name not in self.backend.methods():
            raise GrpcStatus(UNIMPLEMENTED, f"Unknown method: {name}")
        message = framing.unframe(body)
        await asyncio.sleep(0)  # the server's one yield before the handler: a reset that has arrived cancels cleanly
        if stream.gone:
            raise StreamGone
        deadline.check()
        await self._unary(stream, name, message, deadline)

    def _check_gate(self, stream: Stream, body: bytes) -> None:
        self.gate.check(stream.header(self.gate.header), body, self.now())

    async def _read_body(self, stream: Stream, deadline: _Deadline) -> bytes:
        announced = framing.content_length(stream.header(b"content-length"))
        body = await deadline.limit(stream.read_body())
        if body is None:
            raise GrpcStatus(INVALID_ARGUMENT, "Request body too large or failed to read")
        if announced is not None and announced != len(body):
            raise GrpcStatus(INVALID_ARGUMENT, "Request body length does not match content-length")
        return body

    # unary calls

    async def _unary(self, stream: Stream, name: str, message: bytes, deadline: _Deadline) -> None:
        latency = self._faults.latency(name)
        wrong = self._faults.take(name)
        if wrong is not None and not wrong.executed and not isinstance(wrong, fault.CutShort):
            await asyncio.sleep(latency.before_s)
            await self._break(stream, wrong)
            return
        if self.stopping:
            raise GrpcStatus(INTERNAL, "Node is not running.")
        work = _Work(self.backend, name, message, latency.before_s)
        self._work.add(work.task)
        work.task.add_done_callback(self._work_done)
        answer = await self._outcome(stream, name, work, deadline)
        if latency.after_s > 0:
            await asyncio.sleep(latency.after_s)
        if wrong is not None and not isinstance(wrong, fault.CutShort):
            await self._break(stream, wrong)
        elif isinstance(answer, GrpcStatus):
            raise answer
        elif isinstance(wrong, fault.CutShort):
            await self._cut_short(stream, wrong, answer)
        else:
            body = framing.frame(answer)
            stream.send_headers(framing.answer_headers(self.now(), length=len(body)))
            await stream.send_data(body)
            stream.flush()
            stream.send_headers(framing.status_headers(0), end=True)
            stream.flush()

    async def _outcome(self, stream: Stream, name: str, work: _Work, deadline: _Deadline) -> bytes | GrpcStatus:
        """The backend's answer. A deadline or a cancel is seen by UnifiedSend only, and only before it acts."""
        try:
            if name == YIELDING:
                stream.on_gone = work.cancel_unless_begun
                try:
                    return await deadline.limit(asyncio.shield(work.task))
                except GrpcStatus as status:
                    if status.code == DEADLINE_EXCEEDED:
                        work.cancel_unless_begun()
                    raise
            return await asyncio.shield(work.task)
        except GrpcStatus as status:
            return status
        except asyncio.CancelledError:
            if work.task.cancelled():
                raise StreamGone from None
            raise
        except Exception as error:
            return GrpcStatus(INTERNAL, f"The simulator made a mistake: {type(error).__name__}")

    def _work_done(self, task: asyncio.Task[bytes]) -> None:
        self._work.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception) and not isinstance(error, GrpcStatus):
            self.failures.append(error)
            _log.error("the simulated node failed", exc_info=error)

    # the event stream

    async def _subscribe(self, stream: Stream) -> None:
        latency = self._faults.latency(framing.SUBSCRIBE)
        if latency.before_s > 0:
            await asyncio.sleep(latency.before_s)
        wrong = self._faults.take(framing.SUBSCRIBE)
        if wrong is not None:
            await self._break(stream, wrong)
            return
        if self.stopping or stream.gone:
            raise StreamGone
        subscriber = _Subscriber(stream, self.backend.subscribe())
        self._subscribers.add(subscriber)
        self._no_subscribers.clear()
        stream.on_gone = subscriber.subscription.close
        try:
            stream.send_headers(framing.answer_headers(self.now(), length=None))
            stream.flush()
            async for event in subscriber.subscription:
                await stream.send_data(framing.frame(event))
                stream.flush()
                await stream.writable()
            if subscriber.fault is not None:
                await self._break(stream, subscriber.fault, started=True)
            else:
                stream.send_headers(framing.status_headers(UNAVAILABLE, "server shutting down"), end=True)
                stream.flush()
        finally:
            subscriber.subscription.close()
            self._subscribers.discard(subscriber)
            if not self._subscribers:
                self._no_subscribers.set()

    # answers that are not successes

    def _refuse(self, stream: Stream, code: int | str, message: str) -> None:
        """An error as the whole answer: one flight, so that Nagle does not delay it."""
        headers = framing.error_headers(self.now(), code, message)
        if self.framing == "standard":
            stream.send_headers(headers, end=True)
        else:
            stream.send_headers(headers)
            stream.send_end()
        stream.flush()

    async def _metrics(self, stream: Stream) -> None:
        now = self.now()
        if not self.metrics.allows(stream.header(b"authorization")):
            headers = framing.plain_headers(now, 401, [("www-authenticate", 'Basic realm="metrics"')])
            body = b"Unauthorized"
        elif not self.metrics.enabled:
            headers, body = framing.plain_headers(now, 404), b"Not Found"
        else:
            headers = framing.plain_headers(now, 200, [("content-type", "text/plain")])
            body = self.backend.metrics().encode()
        stream.send_headers(headers)
        await stream.send_data(body)
        stream.send_end()
        stream.flush()

    async def _break(self, stream: Stream, wrong: fault.Fault, *, started: bool = False) -> None:
        """Let the answer go wrong. `started`: the initial headers have left already."""
        match wrong:
            case fault.Drop():
                stream.connection.abort(reset=True)
                stream.mark_gone()
            case fault.Silence():
                await stream.until_gone()
            case fault.Reset(code=code):
                stream.reset(code)
            case fault.GoAway(code=code, disown=disown):
                stream.connection.goaway(code, max(stream.id - 2, 0) if disown else None)
                stream.connection.close()
                stream.mark_gone()
            case fault.Status(code=code, message=message) if started:
                stream.send_headers(framing.status_headers(code, message), end=True)
                stream.flush()
            case fault.Status(code=code, message=message):
                self._refuse(stream, code, message)
            case fault.Http(status=status, body=body, content_type=content_type) if not started:
                stream.send_headers(framing.plain_headers(self.now(), status, [("content-type", content_type)]))
                await stream.send_data(body)
                stream.send_end()
                stream.flush()
            case fault.Garbage(message=message):
                await self._answer_with(stream, framing.frame(message), started=started)
            case fault.Huge(size=size, declared=declared):
                head = b"\0" + (size if declared is None else declared).to_bytes(4, "big")
                await self._answer_with(stream, head + bytes(size), started=started)
            case _:
                raise AssertionError(f"{type(wrong).__name__} cannot happen here")

    async def _answer_with(self, stream: Stream, body: bytes, *, started: bool) -> None:
        if not started:
            stream.send_headers(framing.answer_headers(self.now(), length=None))
        await stream.send_data(body)
        stream.flush()
        stream.send_headers(framing.status_headers(0), end=True)
        stream.flush()

    async def _cut_short(self, stream: Stream, wrong: fault.CutShort, answer: bytes) -> None:
        stream.send_headers(framing.answer_headers(self.now(), length=None))
        await stream.send_data(framing.frame(answer)[: wrong.keep])
        stream.flush()
        if wrong.trailers:
            stream.send_headers(framing.status_headers(0), end=True)
        else:
            stream.send_end()
        stream.flush()


class _Deadline:
    """`grpc-timeout`, looked at where the real server looks (4.5).

    Its timer counts in whole milliseconds, rounded up, and asks the call first: so `0n` still answers normally (run).
    """

    def __init__(self, timeout_s: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = None if timeout_s is None else self._loop.time() + (math.floor(timeout_s * 1000) + 1) / 1000

    def check(self) -> None:
        """Raises GrpcStatus 4 when the time is over."""
        if self._at is not None and self._loop.time() >= self._at:
            raise GrpcStatus(DEADLINE_EXCEEDED, "Deadline exceeded")

    async def limit(self, awaitable: Awaitable[_T]) -> _T:
        """The result, or GrpcStatus 4 when it does not come in time; the awaitable itself is cancelled then."""
        if self._at is None:
            return await awaitable
        expired = asyncio.timeout_at(self._at)
        try:
            async with expired:
                return await awaitable
        except TimeoutError:
            if expired.expired():
                raise GrpcStatus(DEADLINE_EXCEEDED, "Deadline exceeded") from None
            raise
