"""The three functions as Lambda runs them, by the commands they have in the image."""

import asyncio
import base64
import json
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from app.core.database.pool import close_connections
from app.local.worker import event_record, receive_message
from tests.handlers.conftest import Start
from tests.handlers.emulator import LambdaFunction
from tests.handlers.events import CALLER, FRONTS, ORIGIN_SECRET, Front, Headers, http_event, rest_event, url_event
from tests.handlers.test_worker import PRICES, drop, sqs_event
from tests.stack.templates import ROOT

API, WORKER, MIGRATE = (f"app.handlers.{name}.handler" for name in ("api", "worker", "migrate"))
NOTES = {"name": "notes", "columns": [{"name": "note", "type": "text"}]}
RECORDS = "/datasets/notes/records"
PAIRS = {
    "name": "pairs",
    "columns": [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}],
    "key": ["a", "b"],
}


def _json(answer: Any) -> Any:
    """The function's answer, with its body as JSON."""
    return answer | {"json": json.loads(answer["body"]) if answer["body"] else None}


def _call(function: LambdaFunction, key: str, method: str, path: str, body: Any = None, **query: str) -> Any:
    """The function's answer to an event of the REST API, with its body as JSON."""
    return _json(function.invoke(rest_event(method, path, key, body, None, **query)))


@dataclass(frozen=True)
class Api:
    """The function as it runs for one front, which brings it the requests of the caller who has the admin key."""

    front: Front
    function: LambdaFunction
    key: str

    def call(self, method: str, path: str, body: Any = None, headers: Headers | None = None, **query: str) -> Any:
        """The function's answer to a request."""
        return self.function.invoke(self.front.event(method, path, self.key, body, headers, **query))

    def json(self, method: str, path: str, body: Any = None, headers: Headers | None = None, **query: str) -> Any:
        """The same with its body as JSON."""
        return _json(self.call(method, path, body, headers, **query))


@pytest.fixture(params=FRONTS, ids=lambda front: front.name)
def api(request: pytest.FixtureRequest, start: Start, admin_key: str) -> Api:
    """The function for each front; pages of one origin may call it."""
    front: Front = request.param
    function = start(API, TOLVA_CORS_ORIGINS="https://a.example", **front.variables)
    return Api(front, function, admin_key)


