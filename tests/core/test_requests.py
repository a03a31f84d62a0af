"""The table of RPCs against the wire tables of both levels and the retry rules of the server facts."""

from __future__ import annotations

import csv
import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest

from ldk_tui.core import requests
from ldk_tui.core.model import Level
from ldk_tui.core.requests import RPCS, Effect, Wallet

WIRE = Path(__file__).parents[1] / "data" / "wire"
LEVELS = {"2026-04": Level.L2026_04, "2026-08": Level.L2026_08}


def methods(folder: str) -> dict[str, str]:
    """Method name to kind (unary or stream)."""
    with (WIRE / folder / "methods.tsv").open(encoding="utf-8") as lines:
        return {row["method"]: row["kind"] for row in csv.DictReader(lines, delimiter="\t")}


@pytest.mark.parametrize("folder", LEVELS)
def test_the_table_has_the_methods_of_each_level(folder: str) -> None:
    ours = {name for name, rpc in RPCS.items() if LEVELS[folder] in rpc.levels}
    assert ours == set(methods(folder))


def test_39_rpcs_and_the_one_that_is_new() -> None:
    assert len(RPCS) == 39
    assert {name for name, rpc in RPCS.items() if Level.L2026_04 not in rpc.levels} == {"Bolt11SendUnderpaying"}


def test_only_the_stream_has_no_deadline() -> None:
    kinds = methods("2026-08")
    assert {name for name, rpc in RPCS.items() if rpc.deadline_s is None} == {
        name for name, kind in kinds.items() if kind != "unary"
    }
    assert all(rpc.deadline_s is None or 10 <= rpc.deadline_s <= 90 for rpc in RPCS.values())


def test_names_follow_from_each_other() -> None:
    for name, rpc in RPCS.items():
        assert rpc.name == name == rpc.request.__name__
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        assert rpc.python_name == snake


def test_every_request_is_in_the_union_and_immutable() -> None:
    assert {rpc.request for rpc in RPCS.values()} == set(get_args(requests.Request))
    for rpc in RPCS.values():
        assert dataclasses.is_dataclass(rpc.request)
        assert rpc.request.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_what_is_never_repeated_by_itself() -> None:
    """Server facts 6.2: a lost answer of these may have moved money or channels."""
    assert {name for name, rpc in RPCS.items() if rpc.effect is Effect.MONEY} == {
        "OnchainSend",
        "Bolt11ReceiveForHash",
        "Bolt11ClaimForHash",
        "Bolt11FailForHash",
        "Bolt11Send",
        "Bolt11SendUnderpaying",
        "Bolt12Send",
        "SpontaneousSend",
        "UnifiedSend",
        "OpenChannel",
        "SpliceIn",
        "SpliceOut",
        "UpdateChannelConfig",
        "CloseChannel",
        "ForceCloseChannel",
    }


def test_what_waits_for_the_wallet() -> None:
    """Safety facts 3.2, rule 10: within one wallet sync the server would spend the same coins again."""
    waiting = {name for name, rpc in RPCS.items() if rpc.wallet is Wallet.SPENDS}
    assert waiting == {"OnchainSend", "OpenChannel", "SpliceIn", "UnifiedSend"}


def test_reads_are_reads() -> None:
    for name, rpc in RPCS.items():
        looks = name.startswith(("Get", "List", "Decode", "Graph", "Verify", "Sign", "Export", "Subscribe"))
        assert (rpc.effect is Effect.READ) == looks, name


def test_route_parameters_are_always_whole() -> None:
    """A partly filled message counts the missing numbers as 0 and kills the payment (6.1, run)."""
    route = requests.RouteParameters()
    assert (route.max_cltv_expiry_delta, route.max_path_count, route.max_saturation_power_of_half) == (1008, 10, 2)
    assert route.max_fee_msat is None
