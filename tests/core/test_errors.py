"""Errors: each says one sentence of ours, carries what it knows, and prints nothing else."""

from __future__ import annotations

import pytest

from ldk_tui.core import errors
from ldk_tui.core.errors import (
    AccessCause,
    AccessDenied,
    BadInput,
    LdkError,
    LightningRefused,
    OutcomeUnknown,
    Refused,
    Unreachable,
    UnreachableCause,
)
from ldk_tui.core.text import clean


def test_what_an_error_carries() -> None:
    error = Refused("The amount is not valid.", code=3, server_text=clean("The given amount is invalid.\x1b[2J"))
    assert error.sentence == str(error) == "The amount is not valid."
    assert error.code == 3
    assert error.server_text is not None
    assert "\x1b" not in error.server_text
    assert "\x1b" not in str(error)


def test_access_says_why() -> None:
    error = AccessDenied("The clocks differ.", cause=AccessCause.CLOCK, clock_skew_s=-73.5, code=16)
    assert (error.cause, error.clock_skew_s, error.code) == (AccessCause.CLOCK, -73.5, 16)


def test_unreachable_says_why() -> None:
    error = Unreachable("Nothing listens there.", cause=UnreachableCause.REFUSED, detail="127.0.0.1:3536")
    assert (error.cause, error.detail, error.code, error.server_text) == (
        UnreachableCause.REFUSED,
        "127.0.0.1:3536",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A payment with the given hash has already been initiated.", True),
        ("Failed to send the given payment.", False),
        ("", False),
    ],
)
def test_a_payment_that_exists_already_is_told_apart(text: str, expected: bool) -> None:
    assert LightningRefused("Refused.", code=9, server_text=clean(text)).already_initiated is expected
    assert not LightningRefused("Refused.", code=9).already_initiated


def test_every_kind_is_an_ldk_error_with_its_own_title() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LdkError)]
    titles = [kind.title for kind in kinds]
    assert len(kinds) > 10
    assert len(set(titles)) == len(titles)


def test_a_lost_answer_is_neither_refused_nor_bad_input() -> None:
    """No `except Refused` may ever swallow an unknown outcome of a payment."""
    for kind in (Refused, LightningRefused, BadInput, Unreachable, errors.BadAnswer, errors.DeadlineExceeded):
        assert not issubclass(OutcomeUnknown, kind)
        assert not issubclass(kind, OutcomeUnknown)
    assert not issubclass(LdkError, OSError)
