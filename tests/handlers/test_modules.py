"""What each function loads before its first event: a cold start takes as long as that."""

import subprocess
import sys
from pathlib import Path

import pytest

import app

IMPORTS = Path(app.__file__).parent / "imports"
# What the API needs of the feature; the rest of it is the engine that reads files.
PART_OF_THE_API = {"__init__", "deps", "errors", "models", "options", "repository", "router", "service"}
ENGINE = {f"app.imports.{path.stem}" for path in IMPORTS.glob("*.py") if path.stem not in PART_OF_THE_API}
WORKER_ONLY = ("numpy", "pyarrow", "zstandard")
NEVER = ("alembic", "app.local", "httpx", "rich", "typer", "uvicorn")
AWS = ("aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore")

pytestmark = pytest.mark.usefixtures("database_url")


def loaded_by(module: str) -> set[str]:
    """The names of the modules that a process has once it has loaded one, each with those of its packages."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


class TestApi:
    def test_it_loads_nothing_that_only_the_worker_needs(self) -> None:
        assert loaded_by("app.handlers.api") & (ENGINE | {*WORKER_ONLY}) == set()

    def test_it_loads_nothing_of_the_migrations_or_of_a_laptop(self) -> None:
        assert loaded_by("app.handlers.api") & {*NEVER} == set()

    def test_clients_of_aws_are_loaded_by_the_first_that_is_needed(self) -> None:
        assert loaded_by("app.handlers.api") & {*AWS} == set()


class TestWorker:
    def test_it_loads_the_engine(self) -> None:
        assert loaded_by("app.handlers.worker") >= ENGINE | {*WORKER_ONLY}
