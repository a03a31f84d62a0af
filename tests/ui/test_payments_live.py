"""Payments and Hodl on a simulated server, over real TLS and HTTP/2: what the world does is what the screens say."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable

from ldk_tui.client.api import LdkClient
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat
from ldk_tui.core.hodl import SMALLEST_SHOWN_MSAT, HodlState
from ldk_tui.core.ids import PaymentHash, PaymentId
from ldk_tui.core.model import Bolt11Kind, Direction
from ldk_tui.core.secret import Secret
from ldk_tui.node.query import KindLabel, Shown
from ldk_tui.node.views import HodlRow, PaymentRow
from ldk_tui.sim.scenarios.hodl_tense import blocks_left
from ldk_tui.ui.line import plain
from ldk_tui.ui.screens.hodl import HodlScreen
from ldk_tui.ui.screens.payments import PaymentsScreen
from tests.stage import Stage, stage
from tests.ui.conftest import text_of


async def payments_of(on: Stage) -> PaymentsScreen:
    await on.press("3")
    await on.until(lambda: isinstance(on.app.front, PaymentsScreen) and on.app.front.has_row)
    assert isinstance(on.app.front, PaymentsScreen)
    return on.app.front


async def hodl_of(on: Stage) -> HodlScreen:
    await on.press("4")
    await on.until(lambda: isinstance(on.app.front, HodlScreen) and on.app.front.has_row)
    assert isinstance(on.app.front, HodlScreen)
    return on.app.front


@contextlib.asynccontextmanager
async def client_of(on: Stage) -> AsyncIterator[LdkClient]:
    """Another client of the same server."""
    trust = PinnedCertificate(pem=on.server.certificate.pem)
    target = Target("127.0.0.1", on.server.port, trust, on.server.key)
    client = await LdkClient.connect(target, now=on.server.service.now)
    try:
        yield client
    finally:
        await client.close()


def pane(screen: PaymentsScreen | HodlScreen) -> str:
    return "\n".join(plain(row) for row in screen.pane.lines)


def held(screen: HodlScreen) -> dict[PaymentHash, int | None]:
    rows: list[HodlRow] = list(screen.table.rows)
    return {row.payment_hash: row.blocks_left for row in rows if row.state is HodlState.HELD}


def state(screen: HodlScreen, payment_hash: PaymentHash) -> HodlState | None:
    return next((row.state for row in screen.table.rows if row.payment_hash == payment_hash), None)


async def test_held_payments_count_down_lapse_and_are_claimed() -> None:
    async with stage("hodl-tense", size=(80, 24), advance_s=0) as on, client_of(on) as client:
        screen, node, world = await hodl_of(on), on.scenario.node, on.scenario.world
        dust = {each for each, flow in node.receiving.held.items() if flow.amount_msat < SMALLEST_SHOWN_MSAT}
        truth = {each: left for each, left in blocks_left(node).items() if each not in dust}
        await on.until(lambda: {each: left for each, left in held(screen).items() if each not in dust} == truth)
        first, second, *_ = sorted(truth, key=lambda each: truth[each])
        assert screen.table.cursor_key == first
        assert "▲ held, alarm" in next(row for row in text_of(on.app) if row.startswith(" ▸"))
        await until_mined(on, lambda: held(screen).get(first) == truth[first] - 1)
        assert any("▲ ACT NOW" in row and "1 block ≈" in row for row in text_of(on.app))
        preimage = Secret(on.scenario.preimages[second])
        await client.bolt11_claim_for_hash(payment_hash=second, preimage=preimage)
        world.advance(2)
        await on.until(lambda: state(screen, second) is HodlState.CLAIMED)
        await until_mined(on, lambda: state(screen, first) is HodlState.LAPSED)
        screen.select(first)
        await on.until(lambda: "gave it back to the payer without a word" in pane(screen).replace("\n", " "))
        assert "pending  as the node says it" in pane(screen)
        payments = await payments_of(on)
        shown = {row.id: row.shown for row in payments.table.rows}
        assert shown[PaymentId(first)] is Shown.LAPSED
        assert shown[PaymentId(second)] is Shown.SUCCEEDED


async def until_mined(on: Stage, holds: Callable[[], bool]) -> None:
    """One block more, read as the next heartbeat would."""
    on.scenario.world.pass_blocks(1, 60)
    await on.port.refresh()
    await on.until(holds)


async def test_the_whole_history_is_there_and_a_new_payment_comes_by_itself() -> None:
    async with stage("busy", size=(120, 36), advance_s=0) as on:
        screen = await payments_of(on)
        rows: list[PaymentRow] = list(screen.table.rows)
        assert {row.shown for row in rows} >= {Shown.HELD, Shown.IN_FLIGHT, Shown.CONFIRMING, Shown.SUCCEEDED}
        assert {row.kind for row in rows} >= {
            KindLabel.BOLT11,
            KindLabel.BOLT12,
            KindLabel.HODL,
            KindLabel.KEYSEND,
            KindLabel.ONCHAIN,
        }
        assert any(f"{screen._view.total:,} in all" in row for row in text_of(on.app))
        assert screen._view.progress.pages > 1
        key = screen.table.cursor_key
        traffic = on.scenario.traffic
        assert traffic is not None
        for _ in range(40):
            traffic.one()
            on.scenario.world.advance(5)
        await on.until(lambda: len(screen.table.rows) > len(rows))
        assert screen.table.cursor_key == key


async def test_a_preimage_is_read_when_asked_for_and_is_the_right_one() -> None:
    async with stage("busy", size=(120, 50), advance_s=0) as on, client_of(on) as client:
        screen = await payments_of(on)
        row = next(
            row
            for row in screen.table.rows
            if row.shown is Shown.SUCCEEDED and row.direction is Direction.OUTBOUND and row.kind is KindLabel.BOLT11
        )
        screen.select(row.id)
        await on.press("enter")
        await on.until(lambda: screen._details is not None)
        record = await client.get_payment_details(payment_id=row.id)
        assert record is not None
        assert isinstance(record.kind, Bolt11Kind)
        assert record.kind.preimage is not None
        preimage = record.kind.preimage.reveal()
        assert hashlib.sha256(bytes.fromhex(preimage)).hexdigest() == record.payment_hash
        assert preimage not in pane(screen)
        await on.press("i")
        await on.until(lambda: preimage in pane(screen))
        await on.press("escape")
        assert preimage not in "\n".join([pane(screen), *text_of(on.app)])


async def test_the_secrets_of_our_own_unpaid_invoice_are_withheld() -> None:
    async with stage("busy", size=(120, 50), advance_s=0) as on, client_of(on) as client:
        screen = await payments_of(on)
        hidden = screen._view.hidden_unpaid
        invoice = await client.bolt11_receive(
            amount_msat=Msat(5_000_000), description=requests.DirectDescription("tea"), expiry_s=3_600
        )
        record = await client.get_payment_details(payment_id=PaymentId(invoice.payment_hash))
        assert record is not None
        assert isinstance(record.kind, Bolt11Kind)
        assert record.kind.preimage is not None, "the server does tell it"
        await on.port.payment_details(PaymentId(invoice.payment_hash))
        await on.until(lambda: any(f"{hidden + 1} unpaid hidden" in row for row in text_of(on.app)))
        screen.select(str(invoice.payment_hash))
        await on.press("enter")
        await on.until(lambda: screen._details is not None)
        await on.press("i", "x")
        await on.until(lambda: pane(screen).count("has not been paid: who learns its secrets") == 2)
        everything = "\n".join([pane(screen), *text_of(on.app)])
        assert record.kind.preimage.reveal() not in everything
        assert invoice.payment_secret.reveal() not in everything
