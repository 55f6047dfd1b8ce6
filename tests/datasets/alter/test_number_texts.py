from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.datasets.conversion import TEXT, Expected, column, convert, read_all

STABLE = settings(
    deadline=None, derandomize=True, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


pytestmark = pytest.mark.usefixtures("database_url")


MONEY = "decimal(12,2)"


GERMAN = {"decimal_separator": ",", "thousands_separator": "."}


ENGLISH = {"thousands_separator": ","}


EUROS = {**GERMAN, "units": ["€", "EUR"]}


DOLLARS = {**ENGLISH, "units": ["$", "US$"]}


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
