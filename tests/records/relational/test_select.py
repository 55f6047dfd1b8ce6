import json
import math
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.columns.column import Column
from app.core.database.sql import Statement
from app.datasets.definition import Definition, Index
from app.datasets.schema import DatasetSchema
from app.datasets.tables import add_indexes, index_name
from app.records.query.record_query import next_cursor, query_from_address
from app.records.relational.select import count_records, segments, select_cells, select_page, select_record
from tests.records.conftest import Fill
from tests.records.schemas import LIMITS, make_schema, products

NAME = Column(name="name", type="text")
NUMBER = Column(name="n", type="integer")
SHAPE = products()
MAKERS = make_schema({"code": {"type": "text", "required": True}, "name": "text"}, "code")


def _page(schema: DatasetSchema, address: str, position: list[Any] | None = None) -> list[Statement]:
    """The statements of a page, one for each part of the list."""
    query = query_from_address(schema, address.encode(), LIMITS)
    if position is not None:
        cursor = next_cursor(schema, query, position)
        query = query_from_address(schema, f"{address}&_cursor={cursor}".encode(), LIMITS)
    return [select_page(schema, query, segment, 51, {"maker": MAKERS}) for segment in segments(query)]


class TestSelectRecord:
    def test_every_value_is_a_parameter(self) -> None:
        schema = DatasetSchema(SHAPE.id, SHAPE.updated_at, "order", None, None, [NAME, NUMBER], [NUMBER, NAME])
        assert select_record(schema) == (
            'SELECT row_to_json(_record)::text FROM "data"."order" AS source '
            'CROSS JOIN LATERAL (SELECT "source"."name" AS "name", "source"."n" AS "n") AS _record '
            'WHERE ("source"."n", "source"."name") = (CAST($1::text AS bigint), CAST($2::text AS text))'
        )


class TestSelectPage:
    def test_json_is_built_of_what_is_shown(self) -> None:
        (statement,) = _page(make_schema({"n": "integer", "m": "integer"}), "n__gte=5&_select=n&_sort=_id")
        assert statement.values == ("5",)
        assert statement.text == (
            'SELECT row_to_json(_record)::text, array_to_json(ARRAY[to_json("source"."_id")]::json[])::text FROM '
            '(SELECT "source"."n", "source"."_id" FROM "data"."products" AS source '
            'WHERE "source"."n" >= CAST($1::text AS bigint) ORDER BY "source"."_id" LIMIT 51) AS source '
            'CROSS JOIN LATERAL (SELECT "source"."n" AS "n") AS _record ORDER BY "source"."_id"'
        )

    @pytest.mark.parametrize(
        ("address", "position", "conditions"),
        [
            ("_sort=sku", ["a"], ['("source"."sku") > ($1)']),
            ("_sort=-stock", [5, "a"], ['("source"."stock", "source"."sku") < ($1, $2)']),
            (
                "_sort=-stock,sku",
                [5, "a"],
                ['("source"."stock" <= $1 AND ("source"."stock" < $1 OR ("source"."sku") > ($2)))'],
            ),
            (
                "_sort=price",
                ["1.50", "a"],
                [
                    '"source"."price" IS NOT NULL AND ("source"."price", "source"."sku") > ($1, $2)',
                    '"source"."price" IS NULL',
                ],
            ),
            ("_sort=price", [None, "a"], ['"source"."price" IS NULL AND ("source"."sku") > ($1)']),
            (
                "_sort=stock,price",
                [5, None, "a"],
                [
                    (
                        '("source"."stock" >= $1 AND ("source"."stock" > $1 OR '
                        '("source"."price" IS NULL AND ("source"."sku") > ($2))))'
                    )
                ],
            ),
        ],
    )
    def test_it_goes_on_behind_a_place(self, address: str, position: list[Any], conditions: list[str]) -> None:
        for statement, condition in zip(_page(SHAPE, address, position), conditions, strict=True):
            assert f" WHERE {condition} ORDER BY " in _without_casts(statement.text)

    @pytest.mark.parametrize("address", ["price__gt=1", "price__in=1,2", "price__isnull=false"])
    def test_a_filter_that_takes_a_value_leaves_no_missing_ones(self, address: str) -> None:
        assert len(_page(SHAPE, f"_sort=price&{address}")) == 1
        assert len(_page(SHAPE, "_sort=price&price__ne=1")) == 2

    def test_embedding_joins_once(self) -> None:
        (statement,) = _page(SHAPE, "_embed=maker&_select=sku")
        assert statement.text.count("LEFT JOIN") == 1
        assert 'LEFT JOIN "data"."products" AS _other_1 ON "_other_1"."code" = "source"."maker"' in statement.text


def _without_casts(text: str) -> str:
    for sql_type in ("bigint", "text", "numeric"):
        for number in range(1, 5):
            text = text.replace(f"CAST(${number}::text AS {sql_type})", f"${number}")
    return text


