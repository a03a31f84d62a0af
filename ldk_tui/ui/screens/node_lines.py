"""What the Node screen says, as lines: pure functions of the view, the unit, the clock and the width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.attention import AttentionKind, AttentionLine, LateSync, Severity
from ldk_tui.core.ids import short
from ldk_tui.core.liquidity import LiquiditySummary, SweepStage
from ldk_tui.core.model import Feature, NodeInfo
from ldk_tui.core.text import SafeText, clean, own
from ldk_tui.node.views import FeedState, NodeView, Phase, Sync, SyncAge
from ldk_tui.ui.line import EMPTY, Line, fit, line, plain, width_of, wrap
from ldk_tui.ui.render import (
    age,
    amount_sat,
    blocks,
    clock,
    long_age,
    minutes,
    moment,
    name,
    percent,
    quoted,
    two_sided,
    whole,
)
from ldk_tui.ui.theme import ATTENTION, DANGER, FAINT, MUTED, OK, OURS, STRONG, THEIRS, Tone, network_chip
from ldk_tui.ui.widgets.one_line import figures

WAITING: Final[Line] = line(("Waiting for the first answer …", MUTED))

# --- attention -----------------------------------------------------------------------------------------------------

_WORDS: Final = {
    AttentionKind.HELD: "HODL",
    AttentionKind.HTLC: "HTLC",
    AttentionKind.PEER_DOWN: "PEER",
    AttentionKind.SYNC_LATE: "SYNC",
    AttentionKind.CLOCK: "CLOCK",
    AttentionKind.SWEEP: "SWEEP",
    AttentionKind.PHANTOM: "FUNDING",
}
_SIGNS: Final[dict[Severity, tuple[str, Tone]]] = {
    Severity.ALARM: ("▲", DANGER),
    Severity.WARNING: ("▲", ATTENTION),
    Severity.NOTE: ("!", MUTED),
    Severity.INFO: ("i", FAINT),
}
_STAGES: Final = {
    SweepStage.CLOSING: "closing transaction unconfirmed",
    SweepStage.DELAYED: "comes back from a closed channel",
    SweepStage.CONTESTED: "HTLC contested, ours only until then",
    SweepStage.TIMEOUT: "HTLC of a closed channel comes back",
    SweepStage.REVOKED: "revoked state published, all ours to take",
    SweepStage.BROADCAST: "sweep sent, unconfirmed",
    SweepStage.CONFIRMING: "sweep is confirming",
}


def attention_sign(each: AttentionLine) -> Line:
    """`▲ HODL`: sign and tone by severity, the word by kind."""
    sign, tone = _SIGNS[each.severity]
    return line((f"{sign} {_WORDS[each.kind]}", tone))


def attention_left(each: AttentionLine) -> Line:
    """How long there is: blocks where there is a deadline."""
    if each.blocks_left is None:
        return ()
    return line((blocks(each.blocks_left), _SIGNS[each.severity][1] if each.severity > Severity.NOTE else ""))


def attention_text(each: AttentionLine, unit: Unit, now_unix: float, width: int) -> Line:
    """What it is, most important first, as much as fits; other people's words at the end."""
    parts = _ATTENTION[each.kind](each, f"{whole(each.amount_msat, unit)} {unit.value}", now_unix)
    made: Line = line((parts[0], STRONG))
    kept = min(24, width_of(name(each.alias, each.peer)) + 3) if each.kind is AttentionKind.PEER_DOWN else 0
    for part in parts[1:]:
        if part and width_of(made) + 3 + len(part) + kept <= width:
            made = line(made, (" · ", FAINT), part)
    room = width - width_of(made) - 3
    if each.peer and room >= 9:
        made = line(made, (" · ", FAINT), name(each.alias, each.peer, width=room))
    return made


def _held(each: AttentionLine, amount: str, _: float) -> list[str]:
    until = f"claim before {each.deadline_height:,}" if each.deadline_height is not None else ""
    return [f"{amount} held", until + (" at the least" if each.deadline_is_guess else ""), minutes(each.minutes)]


