"""Process start to the first frame with content, over an empty Textual app, on a pseudo-terminal.

The two run in turn, so that a machine that slows down slows both; the ratio of the medians is what counts. The warm
figure is meant: the first run after an install also compiles the bytecode.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.terminal import Terminal

_EMPTY = """
from textual.app import App, ComposeResult
from textual.widgets import Static
class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("READY TO PAINT")
Empty().run()
"""


def _time_to(command: list[str], text: str, home: Path, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    with Terminal(command, home=home, columns=120, rows=36, environment=environment, one_stream=True) as terminal:
        terminal.until(text, seconds=60)
        return time.perf_counter() - start


def main(runs: int = 11) -> list[str]:
    """The lines to print."""
    ours, empty, live = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for _ in range(runs + 1):  # the first of each warms the caches
            empty.append(_time_to([sys.executable, "-c", _EMPTY], "READY TO PAINT", home, {}))
            ours.append(_time_to([sys.executable, "-m", "ldk_tui", "demo"], "1 Node", home, {}))
            live.append(_time_to([sys.executable, "-m", "ldk_tui", "demo"], "live", home, {}))
    first, base, alive = (statistics.median(values[1:]) for values in (ours, empty, live))
    return [
        f"first frame: ldk-tui demo {first * 1000:.0f} ms over an empty Textual app {base * 1000:.0f} ms"
        f" = {first / base:.2f} (aim 1.25, then 1.15); medians of {runs}",
        f"first live figures (simulated server started, subscribed, loaded): {alive * 1000:.0f} ms",
    ]
