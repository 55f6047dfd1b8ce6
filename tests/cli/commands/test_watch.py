"""`tolva watch`, against a running Tolva."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli import exit_codes
from tests.cli.calls import on
from tests.local.running import ADMIN_KEY, RunningDev, command, environment, eventually


@contextmanager
def watching(dev: RunningDev, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A `tolva watch` that is ended by Ctrl-C."""
    process = subprocess.Popen(
        command("watch", *arguments),
        env=environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        _, written = process.communicate(timeout=60)
        assert (process.returncode, "Traceback" in written) == (exit_codes.OK, False), written
    finally:
        process.kill()
        process.communicate()


def prices(dev: RunningDev, dataset: str) -> list[str]:
    answer = dev.request("GET", f"/datasets/{dataset}/records")
    return [record["price"] for record in answer.json()["data"]] if answer.status_code == 200 else []


class TestWatch:
    def test_a_file_is_imported_at_the_start_and_when_it_changes(self, dev: RunningDev, tmp_path: Path) -> None:
        file = tmp_path / "watched one.csv"
        file.write_text("sku,price\nA1,1.50\nA2,2.50\n")
        with watching(dev, str(file)):
            assert eventually(lambda: prices(dev, "watched_one") == ["1.50", "2.50"], 60)
            file.write_text("sku,price\nA2,cheap\n")
            assert eventually(lambda: len(imports(dev, "watched_one")) == 2, 60)
            file.write_text("sku,price\nA2,9.50\nA3,3.50\n")
            assert eventually(lambda: prices(dev, "watched_one") == ["1.50", "9.50", "3.50"], 60)

    def test_of_a_folder_only_what_changes(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "old.csv").write_text("sku,price\nA1,1.50\n")
        with watching(dev, str(tmp_path), "--dataset", "watched", "--mode", "append", "--only-changes") as process:
            assert process.stderr
            assert "Watching" in process.stderr.readline()
            (tmp_path / "new.csv").write_text("sku,price\nA2,2.50\n")
            assert eventually(lambda: prices(dev, "watched") == ["2.50"], 60)

    def test_a_place_that_cannot_be_is_said(self, dev: RunningDev, tmp_path: Path) -> None:
        done = on(dev, "watch", str(tmp_path / "absent" / "x.csv"))
        assert done.code == exit_codes.FAILED
        assert "neither" in done.err


def imports(dev: RunningDev, dataset: str) -> list[object]:
    return list(dev.request("GET", f"/datasets/{dataset}/imports").json()["data"])
