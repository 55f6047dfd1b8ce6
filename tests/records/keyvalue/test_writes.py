"""Writing records to the key-value store: conditions, limits, and changes of the dataset meanwhile."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.dynamo import table
from app.datasets.keyvalue import metadata
from tests.records.conftest import Make, problem

THINGS: list[dict[str, Any]] = [
    {"name": "code", "type": "text"},
    {"name": "count", "type": "integer", "min": 0},
    {"name": "more", "type": "json"},
]
RECORDS = "/datasets/things/records"
ONE = f"{RECORDS}/a"


@pytest.fixture(autouse=True)
async def things(client: AsyncClient, make: Make) -> None:
    """A dataset with one record."""
    await make("things", THINGS, key=["code"], store="keyvalue")
    assert (await client.post(RECORDS, json={"code": "a", "count": 1, "more": {"x": 1}})).status_code == 201


async def current(client: AsyncClient) -> str:
    """The record's entity tag."""
    tag: str = (await client.get(ONE)).headers["etag"]
    return tag


class TestCreate:
    async def test_it_is_added_at_its_address(self, client: AsyncClient) -> None:
        response = await client.post(RECORDS, json={"code": "b/c"})
        assert response.status_code == 201
        assert response.json() == {"code": "b/c", "count": None, "more": None}
        found = await client.get(response.headers["location"].removeprefix("http://tolva.test"))
        assert (found.text, found.headers["etag"]) == (response.text, response.headers["etag"])

    async def test_a_key_that_is_taken(self, client: AsyncClient) -> None:
        response = await client.post(RECORDS, json={"code": "a"})
        assert problem(response) == (409, "/problems/value-taken")
        assert response.json()["errors"][0]["code"] == "existing_key"
        assert (await client.get(ONE)).json()["count"] == 1

    async def test_what_breaks_a_rule(self, client: AsyncClient) -> None:
        response = await client.post(RECORDS, json={"code": "b", "count": -1})
        assert problem(response) == (422, "/problems/record-invalid")

    @pytest.mark.parametrize(
        ("body", "code"),
        [({"code": "x" * 1024}, "key_too_long"), ({"code": "b", "more": "x" * 420_000}, "record_too_large")],
    )
    async def test_what_dynamodb_has_no_room_for(self, client: AsyncClient, body: dict[str, Any], code: str) -> None:
        response = await client.post(RECORDS, json=body)
        assert problem(response) == (422, "/problems/record-invalid")
        assert response.json()["errors"][0]["code"] == code

    async def test_a_repetition_under_its_key_is_not_done_again(self, client: AsyncClient) -> None:
        headers = {"Idempotency-Key": "one"}
        first = await client.post(RECORDS, json={"code": "b"}, headers=headers)
        again = await client.post(RECORDS, json={"code": "b"}, headers=headers)
        assert (first.status_code, again.status_code, again.text) == (201, 201, first.text)


class TestCreateMany:
    async def test_all_or_none_are_added(self, client: AsyncClient) -> None:
        response = await client.post(RECORDS, json=[{"code": "b"}, {"code": "a"}])
        assert problem(response) == (409, "/problems/value-taken")
        assert [error["index"] for error in response.json()["errors"]] == [1]
        assert (await client.get(f"{RECORDS}/b")).status_code == 404
        assert len((await client.post(RECORDS, json=[{"code": "b"}, {"code": "c"}])).json()["data"]) == 2

    async def test_two_with_the_same_key(self, client: AsyncClient) -> None:
        response = await client.post(RECORDS, json=[{"code": "b"}, {"code": "b"}])
        assert response.json()["errors"][0] == {
            "index": 1,
            "column": "code",
            "value": "b",
            "code": "repeated_key",
            "message": "the same as in record 0",
        }

    async def test_ninety_nine_are_the_most(self, client: AsyncClient) -> None:
        bodies = [{"code": f"k{number}"} for number in range(100)]
        assert problem(await client.post(RECORDS, json=bodies)) == (413, "/problems/too-many-records")
        assert (await client.post(RECORDS, json=bodies[1:])).status_code == 201
        assert problem(await client.post(RECORDS, json=[])) == (422, "/problems/record-invalid")


class TestReplace:
    async def test_it_is_added_or_replaced(self, client: AsyncClient) -> None:
        assert (await client.put(f"{RECORDS}/b", json={"count": 2})).status_code == 201
        response = await client.put(ONE, json={"count": 2})
        assert (response.status_code, response.json()) == (200, {"code": "a", "count": 2, "more": None})

    async def test_only_where_it_is_as_it_was(self, client: AsyncClient) -> None:
        tag = await current(client)
        response = await client.put(ONE, json={"count": 2}, headers={"If-Match": tag})
        assert response.status_code == 200
        stale = await client.put(ONE, json={"count": 3}, headers={"If-Match": tag})
        assert problem(stale) == (412, "/problems/precondition-failed")
        absent = await client.put(f"{RECORDS}/b", json={}, headers={"If-Match": tag})
        assert problem(absent) == (412, "/problems/precondition-failed")

    async def test_only_where_there_is_one_or_none(self, client: AsyncClient) -> None:
        assert (await client.put(ONE, json={}, headers={"If-None-Match": "*"})).status_code == 412
        assert (await client.put(f"{RECORDS}/b", json={}, headers={"If-None-Match": "*"})).status_code == 201
        assert (await client.put(f"{RECORDS}/c", json={}, headers={"If-Match": "*"})).status_code == 412
        assert (await client.put(ONE, json={}, headers={"If-Match": "*"})).status_code == 200


