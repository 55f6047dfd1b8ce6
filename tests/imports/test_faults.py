"""Imports whose worker, database or whole machine dies: all rows or none, and an end with a reason."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.running import RunningDev, eventually

ROWS = 300_000
KEYVALUE_ROWS = 6000
# The worker is found missing when its lease has ended, and its import is then queued again.
RECOVERY_SECONDS = 90.0


@pytest.fixture(scope="module")
def content() -> bytes:
    return ("id,name,price\n" + "".join(f"{n},item {n},{n}.50\n" for n in range(ROWS))).encode()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """One `tolva dev` for the tests that kill a part of it, each with a dataset of its own: the part comes back."""
    with start_dev(tmp_path_factory.mktemp("faults") / "data") as running:
        yield running


def start_dev(folder: Path) -> RunningDev:
    """A `tolva dev` that soon finds out that a worker is gone."""
    return RunningDev(folder, variables={"TOLVA_LEASE_SECONDS": "3"})


def start_import(dev: RunningDev, content: bytes, name: str, **body: Any) -> str:
    """Announce a file and upload it; the import's id."""
    dev.request("POST", "/datasets", json={"name": name})
    answer = dev.request("POST", f"/datasets/{name}/imports", json={"filename": "things.csv", **body}).json()
    upload = answer["upload"]
    sent = httpx.request(upload["method"], upload["url"], headers=upload["headers"], content=content, trust_env=False)
    assert sent.status_code == 200
    return str(answer["id"])


def wait_until_running(dev: RunningDev, import_id: str) -> None:
    assert eventually(lambda: dev.request("GET", f"/imports/{import_id}").json()["status"] == "running")


def wait_for_end(dev: RunningDev, import_id: str) -> dict[str, Any]:
    """The import once it has ended; the API may be away meanwhile."""
    shown: dict[str, Any] = {}

    def has_ended() -> bool:
        try:
            shown.update(dev.request("GET", f"/imports/{import_id}").json())
        except httpx.TransportError:
            return False
        return shown.get("status") in ("succeeded", "failed")

    assert eventually(has_ended, RECOVERY_SECONDS), shown
    return shown


def count(dev: RunningDev, name: str) -> int:
    """The number of records: keys run from 0, so the last one gives it if all exist."""
    dataset = dev.request("GET", f"/datasets/{name}").json()
    if not dataset["columns"]:
        return 0
    found = [dev.request("GET", f"/datasets/{name}/records/{key}").status_code == 200 for key in (0, ROWS - 1)]
    assert found[0] == found[1], "only a part of the records is there"
    return ROWS if found[0] else 0


class TestKilled:
    @pytest.mark.parametrize(("part", "name"), [("app.local.worker", "of_worker"), ("postgres", "of_postgres")])
    def test_a_part_that_is_killed_in_the_middle_of_an_import(
        self, dev: RunningDev, content: bytes, part: str, name: str
    ) -> None:
        import_id = start_import(dev, content, name)
        wait_until_running(dev, import_id)
        time.sleep(random.Random(part).uniform(0.1, 0.8))
        dev.child(part).send_signal(signal.SIGKILL)
        shown = wait_for_end(dev, import_id)
        assert shown["status"] == "succeeded" or shown["problem"]["detail"]
        assert count(dev, name) == (ROWS if shown["status"] == "succeeded" else 0)

    def test_a_worker_that_is_killed_while_it_writes_to_the_key_value_store(self, dev: RunningDev) -> None:
        columns = [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]
        dataset = {"name": "kept", "store": "keyvalue", "key": ["id"], "columns": columns}
        assert dev.request("POST", "/datasets", json=dataset).status_code == 201
        rows = "".join(f"{n},item {n}\n" for n in range(KEYVALUE_ROWS))
        import_id = start_import(dev, f"id,name\n{rows}".encode(), "kept", mode="replace")
        assert eventually(lambda: dev.request("GET", f"/imports/{import_id}").json()["phase"] == "committing")
        dev.child("app.local.worker").send_signal(signal.SIGKILL)
        keys = [0, KEYVALUE_ROWS // 2, KEYVALUE_ROWS - 1]
        seen = dev.request("POST", "/datasets/kept/records/get", json={"keys": keys}).json()["data"]
        assert seen == [None, None, None]
        shown = wait_for_end(dev, import_id)
        assert shown["result"] == {"added": KEYVALUE_ROWS, "changed": 0, "unchanged": 0}, shown
        seen = dev.request("POST", "/datasets/kept/records/get", json={"keys": keys}).json()["data"]
        assert [record["name"] for record in seen] == [f"item {key}" for key in keys]

    def test_everything_is_killed_and_started_again(self, content: bytes, tmp_path: Path) -> None:
        with start_dev(tmp_path / "data") as first:
            import_id = start_import(first, content, "things")
            wait_until_running(first, import_id)
            time.sleep(0.3)
            first.kill_all()
        with start_dev(tmp_path / "data") as again:
            shown = wait_for_end(again, import_id)
            assert shown["status"] == "succeeded"
            assert count(again, "things") == ROWS

    def test_a_replacement_that_is_killed_leaves_the_old_records(self, dev: RunningDev, content: bytes) -> None:
        assert wait_for_end(dev, start_import(dev, content, "replaced"))["status"] == "succeeded"
        import_id = start_import(dev, content.replace(b"item", b"part"), "replaced", mode="replace")
        wait_until_running(dev, import_id)
        time.sleep(0.5)
        dev.child("app.local.worker").send_signal(signal.SIGKILL)
        seen = dev.request("GET", "/datasets/replaced/records/7").json()["name"]
        assert seen in ("item 7", "part 7")
        assert wait_for_end(dev, import_id)["status"] == "succeeded"
        assert dev.request("GET", "/datasets/replaced/records/7").json()["name"] == "part 7"
