"""`3` Payments: all that the node and this program know, filtered by words, each in every detail."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import LdkError
from ldk_tui.core.ids import PaymentId
from ldk_tui.node.query import PaymentQuery, PaymentSort, Shown
from ldk_tui.node.views import (
    PaymentDetails,
    PaymentRow,
    PaymentSums,
    PaymentsView,
    Phase,
    Revealed,
    SecretKind,
    Topic,
    Withheld,
)
from ldk_tui.ui.commands import BY_ID, bindings
from ldk_tui.ui.line import EMPTY, Line, line, wrap
from ldk_tui.ui.render import clock, ident, problem
from ldk_tui.ui.screens import PAYMENTS
from ldk_tui.ui.screens.list_detail import ListDetailScreen
from ldk_tui.ui.screens.payments_lines import (
    FAST_SUMS,
    SIGNS,
    SORT_WORDS,
    UNMOVED,
    Look,
    arrow_cell,
    detail_lines,
    empty_lines,
    figure_cell,
    heading_note,
    matches_line,
    ppm_cell,
    read_note,
    remark,
    secret_kinds,
    status_cell,
    sums_line,
    title,
    when_cell,
)
from ldk_tui.ui.theme import ATTENTION, MUTED, PLAIN, STRONG, Tone
from ldk_tui.ui.widgets.clean_input import FilterLine
from ldk_tui.ui.widgets.columns import Column
from ldk_tui.ui.widgets.one_line import Heading, Panel
from ldk_tui.ui.widgets.row_table import RowTable

_SORT_COLUMNS = {PaymentSort.UPDATED: "when", PaymentSort.AMOUNT: "amount", PaymentSort.FEE: "fee"}
READ_AFTER_S = 0.15
"""How long the cursor rests on a payment before the node is asked about it."""


def _tone(row: PaymentRow) -> Tone:
    return MUTED if row.shown in UNMOVED else PLAIN


class PaymentsScreen(ListDetailScreen):
    """The list is the store's view for `self._query()`; the detail is read afresh from the node when it opens."""

    SCOPE = PAYMENTS
    TOPICS = frozenset({Topic.PAYMENTS, Topic.HODL, Topic.BALANCES, Topic.INFO, Topic.CONNECTION})
    BINDINGS = bindings(PAYMENTS)
    CSS_PATH = "payments.tcss"
    AUTO_FOCUS = "#payments-table"

    def __init__(self) -> None:
        super().__init__()
        self._sort = PaymentSort.UPDATED
        self._reverse = False
        self._unpaid = False
        self._view = PaymentsView()
        self._sums: PaymentSums | None = None
        self._sums_of: Sequence[PaymentRow] | None = None
        self._height: int | None = None
        self._painted_at = ""
        self._shown_id: PaymentId | None = None
        self._details: PaymentDetails | None = None
        self._asked_for: PaymentRow | None = None
        self._trouble: Line = ()
        self._revealed: dict[SecretKind, Revealed] = {}

    # --- the list -------------------------------------------------------------------------------------------------

    def compose_list(self) -> ComposeResult:
        yield Heading("Payments", id="payments-heading")
        yield RowTable(self._columns(self.unit), key=lambda row: row.id, row_tone=_tone, id="payments-table")
        yield Panel(id="payments-problems")
        yield Panel(id="payments-sums")

    def _columns(self, unit: Unit) -> list[Column[PaymentRow]]:
        figure = {Unit.SAT: 14, Unit.MSAT: 15, Unit.BTC: 13}[unit]
        fee = {Unit.SAT: 10, Unit.MSAT: 10, Unit.BTC: 13}[unit]
        return [
            Column("when", "Updated", lambda row, width: when_cell(row, self.now_unix, width), 8, delta=False),
            Column("way", "", lambda row, _: arrow_cell(row), 1, sortable=False),
            Column("kind", "Kind", lambda row, _: line(row.kind.value), 8, sortable=False),
            Column("status", "Status", lambda row, _: status_cell(row), 12, sortable=False),
            Column(
                "amount",
                f"Amount {unit.value}",
                lambda row, width: figure_cell(row.amount_msat, unit, width),
                figure,
                right=True,
            ),
            Column("fee", "Fee", lambda row, width: figure_cell(row.fee_msat, unit, width), fee, right=True, drop=1),
            Column("ppm", "ppm", lambda row, _: ppm_cell(row), 7, right=True, drop=3, sortable=False),
            Column("id", "Id", lambda row, _: ident(row.id), 9, drop=2, sortable=False),
            Column(
                "note",
                "Note",
                lambda row, width: remark(row, unit, self._height, width),
                8,
                flex=1,
                sortable=False,
                delta=False,
            ),
        ]

    def _query(self) -> PaymentQuery:
        return PaymentQuery(self.filter_text, self._sort, self._reverse, self._unpaid)

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        info = self.ldk.view.info
        height = info.height if info else None
        if height != self._height:
            self._height = height
            self.table.invalidate()  # confirmations
        self._show_list(mark=True)
        if self.has_detail:
            self._follow(topics)

    def _show_list(self, *, mark: bool) -> None:
        query = self._query()
        view = self._view = self.port.payments(query)
        filtered = bool(query.text)
        more, unpaid = self._key("payments.more"), self._key("payments.unpaid")
        table = self.table
        waiting = not view.total and not view.progress.complete and view.progress.error is None
        if waiting:
            down = self.port.feed.phase in (Phase.DOWN, Phase.CONNECTING, Phase.STOPPED)
            table.set_waiting("Not connected: nothing has been read yet." if down else "Reading the payments …")
        else:
            table.set_waiting(None)
            table.set_empty(empty_lines(view, filtered=filtered, more_key=more, unpaid_key=unpaid))
        table.set_sort(_SORT_COLUMNS[self._sort], descending=not self._reverse)
        table.set_rows(view.rows, mark=mark)
        self.query_one(FilterLine).say(matches_line(view) if filtered else ())
        room = max(20, self.size.width - 14)
        self.query_one("#payments-heading", Heading).set_note(heading_note(view, query, room, more, unpaid))
        problems = self.query_one("#payments-problems", Panel)
        problems.display = bool(view.problems)
        problems.show(
            lambda width, _: [row for said in view.problems for row in wrap(line(("? ", ATTENTION), said), width)]
        )
        if len(view.rows) <= FAST_SUMS:
            self._add_up()
        self._show_sums()
        self.place_detail()

    def _add_up(self) -> None:
        if self._sums_of is not self._view.rows:
            self._sums_of = self._view.rows
            self._sums = self._view.sums()

    def _show_sums(self) -> None:
        sums = self._sums
        self.query_one("#payments-sums", Panel).show(
            lambda width, _: [
                sums_line(sums, self.unit, width, filtered=bool(self.filter_text)) if self._view.rows else EMPTY
            ]
        )

    def _key(self, command_id: str) -> str:
        return self.ldk.keymap.sign(BY_ID[command_id])

    def tick(self) -> None:
        if self._sums_of is not self._view.rows:  # a long list is added up once a second, not with every page
            self._add_up()
            self._show_sums()
        today = clock(self.now_unix - 86_400, self.now_unix)
        if today != self._painted_at:
            self._painted_at = today
            self.table.invalidate()  # midnight: what was an hour is now a day

    def unit_changed(self) -> None:
        self.table.set_columns(self._columns(self.unit))
        super().unit_changed()
        if self.has_detail:
            self.show_detail()

    def filter_changed(self, text: str) -> None:
        self._show_list(mark=False)

    def select(self, key: object) -> None:
        """`key`: a payment id, or the hash of an incoming payment, which is its id."""
        if not self.table.move_to(str(key)):
            self._unpaid = True
            self.query_one(FilterLine).close()
            self._show_list(mark=False)
            self.table.move_to(str(key))
        self.table.focus()

    # --- keys -----------------------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Each order and then the same turned round."""
        if self._reverse:
            self._order(self._sort.next(), reverse=False)
        else:
            self._order(self._sort, reverse=True)

    def _order(self, sort: PaymentSort, *, reverse: bool) -> None:
        self._sort, self._reverse = sort, reverse
        self._show_list(mark=False)
        if not self.has_detail:
            self.table.action_cursor_home()
        self.flash(line(("order: ", MUTED), SORT_WORDS[sort, reverse]), seconds=2)

    def on_row_table_sort_requested(self, event: RowTable.SortRequested) -> None:
        event.stop()
        sort = next((each for each, column in _SORT_COLUMNS.items() if column == event.column_id), None)
        if sort is not None:
            self._order(sort, reverse=sort is self._sort and not self._reverse)

    def action_unpaid(self) -> None:
        self._unpaid = not self._unpaid
        self._show_list(mark=False)
        shown = "Unpaid invoices are shown." if self._unpaid else "Unpaid invoices are hidden."
        self.flash(line((shown, MUTED)), seconds=2)

    def action_more(self) -> None:
        progress = self._view.progress
        if progress.complete:
            self.flash("All payments have been read.", seconds=3)
        elif progress.loading and progress.error is None:
            self.flash("Older payments are being read already.", seconds=3)
        else:
            self.port.load_more_payments()
            self.flash("Reading older payments …", seconds=3)

    def action_copy(self) -> None:
        row = self.table.cursor_row
        if isinstance(row, PaymentRow):
            self.app.copy_to_clipboard(str(row.id))
            self.flash(line(("copied ", MUTED), str(row.id)), seconds=8)

    def action_hodl(self) -> None:
        row = self.table.cursor_row
        if not isinstance(row, PaymentRow) or not row.is_hodl or row.payment.payment_hash is None:
            self.flash("This is not a hodl payment.", seconds=3)
        elif not self.ldk.show_on("hodl", row.payment.payment_hash):
            self.flash("There is no such screen.", seconds=3)

    # --- the detail -----------------------------------------------------------------------------------------------

    def show_detail(self) -> None:
        row = self.table.cursor_row
        if not isinstance(row, PaymentRow):
            return
        if row.id != self._shown_id:
            self._forget()
            self._shown_id = row.id
            self._ask(row)
            self._paint(row, top=True)
        else:
            self._paint(row)

    def detail_closed(self) -> None:
        """Secrets do not outlive the sight of them."""
        self._forget()
        if self.ready:
            self.pane.show("", (), lambda _: ())

    def on_screen_resume(self) -> None:
        if self.ready and self.has_detail:
            self.show_detail()

    def _forget(self) -> None:
        self._shown_id, self._details, self._asked_for = None, None, None
        self._trouble = ()
        self._revealed.clear()

    def _ask(self, row: PaymentRow) -> None:
        self._asked_for = row
        self.set_timer(READ_AFTER_S, lambda: self._read(row.id))

    def _read(self, payment_id: PaymentId) -> None:
        if self.ready and self._shown_id == payment_id:
            self.run_task(self._details_of(payment_id), group="payment details", exclusive=True)

    async def _details_of(self, payment_id: PaymentId) -> None:
        try:
            details, trouble = await self.port.payment_details(payment_id), Line()
        except LdkError as error:
            details, trouble = None, problem(error)
        if self._shown_id == payment_id and self.ready:
            self._details, self._trouble = details or self._details, trouble
            self._asked_for = self.port.payment(payment_id)
            self.show_detail()

    def _follow(self, topics: frozenset[Topic]) -> None:
        """The payment in the pane changed, or what is read with it may have."""
        row = self.table.cursor_row
        if not isinstance(row, PaymentRow) or row.id != self._shown_id:
            return
        open_still = row.shown not in (Shown.SUCCEEDED, Shown.FAILED)
        if row is not self._asked_for or (open_still and topics & {Topic.HODL, Topic.INFO, Topic.CONNECTION}):
            self._ask(row)
        self._paint(row)

    def _paint(self, row: PaymentRow, *, top: bool = False) -> None:
        keys = {
            SecretKind.PREIMAGE: self._key("payments.preimage"),
            SecretKind.PAYMENT_SECRET: self._key("payments.secret"),
        }
        look = Look(row, self._details, self._trouble, self._revealed, self._height, self.unit, self.now_unix, keys)
        self.show_in_pane(title(row), read_note(look), lambda width: detail_lines(look, width), top=top)

    def action_preimage(self) -> None:
        self._toggle(SecretKind.PREIMAGE)

    def action_secret(self) -> None:
        self._toggle(SecretKind.PAYMENT_SECRET)

    def _toggle(self, kind: SecretKind) -> None:
        """Shows one secret of the payment in the pane, or hides it again."""
        row = self.table.cursor_row
        if not self.has_detail or not isinstance(row, PaymentRow) or row.id != self._shown_id:
            self.flash("Open the payment first.", seconds=3)
            return
        if kind in self._revealed:
            del self._revealed[kind]
            self._paint(row)
            return
        if kind not in secret_kinds(row):
            self.flash(f"A payment of this kind has no {kind.value}.", seconds=3)
            return
        self.run_task(self._reveal(row.id, kind), group=f"reveal {kind.value}", exclusive=True)

    async def _reveal(self, payment_id: PaymentId, kind: SecretKind) -> None:
        told = await self.port.reveal(payment_id, kind)
        row = self.table.cursor_row
        if self._shown_id != payment_id or not isinstance(row, PaymentRow) or not self.has_detail:
            return  # it was closed meanwhile
        self._revealed[kind] = told
        self._paint(row)
        if isinstance(told, Withheld):
            self.flash(line(("– ", ATTENTION), told.reason))

    # --- help -----------------------------------------------------------------------------------------------------

    def legend(self) -> Sequence[Line]:
        signs = [line(SIGNS[shown], f" {shown.value}") for shown in Shown]
        return [
            line("← in   → out   amounts in the unit at the top of their column"),
            line(*(part for sign in signs for part in (sign, "   "))),
            line(("Filter: ", STRONG), "dir:out status:failed kind:bolt12 amt:>1000 fee:<5 word -word “two words”"),
            line(
                (
                    "The node lists neither on-chain payments nor outgoing ones under way nor unpaid invoices: those "
                    "are here as far as this program has seen them. It keeps no destination and no reason of failure.",
                    MUTED,
                )
            ),
        ]
