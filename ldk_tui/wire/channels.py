"""ListChannels and the policy of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ldk_tui.core import ids
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.model import Channel, ChannelConfig, DustFeeRateMultiplier, FixedDustLimit, OutPoint, PeerPolicy
from ldk_tui.wire.fields import u32, u64
from ldk_tui.wire.strings import raw

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_channels(m: api04.ListChannelsResponse | api08.ListChannelsResponse) -> tuple[Channel, ...]:
    return tuple(_channel(one) for one in m.channels)


def write_channels(out: api04.ListChannelsResponse | api08.ListChannelsResponse, channels: Iterable[Channel]) -> None:
    for channel in channels:
        _write_channel(out.channels.add(), channel)


def _channel(m: types04.Channel | types08.Channel) -> Channel:
    return Channel(
        channel_id=ids.channel_id(m.channel_id),
        counterparty=ids.node_id(m.counterparty_node_id),
        user_channel_id=ids.user_channel_id(m.user_channel_id),
        funding_txo=OutPoint(ids.txid(m.funding_txo.txid), m.funding_txo.vout) if m.HasField("funding_txo") else None,
        value_sat=Sat(m.channel_value_sats),
        our_reserve_sat=(
            Sat(m.unspendable_punishment_reserve) if m.HasField("unspendable_punishment_reserve") else None
        ),
        their_reserve_sat=Sat(m.counterparty_unspendable_punishment_reserve),
        feerate_sat_per_kw=m.feerate_sat_per_1000_weight,
        outbound_capacity_msat=Msat(m.outbound_capacity_msat),
        inbound_capacity_msat=Msat(m.inbound_capacity_msat),
        confirmations_required=m.confirmations_required if m.HasField("confirmations_required") else None,
        confirmations=m.confirmations if m.HasField("confirmations") else None,
        is_outbound=m.is_outbound,
        is_ready=m.is_channel_ready,
        is_usable=m.is_usable,
        is_announced=m.is_announced,
        config=read_config(m.channel_config) if m.HasField("channel_config") else None,
        next_outbound_htlc_limit_msat=Msat(m.next_outbound_htlc_limit_msat),
        next_outbound_htlc_minimum_msat=Msat(m.next_outbound_htlc_minimum_msat),
        force_close_spend_delay=m.force_close_spend_delay if m.HasField("force_close_spend_delay") else None,
        inbound_htlc_minimum_msat=(
            Msat(m.counterparty_outbound_htlc_minimum_msat)
            if m.HasField("counterparty_outbound_htlc_minimum_msat")
            else None
        ),
        inbound_htlc_maximum_msat=(
            Msat(m.counterparty_outbound_htlc_maximum_msat)
            if m.HasField("counterparty_outbound_htlc_maximum_msat")
            else None
        ),
        peer_policy=_peer_policy(m),
    )


def _peer_policy(m: types04.Channel | types08.Channel) -> PeerPolicy:
    return PeerPolicy(
        fee_base_msat=(
            m.counterparty_forwarding_info_fee_base_msat
            if m.HasField("counterparty_forwarding_info_fee_base_msat")
            else None
        ),
        fee_ppm=(
            m.counterparty_forwarding_info_fee_proportional_millionths
            if m.HasField("counterparty_forwarding_info_fee_proportional_millionths")
            else None
        ),
        cltv_expiry_delta=(
            m.counterparty_forwarding_info_cltv_expiry_delta
            if m.HasField("counterparty_forwarding_info_cltv_expiry_delta")
            else None
        ),
    )


def _write_channel(out: types04.Channel | types08.Channel, channel: Channel) -> None:
    out.channel_id = raw(channel.channel_id)
    out.counterparty_node_id = raw(channel.counterparty)
    out.user_channel_id = raw(channel.user_channel_id)
    if channel.funding_txo is not None:
        out.funding_txo.SetInParent()
        out.funding_txo.txid = raw(channel.funding_txo.txid)
        out.funding_txo.vout = channel.funding_txo.vout
    if channel.our_reserve_sat is not None:
        out.unspendable_punishment_reserve = channel.our_reserve_sat
    out.channel_value_sats = channel.value_sat
    out.feerate_sat_per_1000_weight = channel.feerate_sat_per_kw
    out.outbound_capacity_msat = channel.outbound_capacity_msat
    out.inbound_capacity_msat = channel.inbound_capacity_msat
    if channel.confirmations_required is not None:
        out.confirmations_required = channel.confirmations_required
    if channel.confirmations is not None:
        out.confirmations = channel.confirmations
    out.is_outbound = channel.is_outbound
    out.is_channel_ready = channel.is_ready
    out.is_usable = channel.is_usable
    out.is_announced = channel.is_announced
    if channel.config is not None:
        write_config(out.channel_config, channel.config)
    out.next_outbound_htlc_limit_msat = channel.next_outbound_htlc_limit_msat
    out.next_outbound_htlc_minimum_msat = channel.next_outbound_htlc_minimum_msat
    if channel.force_close_spend_delay is not None:
        out.force_close_spend_delay = channel.force_close_spend_delay
    if channel.inbound_htlc_minimum_msat is not None:
        out.counterparty_outbound_htlc_minimum_msat = channel.inbound_htlc_minimum_msat
    if channel.inbound_htlc_maximum_msat is not None:
        out.counterparty_outbound_htlc_maximum_msat = channel.inbound_htlc_maximum_msat
    out.counterparty_unspendable_punishment_reserve = channel.their_reserve_sat
    policy = channel.peer_policy
    if policy.fee_base_msat is not None:
        out.counterparty_forwarding_info_fee_base_msat = policy.fee_base_msat
    if policy.fee_ppm is not None:
        out.counterparty_forwarding_info_fee_proportional_millionths = policy.fee_ppm
    if policy.cltv_expiry_delta is not None:
        out.counterparty_forwarding_info_cltv_expiry_delta = policy.cltv_expiry_delta


def read_config(m: types04.ChannelConfig | types08.ChannelConfig) -> ChannelConfig:
    which = m.WhichOneof("max_dust_htlc_exposure")
    exposure: FixedDustLimit | DustFeeRateMultiplier | None = None
    if which == "fixed_limit_msat":
        exposure = FixedDustLimit(Msat(m.fixed_limit_msat))
    elif which == "fee_rate_multiplier":
        exposure = DustFeeRateMultiplier(m.fee_rate_multiplier)
    return ChannelConfig(
        fee_ppm=(
            m.forwarding_fee_proportional_millionths if m.HasField("forwarding_fee_proportional_millionths") else None
        ),
        fee_base_msat=m.forwarding_fee_base_msat if m.HasField("forwarding_fee_base_msat") else None,
        cltv_expiry_delta=m.cltv_expiry_delta if m.HasField("cltv_expiry_delta") else None,
        force_close_avoidance_max_fee_sat=(
            Sat(m.force_close_avoidance_max_fee_satoshis)
            if m.HasField("force_close_avoidance_max_fee_satoshis")
            else None
        ),
        accept_underpaying_htlcs=m.accept_underpaying_htlcs if m.HasField("accept_underpaying_htlcs") else None,
        max_dust_htlc_exposure=exposure,
    )


def write_config(out: types04.ChannelConfig | types08.ChannelConfig, config: ChannelConfig) -> None:
    """Fills `out` and makes it present, even when nothing is set. Raises BadInput for a number out of range."""
    out.SetInParent()
    if config.fee_ppm is not None:
        out.forwarding_fee_proportional_millionths = u32(config.fee_ppm, "fee in parts per million")
    if config.fee_base_msat is not None:
        out.forwarding_fee_base_msat = u32(config.fee_base_msat, "base fee in millisatoshi")
    if config.cltv_expiry_delta is not None:
        out.cltv_expiry_delta = u32(config.cltv_expiry_delta, "CLTV expiry delta in blocks")
    if config.force_close_avoidance_max_fee_sat is not None:
        out.force_close_avoidance_max_fee_satoshis = u64(
            config.force_close_avoidance_max_fee_sat, "force-close avoidance fee in satoshi"
        )
    if config.accept_underpaying_htlcs is not None:
        out.accept_underpaying_htlcs = config.accept_underpaying_htlcs
    exposure = config.max_dust_htlc_exposure
    if isinstance(exposure, FixedDustLimit):
        out.fixed_limit_msat = u64(exposure.limit_msat, "dust limit in millisatoshi")
    elif isinstance(exposure, DustFeeRateMultiplier):
        out.fee_rate_multiplier = u64(exposure.multiplier, "fee rate multiplier of the dust limit")
