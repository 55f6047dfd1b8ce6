from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from app.core.database.sessions import transaction
from app.datasets import repository
from app.datasets.errors import DatasetNameTaken
from app.datasets.models import Dataset


@pytest.fixture(autouse=True)
async def datasets(client: AsyncClient) -> None:
    """Products, which refer to makers, and one without columns."""
    key: dict[str, Any] = {"name": "id", "type": "text"}
    bodies: list[dict[str, Any]] = [
        {"name": "makers", "columns": [key, {"name": "email", "type": "text", "unique": True}], "key": ["id"]},
        {
            "name": "products",
            "columns": [key, {"name": "maker", "type": "text", "references": "makers"}],
            "key": ["id"],
        },
        {"name": "empty"},
    ]
    for body in bodies:
        assert (await client.post("/datasets", json=body)).status_code == 201


class TestLists:
    async def test_pages_go_on_behind_a_name(self) -> None:
        async with transaction() as session:
            assert [one.name for one in await repository.list_page(session, 2)] == ["empty", "makers"]
            assert [one.name for one in await repository.list_page(session, 9, after="makers")] == ["products"]
            assert [one.name for one in await repository.list_page(session, 9, visible=["products"])] == ["products"]
            assert await repository.list_names(session, ["makers", "none"]) == ["makers"]

    async def test_what_refers_to_a_dataset(self) -> None:
        async with transaction() as session:
            assert await repository.list_referring(session, "makers") == ["products"]
            assert await repository.list_referring(session, "products") == []


class TestAddDataset:
    async def test_a_name_is_had_once(self) -> None:
        with pytest.raises(DatasetNameTaken, match="There is a dataset 'makers' already"):
            async with transaction() as session:
                await repository.add_dataset(session, Dataset(name="makers"))


class TestTouchDataset:
    async def test_two_changes_never_have_the_same_time(self) -> None:
        async with transaction() as session:
            dataset = await repository.find_dataset(session, "makers")
            assert dataset is not None
            dataset.updated_at = later = datetime.now(UTC) + timedelta(hours=1)
            await repository.touch_dataset(session, dataset)
            assert dataset.updated_at == later + timedelta(microseconds=1)


class TestTables:
    async def test_whether_one_has_rows(self, client: AsyncClient) -> None:
        assert (await client.post("/datasets/makers/records", json={"id": "m"})).status_code == 201
        async with transaction() as session:
            assert await repository.table_has_rows(session, "makers")
            assert not await repository.table_has_rows(session, "products")

    async def test_one_that_is_not_there_is_dropped_without_a_word(self) -> None:
        async with transaction() as session:
            await repository.drop_table(session, "empty")


class TestShow:
    async def test_indexes_have_their_origin(self) -> None:
        async with transaction() as session:
            dataset = await repository.find_dataset(session, "makers")
            assert dataset is not None
            (shown,) = await repository.show(session, [dataset])
        assert {(index.columns, index.origin) for index in shown.indexes} == {(("id",), "key"), (("email",), "unique")}
        assert shown.unindexed == []
