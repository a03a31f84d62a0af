"""The dialect of a level from its tables: what each level module fills in, and the errors that are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from ldk_tui.core.errors import BadAnswer, NotSupported
from ldk_tui.core.events import Event
from ldk_tui.core.model import Level
from ldk_tui.core.requests import Request, SubscribeEvents
from ldk_tui.wire.answers import Answer
from ldk_tui.wire.ask import Ask
from ldk_tui.wire.dialect import MalformedRequest

STREAM = "SubscribeEvents"


def _has_wrong_wire_type(message: Message) -> bool:
    """True when a field that the message knows came with another wire type, at any depth.

    Python's protobuf takes such a field for an unknown one; the server's library refuses the whole request (server
    facts 4.3, run), and the fields appended to harmless requests rely on that.
    """
    unknown: Any = UnknownFieldSet(message)
    known = message.DESCRIPTOR.fields_by_number
    if any(one.field_number in known for one in unknown):
        return True
    fields: Any = message.ListFields()
    return any(
        _has_wrong_wire_type(part)
        for field, value in fields
        if field.message_type is not None
        for part in (value if field.is_repeated else (value,))
    )


class LevelDialect:
    """A `Dialect` made of one level's api module, its tables of requests and answers, and its two event functions."""

    def __init__(
        self,
        level: Level,
        *,
        api: ModuleType,
        envelope: type[Message],
        requests: Mapping[str, Ask],
        answers: Mapping[str, Answer],
        read_event: Callable[[Any], Event],
        write_event: Callable[[Any, Event], bool],
    ) -> None:
        self._level = level
        self._api = api
        self._envelope = envelope
        self._requests = dict(requests)
        self._answers = dict(answers)
        self._read_event = read_event
        self._write_event = write_event
        self._methods = frozenset(self._answers)

    @property
    def level(self) -> Level:
        return self._level

    @property
    def methods(self) -> frozenset[str]:
        return self._methods

    def encode_request(self, request: Request) -> bytes:
        method = type(request).__name__
        row = self._requests.get(method)
        if row is None:
            raise self._missing(method)
        message = self._message(f"{method}Request")
        row.write(message, request)
        return message.SerializeToString(deterministic=True) + row.suffix

    def decode_answer(self, method: str, data: bytes) -> Any:
        row = self._answers.get(method)
        if row is None:
            raise self._missing(method)
        message = self._message(f"{method}Response")
        self._parse(message, data, f"answer to {method}")
        return row.read(message)

    def decode_event(self, data: bytes) -> Event:
        message = self._envelope()
        self._parse(message, data, "event")
        return self._read_event(message)

    def decode_request(self, method: str, data: bytes) -> Request:
        if method == STREAM:
            return SubscribeEvents()  # the server never reads this body, whatever it holds
        row = self._requests.get(method)
        if row is None:
            raise MalformedRequest(f"level {self._level.value} has no method of that name")
        message = self._message(f"{method}Request")
        try:
            message.ParseFromString(data)
        except DecodeError:
            raise MalformedRequest(f"not the message {method}Request") from None
        if _has_wrong_wire_type(message):
            raise MalformedRequest(f"a field of {method}Request has another type")
        return row.read(message)

    def encode_answer(self, method: str, answer: Any) -> bytes:
        row = self._answers.get(method)
        if row is None:
            raise self._missing(method)
        message = self._message(f"{method}Response")
        row.write(message, answer)
        return message.SerializeToString(deterministic=True)

    def encode_event(self, event: Event) -> bytes | None:
        message = self._envelope()
        if not self._write_event(message, event):
            return None
        return message.SerializeToString(deterministic=True)

    def _message(self, name: str) -> Message:
        made: Message = getattr(self._api, name)()
        return made

    def _parse(self, message: Message, data: bytes, what: str) -> None:
        try:
            message.ParseFromString(data)
        except DecodeError:
            raise BadAnswer(
                f"The server's {what} is not what level {self._level.value} says there: {len(data):,} bytes that "
                "cannot be read. Is the server of another level, or is something between us?"
            ) from None

    def _missing(self, method: str) -> NotSupported:
        return NotSupported(f"A server of level {self._level.value} has no {method}: it needs a newer server.")
