"""Where this program keeps its own files, and how it makes the folders: for nobody else to read.

Linux: `~/.config/ldk-tui`, `~/.local/state/ldk-tui` (XDG variables count); macOS and Windows as is the custom there.
The daemon's own folder is another matter: the client looks for that.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from ldk_tui.core.errors import BadInput
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import clean

APP_NAME: Final = "ldk-tui"
CONFIG_NAME: Final = "config.toml"
LOG_NAME: Final = "ldk-tui.log"


@dataclass(frozen=True, slots=True)
class Paths:
    """The three folders. None of them needs to exist; `private_folder` makes one when it is first written to."""

    config_folder: Path
    state_folder: Path
    log_folder: Path

    @property
    def config_file(self) -> Path:
        return self.config_folder / CONFIG_NAME

    @property
    def log_file(self) -> Path:
        return self.log_folder / LOG_NAME


def user_paths() -> Paths:
    """The folders of the user who runs the program."""
    from platformdirs import PlatformDirs  # not before it is needed: `--version` does without

    folders = PlatformDirs(APP_NAME, appauthor=False, roaming=False)
    return Paths(folders.user_config_path, folders.user_state_path, folders.user_log_path)


def paths_below(root: Path) -> Paths:
    """The same folders below one root: for the demo, which leaves nothing behind, and for tests."""
    return Paths(root / "config", root / "state", root / "log")


def private_folder(path: Path) -> Path:
    """`path`, made (with its parents) with mode 0700 where it is missing, tightened to 0700 where it is ours and wider.

    Raises BadInput when it cannot be made, is not a folder, or belongs to somebody else.
    """
    shown = clean(str(path))
    try:
        for folder in reversed((path, *path.parents)):  # parents too, as the XDG rules want it
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{shown} is not a folder; {APP_NAME} keeps its files there.")
        if hasattr(os, "geteuid"):
            if status.st_uid != os.geteuid():
                raise BadInput(f"The folder {shown} belongs to another user; {APP_NAME} would keep secrets there.")
            if stat.S_IMODE(status.st_mode) != 0o700:  # also when the umask took a bit away
                path.chmod(0o700)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise BadInput(f"The folder {shown} cannot be used ({reason}).") from error
    return path
