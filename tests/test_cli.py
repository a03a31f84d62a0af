"""Bad input ends in one clear sentence on standard error and exit code 2; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ldk_tui.client.discovery import Flags
from ldk_tui.config.schema import Profile, Trust
from ldk_tui.launch import with_profile


def run(home: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("LDK_", "XDG_"))}
    return subprocess.run(
        [sys.executable, "-m", "ldk_tui", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        stdin=subprocess.DEVNULL,
        env=clean | {"HOME": str(home)} | (environment or {}),
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("ldk-tui: ")
    assert "Traceback" not in done.stderr
    assert done.stderr.removesuffix("\n").isprintable()
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense"], ["--nonsense", "--help"]),
        (["fly"], ["fly"]),
        (["--network", "moon"], ["moon", "signet"]),
        (["--level", "2027-01"], ["2027-01"]),
        (["--unit", "dollars"], ["dollars"]),
        (["--server", "https://127.0.0.1:3536"], ["host:port"]),
        (["--server", "127.0.0.1:99999"], ["65535"]),
        (["--server", ":3536"], ["host"]),
        (["--server", ""], ["host:port"]),
        (["--serv=127.0.0.1:3536"], ["--serv"]),
        (["sim", "--port", "x"], ["port", "65535"]),
        (["sim", "--port", "70000"], ["65535"]),
        (["sim", "--scenario", "calm"], ["calm", "busy"]),
        (["sim", "--speed", "nan"], ["speed"]),
        (["sim", "--framing", "odd"], ["odd"]),
        (["demo", "--seed", "one"], ["one"]),
        (["--network", "\x1b]0;PWNED\x07"], ["\\x1b"]),
    ],
)
def test_bad_arguments(home: Path, arguments: list[str], words: list[str]) -> None:
    assert_one_sentence(run(home, *arguments), *words)


def test_a_broken_daemon_config_names_the_file(home: Path) -> None:
    config = home / "config.toml"
    config.write_text("[node\n", encoding="utf-8")
    assert_one_sentence(run(home, "--config", str(config)), "config.toml")


def test_a_config_with_a_network_that_does_not_exist(home: Path) -> None:
    config = home / "config.toml"
    config.write_text('[node]\nnetwork = "moon"\n', encoding="utf-8")
    assert_one_sentence(run(home, "--config", str(config)), "network", "signet", "config.toml")


def test_our_own_config_names_key_and_file(home: Path) -> None:
    folder = home / ".config" / "ldk-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('unitt = "sat"\n', encoding="utf-8")
    assert_one_sentence(run(home), "unitt", "config.toml")


def test_a_flag_about_trust_takes_the_place_of_the_profile_s() -> None:
    pinned = Profile(cert=Path("/profile/tls.crt"), certificate_name="node")
    trusting = Profile(trust=Trust.SYSTEM)
    for flags, profile, wanted in (
        (Flags(), pinned, (Path("/profile/tls.crt"), False, "node")),
        (Flags(), trusting, (None, True, None)),
        (Flags(system_trust=True), pinned, (None, True, None)),
        (Flags(cert=Path("/flag/tls.crt")), trusting, (Path("/flag/tls.crt"), False, None)),
        (Flags(cert=Path("/flag/tls.crt")), pinned, (Path("/flag/tls.crt"), False, "node")),
    ):
        made = with_profile(flags, profile)
        assert (made.cert, made.system_trust, made.certificate_name) == wanted


def test_an_unknown_profile(home: Path) -> None:
    assert_one_sentence(run(home, "--profile", "mars"), "mars")


def test_a_foreign_folder_is_not_overwritten(home: Path) -> None:
    folder = home / "node"
    folder.mkdir()
    (folder / "config.toml").write_text("# a real node's\n", encoding="utf-8")
    assert_one_sentence(run(home, "sim", "--port", "0", "--dir", str(folder)), "config.toml")
    assert (folder / "config.toml").read_text(encoding="utf-8") == "# a real node's\n"


def test_a_port_in_use(home: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_sentence(run(home, "sim", "--port", str(port)), str(port))


def test_without_a_terminal_it_says_so(home: Path) -> None:
    assert_one_sentence(run(home, "demo"), "terminal")


def test_the_key_is_not_an_argument(home: Path) -> None:
    secret = "ab" * 32
    for given in (["--api-key", secret], [f"--api-key={secret}"]):
        done = run(home, *given)
        assert_one_sentence(done, "--api-key-file")
        assert secret not in done.stderr, "said again, it would be in logs and scroll-back too"


def test_config_path_says_where(home: Path) -> None:
    done = run(home, "config", "path")
    assert done.returncode == 0
    assert done.stdout.strip().endswith("config.toml")
