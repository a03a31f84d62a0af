"""The one registry of commands. Bindings, footer, palette, help and docs/keys.md are made from it, and nothing else is.

Lower case looks; what moves money or channels is upper case or asks. A command that cannot run now stays where it is,
is drawn faint, and says why when its key is pressed. Read-only mode takes the mutating ones out altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from textual.binding import Binding, BindingType

from ldk_tui.core.record import dataclass
from ldk_tui.node.views import Phase
from ldk_tui.ui.screens import CHANNELS, CONNECTION, HODL, NODE, PAYMENTS, SCREENS


class Group(Enum):
    """Headings of the help, in this order."""

    SCREENS = "Screens"
    HERE = "On this screen"
    LIST = "In a list"
    EVERYWHERE = "Everywhere"
    MODAL = "In a window on top"


EVERYWHERE: Final = "everywhere"
LIST: Final = "list"
MODAL: Final = "modal"
"""Scopes. Lists and modals act at once and by themselves; all else goes through `LdkTuiApp.run_command`."""


@dataclass(frozen=True, slots=True)
class State:
    """What `why_not` may look at. Made by the app when a key is pressed and when the footer is drawn.

    `row`: the list on this screen has a row under its cursor. `filtered`: its filter is not empty.
    """

    view: str
    phase: Phase
    read_only: bool = False
    demo: bool = False
    row: bool = False
    filtered: bool = False
    alerts: int = 0
    detail: bool = False


Reason = str | None
WhyNot = Callable[[State], Reason]


def always(_: State) -> Reason:
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """`scope` is EVERYWHERE, LIST or the name of a screen. `action` is Textual's: `app.…`, `screen.…`, or of the list.

    `keys` are Textual's key names, the first is the one that is shown. `word` is the footer's, with `rank` deciding who
    stays when there is little room (1 stays longest; None: not in the footer).
    """

    id: str
    title: str
    help: str
    keys: tuple[str, ...]
    group: Group
    action: str
    scope: str = EVERYWHERE
    word: str = ""
    rank: int | None = None
    mutating: bool = False
    why_not: WhyNot = always
    in_palette: bool = True

    def available(self, state: State) -> bool:
        """Whether it exists at all here (not: whether it can run)."""
        return self.scope in (EVERYWHERE, LIST, state.view) and not (self.mutating and state.read_only)


def needs_row(state: State) -> Reason:
    return None if state.row else "There is no row to open here."


def needs_live(state: State) -> Reason:
    """For what asks the server something."""
    if state.phase in (Phase.LIVE, Phase.STALE, Phase.SYNCING):
        return None
    return "There is no connection to the server. Press 0 to see why."


def _needs_alert(state: State) -> Reason:
    return None if state.alerts else "Nothing needs attention."


def _needs_demo(state: State) -> Reason:
    return None if state.demo else "This start has no demo to open. Run: ldk-tui demo"


def _needs_waiting(state: State) -> Reason:
    if state.phase is Phase.DOWN:
        return None
    return "An attempt is going on already." if state.phase is Phase.CONNECTING else "The server is connected."


def _needs_stopped_or_down(state: State) -> Reason:
    return None if state.phase in (Phase.DOWN, Phase.STOPPED, Phase.CONNECTING) else "The server is connected."


_SCREENS = tuple(
    Command(
        id=f"screen.{entry.name}",
        title=f"Go to {entry.title}",
        help=entry.help,
        keys=(entry.key,),
        group=Group.SCREENS,
        action=f"app.show_screen('{entry.name}')",
    )
    for entry in sorted(SCREENS, key=lambda entry: (not entry.in_tabs, entry.key))
)

_NODE = (
    Command(
        "node.alert",
        "Go to the first alert",
        "Puts the cursor on the most urgent line of Needs attention.",
        ("a",),
        Group.HERE,
        "screen.first_alert",
        scope=NODE,
        word="alert",
        rank=3,
        why_not=_needs_alert,
    ),
    Command(
        "node.identity",
        "Show identity and features",
        "The full node id, URIs, addresses, features, syncs and balances as the server gives them.",
        ("i",),
        Group.HERE,
        "screen.identity",
        scope=NODE,
        word="identity",
        rank=4,
    ),
    Command(
        "node.copy",
        "Copy the node URI",
        "Puts id@address on the clipboard and shows it; just the id when the node announces no address.",
        ("y",),
        Group.HERE,
        "screen.copy",
        scope=NODE,
        word="copy URI",
        rank=5,
    ),
)

_CHANNELS = (
    Command(
        "channels.detail",
        "Show all of the channel",
        "Every field that the server tells: balance, both policies, HTLCs in flight, funding, money coming back, ids.",
        ("enter",),
        Group.HERE,
        "screen.open_detail",
        scope=CHANNELS,
        word="detail",
        rank=3,
        why_not=needs_row,
    ),
    Command(
        "channels.sort",
        "Sort otherwise",
        "By attention, peer, ours, theirs, capacity or fee, in turn. A click on a title does the same.",
        ("o",),
        Group.HERE,
        "screen.sort",
        scope=CHANNELS,
        word="sort",
        rank=3,
    ),
    Command(
        "channels.reverse",
        "Turn the order round",
        "The last first. A second click on the title of the sorted column does the same.",
        (),
        Group.HERE,
        "screen.reverse",
        scope=CHANNELS,
    ),
    Command(
        "channels.copy",
        "Copy an id",
        "Shows node id, channel id, user channel id and funding in full; y again copies the one under the cursor.",
        ("y",),
        Group.HERE,
        "screen.copy",
        scope=CHANNELS,
        word="copy",
        rank=4,
        why_not=needs_row,
    ),
)


def _needs_detail(state: State) -> Reason:
    return None if state.detail else "Open a payment first: enter."


_PAYMENTS = (
    Command(
        "payments.detail",
        "Open the payment",
        "Everything that is known of it, below or beside the list; once more for the whole window.",
        ("enter",),
        Group.HERE,
        "screen.open_detail",
        scope=PAYMENTS,
        word="detail",
        rank=3,
        why_not=needs_row,
    ),
    Command(
        "payments.sort",
        "Sort otherwise",
        "By time, amount and fee, each both ways round. A click on a title does the same.",
        ("o",),
        Group.HERE,
        "screen.sort",
        scope=PAYMENTS,
        word="sort",
        rank=5,
    ),
    Command(
        "payments.unpaid",
        "Show or hide unpaid invoices",
        "Invoices of this node that nobody has paid, as far as they are known here.",
        ("z",),
        Group.HERE,
        "screen.unpaid",
        scope=PAYMENTS,
        word="unpaid",
        rank=6,
    ),
    Command(
        "payments.copy",
        "Copy the payment id",
        "Puts it on the clipboard and shows it.",
        ("y",),
        Group.HERE,
        "screen.copy",
        scope=PAYMENTS,
        word="copy id",
        rank=5,
        why_not=needs_row,
    ),
    Command(
        "payments.preimage",
        "Show or hide the preimage",
        "Reads it from the node at this moment. It is gone again when the detail closes.",
        ("i",),
        Group.HERE,
        "screen.preimage",
        scope=PAYMENTS,
        word="preimage",
        rank=8,
        why_not=_needs_detail,
    ),
    Command(
        "payments.secret",
        "Show or hide the payment secret",
        "Reads it from the node at this moment. It is gone again when the detail closes.",
        ("x",),
        Group.HERE,
        "screen.secret",
        scope=PAYMENTS,
        word="secret",
        rank=9,
        why_not=_needs_detail,
    ),
    Command(
        "payments.more",
        "Read older payments",
        "Goes on with the history where the program stopped reading.",
        ("m",),
        Group.HERE,
        "screen.more",
        scope=PAYMENTS,
        why_not=needs_live,
    ),
    Command(
        "payments.hodl",
        "Show it on the Hodl screen",
        "For hodl payments: deadline, blocks left, what the state means.",
        ("h",),
        Group.HERE,
        "screen.hodl",
        scope=PAYMENTS,
        why_not=needs_row,
    ),
)

_HODL = (
    Command(
        "hodl.detail",
        "Read all of it",
        "What the state means and all that is known, in the whole window.",
        ("enter",),
        Group.HERE,
        "screen.open_detail",
        scope=HODL,
        word="detail",
        rank=3,
        why_not=needs_row,
    ),
    Command(
        "hodl.copy",
        "Copy the payment hash",
        "Puts it on the clipboard and shows it.",
        ("y",),
        Group.HERE,
        "screen.copy",
        scope=HODL,
        word="copy hash",
        rank=4,
        why_not=needs_row,
    ),
    Command(
        "hodl.payment",
        "Show it among the payments",
        "Puts the cursor on it on the Payments screen.",
        ("h",),
        Group.HERE,
        "screen.payment",
        scope=HODL,
        word="payment",
        rank=5,
        why_not=needs_row,
    ),
)

_CONNECTION = (
    Command(
        "connection.retry",
        "Try again now",
        "Ends the waiting before the next attempt.",
        ("r", "enter"),
        Group.HERE,
        "screen.retry",
        scope=CONNECTION,
        word="try now",
        rank=1,
        why_not=_needs_waiting,
    ),
    Command(
        "connection.demo",
        "Open the demo",
        "Leaves this server and opens a simulated node, made up and harmless.",
        ("d",),
        Group.HERE,
        "app.open_demo",
        scope=CONNECTION,
        word="demo",
        rank=2,
        why_not=lambda state: _needs_demo(state) or _needs_stopped_or_down(state),
    ),
)


def _list(name: str, title: str, help_text: str, keys: tuple[str, ...], action: str) -> Command:
    return Command(f"list.{name}", title, help_text, keys, Group.LIST, action, scope=LIST, in_palette=False)


_LIST = (
    _list("down", "Down", "One row down.", ("down", "j"), "cursor_down"),
    _list("up", "Up", "One row up.", ("up", "k"), "cursor_up"),
    _list("page-down", "Page down", "One page down.", ("pagedown", "ctrl+f"), "page_down"),
    _list("page-up", "Page up", "One page up.", ("pageup",), "page_up"),
    _list("first", "First row", "To the first row.", ("home", "g"), "cursor_home"),
    _list("last", "Last row", "To the last row.", ("end", "G"), "cursor_end"),
    _list("open", "Open", "Opens what the cursor is on.", ("enter",), "select_cursor"),
)

_EVERYWHERE = (
    Command(
        "filter",
        "Filter the list",
        "Words that must all be there; name:value narrows further. Esc takes the filter away.",
        ("slash",),
        Group.EVERYWHERE,
        "screen.filter",
        word="filter",
        rank=4,
        why_not=lambda state: "There is nothing to filter on this screen." if state.view in _UNFILTERED else None,
    ),
    Command(
        "back",
        "Back",
        "Closes what is open, or takes the filter away.",
        ("escape",),
        Group.EVERYWHERE,
        "screen.back",
        in_palette=False,
    ),
    Command(
        "unit",
        "Change the unit",
        "Amounts in sat, msat or BTC, in turn.",
        ("u",),
        Group.EVERYWHERE,
        "app.next_unit",
        word="unit",
        rank=6,
    ),
    Command(
        "refresh",
        "Read everything again",
        "Asks the server for everything now. The screen keeps itself up to date without it.",
        ("ctrl+r",),
        Group.EVERYWHERE,
        "app.refresh_node",
        word="refresh",
        rank=7,
        why_not=needs_live,
    ),
    Command(
        "theme",
        "Light or dark",
        "Changes between the dark and the light theme.",
        (),
        Group.EVERYWHERE,
        "app.next_theme",
    ),
    Command(
        "palette",
        "All commands",
        "Finds a command by its name.",
        ("ctrl+p",),
        Group.EVERYWHERE,
        "app.command_palette",
        word="commands",
        rank=5,
        in_palette=False,
    ),
    Command(
        "help",
        "Help",
        "All keys, and what the signs on this screen mean.",
        ("question_mark",),
        Group.EVERYWHERE,
        "app.show_help",
        word="help",
        rank=2,
    ),
    Command(
        "quit",
        "Quit",
        "Ends the program. The node goes on without it.",
        ("q", "ctrl+c"),
        Group.EVERYWHERE,
        "app.quit",
        word="quit",
        rank=1,
    ),
)

_MODAL = (
    Command(
        "modal.close",
        "Close",
        "Closes the window.",
        ("escape", "q", "question_mark"),
        Group.MODAL,
        "close",
        scope=MODAL,
        in_palette=False,
    ),
    Command(
        "modal.copy",
        "Copy the text",
        "Puts the text of the window on the clipboard.",
        ("y",),
        Group.MODAL,
        "copy",
        scope=MODAL,
        in_palette=False,
    ),
)

_UNFILTERED: Final[frozenset[str]] = frozenset({NODE, CONNECTION, HODL})
"""Screens without a filter. A screen that gets one is taken out here."""

COMMANDS: Final[tuple[Command, ...]] = (
    *_SCREENS,
    *_NODE,
    *_CHANNELS,
    *_PAYMENTS,
    *_HODL,
    *_CONNECTION,
    *_LIST,
    *_EVERYWHERE,
    *_MODAL,
)
BY_ID: Final[dict[str, Command]] = {command.id: command for command in COMMANDS}


def for_state(state: State, commands: Iterable[Command] = COMMANDS) -> list[Command]:
    """What exists on this screen in this mode, in the registry's order; disabled ones included."""
    return [command for command in commands if command.available(state)]


def bindings(scope: str, *, read_only: bool = False) -> list[BindingType]:
    """Textual's bindings of a scope. Those of lists act at once; all others go through the app, which asks why not."""
    return [
        Binding(
            ",".join(command.keys),
            command.action if scope in (LIST, MODAL) else f"app.run_command('{command.id}')",
            command.word or command.title,
            show=False,
            tooltip=command.help,
            id=command.id,
        )
        for command in COMMANDS
        if command.scope == scope and command.keys and not (command.mutating and read_only)
    ]
