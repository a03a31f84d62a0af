"""The service on the simulated worlds: after all that happened it must say what a fresh reading of the node says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from ldk_tui.client.api import LdkClient
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core.attention import AttentionKind
from ldk_tui.core.hodl import HodlState
from ldk_tui.core.model import Level, MaybePreimageClaimableHtlc, PaymentStatus
from ldk_tui.node.payment_book import without_secrets
from ldk_tui.node.query import ChannelQuery, PaymentQuery, Shown
from ldk_tui.node.service import NodeService
from ldk_tui.node.timing import Timing
from ldk_tui.sim.faults import Drop
from ldk_tui.sim.scenarios import Scenario, build
from ldk_tui.sim.server import SimServer, running

QUICK = Timing(
    flush_s=0.02,
    retry_min_s=0.01,
    retry_max_s=0.05,
    after_event_s=0.01,
    event_spacing_s=0.02,
    page_pause_s=0.0,
    jump_s=1e9,
)


@dataclass
class Watched:
    scenario: Scenario
    server: SimServer
    service: NodeService
    client: LdkClient

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.01)

    async def agrees(self) -> None:
        """Reads everything again and compares with what the service shows."""
        await self.service.refresh()
        assert self.service.store.info == await self.client.get_node_info()
        assert self.service.store.balances == await self.client.get_balances()
        assert self.service.store.channels.channels == await self.client.list_channels()
        assert self.service.peers() == await self.client.list_peers()
        listed = [payment async for payment in self.client.payments()]
        for payment in listed:
            row = self.service.payment(payment.id)
            assert row is not None
            record = await self.client.get_payment_details(payment_id=payment.id)
            if payment.status is PaymentStatus.SUCCEEDED:
                assert row.shown is Shown.SUCCEEDED
            elif record is not None and record.status is PaymentStatus.FAILED and not row.held:
                assert row.shown is Shown.FAILED
            if row.shown is Shown.SUCCEEDED:
                assert row.payment in {without_secrets(payment)[0], record and without_secrets(record)[0]}


@contextlib.asynccontextmanager
async def watched(name: str, level: Level = Level.L2026_08) -> AsyncIterator[Watched]:
    scenario = build(name, level=level)
    async with running(scenario.node, now=scenario.world.time, level=level, faults=scenario.faults) as server:
        target = Target("127.0.0.1", server.port, PinnedCertificate(pem=server.certificate.pem), server.key)

        async def connect() -> LdkClient:
            return await LdkClient.connect(target, now=scenario.world.time)

        service = NodeService(connect, now=scenario.world.time, timing=QUICK)
        client = await connect()
        try:
            await service.start()
            made = Watched(scenario, server, service, client)
            await made.until(lambda: service.feed.is_live and service.payments(PaymentQuery()).progress.complete)
            yield made
        finally:
            await service.stop()
            await client.close()


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
@pytest.mark.parametrize("name", ["busy", "first-day", "hodl-tense", "hostile"])
async def test_what_is_shown_is_what_the_node_says(name: str, level: Level) -> None:
    async with watched(name, level) as here:
        await here.agrees()
        if here.scenario.traffic is not None:
            here.scenario.traffic.keep_going()
        here.scenario.world.advance(3_600)
        await here.agrees()
        for row in here.service.channels(ChannelQuery()).rows:
            if row.channel is not None and row.bar is not None:
                assert row.bar.capacity_msat == row.channel.value_sat * 1_000


async def test_losses_on_the_way_change_nothing_in_the_end() -> None:
    async with watched("busy") as here:
        assert here.scenario.traffic is not None
        here.scenario.traffic.keep_going()
        for number in range(6):
            here.scenario.world.advance(600)
            if number % 2:
                here.server.end_streams(Drop())
            else:
                here.server.drop_connections()
            here.scenario.world.advance(300)
            await here.until(lambda want=number + 1: here.service.feed.reconnects >= want and here.service.feed.is_live)  # type: ignore[misc]
        await here.agrees()
        assert all(gap.filled for gap in here.service.feed.gaps)


async def test_a_broken_server_is_lived_with() -> None:
    """Late syncs, clocks apart, peers down, a funding that never was, unknown kinds, slow answers, a lost stream."""
    async with watched("broken") as here:
        await here.until(lambda: AttentionKind.CLOCK in {line.kind for line in here.service.attention})
        kinds = {line.kind for line in here.service.attention}
        assert {AttentionKind.SYNC_LATE, AttentionKind.PEER_DOWN} <= kinds
        here.scenario.node.sync_stopped_unix = None
        here.scenario.world.pass_blocks(7, 600)
        await here.service.refresh()
        await here.until(lambda: AttentionKind.PHANTOM in {line.kind for line in here.service.attention})
        assert here.service.channels(ChannelQuery("state:phantom")).rows != ()
        here.server.end_streams(Drop())
        await here.until(lambda: here.service.feed.reconnects >= 1 and here.service.feed.is_live)
        assert here.service.payments(PaymentQuery("kind:unknown")).rows != ()


async def test_every_held_payment_is_shown_with_its_deadline() -> None:
    async with watched("hodl-tense") as here:
        view = here.service.hodl()
        held = {row.payment_hash: row for row in view.rows if row.state is HodlState.HELD}
        assert held
        balances = await here.client.get_balances()
        for entry in balances.lightning:
            if isinstance(entry, MaybePreimageClaimableHtlc) and entry.payment_hash in held:
                row = held[entry.payment_hash]
                assert row.deadline_height is not None
                assert row.deadline_height <= entry.expiry_height - 39
        assert here.service.attention[0].payment_hash in held
