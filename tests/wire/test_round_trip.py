"""Core to wire to core: whatever a level can say comes back as it went, raw forms included.

What a level cannot say, and therefore is not generated here (each has a test of its own below, or in test_dialect):

* both: an OfferQuantity that is bounded and unbounded; a CloseReason with details that its kind does not have;
  ids in the `(invalid) …` form; a UnifiedResult with two results;
* 2026-08: a network that is not said; LSP fee limits; a BlindedPath with both introductions, or a scid without side;
* 2026-04: mainnet (not on its wire); features outside invoices and offers; records, deadlines and channel events; a
  skimmed fee outside a just-in-time payment; the side of a scid; more than one part of a forward.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core import events as ev
from ldk_tui.core import ids, model
from ldk_tui.core import requests as rq
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.model import Level, Network
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText, clean
from ldk_tui.wire.dialect import dialect_for

OLD, NEW = Level.L2026_04, Level.L2026_08
U64, U32 = (1 << 64) - 1, (1 << 32) - 1

hex64 = st.binary(min_size=32, max_size=32).map(bytes.hex)
hex66 = st.builds("{}{}".format, st.sampled_from(["02", "03"]), hex64)
words = st.text("0123456789abcdefghijklmnopqrstuvwxyz", max_size=40)
texts = st.text(st.characters(codec="utf-8"), max_size=30)  # all that UTF-8 carries, control characters included
u32, u64 = st.integers(0, U32), st.integers(0, U64)

# What each kind of SafeText field is cleaned as; a label unless named.
TEXT = {"description", "payer_note", "message", "detail"}
HOSTPORT = {"address", "addresses", "listening_addresses", "announcement_addresses"}
WIDE = {"minor_units", "multiplier", "type", "quantity", "fee_rate_sat_per_vb"}

NEW_TYPES: dict[Any, st.SearchStrategy[Any]] = {
    ids.NodeId: hex66,
    ids.PaymentId: hex64,
    ids.PaymentHash: hex64,
    ids.OfferId: hex64,
    ids.ChannelId: hex64,
    ids.Txid: hex64,
    ids.BlockHash: hex64,
    ids.UserChannelId: st.integers(0, (1 << 128) - 1).map(str),
    ids.Address: words.filter(bool),
    ids.ShortChannelId: u64,
    Msat: u64,
    Sat: u64,
}


def _safe(field: str) -> st.SearchStrategy[SafeText]:
    if field in TEXT:
        return texts.map(lambda raw: clean(raw, "text"))
    return texts.map(lambda raw: clean(raw, "hostport" if field in HOSTPORT else "label"))


def _fields(level: Level, kind: type) -> dict[str, st.SearchStrategy[Any]]:
    """Fields that take less than their type allows, because this level or the wire says less."""
    if kind is model.NodeInfo:
        networks = [one for one in Network if one is not Network.BITCOIN]
        return (
            {"network": st.sampled_from([None, *networks]), "features": st.just({})}
            if level is OLD
            else {"network": st.sampled_from(list(Network))}
        )
    if kind is model.Feature and level is NEW:
        return {"is_known": st.just(True)}
    if kind is model.GraphAnnouncement and level is OLD:
        return {"features": st.just({})}
    if kind is ev.PaymentReceived and level is OLD:
        return {"custom_records": st.just(())}
    if kind is ev.PaymentClaimable and level is OLD:
        return {"custom_records": st.just(()), "claim_deadline": st.none()}
    if kind is model.ForwardedPayment and level is OLD:
        one = st.tuples(values(level, model.HtlcLocator))
        return {"previous": one, "next": one}
    if kind is model.DecodedInvoice:
        return {"description_hash": st.none() | hex64, "payment_metadata": st.none() | words}
    if kind is model.DecodedOffer:
        return {"metadata": st.none() | words}
    if kind is model.NewInvoice:
        return {"invoice": words}
    if kind is model.NewOffer:
        return {"offer": words}
    if kind is model.PageToken:
        return {
            "token": st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20),
            "index": st.integers(-(1 << 63), (1 << 63) - 1),
        }
    if level is OLD and kind in (rq.OpenChannel, rq.SpliceIn):
        return {"amount": u64}
    if level is OLD and kind is rq.SpontaneousSend:
        return {"custom_tlvs": st.just(()), "preimage": st.none()}
    return {}


@cache
def _whole(level: Level) -> dict[Any, st.SearchStrategy[Any]]:
    """Values whose fields depend on each other."""
    scid, side = u64.map(ids.ShortChannelId), st.sampled_from(model.ChannelSide)
    blinding, hops = _safe("blinding_point"), u32
    none = st.none()
    paths = {
        OLD: st.builds(model.BlindedPath, none | hex66, none | scid, none, blinding, hops),
        NEW: st.builds(model.BlindedPath, hex66, none, none, blinding, hops)
        | st.builds(model.BlindedPath, none, scid, side, blinding, hops)
        | st.builds(model.BlindedPath, none, none, none, blinding, hops),
    }
    limits = values(level, model.LspFeeLimits)
    shared = (hex64, none | hex64.map(Secret), none | st.binary(max_size=32).map(Secret))
    bolt11 = {
        OLD: st.builds(model.Bolt11Kind, *shared) | st.builds(model.Bolt11Kind, *shared, none | u64, limits),
        NEW: st.builds(model.Bolt11Kind, *shared, none | u64),
    }
    detailed = {
        ev.CloseReasonKind.COUNTERPARTY_FORCE_CLOSED,
        ev.CloseReasonKind.HOLDER_FORCE_CLOSED,
        ev.CloseReasonKind.PROCESSING_ERROR,
        ev.CloseReasonKind.HTLCS_TIMED_OUT,
        ev.CloseReasonKind.PEER_FEERATE_TOO_LOW,
    }
    said, detail = _safe("message"), _safe("detail")
    kinds = ev.CloseReasonKind
    flag = none | st.booleans()
    worded = st.sampled_from([kinds.COUNTERPARTY_FORCE_CLOSED, kinds.PROCESSING_ERROR])
    reasons = st.one_of(
        st.builds(ev.CloseReason, st.sampled_from([one for one in kinds if one not in detailed]), said),
        st.builds(ev.CloseReason, worded, said, detail),
        st.builds(ev.CloseReason, st.just(kinds.HOLDER_FORCE_CLOSED), said, detail, flag),
        st.builds(ev.CloseReason, st.just(kinds.HTLCS_TIMED_OUT), said, payment_hash=none | hex64),
        st.builds(
            ev.CloseReason,
            st.just(kinds.PEER_FEERATE_TOO_LOW),
            said,
            peer_feerate_sat_per_kw=u32,
            required_feerate_sat_per_kw=u32,
        ),
    )
    return {
        model.BlindedPath: paths[level],
        model.Bolt11Kind: bolt11[level],
        model.OfferQuantity: st.builds(model.OfferQuantity, none | u64) | st.just(model.OfferQuantity(None, True)),
        model.UnifiedResult: st.builds(model.UnifiedResult, none | hex64)
        | st.builds(model.UnifiedResult, bolt11_payment_id=hex64)
        | st.builds(model.UnifiedResult, bolt12_payment_id=hex64),
        ev.CloseReason: reasons,
    }


def values(level: Level, hint: Any, field: str = "") -> st.SearchStrategy[Any]:
    """Everything of type `hint` that `level` can say; `field` is the name of the field it is for."""
    if hint in NEW_TYPES:
        return NEW_TYPES[hint]
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return st.deferred(lambda: _dataclass(level, hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return st.one_of(*(values(level, one, field) for one in arguments))
    if origin is tuple:
        return st.lists(values(level, arguments[0], field), max_size=3).map(tuple)
    if origin is Secret:
        return (hex64 if arguments[0] is str else st.binary(max_size=32)).map(Secret)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(u32, values(level, arguments[1]), max_size=4)
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if hint is SafeText:
        return _safe(field)
    plain = {bool: st.booleans(), bytes: st.binary(max_size=40), str: texts, int: u64 if field in WIDE else u32}
    return plain[hint]


def _dataclass(level: Level, kind: type) -> st.SearchStrategy[Any]:
    whole = _whole(level)
    if kind in whole:
        return whole[kind]
    own = _fields(level, kind)
    hints = typing.get_type_hints(kind)
    made = {
        field.name: own[field.name] if field.name in own else values(level, hints[field.name], field.name)
        for field in dataclasses.fields(kind)
    }
    return st.builds(kind, **made)


def deep(value: Any) -> Any:
    """A value to compare by, in which two SafeTexts of different raw forms differ, and 0 is not False."""
    if isinstance(value, SafeText):
        return ("text", str(value), value.raw, value.altered)
    if isinstance(value, Secret):
        return ("secret", deep(value.reveal()))
    if isinstance(value, Mapping):
        return {key: deep(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [deep(one) for one in value]
    if dataclasses.is_dataclass(value):
        return (type(value).__name__, [deep(getattr(value, field.name)) for field in dataclasses.fields(value)])
    return (type(value).__name__, value)


def _page(level: Level, row: Any) -> st.SearchStrategy[Any]:
    rows = st.lists(values(level, row), max_size=3).map(tuple)
    return st.builds(model.Page, rows, st.none() | values(level, model.PageToken))


ANSWERS: dict[str, Any] = {
    "GetNodeInfo": model.NodeInfo,
    "GetBalances": model.Balances,
    "OnchainReceive": ids.Address,
    "OnchainSend": ids.Txid,
    "Bolt11Receive": model.NewInvoice,
    "Bolt11ReceiveForHash": words,
    "Bolt11ClaimForHash": type(None),
    "Bolt11FailForHash": type(None),
    "Bolt11ReceiveViaJitChannel": words,
    "Bolt11ReceiveVariableAmountViaJitChannel": words,
    "Bolt11Send": ids.PaymentId,
    "Bolt11SendUnderpaying": ids.PaymentId,
    "Bolt12Receive": model.NewOffer,
    "Bolt12Send": ids.PaymentId,
    "SpontaneousSend": ids.PaymentId,
    "OpenChannel": ids.UserChannelId,
    "SpliceIn": type(None),
    "SpliceOut": ids.Address,
    "UpdateChannelConfig": type(None),
    "CloseChannel": type(None),
    "ForceCloseChannel": type(None),
    "ListChannels": tuple[model.Channel, ...],
    "GetPaymentDetails": model.Payment | None,
    "ListPayments": model.Payment,
    "ListForwardedPayments": model.ForwardedPayment,
    "ConnectPeer": type(None),
    "DisconnectPeer": type(None),
    "ListPeers": tuple[model.Peer, ...],
    "SignMessage": words,
    "VerifySignature": bool,
    "ExportPathfindingScores": bytes,
    "UnifiedSend": model.UnifiedResult,
    "DecodeInvoice": model.DecodedInvoice,
    "DecodeOffer": model.DecodedOffer,
    "GraphListChannels": tuple[ids.ShortChannelId, ...],
    "GraphGetChannel": model.GraphChannel,
    "GraphListNodes": tuple[ids.NodeId, ...],
    "GraphGetNode": model.GraphNode,
}
PAGED = {"ListPayments", "ListForwardedPayments"}
CASES = [(level, method) for level in (OLD, NEW) for method in ANSWERS if method in dialect_for(level).methods]


def _answer(level: Level, method: str) -> st.SearchStrategy[Any]:
    kind = ANSWERS[method]
    if method in PAGED:
        return _page(level, kind)
    return kind if isinstance(kind, st.SearchStrategy) else values(level, kind)


def test_every_method_has_its_case() -> None:
    assert set(ANSWERS) == dialect_for(NEW).methods
    assert {one.name for one in rq.RPCS.values()} == set(ANSWERS) | {"SubscribeEvents"}
    for level in (OLD, NEW):
        expected = {one.name for one in rq.RPCS.values() if level in one.levels} - {"SubscribeEvents"}
        assert dialect_for(level).methods == expected


def _name(one: Any) -> str:
    return str(getattr(one, "value", one))


@pytest.mark.parametrize(("level", "method"), CASES, ids=_name)
def test_answers_come_back_as_they_went(level: Level, method: str) -> None:
    dialect = dialect_for(level)

    @settings(max_examples=25, deadline=None)
    @given(_answer(level, method))
    def check(answer: Any) -> None:
        data = dialect.encode_answer(method, answer)
        back = dialect.decode_answer(method, data)
        assert deep(back) == deep(answer)
        assert dialect.encode_answer(method, back) == data

    check()


def _levels(request: type) -> tuple[Level, ...]:
    return rq.RPCS[request.__name__].levels


EVENTS = typing.get_args(ev.Event)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("level", [OLD, NEW], ids=_name)
def test_events_come_back_as_they_went(level: Level, kind: type) -> None:
    dialect = dialect_for(level)

    @settings(max_examples=50, deadline=None)
    @given(values(level, kind))
    def check(event: Any) -> None:
        data = dialect.encode_event(event)
        if level is OLD and kind is ev.ChannelStateChanged:
            assert data is None
            return
        assert data is not None
        assert deep(dialect.decode_event(data)) == deep(event)

    check()


# what the level has; test_dialect has the refusal of the rest
ASKED = [(level, one) for level in (OLD, NEW) for one in typing.get_args(rq.Request) if level in _levels(one)]


@pytest.mark.parametrize(("level", "kind"), ASKED, ids=lambda one: getattr(one, "__name__", _name(one)))
def test_requests_come_back_as_they_went(level: Level, kind: type) -> None:
    dialect = dialect_for(level)

    @settings(max_examples=50, deadline=None)
    @given(values(level, kind))
    def check(request: Any) -> None:
        assert deep(dialect.decode_request(kind.__name__, dialect.encode_request(request))) == deep(request)

    check()
