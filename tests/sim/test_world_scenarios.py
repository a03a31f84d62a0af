"""Each scenario holds what its name promises, says it on both levels, and is the same world every time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ldk_tui.core import requests
from ldk_tui.core.events import Event, PaymentClaimable
from ldk_tui.core.ids import PaymentId
from ldk_tui.core.model import (
    Balances,
    Bolt11Kind,
    Channel,
    ClaimableAwaitingConfirmations,
    Direction,
    Level,
    MaybePreimageClaimableHtlc,
    Network,
    Page,
    PaymentStatus,
    UnknownKind,
)
from ldk_tui.core.requests import RPCS
from ldk_tui.core.secret import Secret
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.channel import Phase
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios import DEFAULT_NOW, NAMES, Scenario, build
from ldk_tui.sim.scenarios.hodl_tense import blocks_left
from ldk_tui.sim.scenarios.hostile_text import VECTORS

READS = (
    requests.GetNodeInfo(),
    requests.GetBalances(),
    requests.ListChannels(),
    requests.ListPeers(),
    requests.ListPayments(),
    requests.ListForwardedPayments(),
    requests.GraphListChannels(),
    requests.GraphListNodes(),
    requests.ExportPathfindingScores(),
)


def ask(node: SimNode, request: requests.Request) -> Any:
    """A call by way of the wire's bytes, as a client would see it."""
    name = type(request).__name__
    return node.dialect.decode_answer(name, node.answer(name, node.dialect.encode_request(request)))


def reads(scenario: Scenario) -> list[bytes]:
    node = scenario.node
    return [node.answer(type(r).__name__, node.dialect.encode_request(r)) for r in READS]


@pytest.mark.parametrize("level", [Level.L2026_04, Level.L2026_08], ids=lambda level: str(level.value))
@pytest.mark.parametrize("name", [name for name in NAMES if name != "big"])
def test_every_scenario_answers_all_reads_on_both_levels(name: str, level: Level) -> None:
    scenario = build(name, level=level)
    for request in READS:
        assert ask(scenario.node, request) is not None
    if name not in ("broken",):
        scenario.world.check_conserved()
    assert scenario.world.now == pytest.approx(DEFAULT_NOW, abs=60)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "big"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    assert reads(build(name)) == reads(build(name))
    assert reads(build(name, seed=2)) != reads(build(name))


@pytest.mark.parametrize("network", [Network.BITCOIN, Network.REGTEST, Network.TESTNET4])
def test_the_network_is_a_choice(network: Network) -> None:
    info = ask(build("first-day", network=network).node, requests.GetNodeInfo())
    assert info.network is network


def test_unknown_scenario() -> None:
    with pytest.raises(KeyError):
        build("quiet")


def test_busy_has_channels_in_all_states() -> None:
    scenario = build("busy")
    node = scenario.node
    channels: tuple[Channel, ...] = ask(node, requests.ListChannels())
    balances: Balances = ask(node, requests.GetBalances())
    assert any(not c.is_ready and c.confirmations == 0 for c in channels), "pending open"
    assert any(c.is_ready and not c.is_usable for c in channels), "offline peer"
    assert any(not c.is_announced for c in channels)
    assert any(channel.splice is not None for channel in node.channels), "splicing"
    assert any(isinstance(b, ClaimableAwaitingConfirmations) for b in balances.lightning), "force-closed"
    assert balances.sweeps, "sweeping"
    listed = {c.channel_id for c in channels}
    closing = [b for b in balances.lightning if getattr(b, "channel_id", None) not in listed]
    assert len(closing) >= 2, "closing"
    assert any(isinstance(b, MaybePreimageClaimableHtlc) for b in balances.lightning), "held"
    kinds = Counter((type(p.kind).__name__, p.direction) for p in node.log.page(None).rows)
    assert len(kinds) >= 5
    assert len(node.log) > 200
    assert len(node.forwards) > 50
    assert any(p.status is PaymentStatus.PENDING and p.direction is Direction.OUTBOUND for p in node.records.values())


def test_busy_moves_when_it_is_let() -> None:
    scenario = build("busy")
    told: list[Event] = []
    scenario.node.listeners.append(told.append)
    assert scenario.traffic is not None
    scenario.traffic.keep_going()
    height = scenario.world.chain.height
    scenario.world.advance(3_600)
    assert len(told) > 100
    assert scenario.world.chain.height > height + 10
    scenario.world.check_conserved()


def test_first_day_is_empty_but_for_a_deposit_that_confirms() -> None:
    scenario = build("first-day")
    node, world = scenario.node, scenario.world
    assert ask(node, requests.ListChannels()) == ()
    assert ask(node, requests.ListPayments()) == Page((), None)
    before: Balances = ask(node, requests.GetBalances())
    assert (before.total_onchain_sat, before.spendable_onchain_sat) == (250_000, 0)
    for action in scenario.on_run:
        action()
    world.advance(1_200)
    after: Balances = ask(node, requests.GetBalances())
    assert after.spendable_onchain_sat == 250_000


