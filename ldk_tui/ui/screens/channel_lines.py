"""The table of the Channels screen: its signs, cells and bars, and the legend that explains them.

Pure functions of a row and the unit. Our side and theirs differ by glyph, never by red and green: neither is good by
itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ldk_tui.core.amounts import Sat, Unit
from ldk_tui.core.ids import short
from ldk_tui.core.liquidity import BarParts, SweepStage
from ldk_tui.core.model import (
    Channel,
    ClaimableOnChannelClose,
)
from ldk_tui.core.text import right_to_left
from ldk_tui.node.query import ChannelStanding
from ldk_tui.node.views import ChannelCounts, ChannelRow, HtlcInFlight
from ldk_tui.ui.line import Line, cells, line
from ldk_tui.ui.render import (
    ALTERED_SIGN,
    FLIGHT_GLYPH,
    NOTHING,
    OTHER_GLYPH,
    OURS_GLYPH,
    RESERVE_GLYPH,
    THEIRS_GLYPH,
    amount_sat,
    bar,
    blocks,
    name,
    quoted,
    whole,
)
from ldk_tui.ui.theme import (
    ATTENTION,
    FAINT,
    FLIGHT,
    FOREIGN,
    MUTED,
    OK,
    OURS,
    PLAIN,
    RESERVE,
    RULE,
    THEIRS,
    Tone,
)

DIVIDER: Final = "│"
"""Between our side of a bar and theirs."""

SIGNS: Final[dict[ChannelStanding, tuple[str, Tone]]] = {
    ChannelStanding.USABLE: ("●", OK),
    ChannelStanding.OFFLINE: ("○", ATTENTION),
    ChannelStanding.PENDING: ("◔", MUTED),
    ChannelStanding.SPLICING: ("◑", MUTED),
    ChannelStanding.CLOSING: ("×", MUTED),
    ChannelStanding.PHANTOM: ("▲", ATTENTION),
}
_MEANINGS: Final = {
    ChannelStanding.USABLE: "ready, peer connected",
    ChannelStanding.OFFLINE: "ready, peer away",
    ChannelStanding.PENDING: "funding not deep enough",
    ChannelStanding.SPLICING: "new funding not deep enough",
    ChannelStanding.CLOSING: "closed, money coming back",
    ChannelStanding.PHANTOM: "its funding may not exist",
}
_SHORT_STAGES: Final = {
    SweepStage.CLOSING: "unconfirmed",
    SweepStage.CONTESTED: "contested",
    SweepStage.REVOKED: "revoked",
    SweepStage.BROADCAST: "sweep sent",
}


# --- cells of the table --------------------------------------------------------------------------------------------


def state_cell(row: ChannelRow) -> Line:
    """`● usable`: the word is the one that the filter takes."""
    sign, tone = SIGNS[row.standing]
    return line((f"{sign} ", tone), (row.standing.value, tone if tone == ATTENTION else PLAIN))


def bar_cell(row: ChannelRow, width: int, height: int | None) -> Line:
    """The balance, or in few words what it waits for."""
    channel = row.channel
    if row.standing is ChannelStanding.PHANTOM:
        return _dotted("may not exist" if width >= 13 or channel is None else _depth(channel), width, ATTENTION)
    if row.standing is ChannelStanding.PENDING and channel is not None:
        return _dotted(_depth(channel), width)
    if row.standing is ChannelStanding.CLOSING or row.bar is None:
        words = _closing_words(row, height)
        longer = f"{words} to go" if words[0].isdigit() else words
        return _dotted(longer if cells(longer) <= width else words, width)
    return balance_bar(row.bar, width)


def balance_bar(parts: BarParts, width: int, *, in_full: bool = False) -> Line:
    """Ours, our reserve and what is leaving, a line, what is coming and theirs; `width` cells in all.

    `in_full`: their reserve and what belongs to neither (fees, anchors) apart, too. Without it they count as theirs and
    not at all: in a table a cell is some hundred thousand satoshi.
    """
    other = parts.other_msat if in_full and parts.other_msat * width >= parts.capacity_msat else 0
    ours: list[tuple[int, str, Tone]] = [
        (parts.ours_msat, OURS_GLYPH, OURS),
        (parts.our_reserve_msat, RESERVE_GLYPH, RESERVE),
        (parts.out_in_flight_msat, FLIGHT_GLYPH, FLIGHT),
    ]
    theirs: list[tuple[int, str, Tone]] = [
        (other, OTHER_GLYPH, FAINT),
        (parts.in_in_flight_msat, FLIGHT_GLYPH, FLIGHT),
        (parts.their_reserve_msat if in_full else 0, RESERVE_GLYPH, THEIRS),
        (parts.theirs_msat + (0 if in_full else parts.their_reserve_msat), THEIRS_GLYPH, THEIRS),
    ]
    sides = ours + theirs
    if width < 4 or not any(size > 0 for size, _, _ in sides):
        return bar(sides, width)
    drawn = bar([(size, glyph, str(place)) for place, (size, glyph, _) in enumerate(sides)], width - 1)
    spans = [(int(place), (text, sides[int(place)][2])) for text, place in drawn]
    left = [span for place, span in spans if place < len(ours)]
    right = [span for place, span in spans if place >= len(ours)]
    return line(*left, (DIVIDER, RULE), *right)


def _dotted(words: str, width: int, tone: Tone = MUTED) -> Line:
    """`··· 0/6 conf ···`: in the place of a bar that cannot be drawn."""
    room = width - cells(words) - 2
    if room < 2:
        return line((words, tone))
    return line((OTHER_GLYPH * (room // 2), FAINT), (f" {words} ", tone), (OTHER_GLYPH * (room - room // 2), FAINT))


def _depth(channel: Channel) -> str:
    return f"{confirmations(channel, brief=True)} conf"


def _closing_words(row: ChannelRow, height: int | None) -> str:
    left = [left for part in row.sweeps if (left := part.blocks_left(height)) is not None]
    if left:
        return blocks(min(left))
    return next((_SHORT_STAGES[part.stage] for part in row.sweeps if part.stage in _SHORT_STAGES), "unconfirmed")


def confirmations(channel: Channel, *, brief: bool = False) -> str:
    """`1 of 3`, later `435, needs 3`; a dash for what the peer has not agreed yet."""
    have = NOTHING if channel.confirmations is None else f"{channel.confirmations:,}"
    need = NOTHING if channel.confirmations_required is None else f"{channel.confirmations_required:,}"
    if brief:
        return f"{have}/{need}"
    deep = (channel.confirmations or 0) > (channel.confirmations_required or 0)
    return f"{have}, needs {need}" if deep else f"{have} of {need}"


def closing_sat(row: ChannelRow) -> Sat | None:
    """What of a closed channel is still to come; None when nothing tells it."""
    if row.sweeps:
        return Sat(sum(part.amount_sat for part in row.sweeps))
    held = [each.amount_sat for each in row.balances if isinstance(each, ClaimableOnChannelClose)]
    return Sat(sum(held)) if held else None


def ours_cell(row: ChannelRow, unit: Unit) -> Line:
    """What we can send now; of a closed channel what comes back."""
    if row.channel is None:
        return line((amount_sat(closing_sat(row), unit), MUTED))
    doubtful = row.standing is ChannelStanding.PHANTOM
    return line((whole(row.channel.outbound_capacity_msat, unit), ATTENTION if doubtful else PLAIN))


def theirs_cell(row: ChannelRow, unit: Unit) -> Line:
    return line(whole(row.channel.inbound_capacity_msat, unit)) if row.channel else nothing()


def capacity_cell(row: ChannelRow, unit: Unit) -> Line:
    return line(amount_sat(row.channel.value_sat, unit)) if row.channel else nothing()


def fee_cell(row: ChannelRow) -> Line:
    """Our rate alone, where there is no room for more."""
    config = row.channel.config if row.channel else None
    return line(f"{config.fee_ppm:,}") if config is not None and config.fee_ppm is not None else nothing()


def policy_cell(row: ChannelRow) -> Line:
    """`250+1000`: rate in ppm and base in msat of what we charge."""
    config = row.channel.config if row.channel else None
    return _policy(config.fee_ppm, config.fee_base_msat) if config is not None else nothing()


def peer_policy_cell(row: ChannelRow) -> Line:
    policy = row.channel.peer_policy if row.channel else None
    return _policy(policy.fee_ppm, policy.fee_base_msat) if policy is not None else nothing()


def _policy(fee_ppm: int | None, base_msat: int | None) -> Line:
    if fee_ppm is None and base_msat is None:
        return nothing()
    rate = NOTHING if fee_ppm is None else str(fee_ppm)
    return line(rate, (f"+{NOTHING if base_msat is None else base_msat}", MUTED))


def flags_cell(row: ChannelRow) -> Line:
    """`pub out`, `priv in`: announced or not; opened by us (outbound) or by the peer."""
    if row.channel is None:
        return nothing()
    announced = "pub " if row.channel.is_announced else "priv"
    return line((f"{announced} {'out' if row.channel.is_outbound else 'in'}", MUTED))


def flight_cell(row: ChannelRow, unit: Unit) -> Line:
    """The sum of the HTLCs in flight with the arrow of their direction."""
    if not row.htlcs:
        return nothing()
    ways = {each.outgoing for each in row.htlcs}
    arrow = "⇄" if len(ways) == 2 else "→" if True in ways else "←"
    return line((f"{arrow} {amount_sat(htlc_sum(row.htlcs), unit)}", FLIGHT))


def limit_cell(row: ChannelRow, unit: Unit) -> Line:
    """The largest HTLC that the channel takes now."""
    return line(whole(row.channel.next_outbound_htlc_limit_msat, unit)) if row.channel else nothing()


def peer_cell(row: ChannelRow, width: int) -> Line:
    """Alias in quotes with the id beside it: an alias is a nickname, not a name. Little room: the id's first digits."""
    if not row.counterparty:
        return line(("peer not told", FAINT))
    if width >= _ROOM_FOR_IDS or not row.alias or right_to_left(row.alias):
        return name(row.alias, row.counterparty, width=width)
    head = short(row.counterparty, 4, 0)
    return line(quoted(row.alias, width=width - cells(head) - 1), " ", (head, MUTED))


