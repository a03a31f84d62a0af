"""What the screens say is what is so: every figure worked out again from the world itself, not from answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ldk_tui.core.ids import ChannelId, OfferId
from ldk_tui.core.model import Direction, Level, PaymentStatus
from ldk_tui.node.query import ChannelQuery, ChannelStanding, PaymentQuery
from ldk_tui.sim.channel import Channel, Phase
from ldk_tui.sim.closing import Closing, How
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.payments import State
from ldk_tui.sim.scenarios import Scenario, build
from ldk_tui.sim.traffic import pay_invoice, pay_offer
from tests.e2e.whole import Whole, whole

ANCHORS_SAT = 660
DUST_SAT = 354
WORLDS = [(name, level) for name in ("busy", "hodl-tense", "broken") for level in (Level.L2026_04, Level.L2026_08)]


@dataclass(frozen=True)
class Truth:
    """One channel from our end, in msat, by the rules of BOLT 2: what the funder pays, what is kept back."""

    channel: Channel
    ours_msat: int
    theirs_msat: int
    can_send_msat: int
    can_receive_msat: int
    our_reserve_sat: int
    out_msat: int
    in_msat: int

    @classmethod
    def of(cls, channel: Channel, node: SimNode) -> Truth:
        mine = 0 if channel.ends[0].node is node else 1
        anchors_msat = ANCHORS_SAT * 1_000 if channel.anchors else 0

        def left(side: int) -> int:
            return channel.ends[side].balance_msat - (anchors_msat if side == 0 else 0)

        def spendable(side: int) -> int:
            return max(0, left(side) - channel.ends[side].reserve_sat * 1_000)

        def in_flight(side: int) -> int:
            """In whole satoshis, as the API counts; dust is listed nowhere."""
            sizes = [each.amount_msat for each in channel.htlcs if each.offered_by == side]
            return sum(size // 1_000 * 1_000 for size in sizes if size >= DUST_SAT * 1_000)

        reserve_msat = min(channel.ends[mine].reserve_sat * 1_000, max(0, left(mine)))
        return cls(
            channel,
            channel.ends[mine].balance_msat,
            channel.ends[1 - mine].balance_msat,
            spendable(mine),
            spendable(1 - mine),
            reserve_msat // 1_000,
            in_flight(mine),
            in_flight(1 - mine),
        )


def truths(node: SimNode) -> dict[ChannelId, Truth]:
    return {each.channel_id: Truth.of(each, node) for each in node.channels if each.funding is not None}


async def read(stage: Whole) -> None:
    """Everything, pages of payments and names included."""
    await stage.until(lambda: stage.service.payments(PaymentQuery()).progress.complete, "all payments")
    await stage.service.refresh()


def at_rest(name: str, level: Level) -> Scenario:
    scenario = build(name, level=level)
    scenario.faults.clear()
    scenario.faults.clock_offset_s = 0.0
    return scenario


@pytest.mark.parametrize(("name", "level"), WORLDS)
async def test_money_deadlines_and_payments_are_the_worlds(tmp_path: Path, name: str, level: Level) -> None:
    scenario = at_rest(name, level)
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        await read(stage)
        check_channels(stage, scenario.node)
        check_sums(stage, scenario.node)
        check_held(stage, scenario.node)
        assert check_payments(stage, scenario.node) or name == "hodl-tense"
        scenario.node.sync_stopped_unix = None  # broken: its wallet catches up
        scenario.world.mine(7)
        scenario.world.advance(30)
        await read(stage)
        check_channels(stage, scenario.node)
        check_sums(stage, scenario.node)
        check_held(stage, scenario.node)
        phantoms = [each for each in scenario.node.channels if each.phantom]
        rows = stage.service.channels(ChannelQuery()).rows
        assert [row.channel_id for row in rows if row.standing is ChannelStanding.PHANTOM] == [
            each.channel_id for each in phantoms
        ]
        assert bool(phantoms) == (name == "broken")


def check_channels(stage: Whole, node: SimNode) -> None:
    rows = {row.channel_id: row for row in stage.service.channels(ChannelQuery()).rows if row.channel is not None}
    expected = truths(node)
    assert set(rows) == set(expected)
    for channel_id, truth in expected.items():
        row, channel = rows[channel_id], truth.channel
        assert row.channel is not None
        assert row.bar is not None
        assert row.capacity_msat == channel.value_sat * 1_000 == row.bar.capacity_msat
        if channel.splice is None:
            assert row.channel.outbound_capacity_msat == truth.can_send_msat == row.bar.ours_msat
            assert row.channel.inbound_capacity_msat == truth.can_receive_msat == row.bar.theirs_msat
            assert abs(row.bar.our_reserve_msat // 1_000 - truth.our_reserve_sat) <= 2
        assert sum(each.htlc.amount_sat for each in row.htlcs if each.outgoing) * 1_000 == truth.out_msat
        assert sum(each.htlc.amount_sat for each in row.htlcs if not each.outgoing) * 1_000 == truth.in_msat
        assert {each.height for each in row.htlcs} == {
            each.expiry_height for each in channel.htlcs if each.amount_msat >= DUST_SAT * 1_000
        }
        assert all(each.blocks_left == max(0, each.height - node.height) for each in row.htlcs)
        assert row.peer_connected == node.is_connected(channel.other(node).node.node_id)


def check_sums(stage: Whole, node: SimNode) -> None:
    view = stage.service.node(stage.scenario.world.now)
    sums = view.liquidity
    assert sums is not None
    everything = truths(node)
    usable = [each for each in everything.values() if each.channel.usable]
    listed = [each for each in everything.values() if not each.channel.phantom]
    if not any(each.channel.splice for each in usable):
        assert sums.can_send_msat == sum(each.can_send_msat for each in usable)
        assert sums.can_receive_msat == sum(each.can_receive_msat for each in usable)
    assert sums.usable == len(usable)
    assert sums.usable + sums.offline + sums.pending + sums.phantoms == len(everything)
    assert sums.in_flight_out_msat == sum(each.out_msat for each in everything.values())
    at_closed = sum(
        each.htlc.amount_msat // 1_000 * 1_000
        for closing in node.closings
        for each in closing.htlcs
        if not each.resolved and each.htlc.offered_by != closing.side
    )
    assert sums.in_flight_in_msat == sum(each.in_msat for each in everything.values()) + at_closed
    assert sums.onchain_total_sat == node.wallet.total_sat()
    assert sums.onchain_spendable_sat == node.spendable_sat()
    assert sums.onchain_spendable_sat + sums.onchain_pending_sat + sums.anchor_reserve_sat == node.wallet.total_sat()
    seen_as_phantom = sums.phantoms > 0
    counted = listed if seen_as_phantom else list(everything.values())
    assert sums.lightning_sat == sum(each.channel.on_close(node).amount_sat for each in counted)
    for each in counted:  # and that is what this end has, less what only the funder pays
        ours = each.channel.on_close(node)
        paid_sat = ours.transaction_fee_sat + (ANCHORS_SAT if each.channel.anchors else 0)
        assert each.ours_msat // 1_000 - paid_sat <= ours.amount_sat <= each.ours_msat // 1_000 or each.channel.splice
    assert abs(sums.reserves_sat - sum(each.our_reserve_sat for each in counted)) <= 2 * len(counted)
    assert sums.swept_sat == sum(coming_back_sat(each) for each in node.closings)
    assert sums.counted_twice_sat == sum(in_both_sat(each) for each in node.closings)
    assert sums.ours_sat == sums.lightning_sat + node.wallet.total_sat() + sums.swept_sat


def coming_back_sat(closing: Closing) -> int:
    """Ours in a closed channel, as long as the wallet does not count it."""
    htlcs = sum(
        each.htlc.amount_msat // 1_000
        for each in closing.htlcs
        if not each.resolved and each.htlc.offered_by == closing.side
    )
    if closing.how is How.COOPERATIVE:
        return htlcs  # its output pays the wallet, which counts it from the broadcast on
    swept = closing.sweep is not None and closing.node.world.chain.confirmed_at(closing.sweep.txid) is not None
    return htlcs + (0 if closing.is_over or swept else closing.snapshot.amount_sat)


def in_both_sat(closing: Closing) -> int:
    """Still told as a matter of the channel, although it is the wallet's."""
    if closing.how is How.COOPERATIVE:
        return closing.snapshot.amount_sat if closing.node.height < (closing.mature_height or 10**9) else 0
    swept = closing.sweep is not None and closing.node.world.chain.confirmed_at(closing.sweep.txid) is not None
    return closing.snapshot.amount_sat if swept and not closing.is_over else 0


