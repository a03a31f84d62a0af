"""DecodeInvoice and DecodeOffer: what strangers' invoices and offers say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ldk_tui.core import ids
from ldk_tui.core.amounts import Msat
from ldk_tui.core.model import (
    BlindedPath,
    CurrencyAmount,
    DecodedInvoice,
    DecodedOffer,
    HopHint,
    OfferQuantity,
)
from ldk_tui.core.text import clean
from ldk_tui.wire.node import read_features, write_features
from ldk_tui.wire.strings import raw, secret_word, word

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import api_pb2 as api04
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import api_pb2 as api08
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


def read_invoice(m: api04.DecodeInvoiceResponse | api08.DecodeInvoiceResponse) -> DecodedInvoice:
    return DecodedInvoice(
        destination=ids.node_id(m.destination),
        payment_hash=ids.payment_hash(m.payment_hash),
        amount_msat=Msat(m.amount_msat) if m.HasField("amount_msat") else None,
        timestamp_unix=m.timestamp,
        expiry_s=m.expiry,
        description=clean(m.description, "text") if m.HasField("description") else None,
        description_hash=word(m.description_hash) if m.HasField("description_hash") else None,
        fallback_address=clean(m.fallback_address) if m.HasField("fallback_address") else None,
        min_final_cltv_expiry_delta=m.min_final_cltv_expiry_delta,
        payment_secret=secret_word(m.payment_secret),
        route_hints=tuple(tuple(_hop(hop) for hop in hint.hop_hints) for hint in m.route_hints),
        features=read_features(m.features),
        currency=clean(m.currency),
        payment_metadata=word(m.payment_metadata) if m.HasField("payment_metadata") else None,
        is_expired=m.is_expired,
    )


def _hop(m: types04.Bolt11HopHint | types08.Bolt11HopHint) -> HopHint:
    return HopHint(
        node_id=ids.node_id(m.node_id),
        short_channel_id=ids.ShortChannelId(m.short_channel_id),
        fee_base_msat=m.fee_base_msat,
        fee_ppm=m.fee_proportional_millionths,
        cltv_expiry_delta=m.cltv_expiry_delta,
    )


def write_invoice(out: api04.DecodeInvoiceResponse | api08.DecodeInvoiceResponse, invoice: DecodedInvoice) -> None:
    out.destination = raw(invoice.destination)
    out.payment_hash = raw(invoice.payment_hash)
    if invoice.amount_msat is not None:
        out.amount_msat = invoice.amount_msat
    out.timestamp = invoice.timestamp_unix
    out.expiry = invoice.expiry_s
    if invoice.description is not None:
        out.description = raw(invoice.description)
    if invoice.description_hash is not None:
        out.description_hash = raw(invoice.description_hash)
    if invoice.fallback_address is not None:
        out.fallback_address = raw(invoice.fallback_address)
    out.min_final_cltv_expiry_delta = invoice.min_final_cltv_expiry_delta
    out.payment_secret = raw(invoice.payment_secret.reveal())
    for hint in invoice.route_hints:
        row = out.route_hints.add()
        for hop in hint:
            entry = row.hop_hints.add()
            entry.node_id = raw(hop.node_id)
            entry.short_channel_id = hop.short_channel_id
            entry.fee_base_msat = hop.fee_base_msat
            entry.fee_proportional_millionths = hop.fee_ppm
            entry.cltv_expiry_delta = hop.cltv_expiry_delta
    write_features(out.features, invoice.features)
    out.currency = raw(invoice.currency)
    if invoice.payment_metadata is not None:
        out.payment_metadata = raw(invoice.payment_metadata)
    out.is_expired = invoice.is_expired


def read_offer(m: api04.DecodeOfferResponse | api08.DecodeOfferResponse, paths: Iterable[BlindedPath]) -> DecodedOffer:
    """All but the blinded paths, which the levels say differently."""
    return DecodedOffer(
        offer_id=ids.offer_id(m.offer_id),
        description=clean(m.description, "text") if m.HasField("description") else None,
        issuer=clean(m.issuer) if m.HasField("issuer") else None,
        amount=_price(m.amount),
        issuer_signing_pubkey=(ids.node_id(m.issuer_signing_pubkey) if m.HasField("issuer_signing_pubkey") else None),
        absolute_expiry_unix=m.absolute_expiry if m.HasField("absolute_expiry") else None,
        quantity=_quantity(m.quantity) if m.HasField("quantity") else None,
        paths=tuple(paths),
        features=read_features(m.features),
        chains=tuple(clean(one) for one in m.chains),
        metadata=word(m.metadata) if m.HasField("metadata") else None,
        is_expired=m.is_expired,
    )


def _price(m: types04.OfferAmount | types08.OfferAmount) -> Msat | CurrencyAmount | None:
    which = m.WhichOneof("amount")
    if which == "bitcoin_amount_msats":
        return Msat(m.bitcoin_amount_msats)
    if which == "currency_amount":
        return CurrencyAmount(clean(m.currency_amount.iso4217_code), m.currency_amount.amount)
    return None


def _quantity(m: types04.OfferQuantity | types08.OfferQuantity) -> OfferQuantity:
    """A bound of 1 is `one`; an unset oneof has neither bound nor `unbounded`."""
    which = m.WhichOneof("quantity")
    if which == "bounded":
        return OfferQuantity(bound=m.bounded)
    if which == "unbounded":
        return OfferQuantity(bound=None, unbounded=True)
    return OfferQuantity(bound=1 if which == "one" else None)


def write_offer(out: api04.DecodeOfferResponse | api08.DecodeOfferResponse, offer: DecodedOffer) -> None:
    """All but the blinded paths."""
    out.offer_id = raw(offer.offer_id)
    if offer.description is not None:
        out.description = raw(offer.description)
    if offer.issuer is not None:
        out.issuer = raw(offer.issuer)
    if isinstance(offer.amount, CurrencyAmount):
        price = out.amount.currency_amount
        price.SetInParent()
        price.iso4217_code, price.amount = raw(offer.amount.iso4217), offer.amount.minor_units
    elif offer.amount is not None:
        out.amount.bitcoin_amount_msats = offer.amount
    if offer.issuer_signing_pubkey is not None:
        out.issuer_signing_pubkey = raw(offer.issuer_signing_pubkey)
    if offer.absolute_expiry_unix is not None:
        out.absolute_expiry = offer.absolute_expiry_unix
    if offer.quantity is not None:
        out.quantity.SetInParent()
        if offer.quantity.unbounded:
            out.quantity.unbounded = True
        elif offer.quantity.bound == 1:
            out.quantity.one = True
        elif offer.quantity.bound is not None:
            out.quantity.bounded = offer.quantity.bound
    write_features(out.features, offer.features)
    out.chains.extend(map(raw, offer.chains))
    if offer.metadata is not None:
        out.metadata = raw(offer.metadata)
    out.is_expired = offer.is_expired
