"""An input line that takes in no control characters, whatever is pasted, and the filter line made of one."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ldk_tui.core.text import clean
from ldk_tui.ui.line import Line, content
from ldk_tui.ui.theme import KEY

MAX_LENGTH = 200


def _taken_in(text: str) -> str:
    """Cleaned, but with the spaces at its ends: they are typed one at a time."""
    if text.isascii() and text.isprintable():
        return text
    body = clean(text, "label")
    left = " " if text[:1].isspace() else ""
    right = " " if len(text) > 1 and text[-1:].isspace() else ""
    return f"{left}{body}{right}" if body else left


class CleanInput(Input):
    """Textual's input passes pasted escape sequences on to the terminal; this one cleans first."""

    def replace(self, text: str, start: int, end: int) -> None:
        super().replace(_taken_in(text), start, end)


class FilterLine(Horizontal):
    """`/` and an input, shown while a filter is typed or set."""

    DEFAULT_CSS = """
    FilterLine { height: 1; display: none; background: $surface; padding: 0 1; }
    FilterLine.-open { display: block; }
    FilterLine > #filter-sign { width: 2; }
    FilterLine > #filter-input { width: 1fr; border: none; height: 1; padding: 0; background: $surface; }
    FilterLine > #filter-note { width: auto; color: $tone-muted; }
    """

    class Changed(Message):
        """The words changed; `text` is cleaned."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Done(Message):
        """Enter: the filter stays, the list takes the keys again."""

    def __init__(self) -> None:
        super().__init__()
        self._note: Line = ()

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("/", KEY), id="filter-sign")
        yield CleanInput(id="filter-input", max_length=MAX_LENGTH, select_on_focus=False, compact=True)
        yield Static(Content(""), id="filter-note")

    @property
    def text(self) -> str:
        return self.query_one("#filter-input", CleanInput).value.strip()

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self) -> None:
        self.add_class("-open")
        self.query_one("#filter-input", CleanInput).focus()

    def close(self) -> None:
        """Takes the words away too."""
        self.query_one("#filter-input", CleanInput).value = ""
        self.remove_class("-open")

    def say(self, note: Line) -> None:
        """At its right end: how many rows pass, or which word was not understood."""
        if note != self._note:  # an update lays out the whole screen
            self._note = note
            self.query_one("#filter-note", Static).update(content(note))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self.text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.text:
            self.remove_class("-open")
        self.post_message(self.Done())
