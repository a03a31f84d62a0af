"""A secret shows itself nowhere: not in text, tracebacks with locals, logs, dataclasses or pickles."""

from __future__ import annotations

import copy
import io
import logging
import pickle
import pprint
import sys
import traceback
from dataclasses import asdict, dataclass

import pytest
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from ldk_tui.core.ids import payment_hash
from ldk_tui.core.model import Bolt11Kind
from ldk_tui.core.secret import Secret

PLANTED = "5ec4e7" * 10


@dataclass(frozen=True)
class Holder:
    name: str
    key: Secret[str]


def test_no_text_form_shows_it() -> None:
    secret = Secret(PLANTED)
    raw = Secret(bytes.fromhex(PLANTED))
    holder = Holder("x", secret)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret:>80}",
        "{}".format(secret),  # noqa: UP032 -- the call itself is the subject
        "%s" % secret,  # noqa: UP031
        repr([secret]),
        repr({secret: secret}),
        repr(holder),
        repr(raw),
        repr(Bolt11Kind(payment_hash("00" * 32), secret, raw)),
        pprint.pformat(holder),
        pretty_repr(holder),
        repr(asdict(holder)),
        ascii(secret),
    ]
    for text in shown:
        assert PLANTED not in text
        assert repr(bytes.fromhex(PLANTED))[2:-1] not in text
    assert secret.reveal() == PLANTED


def test_format_keeps_the_width_asked_for() -> None:
    assert f"{Secret('x'):>12}" == "    <secret>"


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def pay(key: Secret[str], count: int) -> None:
        held_here = key
        raise RuntimeError(f"cannot use {held_here}")

    try:
        pay(Secret(PLANTED), 3)
    except RuntimeError:
        printed = io.StringIO()
        console = Console(file=printed, width=200)
        console.print(Traceback(show_locals=True))
        plain = "".join(traceback.TracebackException(*sys.exc_info(), capture_locals=True).format())
    assert "count" in printed.getvalue()  # locals were indeed printed
    assert "held_here" in plain
    assert PLANTED not in printed.getvalue()
    assert PLANTED not in plain


def test_rich_and_logging_do_not_show_it() -> None:
    printed = io.StringIO()
    Console(file=printed).print(Secret(PLANTED), Holder("x", Secret(PLANTED)))
    handler = logging.StreamHandler(printed)
    logger = logging.Logger("secret")
    logger.addHandler(handler)
    logger.warning("key %s %r", Secret(PLANTED), Secret(PLANTED))
    assert "<secret>" in printed.getvalue()
    assert PLANTED not in printed.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(PLANTED), protocol)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Holder("x", Secret(PLANTED)), protocol)


def test_copies_are_the_same_secret() -> None:
    """Immutable, so a copy is the object itself: `dataclasses.asdict` and `copy` work on what holds one."""
    secret = Secret(PLANTED)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


def test_it_has_no_attributes_to_list() -> None:
    secret = Secret(PLANTED)
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        vars(secret)


def test_equality_without_showing() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret(b"a") != Secret("a")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("b"))  # the hash says nothing of the value
    assert Secret("\ud800") == Secret("\ud800")
