"""What the screens say, as lines: amounts, ages, names, header, panels, the connection report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldk_tui.core.amounts import Msat, Sat, Unit
from ldk_tui.core.attention import AttentionKind, AttentionLine, LateSync, Severity
from ldk_tui.core.errors import AccessCause, AccessDenied
from ldk_tui.core.events import CloseReasonKind, UnknownEvent
from ldk_tui.core.model import Network
from ldk_tui.core.text import clean, own
from ldk_tui.node.views import EventLine, Gap, NodeView, Phase
from ldk_tui.ui import render
from ldk_tui.ui.event_lines import event_amount, event_report, event_sign, event_text
from ldk_tui.ui.line import cells, plain, width_of
from ldk_tui.ui.screens.connection import report_lines, state_line
from ldk_tui.ui.screens.node_lines import (
    attention_left,
    attention_report,
    attention_sign,
    attention_text,
    balance_lines,
    health_lines,
    identity_lines,
    identity_report,
    liquidity_lines,
    plain_lines,
    recent_note,
)
from ldk_tui.ui.theme import network_chip
from ldk_tui.ui.widgets.header_bar import HeaderState, header_line
from ldk_tui.ui.widgets.one_line import figures, heading
from tests.ui.fake_port import DOWN, LIQUIDITY, LIVE, NOW, OWN_ID, REPORT, attention, busy, recent

# --- values ----------------------------------------------------------------------------------------------------------


def test_amounts() -> None:
    assert render.amount(Msat(21_000_123), Unit.SAT) == "21,000.123"
    assert render.whole(Msat(21_000_999), Unit.SAT) == "21,000"
    assert render.whole(Msat(21_000_999), Unit.MSAT) == "21,000,999"
    assert render.whole(Msat(21_000_999), Unit.BTC) == "0.00021000"
    assert render.amount(None, Unit.SAT) == render.amount_sat(None, Unit.BTC) == "—"


def test_percent_never_lies_at_the_ends() -> None:
    assert [render.percent(part, 1000) for part in (0, 1, 394, 999, 1000)] == ["0 %", "<1 %", "39 %", ">99 %", "100 %"]
    assert render.percent(1, 0) == "—"


def test_ages() -> None:
    assert [render.age(s) for s in (None, -5, 0, 59, 60, 3_599, 3_600, 90_000)] == [
        "—",
        "0 s",
        "0 s",
        "59 s",
        "1 m",
        "59 m",
        "1 h",
        "1 d",
    ]
    assert [render.long_age(s) for s in (5, 7_800, 90_000, 3_605)] == ["5 s", "2 h 10 m", "1 d 1 h", "1 h"]


def test_times() -> None:
    assert render.clock(NOW - 60, NOW) == "12:40"
    assert render.clock(NOW - 86_400 * 15, NOW) == "Aug  5"
    assert render.clock(NOW - 86_400 * 365, NOW) == "2024-08-20"
    assert render.moment(NOW) == "2025-08-20 12:41:09"
    for never in (1e18, -1e18, float("inf"), float("nan")):
        assert render.clock(never, NOW) == "—"
        assert render.moment(never) == "—"


def test_blocks_and_minutes() -> None:
    assert [render.blocks(count) for count in (None, 1, 3, 1_008)] == ["—", "1 block", "3 blocks", "1,008 blocks"]
    assert [render.minutes(span) for span in (None, (8, 63), (80, 210))] == ["", "8–63 min", "1–4 h"]


def test_names_show_the_id_beside_the_alias() -> None:
    assert plain(render.name(own("bob"), OWN_ID)) == "“bob” 02a1…3caa"
    assert plain(render.name(None, OWN_ID)) == "02a1…3caa"
    assert plain(render.name(own("a-very-long-alias-indeed"), OWN_ID, width=20)) == "“a-very-…” 02a1…3caa"
    assert plain(render.name(own("bob"), OWN_ID, width=12)) == "02a1…3caa"
    assert plain(render.name(own("שלום"), OWN_ID)) == "02a1…3caa", "right-to-left letters reorder their neighbours"


def test_what_was_cleaned_is_marked_outside_the_quotes() -> None:
    assert plain(render.quoted(clean("a\x1b[2Jb"))) == "“a\ufffd[2Jb”~"
    assert plain(render.quoted(own("as sent"))) == "“as sent”"
    assert plain(render.quoted(None, none="none")) == "none"


@given(
    parts=st.lists(st.integers(-5, 10**15), min_size=1, max_size=7),
    width=st.integers(0, 80),
)
def test_bars_fill_their_width_and_show_every_part(parts: list[int], width: int) -> None:
    made = render.bar([(size, "abcdefg"[place], "") for place, size in enumerate(parts)], width)
    assert width_of(made) == width
    positive = [place for place, size in enumerate(parts) if size > 0]
    if positive and width >= 2 * len(parts):
        assert {"abcdefg"[place] for place in positive} == set(plain(made))


# --- header ----------------------------------------------------------------------------------------------------------


def state(**changes: object) -> HeaderState:
    made = HeaderState.of(busy(), NOW, Unit.SAT, read_only=False, demo=False)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_header_at_each_width() -> None:
    wide, narrow = plain(header_line(state(), 120)), plain(header_line(state(), 80))
    assert wide.startswith(" SIGNET  “alice-ldk” 02a1…3caa ")
    assert wide.endswith("● live 1 s   h 212,345 · 4 m   peers 7/8   channels 11/13   ▲ 7   sat   rw ")
    assert narrow.endswith("● live 1 s  h 212,345·4 m  p 7/8  c 11/13  ▲ 7  sat  rw ")
    assert "“alice-ldk”" in narrow


ALIASES = st.text(max_size=60)


@given(
    alias=ALIASES, width=st.integers(80, 220), read_only=st.booleans(), demo=st.booleans(), phase=st.sampled_from(Phase)
)
def test_nothing_pushes_the_state_off_the_header(
    alias: str, width: int, read_only: bool, demo: bool, phase: Phase
) -> None:
    feed = replace(DOWN if phase is Phase.DOWN else LIVE, phase=phase)
    made = header_line(state(alias=clean(alias), read_only=read_only, demo=demo, feed=feed), width)
    text = plain(made)
    assert width_of(made) == width
    assert text.startswith(" SIGNET ")
    assert text.endswith(" RO " if read_only else " rw ")
    assert {"●", "◐", "◔", "◌", "○", "×"} & set(text)


def test_networks_have_their_words_and_their_own_colours() -> None:
    chips = {network: network_chip(network) for network in Network}
    assert chips[Network.BITCOIN][0] == " MAINNET "
    assert network_chip(None) == chips[Network.UNKNOWN]
    assert chips[Network.UNKNOWN][1] != chips[Network.BITCOIN][1]
    assert len({tone for _, tone in chips.values()}) == 5, "the two testnets share green"


# --- node ------------------------------------------------------------------------------------------------------------


def rows(width: int = 60) -> list[str]:
    parts = [
        (attention_sign(each), attention_left(each), attention_text(each, Unit.SAT, NOW, width)) for each in attention()
    ]
    return [" | ".join(plain(part) for part in row) for row in parts]


def test_attention_says_what_is_at_stake() -> None:
    assert rows(90) == [
        "▲ HODL | 3 blocks | 50,000 sat held · claim before 212,348 · 8–63 min · “bob-cln” 03bb…aabb",
        "! HTLC | 14 blocks | 12,000 sat outgoing · expires at 212,359 · 1–4 h · “bob-cln” 03bb…aabb",
        "! PEER |  | 210,000 sat away 2 h 10 m · peer not connected · “carol-lnd” 03ca…aacc",
        "! SYNC |  | fee rates 42 m old · on-chain fees may be wrong",
        "▲ CLOCK |  | server clock 32 s behind · calls fail above 60 s",
        "▲ FUNDING |  | 1,500,000 sat may not exist · unconfirmed for 9 blocks · counted in the balances",
        "i SWEEP | 144 blocks | 881,004 sat · comes back from a closed channel · block 212,489 · “carol-lnd” 03ca…aacc",
    ]


@pytest.mark.parametrize("width", [20, 40, 56, 90, 200])
def test_attention_keeps_its_width_and_names_the_peer_that_is_away(width: int) -> None:
    for each in attention():
        text = attention_text(each, Unit.SAT, NOW, width)
        assert width_of(text) <= max(width, 40)
    away = plain(attention_text(attention()[2], Unit.SAT, NOW, 56))
    assert "03ca…aacc" in away


def test_every_kind_of_attention_has_words_and_advice() -> None:
    for kind in AttentionKind:
        bare = AttentionLine(kind, Severity.WARNING, "key")
        assert plain(attention_sign(bare)).startswith("▲ ")
        assert plain(attention_text(bare, Unit.SAT, NOW, 80))
        assert len(plain_lines(attention_report(bare, Unit.SAT, NOW, 60))) > 2
    for sync in LateSync:
        late = AttentionLine(AttentionKind.SYNC_LATE, Severity.WARNING, "key", sync=sync)
        assert plain(attention_text(late, Unit.SAT, NOW, 80)).startswith(f"{sync.value} never read · ")


def test_balances_are_aligned_and_complete() -> None:
    for unit in Unit:
        lines = plain_lines(balance_lines(LIQUIDITY, 212_345, unit, 50))
        ends = {len(text.rstrip()) for text in lines}
        assert len(ends) == 1, "figures end in one column"
    lines = plain_lines(balance_lines(LIQUIDITY, 212_345, Unit.SAT, 38))
    figures_of = {text[:26].strip(): text[26:].strip() for text in lines}
    assert figures_of == {
        "Can send now": "4,120,334",
        "Can receive now": "6,402,110",
        "Our reserves": "90,000",
        "In flight, outgoing": "12,000",
        "In flight, incoming": "50,000",
        "On-chain, spendable": "1,250,000",
        "On-chain, pending": "300,000",
        "Anchor reserve": "50,000",
        "Being swept, 144 blocks": "881,004",
        "▲ May not exist": "1,500,000",
        "Ours, not in flight": "6,691,338",
    }
    assert all(len(text) <= 38 for text in lines)


def test_money_in_channels_that_cannot_be_used_now_is_said() -> None:
    """Without it the parts do not add up to what is ours, and a day with a large peer away looks like a loss."""
    lines = plain_lines(balance_lines(replace(LIQUIDITY, cannot_send_msat=Msat(3_018_641_676)), 1, Unit.SAT, 38))
    assert any(text.startswith("Offline or pending") and text.endswith("3,018,641") for text in lines)


def test_money_counted_twice_is_said() -> None:
    lines = plain_lines(balance_lines(replace(LIQUIDITY, counted_twice_sat=Sat(777)), 1, Unit.SAT, 50))
    assert any("Closing, also on-chain" in text and "777" in text for text in lines)


def test_recent_events_are_dated_from_the_first_one_and_their_gaps_told() -> None:
    """Live again since a minute is not "seen here since a minute" when the list holds what was seen before."""
    line_seen = replace(recent()[0], seen_unix=NOW - 3_600)
    feed = replace(LIVE, live_since_unix=NOW - 60)
    since = render.clock(NOW - 3_600, NOW)
    assert plain(recent_note(NodeView(feed, recent=(line_seen,)), NOW)) == f"seen here since {since}"
    gaps = (Gap(NOW - 120, NOW - 60, True),)
    view = NodeView(replace(feed, gaps=gaps), recent=(line_seen,))
    assert plain(recent_note(view, NOW)) == f"seen here since {since}, 1 gap"
    view = NodeView(replace(feed, gaps=gaps * 2), recent=())
    assert plain(recent_note(view, NOW)) == f"seen here since {render.clock(NOW - 60, NOW)}, 2 gaps"
    assert recent_note(NodeView(DOWN), NOW) == ()


@pytest.mark.parametrize("width", [38, 46, 70])
@pytest.mark.parametrize("compact", [True, False])
def test_liquidity_and_health_fit(width: int, compact: bool) -> None:
    for made in (
        liquidity_lines(busy(), Unit.SAT, width, compact=compact),
        health_lines(busy(), NOW, width, compact=compact),
    ):
        assert all(width_of(row) <= width for row in made), plain_lines(made)
    said = "\n".join(plain_lines(health_lines(busy(), NOW, width, compact=compact)))
    for word in ("chain tip", "LN wallet", "on-chain", "fee rates", "gossip", "announced", "clock", "events"):
        assert word in said
    assert "42 m ▲" in said
    assert said.count("▲") == 1


def test_no_usable_channel_is_no_division() -> None:
    empty = replace(LIQUIDITY, can_send_msat=Msat(0), can_receive_msat=Msat(0), usable=0)
    lines = plain_lines(liquidity_lines(replace(busy(), liquidity=empty), Unit.SAT, 40, compact=True))
    assert "No channel is usable now." in lines


def test_identity_has_everything_and_cuts_nothing() -> None:
    said = "".join(text[12:] for text in plain_lines(identity_lines(busy(), 60)))
    assert OWN_ID in said
    assert f"{OWN_ID}@203.0.113.7:9735" in said
    full = "\n".join(plain_lines(identity_report(busy(), Unit.SAT, NOW, 90)))
    for word in (
        "“alice-ldk”",
        "SIGNET",
        "2026-08 (probed)",
        "var_onion_optin!",
        "0.0.0.0:9735",
        "1,600,000",
        "12:37:09",
    ):
        assert word in full


def test_before_the_first_answer_it_says_so() -> None:
    nothing = NodeView(LIVE)
    for made in (
        balance_lines(None, None, Unit.SAT, 40),
        liquidity_lines(nothing, Unit.SAT, 40, compact=True),
        health_lines(nothing, NOW, 40, compact=True),
        identity_lines(nothing, 40),
        identity_report(nothing, Unit.SAT, NOW, 40),
    ):
        assert plain_lines(made) == ["Waiting for the first answer …"]


def test_figures_and_headings_fit() -> None:
    made = figures([((("label", ""),), (("1,000", ""),), (("note", ""),))], 30)
    assert plain_lines(made) == ["label      1,000  note"]
    assert cells(plain(heading("Title", (("note", ""),), 40))) == 40
    assert cells(plain(heading("A long title", (("note", ""),), 12))) == 12


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_as_lines() -> None:
    said = [f"{plain(event_sign(each.event))} | {plain(event_text(each, Unit.SAT))}" for each in recent()]
    assert said == [
        "← held | hodl  claim before block 212,348  0001…efef",
        "⇄ forwarded | +61 fee  “bob-cln” 03bb…aabb → “carol-lnd” 03ca…aacc",
        "→ paid | bolt11  fee 12  0002…efef",
        "← received | bolt11  0003…efef",
        "× failed | bolt11  0004…efef",
        "+ ready | “bob-cln” 03bb…aabb",
        "! closed | counterparty force closed by the peer  “bob-cln” 03ca…aacc “internal error”",
    ]
    assert [event_amount(each.event) for each in recent()][:2] == [50_000_000, 120_004_000]


def test_event_reports_cut_nothing() -> None:
    for each in recent():
        assert all(width_of(row) <= 72 for row in event_report(each, Unit.SAT, 72))
    closed = "\n".join(plain_lines(event_report(recent()[-1], Unit.SAT, 80)))
    assert CloseReasonKind.COUNTERPARTY_FORCE_CLOSED.name.lower().replace("_", " ") in closed
    assert "“internal error”" in closed
    unknown = EventLine(1, NOW, UnknownEvent())
    assert plain(event_text(unknown, Unit.SAT))
    assert event_report(unknown, Unit.SAT, 40)


# --- connection ------------------------------------------------------------------------------------------------------


def said_of(width: int = 76, **changes: object) -> str:
    feed = replace(DOWN, **changes)  # type: ignore[arg-type]
    return "\n".join(plain_lines(report_lines(REPORT, feed, NOW, demo=True, width=width)))


def test_connection_says_cause_remedy_and_each_try() -> None:
    text = said_of()
    for words in (
        "No connection to the server",
        "Nothing listens at 127.0.0.1:3536",
        "Start it with: ldk-server",
        "Next try in 4 s · tried 3 times so far",
        "Or press d",
        "✓ Configuration  ~/.ldk-server/config.toml  read",
        "✓ API key file   ~/.ldk-server/signet/api_key  read, 32 bytes",
        "× Address        127.0.0.1:3536  connection refused",
    ):
        assert words in text
    later = replace(DOWN, next_try_unix=NOW + 3.6)
    header = HeaderState.of(NodeView(later), NOW, Unit.SAT, read_only=False, demo=False)
    assert "next try in 4 s" in plain(header_line(header, 120))
    assert plain(state_line(later, NOW)).startswith("○ Next try in 4 s"), "the screen counts as its header does"
    assert text.index("Nothing listens") < text.index("Start it") < text.index("Next try") < text.index("× Address")


def test_connection_in_its_other_states() -> None:
    assert "Trying now" in said_of(phase=Phase.CONNECTING)
    assert "Stopped trying" in said_of(phase=Phase.STOPPED)
    live = said_of(phase=Phase.LIVE, error=None)
    assert "Connected." in live
    assert "Nothing listens" not in live
    assert "Connected by" in live


def test_connection_shows_what_the_server_said_and_the_clock() -> None:
    denied = AccessDenied(
        "The API key was not accepted.", cause=AccessCause.WRONG_KEY, code=16, server_text=own("Invalid credentials")
    )
    text = said_of(error=denied, clock_skew_s=192.0)
    assert "The server said “Invalid credentials”" in text
    assert "192 s ahead of this computer" in text


@pytest.mark.parametrize("width", [30, 44, 76, 116])
def test_connection_fits(width: int) -> None:
    for text in plain_lines(report_lines(REPORT, DOWN, NOW, demo=True, width=width)):
        assert cells(text) <= max(width, 52)
