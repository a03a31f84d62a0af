"""What every screen of a node is: header, tabs, body, filter line, keys; and how it hears that something changed.

A screen of its own:

    class PeersScreen(NodeScreen):
        SCOPE = "peers"                                # its name in `SCREENS`, the scope of its commands
        TOPICS = frozenset({Topic.PEERS})              # what it shows
        BINDINGS = bindings("peers")
        CSS_PATH = "peers.tcss"

        def compose_body(self): yield RowTable(…)
        def refresh_view(self, topics): self.query_one(RowTable).set_rows(self.port.….rows)

`refresh_view` runs at most ten times a second, only while the screen is in front, with all topics that changed since it
last ran; it asks `self.port` for a view and hands it to widgets. It never awaits. What asks the server is a coroutine
given to `run_task`, which turns every error into a line that the person sees.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import LdkError
from ldk_tui.node.views import ALL_TOPICS, NodePort, Topic
from ldk_tui.ui import crash
from ldk_tui.ui.line import Line, line
from ldk_tui.ui.render import problem
from ldk_tui.ui.screens import tabs
from ldk_tui.ui.theme import DANGER
from ldk_tui.ui.widgets.bars import CommandBar, TabBar, TooSmall
from ldk_tui.ui.widgets.clean_input import FilterLine
from ldk_tui.ui.widgets.header_bar import HeaderBar
from ldk_tui.ui.widgets.row_table import RowTable

if TYPE_CHECKING:
    from ldk_tui.ui.app import LdkTuiApp

MIN_COLUMNS = 80
MIN_ROWS = 20


class NodeScreen(Screen[None]):
    """Base of the screens. Subclasses set SCOPE and TOPICS and give `compose_body` and `refresh_view`."""

    SCOPE: ClassVar[str] = ""
    TOPICS: ClassVar[frozenset[Topic]] = ALL_TOPICS
    FILTERS: ClassVar[bool] = False
    AUTO_FOCUS = "RowTable"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 -- an instance variable in Screen
        (0, "-tiny"),
        (MIN_COLUMNS, "-narrow"),
        (100, "-medium"),
        (120, "-wide"),
        (180, "-huge"),
    ]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012
        (0, "-flat"),
        (MIN_ROWS, "-low"),
        (32, "-tall"),
        (50, "-high"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._dirty: set[Topic] = set(ALL_TOPICS)

    # --- what subclasses give -----------------------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """The widgets between the tabs and the keys."""
        raise NotImplementedError

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        """Shows what is new. `topics`: what changed since the last time, `TOPICS` at least in part."""
        raise NotImplementedError

    def tick(self) -> None:
        """Once a second while in front: for ages and countdowns."""

    def unit_changed(self) -> None:
        """Amounts are now shown in `self.unit`. Tables must be invalidated; `refresh_view` follows with all topics."""
        for table in self.query(RowTable):
            table.invalidate()

    def filter_changed(self, text: str) -> None:
        """The words of the filter line changed (FILTERS screens)."""

    def legend(self) -> Sequence[Line]:
        """What the signs on this screen mean, for the help."""
        return ()

    def select(self, key: object) -> None:
        """Another screen sent the person here for this channel, payment or hash: put the cursor on it."""

    @property
    def ready(self) -> bool:
        """Whether there are widgets to show things on: not before they are made, nor while the program ends."""
        return self.is_mounted and self.app.is_running

    @property
    def has_row(self) -> bool:
        """Whether a list here has a row under its cursor (commands that open something ask)."""
        return any(table.cursor_key is not None for table in self.query(RowTable))

    @property
    def has_detail(self) -> bool:
        """Whether a pane here tells all about that row."""
        return False

    # --- what subclasses use ------------------------------------------------------------------------------------------

    @property
    def ldk(self) -> LdkTuiApp:
        """The app with its own type."""
        return cast("LdkTuiApp", self.app)

    @property
    def port(self) -> NodePort:
        return self.ldk.port

    @property
    def unit(self) -> Unit:
        return self.ldk.unit

    @property
    def now_unix(self) -> float:
        return self.ldk.now()

    @property
    def filter_text(self) -> str:
        return self.query_one(FilterLine).text

    def flash(self, text: Line | str, *, seconds: float = 5) -> None:
        """One line in place of the keys for a few seconds. A `str` must be our own words."""
        self.ldk.flash(text if not isinstance(text, str) else line(text), seconds=seconds)

    def run_task(self, work: Coroutine[Any, Any, None], *, group: str, exclusive: bool = False) -> None:
        """Awaits `work` beside the screen. LdkError becomes a flash, anything else a flash and a log entry.

        `exclusive` ends the task before it in the same group: for loads, never for what moves money.
        """

        async def guarded() -> None:
            try:
                await work
            except LdkError as error:
                self.flash(line(("▲ ", DANGER), problem(error)), seconds=10)
            except Exception as error:
                crash.record(error, f"task {group}")
                self.flash(line(("▲ That went wrong inside ldk-tui; the log has the details.", DANGER)), seconds=10)

        self.run_worker(guarded(), group=group, exclusive=exclusive, exit_on_error=False)

    # --- the shell ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        self._take_breakpoints()
        yield HeaderBar()
        yield TabBar(tabs(), self.SCOPE)
        with Container(id="body"):
            yield from self.compose_body()
        yield FilterLine()
        yield CommandBar()
        yield TooSmall(MIN_COLUMNS, MIN_ROWS)

    def _take_breakpoints(self) -> None:
        """The classes of this terminal's size before the first layout; Textual gives them only after it has painted."""
        for size, breakpoints in (
            (self.app.size.width, self.HORIZONTAL_BREAKPOINTS),
            (self.app.size.height, self.VERTICAL_BREAKPOINTS),
        ):
            fitting = [name for least, name in breakpoints or () if least <= size]
            self.set_class(True, *fitting[-1:], update=False)

    def on_mount(self) -> None:
        self.ldk.show_shell(self)
        self.flush()

    def on_screen_resume(self) -> None:
        self.ldk.show_shell(self)
        self.flush()

    def mark(self, topics: Iterable[Topic]) -> None:
        """Something changed; it is shown when the screen is in front."""
        self._dirty |= set(topics)

    def flush(self) -> bool:
        """Shows what was marked, header and keys too; False when nothing was that this screen shows."""
        if not self.ready or not self._dirty & self.TOPICS:
            return False
        topics, self._dirty = frozenset(self._dirty), set()
        self.refresh_view(topics)
        self.ldk.show_shell(self)
        return True

    def on_row_table_highlighted(self) -> None:
        self.ldk.show_shell(self)

    def on_tab_bar_chosen(self, event: TabBar.Chosen) -> None:
        event.stop()
        self.ldk.action_show_screen(event.name)

    async def on_command_bar_chosen(self, event: CommandBar.Chosen) -> None:
        event.stop()
        await self.ldk.action_run_command(event.command_id)

    # --- the filter ---------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.query_one(FilterLine).open()

    def action_back(self) -> None:
        """Closes the filter line and takes the filter away; screens with something open close that first."""
        bar = self.query_one(FilterLine)
        if bar.is_open:
            bar.close()
            self._focus_list()

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        event.stop()
        self.filter_changed(event.text)
        self.ldk.show_shell(self)

    def on_filter_line_done(self, event: FilterLine.Done) -> None:
        event.stop()
        self._focus_list()

    def _focus_list(self) -> None:
        table = self.query(RowTable).first() if self.query(RowTable) else None
        if table is not None:
            table.focus()
        else:
            self.set_focus(None)
