"""Hodl: urgency in sign and word, blocks before minutes, and sentences that say no more than the evidence does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.hodl import HodlState, Urgency, minutes_range, urgency
from ldk_tui.core.ids import ChannelId, PaymentHash
from ldk_tui.core.model import MaybePreimageClaimableHtlc
from ldk_tui.core.text import clean, own
from ldk_tui.node.query import PaymentQuery
from ldk_tui.node.views import HodlRow, HodlView, PaymentRow, Topic
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import plain, width_of
from ldk_tui.ui.screens.hodl import HodlScreen
from ldk_tui.ui.screens.hodl_lines import amount_cell, detail_lines, left_cell, meaning, state_cell
from ldk_tui.ui.screens.list_detail import Detail
from ldk_tui.ui.widgets.bars import CommandBar
from tests.ui.book_port import FAILED, BookPort, bolt11, hex64
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import BOB, NOW

HEIGHT = 212_345
SIZES = [(80, 24), (120, 36), (200, 60)]
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "hostile-strings.json").read_text("utf-8"))


def part(seed: object, amount_sat: int, expiry: int) -> MaybePreimageClaimableHtlc:
    return MaybePreimageClaimableHtlc(
        ChannelId(hex64("channel", seed)), BOB, Sat(amount_sat), expiry, PaymentHash(hex64(seed))
    )


def held(seed: object, left: int, amount_sat: int = 50_000, **changes: Any) -> HodlRow:
    deadline = HEIGHT + left
    row = HodlRow(
        PaymentHash(hex64(seed)),
        HodlState.HELD,
        asked_msat=Msat(amount_sat * 1000),
        held_msat=Msat(amount_sat * 1000),
        deadline_height=deadline,
        blocks_left=left,
        minutes=minutes_range(left),
        urgency=urgency(left),
        first_seen_unix=NOW - 600,
        first_seen_height=HEIGHT - 1,
        updated_unix=int(NOW) - 700,
        expiry_height=deadline + 39,
        parts=(part(seed, amount_sat, deadline + 39),),
        aliases=(own("bob-cln"),),
        times_seen=1,
    )
    return replace(row, **changes)


def over(seed: object, state: HodlState, **changes: Any) -> HodlRow:
    return replace(
        HodlRow(PaymentHash(hex64(seed)), state, asked_msat=Msat(25_000_000), updated_unix=int(NOW) - 9_000), **changes
    )


def rows() -> tuple[HodlRow, ...]:
    return (
        held("near", 3),
        held("far", 70, 210_000),
        over("waits", HodlState.WAITING),
        over("odd", HodlState.UNKNOWN),
        over("late", HodlState.LAPSED, deadline_height=HEIGHT - 4),
        over("gone", HodlState.FAILED),
        over("mine", HodlState.CLAIMED),
    )


def port_of(*some: HodlRow) -> BookPort:
    port = BookPort()
    port.hodl_view = view_of(*some)
    return port


def view_of(*some: HodlRow) -> HodlView:
    mine = [row for row in some if row.state is HodlState.HELD]
    nearest = min((row.blocks_left for row in mine if row.blocks_left is not None), default=None)
    return HodlView(some, len(mine), Msat(sum(row.held_msat or 0 for row in mine)), nearest, HEIGHT, True)


async def opened(app: LdkTuiApp, pilot: Pilot[None]) -> HodlScreen:
    await pilot.press("4")
    await until(pilot, lambda: isinstance(app.front, HodlScreen) and app.front.ready)
    await pilot.pause()
    assert isinstance(app.front, HodlScreen)
    return app.front


def pane(screen: HodlScreen) -> str:
    return "\n".join(plain(row) for row in screen.pane.lines)


def row_of(app: LdkTuiApp, needle: str) -> str:
    return next(row for row in text_of(app) if needle in row)


def said(row: HodlRow, height: int | None = HEIGHT) -> str:
    return " ".join(plain(each) for each in meaning(row, height))


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_held_ones_first_with_blocks_then_minutes(size: tuple[int, int]) -> None:
    async with on_stage(port_of(*rows()), size=size) as (app, pilot):
        screen = await opened(app, pilot)
        assert "2 held, 260,000 sat · nearest deadline 3 blocks" in row_of(app, "Hodl ─")
        first = next(row for row in text_of(app) if row.startswith(" ▸"))
        assert "▲ held, alarm" in first
        assert "3 blocks ≈ 8–63 min" in first
        assert "212,348" in first
        assert "50,000" in first
        listed = [plain(state_cell(row)) for row in screen.table.rows]
        assert listed == ["▲ held, alarm", "● held", "· waiting", "? unknown", "↺ lapsed", "× failed", "✓ claimed"]
        assert "Claim or fail it before block 212,348" in pane(screen).replace("\n", " ")
        assert hex64("near") in "\n".join(text_of(app)), "the hash is whole in the pane, at every size"
        assert all(len(row) <= size[0] for row in text_of(app))
        if size[0] > 100:
            assert "“bob-cln”" in first


def test_urgency_has_a_sign_and_a_word_of_its_own() -> None:
    words = {left: plain(state_cell(held("x", left))) for left in (13, 12, 6, 3, 1, 0)}
    assert words == {
        13: "● held",
        12: "! held, note",
        6: "▲ held, soon",
        3: "▲ held, alarm",
        1: "▲ ACT NOW",
        0: "▲ DEADLINE",
    }


def test_the_range_of_minutes_never_stands_without_the_blocks() -> None:
    assert plain(left_cell(held("x", 1))) == "   1 block ≈ 1–30 min"
    assert plain(left_cell(held("x", 12))) == " 12 blocks ≈ 69–182 min"
    assert plain(left_cell(held("x", 144))) == "144 blocks ≈ 20–28 h"
    assert plain(left_cell(held("x", 0))) == "  0 blocks"
    assert plain(left_cell(held("x", 3, blocks_left=None, minutes=None))) == "not known"
    assert max(width_of(left_cell(held("x", left))) for left in range(1000)) <= 23


async def test_a_block_moves_the_deadline_and_the_cursor_stays() -> None:
    port = port_of(held("near", 4), held("far", 70))
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("down")
        assert "70 blocks" in pane(screen)
        port.hodl_view = view_of(held("other", 2), held("near", 3), held("far", 69))
        port.tell(Topic.HODL)
        await until(pilot, lambda: len(screen.table.rows) == 3)
        assert screen.table.cursor_key == hex64("far")
        assert "69 blocks" in pane(screen)


async def test_units_and_columns() -> None:
    async with on_stage(port_of(*rows()), size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("u")
        assert "Amount msat" in row_of(app, "State")
        assert "210,000,000" in row_of(app, "70 blocks")
        await pilot.press("u")
        assert "0.00210000" in row_of(app, "70 blocks")
        assert "0.00050000 BTC" in row_of(app, "▲ held, alarm, ")


async def test_the_empty_screen_says_what_would_be_there() -> None:
    async with on_stage(port_of(), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        assert row_of(app, "No hodl payment yet.")
        assert row_of(app, "ldk-server-cli")
        assert "nothing held" in row_of(app, "Hodl ─")
        assert not screen.has_detail


async def test_not_read_yet_is_not_called_empty() -> None:
    port = BookPort()
    port.hodl_view = HodlView()
    async with on_stage(port) as (app, pilot):
        await opened(app, pilot)
        assert row_of(app, "Reading the balances …")
        assert not any("No hodl payment" in row for row in text_of(app))


# --- what it means -------------------------------------------------------------------------------------------------


def test_held_says_who_cannot_and_what_happens_by_itself() -> None:
    text = said(held("x", 3))
    assert "The payer cannot take it back. Claim or fail it before block 212,348" in text
    assert "at that block the node gives it back without a word" in text
    assert "off until block 212,387" in text
    assert "guess" not in text
    assert "balances" not in text


def test_a_guess_is_called_a_guess() -> None:
    row = held("x", 3, deadline_is_guess=True)
    assert "That block is a guess" in said(row)
    assert "212,348" in said(row)


def test_the_deadline_reached_is_said_first() -> None:
    assert said(held("x", 0)).startswith("▲ The deadline is reached: claiming may already be impossible.")


def test_blocks_taken_off_for_a_late_sync_are_explained() -> None:
    row = held("x", 9, blocks_left=6, urgency=urgency(6))
    assert "3 blocks that it may have missed are taken off" in said(row)
    assert "taken off" not in said(held("x", 9))
    assert "taken off" not in said(held("x", 9), None)


@pytest.mark.parametrize(
    ("asked_msat", "words"),
    [(353_999, "HTLCs below 354 sat never appear in the balances"), (354_000, "the balances do not show it yet")],
)
def test_what_the_balances_do_not_show(asked_msat: int, words: str) -> None:
    assert words in said(held("x", 3, held_msat=None, asked_msat=Msat(asked_msat), parts=()))


def test_no_deadline_at_all() -> None:
    row = held("x", 3, deadline_height=None, blocks_left=None, minutes=None, urgency=Urgency.CALM)
    assert "is not known: decide soon" in said(row)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (HodlState.WAITING, "nobody has paid"),
        (HodlState.CLAIMED, "the money is ours, and it stays settled"),
        (HodlState.FAILED, "the payer has the money again"),
        (HodlState.LAPSED, "The node's own record stays pending for ever"),
        (HodlState.UNKNOWN, "does not tell what became of it"),
    ],
)
def test_every_end_in_a_plain_sentence(state: HodlState, words: str) -> None:
    assert words in said(over("x", state))


def test_dust_may_still_be_held() -> None:
    assert "it may still be held" in said(over("x", HodlState.UNKNOWN, asked_msat=Msat(350_000)))
    assert "still be held" not in said(over("x", HodlState.UNKNOWN))


def test_settled_stays_settled_although_the_record_says_failed() -> None:
    row: PaymentRow = BookPort([bolt11("x", status=FAILED)]).payments(PaymentQuery()).rows[0]
    text = said(over("x", HodlState.CLAIMED, payment=row))
    assert "Claimed: the money is ours" in text
    assert "record says failed now, because the invoice was paid or failed again" in text


async def test_the_pane_has_everything_and_promises_no_keys() -> None:
    two = (part("x", 30_000, 212_387), part("x", 19_999, 212_390))
    row = held("x", 3, asked_msat=Msat(50_000_000), held_msat=Msat(49_999_000), parts=two, times_seen=2)
    async with on_stage(port_of(row)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        text = pane(screen)
        for words in (
            "3 blocks ≈ 8–63 min, as blocks come",
            "block 212,348  now 212,345",
            "block 212,387  39 blocks after the deadline",
            "49,999 sat  all, parts rounded down to satoshi",
            hex64("x"),
            hex64("channel", "x"),
            str(BOB),
            "2 times: it was paid again",
            "“bob-cln”",
            "does not claim or fail them",
        ):
            assert words in text, words
        short = held("x", 3, asked_msat=Msat(50_000_000), held_msat=Msat(49_600_000))
        assert isinstance(app.port, BookPort)
        app.port.hodl_view = view_of(short)
        app.port.tell(Topic.HODL)
        await until(pilot, lambda: "less than was asked for" in pane(screen))


async def test_enter_gives_the_pane_everything_and_esc_gives_it_back() -> None:
    async with on_stage(port_of(*rows()), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        states = [screen.detail]
        for key in ("enter", "enter", "escape", "escape"):
            await pilot.press(key)
            states.append(screen.detail)
        assert states == [Detail.BESIDE, Detail.FULL, Detail.FULL, Detail.BESIDE, Detail.BESIDE]
        assert screen.focused is screen.table


async def test_copying_and_going_to_the_payment() -> None:
    payment = bolt11("near")
    port = port_of(*rows())
    port.take(payment)
    row = port.payments(PaymentQuery()).rows[0]
    port.hodl_view = view_of(held("near", 3, payment=row), *rows()[1:])
    async with on_stage(port) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y")
        assert app.clipboard == hex64("near")
        await pilot.press("h")
        await until(pilot, lambda: app.current_mode == "payments")
        await pilot.press("4", "down", "h")
        assert app.front is not None
        assert "no payment with this hash" in plain(app.front.query_one(CommandBar).flashed)


async def test_the_attention_line_leads_here() -> None:
    async with on_stage(port_of(*rows())) as (app, pilot):
        await opened(app, pilot)
        assert app.show_on("hodl", hex64("far"))
        screen = app.front
        assert isinstance(screen, HodlScreen)
        await until(pilot, lambda: screen.table.cursor_key == hex64("far"))


@pytest.mark.parametrize("columns", [80, 120])
async def test_no_alias_reaches_the_terminal_uncleaned(columns: int) -> None:
    aliases = [clean(vector["input"]) for vector in VECTORS]
    some = [held(number, 3, aliases=(alias,)) for number, alias in enumerate(aliases)]
    async with on_stage(port_of(*some), size=(columns, 36)) as (app, pilot):
        screen = await opened(app, pilot)
        for _ in range(len(VECTORS) // 10 + 1):
            rows = text_of(app)
            listed = [row for row in rows if "3 blocks ≈ 8–63 min         50,000   212,348" in row]
            assert len(listed) >= 10, "figures in their places, whatever stands behind them"
            for row in (*rows, *(plain(row) for row in screen.pane.lines)):
                assert not any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 for each in row)
            await pilot.press("pagedown")
        assert screen.table.cursor_index == len(VECTORS) - 1


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_no_alias_reaches_the_pane_uncleaned(vector: dict[str, Any]) -> None:
    row = held("x", 3, aliases=(clean(vector["input"]),))
    for line in detail_lines(row, HEIGHT, (), Unit.SAT, NOW, 77):
        assert width_of(line) <= 77
        for bad in vector["must_not_contain"]:
            assert bad.isprintable() or bad not in plain(line)


def test_amounts_of_columns_fit_their_widths() -> None:
    row = held("x", 3, 99_999_999)
    for unit in Unit:
        width = {Unit.SAT: 11, Unit.MSAT: 15, Unit.BTC: 12}[unit]
        assert width_of(amount_cell(row, unit)) <= width
