"""2,000 events a second for 10 s, from a server in another process through TLS and HTTP/2 to the whole program.

Client, feed, store and screens run as they do for a person, at 120x36: half of the time on Node, half on Payments. What
is counted: events lost on the way (what the server broadcast against what the feed saw), key to paint (cursor up and
down; the first write that carries the cursor's sign once the cursor is on another row), and the program's CPU.
The events are three forwards to one payment received and one sent, each with ids of its own.
"""

from __future__ import annotations

import asyncio
import gc
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

RATE, SECONDS = 2_000, 10.0
SIZE = (120, 36)


# --- the server's process --------------------------------------------------------------------------------------------


def _events(count: int) -> Iterator[bytes]:
    from ldk_tui.core.amounts import Msat
    from ldk_tui.core.events import Event, PaymentForwarded, PaymentReceived, PaymentSuccessful
    from ldk_tui.core.ids import ChannelId, NodeId, PaymentHash, PaymentId, UserChannelId
    from ldk_tui.core.model import (
        Bolt11Kind,
        Direction,
        ForwardedPayment,
        HtlcLocator,
        Level,
        Payment,
        PaymentStatus,
    )
    from ldk_tui.core.secret import Secret
    from ldk_tui.wire.dialect import dialect_for

    rng, dialect, now = Random(1), dialect_for(Level.L2026_08), int(time.time())
    peers = [
        HtlcLocator(
            ChannelId(rng.randbytes(32).hex()), UserChannelId(str(number)), NodeId("02" + rng.randbytes(32).hex())
        )
        for number in range(12)
    ]
    for number in range(count):
        event: Event
        if number % 5 < 3:
            into, out = rng.sample(peers, 2)
            amount_msat = rng.randrange(1_000_000, 900_000_000)
            forward = ForwardedPayment((into,), (out,), Msat(amount_msat // 5_000 + 1), None, False, Msat(amount_msat))
            event = PaymentForwarded(forward)
        else:
            payment_hash = rng.randbytes(32).hex()
            sent = number % 5 == 4
            payment = Payment(
                PaymentId(payment_hash),
                Bolt11Kind(PaymentHash(payment_hash), Secret(rng.randbytes(32).hex()), Secret(rng.randbytes(32))),
                Msat(rng.randrange(1_000, 900_000_000)),
                Msat(1_000) if sent else None,
                Direction.OUTBOUND if sent else Direction.INBOUND,
                PaymentStatus.SUCCEEDED,
                now + number // RATE,
            )
            event = PaymentSuccessful(payment) if sent else PaymentReceived(payment)
        encoded = dialect.encode_event(event)
        assert encoded is not None
        yield encoded


async def _serve() -> None:
    """Says where it is; storms at the first line of its standard input; says how many it sent; ends with the input."""
    from ldk_tui.sim.scenarios import build
    from ldk_tui.sim.server import running

    scenario = build("busy", now=time.time())
    loop = asyncio.get_running_loop()
    storm = list(_events(int(RATE * SECONDS)))
    async with running(scenario.node, now=time.time) as server:
        print(server.port, server.certificate.pem.hex(), server.key.reveal(), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        start, sent = time.perf_counter(), 0
        while sent < len(storm):
            due = min(len(storm), int((time.perf_counter() - start) * RATE))
            for event in storm[sent:due]:
                scenario.node.broadcast.publish(event)
            sent = due
            await asyncio.sleep(0.002)
        print(sent, flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


# --- the program's process -------------------------------------------------------------------------------------------


async def _measure(port: int, pem: bytes, key: str, server: subprocess.Popen[str]) -> list[str]:
    from benchmarks.paper import Paper, p50_p95, until
    from ldk_tui.client.api import LdkClient
    from ldk_tui.client.target import PinnedCertificate, Target
    from ldk_tui.core.secret import Secret
    from ldk_tui.node.service import NodeService
    from ldk_tui.node.views import Phase
    from ldk_tui.ui.app import LdkTuiApp
    from ldk_tui.ui.widgets.row_table import CURSOR_SIGN, RowTable

    assert server.stdin is not None
    assert server.stdout is not None
    gc.disable()  # as `launch` does; the app lets it run again after the first frame
    target = Target("127.0.0.1", port, PinnedCertificate(pem=pem), Secret(key))
    service = NodeService(lambda: LdkClient.connect(target), now=time.time)
    app = LdkTuiApp(service, now=time.time, driver_class=Paper)
    loop = asyncio.get_running_loop()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await until(lambda: service.feed.phase is Phase.LIVE)
        await pilot.pause()
        before = service.feed.events_seen
        server.stdin.write("go\n")
        server.stdin.flush()
        sent = loop.run_in_executor(None, server.stdout.readline)
        start, start_cpu = time.perf_counter(), time.process_time()
        times: dict[str, list[float]] = {}
        down = True
        for screen, digit, share in (("Node", "1", 0.5), ("Payments", "3", 1.0)):
            await pilot.press(digit)
            await until(lambda: app.screen.query(RowTable).first().cursor_key is not None)
            times[screen] = []
            while time.perf_counter() - start < SECONDS * share:
                table = app.screen.query(RowTable).first()
                at = table.cursor_key
                moved = lambda data, table=table, at=at: table.cursor_key != at and CURSOR_SIGN in data  # noqa: E731
                times[screen].append(await Paper.current.key_to_paint("down" if down else "up", moved))
                down = not down
                await asyncio.sleep(random.uniform(0.01, 0.06))  # so that keys and flushes do not march in step
        wall, cpu = time.perf_counter() - start, time.process_time() - start_cpu
        count = int(await sent)
        end = time.perf_counter()
        while service.feed.events_seen - before < count and time.perf_counter() - end < 5:
            await asyncio.sleep(0.05)
        lost = count - (service.feed.events_seen - before)
        both = [each for some in times.values() for each in some]
        return [
            f"{count:,} events in {wall:.0f} s from another process: {lost} lost; CPU {cpu / wall:.0%} of a core",
            f"key to paint during that, p50 / p95: {p50_p95(both)} (aim 60 at p95); "
            + "; ".join(f"{name} {p50_p95(some)}" for name, some in times.items())
            + f"; {len(both)} keys",
        ]


def main() -> list[str]:
    """The lines to print."""
    command = [sys.executable, "-m", "benchmarks.event_stream", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            port, pem, key = server.stdout.readline().split()
            return asyncio.run(_measure(int(port), bytes.fromhex(pem), key, server))
        finally:
            server.stdin.close()
            server.wait(10)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(_serve())
    else:
        print("\n".join(main()))
