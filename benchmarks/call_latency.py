"""One GetNodeInfo after the other: our client over bare grpclib, both against a server with Nagle, as real ones are.

* `over bare grpclib with QUICKACK`: the same remedy against the 44 ms, bytes in and out, one header signed beforehand.
  Ours signs every call, decodes the answer and cleans its texts besides. Aim: at most 1.10.
* `over plain grpclib`: what a stock client waits, because the server's trailers wait for its delayed ACK. Aim: at most
  0.10. Only where the kernel delays ACKs.

The clients take turns in short blocks, so that a machine that slows down slows all; the server is a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from grpclib.client import Channel, Handler
from grpclib.const import Cardinality
from grpclib.encoding.base import CodecBase
from grpclib.protocol import H2Protocol

from ldk_tui.client import tls
from ldk_tui.client.api import LdkClient
from ldk_tui.client.connection import AckStrategy, Limits, default_strategy
from ldk_tui.client.signing import BodySigner, frame
from ldk_tui.client.target import PinnedCertificate, Target
from ldk_tui.core.ids import block_hash, node_id
from ldk_tui.core.model import BestBlock, Feature, Level, Network, NodeInfo
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.sim.server import running
from ldk_tui.sim.subscription import Broadcast, BroadcastSubscription
from ldk_tui.wire.dialect import dialect_for

_KEY = bytes(range(32))
_PATH = "/api.LightningNode/GetNodeInfo"
_ROUNDS, _BLOCK, _SLOW_BLOCK = 40, 10, 2


class _Node:
    """Answers GetNodeInfo and nothing else, in the size of a real answer."""

    def __init__(self) -> None:
        info = NodeInfo(
            node_id("02" + "ab" * 32),
            BestBlock(block_hash("00" * 32), 900_000),
            lightning_sync_unix=1_800_000_000,
            onchain_sync_unix=1_800_000_000,
            fee_rates_unix=1_800_000_000,
            listening_addresses=(SafeText("127.0.0.1:9735"),),
            announcement_addresses=(SafeText("127.0.0.1:9735"),),
            alias=SafeText("alice"),
            uris=(SafeText("02" + "ab" * 32 + "@127.0.0.1:9735"),),
            network=Network.REGTEST,
            features={bit: Feature(SafeText(f"Feature{bit}"), bit % 2 == 0) for bit in range(0, 30, 2)},
        )
        self._answer = dialect_for(Level.L2026_08).encode_answer("GetNodeInfo", info)
        self._events = Broadcast()

    def methods(self) -> frozenset[str]:
        return frozenset({"GetNodeInfo"})

    async def call(self, method: str, body: bytes) -> bytes:
        return self._answer

    def subscribe(self) -> BroadcastSubscription:
        return self._events.subscribe()

    def metrics(self) -> str:
        return ""


async def _serve() -> None:
    async with running(_Node(), now=time.time, api_key=_KEY) as server:
        print(server.port, server.certificate.pem.hex(), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class _Bytes(CodecBase):
    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> Any:
        return data


class _QuickProtocol(H2Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class _QuickChannel(Channel):
    def _protocol_factory(self) -> H2Protocol:
        return _QuickProtocol(Handler(), self._config, self._h2_config)


@contextlib.asynccontextmanager
async def _grpclib(kind: type[Channel], target: Target) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    channel = kind(target.host, target.port, codec=_Bytes(), ssl=tls.prepare(target.trust).context)
    metadata = dict([BodySigner(target.key).header("GetNodeInfo", frame(b""), time.time())])

    async def call() -> object:
        stream: Any = channel.request(_PATH, Cardinality.UNARY_UNARY, bytes, bytes, timeout=10, metadata=metadata)
        async with stream:
            await stream.send_message(b"", end=True)
            return await stream.recv_message()

    try:
        yield call
    finally:
        channel.close()


async def _measure(target: Target) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"ours": [], "quick": [], "frame": [], "plain": []}
    async with contextlib.AsyncExitStack() as stack:
        ours = await stack.enter_async_context(await LdkClient.connect(target))
        other = await stack.enter_async_context(await LdkClient.connect(target, limits=Limits(ack=AckStrategy.FRAME)))
        plain = await stack.enter_async_context(_grpclib(Channel, target))
        calls: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
            "ours": (ours.get_node_info, _BLOCK),
            "frame": (other.get_node_info, _BLOCK),
            "plain": (plain, _SLOW_BLOCK),
        }
        if default_strategy() is AckStrategy.QUICKACK:
            calls["quick"] = (await stack.enter_async_context(_grpclib(_QuickChannel, target)), _BLOCK)
        for number in range(_ROUNDS):
            order = sorted(calls) if number % 2 else sorted(calls, reverse=True)
            for name in order:
                call, count = calls[name]
                for at in range(count + 1):
                    start = time.perf_counter()
                    await call()
                    if at:  # the first of a block comes after a pause, in which nothing is delayed
                        times[name].append(time.perf_counter() - start)
    return times


def main() -> list[str]:
    """The lines to print."""
    command = [sys.executable, "-m", "benchmarks.call_latency", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            port, pem = server.stdout.readline().split()
            trust = PinnedCertificate(pem=bytes.fromhex(pem))
            times = asyncio.run(_measure(Target("127.0.0.1", int(port), trust, Secret(_KEY.hex()))))
        finally:
            server.stdin.close()
            server.wait(10)
    p50 = {name: statistics.median(each) for name, each in times.items() if each}
    lines = []
    if "quick" in p50:
        lines.append(
            f"get_node_info over bare grpclib with QUICKACK: {p50['ours'] / p50['quick']:.2f} "
            f"({p50['ours'] * 1000:.2f} ms over {p50['quick'] * 1000:.2f} ms, p50; aim 1.10)"
        )
    lines.append(
        f"get_node_info over plain grpclib: {p50['ours'] / p50['plain']:.2f} "
        f"({p50['ours'] * 1000:.2f} ms over {p50['plain'] * 1000:.2f} ms, p50; aim 0.10)"
    )
    lines.append(f"a small frame instead of QUICKACK, over ours: {p50['frame'] / p50['ours']:.2f}")
    return lines


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(_serve())
    else:
        print("\n".join(main()))
