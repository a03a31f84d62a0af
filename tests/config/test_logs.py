"""The log: private, turned over, never forged, without locals and without secrets."""

from __future__ import annotations

import logging
import os
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldk_tui.config.logs import Log, LogFormatter, PrivateFileHandler, set_up
from ldk_tui.config.schema import LogLevel
from ldk_tui.core.errors import BadInput
from ldk_tui.core.secret import Secret

PLANTED = "5ec4e7" * 10
HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) [^ ]+: ")
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = set_up(tmp_path / "log" / "ldk-tui.log", LogLevel.DEBUG)
    yield log
    log.remove()


def written(log: Log) -> list[str]:
    assert log.handler.dropped == 0
    return log.path.read_text("utf-8").splitlines()


@posix
def test_only_the_owner_can_read_it(log: Log) -> None:
    logging.getLogger("a").info("x")
    assert mode(log.path) == 0o600
    assert mode(log.path.parent) == 0o700


@posix
def test_a_wider_file_is_tightened_and_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("old\n")
    path.chmod(0o644)
    handler = PrivateFileHandler(path)
    handler.close()
    assert mode(path) == 0o600
    assert path.read_text() == "old\n"
    link = tmp_path / "link.log"
    link.symlink_to(path)
    with pytest.raises(BadInput, match=r"link\.log cannot be written"):
        set_up(link)
    os.mkfifo(tmp_path / "pipe.log")
    with pytest.raises(BadInput, match="cannot be written"):
        set_up(tmp_path / "pipe.log")


def test_a_record_is_one_line_however_hostile(log: Log) -> None:
    logging.getLogger("node").warning("alias %s", "x\n2026-01-01T00:00:00.000Z ERROR fake: paid\x1b[2J\u202e\r")
    logging.getLogger("evil\nname").info("plain")
    lines = written(log)
    assert len(lines) == 2
    assert all(HEAD.match(line) for line in lines)
    assert "\\x1b[2J\\u202e\\r" in lines[0]
    assert all(line.isprintable() for line in lines)


def test_format_templates_in_outside_text_are_not_filled_in(log: Log) -> None:
    logging.getLogger("a").info("said %s", "%s %(key)s {api_key}")
    logging.getLogger("a").info("%s %(key)s {api_key}")
    assert [line.split(": ", 1)[1] for line in written(log)] == [
        "said %s %(key)s {api_key}",
        "%s %(key)s {api_key}",
    ]


def fail_with_a_key_in_hand() -> None:
    api_key = bytes.fromhex(PLANTED).hex()
    hidden = Secret(api_key)
    raise RuntimeError(f"server said no\n{hidden}\x1b]0;title\x07")


def test_a_traceback_shows_no_locals_and_looks_like_no_record(log: Log) -> None:
    try:
        try:
            fail_with_a_key_in_hand()
        except RuntimeError as error:
            raise ValueError("2026-01-01T00:00:00.000Z INFO fake: all is well") from error
    except ValueError:
        logging.getLogger("a").exception("while paying")
    text = "\n".join(written(log))
    assert PLANTED not in text
    assert "fail_with_a_key_in_hand" in text
    assert "ValueError" in text
    assert "RuntimeError: server said no" in text
    assert "<secret>" in text
    assert "\x1b" not in text
    first, *rest = text.split("\n")
    assert HEAD.match(first)
    assert rest
    assert all(line.startswith("  | ") for line in rest)


def test_secrets_as_arguments_stay_hidden(log: Log) -> None:
    logging.getLogger("a").error("key %s %r %s", Secret(PLANTED), Secret(PLANTED.encode()), {"k": Secret(PLANTED)})
    assert PLANTED not in "\n".join(written(log))


def test_long_messages_and_deep_tracebacks_are_cut(log: Log) -> None:
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("x" * 50_000)
        down(depth - 1) if depth % 2 else across(depth - 1)

    def across(depth: int) -> None:
        down(depth)

    logging.getLogger("a").info("y" * 100_000)
    try:
        down(300)
    except ValueError:
        logging.getLogger("a").exception("deep")
    lines = written(log)
    assert max(map(len, lines)) < 5_000
    assert len(lines) < 250
    assert any("lines left out" in line for line in lines)


