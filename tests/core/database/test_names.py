import asyncpg
import pytest

from app.core.database.names import quote


class TestQuote:
    @pytest.mark.parametrize("name", ["order", 'a"b', '"; DROP TABLE x; --', "Zoë", "a.b", "a b"])
    async def test_any_name_is_one_identifier(self, connections: asyncpg.Connection, name: str) -> None:
        row = await connections.fetchrow(f"SELECT 1 AS {quote(name)}")
        assert row is not None
        assert list(row.keys()) == [name]

    def test_each_part_is_quoted(self) -> None:
        assert quote("data", 'or"der') == '"data"."or""der"'
