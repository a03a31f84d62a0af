"""Reading our own config.toml: there or not, all right or one sentence."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from ldk_tui.config.schema import Config, parse
from ldk_tui.core.errors import BadInput
from ldk_tui.core.text import clean

MAX_BYTES: Final = 1 << 20


def load(path: Path, *, must_exist: bool = False) -> Config:
    """The config in this file; without the file the defaults, unless it was named by the user (`must_exist`).

    Raises BadInput with one sentence that names the file, and the key or line. A file that everybody may write is
    refused: it says whom to trust and which key to use.
    """
    shown = clean(str(path))
    try:
        # O_NONBLOCK: a pipe with nobody at its other end must not hold the program up
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise BadInput(f"The config file {shown} does not exist.") from error
        return Config()
    except (OSError, ValueError) as error:
        raise BadInput(f"The config file {shown} cannot be read ({_reason(error)}).") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"The config file {shown} is not a regular file.")
        if os.name == "posix" and status.st_mode & stat.S_IWOTH:
            raise BadInput(f"Everybody may write to the config file {shown}; run chmod o-w on it first.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"The config file {shown} cannot be read ({_reason(error)}).") from error
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise BadInput(f"The config file {shown} is larger than 1 MiB; this cannot be a config.")
    return loads(content, path)


def loads(content: bytes, path: Path) -> Config:
    """The config in these bytes. `path` is for sentences and for relative paths."""
    import tomllib

    shown = clean(str(path))
    try:
        document = tomllib.loads(content.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"The config file {shown} is not UTF-8 text (byte {error.start + 1}).") from error
    except RecursionError as error:
        raise BadInput(f"The config file {shown} is nested too deeply.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The config file {shown} is not TOML: {_toml_complaint(error)}.") from error
    return parse(document, path)


def _toml_complaint(error: Exception) -> str:
    """The parser's words. It quotes no more than a key or a character of the file, and that is cleaned."""
    text = clean(str(error), max_cells=120).rstrip(".")
    return text[:1].lower() + text[1:]


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
