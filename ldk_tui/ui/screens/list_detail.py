"""A screen with a list and a pane that tells all about the row under the cursor.

`enter` opens the pane beside or below the list, where it follows the cursor; once more, and it has the whole body, to
be read and scrolled. `esc` goes back the same way. On a terminal without room for both, the first `enter` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from ldk_tui.ui.commands import BY_ID
from ldk_tui.ui.line import Line, line
from ldk_tui.ui.screens.base import NodeScreen
from ldk_tui.ui.theme import KEY, MUTED, PLAIN
from ldk_tui.ui.widgets.detail_pane import DetailPane
from ldk_tui.ui.widgets.row_table import RowTable

ROWS_FOR_BOTH = 32


class Detail(Enum):
    """How much of the body the pane has."""

    CLOSED = "closed"
    BESIDE = "beside"
    FULL = "full"


class ListDetailScreen(NodeScreen):
    """Subclasses give `compose_list` and `show_detail`. STANDS: the pane is always open, at any size."""

    STANDS: ClassVar[bool] = False
    DEFAULT_CSS = """
    ListDetailScreen #split { height: 1fr; width: 1fr; layout: vertical; }
    ListDetailScreen #list-side { height: 1fr; width: 1fr; }
    ListDetailScreen #detail { display: none; }
    ListDetailScreen #split.-detail-beside #detail { display: block; margin-top: 1; }
    ListDetailScreen #split.-detail-full #detail { display: block; }
    ListDetailScreen #split.-detail-full #list-side { display: none; }
    ListDetailScreen.-huge #split.-detail-beside { layout: horizontal; }
    ListDetailScreen.-huge #split.-detail-beside #detail { width: 84; margin-top: 0; margin-left: 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._wanted = Detail.BESIDE if self.STANDS else Detail.CLOSED
        self._placed: Detail | None = None

    def compose_list(self) -> ComposeResult:
        """The list and what belongs to it."""
        raise NotImplementedError

    def show_detail(self) -> None:
        """Puts the row under the cursor into `self.pane`; called when the pane opens and when the cursor moves."""
        raise NotImplementedError

    def detail_closed(self) -> None:
        """The pane is gone, or the screen is no longer in front."""

    def compose_body(self) -> ComposeResult:
        with Container(id="split"):
            with Vertical(id="list-side"):
                yield from self.compose_list()
            yield DetailPane(id="detail")

    @property
    def table(self) -> RowTable:  # type: ignore[type-arg]
        return self.query_one("#list-side RowTable", RowTable)

    @property
    def pane(self) -> DetailPane:
        return self.query_one("#detail", DetailPane)

    @property
    def detail(self) -> Detail:
        """What there is room and reason for."""
        if self._wanted is Detail.CLOSED or not self.has_row:
            return Detail.CLOSED
        if self._wanted is Detail.BESIDE and not self.STANDS and self.size.height < ROWS_FOR_BOTH:
            return Detail.FULL
        return self._wanted

    @property
    def has_detail(self) -> bool:
        return self.detail is not Detail.CLOSED

    def place_detail(self) -> None:
        """Brings the layout in line with `detail`, and the focus to where the keys are wanted."""
        state = self.detail
        if state is self._placed:
            return
        before, self._placed = self._placed, state
        split = self.query_one("#split")
        split.set_class(state is Detail.BESIDE, "-detail-beside")
        split.set_class(state is Detail.FULL, "-detail-full")
        if state is Detail.FULL:
            self.pane.take_focus()
        elif before is Detail.FULL:
            self.table.focus()
        if state is Detail.CLOSED:
            self.detail_closed()
        else:
            self.show_detail()
        self.ldk.show_shell(self)

    def show_in_pane(self, title: str, note: Line, make: Callable[[int], Sequence[Line]], *, top: bool = False) -> None:
        """As `DetailPane.show`; where the list is not in sight, the heading says how to get back to it."""
        if self.detail is Detail.FULL:
            back = self.ldk.keymap.sign(BY_ID["back"])
            note = line(note, ("  ", PLAIN) if note else "", (back, KEY), (" back", MUTED))
        self.pane.show(title, note, make, top=top)

    # --- keys -----------------------------------------------------------------------------------------------------

    def on_row_table_selected(self, event: RowTable.Selected) -> None:
        event.stop()
        self.action_open_detail()

    def action_open_detail(self) -> None:
        if self.has_row:
            self._wanted = Detail.BESIDE if self._wanted is Detail.CLOSED else Detail.FULL
            self.place_detail()

    def action_back(self) -> None:
        state = self.detail
        least = Detail.BESIDE if self.STANDS else Detail.CLOSED
        if state is Detail.FULL and self._wanted is Detail.FULL:
            self._wanted = Detail.BESIDE if self.STANDS or self.size.height >= ROWS_FOR_BOTH else Detail.CLOSED
            self.place_detail()
        elif state is not Detail.CLOSED and state is not least:
            self._wanted = least
            self.place_detail()
        else:
            super().action_back()

    def action_filter(self) -> None:
        if self.detail is Detail.FULL:  # the words would be typed for a list that is not in sight
            self._wanted = Detail.BESIDE if self.STANDS else Detail.CLOSED
            self.place_detail()
        super().action_filter()

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_row_table_highlighted(self) -> None:
        if not self.ready:
            return
        self.place_detail()
        if self.has_detail:
            self.show_detail()

    def on_resize(self, event: events.Resize) -> None:
        if self.ready:
            self.place_detail()

    def on_screen_suspend(self) -> None:
        self.detail_closed()
