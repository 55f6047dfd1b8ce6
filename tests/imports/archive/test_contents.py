"""Contents of archives: the table, pictures, and what is not accepted."""

import pytest

from app.imports.archive.contents import ArchiveLimits, Contents, sort_entries
from app.imports.archive.directory import Entry
from app.imports.errors import ArchiveRefused, ArchiveTableUnclear, FileNotCsv, UnpackedTooLarge

LIMITS = ArchiveLimits(pictures=5, picture_bytes=1000, unpacked_bytes=100_000)


def entry(path: str, size: int = 10, *, method: int = 0, **members: bool) -> Entry:
    return Entry(path, 0, size, size, 0, method, **members)


def sort(*paths: str) -> Contents:
    return sort_entries([entry(path) for path in paths], LIMITS)


def problem(found: Entry) -> str:
    return sort_entries([entry("a.csv"), found], LIMITS).pictures[0].problem


class TestTable:
    @pytest.mark.parametrize("path", ["a.csv", "A.CSV", "x/a.tsv", "a.csv.gz", "a.tsv.zst", "a.txt", "a.tab", "data"])
    def test_the_one_table_is_found(self, path: str) -> None:
        assert sort("a.jpg", path, "__MACOSX/._b.csv", "x/.DS_Store", "Thumbs.db", "._c.csv").table.path == path

    def test_a_text_next_to_a_table_is_passed_over(self) -> None:
        found = sort("read.txt", "a.csv", "inner.zip")
        assert found.table.path == "a.csv"
        assert found.warnings == [
            "Files of the archive that are no table and no pictures were passed over: read.txt, inner.zip."
        ]

    def test_several_tables_are_unclear(self) -> None:
        with pytest.raises(ArchiveTableUnclear, match=r"2 tables: a\.csv, b/c\.tsv"):
            sort("a.csv", "b/c.tsv")

    def test_none_is_unclear_too_and_archives_are_not_opened(self) -> None:
        with pytest.raises(ArchiveTableUnclear, match=r"which are not opened: lib 0\.zip, lib 1\.zip"):
            sort("lib 0.zip", "lib 1.zip")

    @pytest.mark.parametrize("parts", [("[Content_Types].xml", "xl/workbook.xml"), ("mimetype", "content.xml")])
    def test_a_workbook_is_called_one(self, parts: tuple[str, str]) -> None:
        with pytest.raises(FileNotCsv):
            sort(*parts)

    @pytest.mark.parametrize("table", [entry("a.csv", is_encrypted=True), entry("a.csv", method=9)])
    def test_a_table_that_cannot_be_unpacked_is_refused(self, table: Entry) -> None:
        with pytest.raises(ArchiveRefused, match=r"encrypted|method"):
            sort_entries([table], LIMITS)

    def test_too_many_pictures_and_too_many_bytes_are_refused(self) -> None:
        with pytest.raises(ArchiveRefused):
            sort("a.csv", *(f"{number}.jpg" for number in range(6)))
        with pytest.raises(UnpackedTooLarge):
            sort_entries([entry("a.csv", 99_995), entry("a.jpg")], LIMITS)


class TestPictures:
    def test_a_picture_is_called_by_its_path_from_the_table(self) -> None:
        found = sort("shop/a.csv", "shop/images/x/1.jpg", "shop/2.jpg", "other/3.jpg", "shop/images/2.jpg")
        assert [picture.filename for picture in found.pictures] == ["x/1.jpg", "2.jpg", "other/3.jpg", "images/2.jpg"]

    def test_a_folder_of_pictures_is_no_part_of_any_name(self) -> None:
        found = sort("a.csv", "images/2.jpg", "images/images/2.jpg", "images/photo")
        assert [picture.filename for picture in found.pictures] == ["2.jpg", "images/2.jpg", "photo"]

    @pytest.mark.parametrize("path", ["../../etc/x.jpg", "/x.jpg", "C:/x.jpg", "a/../x.jpg", "a\x00.jpg", "a\n.jpg"])
    def test_a_name_that_leads_out_is_refused(self, path: str) -> None:
        assert problem(entry(path)) == "its name leads out of the archive, or has control characters"

    @pytest.mark.parametrize(
        ("found", "reason"),
        [
            (entry("a.jpg", is_encrypted=True), "it is encrypted"),
            (entry("a.jpg", is_link=True), "it is a link"),
            (entry("a.jpg", method=12), "it is packed by a method (number 12) that is not supported: use deflate"),
            (entry("a.jpg", 0), "it is empty"),
            (entry("a.jpg", 1001), "it has 1,001 bytes; 1,000 are the most"),
            (entry(f"{'x' * 260}.jpg"), "its name has more than 255 characters"),
        ],
    )
    def test_others_are_refused_by_name(self, found: Entry, reason: str) -> None:
        assert problem(found) == reason

    def test_what_unpacks_to_far_more_is_refused(self) -> None:
        bomb = Entry("a.jpg", 0, 5_000, 3_000_000, 0, 8)
        found = sort_entries([entry("a.csv"), bomb], ArchiveLimits(5, 10_000_000, 10_000_000))
        assert found.pictures[0].problem == "it unpacks to more than 100 times its size"

    def test_two_of_one_name_are_both_refused_and_letters_tell_them_apart(self) -> None:
        found = sort("a.csv", "x.jpg", "x.jpg", "A.jpg", "a.jpg")
        twice = "the archive has 2 entries of this name"
        assert [picture.problem for picture in found.pictures] == [twice, twice, "", ""]

    def test_names_that_were_guessed_are_a_warning(self) -> None:
        found = sort_entries([entry("a.csv"), entry("ü.jpg", is_western=True)], LIMITS)
        assert found.warnings[0].startswith("Names in the archive that are not UTF-8 were read as cp437: ü.jpg.")
