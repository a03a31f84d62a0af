"""The pane of the Payments screen: where it stands, every field whole, secrets one by one."""

from __future__ import annotations

import pytest

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.errors import ServerTrouble
from ldk_tui.core.ids import ChannelId
from ldk_tui.core.model import MaybeTimeoutClaimableHtlc
from ldk_tui.core.text import own
from ldk_tui.node.views import HtlcInFlight, SecretKind
from ldk_tui.ui.screens.list_detail import Detail
from tests.ui.book_port import (
    OUT,
    PAYMENT_SECRET,
    PREIMAGE,
    BookPort,
    bolt11,
    hex64,
    keysend,
    onchain,
)
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import BOB, NOW
from tests.ui.payments_stage import at, flashed, opened, pane, read, row_of, some, value

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
