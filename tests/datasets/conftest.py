"""A dataset with records, changed through the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.core.database.names import DATA_SCHEMA, quote
from tests.datasets.readings import READINGS

Document = dict[str, Any]
Columns = Mapping[str, str | Document]


@dataclass
class Things:
    """The dataset `things`, and the others."""

    client: AsyncClient
    connection: asyncpg.Connection

    async def make(
        self,
        columns: Columns,
        rows: Sequence[Sequence[Any]] = (),
        *,
        key: Sequence[str] = (),
        name: str = "things",
        **members: Any,
    ) -> Document:
        """Make a dataset of (name, type) columns, or (name, members), with rows as asyncpg takes them."""
        described = [{"name": column, **_members(kind)} for column, kind in columns.items()]
        body = {"name": name, "columns": described, "key": list(key), **members}
        response = await self.client.post("/datasets", json=body)
        assert response.status_code == 201, response.text
        # A table of this name may have had other types in the test before.
        await self.connection.reload_schema_state()
        await self.connection.copy_records_to_table(
            name, schema_name=DATA_SCHEMA, columns=list(columns), records=[tuple(row) for row in rows]
        )
        created: Document = response.json()
        return created

    async def patch(self, body: Document, *, name: str = "things") -> Response:
        """Ask for a change."""
        return await self.client.patch(f"/datasets/{name}", json=body)

    async def change(self, body: Document, *, name: str = "things") -> Document:
        """Make a change, which is what the dataset shows afterwards."""
        response = await self.patch(body, name=name)
        assert response.status_code == 200, response.text
        changed: Document = response.json()
        assert (await self.client.get(f"/datasets/{name}")).json() == changed
        return changed

    async def refused(self, body: Document, kind: str, *, name: str = "things") -> Document:
        """Ask for a change that is refused with a kind of problem, and leaves everything as it was."""
        before = (await self.client.get(f"/datasets/{name}")).json(), await self.records(name), await self.layout(name)
        response = await self.patch(body, name=name)
        problem: Document = response.json()
        assert problem["type"] == f"/problems/{kind}", response.text
        assert response.status_code == problem["status"]
        after = (await self.client.get(f"/datasets/{name}")).json(), await self.records(name), await self.layout(name)
        assert after == before
        return problem

    async def records(self, name: str = "things") -> list[Document]:
        """All records, in their order."""
        response = await self.client.get(f"/datasets/{name}/records?_limit=1000")
        assert response.status_code == 200, response.text
        records: list[Document] = response.json()["data"]
        return records

    async def values(self, column: str) -> list[Any]:
        """A column's values in the order of the records."""
        return [record[column] for record in await self.records()]

    async def layout(self, name: str = "things") -> dict[str, str]:
        """PostgreSQL's description of a table: columns with their types, constraints and indexes with their
        definitions."""
        rows = await self.connection.fetch(
            """
            SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
                || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = $1::regclass AND contype <> 'n'
            UNION ALL SELECT relname, regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', '')
            FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
            WHERE indrelid = $1::regclass AND NOT indisunique""",
            quote(DATA_SCHEMA, name),
        )
        return {row[0]: row[1] for row in rows}


def _members(kind: str | Document) -> Document:
    return {"type": kind} if isinstance(kind, str) else kind


@pytest.fixture
def things(client: AsyncClient, connections: asyncpg.Connection) -> Things:
    """Makes and changes datasets."""
    return Things(client, connections)


@pytest.fixture
async def readings(client: AsyncClient) -> None:
    """A dataset under two columns."""
    assert (await client.post("/datasets", json=READINGS)).status_code == 201
