"""`4` Hodl: what is held, until which block, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from ldk_tui.core.amounts import Unit
from ldk_tui.core.events import PaymentClaimable, PaymentReceived
from ldk_tui.core.hodl import HodlState
from ldk_tui.core.ids import PaymentHash
from ldk_tui.node.views import EventLine, HodlRow, HodlView, Phase, Topic
from ldk_tui.ui.commands import bindings
from ldk_tui.ui.line import Line, line
from ldk_tui.ui.render import ident
from ldk_tui.ui.screens import HODL
from ldk_tui.ui.screens.hodl_lines import (
    DECIDED,
    EMPTY_LINES,
    URGENCY,
    amount_cell,
    asked_cell,
    deadline_cell,
    detail_lines,
    heading_note,
    left_cell,
    peer_cell,
    state_cell,
    title,
    when_cell,
)
from ldk_tui.ui.screens.list_detail import ListDetailScreen
from ldk_tui.ui.theme import MUTED, PLAIN, Tone
from ldk_tui.ui.widgets.columns import Column
from ldk_tui.ui.widgets.one_line import Heading
from ldk_tui.ui.widgets.row_table import RowTable

REFRESH_EVERY_S = 10


def _tone(row: HodlRow) -> Tone:
    return PLAIN if row.state in (HodlState.HELD, HodlState.CLAIMED) else MUTED


class HodlScreen(ListDetailScreen):
    """Deadlines are worked out anew with every view: a height that grows old makes them nearer."""

    SCOPE = HODL
    TOPICS = frozenset({Topic.HODL, Topic.BALANCES, Topic.INFO, Topic.PAYMENTS, Topic.CHANNELS, Topic.CONNECTION})
    BINDINGS = bindings(HODL)
    CSS_PATH = "hodl.tcss"
    AUTO_FOCUS = "#hodl-table"
    STANDS = True

    def __init__(self) -> None:
        super().__init__()
        self._view = HodlView()
        self._ticks = 0
        self._pane_hash: PaymentHash | None = None
        self._events: tuple[EventLine, ...] | None = None

    def compose_list(self) -> ComposeResult:
        yield Heading("Hodl", id="hodl-heading")
        yield RowTable(
            self._columns(self.unit),
            key=lambda row: row.payment_hash,
            row_tone=_tone,
            empty=EMPTY_LINES,
            id="hodl-table",
        )

    def _columns(self, unit: Unit) -> list[Column[HodlRow]]:
        figure = {Unit.SAT: 11, Unit.MSAT: 15, Unit.BTC: 12}[unit]
        return [
            Column("state", "State", lambda row, _: state_cell(row), 13, sortable=False),
            Column("left", f"{'Left':>10}", lambda row, _: left_cell(row), 23, sortable=False, delta=False),
            Column(
                "amount",
                f"Amount {unit.value}",
                lambda row, _: amount_cell(row, unit),
                figure,
                right=True,
                sortable=False,
            ),
            Column("before", "Before ", lambda row, _: deadline_cell(row), 9, right=True, sortable=False),
            Column("asked", "Asked", lambda row, _: asked_cell(row, unit), figure, right=True, drop=5, sortable=False),
            Column(
                "when", "Updated", lambda row, _: when_cell(row, self.now_unix), 10, drop=4, sortable=False, delta=False
            ),
            Column("hash", "Hash", lambda row, _: ident(row.payment_hash), 9, drop=1, sortable=False),
            Column("peer", "From", peer_cell, 20, flex=1, drop=3, sortable=False),
        ]

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        view = self._view = self.port.hodl()
        table = self.table
        if not view.rows and not view.loaded:
            down = self.port.feed.phase in (Phase.DOWN, Phase.CONNECTING, Phase.STOPPED)
            table.set_waiting("Not connected: nothing has been read yet." if down else "Reading the balances …")
        else:
            table.set_waiting(None)
        table.set_rows(view.rows)
        self.query_one("#hodl-heading", Heading).set_note(heading_note(view, self.unit))
        self.place_detail()
        if topics & {Topic.HODL, Topic.CONNECTION}:
            self._events = None
        if self.has_detail:
            self.show_detail()

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % REFRESH_EVERY_S == 0:
            self.refresh_view(self.TOPICS)

    def unit_changed(self) -> None:
        self.table.set_columns(self._columns(self.unit))
        super().unit_changed()

    def show_detail(self) -> None:
        row = self.table.cursor_row
        if not isinstance(row, HodlRow):
            return
        top = row.payment_hash != self._pane_hash
        self._pane_hash = row.payment_hash
        if top or self._events is None:
            self._events = self._events_of(row.payment_hash)
        height, unit, now, events = self._view.height, self.unit, self.now_unix, self._events
        self.show_in_pane(
            title(row, unit), (), lambda width: detail_lines(row, height, events, unit, now, width), top=top
        )

    def _events_of(self, payment_hash: PaymentHash) -> tuple[EventLine, ...]:
        return tuple(
            each
            for each in self.port.events().lines
            if isinstance(each.event, PaymentClaimable | PaymentReceived)
            and each.event.payment.payment_hash == payment_hash
        )

    def select(self, key: object) -> None:
        self.table.move_to(str(key))
        self.table.focus()

    def action_copy(self) -> None:
        row = self.table.cursor_row
        if isinstance(row, HodlRow):
            self.app.copy_to_clipboard(str(row.payment_hash))
            self.flash(line(("copied ", MUTED), str(row.payment_hash)), seconds=8)

    def action_payment(self) -> None:
        row = self.table.cursor_row
        if not isinstance(row, HodlRow) or row.payment is None:
            self.flash("The node has no payment with this hash yet.", seconds=3)
        else:
            self.ldk.show_on("payments", row.payment.id)

    def legend(self) -> Sequence[Line]:
        held = [line((f"{sign} {word}", tone)) for sign, word, tone in URGENCY.values()]
        decided = [line((f"{sign} {word}", tone)) for sign, word, tone in DECIDED.values()]
        return [
            line("Held, by blocks left: more than 12, then from 12, 6, 3, 1 and 0 on"),
            line(*(part for sign in held for part in (sign, "   "))),
            line(*(part for sign in decided for part in (sign, "   "))),
            line(("Blocks do not keep time: nine times out of ten they take as long as the range says.", MUTED)),
            line(("A height with ? is a guess. Amounts held are in whole satoshi, as the balances give them.", MUTED)),
        ]
