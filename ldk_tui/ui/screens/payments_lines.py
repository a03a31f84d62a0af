"""What the Payments screen says: cells of its table, lines of its detail. Pure functions of values, unit and clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from ldk_tui.core.amounts import Msat, Unit, format_msat, ppm
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Bolt12RefundKind,
    Direction,
    OnchainKind,
    PaymentStatus,
    UnknownKind,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText, clean, right_to_left
from ldk_tui.node.query import PaymentQuery, PaymentSort, Shown
from ldk_tui.node.views import (
    HodlRow,
    LoadProgress,
    PaymentDetails,
    PaymentRow,
    PaymentSums,
    PaymentsView,
    Revealed,
    SecretKind,
    Withheld,
)
from ldk_tui.ui.detail_lines import Field, event_lines, field_lines, foreign_fields, headed, htlc_lines, sentences
from ldk_tui.ui.line import EMPTY, Line, cells, line, width_of
from ldk_tui.ui.render import (
    NOTHING,
    age,
    amount,
    amount_with_unit,
    blocks,
    clock,
    local,
    minutes,
    moment,
    problem,
    quoted,
)
from ldk_tui.ui.theme import ATTENTION, DANGER, FAINT, INBOUND, KEY, MUTED, OK, OUTBOUND, STRONG, UNKNOWN, Tone

SIGNS: Final[dict[Shown, tuple[str, Tone]]] = {
    Shown.HELD: ("▲", ATTENTION),
    Shown.IN_FLIGHT: ("…", ATTENTION),
    Shown.CONFIRMING: ("◔", ATTENTION),
    Shown.WAITING: ("·", MUTED),
    Shown.SUCCEEDED: ("✓", OK),
    Shown.FAILED: ("×", DANGER),
    Shown.LAPSED: ("↺", MUTED),
    Shown.UNKNOWN: ("?", UNKNOWN),
}
_WORD_TONES: Final[dict[Shown, Tone]] = {
    Shown.HELD: ATTENTION,
    Shown.IN_FLIGHT: ATTENTION,
    Shown.CONFIRMING: ATTENTION,
    Shown.UNKNOWN: UNKNOWN,
}
_ARROWS: Final[dict[Direction, tuple[str, Tone]]] = {
    Direction.INBOUND: ("←", INBOUND),
    Direction.OUTBOUND: ("→", OUTBOUND),
    Direction.UNKNOWN: ("?", UNKNOWN),
}
_WAYS: Final = {Direction.INBOUND: "incoming", Direction.OUTBOUND: "outgoing", Direction.UNKNOWN: "direction unknown"}
UNMOVED: Final = frozenset({Shown.FAILED, Shown.LAPSED, Shown.WAITING})
"""States in which no money changed hands."""

FINAL_DEPTH: Final = 6
"""Confirmations after which the node calls an on-chain payment settled (server facts 6.4)."""
FAST_SUMS: Final = 5_000

SORT_WORDS: Final = {
    (PaymentSort.UPDATED, False): "newest first",
    (PaymentSort.UPDATED, True): "oldest first",
    (PaymentSort.AMOUNT, False): "largest amount first",
    (PaymentSort.AMOUNT, True): "smallest amount first",
    (PaymentSort.FEE, False): "largest fee first",
    (PaymentSort.FEE, True): "smallest fee first",
}

# --- cells ---------------------------------------------------------------------------------------------------------


def when_cell(row: PaymentRow, now_unix: float, width: int) -> Line:
    """`12:41` today, `Aug 20` this year, else the month: the detail has the second."""
    text = clock(row.updated_unix, now_unix)
    if cells(text) > width:
        moment_of = local(row.updated_unix)
        text = f"{moment_of:%m/%Y}" if moment_of is not None else NOTHING
    return line((text, MUTED))


def arrow_cell(row: PaymentRow) -> Line:
    return line(_ARROWS[row.direction])


def status_cell(row: PaymentRow) -> Line:
    sign, tone = SIGNS[row.shown]
    return line((sign, tone), " ", (row.shown.value, _WORD_TONES.get(row.shown, MUTED)))


def figure_cell(amount_msat: Msat | None, unit: Unit, width: int) -> Line:
    """An amount with its decimal point in the place where the others have theirs; what is below a satoshi is faint.

    Too large for that, it loses the part below a satoshi; it is never cut in its digits.
    """
    if amount_msat is None:
        return line((NOTHING, FAINT), " " * _tail(unit))
    text = format_msat(amount_msat, unit)
    if unit is Unit.MSAT:
        return line(text)
    rest = int(amount_msat) % 1000 != 0
    tail = _tail(unit)
    body, fraction = (text[:-tail], text[-tail:]) if rest else (text, " " * tail)
    if cells(body) + tail > width:
        return line(body)
    return line(body, (fraction, FAINT))


def _tail(unit: Unit) -> int:
    """Cells that the part below a satoshi takes."""
    return {Unit.SAT: 4, Unit.MSAT: 0, Unit.BTC: 3}[unit]


def ppm_cell(row: PaymentRow) -> Line:
    share = row.fee_ppm
    return line((NOTHING if share is None else f"{share:,}", MUTED if share is not None else FAINT))


def confirmations(kind: OnchainKind, height: int | None) -> int | None:
    """0 = unconfirmed; None = not known."""
    if kind.confirmed is None:
        return 0
    return None if height is None else max(1, height - kind.confirmed.height + 1)


def remark(row: PaymentRow, unit: Unit, height: int | None, width: int) -> Line:
    """What else is worth knowing, our own words first; the payer's note in quotes behind them."""
    said: list[tuple[str, str]] = []  # in full, and without the figure: a figure is not cut
    kind = row.payment.kind
    if isinstance(kind, OnchainKind):
        depth = confirmations(kind, height)
        if depth is not None and depth < FINAL_DEPTH:
            said.append((f"{depth}/{FINAL_DEPTH} conf", f"{depth}/{FINAL_DEPTH}"))
        elif kind.confirmed is not None:
            said.append((f"block {kind.confirmed.height:,}", "confirmed"))
    if isinstance(kind, Bolt11Kind) and kind.skimmed_fee_msat:
        said.append((f"LSP kept {amount(kind.skimmed_fee_msat, unit)}", "LSP fee"))
    if (quantity := row.quantity) is not None and quantity > 1:
        said.append((f"{quantity:,} ×", "several"))
    words = " · ".join(full for full, _ in said)
    if cells(words) > width:
        words = " · ".join(brief for _, brief in said)
    own_words = line((words, MUTED)) if said else ()
    room = width - width_of(own_words) - (2 if said else 0)
    note = one_line(row.note)
    if not note or room < 4:
        return own_words
    theirs = quoted(note, width=room)
    if right_to_left(note):  # it would turn round what stands beside it, in some terminals
        theirs = line(("note right to left" if room >= 18 else "“…”", FAINT))
    return line(own_words, "  " if said else "", theirs)


