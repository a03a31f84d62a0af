"""Every knob of the server's faults, and the bad network between client and server."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from ldk_tui.sim import framing
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.faults import (
    EVERY,
    CutShort,
    Drop,
    Fault,
    Faults,
    Garbage,
    GoAway,
    Http,
    Huge,
    Reset,
    Silence,
    Status,
)
from ldk_tui.sim.proxy import FaultProxy

EMPTY = framing.frame(b"")
NODE_INFO = "/api.LightningNode/GetNodeInfo"
EVENTS = "/api.LightningNode/SubscribeEvents"
ANSWER = framing.frame(b"\x0a\x02me")


def test_rules_are_used_up_in_order_and_by_method() -> None:
    faults = Faults()
    faults.on("A", Reset(2), times=2)
    faults.on(EVERY, Reset(3))
    faults.on("A", Reset(4), times=None)
    assert faults.take("B") == Reset(3)
    assert [faults.take("A") for _ in range(4)] == [Reset(2), Reset(2), Reset(4), Reset(4)]
    assert faults.take("B") is None
    faults.clear("A")
    assert faults.take("A") is None


def test_latency_of_a_method_wins_over_that_of_all() -> None:
    faults = Faults()
    faults.slow(EVERY, before_s=1)
    faults.slow("A", after_s=2)
    assert (faults.latency("A").before_s, faults.latency("A").after_s, faults.latency("B").before_s) == (0, 2, 1)
    faults.clear()
    assert faults.latency("B").before_s == 0


@pytest.fixture
def ask(connect: Any, sign: Any) -> Any:
    """One call of GetNodeInfo; its frames."""

    async def run(server: Any, client: Any = None) -> list[dict[str, Any]]:
        client = client or await connect(server)
        frames = await client.answer(client.request(NODE_INFO, sign(EMPTY), body=EMPTY))
        assert isinstance(frames, list)
        return frames

    return run


def payload(frames: list[dict[str, Any]]) -> bytes:
    return b"".join(bytes.fromhex(frame["data"]) for frame in frames if frame["type"] == "DataFrame")


def trailers(frames: list[dict[str, Any]]) -> dict[str, str]:
    return dict(frames[-1].get("headers", []))


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("fault", [Drop, Silence, lambda **more: Reset(8, **more), lambda **more: GoAway(**more)])
async def test_an_outcome_that_the_client_cannot_know(
    fault: Any, executed: bool, serve: Any, connect: Any, sign: Any, backend: Any, until: Any
) -> None:
    """The same silence on the wire, whether the node has acted or not."""
    server = await serve()
    wrong: Fault = fault(executed=executed)
    server.faults.on("GetNodeInfo", wrong)
    client = await connect(server)
    stream = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    match wrong:
        case Drop():
            with pytest.raises(ConnectionResetError):
                await client.until_end(stream)
        case Silence():
            assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")
            await until(lambda: len(backend.finished) == 1 + executed)
        case Reset():
            (frame,) = await client.answer(stream)
            assert (frame["type"], frame["code"]) == ("RstStreamFrame", 8)
        case GoAway():
            await client.eof()
            assert (client.frames[-1]["type"], client.frames[-1]["last"]) == ("GoAwayFrame", stream)
    assert not [f for f in client.frames if f["stream"] == stream and f["type"] == "HeadersFrame"]
    assert len(backend.finished) == executed + isinstance(wrong, Silence)


async def test_goaway_can_disown_the_call(serve: Any, connect: Any, ask: Any, sign: Any, backend: Any) -> None:
    server = await serve()
    client = await connect(server)
    await ask(server, client)
    server.faults.on(EVERY, GoAway(disown=True))
    client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    await client.eof()
    assert client.frames[-1]["last"] == 1
    assert len(backend.calls) == 1


async def test_answers_that_are_wrong(serve: Any, ask: Any) -> None:
    server = await serve()
    faults = server.faults
    faults.on(EVERY, CutShort(6))
    frames = await ask(server)
    assert payload(frames) == ANSWER[:6]
    assert trailers(frames) == {"grpc-status": "0"}
    faults.on(EVERY, CutShort(3, trailers=False))
    frames = await ask(server)
    assert payload(frames) == ANSWER[:3]
    assert frames[-1]["flags"] == ["END_STREAM"]
    faults.on(EVERY, Garbage(b"\xff\xff"))
    assert payload(await ask(server)) == framing.frame(b"\xff\xff")
    faults.on(EVERY, Status(99, "é\n"))
    assert trailers((await ask(server))[:1]) | {"date": ""} == {
        ":status": "200",
        "content-type": "application/grpc+proto",
        "grpc-accept-encoding": "identity",
        "content-length": "0",
        "grpc-status": "99",
        "grpc-message": "%C3%A9%0A",
        "date": "",
    }
    faults.on(EVERY, Status("nonsense", executed=True))
    assert trailers((await ask(server))[:1])["grpc-status"] == "nonsense"
    faults.on(EVERY, Http(502, b"<h1>Bad gateway</h1>"))
    frames = await ask(server)
    assert frames[0]["headers"][:2] == [[":status", "502"], ["content-type", "text/html"]]
    assert payload(frames) == b"<h1>Bad gateway</h1>"
    assert payload(await ask(server)) == ANSWER


async def test_a_huge_answer_and_one_that_only_claims_to_be(serve: Any, connect: Any, ask: Any) -> None:
    server = await serve()
    server.faults.on(EVERY, Huge(20_000_000))
    server.faults.on(EVERY, Huge(10, declared=3_000_000_000))
    client = await connect(server, settings={4: 2**31 - 1}, connection_window=2**30)
    assert len(payload(await ask(server, client))) == 20_000_005
    assert payload(await ask(server)) == b"\0" + (3_000_000_000).to_bytes(4, "big") + bytes(10)


async def test_latency_before_and_after(serve: Any, connect: Any, sign: Any, backend: Any, until: Any) -> None:
    server = await serve()
    server.faults.slow("GetNodeInfo", before_s=3600)
    client = await connect(server)
    client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    await until(lambda: server.service.working == 1)
    assert backend.calls == []
    server.faults.slow("GetNodeInfo", after_s=3600)
    stream = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    await until(lambda: backend.finished == ["GetNodeInfo"])
    assert not [frame for frame in client.frames if frame["stream"] == stream]


async def test_the_clock_can_be_wrong(serve: Any, connect: Any, sign: Any) -> None:
    server = await serve()
    server.faults.clock_offset_s = 3600
    client = await connect(server)
    stream = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    assert await client.status(stream) == ("16", "Request timestamp expired")
    assert dict(client.frames[-2]["headers"])["date"] == framing.http_date(1_800_003_600)


async def test_the_certificate_can_change(serve: Any, connect: Any, ask: Any, certificate: Certificate) -> None:
    server = await serve()
    before = await connect(server)
    server.swap_certificate(Certificate.generate(["elsewhere.example"]))
    assert server.certificate != certificate
    assert payload(await ask(server)) == ANSWER
    assert payload(await ask(server, before)) == ANSWER
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=ssl.create_default_context(cadata=certificate.pem.decode())
        )


@pytest.mark.parametrize("fault", [Drop(), Reset(2), GoAway(), Status(13, "lost"), Garbage(b"\xff")])
async def test_event_streams_can_break_while_the_server_lives(
    fault: Fault, serve: Any, connect: Any, sign: Any, ask: Any, until: Any
) -> None:
    server = await serve()
    client = await connect(server)
    stream = client.request(EVENTS, sign(EMPTY), body=EMPTY)
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    server.end_streams(fault)
    match fault:
        case Drop():
            with pytest.raises(ConnectionResetError):
                await client.frame()
        case Reset():
            assert (await client.answer(stream))[-1]["code"] == 2
        case GoAway():
            await client.eof()
        case Status():
            assert await client.status(stream) == ("13", "lost")
        case Garbage():
            assert payload(await client.answer(stream)) == framing.frame(b"\xff")
    await until(lambda: server.service.subscribers == 0)
    assert payload(await ask(server)) == ANSWER


async def test_connections_can_be_dropped(serve: Any, connect: Any, ask: Any) -> None:
    server = await serve()
    client = await connect(server)
    await ask(server, client)
    server.drop_connections()
    with pytest.raises(ConnectionResetError):
        await client.frame()
    assert payload(await ask(server)) == ANSWER


# the network


@pytest.fixture
async def through(serve: Any, connect: Any) -> Any:
    """A server, a proxy before it, and a function that connects through the proxy."""
    server = await serve()
    async with FaultProxy("127.0.0.1", server.port) as proxy:

        class Behind:
            port = proxy.port
            certificate = server.certificate

        async def link() -> Any:
            return await connect(Behind, connection_window=2**20)

        yield server, proxy, link


async def quiet(client: Any) -> bool:
    """Nothing comes for a while."""
    try:
        async with asyncio.timeout(0.1):
            await client.reader.readexactly(1)
    except TimeoutError:
        return True
    return False


async def test_it_passes_everything(through: Any, ask: Any, backend: Any) -> None:
    server, proxy, link = through
    backend.answers["GetNodeInfo"] = bytes(50_000)
    assert len(payload(await ask(server, await link()))) == 50_005
    assert proxy.accepted == 1


async def test_blackhole_holds_everything_and_loses_nothing(through: Any, ask: Any, sign: Any, until: Any) -> None:
    server, proxy, link = through
    client = await link()
    await ask(server, client)
    proxy.blackhole()
    stream = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    await server.abort()  # a reset does not get through either
    assert await quiet(client)
    await server.start()
    proxy.heal()
    with pytest.raises((ConnectionResetError, EOFError)):
        await client.answer(stream)
    await until(lambda: proxy.open == 0)

    client = await link()
    await ask(server, client)
    proxy.blackhole()
    stream = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    assert await quiet(client)
    proxy.heal()
    assert await client.status(stream) == ("0", "")


async def test_cut_resets_both_sides(through: Any, ask: Any, until: Any) -> None:
    server, proxy, link = through
    client = await link()
    await ask(server, client)
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await client.frame()
    await until(lambda: server.connections == 0)
    assert payload(await ask(server, await link())) == ANSWER


async def test_refuse_and_heal(through: Any, ask: Any) -> None:
    server, proxy, link = through
    client = await link()
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await link()
    assert payload(await ask(server, client)) == ANSWER
    port = proxy.port
    proxy.heal()
    assert proxy.port == port
    assert payload(await ask(server, await link())) == ANSWER


async def test_half_close_ends_the_servers_direction_only(
    through: Any, ask: Any, sign: Any, backend: Any, until: Any
) -> None:
    server, proxy, link = through
    client = await link()
    await ask(server, client)
    proxy.half_close()
    client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    await client.eof()
    await until(lambda: len(backend.calls) == 2)


async def test_delay_and_throttle_change_nothing_but_time(through: Any, ask: Any, backend: Any) -> None:
    server, proxy, link = through
    backend.answers["GetNodeInfo"] = answer = bytes(range(250)) * 200
    loop = asyncio.get_running_loop()
    client = await link()
    proxy.delay(0.05)
    start = loop.time()
    assert payload(await ask(server, client)) == framing.frame(answer)
    assert loop.time() - start >= 0.1  # there and back: a lower bound, which no slow machine breaks
    proxy.heal()
    proxy.throttle(200_000)
    start = loop.time()
    assert payload(await ask(server, client)) == framing.frame(answer)
    assert loop.time() - start >= 0.2


async def test_a_target_that_is_gone_resets_the_client(through: Any, until: Any) -> None:
    server, proxy, link = through
    await server.stop()
    with pytest.raises((ConnectionResetError, ssl.SSLError, EOFError)):
        await link()
    await until(lambda: proxy.open == 0)
