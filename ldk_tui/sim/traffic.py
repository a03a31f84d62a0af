"""Life for a world: payments of all kinds around one node, blocks, peers that come and go.

Invoices are not spelled out here: nobody reads them, and signing thousands would take longer than all the rest. The
payments themselves go through the channels like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldk_tui.core.ids import OfferId, PaymentHash, PaymentId
from ldk_tui.core.model import CustomTlv, PaymentStatus
from ldk_tui.sim import payments
from ldk_tui.sim.payments import Flow, Message
from ldk_tui.sim.receiving import OwnInvoice, hash_of
from ldk_tui.sim.routing import Limits

if TYPE_CHECKING:
    from random import Random

    from ldk_tui.sim.node import SimNode
    from ldk_tui.sim.world import World

NOTES = (
    "two flat whites",
    "thanks for the zine!",
    "order 2291",
    "rent, November",
    "for the bakery",
    "tip",
    "see you at the meet-up",
    "book: Mastering the Lightning Network",
)
TEXT_TLV_TYPE = 65_537
_DAY_S = 86_400.0


def pay_invoice(
    payer: SimNode,
    payee: SimNode,
    amount_msat: int,
    *,
    hodl_preimage: str | None = None,
    padding: int | None = None,
) -> Flow:
    """A BOLT 11 payment. With `hodl_preimage` the payee does not know the preimage and holds what arrives.

    `padding`: the blocks that the payer adds to the expiry (None: by lot). A held payment's deadline is 4 blocks plus
    the padding after its arrival.
    """
    world = payer.world
    preimage = hodl_preimage or world.random_hex()
    payment_hash, secret = hash_of(preimage), world.rng.randbytes(32)
    known = None if hodl_preimage is not None else preimage
    payee.receiving.expect(OwnInvoice(payment_hash, secret, known, amount_msat, world.now + _DAY_S))
    return _start(payer, payee, payment_hash, amount_msat, Message(secret=secret), padding=padding)


def pay_again(
    payer: SimNode, payee: SimNode, payment_hash: PaymentHash, amount_msat: int, *, padding: int | None = None
) -> Flow:
    """Somebody pays an invoice of `payee` that exists already."""
    secret = payee.receiving.invoices[payment_hash].secret
    return _start(payer, payee, payment_hash, amount_msat, Message(secret=secret), padding=padding)


def pay_keysend(payer: SimNode, payee: SimNode, amount_msat: int, text: bytes | None = None) -> Flow:
    preimage = payer.world.random_hex()
    tlvs = () if text is None else (CustomTlv(TEXT_TLV_TYPE, text),)
    message = Message(keysend_preimage=preimage, tlvs=tlvs)
    return _start(payer, payee, hash_of(preimage), amount_msat, message)


def pay_offer(
    payer: SimNode, payee: SimNode, offer_id: OfferId, price_msat: int, quantity: int | None, note: str | None
) -> Flow:
    """A BOLT 12 payment: random id at the payer, whose record says the price of one item (6.7)."""
    world = payer.world
    preimage, secret = world.random_hex(), world.rng.randbytes(32)
    payment_hash = hash_of(preimage)
    total = price_msat * (quantity or 1)
    payee.receiving.invoices[payment_hash] = OwnInvoice(payment_hash, secret, preimage, total, world.now + 7_200)
    message = Message(secret=secret, offer_id=offer_id, payer_note=note, quantity=quantity)
    payment_id = PaymentId(world.random_hex())
    return _start(payer, payee, payment_hash, total, message, payment_id=payment_id, recorded_msat=price_msat)


def _start(
    payer: SimNode,
    payee: SimNode,
    payment_hash: PaymentHash,
    amount_msat: int,
    message: Message,
    *,
    payment_id: PaymentId | None = None,
    recorded_msat: int | None = None,
    padding: int | None = None,
) -> Flow:
    """Begin the payment with the payer's record. Raises payments.NoRoute, with a FAILED record left behind."""
    world = payer.world
    flow = Flow(
        payer=payer,
        payee=payee,
        payment_id=payment_id or PaymentId(payment_hash),
        payment_hash=payment_hash,
        amount_msat=amount_msat,
        message=message,
        limits=Limits(),
        padding=payments.padding_for(payer) if padding is None else padding,
    )
    recorded = amount_msat if recorded_msat is None else recorded_msat
    try:
        payments.check_route(flow)
    except payments.NoRoute:
        payer.records[flow.payment_id] = payments.outbound_record(flow, recorded, world.now, PaymentStatus.FAILED)
        raise
    payer.records[flow.payment_id] = payments.outbound_record(flow, recorded, world.now, PaymentStatus.PENDING)
    payments.launch(flow)
    return flow