def one_line(note: SafeText | None) -> SafeText | None:
    """A note of several lines on one."""
    return clean(note, "label") if note else None


# --- lines about the list ------------------------------------------------------------------------------------------


def progress_line(progress: LoadProgress, total: int, more_key: str) -> Line:
    """How much of the history is here, and whether more comes."""
    loaded = f"{progress.rows:,} loaded"
    if progress.error is not None:
        return line(("▲ ", ATTENTION), (f"{loaded} · stopped, ", MUTED), (more_key, KEY), (" goes on", MUTED))
    if progress.complete:
        return line((f"{total:,} in all", MUTED))
    if progress.loading or progress.pages == 0:
        return line((f"{loaded} · older pages follow" if progress.pages else "reading the first page", MUTED))
    return line((f"{loaded} · older ones unread, ", MUTED), (more_key, KEY), (" reads on", MUTED))


def heading_note(view: PaymentsView, query: PaymentQuery, width: int, more_key: str, unpaid_key: str) -> Line:
    """At the right of the heading; the least important goes first where there is little room."""
    parts = [progress_line(view.progress, view.total, more_key)]
    if view.hidden_unpaid:
        hidden = line((f"{view.hidden_unpaid:,} unpaid hidden, ", MUTED), (unpaid_key, KEY), (" shows", MUTED))
        parts.append(hidden)
    elif query.unpaid:
        parts.append(line(("with unpaid invoices", MUTED)))
    parts.append(line((SORT_WORDS[query.sort, query.reverse], MUTED)))
    made: Line = ()
    for part in parts:
        if width_of(made) + 3 + width_of(part) <= width:
            made = line(made, (" · ", FAINT) if made else "", part)
    return made


