"""Every way in which a call can end badly, turned into `core.errors`: the one place (safety facts 3.1).

Two questions decide: had the request left (`Ended.sent`), and does the call move money (`Effect.MONEY`)? Not left:
`Unreachable`, nothing was executed. Left, moves money, and no status that proves a refusal: `OutcomeUnknown`. That
includes 13 INTERNAL (the node can report a full disk after it accepted the payment), every RST_STREAM and GOAWAY (also
those that promise "not processed": a look-up costs less than a payment made twice), and an answer that cannot be read.

| status | read | moves money |
|---|---|---|
| 3, 9, 12, 16, 7 | Refused, LightningRefused, NotSupported, AccessDenied | the same: not executed |
| 13 | ServerTrouble | OutcomeUnknown |
| 14 | ShuttingDown | OutcomeUnknown |
| 4 | DeadlineExceeded | OutcomeUnknown |
| any other | ServerTrouble | OutcomeUnknown |
"""

from __future__ import annotations

import errno
import socket
import ssl
from enum import Enum

from ldk_tui.client.clock import SUSPECT_S, TOLERANCE_S, SkewMeter, describe_skew
from ldk_tui.client.exchange import End, Ended
from ldk_tui.client.target import Target
from ldk_tui.core.errors import (
    AccessCause,
    AccessDenied,
    BadAnswer,
    DeadlineExceeded,
    LdkError,
    LightningRefused,
    NotSupported,
    OutcomeUnknown,
    Refused,
    ServerTrouble,
    ShuttingDown,
    Unreachable,
    UnreachableCause,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.requests import Effect, Rpc
from ldk_tui.core.text import SafeText, clean

INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
PERMISSION_DENIED = 7
FAILED_PRECONDITION = 9
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
UNAUTHENTICATED = 16

_TLS_PLAIN = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNEXPECTED_MESSAGE", "BAD_RECORD_TYPE"}
_TLS_PLAIN |= {"RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "BAD_LENGTH", "UNEXPECTED_RECORD"}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}


class StatusError(Exception):
    """The server answered with a status other than 0. `text` is what it said: raw, hostile until cleaned."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"status {code}")
        self.code = code
        self.text = text


class Step(Enum):
    """How far connecting had come."""

    NAME_LOOKUP = "name lookup"
    TCP = "tcp"
    TLS = "tls"
    HTTP2 = "http2"


@dataclass(frozen=True, slots=True)
class Context:
    """What the sentences need to know: whom we talk to, and how the clocks differ."""

    target: Target
    meter: SkewMeter


def of_status(status: StatusError, rpc: Rpc, context: Context) -> LdkError:
    """The error of a status that the server answered."""
    code, text = status.code, clean(status.text, kind="text")
    money = rpc.effect is Effect.MONEY
    if code == INVALID_ARGUMENT:
        return Refused("The server did not accept the input; nothing was done.", code=code, server_text=text)
    if code == FAILED_PRECONDITION:
        sentence = "The node refused."
        error = LightningRefused(sentence, code=code, server_text=text)
        if error.already_initiated:
            return LightningRefused(
                "A payment with this hash exists already: on its way, made, or the invoice is this node's own. "
                "Look it up before anything else.",
                code=code,
                server_text=text,
            )
        return error
    if code == UNIMPLEMENTED:
        return NotSupported(
            f"This server does not know {rpc.name}: it is older or newer than this program expects.",
            code=code,
            server_text=text,
        )
    if code in {UNAUTHENTICATED, PERMISSION_DENIED}:
        return access_denied(code, text, context)
    if money:
        return _unknown(rpc, code=code, text=text)
    if code == DEADLINE_EXCEEDED:
        return DeadlineExceeded(f"{rpc.name} took longer than its {_seconds(rpc)}.", code=code, server_text=text)
    if code == UNAVAILABLE:
        return ShuttingDown("The server is shutting down.", code=code, server_text=text)
    what = "The server is in trouble" if code == INTERNAL else f"The server answered with the unusual status {code}"
    return ServerTrouble(f"{what}; its log says more.", code=code, server_text=text)


def access_denied(code: int, text: SafeText, context: Context) -> AccessDenied:
    """Which of the reasons for 16 (or 7) it is. The server checks the time before the key: a text about the time says
    nothing about the key. Where the text says neither, the measured difference of the clocks decides."""
    target, skew = context.target, context.meter.latest_s
    low = text.lower()
    if code == PERMISSION_DENIED:
        return AccessDenied(
            "These credentials do not allow this call.", cause=AccessCause.PERMISSION, code=code, server_text=text
        )
    if "macaroon" in low:
        return wrong_family(target, code=code, text=text)
    expired = "timestamp expired" in low
    wrong_key = "invalid credentials" in low
    if expired or (not wrong_key and skew is not None and abs(skew) > SUSPECT_S):
        measured = (
            describe_skew(skew) if skew is not None else "This computer's clock and the server's differ too much."
        )
        return AccessDenied(
            f"{measured} Requests are only accepted within {TOLERANCE_S} s: set the clock "
            "(timedatectl set-ntp true, or the system's settings).",
            cause=AccessCause.CLOCK,
            clock_skew_s=skew,
            code=code,
            server_text=text,
        )
    if "missing" in low:
        return AccessDenied(
            f"{target.address} saw no credentials: something in between removes the header {'x-auth'}.",
            cause=AccessCause.MISSING,
            clock_skew_s=skew,
            code=code,
            server_text=text,
        )
    if "format" in low or "invalid timestamp" in low or "invalid hmac" in low:
        return AccessDenied(
            f"{target.address} could not read the credentials: something in between changes them.",
            cause=AccessCause.MALFORMED,
            clock_skew_s=skew,
            code=code,
            server_text=text,
        )
    where = f" from {target.key_path}" if target.key_path is not None else ""
    network = f" (network {target.network.value})" if target.network is not None else ""
    return AccessDenied(
        f"{target.address} does not accept the API key{where} (fingerprint {target.key_fingerprint}): take the file "
        f"api_key of this server and network{network}.",
        cause=AccessCause.WRONG_KEY,
        clock_skew_s=skew,
        code=code,
        server_text=text,
    )


def wrong_family(target: Target, *, code: int | None = None, text: SafeText | None = None) -> AccessDenied:
    """A server of the macaroon family (level 2026-10): recognised and named; it is given no credentials of ours."""
    return AccessDenied(
        f"{target.address} is a server of level 2026-10, which wants a macaroon instead of an API key; this version "
        "speaks 2026-04 and 2026-08.",
        cause=AccessCause.WRONG_FAMILY,
        code=code,
        server_text=text,
    )


def of_end(ended: Ended, rpc: Rpc, context: Context) -> LdkError:
    """The error of a call that ended without a status."""
    address = context.target.address
    if not ended.sent:
        if ended.end is End.DEADLINE:
            sentence = f"{rpc.name} was not sent: {address} had no free stream within {_seconds(rpc)}."
            return Unreachable(sentence, cause=UnreachableCause.TIMEOUT, detail=str(ended))
        sentence = f"{rpc.name} was not sent: the connection to {address} had just ended."
        return Unreachable(sentence, cause=UnreachableCause.LOST, detail=str(ended))
    if rpc.effect is Effect.MONEY:
        return _unknown(rpc, ended=ended)
    if ended.end is End.DEADLINE:
        return DeadlineExceeded(f"{address} did not answer {rpc.name} within {_seconds(rpc)}.")
    if ended.end is End.TOO_BIG:
        return BadAnswer(f"The answer to {rpc.name} is too big: {ended.detail}.")
    if ended.end is End.CUT:
        return BadAnswer(f"The answer to {rpc.name} was cut short ({ended.detail}).")
    if ended.end is End.NOT_GRPC:
        return BadAnswer(
            f"{address} did not answer {rpc.name} as an LDK Server does ({ended.detail}): is something in between?"
        )
    reason = {
        End.LOST: "the connection was lost",
        End.SILENT: "the server fell silent",
        End.RESET: "the server broke off",
        End.GOAWAY: "the server closed the connection",
        End.CLOSED: "the connection was closed here",
        End.PROTOCOL: "the answer was no HTTP/2",
    }[ended.end]
    return Unreachable(
        f"No answer to {rpc.name} from {address}: {reason}.", cause=UnreachableCause.LOST, detail=str(ended)
    )


def of_answer(error: Exception, rpc: Rpc) -> LdkError:
    """The error of an answer that arrived whole and cannot be understood."""
    if rpc.effect is Effect.MONEY:
        return _unknown(rpc, why="its answer cannot be read")
    return error if isinstance(error, LdkError) else BadAnswer(f"The answer to {rpc.name} cannot be read.")


def _unknown(
    rpc: Rpc, *, code: int | None = None, text: SafeText | None = None, ended: Ended | None = None, why: str = ""
) -> OutcomeUnknown:
    if ended is not None:
        why = {
            End.DEADLINE: f"there was no answer within {_seconds(rpc)}",
            End.LOST: "the connection was lost before the answer",
            End.SILENT: "the server fell silent before the answer",
            End.RESET: f"the server broke off ({ended.detail})",
            End.GOAWAY: f"the server closed the connection ({ended.detail})",
            End.CLOSED: "the connection was closed before the answer",
            End.PROTOCOL: "the answer was no HTTP/2",
            End.CUT: "the answer was cut short",
            End.TOO_BIG: "the answer was too big",
            End.NOT_GRPC: "the answer was not a gRPC answer",
        }[ended.end]
    elif code is not None:
        why = f"the server answered with status {code}, which proves nothing"
    return OutcomeUnknown(
        f"{rpc.name} was sent and {why}: it may have been executed. Look it up; do not send it again.",
        code=code,
        server_text=text,
    )


def _seconds(rpc: Rpc) -> str:
    return f"{rpc.deadline_s:g} s" if rpc.deadline_s is not None else "time"


# --- connecting --------------------------------------------------------------------------------------------------


def not_http2(target: Target, detail: str = "") -> Unreachable:
    """TLS stands, HTTP/2 does not."""
    sentence = (
        f"{target.address} speaks TLS but not HTTP/2: is it the gRPC port of the server (3536 by default), or a web "
        "server or proxy?"
    )
    return Unreachable(sentence, cause=UnreachableCause.NOT_HTTP2, detail=detail)


def of_connecting(step: Step, error: BaseException, target: Target, limit_s: float) -> Unreachable:
    """The error of a connection that did not come to stand. Whatever it is: nothing was sent."""
    address, detail = target.address, f"{step.value}: {type(error).__name__}"
    if isinstance(error, OSError) and error.errno is not None:
        detail += f" {errno.errorcode.get(error.errno, error.errno)}"
    if isinstance(error, TimeoutError) and getattr(error, "errno", None) is None:  # ours; ETIMEDOUT has a number
        return _too_slow(step, target, limit_s, detail)
    if step is Step.NAME_LOOKUP or isinstance(error, socket.gaierror):
        sentence = f"The name {target.host} cannot be looked up: check its spelling and this computer's network."
        return Unreachable(sentence, cause=UnreachableCause.NAME_LOOKUP, detail=detail)
    if step is Step.TCP:
        return _no_tcp(error, target, detail)
    if step is Step.HTTP2:
        if isinstance(error, Ended) and error.end is not End.LOST:
            return not_http2(target, detail)
        sentence = f"{address} closed the connection right after it was made: is the server starting or stopping?"
        return Unreachable(sentence, cause=UnreachableCause.LOST, detail=detail)
    reason = (getattr(error, "reason", None) or "") if isinstance(error, ssl.SSLError) else ""
    if reason:
        detail += f" {reason}"
    if "NO_APPLICATION_PROTOCOL" in reason:
        return not_http2(target, detail)
    if reason in _TLS_PLAIN:
        sentence = f"{address} does not speak TLS: is it the gRPC port of the server (3536 by default)?"
    elif "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason or "HANDSHAKE_FAILURE" in reason:
        sentence = f"{address} and this computer have no TLS version in common (1.2 or later is needed)."
    else:
        sentence = (
            f"{address} ended the connection during the TLS handshake: it does not speak TLS, or a tunnel or proxy on "
            "the way leads nowhere."
        )
    return Unreachable(sentence, cause=UnreachableCause.NOT_TLS, detail=detail)


def _too_slow(step: Step, target: Target, limit_s: float, detail: str) -> Unreachable:
    address = target.address
    if step is Step.HTTP2:
        return not_http2(target, detail)
    if step is Step.NAME_LOOKUP:
        sentence = f"Looking up {target.host} took longer than {limit_s:g} s: check this computer's network."
    elif step is Step.TCP:
        sentence = f"{address} did not answer within {limit_s:g} s: check the address, the firewall and the network."
    else:
        sentence = (
            f"{address} accepts connections but did not answer within {limit_s:g} s: the server hangs, or another "
            "program is on this port."
        )
    return Unreachable(sentence, cause=UnreachableCause.TIMEOUT, detail=detail)


def _no_tcp(error: BaseException, target: Target, detail: str) -> Unreachable:
    address = target.address
    if isinstance(error, ConnectionRefusedError):
        sentence = f"Nothing listens at {address}: the server is not running, still starting, or on another port."
        return Unreachable(sentence, cause=UnreachableCause.REFUSED, detail=detail)
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ETIMEDOUT:
        sentence = f"{address} did not answer: check the address, the firewall and the network."
        return Unreachable(sentence, cause=UnreachableCause.TIMEOUT, detail=detail)
    what = "There is no route to" if number in _NO_ROUTE else "No connection can be made to"
    sentence = f"{what} {address}: check the address and this computer's network."
    return Unreachable(sentence, cause=UnreachableCause.NO_ROUTE, detail=detail)
