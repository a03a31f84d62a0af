"""Every colour of the program: two themes, the tones that the rest of the room names, and the network chips.

No colour literal stands anywhere else. Code says what a piece of text *is* (`OK`, `OURS`, `FOREIGN`), a theme says how
that looks. Each tone goes with a sign or a word, so that nothing is lost without colour (`NO_COLOR` makes Textual drop
all hues; weight and signs stay).
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

from ldk_tui.core.model import Network

Tone = str
"""A style expression of Textual with theme variables only: `bold $tone-ok`. Empty = the widget's own style."""

PLAIN: Final[Tone] = ""
STRONG: Final[Tone] = "bold"
MUTED: Final[Tone] = "$tone-muted"
FAINT: Final[Tone] = "$tone-faint"
RULE: Final[Tone] = "$tone-border"
OK: Final[Tone] = "$tone-ok"
ATTENTION: Final[Tone] = "bold $tone-attention"
DANGER: Final[Tone] = "bold $tone-danger"
UNKNOWN: Final[Tone] = "$tone-unknown"
ACCENT: Final[Tone] = "$tone-accent"
OURS: Final[Tone] = "$tone-ours"
THEIRS: Final[Tone] = "$tone-theirs"
RESERVE: Final[Tone] = "$tone-reserve"
FLIGHT: Final[Tone] = "$tone-flight"
FOREIGN: Final[Tone] = "$tone-foreign"
INBOUND: Final[Tone] = "$tone-inbound"
OUTBOUND: Final[Tone] = "$tone-outbound"
KEY: Final[Tone] = "bold $tone-accent"
DISABLED_KEY: Final[Tone] = "$tone-faint"
CHANGED: Final[Tone] = "bold underline"
HEADER: Final[Tone] = "bold $tone-heading"
TAB_ACTIVE: Final[Tone] = "bold $tone-tab-text on $tone-tab"

TONES: Final[tuple[Tone, ...]] = (
    PLAIN,
    STRONG,
    MUTED,
    FAINT,
    RULE,
    OK,
    ATTENTION,
    DANGER,
    UNKNOWN,
    ACCENT,
    OURS,
    THEIRS,
    RESERVE,
    FLIGHT,
    FOREIGN,
    INBOUND,
    OUTBOUND,
    KEY,
    CHANGED,
    HEADER,
    TAB_ACTIVE,
)

_DARK_TONES: Final[dict[str, str]] = {
    "tone-muted": "#8b95a1",
    "tone-faint": "#5f6974",
    "tone-ok": "#86b88a",
    "tone-attention": "#e2b45a",
    "tone-danger": "#e8737b",
    "tone-unknown": "#b39ddb",
    "tone-accent": "#7fb2e5",
    "tone-heading": "#b8c2cd",
    "tone-ours": "#6f9fd8",
    "tone-theirs": "#7c8794",
    "tone-reserve": "#4f6d92",
    "tone-flight": "#c9a86a",
    "tone-foreign": "#cbbd9f",
    "tone-inbound": "#86b88a",
    "tone-outbound": "#7fb2e5",
    "tone-tab": "#2b3642",
    "tone-tab-text": "#eef2f6",
    "tone-cursor": "#26384a",
    "tone-cursor-blurred": "#1d252e",
    "tone-border": "#35404b",
    "tone-border-focus": "#5d7fa3",
    "chip-bitcoin": "#f7931a",
    "chip-bitcoin-text": "#16110a",
    "chip-testnet": "#4fae5a",
    "chip-testnet-text": "#07140a",
    "chip-signet": "#9a6bc9",
    "chip-signet-text": "#130a1c",
    "chip-regtest": "#9aa4ae",
    "chip-regtest-text": "#101418",
    "chip-unknown": "#323c46",
    "chip-unknown-text": "#d9dfe6",
}

_LIGHT_TONES: Final[dict[str, str]] = {
    "tone-muted": "#5c6670",
    "tone-faint": "#8e98a2",
    "tone-ok": "#2f7a3c",
    "tone-attention": "#8f5a00",
    "tone-danger": "#b3232f",
    "tone-unknown": "#6a47a8",
    "tone-accent": "#1f63a8",
    "tone-heading": "#3a444e",
    "tone-ours": "#2a6bb3",
    "tone-theirs": "#7d8791",
    "tone-reserve": "#7f9dc0",
    "tone-flight": "#9a7420",
    "tone-foreign": "#6b5a33",
    "tone-inbound": "#2f7a3c",
    "tone-outbound": "#1f63a8",
    "tone-tab": "#cfd8e1",
    "tone-tab-text": "#10161c",
    "tone-cursor": "#d5e3f2",
    "tone-cursor-blurred": "#e6eaee",
    "tone-border": "#c3cad1",
    "tone-border-focus": "#5d86b3",
    "chip-bitcoin": "#f7931a",
    "chip-bitcoin-text": "#16110a",
    "chip-testnet": "#4fae5a",
    "chip-testnet-text": "#07140a",
    "chip-signet": "#9a6bc9",
    "chip-signet-text": "#130a1c",
    "chip-regtest": "#9aa4ae",
    "chip-regtest-text": "#101418",
    "chip-unknown": "#dfe4e8",
    "chip-unknown-text": "#1b2229",
}


def _scrollbars(bar: str, active: str, track: str) -> dict[str, str]:
    return {
        "scrollbar": bar,
        "scrollbar-hover": active,
        "scrollbar-active": active,
        "scrollbar-background": track,
        "scrollbar-background-hover": track,
        "scrollbar-background-active": track,
        "scrollbar-corner-color": track,
    }


DARK: Final = Theme(
    name="ldk-dark",
    primary="#7fb2e5",
    secondary="#5d7fa3",
    accent="#7fb2e5",
    warning="#e2b45a",
    error="#e8737b",
    success="#86b88a",
    foreground="#d9dfe6",
    background="#12171c",
    surface="#171d23",
    panel="#1f2730",
    dark=True,
    variables={**_DARK_TONES, "block-cursor-text-style": "none", **_scrollbars("#35404b", "#5d7fa3", "#171d23")},
)

LIGHT: Final = Theme(
    name="ldk-light",
    primary="#1f63a8",
    secondary="#5d86b3",
    accent="#1f63a8",
    warning="#8f5a00",
    error="#b3232f",
    success="#2f7a3c",
    foreground="#1b2229",
    background="#f7f8f9",
    surface="#eff1f3",
    panel="#e4e8ec",
    dark=False,
    variables={**_LIGHT_TONES, "block-cursor-text-style": "none", **_scrollbars("#c3cad1", "#5d86b3", "#eff1f3")},
)

THEMES: Final[tuple[Theme, ...]] = (DARK, LIGHT)
DEFAULTS: Final[dict[str, str]] = _DARK_TONES
"""For `App.get_theme_variable_defaults`, so that the style sheets parse under any theme of Textual's too."""

_CHIPS: Final[dict[Network, tuple[str, str]]] = {
    Network.BITCOIN: ("MAINNET", "bitcoin"),
    Network.TESTNET: ("TESTNET", "testnet"),
    Network.TESTNET4: ("TESTNET4", "testnet"),
    Network.SIGNET: ("SIGNET", "signet"),
    Network.REGTEST: ("REGTEST", "regtest"),
    Network.UNKNOWN: ("NETWORK ?", "unknown"),
}


def network_chip(network: Network | None) -> tuple[str, Tone]:
    """The word and the fixed colour of a network. None (the server does not say) looks unknown, never like mainnet."""
    word, colour = _CHIPS[network or Network.UNKNOWN]
    return f" {word} ", f"bold $chip-{colour}-text on $chip-{colour}"
