"""Prose in plain English: the pages, problems, the command's help, docstrings and comments."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

import pytest
from typer.main import get_command

from app.cli.main import app
from app.core.pages.problem_texts import explain_all
from tests.test_readme import ROOT

FOLDERS = ("app", "alembic", "benchmarks", "tests")
DIALECT = re.compile(
    r"\b(be had|[Tt]old|tells of|anew|[Ww]hoever|[Ww]hatever|[Mm]end(s|ed|ing)?|(is|are) none|[Bb]ehind(?! a proxy))\b"
)
OPENINGS = re.compile(r"(What|Whether|Why|Have|Who|Where)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
FILES = sorted(str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def _dialect(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if DIALECT.search(re.sub(r"`[^`]*`", "", text))]


def _helps(command: object) -> Iterator[str]:
    yield getattr(command, "help", None) or ""
    for inner in [*getattr(command, "params", []), *getattr(command, "commands", {}).values()]:
        yield from _helps(inner)


@pytest.mark.parametrize("page", PAGES)
def test_pages(page: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert _dialect(text.splitlines()) == []


@pytest.mark.usefixtures("anonymous")
def test_problems_and_help() -> None:
    assert (
        _dialect(text for problem in explain_all() for text in (problem.title, problem.meaning, problem.remedy)) == []
    )
    assert _dialect(_helps(get_command(app))) == []


@pytest.mark.parametrize("path", FILES)
def test_docstrings_and_comments(path: str) -> None:
    source = (ROOT / path).read_text("utf-8")
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED))
    docstrings = [text for node in nodes if (text := ast.get_docstring(node))]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    assert _dialect([*docstrings, *(token.string for token in tokens if token.type == tokenize.COMMENT)]) == []
    assert [text for text in docstrings if OPENINGS.match(text)] == []
