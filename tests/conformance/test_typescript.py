"""The client that openapi-typescript makes of a dataset's document knows its columns."""

import re
import shutil
from pathlib import Path

import pytest
import pytest_asyncio
from httpx import AsyncClient

from tests.conformance.datasets import EVERYTHING, MAKERS, PAIRS
from tests.conformance.packages import fetch_node_modules, run

SOURCES = Path(__file__).with_name("typescript")


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Path:
    """A folder with the packages of package-lock.json, kept from one run to the next."""
    assert request.config.cache is not None
    return fetch_node_modules(request.config.cache.mkdir("node"))


@pytest_asyncio.fixture
async def project(client: AsyncClient, packages: Path, tmp_path: Path) -> Path:
    """A folder with the sources, and the types of two datasets as openapi-typescript makes them."""
    for source in SOURCES.iterdir():
        shutil.copy(source, tmp_path)
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    for body in (MAKERS, EVERYTHING, PAIRS):
        assert (await client.post("/datasets", json=body)).status_code == 201
    for name in ("everything", "pairs"):
        document = tmp_path / f"{name}.json"
        document.write_text((await client.get(f"/datasets/{name}/openapi.json")).text)
        made = run(["node_modules/.bin/openapi-typescript", document.name, "-o", f"{name}.d.ts"], tmp_path)
        assert made.returncode == 0, made.stdout + made.stderr
    return tmp_path


def _compile(project: Path) -> str:
    """The compiler's messages; empty if all is right."""
    return run(["node_modules/.bin/tsc"], project).stdout


class TestGeneratedClient:
    async def test_it_takes_what_is_right_and_nothing_that_is_wrong(self, project: Path) -> None:
        assert _compile(project) == ""

    async def test_each_mistake_is_found_where_it_was_made(self, project: Path) -> None:
        wrong = project / "wrong.ts"
        lines = wrong.read_text().splitlines()
        expected = {number for number, line in enumerate(lines, 2) if line.startswith("// @ts-expect-error")}
        wrong.write_text("\n".join(line.replace("// @ts-expect-error", "//") for line in lines))
        found = {
            int(number) for number in re.findall(r"^wrong\.ts\((\d+),\d+\): error TS", _compile(project), re.MULTILINE)
        }
        assert found == expected
