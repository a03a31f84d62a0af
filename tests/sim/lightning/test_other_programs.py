"""Programs that we did not write read what the simulator writes: libsecp256k1 and a BOLT 11 library.

Both are development packages. Where one has no build for a new Python, the marker in pyproject.toml leaves it out and
the test says so; where it should be there and is not, the test fails.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat
from ldk_tui.core.ids import NodeId, ShortChannelId
from ldk_tui.core.model import HopHint
from ldk_tui.core.secret import Secret
from ldk_tui.sim import bolt11, secp256k1

KEY = hashlib.sha256(b"a simulated node").digest()
NODE_ID = secp256k1.public_key(KEY).hex()
HINT = HopHint(NodeId(NODE_ID), ShortChannelId(1 << 40 | 2 << 16 | 3), 1000, 100, 72)

needs_coincurve = pytest.mark.skipif(sys.version_info >= (3, 14), reason="coincurve has no build for this Python")
needs_bolt11 = pytest.mark.skipif(sys.version_info >= (3, 13), reason="the bolt11 package does not take this Python")


@needs_coincurve
@settings(deadline=None, max_examples=50)
@given(st.integers(1, secp256k1.N - 1), st.binary(min_size=32, max_size=32))
def test_libsecp256k1_makes_the_same_signatures(scalar: int, digest: bytes) -> None:
    coincurve = importlib.import_module("coincurve")
    key = scalar.to_bytes(32, "big")
    theirs = coincurve.PrivateKey(key)
    assert theirs.public_key.format() == secp256k1.public_key(key)
    recoverable = theirs.sign_recoverable(digest, hasher=None)
    ours = secp256k1.sign(key, digest)
    assert recoverable == ours.compact + bytes((ours.recovery,))
    assert theirs.sign_schnorr(digest, aux_randomness=bytes(32)) == secp256k1.schnorr_sign(key, digest)


@needs_bolt11
@pytest.mark.parametrize(
    ("amount_msat", "description", "jit"),
    [
        (Msat(21_000), "coffee", False),
        (None, "any amount ☕", False),
        (Msat(1), hashlib.sha256(b"a long text").digest(), False),
        (Msat(100_000_000), "jit", True),
    ],
)
@pytest.mark.parametrize("currency", [bolt11.Currency.BITCOIN, bolt11.Currency.REGTEST, bolt11.Currency.SIGNET])
def test_another_program_reads_our_invoices(
    amount_msat: Msat | None, description: str | bytes, jit: bool, currency: bolt11.Currency
) -> None:
    other: Any = importlib.import_module("bolt11")
    draft = bolt11.Draft(
        currency=currency,
        amount_msat=amount_msat,
        timestamp_unix=1_795_371_022,
        payment_hash=b"\x01" * 32,
        payment_secret=Secret(b"\x02" * 32),
        description=description,
        expiry_s=86_400,
        min_final_cltv_expiry_delta=44 if jit else 42,
        features=bolt11.JIT_FEATURES if jit else bolt11.FEATURES,
        route_hints=((HINT,),) if jit else (),
        payment_metadata=b"\x03" * 14 if jit else None,
        with_payee=not jit,
    )
    read = other.decode(bolt11.encode(draft, KEY), strict=True)
    assert read.currency == currency.value
    assert read.amount_msat == amount_msat
    assert read.date == draft.timestamp_unix
    assert read.payment_hash == "01" * 32
    assert read.payment_secret == "02" * 32
    assert (read.description or read.description_hash) == (
        description if isinstance(description, str) else description.hex()
    )
    assert read.expiry == 86_400
    assert read.min_final_cltv_expiry == draft.min_final_cltv_expiry_delta
    assert read.payee == NODE_ID
    assert read.metadata == ("03" * 14 if jit else None)
    hops = [
        (hop.public_key, hop.base_fee, hop.ppm_fee, hop.cltv_expiry_delta)
        for hint in read.route_hints
        for hop in hint.routes
    ]
    assert hops == ([(NODE_ID, 1000, 100, 72)] if jit else [])


@needs_bolt11
def test_we_read_the_invoices_of_another_program() -> None:
    other: Any = importlib.import_module("bolt11")
    models: Any = importlib.import_module("bolt11.models.features")
    features = models.Features.from_feature_list(
        {
            models.Feature.var_onion_optin: models.FeatureState.required,
            models.Feature.payment_secret: models.FeatureState.required,
            models.Feature.basic_mpp: models.FeatureState.supported,
        }
    )
    tags = other.Tags()
    tags.add(other.TagChar.payment_hash, "01" * 32)
    tags.add(other.TagChar.payment_secret, "02" * 32)
    tags.add(other.TagChar.description, "tea")
    tags.add(other.TagChar.expire_time, 60)
    tags.add(other.TagChar.features, features)
    theirs = other.Bolt11("bcrt", 1_795_371_022, tags, other.MilliSatoshi(1234))
    read = bolt11.decode(other.encode(theirs, KEY.hex()))
    assert (read.currency, read.amount_msat, read.timestamp_unix) == (bolt11.Currency.REGTEST, 1234, 1_795_371_022)
    assert (read.payment_hash, read.payment_secret.reveal()) == (b"\x01" * 32, b"\x02" * 32)
    assert (read.description, read.expiry_s, read.features, read.payee) == ("tea", 60, bolt11.FEATURES, NODE_ID)
