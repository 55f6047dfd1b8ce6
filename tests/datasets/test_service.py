from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.access.errors import ScopeMissing
from app.access.principal import EVERYTHING, Principal
from app.columns.column import Column
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets import service
from app.datasets.definition import Index
from app.datasets.errors import ReferenceInvalid, TooManyColumns, TooManyIndexes

LIMITED = Principal(uuid4(), frozenset({"admin"}), frozenset({"makers"}))


def _column(**members: Any) -> Column:
    return Column.model_validate({"name": "maker", "type": "text", **members})


class TestLimits:
    def test_columns_are_counted(self) -> None:
        limit = get_settings().max_columns
        service.check_column_count([_column()] * limit)
        with pytest.raises(TooManyColumns, match=f"{limit} is the most"):
            service.check_column_count([_column()] * (limit + 1))

    def test_so_are_indexes(self) -> None:
        limit = get_settings().max_indexes
        service.check_index_count([Index(search=True)] * limit)
        with pytest.raises(TooManyIndexes, match="TOLVA_MAX_INDEXES"):
            service.check_index_count([Index(search=True)] * (limit + 1))


class TestNameVisible:
    @pytest.mark.parametrize(
        ("names", "said"),
        [
            (["makers"], "makers"),
            (["makers", "x"], "makers, another dataset"),
            (["x", "y"], "2 other datasets"),
        ],
    )
    def test_what_a_caller_may_not_read_is_counted(self, names: list[str], said: str) -> None:
        assert service.name_visible(names, LIMITED) == said
        assert service.name_visible(names, EVERYTHING) == ", ".join(names)


class TestDemandReferences:
    def test_what_is_referred_to_has_to_be_readable(self) -> None:
        service.demand_references(LIMITED, [_column(references="makers"), _column()])
        with pytest.raises(ScopeMissing):
            service.demand_references(LIMITED, [_column(references="others")])


class TestCheckReferences:
    @pytest.fixture(autouse=True)
    async def makers(self, client: AsyncClient) -> None:
        """Datasets with a key of a text, of two columns, without one, and of the other store."""
        columns = [{"name": "id", "type": "text"}, {"name": "part", "type": "integer"}]
        described: dict[str, dict[str, Any]] = {
            "makers": {"key": ["id"]},
            "pairs": {"key": ["id", "part"]},
            "rows": {},
            "kept": {"key": ["id"], "store": "keyvalue"},
        }
        for name, members in described.items():
            body = {"name": name, "columns": columns, **members}
            assert (await client.post("/datasets", json=body)).status_code == 201

    async def test_the_column_of_its_key_is_found(self) -> None:
        async with transaction() as session:
            found = await service.check_references(session, "products", [_column(references="makers"), _column()])
        assert found == {"makers": "id"}

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"references": "none"}, "which is no other dataset"),
            ({"references": "products"}, "which is no other dataset"),
            ({"references": "pairs"}, "whose key is not one column"),
            ({"references": "rows"}, "whose key is not one column"),
            ({"references": "kept"}, "which is in the key-value store"),
            ({"references": "makers", "type": "integer"}, "the key of 'makers' is text"),
        ],
    )
    async def test_anything_else_is_refused(self, members: dict[str, Any], reason: str) -> None:
        async with transaction() as session:
            with pytest.raises(ReferenceInvalid, match=reason):
                await service.check_references(session, "products", [_column(**members)])
