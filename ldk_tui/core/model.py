"""What a node is made of: immutable values, as the dialect made them from the wire and the store keeps them.

Units: `_msat` and `_sat` say theirs; `_unix` is seconds since 1970 UTC; heights are block heights. Text from outside is
`SafeText` (cleaned, with the raw form beside it). Secrets are `Secret`. Unknown enum numbers become the UNKNOWN member.
Where a field carries a trap, the server facts' section is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Generic, TypeVar

from ldk_tui.core.amounts import ZERO_MSAT, Msat, Sat
from ldk_tui.core.ids import (
    BlockHash,
    ChannelId,
    NodeId,
    OfferId,
    PaymentHash,
    PaymentId,
    ShortChannelId,
    Txid,
    UserChannelId,
)
from ldk_tui.core.record import dataclass
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText


class Level(Enum):
    """Wire levels of the server. 2026-10 is recognised and named, its dialect is a later step."""

    L2026_04 = "2026-04"
    L2026_08 = "2026-08"
    L2026_10 = "2026-10"


class Network(Enum):
    """Bitcoin networks as the server names them. Absent on 2026-04 means unknown, not mainnet (1.4)."""

    BITCOIN = "bitcoin"
    TESTNET = "testnet"
    TESTNET4 = "testnet4"
    SIGNET = "signet"
    REGTEST = "regtest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature bit: `name` is server text; `is_known` only on 2026-04."""

    name: SafeText
    is_required: bool
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class BestBlock:
    block_hash: BlockHash
    height: int


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """GetNodeInfo (6.3). `network` None = the server does not say. Sync times None = never in this node's life."""

    node_id: NodeId
    best_block: BestBlock | None
    lightning_sync_unix: int | None = None
    onchain_sync_unix: int | None = None
    fee_rates_unix: int | None = None
    rgs_snapshot_unix: int | None = None
    announcement_unix: int | None = None
    listening_addresses: tuple[SafeText, ...] = ()
    announcement_addresses: tuple[SafeText, ...] = ()
    alias: SafeText | None = None
    uris: tuple[SafeText, ...] = ()
    network: Network | None = None
    features: Mapping[int, Feature] = field(default_factory=dict)

    @property
    def height(self) -> int | None:
        return self.best_block.height if self.best_block else None


# --- balances ----------------------------------------------------------------------------------------------------


class BalanceSource(Enum):
    HOLDER_FORCE_CLOSED = "holder force-closed"
    COUNTERPARTY_FORCE_CLOSED = "counterparty force-closed"
    COOP_CLOSE = "cooperative close"
    HTLC = "htlc"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClaimableOnChannelClose:
    """An open channel (or one whose cooperative close has not confirmed: then the money is counted twice, 6.3)."""

    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat
    transaction_fee_sat: Sat
    outbound_payment_htlc_rounded_msat: Msat = ZERO_MSAT
    outbound_forwarded_htlc_rounded_msat: Msat = ZERO_MSAT
    inbound_claiming_htlc_rounded_msat: Msat = ZERO_MSAT
    inbound_htlc_rounded_msat: Msat = ZERO_MSAT


@dataclass(frozen=True, slots=True)
class ClaimableAwaitingConfirmations:
    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat
    confirmation_height: int
    source: BalanceSource


@dataclass(frozen=True, slots=True)
class ContentiousClaimable:
    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat
    timeout_height: int
    payment_hash: PaymentHash
    preimage: Secret[str]


@dataclass(frozen=True, slots=True)
class MaybeTimeoutClaimableHtlc:
    """An outgoing HTLC in flight; `outbound_payment` True = our own payment, False = a forward."""

    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat
    claimable_height: int
    payment_hash: PaymentHash
    outbound_payment: bool


@dataclass(frozen=True, slots=True)
class MaybePreimageClaimableHtlc:
    """An incoming HTLC whose preimage the node does not know: a held hodl payment or a forward. Dust never appears.

    Claim deadline = lowest `expiry_height` over the parts − 39 (9.2).
    """

    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat
    expiry_height: int
    payment_hash: PaymentHash


@dataclass(frozen=True, slots=True)
class CounterpartyRevokedOutputClaimable:
    channel_id: ChannelId
    counterparty: NodeId
    amount_sat: Sat


@dataclass(frozen=True, slots=True)
class UnknownBalance:
    """A kind that this level does not know, or an unset oneof."""


LightningBalance = (
    ClaimableOnChannelClose
    | ClaimableAwaitingConfirmations
    | ContentiousClaimable
    | MaybeTimeoutClaimableHtlc
    | MaybePreimageClaimableHtlc
    | CounterpartyRevokedOutputClaimable
    | UnknownBalance
)


@dataclass(frozen=True, slots=True)
class PendingBroadcast:
    channel_id: ChannelId | None
    amount_sat: Sat


@dataclass(frozen=True, slots=True)
class BroadcastAwaitingConfirmation:
    channel_id: ChannelId | None
    latest_broadcast_height: int
    latest_spending_txid: Txid
    amount_sat: Sat


