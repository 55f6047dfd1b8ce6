"""The sources of `tolva import`: several files, folders, patterns, addresses, pipes."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.calls import on, records
from tests.cli.conftest import GOOD
from tests.local.running import ADMIN_KEY, RunningDev, command, environment


class TestPipes:
    def test_standard_input(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "piped_in", stdin=GOOD)
        assert done.code == 0, done.err
        assert len(records(dev, "piped_in")) == 3

    @pytest.mark.parametrize(
        ("name", "line"),
        [("cat", "cat {file} | {tolva} /dev/stdin"), ("sort", "{tolva} <(cat {file})"), ("from", "{tolva} - < {file}")],
    )
    def test_of_a_shell(self, dev: RunningDev, good: Path, name: str, line: str) -> None:
        started = " ".join(command("import", "--dataset", f"shell_{name}"))
        variables = environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
        line = line.format(file=good, tolva=started)
        shell = ["bash", "-c", line]
        done = subprocess.run(shell, check=False, env=variables, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert len(records(dev, f"shell_{name}")) == 3

    def test_a_named_one_has_a_dataset_of_its_name(self, dev: RunningDev, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fed.csv")
        writer = threading.Thread(target=(tmp_path / "fed.csv").write_text, args=(GOOD,))
        writer.start()
        done = on(dev, "import", str(tmp_path / "fed.csv"))
        writer.join()
        assert done.code == 0, done.err
        assert len(records(dev, "fed")) == 3

    def test_no_more_than_the_limit(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "flood", "--max-bytes", "10", stdin=GOOD)
        assert done.code == 1
        assert "more than 10 bytes" in done.err
        assert "--max-bytes" in done.err
        assert dev.request("GET", "/datasets/flood").status_code == 404

    def test_nothing_at_all(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "nothing", stdin="")
        assert done.code == 1
        assert dev.request("GET", "/datasets/nothing").status_code == 404
