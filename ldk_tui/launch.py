"""Putting the rooms together: the program on a node, the program on a simulated node, the simulator alone.

Part of the room `cli`, which alone may know all others. Nothing here is imported before the arguments are understood.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ldk_tui.client.discovery import SECRET_VARIABLES, Flags, find
from ldk_tui.config import load, logs
from ldk_tui.config.paths import Paths, paths_below, user_paths
from ldk_tui.config.schema import LogLevel, Profile, Trust
from ldk_tui.core.amounts import Unit
from ldk_tui.core.attempt import Report
from ldk_tui.core.errors import BadInput, LdkError
from ldk_tui.core.model import Level, Network
from ldk_tui.core.record import dataclass
from ldk_tui.node.feed import Identity
from ldk_tui.node.refresh import NodeClient
from ldk_tui.node.report import connection_report
from ldk_tui.node.service import NodeService
from ldk_tui.node.views import ConnectionReport, NodePort

if TYPE_CHECKING:
    from ldk_tui.ui.app import LdkTuiApp


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What the screen takes; None = as the config file says."""

    read_only: bool = False
    unit: Unit | None = None
    light: bool = False


@dataclass(frozen=True, slots=True)
class SimOptions:
    """A simulated node. `speed`: how fast its time runs, 1 = as ours."""

    scenario: str = "busy"
    level: Level = Level.L2026_08
    network: Network = Network.SIGNET
    seed: int = 1
    speed: float = 1.0


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


def node_service(flags: Flags, identity: Identity | None = None) -> NodeService:
    """The node that the flags, the environment and the daemon's files name. Raises BadInput at once for what is wrong
    in them; what is merely missing is looked for again at each attempt, and said on the connection screen."""
    from ldk_tui.client.api import LdkClient

    environment = dict(os.environ)
    for name in SECRET_VARIABLES:
        os.environ.pop(name, None)  # children and crash reports shall not inherit it
    home = Path.home()
    last = find(flags, environment, sys.platform, home).report

    async def connect() -> NodeClient:
        nonlocal last
        try:
            found = find(flags, environment, sys.platform, home)
        except BadInput as error:
            last = Report(last.steps, error)
            raise
        last = found.report
        if found.target is None:
            assert found.report.problem is not None
            raise found.report.problem
        return await LdkClient.connect(found.target)

    return NodeService(connect, now=time.time, report=lambda error: connection_report(last, error), identity=identity)


def run_app(flags: Flags, *, profile_name: str | None, options: AppOptions) -> int:
    """The program on a real node. Returns the exit code."""
    paths = user_paths()
    config = load.load(paths.config_file)
    profile = config.profile(profile_name)
    flags = _with_profile(flags, profile)
    service = node_service(flags, Identity(network=_network(flags.network)))
    options = AppOptions(
        read_only=options.read_only or profile.read_only,
        unit=options.unit or profile.unit,
        light=options.light or config.theme == "light",
    )
    return _show(service, options, paths, log_level=config.log_level, demo=False)


def run_demo(sim: SimOptions, options: AppOptions) -> int:
    """The program on a simulated node; it leaves nothing behind. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="ldk-tui-demo-") as folder:
        return _show(DemoService(sim), options, paths_below(Path(folder)), log_level=LogLevel.INFO, demo=True)


def run_sim(sim: SimOptions, *, port: int, folder: Path | None, framing: str) -> int:
    """The simulated server alone, until it is told to stop. Returns the exit code."""
    with contextlib.ExitStack() as resources:
        if folder is None:
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="ldk-tui-sim-")))
        return asyncio.run(_serve(sim, port, folder.absolute(), framing))


async def _serve(sim: SimOptions, port: int, folder: Path, framing: str) -> int:
    from ldk_tui.sim.session import session

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Control-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    async with session(
        sim.scenario,
        now=time.time(),
        level=sim.level,
        network=sim.network,
        seed=sim.seed,
        speed=sim.speed,
        folder=folder,
        port=port,
        framing="standard" if framing == "standard" else "real",
    ) as running:
        config = folder / "config.toml"
        sys.stdout.write(
            f"A simulated LDK Server ({sim.scenario}, level {sim.level.value}, {sim.network.value}) "
            f"listens on 127.0.0.1:{running.server.port}\n"
            f"  ldk-tui --config {config}\n"
            f"Stop it with Control-C.\n"
        )
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            await stop.wait()
    return 0


def _show(port: NodePort, options: AppOptions, paths: Paths, *, log_level: LogLevel, demo: bool) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("ldk-tui draws on a terminal: start it in one, without redirecting its input or output.")
    log = logs.set_up(paths.log_file, log_level)
    try:
        from ldk_tui.ui.app import LdkTuiApp
        from ldk_tui.ui.driver import driver_class

        async def open_demo() -> NodePort:
            return DemoService(SimOptions())

        app = LdkTuiApp(
            port,
            now=time.time,
            demo_opener=None if demo else open_demo,
            demo=demo,
            read_only=options.read_only,
            unit=options.unit or Unit.SAT,
            light=options.light,
            log_place=None if demo else str(paths.log_file),
            driver_class=driver_class(),
        )
        asyncio.run(_until_told(app))
        return app.return_code or 0
    finally:
        log.remove()


async def _until_told(app: LdkTuiApp) -> None:
    """Runs the app; a signal that ends programs ends it as `q` does, so that the terminal is left as it was."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, partial(app.exit, return_code=128 + number))
    await app.run_async()


def _with_profile(flags: Flags, profile: Profile) -> Flags:
    return Flags(
        server=flags.server or profile.server,
        cert=flags.cert or profile.cert,
        api_key_file=flags.api_key_file or profile.api_key_file,
        network=flags.network or (profile.network.value if profile.network else None),
        config=flags.config or profile.server_config,
        level=flags.level or profile.level,
        system_trust=flags.system_trust or profile.trust is Trust.SYSTEM,
        certificate_name=flags.certificate_name or profile.certificate_name,
    )


def _network(name: str | None) -> Network | None:
    if name is None:
        return None
    return Network.BITCOIN if name == "mainnet" else Network(name)
