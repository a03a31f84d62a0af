"""Knobs that make the simulated server misbehave on purpose, call by call.

A knob belongs to one method name, or to `EVERY`. Times are seconds of the event loop. What happens on the network
between client and server (black holes, cuts, throttles) is in `ldk_tui.sim.proxy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EVERY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one call goes wrong. `executed`: the node has done the work before the answer goes wrong."""

    executed: bool = False


@dataclass(frozen=True, slots=True)
class Drop(Fault):
    """The TCP connection is reset: the client learns nothing, for any of its open streams."""


@dataclass(frozen=True, slots=True)
class Silence(Fault):
    """No answer at all; the connection stays up and PINGs are answered."""


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """RST_STREAM with an HTTP/2 error code, for instance 2 INTERNAL_ERROR, 7 REFUSED_STREAM, 8 CANCEL."""

    code: int


@dataclass(frozen=True, slots=True)
class GoAway(Fault):
    """GOAWAY, then the connection closes. `disown`: its last stream id is below this call, "not executed"."""

    code: int = 0
    disown: bool = False


@dataclass(frozen=True, slots=True)
class Status(Fault):
    """A status of its own; `code` may be unknown (99), or no number at all."""

    code: int | str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Http(Fault):
    """An answer that is not gRPC, as a wrong port or a proxy in between gives."""

    status: int
    body: bytes = b""
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class CutShort(Fault):
    """The answer ends after `keep` bytes of its frame, with `trailers` (status 0) or with END_STREAM alone."""

    keep: int
    trailers: bool = True


@dataclass(frozen=True, slots=True)
class Garbage(Fault):
    """These bytes instead of the answer's message, in a proper frame."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Huge(Fault):
    """An answer of `size` zero bytes whose frame header says `declared` (default: the truth)."""

    size: int
    declared: int | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Time before the node acts, and between its act and the answer."""

    before_s: float = 0.0
    after_s: float = 0.0


_NO_LATENCY: Final = Latency()


class Faults:
    """The knobs of one server. Everything may be changed while it runs; each call looks once, when it is admitted."""

    def __init__(self) -> None:
        self.clock_offset_s = 0.0
        """Added to the server's clock: its `date` header and its credential window."""
        self._latency: dict[str, Latency] = {}
        self._rules: list[tuple[str, Fault, int | None]] = []

    def slow(self, method: str, *, before_s: float = 0.0, after_s: float = 0.0) -> None:
        """Every call of the method takes this long, until told otherwise. A client's deadline does not shorten it."""
        self._latency[method] = Latency(before_s, after_s)

    def on(self, method: str, fault: Fault, *, times: int | None = 1) -> None:
        """The next `times` calls go wrong in this way (None: all). Rules are used up in the order they were given."""
        self._rules.append((method, fault, times))

    def clear(self, method: str | None = None) -> None:
        """Forget the rules and latencies of one method (or `EVERY`), or with None all of them."""
        self._rules = [rule for rule in self._rules if method is not None and rule[0] != method]
        self._latency = {name: each for name, each in self._latency.items() if method is not None and name != method}

    def latency(self, method: str) -> Latency:
        """The method's own latency, or else the one of `EVERY`."""
        return self._latency.get(method) or self._latency.get(EVERY, _NO_LATENCY)

    def take(self, method: str) -> Fault | None:
        """The fault of this call, used up by asking."""
        for index, (name, fault, times) in enumerate(self._rules):
            if name in (method, EVERY):
                if times is None:
                    return fault
                if times <= 1:
                    del self._rules[index]
                else:
                    self._rules[index] = (name, fault, times - 1)
                return fault
        return None