class Traffic:
    """Random payments from, to and through `node`, to and from `others`."""

    def __init__(self, world: World, node: SimNode, others: list[SimNode], rng: Random) -> None:
        self._world = world
        self._node = node
        self._others = others
        self._rng = rng
        self._offers: dict[SimNode, OfferId] = {}

    def _offer_of(self, payee: SimNode) -> OfferId:
        return self._offers.setdefault(payee, OfferId(self._world.random_hex()))

    def amount_msat(self) -> int:
        """Mostly small sums, some with odd millisatoshi, few large ones."""
        rng = self._rng
        amount_sat = int(min(400_000.0, rng.lognormvariate(8.6, 1.5))) + 1
        return amount_sat * 1000 + (rng.randrange(1000) if rng.random() < 0.15 else 0)

    def one(self) -> None:
        """One payment. What cannot be routed leaves what a refused send leaves."""
        rng, node = self._rng, self._node
        awake = [other for other in self._others if other.running and not other.asleep]
        if len(awake) < 2:
            return
        one, two = rng.sample(awake, 2)
        roll = rng.random()
        payer, payee = (node, one) if roll < 0.35 else (one, node) if roll < 0.65 else (one, two)
        try:
            self._pay(payer, payee)
        except payments.NoRoute:
            return

    def _pay(self, payer: SimNode, payee: SimNode) -> None:
        rng, kind, amount_msat = self._rng, self._rng.random(), self.amount_msat()
        if kind < 0.66:
            pay_invoice(payer, payee, amount_msat)
        elif kind < 0.84:
            text = rng.choice(NOTES).encode() if rng.random() < 0.5 else None
            pay_keysend(payer, payee, min(amount_msat, 50_000_000), text)
        else:
            quantity = rng.choice((None, None, 1, 2, 3))
            note = rng.choice(NOTES) if rng.random() < 0.6 else None
            pay_offer(payer, payee, self._offer_of(payee), min(amount_msat, 30_000_000), quantity, note)

    # --- live -------------------------------------------------------------------------------------------------------

    def keep_going(self, *, payment_every_s: float = 4.0, block_every_s: float = 75.0) -> None:
        """Schedule life from now on, for as long as the clock runs."""
        self._again(payment_every_s, self.one)
        self._again(block_every_s, self._block)
        self._again(150.0, self._hodl)
        self._again(240.0, self._flap)

    def _again(self, every_s: float, action: object) -> None:
        def tick() -> None:
            action()  # type: ignore[operator]
            self._again(every_s, action)

        self._world.clock.after(self._rng.expovariate(1 / every_s) + 0.2, tick)

    def _block(self) -> None:
        self._world.mine(seen=False)

    def _hodl(self) -> None:
        """Somebody pays a hodl invoice of the node, which nobody may ever claim."""
        payers = [other for other in self._others if other.running and not other.asleep]
        held = sum(1 for _ in self._node.receiving.held)
        if payers and held < 5:
            try:
                amount_msat = self._rng.randrange(10_000, 90_000) * 1000
                pay_invoice(self._rng.choice(payers), self._node, amount_msat, hodl_preimage=self._world.random_hex())
            except payments.NoRoute:
                return

    def _flap(self) -> None:
        """A peer goes away for a while."""
        connected = [other for other in self._others if self._node.is_connected(other.node_id)]
        if connected:
            peer = self._rng.choice(connected)
            self._world.hang_up(self._node, peer)
