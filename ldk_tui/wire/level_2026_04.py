"""Level 2026-04: what only this level says, and its dialect (server facts 1.3, 1.4).

An own kind for just-in-time invoices, flat forwards, `send_all`, features with `is_known` in invoices and offers only,
no channel events, no keysend records, no claim deadline. `network` came later: a server that does not send it may be on
any chain, so absent is unknown. A mainnet server leaves it out as well, and so does `encode_answer`.
"""

from __future__ import annotations

from ldk_tui.core import events as core_events
from ldk_tui.core import ids
from ldk_tui.core import requests as core
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.errors import BadInput, NotSupported
from ldk_tui.core.model import (
    BlindedPath,
    Bolt11Kind,
    DecodedOffer,
    ForwardedPayment,
    GraphNode,
    HtlcLocator,
    Level,
    LspFeeLimits,
    Network,
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
from ldk_tui.wire.ask import Ask, read_route, write_channel_key
from ldk_tui.wire.fields import identifier, u64
from ldk_tui.wire.level import LevelDialect
from ldk_tui.wire.numbers import NETWORK
from ldk_tui.wire.strings import raw, secret_word
from ldk_tui.wire.v2026_04 import api_pb2 as api
from ldk_tui.wire.v2026_04 import events_pb2 as events
from ldk_tui.wire.v2026_04 import types_pb2 as types

# --- answers ------------------------------------------------------------------------------------------------------


def _node_info(m: api.GetNodeInfoResponse) -> NodeInfo:
    return node.read_node_info(m, NETWORK.read(m.network) if m.HasField("network") else None, {})


def _write_node_info(out: api.GetNodeInfoResponse, info: NodeInfo) -> None:
    node.write_node_info(out, info)
    if info.network not in (None, Network.BITCOIN):
        out.network = NETWORK.write(info.network)


def _bolt11(m: types.PaymentKind) -> PaymentKind:
    which = m.WhichOneof("kind")
    if which == "bolt11":
        return Bolt11Kind(
            payment_hash=ids.payment_hash(m.bolt11.hash),
            preimage=secret_word(m.bolt11.preimage) if m.bolt11.HasField("preimage") else None,
            payment_secret=Secret(m.bolt11.secret) if m.bolt11.HasField("secret") else None,
        )
    if which == "bolt11_jit":
        jit = m.bolt11_jit
        skimmed = Msat(jit.counterparty_skimmed_fee_msat) if jit.HasField("counterparty_skimmed_fee_msat") else None
        return Bolt11Kind(
            payment_hash=ids.payment_hash(jit.hash),
            preimage=secret_word(jit.preimage) if jit.HasField("preimage") else None,
            payment_secret=Secret(jit.secret) if jit.HasField("secret") else None,
            skimmed_fee_msat=skimmed,
            lsp_fee_limits=_limits(jit.lsp_fee_limits),
        )
    return UnknownKind()


def _limits(m: types.LSPFeeLimits) -> LspFeeLimits:
    """Never None for a just-in-time payment, even without limits: their presence is what tells the two kinds apart."""
    ppm = m.max_proportional_opening_fee_ppm_msat
    return LspFeeLimits(
        Msat(m.max_total_opening_fee_msat) if m.HasField("max_total_opening_fee_msat") else None,
        ppm if m.HasField("max_proportional_opening_fee_ppm_msat") else None,
    )


def _write_bolt11(out: types.PaymentKind, kind: Bolt11Kind) -> None:
    limits = kind.lsp_fee_limits
    bolt11 = out.bolt11 if limits is None else out.bolt11_jit
    bolt11.SetInParent()
    bolt11.hash = raw(kind.payment_hash)
    if kind.preimage is not None:
        bolt11.preimage = raw(kind.preimage.reveal())
    if kind.payment_secret is not None:
        bolt11.secret = kind.payment_secret.reveal()
    if limits is None:
        return  # a skimmed fee has no place in this kind
    jit = out.bolt11_jit
    jit.lsp_fee_limits.SetInParent()
    if limits.max_total_opening_fee_msat is not None:
        jit.lsp_fee_limits.max_total_opening_fee_msat = limits.max_total_opening_fee_msat
    if limits.max_proportional_opening_fee_ppm_msat is not None:
        jit.lsp_fee_limits.max_proportional_opening_fee_ppm_msat = limits.max_proportional_opening_fee_ppm_msat
    if kind.skimmed_fee_msat is not None:
        jit.counterparty_skimmed_fee_msat = kind.skimmed_fee_msat


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
    outgoing = m.next_user_channel_id if m.HasField("next_user_channel_id") else None
    return ForwardedPayment(
        previous=_part(m.prev_channel_id, m.prev_user_channel_id or None, m.prev_node_id),
        next=_part(m.next_channel_id, outgoing, m.next_node_id),
        total_fee_earned_msat=Msat(m.total_fee_earned_msat) if m.HasField("total_fee_earned_msat") else None,
        skimmed_fee_msat=Msat(m.skimmed_fee_msat) if m.HasField("skimmed_fee_msat") else None,
        claim_from_onchain_tx=m.claim_from_onchain_tx,
        outbound_amount_msat=(
            Msat(m.outbound_amount_forwarded_msat) if m.HasField("outbound_amount_forwarded_msat") else None
        ),
    )


def _part(channel_id: str, user_channel_id: str | None, node_id: str) -> tuple[HtlcLocator, ...]:
    """This level says one part a side; a side that is empty altogether has none."""
    if not channel_id and user_channel_id is None and not node_id:
        return ()
    return (
        HtlcLocator(
            channel_id=ids.channel_id(channel_id),
            user_channel_id=None if user_channel_id is None else ids.user_channel_id(user_channel_id),
            node_id=ids.node_id(node_id) if node_id else None,
        ),
    )


def _write_forward(out: types.ForwardedPayment, forward: ForwardedPayment) -> None:
    """Only the first part of each side: the level has no place for more."""
    out.SetInParent()
    for part in forward.previous[:1]:
        out.prev_channel_id = raw(part.channel_id)
        out.prev_user_channel_id = raw(part.user_channel_id or "")
        out.prev_node_id = raw(part.node_id or "")
    for part in forward.next[:1]:
        out.next_channel_id = raw(part.channel_id)
        if part.user_channel_id is not None:
            out.next_user_channel_id = raw(part.user_channel_id)
        out.next_node_id = raw(part.node_id or "")
    if forward.total_fee_earned_msat is not None:
        out.total_fee_earned_msat = forward.total_fee_earned_msat
    if forward.skimmed_fee_msat is not None:
        out.skimmed_fee_msat = forward.skimmed_fee_msat
    out.claim_from_onchain_tx = forward.claim_from_onchain_tx
    if forward.outbound_amount_msat is not None:
        out.outbound_amount_forwarded_msat = forward.outbound_amount_msat


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
    return BlindedPath(
        introduction_node=ids.node_id(m.introduction_node_id) if m.HasField("introduction_node_id") else None,
        introduction_scid=ids.ShortChannelId(m.introduction_scid) if m.HasField("introduction_scid") else None,
        introduction_side=None,
        blinding_point=clean(m.blinding_point),
        hops=m.num_hops,
    )


def _write_offer(out: api.DecodeOfferResponse, offer: DecodedOffer) -> None:
    invoices.write_offer(out, offer)
    for path in offer.paths:
        entry = out.paths.add()
        if path.introduction_node is not None:
            entry.introduction_node_id = raw(path.introduction_node)
        if path.introduction_scid is not None:
            entry.introduction_scid = path.introduction_scid
        entry.blinding_point, entry.num_hops = raw(path.blinding_point), path.hops


def _graph_node(m: api.GraphGetNodeResponse) -> GraphNode:
    return graph.read_node(m.node, {})


def _write_graph_node(out: api.GraphGetNodeResponse, value: GraphNode) -> None:
    graph.write_node(out.node, value)


# --- requests -----------------------------------------------------------------------------------------------------


def _amount(value: Sat | core.AllFunds | None, what: str, method: str) -> int:
    """The amount of a call that on this level takes nothing but a number."""
    if isinstance(value, core.AllFunds):
        raise NotSupported(
            f"A server of level 2026-04 cannot do {method} with all funds: give an amount, or update the server."
        )
    if value is None:
        raise BadInput(f"The {what} is missing.")
    return u64(value, what)


def _write_onchain_send(out: api.OnchainSendRequest, request: core.OnchainSend) -> None:
    out.address = identifier(request.address, "address")
    if request.amount is core.ALL_FUNDS:
        out.send_all = True
    elif request.amount is not None:
        out.amount_sats = u64(request.amount, "amount in satoshi")
    if request.fee_rate_sat_per_vb is not None:
        out.fee_rate_sat_per_vb = u64(request.fee_rate_sat_per_vb, "fee rate in sat/vB")


def _onchain_send(m: api.OnchainSendRequest) -> core.OnchainSend:
    """Both or neither of the two is no amount, which the server refuses with one and the same text."""
    amount: Sat | core.AllFunds | None = None
    if m.send_all != m.HasField("amount_sats"):
        amount = core.ALL_FUNDS if m.send_all else Sat(m.amount_sats)
    return core.OnchainSend(
        address=m.address,
        amount=amount,
        fee_rate_sat_per_vb=m.fee_rate_sat_per_vb if m.HasField("fee_rate_sat_per_vb") else None,
    )


def _write_open(out: api.OpenChannelRequest, request: core.OpenChannel) -> None:
    requests.write_open(out, request)
    out.channel_amount_sats = _amount(request.amount, "channel size in satoshi", "OpenChannel")


def _open(m: api.OpenChannelRequest) -> core.OpenChannel:
    return requests.read_open(m, Sat(m.channel_amount_sats))


def _write_splice_in(out: api.SpliceInRequest, request: core.SpliceIn) -> None:
    write_channel_key(out, request)
    out.splice_amount_sats = _amount(request.amount, "amount in satoshi", "SpliceIn")


def _splice_in(m: api.SpliceInRequest) -> core.SpliceIn:
    return core.SpliceIn(
        ids.UserChannelId(m.user_channel_id), ids.NodeId(m.counterparty_node_id), Sat(m.splice_amount_sats)
    )


def _write_spontaneous(out: api.SpontaneousSendRequest, request: core.SpontaneousSend) -> None:
    if request.custom_tlvs:
        raise NotSupported("A server of level 2026-04 cannot send records with a keysend payment: send it without.")
    if request.preimage is not None:
        raise NotSupported(
            "A server of level 2026-04 draws the preimage of a keysend payment itself and would ignore ours, so the "
            "payment could not be looked up after a lost answer. Update the server, or send without an own preimage."
        )
    requests.write_spontaneous(out, request)


def _spontaneous(m: api.SpontaneousSendRequest) -> core.SpontaneousSend:
    return core.SpontaneousSend(
        amount_msat=Msat(m.amount_msat),
        node_id=ids.NodeId(m.node_id),
        route=read_route(m.route_parameters) if m.HasField("route_parameters") else None,
    )


# --- events -------------------------------------------------------------------------------------------------------


def _read_event(m: events.EventEnvelope) -> core_events.Event:
    which = m.WhichOneof("event")
    if which == "payment_received" and m.payment_received.HasField("payment"):
        return core_events.PaymentReceived(_payment(m.payment_received.payment))
    if which == "payment_successful" and m.payment_successful.HasField("payment"):
        return core_events.PaymentSuccessful(_payment(m.payment_successful.payment))
    if which == "payment_failed" and m.payment_failed.HasField("payment"):
        return core_events.PaymentFailed(_payment(m.payment_failed.payment))
    if which == "payment_claimable" and m.payment_claimable.HasField("payment"):
        return core_events.PaymentClaimable(_payment(m.payment_claimable.payment))
    if which == "payment_forwarded" and m.payment_forwarded.HasField("forwarded_payment"):
        return core_events.PaymentForwarded(_forward(m.payment_forwarded.forwarded_payment))
    return core_events.UnknownEvent()


def _write_event(out: events.EventEnvelope, event: core_events.Event) -> bool:
    """False for a channel event, which this level does not have."""
    if isinstance(event, core_events.PaymentReceived):
        _write_payment(out.payment_received.payment, event.payment)
    elif isinstance(event, core_events.PaymentSuccessful):
        _write_payment(out.payment_successful.payment, event.payment)
    elif isinstance(event, core_events.PaymentFailed):
        _write_payment(out.payment_failed.payment, event.payment)
    elif isinstance(event, core_events.PaymentClaimable):
        _write_payment(out.payment_claimable.payment, event.payment)
    elif isinstance(event, core_events.PaymentForwarded):
        _write_forward(out.payment_forwarded.forwarded_payment, event.forward)
    elif isinstance(event, core_events.ChannelStateChanged):
        return False
    else:
        assert isinstance(event, core_events.UnknownEvent)  # the oneof stays unset
    return True


def dialect() -> LevelDialect:
    """The dialect of level 2026-04."""
    return LevelDialect(
        Level.L2026_04,
        api=api,
        envelope=events.EventEnvelope,
        requests={
            **requests.SHARED,
            "OnchainSend": Ask(_write_onchain_send, _onchain_send),
            "OpenChannel": Ask(_write_open, _open),
            "SpliceIn": Ask(_write_splice_in, _splice_in),
            "SpontaneousSend": Ask(_write_spontaneous, _spontaneous),
        },
        answers={
            **answers.SHARED,
            "GetNodeInfo": Answer(_node_info, _write_node_info),
            "GetPaymentDetails": Answer(_details, _write_details),
            "ListPayments": Answer(_payment_page, _write_payment_page),
            "ListForwardedPayments": Answer(_forward_page, _write_forward_page),
            "DecodeOffer": Answer(_offer, _write_offer),
            "GraphGetNode": Answer(_graph_node, _write_graph_node),
        },
        read_event=_read_event,
        write_event=_write_event,
    )
