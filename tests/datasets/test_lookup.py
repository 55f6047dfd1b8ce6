from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.datasets.errors import DatasetNotFound
from app.datasets.lookup import (
    count_datasets,
    find_dataset,
    get_dataset,
    list_names,
    list_rows,
    list_states,
    not_found,
)


@pytest.fixture(autouse=True)
async def datasets(client: AsyncClient) -> None:
    """Three datasets, one of them with columns."""
    for name in ("b", "a", "products"):
        columns = [{"name": "x", "type": "text"}] if name == "a" else []
        assert (await client.post("/datasets", json={"name": name, "columns": columns})).status_code == 201


class TestFindDataset:
    async def test_it_is_as_the_catalogue_has_it(self) -> None:
        found = await find_dataset("a")
        assert found is not None
        assert (found.name, found.store, found.key) == ("a", "relational", [])
        assert [column["name"] for column in found.columns] == ["x"]

    @pytest.mark.parametrize("name", ["c", "", "A", "a'--", "\0"])
    async def test_others_are_none(self, name: str) -> None:
        assert await find_dataset(name) is None


class TestGetDataset:
    async def test_a_near_name_is_proposed(self) -> None:
        with pytest.raises(DatasetNotFound, match="Did you mean 'products'"):
            await get_dataset("product")

    async def test_only_one_that_is_visible(self) -> None:
        with pytest.raises(DatasetNotFound) as raised:
            await get_dataset("product", visible=["a"])
        assert raised.value.detail == "There is no dataset 'product'."
        assert not_found("product", []).detail == raised.value.detail


class TestLists:
    async def test_they_are_sorted_and_limited(self) -> None:
        assert await list_names(None) == ["a", "b", "products"]
        assert await list_names(None, 2) == ["a", "b"]
        assert await list_names(["products", "b", "none"]) == ["b", "products"]
        assert (await count_datasets(None), await count_datasets(["a"]), await count_datasets([])) == (3, 1, 0)

    async def test_a_state_has_its_width(self) -> None:
        assert [(state.name, state.width) for state in await list_states(None)] == [("a", 1), ("b", 0), ("products", 0)]

    async def test_rows_are_found_by_their_ids(self) -> None:
        states = await list_states(["a", "b"])
        found = await list_rows([*(state.id for state in states), uuid4()])
        assert {row.name for row in found} == {"a", "b"}
