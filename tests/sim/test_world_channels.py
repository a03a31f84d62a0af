"""Channels: closes with money in flight, forced closes by height, phantoms, splices, configuration, peers."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ldk_tui.core import requests
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReasonKind, ClosureInitiator
from ldk_tui.core.ids import NodeId, PaymentId, UserChannelId, onchain_payment_id
from ldk_tui.core.model import ChannelConfig, OnchainKind, PaymentStatus
from ldk_tui.sim import payments, rpc
from ldk_tui.sim.backend import GrpcStatus
from ldk_tui.sim.channel import Channel, Phase
from ldk_tui.sim.node import SimNode
from ldk_tui.sim.scenarios.cast import join
from ldk_tui.sim.traffic import pay_invoice
from ldk_tui.sim.world import World

STRANGER = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"


class Pair:
    """alice and bob with a channel of 5,000,000 sat, 1,000,000 of them bob's."""

    def __init__(self) -> None:
        self.world = World(11)
        self.alice = self.world.add_node("alice", funds_sat=30_000_000)
        self.bob = self.world.add_node("bob", funds_sat=30_000_000)
        self.told: list[tuple[str, ChannelStateChanged]] = []
        for node in (self.alice, self.bob):
            node.listeners.append(partial(self._hear, node))
        self.channel = join(self.alice, self.bob, 5_000_000, 0.8)
        self.world.mine(6)
        self.world.advance(1)

    def _hear(self, node: SimNode, event: object) -> None:
        if isinstance(event, ChannelStateChanged):
            self.told.append((node.alias, event))

    def ask(self, node: SimNode, request: requests.Request) -> Any:
        return rpc.handle(node, request)

    def ids(self, channel: Channel | None = None, node: SimNode | None = None) -> tuple[UserChannelId, NodeId]:
        channel, node = channel or self.channel, node or self.alice
        return channel.end(node).user_channel_id, channel.other(node).node.node_id

    def states(self) -> list[tuple[str, ChannelState]]:
        return [(name, event.state) for name, event in self.told]

    def kinds(self, node: SimNode) -> list[str]:
        balances = self.ask(node, requests.GetBalances())
        return [type(each).__name__ for each in (*balances.lightning, *balances.sweeps)]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def refused(code: int, text: str) -> Any:
    class Refused:
        def __enter__(self) -> None:
            self.context = pytest.raises(GrpcStatus)
            self.caught = self.context.__enter__()

        def __exit__(self, *exception: Any) -> bool:
            swallowed = bool(self.context.__exit__(*exception))
            assert (self.caught.value.code, self.caught.value.message) == (code, text)
            return swallowed

    return Refused()


def test_the_worked_case(pair: Pair) -> None:
    (row,) = pair.ask(pair.alice, requests.ListChannels())
    assert (row.outbound_capacity_msat, row.inbound_capacity_msat) == (3_949_340_000, 950_000_000)
    (balance,) = pair.ask(pair.alice, requests.GetBalances()).lightning
    assert (balance.amount_sat, balance.transaction_fee_sat) == (3_998_778, 562)


def test_pending_then_ready_at_six_confirmations() -> None:
    world = World(12)
    alice, bob = (world.add_node(name, funds_sat=10_000_000) for name in ("alice", "bob"))
    told: list[ChannelState] = []
    alice.listeners.append(lambda event: told.append(event.state) if isinstance(event, ChannelStateChanged) else None)
    join(alice, bob, 1_000_000, 1.0)
    assert told == [ChannelState.PENDING]
    world.mine(5)
    world.advance(1)
    assert told == [ChannelState.PENDING]
    world.mine(1)
    world.advance(1)
    assert told == [ChannelState.PENDING, ChannelState.READY]


def test_cooperative_close_counts_twice_until_it_confirms(pair: Pair) -> None:
    before = pair.ask(pair.alice, requests.GetBalances())
    pair.ask(pair.alice, requests.CloseChannel(*pair.ids()))
    pair.world.advance(3)
    after = pair.ask(pair.alice, requests.GetBalances())
    assert pair.ask(pair.alice, requests.ListChannels()) == ()
    assert after.total_lightning_sat == before.total_lightning_sat
    assert after.total_onchain_sat > before.total_onchain_sat + 3_900_000
    assert after.spendable_onchain_sat == before.spendable_onchain_sat + 25_000
    assert {event.initiator for _, event in pair.told[-2:]} == {ClosureInitiator.LOCAL, ClosureInitiator.REMOTE}
    pair.world.mine(6)
    assert pair.ask(pair.alice, requests.GetBalances()).total_lightning_sat == 0
    pair.world.check_conserved()


