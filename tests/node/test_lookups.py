"""When something is asked again."""

from __future__ import annotations

from ldk_tui.core.errors import Refused
from ldk_tui.core.ids import NodeId
from ldk_tui.core.model import GraphAnnouncement, GraphNode
from ldk_tui.core.text import SafeText, clean
from ldk_tui.node.aliases import Aliases
from ldk_tui.node.lookups import Lookups
from ldk_tui.node.timing import Clock, Timing


def test_new_keys_are_due_at_once_and_pauses_double() -> None:
    lookups: Lookups[str] = Lookups(60, 3_600)
    assert lookups.due("ab", 0, limit=9) == ["a", "b"]
    lookups.answered("a", 0, news=False)
    assert lookups.due("ab", 1, limit=9) == ["b"]
    assert lookups.due("ab", 60, limit=9) == ["b", "a"]
    waits = []
    now_s = 60.0
    for _ in range(9):
        lookups.answered("a", now_s, news=False)
        wait = next(s for s in range(60, 10_000, 60) if "a" in lookups.due("a", now_s + s, limit=9))
        waits.append(wait)
        now_s += wait
    assert waits == [120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    lookups.answered("a", now_s, news=True)
    assert lookups.due("a", now_s + 60, limit=9) == ["a"]


def test_a_round_is_bounded_and_takes_turns() -> None:
    lookups: Lookups[int] = Lookups(60, 3_600)
    seen: list[int] = []
    for round_ in range(5):
        due = lookups.due(range(10), round_, limit=2, everything=True)
        assert len(due) == 2
        for key in due:
            lookups.answered(key, round_, news=False)
        seen += due
    assert sorted(seen) == list(range(10))


def test_keys_that_are_no_longer_wanted_are_forgotten() -> None:
    lookups: Lookups[str] = Lookups(60, 3_600)
    lookups.due("a", 0, limit=9)
    lookups.answered("a", 0, news=False)
    assert lookups.due("", 1, limit=9) == []
    assert lookups.due("a", 2, limit=9) == ["a"]


def test_hurry() -> None:
    lookups: Lookups[str] = Lookups(60, 3_600)
    lookups.due("a", 0, limit=9)
    lookups.answered("a", 0, news=False)
    lookups.hurry("a")
    assert lookups.due("a", 1, limit=9) == ["a"]


async def test_a_node_that_the_graph_does_not_know_is_not_asked_for_at_every_round() -> None:
    taken: dict[NodeId, SafeText | None] = {}
    asked: list[NodeId] = []
    now_s = 0.0

    async def ask(node_id: NodeId) -> GraphNode:
        asked.append(node_id)
        if node_id == "stranger":
            raise Refused("no", code=3)
        return GraphNode((), GraphAnnouncement(0, clean("bob"), clean("#000000"), ()))

    aliases = Aliases(Timing(), Clock(lambda: 0.0, lambda: now_s), taken.__setitem__)
    wanted = [NodeId("bob"), NodeId("stranger")]
    assert await aliases.round(wanted, ask) == 2
    assert await aliases.round(wanted, ask) == 0
    assert taken == {"bob": "bob", "stranger": None}
    now_s = 3_600.0
    assert await aliases.round(wanted, ask) == 2
