"""What real servers said: the recorded calls, and the invoices in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).parents[2] / "data" / "recordings"
_INVOICE = re.compile(rb"ln(?:bcrt|bc|tbs|tb)[0-9][0-9a-z]{100,}")


@dataclass(frozen=True)
class Call:
    """One recorded call or event: `level` as in the file's name, `request` and `response` protobuf bytes."""

    level: str
    at: float
    node: str
    method: str
    status: str
    message: str
    request: bytes
    response: bytes


@pytest.fixture(scope="session")
def recorded() -> list[Call]:
    """All recorded unary calls, in order."""
    calls = []
    for path in sorted(RECORDINGS.glob("calls-*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if "method" in row:
                calls.append(
                    Call(
                        level=path.stem.removeprefix("calls-"),
                        at=row["at"],
                        node=row["node"],
                        method=row["method"],
                        status=row["status"],
                        message=row["message"],
                        request=bytes.fromhex(row["request"]),
                        response=bytes.fromhex(row["response"]),
                    )
                )
    return calls


@pytest.fixture(scope="session")
def recorded_invoices(recorded: list[Call]) -> dict[str, Call]:
    """Every invoice of the recordings with the call that made it."""
    made: dict[str, Call] = {}
    for call in recorded:
        for text in _INVOICE.findall(call.response if "Receive" in call.method else b""):
            made.setdefault(text.decode(), call)
    mentioned = {text.decode() for call in recorded for text in _INVOICE.findall(call.request + call.response)}
    assert mentioned == set(made), "an invoice of unknown origin"
    return made


@pytest.fixture(scope="session")
def node_ids(recorded: list[Call], recorded_invoices: dict[str, Call]) -> dict[tuple[str, str], str]:
    """(level, node name) to node id: from GetNodeInfo, or from the destination that another node read in an invoice."""
    known: dict[tuple[str, str], str] = {}
    for call in recorded:
        field_one = call.response[2:68].decode("ascii", "replace")
        if call.status != "OK" or call.response[:2] != b"\x0a\x42":
            continue
        if call.method == "GetNodeInfo":
            known[call.level, call.node] = field_one
        elif call.method == "DecodeInvoice":
            text = _INVOICE.findall(call.request)[0].decode()
            known.setdefault((call.level, recorded_invoices[text].node), field_one)
    return known
