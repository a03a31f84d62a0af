"""Fixtures of the room `ui`: the app on a stage, a waiting helper, SVG snapshots that are the same on every run."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual.constants is imported: before any import of Textual
os.environ.pop("NO_COLOR", None)

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot
from textual.widgets import Input

from ldk_tui.ui.app import LdkTuiApp
from tests.ui.fake_port import NOW, FakePort

LIMIT_S = 10.0
Until = Callable[[Pilot[None], Callable[[], bool]], Any]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times in UTC, no blinking cursor."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)  # private in Textual 8.2.8
    yield
    monkeypatch.undo()
    time.tzset()


@contextlib.asynccontextmanager
async def on_stage(
    port: FakePort | None = None, *, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[tuple[LdkTuiApp, Pilot[None]]]:
    """The app with a node in memory, its first screen filled, notifications and tooltips on."""
    app = LdkTuiApp(port or FakePort(), now=options.pop("now", lambda: NOW), **options)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: app.front is not None and app.front.ready and not app._dirty and _listening(app))
        yield app, pilot


def _listening(app: LdkTuiApp) -> bool:
    return isinstance(app.port, FakePort) and bool(app.port.listeners) and "start" in app.port.calls


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Waits for a state, not for a time; fails when it never comes."""
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end, "the state never came"
        await pilot.pause(0.01)
    await pilot.pause()


def text_of(app: LdkTuiApp) -> list[str]:
    """What stands on the screen, line by line."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


class _Picture(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


_BASELINE = sys.platform == "linux" and platform.python_version_tuple()[:2] == ("3", "11")


@pytest.fixture
def picture(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compares the screen with its image. Assert the state first: a picture happily freezes the wrong screen.

    `name` tells several pictures of one test apart.
    """
    if request.config.getoption("update_snapshots", default=False) and not _BASELINE:
        pytest.fail("pictures are made on Linux with Python 3.11 only")
    pictures = snapshot.use_extension(_Picture)

    def compare(app: LdkTuiApp, name: str | None = None) -> None:
        svg = app.export_screenshot(simplify=True, title="ldk-tui")
        assert re.sub(r"terminal-\d+-", "terminal-", svg) == (pictures(name=name) if name else pictures)

    return compare
