from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.access.errors import KeyNotFound
from app.access.keys import repository
from app.access.keys.models import ApiKey
from app.core.database.sessions import transaction

pytestmark = pytest.mark.usefixtures("database_url")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _key(name: str, **members: Any) -> ApiKey:
    return ApiKey(name=name, secret_hash=b"x", scopes=["read"], **members)


class TestListPage:
    async def test_the_newest_comes_first(self) -> None:
        async with transaction() as session:
            for day in range(3):
                await repository.add_key(session, _key(f"k{day}", created_at=NOW + timedelta(days=day)))
            first, *_ = await repository.list_page(session, 2)
            rest = await repository.list_page(session, 5, (first.created_at, first.id))
        assert (first.name, [key.name for key in rest]) == ("k2", ["k1", "k0"])


class TestRevokeKey:
    async def test_one_that_was_revoked_stays_as_it_is(self) -> None:
        async with transaction() as session:
            key = _key("x", revoked_at=NOW)
            await repository.add_key(session, key)
            await repository.revoke_key(session, key.id)
            await session.refresh(key)
            assert key.revoked_at == NOW

    async def test_one_that_is_not_there_is_not_found(self) -> None:
        async with transaction() as session:
            with pytest.raises(KeyNotFound):
                await repository.get_key(session, uuid4())


class TestFindMissingDatasets:
    async def test_each_is_named_once_in_their_order(self, client: AsyncClient) -> None:
        assert (await client.post("/datasets", json={"name": "here"})).status_code == 201
        async with transaction() as session:
            assert await repository.find_missing_datasets(session, ["z", "here", "a", "z"]) == ["z", "a"]
