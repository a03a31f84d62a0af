"""What a call that went wrong is reported as: the table of safety facts 3.1, fault by fault."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from ldk_tui.client import failure
from ldk_tui.client.api import LdkClient
from ldk_tui.client.clock import SkewMeter
from ldk_tui.client.connection import Limits
from ldk_tui.client.exchange import End, Ended
from ldk_tui.core import requests as rq
from ldk_tui.core.errors import (
    AccessDenied,
    BadAnswer,
    DeadlineExceeded,
    LdkError,
    LightningRefused,
    NotSupported,
    OutcomeUnknown,
    Refused,
    ServerTrouble,
    ShuttingDown,
    Unreachable,
    UnreachableCause,
)
from ldk_tui.core.text import SafeText
from ldk_tui.sim.faults import (
    CutShort,
    Drop,
    Fault,
    Garbage,
    GoAway,
    Http,
    Huge,
    Reset,
    Silence,
    Status,
)
from ldk_tui.sim.proxy import FaultProxy

SMALL = Limits(receive_bytes=100_000)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of a fifth of a second, for the faults that end in one."""
    from dataclasses import replace

    for name in ("GetNodeInfo", "GetBalances", "Bolt11Send", "OnchainSend", "Bolt11Receive"):
        monkeypatch.setitem(rq.RPCS, name, replace(rq.RPCS[name], deadline_s=0.2))


async def send(client: LdkClient) -> Any:
    return await client.bolt11_send(invoice="lnbcrt1")


async def read(client: LdkClient) -> Any:
    return await client.get_balances()


async def harmless(client: LdkClient) -> Any:
    return await client.bolt11_receive(expiry_s=60)


LOSSES: list[tuple[Fault, type[LdkError]]] = [
    (Silence(), DeadlineExceeded),
    (Silence(executed=True), DeadlineExceeded),
    (Drop(), Unreachable),
    (Drop(executed=True), Unreachable),
    (Reset(2), Unreachable),
    (Reset(7), Unreachable),
    (Reset(8, executed=True), Unreachable),
    (GoAway(), Unreachable),
    (GoAway(11, disown=True), Unreachable),
    (GoAway(executed=True), Unreachable),
    (CutShort(0), BadAnswer),
    (CutShort(3), BadAnswer),
    (CutShort(7), BadAnswer),
    (CutShort(7, trailers=False), BadAnswer),
    (Garbage(b"\xff\xff"), BadAnswer),
    (Huge(200_000), BadAnswer),
    (Huge(5, declared=4_000_000_000), BadAnswer),
    (Http(502, b"Bad Gateway"), BadAnswer),
    (Http(200, b"<html>"), BadAnswer),
    (Status(13, "Failed to persist data."), ServerTrouble),
    (Status(14, "server shutting down"), ShuttingDown),
    (Status(4, "Deadline exceeded"), DeadlineExceeded),
    (Status(2, "unknown"), ServerTrouble),
    (Status(99, "?"), ServerTrouble),
    (Status("x", "?"), BadAnswer),
    (Status(8, "", executed=True), ServerTrouble),
]
DECISIONS: list[tuple[Fault, type[LdkError]]] = [
    (Status(3, "The given invoice is invalid."), Refused),
    (Status(9, "Failed to send the given payment."), LightningRefused),
    (Status(12, "Unknown method: X"), NotSupported),
    (Status(16, "Invalid credentials"), AccessDenied),
    (Status(7, "no"), AccessDenied),
]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("fault", "as_read", "framing"),
    [(*each, "real") for each in LOSSES] + [(*each, "standard") for each in LOSSES if isinstance(each[0], Status)],
)
async def test_what_proves_nothing(make: Any, fault: Fault, as_read: type[LdkError], framing: str) -> None:
    world = await make(framing=framing)
    client = await world.client(limits=SMALL)
    for method, call, expected in (
        ("Bolt11Send", send, OutcomeUnknown),
        ("GetBalances", read, as_read),
        ("Bolt11Receive", harmless, as_read),
    ):
        world.server.faults.on(method, fault)
        with pytest.raises(LdkError) as caught:
            await call(client)
        error = caught.value
        assert type(error) is expected, (method, error, error.__cause__)
        if isinstance(error, Unreachable):
            assert error.cause is UnreachableCause.LOST
        assert world.backend.finished.count(method) == (1 if fault.executed or isinstance(fault, CutShort) else 0)
        # nothing was repeated, and the next call works, on a new connection if need be
        world.backend.finished.clear()
        await call(client)
        assert world.backend.finished == [method]
        world.backend.finished.clear()


