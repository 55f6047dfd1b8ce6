"""The function of the gateway, called with events as API Gateway sends them."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.handlers.events import http_event, rest_event


@dataclass
class Context:
    """Lambda's context of a call."""

    aws_request_id: str
    function_name: str = "api"
    memory_limit_in_mb: int = 1769


async def _call(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers of one function to several events, one after the other in a process of its own, as in Lambda."""
    script = (
        "import json, sys\n"
        "from tests.handlers.test_api import Context\n"
        "from app.handlers.api import handler\n"
        "events = json.load(sys.stdin)\n"
        "print(json.dumps([handler(event, Context(f'request-{n}')) for n, event in enumerate(events)]))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate(json.dumps(events).encode())
    assert process.returncode == 0, errors.decode()
    answers: list[dict[str, Any]] = json.loads(output)
    return answers


class TestRestApi:
    async def test_requests_share_the_process_and_its_connections(self, admin_key: str) -> None:
        columns = [{"name": "n", "type": "integer"}]
        answers = await _call(
            rest_event("POST", "/datasets", admin_key, {"name": "products", "columns": columns}),
            rest_event("GET", "/datasets/products/records", admin_key, _limit="5"),
            rest_event("GET", "/datasets/products/records", admin_key, _limit="0"),
            rest_event("GET", "/datasets/products"),
            rest_event("DELETE", "/datasets/products", admin_key),
        )
        assert [answer["statusCode"] for answer in answers] == [201, 200, 400, 401, 204]
        assert json.loads(answers[1]["body"]) == {"data": [], "next": None}
        assert answers[2]["headers"]["content-type"] == "application/problem+json"

    async def test_a_key_with_a_slash_is_one_value(self, admin_key: str) -> None:
        body = {"name": "products", "columns": [{"name": "sku", "type": "text"}], "key": ["sku"]}
        answers = await _call(
            rest_event("POST", "/datasets", admin_key, body),
            rest_event("GET", "/datasets/products/records/a%2Fb,100%25", admin_key),
        )
        problem = json.loads(answers[1]["body"])
        assert problem["detail"] == "'products' has no record with sku a/b,100%."
        assert problem["request_id"] == answers[1]["headers"]["x-request-id"] == "request-1"


class TestDocuments:
    async def test_the_gateway_is_given_them_to_compress(self, admin_key: str) -> None:
        event = rest_event("GET", "/openapi.json", admin_key)
        event["multiValueHeaders"] |= {"Accept-Encoding": ["gzip"]}
        (first,) = await _call(event)
        assert (first["statusCode"], first["isBase64Encoded"]) == (200, False)
        assert "content-encoding" not in first["headers"]
        assert "/datasets" in json.loads(first["body"])["paths"]
        event["multiValueHeaders"] |= {"If-None-Match": [first["headers"]["etag"]]}
        (again,) = await _call(event)
        assert (again["statusCode"], again["body"]) == (304, "")


class TestHttpApi:
    async def test_it_answers_as_the_rest_api_does(self, admin_key: str) -> None:
        answers = await _call(
            http_event("GET", "/health", admin_key),
            http_event("GET", "/datasets", admin_key),
            http_event("GET", "/datasets", str(uuid4())),
        )
        assert [answer["statusCode"] for answer in answers] == [200, 200, 401]
        assert json.loads(answers[1]["body"]) == {"data": [], "next": None}
        assert json.loads(answers[2]["body"])["type"] == "/problems/key-unknown"


class TestSettings:
    async def test_without_them_the_function_says_what_is_missing(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOLVA_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import app.handlers.api", env=environment, stderr=subprocess.PIPE
        )
        _, errors = await process.communicate()
        assert process.returncode == 1
        assert b"TOLVA_DATABASE_URL: is missing" in errors

    async def test_an_unreachable_database_is_a_503(self, admin_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_DATABASE_URL", "postgresql://tolva@127.0.0.1:9/none")
        (answer,) = await _call(rest_event("GET", "/datasets", admin_key))
        assert answer["statusCode"] == 503
        assert json.loads(answer["body"])["type"] == "/problems/service-unavailable"
