"""Live is said only while it is so: silent peers, changed certificates and keys, clocks, lost events, other nodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ldk_tui.core.errors import AccessCause, AccessDenied, Unreachable, UnreachableCause
from ldk_tui.core.model import Level, Network
from ldk_tui.node.feed import Identity
from ldk_tui.node.query import PaymentQuery
from ldk_tui.node.timing import Timing
from ldk_tui.node.views import Phase
from ldk_tui.sim.auth import Gate, HmacGate, key_text
from ldk_tui.sim.scenarios import Scenario, build
from ldk_tui.sim.traffic import pay_invoice
from tests.e2e.whole import IMPATIENT, Whole, another_certificate, whole


async def test_the_usual_patience_is_within_what_was_promised() -> None:
    usual = Timing()
    longest = usual.heartbeat_s + usual.heartbeat_misses * usual.heartbeat_deadline_s + usual.second_beat_s
    assert longest < 45  # live is not said longer without an answer (safety 5.5)


async def test_a_peer_that_falls_silent_is_stale(tmp_path: Path) -> None:
    async with whole(tmp_path / "node") as stage:
        stage.proxy.blackhole()
        await stage.until(lambda: not stage.service.feed.is_live, "stale")
        await stage.shows("stale, as of ")
        assert "● live" not in stage.text
        await stage.shows("Balances", "as of ")
        stage.proxy.heal()
        await stage.phase(Phase.LIVE)
        await stage.shows("● live")
        gap = stage.service.feed.gaps[-1]
        assert gap.filled
        assert gap.end_unix is not None


async def test_no_screen_claims_to_be_live_meanwhile(tmp_path: Path) -> None:
    async with whole(tmp_path / "node", "busy") as stage:
        await stage.server.abort()
        await stage.until(lambda: stage.service.feed.is_stale, "stale")
        for key in "1234":
            await stage.pilot.press(key)
            await stage.shows("stale, as of ")
            assert "● live" not in stage.text
        await stage.server.start()
        await stage.phase(Phase.LIVE)
        for key in "4321":
            await stage.pilot.press(key)
            await stage.shows("● live")
            assert "as of" not in stage.text


async def test_a_changed_certificate_is_named_and_nothing_is_signed_for_it(tmp_path: Path) -> None:
    async with whole(tmp_path / "node") as stage:
        gate = _Counting(stage.server.service.gate)
        stage.server.service.gate = gate
        stage.server.swap_certificate(another_certificate())
        stage.server.drop_connections()
        await stage.until(lambda: _cause(stage) is UnreachableCause.CERTIFICATE_CHANGED, "certificate changed")
        await stage.shows("stale")
        await stage.pilot.press("0")
        await stage.shows("presents another certificate than", "× Certificate", "fingerprint")
        assert gate.seen == 0
        certificate = another_certificate()  # the operator copies the server's new one
        stage.server.swap_certificate(certificate)
        (stage.folder / "tls.crt").write_bytes(certificate.pem)
        await stage.phase(Phase.LIVE)
        assert gate.seen > 0


async def test_a_changed_key_is_named_with_its_file_and_found_when_it_is_put_right(tmp_path: Path) -> None:
    async with whole(tmp_path / "node") as stage:
        service, old = stage.server.service, stage.server.service.gate
        service.gate = HmacGate(key_text(bytes(32)), covers_body=True)
        stage.server.drop_connections()
        await stage.until(lambda: _access(stage) is AccessCause.WRONG_KEY, "wrong key")
        await stage.pilot.press("0")
        await stage.shows("does not accept the API key", "signet/api_key", "× API key file", "a server answers")
        service.gate = old
        await stage.phase(Phase.LIVE)


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_a_key_that_changes_under_a_live_connection(tmp_path: Path, level: Level) -> None:
    async with whole(tmp_path / "node", level=level) as stage:
        stage.server.service.gate = HmacGate(key_text(bytes(32)), covers_body=level is Level.L2026_08)
        await stage.until(lambda: not stage.service.feed.is_live, "not live")
        await stage.until(lambda: _access(stage) is AccessCause.WRONG_KEY, "wrong key")
        assert "● live" not in stage.text


async def test_a_clock_that_is_a_minute_off_is_measured_and_said(tmp_path: Path) -> None:
    async with whole(tmp_path / "node", live=False, scenario=_with_clock(61.0)) as stage:
        await stage.until(lambda: _access(stage) is AccessCause.CLOCK, "clock")
        await stage.shows("1 min", "behind", "60 s", "clock")
        assert "API key" not in stage.words.partition("What was tried")[0]
        stage.server.faults.clock_offset_s = 59.0
        await stage.phase(Phase.LIVE)
        await stage.shows("CLOCK")  # inside the window, and near its edge: it needs attention


async def test_an_event_that_the_server_lost_is_found_by_the_next_full_reading(tmp_path: Path) -> None:
    scenario = build("busy")
    node = scenario.node
    async with whole(tmp_path / "node", scenario=scenario, timing=replace(IMPATIENT, resync_s=1.0)) as stage:
        before = stage.service.payments(PaymentQuery(unpaid=True)).total
        node.broadcast.publish = lambda event: None  # type: ignore[method-assign]  # as for a subscriber that lags
        seen = stage.service.feed.events_seen
        payer = next(channel.other(node).node for channel in node.channels if channel.usable)
        pay_invoice(payer, node, 4_321_000)
        scenario.world.advance(3)
        await stage.until(
            lambda: any(row.amount_msat == 4_321_000 for row in stage.service.payments(PaymentQuery()).rows), "found"
        )
        assert stage.service.feed.events_seen == seen
        assert stage.service.payments(PaymentQuery(unpaid=True)).total > before
        assert stage.service.feed.is_live


async def test_another_node_at_the_same_address_is_not_taken_for_ours(tmp_path: Path) -> None:
    async with whole(tmp_path / "node") as stage:
        ours = stage.service.node(0).info
        assert ours is not None
        await stage.server.abort()
        other = build("first-day", seed=7)
        stage.server.service.backend = other.node
        await stage.server.start()
        await stage.phase(Phase.STOPPED)
        await stage.shows("× stopped")
        assert "● live" not in stage.text
        info = stage.service.node(0).info
        assert info is not None
        assert info.node_id == ours.node_id
        await stage.pilot.press("0")
        await stage.shows("Check address, certificate and profile", "Stopped trying")


async def test_the_wrong_network_is_not_shown_at_all(tmp_path: Path) -> None:
    async with whole(tmp_path / "node", live=False, identity=Identity(network=Network.BITCOIN)) as stage:
        await stage.phase(Phase.STOPPED)
        await stage.shows("is on signet, not on bitcoin")
        assert "SIGNET" not in stage.header


def _cause(stage: Whole) -> UnreachableCause | None:
    error = stage.service.feed.error
    return error.cause if isinstance(error, Unreachable) else None


def _access(stage: Whole) -> AccessCause | None:
    error = stage.service.feed.error
    return error.cause if isinstance(error, AccessDenied) else None


def _with_clock(offset_s: float) -> Scenario:
    scenario = build("first-day")
    scenario.faults.clock_offset_s = offset_s
    return scenario


class _Counting:
    """A gate that counts the requests that came with credentials."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.header = gate.header
        self.seen = 0

    def check(self, value: bytes | None, framed_body: bytes, now: float) -> None:
        self.seen += value is not None
        self._gate.check(value, framed_body, now)
