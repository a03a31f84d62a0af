"""Payments: what stands in the list, the filter, the pane with every detail, and secrets one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from ldk_tui.core.amounts import MAX_MSAT, Msat, Sat, Unit, format_msat
from ldk_tui.core.errors import ServerTrouble
from ldk_tui.core.ids import ChannelId
from ldk_tui.core.model import Direction, MaybeTimeoutClaimableHtlc, PaymentStatus
from ldk_tui.core.text import clean, own
from ldk_tui.node.query import PaymentQuery, Shown
from ldk_tui.node.views import HtlcInFlight, LoadProgress, PaymentRow, PaymentsView, SecretKind, Topic
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.line import plain, width_of
from ldk_tui.ui.screens.list_detail import Detail
from ldk_tui.ui.screens.payments import PaymentsScreen
from ldk_tui.ui.screens.payments_lines import (
    Look,
    arrow_cell,
    detail_lines,
    figure_cell,
    progress_line,
    remark,
    status_cell,
    sums_line,
)
from ldk_tui.ui.widgets.bars import CommandBar
from ldk_tui.ui.widgets.clean_input import FilterLine
from tests.ui.book_port import (
    FAILED,
    OPEN,
    OUT,
    PAYMENT_SECRET,
    PREIMAGE,
    BookPort,
    bolt11,
    hex64,
    keysend,
    offer,
    onchain,
)
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import BOB, NOW

SIZES = [(80, 24), (120, 36), (200, 60)]
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "hostile-strings.json").read_text("utf-8"))


def some() -> list[Any]:
    """One of each kind and state, the newest first in the list's order."""
    return [
        bolt11("paid", direction=OUT, fee_paid_msat=Msat(12_400), updated_unix=int(NOW) - 10),
        bolt11("flying", direction=OUT, status=OPEN, amount_msat=Msat(100_000_000), updated_unix=int(NOW) - 20),
        bolt11("failed", direction=OUT, status=FAILED, amount_msat=Msat(900_000_123), updated_unix=int(NOW) - 30),
        offer("coffee", own("two flat whites"), 3, direction=OUT, amount_msat=Msat(7_000_000), fee_paid_msat=Msat(0)),
        onchain("deep", 212_343, updated_unix=int(NOW) - 4_000),
        keysend("gift", amount_msat=Msat(1_192_000), updated_unix=int(NOW) - 5_000),
        bolt11("bill", status=OPEN, amount_msat=None, updated_unix=int(NOW) - 6_000),
    ]


def screen_of(app: LdkTuiApp) -> PaymentsScreen:
    assert isinstance(app.front, PaymentsScreen)
    return app.front


async def opened(app: LdkTuiApp, pilot: Pilot[None]) -> PaymentsScreen:
    await pilot.press("3")
    await until(pilot, lambda: isinstance(app.front, PaymentsScreen) and app.front.ready and app.front.has_row)
    return screen_of(app)


def pane(screen: PaymentsScreen) -> str:
    return "\n".join(plain(row) for row in screen.pane.lines)


def value(screen: PaymentsScreen, label: str) -> str:
    """What stands beside a label in the pane."""
    return next(plain(row)[11:] for row in screen.pane.lines if plain(row).startswith(f"{label} "))


def row_of(app: LdkTuiApp, needle: str) -> str:
    return next(row for row in text_of(app) if needle in row)


def flashed(app: LdkTuiApp) -> str:
    assert app.front is not None
    return plain(app.front.query_one(CommandBar).flashed)


def at(screen: PaymentsScreen) -> Detail:
    return screen.detail


