"""Everything that is known of one channel, as lines: the report behind enter, and the few lines under the table.

Pure functions of a row and of what is seen besides it. What the server does not tell (a close or a splice under way) is
said to be untold; money that may not exist is called so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReasonKind, ClosureInitiator
from ldk_tui.core.ids import short
from ldk_tui.core.liquidity import SweepPart, SweepStage
from ldk_tui.core.model import (
    BalanceSource,
    Channel,
    ChannelConfig,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    DustFeeRateMultiplier,
    FixedDustLimit,
    MaybeTimeoutClaimableHtlc,
    PeerPolicy,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import mixed_scripts
from ldk_tui.node.query import ChannelStanding
from ldk_tui.node.views import ChannelRow, HtlcInFlight
from ldk_tui.ui.detail_lines import foreign_fields
from ldk_tui.ui.line import EMPTY, Line, fit, line, width_of, wrap
from ldk_tui.ui.render import NOTHING, amount, amount_sat, blocks, long_age, name, whole
from ldk_tui.ui.screens.channel_lines import SIGNS, balance_bar, closing_sat, confirmations, htlc_sum, nothing
from ldk_tui.ui.theme import ATTENTION, FAINT, FLIGHT, HEADER, MUTED, PLAIN, STRONG

STAGES: Final = {
    SweepStage.CLOSING: "the closing transaction has not confirmed",
    SweepStage.DELAYED: "ours at",
    SweepStage.CONTESTED: "an HTLC that either side may claim, we until",
    SweepStage.TIMEOUT: "an outgoing HTLC, ours again unless the peer claims it by",
    SweepStage.REVOKED: "the peer published an old state: all of this is ours to take",
    SweepStage.BROADCAST: "the sweep to our wallet waits to be sent or confirmed",
    SweepStage.CONFIRMING: "the sweep to our wallet is final at",
}
_SOURCES: Final = {
    BalanceSource.HOLDER_FORCE_CLOSED: "closed by force by us, ",
    BalanceSource.COUNTERPARTY_FORCE_CLOSED: "closed by force by the peer, ",
    BalanceSource.COOP_CLOSE: "closed in agreement, ",
    BalanceSource.HTLC: "from an HTLC, ",
    BalanceSource.UNKNOWN: "",
}
_EVENTS: Final = {
    ChannelState.PENDING: "opening",
    ChannelState.READY: "ready",
    ChannelState.OPEN_FAILED: "not opened",
    ChannelState.CLOSED: "closed",
    ChannelState.UNKNOWN: "an event that this version does not know",
}
_INITIATORS: Final = {
    ClosureInitiator.LOCAL: "by us",
    ClosureInitiator.REMOTE: "by the peer",
    ClosureInitiator.UNKNOWN: "by whom is not known to this version",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the lines depend on besides the row. `height` None: the node has not told it yet."""

    unit: Unit
    now_unix: float
    height: int | None

    def msat(self, amount_msat: Msat | None) -> str:
        """Exact, with its unit."""
        return NOTHING if amount_msat is None else f"{amount(amount_msat, self.unit)} {self.unit.value}"

    def sat(self, figure_sat: Sat | None) -> str:
        return NOTHING if figure_sat is None else f"{amount_sat(figure_sat, self.unit)} {self.unit.value}"


# --- the state in a sentence ---------------------------------------------------------------------------------------


def state_sentence(row: ChannelRow, seen: Seen) -> Line:
    """What the state means for this channel now."""
    sign, tone = SIGNS[row.standing]
    return line((f"{sign} {row.standing.value}", tone or STRONG), ("  ", PLAIN), _sentence(row, seen))


def _sentence(row: ChannelRow, seen: Seen) -> str:
    channel = row.channel
    if channel is None:
        if row.closing is not None and row.closing.state is ChannelState.OPEN_FAILED:
            return "The channel was not opened."
        return "Closed and listed no more; its money is on the way back."
    match row.standing:
        case ChannelStanding.OFFLINE:
            since = row.offline_since_unix
            away = f", seen so for {long_age(seen.now_unix - since)}" if since is not None else ""
            return f"The peer is away{away}: nothing moves until it is back."
        case ChannelStanding.PENDING:
            waited = _waited(row, seen)
            return f"The funding transaction has {confirmations(channel)} confirmations.{waited}"
        case ChannelStanding.PHANTOM:
            return f"The funding may not exist: {confirmations(channel)} confirmations.{_waited(row, seen)}"
        case ChannelStanding.SPLICING:
            return f"A splice: the new funding has {confirmations(channel)} confirmations. The channel stays usable."
        case ChannelStanding.CLOSING:
            return "The node said that it closed; the list has not been read since."
        case _:
            return "Ready, and the peer is connected."


