"""The journal: what it gives back of what was written, and what it refuses."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.local.services import journal
from app.local.services.journal import Entry, Journal, JournalBroken, encode


def read(folder: Path) -> list[Entry]:
    return list(Journal(folder).read())


def write(folder: Path, *numbers: int) -> Journal:
    journal = Journal(folder)
    assert list(journal.read()) is not None
    for number in numbers:
        journal.append(encode({"number": number}))
    return journal


def numbers(entries: list[Entry]) -> list[int]:
    return [entry["number"] for entry in entries]


class TestRead:
    def test_nothing_at_first(self, tmp_path: Path) -> None:
        assert read(tmp_path / "new") == []

    def test_entries_in_their_order_over_several_starts(self, tmp_path: Path) -> None:
        write(tmp_path, 1, 2)
        write(tmp_path, 3)
        assert numbers(read(tmp_path)) == [1, 2, 3]

    @pytest.mark.parametrize("rest", [1, 8, 9, 10, 20])
    def test_what_was_cut_off_is_not_there(self, tmp_path: Path, rest: int) -> None:
        write(tmp_path, 1, 2)
        file = tmp_path / "journal-00000000"
        line = file.read_bytes().splitlines(keepends=True)[-1]
        with file.open("ab") as opened:
            opened.write(line[:rest])
        assert numbers(read(tmp_path)) == [1, 2]
        write(tmp_path, 3)
        assert numbers(read(tmp_path)) == [1, 2, 3]

    def test_zeros_of_a_power_cut_are_not_there(self, tmp_path: Path) -> None:
        write(tmp_path, 1)
        with (tmp_path / "journal-00000000").open("ab") as opened:
            opened.write(bytes(4096))
        assert numbers(read(tmp_path)) == [1]


class TestSnapshot:
    def test_begins_behind_an_entry_that_another_thread_is_writing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal_of = write(tmp_path, 1)
        begins = threading.Event()

        def write_late(file: int, content: bytes) -> None:
            begins.wait(0.5)
            os.write(file, content)

        monkeypatch.setattr(journal, "_write", write_late)
        appending = threading.Thread(target=journal_of.append, args=(encode({"number": 2}),))
        appending.start()
        time.sleep(0.1)
        snapshot = journal_of.begin_snapshot()
        begins.set()
        appending.join()
        snapshot.drop()
        assert numbers(read(tmp_path)) == [1, 2]

    def test_stands_for_what_was_before(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1, 2)
        snapshot = journal.begin_snapshot()
        snapshot.write([encode({"number": 12})])
        journal.append(encode({"number": 3}))
        journal.finish_snapshot(snapshot)
        assert {path.name for path in tmp_path.iterdir()} == {"snapshot-00000001", "journal-00000001"}
        assert numbers(read(tmp_path)) == [12, 3]

    def test_that_was_not_finished_leaves_the_journals(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1, 2)
        journal.begin_snapshot().write([encode({"number": 12})])
        journal.append(encode({"number": 3}))
        assert numbers(read(tmp_path)) == [1, 2, 3]
        assert {path.name for path in tmp_path.iterdir()} == {"journal-00000000", "journal-00000001"}

    def test_that_was_given_up_is_made_up_for_by_the_next(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1)
        journal.begin_snapshot().drop()
        journal.append(encode({"number": 2}))
        snapshot = journal.begin_snapshot()
        snapshot.write([encode({"number": 12})])
        journal.finish_snapshot(snapshot)
        assert numbers(read(tmp_path)) == [12]
        assert {path.name for path in tmp_path.iterdir()} == {"snapshot-00000002", "journal-00000002"}


class TestBroken:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        journal = write(tmp_path, 1, 2)
        snapshot = journal.begin_snapshot()
        snapshot.write([encode({"number": number}) for number in range(3)])
        journal.finish_snapshot(snapshot)
        journal.append(encode({"number": 3}))
        journal.append(encode({"number": 4}))
        return tmp_path

    def refuse(self, folder: Path, name: str) -> None:
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(JournalBroken, match=f"{folder / name} .*Nothing was changed"):
            read(folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    @pytest.mark.parametrize("name", ["snapshot-00000001", "journal-00000001"])
    def test_a_file_that_is_missing(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        self.refuse(folder, name)

    @pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
    def test_a_snapshot_that_was_cut(self, folder: Path, part: float) -> None:
        path = folder / "snapshot-00000001"
        os.truncate(path, int(path.stat().st_size * part))
        self.refuse(folder, path.name)

    @pytest.mark.parametrize("name", ["snapshot-00000001", "journal-00000001"])
    def test_any_byte_of_the_first_line(self, folder: Path, name: str) -> None:
        path = folder / name
        whole = path.read_bytes()
        for place in range(whole.index(b"\n") + 1):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            self.refuse(folder, name)

    def test_a_last_line_that_is_whole(self, folder: Path) -> None:
        path = folder / "journal-00000001"
        path.write_bytes(path.read_bytes().replace(b'"number":4', b'"number":5'))
        self.refuse(folder, path.name)


class TestFullDisk:
    @pytest.fixture
    def limit(self) -> Iterator[None]:
        """No file of this process grows beyond 1,000 bytes meanwhile, as if the disk were full."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def test_the_journal_goes_on_where_no_next_one_can_be_made(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1)
        (tmp_path / "journal-00000001").mkdir()
        with pytest.raises(IsADirectoryError):
            journal.begin_snapshot()
        journal.append(encode({"number": 2}))
        (tmp_path / "journal-00000001").rmdir()
        assert numbers(read(tmp_path)) == [1, 2]

    def test_a_snapshot_that_cannot_get_its_name_leaves_the_journals(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1)
        snapshot = journal.begin_snapshot()
        snapshot.write([encode({"number": 1})])
        (tmp_path / "snapshot-00000001").mkdir()
        with pytest.raises(IsADirectoryError):
            journal.finish_snapshot(snapshot)
        snapshot.drop()
        journal.append(encode({"number": 2}))
        (tmp_path / "snapshot-00000001").rmdir()
        assert numbers(read(tmp_path)) == [1, 2]

    @pytest.mark.usefixtures("limit")
    def test_what_could_not_be_written_is_not_there(self, tmp_path: Path) -> None:
        journal = write(tmp_path, 1)
        with pytest.raises(OSError, match="File too large"):
            journal.append(encode({"number": 2, "text": "x" * 2000}))
        journal.append(encode({"number": 3}))
        assert numbers(read(tmp_path)) == [1, 3]
