"""`GET /metrics`: twelve Prometheus figures on the same port, with Basic authentication when the server wants it
(server facts 4.8). No HMAC; a name and password are sent to a verified peer only."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation

from ldk_tui.client import failure
from ldk_tui.client.exchange import Ended
from ldk_tui.client.failure import Context
from ldk_tui.client.transport import Channel
from ldk_tui.core.amounts import Sat
from ldk_tui.core.errors import AccessCause, AccessDenied, BadAnswer, NotSupported
from ldk_tui.core.record import dataclass
from ldk_tui.core.requests import Effect, Rpc
from ldk_tui.core.secret import Secret

PREFIX = "ldk_server_"
_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[^}]*\})?[ \t]+([^ \t]+)(?:[ \t]+-?[0-9]+)?", re.ASCII)
_CALL = Rpc("GET /metrics", "metrics", type(None), 10.0, Effect.READ)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the server counts, None where it does not say. Several drift by design: 4.8 has the traps.

    `successful` and `failed`: all at the server's start, afterwards only outbound ones add. `channels` drifts.
    `others`: figures that this program does not know, by their full name.
    """

    peers: int | None = None
    payments: int | None = None
    pending_payments: int | None = None
    successful_payments: int | None = None
    failed_payments: int | None = None
    channels: int | None = None
    public_channels: int | None = None
    private_channels: int | None = None
    total_onchain_sat: Sat | None = None
    spendable_onchain_sat: Sat | None = None
    anchor_reserve_sat: Sat | None = None
    total_lightning_sat: Sat | None = None
    others: Mapping[str, int | Decimal] = field(default_factory=dict)


_FIELDS = {
    "total_peers_count": "peers",
    "total_payments_count": "payments",
    "total_pending_payments_count": "pending_payments",
    "total_successful_payments_count": "successful_payments",
    "total_failed_payments_count": "failed_payments",
    "total_channels_count": "channels",
    "total_public_channels_count": "public_channels",
    "total_private_channels_count": "private_channels",
    "total_onchain_balance_sats": "total_onchain_sat",
    "spendable_onchain_balance_sats": "spendable_onchain_sat",
    "total_anchor_channels_reserve_sats": "anchor_reserve_sat",
    "total_lightning_balance_sats": "total_lightning_sat",
}


async def fetch(channel: Channel, context: Context, username: str | None, password: Secret[str] | None) -> Metrics:
    """Ask once. Raises AccessDenied (METRICS) on 401, NotSupported on 404 (switched off), and as any read."""
    headers = []
    if username is not None and password is not None:
        token = b64encode(f"{username}:{password.reveal()}".encode()).decode("ascii")
        headers.append(("authorization", f"Basic {token}"))
    try:
        answer = await channel.get("/metrics", headers, deadline_s=_CALL.deadline_s or 10.0)
    except Ended as ended:
        raise failure.of_end(ended, _CALL, context) from ended
    address = context.target.address
    if answer.status == 401:
        what = "does not accept this name and password" if headers else "wants a name and password"
        raise AccessDenied(
            f"{address} {what} for its metrics: they are in the server's config under [metrics].",
            cause=AccessCause.METRICS,
        )
    if answer.status == 404:
        raise NotSupported(f"{address} has its metrics switched off: set enabled = true under [metrics] in its config.")
    if answer.status != 200:
        raise BadAnswer(f"{address} answered GET /metrics with HTTP status {answer.status}.")
    return parse(answer.body.decode("utf-8", "replace"))


def parse(text: str) -> Metrics:
    """The figures in Prometheus text. Comments and lines that are none are skipped. Raises BadAnswer without any."""
    known: dict[str, int] = {}
    others: dict[str, int | Decimal] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            continue
        value = _number(match[2])
        if value is None:
            continue
        name = _FIELDS.get(match[1].removeprefix(PREFIX)) if match[1].startswith(PREFIX) else None
        if name is not None and isinstance(value, int):
            known[name] = value
        else:
            others[match[1]] = value
    if not known and not others:
        raise BadAnswer("The answer to GET /metrics holds no figures.")
    return Metrics(**known, others=others)  # type: ignore[arg-type]


def _number(text: str) -> int | Decimal | None:
    """A whole number as int, another as Decimal: no float, they may be money. NaN and infinities are no figures."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > Decimal(10) ** 30:
        return None
    return int(value) if value == value.to_integral_value() else value
