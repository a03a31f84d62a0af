"""The answers that both levels give alike: for each method how to read its message and how to fill it.

| method | core value |
|---|---|
| GetNodeInfo, GetBalances | NodeInfo, Balances |
| OnchainReceive, SpliceOut | Address |
| OnchainSend | Txid |
| Bolt11Receive | NewInvoice |
| Bolt11ReceiveForHash, both JIT receive calls | str, the invoice |
| Bolt11Send, Bolt11SendUnderpaying, Bolt12Send, SpontaneousSend | PaymentId |
| Bolt12Receive | NewOffer |
| OpenChannel | UserChannelId |
| Bolt11ClaimForHash, Bolt11FailForHash, SpliceIn, UpdateChannelConfig | None |
| CloseChannel, ForceCloseChannel, ConnectPeer, DisconnectPeer | None |
| ListChannels, ListPeers | tuple of Channel, of Peer |
| GetPaymentDetails | Payment, or None for an unknown id |
| ListPayments, ListForwardedPayments | Page of Payment, of ForwardedPayment |
| SignMessage, VerifySignature, ExportPathfindingScores | str, bool, bytes |
| UnifiedSend | UnifiedResult |
| DecodeInvoice, DecodeOffer | DecodedInvoice, DecodedOffer |
| GraphListChannels, GraphListNodes | tuple of ShortChannelId, of NodeId |
| GraphGetChannel, GraphGetNode | GraphChannel, GraphNode |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ldk_tui.core import ids
from ldk_tui.core.model import NewInvoice, NewOffer
from ldk_tui.wire import balances, channels, graph, invoices, node, payments
from ldk_tui.wire.strings import raw, secret_word, word

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08


@dataclass(frozen=True, slots=True)
class Answer:
    """How the answer of one method is read into a core value, and how a message is filled from one.

    The message is `<Method>Response` of the level's api module: the server names all of them so.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], None]


def _one(field: str, make: Callable[[str], str]) -> Answer:
    """An answer of one string: `make` turns it into the core value."""

    def read(m: Any) -> str:
        return make(getattr(m, field))

    def write(out: Any, value: str) -> None:
        setattr(out, field, raw(value))

    return Answer(read, write)


def _plain(field: str) -> Answer:
    """An answer of one bool or bytes."""

    def read(m: Any) -> Any:
        return getattr(m, field)

    def write(out: Any, value: Any) -> None:
        setattr(out, field, value)

    return Answer(read, write)


def _nothing(_m: Any) -> None:
    return None


def _write_nothing(_out: Any, _value: None) -> None:
    return None


_EMPTY = Answer(_nothing, _write_nothing)


def _new_invoice(m: api04.Bolt11ReceiveResponse | api08.Bolt11ReceiveResponse) -> NewInvoice:
    return NewInvoice(word(m.invoice), ids.payment_hash(m.payment_hash), secret_word(m.payment_secret))


def _write_new_invoice(out: api04.Bolt11ReceiveResponse | api08.Bolt11ReceiveResponse, made: NewInvoice) -> None:
    out.invoice, out.payment_hash = raw(made.invoice), raw(made.payment_hash)
    out.payment_secret = raw(made.payment_secret.reveal())


def _new_offer(m: api04.Bolt12ReceiveResponse | api08.Bolt12ReceiveResponse) -> NewOffer:
    return NewOffer(word(m.offer), ids.offer_id(m.offer_id))


def _write_new_offer(out: api04.Bolt12ReceiveResponse | api08.Bolt12ReceiveResponse, made: NewOffer) -> None:
    out.offer, out.offer_id = raw(made.offer), raw(made.offer_id)


SHARED: Final[Mapping[str, Answer]] = {
    "GetBalances": Answer(balances.read_balances, balances.write_balances),
    "OnchainReceive": _one("address", ids.address),
    "OnchainSend": _one("txid", ids.txid),
    "Bolt11Receive": Answer(_new_invoice, _write_new_invoice),
    "Bolt11ReceiveForHash": _one("invoice", word),
    "Bolt11ClaimForHash": _EMPTY,
    "Bolt11FailForHash": _EMPTY,
    "Bolt11ReceiveViaJitChannel": _one("invoice", word),
    "Bolt11ReceiveVariableAmountViaJitChannel": _one("invoice", word),
    "Bolt11Send": _one("payment_id", ids.payment_id),
    "Bolt12Receive": Answer(_new_offer, _write_new_offer),
    "Bolt12Send": _one("payment_id", ids.payment_id),
    "SpontaneousSend": _one("payment_id", ids.payment_id),
    "OpenChannel": _one("user_channel_id", ids.user_channel_id),
    "SpliceIn": _EMPTY,
    "SpliceOut": _one("address", ids.address),
    "UpdateChannelConfig": _EMPTY,
    "CloseChannel": _EMPTY,
    "ForceCloseChannel": _EMPTY,
    "ListChannels": Answer(channels.read_channels, channels.write_channels),
    "ConnectPeer": _EMPTY,
    "DisconnectPeer": _EMPTY,
    "ListPeers": Answer(node.read_peers, node.write_peers),
    "SignMessage": _one("signature", word),
    "VerifySignature": _plain("valid"),
    "ExportPathfindingScores": _plain("scores"),
    "UnifiedSend": Answer(payments.read_unified, payments.write_unified),
    "DecodeInvoice": Answer(invoices.read_invoice, invoices.write_invoice),
    "GraphListChannels": Answer(graph.read_channel_ids, graph.write_channel_ids),
    "GraphGetChannel": Answer(graph.read_channel, graph.write_channel),
    "GraphListNodes": Answer(graph.read_node_ids, graph.write_node_ids),
}
"""Not here, because the levels differ: GetNodeInfo, GetPaymentDetails, ListPayments, ListForwardedPayments,
DecodeOffer, GraphGetNode, and Bolt11SendUnderpaying, which 2026-04 does not have."""

PAYMENT_ID: Final = _one("payment_id", ids.payment_id)
"""For the send calls of a single level."""