@dataclass(frozen=True, slots=True)
class AwaitingThresholdConfirmations:
    channel_id: ChannelId | None
    latest_spending_txid: Txid
    confirmation_hash: BlockHash
    confirmation_height: int
    amount_sat: Sat


@dataclass(frozen=True, slots=True)
class UnknownSweep:
    """A stage that this level does not know, or an unset oneof."""


PendingSweep = PendingBroadcast | BroadcastAwaitingConfirmation | AwaitingThresholdConfirmations | UnknownSweep


@dataclass(frozen=True, slots=True)
class Balances:
    """GetBalances (6.3). The Lightning total excludes HTLCs in flight; ClaimableOnChannelClose may count twice."""

    total_onchain_sat: Sat
    spendable_onchain_sat: Sat
    anchor_reserve_sat: Sat
    total_lightning_sat: Sat
    lightning: tuple[LightningBalance, ...] = ()
    sweeps: tuple[PendingSweep, ...] = ()


# --- channels and peers ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutPoint:
    txid: Txid
    vout: int

    def __str__(self) -> str:
        return f"{self.txid}:{self.vout}"


@dataclass(frozen=True, slots=True)
class FixedDustLimit:
    limit_msat: Msat


@dataclass(frozen=True, slots=True)
class DustFeeRateMultiplier:
    multiplier: int


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """Our policy. None = not said (in an update: keep the value)."""

    fee_ppm: int | None = None
    fee_base_msat: int | None = None
    cltv_expiry_delta: int | None = None
    force_close_avoidance_max_fee_sat: Sat | None = None
    accept_underpaying_htlcs: bool | None = None
    max_dust_htlc_exposure: FixedDustLimit | DustFeeRateMultiplier | None = None


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """What the peer charges for forwarding to us; each None until it has told us."""

    fee_base_msat: int | None
    fee_ppm: int | None
    cltv_expiry_delta: int | None


@dataclass(frozen=True, slots=True)
class Channel:
    """ListChannels (6.9). The key of every channel call is (`user_channel_id`, `counterparty`), never `channel_id`."""

    channel_id: ChannelId
    counterparty: NodeId
    user_channel_id: UserChannelId
    funding_txo: OutPoint | None
    value_sat: Sat
    our_reserve_sat: Sat | None
    their_reserve_sat: Sat
    feerate_sat_per_kw: int
    outbound_capacity_msat: Msat
    inbound_capacity_msat: Msat
    confirmations_required: int | None
    confirmations: int | None
    is_outbound: bool
    is_ready: bool
    is_usable: bool
    is_announced: bool
    config: ChannelConfig | None
    next_outbound_htlc_limit_msat: Msat
    next_outbound_htlc_minimum_msat: Msat
    force_close_spend_delay: int | None
    inbound_htlc_minimum_msat: Msat | None
    inbound_htlc_maximum_msat: Msat | None
    peer_policy: PeerPolicy


@dataclass(frozen=True, slots=True)
class Peer:
    """ListPeers (6.11). Not unique by a stable address: inbound peers show their ephemeral port."""

    node_id: NodeId
    address: SafeText
    is_persisted: bool
    is_connected: bool


# --- payments ----------------------------------------------------------------------------------------------------


class Direction(Enum):
    INBOUND = "in"
    OUTBOUND = "out"
    UNKNOWN = "unknown"


class PaymentStatus(Enum):
    """As the *server* says it. What we show of an outgoing payment of our own may also be unknown."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Confirmed:
    block_hash: BlockHash
    height: int
    timestamp_unix: int


@dataclass(frozen=True, slots=True)
class OnchainKind:
    """`confirmed` None = unconfirmed (or not said)."""

    txid: Txid
    confirmed: Confirmed | None


@dataclass(frozen=True, slots=True)
class LspFeeLimits:
    max_total_opening_fee_msat: Msat | None
    max_proportional_opening_fee_ppm_msat: int | None


@dataclass(frozen=True, slots=True)
class Bolt11Kind:
    """`lsp_fee_limits`: only the bolt11_jit kind of 2026-04. An unpaid own invoice carries its preimage: hide it."""

    payment_hash: PaymentHash
    preimage: Secret[str] | None = None
    payment_secret: Secret[bytes] | None = None
    skimmed_fee_msat: Msat | None = None
    lsp_fee_limits: LspFeeLimits | None = None


@dataclass(frozen=True, slots=True)
class Bolt12OfferKind:
    """Outbound: the payment's `amount_msat` is the price of ONE item; multiply by `quantity` (6.7, run)."""

    payment_hash: PaymentHash | None
    preimage: Secret[str] | None
    payment_secret: Secret[bytes] | None
    offer_id: OfferId
    payer_note: SafeText | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Bolt12RefundKind:
    payment_hash: PaymentHash | None
    preimage: Secret[str] | None
    payment_secret: Secret[bytes] | None
    payer_note: SafeText | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class SpontaneousKind:
    payment_hash: PaymentHash
    preimage: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """Kind unset: a row that another level wrote (1.4)."""


