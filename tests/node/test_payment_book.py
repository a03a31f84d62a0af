"""The payment book: the same end whatever the order, settled stays settled, windows that equal a fresh query."""

from __future__ import annotations

import gc
import random
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import PaymentHash, PaymentId, Txid
from ldk_tui.core.model import Bolt11Kind, Direction, OnchainKind, Payment, PaymentStatus, SpontaneousKind, UnknownKind
from ldk_tui.core.secret import Secret
from ldk_tui.node.payment_book import RECORD, PaymentBook
from ldk_tui.node.query import KindLabel, PaymentQuery, PaymentSort, Shown
from ldk_tui.node.views import settled_sums

Seen = tuple[int, PaymentStatus, int, bool]
STATUSES = [PaymentStatus.PENDING, PaymentStatus.SUCCEEDED, PaymentStatus.FAILED]


@st.composite
def observations(draw: st.DrawFn) -> list[Seen]:
    """(id, status, updated, from a list), each with a ticket of its own by its place."""
    one = st.tuples(st.integers(0, 3), st.sampled_from(STATUSES), st.integers(100, 103), st.booleans())
    return draw(st.lists(one, min_size=1, max_size=12))


def _observe(book: PaymentBook, make: Any, number: int, each: Seen) -> None:
    seed, status, updated, listed = each
    direction = Direction.INBOUND if seed % 2 else Direction.OUTBOUND
    payment = make.payment(seed, status=status, updated_unix=updated, direction=direction)
    book.observe(payment, stamp=number + (0 if listed else RECORD), listed=listed)


def _state(book: PaymentBook) -> dict[str, Any]:
    book.commit()
    rows, _ = book.rows(PaymentQuery(unpaid=True))
    return {row.id: (row.payment, row.shown, row.is_hodl, row.listed, row.stamp) for row in rows}  # type: ignore[attr-defined]


@given(observations(), st.randoms(use_true_random=False), st.integers(0, 4))
@settings(deadline=None)
def test_any_order_with_duplicates_ends_in_the_same_state(
    make: Any, seen: list[Seen], shuffler: random.Random, again: int
) -> None:
    straight, mixed = PaymentBook(), PaymentBook()
    for number, each in enumerate(seen):
        _observe(straight, make, number, each)
    order = [*enumerate(seen), *list(enumerate(seen))[:again]]
    shuffler.shuffle(order)
    for number, each in order:
        _observe(mixed, make, number, each)
        if shuffler.random() < 0.3:
            mixed.commit()
    assert _state(straight) == _state(mixed)


def test_settled_stays_settled(make: Any) -> None:
    """A second payer turns the record of a claimed hodl payment to FAILED (server facts 9.4)."""
    book = PaymentBook()
    claimed = make.hodl(status=PaymentStatus.SUCCEEDED, updated_unix=100)
    book.observe(claimed, stamp=RECORD + 1)
    book.observe(replace(claimed, status=PaymentStatus.FAILED, updated_unix=200), stamp=RECORD + 2)
    book.commit()
    assert book.get(claimed.id).shown is Shown.SUCCEEDED  # type: ignore[union-attr]


def test_a_late_record_does_not_win_over_a_newer_event(make: Any) -> None:
    """Asked before the event, answered after it: the ticket says which is newer."""
    book = PaymentBook()
    pending = make.payment(status=PaymentStatus.PENDING, updated_unix=100)
    book.observe(replace(pending, status=PaymentStatus.FAILED), stamp=RECORD + 7)
    book.observe(pending, stamp=RECORD + 6)
    assert book.get(pending.id).shown is Shown.FAILED  # type: ignore[union-attr]
    book.observe(pending, stamp=RECORD + 8)
    assert book.get(pending.id).shown is Shown.IN_FLIGHT  # type: ignore[union-attr]


def test_a_stale_list_row_does_not_win_over_the_record(make: Any) -> None:
    book = PaymentBook()
    failed = make.payment(status=PaymentStatus.FAILED, updated_unix=100)
    book.observe(failed, stamp=RECORD + 1)
    book.observe(replace(failed, status=PaymentStatus.PENDING), stamp=50, listed=True)
    row = book.get(failed.id)
    assert row is not None
    assert row.shown is Shown.FAILED
    assert row.listed, "that a page has shown it is remembered all the same"


