"""What the Hodl screen says: cells of its table, and in plain sentences what each state means."""

from __future__ import annotations

from typing import Final

from ldk_tui.core.amounts import Unit, format_sat
from ldk_tui.core.hodl import FAIL_BACK_BLOCKS, SMALLEST_SHOWN_MSAT, HodlState, Urgency
from ldk_tui.core.model import PaymentStatus
from ldk_tui.core.text import SafeText
from ldk_tui.node.views import EventLine, HodlRow, HodlView
from ldk_tui.ui.detail_lines import Field, event_lines, field_lines, foreign_fields, headed, sentences
from ldk_tui.ui.line import EMPTY, Line, line
from ldk_tui.ui.render import NOTHING, age, amount_with_unit, blocks, clock, minutes, moment, name, whole
from ldk_tui.ui.theme import ATTENTION, DANGER, FAINT, MUTED, OK, STRONG, UNKNOWN, Tone

URGENCY: Final[dict[Urgency, tuple[str, str, Tone]]] = {
    Urgency.CALM: ("●", "held", ""),
    Urgency.NOTE: ("!", "held, note", ATTENTION),
    Urgency.WARNING: ("▲", "held, soon", ATTENTION),
    Urgency.ALARM: ("▲", "held, alarm", DANGER),
    Urgency.NOW: ("▲", "ACT NOW", DANGER),
    Urgency.OVER: ("▲", "DEADLINE", DANGER),
}
"""Sign, word and tone of a held payment, by how near its deadline is."""
DECIDED: Final[dict[HodlState, tuple[str, str, Tone]]] = {
    HodlState.WAITING: ("·", "waiting", MUTED),
    HodlState.CLAIMED: ("✓", "claimed", OK),
    HodlState.FAILED: ("×", "failed", MUTED),
    HodlState.LAPSED: ("↺", "lapsed", MUTED),
    HodlState.UNKNOWN: ("?", "unknown", UNKNOWN),
}
_ENDS: Final = {
    HodlState.WAITING: "not paid",
    HodlState.CLAIMED: "settled",
    HodlState.FAILED: "given back",
    HodlState.LAPSED: "given back by itself",
    HodlState.UNKNOWN: "undecided",
}
_STEPS: Final = {
    Urgency.CALM: "more than 12 blocks left",
    Urgency.NOTE: "12 blocks or less",
    Urgency.WARNING: "6 blocks or less",
    Urgency.ALARM: "3 blocks or less",
    Urgency.NOW: "the last block",
    Urgency.OVER: "claiming may be impossible",
}

# --- cells ---------------------------------------------------------------------------------------------------------


def sign_of(row: HodlRow) -> tuple[str, str, Tone]:
    return URGENCY[row.urgency] if row.state is HodlState.HELD else DECIDED[row.state]


def state_cell(row: HodlRow) -> Line:
    sign, word, tone = sign_of(row)
    return line((f"{sign} {word}", tone))


def left_cell(row: HodlRow) -> Line:
    """`3 blocks ≈ 8–63 min`: blocks first; what became of it once it is over."""
    if row.state is not HodlState.HELD:
        return line((_ENDS[row.state], FAINT))
    if row.blocks_left is None:
        return line(("not known", ATTENTION))
    count = f"{blocks(row.blocks_left):>10}"
    return line((count, sign_of(row)[2]), (f" ≈ {minutes(row.minutes)}", MUTED) if row.blocks_left else "")


def amount_cell(row: HodlRow, unit: Unit) -> Line:
    """What is held (in whole satoshi), else what was asked for."""
    if row.held_msat is not None:
        return line(whole(row.held_msat, unit))
    return line((whole(row.asked_msat, unit), MUTED))


def asked_cell(row: HodlRow, unit: Unit) -> Line:
    return line((whole(row.asked_msat, unit), MUTED))


def deadline_cell(row: HodlRow) -> Line:
    """The height, with a `?` where it is a guess."""
    if row.deadline_height is None:
        return line((NOTHING, FAINT))
    tone = "" if row.state is HodlState.HELD else FAINT
    return line((f"{row.deadline_height:,}", tone), ("?" if row.deadline_is_guess else " ", ATTENTION))


def when_cell(row: HodlRow, now_unix: float) -> Line:
    """By the node's record; when this program first saw it, where there is none."""
    unix = row.updated_unix if row.updated_unix is not None else row.first_seen_unix
    return line((clock(unix, now_unix), MUTED))


def peer_cell(row: HodlRow, width: int) -> Line:
    """Whom it came through; other people's words."""
    peers = list(dict.fromkeys(part.counterparty for part in row.parts))
    if not peers:
        return line((NOTHING, FAINT))
    more = f" +{len(peers) - 1}" if len(peers) > 1 else ""
    return line(name(_first(row.aliases), peers[0], width=width - len(more)), (more, MUTED))


