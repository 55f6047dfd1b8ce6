"""Imports over HTTP: announced, shown, listed, cancelled, and by whom."""

import codecs
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from pydantic import ValidationError

from app.datasets.import_options import ENCODINGS, ImportOptions
from tests.imports.conftest import Importer

Document = dict[str, Any]


def problem(response: Response) -> tuple[int, str]:
    """The status and the type of a problem."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def key_for(client: AsyncClient, scope: str, *datasets: str) -> dict[str, str]:
    """The headers of a new key with one scope, on all datasets or on some."""
    body = {"name": "limited", "scopes": [scope], "datasets": list(datasets) or None}
    return {"Authorization": f"Bearer {(await client.post('/keys', json=body)).json()['key']}"}


async def announce(client: AsyncClient, dataset: str = "prices", **body: Any) -> Response:
    """Announce a file, creating the dataset if it is missing."""
    await client.post("/datasets", json={"name": dataset})
    return await client.post(f"/datasets/{dataset}/imports", json={"filename": "prices.csv", **body})


async def send(upload: Document, content: bytes, **headers: str) -> Response:
    """Send a file to the URL of an import."""
    async with AsyncClient() as storage:
        return await storage.request(
            upload["method"], upload["url"], headers={**upload["headers"], **headers}, content=content
        )


class TestCreate:
    async def test_it_says_where_to_send_the_file(self, client: AsyncClient) -> None:
        response = await announce(client, size=5)
        shown = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"http://tolva.test/imports/{shown['id']}"
        assert (shown["status"], shown["mode"], shown["on_reject"]) == ("awaiting_upload", "append", "abort")
        assert shown["file"] == {"name": "prices.csv", "size": 5, "version": None}
        assert shown["upload"]["method"] == "PUT"
        assert response.headers["cache-control"] == "no-store"
        assert shown["upload"]["headers"]["Content-Length"] == "5"
        assert (await client.get(f"/imports/{shown['id']}")).json() == {
            name: value for name, value in shown.items() if name not in ("upload", "parts")
        }

    async def test_a_file_of_another_size_is_refused_by_the_storage(self, client: AsyncClient) -> None:
        upload = (await announce(client, size=5)).json()["upload"]
        assert (await send(upload, b"a\n1\n22\n", **{"Content-Length": "7"})).status_code == 403

    async def test_the_file_is_sent_once(self, client: AsyncClient) -> None:
        upload = (await announce(client, size=4)).json()["upload"]
        assert (await send(upload, b"a\n1\n")).status_code == 200
        assert (await send(upload, b"a\n2\n")).status_code == 412

    async def test_into_nothing(self, client: AsyncClient) -> None:
        response = await client.post("/datasets/price/imports", json={"filename": "a.csv"})
        assert problem(response) == (404, "dataset-not-found")

    @pytest.mark.parametrize(
        ("body", "path", "message"),
        [
            ({"mode": "merge"}, "mode", "append, upsert, replace"),
            ({"on_reject": "ignore"}, "on_reject", "abort, skip"),
            ({"max_rejections": -1}, "max_rejections", "not be less than 0"),
            ({"size": -1}, "size", "not be less than 0"),
            ({"filename": "../etc/passwd"}, "filename", "without a folder"),
            ({"filename": ""}, "filename", "1 or more characters"),
            ({"filname": "x.csv"}, "filname", "no member 'filname'"),
            ({"options": {"delimeter": ";"}}, "options/delimeter", "no member 'delimeter'"),
            ({"options": {"delimiter": ";;"}}, "options/delimiter", "1 character at most"),
            ({"options": {"delimiter": "\n"}}, "options/delimiter", "no line end"),
            ({"options": {"timezone": "Mars/Base"}}, "options/timezone", "'Mars/Base' is no time zone"),
            ({"options": {"date_format": {"day": "DD/MM"}}}, "options/date_format", "'DD/MM' is no date format"),
            ({"options": {"units": ["5"]}}, "options/units", "'5' is no unit"),
            (
                {"options": {"encoding": "utf-9"}},
                "options/encoding",
                "'utf-9' is no encoding of text; use one of utf-8",
            ),
            ({"options": {"encoding": "a" * 61}}, "options/encoding", "60 characters at most"),
            ({"options": {"header": 0}}, "options/header", "line number from 1"),
            ({"options": {"header": "yes"}}, "options/header", "true or false or a whole number"),
            ({"options": {"compression": "zip"}}, "options/compression", "none, gzip, zstd"),
            ({"options": {"booleans": ["yes"]}}, "options/booleans", ""),
        ],
    )
    async def test_what_does_not_fit_is_named(
        self, client: AsyncClient, body: Document, path: str, message: str
    ) -> None:
        response = await announce(client, **body)
        assert problem(response) == (422, "request-invalid")
        errors = response.json()["errors"]
        assert any(error["path"].startswith(path) and message in error["message"] for error in errors), errors

    @pytest.mark.parametrize(
        "name",
        ["punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf-7", "base64", "rot13", "hz", "undefined"],
    )
    async def test_an_encoding_is_one_of_text(self, client: AsyncClient, name: str) -> None:
        response = await announce(client, options={"encoding": name})
        assert response.status_code == 422, response.text

    @pytest.mark.parametrize("name", ENCODINGS)
    def test_each_encoding_is_one(self, name: str) -> None:
        options = ImportOptions(encoding=name)
        assert codecs.lookup(name).name == name
        assert "id\n1".encode(name).decode(options.encoding or "") == "id\n1"

    @pytest.mark.parametrize("name", ["charmap", "iso2022_jp", "mbcs", "", "\0"])
    def test_what_python_calls_an_encoding_besides_is_none(self, name: str) -> None:
        with pytest.raises(ValidationError, match="no encoding of text; use one of utf-8, "):
            ImportOptions(encoding=name)

    @pytest.mark.parametrize("name", ["UTF8", "latin-1", "windows-1252", "Shift_JIS", "ISO-8859-15", "us-ascii"])
    def test_an_encoding_has_other_names(self, name: str) -> None:
        assert ImportOptions(encoding=name).encoding == name

    async def test_a_header_may_be_counted_as_any_json_counts(self, client: AsyncClient) -> None:
        response = await announce(client, options={"header": 2.0})
        assert response.json()["options"]["header"] == 2


class TestShow:
    async def test_columns_say_what_they_are_and_why(self, importer: Importer, client: AsyncClient) -> None:
        shown = await importer("prices", "Unit price,Code\n1.50,x\n2.25,y\n")
        price = shown["columns"][0]
        assert (price["name"], price["type"], price["scale"], price["label"]) == (
            "unit_price",
            "decimal",
            2,
            "Unit price",
        )
        assert price["evidence"]
        assert "pattern" not in price
        assert list(shown["renamed"].items()) == [("Unit price", "unit_price"), ("Code", "code")]

    async def test_a_failure_is_a_problem(self, importer: Importer) -> None:
        shown = await importer("prices", b"")
        assert shown["status"] == "failed"
        assert shown["problem"]["type"] == "/problems/file-empty"
        assert "errors" not in shown["problem"]

    @pytest.mark.parametrize("suffix", ["", "/rejections"])
    async def test_one_that_does_not_exist(self, client: AsyncClient, suffix: str) -> None:
        assert problem(await client.get(f"/imports/{uuid4()}{suffix}")) == (404, "import-not-found")
        assert problem(await client.get(f"/imports/7{suffix}"))[0] == 400


class TestRejections:
    async def test_while_it_waits_there_are_none_yet(self, client: AsyncClient) -> None:
        shown = (await announce(client)).json()
        response = await client.get(f"/imports/{shown['id']}/rejections")
        assert problem(response) == (409, "rejections-not-ready")

    async def test_they_are_a_csv_file(self, importer: Importer, client: AsyncClient) -> None:
        await importer("prices", "code,price\na,1.00\n")
        shown = await importer("prices", 'code,price\nb,"x, ""y"""\n')
        response = await client.get(f"/imports/{shown['id']}/rejections")
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert f"rejections-{shown['id']}.csv" in response.headers["content-disposition"]
        head, row, *rest = response.text.splitlines()
        assert head == "line,record,offset,column,value,code,message"
        assert row.startswith('2,1,11,"price","x, ""y""","not_decimal",')
        assert not rest

    @pytest.mark.parametrize("value", ["=HYPERLINK(1)", "+1 a", "-x", "@SUM(1)", "\tx", "＝1", '=a""b,\n=c'])
    async def test_for_a_spreadsheet_no_value_is_a_formula(
        self, importer: Importer, client: AsyncClient, value: str
    ) -> None:
        await importer("prices", "code,price\na,1.00\n")
        shown = await importer("prices", f'code,price\nb,"{value}"\nc,"a=""b"\n')
        plain = await client.get(f"/imports/{shown['id']}/rejections")
        safe = await client.get(f"/imports/{shown['id']}/rejections?_spreadsheet=true")
        assert plain.content.decode().count(f'"{value}"') == 1
        assert safe.content.decode() == "\ufeff" + plain.content.decode().replace(f'"{value}"', f'"\'{value}"')

    async def test_for_a_spreadsheet_without_any(self, importer: Importer, client: AsyncClient) -> None:
        shown = await importer("prices", "code,price\na,1.00\n")
        response = await client.get(f"/imports/{shown['id']}/rejections?_spreadsheet=true")
        assert response.text.removeprefix("\ufeff") == "line,record,offset,column,value,code,message\n"

    async def test_a_parameter_that_it_does_not_have(self, importer: Importer, client: AsyncClient) -> None:
        shown = await importer("prices", "code,price\na,1.00\n")
        response = await client.get(f"/imports/{shown['id']}/rejections?_spredsheet=true")
        assert problem(response) == (400, "unknown-parameter")

    async def test_without_any_it_is_the_header(self, importer: Importer, client: AsyncClient) -> None:
        shown = await importer("prices", "code,price\na,1.00\n")
        assert await importer.rejections(shown["id"]) == "line,record,offset,column,value,code,message\n"