@pytest.mark.parametrize(("fault", "expected"), DECISIONS, ids=lambda value: repr(value))
async def test_what_proves_that_nothing_was_done(world: Any, fault: Status, expected: type[LdkError]) -> None:
    client = await world.client()
    for method, call in (("Bolt11Send", send), ("GetBalances", read)):
        world.server.faults.on(method, fault)
        with pytest.raises(expected) as caught:
            await call(client)
        assert caught.value.code == fault.code
        assert caught.value.server_text == fault.message
        assert isinstance(caught.value.server_text, SafeText)


async def test_already_initiated_says_look_it_up(world: Any) -> None:
    client = await world.client()
    world.server.faults.on("Bolt11Send", Status(9, "A payment with the given hash has already been initiated."))
    with pytest.raises(LightningRefused) as caught:
        await send(client)
    assert caught.value.already_initiated
    assert "Look it up" in caught.value.sentence


async def test_never_sent_is_unreachable_also_for_money(world: Any, until: Any) -> None:
    client = await world.client()
    await world.server.abort()
    await until(lambda: not client._calls._connection or not client._calls._connection.usable)
    with pytest.raises(Unreachable) as caught:
        await send(client)
    assert caught.value.cause is UnreachableCause.REFUSED
    await world.server.start()
    await send(client)


@pytest.mark.usefixtures("hasty")
async def test_no_free_stream_is_never_sent(world: Any) -> None:
    client = await world.client()
    world.server.faults.on("ListPeers", Silence(), times=None)
    most = 200
    others = [asyncio.create_task(client.list_peers()) for _ in range(most)]
    while len(client._calls._connection._exchanges) < most:
        await asyncio.sleep(0.005)
    with pytest.raises(Unreachable) as caught:
        await send(client)
    assert caught.value.cause is UnreachableCause.TIMEOUT
    assert "Bolt11Send" not in world.backend.finished
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await send(client)


@pytest.mark.usefixtures("hasty")
async def test_a_deadline_leaves_nothing_behind(world: Any) -> None:
    """grpclib leaves `task.cancelling()` at 1, and an outer `asyncio.timeout` then raises the wrong exception."""
    client = await world.client()
    world.server.faults.on("Bolt11Send", Silence(), times=None)
    task = asyncio.current_task()
    assert task is not None
    async with asyncio.timeout(5) as outer:
        with pytest.raises(OutcomeUnknown):
            await send(client)
        assert task.cancelling() == 0
    assert not outer.expired()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await send(client)
    assert task.cancelling() == 0


async def test_a_cancelled_call_is_cancelled_and_told_to_the_server(world: Any, until: Any) -> None:
    client = await world.client()
    world.server.faults.on("GetBalances", Silence())
    call = asyncio.create_task(read(client))
    await until(lambda: bool(client._calls._connection._exchanges))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not client._calls._connection._exchanges
    await read(client)
    assert world.server.connections == 1


async def test_closing_the_client_ends_its_calls(world: Any, until: Any) -> None:
    client = await world.client()
    world.server.faults.on("Bolt11Send", Silence())
    call = asyncio.create_task(send(client))
    await until(lambda: bool(client._calls._connection._exchanges))
    await client.close()
    with pytest.raises(OutcomeUnknown):
        await call


@pytest.mark.parametrize("kept", [0, 5, 12, 40, 200])
async def test_an_answer_cut_by_the_network(world: Any, kept: int, until: Any) -> None:
    """The connection dies after some bytes of the answer: never "failed" for a payment."""
    async with FaultProxy("127.0.0.1", world.server.port) as proxy:
        client = await world.client(port=proxy.port)
        world.server.faults.slow("Bolt11Send", after_s=0.05)
        call = asyncio.create_task(send(client))
        await until(lambda: world.backend.finished.count("Bolt11Send") == 1)
        proxy.throttle(kept * 10 + 1)
        proxy.cut()
        with pytest.raises(OutcomeUnknown):
            await call


async def test_a_whole_answer_stays_an_answer_when_the_connection_ends_with_it(world: Any) -> None:
    from ldk_tui.client.connection import Connection
    from ldk_tui.client.exchange import Exchange

    connection = Connection(Limits())
    exchange = Exchange(connection, 100, 100)
    exchange.received(b"\0\0\0\0\x02ok", 7)
    exchange.headers = {b":status": b"200"}
    exchange.trailers = {b"grpc-status": b"0"}
    exchange.ended = True
    exchange.fail(End.LOST)
    from ldk_tui.client.transport import _message, _status

    assert await _message(exchange, 100) == b"ok"
    assert await _status(exchange) is None


