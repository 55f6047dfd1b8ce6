"""`tolva dev` as a person runs it: real processes, real signals."""

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import psutil
import pytest

from app.local import dev as local_dev
from app.local.dev import DevOptions, check_port, find_full_disk
from app.local.process import LocalError
from tests.local.running import (
    ADMIN_KEY,
    STOP_SECONDS,
    RunningDev,
    all_ended,
    command,
    command_line,
    environment,
    eventually,
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """One `tolva dev` for the tests that leave it running."""
    with RunningDev(tmp_path_factory.mktemp("dev") / "data") as running:
        yield running


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), check=False, capture_output=True, text=True, env=environment(**variables), timeout=60
    )


class TestStart:
    def test_says_where_to_look(self, dev: RunningDev) -> None:
        # The lines follow the first one in a moment of their own: this is the last.
        assert eventually(lambda: str(dev.folder) in dev.text())
        for expected in (dev.url, "/docs#key=", "Admin key", "curl -H 'Authorization: Bearer"):
            assert expected in dev.text()

    def test_answers(self, dev: RunningDev) -> None:
        assert dev.request("GET", "/datasets").json()["data"] == []

    def test_pages_of_this_computer_may_call_and_others_are_told_of_the_setting(self, dev: RunningDev) -> None:
        for origin in ("http://localhost:5173", "https://[::1]:8443", "http://127.0.0.1:3000"):
            answer = httpx.get(f"{dev.url}/health", headers={"Origin": origin}, trust_env=False)
            assert answer.headers["access-control-allow-origin"] == origin
        refused = httpx.get(f"{dev.url}/health", headers={"Origin": "https://a.example"}, trust_env=False)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/origin-not-allowed")
        assert eventually(lambda: "origin.refused" in (dev.folder / "logs" / "api.log").read_text())
        assert "TOLVA_CORS_ORIGINS" in (dev.folder / "logs" / "api.log").read_text()

    def test_an_address_of_a_megabyte_is_told_as_a_problem(self, dev: RunningDev) -> None:
        connection = HTTPConnection("127.0.0.1", dev.port, timeout=30)
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        connection.request("GET", f"/datasets/none/records?a={'x' * 1_000_000}", headers=headers)
        response = connection.getresponse()
        assert response.getheader("content-type") == "application/problem+json"
        connection.close()

    def test_keeps_logs(self, dev: RunningDev) -> None:
        logs = {path.name for path in (dev.folder / "logs").iterdir()}
        assert logs == {"api.log", "worker.log", "postgres.log", "aws.log"}

    def test_others_read_nothing(self, dev: RunningDev) -> None:
        for path in (dev.folder, *dev.folder.rglob("*")):
            assert not stat.S_IMODE(path.lstat().st_mode) & 0o067, path

    def test_postgresql_listens_on_no_port(self, dev: RunningDev) -> None:
        server = dev.child("bin/postgres")
        assert [
            c for c in server.net_connections() if c.status == psutil.CONN_LISTEN and c.family != socket.AF_UNIX
        ] == []


class TestRefusal:
    def test_data_folder_in_use(self, dev: RunningDev) -> None:
        second = run("dev", "--data", str(dev.folder), "--port", "1024")
        assert second.returncode == 1
        assert str(dev.process.pid) in second.stderr
        assert dev.url in second.stderr
        assert "--data" in second.stderr
        assert dev.is_ready()

    def test_port_in_use(self, dev: RunningDev, tmp_path: Path) -> None:
        second = run("dev", "--data", str(tmp_path / "other"), "--port", str(dev.port))
        assert second.returncode == 1
        assert f"Port {dev.port}" in second.stderr
        assert "--port" in second.stderr

    def test_missing_file(self, tmp_path: Path) -> None:
        refused = run("dev", str(tmp_path / "absent.csv"), "--data", str(tmp_path / "data"))
        assert refused.returncode == 1
        assert "There is no file" in refused.stderr

    def test_admin_key_that_is_too_short(self, tmp_path: Path) -> None:
        refused = run("dev", "--data", str(tmp_path / "data"), "--port", "1026", TOLVA_ADMIN_KEY="short")
        assert refused.returncode == 1
        assert "TOLVA_ADMIN_KEY" in refused.stderr

    def test_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file")
        refused = run("dev", "--data", str(tmp_path / "data"))
        assert refused.returncode == 1
        assert "cannot be written" in refused.stderr

    def test_it_says_whether_the_disk_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not find_full_disk(tmp_path)
        assert not find_full_disk(tmp_path / "absent")
        monkeypatch.setattr(local_dev, "FULL_BYTES", 1 << 62)
        assert f"The disk of {tmp_path} is full" in find_full_disk(tmp_path)

    def test_host_that_is_not_ours(self) -> None:
        with pytest.raises(LocalError, match="not this machine's"):
            check_port("192.0.2.1", 8000)


