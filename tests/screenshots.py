"""Draws every screen into screenshots/: `python -m tests.screenshots`, or with --check compares.

From the simulator with a fixed clock and seed, so that the pictures change only when the program does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from ldk_tui.core.attempt import Report, Step, StepKind, StepResult
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.node.refresh import NodeClient
from ldk_tui.node.report import connection_report
from ldk_tui.node.service import NodeService
from ldk_tui.node.timing import Timing
from ldk_tui.node.views import NodePort, Phase
from ldk_tui.sim.scenarios import DEFAULT_NOW
from ldk_tui.ui.app import LdkTuiApp
from tests.stage import picture_of, stage

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
SIZES = ((80, 24), (120, 36), (200, 60))
SCREENS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node": ("busy", ()),
    "channels": ("busy", ("2",)),
    "payments": ("busy", ("3",)),
    "hodl": ("hodl-tense", ("4",)),
    "help": ("busy", ("question_mark",)),
}


async def draw(check: bool) -> list[str]:
    """Draws all; returns the names of those that changed."""
    FOLDER.mkdir(exist_ok=True)
    pictures = {}
    for name, (scenario, keys) in SCREENS.items():
        for columns, rows in SIZES:
            async with stage(scenario, size=(columns, rows), keys=keys) as made:
                pictures[f"{name}-{columns}x{rows}.svg"] = made.svg()
    for columns, rows in SIZES:
        pictures[f"connection-{columns}x{rows}.svg"] = await no_server((columns, rows))
    changed = []
    for name, picture in pictures.items():
        path = FOLDER / name
        if (path.read_text(encoding="utf-8") if path.exists() else "") != picture:
            changed.append(name)
            if not check:
                path.write_text(picture, encoding="utf-8", newline="\n")
    return changed


async def no_server(size: tuple[int, int]) -> str:
    """The connection screen of a computer on which nothing listens; its files are said to be in a home of their own."""
    found = Report(
        (
            Step(StepKind.CONFIG, "/home/operator/.ldk-server/config.toml", "default", StepResult.OK),
            Step(StepKind.ADDRESS, "127.0.0.1:3536", "config.toml", StepResult.OK),
            Step(StepKind.CERTIFICATE, "/home/operator/.ldk-server/tls.crt", "default", StepResult.OK),
            Step(StepKind.KEY_FILE, "/home/operator/.ldk-server/signet/api_key", "default", StepResult.OK),
        )
    )

    async def refused() -> NodeClient:
        raise Unreachable(
            "Nothing listens on 127.0.0.1:3536: the server is not running, or still starting.",
            cause=UnreachableCause.REFUSED,
        )

    async def demo() -> NodePort:
        raise AssertionError("nobody opens it")

    port = NodeService(
        refused,
        now=lambda: DEFAULT_NOW,
        report=lambda error: connection_report(found, error),
        timing=Timing(retry_min_s=8.0, retry_max_s=8.0),
    )
    app = LdkTuiApp(port, now=lambda: DEFAULT_NOW, demo_opener=demo)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        end = time.monotonic() + 20
        while not (port.feed.phase is Phase.DOWN and app.current_mode == "connection"):
            assert time.monotonic() < end, port.feed
            await asyncio.sleep(0.02)
        app._tick()
        await pilot.pause()
        return picture_of(app)


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    os.environ["TZ"] = "UTC"
    time.tzset()
    changed = asyncio.run(draw(check))
    for name in changed:
        sys.stdout.write(f"{'differs' if check else 'drawn'}: {name}\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
