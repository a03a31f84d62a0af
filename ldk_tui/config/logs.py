"""The log: one file that only its owner can read, and in which no line is forged and no secret is printed.

A terminal program has no free standard error, so everything that `logging` and `warnings` say goes here. People `cat`
logs, so outside text is written with escapes. Tracebacks have no local variables: those may hold a key.
"""

from __future__ import annotations

import logging
import os
import stat
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ldk_tui.config.paths import private_folder
from ldk_tui.config.schema import LogLevel
from ldk_tui.core.errors import BadInput
from ldk_tui.core.record import dataclass
from ldk_tui.core.redaction import redacted
from ldk_tui.core.text import clean, for_log

MAX_BYTES: Final = 1 << 20
KEPT: Final = 3
_MAX_TRACE_LINES = 200
# At DEBUG these print every header, and one header is the signature of a request.
_NEVER_BELOW_WARNING = ("hpack", "h2", "hyperframe", "grpclib")
_CONTINUED = "  | "  # no line of a traceback looks like the head of a record


class LogFormatter(logging.Formatter):
    """`time level logger: message`, UTC; the message on one line, a traceback on marked lines below it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = f"{moment} {record.levelname} {for_log(record.name, 80)}: {for_log(record.getMessage())}"
        return "\n".join([head, *(_CONTINUED + for_log(line, 1_000) for line in _trace(record))])


def _trace(record: logging.LogRecord) -> list[str]:
    """The traceback and its causes, never with local variables, whoever asked for them."""
    if not record.exc_info or record.exc_info[1] is None:
        return []
    printed = traceback.TracebackException.from_exception(record.exc_info[1], capture_locals=False, compact=True)
    _without_values(printed)
    lines = "".join(printed.format()).rstrip("\n").split("\n")
    if len(lines) <= _MAX_TRACE_LINES:
        return lines
    half = _MAX_TRACE_LINES // 2
    return [*lines[:half], f"({len(lines) - 2 * half} lines left out)", *lines[-half:]]


def _without_values(printed: traceback.TracebackException) -> None:
    """An error's own text may hold a key or a preimage; so may the texts of its causes, its group and its notes."""
    waiting: list[traceback.TracebackException | None] = [printed]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each._str = redacted(str(each))  # type: ignore[attr-defined]
        notes = getattr(each, "__notes__", None)
        if notes:
            each.__notes__ = [redacted(str(note)) for note in notes]
        waiting += [each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())]


class PrivateFileHandler(logging.Handler):
    """Appends to a file of mode 0600 and turns it over when it is full: `name`, `name.1` … `name.3`.

    Several instances may share the file: a line is one write in append mode, and whoever finds the file turned over by
    another opens the new one. A log that cannot be written is not worth a crash or a torn screen: the line is dropped
    and counted.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        super().__init__()
        self.path = path
        self.max_bytes = max_bytes
        self.kept = kept
        self.dropped = 0
        self._descriptor = self._open()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("not a regular file")
            if hasattr(os, "fchmod") and stat.S_IMODE(status.st_mode) != 0o600:
                os.fchmod(descriptor, 0o600)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            self._turn_over(len(line))
            os.write(self._descriptor, line)
        except Exception:
            self.dropped += 1

    def _turn_over(self, coming: int) -> None:
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            there = None
        ours = os.fstat(self._descriptor)
        if there is None or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            self._reopen()
            ours = os.fstat(self._descriptor)
        if ours.st_size and ours.st_size + coming > self.max_bytes:
            os.close(self._descriptor)
            self._descriptor = -1
            try:
                for number in range(self.kept, 0, -1):
                    older = self._numbered(number - 1)
                    if older.exists():
                        older.replace(self._numbered(number))
            finally:
                self._descriptor = self._open()

    def _reopen(self) -> None:
        descriptor = self._open()
        os.close(self._descriptor)
        self._descriptor = descriptor

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def close(self) -> None:
        self.acquire()
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        finally:
            self.release()
        super().close()


@dataclass(frozen=True, slots=True)
class Log:
    """The log while it is on. `remove` puts everything back as it was."""

    handler: PrivateFileHandler
    displaced: tuple[logging.Handler, ...]
    displaced_level: int

    @property
    def path(self) -> Path:
        return self.handler.path

    def remove(self) -> None:
        root = logging.getLogger()
        root.removeHandler(self.handler)
        for other in self.displaced:
            root.addHandler(other)
        root.setLevel(self.displaced_level)
        for name in _NEVER_BELOW_WARNING:
            logging.getLogger(name).setLevel(logging.NOTSET)
        logging.captureWarnings(False)
        logging.raiseExceptions = True
        self.handler.close()


def set_up(path: Path, level: LogLevel = LogLevel.INFO) -> Log:
    """Everything that is logged goes to `path` and nowhere else; its folder is made with mode 0700.

    Raises BadInput when the file cannot be written.
    """
    private_folder(path.parent)
    try:
        handler = PrivateFileHandler(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"The log file {clean(str(path))} cannot be written ({clean(reason)}).") from error
    handler.setFormatter(LogFormatter())
    root = logging.getLogger()
    log = Log(handler, tuple(root.handlers), root.level)
    for other in log.displaced:  # a handler that writes to the terminal tears the screen
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level.value)
    for name in _NEVER_BELOW_WARNING:
        logging.getLogger(name).setLevel(max(level.value, logging.WARNING))
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    return log
