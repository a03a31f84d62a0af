"""GetBalances: sums, what is in each channel, and what is on its way out of closed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core import ids
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.model import (
    AwaitingThresholdConfirmations,
    Balances,
    BroadcastAwaitingConfirmation,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    ContentiousClaimable,
    CounterpartyRevokedOutputClaimable,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    PendingBroadcast,
    PendingSweep,
    UnknownBalance,
    UnknownSweep,
)
from ldk_tui.wire.numbers import BALANCE_SOURCE
from ldk_tui.wire.strings import raw, secret_word

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_balances(m: api04.GetBalancesResponse | api08.GetBalancesResponse) -> Balances:
    return Balances(
        total_onchain_sat=Sat(m.total_onchain_balance_sats),
        spendable_onchain_sat=Sat(m.spendable_onchain_balance_sats),
        anchor_reserve_sat=Sat(m.total_anchor_channels_reserve_sats),
        total_lightning_sat=Sat(m.total_lightning_balance_sats),
        lightning=tuple(_lightning(one) for one in m.lightning_balances),
        sweeps=tuple(_sweep(one) for one in m.pending_balances_from_channel_closures),
    )


def write_balances(out: api04.GetBalancesResponse | api08.GetBalancesResponse, balances: Balances) -> None:
    out.total_onchain_balance_sats = balances.total_onchain_sat
    out.spendable_onchain_balance_sats = balances.spendable_onchain_sat
    out.total_anchor_channels_reserve_sats = balances.anchor_reserve_sat
    out.total_lightning_balance_sats = balances.total_lightning_sat
    for balance in balances.lightning:
        _write_lightning(out.lightning_balances.add(), balance)
    for sweep in balances.sweeps:
        _write_sweep(out.pending_balances_from_channel_closures.add(), sweep)


def _lightning(m: types04.LightningBalance | types08.LightningBalance) -> LightningBalance:
    which = m.WhichOneof("balance_type")
    if which == "claimable_on_channel_close":
        close = m.claimable_on_channel_close
        return ClaimableOnChannelClose(
            channel_id=ids.channel_id(close.channel_id),
            counterparty=ids.node_id(close.counterparty_node_id),
            amount_sat=Sat(close.amount_satoshis),
            transaction_fee_sat=Sat(close.transaction_fee_satoshis),
            outbound_payment_htlc_rounded_msat=Msat(close.outbound_payment_htlc_rounded_msat),
            outbound_forwarded_htlc_rounded_msat=Msat(close.outbound_forwarded_htlc_rounded_msat),
            inbound_claiming_htlc_rounded_msat=Msat(close.inbound_claiming_htlc_rounded_msat),
            inbound_htlc_rounded_msat=Msat(close.inbound_htlc_rounded_msat),
        )
    if which == "claimable_awaiting_confirmations":
        waiting = m.claimable_awaiting_confirmations
        return ClaimableAwaitingConfirmations(
            channel_id=ids.channel_id(waiting.channel_id),
            counterparty=ids.node_id(waiting.counterparty_node_id),
            amount_sat=Sat(waiting.amount_satoshis),
            confirmation_height=waiting.confirmation_height,
            source=BALANCE_SOURCE.read(waiting.source),
        )
    if which == "contentious_claimable":
        contentious = m.contentious_claimable
        return ContentiousClaimable(
            channel_id=ids.channel_id(contentious.channel_id),
            counterparty=ids.node_id(contentious.counterparty_node_id),
            amount_sat=Sat(contentious.amount_satoshis),
            timeout_height=contentious.timeout_height,
            payment_hash=ids.payment_hash(contentious.payment_hash),
            preimage=secret_word(contentious.payment_preimage),
        )
    if which == "maybe_timeout_claimable_htlc":
        outgoing = m.maybe_timeout_claimable_htlc
        return MaybeTimeoutClaimableHtlc(
            channel_id=ids.channel_id(outgoing.channel_id),
            counterparty=ids.node_id(outgoing.counterparty_node_id),
            amount_sat=Sat(outgoing.amount_satoshis),
            claimable_height=outgoing.claimable_height,
            payment_hash=ids.payment_hash(outgoing.payment_hash),
            outbound_payment=outgoing.outbound_payment,
        )
    if which == "maybe_preimage_claimable_htlc":
        incoming = m.maybe_preimage_claimable_htlc
        return MaybePreimageClaimableHtlc(
            channel_id=ids.channel_id(incoming.channel_id),
            counterparty=ids.node_id(incoming.counterparty_node_id),
            amount_sat=Sat(incoming.amount_satoshis),
            expiry_height=incoming.expiry_height,
            payment_hash=ids.payment_hash(incoming.payment_hash),
        )
    if which == "counterparty_revoked_output_claimable":
        revoked = m.counterparty_revoked_output_claimable
        return CounterpartyRevokedOutputClaimable(
            channel_id=ids.channel_id(revoked.channel_id),
            counterparty=ids.node_id(revoked.counterparty_node_id),
            amount_sat=Sat(revoked.amount_satoshis),
        )
    return UnknownBalance()


def _write_lightning(out: types04.LightningBalance | types08.LightningBalance, balance: LightningBalance) -> None:
    if isinstance(balance, UnknownBalance):
        return
    if isinstance(balance, ClaimableOnChannelClose):
        close = out.claimable_on_channel_close
        close.transaction_fee_satoshis = balance.transaction_fee_sat
        close.outbound_payment_htlc_rounded_msat = balance.outbound_payment_htlc_rounded_msat
        close.outbound_forwarded_htlc_rounded_msat = balance.outbound_forwarded_htlc_rounded_msat
        close.inbound_claiming_htlc_rounded_msat = balance.inbound_claiming_htlc_rounded_msat
        close.inbound_htlc_rounded_msat = balance.inbound_htlc_rounded_msat
        _write_common(close, balance)
    elif isinstance(balance, ClaimableAwaitingConfirmations):
        waiting = out.claimable_awaiting_confirmations
        waiting.confirmation_height = balance.confirmation_height
        waiting.source = BALANCE_SOURCE.write(balance.source)
        _write_common(waiting, balance)
    elif isinstance(balance, ContentiousClaimable):
        contentious = out.contentious_claimable
        contentious.timeout_height = balance.timeout_height
        contentious.payment_hash = raw(balance.payment_hash)
        contentious.payment_preimage = raw(balance.preimage.reveal())
        _write_common(contentious, balance)
    elif isinstance(balance, MaybeTimeoutClaimableHtlc):
        outgoing = out.maybe_timeout_claimable_htlc
        outgoing.claimable_height = balance.claimable_height
        outgoing.payment_hash = raw(balance.payment_hash)
        outgoing.outbound_payment = balance.outbound_payment
        _write_common(outgoing, balance)
    elif isinstance(balance, MaybePreimageClaimableHtlc):
        incoming = out.maybe_preimage_claimable_htlc
        incoming.expiry_height = balance.expiry_height
        incoming.payment_hash = raw(balance.payment_hash)
        _write_common(incoming, balance)
    else:
        _write_common(out.counterparty_revoked_output_claimable, balance)


if TYPE_CHECKING:
    _Common = (
        types04.ClaimableOnChannelClose
        | types08.ClaimableOnChannelClose
        | types04.ClaimableAwaitingConfirmations
        | types08.ClaimableAwaitingConfirmations
        | types04.ContentiousClaimable
        | types08.ContentiousClaimable
        | types04.MaybeTimeoutClaimableHTLC
        | types08.MaybeTimeoutClaimableHTLC
        | types04.MaybePreimageClaimableHTLC
        | types08.MaybePreimageClaimableHTLC
        | types04.CounterpartyRevokedOutputClaimable
        | types08.CounterpartyRevokedOutputClaimable
    )
    _Known = (
        ClaimableOnChannelClose
        | ClaimableAwaitingConfirmations
        | ContentiousClaimable
        | MaybeTimeoutClaimableHtlc
        | MaybePreimageClaimableHtlc
        | CounterpartyRevokedOutputClaimable
    )


def _write_common(out: _Common, balance: _Known) -> None:
    """What every kind has. Makes `out` present even when all of it is empty: the oneof must be set."""
    out.SetInParent()
    out.channel_id = raw(balance.channel_id)
    out.counterparty_node_id = raw(balance.counterparty)
    out.amount_satoshis = balance.amount_sat


def _sweep(m: types04.PendingSweepBalance | types08.PendingSweepBalance) -> PendingSweep:
    which = m.WhichOneof("balance_type")
    if which == "pending_broadcast":
        first = m.pending_broadcast
        return PendingBroadcast(
            channel_id=ids.channel_id(first.channel_id) if first.HasField("channel_id") else None,
            amount_sat=Sat(first.amount_satoshis),
        )
    if which == "broadcast_awaiting_confirmation":
        second = m.broadcast_awaiting_confirmation
        return BroadcastAwaitingConfirmation(
            channel_id=ids.channel_id(second.channel_id) if second.HasField("channel_id") else None,
            latest_broadcast_height=second.latest_broadcast_height,
            latest_spending_txid=ids.txid(second.latest_spending_txid),
            amount_sat=Sat(second.amount_satoshis),
        )
    if which == "awaiting_threshold_confirmations":
        third = m.awaiting_threshold_confirmations
        return AwaitingThresholdConfirmations(
            channel_id=ids.channel_id(third.channel_id) if third.HasField("channel_id") else None,
            latest_spending_txid=ids.txid(third.latest_spending_txid),
            confirmation_hash=ids.block_hash(third.confirmation_hash),
            confirmation_height=third.confirmation_height,
            amount_sat=Sat(third.amount_satoshis),
        )
    return UnknownSweep()


def _write_sweep(out: types04.PendingSweepBalance | types08.PendingSweepBalance, sweep: PendingSweep) -> None:
    if isinstance(sweep, PendingBroadcast):
        first = out.pending_broadcast
        first.SetInParent()
        if sweep.channel_id is not None:
            first.channel_id = raw(sweep.channel_id)
        first.amount_satoshis = sweep.amount_sat
    elif isinstance(sweep, BroadcastAwaitingConfirmation):
        second = out.broadcast_awaiting_confirmation
        second.SetInParent()
        if sweep.channel_id is not None:
            second.channel_id = raw(sweep.channel_id)
        second.latest_broadcast_height = sweep.latest_broadcast_height
        second.latest_spending_txid = raw(sweep.latest_spending_txid)
        second.amount_satoshis = sweep.amount_sat
    elif isinstance(sweep, AwaitingThresholdConfirmations):
        third = out.awaiting_threshold_confirmations
        third.SetInParent()
        if sweep.channel_id is not None:
            third.channel_id = raw(sweep.channel_id)
        third.latest_spending_txid = raw(sweep.latest_spending_txid)
        third.confirmation_hash = raw(sweep.confirmation_hash)
        third.confirmation_height = sweep.confirmation_height
        third.amount_satoshis = sweep.amount_sat
