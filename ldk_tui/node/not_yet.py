"""The port before there is one: the first frame is drawn on it, while the real one is being loaded."""

from __future__ import annotations

from collections.abc import Callable

from ldk_tui.core.attention import AttentionLine
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.core.ids import NodeId, PaymentId
from ldk_tui.core.model import Peer
from ldk_tui.core.text import SafeText
from ldk_tui.node.query import ChannelQuery, PaymentQuery
from ldk_tui.node.views import (
    ChannelKey,
    ChannelRow,
    ChannelsView,
    ConnectionReport,
    EventsView,
    FeedState,
    ForwardsView,
    HodlView,
    Listener,
    NodeView,
    PaymentDetails,
    PaymentRow,
    PaymentsView,
    Phase,
    Revealed,
    SecretKind,
)


class NotYet:
    """Implements `views.NodePort`: about to connect, nothing known."""

    @property
    def feed(self) -> FeedState:
        return FeedState(Phase.CONNECTING)

    @property
    def attention(self) -> tuple[AttentionLine, ...]:
        return ()

    @property
    def report(self) -> ConnectionReport:
        return ConnectionReport()

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def retry_now(self) -> None:
        pass

    async def refresh(self) -> None:
        raise _no_connection()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return lambda: None

    def node(self, now_unix: float) -> NodeView:
        return NodeView(feed=self.feed)

    def channels(self, query: ChannelQuery) -> ChannelsView:
        return ChannelsView()

    def channel(self, key: ChannelKey) -> ChannelRow | None:
        return None

    def peers(self) -> tuple[Peer, ...]:
        return ()

    def payments(self, query: PaymentQuery) -> PaymentsView:
        return PaymentsView()

    def payment(self, payment_id: PaymentId) -> PaymentRow | None:
        return None

    def hodl(self) -> HodlView:
        return HodlView()

    def events(self) -> EventsView:
        return EventsView()

    def forwards(self) -> ForwardsView:
        return ForwardsView()

    def alias(self, node_id: NodeId) -> SafeText | None:
        return None

    def load_more_payments(self) -> None:
        pass

    async def payment_details(self, payment_id: PaymentId) -> PaymentDetails:
        raise _no_connection()

    async def reveal(self, payment_id: PaymentId, kind: SecretKind) -> Revealed:
        raise _no_connection()


def _no_connection() -> Unreachable:
    return Unreachable("There is no connection yet.", cause=UnreachableCause.LOST)
