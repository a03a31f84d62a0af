"""Keys, clocks, families and levels: the probe's matrix and the reasons for 16."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.client.api import LdkClient
from ldk_tui.client.clock import SkewMeter, describe_seconds, describe_skew
from ldk_tui.client.signing import Scheme
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core.errors import AccessCause, AccessDenied, NotSupported, Unreachable
from ldk_tui.core.model import Level, Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.certificate import Certificate
from ldk_tui.sim.faults import Status


@pytest.mark.parametrize(
    ("server", "scheme"),
    [(Level.L2026_04, Scheme.TIMESTAMP), (Level.L2026_08, Scheme.TIMESTAMP_AND_BODY)],
)
@pytest.mark.parametrize("framing", ["real", "standard"])
async def test_level_and_scheme_are_found(make: Any, server: Level, scheme: Scheme, framing: str) -> None:
    world = await make(server, framing=framing)
    client = await world.client()
    assert (client.level, client.probe.scheme, client.probe.forced) == (server, scheme, False)
    assert len(world.backend.heard) == 1  # the two probes never reached the node


async def test_macaroon_family_is_named_and_given_no_credentials(make: Any) -> None:
    world = await make(Level.L2026_10)
    seen: list[bytes | None] = []
    gate = world.server.service.gate
    check = gate.check

    def spy(value: bytes | None, body: bytes, now: float) -> None:
        seen.append(value)
        check(value, body, now)

    gate.check = spy
    with pytest.raises(AccessDenied) as caught:
        await LdkClient.connect(world.target())
    assert caught.value.cause is AccessCause.WRONG_FAMILY
    assert "2026-10" in caught.value.sentence
    assert caught.value.server_text == "Missing macaroon credentials"
    assert seen == [None]


@pytest.mark.parametrize("forced", [Level.L2026_04, Level.L2026_08])
@pytest.mark.parametrize("server", [Level.L2026_04, Level.L2026_08])
async def test_forced_level_decides_the_wire_not_the_signature(make: Any, server: Level, forced: Level) -> None:
    world = await make(server, wire=forced)
    client = await world.client(level=forced)
    assert client.level is forced
    assert client.probe.forced
    assert (client.probe.hint is None) == (server is forced)


async def test_forcing_the_level_to_come_is_refused(world: Any) -> None:
    with pytest.raises(NotSupported, match="2026-10"):
        await LdkClient.connect(world.target(level=Level.L2026_10))


async def test_in_between_build_is_hinted_at(world: Any) -> None:
    info = (await world.client()).probe.info
    assert (await world.client()).probe.hint is None
    from dataclasses import replace

    world.backend.answers["GetNodeInfo"] = world.backend.dialect.encode_answer(
        "GetNodeInfo", replace(info, features={})
    )
    client = await world.client()
    assert client.probe.in_between
    assert "in-between build" in (client.probe.hint or "")


async def test_another_grpc_server_is_no_ldk_server(world: Any) -> None:
    class Elsewhere:
        header = b"x-auth"

        def check(self, value: bytes | None, body: bytes, now: float) -> None:
            from ldk_tui.sim.backend import GrpcStatus

            raise GrpcStatus(12, "unknown service api.LightningNode")

    world.server.service.gate = Elsewhere()
    with pytest.raises(NotSupported, match="not an LDK Server"):
        await LdkClient.connect(world.target())


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_wrong_key(make: Any, level: Level, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = await make(level)
    wrong = Secret("99" * 32)
    target = world.target(key=wrong, key_path=Path("/etc/x/api_key"), network=Network.SIGNET)
    with pytest.raises(AccessDenied) as caught:
        await LdkClient.connect(target, now=lambda: world.now)
    error = caught.value
    assert error.cause is AccessCause.WRONG_KEY
    assert error.code == 16
    assert "/etc/x/api_key" in error.sentence
    assert target.key_fingerprint in error.sentence
    assert "signet" in error.sentence
    for text in (error.sentence, repr(error), str(error.__cause__), caplog.text, repr(target)):
        assert wrong.reveal() not in text
    assert world.backend.heard == []


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
@pytest.mark.parametrize("offset", [-3600, -61, 61, 192])
async def test_clock_too_far_off(make: Any, level: Level, offset: int) -> None:
    world = await make(level)
    world.server.faults.clock_offset_s = offset
    with pytest.raises(AccessDenied) as caught:
        await world.client()
    error = caught.value
    assert error.cause is AccessCause.CLOCK
    assert error.clock_skew_s is not None
    assert abs(error.clock_skew_s - offset) <= 1
    side = "behind" if offset > 0 else "ahead of"
    assert error.sentence.startswith(f"This computer's clock is {describe_seconds(abs(error.clock_skew_s))} {side}")
    assert "60 s" in error.sentence


@pytest.mark.parametrize("offset", [-60, -20, 0, 60])
async def test_clock_within_the_window_is_measured(make: Any, offset: int) -> None:
    world = await make()
    world.server.faults.clock_offset_s = offset
    client = await world.client()
    assert client.clock_skew_s is not None
    assert abs(client.clock_skew_s - offset) <= 1


async def test_wrong_key_with_a_clock_that_is_off_is_still_the_key(make: Any) -> None:
    """The time is checked before the key, so `Invalid credentials` proves that the time was good enough."""
    world = await make()
    world.server.faults.clock_offset_s = 58
    with pytest.raises(AccessDenied) as caught:
        await world.client(key=Secret("99" * 32))
    assert caught.value.cause is AccessCause.WRONG_KEY


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Missing x-auth metadata", AccessCause.MISSING),
        ("Invalid x-auth format", AccessCause.MALFORMED),
        ("Invalid timestamp", AccessCause.MALFORMED),
        ("Invalid HMAC in x-auth", AccessCause.MALFORMED),
        ("Request timestamp expired", AccessCause.CLOCK),
        ("Invalid credentials", AccessCause.WRONG_KEY),
        ("some text of a later server", AccessCause.WRONG_KEY),
        ("Missing macaroon credentials", AccessCause.WRONG_FAMILY),
    ],
)
async def test_reasons_for_16(world: Any, text: str, cause: AccessCause) -> None:
    client = await world.client()
    world.server.faults.on("GetNodeInfo", Status(16, text))
    with pytest.raises(AccessDenied) as caught:
        await client.get_node_info()
    assert caught.value.cause is cause
    assert caught.value.server_text == text


async def test_an_unknown_text_with_a_clock_far_off_is_the_clock(world: Any) -> None:
    client = await world.client()
    world.server.faults.on("GetNodeInfo", Status(16, "no"))
    world.now -= 192  # our clock jumps: the date of this very answer shows it
    world.server.service.gate.check = lambda value, body, now: None
    with pytest.raises(AccessDenied) as caught:
        await client.get_node_info()
    assert caught.value.cause is AccessCause.CLOCK
    assert "3 min 1" in caught.value.sentence


async def test_permission(world: Any) -> None:
    client = await world.client()
    world.server.faults.on("GetNodeInfo", Status(7, "macaroon requires permission: node:read"))
    with pytest.raises(AccessDenied) as caught:
        await client.get_node_info()
    assert caught.value.cause is AccessCause.PERMISSION


async def test_an_unverified_peer_is_sent_nothing(world: Any, other_certificate: Certificate) -> None:
    seen: list[bytes | None] = []
    world.server.service.gate.check = lambda value, body, now: seen.append(value)
    with pytest.raises(Unreachable):
        await world.client(trust=PinnedCertificate(pem=other_certificate.pem))
    assert seen == []


async def test_every_attempt_is_signed_anew(world: Any) -> None:
    seen: list[bytes] = []
    gate = world.server.service.gate
    check = gate.check

    def spy(value: bytes, body: bytes, now: float) -> None:
        seen.append(value)
        check(value, body, now)

    client = await world.client()
    gate.check = spy
    for _ in range(3):
        world.now += 1
        await client.get_node_info()
    assert len(set(seen)) == 3


def test_skew_is_the_median_of_five() -> None:
    meter = SkewMeter()
    assert meter.skew_s is None
    for wrong in (0, 0, 500, 1, 1, 1, 700):
        meter.note("Fri, 15 Jan 2027 08:00:00 GMT", 1_800_000_000.5 - wrong, 1_800_000_000.5 - wrong)
    assert meter.skew_s == 1
    assert meter.latest_s == 700


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 15 Jan 99999999999 08:00:00 GMT", "\x1b]0;x\x07", "0"])
def test_a_date_that_is_none_is_ignored(date: str) -> None:
    meter = SkewMeter()
    meter.note(date, 0, 0)
    assert meter.skew_s is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (192, "3 min 12 s"), (7_320, "2 h 2 min"), (400_000, "4 d 15 h")],
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert describe_seconds(seconds) == text


def test_skew_in_words() -> None:
    assert describe_skew(192) == "This computer's clock is 3 min 12 s behind the server."
    assert describe_skew(-61) == "This computer's clock is 1 min 1 s ahead of the server."


def test_a_target_shows_no_key() -> None:
    key = Secret("ab" * 32)
    target = Target("h", 1, PinnedCertificate(), key)
    assert key.reveal() not in f"{target!r} {target}"
    assert len(target.key_fingerprint) == 4
