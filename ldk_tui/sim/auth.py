"""Credentials as the server checks them: both HMAC schemes, the macaroon family's refusal, Basic for the metrics.

Texts and order of the checks: server facts 2. The HMAC key is the **hex text** of the key file (64 characters for 32
bytes), not its bytes. Level 2026-04 signs the timestamp only, 2026-08 the timestamp and the framed body.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from ldk_tui.core.secret import Secret
from ldk_tui.sim.backend import UNAUTHENTICATED, GrpcStatus

WINDOW_S: Final = 60
_U64_MAX: Final = 2**64 - 1
_U64 = re.compile(rb"\+?[0-9]+")  # what Rust's u64 parser takes: a plus sign, yes; spaces and underscores, no
_HMAC_HEX = re.compile(rb"[0-9a-fA-F]{64}")


def key_text(key_file: bytes) -> Secret[str]:
    """The HMAC key for the bytes of an `api_key` file: their lower-case hex, whatever their number."""
    return Secret(key_file.hex())


def signature(key: Secret[str], timestamp: int, framed_body: bytes | None) -> str:
    """64 hex digits. `timestamp` in unix seconds; `framed_body` with its 5-byte header, or None for level 2026-04."""
    message = timestamp.to_bytes(8, "big") + (framed_body or b"")
    return hmac.new(key.reveal().encode(), message, sha256).hexdigest()


def _visible(value: bytes | None) -> bytes | None:
    """The header's value, or None when it is absent or holds anything but visible ASCII (or a tab)."""
    if value is None or any(byte != 9 and not 32 <= byte < 127 for byte in value):
        return None
    return value


def _denied(message: str) -> GrpcStatus:
    return GrpcStatus(UNAUTHENTICATED, message)


class Gate(Protocol):
    """Decides about one request. `header` names the header that holds the credentials."""

    header: bytes

    def check(self, value: bytes | None, framed_body: bytes, now: float) -> None:
        """Raises GrpcStatus 16. `now`: the server's clock, unix seconds."""
        ...


class HmacGate:
    """`x-auth: HMAC <unix-seconds>:<hex>`; `covers_body` False is the scheme of 2026-04."""

    header: bytes = b"x-auth"

    def __init__(self, key: Secret[str], *, covers_body: bool) -> None:
        self._key = key
        self._covers_body = covers_body

    def check(self, value: bytes | None, framed_body: bytes, now: float) -> None:
        """Raises GrpcStatus 16 with the text of the first check that fails. The clock comes before the MAC."""
        value = _visible(value)
        if value is None:
            raise _denied("Missing x-auth metadata")
        stamp, colon, mac = value.removeprefix(b"HMAC ").partition(b":")
        if not value.startswith(b"HMAC ") or not colon:
            raise _denied("Invalid x-auth format")
        if _U64.fullmatch(stamp) is None or (timestamp := int(stamp)) > _U64_MAX:
            raise _denied("Invalid timestamp")
        if now < 0:
            raise _denied("System time error")
        if abs(int(now) - timestamp) > WINDOW_S:
            raise _denied("Request timestamp expired")
        if _HMAC_HEX.fullmatch(mac) is None:
            raise _denied("Invalid HMAC in x-auth")
        expected = signature(self._key, timestamp, framed_body if self._covers_body else None)
        if not hmac.compare_digest(bytes.fromhex(expected), bytes.fromhex(mac.decode())):
            raise _denied("Invalid credentials")


class MacaroonGate:
    """A server of the next family that has issued no token: what a client sees that comes with `x-auth` or nothing."""

    header: bytes = b"macaroon"

    def check(self, value: bytes | None, framed_body: bytes, now: float) -> None:
        """Raises GrpcStatus 16, always."""
        raise _denied("Missing macaroon credentials" if _visible(value) is None else "Invalid macaroon credentials")


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """`[metrics]` of the daemon's configuration: off by default; Basic when user name and password are both set."""

    enabled: bool = False
    username: str | None = None
    password: Secret[str] | None = None

    def allows(self, authorization: bytes | None) -> bool:
        """Whether the `authorization` header opens the metrics. Asked before `enabled` (server facts 4.8)."""
        if self.username is None or self.password is None:
            return True
        scheme, _, encoded = (authorization or b"").partition(b" ")
        if scheme != b"Basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.username}:{self.password.reveal()}".encode())
