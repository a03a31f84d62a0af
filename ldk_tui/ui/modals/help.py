"""`?`: the keys of this screen and all others, by the registry, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence

from ldk_tui.ui.commands import COMMANDS, LIST, MODAL, Command, Group, State, for_state
from ldk_tui.ui.keymap import Keymap
from ldk_tui.ui.line import EMPTY, Line, cells, fit, line, width_of, wrap
from ldk_tui.ui.modals.text_view import TextView
from ldk_tui.ui.theme import FAINT, HEADER, KEY, MUTED


def help_lines(state: State, keymap: Keymap, legend: Sequence[Line], width: int) -> list[Line]:
    """Grouped: this screen first, then lists, screens, everywhere. A command that cannot run now says why."""
    commands = [*for_state(state), *(command for command in COMMANDS if command.scope == MODAL)]
    keys = max(cells(keymap.signs(command)) for command in commands)
    titles = max(cells(command.title) for command in commands)
    made: list[Line] = []
    for group in (Group.HERE, Group.LIST, Group.SCREENS, Group.EVERYWHERE, Group.MODAL):
        mine = [command for command in commands if command.group is group]
        if not mine:
            continue
        made += [EMPTY, line((group.value, HEADER))] if made else [line((group.value, HEADER))]
        for command in mine:
            made += _command(command, state, keymap, keys, titles, width)
        if group is Group.HERE and legend:
            made += [EMPTY, line(("Signs", HEADER))]
            made += [row for sign in legend for row in wrap(sign, width)]
    return made


NARROW = 90


def _command(command: Command, state: State, keymap: Keymap, keys: int, titles: int, width: int) -> list[Line]:
    """Key, title and what it does in columns; where there is little room the last two share one."""
    reason = command.why_not(state) if command.scope not in (LIST, MODAL) else None
    words = (f"Not now: {reason}", FAINT) if reason else (command.help, MUTED)
    left = line(*fit(line((keymap.signs(command) or "^p", KEY)), keys), "  ")
    if width < NARROW:
        rows = wrap(line(f"{command.title}. ", words), max(20, width - width_of(left)))
    else:
        left = line(left, *fit(line(command.title), titles), "  ")
        rows = wrap(line(words), max(20, width - width_of(left)))
    indent = " " * width_of(left)
    return [line(left if place == 0 else indent, row) for place, row in enumerate(rows)]


class HelpView(TextView):
    """The help for the screen that is in front."""

    def __init__(self, title: str, state: State, keymap: Keymap, legend: Sequence[Line]) -> None:
        super().__init__(
            f"Keys and signs · {title}", lambda width, _: help_lines(state, keymap, legend, max(40, width)), wide=True
        )
