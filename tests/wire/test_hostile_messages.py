"""Whatever a server sends, well formed or not: no exception but the two that are promised, and no control character."""

from __future__ import annotations

import dataclasses
import importlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.errors import BadAnswer
from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    CloseReasonKind,
    ClosureInitiator,
    PaymentReceived,
    UnknownEvent,
)
from ldk_tui.core.model import (
    BalanceSource,
    ClaimableAwaitingConfirmations,
    Direction,
    Level,
    Network,
    NodeInfo,
    Payment,
    PaymentStatus,
    UnknownBalance,
    UnknownKind,
    UnknownSweep,
)
from ldk_tui.core.requests import SubscribeEvents
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.wire.dialect import MalformedRequest, dialect_for

DATA = Path(__file__).resolve().parents[1] / "data"
LEVELS = (Level.L2026_04, Level.L2026_08)
U64, U32 = (1 << 64) - 1, (1 << 32) - 1
ANSWERS = [(level, method) for level in LEVELS for method in sorted(dialect_for(level).methods)]


def _new(level: Level, name: str) -> Message:
    package = "v" + level.value.replace("-", "_")
    module = "events_pb2" if name == "EventEnvelope" else "api_pb2"
    made: Message = getattr(importlib.import_module(f"ldk_tui.wire.{package}.{module}"), name)()
    return made


def _text(vector: str) -> str:
    """UTF-8 cannot carry lone surrogates, so no protobuf can."""
    return vector.encode("utf-8", "ignore").decode()


VECTORS = sorted(
    {_text(one["input"]) for one in json.loads((DATA / "hostile-strings.json").read_text(encoding="utf-8"))}
    | {"\x1b]0;owned\x07", "\x9b2J", "a\u202eb", "[@click=app.quit]x[/]", "\x00", "line\nline", "\u2028", "", " "}
)


@dataclasses.dataclass(frozen=True)
class Filling:
    """What every field of a kind gets. `branch` picks one field of each oneof."""

    text: str = "x"
    whole: int = 1
    enum: int = 1
    flag: bool = True
    branch: int = 0


def _scalar(field: Any, filling: Filling) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return filling.text
    if field.type == FieldDescriptor.TYPE_BYTES:
        return filling.text.encode()
    if field.type == FieldDescriptor.TYPE_BOOL:
        return filling.flag
    if field.type == FieldDescriptor.TYPE_ENUM:
        return filling.enum
    limit = {FieldDescriptor.TYPE_UINT32: U32, FieldDescriptor.TYPE_INT64: U64 >> 1}.get(field.type, U64)
    return min(filling.whole, limit)


def _fill(message: Message, filling: Filling) -> None:
    """Sets every field of `message` at any depth; of each oneof one."""
    fields: Any = message.DESCRIPTOR.fields
    for field in fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[filling.branch % len(oneof.fields)].number != field.number:
            continue
        value = getattr(message, field.name)
        is_message = field.type == FieldDescriptor.TYPE_MESSAGE
        if is_message and field.message_type.GetOptions().map_entry:
            _fill(value[7], filling)
        elif field.is_repeated:
            for _ in range(2):
                if is_message:
                    _fill(value.add(), filling)
                else:
                    value.append(_scalar(field, filling))
        elif is_message:
            value.SetInParent()
            _fill(value, filling)
        else:
            setattr(message, field.name, _scalar(field, filling))


def _branches(descriptor: Any) -> int:
    """How many fillings it takes to see every field of every oneof below `descriptor`."""
    own = [len(oneof.fields) for oneof in descriptor.oneofs]
    below = [_branches(field.message_type) for field in descriptor.fields if field.message_type is not None]
    return max(own + below, default=1)


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every str of a core value with its path, secrets included; not `SafeText.raw`."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Secret):
        yield from _strings(value.reveal(), f"{path}!")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _strings(one, f"{path}[{key}]")
    elif isinstance(value, tuple):
        for one in value:
            yield from _strings(one, f"{path}[]")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _strings(getattr(value, field.name), f"{path}.{field.name}")
    else:
        assert value is None or isinstance(value, int | bytes | Enum), (path, type(value))