class TestCancel:
    async def test_one_that_waits(self, client: AsyncClient) -> None:
        shown = (await announce(client)).json()
        response = await client.post(f"/imports/{shown['id']}/cancel")
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        assert response.json()["finished_at"]
        assert problem(await client.post(f"/imports/{shown['id']}/cancel")) == (409, "import-finished")

    async def test_one_that_does_not_exist(self, client: AsyncClient) -> None:
        assert problem(await client.post(f"/imports/{uuid4()}/cancel")) == (404, "import-not-found")


class TestList:
    async def test_it_has_pages_newest_first(self, client: AsyncClient) -> None:
        made = [(await announce(client)).json()["id"] for _ in range(5)]
        await announce(client, "others")
        seen: list[str] = []
        parameters: dict[str, str] = {"_limit": "2"}
        while True:
            page = (await client.get("/datasets/prices/imports", params=parameters)).json()
            seen += [shown["id"] for shown in page["data"]]
            if page["next"] is None:
                break
            parameters["_cursor"] = page["next"]
        assert seen == made[::-1]

    async def test_a_cursor_belongs_to_its_list(self, client: AsyncClient) -> None:
        for _ in range(2):
            await announce(client)
        cursor = (await client.get("/datasets/prices/imports?_limit=1")).json()["next"]
        await announce(client, "others")
        for path in (f"/datasets/others/imports?_cursor={cursor}", "/datasets/prices/imports?_cursor=x"):
            assert problem(await client.get(path)) == (400, "cursor-invalid")

    async def test_an_unknown_parameter_is_named(self, client: AsyncClient) -> None:
        await announce(client)
        response = await client.get("/datasets/prices/imports?_limt=1")
        assert problem(response) == (400, "unknown-parameter")
        assert "Did you mean '_limit'?" in response.json()["detail"]


