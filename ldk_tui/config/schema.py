"""What may stand in our own config.toml, and one sentence for everything that may not.

Each key has a reader that takes the TOML value and gives ours, or raises `Unusable` with half a sentence. A sentence
names the file and the key and, where a name is nearly right, the right one. Values are not repeated where they might be
a secret that was put into the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from ldk_tui.core.amounts import Msat, Unit, parse_amount
from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Level, Network
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import clean

EXAMPLE: Final = """\
# ldk-tui. Every line is optional; without this file the server is looked for as ldk-server-cli does it.
default_profile = "home"
unit = "sat"                          # sat, msat or BTC
amount_limit = "1000000 sat"          # to pay more than this, the amount has to be typed once more
read_only = false                     # true: nothing that moves money or channels can be started
bell = true                           # ring for alarms
log_level = "info"                    # debug, info, warning or error

[profile.home]
server = "127.0.0.1:3536"
network = "bitcoin"                   # bitcoin, testnet, testnet4, signet or regtest
cert = "~/.ldk-server/tls.crt"        # the certificate that is trusted, and no other
api_key_file = "~/.ldk-server/bitcoin/api_key"

[profile.office]
server = "node.example.org:3536"
trust = "system"                      # a certificate of a public authority instead of a pinned one
api_key_file = "office.key"           # relative to this file; mode 0600
level = "2026-08"                     # "auto" finds it out
read_only = true
"""


class Trust(Enum):
    """What the server's certificate is measured by: the file `cert`, or the authorities that the system trusts."""

    PINNED = "pinned"
    SYSTEM = "system"


class LogLevel(Enum):
    """The values are those of the standard library's logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


@dataclass(frozen=True, slots=True)
class Profile:
    """One server. None = not said: then it is looked for. `level` None: found by probing.

    `server`: host:port. `server_config`: the daemon's own config.toml. `certificate_name`: the name that a pinned
    certificate is made out to, when it is not the host. `metrics_username` and `metrics_password_file`: Basic
    authentication of GET /metrics. `read_only`, `unit` and `amount_limit_msat` are the general ones unless said here.
    """

    name: str = ""
    server: str | None = None
    server_config: Path | None = None
    cert: Path | None = None
    certificate_name: str | None = None
    trust: Trust = Trust.PINNED
    api_key_file: Path | None = None
    network: Network | None = None
    level: Level | None = None
    metrics_username: str | None = None
    metrics_password_file: Path | None = None
    read_only: bool = False
    unit: Unit = Unit.SAT
    amount_limit_msat: Msat | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. `path` None: there is none, and these are the defaults."""

    path: Path | None = None
    default_profile: str | None = None
    read_only: bool = False
    unit: Unit = Unit.SAT
    amount_limit_msat: Msat | None = None
    bell: bool = True
    theme: str | None = None
    log_level: LogLevel = LogLevel.INFO
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def profile(self, name: str | None = None) -> Profile:
        """The profile of this name; without one the default, the only one, or one that says nothing.

        Raises BadInput for an unknown name.
        """
        if name is not None:
            if name in self.profiles:
                return self.profiles[name]
            where = f"in {clean(str(self.path))}" if self.path else "because there is no config file"
            raise BadInput(_ended(f"There is no profile {_quoted(name)} {where}{_nearest(name, self.profiles)}"))
        if self.default_profile is not None:
            return self.profiles[self.default_profile]
        if len(self.profiles) == 1:
            return next(iter(self.profiles.values()))
        return Profile(read_only=self.read_only, unit=self.unit, amount_limit_msat=self.amount_limit_msat)


class Unusable(Exception):
    """Half a sentence, to be put behind the key's name: "is not …"."""


Reader = Callable[[Any, Path], Any]


def _text(value: Any, _folder: Path) -> str:
    if not isinstance(value, str):
        raise Unusable(f"is {_kind(value)} where a text in quotes is needed")
    if not value.strip():
        raise Unusable("is empty; leave the line out instead")
    if not value.isprintable():
        raise Unusable("holds characters that cannot be printed")
    return value.strip()


def _flag(value: Any, _folder: Path) -> bool:
    if not isinstance(value, bool):
        raise Unusable(f"is {_kind(value)}; it is either true or false, without quotes")
    return value


_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def _path(value: Any, folder: Path) -> Path:
    text = _text(value, folder)
    if _HEX_KEY.fullmatch(text):  # not repeated: it may well be the key
        raise Unusable("looks like a key; it is the path of a file that holds one")
    path = Path(text)
    if text.startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError as error:
            raise Unusable("begins with a ~ whose home folder is not known") from error
    return path if path.is_absolute() else folder / path


_SERVER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}))(?::([0-9]{1,5}))?", re.ASCII)


def _server(value: Any, folder: Path) -> str:
    text = _text(value, folder)
    if "://" in text:
        raise Unusable("has a scheme; write host:port alone, as in 127.0.0.1:3536")
    match = _SERVER.fullmatch(text)
    if match is None:
        raise Unusable("is not an address; write host:port, as in 127.0.0.1:3536 or [::1]:3536")
    if match.group(1) is not None and not 1 <= int(match.group(1)) <= 65_535:
        raise Unusable("has a port outside 1 to 65535")
    return text