async def read(pilot: Pilot[None], screen: PaymentsScreen) -> None:
    """The pane has what the node said of its payment."""
    await until(pilot, lambda: screen._details is not None or bool(screen._trouble))


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_every_kind_and_state_has_its_row(size: tuple[int, int]) -> None:
    async with on_stage(BookPort(some()), size=size) as (app, pilot):
        screen = await opened(app, pilot)
        assert [row.shown for row in screen.table.rows] == [
            Shown.SUCCEEDED,
            Shown.IN_FLIGHT,
            Shown.FAILED,
            Shown.SUCCEEDED,
            Shown.CONFIRMING,
            Shown.SUCCEEDED,
        ]
        assert "→  bolt11    ✓ succeeded" in row_of(app, "✓ succeeded")
        flying = row_of(app, "in flight")
        assert "… in flight" in flying
        assert "100,000" in flying
        assert "900,000" in row_of(app, "× failed")
        coffee = row_of(app, "bolt12")
        assert "21,000" in coffee, "three items of 7,000"
        assert "3 ×" in coffee
        assert "←  on-chain  ◔ confirming" in row_of(app, "on-chain")
        assert "3/6 conf" in row_of(app, "on-chain")
        assert all(len(row) <= size[0] for row in text_of(app))


async def test_sums_are_of_settled_rows_in_sight() -> None:
    async with on_stage(BookPort(some()), size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        assert "in 1,192   out 42,000   fees 12.400   sat" in row_of(app, "settled")
        await pilot.press("slash", *"kind:keysend", "enter")
        assert "by this filter   in 1,192   out 0   fees 0   sat" in row_of(app, "settled")


async def test_the_cursor_stays_on_its_payment_when_others_arrive() -> None:
    port = BookPort(some())
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("down", "down")
        key = screen.table.cursor_key
        port.take(bolt11("new", updated_unix=int(NOW)), bolt11("newer", updated_unix=int(NOW) + 1))
        port.tell()
        await until(pilot, lambda: len(screen.table.rows) == 8)
        assert screen.table.cursor_key == key == hex64("failed")


async def test_units_go_round_in_list_and_pane() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await pilot.press("u")
        assert "Amount msat" in row_of(app, "Updated")
        assert "900,000,123" in row_of(app, "failed")
        assert value(screen, "fee").startswith("12,400 msat")
        await pilot.press("u")
        assert "Amount BTC" in row_of(app, "Updated")
        assert "0.00900000123" in row_of(app, "failed")
        assert value(screen, "amount") == "0.00021000 BTC"
        await pilot.press("4", "u", "3")
        await until(pilot, lambda: app.front is screen and "Amount sat" in row_of(app, "Updated"))


@given(st.one_of(st.none(), st.integers(0, MAX_MSAT)), st.sampled_from(Unit), st.integers(13, 16))
def test_a_figure_is_never_cut_in_its_digits(msat: int | None, unit: Unit, width: int) -> None:
    made = figure_cell(None if msat is None else Msat(msat), unit, width)
    text = plain(made)
    if msat is not None:
        exact = format_msat(Msat(msat), unit)
        assert text.rstrip() == exact or exact.startswith(text), "at most the part below a satoshi is missing"
        if text.rstrip() != exact:
            assert unit is not Unit.MSAT
            assert len(exact) > width
    if unit is Unit.SAT and width_of(made) <= width and (msat is None or msat % 1000 == 0) and len(text.strip()) < 9:
        assert text.endswith("    "), "whole satoshi leave the place of what is below them free"


def test_decimal_points_stand_below_each_other() -> None:
    ends = {len(plain(figure_cell(Msat(msat), Unit.SAT, 14)).split(".")[0].rstrip()) for msat in (5_000, 1_234_500)}
    made = [plain(figure_cell(Msat(msat), Unit.SAT, 14)).rjust(14) for msat in (21_000_000, 23_243_280, 500)]
    assert made == ["    21,000    ", "    23,243.280", "         0.500"]
    assert ends == {1, 5}


# --- filter, order, loading ----------------------------------------------------------------------------------------


async def test_words_filter_and_are_counted() -> None:
    async with on_stage(BookPort(some()), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"dir:out amt:>50000")
        assert [row.id for row in screen.table.rows] == [hex64("flying"), hex64("failed")]
        assert "2 of 7 match" in row_of(app, "dir:out")
        await pilot.press("enter", "escape")
        assert len(screen.table.rows) == 6
        assert screen.filter_text == ""


async def test_a_word_that_is_not_understood_hides_nothing_and_stays() -> None:
    async with on_stage(BookPort(some()), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"dir:up amt:lots dir:out")
        assert len(screen.table.rows) == 4, "only dir:out counts"
        assert "? dir: takes in or out, not 'up'." in row_of(app, "takes in or out")
        assert "amt: takes >1000" in row_of(app, "? amt:")
        assert screen.query_one(FilterLine).text == "dir:up amt:lots dir:out"


async def test_nothing_fits_says_so_and_how_to_get_out() -> None:
    async with on_stage(BookPort(some(), complete=False, loading=True)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"nobody")
        assert not screen.table.rows
        assert row_of(app, "No payment fits these words.")
        assert row_of(app, "esc takes the filter away.")
        assert row_of(app, "Older payments are not all read yet")
        assert "0 of 7 match so far" in row_of(app, "nobody")


async def test_unpaid_invoices_are_hidden_counted_and_shown() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        assert "1 unpaid hidden, z shows" in row_of(app, "Payments ─")
        await pilot.press("z")
        assert len(screen.table.rows) == 7
        assert "· waiting" in row_of(app, "waiting")
        await pilot.press("z")
        assert len(screen.table.rows) == 6


async def test_order_goes_round_by_key_and_by_click() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        seen = []
        for _ in range(6):
            await pilot.press("o")
            seen.append((row_of(app, "Payments ─").split("· ")[-1].strip(), screen.table.cursor_index))
        assert [word for word, _ in seen] == [
            "oldest first",
            "largest amount first",
            "smallest amount first",
            "largest fee first",
            "smallest fee first",
            "newest first",
        ]
        assert {index for _, index in seen} == {0}, "a new order is looked at from its top"
        amount = next(place for place in screen.table._placed if place.column.id == "amount")
        await pilot.click("#payments-table", offset=(amount.left + 2, 0))
        assert screen.table.rows[0].id == hex64("failed")
        await pilot.click("#payments-table", offset=(amount.left + 2, 0))
        assert screen.table.rows[-1].id != hex64("gift")
        assert screen.table.rows[0].id == hex64("gift")


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (LoadProgress(), "reading the first page"),
        (LoadProgress(4_300, 43, loading=True), "4,300 loaded · older pages follow"),
        (LoadProgress(200_000, 2_000), "200,000 loaded · older ones unread, m reads on"),
        (
            LoadProgress(4_300, 43, error=ServerTrouble("No.", server_text=own("disk full"))),
            "▲ 4,300 loaded · stopped, m goes on",
        ),
        (LoadProgress(1_203, 13, complete=True), "1,204 in all"),
    ],
)
def test_progress_is_honest(progress: LoadProgress, said: str) -> None:
    assert plain(progress_line(progress, 1_204, "m")) == said


