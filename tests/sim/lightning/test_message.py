"""Signed messages against the recorded server and LDK's own example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ldk_tui.core.ids import NodeId
from ldk_tui.sim import message, secp256k1
from ldk_tui.wire.v2026_08 import api_pb2

if TYPE_CHECKING:
    from tests.sim.lightning.conftest import Call

ONE_KEY = bytes(31) + b"\x01"
ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"


def test_the_example_of_ldk() -> None:
    signature = message.sign(ONE_KEY, b"test message")
    assert signature == (
        "d9tibmnic9t5y41hg7hkakdcra94akas9ku3rmmj4ag9mritc8ok4p5qzefs78c9pqfhpuftqqzhydbdwfg7u6w6wdxcqpqn4sj4e73e"
    )


def test_the_recorded_server_signs_so(recorded: list[Call], node_ids: dict[tuple[str, str], str]) -> None:
    calls = [call for call in recorded if call.method == "SignMessage"]
    assert calls
    for call in calls:
        signed = api_pb2.SignMessageRequest.FromString(call.request).message
        signature = api_pb2.SignMessageResponse.FromString(call.response).signature
        assert message.recover(signed, signature) == node_ids[call.level, call.node]
        assert message.encode_zbase32(message.decode_zbase32(signature)) == signature


def test_the_recorded_server_verifies_so(recorded: list[Call]) -> None:
    calls = [call for call in recorded if call.method == "VerifySignature" and call.status == "OK"]
    verdicts = []
    for call in calls:
        asked = api_pb2.VerifySignatureRequest.FromString(call.request)
        verdict = message.verify(asked.message, asked.signature, NodeId(asked.public_key))
        assert verdict is api_pb2.VerifySignatureResponse.FromString(call.response).valid
        verdicts.append(verdict)
    assert verdicts == [True, False]


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=200), st.data())
def test_round_trip_and_one_wrong_character(signed: bytes, data: st.DataObject) -> None:
    key = b"\x2a" * 32
    node_id = NodeId(secp256k1.public_key(key).hex())
    signature = message.sign(key, signed)
    assert len(signature) == 104
    assert message.verify(signed, signature, node_id)
    assert not message.verify(signed + b"x", signature, node_id)
    place = data.draw(st.integers(0, 103))
    character = data.draw(st.sampled_from(ALPHABET))
    assume(signature[place] != character)
    assert not message.verify(signed, signature[:place] + character + signature[place + 1 :], node_id)


@given(st.text(max_size=120))
def test_any_text_is_no_signature_and_no_crash(text: str) -> None:
    assert not message.verify(b"x", text, NodeId("02" + "11" * 32))


@pytest.mark.parametrize("text", ["l", "0", "v", "2", "yyy", "9"])
def test_bad_zbase32_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        message.decode_zbase32(text)
