"""Random queries of random records give what plain Python says, through all pages."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from app.access.principal import EVERYTHING
from app.columns.types.registry import TYPES
from app.core.database.pool import get_writer
from app.core.database.sessions import transaction
from app.datasets.repository import get_dataset
from app.datasets.schema import DatasetSchema, schema_of
from app.records.errors import QueryContradictory
from app.records.query.limits import Limits
from app.records.query.record_query import RecordQuery, next_cursor, query_from_body
from app.records.relational import reads
from app.records.request import RecordsRequest
from tests.records.conftest import Fill
from tests.records.model import READERS, holds, in_order

LIMITS = Limits(page_size=100, export_records=100, terms=100, depth=8, list_values=100, text_length=100)
COLUMNS: dict[str, Any] = {
    "code": {"type": "text", "required": True},
    "part": {"type": "integer", "required": True},
    "rank": {"type": "integer", "required": True},
    "word": "text",
    "amount": {"type": "decimal", "precision": 6, "scale": 2},
    "size": "number",
    "many": "bigint",
    "flag": "boolean",
    "day": "date",
    "moment": "datetime",
}
TYPE_OF = {name: said if isinstance(said, str) else said["type"] for name, said in COLUMNS.items()}
KEY = ("code", "part")
# Few values, so that there are ties; as JSON has them.
VALUES: dict[str, list[Any]] = {
    "code": ["", "a", "A", "é", "z"],
    "part": [-1, 0, 7],
    "rank": [1, 2, 3],
    "word": ["", "a", "A", "ab", "a%", "a_b", "É", "é", "\\", "日", "\N{GRINNING FACE}"],
    "amount": ["-1.50", "0.00", "0.10", "9999.99"],
    "size": [-1.5, 0.0, 1e300, "NaN", "Infinity", "-Infinity"],
    "many": ["-9223372036854775808", "5", "9007199254740993"],
    "flag": [True, False],
    "day": ["0001-01-02", "2024-02-29", "9999-12-30"],
    "moment": ["1969-12-31T23:59:59.999999Z", "2024-01-01T00:00:00.000000Z"],
}
REQUIRED = ("code", "part", "rank")


def _read(name: str, value: Any) -> Any:
    """A JSON value as asyncpg takes it and as the model compares it."""
    read = READERS.get(TYPE_OF[name])
    return read(value) if read is not None and value is not None else value


def _value(name: str) -> st.SearchStrategy[Any]:
    values = st.sampled_from(VALUES[name])
    return values if name in REQUIRED else st.none() | values


RECORDS = st.lists(
    st.fixed_dictionaries({name: _value(name) for name in COLUMNS}),
    max_size=25,
    unique_by=lambda record: tuple(record[name] for name in KEY),
)


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(list(COLUMNS)))
    operator = draw(st.sampled_from(TYPES[TYPE_OF[name]].operators))
    value = st.sampled_from(VALUES[name])
    match operator:
        case "isnull":
            asked: st.SearchStrategy[Any] = st.booleans()
        case "in" | "nin":
            asked = st.lists(value, max_size=3)
        case "between":
            asked = st.tuples(value, value).map(list)
        case "like" | "ilike":
            asked = st.sampled_from(["%", "_", "a%", "%B", "a\\%", "A_B", "é", "", "\\\\"])
        case _:
            asked = value
    return {name: {operator: draw(asked)}}


WHERE = st.recursive(
    st.just({}) | _conditions(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"_and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"_or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"_not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=6,
)
SORT = st.lists(
    st.sampled_from(list(COLUMNS)).flatmap(lambda name: st.sampled_from([name, f"-{name}"])),
    max_size=4,
    unique_by=lambda term: term.removeprefix("-"),
)
SELECT = st.none() | st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=3, unique=True)


def _ask(schema: DatasetSchema, document: Mapping[str, Any]) -> RecordQuery | None:
    """The query of a document; None if its conditions exclude each other, which is refused."""
    try:
        return query_from_body(schema, document, LIMITS)
    except QueryContradictory:
        return None


async def _read_all(schema: DatasetSchema, document: dict[str, Any], query: RecordQuery) -> list[Any]:
    """The records of all pages, each page continuing after the one before it."""
    records: list[Any] = []
    access = RecordsRequest(Request({"type": "http"}), EVERYTHING, schema, get_writer())
    while True:
        page = await reads.list_page(access, query, {})
        records += [json.loads(text) for text in page.records]
        if query.count == "exact":
            assert page.count is not None
            assert page.count >= len(records)
        if page.last is None:
            return records
        assert len(page.records) == document["limit"]
        cursor = next_cursor(schema, query, page.last)
        query = query_from_body(schema, {**document, "cursor": cursor}, LIMITS)


@pytest_asyncio.fixture
async def schema(fill: Fill) -> DatasetSchema:
    """The schema of a dataset with columns of many types."""
    await fill("model", COLUMNS, [], key=KEY)
    async with transaction() as session:
        return schema_of(await get_dataset(session, "model"))


class TestAgainstTheModel:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(records=RECORDS, where=WHERE, sort=SORT, select=SELECT, limit=st.integers(1, 7))
    async def test_filters_sorts_and_pages(
        self,
        schema: DatasetSchema,
        connections: asyncpg.Connection,
        records: list[dict[str, Any]],
        where: dict[str, Any],
        sort: list[str],
        select: list[str] | None,
        limit: int,
    ) -> None:
        rows = [{name: _read(name, record[name]) for name in COLUMNS} for record in records]
        await connections.execute("TRUNCATE data.model")
        await connections.copy_records_to_table(
            "model", schema_name="data", columns=list(COLUMNS), records=[tuple(row.values()) for row in rows]
        )
        matching = [row for row in rows if holds(where, row, TYPE_OF)]
        document = {"where": where, "sort": sort, "select": select, "limit": limit, "count": "exact"}
        query = _ask(schema, document)
        if query is None:
            assert not matching or any(name.startswith("_") for name in where)
            return
        expected = [records[rows.index(row)] for row in in_order(matching, sort, KEY)]
        shown = select or list(COLUMNS)
        found = await _read_all(schema, document, query)
        assert found == [{name: record[name] for name in shown} for record in expected]
