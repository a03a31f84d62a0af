"""The event stream: live once entered, for the server subscribes before it sends the headers (safety facts 5.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ldk_tui.client import failure
from ldk_tui.client.exchange import Ended
from ldk_tui.client.failure import Context, StatusError
from ldk_tui.client.transport import MessageStream
from ldk_tui.core.errors import BadAnswer
from ldk_tui.core.events import Event
from ldk_tui.core.requests import RPCS
from ldk_tui.wire.dialect import Dialect

_RPC = RPCS["SubscribeEvents"]


class EventStream(AsyncIterator[Event]):
    """`async for event in stream`. Read at once and only queue: a reader that stalls makes the server drop events.

    Ends normally when the server ends it with status 0 (no server does), and by ShuttingDown (14), Unreachable (LOST),
    AccessDenied or BadAnswer otherwise. Events that arrived before the ending are given out first.
    """

    def __init__(self, messages: MessageStream, dialect: Dialect, context: Context) -> None:
        self._messages = messages
        self._dialect = dialect
        self._context = context

    async def __anext__(self) -> Event:
        try:
            message = await self._messages.next()
        except StatusError as status:
            raise failure.of_status(status, _RPC, self._context) from status
        except Ended as ended:
            raise failure.of_end(ended, _RPC, self._context) from ended
        if message is None:
            raise StopAsyncIteration
        try:
            return self._dialect.decode_event(message)
        except BadAnswer as error:
            raise failure.of_answer(error, _RPC) from error
