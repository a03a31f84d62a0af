"""Credentials: the test vectors, every refusal in its order, and where each level checks them."""

from __future__ import annotations

from typing import Any

import pytest

from ldk_tui.core.model import Level
from ldk_tui.core.secret import Secret
from ldk_tui.sim import framing
from ldk_tui.sim.auth import HmacGate, MacaroonGate, MetricsAccess, key_text, signature
from ldk_tui.sim.backend import GrpcStatus

NOW = 1_800_000_000
KEY = key_text(bytes(range(32)))
EMPTY = framing.frame(b"")
FAIL_FOR_HASH = framing.frame(b"\x0a\x40" + b"0" * 64)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (EMPTY, "319b09db465695a798518f74de9e0c89ee979d137297e8d55cc8c82fa645574a"),
        (FAIL_FOR_HASH, "0308e94f69fa0d55d247a0f695cf434d35a744da31ed11244ed24819f5460406"),
        (None, "b8b75669ae2a3c694052b03e770740afea3028952f4be422582ca48345d3ebcd"),
    ],
)
def test_vectors(body: bytes | None, expected: str) -> None:
    assert signature(KEY, NOW, body) == expected


def test_the_key_is_hex_text_of_any_length() -> None:
    assert KEY.reveal() == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    assert key_text(b"\xab\n").reveal() == "ab0a"


def refusal(value: bytes | None, *, covers_body: bool = True, now: float = NOW, body: bytes = EMPTY) -> str:
    try:
        HmacGate(KEY, covers_body=covers_body).check(value, body, now)
    except GrpcStatus as status:
        return status.message if status.code == 16 else f"{status.code} is the wrong code"
    return ""


def good(at: int = NOW, body: bytes | None = EMPTY) -> bytes:
    return f"HMAC {at}:{signature(KEY, at, body)}".encode()


@pytest.mark.parametrize("covers_body", [True, False], ids=["2026-08", "2026-04"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "Missing x-auth metadata"),
        ("HMAC 1:é".encode(), "Missing x-auth metadata"),
        (b"HMAC 1:\x01", "Missing x-auth metadata"),
        (b"", "Invalid x-auth format"),
        (b"hmac 1:00", "Invalid x-auth format"),
        (b"HMAC", "Invalid x-auth format"),
        (b"HMAC 1800000000", "Invalid x-auth format"),
        (b" HMAC 1800000000:00", "Invalid x-auth format"),
        (b"HMAC  1800000000:00", "Invalid timestamp"),
        (b"HMAC :00", "Invalid timestamp"),
        (b"HMAC -1:00", "Invalid timestamp"),
        (b"HMAC 1_800_000_000:00", "Invalid timestamp"),
        (b"HMAC 18446744073709551616:00", "Invalid timestamp"),
        (b"HMAC 18446744073709551615:00", "Request timestamp expired"),
        (b"HMAC 0:no hex at all", "Request timestamp expired"),
        (b"HMAC 1800000000:", "Invalid HMAC in x-auth"),
        (b"HMAC 1800000000:" + b"0" * 63, "Invalid HMAC in x-auth"),
        (b"HMAC 1800000000:" + b"g" * 64, "Invalid HMAC in x-auth"),
        (b"HMAC 1800000000:0:" + b"0" * 62, "Invalid HMAC in x-auth"),
        (b"HMAC 1800000000:" + b"0" * 64, "Invalid credentials"),
        # the classic mistake: the 32 raw bytes of the file as key
        (
            b"HMAC 1800000000:ba48d3fe1accfc3bfdc51767e7782c0ee82e77556be9248d2048739d77ed408a",
            "Invalid credentials",
        ),
    ],
)
def test_refusals_are_the_same_on_both_levels(value: bytes | None, text: str, covers_body: bool) -> None:
    assert refusal(value, covers_body=covers_body) == text


def test_schemes_refuse_each_other_like_a_wrong_key() -> None:
    assert refusal(good()) == ""
    assert refusal(good().upper().replace(b"HMAC", b"HMAC")) == ""
    assert refusal(good(body=None)) == "Invalid credentials"
    assert refusal(good(body=None), covers_body=False) == ""
    assert refusal(good(), covers_body=False) == "Invalid credentials"
    assert refusal(good(), body=FAIL_FOR_HASH) == "Invalid credentials"
    assert refusal(good(body=None), covers_body=False, body=FAIL_FOR_HASH) == ""


@pytest.mark.parametrize("distance", [-61, -60, 0, 60, 61])
def test_window_is_sixty_seconds_both_ways(distance: int) -> None:
    assert refusal(good(), now=NOW + distance) == ("Request timestamp expired" if abs(distance) > 60 else "")


def test_a_clock_before_1970() -> None:
    assert refusal(b"HMAC nonsense:", now=-1) == "Invalid timestamp"
    assert refusal(good(), now=-1) == "System time error"


def test_macaroon_family_refuses_everything() -> None:
    for value, text in ((None, "Missing macaroon credentials"), (b"0202", "Invalid macaroon credentials")):
        with pytest.raises(GrpcStatus) as caught:
            MacaroonGate().check(value, EMPTY, NOW)
        assert (caught.value.code, caught.value.message) == (16, text)


def test_metrics_access() -> None:
    guarded = MetricsAccess(True, "user", Secret("a:b"))
    assert guarded.allows(b"Basic dXNlcjphOmI=")
    for wrong in (
        None,
        b"",
        b"Basic",
        b"Basic !!",
        b"Basic dXNlcjphOmI",
        b"Bearer dXNlcjphOmI=",
        b"Basic dXNlcjphOmM=",
    ):
        assert not guarded.allows(wrong)
    assert MetricsAccess(True, "user", None).allows(None)  # only one of the two: no credentials are asked for
    assert "a:b" not in repr(guarded)