class TestScopes:
    async def test_without_a_key(self, anonymous: AsyncClient, client: AsyncClient) -> None:
        import_id = (await announce(client)).json()["id"]
        for method, path in _routes(import_id):
            assert problem(await anonymous.request(method, path, json={"filename": "a.csv"}))[0] == 401

    async def test_a_key_that_reads_may_look_and_no_more(self, anonymous: AsyncClient, client: AsyncClient) -> None:
        import_id = (await announce(client)).json()["id"]
        headers = await key_for(client, "read", "prices")
        for method, path in _routes(import_id):
            body = {"filename": "a.csv"} if method == "POST" else None
            response = await anonymous.request(method, path, json=body, headers=headers)
            expected = 403 if method == "POST" else 409 if path.endswith("/rejections") else 200
            assert response.status_code == expected, (method, path, response.text)

    @pytest.mark.parametrize("scope", ["read", "write", "admin"])
    async def test_the_key_of_another_dataset_opens_nothing(
        self, anonymous: AsyncClient, client: AsyncClient, scope: str
    ) -> None:
        import_id = (await announce(client)).json()["id"]
        headers = await key_for(client, scope, "others")
        for method, path in _routes(import_id):
            response = await anonymous.request(method, path, json={"filename": "a.csv"}, headers=headers)
            assert problem(response) == (403, "scope-missing"), (method, path)
            assert path.startswith("/datasets") or "prices" not in response.text

    @pytest.mark.parametrize("remade", [False, True])
    async def test_what_a_deleted_datasets_files_held_is_an_administrators(
        self, anonymous: AsyncClient, importer: Importer, client: AsyncClient, *, remade: bool
    ) -> None:
        members = {"name": "prices", "columns": [{"name": "n", "type": "integer"}]}
        await client.post("/datasets", json=members)
        shown = await importer("prices", "n\nsecret\n", on_reject="skip")
        assert (await client.delete("/datasets/prices")).status_code == 204
        if remade:
            assert (await client.post("/datasets", json=members)).status_code == 201
        everything = await key_for(client, "admin")
        for headers in [await key_for(client, scope, "prices") for scope in ("read", "admin")]:
            for method, path in _routes(shown["id"])[2:]:
                response = await anonymous.request(method, path, headers=headers)
                assert problem(response) == (403, "scope-missing"), (method, path)
        assert "secret" in (await anonymous.get(f"/imports/{shown['id']}/rejections", headers=everything)).text

    async def test_one_that_is_announced_again_in_another_dataset_of_the_name(self, client: AsyncClient) -> None:
        headers = {"Idempotency-Key": "one"}
        body = {"filename": "a.csv"}
        made: list[Response] = []
        for _ in range(2):
            assert (await client.post("/datasets", json={"name": "prices"})).status_code == 201
            made += [await client.post("/datasets/prices/imports", json=body, headers=headers) for _ in range(2)]
            assert (await client.delete("/datasets/prices")).status_code == 204
        ids = [response.json()["id"] for response in made]
        assert (ids[0], ids[2]) == (ids[1], ids[3])
        assert ids[0] != ids[2]
        gone = await client.post("/datasets/prices/imports", json=body, headers=headers)
        assert problem(gone) == (404, "dataset-not-found")

    async def test_a_key_that_writes_imports(self, anonymous: AsyncClient, client: AsyncClient) -> None:
        await announce(client)
        headers = await key_for(client, "write", "prices")
        made = await anonymous.post("/datasets/prices/imports", json={"filename": "a.csv"}, headers=headers)
        assert made.status_code == 201
        cancelled = await anonymous.post(f"/imports/{made.json()['id']}/cancel", headers=headers)
        assert cancelled.status_code == 200


def _routes(import_id: str) -> list[tuple[str, str]]:
    return [
        ("POST", "/datasets/prices/imports"),
        ("GET", "/datasets/prices/imports"),
        ("GET", f"/imports/{import_id}"),
        ("GET", f"/imports/{import_id}/rejections"),
        ("POST", f"/imports/{import_id}/cancel"),
    ]
