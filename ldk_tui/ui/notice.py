"""Telling the person something in passing: the one wrapper round `notify`, so that nothing in a toast is ever markup.

Most results are one line in place of the footer (`LdkTuiApp.flash`); a toast is for what must not be overlooked and
happened elsewhere. Connection states are neither: they live in the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ldk_tui.core.text import SafeText

if TYPE_CHECKING:
    from textual.app import App

Severity = Literal["information", "warning", "error"]


def toast(app: App[Any], text: SafeText, *, severity: Severity = "information", timeout_s: float = 8) -> None:
    """Shows a toast. `text` is cleaned text or our own words (`own`)."""
    app.notify(str(text), severity=severity, timeout=timeout_s, markup=False)
