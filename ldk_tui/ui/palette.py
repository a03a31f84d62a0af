"""The command palette: the registry's commands by name. One that cannot run now stays in the list and says why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ldk_tui.ui.commands import COMMANDS, Command, State, for_state
from ldk_tui.ui.line import content, fit, line
from ldk_tui.ui.theme import FAINT, KEY, MUTED

if TYPE_CHECKING:
    from ldk_tui.ui.app import LdkTuiApp

_TITLE: Final = 2 + max(len(command.title) for command in COMMANDS if command.in_palette)
_KEY: Final = 7
_EDGES: Final = 8
"""Cells: the column of titles, the column of keys, what the palette's own frame takes."""


class CommandProvider(Provider):
    """Gives the palette what the registry has for the screen underneath."""

    @property
    def _ldk(self) -> LdkTuiApp:
        return cast("LdkTuiApp", self.app)

    def _offered(self) -> list[tuple[Command, State]]:
        state = self._ldk.command_state()
        return [(command, state) for command in for_state(state) if command.in_palette]

    def _shown(self, title: Content, command: Command, state: State) -> Content:
        """One line: title, key, what it does or why not now; cut to the palette's width."""
        sign = self._ldk.keymap.sign(command)
        reason = command.why_not(state)
        tail = line((f"not now: {reason}", FAINT)) if reason else line((command.help, MUTED))
        room = self.app.size.width - _EDGES
        after = line(" " * (_TITLE - len(command.title)), *fit(line((sign, KEY)), _KEY), tail)
        return Content.assemble(title, content(tuple(fit(after, room - len(command.title)))))

    async def discover(self) -> Hits:
        for command, state in self._offered():
            yield DiscoveryHit(
                self._shown(Content(command.title), command, state),
                partial(self._ldk.run_command, command.id),
                text=command.title,
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command, state in self._offered():
            score = matcher.match(command.title)
            if score > 0:
                yield Hit(
                    score,
                    self._shown(matcher.highlight(command.title), command, state),
                    partial(self._ldk.run_command, command.id),
                    text=command.title,
                )
