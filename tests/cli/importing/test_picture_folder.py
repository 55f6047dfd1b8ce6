"""Folders of a table and pictures, as `tolva import` sends them."""

import zipfile
from pathlib import Path

import pytest

from app.cli.display.bars import Bars
from app.cli.importing.picture_folder import PictureFolder
from app.cli.importing.sources import LocalFile, find_sources
from app.client.api import CommandError
from tests.cli.calls import on, records
from tests.imports.pictures import pack
from tests.local.running import RunningDev


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of a table, pictures and other files."""
    folder = tmp_path / "My shop"
    for name in ("goods.csv", "a.jpg", "images/x/B.PNG", "images/.hidden/c.jpg", "__MACOSX/._a.jpg", "read.me"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    (folder / "link").symlink_to(folder)
    return folder


def contents(source: PictureFolder) -> tuple[bytes, dict[str, bytes]]:
    """The bytes of a folder's archive, and the files in it."""
    with source.opened(Bars(quiet=True)) as file:
        data = file.stream.read()
        assert len(data) == file.size
        with zipfile.ZipFile(file.stream) as archive:
            return data, {info.filename: archive.read(info) for info in archive.infolist()}


class TestFolder:
    def test_one_table_is_packed_with_the_pictures(self, shop: Path) -> None:
        found = find_sources([str(shop)], 0)
        (source,) = found.sources
        assert isinstance(source, PictureFolder)
        assert source.name == "goods.zip"
        names = ("goods.csv", "a.jpg", "images/x/B.PNG")
        assert contents(source)[1] == {name: f"content of {name}".encode() for name in names}
        assert found.passed_over == [str(shop / "read.me")]

    def test_the_same_files_make_the_same_archive(self, shop: Path) -> None:
        (source,) = find_sources([str(shop)], 0).sources
        assert isinstance(source, PictureFolder)
        first = contents(source)[0]
        (shop / "a.jpg").touch()
        assert contents(source)[0] == first

    def test_several_tables_are_imported_without_pictures(self, shop: Path) -> None:
        (shop / "more.csv").write_text("x")
        found = find_sources([str(shop)], 0)
        assert [type(source) for source in found.sources] == [LocalFile, LocalFile]
        assert str(shop / "a.jpg") in found.passed_over

    def test_what_goes_away_is_said(self, shop: Path) -> None:
        (source,) = find_sources([str(shop)], 0).sources
        (shop / "a.jpg").unlink()
        with pytest.raises(CommandError, match=r"a\.jpg: No such file"), source.opened(Bars(quiet=True)):
            pass


class TestArchive:
    def test_an_archive_has_a_dataset_of_its_name(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "packed.zip").write_bytes(pack({"deep/rows.csv": "code,name\n1,fig\n2,kiwi\n"}))
        done = on(dev, "import", str(tmp_path / "packed.zip"))
        assert done.code == 0, done.err
        assert len(records(dev, "packed")) == 2
