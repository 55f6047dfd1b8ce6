"""`tolva imports` against a running Tolva."""

import json
from pathlib import Path

import pytest

from tests.cli.calls import make_key, on, rows
from tests.local.running import RunningDev

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def ids(dev: RunningDev, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A good import, one with a rejection, and one whose file has not come yet."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "good.csv").write_text("code,price\n1,1.50\n2,2.50\n")
    (folder / "bad.csv").write_text("code,price\n3,cheap\x1b[31m\n4,4.50\n")
    assert on(dev, "import", str(folder / "good.csv"), "--dataset", "imported").code == 0
    assert on(dev, "import", str(folder / "bad.csv"), "--dataset", "imported", "--on-reject", "skip").code == 0
    dev.request("POST", "/datasets", json={"name": "imported_elsewhere"})
    announced = dev.request("POST", "/datasets/imported_elsewhere/imports", json={"filename": "late.csv"})
    listed = dev.request("GET", "/datasets/imported/imports").json()["data"]
    return [listed[1]["id"], listed[0]["id"], announced.json()["id"]]


class TestList:
    def test_of_all_datasets_newest_first(self, dev: RunningDev, ids: list[str]) -> None:
        for arguments in (["imports"], ["imports", "list", "--limit", "1000"]):
            shown = [row["id"] for row in rows(on(dev, *arguments).out)]
            assert [identity for identity in shown if identity in ids] == ids[::-1]
        assert len(rows(on(dev, "imports", "--limit", "2").out)) == 2

    def test_of_one_dataset(self, dev: RunningDev, ids: list[str]) -> None:
        found = rows(on(dev, "imports", "list", "--dataset", "imported").out)
        assert [(row["file"], row["result"]) for row in found] == [
            ("bad.csv", "1 added, 1 rejected"),
            ("good.csv", "2 added"),
        ]
        listed = json.loads(on(dev, "imports", "list", "--dataset", "imported", "--json").out)
        assert listed == dev.request("GET", "/datasets/imported/imports").json()

    def test_a_restricted_key_sees_its_own(self, dev: RunningDev, ids: list[str]) -> None:
        key = make_key(dev, "read", datasets=["imported_elsewhere"])
        assert [row["id"] for row in rows(on(dev, "imports", key=key).out)] == [ids[2]]

    def test_no_such_dataset(self, dev: RunningDev) -> None:
        assert on(dev, "imports", "list", "--dataset", "absent").code == 1


class TestShow:
    def test_its_report(self, dev: RunningDev, ids: list[str]) -> None:
        done = on(dev, "imports", "show", ids[1])
        assert done.code == 0
        assert "2 read, 1 rejected" in done.out
        assert "cheap" in done.out
        assert "\x1b" not in done.out
        assert on(dev, "imports", "show", ids[1], "--json").out == dev.request("GET", f"/imports/{ids[1]}").text + "\n"

    def test_one_that_waits(self, dev: RunningDev, ids: list[str]) -> None:
        assert "status\tawaiting_upload" in on(dev, "imports", "show", ids[2]).out

    @pytest.mark.parametrize(("identity", "code"), [(UNKNOWN, 1), ("nope", 1), ("", 2), ("..", 2)])
    def test_no_such_import(self, dev: RunningDev, identity: str, code: int) -> None:
        for command in ("show", "cancel", "rejections"):
            done = on(dev, "imports", command, identity)
            assert done.code == code
            assert done.err.startswith("Error: ")


class TestRejections:
    def test_as_a_file_or_not(self, dev: RunningDev, ids: list[str], tmp_path: Path) -> None:
        printed = on(dev, "imports", "rejections", ids[1])
        assert printed.out.splitlines()[0] == '"line","record","offset","column","value","code","message"' or (
            printed.out.splitlines()[0] == "line,record,offset,column,value,code,message"
        )
        assert on(dev, "imports", "rejections", ids[1], "-o", str(tmp_path / "r.csv")).code == 0
        assert (tmp_path / "r.csv").read_text() == printed.out
        assert len(on(dev, "imports", "rejections", ids[0]).out.splitlines()) == 1

    def test_one_that_has_not_ended(self, dev: RunningDev, ids: list[str], tmp_path: Path) -> None:
        done = on(dev, "imports", "rejections", ids[2], "-o", str(tmp_path / "r.csv"))
        assert done.code == 1
        assert list(tmp_path.iterdir()) == []


class TestCancel:
    def test_one_that_waits(self, dev: RunningDev) -> None:
        dev.request("POST", "/datasets", json={"name": "cancelled"})
        announced = dev.request("POST", "/datasets/cancelled/imports", json={"filename": "late.csv"}).json()["id"]
        done = on(dev, "imports", "cancel", announced)
        assert (done.code, "cancelled" in done.out) == (0, True)
        again = on(dev, "imports", "cancel", announced)
        assert again.code == 1
