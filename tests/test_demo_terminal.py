"""The program on a real pseudo-terminal: it opens, its keys work, and it leaves the terminal as it found it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

DEMO = [sys.executable, "-m", "ldk_tui", "demo"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36)])
def test_demo_through_all_screens_and_out(tmp_path: Path, columns: int, rows: int) -> None:
    with Terminal(DEMO, home=tmp_path, columns=columns, rows=rows) as terminal:
        terminal.until("live")
        for key, words in (("2", "[2 Chan"), ("3", "[3 Pay"), ("4", "[4 Hodl"), ("1", "[1 Node")):
            terminal.forget()
            terminal.keys(key)
            terminal.until(words)
        terminal.forget()
        terminal.keys("?")
        terminal.until("Keys")
        terminal.forget()
        terminal.keys("\x1b")
        terminal.until("[1 Node")
        terminal.keys("q")
        assert terminal.exit_code() == 0
        assert b"\x1b[?1049l" in terminal.output  # back from the alternate screen
        assert b"\x1b[?25h" in terminal.output  # the cursor is shown again
        assert terminal.modes_now() == terminal.modes_before
    assert terminal.stderr == ""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C", "TERM": "xterm"}],
    ids=["latin-1", "ascii", "C"],
)
def test_draws_and_quits_whatever_the_locale_says(tmp_path: Path, environment: dict[str, str]) -> None:
    with Terminal(DEMO, home=tmp_path, environment=environment) as terminal:
        terminal.until("“lighthouse”")
        terminal.keys("q")
        assert terminal.exit_code() == 0
    assert terminal.stderr == ""


@pytest.mark.timeout(120)
def test_a_terminate_signal_restores_the_terminal(tmp_path: Path) -> None:
    with Terminal(DEMO, home=tmp_path) as terminal:
        terminal.until("live")
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 128 + signal.SIGTERM
        assert b"\x1b[?1049l" in terminal.output
        assert terminal.modes_now() == terminal.modes_before
    assert terminal.stderr == ""


@pytest.mark.timeout(120)
def test_without_a_server_it_opens_and_says_what_was_tried(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ldk_tui", "--server", "127.0.0.1:1"]
    with Terminal(command, home=tmp_path) as terminal:
        terminal.until("No connection to the server")
        terminal.until("127.0.0.1:1")
        terminal.until("tls.crt")
        terminal.keys("d")
        terminal.until("live")
        terminal.keys("q")
        assert terminal.exit_code() == 0
    assert terminal.stderr == ""


@pytest.mark.timeout(120)
def test_a_terminal_that_vanishes_ends_the_program(tmp_path: Path) -> None:
    with Terminal(DEMO, home=tmp_path) as terminal:
        terminal.until("live")
        terminal.vanish()
        assert terminal.ends_by_itself() == 128 + signal.SIGHUP
    assert terminal.stderr == ""
