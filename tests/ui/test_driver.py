"""The screen is drawn on standard output: a private name of Textual 8.2.8 that this test holds."""

from __future__ import annotations

import sys

import pytest
from textual import constants
from textual.drivers.linux_driver import LinuxDriver

from ldk_tui.ui.driver import Output, driver_class
from tests.ui.conftest import on_stage


@pytest.mark.skipif(sys.platform == "win32", reason="Textual draws on standard output there")
async def test_draws_on_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DRIVER", None)
    made = driver_class()
    assert made is not None
    assert issubclass(made, LinuxDriver)
    async with on_stage() as (app, _):
        assert LinuxDriver(app)._file is sys.__stderr__, "Textual changed its mind: look at ui/driver.py"
        output = made(app)._file
        assert isinstance(output, Output)
        assert output._file is sys.__stdout__


def test_a_driver_named_in_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DRIVER", "somewhere:Else")
    assert driver_class() is None
