import asyncpg

from app.datasets.columns import Column, row_id_column
from app.records.sql import select_page, select_record
from tests.records.conftest import Fill

NAME = Column(name="name", type="text")
NUMBER = Column(name="n", type="integer")


class TestSelectRecord:
    def test_every_value_is_a_parameter(self) -> None:
        assert select_record("order", [NAME, NUMBER], [NUMBER, NAME]) == (
            'SELECT row_to_json(record)::text FROM "data"."order" AS source '
            'CROSS JOIN LATERAL (SELECT "source"."name" AS "name", "source"."n" AS "n") AS record '
            'WHERE ("source"."n", "source"."name") = (CAST($1::text AS bigint), CAST($2::text AS text))'
        )


class TestSelectPage:
    def test_the_first_page_has_no_condition(self) -> None:
        statement = select_page("t", [NUMBER], [row_id_column()], limit=51, behind=False)
        assert statement.endswith('AS record ORDER BY "source"."_id" LIMIT 51')

    async def test_the_primary_key_serves_any_page(self, fill: Fill, connections: asyncpg.Connection) -> None:
        rows = [(f"name {n % 10}", n) for n in range(5000)]
        await fill("many", {"name": "text", "n": "integer"}, rows, key=["name", "n"])
        await connections.execute("ANALYZE data.many")
        statement = select_page("many", [NAME, NUMBER], [NAME, NUMBER], limit=51, behind=True)
        plan = "\n".join(row[0] for row in await connections.fetch(f"EXPLAIN {statement}", "name 5", "7"))
        assert "many__pkey" in plan
        assert "Index Cond: (ROW(" in plan
        assert "Sort" not in plan
