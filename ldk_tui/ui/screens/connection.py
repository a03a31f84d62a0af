"""No server: what was tried, why it does not work, what to do about it. It keeps trying, and offers the demo."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from ldk_tui.core.text import own
from ldk_tui.node.views import ConnectionReport, FeedState, Phase, Subject, Topic, Tried
from ldk_tui.ui.commands import bindings
from ldk_tui.ui.line import EMPTY, Line, cells, fit, line, width_of, wrap
from ldk_tui.ui.render import countdown, quoted
from ldk_tui.ui.screens import CONNECTION
from ldk_tui.ui.screens.base import NodeScreen
from ldk_tui.ui.theme import ATTENTION, DANGER, HEADER, KEY, MUTED, OK, STRONG
from ldk_tui.ui.widgets.one_line import Panel

_WORDS = {
    Subject.CONFIG: "Configuration",
    Subject.ADDRESS: "Address",
    Subject.CERTIFICATE: "Certificate",
    Subject.KEY_FILE: "API key file",
}
_LABEL = max(cells(word) for word in _WORDS.values())
_SIGNS = {True: ("✓", OK), False: ("×", DANGER), None: ("·", MUTED)}


def tried_lines(tried: Sequence[Tried], width: int) -> list[Line]:
    """Each thing that was tried on one line with its result, or on two when they do not fit beside each other."""
    made: list[Line] = []
    for each in tried:
        left = line(_SIGNS[each.ok], " ", *fit(line((_WORDS[each.subject], MUTED)), _LABEL), "  ")
        result = line((str(each.result), DANGER if each.ok is False else ""))
        beside = line(left, str(each.what), ("  ", ""), result)
        if width_of(beside) <= width:
            made.append(beside)
            continue
        indent = " " * width_of(left)
        room = max(10, width - len(indent))
        rows = [*wrap(line(str(each.what)), room), *wrap(result, room)]
        made += [line(left if place == 0 else indent, row) for place, row in enumerate(rows)]
    return made


def state_line(feed: FeedState, now_unix: float) -> Line:
    """What happens next, with the seconds until then."""
    if feed.phase is Phase.CONNECTING:
        return line(("◌ ", ATTENTION), "Trying now …")
    if feed.phase is Phase.STOPPED:
        return line(("× ", DANGER), "Stopped trying: this will not change by itself.")
    if feed.phase is Phase.DOWN and feed.next_try_unix is not None:
        times = f" · tried {feed.attempt} times so far" if feed.attempt > 1 else ""
        return line(
            ("○ ", ATTENTION), "Next try in ", (countdown(feed.next_try_unix - now_unix), STRONG), (times, MUTED)
        )
    if feed.phase is Phase.DOWN:
        return line(("○ ", ATTENTION), "Not connected.")
    if feed.phase is Phase.SYNCING:
        return line(("◔ ", ATTENTION), "Connected; reading the node's state …")
    return line(("● ", OK), "Connected.")


def _server_said(feed: FeedState, width: int) -> list[Line]:
    if feed.error is None or not feed.error.server_text:
        return []
    return wrap(line(("The server said ", MUTED), quoted(feed.error.server_text)), width)


def report_lines(report: ConnectionReport, feed: FeedState, now_unix: float, *, demo: bool, width: int) -> list[Line]:
    """The whole screen: cause first, then what to do, then what was tried."""
    width = min(width, 100)
    connected = feed.phase in (Phase.LIVE, Phase.STALE, Phase.SYNCING)
    made: list[Line] = [EMPTY]
    if connected:
        made += [state_line(feed, now_unix), EMPTY]
        if feed.error is not None and feed.phase is not Phase.STALE:
            made += wrap(line(("Not everything could be read. ", STRONG), feed.error.sentence), width)
            made += [*_server_said(feed, width), EMPTY]
    else:
        cause = report.cause or (feed.error.sentence if feed.error else "")
        made += [line(("No connection to the server", HEADER)), EMPTY]
        if cause:
            made += wrap(line((cause, STRONG)), width)
        made += _server_said(feed, width)
        if report.what_to_do:
            made += [EMPTY, *wrap(line(report.what_to_do), width)]
        if report.evidence:
            made += [EMPTY, *(line(str(each)) for each in report.evidence)]
        made += [EMPTY, state_line(feed, now_unix)]
        if demo:
            made.append(line(("  Or press ", MUTED), ("d", KEY), (" to look at a simulated node meanwhile.", MUTED)))
        made.append(EMPTY)
    if report.tried:
        made += [line(("What was tried" if not connected else "Connected by", HEADER)), EMPTY]
        made += tried_lines(report.tried, width)
    if feed.level is not None or feed.clock_skew_s is not None:
        made.append(EMPTY)
    if feed.level is not None:
        made.append(line(*fit(line(("  API level", MUTED)), _LABEL + 2), "  ", feed.level.value, (" (probed)", MUTED)))
    if feed.clock_skew_s is not None:
        skew = f"{abs(feed.clock_skew_s):.0f} s {'ahead of' if feed.clock_skew_s > 0 else 'behind'} this computer"
        words = own(skew if abs(feed.clock_skew_s) >= 2 else "as this computer's")
        made.append(line(*fit(line(("  Server clock", MUTED)), _LABEL + 2), "  ", str(words)))
    return made


class ConnectionScreen(NodeScreen):
    """`0`, and by itself while there has never been a connection."""

    SCOPE = CONNECTION
    TOPICS = frozenset({Topic.CONNECTION})
    BINDINGS = bindings(CONNECTION)
    CSS_PATH = "connection.tcss"
    AUTO_FOCUS = "#connection-scroll"

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="connection-scroll"):
            yield Panel(id="connection-panel")

    def refresh_view(self, topics: frozenset[Topic]) -> None:
        report, feed, now = self.port.report, self.port.feed, self.now_unix
        demo = self.ldk.command_state().demo
        self.query_one("#connection-panel", Panel).show(
            lambda width, _: report_lines(report, feed, now, demo=demo, width=width)
        )

    def tick(self) -> None:
        self.refresh_view(self.TOPICS)

    def legend(self) -> Sequence[Line]:
        return [
            line(("✓", OK), " worked   ", ("×", DANGER), " did not   ", ("·", MUTED), " not known yet"),
        ]

    def action_retry(self) -> None:
        self.port.retry_now()
        self.flash("Trying again …", seconds=2)
