"""Every RPC reaches the server as it was meant and its answer comes back, on both levels."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import pytest

from ldk_tui.client.api import LdkClient
from ldk_tui.core import requests as rq
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.errors import BadAnswer, NotSupported
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId, ShortChannelId, UserChannelId
from ldk_tui.core.model import ChannelConfig, CustomTlv, Level, Page, PageToken, Payment
from ldk_tui.core.secret import Secret

NODE = NodeId("02" + "ab" * 32)
HASH = PaymentHash("cd" * 32)
CHANNEL: dict[str, Any] = {
    "user_channel_id": UserChannelId("340282366920938463463374607431768211455"),
    "counterparty": NODE,
}
TEXT = rq.DirectDescription("a cup of tea")
ROUTE = rq.RouteParameters(max_fee_msat=Msat(9))

ARGUMENTS: dict[str, dict[str, Any]] = {
    "OnchainSend": {"address": "bcrt1qxyz", "amount": rq.ALL_FUNDS, "fee_rate_sat_per_vb": 7},
    "Bolt11Receive": {"expiry_s": 86_400, "amount_msat": Msat(5), "description": TEXT},
    "Bolt11ReceiveForHash": {"payment_hash": HASH, "expiry_s": 60, "description": rq.DescriptionHash("ef" * 32)},
    "Bolt11ClaimForHash": {"preimage": Secret("12" * 32), "payment_hash": HASH, "claimable_amount_msat": Msat(0)},
    "Bolt11FailForHash": {"payment_hash": HASH},
    "Bolt11ReceiveViaJitChannel": {"amount_msat": Msat(5), "expiry_s": 60, "max_total_lsp_fee_limit_msat": Msat(1)},
    "Bolt11ReceiveVariableAmountViaJitChannel": {"expiry_s": 60, "max_proportional_lsp_fee_limit_ppm_msat": 3},
    "Bolt11Send": {"invoice": "lnbcrt1", "amount_msat": Msat(5), "route": ROUTE},
    "Bolt11SendUnderpaying": {"invoice": "lnbcrt1", "amount_msat": Msat(5)},
    "Bolt12Receive": {"description": "tea", "amount_msat": Msat(5), "expiry_s": 9, "quantity": 2},
    "Bolt12Send": {"offer": "lno1", "amount_msat": Msat(5), "quantity": 2, "payer_note": "hi", "route": ROUTE},
    "SpontaneousSend": {
        "amount_msat": Msat(5),
        "node_id": NODE,
        "custom_tlvs": (CustomTlv(65_537, b"\x1b"),),
        "preimage": Secret("12" * 32),
    },
    "OpenChannel": {
        "node_id": NODE,
        "address": "127.0.0.1:9735",
        "amount": Sat(100_000),
        "push_msat": Msat(1),
        "config": ChannelConfig(fee_ppm=1),
        "announce": True,
    },
    "SpliceIn": CHANNEL | {"amount": Sat(5)},
    "SpliceOut": CHANNEL | {"amount_sat": Sat(5), "address": "bcrt1qxyz"},
    "UpdateChannelConfig": CHANNEL | {"config": ChannelConfig(cltv_expiry_delta=80)},
    "CloseChannel": CHANNEL,
    "ForceCloseChannel": CHANNEL | {"reason": "enough"},
    "GetPaymentDetails": {"payment_id": PaymentId("cd" * 32)},
    "ListPayments": {"page_token": PageToken("abc", 7)},
    "ListForwardedPayments": {"page_token": PageToken("abc", 7)},
    "ConnectPeer": {"node_id": NODE, "address": "[::1]:9735", "persist": True},
    "DisconnectPeer": {"node_id": NODE},
    "SignMessage": {"message": b"\0hello"},
    "VerifySignature": {"message": b"\0hello", "signature": "abc", "public_key": NODE},
    "UnifiedSend": {"uri": "bitcoin:?lightning=x", "amount_msat": Msat(5), "route": ROUTE},
    "DecodeInvoice": {"invoice": "lnbcrt1"},
    "DecodeOffer": {"offer": "lno1"},
    "GraphGetChannel": {"short_channel_id": ShortChannelId(2**64 - 1)},
    "GraphGetNode": {"node_id": NODE},
}
NOT_ON_2026_04 = {"custom_tlvs", "preimage"}  # arguments of SpontaneousSend that came later


def arguments(method: str, level: Level) -> dict[str, Any]:
    given = ARGUMENTS.get(method, {})
    if method == "SpontaneousSend" and level is Level.L2026_04:
        return {name: value for name, value in given.items() if name not in NOT_ON_2026_04}
    return given


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08])
async def test_every_unary_call(make: Any, level: Level) -> None:
    world = await make(level)
    client: LdkClient = await world.client()
    assert client.level is level
    called = []
    for rpc in rq.RPCS.values():
        if rpc.request is rq.SubscribeEvents or level not in rpc.levels:
            continue
        given = arguments(rpc.name, level)
        answer = await getattr(client, rpc.python_name)(**given)
        assert world.backend.heard[-1] == rpc.request(**given), rpc.name
        recorded = world.backend.answers[rpc.name]
        assert answer == world.backend.dialect.decode_answer(rpc.name, recorded), rpc.name
        called.append(rpc.name)
    assert set(called) == set(world.backend.dialect.methods)
    assert len(called) == (38 if level is Level.L2026_08 else 37)


def test_every_rpc_has_its_coroutine_with_the_request_s_fields() -> None:
    for rpc in rq.RPCS.values():
        method = getattr(LdkClient, rpc.python_name)
        parameters = list(inspect.signature(method).parameters.values())[1:]
        assert [p.name for p in parameters] == [f.name for f in fields(rpc.request)], rpc.name
        assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters), rpc.name


async def test_what_the_level_lacks_is_refused_here(make: Any) -> None:
    world = await make(Level.L2026_04)
    client = await world.client()
    heard = len(world.backend.heard)
    with pytest.raises(NotSupported, match="Bolt11SendUnderpaying"):
        await client.bolt11_send_underpaying(invoice="lnbcrt1", amount_msat=Msat(1))
    assert not client.supports("Bolt11SendUnderpaying")
    assert client.supports("Bolt11Send")
    assert len(world.backend.heard) == heard


async def test_a_decode_request_leaves_with_the_field_that_payments_refuse(world: Any) -> None:
    client = await world.client()
    await client.decode_invoice(invoice="lnbcrt1")
    assert world.backend.bodies[-1] == b"\x0a\x07lnbcrt1\x12\x00"
    await client.decode_offer(offer="lno1")
    assert world.backend.bodies[-1] == b"\x0a\x04lno1\x12\x00"


async def test_pages_end_with_the_empty_one(world: Any) -> None:
    rows = world.backend.dialect.decode_answer("ListPayments", world.backend.answers["ListPayments"]).rows
    assert len(rows) >= 3

    def answer(request: rq.ListPayments) -> bytes:
        at = request.page_token.index if request.page_token else 0
        some: tuple[Payment, ...] = rows[at : at + 2]
        token = PageToken(f"t{at + 2}", at + 2) if some else None
        encoded: bytes = world.backend.dialect.encode_answer("ListPayments", Page(some, token))
        return encoded

    world.backend.answers["ListPayments"] = answer
    client = await world.client()
    before = len(world.backend.heard)
    assert [payment async for payment in client.payments()] == list(rows)
    assert len(world.backend.heard) - before == (len(rows) + 1) // 2 + 1
    sizes = [len(page.rows) async for page in client.payment_pages()]
    assert sum(sizes) == len(rows)
    assert [p async for p in client.payments(start=PageToken("t2", 2))] == list(rows[2:])


async def test_pages_are_fetched_when_asked_for(world: Any) -> None:
    client = await world.client()
    before = len(world.backend.heard)
    walk = client.forward_pages()
    assert len(world.backend.heard) == before
    await anext(walk)
    assert len(world.backend.heard) == before + 1


async def test_a_token_given_twice_ends_the_walk(world: Any) -> None:
    rows = world.backend.dialect.decode_answer("ListPayments", world.backend.answers["ListPayments"]).rows
    world.backend.answers["ListPayments"] = world.backend.dialect.encode_answer(
        "ListPayments", Page(rows[:1], PageToken("again", 1))
    )
    client = await world.client()
    with pytest.raises(BadAnswer, match="same page token"):
        _ = [payment async for payment in client.payments()]


async def test_calls_side_by_side(world: Any) -> None:
    import asyncio

    client = await world.client()
    answers = await asyncio.gather(*(client.get_node_info() for _ in range(300)))
    assert len({id(a) for a in answers}) == 300
    assert {a.node_id for a in answers} == {client.probe.info.node_id}
    assert world.server.connections == 1
