"""Keys as people read and write them: their signs, a person's own key map, and docs/keys.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ldk_tui.ui.commands import BY_ID, COMMANDS, EVERYWHERE, LIST, MODAL, Command, Group
from ldk_tui.ui.screens import SCREENS

_SIGNS: Final[dict[str, str]] = {
    "slash": "/",
    "question_mark": "?",
    "escape": "esc",
    "enter": "enter",
    "down": "↓",
    "up": "↑",
    "pagedown": "page down",
    "pageup": "page up",
    "space": "space",
    "plus": "+",
    "minus": "-",
    "comma": ",",
    "full_stop": ".",
}
_RESERVED: Final[frozenset[str]] = frozenset({"ctrl+b", "ctrl+s", "ctrl+i", "ctrl+m", "ctrl+z"})
"""Keys that tmux, terminals or Textual take, or that are another key in disguise (tab, enter)."""


def sign(key: str) -> str:
    """A key as it is printed on the screen: `^r`, `/`, `↓`."""
    if key.startswith("ctrl+"):
        return f"^{key[5:]}"
    return _SIGNS.get(key, key)


class Keymap:
    """The keys of each command: the registry's, or the person's own from the configuration.

    `chosen` maps command ids to key names (several apart by commas). `problems` has one sentence per entry that cannot
    be used: an unknown command, a reserved key, or a key that another command of the same screen has. Those entries
    are left out, the registry's keys stay.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self.problems: list[str] = []
        self._keys: dict[str, tuple[str, ...]] = {command.id: command.keys for command in COMMANDS}
        self._chosen: dict[str, str] = {}
        for command_id, text in (chosen or {}).items():
            keys = tuple(key.strip() for key in text.split(",") if key.strip())
            if command_id not in BY_ID:
                self.problems.append(f"There is no command {command_id!r}.")
            elif not keys:
                self.problems.append(f"{command_id} needs at least one key.")
            elif reserved := next((key for key in keys if key in _RESERVED), None):
                self.problems.append(f"{command_id}: {reserved} never reaches the program in many terminals.")
            elif taken := self._taken(command_id, keys):
                self.problems.append(f"{command_id}: {sign(taken[0])} is the key of {taken[1]}.")
            else:
                self._keys[command_id] = keys
                self._chosen[command_id] = ",".join(keys)

    def _taken(self, command_id: str, keys: tuple[str, ...]) -> tuple[str, str] | None:
        mine = BY_ID[command_id]
        for command in COMMANDS:
            if command.id == command_id or not _meet(mine, command):
                continue
            for key in keys:
                if key in self._keys[command.id]:
                    return key, command.id
        return None

    def keys(self, command: Command) -> tuple[str, ...]:
        return self._keys[command.id]

    def sign(self, command: Command) -> str:
        """The sign of the first key; empty when the command has none."""
        keys = self._keys[command.id]
        return sign(keys[0]) if keys else ""

    def signs(self, command: Command) -> str:
        """All keys, for the help."""
        return " ".join(dict.fromkeys(sign(key) for key in self._keys[command.id]))

    @property
    def changes(self) -> dict[str, str]:
        """For `App.set_keymap`."""
        return dict(self._chosen)


def _meet(one: Command, other: Command) -> bool:
    """Whether two commands can be asked for on the same screen."""
    if MODAL in (one.scope, other.scope):
        return one.scope == other.scope
    return one.scope == other.scope or EVERYWHERE in (one.scope, other.scope) or LIST in (one.scope, other.scope)


def clashes(commands: Iterable[Command] = COMMANDS) -> list[str]:
    """Keys that mean two things on one screen. Enter may: it opens in a list, and does the obvious elsewhere."""
    found = []
    known = list(commands)
    for place, one in enumerate(known):
        for other in known[place + 1 :]:
            if _meet(one, other) and (both := set(one.keys) & set(other.keys) - {"enter"}):
                found.append(f"{one.id} and {other.id}: {', '.join(sorted(both))}")
    return found


def document() -> str:
    """docs/keys.md, whole."""
    lines = [
        "# Keys",
        "",
        "Made from the registry of commands (`make docs`). Lower case looks; what moves money or channels is upper",
        "case or asks. `?` in the program shows the same, for the screen that is open.",
    ]
    scopes: list[tuple[str, list[Command]]] = [
        (Group.SCREENS.value, [command for command in COMMANDS if command.group is Group.SCREENS]),
        ("Everywhere", [command for command in COMMANDS if command.group is Group.EVERYWHERE]),
        ("In a list", [command for command in COMMANDS if command.scope == LIST]),
        ("In a window on top", [command for command in COMMANDS if command.scope == MODAL]),
    ]
    for entry in SCREENS:
        mine = [command for command in COMMANDS if command.scope == entry.name]
        if mine:
            scopes.append((f"On the screen {entry.title}", mine))
    keymap = Keymap()
    for title, commands in scopes:
        lines += ["", f"## {title}", "", "| key | command | name | what it does |", "|---|---|---|---|"]
        for command in commands:
            keys = " ".join(f"`{sign(key)}`" for key in keymap.keys(command)) or "(palette)"
            changes = " *Changes something: not in read-only mode.*" if command.mutating else ""
            lines.append(f"| {keys} | {command.title} | `{command.id}` | {command.help}{changes} |")
    return "\n".join(lines) + "\n"