def _waited(row: ChannelRow, seen: Seen) -> str:
    since = row.funding_since_height
    if since is None or seen.height is None or seen.height <= since:
        return ""
    return f" Seen unconfirmed here for {blocks(seen.height - since)}, since {since:,}."


PHANTOM_NOTE: Final = (
    "Two openings within one wallet sync can spend the same coins: both are answered OK and listed, the second funding "
    "transaction never exists. The server counts this money in its balances all the same. Look the funding "
    "transaction up before you count on it."
)


def _untold(row: ChannelRow) -> list[str]:
    """What this channel's entry cannot say (server facts 6.9)."""
    channel = row.channel
    if channel is None or row.standing not in (
        ChannelStanding.USABLE,
        ChannelStanding.OFFLINE,
        ChannelStanding.SPLICING,
    ):
        return []
    told = []
    if row.htlcs:
        told.append("The server does not say that a cooperative close with an HTLC in flight has begun.")
    told.append("Nor does it tell of a splice before the new funding locks." if told else _NO_SPLICE)
    return told


_NO_SPLICE: Final = "The server does not tell of a splice before the new funding locks."


# --- pieces of the report ------------------------------------------------------------------------------------------


def fields(rows: Sequence[tuple[str, Line]], width: int, label: int = 18) -> list[Line]:
    """Label and value; values begin in one column and are wrapped, never cut."""
    made: list[Line] = []
    for word, value in rows:
        for place, part in enumerate(wrap(value, max(8, width - label - 2)) or [EMPTY]):
            made.append(line(*fit(line((word if place == 0 else "", MUTED)), label), "  ", part))
    return made


def _table(rows: Sequence[Sequence[Line]], rights: Sequence[bool], gap: int = 2) -> list[Line]:
    """Cells in columns as wide as their widest; `rights` says which end in one column."""
    sizes = [max((width_of(row[place]) for row in rows), default=0) for place in range(len(rights))]
    made = []
    for row in rows:
        spans: Line = ()
        for place, cell in enumerate(row):
            spans = line(spans, " " * gap if place else "", tuple(fit(cell, sizes[place], right=rights[place])))
        made.append(spans)
    return made


def _heading(title: str, note: str = "") -> Line:
    return line((title, HEADER), (f"  {note}", FAINT) if note else "")


def _state(row: ChannelRow, seen: Seen, width: int) -> list[Line]:
    made = wrap(state_sentence(row, seen), width)
    if row.standing is ChannelStanding.PHANTOM:
        made += wrap(line(PHANTOM_NOTE), width)
    if row.channel is None and _twice(row):
        told = "After a cooperative close the server counts this money twice, here and on-chain, until it confirms."
        made += wrap(line((told, MUTED)), width)
    return made


def _twice(row: ChannelRow) -> bool:
    return not row.sweeps and any(isinstance(each, ClaimableOnChannelClose) for each in row.balances)


