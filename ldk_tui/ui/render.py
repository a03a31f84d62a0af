"""The one place where values become text: amounts, ages, ids, other people's words, bars.

Everything returns `Line` (text with tones) or plain words; widgets turn lines into Textual's `Content`. Other people's
words are `SafeText`, stand in quotes and in a tone of their own, and carry a sign outside the quotes when cleaning
changed them. Times are given, never asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ldk_tui.core.amounts import Msat, Sat, Unit, format_msat, format_sat
from ldk_tui.core.errors import LdkError
from ldk_tui.core.ids import NodeId, short
from ldk_tui.core.text import SafeText, clean, right_to_left
from ldk_tui.ui.line import Line, Span, cells, cut, line
from ldk_tui.ui.theme import ATTENTION, FAINT, FOREIGN, MUTED, OURS, PLAIN, RESERVE, THEIRS, Tone

NOTHING: Final = "—"
ALTERED_SIGN: Final = "~"
"""Stands behind other people's text that cleaning changed; the detail shows what was really sent."""

OURS_GLYPH: Final = "█"
RESERVE_GLYPH: Final = "▒"
FLIGHT_GLYPH: Final = "▚"
OTHER_GLYPH: Final = "·"
THEIRS_GLYPH: Final = "░"


# --- amounts -------------------------------------------------------------------------------------------------------


def amount(amount_msat: Msat | None, unit: Unit) -> str:
    """The figure without its unit (a heading says it once); a dash when it is not known."""
    return NOTHING if amount_msat is None else format_msat(amount_msat, unit)


def amount_sat(figure_sat: Sat | None, unit: Unit) -> str:
    """As `amount`, for a figure that the server gives in satoshi."""
    return NOTHING if figure_sat is None else format_sat(figure_sat, unit)


def amount_with_unit(amount_msat: Msat | None, unit: Unit) -> str:
    return NOTHING if amount_msat is None else format_msat(amount_msat, unit, with_unit=True)