async def test_reading_on_is_asked_for_once_it_makes_sense() -> None:
    port = BookPort(some())
    async with on_stage(port) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("m")
        assert "All payments have been read." in flashed(app)
        port.progress = LoadProgress(pages=5, loading=True)
        port.tell()
        await until(pilot, lambda: "older pages follow" in row_of(app, "Payments ─"))
        await pilot.press("m")
        assert "being read already" in flashed(app)
        assert "load_more_payments" not in port.calls
        port.progress = LoadProgress(pages=5)
        port.tell()
        await until(pilot, lambda: "m reads on" in row_of(app, "Payments ─"))
        await pilot.press("m")
        assert "load_more_payments" in port.calls


async def test_the_empty_list_says_what_would_be_there() -> None:
    async with on_stage(BookPort(), size=(80, 24)) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.front, PaymentsScreen) and app.front.ready)
        assert row_of(app, "No payment yet.")
        assert row_of(app, "as this node sends or receives them")
        await pilot.press("enter")
        assert not screen_of(app).has_detail


async def test_not_read_yet_is_not_called_empty() -> None:
    async with on_stage(BookPort(pages=0, complete=False, loading=True)) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.front, PaymentsScreen) and app.front.ready)
        assert row_of(app, "Reading the payments …")
        assert not any("No payment yet" in row for row in text_of(app))