def _liquidity(row: ChannelRow, seen: Seen, width: int) -> list[Line]:
    channel = row.channel
    if channel is None:
        return []
    unit = seen.unit
    made = [_heading("Balance", seen.unit.value)]
    if row.bar is not None:
        made.append(balance_bar(row.bar, min(width, 76), in_full=True))

    def figure(label: str, ours: str, theirs: str) -> tuple[Line, Line, Line]:
        return line((label, MUTED)), line(ours), line(theirs)

    reserve = NOTHING if channel.our_reserve_sat is None else amount_sat(channel.our_reserve_sat, unit)
    out = [each for each in row.htlcs if each.outgoing]
    into = [each for each in row.htlcs if not each.outgoing]
    rows = [
        (EMPTY, line(("ours, out", HEADER)), line(("theirs, in", HEADER))),
        figure(
            "can move now", amount(channel.outbound_capacity_msat, unit), amount(channel.inbound_capacity_msat, unit)
        ),
        figure(
            "one HTLC, at least",
            amount(channel.next_outbound_htlc_minimum_msat, unit),
            amount(channel.inbound_htlc_minimum_msat, unit),
        ),
        figure(
            "one HTLC, at most",
            amount(channel.next_outbound_htlc_limit_msat, unit),
            amount(channel.inbound_htlc_maximum_msat, unit),
        ),
        figure("reserve", reserve, amount_sat(channel.their_reserve_sat, unit)),
        figure("in flight", amount_sat(htlc_sum(out), unit), amount_sat(htlc_sum(into), unit)),
    ]
    made += _table(rows, (False, True, True), 3)
    made.append(EMPTY)
    rest = [("capacity", line(seen.sat(channel.value_sat)))]
    if row.bar is not None and row.bar.other_msat:
        rest.append(("fees, anchors, rest", line(seen.msat(row.bar.other_msat))))
    for each in row.balances:
        if isinstance(each, ClaimableOnChannelClose):
            fee = f", fee {seen.sat(each.transaction_fee_sat)}" if channel.is_outbound else ""
            rest.append(("ours if closed now", line(f"{seen.sat(each.amount_sat)}{fee}")))
            rest += _rounded(each, seen)
    if channel.our_reserve_sat is None:
        rest.append(("our reserve", line(("not agreed with the peer yet", MUTED))))
    if not channel.their_reserve_sat:
        rest.append(("their reserve", line(("none: the peer may spend its side to the last satoshi", MUTED))))
    return [*made, *fields(rest, width, 20)]


def _rounded(entry: ClaimableOnChannelClose, seen: Seen) -> list[tuple[str, Line]]:
    """What GetBalances rounds down in an open channel, by kind; only those that are there."""
    parts = (
        ("own payments", entry.outbound_payment_htlc_rounded_msat),
        ("forwards out", entry.outbound_forwarded_htlc_rounded_msat),
        ("HTLCs being claimed", entry.inbound_claiming_htlc_rounded_msat),
        ("HTLCs in", entry.inbound_htlc_rounded_msat),
    )
    told = [f"{label} {seen.msat(figure)}" for label, figure in parts if figure]
    return [("rounded off it", line(", ".join(told)))] if told else []


def _policies(row: ChannelRow) -> list[Line]:
    channel = row.channel
    if channel is None:
        return []
    ours: ChannelConfig = channel.config or ChannelConfig()
    peer: PeerPolicy = channel.peer_policy

    def number(value: int | None) -> Line:
        return line(f"{value:,}") if value is not None else nothing()

    rows = [
        (EMPTY, line(("ours", HEADER)), line(("peer's", HEADER))),
        (line(("fee rate, ppm", MUTED)), number(ours.fee_ppm), number(peer.fee_ppm)),
        (line(("base fee, msat", MUTED)), number(ours.fee_base_msat), number(peer.fee_base_msat)),
        (line(("CLTV delta, blocks", MUTED)), number(ours.cltv_expiry_delta), number(peer.cltv_expiry_delta)),
        (line(("to avoid a close, sat", MUTED)), number(ours.force_close_avoidance_max_fee_sat), EMPTY),
        (line(("dust HTLCs, at most", MUTED)), _dust(ours), EMPTY),
        (line(("underpaying HTLCs", MUTED)), _underpaying(ours), EMPTY),
    ]
    made = [_heading("Policy", "what each side charges for forwarding"), *_table(rows, (False, True, True), 3)]
    if peer.fee_ppm is None and peer.fee_base_msat is None:
        made.append(line(("The peer has not told its policy yet.", MUTED)))
    return made


def _dust(config: ChannelConfig) -> Line:
    match config.max_dust_htlc_exposure:
        case FixedDustLimit(limit_msat):
            return line(f"{limit_msat:,} msat")
        case DustFeeRateMultiplier(multiplier):
            return line(f"{multiplier:,} × fee rate")
        case _:
            return nothing()


def _underpaying(config: ChannelConfig) -> Line:
    if config.accept_underpaying_htlcs is None:
        return nothing()
    return line("accepted" if config.accept_underpaying_htlcs else "refused")


