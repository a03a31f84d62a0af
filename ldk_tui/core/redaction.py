"""Taking out of a text whatever could be a key, a hash or a preimage, before it reaches a log or a terminal.

An error's own text may hold a value (`KeyError` does), whoever raised it.
"""

from __future__ import annotations

import re
from typing import Final

_VALUES: Final = re.compile(
    r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*"    # bytes, as Python writes them
      | (?:\\x[0-9a-fA-F]{2}){4,}               # escaped bytes
      | [0-9a-fA-F]{16,}                        # hexadecimal
      | [A-Za-z0-9+/_-]{32,}={0,2}              # base64, bech32, tokens""",
    re.VERBOSE,
)


def redacted(text: str) -> str:
    """`text` with `<…>` in place of everything that looks like a value."""
    return _VALUES.sub("<…>", text)
