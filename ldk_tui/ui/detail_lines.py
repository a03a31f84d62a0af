"""What the details of payments, hodl payments and channels are made of: labelled values, sentences, HTLCs, headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ldk_tui.core.amounts import Unit, format_sat
from ldk_tui.core.text import SafeText, escaped
from ldk_tui.node.views import EventLine, HtlcInFlight
from ldk_tui.ui.event_lines import event_amount, event_sign, event_text
from ldk_tui.ui.line import EMPTY, Line, fit, line, wrap
from ldk_tui.ui.render import amount_with_unit, blocks, clock
from ldk_tui.ui.theme import ATTENTION, FAINT, FOREIGN, HEADER, MUTED

LABEL: Final = 9
"""Cells of the labels: a node id (66 digits) still fits on one line beside them at 80 columns."""

Field = tuple[str, Line]


def field_lines(fields: Sequence[Field], width: int) -> list[Line]:
    """Label and value; what is too long goes on below, nothing is cut. Fields without a value are left out."""
    made: list[Line] = []
    for label, value in fields:
        if not value:
            continue
        for place, row in enumerate(wrap(value, max(16, width - LABEL - 2))):
            made.append(line(*fit(line((label if place == 0 else "", MUTED)), LABEL), "  ", row))
    return made


def sentences(texts: Sequence[Line | str], width: int, *, most: int = 100) -> list[Line]:
    """Each on lines of its own, at a width that can be read."""
    made: list[Line] = []
    for text in texts:
        if text:
            made += wrap(line(text), min(width, most))
    return made


def headed(title: str, rows: Sequence[Line]) -> list[Line]:
    """A part of a detail: an empty line, its title, its lines; nothing when there are none."""
    return [EMPTY, line((title, HEADER)), *rows] if rows else []


def foreign_fields(label: str, text: SafeText | None) -> list[Field]:
    """Someone else's words, whole, each of their lines on a line of its own; and how they were sent, if cleaned."""
    if not text:
        return []
    rows = str(text).split("\n")
    made: list[Field] = []
    for place, row in enumerate(rows):
        opening = "“" if place == 0 else " "
        closing = "”" if place == len(rows) - 1 else ""
        made.append((label if place == 0 else "", line((f"{opening}{row}{closing}", FOREIGN))))
    if text.altered:
        made.append(("", line(("~ ", ATTENTION), ("cleaned; it was sent as ", MUTED), (escaped(text.raw), FAINT))))
    return made


def htlc_lines(htlcs: Sequence[HtlcInFlight], unit: Unit, width: int) -> list[Line]:
    """HTLCs as GetBalances has them, whole."""
    fields: list[Field] = []
    for each in htlcs:
        part = each.htlc
        way = "outgoing" if each.outgoing else ("incoming, held" if each.held else "incoming")
        left = f", {blocks(each.blocks_left)} left" if each.blocks_left is not None else ""
        figure = format_sat(part.amount_sat, unit, with_unit=True)
        fields.append(("HTLC", line(figure, f" {way}, expires at block {each.height:,}{left}")))
        fields.append(("channel", line(str(part.channel_id))))
        fields.append(("peer", line(str(part.counterparty))))
    return field_lines(fields, width)


def event_lines(events: Sequence[EventLine], unit: Unit, now_unix: float, width: int) -> list[Line]:
    """Events and when they were seen here, newest first."""
    made: list[Line] = []
    for each in events:
        figure = event_amount(each.event)
        told = f"{amount_with_unit(figure, unit)}  " if figure is not None else ""
        left = line(*fit(line((clock(each.seen_unix, now_unix), MUTED)), LABEL), "  ")
        text = line(event_sign(each.event), "  ", told, event_text(each, unit))
        made += [
            line(left if place == 0 else " " * (LABEL + 2), row)
            for place, row in enumerate(wrap(text, max(16, width - LABEL - 2)))
        ]
    return made
