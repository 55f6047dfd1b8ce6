"""The directory of an archive, read from its end."""

import io
import struct
import unicodedata
import zipfile

import pytest

from app.imports.archive.directory import BytesWanted, Entry, read_directory
from app.imports.errors import ArchiveRefused, FileDamaged
from tests.imports.pictures import pack

MOST = 2000


def entries_of(data: bytes, most: int = MOST, tail: int = 512) -> list[Entry]:
    """The entries of an archive, of which its end is known at first."""
    known = {max(0, len(data) - tail): data[-tail:]}
    while True:
        try:
            return read_directory(len(data), known, most)
        except BytesWanted as wanted:
            known[wanted.start] = data[wanted.start : wanted.end]


def renamed(path: str, raw: bytes, flags: int = 0) -> bytes:
    """An archive of one file whose name has these bytes in place of those of `path`, which are as many."""
    data = bytearray(pack({path: b"x" * 50}))
    assert len(raw) == len(path.encode())
    place = data.find(path.encode())
    while place >= 0:
        data[place : place + len(raw)] = raw
        place = data.find(path.encode(), place + 1)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(signature) + offset
        data[start : start + 2] = struct.pack("<H", flags)
    return bytes(data)


class TestEntries:
    def test_files_come_in_the_order_of_their_bytes_and_folders_do_not(self) -> None:
        data = pack({"b.csv": "x", "folder/": b"", "folder/a.jpg": b"y" * 9})
        assert [(entry.path, entry.size) for entry in entries_of(data)] == [("b.csv", 1), ("folder/a.jpg", 9)]

    def test_only_the_end_and_the_directory_are_read(self) -> None:
        data = pack({f"{number}.jpg": bytes(1000) for number in range(500)}, zipfile.ZIP_STORED)
        assert len(entries_of(data)) == 500

    def test_a_comment_and_zip64_do_no_harm(self) -> None:
        assert entries_of(pack({"a.csv": "x"}, comment=b"c" * 300))[0].path == "a.csv"
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
            member.write(b"x" * 70)
        assert entries_of(target.getvalue())[0].size == 70

    def test_more_entries_than_allowed_are_refused(self) -> None:
        data = pack({f"{number}": b"" for number in range(30)})
        assert len(entries_of(data, most=30)) == 30
        for tail in (100, 10_000):
            with pytest.raises(ArchiveRefused):
                entries_of(data, most=29 if tail > 100 else 1, tail=tail)

    def test_what_has_no_directory_is_damaged(self) -> None:
        whole = pack({"a.csv": "x" * 100, "b.jpg": b"y" * 100}, zipfile.ZIP_STORED)
        for data in (whole[:-30], whole[:40], b"PK\x03\x04" + bytes(200)):
            with pytest.raises(FileDamaged):
                entries_of(data)


class TestNames:
    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_names_are_in_one_form(self, form: str) -> None:
        name = unicodedata.normalize(form, "schön/ü.jpg")  # type: ignore[arg-type]  # one of two forms
        assert entries_of(pack({name: b"x"}))[0].path == "schön/ü.jpg"

    def test_backslashes_separate_folders(self) -> None:
        assert entries_of(renamed("a/b.jpg", b"a\\b.jpg"))[0].path == "a/b.jpg"

    def test_utf_8_that_is_not_said_is_read_all_the_same(self) -> None:
        entry = entries_of(renamed("aaa.jpg", "ü".encode() + b"a.jpg"))[0]
        assert (entry.path, entry.is_western) == ("üa.jpg", False)

    def test_other_names_are_cp437(self) -> None:
        entry = entries_of(renamed("aaa.jpg", "üäö.jpg".encode("cp437")))[0]
        assert (entry.path, entry.is_western) == ("üäö.jpg", True)

    def test_a_name_that_is_not_what_it_says_is_damaged(self) -> None:
        with pytest.raises(FileDamaged):
            entries_of(renamed("aaa.jpg", b"\xff\xfea.jpg", 0x800))


class TestOverlaps:
    def test_entries_that_share_bytes_are_refused(self) -> None:
        data = bytearray(pack({"a.jpg": bytes(100), "b.jpg": bytes(100)}, zipfile.ZIP_STORED))
        second = data.rfind(b"PK\x01\x02")
        data[second + 42 : second + 46] = struct.pack("<I", 0)
        with pytest.raises(ArchiveRefused, match="shares bytes"):
            entries_of(bytes(data))

    def test_an_entry_that_reaches_into_the_directory_is_refused(self) -> None:
        data = bytearray(pack({"a.jpg": bytes(100)}, zipfile.ZIP_STORED))
        first = data.rfind(b"PK\x01\x02")
        data[first + 20 : first + 24] = struct.pack("<I", 5000)
        with pytest.raises(ArchiveRefused, match="shares bytes"):
            entries_of(bytes(data))

    @pytest.mark.parametrize("flag", [0x1, 0x2001])
    def test_encryption_is_known(self, flag: int) -> None:
        assert entries_of(renamed("a.jpg", b"a.jpg", flag))[0].is_encrypted
