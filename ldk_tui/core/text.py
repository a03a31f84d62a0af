"""Cleaning of text from outside (placeholder until the policy of safety.md 1.4 lands)."""

from __future__ import annotations


class SafeText(str):
    """Cleaned text."""
