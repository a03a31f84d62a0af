"""The 24 recorded requests, asked of the simulated server: the same frames, flags, settings, statuses and texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.core.model import Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.auth import MetricsAccess
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.framing import http_date
from ldk_tui.sim.scenarios import build

RECORDED = json.loads((Path(__file__).parents[1] / "data/recordings/frames-2026-08.json").read_text())
NOW = 1_800_000_000
NODE_INFO = bytes(683)


@pytest.fixture(params=["table", "world"])
def recorded_backend(request: pytest.FixtureRequest, backend: Any) -> Any:
    """Whatever answers the three unary calls of the recording: a table of bytes, and the whole simulated node."""
    if request.param == "world":
        return build("busy", network=Network.REGTEST).node
    backend.answers = {
        "GetNodeInfo": NODE_INFO,
        "DisconnectPeer": b"",
        "DecodeInvoice": GrpcStatus(3, "The given invoice is invalid."),
    }
    return backend


def x_auth(case: str, body: bytes, sign: Callable[..., list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The credentials of the case: good ones, unless the case is about bad ones."""
    match case:
        case "wrong key":
            return sign(body, key="00" * 32)
        case "expired timestamp":
            return sign(body, at=NOW - 61)
        case "future timestamp 61 s":
            return sign(body, at=NOW + 61)
        case "malformed x-auth":
            return [("x-auth", "Bearer abc")]
        case "hmac not hex":
            return [("x-auth", f"HMAC {NOW}:{'zz' * 32}")]
        case "timestamp not a number":
            return [("x-auth", f"HMAC soon:{'00' * 32}")]
        case _:
            return sign(body)


def normal(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frames without what differs from node to node: the date, and an answer's bytes and length."""
    result = []
    for frame in frames:
        frame = dict(frame)
        success = dict(frame.get("headers", [])).get("grpc-status") is None
        headers = []
        for name, value in frame.get("headers", []):
            if name == "date" or (name == "content-length" and success and value != "5"):
                value = "*"
            headers.append([name, value])
        if headers:
            frame["headers"] = headers
        if len(frame.get("data", "")) > 60:
            frame["data"] = "*"
        frame["flags"] = sorted(frame["flags"])
        result.append(frame)
    return result


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["case"])
async def test_same_frames(
    recorded: dict[str, Any], recorded_backend: Any, serve: Any, connect: Any, sign: Any
) -> None:
    server = await serve(recorded_backend, metrics=MetricsAccess(True, "prometheus", Secret("s3cret")))
    request = recorded["request"]
    body = None if request["body"] is None else bytes.fromhex(request["body"])
    headers: list[tuple[str, str]] = []
    if "x-auth" in request["headers"]:
        headers += x_auth(recorded["case"], body or b"", sign)
    if "grpc-timeout" in request["headers"]:
        headers.append(("grpc-timeout", "0n" if recorded["case"].endswith("0n") else "bad"))

    client = await connect(server)
    stream = client.request(
        request["path"], headers, body=body, method=request["method"], content_type=request["content_type"]
    )
    if recorded["case"].startswith("subscribe"):
        while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
            await client.frame()
        await server.stop()
    frames = await client.until_end(stream)

    assert normal(frames) == normal(recorded["frames"])
    first = next(frame for frame in frames if frame["type"] == "HeadersFrame")
    fields = dict(first["headers"])
    assert fields["date"] == http_date(NOW)
    if "content-length" in fields:
        sent = next(frame["data"] for frame in frames if frame["type"] == "DataFrame")
        assert int(fields["content-length"]) == len(sent) // 2


async def test_shutdown_says_no_goodbye(serve: Any, connect: Any, sign: Any) -> None:
    server = await serve()
    client = await connect(server)
    stream = client.request("/api.LightningNode/SubscribeEvents", sign(b"any bytes"), body=b"any bytes")
    while not any(frame["type"] == "HeadersFrame" for frame in client.frames):
        await client.frame()
    await server.stop()
    assert await client.status(stream) == ("14", "server shutting down")
    await client.eof()
    assert not [frame for frame in client.frames if frame["type"] == "GoAwayFrame"]


async def test_metrics(serve: Any, connect: Any, backend: Any) -> None:
    server = await serve(metrics=MetricsAccess(True, "prometheus", Secret("s3cret")))
    client = await connect(server)
    good = client.request("/metrics", [("authorization", "Basic cHJvbWV0aGV1czpzM2NyZXQ=")], body=None, method="GET")
    head, data, end = await client.answer(good)
    assert head["headers"][0] == [":status", "200"]
    assert dict(head["headers"])["content-type"] == "text/plain"
    assert bytes.fromhex(data["data"]).decode() == backend.metrics()
    assert (end["type"], end["data"], end["flags"]) == ("DataFrame", "", ["END_STREAM"])
    wrong = client.request("/metrics", [("authorization", "Basic cHJvbWV0aGV1czp3cm9uZw==")], body=None, method="GET")
    assert (await client.answer(wrong))[0]["headers"][0] == [":status", "401"]


async def test_metrics_are_off_by_default(serve: Any, connect: Any) -> None:
    client = await connect(await serve())
    head, data, _ = await client.answer(client.request("/metrics", body=None, method="GET"))
    assert head["headers"][0] == [":status", "404"]
    assert bytes.fromhex(data["data"]) == b"Not Found"


async def test_metrics_by_post_are_a_path_like_any_other(serve: Any, connect: Any) -> None:
    client = await connect(await serve(metrics=MetricsAccess(True)))
    assert await client.status(client.request("/metrics")) == ("12", "Unknown path%3A %2Fmetrics")


async def test_standard_framing_is_trailers_only(serve: Any, connect: Any) -> None:
    client = await connect(await serve(framing="standard"))
    (only,) = await client.answer(client.request("/api.Nope/X"))
    assert only["type"] == "HeadersFrame"
    assert only["flags"] == ["END_HEADERS", "END_STREAM"]
    assert dict(only["headers"])["grpc-status"] == "12"
