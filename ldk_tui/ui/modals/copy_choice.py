"""A window with the ids of one thing, whole; the one under the cursor goes to the clipboard."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from ldk_tui.ui.commands import MODAL, bindings
from ldk_tui.ui.line import cells, line, wrap
from ldk_tui.ui.theme import KEY, MUTED
from ldk_tui.ui.widgets.columns import GAP, GUTTER, Column
from ldk_tui.ui.widgets.one_line import Heading, Panel
from ldk_tui.ui.widgets.row_table import RowTable

Choice = tuple[str, str]
"""Label and value."""


class CopyChoice(ModalScreen[Choice | None]):
    """`y` or enter copies what the cursor is on and closes with it; esc copies nothing.

    The first press of `y` opens this, the second copies the first id. The value under the cursor stands below in
    full, over several lines where it is long, for terminals that have no clipboard.
    """

    BINDINGS = bindings(MODAL)
    CSS_PATH = "copy_choice.tcss"

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._choices = list(choices)

    def compose(self) -> ComposeResult:
        label = max((cells(word) for word, _ in self._choices), default=5)
        with Vertical(id="copy-choice"):
            heading = Heading("Copy")
            heading.set_note(line(("y", KEY), (" copy  ", MUTED), ("esc", KEY), (" back", MUTED)))
            yield heading
            table = RowTable[Choice](
                [
                    Column("label", "", lambda each, _: line((each[0], MUTED)), label),
                    Column("value", "", lambda each, _: line(each[1]), 20, flex=1),
                ],
                key=lambda each: each[0],
                header=False,
            )
            table.set_rows(self._choices)
            table.styles.height = len(self._choices)
            yield table
            yield Panel(id="copy-choice-whole")

    def on_mount(self) -> None:
        self.query_one(RowTable).focus()
        self._show_whole()

    def on_row_table_highlighted(self) -> None:
        self._show_whole()

    def on_resize(self) -> None:
        self._show_whole()

    def _show_whole(self) -> None:
        """The value in full, when the table had to cut it."""
        chosen = self.query_one(RowTable).cursor_row
        value = chosen[1] if chosen is not None else ""
        label = max((cells(word) for word, _ in self._choices), default=5)
        room = self.query_one(RowTable).size.width - GUTTER - label - GAP - 1
        fits = cells(value) <= room
        self.query_one(Panel).show(lambda width, _: [] if fits else wrap(line(value), width))

    def on_row_table_selected(self, event: RowTable.Selected) -> None:
        event.stop()
        self.action_copy()

    def action_copy(self) -> None:
        chosen = self.query_one(RowTable).cursor_row
        if chosen is None:
            self.dismiss(None)
            return
        self.app.copy_to_clipboard(chosen[1])
        self.dismiss(chosen)

    def action_close(self) -> None:
        self.dismiss(None)
