"""A type is changed if every value converts exactly, to the value that an import would read."""

import math
import re
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.columns.column import NUMERIC, Column
from app.columns.types.registry import TYPES
from app.datasets.alter.conversions import find_conversion, is_retyped, target_types
from tests.columns.test_constraints import CELLS, without_rules
from tests.datasets.conversion import NULL, column, convert

STABLE = settings(
    deadline=None, derandomize=True, max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
pytestmark = pytest.mark.usefixtures("database_url")


class TestFindConversion:
    @pytest.mark.parametrize(
        ("before", "after", "values"),
        [
            ("integer", "decimal(5,2)", {"7": "7.00", "-999": "-999.00", "1000": None}),
            ("integer", "number", {"9007199254740991": "9.007199254740991e+15"}),
            ("integer", "bigint", {"7": "7"}),
            ("integer", "boolean", {"0": "false", "1": "true", "2": None}),
            ("integer", "text", {"-7": "-7"}),
            ("bigint", "integer", {"9007199254740991": "9007199254740991", "9007199254740992": None}),
            ("bigint", "number", {"9007199254740992": "9.007199254740992e+15", "9007199254740993": None}),
            ("number", "integer", {"3": "3", "-0": "0", "1e15": "1000000000000000", "3.5": None, "NaN": None}),
            ("number", "decimal(3,2)", {"0.1": "0.10", "1.005": None, "10": None, "Infinity": None}),
            ("number", "decimal(20,17)", {"1.0000000000000002": "1.00000000000000020"}),
            ("number", "text", {"0.1": "0.1", "1e300": "1e+300", "NaN": "NaN"}),
            ("decimal(8,2)", "integer", {"7.00": "7", "7.01": None}),
            ("decimal(8,2)", "decimal(8,1)", {"7.50": "7.5", "7.51": None}),
            ("decimal(8,2)", "decimal(4,2)", {"99.99": "99.99", "100.00": None}),
            ("decimal(8,2)", "number", {"0.10": "0.1"}),
            ("decimal(40,20)", "number", {"0.1": "0.1", "0.12345678901234567890": None}),
            ("decimal(400,0)", "number", {"1" + "0" * 308: "1e+308", "1" + "0" * 309: None}),
            ("decimal(1000,0)", "decimal(1000,1000)", {"0": "0." + "0" * 1000, "1": None}),
            ("decimal(8,2)", "text", {"7.50": "7.50"}),
            ("boolean", "text", {"true": "true"}),
            ("boolean", "integer", {"true": "1", "false": "0"}),
            ("date", "text", {"2024-02-29": "2024-02-29", "infinity": None, "0044-03-15 BC": None}),
            ("date", "datetime", {"2024-02-29": "2024-02-29T00:00:00.000000Z"}),
            ("datetime", "date", {"2024-02-29T00:00Z": "2024-02-29", "2024-02-29T00:00:00.000001Z": None}),
            ("datetime", "text", {"2024-02-29T12:00+02": "2024-02-29T10:00:00.000000Z", "infinity": None}),
            ("uuid", "text", {"01234567-89AB-cdef-0123-456789abcdef": "01234567-89ab-cdef-0123-456789abcdef"}),
            ("json", "text", {'{"a":[1, 2.50]}': '{"a": [1, 2.50]}', '"x"': '"x"'}),
            ("text", "integer", {"7": "7", "-0": "0", "007": None, "7.0": "7", "7.5": None, "٣": None, "1e2": None}),
            ("text", "integer", {"": NULL, " 7": "7", "\xa07\u202f": "7", " \xa0\t": NULL, "7 7": None, "-": None}),
            ("text", "bigint", {"9223372036854775807": "9223372036854775807", "9223372036854775808": None}),
            ("text", "number", {"1.50": "1.5", "1e2": "100", "NaN": "NaN", "1e400": None, "1e-400": None}),
            ("text", "number", {"0.1000000000000000055511151231257827": None, "4.9e-324": None, "5e-324": "5e-324"}),
            ("text", "decimal(4,2)", {"1.5": "1.50", "1.500": None, "100": None, ".5": "0.50", "-0.10": "-0.10"}),
            ("text", "boolean", {"yes": "true", "N": "false", "True": "true", "0": "false", "tRUE": None, "2": None}),
            ("text", "date", {"2024-02-29": "2024-02-29", "2023-02-29": None, "2024-2-29": None, "0000-01-01": None}),
            ("text", "datetime", {"2024-02-29": "2024-02-29T00:00:00.000000Z", "2024-02-29 24:00": None}),
            ("text", "datetime", {"2024-02-29 1:05 pm": "2024-02-29T13:05:00.000000Z", "2024-02-29 13:05 pm": None}),
            ("text", "datetime", {"2024-02-29T12:00:00.1234567Z": None, "2024-02-29T12:00:60Z": None}),
            ("text", "datetime", {"9999-12-31T23:59-01:00": None, "0001-01-01T00:00+01:00": None, "now": None}),
            ("text", "uuid", {"01234567-89AB-cdef-0123-456789abcdef": "01234567-89ab-cdef-0123-456789abcdef"}),
            ("text", "uuid", {"0123456789abcdef0123456789abcdef": None, "{}": None}),
            ("text", "json", {'{"a": 1}': '{"a": 1}', '{"a":1,"a":2}': None, '"\\u0000"': None, "[" * 9000: None}),
        ],
    )  # fmt: skip
    async def test_exactly_or_not_at_all(
        self, connections: asyncpg.Connection, before: str, after: str, values: dict[str, str | None]
    ) -> None:
        await connections.execute("SET timezone = 'UTC'")
        made = {text: await convert(connections, column(before), column(after), text) for text in values}
        assert made == values

    @pytest.mark.parametrize(
        ("date_format", "values"),
        [
            ("DD/MM/YYYY", {"31/01/2024": "2024-01-31", "1/2/2024": "2024-02-01", "01/31/2024": None, "1/2/24": None}),
            ("MM-DD-YYYY", {"01-31-2024": "2024-01-31", "31-01-2024": None, "01-31-2024 ": "2024-01-31"}),
            ("DD MON YYYY", {"3 Feb 2024": "2024-02-03", "03 FEBRUARY 2024": "2024-02-03", "3 Febr 2024": None}),
            ("MON DD, YYYY", {"Sep. 9, 2024": "2024-09-09", "Sept 9, 2024": None, "Sep 31, 2024": None}),
            ("YYYY'MM\\DD", {"2024'12\\31": "2024-12-31", "2024-12-31": None}),
        ],
    )
    async def test_dates_of_a_format(
        self, connections: asyncpg.Connection, date_format: str, values: dict[str, str | None]
    ) -> None:
        after = column("date", date_format=date_format)
        assert {text: await convert(connections, column("text"), after, text) for text in values} == values

    async def test_times_of_a_format(self, connections: asyncpg.Connection) -> None:
        await connections.execute("SET timezone = 'UTC'")
        after = column("datetime", date_format="DD/MM/YYYY")
        values = {
            "31/01/2024 5:30 PM": "2024-01-31T17:30:00.000000Z",
            "31/01/2024T05:30:01.5+02:00": "2024-01-31T03:30:01.500000Z",
            "31/01/2024": "2024-01-31T00:00:00.000000Z",
            "31/01/2024 13:30 PM": None,
            "31/01/2024 12:60": None,
        }
        assert {text: await convert(connections, column("text"), after, text) for text in values} == values

    @STABLE
    @given(st.data())
    async def test_a_text_becomes_what_it_is_read_as(
        self, connections: asyncpg.Connection, data: st.DataObject
    ) -> None:
        kind = data.draw(st.sampled_from([name for name in TYPES if name not in ("text", "boolean", "image")]))
        members = {"precision": 12, "scale": 2} if kind == "decimal" else {}
        after = column(kind, **members)
        text = data.draw(CELLS[kind])
        made = await convert(connections, column("text"), after, text)
        assert made in (None, NULL) or made == await _read(connections, after, text)
        # A number may have more digits than a double holds; PostgreSQL knows no zone 16 hours away.
        if kind not in ("number", "json") and made is None and not re.search(r"[+-](1[6-9]|2[0-9]):", text):
            assert not _is_read(after, text)

    @STABLE
    @given(st.sampled_from(NUMERIC), st.sampled_from(NUMERIC), st.data())
    async def test_a_number_stays_equal_or_does_not_convert(
        self, connections: asyncpg.Connection, one: str, other: str, data: st.DataObject
    ) -> None:
        digits = {"precision": 30, "scale": 6}, {"precision": 12, "scale": 2}
        before, after = (
            column(kind, **(members if kind == "decimal" else {}))
            for kind, members in zip((one, other), digits, strict=True)
        )
        text = data.draw(CELLS[one].filter(lambda text: _is_read(before, text) and text.upper() != "1E-400"))
        value = before.parse(text)
        made = await convert(connections, before, after, text)
        held = _is_held(after, value)
        assert (made is not None) is held, (text, made)
        if made is not None and value == value:  # noqa: PLR0124  # NaN is not what it is
            assert Decimal(made) == (_shortest(value) if isinstance(value, float) else Decimal(value))


async def _read(connection: asyncpg.Connection, after: Column, text: str) -> str:
    """A text as JSON shows the value that it is read as."""
    await connection.execute("SET timezone = 'UTC'")
    # 7.0 is an integer too.
    cast = f"{'::numeric' if after.type in ('integer', 'bigint') else ''}::{after.sql_type}"
    shown: str = await connection.fetchval(
        f"SELECT ({after.kind.json_sql.format('x')})::text FROM (SELECT $1::text{cast} AS x) AS record", text
    )
    return shown


def _is_read(column: Column, text: str) -> bool:
    try:
        column.parse(text)
    except ValueError:
        return False
    return True


def _shortest(value: float) -> Decimal:
    """The shortest decimal that reads as a double and, as PostgreSQL has it, lies nearer to it than to any other."""
    shortest, ulp = Decimal(repr(value)), Decimal(math.ulp(value))
    if not math.isfinite(value):
        return shortest
    return Decimal(f"{value:.16e}") if abs(shortest - Decimal(value)) * 2 == ulp else shortest


def _is_held(after: Column, value: Any) -> bool:
    """Return whether a column holds a number as it is, by Python's arithmetic."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124
        return after.type == "number"
    exact = _shortest(value) if isinstance(value, float) else Decimal(value)
    if after.type == "number":
        return _shortest(float(exact)) == exact
    if after.type == "decimal":
        return exact == round(exact, 2) and abs(exact) < 10**10
    return exact == int(exact) and _is_read(without_rules(after), str(int(exact)))


class TestTargetTypes:
    def test_they_are_what_can_be_converted(self) -> None:
        members = {"precision": 12, "scale": 2}
        for name in TYPES:
            before = column(name, **(members if name == "decimal" else {}))
            afters = {kind: column(kind, **(members | {"scale": 1} if kind == "decimal" else {})) for kind in TYPES}
            possible = [kind for kind, after in afters.items() if find_conversion(before, after, "x") is not None]
            expected = [kind for kind in possible if is_retyped(before, afters[kind])]
            assert sorted(target_types(before)) == sorted(expected), name
