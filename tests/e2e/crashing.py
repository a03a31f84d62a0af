"""`ldk-tui` with a fault built in, at the place that the first argument names; the second is the server's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from textual.reactive import reactive

from ldk_tui import cli
from ldk_tui.node.refresh import Refresher
from ldk_tui.ui import app as app_module

PLACE, FOLDER = sys.argv[1:3]


def fault() -> None:
    """With the key in a local variable and in the error itself."""
    key = (Path(FOLDER) / "signet" / "api_key").read_bytes()
    held = {"api_key": key, "hex": key.hex()}
    raise ValueError(key.hex(), held)


class Crashing(app_module.LdkTuiApp):
    CSS_PATH = [Path(app_module.__file__).with_name("app.tcss")]  # noqa: RUF012
    level = reactive(0, init=False)

    def action_next_unit(self) -> None:
        if PLACE == "handler":
            fault()
        elif PLACE == "watcher":
            self.level = 1
        else:
            self.run_worker(self._work())

    async def _work(self) -> None:
        fault()

    def watch_level(self, level: int) -> None:
        fault()


def _failing(*_: object) -> None:
    fault()


if PLACE == "feed":
    Refresher.balances = _failing  # type: ignore[assignment,method-assign]
app_module.LdkTuiApp = Crashing  # type: ignore[misc]
sys.exit(cli.main(sys.argv[3:]))