def _first(aliases: tuple[SafeText, ...]) -> SafeText | None:
    return aliases[0] if aliases else None


# --- lines about the list ------------------------------------------------------------------------------------------


def heading_note(view: HodlView, unit: Unit) -> Line:
    """`2 held, 260,000 sat · nearest deadline 3 blocks`."""
    if not view.loaded and not view.rows:
        return ()
    if not view.held:
        return line(("nothing held", MUTED))
    made = line((f"{view.held} held", STRONG), (f", {whole(view.held_msat, unit)} {unit.value}", MUTED))
    if view.nearest_blocks is not None:
        made = line(made, (f" · nearest deadline {blocks(view.nearest_blocks)}", MUTED))
    return made


EMPTY_LINES: Final[tuple[Line, ...]] = (
    line("No hodl payment yet."),
    line(
        (
            "When someone pays a hodl invoice of this node, it is held here until it is claimed or failed, with the "
            "blocks that are left for that.",
            MUTED,
        )
    ),
    line(
        (
            "This version does not make hodl invoices; ldk-server-cli bolt11-receive-for-hash does. A waiting one is "
            "not listed before it is paid: the node tells nobody which of its invoices are hodl ones.",
            FAINT,
        )
    ),
)


# --- the detail ----------------------------------------------------------------------------------------------------


def title(row: HodlRow, unit: Unit) -> str:
    sign, word, _ = sign_of(row)
    figure = row.held_msat if row.held_msat is not None else row.asked_msat
    return f"{sign} {word}" if figure is None else f"{sign} {word}, {whole(figure, unit)} {unit.value}"


def detail_lines(
    row: HodlRow, height: int | None, events: tuple[EventLine, ...], unit: Unit, now_unix: float, width: int
) -> list[Line]:
    """What the state means first, then everything that is known; ids are whole."""
    made = sentences(meaning(row, height), width)
    made.append(EMPTY)
    made += field_lines(_fields(row, height, unit, now_unix), width)
    made += headed("Parts held" if row.state is HodlState.HELD else "Parts it had", _parts(row, unit, width))
    made += headed("Events seen here", event_lines(events, unit, now_unix, width))
    if row.state is HodlState.HELD:
        said = (
            "This version shows hodl payments and does not claim or fail them: until it does, decide with "
            "ldk-server-cli bolt11-claim-for-hash or bolt11-fail-for-hash."
        )
        made += [EMPTY, *sentences([line((said, FAINT))], width)]
    return made


def meaning(row: HodlRow, height: int | None) -> list[Line]:
    """The state in plain sentences; nothing that the evidence does not carry."""
    if row.state is HodlState.HELD:
        return _held(row, height)
    payment = row.payment.payment if row.payment else None
    if row.state is HodlState.CLAIMED:
        flipped = payment is not None and payment.status is PaymentStatus.FAILED
        return [
            line(("✓ ", OK), "Claimed: the money is ours, and it stays settled."),
            line(("The node's record says failed now, because the invoice was paid or failed again later.", MUTED))
            if flipped
            else line(("Should the node's record ever say failed, somebody paid the invoice a second time.", MUTED)),
        ]
    if row.state is HodlState.WAITING:
        return [line("An invoice of ours that nobody has paid. Nothing is held and nothing is due.")]
    if row.state is HodlState.FAILED:
        return [
            line("Failed: the payer has the money again."),
            line(("The same invoice can be paid once more; then it is held here again.", MUTED)),
        ]
    if row.state is HodlState.LAPSED:
        return [
            line("Lapsed: nobody decided before the deadline, and the node gave it back to the payer without a word."),
            line(("The node's own record stays pending for ever. The same invoice can be paid again.", MUTED)),
        ]
    return [
        line(
            ("? ", UNKNOWN), "Undecided: it was seen once, and what the node says now does not tell what became of it."
        ),
        line(
            ("Below 354 sat the balances show nothing: it may still be held, or have been given back.", MUTED)
            if _is_small(row)
            else ("It is not among the HTLCs in the balances; it may have been given back.", MUTED)
        ),
    ]


def _is_small(row: HodlRow) -> bool:
    """Too small for the balances ever to show it."""
    return row.asked_msat is not None and row.asked_msat < SMALLEST_SHOWN_MSAT