def _amount(value: Any, folder: Path) -> Msat:
    if isinstance(value, int) and not isinstance(value, bool):
        raise Unusable('is a bare number; write it with its unit in quotes, as in "1000000 sat"')
    try:
        return parse_amount(_text(value, folder))
    except BadInput as error:
        raise Unusable(f"is not usable: {error.sentence[0].lower()}{error.sentence[1:].rstrip('.')}") from error


def _choice(choices: Mapping[str, Any]) -> Reader:
    def read(value: Any, folder: Path) -> Any:
        text = _text(value, folder)
        if text in choices:
            return choices[text]
        raise Unusable(f"is {_quoted(text)}; it is one of {', '.join(choices)}{_nearest(text, choices)}")

    return read


_NETWORKS = {network.value: network for network in Network if network is not Network.UNKNOWN}
_LEVELS = {"auto": None} | {level.value: level for level in Level if level is not Level.L2026_10}
_EITHER: dict[str, Reader] = {
    "read_only": _flag,
    "unit": _choice({unit.value: unit for unit in Unit}),
    "amount_limit": _amount,
}
_GENERAL: dict[str, Reader] = _EITHER | {
    "default_profile": _text,
    "bell": _flag,
    "theme": _text,
    "log_level": _choice({level.name.lower(): level for level in LogLevel}),
}
_PROFILE: dict[str, Reader] = _EITHER | {
    "server": _server,
    "server_config": _path,
    "cert": _path,
    "certificate_name": _text,
    "trust": _choice({trust.value: trust for trust in Trust}),
    "api_key_file": _path,
    "network": _choice(_NETWORKS | {"mainnet": Network.BITCOIN}),
    "level": _choice(_LEVELS),
    "metrics_username": _text,
    "metrics_password_file": _path,
}
_FIELDS = {"amount_limit": "amount_limit_msat"}  # where the field is not named like the key
_SECRETS = {"api_key": "api_key_file", "apikey": "api_key_file", "metrics_password": "metrics_password_file"}
_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


def parse(document: Mapping[str, Any], path: Path) -> Config:
    """The config that a TOML document says. Raises BadInput, which names the file and the key."""
    general = {key: value for key, value in document.items() if key != "profile"}
    values = _read(general, _GENERAL, path, "", extra=("profile",))
    config = Config(path, **values)
    tables = document.get("profile", {})
    if not isinstance(tables, Mapping):
        raise _bad(path, "profile", "is not a table; write [profile.name] and the keys below it")
    profiles: dict[str, Profile] = {}
    for name, table in tables.items():
        if not _PROFILE_NAME.fullmatch(name):
            raise _bad(path, f"profile.{name}", "has a name with other characters than letters, digits, - and _")
        if not isinstance(table, Mapping):
            wanted = f"; {name} belongs into [profile.some-name]" if name in _PROFILE else ""
            raise _bad(path, f"profile.{name}", f"is not a table{wanted}")
        said = _read(table, _PROFILE, path, f"profile.{name}.")
        general_profile = Profile(
            name, **{_FIELDS.get(key, key): getattr(config, _FIELDS.get(key, key)) for key in _EITHER}
        )
        profiles[name] = profile = replace(general_profile, **said)
        _consistent(profile, path)
    if config.default_profile is not None and config.default_profile not in profiles:
        near = _nearest(config.default_profile, profiles)
        raise _bad(path, "default_profile", f"names {_quoted(config.default_profile)}, which is no [profile.…]{near}")
    return replace(config, profiles=profiles)


def _consistent(profile: Profile, path: Path) -> None:
    prefix = f"profile.{profile.name}"
    if profile.trust is Trust.SYSTEM and profile.cert is not None:
        raise _bad(path, f"{prefix}.cert", 'contradicts trust = "system": a pinned certificate needs no authority')
    if profile.trust is Trust.SYSTEM and profile.certificate_name is not None:
        raise _bad(path, f"{prefix}.certificate_name", "only goes with a pinned certificate")
    if (profile.metrics_username is None) != (profile.metrics_password_file is None):
        raise _bad(path, f"{prefix}.metrics_username", "and metrics_password_file only go together")


def _read(
    table: Mapping[str, Any], readers: Mapping[str, Reader], path: Path, prefix: str, extra: Collection[str] = ()
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in _SECRETS:
            raise _bad(path, prefix + key, f"is a secret; put it into a file and name that with {_SECRETS[key]}")
        reader = readers.get(key)
        if reader is None:
            belongs = ""
            if key in _PROFILE and not prefix:
                belongs = "; it belongs under a [profile.name]"
            elif key in _GENERAL and prefix:
                belongs = "; it belongs at the top of the file, above the first [profile]"
            near = belongs or _nearest(key, [*readers, *extra])
            raise _bad(path, prefix + key, f"is not a key that ldk-tui knows{near}")
        try:
            values[_FIELDS.get(key, key)] = reader(value, path.parent)
        except Unusable as error:
            raise _bad(path, prefix + key, str(error)) from error
    return values


def _bad(path: Path, key: str, what: str) -> BadInput:
    return BadInput(_ended(f"{clean(str(path))}: {clean(key, max_cells=80)} {what}"))


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else sentence + "."


def _quoted(text: str) -> str:
    return f'"{clean(text, max_cells=40)}"'


def _nearest(text: str, names: Collection[str]) -> str:
    from difflib import get_close_matches  # only when something is wrong

    near = get_close_matches(text.lower(), names, n=1, cutoff=0.6) or get_close_matches(text, names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table", str: "a text"}
    return kinds.get(type(value), "a date")
