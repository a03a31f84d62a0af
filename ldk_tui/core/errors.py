"""Every way in which a call to the server can end badly, as the rest of the program sees it.

`client` turns transport and status errors into these (server facts: codes 0, 3, 4, 9, 12, 13, 14, 16 are the only ones
used). Nothing outside `client` ever sees h2 or ssl exceptions. Each error has:

* `sentence`: one sentence of ours, safe to show (what it quotes is escaped): what is wrong and what to do;
* `code`: the gRPC status number, or None when no answer arrived;
* `server_text`: what the server said, cleaned (`SafeText`), or None.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from ldk_tui.core.text import SafeText, for_log


class LdkError(Exception):
    """Base of all errors of a call. Never raised itself."""

    title: ClassVar[str] = "Error"

    def __init__(self, sentence: str, *, code: int | None = None, server_text: SafeText | None = None) -> None:
        sentence = for_log(sentence)  # ours, but it may name a path or a host that somebody else chose
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.server_text = server_text


class Refused(LdkError):
    """3 INVALID_ARGUMENT: the server did not take the input. Nothing was executed."""

    title = "Input refused"


class LightningRefused(LdkError):
    """9 FAILED_PRECONDITION: Lightning said no: decided, except for `already_initiated`."""

    title = "Refused by the node"

    @property
    def already_initiated(self) -> bool:
        """True when the text says that a payment with this hash exists: pending, paid, or an invoice of this node."""
        return self.server_text is not None and "already been initiated" in self.server_text


class ServerTrouble(LdkError):
    """13 INTERNAL on a *read*: node, wallet, disk or LSP trouble. (On a mutating call it is `OutcomeUnknown`.)"""

    title = "Server trouble"


class AccessCause(Enum):
    """Why the server did not accept our credentials."""

    WRONG_KEY = "wrong key"
    CLOCK = "clock"
    MALFORMED = "malformed"
    MISSING = "missing"
    WRONG_FAMILY = "wrong family"  # a macaroon server (level 2026-10 and later)
    PERMISSION = "permission"  # 7, macaroon servers only
    METRICS = "metrics"  # 401 of GET /metrics


class AccessDenied(LdkError):
    """16 UNAUTHENTICATED (or 7, or 401 of the metrics). `clock_skew_s` = server minus here, seconds, when measured."""

    title = "Access denied"

    def __init__(
        self,
        sentence: str,
        *,
        cause: AccessCause,
        clock_skew_s: float | None = None,
        code: int | None = None,
        server_text: SafeText | None = None,
    ) -> None:
        super().__init__(sentence, code=code, server_text=server_text)
        self.cause = cause
        self.clock_skew_s = clock_skew_s


class NotSupported(LdkError):
    """12 UNIMPLEMENTED: this server is too old or too new for the call."""

    title = "Not supported by this server"


class ShuttingDown(LdkError):
    """14 UNAVAILABLE: the server is going down."""

    title = "Server is shutting down"


class UnreachableCause(Enum):
    """Why no call could be made. None of these ever left anything at the server."""

    REFUSED = "refused"  # nothing listens: not running, or still starting
    NAME_LOOKUP = "name lookup"
    NO_ROUTE = "no route"
    TIMEOUT = "timeout"  # while connecting
    CERTIFICATE_CHANGED = "certificate changed"
    CERTIFICATE_NAME = "certificate name"  # host not in the certificate
    CERTIFICATE_EXPIRED = "certificate expired"
    CERTIFICATE_UNTRUSTED = "certificate untrusted"
    CERTIFICATE_FILE = "certificate file"  # missing, unreadable, not a PEM
    NOT_TLS = "not tls"
    NOT_HTTP2 = "not http2"
    KEY_FILE = "key file"  # missing, unreadable, wrong size
    LOST = "lost"  # a read's connection ended before the answer


class Unreachable(LdkError):
    """The server could not be reached; nothing was executed."""

    title = "Not reachable"

    def __init__(self, sentence: str, *, cause: UnreachableCause, detail: str = "") -> None:
        super().__init__(sentence)
        self.cause = cause
        self.detail = detail


class DeadlineExceeded(LdkError):
    """A *read* took longer than its deadline. (A mutating call gives `OutcomeUnknown`.)"""

    title = "No answer in time"


class BadAnswer(LdkError):
    """A *read* was answered with something that is not an answer: cut short, not a protobuf, over the size cap."""

    title = "Unreadable answer"


class OutcomeUnknown(LdkError):
    """A mutating call left, and what became of it is not known. Never show this as failed; look it up."""

    title = "Outcome unknown"


class BadInput(LdkError):
    """Something that the user gave (argument, config, file, address) is not usable: a sentence, and exit code 2."""

    title = "Bad input"