def test_hodl_tense_has_payments_with_2_6_and_about_30_blocks_left() -> None:
    scenario = build("hodl-tense")
    node = scenario.node
    left = sorted(blocks_left(node).values())
    assert left[0] == 2
    assert 6 in left
    assert any(24 <= each <= 36 for each in left)
    statuses = Counter(
        p.status for p in node.records.values() if isinstance(p.kind, Bolt11Kind) and p.direction is Direction.INBOUND
    )
    assert statuses[PaymentStatus.SUCCEEDED] >= 2
    assert statuses[PaymentStatus.FAILED] >= 2
    held_but_failed = [h for h in node.receiving.held if node.records[PaymentId(h)].status.name == "FAILED"]
    assert len(held_but_failed) == 1, "failed, then paid again"
    timed_out = [
        p for p in node.log.page(None).rows
        if p.status is PaymentStatus.PENDING and p.payment_hash not in node.receiving.held
    ]  # fmt: skip
    assert timed_out
    assert set(node.receiving.held) <= set(scenario.preimages)


def test_hodl_tense_can_be_claimed_with_its_preimages() -> None:
    scenario = build("hodl-tense")
    node = scenario.node
    payment_hash = next(iter(node.receiving.held))
    preimage = Secret(scenario.preimages[payment_hash])
    ask(node, requests.Bolt11ClaimForHash(preimage, payment_hash))
    scenario.world.advance(1)
    assert node.records[PaymentId(payment_hash)].status is PaymentStatus.SUCCEEDED


def test_big_is_big() -> None:
    scenario = build("big")
    node = scenario.node
    assert len(node.log) >= 100_000
    assert len(node.forwards) >= 5_000
    assert len(ask(node, requests.GraphListChannels())) >= 50_000
    seen, token = 0, None
    for _ in range(5):
        page = ask(node, requests.ListPayments(token))
        seen += len(page.rows)
        token = page.next_token
    assert seen == 500
    times = [payment.updated_unix for payment in node.log.page(None).rows]
    assert times == sorted(times, reverse=True)


def test_hostile_puts_every_vector_on_the_wire() -> None:
    scenario = build("hostile")
    node = scenario.node
    raw = b"".join(node.answer("ListPayments", b"") for _ in range(1))
    notes = [text for text in VECTORS if text.strip() and len(text) < 200]
    token, bodies = None, raw
    while True:
        page = ask(node, requests.ListPayments(token))
        if not page.rows:
            break
        token = page.next_token
        bodies += node.answer("ListPayments", node.dialect.encode_request(requests.ListPayments(token)))
    found = sum(text.encode("utf-8", "replace") in bodies for text in notes)
    assert found >= len(notes) * 0.9
    assert b"\x1b[2J" in node.answer("GetNodeInfo", b"")
    assert b"\x1b" in node.answer("ListPeers", b"")


def test_broken_is_wrong_in_the_ways_that_it_says() -> None:
    scenario = build("broken")
    node = scenario.node
    info = ask(node, requests.GetNodeInfo())
    assert scenario.world.now - (info.onchain_sync_unix or 0) >= 7_000, "sync late"
    assert info.height < scenario.world.chain.height
    peers = ask(node, requests.ListPeers())
    assert any(not peer.is_connected for peer in peers)
    phantoms = [channel for channel in node.channels if channel.phantom]
    assert len(phantoms) == 1
    assert phantoms[0].phase is Phase.FUNDING
    kinds = {type(row.kind) for row in ask(node, requests.ListPayments()).rows}
    assert UnknownKind in kinds
    assert scenario.faults.clock_offset_s
    assert scenario.faults.latency("GetBalances").after_s > 0


def test_unary_methods_are_those_of_the_level() -> None:
    assert "Bolt11SendUnderpaying" not in build("first-day", level=Level.L2026_04).node.methods()
    assert build("first-day").node.methods() == frozenset(RPCS) - {"SubscribeEvents"}
    with pytest.raises(GrpcStatus, match="Unknown method: Nope"):
        build("first-day").node.answer("Nope", b"")
    with pytest.raises(GrpcStatus, match="Malformed request"):
        build("first-day").node.answer("OnchainSend", b"\xff")


def test_hodl_events_tell_the_deadline() -> None:
    scenario = build("busy")
    told: list[Event] = []
    scenario.node.listeners.append(told.append)
    assert scenario.traffic is not None
    scenario.traffic.keep_going()
    scenario.world.advance(3_600)
    claimable = [event for event in told if isinstance(event, PaymentClaimable)]
    assert claimable
    assert all((event.claim_deadline or 0) > scenario.node.height - 300 for event in claimable)
