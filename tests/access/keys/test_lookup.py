from uuid import UUID, uuid4

from httpx import AsyncClient

from app.access.keys.lookup import find_key
from app.access.keys.secrets import hash_secret, parse_key


class TestFindKey:
    async def test_it_has_what_it_opens_and_the_hash_of_its_secret(self, client: AsyncClient) -> None:
        body = {"name": "x", "scopes": ["write", "read"], "datasets": ["a"]}
        created = (await client.post("/keys", json=body)).json()
        key = await find_key(UUID(created["id"]))
        parsed = parse_key(created["key"])
        assert key is not None
        assert parsed is not None
        assert (key.name, key.scopes, key.datasets) == ("x", ["read", "write"], ["a"])
        assert key.secret_hash == hash_secret(parsed[1])
        assert (key.revoked_at, key.expires_at) == (None, None)

    async def test_a_revoked_one_is_found_all_the_same(self, client: AsyncClient) -> None:
        created = (await client.post("/keys", json={"name": "x", "scopes": ["read"]})).json()
        assert (await client.delete(f"/keys/{created['id']}")).status_code == 204
        key = await find_key(UUID(created["id"]))
        assert key is not None
        assert key.revoked_at is not None

    async def test_others_are_none(self, database_url: str) -> None:
        assert await find_key(uuid4()) is None
