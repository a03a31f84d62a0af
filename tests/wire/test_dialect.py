"""What a dialect refuses to say, what it adds, and where the two levels part."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from ldk_tui.core import events as ev
from ldk_tui.core import ids, model
from ldk_tui.core import requests as rq
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.errors import BadInput, NotSupported
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId, ShortChannelId, UserChannelId
from ldk_tui.core.model import Level, Network
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText, clean, own
from ldk_tui.wire.dialect import MalformedRequest, dialect_for

OLD, NEW = Level.L2026_04, Level.L2026_08
BOTH = pytest.mark.parametrize("level", [OLD, NEW], ids=lambda one: one.value)
NODE = NodeId("02" + "11" * 32)
HASH = PaymentHash("ab" * 32)
CHANNEL = (UserChannelId("340282366920938463463374607431768211455"), NODE)


def payment(**changes: Any) -> model.Payment:
    made = model.Payment(
        id=PaymentId(HASH),
        kind=model.Bolt11Kind(HASH),
        amount_msat=Msat(5_000),
        fee_paid_msat=None,
        direction=model.Direction.INBOUND,
        status=model.PaymentStatus.PENDING,
        updated_unix=1_800_000_000,
    )
    return replace(made, **changes)


# --- finding a dialect --------------------------------------------------------------------------------------------


def test_each_level_has_one_dialect() -> None:
    assert dialect_for(OLD) is dialect_for(OLD)
    assert (dialect_for(OLD).level, dialect_for(NEW).level) == (OLD, NEW)
    assert dialect_for(NEW).methods - dialect_for(OLD).methods == {"Bolt11SendUnderpaying"}
    assert len(dialect_for(NEW).methods) == 38


def test_a_level_that_is_not_spoken_is_named() -> None:
    with pytest.raises(NotSupported, match="2026-10"):
        dialect_for(Level.L2026_10)


def test_one_level_does_not_load_the_other() -> None:
    script = (
        "import sys; from ldk_tui.wire.dialect import dialect_for; from ldk_tui.core.model import Level;"
        "early = [m for m in sys.modules if 'pb2' in m]; dialect_for(Level.L2026_08);"
        "print(early, sorted(m for m in sys.modules if 'v2026_04' in m))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[] []"


# --- requests -----------------------------------------------------------------------------------------------------


@BOTH
def test_harmless_requests_cannot_act_as_dangerous_ones(level: Level) -> None:
    """The signature does not cover the method, so a body must not be readable as its dangerous twin."""
    dialect = dialect_for(level)
    decode_invoice = dialect.encode_request(rq.DecodeInvoice("lnbc1"))
    assert decode_invoice == b"\x0a\x05lnbc1\x12\x00"
    for twin in ("Bolt11Send", "UnifiedSend"):
        with pytest.raises(MalformedRequest):
            dialect.decode_request(twin, decode_invoice)
    decode_offer = dialect.encode_request(rq.DecodeOffer("lno1"))
    assert decode_offer == b"\x0a\x04lno1\x12\x00"
    for twin in ("Bolt12Send", "UnifiedSend"):
        with pytest.raises(MalformedRequest):
            dialect.decode_request(twin, decode_offer)
    close = dialect.encode_request(rq.CloseChannel(*CHANNEL))
    assert close.endswith(b"\x18\x00")
    with pytest.raises(MalformedRequest):
        dialect.decode_request("ForceCloseChannel", close)
    assert dialect.decode_request("CloseChannel", close) == rq.CloseChannel(*CHANNEL)
    assert dialect.decode_request("CloseChannel", close[:-2]) == rq.CloseChannel(*CHANNEL)
    assert dialect.decode_request("DecodeInvoice", decode_invoice) == rq.DecodeInvoice("lnbc1")


@BOTH
def test_without_the_added_field_the_twins_would_be_one(level: Level) -> None:
    """Shows that the test above tests something."""
    dialect = dialect_for(level)
    assert dialect.decode_request("Bolt11Send", b"\x0a\x05lnbc1") == rq.Bolt11Send("lnbc1")
    body = dialect.encode_request(rq.CloseChannel(*CHANNEL)).removesuffix(b"\x18\x00")
    assert dialect.decode_request("ForceCloseChannel", body) == rq.ForceCloseChannel(*CHANNEL)


@BOTH
def test_a_known_field_of_another_type_is_malformed_at_any_depth(level: Level) -> None:
    """As the real server does it (server facts 4.3); an unknown field is ignored."""
    dialect = dialect_for(level)
    for body in (b"\x08\x01", b"\x0a\x01i\x1a\x02\x12\x00"):  # the invoice, and max CLTV inside the route
        with pytest.raises(MalformedRequest):
            dialect.decode_request("Bolt11Send", body)
    assert dialect.decode_request("Bolt11Send", b"\x0a\x01i\x78\x01") == rq.Bolt11Send("i")


@BOTH
def test_route_parameters_are_whole_or_absent(level: Level) -> None:
    dialect = dialect_for(level)
    assert dialect.encode_request(rq.Bolt11Send("i")) == b"\x0a\x01i"
    usual = dialect.encode_request(rq.Bolt11Send("i", route=rq.RouteParameters()))
    assert usual == b"\x0a\x01i" + b"\x1a\x07" + b"\x10\xf0\x07" + b"\x18\x0a" + b"\x20\x02"
    capped = dialect.encode_request(rq.Bolt11Send("i", route=rq.RouteParameters(max_fee_msat=Msat(0))))
    assert capped == b"\x0a\x01i" + b"\x1a\x09" + b"\x08\x00" + b"\x10\xf0\x07" + b"\x18\x0a" + b"\x20\x02"


@BOTH
def test_an_amount_of_zero_is_said_and_no_amount_is_not(level: Level) -> None:
    dialect = dialect_for(level)
    assert dialect.encode_request(rq.Bolt11Receive(0, Msat(0))) == b"\x08\x00"
    assert dialect.encode_request(rq.Bolt11Receive(0)) == b""


OUT_OF_RANGE: list[tuple[rq.Request, str]] = [
    (rq.OnchainSend("addr", Sat(-1)), "amount in satoshi"),
    (rq.OnchainSend("addr", Sat(1 << 64)), "amount in satoshi"),
    (rq.OnchainSend("addr", Sat(1), -1), "fee rate"),
    (rq.Bolt11Receive(-1), "expiry"),
    (rq.Bolt11Receive(1 << 32), "expiry"),
    (rq.Bolt11Receive(1, Msat(-1)), "millisatoshi"),
    (rq.Bolt11ReceiveForHash(HASH, -1), "expiry"),
    (rq.Bolt11ClaimForHash(Secret("00"), HASH, Msat(-1)), "claimable amount"),
    (rq.Bolt11ReceiveViaJitChannel(Msat(-1), 1), "millisatoshi"),
    (rq.Bolt11ReceiveViaJitChannel(Msat(1), 1, None, Msat(1 << 64)), "LSP fee limit"),
    (rq.Bolt11ReceiveVariableAmountViaJitChannel(1, None, -1), "LSP fee limit"),
    (rq.Bolt11Send("i", Msat(-1)), "millisatoshi"),
    (rq.Bolt11Send("i", None, rq.RouteParameters(max_path_count=-1)), "number of parts"),
    (rq.Bolt11Send("i", None, rq.RouteParameters(max_cltv_expiry_delta=1 << 32)), "CLTV limit"),
    (rq.Bolt12Receive("d", None, 1 << 32), "expiry"),
    (rq.Bolt12Receive("d", Msat(1), 1, -1), "quantity"),
    (rq.Bolt12Send("o", None, 1 << 64), "quantity"),
    (rq.SpontaneousSend(Msat(-1), NODE), "millisatoshi"),
    (rq.OpenChannel(NODE, "a:1", Sat(-1)), "channel size"),
    (rq.OpenChannel(NODE, "a:1", Sat(1), Msat(-1)), "pushed amount"),
    (rq.SpliceIn(*CHANNEL, Sat(1 << 64)), "amount in satoshi"),
    (rq.SpliceOut(*CHANNEL, Sat(-1)), "amount in satoshi"),
    (rq.UpdateChannelConfig(*CHANNEL, model.ChannelConfig(fee_ppm=1 << 32)), "parts per million"),
    (rq.UpdateChannelConfig(*CHANNEL, model.ChannelConfig(cltv_expiry_delta=-1)), "CLTV"),
    (
        rq.UpdateChannelConfig(*CHANNEL, model.ChannelConfig(max_dust_htlc_exposure=model.FixedDustLimit(Msat(-1)))),
        "dust limit",
    ),
    (rq.ListPayments(model.PageToken("t", 1 << 63)), "page index"),
    (rq.GraphGetChannel(ShortChannelId(-1)), "short channel id"),
]


@BOTH
@pytest.mark.parametrize(("request_", "named"), OUT_OF_RANGE, ids=lambda one: type(one).__name__)
def test_a_number_out_of_range_is_refused_by_name(level: Level, request_: rq.Request, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        dialect_for(level).encode_request(request_)


@BOTH
def test_an_invalid_id_is_shown_but_never_sent(level: Level) -> None:
    dialect = dialect_for(level)
    bad_node, bad_id = ids.node_id("x\x1b"), ids.payment_id("nope")
    refused: list[rq.Request] = [
        rq.GetPaymentDetails(bad_id),
        rq.DisconnectPeer(bad_node),
        rq.CloseChannel(ids.user_channel_id("-1"), NODE),
        rq.CloseChannel(CHANNEL[0], bad_node),
        rq.SpliceOut(*CHANNEL, Sat(1), ids.address("a b")),
        rq.OnchainSend(ids.address("a b"), Sat(1)),
    ]
    for request in refused:
        with pytest.raises(BadInput, match="not sent back"):
            dialect.encode_request(request)
    # what a person typed is the server's to refuse: it has the better words
    assert b"nonsense" in dialect.encode_request(rq.DisconnectPeer(NodeId("nonsense")))


@BOTH
def test_lone_surrogates_are_refused_going_out(level: Level) -> None:
    with pytest.raises(BadInput, match="description"):
        dialect_for(level).encode_request(rq.Bolt12Receive("a\udc80"))


@BOTH
def test_a_cleaned_token_goes_back_raw(level: Level) -> None:
    dialect = dialect_for(level)
    page: model.Page[Any] = model.Page((), model.PageToken(clean("a\x1bb\u202e"), 7))
    back = dialect.decode_answer("ListPayments", dialect.encode_answer("ListPayments", page))
    assert "\x1b" not in back.next_token.token
    asked = dialect.decode_request("ListPayments", dialect.encode_request(rq.ListPayments(back.next_token)))
    assert asked == rq.ListPayments(model.PageToken("a\x1bb\u202e", 7))


def test_requests_of_another_level_are_malformed_or_unknown() -> None:
    with pytest.raises(MalformedRequest):
        dialect_for(OLD).decode_request("Bolt11SendUnderpaying", b"")
    with pytest.raises(MalformedRequest):
        dialect_for(NEW).decode_request("Nope", b"")
    # `send_all = true` of the old level, where the new one has a message (server facts 1.4)
    old = dialect_for(OLD).encode_request(rq.OnchainSend("addr", rq.ALL_FUNDS))
    assert old == b"\x0a\x04addr\x18\x01"
    with pytest.raises(MalformedRequest):
        dialect_for(NEW).decode_request("OnchainSend", old)
    with pytest.raises(MalformedRequest):
        dialect_for(OLD).decode_request(
            "OnchainSend", dialect_for(NEW).encode_request(rq.OnchainSend("addr", rq.ALL_FUNDS))
        )


# --- level 2026-04 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (rq.OpenChannel(NODE, "a:1", rq.ALL_FUNDS), "all funds"),
        (rq.SpliceIn(*CHANNEL, rq.ALL_FUNDS), "all funds"),
        (rq.Bolt11SendUnderpaying("i", Msat(1)), "Bolt11SendUnderpaying"),
        (rq.SpontaneousSend(Msat(1), NODE, custom_tlvs=(model.CustomTlv(65_537, b"x"),)), "records"),
        (rq.SpontaneousSend(Msat(1), NODE, preimage=Secret("00" * 32)), "preimage"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_the_old_level_cannot_do_is_said_before_sending(request_: rq.Request, words: str) -> None:
    with pytest.raises(NotSupported, match=words):
        dialect_for(OLD).encode_request(request_)
    dialect_for(NEW).encode_request(request_)


def test_old_level_methods_that_do_not_exist() -> None:
    for call in (
        lambda: dialect_for(OLD).decode_answer("Bolt11SendUnderpaying", b""),
        lambda: dialect_for(OLD).encode_answer("Bolt11SendUnderpaying", PaymentId(HASH)),
        lambda: dialect_for(NEW).decode_answer("SubscribeEvents", b""),
    ):
        with pytest.raises(NotSupported):
            call()


@pytest.mark.parametrize("request_", [rq.OpenChannel(NODE, "a:1", None), rq.SpliceIn(*CHANNEL, None)])
def test_a_missing_amount_is_not_sent_as_zero(request_: rq.Request) -> None:
    """The new level refuses it at the server; the old one would take 0 for an amount."""
    with pytest.raises(BadInput, match="missing"):
        dialect_for(OLD).encode_request(request_)
    assert (
        dialect_for(NEW).decode_request(type(request_).__name__, dialect_for(NEW).encode_request(request_)) == request_
    )


def test_send_all_of_the_old_level() -> None:
    dialect = dialect_for(OLD)
    cases = {
        b"\x0a\x01a": None,
        b"\x0a\x01a\x18\x01": rq.ALL_FUNDS,
        b"\x0a\x01a\x10\x05": Sat(5),
        b"\x0a\x01a\x10\x05\x18\x00": Sat(5),
        b"\x0a\x01a\x10\x05\x18\x01": None,  # both: refused with the text of neither
    }
    for body, amount in cases.items():
        assert dialect.decode_request("OnchainSend", body) == rq.OnchainSend("a", amount)


def test_absent_network_is_unknown_on_the_old_level_and_mainnet_on_the_new() -> None:
    assert dialect_for(OLD).decode_answer("GetNodeInfo", b"").network is None
    assert dialect_for(OLD).decode_answer("GetNodeInfo", b"\x68\x00").network is Network.BITCOIN
    assert dialect_for(OLD).decode_answer("GetNodeInfo", b"\x68\x04").network is Network.REGTEST
    assert dialect_for(NEW).decode_answer("GetNodeInfo", b"").network is Network.BITCOIN
    info = model.NodeInfo(node_id=NODE, best_block=None, network=Network.BITCOIN)
    bare = dialect_for(OLD).encode_answer("GetNodeInfo", replace(info, network=None))
    for level in (OLD, NEW):
        assert dialect_for(level).encode_answer("GetNodeInfo", info) == bare, "no server puts mainnet on the wire"
    assert dialect_for(NEW).encode_answer("GetNodeInfo", replace(info, network=None)) == bare


def test_what_the_old_level_leaves_out() -> None:
    dialect = dialect_for(OLD)

    def back(event: ev.Event) -> ev.Event:
        data = dialect.encode_event(event)
        assert data is not None
        return dialect.decode_event(data)

    record = model.CustomTlv(65_537, b"\x1b")
    assert back(ev.PaymentReceived(payment(), (record,))) == ev.PaymentReceived(payment())
    assert back(ev.PaymentClaimable(payment(), (record,), 500)) == ev.PaymentClaimable(payment())
    skimmed = payment(kind=model.Bolt11Kind(HASH, skimmed_fee_msat=Msat(9)))
    assert back(ev.PaymentReceived(skimmed)) == ev.PaymentReceived(payment())
    parts = tuple(model.HtlcLocator(ids.ChannelId(f"{n:064x}"), UserChannelId(str(n)), NODE) for n in (1, 2))
    forward = model.ForwardedPayment(parts, parts)
    assert back(ev.PaymentForwarded(forward)) == ev.PaymentForwarded(model.ForwardedPayment(parts[:1], parts[:1]))
    changed = ev.ChannelStateChanged(ids.ChannelId(HASH), CHANNEL[0], NODE, ev.ChannelState.READY)
    assert dialect.encode_event(changed) is None
    assert dialect_for(NEW).encode_event(changed) is not None


def test_jit_payments_of_the_old_level_are_told_by_their_limits() -> None:
    dialect = dialect_for(OLD)
    kind = model.Bolt11Kind(HASH, skimmed_fee_msat=Msat(9), lsp_fee_limits=model.LspFeeLimits(None, None))
    page = model.Page((payment(kind=kind),), None)
    assert dialect.decode_answer("ListPayments", dialect.encode_answer("ListPayments", page)) == page
    # a just-in-time payment without the limits message stays one
    bare = b"\x0a\x06\x12\x04\x1a\x02\x0a\x00"
    (row,) = dialect.decode_answer("ListPayments", bare).rows
    assert row.kind.lsp_fee_limits == model.LspFeeLimits(None, None)


def test_a_forward_with_an_empty_side_has_no_part_there() -> None:
    empty = dialect_for(OLD).decode_answer("ListForwardedPayments", b"\x0a\x02\x38\x01")
    assert empty.rows == (model.ForwardedPayment((), (), claim_from_onchain_tx=True),)


def test_the_same_bytes_mean_another_kind_on_another_level() -> None:
    """Tag reuse (server facts 1.4): why the level must be known."""
    page = model.Page((payment(kind=model.SpontaneousKind(HASH)),), None)
    data = dialect_for(OLD).encode_answer("ListPayments", page)
    (row,) = dialect_for(NEW).decode_answer("ListPayments", data).rows
    assert row.kind == model.UnknownKind()


# --- values that only one form on the wire has --------------------------------------------------------------------


@BOTH
def test_what_comes_back_in_another_form(level: Level) -> None:
    """Wire forms that core does not tell apart; no server was seen to send the first of each pair."""
    dialect = dialect_for(level)

    def again(method: str, data: bytes) -> bytes:
        return dialect.encode_answer(method, dialect.decode_answer(method, data))

    assert again("DecodeOffer", b"\x3a\x02\x10\x01") == b"\x3a\x02\x08\x01"  # at most one item: one item
    assert again("DecodeOffer", b"\x22\x00") == again("DecodeOffer", b"")  # a price without a price
    onchain = b"\x0a\x04\x12\x02\x0a\x00"  # neither confirmed nor unconfirmed: unconfirmed
    assert again("GetPaymentDetails", onchain) == b"\x0a\x08\x12\x06\x0a\x04\x12\x02\x12\x00"
    assert again("GetPaymentDetails", b"\x0a\x00") == b"\x0a\x02\x12\x00"  # no kind: a kind that says nothing
    update = b"\x0a\x02\x22\x00"  # no fees: fees of 0
    assert again("GraphGetChannel", update) == b"\x0a\x04\x22\x02\x32\x00"
    upper = b"\x0a\x42" + NODE.upper().encode()
    assert again("GetNodeInfo", upper) == b"\x0a\x42" + NODE.encode()


@BOTH
def test_a_hostile_server_can_be_played(level: Level) -> None:
    """`encode_answer` sends the raw form; what UTF-8 cannot carry becomes the replacement character."""
    dialect = dialect_for(level)
    peers = (
        model.Peer(NODE, clean("h\x1b[2J:1", "hostport"), True, True),
        model.Peer(NODE, SafeText("x", "a\udc80b"), False, False),
        model.Peer(NODE, own("127.0.0.1:9735"), False, False),
    )
    back = dialect.decode_answer("ListPeers", dialect.encode_answer("ListPeers", peers))
    assert [one.address.raw for one in back] == ["h\x1b[2J:1", "a\ufffdb", "127.0.0.1:9735"]
    assert "\x1b" not in back[0].address


@BOTH
def test_long_honest_texts_are_not_cut(level: Level) -> None:
    """An invoice is longer than a label may be."""
    dialect = dialect_for(level)
    invoice = "lnbc1" + "q" * 7_000
    assert (
        dialect.decode_answer("Bolt11ReceiveForHash", dialect.encode_answer("Bolt11ReceiveForHash", invoice)) == invoice
    )


@BOTH
def test_a_preimage_that_is_no_hex_cannot_reach_the_terminal(level: Level) -> None:
    dialect = dialect_for(level)
    kind = model.Bolt11Kind(HASH, Secret("00\x1b[2J"))
    data = dialect.encode_answer("GetPaymentDetails", payment(kind=kind))
    back = dialect.decode_answer("GetPaymentDetails", data)
    assert "\x1b" not in back.kind.preimage.reveal()
    assert dialect.encode_answer("GetPaymentDetails", back) == data
