"""Text from outside on every screen and window: no exception, no control character in a strip, no action but ours."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Static

from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.core.text import SafeText, clean
from ldk_tui.node.views import ConnectionReport, NodeView, Subject, Tried
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.event_lines import event_report
from ldk_tui.ui.line import Line, fit, line, plain
from ldk_tui.ui.notice import toast
from ldk_tui.ui.render import quoted
from ldk_tui.ui.screens.node_lines import attention_report, attention_text, identity_lines
from ldk_tui.ui.widgets.clean_input import CleanInput, FilterLine
from ldk_tui.ui.widgets.header_bar import HeaderState, header_line
from ldk_tui.ui.widgets.one_line import Heading
from ldk_tui.ui.widgets.row_table import RowTable
from tests.ui.conftest import on_stage, until
from tests.ui.fake_port import DOWN, NOW, FakePort, attention, busy, recent

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text(encoding="utf-8"))
MARKUP = [vector for vector in VECTORS if vector["context"] == "markup"]
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check(app: LdkTuiApp, where: str) -> None:
    """Looks at every composed strip of the screen in front."""
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        for segment in strip:
            for character in segment.text:
                assert unicodedata.category(character) not in {"Cc", "Cs"}, f"{where}: {character!r} in line {y}"
                assert character not in _BIDI, f"{where}: {character!r} in line {y}"
            meta = segment.style.meta if segment.style else {}
            actions = {key for key in meta if key.startswith("@") and not key.startswith("@mouse.")}  # scroll bars
            assert not actions, f"{where}: an action in line {y}: {meta}"
            assert segment.style is None or segment.style.link is None


def cleaned(vector: dict[str, str]) -> SafeText:
    """As the dialect would give it to the store."""
    return clean(vector["input"], "text" if vector["context"] == "multiline" else "label")


TEXTS = [cleaned(vector) for vector in VECTORS]


def full(text: SafeText, number: int) -> NodeView:
    """A view with `text` as alias, URI and address, and every vector in the lists, `text` on top."""
    others = TEXTS[number:] + TEXTS[:number]
    alerts = [replace(attention(each)[place % 7], key=f"key:{place}", alias=each) for place, each in enumerate(others)]
    events = [replace(recent(each, each)[place % 7], number=1000 - place) for place, each in enumerate(others)]
    return replace(busy(text, text), attention=tuple(alerts), recent=tuple(events))


async def windows(app: LdkTuiApp, pilot: Pilot[None], port: FakePort, text: SafeText, name: str) -> None:
    """Every screen and window of the shell with `text` in it."""
    await pilot.press("i")
    check(app, f"{name}: identity")
    await pilot.press("escape")
    for table_id in ("#node-attention", "#node-recent"):
        table = app.screen.query_one(table_id, RowTable)
        table.focus()
        for _ in range(4):  # lines of several kinds: those of the attention list may lead to other screens
            table.action_select_cursor()
            await pilot.pause()
            check(app, f"{name}: {table_id} opened")
            if isinstance(app.screen, ModalScreen):
                await pilot.press("escape")
            app.action_show_screen("node")
            await pilot.pause()
            table.action_cursor_down()
    app.flash(line("said ", quoted(text)))
    toast(app, text, severity="warning", timeout_s=0.05)
    await pilot.pause()
    check(app, f"{name}: toast")
    error = Unreachable("No.", cause=UnreachableCause.REFUSED)
    error.server_text = text
    port.told = ConnectionReport((Tried(Subject.ADDRESS, text, False, text),), str(text), str(text))
    port.change(replace(port.view, feed=replace(DOWN, error=error)))
    app.action_show_screen("connection")
    await until(pilot, lambda: app.current_mode == "connection" and not app._dirty)
    check(app, f"{name}: connection")
    await pilot.click(offset=(20, 6))
    await pilot.click(offset=(30, 12))
    app.action_show_screen("node")
    await until(pilot, lambda: app.current_mode == "node")
    assert app.is_running


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.timeout(120)
async def test_every_vector_in_the_lists_and_the_header(size: tuple[int, int]) -> None:
    """All vectors pass through the lists by the page; each is once the node's own alias."""
    port = FakePort()
    async with on_stage(port, size=size) as (app, pilot):
        for number, text in enumerate(TEXTS):
            port.change(full(text, number))
            app._flush_topics()
            await pilot.pause()
            assert app.view.info is not None
            assert app.view.info.alias is text
            check(app, VECTORS[number]["name"])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("context", sorted({vector["context"] for vector in VECTORS}))
