"""Archives in the bucket, of which only some bytes are read."""

import zipfile

import pytest

from app.core.aws.storage import StoredObject, find_object, write_object
from app.imports.archive.directory import Entry, read_directory
from app.imports.archive.member import MemberDamaged
from app.imports.archive.opening import RUN_BYTES, Run, open_archive, read_entry, read_run, split_runs
from tests.imports.pictures import pack

FILES = {"t.csv": b"a,b\n1,2\n", **{f"p/{number:02}.jpg": bytes([number]) * 2000 for number in range(20)}}


async def store(data: bytes) -> StoredObject:
    """An archive in the bucket."""
    await write_object("uploads/imports/x/a.zip", data, "application/zip")
    stored = await find_object("uploads/imports/x/a.zip")
    assert stored is not None
    return stored


def entry(offset: int, packed: int) -> Entry:
    return Entry("a.jpg", offset, packed, packed, 0, 0, name_bytes=5)


@pytest.mark.usefixtures("database_url")
class TestReading:
    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    async def test_a_run_has_the_content_of_its_entries(self, method: int) -> None:
        stored = await store(pack(FILES, method))
        contents = await open_archive(stored)
        entries = [picture.entry for picture in contents.pictures][3:12]
        run = await read_run(stored, entries)
        assert len(run.data) < stored.size
        assert [await read_entry(stored, found, run) for found in entries] == [FILES[found.path] for found in entries]

    async def test_what_a_run_lacks_is_read_by_itself(self) -> None:
        stored = await store(data := pack(FILES, zipfile.ZIP_STORED))
        found = read_directory(len(data), {0: data}, 100)[5]
        run = Run(found.offset, data[found.offset : found.offset + 500])
        assert await read_entry(stored, found, run) == FILES[found.path]

    async def test_what_the_archive_lacks_is_damaged(self) -> None:
        data = pack(FILES, zipfile.ZIP_STORED)
        found = read_directory(len(data), {0: data}, 100)[-1]
        stored = await store(data[: found.offset + 500])
        with pytest.raises(MemberDamaged):
            await read_entry(stored, found, await read_run(stored, [found]))


class TestRuns:
    def test_they_are_of_bounded_size(self) -> None:
        third = RUN_BYTES // 3
        entries = [entry(place * third, third - 1000) for place in range(7)]
        assert [len(run) for run in split_runs(entries)] == [3, 3, 1]

    def test_a_large_entry_is_alone(self) -> None:
        entries = [entry(0, 10), entry(1000, 2 * RUN_BYTES), entry(3 * RUN_BYTES, 10)]
        assert [len(run) for run in split_runs(entries)] == [1, 1, 1]
        assert list(split_runs([])) == []
