from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from app.access.keys.conditions import key_works


class TestKeyWorks:
    @pytest.mark.parametrize(
        ("change", "works"),
        [
            ("name = 'x'", True),
            ("revoked_at = now()", False),
            ("expires_at = now() - interval '1 second'", False),
            ("expires_at = now() + interval '1 hour'", True),
        ],
    )
    async def test_a_key_opens_something_until_it_is_revoked_or_expires(
        self, client: AsyncClient, connections: asyncpg.Connection, change: str, works: bool
    ) -> None:
        created: dict[str, Any] = (await client.post("/keys", json={"name": "x", "scopes": ["read"]})).json()
        await connections.execute(f"UPDATE tolva.api_key SET {change}")
        assert await connections.fetchval(f"SELECT {key_works('$1::uuid')}", created["id"]) is works

    async def test_one_that_is_not_there_does_not(self, database_url: str, connections: asyncpg.Connection) -> None:
        assert not await connections.fetchval(f"SELECT {key_works('gen_random_uuid()')}")
