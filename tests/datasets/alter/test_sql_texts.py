import re

import asyncpg
import pytest

from app.datasets.alter.sql_texts import SPACES, escaped, guarded, literals

TEXTS = ["it's", "a\\b", "", "50% (net).", "é\u3000", "[x]*"]


class TestTexts:
    async def test_literals_are_the_texts(self, connections: asyncpg.Connection) -> None:
        assert await connections.fetchval(f"SELECT ARRAY[{literals(TEXTS)}]") == TEXTS

    @pytest.mark.parametrize("text", TEXTS)
    async def test_an_escaped_one_fits_itself_alone(self, connections: asyncpg.Connection, text: str) -> None:
        assert await connections.fetchval(f"SELECT $1::text ~ '^{escaped(text)}$'", text)
        assert not await connections.fetchval(f"SELECT $1::text ~ '^{escaped(text)}$'", f"{text}x")

    def test_spaces_are_those_of_python_but_for_what_separates_records(self) -> None:
        others = set("\x0b\x1c\x1d\x1e\x1f\x85\u2028\u2029")
        assert {chr(code) for code in range(0x10000) if re.fullmatch(r"\s", chr(code))} - others == {*SPACES}


class TestGuarded:
    async def test_what_would_fail_is_not_looked_at(self, connections: asyncpg.Connection) -> None:
        condition = guarded("x ~ '^[0-9]+$'", "x::int > 5")
        rows = await connections.fetch(f"SELECT {condition} AS fits FROM (VALUES ('7'), ('3'), ('x')) AS v(x)")
        assert [row["fits"] for row in rows] == [True, False, False]
