import asyncpg
import pytest

from app.core.database.errors import problem_of
from app.core.database.names import quote


class TestQuote:
    def test_names_are_quoted_one_by_one(self) -> None:
        assert quote("data", 'or"der') == '"data"."or""der"'


class TestProblem:
    async def test_a_full_disk_is_no_fault_of_ours(self, connections: asyncpg.Connection) -> None:
        with pytest.raises(asyncpg.DiskFullError) as raised:
            await connections.execute("DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$")
        problem = problem_of(raised.value)
        assert problem is not None
        assert problem.status == 503
        assert problem.headers["Retry-After"] == "60"
