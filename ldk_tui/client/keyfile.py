"""Reading the API key from its file, as carefully as ssh reads a private key (safety facts 2.1).

The file holds 32 raw bytes (as the server writes it) or 64 hex digits. The HMAC key is the lower-case hex text of the
bytes. The key is never taken from argv, never in a message, and leaves here only inside `Secret`.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.core.secret import Secret

_MAX_BYTES = 16_384
_HEX = set(b"0123456789abcdefABCDEF")


def read_key(path: Path, *, platform: str) -> Secret[str]:
    """The key in `path`: 64 lower-case hex digits. `platform` as in `sys.platform`.

    Raises Unreachable (KEY_FILE) with one sentence: missing, unreadable, a symbolic link, somebody else's, open to
    others, wrong size, or a macaroon. On Windows owner and mode are not looked at: they say nothing there.
    """
    return parse_key(_read(path, platform), path)


def parse_key(content: bytes, path: Path | None = None) -> Secret[str]:
    """The key in the bytes of a key file. Raises Unreachable (KEY_FILE)."""
    if len(content) == 32:
        return Secret(content.hex())
    text = content.strip()
    if len(text) == 64 and set(text) <= _HEX:
        return Secret(text.decode("ascii").lower())
    if len(text) > 64 and text.startswith(b"02") and set(text) <= _HEX:
        raise _bad(path, "holds a macaroon (level 2026-10), not an API key; this version speaks 2026-04 and 2026-08")
    if not content:
        raise _bad(path, "is empty")
    raise _bad(path, f"has {len(content)} bytes: an API key is 32 raw bytes or 64 hex digits")


def _read(path: Path, platform: str) -> bytes:
    posix = not platform.startswith("win")
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if posix:
        flags |= getattr(os, "O_NOFOLLOW", 0)
        if path.is_symlink():
            raise _bad(path, "is a symbolic link: give the file itself")
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise _bad(path, "does not exist: copy api_key from the server's <storage>/<network> folder") from error
    except PermissionError as error:
        raise _bad(
            path, "cannot be read by this user: run as the server's user, or make a copy that belongs to you"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise _bad(path, f"cannot be read ({reason})") from error
    try:
        info = os.fstat(descriptor)  # of what was opened, not of what the name says a moment later
        if not stat.S_ISREG(info.st_mode):
            raise _bad(path, "is not a regular file")
        if posix:
            _check_private(path, info)
        return os.read(descriptor, _MAX_BYTES)
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror or type(error).__name__})") from error
    finally:
        os.close(descriptor)


def _check_private(path: Path, info: os.stat_result) -> None:
    if info.st_uid not in (os.geteuid(), 0):
        raise _bad(path, "belongs to another user: make a copy that belongs to you")
    if info.st_mode & 0o077:
        line = f"chmod 600 {shlex.quote(str(path))}"
        raise _bad(path, f"can be used by other users of this computer: {line}")
    try:
        parent = path.absolute().parent.stat()
    except OSError as error:
        raise _bad(path, f"is in a folder that cannot be looked at ({error.strerror})") from error
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        line = f"chmod o-w {shlex.quote(str(path.absolute().parent))}"
        raise _bad(path, f"is in a folder that everybody may write to: {line}")


def _bad(path: Path | None, what: str) -> Unreachable:
    where = f"The key file {path}" if path is not None else "The key"
    return Unreachable(f"{where} {what}.", cause=UnreachableCause.KEY_FILE)
