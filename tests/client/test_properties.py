"""What must hold for any input: messages out of any chunks, addresses, figures, and how an exchange can end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.client import metrics
from ldk_tui.client.exchange import End, Ended, Exchange
from ldk_tui.client.signing import frame
from ldk_tui.client.target import format_address, parse_address
from ldk_tui.client.transport import _message
from ldk_tui.core.errors import BadAnswer, BadInput


class Window:
    """Counts what is given back."""

    def __init__(self) -> None:
        self.credited = 0

    def credit(self, stream_id: int, size: int) -> None:
        self.credited += size

    def forget(self, exchange: Exchange) -> None:
        return


@given(
    st.lists(st.binary(max_size=300), max_size=12),
    st.lists(st.integers(1, 400), min_size=1, max_size=40),
    st.integers(1, 500),
    st.integers(0, 1200),
)
def test_messages_come_whole_and_in_order_however_they_are_cut(
    messages: list[bytes], cuts: list[int], step: int, room: int
) -> None:
    """And the window never closes for good: what is not given back is always below one step, once all is read."""

    async def run() -> None:
        window = Window()
        exchange = Exchange(window, room, step)
        wire = b"".join(frame(message) for message in messages)

        async def feed() -> None:
            at = turn = 0
            while at < len(wire):
                size = cuts[turn % len(cuts)]
                chunk = wire[at : at + size]
                exchange.received(chunk, len(chunk))
                at, turn = at + size, turn + 1
                await asyncio.sleep(0)
            # before the end, a reader that waits has given back all but a step
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(wire) - window.credited < step or bool(exchange.body)
            exchange.ended = True
            exchange.wake()

        feeder = asyncio.create_task(feed())
        got = []
        while (message := await _message(exchange, 1_000)) is not None:
            got.append(message)
        await feeder
        assert got == messages

    asyncio.run(run())


@given(st.binary(max_size=60), st.sampled_from(End))
def test_any_bytes_end_in_messages_or_one_exception(body: bytes, end: End) -> None:
    async def run() -> None:
        exchange = Exchange(Window(), 100, 100)
        exchange.sent = True
        exchange.received(body, len(body))
        exchange.fail(end)

        async def read_on() -> None:
            while await _message(exchange, 40) is not None:
                pass

        with pytest.raises(Ended) as caught:
            await read_on()
        assert caught.value.sent  # whatever it was, the request had left
        assert caught.value.end in {end, End.NOT_GRPC, End.TOO_BIG}

    asyncio.run(run())


@given(st.text(max_size=40))
def test_an_address_is_taken_or_refused_and_written_as_it_is_read(text: str) -> None:
    try:
        host, port = parse_address(text)
    except BadInput:
        return
    assert host.isascii()
    assert 1 <= port <= 65535
    with contextlib.suppress(BadInput):  # a host with brackets inside is nobody's
        assert parse_address(format_address(host, port)) == (host, port)


@given(st.text(max_size=200))
def test_any_metrics_text(text: str) -> None:
    with contextlib.suppress(BadAnswer):
        metrics.parse(text)


@given(st.integers(0, 2**63))
def test_figures_are_exact(value: int) -> None:
    parsed = metrics.parse(f"ldk_server_total_lightning_balance_sats {value}\n")
    assert parsed.total_lightning_sat == value
