"""Fixtures of the room `ui`: a waiting helper, and SVG snapshots that are the same on every run."""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual.constants is imported: before any import of Textual
os.environ.pop("NO_COLOR", None)
