"""Both stores say the same of the same records, and thousands of writes leave what a dict would."""

import json
import random
from typing import Any

import pytest
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.conftest import Make

STABLE = settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OPERATIONS = 2000
COLUMNS: list[dict[str, Any]] = [
    {"name": "k", "type": "text"},
    {"name": "i", "type": "integer"},
    {"name": "b", "type": "bigint"},
    {"name": "n", "type": "number"},
    {"name": "d", "type": "decimal", "precision": 30, "scale": 5},
    {"name": "e", "type": "decimal", "precision": 60, "scale": 5},
    {"name": "f", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "datetime"},
    {"name": "u", "type": "uuid"},
    {"name": "j", "type": "json"},
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.fixed_dictionaries(
    {"k": TEXTS},
    optional={
        "i": st.integers(-(2**53) + 1, 2**53 - 1),
        "b": st.integers(-(2**63), 2**63 - 1).map(str),
        "n": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
        "d": st.decimals(-(10**25) + 1, 10**25 - 1, places=5).map(lambda value: f"{value:f}"),
        "e": st.decimals(-(10**54), 10**54, places=5).map(lambda value: f"{value:f}"),
        "f": st.booleans() | st.none(),
        "day": st.dates().map(str),
        "at": st.datetimes().map(lambda value: f"{value.isoformat()}Z"),
        "u": st.uuids().map(str),
        "j": DOCUMENTS,
    },
)
OFFERED = ("content-type", "etag")


def said(response: Response) -> tuple[int, str, list[str | None]]:
    """The content of an answer, without the names of the request and the dataset."""
    text = response.text.replace("relational_things", "things").replace("keyvalue_things", "things")
    if response.headers["content-type"] == "application/problem+json":
        text = json.dumps({name: value for name, value in json.loads(text).items() if name != "request_id"})
    return response.status_code, text, [response.headers.get(name) for name in OFFERED]


@pytest.fixture
async def both(client: AsyncClient, make: Make) -> None:
    """The same dataset in both stores."""
    for store in ("relational", "keyvalue"):
        await make(f"{store}_things", COLUMNS, key=["k"], store=store)


async def ask_both(client: AsyncClient, method: str, path: str, **options: Any) -> tuple[Any, Any]:
    """The answers of both stores to the same request."""
    first, second = [
        await client.request(method, f"/datasets/{store}_things/records{path}", **options)
        for store in ("relational", "keyvalue")
    ]
    return said(first), said(second)


@pytest.mark.usefixtures("both")
class TestStores:
    @STABLE
    @given(records=st.lists(RECORDS, min_size=1, max_size=6))
    async def test_they_show_the_same_records_byte_for_byte(
        self, client: AsyncClient, records: list[dict[str, Any]]
    ) -> None:
        for record in records:
            body = {"keys": [record["k"]]}
            relational, keyvalue = await ask_both(client, "POST", "", json=record)
            assert keyvalue == relational
            relational, keyvalue = await ask_both(client, "POST", "/get", json=body)
            assert keyvalue == relational

    @pytest.mark.parametrize(
        ("method", "path", "options"),
        [
            ("GET", "/x", {}),
            ("PUT", "/x", {"json": {"i": 1.5}}),
            ("PUT", "/x", {"json": {"k": "y"}}),
            ("PUT", "/x", {"json": {}, "headers": {"If-Match": "*"}}),
            ("PUT", "/a", {"json": {}, "headers": {"If-None-Match": "*"}}),
            ("PUT", "/a", {"json": {}, "headers": {"If-Match": '"old"'}}),
            ("PATCH", "/a", {"json": {"i": 3}}),
            ("PATCH", "/a", {"json": {"z": 3}}),
            ("PATCH", "/a", {"json": {"i": 3}, "headers": {"If-Match": '"old"'}}),
            ("PATCH", "/x", {"json": {"i": 3}}),
            ("DELETE", "/x", {}),
            ("DELETE", "/a", {"headers": {"If-Match": '"old"'}}),
            ("POST", "", {"json": {"k": "a"}}),
            ("POST", "", {"json": [{"k": "b"}, {"k": "b"}]}),
            ("POST", "", {"json": [{"k": "b", "d": "x"}, {}]}),
            ("POST", "", {"content": b"{"}),
            ("POST", "/get", {"json": {"keys": [1]}}),
        ],
    )
    async def test_they_refuse_the_same_in_the_same_words(
        self, client: AsyncClient, method: str, path: str, options: dict[str, Any]
    ) -> None:
        await ask_both(client, "POST", "", json={"k": "a", "i": 1})
        relational, keyvalue = await ask_both(client, method, path, **options)
        assert keyvalue == relational


class TestWrites:
    async def test_thousands_of_them_leave_what_a_dict_has(self, client: AsyncClient, make: Make) -> None:
        columns = [{"name": "a", "type": "text"}, {"name": "b", "type": "integer"}, {"name": "v", "type": "integer"}]
        await make("many", columns, key=["a", "b"], store="keyvalue")
        source = random.Random(5)
        model: dict[tuple[str, int], int | None] = {}
        for _ in range(OPERATIONS):
            key = source.choice("xyz"), source.randrange(-6, 6)
            await _do_one(client, source, model, key)
        for letter in "xyz":
            data = (await client.get(f"/datasets/many/records?a={letter}&_limit=1000")).json()["data"]
            assert [(record["a"], record["b"], record["v"]) for record in data] == [
                (*key, model[key]) for key in sorted(model) if key[0] == letter
            ]


async def _do_one(
    client: AsyncClient, source: random.Random, model: dict[tuple[str, int], int | None], key: tuple[str, int]
) -> None:
    """Do one operation chosen at random to the dataset and to the model, and compare what they answer."""
    path = f"/datasets/many/records/{key[0]},{key[1]}"
    value, is_there = source.randrange(100), key in model
    match source.choice(["get", "get", "create", "many", "put", "put new", "patch", "patch stale", "delete"]):
        case "get":
            response = await client.get(path)
            assert response.status_code == (200 if is_there else 404)
            assert not is_there or response.json()["v"] == model[key]
        case "create":
            response = await client.post(path.rpartition("/")[0], json={"a": key[0], "b": key[1], "v": value})
            assert response.status_code == (409 if is_there else 201)
            model.setdefault(key, value)
        case "many":
            keys = {(key[0], source.randrange(-6, 6)) for _ in range(2)}
            body = [{"a": a, "b": b, "v": value} for a, b in keys]
            response = await client.post(path.rpartition("/")[0], json=body)
            assert response.status_code == (409 if keys & model.keys() else 201)
            model |= {} if keys & model.keys() else dict.fromkeys(keys, value)
        case "put":
            assert (await client.put(path, json={"v": value})).status_code == (200 if is_there else 201)
            model[key] = value
        case "put new":
            response = await client.put(path, json={"v": value}, headers={"If-None-Match": "*"})
            assert response.status_code == (412 if is_there else 201)
            model.setdefault(key, value)
        case "patch":
            tag = (await client.get(path)).headers.get("etag", '"none"')
            response = await client.patch(path, json={"v": None}, headers={"If-Match": tag})
            assert response.status_code == (200 if is_there else 404)
            model |= {key: None} if is_there else {}
        case "patch stale":
            response = await client.patch(path, json={"v": 7}, headers={"If-Match": '"stale"'})
            assert response.status_code == (412 if is_there else 404)
        case "delete":
            assert (await client.delete(path)).status_code == (204 if is_there else 404)
            model.pop(key, None)
