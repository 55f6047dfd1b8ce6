from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.access.errors import ScopeMissing
from app.access.principal import EVERYTHING, Principal
from app.core.aws.storage import PresignedUpload
from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.datasets.models import Dataset
from app.datasets.repository import find_dataset
from app.imports import service
from app.imports.errors import DatasetWithoutKey, FileTooLarge, ImportFinished, KeyColumnsInvalid
from app.imports.models import ImportCreate

WRITER = Principal(uuid4(), frozenset({"write"}), frozenset({"things"}))


@pytest.fixture
async def things(client: AsyncClient) -> Dataset:
    """A dataset with a key."""
    columns = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
    await client.post("/datasets", json={"name": "things", "key": ["code"], "columns": columns})
    async with transaction() as session:
        found = await find_dataset(session, "things")
    assert found is not None
    return found


async def _announce(dataset: Dataset, caller: Principal = EVERYTHING, **members: Any) -> str:
    body = ImportCreate.model_validate({"filename": "a.csv", **members})
    async with transaction() as session:
        row, upload = await service.create_import(session, dataset, body, caller)
    assert isinstance(upload, PresignedUpload)
    assert row.object_key in upload.url
    return row.status


class TestCreateImport:
    async def test_it_waits_for_its_file(self, things: Dataset) -> None:
        assert await _announce(things, WRITER) == "awaiting_upload"

    @pytest.mark.parametrize(
        ("members", "problem"),
        [
            ({"mode": "replace", "infer_again": True}, ScopeMissing),
            ({"columns": [{"label": "a", "references": "others"}]}, ScopeMissing),
            ({"key": ["n"]}, KeyColumnsInvalid),
            ({"key": []}, KeyColumnsInvalid),
            ({"size": 10**15}, FileTooLarge),
        ],
    )
    async def test_what_cannot_go_with_the_dataset_is_refused_at_once(
        self, things: Dataset, members: dict[str, Any], problem: type[Exception]
    ) -> None:
        with pytest.raises(problem):
            await _announce(things, WRITER, **members)

    async def test_without_a_key_nothing_is_updated(self, client: AsyncClient, database_url: str) -> None:
        await client.post("/datasets", json={"name": "rows", "columns": [{"name": "a", "type": "text"}]})
        async with transaction() as session:
            dataset = await find_dataset(session, "rows")
        assert dataset is not None
        with pytest.raises(DatasetWithoutKey):
            await _announce(dataset, mode="upsert")


class TestCheckKey:
    @pytest.mark.parametrize("key", [None, ["a", "b"]])
    def test_the_datasets_own_passes(self, key: list[str] | None) -> None:
        service.check_key(Dataset(name="d", key=["a", "b"]), key)

    @pytest.mark.parametrize(
        ("has", "key", "detail"),
        [(["a", "b"], ["b", "a"], "'d' has the key a, b, not b, a."), ([], ["a"], "'d' has no key, not a.")],
    )
    def test_another_is_refused(self, has: list[str], key: list[str], detail: str) -> None:
        with pytest.raises(KeyColumnsInvalid) as raised:
            service.check_key(Dataset(name="d", key=has), key)
        assert raised.value.detail == detail


class TestCheckSize:
    def test_no_file_is_larger_than_is_set(self, database_url: str) -> None:
        limit = get_settings().max_file_bytes
        service.check_size(limit)
        with pytest.raises(FileTooLarge, match=f"{limit:,} is the most"):
            service.check_size(limit + 1)


class TestCancelImport:
    async def test_it_is_ended_once(self, things: Dataset) -> None:
        body = ImportCreate(filename="a.csv")
        async with transaction() as session:
            row, _ = await service.create_import(session, things, body, EVERYTHING)
            assert (await service.cancel_import(session, row.id)).status == "cancelled"
            with pytest.raises(ImportFinished, match="has cancelled"):
                await service.cancel_import(session, row.id)
