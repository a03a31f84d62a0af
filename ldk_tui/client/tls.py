"""TLS: whom we believe, and what to say when we do not (safety facts 2.4, 2.5).

With a pin, the given certificate is the only root there is. The generated certificate of the server is no CA and cannot
sign others, so that this trusts one certificate; for a leaf that a CA signed VERIFY_X509_PARTIAL_CHAIN lets the leaf
itself be the root. A failed verification ends the attempt: there is no "continue anyway", and nothing is signed for a
peer that was not verified.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ldk_tui.client.target import PinnedCertificate, Trust
from ldk_tui.core.errors import Unreachable, UnreachableCause
from ldk_tui.core.record import dataclass
from ldk_tui.core.text import SafeText, clean

MAX_PEM_BYTES = 1024 * 1024
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

# X509_V_ERR_*, classified by number: texts differ between OpenSSL versions
_NOT_YET_VALID = {9}
_EXPIRED = {10}
_NAME = {62, 63, 64}


@dataclass(frozen=True, slots=True)
class Verifier:
    """A trust made ready: the context, the name to look for, and the pinned certificate (DER) if there is one.

    Made once per client: a certificate file that is replaced while the program runs changes nothing by itself.
    """

    context: ssl.SSLContext
    name: str | None
    pinned: bytes | None = None
    exact: bool = False
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself. `names`: DNS names and IP addresses, cleaned."""

    fingerprint: str
    subject: SafeText
    names: tuple[SafeText, ...]
    not_before: datetime
    not_after: datetime


def prepare(trust: Trust) -> Verifier:
    """Read the pin and make the context. Raises Unreachable (CERTIFICATE_FILE) with one sentence."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    if not isinstance(trust, PinnedCertificate):
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return Verifier(context, None)
    der = read_pin(trust)
    try:
        context.load_verify_locations(cadata=der)
    except ssl.SSLError as error:
        raise _bad_file(trust.path, "holds no certificate that can be read") from error
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = trust.check_name
    return Verifier(context, trust.name, der, exact=not trust.check_name, path=trust.path)


def read_pin(trust: PinnedCertificate) -> bytes:
    """The pinned certificate, DER. Raises Unreachable (CERTIFICATE_FILE)."""
    pem = trust.pem
    if pem is None:
        if trust.path is None:
            raise _bad_file(None, "is not named")
        try:
            with trust.path.open("rb") as file:
                pem = file.read(MAX_PEM_BYTES + 1)
        except FileNotFoundError as error:
            raise _bad_file(trust.path, "does not exist") from error
        except OSError as error:
            raise _bad_file(trust.path, f"cannot be read ({error.strerror or type(error).__name__})") from error
    if len(pem) > MAX_PEM_BYTES:
        raise _bad_file(trust.path, "is too big for a certificate")
    match = _PEM.search(pem)
    if match is None:
        raise _bad_file(trust.path, "is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)")
    try:
        return ssl.PEM_cert_to_DER_cert(match.group().decode("ascii"))
    except ValueError as error:
        raise _bad_file(trust.path, "holds no certificate that can be read") from error


def fingerprint(der: bytes) -> str:
    """SHA-256 over DER, colon-grouped upper-case hex: as `openssl x509 -noout -fingerprint -sha256` prints it."""
    return ":".join(f"{byte:02X}" for byte in sha256(der).digest())


def facts(der: bytes) -> CertificateFacts | None:
    """Subject, names and dates, or None when it cannot be parsed. Imported late: only reports need it."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
        names: list[str] = []
        with contextlib.suppress(x509.ExtensionNotFound):
            alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names += alternative.get_values_for_type(x509.DNSName)
            names += [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None
    return CertificateFacts(
        fingerprint(der), clean(subject), tuple(clean(name) for name in names), not_before, not_after
    )


async def presented_certificate(host: str, port: int, limit_s: float) -> bytes | None:
    """What the server at this address presents, unverified, DER; None when it presents nothing in time.

    For the report on a certificate that failed: nothing is sent over this connection, least of all a signature.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port, ssl=context, ssl_shutdown_timeout=1.0)
            tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
            return tls.getpeercert(True) if tls is not None else None
    except (OSError, TimeoutError):
        return None
    finally:
        if writer is not None:
            writer.transport.abort()


def explain(
    error: ssl.SSLCertVerificationError | None,
    verifier: Verifier,
    address: str,
    host: str,
    presented: bytes | None,
) -> Unreachable:
    """The error of a certificate that did not verify (None: verified, but not exactly the pin)."""
    code = error.verify_code if error is not None else -1
    shown = facts(presented) if presented is not None else None
    detail = _compare(verifier.pinned, presented)
    if code in _NAME:
        names = ", ".join(f"“{name}”" for name in shown.names[:8]) if shown is not None and shown.names else "no name"
        sentence = (
            f"The certificate of {address} is not for the name {verifier.name or host}: it names {names}. "
            "Connect by a name that is in it, or add this one to hosts under [tls] in the server's config."
        )
        return Unreachable(sentence, cause=UnreachableCause.CERTIFICATE_NAME, detail=detail)
    if code in _EXPIRED or code in _NOT_YET_VALID:
        if code in _EXPIRED:
            when = f"expired on {_day(shown.not_after)}" if shown is not None else "has expired"
            todo = "Make a new one on the server (delete tls.crt and tls.key, restart), or check this computer's clock."
        else:
            when = f"is valid only from {_day(shown.not_before)}" if shown is not None else "is not valid yet"
            todo = "Check this computer's clock."
        sentence = f"The certificate of {address} {when}. {todo}"
        return Unreachable(sentence, cause=UnreachableCause.CERTIFICATE_EXPIRED, detail=detail)
    if verifier.pinned is not None:
        pin = f"the one in {verifier.path}" if verifier.path is not None else "the pinned one"
        sentence = (
            f"{address} presents another certificate than {pin}: it was made anew, this is another server, or somebody "
            "is in between. Nothing was sent."
        )
        return Unreachable(sentence, cause=UnreachableCause.CERTIFICATE_CHANGED, detail=detail)
    sentence = (
        f"No authority that this computer trusts has signed the certificate of {address}. "
        "Give the server's own certificate with --cert FILE."
    )
    return Unreachable(sentence, cause=UnreachableCause.CERTIFICATE_UNTRUSTED, detail=detail)


def _compare(pinned: bytes | None, presented: bytes | None) -> str:
    lines = [f"pinned    SHA-256 {fingerprint(pinned)}"] if pinned is not None else []
    lines.append(f"presented SHA-256 {fingerprint(presented)}" if presented is not None else "presented (not fetched)")
    lines.append("on the server: openssl x509 -in tls.crt -noout -fingerprint -sha256")
    return "\n".join(lines)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def _bad_file(path: Path | None, what: str) -> Unreachable:
    where = f"The certificate file {path}" if path is not None else "The certificate"
    sentence = f"{where} {what}. Copy tls.crt from the server's storage folder and give it with --cert FILE."
    return Unreachable(sentence, cause=UnreachableCause.CERTIFICATE_FILE)
