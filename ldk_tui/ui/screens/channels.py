"""`2` Channels: who has the liquidity, what is out of order; every field that the server tells of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from textual import events
from textual.app import ComposeResult

from ldk_tui.core.amounts import Unit
from ldk_tui.core.ids import ChannelId
from ldk_tui.node.query import ChannelQuery, ChannelSort, ChannelStanding
from ldk_tui.node.views import ChannelRow, ChannelsView, Phase, Topic
from ldk_tui.ui.commands import bindings
from ldk_tui.ui.line import EMPTY, Line, cells, line, wrap
from ldk_tui.ui.modals.copy_choice import Choice, CopyChoice
from ldk_tui.ui.render import amount_sat, whole
from ldk_tui.ui.screens import CHANNELS
from ldk_tui.ui.screens.channel_lines import (
    bar_cell,
    capacity_cell,
    closing_sat,
    counts_line,
    fee_cell,
    flags_cell,
    flight_cell,
    legend,
    limit_cell,
    ours_cell,
    peer_cell,
    peer_policy_cell,
    policy_cell,
    state_cell,
    theirs_cell,
)
from ldk_tui.ui.screens.channel_report import Seen, ids, pane_title, report_lines, summary_lines
from ldk_tui.ui.screens.list_detail import ListDetailScreen
from ldk_tui.ui.theme import ATTENTION, FAINT, KEY, MUTED, Tone
from ldk_tui.ui.widgets.clean_input import FilterLine
from ldk_tui.ui.widgets.columns import Column
from ldk_tui.ui.widgets.one_line import Heading, Panel
from ldk_tui.ui.widgets.row_table import RowTable

_COLUMN_OF: Final = {
    ChannelSort.ATTENTION: "state",
    ChannelSort.PEER: "peer",
    ChannelSort.OURS: "ours",
    ChannelSort.THEIRS: "theirs",
    ChannelSort.CAPACITY: "capacity",
    ChannelSort.FEE: "policy",
}
_SORT_OF: Final = {column: sort for sort, column in _COLUMN_OF.items()}
_SORT_WORDS: Final = {
    ChannelSort.ATTENTION: "attention first",
    ChannelSort.PEER: "by peer",
    ChannelSort.OURS: "most of ours first",
    ChannelSort.THEIRS: "most of theirs first",
    ChannelSort.CAPACITY: "largest first",
    ChannelSort.FEE: "our highest fee first",
}
_FIGURE: Final = 10
"""Cells of an amount at least: 12,000,000 and 0.12000000 fit."""


class ChannelsScreen(ListDetailScreen):
    """A table of channels and the one under the cursor in a few lines below it; all of it behind enter."""

    SCOPE = CHANNELS
    TOPICS = frozenset({Topic.CONNECTION, Topic.INFO, Topic.BALANCES, Topic.CHANNELS, Topic.PEERS})
    FILTERS = True
    BINDINGS = bindings(CHANNELS)
    CSS_PATH = "channels.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._query = ChannelQuery()
        self._shown = ChannelsView()
        self._figure = _FIGURE
        self._laid_out: tuple[int, int] = (-1, -1)
        self._sought: object = None
        self._told_of: object = None

    def compose_list(self) -> ComposeResult:
        yield Heading("Channels", id="channels-heading")
        yield RowTable[ChannelRow](self._columns(), key=lambda row: row.channel_id, row_tone=_tone)
        yield Panel("Channel", id="channels-summary")
        yield Panel(id="channels-problems")

    @property
    def _seen(self) -> Seen:
        info = self.ldk.view.info
        return Seen(self.unit, self.now_unix, info.height if info else None)

    # --- the table ----------------------------------------------------------------------------------------------------

    def _columns(self) -> list[Column[ChannelRow]]:
        """By the width of the terminal; other people's words come last, so that they cannot shift a number."""
        width = self.app.size.width if self.is_attached else 80
        figure = self._figure
        state = Column[ChannelRow]("state", "State", lambda row, _: state_cell(row), 10)
        bar = Column[ChannelRow](
            "bar",
            "Ours │ theirs" if width >= 130 else "Balance",
            lambda row, size: bar_cell(row, size, self._seen.height),
            11 if width < 130 else 16,
            flex=1,
            most=34,
            sortable=False,
            delta=False,
        )
        ours = Column[ChannelRow]("ours", "Ours", lambda row, _: ours_cell(row, self.unit), figure, right=True)
        theirs = Column[ChannelRow]("theirs", "Theirs", lambda row, _: theirs_cell(row, self.unit), figure, right=True)
        capacity = Column[ChannelRow](
            "capacity", "Capacity", lambda row, _: capacity_cell(row, self.unit), figure, right=True, drop=6
        )
        flight = Column[ChannelRow](
            "flight", "In flight", lambda row, _: flight_cell(row, self.unit), figure + 2, right=True, drop=8
        )
        limit = Column[ChannelRow](
            "limit", "One HTLC ≤", lambda row, _: limit_cell(row, self.unit), max(10, figure), right=True, drop=9
        )
        fee = Column[ChannelRow]("policy", "ppm", lambda row, _: fee_cell(row), 5, right=True, drop=3)
        policy = Column[ChannelRow]("policy", "ppm+base", lambda row, _: policy_cell(row), 9, right=True, drop=3)
        peer_policy = Column[ChannelRow](
            "peer-policy", "Peer's", lambda row, _: peer_policy_cell(row), 9, right=True, drop=5, sortable=False
        )
        flags = Column[ChannelRow]("flags", "Flags", lambda row, _: flags_cell(row), 8, drop=4, sortable=False)
        peer = Column[ChannelRow]("peer", "Peer", peer_cell, 18, flex=4, most=60)
        if width >= 180:
            return [state, bar, ours, theirs, capacity, flight, limit, policy, peer_policy, flags, peer]
        if width >= 120:
            return [state, bar, ours, theirs, capacity, policy, peer_policy, flags, peer]
        if width >= 100:
            return [state, bar, ours, theirs, policy, flags, peer]
        return [state, bar, ours, theirs, fee, peer]

    def _lay_out(self) -> None:
        """Other columns when the terminal or the largest figure has another width."""
        figures = [_FIGURE]
        for row in self._shown.rows:
            if row.channel is not None:
                figures.append(cells(amount_sat(row.channel.value_sat, self.unit)))
                figures.append(cells(whole(row.channel.inbound_capacity_msat, self.unit)))
            else:
                figures.append(cells(amount_sat(closing_sat(row), self.unit)))
        self._figure = max(figures) if self.unit is not Unit.MSAT else max(14, *figures)
        wanted = (self.app.size.width, self._figure)
        if wanted != self._laid_out:
            self._laid_out = wanted
            self.table.set_columns(self._columns())

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        if self.ready:
            self._lay_out()

    # --- what is shown ------------------------------------------------------------------------------------------------

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        self._show(mark=True)

    def _show(self, *, mark: bool) -> None:
        view = self.port.channels(self._query)
        # closed channels stand below the open ones, whatever the order: they are money on its way, not liquidity
        rows = [row for row in view.rows if row.standing is not ChannelStanding.CLOSING]
        rows += [row for row in view.rows if row.standing is ChannelStanding.CLOSING]
        self._shown = replace(view, rows=tuple(rows))
        self._lay_out()
        table = self.table
        table.set_waiting(None if view.loaded else self._waiting())
        table.set_empty(self._empty())
        table.set_sort(_COLUMN_OF[self._query.sort], descending=not self._query.reverse)
        read = self._told_of
        table.set_rows(self._shown.rows, mark=mark)
        if read is not None and mark and read not in {row.channel_id for row in rows} and table.cursor_key is not None:
            self.flash(line(("▲ ", ATTENTION), "The channel is gone from the node's answers; this is the next one."))
        self._go_to_sought()
        self._show_heading()
        self._show_problems()
        self._show_channel()

    def _waiting(self) -> str:
        if self.ldk.view.feed.phase in (Phase.DOWN, Phase.STOPPED):
            return "The channels have not been read yet: there is no connection to the server. Press 0 to see why."
        return "Reading the channels …"

    def _empty(self) -> Sequence[Line]:
        if self._shown.total:
            told = line(("No channel passes the filter. ", MUTED))
            return [line(told, (f"It hides {self._shown.total}; ", FAINT), ("esc", KEY), (" takes it away.", FAINT))]
        return [
            line(("This node has no channels.", MUTED)),
            EMPTY,
            line(("Each stands here with its state, its balance, the policies of both sides and the peer.", FAINT)),
            line(
                (
                    "One appears by itself when somebody opens it: a peer, an LSP for a just-in-time payment, ",
                    FAINT,
                ),
                ("or another client of this server. This version opens none itself.", FAINT),
            ),
        ]

    def _show_heading(self) -> None:
        view, wide = self._shown, self.app.size.width >= 120
        shown, query = len(view.rows), self._query
        parts: list[Line] = []
        if view.loaded:
            if shown != view.total:
                parts.append(line((f"{shown} of {view.total}", ATTENTION)))
            parts.append(counts_line(view.counts, words=wide))
        order = _SORT_WORDS[query.sort] + (", turned round" if query.reverse else "")
        parts += [line((order, MUTED)), line((self.unit.value, MUTED))]
        note: Line = ()
        for part in parts:
            if part:
                note = line(note, (" · ", FAINT) if note else "", part)
        self.query_one("#channels-heading", Heading).set_note(note)
        bar = self.query_one(FilterLine)
        bar.say(line((f" {shown} of {view.total}", MUTED)))

    def _show_problems(self) -> None:
        problems = self._shown.problems
        panel = self.query_one("#channels-problems", Panel)
        panel.set_class(bool(problems), "-open")
        panel.show(lambda width, _: [row for told in problems for row in wrap(line(("▲ ", ATTENTION), told), width)])

    def _show_channel(self) -> None:
        """The few lines under the table, and the report where it is open."""
        row, seen = self.table.cursor_row, self._seen
        self.set_class(row is None, "-without")
        if row is None:
            return
        title, note = pane_title(row)
        self.query_one("#channels-summary", Panel).show(
            lambda width, height: summary_lines(row, seen, width, height), title=title, note=note
        )
        if self.has_detail:
            self.show_detail()

    def show_detail(self) -> None:
        row, seen = self.table.cursor_row, self._seen
        if row is None:
            return
        title, note = pane_title(row)
        other = self._told_of != row.channel_id
        self._told_of = row.channel_id
        self.pane.show(title, note, lambda width: report_lines(row, seen, width), top=other)

    def detail_closed(self) -> None:
        self._told_of = None

    def _all_rows(self) -> Sequence[ChannelRow]:
        return self.port.channels(ChannelQuery()).rows

    def tick(self) -> None:
        self._show_channel()

    def on_row_table_highlighted(self) -> None:
        super().on_row_table_highlighted()
        if self.ready:
            self.ldk.show_shell(self)
            self._show_channel()

    # --- copying ------------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.push_screen(CopyChoice(ids(row)), self._copied)

    def _copied(self, choice: Choice | None) -> None:
        if choice is not None:
            label, value = choice
            self.flash(line((f"copied {label}  ", MUTED), value), seconds=8)

    # --- order, filter ------------------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        self._query = replace(self._query, sort=self._query.sort.next(), reverse=False)
        self._show(mark=False)

    def action_reverse(self) -> None:
        self._query = replace(self._query, reverse=not self._query.reverse)
        self._show(mark=False)

    def on_row_table_sort_requested(self, event: RowTable.SortRequested) -> None:
        event.stop()
        sort = _SORT_OF.get(event.column_id)
        if sort is None:
            return
        if sort is self._query.sort:
            self.action_reverse()
        else:
            self._query = replace(self._query, sort=sort, reverse=False)
            self._show(mark=False)

    def filter_changed(self, text: str) -> None:
        self._query = replace(self._query, text=text)
        self._show(mark=False)

    def select(self, key: object) -> None:
        """`key`: a channel id, or the node id of a peer: its first channel in the order that is on."""
        self._sought = key
        if self.ready:
            self._go_to_sought()

    def _go_to_sought(self) -> None:
        """Also when the rows come later than the wish, and when the filter hides the channel."""
        wanted = self._sought
        if wanted is None or not self._shown.loaded:
            return
        self._sought = None
        target = self._find(self._shown.rows, wanted)
        if target is None and self._find(self._all_rows(), wanted) is not None:
            self._sought = wanted
            self.query_one(FilterLine).close()
            self.filter_changed("")  # comes back here
            return
        if target is not None:
            self.table.move_to(target)
            self.table.focus()

    @staticmethod
    def _find(rows: Sequence[ChannelRow], wanted: object) -> ChannelId | None:
        return next((row.channel_id for row in rows if wanted in (row.channel_id, row.counterparty)), None)

    def legend(self) -> Sequence[Line]:
        return legend()


def _tone(row: ChannelRow) -> Tone:
    return MUTED if row.standing is ChannelStanding.CLOSING else ""
