"""The event stream: live when entered, complete, and honest about its end. And the connection's keepalive and ACKs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ldk_tui.client.connection import TCP_QUICKACK, AckStrategy, Limits, default_strategy
from ldk_tui.core.errors import (
    AccessCause,
    AccessDenied,
    BadAnswer,
    NotSupported,
    ShuttingDown,
    Unreachable,
    UnreachableCause,
)
from ldk_tui.core.events import PaymentSuccessful, UnknownEvent
from ldk_tui.core.ids import PaymentHash, PaymentId
from ldk_tui.core.model import Bolt11Kind, Direction, Level, Payment, PaymentStatus
from ldk_tui.core.secret import Secret
from ldk_tui.sim.auth import MetricsAccess
from ldk_tui.sim.faults import Drop, Garbage, Http, Reset, Silence, Status
from ldk_tui.sim.proxy import FaultProxy


def event(number: int) -> PaymentSuccessful:
    name = f"{number:064x}"
    return PaymentSuccessful(
        Payment(
            PaymentId(name), Bolt11Kind(PaymentHash(name)), None, None, Direction.OUTBOUND, PaymentStatus.SUCCEEDED, 1
        )
    )


def encoded(world: Any, number: int) -> bytes:
    data = world.backend.dialect.encode_event(event(number))
    assert data
    return bytes(data)


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_live_when_entered(make: Any, level: Level) -> None:
    world = await make(level)
    client = await world.client()
    async with client.subscribe() as events:
        assert world.server.service.subscribers == 1  # nobody had to wait for a first event
        world.backend.events.publish(encoded(world, 7))
        got = await anext(events)
        assert isinstance(got, PaymentSuccessful)
        assert got.payment.id == event(7).payment.id


async def test_leaving_is_immediate_and_told_to_the_server(world: Any, until: Any) -> None:
    client = await world.client()
    for _ in range(30):
        async with client.subscribe():
            pass
    await until(lambda: world.server.service.subscribers == 0)
    assert world.server.connections == 2  # the streams were reset, the connection was not
    await client.get_node_info()


async def test_a_cancelled_reader_leaves_nothing(world: Any, until: Any) -> None:
    client = await world.client()

    async def read() -> None:
        async with client.subscribe() as events:
            async for _ in events:
                pass

    reader = asyncio.create_task(read())
    await until(lambda: world.server.service.subscribers == 1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await until(lambda: world.server.service.subscribers == 0)


async def test_twenty_thousand_events_none_lost(world: Any) -> None:
    client = await world.client()
    total = 20_000
    one = [encoded(world, number) for number in range(total)]

    async def publish() -> None:
        for number, data in enumerate(one):
            world.backend.events.publish(data)
            if number % 50 == 49:
                await asyncio.sleep(0)

    got: list[str] = []
    async with client.subscribe() as events:
        publisher = asyncio.create_task(publish())
        async for each in events:
            assert isinstance(each, PaymentSuccessful)
            got.append(each.payment.id)
            if len(got) == total:
                break
        await publisher
    assert got == [f"{number:064x}" for number in range(total)]


async def test_a_reader_that_stalls_gets_what_arrived_before(world: Any, until: Any) -> None:
    client = await world.client()
    async with client.subscribe() as events:
        for number in range(500):
            world.backend.events.publish(encoded(world, number))
        arrived = events._messages._exchange.body
        await until(lambda: len(arrived) == 500 * (5 + len(encoded(world, 1))))
        await world.server.stop()
        assert [(await anext(events)) for _ in range(500)] == [event(number) for number in range(500)]
        with pytest.raises(ShuttingDown):
            await anext(events)


async def test_server_shutdown_is_said_by_trailers(world: Any) -> None:
    client = await world.client()
    async with client.subscribe() as events:
        stopping = asyncio.create_task(world.server.stop())
        with pytest.raises(ShuttingDown) as caught:
            await anext(events)
        assert caught.value.code == 14
        assert caught.value.server_text == "server shutting down"
        await stopping


async def test_a_killed_server_is_a_lost_connection(world: Any) -> None:
    client = await world.client()
    async with client.subscribe() as events:
        await world.server.abort()
        with pytest.raises(Unreachable) as caught:
            await anext(events)
        assert caught.value.cause is UnreachableCause.LOST


@pytest.mark.parametrize("fault", [Drop(), Reset(2), Reset(7)])
async def test_a_broken_stream_is_lost(world: Any, fault: Any) -> None:
    client = await world.client()
    async with client.subscribe() as events:
        world.server.end_streams(fault)
        with pytest.raises(Unreachable) as caught:
            await anext(events)
        assert caught.value.cause is UnreachableCause.LOST
    async with client.subscribe():  # and a new one can be opened at once
        pass


async def test_refused_at_the_start(world: Any) -> None:
    client = await world.client()
    for fault, expected in (
        (Status(16, "Invalid credentials"), AccessDenied),
        (Status(12, "Unknown method: SubscribeEvents"), NotSupported),
        (Http(502), BadAnswer),
        (Drop(), Unreachable),
    ):
        world.server.faults.on("SubscribeEvents", fault)
        with pytest.raises(expected):
            async with client.subscribe():
                pytest.fail("entered")


async def test_a_server_that_never_sends_headers(world: Any) -> None:
    client = await world.client(limits=Limits(connect_s=0.3))
    world.server.faults.on("SubscribeEvents", Silence())
    from ldk_tui.core.errors import DeadlineExceeded

    with pytest.raises(DeadlineExceeded):
        async with client.subscribe():
            pytest.fail("entered")


async def test_an_event_that_is_none(world: Any) -> None:
    client = await world.client()
    async with client.subscribe() as events:
        world.backend.events.publish(b"\x7a\x01x")  # a kind that a later level may have
        assert isinstance(await anext(events), UnknownEvent)
        world.server.end_streams(Garbage(b"\xff\xff"))
        with pytest.raises(BadAnswer):
            await anext(events)


async def test_an_event_over_the_cap(world: Any) -> None:
    client = await world.client(limits=Limits(receive_bytes=1_000))
    async with client.subscribe() as events:
        world.backend.events.publish(bytes(1_001))
        with pytest.raises(BadAnswer, match="too big"):
            await anext(events)


async def test_a_stuck_stream_does_not_block_calls(world: Any) -> None:
    client = await world.client(limits=Limits(window_bytes=65_535 * 2))
    async with client.subscribe():
        for number in range(3_000):
            world.backend.events.publish(encoded(world, number))
        for _ in range(5):
            await client.get_node_info()


# --- keepalive ---------------------------------------------------------------------------------------------------

FAST = Limits(keepalive_s=0.1, keepalive_timeout_s=0.1, connect_s=5)


async def test_a_silent_peer_is_noticed(world: Any) -> None:
    """TCP is fine, but nothing comes any more: the PING ends the stream at once, not 30 s of TLS farewell later."""
    async with FaultProxy("127.0.0.1", world.server.port) as proxy:
        client = await world.client(port=proxy.port, limits=FAST)
        async with client.subscribe() as events:
            connection = client._events._connection
            assert connection is not None
            proxy.blackhole()
            async with asyncio.timeout(10):
                with pytest.raises(Unreachable) as caught:
                    await anext(events)
        assert caught.value.cause is UnreachableCause.LOST
        assert "silent" in caught.value.sentence
        async with asyncio.timeout(10):
            await connection.closed  # the socket too is gone
        proxy.heal()
        async with client.subscribe():  # the dead connection is not used again
            pass


async def test_a_quiet_stream_is_kept_alive_and_an_idle_connection_left_in_peace(world: Any, until: Any) -> None:
    client = await world.client(limits=FAST)
    async with client.subscribe() as events:
        stream = client._events._connection
        assert stream is not None
        await until(lambda: stream.pings >= 5)
        world.backend.events.publish(encoded(world, 1))
        assert await anext(events)
    await until(lambda: stream._ping_timer is None)
    pings = stream.pings
    await client.get_node_info()
    assert stream.usable
    assert stream.pings == pings


def test_defaults() -> None:
    limits = Limits()
    assert (limits.keepalive_s, limits.keepalive_timeout_s, limits.receive_bytes) == (20, 10, 64 * 1024 * 1024)


# --- the 44 ms ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(TCP_QUICKACK is None, reason="this system has no TCP_QUICKACK")
async def test_quickack_is_armed_again_after_every_receive(world: Any) -> None:
    client = await world.client(limits=Limits(ack=AckStrategy.QUICKACK))
    connection = client._calls._connection
    assert connection is not None
    before, frames = connection.quick_acks, connection.small_frames
    calls = 20
    for _ in range(calls):
        await client.get_node_info()
    # headers with data, then the trailers: two receives for a call
    assert connection.quick_acks - before >= calls
    assert connection.small_frames == frames == 0


async def test_elsewhere_a_small_frame_carries_the_ack(world: Any) -> None:
    client = await world.client(limits=Limits(ack=AckStrategy.FRAME))
    connection = client._calls._connection
    assert connection is not None
    before = connection.small_frames
    calls = 20
    for _ in range(calls):
        await client.get_node_info()
    assert connection.small_frames - before == calls
    assert connection.quick_acks == 0


@pytest.mark.parametrize("ack", [AckStrategy.QUICKACK, AckStrategy.FRAME])
async def test_either_way_is_many_times_faster_than_waiting_for_the_kernel(world: Any, ack: AckStrategy) -> None:
    """A ratio in one run, not seconds: with Nagle on the server, calls that wait for a delayed ACK take 40 ms."""
    if ack is AckStrategy.QUICKACK and TCP_QUICKACK is None:
        pytest.skip("this system has no TCP_QUICKACK")
    loop = asyncio.get_running_loop()

    async def median_s(strategy: AckStrategy) -> float:
        client = await world.client(limits=Limits(ack=strategy))
        times = []
        for _ in range(25):
            start = loop.time()
            await client.get_node_info()
            times.append(loop.time() - start)
        return sorted(times)[12]

    slow = await median_s(AckStrategy.NONE)
    if slow < 0.03:
        pytest.skip("this kernel does not delay its ACKs on loopback")
    assert await median_s(ack) < slow / 2


def test_the_strategy_fits_the_system() -> None:
    expected = AckStrategy.FRAME if TCP_QUICKACK is None else AckStrategy.QUICKACK
    assert default_strategy() is expected
    assert Limits().ack is expected
    assert replace(Limits(), ack=AckStrategy.NONE).ack is AckStrategy.NONE


# --- metrics -----------------------------------------------------------------------------------------------------


async def test_metrics(make: Any) -> None:
    world = await make(metrics=MetricsAccess(enabled=True))
    world.backend.metrics_text += 'ldk_server_total_lightning_balance_sats 2100000000000000\nother{a="b"} 1.5 17\n'
    client = await world.client()
    metrics = await client.metrics()
    assert (metrics.peers, metrics.total_lightning_sat, metrics.channels) == (3, 2_100_000_000_000_000, None)
    assert str(metrics.others["other"]) == "1.5"
    assert world.server.connections == 1


async def test_metrics_with_a_password(make: Any) -> None:
    access = MetricsAccess(enabled=True, username="me", password=Secret("pass:é"))
    world = await make(metrics=access)
    client = await world.client()
    assert (await client.metrics(username="me", password=Secret("pass:é"))).peers == 3
    for given in ({}, {"username": "me", "password": Secret("wrong")}):
        with pytest.raises(AccessDenied) as caught:
            await client.metrics(**given)
        assert caught.value.cause is AccessCause.METRICS
        assert "wrong" not in caught.value.sentence


async def test_metrics_switched_off(world: Any) -> None:
    client = await world.client()
    with pytest.raises(NotSupported, match="switched off"):
        await client.metrics()


@pytest.mark.parametrize("text", ["", "# only a comment", "not prometheus at all", "x NaN", "x 1e400"])
async def test_metrics_that_are_none(make: Any, text: str) -> None:
    world = await make(metrics=MetricsAccess(enabled=True))
    world.backend.metrics_text = text
    client = await world.client()
    with pytest.raises(BadAnswer):
        await client.metrics()
