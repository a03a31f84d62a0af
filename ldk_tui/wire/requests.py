"""The requests that both levels take alike, both ways.

Writing checks range and form of each field and raises BadInput. Reading is the server's half: it takes what came,
because refusing it with the right text is the server's work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ldk_tui.core import requests as core
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId, ShortChannelId, UserChannelId
from ldk_tui.core.model import PageToken
from ldk_tui.core.secret import Secret
from ldk_tui.wire.ask import (
    EMPTY_FIELD_2,
    ZERO_FIELD_3,
    Ask,
    read_description,
    read_route,
    write_amount,
    write_channel_key,
    write_description,
    write_route,
)
from ldk_tui.wire.channels import read_config, write_config
from ldk_tui.wire.fields import i64, identifier, u32, u64, utf8

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08


def _empty(kind: Callable[[], core.Request]) -> Ask:
    def write(_out: Any, _request: core.Request) -> None:
        return None

    def read(_m: Any) -> core.Request:
        return kind()

    return Ask(write, read)


def _write_bolt11_receive(
    out: api04.Bolt11ReceiveRequest | api08.Bolt11ReceiveRequest, request: core.Bolt11Receive
) -> None:
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.description is not None:
        write_description(out.description, request.description)
    out.expiry_secs = u32(request.expiry_s, "expiry in seconds")


def _read_bolt11_receive(m: api04.Bolt11ReceiveRequest | api08.Bolt11ReceiveRequest) -> core.Bolt11Receive:
    return core.Bolt11Receive(
        expiry_s=m.expiry_secs,
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        description=read_description(m.description),
    )


def _write_receive_for_hash(
    out: api04.Bolt11ReceiveForHashRequest | api08.Bolt11ReceiveForHashRequest, request: core.Bolt11ReceiveForHash
) -> None:
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.description is not None:
        write_description(out.description, request.description)
    out.expiry_secs = u32(request.expiry_s, "expiry in seconds")
    out.payment_hash = identifier(request.payment_hash, "payment hash")


def _read_receive_for_hash(
    m: api04.Bolt11ReceiveForHashRequest | api08.Bolt11ReceiveForHashRequest,
) -> core.Bolt11ReceiveForHash:
    return core.Bolt11ReceiveForHash(
        payment_hash=PaymentHash(m.payment_hash),
        expiry_s=m.expiry_secs,
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        description=read_description(m.description),
    )


def _write_claim(
    out: api04.Bolt11ClaimForHashRequest | api08.Bolt11ClaimForHashRequest, request: core.Bolt11ClaimForHash
) -> None:
    if request.payment_hash is not None:
        out.payment_hash = identifier(request.payment_hash, "payment hash")
    if request.claimable_amount_msat is not None:
        out.claimable_amount_msat = u64(request.claimable_amount_msat, "claimable amount in millisatoshi")
    out.preimage = utf8(request.preimage.reveal(), "preimage")


def _read_claim(m: api04.Bolt11ClaimForHashRequest | api08.Bolt11ClaimForHashRequest) -> core.Bolt11ClaimForHash:
    return core.Bolt11ClaimForHash(
        preimage=Secret(m.preimage),
        payment_hash=PaymentHash(m.payment_hash) if m.HasField("payment_hash") else None,
        claimable_amount_msat=Msat(m.claimable_amount_msat) if m.HasField("claimable_amount_msat") else None,
    )


def _write_fail(
    out: api04.Bolt11FailForHashRequest | api08.Bolt11FailForHashRequest, request: core.Bolt11FailForHash
) -> None:
    out.payment_hash = identifier(request.payment_hash, "payment hash")


def _read_fail(m: api04.Bolt11FailForHashRequest | api08.Bolt11FailForHashRequest) -> core.Bolt11FailForHash:
    return core.Bolt11FailForHash(PaymentHash(m.payment_hash))


def _write_jit(
    out: api04.Bolt11ReceiveViaJitChannelRequest | api08.Bolt11ReceiveViaJitChannelRequest,
    request: core.Bolt11ReceiveViaJitChannel,
) -> None:
    write_amount(request.amount_msat, out)
    if request.description is not None:
        write_description(out.description, request.description)
    out.expiry_secs = u32(request.expiry_s, "expiry in seconds")
    if request.max_total_lsp_fee_limit_msat is not None:
        out.max_total_lsp_fee_limit_msat = u64(request.max_total_lsp_fee_limit_msat, "LSP fee limit in millisatoshi")


def _read_jit(
    m: api04.Bolt11ReceiveViaJitChannelRequest | api08.Bolt11ReceiveViaJitChannelRequest,
) -> core.Bolt11ReceiveViaJitChannel:
    limit = Msat(m.max_total_lsp_fee_limit_msat) if m.HasField("max_total_lsp_fee_limit_msat") else None
    return core.Bolt11ReceiveViaJitChannel(Msat(m.amount_msat), m.expiry_secs, read_description(m.description), limit)


def _write_variable_jit(
    out: api04.Bolt11ReceiveVariableAmountViaJitChannelRequest | api08.Bolt11ReceiveVariableAmountViaJitChannelRequest,
    request: core.Bolt11ReceiveVariableAmountViaJitChannel,
) -> None:
    if request.description is not None:
        write_description(out.description, request.description)
    out.expiry_secs = u32(request.expiry_s, "expiry in seconds")
    if request.max_proportional_lsp_fee_limit_ppm_msat is not None:
        out.max_proportional_lsp_fee_limit_ppm_msat = u64(
            request.max_proportional_lsp_fee_limit_ppm_msat, "LSP fee limit in parts per million"
        )


def _read_variable_jit(
    m: api04.Bolt11ReceiveVariableAmountViaJitChannelRequest | api08.Bolt11ReceiveVariableAmountViaJitChannelRequest,
) -> core.Bolt11ReceiveVariableAmountViaJitChannel:
    limit = m.max_proportional_lsp_fee_limit_ppm_msat
    return core.Bolt11ReceiveVariableAmountViaJitChannel(
        m.expiry_secs,
        read_description(m.description),
        limit if m.HasField("max_proportional_lsp_fee_limit_ppm_msat") else None,
    )


def _write_bolt11_send(out: api04.Bolt11SendRequest | api08.Bolt11SendRequest, request: core.Bolt11Send) -> None:
    out.invoice = utf8(request.invoice, "invoice")
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.route is not None:
        write_route(out.route_parameters, request.route)


def _read_bolt11_send(m: api04.Bolt11SendRequest | api08.Bolt11SendRequest) -> core.Bolt11Send:
    return core.Bolt11Send(
        m.invoice,
        Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        read_route(m.route_parameters) if m.HasField("route_parameters") else None,
    )


def _write_bolt12_receive(
    out: api04.Bolt12ReceiveRequest | api08.Bolt12ReceiveRequest, request: core.Bolt12Receive
) -> None:
    out.description = utf8(request.description, "description")
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.expiry_s is not None:
        out.expiry_secs = u32(request.expiry_s, "expiry in seconds")
    if request.quantity is not None:
        out.quantity = u64(request.quantity, "quantity")


def _read_bolt12_receive(m: api04.Bolt12ReceiveRequest | api08.Bolt12ReceiveRequest) -> core.Bolt12Receive:
    return core.Bolt12Receive(
        description=m.description,
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        expiry_s=m.expiry_secs if m.HasField("expiry_secs") else None,
        quantity=m.quantity if m.HasField("quantity") else None,
    )


def _write_bolt12_send(out: api04.Bolt12SendRequest | api08.Bolt12SendRequest, request: core.Bolt12Send) -> None:
    out.offer = utf8(request.offer, "offer")
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.quantity is not None:
        out.quantity = u64(request.quantity, "quantity")
    if request.payer_note is not None:
        out.payer_note = utf8(request.payer_note, "payer note")
    if request.route is not None:
        write_route(out.route_parameters, request.route)


def _read_bolt12_send(m: api04.Bolt12SendRequest | api08.Bolt12SendRequest) -> core.Bolt12Send:
    return core.Bolt12Send(
        offer=m.offer,
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        quantity=m.quantity if m.HasField("quantity") else None,
        payer_note=m.payer_note if m.HasField("payer_note") else None,
        route=read_route(m.route_parameters) if m.HasField("route_parameters") else None,
    )


def write_spontaneous(
    out: api04.SpontaneousSendRequest | api08.SpontaneousSendRequest, request: core.SpontaneousSend
) -> None:
    """What both levels can say of it."""
    write_amount(request.amount_msat, out)
    out.node_id = identifier(request.node_id, "node id")
    if request.route is not None:
        write_route(out.route_parameters, request.route)


def write_open(out: api04.OpenChannelRequest | api08.OpenChannelRequest, request: core.OpenChannel) -> None:
    """All but the amount, which the levels say differently."""
    out.node_pubkey = identifier(request.node_id, "node id")
    out.address = utf8(request.address, "address")
    if request.push_msat is not None:
        out.push_to_counterparty_msat = u64(request.push_msat, "pushed amount in millisatoshi")
    if request.config is not None:
        write_config(out.channel_config, request.config)
    out.announce_channel = request.announce
    out.disable_counterparty_reserve = request.disable_counterparty_reserve


def read_open(
    m: api04.OpenChannelRequest | api08.OpenChannelRequest, amount: Sat | core.AllFunds | None
) -> core.OpenChannel:
    return core.OpenChannel(
        node_id=NodeId(m.node_pubkey),
        address=m.address,
        amount=amount,
        push_msat=Msat(m.push_to_counterparty_msat) if m.HasField("push_to_counterparty_msat") else None,
        config=read_config(m.channel_config) if m.HasField("channel_config") else None,
        announce=m.announce_channel,
        disable_counterparty_reserve=m.disable_counterparty_reserve,
    )


def _write_splice_out(out: api04.SpliceOutRequest | api08.SpliceOutRequest, request: core.SpliceOut) -> None:
    write_channel_key(out, request)
    if request.address is not None:
        out.address = identifier(request.address, "address")
    out.splice_amount_sats = u64(request.amount_sat, "amount in satoshi")


def _read_splice_out(m: api04.SpliceOutRequest | api08.SpliceOutRequest) -> core.SpliceOut:
    return core.SpliceOut(
        UserChannelId(m.user_channel_id),
        NodeId(m.counterparty_node_id),
        Sat(m.splice_amount_sats),
        m.address if m.HasField("address") else None,
    )


def _write_update(
    out: api04.UpdateChannelConfigRequest | api08.UpdateChannelConfigRequest, request: core.UpdateChannelConfig
) -> None:
    write_channel_key(out, request)
    if request.config is not None:
        write_config(out.channel_config, request.config)


def _read_update(
    m: api04.UpdateChannelConfigRequest | api08.UpdateChannelConfigRequest,
) -> core.UpdateChannelConfig:
    config = read_config(m.channel_config) if m.HasField("channel_config") else None
    return core.UpdateChannelConfig(UserChannelId(m.user_channel_id), NodeId(m.counterparty_node_id), config)


def _read_close(m: api04.CloseChannelRequest | api08.CloseChannelRequest) -> core.CloseChannel:
    return core.CloseChannel(UserChannelId(m.user_channel_id), NodeId(m.counterparty_node_id))


def _write_force_close(
    out: api04.ForceCloseChannelRequest | api08.ForceCloseChannelRequest, request: core.ForceCloseChannel
) -> None:
    write_channel_key(out, request)
    if request.reason is not None:
        out.force_close_reason = utf8(request.reason, "reason")


def _read_force_close(
    m: api04.ForceCloseChannelRequest | api08.ForceCloseChannelRequest,
) -> core.ForceCloseChannel:
    reason = m.force_close_reason if m.HasField("force_close_reason") else None
    return core.ForceCloseChannel(UserChannelId(m.user_channel_id), NodeId(m.counterparty_node_id), reason)


def _write_details(
    out: api04.GetPaymentDetailsRequest | api08.GetPaymentDetailsRequest, request: core.GetPaymentDetails
) -> None:
    out.payment_id = identifier(request.payment_id, "payment id")


def _read_details(m: api04.GetPaymentDetailsRequest | api08.GetPaymentDetailsRequest) -> core.GetPaymentDetails:
    return core.GetPaymentDetails(PaymentId(m.payment_id))


def _paged(kind: type[core.ListPayments] | type[core.ListForwardedPayments]) -> Ask:
    def write(out: Any, request: core.ListPayments | core.ListForwardedPayments) -> None:
        if request.page_token is not None:
            out.page_token.SetInParent()
            out.page_token.token = utf8(request.page_token.token, "page token")
            out.page_token.index = i64(request.page_token.index, "page index")

    def read(m: Any) -> core.ListPayments | core.ListForwardedPayments:
        return kind(PageToken(m.page_token.token, m.page_token.index) if m.HasField("page_token") else None)

    return Ask(write, read)


def _write_connect(out: api04.ConnectPeerRequest | api08.ConnectPeerRequest, request: core.ConnectPeer) -> None:
    out.node_pubkey = identifier(request.node_id, "node id")
    out.address = utf8(request.address, "address")
    out.persist = request.persist


def _read_connect(m: api04.ConnectPeerRequest | api08.ConnectPeerRequest) -> core.ConnectPeer:
    return core.ConnectPeer(NodeId(m.node_pubkey), m.address, m.persist)


def _write_disconnect(
    out: api04.DisconnectPeerRequest | api08.DisconnectPeerRequest, request: core.DisconnectPeer
) -> None:
    out.node_pubkey = identifier(request.node_id, "node id")


def _read_disconnect(m: api04.DisconnectPeerRequest | api08.DisconnectPeerRequest) -> core.DisconnectPeer:
    return core.DisconnectPeer(NodeId(m.node_pubkey))


def _write_sign(out: api04.SignMessageRequest | api08.SignMessageRequest, request: core.SignMessage) -> None:
    out.message = request.message


def _read_sign(m: api04.SignMessageRequest | api08.SignMessageRequest) -> core.SignMessage:
    return core.SignMessage(m.message)


def _write_verify(
    out: api04.VerifySignatureRequest | api08.VerifySignatureRequest, request: core.VerifySignature
) -> None:
    out.message = request.message
    out.signature = utf8(request.signature, "signature")
    out.public_key = identifier(request.public_key, "public key")


def _read_verify(m: api04.VerifySignatureRequest | api08.VerifySignatureRequest) -> core.VerifySignature:
    return core.VerifySignature(m.message, m.signature, m.public_key)


def _write_unified(out: api04.UnifiedSendRequest | api08.UnifiedSendRequest, request: core.UnifiedSend) -> None:
    out.uri = utf8(request.uri, "payment text")
    if request.amount_msat is not None:
        write_amount(request.amount_msat, out)
    if request.route is not None:
        write_route(out.route_parameters, request.route)


def _read_unified(m: api04.UnifiedSendRequest | api08.UnifiedSendRequest) -> core.UnifiedSend:
    return core.UnifiedSend(
        m.uri,
        Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        read_route(m.route_parameters) if m.HasField("route_parameters") else None,
    )


def _write_decode_invoice(
    out: api04.DecodeInvoiceRequest | api08.DecodeInvoiceRequest, request: core.DecodeInvoice
) -> None:
    out.invoice = utf8(request.invoice, "invoice")


def _read_decode_invoice(m: api04.DecodeInvoiceRequest | api08.DecodeInvoiceRequest) -> core.DecodeInvoice:
    return core.DecodeInvoice(m.invoice)


def _write_decode_offer(out: api04.DecodeOfferRequest | api08.DecodeOfferRequest, request: core.DecodeOffer) -> None:
    out.offer = utf8(request.offer, "offer")


def _read_decode_offer(m: api04.DecodeOfferRequest | api08.DecodeOfferRequest) -> core.DecodeOffer:
    return core.DecodeOffer(m.offer)


def _write_graph_channel(
    out: api04.GraphGetChannelRequest | api08.GraphGetChannelRequest, request: core.GraphGetChannel
) -> None:
    out.short_channel_id = u64(request.short_channel_id, "short channel id")


def _read_graph_channel(m: api04.GraphGetChannelRequest | api08.GraphGetChannelRequest) -> core.GraphGetChannel:
    return core.GraphGetChannel(ShortChannelId(m.short_channel_id))


def _write_graph_node(out: api04.GraphGetNodeRequest | api08.GraphGetNodeRequest, request: core.GraphGetNode) -> None:
    out.node_id = identifier(request.node_id, "node id")


def _read_graph_node(m: api04.GraphGetNodeRequest | api08.GraphGetNodeRequest) -> core.GraphGetNode:
    return core.GraphGetNode(NodeId(m.node_id))


SHARED: Final[Mapping[str, Ask]] = {
    "GetNodeInfo": _empty(core.GetNodeInfo),
    "GetBalances": _empty(core.GetBalances),
    "OnchainReceive": _empty(core.OnchainReceive),
    "Bolt11Receive": Ask(_write_bolt11_receive, _read_bolt11_receive),
    "Bolt11ReceiveForHash": Ask(_write_receive_for_hash, _read_receive_for_hash),
    "Bolt11ClaimForHash": Ask(_write_claim, _read_claim),
    "Bolt11FailForHash": Ask(_write_fail, _read_fail),
    "Bolt11ReceiveViaJitChannel": Ask(_write_jit, _read_jit),
    "Bolt11ReceiveVariableAmountViaJitChannel": Ask(_write_variable_jit, _read_variable_jit),
    "Bolt11Send": Ask(_write_bolt11_send, _read_bolt11_send),
    "Bolt12Receive": Ask(_write_bolt12_receive, _read_bolt12_receive),
    "Bolt12Send": Ask(_write_bolt12_send, _read_bolt12_send),
    "SpliceOut": Ask(_write_splice_out, _read_splice_out),
    "UpdateChannelConfig": Ask(_write_update, _read_update),
    "CloseChannel": Ask(write_channel_key, _read_close, ZERO_FIELD_3),
    "ForceCloseChannel": Ask(_write_force_close, _read_force_close),
    "ListChannels": _empty(core.ListChannels),
    "GetPaymentDetails": Ask(_write_details, _read_details),
    "ListPayments": _paged(core.ListPayments),
    "ListForwardedPayments": _paged(core.ListForwardedPayments),
    "ConnectPeer": Ask(_write_connect, _read_connect),
    "DisconnectPeer": Ask(_write_disconnect, _read_disconnect),
    "ListPeers": _empty(core.ListPeers),
    "SignMessage": Ask(_write_sign, _read_sign),
    "VerifySignature": Ask(_write_verify, _read_verify),
    "ExportPathfindingScores": _empty(core.ExportPathfindingScores),
    "UnifiedSend": Ask(_write_unified, _read_unified),
    "DecodeInvoice": Ask(_write_decode_invoice, _read_decode_invoice, EMPTY_FIELD_2),
    "DecodeOffer": Ask(_write_decode_offer, _read_decode_offer, EMPTY_FIELD_2),
    "GraphListChannels": _empty(core.GraphListChannels),
    "GraphGetChannel": Ask(_write_graph_channel, _read_graph_channel),
    "GraphListNodes": _empty(core.GraphListNodes),
    "GraphGetNode": Ask(_write_graph_node, _read_graph_node),
    "SubscribeEvents": _empty(core.SubscribeEvents),
}
"""Not here, because the levels differ: OnchainSend, OpenChannel, SpliceIn, SpontaneousSend, Bolt11SendUnderpaying."""