def test_close_with_an_htlc_in_flight_waits_in_silence(pair: Pair) -> None:
    flow = pay_invoice(pair.alice, pair.bob, 20_000_000, hodl_preimage="33" * 32, padding=20)
    pair.world.advance(1)
    pair.ask(pair.alice, requests.CloseChannel(*pair.ids()))
    pair.world.advance(30)
    assert len(pair.ask(pair.alice, requests.ListChannels())) == 1
    assert ChannelState.CLOSED not in [event.state for _, event in pair.told]
    pair.bob.receiving.claim(flow.payment_hash, "33" * 32)
    pair.world.advance(2)
    assert pair.ask(pair.alice, requests.ListChannels()) == ()
    assert [state for _, state in pair.states()[-2:]] == [ChannelState.CLOSED] * 2


def test_forced_close_goes_through_its_stages_by_height(pair: Pair) -> None:
    pair.ask(pair.alice, requests.ForceCloseChannel(*pair.ids(), "stop \x1b[31m"))
    ours, theirs = (event for _, event in pair.told[-2:])
    assert ours.reason is not None
    assert theirs.reason is not None
    assert "\x1b" in ours.reason.message.raw
    assert "\x1b" not in theirs.reason.message.raw
    assert (ours.reason.kind, theirs.reason.kind) == (
        CloseReasonKind.HOLDER_FORCE_CLOSED,
        CloseReasonKind.COUNTERPARTY_FORCE_CLOSED,
    )
    assert pair.kinds(pair.alice) == ["ClaimableOnChannelClose"]
    pair.world.mine(1)
    (waiting,) = pair.ask(pair.alice, requests.GetBalances()).lightning
    assert waiting.confirmation_height == pair.alice.height + 143
    pair.world.mine(5)
    assert pair.kinds(pair.bob) == ["PendingBroadcast"], "the peer waits for six confirmations only"
    pair.world.mine(waiting.confirmation_height - pair.alice.height)
    assert pair.kinds(pair.alice) == ["PendingBroadcast"]
    seen: list[str] = []
    for _ in range(12):
        pair.world.mine(1)
        seen += [kind for kind in pair.kinds(pair.alice) if kind not in seen]
    assert seen == ["PendingBroadcast", "BroadcastAwaitingConfirmation", "AwaitingThresholdConfirmations"]
    assert pair.kinds(pair.alice) == []
    pair.world.check_conserved()


def test_an_htlc_in_a_forced_close_goes_back_when_it_expires(pair: Pair) -> None:
    flow = pay_invoice(pair.alice, pair.bob, 20_000_000, hodl_preimage="44" * 32, padding=20)
    pair.world.advance(1)
    pair.ask(pair.bob, requests.ForceCloseChannel(*pair.ids(node=pair.bob)))
    pair.world.mine(1)
    assert "MaybeTimeoutClaimableHtlc" in pair.kinds(pair.alice)
    pair.world.mine(flow.parts[0].hops[0].htlc.expiry_height - pair.alice.height)
    pair.world.advance(1)
    assert pair.alice.records[flow.payment_id].status is PaymentStatus.FAILED
    assert "MaybeTimeoutClaimableHtlc" not in pair.kinds(pair.alice)
    pair.world.check_conserved()


def test_a_stuck_payment_ends_in_a_forced_close(pair: Pair) -> None:
    pair.bob.asleep = True
    flow = pay_invoice(pair.alice, pair.bob, 20_000_000)
    pair.world.mine(flow.parts[0].hops[0].htlc.expiry_height + 3 - pair.alice.height)
    pair.world.advance(5)
    ours = next(event for name, event in pair.told if name == "alice" and event.state is ChannelState.CLOSED)
    assert ours.reason is not None
    assert ours.reason.kind is CloseReasonKind.HTLCS_TIMED_OUT
    assert ours.initiator is ClosureInitiator.UNKNOWN
    assert ours.reason.payment_hash == flow.payment_hash


def test_a_sleeper_that_wakes_lets_the_payment_through(pair: Pair) -> None:
    pair.bob.asleep = True
    flow = pay_invoice(pair.alice, pair.bob, 20_000_000)
    pair.world.advance(600)
    assert pair.alice.records[flow.payment_id].status is PaymentStatus.PENDING
    payments.wake(pair.bob)
    pair.world.advance(2)
    assert pair.alice.records[flow.payment_id].status is PaymentStatus.SUCCEEDED


