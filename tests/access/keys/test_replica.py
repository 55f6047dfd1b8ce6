from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.access.keys import replica
from app.access.keys.lookup import find_key
from app.access.keys.replica import find_mirrored_key, mark_revoked


@pytest.fixture
async def key_id(client: AsyncClient) -> UUID:
    """A key that no request has brought yet."""
    created = (await client.post("/keys", json={"name": "x", "scopes": ["read"], "datasets": ["a"]})).json()
    return UUID(created["id"])


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of keys of a process that has begun."""
    monkeypatch.setattr(replica, "_known", {})


class TestFindMirroredKey:
    async def test_the_first_request_makes_its_item(self, key_id: UUID, connections: asyncpg.Connection) -> None:
        assert await find_mirrored_key(key_id) == await find_key(key_id)
        await connections.execute("DELETE FROM tolva.api_key")
        replica._known.clear()  # as in another process
        mirrored = await find_mirrored_key(key_id)
        assert mirrored is not None
        assert (mirrored.name, mirrored.scopes, mirrored.datasets) == ("x", ["read"], ["a"])

    async def test_one_that_is_not_there_makes_none(self, database_url: str) -> None:
        assert await find_mirrored_key(uuid4()) is None


class TestMarkRevoked:
    async def test_it_is_refused_before_the_catalogue_says_so(self, key_id: UUID) -> None:
        key = await find_key(key_id)
        assert key is not None
        await mark_revoked(key)
        mirrored = await find_mirrored_key(key_id)
        assert mirrored is not None
        assert mirrored.revoked_at is not None

    async def test_one_that_is_known_is_forgotten(self, key_id: UUID) -> None:
        key = await find_mirrored_key(key_id)
        assert key is not None
        await mark_revoked(key)
        again = await find_mirrored_key(key_id)
        assert again is not None
        assert again.revoked_at is not None
