"""The data folder: its lock, its key, its memory."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.local.data_folder import ADMIN_KEY_VARIABLE, DataFolder, ImportedFile
from app.local.folder_lock import find_url
from app.local.process import LocalError

HOLD = """
import sys, time
from pathlib import Path
from app.local.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).locked("http://127.0.0.1:1"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(folder: Path) -> "subprocess.Popen[bytes]":
    """Another process that holds a folder."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    return holder


class TestLock:
    def test_is_held_by_one_process_and_freed_when_it_is_killed(self, tmp_path: Path) -> None:
        holder = hold_elsewhere(tmp_path)
        refusal = pytest.raises(LocalError, match=f"process {holder.pid}, which serves http://127.0.0.1:1")
        with refusal, DataFolder(tmp_path).locked("http://127.0.0.1:2"):
            pass
        holder.kill()
        holder.communicate()
        with DataFolder(tmp_path).locked("http://127.0.0.1:2"):
            pass


class TestFindUrl:
    """The lookup of the Tolva that serves a folder, by other commands."""

    def test_is_known_while_it_is_served_and_not_believed_afterwards(self, tmp_path: Path) -> None:
        assert find_url(tmp_path) is None
        holder = hold_elsewhere(tmp_path)
        assert find_url(tmp_path) == "http://127.0.0.1:1"
        holder.kill()
        holder.communicate()
        assert (tmp_path / "lock").read_text()
        assert find_url(tmp_path) is None

    @pytest.mark.parametrize("left", ["", "[]"])
    def test_of_a_lock_that_says_nothing_there_is_none(self, tmp_path: Path, left: str) -> None:
        with DataFolder(tmp_path).locked("http://127.0.0.1:2"):
            (tmp_path / "lock").write_text(left)
            assert find_url(tmp_path) is None

    def test_who_asks_keeps_nobody_from_starting(self, tmp_path: Path) -> None:
        enough = threading.Event()

        def ask() -> None:
            while not enough.wait(0.001):
                find_url(tmp_path)

        (tmp_path / "lock").touch()
        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for _ in range(20):
                with DataFolder(tmp_path).locked("http://127.0.0.1:2"):
                    assert find_url(tmp_path) == "http://127.0.0.1:2"
        finally:
            enough.set()
            thread.join()


class TestRights:
    """Nobody else on the machine reads what is in the folder."""

    def test_of_a_new_one(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path / "data")
        with folder.locked("http://127.0.0.1:1"):
            folder.note_imported_file("products", ImportedFile("00", finished=False))
            for path in (folder.path, *folder.path.iterdir()):
                assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_of_one_that_was_open_are_taken_and_it_is_said(self, tmp_path: Path) -> None:
        left = [tmp_path, tmp_path / "logs", tmp_path / "aws", tmp_path / "aws" / "state"]
        for path in left[1:]:
            path.mkdir()
        files = [tmp_path / "api.pid", tmp_path / "logs" / "api.log", tmp_path / "aws" / "state" / "s3.json"]
        for path in files:
            path.touch()
            path.chmod(0o666)
        for path in left:
            path.chmod(0o755)
        said: list[str] = []
        for _ in range(2):
            with DataFolder(tmp_path, said.append).locked("http://127.0.0.1:1"):
                assert {stat.S_IMODE(path.stat().st_mode) for path in left} == {0o700}
                assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert len(said) == 1
        assert str(tmp_path) in said[0]


class TestLogs:
    def test_are_bounded_in_bytes_and_number(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path)
        folder.logs.mkdir()
        log = folder.logs / "api.log"
        with log.open("ab", buffering=0) as writer:
            for number in range(6):
                writer.write(b"%d\n" % number * 600)
                folder.rotate_logs(1024)
                writer.write(b"after\n")
                folder.rotate_logs(1024)
        found = {path.name: path.read_bytes() for path in folder.logs.iterdir()}
        kept = {f"api.log.{6 - number}": b"after\n" + b"%d\n" % number * 600 for number in (3, 4, 5)}
        assert found == {"api.log": b"after\n", **kept}
        assert {stat.S_IMODE((folder.logs / name).stat().st_mode) for name in kept} == {0o600}


class TestAdminKey:
    @pytest.fixture(autouse=True)
    def _no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(ADMIN_KEY_VARIABLE, raising=False)

    def test_is_made_once_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        key = DataFolder(tmp_path).admin_key()
        assert key.startswith("tolva_admin_")
        assert len(key) > 40
        assert DataFolder(tmp_path).admin_key() == key
        assert stat.S_IMODE((tmp_path / "admin-key").stat().st_mode) == 0o600

    def test_may_be_given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ADMIN_KEY_VARIABLE, "given")
        assert DataFolder(tmp_path).admin_key() == "given"
        assert not (tmp_path / "admin-key").exists()


class TestImportedFiles:
    def test_are_remembered(self, tmp_path: Path) -> None:
        folder = DataFolder(tmp_path)
        assert folder.find_imported_file("products") is None
        folder.note_imported_file("products", ImportedFile("00", finished=False))
        folder.note_imported_file("others", ImportedFile("ff", finished=True))
        assert DataFolder(tmp_path).find_imported_file("products") == ImportedFile("00", finished=False)
