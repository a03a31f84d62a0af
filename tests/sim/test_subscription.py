"""The event broadcast: bounded, in order, and silent about what a slow subscriber loses."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.sim.subscription import PER_SUBSCRIBER, RING, Broadcast, BroadcastSubscription


def number(event: bytes) -> int:
    return int.from_bytes(event, "big")


def publish(broadcast: Broadcast, *numbers: int) -> None:
    for each in numbers:
        broadcast.publish(each.to_bytes(4, "big"))


async def take(subscription: BroadcastSubscription, count: int) -> list[int]:
    iterator = aiter(subscription)
    return [number(await anext(iterator)) for _ in range(count)]


async def rest(subscription: BroadcastSubscription) -> list[int]:
    """Everything that it would still hand out while it stays open."""
    iterator, seen = aiter(subscription), []
    while True:
        try:
            async with asyncio.timeout(0.01):
                seen.append(number(await anext(iterator)))
        except TimeoutError:
            return seen


async def test_only_what_comes_after_the_subscription() -> None:
    broadcast = Broadcast()
    publish(broadcast, 1, 2)
    subscription = broadcast.subscribe()
    publish(broadcast, 3, 4)
    assert await take(subscription, 2) == [3, 4]


async def test_a_subscriber_may_be_1088_behind_and_loses_nothing() -> None:
    broadcast = Broadcast()
    subscription = broadcast.subscribe()
    publish(broadcast, *range(RING + PER_SUBSCRIBER))
    assert await rest(subscription) == list(range(RING + PER_SUBSCRIBER))
    assert subscription.lost == 0


async def test_one_more_and_the_oldest_behind_its_own_queue_is_lost_without_a_mark() -> None:
    broadcast = Broadcast()
    slow, quick = broadcast.subscribe(), broadcast.subscribe()
    for each in range(RING + PER_SUBSCRIBER + 1):
        publish(broadcast, each)
        assert await take(quick, 1) == [each]
    everything = list(range(RING + PER_SUBSCRIBER + 1))
    assert await rest(slow) == everything[:PER_SUBSCRIBER] + everything[PER_SUBSCRIBER + 1 :]
    assert (slow.lost, quick.lost) == (1, 0)


@given(st.lists(st.integers(-12, 12).filter(bool), max_size=60))
def test_order_is_kept_and_losses_are_counted(steps: list[int]) -> None:
    """Positive steps publish, negative ones read: what arrives is in order, and nothing is missing but the lost."""

    async def run() -> None:
        broadcast = Broadcast(ring=8, per_subscriber=2)
        subscription = broadcast.subscribe()
        published, seen = 0, list[int]()
        for step in steps:
            if step > 0:
                publish(broadcast, *range(published, published + step))
                published += step
            else:
                held = published - len(seen) - subscription.lost
                seen += await take(subscription, min(-step, min(held, 2)))
        seen += await rest(subscription)
        assert seen == sorted(set(seen))
        assert len(seen) + subscription.lost == published

    asyncio.run(run())


async def test_close_wakes_who_waits() -> None:
    broadcast = Broadcast()
    subscription = broadcast.subscribe()

    async def read() -> list[bytes]:
        return [event async for event in subscription]

    waiting = asyncio.create_task(read())
    await asyncio.sleep(0)
    assert broadcast.subscribers == 1
    subscription.close()
    subscription.close()
    assert await waiting == []
    assert broadcast.subscribers == 0


async def test_closing_the_broadcast_ends_all_after_their_own_queues() -> None:
    broadcast = Broadcast()
    subscriptions = [broadcast.subscribe() for _ in range(3)]
    publish(broadcast, 7)
    broadcast.close()
    for subscription in subscriptions:
        assert [number(event) async for event in subscription] == [7]
    assert broadcast.subscribers == 0
    with pytest.raises(StopAsyncIteration):
        await anext(aiter(subscriptions[0]))
