"""100,000 payments: how long until they are there, how quick the keys are then, how much memory they take.

The scenario `big` is served by another process, in pages of 100 through TLS and HTTP/2. Client, store and screen run as
they do for a person, at 120x36 on the screen Payments; the time starts when the program is there and the connection
begins. Keys: cursor down (the first write with the cursor's sign once the cursor is on another row), and the letters of
a filter (the screen has been painted after the table got the rows that fit). Memory is that of the whole process, less
that of a process with an empty Textual app, each measured in a fresh one (Linux: resident set).
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from typing import Any

SIZE = (120, 36)
WORDS = ("bakery", "failed", "dir:out", "ab")
DOWNS = 60


async def _serve() -> None:
    """Says where it is and how many payments it has; ends with its standard input."""
    from ldk_tui.sim.scenarios import build
    from ldk_tui.sim.scenarios.big import PAYMENTS
    from ldk_tui.sim.server import running

    scenario = build("big", now=time.time())
    async with running(scenario.node, now=time.time) as server:
        print(server.port, server.certificate.pem.hex(), server.key.reveal(), PAYMENTS, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _empty() -> dict[str, Any]:
    """An empty Textual app in this process."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    from benchmarks.paper import Paper, resident_mb

    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("nothing")

    async def run() -> dict[str, Any]:
        app = Empty(driver_class=Paper)
        async with app.run_test(headless=False, size=SIZE) as pilot:
            await pilot.pause()
            return {"mb": resident_mb()}

    return asyncio.run(run())


def _full(port: int, pem: bytes, key: str, count: int) -> dict[str, Any]:
    """The program in this process, until all payments are there; then keys."""
    from benchmarks.paper import Paper, resident_mb, until
    from ldk_tui.client.api import LdkClient
    from ldk_tui.client.target import PinnedCertificate, Target
    from ldk_tui.core.secret import Secret
    from ldk_tui.node.not_yet import NotYet
    from ldk_tui.node.query import PaymentQuery
    from ldk_tui.node.service import NodeService
    from ldk_tui.node.views import NodePort
    from ldk_tui.ui.app import LdkTuiApp
    from ldk_tui.ui.widgets.row_table import CURSOR_SIGN, RowTable

    gc.disable()  # as `launch` does; the app lets it run again after the first frame
    target = Target("127.0.0.1", port, PinnedCertificate(pem=pem), Secret(key))
    service = NodeService(lambda: LdkClient.connect(target), now=time.time)
    begin = asyncio.Event()

    async def opener() -> NodePort:
        await begin.wait()
        return service

    async def run() -> dict[str, Any]:
        app = LdkTuiApp(NotYet(), opener=opener, now=time.time, driver_class=Paper)
        async with app.run_test(headless=False, size=SIZE) as pilot:
            await pilot.press("3")
            await pilot.pause()
            paper = Paper.current
            table: RowTable[Any] = app.screen.query(RowTable).first()
            begin.set()
            start, start_cpu = time.perf_counter(), time.process_time()
            first = await paper.painted(lambda data: bool(table.rows) and CURSOR_SIGN in data) - start
            loading: list[float] = []

            def loaded() -> bool:
                return service.payments(PaymentQuery(unpaid=True)).progress.complete

            while not loaded():
                loading.append(await _move(paper, table, "down" if len(loading) % 20 < 10 else "up"))
                await asyncio.sleep(0.1)
            await until(lambda: len(table.rows) >= count)
            whole, cpu = time.perf_counter() - start, time.process_time() - start_cpu
            await asyncio.sleep(1.5)  # ages and sums move on
            memory = resident_mb()
            downs = []
            for _ in range(DOWNS):
                downs.append(await _move(paper, table, "down"))
                await asyncio.sleep(0.03)
            letters = []
            shown = Shown(table)
            for word in WORDS:
                await pilot.press("slash")
                for letter in word:
                    letters.append(await shown.after(letter))
                    await asyncio.sleep(0.05)
                await pilot.press("escape")
                await until(lambda: len(table.rows) >= count)
            return {
                "first": first, "all": whole, "cpu": cpu, "mb": memory, "loading": loading, "downs": downs,
                "letters": letters, "rows": len(table.rows),
            }  # fmt: skip

    return asyncio.run(run())


class Shown:
    """When a table has painted the rows that it was given (also when it looks the same as before)."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._set_rows = table.set_rows
        self._done: asyncio.Future[float] | None = None
        table.set_rows = self._given

    def _given(self, rows: Any, **options: Any) -> None:
        self._set_rows(rows, **options)
        self._table.screen.call_after_refresh(self._painted, self._done)

    def _painted(self, done: asyncio.Future[float] | None) -> None:
        if done is not None and not done.done():
            done.set_result(time.perf_counter())

    async def after(self, key: str) -> float:
        """Seconds from this key to that moment."""
        from textual import events

        from benchmarks.paper import LIMIT_S, Paper

        self._done = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        Paper.current.process_message(events.Key(key, key))
        async with asyncio.timeout(LIMIT_S):
            return await self._done - start


async def _move(paper: Any, table: Any, key: str) -> float:
    from ldk_tui.ui.widgets.row_table import CURSOR_SIGN

    at = table.cursor_key
    seconds: float = await paper.key_to_paint(key, lambda data: table.cursor_key != at and CURSOR_SIGN in data)
    return seconds


def _fresh(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.payments", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> list[str]:
    """The lines to print."""
    from benchmarks.paper import p50_p95

    command = [sys.executable, "-m", "benchmarks.payments", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            found = server.stdout.readline().split()
            empty, full = _fresh("--empty"), _fresh("--full", *found)
        finally:
            server.stdin.close()
            server.wait(10)
    return [
        f"{full['rows']:,} payments: first page painted after {full['first']:.2f} s, all after {full['all']:.1f} s"
        f" (CPU {full['cpu']:.1f} s; keys meanwhile {p50_p95(full['loading'])})",
        f"key to paint with all of them, p50 / p95: cursor down {p50_p95(full['downs'])},"
        f" a filter's letter {p50_p95(full['letters'])}",
        f"memory above an empty Textual app: {full['mb'] - empty['mb']:.0f} MB"
        f" ({full['mb']:.0f} over {empty['mb']:.0f} MB; aim below 150)",
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(_serve())
    elif sys.argv[1:] == ["--empty"]:
        print(json.dumps(_empty()))
    elif sys.argv[1:2] == ["--full"]:
        print(json.dumps(_full(int(sys.argv[2]), bytes.fromhex(sys.argv[3]), sys.argv[4], int(sys.argv[5]))))
    else:
        print("\n".join(main()))
