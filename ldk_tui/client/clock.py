"""How far the server's clock is from ours, from the `date` header that every answer carries (safety facts 2.6)."""

from __future__ import annotations

from collections import deque
from email.utils import parsedate_to_datetime
from statistics import median

KEPT = 5
TOLERANCE_S = 60
SUSPECT_S = 55.0


class SkewMeter:
    """Keeps the last five measurements. Skew = server minus here, in seconds, exact to about one second."""

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=KEPT)
        self._seen: str | None = None
        self._seen_unix: float | None = None

    @property
    def skew_s(self) -> float | None:
        """The median of the last measurements, or None before the first."""
        return median(self._kept) if self._kept else None

    @property
    def latest_s(self) -> float | None:
        """The last measurement alone: what an error about the clock reports, since a clock may have just jumped."""
        return self._kept[-1] if self._kept else None

    def note(self, date: str, sent_unix: float, received_unix: float) -> None:
        """Measure once more. A `date` that is no date is ignored.

        The header has whole seconds, cut off: on average it is half a second old when it is made.
        """
        server_unix = self._parse(date)
        if server_unix is not None:
            self._kept.append(server_unix + 0.5 - (sent_unix + received_unix) / 2)

    def _parse(self, date: str) -> float | None:
        if date == self._seen:  # the same second: parsing it again would cost more than the call's own signature
            return self._seen_unix
        try:
            parsed = parsedate_to_datetime(date)
            value: float | None = parsed.timestamp() if parsed.tzinfo is not None else None
        except (ValueError, TypeError, OverflowError, IndexError):
            value = None
        self._seen, self._seen_unix = date, value
        return value


def describe_skew(skew_s: float) -> str:
    """`This computer's clock is 3 min 12 s behind the server.` (no unit is shown that is zero in front)."""
    side = "behind" if skew_s > 0 else "ahead of"
    return f"This computer's clock is {describe_seconds(abs(skew_s))} {side} the server."


def describe_seconds(seconds: float) -> str:
    """`45 s`, `3 min 12 s`, `5 h 2 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, s = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {s} s" if s else f"{minutes} min"
    hours, m = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {m} min" if m else f"{hours} h"
    days, h = divmod(hours, 24)
    return f"{days} d {h} h" if h else f"{days} d"
