"""How a request proves that we hold the key: one interface, one class per scheme.

The signature covers the *framed* bytes that leave (5-byte header and message) where the scheme signs a body at all, and
a header is made anew for every attempt: it is valid for 60 s (server facts 2). A signer gives a header's name and
value; it never keeps or shows the key outside `Secret`.

A macaroon signer (level 2026-10) fits here as it is: it needs the short method name, the framed body and the time, and
gives the header `macaroon`.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum
from typing import Protocol

from ldk_tui.core.secret import Secret

HEADER = "x-auth"


class Scheme(Enum):
    """What is signed. Which one a server wants is found by the probe; the wrong one looks like a wrong key."""

    TIMESTAMP = "timestamp"  # level 2026-04
    TIMESTAMP_AND_BODY = "timestamp and body"  # 2026-05-18 and later, level 2026-08


class Signer(Protocol):
    """Makes the credentials of one attempt."""

    def header(self, method: str, framed_body: bytes, now: float) -> tuple[str, str]:
        """Header name and value. `method` is the RPC's short name, `now` unix seconds by our clock."""


def frame(message: bytes) -> bytes:
    """The gRPC frame as it leaves: flag 0 (never compressed), length as 4 bytes big-endian, message."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


class TimestampSigner:
    """Level 2026-04: HMAC-SHA256 over the time alone. One header authorises any call for 60 s."""

    __slots__ = ("_key",)

    def __init__(self, key: Secret[str]) -> None:
        self._key = key

    def header(self, method: str, framed_body: bytes, now: float) -> tuple[str, str]:
        return _x_auth(self._key, int(now), b"")


class BodySigner:
    """Level 2026-08: HMAC-SHA256 over the time and the framed body. Method and path are not signed."""

    __slots__ = ("_key",)

    def __init__(self, key: Secret[str]) -> None:
        self._key = key

    def header(self, method: str, framed_body: bytes, now: float) -> tuple[str, str]:
        return _x_auth(self._key, int(now), framed_body)


def signer_for(scheme: Scheme, key: Secret[str]) -> Signer:
    """The signer of a scheme. `key` is the hex text (64 digits): its UTF-8 bytes are the HMAC key."""
    return TimestampSigner(key) if scheme is Scheme.TIMESTAMP else BodySigner(key)


def _x_auth(key: Secret[str], timestamp: int, body: bytes) -> tuple[str, str]:
    signed = timestamp.to_bytes(8, "big") + body
    mac = hmac.new(key.reveal().encode("ascii"), signed, hashlib.sha256).hexdigest()
    return HEADER, f"HMAC {timestamp}:{mac}"
