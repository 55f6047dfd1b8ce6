import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from app.cli.display.target_file import target_file, write_file


class TestTargetFile:
    def test_until_all_is_written_the_old_one_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("old")
        path.chmod(0o640)
        with target_file(path) as file:
            file.write(b"new")
            assert path.read_text() == "old"
        assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
        assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]

    def test_what_breaks_off_leaves_nothing(self, tmp_path: Path) -> None:
        def break_off() -> Iterator[bytes]:
            yield b"half"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_file(tmp_path / "a.csv", break_off())
        assert list(tmp_path.iterdir()) == []

    def test_a_link_leads_to_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "a.csv")
        write_file(tmp_path / "link", [b"a", b"b"])
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "a.csv").read_bytes() == b"ab"

    def test_a_pipe_is_written_as_it_is(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        write_file(tmp_path / "pipe", [b"a", b"b"])
        assert os.read(reader, 10) == b"ab"
        os.close(reader)

    def test_a_place_that_cannot_be_written_ends_the_command(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for path in (tmp_path / "absent" / "a.csv", tmp_path):
            with pytest.raises(typer.Exit):
                write_file(path, [b"a"])
            assert "cannot be written" in capsys.readouterr().err
