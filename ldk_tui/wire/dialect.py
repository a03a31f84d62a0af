"""One dialect per level: protobuf bytes of a server of that level on one side, core values on the other.

Both halves are here, because the simulated server is a server of the same levels: the client's half encodes requests
and decodes answers and events, the server's half does the reverse. Message bytes never include the five-byte gRPC frame
header: `client` and `sim` own that.

Text from outside is cleaned on its way in, once, and the raw form goes out again: `encode_answer` and `encode_event`
put `SafeText.raw` on the wire, so that a simulated server can be hostile. What a well-formed message holds never
raises: unknown enum numbers become UNKNOWN members, an unset oneof its Unknown value, and ids of a wrong form the
`(invalid) …` form.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from ldk_tui.core.errors import NotSupported
from ldk_tui.core.events import Event
from ldk_tui.core.model import Level
from ldk_tui.core.requests import Request


class MalformedRequest(ValueError):
    """The bytes are not the request of that method. A server answers 3 `Malformed request`."""


class Dialect(Protocol):
    """How servers of `level` say it. `methods`: wire names of the unary calls that this level has."""

    @property
    def level(self) -> Level: ...

    @property
    def methods(self) -> frozenset[str]: ...

    def encode_request(self, request: Request) -> bytes:
        """Bytes to sign and send.

        Raises NotSupported when this level cannot say it, BadInput when a number or id is out of its form.
        """
        ...

    def decode_answer(self, method: str, data: bytes) -> Any:
        """The core value for `method` (its wire name); which one is in the table of `ldk_tui.wire.answers`.

        Raises BadAnswer when the bytes are not that message, NotSupported for a method that this level does not have.
        """
        ...

    def decode_event(self, data: bytes) -> Event:
        """One message of the event stream. Raises BadAnswer when the bytes are not an event envelope."""
        ...

    def decode_request(self, method: str, data: bytes) -> Request:
        """What a client asks, unchecked and uncleaned, as a server sees it.

        Raises MalformedRequest, as strictly as the server's library: also for a known field of another wire type.
        Unknown fields are ignored.
        """
        ...

    def encode_answer(self, method: str, answer: Any) -> bytes:
        """The bytes that a server of this level would answer with; what the level cannot say is left out."""
        ...

    def encode_event(self, event: Event) -> bytes | None:
        """The bytes of one event; None when this level has no such event."""
        ...


@cache
def dialect_for(level: Level) -> Dialect:
    """The dialect of `level`; its protobuf modules are imported now, so that nobody pays for the other level's.

    Raises NotSupported for 2026-10, which is recognised but not spoken yet.
    """
    if level is Level.L2026_04:
        from ldk_tui.wire.level_2026_04 import dialect as old

        return old()
    if level is Level.L2026_08:
        from ldk_tui.wire.level_2026_08 import dialect as new

        return new()
    raise NotSupported(
        f"This server speaks wire level {level.value}, which this version of ldk-tui recognises but does not speak. "
        "Use a server of level 2026-04 or 2026-08, or a newer ldk-tui."
    )
