"""Uploads in parts: announced, sent in any order, gone on with, completed, given up."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.aws.clients import client as aws_client
from app.core.settings import MIB, get_settings
from tests.conftest import Drain

Document = dict[str, Any]
PART = 5 * MIB
LINE = b"%07d,some text that fills the file up to its size\n"
CONTENT = b"code,note\n" + b"".join(LINE % number for number in range(250_000))
COUNT = -(-len(CONTENT) // PART)
DATASET = {"name": "big"}


def piece(number: int) -> bytes:
    return CONTENT[(number - 1) * PART : number * PART]


@pytest.fixture(autouse=True)
def small_parts(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLVA_PART_BYTES", str(PART))
    get_settings.cache_clear()


@pytest.fixture
async def announced(client: AsyncClient) -> Document:
    """An import of CONTENT, in parts."""
    await client.post("/datasets", json=DATASET)
    return await _announce(client, size=len(CONTENT), in_parts=True)


async def _announce(client: AsyncClient, **body: Any) -> Document:
    response = await client.post("/datasets/big/imports", json={"filename": "big.csv", **body})
    assert response.status_code == 201, response.text
    created: Document = response.json()
    return created


async def _send(client: AsyncClient, import_id: str, numbers: Sequence[int]) -> list[Response]:
    signed = await client.post(f"/imports/{import_id}/parts", json={"parts": list(numbers)})
    assert signed.status_code == 200, signed.text
    assert signed.headers["cache-control"] == "no-store"
    answers = []
    async with AsyncClient(trust_env=False) as storage:
        for part in signed.json()["data"]:
            content = piece(part["part"])
            assert part["size"] == len(content)
            answers.append(await storage.put(part["url"], headers=part["headers"], content=content))
    return answers


async def _uploads(import_id: str = "") -> list[Any]:
    """The uploads that are under way, of one import or of all."""
    s3 = await aws_client("s3")
    found = await s3.list_multipart_uploads(Bucket=get_settings().bucket)
    return [upload for upload in found.get("Uploads", []) if import_id in upload["Key"]]


def _problem(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


class TestUpload:
    async def test_a_file_in_parts_is_imported(self, client: AsyncClient, announced: Document, worker: Drain) -> None:
        assert announced["upload"] is None
        assert announced["parts"] == {"part_bytes": PART, "count": COUNT}
        for answer in await _send(client, announced["id"], range(COUNT, 0, -1)):
            assert answer.status_code == 200, answer.text
        done = await client.post(f"/imports/{announced['id']}/complete")
        assert (done.status_code, done.json()["id"]) == (200, announced["id"])
        await worker()
        shown = (await client.get(f"/imports/{announced['id']}")).json()
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 250_000)
        assert await _uploads(announced["id"]) == []

    async def test_it_goes_on_where_it_broke_off(self, client: AsyncClient, announced: Document, worker: Drain) -> None:
        path = f"/imports/{announced['id']}"
        await _send(client, announced["id"], [2])
        shown = (await client.get(f"{path}/parts")).json()
        assert shown == {
            "part_bytes": PART,
            "count": COUNT,
            "size": len(CONTENT),
            "data": [{"part": 2, "size": PART, "etag": hashlib.md5(piece(2)).hexdigest()}],
        }
        refused = await client.post(f"{path}/complete")
        assert _problem(refused) == (409, "/problems/parts-missing")
        assert "1, 3" in refused.json()["detail"]
        await _send(client, announced["id"], [number for number in range(1, COUNT + 1) if number != 2])
        assert (await client.post(f"{path}/complete")).status_code == 200
        await worker()
        assert (await client.get(path)).json()["status"] == "succeeded"

    async def test_to_complete_it_again_changes_nothing(self, client: AsyncClient, announced: Document) -> None:
        await _send(client, announced["id"], range(1, COUNT + 1))
        for _ in range(2):
            assert (await client.post(f"/imports/{announced['id']}/complete")).status_code == 200

    async def test_a_part_of_another_size_is_refused_by_the_bucket_or_counts_as_missing(
        self, client: AsyncClient, announced: Document
    ) -> None:
        await _send(client, announced["id"], range(2, COUNT + 1))
        signed = (await client.post(f"/imports/{announced['id']}/parts", json={"parts": [1]})).json()["data"][0]
        async with AsyncClient(trust_env=False) as storage:
            await storage.put(signed["url"], content=piece(1)[:-1])
        assert _problem(await client.post(f"/imports/{announced['id']}/complete")) == (409, "/problems/parts-missing")

    async def test_a_cancelled_one_leaves_nothing(self, client: AsyncClient, announced: Document) -> None:
        await _send(client, announced["id"], [1])
        assert len(await _uploads(announced["id"])) == 1
        assert (await client.post(f"/imports/{announced['id']}/cancel")).status_code == 200
        assert await _uploads(announced["id"]) == []
        for request in (
            client.get(f"/imports/{announced['id']}/parts"),
            client.post(f"/imports/{announced['id']}/parts", json={"parts": [1]}),
            client.post(f"/imports/{announced['id']}/complete"),
        ):
            assert _problem(await request) == (409, "/problems/upload-over")

    async def test_one_that_the_bucket_removed_is_over(self, client: AsyncClient, announced: Document) -> None:
        s3 = await aws_client("s3")
        (upload,) = await _uploads(announced["id"])
        await s3.abort_multipart_upload(Bucket=get_settings().bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for request in (
            client.get(f"/imports/{announced['id']}/parts"),
            client.post(f"/imports/{announced['id']}/complete"),
        ):
            assert _problem(await request) == (409, "/problems/upload-over")


class TestAnnouncement:
    async def test_what_one_request_cannot_bring_goes_in_parts(
        self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.post("/datasets", json=DATASET)
        monkeypatch.setenv("TOLVA_MAX_SINGLE_UPLOAD_BYTES", "1000")
        get_settings.cache_clear()
        assert (await _announce(client, size=1000))["parts"] is None
        assert (await _announce(client, size=1001))["parts"] == {"part_bytes": PART, "count": 1}

    async def test_parts_grow_with_the_file_so_that_they_are_not_too_many(
        self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.post("/datasets", json=DATASET)
        size = 100 * 1024**3
        monkeypatch.setenv("TOLVA_MAX_FILE_BYTES", str(size))
        get_settings.cache_clear()
        assert (await _announce(client, size=size))["parts"] == {"part_bytes": 11 * MIB, "count": 9310}

    async def test_it_needs_the_size(self, client: AsyncClient) -> None:
        await client.post("/datasets", json=DATASET)
        response = await client.post("/datasets/big/imports", json={"filename": "big.csv", "in_parts": True})
        assert _problem(response) == (422, "/problems/request-invalid")
        assert "`in_parts` needs `size`" in response.text

    async def test_a_file_over_the_limit_begins_no_upload(
        self, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await client.post("/datasets", json=DATASET)
        monkeypatch.setenv("TOLVA_MAX_FILE_BYTES", "10")
        get_settings.cache_clear()
        before = await _uploads()
        body = {"filename": "big.csv", "size": 11, "in_parts": True}
        assert _problem(await client.post("/datasets/big/imports", json=body)) == (413, "/problems/file-too-large")
        assert await _uploads() == before


class TestParts:
    @pytest.mark.parametrize("numbers", [[], [0], ["a"], [1] * 101])
    async def test_numbers_are_checked(self, client: AsyncClient, announced: Document, numbers: list[Any]) -> None:
        response = await client.post(f"/imports/{announced['id']}/parts", json={"parts": numbers})
        assert _problem(response) == (422, "/problems/request-invalid")

    async def test_a_part_that_the_file_does_not_have_is_refused(
        self, client: AsyncClient, announced: Document
    ) -> None:
        response = await client.post(f"/imports/{announced['id']}/parts", json={"parts": [1, COUNT + 1]})
        assert _problem(response) == (422, "/problems/part-invalid")

    async def test_a_file_of_one_request_has_none(self, client: AsyncClient) -> None:
        await client.post("/datasets", json=DATASET)
        announced = await _announce(client, size=len(CONTENT))
        for request in (
            client.get(f"/imports/{announced['id']}/parts"),
            client.post(f"/imports/{announced['id']}/parts", json={"parts": [1]}),
            client.post(f"/imports/{announced['id']}/complete"),
        ):
            assert _problem(await request) == (409, "/problems/upload-not-in-parts")

    async def test_a_key_that_may_not_write_gets_none(self, client: AsyncClient, announced: Document) -> None:
        key = (await client.post("/keys", json={"name": "reader", "scopes": ["read"]})).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        for request in (
            client.get(f"/imports/{announced['id']}/parts", headers=headers),
            client.post(f"/imports/{announced['id']}/parts", json={"parts": [1]}, headers=headers),
            client.post(f"/imports/{announced['id']}/complete", headers=headers),
        ):
            assert _problem(await request) == (403, "/problems/scope-missing")
