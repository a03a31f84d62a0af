"""The line of tabs under the header, and the line of keys at the foot."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message
from textual.strip import Strip

from ldk_tui.ui.commands import Command, State, for_state
from ldk_tui.ui.keymap import Keymap
from ldk_tui.ui.line import Line, line, width_of
from ldk_tui.ui.screens import ScreenEntry
from ldk_tui.ui.theme import DISABLED_KEY, FAINT, KEY, MUTED, TAB_ACTIVE
from ldk_tui.ui.widgets.one_line import OneLine, Piece, paint


class TabBar(OneLine):
    """`[1 Node]  2 Channels  …`: brackets say which, not colour alone. Short words where there is little room."""

    DEFAULT_CSS = "TabBar { background: $surface; }"

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, entries: Sequence[ScreenEntry], active: str) -> None:
        super().__init__()
        self._entries = entries
        self._active = active

    def pieces(self, width: int) -> Sequence[Piece]:
        for gap, short in (("  ", False), (" ", False), (" ", True)):
            made = [Piece(line(" "))]
            for entry in self._entries:
                word = entry.short if short else entry.title
                if entry.name == self._active:
                    made.append(Piece(line((f"[{entry.key} {word}]", TAB_ACTIVE)), entry.name))
                else:
                    made.append(Piece(line(" ", (entry.key, KEY), f" {word} "), entry.name))
                made.append(Piece(line(gap)))
            if sum(width_of(piece.parts) for piece in made) <= width:
                break
        return made

    def clicked(self, target: str) -> None:
        self.post_message(self.Chosen(target))


class CommandBar(OneLine):
    """The keys of this screen, by what the registry says. A flash takes its place for a few seconds.

    A command that cannot run now is faint; its key says why.
    """

    DEFAULT_CSS = "CommandBar { background: $panel; }"

    class Chosen(Message):
        """A key was clicked."""

        def __init__(self, command_id: str) -> None:
            super().__init__()
            self.command_id = command_id

    def __init__(self) -> None:
        super().__init__()
        self._state: State | None = None
        self._keymap: Keymap | None = None
        self._flash: Line = ()

    def show(self, state: State, keymap: Keymap) -> None:
        if state != self._state or keymap is not self._keymap:
            self._state, self._keymap = state, keymap
            self.refresh()

    def flash(self, text: Line) -> None:
        """Says `text` instead of the keys, until it is called with an empty line."""
        if text != self._flash:
            self._flash = text
            self.refresh()

    @property
    def flashed(self) -> Line:
        return self._flash

    def pieces(self, width: int) -> Sequence[Piece]:
        if self._flash:
            return [Piece(line(" ", self._flash))]
        if self._state is None or self._keymap is None:
            return []
        shown = [
            command
            for command in for_state(self._state)
            if command.rank is not None and self._keymap.sign(command) and not self._absurd(command)
        ]
        chosen: list[Command] = []
        room = width - 1
        for command in sorted(shown, key=lambda command: (command.rank or 0, shown.index(command))):
            size = width_of(self._piece(command).parts)
            if size <= room:
                chosen.append(command)
                room -= size
        return [Piece(line(" ")), *(self._piece(command) for command in shown if command in chosen)]

    def _absurd(self, command: Command) -> bool:
        """What can never run on this screen is no use in its footer (the filter where there is nothing to filter)."""
        return command.id == "filter" and self._state is not None and command.why_not(self._state) is not None

    def _piece(self, command: Command) -> Piece:
        assert self._keymap is not None
        assert self._state is not None
        if command.why_not(self._state) is not None:
            return Piece(line((f"{self._keymap.sign(command)} {command.word}", DISABLED_KEY), "  "), command.id)
        return Piece(line((self._keymap.sign(command), KEY), (f" {command.word}  ", MUTED)), command.id)

    def clicked(self, target: str) -> None:
        self.post_message(self.Chosen(target))


class TooSmall(OneLine):
    """Instead of everything else when the terminal is too small: what it is, and what it needs."""

    DEFAULT_CSS = "TooSmall { height: 1fr; display: none; content-align: center middle; }"

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(id="too-small")
        self._need = (columns, rows)

    def render_line(self, y: int) -> Strip:
        columns, rows = self.app.size
        said: list[Line] = [
            line((f"This terminal has {columns} columns and {rows} rows.", MUTED)),
            line((f"ldk-tui needs {self._need[0]} × {self._need[1]}.", "bold")),
            line(("Make it larger, or press q to quit.", MUTED)),
            line(("Nothing was stopped; the program goes on.", FAINT)),
        ]
        top = max(0, (self.size.height - len(said)) // 2)
        width = self.size.width
        text = said[y - top] if 0 <= y - top < len(said) else ()
        left = max(0, (width - width_of(text)) // 2)
        return paint(self, line(" " * left, text), width)
