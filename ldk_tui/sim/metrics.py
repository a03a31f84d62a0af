"""The text of `GET /metrics`: twelve Prometheus metrics with the drifts of the real server (server facts 4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core.model import PaymentStatus
from ldk_tui.sim.rpc.info import balances

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

_PREFIX = "ldk_server_"


def metrics_text(node: SimNode) -> str:
    """All metrics with HELP and TYPE lines."""
    sums = balances(node)
    public = sum(channel.announced for channel in node.channels)
    pending = sum(payment.status is PaymentStatus.PENDING for payment in node.records.values())
    rows = (
        ("total_peers_count", "gauge", "Total number of peers", len(node.known_peers)),
        ("total_payments_count", "counter", "Total number of payments", len(node.records)),
        ("total_successful_payments_count", "counter", "Total number of successful payments", node.succeeded),
        ("total_pending_payments_count", "gauge", "Total number of pending payments", pending),
        ("total_failed_payments_count", "counter", "Total number of failed payments", node.failed),
        ("total_channels_count", "gauge", "Total number of channels", node.counted_channels),
        ("total_public_channels_count", "gauge", "Total number of public channels", public),
        ("total_private_channels_count", "gauge", "Total number of private channels", len(node.channels) - public),
        ("total_onchain_balance_sats", "gauge", "Total onchain balance in sats", sums.total_onchain_sat),
        ("spendable_onchain_balance_sats", "gauge", "Spendable onchain balance in sats", sums.spendable_onchain_sat),
        (
            "total_anchor_channels_reserve_sats",
            "gauge",
            "Total anchor channels reserve in sats",
            sums.anchor_reserve_sat,
        ),
        ("total_lightning_balance_sats", "gauge", "Total lightning balance in sats", sums.total_lightning_sat),
    )
    lines = []
    for name, kind, text, value in rows:
        lines += [f"# HELP {_PREFIX}{name} {text}", f"# TYPE {_PREFIX}{name} {kind}", f"{_PREFIX}{name} {int(value)}"]
    return "\n".join(lines) + "\n"
