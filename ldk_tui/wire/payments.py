"""Payments, their pages, and what the two levels say alike of them.

BOLT11 kinds and forwards differ between the levels: `level_2026_04` and `level_2026_08` bring their own halves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core import ids
from ldk_tui.core.amounts import Msat
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Bolt12RefundKind,
    Confirmed,
    OnchainKind,
    PageToken,
    Payment,
    PaymentKind,
    SpontaneousKind,
    UnifiedResult,
    UnknownKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import clean
from ldk_tui.wire.numbers import DIRECTION, STATUS
from ldk_tui.wire.strings import raw, secret_word, token

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_payment(m: types04.Payment | types08.Payment, level_kind: Callable[[Any], PaymentKind]) -> Payment:
    """`level_kind` reads the kinds that the levels say differently, and UnknownKind for all that it does not know."""
    return Payment(
        id=ids.payment_id(m.id),
        kind=_kind(m.kind, level_kind),
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        fee_paid_msat=Msat(m.fee_paid_msat) if m.HasField("fee_paid_msat") else None,
        direction=DIRECTION.read(m.direction),
        status=STATUS.read(m.status),
        updated_unix=m.latest_update_timestamp,
    )


def write_payment(
    out: types04.Payment | types08.Payment,
    payment: Payment,
    write_bolt11: Callable[[Any, Bolt11Kind], None],
) -> None:
    """`write_bolt11` fills the kind message for a BOLT11 payment, which the levels say differently."""
    out.id = raw(payment.id)
    _write_kind(out.kind, payment.kind, write_bolt11)
    if payment.amount_msat is not None:
        out.amount_msat = payment.amount_msat
    if payment.fee_paid_msat is not None:
        out.fee_paid_msat = payment.fee_paid_msat
    out.direction = DIRECTION.write(payment.direction)
    out.status = STATUS.write(payment.status)
    out.latest_update_timestamp = payment.updated_unix


def _kind(m: types04.PaymentKind | types08.PaymentKind, level_kind: Callable[[Any], PaymentKind]) -> PaymentKind:
    which = m.WhichOneof("kind")
    if which == "onchain":
        return OnchainKind(ids.txid(m.onchain.txid), _confirmed(m.onchain))
    if which == "bolt12_offer":
        offer = m.bolt12_offer
        return Bolt12OfferKind(
            payment_hash=ids.payment_hash(offer.hash) if offer.HasField("hash") else None,
            preimage=secret_word(offer.preimage) if offer.HasField("preimage") else None,
            payment_secret=Secret(offer.secret) if offer.HasField("secret") else None,
            offer_id=ids.offer_id(offer.offer_id),
            payer_note=clean(offer.payer_note, "text") if offer.HasField("payer_note") else None,
            quantity=offer.quantity if offer.HasField("quantity") else None,
        )
    if which == "bolt12_refund":
        refund = m.bolt12_refund
        return Bolt12RefundKind(
            payment_hash=ids.payment_hash(refund.hash) if refund.HasField("hash") else None,
            preimage=secret_word(refund.preimage) if refund.HasField("preimage") else None,
            payment_secret=Secret(refund.secret) if refund.HasField("secret") else None,
            payer_note=clean(refund.payer_note, "text") if refund.HasField("payer_note") else None,
            quantity=refund.quantity if refund.HasField("quantity") else None,
        )
    if which == "spontaneous":
        keysend = m.spontaneous
        return SpontaneousKind(
            payment_hash=ids.payment_hash(keysend.hash),
            preimage=secret_word(keysend.preimage) if keysend.HasField("preimage") else None,
        )
    return level_kind(m)


def _confirmed(m: types04.Onchain | types08.Onchain) -> Confirmed | None:
    if m.status.WhichOneof("status") != "confirmed":
        return None
    where = m.status.confirmed
    return Confirmed(ids.block_hash(where.block_hash), where.height, where.timestamp)


def _write_kind(
    out: types04.PaymentKind | types08.PaymentKind,
    kind: PaymentKind,
    write_bolt11: Callable[[Any, Bolt11Kind], None],
) -> None:
    out.SetInParent()
    if isinstance(kind, OnchainKind):
        out.onchain.txid = raw(kind.txid)
        if kind.confirmed is None:
            out.onchain.status.unconfirmed.SetInParent()
        else:
            where = out.onchain.status.confirmed
            where.SetInParent()
            where.block_hash, where.height = raw(kind.confirmed.block_hash), kind.confirmed.height
            where.timestamp = kind.confirmed.timestamp_unix
    elif isinstance(kind, Bolt11Kind):
        write_bolt11(out, kind)
    elif isinstance(kind, Bolt12OfferKind):
        out.bolt12_offer.offer_id = raw(kind.offer_id)
        _write_bolt12(out.bolt12_offer, kind)
    elif isinstance(kind, Bolt12RefundKind):
        _write_bolt12(out.bolt12_refund, kind)
    elif isinstance(kind, SpontaneousKind):
        out.spontaneous.SetInParent()
        out.spontaneous.hash = raw(kind.payment_hash)
        if kind.preimage is not None:
            out.spontaneous.preimage = raw(kind.preimage.reveal())
    else:
        assert isinstance(kind, UnknownKind)  # the oneof stays unset


def _write_bolt12(
    out: types04.Bolt12Offer | types08.Bolt12Offer | types04.Bolt12Refund | types08.Bolt12Refund,
    kind: Bolt12OfferKind | Bolt12RefundKind,
) -> None:
    out.SetInParent()
    if kind.payment_hash is not None:
        out.hash = raw(kind.payment_hash)
    if kind.preimage is not None:
        out.preimage = raw(kind.preimage.reveal())
    if kind.payment_secret is not None:
        out.secret = kind.payment_secret.reveal()
    if kind.payer_note is not None:
        out.payer_note = raw(kind.payer_note)
    if kind.quantity is not None:
        out.quantity = kind.quantity


def read_token(m: types04.PageToken | types08.PageToken) -> PageToken:
    return PageToken(token(m.token), m.index)


def write_token(out: types04.PageToken | types08.PageToken, page_token: PageToken) -> None:
    """Fills `out` and makes it present."""
    out.SetInParent()
    out.token, out.index = raw(page_token.token), page_token.index


def read_unified(m: api04.UnifiedSendResponse | api08.UnifiedSendResponse) -> UnifiedResult:
    which = m.WhichOneof("payment_result")
    return UnifiedResult(
        txid=ids.txid(m.txid) if which == "txid" else None,
        bolt11_payment_id=ids.payment_id(m.bolt11_payment_id) if which == "bolt11_payment_id" else None,
        bolt12_payment_id=ids.payment_id(m.bolt12_payment_id) if which == "bolt12_payment_id" else None,
    )


def write_unified(out: api04.UnifiedSendResponse | api08.UnifiedSendResponse, result: UnifiedResult) -> None:
    if result.txid is not None:
        out.txid = raw(result.txid)
    elif result.bolt11_payment_id is not None:
        out.bolt11_payment_id = raw(result.bolt11_payment_id)
    elif result.bolt12_payment_id is not None:
        out.bolt12_payment_id = raw(result.bolt12_payment_id)