def test_two_opens_within_one_wallet_sync_make_a_phantom() -> None:
    world = World(13)
    alice = world.add_node("alice", funds_sat=30_000_000)
    peers = [world.add_node(name, funds_sat=1_000_000) for name in ("bob", "carol")]
    world.clock.advance_to(alice.last_tick(2.0) + 2.01)
    for peer in peers:
        rpc.handle(alice, requests.OpenChannel(peer.node_id, peer.address, Sat(3_000_000)))
    world.advance(4)
    world.mine(30)
    rows = rpc.handle(alice, requests.ListChannels())
    assert sorted(row.confirmations for row in rows) == [0, 30]
    assert all(row.funding_txo is not None for row in rows)
    sums = rpc.handle(alice, requests.GetBalances())
    assert sums.total_lightning_sat + sums.total_onchain_sat > 30_000_000, "money that does not exist"


def test_two_sends_within_one_wallet_sync_and_the_second_never_exists() -> None:
    world = World(14)
    alice, bob = (world.add_node(name, funds_sat=10_000_000) for name in ("alice", "bob"))
    world.clock.advance_to(alice.last_tick(2.0) + 2.01)
    txids = [
        rpc.handle(alice, requests.OnchainSend(rpc.handle(bob, requests.OnchainReceive()), Sat(amount)))
        for amount in (1_000_000, 2_000_000)
    ]
    ids = [onchain_payment_id(txid) for txid in txids]
    assert all(rpc.handle(alice, requests.GetPaymentDetails(each)) is None for each in ids), "not before a sync"
    world.advance(3)
    world.mine(1)
    first, second = (rpc.handle(alice, requests.GetPaymentDetails(each)) for each in ids)
    assert second is None
    assert first.status is PaymentStatus.PENDING
    assert isinstance(first.kind, OnchainKind)
    assert first.kind.confirmed is not None
    world.mine(5)
    assert rpc.handle(alice, requests.GetPaymentDetails(ids[0])).status is PaymentStatus.SUCCEEDED
    assert len(rpc.handle(alice, requests.ListPayments()).rows) == 0


def test_splice_in_shows_nothing_until_it_locks(pair: Pair) -> None:
    pair.ask(pair.alice, requests.SpliceIn(*pair.ids(), Sat(500_000)))
    pair.world.advance(3)
    (row,) = pair.ask(pair.alice, requests.ListChannels())
    assert row.value_sat == 5_000_000
    with refused(9, "Failed to splice channel."):
        pair.ask(pair.alice, requests.SpliceIn(*pair.ids(), Sat(500_000)))
    pair.world.mine(6)
    pair.world.advance(1)
    (row,) = pair.ask(pair.alice, requests.ListChannels())
    assert row.value_sat == 5_500_001
    assert pair.states()[-2:] == [("alice", ChannelState.READY), ("bob", ChannelState.READY)]
    assert pair.told[-1][1].funding_txo == str(row.funding_txo)


def test_splice_out_without_an_address_takes_a_new_one_even_when_it_fails(pair: Pair) -> None:
    before = pair.ask(pair.alice, requests.OnchainReceive())
    with refused(9, "Failed to splice channel."):
        pair.ask(pair.alice, requests.SpliceOut(*pair.ids(), Sat(90_000_000)))
    address = pair.ask(pair.alice, requests.SpliceOut(*pair.ids(), Sat(200_000)))
    assert pair.alice.wallet.owns(address)
    assert address != before
    with refused(3, "Address is not valid for the configured network."):
        pair.ask(pair.alice, requests.SpliceOut(*pair.ids(), Sat(1), "nonsense"))


def test_silent_oks(pair: Pair) -> None:
    pair.ask(pair.alice, requests.CloseChannel(UserChannelId("1"), pair.bob.node_id))
    pair.ask(pair.alice, requests.CloseChannel(pair.ids()[0], pair.alice.node_id))
    pair.ask(pair.alice, requests.ForceCloseChannel(UserChannelId("1"), pair.bob.node_id))
    pair.ask(
        pair.alice,
        requests.DisconnectPeer(NodeId(STRANGER)),
    )
    pair.ask(pair.alice, requests.ConnectPeer(pair.bob.node_id, "127.0.0.1:1"))
    assert pair.ask(pair.alice, requests.GetPaymentDetails(PaymentId("00" * 32))) is None
    pair.world.advance(5)
    assert len(pair.alice.channels) == 1


