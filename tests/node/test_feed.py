"""The feed against a real server over TLS: start, events, loss, gaps, stalls, wrong keys, other nodes, floods."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from ldk_tui.core.errors import AccessDenied, LdkError, NotSupported, ServerTrouble, ShuttingDown, Unreachable
from ldk_tui.core.events import PaymentClaimable, PaymentReceived, PaymentSuccessful
from ldk_tui.core.model import Direction, Level, Network, PaymentStatus
from ldk_tui.core.secret import Secret
from ldk_tui.node.feed import Fault, Identity, WrongNode
from ldk_tui.node.query import ChannelQuery, PaymentQuery, Shown
from ldk_tui.node.store import EventSeen
from ldk_tui.node.views import Phase, Topic
from ldk_tui.sim.faults import Drop, Silence, Status

Set = Callable[..., Awaitable[Any]]


async def test_start_loads_everything_and_becomes_live(stage: Set, make: Any) -> None:
    here = await stage()
    channel = make.channel("bob")
    here.node.channels = [channel]
    here.node.balances = make.balances(make.open_entry(channel))
    here.node.aliases[channel.counterparty] = "bob-cln"
    here.node.log = [make.payment(number, updated_unix=1_799_999_000 - number) for number in range(30)]
    await here.live()
    await here.until(lambda: here.service.alias(channel.counterparty) == "bob-cln")
    view = here.service.payments(PaymentQuery())
    assert [row.id for row in view.rows] == [payment.id for payment in here.node.log]
    assert here.service.node(here.time.unix).info == here.node.info
    assert here.service.feed.gaps == ()
    assert here.node.events.subscribers == 1


async def test_the_subscription_stands_before_the_first_list_is_read(stage: Set, make: Any) -> None:
    """Whatever happens while the lists are read is in the stream: an event then is neither lost nor overwritten."""
    here = await stage()
    payment = make.payment("meanwhile")
    here.server.faults.slow("ListChannels", before_s=0.2)
    await here.service.start()
    await here.until(lambda: here.node.count.get("GetBalances", 0) > 0)
    assert here.node.events.subscribers == 1
    here.node.emit(PaymentSuccessful(payment))
    await here.until(lambda: here.service.feed.is_live)
    assert here.service.payment(payment.id).shown is Shown.SUCCEEDED


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_both_levels(stage: Set, make: Any, level: Level) -> None:
    here = await stage(level=level)
    await here.live()
    assert here.service.feed.level is level
    received = make.payment("in", direction=Direction.INBOUND, fee_paid_msat=None)
    here.node.emit(PaymentReceived(received))
    await here.until(lambda: here.service.payment(received.id) is not None)


async def test_an_event_reaches_the_screen_in_one_notification(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.quiet(3)
    here.told.clear()
    payments = [make.payment(("coffee", number)) for number in range(20)]
    here.node.emit(*map(PaymentSuccessful, payments))
    await asyncio.sleep(0.1)
    assert here.told == [], "the screen's beat has not come: nothing is told"
    await here.until(lambda: here.service.payment(payments[-1].id) is not None)
    assert len([topics for topics in here.told if Topic.PAYMENTS in topics]) == 1


async def test_after_an_event_the_balances_are_read_again(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.quiet(3)
    before = here.node.count["GetBalances"]
    here.node.balances = make.balances(make.open_entry(make.channel()))
    here.node.emit(PaymentSuccessful(make.payment("one")))
    await here.until(lambda: here.service.node(here.time.unix).balances == here.node.balances)
    assert here.node.count["GetBalances"] == before + 1


@pytest.mark.parametrize("ending", ["abort", "stop", "drop_connections", "end_streams"])
async def test_a_loss_makes_a_gap_that_is_filled(stage: Set, make: Any, ending: str) -> None:
    here = await stage()
    await here.live()
    missed = make.payment("while away")
    here.node.payment_happens(missed)
    if ending in {"abort", "stop"}:
        await getattr(here.server, ending)()
        await here.until(lambda: here.service.feed.phase in {Phase.DOWN, Phase.STALE})
        (gap,) = here.service.feed.gaps
        assert gap.end_unix is None
        assert not gap.filled
        assert isinstance(here.service.feed.error, ShuttingDown | Unreachable)
        await here.server.start()
    elif ending == "drop_connections":
        here.server.drop_connections()
    else:
        here.server.end_streams(Drop())
    await here.until(lambda: here.service.feed.reconnects == 1 and here.service.feed.is_live)
    (gap,) = here.service.feed.gaps
    assert gap.filled
    assert gap.end_unix is not None
    assert gap.start_unix <= gap.end_unix
    assert here.service.payment(missed.id) is not None
    assert here.node.events.subscribers == 1
    assert here.service.events().gaps == (gap,)


async def test_the_log_says_when_it_was_live_and_why_no_longer(stage: Set, caplog: pytest.LogCaptureFixture) -> None:
    """What a person reads the day after; a server that stays away is one line, not one per attempt."""
    caplog.set_level("INFO", logger="ldk_tui.node.feed")
    here = await stage()
    await here.live()
    assert [record.getMessage() for record in caplog.records] == ["live: level 2026-08, attempt 1"]
    caplog.clear()
    await here.server.abort()
    await here.until(lambda: here.service.feed.attempt >= 4, step_s=1)
    lost = [record.getMessage() for record in caplog.records]
    assert 1 <= len(lost) <= 2, "the loss, and that nothing listens since"
    assert all(record.levelname == "WARNING" for record in caplog.records)
    assert lost[-1].startswith("Not reachable: ")
    caplog.clear()
    await here.server.start()
    await here.until(lambda: here.service.feed.is_live, step_s=1)
    assert ", after a gap of " in caplog.records[-1].getMessage()


async def test_what_a_gap_hid_below_known_events_is_found(stage: Set, make: Any) -> None:
    """250 payments, of which only the events of the newest 150 came: the first page holds nothing unknown."""
    here = await stage()
    here.node.log = [make.payment(("old", number), updated_unix=1_000 - number) for number in range(5)]
    await here.live()
    payments = [make.payment(("new", number), updated_unix=2_000 + number) for number in range(250)]
    for payment in payments:
        here.node.payment_happens(payment)
    here.node.emit(*map(PaymentSuccessful, payments[100:]))
    await here.until(lambda: here.service.payment(payments[-1].id) is not None)
    assert here.service.payment(payments[0].id) is None
    await here.until(lambda: here.service.payments(PaymentQuery()).total == 255, step_s=1)


async def test_silent_loss_is_healed_by_the_poll(stage: Set, make: Any) -> None:
    """No event came, nothing says so; within a minute the screen is right all the same."""
    here = await stage()
    held, channel = make.hodl(), make.channel("bob")
    here.node.channels = [channel]
    here.node.balances = make.balances(make.open_entry(channel), make.held_htlc(held, channel))
    here.node.payment_happens(held)
    await here.live()
    await here.until(lambda: here.service.payment(held.id) is not None and here.service.payment(held.id).held)
    claimed = replace(held, status=PaymentStatus.SUCCEEDED, updated_unix=held.updated_unix + 1)
    here.node.records[held.id] = here.node.log[0] = claimed
    here.node.balances = make.balances(make.open_entry(channel))
    lost = make.payment("never announced")
    here.node.payment_happens(lost)
    start = here.time.mono
    await here.until(
        lambda: here.service.payment(lost.id) is not None and here.service.payment(held.id).shown is Shown.SUCCEEDED,
        step_s=0.5,
    )
    assert here.time.mono - start <= 65
    assert here.service.feed.reconnects == 0


async def test_an_old_failed_send_that_was_paid_since_is_found_after_a_gap(stage: Set, make: Any) -> None:
    """Its row does not move when it changes, so no first page shows it (server facts 7.2)."""
    here = await stage()
    failed = make.payment("rent", status=PaymentStatus.FAILED, updated_unix=1_000)
    here.node.log = [make.payment(number, updated_unix=9_000 - number) for number in range(220)] + [failed]
    here.node.records[failed.id] = failed
    await here.live()
    await here.until(lambda: here.service.payments(PaymentQuery()).progress.complete)
    assert here.service.payment(failed.id).shown is Shown.FAILED
    paid = replace(failed, status=PaymentStatus.SUCCEEDED, updated_unix=9_999)
    here.node.log[-1] = here.node.records[failed.id] = paid
    here.server.drop_connections()
    await here.until(lambda: here.service.payment(failed.id).shown is Shown.SUCCEEDED)


async def test_a_hung_server_is_noticed_and_the_connections_made_anew(stage: Set, make: Any) -> None:
    """TCP stands, PINGs are answered, no call is: two missed heartbeats."""
    here = await stage()
    await here.live()
    here.server.faults.on("GetNodeInfo", Silence(), times=None)
    start = here.time.mono
    await here.until(lambda: here.service.feed.phase is Phase.STALE)
    assert here.time.mono - start < 45
    here.server.faults.clear()
    await here.until(lambda: here.service.feed.is_live)
    assert len(here.clients) == 2
    assert here.service.feed.gaps[0].filled
    assert here.server.connections == 2


async def test_one_missed_heartbeat_is_no_loss(stage: Set) -> None:
    here = await stage()
    await here.live()
    here.server.faults.on("GetNodeInfo", Silence(), times=1)
    beats = here.node.count["GetNodeInfo"]
    await here.until(lambda: here.node.count["GetNodeInfo"] >= beats + 1, step_s=0.5)
    await here.quiet(5)
    assert here.service.feed.is_live
    assert len(here.clients) == 1


async def test_waking_from_sleep_asks_at_once(stage: Set) -> None:
    here = await stage()
    await here.live()
    await here.quiet(2)
    beats = here.node.count["GetNodeInfo"]
    here.time.jump(7_200, 0)  # a system whose monotonic clock stands still during sleep
    here.time.advance(1)
    start = here.time.mono
    await here.until(lambda: here.node.count["GetNodeInfo"] > beats)
    assert here.time.mono - start <= 2


async def test_a_new_block_makes_the_balances_due(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.quiet(3)
    here.node.info = make.info(201)
    before = here.node.count["GetBalances"]
    start = here.time.mono
    await here.until(lambda: here.node.count["GetBalances"] > before)
    assert here.time.mono - start <= 27
    assert here.service.hodl().height == 201


async def test_while_a_payment_is_held_the_balances_are_read_often(stage: Set, make: Any) -> None:
    here = await stage()
    held, channel = make.hodl(), make.channel("bob")
    here.node.channels = [channel]
    here.node.balances = make.balances(make.open_entry(channel), make.held_htlc(held, channel))
    here.node.payment_happens(held)
    await here.live()
    await here.until(lambda: here.service.hodl().held == 1)
    before = here.node.count["GetBalances"]
    await here.quiet(35)
    assert here.node.count["GetBalances"] >= before + 3


async def test_a_locked_wallet_hides_nothing_else_and_is_tried_again(stage: Set, make: Any) -> None:
    here = await stage()
    here.node.channels = [make.channel()]
    here.server.faults.on("GetBalances", Status(13, "A wallet operation timed out."), times=3)
    await here.service.start()
    await here.until(lambda: isinstance(here.service.feed.error, ServerTrouble))
    assert here.service.feed.phase is Phase.SYNCING
    assert here.service.channels(ChannelQuery()).total == 1
    await here.until(lambda: here.service.feed.is_live)
    assert here.service.feed.error is None
    assert len(here.clients) == 1


async def test_a_wrong_key_stops_the_fast_retries(stage: Set) -> None:
    here = await stage(key=Secret("00" * 32))
    await here.service.start()
    await here.until(lambda: isinstance(here.service.feed.error, AccessDenied))
    before = here.service.feed.attempt
    await here.quiet(30)
    assert here.service.feed.attempt == before
    assert here.service.feed.next_try_unix is not None
    await here.until(lambda: here.service.feed.attempt > before, step_s=5)


async def test_retry_now_ends_the_waiting(stage: Set) -> None:
    here = await stage(key=Secret("00" * 32))
    await here.service.start()
    await here.until(lambda: here.service.feed.phase is Phase.DOWN)
    before = here.service.feed.attempt
    here.service.retry_now()
    async with asyncio.timeout(10):
        while here.service.feed.attempt == before:
            await asyncio.sleep(0.01)


async def test_another_node_than_the_profiles_stops_with_a_sentence(stage: Set, make: Any) -> None:
    here = await stage(identity=Identity(make.node_id("somebody else")))
    await here.service.start()
    await here.until(lambda: here.service.feed.phase is Phase.STOPPED)
    assert isinstance(here.service.feed.error, WrongNode)
    assert "not" in here.service.feed.error.sentence
    await here.quiet(60)
    assert len(here.clients) == 1


async def test_another_network_than_the_profiles_stops(stage: Set) -> None:
    here = await stage(identity=Identity(None, Network.BITCOIN))
    await here.service.start()
    await here.until(lambda: here.service.feed.phase is Phase.STOPPED)
    assert "regtest" in here.service.feed.error.sentence


async def test_a_node_that_is_swapped_behind_the_address_stops_the_feed(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.server.abort()
    here.node.info = replace(here.node.info, node_id=make.node_id("impostor"))
    await here.server.start()
    await here.until(lambda: here.service.feed.phase is Phase.STOPPED)
    assert isinstance(here.service.feed.error, WrongNode)


async def test_a_server_without_events_is_polled(stage: Set, make: Any) -> None:
    here = await stage()
    here.server.faults.on("SubscribeEvents", Status(12, "Unknown method: SubscribeEvents"), times=None)
    await here.live()
    assert here.service.feed.polling_only
    payment = make.payment("polled")
    here.node.payment_happens(payment)
    start = here.time.mono
    await here.until(lambda: here.service.payment(payment.id) is not None)
    assert here.time.mono - start <= 8


async def test_a_family_that_is_not_spoken_is_named_and_tried_slowly(stage: Set) -> None:
    here = await stage()

    async def connect() -> Any:
        raise NotSupported("This server speaks wire level 2026-10.")

    here.service._feed._connect = connect
    await here.service.start()
    await here.until(lambda: isinstance(here.service.feed.error, NotSupported))
    before = here.service.feed.attempt
    await here.quiet(30)
    assert here.service.feed.attempt == before


async def test_while_nothing_listens_it_keeps_trying_with_growing_pauses(stage: Set) -> None:
    here = await stage()
    await here.server.stop()
    await here.service.start()
    await here.until(lambda: here.service.feed.attempt >= 7)
    assert isinstance(here.service.feed.error, Unreachable)
    assert here.service.feed.gaps == (), "there was no stream that could have a gap"
    pauses = [seconds for seconds in here.time.slept if seconds >= 0.5]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    with pytest.raises(LdkError):
        await here.service.refresh()
    await here.server.start()
    await here.until(lambda: here.service.feed.is_live)


async def test_refresh_reads_everything_again(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.until(lambda: here.service._feed.state.last_resync_unix is not None)
    here.node.payment_happens(payment := make.payment("new"))
    await here.service.refresh()
    assert here.service.payment(payment.id) is not None
    here.server.faults.on("GetBalances", Status(13, "A wallet operation timed out."))
    with pytest.raises(ServerTrouble):
        await here.service.refresh()
    assert here.service.feed.is_live


async def test_history_is_read_in_the_background(stage: Set, make: Any) -> None:
    here = await stage()
    here.node.log = [make.payment(number, updated_unix=9_000_000 - number) for number in range(1_050)]
    await here.live()
    await here.until(lambda: here.service.payments(PaymentQuery()).progress.complete)
    view = here.service.payments(PaymentQuery())
    assert (view.total, view.progress.rows) == (1_050, 1_050)
    assert view.progress.pages == 12, "eleven with rows and the empty one that is the end"


async def test_stop_ends_everything(stage: Set) -> None:
    here = await stage()
    await here.live()
    await here.service.stop()
    await here.service.stop()
    assert here.service.feed.phase is Phase.STOPPED
    async with asyncio.timeout(10):
        while here.server.connections or here.node.events.subscribers:
            await asyncio.sleep(0.01)
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    assert [name for name in names if name.startswith(("Feed.", "Refresher."))] == []


async def test_a_listener_that_fails_does_not_stop_the_feed(stage: Set, make: Any) -> None:
    here = await stage()

    def broken(_topics: frozenset[Topic]) -> None:
        raise RuntimeError("a widget is gone")

    end = here.service.subscribe(broken)
    await here.live()
    here.node.emit(PaymentSuccessful(make.payment("one")))
    await here.until(lambda: here.service.feed.events_seen == 1)
    end()
    end()


async def test_a_mistake_of_ours_is_told_and_the_feed_goes_on(stage: Set) -> None:
    here = await stage()
    await here.live()
    everything = here.service._feed.refresher.everything

    async def broken(_client: Any) -> None:
        raise TypeError("no such thing")

    here.service._feed.refresher.everything = broken
    here.server.drop_connections()
    await here.until(lambda: isinstance(here.service.feed.error, Fault))
    assert "no such thing" not in here.service.feed.error.sentence
    here.service._feed.refresher.everything = everything
    await here.until(lambda: here.service.feed.is_live)


async def test_all_names_come_soon_although_a_round_has_few(stage: Set, make: Any) -> None:
    here = await stage()
    here.node.channels = [make.channel(number) for number in range(70)]
    here.node.aliases = {channel.counterparty: f"peer {n}" for n, channel in enumerate(here.node.channels)}
    await here.live()
    start = here.time.mono
    await here.until(lambda: len(here.service.node(here.time.unix).aliases) == 70)
    assert here.time.mono - start < 30


async def test_a_flood_of_events_loses_none(stage: Set, make: Any) -> None:
    """2,000 events a second for three seconds: every one arrives, and the screen is told at its own beat."""
    here = await stage()
    await here.live()
    here.told.clear()
    start = here.time.mono
    payments = [make.payment(("flood", number), updated_unix=1_000_000 + number) for number in range(6_000)]
    for number in range(0, len(payments), 200):
        here.node.emit(*map(PaymentSuccessful, payments[number : number + 200]))
        await here.until(lambda want=number + 200: here.service.feed.events_seen >= want)
    assert here.service.feed.events_seen == 6_000
    assert here.service.payments(PaymentQuery()).total == 6_000
    beats = (here.time.mono - start) / 0.1
    assert len([topics for topics in here.told if Topic.PAYMENTS in topics]) <= beats + 1
    assert len(here.service.events().lines) == 2_000


async def test_a_burst_is_applied_in_bounded_pieces(stage: Set, make: Any) -> None:
    """After a stall thousands of events wait at once: no piece is larger than what the event loop can bear."""
    here = await stage()
    await here.live()
    sizes: list[int] = []
    apply: Callable[..., frozenset[Topic]] = here.service.store.apply

    def measured(batch: Any) -> frozenset[Topic]:
        pieces = list(batch)
        sizes.append(len(pieces))
        return apply(pieces)

    here.service.store.apply = measured
    for number in range(3_000):
        payment = make.payment(("burst", number), updated_unix=1_000_000 + number)
        here.service._feed.take(EventSeen(here.service.store.ticket(here.time.unix), PaymentSuccessful(payment)))
    await here.until(lambda: here.service.feed.events_seen == 3_000)
    assert sum(sizes) >= 3_000
    assert max(sizes) <= 500


async def test_a_hodl_payment_raises_attention(stage: Set, make: Any) -> None:
    here = await stage()
    held, channel = make.hodl(), make.channel("bob")
    here.node.channels = [channel]
    await here.live()
    here.node.balances = make.balances(make.open_entry(channel), make.held_htlc(held, channel, expiry=242))
    here.node.payment_happens(held)
    here.node.emit(PaymentClaimable(held, (), 203))
    await here.until(lambda: here.service.attention != ())
    await here.until(lambda: here.service.hodl().held_msat == 50_000_000)
    (row,) = here.service.hodl().rows
    assert (row.blocks_left, row.urgency.value) == (3, "alarm")
    assert row.minutes == (8, 63)
    assert here.service.attention[0].payment_hash == held.payment_hash
