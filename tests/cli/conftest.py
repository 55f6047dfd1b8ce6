"""One `tolva dev` for the tests of commands in each process, for its start is what takes long, and files to import."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.running import RunningDev

GOOD = 'code,name,price\n001,one,1.50\n002,"two, too",20.00\n003,three,0.10\n'
BAD = "code,name,price\n004,four,4.00\n005,five,cheap\n"


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with RunningDev(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


@pytest.fixture(params=["relational", "keyvalue"])
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(BAD)
    return path
