"""A window on top with text to read, scroll and copy: details, long errors, the help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from ldk_tui.ui.commands import MODAL, bindings
from ldk_tui.ui.line import Line, line, plain
from ldk_tui.ui.theme import KEY, MUTED
from ldk_tui.ui.widgets.one_line import Heading, Panel


class TextView(ModalScreen[None]):
    """Shows `make(width, 0)` under a title. `y` copies the text, `esc` closes."""

    BINDINGS = bindings(MODAL)
    CSS_PATH = "text_view.tcss"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (32, "-normal-height")]  # noqa: RUF012

    def __init__(
        self,
        title: str,
        make: Callable[[int, int], Sequence[Line]],
        *,
        copies: str | None = None,
        wide: bool = False,
    ) -> None:
        """`copies`: what `y` copies instead of the text itself. `wide`: takes all the width there is."""
        super().__init__()
        self._title = title
        self._make = make
        self._copies = copies
        self._wide = wide

    def compose(self) -> ComposeResult:
        with Vertical(id="text-view", classes="-broad" if self._wide else ""):
            heading = Heading(self._title)
            heading.set_note(line(("y", KEY), (" copy  ", MUTED), ("esc", KEY), (" close", MUTED)))
            yield heading
            with VerticalScroll(id="text-view-scroll"):
                panel = Panel(id="text-view-lines")
                panel.show(self._make)
                yield panel

    def on_mount(self) -> None:
        self.query_one("#text-view-scroll").focus()

    def action_close(self) -> None:
        self.dismiss(None)

    def action_copy(self) -> None:
        width = self.query_one("#text-view-lines").size.width
        text = self._copies if self._copies is not None else "\n".join(plain(row) for row in self._make(width, 0))
        self.app.copy_to_clipboard(text)
        heading = self.query_one(Heading)
        heading.set_note(line(("copied  ", MUTED), ("esc", KEY), (" close", MUTED)))