def test_no_secret_is_kept(make: Any) -> None:
    book = PaymentBook()
    secret = "51" * 32
    kind = Bolt11Kind(PaymentHash("77" * 32), Secret(secret), Secret(b"\x52" * 32))
    book.observe(make.payment(1, kind=kind, id=PaymentId("77" * 32)), stamp=1, listed=True)
    book.observe(make.payment(2, kind=SpontaneousKind(PaymentHash("78" * 32), Secret(secret))), stamp=1)
    book.observe(make.offer_payment(3), stamp=1)
    book.commit()
    for row in book.rows(PaymentQuery(unpaid=True))[0]:
        assert row.has_preimage
        assert row.payment.kind.preimage is None  # type: ignore[union-attr]
        assert getattr(row.payment.kind, "payment_secret", None) is None


def test_what_the_rows_say(make: Any) -> None:
    book = PaymentBook()
    offer = make.offer_payment("two", note="Tea & <b>Cake</b>", quantity=2, amount_msat=Msat(3_000_000))
    onchain = make.payment(
        "chain",
        kind=OnchainKind(Txid("ab" * 32), None),
        direction=Direction.INBOUND,
        status=PaymentStatus.PENDING,
        fee_paid_msat=Msat(422_000),
    )
    unpaid = make.payment("unpaid", direction=Direction.INBOUND, status=PaymentStatus.PENDING)
    in_flight = make.payment("flying", status=PaymentStatus.PENDING)
    odd = make.payment("odd", kind=UnknownKind(), status=PaymentStatus.UNKNOWN)
    for payment in (offer, onchain, unpaid, in_flight, odd):
        book.observe(payment, stamp=RECORD + 1)
    book.commit()
    row = {payment.id: book.get(payment.id) for payment in (offer, onchain, unpaid, in_flight, odd)}
    assert row[offer.id].amount_msat == 6_000_000  # type: ignore[union-attr]
    assert row[offer.id].fee_ppm == 200  # type: ignore[union-attr]
    assert row[offer.id].note == "Tea & <b>Cake</b>"  # type: ignore[union-attr]
    assert row[onchain.id].fee_msat is None  # type: ignore[union-attr]
    assert row[onchain.id].shown is Shown.CONFIRMING  # type: ignore[union-attr]
    assert row[unpaid.id].shown is Shown.WAITING  # type: ignore[union-attr]
    assert row[in_flight.id].shown is Shown.IN_FLIGHT  # type: ignore[union-attr]
    assert row[odd.id].kind is KindLabel.UNKNOWN  # type: ignore[union-attr]
    visible = {each.id for each in book.rows(PaymentQuery())[0]}
    assert unpaid.id not in visible
    assert len(visible) == 4
    assert unpaid.id in {each.id for each in book.rows(PaymentQuery("status:waiting"))[0]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"a", "b", "c", "d"}),
        ("dir:in", {"b"}),
        ("status:failed", {"c"}),
        ("kind:bolt12", {"d"}),
        ("kind:keysend", set()),
        ("BREAKFAST", {"d"}),
        ("-breakfast dir:out", {"a", "c"}),
        ("amt:>100000", {"a"}),
        ("fee:<1", {"c"}),
        ("amt:<100000 status:ok", {"b", "d"}),
        ("failed", {"c"}),
        ("bolt12", {"d"}),
        ("dir:out nowhere", set()),
    ],
)
def test_filters(make: Any, text: str, found: set[str]) -> None:
    payments = {
        "a": make.payment("a", amount_msat=Msat(900_000_000)),
        "b": make.payment("b", direction=Direction.INBOUND, fee_paid_msat=None),
        "c": make.payment("c", status=PaymentStatus.FAILED, fee_paid_msat=Msat(0)),
        "d": make.offer_payment("d", note="team Breakfast"),
    }
    book = PaymentBook()
    for payment in payments.values():
        book.observe(payment, stamp=1)
    book.commit()
    names = {payment.id: name for name, payment in payments.items()}
    assert {names[row.id] for row in book.rows(PaymentQuery(text))[0]} == found


def test_hash_and_id_are_found_by_any_part(make: Any) -> None:
    book = PaymentBook()
    offer, plain = make.offer_payment("x"), make.payment("y")
    book.observe(offer, stamp=1)
    book.observe(plain, stamp=1)
    book.commit()
    for word in (offer.id[10:30], offer.payment_hash[20:40].upper(), offer.kind.offer_id[:16]):
        assert [row.id for row in book.rows(PaymentQuery(word))[0]] == [offer.id]
    assert [row.id for row in book.rows(PaymentQuery(plain.id[5:25]))[0]] == [plain.id]


