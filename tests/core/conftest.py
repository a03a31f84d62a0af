"""Small builders of core values: only what a test is about has to be said."""

from __future__ import annotations

import pytest

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import (
    ChannelId,
    NodeId,
    PaymentHash,
    block_hash,
    channel_id,
    node_id,
    payment_hash,
    payment_id,
    user_channel_id,
)
from ldk_tui.core.model import (
    Balances,
    BestBlock,
    Bolt11Kind,
    Channel,
    Direction,
    LightningBalance,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    NodeInfo,
    Payment,
    PaymentStatus,
    PeerPolicy,
    PendingSweep,
)

NOW = 1_800_000_000


def hash_of(number: int) -> PaymentHash:
    return payment_hash(f"{number:064x}")


def channel_of(number: int) -> ChannelId:
    return channel_id(f"{number:064x}")


def peer_of(number: int) -> NodeId:
    return node_id(f"02{number:064x}")


class Make:
    """The builders, as one fixture."""

    now = NOW
    hash = staticmethod(hash_of)
    channel_id = staticmethod(channel_of)
    peer = staticmethod(peer_of)

    @staticmethod
    def info(height: int = 1_000, **changes: object) -> NodeInfo:
        synced: dict[str, object] = dict.fromkeys(("lightning_sync_unix", "onchain_sync_unix", "fee_rates_unix"), NOW)
        return NodeInfo(peer_of(99), BestBlock(block_hash("00" * 32), height), **(synced | changes))  # type: ignore[arg-type]

    @staticmethod
    def incoming(number: int, expiry: int, sat: int = 50_000, channel: int = 1) -> MaybePreimageClaimableHtlc:
        return MaybePreimageClaimableHtlc(channel_of(channel), peer_of(channel), Sat(sat), expiry, hash_of(number))

    @staticmethod
    def outgoing(number: int, height: int, sat: int = 50_000, channel: int = 1) -> MaybeTimeoutClaimableHtlc:
        return MaybeTimeoutClaimableHtlc(channel_of(channel), peer_of(channel), Sat(sat), height, hash_of(number), True)

    @staticmethod
    def balances(
        *lightning: LightningBalance,
        sweeps: tuple[PendingSweep, ...] = (),
        total: int = 0,
        spendable: int = 0,
        anchor: int = 0,
    ) -> Balances:
        return Balances(Sat(total), Sat(spendable), Sat(anchor), Sat(0), lightning, sweeps)

    @staticmethod
    def channel(number: int = 1, ours: int = 400_000, theirs: int = 500_000, **changes: object) -> Channel:
        """`ours` and `theirs`: capacities in sat. Ready and usable unless said otherwise."""
        fields: dict[str, object] = {
            "channel_id": channel_of(number),
            "counterparty": peer_of(number),
            "user_channel_id": user_channel_id(str(number)),
            "funding_txo": None,
            "value_sat": Sat(1_000_000),
            "our_reserve_sat": Sat(10_000),
            "their_reserve_sat": Sat(10_000),
            "feerate_sat_per_kw": 253,
            "outbound_capacity_msat": Msat(ours * 1_000),
            "inbound_capacity_msat": Msat(theirs * 1_000),
            "confirmations_required": 6,
            "confirmations": 100,
            "is_outbound": True,
            "is_ready": True,
            "is_usable": True,
            "is_announced": True,
            "config": None,
            "next_outbound_htlc_limit_msat": Msat(ours * 990),
            "next_outbound_htlc_minimum_msat": Msat(1),
            "force_close_spend_delay": 144,
            "inbound_htlc_minimum_msat": Msat(1),
            "inbound_htlc_maximum_msat": Msat(900_000_000),
            "peer_policy": PeerPolicy(1_000, 100, 40),
        }
        return Channel(**(fields | changes))  # type: ignore[arg-type]

    @staticmethod
    def payment(
        number: int,
        status: PaymentStatus = PaymentStatus.PENDING,
        amount: int | None = 50_000_000,
        direction: Direction = Direction.INBOUND,
    ) -> Payment:
        """A BOLT11 payment; `amount` in msat."""
        some_hash = hash_of(number)
        amount_msat = None if amount is None else Msat(amount)
        return Payment(payment_id(some_hash), Bolt11Kind(some_hash), amount_msat, None, direction, status, NOW)


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
