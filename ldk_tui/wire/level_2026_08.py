"""Level 2026-08: what only this level says, and its dialect (server facts 1.3, 1.4).

Kinds of payments by their numbers since 2026-06-12, forwards in parts, amount oneofs with `all_funds`, keysend records
and own preimages, features everywhere, channel events. An absent network means mainnet here.
"""

from __future__ import annotations

from ldk_tui.core import events as core_events
from ldk_tui.core import ids
from ldk_tui.core import requests as core
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.model import (
    BlindedPath,
    Bolt11Kind,
    CustomTlv,
    DecodedOffer,
    ForwardedPayment,
    GraphNode,
    HtlcLocator,
    Level,
    NodeInfo,
    Page,
    Payment,
    PaymentKind,
    UnknownKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import clean
from ldk_tui.wire import answers, graph, invoices, node, payments, requests
from ldk_tui.wire.answers import Answer
from ldk_tui.wire.ask import Ask, read_route, write_channel_key, write_route
from ldk_tui.wire.channel_events import read_channel_event, write_channel_event
from ldk_tui.wire.fields import identifier, u64, utf8
from ldk_tui.wire.level import LevelDialect
from ldk_tui.wire.numbers import CHANNEL_SIDE, NETWORK
from ldk_tui.wire.strings import raw, secret_word
from ldk_tui.wire.v2026_08 import api_pb2 as api
from ldk_tui.wire.v2026_08 import events_pb2 as events
from ldk_tui.wire.v2026_08 import types_pb2 as types

# --- answers ------------------------------------------------------------------------------------------------------


def _node_info(m: api.GetNodeInfoResponse) -> NodeInfo:
    return node.read_node_info(m, NETWORK.read(m.network), node.read_features(m.features))


def _write_node_info(out: api.GetNodeInfoResponse, info: NodeInfo) -> None:
    node.write_node_info(out, info)
    if info.network is not None:
        out.network = NETWORK.write(info.network)
    node.write_features(out.features, info.features)


def _bolt11(m: types.PaymentKind) -> PaymentKind:
    if m.WhichOneof("kind") != "bolt11":
        return UnknownKind()
    bolt11 = m.bolt11
    return Bolt11Kind(
        payment_hash=ids.payment_hash(bolt11.hash),
        preimage=secret_word(bolt11.preimage) if bolt11.HasField("preimage") else None,
        payment_secret=Secret(bolt11.secret) if bolt11.HasField("secret") else None,
        skimmed_fee_msat=(
            Msat(bolt11.counterparty_skimmed_fee_msat) if bolt11.HasField("counterparty_skimmed_fee_msat") else None
        ),
    )


def _write_bolt11(out: types.PaymentKind, kind: Bolt11Kind) -> None:
    bolt11 = out.bolt11
    bolt11.SetInParent()
    bolt11.hash = raw(kind.payment_hash)
    if kind.preimage is not None:
        bolt11.preimage = raw(kind.preimage.reveal())
    if kind.payment_secret is not None:
        bolt11.secret = kind.payment_secret.reveal()
    if kind.skimmed_fee_msat is not None:
        bolt11.counterparty_skimmed_fee_msat = kind.skimmed_fee_msat


def _payment(m: types.Payment) -> Payment:
    return payments.read_payment(m, _bolt11)


def _write_payment(out: types.Payment, payment: Payment) -> None:
    out.SetInParent()
    payments.write_payment(out, payment, _write_bolt11)


def _details(m: api.GetPaymentDetailsResponse) -> Payment | None:
    return _payment(m.payment) if m.HasField("payment") else None


def _write_details(out: api.GetPaymentDetailsResponse, payment: Payment | None) -> None:
    if payment is not None:
        _write_payment(out.payment, payment)


def _payment_page(m: api.ListPaymentsResponse) -> Page[Payment]:
    token = payments.read_token(m.next_page_token) if m.HasField("next_page_token") else None
    return Page(tuple(_payment(one) for one in m.payments), token)


def _write_payment_page(out: api.ListPaymentsResponse, page: Page[Payment]) -> None:
    for payment in page.rows:
        _write_payment(out.payments.add(), payment)
    if page.next_token is not None:
        payments.write_token(out.next_page_token, page.next_token)


def _forward(m: types.ForwardedPayment) -> ForwardedPayment:
    return ForwardedPayment(
        previous=tuple(_locator(one) for one in m.prev_htlcs),
        next=tuple(_locator(one) for one in m.next_htlcs),
        total_fee_earned_msat=Msat(m.total_fee_earned_msat) if m.HasField("total_fee_earned_msat") else None,
        skimmed_fee_msat=Msat(m.skimmed_fee_msat) if m.HasField("skimmed_fee_msat") else None,
        claim_from_onchain_tx=m.claim_from_onchain_tx,
        outbound_amount_msat=(
            Msat(m.outbound_amount_forwarded_msat) if m.HasField("outbound_amount_forwarded_msat") else None
        ),
    )


def _locator(m: types.HtlcLocator) -> HtlcLocator:
    return HtlcLocator(
        channel_id=ids.channel_id(m.channel_id),
        user_channel_id=ids.user_channel_id(m.user_channel_id) if m.HasField("user_channel_id") else None,
        node_id=ids.node_id(m.node_id) if m.HasField("node_id") else None,
    )


def _write_forward(out: types.ForwardedPayment, forward: ForwardedPayment) -> None:
    out.SetInParent()
    if forward.total_fee_earned_msat is not None:
        out.total_fee_earned_msat = forward.total_fee_earned_msat
    if forward.skimmed_fee_msat is not None:
        out.skimmed_fee_msat = forward.skimmed_fee_msat
    out.claim_from_onchain_tx = forward.claim_from_onchain_tx
    if forward.outbound_amount_msat is not None:
        out.outbound_amount_forwarded_msat = forward.outbound_amount_msat
    for part in forward.previous:
        _write_locator(out.prev_htlcs.add(), part)
    for part in forward.next:
        _write_locator(out.next_htlcs.add(), part)


def _write_locator(out: types.HtlcLocator, part: HtlcLocator) -> None:
    out.channel_id = raw(part.channel_id)
    if part.user_channel_id is not None:
        out.user_channel_id = raw(part.user_channel_id)
    if part.node_id is not None:
        out.node_id = raw(part.node_id)


def _forward_page(m: api.ListForwardedPaymentsResponse) -> Page[ForwardedPayment]:
    token = payments.read_token(m.next_page_token) if m.HasField("next_page_token") else None
    return Page(tuple(_forward(one) for one in m.forwarded_payments), token)


def _write_forward_page(out: api.ListForwardedPaymentsResponse, page: Page[ForwardedPayment]) -> None:
    for forward in page.rows:
        _write_forward(out.forwarded_payments.add(), forward)
    if page.next_token is not None:
        payments.write_token(out.next_page_token, page.next_token)


def _offer(m: api.DecodeOfferResponse) -> DecodedOffer:
    return invoices.read_offer(m, map(_path, m.paths))


def _path(m: types.BlindedPath) -> BlindedPath:
    which = m.WhichOneof("introduction_node")
    directed = which == "directed_scid"
    return BlindedPath(
        introduction_node=ids.node_id(m.node_id) if which == "node_id" else None,
        introduction_scid=ids.ShortChannelId(m.directed_scid.scid) if directed else None,
        introduction_side=CHANNEL_SIDE.read(m.directed_scid.direction) if directed else None,
        blinding_point=clean(m.blinding_point),
        hops=m.num_hops,
    )


def _write_offer(out: api.DecodeOfferResponse, offer: DecodedOffer) -> None:
    invoices.write_offer(out, offer)
    for path in offer.paths:
        entry = out.paths.add()
        if path.introduction_node is not None:
            entry.node_id = raw(path.introduction_node)
        elif path.introduction_scid is not None:
            entry.directed_scid.SetInParent()
            entry.directed_scid.scid = path.introduction_scid
            if path.introduction_side is not None:
                entry.directed_scid.direction = CHANNEL_SIDE.write(path.introduction_side)
        entry.blinding_point, entry.num_hops = raw(path.blinding_point), path.hops


def _graph_node(m: api.GraphGetNodeResponse) -> GraphNode:
    return graph.read_node(m.node, node.read_features(m.node.announcement_info.features))


def _write_graph_node(out: api.GraphGetNodeResponse, value: GraphNode) -> None:
    graph.write_node(out.node, value)
    if value.announcement is not None:
        node.write_features(out.node.announcement_info.features, value.announcement.features)


# --- requests -----------------------------------------------------------------------------------------------------


def _write_onchain_send(out: api.OnchainSendRequest, request: core.OnchainSend) -> None:
    out.address = identifier(request.address, "address")
    if request.amount is core.ALL_FUNDS:
        out.all_funds.SetInParent()
    elif request.amount is not None:
        out.amount_sats = u64(request.amount, "amount in satoshi")
    if request.fee_rate_sat_per_vb is not None:
        out.fee_rate_sat_per_vb = u64(request.fee_rate_sat_per_vb, "fee rate in sat/vB")


def _onchain_send(m: api.OnchainSendRequest) -> core.OnchainSend:
    which = m.WhichOneof("amount")
    return core.OnchainSend(
        address=m.address,
        amount=Sat(m.amount_sats) if which == "amount_sats" else core.ALL_FUNDS if which == "all_funds" else None,
        fee_rate_sat_per_vb=m.fee_rate_sat_per_vb if m.HasField("fee_rate_sat_per_vb") else None,
    )


def _write_open(out: api.OpenChannelRequest, request: core.OpenChannel) -> None:
    requests.write_open(out, request)
    if request.amount is core.ALL_FUNDS:
        out.all_funds.SetInParent()
    elif request.amount is not None:
        out.channel_amount_sats = u64(request.amount, "channel size in satoshi")


def _open(m: api.OpenChannelRequest) -> core.OpenChannel:
    which = m.WhichOneof("amount")
    return requests.read_open(
        m,
        Sat(m.channel_amount_sats)
        if which == "channel_amount_sats"
        else core.ALL_FUNDS
        if which == "all_funds"
        else None,
    )


def _write_splice_in(out: api.SpliceInRequest, request: core.SpliceIn) -> None:
    write_channel_key(out, request)
    if request.amount is core.ALL_FUNDS:
        out.all_funds.SetInParent()
    elif request.amount is not None:
        out.splice_amount_sats = u64(request.amount, "amount in satoshi")


def _splice_in(m: api.SpliceInRequest) -> core.SpliceIn:
    which = m.WhichOneof("amount")
    return core.SpliceIn(
        ids.UserChannelId(m.user_channel_id),
        ids.NodeId(m.counterparty_node_id),
        Sat(m.splice_amount_sats)
        if which == "splice_amount_sats"
        else core.ALL_FUNDS
        if which == "all_funds"
        else None,
    )


def _write_spontaneous(out: api.SpontaneousSendRequest, request: core.SpontaneousSend) -> None:
    requests.write_spontaneous(out, request)
    for record in request.custom_tlvs:
        row = out.custom_tlvs.add()
        row.type_num, row.value = u64(record.type, "type of a record"), record.value
    if request.preimage is not None:
        out.preimage = utf8(request.preimage.reveal(), "preimage")


def _spontaneous(m: api.SpontaneousSendRequest) -> core.SpontaneousSend:
    return core.SpontaneousSend(
        amount_msat=Msat(m.amount_msat),
        node_id=ids.NodeId(m.node_id),
        route=read_route(m.route_parameters) if m.HasField("route_parameters") else None,
        custom_tlvs=tuple(CustomTlv(one.type_num, one.value) for one in m.custom_tlvs),
        preimage=Secret(m.preimage) if m.HasField("preimage") else None,
    )


def _write_underpaying(out: api.Bolt11SendUnderpayingRequest, request: core.Bolt11SendUnderpaying) -> None:
    out.invoice = utf8(request.invoice, "invoice")
    out.amount_msat = u64(request.amount_msat, "amount in millisatoshi")
    if request.route is not None:
        write_route(out.route_parameters, request.route)


def _underpaying(m: api.Bolt11SendUnderpayingRequest) -> core.Bolt11SendUnderpaying:
    return core.Bolt11SendUnderpaying(
        m.invoice,
        Msat(m.amount_msat),
        read_route(m.route_parameters) if m.HasField("route_parameters") else None,
    )


# --- events -------------------------------------------------------------------------------------------------------


def _read_event(m: events.EventEnvelope) -> core_events.Event:
    which = m.WhichOneof("event")
    if which == "payment_received" and m.payment_received.HasField("payment"):
        received = m.payment_received
        records = tuple(CustomTlv(one.type_num, one.value) for one in received.custom_records)
        return core_events.PaymentReceived(_payment(received.payment), records)
    if which == "payment_successful" and m.payment_successful.HasField("payment"):
        return core_events.PaymentSuccessful(_payment(m.payment_successful.payment))
    if which == "payment_failed" and m.payment_failed.HasField("payment"):
        return core_events.PaymentFailed(_payment(m.payment_failed.payment))
    if which == "payment_claimable" and m.payment_claimable.HasField("payment"):
        claimable = m.payment_claimable
        return core_events.PaymentClaimable(
            _payment(claimable.payment),
            tuple(CustomTlv(one.type_num, one.value) for one in claimable.custom_records),
            claimable.claim_deadline if claimable.HasField("claim_deadline") else None,
        )
    if which == "payment_forwarded" and m.payment_forwarded.HasField("forwarded_payment"):
        return core_events.PaymentForwarded(_forward(m.payment_forwarded.forwarded_payment))
    if which == "channel_state_changed":
        return read_channel_event(m.channel_state_changed)
    return core_events.UnknownEvent()


def _write_event(out: events.EventEnvelope, event: core_events.Event) -> bool:
    if isinstance(event, core_events.PaymentReceived):
        _write_payment(out.payment_received.payment, event.payment)
        for record in event.custom_records:
            out.payment_received.custom_records.add(type_num=record.type, value=record.value)
    elif isinstance(event, core_events.PaymentSuccessful):
        _write_payment(out.payment_successful.payment, event.payment)
    elif isinstance(event, core_events.PaymentFailed):
        _write_payment(out.payment_failed.payment, event.payment)
    elif isinstance(event, core_events.PaymentClaimable):
        claimable = out.payment_claimable
        _write_payment(claimable.payment, event.payment)
        for record in event.custom_records:
            claimable.custom_records.add(type_num=record.type, value=record.value)
        if event.claim_deadline is not None:
            claimable.claim_deadline = event.claim_deadline
    elif isinstance(event, core_events.PaymentForwarded):
        _write_forward(out.payment_forwarded.forwarded_payment, event.forward)
    elif isinstance(event, core_events.ChannelStateChanged):
        write_channel_event(out.channel_state_changed, event)
    else:
        assert isinstance(event, core_events.UnknownEvent)  # the oneof stays unset
    return True


def dialect() -> LevelDialect:
    """The dialect of level 2026-08."""
    return LevelDialect(
        Level.L2026_08,
        api=api,
        envelope=events.EventEnvelope,
        requests={
            **requests.SHARED,
            "OnchainSend": Ask(_write_onchain_send, _onchain_send),
            "OpenChannel": Ask(_write_open, _open),
            "SpliceIn": Ask(_write_splice_in, _splice_in),
            "SpontaneousSend": Ask(_write_spontaneous, _spontaneous),
            "Bolt11SendUnderpaying": Ask(_write_underpaying, _underpaying),
        },
        answers={
            **answers.SHARED,
            "GetNodeInfo": Answer(_node_info, _write_node_info),
            "Bolt11SendUnderpaying": answers.PAYMENT_ID,
            "GetPaymentDetails": Answer(_details, _write_details),
            "ListPayments": Answer(_payment_page, _write_payment_page),
            "ListForwardedPayments": Answer(_forward_page, _write_forward_page),
            "DecodeOffer": Answer(_offer, _write_offer),
            "GraphGetNode": Answer(_graph_node, _write_graph_node),
        },
        read_event=_read_event,
        write_event=_write_event,
    )
