"""Finding the server as ldk-server-cli finds it (server facts 5), plus what flags and variables say.

Precedence for each of address, network, certificate, key: flag, variable, the daemon's config.toml, default. Variables:
the MCP's `LDK_BASE_URL`, `LDK_TLS_CERT_PATH`, `LDK_API_KEY` (64 hex digits; a last resort: `SECRET_VARIABLES` are for
the caller to take out of the environment), and the daemon's own `LDK_SERVER_NODE_GRPC_SERVICE_ADDRESS`,
`LDK_SERVER_NODE_NETWORK` and `LDK_SERVER_STORAGE_DIR_PATH`, for a node that has no file. The key is never in argv.

What a person *said* and is wrong raises BadInput with one sentence; what is merely not there is in the report, so that
the program opens and says what it looked for. Platform, environment and home are arguments: nothing is read from the
process.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePath
from typing import Any, Final

from ldk_tui.client import keyfile, tls
from ldk_tui.client.target import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    PinnedCertificate,
    SystemTrust,
    Target,
    Trust,
    dial_host,
    format_address,
    parse_address,
)
from ldk_tui.core.attempt import Report, Step, StepKind, StepResult
from ldk_tui.core.errors import BadInput, LdkError, Unreachable, UnreachableCause
from ldk_tui.core.model import Level, Network
from ldk_tui.core.record import dataclass
from ldk_tui.core.secret import Secret

SECRET_VARIABLES: Final = ("LDK_API_KEY",)
_MAX_CONFIG_BYTES = 1024 * 1024
_KEY_NAME = "api_key"
_CERTIFICATE_NAME = "tls.crt"
_NETWORKS = {network.value: network for network in Network if network is not Network.UNKNOWN}
_NETWORKS["mainnet"] = Network.BITCOIN
_HEX64 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line (or a profile) says; None = not said. `system_trust` needs no certificate file."""

    server: str | None = None
    cert: Path | None = None
    api_key_file: Path | None = None
    network: str | None = None
    config: Path | None = None
    level: Level | None = None
    system_trust: bool = False
    certificate_name: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`target` None: something is missing; `report.problem` says what, and `report.steps` what was tried."""

    target: Target | None
    report: Report


@dataclass(slots=True)
class _Search:
    flags: Flags
    env: Mapping[str, str]
    platform: str
    folder: Path
    steps: list[Step] = field(default_factory=list)
    config: Mapping[str, Any] = field(default_factory=dict)
    config_path: Path | None = None

    def note(self, kind: StepKind, value: object, source: str, result: StepResult, note: str = "") -> None:
        self.steps.append(Step(kind, str(value), source, result, note))

    def variable(self, name: str) -> str | None:
        return self.env.get(name, "").strip() or None


def default_folder(env: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where the daemon keeps its things unless told otherwise. `platform` as in `sys.platform`."""
    if platform == "darwin":
        return home / "Library" / "Application Support" / "ldk-server"
    if platform.startswith("win"):
        roaming = env.get("APPDATA", "").strip()
        return (Path(roaming) if roaming else home / "AppData" / "Roaming") / "ldk-server"
    return home / ".ldk-server"


def find(flags: Flags, env: Mapping[str, str], platform: str, home: Path) -> Found:
    """Look everywhere. Raises BadInput when a flag, variable or config file says something that cannot be used."""
    search = _Search(flags, env, platform, default_folder(env, platform, home))
    _load_config(search)
    host, port = _address(search)
    network, network_said = _network(search)
    storage = _storage(search)
    problem: LdkError | None = None
    trust: Trust | None = None
    key: tuple[Secret[str], Path | None] | None = None
    try:
        trust = _trust(search, storage)
    except Unreachable as error:
        problem = error
    try:
        key = _key(search, storage, network, network_said)
    except Unreachable as error:
        problem = problem or error
    report = Report(tuple(search.steps), problem)
    if trust is None or key is None:
        return Found(None, report)
    target = Target(host, port, trust, key[0], network if network_said else None, flags.level, key[1])
    return Found(target, report)


# --- config.toml -------------------------------------------------------------------------------------------------


def _load_config(search: _Search) -> None:
    said = search.flags.config is not None
    path = search.flags.config or search.folder / "config.toml"
    source = "--config" if said else "default"
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        if said:
            raise BadInput(f"The config file {path} does not exist.") from error
        search.note(StepKind.CONFIG, path, source, StepResult.MISSING)
        return
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if said:
            raise BadInput(f"The config file {path} cannot be read ({reason}).") from error
        search.note(StepKind.CONFIG, path, source, StepResult.UNREADABLE, reason)
        return
    try:
        search.config = _parsed(content, path)
    except BadInput as error:
        if said or not _all_said(search):
            raise
        search.note(StepKind.CONFIG, path, source, StepResult.INVALID, f"Not needed. {error.sentence}")
        return
    search.config_path = path
    search.note(StepKind.CONFIG, path, source, StepResult.OK)


