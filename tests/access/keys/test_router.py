from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response


async def _create(client: AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post("/keys", json={"name": "website", "scopes": ["read"], **body})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def _use(anonymous: AsyncClient, key: str, path: str = "/datasets", method: str = "GET") -> Response:
    return await anonymous.request(method, path, headers={"Authorization": f"Bearer {key}"})


def _problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


class TestCreateKey:
    async def test_it_works_at_once(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        created = await _create(client)
        assert (await _use(anonymous, created["key"])).status_code == 200

    async def test_the_secret_is_kept_nowhere(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        created = await _create(client)
        secret = created["key"].split("_", 2)[2]
        row = await connections.fetchrow("SELECT * FROM tolva.api_key")
        assert row is not None
        assert secret not in str(dict(row))
        assert secret not in (await client.get("/keys")).text

    async def test_datasets_that_do_not_exist_are_warned_of(self, client: AsyncClient) -> None:
        assert (await client.post("/datasets", json={"name": "here"})).status_code == 201
        created = await _create(client, datasets=["here", "nope", "'; --", "nope"])
        assert created["warnings"] == [
            "There is no dataset 'nope' yet: the key opens it once there is.",
            "There is no dataset ''; --' yet: the key opens it once there is.",
        ]
        assert (await _create(client, datasets=["here"]))["warnings"] == []
        assert (await _create(client))["warnings"] == []

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"scopes": []}, "scopes"),
            ({"scopes": ["own"]}, "scopes/0"),
            ({"datasets": []}, "datasets"),
            ({"name": ""}, "name"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
            ({"colour": "red"}, "colour"),
        ],
    )
    async def test_an_unfit_body_is_refused(self, client: AsyncClient, body: dict[str, Any], path: str) -> None:
        response = await client.post("/keys", json={"name": "website", "scopes": ["read"], **body})
        assert _problem(response) == (422, "/problems/request-invalid")
        assert response.json()["errors"][0]["path"] == path

    async def test_only_admin_on_everything_makes_keys(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        for body in ({"scopes": ["write"]}, {"scopes": ["admin"], "datasets": ["a"]}):
            created = await _create(client, **body)
            headers = {"Authorization": f"Bearer {created['key']}"}
            response = await anonymous.post("/keys", json={"name": "more", "scopes": ["admin"]}, headers=headers)
            assert _problem(response) == (403, "/problems/scope-missing")


class TestListKeys:
    async def test_pages_show_every_key_once_newest_first(self, client: AsyncClient) -> None:
        made = [(await _create(client, name=f"key {number}"))["id"] for number in range(5)]
        seen, url = [], "/keys?_limit=2"
        while url:
            page = (await client.get(url)).json()
            seen += [key["id"] for key in page["data"]]
            url = f"/keys?_limit=2&_cursor={page['next']}" if page["next"] else ""
        assert seen == made[::-1]

    async def test_an_unknown_cursor_is_refused(self, client: AsyncClient) -> None:
        assert _problem(await client.get("/keys?_cursor=abc")) == (400, "/problems/cursor-invalid")


class TestRevokeKey:
    async def test_it_stops_working_and_stays_in_the_list(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        created = await _create(client)
        assert (await client.delete(f"/keys/{created['id']}")).status_code == 204
        response = await _use(anonymous, created["key"])
        assert _problem(response) == (401, "/problems/key-revoked")
        assert "'website' was revoked" in response.json()["detail"]
        assert (await client.get("/keys")).json()["data"][0]["revoked_at"] is not None

    async def test_twice_is_as_good_as_once(self, client: AsyncClient) -> None:
        created = await _create(client)
        await client.delete(f"/keys/{created['id']}")
        first = (await client.get("/keys")).json()["data"][0]["revoked_at"]
        assert (await client.delete(f"/keys/{created['id']}")).status_code == 204
        assert (await client.get("/keys")).json()["data"][0]["revoked_at"] == first

    async def test_an_unknown_key_is_a_404(self, client: AsyncClient) -> None:
        response = await client.delete("/keys/00000000-0000-0000-0000-000000000000")
        assert _problem(response) == (404, "/problems/key-not-found")

    async def test_what_is_no_id_is_a_400(self, client: AsyncClient) -> None:
        assert _problem(await client.delete("/keys/first")) == (400, "/problems/parameter-invalid")


class TestAuthentication:
    async def test_a_request_without_a_key(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/datasets")
        assert _problem(response) == (401, "/problems/key-missing")
        assert response.headers["www-authenticate"] == 'Bearer realm="tolva"'

    @pytest.mark.parametrize(
        "key", ["nonsense", f"tolva_{'0' * 32}_{'x' * 43}", "tolva_admin_of_the_tests_0123456780", "ключ"]
    )
    async def test_an_unknown_key(self, anonymous: AsyncClient, key: str) -> None:
        response = await anonymous.get("/datasets", headers={b"Authorization": f"Bearer {key}".encode()})
        assert _problem(response) == (401, "/problems/key-unknown")
        assert response.headers["www-authenticate"].endswith('error="invalid_token"')

    async def test_a_wrong_secret_of_a_known_key(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        key = (await _create(client))["key"]
        other = key[:-1] + ("A" if key[-1] != "A" else "B")
        assert _problem(await _use(anonymous, other)) == (401, "/problems/key-unknown")

    async def test_an_expired_key(
        self, client: AsyncClient, anonymous: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        created = await _create(client, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
        assert (await _use(anonymous, created["key"])).status_code == 200
        await connections.execute("UPDATE tolva.api_key SET expires_at = now() - interval '1 second'")
        assert _problem(await _use(anonymous, created["key"])) == (401, "/problems/key-expired")

    async def test_a_key_that_does_not_work_is_refused_where_none_is_needed(self, anonymous: AsyncClient) -> None:
        assert _problem(await _use(anonymous, "nonsense", "/openapi.json")) == (401, "/problems/key-unknown")
