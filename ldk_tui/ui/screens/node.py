"""`1` Node: what needs a person now, nearest deadline first; what there is; whether the node is well; what happened."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from ldk_tui.core.attention import AttentionKind, AttentionLine
from ldk_tui.node.views import EventLine, Topic
from ldk_tui.ui.commands import bindings
from ldk_tui.ui.event_lines import event_amount, event_report, event_sign, event_text
from ldk_tui.ui.line import Line, line
from ldk_tui.ui.modals.text_view import TextView
from ldk_tui.ui.render import ALTERED_SIGN, OURS_GLYPH, THEIRS_GLYPH, age, clock, to_the_second, whole
from ldk_tui.ui.screens import NODE
from ldk_tui.ui.screens.base import NodeScreen
from ldk_tui.ui.screens.node_lines import (
    attention_left,
    attention_report,
    attention_sign,
    attention_text,
    balance_lines,
    health_lines,
    identity_lines,
    identity_report,
    liquidity_lines,
    recent_note,
    uri_of,
)
from ldk_tui.ui.theme import ATTENTION, DANGER, FAINT, FOREIGN, MUTED, OK, OURS, THEIRS
from ldk_tui.ui.widgets.columns import Column
from ldk_tui.ui.widgets.one_line import Heading, Panel
from ldk_tui.ui.widgets.row_table import RowTable

_SCREEN_OF = {
    AttentionKind.HELD: "hodl",
    AttentionKind.HTLC: "channels",
    AttentionKind.PEER_DOWN: "channels",
    AttentionKind.PHANTOM: "channels",
}


STALE_BALANCES_S = 120


class NodeOverview(NodeScreen):
    """The screen that the program opens with."""

    SCOPE = NODE
    TOPICS = frozenset(
        {Topic.CONNECTION, Topic.INFO, Topic.BALANCES, Topic.CHANNELS, Topic.PEERS, Topic.EVENTS, Topic.ATTENTION}
    )
    BINDINGS = bindings(NODE)
    CSS_PATH = "node.tcss"
    AUTO_FOCUS = "#node-attention"

    def compose_body(self) -> ComposeResult:
        yield Heading("Needs attention", id="node-attention-heading")
        yield RowTable(
            [
                Column[AttentionLine]("sign", "", lambda each, _: attention_sign(each), 9),
                Column[AttentionLine]("left", "Left", lambda each, _: attention_left(each), 10, right=True),
                Column[AttentionLine](
                    "text",
                    "",
                    lambda each, width: attention_text(each, self.unit, self.now_unix, width),
                    20,
                    flex=1,
                    delta=False,
                ),
            ],
            key=lambda each: each.key,
            header=False,
            lead=True,
            empty=[line(("Waiting for the first answer …", MUTED))],
            id="node-attention",
        )
        with Container(id="node-figures"):
            yield Panel("Balances", id="node-balances")
            with Container(id="node-right"):
                yield Panel("Liquidity of usable channels", id="node-liquidity")
                yield Panel("Health", id="node-health")
        with Container(id="node-lower"):
            with Vertical(id="node-recent-side"):
                yield Heading("Recent", id="node-recent-heading")
                yield RowTable(
                    [
                        Column[EventLine]("time", "", lambda each, _: self._time(each), 6),
                        Column[EventLine]("sign", "", lambda each, _: event_sign(each.event), 12),
                        Column[EventLine]("amount", "", lambda each, _: self._amount(each), 12, right=True),
                        Column[EventLine]("text", "", lambda each, _: event_text(each, self.unit), 16, flex=1),
                    ],
                    key=lambda each: each.number,
                    header=False,
                    lead=True,
                    empty=[
                        line(("Nothing has happened since the program connected.", MUTED)),
                        line(("Payments, forwards and channel changes appear here as the node reports them.", FAINT)),
                    ],
                    id="node-recent",
                )
            yield Panel("Identity", id="node-identity")

    def _time(self, each: EventLine) -> Line:
        return line((clock(each.seen_unix, self.now_unix), MUTED))

    def _amount(self, each: EventLine) -> Line:
        figure = event_amount(each.event)
        return line(whole(figure, self.unit)) if figure is not None else ()

    @property
    def _compact(self) -> bool:
        return self.has_class("-low") or self.has_class("-narrow") or self.has_class("-medium")

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        view, unit, now = self.ldk.view, self.unit, self.now_unix
        attention = self.query_one("#node-attention", RowTable)
        if view.info is not None:
            attention.set_empty([line(("✓ ", OK), ("Nothing needs you now.", MUTED))])
        attention.set_rows(view.attention)
        shown = len(view.attention)
        self.query_one("#node-attention-heading", Heading).set_note(
            line((f"{shown}", ATTENTION), (", nearest deadline first", FAINT)) if shown else ()
        )
        height = view.info.height if view.info else None
        since = now - view.balances_unix if view.balances_unix is not None else 0
        fresh = line((f"{age(since)} old · ", FAINT)) if since > STALE_BALANCES_S else ()
        if view.feed.is_stale:
            fresh = line((f"as of {to_the_second(view.balances_unix, now)} · ", ATTENTION))
        self.query_one("#node-balances", Panel).show(
            lambda width, _: balance_lines(view.liquidity, height, unit, width),
            note=line(fresh, (unit.value, MUTED)),
        )
        self.query_one("#node-liquidity", Panel).show(
            lambda width, _: liquidity_lines(view, unit, width, compact=self._compact)
        )
        self._show_health()
        self.query_one("#node-recent", RowTable).set_rows(view.recent)
        self.query_one("#node-recent-heading", Heading).set_note(recent_note(view, now))
        self.query_one("#node-identity", Panel).show(
            lambda width, _: identity_lines(view, width, brief=True), note=line(("i more", FAINT))
        )

    def _show_health(self) -> None:
        view, now = self.ldk.view, self.now_unix
        self.query_one("#node-health", Panel).show(
            lambda width, _: health_lines(view, now, width, compact=self._compact)
        )

    def tick(self) -> None:
        self._show_health()
        self.query_one("#node-attention", RowTable).invalidate()  # "away 2 m": its lines grow older by themselves

    def on_row_table_selected(self, event: RowTable.Selected) -> None:
        event.stop()
        row = event.table.cursor_row
        if isinstance(row, AttentionLine):
            self._open_attention(row)
        elif isinstance(row, EventLine):
            unit = self.unit
            self.app.push_screen(TextView("Event", lambda width, _: event_report(row, unit, width)))

    def _open_attention(self, row: AttentionLine) -> None:
        target = _SCREEN_OF.get(row.kind)
        key = row.payment_hash if row.kind is AttentionKind.HELD else row.channel_id or row.peer
        if target is not None and self.ldk.show_on(target, key):
            return
        unit, now = self.unit, self.now_unix
        self.app.push_screen(TextView("Needs attention", lambda width, _: attention_report(row, unit, now, width)))

    def action_first_alert(self) -> None:
        table = self.query_one("#node-attention", RowTable)
        table.focus()
        table.action_cursor_home()

    def action_identity(self) -> None:
        view, unit, now = self.ldk.view, self.unit, self.now_unix
        self.app.push_screen(TextView("Node", lambda width, _: identity_report(view, unit, now, width)))

    def action_copy(self) -> None:
        info = self.ldk.view.info
        if info is None:
            self.flash("The node has not told its id yet.")
            return
        uri = uri_of(info)
        self.app.copy_to_clipboard(str(uri))
        self.flash(line(("copied ", MUTED), str(uri)), seconds=8)

    def legend(self) -> Sequence[Line]:
        return [
            line(
                ("▲", DANGER), " now, or money may be lost   ", ("▲", ATTENTION), " soon   ", ("!", MUTED), " know it"
            ),
            line((OURS_GLYPH, OURS), " we can send   ", (THEIRS_GLYPH, THEIRS), " we can receive   ✓ in time   ▲ late"),
            line("← in   → out   ⇄ forwarded   × failed   + channel   ! closed   • just changed"),
            line(
                ("“…”", FOREIGN), " other people's words   ", (ALTERED_SIGN, ATTENTION), " cleaned: not as it was sent"
            ),
        ]
