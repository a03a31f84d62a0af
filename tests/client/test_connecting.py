"""Every way in which a connection does not come to stand: its cause, one sentence, and no request that left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ldk_tui.client import tls
from ldk_tui.client.api import LdkClient
from ldk_tui.client.connection import Limits
from ldk_tui.client.target import PinnedCertificate, SystemTrust
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.sim.certificate import Certificate

SHORT = Limits(connect_s=0.3, close_s=0.1)


async def fails(world: Any, cause: UnreachableCause, *, limits: Limits | None = None, **changes: Any) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await LdkClient.connect(world.target(**changes), limits=limits)
    error = caught.value
    assert error.cause is cause, (error.cause, error.sentence, error.detail)
    assert error.sentence.endswith((".", "?"))
    assert "\n" not in error.sentence
    assert world.backend.heard == []
    assert all("client" not in str(task.get_coro()) for task in asyncio.all_tasks() - {asyncio.current_task()})
    return error


@contextlib.asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], **tls_options: Any
) -> AsyncIterator[int]:
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await answer(reader, writer)
        if not writer.is_closing():
            await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls_options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        done.set()
        server.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def test_refused(world: Any) -> None:
    error = await fails(world, UnreachableCause.REFUSED, port=free_port())
    assert "Nothing listens at 127.0.0.1:" in error.sentence


async def test_name_that_does_not_exist(world: Any) -> None:
    error = await fails(world, UnreachableCause.NAME_LOOKUP, host="nowhere.invalid")
    assert "nowhere.invalid" in error.sentence


async def test_address_without_a_route(world: Any) -> None:
    error = await fails(world, UnreachableCause.NO_ROUTE, host="255.255.255.255")
    assert "255.255.255.255" in error.sentence


async def test_certificate_changed(world: Any, other_certificate: Certificate) -> None:
    pinned = world.server.certificate.pem
    world.server.swap_certificate(other_certificate)
    error = await fails(world, UnreachableCause.CERTIFICATE_CHANGED, trust=PinnedCertificate(pem=pinned))
    for pem, word in ((pinned, "pinned"), (other_certificate.pem, "presented")):
        print_ = tls.fingerprint(ssl.PEM_cert_to_DER_cert(pem.decode()))
        assert any(word in line and print_ in line for line in error.detail.splitlines())


async def test_certificate_changed_while_connected(world: Any, other_certificate: Certificate, until: Any) -> None:
    client = await world.client()
    world.server.swap_certificate(other_certificate)
    world.server.drop_connections()
    await until(lambda: world.server.connections == 0)
    heard = len(world.backend.heard)
    with pytest.raises(Unreachable) as caught:
        await client.get_node_info()
    assert caught.value.cause is UnreachableCause.CERTIFICATE_CHANGED
    assert len(world.backend.heard) == heard


async def test_name_not_in_the_certificate(world: Any) -> None:
    error = await fails(world, UnreachableCause.CERTIFICATE_NAME, host="127.0.0.2", port=await _on_all(world))
    assert "127.0.0.2" in error.sentence
    assert "“localhost”, “127.0.0.1”" in error.sentence


async def test_pinned_name_override(world: Any) -> None:
    trust = PinnedCertificate(pem=world.server.certificate.pem, name="localhost")
    client = await world.client(trust=trust)
    assert (await client.get_node_info()).node_id


async def test_wrong_name_override_fails(world: Any) -> None:
    trust = PinnedCertificate(pem=world.server.certificate.pem, name="example.org")
    error = await fails(world, UnreachableCause.CERTIFICATE_NAME, trust=trust)
    assert "example.org" in error.sentence


async def test_no_name_check_with_the_pin(world: Any) -> None:
    trust = PinnedCertificate(pem=world.server.certificate.pem, check_name=False)
    client = await world.client(trust=trust, host="localhost")
    assert (await client.get_node_info()).node_id


async def test_expired(make: Any) -> None:
    old = Certificate.generate(not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=datetime(2020, 2, 3, tzinfo=UTC))
    world = await make(certificate=old)
    error = await fails(world, UnreachableCause.CERTIFICATE_EXPIRED)
    assert "expired on 2020-02-03" in error.sentence


async def test_not_yet_valid(make: Any) -> None:
    new = Certificate.generate(not_before=datetime(2098, 1, 2, tzinfo=UTC), not_after=datetime(2099, 1, 1, tzinfo=UTC))
    world = await make(certificate=new)
    error = await fails(world, UnreachableCause.CERTIFICATE_EXPIRED)
    assert "valid only from 2098-01-02" in error.sentence
    assert "clock" in error.sentence


async def test_system_trust_does_not_know_a_self_signed_one(world: Any) -> None:
    error = await fails(world, UnreachableCause.CERTIFICATE_UNTRUSTED, trust=SystemTrust())
    assert "--cert" in error.sentence


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(2_000_000)],
)
async def test_certificate_file(world: Any, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tls.crt"
    if content is not None:
        path.write_bytes(content)
    error = await fails(world, UnreachableCause.CERTIFICATE_FILE, trust=PinnedCertificate(path))
    assert str(path) in error.sentence


async def test_only_the_first_certificate_of_a_chain_is_trusted(world: Any, other_certificate: Certificate) -> None:
    chain = other_certificate.pem + world.server.certificate.pem
    await fails(world, UnreachableCause.CERTIFICATE_CHANGED, trust=PinnedCertificate(pem=chain))


async def test_a_leaf_that_a_ca_signed_can_be_pinned(make: Any) -> None:
    leaf, authority = _signed_leaf()
    world = await make(certificate=leaf)
    client = await world.client(trust=PinnedCertificate(pem=leaf.pem))
    assert (await client.get_node_info()).node_id
    # the same authority signs another certificate for the same name: that one is not the pin
    again, _ = _signed_leaf(authority)
    world.server.swap_certificate(again)
    world.backend.heard.clear()
    await fails(world, UnreachableCause.CERTIFICATE_CHANGED, trust=PinnedCertificate(pem=leaf.pem))


async def test_plain_text_port(world: Any) -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with listening(http) as port:
        error = await fails(world, UnreachableCause.NOT_TLS, port=port)
    assert "does not speak TLS" in error.sentence


async def test_port_that_hangs_up(world: Any) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with listening(hang_up) as port:
        await fails(world, UnreachableCause.NOT_TLS, port=port)


async def test_tls_without_alpn(make: Any) -> None:
    world = await make(alpn=())
    error = await fails(world, UnreachableCause.NOT_HTTP2)
    assert "not HTTP/2" in error.sentence


async def test_tls_with_another_protocol_only(make: Any) -> None:
    world = await make(alpn=("http/1.1",))
    await fails(world, UnreachableCause.NOT_HTTP2, limits=SHORT)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"])
async def test_h2_in_name_only(world: Any, says: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)

    async with listening(answer, ssl=world.server._context, ssl_shutdown_timeout=0.1) as port:
        await fails(world, UnreachableCause.NOT_HTTP2, port=port, limits=SHORT)


async def test_port_that_accepts_and_never_answers(world: Any) -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return

    async with listening(nothing) as port:
        error = await fails(world, UnreachableCause.TIMEOUT, port=port, limits=SHORT)
    assert "accepts connections but did not answer within 0.3 s" in error.sentence


async def test_an_outer_timeout_is_the_caller_s(world: Any) -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return

    async with listening(nothing) as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await LdkClient.connect(world.target(port=port))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_proxy_variables_are_ignored(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "grpc_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await (await world.client()).get_node_info()).node_id


async def test_no_key_in_any_message_or_log(
    world: Any, other_certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = world.server.key.reveal()
    errors = [
        await fails(world, UnreachableCause.CERTIFICATE_CHANGED, trust=PinnedCertificate(pem=other_certificate.pem))
    ]
    errors.append(await fails(world, UnreachableCause.REFUSED, port=free_port()))
    for error in errors:
        chain: BaseException | None = error
        while chain is not None:
            assert key not in repr(chain) + str(chain) + repr(vars(chain))
            chain = chain.__cause__ or chain.__context__
    assert key not in caplog.text
    assert key not in repr(world.target())


async def test_nothing_left_open(world: Any, until: Any) -> None:
    client = await world.client()
    async with client.subscribe():
        assert world.server.connections == 2
    await client.close()
    await until(lambda: world.server.connections == 0)
    await client.close()


async def _on_all(world: Any) -> int:
    """A second listener of the same certificate at 127.0.0.2."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.2", 0, ssl=world.server._context)
    port: int = server.sockets[0].getsockname()[1]
    world._stack.callback(server.close)
    return port


def _signed_leaf(authority: Any = None) -> tuple[Certificate, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    from ldk_tui.core.secret import Secret

    authority = authority or ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), _ip("127.0.0.1")]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(pem, Secret(private)), authority


def _ip(text: str) -> Any:
    import ipaddress

    from cryptography import x509

    return x509.IPAddress(ipaddress.ip_address(text))


async def test_the_next_address_is_tried(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is ::1 and 127.0.0.1; a server that listens on one of them is found."""
    loop = asyncio.get_running_loop()

    async def two(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", p)) for p in (free_port(), port)]

    monkeypatch.setattr(loop, "getaddrinfo", two)
    assert (await (await world.client(host="localhost")).get_node_info()).node_id