def whole(amount_msat: Msat | None, unit: Unit) -> str:
    """For overviews: in sat the millisatoshi are left out (rounded towards zero), so that columns stay short."""
    if amount_msat is None:
        return NOTHING
    return format_sat(Sat(int(amount_msat) // 1000), unit) if unit is not Unit.MSAT else format_msat(amount_msat, unit)


def percent(part: int, total: int) -> str:
    """`39 %`; never 0 % or 100 % of something that is not quite that."""
    if total <= 0:
        return NOTHING
    value = (part * 100 + total // 2) // total
    if part > 0 and value == 0:
        return "<1 %"
    if part < total and value == 100:
        return ">99 %"
    return f"{value} %"


# --- time ----------------------------------------------------------------------------------------------------------

_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))


def age(seconds: float | None) -> str:
    """`12 s`, `4 m`, `2 h`, `3 d`: one figure, rounded down; never negative."""
    if seconds is None:
        return NOTHING
    whole_seconds = max(0, int(seconds))
    for size, letter in _STEPS:
        if whole_seconds >= size:
            return f"{whole_seconds // size} {letter}"
    return f"{whole_seconds} s"


def countdown(seconds: float) -> str:
    """`4 s`: the time until something, to the nearest second, the same wherever it is shown."""
    return age(max(0, round(seconds)))


def long_age(seconds: float | None) -> str:
    """`2 h 10 m`, `3 d 4 h`: two figures where the second says something."""
    if seconds is None:
        return NOTHING
    left = max(0, int(seconds))
    parts = []
    for size, letter in (*_STEPS, (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {letter}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def local(unix: float) -> datetime | None:
    """In the person's time zone; None for a time that no calendar has (a hostile server's)."""
    try:
        return datetime.fromtimestamp(unix, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return None


def clock(unix: float | None, now_unix: float) -> str:
    """`12:41` today, `Aug 20` before, `2025-08-20` in another year: what a list needs, always at most ten cells."""
    when, today = (local(unix) if unix is not None else None), local(now_unix)
    if when is None or today is None:
        return NOTHING
    if when.date() == today.date():
        return f"{when:%H:%M}"
    if when.year == today.year:
        return f"{_MONTHS[when.month - 1]} {when.day:>2}"
    return f"{when:%Y-%m-%d}"


def to_the_second(unix: float | None, now_unix: float) -> str:
    """`12:41:09` today, `Aug 20 12:41` before: since when something stands still."""
    when, today = (local(unix) if unix is not None else None), local(now_unix)
    if when is None or today is None:
        return NOTHING
    if when.date() == today.date():
        return f"{when:%H:%M:%S}"
    return f"{_MONTHS[when.month - 1]} {when.day} {when:%H:%M}"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(unix: float | None) -> str:
    """`2026-08-20 12:41:09`, local time: for details."""
    when = local(unix) if unix is not None else None
    return NOTHING if when is None else f"{when:%Y-%m-%d %H:%M:%S}"


def blocks(count: int | None) -> str:
    """`1 block`, `144 blocks`."""
    if count is None:
        return NOTHING
    return f"{count:,} block" if count == 1 else f"{count:,} blocks"


def minutes(span: tuple[int, int] | None) -> str:
    """A range of minutes as people say it: `8–63 min`, `9–14 h`; blocks do not keep time."""
    if span is None:
        return ""
    low, high = max(0, span[0]), max(0, span[1])
    if high < 200:
        return f"{low}–{high} min"
    return f"{low // 60}–{-(-high // 60)} h"


# --- ids and other people's words ----------------------------------------------------------------------------------


def ident(identifier: str | None, tone: Tone = MUTED) -> Line:
    """`02a1…9f3c`: for lists; the full value is one key away."""
    return line((short(identifier), tone)) if identifier else line((NOTHING, FAINT))


def quoted(text: SafeText | None, *, none: str = "", width: int | None = None) -> Line:
    """Someone else's words in quotes; `none` (faint) when there are none. `width`: cells at most, quotes included.

    A line is one line: the ends of lines in a longer text become spaces here.
    """
    if not text:
        return line((none, FAINT)) if none else ()
    flat = text.replace("\n", " ")
    shown = _cut_to(flat, width - 2 - (1 if text.altered else 0)) if width is not None else flat
    return line(("“", FOREIGN), (shown, FOREIGN), ("”", FOREIGN), _altered(text))


def _altered(text: SafeText) -> Line:
    return line((ALTERED_SIGN, ATTENTION)) if text.altered else ()


def _cut_to(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    return cut(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def name(alias: SafeText | None, node: NodeId | str | None, *, width: int | None = None) -> Line:
    """A peer: its alias in quotes with the id beside it (an alias is a nickname, not a name), or the id alone.

    Right-to-left aliases reorder what stands beside them in some terminals: they are left out of such lines.
    """
    identifier = ident(node)
    if not alias or right_to_left(alias):
        return identifier
    beside = 1 + sum(cells(text) for text, _ in identifier)
    room = None if width is None else width - beside
    if room is not None and room < 6:
        return identifier
    return line(quoted(alias, width=room), " ", identifier)


def alias_cell(alias: SafeText | None, node: NodeId | str | None, *, none: str = "") -> Line:
    """For a table's own column of aliases: no quotes (the column is the frame), the tone of foreign text."""
    if not alias or right_to_left(alias):
        return line((none, FAINT)) if none else ident(node)
    return line((str(alias), FOREIGN), _altered(alias))


def problem(error: LdkError | None) -> Line:
    """What went wrong in our words, then the server's in quotes where it said something."""
    if error is None:
        return ()
    said: Line = line(" ", quoted(error.server_text)) if error.server_text else ()
    return line(str(clean(error.sentence, "label")), said)


# --- bars ----------------------------------------------------------------------------------------------------------


def bar(parts: Sequence[tuple[int, str, Tone]], width: int) -> Line:
    """Parts of a whole as glyphs, `width` cells in all. A part above zero gets a cell if there are enough to go round.

    By largest remainders, so that the cells add up; amounts below zero count as zero.
    """
    sizes = [max(0, size) for size, _, _ in parts]
    total = sum(sizes)
    if width <= 0:
        return ()
    if total <= 0:
        return line((OTHER_GLYPH * width, FAINT))
    given = [size * width // total for size in sizes]
    rest = sorted(range(len(sizes)), key=lambda place: (-(sizes[place] * width % total), place))
    for place in rest[: width - sum(given)]:
        given[place] += 1
    for place, size in enumerate(sizes):
        richest = max(range(len(given)), key=lambda other: given[other])
        if size > 0 and given[place] == 0 and given[richest] > 1:
            given[richest] -= 1
            given[place] = 1
    return tuple((glyph * count, tone) for (_, glyph, tone), count in zip(parts, given, strict=True) if count)


def two_sided(ours: int, theirs: int, width: int) -> Line:
    """Ours against theirs, as on the Node screen."""
    return bar(((ours, OURS_GLYPH, OURS), (theirs, THEIRS_GLYPH, THEIRS)), width)


LEGEND: Final[tuple[Span, ...]] = (
    (OURS_GLYPH, OURS),
    (" ours  ", PLAIN),
    (RESERVE_GLYPH, RESERVE),
    (" reserve  ", PLAIN),
    (THEIRS_GLYPH, THEIRS),
    (" theirs", PLAIN),
)