def check_held(stage: Whole, node: SimNode) -> None:
    held = {
        payment_hash: flow
        for payment_hash, flow in node.receiving.held.items()
        if flow.state is State.HELD and flow.amount_msat >= DUST_SAT * 1_000  # smaller ones stand in no answer
    }
    view = stage.service.hodl()
    rows = {row.payment_hash: row for row in view.rows if row.state.value == "held"}
    assert set(rows) == set(held)
    assert view.height == node.height
    for payment_hash, flow in held.items():
        row = rows[payment_hash]
        htlcs = [part.hops[-1].htlc for part in flow.parts]
        assert all(htlc is not None for htlc in htlcs)
        deadline = min(htlc.expiry_height for htlc in htlcs if htlc is not None) - 39
        assert row.deadline_height == deadline
        assert not row.deadline_is_guess
        assert row.blocks_left == deadline - node.height
        assert row.held_msat == sum(htlc.amount_msat // 1_000 for htlc in htlcs if htlc is not None) * 1_000
        low, high = row.minutes or (0, 0)
        assert low < high
        assert low <= 10 * row.blocks_left <= high  # blocks come every ten minutes on average
    assert view.held == len(held)
    assert view.held_msat == sum(row.held_msat or 0 for row in rows.values())
    if held:
        assert view.nearest_blocks == min(row.blocks_left or 0 for row in rows.values())


def check_payments(stage: Whole, node: SimNode) -> int:
    """How many outgoing ones were compared."""
    rows = {row.id: row for row in stage.service.payments(PaymentQuery(unpaid=True)).rows}
    outgoing = 0
    for payment_id, row in rows.items():
        record = node.records.get(payment_id)
        if record is None or row.payment.status is PaymentStatus.UNKNOWN or row.direction is Direction.UNKNOWN:
            continue  # broken: the server says things of another level
        if row.kind is not None and row.payment.kind.__class__ is not record.kind.__class__:
            continue
        assert row.direction is record.direction
        items = getattr(record.kind, "quantity", None) or 1
        if record.direction is Direction.OUTBOUND:
            outgoing += 1
            amount = None if record.amount_msat is None else record.amount_msat * items
            assert row.amount_msat == amount
            assert row.fee_msat == record.fee_paid_msat
            if record.fee_paid_msat is not None and amount:
                assert row.fee_ppm is not None
                assert abs(row.fee_ppm * amount - record.fee_paid_msat * 1_000_000) * 2 <= amount
        else:
            assert row.amount_msat == record.amount_msat
            assert row.fee_msat is None
    return outgoing


async def test_an_offer_paid_for_several_items_shows_what_left_the_node(tmp_path: Path) -> None:
    scenario = at_rest("busy", Level.L2026_08)
    node, world = scenario.node, scenario.world
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        peer = next(each.other(node).node for each in node.channels if each.usable)
        before = sum(each.end(node).balance_msat for each in node.channels)
        flow = pay_offer(node, peer, OfferId(world.random_hex()), 70_000, 3, None)
        world.advance(5)
        assert flow.state is State.SETTLED
        left = before - sum(each.end(node).balance_msat for each in node.channels)
        await stage.until(lambda: stage.service.payment(flow.payment_id) is not None, "the payment")
        await read(stage)
        row = stage.service.payment(flow.payment_id)
        assert row is not None
        assert row.amount_msat == 210_000
        assert row.quantity == 3
        assert row.fee_msat is not None
        assert row.amount_msat + row.fee_msat == left


async def test_a_cooperative_close_is_counted_once_all_the_way(tmp_path: Path) -> None:
    scenario = at_rest("busy", Level.L2026_08)
    node, world = scenario.node, scenario.world
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        await read(stage)
        channel = next(each for each in node.channels if each.usable and not each.htlcs and each.splice is None)
        before = _ours(stage)
        world.lifecycle.close(channel, node)
        world.advance(20)
        assert channel.phase is Phase.CLOSED
        for blocks in (0, 1, 3, 3, 6):
            world.mine(blocks)
            world.advance(20)
            await read(stage)
            check_sums(stage, node)
            assert before - 2_000 <= _ours(stage) <= before + 1_000, f"{blocks} blocks later"


def _ours(stage: Whole) -> int:
    sums = stage.service.node(0).liquidity
    assert sums is not None
    return sums.ours_sat


async def test_a_payment_in_flight_is_nobodys_until_it_is_decided(tmp_path: Path) -> None:
    scenario = at_rest("busy", Level.L2026_08)
    node, world = scenario.node, scenario.world
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        await read(stage)
        payer = next(each.other(node).node for each in node.channels if each.usable)
        before, held = _ours(stage), stage.service.hodl().held_msat
        flow = pay_invoice(payer, node, 77_000_000, hodl_preimage=world.random_hex())
        world.advance(5)
        assert flow.state is State.HELD
        await stage.until(lambda: stage.service.hodl().held_msat == held + 77_000_000, "held")
        await read(stage)
        assert abs(_ours(stage) - before) < 500  # the fee of a bigger commitment, never the payment
        check_sums(stage, node)
        check_held(stage, node)
