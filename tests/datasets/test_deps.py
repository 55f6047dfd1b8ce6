import pytest
from httpx import AsyncClient


@pytest.fixture(autouse=True)
async def things(client: AsyncClient) -> None:
    """A dataset."""
    body = {"name": "things", "columns": [{"name": "a", "type": "text"}]}
    assert (await client.post("/datasets", json=body)).status_code == 201


async def _headers(client: AsyncClient, scope: str, *datasets: str) -> dict[str, str]:
    body = {"name": "x", "scopes": [scope], **({"datasets": list(datasets)} if datasets else {})}
    return {"Authorization": f"Bearer {(await client.post('/keys', json=body)).json()['key']}"}


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "statuses"), [("read", (200, 403)), ("write", (200, 403)), ("admin", (200, 200))]
    )
    async def test_each_method_needs_its_own(
        self, client: AsyncClient, anonymous: AsyncClient, scope: str, statuses: tuple[int, int]
    ) -> None:
        headers = await _headers(client, scope)
        shown = await anonymous.get("/datasets/things", headers=headers)
        changed = await anonymous.patch("/datasets/things", json={"title": "x"}, headers=headers)
        assert (shown.status_code, changed.status_code) == statuses

    async def test_the_scope_comes_before_the_dataset(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        headers = await _headers(client, "read", "others")
        there = await anonymous.get("/datasets/things", headers=headers)
        absent = await anonymous.get("/datasets/thingz", headers=headers)
        assert there.status_code == absent.status_code == 403
        assert there.json()["detail"].replace("things", "thingz") == absent.json()["detail"]
