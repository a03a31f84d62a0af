"""The screen Channels on the simulator over real TLS: it shows what the world holds, and follows what happens there."""

from __future__ import annotations

import pytest

from ldk_tui.core.model import Level
from ldk_tui.node.query import ChannelStanding
from ldk_tui.ui.line import plain
from ldk_tui.ui.screens.channels import ChannelsScreen
from ldk_tui.ui.widgets.one_line import Panel
from tests.stage import Stage, stage
from tests.ui.conftest import text_of
from tests.ui.test_hostile import check


def screen_of(made: Stage) -> ChannelsScreen:
    assert isinstance(made.app.front, ChannelsScreen)
    return made.app.front


def report(screen: ChannelsScreen) -> str:
    return " ".join(" ".join(plain(row) for row in screen.pane.lines).split())


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_the_table_holds_the_channels_of_the_world(level: Level) -> None:
    async with stage("busy", size=(200, 60), level=level, keys=("2",)) as made:
        screen, node = screen_of(made), made.scenario.node
        rows = {row.channel_id: row for row in screen.table.rows}
        assert len(node.channels) >= 6
        text = "\n".join(text_of(made.app))
        for channel in node.channels:
            row = rows[channel.channel_id]
            assert row.channel is not None
            assert row.channel.value_sat == channel.value_sat
            assert f"{row.channel.value_sat:,}" in text
            assert f"{row.channel.outbound_capacity_msat // 1000:,}" in text
        assert any(row.standing is ChannelStanding.CLOSING for row in rows.values())
        closing = [row.standing is ChannelStanding.CLOSING for row in screen.table.rows]
        assert closing == sorted(closing), "closed channels below"
        await made.press("enter")
        for row in list(screen.table.rows):
            screen.table.move_to(row.channel_id)
            await made.pilot.pause()
            assert row.channel_id in report(screen)
            assert len(row.htlcs) == report(screen).count(" hash ")


async def test_a_channel_that_closes_goes_down_with_its_reason() -> None:
    async with stage("busy", size=(120, 36), keys=("2",)) as made:
        screen, scenario = screen_of(made), made.scenario
        row = next(row for row in screen.table.rows if row.standing is ChannelStanding.USABLE)
        screen.table.move_to(row.channel_id)
        await made.press("enter")
        world_channel = next(each for each in scenario.node.channels if each.channel_id == row.channel_id)
        peer = next(end.node for end in world_channel.ends if end.node is not scenario.node)
        scenario.world.lifecycle.force_close(world_channel, peer, "told you so")
        scenario.world.advance(2)
        await made.until(
            lambda: any(
                each.channel_id == row.channel_id and each.standing is ChannelStanding.CLOSING
                for each in screen.table.rows
            )
        )
        assert screen.table.cursor_key == row.channel_id, "the cursor stays on it"
        await made.until(lambda: "peer said “" in report(screen))
        assert "told you so" in report(screen)
        assert "counterparty force closed" in report(screen)
        scenario.world.mine(1)
        scenario.world.advance(60)
        await made.until(lambda: " to go" in report(screen))


async def test_a_peer_that_goes_away_is_seen() -> None:
    async with stage("busy", size=(80, 24), keys=("2",)) as made:
        screen, scenario = screen_of(made), made.scenario
        row = next(row for row in screen.table.rows if row.standing is ChannelStanding.USABLE)
        scenario.world.nodes[row.counterparty].stop()
        scenario.world.advance(70)
        await made.port.refresh()
        await made.until(
            lambda: (
                next(r for r in screen.table.rows if r.channel_id == row.channel_id).standing is ChannelStanding.OFFLINE
            )
        )
        screen.table.move_to(row.channel_id)
        await made.pilot.pause()
        assert "The peer is away" in plain(screen.query_one("#channels-summary", Panel).lines[0])


async def test_a_node_without_channels() -> None:
    async with stage("first-day", size=(80, 24), keys=("2",)) as made:
        assert "This node has no channels." in " ".join(text_of(made.app))
        assert not screen_of(made).has_row


@pytest.mark.parametrize("scenario", ["hostile", "broken"])
async def test_ill_will_and_bad_luck(scenario: str) -> None:
    async with stage(scenario, size=(110, 60), keys=("2",)) as made:
        screen = screen_of(made)
        assert len(screen.table.rows) >= 5
        await made.press("enter")
        for row in list(screen.table.rows):
            screen.table.move_to(row.channel_id)
            await made.pilot.pause()
            assert row.channel_id in report(screen)
            check(made.app, row.channel_id)