def _parsed(content: bytes, path: Path) -> Mapping[str, Any]:
    if len(content) > _MAX_CONFIG_BYTES:
        raise BadInput(f"The config file {path} is too big to be one.")
    try:
        parsed = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"The config file {path} is not text in UTF-8.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # the parser's words may quote the file, and the file may hold passwords
        where = str(error).rpartition("(")[2].rstrip(")") if "(at " in str(error) else "somewhere"
        raise BadInput(f"The config file {path} is not TOML: look {where}.") from error
    return parsed


def _all_said(search: _Search) -> bool:
    flags = search.flags
    return bool(
        (flags.server or search.variable("LDK_BASE_URL"))
        and (flags.cert or flags.system_trust or search.variable("LDK_TLS_CERT_PATH"))
        and (flags.api_key_file or search.variable("LDK_API_KEY"))
    )


def _configured(search: _Search, *keys: str) -> str | None:
    """A text in the config, or None. Raises BadInput when it is something else."""
    value: Any = search.config
    for key in keys:
        if not isinstance(value, Mapping):
            raise BadInput(f"In {search.config_path}, [{'.'.join(keys[:-1])}] is not a table.")
        value = value.get(key)
        if value is None:
            return None
    if not isinstance(value, str):
        raise BadInput(f"In {search.config_path}, {keys[-1]} under [{'.'.join(keys[:-1])}] is not a text.")
    return value.strip() or None


# --- address, network, storage -----------------------------------------------------------------------------------


def _address(search: _Search) -> tuple[str, int]:
    daemon = "LDK_SERVER_NODE_GRPC_SERVICE_ADDRESS"
    sources = (
        (search.flags.server, "--server", False),
        (search.variable("LDK_BASE_URL"), "LDK_BASE_URL", False),
        (search.variable(daemon), daemon, True),
        (_configured(search, "node", "grpc_service_address"), str(search.config_path), True),
    )
    for text, source, listens in sources:
        if text is None:
            continue
        try:
            host, port = parse_address(text)
        except BadInput as error:
            raise BadInput(f"{source}: {error.sentence}") from error
        dialled = dial_host(host)
        note = f"The server listens on {text}; {dialled} is where to call it." if dialled != host else ""
        if note and not listens:
            note = f"{text} is no destination; {dialled} is meant."
        search.note(StepKind.ADDRESS, format_address(dialled, port), source, StepResult.OK, note)
        return dialled, port
    search.note(StepKind.ADDRESS, f"{DEFAULT_HOST}:{DEFAULT_PORT}", "default", StepResult.DEFAULT)
    return DEFAULT_HOST, DEFAULT_PORT


def _network(search: _Search) -> tuple[Network, bool]:
    """The network, and whether anybody said so."""
    sources = (
        (search.flags.network, "--network"),
        (search.variable("LDK_SERVER_NODE_NETWORK"), "LDK_SERVER_NODE_NETWORK"),
        (_configured(search, "node", "network"), str(search.config_path)),
    )
    for text, source in sources:
        if text is None:
            continue
        network = _NETWORKS.get(text.lower())
        if network is None:
            raise BadInput(f"{source}: the network is one of {', '.join(_NETWORKS)}.")
        search.note(StepKind.NETWORK, network.value, source, StepResult.OK)
        return network, True
    search.note(StepKind.NETWORK, Network.BITCOIN.value, "default", StepResult.DEFAULT)
    return Network.BITCOIN, False


def _storage(search: _Search) -> tuple[tuple[Path, str], ...]:
    """The folders to look in, each with who named it: the storage folder, then the default one."""
    named = search.variable("LDK_SERVER_STORAGE_DIR_PATH")
    source = "LDK_SERVER_STORAGE_DIR_PATH"
    if named is None:
        named, source = _configured(search, "storage", "disk", "dir_path"), str(search.config_path)
    folders: list[tuple[Path, str]] = []
    if named is not None:
        folders.append((_resolved(search, named), source))
    if search.folder not in [folder for folder, _ in folders]:
        folders.append((search.folder, "default"))
    return tuple(folders)


def _resolved(search: _Search, text: str) -> Path:
    """A path from the config: relative to nothing the server told us but its config's folder, `~` is the home."""
    if text == "~" or text.startswith("~/"):
        home = search.env.get("HOME", "").strip()
        if home:
            return Path(home) / text[2:]
    path = Path(text)
    if not path.is_absolute() and not PurePath(text).drive and search.config_path is not None:
        return search.config_path.parent / path
    return path


