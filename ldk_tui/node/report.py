"""What the connection screen says: each thing that was tried with its result, the cause, and what to do about it."""

from __future__ import annotations

from typing import Final

from ldk_tui.core.attempt import Report, Step, StepKind, StepResult
from ldk_tui.core.errors import (
    AccessCause,
    AccessDenied,
    LdkError,
    NotSupported,
    ShuttingDown,
    Unreachable,
    UnreachableCause,
)
from ldk_tui.core.text import SafeText, clean, own
from ldk_tui.node.views import ConnectionReport, Subject, Tried

_SUBJECTS: Final = {
    StepKind.CONFIG: Subject.CONFIG,
    StepKind.ADDRESS: Subject.ADDRESS,
    StepKind.CERTIFICATE: Subject.CERTIFICATE,
    StepKind.KEY_FILE: Subject.KEY_FILE,
}
_WORDS: Final = {
    StepResult.OK: "read",
    StepResult.DEFAULT: "the usual one, nothing else was said",
    StepResult.MISSING: "not there",
    StepResult.UNREADABLE: "cannot be read",
    StepResult.INVALID: "cannot be used",
    StepResult.UNUSED: "not used",
}
_CERTIFICATE: Final = (  # something answered, and it was not the server that is trusted
    UnreachableCause.CERTIFICATE_CHANGED,
    UnreachableCause.CERTIFICATE_EXPIRED,
    UnreachableCause.CERTIFICATE_NAME,
    UnreachableCause.CERTIFICATE_UNTRUSTED,
)
_FAILED: Final = (StepResult.UNREADABLE, StepResult.INVALID)

_TO_DO: Final = {
    UnreachableCause.REFUSED: "Start ldk-server there, or name another address: ldk-tui --server host:port",
    UnreachableCause.NAME_LOOKUP: "Check the name in --server or grpc_service_address.",
    UnreachableCause.NO_ROUTE: "Check the network and the address.",
    UnreachableCause.TIMEOUT: "Check that the machine is up and that no firewall drops the port.",
    UnreachableCause.CERTIFICATE_CHANGED: (
        "Compare the fingerprint on the server (openssl x509 -in tls.crt -noout -fingerprint -sha256). "
        "Only if it is the server's own, copy the new tls.crt here."
    ),
    UnreachableCause.CERTIFICATE_NAME: (
        "Add the host to [tls] hosts on the server and make the certificate anew, or come through ssh: "
        "ssh -L 3536:127.0.0.1:3536 host"
    ),
    UnreachableCause.CERTIFICATE_FILE: "Copy tls.crt from the server's folder and name it: ldk-tui --cert FILE",
    UnreachableCause.KEY_FILE: "Copy <network>/api_key from the server's folder: ldk-tui --api-key-file FILE",
    UnreachableCause.NOT_TLS: "Check the port: LDK Server speaks TLS on 3536.",
    UnreachableCause.NOT_HTTP2: "Check the port, and take away any proxy in between.",
}


def what_to_do(error: LdkError | None) -> str:
    """The next step for this error, one sentence; empty when the error's own sentence says it all."""
    if isinstance(error, Unreachable):
        return _TO_DO.get(error.cause, "")
    if isinstance(error, AccessDenied) and error.cause is AccessCause.WRONG_KEY:
        return "The key file is <network>/api_key in the server's folder; a server that made a new one wants that one."
    if isinstance(error, ShuttingDown):
        return "Nothing: this program goes on trying until the server is back."
    if isinstance(error, NotSupported):
        return "Bring the server and this program to levels that fit each other."
    return ""


def connection_report(found: Report, error: LdkError | None) -> ConnectionReport:
    """The report of discovery, with what connecting then ended in. `error` None: it did not fail (yet)."""
    problem = error or found.problem
    address_ok = _address_result(error)
    tried = []
    for step in found.steps:
        subject = _SUBJECTS.get(step.kind)
        if subject is None or step.result is StepResult.UNUSED:
            continue
        if subject is Subject.ADDRESS and step.result not in _FAILED:
            tried.append(Tried(subject, clean(step.value), address_ok, _address_words(step, address_ok, error)))
        else:
            tried.append(Tried(subject, clean(step.value), _ok(step, error), _words(step)))
    return ConnectionReport(tuple(tried), problem.sentence if problem else "", what_to_do(problem))


def _ok(step: Step, error: LdkError | None) -> bool | None:
    if step.result is StepResult.MISSING and step.kind is StepKind.CONFIG:
        return None  # no fault by itself: the usual values count then
    if step.result in (*_FAILED, StepResult.MISSING):
        return False
    if step.kind is StepKind.KEY_FILE and isinstance(error, AccessDenied) and error.cause is AccessCause.WRONG_KEY:
        return False
    refused = isinstance(error, Unreachable) and error.cause in _CERTIFICATE
    return not (refused and step.kind is StepKind.CERTIFICATE)


def _words(step: Step) -> SafeText:
    words = _WORDS[step.result] + (f", from {step.source}" if step.source and step.source != "default" else "")
    return clean(f"{words}; {step.note}" if step.note else words)


def _address_result(error: LdkError | None) -> bool | None:
    if error is None:
        return None
    if not isinstance(error, Unreachable):
        return True  # it answered
    if error.cause in (UnreachableCause.CERTIFICATE_FILE, UnreachableCause.KEY_FILE):
        return None  # not tried: something is missing before that
    return error.cause in _CERTIFICATE


def _address_words(step: Step, ok: bool | None, error: LdkError | None) -> SafeText:
    where = "the usual one" if step.result is StepResult.DEFAULT else f"from {step.source}"
    if ok is None:
        return clean(f"{where}; not tried yet" if error is None else f"{where}; not tried")
    if ok or not isinstance(error, Unreachable):
        return clean(f"{where}; a server answers")
    return own(f"{error.cause.value}") if not step.source else clean(f"{where}; {error.cause.value}")
