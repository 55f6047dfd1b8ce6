"""A file that comes in the request that imports it."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from httpx import AsyncClient, Response
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from app.core.errors import ParameterInvalid, RequestInvalid, UnknownParameter
from app.core.settings import get_settings
from app.imports import sent_file
from tests.conftest import Drain
from tests.imports.conftest import Importer

STOCK = b"sku,price\n001,1.50\n002,20.00\n"
SEMICOLONS = "código;precio\n001;1,50\n002;20,00\n".encode("cp1252")


async def make(client: AsyncClient, name: str = "stock", **body: Any) -> None:
    response = await client.post("/datasets", json={"name": name, **body})
    assert response.status_code == 201, response.text


async def send(client: AsyncClient, content: bytes = STOCK, query: str = "", **headers: str) -> Response:
    given = {"Content-Type": "text/csv"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(f"/datasets/stock/imports{query}", content=content, headers=given)


async def finished(importer: Importer, response: Response) -> dict[str, Any]:
    assert response.status_code == 201, response.text
    await importer.drain()
    return await importer.show(response.json()["id"])


class TestPlain:
    async def test_it_is_imported(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        response = await send(client)
        made = response.json()
        assert (made["status"], made["upload"], made["file"]["name"]) == ("queued", None, "file.csv")
        assert response.headers["location"].endswith(f"/imports/{made['id']}")
        shown = await finished(importer, response)
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 2)
        assert await importer.records("stock") == [
            {"sku": "001", "price": "1.50"},
            {"sku": "002", "price": "20.00"},
        ]

    async def test_into_the_key_value_store(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, store="keyvalue")
        assert (await finished(importer, await send(client)))["result"]["added"] == 2

    @pytest.mark.parametrize("kind", [*sent_file.FILE_TYPES, "TEXT/CSV; header=present"])
    async def test_whatever_clients_call_a_file(self, client: AsyncClient, worker: Drain, kind: str) -> None:
        await make(client)
        assert (await send(client, Content_Type=kind)).status_code == 201

    async def test_packed(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        response = await send(client, gzip.compress(STOCK), Content_Type="application/gzip")
        assert (await finished(importer, response))["result"]["added"] == 2

    async def test_what_the_address_says(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        await finished(importer, await send(client, query="?key=sku"))
        query = (
            "?mode=upsert&on_reject=skip&max_rejections=5&dry_run=true&filename=delivery.csv&delimiter=%3B&header=2"
            "&nulls=NA&nulls=-&booleans=si,no&quote=&pad_short_rows=true&date_format=day%3DDD/MM/YYYY"
        )
        made = (await send(client, b"a title\nsku;price\n002;3.00\n003;NA\n", query)).json()
        assert (made["mode"], made["on_reject"], made["max_rejections"], made["dry_run"]) == ("upsert", "skip", 5, True)
        assert made["file"]["name"] == "delivery.csv"
        assert made["options"] == {
            "delimiter": ";",
            "header": 2,
            "nulls": ["NA", "-"],
            "booleans": ["si", "no"],
            "quote": "",
            "pad_short_rows": True,
            "date_format": {"day": "DD/MM/YYYY"},
        }

    async def test_its_name_is_that_of_the_headers(self, client: AsyncClient, worker: Drain) -> None:
        await make(client)
        named = await send(client, Content_Disposition='attachment; filename="lager.csv"')
        assert named.json()["file"]["name"] == "lager.csv"

    async def test_its_charset_is_its_encoding(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        shown = await finished(importer, await send(client, SEMICOLONS, Content_Type="text/csv; charset=windows-1252"))
        assert [column["label"] for column in shown["columns"]] == ["código", "precio"]
        assert shown["options"] == {"encoding": "windows-1252"}


class TestForm:
    async def test_as_curl_sends_it(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        response = await client.post(
            "/datasets/stock/imports?on_reject=skip",
            files={"file": ("C:\\data\\stock.csv", STOCK, "text/csv")},
            data={"key": "sku", "nulls": ["NA", "-"]},
        )
        shown = await finished(importer, response)
        assert (shown["file"]["name"], shown["key"], shown["on_reject"]) == ("stock.csv", ["sku"], "skip")
        assert (shown["options"], shown["result"]["added"]) == ({"nulls": ["NA", "-"]}, 2)

    @pytest.mark.parametrize(
        "disposition",
        [
            'form-data; name="file"; filename="año 1.csv"',
            "form-data; name=file; filename=x.csv; filename*=UTF-8''a%C3%B1o%201.csv",
            'form-data; name="file"; filename="C:\\\\data\\\\año 1.csv"',
        ],
    )
    async def test_names_of_files(self, client: AsyncClient, worker: Drain, disposition: str) -> None:
        await make(client)
        body = f"--x\r\ncontent-disposition: {disposition}\r\n\r\na,b\r\n1,2\r\n--x--\r\n".encode()
        sent = await send(client, body, Content_Type='multipart/form-data; boundary="x"')
        assert sent.json()["file"]["name"] == "año 1.csv"

    @pytest.mark.parametrize("files", [{}, {"a": STOCK, "b": STOCK}])
    async def test_it_has_one_file(self, client: AsyncClient, files: dict[str, bytes]) -> None:
        await make(client)
        several = [(name, (f"{name}.csv", content)) for name, content in files.items()]
        response = await client.post("/datasets/stock/imports", files=several or {"x": (None, "1")})
        assert response.status_code in (400, 422)
        assert "file" in response.text

    async def test_sent_again_it_is_the_same(self, client: AsyncClient, worker: Drain) -> None:
        await make(client)
        answers = [
            await client.post(
                "/datasets/stock/imports",
                headers={"Idempotency-Key": "one"},
                files={"file": ("stock.csv", content, "text/csv")},
            )
            for content in (STOCK, STOCK, STOCK + b"003,1.00\n")
        ]
        assert [answer.status_code for answer in answers] == [201, 201, 422]
        assert answers[0].json()["id"] == answers[1].json()["id"]

    @given(content=st.binary(max_size=300), boundary=st.sampled_from(["x", "----WebKitFormBoundary7MA4YWxk"]))
    def test_every_byte_arrives(self, content: bytes, boundary: str) -> None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="ä.csv"\r\n'.encode()
        body = head + b"Content-Type: text/csv\r\n\r\n" + content + f"\r\n--{boundary}--\r\n".encode()
        if f"--{boundary}".encode() in content:
            return
        kind = f"multipart/form-data; boundary={boundary}".encode()
        request = Request({"type": "http", "headers": [(b"content-type", kind)], "query_string": b""})
        read = sent_file.read_form(request, body)
        assert (read.content, read.name) == (content, "ä.csv")


PIECES = st.lists(
    st.sampled_from(
        [
            *(b"form-data", b"name=", b"filename=", b"filename*=", b"*0=", b"utf-8''", b"utf-16'x'", b"%ff", b"%zz"),
            *(b"multipart/mixed", b"message/rfc822", b"text/csv", b"boundary=x", b"charset=", b"=?utf-8?q?x?="),
            *(b'"', b"\\", b";", b" ", b",", b"<", b"\0", b"\xff", b"\xc3\xa4", b"a.csv", b"\r\n "),
        ]
    ),
    max_size=8,
).map(b"".join)
HEADERS = st.sampled_from([b"Content-Disposition: ", b"Content-Type: ", b"Content-Transfer-Encoding: "])


class TestNonsense:
    """A malformed form is refused with its fault."""

    @given(
        parts=st.lists(st.tuples(HEADERS, PIECES, HEADERS, PIECES), max_size=3),
        boundary=st.just(b"x") | PIECES,
        kind=PIECES,
    )
    @example(parts=[], boundary=b"\xff", kind=b"")
    def test_in_a_form(self, parts: list[tuple[bytes, bytes, bytes, bytes]], boundary: bytes, kind: bytes) -> None:
        body = b"".join(b"--x\r\n%b%b\r\n%b%b\r\n\r\na\r\n" % part for part in parts) + b"--x--\r\n"
        said = b"multipart/form-data; boundary=%b;%b" % (boundary, kind)
        headers = [(b"content-type", said.replace(b"\r\n", b""))]
        self.read(sent_file.read_form, headers, body)

    @given(kind=PIECES, disposition=PIECES)
    def test_in_headers(self, kind: bytes, disposition: bytes) -> None:
        kind, disposition = (text.replace(b"\r\n", b"") for text in (kind, disposition))
        headers = [(b"content-type", b"text/csv;" + kind), (b"content-disposition", disposition)]
        self.read(sent_file.read_plain, headers, b"a")

    @staticmethod
    def read(
        read: Callable[[Request, bytes], sent_file.SentFile], headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        with suppress(RequestInvalid, UnknownParameter, ParameterInvalid):
            found = read(Request({"type": "http", "headers": headers, "query_string": b""}), body)
            assert isinstance(found.content, bytes)

    async def test_a_part_that_says_it_has_parts_is_taken_as_it_is(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        await make(client)
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        body = head + b"Content-Type: multipart/mixed; boundary=y\r\n\r\na,b\r\n1,2\r\n--x--\r\n"
        shown = await finished(importer, await send(client, body, Content_Type="multipart/form-data; boundary=x"))
        assert shown["result"]["added"] == 1

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("multipart/form-data", b"--x--"),
            ("multipart/form-data; boundary=x", b"--x\r\n\r\n" * (sent_file.MAX_PARTS + 1)),
            (
                "multipart/form-data; boundary=x",
                b"--x\r\nContent-Type: " + b"a" * sent_file.MAX_HEAD + b"\r\n\r\n\r\n--x--",
            ),
            ('text/csv; x="' + "a" * sent_file.MAX_HEAD, b"a"),
        ],
    )
    async def test_too_much_of_it(self, client: AsyncClient, kind: str, body: bytes) -> None:
        await make(client)
        refused = await send(client, body, Content_Type=kind)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/request-invalid")


class TestRefusals:
    async def test_kinds_that_are_no_file(self, client: AsyncClient) -> None:
        await make(client)
        refused = await send(client, Content_Type="application/x-www-form-urlencoded")
        assert refused.status_code == 415
        assert "Content-Type: text/csv" in refused.json()["hint"]

    async def test_nothing_is_a_file_without_content(self, importer: Importer, client: AsyncClient) -> None:
        await make(client)
        shown = await finished(importer, await send(client, b""))
        assert (shown["status"], shown["problem"]["type"]) == ("failed", "/problems/file-empty")

    async def test_more_than_a_body_may_have(self, client: AsyncClient) -> None:
        await make(client)
        refused = await send(client, b"x" * (get_settings().max_body_bytes + 1))
        assert refused.status_code == 413
        assert '{"filename":' in refused.json()["hint"]

    @pytest.mark.parametrize(
        ("query", "status", "word"),
        [
            ("?mod=upsert", 400, "Did you mean 'mode'?"),
            ("?mode=upsert&mode=append", 400, "2 times"),
            ("?mode=merge", 422, "mode"),
            ("?max_rejections=-1", 422, "max_rejections"),
            ("?columns=[]", 400, "columns"),
            ("?header=maybe", 422, "header"),
            ("?delimiter=%C3%A9", 422, "delimiter"),
            ("?date_format=day", 400, "DD/MM/YYYY"),
            ("?encoding=klingon", 422, "encoding"),
            ("?filename=..", 422, "filename"),
        ],
    )
    async def test_what_is_said_wrongly(self, client: AsyncClient, query: str, status: int, word: str) -> None:
        await make(client)
        refused = await send(client, query=query)
        assert refused.status_code == status, refused.text
        assert word in refused.text
        assert (await client.get("/datasets/stock/imports")).json()["data"] == []

    async def test_with_json_the_body_says_it(self, client: AsyncClient) -> None:
        await make(client)
        refused = await client.post("/datasets/stock/imports?mode=upsert", json={"filename": "a.csv"})
        assert (refused.status_code, refused.json()["type"]) == (400, "/problems/unknown-parameter")

    async def test_a_key_that_only_reads(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await make(client)
        key = (await client.post("/keys", json={"name": "reader", "scopes": ["read"]})).json()["key"]
        assert (await send(anonymous, Authorization=f"Bearer {key}")).status_code == 403
        assert (await send(anonymous)).status_code == 401

    async def test_into_nothing(self, client: AsyncClient) -> None:
        assert (await send(client)).status_code == 404
