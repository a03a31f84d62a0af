"""The registry: every command can be reached, means one thing per screen, and says why when it cannot run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.command import CommandPalette

from ldk_tui.node.views import NodeView, Phase
from ldk_tui.ui import commands as registry
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.commands import COMMANDS, LIST, MODAL, Command, Group, State, for_state
from ldk_tui.ui.keymap import Keymap, clashes, document, sign
from ldk_tui.ui.line import plain
from ldk_tui.ui.modals.help import help_lines
from ldk_tui.ui.modals.text_view import TextView
from ldk_tui.ui.palette import CommandProvider
from ldk_tui.ui.screens import SCREENS
from ldk_tui.ui.widgets.bars import CommandBar
from ldk_tui.ui.widgets.row_table import RowTable
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import DOWN, LIVE, REPORT, FakePort, busy

LIVE_STATE = State("node", Phase.LIVE, row=True, alerts=3, demo=True)


def test_ids_and_keys_are_unique() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(ids) == len(set(ids))
    assert clashes() == []


def test_a_clash_is_seen() -> None:
    """The test above can fail."""
    twice = replace(registry.BY_ID["unit"], id="other", keys=("q",))
    assert clashes([*COMMANDS, twice]) == ["quit and other: q"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_action_exists_where_it_is_sent(command: Command) -> None:
    screens = {entry.name: entry.load() for entry in SCREENS}
    action = command.action.split("(")[0]
    place, _, name = action.rpartition(".")
    owner: type
    if command.scope == LIST:
        owner = RowTable
    elif command.scope == MODAL:
        owner = TextView
    elif place == "app":
        owner = LdkTuiApp
    else:
        assert place == "screen"
        owner = screens.get(command.scope, next(iter(screens.values())))
    assert hasattr(owner, f"action_{name}"), f"{owner.__name__} has no action_{name}"
    assert command.help.endswith(".")
    assert "[" not in command.help + command.title, "the palette would read it as markup"


def test_no_key_that_terminals_take() -> None:
    taken = {"ctrl+b", "ctrl+s", "ctrl+i", "ctrl+m", "ctrl+z", "ctrl+q"}
    assert not [command.id for command in COMMANDS if taken & set(command.keys)]


def test_digits_are_those_of_the_screens_that_exist() -> None:
    digits = {key for command in COMMANDS for key in command.keys if key.isdigit()}
    assert digits == {entry.key for entry in SCREENS}
    assert not digits & {"5", "6", "7", "8", "9"}


def test_mutating_commands_are_gone_in_read_only_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Command("x", "Send", "Sends.", ("S",), Group.EVERYWHERE, "app.send", mutating=True)
    monkeypatch.setattr(registry, "COMMANDS", (*COMMANDS, send))
    both = (*COMMANDS, send)
    assert send in for_state(LIVE_STATE, both)
    assert send not in for_state(replace(LIVE_STATE, read_only=True), both)
    assert "x" in [binding.id for binding in registry.bindings("everywhere")]  # type: ignore[union-attr]
    assert "x" not in [binding.id for binding in registry.bindings("everywhere", read_only=True)]  # type: ignore[union-attr]


async def test_read_only_keys_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BY_ID, "unit", replace(registry.BY_ID["unit"], mutating=True))
    async with on_stage(read_only=True) as (app, pilot):
        before = app.unit
        await pilot.press("u")
        assert app.unit is before
        assert "RO" in text_of(app)[0]


async def test_a_command_that_cannot_run_says_why() -> None:
    quiet = replace(busy(), attention=())
    async with on_stage(FakePort(quiet), size=(80, 24)) as (app, pilot):
        await pilot.press("a")
        bar = app.screen.query_one(CommandBar)
        assert plain(bar.flashed) == "– Nothing needs attention."
        assert "Nothing needs attention." in text_of(app)[-1]


async def test_flash_goes_again() -> None:
    async with on_stage() as (app, pilot):
        from ldk_tui.ui.line import line

        app.flash(line("for a moment"), seconds=0.05)
        bar = app.screen.query_one(CommandBar)
        assert plain(bar.flashed) == "for a moment"
        await until(pilot, lambda: not bar.flashed)
        assert "q quit" in text_of(app)[-1]


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
async def test_footer_fits_and_keeps_help_and_quit(columns: int) -> None:
    async with on_stage(size=(columns, 30)) as (app, _):
        foot = text_of(app)[-1]
        assert len(foot) == columns
        assert "? help" in foot
        assert "q quit" in foot
        assert "filter" not in foot, "nothing to filter here"


async def test_footer_and_tabs_take_clicks() -> None:
    async with on_stage(size=(120, 36)) as (app, pilot):
        foot = text_of(app)[-1]
        await pilot.click(offset=(foot.index("u unit"), 35))
        assert app.unit.value == "msat"
        await pilot.press("0")
        await until(pilot, lambda: app.current_mode == "connection")
        await pilot.click(offset=(text_of(app)[1].index("Node"), 1))
        await until(pilot, lambda: app.current_mode == "node")


async def test_every_command_is_in_the_help_and_closes_with_escape() -> None:
    async with on_stage(size=(80, 24)) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, TextView)
        said = "\n".join(plain(row) for row in help_lines(app.command_state(), app.keymap, (), 100))
        for command in for_state(app.command_state()):
            assert command.title in said
        await pilot.press("escape")
        assert not isinstance(app.screen_stack[-1], TextView)


async def test_palette_has_the_commands_of_this_screen_and_nothing_of_textual() -> None:
    async with on_stage() as (app, pilot):
        await pilot.press("ctrl+p")
        assert isinstance(app.screen_stack[-1], CommandPalette)
        hits = [hit async for hit in CommandProvider(app.screen).discover()]
        titles = [str(hit.text) for hit in hits]
        wanted = [command.title for command in for_state(app.command_state()) if command.in_palette]
        assert titles == wanted
        assert not [title for title in titles if "screenshot" in title.lower()]
        assert app.get_system_commands(app.screen) == ()
        await pilot.press(*"change the unit", "enter")
        await until(pilot, lambda: app.unit.value == "msat")


async def test_palette_keeps_title_and_key_apart() -> None:
    async with on_stage(size=(80, 24)) as (app, pilot):
        for key in "1234":
            await pilot.press(key)
            await until(pilot, lambda: app.front is not None and app.front.ready)
            for hit in [each async for each in CommandProvider(app.screen).discover()]:
                assert f"{hit.text}  " in str(hit.prompt)


async def test_palette_says_why_not() -> None:
    async with on_stage(FakePort(NodeView(DOWN), REPORT)) as (app, _):
        hits = {str(hit.text): hit async for hit in CommandProvider(app.screen).discover()}
        assert "not now: There is no connection" in str(hits["Read everything again"].prompt)


async def test_demo_is_offered_only_where_there_is_one() -> None:
    async with on_stage(FakePort(NodeView(DOWN), REPORT)) as (app, pilot):
        await pilot.press("d")
        assert "This start has no demo" in plain(app.screen.query_one(CommandBar).flashed)
        assert "Or press d" not in "\n".join(text_of(app))


# --- keys ------------------------------------------------------------------------------------------------------------


def test_own_keys() -> None:
    keymap = Keymap({"unit": "U", "nonsense": "x", "help": "ctrl+s", "refresh": "q", "filter": " , "})
    assert keymap.keys(registry.BY_ID["unit"]) == ("U",)
    assert keymap.changes == {"unit": "U"}
    assert keymap.problems == [
        "There is no command 'nonsense'.",
        "help: ctrl+s never reaches the program in many terminals.",
        "refresh: q is the key of quit.",
        "filter needs at least one key.",
    ]


async def test_own_keys_work_and_are_shown() -> None:
    async with on_stage(keys={"unit": "U"}) as (app, pilot):
        await pilot.press("u")
        assert app.unit.value == "sat"
        await pilot.press("U")
        assert app.unit.value == "msat"
        assert "U unit" in text_of(app)[-1]


def test_signs() -> None:
    assert [sign(key) for key in ("ctrl+r", "slash", "question_mark", "down", "G")] == ["^r", "/", "?", "↓", "G"]


def test_keys_document_is_up_to_date() -> None:
    path = Path(__file__).parents[2] / "docs" / "keys.md"
    assert path.read_text(encoding="utf-8") == document(), "run: make docs"


def test_reasons_are_sentences() -> None:
    for phase in Phase:
        for command in COMMANDS:
            reason = command.why_not(State("node", phase))
            assert reason is None or (reason[0].isupper() and (reason.endswith(".") or "Run:" in reason))


async def test_live_feed_makes_refresh_possible() -> None:
    port = FakePort()
    async with on_stage(port) as (app, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "refresh" in port.calls)
        await until(pilot, lambda: "read again" in plain(app.screen.query_one(CommandBar).flashed))
        assert app.view.feed == LIVE
