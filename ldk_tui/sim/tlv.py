"""The TLV streams of BOLT 1: records with a type, a length and a value, types strictly rising, numbers shortest.

Everything raises ValueError when the bytes break a rule; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `encoded` is the whole of it, as the merkle tree of BOLT 12 hashes it."""

    type: int
    value: bytes
    encoded: bytes

    @property
    def encoded_type(self) -> bytes:
        return bigsize(self.type)


def bigsize(number: int) -> bytes:
    """A length or type: 1, 3, 5 or 9 bytes."""
    if number < 0xFD:
        return number.to_bytes(1, "big")
    for marker, size in ((0xFD, 2), (0xFE, 4), (0xFF, 8)):
        if number < 1 << 8 * size:
            return bytes((marker,)) + number.to_bytes(size, "big")
    raise ValueError("the number is too large")


def truncated(number: int) -> bytes:
    """A number without leading zero bytes; zero is empty (`tu64`)."""
    if not 0 <= number < 1 << 64:
        raise ValueError("the number is out of range")
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def read_truncated(value: bytes, limit: int = 8) -> int:
    """The number of a `tu64` (or shorter) value."""
    if len(value) > limit or value[:1] == b"\0":
        raise ValueError("a number is not in its shortest form")
    return int.from_bytes(value, "big")


def record(record_type: int, value: bytes) -> bytes:
    """One encoded record."""
    return bigsize(record_type) + bigsize(len(value)) + value


def read_records(stream: bytes) -> Iterator[Record]:
    """The records of a whole stream, in order."""
    reader, last = Reader(stream), -1
    while reader.left:
        start = reader.position
        record_type = reader.bigsize()
        if record_type <= last:
            raise ValueError("the records are not in order")
        last = record_type
        value = reader.take(reader.bigsize())
        yield Record(record_type, value, stream[start : reader.position])


class Reader:
    """Reads forward through bytes; ValueError at the end of them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise ValueError("the bytes end too early")
        self.position += count
        return self._data[self.position - count : self.position]

    def number(self, size: int) -> int:
        """A big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def bigsize(self) -> int:
        first = self.number(1)
        if first < 0xFD:
            return first
        size = {0xFD: 2, 0xFE: 4, 0xFF: 8}[first]
        number = self.number(size)
        if len(bigsize(number)) != size + 1:
            raise ValueError("a number is not in its shortest form")
        return number
