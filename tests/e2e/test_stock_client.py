"""A stock gRPC client, with nothing of ours but the messages, talks to `ldk-tui sim` by the folder that it wrote."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time
import tomllib
from pathlib import Path
from typing import Any

import grpc
import pytest

from ldk_tui.wire.v2026_04 import api_pb2 as api_2026_04
from ldk_tui.wire.v2026_08 import api_pb2 as api_2026_08
from tests.e2e.cockpit import Server

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(("level", "api"), [("2026-04", api_2026_04), ("2026-08", api_2026_08)])
def test_it_reads_the_node_from_the_folder_alone(tmp_path: Path, level: str, api: Any) -> None:
    with Server(tmp_path / "node", "--level", level) as server:
        config = tomllib.loads(server.config.read_text(encoding="utf-8"))
        storage = Path(config["storage"]["disk"]["dir_path"])
        key_file = storage / config["node"]["network"] / "api_key"
        assert key_file.stat().st_mode & 0o777 == 0o400
        credentials = grpc.ssl_channel_credentials((storage / "tls.crt").read_bytes())
        with grpc.secure_channel(config["node"]["grpc_service_address"], credentials) as channel:

            def ask(method: str, request: Any, answer: Any, key: bytes) -> Any:
                body = request.SerializeToString()
                frame = b"\0" + struct.pack(">I", len(body)) + body
                at = int(time.time())
                signed = struct.pack(">Q", at) + (frame if level == "2026-08" else b"")
                digest = hmac.new(key.hex().encode(), signed, hashlib.sha256).hexdigest()
                call = channel.unary_unary(
                    f"/api.LightningNode/{method}",
                    request_serializer=type(request).SerializeToString,
                    response_deserializer=answer.FromString,
                )
                return call(request, metadata=[("x-auth", f"HMAC {at}:{digest}")], timeout=20)

            key = key_file.read_bytes()
            info = ask("GetNodeInfo", api.GetNodeInfoRequest(), api.GetNodeInfoResponse, key)
            listed = ask("ListChannels", api.ListChannelsRequest(), api.ListChannelsResponse, key)
            with pytest.raises(grpc.RpcError):
                ask("GetNodeInfo", api.GetNodeInfoRequest(), api.GetNodeInfoResponse, bytes(32))
        assert len(bytes.fromhex(info.node_id)) == 33
        assert info.current_best_block.height > 300_000
        assert len(listed.channels) > 3
        assert all(len(bytes.fromhex(each.counterparty_node_id)) == 33 for each in listed.channels)
        assert all(each.channel_value_sats > 0 for each in listed.channels)
        assert {each.is_usable for each in listed.channels} == {True, False}
        assert server.terminate() == 0
