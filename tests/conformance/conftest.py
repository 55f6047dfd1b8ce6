"""The API in a process of its own, over datasets of every kind, and schemathesis at work on it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from asyncpg import Connection
from httpx import AsyncClient
from playwright.async_api import BrowserContext

from app.local.services.services import Services
from tests.api_process import api_process
from tests.conformance.browser import Visitor, run_browser
from tests.conformance.datasets import DATASETS, PICTURE, RECORDS
from tests.conftest import ADMIN_KEY, empty_everything
from tests.images.rows import add_image

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parent.parent.parent
# Any other seed finds other requests; these are the same in every run.
SEED = "1"


@pytest.fixture
def served(database_url: str) -> Iterator[str]:
    """The address at which the API listens."""
    with api_process() as process:
        yield process.url


@pytest_asyncio.fixture
async def api(served: str) -> AsyncIterator[AsyncClient]:
    """A caller with the administrator's key of an API that has all of DATASETS."""
    async with _caller_of(served) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def site(services: Services, connections: Connection) -> AsyncIterator[AsyncClient]:
    """The same, once for all tests of a file: none of them may rely on what another one changes."""
    await empty_everything(connections)
    with api_process() as process:
        async with _caller_of(process.url) as client:
            yield client


@asynccontextmanager
async def _caller_of(url: str) -> AsyncIterator[AsyncClient]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        for dataset in DATASETS:
            made = await client.post("/datasets", json=dataset)
            assert made.status_code == 201, made.text
            if any(column["type"] == "image" for column in dataset.get("columns", ())):
                await add_image(dataset_id=made.json()["id"], filename=PICTURE, alt="A lamp")
        for name, records in RECORDS.items():
            added = await client.post(f"/datasets/{name}/records", json=records)
            assert added.status_code == 201, added.text
        yield client


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[BrowserContext]:
    """A browser for the tests of a file."""
    async with run_browser() as started:
        yield started


@pytest_asyncio.fixture
async def visitor(browser: BrowserContext) -> AsyncIterator[Visitor]:
    """Somebody who opens pages, none of which may break."""
    visiting = Visitor(browser)
    yield visiting
    await visiting.leave()
    assert visiting.broken == []


async def run_schemathesis(
    api: AsyncClient, document: str, *arguments: str, configuration: Path = CONFIGURATION
) -> None:
    """Ask an API for everything in a document, and fail with the differences."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)]
    command += ["run", f"{api.base_url}{document}", "--header", f"Authorization: Bearer {ADMIN_KEY}", "--seed", SEED]
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
