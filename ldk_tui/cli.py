"""Arguments in, one of the rooms started. No logic of its own; everything heavy is imported late.

Exit codes: 0 as asked, 1 a fault of the program, 2 something that was given cannot be used (one sentence on stderr).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ldk_tui import __version__

NETWORKS = ("bitcoin", "mainnet", "testnet", "testnet4", "signet", "regtest")
LEVELS = ("2026-04", "2026-08")
SCENARIOS = ("busy", "first-day", "hodl-tense", "big", "hostile", "broken")
UNITS = ("sat", "msat", "BTC")


class _KeyGiven(argparse.Action):
    """`--api-key HEX`, as other clients have it: refused, and not repeated on the screen or in anybody's log."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(
            "the key is never taken from the command line, where every user of this computer can read it: "
            "give its file with --api-key-file FILE"
        )


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the page of usage before it. Options are whole words only: what
    `--api-key` once meant elsewhere must not be read as the beginning of `--api-key-file`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"ldk-tui: {_printable(message)} (ldk-tui --help lists what there is)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ldk-tui",
        description="The operator's cockpit for LDK Server. Without a command it opens on your node, found as "
        "ldk-server-cli finds it: config.toml in the default folder, LDK_SERVER_* variables, defaults.",
        epilog="The API key is read from its file, never from the command line. "
        "`ldk-tui demo` opens on a simulated node.",
    )
    parser.add_argument("--version", action="version", version=f"ldk-tui {__version__}")
    where = parser.add_argument_group("your node")
    where.add_argument("--server", metavar="HOST:PORT", help="where it listens (default 127.0.0.1:3536)")
    where.add_argument("--cert", metavar="FILE", type=Path, help="its tls.crt: only this certificate is trusted")
    where.add_argument("--api-key-file", metavar="FILE", type=Path, help="its api_key: 32 raw bytes or 64 hex digits")
    where.add_argument("--api-key", action=_KeyGiven, nargs="?", help=argparse.SUPPRESS)
    where.add_argument("--network", choices=NETWORKS, metavar="N", help=", ".join(NETWORKS))
    where.add_argument("--config", metavar="FILE", type=Path, help="the server's own config.toml")
    where.add_argument("--level", choices=LEVELS, help="the wire level (default: found by asking)")
    where.add_argument(
        "--system-trust", action="store_true", help="trust the system's authorities, not one certificate"
    )
    where.add_argument(
        "--cert-name", metavar="NAME", help="the name in the pinned certificate, when it is not the host"
    )
    where.add_argument("--profile", metavar="NAME", help="a profile of ldk-tui's config.toml")
    _add_look(parser.add_argument_group("the screen"))

    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser("demo", help="open on a simulated node")
    _add_world(demo)
    _add_look(demo)
    sim = commands.add_parser("sim", help="run the simulated server alone, for any client")
    _add_world(sim)
    sim.add_argument(
        "--port", type=_port, default=3536, metavar="N", help="on 127.0.0.1 (default 3536, 0: any free one)"
    )
    sim.add_argument("--dir", type=Path, metavar="FOLDER", help="write what a real server would have there")
    sim.add_argument("--framing", choices=("real", "standard"), default="real", help="how errors end (default real)")
    config = commands.add_parser("config", help="where ldk-tui keeps its own files")
    config.add_argument("what", choices=("path",))
    return parser


def _add_look(group: argparse._ActionsContainer) -> None:
    group.add_argument("--unit", choices=UNITS, default=argparse.SUPPRESS, help="how amounts are shown (default sat)")
    group.add_argument(
        "--read-only", action="store_true", default=argparse.SUPPRESS, help="without commands that change anything"
    )
    group.add_argument("--light", action="store_true", default=argparse.SUPPRESS, help="the light theme")


def _add_world(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", choices=SCENARIOS, default="busy", help="(default busy)")
    parser.add_argument("--level", dest="sim_level", choices=LEVELS, default="2026-08", help="(default 2026-08)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same world")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="how fast its time runs (default 1)")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3_600:
        raise argparse.ArgumentTypeError(f"the speed is a number from 0.1 to 3600, not {text!r}")
    return value


def _printable(text: str) -> str:
    """Arguments are typed or pasted: what a terminal would obey is shown, not sent."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text.replace("\n", " "))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    from ldk_tui.core.errors import BadInput

    try:
        return _run(arguments)
    except BadInput as error:
        sys.stderr.write(f"ldk-tui: {_printable(error.sentence)}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "config":
        from ldk_tui.config.paths import user_paths

        sys.stdout.write(f"{user_paths().config_file}\n")
        return 0

    from ldk_tui import launch
    from ldk_tui.core.amounts import Unit
    from ldk_tui.core.model import Level

    unit = getattr(arguments, "unit", None)
    options = launch.AppOptions(
        read_only=getattr(arguments, "read_only", False),
        unit=Unit(unit) if unit else None,
        light=getattr(arguments, "light", False),
    )
    if arguments.command is None:
        from ldk_tui.client.discovery import Flags

        flags = Flags(
            server=arguments.server,
            cert=arguments.cert,
            api_key_file=arguments.api_key_file,
            network=arguments.network,
            config=arguments.config,
            level=Level(arguments.level) if arguments.level else None,
            system_trust=arguments.system_trust,
            certificate_name=arguments.cert_name,
        )
        return launch.run_app(flags, profile_name=arguments.profile, options=options)
    sim = launch.SimOptions(
        scenario=arguments.scenario, level=Level(arguments.sim_level), seed=arguments.seed, speed=arguments.speed
    )
    if arguments.command == "demo":
        return launch.run_demo(sim, options)
    return launch.run_sim(sim, port=arguments.port, folder=arguments.dir, framing=arguments.framing)
