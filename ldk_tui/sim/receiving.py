"""What a node does with payments that arrive: claims, holds, refuses (server facts 7.4 and 9).

The node forgets what a real one forgets: invoice string, description, deadline and the preimage of a hodl invoice are
nowhere in its records.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldk_tui.core.amounts import Msat
from ldk_tui.core.events import PaymentClaimable, PaymentReceived
from ldk_tui.core.ids import OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Direction,
    Payment,
    PaymentKind,
    PaymentStatus,
    SpontaneousKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.sim import payments
from ldk_tui.sim.liquidity import intercept
from ldk_tui.sim.payments import Flow, State

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

CLAIM_DELAY_S = 0.05
_EXPIRY_GRACE_S = 7_200


@dataclass(frozen=True, slots=True)
class OwnInvoice:
    """What LDK itself keeps of an invoice. `preimage` None: a hodl invoice, its maker has it."""

    payment_hash: PaymentHash
    secret: bytes
    preimage: str | None
    amount_msat: int | None
    expires_unix: float
    skim_limit_msat: int = 0

    @property
    def is_hodl(self) -> bool:
        return self.preimage is None


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """An offer of this node. `bound`: at most that many items, None when no quantity may be asked for."""

    offer_id: OfferId
    amount_msat: int | None
    bound: int | None
    expires_unix: float | None


class Receiving:
    """The receiving half of one node."""

    def __init__(self, node: SimNode) -> None:
        self._node = node
        self.invoices: dict[PaymentHash, OwnInvoice] = {}
        self.offers: dict[OfferId, OwnOffer] = {}
        self.held: dict[PaymentHash, Flow] = {}

    # --- making ---------------------------------------------------------------------------------------------------

    def expect(self, invoice: OwnInvoice) -> None:
        """A BOLT11 invoice was made: its record is PENDING, with the preimage in it unless it is a hodl one (6.5).

        Using a hash again overwrites the record, as the real node does.
        """
        preimage = Secret(invoice.preimage) if invoice.preimage is not None else None
        kind = Bolt11Kind(invoice.payment_hash, preimage, Secret(invoice.secret))
        self.invoices[invoice.payment_hash] = invoice
        self._record(invoice.payment_hash, kind, invoice.amount_msat, PaymentStatus.PENDING)

    def _record(
        self, payment_hash: PaymentHash, kind: PaymentKind, amount_msat: int | None, how: PaymentStatus
    ) -> None:
        node = self._node
        payment_id = PaymentId(payment_hash)
        node.records[payment_id] = Payment(
            id=payment_id,
            kind=kind,
            amount_msat=None if amount_msat is None else Msat(amount_msat),
            fee_paid_msat=None,
            direction=Direction.INBOUND,
            status=how,
            updated_unix=int(node.world.clock.now),
        )

    # --- arriving -------------------------------------------------------------------------------------------------

    def arrived(self, flow: Flow) -> None:
        """A payment is here in full."""
        node = self._node
        if not node.running:
            node.when_started(lambda: payments.arrive(flow))
            return
        order = node.world.jit_orders.get(flow.payment_hash)
        if order is not None and order.lsp is node:
            intercept(order, flow)
            return
        if flow.message.keysend_preimage is not None:
            self._keysend(flow, flow.message.keysend_preimage)
            return
        invoice = self.invoices.get(flow.payment_hash)
        record = node.records.get(PaymentId(flow.payment_hash))
        if invoice is None or invoice.secret != flow.message.secret:
            payments.fail(flow)
        elif record is not None and (
            record.direction is Direction.OUTBOUND or record.status is PaymentStatus.SUCCEEDED
        ):
            # a circular payment, or a second payer: failed back, and the record is FAILED from now on (9.4, run)
            node.store(record, status=PaymentStatus.FAILED)
            payments.fail(flow)
        elif flow.payment_hash in self.held or not self._acceptable(flow, invoice):
            payments.fail(flow)
        elif invoice.preimage is not None:
            self._claim_soon(flow, invoice.preimage)
        elif record is not None:
            self._hold(flow, record)

    def _acceptable(self, flow: Flow, invoice: OwnInvoice) -> bool:
        """In time, and enough of it: a service may keep the fee that was agreed on."""
        in_time = self._node.world.clock.now <= invoice.expires_unix + _EXPIRY_GRACE_S
        skimmed_msat = min(flow.skimmed_msat, invoice.skim_limit_msat)
        return in_time and flow.amount_msat + skimmed_msat >= (invoice.amount_msat or 0)

    def _keysend(self, flow: Flow, preimage: str) -> None:
        known = PaymentId(flow.payment_hash) in self._node.records
        if known or any(tlv.type % 2 == 0 for tlv in flow.message.tlvs):
            payments.fail(flow)
            return
        self._claim_soon(flow, preimage)

    def _claim_soon(self, flow: Flow, preimage: str) -> None:
        self._node.world.clock.after(CLAIM_DELAY_S, lambda: self._claimed(flow, preimage))

    def _claimed(self, flow: Flow, preimage: str) -> None:
        """The money is ours: the record, then the event, then the hops behind us learn the preimage."""
        node = self._node
        if flow.state not in (State.IN_FLIGHT, State.HELD):
            return
        self.held.pop(flow.payment_hash, None)
        payment_id = PaymentId(flow.payment_hash)
        record = node.records.get(payment_id)
        if record is not None and record.status is PaymentStatus.SUCCEEDED:
            node.store(record, status=PaymentStatus.FAILED)
            payments.fail(flow)
            return
        if record is None:
            self._record(flow.payment_hash, self._fresh_kind(flow, preimage), flow.amount_msat, PaymentStatus.PENDING)
            record = node.records[payment_id]
        kind = record.kind
        if isinstance(kind, Bolt11Kind) and flow.skimmed_msat:
            kind = Bolt11Kind(kind.payment_hash, kind.preimage, kind.payment_secret, Msat(flow.skimmed_msat))
        node.store(record, kind=kind, status=PaymentStatus.SUCCEEDED, amount_msat=Msat(flow.amount_msat))
        node.emit(PaymentReceived(node.records[payment_id], flow.message.tlvs))
        payments.settle(flow, preimage)

    def _fresh_kind(self, flow: Flow, preimage: str) -> PaymentKind:
        """The kind of a payment that leaves no record before it arrives: keysend and offers."""
        message = flow.message
        if message.offer_id is None:
            return SpontaneousKind(flow.payment_hash, Secret(preimage))
        secret = Secret(message.secret) if message.secret is not None else None
        note = SafeText(message.payer_note) if message.payer_note is not None else None
        return Bolt12OfferKind(flow.payment_hash, Secret(preimage), secret, message.offer_id, note, message.quantity)

    # --- hodl -----------------------------------------------------------------------------------------------------

    def _hold(self, flow: Flow, record: Payment) -> None:
        """A hodl payment: held until it is claimed, failed, or its deadline comes (9.2)."""
        node = self._node
        flow.state = State.HELD
        self.held[flow.payment_hash] = flow
        deadline = flow.deadline
        node.at_height(deadline, lambda: self._timed_out(flow))
        node.emit(PaymentClaimable(record, flow.message.tlvs, deadline))

    def _timed_out(self, flow: Flow) -> None:
        """At the deadline LDK fails the payment back; neither event nor record says so (9.2, run)."""
        if self.held.get(flow.payment_hash) is flow and flow.state is State.HELD:
            del self.held[flow.payment_hash]
            payments.fail(flow)

    def claim(self, payment_hash: PaymentHash, preimage: str) -> None:
        """Claim what is held now. Nothing held: nothing happens, and nothing is remembered (9.3, run)."""
        flow = self.held.get(payment_hash)
        if flow is not None and flow.state is State.HELD:
            self._claim_soon(flow, preimage)

    def give_back(self, payment_hash: PaymentHash) -> None:
        """Fail by RPC: the record is FAILED whatever it was; what is really held goes back (9.4, run)."""
        node = self._node
        node.store(node.records[PaymentId(payment_hash)], status=PaymentStatus.FAILED)
        flow = self.held.pop(payment_hash, None)
        if flow is not None:
            payments.fail(flow)


def hash_of(preimage: str) -> PaymentHash:
    """SHA-256 of a preimage in hex."""
    return PaymentHash(hashlib.sha256(bytes.fromhex(preimage)).hexdigest())
