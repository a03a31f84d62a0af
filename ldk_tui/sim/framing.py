"""gRPC over HTTP/2 as this server speaks it: body frames, time-outs, percent-encoding, and the headers of answers.

Checks and texts: server facts 4.3; encoding: 4.6; header sets and their order: the frame recordings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import formatdate
from typing import Final
from urllib.parse import quote

from ldk_tui.sim.backend import INVALID_ARGUMENT, UNIMPLEMENTED, GrpcStatus

Headers = list[tuple[str, str]]

SERVICE_PREFIX: Final = "/api.LightningNode/"
SUBSCRIBE: Final = "SubscribeEvents"
MAX_BODY: Final = 10 * 1024 * 1024
CONTENT_TYPES: Final = frozenset({b"application/grpc", b"application/grpc+proto"})

_TIMEOUT = re.compile(rb"([0-9]{1,8})([HMSmun])")
_UNIT_S = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_USIZE = re.compile(rb"\+?[0-9]+")


def frame(message: bytes) -> bytes:
    """The message with its 5-byte frame header (never compressed)."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def unframe(body: bytes) -> bytes:
    """The one message of a unary request. Raises GrpcStatus as check 10 of the server does."""
    if len(body) < 5:
        raise GrpcStatus(INVALID_ARGUMENT, "Request body too short for gRPC frame")
    if body[0] != 0:
        raise GrpcStatus(UNIMPLEMENTED, "gRPC compression is not supported")
    end = 5 + int.from_bytes(body[1:5], "big")
    if end > len(body):
        raise GrpcStatus(INVALID_ARGUMENT, "gRPC frame length exceeds body size")
    if end < len(body):
        raise GrpcStatus(INVALID_ARGUMENT, "Trailing data after gRPC frame")
    return body[5:]


def timeout_seconds(value: bytes | None) -> float | None:
    """Seconds of a `grpc-timeout` header, None when there is none. Raises GrpcStatus 3."""
    if value is None:
        return None
    match = _TIMEOUT.fullmatch(value)
    if match is None:
        raise GrpcStatus(INVALID_ARGUMENT, "Invalid grpc-timeout header")
    return int(match[1]) * _UNIT_S[match[2]]


def content_length(value: bytes | None) -> int | None:
    """Bytes of a `content-length` header, None when there is none. Raises GrpcStatus 3, also above the limit."""
    if value is None:
        return None
    if _USIZE.fullmatch(value) is None or (length := int(value)) > 2**64 - 1:
        raise GrpcStatus(INVALID_ARGUMENT, "Invalid content-length header")
    if length > MAX_BODY:
        raise GrpcStatus(INVALID_ARGUMENT, "Request body too large or failed to read")
    return length


def method_name(path: str) -> str:
    """The part after `/api.LightningNode/`. Raises GrpcStatus 12 for any other path."""
    if not path.startswith(SERVICE_PREFIX):
        raise GrpcStatus(UNIMPLEMENTED, f"Unknown path: {path}")
    return path[len(SERVICE_PREFIX) :]


def percent_encode(message: str) -> str:
    """`grpc-message` byte by byte: letters, digits, `-_.~` and space pass, all else becomes `%XX`."""
    return quote(message.encode("utf-8", "surrogateescape"), safe=" ")


def http_date(now: float) -> str:
    """The `date` header for unix seconds."""
    return formatdate(now, usegmt=True)


def answer_headers(now: float, *, length: int | None) -> Headers:
    """Initial headers of a success; `length` None on the event stream."""
    headers = [(":status", "200"), ("content-type", "application/grpc+proto"), ("grpc-accept-encoding", "identity")]
    if length is not None:
        headers.append(("content-length", str(length)))
    return [*headers, ("date", http_date(now))]


def error_headers(now: float, code: int | str, message: str) -> Headers:
    """Headers of an error that is the whole answer."""
    return [
        (":status", "200"),
        ("content-type", "application/grpc+proto"),
        ("grpc-accept-encoding", "identity"),
        ("content-length", "0"),
        *status_headers(code, message),
        ("date", http_date(now)),
    ]


def status_headers(code: int | str, message: str = "") -> Headers:
    """Trailers: the status, and the message when there is one."""
    trailers = [("grpc-status", str(code))]
    if message:
        trailers.append(("grpc-message", percent_encode(message)))
    return trailers


def plain_headers(now: float, status: int, extra: Sequence[tuple[str, str]] = ()) -> Headers:
    """Headers of an answer that is not gRPC (the metrics)."""
    return [(":status", str(status)), *extra, ("date", http_date(now))]