PaymentKind = OnchainKind | Bolt11Kind | Bolt12OfferKind | Bolt12RefundKind | SpontaneousKind | UnknownKind


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as ListPayments, GetPaymentDetails and events give it (7.3): no creation time, no reason."""

    id: PaymentId
    kind: PaymentKind
    amount_msat: Msat | None
    fee_paid_msat: Msat | None
    direction: Direction
    status: PaymentStatus
    updated_unix: int

    @property
    def payment_hash(self) -> PaymentHash | None:
        """The hash, for kinds that have one; on-chain has none."""
        kind = self.kind
        if isinstance(kind, OnchainKind | UnknownKind):
            return None
        return kind.payment_hash


@dataclass(frozen=True, slots=True)
class CustomTlv:
    """A keysend record: raw bytes of a stranger. Shown as hex first (safety 1.4)."""

    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class HtlcLocator:
    channel_id: ChannelId
    user_channel_id: UserChannelId | None = None
    node_id: NodeId | None = None


@dataclass(frozen=True, slots=True)
class ForwardedPayment:
    """A forward (7.5). No id and no time in the message; `skimmed_fee_msat` is part of `total_fee_earned_msat`."""

    previous: tuple[HtlcLocator, ...]
    next: tuple[HtlcLocator, ...]
    total_fee_earned_msat: Msat | None = None
    skimmed_fee_msat: Msat | None = None
    claim_from_onchain_tx: bool = False
    outbound_amount_msat: Msat | None = None


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where the next page begins; opaque (7.2)."""

    token: str
    index: int = 0


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page. The end is an *empty* page: a token comes with every page that has a row (7.2, run)."""

    rows: tuple[R, ...]
    next_token: PageToken | None


# --- invoices and offers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewInvoice:
    invoice: str
    payment_hash: PaymentHash
    payment_secret: Secret[str]


@dataclass(frozen=True, slots=True)
class NewOffer:
    offer: str
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class HopHint:
    node_id: NodeId
    short_channel_id: ShortChannelId
    fee_base_msat: int
    fee_ppm: int
    cltv_expiry_delta: int


@dataclass(frozen=True, slots=True)
class DecodedInvoice:
    """DecodeInvoice (6.6). `currency` is bitcoin|testnet|regtest|simnet|signet; testnet also covers testnet4."""

    destination: NodeId
    payment_hash: PaymentHash
    amount_msat: Msat | None
    timestamp_unix: int
    expiry_s: int
    description: SafeText | None
    description_hash: str | None
    fallback_address: SafeText | None
    min_final_cltv_expiry_delta: int
    payment_secret: Secret[str]
    route_hints: tuple[tuple[HopHint, ...], ...]
    features: Mapping[int, Feature]
    currency: SafeText
    payment_metadata: str | None
    is_expired: bool


@dataclass(frozen=True, slots=True)
class CurrencyAmount:
    iso4217: SafeText
    minor_units: int


@dataclass(frozen=True, slots=True)
class OfferQuantity:
    """One item, up to `bound`, or any number (`unbounded`)."""

    bound: int | None = 1
    unbounded: bool = False


class ChannelSide(Enum):
    NODE_ONE = 0
    NODE_TWO = 1
    UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class BlindedPath:
    """Introduced by a node id, or by (scid, side): one of the two, or neither across levels."""

    introduction_node: NodeId | None
    introduction_scid: ShortChannelId | None
    introduction_side: ChannelSide | None
    blinding_point: SafeText
    hops: int


@dataclass(frozen=True, slots=True)
class DecodedOffer:
    offer_id: OfferId
    description: SafeText | None
    issuer: SafeText | None
    amount: Msat | CurrencyAmount | None
    issuer_signing_pubkey: NodeId | None
    absolute_expiry_unix: int | None
    quantity: OfferQuantity | None
    paths: tuple[BlindedPath, ...]
    features: Mapping[int, Feature]
    chains: tuple[SafeText, ...]
    metadata: str | None
    is_expired: bool


@dataclass(frozen=True, slots=True)
class UnifiedResult:
    """Which rail UnifiedSend took: exactly one is set, or none across levels."""

    txid: Txid | None = None
    bolt11_payment_id: PaymentId | None = None
    bolt12_payment_id: PaymentId | None = None


# --- network graph -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GraphUpdate:
    last_update_unix: int
    enabled: bool
    cltv_expiry_delta: int
    htlc_minimum_msat: Msat
    htlc_maximum_msat: Msat
    fee_base_msat: int
    fee_ppm: int


@dataclass(frozen=True, slots=True)
class GraphChannel:
    node_one: NodeId
    node_two: NodeId
    capacity_sat: Sat | None
    one_to_two: GraphUpdate | None
    two_to_one: GraphUpdate | None


@dataclass(frozen=True, slots=True)
class GraphAnnouncement:
    """`alias` is a stranger's text: a nickname, never an identifier."""

    last_update_unix: int
    alias: SafeText
    rgb: SafeText
    addresses: tuple[SafeText, ...]
    features: Mapping[int, Feature] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GraphNode:
    channels: tuple[ShortChannelId, ...]
    announcement: GraphAnnouncement | None
