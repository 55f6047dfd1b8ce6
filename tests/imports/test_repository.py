from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database.sessions import transaction
from app.imports import repository
from app.imports.errors import ImportNotFound
from app.imports.models import Import
from app.imports.repository import Lease

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRE = text("UPDATE tolva.import SET lease_until = now() - interval '1 second'")


@pytest.fixture
async def dataset_id(client: AsyncClient) -> UUID:
    """A dataset that imports go into."""
    return UUID((await client.post("/datasets", json={"name": "things"})).json()["id"])


async def _add(session: AsyncSession, dataset_id: UUID, **members: Any) -> Import:
    named = {"dataset_name": "things", "file_name": "a.csv", "object_key": f"uploads/{uuid4()}"}
    row = Import(dataset_id=dataset_id, **{**named, **members})
    session.add(row)
    await session.flush()
    return row


async def _claim(session: AsyncSession, row: Import, version: str = "v1") -> Lease | None:
    return await repository.claim_import(session, row.id, version, 5)


class TestClaimImport:
    async def test_one_worker_has_it_until_its_lease_ends(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id, status="queued")
            first = await _claim(session, row)
            assert first is not None
            assert await _claim(session, row) is None
            await session.execute(EXPIRE)
            second = await _claim(session, row)
            assert second is not None
            assert not await repository.renew_lease(session, first, "loading", {})
            assert await repository.renew_lease(session, second, "loading", {"rows_read": 1})
            await session.refresh(row)
        assert (row.status, row.phase, row.attempts, row.progress) == ("running", "loading", 2, {"rows_read": 1})

    async def test_it_is_about_one_version_of_the_file(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id, object_version="v1")
            assert await _claim(session, row, "v2") is None
            assert await _claim(session, row, "v1") is not None

    async def test_one_that_has_ended_is_not_taken_up(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id)
            lease = await _claim(session, row)
            assert lease is not None
            assert await repository.finish_import(session, lease, {"status": "succeeded"})
            assert await _claim(session, row) is None
            assert not await repository.finish_import(session, lease, {"status": "failed"})


class TestPostpone:
    async def test_one_that_was_claimed_is_given_back_as_if_no_one_had_seen_it(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id)
            lease = await _claim(session, row)
            until = repository.queued_until(900)
            await repository.postpone(session, row.id, "v1", 5, until=until, lease=lease)
            await session.refresh(row)
            assert (row.status, row.attempts, row.lease) == ("queued", 0, None)
            assert await repository.find_held_until(session, row.id) is not None
            assert await repository.count_queued(session) == 1


class TestLongImports:
    async def test_there_are_no_more_than_is_set(self, dataset_id: UUID, client: AsyncClient) -> None:
        other = UUID((await client.post("/datasets", json={"name": "others"})).json()["id"])
        async with transaction() as session:
            leases = []
            for _ in range(10):
                lease = await _claim(session, await _add(session, other))
                assert lease is not None
                leases.append(await repository.take_slot(session, lease))
            row = await _add(session, dataset_id)
            reason = await repository.find_reason_to_wait(session, row, takes_long=True)
            assert await repository.find_reason_to_wait(session, row) is None
            same = await repository.find_reason_to_wait(session, await _add(session, other))
        assert leases[0]
        assert not leases[-1]
        assert (reason, same) == ("enough long imports run", "a long import goes into its dataset")


class TestRequeueStalled:
    async def test_a_worker_that_has_gone_silent_loses_it(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id)
            lease = await _claim(session, row)
            assert lease is not None
            assert await repository.requeue_stalled(session, 10) == []
            await session.execute(EXPIRE)
            assert await repository.requeue_stalled(session, 10) == [row.id]
            assert await repository.requeue_stalled(session, 10) == []
            assert not await repository.renew_lease(session, lease, "loading", {})


class TestTakeAwaiting:
    async def test_each_is_looked_for_again_later_each_time(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id, created_at=datetime.now(UTC) - timedelta(hours=1))
            await _add(session, dataset_id, created_at=datetime.now(UTC))
            assert await repository.take_awaiting(session, 10) == [(row.id, row.object_key)]
            assert await repository.take_awaiting(session, 10) == []
            await session.refresh(row)
            assert row.lease_until is not None
            assert row.lease_until - datetime.now(UTC) > timedelta(minutes=29)


class TestCancelImport:
    async def test_what_has_not_ended_is_ended(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            row = await _add(session, dataset_id)
            lease = await _claim(session, row)
            assert lease is not None
            assert await repository.cancel_import(session, row.id)
            assert not await repository.cancel_import(session, row.id)
            assert not await repository.renew_lease(session, lease, "loading", {})

    async def test_writing_to_a_key_value_dataset_goes_to_its_end(self, client: AsyncClient) -> None:
        body = {"name": "kept", "store": "keyvalue", "key": ["a"], "columns": [{"name": "a", "type": "text"}]}
        dataset_id = UUID((await client.post("/datasets", json=body)).json()["id"])
        async with transaction() as session:
            row = await _add(session, dataset_id)
            lease = await _claim(session, row)
            assert lease is not None
            assert await repository.renew_lease(session, lease, "committing", {})
            assert not await repository.cancel_import(session, row.id)


class TestFinding:
    async def test_the_import_of_a_version_goes_before_one_that_waits(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            waits = await _add(session, dataset_id, object_key="k")
            mine = await _add(session, dataset_id, object_key="k", object_version="v1")
            assert await repository.find_by_object(session, "k", "v1") is mine
            assert await repository.find_by_object(session, "k", "v2") is waits
            assert await repository.known_object_keys(session, ["k", "l"]) == {"k"}

    async def test_a_dropped_file_is_stored_once(self, dataset_id: UUID) -> None:
        members: dict[str, Any] = {"dataset_name": "things", "file_name": "a.csv", "object_key": "inbox/a"}
        async with transaction() as session:
            rows = [Import(dataset_id=dataset_id, object_version="v1", **members) for _ in range(2)]
            stored = [await repository.add_dropped_file(session, row) for row in rows]
        assert stored[0] is not None
        assert stored[1] is None

    async def test_pages_go_on_behind_a_place(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            for day in range(3):
                await _add(session, dataset_id, created_at=NOW + timedelta(days=day))
            first, *_ = await repository.list_page(session, dataset_id, 1)
            rest = await repository.list_page(session, dataset_id, 5, after=(first.created_at, first.id))
        assert [row.created_at.day for row in (first, *rest)] == [3, 2, 1]

    async def test_one_that_is_not_there_is_not_found(self, dataset_id: UUID) -> None:
        async with transaction() as session:
            with pytest.raises(ImportNotFound):
                await repository.get_import(session, uuid4())
            assert await repository.find_import_options(session, uuid4()) == {}
