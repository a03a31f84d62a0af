"""The screen is drawn on standard output, so that standard error stays free for what is really an error.

Textual 8.2.8 draws on `sys.__stderr__` on Linux and macOS (`LinuxDriver._file`, private): whatever else writes to
descriptor 2 then lands in the middle of the screen, and `2>file` takes the screen away. On Windows Textual draws on
standard output already. tests/ui/test_driver.py holds the private name.

And it is drawn in UTF-8 whatever the locale says: where Python takes the output for ASCII or Latin-1, the first frame
around a box cannot be encoded, Textual's writing thread ends, and the program would stand there blank, deaf to `q`.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver


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
            self._file = sys.__stdout__
            if isinstance(self._file, io.TextIOWrapper):
                self._file.reconfigure(encoding="utf-8", errors="replace")

    return StandardOutputDriver
