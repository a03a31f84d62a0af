"""`LdkClient`: one server, one typed coroutine per RPC, core values in and out.

    async with await LdkClient.connect(target) as client:
        info = await client.get_node_info()
        async with client.subscribe() as events:      # live from here on
            async for event in events: ...

Every coroutine raises core errors only (`failure` says which). Nothing is repeated by itself. Deadlines: the table
`core.requests.RPCS`. Arguments are keywords, named like the fields of the request of the same name in
`core.requests`, where units and traps are told.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

from ldk_tui.client import failure, metrics, paging, tls
from ldk_tui.client.clock import SkewMeter
from ldk_tui.client.connection import Limits
from ldk_tui.client.exchange import Ended
from ldk_tui.client.failure import Context, StatusError
from ldk_tui.client.metrics import Metrics
from ldk_tui.client.probe import Probe, probe
from ldk_tui.client.stream import EventStream
from ldk_tui.client.target import Target
from ldk_tui.client.transport import Channel
from ldk_tui.core import requests as rq
from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.errors import NotSupported
from ldk_tui.core.ids import Address, NodeId, PaymentHash, PaymentId, ShortChannelId, Txid, UserChannelId
from ldk_tui.core.model import (
    Balances,
    ChannelConfig,
    CustomTlv,
    DecodedInvoice,
    DecodedOffer,
    Feature,
    ForwardedPayment,
    GraphChannel,
    GraphNode,
    Level,
    NewInvoice,
    NewOffer,
    NodeInfo,
    Page,
    PageToken,
    Payment,
    Peer,
    UnifiedResult,
)
from ldk_tui.core.model import (
    Channel as LightningChannel,
)
from ldk_tui.core.secret import Secret


class LdkClient:
    """A client of one server. Two connections: one for calls, one for the event stream, so that neither blocks the
    other. A lost connection is made anew by the next call; after a loss of the *server* make a new client, which probes
    again: the server may have been updated meanwhile. Belongs to one event loop."""

    def __init__(self, calls: Channel, events: Channel, found: Probe, context: Context) -> None:
        """Use `connect`."""
        self._calls = calls
        self._events = events
        self._context = context
        self._dialect = found.dialect
        self._signer = found.signer
        self.probe = found

    @classmethod
    async def connect(
        cls, target: Target, *, now: Callable[[], float] = time.time, limits: Limits | None = None
    ) -> LdkClient:
        """Connect, verify the peer, find its level, prove the key. `now` gives unix seconds.

        Raises Unreachable, AccessDenied, NotSupported and the errors of a read. A failed attempt leaves nothing open.
        """
        verifier = tls.prepare(target.trust)
        context = Context(target, SkewMeter())
        calls = Channel(target, verifier, now=now, meter=context.meter, limits=limits)
        try:
            found = await probe(calls, context)
        except BaseException:
            calls.abort()
            raise
        events = Channel(target, verifier, now=now, meter=context.meter, limits=limits)
        return cls(calls, events, found, context)

    @property
    def target(self) -> Target:
        """Whom we talk to."""
        return self._context.target

    @property
    def level(self) -> Level:
        """The wire level in use."""
        return self.probe.level

    @property
    def features(self) -> Mapping[int, Feature]:
        """Feature bits as of connecting; empty on 2026-04 and on in-between builds."""
        return self.probe.info.features

    @property
    def clock_skew_s(self) -> float | None:
        """Server minus here in seconds, to about one second: the median of the last five answers."""
        return self._context.meter.skew_s

    def supports(self, method: str) -> bool:
        """Whether the level in use has this RPC (its wire name, a key of `RPCS`)."""
        return self.level in rq.RPCS[method].levels

    async def close(self) -> None:
        """End both connections, politely but within a second. Calls in flight end as lost."""
        await self._events.close()
        await self._calls.close()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, request: rq.Request) -> Any:
        """Any request of `core.requests`; the coroutines below are this with types."""
        rpc = self._known(type(request).__name__)
        body = self._dialect.encode_request(request)
        try:
            data = await self._calls.unary(rpc.name, body, signer=self._signer, deadline_s=rpc.deadline_s)
        except StatusError as status:
            raise failure.of_status(status, rpc, self._context) from status
        except Ended as ended:
            raise failure.of_end(ended, rpc, self._context) from ended
        try:
            return self._dialect.decode_answer(rpc.name, data)
        except Exception as error:  # a mistake of ours must not turn "executed" into "failed"
            raise failure.of_answer(error, rpc) from error

    def _known(self, method: str) -> rq.Rpc:
        rpc = rq.RPCS[method]
        if self.level not in rpc.levels:
            raise NotSupported(f"{method} needs a newer server: this one speaks level {self.level.value}.")
        return rpc

    # --- events and metrics --------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _subscribe(self) -> AsyncIterator[EventStream]:
        rpc = self._known("SubscribeEvents")
        body = self._dialect.encode_request(rq.SubscribeEvents())
        stream = self._events.stream(rpc.name, body, signer=self._signer)
        try:
            messages = await stream.__aenter__()
        except StatusError as status:
            raise failure.of_status(status, rpc, self._context) from status
        except Ended as ended:
            raise failure.of_end(ended, rpc, self._context) from ended
        try:
            yield EventStream(messages, self._dialect, self._context)
        finally:
            await stream.__aexit__(None, None, None)

    def subscribe(self) -> AbstractAsyncContextManager[EventStream]:
        """The event stream, live once entered: every event from then on is in it, or was dropped by the server.

        Entering takes at most the connect limit; leaving is immediate (RST_STREAM), whatever the server does.
        """
        return self._subscribe()

    subscribe_events = subscribe

    async def metrics(self, *, username: str | None = None, password: Secret[str] | None = None) -> Metrics:
        """`GET /metrics`, with Basic authentication when both are given."""
        return await metrics.fetch(self._calls, self._context, username, password)

    # --- pages ---------------------------------------------------------------------------------------------------

    def payment_pages(self, *, start: PageToken | None = None) -> AsyncIterator[Page[Payment]]:
        """The pages of ListPayments, newest first; a page is fetched when it is asked for."""
        return paging.pages(lambda token: self.list_payments(page_token=token), start)

    def payments(self, *, start: PageToken | None = None) -> AsyncIterator[Payment]:
        """All that ListPayments knows, row by row: an event log, not the payments (server facts 7.1)."""
        return paging.rows(lambda token: self.list_payments(page_token=token), start)

    def forward_pages(self, *, start: PageToken | None = None) -> AsyncIterator[Page[ForwardedPayment]]:
        """The pages of ListForwardedPayments."""
        return paging.pages(lambda token: self.list_forwarded_payments(page_token=token), start)

    def forwards(self, *, start: PageToken | None = None) -> AsyncIterator[ForwardedPayment]:
        """All forwards, row by row: no id and no time in them."""
        return paging.rows(lambda token: self.list_forwarded_payments(page_token=token), start)

    # --- node ---------------------------------------------------------------------------------------------------------

    async def get_node_info(self) -> NodeInfo:
        """Id, height, sync times, addresses, network, features."""
        return cast("NodeInfo", await self.call(rq.GetNodeInfo()))

    async def get_balances(self) -> Balances:
        """On-chain and Lightning balances; may wait for the wallet during a sync."""
        return cast("Balances", await self.call(rq.GetBalances()))

    async def export_pathfinding_scores(self) -> bytes:
        """The scorer's state: up to about 20 MiB."""
        return cast("bytes", await self.call(rq.ExportPathfindingScores()))

    async def sign_message(self, *, message: bytes) -> str:
        """A zbase32 signature by the node's key."""
        return cast("str", await self.call(rq.SignMessage(message=message)))

    async def verify_signature(self, *, message: bytes, signature: str, public_key: str) -> bool:
        """Whether this key signed this message."""
        return cast(
            "bool", await self.call(rq.VerifySignature(message=message, signature=signature, public_key=public_key))
        )

    # --- on-chain -----------------------------------------------------------------------------------------------------

    async def onchain_receive(self) -> Address:
        """A new address at each call."""
        return cast("Address", await self.call(rq.OnchainReceive()))

    async def onchain_send(
        self, *, address: str, amount: Sat | rq.AllFunds | None, fee_rate_sat_per_vb: int | None = None
    ) -> Txid:
        """MONEY. One wallet-spending call at a time (server facts 6.4)."""
        return cast(
            "Txid",
            await self.call(rq.OnchainSend(address=address, amount=amount, fee_rate_sat_per_vb=fee_rate_sat_per_vb)),
        )

    # --- BOLT11 -------------------------------------------------------------------------------------------------------

    async def bolt11_receive(
        self, *, expiry_s: int, amount_msat: Msat | None = None, description: rq.Description | None = None
    ) -> NewInvoice:
        """An invoice. `expiry_s` 0 makes one that has expired."""
        return cast(
            "NewInvoice",
            await self.call(rq.Bolt11Receive(expiry_s=expiry_s, amount_msat=amount_msat, description=description)),
        )

    async def bolt11_receive_for_hash(
        self,
        *,
        payment_hash: PaymentHash,
        expiry_s: int,
        amount_msat: Msat | None = None,
        description: rq.Description | None = None,
    ) -> str:
        """A hodl invoice: keep the preimage first."""
        return cast(
            "str",
            await self.call(
                rq.Bolt11ReceiveForHash(
                    payment_hash=payment_hash, expiry_s=expiry_s, amount_msat=amount_msat, description=description
                )
            ),
        )

    async def bolt11_claim_for_hash(
        self,
        *,
        preimage: Secret[str],
        payment_hash: PaymentHash | None = None,
        claimable_amount_msat: Msat | None = None,
    ) -> None:
        """MONEY. OK is not proof that it was claimed (9.3)."""
        await self.call(
            rq.Bolt11ClaimForHash(
                preimage=preimage, payment_hash=payment_hash, claimable_amount_msat=claimable_amount_msat
            )
        )

    async def bolt11_fail_for_hash(self, *, payment_hash: PaymentHash) -> None:
        """MONEY. Only for an inbound pending hodl payment (9.4)."""
        await self.call(rq.Bolt11FailForHash(payment_hash=payment_hash))

    async def bolt11_receive_via_jit_channel(
        self,
        *,
        amount_msat: Msat,
        expiry_s: int,
        description: rq.Description | None = None,
        max_total_lsp_fee_limit_msat: Msat | None = None,
    ) -> str:
        """An invoice for which the LSP opens a channel."""
        return cast(
            "str",
            await self.call(
                rq.Bolt11ReceiveViaJitChannel(
                    amount_msat=amount_msat,
                    expiry_s=expiry_s,
                    description=description,
                    max_total_lsp_fee_limit_msat=max_total_lsp_fee_limit_msat,
                )
            ),
        )

    async def bolt11_receive_variable_amount_via_jit_channel(
        self,
        *,
        expiry_s: int,
        description: rq.Description | None = None,
        max_proportional_lsp_fee_limit_ppm_msat: int | None = None,
    ) -> str:
        """As above, any amount."""
        return cast(
            "str",
            await self.call(
                rq.Bolt11ReceiveVariableAmountViaJitChannel(
                    expiry_s=expiry_s,
                    description=description,
                    max_proportional_lsp_fee_limit_ppm_msat=max_proportional_lsp_fee_limit_ppm_msat,
                )
            ),
        )

    async def bolt11_send(
        self, *, invoice: str, amount_msat: Msat | None = None, route: rq.RouteParameters | None = None
    ) -> PaymentId:
        """MONEY. OK means accepted, not paid. The id is the payment hash."""
        return cast("PaymentId", await self.call(rq.Bolt11Send(invoice=invoice, amount_msat=amount_msat, route=route)))

    async def bolt11_send_underpaying(
        self, *, invoice: str, amount_msat: Msat, route: rq.RouteParameters | None = None
    ) -> PaymentId:
        """MONEY. Level 2026-08 only."""
        return cast(
            "PaymentId",
            await self.call(rq.Bolt11SendUnderpaying(invoice=invoice, amount_msat=amount_msat, route=route)),
        )

    async def decode_invoice(self, *, invoice: str) -> DecodedInvoice:
        """Decoded by the server; the request cannot act as a payment (section 2)."""
        return cast("DecodedInvoice", await self.call(rq.DecodeInvoice(invoice=invoice)))

    # --- BOLT12 -------------------------------------------------------------------------------------------------------

    async def bolt12_receive(
        self,
        *,
        description: str,
        amount_msat: Msat | None = None,
        expiry_s: int | None = None,
        quantity: int | None = None,
    ) -> NewOffer:
        """An offer."""
        return cast(
            "NewOffer",
            await self.call(
                rq.Bolt12Receive(description=description, amount_msat=amount_msat, expiry_s=expiry_s, quantity=quantity)
            ),
        )

    async def bolt12_send(
        self,
        *,
        offer: str,
        amount_msat: Msat | None = None,
        quantity: int | None = None,
        payer_note: str | None = None,
        route: rq.RouteParameters | None = None,
    ) -> PaymentId:
        """MONEY. The id is random: unknown until this returns."""
        return cast(
            "PaymentId",
            await self.call(
                rq.Bolt12Send(
                    offer=offer, amount_msat=amount_msat, quantity=quantity, payer_note=payer_note, route=route
                )
            ),
        )

    async def decode_offer(self, *, offer: str) -> DecodedOffer:
        """As decode_invoice."""
        return cast("DecodedOffer", await self.call(rq.DecodeOffer(offer=offer)))

    # --- keysend and unified ------------------------------------------------------------------------------------------

    async def spontaneous_send(
        self,
        *,
        amount_msat: Msat,
        node_id: NodeId,
        route: rq.RouteParameters | None = None,
        custom_tlvs: Sequence[CustomTlv] = (),
        preimage: Secret[str] | None = None,
    ) -> PaymentId:
        """MONEY. With our own preimage the id is known in advance."""
        return cast(
            "PaymentId",
            await self.call(
                rq.SpontaneousSend(
                    amount_msat=amount_msat,
                    node_id=node_id,
                    route=route,
                    custom_tlvs=tuple(custom_tlvs),
                    preimage=preimage,
                )
            ),
        )

    async def unified_send(
        self, *, uri: str, amount_msat: Msat | None = None, route: rq.RouteParameters | None = None
    ) -> UnifiedResult:
        """MONEY. A URI with a fallback may be paid twice (6.8): pick one rail and call that."""
        return cast("UnifiedResult", await self.call(rq.UnifiedSend(uri=uri, amount_msat=amount_msat, route=route)))

    # --- channels -----------------------------------------------------------------------------------------------------

    async def open_channel(
        self,
        *,
        node_id: NodeId,
        address: str,
        amount: Sat | rq.AllFunds | None,
        push_msat: Msat | None = None,
        config: ChannelConfig | None = None,
        announce: bool = False,
        disable_counterparty_reserve: bool = False,
    ) -> UserChannelId:
        """MONEY. One wallet-spending call at a time (6.9)."""
        return cast(
            "UserChannelId",
            await self.call(
                rq.OpenChannel(
                    node_id=node_id,
                    address=address,
                    amount=amount,
                    push_msat=push_msat,
                    config=config,
                    announce=announce,
                    disable_counterparty_reserve=disable_counterparty_reserve,
                )
            ),
        )

    async def splice_in(
        self, *, user_channel_id: UserChannelId, counterparty: NodeId, amount: Sat | rq.AllFunds | None
    ) -> None:
        """MONEY. One wallet-spending call at a time."""
        await self.call(rq.SpliceIn(user_channel_id=user_channel_id, counterparty=counterparty, amount=amount))

    async def splice_out(
        self, *, user_channel_id: UserChannelId, counterparty: NodeId, amount_sat: Sat, address: str | None = None
    ) -> Address:
        """MONEY. Returns the address that receives."""
        return cast(
            "Address",
            await self.call(
                rq.SpliceOut(
                    user_channel_id=user_channel_id, counterparty=counterparty, amount_sat=amount_sat, address=address
                )
            ),
        )

    async def update_channel_config(
        self, *, user_channel_id: UserChannelId, counterparty: NodeId, config: ChannelConfig | None
    ) -> None:
        """Fields that are None keep their value."""
        await self.call(
            rq.UpdateChannelConfig(user_channel_id=user_channel_id, counterparty=counterparty, config=config)
        )

    async def close_channel(self, *, user_channel_id: UserChannelId, counterparty: NodeId) -> None:
        """MONEY. OK also for an unknown channel: verify with list_channels."""
        await self.call(rq.CloseChannel(user_channel_id=user_channel_id, counterparty=counterparty))

    async def force_close_channel(
        self, *, user_channel_id: UserChannelId, counterparty: NodeId, reason: str | None = None
    ) -> None:
        """MONEY. As close_channel; the reason goes to the peer."""
        await self.call(rq.ForceCloseChannel(user_channel_id=user_channel_id, counterparty=counterparty, reason=reason))

    async def list_channels(self) -> tuple[LightningChannel, ...]:
        """All channels."""
        return cast("tuple[LightningChannel, ...]", await self.call(rq.ListChannels()))

    # --- payments -----------------------------------------------------------------------------------------------------

    async def get_payment_details(self, *, payment_id: PaymentId) -> Payment | None:
        """The node's record, or None for an unknown id."""
        return cast("Payment | None", await self.call(rq.GetPaymentDetails(payment_id=payment_id)))

    async def list_payments(self, *, page_token: PageToken | None = None) -> Page[Payment]:
        """One page; `payments()` walks through all."""
        return cast("Page[Payment]", await self.call(rq.ListPayments(page_token=page_token)))

    async def list_forwarded_payments(self, *, page_token: PageToken | None = None) -> Page[ForwardedPayment]:
        """One page; `forwards()` walks through all."""
        return cast("Page[ForwardedPayment]", await self.call(rq.ListForwardedPayments(page_token=page_token)))

    # --- peers --------------------------------------------------------------------------------------------------------

    async def connect_peer(self, *, node_id: NodeId, address: str, persist: bool = False) -> None:
        """OK also when connected already."""
        await self.call(rq.ConnectPeer(node_id=node_id, address=address, persist=persist))

    async def disconnect_peer(self, *, node_id: NodeId) -> None:
        """OK also for an unknown peer."""
        await self.call(rq.DisconnectPeer(node_id=node_id))

    async def list_peers(self) -> tuple[Peer, ...]:
        """Peers, also saved ones that are offline."""
        return cast("tuple[Peer, ...]", await self.call(rq.ListPeers()))

    # --- network graph ------------------------------------------------------------------------------------------------

    async def graph_list_channels(self) -> tuple[ShortChannelId, ...]:
        """Every channel of the graph: large, only on demand."""
        return cast("tuple[ShortChannelId, ...]", await self.call(rq.GraphListChannels()))

    async def graph_get_channel(self, *, short_channel_id: ShortChannelId) -> GraphChannel:
        """Both directions of a channel."""
        return cast("GraphChannel", await self.call(rq.GraphGetChannel(short_channel_id=short_channel_id)))

    async def graph_list_nodes(self) -> tuple[NodeId, ...]:
        """Every node of the graph: large, only on demand."""
        return cast("tuple[NodeId, ...]", await self.call(rq.GraphListNodes()))

    async def graph_get_node(self, *, node_id: NodeId) -> GraphNode:
        """A node's channels and announcement."""
        return cast("GraphNode", await self.call(rq.GraphGetNode(node_id=node_id)))
