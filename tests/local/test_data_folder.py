"""The data folder: its lock, its key, its memory."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.local.data_folder import ADMIN_KEY_VARIABLE, DataFolder, ImportedFile
from app.local.process import LocalError

HOLD = """
import sys, time
from pathlib import Path
from app.local.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).locked("http://127.0.0.1:1"):
    print("held", flush=True)
    time.sleep(60)
"""


class TestLock:
    def test_is_held_by_one_process_and_freed_when_it_is_killed(self, tmp_path: Path) -> None:
        holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        refusal = pytest.raises(LocalError, match=f"process {holder.pid}, which serves http://127.0.0.1:1")
        with refusal, DataFolder(tmp_path).locked("http://127.0.0.1:2"):
            pass
        holder.kill()
        holder.communicate()
        with DataFolder(tmp_path).locked("http://127.0.0.1:2"):
            pass


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
