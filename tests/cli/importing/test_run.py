import signal
import subprocess
from pathlib import Path

import pytest

from app.cli import exit_codes
from tests.cli.calls import make_key, on
from tests.local.running import ADMIN_KEY, RunningDev, command, environment, eventually


class TestNoDatasetStaysBehind:
    """A first import that is refused or fails leaves things as they were."""

    def test_if_it_is_refused(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "refused", "--encoding", "klingon")
        assert done.code == 1
        assert dev.request("GET", "/datasets/refused").status_code == 404

    def test_if_it_fails(self, dev: RunningDev, tmp_path: Path, store: str) -> None:
        (tmp_path / "empty.csv").touch()
        done = on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "failed", "--store", store)
        assert done.code == 1
        assert "nothing was loaded" in done.out
        assert dev.request("GET", "/datasets/failed").status_code == 404

    def test_one_that_was_there_stays(self, dev: RunningDev, tmp_path: Path) -> None:
        assert dev.request("POST", "/datasets", json={"name": "others"}).status_code == 201
        (tmp_path / "empty.csv").touch()
        assert on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "others").code == 1
        assert dev.request("GET", "/datasets/others").status_code == 200

    def test_one_that_may_not_be_deleted_is_named(self, dev: RunningDev, tmp_path: Path) -> None:
        key = make_key(dev, "read", "write")
        (tmp_path / "empty.csv").touch()
        done = on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "kept_empty", key=key)
        assert done.code == 1
        assert "'kept_empty', which was made for this file, is still there" in done.err

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_if_it_is_interrupted(self, dev: RunningDev, tmp_path: Path, number: signal.Signals) -> None:
        name = f"interrupted_{number.name.lower()}"
        rows = "".join(f"{row},{row % 7},some text of row {row}\n" for row in range(600_000))
        (tmp_path / "long.csv").write_text("a,b,c\n" + rows)
        variables = environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
        process = subprocess.Popen(
            command("import", str(tmp_path / "long.csv"), "--dataset", name),
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert eventually(lambda: dev.request("GET", f"/datasets/{name}/imports").json().get("data"))
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == exit_codes.INTERRUPTED
        assert b"Traceback" not in err
        assert dev.request("GET", f"/datasets/{name}").status_code == 404