QUERIES = [
    PaymentQuery(),
    PaymentQuery(sort=PaymentSort.AMOUNT),
    PaymentQuery("dir:out", PaymentSort.FEE, reverse=True),
    PaymentQuery("status:failed amt:>20", unpaid=True),
    PaymentQuery("a", PaymentSort.AMOUNT, reverse=True),
]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.sampled_from(STATUSES)), max_size=40),
    st.integers(1, 9),
)
@settings(deadline=None)
def test_a_mended_window_equals_a_fresh_one(
    make: Any, changes: list[tuple[int, int, PaymentStatus]], batch: int
) -> None:
    for query in QUERIES:
        book = PaymentBook()
        book.rows(query)
        for number, (seed, step, status) in enumerate(changes):
            payment = make.payment(
                seed,
                status=status,
                updated_unix=100 + step,
                amount_msat=None if seed % 7 == 0 else Msat(seed * 10_000),
                fee_paid_msat=Msat(seed % 4),
                direction=Direction.INBOUND if seed % 3 == 0 else Direction.OUTBOUND,
            )
            book.observe(payment, stamp=RECORD + number)
            if number % batch == 0:
                book.commit()
                book.rows(query)
        book.commit()
        mended = book.rows(query)[0]
        book._windows.clear()
        fresh = book.rows(query)[0]
        assert [row.id for row in mended] == [row.id for row in fresh]
        assert all(one is other for one, other in zip(mended, fresh, strict=True))


def test_the_same_rows_are_the_same_object_until_something_in_them_changes(make: Any) -> None:
    book = PaymentBook()
    book.observe(make.payment(1), stamp=1)
    book.commit()
    out = book.rows(PaymentQuery("dir:out"))[0]
    incoming = make.payment(2, direction=Direction.INBOUND)
    book.observe(incoming, stamp=2)
    assert book.commit()
    assert book.rows(PaymentQuery("dir:out"))[0] is out
    book.observe(incoming, stamp=3)
    assert not book.commit(), "the same again changes nothing"


def test_pages_events_and_bursts_keep_the_order(make: Any) -> None:
    """The three ways in: below (pages), above (events), in the middle (a late page of many rows)."""
    book = PaymentBook()
    for page in range(8):
        for place in range(200):
            age = page * 200 + place
            book.observe(make.payment(("old", age), updated_unix=10_000_000 - age * 10), stamp=page, listed=True)
        book.commit()
    for number in range(50):
        book.observe(make.payment(("new", number), updated_unix=20_000_000 + number), stamp=RECORD + number)
    book.commit()
    for number in range(1_500):
        book.observe(make.payment(("mid", number), updated_unix=10_000_000 - number * 10 - 5), stamp=RECORD + number)
    book.commit()
    times = [row.updated_unix for row in book.rows(PaymentQuery())[0]]
    assert len(times) == 8 * 200 + 50 + 1_500
    assert times == sorted(times, reverse=True)
    assert book.listed == 1_600


def test_a_payment_costs_little_memory() -> None:
    """Rows, indices and two windows, without widgets: 100,000 must stay far below the 150 MB of the whole program."""
    gc.collect()
    tracemalloc.start()
    book = PaymentBook()
    for number in range(10_000):
        book.observe(_bare(number), stamp=number // 100, listed=True)
        if number % 1_000 == 999:
            book.commit()
    book.rows(PaymentQuery())
    book.rows(PaymentQuery("dir:out"))
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used / 10_000 < 800


def _bare(number: int) -> Payment:
    payment_hash = f"{number:064x}"
    return Payment(
        PaymentId(payment_hash),
        Bolt11Kind(
            PaymentHash("".join(payment_hash)), Secret(f"{number + 1:064x}"), Secret(number.to_bytes(32, "big"))
        ),
        Msat(1_000_000_000 + number),
        Msat(1_000 + number),
        Direction.OUTBOUND if number % 2 else Direction.INBOUND,
        PaymentStatus.SUCCEEDED,
        1_700_000_000 - number,
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(list(PaymentStatus)), st.integers(1, 9_000_000)), max_size=40
    ),
    st.sampled_from(["", "dir:out", "status:failed", "amt:>3000"]),
)
def test_sums_that_are_kept_up_are_those_of_the_rows(changes: list[tuple[int, PaymentStatus, int]], text: str) -> None:
    book, query = PaymentBook(), PaymentQuery(text, unpaid=True)
    for stamp, (number, status, amount_msat) in enumerate(changes, 1):
        direction = Direction.OUTBOUND if number % 2 else Direction.INBOUND
        payment = Payment(
            PaymentId(f"{number:064x}"),
            SpontaneousKind(PaymentHash(f"{number:064x}"), None),
            Msat(amount_msat),
            Msat(amount_msat // 1_000) if number % 3 else None,
            direction,
            status,
            1_000 + stamp // 3,
        )
        book.observe(payment, stamp=stamp)
        book.commit()
        assert book.sums(query) == settled_sums(book.rows(query)[0])