class TestCrash:
    @pytest.mark.parametrize(
        "part", ["app.local.api", "app.local.worker", "bin/postgres", "app.local.services.kept_emulator"]
    )
    def test_part_is_started_again(self, dev: RunningDev, part: str) -> None:
        before = dev.child(part)
        before.kill()
        assert eventually(lambda: not before.is_running() and self._runs(dev, part))
        assert eventually(dev.is_ready), dev.text()

    @staticmethod
    def _runs(dev: RunningDev, part: str) -> bool:
        children = psutil.Process(dev.process.pid).children()
        return any(part in command_line(child) for child in children)


class TestStop:
    def test_ends_every_child_and_finds_the_data_again(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        with RunningDev(folder) as first:
            children = first.children()
            assert first.request("POST", "/datasets", json={"name": "kept"}).status_code == 201
            assert first.stop(signal.SIGINT) == 0
            assert all_ended(children)
        with RunningDev(folder) as second:
            assert second.request("GET", "/datasets/kept").status_code == 200
            children = second.children()
            second.kill()
            assert eventually(lambda: all_ended(children))
        with RunningDev(folder, port=second.port) as third:
            assert third.request("GET", "/datasets/kept").status_code == 200

    def test_while_starting(self, tmp_path: Path) -> None:
        process = subprocess.Popen(
            command("dev", "--data", str(tmp_path / "data"), "--port", "1025"),
            env=environment(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert eventually(lambda: psutil.Process(process.pid).children())
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
        assert all_ended(children)


COLUMNS = {"key": ["id"], "columns": [{"name": "id", "type": "integer"}, {"name": "text", "type": "text"}]}


class TestLostRecords:
    def test_are_said_if_the_folder_of_the_emulator_is_an_older_one_or_gone(self, tmp_path: Path) -> None:
        """An older copy revives no key, and a state that is broken ends the start."""
        folder = tmp_path / "data"
        with RunningDev(folder) as first:
            for name, store in (("kept", "keyvalue"), ("replaced", "keyvalue"), ("rows", "relational")):
                body = {"name": name, "store": store, **COLUMNS}
                assert first.request("POST", "/datasets", json=body).status_code == 201
                assert first.request("PUT", f"/datasets/{name}/records/1", json={}).status_code == 201
            key = first.request("POST", "/keys", json={"name": "x", "scopes": ["read"]}).json()
            assert self._read(first, key["key"]) == 200
        shutil.copytree(folder / "aws", tmp_path / "copy")
        with RunningDev(folder, port=first.port) as second:
            assert "are gone" not in second.text()
            assert second.request("GET", "/datasets/kept/records/1").status_code == 200
            assert second.request("DELETE", f"/keys/{key['id']}").status_code == 204
            file = tmp_path / "rows.csv"
            file.write_text("id,text\n2,two\n")
            done = run(
                *("import", str(file), "--dataset", "replaced", "--mode", "replace"),
                *("--url", second.url, "--key", ADMIN_KEY),
            )
            assert done.returncode == 0, done.stderr
        shutil.rmtree(folder / "aws")
        (tmp_path / "copy").rename(folder / "aws")
        with RunningDev(folder, port=first.port) as third:
            assert "The key-value records of 'replaced' are gone, or are older ones" in third.text()
            assert self._read(third, key["key"]) == 401
            assert third.request("GET", "/datasets/kept/records/1").status_code == 200
        shutil.rmtree(folder / "aws")
        with RunningDev(folder, port=first.port) as fourth:
            assert "The key-value records of 'kept', 'replaced' are gone" in fourth.text()
            assert str(folder / "aws") in fourth.text()
            assert fourth.request("PUT", "/datasets/kept/records/1", json={}).status_code == 201
        with RunningDev(folder, port=first.port) as fifth:
            # What replaced all records once is missing until it does so again.
            assert "The key-value records of 'replaced' are gone" in fifth.text()
        self._refuses_a_broken_state(folder, first.port)

    @staticmethod
    def _read(dev: RunningDev, key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{dev.url}/datasets/kept/records/1", headers=headers, trust_env=False).status_code

    @staticmethod
    def _refuses_a_broken_state(folder: Path, port: int) -> None:
        journal = folder / "aws" / "table" / "journal-00000000"
        broken = b"x" + journal.read_bytes()[1:]
        journal.write_bytes(broken)
        refused = run("dev", "--data", str(folder), "--port", str(port))
        assert refused.returncode == 1
        assert str(journal) in refused.stderr
        assert "Put back a copy" in refused.stderr
        assert journal.read_bytes() == broken


class TestUrl:
    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("127.0.0.1", "http://127.0.0.1:8000"),
            ("0.0.0.0", "http://127.0.0.1:8000"),
            ("::", "http://[::1]:8000"),
            ("example.test", "http://example.test:8000"),
        ],
    )
    def test_is_one_this_machine_reaches(self, host: str, url: str) -> None:
        assert DevOptions(host, 8000, Path(os.curdir)).url == url
