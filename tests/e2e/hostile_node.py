"""A node whose every text is hostile, or harmless, behind real TLS: for a terminal that watches what comes out.

`python -m tests.e2e.hostile_node FOLDER PORT hostile|harmless`: the same world twice, so that the two runs differ in
nothing but the texts. Prints its port. Among the texts: one error of the server, on refresh of the channel list.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ldk_tui.core.model import Network
from ldk_tui.core.text import SafeText
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.scenarios import build
from ldk_tui.sim.scenarios import hostile as hostile_scenario
from ldk_tui.sim.scenarios.hostile_text import VECTORS
from ldk_tui.sim.server import running

FILES = json.loads((Path(__file__).parents[1] / "data" / "hostile-strings.json").read_text(encoding="utf-8"))
TEXTS = [*VECTORS, *(each["input"] for each in FILES)]
TEXTS = [text.encode("utf-8", "replace").decode()[:2_000] for text in TEXTS if text]
ERROR_METHOD = "ListForwardedPayments"


class Distorter:
    """Puts the next text in place of each text of an answer, however deep, where a text is free."""

    def __init__(self, *, hostile: bool) -> None:
        self._hostile = hostile
        self._method = ""
        self._places: Counter[str] = Counter()

    def text(self) -> str:
        text = TEXTS[self._places[self._method] % len(TEXTS)]  # the next one, for each method by itself
        self._places[self._method] += 1
        return text if self._hostile else "x"

    def answer(self, method: str, answer: Any) -> Any:
        self._method = method
        if method == ERROR_METHOD:
            raise GrpcStatus(13, self.text())
        return self._spoiled(answer)

    def _spoiled(self, value: Any) -> Any:
        if isinstance(value, SafeText):
            return SafeText(self.text())
        if isinstance(value, tuple):
            return tuple(self._spoiled(each) for each in value)
        if isinstance(value, dict):
            return {key: self._spoiled(each) for key, each in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            names = [each.name for each in fields(value) if each.init]
            changed = {name: self._spoiled(getattr(value, name)) for name in names}
            different = {name: each for name, each in changed.items() if each is not getattr(value, name)}
            return replace(value, **different) if different else value
        return value


async def main(folder: Path, port: int, *, hostile: bool) -> None:
    if not hostile:
        setattr(hostile_scenario, "VECTORS", ("x",) * len(VECTORS))  # noqa: B010
    scenario = build("hostile", now=time.time(), network=Network.SIGNET)
    distorter = Distorter(hostile=hostile)
    scenario.node.distort = distorter.answer
    for node in scenario.world.nodes.values():
        node.alias = distorter.text()
    async with running(scenario.node, now=time.time, network=Network.SIGNET, folder=folder, port=port) as server:
        sys.stdout.write(f"listens on 127.0.0.1:{server.port}\n")
        sys.stdout.flush()
        await scenario.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), hostile=sys.argv[3] == "hostile"))
