"""The header never says `live` about a server that is gone, and says so again when it is back and read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.cockpit import Screen, Server

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def header_says(screen: Screen, word: str, *, seconds: float = 40) -> None:
    screen.shows(lambda _: f" {word}" in screen.header, seconds=seconds)


def test_a_killed_server_is_stale_at_once_and_read_again_when_it_is_back(tmp_path: Path, home: Path) -> None:
    with Server(tmp_path / "node") as server, Screen(server.flags, home=home) as screen:
        header_says(screen, "live")
        screen.shows("Can send now", "spendable")
        server.kill()
        header_says(screen, "stale", seconds=10)
        screen.shows(re.compile(r"stale, as of \d\d:\d\d:\d\d"), re.compile(r"Balances ─+ as of"))
        assert " live" not in screen.header
        screen.press("u", "msat")  # the screens stay usable meanwhile
        screen.shows(re.compile(r"events stale \d"))
        assert "stale" in screen.header  # also after attempts that failed
        server.start()
        header_says(screen, "live")
        screen.shows(re.compile(r"live \d+ s, gap of \d+ s filled"), lambda words: "as of" not in words)
        screen.quit()
    assert screen.stderr == ""


def test_a_server_that_ends_properly_is_stale_too(tmp_path: Path, home: Path) -> None:
    with Server(tmp_path / "node") as server, Screen(server.flags, home=home, columns=80, rows=24) as screen:
        header_says(screen, "live")
        assert server.terminate() == 0
        header_says(screen, "stale", seconds=10)
        screen.press("0", "Nothing listens at")  # why
        screen.quit()
    assert screen.stderr == ""