@given(st.integers(0, MAX_MSAT), st.sampled_from(Unit), st.booleans())
def test_sums_fit_the_narrowest_screen(msat: int, unit: Unit, filtered: bool) -> None:
    view = PaymentsView()
    sums = view.sums()
    sums = type(sums)(Msat(msat), Msat(msat // 3), Msat(msat // 1000))
    if msat < 10**15:  # ten thousand bitcoin
        assert width_of(sums_line(sums, unit, 78, filtered=filtered)) <= 78


# --- the pane ------------------------------------------------------------------------------------------------------


async def test_at_80x24_enter_gives_the_pane_the_body_and_esc_gives_it_back() -> None:
    async with on_stage(BookPort(some()), size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("down", "enter")
        assert at(screen) is Detail.FULL
        assert not screen.query_one("#list-side").display
        assert "esc back" in row_of(app, "→ bolt11, outgoing")
        assert screen.focused is not None
        assert screen.focused is not screen.table
        assert hex64("flying") in "\n".join(text_of(app)), "the id is whole at 80 columns, on one line"
        await pilot.press("escape")
        assert at(screen) is Detail.CLOSED
        assert screen.focused is screen.table
        assert screen.table.cursor_key == hex64("flying")


async def test_at_120x36_it_stands_below_then_has_all_and_goes_back() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        assert at(screen) is Detail.BESIDE
        assert screen.focused is screen.table
        assert value(screen, "id") == hex64("paid")
        await pilot.press("down")
        await until(pilot, lambda: value(screen, "id") == hex64("flying"))
        await pilot.press("enter")
        assert at(screen) is Detail.FULL
        await pilot.press("escape")
        assert at(screen) is Detail.BESIDE
        await pilot.press("escape")
        assert at(screen) is Detail.CLOSED


async def test_a_smaller_terminal_keeps_the_pane_in_sight() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: screen.detail == Detail.FULL and not screen.query_one("#list-side").display)
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: screen.detail == Detail.BESIDE and screen.focused is screen.table)


async def test_the_pane_has_all_fields_whole() -> None:
    payments = some()
    port = BookPort(payments)
    part = MaybeTimeoutClaimableHtlc(
        ChannelId(hex64("chan")), BOB, Sat(100_000), 212_390, payments[1].payment_hash, True
    )
    port.htlcs = (HtlcInFlight(part, 45),)
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await read(pilot, screen)
        assert value(screen, "fee") == "12.400 sat  590 ppm of the amount"
        assert value(screen, "updated") == "2025-08-20 12:40:59  10 s ago"
        assert value(screen, "record").startswith("succeeded")
        assert value(screen, "hash") == "the same"
        assert "100,000 sat outgoing, expires at block 212,390, 45 blocks left" in value(screen, "HTLC")
        assert value(screen, "channel") == hex64("chan")
        assert value(screen, "peer") == str(BOB)
        assert "read 12:41" in row_of(app, "→ bolt11, outgoing")
        screen.select(hex64("coffee"))
        await until(pilot, lambda: value(screen, "id") == hex64("coffee"))
        assert value(screen, "amount") == "21,000 sat"
        assert "3 × 7,000 sat: the node records the price of one item" in pane(screen)
        assert value(screen, "hash") == hex64("hash", "coffee")
        assert value(screen, "offer") == hex64("offer", "coffee")
        assert value(screen, "note") == "“two flat whites”"
        deep = payments[4]
        screen.select(str(deep.id))
        await until(pilot, lambda: value(screen, "id") == str(deep.id))
        assert value(screen, "txid") == hex64("tx", "deep")
        assert value(screen, "block").startswith("212,343  3 confirmations  2025-08-20 12:26:09")
        assert hex64("block", "deep") in pane(screen)
        assert "preimage" not in pane(screen), "on-chain has no such thing"


async def test_an_incoming_fee_is_the_senders() -> None:
    port = BookPort([onchain("rich", 212_000, fee_paid_msat=Msat(422_000))])
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        assert value(screen, "fee") == "not ours: the record carries 422 sat, the sender's"
        assert screen.table.rows[0].fee_msat is None


async def test_a_payment_that_changes_is_read_again_and_shown() -> None:
    port = BookPort(some())
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        screen.select(hex64("flying"))
        await pilot.press("enter")
        await read(pilot, screen)
        assert "do not pay the same again" in pane(screen)
        before = port.calls.count(f"details {hex64('flying')}")
        port.take(bolt11("flying", direction=OUT, fee_paid_msat=Msat(3_000), updated_unix=int(NOW)))
        port.tell()
        await until(pilot, lambda: "succeeded" in pane(screen))
        assert value(screen, "fee").startswith("3 sat")
        await until(pilot, lambda: port.calls.count(f"details {hex64('flying')}") > before)


async def test_what_cannot_be_read_is_said_and_what_is_known_stays() -> None:
    port = BookPort(some())
    port.trouble = ServerTrouble("The server could not read it.", server_text=own("disk full"))
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await read(pilot, screen)
        assert "▲ The server could not read it. “disk full”" in pane(screen)
        assert "not read afresh" in row_of(app, "→ bolt11, outgoing")
        assert value(screen, "id") == hex64("paid")


async def test_an_id_that_the_node_does_not_know_is_said_so() -> None:
    port = BookPort(some())
    port.records.clear()
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await read(pilot, screen)
        assert "not in the node's records" in row_of(app, "→ bolt11, outgoing")


async def test_a_late_answer_about_another_payment_changes_nothing() -> None:
    port = BookPort(some())
    port.gate.clear()
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: f"details {hex64('paid')}" in port.calls)
        await pilot.press("down")
        port.gate.set()
        await until(pilot, lambda: f"details {hex64('flying')}" in port.calls and screen._details is not None)
        assert screen._details is not None
        assert screen._details.row is not None
        assert screen._details.row.id == hex64("flying") == value(screen, "id")


