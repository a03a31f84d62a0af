"""What a request may carry: range and form of each field, refused with one sentence before anything leaves.

The server has no negative numbers, and protobuf would refuse them with words for programmers.
"""

from __future__ import annotations

from ldk_tui.core.errors import BadInput
from ldk_tui.core.ids import INVALID
from ldk_tui.core.text import SafeText

_U32 = (1 << 32) - 1
_U64 = (1 << 64) - 1
_I64 = (1 << 63) - 1


def _whole(value: int, low: int, high: int, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadInput(f"The {what} must be a whole number from {low:,} to {high:,}.")
    return value


def u32(value: int, what: str) -> int:
    """`value`, if a uint32 holds it. Raises BadInput, naming `what`."""
    return _whole(value, 0, _U32, what)


def u64(value: int, what: str) -> int:
    """`value`, if a uint64 holds it. Raises BadInput, naming `what`."""
    return _whole(value, 0, _U64, what)


def i64(value: int, what: str) -> int:
    """`value`, if an int64 holds it. Raises BadInput, naming `what`."""
    return _whole(value, -_I64 - 1, _I64, what)


def utf8(value: str, what: str) -> str:
    """The raw form of `value`, if UTF-8 can carry it. Raises BadInput, naming `what`."""
    plain = value.raw if isinstance(value, SafeText) else value
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError:
            raise BadInput(f"The {what} holds characters that are not text.") from None
    return plain


def identifier(value: str, what: str) -> str:
    """`value`, unless it is the `(invalid) …` form of an id: such an id may be shown, never sent. Raises BadInput."""
    if value.startswith(INVALID):
        raise BadInput(f"The {what} came from the server in a form that is not valid, so it is not sent back.")
    return utf8(value, what)
