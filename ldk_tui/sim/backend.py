"""What stands behind the simulated server's wire: anything that answers message bytes with message bytes.

The transport (`ldk_tui.sim.server`) knows TLS, HTTP/2, framing and credentials and nothing of Lightning; a `Backend`
knows Lightning and nothing of sockets. The world of `ldk-tui sim` is one; a test may bring a table of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
FAILED_PRECONDITION: Final = 9
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
UNAUTHENTICATED: Final = 16


class GrpcStatus(Exception):
    """A call ends with this status instead of an answer.

    `code` is the gRPC number; a real server uses 3, 4, 9, 12, 13, 14 and 16 only (server facts 4.6). `message` is the
    plain text: the transport percent-encodes it. Lone surrogates (`surrogateescape`) put raw bytes on the wire, so that
    a hostile server can be played.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Subscription(Protocol):
    """One subscriber's share of the events: an async iterator over EventEnvelope bytes (no frame header).

    It is bounded, and a subscriber that falls behind loses events without any mark (server facts 8). The iteration
    ends after `close()`, or when the backend goes down.
    """

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def close(self) -> None:
        """End the iteration, also one that waits. May be called twice."""
        ...


class Backend(Protocol):
    """A node as the wire sees it."""

    def methods(self) -> frozenset[str]:
        """Names of the unary methods of this level, as in `/api.LightningNode/<name>`; SubscribeEvents is not one."""
        ...

    async def call(self, method: str, body: bytes) -> bytes:
        """Message bytes in and out, both without the 5-byte frame header.

        Raises GrpcStatus: 3 `Malformed request` when the bytes are not the method's message, else what the node says.
        Once begun it is never cancelled by a client that goes away (server facts 4.5).
        """
        ...

    def subscribe(self) -> Subscription:
        """A subscription that holds every event from now on; the headers of the stream leave after this returns."""
        ...

    def metrics(self) -> str:
        """The text of `GET /metrics` (Prometheus format, server facts 4.8)."""
        ...
