"""What was tried on the way to a server, step by step: the connection screen shows it."""

from __future__ import annotations

from enum import Enum

from ldk_tui.core.errors import LdkError
from ldk_tui.core.record import dataclass


class StepKind(Enum):
    """What a step looked for."""

    CONFIG = "config"
    ADDRESS = "address"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    KEY_FILE = "key file"


class StepResult(Enum):
    """How it went."""

    OK = "ok"
    DEFAULT = "default"  # not said anywhere, so the usual value
    MISSING = "missing"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    UNUSED = "unused"  # there, but something with precedence said otherwise


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at: a path or value, where it came from (`--cert`, a variable, a file), the result.

    `note` is one more sentence or empty. Never holds a secret.
    """

    kind: StepKind
    value: str
    source: str
    result: StepResult
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All steps in order. `problem`: why there is no target, or None."""

    steps: tuple[Step, ...] = ()
    problem: LdkError | None = None

    def of(self, kind: StepKind) -> tuple[Step, ...]:
        """The steps of one kind."""
        return tuple(step for step in self.steps if step.kind is kind)
