import asyncio
import os
import random
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from httpx import AsyncClient

from app.core.aws.clients import close_clients
from app.core.aws.storage import (
    PART_SIZE,
    ObjectWriter,
    find_object,
    list_pages,
    part_size,
    presign_upload,
    read_object,
)

pytestmark = pytest.mark.usefixtures("database_url")

BREAKS_AFTER = 400_000


@pytest_asyncio.fixture
async def through_breaking_proxy(database_url: str) -> AsyncIterator[None]:
    """Lets requests to the emulator take a way on which the first two long answers break off."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    target = urlsplit(endpoint)
    breaks_after = [BREAKS_AFTER, 2 * BREAKS_AFTER]

    async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, breaks: list[int]) -> None:
        passed = 0
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
            passed += len(data)
            if breaks and passed >= breaks[0]:
                breaks.pop(0)
                break
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(target.hostname, target.port)
        ways = pass_on(reader, upstream_writer, []), pass_on(upstream_reader, writer, breaks_after)
        await asyncio.gather(*ways, return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await close_clients()
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield
    finally:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        await close_clients()
        server.close()


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

    def test_its_parts_grow_as_s3_takes_few(self) -> None:
        assert part_size(0) == PART_SIZE
        assert sum(part_size(number) for number in range(10_000)) > 150e9

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

    async def test_goes_on_where_a_connection_broke(self, through_breaking_proxy: None) -> None:
        content = random.Random(7).randbytes(4 * BREAKS_AFTER)
        await _write("reports/broken.bin", content)
        assert await _read("reports/broken.bin") == content


class TestListObjects:
    async def test_the_keys_below_a_prefix(self) -> None:
        await _write("reports/x/1.csv", b"1")
        await _write("reports/y/2.csv", b"2")
        assert [keys async for keys in list_pages("reports/x/")] == [["reports/x/1.csv"]]


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
