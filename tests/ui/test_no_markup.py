"""A lint over the room's source: text that is no literal reaches no widget that would parse it (safety facts 1.6)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ldk_tui.ui

FOLDER = Path(ldk_tui.ui.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))
_WIDGETS = {
    "Static",
    "Label",
    "Button",
    "Checkbox",
    "RadioButton",
    "Collapsible",
    "Tab",
    "TabPane",
    "Option",
    "OptionList",
    "Select",
    "SelectionList",
    "Markdown",
    "Tooltip",
}
_METHODS = {"notify", "add_row", "add_column", "add_option"}
_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "title", "sub_title"}
_SAFE_CALLS = {"Content", "Text", "content", "styled", "assemble", "from_rich_text"}
_BANNED = {"escape", "render", "RichLog", "set_clipboard"}


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _safe(node: ast.expr) -> bool:
    """A literal without braces to fill in, or made by something that does not parse."""
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Call) and _name(node.func) in _SAFE_CALLS


def problems(source: str, path: str) -> list[str]:
    """What is wrong in this file."""
    found = []

    def say(node: ast.AST, words: str) -> None:
        found.append(f"{path}:{getattr(node, 'lineno', 0)}: {words}")

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = _name(node.func)
            unparsed = any(
                word.arg == "markup" and isinstance(word.value, ast.Constant) and word.value.value is False
                for word in node.keywords
            )
            if called in _WIDGETS and not unparsed and not all(_safe(each) for each in node.args[:1]):
                say(node, f"{called}() with text that may be parsed")
            if called in _METHODS and isinstance(node.func, ast.Attribute) and not unparsed:
                say(node, f".{called}() without markup=False")
            if called == "notify" and not path.endswith("notice.py"):
                say(node, "notify outside the wrapper")
            if called == "from_markup" and not all(isinstance(each, ast.Constant) for each in node.args):
                say(node, "from_markup of something that is not a literal")
            if called == "update" and isinstance(node.func, ast.Attribute) and node.args and not _safe(node.args[0]):
                say(node, "update() with text that may be parsed")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                named = isinstance(target, ast.Attribute) and target.attr in _ATTRIBUTES
                if named and node.value is not None and not _safe(node.value):
                    say(node, f"{_name(target)} set to text that may be parsed")
        elif isinstance(node, ast.ImportFrom) and node.module in ("rich.markup", "textual.markup"):
            say(node, "nothing here parses or escapes markup")
        elif isinstance(node, ast.ImportFrom) and any(each.name in {"Markdown", "RichLog"} for each in node.names):
            say(node, "Markdown and RichLog take outside text for more than text")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_text_is_parsed(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    "source",
    [
        "Static(alias)",
        "Label(f'{x}')",
        "Button('a' + b)",
        "widget.notify(message)",
        "widget.notify('x', markup=False)",
        "table.add_row(alias)",
        "self.border_title = alias",
        "Content.from_markup(f'[b]{x}')",
        "self.query_one(Static).update(alias)",
        "from rich.markup import escape",
        "from textual.widgets import Markdown",
    ],
)
def test_the_lint_sees(source: str) -> None:
    assert problems(source, "x.py")


@pytest.mark.parametrize(
    "source", ["Static('ours')", "Static(Content(alias))", "Static(alias, markup=False)", "x.update(content(note))"]
)
def test_the_lint_lets_pass(source: str) -> None:
    assert problems(source, "x.py") == []


_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b|\b(?:rgb|hsl)a?\(")
_NAMED = re.compile(r"(?:red|green|blue|yellow|white|black|orange|purple|cyan|magenta|gr[ae]y)")


def _colours(source: str) -> list[str]:
    """String constants of the code (docstrings are not) that are a colour, or a style that names one."""
    tree = ast.parse(source)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]
    return [text for text in strings if _COLOUR.search(text) or {*text.split()} & {*_NAMED.findall(text)}]


def test_no_colour_outside_the_theme() -> None:
    """Neither in the code nor in the style sheets."""
    for path in SOURCES:
        if path.name != "theme.py":
            assert _colours(path.read_text(encoding="utf-8")) == [], path.name
    for path in FOLDER.rglob("*.tcss"):
        rules = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        values = " ".join(re.findall(r":([^;{}]*);", rules))
        assert not _COLOUR.search(values), path.name
        assert not {*values.split()} & {*_NAMED.findall(values)}, path.name


def test_the_colour_lint_sees() -> None:
    assert _colours("STYLE = 'bold red'") == ["bold red"]
    assert _colours("STYLE = '#12ab9f'") == ["#12ab9f"]
    assert _colours('"""red"""\nSTYLE = "$tone-ok"') == []