# --- certificate and key -----------------------------------------------------------------------------------------


def _trust(search: _Search, storage: tuple[tuple[Path, str], ...]) -> Trust:
    flags = search.flags
    if flags.system_trust:
        if flags.cert is not None:
            raise BadInput("Give either --cert or --system-trust: one excludes the other.")
        if flags.certificate_name is not None:
            raise BadInput("Another certificate name is only accepted together with a pinned certificate (--cert).")
        search.note(StepKind.CERTIFICATE, "authorities of this system", "--system-trust", StepResult.OK)
        return SystemTrust()
    variable = search.variable("LDK_TLS_CERT_PATH")
    if flags.cert is not None or variable is not None:
        path, source = (flags.cert, "--cert") if flags.cert is not None else (Path(variable or ""), "LDK_TLS_CERT_PATH")
        assert path is not None
        pin = PinnedCertificate(path, name=flags.certificate_name)
        try:
            tls.prepare(pin)
        except Unreachable as error:
            raise BadInput(error.sentence) from error
        search.note(StepKind.CERTIFICATE, path, source, StepResult.OK)
        return pin
    configured = _configured(search, "tls", "cert_path")
    candidates = [(_resolved(search, configured), str(search.config_path))] if configured is not None else []
    if not candidates:
        candidates = [(folder / _CERTIFICATE_NAME, source) for folder, source in storage]
    problem: Unreachable | None = None
    for path, source in candidates:
        pin = PinnedCertificate(path, name=flags.certificate_name)
        try:
            tls.prepare(pin)
        except Unreachable as error:
            result = _failed(path)
            search.note(StepKind.CERTIFICATE, path, source, result, error.sentence)
            problem = problem or error
            if result is not StepResult.MISSING:
                break  # it is there and wrong: another server's file elsewhere is no answer to that
            continue
        search.note(StepKind.CERTIFICATE, path, source, StepResult.OK)
        return pin
    assert problem is not None
    raise problem


def _key(
    search: _Search, storage: tuple[tuple[Path, str], ...], network: Network, network_said: bool
) -> tuple[Secret[str], Path | None]:
    if search.flags.api_key_file is not None:
        path = search.flags.api_key_file
        try:
            key = keyfile.read_key(path, platform=search.platform)
        except Unreachable as error:
            raise BadInput(error.sentence) from error
        search.note(StepKind.KEY_FILE, path, "--api-key-file", StepResult.OK)
        return key, path
    variable = search.variable("LDK_API_KEY")
    if variable is not None:
        if len(variable) != 64:  # 32 characters are no key here: a variable holds text, not bytes
            raise BadInput("LDK_API_KEY: the key is 64 hex digits; better give its file with --api-key-file.")
        try:
            key = keyfile.parse_key(variable.encode("utf-8", "replace"))
        except Unreachable as error:
            raise BadInput(
                "LDK_API_KEY: the key is 64 hex digits; better give its file with --api-key-file."
            ) from error
        search.note(StepKind.KEY_FILE, "(a variable)", "LDK_API_KEY", StepResult.OK, "A file is safer.")
        return key, None
    problem: Unreachable | None = None
    for folder, source in storage:
        path = folder / network.value / _KEY_NAME
        try:
            key = keyfile.read_key(path, platform=search.platform)
        except Unreachable as error:
            result = _failed(path)
            search.note(StepKind.KEY_FILE, path, source, result, error.sentence)
            problem = problem or error
            if result is not StepResult.MISSING:
                break  # it is there and wrong: another server's file elsewhere is no answer to that
            continue
        search.note(StepKind.KEY_FILE, path, source, StepResult.OK)
        return key, path
    assert problem is not None
    raise _with_other_networks(problem, storage, network, network_said)


def _with_other_networks(
    problem: Unreachable, storage: tuple[tuple[Path, str], ...], network: Network, network_said: bool
) -> Unreachable:
    """The usual reason for a missing key: it is there, for another network."""
    others = [
        other.value
        for other in Network
        if other not in (network, Network.UNKNOWN) and any((f / other.value / _KEY_NAME).exists() for f, _ in storage)
    ]
    if not others:
        return problem
    who = "" if network_said else " (nobody said which, so bitcoin was assumed)"
    sentence = (
        f"There is no key file for {network.value}{who}, but one for {' and '.join(others)}: --network {others[0]}."
    )
    return Unreachable(sentence, cause=UnreachableCause.KEY_FILE, detail=problem.sentence)


def _failed(path: Path) -> StepResult:
    try:
        exists = path.exists()
    except OSError:
        return StepResult.UNREADABLE
    if not exists:
        return StepResult.MISSING
    try:
        with path.open("rb"):
            return StepResult.INVALID
    except OSError:
        return StepResult.UNREADABLE
