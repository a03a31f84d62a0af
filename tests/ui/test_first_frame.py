"""The first frame comes before the node behind it, and nothing is done twice for it."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest
from rich.cells import cell_len
from textual.css.stylesheet import Stylesheet

from ldk_tui.core.errors import LdkError
from ldk_tui.core.ids import PaymentId
from ldk_tui.node.not_yet import NotYet
from ldk_tui.node.query import ChannelQuery, PaymentQuery
from ldk_tui.node.views import NodePort, Phase, SecretKind
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import _NARROW, cells
from ldk_tui.ui.theme import DARK, LIGHT
from tests.ui.conftest import text_of, until
from tests.ui.fake_port import NOW, FakePort


async def test_the_screen_is_there_before_the_port_and_takes_it_when_it_comes() -> None:
    release = asyncio.Event()
    real = FakePort()

    async def opener() -> NodePort:
        await release.wait()
        return real

    app = LdkTuiApp(NotYet(), opener=opener, now=lambda: NOW)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "1 Node" in "\n".join(text_of(app)))
        assert "connecting" in text_of(app)[0]
        assert not real.calls
        release.set()
        await until(pilot, lambda: bool(real.listeners) and "start" in real.calls and "live" in text_of(app)[0])
        assert app.port is real
    assert "stop" in real.calls


async def test_an_opener_that_fails_is_said() -> None:
    async def opener() -> NodePort:
        raise LdkError("Nothing to open.")

    app = LdkTuiApp(NotYet(), opener=opener, now=lambda: NOW)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Nothing to open." in "\n".join(text_of(app)))


async def test_before_there_is_a_port_every_view_is_empty_and_no_question_is_answered() -> None:
    port: NodePort = NotYet()
    assert port.feed.phase is Phase.CONNECTING
    assert port.node(NOW).info is None
    assert not port.channels(ChannelQuery()).loaded
    assert port.payments(PaymentQuery()).total == 0
    assert not port.hodl().loaded
    assert not port.events().lines
    assert not port.forwards().loaded
    some = PaymentId("ab" * 32)
    for question in (port.refresh(), port.payment_details(some), port.reveal(some, SecretKind.PREIMAGE)):
        with pytest.raises(LdkError):
            await question


@pytest.mark.parametrize("light", [False, True])
async def test_styles_are_parsed_once_and_the_classes_are_those_of_the_size(
    light: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[Stylesheet] = []
    parse = Stylesheet.reparse

    def reparse(self: Stylesheet) -> None:
        again.append(self)
        parse(self)

    monkeypatch.setattr(Stylesheet, "reparse", reparse)
    app = LdkTuiApp(FakePort(), now=lambda: NOW, light=light)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.front is not None and app.front.ready)
        front, theme = app.front, LIGHT if light else DARK
        assert front is not None
        assert len(again) <= 1  # Textual's own, when the first mode begins
        assert app.current_theme is theme
        assert app.has_class("-light-mode" if light else "-dark-mode")
        assert {"-wide", "-tall"} <= front.classes
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: {"-narrow", "-low"} <= front.classes)
        assert not {"-wide", "-tall"} & front.classes


async def test_the_collector_runs_again_after_the_first_frame() -> None:
    gc.disable()
    try:
        app = LdkTuiApp(FakePort(), now=lambda: NOW)
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, gc.isenabled)
    finally:
        gc.enable()
        gc.unfreeze()


def test_the_narrow_ones_are_narrow() -> None:
    assert [each for each in _NARROW if cell_len(each) != 1] == []
    assert cells("…─●") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == cell_len("e\u0301")


def test_the_way_to_the_first_frame_passes_no_room_that_it_does_not_need() -> None:
    code = """
import sys
from ldk_tui import launch
from ldk_tui.node.not_yet import NotYet
import ldk_tui.ui.app, ldk_tui.ui.screens.node
launch.demo_opener(launch.SimOptions())
rooms = ("ldk_tui.client", "ldk_tui.wire", "ldk_tui.sim", "ldk_tui.node.service", "ldk_tui.demo", "grpclib", "google",
         "sqlite3", "tomllib", "ldk_tui.ui.screens.connection", "ldk_tui.ui.screens.payments")
print([each for each in rooms if each in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
