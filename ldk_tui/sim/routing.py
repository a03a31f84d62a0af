"""Finding a way for a payment through the channels of a world.

A payer knows its own channels' balances, and of other channels only their capacity and policy. So a payment is refused
at once when no way could exist, and fails later when a way that looked good has no money in it (server facts 6.6).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldk_tui.sim.channel import Channel, Phase

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

MIN_FINAL_CLTV = 42
MAX_HOPS = 10
_SMALLEST_PART_MSAT = 10_000
_PART_MARGIN_MSAT = 200_000
"""Room for the commitment fee of one more HTLC, where two parts share a channel."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the payer allows (`route_parameters`). The default fee limit is 1 % + 50 sat (6.1)."""

    max_fee_msat: int | None = None
    max_cltv_expiry_delta: int = 1008
    max_path_count: int = 10
    max_saturation_power_of_half: int = 2

    def fee_limit_msat(self, amount_msat: int) -> int:
        return amount_msat // 100 + 50_000 if self.max_fee_msat is None else self.max_fee_msat


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a route: `end` of `channel` pays `amount_msat`, to be resolved before `cltv` blocks from now."""

    channel: Channel
    end: int
    amount_msat: int
    cltv: int


Route = list[Step]


def fee_msat(channel: Channel, end: int, amount_msat: int) -> int:
    """What the node at `end` asks for forwarding `amount_msat` over this channel."""
    config = channel.ends[end].config
    return (config.fee_base_msat or 0) + (config.fee_ppm or 0) * amount_msat // 1_000_000


Taken = dict[tuple[int, int], int]
"""What other parts of the same payment take already: millisatoshi by channel (its id()) and end."""


def find_route(
    payer: SimNode,
    payee: SimNode,
    amount_msat: int,
    limits: Limits,
    *,
    padding: int,
    truth: bool,
    fee_budget_msat: int | None = None,
    taken: Taken | None = None,
) -> Route | None:
    """The cheapest route that delivers `amount_msat` for at most `fee_budget_msat`, None when there is none.

    `truth`: with the balances as they are; otherwise as far as the payer can know. `padding` blocks are added to the
    payee's minimum, as payers do against observers (9.2).
    """
    taken = taken or {}
    budget_msat = limits.fee_limit_msat(amount_msat) if fee_budget_msat is None else fee_budget_msat
    if limits.max_path_count < 1 or limits.max_cltv_expiry_delta < MIN_FINAL_CLTV + 1:
        return None
    order = itertools.count()
    final_cltv = MIN_FINAL_CLTV + 1 + padding
    best: dict[SimNode, int] = {payee: amount_msat}
    ways: dict[SimNode, Route] = {payee: []}
    queue: list[tuple[int, int, int, SimNode]] = [(amount_msat, 0, next(order), payee)]
    while queue:
        needed, hops, _, node = heapq.heappop(queue)
        if node is payer:
            route = ways[node]
            total_fee = route[0].amount_msat - amount_msat
            return route if total_fee <= budget_msat else None
        if needed > best[node] or hops >= MAX_HOPS:
            continue
        way = ways[node]
        cltv = way[0].cltv + _delta(way[0]) if way else final_cltv
        if cltv - padding > limits.max_cltv_expiry_delta:
            continue
        for channel, end in _channels_into(node):
            before = channel.ends[end].node
            used_msat = taken.get((id(channel), end), 0)
            if used_msat:
                used_msat += _PART_MARGIN_MSAT
            if not _carries(channel, end, needed + used_msat, payer=payer, payee=payee, truth=truth):
                continue
            price = needed if before is payer else needed + fee_msat(channel, end, needed)
            if before in best and best[before] <= price:
                continue
            best[before] = price
            ways[before] = [Step(channel, end, needed, cltv), *way]
            heapq.heappush(queue, (price, hops + 1, next(order), before))
    return None


def _delta(step: Step) -> int:
    """The blocks that the node in front of this step keeps for itself."""
    return step.channel.ends[step.end].config.cltv_expiry_delta or 72


def _channels_into(node: SimNode) -> Iterator[tuple[Channel, int]]:
    for channel in node.channels:
        yield channel, 1 - channel.side(node)


def _carries(channel: Channel, end: int, amount_msat: int, *, payer: SimNode, payee: SimNode, truth: bool) -> bool:
    """Whether the end may offer that much. Strangers use announced channels only; hints cover the last hop."""
    before, after = channel.ends[end].node, channel.ends[1 - end].node
    if channel.phase is not Phase.OPEN or not all(channel.ready):
        return False
    if not channel.announced and before is not payer and after is not payee:
        return False
    if before is payer or truth:
        return channel.usable and amount_msat <= channel.limit_msat(end)
    return amount_msat <= channel.value_sat * 1000


def find_parts(
    payer: SimNode, payee: SimNode, amount_msat: int, limits: Limits, *, padding: int, truth: bool
) -> list[Route] | None:
    """One route, or several parts whose amounts add up. Every returned route can be offered after the ones before it.

    Parts are cut by halving, so that ten of them (the default limit) carry what the channels together can; the fee
    limit is for all of them together.
    """
    budget_msat = limits.fee_limit_msat(amount_msat)
    routes: list[Route] = []
    taken: Taken = {}
    left, part = amount_msat, amount_msat
    while left > 0:
        part = min(part, left)
        if len(routes) >= limits.max_path_count or part < min(left, _SMALLEST_PART_MSAT):
            return None
        route = find_route(
            payer, payee, part, limits, padding=padding, truth=truth, fee_budget_msat=budget_msat, taken=taken
        )
        if route is None:
            part //= 2
            continue
        routes.append(route)
        budget_msat -= route[0].amount_msat - part
        for step in route:
            key = (id(step.channel), step.end)
            taken[key] = taken.get(key, 0) + step.amount_msat
        left -= part
    return routes