class TestFronts:
    def test_links_lead_through_the_front(self, api: Api) -> None:
        created = api.json("POST", "/datasets", NOTES)
        assert (created["statusCode"], created["headers"]["location"]) == (201, f"{api.front.url}/datasets/notes")
        assert api.json("POST", RECORDS, [{"note": "a"}, {"note": "b"}])["statusCode"] == 201
        page = api.json("GET", RECORDS, _limit="1")
        assert page["json"]["data"] == [{"_id": 1, "note": "a"}]
        assert page["headers"]["link"].startswith(f"<{api.front.url}{RECORDS}?")
        document = api.json("GET", "/openapi.json")["json"]
        assert [server["url"] for server in document["servers"]] == [api.front.url]
        # The page's own addresses are relative to it.
        assert 'src="docs/assets/' in api.call("GET", "/docs")["body"]

    def test_head_is_answered_without_a_body(self, api: Api) -> None:
        answer = api.call("HEAD", "/datasets")
        assert (answer["statusCode"], answer["body"]) == (200, "")

    def test_a_browser_may_ask_before_it_calls(self, api: Api) -> None:
        asked = {"Origin": ["https://a.example"], "Access-Control-Request-Method": ["POST"]}
        answer = api.call("OPTIONS", "/datasets", headers=asked)
        assert answer["statusCode"] == 200
        assert answer["headers"]["access-control-allow-origin"] == "https://a.example"

    def test_the_apis_own_pages_may_call_it(self, api: Api) -> None:
        host = "/".join(api.front.url.split("/")[:3])
        created = api.call("POST", "/datasets", NOTES, {"Origin": [host]})
        assert created["statusCode"] == 201
        assert api.call("GET", "/datasets", headers={"Origin": ["https://b.example"]})["statusCode"] == 403

    def test_an_answer_without_a_body_has_no_type(self, api: Api) -> None:
        api.json("POST", "/datasets", NOTES)
        created = api.json("POST", RECORDS, {"note": "a"})
        unchanged = api.call("GET", f"{RECORDS}/1", headers={"If-None-Match": [created["headers"]["etag"]]})
        deleted = api.call("DELETE", f"{RECORDS}/1")
        for answer, status in ((unchanged, 304), (deleted, 204)):
            assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (status, "", False)
            assert "content-type" not in answer["headers"]

    def test_what_is_no_text_comes_in_base64(self, api: Api) -> None:
        answer = api.call("GET", "/docs/assets/favicon.png")
        assert answer["isBase64Encoded"]
        assert base64.b64decode(answer["body"]).startswith(b"\x89PNG")

    def test_every_form_of_an_export_comes_as_text(self, api: Api) -> None:
        api.json("POST", "/datasets", NOTES)
        api.json("POST", RECORDS, {"note": "é"})
        for accept, body in (("text/csv", "_id,note\n1,é\n"), ("application/x-ndjson", '{"_id":1,"note":"é"}\n')):
            answer = api.call("GET", RECORDS, headers={"Accept": [accept]})
            assert (answer["body"], answer["isBase64Encoded"]) == (body, False)

    def test_a_header_that_comes_several_times_is_one_list(self, api: Api) -> None:
        api.json("POST", "/datasets", NOTES)
        assert api.call("GET", RECORDS, headers={"Accept": ["text/html", "text/csv"]})["body"] == "_id,note\n"

    def test_cookies_change_nothing(self, api: Api) -> None:
        assert api.call("GET", "/datasets", headers={"Cookie": ["a=1; b=2"]})["statusCode"] == 200

    def test_a_bodys_text_arrives_as_it_was_sent(self, api: Api) -> None:
        api.json("POST", "/datasets", NOTES)
        event = api.front.event("POST", RECORDS, api.key)
        content = json.dumps({"note": "ж“\n"}, ensure_ascii=False).encode()
        for body, in_base64 in ((content.decode(), False), (base64.b64encode(content).decode(), True)):
            answer = _json(api.function.invoke(event | {"body": body, "isBase64Encoded": in_base64}))
            assert (answer["statusCode"], answer["json"]["note"]) == (201, "ж“\n")

    def test_a_querys_values_arrive_as_they_were_sent(self, api: Api) -> None:
        api.json("POST", "/datasets", NOTES)
        for value in ("a b", "50%", "a&b=c", "é+"):
            assert api.json("POST", RECORDS, {"note": value})["statusCode"] == 201
            assert [record["note"] for record in api.json("GET", RECORDS, note=value)["json"]["data"]] == [value]

    def test_a_refusal_is_a_problem_with_the_invocations_id(self, api: Api) -> None:
        refused = _json(api.function.invoke(api.front.event("GET", "/datasets", "nobody")))
        assert (refused["statusCode"], refused["json"]["type"]) == (401, "/problems/key-unknown")
        assert refused["headers"]["content-type"] == "application/problem+json"
        assert refused["json"]["request_id"] == refused["headers"]["x-request-id"]

    async def test_what_lambda_would_not_take_is_in_the_bucket(self, api: Api, connections: asyncpg.Connection) -> None:
        api.json("POST", "/datasets", NOTES)
        await connections.execute(
            "INSERT INTO data.notes (note) SELECT repeat('é', 1000) FROM generate_series(1, 1000)"
        )
        largest = api.json("GET", RECORDS, _limit="980")
        assert (largest["statusCode"], len(largest["json"]["data"])) == (200, 980)
        stored = api.json("GET", RECORDS, _limit="1000")
        assert (stored["statusCode"], stored["body"]) == (303, "")
        async with httpx.AsyncClient(trust_env=False) as caller:
            page = (await caller.get(stored["headers"]["location"])).json()
        assert page["data"] == [{"_id": number, "note": "é" * 1000} for number in range(1, 1001)]

    async def test_an_export_that_lambda_would_not_take_is_in_the_bucket_too(
        self, api: Api, connections: asyncpg.Connection
    ) -> None:
        api.json("POST", "/datasets", NOTES)
        await connections.execute("INSERT INTO data.notes (note) SELECT md5(n::text) FROM generate_series(1, 400000) n")
        answer = _json(api.call("GET", RECORDS, headers={"Accept": ["text/csv"]}))
        assert answer["statusCode"] == 303
        async with httpx.AsyncClient(trust_env=False) as caller:
            stored = await caller.get(answer["headers"]["location"])
        assert stored.headers["content-disposition"] == 'attachment; filename="notes.csv"'
        assert stored.text.count("\n") == 400_001
        assert len(stored.content) > 15_000_000


