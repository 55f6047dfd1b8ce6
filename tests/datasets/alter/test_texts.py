"""Texts become values as an import reads them with the same conventions; what is written otherwise does not."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.columns.column import NUMERIC, Column
from tests.datasets.conversion import NULL, column, convert
from tests.imports.engine import read_file

STABLE = settings(
    deadline=None, derandomize=True, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
pytestmark = pytest.mark.usefixtures("database_url")

TEXT = column("text")
MONEY = "decimal(12,2)"
GERMAN = {"decimal_separator": ",", "thousands_separator": "."}
ENGLISH = {"thousands_separator": ","}
EUROS = {**GERMAN, "units": ["€", "EUR"]}
DOLLARS = {**ENGLISH, "units": ["$", "US$"]}

Expected = Mapping[str, str | None]


async def read_all(connection: asyncpg.Connection, after: Column, texts: Iterable[str]) -> Expected:
    """What each text becomes; None where it does not convert."""
    await connection.execute("SET timezone = 'UTC'")
    return {text: await convert(connection, TEXT, after, text) for text in texts}


class TestNumbers:
    @pytest.mark.parametrize(
        ("conventions", "values"),
        [
            (GERMAN, {"1.234,50": "1234.50", "1.234.567": "1234567.00", "12,5": "12.50", "1.234": "1234.00"}),
            (GERMAN, {"12.5": None, "1.23,50": None, "1,234.50": None, "12.34.567": None, ".234": None}),
            (GERMAN, {"1234,5": "1234.50", "1.2345": None, "01.234": None, "0.234": None, "1..234": None}),
            ({"decimal_separator": ","}, {"1234,5": "1234.50", ",5": "0.50", "-,5": "-0.50", "1.5": None, "5,": None}),
            (ENGLISH, {"1,228.55": "1228.55", "1228.55": "1228.55", "1,22": None, "12,34,567.50": "1234567.50"}),
            (ENGLISH, {"1,2345": None, "1,23,4567": None, "123,45,678": None, "1,228,5": None, ",228": None}),
            (ENGLISH, {"-1,228.5": "-1228.50", "\u22121,228.5": "-1228.50", "--1": None, "+1": None, "1-": None}),
            ({"thousands_separator": " ", "decimal_separator": ","}, {"1 234,50": "1234.50", "1\xa0234,5": "1234.50"}),
            ({"thousands_separator": " "}, {"12\u202f345\u202f678": "12345678.00", "1\u2009234": "1234.00"}),
            ({"thousands_separator": "'"}, {"12'345.00": "12345.00", "12\u2019345.00": "12345.00", "12`345": None}),
            ({"thousands_separator": "_"}, {"1_000": "1000.00", "1_00": None}),
            ({"thousands_separator": " "}, {"1  234": None, "1 23 456": None, "1\t234": None}),
            (EUROS, {"1.234,50 €": "1234.50", "€1.234,50": "1234.50", "1,00\xa0€": "1.00", "EUR 5": "5.00"}),
            (EUROS, {"5EUR": "5.00", "5": "5.00", "€": None, "-": None, "5 $": None, "5 €€": None, "€5€": None}),
            (EUROS, {"-5 €": "-5.00", "-€5": "-5.00", "€-5": "-5.00", "- € 5": "-5.00", "-€-5": None, "5-€": None}),
            (DOLLARS, {"$1,228.55": "1228.55", "US$1": "1.00", "$ .5": "0.50", "($5)": None, "5.00-": None, "$": None}),
            ({"units": ["%"], "decimal_separator": ","}, {"12,5%": "12.50", "12,5 %": "12.50", "%": None}),
            ({"units": ["'", "[", "a|b"]}, {"5'": "5.00", "[5": "5.00", "5 a|b": "5.00", "5 a": None}),
        ],
    )  # fmt: skip
    async def test_of_a_convention(
        self, connections: asyncpg.Connection, conventions: dict[str, Any], values: Expected
    ) -> None:
        assert await read_all(connections, column(MONEY, **conventions), values) == values

    @pytest.mark.parametrize(
        ("conventions", "values"),
        [
            (
                {},
                {
                    "(987.65)": "-987.65",
                    "5.00-": "-5.00",
                    "5.00\xa0-": "-5.00",
                    "5.00": "5.00",
                    "-5": "-5.00",
                    "()": None,
                    "( )": None,
                    "(5 )": "-5.00",
                },
            ),
            ({}, {"(-5)": None, "-5-": None, "((5))": None, "(5": None, "5)": None, "(5)-": None, "-(5)": None}),
            (DOLLARS, {"($1,228.55)": "-1228.55", "$(5)": "-5.00", "$5-": "-5.00", "($5": None, "(5.00 $)": "-5.00"}),
            (EUROS, {"(1.234,50 €)": "-1234.50", "(1.234,50) €": "-1234.50", "5,00- €": "-5.00", "5,00 €-": "-5.00"}),
        ],
    )
    async def test_as_accountants_write_them(
        self, connections: asyncpg.Connection, conventions: dict[str, Any], values: Expected
    ) -> None:
        assert await read_all(connections, column(MONEY, **conventions, accounting=True), values) == values
        made = await read_all(connections, column(MONEY, **conventions), values)
        assert {text for text, value in made.items() if value is not None} <= {"5.00", "-5"}

    async def test_of_each_type(self, connections: asyncpg.Connection) -> None:
        texts = {
            "1.234": "1234",
            "1.234,00": "1234",
            "1.234,5": None,
            ",0": None,
            "9.007.199.254.740.992": None,
            "1e3": None,
        }
        assert await read_all(connections, column("integer", **GERMAN), texts) == texts
        texts = {"9.223.372.036.854.775.807": "9223372036854775807", "9.223.372.036.854.775.808": None}
        assert await read_all(connections, column("bigint", **GERMAN), texts) == texts
        texts = {"1.234,5": "1234.5", "1,5e3": "1500", "1.5": None, "NaN": "NaN", "0,1": "0.1"}
        assert await read_all(connections, column("number", **GERMAN), texts) == texts
        texts = {"1,005": None, "1.234.567.890,00": "1234567890.00", "12.345.678.901": None}
        assert await read_all(connections, column(MONEY, **GERMAN), texts) == texts

    @STABLE
    @given(
        st.decimals(-(10**11), 10**11, places=2, allow_nan=False),
        st.sampled_from([".", ","]),
        st.sampled_from([None, ",", ".", " ", "'", "_"]),
        st.sampled_from([None, "€", "kg", "%"]),
        st.booleans(),
    )
    async def test_what_is_written_so_is_read_exactly(
        self,
        connections: asyncpg.Connection,
        value: Decimal,
        point: str,
        separator: str | None,
        unit: str | None,
        accounting: bool,
    ) -> None:
        if separator == point:
            return
        after = column(
            "decimal(14,2)",
            decimal_separator=point,
            thousands_separator=separator,
            units=None if unit is None else [unit],
            accounting=accounting or None,
        )
        text = f"{abs(value):,.2f}".translate({ord(","): separator or "", ord("."): point})
        text += f" {unit}" if unit is not None else ""
        sign = f"({text})" if accounting else f"-{text}"
        shown = sign if value < 0 else text
        assert await convert(connections, TEXT, after, shown) == f"{value + 0:.2f}"


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

    @pytest.mark.parametrize(
        ("date_format", "values"),
        [
            (
                "DD/MM/YY",
                {"31/12/69": "1969-12-31", "31/12/68": "2068-12-31", "1/2/00": "2000-02-01", "1/2/2000": None},
            ),
            ("DD/MM/YY", {"29/02/99": None, "29/02/96": "1996-02-29", " 1/1/07 ": "2007-01-01", "1/1/7": None}),
            ("YY-MM-DD", {"99-12-31": "1999-12-31", "1999-12-31": None}),
            ("DD-MON-YY", {"31-DEC-69": "1969-12-31", "1-Jan-68": "2068-01-01", "31-JUN-01": None}),
            ("YYYYMMDD", {"20240513": "2024-05-13", "2024513": None, "20240230": None, "2024-05-13": None}),
            ("DDMMYY", {"130524": "2024-05-13", "13524": None}),
            ("YYMMDD", {"690513": "1969-05-13", "20240513": None}),
        ],
    )
    async def test_dates_of_short_formats(
        self, connections: asyncpg.Connection, date_format: str, values: Expected
    ) -> None:
        assert await read_all(connections, column("date", date_format=date_format), values) == values

    async def test_times_as_other_programs_write_them(self, connections: asyncpg.Connection) -> None:
        texts = {
            "2024-05-13T10:00:00.1234560": "2024-05-13T10:00:00.123456Z",
            "2024-05-13 10:00:00.1234567": None,
            "2024-05-13 10:00:00 UTC": "2024-05-13T10:00:00.000000Z",
            "2024-05-13 10:00:00,5 +02": "2024-05-13T08:00:00.500000Z",
            "2024-05-13 1:00 p.m.": "2024-05-13T13:00:00.000000Z",
            "2024-05-13 12:30 AM": "2024-05-13T00:30:00.000000Z",
            "2024-05-13 12:30PM-0530": "2024-05-13T18:00:00.000000Z",
            "2024-05-13 0:30 AM": None,
            "2024-05-13 24:00:00": None,
        }
        assert await read_all(connections, column("datetime"), texts) == texts
        texts = {"31/12/69 5:30 pm": "1969-12-31T17:30:00.000000Z", "31/12/1969": None}
        assert await read_all(connections, column("datetime", date_format="DD/MM/YY"), texts) == texts

    async def test_an_image_and_a_document_keep_their_spaces(self, connections: asyncpg.Connection) -> None:
        assert await read_all(connections, column("image"), texts := {" x": " x", "": ""}) == texts
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
    """Whether an import with options for the same conventions takes each text."""
    options = {"decimal_separator": "."} | {n: value for n, value in conventions.items() if n != "date_format"}
    rows = "".join(f'"{number}";"{text.replace(chr(34), chr(34) * 2)}"\n' for number, text in enumerate(texts))
    plain = Column(name="n", type="integer")
    columns = [plain, after.model_copy(update=dict.fromkeys(options))]
    made = read_file(f"n;a\n{rows}", columns, delimiter=";", header=True, **options)
    assert len(made.rows) + len(made.rejections) == len(texts)
    taken = {row["n"] for row in made.rows}
    return {text: number in taken for number, text in enumerate(texts)}