class TestUpdate:
    async def test_what_is_left_out_stays(self, client: AsyncClient) -> None:
        response = await client.patch(ONE, json={"more": {"y": 2, "x": None}})
        assert response.json() == {"code": "a", "count": 1, "more": {"y": 2}}
        assert (await client.get(ONE)).headers["etag"] == response.headers["etag"]

    async def test_only_where_it_is_as_it_was(self, client: AsyncClient) -> None:
        tag = await current(client)
        assert (await client.patch(ONE, json={"count": 2}, headers={"If-Match": tag})).status_code == 200
        assert (await client.patch(ONE, json={"count": 3}, headers={"If-Match": tag})).status_code == 412
        assert (await client.patch(f"{RECORDS}/b", json={"count": 3})).status_code == 404

    async def test_changes_at_the_same_time_are_all_kept(self, client: AsyncClient) -> None:
        async def note(number: int) -> Response:
            return await client.patch(ONE, json={"more": {f"n{number}": number}})

        answers = await asyncio.gather(*(note(number) for number in range(6)))
        done = [number for number, answer in enumerate(answers) if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 503}
        kept = (await client.get(ONE)).json()["more"]
        assert kept == {"x": 1} | {f"n{number}": number for number in done}


class TestDelete:
    async def test_it_is_gone(self, client: AsyncClient) -> None:
        assert (await client.delete(ONE)).status_code == 204
        assert problem(await client.delete(ONE)) == (404, "/problems/record-not-found")

    async def test_only_where_it_is_as_it_was(self, client: AsyncClient) -> None:
        assert (await client.delete(ONE, headers={"If-Match": '"old"'})).status_code == 412
        assert (await client.delete(ONE, headers={"If-Match": await current(client)})).status_code == 204


class TestChangedDataset:
    async def test_a_column_that_was_added_is_shown_and_written_at_once(self, client: AsyncClient) -> None:
        before = await current(client)
        change = {"add_columns": [{"name": "note", "type": "text"}]}
        response = await client.patch("/datasets/things", json=change)
        assert response.status_code == 200, response.text
        shown = await client.get(ONE)
        assert shown.json() == {"code": "a", "count": 1, "more": {"x": 1}, "note": None}
        assert shown.headers["etag"] != before
        body = {"note": "new"}
        assert (await client.patch(ONE, json=body, headers={"If-Match": before})).status_code == 412
        changed = await client.patch(ONE, json=body, headers={"If-Match": shown.headers["etag"]})
        assert changed.json()["note"] == "new"
        removed = await client.delete(ONE, headers={"If-Match": changed.headers["etag"]})
        assert removed.status_code == 204

    async def test_a_process_that_knows_it_as_it_was_looks_again(self, client: AsyncClient) -> None:
        known = await metadata.find_schema("things")
        await client.patch("/datasets/things", json={"columns": {"count": {"min": None}}})
        metadata._remember("things", known, 60)  # as another process would
        assert (await client.post(RECORDS, json={"code": "b", "count": -1})).status_code == 201

    async def test_nothing_is_written_while_it_is_changed(self, client: AsyncClient) -> None:
        await _begin_change(since=2**33)
        response = await client.put(ONE, json={"count": 9})
        assert problem(response) == (409, "/problems/dataset-busy")
        assert response.headers["retry-after"]
        metadata.forget("things")
        assert (await client.get(ONE)).json()["count"] == 1

    async def test_a_change_that_was_left_is_ended_by_a_reader(self, client: AsyncClient) -> None:
        await _begin_change(since=1_000_000_000)
        assert (await client.get(ONE)).status_code == 200
        assert (await client.put(ONE, json={"count": 9})).status_code == 200

    async def test_one_that_is_deleted_is_not_written_to(self, client: AsyncClient) -> None:
        known = await metadata.find_schema("things")
        assert (await client.delete("/datasets/things?confirm=things")).status_code == 204
        metadata._remember("things", known, 60)  # as another process would
        assert problem(await client.put(ONE, json={})) == (404, "/problems/dataset-not-found")
        assert (await client.get(ONE)).status_code == 404

    async def test_another_of_the_same_name_has_none_of_its_records(self, client: AsyncClient, make: Make) -> None:
        await client.delete("/datasets/things?confirm=things")
        await make("things", THINGS, key=["code"], store="keyvalue")
        assert (await client.get(ONE)).status_code == 404
        assert (await client.put(ONE, json={})).status_code == 201
        await client.delete("/datasets/things?confirm=things")
        await make("things", THINGS, key=["code"])
        assert (await client.get(ONE)).status_code == 404
        assert (await client.get(RECORDS)).json() == {"data": [], "next": None}


async def _begin_change(since: int) -> None:
    """Change the dataset as a process does that then says nothing more."""
    schema = await metadata.find_schema("things")
    assert schema is not None
    changes = {"state": metadata.CHANGING, "token": "t", "since": since}
    await metadata.close("things", schema.id, changes, table.Condition("attribute_exists(#pk)"))
