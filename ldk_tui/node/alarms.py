"""What needs a person now, worked out anew when something it depends on has changed, or a minute has passed."""

from __future__ import annotations

from typing import Final

from ldk_tui.core.attention import AttentionLine, Situation, attention
from ldk_tui.node.store import Store
from ldk_tui.node.views import Topic

DEPENDS_ON: Final = frozenset({Topic.INFO, Topic.BALANCES, Topic.CHANNELS, Topic.PEERS, Topic.HODL, Topic.ATTENTION})
AGES_S: Final = 10.0
"""Ages (a late sync, a stale height) move without any news: look again after so long."""


class Alarms:
    """Keeps the lines. `tick` says whether they changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made_unix: float | None = None
        self.lines: tuple[AttentionLine, ...] = ()

    def tick(self, topics: frozenset[Topic], now_unix: float, clock_skew_s: float | None) -> bool:
        """After a change of `topics`, or just because time passed. True: `lines` is another tuple now."""
        aged = self._made_unix is None or abs(now_unix - self._made_unix) >= AGES_S
        if not aged and not topics & DEPENDS_ON:
            return False
        self._made_unix = now_unix
        lines = attention(self._situation(now_unix, clock_skew_s))
        if lines == self.lines:
            return False
        self.lines = lines
        return True

    def _situation(self, now_unix: float, clock_skew_s: float | None) -> Situation:
        store = self._store
        return Situation(
            now_unix,
            store.info,
            store.balances,
            store.channels.channels,
            store.peers,
            store.hodl.unsettled(),
            clock_skew_s,
            store.channels.closings(),
            store.channels.unconfirmed_since(),
            store.channels.offline_since(),
            store.aliases,
        )
