"""Arguments in, one of the rooms started. No logic of its own; everything heavy is imported late."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    raise SystemExit(0)
