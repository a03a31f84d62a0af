"""The curve against the vectors of BIP 340, the known RFC 6979 ones, and a second implementation."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.sim import secp256k1
from ldk_tui.sim.secp256k1 import N, P

KEYS = st.integers(1, N - 1).map(lambda scalar: scalar.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)

BIP340 = [
    (
        "0000000000000000000000000000000000000000000000000000000000000003",
        "F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "E907831F80848D1069A5371B402410364BDF1C5F8307B0084C55F1CE2DCA8215"
        "25F66A4A85EA8B71E482A74F382D2CE5EBEEE8FDB2172F477DF4900D310536C0",
    ),
    (
        "B7E151628AED2A6ABF7158809CF4F3C762E7160F38B4DA56A784D9045190CFEF",
        "DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89",
        "6896BD60EEAE296DB48A229FF71DFE071BDE413E6D43F917DC8DCF8C78DE3341"
        "8906D11AC976ABCCB20B091292BFF4EA897EFCB639EA871CFA95F6DE339E4B0A",
    ),
    (
        "C90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B14E5C9",
        "DD308AFEC5777E13121FA72B9CC1B7CC0139715309B086C960E18FD969774EB8",
        "C87AA53824B4D7AE2EB035A2B5BBBCCC080E76CDC6D1692C4B0B62D798E6D906",
        "7E2D58D8B3BCDF1ABADEC7829054F90DDA9805AAB56C77333024B9D0A508B75C",
        "5831AAEED7B44BB74E5EAB94BA9D4294C49BCF2A60728D8B4C200F50DD313C1B"
        "AB745879A5AD954A72C45A91C3A51D3C7ADEA98D82F8481E0E1E03674A6F3FB7",
    ),
    (
        "0B432B2677937381AEF05BB02A66ECD012773062CF3FA2549E44F58ED2401710",
        "25D1DFF95105F5253C4022F628A996AD3A0D95FBF21D468A1B33F8C160D8F517",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "7EB0509757E246F19449885651611CB965ECC1A187DD51B64FDA1EDC9637D5EC"
        "97582B9CB13DB3933705B32BA982AF5AF25FD78881EBB32771FC5922EFC66EA3",
    ),
]
BIP340_VERIFY_ONLY = [
    (
        "D69C3509BB99E412E68B0FE8544E72837DFA30746D8BE2AA65975F29D22DC7B9",
        "4DF3C3F68FCC83B27E9D42C90431A72499F17875C81A599B566C9889B9696703",
        "00000000000000000000003B78CE563F89A0ED9414F5AA28AD0D96D6795F9C63"
        "76AFB1548AF603B3EB45C9F8207DEE1060CB71C04E80F593060B07D28308D7F4",
        True,
    ),
    (  # the key is not on the curve
        "EEFDEA4CDB677750A420FEE807EACF21EB9898AE79B9768766E4FAA04A2D4A34",
        "243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89",
        "6CFF5C3BA86C69EA4B7376F31A9BCB4F74C1976089B2D9963DA2E5543E177769"
        "69E89B4C5564D00349106B8497785DD7D1D713A8AE82B32FA79D5F7FC407D39B",
        False,
    ),
    (  # the nonce's y is odd
        "DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659",
        "243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89",
        "FFF97BD5755EEEA420453A14355235D382F6472F8568A18B2F057A1460297556"
        "3CC27944640AC607CD107AE10923D9EF7A73C643E166BE5EBEAFA34B1AC553E2",
        False,
    ),
]
RFC6979 = [
    (
        1,
        b"Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ),
    (
        1,
        b"All those moments will be lost in time, like tears in rain. Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ),
    (
        N - 1,
        b"Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
        "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
    ),
    (
        0xF8B8AF8CE3C7CCA5E300D33939540C10D45CE001B8F252BFBC57BA0342904181,
        b"Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
        "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea",
    ),
]


@pytest.mark.parametrize(("key", "public", "auxiliary", "message", "signature"), BIP340)
def test_bip340(key: str, public: str, auxiliary: str, message: str, signature: str) -> None:
    made = secp256k1.schnorr_sign(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(auxiliary))
    assert made.hex().upper() == signature
    assert secp256k1.public_key(bytes.fromhex(key))[1:].hex().upper() == public
    assert secp256k1.schnorr_verify(bytes.fromhex(public), bytes.fromhex(message), made)
    assert not secp256k1.schnorr_verify(bytes.fromhex(public), bytes.fromhex(message) + b"x", made)


@pytest.mark.parametrize(("public", "message", "signature", "good"), BIP340_VERIFY_ONLY)
def test_bip340_verification(public: str, message: str, signature: str, good: bool) -> None:
    verdict = secp256k1.schnorr_verify(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))
    assert verdict is good


@pytest.mark.parametrize(("scalar", "message", "signature"), RFC6979)
def test_rfc6979(scalar: int, message: bytes, signature: str) -> None:
    made = secp256k1.sign(scalar.to_bytes(32, "big"), hashlib.sha256(message).digest())
    assert made.compact.hex() == signature


@settings(deadline=None, max_examples=25)
@given(KEYS, DIGESTS)
def test_signatures_are_low_recoverable_and_good_for_another_implementation(key: bytes, digest: bytes) -> None:
    signature = secp256k1.sign(key, digest)
    point = secp256k1.decompress(secp256k1.public_key(key))
    assert signature.s <= N // 2
    assert secp256k1.recover(digest, signature) == point
    assert secp256k1.verify(point, digest, signature)
    other = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256K1()).public_key()
    assert (other.public_numbers().x, other.public_numbers().y) == point
    der = utils.encode_dss_signature(signature.r, signature.s)
    other.verify(der, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


@settings(deadline=None, max_examples=25)
@given(KEYS, DIGESTS, st.integers(0, 511))
def test_one_wrong_bit_is_found(key: bytes, digest: bytes, bit: int) -> None:
    signature = secp256k1.sign(key, digest)
    point = secp256k1.decompress(secp256k1.public_key(key))
    number = int.from_bytes(signature.compact, "big") ^ 1 << bit
    try:
        broken = secp256k1.Signature.from_compact(number.to_bytes(64, "big"), signature.recovery)
    except ValueError:
        return
    assert not secp256k1.verify(point, digest, broken)
    try:
        assert secp256k1.recover(digest, broken) != point
    except ValueError:
        return


def test_high_s_is_refused() -> None:
    key, digest = bytes(31) + b"\x07", hashlib.sha256(b"x").digest()
    signature = secp256k1.sign(key, digest)
    high = secp256k1.Signature(signature.r, N - signature.s, signature.recovery ^ 1)
    point = secp256k1.decompress(secp256k1.public_key(key))
    assert secp256k1.recover(digest, high) == point
    assert not secp256k1.verify(point, digest, high)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, N - 1), st.integers(1, N - 1))
def test_the_group_law(one: int, two: int) -> None:
    left, right = secp256k1.multiply_base(one), secp256k1.multiply_base(two)
    for x, y in (left, right):
        assert (y * y - x**3 - 7) % P == 0
    assert secp256k1.multiply(right, one) == secp256k1.multiply(left, two)
    assert secp256k1.multiply(secp256k1.G, one) == left
    if (one + two) % N:
        assert secp256k1.add(left, right) == secp256k1.multiply_base(one + two)
    assert secp256k1.add(left, left) == secp256k1.multiply_base(2 * one)
    assert secp256k1.decompress(secp256k1.compress(left)) == left


def test_infinity_is_refused() -> None:
    x, y = secp256k1.G
    with pytest.raises(ValueError, match="infinity"):
        secp256k1.add((x, y), (x, P - y))
    with pytest.raises(ValueError, match="infinity"):
        secp256k1.multiply_base(N)


def test_consecutive_points_are_sums() -> None:
    start = secp256k1.multiply_base(1_000_000)
    steps = [secp256k1.multiply_base(step) for step in range(1, 20)]
    expected = [secp256k1.multiply_base(1_000_000 + step) for step in range(1, 20)]
    assert list(secp256k1.consecutive(start, steps)) == expected


@pytest.mark.parametrize("key", [b"", bytes(32), N.to_bytes(32, "big"), bytes(33), b"\xff" * 32])
def test_bad_private_keys_are_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="private key"):
        secp256k1.public_key(key)


@pytest.mark.parametrize(
    "encoded",
    [b"", b"\x02" + bytes(32), b"\x04" + b"\x01" * 32, b"\x02" + P.to_bytes(32, "big"), b"\x02" + bytes(31) + b"\x05"],
)
def test_what_is_no_point_is_refused(encoded: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|coordinate"):
        secp256k1.decompress(encoded)
