"""The recorded life of three real nodes, lived again in a simulated world: the same calls give the same answers.

Every recorded call is translated (node ids, channel ids, hashes, invoices, addresses are other ones here) and made; its
status and text must be the recorded ones, refused inputs above all. The sums of GetBalances, the capacities of
ListChannels and the records of GetPaymentDetails must be the recorded numbers, and each node must tell of the same
events in the same order.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.core import requests
from ldk_tui.core.events import ChannelStateChanged, Event
from ldk_tui.core.ids import ShortChannelId, onchain_payment_id
from ldk_tui.core.model import Balances, Channel, GraphChannel, Level, Network, OnchainKind, Payment
from ldk_tui.core.secret import Secret
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.world import World
from ldk_tui.wire.dialect import Dialect, dialect_for

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
CODES = {
    "OK": 0,
    "INVALID_ARGUMENT": 3,
    "FAILED_PRECONDITION": 9,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAUTHENTICATED": 16,
}


@dataclasses.dataclass(frozen=True)
class Recording:
    """A file, and what it does not tell: before which line coins came, and untold blocks (second, height)."""

    name: str
    level: Level
    fund_before: int
    blocks: tuple[tuple[float, int], ...] = ()
    poor: tuple[str, ...] = ()
    lsp: tuple[str, str] | None = None

    @property
    def dialect(self) -> Dialect:
        return dialect_for(self.level)


MAIN = Recording("calls-2026-08.jsonl", Level.L2026_08, 24, ((60.0, 128), (70.0, 134), (90.0, 141)))
JIT = Recording(
    "calls-2026-08-jit.jsonl", Level.L2026_08, 4, ((14.0, 119), (25.0, 127), (53.9, 135)), ("alice",), ("alice", "bob")
)
OLD = Recording("calls-2026-04.jsonl", Level.L2026_04, 8, ((8.0, 478), (15.0, 486)))
Result = tuple[int, str, Any, Any]


@dataclasses.dataclass
class Line:
    number: int
    at: float
    node: str
    method: str
    request: bytes
    status: str
    message: str
    response: bytes


def _lines(recording: Recording) -> tuple[list[Line], dict[str, list[Event]]]:
    calls: list[Line] = []
    events: dict[str, list[Event]] = {}
    for number, text in enumerate((RECORDINGS / recording.name).read_text().splitlines()):
        entry = json.loads(text)
        if "kind" in entry:
            events.setdefault(entry["node"], []).append(recording.dialect.decode_event(bytes.fromhex(entry["event"])))
        else:
            calls.append(
                Line(
                    number,
                    entry["at"],
                    entry["node"],
                    entry["method"],
                    bytes.fromhex(entry["request"] or ""),
                    entry["status"],
                    entry["message"] or "",
                    bytes.fromhex(entry["response"] or ""),
                )
            )
    return calls, events


class Life:
    """The world that lives the recording, and what each recorded string is called in it."""

    def __init__(self, recording: Recording, calls: list[Line]) -> None:
        self.recording = recording
        self.dialect = recording.dialect
        infos = [line for line in calls if line.method == "GetNodeInfo" and line.status == "OK"]
        first = self.dialect.decode_answer("GetNodeInfo", infos[0].response)
        self.world = World(7, network=Network.REGTEST, height=first.best_block.height)
        self.began = self.world.now
        self.names: dict[str, str] = {}
        self.nodes: dict[str, SimNode] = {}
        self.told: dict[str, list[Event]] = {}
        for line in infos:
            if line.node not in self.nodes:
                self._meet(line)
        if recording.lsp is not None:
            if "alice" not in self.nodes:
                self._add("alice", "127.0.0.1:19735")
            client, service = recording.lsp
            self.nodes[client].lsp = self.nodes[service]
        for at, height in recording.blocks:
            self.world.clock.at(self.began + at, partial(self.mine_to, height))

    def _meet(self, line: Line) -> None:
        info = self.dialect.decode_answer("GetNodeInfo", line.response)
        self._add(line.node, str(info.listening_addresses[0]))
        self.names[info.node_id] = self.nodes[line.node].node_id

    def _add(self, name: str, address: str) -> None:
        node = self.world.add_node(name, address=address, level=self.recording.level)
        self.nodes[name] = node
        self.told[name] = []
        node.listeners.append(self.told[name].append)

    def translate(self, value: Any) -> Any:
        """A request of the recording with the ids of this world."""
        if isinstance(value, Secret):
            return Secret(self.translate(value.reveal()))
        if isinstance(value, str):
            translated = self.names.get(value, value)
            for recorded, ours in self.names.items() if "?" in value else ():
                translated = translated.replace(recorded, ours)
            return translated
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changes = {f.name: self.translate(getattr(value, f.name)) for f in dataclasses.fields(value)}
            return dataclasses.replace(value, **changes)
        return value

    def learn(self, recorded: Any, ours: Any) -> None:
        """What the recorded server called so, this world calls so."""
        if isinstance(recorded, str):
            self.names[str(recorded)] = str(ours)
        elif isinstance(recorded, Secret):
            self.learn(recorded.reveal(), ours.reveal())
        elif dataclasses.is_dataclass(recorded) and not isinstance(recorded, type):
            for each in dataclasses.fields(recorded):
                value = getattr(recorded, each.name)
                if value is not None and not isinstance(value, dict | tuple):
                    self.learn(value, getattr(ours, each.name))

    def wait_until(self, at: float) -> None:
        """The recording's own pauses: two on-chain sends within one wallet sync are one of its subjects."""
        self.world.clock.advance_to(self.began + at)

    def fund(self) -> None:
        for name, node in self.nodes.items():
            if name not in self.recording.poor:
                self.world.chain.mint(node.wallet.new_address(), 100_000_000)

    def mine_to(self, height: int) -> None:
        """The recorder mined many blocks faster than the nodes looked; few, one by one."""
        blocks = max(0, height - self.world.chain.height)
        if blocks <= 20:
            self.world.mine(blocks)
            return
        self.world.mine(blocks, seen=False)
        for node in self.nodes.values():
            node.sync()

    def same_channel(self, recorded: GraphChannel) -> ShortChannelId:
        """The short channel id of the channel between the same nodes with the same capacity."""
        gossip = self.world.gossip
        pair = {self.names[recorded.node_one], self.names[recorded.node_two]}
        for scid in gossip.scids():
            ours = gossip.channel(scid)
            if ours and {ours.node_one, ours.node_two} == pair and ours.capacity_sat == recorded.capacity_sat:
                return scid
        raise AssertionError("the graph lacks a recorded channel")

    def call(self, line: Line) -> tuple[int, str, Any, Any]:
        """The status, text, request and answer that this world gives."""
        request = self.translate(self.dialect.decode_request(line.method, line.request))
        if isinstance(request, requests.GraphGetChannel) and line.status == "OK":
            request = requests.GraphGetChannel(
                self.same_channel(self.dialect.decode_answer(line.method, line.response))
            )
        body = self.dialect.encode_request(request) if line.status == "OK" else None
        try:
            if body is None:
                from ldk_tui.sim import rpc

                answer = rpc.handle(self.nodes[line.node], request)
            else:
                answer = self.dialect.decode_answer(line.method, self.nodes[line.node].answer(line.method, body))
        except GrpcStatus as status:
            return status.code, status.message, request, None
        return 0, "", request, answer


