"""An unmodified grpcio against the simulated server: the reason why our client is not built on it.

The server's error framing (HEADERS without END_STREAM, then an empty DATA frame) is no valid Trailers-Only answer:
grpcio turns every such error into UNKNOWN and loses code and text (server facts 4.1, run against a real server). With
standard framing it reads them. When upstream mends its framing, the recorded frames change, and this says what follows.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from ldk_tui.sim.backend import GrpcStatus

NOW = 1_800_000_000


def call(port: int, pem: bytes, method: str, metadata: list[tuple[str, str]]) -> tuple[str, str, bytes]:
    """One unary call with an empty message: code name, details, answer."""
    with grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(pem)) as channel:
        unary = channel.unary_unary(
            f"/api.LightningNode/{method}",
            request_serializer=lambda data: data,
            response_deserializer=lambda data: data,
        )
        try:
            return "OK", "", unary(b"", metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return error.code().name, error.details(), b""


@pytest.fixture
def ask(serve: Any, backend: Any, sign: Any) -> Any:
    backend.answers["Bolt11Send"] = GrpcStatus(9, "Failed to send the given payment: é.")

    async def run(framing: str, method: str, *, key: bool = True) -> tuple[str, str, bytes]:
        server = await serve(framing=framing)
        metadata = sign(b"\0\0\0\0\0") if key else []
        return await asyncio.to_thread(call, server.port, server.certificate.pem, method, metadata)

    return run


@pytest.mark.parametrize("framing", ["real", "standard"])
async def test_it_reads_answers(framing: str, ask: Any, backend: Any) -> None:
    backend.answers["GetNodeInfo"] = bytes(range(256)) * 200
    assert await ask(framing, "GetNodeInfo") == ("OK", "", bytes(range(256)) * 200)


@pytest.mark.parametrize(("method", "key"), [("Bolt11Send", True), ("GetNodeInfo", False)])
async def test_it_loses_every_error_of_a_real_server(method: str, key: bool, ask: Any) -> None:
    code, details, _ = await ask("real", method, key=key)
    assert code == "UNKNOWN"
    assert "Stream removed" in details


async def test_it_reads_errors_in_standard_framing(ask: Any) -> None:
    code, details, _ = await ask("standard", "Bolt11Send")
    assert (code, details) == ("FAILED_PRECONDITION", "Failed to send the given payment: é.")
    code, details, _ = await ask("standard", "GetNodeInfo", key=False)
    assert (code, details) == ("UNAUTHENTICATED", "Missing x-auth metadata")