async def test_windows_with_the_worst_of_each_kind(context: str) -> None:
    chosen = [place for place, vector in enumerate(VECTORS) if vector["context"] == context]
    port = FakePort()
    async with on_stage(port, size=(100, 30)) as (app, pilot):
        for place in chosen[:: max(1, len(chosen) - 1)][:2]:
            port.change(full(TEXTS[place], place))
            await until(pilot, lambda wanted=place: app.view.info is not None and app.view.info.alias is TEXTS[wanted])  # type: ignore[misc]
            await windows(app, pilot, port, TEXTS[place], VECTORS[place]["name"])


def test_every_line_of_the_shell_with_every_vector() -> None:
    """The same without an app: all lines, several widths; no control character, and no line wider than promised."""
    for vector, text in zip(VECTORS, TEXTS, strict=True):
        view = busy(text, text)
        for width in (38, 80, 120):
            state = HeaderState.of(view, NOW, Unit.SAT, read_only=False, demo=False)
            made: list[Line] = [header_line(state, width)] if width >= 80 else []
            made += identity_lines(view, width)
            made += [tuple(fit(attention_text(each, Unit.SAT, NOW, width), width)) for each in view.attention]
            made += [row for each in view.attention for row in attention_report(each, Unit.SAT, NOW, width)]
            made += [row for each in view.recent for row in event_report(each, Unit.SAT, width)]
            for row in made:
                bad = {each for each in plain(row) if unicodedata.category(each) in {"Cc", "Cs"} or each in _BIDI}
                assert not bad, f"{vector['name']}: {bad}"


async def test_markup_is_shown_as_it_is_and_does_nothing() -> None:
    assert len(MARKUP) >= 3
    port = FakePort()
    async with on_stage(port, size=(200, 60)) as (app, pilot):
        for vector in MARKUP:
            text = clean(vector["input"], "label", 40)
            port.change(busy(text, text))
            await until(pilot, lambda wanted=text: app.view.info is not None and app.view.info.alias is wanted)  # type: ignore[misc]
            await until(pilot, lambda: not app._dirty)
            said = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert str(text)[:18] in said, vector["name"]
            header = said.splitlines()[0]
            await pilot.click(offset=(header.index("“") + 2, 0))
            assert app.is_running
            assert app.current_mode == "node"


async def test_the_checks_can_fail() -> None:
    """The same check sees a control character and an action where there is one."""
    async with on_stage() as (app, pilot):
        made = app.screen.query_one("#node-recent-heading", Heading)
        made.set_note(line("a\u202eb"))
        await pilot.pause()
        with pytest.raises(AssertionError, match="202e"):
            check(app, "x")
        made.set_note(())
        await app.screen.mount(Static(Content.from_markup("[@click=app.bell]press[/]")), before="#body")
        await pilot.pause()
        with pytest.raises(AssertionError, match="an action"):
            check(app, "x")


async def test_pasted_control_characters_do_not_come_in() -> None:
    async with on_stage() as (app, pilot):
        bar = app.screen.query_one(FilterLine)
        bar.open()
        field = bar.query_one(CleanInput)
        await pilot.pause()
        field.post_message(events.Paste("dir:out \x1b]52;c;AAAA\x07\u202etxt "))
        await pilot.pause()
        assert field.value.startswith("dir:out ")
        assert not {"\x1b", "\x07", "\u202e"} & set(field.value)
        await pilot.press("x", "space", "y")
        assert field.value.endswith("x y")
        check(app, "filter")
