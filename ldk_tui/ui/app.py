"""The application: one mode per screen, one node behind them, one way for a key to become an action.

It knows the node through `NodePort` only. Changes arrive as topics, are gathered, and reach the screen in front at most
ten times a second; screens that are not in front are marked and catch up when they come. Once a second, ages move on.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from rich.segment import Segments
from rich.text import Text
from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.screen import Screen
from textual.timer import Timer

from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import LdkError
from ldk_tui.core.text import own
from ldk_tui.node.views import ALL_TOPICS, NodePort, NodeView, Phase, Topic
from ldk_tui.ui import crash
from ldk_tui.ui.commands import BY_ID, EVERYWHERE, State, bindings
from ldk_tui.ui.keymap import Keymap
from ldk_tui.ui.line import Line, line
from ldk_tui.ui.notice import toast
from ldk_tui.ui.palette import CommandProvider
from ldk_tui.ui.render import problem
from ldk_tui.ui.screens import CONNECTION, NODE, SCREENS, ScreenEntry
from ldk_tui.ui.screens.base import NodeScreen
from ldk_tui.ui.theme import ATTENTION, DANGER, DARK, DEFAULTS, LIGHT, MUTED, OK, THEMES
from ldk_tui.ui.widgets.bars import CommandBar
from ldk_tui.ui.widgets.header_bar import HeaderBar, HeaderState

FLUSH_S: Final = 0.1
TICK_S: Final = 1.0
STOP_LIMIT_S: Final = 3.0

PortOpener = Callable[[], Awaitable[NodePort]]
"""Gives a port, not started yet."""


def _factory(entry: ScreenEntry) -> Callable[[], Screen[Any]]:
    def make() -> Screen[Any]:
        return entry.load()()  # imports the screen, the first time

    return make


class LdkTuiApp(App[None], inherit_bindings=False):
    """`now` gives unix seconds. `log_place`: where the log is, in words for the person who reads them after a crash."""

    TITLE = "ldk-tui"
    CSS_PATH = ["app.tcss", "screens/node.tcss"]  # noqa: RUF012 -- Textual's own form
    """With the first screen's: a style sheet that comes later makes Textual parse all of them once more."""
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {CommandProvider}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {entry.name: _factory(entry) for entry in SCREENS}
    DEFAULT_MODE = NODE
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(EVERYWHERE))

    def __init__(
        self,
        port: NodePort,
        *,
        now: Callable[[], float],
        opener: PortOpener | None = None,
        demo_opener: PortOpener | None = None,
        read_only: bool = False,
        demo: bool = False,
        unit: Unit = Unit.SAT,
        light: bool = False,
        keys: Mapping[str, str] | None = None,
        log_place: str | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`opener`: gives the real port after the first frame; `port` stands in until then. `demo_opener`: gives a
        simulated one when asked for. `demo`: it is one already (the header says so). `keys`: command id → keys."""
        super().__init__(driver_class=driver_class)
        self.port = port
        self.now = now
        self.unit = unit
        self.read_only = read_only
        self.demo = demo
        self.keymap = Keymap(keys)
        self.view = NodeView(feed=port.feed)
        self._opener = opener
        self._demo_opener = demo_opener
        self._log_place = log_place
        self._unsubscribe: Callable[[], None] = lambda: None
        self._dirty: set[Topic] = set()
        self._flushing: Timer | None = None
        self._flushed_at = 0.0
        self._was_live = False
        self._flash_timer: Timer | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self._begin_with((LIGHT if light else DARK).name)

    # --- life ---------------------------------------------------------------------------------------------------------

    def _begin_with(self, theme: str) -> None:
        """As `self.theme = theme`, without the second pass over all styles that a *change* of theme needs."""
        self.set_reactive(LdkTuiApp.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(
            True, f"-theme-{theme}", "-dark-mode" if self.current_theme.dark else "-light-mode", update=False
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """None of Textual's own: among them is a screenshot of everything on the screen."""
        return ()

    def on_mount(self) -> None:
        self.set_keymap(self.keymap.changes)
        self.view = self.port.node(self.now())
        self.set_interval(TICK_S, self._tick)
        self.call_after_refresh(self._begin)  # the first frame before the first connection

    def _begin(self) -> None:
        if not gc.isenabled():  # whoever started the program spared the first frame its rounds
            gc.freeze()  # what is there by now stays: the collector need not go through it again and again
            gc.enable()
        self._attach_port()
        for sentence in self.keymap.problems:
            toast(self, own(f"Key map: {crash.without_values(sentence)}"), severity="warning")

    def _attach_port(self) -> None:
        if self._opener is None:
            self._unsubscribe = self.port.subscribe(self._heard)
        self._heard(ALL_TOPICS)
        self.run_worker(self._start(), group="start", exit_on_error=False)

    async def _start(self) -> None:
        try:
            opener, self._opener = self._opener, None
            if opener is not None:
                self.port = await opener()
                self._unsubscribe = self.port.subscribe(self._heard)
            await self.port.start()
        except LdkError as error:
            self.flash(line(("▲ ", DANGER), problem(error)), seconds=30)
        except Exception as error:
            crash.record(error, "start of the connection")
            self.flash(line(("▲ The connection could not be started; the log has the details.", DANGER)), seconds=30)

    async def on_unmount(self) -> None:
        self._unsubscribe()
        await self._stop(self.port)

    async def _stop(self, port: NodePort) -> None:
        try:
            await asyncio.wait_for(port.stop(), STOP_LIMIT_S)
        except Exception as error:
            crash.record(error, "end of the connection")

    def _fatal_error(self) -> None:
        """One sentence instead of Textual's page of local variables (private in 8.2.8; tests/ui/test_crash.py)."""
        error = sys.exc_info()[1] or self._exception or RuntimeError()
        crash.record(error, "fault of the program")
        said = Text(crash.sentence(error, self._log_place))
        self._exit_renderables.append(Segments(self.console.render(said, self.console.options)))
        self._close_messages_no_wait()

    # --- from the node to the screen ----------------------------------------------------------------------------------

    def _heard(self, topics: frozenset[Topic]) -> None:
        """On the loop, from the node. Gathers; the first change after a quiet tenth of a second is shown at once."""
        self._dirty |= topics
        if self._flushing is None and self._dirty:
            elapsed = asyncio.get_running_loop().time() - self._flushed_at
            self._flushing = self.set_timer(max(0.001, FLUSH_S - elapsed), self._flush_topics)

    def _flush_topics(self) -> None:
        self._flushing = None
        self._flushed_at = asyncio.get_running_loop().time()
        topics, self._dirty = frozenset(self._dirty), set()
        self.view = self.port.node(self.now())
        self._follow_connection()
        for screen in self._node_screens():
            screen.mark(topics)
        front = self.front
        if front is not None and not front.flush():
            self.show_shell(front)

    def _tick(self) -> None:
        if not self.is_running:
            return
        self.view = self.port.node(self.now())
        front = self.front
        if front is not None and front.ready:
            front.tick()
            self.show_shell(front)

    def _node_screens(self) -> list[NodeScreen]:
        return [screen for stack in self._screen_stacks.values() for screen in stack if isinstance(screen, NodeScreen)]

    @property
    def front(self) -> NodeScreen | None:
        """The screen of the current mode, also while a window is on top of it."""
        try:
            stack = self.screen_stack
        except ScreenStackError:
            return None
        return next((screen for screen in stack if isinstance(screen, NodeScreen)), None)

    def _follow_connection(self) -> None:
        """No server: to the connection screen, until the node was read. From then on the screens stay, marked stale.

        A server that answers and fails while it is read is no server yet: its reason must stay in sight.
        """
        phase = self.view.feed.phase
        if phase in (Phase.LIVE, Phase.STALE):
            if not self._was_live and self.current_mode == CONNECTION:
                self.switch_mode(NODE)
            self._was_live = True
        elif phase in (Phase.DOWN, Phase.STOPPED) and not self._was_live and self.current_mode == NODE:
            self.switch_mode(CONNECTION)

    def show_shell(self, screen: NodeScreen) -> None:
        """Header and keys of `screen`."""
        if not screen.ready:
            return
        state = HeaderState.of(self.view, self.now(), self.unit, read_only=self.read_only, demo=self.demo)
        screen.query_one(HeaderBar).show(state)
        screen.query_one(CommandBar).show(self.command_state(), self.keymap)

    # --- commands -----------------------------------------------------------------------------------------------------

    def command_state(self) -> State:
        """What `why_not` of the commands looks at, now."""
        front = self.front
        mounted = front is not None and front.ready
        return State(
            view=front.SCOPE if front is not None else NODE,
            phase=self.view.feed.phase,
            read_only=self.read_only,
            demo=self._demo_opener is not None,
            row=front.has_row if front is not None and mounted else False,
            filtered=bool(front.filter_text) if front is not None and mounted else False,
            alerts=len(self.view.attention),
            detail=front.has_detail if front is not None and mounted else False,
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Commands that do not exist here (another screen's, or mutating ones in read-only mode) have no key."""
        if action == "run_command" and parameters:
            command = BY_ID.get(str(parameters[0]))
            return command is not None and command.available(self.command_state())
        return True

    async def action_run_command(self, command_id: str) -> None:
        """Runs a command, or says why it cannot."""
        state = self.command_state()
        command = BY_ID[command_id]
        if not command.available(state):
            return
        reason = command.why_not(state)
        if reason is not None:
            self.flash(line(("– ", ATTENTION), reason))
            return
        await self.run_action(command.action, self.front)

    def run_command(self, command_id: str) -> None:
        """As `action_run_command`, for callbacks that cannot wait (the palette)."""
        self.call_next(self.action_run_command, command_id)

    def flash(self, text: Line, *, seconds: float = 5) -> None:
        """One line in place of the keys, on the screen in front."""
        front = self.front
        if front is None or not front.ready:
            return
        bar = front.query_one(CommandBar)
        bar.flash(text)
        if self._flash_timer is not None:
            self._flash_timer.stop()
        self._flash_timer = self.set_timer(seconds, lambda: bar.flash(()))

    def action_show_screen(self, name: str) -> None:
        if name in {entry.name for entry in SCREENS} and name != self.current_mode:
            self.switch_mode(name)

    def show_on(self, name: str, key: object) -> bool:
        """To another screen, with the cursor on what `key` names; False when there is no such screen."""
        if name not in {entry.name for entry in SCREENS}:
            return False
        self.action_show_screen(name)
        front = self.front
        if front is not None:
            self.call_after_refresh(front.select, key)
        return True

    def action_next_unit(self) -> None:
        self.unit = self.unit.next()
        for screen in self._node_screens():
            if screen.is_mounted:
                screen.unit_changed()
            screen.mark(ALL_TOPICS)
        if self.front is not None:
            self.front.flush()

    def action_next_theme(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def action_refresh_node(self) -> None:
        front = self.front
        if front is None:
            return

        async def refresh() -> None:
            front.flash(line(("Reading everything again …", MUTED)), seconds=30)
            await self.port.refresh()
            front.flash(line(("✓ ", OK), "Everything was read again."), seconds=3)

        front.run_task(refresh(), group="refresh", exclusive=True)

    def action_show_help(self) -> None:
        from ldk_tui.ui.modals.help import HelpView

        front = self.front
        if front is not None:
            title = next(entry.title for entry in SCREENS if entry.name == front.SCOPE)
            self.push_screen(HelpView(title, self.command_state(), self.keymap, front.legend()))

    def action_open_demo(self) -> None:
        front, opener = self.front, self._demo_opener
        if front is None or opener is None:
            return

        async def open_demo() -> None:
            front.flash(line(("Opening the demo …", MUTED)), seconds=30)
            port = await opener()
            before = self.port
            self._unsubscribe()
            self._demo_opener = None
            self.port, self.demo, self._was_live = port, True, False
            self.view = port.node(self.now())
            front.flash(())
            self._attach_port()
            await self._stop(before)

        front.run_task(open_demo(), group="demo")