def _htlc(each: AttentionLine, amount: str, _: float) -> list[str]:
    until = f"expires at {each.deadline_height:,}" if each.deadline_height is not None else ""
    return [f"{amount} {'outgoing' if each.outgoing else 'incoming'}", until, minutes(each.minutes)]


def _peer(each: AttentionLine, amount: str, now_unix: float) -> list[str]:
    since = f" {long_age(now_unix - each.since_unix)}" if each.since_unix is not None else ""
    count = f"in {each.channels} channels" if each.channels > 1 else ""
    return [f"{amount} away{since}", count, "peer not connected"]


def _late(each: AttentionLine, _: str, __: float) -> list[str]:
    what = each.sync.value if each.sync else "sync"
    told = f"{long_age(each.age_s)} old" if each.age_s is not None else "never read"
    return [f"{what} {told}", _BLIND.get(each.sync, "") if each.sync else ""]


def _clock(each: AttentionLine, _: str, __: float) -> list[str]:
    skew = each.skew_s or 0
    return [f"server clock {long_age(abs(skew))} {'ahead' if skew > 0 else 'behind'}", "calls fail above 60 s"]


def _phantom(each: AttentionLine, amount: str, _: float) -> list[str]:
    return [f"{amount} may not exist", f"unconfirmed for {blocks(each.waited_blocks)}", "counted in the balances"]


def _sweep(each: AttentionLine, amount: str, _: float) -> list[str]:
    stage = each.sweep.stage if each.sweep else SweepStage.DELAYED
    return [amount, _STAGES[stage], f"block {each.deadline_height:,}" if each.deadline_height is not None else ""]


_BLIND: Final = {
    LateSync.LIGHTNING: "the node does not see new blocks",
    LateSync.ONCHAIN: "the wallet does not see new blocks",
    LateSync.FEE_RATES: "on-chain fees may be wrong",
    LateSync.GOSSIP: "routes may be stale",
}
_ATTENTION: Final[dict[AttentionKind, Callable[[AttentionLine, str, float], list[str]]]] = {
    AttentionKind.HELD: _held,
    AttentionKind.HTLC: _htlc,
    AttentionKind.PEER_DOWN: _peer,
    AttentionKind.SYNC_LATE: _late,
    AttentionKind.CLOCK: _clock,
    AttentionKind.PHANTOM: _phantom,
    AttentionKind.SWEEP: _sweep,
}


# --- figures -------------------------------------------------------------------------------------------------------


def balance_lines(summary: LiquiditySummary | None, height: int | None, unit: Unit, width: int) -> list[Line]:
    """What can be done with the money, one figure under the other."""
    if summary is None:
        return [WAITING]

    def msat(label: str, amount_msat: Msat, tone: Tone = "") -> tuple[Line, Line, Line]:
        return line((label, MUTED)), line((whole(amount_msat, unit), tone)), ()

    def sat(label: str, figure_sat: Sat, tone: Tone = "") -> tuple[Line, Line, Line]:
        return line((label, MUTED)), line((amount_sat(figure_sat, unit), tone)), ()

    coming = [part.blocks_left(height) for part in summary.sweeps if not part.in_wallet]
    nearest = min((left for left in coming if left is not None), default=None)
    swept = "Being swept" if nearest is None or not summary.swept_sat else f"Being swept, {blocks(nearest)}"
    rows = [
        msat("Can send now", summary.can_send_msat, OURS),
        msat("Can receive now", summary.can_receive_msat),
        *([msat("Offline or pending", summary.cannot_send_msat)] if summary.cannot_send_msat else []),
        sat("Our reserves", summary.reserves_sat),
        msat("In flight, outgoing", summary.in_flight_out_msat),
        msat("In flight, incoming", summary.in_flight_in_msat),
        sat("On-chain, spendable", summary.onchain_spendable_sat, OURS),
        sat("On-chain, pending", summary.onchain_pending_sat),
        sat("Anchor reserve", summary.anchor_reserve_sat),
        sat(swept, summary.swept_sat),
    ]
    if summary.phantom_sat:
        rows.append(sat("▲ May not exist", summary.phantom_sat, ATTENTION))
    if summary.counted_twice_sat:
        rows.append(sat("Closing, also on-chain", summary.counted_twice_sat))
    rows.append(sat("Ours, not in flight", summary.ours_sat, STRONG))
    return figures(rows, width)


