"""Validators and linters find nothing in the documents: of one dataset, of twenty, of hard keys, of 300 columns."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.local.services.services import Services
from tests.conformance.datasets import DATASETS
from tests.conformance.packages import SOURCES, fetch_node_modules, run
from tests.conftest import ADMIN_KEY, BASE_URL, empty_everything

TYPES = ("text", "integer", "bigint", "number", "decimal", "boolean", "date", "datetime", "uuid", "json")
ALONE = ("everything", "constrained", "pairs", "readings", "stored", "empty", "wide")
TWENTY = 20
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def _wide(name: str, count: int) -> dict[str, Any]:
    """A dataset with so many columns, of every type in turn."""
    columns: list[dict[str, Any]] = [{"name": f"c{n}", "type": TYPES[n % len(TYPES)]} for n in range(count)]
    digits = {"precision": 8, "scale": 2}
    columns = [column | (digits if column["type"] == "decimal" else {}) for column in columns]
    return {"name": name, "key": ["c0"], "columns": columns}


@pytest_asyncio.fixture(scope="module")
async def folder(services: Services, connections: asyncpg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents of every kind."""
    from app.main import create_app  # noqa: PLC0415  # it reads the settings

    await empty_everything(connections)
    folder = tmp_path_factory.mktemp("documents")
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with AsyncClient(transport=ASGITransport(app=create_app()), base_url=BASE_URL) as client:
        (folder / "fixed.json").write_bytes((await client.get("/openapi.json")).content)
        client.headers.update(headers)
        for dataset in (*DATASETS, *(_wide(f"other_{n}", 12) for n in range(TWENTY - len(DATASETS)))):
            assert (await client.post("/datasets", json=dataset)).status_code == 201
        (folder / "twenty.json").write_bytes((await client.get("/openapi.json")).content)
        assert (await client.post("/datasets", json=_wide("wide", 300))).status_code == 201
        for name in ALONE:
            (folder / f"{name}.json").write_bytes((await client.get(f"/datasets/{name}/openapi.json")).content)
    return folder


@pytest.fixture(scope="module")
def binaries(request: pytest.FixtureRequest) -> Path:
    """The folder with the linters."""
    assert request.config.cache is not None
    return fetch_node_modules(request.config.cache.mkdir("node")) / "node_modules" / ".bin"


class TestLinters:
    def test_redocly_finds_nothing(self, folder: Path, binaries: Path) -> None:
        found = run(
            [str(binaries / "redocly"), "lint", "--config", str(SOURCES / "redocly.yaml"), "--format", "json"]
            + [path.name for path in sorted(folder.glob("*.json"))],
            folder,
            QUIET,
        )
        # It writes a report for each document.
        assert found.stdout.count('"problems": []') == len([*folder.glob("*.json")]), found.stdout + found.stderr

    def test_spectral_finds_nothing(self, folder: Path, binaries: Path) -> None:
        found = run(
            [str(binaries / "spectral"), "lint", "--ruleset", str(SOURCES / "spectral.yaml"), "--fail-severity", "hint"]
            + [path.name for path in sorted(folder.glob("*.json"))],
            folder,
            QUIET,
        )
        assert found.returncode == 0, found.stdout
        assert "No results" in found.stdout


class TestValidator:
    @pytest.mark.parametrize("name", ["fixed", *ALONE, "twenty"])
    def test_each_document_is_valid(self, folder: Path, name: str) -> None:
        document = json.loads((folder / f"{name}.json").read_text("utf-8"))
        OpenAPIV31SpecValidator(document).validate()