def sums_line(sums: PaymentSums | None, unit: Unit, width: int, *, filtered: bool) -> Line:
    """Of the settled rows in sight; in fewer words where there is little room."""
    if sums is None:
        return line(("adding up …", FAINT))
    parts = (("in", sums.in_msat), ("out", sums.out_msat), ("fees", sums.fees_msat))
    made: Line = ()
    for what, gap in (("settled, by this filter" if filtered else "settled", 3), ("settled", 2), ("", 1)):
        figures = line(*(line((f"{' ' * gap}{label} ", MUTED), amount(figure, unit)) for label, figure in parts))
        made = line((what, FAINT), figures, (f"{' ' * gap}{unit.value}", FAINT))
        if width_of(made) <= width:
            break
    return made


def matches_line(view: PaymentsView) -> Line:
    """How many rows pass the filter."""
    count = len(view.rows)
    so_far = "" if view.progress.complete else " so far"
    matches = f"{count:,} of {view.total:,} match{so_far} "
    return line((matches, MUTED if count else ATTENTION))


def empty_lines(view: PaymentsView, *, filtered: bool, more_key: str, unpaid_key: str) -> list[Line]:
    """Why there is nothing in the list, and what makes something appear."""
    if filtered:
        made = [line("No payment fits these words."), line(("esc", KEY), (" takes the filter away.", MUTED))]
        if not view.progress.complete:
            made.append(line(("Older payments are not all read yet: a match may still come.", MUTED)))
        return made
    if view.progress.error is not None and not view.total:
        return [
            line(("▲ ", ATTENTION), "The list of payments could not be read."),
            problem(view.progress.error),
            line((more_key, KEY), (" tries again.", MUTED)),
        ]
    if view.hidden_unpaid:
        count = f"{view.hidden_unpaid:,} invoice{'s' if view.hidden_unpaid > 1 else ''}"
        return [
            line("No payment yet."),
            line((f"{count} that nobody has paid: ", MUTED), (unpaid_key, KEY), (" shows them.", MUTED)),
        ]
    return [
        line("No payment yet."),
        line(("Payments appear here by themselves, as this node sends or receives them.", MUTED)),
        line(
            (
                "This version does not send or make invoices; ldk-server-cli does: bolt11-receive, bolt11-send, pay.",
                FAINT,
            )
        ),
    ]