_ROOM_FOR_IDS: Final = 24


def htlc_sum(htlcs: Iterable[HtlcInFlight]) -> Sat:
    return Sat(sum(each.htlc.amount_sat for each in htlcs))


def nothing() -> Line:
    return line((NOTHING, FAINT))


def counts_line(counts: ChannelCounts, *, words: bool) -> Line:
    """`● 6 usable  ○ 1 offline`: how many there are of each, the empty ones left out."""
    made: Line = ()
    for standing, (sign, tone) in SIGNS.items():
        if count := getattr(counts, standing.value):
            word = f" {standing.value}" if words else ""
            made = line(made, "  " if made else "", (sign, tone), f" {count}", (word, MUTED))
    return made


def legend() -> list[Line]:
    """What the signs mean, for the help."""
    signs: list[Line] = []
    for standing, (sign, tone) in SIGNS.items():
        signs.append(line((sign, tone), f" {standing.value}: ", (_MEANINGS[standing], MUTED)))
    return [
        *signs,
        line(
            (OURS_GLYPH, OURS),
            " ours   ",
            (RESERVE_GLYPH, RESERVE),
            " reserve, cannot be spent   ",
            (FLIGHT_GLYPH, FLIGHT),
            " in flight   ",
            (DIVIDER, RULE),
            " between us and them   ",
            (THEIRS_GLYPH, THEIRS),
            " theirs",
        ),
        line("Ours and Theirs: what either side can send now, without its reserve."),
        line("250+1000: a fee of 250 ppm and 1,000 msat, ours, then the peer's. pub, priv: announced or not; out, in:"),
        line("opened by us or by the peer. Below the open channels: closed ones whose money is not back yet."),
        line("→ outgoing   ← incoming HTLC   • just changed"),
        line(("“…”", FOREIGN), " other people's words   ", (ALTERED_SIGN, ATTENTION), " cleaned: not as it was sent"),
        line(("/ ", MUTED), "state:offline peer:bob cap:>1000000 ours:<50000 theirs:>=1000 -word “two words”"),
    ]
