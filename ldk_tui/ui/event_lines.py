"""An event as a line, for the Node screen and all that lists events: a sign, a word, an amount, and the rest."""

from __future__ import annotations

from typing import Final

from ldk_tui.core.amounts import Msat, Unit
from ldk_tui.core.events import (
    ChannelState,
    ChannelStateChanged,
    CloseReasonKind,
    ClosureInitiator,
    Event,
    PaymentClaimable,
    PaymentFailed,
    PaymentForwarded,
    PaymentReceived,
    PaymentSuccessful,
    UnknownEvent,
)
from ldk_tui.core.model import Payment
from ldk_tui.core.text import SafeText
from ldk_tui.node.views import EventLine, effective_amount_msat, effective_fee_msat, kind_label
from ldk_tui.ui.line import EMPTY, Line, fit, line, wrap
from ldk_tui.ui.render import amount, ident, moment, name, quoted, whole
from ldk_tui.ui.theme import ATTENTION, DANGER, INBOUND, MUTED, OUTBOUND, STRONG, Tone

_CHANNEL_WORDS: Final[dict[ChannelState, tuple[str, str, Tone]]] = {
    ChannelState.PENDING: ("+", "opening", MUTED),
    ChannelState.READY: ("+", "ready", INBOUND),
    ChannelState.OPEN_FAILED: ("×", "not opened", DANGER),
    ChannelState.CLOSED: ("!", "closed", ATTENTION),
    ChannelState.UNKNOWN: ("?", "channel", MUTED),
}
_BY: Final = {ClosureInitiator.LOCAL: " by us", ClosureInitiator.REMOTE: " by the peer"}


def event_sign(event: Event) -> Line:
    """Arrow and word: `← received`, `→ paid`, `⇄ forwarded`, `! closed`."""
    sign, word, tone = _sign(event)
    return line((f"{sign} {word}", tone))


def _sign(event: Event) -> tuple[str, str, Tone]:
    if isinstance(event, PaymentReceived):
        return "←", "received", INBOUND
    if isinstance(event, PaymentSuccessful):
        return "→", "paid", OUTBOUND
    if isinstance(event, PaymentFailed):
        return "×", "failed", DANGER
    if isinstance(event, PaymentClaimable):
        return "←", "held", ATTENTION
    if isinstance(event, PaymentForwarded):
        return "⇄", "forwarded", ""
    if isinstance(event, ChannelStateChanged):
        return _CHANNEL_WORDS[event.state]
    return "?", "unknown", MUTED


def event_amount(event: Event) -> Msat | None:
    """The amount that the event is about; None for channels, and where the server does not say."""
    if isinstance(event, PaymentForwarded):
        return event.forward.outbound_amount_msat
    if isinstance(event, ChannelStateChanged | UnknownEvent):
        return None
    return effective_amount_msat(event.payment)


def event_text(each: EventLine, unit: Unit) -> Line:
    """The rest; other people's words at the end."""
    event = each.event
    if isinstance(event, PaymentForwarded):
        fee = event.forward.total_fee_earned_msat
        earned = f"+{amount(fee, unit)} fee" if fee is not None else ""
        came = event.forward.previous[0].node_id if event.forward.previous else None
        went = event.forward.next[0].node_id if event.forward.next else None
        return line((earned, INBOUND), "  ", name(each.peer, came), " → ", name(each.peer_out, went))
    if isinstance(event, ChannelStateChanged):
        who = name(each.peer, event.counterparty)
        if event.state in (ChannelState.CLOSED, ChannelState.OPEN_FAILED):
            why = _why(event)
            said = quoted(event.reason.message) if event.reason and event.reason.message else EMPTY
            return line((f"{why}  " if why else ""), who, " " if said else "", said)
        return who
    if isinstance(event, UnknownEvent):
        return line(("an event that this version does not know", MUTED))
    return _payment_text(event.payment, event, unit)


def _payment_text(payment: Payment, event: Event, unit: Unit) -> Line:
    label = kind_label(payment, isinstance(event, PaymentClaimable)).value
    fee = effective_fee_msat(payment)
    told = f"  fee {amount(fee, unit)}" if isinstance(event, PaymentSuccessful) and fee is not None else ""
    if isinstance(event, PaymentClaimable) and event.claim_deadline is not None:
        told = f"  claim before block {event.claim_deadline:,}"
    note: SafeText | None = getattr(payment.kind, "payer_note", None)
    return line(
        (label, MUTED), told, "  ", ident(payment.payment_hash or payment.id), " " if note else "", quoted(note)
    )


def _why(event: ChannelStateChanged) -> str:
    by = _BY.get(event.initiator, "")
    if event.reason is None or event.reason.kind is CloseReasonKind.UNSPECIFIED:
        return by.strip()
    return f"{event.reason.kind.name.lower().replace('_', ' ')}{by}"


def event_report(each: EventLine, unit: Unit, width: int) -> list[Line]:
    """All of an event, nothing cut."""
    event = each.event
    fields: list[tuple[str, Line]] = [("seen here", line(moment(each.seen_unix)))]
    if isinstance(event, ChannelStateChanged):
        fields.append(("channel", line(str(event.channel_id))))
        fields.append(("own number", line(str(event.user_channel_id))))
        if event.counterparty:
            fields.append(("peer", line(str(event.counterparty))))
        if each.peer:
            fields.append(("alias", quoted(each.peer)))
        if event.funding_txo:
            fields.append(("funding", line(str(event.funding_txo))))
        if event.reason:
            fields.append(("reason", line(_why(event))))
            fields.append(
                ("peer said" if event.initiator is ClosureInitiator.REMOTE else "text", quoted(event.reason.message))
            )
            if event.reason.detail:
                fields.append(("detail", quoted(event.reason.detail)))
    elif isinstance(event, PaymentForwarded):
        forward = event.forward
        fields.append(("sent on", line(f"{amount(forward.outbound_amount_msat, unit)} {unit.value}")))
        fields.append(("earned", line(f"{amount(forward.total_fee_earned_msat, unit)} {unit.value}")))
        for label, hops, alias in (("from", forward.previous, each.peer), ("to", forward.next, each.peer_out)):
            for hop in hops:
                fields.append((label, line(name(alias, hop.node_id), "  channel ", str(hop.channel_id))))
    elif not isinstance(event, UnknownEvent):
        payment = event.payment
        fields.append(("payment id", line(str(payment.id))))
        if payment.payment_hash:
            fields.append(("hash", line(str(payment.payment_hash))))
        fields.append(("kind", line(kind_label(payment, isinstance(event, PaymentClaimable)).value)))
        fields.append(("amount", line(f"{amount(effective_amount_msat(payment), unit)} {unit.value}")))
        if effective_fee_msat(payment) is not None:
            fields.append(("fee", line(f"{amount(effective_fee_msat(payment), unit)} {unit.value}")))
        if isinstance(event, PaymentClaimable) and event.claim_deadline is not None:
            fields.append(("deadline", line(f"claim before block {event.claim_deadline:,}")))
        if note := getattr(payment.kind, "payer_note", None):
            fields.append(("note", quoted(note)))
    made: list[Line] = [line(event_sign(event), "  ", (_headline(event, unit), STRONG)), EMPTY]
    for label, value in fields:
        for place, row in enumerate(wrap(value, max(10, width - 12))):
            made.append(line(*fit(line((label if place == 0 else "", MUTED)), 10), "  ", row))
    return made


def _headline(event: Event, unit: Unit) -> str:
    figure = event_amount(event)
    return f"{whole(figure, unit)} {unit.value}" if figure is not None else ""
