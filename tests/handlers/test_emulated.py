"""The three functions as Lambda runs them, by the commands they have in the image."""

import asyncio
import base64
import json
from typing import Any

import asyncpg
import httpx

from app.core.database.pool import close_connections
from app.local.worker import event_record, receive_message
from tests.handlers.conftest import Start
from tests.handlers.emulator import LambdaFunction
from tests.handlers.events import REST_EVENT, http_event, rest_event
from tests.handlers.test_worker import PRICES, drop, sqs_event

API, WORKER, MIGRATE = (f"app.handlers.{name}.handler" for name in ("api", "worker", "migrate"))
HOST = REST_EVENT["headers"]["Host"]
NOTES = {"name": "notes", "columns": [{"name": "note", "type": "text"}]}
RECORDS = "/datasets/notes/records"


def _call(function: LambdaFunction, key: str, method: str, path: str, body: Any = None, **query: str) -> Any:
    """The function's answer to an event of the REST API, with its body as JSON."""
    answer = function.invoke(rest_event(method, path, key, body, **query))
    return answer | {"json": json.loads(answer["body"]) if answer["body"] else None}


class TestRestApi:
    async def test_it_answers_with_links_that_lead_through_its_stage(self, start: Start, admin_key: str) -> None:
        api = start(API, TOLVA_ROOT_PATH="/prod")
        assert _call(api, admin_key, "POST", "/datasets", NOTES)["statusCode"] == 201
        assert _call(api, admin_key, "POST", RECORDS, [{"note": "a"}, {"note": "b"}])["statusCode"] == 201
        page = _call(api, admin_key, "GET", RECORDS, _limit="1")
        assert page["json"]["data"] == [{"_id": 1, "note": "a"}]
        assert page["headers"]["link"].startswith(f"<https://{HOST}/prod{RECORDS}?")
        document = _call(api, admin_key, "GET", "/openapi.json")["json"]
        assert [server["url"].endswith(".amazonaws.com/prod") for server in document["servers"]] == [True]
        # The page's own addresses are relative to it.
        assert 'src="docs/assets/' in api.invoke(rest_event("GET", "/docs"))["body"]

    async def test_head_is_answered_without_a_body(self, start: Start, admin_key: str) -> None:
        answer = _call(start(API), admin_key, "HEAD", "/datasets")
        assert (answer["statusCode"], answer["body"]) == (200, "")

    async def test_a_browser_may_ask_before_it_calls(self, start: Start) -> None:
        api = start(API, TOLVA_CORS_ORIGINS="https://a.example")
        event = rest_event("OPTIONS", "/datasets")
        event["multiValueHeaders"] |= {"Origin": ["https://a.example"], "Access-Control-Request-Method": ["POST"]}
        answer = api.invoke(event)
        assert answer["statusCode"] == 200
        assert answer["headers"]["access-control-allow-origin"] == "https://a.example"

    async def test_what_is_no_text_comes_in_base64(self, start: Start) -> None:
        answer = start(API).invoke(rest_event("GET", "/docs/assets/favicon.png"))
        assert answer["isBase64Encoded"]
        assert base64.b64decode(answer["body"]).startswith(b"\x89PNG")

    async def test_every_form_of_an_export_comes_as_text(self, start: Start, admin_key: str) -> None:
        api = start(API)
        _call(api, admin_key, "POST", "/datasets", NOTES)
        _call(api, admin_key, "POST", RECORDS, {"note": "é"})
        for accept, body in (("text/csv", "_id,note\n1,é\n"), ("application/x-ndjson", '{"_id":1,"note":"é"}\n')):
            event = rest_event("GET", RECORDS, admin_key)
            event["multiValueHeaders"]["Accept"] = [accept]
            answer = api.invoke(event)
            assert (answer["body"], answer["isBase64Encoded"]) == (body, False)

    async def test_a_header_that_comes_several_times_is_one_list(self, start: Start, admin_key: str) -> None:
        api = start(API)
        _call(api, admin_key, "POST", "/datasets", NOTES)
        event = rest_event("GET", RECORDS, admin_key)
        event["multiValueHeaders"]["Accept"] = ["text/html", "text/csv"]
        assert api.invoke(event)["body"] == "_id,note\n"

    async def test_what_lambda_would_not_take_is_in_the_bucket(
        self, start: Start, admin_key: str, connections: asyncpg.Connection
    ) -> None:
        api = start(API)
        _call(api, admin_key, "POST", "/datasets", NOTES)
        await connections.execute(
            "INSERT INTO data.notes (note) SELECT repeat('é', 1000) FROM generate_series(1, 1000)"
        )
        largest = _call(api, admin_key, "GET", RECORDS, _limit="980")
        assert (largest["statusCode"], len(largest["json"]["data"])) == (200, 980)
        stored = _call(api, admin_key, "GET", RECORDS, _limit="1000")
        assert (stored["statusCode"], stored["body"]) == (303, "")
        async with httpx.AsyncClient(trust_env=False) as caller:
            page = (await caller.get(stored["headers"]["location"])).json()
        assert page["data"] == [{"_id": number, "note": "é" * 1000} for number in range(1, 1001)]

    async def test_an_export_that_lambda_would_not_take_is_in_the_bucket_too(
        self, start: Start, admin_key: str, connections: asyncpg.Connection
    ) -> None:
        api = start(API)
        _call(api, admin_key, "POST", "/datasets", NOTES)
        await connections.execute("INSERT INTO data.notes (note) SELECT md5(n::text) FROM generate_series(1, 400000) n")
        event = rest_event("GET", RECORDS, admin_key)
        event["multiValueHeaders"]["Accept"] = ["text/csv"]
        answer = api.invoke(event)
        assert answer["statusCode"] == 303
        async with httpx.AsyncClient(trust_env=False) as caller:
            stored = await caller.get(answer["headers"]["location"])
        assert stored.headers["content-disposition"] == 'attachment; filename="notes.csv"'
        assert stored.text.count("\n") == 400_001
        assert len(stored.content) > 15_000_000


class TestHttpApi:
    async def test_it_answers_as_the_rest_api_does(self, start: Start, admin_key: str) -> None:
        api = start(API)
        assert json.loads(api.invoke(http_event("GET", "/health", admin_key))["body"]) == {"status": "ok"}
        assert json.loads(api.invoke(http_event("GET", "/datasets", admin_key))["body"])["data"] == []
        assert api.invoke(http_event("GET", "/datasets", "nobody"))["statusCode"] == 401

    async def test_a_path_that_has_the_stage_in_it_leads_to_its_route(self, start: Start, admin_key: str) -> None:
        api = start(API, TOLVA_ROOT_PATH="/prod")
        assert api.invoke(http_event("GET", "/prod/datasets", admin_key))["statusCode"] == 200


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
