"""What real servers said: every message is understood whole, and said again in the same bytes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from ldk_tui.core.events import ChannelStateChanged, PaymentClaimable, PaymentReceived, UnknownEvent
from ldk_tui.core.model import (
    Bolt11Kind,
    DecodedOffer,
    Level,
    MaybePreimageClaimableHtlc,
    Network,
    NodeInfo,
    Payment,
    PaymentStatus,
    UnknownBalance,
    UnknownKind,
    UnknownSweep,
)
from ldk_tui.wire.dialect import MalformedRequest, dialect_for

RECORDINGS = Path(__file__).resolve().parents[1] / "data" / "recordings"
STREAM = "SubscribeEvents"
CALLS = {
    Level.L2026_08: ("calls-2026-08.jsonl", "calls-2026-08-jit.jsonl"),
    Level.L2026_04: ("calls-2026-04.jsonl",),
}
SUFFIXES = {"DecodeInvoice": b"\x12\x00", "DecodeOffer": b"\x12\x00", "CloseChannel": b"\x18\x00"}


@dataclass(frozen=True)
class Recorded:
    """One recorded message. `method` is empty for an event; `message` is the name in the level's module."""

    level: Level
    where: str
    method: str
    message: str
    data: bytes


def _answers_and_events() -> Iterator[Recorded]:
    for level, names in CALLS.items():
        for name in names:
            for number, line in enumerate((RECORDINGS / name).read_text(encoding="utf-8").splitlines(), 1):
                row = json.loads(line)
                if "event" in row:
                    yield Recorded(level, f"{name}:{number}", "", "EventEnvelope", bytes.fromhex(row["event"]))
                elif row["status"] == "OK" and row["method"] != STREAM:
                    message = row["method"] + "Response"
                    yield Recorded(level, f"{name}:{number}", row["method"], message, bytes.fromhex(row["response"]))
    for case in json.loads((RECORDINGS / "frames-2026-08.json").read_text(encoding="utf-8")):
        method = case["request"]["path"].rsplit("/", 1)[-1]
        if not case["request"]["path"].startswith("/api.LightningNode/"):
            continue  # the metrics
        for frame in case["frames"]:
            data = frame.get("data", "")  # of an error: empty; of long answers only the beginning was kept
            if frame["type"] == "DataFrame" and len(data) >= 10 and "..." not in data:
                body = bytes.fromhex(data)
                assert int.from_bytes(body[1:5], "big") == len(body) - 5, case["case"]
                is_event = method == STREAM
                message = "EventEnvelope" if is_event else f"{method}Response"
                where = f"frames: {case['case']}"
                yield Recorded(Level.L2026_08, where, "" if is_event else method, message, body[5:])


def _requests() -> Iterator[tuple[Recorded, str]]:
    """Requests, with the status that they got."""
    for level, names in CALLS.items():
        methods = dialect_for(level).methods
        for name in names:
            for number, line in enumerate((RECORDINGS / name).read_text(encoding="utf-8").splitlines(), 1):
                row = json.loads(line)
                if row.get("method") in methods:
                    data = bytes.fromhex(row["request"])
                    message = row["method"] + "Request"
                    yield Recorded(level, f"{name}:{number}", row["method"], message, data), row["message"]
    for case in json.loads((RECORDINGS / "frames-2026-08.json").read_text(encoding="utf-8")):
        method = case["request"]["path"].rsplit("/", 1)[-1]
        body = bytes.fromhex(case["request"].get("body") or "")
        framed = len(body) >= 5 and body[0] == 0 and int.from_bytes(body[1:5], "big") == len(body) - 5
        if case["request"]["method"] == "POST" and method in dialect_for(Level.L2026_08).methods and framed:
            said = next(
                (value for f in case["frames"] for key, value in f.get("headers", []) if key == "grpc-message"), ""
            )
            yield Recorded(Level.L2026_08, f"frames: {case['case']}", method, f"{method}Request", body[5:]), said


ANSWERS = list(_answers_and_events())
REQUESTS = list(_requests())


def _new(level: Level, name: str) -> Message:
    package = "v" + level.value.replace("-", "_")
    module = "events_pb2" if name == "EventEnvelope" else "api_pb2"
    made: Message = getattr(importlib.import_module(f"ldk_tui.wire.{package}.{module}"), name)()
    return made


