"""Events and enums against the wire tables; values that cannot be changed afterwards."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import get_args

import pytest

from ldk_tui.core import events, model
from ldk_tui.core.events import ChannelState, CloseReasonKind, ClosureInitiator, Event, PaymentReceived, UnknownEvent
from ldk_tui.core.ids import block_hash, payment_hash, payment_id, txid
from ldk_tui.core.model import (
    BalanceSource,
    Bolt11Kind,
    ChannelSide,
    Confirmed,
    Direction,
    Network,
    OnchainKind,
    Payment,
    PaymentStatus,
    UnknownKind,
)

WIRE = Path(__file__).parents[1] / "data" / "wire" / "2026-08"


def wire_enum(name: str) -> dict[int, str]:
    with (WIRE / "enums.tsv").open(encoding="utf-8") as lines:
        return {
            int(row["number"]): row["value"] for row in csv.DictReader(lines, delimiter="\t") if row["enum"] == name
        }


def wire_oneof(message: str) -> set[str]:
    with (WIRE / "messages.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["type"].removeprefix("events.") for row in rows if row["message"] == message and row["oneof"]}


def payment(kind: model.PaymentKind) -> Payment:
    return Payment(payment_id("00" * 32), kind, None, None, Direction.INBOUND, PaymentStatus.PENDING, 0)


def test_close_reasons_have_the_numbers_of_the_wire() -> None:
    prefix = "CHANNEL_STATE_CHANGE_REASON_KIND_"
    wire = {
        number: name.removeprefix(prefix) for number, name in wire_enum("events.ChannelStateChangeReasonKind").items()
    }
    ours = {kind.value: kind.name for kind in CloseReasonKind if kind is not CloseReasonKind.UNKNOWN}
    assert ours == wire


@pytest.mark.parametrize(
    ("ours", "wire", "prefix", "unset"),
    [
        (ChannelState, "events.ChannelState", "CHANNEL_STATE_", {"UNSPECIFIED"}),
        (ClosureInitiator, "events.ChannelClosureInitiator", "CHANNEL_CLOSURE_INITIATOR_", {"UNSPECIFIED"}),
        (Network, "types.Network", "", set()),
        (PaymentStatus, "types.PaymentStatus", "", set()),
        (Direction, "types.PaymentDirection", "", set()),
        (BalanceSource, "types.BalanceSource", "", set()),
        (ChannelSide, "types.ChannelDirection", "", set()),
    ],
)
def test_enums_name_every_wire_value(ours: type, wire: str, prefix: str, unset: set[str]) -> None:
    wire_names = {name.removeprefix(prefix) for name in wire_enum(wire).values()} - unset
    our_names = {member.name for member in ours}  # type: ignore[attr-defined]
    assert wire_names <= our_names
    assert "UNKNOWN" in our_names  # a number of a newer level must find a place


def test_every_event_of_the_envelope_has_its_class() -> None:
    ours = {kind.__name__ for kind in get_args(Event)} - {"UnknownEvent"}
    assert ours == wire_oneof("events.EventEnvelope")


def test_values_are_immutable() -> None:
    for module in (events, model):
        for kind in vars(module).values():
            if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]
    event = PaymentReceived(payment(UnknownKind()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.payment = payment(UnknownKind())  # type: ignore[misc]
    assert UnknownEvent() == UnknownEvent()


def test_a_payment_knows_its_hash_where_its_kind_has_one() -> None:
    some_hash = payment_hash("11" * 32)
    assert payment(Bolt11Kind(some_hash)).payment_hash == some_hash
    assert payment(UnknownKind()).payment_hash is None
    assert payment(OnchainKind(txid("22" * 32), Confirmed(block_hash("00" * 32), 1, 2))).payment_hash is None
