"""Cells, bars and the report of a channel: all fields of the API are told, whole, at every width."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.events import ChannelState, ChannelStateChanged, CloseReason
from ldk_tui.core.ids import Txid
from ldk_tui.core.liquidity import BarParts, SweepStage
from ldk_tui.core.model import (
    BalanceSource,
    BroadcastAwaitingConfirmation,
    Channel,
    ChannelConfig,
    ClaimableAwaitingConfirmations,
    ClaimableOnChannelClose,
    ContentiousClaimable,
    CounterpartyRevokedOutputClaimable,
    FixedDustLimit,
    MaybePreimageClaimableHtlc,
    MaybeTimeoutClaimableHtlc,
    PeerPolicy,
    PendingBroadcast,
)
from ldk_tui.core.secret import Secret
from ldk_tui.core.text import clean, own
from ldk_tui.node.query import ChannelStanding
from ldk_tui.node.views import ChannelRow
from ldk_tui.ui.line import Line, plain, width_of
from ldk_tui.ui.screens.channel_lines import (
    DIVIDER,
    SIGNS,
    balance_bar,
    bar_cell,
    closing_sat,
    confirmations,
    counts_line,
    flags_cell,
    flight_cell,
    legend,
    ours_cell,
    peer_cell,
    policy_cell,
    state_cell,
)
from ldk_tui.ui.screens.channel_report import STAGES, Seen, ids, report_lines, summary_lines
from tests.ui.channel_port import (
    BOB,
    CAROL,
    DAVE,
    ERIN,
    FRANK,
    GINA,
    HEIGHT,
    HTLC_IN,
    HTLC_OUT,
    RETURNING,
    ChannelPort,
    channel,
    closed,
    digits,
    open_entry,
)
from tests.ui.fake_port import HASH, NOW

SEEN = Seen(Unit.SAT, NOW, HEIGHT)


def said(rows: list[Line]) -> str:
    """The words with the line ends of wrapping taken out."""
    return " ".join(" ".join(plain(row) for row in rows).split())


def report(row: ChannelRow, width: int = 100) -> str:
    return said(report_lines(row, SEEN, width))


# --- all fields ------------------------------------------------------------------------------------------------------

_CHANNEL: dict[str, str] = {
    "channel_id": BOB.channel_id,
    "counterparty": BOB.counterparty,
    "user_channel_id": BOB.user_channel_id,
    "funding_txo": f"{digits('txbob')}:1",
    "value_sat": "capacity 2,000,000 sat",
    "our_reserve_sat": "20,000",
    "their_reserve_sat": "21,000",
    "feerate_sat_per_kw": "253 sat/kw",
    "outbound_capacity_msat": "1,200,000",
    "inbound_capacity_msat": "700,000",
    "confirmations_required": "needs 3",
    "confirmations": "1,204, needs",
    "is_outbound": "opened by us",
    "is_ready": "ready, usable yes, yes",
    "is_usable": "yes, yes",
    "is_announced": "announced yes",
    "config": "ours peer's",
    "next_outbound_htlc_limit_msat": "990,000",
    "next_outbound_htlc_minimum_msat": "1.001",
    "force_close_spend_delay": "our money waits 144 blocks",
    "inbound_htlc_minimum_msat": "1.002",
    "inbound_htlc_maximum_msat": "500,000",
    "peer_policy": "ours peer's",
}
_CONFIG: dict[str, str] = {
    "fee_ppm": "fee rate, ppm 250 120",
    "fee_base_msat": "base fee, msat 1,000 7",
    "cltv_expiry_delta": "CLTV delta, blocks 48 40",
    "force_close_avoidance_max_fee_sat": "to avoid a close, sat 1,500",
    "accept_underpaying_htlcs": "underpaying HTLCs refused",
    "max_dust_htlc_exposure": "10,000 × fee rate",
}


def test_every_field_of_a_channel_is_in_its_report() -> None:
    assert set(_CHANNEL) == {each.name for each in fields(Channel)}, "a new field needs its place in the report"
    assert set(_CONFIG) == {each.name for each in fields(ChannelConfig)}
    assert {each.name for each in fields(PeerPolicy)} <= set(_CONFIG)
    text = report(ChannelPort().row(BOB))
    for name, words in (_CHANNEL | _CONFIG).items():
        assert words in text, name


@pytest.mark.parametrize("width", [58, 78, 84, 116, 196])
def test_a_report_has_all_at_every_width_and_no_line_is_wider(width: int) -> None:
    port = ChannelPort()
    for row in port.book.rows():
        rows = report_lines(row, SEEN, width)
        assert all(width_of(each) <= width for each in rows), row.standing
        text = "".join(said(rows).split())
        for _, value in ids(row):
            assert "".join(value.split()) in text, f"{row.standing} at {width}"
    text = said(report_lines(port.row(BOB), SEEN, width))
    assert "2,000,000 sat" in text
    assert "hash" in text


def test_policies_stand_side_by_side_and_beside_the_balance_where_there_is_room() -> None:
    row = ChannelPort().row(BOB)
    wide = [plain(each) for each in report_lines(row, SEEN, 116)]
    assert any("Balance" in each and "Policy" in each for each in wide)
    narrow = [plain(each) for each in report_lines(row, SEEN, 78)]
    assert not any("Balance" in each and "Policy" in each for each in narrow)
    assert any(each.split() == ["fee", "rate,", "ppm", "250", "120"] for each in narrow)


def test_ids_stand_on_one_line_at_80_columns() -> None:
    rows = [plain(each) for each in report_lines(ChannelPort().row(BOB), SEEN, 77)]
    for identifier in (BOB.counterparty, BOB.channel_id, f"{digits('txbob')}:1", HASH):
        assert any(identifier in each for each in rows), identifier


# --- states ----------------------------------------------------------------------------------------------------------


def test_offline_says_since_when_it_was_seen() -> None:
    text = report(ChannelPort().row(CAROL))
    assert "○ offline The peer is away, seen so for 2 h 10 m: nothing moves until it is back." in text


def test_pending_says_how_deep_it_is_and_what_is_not_agreed() -> None:
    text = report(ChannelPort().row(DAVE))
    assert "◔ pending The funding transaction has 1 of 3 confirmations." in text
    assert "The peer has not told its policy yet." in text
    assert "announced no, private" in text
    early = channel("new", is_ready=False, confirmations=None, confirmations_required=None, funding_txo=None)
    early = replace(early, our_reserve_sat=None, config=None, force_close_spend_delay=None)
    port = ChannelPort(filled=False)
    port.now_are((early,), (), (), tell=False)
    text = report(port.row(early))
    assert "— of — confirmations" in text
    assert "our reserve not agreed with the peer yet" in text
    assert "funding none yet" in text


def test_a_phantom_is_explained() -> None:
    text = report(ChannelPort().row(ERIN))
    assert "▲ phantom The funding may not exist: 0 of 3 confirmations." in text
    assert "Seen unconfirmed here for 9 blocks, since 212,336." in text
    assert "The server counts this money in its balances all the same." in text


def test_a_splice_says_how_deep_it_is() -> None:
    assert "◑ splicing A splice: the new funding has 1 of 3 confirmations." in report(ChannelPort().row(FRANK))


def test_what_the_server_does_not_say_is_said() -> None:
    port = ChannelPort()
    with_htlcs, without = report(port.row(BOB)), report(port.row(CAROL))
    untold = "The server does not say that a cooperative close with an HTLC in flight has begun."
    assert untold in with_htlcs
    assert untold not in without
    assert "does not tell of a splice before the new funding locks" in without
    assert "splice before" not in report(port.row(GINA))


def test_htlcs_have_direction_owner_and_blocks_left() -> None:
    text = report(ChannelPort().row(BOB))
    assert f"→ out 12,000 sat own payment, expires 212,359 (14 blocks) hash {HTLC_OUT.payment_hash}" in text
    assert f"← in 50,000 sat held hodl payment, expires 212,387 (42 blocks) hash {HTLC_IN.payment_hash}" in text
    assert text.index("→ out") < text.index("← in"), "the nearest height first"


def test_a_forward_is_no_own_payment() -> None:
    port = ChannelPort(filled=False)
    port.book.take_height(HEIGHT)
    port.now_are(
        (CAROL,),
        (
            MaybeTimeoutClaimableHtlc(CAROL.channel_id, CAROL.counterparty, Sat(9), HEIGHT + 1, HASH, False),
            MaybePreimageClaimableHtlc(CAROL.channel_id, CAROL.counterparty, Sat(9), HEIGHT + 2, HASH),
        ),
        (),
        tell=False,
    )
    text = report(port.row(CAROL))
    assert "→ out 9 sat forward, expires 212,346 (1 block)" in text
    assert "← in 9 sat hodl payment or forward" in text


# --- closed ----------------------------------------------------------------------------------------------------------


def test_a_closed_channel_tells_stage_blocks_and_reason() -> None:
    row = ChannelPort().row(GINA)
    text = report(row)
    assert row.standing is ChannelStanding.CLOSING
    assert "881,004 sat closed by force by the peer, ours at block 212,489, 144 blocks to go" in text
    assert "last event closed by the peer" in text
    assert "reason counterparty force closed" in text
    assert "peer said “internal error”" in text
    assert "our commitment sent" in text
    assert f"HTLC {digits('reason')}" in text
    assert "fee rate the peer's 253, needed 500 sat/kw" in text


def test_every_field_of_a_close_reason_has_its_place() -> None:
    assert {each.name for each in fields(CloseReason)} == {
        "kind",
        "message",
        "detail",
        "broadcasted_latest_txn",
        "payment_hash",
        "peer_feerate_sat_per_kw",
        "required_feerate_sat_per_kw",
    }
    assert len(fields(ChannelStateChanged)) == 7


def test_words_of_the_peer_stay_in_quotes_with_what_was_sent() -> None:
    port = ChannelPort(filled=False)
    port.fill(message=clean("bye\x1b[2J now\nSUCCEEDED", "text"), detail=clean("why", "label"))
    text = report(port.row(GINA))
    assert "“bye�[2J now SUCCEEDED”" in text
    assert r"bye\x1b[2J now\nSUCCEEDED" in text
    assert "detail “why”" in text


def test_all_stages_of_money_coming_back() -> None:
    old = channel("old")
    entries = (
        ClaimableAwaitingConfirmations(
            old.channel_id, old.counterparty, Sat(1_001), HEIGHT + 3, BalanceSource.HOLDER_FORCE_CLOSED
        ),
        ContentiousClaimable(old.channel_id, old.counterparty, Sat(1_002), HEIGHT + 4, HASH, Secret("11" * 32)),
        MaybeTimeoutClaimableHtlc(old.channel_id, old.counterparty, Sat(1_003), HEIGHT + 5, HASH, True),
        CounterpartyRevokedOutputClaimable(old.channel_id, old.counterparty, Sat(1_004)),
    )
    txid = Txid(digits("spend"))
    sweeps = (
        PendingBroadcast(old.channel_id, Sat(1_005)),
        BroadcastAwaitingConfirmation(old.channel_id, HEIGHT, txid, Sat(1_006)),
    )
    port = ChannelPort(filled=False)
    port.book.take_height(HEIGHT)
    port.now_are((), entries, sweeps, tell=False)
    row = port.row(old)
    text = report(row)
    for figure in range(1_001, 1_007):
        assert f"{figure:,} sat" in text
    assert "closed by force by us, ours at block 212,348, 3 blocks to go" in text
    assert "11" * 32 not in text, "the preimage is a secret"
    assert f"txid {txid}" in text
    assert closing_sat(row) == sum(range(1_001, 1_007))
    assert set(STAGES) == set(SweepStage)


def test_a_cooperative_close_is_in_both_totals() -> None:
    port = ChannelPort(filled=False)
    port.book.take_height(HEIGHT)
    entry = open_entry(GINA)
    port.book.take_channels((GINA,), NOW)
    port.now_are((), (entry,), (), tell=False)
    port.book.balances = replace(port.book.balances, total_onchain_sat=Sat(2_000_000))  # type: ignore[type-var]
    port.book.changed()
    text = report(port.row(GINA))
    assert "counts this money twice" in text
    assert "1,219,111 sat the closing transaction has not confirmed" in text


def test_an_unknown_end_does_not_pretend() -> None:
    port = ChannelPort()
    row = next(row for row in port.book.rows() if row.channel_id == digits("older"))
    text = report(row)
    assert "node id not known: it closed before the program began" in text
    assert "the sweep to our wallet is final at block 212,349, 4 blocks to go" in text
    assert [label for label, _ in ids(row)] == ["channel id", "sweep 1"]
    assert plain(peer_cell(row, 20)) == "peer not told"


# --- cells -----------------------------------------------------------------------------------------------------------


def test_state_words_are_those_that_the_filter_takes() -> None:
    for row in ChannelPort().book.rows():
        assert plain(state_cell(row)) == f"{SIGNS[row.standing][0]} {row.standing.value}"
    assert len({sign for sign, _ in SIGNS.values()}) == len(SIGNS) == len(ChannelStanding)


def test_cells_in_words() -> None:
    port = ChannelPort()
    bob, carol, dave, gina = (port.row(each) for each in (BOB, CAROL, DAVE, GINA))
    assert plain(policy_cell(bob)) == "250+1000"
    assert plain(flags_cell(bob)) == "pub  out"
    assert plain(flags_cell(dave)) == "priv out"
    assert plain(flags_cell(carol)) == "pub  in"
    assert plain(flight_cell(bob, Unit.SAT)) == "⇄ 62,000"
    assert plain(ours_cell(gina, Unit.SAT)) == "881,004"
    assert plain(bar_cell(dave, 12, HEIGHT)).strip("· ") == "1/3 conf"
    assert plain(bar_cell(gina, 20, HEIGHT)).strip("· ") == "144 blocks to go"
    assert plain(bar_cell(gina, 11, HEIGHT)).strip("· ") == "144 blocks"
    assert plain(bar_cell(port.row(ERIN), 16, HEIGHT)).strip("· ") == "may not exist"
    assert plain(bar_cell(port.row(ERIN), 11, HEIGHT)).strip("· ") == "0/3 conf"
    assert plain(peer_cell(bob, 30)) == "“bob-cln” 0262…0000"
    assert plain(peer_cell(bob, 15)) == "“bob-cln” 0262…"
    assert confirmations(BOB) == "1,204, needs 3"
    assert plain(counts_line(port.book.counts(), words=True)) == (
        "● 1 usable  ○ 1 offline  ◔ 1 pending  ◑ 1 splicing  × 2 closing  ▲ 1 phantom"
    )


def test_a_right_to_left_alias_stays_off_lines_with_figures() -> None:
    row = replace(ChannelPort().row(BOB), alias=own("אליס"))
    assert plain(peer_cell(row, 30)) == "0262…0000"
    lines = [plain(each) for each in report_lines(row, SEEN, 100)]
    assert [each for each in lines if "אליס" in each] == ["alias     “אליס”"]


def test_mixed_scripts_are_pointed_out() -> None:
    row = replace(ChannelPort().row(BOB), alias=clean("аcinq"))
    assert "mixes letters of different scripts" in report(row)
    assert "mixes letters" not in report(ChannelPort().row(BOB))


def test_summary_is_as_tall_as_asked_and_leads_with_the_state() -> None:
    for row in ChannelPort().book.rows():
        for height in (1, 4, 10):
            rows = summary_lines(row, SEEN, 78, height)
            assert len(rows) <= height
            assert plain(rows[0]).startswith(SIGNS[row.standing][0])
            assert all(width_of(each) <= 78 for each in rows)
    four = said(summary_lines(ChannelPort().row(BOB), SEEN, 78, 5))
    assert "can send 1,200,000 (one HTLC ≤ 990,000)" in four
    assert "→ out 12,000 sat" in four
    assert "ours 250 ppm + 1,000 msat CLTV 48" in four


def test_the_legend_explains_every_sign() -> None:
    text = said(legend())
    for standing, (sign, _) in SIGNS.items():
        assert f"{sign} {standing.value}" in text
    assert all(glyph in text for glyph in "█▒▚│░")


def test_dust_limits() -> None:
    port = ChannelPort(filled=False)
    fixed = channel("fix", config=ChannelConfig(1, 1, 1, Sat(1), True, FixedDustLimit(Msat(5_000_000))))
    port.now_are((fixed,), (), (), tell=False)
    text = report(port.row(fixed))
    assert "dust HTLCs, at most 5,000,000 msat" in text
    assert "underpaying HTLCs accepted" in text


# --- the bar ---------------------------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 21_000_000 * 100_000_000 * 1_000)


@st.composite
def bars(draw: st.DrawFn) -> BarParts:
    return BarParts(*(Msat(draw(AMOUNTS)) for _ in range(7)))


@given(parts=bars(), width=st.integers(0, 90), in_full=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_bar_is_exactly_as_wide_as_asked_and_in_order(parts: BarParts, width: int, in_full: bool) -> None:
    drawn = plain(balance_bar(parts, width, in_full=in_full))
    assert len(drawn) == width
    if width >= 4 and DIVIDER in drawn:
        left, right = drawn.split(DIVIDER)
        assert "░" not in left
        assert "█" not in right
        assert left == "".join(sorted(left, key="█▒▚".index))
        assert right == "".join(sorted(right, key="·▚▒░".index))


@given(parts=bars())
@settings(max_examples=200, deadline=None)
def test_every_part_that_is_there_shows(parts: BarParts) -> None:
    drawn = plain(balance_bar(parts, 40))
    assert ("█" in drawn) == (parts.ours_msat > 0)
    assert ("▒" in drawn) == (parts.our_reserve_msat > 0)
    if DIVIDER in drawn:
        left, right = drawn.split(DIVIDER)
        assert ("▚" in left) == (parts.out_in_flight_msat > 0)
        assert ("▚" in right) == (parts.in_in_flight_msat > 0)


@given(
    value=st.integers(-(2**63), 2**63),
    ours=st.integers(-(2**63), 2**64),
    theirs=st.integers(-(2**63), 2**64),
    reserve=st.none() | st.integers(-(2**63), 2**64),
    unit=st.sampled_from(list(Unit)),
)
@settings(max_examples=100, deadline=None)
def test_figures_of_a_mad_server_never_raise(
    value: int, ours: int, theirs: int, reserve: int | None, unit: Unit
) -> None:
    mad = channel(
        "mad",
        value_sat=Sat(value),
        outbound_capacity_msat=Msat(ours),
        inbound_capacity_msat=Msat(theirs),
        our_reserve_sat=None if reserve is None else Sat(reserve),
        confirmations=reserve,
    )
    port = ChannelPort(filled=False)
    entry = ClaimableOnChannelClose(mad.channel_id, mad.counterparty, Sat(ours), Sat(theirs), Msat(1), Msat(2), Msat(3))
    port.now_are((mad,), (entry,), (), tell=False)
    row = port.row(mad)
    seen = Seen(unit, NOW, None)
    for width in (60, 116):
        assert all(width_of(each) <= width for each in report_lines(row, seen, width))
    summary_lines(row, seen, 78, 10)
    assert width_of(bar_cell(row, 12, None)) <= 12


def test_an_event_without_a_reason() -> None:
    row = replace(
        ChannelPort().row(BOB),
        last_event=ChannelStateChanged(BOB.channel_id, BOB.user_channel_id, None, ChannelState.READY, own("other:0")),
    )
    text = report(row)
    assert "last event ready" in text
    assert "funding other:0" in text
    assert closed(BOB, own("x")).state is ChannelState.CLOSED
    assert RETURNING.amount_sat == 881_004