# --- the detail ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that the detail of a payment shows. `revealed`: secrets that a person asked for, or why not.

    `details` None: not read yet; `trouble` says why it cannot be read. `keys`: the signs of the keys named in it.
    """

    row: PaymentRow
    details: PaymentDetails | None
    trouble: Line
    revealed: Mapping[SecretKind, Revealed]
    height: int | None
    unit: Unit
    now_unix: float
    keys: Mapping[SecretKind, str] = field(default_factory=dict)


def title(row: PaymentRow) -> str:
    return f"{_ARROWS[row.direction][0]} {row.kind.value}, {_WAYS[row.direction]}"


def read_note(look: Look) -> Line:
    """Whether this is fresh from the node."""
    if look.trouble:
        return line(("▲ not read afresh", ATTENTION))
    if look.details is None:
        return line(("reading …", MUTED))
    if not look.details.found:
        return line(("not in the node's records", ATTENTION))
    return line((f"read {clock(look.details.read_unix, look.now_unix)}", FAINT))


def detail_lines(look: Look, width: int) -> list[Line]:
    """All that is known of a payment; ids are whole."""
    row, unit = look.row, look.unit
    made = [line(status_cell(row), "   ", (amount_with_unit(row.amount_msat, unit), STRONG))]
    made += sentences([line((text, MUTED)) for text in _meaning(row)], width)
    if look.trouble:
        made += sentences([line(("▲ ", ATTENTION), look.trouble)], width)
    made.append(EMPTY)
    made += field_lines(_money(row, unit), width)
    made += field_lines(_record(look), width)
    made += field_lines(_secrets(look), width)
    details = look.details
    if details is not None and details.hodl is not None:
        made += headed("Hodl", field_lines(_hodl(details.hodl, unit), width))
    if details is not None:
        made += headed("In flight", htlc_lines(details.htlcs, unit, width))
        made += headed("Events seen here", event_lines(details.related, unit, look.now_unix, width))
    return made


def _meaning(row: PaymentRow) -> list[str]:
    """The state in plain sentences."""
    shown, kind, outgoing = row.shown, row.payment.kind, row.direction is Direction.OUTBOUND
    if isinstance(kind, UnknownKind):
        return ["A kind of payment that this version of the server's interface does not describe."]
    if shown is Shown.CONFIRMING:
        return [f"In the chain or on its way there; final with {FINAL_DEPTH} confirmations."]
    if shown is Shown.IN_FLIGHT:
        return ["On its way. It can still succeed: do not pay the same again until it has failed."]
    if shown is Shown.WAITING:
        return ["An invoice of this node that nobody has paid. The node keeps it so when it has expired, too."]
    if shown is Shown.HELD:
        return ["It has arrived and is held: claim or fail it before its deadline, see the Hodl screen."]
    if shown is Shown.LAPSED:
        return ["Its deadline passed and the node gave it back to the payer; the node's record stays pending."]
    if shown is Shown.FAILED and row.is_hodl:
        return ["Given back to the payer. The same invoice can be paid again."]
    if shown is Shown.FAILED:
        return ["It failed and nothing was paid. The node keeps no reason." if outgoing else "It failed."]
    if shown is Shown.UNKNOWN:
        return ["What the node says does not decide what became of it. Do not take it for failed."]
    return []


def _money(row: PaymentRow, unit: Unit) -> list[Field]:
    payment, kind = row.payment, row.payment.kind
    none = "any amount" if row.shown is Shown.WAITING else "not known"
    fields: list[Field] = [
        ("amount", line(none if row.amount_msat is None else amount_with_unit(row.amount_msat, unit)))
    ]
    quantity = row.quantity
    if quantity is not None and row.amount_msat != payment.amount_msat:
        told = f"{quantity:,} × {amount_with_unit(payment.amount_msat, unit)}: the node records the price of one item"
        fields.append(("", line((told, MUTED))))
    elif quantity is not None:
        fields.append(("quantity", line(f"{quantity:,}")))
    if row.fee_msat is not None:
        share = f"  {row.fee_ppm:,} ppm of the amount" if row.fee_ppm is not None else ""
        fields.append(("fee", line(amount_with_unit(row.fee_msat, unit), (share, MUTED))))
    elif payment.fee_paid_msat:
        told = f"not ours: the record carries {amount_with_unit(payment.fee_paid_msat, unit)}, the sender's"
        fields.append(("fee", line((told, MUTED))))
    elif row.direction is Direction.OUTBOUND:
        fields.append(("fee", line(("not known before it has settled", MUTED) if row.shown not in UNMOVED else "none")))
    if isinstance(kind, Bolt11Kind):
        fields += _lsp(kind, row.amount_msat, unit)
    return fields


def _lsp(kind: Bolt11Kind, amount_msat: Msat | None, unit: Unit) -> list[Field]:
    fields: list[Field] = []
    if kind.skimmed_fee_msat is not None:
        share = ppm(kind.skimmed_fee_msat, Msat((amount_msat or 0) + kind.skimmed_fee_msat))
        told = f"  {share:,} ppm of what was sent" if share is not None else ""
        fields.append(("LSP kept", line(amount_with_unit(kind.skimmed_fee_msat, unit), (told, MUTED))))
    limits = kind.lsp_fee_limits
    if limits is not None:
        most = amount_with_unit(limits.max_total_opening_fee_msat, unit)
        share = limits.max_proportional_opening_fee_ppm_msat
        rate = f", {share:,} millionths of an msat per msat" if share is not None else ""
        fields.append(("LSP limit", line(f"{most} in all{rate}")))
    return fields


_SAID: Final = {
    PaymentStatus.PENDING: "pending",
    PaymentStatus.SUCCEEDED: "succeeded",
    PaymentStatus.FAILED: "failed",
    PaymentStatus.UNKNOWN: "a status that this version does not know",
}


def _record(look: Look) -> list[Field]:
    """The fields of the API, whole."""
    row, payment, kind = look.row, look.row.payment, look.row.payment.kind
    ago = f"  {age(look.now_unix - payment.updated_unix)} ago" if payment.updated_unix <= look.now_unix else ""
    fields: list[Field] = [
        ("updated", line(moment(payment.updated_unix), (ago, MUTED))),
        ("record", line(_SAID[payment.status], ("  as the node says it", MUTED))),
        ("id", line(str(payment.id))),
    ]
    payment_hash = payment.payment_hash
    if payment_hash is not None:
        same = str(payment_hash) == str(payment.id)
        fields.append(("hash", line(("the same", MUTED)) if same else line(str(payment_hash))))
    if isinstance(kind, Bolt12OfferKind):
        fields.append(("offer", line(str(kind.offer_id))))
    if isinstance(kind, OnchainKind):
        fields.append(("txid", line(str(kind.txid))))
        fields += _chain(kind, look.height)
    if isinstance(kind, Bolt12OfferKind | Bolt12RefundKind):
        fields += foreign_fields("note", row.note)
    return fields


def _chain(kind: OnchainKind, height: int | None) -> list[Field]:
    confirmed = kind.confirmed
    if confirmed is None:
        return [("block", line(("unconfirmed", ATTENTION)))]
    depth = confirmations(kind, height)
    deep = "" if depth is None else f"  {depth:,} confirmation{'' if depth == 1 else 's'}"
    return [
        ("block", line(f"{confirmed.height:,}", (deep, MUTED), (f"  {moment(confirmed.timestamp_unix)}", MUTED))),
        ("", line(str(confirmed.block_hash))),
    ]


_SECRET_LABELS: Final = {SecretKind.PREIMAGE: "preimage", SecretKind.PAYMENT_SECRET: "secret"}


def secret_kinds(row: PaymentRow) -> Sequence[SecretKind]:
    """The secrets that a payment of this kind can have."""
    kind = row.payment.kind
    if isinstance(kind, OnchainKind | UnknownKind):
        return ()
    if isinstance(kind, Bolt11Kind | Bolt12OfferKind | Bolt12RefundKind):
        return (SecretKind.PREIMAGE, SecretKind.PAYMENT_SECRET)
    return (SecretKind.PREIMAGE,)


def _secrets(look: Look) -> list[Field]:
    """Hidden until asked for, one by one."""
    fields: list[Field] = []
    for kind in secret_kinds(look.row):
        told = look.revealed.get(kind)
        key = look.keys.get(kind, "")
        if isinstance(told, Withheld):
            value = line(("not shown: ", ATTENTION), told.reason)
        elif told is not None:
            value = line((told.reveal(), STRONG))
        elif kind is SecretKind.PREIMAGE and not look.row.has_preimage:
            value = line(("not in the node's record", MUTED))
        else:
            value = line(("hidden, ", MUTED), (key, KEY), (f" shows the {kind.value}", MUTED))
        fields.append((_SECRET_LABELS[kind], value))
    return fields


def _hodl(row: HodlRow, unit: Unit) -> list[Field]:
    fields: list[Field] = [("state", line(row.state.value))]
    if row.held_msat is not None:
        fields.append(("held", line(amount_with_unit(row.held_msat, unit))))
    if row.deadline_height is not None:
        left = f", {blocks(row.blocks_left)} left, ≈ {minutes(row.minutes)}" if row.blocks_left is not None else ""
        guess = " (a guess: no source told it)" if row.deadline_is_guess else ""
        fields.append(("claim", line(f"before block {row.deadline_height:,}{left}{guess}")))
    return fields
