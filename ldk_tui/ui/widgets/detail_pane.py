"""A pane that tells all about the row under the cursor: a heading, and lines that scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll

from ldk_tui.ui.commands import LIST, bindings
from ldk_tui.ui.line import Line
from ldk_tui.ui.widgets.one_line import Heading, Panel


class DetailScroll(VerticalScroll, inherit_bindings=False):
    """Scrolls with the keys of a list."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(LIST))

    def action_cursor_down(self) -> None:
        self.scroll_down(animate=False)

    def action_cursor_up(self) -> None:
        self.scroll_up(animate=False)

    def action_page_down(self) -> None:
        self.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        self.scroll_page_up(animate=False)

    def action_cursor_home(self) -> None:
        self.scroll_home(animate=False)

    def action_cursor_end(self) -> None:
        self.scroll_end(animate=False)

    def action_select_cursor(self) -> None:
        """Nothing in here is chosen."""


class DetailPane(Vertical):
    """`show` gives it contents; it keeps its place in them unless `top` says that they are about something else."""

    DEFAULT_CSS = """
    DetailPane { height: 1fr; width: 1fr; }
    DetailPane > DetailScroll { height: 1fr; scrollbar-size-vertical: 1; background: $background; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heading = Heading("")
        self._panel = Panel()
        self._scroll = DetailScroll(self._panel)

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._scroll

    @property
    def lines(self) -> Sequence[Line]:
        """What it says now."""
        return self._panel.lines

    def show(self, title: str, note: Line, make: Callable[[int], Sequence[Line]], *, top: bool = False) -> None:
        self._heading.set_title(title)
        self._heading.set_note(note)
        self._panel.show(lambda width, _: make(width))
        if top:
            self._scroll.scroll_home(animate=False)

    def take_focus(self) -> None:
        self._scroll.focus()
