"""Which server, trusted how, with which key: what discovery finds and a connection needs."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Level, Network
from ldk_tui.core.record import dataclass
from ldk_tui.core.secret import Secret

DEFAULT_PORT = 3536
DEFAULT_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PinnedCertificate:
    """Trust exactly this certificate: a PEM file, or its bytes (a profile that holds the pin itself).

    Of a chain only the first certificate counts: an intermediate as root would be trusted for any of its certificates,
    which is not a pin (safety facts 2.4). `name` overrides the name that is looked for in the certificate (`localhost`
    behind a tunnel); None looks for the host. `check_name` False looks for no name at all, and then the server must
    present exactly the pinned certificate, not one that it signed.
    """

    path: Path | None = None
    pem: bytes | None = None
    name: str | None = None
    check_name: bool = True


@dataclass(frozen=True, slots=True)
class SystemTrust:
    """Trust what the operating system trusts: for a certificate that a public authority signed. Always explicit."""


Trust = PinnedCertificate | SystemTrust


@dataclass(frozen=True, slots=True)
class Target:
    """One server. `key` is the HMAC key: 64 lower-case hex digits as text, not the 32 bytes (server facts 2).

    `network` None = not known here; `level` None = found by the probe, otherwise forced. `key_path` is for sentences.
    """

    host: str
    port: int
    trust: Trust
    key: Secret[str]
    network: Network | None = None
    level: Level | None = None
    key_path: Path | None = None

    @property
    def address(self) -> str:
        """`host:port`, an IPv6 host in brackets."""
        return format_address(self.host, self.port)

    @property
    def key_fingerprint(self) -> str:
        """Four hex digits of the key's SHA-256: enough to tell two key files apart, useless for anything else."""
        return sha256(self.key.reveal().encode("ascii", "replace")).hexdigest()[:4]


def format_address(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str, *, default_port: int | None = DEFAULT_PORT) -> tuple[str, int]:
    """`host`, `host:port` or `[v6]:port`, without a scheme. Raises BadInput with one sentence."""
    value = text.strip()
    if "://" in value:
        raise BadInput("Write the server as host:port, without https:// before it.")
    if not value or not value.isascii() or any(not (c.isalnum() or c in ".-_:[]%") for c in value):
        raise BadInput("Write the server as host:port, for example 127.0.0.1:3536.")
    if value.startswith("["):
        host, bracket, rest = value[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadInput("Write an IPv6 server as [address]:port, for example [::1]:3536.")
        port_text: str | None = rest[1:] if rest else None
    elif value.count(":") > 1:
        raise BadInput("Write an IPv6 server in brackets, for example [::1]:3536.")
    else:
        host, colon, tail = value.partition(":")
        port_text = tail if colon else None
    if not host:
        raise BadInput("The server's address has no host. Write host:port, for example 127.0.0.1:3536.")
    if port_text is None:
        if default_port is None:
            raise BadInput("The server's address has no port. Write host:port, for example 127.0.0.1:3536.")
        return host, default_port
    if not port_text.isdigit() or len(port_text) > 5 or not 1 <= int(port_text) <= 65535:
        raise BadInput("The server's port is a number from 1 to 65535.")
    return host, int(port_text)


def dial_host(listen_host: str) -> str:
    """Where to call a server that listens on `listen_host`: a wildcard is no destination (server facts 5, trap).

    `0.0.0.0` → 127.0.0.1. `[::]` → localhost: that tries ::1 and 127.0.0.1, and the generated certificate names it,
    whereas ::1 is not in it.
    """
    if listen_host in {"0.0.0.0", "*"}:  # noqa: S104 - compared, not bound
        return DEFAULT_HOST
    if listen_host.strip("[]") in {"::", "0:0:0:0:0:0:0:0"}:
        return "localhost"
    return listen_host