# Over the wire: several things are wrong at once, and the first check of the level decides.

BAD_TIMEOUT = ("grpc-timeout", "bad")
NODE_INFO = "/api.LightningNode/GetNodeInfo"
LONG = "/api.LightningNode/" + "x" * 40

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    # what is wrong, the request, 2026-04's answer, 2026-08's answer
    ("method before content-type", {"path": NODE_INFO, "method": "PUT", "content_type": "text/html"},
     "12 gRPC requires POST method", "12 gRPC requires POST method"),
    ("content-type before auth", {"path": "/api.Nope/X", "content_type": "application/grpc+json"},
     "3 Invalid content-type for gRPC", "3 Invalid content-type for gRPC"),
    ("content-type with parameters", {"path": NODE_INFO, "content_type": "application/grpc; charset=utf-8"},
     "3 Invalid content-type for gRPC", "3 Invalid content-type for gRPC"),
    ("no content-type", {"path": NODE_INFO, "content_type": None},
     "3 Invalid content-type for gRPC", "3 Invalid content-type for gRPC"),
    ("auth against time-out", {"path": "/api.Nope/X", "headers": [BAD_TIMEOUT]},
     "16 Missing x-auth metadata", "3 Invalid grpc-timeout header"),
    ("auth against path", {"path": "/api.Nope/X"},
     "16 Missing x-auth metadata", "12 Unknown path: /api.Nope/X"),
    ("auth against method name", {"path": LONG},
     "16 Missing x-auth metadata", "16 Missing x-auth metadata"),
    ("auth against frame", {"path": NODE_INFO, "body": b"\x00"},
     "16 Missing x-auth metadata", "16 Missing x-auth metadata"),
    ("auth against content-length", {"path": NODE_INFO, "headers": [("content-length", "ten")]},
     "16 Missing x-auth metadata", "3 Invalid content-length header"),
    ("time-out against path, signed", {"path": "/api.Nope/X", "headers": [BAD_TIMEOUT], "sign": True},
     "3 Invalid grpc-timeout header", "3 Invalid grpc-timeout header"),
    ("path against length, signed", {"path": "/x", "headers": [("content-length", "ten")], "sign": True},
     "12 Unknown path: /x", "12 Unknown path: /x"),
    ("name against frame, signed", {"path": LONG, "body": b"\x00", "sign": True},
     f"12 Unknown method: {'x' * 40}", f"12 Unknown method: {'x' * 40}"),
    ("empty name, signed", {"path": "/api.LightningNode/", "sign": True}, "12 Unknown method: ", "12 Unknown method: "),
    ("frame against protobuf, signed", {"path": NODE_INFO, "body": b"\0\0\0\0\1\xff\0", "sign": True},
     "3 Trailing data after gRPC frame", "3 Trailing data after gRPC frame"),
    ("too much announced", {"path": NODE_INFO, "headers": [("content-length", "10485761")], "sign": True},
     "3 Request body too large or failed to read", "3 Request body too large or failed to read"),
    ("another length announced", {"path": NODE_INFO, "headers": [("content-length", "6")], "sign": True},
     "3 Request body length does not match content-length", "3 Request body length does not match content-length"),
]  # fmt: skip


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08], ids=lambda level: level.value)
@pytest.mark.parametrize(("request_", "old", "new"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_check_order(
    request_: dict[str, Any], old: str, new: str, level: Level, serve: Any, connect: Any, sign: Any
) -> None:
    server = await serve(level=level)
    client = await connect(server)
    options = {"body": EMPTY, **request_}
    headers = list(options.pop("headers", []))
    if options.pop("sign", False):
        headers += sign(options["body"], covers_body=level is Level.L2026_08)
    stream = client.request(options.pop("path"), headers, **options)
    code, message = await client.status(stream)
    expected = (old if level is Level.L2026_04 else new).partition(" ")
    assert (code, message) == (expected[0], framing.percent_encode(expected[2]))


@pytest.mark.parametrize("header", [[], [("x-auth", "HMAC 1:00")]], ids=["nothing", "x-auth"])
async def test_the_next_family_is_recognised(header: list[tuple[str, str]], serve: Any, connect: Any) -> None:
    client = await connect(await serve(level=Level.L2026_10))
    stream = client.request(NODE_INFO, header, body=EMPTY)
    assert await client.status(stream) == ("16", "Missing macaroon credentials")
    assert await client.status(client.request("/api.Nope/X", body=EMPTY)) == ("12", "Unknown path%3A %2Fapi.Nope%2FX")
    token = client.request(NODE_INFO, [("macaroon", "0202")], body=EMPTY)
    assert await client.status(token) == ("16", "Invalid macaroon credentials")


async def test_the_family_of_a_level_can_be_changed(serve: Any, connect: Any) -> None:
    client = await connect(await serve(family="macaroon"))
    assert await client.status(client.request(NODE_INFO, body=EMPTY)) == ("16", "Missing macaroon credentials")


async def test_one_header_may_be_replayed(serve: Any, connect: Any, sign: Any, backend: Any) -> None:
    client = await connect(await serve())
    headers = sign(EMPTY)
    for _ in range(2):
        assert await client.status(client.request(NODE_INFO, headers, body=EMPTY)) == ("0", "")
    assert len(backend.calls) == 2


async def test_the_first_of_two_headers_counts(serve: Any, connect: Any, sign: Any) -> None:
    client = await connect(await serve())
    stream = client.request(NODE_INFO, [*sign(EMPTY), ("x-auth", "nonsense")], body=EMPTY)
    assert await client.status(stream) == ("0", "")
