import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli.main import app
from tests.cli.calls import tolva
from tests.local.running import command


class TestVersion:
    def test_it_is_the_packages(self) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
        assert tolva("--version").out == f"tolva {project['project']['version']}\n"


def _commands(group: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, found in getattr(group or get_command(app), "commands", {}).items():
        yield (*path, name)
        yield from _commands(found, (*path, name))


class TestHelp:
    @pytest.mark.parametrize("path", [(), *_commands()], ids=" ".join)
    def test_it_fits_into_80_columns(self, path: tuple[str, ...]) -> None:
        done = tolva(*path, "--help", COLUMNS="80", TERMINAL_WIDTH="80")
        assert done.code == 0
        assert all(len(line) <= 80 for line in done.out.splitlines())
        assert "…" not in done.out

    def test_it_loads_nothing_heavy(self) -> None:
        script = "import sys, json, app.cli.main; print(json.dumps(sorted(sys.modules)))"
        command_line = [*command()[:1], "-c", script]
        loaded = json.loads(subprocess.run(command_line, capture_output=True, check=True, timeout=60).stdout)
        assert not {"pyarrow", "sqlalchemy", "fastapi", "aioboto3", "httpx"} & set(loaded)
        # What runs Tolva on this machine stays out, but for who holds a data folder: that needs Python alone.
        assert {name for name in loaded if name.startswith("app.local.")} == {"app.local.folder_lock"}
