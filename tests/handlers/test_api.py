"""The function behind the gateway, called with events as API Gateway sends them."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from app.core.settings import get_settings

REST_EVENT: dict[str, Any] = {
    "resource": "/{proxy+}",
    "path": "/health",
    "httpMethod": "GET",
    "headers": {
        "Accept": "*/*",
        "Host": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "X-Amzn-Trace-Id": "Root=1-671a2f5c-0f1e2d3c4b5a69788796a5b4",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    },
    "multiValueHeaders": {
        "Accept": ["*/*"],
        "Host": ["0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com"],
        "X-Forwarded-Proto": ["https"],
    },
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"proxy": "health"},
    "stageVariables": None,
    "requestContext": {
        "resourceId": "a1b2c3",
        "resourcePath": "/{proxy+}",
        "httpMethod": "GET",
        "path": "/prod/health",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "prod",
        "domainName": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.9.1"},
        "apiId": "0a1b2c3d4e",
    },
    "body": None,
    "isBase64Encoded": False,
}

HTTP_EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {
        "accept": "*/*",
        "host": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "0a1b2c3d4e",
        "domainName": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "domainPrefix": "0a1b2c3d4e",
        "http": {
            "method": "GET",
            "path": "/health",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "curl/8.9.1",
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": "$default",
        "time": "10/Mar/2026:05:16:23 +0000",
        "timeEpoch": 1773119783220,
    },
    "isBase64Encoded": False,
}


@dataclass
class Context:
    """What Lambda says of a call."""

    aws_request_id: str
    function_name: str = "api"
    memory_limit_in_mb: int = 1769


def _rest_event(method: str, path: str, key: str | None = None, body: Any = None, **query: str) -> dict[str, Any]:
    headers = {**REST_EVENT["multiValueHeaders"], "Content-Type": ["application/json"]}
    if key is not None:
        headers["Authorization"] = [f"Bearer {key}"]
    return {
        **REST_EVENT,
        "httpMethod": method,
        "path": path,
        "multiValueHeaders": headers,
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "body": json.dumps(body) if body is not None else None,
    }


def _http_event(method: str, path: str, key: str) -> dict[str, Any]:
    context = {**HTTP_EVENT["requestContext"], "http": {**HTTP_EVENT["requestContext"]["http"], "method": method}}
    context["http"]["path"] = path
    headers = {**HTTP_EVENT["headers"], "authorization": f"Bearer {key}"}
    return {**HTTP_EVENT, "rawPath": path, "headers": headers, "requestContext": context}


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


@pytest.fixture
def admin_key(database_url: str) -> str:
    """The key of the settings."""
    key = get_settings().admin_key
    assert key is not None
    return key.get_secret_value()


class TestRestApi:
    async def test_requests_share_the_process_and_its_connections(self, admin_key: str) -> None:
        columns = [{"name": "n", "type": "integer"}]
        answers = await _call(
            _rest_event("POST", "/datasets", admin_key, {"name": "products", "columns": columns}),
            _rest_event("GET", "/datasets/products/records", admin_key, _limit="5"),
            _rest_event("GET", "/datasets/products/records", admin_key, _limit="0"),
            _rest_event("GET", "/datasets/products"),
            _rest_event("DELETE", "/datasets/products", admin_key),
        )
        assert [answer["statusCode"] for answer in answers] == [201, 200, 400, 401, 204]
        assert json.loads(answers[1]["body"]) == {"data": [], "next": None}
        assert answers[2]["headers"]["content-type"] == "application/problem+json"

    async def test_a_key_with_a_slash_is_one_value(self, admin_key: str) -> None:
        body = {"name": "products", "columns": [{"name": "sku", "type": "text"}], "key": ["sku"]}
        answers = await _call(
            _rest_event("POST", "/datasets", admin_key, body),
            _rest_event("GET", "/datasets/products/records/a%2Fb,100%25", admin_key),
        )
        problem = json.loads(answers[1]["body"])
        assert problem["detail"] == "'products' has no record with sku a/b,100%."
        assert problem["request_id"] == answers[1]["headers"]["x-request-id"] == "request-1"


class TestHttpApi:
    async def test_it_answers_as_the_rest_api_does(self, admin_key: str) -> None:
        answers = await _call(
            _http_event("GET", "/health", admin_key),
            _http_event("GET", "/datasets", admin_key),
            _http_event("GET", "/datasets", str(uuid4())),
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
        (answer,) = await _call(_rest_event("GET", "/datasets", admin_key))
        assert answer["statusCode"] == 503
        assert json.loads(answer["body"])["type"] == "/problems/service-unavailable"
