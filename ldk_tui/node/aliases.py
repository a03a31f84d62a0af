"""Names of nodes from the gossip graph: asked for one by one, lazily, and kept. An alias is a stranger's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from ldk_tui.core.errors import LightningRefused, Refused, ServerTrouble
from ldk_tui.core.ids import NodeId
from ldk_tui.core.model import GraphNode
from ldk_tui.core.text import SafeText
from ldk_tui.node.lookups import Lookups
from ldk_tui.node.timing import Clock, Timing

AT_ONCE: Final = 20
"""Look-ups in one round: a node with hundreds of channels gets its names over some rounds."""


class Aliases:
    """`take(node, alias or None)` gets every answer, also "not in the graph"."""

    def __init__(self, timing: Timing, clock: Clock, take: Callable[[NodeId, SafeText | None], None]) -> None:
        self._lookups: Lookups[NodeId] = Lookups(timing.alias_s, 24 * timing.alias_s)
        self._clock = clock
        self._take = take

    async def round(
        self, wanted: Iterable[NodeId], ask: Callable[[NodeId], Awaitable[GraphNode]], *, limit: int = AT_ONCE
    ) -> int:
        """Asks for those that are due; returns how many. A node that the graph does not know has no alias; other errors
        of the connection are raised."""
        due = self._lookups.due(wanted, self._clock.monotonic(), limit=limit)
        for node_id in due:
            alias: SafeText | None = None
            try:
                node = await ask(node_id)
                alias = node.announcement.alias if node.announcement else None
            except (Refused, LightningRefused, ServerTrouble):
                alias = None  # 3: not in the graph; the rest: not worth more than a later try
            self._lookups.answered(node_id, self._clock.monotonic(), news=alias is not None)
            self._take(node_id, alias or None)
        return len(due)
