"""Conditions of a write beyond the record: references, a state, an authorized caller, an unchanged dataset."""

from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.records.conftest import PRODUCTS, Make, Problem, problem, stored


class TestConditions:
    async def _start(self, client: AsyncClient, make: Make) -> Response:
        await make("products", PRODUCTS, key=["sku"])
        return await client.post("/datasets/products/records", json={"sku": "A1", "stock": 1})

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_a_record_in_another_state_is_left_alone(self, client: AsyncClient, make: Make, method: str) -> None:
        made = await self._start(client, make)
        path, etag = made.headers["location"], made.headers["etag"]
        changed = await client.patch(path, json={"stock": 2})
        body = None if method == "DELETE" else {"stock": 9}
        for tags in (etag, f"W/{changed.headers['etag']}", '"x", "y"'):
            response = await client.request(method, path, json=body, headers={"If-Match": tags})
            assert problem(response) == (412, "/problems/precondition-failed")
        assert (await client.get(path)).content == changed.content
        for tags in (f'"x", {changed.headers["etag"]}', "*"):
            response = await client.request(method, path, json=body, headers={"If-Match": tags})
            assert response.status_code in (200, 204) or (method, tags) == ("DELETE", "*")

    async def test_documents_are_merged_under_it(self, client: AsyncClient, make: Make) -> None:
        made = await self._start(client, make)
        path = made.headers["location"]
        headers = {"If-Match": made.headers["etag"]}
        assert (await client.patch(path, json={"details": {"a": 1}}, headers=headers)).status_code == 200
        response = await client.patch(path, json={"details": {"a": 2}}, headers=headers)
        assert problem(response) == (412, "/problems/precondition-failed")
        assert (await client.get(path)).json()["details"] == {"a": 1}

    @pytest.mark.parametrize("tags", ["*", '"x"'])
    async def test_nothing_has_no_state(self, client: AsyncClient, make: Make, tags: str) -> None:
        await self._start(client, make)
        path, headers = "/datasets/products/records/A2", {"If-Match": tags}
        response = await client.put(path, json={}, headers=headers)
        assert problem(response) == (412, "/problems/precondition-failed")
        assert problem(await client.patch(path, json={}, headers=headers)) == (404, "/problems/record-not-found")
        assert problem(await client.delete(path, headers=headers)) == (404, "/problems/record-not-found")

    async def test_a_star_makes_and_does_not_replace(self, client: AsyncClient, make: Make) -> None:
        await self._start(client, make)
        headers = {"If-None-Match": "*"}
        assert (
            await client.put("/datasets/products/records/A2", json={"ean": "1"}, headers=headers)
        ).status_code == 201
        response = await client.put("/datasets/products/records/A2", json={"ean": "1"}, headers=headers)
        assert problem(response) == (412, "/problems/precondition-failed")
        response = await client.put("/datasets/products/records/A3", json={"ean": "1"}, headers=headers)
        assert problem(response) == (409, "/problems/value-taken")

    async def test_a_numbered_record_is_not_made_by_it_either(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await client.post("/datasets/rows/records", json={"n": 1})
        headers = {"If-None-Match": "*"}
        assert (await client.put("/datasets/rows/records/1", json={}, headers=headers)).status_code == 412
        assert (await client.put("/datasets/rows/records/2", json={}, headers=headers)).status_code == 404

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            ("PUT", {"If-Match": "x"}), ("PUT", {"If-None-Match": '"x"'}), ("PATCH", {"If-None-Match": "*"}),
            ("DELETE", {"If-None-Match": "*"}), ("PUT", {"If-Match": "*", "If-None-Match": "*"}),
            ("GET", {"If-None-Match": "x"}),
        ],
    )  # fmt: skip
    async def test_conditions_that_make_no_sense_are_refused(
        self, client: AsyncClient, make: Make, method: str, headers: dict[str, str]
    ) -> None:
        made = await self._start(client, make)
        body: Any = {} if method in ("PUT", "PATCH") else None
        response = await client.request(method, made.headers["location"], json=body, headers=headers)
        assert problem(response) == (400, "/problems/parameter-invalid")

    async def test_a_reader_is_told_that_nothing_is_new(self, client: AsyncClient, make: Make) -> None:
        made = await self._start(client, make)
        headers = {"If-None-Match": f'"x", W/{made.headers["etag"]}'}
        response = await client.get(made.headers["location"], headers=headers)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == made.headers["etag"]
        await client.patch(made.headers["location"], json={"stock": 2})
        assert (await client.get(made.headers["location"], headers=headers)).json()["stock"] == 2


