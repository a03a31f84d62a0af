"""A key and preimages, planted: on no screen, in no log, in no crash, in no argument, in no child's environment."""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ldk_tui.client.discovery import Flags
from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import PaymentId
from ldk_tui.core.model import Bolt11Kind, Direction, Level, PaymentStatus
from ldk_tui.core.secret import Secret
from ldk_tui.node.query import PaymentQuery
from ldk_tui.node.views import SecretKind, Withheld
from ldk_tui.sim import rpc
from ldk_tui.sim.node import SimNode
from tests.e2e.cockpit import Screen, Server
from tests.e2e.test_numbers import at_rest
from tests.e2e.whole import Whole, whole

ROOT = Path(__file__).resolve().parents[2]
CRASHING = (sys.executable, "-m", "tests.e2e.crashing")


def forms(key: bytes) -> list[bytes]:
    """As it might be printed; a third of it is as bad as the whole."""
    texts = [key.hex()[:20], key.hex()[-20:], base64.b64encode(key).decode()[:20], repr(key)[2:26]]
    return [key, *(form.encode() for text in texts for form in (text, text.upper()))]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.timeout(120)
def test_the_key_stays_where_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Server(tmp_path / "node") as server:
        key = (server.folder / "signet" / "api_key").read_bytes()
        with Screen(server.flags, home=home) as screen:
            screen.shows(lambda _: " live" in screen.header)
            arguments = Path(f"/proc/{screen.pid}/cmdline")
            if arguments.exists():
                assert not any(form in arguments.read_bytes() for form in forms(key))
            for pressed, wanted in (("2", "[2 Chan"), ("3", "[3 Pay"), ("4", "[4 Hodl"), ("0", "Connected by")):
                screen.press(pressed, wanted)
            screen.press("?", "Keys and signs")
            screen.press("\x1b", lambda words: "Keys and signs" not in words)
            server.kill()  # errors are logged too
            screen.shows(lambda _: "stale" in screen.header)
            screen.quit()
        logs = [path for path in files_below(home) if path.suffix == ".log"]
        assert len(logs) == 1
        assert stat.S_IMODE(logs[0].stat().st_mode) == 0o600
        assert stat.S_IMODE(logs[0].parent.stat().st_mode) == 0o700
        seen = [screen.output, screen.stderr.encode(), *(path.read_bytes() for path in files_below(home))]
        assert len(screen.output) > 10_000
        for form in forms(key):
            assert not any(form in each for each in seen)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["handler", "worker", "watcher", "feed"])
def test_a_crash_with_the_key_in_scope_shows_nothing_of_it(tmp_path: Path, place: str) -> None:
    home = tmp_path / "home"
    with Server(tmp_path / "node", "--scenario", "first-day") as server:
        key = (server.folder / "signet" / "api_key").read_bytes()
        command = [place, str(server.folder), *server.flags]
        with Screen(command, home=home, command=CRASHING, environment={"PYTHONPATH": str(ROOT)}) as screen:
            if place == "feed":
                screen.shows("The event feed failed (ValueError)")
                screen.quit()
            else:
                screen.shows(lambda _: " live" in screen.header)
                screen.keys("u")
                assert screen.exit_code() == 1
    told = screen.output + screen.stderr.encode()
    log = b"".join(path.read_bytes() for path in files_below(home) if path.suffix == ".log")
    assert b"in fault" in log, "the place in the code is there"
    assert b"ValueError" in log
    assert b"Traceback" not in told
    for form in forms(key):
        assert form not in told
        assert form not in log


def test_children_do_not_inherit_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ldk_tui import launch

    key = "5e" * 32
    monkeypatch.setenv("LDK_API_KEY", key)
    monkeypatch.setenv("HOME", str(tmp_path))
    launch.node_opener(Flags())
    assert key not in subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
    assert key not in os.environ.values()


def secrets_of(node: SimNode) -> dict[str, str]:
    """Hex of everything that must not be seen unasked, with whose it is."""
    found: dict[str, str] = {}
    for record in node.records.values():
        for name in ("preimage", "payment_secret"):
            secret = getattr(record.kind, name, None)
            if secret is not None:
                value = secret.reveal()
                found[value.hex() if isinstance(value, bytes) else value] = f"{name} of {record.id}"
    return found


def assert_none_seen(stage: Whole, secrets: dict[str, str]) -> None:
    text = re.sub(r"\s+", "", stage.text)
    for secret, whose in secrets.items():
        assert secret[:12] not in text, whose


async def test_preimages_stand_nowhere_until_they_are_asked_for(tmp_path: Path) -> None:
    scenario = at_rest("busy", Level.L2026_08)
    node = scenario.node
    secrets = secrets_of(node)
    assert len(secrets) > 50
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        await stage.until(lambda: stage.service.payments(PaymentQuery()).progress.complete)
        for key in ("1", "2", "enter", "escape", "4", "enter", "escape", "3"):
            await stage.pilot.press(key)
            await stage.pilot.pause()
            assert_none_seen(stage, secrets)
        await stage.pilot.press("enter")
        for _ in range(8):
            await stage.pilot.press("down")
            await stage.pilot.pause()
            assert_none_seen(stage, secrets)
        assert not any(secret in repr(stage.service.store.__dict__) for secret in secrets)


async def test_a_preimage_is_shown_when_it_is_proof_and_withheld_while_it_is_money(tmp_path: Path) -> None:
    scenario = at_rest("busy", Level.L2026_08)
    records = scenario.node.records.values()
    paid = next(
        each
        for each in records
        if each.direction is Direction.OUTBOUND
        and each.status is PaymentStatus.SUCCEEDED
        and isinstance(each.kind, Bolt11Kind)
        and each.kind.preimage
    )
    ask = requests.Bolt11Receive(86_400, Msat(1_000_000), None)
    invoice = rpc.handle(scenario.node, ask)
    unpaid = scenario.node.records[PaymentId(invoice.payment_hash)]
    assert isinstance(unpaid.kind, Bolt11Kind)
    assert unpaid.kind.preimage is not None, "the server has it, and tells it to whoever asks"
    async with whole(tmp_path / "node", scenario=scenario) as stage:
        told = await stage.service.reveal(paid.id, SecretKind.PREIMAGE)
        assert isinstance(told, Secret)
        assert isinstance(paid.kind, Bolt11Kind)
        assert paid.kind.preimage is not None
        assert told.reveal() == paid.kind.preimage.reveal()
        assert told.reveal() not in repr(told)
        for kind in SecretKind:
            assert isinstance(await stage.service.reveal(unpaid.id, kind), Withheld)
