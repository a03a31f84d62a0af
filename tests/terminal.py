"""A program on a real pseudo-terminal, for the few tests that must see what a terminal sees."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b[ -/]*[0-~]", re.DOTALL
)


class Terminal:
    """Runs a command on a pty of the given size; its standard error goes to a pipe of its own.

    `output` is all bytes that the program wrote; `text` the same without control sequences. Waiting is always for a
    state, with a limit that only a hung program reaches. `one_stream` puts standard error on the terminal too.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        home: Path,
        columns: int = 120,
        rows: int = 36,
        environment: dict[str, str] | None = None,
        one_stream: bool = False,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.output = b""
        self.stderr = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes_before = termios.tcgetattr(slave)
        self._slave = slave
        self._errors_read, errors_write = os.pipe()
        not_ours = ("LDK_", "TEXTUAL", "XDG_", "COLUMNS", "LINES")  # pytest-xdist sets the last two, against the pty's
        clean = {key: value for key, value in os.environ.items() if not key.startswith(not_ours)}
        self._process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave if one_stream else errors_write,
            start_new_session=True,
            env=clean | {"HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"} | (environment or {}),
        )
        os.close(errors_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._master >= 0:
            self._drain(0.2)
        with contextlib.suppress(OSError):
            os.set_blocking(self._errors_read, False)
            while chunk := os.read(self._errors_read, 65536):
                self.stderr += chunk.decode(errors="replace")
        for descriptor in (self._master, self._slave, self._errors_read):
            if descriptor >= 0:
                os.close(descriptor)

    @property
    def text(self) -> str:
        return _SEQUENCE.sub(b"", self.output).decode(errors="replace")

    def modes_now(self) -> list[object]:
        """The terminal's modes as they are now, to compare with `modes_before`."""
        return termios.tcgetattr(self._slave)

    def keys(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def vanish(self) -> None:
        """The terminal is gone, as after a broken ssh connection: nobody reads, nobody types, no signal is sent."""
        for descriptor in (self._master, self._slave):
            os.close(descriptor)
        self._master = self._slave = -1

    def ends_by_itself(self, *, seconds: float = 20) -> int:
        """The exit code of a program whose terminal has vanished. Raises TimeoutExpired when it goes on."""
        return self._process.wait(seconds)

    def forget(self) -> None:
        """Start looking anew: only what is drawn from now on counts."""
        self._drain(0)
        self.output = b""

    def until(self, wanted: str | Callable[[str], bool], *, seconds: float = 40) -> None:
        """Read until the drawn text contains `wanted`; AssertionError with the end of the text otherwise."""
        holds = wanted if callable(wanted) else (lambda text: wanted in text)
        end = time.monotonic() + seconds
        while not holds(self.text):
            if time.monotonic() > end or (self._process.poll() is not None and not self._drain(0.1)):
                raise AssertionError(f"{wanted!r} never appeared; the text ends with {self.text[-1500:]!r}")
            self._drain(0.1)

    def exit_code(self, *, seconds: float = 20) -> int:
        """Wait for the end of the program."""
        end = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"still running; the text ends with {self.text[-1500:]!r}")
            self._drain(0.05)
        self._drain(0.1)
        code = self._process.returncode
        assert code is not None
        return code

    def _drain(self, seconds: float) -> bool:
        got = False
        while select.select([self._master], [], [], seconds)[0]:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                return got
            if not chunk:
                return got
            self.output += chunk
            got, seconds = True, 0
        return got
