"""Hostile requests: each is answered with a problem that names the mistake, never with a 500."""

import json
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.records.query.operators import OPERATORS
from tests.conftest import ADMIN_KEY
from tests.records.conftest import Fill

COLUMNS: dict[str, Any] = {
    "text": "text",
    "integer": "integer",
    "bigint": "bigint",
    "number": "number",
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "uuid": "uuid",
    "json": "json",
    "image": "image",
}
SECRET = "of another dataset"  # what must not be seen
MEGABYTE = "x" * 1_000_000
INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE data.victim; --",
    "1); DELETE FROM data.victim; --",
    "$1",
    "$1::text",
    "%s",
    "{}",
    '"',
    "\\'; SELECT 1; --",
    "' UNION SELECT secret FROM data.secrets --",
    "pg_sleep(10)",
    "/**/",
    "E'\\x27'",
]
BROKEN = ["%00", "%ff", "%c0%80", "%ed%a0%80", "%f8%88%80%80%80", "%u0041", "%", "%zz", "%e2%82"]
NUMBERS = ["1e400", "-1e400", "9" * 5000, "0x1f", "NaN", "Infinity", "1_000", "٣", "１", "1e-400", "-0", "--1"]


@pytest_asyncio.fixture
async def victim(fill: Fill) -> None:
    """A dataset with a column of every type, and one that must not be seen."""
    await fill("victim", COLUMNS, [("a", 1, 1, 1.0, 1, True, None, None, None, "{}", None)])
    await fill("secrets", {"secret": "text"}, [(SECRET,)])


