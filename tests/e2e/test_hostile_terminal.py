"""Hostile text through all screens, on a terminal: what comes out differs from harmless text in letters only."""

from __future__ import annotations

import re
import select
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.cockpit import Screen, Wanted
from tests.terminal import Terminal

SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|\x1b"
)
PLACE = re.compile(r"\x1b\[\d+;\d+H")
COLOURS = re.compile(r"\x1b\[(?:(?:[0-9]|[34]8;2;\d+;\d+;\d+);?)*m")
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def gone(words: str) -> Wanted:
    return lambda text: words not in text


STEPS: list[tuple[str, Wanted]] = [
    ("0", "The server said"),
    ("1", "[1 Node]"),
    ("i", "Totals as the server counts them"),
    ("\x1b", gone("Totals as the server counts them")),
    ("a", "HODL"),
    ("2", "[2 Channels]"),
    ("j", "[2 Channels]"),
    ("/", "10 of 10"),
    ("\x1b", gone("of 10")),
    ("3", "[3 Payments]"),
    ("j", "[3 Payments]"),
    ("j", "[3 Payments]"),
    ("j", "[3 Payments]"),
    ("\r", "as the node says it"),
    ("\x1b", gone("as the node says it")),
    ("4", "[4 Hodl]"),
    ("?", "Keys"),
    ("\x1b", gone("Keys")),
    ("\x10", "Search"),
    ("\x1b", gone("Search")),
    ("\x12", "The server is in trouble"),
]


@contextmanager
def node(folder: Path, kind: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.hostile_node", str(folder), "0", kind],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 40)[0]
        assert "listens" in process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def walk(tmp_path: Path, kind: str, pasted: str) -> str:
    """All that was written to the terminal on one walk through everything."""
    folder = tmp_path / kind
    with node(folder, kind), Screen(["--config", str(folder / "config.toml")], home=tmp_path / "home") as screen:
        screen.shows("partly read, 0 says why", seconds=40)
        for keys, wanted in STEPS:
            screen.press(keys, wanted)
            if keys == "/":
                screen.keys(f"\x1b[200~{pasted}\x1b[201~")
        screen.quit()
    assert screen.stderr == ""
    return screen.output.decode("utf-8", "strict")


@pytest.mark.timeout(180)
def test_no_control_sequence_comes_from_outside(tmp_path: Path) -> None:
    harmless = walk(tmp_path, "harmless", "x")
    hostile = walk(tmp_path, "hostile", "\u202e\x9b31mfoo[/red][@click=app.quit]x[/]\x07\u200b\u0085")
    ours = {each for each in SEQUENCE.findall(harmless) if not (PLACE.fullmatch(each) or COLOURS.fullmatch(each))}
    foreign = {each for each in SEQUENCE.findall(hostile) if not (PLACE.fullmatch(each) or COLOURS.fullmatch(each))}
    assert foreign == ours
    short = {each for each in SEQUENCE.findall(hostile) if COLOURS.fullmatch(each) and "8;2;" not in each}
    assert short <= {each for each in SEQUENCE.findall(harmless) if COLOURS.fullmatch(each)}
    letters = set(SEQUENCE.sub("", hostile))
    wrong = {each for each in letters if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}}
    assert wrong <= {"\r", "\n"}
    assert not letters & _BIDI
    text = SEQUENCE.sub("", hostile)
    for shown in ("[@click=", "[/]", "\N{REPLACEMENT CHARACTER}[31mred"):  # verbatim
        assert shown in text, shown
    assert not any(shown in SEQUENCE.sub("", harmless) for shown in ("[@click=", "\N{REPLACEMENT CHARACTER}["))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "no\x1b]0;PWNED\x07such\x9b31m\u202efile"],
        ["--cert", "no\x1b[2Jfile"],
        ["--server", "evil\x1b[31m.example:1"],
        ["--profile", "\x1b[2Jmars\u202e"],
        ["sim", "--dir", "/proc/\x1b[31mnode"],
    ],
)
def test_hostile_arguments_are_said_not_obeyed(tmp_path: Path, arguments: list[str]) -> None:
    with Terminal([sys.executable, "-m", "ldk_tui", *arguments], home=tmp_path, one_stream=True) as terminal:
        assert terminal.exit_code() == 2
    said = terminal.output.decode("utf-8")
    assert said.startswith("ldk-tui: ")
    assert said.replace("\r\n", "").isprintable(), said
    assert "Traceback" not in said


def test_hostile_paths_in_a_config_are_shown_cleaned(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[node]\nnetwork = "signet"\n[tls]\ncert_path = "/no\\u001b]0;PWNED\\u0007\\u009b31m\\u202e[/red]/tls.crt"\n',
        encoding="utf-8",
    )
    with Screen(["--config", str(config)], home=tmp_path / "home") as screen:
        screen.shows("No connection to the server", "tls.crt")
        assert "[/red]" in screen.words
        screen.quit()
    written = screen.output.decode("utf-8")
    assert "PWNED\x07" not in written
    assert not set(written) & (_BIDI | {"\x9b"})
    assert screen.stderr == ""
