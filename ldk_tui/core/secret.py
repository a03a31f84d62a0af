"""A value that must never be printed by accident: API keys, preimages, payment secrets.

Rule: facts of the field, "secrets are in no log, traceback, screenshot or argv". The wrapper shows nothing in `repr`,
`str`, `format`, f-strings, tracebacks with locals, or pickles; whoever needs the value says so with `reveal()`.
"""

from __future__ import annotations

import hmac
from typing import Any, Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)

_HIDDEN = "<secret>"


class Secret(Generic[T]):
    """Holds one `str` or `bytes` and hides it everywhere but in `reveal()`.

    Equality is constant time, so that two secrets can be compared without showing either. The hash is the
    same for all secrets, so that it says nothing of the value.
    """

    __slots__ = ("_value",)
    _value: T

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value itself. Call this at the last moment, and never in an f-string that is logged."""
        return self._value

    def __repr__(self) -> str:
        return _HIDDEN

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = _as_bytes(self._value), _as_bytes(other._value)
        return type(self._value) is type(other._value) and hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __copy__(self) -> Secret[T]:
        return self

    def __deepcopy__(self, memo: object) -> Secret[T]:
        """Itself, so that values which hold a secret can be copied although it is not pickled."""
        return self

    def __rich_repr__(self) -> Any:
        yield _HIDDEN


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