def _htlc(each: HtlcInFlight, seen: Seen) -> Line:
    htlc = each.htlc
    arrow = "→ out" if each.outgoing else "← in "
    if isinstance(htlc, MaybeTimeoutClaimableHtlc):
        whose = "own payment" if htlc.outbound_payment else "forward"
    else:
        whose = "held hodl payment" if each.held else "hodl payment or forward"
    left = f" ({blocks(each.blocks_left)})" if each.blocks_left is not None else ""
    return line(
        (f"{arrow}  ", FLIGHT), seen.sat(htlc.amount_sat), (f"  {whose}, ", MUTED), f"expires {each.height:,}{left}"
    )


def _in_flight(row: ChannelRow, seen: Seen, width: int) -> list[Line]:
    if not row.htlcs:
        return []
    made = [_heading("HTLCs in flight", "those below about 354 sat are not told")]
    for each in sorted(row.htlcs, key=lambda each: each.height):
        made += wrap(_htlc(each, seen), width)
        made += fields([("  hash", line(str(each.htlc.payment_hash)))], width, 6)
    return made


def _funding(row: ChannelRow, width: int) -> list[Line]:
    channel = row.channel
    if channel is None:
        return []
    delay = channel.force_close_spend_delay
    connected = {True: "connected", False: "not connected", None: "not told"}[row.peer_connected]
    rows = [
        ("confirmations", line(confirmations(channel))),
        ("opened by", line("us" if channel.is_outbound else "the peer")),
        ("announced", line("yes" if channel.is_announced else "no, private")),
        ("ready, usable", line(f"{_yes(channel.is_ready)}, {_yes(channel.is_usable)}; peer {connected}")),
        ("commitment fee", line(f"{channel.feerate_sat_per_kw:,} sat/kw")),
        ("after our force-close", line(NOTHING if delay is None else f"our money waits {blocks(delay)}")),
    ]
    made = [_heading("Channel"), *fields(rows, width, 21)]
    return made + [part for told in _untold(row) for part in wrap(line((told, FAINT)), width)]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _coming_back(row: ChannelRow, seen: Seen, width: int) -> list[Line]:
    """Stages of a closed channel's money, nearest block first."""
    if not row.sweeps and not (row.channel is None and _twice(row)):
        return []
    made = [_heading("Money coming back")]
    for part in row.sweeps:
        made += wrap(_sweep(row, part, seen), width)
        if part.txid:
            made += fields([("  txid", line(str(part.txid)))], width, 6)
    if not row.sweeps:
        total = seen.sat(closing_sat(row))
        made += wrap(line(total, ("  the closing transaction has not confirmed", MUTED)), width)
    return made


def _sweep(row: ChannelRow, part: SweepPart, seen: Seen) -> Line:
    left = part.blocks_left(seen.height)
    until = f" block {part.height:,}" if part.height is not None else ""
    to_go = f", {blocks(left)} to go" if left is not None else ""
    source = next(
        (
            _SOURCES[each.source]
            for each in row.balances
            if isinstance(each, ClaimableAwaitingConfirmations)
            and part.stage is SweepStage.DELAYED
            and (each.amount_sat, each.confirmation_height) == (part.amount_sat, part.height)
        ),
        "",
    )
    return line(seen.sat(part.amount_sat), (f"  {source}{STAGES[part.stage]}", MUTED), f"{until}{to_go}")


def reason_words(kind: CloseReasonKind) -> str:
    """`counterparty force closed`."""
    return kind.name.lower().replace("_", " ")


