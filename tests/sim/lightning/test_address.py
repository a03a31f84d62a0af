"""Addresses of every kind and network, the server's two refusals, and the recorded ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ldk_tui.core.bech32 import CHARSET
from ldk_tui.core.model import Network
from ldk_tui.sim import address, secp256k1
from ldk_tui.sim.address import NotAnAddress, WrongNetwork
from ldk_tui.sim.ripemd160 import ripemd160
from ldk_tui.wire.v2026_08 import api_pb2

if TYPE_CHECKING:
    from tests.sim.lightning.conftest import Call

NETWORKS = [Network.BITCOIN, Network.TESTNET, Network.TESTNET4, Network.SIGNET, Network.REGTEST]
TESTS = frozenset({Network.TESTNET, Network.TESTNET4, Network.SIGNET})
GENERATOR = secp256k1.compress(secp256k1.G)
DIGESTS = {  # from the paper
    b"": "9c1185a5c5e9fc54612808977ee8f548b2258d31",
    b"a": "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe",
    b"abc": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    b"message digest": "5d0689ef49d2fae572b881b123a85ffa21595f36",
    b"abcdefghijklmnopqrstuvwxyz": "f71c27109c692c1b56bbdceb5b9d2865b3708dbc",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": "12a053384a9c0c88e405a06c27dcf49ada62eb2b",
    b"1234567890" * 8: "9b752e45573d4b39f4dbd3323cab82bf63326bfb",
}


@pytest.mark.parametrize(("text", "digest"), DIGESTS.items())
def test_ripemd160(text: bytes, digest: str) -> None:
    assert ripemd160(text).hex() == digest


def test_p2wpkh_of_the_standard() -> None:
    """BIP 173 takes the generator as its example key."""
    assert address.p2wpkh(Network.BITCOIN, GENERATOR) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert address.p2wpkh(Network.SIGNET, GENERATOR) == "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"


@pytest.mark.parametrize(
    ("text", "networks", "script"),
    [
        (
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            {Network.BITCOIN},
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", TESTS, "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            {Network.BITCOIN},
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
        (
            "1RustyRX2oai4EYYDpQGWvEL62BBGqN9T",
            {Network.BITCOIN},
            "76a91404b61f7dc1ea0dc99424464cc4064dc564d91e8988ac",
        ),
        ("3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQX", {Network.BITCOIN}, "a9148f55563b9a19f321c211e9b9f38cdf686ea0784587"),
        ("mk2QpYatsKicvFVuTAQLBryyccRXMUaGHP", TESTS | {Network.REGTEST}, None),
    ],
)
def test_addresses_of_all_kinds(text: str, networks: set[Network], script: str | None) -> None:
    parsed = address.parse(text)
    assert parsed.networks == networks
    if script is not None:
        assert parsed.script.hex() == script
    for network in NETWORKS:
        if network in networks:
            assert address.require(text, network) == parsed
        else:
            with pytest.raises(WrongNetwork):
                address.require(text, network)


def test_the_recorded_server_made_and_refused_these(recorded: list[Call]) -> None:
    made = [
        api_pb2.OnchainReceiveResponse.FromString(call.response).address
        for call in recorded
        if call.method == "OnchainReceive"
    ]
    assert len(made) >= 5
    for text in made:
        parsed = address.require(text, Network.REGTEST)
        assert parsed.script[:2] == b"\x00\x14"
    compared = 0
    for call in recorded:
        text = api_pb2.OnchainSendRequest.FromString(call.request).address if call.method == "OnchainSend" else ""
        if error := {
            "The given address is invalid.": NotAnAddress,
            "Address is not valid for the configured network.": WrongNetwork,
        }.get(call.message if text else ""):
            with pytest.raises(error):
                address.require(text, Network.REGTEST)
            compared += 1
        elif text:
            address.require(text, Network.REGTEST)
    assert compared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "1RustyRX2oai4EYYDpQGWvEL62BBGqN9t",
        "1RustyRX2oai4EYYDpQGWvEL62BBGqN9",
        "3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQ0",
        "1" * 60,
        " bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ],
)
def test_what_is_no_address(text: str) -> None:
    for network in NETWORKS:
        with pytest.raises(NotAnAddress):
            address.require(text, network)


@given(st.sampled_from(NETWORKS), st.binary(min_size=32, max_size=32))
def test_own_addresses_are_read_back(network: Network, seed: bytes) -> None:
    key = b"\x02" + seed
    segwit, taproot = address.p2wpkh(network, key), address.p2tr(network, seed)
    assert address.require(segwit, network).script == b"\x00\x14" + address.hash160(key)
    assert address.require(taproot, network).script == b"\x51\x20" + seed
    assert address.require(taproot.upper(), network).script == b"\x51\x20" + seed


@given(st.binary(min_size=20, max_size=20), st.sampled_from([0x00, 0x05, 0x6F, 0xC4]), st.data())
def test_one_wrong_character_in_base58_is_found(hashed: bytes, version: int, data: st.DataObject) -> None:
    payload = bytes((version,)) + hashed
    text = address.base58check_encode(payload)
    assert address.base58check_decode(text) == payload
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
    assume(text[place] != character)
    with pytest.raises(NotAnAddress):
        address.parse(text[:place] + character + text[place + 1 :])


@given(st.binary(min_size=20, max_size=20), st.data())
def test_one_wrong_character_in_bech32_is_found(seed: bytes, data: st.DataObject) -> None:
    text = address.p2wpkh(Network.REGTEST, b"\x03" + hashlib.sha256(seed).digest())
    place = data.draw(st.integers(5, len(text) - 1))
    character = data.draw(st.sampled_from(CHARSET))
    assume(text[place] != character)
    with pytest.raises(NotAnAddress):
        address.parse(text[:place] + character + text[place + 1 :])


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address.parse(text)
    except NotAnAddress:
        return


def test_unknown_networks_and_wrong_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="network"):
        address.p2wpkh(Network.UNKNOWN, GENERATOR)
    with pytest.raises(ValueError, match="33 bytes"):
        address.p2wpkh(Network.REGTEST, GENERATOR[1:])
    with pytest.raises(ValueError, match="32 bytes"):
        address.p2tr(Network.REGTEST, GENERATOR)
