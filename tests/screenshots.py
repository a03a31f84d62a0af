"""Draws every screen into screenshots/: `python -m tests.screenshots`, or with --check compares.

From the simulator with a fixed clock and seed, so that the pictures change only when the program does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.stage import stage

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"
SIZES = ((80, 24), (120, 36), (200, 60))
SCREENS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node": ("busy", ()),
    "channels": ("busy", ("2",)),
    "payments": ("busy", ("3",)),
    "hodl": ("hodl-tense", ("4",)),
}


async def draw(check: bool) -> list[str]:
    """Draws all; returns the names of those that changed."""
    FOLDER.mkdir(exist_ok=True)
    changed = []
    for name, (scenario, keys) in SCREENS.items():
        for columns, rows in SIZES:
            async with stage(scenario, size=(columns, rows), keys=keys) as made:
                picture = made.svg()
            path = FOLDER / f"{name}-{columns}x{rows}.svg"
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            if before != picture:
                changed.append(path.name)
                if not check:
                    path.write_text(picture, encoding="utf-8", newline="\n")
    return changed


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    os.environ["TZ"] = "UTC"
    time.tzset()
    changed = asyncio.run(draw(check))
    for name in changed:
        sys.stdout.write(f"{'differs' if check else 'drawn'}: {name}\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