class TestWhoMayWrite:
    async def test_the_scope_write_is_needed(self, client: AsyncClient, anonymous: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        cases: list[tuple[dict[str, Any], Problem | None]] = [
            ({"scopes": ["read"]}, (403, "/problems/scope-missing")),
            ({"scopes": ["write"], "datasets": ["other"]}, (403, "/problems/scope-missing")),
            ({"scopes": ["write"], "datasets": ["products"]}, None),
            ({"scopes": ["admin"]}, None),
        ]
        for number, (body, refusal) in enumerate(cases):
            key = (await client.post("/keys", json={"name": "x", **body})).json()["key"]
            headers = {"Authorization": f"Bearer {key}"}
            path = f"/datasets/products/records/A{number}"
            response = await anonymous.put(path, json={}, headers=headers)
            assert (response.status_code == 201) if refusal is None else (problem(response) == refusal)
            refused = await anonymous.post("/datasets/absent/records", json={}, headers=headers)
            assert refused.status_code == (404 if "datasets" not in body and refusal is None else 403)

    @pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic YTpi", "Bearer  ", "bearer x"])
    async def test_without_a_key_that_works_nothing_is_looked_at(
        self, anonymous: AsyncClient, authorization: str | None
    ) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = await anonymous.post("/datasets/absent/records", content=b"{", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")

    async def test_a_revoked_key_stops_at_once(self, client: AsyncClient, anonymous: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        created = (await client.post("/keys", json={"name": "x", "scopes": ["write"]})).json()
        headers = {"Authorization": f"Bearer {created['key']}"}
        assert (await anonymous.put("/datasets/products/records/A1", json={}, headers=headers)).status_code == 201
        await client.delete(f"/keys/{created['id']}")
        response = await anonymous.put("/datasets/products/records/A2", json={}, headers=headers)
        assert problem(response) == (401, "/problems/key-revoked")


class TestIdempotency:
    async def test_a_record_is_added_once(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        for body in ({"n": 1}, [{"n": 2}, {"n": 3}]):
            headers = {"Idempotency-Key": f"key of {body}"}
            first = await client.post("/datasets/rows/records", json=body, headers=headers)
            again = await client.post("/datasets/rows/records", json=body, headers=headers)
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers.get("etag") == first.headers.get("etag")
            assert again.headers.get("location") == first.headers.get("location")
            assert again.headers["idempotency-replayed"] == "true"
        assert len(await stored(client, "rows")) == 3

    async def test_after_a_refusal_a_better_record_may_come(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        headers = {"Idempotency-Key": "mended"}
        refused = await client.post("/datasets/rows/records", json={"n": "1"}, headers=headers)
        assert problem(refused) == (422, "/problems/record-invalid")
        assert (await client.post("/datasets/rows/records", json={"n": 1}, headers=headers)).status_code == 201


class TestChangedDatasets:
    async def test_one_without_columns_takes_nothing(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        for method, path in (("POST", ""), ("PUT", "/1"), ("PATCH", "/1")):
            response = await client.request(method, f"/datasets/later/records{path}", json={})
            assert problem(response) == (409, "/problems/dataset-without-columns")

    async def test_one_that_was_deleted_is_not_found(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await client.post("/datasets/rows/records", json={"n": 1})
        await client.delete("/datasets/rows?confirm=rows")
        response = await client.post("/datasets/rows/records", json={"n": 1})
        assert problem(response) == (404, "/problems/dataset-not-found")

    async def test_one_that_was_made_fresh_has_its_new_columns(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await client.post("/datasets/rows/records", json={"n": 1})
        await client.delete("/datasets/rows?confirm=rows")
        await make("rows", [{"name": "code", "type": "text"}], key=["code"])
        assert (await client.put("/datasets/rows/records/a", json={})).json() == {"code": "a"}
        response = await client.post("/datasets/rows/records", json={"n": 1})
        assert [error["code"] for error in response.json()["errors"]] == ["required", "unknown_column"]

    async def test_a_rule_that_came_meanwhile_is_kept(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection
    ) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await client.post("/datasets/rows/records", json={"n": 1})
        await connections.execute(
            """UPDATE tolva.dataset SET columns = '[{"name": "n", "type": "integer", "max": 5}]', updated_at = now()"""
        )
        for body in ({"n": 6}, [{"n": 6}]):
            response = await client.post("/datasets/rows/records", json=body)
            assert problem(response) == (422, "/problems/record-invalid")
        response = await client.patch("/datasets/rows/records/1", json={"n": 6})
        assert problem(response) == (422, "/problems/record-invalid")
        assert (await client.post("/datasets/rows/records", json={"n": 5})).status_code == 201

    async def test_a_table_that_lost_a_column_is_our_fault(
        self, client: AsyncClient, make: Make, connections: asyncpg.Connection
    ) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await connections.execute("ALTER TABLE data.rows DROP COLUMN n")
        response = await client.post("/datasets/rows/records", json={"n": 1})
        assert problem(response) == (500, "/problems/internal-error")
        assert "does not exist" not in response.text
