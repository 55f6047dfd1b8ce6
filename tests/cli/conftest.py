"""One `tolva dev` for the tests of commands in each process: its start is what takes long."""

from collections.abc import Iterator

import pytest

from tests.local.running import RunningDev


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with RunningDev(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running
