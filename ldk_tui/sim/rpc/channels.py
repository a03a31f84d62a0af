"""Opening, listing, configuring, splicing and closing channels (server facts 6.9), checks in the server's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import requests
from ldk_tui.core.ids import Address, NodeId, UserChannelId
from ldk_tui.core.model import Channel as ChannelRow
from ldk_tui.core.model import ChannelConfig
from ldk_tui.core.requests import AllFunds
from ldk_tui.sim import address as addresses
from ldk_tui.sim.channel import ANCHOR_RESERVE_SAT, ANCHORS_SAT, Channel, merged_config, reserve_for
from ldk_tui.sim.lifecycle import CannotSplice
from ldk_tui.sim.node import KnownPeer
from ldk_tui.sim.rpc.refusals import given, insufficient, invalid, key, no_amount, refused, socket_address
from ldk_tui.sim.rpc.refusals import user_channel_id as parse_id
from ldk_tui.sim.wallet import FUNDING_OUTPUT_WEIGHT, OUTPUT_WEIGHT, NotEnough, fee_sat

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_KEY_ERROR = "malformed public key"
_MIN_CLTV_DELTA = 48
_BASE_WEIGHT, _INPUT_WEIGHT = 42, 272
_SMALLEST_BALANCE_SAT = 2_500
_LARGEST_CHANNEL_SAT = 10 * 100_000_000


def list_channels(node: SimNode, _: requests.ListChannels) -> tuple[ChannelRow, ...]:
    return tuple(channel.row(node) for channel in node.channels)


def open_channel(node: SimNode, request: requests.OpenChannel) -> UserChannelId:
    """OK means that the negotiation has begun. It connects first, and saves the peer."""
    peer_id = key(request.node_id)
    if peer_id is None:
        raise given("public key")
    address = socket_address(request.address)
    if request.amount is None:
        raise no_amount()
    if request.config is not None:
        _check_cltv_range(request.config)
    if request.announce and request.disable_counterparty_reserve:
        raise invalid("Cannot set both `announce_channel` and `disable_counterparty_reserve`")
    world = node.world
    if not node.is_connected(peer_id) and not world.dial(node, peer_id, address):
        raise refused("Network connection closed.")
    amount_sat = _opening_amount_sat(node, request.amount)
    push_msat = int(request.push_msat or 0)
    left_sat = (amount_sat * 1000 - push_msat) // 1000
    too_small = left_sat < ANCHORS_SAT + reserve_for(amount_sat) + _SMALLEST_BALANCE_SAT
    if too_small or amount_sat > _LARGEST_CHANNEL_SAT or (request.announce and not node.announces):
        raise refused("Failed to create channel.")
    node.known_peers[peer_id] = KnownPeer(address, True)
    channel = world.lifecycle.open(
        node,
        world.nodes[peer_id],
        amount_sat,
        push_msat=push_msat,
        announced=request.announce,
        config=request.config,
        no_peer_reserve=request.disable_counterparty_reserve,
    )
    return channel.end(node).user_channel_id


def _opening_amount_sat(node: SimNode, amount: int | AllFunds) -> int:
    """What the channel will hold; 9 when the wallet has less, the reserve of the new channel included."""
    spendable_sat = node.spendable_sat() - ANCHOR_RESERVE_SAT
    if not isinstance(amount, AllFunds):
        if amount > spendable_sat:
            raise insufficient()
        return amount
    weight = _BASE_WEIGHT + _INPUT_WEIGHT * len(node.wallet.trusted()) + FUNDING_OUTPUT_WEIGHT + OUTPUT_WEIGHT
    amount_sat = spendable_sat - fee_sat(weight, max(1, node.world.feerate_sat_per_kw // 250))
    if amount_sat <= 0:
        raise insufficient()
    return amount_sat


def _check_cltv_range(config: ChannelConfig) -> None:
    if config.cltv_expiry_delta is not None and config.cltv_expiry_delta > 65_535:
        raise invalid("Invalid cltv_expiry_delta, must be between 0 and 65535")


def _find(node: SimNode, number: int) -> Channel | None:
    for channel in node.channels:
        if channel.end(node).user_channel_id == str(number):
            return channel
    return None


def _named(node: SimNode, number: int, counterparty: NodeId) -> Channel | None:
    """The channel that both ids name; None is a silent OK or a refusal, by RPC."""
    channel = _find(node, number)
    return channel if channel is not None and channel.other(node).node.node_id == counterparty else None


def _counterparty(text: str) -> NodeId:
    peer_id = key(text)
    if peer_id is None:
        raise invalid(f"Invalid counterparty node ID, error: {_KEY_ERROR}")
    return peer_id


def update_config(node: SimNode, request: requests.UpdateChannelConfig) -> None:
    channel = _find(node, parse_id(request.user_channel_id))
    if channel is None:
        raise invalid("Channel not found for given user_channel_id.")
    if request.config is None:
        raise invalid("Channel config must be provided.")
    _check_cltv_range(request.config)
    peer_id = key(request.counterparty)
    if peer_id is None:
        raise invalid(f"Invalid counterparty node id, error {_KEY_ERROR}")
    end = channel.end(node)
    config = merged_config(end.config, request.config)
    if channel.other(node).node.node_id != peer_id or (config.cltv_expiry_delta or 0) < _MIN_CLTV_DELTA:
        raise refused("Failed to update channel config: Failed to update channel config.")
    end.config = config


def close(node: SimNode, request: requests.CloseChannel) -> None:
    """A channel that does not exist, or is another peer's: OK, and nothing happens (run)."""
    number = parse_id(request.user_channel_id)
    channel = _named(node, number, _counterparty(request.counterparty))
    if channel is not None:
        node.world.lifecycle.close(channel, node)


def force_close(node: SimNode, request: requests.ForceCloseChannel) -> None:
    number = parse_id(request.user_channel_id)
    channel = _named(node, number, _counterparty(request.counterparty))
    if channel is not None:
        node.world.lifecycle.force_close(channel, node, request.reason or "")


def splice_in(node: SimNode, request: requests.SpliceIn) -> None:
    number = parse_id(request.user_channel_id)
    counterparty = _counterparty(request.counterparty)
    if request.amount is None:
        raise no_amount()
    channel = _named(node, number, counterparty)
    if channel is None:
        raise refused("Failed to splice channel.")
    amount = None if isinstance(request.amount, AllFunds) else int(request.amount)
    try:
        node.world.lifecycle.splice_in(channel, node, amount)
    except CannotSplice:
        raise refused("Failed to splice channel.") from None
    except NotEnough:
        raise insufficient() from None


def splice_out(node: SimNode, request: requests.SpliceOut) -> Address:
    """Without an address a new one of the wallet is taken, also when the splice then fails."""
    number = parse_id(request.user_channel_id)
    counterparty = _counterparty(request.counterparty)
    if request.address is None:
        target = node.wallet.new_address()
    else:
        target = request.address
        try:
            addresses.require(target, node.world.network)
        except ValueError:
            raise invalid("Address is not valid for the configured network.") from None
    channel = _named(node, number, counterparty)
    if channel is None:
        raise refused("Failed to splice channel.")
    try:
        node.world.lifecycle.splice_out(channel, node, int(request.amount_sat), target)
    except CannotSplice:
        raise refused("Failed to splice channel.") from None
    return Address(target)


HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    requests.ListChannels: list_channels,
    requests.OpenChannel: open_channel,
    requests.UpdateChannelConfig: update_config,
    requests.CloseChannel: close,
    requests.ForceCloseChannel: force_close,
    requests.SpliceIn: splice_in,
    requests.SpliceOut: splice_out,
}