def _facts_of_payment(payment: Payment | None) -> tuple[Any, ...] | None:
    if payment is None:
        return None
    kind = payment.kind
    confirmed = isinstance(kind, OnchainKind) and kind.confirmed is not None
    known = getattr(kind, "preimage", None) is not None
    facts = (type(kind).__name__, payment.amount_msat, payment.fee_paid_msat, payment.direction, payment.status)
    return (*facts, confirmed, known)


def _facts_of_channels(channels: tuple[Channel, ...]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            c.value_sat,
            c.outbound_capacity_msat,
            c.inbound_capacity_msat,
            c.our_reserve_sat,
            c.their_reserve_sat,
            c.next_outbound_htlc_limit_msat,
            c.inbound_htlc_maximum_msat,
            c.is_ready,
            c.is_usable,
            c.is_announced,
            c.is_outbound,
            c.config,
            c.peer_policy,
            c.force_close_spend_delay,
        )
        for c in channels
    )


def _facts_of_balances(b: Balances) -> tuple[Any, ...]:
    kinds = Counter(type(each).__name__ for each in (*b.lightning, *b.sweeps))
    amounts = Counter(getattr(each, "amount_sat", None) for each in (*b.lightning, *b.sweeps))
    return (b.total_onchain_sat, b.spendable_onchain_sat, b.anchor_reserve_sat, b.total_lightning_sat, kinds, amounts)


def _facts_of_event(event: Event) -> tuple[Any, ...]:
    if isinstance(event, ChannelStateChanged):
        reason = event.reason
        text = None if reason is None else (reason.kind, reason.message.raw, reason.detail and reason.detail.raw)
        return ("channel", event.state, text, event.initiator, event.funding_txo is not None)
    payment = getattr(event, "payment", None)
    if payment is None:
        return (type(event).__name__,)
    return (type(event).__name__, _facts_of_payment(payment), getattr(event, "custom_records", ()))