def _held(row: HodlRow, height: int | None) -> list[Line]:
    made: list[Line] = []
    deadline = row.deadline_height
    if row.urgency is Urgency.OVER:
        made.append(line(("▲ ", DANGER), "The deadline is reached: claiming may already be impossible."))
    if deadline is None:
        made.append(line("The payer cannot take it back. Until when it can be claimed is not known: decide soon."))
    else:
        made.append(
            line(
                "The payer cannot take it back. Claim or fail it before block ",
                (f"{deadline:,}", STRONG),
                "; at that block the node gives it back without a word.",
            )
        )
    if row.deadline_is_guess and deadline is not None:
        told = (
            "That block is a guess: no source told the deadline. Three blocks from first sight is the least there is."
        )
        made.append(line(("▲ ", ATTENTION), told))
    behind = _behind(row, height)
    if behind:
        told = f"The node has not synced for a while: {blocks(behind)} that it may have missed are taken off."
        made.append(line(("▲ ", ATTENTION), told))
    if row.expiry_height is not None:
        told = (
            f"A node that is off until block {row.expiry_height:,}, when the HTLC expires, may find the peer closing "
            "the channel by force."
        )
        made.append(line((told, MUTED)))
    if row.held_msat is None:
        told = (
            "HTLCs below 354 sat never appear in the balances: that this one is held is known from its event alone."
            if _is_small(row)
            else "The node announced it; the balances do not show it yet."
        )
        made.append(line((told, MUTED)))
    return made


def _behind(row: HodlRow, height: int | None) -> int:
    """Blocks taken off because the node's height is old."""
    if row.deadline_height is None or row.blocks_left is None or height is None:
        return 0
    return max(0, row.deadline_height - height - row.blocks_left) if row.deadline_height > height else 0


def _fields(row: HodlRow, height: int | None, unit: Unit, now_unix: float) -> list[Field]:
    fields: list[Field] = []
    if row.blocks_left is not None:
        span = f" ≈ {minutes(row.minutes)}, as blocks come" if row.blocks_left else ""
        step = _STEPS[row.urgency]
        fields.append(("left", line((blocks(row.blocks_left), sign_of(row)[2]), span, (f"  {step}", MUTED))))
    if row.deadline_height is not None:
        guess = ", a guess" if row.deadline_is_guess else ""
        now = f"  now {height:,}" if height is not None else ""
        fields.append(("deadline", line(f"block {row.deadline_height:,}{guess}", (now, MUTED))))
    if row.expiry_height is not None:
        told = f"  {FAIL_BACK_BLOCKS} blocks after the deadline"
        exact = row.deadline_height is not None and row.expiry_height - FAIL_BACK_BLOCKS == row.deadline_height
        fields.append(("expiry", line(f"block {row.expiry_height:,}", (told if exact else "", MUTED))))
    if row.held_msat is not None:
        fields.append(("held", line(amount_with_unit(row.held_msat, unit), _against(row))))
    asked = amount_with_unit(row.asked_msat, unit) if row.asked_msat is not None else "any amount, or not told"
    fields.append(("asked", line(asked)))
    fields.append(("hash", line(str(row.payment_hash))))
    if row.payment is not None and str(row.payment.id) != str(row.payment_hash):
        fields.append(("id", line(str(row.payment.id))))
    if row.times_seen > 1:
        fields.append(("announced", line(f"{row.times_seen} times: it was paid again")))
    if row.first_seen_unix is not None:
        height_then = f", at block {row.first_seen_height:,}" if row.first_seen_height is not None else ""
        fields.append(("seen", line(f"{moment(row.first_seen_unix)}{height_then}", ("  by this program", MUTED))))
    if row.updated_unix is not None:
        ago = f"  {age(now_unix - row.updated_unix)} ago" if row.updated_unix <= now_unix else ""
        fields.append(("updated", line(moment(row.updated_unix), (f"{ago}  by the node's record", MUTED))))
    if row.payment is not None:
        fields.append(("record", line(row.payment.payment.status.value, ("  as the node says it", MUTED))))
    for alias in row.aliases:
        fields += foreign_fields("peer", alias)
    return fields


def _against(row: HodlRow) -> Line:
    """How what is held compares with what was asked for; the balances round each part down to whole satoshi."""
    held, asked = row.held_msat, row.asked_msat
    if held is None or asked is None:
        return ()
    if held > asked:
        return line(("  more than was asked for", MUTED))
    if asked - held < 1000 * max(1, len(row.parts)):
        return line(("  all that was asked for" if asked == held else "  all, parts rounded down to satoshi", MUTED))
    return line(("  ▲ less than was asked for: parts below 354 sat are not shown", ATTENTION))


def _parts(row: HodlRow, unit: Unit, width: int) -> list[Line]:
    fields: list[Field] = []
    for part in row.parts:
        figure = format_sat(part.amount_sat, unit, with_unit=True)
        fields.append(("HTLC", line(figure, (f"  expires at block {part.expiry_height:,}", MUTED))))
        fields.append(("channel", line(str(part.channel_id))))
        fields.append(("from", line(str(part.counterparty))))
    return field_lines(fields, width)
