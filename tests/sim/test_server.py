"""The server on the wire: flow control, streams side by side, deadlines, life cycle, Nagle."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import hpack
import hyperframe.frame as hf
import pytest

from ldk_tui.core.errors import BadInput
from ldk_tui.sim import framing
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.connection import Connection
from ldk_tui.sim.server import running

NOW = 1_800_000_000
EMPTY = framing.frame(b"")
NODE_INFO = "/api.LightningNode/GetNodeInfo"
EVENTS = "/api.LightningNode/SubscribeEvents"


class Gate:
    """An answer that waits until the test lets it go."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()

    async def __call__(self, body: bytes) -> bytes:
        self.entered.set()
        await self.leave.wait()
        return b"done"


@pytest.fixture
def gate(backend: Any) -> Gate:
    backend.answers["Slow"] = gate = Gate()
    return gate


def data_of(frames: list[dict[str, Any]], stream: int) -> bytes:
    return b"".join(
        bytes.fromhex(frame["data"]) for frame in frames if frame["stream"] == stream and frame["type"] == "DataFrame"
    )


async def test_an_answer_of_tens_of_mebibytes_arrives_whole(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    graph = bytes(range(256)) * (32 * 4096)
    backend.answers["GraphListNodes"] = graph
    client = await connect(await serve(), settings={4: 2**31 - 1}, connection_window=2**31 - 1 - 65_535)
    stream = client.request("/api.LightningNode/GraphListNodes", sign(EMPTY), body=EMPTY)
    frames = await client.answer(stream)
    assert data_of(frames, stream) == framing.frame(graph)
    assert dict(frames[0]["headers"])["content-length"] == str(len(graph) + 5)
    assert max(len(frame.get("data", "")) // 2 for frame in frames) <= 16_384


async def test_flow_control_is_respected_window_by_window(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    """With a window of 1,000 bytes exactly so many arrive, and others are served meanwhile."""
    backend.answers["ListChannels"] = bytes(3_000)
    client = await connect(await serve(), settings={4: 1_000})
    stream = client.request("/api.LightningNode/ListChannels", sign(EMPTY), body=EMPTY)
    for expected in (1_000, 2_000, 3_000):
        while len(data_of(client.frames, stream)) < expected:
            await client.frame()
        other = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
        assert await client.status(other) == ("0", "")
        assert len(data_of(client.frames, stream)) == expected
        client.send(hf.WindowUpdateFrame(stream, window_increment=1_000))
    assert await client.status(stream) == ("0", "")
    assert len(data_of(client.frames, stream)) == 3_005


async def test_the_connection_window_counts_too(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    backend.answers["ListChannels"] = bytes(100_000)
    client = await connect(await serve(), settings={4: 2**20})
    stream = client.request("/api.LightningNode/ListChannels", sign(EMPTY), body=EMPTY)
    while len(data_of(client.frames, stream)) < 65_535:
        await client.frame()
    client.send(hf.PingFrame(0, opaque_data=b"still up"))
    while not any(frame["type"] == "PingFrame" for frame in client.frames):
        await client.frame()
    assert len(data_of(client.frames, stream)) == 65_535
    client.send(hf.WindowUpdateFrame(0, window_increment=100_000))
    assert await client.status(stream) == ("0", "")


async def test_a_smaller_window_while_running(serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any) -> None:
    """A SETTINGS frame in the middle changes the windows of open streams, also back up."""
    backend.answers["ListChannels"] = bytes(5_000)
    client = await connect(await serve(), settings={4: 0})
    stream = client.request("/api.LightningNode/ListChannels", sign(EMPTY), body=EMPTY)
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    client.send(hf.SettingsFrame(0, settings={4: 65_535}))
    assert await client.status(stream) == ("0", "")


async def test_ping_is_answered(serve: Any, connect: Any) -> None:
    client = await connect(await serve())
    client.send(hf.PingFrame(0, opaque_data=b"12345678"))
    while not any(frame["type"] == "PingFrame" for frame in client.frames):
        await client.frame()
    ping = client.frames[-1]
    assert (ping["flags"], ping["data"]) == (["ACK"], b"12345678".hex())


async def test_streams_run_side_by_side_up_to_two_hundred(
    serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any, until: Any
) -> None:
    server = await serve()
    client = await connect(server)
    streams = [client.request("/api.LightningNode/Slow", sign(EMPTY), body=EMPTY) for _ in range(200)]
    await until(lambda: len(backend.calls) == 200)
    refused = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    (reset,) = await client.answer(refused)
    assert (reset["type"], reset["code"]) == ("RstStreamFrame", 7)
    gate.leave.set()
    for stream in streams:
        assert await client.status(stream) == ("0", "")
    assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")


# bodies


async def test_a_body_in_pieces(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    body = framing.frame(bytes(1_500_000))
    client = await connect(await serve())
    stream = client.request(NODE_INFO, [*sign(body), ("content-length", str(len(body)))], body=None, end=False)
    await client.upload(stream, body)
    client.send(hf.DataFrame(stream, flags=["END_STREAM"]))
    assert await client.status(stream) == ("0", "")
    assert backend.calls == [("GetNodeInfo", bytes(1_500_000))]


async def test_a_body_over_ten_mebibytes_is_refused_while_it_comes(serve: Any, connect: Any, backend: Any) -> None:
    client = await connect(await serve())
    stream = client.request(NODE_INFO, body=None, end=False)
    await client.upload(stream, bytes(11 * 1024 * 1024))
    assert await client.status(stream) == ("3", "Request body too large or failed to read")
    while client.frames[-1]["type"] != "RstStreamFrame":  # and the client is told to stop
        await client.frame()
    assert client.frames[-1]["code"] == 0
    assert await client.status(client.request("/x")) == ("12", "Unknown path%3A %2Fx")
    assert backend.calls == []


async def test_an_early_refusal_stops_the_upload(serve: Any, connect: Any) -> None:
    client = await connect(await serve())
    stream = client.request("/api.Nope/X", body=b"more follows", end=False)
    assert await client.status(stream) == ("12", "Unknown path%3A %2Fapi.Nope%2FX")
    while client.frames[-1]["type"] != "RstStreamFrame":
        await client.frame()


# deadlines and cancellation


async def test_a_deadline_does_not_stop_a_call_that_has_begun(
    serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any
) -> None:
    client = await connect(await serve())
    stream = client.request("/api.LightningNode/Slow", [*sign(EMPTY), ("grpc-timeout", "1m")], body=EMPTY)
    await gate.entered.wait()
    await asyncio.sleep(0.01)
    gate.leave.set()
    assert await client.status(stream) == ("0", "")
    assert backend.finished == ["Slow"]


async def test_a_deadline_counts_while_the_body_comes(serve: Any, connect: Any, backend: Any) -> None:
    client = await connect(await serve())
    stream = client.request(NODE_INFO, [("grpc-timeout", "20m")], body=b"\0\0", end=False)
    assert await client.status(stream) == ("4", "Deadline exceeded")
    assert backend.calls == []


async def test_unified_send_alone_can_be_stopped_and_only_before_it_acts(
    serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any
) -> None:
    server = await serve()
    client = await connect(server)
    backend.answers["UnifiedSend"] = gate
    server.faults.slow("UnifiedSend", before_s=60)
    headers = [*sign(EMPTY), ("grpc-timeout", "20m")]
    stream = client.request("/api.LightningNode/UnifiedSend", headers, body=EMPTY)
    assert await client.status(stream) == ("4", "Deadline exceeded")
    assert backend.calls == []

    server.faults.clear()
    stream = client.request("/api.LightningNode/UnifiedSend", headers, body=EMPTY)
    assert await client.status(stream) == ("4", "Deadline exceeded")
    gate.leave.set()
    assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")
    assert backend.finished[0] == "UnifiedSend"  # it had begun: executed, whatever the client was told


async def test_the_work_completes_when_the_client_cancels(
    serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any, until: Any
) -> None:
    server = await serve()
    client = await connect(server)
    stream = client.request("/api.LightningNode/Slow", sign(EMPTY), body=EMPTY)
    await gate.entered.wait()
    client.send(hf.RstStreamFrame(stream, error_code=8))
    assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")
    client.close()
    await until(lambda: server.connections == 0)
    assert server.service.working == 1
    gate.leave.set()
    await until(lambda: backend.finished == ["GetNodeInfo", "Slow"])
    assert not [frame for frame in client.frames if frame["stream"] == stream]


async def test_a_reset_in_the_same_packet_cancels_cleanly(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    client = await connect(await serve())
    await client.frame()
    cancelled = client.request(NODE_INFO, sign(EMPTY), body=EMPTY)
    client.send(hf.RstStreamFrame(cancelled, error_code=8))
    assert await client.status(client.request("/x")) == ("12", "Unknown path%3A %2Fx")
    assert backend.calls == []


# the event stream


async def test_headers_mean_live(serve: Any, connect: Any, sign: Any, backend: Any, until: Any) -> None:
    server = await serve()
    client = await connect(server)
    backend.events.publish(b"before")
    stream = client.request(EVENTS, [*sign(b""), ("grpc-timeout", "1m")], body=b"")
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    assert not data_of(client.frames, stream)
    for number in range(3):
        backend.events.publish(bytes([number]) * number)
    while client.frames[-1].get("data") != framing.frame(b"\2\2").hex():
        await client.frame()
    data = [frame["data"] for frame in client.frames if frame["type"] == "DataFrame"]
    assert data == [framing.frame(bytes([number]) * number).hex() for number in range(3)]
    client.send(hf.RstStreamFrame(stream, error_code=8))
    await until(lambda: server.service.subscribers == 0)
    assert backend.events.subscribers == 0


async def test_a_reader_that_stands_still_loses_events_silently(
    serve: Any, connect: Any, sign: Any, backend: Any, until: Any
) -> None:
    """With a window of 0 nothing leaves: one event waits in hand, 64 in its queue, 1,024 in the ring; 100 are lost."""
    client = await connect(await serve(), settings={4: 0})
    stream = client.request(EVENTS, sign(EMPTY), body=EMPTY)
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    total = 1 + 64 + 1024 + 100
    backend.events.publish((0).to_bytes(4, "big"))
    await asyncio.sleep(0.02)  # so that the stream has the first one in hand
    for number in range(1, total):
        backend.events.publish(number.to_bytes(4, "big"))
    client.send(hf.WindowUpdateFrame(stream, window_increment=2**20))
    last = framing.frame((total - 1).to_bytes(4, "big")).hex()
    while client.frames[-1].get("data") != last:
        await client.frame()
    seen = [int(frame["data"][10:], 16) for frame in client.frames if frame["type"] == "DataFrame"]
    assert seen == [*range(65), *range(165, total)]
    assert all(
        frame["type"] == "DataFrame" for frame in client.frames if frame["stream"] == stream and frame.get("data")
    )


# life cycle


async def test_stop_cuts_calls_and_refuses_then_starts_again(
    serve: Any, connect: Any, sign: Any, gate: Gate, backend: Any
) -> None:
    server = await serve()
    port = server.port
    client = await connect(server)
    stream = client.request("/api.LightningNode/Slow", sign(EMPTY), body=EMPTY)
    await gate.entered.wait()
    await server.stop()
    await client.eof()
    assert not [frame for frame in client.frames if frame["stream"] == stream]
    assert server.service.working == 0
    with pytest.raises(ConnectionRefusedError):
        await connect(server)
    await server.start()
    assert server.port == port
    again = await connect(server)
    assert await again.status(again.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")


async def test_abort_is_a_tcp_reset(serve: Any, connect: Any, sign: Any) -> None:
    server = await serve()
    client = await connect(server)
    client.request(EVENTS, sign(EMPTY), body=EMPTY)
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    await server.abort()
    with pytest.raises(ConnectionResetError):
        await client.frame()
    with pytest.raises(ConnectionRefusedError):
        await connect(server)


async def test_stop_does_not_wait_for_a_client_that_does_not_read(
    serve: Any, connect: Any, sign: Any, backend: Any
) -> None:
    server = await serve()
    client = await connect(server, settings={4: 0})
    client.request(EVENTS, sign(EMPTY), body=EMPTY)
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    backend.events.publish(b"never read")
    async with asyncio.timeout(10):
        await server.stop()
    assert server.connections == 0


async def test_a_used_port_is_told_in_one_sentence(serve: Any) -> None:
    server = await serve()
    with pytest.raises(BadInput, match=f"Cannot listen on 127.0.0.1:{server.port}: "):
        await serve(port=server.port)


async def test_a_mistake_of_the_backend_fails_the_test_that_made_it(
    backend: Any, connect: Any, sign: Any, certificate: Certificate
) -> None:
    async def broken(body: bytes) -> bytes:
        raise LookupError("a bug")

    backend.answers["GetBalances"] = broken
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012, it is raised where the block ends
        async with running(backend, now=lambda: NOW, certificate=certificate) as server:
            client = await connect(server)
            stream = client.request("/api.LightningNode/GetBalances", sign(EMPTY), body=EMPTY)
            assert (await client.status(stream))[0] == "13"
    assert isinstance(caught.value.exceptions[0], LookupError)


# what is not HTTP/2


async def test_http_1_is_turned_away(serve: Any) -> None:
    server = await serve()
    context = ssl.create_default_context(cadata=server.certificate.pem.decode())
    context.set_alpn_protocols(["http/1.1"])
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    try:
        writer.write(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    finally:
        writer.transport.abort()
    assert server.connections == 0


async def test_nonsense_after_the_handshake_ends_that_connection_only(serve: Any, connect: Any, sign: Any) -> None:
    server = await serve()
    client = await connect(server)
    client.send(hf.DataFrame(1, data=b"of a stream that was never opened"))
    await client.eof()
    assert client.frames[-1]["type"] == "GoAwayFrame"
    again = await connect(server)
    assert await again.status(again.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")


async def test_plain_text_does_not_disturb(serve: Any, connect: Any, sign: Any) -> None:
    server = await serve()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    client = await connect(server)
    assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")
    writer.close()


# Nagle: the figures are a matter of the benchmark; here is what makes them


@pytest.mark.parametrize("nodelay", [False, True])
async def test_nagle_is_on_unless_asked_otherwise(
    nodelay: bool, serve: Any, connect: Any, sign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: list[int] = []
    made = Connection.connection_made

    def look(self: Connection, transport: asyncio.BaseTransport) -> None:
        made(self, transport)
        options.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(Connection, "connection_made", look)
    client = await connect(await serve(nodelay=nodelay))
    assert await client.status(client.request(NODE_INFO, sign(EMPTY), body=EMPTY)) == ("0", "")
    assert [bool(option) for option in options] == [nodelay]


@pytest.mark.parametrize(
    ("method", "records"),
    [
        ("GetNodeInfo", [["HeadersFrame", "DataFrame"], ["HeadersFrame"]]),  # the trailers wait for the ACK of the data
        ("Refused", [["HeadersFrame", "DataFrame"]]),  # an error is one flight
    ],
)
async def test_trailers_leave_in_a_write_of_their_own(
    method: str, records: list[list[str]], serve: Any, backend: Any, sign: Any
) -> None:
    """One TLS record for each write: a blocking TLS socket hands them out one by one."""
    backend.answers["Refused"] = GrpcStatus(9, "no")
    server = await serve()

    def ask() -> list[list[str]]:
        context = ssl.create_default_context(cadata=server.certificate.pem.decode())
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            fields = [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", "x"),
                (":path", f"/api.LightningNode/{method}"),
            ]
            fields += [("content-type", "application/grpc"), *sign(EMPTY)]
            head = hf.HeadersFrame(1, data=hpack.Encoder().encode(fields), flags=["END_HEADERS"])
            tls.sendall(
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                + hf.SettingsFrame(0).serialize()
                + head.serialize()
                + hf.DataFrame(1, data=EMPTY, flags=["END_STREAM"]).serialize()
            )
            seen: list[list[str]] = []
            while True:
                record, kinds, ended = tls.recv(65_536), list[str](), False
                assert record, "the connection ended"
                while record:
                    frame, length = hf.Frame.parse_frame_header(memoryview(record[:9]))
                    record = record[9 + length :]
                    if frame.stream_id == 1:
                        kinds.append(type(frame).__name__)
                        ended = ended or "END_STREAM" in frame.flags
                if kinds:
                    seen.append(kinds)
                if ended:
                    return seen

    assert await asyncio.to_thread(ask) == records
