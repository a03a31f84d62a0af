"""What an operator has in front of them: `ldk-tui` on a terminal, and the simulated server as a process of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.e2e.picture import Picture
from tests.terminal import Terminal

PROGRAM = (sys.executable, "-m", "ldk_tui")


Wanted = str | re.Pattern[str] | Callable[[str], bool]


def _holds(wanted: Wanted, words: str) -> bool:
    if isinstance(wanted, str):
        return wanted in words
    return wanted.search(words) is not None if isinstance(wanted, re.Pattern) else wanted(words)


class Screen(Terminal):
    """A program on a terminal, seen as a person sees it: by what stands on the screen now."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        columns: int = 120,
        rows: int = 36,
        command: Sequence[str] = PROGRAM,
        environment: dict[str, str] | None = None,
        one_stream: bool = False,
    ) -> None:
        super().__init__(
            [*command, *arguments],
            home=home,
            columns=columns,
            rows=rows,
            environment=environment,
            one_stream=one_stream,
        )
        self._picture = Picture(columns, rows)
        self._seen = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def now(self) -> str:
        """The screen at this moment, lines joined by newlines."""
        self._drain(0)
        self._picture.feed(self.output[self._seen :])
        self._seen = len(self.output)
        return self._picture.text

    @property
    def words(self) -> str:
        """The same as one line: for sentences that may be broken over lines."""
        return " ".join(self.now.split())

    @property
    def header(self) -> str:
        return self.now.partition("\n")[0]

    def forget(self) -> None:
        raise NotImplementedError("the picture needs all that was written")

    def shows(self, *wanted: Wanted, seconds: float = 40) -> None:
        """Until all of it stands on the screen at once; AssertionError with the screen otherwise.

        Line breaks count as spaces.
        """
        end = time.monotonic() + seconds
        while True:
            words = self.words
            missing = [each for each in wanted if not _holds(each, words)]
            if not missing:
                return
            if time.monotonic() > end or (self._process.poll() is not None and not self._drain(0.1)):
                raise AssertionError(f"{missing!r} not on the screen:\n{self.now}")
            self._drain(0.1)

    def press(self, keys: str, *wanted: Wanted) -> None:
        """Type, and wait for what it brings."""
        self.keys(keys)
        self.shows(*wanted)

    def quit(self) -> None:
        self.keys("q")
        assert self.exit_code() == 0


class Server:
    """`ldk-tui sim` as a process; `start` may be called again after the process has ended, on the same port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.port = 0
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def flags(self) -> list[str]:
        return ["--config", str(self.config)]

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self, *, seconds: float = 40) -> None:
        """Start and wait until it listens."""
        assert self._process is None
        self._process = subprocess.Popen(
            [*PROGRAM, "sim", "--port", str(self.port), "--dir", str(self.folder), *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("LDK_")},
        )
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            raise AssertionError("the simulated server says nothing")
        said = self._process.stdout.readline()
        assert "listens on 127.0.0.1:" in said, said + self._process.stdout.read()
        self.port = int(said.rstrip().rpartition(":")[2])

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9; nothing when it has ended."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM, and its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        code = process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
        return code