async def test_server_text_is_cleaned(world: Any) -> None:
    client = await world.client()
    world.server.faults.on("GetBalances", Status(13, "\x1b]0;owned\x07\u202etxt\udc9b[2J é’"))
    with pytest.raises(ServerTrouble) as caught:
        await read(client)
    text = caught.value.server_text
    assert text is not None
    assert not set("\x1b\x07\u202e\x9b") & set(text)
    assert text.endswith("é’")  # percent-decoded as UTF-8, not byte by byte
    assert "\x1b" not in caught.value.sentence


async def test_big_answers_up_to_the_cap(make: Any) -> None:
    world = await make()
    world.backend.answers["ExportPathfindingScores"] = world.backend.dialect.encode_answer(
        "ExportPathfindingScores", bytes(range(256)) * 80_000
    )
    client = await world.client()
    assert await client.export_pathfinding_scores() == bytes(range(256)) * 80_000
    assert client._calls.limits.receive_bytes == 64 * 1024 * 1024


async def test_the_cap_is_checked_before_the_body_is_read(world: Any) -> None:
    client = await world.client(limits=SMALL)
    world.server.faults.on("GetBalances", Huge(100, declared=100_001))
    with pytest.raises(BadAnswer, match="100001 bytes announced, 100000 accepted"):
        await read(client)


async def test_big_requests_pass_the_window(world: Any) -> None:
    """A request over the server's stream window (1 MiB) waits for it to open, and arrives byte for byte."""
    client = await world.client()
    message = bytes(range(256)) * 8_000
    await client.sign_message(message=message)
    assert world.backend.heard[-1] == rq.SignMessage(message)


ENDS = list(End)


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_every_ending_has_an_error(end: End, sent: bool) -> None:
    from ldk_tui.client.target import SystemTrust, Target
    from ldk_tui.core.secret import Secret

    context = failure.Context(Target("h", 1, SystemTrust(), Secret("k")), SkewMeter())
    for rpc in rq.RPCS.values():
        error = failure.of_end(Ended(end, sent=sent), rpc, context)
        if not sent:
            assert isinstance(error, Unreachable)
        elif rpc.effect is rq.Effect.MONEY:
            assert isinstance(error, OutcomeUnknown)
        else:
            assert not isinstance(error, OutcomeUnknown)
        assert error.sentence.rstrip().endswith((".", "?"))


@pytest.mark.parametrize("code", range(0, 20))
def test_no_status_lets_money_look_failed_that_may_have_moved(code: int) -> None:
    from ldk_tui.client.target import SystemTrust, Target
    from ldk_tui.core.secret import Secret

    context = failure.Context(Target("h", 1, SystemTrust(), Secret("k")), SkewMeter())
    proves = {3: Refused, 7: AccessDenied, 9: LightningRefused, 12: NotSupported, 16: AccessDenied}
    for rpc in rq.RPCS.values():
        error = failure.of_status(failure.StatusError(code, "x"), rpc, context)
        if code in proves:
            assert type(error) is proves[code]
        else:
            assert isinstance(error, OutcomeUnknown) == (rpc.effect is rq.Effect.MONEY)


async def test_a_mistake_of_ours_does_not_turn_executed_into_failed(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.client()

    class Broken:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def decode_answer(self, method: str, data: bytes) -> Any:
            raise KeyError(method)

    monkeypatch.setattr(client, "_dialect", Broken(client._dialect))
    with pytest.raises(OutcomeUnknown):
        await send(client)
    with pytest.raises(BadAnswer):
        await read(client)


async def test_the_connection_survives_what_it_does_not_know(world: Any) -> None:
    """Frames of unknown type are legal; grpclib drops the connection for one."""
    client = await world.client()
    (connection,) = world.server._connections
    connection._transport.write(b"\x00\x00\x04\xfa\x00\x00\x00\x00\x00abcd")
    await read(client)
    assert world.server.connections == 1


async def test_bytes_that_are_no_http2_end_the_connection_only(world: Any) -> None:
    client = await world.client()
    (connection,) = world.server._connections
    world.server.faults.on("Bolt11Send", Silence())
    call = asyncio.create_task(send(client))
    await asyncio.sleep(0)
    connection._transport.write(b"\x00\x00\x00\x04\x00\x00\x00\x00\x01")  # SETTINGS on a stream
    with pytest.raises(OutcomeUnknown):
        await call
    with contextlib.suppress(Unreachable):
        await read(client)
    await read(client)
