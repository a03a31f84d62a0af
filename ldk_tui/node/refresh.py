"""Reading the node: each read draws its ticket before it leaves and hands its answer to the intake.

`cheap` is what changes without an event: balances, channels, peers, the head of ListPayments, the records of payments
that are not final. `everything` adds what changes seldom. Both keep going when one read is in trouble, so that a locked
wallet does not hide the channels; what stops them is a lost connection or a refusal of our credentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from ldk_tui.core.errors import BadAnswer, DeadlineExceeded, LdkError, NotSupported, Refused, ServerTrouble
from ldk_tui.core.ids import NodeId, PaymentId
from ldk_tui.core.model import (
    Balances,
    Channel,
    ForwardedPayment,
    GraphNode,
    Level,
    NodeInfo,
    Page,
    PageToken,
    Payment,
    Peer,
)
from ldk_tui.core.text import SafeText
from ldk_tui.node.aliases import Aliases
from ldk_tui.node.lookups import Lookups
from ldk_tui.node.payments_loader import Fetched, PaymentsLoader
from ldk_tui.node.store import (
    AliasRead,
    BalancesRead,
    ChannelsRead,
    ForwardsListed,
    InfoRead,
    PaymentsListed,
    PeersRead,
    RecordRead,
    Store,
    Ticket,
    Update,
)
from ldk_tui.node.timing import Clock, Timing

R = TypeVar("R")

RECORDS_AT_ONCE: Final = 50
RECORDS_AFTER_A_GAP: Final = 200
FORWARD_PAGES: Final = 3


class NodeClient(Protocol):
    """The part of `client.LdkClient` that reading needs."""

    @property
    def level(self) -> Level: ...
    @property
    def clock_skew_s(self) -> float | None: ...
    async def get_node_info(self) -> NodeInfo: ...
    async def get_balances(self) -> Balances: ...
    async def list_channels(self) -> tuple[Channel, ...]: ...
    async def list_peers(self) -> tuple[Peer, ...]: ...
    async def list_payments(self, *, page_token: PageToken | None = None) -> Page[Payment]: ...
    async def list_forwarded_payments(self, *, page_token: PageToken | None = None) -> Page[ForwardedPayment]: ...
    async def get_payment_details(self, *, payment_id: PaymentId) -> Payment | None: ...
    async def graph_get_node(self, *, node_id: NodeId) -> GraphNode: ...
    def subscribe(self) -> Any: ...
    async def close(self) -> None: ...


class Intake(Protocol):
    """Where answers go. `settle` puts what has come so far into the store: the next question may build on it.

    `recognise` raises WrongNode for another node's answer: not one line of it may stand beside our node's money.
    """

    def recognise(self, info: NodeInfo) -> None: ...
    def take(self, update: Update) -> None: ...
    def settle(self) -> None: ...
    def answered(self) -> None: ...


class Refresher:
    def __init__(
        self, store: Store, intake: Intake, timing: Timing, clock: Clock, progressed: Callable[[], None]
    ) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._records: Lookups[PaymentId] = Lookups(timing.lookup_s, timing.lookup_max_s)
        self._aliases = Aliases(timing, clock, self._take_alias)
        self._walking = asyncio.Lock()
        self.payments = PaymentsLoader(timing, clock, progressed)

    # --- single reads ----------------------------------------------------------------------------------------------

    async def info(self, client: NodeClient) -> NodeInfo:
        ticket = self._ticket()
        info = await client.get_node_info()
        self._intake.recognise(info)
        self._intake.take(InfoRead(ticket, info))
        self._intake.answered()
        return info

    async def balances(self, client: NodeClient) -> None:
        ticket = self._ticket()
        self._intake.take(BalancesRead(ticket, await client.get_balances(), self._clock.now()))
        self._intake.answered()

    async def channels(self, client: NodeClient) -> None:
        ticket = self._ticket()
        self._intake.take(ChannelsRead(ticket, await client.list_channels(), self._clock.now()))
        self._intake.answered()

    async def peers(self, client: NodeClient) -> None:
        ticket = self._ticket()
        self._intake.take(PeersRead(ticket, await client.list_peers()))
        self._intake.answered()

    async def forwards(self, client: NodeClient) -> None:
        ticket = self._ticket()
        rows: list[ForwardedPayment] = []
        token: PageToken | None = None
        for _ in range(FORWARD_PAGES):
            page = await client.list_forwarded_payments(page_token=token)
            rows.extend(page.rows)
            token = page.next_token
            if not page.rows or token is None:
                break
        self._intake.take(ForwardsListed(ticket, tuple(rows)))
        self._intake.answered()

    async def record(self, client: NodeClient, payment_id: PaymentId) -> Payment | None:
        """GetPaymentDetails. The answer, secrets included, goes to the caller; the store keeps it without."""
        ticket = self._ticket()
        payment = await client.get_payment_details(payment_id=payment_id)
        before = self._store.payments.get(payment_id)
        self._intake.take(RecordRead(ticket, payment_id, payment, self._clock.now()))
        self._intake.answered()
        news = payment is not None and (before is None or before.payment.status is not payment.status)
        self._records.answered(payment_id, self._clock.monotonic(), news=news)
        return payment

    async def records(self, client: NodeClient, *, limit: int = RECORDS_AT_ONCE, everything: bool = False) -> int:
        """Looks up what is not final, or hidden from the lists, as far as it is due. Returns how many."""
        self._intake.settle()
        wanted = self._store.ids_to_look_up(also_failed=everything)
        due = self._records.due(wanted, self._clock.monotonic(), limit=limit, everything=everything)
        for payment_id in due:
            await self.record(client, payment_id)
        return len(due)

    async def aliases(self, client: NodeClient) -> int:
        self._intake.settle()

        async def ask(node_id: NodeId) -> GraphNode:
            return await client.graph_get_node(node_id=node_id)

        return await self._aliases.round(self._store.node_ids_to_name(), ask)

    def page_of(self, client: NodeClient) -> Callable[[PageToken | None], Awaitable[Fetched]]:
        """Reads one page of ListPayments into the store."""

        async def fetch(token: PageToken | None) -> Fetched:
            ticket = self._ticket()
            page = await client.list_payments(page_token=token)
            fresh = any(not self._store.payments.is_listed(row.id) for row in page.rows)
            self._intake.take(PaymentsListed(ticket, page.rows, self._clock.now()))
            self._intake.settle()
            self._intake.answered()
            return Fetched(len(page.rows), fresh, page.next_token)

        return fetch

    async def head(self, client: NodeClient) -> None:
        async with self._walking:
            await self.payments.head(self.page_of(client))

    async def background(self, client: NodeClient) -> None:
        """What nobody waits for: the names of all peers, then the older payments. Raises no LdkError."""
        with suppress(LdkError):
            while await self.aliases(client):
                await self._clock.sleep(0)
        await self.payments.history(self.page_of(client))

    # --- rounds ----------------------------------------------------------------------------------------------------

    async def after_events(self, client: NodeClient) -> LdkError | None:
        """What an event changes besides what it says."""
        return await _all(
            lambda: self.balances(client), lambda: self.channels(client), lambda: self.records(client, limit=10)
        )

    async def cheap(self, client: NodeClient) -> LdkError | None:
        """Returns the first trouble, None when all was read."""
        return await _all(
            lambda: self.info(client),
            lambda: self.balances(client),
            lambda: self.channels(client),
            lambda: self.peers(client),
            lambda: self.head(client),
            lambda: self.records(client),
            lambda: self.aliases(client),
        )

    async def everything(self, client: NodeClient) -> LdkError | None:
        """After a gap, on request, and from time to time: all lists, and all records that are not final."""
        return await _all(
            lambda: self.info(client),
            lambda: self.balances(client),
            lambda: self.channels(client),
            lambda: self.peers(client),
            lambda: self.head(client),
            lambda: self.records(client, limit=RECORDS_AFTER_A_GAP, everything=True),
            lambda: self.forwards(client),
            lambda: self.aliases(client),
        )

    def _ticket(self) -> Ticket:
        return self._store.ticket(self._clock.now())

    def _take_alias(self, node_id: NodeId, alias: SafeText | None) -> None:
        self._intake.take(AliasRead(self._ticket(), node_id, alias))


async def _all(*reads: Callable[[], Awaitable[object]]) -> LdkError | None:
    """One after another: the server's handlers block. Trouble with one is kept for the end; other errors are raised."""
    trouble: LdkError | None = None
    for read in reads:
        try:
            await read()
        except (ServerTrouble, DeadlineExceeded, BadAnswer, Refused, NotSupported) as error:
            trouble = trouble or error
    return trouble
