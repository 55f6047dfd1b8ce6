from pathlib import Path

import pytest

from app.cli.importing import watched_files
from app.cli.importing.watched_files import WatchedFiles
from app.client.api import CommandError, Unreachable
from app.local.inbox.folder_watch import Settling


class Watching:
    """Files that are looked at, with what was imported of them and what was said."""

    def __init__(self, place: Path) -> None:
        self.taken: list[str] = []
        self.said: list[str] = []
        self.files = WatchedFiles(place, lambda file: self.taken.append(file.name), self.said.append)
        # What has been looked at once has settled.
        self.files._settling = Settling(0.0)


class TestLook:
    def test_a_file_is_imported_when_it_changes(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text("a\n1\n")
        watching = Watching(file)
        for content in (None, None, "a\n22\n", None):
            if content is not None:
                file.write_text(content)
            watching.files.look()
        assert watching.taken == ["a.csv", "a.csv"]

    def test_of_a_folder_only_its_csv_files_are(self, tmp_path: Path) -> None:
        watching = Watching(tmp_path)
        for name in ("a.csv", "b.txt.gz", "c.pdf"):
            (tmp_path / name).write_text("x")
        (tmp_path / "empty.csv").touch()
        watching.files.look()
        assert "c.pdf" not in watching.taken
        assert "a.csv" in watching.taken
        assert "empty.csv" not in watching.taken

    def test_what_is_there_may_be_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x")
        watching = Watching(tmp_path)
        watching.files.pass_over()
        (tmp_path / "b.csv").write_text("x")
        watching.files.look()
        assert watching.taken == ["b.csv"]

    def test_one_that_comes_again_is_new(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text("x")
        watching = Watching(tmp_path)
        watching.files.look()
        file.unlink()
        watching.files.look()
        file.write_text("x")
        watching.files.look()
        assert watching.taken == ["a.csv", "a.csv"]

    def test_one_that_is_waited_for_is_said_once(self, tmp_path: Path) -> None:
        watching = Watching(tmp_path / "a.csv")
        watching.files.look()
        watching.files.look()
        assert watching.said == [f"{tmp_path / 'a.csv'} is not there; waiting for it."]

    def test_while_nothing_answers_it_is_tried_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.csv").write_text("x")
        monkeypatch.setattr(watched_files, "RETRY_SECONDS", 0.0)
        tries = []

        def take(file: Path) -> None:
            tries.append(file)
            if len(tries) < 3:
                raise Unreachable("Nothing answers.")

        said: list[str] = []
        files = WatchedFiles(tmp_path, take, said.append)
        files._settling = Settling(0.0)
        for _ in range(5):
            files.look()
        assert (len(tries), said) == (3, ["Nothing answers.\nTrying again."])


class TestPlace:
    def test_one_in_no_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="There is neither"):
            Watching(tmp_path / "absent" / "a.csv")
