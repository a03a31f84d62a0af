"""Our folders: where they are, and that nobody else can look inside."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ldk_tui.config.paths import paths_below, private_folder, user_paths
from ldk_tui.core.errors import BadInput

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG")
def test_xdg_variables_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    paths = user_paths()
    assert paths.config_file == tmp_path / "c" / "ldk-tui" / "config.toml"
    assert paths.state_folder == tmp_path / "s" / "ldk-tui"
    assert paths.log_file.is_relative_to(paths.state_folder)
    assert list(tmp_path.iterdir()) == []  # asking makes nothing


def test_below_one_root(tmp_path: Path) -> None:
    paths = paths_below(tmp_path)
    assert {paths.config_folder, paths.state_folder, paths.log_folder} == {
        tmp_path / "config",
        tmp_path / "state",
        tmp_path / "log",
    }


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_made_for_the_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "state" / "log"
    (tmp_path / "state").mkdir(mode=0o700)
    before = os.umask(umask)
    try:
        assert private_folder(folder) == folder
    finally:
        os.umask(before)
    assert mode(folder) == 0o700


@posix
def test_parents_are_private_too(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


@posix
def test_a_wider_one_of_ours_is_tightened(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o755)
    private_folder(folder)
    assert mode(folder) == 0o700


def test_a_file_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("")
    for folder in (place, place / "log"):
        with pytest.raises(BadInput) as caught:
            private_folder(folder)
        assert str(place) in caught.value.sentence
        assert caught.value.sentence.endswith(".")


def test_a_hostile_path_is_shown_harmless(tmp_path: Path) -> None:
    place = tmp_path / "a\x1b[2Jb"
    place.write_text("")
    with pytest.raises(BadInput) as caught:
        private_folder(place)
    assert "\x1b" not in caught.value.sentence
    with pytest.raises(BadInput, match="cannot be used"):
        private_folder(tmp_path / "a\0b")


@posix
def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = private_folder(tmp_path / "state")
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(BadInput, match="belongs to another user"):
        private_folder(folder)


def test_the_room_is_light_to_import() -> None:
    """`--version` and the first frame must not wait for what reading a config does not need."""
    code = (
        "import sys; import ldk_tui.config.load, ldk_tui.config.logs, ldk_tui.config.paths;"
        "heavy = {'textual', 'rich', 'grpclib', 'h2', 'google', 'cryptography', 'asyncio', 'socket', 'ssl',"
        " 'platformdirs', 'difflib', 'logging.handlers'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
