"""The wheel is what users get: it builds, installs in a bare environment, and runs there."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from ldk_tui import __version__
from tests.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.timeout(400)
def test_the_wheel_installs_bare_and_its_demo_runs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "ldk_tui/py.typed" in names
    assert any(name.endswith(".tcss") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "proto/"))]

    venv.create(tmp_path / "bare", with_pip=True)
    binaries = tmp_path / "bare" / "bin"
    install = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)

    program = str(binaries / "ldk-tui")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert version.stdout.strip() == f"ldk-tui {__version__}"

    with Terminal([program, "demo"], home=tmp_path / "home") as terminal:
        terminal.until("live", seconds=60)
        terminal.keys("q")
        assert terminal.exit_code(seconds=30) == 0
    assert terminal.stderr == ""
