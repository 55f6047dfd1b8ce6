"""Which files are complete."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.local.inbox.folder_watch import Settling, Signature, is_being_written, sign

FILE, OTHER = Path("a"), Path("b")


class TestSettling:
    def test_a_file_that_stays_as_it_is_settles(self) -> None:
        settling = Settling(2)
        assert settling.update({FILE: Signature(1, 1, 1)}, 0) == []
        assert settling.update({FILE: Signature(1, 1, 1)}, 1.9) == []
        assert settling.update({FILE: Signature(1, 1, 1)}, 2) == [FILE]

    @pytest.mark.parametrize("changed", [Signature(2, 1, 1), Signature(1, 2, 1), Signature(1, 1, 2)])
    def test_one_that_changes_begins_again(self, changed: Signature) -> None:
        settling = Settling(2)
        settling.update({FILE: Signature(1, 1, 1), OTHER: Signature(1, 1, 1)}, 0)
        assert settling.update({FILE: changed, OTHER: Signature(1, 1, 1)}, 3) == [OTHER]
        assert settling.update({FILE: changed}, 5) == [FILE]

    def test_one_that_was_gone_begins_again(self) -> None:
        settling = Settling(2)
        settling.update({FILE: Signature(1, 1, 1)}, 0)
        settling.update({}, 1)
        assert settling.update({FILE: Signature(1, 1, 1)}, 3) == []


class TestIsBeingWritten:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
    @pytest.mark.parametrize(("mode", "writes"), [("ab", True), ("r+b", True), ("rb", False)])
    def test_by_another_process(self, tmp_path: Path, mode: str, writes: bool) -> None:
        file = tmp_path / "x.csv"
        file.write_text("a")
        script = "import sys; file = open(sys.argv[1], sys.argv[2]); print('open', flush=True); sys.stdin.read()"
        other = subprocess.Popen(
            [sys.executable, "-c", script, str(file), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert other.stdout
        assert other.stdout.readline() == b"open\n"
        assert is_being_written(file) is writes
        other.communicate()
        assert not is_being_written(file)

    def test_of_no_file(self, tmp_path: Path) -> None:
        assert not is_being_written(tmp_path / "absent")


class TestSign:
    def test_another_file_in_its_place_is_another_one(self, tmp_path: Path) -> None:
        file, other = tmp_path / "a", tmp_path / "b"
        for path in (file, other):
            path.write_text("same")
            os.utime(path, (1, 1))
        before = sign(file)
        other.replace(file)
        assert sign(file) != before
