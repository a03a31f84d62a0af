"""What a fault of the program itself leaves behind: one sentence on the terminal, a traceback without values in a log.

Textual's own crash page prints every local variable: keys and preimages would stand on the screen. Here a report has
the kinds of the errors and the places in the code. An error's own text may hold a value (`KeyError` does), so whatever
in it looks like one is taken out: hexadecimal, base64, bytes.
"""

from __future__ import annotations

import logging
import traceback
from typing import Final

from ldk_tui.core.redaction import redacted
from ldk_tui.core.text import for_log

LOG: Final = logging.getLogger("ldk_tui.ui")

_MAX_MESSAGE: Final = 400


def without_values(text: str) -> str:
    """`text` with everything that could be a key, a hash or a preimage taken out."""
    return for_log(redacted(text[:_MAX_MESSAGE]))


def report(error: BaseException) -> str:
    """The error, its causes and the lines of code on the way. No local variable, no value."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__name__}: {without_values(str(current))}".rstrip(": "))
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


def record(error: BaseException, where: str) -> None:
    """Into the log (a file: the program's start sees to that). `where`: our own words."""
    LOG.error("%s\n%s", where, report(error))


def sentence(error: BaseException, log_place: str | None) -> str:
    """For the terminal, after the screen is gone."""
    kind = type(error).__name__
    told = f" Details are in {log_place}." if log_place else ""
    return f"ldk-tui stopped because of a fault of its own ({kind}).{told} The node is not affected."
