"""Frames, time-outs and encodings, without a network."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.sim import framing
from ldk_tui.sim.backend import GrpcStatus


def refused(code: int, message: str, body: bytes) -> None:
    with pytest.raises(GrpcStatus) as caught:
        framing.unframe(body)
    assert (caught.value.code, caught.value.message) == (code, message)


@given(st.binary(max_size=300))
def test_a_framed_message_comes_back(message: bytes) -> None:
    assert framing.unframe(framing.frame(message)) == message


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=4))
def test_every_other_body_is_refused(message: bytes, more: bytes) -> None:
    body = framing.frame(message)
    refused(3, "Trailing data after gRPC frame", body + more)
    refused(3, "Request body too short for gRPC frame", body[:4])
    refused(12, "gRPC compression is not supported", b"\x01" + body[1:] + more)
    if message:
        refused(3, "gRPC frame length exceeds body size", body[:-1])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        (b"0n", 0.0),
        (b"1n", 1e-9),
        (b"5u", 5e-6),
        (b"250m", 0.25),
        (b"10S", 10.0),
        (b"2M", 120.0),
        (b"99999999H", 99999999 * 3600.0),
    ],
)
def test_timeouts(value: bytes | None, seconds: float | None) -> None:
    assert framing.timeout_seconds(value) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "value", [b"", b"S", b"1", b"1s", b"-1S", b"+1S", b"1.5S", b" 1S", b"100000000S", b"1SS", "١S".encode()]
)
def test_bad_timeouts(value: bytes) -> None:
    with pytest.raises(GrpcStatus, match="Invalid grpc-timeout header"):
        framing.timeout_seconds(value)


@pytest.mark.parametrize(
    ("plain", "encoded"),
    [
        ("Invalid credentials: a/b 100% é", "Invalid credentials%3A a%2Fb 100%25 %C3%A9"),
        ("Unknown path: /api.Nope/X", "Unknown path%3A %2Fapi.Nope%2FX"),
        ("aZ09-_.~ ", "aZ09-_.~ "),
        ("\x1b[2J\n", "%1B%5B2J%0A"),
        ("\udcff", "%FF"),  # raw bytes, for a hostile server
    ],
)
def test_percent_encoding(plain: str, encoded: str) -> None:
    assert framing.percent_encode(plain) == encoded


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_percent_encoding_loses_nothing(text: str) -> None:
    encoded = framing.percent_encode(text)
    assert unquote_to_bytes(encoded).decode() == text
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~ %")


@pytest.mark.parametrize("value", [b"", b"-1", b"ten", b"1.0", b" 1", b"18446744073709551616"])
def test_bad_content_lengths(value: bytes) -> None:
    with pytest.raises(GrpcStatus, match="Invalid content-length header"):
        framing.content_length(value)


def test_content_length_limit() -> None:
    assert framing.content_length(None) is None
    assert framing.content_length(b"10485760") == 10_485_760
    with pytest.raises(GrpcStatus, match="Request body too large or failed to read"):
        framing.content_length(b"10485761")


def test_date_header() -> None:
    assert framing.http_date(1_800_000_000) == "Fri, 15 Jan 2027 08:00:00 GMT"