def _last_event(row: ChannelRow, width: int) -> list[Line]:
    event = row.closing or row.last_event
    if event is None:
        return []
    rows: list[tuple[str, Line]] = [("last event", line(*_event_words(event)))]
    reason = event.reason
    if reason is not None:
        rows.append(("reason", line(reason_words(reason.kind))))
        rows += foreign_fields("peer said" if event.initiator is ClosureInitiator.REMOTE else "text", reason.message)
        rows += foreign_fields("detail", reason.detail)
        if reason.broadcasted_latest_txn is not None:
            told = "sent" if reason.broadcasted_latest_txn else "not sent"
            rows.append(("our commitment", line(told)))
        if reason.payment_hash:
            rows.append(("HTLC", line(str(reason.payment_hash))))
        if reason.peer_feerate_sat_per_kw is not None or reason.required_feerate_sat_per_kw is not None:
            peer, need = reason.peer_feerate_sat_per_kw, reason.required_feerate_sat_per_kw
            rows.append(("fee rate", line(f"the peer's {_rate(peer)}, needed {_rate(need)} sat/kw")))
    if event.funding_txo and (row.channel is None or str(row.channel.funding_txo) != str(event.funding_txo)):
        rows.append(("funding", line(str(event.funding_txo))))
    return [_heading("Seen here", "events since the program began"), *fields(rows, width, 14)]


def _event_words(event: ChannelStateChanged) -> Line:
    by = _INITIATORS.get(event.initiator, "") if event.state is ChannelState.CLOSED else ""
    return line(_EVENTS[event.state], f" {by}" if by else "")


