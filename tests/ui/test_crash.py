"""A fault of the program: no local variable reaches the terminal or the log, wherever the fault is."""

from __future__ import annotations

import base64
import logging
import sys
from pathlib import Path

import pytest

from ldk_tui.ui import crash
from tests.terminal import Terminal

KEY = bytes(range(200, 232))
PREIMAGE = "5ec2e7" + "9a" * 29
_PLANTED = (
    KEY.hex(),
    KEY.hex().upper(),
    base64.b64encode(KEY).decode(),
    repr(KEY)[2:-1][:24],
    PREIMAGE,
    PREIMAGE[:20],
)

_PROGRAM = """
import logging, sys, time
sys.path.insert(0, {root!r})
logging.basicConfig(filename={log!r}, level=logging.DEBUG)
from textual.reactive import reactive
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.driver import driver_class
from tests.ui.fake_port import FakePort, NOW

KEY = bytes(range(200, 232))
PREIMAGE = "5ec2e7" + "9a" * 29

class Broken(LdkTuiApp):
    CSS_PATH = {css!r}
    level = reactive(0, init=False)

    def fault(self, key, preimage):
        held = {{"api_key": key, "hex": key.hex(), "preimage": preimage}}
        raise {error}

    def action_next_unit(self):
        if {place!r} == "handler":
            self.fault(KEY, PREIMAGE)
        elif {place!r} == "watcher":
            self.level = 1
        else:
            self.run_worker(self.work(KEY, PREIMAGE))

    async def work(self, key, preimage):
        self.fault(key, preimage)

    def watch_level(self, value):
        self.fault(KEY, PREIMAGE)

app = Broken(FakePort(), now=lambda: NOW, log_place="the log file", driver_class=driver_class())
app.run()
sys.exit(app.return_code)
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["handler", "worker", "watcher"])
@pytest.mark.parametrize("error", ["ValueError(held)", "KeyError(preimage)"])
def test_no_secret_on_the_terminal_or_in_the_log(tmp_path: Path, place: str, error: str) -> None:
    log = tmp_path / "ldk-tui.log"
    root = str(Path(__file__).parents[2])
    css = str(Path(crash.__file__).with_name("app.tcss"))
    program = tmp_path / "broken.py"
    program.write_text(_PROGRAM.format(root=root, log=str(log), place=place, error=error, css=css), encoding="utf-8")
    with Terminal([sys.executable, str(program)], home=tmp_path / "home", columns=100, rows=30) as terminal:
        terminal.until("Needs attention")
        terminal.keys("u")
        assert terminal.exit_code() == 1
        shown = terminal.output.decode("utf-8", "replace")
    said = shown + terminal.stderr
    assert "because of a fault of its own" in said
    assert "Details are in the log file." in " ".join(said.split())
    assert "Traceback" not in said
    logged = log.read_text(encoding="utf-8")
    assert error.split("(")[0] in logged
    assert " in fault" in logged, "the place in the code is in the log"
    for secret in _PLANTED:
        assert secret not in said
        assert secret not in logged


def test_reports_follow_the_causes() -> None:
    def inner() -> None:
        raise KeyError(PREIMAGE)

    try:
        try:
            inner()
        except KeyError as error:
            raise RuntimeError(f"while looking for {PREIMAGE}") from error
    except RuntimeError as error:
        told = crash.report(error)
    assert "RuntimeError: while looking for <…>" in told
    assert "KeyError: '<…>'" in told
    assert " in inner" in told
    assert PREIMAGE not in told


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        repr(KEY),
        base64.b64encode(KEY).decode(),
        f"x={PREIMAGE}",
        "lnbc1" + "q" * 60,
        "\\xde\\xad\\xbe\\xef" * 8,
        f"payload {KEY!r} rest",
    ],
)
def test_values_are_taken_out(text: str) -> None:
    cleaned = crash.without_values(text)
    assert "<…>" in cleaned
    assert KEY.hex() not in cleaned
    assert PREIMAGE not in cleaned
    assert "\\xde\\xad" not in cleaned


def test_plain_words_stay_and_control_characters_go() -> None:
    assert crash.without_values("channel 5 of 13 is gone") == "channel 5 of 13 is gone"
    assert "\x1b" not in crash.without_values("a\x1b[2Jb")


def test_record_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        crash.record(ValueError("boom"), "somewhere")
    assert "somewhere" in caplog.text
    assert "ValueError: boom" in caplog.text
