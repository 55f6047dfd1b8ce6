"""Python and PostgreSQL show a value alike."""

import json
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.columns.column import Column
from app.columns.types.json import write_document
from app.core.strict_json import write_json

STABLE = settings(deadline=None, derandomize=True, max_examples=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
)
DECIMAL = {"precision": 40, "scale": 6}
DECIMALS = st.decimals(-(10**34) + 1, 10**34 - 1, places=6)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "integer": st.integers(-(2**53) + 1, 2**53 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "decimal": DECIMALS,
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "uuid": st.uuids(),
    "image": TEXTS,
}


async def _shown(connection: asyncpg.Connection, column: Column, texts: list[str]) -> list[str]:
    """The values as PostgreSQL shows them in a record."""
    value = column.kind.json_sql.format(f"CAST(given AS {column.sql_type})")
    statement = (
        f"SELECT row_to_json(_record)::text FROM unnest($1::text[]) AS given, LATERAL (SELECT {value} AS v) AS _record"
    )
    return [row[0].removeprefix('{"v":').removesuffix("}") for row in await connection.fetch(statement, texts)]


class TestShowValue:
    @pytest.mark.parametrize("kind", VALUES)
    async def test_it_is_what_postgresql_shows(self, connections: asyncpg.Connection, kind: str) -> None:
        column = Column.model_validate({"name": "v", "type": kind, **(DECIMAL if kind == "decimal" else {})})
        found: list[Any] = []

        @STABLE
        @given(st.lists(VALUES[kind], min_size=50, max_size=200))
        def collect(values: list[Any]) -> None:
            found.extend(values)

        collect()
        texts = [str(value).lower() if kind == "boolean" else str(value) for value in found]
        assert [column.show(value) for value in found] == await _shown(connections, column, texts)

    async def test_numbers_are_too(self, connections: asyncpg.Connection) -> None:
        column = Column(name="v", type="number")
        found: list[float] = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 5e-324, 1.7976931348623157e308]
        found += [float(10**power) for power in range(-30, 30)] + [
            sign * 2.0**power for power in range(-1074, 1024) for sign in (1, -1)
        ]
        # Large numbers, some of whose shortest texts lie halfway to the next one.
        found += [float(2**60 + 256 * step) for step in range(20_000)]

        @STABLE
        @given(st.lists(st.integers(0, 2**64 - 1), min_size=500, max_size=1000))
        def collect(bits: list[int]) -> None:
            found.extend(struct.unpack("d", value.to_bytes(8, "big"))[0] for value in bits)

        collect()
        texts = [repr(value).replace("inf", "Infinity").replace("nan", "NaN") for value in found]
        shown = await _shown(connections, column, texts)
        assert [(text, column.show(value)) for text, value in zip(texts, found, strict=True)] == list(
            zip(texts, shown, strict=True)
        )

    def test_null_is_null_and_a_time_is_shown_in_utc(self) -> None:
        assert Column(name="v", type="date").show(None) == "null"
        time = datetime(1, 2, 3, 4, 5, 6, 7, timezone(timedelta(hours=1)))
        assert Column(name="v", type="datetime").show(time) == '"0001-02-03T03:05:06.000007Z"'


class TestDocuments:
    async def test_they_are_kept_as_postgresql_keeps_them(self, connections: asyncpg.Connection) -> None:
        texts: list[str] = [
            "1e2",
            "1.50e1",
            "-0",
            "-0.0",
            "1E-3",
            "1e400",
            '{"bb": 1, "a": 2, "é": 3, "": 4}',
            '"\\u0001/\\u007f"',
        ]

        @STABLE
        @given(st.lists(DOCUMENTS, min_size=20, max_size=40))
        def collect(values: list[Any]) -> None:
            texts.extend(map(write_json, values))

        collect()
        kept = [
            row[0]
            for row in await connections.fetch("SELECT given::jsonb::text FROM unnest($1::text[]) AS given", texts)
        ]
        assert [write_document(text) for text in texts] == kept
        assert [write_document(text) for text in kept] == kept
        assert json.loads(write_document('{"a": [true, false, null]}')) == {"a": [True, False, None]}
