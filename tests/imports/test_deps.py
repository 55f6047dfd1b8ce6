from typing import Any

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Importer


async def _headers(client: AsyncClient, scope: str, **members: Any) -> dict[str, str]:
    created = await client.post("/keys", json={"name": "x", "scopes": [scope], **members})
    return {"Authorization": f"Bearer {created.json()['key']}"}


class TestImportFromPath:
    @pytest.fixture
    async def path(self, importer: Importer) -> str:
        """The address of an import that waits for its file."""
        await importer.client.post("/datasets", json={"name": "things"})
        response = await importer.client.post("/datasets/things/imports", json={"filename": "a.csv"})
        return f"/imports/{response.json()['id']}"

    @pytest.mark.parametrize(
        ("scope", "datasets", "statuses"),
        [
            ("read", None, (200, 403)),
            ("write", None, (200, 200)),
            ("write", ["things"], (200, 200)),
            ("admin", ["others"], (403, 403)),
        ],
    )
    async def test_it_opens_to_who_may_have_its_dataset(
        self,
        client: AsyncClient,
        anonymous: AsyncClient,
        path: str,
        scope: str,
        datasets: list[str] | None,
        statuses: tuple[int, int],
    ) -> None:
        headers = await _headers(client, scope, **({"datasets": datasets} if datasets else {}))
        shown = await anonymous.get(path, headers=headers)
        cancelled = await anonymous.post(f"{path}/cancel", headers=headers)
        assert (shown.status_code, cancelled.status_code) == statuses

    async def test_once_its_dataset_is_gone_it_opens_to_the_administrator_alone(
        self, client: AsyncClient, anonymous: AsyncClient, path: str
    ) -> None:
        headers = await _headers(client, "admin", datasets=["things"])
        assert (await client.delete("/datasets/things")).status_code == 204
        assert (await client.post("/datasets", json={"name": "things"})).status_code == 201
        assert (await anonymous.get(path, headers=headers)).status_code == 403
        assert (await client.get(path)).status_code == 200
