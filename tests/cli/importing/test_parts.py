"""Large files in parts: a client that is killed in the middle, and one that goes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.client import parts
from app.client.api import Client, CommandError, Document, UploadFailed
from app.client.parts import FileChanged, UploadBroke, upload_parts
from app.core.settings import MIB
from tests.local.running import ADMIN_KEY, RunningDev, environment, eventually

PART = 5 * MIB
ROWS = 900_000
# The command as it is, but for the size from which a file goes in parts, the speed, and a note of each part it sends.
SCRIPT = """
import sys, time
from app.cli.importing import run
from app.client import parts

run.LEAST_BYTES = 1
send = parts.send_bytes

def slowly(*arguments):
    send(*arguments)
    print("sent a part", flush=True)
    time.sleep({pause})

parts.send_bytes = slowly
from app.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def dev_of_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder = tmp_path_factory.mktemp("parts") / "data"
    with RunningDev(folder, variables={"TOLVA_PART_BYTES": str(PART)}) as running:
        yield running


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    path.write_text("code,note\n" + "".join(f"{row:07},a text of row {row}\n" for row in range(ROWS)))
    return path


def start(dev: RunningDev, *arguments: str, pause: float = 0) -> "subprocess.Popen[str]":
    variables = environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
    command = [sys.executable, "-c", SCRIPT.format(pause=pause), *arguments]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def arrived(dev: RunningDev, dataset: str) -> tuple[str, list[Any], int]:
    """The id of a dataset's import, the parts that have arrived, and how many there are; none before there is one."""
    found = dev.request("GET", f"/datasets/{dataset}/imports").json().get("data")
    if not found:
        return "", [], 0
    shown = dev.request("GET", f"/imports/{found[0]['id']}/parts").json()
    return found[0]["id"], shown.get("data", []), shown.get("count", 0)


class TestKilled:
    def test_it_goes_on_where_it_was(self, dev_of_parts: RunningDev, big: Path) -> None:
        process = start(dev_of_parts, "import", str(big), "--dataset", "killed", pause=0.5)
        assert eventually(lambda: len(arrived(dev_of_parts, "killed")[1]) >= 2)
        process.kill()
        _, err = process.communicate(timeout=30)
        import_id, there, count = arrived(dev_of_parts, "killed")
        assert f"--resume {import_id}" in err
        assert 2 <= len(there) < count
        going_on = start(dev_of_parts, "import", str(big), "--resume", import_id)
        out, err = going_on.communicate(timeout=120)
        assert going_on.returncode == 0, err
        assert f"{ROWS:,} added" in out
        assert out.count("sent a part") == count - len(there)

    def test_an_interrupted_one_is_cancelled(self, dev_of_parts: RunningDev, big: Path) -> None:
        process = start(dev_of_parts, "import", str(big), "--dataset", "interrupted", pause=0.5)
        assert eventually(lambda: len(arrived(dev_of_parts, "interrupted")[1]) >= 1)
        process.terminate()
        process.communicate(timeout=60)
        assert dev_of_parts.request("GET", "/datasets/interrupted").status_code == 404

    def test_another_file_does_not_take_its_place(self, dev_of_parts: RunningDev, big: Path, tmp_path: Path) -> None:
        process = start(dev_of_parts, "import", str(big), "--dataset", "other", pause=0.5)
        assert eventually(lambda: len(arrived(dev_of_parts, "other")[1]) >= 1)
        process.kill()
        process.communicate(timeout=30)
        import_id, _, count = arrived(dev_of_parts, "other")
        (tmp_path / "small.csv").write_text("a\n1\n")
        refused = start(dev_of_parts, "import", str(tmp_path / "small.csv"), "--resume", import_id)
        _, err = refused.communicate(timeout=60)
        assert refused.returncode == 1
        assert "it is another one" in err
        # Of one of the same size, the parts that differ are sent.
        content = bytearray(big.read_bytes())
        content[-5:-1] = b"last"
        content[20:21] = b"A"
        (tmp_path / "same.csv").write_bytes(content)
        done = start(dev_of_parts, "import", str(tmp_path / "same.csv"), "--resume", import_id)
        out, err = done.communicate(timeout=120)
        assert done.returncode == 0, err
        assert out.count("sent a part") == count

    def test_it_is_for_one_file(self, dev_of_parts: RunningDev, big: Path) -> None:
        process = start(dev_of_parts, "import", str(big), str(big), "--resume", "x")
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "Name the one file" in err


class Api(Client):
    """Stands for the API and the bucket: an upload of three bytes in three parts."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "key")
        self.asked: list[int] = []
        self.completed = False

    def request(self, method: str, path: str, *, body: Document | None = None, **parameters: str) -> Document:
        if path.endswith("/complete"):
            self.completed = True
            return {}
        if body is None:
            return {"size": 3, "part_bytes": 1, "count": 3, "data": []}
        self.asked += body["parts"]
        return {"data": [{"part": body["parts"][0], "size": 1, "url": "", "method": "PUT", "headers": {}}]}


class TestAttempts:
    @pytest.fixture
    def pauses(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        slept: list[float] = []
        monkeypatch.setattr("app.client.parts.time.sleep", slept.append)
        return slept

    def _send(self, monkeypatch: pytest.MonkeyPatch, folder: Path, failures: int) -> Api:
        left = failures

        def send(*_: Any) -> None:
            nonlocal left
            if left:
                left -= 1
                raise UploadFailed("The upload broke off.")

        monkeypatch.setattr(parts, "send_bytes", send)
        (folder / "file").write_bytes(b"abc")
        api = Api()
        with (folder / "file").open("rb") as stream:
            upload_parts(api, "i", stream, 3, lambda _: None)
        return api

    def test_a_part_that_breaks_off_is_signed_and_sent_again(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pauses: list[float]
    ) -> None:
        api = self._send(monkeypatch, tmp_path, 2)
        assert api.asked == [1, 1, 1, 2, 3]
        assert pauses == [1, 2]
        assert api.completed

    def test_after_several_attempts_it_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pauses: list[float]
    ) -> None:
        with pytest.raises(UploadBroke, match="Part 1 could not be sent: The upload broke off"):
            self._send(monkeypatch, tmp_path, parts.ATTEMPTS)
        assert len(pauses) == parts.ATTEMPTS - 1

    def test_a_file_that_became_shorter_is_not_sent(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pauses: list[float]
    ) -> None:
        monkeypatch.setattr(parts, "send_bytes", lambda *_: None)
        (tmp_path / "file").write_bytes(b"ab")
        with (tmp_path / "file").open("rb") as stream, pytest.raises(FileChanged) as raised:
            upload_parts(Api(), "i", stream, 3, lambda _: None)
        assert isinstance(raised.value, CommandError)
