"""Putting the rooms together: the program on a node, the program on a simulated node, the simulator alone.

Part of the room `cli`, which alone may know all others. Nothing here is imported before the arguments are understood,
and what the first frame does not need (client, wire, the node's store and feed, the simulator) is imported after it,
beside the screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ldk_tui.config import logs
from ldk_tui.config.paths import Paths, paths_below, user_paths
from ldk_tui.config.schema import LogLevel, Profile, Trust
from ldk_tui.core.amounts import Unit
from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Level, Network
from ldk_tui.core.record import dataclass

if TYPE_CHECKING:
    from ldk_tui.client.discovery import Flags
    from ldk_tui.node.refresh import NodeClient
    from ldk_tui.node.views import NodePort
    from ldk_tui.ui.app import LdkTuiApp, PortOpener


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


def node_opener(flags: Flags) -> PortOpener:
    """The node that the flags, the environment and the daemon's files name. Raises BadInput at once for what is wrong
    in them; what is merely missing is looked for again at each attempt, and said on the connection screen."""
    from ldk_tui.client.discovery import SECRET_VARIABLES, find

    environment = dict(os.environ)
    for name in SECRET_VARIABLES:
        os.environ.pop(name, None)  # children and crash reports shall not inherit it
    home = Path.home()
    last = find(flags, environment, sys.platform, home).report

    async def connect() -> NodeClient:
        from ldk_tui.client.api import LdkClient
        from ldk_tui.core.attempt import Report

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

    async def open_port() -> NodePort:
        await _loaded("ldk_tui.node.service", "ldk_tui.node.report", "ldk_tui.client.api")
        from ldk_tui.node.feed import Identity
        from ldk_tui.node.report import connection_report
        from ldk_tui.node.service import NodeService

        identity = Identity(network=_network(flags.network))
        return NodeService(
            connect, now=time.time, report=lambda error: connection_report(last, error), identity=identity
        )

    return open_port


def demo_opener(options: SimOptions) -> PortOpener:
    """A simulated node; its server starts with the first attempt to connect."""

    async def open_port() -> NodePort:
        await _loaded("ldk_tui.demo")
        from ldk_tui.demo import DemoService

        return DemoService(options)

    return open_port


async def _loaded(*modules: str) -> None:
    """Imports beside the event loop: the screen takes keys meanwhile."""
    for module in modules:
        await asyncio.to_thread(import_module, module)
    gc.freeze()  # modules stay: the collector need not look at them again


def run_app(flags: Flags, *, profile_name: str | None, options: AppOptions) -> int:
    """The program on a real node. Returns the exit code."""
    from ldk_tui.config import load

    paths = user_paths()
    config = load.load(paths.config_file)
    profile = config.profile(profile_name)
    opener = node_opener(with_profile(flags, profile))
    options = AppOptions(
        read_only=options.read_only or profile.read_only,
        unit=options.unit or profile.unit,
        light=options.light or config.theme == "light",
    )
    return _show(opener, options, paths, log_level=config.log_level, demo=False)


def run_demo(sim: SimOptions, options: AppOptions) -> int:
    """The program on a simulated node; it leaves nothing behind. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="ldk-tui-demo-") as folder:
        return _show(demo_opener(sim), options, paths_below(Path(folder)), log_level=LogLevel.INFO, demo=True)


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


def _show(opener: PortOpener, options: AppOptions, paths: Paths, *, log_level: LogLevel, demo: bool) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("ldk-tui draws on a terminal: start it in one, without redirecting its input or output.")
    log = logs.set_up(paths.log_file, log_level)
    try:
        gc.disable()  # nothing of what the first frame needs is ever garbage; the app lets it run again after that
        from ldk_tui.node.not_yet import NotYet
        from ldk_tui.ui.app import LdkTuiApp
        from ldk_tui.ui.driver import driver_class

        app = LdkTuiApp(
            NotYet(),
            opener=opener,
            now=time.time,
            demo_opener=None if demo else demo_opener(SimOptions()),
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
        gc.enable()
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


def with_profile(flags: Flags, profile: Profile) -> Flags:
    """The profile with what the command line says instead; an empty word was said too, and is refused later. Whom to
    trust is one choice: `--cert` takes the place of the profile's authorities, `--system-trust` that of its pin."""
    from ldk_tui.client.discovery import Flags

    profile_trust = flags.cert is None and not flags.system_trust
    profile_name = None if flags.system_trust else profile.certificate_name
    return Flags(
        server=flags.server if flags.server is not None else profile.server,
        cert=profile.cert if profile_trust else flags.cert,
        api_key_file=flags.api_key_file if flags.api_key_file is not None else profile.api_key_file,
        network=flags.network or (profile.network.value if profile.network else None),
        config=flags.config if flags.config is not None else profile.server_config,
        level=flags.level or profile.level,
        system_trust=profile.trust is Trust.SYSTEM if profile_trust else flags.system_trust,
        certificate_name=flags.certificate_name if flags.certificate_name is not None else profile_name,
    )


def _network(name: str | None) -> Network | None:
    if name is None:
        return None
    return Network.BITCOIN if name == "mainnet" else Network(name)
