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


def find_route(
    payer: SimNode, payee: SimNode, amount_msat: int, limits: Limits, *, padding: int, truth: bool
) -> Route | None:
    """The cheapest route that delivers `amount_msat`, None when there is none.

    `truth`: with the balances as they are; otherwise as far as the payer can know. `padding` blocks are added to the
    payee's minimum, as payers do against observers (9.2).
    """
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
            return route if total_fee <= limits.fee_limit_msat(amount_msat) else None
        if needed > best[node] or hops >= MAX_HOPS:
            continue
        way = ways[node]
        cltv = way[0].cltv + _delta(way[0]) if way else final_cltv
        if cltv - padding > limits.max_cltv_expiry_delta:
            continue
        for channel, end in _channels_into(node):
            before = channel.ends[end].node
            if not _carries(channel, end, needed, payer=payer, payee=payee, truth=truth):
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

    Parts are cut by halving, so that ten of them (the default limit) carry what the channels together can.
    """
    whole = find_route(payer, payee, amount_msat, limits, padding=padding, truth=truth)
    if whole is not None:
        return [whole]
    routes: list[Route] = []
    taken: dict[tuple[int, int], int] = {}
    left, part = amount_msat, amount_msat
    while left > 0 and part >= min(left, _SMALLEST_PART_MSAT):
        if len(routes) >= limits.max_path_count:
            return None
        part = min(part, left)
        route = find_route(payer, payee, part, limits, padding=padding, truth=truth)
        if route is not None and _still_fits(route, taken):
            routes.append(route)
            for step in route:
                key = (id(step.channel), step.end)
                taken[key] = taken.get(key, 0) + step.amount_msat
            left -= part
        else:
            part //= 2
    return routes if left == 0 else None


def _still_fits(route: Route, taken: dict[tuple[int, int], int]) -> bool:
    """Two parts may share a channel as long as both find room in it, with a margin for the second one's fee."""
    return all(
        step.amount_msat + taken.get((id(step.channel), step.end), 0) + 200_000 <= step.channel.limit_msat(step.end)
        for step in route
        if (id(step.channel), step.end) in taken
    )
