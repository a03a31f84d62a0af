"""What starts must start lightly: the version and the help need neither the screen nor the network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ldk_tui import __version__

HEAVY = ("textual", "rich", "grpclib", "h2", "google.protobuf", "cryptography", "qrcode", "asyncio", "ssl")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(argument: str) -> None:
    code = f"""
import sys
from ldk_tui.cli import main
try:
    code = main(["{argument}"])
except SystemExit as stop:
    code = stop.code
print("LOADED", sorted(m for m in {HEAVY!r} if m in sys.modules))
sys.exit(code or 0)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"
    assert done.stderr == ""


def test_version_says_the_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ldk_tui", "--version"], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, f"ldk-tui {__version__}", "")


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("ldk_tui.core.model", ["textual", "rich", "grpclib", "google.protobuf", "asyncio", "socket", "ssl"]),
        ("ldk_tui.node.views", ["textual", "rich", "ldk_tui.sim"]),
        ("ldk_tui.ui.app", ["grpclib", "h2", "google.protobuf", "cryptography", "ldk_tui.sim", "ldk_tui.wire"]),
        ("ldk_tui.client.api", ["textual", "rich", "ldk_tui.sim", "cryptography", "ldk_tui.node"]),
    ],
)
def test_a_room_does_not_drag_in_what_it_must_not_know(room: str, never: list[str]) -> None:
    done = run(f"import sys; import {room}; print(sorted(m for m in {never!r} if m in sys.modules))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