def _dirty(text: str) -> str:
    """The characters of `text` that no screen may get; a SafeText of several lines may hold line feeds."""
    kept = {"\n"} if isinstance(text, SafeText) else set()
    return "".join(c for c in text if c not in kept and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


@pytest.mark.parametrize(("level", "method"), ANSWERS, ids=lambda one: getattr(one, "value", one))
def test_every_string_field_of_every_answer_is_cleaned(level: Level, method: str) -> None:
    dialect = dialect_for(level)
    for branch in range(_branches(_new(level, f"{method}Response").DESCRIPTOR)):
        for vector in VECTORS:
            message = _new(level, f"{method}Response")
            _fill(message, Filling(text=vector, branch=branch))
            value = dialect.decode_answer(method, message.SerializeToString())
            for path, text in _strings(value, method):
                assert not _dirty(text), (path, vector)
            dialect.encode_answer(method, value)


@pytest.mark.parametrize("level", LEVELS, ids=lambda one: one.value)
def test_every_string_field_of_every_event_is_cleaned(level: Level) -> None:
    dialect = dialect_for(level)
    for branch in range(30):  # six events, and five kinds of details inside
        for vector in VECTORS:
            message = _new(level, "EventEnvelope")
            _fill(message, Filling(text=vector, branch=branch))
            event = dialect.decode_event(message.SerializeToString())
            assert not isinstance(event, UnknownEvent)
            for path, text in _strings(event, "event"):
                assert not _dirty(text), (path, vector)
            dialect.encode_event(event)


def test_what_was_cleaned_keeps_its_raw_form() -> None:
    """The walk above would pass if the texts were dropped."""
    message = _new(Level.L2026_08, "GetNodeInfoResponse")
    _fill(message, Filling(text="a\x1b[2Jb"))
    info: NodeInfo = dialect_for(Level.L2026_08).decode_answer("GetNodeInfo", message.SerializeToString())
    assert info.alias is not None
    assert (info.alias.raw, info.alias.altered) == ("a\x1b[2Jb", True)
    assert info.node_id == "(invalid) a\\x1b[2Jb"
    assert info.features[7].name.raw == "a\x1b[2Jb"


@pytest.mark.parametrize("filling", [Filling(whole=U64, enum=99), Filling(whole=0, enum=-1), Filling(enum=2**31 - 1)])
@pytest.mark.parametrize("level", LEVELS, ids=lambda one: one.value)
def test_numbers_out_of_all_reason_never_raise(level: Level, filling: Filling) -> None:
    dialect = dialect_for(level)
    for branch in range(30):
        here = dataclasses.replace(filling, branch=branch)
        for method in dialect.methods:
            message = _new(level, f"{method}Response")
            _fill(message, here)
            dialect.encode_answer(method, dialect.decode_answer(method, message.SerializeToString()))
        envelope = _new(level, "EventEnvelope")
        _fill(envelope, here)
        dialect.encode_event(dialect.decode_event(envelope.SerializeToString()))


def test_unknown_enum_numbers_become_unknown_members() -> None:
    dialect = dialect_for(Level.L2026_08)

    def answer(method: str, branch: int = 0) -> Any:
        message = _new(Level.L2026_08, f"{method}Response")
        _fill(message, Filling(enum=77, branch=branch))
        return dialect.decode_answer(method, message.SerializeToString())

    payment: Payment = answer("GetPaymentDetails")
    assert (payment.direction, payment.status) == (Direction.UNKNOWN, PaymentStatus.UNKNOWN)
    assert answer("GetNodeInfo").network is Network.UNKNOWN
    waiting = answer("GetBalances", branch=1).lightning[0]
    assert isinstance(waiting, ClaimableAwaitingConfirmations)
    assert waiting.source is BalanceSource.UNKNOWN
    envelope = _new(Level.L2026_08, "EventEnvelope")
    _fill(envelope, Filling(enum=77, branch=5))
    event = dialect.decode_event(envelope.SerializeToString())
    assert isinstance(event, ChannelStateChanged)
    assert event.reason is not None
    assert (event.state, event.initiator, event.reason.kind) == (
        ChannelState.UNKNOWN,
        ClosureInitiator.UNKNOWN,
        CloseReasonKind.UNKNOWN,
    )
    again = dialect.decode_event(dialect.encode_event(event) or b"")
    assert isinstance(again, ChannelStateChanged)
    assert again.reason is not None
    assert again.reason.kind is CloseReasonKind.UNKNOWN


@pytest.mark.parametrize("level", LEVELS, ids=lambda one: one.value)
def test_messages_without_fields_never_raise(level: Level) -> None:
    dialect = dialect_for(level)
    for method in dialect.methods:
        value = dialect.decode_answer(method, b"")
        dialect.encode_answer(method, value)
        dialect.decode_request(method, b"")
    assert dialect.decode_answer("GetPaymentDetails", b"") is None
    assert dialect.decode_answer("ListPayments", b"").next_token is None
    assert dialect.decode_event(b"") == UnknownEvent()
    for number in range(1, 12):
        body = bytes([number << 3 | 2, 0])
        event = dialect.decode_event(body)
        channel_event = level is Level.L2026_08 and number == 8
        assert isinstance(event, ChannelStateChanged if channel_event else UnknownEvent), number


def test_unset_oneofs_are_values() -> None:
    for level in LEVELS:
        dialect = dialect_for(level)
        balances = dialect.decode_answer("GetBalances", b"\x2a\x00\x32\x00")
        assert balances.lightning == (UnknownBalance(),)
        assert balances.sweeps == (UnknownSweep(),)
        page = dialect.decode_answer("ListPayments", b"\x0a\x02\x12\x00")
        assert page.rows[0].kind == UnknownKind()
        assert page.rows[0].payment_hash is None
        # a kind of another level: field 15 of PaymentKind
        later = dialect.decode_answer("ListPayments", b"\x0a\x06\x12\x04\x7a\x02\x0a\x00")
        assert later.rows[0].kind == UnknownKind()
        offer = dialect.decode_answer("DecodeOffer", b"\x22\x00\x3a\x00\x42\x00")
        assert offer.amount is None
        assert offer.quantity is not None
        assert (offer.quantity.bound, offer.quantity.unbounded) == (None, False)
        assert offer.paths[0].introduction_node is None


# --- bytes that are no message ------------------------------------------------------------------------------------


def _recorded() -> list[tuple[Level, str, bytes]]:
    """Up to four different bodies of each method, and of events (method empty)."""
    found: dict[tuple[Level, str], dict[bytes, None]] = {}
    names = {"calls-2026-08.jsonl": Level.L2026_08, "calls-2026-04.jsonl": Level.L2026_04}
    for name, level in names.items():
        for line in (DATA / "recordings" / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if "event" in row:
                found.setdefault((level, ""), {})[bytes.fromhex(row["event"])] = None
            elif row["status"] == "OK" and row["method"] in dialect_for(level).methods:
                found.setdefault((level, row["method"]), {})[bytes.fromhex(row["response"])] = None
    return [(level, method, body) for (level, method), bodies in found.items() for body in list(bodies)[:4]]


RECORDED = _recorded()


def _decode(level: Level, method: str, data: bytes) -> bool:
    """True when the bytes were read; every other exception than BadAnswer goes on to the test."""
    dialect = dialect_for(level)
    try:
        if method:
            dialect.encode_answer(method, dialect.decode_answer(method, data))
        else:
            dialect.encode_event(dialect.decode_event(data))
    except BadAnswer:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ANSWERS), st.binary(max_size=64))
