"""`dataclass(frozen=True, slots=True)` at a fraction of its price: start-up is a feature.

The standard library's decorator compiles six functions for each class, one by one: 1.2 ms a class on Python 3.11, and
the program has some hundred and sixty of them between the command and the first live figures. Here three are compiled
together, when one of them is first called, and the rest are shared. Everything else is the standard library's own work,
so `fields`, `replace`, `asdict`, `match`, pickling and copying hold as usual. For type checkers it *is* that decorator.

Any other combination of arguments, and a class that inherits fields, goes to the standard library unchanged.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, **options):
        def wrap(cls):
            if frozen and slots and not options and not any(map(dataclasses.is_dataclass, cls.__mro__[1:])):
                return _frozen(cls)
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, **options)

        return wrap if cls is None else wrap(cls)


def _frozen(cls: type[Any]) -> type[Any]:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the standard library works out a signature for it
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__dataclass_params__.frozen = True
    methods = {
        **_stand_ins(made),
        "__signature__": _Signature(),
        "__repr__": _repr,
        "__setattr__": _refuse_to_assign,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    for name, method in methods.items():
        if name not in made.__dict__:  # a class that says its own keeps it
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _stand_ins(cls: type[Any]) -> dict[str, Any]:
    """`__init__`, `__eq__` and `__hash__` until one of them is called: then the class gets the compiled ones."""
    fields = dataclasses.fields(cls)
    if odd := next((each.name for each in fields if not each.init), None):
        raise TypeError(f"{cls.__name__}.{odd}: fields that are no arguments are not supported here")

    def settle() -> None:
        for name, method in _compiled(cls, fields).items():
            if cls.__dict__[name] in stand_ins:
                setattr(cls, name, method)

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:
        settle()
        cls.__init__(self, *arguments, **options)

    def __eq__(self: Any, other: Any) -> Any:
        settle()
        return cls.__dict__["__eq__"](self, other)

    def __hash__(self: Any) -> int:
        settle()
        return int(cls.__dict__["__hash__"](self))

    __init__.__annotations__ = _annotations(fields)
    stand_ins = (__init__, __eq__, __hash__)
    return {"__init__": __init__, "__eq__": __eq__, "__hash__": __hash__}


class _Signature:
    """`inspect.signature` of a class asks for this attribute before it looks at `__init__`."""

    def __get__(self, instance: Any, cls: type[Any]) -> Any:
        from inspect import Signature, signature

        found = signature(_compiled(cls, dataclasses.fields(cls))["__init__"])
        return Signature(list(found.parameters.values())[1:], return_annotation=None)


def _annotations(fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    return {each.name: each.type for each in fields} | {"return": None}


def _compiled(cls: type[Any], fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    """`__init__`, `__eq__` and `__hash__`, compiled together.

    `__init__` writes straight through the slots: half the time of `object.__setattr__`, which looks each name up.
    """
    names: dict[str, Any] = {"_absent": _ABSENT}
    parameters, keywords, body = ["self"], list[str](), list[str]()
    for number, each in enumerate(fields):
        name = each.name
        names[f"_set{number}"] = getattr(cls, name).__set__
        value = parameter = name
        if each.default is not dataclasses.MISSING:
            names[f"_default{number}"] = each.default
            parameter = f"{name}=_default{number}"
        elif each.default_factory is not dataclasses.MISSING:
            names[f"_make{number}"] = each.default_factory
            parameter = f"{name}=_absent"
            value = f"_make{number}() if {name} is _absent else {name}"
        (keywords if each.kw_only else parameters).append(parameter)
        body.append(f"_set{number}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    if keywords:
        parameters += ["*", *keywords]
    mine = _tuple("self", [each.name for each in fields if each.compare])
    other = _tuple("other", [each.name for each in fields if each.compare])
    hashed = _tuple("self", [each.name for each in fields if (each.compare if each.hash is None else each.hash)])
    source = (
        f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(body or ["pass"]) + "\n"
        f"def __eq__(self, other):\n"
        f"  return {mine} == {other} if other.__class__ is self.__class__ else NotImplemented\n"
        f"def __hash__(self):\n  return hash({hashed})\n"
    )
    exec(source, names)  # noqa: S102 -- made of the names of our own fields, as the standard library does it
    methods = {name: names[name] for name in ("__init__", "__eq__", "__hash__")}
    for name, method in methods.items():
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        method.__module__ = cls.__module__
    methods["__init__"].__annotations__ = _annotations(fields)
    return methods


def _tuple(of: str, names: list[str]) -> str:
    return f"({''.join(f'{of}.{name}, ' for name in names)})"


class _Absent:
    def __repr__(self) -> str:
        return "<made anew>"


_ABSENT: Final = _Absent()


@recursive_repr()
def _repr(self: Any) -> str:
    said = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({said})"


def _refuse_to_assign(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
