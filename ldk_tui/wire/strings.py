"""Strings on their way in and out: every text from outside becomes a SafeText, a checked id or a Secret here, once.

Coming in, a string of a known alphabet (invoice, hex, signature) is kept as it is, because a label's length limit
would cut an honest invoice; any other becomes SafeText, whose raw form goes out again.
"""

from __future__ import annotations

import re

from ldk_tui.core.secret import Secret
from ldk_tui.core.text import SafeText, clean

_WORD = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_TOKEN = re.compile(r"[!-~]{0,256}", re.ASCII)


def word(value: str) -> str:
    """An invoice, offer, signature or hex string of any length as it is; a SafeText when it has other characters."""
    return value if _WORD.fullmatch(value) else clean(value)


def token(value: str) -> str:
    """A page token: opaque, sent back as it came. A SafeText when it is not printable ASCII."""
    return value if _TOKEN.fullmatch(value) else clean(value)


def secret_word(value: str) -> Secret[str]:
    """A preimage or payment secret in hex. Cleaned when it is not of that alphabet: it may be revealed on screen."""
    return Secret(word(value))


def raw(value: str) -> str:
    """What goes on the wire for `value`: the raw form of a SafeText. Lone surrogates, which UTF-8 cannot carry, become
    U+FFFD, as they would in any other program's encoder."""
    plain = value.raw if isinstance(value, SafeText) else value
    if plain.isascii():
        return plain
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