def test_random_bytes_raise_nothing_but_what_is_promised(row: tuple[Level, str], data: bytes) -> None:
    level, method = row
    _decode(level, method, data)
    _decode(level, "", data)
    with suppress(MalformedRequest):
        dialect_for(level).decode_request(method, data)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(RECORDED),
    st.lists(
        st.tuples(st.integers(0, 1 << 20), st.one_of(st.integers(0, 255), st.binary(max_size=4), st.none())),
        min_size=1,
        max_size=4,
    ),
)
def test_mutated_messages_raise_nothing_but_what_is_promised(
    row: tuple[Level, str, bytes], changes: list[tuple[int, int | bytes | None]]
) -> None:
    level, method, body = row
    changed = bytearray(body)
    for at, change in changes:
        place = at % (len(changed) + 1)
        if change is None:
            del changed[place:]
        elif isinstance(change, bytes):
            changed[place:place] = change
        elif place < len(changed):
            changed[place] = change
    _decode(level, method, bytes(changed))


def test_cut_and_foreign_bytes_are_bad_answers() -> None:
    level, method, body = next(one for one in RECORDED if one[1] == "ListChannels" and len(one[2]) > 50)
    assert _decode(level, method, body)
    assert not _decode(level, method, body[:-1])
    assert not _decode(level, method, b"<html>")
    assert not _decode(level, "", b"\x12")
    with pytest.raises(BadAnswer, match="answer to ListChannels"):
        dialect_for(level).decode_answer("ListChannels", b"<html>")
    with pytest.raises(BadAnswer) as caught:
        dialect_for(level).decode_answer("GetNodeInfo", b"\x0a\x02\xff\xfe")  # not UTF-8
    assert caught.value.__suppress_context__, "protobuf's words are not ours"


def test_the_server_half_never_reads_the_body_of_subscribe() -> None:
    assert dialect_for(Level.L2026_08).decode_request("SubscribeEvents", b"\xff\xff") == SubscribeEvents()


def test_a_huge_amount_is_a_number_like_any_other() -> None:
    message = _new(Level.L2026_08, "EventEnvelope")
    _fill(message, Filling(whole=U64))
    event = dialect_for(Level.L2026_08).decode_event(message.SerializeToString())
    assert isinstance(event, PaymentReceived)
    assert event.payment.amount_msat == U64
