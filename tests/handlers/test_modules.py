"""The modules that each function loads before its first event: a cold start takes as long as that."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

import app
from tests.handlers.events import rest_event

# The rooms of the feature are the engine that reads files; the API needs what is above them, but for the report.
APP = Path(app.__file__).parent
ROOMS = [path for path in (APP / "imports").glob("*/**/*.py") if path.stem != "__init__"]
ENGINE = {".".join(path.relative_to(APP.parent).with_suffix("").parts) for path in ROOMS} | {"app.imports.report"}
WORKER_ONLY = ("anyascii", "numpy", "pyarrow", "zstandard")
# What the worker loads for the first file that needs it.
FOR_SOME_FILES = ("charset_normalizer",)
NEVER = ("alembic", "app.local", "httpx", "PIL", "pillow_heif", "pyvips", "rich", "typer", "uvicorn")
# What works with the catalogue in sessions, with the bodies of its requests.
SESSIONS = (
    "sqlalchemy",
    "sqlmodel",
    "greenlet",
    "app.core.database.sessions",
    "app.datasets.models",
    "app.access.keys.models",
    "app.imports",
)
AWS = ("aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore")

pytestmark = pytest.mark.usefixtures("database_url")


def loaded_by(module: str) -> set[str]:
    """The names of the modules that a process has once it has loaded one, each with those of its packages."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def loaded_by_answering(*events: dict[str, Any]) -> set[str]:
    """The same once the API has answered some events, each with a 200."""
    script = """
import json, sys
from types import SimpleNamespace
from app.handlers.api import handler

for event in json.load(sys.stdin):
    answer = handler(event, SimpleNamespace(aws_request_id="a"))
    assert answer["statusCode"] == 200, answer
print(*sys.modules)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, input=json.dumps(events), check=True, capture_output=True, text=True)
    return set(done.stdout.split())


class TestApi:
    def test_it_loads_nothing_that_only_the_worker_needs(self) -> None:
        assert loaded_by("app.handlers.api") & (ENGINE | {*WORKER_ONLY, *FOR_SOME_FILES}) == set()

    def test_it_loads_nothing_of_the_migrations_or_of_a_laptop(self) -> None:
        assert loaded_by("app.handlers.api") & {*NEVER} == set()

    def test_clients_of_aws_are_loaded_by_the_first_that_is_needed(self) -> None:
        assert loaded_by("app.handlers.api") & {*AWS} == set()

    def test_it_loads_what_works_in_sessions_with_the_first_request_that_does(self, admin_key: str) -> None:
        assert loaded_by_answering(rest_event("GET", "/health")) & {*AWS, *SESSIONS} == set()
        assert loaded_by_answering(rest_event("GET", "/datasets", admin_key)) > {
            "sqlalchemy",
            "sqlmodel",
            "app.imports",
        }

    async def test_records_are_read_and_written_without_any_of_it(self, client: AsyncClient, admin_key: str) -> None:
        columns = [{"name": "id", "type": "integer"}]
        body = {"name": "things", "columns": columns, "key": ["id"]}
        assert (await client.post("/datasets", json=body)).status_code == 201
        path = "/datasets/things/records"
        assert (await client.post(path, json=[{"id": 1}, {"id": 2}])).status_code == 201
        events = [
            rest_event("GET", f"{path}/1", admin_key),
            rest_event("GET", path, admin_key, id__gte="1"),
            rest_event("PUT", f"{path}/1", admin_key, {"id": 1}),
        ]
        assert loaded_by_answering(*events) & {*AWS, *SESSIONS} == set()


class TestWorker:
    def test_it_loads_the_engine(self) -> None:
        loaded = loaded_by("app.handlers.worker")
        assert loaded >= ENGINE | {*WORKER_ONLY}
        assert loaded & {*FOR_SOME_FILES} == set()
        # Pictures are decoded by a process of their own.
        assert loaded & {"PIL", "pillow_heif", "pyvips"} == set()
