"""The quick decorator against the standard library's: whatever holds for one holds for the other."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_type_hints

import pytest

from ldk_tui.core import model
from ldk_tui.core.record import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Quick:
    number: int
    words: tuple[str, ...] = ()
    made: list[int] = dataclasses.field(default_factory=list, compare=False)
    hidden: str = dataclasses.field(default="x", repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Stock:
    number: int
    words: tuple[str, ...] = ()
    made: list[int] = dataclasses.field(default_factory=list, compare=False)
    hidden: str = dataclasses.field(default="x", repr=False)


@dataclass(frozen=True, slots=True)
class Below(Quick):
    """Inherits fields: the standard library's work."""

    more: int = 7


@dataclass(frozen=True, slots=True)
class Boxed(Generic[T]):
    inside: T


@dataclass(frozen=True, slots=True)
class Picky:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError(self.number)

    def __repr__(self) -> str:
        return "mine"


@dataclass(frozen=True, slots=True)
class Empty:
    pass


BOTH = pytest.mark.parametrize("kind", [Quick, Stock])


@BOTH
def test_what_can_be_made_and_what_cannot(kind: Any) -> None:
    assert dataclasses.astuple(kind(1)) == (1, (), [], "x")
    assert dataclasses.astuple(kind(1, hidden="y", words=("a",))) == (1, ("a",), [], "y")
    assert kind(1).made is not kind(1).made
    for wrong in (kind, lambda: kind(1, (), [], "x", 5), lambda: kind(1, nothing=2)):
        with pytest.raises(TypeError):
            wrong()
    assert kind.__dataclass_params__.frozen


@BOTH
def test_equality_and_hash(kind: Any) -> None:
    assert kind(1, ("a",), [1]) == kind(1, ("a",), [2])  # a field that is not compared
    assert hash(kind(1, ("a",), [1])) == hash(kind(1, ("a",), [2]))
    assert kind(1) != kind(2)
    assert kind(1, hidden="a") != kind(1, hidden="b")
    assert kind(1).__eq__(1) is NotImplemented
    assert Quick(1) != Stock(1)  # type: ignore[comparison-overlap]
    assert Quick(1) != Below(1)


@BOTH
@pytest.mark.parametrize(
    "change", [lambda value: setattr(value, "number", 2), lambda value: delattr(value, "number")], ids=["set", "delete"]
)
def test_nothing_can_be_changed(kind: Any, change: Callable[[Any], object]) -> None:
    value = kind(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        change(value)
    with pytest.raises((AttributeError, TypeError)):
        value.other = 1
    assert not hasattr(value, "__dict__")


@BOTH
def test_the_librarys_functions_work(kind: Any) -> None:
    value = kind(1, ("a",), [3])
    assert repr(value) == f"{kind.__name__}(number=1, words=('a',), made=[3])"
    assert dataclasses.replace(value, number=2) == kind(2, ("a",))
    assert dataclasses.asdict(value) == {"number": 1, "words": ("a",), "made": [3], "hidden": "x"}
    assert [each.name for each in dataclasses.fields(kind)] == ["number", "words", "made", "hidden"]
    assert (copy.deepcopy(value), copy.copy(value), pickle.loads(pickle.dumps(value))) == (value, value, value)
    assert list(inspect.signature(kind).parameters) == ["number", "words", "made", "hidden"]
    assert get_type_hints(kind.__init__)["number"] is int
    match value:
        case Quick(number, words) | Stock(number, words):
            assert (number, words) == (1, ("a",))
        case _:
            pytest.fail("no match")


def test_inherited_generic_empty_and_own_methods() -> None:
    assert repr(Below(1, more=2)) == "Below(number=1, words=(), made=[], more=2)"
    assert Below(1, ("a",)) == Below(1, ("a",), [1], "x", 7)
    assert Boxed[int](5).inside == 5
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Picky(1)) == "mine"
    with pytest.raises(ValueError, match="-1"):
        Picky(-1)


def test_other_arguments_go_to_the_standard_library() -> None:
    @dataclass(slots=True)
    class Loose:
        number: int

    loose = Loose(1)
    loose.number = 2
    assert loose == Loose(2)


def test_a_field_that_is_no_argument_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="number"):

        @dataclass(frozen=True, slots=True)
        class _Odd:
            number: int = dataclasses.field(default=1, init=False)


def test_the_models_values_are_made_by_it_when_first_wanted() -> None:
    assert model.Payment.__setattr__ is Quick.__setattr__

    @dataclass(frozen=True, slots=True)
    class Late:
        number: int

    stand_in = Late.__init__
    assert list(inspect.signature(Late).parameters) == ["number"]
    assert Late.__init__ is stand_in
    with pytest.raises(TypeError):
        Late()  # type: ignore[call-arg]
    assert Late.__init__ is not stand_in
    assert Late(1) == Late(1)
    assert "*" not in str(inspect.signature(Late.__init__))


@pytest.mark.parametrize("first", ["__eq__", "__hash__"])
def test_each_of_the_three_may_be_the_first(first: str) -> None:
    @dataclass(frozen=True, slots=True)
    class Late:
        number: int

    value = Late.__new__(Late)
    object.__setattr__(value, "number", 3)
    assert getattr(value, first)(*([value] if first == "__eq__" else [])) in (True, hash((3,)))
    assert value == Late(3)
    assert hash(value) == hash(Late(3))


def test_a_subclass_of_the_standard_librarys_kind_calls_the_first_one() -> None:
    @dataclass(frozen=True, slots=True)
    class Base:
        number: int

    class Plain(Base):
        """Inherits without a decorator."""

    assert Plain(4).number == 4
    assert Plain(4) == Plain(4)
    assert Plain(4) != Base(4)
