"""How the shell looks: Node, no server, help, identity, at the sizes that are promised. State first, then pixels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ldk_tui.node.views import NodeView
from ldk_tui.ui.app import LdkTuiApp
from ldk_tui.ui.modals.text_view import TextView
from tests.ui.conftest import on_stage, text_of, until
from tests.ui.fake_port import DOWN, LIVE, REPORT, FakePort

Picture = Callable[[LdkTuiApp], None]
SIZES = [(80, 24), (120, 36)]


async def _opener() -> FakePort:
    return FakePort()


@pytest.mark.parametrize("size", [*SIZES, (100, 30), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_node(size: tuple[int, int], picture: Picture) -> None:
    async with on_stage(size=size) as (app, _):
        said = "\n".join(text_of(app))
        for words in ("[1 Node]", "3 blocks", "4,120,334", "Being swept, 144 blocks", "fee rates", "forwarded"):
            assert words in said
        picture(app)


async def test_node_in_the_light(picture: Picture) -> None:
    async with on_stage(size=(120, 36), light=True) as (app, _):
        assert app.theme == "ldk-light"
        picture(app)


async def test_node_before_the_first_answer(picture: Picture) -> None:
    async with on_stage(FakePort(NodeView(LIVE)), size=(80, 24)) as (app, _):
        assert "\n".join(text_of(app)).count("Waiting for the first answer") == 4
        picture(app)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_no_server(size: tuple[int, int], picture: Picture) -> None:
    async with on_stage(FakePort(NodeView(DOWN), REPORT), size=size, demo_opener=_opener) as (app, pilot):
        await until(pilot, lambda: app.current_mode == "connection")
        assert "Or press d" in "\n".join(text_of(app))
        picture(app)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_help(size: tuple[int, int], picture: Picture) -> None:
    async with on_stage(size=size) as (app, pilot):
        await pilot.press("question_mark")
        assert isinstance(app.screen, TextView)
        picture(app)


async def test_identity(picture: Picture) -> None:
    async with on_stage(size=(80, 24)) as (app, pilot):
        await pilot.press("i")
        assert isinstance(app.screen, TextView)
        assert "2026-08 (probed)" in "\n".join(text_of(app))
        picture(app)


async def test_too_small(picture: Picture) -> None:
    async with on_stage(size=(60, 20)) as (app, _):
        assert "needs 80 × 20" in "\n".join(text_of(app))
        picture(app)