def _unknown(message: Message, path: str) -> Iterator[str]:
    """Paths of fields that the .proto does not have, at any depth."""
    unknown: Any = UnknownFieldSet(message)
    fields: Any = message.ListFields()
    for field in unknown:
        yield f"{path}.#{field.field_number}"
    for field, value in fields:
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        entry = field.message_type.fields_by_name.get("value") if field.message_type.GetOptions().map_entry else None
        if entry is not None:
            parts = value.values() if entry.message_type else ()
        else:
            parts = value if field.is_repeated else (value,)
        for part in parts:
            yield from _unknown(part, f"{path}.{field.name}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _canonical(descriptor: Any, data: bytes) -> list[Any]:
    """The fields in the order of the bytes; only runs of map entries are sorted, because a map has no order."""
    out: list[Any] = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        field = descriptor.fields_by_number.get(number)
        if kind == 2:
            size, at = _varint(data, at)
            part: Any = data[at : at + size]
            at += size
            if field is not None and field.message_type is not None:
                part = _canonical(field.message_type, part)
            is_map = field is not None and field.message_type and field.message_type.GetOptions().map_entry
            if is_map and out and out[-1][0] == number:
                out[-1][1].append(part)
                out[-1][1].sort(key=repr)
            else:
                out.append((number, [part] if is_map else part))
        else:
            assert kind == 0, "the server's messages have no fixed-width fields"
            value, at = _varint(data, at)
            out.append((number, value))
    return out


def test_there_is_much_to_read() -> None:
    """Guards the guards: an empty list would make every test below pass."""
    assert sum(one.level is Level.L2026_08 for one in ANSWERS) > 600
    assert sum(one.level is Level.L2026_04 for one in ANSWERS) > 30
    assert any(one.where.startswith("frames") for one in ANSWERS)
    assert len(REQUESTS) > 500


def test_every_message_is_known_whole_and_says_itself_again() -> None:
    for one in ANSWERS:
        message = _new(one.level, one.message)
        message.ParseFromString(one.data)
        assert list(_unknown(message, one.message)) == [], one.where
        again = message.SerializeToString()
        assert len(again) == len(one.data), one.where
        assert _canonical(message.DESCRIPTOR, again) == _canonical(message.DESCRIPTOR, one.data), one.where


def test_unknown_fields_would_be_found_at_any_depth() -> None:
    message = _new(Level.L2026_08, "ListPaymentsResponse")
    message.ParseFromString(b"\x0a\x04\x12\x02\x78\x01")
    assert list(_unknown(message, "x")) == ["x.payments.kind.#15"]


def test_every_request_is_known_whole_and_says_itself_again() -> None:
    for one, said in REQUESTS:
        message = _new(one.level, one.message)
        if said in ("Malformed request", "Malformed%20request"):
            continue
        message.ParseFromString(one.data)
        unknown = list(_unknown(message, one.message))
        suffix = SUFFIXES.get(one.method, b"")
        assert len(unknown) == bool(suffix and one.data.endswith(suffix)), one.where
        assert message.SerializeToString() == one.data, one.where


def test_the_dialect_keeps_everything_that_real_servers_said() -> None:
    """Wire to core to the same wire: no exception was needed for what real servers send."""
    for one in ANSWERS:
        dialect = dialect_for(one.level)
        if one.method:
            again: bytes | None = dialect.encode_answer(one.method, dialect.decode_answer(one.method, one.data))
        else:
            again = dialect.encode_event(dialect.decode_event(one.data))
        assert again is not None
        descriptor = _new(one.level, one.message).DESCRIPTOR
        assert _canonical(descriptor, again) == _canonical(descriptor, one.data), one.where


def test_no_recorded_value_is_unknown_or_invalid() -> None:
    """Real servers send no id of a wrong form and no kind that we do not know."""
    for one in ANSWERS:
        dialect = dialect_for(one.level)
        value = dialect.decode_answer(one.method, one.data) if one.method else dialect.decode_event(one.data)
        shown = repr(value)
        assert "(invalid)" not in shown, one.where
        unknown = (UnknownKind, UnknownBalance, UnknownSweep, UnknownEvent)
        assert not any(f"{kind.__name__}(" in shown for kind in unknown), one.where


def test_requests_read_by_the_server_half_are_written_the_same() -> None:
    malformed = 0
    for one, said in REQUESTS:
        dialect = dialect_for(one.level)
        if "Malformed" in said:
            with pytest.raises(MalformedRequest):
                dialect.decode_request(one.method, one.data)
            malformed += 1
            continue
        request = dialect.decode_request(one.method, one.data)
        suffix = SUFFIXES.get(one.method, b"")
        assert dialect.encode_request(request) == one.data.removesuffix(suffix) + suffix, one.where
    assert malformed >= 1, "the recordings hold requests that the server called malformed"


# --- a few values, read by eye from the recordings ----------------------------------------------------------------


def _all(level: Level, method: str) -> list[Any]:
    dialect = dialect_for(level)
    return [
        dialect.decode_answer(one.method, one.data) for one in ANSWERS if (one.level, one.method) == (level, method)
    ]


def _events(level: Level) -> list[Any]:
    return [dialect_for(level).decode_event(one.data) for one in ANSWERS if (one.level, one.method) == (level, "")]


def test_node_info_of_both_levels() -> None:
    new: NodeInfo = _all(Level.L2026_08, "GetNodeInfo")[0]
    assert (new.alias, new.height, new.network) == ("alice", 110, Network.REGTEST)
    assert new.listening_addresses == ("127.0.0.1:19735",)
    assert new.features[14].name == "PaymentSecret"
    assert new.features[14].is_required
    assert not new.features[17].is_required
    old: NodeInfo = _all(Level.L2026_04, "GetNodeInfo")[0]
    assert (old.alias, old.network, old.features) == ("alice", Network.REGTEST, {})


def test_a_held_payment_is_seen_three_ways() -> None:
    claimable = [one for one in _events(Level.L2026_08) if isinstance(one, PaymentClaimable)]
    deadlines = {one.payment.payment_hash: one.claim_deadline for one in claimable}
    held = [
        balance
        for balances in _all(Level.L2026_08, "GetBalances")
        for balance in balances.lightning
        if isinstance(balance, MaybePreimageClaimableHtlc) and balance.payment_hash in deadlines
    ]
    assert held
    for balance in held:
        assert balance.expiry_height - 39 in [one.claim_deadline for one in claimable]
    assert any(one.payment.status is PaymentStatus.FAILED for one in claimable), "failed, then paid again"


def test_old_level_has_no_deadline_and_no_channel_events() -> None:
    events = _events(Level.L2026_04)
    assert any(isinstance(one, PaymentClaimable) and one.claim_deadline is None for one in events)
    assert not any(isinstance(one, ChannelStateChanged) for one in events)
    offers: list[DecodedOffer] = _all(Level.L2026_04, "DecodeOffer")
    assert any(
        path.introduction_scid is not None and path.introduction_side is None for o in offers for path in o.paths
    )


def test_hostile_records_and_reasons_are_kept_raw_and_shown_clean() -> None:
    events = _events(Level.L2026_08)
    records = [r for one in events if isinstance(one, PaymentReceived) for r in one.custom_records]
    assert any(b"\x1b" in record.value for record in records)
    reasons = [one.reason for one in events if isinstance(one, ChannelStateChanged) and one.reason is not None]
    hostile = [reason for reason in reasons if reason.detail is not None and "\x1b" in reason.detail.raw]
    assert hostile
    for reason in hostile:
        assert reason.detail is not None
        assert reason.detail.altered
        assert "\x1b" not in reason.detail
        assert "\x1b" not in reason.message


def test_unpaid_own_invoice_hides_its_preimage() -> None:
    unpaid: list[Payment] = [
        one
        for one in _all(Level.L2026_08, "GetPaymentDetails")
        if one is not None and one.status is PaymentStatus.PENDING and isinstance(one.kind, Bolt11Kind)
    ]
    secrets = [one.kind.preimage for one in unpaid if isinstance(one.kind, Bolt11Kind) and one.kind.preimage]
    assert secrets, "the server does show them"
    for secret in secrets:
        assert secret.reveal() not in repr(unpaid)


def test_the_skimmed_fee_of_a_jit_payment() -> None:
    received = [one for one in _events(Level.L2026_08) if isinstance(one, PaymentReceived)]
    skimmed = [
        (one.payment.amount_msat, one.payment.kind.skimmed_fee_msat)
        for one in received
        if isinstance(one.payment.kind, Bolt11Kind) and one.payment.kind.skimmed_fee_msat
    ]
    assert (90_000_000, 10_000_000) in skimmed
