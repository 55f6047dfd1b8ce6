import pytest
from httpx import AsyncClient

from app.core.storage import PART_SIZE, ObjectWriter, find_object, list_objects, presign_upload, read_object

pytestmark = pytest.mark.usefixtures("database_url")


async def _read(key: str) -> bytes:
    stored = await find_object(key)
    assert stored is not None
    return b"".join([block async for block in read_object(stored)])


class TestObjectWriter:
    async def test_a_small_file_comes_back(self) -> None:
        await _write("reports/small.csv", b"a,b\n", b"1,2\n")
        assert await _read("reports/small.csv") == b"a,b\n1,2\n"

    async def test_a_file_of_several_parts_comes_back(self) -> None:
        block = bytes(range(256)) * 4096
        blocks = [block] * (PART_SIZE * 2 // len(block) + 1)
        await _write("reports/large.bin", *blocks)
        assert await _read("reports/large.bin") == b"".join(blocks)

    async def test_given_up_it_leaves_nothing(self) -> None:
        writer = ObjectWriter("reports/broken.bin", "application/octet-stream")
        await writer.write(bytes(PART_SIZE + 1))
        await writer.abort()
        assert await find_object("reports/broken.bin") is None


class TestReadObject:
    async def test_the_version_that_was_found_is_read(self) -> None:
        await _write("reports/twice.csv", b"old")
        old = await find_object("reports/twice.csv")
        await _write("reports/twice.csv", b"newer")
        assert old is not None
        assert b"".join([block async for block in read_object(old)]) == b"old"
        assert await find_object("reports/twice.csv", old.version) == old


class TestListObjects:
    async def test_the_keys_below_a_prefix(self) -> None:
        await _write("reports/x/1.csv", b"1")
        await _write("reports/y/2.csv", b"2")
        assert [key async for key in list_objects("reports/x/")] == ["reports/x/1.csv"]


class TestPresignUpload:
    async def test_whoever_has_it_can_upload(self) -> None:
        upload = await presign_upload("uploads/imports/1/a.csv", size=8, content_type="text/csv")
        async with AsyncClient() as caller:
            response = await caller.request(upload.method, upload.url, headers=upload.headers, content=b"a,b\n1,2\n")
        assert response.status_code == 200
        assert await _read("uploads/imports/1/a.csv") == b"a,b\n1,2\n"


async def _write(key: str, *blocks: bytes) -> None:
    writer = ObjectWriter(key, "text/csv")
    for block in blocks:
        await writer.write(block)
    await writer.finish()