class TestPaths:
    def _record(self, api: Api, *values: str) -> Any:
        """The answer to a request for a record, by the address that a caller makes of the values of its key."""
        return api.json("GET", f"/datasets/pairs/records/{','.join(quote(value, safe='') for value in values)}")

    def test_a_keys_value_may_have_any_character(self, api: Api) -> None:
        api.json("POST", "/datasets", PAIRS)
        values = ("A", "a/b", "50%", "%41", "%2541", "é ж", "a+b", "#1", "a;b", "..")
        api.json("POST", "/datasets/pairs/records", [{"a": value, "b": "1"} for value in values])
        for value in values:
            assert self._record(api, value, "1")["json"] == {"a": value, "b": "1"}

    def test_a_comma_within_a_value_needs_the_path_as_it_was_sent(self, api: Api) -> None:
        api.json("POST", "/datasets", PAIRS)
        api.json("POST", "/datasets/pairs/records", {"a": "x,y", "b": "?"})
        found = self._record(api, "x,y", "?")
        if api.front.keeps_paths:
            assert found["json"] == {"a": "x,y", "b": "?"}
        else:
            # docs/deploy.md says so. A body has no such limit.
            assert (found["statusCode"], found["json"]["type"]) == (400, "/problems/record-key-invalid")
            listed = api.json("POST", "/datasets/pairs/records/get", {"keys": [["x,y", "?"]]})
            assert listed["json"]["data"] == [{"a": "x,y", "b": "?"}]

    def test_a_path_that_has_the_stage_in_it_leads_to_its_route(self, start: Start, admin_key: str) -> None:
        api = start(API, TOLVA_ROOT_PATH="/prod")
        assert api.invoke(http_event("GET", "/prod/datasets", admin_key))["statusCode"] == 200


class TestFunctionUrl:
    def test_only_cloudfront_may_ask_it(self, start: Start, admin_key: str) -> None:
        api = start(API, TOLVA_ORIGIN_SECRET=ORIGIN_SECRET)
        secrets: list[list[str]] = [[], [""], [ORIGIN_SECRET[:-1]], ["é"]]
        for path, secret in product(("/health", "/datasets", "/docs/assets/favicon.png"), secrets):
            refused = _json(api.invoke(url_event("GET", path, admin_key, None, {"x-tolva-origin": secret})))
            assert (refused["statusCode"], refused["json"]["type"]) == (403, "/problems/function-url-closed")
        assert api.invoke(url_event("GET", "/datasets", admin_key))["statusCode"] == 200

    def test_the_trial_of_a_deploy_calls_the_function_itself(self, start: Start) -> None:
        trial = json.loads((ROOT / ".ci/health.json").read_text("utf-8"))
        assert start(API, TOLVA_ORIGIN_SECRET=ORIGIN_SECRET).invoke(trial)["statusCode"] == 200

    def test_the_log_has_the_callers_address_which_no_gateway_logs(self, start: Start, admin_key: str) -> None:
        api = start(API, TOLVA_ORIGIN_SECRET=ORIGIN_SECRET)
        api.invoke(url_event("GET", "/datasets", admin_key))
        api.invoke(url_event("GET", "/datasets", admin_key, None, {"x-tolva-origin": ["wrong"]}))
        finished = [line for line in api.log_lines() if line.get("event") == "request.finished"]
        assert [line.get("caller") for line in finished] == [CALLER, None]


