"""The screen is drawn on standard output, so that standard error stays free for what is really an error.

Textual 8.2.8 draws on `sys.__stderr__` on Linux and macOS (`LinuxDriver._file`, private): whatever else writes to
descriptor 2 then lands in the middle of the screen, and `2>file` takes the screen away. On Windows Textual draws on
standard output already. tests/ui/test_driver.py holds the private name.

And it is drawn in UTF-8 whatever the locale says: where Python takes the output for ASCII or Latin-1, the first frame
around a box cannot be encoded, Textual's writing thread ends, and the program would stand there blank, deaf to `q`.

A terminal can vanish (an ssh connection that breaks, a closed window) without a signal to this process. Then too the
writing thread would end on the first error, its queue fill up and the program wait for room for ever, with the reading
thread spinning beside it (run: a third of a core, until somebody kills it). Here the output swallows what can no longer
be written and ends the app, as SIGHUP does.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from textual.driver import Driver

HANGUP_CODE: Final = 129
"""The exit code of a program that its terminal has left: 128 + SIGHUP."""


class Output:
    """What the writing thread needs of a file, on a terminal that may vanish. `gone` is called once, by that thread."""

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone: Callable[[], None] | None = gone

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except (OSError, ValueError):  # ValueError: the file was closed
            self._tell()
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except (OSError, ValueError):
            self._tell()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _tell(self) -> None:
        told, self._gone = self._gone, None
        if told is None:
            return
        with contextlib.suppress(OSError, ValueError):  # what is still in the buffer goes nowhere, without a complaint
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)
        told()


def driver_class() -> type[Driver] | None:
    """The driver for a real terminal; None leaves the choice to Textual (Windows, or one named in the environment)."""
    from textual import constants

    if sys.platform == "win32" or constants.DRIVER is not None:
        return None
    from textual.app import App
    from textual.drivers.linux_driver import LinuxDriver

    class StandardOutputDriver(LinuxDriver):
        def __init__(
            self,
            app: App[object],
            *,
            debug: bool = False,
            mouse: bool = True,
            size: tuple[int, int] | None = None,
        ) -> None:
            super().__init__(app, debug=debug, mouse=mouse, size=size)
            file = sys.__stdout__
            assert file is not None  # a terminal is there: the program has looked
            if isinstance(file, io.TextIOWrapper):
                file.reconfigure(encoding="utf-8", errors="replace")
            self._file = cast("Any", Output(file, self._terminal_gone))

        def _terminal_gone(self) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(lambda: self._app.exit(return_code=HANGUP_CODE))

    return StandardOutputDriver
