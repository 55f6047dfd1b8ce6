"""For any request, the answer names the mistake, and nothing else happens."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.records.conftest import PRODUCTS, Make, problem, stored

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100_000 + b"]" * 100_000
MALFORMED = [
    b"",
    b"{",
    b'{"sku": "A1", "sku": "A2"}',
    b'{"sku": "A1", "details": {"a": 1, "a": 2}}',
    b'{"price": NaN}',
    b'[{"price": Infinity}]',
    b'{"price": -Infinity}',
    b'{"stock": ' + b"9" * 5000 + b"}",
    b'{"price": 1e99999999999999999999}',
    b'{"price": 0.' + b"1" * 5000 + b"}",
    b'{"sku": "\xff"}',
    b'{"sku": "\xed\xa0\x80"}',
    '{"sku": "A1"}'.encode("utf-16"),
    DEEP,
    b'{"details": ' + DEEP + b"}",
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b"{" + b",".join(b'"%d":1' % n for n in range(50_000)) + b',"0":1}',
]
INVALID: list[tuple[bytes, str]] = [
    (b"null", "not_an_object"),
    (b"1", "not_an_object"),
    (b'"a"', "not_an_object"),
    (b"[[]]", "not_an_object"),
    (rb'{"sku": "a\u0000b"}', "not_text"),
    (rb'{"sku": "\ud800"}', "not_text"),
    (rb'{"sku": "A1", "details": {"a\u0000": 1}}', "not_json"),
    (rb'{"sku": "A1", "details": ["\udc00"]}', "not_json"),
    (b'{"sku": "A1", "details": ' + b"[" * 300 + b"]" * 300 + b"}", "not_json"),
    (b'{"sku": "A1", "stock": 1e400}', "not_integer"),
    (b'{"sku": "A1", "stock": ' + b"9" * 500 + b"}", "not_integer"),
    (b'{"sku": "A1", "price": 1e400}', "not_decimal"),
    (b'{"sku": "A1", "price": 1e-400}', "not_decimal"),
    (b'{"sku": "A1", "price": {"gt": 1}}', "not_decimal"),
    (b'{"sku": "A1", "price": [1]}', "not_decimal"),
    (b'{"sku": {"$ne": null}}', "not_text"),
    (rb'{"sku": "A1", "\u0000": 1}', "unknown_column"),
    (rb'{"sku": "A1", "\ud800": 1}', "unknown_column"),
    (b'{"sku": "A1", "__proto__": {}}', "unknown_column"),
    (b'{"sku": "A1", "ctid": "(0,1)"}', "unknown_column"),
    (b'{"sku": "A1", "_id": 1}', "unknown_column"),
    (b'{"sku": "A1", "sku\\"; DROP TABLE data.products": 1}', "unknown_column"),
]
TEXTS = [
    "'; DROP TABLE data.products; --",
    '"',
    "\\",
    "$1",
    "%s",
    ":a",
    "{}",
    "\r\n",
    "\u2028",
    "😀",
    "a" * 2000,
    "'\"`",
]


class TestBodies:
    @pytest.mark.parametrize("content", MALFORMED)
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_what_is_not_json_with_one_meaning(
        self, client: AsyncClient, make: Make, method: str, content: bytes
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records" + ("" if method == "POST" else "/A1")
        response = await client.request(method, path, content=content, headers=JSON)
        assert problem(response) in {(400, "/problems/malformed-json"), (422, "/problems/record-invalid")}
        assert await stored(client, "products") == []

    @pytest.mark.parametrize(("content", "code"), INVALID)
    async def test_what_is_no_record(self, client: AsyncClient, make: Make, content: bytes, code: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        response = await client.post("/datasets/products/records", content=content, headers=JSON)
        assert problem(response) == (422, "/problems/record-invalid")
        assert code in [error["code"] for error in response.json()["errors"]]
        many = content if content.startswith(b"[") else b"[" + content + b"]"
        response = await client.post("/datasets/products/records", content=many, headers=JSON)
        assert problem(response) == (422, "/problems/record-invalid")
        assert await stored(client, "products") == []

    async def test_a_body_over_the_limit(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        body = {"sku": "A1", "details": "x" * 1_100_000}
        for method, path in (("POST", ""), ("PUT", "/A1"), ("PATCH", "/A1")):
            response = await client.request(method, f"/datasets/products/records{path}", json=body)
            assert problem(response) == (413, "/problems/body-too-large")

    @pytest.mark.parametrize("said", ["text/csv", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
    async def test_another_kind_of_body(self, client: AsyncClient, make: Make, said: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        for method, path in (("POST", ""), ("PUT", "/A1"), ("PATCH", "/A1")):
            url = f"/datasets/products/records{path}"
            response = await client.request(method, url, content=b"{}", headers={"Content-Type": said})
            assert problem(response) == (415, "/problems/media-type-unsupported")

    @pytest.mark.parametrize("column", ["sku", "ean"])
    async def test_a_value_that_no_index_holds(self, client: AsyncClient, make: Make, column: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        # What repeats itself is stored in less room than it has.
        noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))
        body = {"sku": "A1", column: noise}
        for given in (body, [{"sku": "A0"}, body]):
            response = await client.post("/datasets/products/records", json=given)
            assert problem(response) == (422, "/problems/record-invalid")
            assert "2,700 bytes" in response.json()["hint"]
        assert await stored(client, "products") == []

    @pytest.mark.parametrize("text", TEXTS)
    async def test_any_text_is_but_a_text(self, client: AsyncClient, make: Make, text: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        body = {"sku": text, "ean": text, "details": {text: text}}
        made = await client.post("/datasets/products/records", json=body)
        assert made.status_code == 201, made.text
        path = f"/datasets/products/records/{quote(text, safe='')}"
        changed = await client.patch(path, json={"ean": f"{text}!", "details": {text: None}})
        assert changed.json() == made.json() | {"ean": f"{text}!", "details": {}}
        clash = await client.post("/datasets/products/records", json=[{"sku": text}, {"sku": text}])
        assert {error["value"] for error in clash.json()["errors"]} == {text[:200]}
        assert (await client.delete(path)).status_code == 204


class TestAddresses:
    @pytest.mark.parametrize("key", ["%00", "%ff", "%ED%A0%80", "x" * 60_000, "a%2Fb/../c", "%F0%9F%98%80", ""])
    async def test_any_key_is_found_or_not(self, client: AsyncClient, make: Make, key: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        for method in ("PATCH", "DELETE"):
            body: Any = {} if method == "PATCH" else None
            response = await client.request(method, f"/datasets/products/records/{key}", json=body)
            assert response.status_code in (400, 404)
            problem(response)

    @pytest.mark.parametrize("key", ["1.5", "abc", "9" * 5000, "%00", "1,2", "-0", "٣"])
    async def test_what_is_no_number_names_no_record(self, client: AsyncClient, make: Make, key: str) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        for method in ("PUT", "PATCH", "DELETE"):
            body: Any = None if method == "DELETE" else {}
            response = await client.request(method, f"/datasets/rows/records/{key}", json=body)
            assert response.status_code in (400, 404)
            problem(response)

    @pytest.mark.parametrize("query", ["_limit=1", "sku=A1", "a=1&a=2", "%00", "x" * 10_000])
    async def test_a_parameter_is_refused(self, client: AsyncClient, make: Make, query: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        for method, path in (("POST", ""), ("PUT", "/A1"), ("PATCH", "/A1"), ("DELETE", "/A1")):
            body = None if method == "DELETE" else {"sku": "A1"}
            response = await client.request(method, f"/datasets/products/records{path}?{query}", json=body)
            assert problem(response) == (400, "/problems/unknown-parameter")
        assert await stored(client, "products") == []

    async def test_a_dataset_by_any_name(self, client: AsyncClient) -> None:
        for name in ("absent", "Absent", "a%00", "%FF", "a'b", "x" * 5000, "pg_class", "data.products"):
            response = await client.post(f"/datasets/{name}/records", json={})
            assert problem(response)[0] == 404


class TestHeaders:
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match", "Idempotency-Key", "Content-Type"])
    @pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"\x80" * 5000, b'"' * 5000, b",,,", b"W/", b'"a"' * 2000])
    async def test_any_value_is_used_or_refused(
        self, client: AsyncClient, make: Make, header: str, value: bytes
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        content: Any = json.dumps({"sku": "A1"}).encode()
        headers = {b"Content-Type": b"application/json", header.encode(): value}
        for method, path in (("POST", ""), ("PUT", "/A1"), ("PATCH", "/A1"), ("DELETE", "/A1"), ("GET", "/A1")):
            url = f"/datasets/products/records{path}"
            body = None if method in ("GET", "DELETE") else content
            response = await client.request(method, url, content=body, headers=headers)
            assert response.status_code < 500