def liquidity_lines(view: NodeView, unit: Unit, width: int, *, compact: bool) -> list[Line]:
    """Ours against theirs, and how it is spread over the channels."""
    summary = view.liquidity
    if summary is None:
        return [WAITING]
    ours, theirs = summary.can_send_msat, summary.can_receive_msat
    counted = _counted(summary, ("usable", "offline", "pending", "doubtful"))
    if width_of(counted) > width:
        counted = _counted(summary, ("usable", "off", "new", "doubtful"))
    if ours + theirs <= 0:
        none = line(("No channel is usable now.", MUTED))
        return [two_sided(0, 0, width), none, counted]
    left = line((percent(ours, ours + theirs), OURS), (" send", MUTED))
    right = line(("receive ", MUTED), (percent(theirs, ours + theirs), THEIRS))
    gap = max(1, width - width_of(left) - width_of(right))
    made = [two_sided(ours, theirs, width), line(left, " " * gap, right), counted]
    parts = [("Largest send", summary.largest_send), ("Largest receive", summary.largest_receive)]
    rows = [
        (line((label, MUTED)), line(whole(part.amount_msat if part else None, unit)), Line()) for label, part in parts
    ]
    if compact:
        return [*made, *figures(rows[:1], width)]
    spread = [
        ("Mostly ours, over 80 %", summary.mostly_ours),
        ("Mostly theirs, over 80 %", summary.mostly_theirs),
        ("In between", summary.in_between),
    ]
    rows += [(line((label, MUTED)), line(str(count)), Line()) for label, count in spread]
    return [*made, EMPTY, *figures(rows, width)]


def _counted(summary: LiquiditySummary, words: tuple[str, str, str, str]) -> Line:
    counts = (summary.usable, summary.offline, summary.pending, summary.phantoms)
    made: Line = ()
    for count, word, tone in zip(counts, words, (OK, ATTENTION, "", ATTENTION), strict=True):
        if count or word == words[0]:
            made = line(made, "  " if made else "", (str(count), tone if count else ""), (f" {word}", MUTED))
    return made


# --- health --------------------------------------------------------------------------------------------------------

_SYNC_WORDS: Final = {
    Sync.LIGHTNING: "LN wallet",
    Sync.ONCHAIN: "on-chain",
    Sync.FEE_RATES: "fee rates",
    Sync.GOSSIP: "gossip",
    Sync.ANNOUNCEMENT: "announced",
}


def _sync_entry(sync: SyncAge) -> tuple[str, Line]:
    if sync.at_unix is None:
        told = "peers" if sync.sync is Sync.GOSSIP else "never"
        return _SYNC_WORDS[sync.sync], line((told, ATTENTION if sync.late else MUTED), ("  ", ""))
    mark = line((" ▲", ATTENTION)) if sync.late else line((" ✓", OK))
    return _SYNC_WORDS[sync.sync], line((age(sync.age_s), ATTENTION if sync.late else ""), mark)


def _stream(feed: FeedState, now_unix: float) -> Line:
    if feed.phase is Phase.LIVE:
        return line("polling" if feed.polling_only else "live", (" ✓", OK))
    from_unix = feed.last_answer_unix if feed.is_stale else feed.since_unix
    since = f" {age(now_unix - from_unix)}" if from_unix is not None else ""
    return line((f"{'stale' if feed.is_stale else feed.phase.value}{since}", ATTENTION), (" ▲", ATTENTION))