class TestEnvironment:
    async def test_a_hundred_requests_have_one_connection(
        self, start: Start, admin_key: str, connections: asyncpg.Connection
    ) -> None:
        await close_connections()
        api = start(API, TOLVA_DATABASE_POOL_SIZE="1")
        _call(api, admin_key, "POST", "/datasets", NOTES)
        seen = set()
        for number in range(100):
            path = RECORDS if number % 2 else "/datasets"
            assert _call(api, admin_key, "GET", path)["statusCode"] == 200
            held = await connections.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'tolva'")
            seen |= {row["pid"] for row in held}
            assert len(held) == 1
        assert len(seen) == 1

    async def test_the_request_after_a_lost_connection_has_a_new_one(
        self, start: Start, admin_key: str, connections: asyncpg.Connection
    ) -> None:
        api = start(API, TOLVA_DATABASE_POOL_SIZE="1")
        assert _call(api, admin_key, "GET", "/datasets")["statusCode"] == 200
        await connections.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tolva'"
        )
        await asyncio.sleep(1.1)  # from then on a connection is asked before it is used
        assert _call(api, admin_key, "GET", "/datasets")["statusCode"] == 200

    async def test_each_line_of_the_log_has_its_invocation_its_callers_id_and_its_trace(
        self, start: Start, admin_key: str
    ) -> None:
        api = start(API)
        event = rest_event("GET", "/datasets", admin_key)
        event["multiValueHeaders"] |= {
            "X-Request-Id": ["r-17"],
            "X-Amzn-Trace-Id": [event["headers"]["X-Amzn-Trace-Id"]],
        }
        answer = api.invoke(event)
        line, metrics = api.log_lines()
        assert line["request_id"] == answer["headers"]["x-request-id"]
        assert line["client_request_id"] == "r-17"
        assert line["trace_id"] == "1-671a2f5c-0f1e2d3c4b5a69788796a5b4"
        assert metrics["Requests"] == [1.0]


class TestWorker:
    async def test_of_several_messages_only_those_that_fail_come_back(self, start: Start) -> None:
        arrived = await drop("inbox/prices/a b.csv", PRICES)
        worker = start(WORKER)
        answer = worker.invoke(sqs_event("this is not JSON", arrived, arrived))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
        finished = [line for line in worker.log_lines() if line.get("event") == "import.finished"]
        assert [line["added"] for line in finished] == [2]
        assert [line["RecordsAdded"] for line in worker.log_lines() if "RecordsAdded" in line] == [[2.0]]
        assert finished[0]["request_id"]


class TestImport:
    async def test_it_is_driven_by_events_only(self, start: Start, admin_key: str) -> None:
        api, worker = start(API), start(WORKER)
        _call(api, admin_key, "POST", "/datasets", {"name": "prices"})
        announced = _call(api, admin_key, "POST", "/datasets/prices/imports", {"filename": "prices.csv"})["json"]
        upload = announced["upload"]
        async with httpx.AsyncClient(trust_env=False) as browser:
            sent = await browser.put(upload["url"], headers=upload["headers"], content=PRICES)
        assert sent.status_code == 200
        message = await receive_message()
        assert message is not None
        assert worker.invoke({"Records": [event_record(message)]}) == {"batchItemFailures": []}
        shown = _call(api, admin_key, "GET", f"/imports/{announced['id']}")["json"]
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 2)
        records = _call(api, admin_key, "GET", "/datasets/prices/records", _sort="code")["json"]["data"]
        assert [record["price"] for record in records] == ["1.00", "2.50"]


class TestMigrate:
    async def test_it_says_which_revision_the_database_is_at(
        self, start: Start, connections: asyncpg.Connection
    ) -> None:
        answer = start(MIGRATE).invoke({})
        assert answer == {"revision": await connections.fetchval("SELECT version_num FROM tolva.alembic_version")}


class TestStart:
    async def test_a_setting_that_is_missing_is_named(self, start: Start) -> None:
        answer = start(API, TOLVA_BUCKET="").invoke(rest_event("GET", "/health"))
        assert "TOLVA_BUCKET: is missing" in answer["errorMessage"]