def test_nothing_reaches_the_terminal(log: Log, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("a").error("to the file")
    logging.getLogger("a").error("wrong arguments %s %s", 1)  # noqa: PLE1206 -- on purpose
    warnings.warn("to the file too", stacklevel=1)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert log.handler.dropped == 1  # the record that could not be formatted: dropped, and counted
    assert "to the file too" in log.path.read_text()


def test_header_printers_are_never_below_warning(log: Log) -> None:
    """hpack at DEBUG prints each header, the signature of the request among them."""
    logging.getLogger("hpack.hpack").debug("Encoding (b'x-auth', b'HMAC 1:%s')", PLANTED)
    logging.getLogger("hpack").warning("kept")
    logging.getLogger("ours").debug("kept too")
    text = "\n".join(written(log))
    assert PLANTED not in text
    assert "kept" in text
    assert "kept too" in text


def test_levels(tmp_path: Path) -> None:
    log = set_up(tmp_path / "x.log", LogLevel.WARNING)
    try:
        logging.getLogger("a").info("quiet")
        logging.getLogger("a").warning("loud")
    finally:
        log.remove()
    assert "quiet" not in log.path.read_text()
    assert "loud" in log.path.read_text()


def test_everything_is_put_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.raiseExceptions)
    log = set_up(tmp_path / "x.log")
    assert root.handlers == [log.handler]
    log.remove()
    assert (list(root.handlers), root.level, logging.raiseExceptions) == before


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("a", logging.INFO, __file__, 1, message, (), None)


def handler_for(path: Path, max_bytes: int = 1_000) -> PrivateFileHandler:
    handler = PrivateFileHandler(path, max_bytes=max_bytes, kept=2)
    handler.setFormatter(LogFormatter())
    return handler


def test_it_turns_over(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    handler = handler_for(path)
    for number in range(60):
        handler.emit(record(f"line {number:03d} " + "x" * 60))
    handler.close()
    files = sorted(each.name for each in tmp_path.iterdir())
    assert files == ["x.log", "x.log.1", "x.log.2"]
    numbers = []
    for name in ("x.log.2", "x.log.1", "x.log"):
        file = tmp_path / name
        assert file.stat().st_size <= 1_000
        if os.name == "posix":
            assert mode(file) == 0o600
        numbers += [int(found) for found in re.findall(r"line (\d+)", file.read_text())]
    assert numbers == list(range(numbers[0], 60))  # the newest lines, in order, none lost in between
    assert handler.dropped == 0


@posix
def test_two_instances_share_the_file(tmp_path: Path) -> None:
    """One turns it over, the other goes on in the new file, not in the renamed one."""
    path = tmp_path / "x.log"
    one, two = handler_for(path), handler_for(path)
    two.emit(record("first"))
    for _ in range(12):
        one.emit(record("y" * 100))
    assert (tmp_path / "x.log.1").exists()
    two.emit(record("second"))
    assert "second" in path.read_text()
    path.unlink()
    two.emit(record("third"))
    assert "third" in path.read_text()
    one.close()
    two.close()
    assert (one.dropped, two.dropped) == (0, 0)


@posix
def test_a_full_disk_is_no_crash(tmp_path: Path) -> None:
    handler = handler_for(tmp_path / "x.log")
    os.close(handler._descriptor)
    handler._descriptor = -1
    handler.emit(record("lost"))
    assert handler.dropped == 1
    handler.close()


def test_an_uncaught_exception_of_a_thread_does_not_need_the_terminal(tmp_path: Path) -> None:
    """From outside: a process that logs and ends leaves nothing on standard error."""
    path = tmp_path / "x.log"
    code = (
        "import logging, sys; from pathlib import Path; from ldk_tui.config.logs import set_up;"
        "set_up(Path(sys.argv[1])); logging.getLogger('a').error('bad %d', 'x'); logging.getLogger('a').error('good')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert "good" in path.read_text()


def test_an_error_that_names_a_value_is_logged_without_it(log: Log) -> None:
    """Also in its causes, notes and groups: a KeyError is its key."""
    key = bytes.fromhex(PLANTED[:56])
    try:
        try:
            raise KeyError(PLANTED)
        except KeyError as error:
            error.add_note(f"while looking for {PLANTED}")
            raise ExceptionGroup(f"many {PLANTED}", [ValueError(key)]) from error
    except ExceptionGroup:
        logging.getLogger("x").exception("Failed")
    text = "\n".join(written(log))
    assert "KeyError" in text
    assert "ValueError" in text
    assert PLANTED[:16] not in text
    assert repr(key)[2:20] not in text