def _rate(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def ids(row: ChannelRow) -> list[tuple[str, str]]:
    """What can be copied, whole. The peer first: that is asked for most."""
    made = [
        ("node id", str(row.counterparty)),
        ("channel id", str(row.channel_id)),
        ("user channel id", str(row.key.user_channel_id)),
    ]
    if row.channel is not None and row.channel.funding_txo is not None:
        made.append(("funding", str(row.channel.funding_txo)))
    made += [(f"sweep {place + 1}", str(part.txid)) for place, part in enumerate(row.sweeps) if part.txid]
    made += [(f"HTLC hash {place + 1}", str(each.htlc.payment_hash)) for place, each in enumerate(row.htlcs)]
    return [(label, value) for label, value in made if value]


def _identities(row: ChannelRow, width: int) -> list[Line]:
    """Labels short enough that an id stands on one line at 80 columns."""
    rows: list[tuple[str, Line]] = []
    alias = row.alias
    if alias:
        rows += foreign_fields("alias", alias)
        if mixed_scripts(alias):
            told = "mixes letters of different scripts: compare the node id"
            rows.append(("", line(("▲ ", ATTENTION), told)))
    else:
        rows.append(("alias", line(("none known: the graph has not told one", FAINT))))
    untold = line(("not known: it closed before the program began", FAINT))
    funding = row.channel.funding_txo if row.channel else None
    rows += [
        ("node id", line(str(row.counterparty)) if row.counterparty else untold),
        ("channel", line(str(row.channel_id))),
        ("user id", line(str(row.key.user_channel_id)) if row.key.user_channel_id else untold),
    ]
    if row.channel is not None:
        rows.append(("funding", line(str(funding)) if funding else line(("none yet", MUTED))))
    return [_heading("Identity", "y copies; user id: this node's own number of the channel"), *fields(rows, width, 8)]


# --- put together --------------------------------------------------------------------------------------------------

Section = list[Line]
_BESIDE: Final = 110
"""Cells from which the policies stand beside the balance, not below it."""


def report_lines(row: ChannelRow, seen: Seen, width: int) -> list[Line]:
    """Everything that is known of the channel; nothing is cut."""
    half = (width - 4) // 2
    left = _liquidity(row, seen, half)
    right = _joined([_policies(row), _funding(row, half)])
    if width >= _BESIDE and row.channel is not None and max(width_of(each) for each in (*left, *right)) <= half:
        figures = [_beside(left, right, half)]
    else:
        figures = [_liquidity(row, seen, width), _policies(row), _funding(row, width)]
    made = _joined(
        [
            _state(row, seen, width),
            _coming_back(row, seen, width),
            *figures[:1],
            _in_flight(row, seen, width),
            *figures[1:],
            _last_event(row, width),
            _identities(row, width),
        ]
    )
    return [part for each in made for part in (wrap(each, width) if width_of(each) > width else [each])]


def _joined(sections: Iterable[Section]) -> list[Line]:
    made: list[Line] = []
    for section in sections:
        if section:
            made += [EMPTY, *section] if made else section
    return made


def _beside(left: Sequence[Line], right: Sequence[Line], half: int) -> list[Line]:
    made = []
    for place in range(max(len(left), len(right))):
        one = left[place] if place < len(left) else EMPTY
        two = right[place] if place < len(right) else EMPTY
        made.append(line(tuple(fit(one, half)), "    ", two))
    return made


def summary_lines(row: ChannelRow, seen: Seen, width: int, height: int) -> list[Line]:
    """The channel under the cursor in `height` lines, most important first."""
    made = [line(tuple(fit(state_sentence(row, seen), width)))] if height < 8 else _state(row, seen, width)
    room = height - len(made)
    for lines in _summaries(row, seen, width):
        if room <= 0:
            break
        made += lines[:room]
        room -= len(lines)
    return made


def _summaries(row: ChannelRow, seen: Seen, width: int) -> Iterable[list[Line]]:
    """Most important first, each as short as it can be said."""
    channel = row.channel
    if channel is None:
        yield [tuple(fit(_sweep(row, part, seen), width)) for part in row.sweeps]
        yield [line(tuple(fit(line((f"{label}  ", MUTED), value), width))) for label, value in ids(row)[:3]]
        yield _last_event(row, width)[1:]
        return
    unit = seen.unit

    def pair(label: str, value: str) -> Line:
        return line((f"{label} ", MUTED), value)

    yield _flow(
        [
            line(pair("can send", whole(channel.outbound_capacity_msat, unit)), _at_most(channel, seen)),
            pair("can receive", whole(channel.inbound_capacity_msat, unit)),
        ],
        width,
    )
    yield [tuple(fit(_htlc(each, seen), width)) for each in sorted(row.htlcs, key=lambda each: each.height)[:4]]
    config, peer = channel.config or ChannelConfig(), channel.peer_policy
    yield _flow(
        [
            _charges("ours", config.fee_ppm, config.fee_base_msat, config.cltv_expiry_delta),
            _charges("peer's", peer.fee_ppm, peer.fee_base_msat, peer.cltv_expiry_delta),
        ],
        width,
    )
    reserve = amount_sat(channel.our_reserve_sat, unit)
    delay = channel.force_close_spend_delay
    opener = "us" if channel.is_outbound else "the peer"
    opened = f"{'announced' if channel.is_announced else 'private'}, opened by {opener}"
    yield _flow(
        [
            line(opened),
            pair("confirmations", confirmations(channel)),
            line(pair("reserve", reserve), (" · theirs ", MUTED), amount_sat(channel.their_reserve_sat, unit)),
            pair("to_self_delay", NOTHING if delay is None else f"{delay:,}"),
            pair("commitment", f"{channel.feerate_sat_per_kw:,} sat/kw"),
        ],
        width,
    )
    yield [line(tuple(fit(line((f"{label:<17}", MUTED), value), width))) for label, value in ids(row)[:4]]
    event = _last_event(row, width)
    yield event[1:]


def _at_most(channel: Channel, seen: Seen) -> Line:
    return line((f" (one HTLC ≤ {whole(channel.next_outbound_htlc_limit_msat, seen.unit)})", MUTED))


def _charges(label: str, fee_ppm: int | None, base_msat: int | None, delta: int | None) -> Line:
    if fee_ppm is None and base_msat is None:
        return line((f"{label} ", MUTED), ("not told yet", FAINT))
    rate = NOTHING if fee_ppm is None else f"{fee_ppm:,} ppm"
    base = NOTHING if base_msat is None else f"{base_msat:,} msat"
    cltv = NOTHING if delta is None else str(delta)
    return line((f"{label} ", MUTED), f"{rate} + {base}", (" CLTV ", MUTED), cltv)


def _flow(parts: Sequence[Line], width: int) -> list[Line]:
    """Parts beside each other with three spaces between, on as many lines as they need; none is broken."""
    rows: list[Line] = []
    for part in parts:
        if rows and width_of(rows[-1]) + 3 + width_of(part) <= width:
            rows[-1] = line(rows[-1], "   ", part)
        else:
            rows.append(tuple(fit(part, width)) if width_of(part) > width else part)
    return rows


def pane_title(row: ChannelRow) -> tuple[str, Line]:
    """Our words for the title; the peer's at the end of the line."""
    if not row.counterparty:
        return f"Channel {short(row.channel_id)}", line(("peer not told", FAINT))
    return f"Channel {short(row.channel_id)}", line(name(row.alias, row.counterparty))
