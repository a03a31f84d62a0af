"""What the connection screen says: each thing that was tried with its result, the cause, and what to do about it."""

from __future__ import annotations

import re
from typing import Final

from ldk_tui.core.attempt import Report, Step, StepKind, StepResult
from ldk_tui.core.errors import (
    AccessCause,
    AccessDenied,
    DeadlineExceeded,
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
    StepResult.DEFAULT: "the usual one",
    StepResult.MISSING: "not there",
    StepResult.UNREADABLE: "cannot be read",
    StepResult.INVALID: "cannot be used",
    StepResult.UNUSED: "not used",
}
_ADDRESS: Final = {
    UnreachableCause.REFUSED: "nothing listens there",
    UnreachableCause.NAME_LOOKUP: "no such name",
    UnreachableCause.NO_ROUTE: "no way there",
    UnreachableCause.TIMEOUT: "no answer",
    UnreachableCause.NOT_TLS: "answers, but without TLS",
    UnreachableCause.NOT_HTTP2: "TLS, but not HTTP/2",
    UnreachableCause.LOST: "the connection ended",
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
    UnreachableCause.CERTIFICATE_CHANGED: (
        "On the server: openssl x509 -in tls.crt -noout -fingerprint -sha256 - only if it prints the presented one, "
        "copy the new tls.crt here."
    ),
    UnreachableCause.CERTIFICATE_NAME: "Or come through ssh: ssh -L 3536:127.0.0.1:3536 host",
}
_FINGERPRINT: Final = re.compile(r"^(pinned|presented) +SHA-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$", re.MULTILINE)
_NOTHING_FOUND: Final = "No LDK Server was found on this computer: there is nothing in its usual folder."
_NAME_YOURS: Final = (
    "Start ldk-server here, or say where yours is: "
    "ldk-tui --server host:port --cert tls.crt --api-key-file api_key --network bitcoin"
)


def what_to_do(error: LdkError | None) -> str:
    """The next step for this error, one sentence; empty when the error's own sentence says it all."""
    if isinstance(error, Unreachable):
        return _TO_DO.get(error.cause, "")
    if isinstance(error, AccessDenied) and error.cause is AccessCause.WRONG_KEY:
        return "Then copy it here, or name it: ldk-tui --api-key-file FILE"
    if isinstance(error, ShuttingDown):
        return "Nothing: this program goes on trying until the server is back."
    if isinstance(error, NotSupported):
        return "Bring the server and this program to levels that fit each other."
    return ""


def connection_report(found: Report, error: LdkError | None) -> ConnectionReport:
    """The report of discovery, with what connecting then ended in. `error` None: it did not fail (yet)."""
    problem = error or found.problem
    address_ok = _address_result(error)
    config = next((step.value for step in found.of(StepKind.CONFIG)), None)
    tried = []
    for step in found.steps:
        subject = _SUBJECTS.get(step.kind)
        if subject is None or step.result is StepResult.UNUSED:
            continue
        if subject is Subject.ADDRESS and step.result not in _FAILED:
            result = clean(", ".join([*_whence(step, config), _address_words(address_ok, error)]))
            tried.append(Tried(subject, clean(step.value), address_ok, result))
        else:
            tried.append(Tried(subject, clean(step.value), _ok(step, error), _words(step, config, problem)))
    if _is_missing(problem) and _nothing_there(found):
        return ConnectionReport(tuple(tried), _NOTHING_FOUND, _NAME_YOURS)
    cause = problem.sentence if problem else ""
    return ConnectionReport(tuple(tried), cause, what_to_do(problem), _evidence(problem))


def _is_missing(problem: LdkError | None) -> bool:
    return isinstance(problem, Unreachable) and problem.cause in (
        UnreachableCause.CERTIFICATE_FILE,
        UnreachableCause.KEY_FILE,
    )


def _nothing_there(found: Report) -> bool:
    """Nobody named anything, and none of the usual files is there."""
    files = [step for step in found.steps if step.kind in (StepKind.CONFIG, StepKind.CERTIFICATE, StepKind.KEY_FILE)]
    return all(step.result is StepResult.MISSING and step.source == "default" for step in files) and all(
        step.result is StepResult.DEFAULT for step in found.of(StepKind.ADDRESS)
    )


def _evidence(problem: LdkError | None) -> tuple[SafeText, ...]:
    """The two fingerprints, when the question is whether a certificate is the right one."""
    if not (isinstance(problem, Unreachable) and problem.cause in _CERTIFICATE):
        return ()
    return tuple(
        own(row)
        for which, digest in _FINGERPRINT.findall(problem.detail)
        for row in (f"{which:<10} {digest[:48]}", f"{'':<10} {digest[48:]}")
    )


def _ok(step: Step, error: LdkError | None) -> bool | None:
    if step.result is StepResult.MISSING and step.kind is StepKind.CONFIG:
        return None  # no fault by itself: the usual values count then
    if step.result in (*_FAILED, StepResult.MISSING):
        return False
    if step.kind is StepKind.KEY_FILE and isinstance(error, AccessDenied) and error.cause is AccessCause.WRONG_KEY:
        return False
    refused = isinstance(error, Unreachable) and error.cause in _CERTIFICATE
    return not (refused and step.kind is StepKind.CERTIFICATE)


def _whence(step: Step, config: str | None) -> list[str]:
    """Who named it, as a list of at most one."""
    if step.result is StepResult.DEFAULT:
        return [_WORDS[step.result]]
    if not step.source or step.source == "default":
        return []
    return ["from the configuration" if step.source == config else f"from {step.source}"]


def _words(step: Step, config: str | None, problem: LdkError | None) -> SafeText:
    said = [_WORDS[step.result], *_whence(step, config)]
    if step.kind is StepKind.KEY_FILE and step.result is StepResult.OK and _ok(step, problem) is False:
        said.append("not accepted")
    if step.kind is StepKind.CERTIFICATE and step.result is StepResult.OK and _ok(step, problem) is False:
        said.append("the server has another one" if _changed(problem) else "does not fit")
    above = {problem.sentence} if problem else set()  # the cause says it already
    if isinstance(problem, Unreachable) and problem.detail:
        above.add(problem.detail)
    if step.note and step.note not in above and step.result is not StepResult.MISSING:
        said.append(step.note)
    return clean(", ".join(said))


def _changed(problem: LdkError | None) -> bool:
    return isinstance(problem, Unreachable) and problem.cause is UnreachableCause.CERTIFICATE_CHANGED


def _address_result(error: LdkError | None) -> bool | None:
    if error is None:
        return None
    if isinstance(error, DeadlineExceeded):
        return False
    if not isinstance(error, Unreachable):
        return True  # it answered
    if error.cause in (UnreachableCause.CERTIFICATE_FILE, UnreachableCause.KEY_FILE):
        return None  # not tried: something is missing before that
    return error.cause in _CERTIFICATE


def _address_words(ok: bool | None, error: LdkError | None) -> str:
    if ok is None:
        return "not tried yet" if error is None else "not tried"
    if isinstance(error, DeadlineExceeded):
        return "connects, but does not answer"
    if isinstance(error, Unreachable) and not ok:
        return _ADDRESS.get(error.cause, error.cause.value)
    return "a server answers"
