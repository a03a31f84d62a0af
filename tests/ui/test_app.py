"""The shell: changes reach the screen in front ten times a second at most, modes follow the connection, sizes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import ServerTrouble
from ldk_tui.core.text import own
from ldk_tui.node.views import ALL_TOPICS, NodeView, Phase, Topic
from ldk_tui.ui import app as app_module
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import plain
from ldk_tui.ui.render import to_the_second
from ldk_tui.ui.screens.base import NodeScreen
from ldk_tui.ui.screens.node import NodeOverview
from ldk_tui.ui.widgets.bars import CommandBar
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import DOWN, LIVE, NOW, REPORT, FakePort, busy


def flashed(app: LdkTuiApp) -> str:
    assert app.front is not None
    return plain(app.front.query_one(CommandBar).flashed)


def spied(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[Topic]]:
    """The topics with which the Node screen was refreshed, from now on."""
    seen: list[frozenset[Topic]] = []
    real = NodeOverview.refresh_view

    def refresh_view(self: NodeOverview, topics: frozenset[Topic]) -> None:
        seen.append(topics)
        real(self, topics)

    monkeypatch.setattr(NodeOverview, "refresh_view", refresh_view)
    return seen


# --- changes ---------------------------------------------------------------------------------------------------------


async def test_a_thousand_changes_are_a_few_refreshes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        seen.clear()
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number in range(1000):
            topic = Topic.EVENTS if number % 2 else Topic.ATTENTION
            port.change(replace(busy(), tip_age_s=number), frozenset({topic}))
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        await until(pilot, lambda: app.view.tip_age_s == 999 and not app._dirty)
        spent = loop.time() - start
        assert 1 <= len(seen) <= 2 + spent / app_module.FLUSH_S
        assert frozenset().union(*seen) == {Topic.EVENTS, Topic.ATTENTION}


async def test_a_screen_behind_is_marked_and_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch)
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        await pilot.press("0")
        await until(pilot, lambda: app.current_mode == "connection")
        seen.clear()
        port.change(replace(busy(), attention=()), frozenset({Topic.ATTENTION}))
        await until(pilot, lambda: app.view.attention == ())
        assert seen == []
        await pilot.press("1")
        await until(pilot, lambda: app.current_mode == "node" and bool(seen))
        assert seen == [frozenset({Topic.ATTENTION})]
        assert "Nothing needs you now." in "\n".join(text_of(app))


async def test_what_a_screen_does_not_show_does_not_refresh_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[frozenset[Topic]] = []
    monkeypatch.setattr(NodeOverview, "refresh_view", lambda self, topics: seen.append(topics))
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        seen.clear()
        port.change(replace(busy(), peers_known=99), frozenset({Topic.PAYMENTS}))
        await until(pilot, lambda: app.view.peers_known == 99)
        assert seen == []


async def test_start_and_stop() -> None:
    port = FakePort()
    async with on_stage(port) as (_, pilot):
        assert port.calls == ["start"]
        await pilot.press("q")
    assert port.calls == ["start", "stop"]
    assert port.listeners == []


async def test_a_port_that_hangs_does_not_hold_the_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "STOP_LIMIT_S", 0.05)
    port = FakePort()

    async def forever() -> None:
        port.calls.append("stop")
        await asyncio.Event().wait()

    monkeypatch.setattr(port, "stop", forever)
    async with on_stage(port):
        pass
    assert port.calls[-1] == "stop"


async def test_a_refused_refresh_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    port = FakePort()
    port.fails = ServerTrouble("The server could not read its store.", code=13, server_text=own("disk full"))
    async with on_stage(port) as (app, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "could not read" in flashed(app))
        assert flashed(app) == "▲ The server could not read its store. “disk full”"


async def test_a_fault_in_a_task_is_said_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    port = FakePort()
    port.fails = ZeroDivisionError("secret=" + "ab" * 32)
    async with on_stage(port) as (app, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "log has the details" in flashed(app))
        assert app.is_running
    assert "ZeroDivisionError" in caplog.text
    assert "ab" * 32 not in caplog.text


# --- connection ------------------------------------------------------------------------------------------------------


async def test_no_server_opens_the_connection_screen_and_a_server_the_node() -> None:
    port = FakePort(NodeView(DOWN), REPORT)
    async with on_stage(port) as (app, pilot):
        await until(pilot, lambda: app.current_mode == "connection")
        assert "Nothing listens at 127.0.0.1:3536" in "\n".join(text_of(app))
        port.change(busy())
        await until(pilot, lambda: app.current_mode == "node")
        assert "4,120,334" in "\n".join(text_of(app))


async def test_a_lost_server_leaves_the_screens_and_says_so() -> None:
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        port.change(replace(busy(), feed=replace(DOWN, since_unix=NOW - 40)))
        await until(pilot, lambda: "down 40 s" in text_of(app)[0])
        assert app.current_mode == "node"
        assert "4,120,334" in "\n".join(text_of(app)), "what was known stays"
        port.change(replace(busy(), feed=replace(LIVE, phase=Phase.STALE, last_answer_unix=NOW - 33)))
        await until(pilot, lambda: f"◐ stale, as of {to_the_second(NOW - 33, NOW)}" in text_of(app)[0])


async def test_looking_at_the_connection_while_live_stays_there() -> None:
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        await pilot.press("0")
        await until(pilot, lambda: app.current_mode == "connection")
        port.change(busy())
        await until(pilot, lambda: not app._dirty)
        assert app.current_mode == "connection"


async def test_the_demo_takes_the_place_of_the_server() -> None:
    first, second = FakePort(NodeView(DOWN), REPORT), FakePort()

    async def opener() -> FakePort:
        return second

    async with on_stage(first, demo_opener=opener) as (app, pilot):
        await until(pilot, lambda: app.current_mode == "connection")
        assert "Or press d to look at a simulated node" in "\n".join(text_of(app))
        await pilot.press("d")
        await until(pilot, lambda: app.current_mode == "node" and "stop" in first.calls)
        assert second.calls == ["start"]
        assert first.listeners == []
        assert " DEMO " in text_of(app)[0]


# --- size, unit, colour, title ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "small"), [((60, 20), True), ((79, 40), True), ((120, 19), True), ((80, 20), False)])
async def test_too_small(size: tuple[int, int], small: bool) -> None:
    async with on_stage(size=size) as (app, pilot):
        said = "\n".join(text_of(app))
        assert ("ldk-tui needs 80 × 20" in said) is small
        assert ("Needs attention" in said) is not small
        assert all(len(row) <= size[0] for row in text_of(app))
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "Needs attention" in "\n".join(text_of(app)))
        await pilot.press("u")
        assert app.unit is Unit.MSAT


async def test_unit_goes_round_everywhere() -> None:
    async with on_stage(size=(80, 24)) as (app, pilot):
        assert "4,120,334 " in "\n".join(text_of(app))
        await pilot.press("u")
        assert "4,120,334,000" in "\n".join(text_of(app))
        await pilot.press("u")
        said = "\n".join(text_of(app))
        assert "0.04120334" in said
        assert "0.00050000 BTC held" in said
        assert " BTC " in text_of(app)[0]


async def test_light_and_dark() -> None:
    async with on_stage() as (app, pilot):
        dark = app.screen.styles.background
        await app.run_action("next_theme")
        await pilot.pause()
        assert app.theme == "ldk-light"
        assert app.screen.styles.background != dark


async def test_without_colour_every_state_still_has_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage() as (app, _):
        strips = app.screen._compositor.render_strips()
        for strip in strips:
            for segment in strip.apply_filter(app._filters[-1], app.screen.styles.background):
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    if colour is not None and colour.triplet is not None:
                        assert len({colour.triplet.red, colour.triplet.green, colour.triplet.blue}) == 1
        said = "\n".join(text_of(app))
        for sign in ("[1 Node]", "SIGNET", "● live", "▲ HODL", "▸", "✓", "42 m ▲", "× failed"):
            assert sign in said


async def test_the_title_holds_no_text_from_outside() -> None:
    async with on_stage() as (app, _):
        assert (app.title, app.sub_title) == ("ldk-tui", "")


def test_importing_the_app_imports_no_screen_but_by_need() -> None:
    """The first frame pays for one screen; windows, the other screens and the Markdown widget come when asked for."""
    code = (
        "import sys, ldk_tui.ui.app;"
        "print([name for name in ('ldk_tui.ui.screens.node', 'ldk_tui.ui.screens.connection', 'ldk_tui.ui.modals.help',"
        " 'textual.widgets._markdown', 'textual.widgets._data_table', 'sqlite3') if name in sys.modules])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


async def test_base_screens_know_their_scope() -> None:
    async with on_stage() as (app, pilot):
        await pilot.press("0")
        await until(pilot, lambda: app.current_mode == "connection")
        for screen in app._node_screens():
            assert isinstance(screen, NodeScreen)
            assert screen.SCOPE
            assert screen.TOPICS <= ALL_TOPICS


async def test_the_ages_in_needs_attention_go_on_by_themselves() -> None:
    """A line that nothing but time changes is drawn anew: who is away since when, how old a sync is."""
    times = [NOW]
    async with on_stage(now=lambda: times[0]) as (app, pilot):
        before = [each for each in text_of(app) if "PEER" in each or "away" in each]
        assert before
        times[0] += 7 * 3_600
        app._tick()
        await pilot.pause()
        after = [each for each in text_of(app) if "PEER" in each or "away" in each]
        assert after != before
