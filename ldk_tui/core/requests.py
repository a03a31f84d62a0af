"""What can be asked of the server: one frozen request per RPC, and a table that says how each call behaves.

The request classes are named like the RPCs. Amount oneofs: an amount, or `ALL_FUNDS`. `RPCS` maps the wire's
method name to its deadline and effect (server facts 6.2; safety 3.2, 3.3). Empty answers are None.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ldk_tui.core.amounts import Msat, Sat
from ldk_tui.core.ids import NodeId, PaymentHash, PaymentId, ShortChannelId, UserChannelId
from ldk_tui.core.model import ChannelConfig, CustomTlv, Level, PageToken
from ldk_tui.core.record import dataclass
from ldk_tui.core.secret import Secret


class AllFunds(Enum):
    """The other half of the amount oneofs: everything, less fees and reserves."""

    ALL = "all"


ALL_FUNDS: Final = AllFunds.ALL


@dataclass(frozen=True, slots=True)
class RouteParameters:
    """All four or none: a partly filled message counts the missing numbers as 0 and kills the payment (6.1, run)."""

    max_fee_msat: Msat | None = None
    max_cltv_expiry_delta: int = 1008
    max_path_count: int = 10
    max_saturation_power_of_half: int = 2


@dataclass(frozen=True, slots=True)
class DirectDescription:
    """At most 639 bytes of UTF-8."""

    text: str


@dataclass(frozen=True, slots=True)
class DescriptionHash:
    """64 hex digits."""

    hash: str


Description = DirectDescription | DescriptionHash


@dataclass(frozen=True, slots=True)
class GetNodeInfo: ...


@dataclass(frozen=True, slots=True)
class GetBalances: ...


@dataclass(frozen=True, slots=True)
class OnchainReceive: ...


@dataclass(frozen=True, slots=True)
class OnchainSend:
    """`amount` None is refused by the server (3)."""

    address: str
    amount: Sat | AllFunds | None
    fee_rate_sat_per_vb: int | None = None


@dataclass(frozen=True, slots=True)
class Bolt11Receive:
    """`expiry_s` has no server default: 0 makes an invoice that has already expired (run)."""

    expiry_s: int
    amount_msat: Msat | None = None
    description: Description | None = None


@dataclass(frozen=True, slots=True)
class Bolt11ReceiveForHash:
    payment_hash: PaymentHash
    expiry_s: int
    amount_msat: Msat | None = None
    description: Description | None = None


@dataclass(frozen=True, slots=True)
class Bolt11ClaimForHash:
    """Always send the hash, so that a mistyped preimage gives a clear error. OK is not proof (9.3)."""

    preimage: Secret[str]
    payment_hash: PaymentHash | None = None
    claimable_amount_msat: Msat | None = None


@dataclass(frozen=True, slots=True)
class Bolt11FailForHash:
    payment_hash: PaymentHash


@dataclass(frozen=True, slots=True)
class Bolt11ReceiveViaJitChannel:
    amount_msat: Msat
    expiry_s: int
    description: Description | None = None
    max_total_lsp_fee_limit_msat: Msat | None = None


@dataclass(frozen=True, slots=True)
class Bolt11ReceiveVariableAmountViaJitChannel:
    expiry_s: int
    description: Description | None = None
    max_proportional_lsp_fee_limit_ppm_msat: int | None = None


@dataclass(frozen=True, slots=True)
class Bolt11Send:
    invoice: str
    amount_msat: Msat | None = None
    route: RouteParameters | None = None


@dataclass(frozen=True, slots=True)
class Bolt11SendUnderpaying:
    """Level 2026-08 only."""

    invoice: str
    amount_msat: Msat
    route: RouteParameters | None = None


@dataclass(frozen=True, slots=True)
class Bolt12Receive:
    description: str
    amount_msat: Msat | None = None
    expiry_s: int | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Bolt12Send:
    offer: str
    amount_msat: Msat | None = None
    quantity: int | None = None
    payer_note: str | None = None
    route: RouteParameters | None = None


@dataclass(frozen=True, slots=True)
class SpontaneousSend:
    """With our own preimage the id is known in advance (servers from 2026-07-27 on)."""

    amount_msat: Msat
    node_id: NodeId
    route: RouteParameters | None = None
    custom_tlvs: tuple[CustomTlv, ...] = ()
    preimage: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class OpenChannel:
    node_id: NodeId
    address: str
    amount: Sat | AllFunds | None
    push_msat: Msat | None = None
    config: ChannelConfig | None = None
    announce: bool = False
    disable_counterparty_reserve: bool = False


@dataclass(frozen=True, slots=True)
class SpliceIn:
    user_channel_id: UserChannelId
    counterparty: NodeId
    amount: Sat | AllFunds | None


@dataclass(frozen=True, slots=True)
class SpliceOut:
    user_channel_id: UserChannelId
    counterparty: NodeId
    amount_sat: Sat
    address: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateChannelConfig:
    user_channel_id: UserChannelId
    counterparty: NodeId
    config: ChannelConfig | None


@dataclass(frozen=True, slots=True)
class CloseChannel:
    user_channel_id: UserChannelId
    counterparty: NodeId


@dataclass(frozen=True, slots=True)
class ForceCloseChannel:
    user_channel_id: UserChannelId
    counterparty: NodeId
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ListChannels: ...


@dataclass(frozen=True, slots=True)
class GetPaymentDetails:
    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class ListPayments:
    """First page: no token; an *empty* token message gives an empty page (7.2)."""

    page_token: PageToken | None = None


@dataclass(frozen=True, slots=True)
class ListForwardedPayments:
    page_token: PageToken | None = None


@dataclass(frozen=True, slots=True)
class ConnectPeer:
    node_id: NodeId
    address: str
    persist: bool = False


@dataclass(frozen=True, slots=True)
class DisconnectPeer:
    node_id: NodeId


@dataclass(frozen=True, slots=True)
class ListPeers: ...


@dataclass(frozen=True, slots=True)
class SignMessage:
    message: bytes


@dataclass(frozen=True, slots=True)
class VerifySignature:
    message: bytes
    signature: str
    public_key: str


@dataclass(frozen=True, slots=True)
class ExportPathfindingScores: ...


@dataclass(frozen=True, slots=True)
class UnifiedSend:
    uri: str
    amount_msat: Msat | None = None
    route: RouteParameters | None = None


@dataclass(frozen=True, slots=True)
class DecodeInvoice:
    """Leaves with an appended empty field 2, so that the signed body cannot act as a send (section 2, run)."""

    invoice: str


@dataclass(frozen=True, slots=True)
class DecodeOffer:
    """As DecodeInvoice."""

    offer: str


@dataclass(frozen=True, slots=True)
class GraphListChannels: ...


@dataclass(frozen=True, slots=True)
class GraphGetChannel:
    short_channel_id: ShortChannelId


@dataclass(frozen=True, slots=True)
class GraphListNodes: ...


@dataclass(frozen=True, slots=True)
class GraphGetNode:
    node_id: NodeId


@dataclass(frozen=True, slots=True)
class SubscribeEvents: ...


class Effect(Enum):
    """What a call does to the world; decides how an unreadable ending is reported (safety 3.1)."""

    READ = "read"  # may be repeated at will
    HARMLESS = "harmless"  # makes an address or invoice, connects a peer: a lost answer costs nothing
    MONEY = "money"  # moves money or channels: a lost answer is OutcomeUnknown, never repeated by itself


class Wallet(Enum):
    """Whether the call spends wallet coins; such calls go one at a time (6.4, run)."""

    NO = "no"
    SPENDS = "spends"


@dataclass(frozen=True, slots=True)
class Rpc:
    """One row of the table. `python_name` is the coroutine of LdkClient; `deadline_s` None = no deadline."""

    name: str
    python_name: str
    request: type
    deadline_s: float | None
    effect: Effect
    wallet: Wallet = Wallet.NO
    levels: tuple[Level, ...] = (Level.L2026_04, Level.L2026_08)


_READ_S, _SEND_S, _OPEN_S, _LSP_S = 10.0, 30.0, 60.0, 90.0


def _table() -> dict[str, Rpc]:
    rows = (
        ("get_node_info", GetNodeInfo, _READ_S, Effect.READ, Wallet.NO),
        ("get_balances", GetBalances, _READ_S, Effect.READ, Wallet.NO),
        ("onchain_receive", OnchainReceive, _READ_S, Effect.HARMLESS, Wallet.NO),
        ("onchain_send", OnchainSend, _SEND_S, Effect.MONEY, Wallet.SPENDS),
        ("bolt11_receive", Bolt11Receive, _READ_S, Effect.HARMLESS, Wallet.NO),
        # a lost answer leaves an invoice that may be payable: the preimage row must survive it
        ("bolt11_receive_for_hash", Bolt11ReceiveForHash, _READ_S, Effect.MONEY, Wallet.NO),
        ("bolt11_claim_for_hash", Bolt11ClaimForHash, _SEND_S, Effect.MONEY, Wallet.NO),
        ("bolt11_fail_for_hash", Bolt11FailForHash, _SEND_S, Effect.MONEY, Wallet.NO),
        ("bolt11_receive_via_jit_channel", Bolt11ReceiveViaJitChannel, _LSP_S, Effect.HARMLESS, Wallet.NO),
        (
            "bolt11_receive_variable_amount_via_jit_channel",
            Bolt11ReceiveVariableAmountViaJitChannel,
            _LSP_S,
            Effect.HARMLESS,
            Wallet.NO,
        ),
        ("bolt11_send", Bolt11Send, _SEND_S, Effect.MONEY, Wallet.NO),
        ("bolt11_send_underpaying", Bolt11SendUnderpaying, _SEND_S, Effect.MONEY, Wallet.NO),
        ("bolt12_receive", Bolt12Receive, _READ_S, Effect.HARMLESS, Wallet.NO),
        ("bolt12_send", Bolt12Send, _SEND_S, Effect.MONEY, Wallet.NO),
        ("spontaneous_send", SpontaneousSend, _SEND_S, Effect.MONEY, Wallet.NO),
        ("open_channel", OpenChannel, _OPEN_S, Effect.MONEY, Wallet.SPENDS),
        ("splice_in", SpliceIn, _SEND_S, Effect.MONEY, Wallet.SPENDS),
        ("splice_out", SpliceOut, _SEND_S, Effect.MONEY, Wallet.NO),
        ("update_channel_config", UpdateChannelConfig, _READ_S, Effect.MONEY, Wallet.NO),
        ("close_channel", CloseChannel, _SEND_S, Effect.MONEY, Wallet.NO),
        ("force_close_channel", ForceCloseChannel, _SEND_S, Effect.MONEY, Wallet.NO),
        ("list_channels", ListChannels, _READ_S, Effect.READ, Wallet.NO),
        ("get_payment_details", GetPaymentDetails, _READ_S, Effect.READ, Wallet.NO),
        ("list_payments", ListPayments, _READ_S, Effect.READ, Wallet.NO),
        ("list_forwarded_payments", ListForwardedPayments, _READ_S, Effect.READ, Wallet.NO),
        ("connect_peer", ConnectPeer, _OPEN_S, Effect.HARMLESS, Wallet.NO),
        ("disconnect_peer", DisconnectPeer, _READ_S, Effect.HARMLESS, Wallet.NO),
        ("list_peers", ListPeers, _READ_S, Effect.READ, Wallet.NO),
        ("sign_message", SignMessage, _READ_S, Effect.READ, Wallet.NO),
        ("verify_signature", VerifySignature, _READ_S, Effect.READ, Wallet.NO),
        ("export_pathfinding_scores", ExportPathfindingScores, _SEND_S, Effect.READ, Wallet.NO),
        ("unified_send", UnifiedSend, _LSP_S, Effect.MONEY, Wallet.SPENDS),
        ("decode_invoice", DecodeInvoice, _READ_S, Effect.READ, Wallet.NO),
        ("decode_offer", DecodeOffer, _READ_S, Effect.READ, Wallet.NO),
        ("graph_list_channels", GraphListChannels, _SEND_S, Effect.READ, Wallet.NO),
        ("graph_get_channel", GraphGetChannel, _READ_S, Effect.READ, Wallet.NO),
        ("graph_list_nodes", GraphListNodes, _SEND_S, Effect.READ, Wallet.NO),
        ("graph_get_node", GraphGetNode, _READ_S, Effect.READ, Wallet.NO),
        ("subscribe_events", SubscribeEvents, None, Effect.READ, Wallet.NO),
    )
    table: dict[str, Rpc] = {}
    for python_name, request, deadline_s, effect, wallet in rows:
        newest = (Level.L2026_08,) if request is Bolt11SendUnderpaying else (Level.L2026_04, Level.L2026_08)
        table[request.__name__] = Rpc(request.__name__, python_name, request, deadline_s, effect, wallet, newest)
    return table


RPCS: Final[dict[str, Rpc]] = _table()

Request = (
    GetNodeInfo
    | GetBalances
    | OnchainReceive
    | OnchainSend
    | Bolt11Receive
    | Bolt11ReceiveForHash
    | Bolt11ClaimForHash
    | Bolt11FailForHash
    | Bolt11ReceiveViaJitChannel
    | Bolt11ReceiveVariableAmountViaJitChannel
    | Bolt11Send
    | Bolt11SendUnderpaying
    | Bolt12Receive
    | Bolt12Send
    | SpontaneousSend
    | OpenChannel
    | SpliceIn
    | SpliceOut
    | UpdateChannelConfig
    | CloseChannel
    | ForceCloseChannel
    | ListChannels
    | GetPaymentDetails
    | ListPayments
    | ListForwardedPayments
    | ConnectPeer
    | DisconnectPeer
    | ListPeers
    | SignMessage
    | VerifySignature
    | ExportPathfindingScores
    | UnifiedSend
    | DecodeInvoice
    | DecodeOffer
    | GraphListChannels
    | GraphGetChannel
    | GraphListNodes
    | GraphGetNode
    | SubscribeEvents
)
