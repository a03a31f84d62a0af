"""The TLS certificate that an LDK Server makes for itself, in exactly its form (server facts 3).

X.509 v3, serial 1, ECDSA P-256 with SHA-256, issuer = subject = CN `localhost`, 2026-01-01 to the end of 2049, and one
extension only: subjectAltName (not critical) with `localhost`, `127.0.0.1` and the extra hosts in their order.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ldk_tui.core.errors import BadInput
from ldk_tui.core.secret import Secret

NOT_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER: Final = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its private key (PKCS#8), both PEM."""

    pem: bytes
    key_pem: Secret[bytes]

    @classmethod
    def generate(
        cls,
        hosts: Iterable[str] = (),
        *,
        not_before: datetime = NOT_BEFORE,
        not_after: datetime = NOT_AFTER,
    ) -> Certificate:
        """A fresh key and its certificate. `hosts` as in `[tls] hosts`; the dates differ only for tests of expiry.

        Raises BadInput for a host that no certificate can hold.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names: list[x509.GeneralName] = [_general_name("localhost"), _general_name("127.0.0.1")]
        names.extend(_general_name(host) for host in hosts)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(
            pem=certificate.public_bytes(serialization.Encoding.PEM),
            key_pem=Secret(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            ),
        )

    def load_into(self, context: ssl.SSLContext) -> None:
        """Make this the context's certificate; on a context in use it holds for the handshakes from now on.

        `ssl` reads certificates from files only, so the key is for a moment in a 0600 file of a 0700 folder.
        Raises BadInput when the two do not belong together or are no PEM.
        """
        with tempfile.TemporaryDirectory(prefix="ldk-tui-sim-") as folder:
            path = Path(folder, "pair.pem")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(self.key_pem.reveal() + b"\n" + self.pem)
            try:
                context.load_cert_chain(path)
            except ssl.SSLError as error:
                raise BadInput(f"The certificate and its key cannot be used: {error.reason or error}.") from None


def _general_name(host: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    try:
        return x509.DNSName(host)
    except ValueError:
        raise BadInput(f"{host!a} cannot stand in a certificate: write the name in its ASCII form.") from None


def server_context(certificate: Certificate, *, alpn: Sequence[str] = ("h2",)) -> ssl.SSLContext:
    """TLS 1.2 and 1.3, no client certificates, ALPN `h2` only unless told otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        context.set_alpn_protocols(list(alpn))
    certificate.load_into(context)
    return context