def health_lines(view: NodeView, now_unix: float, width: int, *, compact: bool) -> list[Line]:
    """The ages of the five syncs, the tip, the clock and the stream; a sign says which is late."""
    if view.info is None:
        return [WAITING]
    entries: list[tuple[str, Line]] = [("chain tip", line(age(view.tip_age_s), ("  ", "")))]
    entries += [_sync_entry(sync) for sync in view.syncs]
    skew = view.clock_skew_s
    if skew is not None:
        late = abs(skew) > 20
        told = "same" if abs(skew) < 2 else f"{'+' if skew > 0 else '−'}{age(abs(skew))}"
        entries.append(("clock", line((told, ATTENTION if late else ""), (" ▲", ATTENTION) if late else (" ✓", OK))))
    entries.append(("events", _stream(view.feed, now_unix)))
    across = 2 if compact and width >= 34 else 1
    cell = (width - 3 * (across - 1)) // across
    made: list[Line] = []
    for start in range(0, len(entries), across):
        row: Line = ()
        for label, value in entries[start : start + across]:
            room = max(0, cell - 10)
            value_width = min(room, max(room if across > 1 else 14, width_of(value)))
            made_cell = line(*fit(line((label, MUTED)), 9), " ", *fit(value, value_width, right=True))
            row = line(row, "   " if row else "", made_cell)
        made.append(row)
    return made


# --- identity ------------------------------------------------------------------------------------------------------


def _features(features: Sequence[Feature]) -> Line:
    names = [f"{each.name}{'!' if each.is_required else ''}" for each in features]
    return line(", ".join(names)) if names else line(("none told", FAINT))


def _labelled(label: str, values: Sequence[Line], width: int, size: int = 10) -> list[Line]:
    made: list[Line] = []
    for value in values:
        for row in wrap(value, max(10, width - size - 2)):
            left = line(*fit(line((label if not made else "", MUTED)), size), "  ")
            made.append(line(left, row))
    return made


def _addresses(addresses: Sequence[SafeText], none: str) -> list[Line]:
    return [line(str(each)) for each in addresses] or [line((none, FAINT))]


def identity_lines(view: NodeView, width: int, *, brief: bool = False) -> list[Line]:
    """Who the node is. `brief` (the panel) shortens the id inside the URIs; the window behind `i` cuts nothing."""
    info = view.info
    if info is None:
        return [WAITING]
    word, chip = network_chip(view.network)
    level = view.level.value if view.level else "not known yet"
    made = _labelled("node id", [line(str(info.node_id))], width)
    made += _labelled("alias", [quoted(info.alias, none="none")], width)
    made.append(line(*fit(line(("network", MUTED)), 10), "  ", (word, chip)))
    made += _labelled("API level", [line(level, (" (probed)" if view.level else "", MUTED))], width)
    uris = [clean(each.replace(info.node_id, short(info.node_id))) for each in info.uris] if brief else info.uris
    made += _labelled("URIs", _addresses(uris, "none: the node announces no address"), width)
    made += _labelled("listens on", _addresses(info.listening_addresses, "nothing"), width)
    made += _labelled("announces", _addresses(info.announcement_addresses, "nothing"), width)
    count = line((f"{len(info.features)}: ", MUTED)) if info.features else ()
    made += _labelled("features", [line(count, _features(list(info.features.values())))], width)
    return made


def identity_report(view: NodeView, unit: Unit, now_unix: float, width: int) -> list[Line]:
    """The window behind `i`: identity, syncs with their moments, balances as the server gives them."""
    info = view.info
    if info is None:
        return [WAITING]
    made = identity_lines(view, width)
    made += [EMPTY, line(("Chain and syncs", STRONG))]
    best = info.best_block
    if best is not None:
        made += _labelled("best block", [line(f"{best.height:,}"), line((str(best.block_hash), MUTED))], width, 18)
    for sync in view.syncs:
        told = f"{moment(sync.at_unix)} · {long_age(sync.age_s)} ago" if sync.at_unix is not None else "never"
        late = line((" ▲ late", ATTENTION)) if sync.late else ()
        made += _labelled(sync.sync.value, [line(told, late)], width, 18)
    raw = view.balances
    if raw is not None:
        made += [EMPTY, line(("Totals as the server counts them", STRONG))]
        totals = [
            ("on-chain", raw.total_onchain_sat),
            ("on-chain spendable", raw.spendable_onchain_sat),
            ("anchor reserve", raw.anchor_reserve_sat),
            ("lightning", raw.total_lightning_sat),
        ]
        rows = [
            (line((label, MUTED)), line(amount_sat(figure, unit)), line((unit.value, MUTED)))
            for label, figure in totals
        ]
        made += figures(rows, width)
        told = "HTLCs in flight are in neither total; an unconfirmed cooperative close can be in both."
        made += wrap(line((told, FAINT)), width)
    feed = view.feed
    made += [EMPTY, line(("Events", STRONG))]
    made += _labelled("live since", [line(moment(feed.live_since_unix))], width, 18)
    made += _labelled("read in full", [line(moment(feed.last_resync_unix))], width, 18)
    made += _labelled("seen", [line(f"{feed.events_seen:,}, of them {feed.unknown_events:,} unknown")], width, 18)
    for gap in feed.gaps[-5:]:
        end = moment(gap.end_unix) if gap.end_unix is not None else "still open"
        state = "state read again since" if gap.filled else "not read again yet"
        made += _labelled("gap", [line(f"{moment(gap.start_unix)} to {end}, {state}")], width, 18)
    return made


