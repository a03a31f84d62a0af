"""The screen Channels: order, filter, cursor, widths, detail, copying, empty states; state before pixels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.attention import AttentionKind
from ldk_tui.core.model import Channel
from ldk_tui.core.text import clean
from ldk_tui.node.query import ChannelSort
from ldk_tui.node.views import FeedState, NodeView, Phase, Topic
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import plain
from ldk_tui.ui.modals.copy_choice import CopyChoice
from ldk_tui.ui.screens.channels import ChannelsScreen
from ldk_tui.ui.widgets.bars import CommandBar
from ldk_tui.ui.widgets.clean_input import FilterLine
from ldk_tui.ui.widgets.one_line import Heading, Panel
from ldk_tui.ui.widgets.row_table import RowTable
from tests.ui.channel_port import BOB, CAROL, DAVE, ERIN, FRANK, GINA, ChannelPort, channel, digits
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import attention, busy
from tests.ui.test_hostile import check

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text(encoding="utf-8"))
SIZES = [(80, 24), (100, 30), (120, 36), (200, 60)]


async def opened(app: LdkTuiApp, pilot: Pilot[None]) -> ChannelsScreen:
    await pilot.press("2")
    await until(pilot, lambda: isinstance(app.front, ChannelsScreen) and app.front.ready)
    assert isinstance(app.front, ChannelsScreen)
    return app.front


def names(screen: ChannelsScreen) -> list[str]:
    """The rows from top to bottom, by the readable start of their ids."""
    known = {each.channel_id: each for each in (BOB, CAROL, DAVE, ERIN, FRANK, GINA)}
    words = {key: bytes.fromhex(key).rstrip(b"\0").decode() for key in known}
    return [words.get(row.channel_id, "older") for row in screen.table.rows]


def at(screen: ChannelsScreen, of: Channel) -> bool:
    return screen.table.cursor_key == of.channel_id


def heading(screen: ChannelsScreen) -> str:
    return "".join(plain(piece.parts) for piece in screen.query_one("#channels-heading", Heading).pieces(200))


def detail(screen: ChannelsScreen) -> str:
    return " ".join(" ".join(plain(row) for row in screen.pane.lines).split())


def flashed(screen: ChannelsScreen) -> str:
    return plain(screen.query_one(CommandBar).flashed)


# --- order -----------------------------------------------------------------------------------------------------------


async def test_attention_first_and_closed_channels_below_in_every_order() -> None:
    async with on_stage(ChannelPort()) as (app, pilot):
        screen = await opened(app, pilot)
        assert names(screen) == ["erin", "carol", "dave", "frank", "bob", "gina", "older"]
        assert "attention first" in heading(screen)
        orders = {tuple(names(screen))}
        for sort in [*list(ChannelSort)[1:], ChannelSort.ATTENTION]:
            await pilot.press("o")
            assert names(screen)[-2:] in (["gina", "older"], ["older", "gina"])
            assert sort in ChannelSort
            orders.add(tuple(names(screen)))
        assert len(orders) >= 4
        assert "attention first" in heading(screen), "round again"


async def test_the_order_is_shown_and_follows_the_column_clicked() -> None:
    async with on_stage(ChannelPort()) as (app, pilot):
        screen = await opened(app, pilot)
        title = text_of(app)[screen.table.region.y]
        await pilot.click(RowTable, offset=(title.index("Capacity") - screen.table.region.x, 0))
        assert names(screen)[:1] == ["carol"]
        assert "largest first" in heading(screen)
        assert "Capacity▼" in text_of(app)[screen.table.region.y].replace(" ", "")
        await pilot.click(RowTable, offset=(title.index("Capacity") - screen.table.region.x, 0))
        assert names(screen)[-3] == "carol"
        assert "turned round" in heading(screen)
        await pilot.click(RowTable, offset=(title.index("Flags") - screen.table.region.x, 0))
        assert "largest first, turned round" in heading(screen), "no order by flags"


async def test_the_cursor_stays_on_its_channel() -> None:
    port = ChannelPort()
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(BOB.channel_id)
        for _ in ChannelSort:
            await pilot.press("o")
            assert at(screen, BOB)
        port.now_are((channel("zed", is_usable=False), BOB, CAROL, DAVE, ERIN, FRANK))
        await until(pilot, lambda: len(screen.table.rows) == 8)
        assert at(screen, BOB)
        await pilot.press("slash", *"bob")
        assert names(screen) == ["bob"]
        await pilot.press("escape")
        assert len(screen.table.rows) == 8
        assert at(screen, BOB)


async def test_changes_arrive_and_are_marked() -> None:
    port = ChannelPort()
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        port.now_are((replace(BOB, outbound_capacity_msat=Msat(1_111_222_000)), CAROL, DAVE, ERIN, FRANK))
        await until(pilot, lambda: any("1,111,222" in each for each in text_of(app)))
        assert screen.table.marks.get(BOB.channel_id) == frozenset({"ours"})


# --- filter ----------------------------------------------------------------------------------------------------------


async def test_the_filter_hides_says_how_many_and_loses_nothing() -> None:
    async with on_stage(ChannelPort()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"state:closing")
        assert names(screen) == ["gina", "older"]
        assert "2 of 7" in heading(screen)
        await pilot.press("enter", "j")
        assert isinstance(screen.focused, RowTable), "enter gives the keys back to the list"
        await pilot.press("escape")
        assert len(names(screen)) == 7
        assert "of 7" not in heading(screen)
        await pilot.press("slash", *"nobody-like-that")
        assert names(screen) == []
        said = " ".join(text_of(app))
        assert "No channel passes the filter." in said
        assert "It hides 7; esc takes it away." in said
        await pilot.press("escape")
        assert len(names(screen)) == 7


async def test_a_word_not_understood_is_told_and_hides_nothing() -> None:
    async with on_stage(ChannelPort(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"state:sleepy bob")
        panel = screen.query_one("#channels-problems", Panel)
        assert panel.display
        assert "state: takes open, usable, offline, pending, splicing, closing or phantom" in " ".join(text_of(app))
        assert names(screen) == ["bob"], "the rest of the words still counts"
        assert screen.query_one(FilterLine).text == "state:sleepy bob"
        await pilot.press("escape")
        assert not panel.display


# --- widths ----------------------------------------------------------------------------------------------------------

_TITLES = {
    80: ["State▼", "Balance", "Ours", "Theirs", "ppm", "Peer"],
    100: ["State▼", "Balance", "Ours", "Theirs", "ppm+base", "Flags", "Peer"],
    120: ["State▼", "Balance", "Ours", "Theirs", "Capacity", "ppm+base", "Peer's", "Flags", "Peer"],
    200: [
        "State▼", "Ours │ theirs", "Ours", "Theirs", "Capacity", "In flight", "One HTLC ≤", "ppm+base", "Peer's",
        "Flags", "Peer",
    ],
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_columns_by_width(size: tuple[int, int]) -> None:
    async with on_stage(ChannelPort(), size=size) as (app, pilot):
        screen = await opened(app, pilot)
        title = text_of(app)[screen.table.region.y]
        assert " ".join(title.split()) == " ".join(_TITLES[size[0]])
        check(app, str(size))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_no_figure_is_ever_cut_in_any_unit(size: tuple[int, int]) -> None:
    whale = channel("whale", value_sat=Sat(1_000_000_000), outbound_capacity_msat=Msat(999_999_000_001))
    port = ChannelPort()
    port.now_are((BOB, CAROL, whale), tell=False)
    async with on_stage(port, size=size) as (app, pilot):
        screen = await opened(app, pilot)
        for unit, wanted in (
            (Unit.SAT, ("999,999,000", "881,004")),
            (Unit.MSAT, ("999,999,000,001", "881,004,000")),
            (Unit.BTC, ("9.99999000", "0.00881004")),
        ):
            assert app.unit is unit
            table = text_of(app)[screen.table.region.y : screen.table.region.bottom]
            for figure in wanted:
                assert any(f" {figure} " in each for each in table), f"{figure} in {table}"
            ends = {each.index("700,000") + len("700,000") for each in table if unit is Unit.SAT and "700,000" in each}
            assert len(ends) <= 1, "figures end in one column"
            assert unit.value in heading(screen)
            await pilot.press("u")


async def test_resizing_lays_out_anew() -> None:
    async with on_stage(ChannelPort(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(CAROL.channel_id)
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "Capacity" in text_of(app)[screen.table.region.y])
        assert at(screen, CAROL)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Capacity" not in text_of(app)[screen.table.region.y])
        assert at(screen, CAROL)


# --- the detail ------------------------------------------------------------------------------------------------------


async def test_a_few_lines_of_the_channel_stand_under_the_table() -> None:
    async with on_stage(ChannelPort(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        summary = screen.query_one("#channels-summary", Panel)
        assert "▲ phantom" in plain(summary.lines[0])
        screen.table.move_to(BOB.channel_id)
        await pilot.pause()
        assert "● usable" in plain(summary.lines[0])
        assert len(summary.lines) == 4
        assert any("Channel 626f" in each and each.rstrip().endswith("“bob-cln” 0262…0000") for each in text_of(app))


async def test_enter_shows_all_on_the_whole_of_a_small_terminal() -> None:
    async with on_stage(ChannelPort(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(BOB.channel_id)
        await pilot.press("enter")
        assert screen.has_detail
        assert not screen.table.is_on_screen or screen.pane.region.height > 15
        assert "our money waits 144 blocks" in detail(screen)
        before = screen.pane.region
        await pilot.press("pagedown")
        await until(pilot, lambda: any("fee rate, ppm" in each for each in text_of(app)))
        assert before == screen.pane.region
        await pilot.press("u")
        assert "capacity 2,000,000,000 msat" in detail(screen), "the unit follows"
        await pilot.press("escape")
        assert not screen.has_detail
        assert at(screen, BOB)
        assert isinstance(screen.focused, RowTable)


async def test_enter_opens_the_pane_below_on_a_tall_terminal_and_it_follows_the_cursor() -> None:
    async with on_stage(ChannelPort(), size=(120, 36)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(CAROL.channel_id)
        await pilot.press("enter")
        assert screen.table.region.bottom <= screen.pane.region.y
        assert CAROL.counterparty in detail(screen)
        await pilot.press("j")
        assert DAVE.counterparty in detail(screen)
        assert not screen.query_one("#channels-summary").display
        await pilot.press("enter")
        assert screen.pane.region.height > 25
        await pilot.press("escape", "escape")
        assert screen.query_one("#channels-summary").display


async def test_the_detail_is_live_and_says_when_its_channel_is_gone() -> None:
    port = ChannelPort()
    async with on_stage(port, size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(FRANK.channel_id)
        await pilot.press("enter")
        assert "1 of 3 confirmations" in detail(screen)
        port.now_are((BOB, CAROL, DAVE, ERIN, replace(FRANK, confirmations=2)))
        await until(pilot, lambda: "2 of 3 confirmations" in detail(screen))
        port.now_are((BOB, CAROL, DAVE, ERIN), ())
        await until(pilot, lambda: not at(screen, FRANK))
        assert "gone from the node's answers" in flashed(screen)


async def test_mouse_moves_the_cursor_and_a_second_click_opens() -> None:
    async with on_stage(ChannelPort(), size=(120, 36)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.click(RowTable, offset=(20, 3))
        assert screen.table.cursor_index == 2
        await pilot.click(RowTable, offset=(20, 3), times=2)
        assert screen.has_detail
        assert DAVE.counterparty in detail(screen)


# --- copying ---------------------------------------------------------------------------------------------------------


async def test_ids_are_copied_whole() -> None:
    async with on_stage(ChannelPort(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(BOB.channel_id)
        for moves, label, value in (
            (0, "node id", BOB.counterparty),
            (1, "channel id", BOB.channel_id),
            (2, "user channel id", BOB.user_channel_id),
            (3, "funding", f"{digits('txbob')}:1"),
        ):
            await pilot.press("y")
            assert isinstance(app.screen, CopyChoice)
            await pilot.press(*["j"] * moves)
            await until(pilot, lambda value=value: any(value in each for each in text_of(app)))  # type: ignore[misc]
            await pilot.press("enter" if moves % 2 else "y")
            assert app.clipboard == value
            assert app.screen_stack[-1] is screen
            assert flashed(screen) == f"copied {label}  {value}"
        await pilot.press("y", "escape")
        assert app.screen_stack[-1] is screen
        await pilot.press("enter", "y", "y")
        assert app.clipboard == BOB.counterparty, "from the detail too"


# --- from elsewhere --------------------------------------------------------------------------------------------------


async def test_an_alert_leads_to_its_channel() -> None:
    view = busy()
    alert = next(each for each in attention() if each.kind is AttentionKind.PHANTOM)
    alert = replace(alert, channel_id=ERIN.channel_id, peer=ERIN.counterparty)
    port = ChannelPort(replace(view, attention=(alert,)))
    async with on_stage(port) as (app, pilot):
        await pilot.press("a", "enter")
        await until(pilot, lambda: isinstance(app.front, ChannelsScreen) and at(app.front, ERIN))


async def test_a_channel_that_the_filter_hides_is_shown_when_asked_for() -> None:
    async with on_stage(ChannelPort()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"erin", "enter")
        assert app.show_on("channels", CAROL.counterparty)
        await until(pilot, lambda: at(screen, CAROL))
        assert screen.filter_text == ""
        assert len(screen.table.rows) == 7
        assert app.show_on("channels", "nothing like that")
        await pilot.pause()
        assert at(screen, CAROL)


async def test_a_channel_asked_for_before_anything_was_read() -> None:
    port = ChannelPort(filled=False)
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        app.show_on("channels", BOB.channel_id)
        await pilot.pause()
        port.now_are((CAROL, BOB))
        await until(pilot, lambda: at(screen, BOB))


# --- nothing to show -------------------------------------------------------------------------------------------------


async def test_before_the_first_answer() -> None:
    port = ChannelPort(filled=False)
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        assert "Reading the channels …" in " ".join(text_of(app))
        assert not screen.query_one("#channels-summary").display
        await pilot.press("y")
        assert app.screen is screen
        assert flashed(screen) == "– There is no row to open here."


async def test_down_before_anything_was_read() -> None:
    port = ChannelPort(NodeView(feed=FeedState(Phase.DOWN)), filled=False)
    async with on_stage(port) as (app, pilot):
        await opened(app, pilot)
        assert "Press 0 to see why." in " ".join(text_of(app))


async def test_a_node_without_channels_says_what_would_be_there_and_names_no_key_that_is_not() -> None:
    port = ChannelPort(filled=False)
    port.now_are((), (), (), tell=False)
    async with on_stage(port, size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        said = " ".join(" ".join(text_of(app)).split())
        assert "This node has no channels." in said
        assert "This version opens none itself." in said
        assert "Press" not in said
        port.now_are((BOB,), (), ())
        await until(pilot, lambda: any("usable" in each for each in text_of(app)))


# --- strangers' words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, len(VECTORS), 14))
async def test_hostile_text_in_every_field(first: int) -> None:
    """Alias, close message, its detail; table, summary and report are all in sight."""
    port = ChannelPort()
    async with on_stage(port, size=(110, 60)) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(GINA.channel_id)
        await pilot.press("enter")
        assert screen.has_detail
        for vector in VECTORS[first : first + 14]:
            label, text = clean(vector["input"], "label"), clean(vector["input"], "text")
            port.book.aliases = dict.fromkeys((each.counterparty for each in (BOB, CAROL, ERIN, GINA)), label)
            port.fill(message=text, detail=text)
            port.now_are((BOB, CAROL, DAVE, ERIN, FRANK))
            shown = port.row(BOB).alias
            await until(pilot, lambda shown=shown: any(row.alias == shown for row in screen.table.rows))  # type: ignore[misc]
            assert shown == label
            check(app, vector["name"])
            figures = [each for each in text_of(app) if "1,200,000" in each and "700,000" in each]
            assert len(figures) >= 2
            assert {each.index("700,000") for each in figures} == {figures[0].index("700,000")}, "no figure is moved"
        await pilot.press("enter")
        check(app, "the report alone")
        await pilot.press("escape", "escape")
        check(app, "the summary")


async def test_pasted_control_characters_do_not_reach_the_filter() -> None:
    async with on_stage(ChannelPort()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash")
        screen.query_one("#filter-input").insert_text_at_cursor("state:\x1b[2J\u202e")  # type: ignore[attr-defined]
        await pilot.pause()
        check(app, "problems")


async def test_help_has_the_legend_and_the_keys() -> None:
    async with on_stage(ChannelPort(), size=(120, 60)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("question_mark")
        said = "\n".join(text_of(app))
        for words in ("Show all of the channel", "◔ pending", "▒ reserve", "250+1000", "Copy an id"):
            assert words in said


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("opening", [False, True], ids=["list", "detail"])
async def test_pictures(opening: bool, size: tuple[int, int], picture: Callable[[LdkTuiApp], None]) -> None:
    port = ChannelPort()
    async with on_stage(port, size=size) as (app, pilot):
        screen = await opened(app, pilot)
        screen.table.move_to(BOB.channel_id)
        await pilot.pause()
        if opening:
            await pilot.press("enter")
        else:
            assert "● usable" in plain(screen.query_one("#channels-summary", Panel).lines[0])
        assert screen.has_detail == opening
        assert len(screen.table.rows) == 7
        assert Topic.CHANNELS in screen.TOPICS
        picture(app)
