"""Without a usable server the program opens all the same and says what was tried, one cause, and what to do."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ldk_tui.core.model import Network
from ldk_tui.sim.certificate import Certificate, server_context
from ldk_tui.sim.folder import ServerFolder, write_folder
from tests.e2e.cockpit import Screen, Server, Wanted

pytestmark = pytest.mark.timeout(120)
USUAL = ("No connection to the server", "What was tried", re.compile(r"Next try in \d+ s|Trying now"), "d to look at")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def node(tmp_path: Path) -> ServerFolder:
    """The folder of a server that is not running: nothing listens on port 1."""
    folder = write_folder(tmp_path / "node", network=Network.SIGNET)
    folder.write_config("127.0.0.1:1")
    return folder


def no_certificate(folder: ServerFolder) -> None:
    folder.certificate_path.unlink()


def no_key(folder: ServerFolder) -> None:
    folder.api_key_path.unlink()


def open_key(folder: ServerFolder) -> None:
    folder.api_key_path.chmod(0o644)


def short_key(folder: ServerFolder) -> None:
    folder.api_key_path.chmod(0o600)
    folder.api_key_path.write_bytes(b"31 bytes".ljust(31))


def broken_certificate(folder: ServerFolder) -> None:
    folder.certificate_path.write_text("no PEM")


def another_network(folder: ServerFolder) -> None:
    replace(folder, network=Network.REGTEST).write_config("127.0.0.1:1")


CASES: list[tuple[Callable[[ServerFolder], None], list[Wanted]]] = [
    (no_certificate, ["tls.crt does not exist", "--cert FILE", "× Certificate", "not tried"]),
    (broken_certificate, ["is not a certificate in PEM form", "× Certificate"]),
    (no_key, ["api_key does not exist", "copy api_key from", "✓ Certificate", "× API key file"]),
    (open_key, [re.compile(r"can be used by other users of this computer: chmod 600 \S*api_key"), "× API key file"]),
    (short_key, ["has 31 bytes: an API key is 32 raw bytes or 64 hex digits", "× API key file"]),
    (another_network, ["no key file for regtest, but one for signet: --network signet"]),
]


def test_each_thing_that_is_wrong_is_named_once_and_looked_at_again(home: Path, node: ServerFolder) -> None:
    with Screen(["--config", str(node.config_path)], home=home) as screen:
        screen.shows(*USUAL, "Nothing listens at 127.0.0.1:1", "Start ldk-server", "× Address", "nothing listens there")
        for spoil, wanted in CASES:
            spoil(node)
            screen.press("r", *USUAL, *wanted)
            before = screen.now.partition("What was tried")[0]
            for sentence in re.findall(r"[A-Z][^.]{30,}\.", " ".join(before.split())):
                assert screen.words.count(sentence) == 1, "said twice"
            made_good(node)
            screen.press("r", *USUAL, "Nothing listens at 127.0.0.1:1", "✓ Certificate", "✓ API key file")
        screen.quit()
    assert screen.stderr == ""


def made_good(folder: ServerFolder) -> None:
    folder.write_config("127.0.0.1:1")
    folder.certificate_path.write_bytes(folder.certificate.pem)
    folder.api_key_path.unlink(missing_ok=True)
    folder.api_key_path.write_bytes(folder.api_key.reveal())
    folder.api_key_path.chmod(0o400)


def test_nothing_at_all_opens_the_demo(home: Path) -> None:
    with Screen([], home=home, columns=80, rows=24) as screen:
        screen.shows(*USUAL, "No LDK Server was found on this computer", "--server host:port", "127.0.0.1:3536")
        screen.press("d", lambda _: "live" in screen.header and "DEMO" in screen.header)
        screen.quit()
    assert screen.stderr == ""


def test_a_server_that_starts_later_is_noticed_by_itself(tmp_path: Path, home: Path) -> None:
    server = Server(tmp_path / "node")
    folder = write_folder(server.folder, network=Network.SIGNET)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        server.port = reserved.getsockname()[1]
    folder.write_config(f"127.0.0.1:{server.port}")
    with Screen(server.flags, home=home) as screen:
        screen.shows(*USUAL, "Nothing listens at")
        with server:
            screen.shows("Can send now", lambda _: "live" in screen.header)
            screen.quit()
    assert screen.stderr == ""


def test_a_port_where_something_else_answers(home: Path, node: ServerFolder) -> None:
    pinned, presented = node.certificate, Certificate.generate()
    with Screen(["--config", str(node.config_path)], home=home) as screen:
        screen.shows(*USUAL)
        with listening(plain) as port:
            node.write_config(f"127.0.0.1:{port}")
            screen.press("r", *USUAL, "does not speak TLS", "3536 by default", "× Address", "answers, but without TLS")
        with listening(http1(pinned)) as port:
            node.write_config(f"127.0.0.1:{port}")
            screen.press("r", *USUAL, "speaks TLS but not HTTP/2", "× Address", "TLS, but not HTTP/2")
        with listening(http1(presented)) as port:
            node.write_config(f"127.0.0.1:{port}")
            screen.press("r", *USUAL, "presents another certificate than the one in", "✓ Address", "× Certificate")
            digits = re.sub(r"[^0-9A-F:]", "", screen.words)
            assert _fingerprint(pinned) in digits
            assert _fingerprint(presented) in digits
        screen.quit()
    assert screen.stderr == ""


def _fingerprint(certificate: Certificate) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    return x509.load_pem_x509_certificate(certificate.pem).fingerprint(SHA256()).hex(":").upper()


def plain(client: socket.socket) -> None:
    client.recv(1_000)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def http1(certificate: Certificate) -> Callable[[socket.socket], None]:
    def speak(client: socket.socket) -> None:
        with server_context(certificate, alpn=("http/1.1",)).wrap_socket(client, server_side=True) as tls:
            tls.recv(1_000)
            tls.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    return speak


@contextlib.contextmanager
def listening(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where something else answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)

        def serve() -> None:
            with contextlib.suppress(OSError):  # closed: the test is over
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError):
                        speak(client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
