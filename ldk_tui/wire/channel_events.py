"""ChannelStateChanged: level 2026-08 and later.

Core keeps the reason's details flat. Which message they came in follows from the reason's kind, as the server itself
does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core import ids
from ldk_tui.core.events import ChannelStateChanged, CloseReason, CloseReasonKind
from ldk_tui.core.text import SafeText, clean
from ldk_tui.wire.numbers import CHANNEL_STATE, CLOSE_REASON, CLOSURE_INITIATOR
from ldk_tui.wire.strings import raw

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_08 import events_pb2 as events


def read_channel_event(m: events.ChannelStateChanged) -> ChannelStateChanged:
    return ChannelStateChanged(
        channel_id=ids.channel_id(m.channel_id),
        user_channel_id=ids.user_channel_id(m.user_channel_id),
        counterparty=ids.node_id(m.counterparty_node_id) if m.HasField("counterparty_node_id") else None,
        state=CHANNEL_STATE.read(m.state),
        funding_txo=clean(m.funding_txo) if m.HasField("funding_txo") else None,
        reason=_reason(m.reason) if m.HasField("reason") else None,
        initiator=CLOSURE_INITIATOR.read(m.closure_initiator),
    )


def write_channel_event(out: events.ChannelStateChanged, event: ChannelStateChanged) -> None:
    out.SetInParent()
    out.channel_id, out.user_channel_id = raw(event.channel_id), raw(event.user_channel_id)
    if event.counterparty is not None:
        out.counterparty_node_id = raw(event.counterparty)
    out.state = CHANNEL_STATE.write(event.state)
    if event.funding_txo is not None:
        out.funding_txo = raw(event.funding_txo)
    if event.reason is not None:
        _write_reason(out.reason, event.reason)
    out.closure_initiator = CLOSURE_INITIATOR.write(event.initiator)


def _reason(m: events.ChannelStateChangeReason) -> CloseReason:
    kind, message = CLOSE_REASON.read(m.kind), clean(m.message, "text")
    which = m.WhichOneof("details")
    if which == "counterparty_force_closed":
        return CloseReason(kind, message, detail=clean(m.counterparty_force_closed.peer_msg, "text"))
    if which == "holder_force_closed":
        ours = m.holder_force_closed
        return CloseReason(
            kind,
            message,
            detail=clean(ours.message, "text"),
            broadcasted_latest_txn=ours.broadcasted_latest_txn if ours.HasField("broadcasted_latest_txn") else None,
        )
    if which == "processing_error":
        return CloseReason(kind, message, detail=clean(m.processing_error.err, "text"))
    if which == "htlcs_timed_out":
        htlc = m.htlcs_timed_out
        return CloseReason(
            kind, message, payment_hash=ids.payment_hash(htlc.payment_hash) if htlc.HasField("payment_hash") else None
        )
    if which == "peer_feerate_too_low":
        rates = m.peer_feerate_too_low
        return CloseReason(
            kind,
            message,
            peer_feerate_sat_per_kw=rates.peer_feerate_sat_per_kw,
            required_feerate_sat_per_kw=rates.required_feerate_sat_per_kw,
        )
    return CloseReason(kind, message)


def _write_reason(out: events.ChannelStateChangeReason, reason: CloseReason) -> None:
    out.SetInParent()
    out.kind, out.message = CLOSE_REASON.write(reason.kind), raw(reason.message)
    detail = raw(reason.detail if reason.detail is not None else SafeText())
    if reason.kind is CloseReasonKind.COUNTERPARTY_FORCE_CLOSED:
        out.counterparty_force_closed.SetInParent()
        out.counterparty_force_closed.peer_msg = detail
    elif reason.kind is CloseReasonKind.HOLDER_FORCE_CLOSED:
        out.holder_force_closed.SetInParent()
        out.holder_force_closed.message = detail
        if reason.broadcasted_latest_txn is not None:
            out.holder_force_closed.broadcasted_latest_txn = reason.broadcasted_latest_txn
    elif reason.kind is CloseReasonKind.PROCESSING_ERROR:
        out.processing_error.SetInParent()
        out.processing_error.err = detail
    elif reason.kind is CloseReasonKind.HTLCS_TIMED_OUT:
        out.htlcs_timed_out.SetInParent()
        if reason.payment_hash is not None:
            out.htlcs_timed_out.payment_hash = raw(reason.payment_hash)
    elif reason.kind is CloseReasonKind.PEER_FEERATE_TOO_LOW:
        rates = out.peer_feerate_too_low
        rates.SetInParent()
        rates.peer_feerate_sat_per_kw = reason.peer_feerate_sat_per_kw or 0
        rates.required_feerate_sat_per_kw = reason.required_feerate_sat_per_kw or 0