def relive(recording: Recording) -> tuple[Life, list[tuple[Line, Result]]]:
    """Make every recorded call; what the recorded server named, learn the name of here."""
    calls, _ = _lines(recording)
    calls = [line for line in calls if line.status != "UNAUTHENTICATED"]
    life = Life(recording, calls)
    results = []
    for line in calls:
        if line.number == recording.fund_before:
            life.fund()
        life.wait_until(line.at)
        if line.method == "GetNodeInfo" and line.status == "OK":
            life.mine_to(life.dialect.decode_answer("GetNodeInfo", line.response).best_block.height)
        result = life.call(line)
        results.append((line, result))
        if line.status == "OK" and result[0] == 0 and line.response:
            recorded = life.dialect.decode_answer(line.method, line.response)
            if line.method in LEARNED:
                life.learn(recorded, result[3])
            if line.method in ("OnchainSend", "UnifiedSend"):
                txid, ours = getattr(recorded, "txid", recorded), getattr(result[3], "txid", result[3])
                if txid and ours:
                    life.names[onchain_payment_id(txid)] = onchain_payment_id(ours)
    life.world.advance(5)
    life.world.check_conserved()
    return life, results


@pytest.fixture(scope="module", params=[MAIN, JIT, OLD], ids=lambda recording: str(recording.name))
def life(request: pytest.FixtureRequest) -> tuple[Life, list[tuple[Line, Result]]]:
    return relive(request.param)


LEARNED = {
    "OnchainReceive",
    "OpenChannel",
    "Bolt11Receive",
    "Bolt11ReceiveForHash",
    "Bolt11ReceiveViaJitChannel",
    "Bolt11ReceiveVariableAmountViaJitChannel",
    "Bolt11Send",
    "Bolt12Receive",
    "Bolt12Send",
    "SpontaneousSend",
    "OnchainSend",
    "UnifiedSend",
    "SpliceOut",
    "SignMessage",
}


def test_every_recorded_call_gets_the_recorded_status_and_text(life: Any) -> None:
    wrong = [
        (line.number, line.node, line.method, (line.status, line.message), result[:2])
        for line, result in life[1]
        if (CODES[line.status], line.message if line.status != "OK" else "") != result[:2]
    ]
    assert wrong == []


def test_sums_of_balances_are_the_recorded_ones(life: Any) -> None:
    compared = 0
    for line, (_, _, _, answer) in life[1]:
        if line.method == "GetBalances":
            recorded = life[0].dialect.decode_answer("GetBalances", line.response)
            assert _facts_of_balances(answer) == _facts_of_balances(recorded), (line.number, line.node)
            compared += 1
    assert compared == {MAIN: 42, JIT: 3, OLD: 3}[life[0].recording]


def test_capacities_and_limits_are_the_recorded_ones(life: Any) -> None:
    for line, (_, _, _, answer) in life[1]:
        if line.method == "ListChannels":
            recorded = life[0].dialect.decode_answer("ListChannels", line.response)
            assert _facts_of_channels(answer) == _facts_of_channels(recorded), (line.number, line.node)


def test_payment_records_are_the_recorded_ones(life: Any) -> None:
    for line, (_, _, _, answer) in life[1]:
        if line.method == "GetPaymentDetails" and line.status == "OK":
            recorded = life[0].dialect.decode_answer("GetPaymentDetails", line.response)
            assert _facts_of_payment(answer) == _facts_of_payment(recorded), (line.number, line.node)


def test_each_node_tells_of_the_recorded_events_in_their_order(life: Any) -> None:
    _, events = _lines(life[0].recording)
    for name, recorded in events.items():
        level_has = life[0].dialect.encode_event
        ours = [_facts_of_event(event) for event in life[0].told[name] if level_has(event) is not None]
        theirs = Counter(_facts_of_event(event) for event in recorded)
        if life[0].recording is JIT:  # its subscriptions began after the first channel
            assert Counter(ours) & theirs == theirs, name
        else:
            assert Counter(ours) == theirs, name


def test_list_payments_pages_hold_the_recorded_rows(life: Any) -> None:
    for line, (_, _, _, answer) in life[1]:
        if line.method == "ListPayments" and not (line.request and line.number > 600):
            recorded = life[0].dialect.decode_answer("ListPayments", line.response)
            assert Counter(map(_facts_of_payment, answer.rows)) == Counter(map(_facts_of_payment, recorded.rows)), (
                line.number
            )
            assert (answer.next_token is None) == (recorded.next_token is None)


def test_peers_are_the_recorded_ones(life: Any) -> None:
    for line, (_, _, _, answer) in life[1]:
        if line.method == "ListPeers":
            recorded = life[0].dialect.decode_answer("ListPeers", line.response)
            ours = Counter((peer.node_id, peer.is_persisted, peer.is_connected) for peer in answer)
            theirs = Counter((life[0].names[p.node_id], p.is_persisted, p.is_connected) for p in recorded)
            assert ours == theirs, (line.number, line.node)


def test_the_recording_holds_all_kinds_of_refusals() -> None:
    """If it were cut short, the tests above would say nothing."""
    refused = [line for line in _lines(MAIN)[0] if line.status != "OK"]
    assert len(refused) >= 35
    assert {line.method for line in refused} >= {"Bolt11Send", "OpenChannel", "OnchainSend", "SpliceIn", "UnifiedSend"}
