"""Just-in-time channels: a service node opens a channel when somebody pays, and keeps its fee (server facts 6.5, run).

The payment waits at the service until the channel has its six confirmations, so that "paid" can come an hour after the
payer's click.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Sat
from ldk_tui.core.model import ChannelConfig
from ldk_tui.sim import payments
from ldk_tui.sim.channel import ANCHOR_RESERVE_SAT, Channel, Htlc, Phase

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode
    from ldk_tui.sim.payments import Flow

_OPEN_FEE_SAT = 2_000


@dataclass(frozen=True, slots=True)
class LspTerms:
    """What a service asks: at least `min_fee_msat`, or `fee_ppm` of the payment, whichever is more."""

    min_fee_msat: int = 10_000_000
    fee_ppm: int = 10_000

    def fee_msat(self, amount_msat: int) -> int:
        return max(self.min_fee_msat, amount_msat * self.fee_ppm // 1_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class JitOrder:
    """An invoice that the service `lsp` will open a channel for. `fee_limit_ppm`: for one of any amount."""

    lsp: SimNode
    client: SimNode
    terms: LspTerms
    fee_limit_ppm: int | None = None


def intercept(order: JitOrder, flow: Flow) -> None:
    """A payment for the client is at the service: open a channel for it, or give it back."""
    lsp, client, world = order.lsp, order.client, order.lsp.world
    fee_msat = order.terms.fee_msat(flow.amount_msat)
    forwarded_msat = flow.amount_msat - fee_msat
    too_dear = order.fee_limit_ppm is not None and fee_msat * 1_000_000 > order.fee_limit_ppm * flow.amount_msat
    value_sat = forwarded_msat * 3 // 2_000
    poor = lsp.spendable_sat() < value_sat + _OPEN_FEE_SAT + ANCHOR_RESERVE_SAT
    if len(flow.parts) != 1 or forwarded_msat <= 0 or too_dear or poor:
        payments.fail(flow)
        return
    if not world.dial(lsp, client.node_id, None):
        payments.fail(flow)
        return
    has_reserve = client.spendable_sat() >= ANCHOR_RESERVE_SAT
    channel = world.lifecycle.open(
        lsp,
        client,
        Sat(value_sat),
        config=ChannelConfig(fee_base_msat=0),
        peer_config=ChannelConfig(accept_underpaying_htlcs=True),
        in_flight_percent=100,
        anchors=has_reserve,
    )
    if len(client.channels) and not has_reserve:
        # Recorded with a client that has no coins: the second channel comes and gets ready, its payment fails.
        channel.on_ready.append(lambda: payments.fail(flow))
    else:
        channel.on_ready.append(lambda: _hand_over(order, flow, channel, fee_msat))
    payments.guard(flow)


def _hand_over(order: JitOrder, flow: Flow, channel: Channel, fee_msat: int) -> None:
    """The channel is usable: the held payment goes on, less the fee."""
    hop = flow.parts[0].hops[-1]
    amount_msat = flow.amount_msat - fee_msat
    if flow.state is not payments.State.IN_FLIGHT or hop.htlc not in hop.channel.htlcs:
        return
    if channel.phase is not Phase.OPEN or amount_msat > channel.limit_msat(0):
        payments.fail(flow)
        return
    delta = channel.ends[0].config.cltv_expiry_delta or 72
    htlc = Htlc(amount_msat, flow.payment_hash, hop.htlc.expiry_height - delta, 0, own=False)
    channel.offer(htlc)
    flow.parts[0].hops.append(payments.Hop(channel, htlc))
    flow.payee, flow.amount_msat, flow.skimmed_msat = order.client, amount_msat, fee_msat
    order.client.world.clock.after(payments.HOP_DELAY_S, lambda: payments.arrive(flow))
