"""The folder of a real LDK Server, written for the simulated one, so that any client finds what it expects.

Layout and modes: server facts 2, 3, 5. `<folder>/config.toml`, `tls.crt`, `tls.key` (0400), `<network>/api_key`
(0400, 32 raw bytes). An existing key and certificate are used again, as the daemon does. A folder that holds somebody
else's config.toml is refused: it may belong to a real node.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.certificate import Certificate

MARK: Final = "# Written by `ldk-tui sim`: a simulated LDK Server, no real node."


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """What the folder holds. `api_key`: the bytes of the key file, whatever their number."""

    path: Path
    network: Network
    certificate: Certificate
    api_key: Secret[bytes]

    @property
    def config_path(self) -> Path:
        return self.path / "config.toml"

    @property
    def certificate_path(self) -> Path:
        return self.path / "tls.crt"

    @property
    def api_key_path(self) -> Path:
        return self.path / self.network.value / "api_key"

    def write_config(self, grpc_service_address: str) -> None:
        """Write config.toml for this `host:port`: the keys that clients read."""
        lines = [
            MARK,
            "",
            "[node]",
            f"network = {_toml(self.network.value)}",
            f"grpc_service_address = {_toml(grpc_service_address)}",
            "",
            "[storage.disk]",
            f"dir_path = {_toml(str(self.path))}",
            "",
        ]
        with _told("write", self.config_path):
            temporary = self.config_path.with_suffix(".toml.new")
            temporary.write_text("\n".join(lines), encoding="utf-8")
            temporary.replace(self.config_path)


def write_folder(path: Path, *, network: Network, hosts: Sequence[str] = ()) -> ServerFolder:
    """Make or complete the folder, all but config.toml, which needs the port (`ServerFolder.write_config`).

    Raises BadInput when it belongs to something else, cannot be written, or holds a key without its certificate.
    """
    path = path.absolute()
    config = path / "config.toml"
    with _told("read", config):
        if config.exists() and not config.read_text(encoding="utf-8", errors="replace").startswith(MARK):
            raise BadInput(f"{config} was not written by this simulator: give it a folder of its own.")
    key_file = path / network.value / "api_key"
    with _told("write", path):
        key_file.parent.mkdir(parents=True, exist_ok=True)
        return ServerFolder(path, network, _certificate(path, hosts), _api_key(key_file))


def _api_key(path: Path) -> Secret[bytes]:
    if not path.exists():
        _create(path, secrets.token_bytes(32), 0o400)
    return Secret(path.read_bytes())


def _certificate(path: Path, hosts: Sequence[str]) -> Certificate:
    certificate, key = path / "tls.crt", path / "tls.key"
    if certificate.exists() and key.exists():
        return Certificate(certificate.read_bytes(), Secret(key.read_bytes()))
    if key.exists():
        raise BadInput(f"Failed to write TLS key: {key} is left over, but {certificate} is missing. Remove the key.")
    made = Certificate.generate(hosts)
    _create(key, made.key_pem.reveal(), 0o400)
    certificate.write_bytes(made.pem)
    return made


def _create(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        file.write(content)


def _toml(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


@contextlib.contextmanager
def _told(verb: str, path: Path) -> Iterator[None]:
    """Turns an OSError of the block into one sentence."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"Cannot {verb} {error.filename or path}: {error.strerror or error}.") from None
