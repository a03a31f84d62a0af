"""The signatures, held against the vectors of the server facts (section 14)."""

from __future__ import annotations

import pytest

from ldk_tui.client.signing import BodySigner, Scheme, TimestampSigner, frame, signer_for
from ldk_tui.core.secret import Secret

KEY = Secret(bytes(range(32)).hex())
AT = 1_800_000_000.9
EMPTY = "319b09db465695a798518f74de9e0c89ee979d137297e8d55cc8c82fa645574a"
FAIL = "0308e94f69fa0d55d247a0f695cf434d35a744da31ed11244ed24819f5460406"
TIME_ONLY = "b8b75669ae2a3c694052b03e770740afea3028952f4be422582ca48345d3ebcd"


def test_frame() -> None:
    assert frame(b"") == b"\0\0\0\0\0"
    assert frame(b"x" * 0x010203)[:5] == b"\0\0\x01\x02\x03"


def test_empty_message() -> None:
    assert BodySigner(KEY).header("GetNodeInfo", frame(b""), AT) == ("x-auth", f"HMAC 1800000000:{EMPTY}")


def test_message_with_a_hash() -> None:
    body = frame(b"\x0a\x40" + b"0" * 64)
    assert len(body) == 71
    assert BodySigner(KEY).header("Bolt11FailForHash", body, AT)[1] == f"HMAC 1800000000:{FAIL}"


@pytest.mark.parametrize("body", [frame(b""), frame(b"anything")])
def test_timestamp_only_signs_no_body(body: bytes) -> None:
    assert TimestampSigner(KEY).header("OnchainSend", body, AT)[1] == f"HMAC 1800000000:{TIME_ONLY}"


def test_scheme_chooses_the_signer() -> None:
    body = frame(b"")
    assert signer_for(Scheme.TIMESTAMP, KEY).header("X", body, AT)[1].endswith(TIME_ONLY)
    assert signer_for(Scheme.TIMESTAMP_AND_BODY, KEY).header("X", body, AT)[1].endswith(EMPTY)


def test_signers_show_no_key() -> None:
    for signer in (BodySigner(KEY), TimestampSigner(KEY)):
        assert KEY.reveal() not in repr(signer)
        assert not hasattr(signer, "__dict__")


def test_a_macaroon_signer_fits_the_interface() -> None:
    """The next family's signer needs name, framed body and time, and gives another header: no wall has to move."""
    from hashlib import sha256

    from ldk_tui.client.signing import Signer

    class Caveat:
        def header(self, method: str, framed_body: bytes, now: float) -> tuple[str, str]:
            return "macaroon", f"request = {int(now)} {method} {sha256(framed_body).hexdigest()}"

    signer: Signer = Caveat()
    assert signer.header("GetNodeInfo", frame(b""), AT)[1] == (
        "request = 1800000000 GetNodeInfo 8855508aade16ec573d21e6a485dfd0a7624085c1a14b5ecdd6485de0c6839a4"
    )
