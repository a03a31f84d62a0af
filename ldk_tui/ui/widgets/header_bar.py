"""The header: what must never be wrong in the operator's head: network, node, freshness of what is shown, mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ldk_tui.core.amounts import Unit
from ldk_tui.core.ids import NodeId
from ldk_tui.core.model import Network
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText, right_to_left
from ldk_tui.node.views import FeedState, NodeView, Phase
from ldk_tui.ui.line import Line, line, width_of
from ldk_tui.ui.render import age, countdown, name, quoted, to_the_second
from ldk_tui.ui.theme import ATTENTION, DANGER, FAINT, MUTED, OK, PLAIN, STRONG, UNKNOWN, network_chip
from ldk_tui.ui.widgets.one_line import OneLine, Piece


@dataclass(frozen=True, slots=True)
class HeaderState:
    """All that the header says. `now_unix` dates its ages."""

    feed: FeedState
    now_unix: float
    network: Network | None = None
    alias: SafeText | None = None
    node_id: NodeId | None = None
    height: int | None = None
    tip_age_s: int | None = None
    peers: tuple[int, int] = (0, 0)
    channels: tuple[int, int] = (0, 0)
    alerts: int = 0
    unit: Unit = Unit.SAT
    read_only: bool = False
    demo: bool = False

    @classmethod
    def of(cls, view: NodeView, now_unix: float, unit: Unit, *, read_only: bool, demo: bool) -> HeaderState:
        info, counts = view.info, view.channel_counts
        return cls(
            feed=view.feed,
            now_unix=now_unix,
            network=view.network,
            alias=info.alias if info else None,
            node_id=info.node_id if info else None,
            height=info.height if info else None,
            tip_age_s=view.tip_age_s,
            peers=(view.peers_connected, view.peers_known),
            channels=(counts.usable, counts.listed),
            alerts=len(view.attention),
            unit=unit,
            read_only=read_only,
            demo=demo,
        )


GAP_TOLD_S: Final = 60
"""So long the header says that a gap was filled."""


def connection(feed: FeedState, now_unix: float) -> Line:
    """A sign, a word and an age: `● live 1 s`, `◐ stale, as of 12:03:44`, `○ down 40 s, next try in 4 s`.

    Stale covers every attempt to come back: what stands on the screen is as old as the last answer.
    """

    def since(unix: float | None) -> str:
        return f" {age(now_unix - unix)}" if unix is not None else ""

    if feed.phase is Phase.LIVE:
        told = f" {'polling' if feed.polling_only else 'live'}{since(feed.last_answer_unix)}"
        gap = feed.gaps[-1] if feed.gaps else None
        if gap is not None and gap.filled and gap.end_unix is not None and now_unix - gap.end_unix < GAP_TOLD_S:
            told += f", gap of {age(gap.end_unix - gap.start_unix)} filled"
        return line(("●", OK), told)
    if feed.phase is Phase.STOPPED:
        return line((f"× stopped{_as_of(feed, now_unix)}", DANGER))
    if feed.is_stale:
        return line((f"◐ stale{_as_of(feed, now_unix)}", ATTENTION))
    if feed.phase is Phase.SYNCING:
        return line(("◔", ATTENTION), " loading" if feed.error is None else " partly read, 0 says why")
    if feed.phase is Phase.CONNECTING:
        return line(("◌ connecting", UNKNOWN))
    wait = f", next try in {countdown(feed.next_try_unix - now_unix)}" if feed.next_try_unix is not None else ""
    return line((f"○ down{since(feed.since_unix)}{wait}", DANGER))


def _as_of(feed: FeedState, now_unix: float) -> str:
    return f", as of {to_the_second(feed.last_answer_unix, now_unix)}" if feed.is_stale else ""


def _right(state: HeaderState, brief: int) -> Line:
    """Everything but the name: 0 in full, 1 in short words, 2 without the counts of peers and channels."""
    gap = "   " if brief == 0 else "  "
    parts: list[Line] = [connection(state.feed, state.now_unix)]
    if state.height is not None:
        dot = " · " if brief == 0 else "·"
        tip = "" if state.tip_age_s is None else f"{dot}{age(state.tip_age_s)}"
        parts.append(line((f"h {state.height:,}{tip}", PLAIN)))
    if brief < 2 and state.node_id is not None:
        peers, channels = ("peers ", "channels ") if brief == 0 else ("p ", "c ")
        parts.append(line((peers, MUTED), f"{state.peers[0]}/{state.peers[1]}"))
        parts.append(line((channels, MUTED), f"{state.channels[0]}/{state.channels[1]}"))
    parts.append(line((f"▲ {state.alerts}", ATTENTION if state.alerts else FAINT)))
    parts.append(line((state.unit.value, PLAIN)))
    parts.append(line(("RO", ATTENTION) if state.read_only else ("rw", MUTED)))
    joined: Line = parts[0]
    for part in parts[1:]:
        joined = line(joined, gap, part)
    return joined


_ROOM_WANTED = (26, 10, 0)
"""Cells for the name at each step of brevity, before the next one is tried."""


def _title(state: HeaderState, room: int) -> Line:
    """Alias and id, or as much of the alias as there is room for (it is our own node: the id is one key away)."""
    if state.node_id is None:
        return ()
    full = name(state.alias, state.node_id)
    if width_of(full) <= room:
        return full
    if state.alias and room >= 8 and not right_to_left(state.alias):
        return quoted(state.alias, width=room)
    short_id = name(None, state.node_id)
    return short_id if width_of(short_id) <= room else ()


def header_line(state: HeaderState, width: int) -> Line:
    """The line for this width: the right end stays whole, the name takes what is left."""
    word, chip = network_chip(state.network)
    demo: Line = line(" ", (" DEMO ", "bold reverse")) if state.demo else ()
    left = line((word, chip), demo, " ")
    right: Line = ()
    room = 0
    for brief, wanted in enumerate(_ROOM_WANTED):
        right = line(_right(state, brief), " ")
        room = width - width_of(left) - width_of(right) - 2
        if room >= wanted:
            break
    title = _title(state, room)
    padding = max(0, width - width_of(left) - width_of(title) - width_of(right))
    return line(left, tuple((text, tone or STRONG) for text, tone in title), " " * padding, right)


class HeaderBar(OneLine):
    """One line on top of every screen."""

    DEFAULT_CSS = "HeaderBar { background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._state: HeaderState | None = None

    def show(self, state: HeaderState) -> None:
        before, self._state = self._state, state
        width = self.size.width
        if before is None or header_line(before, width) != header_line(state, width):
            self.refresh()

    def pieces(self, width: int) -> Sequence[Piece]:
        return [Piece(header_line(self._state, width))] if self._state else []