@pytest_asyncio.fixture
async def many(fill: Fill, connections: asyncpg.Connection) -> DatasetSchema:
    """A dataset of 20,000 records with indexes, one of them on a column that may be missing."""
    described = {"k": {"type": "integer", "required": True}, "r": {"type": "integer", "required": True}, "n": "integer"}
    rows = [(k, k % 97, None if k % 10 == 0 else k % 89) for k in range(20_000)]
    await fill("many", described, rows, key=["k"])
    await connections.execute("CREATE INDEX ON data.many (r, k); CREATE INDEX ON data.many (n, k); ANALYZE data.many")
    schema = make_schema(described, "k")
    return DatasetSchema(schema.id, schema.updated_at, "many", None, None, schema.columns, schema.key)


class TestIndexes:
    @pytest.mark.parametrize(
        ("address", "position"),
        [
            ("", None),
            ("", [19_000]),
            ("_sort=-k", [19_000]),
            ("_sort=r", None),
            ("_sort=r", [50, 10_000]),
            ("_sort=-r", None),
            ("_sort=-r", [50, 10_000]),
            ("_sort=n", None),
            ("_sort=n", [50, 10_000]),
            ("_sort=-n", None),
            ("_sort=-n", [50, 10_000]),
            ("_sort=n", [None, 10_000]),
            ("_sort=-n", [None, 10_000]),
            ("_sort=-n,k", [50, 10_000]),
        ],
    )
    async def test_one_serves_every_page_in_both_directions(
        self, many: DatasetSchema, connections: asyncpg.Connection, address: str, position: list[Any] | None
    ) -> None:
        for statement in _page(many, address, position):
            plan = await connections.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}", *statement.values)
            assert '"Seq Scan"' not in plan
            # A sort of some rows with the same first value is not one of all.
            assert '"Node Type": "Sort"' not in plan
            assert _rows_read(plan) < 1000, plan

    @pytest.mark.parametrize(
        ("columns", "address", "position"),
        [
            (["n", "-r"], "_sort=n,-r", [50, 40, 10_000]),
            (["n", "-r"], "_sort=-n,r", [50, 40, 10_000]),
            (["r", "n"], "_sort=r,n", [50, 40, 10_000]),
            (["r", "-n"], "_sort=r,-n", [50, 40, 10_000]),
            (["r", "-n"], "r=50&_sort=-n", [40, 10_000]),
            (["r", "-n"], "r=50&_sort=n", [40, 10_000]),
            (["-n"], "_sort=n", [50, 10_000]),
            (["-n"], "_sort=-n", [50, 10_000]),
        ],
    )
    async def test_a_declared_one_serves_its_order(
        self,
        many: DatasetSchema,
        connections: asyncpg.Connection,
        columns: list[str],
        address: str,
        position: list[Any] | None,
    ) -> None:
        definition = Definition(tuple(many.columns), ("k",), (Index(columns=tuple(columns)),))
        await connections.execute("DROP INDEX data.many_r_k_idx, data.many_n_k_idx")
        for statement in add_indexes("data", "many", definition):
            await connections.execute(statement)
        # Records without a value in the first column, which come after these, are found by it and sorted.
        page, *_ = _page(many, address, position)
        async with connections.transaction():
            # Few records are rather fetched at once, and then sorted.
            await connections.execute("SET LOCAL enable_bitmapscan = off")
            plan = await connections.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {page.text}", *page.values)
        assert index_name("many", definition.indexes[0]) in plan
        assert '"Node Type": "Sort"' not in plan
        assert _rows_read(plan) < 1000, plan

    async def test_one_serves_how_a_text_starts(self, fill: Fill, connections: asyncpg.Connection) -> None:
        described = {"word": {"type": "text", "required": True}}
        await fill("words", described, [(f"word {n}",) for n in range(20_000)], key=["word"])
        await connections.execute("ANALYZE data.words")
        schema = make_schema(described, "word")
        schema = DatasetSchema(schema.id, schema.updated_at, "words", None, None, schema.columns, schema.key)
        (statement,) = _page(schema, "word__startswith=word 1999")
        plan = await connections.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}", *statement.values)
        assert "Index Cond" in plan
        assert _rows_read(plan) < 50


def _rows_read(plan: str) -> int:
    """Of an explained statement, the rows that its scans read and passed on or dropped."""

    def walk(node: dict[str, Any]) -> float:
        own = 0.0
        if "Scan" in node["Node Type"] and "Subquery" not in node["Node Type"]:
            own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        return own + sum(walk(child) for child in node.get("Plans", ()))

    return math.ceil(walk(json.loads(plan)[0]["Plan"]))


class TestCountRecords:
    def test_the_place_in_the_list_does_not_matter(self) -> None:
        query = query_from_address(SHAPE, b"stock=1&_sort=price", LIMITS)
        cursor = next_cursor(SHAPE, query, ["1", "a"])
        further = query_from_address(SHAPE, f"stock=1&_sort=price&_cursor={cursor}".encode(), LIMITS)
        assert count_records(SHAPE, further) == count_records(SHAPE, query)
        assert count_records(SHAPE, query).values == ("1",)


class TestSelectCells:
    def test_formulas_are_for_texts_alone(self) -> None:
        query = query_from_address(SHAPE, b"_select=sku,stock&_spreadsheet=true", LIMITS, "csv")
        text = select_cells(SHAPE, query, 10, {}).text
        assert text.startswith('SELECT regexp_replace("source"."sku", ')
        assert ', "source"."stock" FROM' in text