async def _get_long(transport: ASGITransport, query: str) -> Response:
    """The answer to a list of the victim's records with a query that is too long for an address of httpx."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/datasets/victim/records",
        "raw_path": b"/datasets/victim/records",
        "query_string": query.encode(),
        "headers": [(b"host", b"tolva.test"), (b"authorization", f"Bearer {ADMIN_KEY}".encode())],
        "server": ("tolva.test", 80),
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await transport.app(scope, receive, send)
    return Response(sent[0]["status"], headers=sent[0]["headers"], content=b"".join(m.get("body", b"") for m in sent))


def _check(response: Response) -> None:
    """Check that a request was served or refused, without further details."""
    assert response.status_code < 500, response.text[:500]
    assert SECRET not in response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 5000
        assert "SELECT" not in response.json()["detail"].replace("' UNION SELECT", "").replace("; SELECT", "")


@pytest.mark.usefixtures("victim")
class TestInjection:
    @pytest.mark.parametrize("text", INJECTIONS)
    async def test_it_is_a_value_wherever_it_stands(
        self, client: AsyncClient, connections: asyncpg.Connection, text: str
    ) -> None:
        sent = quote(text, safe="")
        for column in COLUMNS:
            for operator in ("", "__ne", "__in", "__gte", "__between", "__contains", "__like", "__isnull"):
                _check(await client.get(f"/datasets/victim/records?{column}{operator}={sent}"))
        for name in ("_select", "_sort", "_limit", "_cursor", "_count", "_q", "_embed", "_spreadsheet", "_group"):
            _check(await client.get(f"/datasets/victim/records?{name}={sent}"))
            _check(await client.get(f"/datasets/victim/aggregate?{name}={sent}"))
        for path in (f"records?{sent}=1", f"records?text__{sent}=1", f"aggregate?_aggregate=price__{sent}"):
            _check(await client.get(f"/datasets/victim/{path}"))
        _check(await client.get(f"/datasets/{sent}/records"))
        for body in ({"where": {"text": text}}, {"where": {text: 1}}, {"where": {"text": {text: 1}}}, {"sort": [text]}):
            _check(await client.post("/datasets/victim/records/query", json=body))
        assert await connections.fetchval("SELECT count(*) FROM data.victim") == 1

    @pytest.mark.parametrize("text", INJECTIONS)
    async def test_so_it_is_in_an_export(self, client: AsyncClient, fill: Fill, text: str) -> None:
        await fill("texts", {"t": "text"}, [(text,), ("other",)])
        for accept in ("text/csv", "application/x-ndjson"):
            address = f"/datasets/texts/records?t__in={quote(_quoted(text))}"
            response = await client.get(address, headers={"Accept": accept})
            assert response.status_code == 200
            assert "other" not in response.text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.usefixtures("victim")
class TestBrokenText:
    @pytest.mark.parametrize("text", BROKEN)
    async def test_in_an_address(self, client: AsyncClient, text: str) -> None:
        for name in (*COLUMNS, "text__in", "text__like", "_q", "_select", "_sort", "_cursor", "_limit", "_count", "é"):
            _check(await client.get(f"/datasets/victim/records?{name}={text}"))
            _check(await client.get(f"/datasets/victim/aggregate?{name}={text}"))
        _check(await client.get(f"/datasets/victim/records?{text}=1"))
        _check(await client.get(f"/datasets/victim/records/1?{text}"))

    @pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\udc00\\ud800"])
    async def test_in_a_body(self, client: AsyncClient, text: str) -> None:
        for name in COLUMNS:
            for body in (
                f'{{"where":{{"{name}":"{text}"}}}}',
                f'{{"where":{{"{name}":{{"contains":{{"{text}":"{text}"}}}}}}}}',
                f'{{"where":{{"{name}":{{"in":["{text}"]}}}}}}',
            ):
                response = await client.post("/datasets/victim/records/query", content=body)
                _check(response)
                assert response.status_code == 400
        for body in (f'{{"{text}":1}}', f'{{"where":{{"{text}":1}}}}', f'{{"q":"{text}"}}', f'{{"cursor":"{text}"}}'):
            response = await client.post("/datasets/victim/records/query", content=body)
            _check(response)
            assert response.status_code == 400

    @pytest.mark.parametrize(
        "body", [b"", b"\xff", b"{", b"nul", b"NaN", b'{"a":1,"a":2}', b"\xef\xbb\xbf", b"{} {}", "[1".encode("utf-16")]
    )
    async def test_what_is_not_json(self, client: AsyncClient, body: bytes) -> None:
        for path in ("query", "get"):
            response = await client.post(f"/datasets/victim/records/{path}", content=body)
            assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-json")


@pytest.mark.usefixtures("victim")
class TestNumbers:
    @pytest.mark.parametrize("text", NUMBERS)
    async def test_in_an_address(self, client: AsyncClient, text: str) -> None:
        for column in COLUMNS:
            for operator in ("", "__gt", "__in", "__between"):
                _check(await client.get(f"/datasets/victim/records?{column}{operator}={quote(text)}"))

    @pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 4000, "9" * 5000, "1e99999", "1E-9999", "-0", "0.1e1"])
    async def test_in_a_body(self, client: AsyncClient, text: str) -> None:
        for column in COLUMNS:
            for value in (text, f'{{"gte":{text}}}', f'{{"in":[{text}]}}', f'{{"contains":[{text}]}}'):
                body = f'{{"where":{{"{column}":{value}}}}}'
                _check(await client.post("/datasets/victim/records/query", content=body))
        for member in ("limit", "cursor", "q", "select", "where"):
            response = await client.post("/datasets/victim/records/query", content=f'{{"{member}":{text}}}')
            _check(response)
            assert response.status_code == 400


@pytest.mark.usefixtures("victim")
class TestSize:
    @pytest.mark.parametrize("name", ["text", "text__in", "integer", "json__contains", "_q", "_select", "_cursor"])
    async def test_a_parameter_of_a_megabyte(self, transport: ASGITransport, name: str) -> None:
        response = await _get_long(transport, f"{name}={MEGABYTE}")
        _check(response)
        assert response.status_code == 400

    async def test_a_name_of_a_megabyte(self, transport: ASGITransport) -> None:
        response = await _get_long(transport, f"{MEGABYTE}=1")
        _check(response)
        assert response.status_code == 400

    @pytest.mark.parametrize("column", ["text", "integer", "date"])
    async def test_a_list_of_ten_thousand(self, client: AsyncClient, column: str) -> None:
        for operator in ("in", "nin", "between"):
            address = f"/datasets/victim/records?{column}__{operator}={','.join(['1'] * 10_000)}"
            assert (await client.get(address)).json()["type"] == "/problems/query-too-large"
        body = {"where": {column: {"in": ["1"] * 10_000}}}
        response = await client.post("/datasets/victim/records/query", json=body)
        assert (response.status_code, response.json()["type"]) == (400, "/problems/query-too-large")

    async def test_a_list_of_what_is_allowed(self, client: AsyncClient) -> None:
        body = {"where": {"integer": {"in": list(range(5000))}}}
        response = await client.post("/datasets/victim/records/query", json=body)
        assert len(response.json()["data"]) == 1

    async def test_ten_thousand_parameters(self, transport: ASGITransport) -> None:
        response = await _get_long(transport, "&".join(f"integer__gt{n}={n}" for n in range(10_000)))
        assert (response.status_code, response.json()["type"]) == (400, "/problems/query-too-large")
        response = await _get_long(transport, "&".join(f"integer__in={n}" for n in range(10_000)))
        assert (response.status_code, response.json()["type"]) == (400, "/problems/query-too-large")
        response = await _get_long(transport, "&".join(f"integer__gt={n}" for n in range(10_000)))
        assert (response.status_code, response.json()["type"]) == (400, "/problems/parameter-repeated")

    async def test_a_thousand_conditions(self, client: AsyncClient) -> None:
        body = {"where": {"_or": [{"integer": n} for n in range(1000)]}}
        response = await client.post("/datasets/victim/records/query", json=body)
        assert (response.status_code, response.json()["type"]) == (400, "/problems/query-too-large")

    @pytest.mark.parametrize(
        "body",
        [
            '{"where":' + '{"_not":' * 50 + "{}" + "}" * 51,
            '{"where":' + '{"_and":[' * 50 + "{}" + "]}" * 50 + "}",
            "[" * 100_000,
            "[" * 100_000 + "]" * 100_000,
            '{"where":{"json":{"contains":' + "[" * 5000 + "]" * 5000 + "}}}",
            '{"a":' * 100_000,
        ],
        ids=["not", "and", "open", "closed", "contained", "objects"],
    )
    async def test_a_deep_body(self, client: AsyncClient, body: str) -> None:
        for path in ("query", "get"):
            response = await client.post(f"/datasets/victim/records/{path}", content=body)
            _check(response)
            assert response.status_code == 400

    async def test_a_deep_parameter(self, client: AsyncClient) -> None:
        response = await client.get(f"/datasets/victim/records?json__contains={'[' * 5000}{']' * 5000}")
        _check(response)
        assert response.status_code == 400

    async def test_a_body_that_is_too_large(self, client: AsyncClient) -> None:
        response = await client.post("/datasets/victim/records/query", content=b" " * 2_000_000)
        assert (response.status_code, response.json()["type"]) == (413, "/problems/body-too-large")


@pytest.mark.usefixtures("victim")
class TestCursors:
    async def test_one_that_was_changed(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(n,) for n in range(3)])
        cursor = (await client.get("/datasets/rows/records?_limit=1&_sort=n")).json()["next"]
        for at in range(len(cursor)):
            changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
            _check(await client.get(f"/datasets/rows/records?_sort=n&_cursor={changed}"))

    async def test_a_deep_one(self, transport: ASGITransport) -> None:
        response = await _get_long(transport, f"_cursor={'W1tb' * 50_000}")
        assert (response.status_code, response.json()["type"]) == (400, "/problems/cursor-invalid")


NAMES = st.sampled_from([*COLUMNS, "_id", "absent", "", "_and", "_or", "_not", "é", "text__eq"])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from([*INJECTIONS, *NUMBERS])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.sampled_from([*OPERATORS, "x"]) | TEXTS, inner, max_size=3)
    ),
    max_leaves=10,
)
WHERE = st.dictionaries(NAMES, st.dictionaries(st.sampled_from([*OPERATORS, "x"]), JSON, max_size=2) | JSON, max_size=3)
MEMBERS = ["where", "select", "sort", "limit", "cursor", "count", "q", "embed", "spreadsheet", "x"]
PARAMETERS = st.one_of(
    st.sampled_from([f"_{name}" for name in (*MEMBERS, "group", "aggregate")]),
    st.builds(lambda name, operator: f"{name}__{operator}", NAMES, st.sampled_from([*OPERATORS, "x", ""])),
    NAMES,
    TEXTS,
)


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.usefixtures("victim")
class TestAnything:
    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(where=WHERE | JSON, others=st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=2))
    async def test_as_a_body(self, client: AsyncClient, where: Any, others: dict[str, Any]) -> None:
        body = json.dumps({**others, "where": where})
        _check(await client.post("/datasets/victim/records/query", content=body))

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        parameters=st.lists(st.tuples(PARAMETERS, TEXTS), max_size=3),
        path=st.sampled_from(["records", "aggregate", "records/1"]),
        accept=st.sampled_from(["*/*", "text/csv", "application/x-ndjson"]),
    )
    async def test_as_an_address(
        self, client: AsyncClient, parameters: list[tuple[str, str]], path: str, accept: str
    ) -> None:
        address = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in parameters)
        _check(await client.get(f"/datasets/victim/{path}?{address}", headers={"Accept": accept}))
