"""What requests are made of: routes, descriptions, a channel's key, and the field that keeps harmless ones harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ldk_tui.core import requests as core
from ldk_tui.core.amounts import Msat
from ldk_tui.wire.fields import identifier, u32, u64, utf8

if TYPE_CHECKING:
    from ldk_tui.wire.v2026_04 import types_pb2 as types04
    from ldk_tui.wire.v2026_08 import types_pb2 as types08


@dataclass(frozen=True, slots=True)
class Ask:
    """How the request of one method is written and read; its message is `<Method>Request`.

    `suffix` is appended to the bytes: a field that this message ignores and that makes a dangerous twin refuse the same
    signed body, because the signature does not cover the method (safety facts 2.7).
    """

    write: Callable[[Any, Any], None]
    read: Callable[[Any], core.Request]
    suffix: bytes = b""


EMPTY_FIELD_2: Final = b"\x12\x00"
"""Refused by Bolt11Send, Bolt12Send and UnifiedSend, whose field 2 is a number."""

ZERO_FIELD_3: Final = b"\x18\x00"
"""Refused by ForceCloseChannel, whose field 3 is a string."""


def read_route(m: types04.RouteParametersConfig | types08.RouteParametersConfig) -> core.RouteParameters:
    return core.RouteParameters(
        max_fee_msat=Msat(m.max_total_routing_fee_msat) if m.HasField("max_total_routing_fee_msat") else None,
        max_cltv_expiry_delta=m.max_total_cltv_expiry_delta,
        max_path_count=m.max_path_count,
        max_saturation_power_of_half=m.max_channel_saturation_power_of_half,
    )


def write_route(
    out: types04.RouteParametersConfig | types08.RouteParametersConfig, route: core.RouteParameters
) -> None:
    """All four numbers, because a missing one counts as 0 and kills the payment; the fee alone has a default."""
    out.SetInParent()
    if route.max_fee_msat is not None:
        out.max_total_routing_fee_msat = u64(route.max_fee_msat, "fee limit in millisatoshi")
    out.max_total_cltv_expiry_delta = u32(route.max_cltv_expiry_delta, "CLTV limit in blocks")
    out.max_path_count = u32(route.max_path_count, "number of parts")
    out.max_channel_saturation_power_of_half = u32(route.max_saturation_power_of_half, "saturation limit")


def read_description(m: types04.Bolt11InvoiceDescription | types08.Bolt11InvoiceDescription) -> core.Description | None:
    which = m.WhichOneof("kind")
    if which == "direct":
        return core.DirectDescription(m.direct)
    return core.DescriptionHash(m.hash) if which == "hash" else None


def write_description(
    out: types04.Bolt11InvoiceDescription | types08.Bolt11InvoiceDescription, description: core.Description
) -> None:
    if isinstance(description, core.DirectDescription):
        out.direct = utf8(description.text, "description")
    else:
        out.hash = identifier(description.hash, "description hash")


def write_amount(value: int, out: Any) -> None:
    """The field `amount_msat`, which many requests have."""
    out.amount_msat = u64(value, "amount in millisatoshi")


def write_channel_key(out: Any, request: Any) -> None:
    """The two fields that name a channel in every channel call."""
    out.user_channel_id = identifier(request.user_channel_id, "user channel id")
    out.counterparty_node_id = identifier(request.counterparty, "counterparty's node id")
