"""Writes mean the same in both stores: what is read, refused and explained above them."""

import re
from typing import Any

import pytest
from httpx import AsyncClient, Response

from app.core.settings import get_settings
from app.records import service
from tests.records.conftest import Make, problem

COLUMNS: list[dict[str, Any]] = [
    {"name": "code", "type": "text"},
    {"name": "count", "type": "integer", "min": 0},
    {"name": "more", "type": "json"},
]
# Each is a method, the end of the path, a body, and a precondition; `{etag}` is the tag of record a at the beginning.
WRITES: list[tuple[str, str, Any, dict[str, str]]] = [
    ("POST", "", {"code": "b", "count": 2}, {}),
    ("POST", "", {"code": "a"}, {}),
    ("POST", "", {"code": "c", "count": -1, "colour": "red"}, {}),
    ("POST", "", "c", {}),
    ("POST", "", [{"code": "c"}, {"code": "d", "more": {"x": [1.50]}}], {}),
    ("POST", "", [{"code": "e"}, {"code": "a"}], {}),
    ("POST", "", [{"code": "e"}, {"code": "f"}, {"code": "e"}], {}),
    ("POST", "", [{"code": "e"}, {"code": "f", "count": "x"}], {}),
    ("POST", "", [], {}),
    ("PUT", "/a", {"count": 3}, {}),
    ("PUT", "/n", {"count": 3}, {}),
    ("PUT", "/n", {"code": "m"}, {}),
    ("PUT", "/n", {}, {"If-None-Match": "*"}),
    ("PUT", "/o", {}, {"If-None-Match": "*"}),
    ("PUT", "/q", {}, {"If-Match": "*"}),
    ("PUT", "/q", {}, {"If-Match": '"x"'}),
    ("PUT", "/n", {}, {"If-Match": "*"}),
    ("PUT", "/a", {"count": 4}, {"If-Match": "{etag}"}),
    ("PATCH", "/a", {"more": {"y": 2}}, {}),
    ("PATCH", "/a", {"more": {"y": None, "z": {"k": 1}}, "count": 5}, {}),
    ("PATCH", "/a", {"more": {"z": 9}}, {"If-Match": "{etag}"}),
    ("PATCH", "/a", {"count": 9}, {"If-Match": "{etag}"}),
    ("PATCH", "/a", {"count": None}, {"If-Match": "*"}),
    ("PATCH", "/a", {"more": [1]}, {}),
    ("PATCH", "/a", {"more": None, "count": "many"}, {}),
    ("PATCH", "/A", {"count": 1}, {}),
    ("PATCH", "/zzz", {"more": {"a": 1}}, {}),
    ("DELETE", "/a", None, {"If-Match": '"x"'}),
    ("DELETE", "/zzz", None, {"If-Match": '"x"'}),
    ("DELETE", "/B", None, {}),
    ("DELETE", "/b", None, {}),
    ("DELETE", "/b", None, {}),
    ("DELETE", "/a", None, {"If-Match": "*"}),
]


KEYS = "abcdefmnopq"


def _normalized(response: Response, store: str) -> tuple[int, str, str | None]:
    """The status, body and entity tag of an answer, without the name of its dataset and the id of its request."""
    text = re.sub('"request_id":"[0-9a-f]+"', "", response.text.replace(store, "D"))
    return response.status_code, text, response.headers.get("etag")


class TestBothStores:
    async def _write(self, client: AsyncClient, store: str) -> list[tuple[int, str, str | None]]:
        """The status, body and entity tag of each write, and of every record at the end."""
        path = f"/datasets/{store}/records"
        made = await client.post(path, json={"code": "a", "count": 1, "more": {"x": 1}})
        seen = []
        for method, end, body, conditions in WRITES:
            headers = {name: value.format(etag=made.headers["etag"]) for name, value in conditions.items()}
            response = await client.request(method, path + end, json=body, headers=headers)
            seen.append(_normalized(response, store))
        return seen + [_normalized(await client.get(f"{path}/{key}"), store) for key in KEYS]

    async def test_they_answer_alike(self, client: AsyncClient, make: Make) -> None:
        await make("tabled", COLUMNS, key=["code"])
        await make("mapped", COLUMNS, key=["code"], store="keyvalue")
        tabled, mapped = await self._write(client, "tabled"), await self._write(client, "mapped")
        assert [answer[0] for answer in tabled[: len(WRITES)]] == [
            *(201, 409, 422, 422, 201, 409, 409, 422, 422),
            *(200, 201, 422, 412, 201, 412, 412, 200, 412),
            *(200, 200, 412, 412, 200, 200, 422, 404, 404),
            *(412, 404, 404, 204, 404, 204),
        ]
        for write, one, other in zip([*WRITES, *KEYS], tabled, mapped, strict=True):
            assert one == other, write


class TestCount:
    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_the_setting_is_named_if_it_is_the_limit(
        self, client: AsyncClient, make: Make, monkeypatch: pytest.MonkeyPatch, store: str
    ) -> None:
        monkeypatch.setattr(
            service, "get_settings", lambda: get_settings().model_copy(update={"max_written_records": 98})
        )
        await make("things", COLUMNS, key=["code"], store=store)
        response = await client.post("/datasets/things/records", json=[{"code": f"k{n}"} for n in range(100)])
        assert problem(response) == (413, "/problems/too-many-records")
        expected = "There are 100 records; one request may add 98 (TOLVA_MAX_WRITTEN_RECORDS)."
        assert response.json()["detail"] == expected

    async def test_the_store_is_if_it_is(self, client: AsyncClient, make: Make) -> None:
        await make("things", COLUMNS, key=["code"], store="keyvalue")
        response = await client.post("/datasets/things/records", json=[{"code": f"k{n}"} for n in range(100)])
        assert response.json()["detail"] == "There are 100 records; one request may add 99 to this dataset's store."
