"""Writes docs/keys.md from the registry of commands: `python -m tests.keys_doc`."""

from __future__ import annotations

from pathlib import Path

from ldk_tui.ui.keymap import document

PATH = Path(__file__).resolve().parent.parent / "docs" / "keys.md"

if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(document(), encoding="utf-8", newline="\n")
