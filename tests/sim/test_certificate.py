"""The certificate's exact form, and the folder that any client of a real server finds its way in."""

from __future__ import annotations

import os
import ssl
import stat
import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from ldk_tui.core.errors import BadInput
from ldk_tui.core.model import Network
from ldk_tui.core.secret import Secret
from ldk_tui.sim.certificate import Certificate, server_context
from ldk_tui.sim.folder import write_folder
from ldk_tui.sim.server import running


def test_form() -> None:
    certificate = Certificate.generate(["node.example", "10.0.0.7", "::1"])
    parsed = x509.load_pem_x509_certificate(certificate.pem)
    assert parsed.version is x509.Version.v3
    assert parsed.serial_number == 1
    assert parsed.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    (name,) = parsed.subject
    assert (name.oid, name.value) == (NameOID.COMMON_NAME, "localhost")
    assert b"\x0c\x09localhost" in parsed.subject.public_bytes()  # a UTF8String
    assert parsed.issuer == parsed.subject
    assert parsed.not_valid_before_utc == datetime(2026, 1, 1, tzinfo=UTC)
    assert parsed.not_valid_after_utc == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    (extension,) = parsed.extensions
    assert isinstance(extension.value, x509.SubjectAlternativeName)
    assert not extension.critical
    assert list(extension.value) == [
        x509.DNSName("localhost"),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.DNSName("node.example"),
        x509.IPAddress(ip_address("10.0.0.7")),
        x509.IPAddress(ip_address("::1")),
    ]
    key = serialization.load_pem_private_key(certificate.key_pem.reveal(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.key_pem.reveal().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "PRIVATE" not in repr(certificate)


def shake_hands(certificate: Certificate, name: str, *, trust: Certificate | None = None, strict: bool = True) -> None:
    """A whole TLS handshake in memory. Raises ssl.SSLError as the client sees it."""
    client_context = ssl.create_default_context(cadata=(trust or certificate).pem.decode())
    if strict:
        client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context(certificate).wrap_bio(to_server, to_client, server_side=True)
    done: set[object] = set()
    while len(done) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_is_trusted_as_its_own_root_also_strictly(name: str) -> None:
    shake_hands(Certificate.generate(), name)


@pytest.mark.parametrize(("name", "reason"), [("node.example", "Hostname mismatch"), ("::1", "IP address mismatch")])
def test_other_names_fail_as_on_a_real_server(name: str, reason: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        shake_hands(Certificate.generate(), name)


def test_another_root_and_another_time_fail() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(Certificate.generate(), "localhost", trust=Certificate.generate())
    expired = Certificate.generate(
        not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(expired, "localhost")


def test_a_name_that_no_certificate_can_hold() -> None:
    with pytest.raises(BadInput, match="ASCII"):
        Certificate.generate(["knöten.example"])


def test_a_foreign_key_is_told_in_one_sentence() -> None:
    mixed = Certificate(Certificate.generate().pem, Certificate.generate().key_pem)
    for bad in (mixed, Certificate(b"no pem", Secret(b"no key"))):
        with pytest.raises(BadInput, match="The certificate and its key cannot be used"):
            server_context(bad)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_of_a_real_server(tmp_path: Path) -> None:
    home = tmp_path / 'a "quoted" folder'
    folder = write_folder(home, network=Network.REGTEST)
    folder.write_config("127.0.0.1:40123")
    config = tomllib.loads((home / "config.toml").read_text())
    assert config == {
        "node": {"network": "regtest", "grpc_service_address": "127.0.0.1:40123"},
        "storage": {"disk": {"dir_path": str(home)}},
    }
    key = home / "regtest" / "api_key"
    assert len(key.read_bytes()) == 32
    assert mode(key) == 0o400
    assert mode(home / "tls.key") == 0o400
    assert folder.api_key.reveal() == key.read_bytes()
    assert (home / "tls.crt").read_bytes() == folder.certificate.pem
    assert sorted(path.name for path in home.iterdir()) == ["config.toml", "regtest", "tls.crt", "tls.key"]


def test_an_existing_key_and_certificate_stay(tmp_path: Path) -> None:
    (tmp_path / "signet").mkdir()
    (tmp_path / "signet" / "api_key").write_bytes(b"any length")
    first = write_folder(tmp_path, network=Network.SIGNET)
    first.write_config("127.0.0.1:1")
    second = write_folder(tmp_path, network=Network.SIGNET, hosts=["later.example"])
    assert second.api_key.reveal() == b"any length"
    assert second.certificate == first.certificate
    assert write_folder(tmp_path, network=Network.REGTEST).api_key != first.api_key
    assert mode(tmp_path / "regtest" / "api_key") == 0o400


def test_a_real_node_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[node]\nnetwork = "bitcoin"\n')
    with pytest.raises(BadInput, match="give it a folder of its own"):
        write_folder(tmp_path, network=Network.BITCOIN)
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_key_without_its_certificate(tmp_path: Path) -> None:
    (tmp_path / "tls.key").write_text("left over")
    with pytest.raises(BadInput, match="Failed to write TLS key"):
        write_folder(tmp_path, network=Network.REGTEST)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"Cannot write .*: (Not a directory|File exists)"):
        write_folder(tmp_path / "file", network=Network.REGTEST)


async def test_a_running_server_writes_its_port(tmp_path: Path, backend: object) -> None:
    async with running(backend, now=lambda: 0.0, folder=tmp_path, network=Network.TESTNET4) as server:  # type: ignore[arg-type]
        config = tomllib.loads((tmp_path / "config.toml").read_text())
        assert config["node"]["grpc_service_address"] == f"127.0.0.1:{server.port}"
        assert server.key.reveal() == (tmp_path / "testnet4" / "api_key").read_bytes().hex()
        assert server.certificate.pem == (tmp_path / "tls.crt").read_bytes()
