"""Texts become values as an import reads them with the same conventions; what is written otherwise does not."""

from typing import Any

import asyncpg
import pytest

from app.columns.column import NUMERIC, Column
from tests.datasets.conversion import NULL, column, read_all
from tests.imports.engine import read_file

pytestmark = pytest.mark.usefixtures("database_url")

GERMAN = {"decimal_separator": ",", "thousands_separator": "."}
ENGLISH = {"thousands_separator": ","}
EUROS = {**GERMAN, "units": ["€", "EUR"]}


class TestOtherTypes:
    async def test_booleans_are_the_words_that_are_given(self, connections: asyncpg.Connection) -> None:
        texts = {"sí": "true", " no\xa0": "false", "": NULL, "Sí": None, "true": "true", "yes": None, "1": None}
        assert await read_all(connections, column("boolean", booleans=["sí", "no"]), texts) == texts
        texts = {"false": "true", "true": "false", "TRUE": "true", "False": "false"}
        assert await read_all(connections, column("boolean", booleans=["false", "true"]), texts) == texts
        texts = {"it's": "true", "isn't": "false"}
        assert await read_all(connections, column("boolean", booleans=["it's", "isn't"]), texts) == texts

    @pytest.mark.parametrize("kind", [*NUMERIC, "boolean", "date", "datetime", "uuid", "json"])
    async def test_words_for_null(self, connections: asyncpg.Connection, kind: str) -> None:
        members = {"precision": 5, "scale": 0} if kind == "decimal" else {}
        texts = {
            "n/a": NULL,
            " n/a ": NULL,
            "-": NULL,
            "o'clock": NULL,
            "": NULL,
            "\u3000 ": NULL,
            "N/A": None,
            "'": None,
        }
        after = column(kind, **members, nulls=["n/a", " -", "o'clock"])
        assert await read_all(connections, after, texts) == texts

    async def test_a_document_keeps_its_spaces(self, connections: asyncpg.Connection) -> None:
        assert await read_all(connections, column("json"), texts := {' " x" ': '" x"', " ": NULL}) == texts


# What an import reads by its options, by the type and the options.
IMPORTED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("decimal(12,2)", {}, ["1.5", ".5", "-.5", "1.50", "1.505", "007", "1e3", "-0", "5.", "1,5", "-", " 7 ", "x"]),
    ("integer", {}, ["7", "-7", "007", "1e2", "9007199254740992", "", "- 7", "7x"]),
    ("bigint", {}, ["9223372036854775807", "9223372036854775808", "-9223372036854775808"]),
    ("number", {}, ["1.5", "1e3", ".5", "NaN", "-Infinity", "1e400", "inf", "0x1f"]),
    ("decimal(12,2)", GERMAN, ["1.234,50", "1.234", "1,5", "12.5", "1.23", "1234,5", "0,5", ",5", "-1.234,5"]),
    ("decimal(12,2)", ENGLISH, ["1,234.50", "1,234,567", "1234567", "1,23", "01,234", "1,2345", "-1,234"]),
    ("integer", GERMAN, ["1.234", "1.234,5", "1234", "1.23"]),
    ("integer", {"thousands_separator": " "}, ["1 234", "12 345 678", "1 23", "1234"]),
    ("integer", {"thousands_separator": "'"}, ["12'345", "12345", "1'23"]),
    ("decimal(12,2)", EUROS, ["1.234,50 €", "€1.234,50", "-5 €", "-€5", "EUR 5", "5EUR", "5", "€", "5 $", "x€"]),
    ("boolean", {}, ["true", "T", "yes", "No", "1", "0", "tRUE", "sí", " true "]),
    ("boolean", {"booleans": ["sí", "no"]}, ["sí", "no", "Sí", "yes", " no"]),
    ("date", {}, ["2024-02-29", "2023-02-29", "2024-2-9", " 2024-02-29 ", "0000-01-01", "31/12/2024"]),
    ("date", {"date_format": "DD/MM/YYYY"}, ["31/12/2024", "1/2/2024", "12/31/2024", "1/2/24", "2024-02-01"]),
    ("date", {"date_format": "DD MON YYYY"}, ["3 Feb 2024", "03 FEBRUARY 2024", "3 Febr 2024", "Feb 3 2024"]),
    ("datetime", {}, ["2024-02-29", "2024-02-29 13:05", "2024-02-29T13:05:01.5Z", "2024-02-29 1:05 p.m."]),
    ("datetime", {}, ["2024-02-29 00:30 am", "2024-02-29 13:05 pm", "2024-02-29T12:00:60", "2024-02-29 24:00"]),
    ("datetime", {"date_format": "DD/MM/YYYY"}, ["31/01/2024 5:30 PM", "31/01/2024T05:30:01.5+02:00", "31/01/2024"]),
    ("uuid", {}, ["01234567-89AB-cdef-0123-456789abcdef", " 01234567-89ab-cdef-0123-456789abcdef", "01234567"]),
    ("json", {}, ['{"a": 1}', '{"a":1,"a":2}', "[", "null"]),
]  # fmt: skip


class TestImports:
    @pytest.mark.parametrize(("kind", "conventions", "texts"), IMPORTED)
    async def test_a_text_becomes_what_a_cell_is_read_as(
        self, connections: asyncpg.Connection, kind: str, conventions: dict[str, Any], texts: list[str]
    ) -> None:
        after = column(kind, **conventions)
        made = await read_all(connections, after, texts)
        assert {text: value is not None for text, value in made.items()} == _imported(after, conventions, texts)


def _imported(after: Column, conventions: dict[str, Any], texts: list[str]) -> dict[str, bool]:
    """Return whether an import with options for the same conventions takes each text."""
    options = {"decimal_separator": "."} | {n: value for n, value in conventions.items() if n != "date_format"}
    rows = "".join(f'"{number}";"{text.replace(chr(34), chr(34) * 2)}"\n' for number, text in enumerate(texts))
    plain = Column(name="n", type="integer")
    columns = [plain, after.model_copy(update=dict.fromkeys(options))]
    made = read_file(f"n;a\n{rows}", columns, delimiter=";", header=True, **options)
    assert len(made.rows) + len(made.rejections) == len(texts)
    taken = {row["n"] for row in made.rows}
    return {text: number in taken for number, text in enumerate(texts)}
