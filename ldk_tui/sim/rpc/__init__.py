"""What each RPC does, by subject: one function per request, raising GrpcStatus in the server's order of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldk_tui.core.requests import Request
from ldk_tui.sim.rpc import channels, hodl, info, jit, offers, onchain, peers, receive, send, stores, tools, unified
from ldk_tui.sim.rpc.refusals import trouble

if TYPE_CHECKING:
    from ldk_tui.sim.node import SimNode

Handler = Callable[["SimNode", Any], Any]

HANDLERS: dict[type, Handler] = {
    request: handler
    for module in (info, onchain, receive, hodl, jit, send, offers, unified, channels, peers, stores, tools)
    for request, handler in module.HANDLERS.items()
}


def handle(node: SimNode, request: Request) -> Any:
    """The answer of `node`, as a core value (None where the message is empty). Raises GrpcStatus."""
    if not node.running:
        raise trouble("Node is not running.")
    return HANDLERS[type(request)](node, request)
