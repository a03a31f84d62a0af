"""What a terminal shows after the bytes that a program wrote: a grid of cells, enough of one for what Textual draws."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-9;:?<>=]*)[ -/]*(?P<final>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])|(?P<text>[^\x00-\x1f\x7f\x1b]+)",
    re.DOTALL,
)


class Picture:
    """A screen of `columns` x `rows`, without colours; a wide character fills its cell and leaves the next empty."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, output: bytes) -> Picture:
        """More of what was written, wherever it was cut."""
        text = self._rest + self._decoder.decode(output)
        escape = text.rfind("\x1b")
        whole = escape < 0 or _TOKEN.match(text, escape) is not None
        text, self._rest = (text, "") if whole else (text[:escape], text[escape:])
        for token in _TOKEN.finditer(text):
            if text := token["text"]:
                self._write(text)
            elif final := token["final"]:
                self._control(final, token["parameters"])
            elif token["control"] == "\r":
                self._x = 0
            elif token["control"] == "\n":
                self._y = min(self.rows - 1, self._y + 1)
        return self

    def _write(self, text: str) -> None:
        for character in text:
            width = cell_len(character)
            if width == 0:
                if 0 < self._x <= self.columns:
                    self._cells[self._y][self._x - 1] += character
                continue
            if self._x < self.columns:
                self._cells[self._y][self._x] = character
            if width == 2 and self._x + 1 < self.columns:
                self._cells[self._y][self._x + 1] = ""
            self._x += width

    def _control(self, final: str, parameters: str) -> None:
        if final == "H":
            row, _, column = parameters.partition(";")
            self._y = min(self.rows, max(1, int(row or 1))) - 1
            self._x = min(self.columns, max(1, int(column or 1))) - 1
        elif final == "J" and parameters in ("2", "3"):
            self._cells = [[" "] * self.columns for _ in range(self.rows)]

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
