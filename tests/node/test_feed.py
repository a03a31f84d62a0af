"""The feed against a real server over TLS: start, events, loss, gaps, stalls, wrong keys, other nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ldk_tui.core.errors import AccessDenied
from ldk_tui.core.events import PaymentSuccessful
from ldk_tui.core.secret import Secret
from ldk_tui.node.query import PaymentQuery, Shown
from ldk_tui.node.views import Phase

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


async def test_an_event_reaches_the_screen_in_one_notification(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.quiet(3)
    here.told.clear()
    payment = make.payment("coffee")
    here.node.emit(PaymentSuccessful(payment))
    await here.until(lambda: here.service.payment(payment.id) is not None)
    assert here.service.payment(payment.id).shown is Shown.SUCCEEDED
    assert len(here.told) <= 2


async def test_a_killed_server_makes_a_gap_that_is_filled_after_the_restart(stage: Set, make: Any) -> None:
    here = await stage()
    await here.live()
    await here.server.abort()
    await here.until(lambda: here.service.feed.phase is Phase.DOWN)
    missed = make.payment("while away")
    here.node.payment_happens(missed)
    await here.server.start()
    await here.until(lambda: here.service.feed.is_live)
    (gap,) = here.service.feed.gaps
    assert gap.filled
    assert gap.end_unix is not None
    assert gap.start_unix <= gap.end_unix
    assert here.service.payment(missed.id) is not None
    assert here.service.feed.reconnects == 1


async def test_wrong_key_stops_the_fast_retries(stage: Set) -> None:
    here = await stage(key=Secret("00" * 32))
    await here.service.start()
    await here.until(lambda: isinstance(here.service.feed.error, AccessDenied))
    before = here.service.feed.attempt
    await here.quiet(30)
    assert here.service.feed.attempt == before
    await here.until(lambda: here.service.feed.attempt > before, step_s=5)
