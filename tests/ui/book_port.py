"""A node in memory whose payments are in a real PaymentBook, so that filters, sorting and merging are the real ones."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

from ldk_tui.core.amounts import Msat
from ldk_tui.core.errors import LdkError
from ldk_tui.core.ids import BlockHash, OfferId, PaymentHash, PaymentId, Txid
from ldk_tui.core.model import (
    Bolt11Kind,
    Bolt12OfferKind,
    Confirmed,
    Direction,
    OnchainKind,
    Payment,
    PaymentKind,
    PaymentStatus,
    SpontaneousKind,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText
from ldk_tui.node.payment_book import RECORD, PaymentBook
from ldk_tui.node.query import PaymentQuery, Shown
from ldk_tui.node.service import secret_of
from ldk_tui.node.views import (
    EventLine,
    HodlView,
    HtlcInFlight,
    LoadProgress,
    PaymentDetails,
    PaymentRow,
    PaymentsView,
    Revealed,
    SecretKind,
    Topic,
)
from tests.ui.fake_port import NOW, FakePort

OUT, IN = Direction.OUTBOUND, Direction.INBOUND
DONE, OPEN, FAILED = PaymentStatus.SUCCEEDED, PaymentStatus.PENDING, PaymentStatus.FAILED
PREIMAGE = "5ec2e7" + "77" * 29
PAYMENT_SECRET = "beef" * 16


def hex64(*seed: object) -> str:
    return hashlib.sha256(repr(seed).encode()).hexdigest()


def bolt11(seed: object, **changes: Any) -> Payment:
    """A settled BOLT11 payment with both secrets; `kind_…` changes its kind."""
    payment_hash = PaymentHash(hex64(seed))
    secrets: dict[str, Any] = {"preimage": Secret(PREIMAGE), "payment_secret": Secret(bytes.fromhex(PAYMENT_SECRET))}
    secrets |= {name.removeprefix("kind_"): changes.pop(name) for name in list(changes) if name.startswith("kind_")}
    return payment(Bolt11Kind(payment_hash, **secrets), str(payment_hash), **changes)


def payment(kind: PaymentKind, identifier: str, **changes: Any) -> Payment:
    made = Payment(PaymentId(identifier), kind, Msat(21_000_000), None, IN, DONE, int(NOW) - 600)
    return replace(made, **changes)


def offer(seed: object, note: SafeText | None, quantity: int | None = None, **changes: Any) -> Payment:
    kind = Bolt12OfferKind(
        PaymentHash(hex64("hash", seed)), Secret(PREIMAGE), None, OfferId(hex64("offer", seed)), note, quantity
    )
    return payment(kind, hex64(seed), **changes)


def onchain(seed: object, height: int | None, **changes: Any) -> Payment:
    txid = Txid(hex64("tx", seed))
    confirmed = None if height is None else Confirmed(BlockHash(hex64("block", seed)), height, int(NOW) - 900)
    return payment(OnchainKind(txid, confirmed), bytes.fromhex(txid)[::-1].hex(), status=OPEN, **changes)


def keysend(seed: object, **changes: Any) -> Payment:
    payment_hash = PaymentHash(hex64(seed))
    return payment(SpontaneousKind(payment_hash, Secret(PREIMAGE)), str(payment_hash), **changes)


class BookPort(FakePort):
    """`records`: what the node knows, secrets included. `gate` unset keeps answers back until it is set."""

    def __init__(self, payments: list[Payment] | None = None, **progress: Any) -> None:
        super().__init__()
        self.book = PaymentBook()
        self.records: dict[PaymentId, Payment] = {}
        self.progress = LoadProgress(**({"pages": 1, "complete": True} | progress))
        self.hodl_view = HodlView(loaded=True, height=212_345)
        self.related: tuple[EventLine, ...] = ()
        self.htlcs: tuple[HtlcInFlight, ...] = ()
        self.asked: list[tuple[PaymentId, SecretKind]] = []
        self.trouble: LdkError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self._stamp = 0
        self.take(*(payments or []))

    def take(self, *payments: Payment, listed: bool | None = None) -> None:
        """Into the book: rows that ListPayments would show as listed, the others as read from the record."""
        for each in payments:
            self.records[each.id] = each
            self._stamp += 1
            hidden = isinstance(each.kind, OnchainKind) or each.status is OPEN
            shown = not hidden if listed is None else listed
            self.book.observe(each, stamp=self._stamp if shown else self._stamp + RECORD, listed=shown)
        self.book.commit()

    def tell(self, *topics: Topic) -> None:
        for listener in list(self.listeners):
            listener(frozenset(topics or {Topic.PAYMENTS}))

    def payments(self, query: PaymentQuery) -> PaymentsView:
        rows, problems = self.book.rows(query)
        hidden = 0 if query.unpaid else self.book.count(Shown.WAITING)
        progress = replace(self.progress, rows=self.book.listed)
        return PaymentsView(rows, len(self.book), hidden, progress, problems)

    def payment(self, payment_id: PaymentId) -> PaymentRow | None:
        return self.book.get(payment_id)

    def hodl(self) -> HodlView:
        return self.hodl_view

    async def payment_details(self, payment_id: PaymentId) -> PaymentDetails:
        self.calls.append(f"details {payment_id}")
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        found = payment_id in self.records
        return PaymentDetails(self.book.get(payment_id), found, NOW - 2, self.related, None, self.htlcs)

    async def reveal(self, payment_id: PaymentId, kind: SecretKind) -> Revealed:
        self.asked.append((payment_id, kind))
        await self.gate.wait()
        record = self.records[payment_id]
        return secret_of(record, kind, settled=record.status is DONE)