def test_config_updates_are_partial_and_checked_in_order(pair: Pair) -> None:
    user_channel_id, peer = pair.ids()
    pair.ask(pair.alice, requests.UpdateChannelConfig(user_channel_id, peer, ChannelConfig(fee_ppm=250)))
    config = pair.ask(pair.alice, requests.ListChannels())[0].config
    assert (config.fee_ppm, config.fee_base_msat, config.cltv_expiry_delta) == (250, 1000, 72)
    with refused(3, "Channel not found for given user_channel_id."):
        pair.ask(pair.alice, requests.UpdateChannelConfig(UserChannelId("5"), peer, None))
    with refused(3, "Channel config must be provided."):
        pair.ask(pair.alice, requests.UpdateChannelConfig(user_channel_id, NodeId("zz"), None))
    with refused(3, "Invalid cltv_expiry_delta, must be between 0 and 65535"):
        request = requests.UpdateChannelConfig(user_channel_id, peer, ChannelConfig(cltv_expiry_delta=70_000))
        pair.ask(pair.alice, request)
    with refused(9, "Failed to update channel config: Failed to update channel config."):
        request = requests.UpdateChannelConfig(user_channel_id, peer, ChannelConfig(cltv_expiry_delta=10))
        pair.ask(pair.alice, request)


@pytest.mark.parametrize("text", ["", "-1", "ff", "1 ", str(1 << 128)])
def test_user_channel_ids_are_decimal_u128(pair: Pair, text: str) -> None:
    with refused(3, "Invalid UserChannelId."):
        pair.ask(pair.alice, requests.CloseChannel(UserChannelId(text), pair.bob.node_id))


def test_opening_reaches_nobody_or_is_refused(pair: Pair) -> None:
    with refused(9, "Network connection closed."):
        pair.world.hang_up(pair.alice, pair.bob)
        pair.ask(pair.alice, requests.OpenChannel(pair.bob.node_id, "127.0.0.1:1", Sat(1_000_000)))
    with refused(9, "The available funds are insufficient to complete the given operation."):
        pair.ask(pair.alice, requests.OpenChannel(pair.bob.node_id, pair.bob.address, Sat(300_000_000)))
    pair.bob.rejects_channels = True
    pair.ask(pair.alice, requests.OpenChannel(pair.bob.node_id, pair.bob.address, Sat(1_000_000)))
    pair.world.advance(1)
    assert pair.states()[-1] == ("alice", ChannelState.CLOSED)
    pair.bob.rejects_channels = False
    pair.ask(pair.alice, requests.OpenChannel(pair.bob.node_id, pair.bob.address, Sat(1_000_000), Msat(1)))
    pair.world.hang_up(pair.alice, pair.bob)
    pair.world.advance(1)
    assert pair.states()[-1] == ("alice", ChannelState.OPEN_FAILED)


def test_all_funds_leave_the_reserve(pair: Pair) -> None:
    pair.ask(pair.alice, requests.OpenChannel(pair.bob.node_id, pair.bob.address, requests.ALL_FUNDS))
    pair.world.advance(4)
    sums = pair.ask(pair.alice, requests.GetBalances())
    assert sums.anchor_reserve_sat == 50_000
    assert sums.total_onchain_sat >= 50_000
    assert sums.spendable_onchain_sat < 1_000


def test_a_saved_peer_is_dialled_again_and_a_forgotten_one_is_not() -> None:
    world = World(15)
    alice, bob, carol = (world.add_node(name) for name in ("alice", "bob", "carol"))
    rpc.handle(alice, requests.ConnectPeer(bob.node_id, bob.address, persist=True))
    rpc.handle(alice, requests.ConnectPeer(carol.node_id, carol.address))
    bob.stop()
    carol.stop()
    world.advance(5)
    assert [(p.node_id, p.is_connected) for p in rpc.handle(alice, requests.ListPeers())] == [(bob.node_id, False)]
    bob.start()
    carol.start()
    world.advance(61)
    assert [(p.node_id, p.is_connected) for p in rpc.handle(alice, requests.ListPeers())] == [(bob.node_id, True)]
    rpc.handle(alice, requests.DisconnectPeer(bob.node_id))
    world.advance(61)
    assert rpc.handle(alice, requests.ListPeers()) == ()


def test_the_funding_times_out_for_the_accepting_end() -> None:
    world = World(16)
    alice = world.add_node("alice", funds_sat=30_000_000)
    peers = [world.add_node(name, funds_sat=1_000_000) for name in ("bob", "carol")]
    world.clock.advance_to(alice.last_tick(2.0) + 2.01)
    for peer in peers:
        rpc.handle(alice, requests.OpenChannel(peer.node_id, peer.address, Sat(3_000_000)))
    world.advance(4)
    told: list[ChannelStateChanged] = []
    peers[1].listeners.append(lambda event: told.append(event) if isinstance(event, ChannelStateChanged) else None)
    world.mine(2_016, seen=False)
    world.advance(4)
    assert [event.state for event in told] == [ChannelState.OPEN_FAILED]
    phantom = next(channel for channel in alice.channels if channel.phantom)
    assert phantom.phase is Phase.FUNDING
