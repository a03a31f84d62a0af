"""Payments: what stands in the list, filter and order, honest progress, strangers' notes."""

from __future__ import annotations

from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ldk_tui.core.amounts import MAX_MSAT, Msat, Unit, format_msat
from ldk_tui.core.errors import ServerTrouble
from ldk_tui.core.model import Direction, PaymentStatus
from ldk_tui.core.text import clean, own
from ldk_tui.node.query import PaymentQuery, Shown
from ldk_tui.node.views import LoadProgress, PaymentRow, PaymentsView, Topic
from ldk_tui.ui.line import plain, width_of
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
from ldk_tui.ui.widgets.clean_input import FilterLine
from tests.ui.book_port import (
    BookPort,
    bolt11,
    hex64,
    offer,
    onchain,
)
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import NOW
from tests.ui.payments_stage import SIZES, VECTORS, flashed, opened, read, row_of, screen_of, some, value

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


def test_a_figure_in_the_remark_is_whole_or_left_out() -> None:
    rows = BookPort([onchain("deep", 212_000), bolt11("jit", kind_skimmed_fee_msat=Msat(20_000_000))]).payments(
        PaymentQuery()
    )
    said = {width: {plain(remark(row, Unit.SAT, 212_345, width)) for row in rows.rows} for width in (20, 11)}
    assert said == {20: {"block 212,000", "LSP kept 20,000"}, 11: {"confirmed", "LSP fee"}}


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