async def test_copying_gives_the_whole_id() -> None:
    async with on_stage(BookPort(some()), size=(80, 24)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("y")
        assert app.clipboard == hex64("paid")
        assert hex64("paid") in flashed(app)


async def test_another_screen_can_point_at_a_hidden_payment() -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("slash", *"dir:out", "enter")
        screen.select(hex64("bill"))
        assert screen.table.cursor_key == hex64("bill"), "unpaid, and filtered away"


# --- secrets -------------------------------------------------------------------------------------------------------


async def test_secrets_are_hidden_until_asked_for_one_by_one() -> None:
    port = BookPort(some())
    async with on_stage(port, size=(120, 50)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("i")
        assert "Open a payment first" in flashed(app)
        assert not port.asked
        await pilot.press("enter")
        await read(pilot, screen)
        assert value(screen, "preimage") == "hidden, i shows the preimage"
        assert value(screen, "secret") == "hidden, x shows the payment secret"
        await pilot.press("i")
        await until(pilot, lambda: PREIMAGE in pane(screen))
        assert port.asked == [(hex64("paid"), SecretKind.PREIMAGE)]
        assert PAYMENT_SECRET not in pane(screen)
        await pilot.press("x")
        await until(pilot, lambda: PAYMENT_SECRET in pane(screen))
        await pilot.press("i")
        assert PREIMAGE not in pane(screen)
        assert PAYMENT_SECRET in pane(screen)


@pytest.mark.parametrize("keys", [("escape",), ("down",), ("4",), ("question_mark",), ("escape", "enter"), ("4", "3")])
async def test_secrets_are_gone_when_the_detail_is(keys: tuple[str, ...]) -> None:
    async with on_stage(BookPort(some())) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter", "i")
        await until(pilot, lambda: PREIMAGE in pane(screen))
        await pilot.press(*keys)
        await pilot.pause()
        assert PREIMAGE not in pane(screen)
        assert not screen._revealed
        assert not any(PREIMAGE in row for row in text_of(app))


async def test_a_secret_that_comes_too_late_is_not_shown() -> None:
    port = BookPort(some())
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await read(pilot, screen)
        port.gate.clear()
        await pilot.press("i")
        await until(pilot, lambda: bool(port.asked))
        await pilot.press("escape")
        port.gate.set()
        await pilot.press("enter")
        await read(pilot, screen)
        assert PREIMAGE not in pane(screen)
        assert not screen._revealed


async def test_an_unpaid_invoice_of_our_own_never_shows_its_secrets() -> None:
    port = BookPort(some())
    async with on_stage(port, size=(120, 50)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("z")
        screen.select(hex64("bill"))
        await pilot.press("enter")
        await read(pilot, screen)
        assert value(screen, "amount") == "any amount"
        for key in ("i", "x"):
            await pilot.press(key)
        await until(pilot, lambda: pane(screen).count("not shown: This invoice has not been paid") == 2)
        everything = "\n".join([pane(screen), *text_of(app), flashed(app)])
        assert PREIMAGE not in everything
        assert PAYMENT_SECRET not in everything


async def test_kinds_without_a_secret_say_so() -> None:
    port = BookPort([keysend("gift")])
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter", "x")
        assert "has no payment secret" in flashed(app)
        assert not port.asked
        await pilot.press("i")
        await until(pilot, lambda: PREIMAGE in pane(screen))


# --- strangers' text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 120])
async def test_no_note_reaches_the_terminal_uncleaned(columns: int) -> None:
    notes = [clean(vector["input"], "text") for vector in VECTORS]
    port = BookPort([offer(number, note, 2, amount_msat=Msat(9_000_000)) for number, note in enumerate(notes)])
    async with on_stage(port, size=(columns, 2 * len(VECTORS) + 20)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("enter")
        await read(pilot, screen)
        rows = text_of(app)
        listed = [row for row in rows if "bolt12" in row and "✓ succeeded" in row and "9,000" in row]
        assert len(listed) == len(VECTORS), "one line each, whatever the note is"
        assert len({cell_len(row) for row in rows}) == 1
        for row in rows:
            assert clean_enough(row), row


def clean_enough(row: str) -> bool:
    """No control character, no bidirectional or invisible one."""
    return not any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 or category(each) in ("Cf", "Zl", "Zp") for each in row)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_no_note_reaches_the_pane_uncleaned(vector: dict[str, Any]) -> None:
    port = BookPort([offer("one", clean(vector["input"], "text"), 2)])
    row = port.payments(PaymentQuery()).rows[0]
    for line in detail_lines(Look(row, None, (), {}, 1, Unit.SAT, NOW, {}), 77):
        assert clean_enough(plain(line).replace("\u200d", ""))
        assert width_of(line) <= 77
        for bad in vector["must_not_contain"]:
            assert bad.isprintable() or bad not in plain(line)


@given(st.text(max_size=80), st.integers(4, 60))
def test_a_note_never_leaves_its_column(text: str, width: int) -> None:
    port = BookPort([offer("one", clean(text, "text"), 3)])
    row = port.payments(PaymentQuery()).rows[0]
    assert isinstance(row, PaymentRow)
    made = remark(row, Unit.SAT, 1, width)
    assert width_of(made) <= max(width, 3)
    assert "\n" not in plain(made)


def test_right_to_left_notes_are_not_set_beside_figures() -> None:
    port = BookPort([offer("one", own("שלום 21,000"), None)])
    row = port.payments(PaymentQuery()).rows[0]
    assert plain(remark(row, Unit.SAT, 1, 30)) == "note right to left"


def test_directions_and_states_that_nobody_knows_have_words() -> None:
    odd = bolt11("odd", direction=Direction.UNKNOWN, status=PaymentStatus.UNKNOWN)
    row = BookPort([odd]).payments(PaymentQuery()).rows[0]
    assert plain(arrow_cell(row)) == "?"
    assert plain(status_cell(row)) == "? unknown"


async def test_a_batch_of_changes_is_one_refresh_and_marks_news(monkeypatch: pytest.MonkeyPatch) -> None:
    port = BookPort(some())
    async with on_stage(port) as (app, pilot):
        screen = await opened(app, pilot)
        refreshes: list[frozenset[Topic]] = []
        real = PaymentsScreen.refresh_view

        def refresh_view(self: PaymentsScreen, topics: frozenset[Topic]) -> None:
            refreshes.append(topics)
            real(self, topics)

        monkeypatch.setattr(PaymentsScreen, "refresh_view", refresh_view)
        for number in range(200):
            port.take(bolt11(f"n{number}", updated_unix=int(NOW) + number))
            port.tell(Topic.PAYMENTS)
        await until(pilot, lambda: len(screen.table.rows) == 206)
        assert len(refreshes) <= 5
