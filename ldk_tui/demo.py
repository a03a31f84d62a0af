"""The program on a simulated node. Part of the room `cli`, which alone may know all others; see `launch`."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ldk_tui.core.errors import LdkError
from ldk_tui.node.refresh import NodeClient
from ldk_tui.node.service import NodeService
from ldk_tui.node.views import ConnectionReport

if TYPE_CHECKING:
    from ldk_tui.launch import SimOptions


class DemoService(NodeService):
    """A node that is simulated in this very process; its server starts with the first attempt to connect."""

    def __init__(self, options: SimOptions) -> None:
        super().__init__(self._open, now=time.time, report=self._said)
        self._options = options
        self._resources = contextlib.AsyncExitStack()
        self._client_of: object | None = None

    async def _open(self) -> NodeClient:
        from ldk_tui.client.api import LdkClient
        from ldk_tui.client.target import PinnedCertificate, Target
        from ldk_tui.sim.session import Session, session

        if self._client_of is None:
            wanted = self._options
            self._client_of = await self._resources.enter_async_context(
                session(
                    wanted.scenario,
                    now=time.time(),
                    level=wanted.level,
                    network=wanted.network,
                    seed=wanted.seed,
                    speed=wanted.speed,
                )
            )
        assert isinstance(self._client_of, Session)
        server = self._client_of.server
        trust = PinnedCertificate(pem=server.certificate.pem)
        return await LdkClient.connect(Target("127.0.0.1", server.port, trust, server.key))

    async def stop(self) -> None:
        await super().stop()
        await self._resources.aclose()

    def _said(self, error: LdkError | None) -> ConnectionReport:
        return ConnectionReport(cause=error.sentence if error else "Starting the simulated node.")
