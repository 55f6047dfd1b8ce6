"""Functions under Lambda's emulator."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.core.settings import get_settings
from tests.handlers.emulator import EmulatorMissing, LambdaFunction, find_emulator

Start = Callable[..., LambdaFunction]


@pytest.fixture(scope="session")
def lambda_emulator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator's program."""
    try:
        return find_emulator(tmp_path_factory.mktemp("lambda"))
    except EmulatorMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def start(lambda_emulator: Path, database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a function by the command it has in the image, with variables as well as the settings."""
    with ExitStack() as stack:

        def enter(handler: str, **variables: str) -> LambdaFunction:
            log = tmp_path / f"{handler}.log"
            return stack.enter_context(LambdaFunction(lambda_emulator, handler, log, variables=variables))

        yield enter


@pytest.fixture
def admin_key(database_url: str) -> str:
    """The key of the settings."""
    key = get_settings().admin_key
    assert key is not None
    return key.get_secret_value()