def recent_note(view: NodeView, now_unix: float) -> Line:
    """Since when the events below were seen, and that some may be missing: the server keeps none for who is away."""
    feed = view.feed
    known = [each for each in (feed.live_since_unix, view.recent[-1].seen_unix if view.recent else None) if each]
    if not known:
        return ()
    count = len(feed.gaps)
    gaps: Line = line((f", {count} {'gap' if count == 1 else 'gaps'}", ATTENTION)) if count else ()
    return line((f"seen here since {clock(min(known), now_unix)}", FAINT), gaps)


def uri_of(info: NodeInfo) -> SafeText:
    """What another node needs to connect: the first URI, or the id alone."""
    return info.uris[0] if info.uris else own(str(info.node_id))


def attention_report(each: AttentionLine, unit: Unit, now_unix: float, width: int) -> list[Line]:
    """A line of Needs attention, in full: nothing cut, and what can be done."""
    made = [*wrap(line(attention_sign(each), "  ", attention_text(each, unit, now_unix, 500)), width), EMPTY]
    fields: list[tuple[str, Line]] = []
    if each.alias:
        fields.append(("peer", quoted(each.alias)))
    if each.peer:
        fields.append(("node id", line(str(each.peer))))
    if each.channel_id:
        fields.append(("channel", line(str(each.channel_id))))
    if each.payment_hash:
        fields.append(("hash", line(str(each.payment_hash))))
    if each.capacity_msat:
        fields.append(("capacity", line(f"{whole(each.capacity_msat, unit)} {unit.value}")))
    if each.deadline_height is not None:
        left = f", {blocks(each.blocks_left)} left" if each.blocks_left is not None else ""
        fields.append(("block", line(f"{each.deadline_height:,}{left}")))
    if each.minutes:
        fields.append(("time", line(f"{minutes(each.minutes)}, as blocks come")))
    if each.sweep is not None and each.sweep.txid:
        fields.append(("txid", line(str(each.sweep.txid))))
    for label, value in fields:
        made += _labelled(label, [value], width)
    return [*made, EMPTY, *wrap(line((_ADVICE[each.kind], MUTED)), width)]


_ADVICE: Final = {
    AttentionKind.HELD: "The payer cannot take this back. It must be claimed or failed before the block; at the block "
    "the node gives it back by itself. A node that is off until the HTLC expires may lose the channel.",
    AttentionKind.HTLC: "If the peer does not settle it in time, the node closes the channel to save the money. It "
    "must be running then, and the peer should be online.",
    AttentionKind.PEER_DOWN: "The node tries to reconnect by itself. Money in these channels moves again when the peer "
    "is back; closing by force costs fees and takes time.",
    AttentionKind.SYNC_LATE: "Look at the server's log and at its source of blocks and fees. Until it syncs, the node "
    "does not see deadlines come.",
    AttentionKind.CLOCK: "Requests are accepted within 60 s of the server's clock. Set both clocks by NTP.",
    AttentionKind.SWEEP: "The node does this by itself. It must be running when the block comes.",
    AttentionKind.PHANTOM: "Two channels opened within one wallet sync can spend the same coins: both are answered OK, "
    "one never confirms. Look the funding transaction up before you count on this money.",
}


def plain_lines(rows: Sequence[Line]) -> list[str]:
    """For tests and for copying."""
    return [plain(row) for row in rows]
