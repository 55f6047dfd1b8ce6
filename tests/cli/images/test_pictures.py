"""Pictures that a command line names."""

import hashlib
from pathlib import Path

import pytest

from app.cli.images.pictures import find_pictures
from app.client.api import CommandError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    for name in ("b.png", "a.JPG", "inner/c.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


class TestFolder:
    def test_all_pictures_in_it_are_meant(self, folder: Path) -> None:
        found = find_pictures([str(folder)])
        assert [picture.filename for picture in found] == ["a.JPG", "b.png", "c.webp"]

    def test_one_without_pictures(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="no picture in"):
            find_pictures([str(tmp_path)])


class TestFiles:
    def test_each_is_taken_once(self, folder: Path) -> None:
        found = find_pictures([str(folder / "b.png"), str(folder), str(folder / "b.png")])
        assert [picture.filename for picture in found] == ["b.png", "a.JPG", "c.webp"]

    def test_two_of_one_name(self, folder: Path) -> None:
        (folder / "inner" / "b.png").write_bytes(b"another")
        with pytest.raises(CommandError, match="have one name"):
            find_pictures([str(folder)])

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="There is no file"):
            find_pictures([str(tmp_path / "a.png")])

    def test_an_empty_one(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        with pytest.raises(CommandError, match="is empty"):
            find_pictures([str(tmp_path / "a.png")])

    def test_its_digest(self, folder: Path) -> None:
        (picture,) = find_pictures([str(folder / "b.png")])
        assert (picture.size, picture.sha256()) == (5, hashlib.sha256(b"b.png").hexdigest())
